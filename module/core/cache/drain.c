// SPDX-License-Identifier: GPL-2.0-only
/*
 * Draining the per-CPU lists that pcp.c refills.
 *
 * A full LIFO flushes its oldest six sevenths (make_space), a short one all blocks: those within a
 * word as flush.c says, blocks of a word or more by zone/blocks.c, which updates the index at once.
 */
#include "core/base/pfn.h"
#include "core/cache/drain.h"
#include "core/cache/flush.h"
#include "core/cache/pcp.h"
#include "core/cache/zeroed.h"
#include "core/index/pageblock.h"
#include "core/zone/blocks.h"
#include "core/zone/zone.h"

static void count_drain(struct pb_zone *zone, struct pb_pcp *pcp, unsigned int order,
			enum pb_migratetype mt, unsigned int nr)
{
	void (*trace)(struct pb_zone *zone, unsigned int order, unsigned int mt, unsigned int nr);

	if (!nr)
		return;
	pcp->event[PB_PCP_DRAIN]++;
	trace = READ_ONCE(zone->pool->ops.drain);
	if (unlikely(trace))
		trace(zone, order, mt, nr);
}

/* Flushes the nr oldest blocks of a LIFO; with @all nothing is collected in the mask. */
static void drain_oldest(struct pb_zone *zone, struct pb_pcp *pcp, struct pb_pcp_list *list,
			 unsigned int order, enum pb_migratetype mt, unsigned int nr, bool all)
{
	struct pb_pcp_entry *to = list->lifo, *from = to + nr, *end = to + list->n;
	unsigned int pages;

	if (order > PB_PCP_MAX_WORD_ORDER) {
		pb_zone_free_blocks(zone, list->lifo, nr, order);
		pages = nr << order;
	} else {
		pages = pb_flush_blocks(zone, list, nr, order, all);
		/* None when all were collected in the mask: leave the count alone. */
		if (pages)
			pb_zone_account_free(zone, pages);
	}
	list->n -= nr;
	/* A loop, because a string instruction has a high start-up cost. */
	while (from < end)
		*to++ = *from++;
	count_drain(zone, pcp, order, mt, pages >> order);
}

/* Frees zeroed blocks of an order without masks, which get their zeroed bits back. */
static void free_zeroed_blocks(struct pb_zone *zone, const struct pb_pcp_list *list, u64 blocks,
			       unsigned int order)
{
	unsigned long pfn;

	for (; blocks; blocks &= blocks - 1) {
		pfn = list->lifo[PB_PCP_ZEROED_AT + __ffs64(blocks)].pfn;
		pb_zeroed_set(zone, pfn, 1UL << order);
		pb_zone_free_noevent(zone, pfn, order);
	}
}

/* Frees the words of zeroed blocks. One that is still whole gets its zeroed bit back. */
static unsigned int free_zeroed_words(struct pb_zone *zone, struct pb_pcp_list *list,
				      unsigned int order)
{
	unsigned int pages = 0;
	unsigned long pfn;
	u64 heads;

	while (list->zeroed) {
		pfn = list->zeroed_base;
		heads = list->zeroed;
		list->zeroed = 0;
		pb_pcp_next_zeroed(list, order);
		if (pb_word_expand(heads, order) == ~0ULL)
			pb_zeroed_set(zone, pfn, PB_WORD_NR);
		pages += pb_flush_word(zone, list, pfn, heads, order);
	}
	pb_zone_account_free(zone, pages);
	return pages;
}

static void drain_zeroed(struct pb_zone *zone, struct pb_pcp *pcp, struct pb_pcp_list *list,
			 unsigned int order, enum pb_migratetype mt)
{
	u64 blocks = list->zeroed;
	unsigned int nr;

	if (order > PB_PCP_MAX_WORD_ORDER) {
		list->zeroed = 0;
		free_zeroed_blocks(zone, list, blocks, order);
		nr = hweight64(blocks);
	} else {
		nr = free_zeroed_words(zone, list, order) >> order;
	}
	count_drain(zone, pcp, order, mt, nr);
}

