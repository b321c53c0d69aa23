// SPDX-License-Identifier: GPL-2.0-only
/*
 * Deferral of the work that a failing request makes for others, with the rule that compaction has
 * (compact_considered and compact_defer_shift in mm/compaction.c).
 *
 * After a request of some order failed in a zone, the next (1 << shift) - 1 requests of this and
 * higher orders that come to the slow path are deferred, and the shift rises. A deferred request
 * wakes the node threads for single pages only, so they do not reclaim and compact for its order,
 * and it drains other CPUs' caches only where this can serve it. A request of the order that the
 * slow path serves ends the deferral, and so does as much more free memory as the order needs.
 * Requests for single pages are not deferred; for these the node threads count failures.
 *
 * Deferral makes no request fail. A drain can serve a request only in one of two ways: the cached
 * pages are what the watermark lacks, or a cached block lies in a block of the request's order of
 * which no frame is allocated. The page order map shows the latter, because it has neither free
 * nor cached frames. Caches of other CPUs are read without synchronisation: a block that a CPU
 * moves from its cache to its pageblock is seen in one of them, or the CPU is inside its pcp
 * section (mc: deferred_drain). One that is allocated or refilled meanwhile may be missed, as by
 * the scan before a failure.
 */
#include "core/alloc/slow_defer.h"
#include "core/base/frame.h"
#include "core/base/pfn.h"
#include "core/base/pool_types.h"
#include "core/cache/freelist.h"
#include "core/cache/pcp.h"

#define MAX_DEFER_SHIFT	6	/* 64 requests, as COMPACT_MAX_DEFER_SHIFT */

/* ---- deferral ---- */

/* A race may lose an increment. */
static bool zone_deferred(struct pb_zone *zone, unsigned int order)
{
	unsigned int limit = 1U << READ_ONCE(zone->slow_defer_shift), considered;
	unsigned int failed = READ_ONCE(zone->slow_order_failed);

	if (!failed || order + 1 < failed)
		return false;
	if (pb_zone_free_pages(zone) >= READ_ONCE(zone->slow_free) + (1L << order))
		return false;
	considered = READ_ONCE(zone->slow_considered) + 1;
	WRITE_ONCE(zone->slow_considered, min(considered, limit));
	return considered < limit;
}

/**
 * pb_slow_deferred - whether a request is deferred this time
 * @s: the request; its flags are set
 *
 * Context: any; once for each request.
 * Return: whether it is, in all zones that may serve it.
 */
bool pb_slow_deferred(const struct pb_slow *s)
{
	bool deferred = s->rq->order;
	struct pb_zone *zone;

	pb_for_each_zone_zonelist(zone, s->pool->zonelist[s->rq->nid])
		if (pb_zone_allowed(zone, &s->now) && !zone_deferred(zone, s->rq->order))
			deferred = false;
	return deferred;
}

static void defer_zone(struct pb_zone *zone, unsigned int order)
{
	unsigned int failed = READ_ONCE(zone->slow_order_failed);
	unsigned int shift = READ_ONCE(zone->slow_defer_shift);

	WRITE_ONCE(zone->slow_considered, 0);
	/* The first failure defers none: the thread that it woke may make the next one succeed. */
	if (failed)
		shift = min(shift + 1, (unsigned int)MAX_DEFER_SHIFT);
	WRITE_ONCE(zone->slow_defer_shift, shift);
	WRITE_ONCE(zone->slow_free, pb_zone_free_pages(zone));
	if (!failed || order + 1 < failed)
		WRITE_ONCE(zone->slow_order_failed, order + 1);
}

/**
 * pb_slow_defer - note that a request has failed that was not deferred
 * @s: the request
 *
 * Context: any.
 */
void pb_slow_defer(const struct pb_slow *s)
{
	struct pb_zone *zone;

	if (!s->rq->order)
		return;
	pb_for_each_zone_zonelist(zone, s->pool->zonelist[s->rq->nid])
		if (pb_zone_allowed(zone, &s->now))
			defer_zone(zone, s->rq->order);
}

/**
 * pb_slow_defer_reset - end the deferral of a zone that has served a request
 * @s: the request, with its pfn
 *
 * Context: any.
 */
void pb_slow_defer_reset(const struct pb_slow *s)
{
	struct pb_zone *zone = pb_dir_entry(s->pool, s->pfn)->zone;
	unsigned int failed = READ_ONCE(zone->slow_order_failed);

	if (!failed || s->rq->order + 1 < failed)
		return;
	WRITE_ONCE(zone->slow_order_failed, 0);
	WRITE_ONCE(zone->slow_defer_shift, 0);
}

