// SPDX-License-Identifier: GPL-2.0-only
/*
 * Per-CPU caches of a zone.
 *
 * A CPU keeps a list of free blocks per order below PB_NR_PCP_ORDERS and per migratetype. A
 * list is a short LIFO of PFNs over a mask of blocks that lie within one word of a free
 * bitmap. A refill takes a whole word of a pageblock with one atomic and leaves it
 * unexpanded in the mask. Frees push on the LIFO, and allocations pop the newest block.
 * When the LIFO is full, drain.c flushes its oldest blocks, frames of one word together
 * with one atomic. Blocks of a word or more have no mask: several are refilled at once.
 *
 * The pcp section
 * ---------------
 * Only the CPU itself accesses its lists, with preemption off and pcp->busy set: plain
 * loads and stores, no atomic, no interrupt toggling. The code between pb_pcp_enter() and
 * pb_pcp_leave() is the pcp section; pcp->busy guards it against re-entry. An interrupt or
 * NMI on the same CPU that finds busy set bypasses the lists and uses the zone, which is
 * safe from any context. One that arrives before busy is set has finished when the section
 * begins. barrier() keeps the compiler from moving list accesses out of the section.
 *
 * Other CPUs do not change the lists, but for claim.c, which drains them after a grace period. To
 * drain a remote CPU at once, interrupt it and run pb_pcp_drain_local() there, again if that finds
 * a section open. The lists of an offline CPU have no user, so any CPU may drain them.
 *
 * high, the number of pages that a CPU's lists may hold together, grows with each refill up
 * to high_max and decays to high_min, as mm/ tunes it. The limit of a list follows from
 * high at the list's next refill or drain, and is at most PB_LIFO_MAX. high_max is such that the
 * lists of all CPUs together hold no more than the share of the zone that pcp_high_fraction sets.
 * In a zone so small that high_max is less than a word the lists have no masks: a refill takes a
 * single block, and a flush frees every block to the zone.
 *
 * A list is charged with the most pages it may hold until its next refill or drain: its limit, a
 * word when it has a mask, and its zeroed blocks. The fast path only compares the limit, so the sum
 * of the charges bounds what the lists hold together: to high, and a word for the mask of the list
 * used last. A list that needs space drains other lists (pb_pcp_trim) and sets their limits to 0. A
 * list with limit 0 gets a limit at its next refill or free.
 *
 * pcp_refill.c refills the lists, drain.c drains them.
 */
#include "core/base/pfn.h"
#include "core/cache/pcp.h"
#include "core/index/pageblock.h"
#include "core/zone/zone.h"

#define PCP_HIGH_STEP	64	/* pages by which a refill raises high */
#define PCP_HIGH_MIN	64	/* least high_min where high_max permits it */
#define PCP_HIGH_MOST	1048576UL	/* greatest high_max */

/* A power of two, so that the fast path computes the address of a list by a shift. */
static_assert(sizeof(struct pb_pcp_list) == 512);

#ifdef CONFIG_PROVE_RAW_LOCK_NESTING
static struct lock_class_key section_key;

struct lockdep_map pb_section_map = {
	.name = "pcp section",
	.key = &section_key,
	.wait_type_outer = LD_WAIT_SPIN,
	.wait_type_inner = LD_WAIT_SPIN,
};
EXPORT_SYMBOL_PB_TEST(pb_section_map);
#endif

void pb_pcp_set_limit(struct pb_pcp *pcp, struct pb_pcp_list *list, unsigned int order)
{
	int want = pb_pcp_want(pcp, order), left;

	pb_pcp_trim(pcp, list, pcp->high - (want << order));
	left = pcp->high - (pcp->charged - (int)list->charge);
	if (order > PB_PCP_MAX_WORD_ORDER)
		left -= (int)pb_pcp_zeroed_pages(list, order);
	list->limit = clamp(left >> order, 0, want);
	pb_pcp_charge(pcp, list, order);
}

static void init_pcp(struct pb_zone *zone, struct pb_pcp *pcp)
{
	pcp->zone = zone;
	pcp->high = zone->pcp_high_min;
}

/*
 * The high of each CPU's lists at which the lists of all CPUs hold at most @pages together. Lists
 * with masks hold a word more than high, and need a high of at least a word.
 */