static void drain_list(struct pb_zone *zone, struct pb_pcp *pcp, unsigned int order,
		       enum pb_migratetype mt)
{
	struct pb_pcp_list *list = pb_pcp_list(pcp, order, mt);
	unsigned int pages;

	if (list->n)
		drain_oldest(zone, pcp, list, order, mt, list->n, true);
	if (list->mask) {
		pages = pb_flush_mask(zone, list, order);
		pb_zone_account_free(zone, pages);
		count_drain(zone, pcp, order, mt, pages >> order);
	}
	if (list->zeroed)
		drain_zeroed(zone, pcp, list, order, mt);
	pb_flush_deferred_update(zone, list);
	pb_pcp_reset_cur(zone, list);
}

/* Drains a list, which is then charged with nothing until its next use. */
static void trim_list(struct pb_pcp *pcp, unsigned int order, enum pb_migratetype mt)
{
	drain_list(pcp->zone, pcp, order, mt);
	pb_pcp_list(pcp, order, mt)->limit = 0;
	pb_pcp_charge(pcp, pb_pcp_list(pcp, order, mt), order);
}

void pb_pcp_trim(struct pb_pcp *pcp, const struct pb_pcp_list *keep, int pages)
{
	const unsigned int nr = PB_NR_PCP_ORDERS * PB_PCPTYPES;
	struct pb_pcp_list *list;
	unsigned int i;

	for (i = 0; i < nr && pcp->charged - (int)keep->charge > max(pages, 0); i++) {
		pcp->trim = (pcp->trim + 1) % nr;
		list = pcp->list[0] + pcp->trim;
		if (list != keep && list->charge)
			trim_list(pcp, pcp->trim / PB_PCPTYPES, pcp->trim % PB_PCPTYPES);
	}
}

/*
 * The number of blocks to flush from a full list of orders from a word's to below a pageblock's:
 * those that do not share a pageblock with the newest one, so that in frees in order all of a
 * pageblock is flushed at once.
 */
static noinline unsigned int nr_to_flush(const struct pb_pcp_list *list)
{
	unsigned int i = list->n - 1;

	while (i && (list->lifo[i - 1].pfn ^ list->lifo[i].pfn) < PB_PAGEBLOCK_NR)
		i--;
	return list->n - i < list->limit ? i : list->n;
}

/* Makes room for a block; false when the limit of the order is 0 now. Inside the pcp section. */
static __always_inline bool make_space(struct pb_zone *zone, struct pb_pcp *pcp,
				       struct pb_pcp_list *list, unsigned int order,
				       enum pb_migratetype mt)
{
	unsigned int nr;

	if (unlikely(!pb_pcp_has_space(pcp, list, order)))
		pb_pcp_set_limit(pcp, list, order);
	if (unlikely(!list->limit))
		return false;
	if (list->n < list->limit)
		return true;
	if (order >= PB_PAGEBLOCK_ORDER)
		nr = list->n;
	else
		nr = order > PB_PCP_MAX_WORD_ORDER ? nr_to_flush(list) : list->n - list->limit / 7;
	drain_oldest(zone, pcp, list, order, mt, nr, false);
	if (unlikely(pb_pcp_most(list, order) > list->charge))
		pb_pcp_charge(pcp, list, order);
	return true;
}

/**
 * pb_pcp_free - put a freed block into this CPU's cache
 * @zone: its zone
 * @pfn: PFN of its head
 * @order_map: its byte in the page order map, already cleared
 * @order: an order with pcp lists
 * @mt: migratetype of its pageblock, below PB_PCPTYPES
 *
 * Context: any; preemption off.
 * Return: false when the cache is busy or keeps no blocks of this order; the caller then frees to
 * the zone. As free_unref_page() in mm/page_alloc.c.
 */
bool pb_pcp_free(struct pb_zone *zone, unsigned long pfn, u8 *order_map, unsigned int order,
		 enum pb_migratetype mt)
{
	struct pb_pcp *pcp = pb_this_cpu_ptr(zone->pcp);
	struct pb_pcp_list *list = pb_pcp_list(pcp, order, mt);
	bool space;

