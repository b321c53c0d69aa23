// SPDX-License-Identifier: GPL-2.0-only
/*
 * One walk over a zonelist: allocates a block from the first zone that the request may use and
 * that can serve it, and sets its order in the page order map.
 *
 * The byte of a frame in the page order map is 0, or order + 1 at the head of an allocated
 * block. The owner of the block writes it with plain stores, before the block is handed out and
 * before it is freed. The atomics on the free bitmap order these stores between CPUs. A free
 * that does not match the byte changes nothing. A frame that is about to be handed out with its
 * byte set is still in use and is set aside.
 *
 * Preemption is off between the allocation and the store of the byte, so stop_machine(), which
 * verify uses, does not observe a task between the two.
 */
#include "core/base/pfn.h"
#include "core/cache/freelist.h"
#include "core/cache/pcp_refill.h"
#include "core/cache/zeroed.h"
#include "core/zone/dirty.h"
#include "core/zone/fallback.h"
#include "core/zone/highatomic.h"
#include "core/zone/node_reclaim.h"
#include "core/zone/restrict.h"
#include "core/zone/scan.h"
#include "core/zone/zone.h"

/**
 * pb_set_aside - report a free block that is still in use
 * @zone: its zone
 * @pfn: PFN of its head, whose byte in the page order map is set
 * @order: order of the request that was to receive it
 *
 * The block is counted, reported and not handed out. Context: any.
 */
void pb_set_aside(struct pb_zone *zone, unsigned long pfn, unsigned int order)
{
	pb_zone_event_add(zone, PB_BAD_PAGE, 1);
	zone->pool->ops.bad(zone->pool, PB_BAD_IN_USE, pfn, order,
			    pb_frame_scan_size(*pb_order_map(zone->pool, pfn)) - 1);
}
EXPORT_SYMBOL_PB_TEST(pb_set_aside);

/*
 * Counts a request for zeroed memory that @zone serves. A block that is not known to be zero
 * requests more prezeroing.
 */
static void count_zeroed(struct pb_zone *zone, bool zeroed)
{
	struct pb_pool *pool = zone->pool;

	if (zeroed)
		pb_zone_event_add(zone, PB_PREZERO_HIT, 1);
	else if (READ_ONCE(pool->prezero_percent) && pool->ops.want_zeroed)
		pool->ops.want_zeroed(zone);
}

/* Sets the order of a block; false when it is in use already and was set aside. */
static bool mark_allocated(struct pb_zone *zone, unsigned long pfn, const struct pb_request *rq)
{
	u8 *order_map = pb_order_map(zone->pool, pfn);

	if (unlikely(READ_ONCE(*order_map))) {
		pb_set_aside(zone, pfn, rq->order);
		return false;
	}
	pb_order_map_set(order_map, rq->order, rq);
	if (rq->zeroed)
		count_zeroed(zone, *rq->zeroed);
	return true;
}

/*
 * Allocates from the zone, bypassing the caches: from the request's migratetype, from a fallback
 * type, and for some requests from the highatomic reserve. @searched: a refill has just searched
 * for one block of the request's migratetype. As rmqueue_buddy() in mm/page_alloc.c.
 */
static unsigned long rmqueue_shared(struct pb_zone *zone, const struct pb_request *rq,
				    bool searched)
{
	unsigned long pfn = PB_NO_PFN;

	if (pb_fallback_cma_first(zone, rq))
		pfn = pb_fallback_cma(zone, rq->order, rq);
	if (pfn == PB_NO_PFN && !searched)
		pfn = pb_zone_alloc(zone, rq->order, rq->migratetype, rq);
	if (pfn == PB_NO_PFN)
		pfn = pb_fallback(zone, rq->order, rq);
	if (pfn == PB_NO_PFN && rq->flags & (PB_ALLOC_OOM | PB_ALLOC_NON_BLOCK))
		pfn = pb_highatomic_alloc(zone, rq);
	return pfn;
}

/* Notes an allocation that bypassed the caches, which note their own. */
static void note_zone_alloc(struct pb_zone *zone, unsigned long pfn, const struct pb_request *rq)
{
	void (*trace)(struct pb_zone *zone, unsigned long pfn, unsigned int order, unsigned int mt);
	bool zeroed;

	pb_zone_count_alloc(zone, 1L << rq->order);
	trace = READ_ONCE(zone->pool->ops.zone_alloc);
	if (unlikely(trace))
		trace(zone, pfn, rq->order, rq->migratetype);
	zeroed = pb_zeroed_test_and_clear(zone, pfn, 1UL << rq->order);
	if (rq->zeroed)
		*rq->zeroed = zeroed;
}

