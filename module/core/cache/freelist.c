// SPDX-License-Identifier: GPL-2.0-only
/*
 * One walk over a zonelist: a block from the first zone that may and can serve a request, with
 * its order marked.
 *
 * The order byte of a frame is 0, or order + 1 at the head of an allocated block. It is written
 * with plain stores by whoever owns the block, before the block is handed out and before it is
 * given back, and the atomics on the free bitmap order it between CPUs. A free that does not
 * match it changes nothing; a frame that comes out of the allocator with its byte set is set
 * aside, because somebody still uses it.
 *
 * From the claim to the byte preemption is off, so that a CPU in process context is never seen
 * between the two by stop_machine(), which verify relies on.
 */
#include "core/base/pfn.h"
#include "core/cache/freelist.h"
#include "core/cache/pcp.h"
#include "core/cache/zeroed.h"
#include "core/zone/dirty.h"
#include "core/zone/fallback.h"
#include "core/zone/highatomic.h"
#include "core/zone/node_reclaim.h"
#include "core/zone/zone.h"

/**
 * pb_set_aside - a block came out of the allocator while somebody still uses it
 * @zone: its zone
 * @pfn: PFN of its head, whose order byte is set
 * @order: the order it was asked for
 *
 * Nobody gets it; it is counted and reported. Context: any.
 */
void pb_set_aside(struct pb_zone *zone, unsigned long pfn, unsigned int order)
{
	pb_zone_event_add(zone, PB_BAD_PAGE, 1);
	zone->pool->ops.bad(zone->pool, PB_BAD_IN_USE, pfn, order,
			    pb_frame_taken(*pb_order_byte(zone->pool, pfn)) - 1);
}
EXPORT_SYMBOL_PB_TEST(pb_set_aside);

/* Was a block that is wanted zero known to be so? If not, more might be zeroed ahead. */
static void answer_zeroed(struct pb_zone *zone, const struct pb_request *rq, u8 was)
{
	struct pb_pool *pool = zone->pool;

	*rq->zeroed = was == PB_FRAME_ZEROED;
	if (*rq->zeroed)
		pb_zone_event_add(zone, PB_PREZERO_HIT, 1);
	else if (READ_ONCE(pool->prezero_percent) && pool->ops.want_zeroed)
		pool->ops.want_zeroed(zone);
}

/* Marks a block as allocated; false when it is in use already and has been set aside. */
static bool mark_allocated(struct pb_zone *zone, unsigned long pfn, const struct pb_request *rq)
{
	u8 *byte = pb_order_byte(zone->pool, pfn), was = READ_ONCE(*byte);

	if (unlikely(PB_FRAME_IN_USE(was))) {
		pb_set_aside(zone, pfn, rq->order);
		return false;
	}
	pb_mark_head(byte, rq->order, rq);
	if (rq->zeroed)
		answer_zeroed(zone, rq, was);
	return true;
}

/* Over half of what is free is in contiguous areas: who may use them does. As __rmqueue(). */
static bool cma_first(struct pb_zone *zone, const struct pb_request *rq)
{
	return zone->cma_pages && rq->flags & PB_ALLOC_CMA &&
	       atomic_long_read(&zone->nr_free_cma) > pb_zone_free_pages(zone) / 2;
}

/*
 * A block from the zone itself: from its own migratetype, from the others, and for those in need
 * from what is kept for atomic requests. As rmqueue_buddy() in mm/page_alloc.c.
 */
static unsigned long rmqueue_shared(struct pb_zone *zone, const struct pb_request *rq)
{
	unsigned long pfn = PB_NO_PFN;

	if (cma_first(zone, rq))
		pfn = pb_fallback_cma(zone, rq->order, rq);
	if (pfn == PB_NO_PFN)
		pfn = pb_zone_claim(zone, rq->order, rq->migratetype, rq);
	if (pfn == PB_NO_PFN)
		pfn = pb_fallback(zone, rq->order, rq);
	if (pfn == PB_NO_PFN && rq->flags & (PB_ALLOC_OOM | PB_ALLOC_NON_BLOCK))
		pfn = pb_highatomic_claim(zone, rq);
	return pfn;
}

