// SPDX-License-Identifier: GPL-2.0-only
/*
 * Guard pages detect writes beyond the ends of a block.
 *
 * With guard_minorder=N a request of an order below N allocates an outer block of order N and
 * receives a part of it. The rest are guards (core/alloc/guard.c), filled with PAGE_POISON. They
 * are checked when the block is freed. A guard that has changed is counted (PB_BAD_PAGE) and logged
 * together with the block beside it and, with owner=1, the task that allocated that block. Then it
 * is freed, as the frame itself is not defective.
 *
 * Guards are opportunistic: if no block of order N is available without sleeping, the request is
 * served without guards. Ranges (pbuddy_alloc_contig()) have no guards. When a block is split or
 * becomes movable, its guards are checked and freed.
 *
 * As debug_guardpage_minorder= of the kernel. The kernel unmaps guards, so that it detects reads
 * too, and at once. It exports no function with which a module could do that.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/kernel.h>
#include <linux/poison.h>
#include <linux/ratelimit.h>
#include <linux/sched.h>

#include "core/cache/freelist.h"
#include "core/zone/zone.h"
#include "hooks/debug_pages.h"
#include "hooks/guard_pages.h"
#include "hooks/owner.h"
#include "request/percpu_zone.h"

static unsigned int minorder;		/* constant while pb_guard_key is on */

DEFINE_STATIC_KEY_FALSE(pb_guard_key);
EXPORT_SYMBOL_PB_TEST(pb_guard_key);

static void check_page(unsigned long pfn, const struct pb_guarded *guarded)
{
	static DEFINE_RATELIMIT_STATE(limit, 5 * HZ, 10);
	struct pb_overwrite found;

	if (likely(!pb_debug_overwritten(pfn, &found)) || !__ratelimit(&limit))
		return;
	pr_err("bad page: guard pfn 0x%lx (node %d zone %s) was written to: byte %u is 0x%02x, not 0x%02x; it is %s pfn 0x%lx order %u, found by %s[%d]\n",
	       pfn, found.zone->nid, found.zone->name, found.offset, found.byte, PAGE_POISON,
	       pfn < guarded->pfn ? "before" : "behind", guarded->pfn, guarded->order,
	       current->comm, task_pid_nr(current));
	pb_owner_print(guarded->pfn);
}

/* Checks the guards in [pfn, end) and fills them with the contents that free pages have. */
static void check(unsigned long pfn, unsigned long end, const struct pb_guarded *guarded)
{
	unsigned long i;

	for (i = pfn; i < end; i++)
		check_page(i, guarded);
	if (static_branch_unlikely(&pb_fill_key) && pfn < end)
		pb_debug_fill(pfn, end - pfn);
}

/* Whether the block has guards. If so, checks them. */
static bool find(unsigned long pfn, unsigned int order, struct pb_guarded *guarded)
{
	if (!pb_guard_find(&pb_instance, pfn, order, minorder, guarded))
		return false;
	check(guarded->start, pfn, guarded);
	check(pfn + (1UL << order), guarded->end, guarded);
	return true;
}

/**
 * pb_guard_alloc - allocate a block with guards
 * @rq: the request
 *
 * Context: any; does not sleep.
 *
 * Return: head of the block; PB_NO_PFN if the order is not below guard_minorder= or no outer block
 * is free.
 */
unsigned long pb_guard_alloc(const struct pb_request *rq)
{
	struct pb_request outer = *rq;
	unsigned long start, end, pfn, behind;

	/* pb_alloc() refuses invalid requests. */
	if (rq->order >= minorder || rq->migratetype >= PB_PCPTYPES ||
	    (unsigned int)rq->nid >= (unsigned int)pb_instance.nr_nodes)
		return PB_NO_PFN;
	outer.order = minorder;
	outer.flags &= ~PB_ALLOC_WAIT;
	do {
		start = pb_get_page_from_freelist(&pb_instance, &outer);
		if (start == PB_NO_PFN)
			return start;
	} while (static_branch_unlikely(&pb_poison_key) && !pb_debug_accept(start, minorder));
	end = start + (1UL << minorder);
	pfn = pb_guard_set(&pb_instance, start, minorder, rq->order);
	behind = pfn + (1UL << rq->order);
	pb_debug_fill_with(start, pfn - start, PAGE_POISON);
	pb_debug_fill_with(behind, end - behind, PAGE_POISON);
	return pfn;
}

/**
 * pb_guard_alloc_bulk - allocate several blocks with guards
 * @rq: the request for each block
 * @nr: number of blocks
 * @pfns: array to fill with the heads of the blocks
 *
 * Context: any; does not sleep.
 *
 * Return: number of blocks allocated. The caller may allocate the others without guards.
 */
unsigned long pb_guard_alloc_bulk(const struct pb_request *rq, unsigned long nr,
				  unsigned long *pfns)
{
	unsigned long i;

	for (i = 0; i < nr; i++) {
		pfns[i] = pb_guard_alloc(rq);
		if (pfns[i] == PB_NO_PFN)
			break;
	}
	return i;
}

/**
 * pb_guard_check_free - free a block; if it has guards, check and free them too
 * @pfn: head of the block according to the caller
 * @order: order of the block according to the caller
 *
 * Context: any, NMI included.
 *
 * Return: as pb_free().
 */
enum pb_bad pb_guard_check_free(unsigned long pfn, unsigned int order)
{
	struct pb_guarded guarded;

	if (find(pfn, order, &guarded))
		return pb_guard_free(&pb_instance, &guarded);
	return pb_free(&pb_instance, pfn, order);
}
EXPORT_SYMBOL_PB_TEST(pb_guard_check_free);

/**
 * pb_guard_check_drop - check and free the guards of a block, which stays allocated
 * @pfn: head of the block according to the caller
 * @order: order of the block according to the caller
 *
 * The caller owns the block. Context: any, NMI included.
 */
void pb_guard_check_drop(unsigned long pfn, unsigned int order)
{
	struct pb_guarded guarded;

	if (find(pfn, order, &guarded))
		pb_guard_drop(&pb_instance, &guarded);
}
EXPORT_SYMBOL_PB_TEST(pb_guard_check_drop);

/**
 * pb_guard_start - enable guards
 * @order: blocks below this order have guards; 0: none
 *
 * Context: process, may sleep.
 *
 * Return: 0, or -EINVAL for an order above PB_GUARD_ORDER_MAX, after logging it.
 */
int pb_guard_start(unsigned int order)
{
	if (order > PB_GUARD_ORDER_MAX) {
		pr_err("guard_minorder: bad order \"%u\": 0 to %d is expected\n", order,
		       PB_GUARD_ORDER_MAX);
		return -EINVAL;
	}
	if (!order)
		return 0;
	minorder = order;
	pb_slowpath_inc();
	static_branch_enable(&pb_guard_key);
	return 0;
}
EXPORT_SYMBOL_PB_TEST(pb_guard_start);

/**
 * pb_guard_stop - disable guards
 *
 * Call it after the last allocation and free; no block with guards may be left. Context: process,
 * may sleep.
 */
void pb_guard_stop(void)
{
	if (!static_key_enabled(&pb_guard_key))
		return;
	static_branch_disable(&pb_guard_key);
	pb_slowpath_dec();
}
EXPORT_SYMBOL_PB_TEST(pb_guard_stop);