	if (!pb_pcp_enter(pcp)) {
		pb_zone_event_add(zone, PB_PCP_BUSY, 1);
		return false;
	}
	space = make_space(zone, pcp, list, order, mt);
	if (likely(space)) {
		pb_pcp_push(list, pfn, order_map);
		list->nr_free++;
	}
	pb_pcp_leave(pcp);
	return space;
}

/**
 * pb_pcp_free_full_preempt_enable - free a block to a full list, and enable preemption
 * @pcp: this CPU's cache, inside its pcp section
 * @order: the list's order
 * @pfn: PFN of the block's head
 * @order_map: its byte in the page order map, still set
 * @list: the list
 * @mt: the list's migratetype
 *
 * The out-of-line part of pb_free_fast(): flushes the list, or frees the block to the zone. Leaves
 * the pcp section and enables preemption. Context: any; preemption off on entry.
 */
void pb_pcp_free_full_preempt_enable(struct pb_pcp *pcp, unsigned int order, unsigned long pfn,
				     u8 *order_map, struct pb_pcp_list *list,
				     enum pb_migratetype mt)
{
	struct pb_zone *zone = pcp->zone;
	bool space = make_space(zone, pcp, list, order, mt);

	*order_map = 0;
	if (likely(space)) {
		list->nr_free++;
		pb_pcp_push(list, pfn, order_map);
	}
	pb_pcp_leave(pcp);
	if (unlikely(!space))
		pb_zone_free(zone, pfn, order);
	preempt_enable();
}
EXPORT_SYMBOL_PB_TEST(pb_pcp_free_full_preempt_enable);

void pb_pcp_batch_word(struct pb_zone *zone, struct pb_pcp *pcp, enum pb_migratetype mt,
		       const struct pb_pcp_entry *first, u64 heads)
{
	struct pb_pcp_list *list = pb_pcp_list(pcp, 0, mt);
	unsigned int pages = pb_flush_batch(zone, list, first, heads, PB_FLUSH_BATCH_MIN, 0);

	if (pb_pcp_most(list, 0) > list->charge)
		pb_pcp_set_limit(pcp, list, 0);
	if (!pages)
		return;
	pb_zone_account_free(zone, pages);
	count_drain(zone, pcp, 0, mt, pages);
}

/**
 * pb_pcp_drain_lists - drain all lists of a cache
 * @pcp: the cache, of which the caller is the only user
 *
 * Context: any; preemption off.
 */
void pb_pcp_drain_lists(struct pb_pcp *pcp)
{
	unsigned int order, mt;

	pb_for_each_pcp_list(order, mt)
		drain_list(pcp->zone, pcp, order, mt);
}

/**
 * pb_pcp_needs_drain - whether a drain of a cache would change anything
 * @pcp: the cache of any CPU
 *
 * Context: any. Reads the lists of another CPU without synchronisation: what that CPU does
 * meanwhile may or may not be seen.
 * Return: whether the cache holds blocks or deferred index updates.
 */
bool pb_pcp_needs_drain(const struct pb_pcp *pcp)
{
	const struct pb_pcp_list *list;
	unsigned int order, mt;

	pb_for_each_pcp_list(order, mt) {
		list = &pcp->list[order][mt];
		if (READ_ONCE(list->n) || READ_ONCE(list->mask) || READ_ONCE(list->zeroed) ||
		    READ_ONCE(list->cur) || READ_ONCE(list->drained))
			return true;
	}
	return false;
}
EXPORT_SYMBOL_PB_TEST(pb_pcp_needs_drain);

/* Drains this CPU's cache of a zone; false inside its pcp section. Preemption is off. */
static bool drain_this_cpu(struct pb_zone *zone)
{
	struct pb_pcp *pcp = pb_this_cpu_ptr(zone->pcp);

	if (!pb_pcp_enter(pcp))
		return false;
	pb_pcp_drain_lists(pcp);
	pb_pcp_leave(pcp);
	return true;
}

/**
 * pb_pcp_drain_local - drain this CPU's caches of every zone
 * @pool: the pool
 *
 * Context: any.
 * Return: false when an interrupt calls it inside this CPU's own pcp section; that cache was not
 * drained.
 */