/* Past the caches: counted here. */
static void note_zone_alloc(struct pb_zone *zone, unsigned long pfn, const struct pb_request *rq)
{
	void (*trace)(struct pb_zone *zone, unsigned long pfn, unsigned int order, unsigned int mt);

	pb_zone_count_alloc(zone, 1L << rq->order);
	trace = READ_ONCE(zone->pool->ops.zone_alloc);
	if (unlikely(trace))
		trace(zone, pfn, rq->order, rq->migratetype);
}

/* The first places to look, and those that count by themselves. */
static unsigned long rmqueue_any(struct pb_zone *zone, const struct pb_request *rq)
{
	unsigned long pfn = PB_NO_PFN;

	if (unlikely(rq->flags & PB_ALLOC_HIGHATOMIC))
		pfn = pb_highatomic_claim(zone, rq);
	if (likely(pfn == PB_NO_PFN && pb_pcp_order(rq->order) && !cma_first(zone, rq))) {
		pfn = pb_pcp_alloc(zone, rq);
		if (likely(pfn != PB_NO_PFN))
			return pfn;
	}
	if (pfn == PB_NO_PFN)
		pfn = rmqueue_shared(zone, rq);
	if (pfn != PB_NO_PFN) {
		note_zone_alloc(zone, pfn, rq);
		if (pb_zone_has_zeroed(zone))
			pb_zeroed_fold(zone, pfn, 1UL << rq->order);
	}
	return pfn;
}

/* A block of one zone, marked. As rmqueue() in mm/page_alloc.c. */
static unsigned long rmqueue(struct pb_zone *zone, const struct pb_request *rq)
{
	unsigned long pfn;

	preempt_disable();
	do {
		pfn = rmqueue_any(zone, rq);
	} while (pfn != PB_NO_PFN && unlikely(!mark_allocated(zone, pfn, rq)));
	if (unlikely(rq->flags & PB_ALLOC_HIGHATOMIC && pfn != PB_NO_PFN))
		pb_highatomic_reserve(zone, pfn, rq->order);
	preempt_enable();
	return pfn;
}

/**
 * pb_alloc_refill_leave_section - a block for a request that found this CPU's list empty
 * @pcp: this CPU's cache of the first zone that may serve the request, its busy window open
 * @order: an order with pcp lists
 * @mt: migratetype, below PB_PCPTYPES
 *
 * A shortcut for plain requests, good for what can be had above the low mark and without
 * mixing migratetypes. Closes the window. Context: any; preemption off. Return: PFN, or
 * PB_NO_PFN: ask pb_alloc() then.
 */
unsigned long pb_alloc_refill_leave_section(struct pb_pcp *pcp, unsigned int order,
					    enum pb_migratetype mt)
{
	const struct pb_request rq = {
		.order = order,
		.migratetype = mt,
		.highest_zone = PB_ZONE_MOVABLE,
		.flags = PB_ALLOC_WMARK_LOW | PB_ALLOC_NOFRAGMENT,
	};
	struct pb_pcp_list *list = pb_pcp_list(pcp, order, mt);
	struct pb_pcp_entry entry;
	bool got;

	got = pb_zone_free_pages(pcp->zone) - (1L << order) >= pcp->zone->fast_mark &&
	      pb_pcp_refill(pcp, list, &rq) && pb_pcp_pop(list, &entry);
	list->nr_alloc += got;
	pb_pcp_leave(pcp);
	if (unlikely(!got || !pb_mark_cached(pcp->zone, entry.byte, entry.pfn, order)))
		return PB_NO_PFN;
	return entry.pfn;
}
EXPORT_SYMBOL_PB_TEST(pb_alloc_refill_leave_section);

