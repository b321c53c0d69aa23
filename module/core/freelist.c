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
#include "fallback.h"
#include "freelist.h"
#include "pcp.h"
#include "pfn.h"
#include "zone.h"

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
			    *pb_order_byte(zone->pool, pfn) - 1);
}
EXPORT_SYMBOL_PB_TEST(pb_set_aside);

/* Marks a block as allocated; false when it is in use already and has been set aside. */
static bool mark_allocated(struct pb_zone *zone, unsigned long pfn, unsigned int order)
{
	u8 *byte = pb_order_byte(zone->pool, pfn);

	if (unlikely(*byte)) {
		pb_set_aside(zone, pfn, order);
		return false;
	}
	*byte = order + 1;
	return true;
}

/* A block from the zone itself: its own migratetype first, then the others. Counted here. */
static unsigned long rmqueue_shared(struct pb_zone *zone, unsigned int order,
				    enum pb_migratetype mt, pb_alloc_flags_t flags)
{
	unsigned long pfn = pb_zone_claim(zone, order, mt);

	if (pfn == PB_NO_PFN)
		pfn = pb_fallback(zone, order, mt, flags);
	if (pfn != PB_NO_PFN)
		pb_zone_count_alloc(zone, 1L << order);
	return pfn;
}

/* A block of one zone, marked. As rmqueue() in mm/page_alloc.c. */
static unsigned long rmqueue(struct pb_zone *zone, const struct pb_request *rq)
{
	unsigned long pfn;

	preempt_disable();
	do {
		pfn = PB_NO_PFN;
		if (pb_pcp_order(rq->order))
			pfn = pb_pcp_alloc(zone, rq->order, rq->migratetype, rq->flags);
		if (unlikely(pfn == PB_NO_PFN))
			pfn = rmqueue_shared(zone, rq->order, rq->migratetype, rq->flags);
	} while (pfn != PB_NO_PFN && unlikely(!mark_allocated(zone, pfn, rq->order)));
	preempt_enable();
	return pfn;
}

/**
 * pb_alloc_refill - a block for a request that found this CPU's list empty
 * @zone: the first zone that may serve the request
 * @order: an order with pcp lists
 * @mt: migratetype, below PB_PCPTYPES
 *
 * A shortcut for plain requests, good for what can be had above the low mark and without
 * mixing migratetypes. Context: any; preemption off. Return: PFN, or PB_NO_PFN: ask
 * pb_alloc() then.
 */
unsigned long pb_alloc_refill(struct pb_zone *zone, unsigned int order, enum pb_migratetype mt)
{
	unsigned long pfn;

	if (pb_zone_free_pages(zone) - (1L << order) < zone->fast_mark)
		return PB_NO_PFN;
	pfn = pb_pcp_alloc(zone, order, mt, PB_ALLOC_NOFRAGMENT);
	if (likely(pfn != PB_NO_PFN) && unlikely(!mark_allocated(zone, pfn, order)))
		return PB_NO_PFN;
	return pfn;
}
EXPORT_SYMBOL_PB_TEST(pb_alloc_refill);

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

/**
 * pb_get_page_from_freelist - one walk over the zonelist
 * @pool: the pool
 * @rq: the request
 *
 * Context: any. Return: PFN, or PB_NO_PFN. As get_page_from_freelist() in mm/page_alloc.c.
 */
unsigned long pb_get_page_from_freelist(struct pb_pool *pool, const struct pb_request *rq)
{
	struct pb_zonelist *zonelist = pool->zonelist[rq->nid];
	struct pb_zone *zone;
	unsigned long pfn;
	unsigned int i;

	for (i = 0; i < zonelist->nr; i++) {
		zone = zonelist->zone[i];
		if (!pb_zone_allowed(zone, rq) ||
		    !pb_zone_watermark_ok(zone, 1UL << rq->order, rq->highest_zone, rq->flags))
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
EXPORT_SYMBOL_PB_TEST(pb_get_page_from_freelist);

