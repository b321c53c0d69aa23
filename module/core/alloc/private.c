// SPDX-License-Identifier: GPL-2.0-only
/*
 * Requests that private zones serve (move.c): those with ->zones. The entry points of the core walk
 * the zonelist for them as for others, with node, nodemask, cpuset and restrictions of its zones,
 * and take the private zone in place of each. The slow path is short: what the walk does not find
 * may be in the caches, or be hidden by the index, or be made by compaction, and else the request
 * fails. Its caller makes it again without ->zones. It does not wake a thread, reclaim, or kill.
 *
 * Compaction takes its targets from the zone of the area that it empties (target.c), so no
 * block leaves the private zones, and none enters them. There is no other round: only reclaim would
 * change the result. Failures defer later requests for blocks and ranges, as in other zones, unless
 * they are RETRY_MAYFAIL.
 */
#include "core/alloc/private.h"
#include "core/alloc/slow.h"
#include "core/base/pool_types.h"
#include "core/base/zonelist.h"
#include "core/cache/drain.h"
#include "core/cache/freelist.h"
#include "core/compact/compact.h"
#include "core/zone/free_count.h"

/**
 * pb_private_drain - drain the caches for a request that private zones lack
 * @pool: the pool
 * @rq: the request, with ->zones
 * @nr_pages: its pages
 *
 * Drains those of other CPUs if the request may sleep, and none while all caches of these zones are
 * empty, so that requests to exhausted zones cost other CPUs nothing.
 *
 * Context: that of the request.
 * Return: whether a zone may have the pages: search by PB_ALLOC_SCAN.
 */
bool pb_private_drain(struct pb_pool *pool, const struct pb_request *rq, unsigned long nr_pages)
{
	unsigned long cached = 0;
	struct pb_zone *zone;
	bool any = false;

	pb_for_each_zone_zonelist(zone, pool->zonelist[rq->nid]) {
		if (!pb_zone_allowed(zone, rq))
			continue;
		zone = pb_serving_zone(rq, zone);
		if (!zone || nr_pages > READ_ONCE(zone->present_pages))
			continue;
		cached += pb_pcp_pages(zone);
		any |= pb_zone_free_pages(zone) + (long)pb_pcp_pages(zone) >= (long)nr_pages;
	}
	if (!any || !cached)
		return any;
	pb_pcp_drain_local(pool);
	if (rq->flags & PB_ALLOC_WAIT)
		pb_slow_drain_all(pool);
	return true;
}

/*
 * How hard to compact for a request: an opportunistic one does not wait for owners of blocks. One
 * that would retry in the slow path has no other try here, so deferral does not apply to it.
 */
static enum pb_compact_priority priority_of(const struct pb_request *rq)
{
	if (rq->flags & PB_ALLOC_NORETRY)
		return PB_COMPACT_PRIO_ASYNC;
	return rq->flags & PB_ALLOC_RETRY_MAYFAIL ? PB_COMPACT_PRIO_SYNC_FULL :
						    PB_COMPACT_PRIO_SYNC_LIGHT;
}

static unsigned long compact(struct pb_pool *pool, const struct pb_request *rq)
{
	struct pb_slow s = { .pool = pool, .rq = rq, .now = *rq, .pfn = PB_NO_PFN };

	return pb_may_reclaim(rq) && pb_slow_compact(&s, priority_of(rq)) ? s.pfn : PB_NO_PFN;
}

/**
 * pb_private_alloc_slow - allocate a block that the walk over private zones did not find
 * @pool: the pool
 * @rq: the request, with ->zones
 *
 * Context: that of the request.
 * Return: PFN, or PB_NO_PFN.
 */
unsigned long pb_private_alloc_slow(struct pb_pool *pool, const struct pb_request *rq)
{
	struct pb_request scan = *rq;
	unsigned long pfn;

	if (!pb_private_drain(pool, rq, 1UL << rq->order))
		return PB_NO_PFN;
	scan.flags |= PB_ALLOC_SCAN;
	pfn = pb_get_page_from_freelist(pool, &scan);
	return pfn != PB_NO_PFN ? pfn : compact(pool, rq);
}