/* ---- whether a drain can serve a request ---- */

/* The part of a block of @order around @pfn that lies in one pageblock has no allocated frame. */
static bool unallocated(struct pb_pool *pool, unsigned long pfn, unsigned int order)
{
	unsigned int i, nr = 1U << min_t(unsigned int, order, PB_PAGEBLOCK_ORDER);
	const u8 *order_map;

	if (!pb_dir_lookup(pool, pfn))	/* an entry that its CPU has not written yet */
		return false;
	order_map = pb_order_map(pool, round_down(pfn, nr));
	for (i = 0; i < nr; i++)
		if (pb_peek(&order_map[i]))
			return false;
	return true;
}

/* PFN of the block of a bit in list->zeroed. */
static unsigned long zeroed_pfn(struct pb_zone *zone, const struct pb_pcp_list *list,
				unsigned int order, unsigned int bit)
{
	return order > PB_PCP_MAX_WORD_ORDER ? pb_hint(list->lifo[PB_PCP_ZEROED_AT + bit].pfn) :
					       pb_hint(list->zeroed_base) + bit;
}

/* Whether one of the words of zeroed blocks behind the first does so; they hold no other frames. */
static bool zeroed_words_complete(struct pb_zone *zone, const struct pb_pcp_list *list,
				  unsigned int order)
{
	unsigned int i, nr = min_t(unsigned int, pb_hint(list->zeroed_words), PB_WORDS - 1);
	unsigned long pfn = pb_hint(list->zeroed_base);

	for (i = 1; i <= nr; i++)
		if (unallocated(zone->pool, pfn + i * PB_WORD_NR, order))
			return true;
	return false;
}

/* Whether a block of a list, whose order is @list_order, lies in a block of @order. */
static bool list_completes(struct pb_zone *zone, const struct pb_pcp_list *list,
			   unsigned int list_order, unsigned int order)
{
	struct pb_pool *pool = zone->pool;
	unsigned int i, n = min_t(unsigned int, pb_hint(list->n), PB_LIFO_MAX);
	u64 mask = pb_hint(list->mask), zeroed = pb_hint(list->zeroed);

	for (i = 0; i < n; i++)
		if (unallocated(pool, pb_hint(list->lifo[i].pfn), order))
			return true;
	for (; mask; mask &= mask - 1)
		if (unallocated(pool, pb_hint(list->mask_base) + __ffs(mask), order))
			return true;
	for (; zeroed; zeroed &= zeroed - 1)
		if (unallocated(pool, zeroed_pfn(zone, list, list_order, __ffs(zeroed)), order))
			return true;
	return zeroed_words_complete(zone, list, order);
}

static bool cache_completes(struct pb_zone *zone, const struct pb_pcp *pcp, unsigned int rq_order)
{
	unsigned int order, mt;

	pb_for_each_pcp_list(order, mt)
		if (list_completes(zone, &pcp->list[order][mt], order, rq_order))
			return true;
	return false;
}

static bool zone_drain_helps(struct pb_zone *zone, const struct pb_request *rq)
{
	long pages = 1L << rq->order, cached = pb_pcp_pages(zone);
	long floor = pb_zone_floor(zone, pages, rq->highest_zone, rq->flags);
	long left = pb_zone_free_pages(zone) - pages;
	bool low = floor > 0 && left < floor;
	const struct pb_pcp *pcp;
	int cpu;

	if (low && left + cached >= floor)
		return true;
	pb_for_each_cpu(cpu) {
		pcp = pb_per_cpu_ptr(zone->pcp, cpu);
		if (!low && cache_completes(zone, pcp, rq->order))
			return true;
		/* Blocks that a CPU flushes or drains are in no list until it sets their bits. */
		smp_rmb();
		if (pb_hint(pcp->busy))
			return true;
	}
	return false;
}

/**
 * pb_slow_drain_helps - whether draining the caches of other CPUs can serve a request
 * @s: the request
 *
 * Context: any; takes time in proportion to the cached blocks.
 * Return: whether it can in some zone.
 */
bool pb_slow_drain_helps(const struct pb_slow *s)
{
	struct pb_zone *zone;

	pb_for_each_zone_zonelist(zone, s->pool->zonelist[s->rq->nid])
		if (pb_zone_allowed(zone, &s->now) && zone_drain_helps(zone, &s->now))
			return true;
	return false;
}
