// SPDX-License-Identifier: GPL-2.0-only
/*
 * Guard pages: for finding who writes past the ends of what was allocated.
 *
 * With guard_minorder=N a request of a lower order takes a block of order N, of which it gets a
 * part; the rest is kept as guards (core/guard.c), filled with PAGE_POISON. They are looked at when
 * the block is freed: a guard that has changed is counted (bad_page) and named in the log together
 * with the block beside it and, with owner=1, who allocated that. It goes back all the same, for
 * nothing is wrong with the page itself.
 *
 * Guards are for as long as there is memory for them: where no block of order N is to be had
 * without waiting, the request is served without. Ranges (pbuddy_alloc_contig()) have none, and a
 * block that is split or becomes movable loses them, after a look.
 *
 * As debug_guardpage_minorder= of the kernel, which unmaps guards in place of filling them: then a
 * read is found too, and at once, but the kernel exports nothing that would let a module do that.
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

DEFINE_STATIC_KEY_FALSE(pb_guard_key);

static unsigned int minorder;		/* constant while pb_guard_key is on */

static void check_page(unsigned long pfn, const struct pb_guarded *guarded)
{
	static DEFINE_RATELIMIT_STATE(limit, 5 * HZ, 10);
	struct pb_overwrite found;

	if (likely(!pb_debug_overwritten(pfn, &found)) || !__ratelimit(&limit))
		return;
	pr_err("bad page: guard pfn 0x%lx (node %d zone %s) was written to: byte %u is 0x%02x, not 0x%02x; it is %s pfn 0x%lx order %u, looked at by %s[%d]\n",
	       pfn, found.zone->nid, found.zone->name, found.offset, found.byte, PAGE_POISON,
	       pfn < guarded->pfn ? "before" : "behind", guarded->pfn, guarded->order,
	       current->comm, task_pid_nr(current));
	pb_owner_print(guarded->pfn);
}

/* Looks at guards from @pfn to @end; what they hold is then what free pages hold. */
static void check(unsigned long pfn, unsigned long end, const struct pb_guarded *guarded)
{
	unsigned long i;

	for (i = pfn; i < end; i++)
		check_page(i, guarded);
	if (static_branch_unlikely(&pb_fill_key) && pfn < end)
		pb_debug_fill(pfn, end - pfn);
}

/* Has the block guards? Then they are looked at. */
static bool find(unsigned long pfn, unsigned int order, struct pb_guarded *guarded)
{
	if (!pb_guard_find(&pb_instance, pfn, order, minorder, guarded))
		return false;
	check(guarded->start, pfn, guarded);
	check(pfn + (1UL << order), guarded->end, guarded);
	return true;
}

/**
 * pb_guard_alloc - a block with guards around it
 * @rq: the request
 *
 * Context: any; does not sleep. Return: the block's head; PB_NO_PFN when the request's is no low
 * order, or there is no memory for guards.
 */
unsigned long pb_guard_alloc(const struct pb_request *rq)
{
	struct pb_request outer = *rq;
	unsigned long start, end, pfn, behind;

	/* A wrong request is for pb_alloc() to refuse. */
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
 * pb_guard_alloc_bulk - blocks with guards around them
 * @rq: the request
 * @nr: how many
 * @pfns: their heads
 *
 * Context: any; does not sleep. Return: how many there are; the others are to be had without, if
 * at all.
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
 * pb_guard_check_free - free a block, and look at its guards if it has any
 * @pfn: what is said to be its head
 * @order: and its order
 *
 * Context: any, NMI included. Return: as pb_free().
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
 * pb_guard_check_drop - look at the guards of a block and free them; the block stays
 * @pfn: what is said to be its head
 * @order: and its order
 *
 * Context: any, NMI included; the owner.
 */
void pb_guard_check_drop(unsigned long pfn, unsigned int order)
{
	struct pb_guarded guarded;

	if (find(pfn, order, &guarded))
		pb_guard_drop(&pb_instance, &guarded);
}

/**
 * pb_guard_start - begin to put guards around blocks
 * @order: blocks of lower orders get them; 0: none do
 *
 * Context: process, sleeps. Return: 0, or -EINVAL after a line that says what is wrong.
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
	static_branch_inc(&pb_slowpath_key);
	static_branch_enable(&pb_guard_key);
	return 0;
}
EXPORT_SYMBOL_PB_TEST(pb_guard_start);

/**
 * pb_guard_stop - end it
 *
 * Context: process, sleeps; nobody allocates or frees, and no block with guards is left.
 */
void pb_guard_stop(void)
{
	if (!static_key_enabled(&pb_guard_key))
		return;
	static_branch_disable(&pb_guard_key);
	static_branch_dec(&pb_slowpath_key);
}
EXPORT_SYMBOL_PB_TEST(pb_guard_stop);
