// SPDX-License-Identifier: GPL-2.0-only
/* Direct reclaim: a request in the slow path queries the reclaimers for its nodes. */
#include <linux/numa.h>

#include "api/reclaimer.h"
#include "core/alloc/reclaim.h"
#include "core/cache/freelist.h"
#include "core/compact/compact.h"
#include "core/zone/watermark.h"
#include "daemon/node_thread.h"
#include "daemon/shrink_zones.h"
#include "hooks/trace_vmscan.h"
#include "request/gfp.h"

/**
 * pb_shrink_zones - reclaim for a request; the core's ops->reclaim
 * @pool: the instance
 * @rq: the request
 * @priority: 0 to PB_DEF_PRIORITY; lower scans more
 * @nr_pages: pages needed
 *
 * Reclaims on each node that may serve the request, nearest first, until enough pages are freed. A
 * node with free pages for compaction is skipped if the request is for a costly block.
 *
 * Context: process, may sleep.
 * Return: pages freed. As shrink_zones() in mm/vmscan.c.
 */
unsigned long pb_shrink_zones(struct pb_pool *pool, const struct pb_request *rq, int priority,
			      unsigned long nr_pages)
{
	gfp_t gfp = pb_gfp_of_alloc_flags(rq->flags);
	struct pb_zonelist *zones = pool->zonelist[rq->nid];
	unsigned long freed = 0, got, scanned;
	struct pb_zone *zone;
	int last = NUMA_NO_NODE;

	if (priority == PB_DEF_PRIORITY) {
		trace_mm_vmscan_direct_reclaim_begin(rq->order, gfp);
		if (pb_node_throttle(rq))
			pb_zone_event_add(zones->zone[0], PB_PGSCAN_DIRECT_THROTTLE, 1);
	}
	pb_for_each_zone_zonelist(zone, zones) {
		if (freed >= nr_pages)
			break;
		if (zone->nid == last || !pb_zone_allowed(zone, rq) ||
		    pb_compaction_ready(zone, rq))
			continue;
		last = zone->nid;
		scanned = 0;
		got = pb_reclaimer_scan_node(last, gfp, !(rq->flags & PB_ALLOC_NO_UNMAP), priority,
					     &scanned);
		pb_zone_event_add(zone, PB_PGSCAN_DIRECT, scanned);
		pb_zone_event_add(zone, PB_PGSTEAL_DIRECT, got);
		freed += got;
	}
	if (freed)
		pb_reclaimer_reset_failures();
	return freed;
}

/**
 * pb_shrink_zones_end - trace the end of a direct reclaim; the core's ops->reclaim_end
 * @pool: the instance
 * @freed: pages freed in all rounds
 *
 * Context: process.
 */
void pb_shrink_zones_end(struct pb_pool *pool, unsigned long freed)
{
	trace_mm_vmscan_direct_reclaim_end(freed);
}

/**
 * pb_shrinkable_pages - pages that reclaim could free; the core's ops->reclaimable
 * @zone: counts all pages of its node
 *
 * Context: process, may sleep.
 * Return: number of pages.
 */
unsigned long pb_shrinkable_pages(struct pb_zone *zone)
{
	return pb_reclaimer_count_node(zone->nid);
}
