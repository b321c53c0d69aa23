// SPDX-License-Identifier: GPL-2.0-only
/*
 * Reclaim: how many pages each reclaimer has to scan.
 *
 * A reclaimer reports how many pages it could free. Each round queries it for a share that
 * doubles from round to round, so that large and small reclaimers are scanned in proportion. A
 * share below a batch is deferred to a later query. The reclaimer frees the pages; this file does
 * not access them.
 */
#include "core/alloc/reclaim.h"
#include "core/base/pool_types.h"
#include "core/base/request.h"
#include "core/cache/freelist.h"
#include "core/compact/compact.h"
#include "core/zone/zone.h"

/* Pages that this round scans in a reclaimer. */
static unsigned long share(const struct pb_reclaim_query *query)
{
	if (!query->seeks)
		return query->freeable / 2;
	return (query->freeable >> query->priority) * 4 / query->seeks;
}

/**
 * pb_reclaim_query - query one reclaimer for its share
 * @query: the query
 *
 * Context: process, as @query->scan requires.
 * Return: pages freed. As do_shrink_slab() in mm/shrinker.c.
 */
unsigned long pb_reclaim_query(struct pb_reclaim_query *query)
{
	unsigned long batch = query->batch ?: PB_RECLAIM_BATCH, freed = 0, got, scanned, now;
	unsigned long most = 2 * query->freeable, deferred;

	query->scanned = 0;
	if (!query->freeable)
		return 0;
	/* Set to 0, so that a concurrent query does not scan the same pages. */
	query->left_over = atomic_long_xchg(query->deferred, 0);
	query->delta = share(query);
	query->total = min((query->left_over >> query->priority) + query->delta, most);
	if (query->begin)
		query->begin(query);

	/* Scan less than a batch only when the reclaimer has no more. */
	while (query->total >= batch || query->total >= query->freeable) {
		now = min(batch, query->total);
		scanned = now;
		got = query->scan(query->arg, now, &scanned);
		if (got == PB_SCAN_STOP)
			break;
		freed += got;
		scanned = min(scanned, query->total);
		query->total -= scanned;
		query->scanned += scanned;
		if (!scanned || !query->total)
			break;
		cond_resched();
	}
	deferred = query->left_over + query->delta;
	deferred -= min(deferred, query->scanned);
	atomic_long_add(min(deferred, most), query->deferred);
	return freed;
}
EXPORT_SYMBOL_PB_TEST(pb_reclaim_query);

/*
 * Zones that may serve a request: whether one of them is ready for compaction, and whether all are.
 * ops->reclaim reclaims in the others only.
 */
static bool ready_zones(struct pb_pool *pool, const struct pb_request *rq, bool *all)
{
	struct pb_zone *zone;
	bool any = false;

	*all = true;
	pb_for_each_zone_zonelist(zone, pool->zonelist[rq->nid]) {
		if (!pb_zone_allowed(zone, rq))
			continue;
		if (pb_compaction_ready(zone, rq))
			any = true;
		else
			*all = false;
	}
	return any;
}

/*
 * Whether to stop before @want pages were freed: the request can be served, or compaction can make
 * its block. As should_continue_reclaim().
 */
static bool freed_enough(struct pb_pool *pool, const struct pb_request *rq, unsigned long got)
{
	struct pb_zone *zone;

	if (got < PB_SWAP_CLUSTER_MAX || rq->order <= PB_COSTLY_ORDER || rq->nr_pages ||
	    !pool->ops.migrate)
		return false;
	pb_for_each_zone_zonelist(zone, pool->zonelist[rq->nid])
		if (pb_zone_allowed(zone, rq) &&
		    (pb_zone_watermark_ok_order(zone, rq->order, pb_wmark_pages(zone, PB_WMARK_MIN),
						rq->highest_zone, PB_ALLOC_FLAG(0)) ||
		     pb_compaction_suitable(zone, rq->order, rq->highest_zone)))
			return true;
	return false;
}

/**
 * pb_direct_reclaim - reclaim in the context of a request
 * @pool: the pool
 * @rq: the request
 *
 * Rounds of rising priority, until as many pages were freed as the request needs. For costly blocks
 * and ranges only until compaction has enough free pages, since reclaim frees single pages.
 *
 * Context: process, may sleep. The task has PF_MEMALLOC meanwhile, so that allocations of
 * reclaimers do not reclaim recursively.
 * Return: pages freed; 1 if none was because compaction is ready. As try_to_free_pages() in
 * mm/vmscan.c.
 */
unsigned long pb_direct_reclaim(struct pb_pool *pool, const struct pb_request *rq)
{
	unsigned long want = max(PB_SWAP_CLUSTER_MAX, pb_request_pages(rq)), got = 0;
	bool all, ready = ready_zones(pool, rq, &all);
	int priority = PB_DEF_PRIORITY;
	unsigned int flags;

	if (!pool->ops.reclaim)
		return 0;
	might_sleep();
	pb_zone_event_add(pool->all_zones->zone[0], PB_ALLOCSTALL, 1);
	if (ready && all)
		return 1;
	flags = pb_noreclaim_save();
	do {
		ready = ready_zones(pool, rq, &all);
		got += pool->ops.reclaim(pool, rq, priority, want - got);
	} while (--priority >= 0 && got < want && !ready && !freed_enough(pool, rq, got));
	pb_noreclaim_restore(flags);
	if (pool->ops.reclaim_end)
		pool->ops.reclaim_end(pool, got);
	return got ?: ready;
}
EXPORT_SYMBOL_PB_TEST(pb_direct_reclaim);