/* A request served by another node than it preferred. As zone_statistics() in mm/page_alloc.c. */
static void count_numa_miss(struct pb_zone *zone, const struct pb_request *rq)
{
	struct pb_zone *preferred;
	int type;

	pb_zone_event_add(zone, PB_NUMA_MISS, 1);
	for (type = rq->highest_zone; type >= 0; type--) {
		preferred = zone->pool->zone[rq->nid][type];
		if (preferred) {
			pb_zone_event_add(preferred, PB_NUMA_FOREIGN, 1);
			return;
		}
	}
}

/**
 * pb_zone_allowed - may a request be served from a zone at all?
 * @zone: the zone
 * @rq: the request
 *
 * Return: whether type, node, nodemask and cpuset permit it.
 */
bool pb_zone_allowed(struct pb_zone *zone, const struct pb_request *rq)
{
	const pb_alloc_flags_t hard = PB_ALLOC_CPUSET | PB_ALLOC_HARDWALL;

	if (zone->type > rq->highest_zone)
		return false;
	if (rq->flags & PB_ALLOC_THISNODE && zone->nid != rq->nid)
		return false;
	if (rq->mems_allowed && (rq->flags & hard) == hard &&
	    !test_bit(zone->nid, rq->mems_allowed))
		return false;
	return !rq->nodemask || test_bit(zone->nid, rq->nodemask);
}
EXPORT_SYMBOL_PB_TEST(pb_zone_allowed);

static bool may_take(struct pb_zone *zone, const struct pb_request *rq)
{
	return pb_zone_watermark_ok(zone, 1UL << rq->order, rq->highest_zone, rq->flags);
}

/* The zone is below its mark: can that be helped before we go further away? */
static bool reclaim_here(struct pb_zone *first, struct pb_zone *zone, const struct pb_request *rq)
{
	return pb_zone_allows_reclaim(first, zone) &&
	       pb_node_reclaim(zone, rq) >= PB_NODE_RECLAIM_SOME && may_take(zone, rq);
}

/* One walk with exactly these flags; @local: only as long as the node stays the same. */
static unsigned long walk(struct pb_pool *pool, const struct pb_request *rq, bool local)
{
	struct pb_zone *zone, *first = NULL;
	struct pb_spread spread = { .nid = NUMA_NO_NODE };
	unsigned long pfn;

	pb_for_each_zone_zonelist(zone, pool->zonelist[rq->nid]) {
		if (!pb_zone_allowed(zone, rq))
			continue;
		if (unlikely(rq->flags & PB_ALLOC_SPREAD_DIRTY) && !pb_spread_ok(&spread, zone))
			continue;
		first = first ?: zone;
		if (local && zone->nid != first->nid)
			break;
		if (unlikely(!may_take(zone, rq)) &&
		    (!pool->node_reclaim_mode || !reclaim_here(first, zone, rq)))
			continue;
		pfn = rmqueue(zone, rq);
		if (pfn != PB_NO_PFN) {
			if (unlikely(zone->nid != rq->nid))
				count_numa_miss(zone, rq);
			return pfn;
		}
	}
	return PB_NO_PFN;
}

/**
 * pb_get_page_from_freelist - one walk over the zonelist
 * @pool: the pool
 * @rq: the request
 *
 * With NOFRAGMENT the zones of the first node that may serve it are asked not to mix
 * migratetypes. Before a remote node is, and when nothing is left, all are asked again and may:
 * being near is worth more than avoiding fragmentation.
 *
 * Context: any. Return: PFN, or PB_NO_PFN. As get_page_from_freelist() in mm/page_alloc.c.
 */
unsigned long pb_get_page_from_freelist(struct pb_pool *pool, const struct pb_request *rq)
{
	struct pb_request mixing;
	unsigned long pfn;

	if (likely(!(rq->flags & PB_ALLOC_NOFRAGMENT)))
		return walk(pool, rq, false);
	pfn = walk(pool, rq, true);
	if (likely(pfn != PB_NO_PFN))
		return pfn;
	mixing = *rq;
	mixing.flags &= ~PB_ALLOC_NOFRAGMENT;
	return walk(pool, &mixing, false);
}
EXPORT_SYMBOL_PB_TEST(pb_get_page_from_freelist);
