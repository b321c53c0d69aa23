// SPDX-License-Identifier: GPL-2.0-only
/*
 * Decide whether a request in the slow path tries another round. The rules are those of
 * mm/page_alloc.c: they depend on the results of compaction and reclaim, and on the free and
 * reclaimable pages of the zones.
 */
#include "core/alloc/slow_retry.h"
#include "core/cache/freelist.h"
#include "core/zone/node_reclaim.h"
#include "core/zone/watermark.h"

#define MAX_RECLAIM_RETRIES	16	/* rounds without progress */
#define MAX_COMPACT_RETRIES	16	/* successful compactions that did not serve the request */

/**
 * pb_slow_huge_gives_up - whether a request for a huge page fails instead of stalling
 * @s: the request, after asynchronous compaction
 *
 * Huge pages are opportunistic. Only kthreads, which delay no task, continue after compaction was
 * contended. Context: any.
 * Return: whether it fails.
 */
bool pb_slow_huge_gives_up(const struct pb_slow *s)
{
	if (!pb_slow_costly(s) || !pb_slow_may(s, PB_ALLOC_NORETRY))
		return false;
	if (s->compact_result == PB_COMPACT_SKIPPED || s->compact_result == PB_COMPACT_DEFERRED)
		return true;
	if (s->compact_result == PB_COMPACT_CONTENDED && !pb_task_is_kthread())
		return true;
	return pb_slow_may(s, PB_ALLOC_THISNODE);
}

/* Calls @fits for each zone that may serve the request until it returns true. */
static bool any_zone(struct pb_slow *s,
		     bool (*fits)(struct pb_slow *s, struct pb_zone *zone, long pages))
{
	struct pb_zone *zone;
	long pages;

	pb_for_each_zone_zonelist(zone, s->pool->zonelist[s->rq->nid]) {
		if (!pb_zone_allowed(zone, &s->now))
			continue;
		/* Isolated pages are free again soon: no reason to kill. */
		pages = pb_zone_free_pages(zone) + pb_zone_isolated_pages(zone) +
			pb_zone_reclaimable_pages(zone);
		if (fits(s, zone, pages))
			return true;
	}
	return false;
}

/* Whether the request would succeed if all reclaimable pages were reclaimed. */
static bool would_fit(struct pb_slow *s, struct pb_zone *zone, long pages)
{
	long mark = READ_ONCE(zone->watermark[PB_WMARK_MIN]) +
		    READ_ONCE(zone->lowmem_reserve[s->rq->highest_zone]);

	/* Reclaim frees single pages; without a free block of the order, compaction is needed. */
	return pages - (1L << s->rq->order) + 1 > mark &&
	       (!s->rq->order || pb_zone_has_block(zone, s->rq->order, BIT(PB_PCPTYPES) - 1));
}

/* Whether compaction would have enough migration targets. As __compaction_suitable(). */
static bool would_compact(struct pb_slow *s, struct pb_zone *zone, long pages)
{
	return pages > (long)READ_ONCE(zone->watermark[PB_WMARK_LOW]) + (2L << s->rq->order);
}

/**
 * pb_slow_reclaim_retry - whether another round of reclaim may succeed
 * @s: the request
 *
 * Context: may sleep. As should_reclaim_retry().
 * Return: whether to retry.
 */
bool pb_slow_reclaim_retry(struct pb_slow *s)
{
	bool worth;

	/* Reclaimed pages rarely form a costly block, so they are no progress for one. */
	if (s->reclaimed && !pb_slow_costly(s))
		s->no_progress_loops = 0;
	else
		s->no_progress_loops++;
	worth = s->no_progress_loops <= MAX_RECLAIM_RETRIES && any_zone(s, would_fit);
	pb_resched();
	return worth || pb_slow_unreserve(s, true);
}

/**
 * pb_slow_compact_retry - whether another round of compaction may succeed
 * @s: the request; its compact_priority may be raised
 *
 * Context: any. As should_compact_retry().
 * Return: whether to retry.
 */
bool pb_slow_compact_retry(struct pb_slow *s)
{
	int max_retries = pb_slow_costly(s) ? MAX_COMPACT_RETRIES / 4 : MAX_COMPACT_RETRIES;
	enum pb_compact_priority hardest = pb_slow_costly(s) ? PB_COMPACT_PRIO_SYNC_LIGHT :
					   PB_COMPACT_PRIO_SYNC_FULL;

	if (!pb_slow_can_compact(s) || pb_fatal_signal())
		return false;
	if (s->compact_result == PB_COMPACT_SKIPPED)
		return any_zone(s, would_compact);
	/* Another request allocated the block that compaction made. */
	if (s->compact_result == PB_COMPACT_SUCCESS && ++s->compaction_retries <= max_retries)
		return true;
	if (s->compact_priority <= hardest)
		return false;
	s->compact_priority--;
	s->compaction_retries = 0;
	return true;
}