/* Allocates from the highatomic reserve, this CPU's cache or the zone, in this order. */
static unsigned long rmqueue_any(struct pb_zone *zone, const struct pb_request *rq)
{
	unsigned long pfn = PB_NO_PFN;
	bool searched = false;

	if (rq->zeroed)
		*rq->zeroed = false;

	if (unlikely(rq->flags & PB_ALLOC_HIGHATOMIC))
		pfn = pb_highatomic_alloc(zone, rq);
	if (likely(pfn == PB_NO_PFN && pb_pcp_order(rq->order) &&
		   !pb_fallback_cma_first(zone, rq))) {
		const struct pb_pcp *pcp = pb_this_cpu_ptr(zone->pcp);
		bool busy = READ_ONCE(pcp->busy);

		pfn = pb_pcp_alloc(zone, rq);
		if (likely(pfn != PB_NO_PFN))
			return pfn;
		/* A claim (claim.c) that was seen in between is seen before or after, too. */
		searched = rq->order > PB_PAGEBLOCK_ORDER && !busy && !READ_ONCE(pcp->busy);
	}
	if (pfn == PB_NO_PFN)
		pfn = rmqueue_shared(zone, rq, searched);
	if (pfn != PB_NO_PFN)
		note_zone_alloc(zone, pfn, rq);
	return pfn;
}

static unsigned long alloc_candidate(struct pb_zone *zone, struct pb_zone_scan *scan,
				     const struct pb_request *rq, void *arg)
{
	unsigned long pfn;

	preempt_disable();
	pfn = pb_zone_scan_alloc(zone, scan, rq);
	if (pfn != PB_NO_PFN) {
		note_zone_alloc(zone, pfn, rq);
		if (unlikely(!mark_allocated(zone, pfn, rq)))
			pfn = PB_NO_PFN;
	}
	preempt_enable();
	return pfn;
}

/* Allocates from the first pageblock of the zone that has a block, without the index bitmaps. */
static noinline unsigned long rmqueue_scan(struct pb_zone *zone, const struct pb_request *rq)
{
	unsigned int order = min_t(unsigned int, rq->order, PB_PAGEBLOCK_ORDER);
	unsigned long nr = 1UL << (rq->order - order);
	const struct pb_zone_scan what = { .order = order, .align = nr, .run = { .nr = nr } };

	return pb_zone_scan(zone, rq, &what, alloc_candidate, NULL);
}

/* Allocates a block from one zone and sets its order. As rmqueue() in mm/page_alloc.c. */
static unsigned long rmqueue(struct pb_zone *zone, const struct pb_request *rq)
{
	unsigned long pfn;

	if (unlikely(rq->flags & PB_ALLOC_SCAN))
		return rmqueue_scan(zone, rq);
	preempt_disable();
	do {
		pfn = rmqueue_any(zone, rq);
	} while (pfn != PB_NO_PFN && unlikely(!mark_allocated(zone, pfn, rq)));
	if (unlikely(rq->flags & PB_ALLOC_HIGHATOMIC && pfn != PB_NO_PFN))
		pb_highatomic_reserve(zone, pfn, rq->order);
	preempt_enable();
	pb_zone_wake_boosted(zone, rq->order, rq->flags);
	return pfn;
}

/**
 * pb_alloc_refill_leave_section - refill an empty list, allocate from it, leave the section
 * @pcp: this CPU's cache of the first zone that may serve the request, inside its pcp section
 * @order: an order with pcp lists
 * @mt: migratetype, below PB_PCPTYPES
 * @zeroed: NULL; or the request wants a zeroed block, and this is set to whether it is one
 *
 * For plain requests: allocates above the low watermark and without mixing migratetypes. Movable
 * ones may use contiguous areas, as in gfp.c: where these come first, the list is not refilled.
 * Leaves the pcp section. With @zeroed only the zeroed blocks need to be empty.
 *
 * Context: any; preemption off.
 * Return: PFN, or PB_NO_PFN; the caller then calls pb_alloc().
 */
unsigned long pb_alloc_refill_leave_section(struct pb_pcp *pcp, unsigned int order,
					    enum pb_migratetype mt, bool *zeroed)
{
	const struct pb_request rq = {
		.order = order,
		.migratetype = mt,
		.highest_zone = PB_ZONE_MOVABLE,
		.flags = PB_ALLOC_WMARK_LOW | PB_ALLOC_NOFRAGMENT |
			 (mt == PB_MOVABLE ? PB_ALLOC_CMA : PB_ALLOC_FLAG(0)),
		.zeroed = zeroed,
	};
	struct pb_pcp_list *list = pb_pcp_list(pcp, order, mt);
	struct pb_pcp_entry entry;
	bool got;