static int high_of(unsigned long pages)
{
	unsigned long high = pages / pb_nr_cpus();

	if (high >= 2 * PB_WORD_NR)
		return min(high - PB_WORD_NR, PCP_HIGH_MOST);
	return min(high, PB_WORD_NR - 1UL);
}

/*
 * As zone_set_pageset_high_and_batch() in mm/page_alloc.c, except that the pages are divided by all
 * possible CPUs: any CPU may cache pages of any zone.
 */
static void set_high(struct pb_zone *zone, unsigned int fraction)
{
	unsigned long present = READ_ONCE(zone->present_pages);
	int high_max = high_of(present / (fraction ?: PB_PCP_HIGH_FRACTION_MIN));
	int high_min = high_max;

	if (!fraction) {
		high_min = max(high_of(READ_ONCE(zone->watermark[PB_WMARK_LOW])), PCP_HIGH_MIN);
		high_min = min(high_min, high_max);
	}
	WRITE_ONCE(zone->pcp_high_max, high_max);
	WRITE_ONCE(zone->pcp_high_min, high_min);
}

/**
 * pb_pcp_set_high - compute the bounds of high of all zones
 * @pool: the pool; its pcp_high_fraction, a low watermark or the size of a zone may have changed
 *
 * With pcp_high_fraction N the lists of all CPUs hold at most one page in N of a zone, and high is
 * not tuned. With 0 they hold at most one page in 8, and high decays to a value that follows from
 * the low watermark. A CPU adopts new bounds at its next refill, or when pb_pcp_decay_local() runs
 * there next.
 *
 * Context: any, one caller at a time. As percpu_pagelist_high_fraction_sysctl_handler() in
 * mm/page_alloc.c.
 */
void pb_pcp_set_high(struct pb_pool *pool)
{
	struct pb_zone *zone;

	pb_for_each_any_zone(zone, pool)
		set_high(zone, pool->pcp_high_fraction);
}
EXPORT_SYMBOL_PB_TEST(pb_pcp_set_high);

/**
 * pb_pcp_init - allocate and initialise a zone's per-CPU caches
 * @zone: the zone, with present_pages set
 *
 * Context: may sleep.
 * Return: 0 or -ENOMEM.
 */
int pb_pcp_init(struct pb_zone *zone)
{
	int cpu;

	zone->pcp = pb_alloc_percpu(struct pb_pcp);
	if (!zone->pcp)
		return -ENOMEM;
	zone->pcp_high_step = PCP_HIGH_STEP;
	set_high(zone, zone->pool->pcp_high_fraction);
	pb_for_each_cpu(cpu)
		init_pcp(zone, pb_per_cpu_ptr(zone->pcp, cpu));
	return 0;
}

void pb_pcp_destroy(struct pb_zone *zone)
{
	pb_free_percpu(zone->pcp);
	zone->pcp = NULL;
}

/* Stops refilling from the list's current pageblock and does the deferred index update. */
void pb_pcp_reset_cur(struct pb_zone *zone, struct pb_pcp_list *list)
{
	unsigned long index = list->cur - 1UL;

	if (!list->cur)
		return;
	list->cur = 0;
	WRITE_ONCE(zone->ctl[index].cur, 0);
	pb_index_update(zone, index);
}

unsigned long pb_pcp_count(const struct pb_pcp *pcp)
{
	const struct pb_pcp_list *list;
	unsigned long pages = 0;
	unsigned int order, mt;

	pb_for_each_pcp_list(order, mt) {
		list = &pcp->list[order][mt];
		pages += pb_hint(list->n) << order;
		pages += hweight64(pb_hint(list->mask)) << order;
		pages += hweight64(pb_hint(list->zeroed)) << order;
		pages += pb_hint(list->zeroed_words) * PB_WORD_NR;
	}
	return pages;
}
EXPORT_SYMBOL_PB_TEST(pb_pcp_count);

/* Pages in all caches of a zone; exact only while no CPU allocates or frees. */
unsigned long pb_pcp_pages(struct pb_zone *zone)
{
	unsigned long pages = 0;
	int cpu;

	pb_for_each_cpu(cpu)
		pages += pb_pcp_count(pb_per_cpu_ptr(zone->pcp, cpu));
	return pages;
}
EXPORT_SYMBOL_PB_TEST(pb_pcp_pages);
