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
static unsigned long share(const struct pb_ask *ask)
{
	if (!ask->seeks)
		return ask->freeable / 2;
	return (ask->freeable >> ask->priority) * 4 / ask->seeks;
}

/**
 * pb_reclaim_ask - query one reclaimer for its share
 * @ask: the query
 *
 * Context: process, as @ask->scan requires. Return: pages freed.
 * As do_shrink_slab() in mm/shrinker.c.
 */
unsigned long pb_reclaim_ask(struct pb_ask *ask)
{
	unsigned long batch = ask->batch ?: PB_RECLAIM_BATCH, freed = 0, got, scanned, now;
	unsigned long most = 2 * ask->freeable, deferred;

	ask->scanned = 0;
	if (!ask->freeable)
		return 0;
	/* Set to 0, so that a concurrent query does not scan the same pages. */
	ask->left_over = atomic_long_xchg(ask->deferred, 0);
	ask->delta = share(ask);
	ask->total = min((ask->left_over >> ask->priority) + ask->delta, most);
	if (ask->begin)
		ask->begin(ask);

	/* Scan less than a batch only when the reclaimer has no more. */
	while (ask->total >= batch || ask->total >= ask->freeable) {
		now = min(batch, ask->total);
		scanned = now;
		got = ask->scan(ask->arg, now, &scanned);
		if (got == PB_SCAN_STOP)
			break;
		freed += got;
		scanned = min(scanned, ask->total);
		ask->total -= scanned;
		ask->scanned += scanned;
		if (!scanned || !ask->total)
			break;
		cond_resched();
	}
	deferred = ask->left_over + ask->delta;
	deferred -= min(deferred, ask->scanned);
	atomic_long_add(min(deferred, most), ask->deferred);
	return freed;
}
EXPORT_SYMBOL_PB_TEST(pb_reclaim_ask);

/**
 * pb_direct_reclaim - reclaim in the context of a request
 * @pool: the pool
 * @rq: the request
 *
 * Rounds of rising priority, until as many pages were freed as the request needs.
 *
 * Context: process, may sleep. The task has PF_MEMALLOC meanwhile, so that allocations of
 * reclaimers do not reclaim recursively. Return: pages freed.
 * As try_to_free_pages() in mm/vmscan.c.
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