	if (zeroed)
		*zeroed = false;
	got = pb_pcp_may_refill(pcp->zone, &rq) &&
	      (unlikely(zeroed) ? pb_pcp_pop_or_refill(pcp, list, &rq, &entry) :
	       pb_pcp_refill(pcp, list, &rq) && pb_pcp_pop(list, &entry));
	list->nr_alloc += got;
	pb_pcp_leave(pcp);
	if (unlikely(!got ||
		     !pb_order_map_set_cached(pcp->zone, entry.order_map, entry.pfn, order)))
		return PB_NO_PFN;
	if (unlikely(zeroed))
		count_zeroed(pcp->zone, *zeroed);
	return entry.pfn;
}
EXPORT_SYMBOL_PB_TEST(pb_alloc_refill_leave_section);

/* First zone that may serve a request. As the preferred_zoneref of mm/. */
static struct pb_zone *preferred_zone(struct pb_pool *pool, const struct pb_request *rq)
{
	struct pb_zone *zone;

	if (rq->preferred_zone)
		return rq->preferred_zone;
	pb_for_each_zone_zonelist(zone, pool->zonelist[rq->nid])
		if (pb_zone_open(zone, rq) &&
		    (!rq->nodemask || test_bit(zone->nid, rq->nodemask)))
			return zone;
	return NULL;
}

/**
 * pb_count_numa - count a request that is served by another node than its preferred zone's
 * @zone: the zone that serves it
 * @rq: the request
 *
 * Once for a block or range. A hit is not counted here: all allocations that are no miss are hits,
 * see pb_zone_event().
 *
 * Context: any. As zone_statistics() in mm/page_alloc.c.
 */
void pb_count_numa(struct pb_zone *zone, const struct pb_request *rq)
{
	struct pb_zone *preferred;

	if (likely(zone == rq->preferred_zone))
		return;
	preferred = preferred_zone(zone->pool, rq);
	if (!preferred || preferred->nid == zone->nid)
		return;
	pb_zone_event_add(zone, PB_NUMA_MISS, 1);
	pb_zone_event_add(preferred, PB_NUMA_FOREIGN, 1);
}

/**
 * pb_zone_allowed - whether a request may be served from a zone
 * @zone: the zone
 * @rq: the request
 *
 * Return: whether type, restrictions, node, nodemask and cpuset permit it.
 */
bool pb_zone_allowed(struct pb_zone *zone, const struct pb_request *rq)
{
	const pb_alloc_flags_t hard = PB_ALLOC_CPUSET | PB_ALLOC_HARDWALL;

	if (!pb_zone_open(zone, rq))
		return false;
	if (rq->flags & PB_ALLOC_THISNODE && zone->nid != rq->nid)
		return false;
	if (rq->mems_allowed && (rq->flags & hard) == hard &&
	    !test_bit(zone->nid, rq->mems_allowed))
		return false;
	return !rq->nodemask || test_bit(zone->nid, rq->nodemask);
}
EXPORT_SYMBOL_PB_TEST(pb_zone_allowed);

static bool watermark_ok(struct pb_zone *zone, const struct pb_request *rq)
{
	return pb_zone_watermark_ok(zone, 1UL << rq->order, rq->highest_zone, rq->flags);
}

/* Whether node reclaim brings a zone above its watermark, before a remote zone is tried. */
static bool reclaim_here(struct pb_zone *first, struct pb_zone *zone, const struct pb_request *rq)
{
	return pb_zone_allows_reclaim(first, zone) &&
	       pb_node_reclaim(zone, rq) >= PB_NODE_RECLAIM_SOME && watermark_ok(zone, rq);
}

/* One walk with exactly these flags; @local: only over zones of the first allowed node. */
static unsigned long walk(struct pb_pool *pool, const struct pb_request *rq, bool local)
{
	struct pb_zone *zone, *first = NULL;
	struct pb_dirty_balance balance = { .nid = NUMA_NO_NODE };
	unsigned long pfn;

	pb_for_each_zone_zonelist(zone, pool->zonelist[rq->nid]) {
		if (!pb_zone_allowed(zone, rq))
			continue;
		if (unlikely(rq->flags & PB_ALLOC_SPREAD_DIRTY) &&
		    !pb_dirty_balance_ok(&balance, zone))
			continue;
		first = first ?: zone;
		if (local && zone->nid != first->nid)
			break;
		zone = pb_serving_zone(rq, zone);
		if (unlikely(!zone))
			continue;
		if (unlikely(!watermark_ok(zone, rq)) &&
		    (!pool->node_reclaim_mode || !reclaim_here(first, zone, rq)))
			continue;
		pfn = rmqueue(zone, rq);
		if (pfn != PB_NO_PFN) {
			pb_count_numa(zone, rq);
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
 * With NOFRAGMENT the first walk covers the zones of the first allowed node and does not mix
 * migratetypes. When it fails, a second walk covers all zones and may mix them: locality matters
 * more than fragmentation.
 *
 * Context: any.
 * Return: PFN, or PB_NO_PFN. As get_page_from_freelist() in mm/page_alloc.c.
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