bool pb_pcp_drain_local(struct pb_pool *pool)
{
	struct pb_zone *zone;
	bool all = true;

	preempt_disable();
	pb_for_each_any_zone(zone, pool)
		all &= drain_this_cpu(zone);
	preempt_enable();
	return all;
}
EXPORT_SYMBOL_PB_TEST(pb_pcp_drain_local);

/**
 * pb_pcp_drain_local_node - drain this CPU's caches of the zones of a node
 * @pool: the pool
 * @nid: the node
 *
 * Context: any.
 * Return: as pb_pcp_drain_local().
 */
bool pb_pcp_drain_local_node(struct pb_pool *pool, int nid)
{
	struct pb_zone *zone;
	bool all = true;

	preempt_disable();
	pb_for_each_any_zone(zone, pool)
		if (zone->nid == nid)
			all &= drain_this_cpu(zone);
	preempt_enable();
	return all;
}

/**
 * pb_pcp_drain_cpu - drain the caches of a CPU that does not use them
 * @pool: the pool
 * @cpu: the CPU; offline until this returns, or nothing allocates and frees any more
 *
 * Context: any. As drain_pages() from page_alloc_cpu_dead() in mm/page_alloc.c.
 */
void pb_pcp_drain_cpu(struct pb_pool *pool, int cpu)
{
	struct pb_zone *zone;

	preempt_disable();
	pb_for_each_any_zone(zone, pool)
		pb_pcp_drain_lists(pb_per_cpu_ptr(zone->pcp, cpu));
	preempt_enable();
}
EXPORT_SYMBOL_PB_TEST(pb_pcp_drain_cpu);

/* Brings high down to a new maximum: empties all lists, which get new limits when they are used. */
static void lower_to_max(struct pb_zone *zone, struct pb_pcp *pcp)
{
	unsigned int order, mt;

	pcp->high = READ_ONCE(zone->pcp_high_max);
	pb_for_each_pcp_list(order, mt)
		trim_list(pcp, order, mt);
}

/* Lowers high by an eighth; the lists give up what exceeds it. */
static void lower_high(struct pb_zone *zone, struct pb_pcp *pcp)
{
	const struct pb_pcp_list *keep = pb_pcp_list(pcp, 0, PB_MOVABLE);
	struct pb_pcp_list *list;
	unsigned int order, mt;

	pcp->high = max(pcp->high - (pcp->high >> 3), READ_ONCE(zone->pcp_high_min));
	pb_for_each_pcp_list(order, mt) {
		list = pb_pcp_list(pcp, order, mt);
		list->limit = min(list->limit, pb_pcp_want(pcp, order));
		pb_pcp_charge(pcp, list, order);
	}
	pb_pcp_trim(pcp, keep, pcp->high - (int)keep->charge);
}

static void decay(struct pb_zone *zone, struct pb_pcp *pcp)
{
	if (unlikely(pcp->high > READ_ONCE(zone->pcp_high_max)))
		lower_to_max(zone, pcp);
	else if (pcp->high > READ_ONCE(zone->pcp_high_min))
		lower_high(zone, pcp);
	else
		pb_pcp_drain_lists(pcp);
}

/**
 * pb_pcp_decay_local - decay high of this CPU's caches
 * @pool: the pool
 *
 * Lowers high by an eighth. Drains caches whose high was already at the minimum, because no refill
 * has raised it since the last call, and caches whose high is above a new maximum.
 *
 * Context: process; about once a second. As decay_pcp_high() in mm/page_alloc.c.
 * Return: true when all caches of this CPU are empty, so that the caller may stop calling.
 */
bool pb_pcp_decay_local(struct pb_pool *pool)
{
	struct pb_zone *zone;
	struct pb_pcp *pcp;
	bool empty = true;

	preempt_disable();
	pb_for_each_any_zone(zone, pool) {
		pcp = pb_this_cpu_ptr(zone->pcp);
		if (!pb_pcp_enter(pcp))
			continue;
		decay(zone, pcp);
		if (pb_pcp_count(pcp) || pcp->high > READ_ONCE(zone->pcp_high_min))
			empty = false;
		pb_pcp_leave(pcp);
	}
	preempt_enable();
	return empty;
}
EXPORT_SYMBOL_PB_TEST(pb_pcp_decay_local);
