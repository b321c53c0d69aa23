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

/**
 * pb_direct_reclaim - reclaim in the context of a request
 * @pool: the pool
 * @rq: the request
 *
 * Rounds of rising priority, until as many pages were freed as the request needs.
 *
 * Context: process, may sleep. The task has PF_MEMALLOC meanwhile, so that allocations of
 * reclaimers do not reclaim recursively.
 * Return: pages freed. As try_to_free_pages() in mm/vmscan.c.
 */
unsigned long pb_direct_reclaim(struct pb_pool *pool, const struct pb_request *rq)
{
	unsigned long want = max(PB_SWAP_CLUSTER_MAX, 1UL << rq->order), got = 0;
	unsigned int flags;
	int priority;

	if (!pool->ops.reclaim)
		return 0;
	might_sleep();
	pb_zone_event_add(pool->all_zones->zone[0], PB_ALLOCSTALL, 1);
	flags = pb_noreclaim_save();
	for (priority = PB_DEF_PRIORITY; priority >= 0 && got < want; priority--)
		got += pool->ops.reclaim(pool, rq, priority, want - got);
	pb_noreclaim_restore(flags);
	return got;
}
EXPORT_SYMBOL_PB_TEST(pb_direct_reclaim);
