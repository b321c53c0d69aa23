// SPDX-License-Identifier: GPL-2.0-only
/*
 * Getting memory back from those who hold it and can do without.
 *
 * A reclaimer tells how many pages it could give up, and is asked for a share of them that
 * doubles from round to round, so that large and small ones lose in proportion. What is too
 * little for a call of its own is remembered and asked for later. Whoever gives up pages frees
 * them by itself; nothing here touches a page.
 */
#include "core/alloc/reclaim.h"
#include "core/base/pool_types.h"
#include "core/base/request.h"
#include "core/zone/zone.h"

/* What this round wants of a reclaimer. */
static unsigned long share(const struct pb_ask *ask)
{
	if (!ask->seeks)
		return ask->freeable / 2;
	return (ask->freeable >> ask->priority) * 4 / ask->seeks;
}

/**
 * pb_reclaim_ask - ask one reclaimer for its share
 * @ask: whom, and how hard
 *
 * Context: process, as @ask->scan wants it. Return: pages given up.
 * As do_shrink_slab() in mm/shrinker.c.
 */
unsigned long pb_reclaim_ask(struct pb_ask *ask)
{
	unsigned long batch = ask->batch ?: PB_RECLAIM_BATCH, freed = 0, got, scanned, now;
	unsigned long most = 2 * ask->freeable, deferred;

	ask->scanned = 0;
	if (!ask->freeable)
		return 0;
	/* Taken away, so that nobody else does the same work. */
	ask->left_over = atomic_long_xchg(ask->deferred, 0);
	ask->delta = share(ask);
	ask->total = min((ask->left_over >> ask->priority) + ask->delta, most);
	if (ask->begin)
		ask->begin(ask);

	/* Less than a batch only when that is all there is. */
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
 * pb_direct_reclaim - reclaim on behalf of a request that would fail otherwise
 * @pool: the pool
 * @rq: the request
 *
 * Rounds of rising insistence, until as much has come together as the request needs.
 *
 * Context: process, may sleep. The task is marked as one that reclaims meanwhile, so that what
 * reclaimers allocate never leads here again. Return: pages given up.
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
