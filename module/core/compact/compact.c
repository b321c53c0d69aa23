// SPDX-License-Identifier: GPL-2.0-only
/*
 * Entry points of compaction: for a request, with priority, deferral and skip hints; proactively,
 * by a fragmentation score; for ranges. Results and rules are those of mm/compaction.c.
 * compact_scan.c chooses the areas, compact_zone.c empties them by migrate.c.
 */
#include "core/cache/freelist.h"
#include "core/compact/compact.h"
#include "core/zone/zone.h"

#define MAX_DEFER_SHIFT		6

/* ---- per zone ---- */

/**
 * pb_compact_init - allocate a zone's skip hints
 * @zone: the zone
 *
 * Context: may sleep.
 * Return: 0 or -ENOMEM.
 */
int pb_compact_init(struct pb_zone *zone)
{
	zone->compact_order_failed = PB_NR_ORDERS;
	zone->compact_skip = pb_meta_alloc(zone->nr_pageblocks, zone->nid);
	return zone->compact_skip ? 0 : -ENOMEM;
}

void pb_compact_destroy(struct pb_zone *zone)
{
	pb_meta_free(zone->compact_skip);
	zone->compact_skip = NULL;
}

/* ---- deferral ---- */

static void note_defer(struct pb_zone *zone, unsigned int order, enum pb_compact_step step)
{
	pb_compact_note(zone->pool, .step = step, .zone = zone, .order = order);
}

static void defer(struct pb_zone *zone, unsigned int order)
{
	unsigned int shift = READ_ONCE(zone->compact_defer_shift);

	WRITE_ONCE(zone->compact_considered, 0);
	WRITE_ONCE(zone->compact_defer_shift, min(shift + 1, (unsigned int)MAX_DEFER_SHIFT));
	if (order < READ_ONCE(zone->compact_order_failed))
		WRITE_ONCE(zone->compact_order_failed, order);
	note_defer(zone, order, PB_COMPACT_DEFER);
}

/*
 * Whether compaction is deferred this time. As compaction_deferred(); a race may lose an increment.
 */
static bool deferred(struct pb_zone *zone, unsigned int order)
{
	unsigned int limit = 1U << READ_ONCE(zone->compact_defer_shift), considered;

	if (order < READ_ONCE(zone->compact_order_failed))
		return false;
	considered = READ_ONCE(zone->compact_considered) + 1;
	WRITE_ONCE(zone->compact_considered, min(considered, limit));
	if (considered >= limit)
		return false;
	note_defer(zone, order, PB_COMPACT_IS_DEFERRED);
	return true;
}

/* Whether this run follows the longest deferral, so that the skip hints are stale. */
static bool restarting(struct pb_zone *zone, unsigned int order)
{
	return order >= READ_ONCE(zone->compact_order_failed) &&
	       READ_ONCE(zone->compact_defer_shift) == MAX_DEFER_SHIFT &&
	       READ_ONCE(zone->compact_considered) >= 1U << MAX_DEFER_SHIFT;
}

/**
 * pb_compact_defer_reset - reset the deferral after a success, or when one is expected
 * @zone: the zone
 * @order: order of the block
 * @alloc_success: an allocation succeeded after the compaction
 *
 * Context: any. As compaction_defer_reset() in mm/compaction.c.
 */
void pb_compact_defer_reset(struct pb_zone *zone, unsigned int order, bool alloc_success)
{
	if (alloc_success) {
		WRITE_ONCE(zone->compact_considered, 0);
		WRITE_ONCE(zone->compact_defer_shift, 0);
	}
	if (order >= READ_ONCE(zone->compact_order_failed))
		WRITE_ONCE(zone->compact_order_failed, order + 1);
	note_defer(zone, order, PB_COMPACT_DEFER_RESET);
}

/* Free pages that a compaction needs. As compact_gap(); see pb_compaction_suitable(). */
static unsigned long compact_gap(unsigned long nr_pages)
{
	return nr_pages < PB_PAGEBLOCK_NR ? 2 * nr_pages : nr_pages;
}

/**
 * pb_compaction_suitable - whether a zone has enough free pages as migration targets
 * @zone: the zone
 * @order: order of the requested block
 * @highest: highest zone type the request may use
 *
 * Requires the watermark plus twice the block, as compact_gap(). From the pageblock's order on the
 * block alone suffices: the allocated pages of an area fit outside of it when the zone has as many
 * free pages as the area. Pages that another compaction has isolated count, because this one waits
 * for their range.
 *
 * Context: any. As compaction_suitable() in mm/compaction.c.
 * Return: whether compaction may succeed.
 */
bool pb_compaction_suitable(struct pb_zone *zone, unsigned int order, enum pb_zone_type highest)
{
	unsigned long gap = compact_gap(1UL << order);
	long free = pb_zone_free_pages(zone) + pb_zone_isolated_pages(zone);
	bool suitable = free >= (long)gap &&
			pb_zone_watermark_ok_isolated(zone, gap, highest,
						      order > PB_COSTLY_ORDER ?
						      PB_ALLOC_WMARK_LOW : PB_ALLOC_WMARK_MIN);

	pb_compact_note(zone->pool, .step = PB_COMPACT_SUITABLE, .zone = zone, .order = order,
			.status = suitable ? PB_COMPACT_CONTINUE : PB_COMPACT_SKIPPED);
	return suitable;
}
EXPORT_SYMBOL_PB_TEST(pb_compaction_suitable);

/**
 * pb_compaction_ready - whether a zone has enough free pages for compaction without reclaim
 * @zone: the zone
 * @rq: the request
 *
 * Compaction, and not reclaim, makes costly blocks and ranges. Above the high watermark and the
 * migration targets it has a buffer against other requests, too.
 *
 * Context: any. As compaction_ready() in mm/vmscan.c.
 * Return: whether it has; false when no block can be migrated.
 */
bool pb_compaction_ready(struct pb_zone *zone, const struct pb_request *rq)
{
	unsigned long gap = compact_gap(pb_request_pages(rq));

	return rq->order > PB_COSTLY_ORDER && zone->pool->ops.migrate &&
	       pb_zone_free_pages(zone) - (long)gap >=
	       pb_zone_floor(zone, gap, rq->highest_zone, PB_ALLOC_WMARK_HIGH);
}
EXPORT_SYMBOL_PB_TEST(pb_compaction_ready);

/* ---- for a request ---- */

/* As compact_zone_order(). */
static enum pb_compact_result compact_zone_order(struct pb_zone *zone, const struct pb_request *rq,
						 enum pb_compact_priority prio,
						 unsigned long *captured_pfn)
{
	bool full = prio == PB_COMPACT_PRIO_SYNC_FULL;
	struct pb_capture capture = { .rq = rq, .pfn = PB_NO_PFN };
	struct pb_compact_control cc;
	enum pb_compact_result ret;

	if (!pb_compaction_suitable(zone, rq->order, rq->highest_zone))
		return PB_COMPACT_SKIPPED;
	if (full || restarting(zone, rq->order))
		pb_compact_reset_skip(zone);
	pb_compact_control_init(&cc, zone, rq->order,
				prio == PB_COMPACT_PRIO_ASYNC ? PB_MIGRATE_ASYNC :
				PB_MIGRATE_SYNC_LIGHT);
	atomic_inc(&zone->compact_direct);
	ret = pb_compact_zone(&cc, captured_pfn ? &capture : NULL);
	atomic_dec(&zone->compact_direct);
	if (captured_pfn)
		*captured_pfn = capture.pfn;
	return ret;
}

static bool last_zone(enum pb_compact_priority prio)
{
	return (prio == PB_COMPACT_PRIO_ASYNC && pb_need_resched()) || pb_fatal_signal();
}

static enum pb_compact_result try_zones(struct pb_pool *pool, const struct pb_request *rq,
					enum pb_compact_priority prio, unsigned long *captured_pfn)
{
	enum pb_compact_result ret = PB_COMPACT_SKIPPED, status;
	struct pb_zone *zone;

	pb_for_each_zone_zonelist(zone, pool->zonelist[rq->nid]) {
		if (!pb_zone_allowed(zone, rq))
			continue;
		zone = pb_serving_zone(rq, zone);
		if (!zone)
			continue;
		if (prio != PB_COMPACT_PRIO_SYNC_FULL && deferred(zone, rq->order)) {
			ret = max_t(enum pb_compact_result, ret, PB_COMPACT_DEFERRED);
			continue;
		}
		status = compact_zone_order(zone, rq, prio, captured_pfn);
		ret = max(ret, status);
		if (status == PB_COMPACT_SUCCESS) {
			pb_compact_defer_reset(zone, rq->order,
					       captured_pfn && *captured_pfn != PB_NO_PFN);
			break;
		}
		if (prio != PB_COMPACT_PRIO_ASYNC && (status == PB_COMPACT_COMPLETE ||
						      status == PB_COMPACT_PARTIAL_SKIPPED))
			defer(zone, rq->order);
		if (last_zone(prio))
			break;
	}
	return ret;
}

/**
 * pb_compact_pages - compact the zones that a request may use
 * @pool: the pool
 * @rq: the request, with PB_ALLOC_WAIT and an order above 0
 * @prio: priority
 * @captured_pfn: set to the block, allocated for the request, or to PB_NO_PFN; NULL: the block
 *	stays free
 *
 * Context: process, may sleep.
 * Return: the result. As try_to_compact_pages() in mm/compaction.c.
 */
enum pb_compact_result pb_compact_pages(struct pb_pool *pool, const struct pb_request *rq,
					enum pb_compact_priority prio, unsigned long *captured_pfn)
{
	if (captured_pfn)
		*captured_pfn = PB_NO_PFN;
	if (!pool->ops.migrate || !rq->order || !(rq->flags & PB_ALLOC_WAIT))
		return PB_COMPACT_SKIPPED;
	might_sleep();
	pb_compact_note(pool, .step = PB_COMPACT_TRY_PAGES, .order = rq->order, .rq = rq,
			.prio = prio);
	return try_zones(pool, rq, prio, captured_pfn);
}
EXPORT_SYMBOL_PB_TEST(pb_compact_pages);

/* ---- proactive compaction ---- */

/**
 * pb_zone_free_pageblocks - count the free pageblocks in the index of a zone
 * @zone: the zone
 *
 * Context: any. Approximate while others allocate; isolated pageblocks are not counted.
 * Return: their number.
 */
unsigned long pb_zone_free_pageblocks(struct pb_zone *zone)
{
	unsigned long nr = 0, i;
	struct pb_bitmap *map;
	unsigned int mt;

	for (mt = 0; mt < PB_INDEXED_TYPES; mt++) {
		map = &zone->area[mt].free_pageblocks;
		for (i = 0; i < zone->nr_pageblocks; i += BITS_PER_LONG)
			nr += hweight_long(READ_ONCE(*pb_bitmap_word(map, i)));
	}
	return nr;
}
EXPORT_SYMBOL_PB_TEST(pb_zone_free_pageblocks);

/*
 * Free memory outside of free pageblocks, in percent. As extfrag_for_order() in mm/vmstat.c.
 */
static unsigned int score_zone(struct pb_zone *zone)
{
	unsigned long free = max(pb_zone_free_pages(zone), 0L);
	unsigned long in_free_pageblocks = pb_zone_free_pageblocks(zone) << PB_PAGEBLOCK_ORDER;

	return free && in_free_pageblocks < free ? (free - in_free_pageblocks) * 100 / free : 0;
}

/**
 * pb_fragmentation_score - fragmentation of a node's free memory
 * @pool: the pool
 * @nid: the node
 *
 * Context: any.
 * Return: 0 to 100. As fragmentation_score_node() in mm/compaction.c.
 */
unsigned int pb_fragmentation_score(struct pb_pool *pool, int nid)
{
	unsigned long sum = 0, present = 0;
	struct pb_zone *zone;

	pb_for_each_node_zone(zone, pool, nid) {
		sum += READ_ONCE(zone->present_pages) * score_zone(zone);
		present += READ_ONCE(zone->present_pages);
	}
	return present ? sum / present : 0;
}
EXPORT_SYMBOL_PB_TEST(pb_fragmentation_score);

/* As fragmentation_score_wmark() in mm/compaction.c. */
static unsigned int score_watermark(unsigned int proactiveness, bool low)
{
	unsigned int mark = max(100U - min(proactiveness, 100U), 5U);

	return low ? mark : min(mark + 10, 100U);
}

/**
 * pb_compact_node_wanted - whether a node is fragmented enough for proactive compaction
 * @pool: the pool
 * @nid: the node
 * @proactiveness: 0 (never) to 100
 *
 * Context: any. As should_proactive_compact_node() in mm/compaction.c.
 * Return: whether to compact the node.
 */
bool pb_compact_node_wanted(struct pb_pool *pool, int nid, unsigned int proactiveness)
{
	return proactiveness && pool->ops.migrate &&
	       pb_fragmentation_score(pool, nid) > score_watermark(proactiveness, false);
}
EXPORT_SYMBOL_PB_TEST(pb_compact_node_wanted);

/*
 * Makes up to @most free pageblocks, until the score is low enough or no more can be made; adds the
 * pages it has moved to @moved and returns the number of pageblocks. Proactive compaction stops
 * when a request compacts the zone, because an isolated pageblock may lie in the only range that
 * suits the request.
 */
static unsigned long gain_blocks(struct pb_zone *zone, enum pb_migrate_mode mode,
				 unsigned int proactiveness, unsigned long most,
				 unsigned long *moved)
{
	enum pb_compact_result ret = PB_COMPACT_SUCCESS;
	struct pb_compact_control cc;
	unsigned long nr = 0;

	pb_compact_reset_skip(zone);
	while (nr < most && ret == PB_COMPACT_SUCCESS) {
		if (proactiveness && (atomic_read(&zone->compact_direct) ||
				      pb_fragmentation_score(zone->pool, zone->nid) <=
				      score_watermark(proactiveness, true)))
			break;
		pb_compact_control_init(&cc, zone, PB_PAGEBLOCK_ORDER, mode);
		cc.gain = true;
		cond_resched();
		ret = pb_compact_zone(&cc, NULL);
		nr += ret == PB_COMPACT_SUCCESS;
		*moved += cc.moved;
	}
	return nr;
}

/**
 * pb_compact_node - compact a node proactively
 * @pool: the pool
 * @nid: the node
 * @proactiveness: 1 to 100; selects the fragmentation score to reach
 *
 * Ends at the low threshold of the score, or when no pageblock can be made free.
 *
 * Context: process, may sleep. As compact_node() in mm/compaction.c.
 */
void pb_compact_node(struct pb_pool *pool, int nid, unsigned int proactiveness)
{
	unsigned long moved = 0;
	struct pb_zone *zone;

	if (!pool->ops.migrate || !proactiveness)
		return;
	pb_for_each_node_zone(zone, pool, nid) {
		pb_zone_event_add(zone, PB_KCOMPACTD_WAKE, 1);
		gain_blocks(zone, PB_MIGRATE_SYNC_LIGHT, proactiveness, ULONG_MAX, &moved);
	}
}
EXPORT_SYMBOL_PB_TEST(pb_compact_node);

/**
 * pb_compact_zone_most - make free pageblocks, up to a number
 * @zone: the zone
 * @most: pageblocks to gain at most
 * @moved: the pages that were moved are added to it
 *
 * Ends early when the task has a fatal signal.
 *
 * Context: process, may sleep.
 * Return: pageblocks gained; fewer than @most when no more can be made free.
 */
unsigned long pb_compact_zone_most(struct pb_zone *zone, unsigned long most, unsigned long *moved)
{
	if (!zone->pool->ops.migrate)
		return 0;
	return gain_blocks(zone, PB_MIGRATE_SYNC, 0, most, moved);
}
EXPORT_SYMBOL_PB_TEST(pb_compact_zone_most);

/**
 * pb_compact_zone_fully - make as many free pageblocks as possible
 * @zone: the zone
 *
 * Context: process, may sleep.
 * Return: pageblocks gained. As compact_node() in mm/compaction.c.
 */
unsigned long pb_compact_zone_fully(struct pb_zone *zone)
{
	unsigned long moved = 0;

	return pb_compact_zone_most(zone, ULONG_MAX, &moved);
}
EXPORT_SYMBOL_PB_TEST(pb_compact_zone_fully);

/* ---- ranges ---- */

/* The order by which a range is deferred: that of the block around it. */
static unsigned int order_of_range(unsigned long nr_pages)
{
	return min_t(unsigned int, order_base_2(nr_pages), PB_MAX_ORDER);
}

/*
 * Whether a range in a zone is deferred as a block is. Only in private zones, as their requests are
 * made again without them, except for those of strict groups, which fail. Other ranges are not
 * deferred, as those of alloc_contig_pages() are not.
 */
static bool range_deferred(struct pb_zone *zone, const struct pb_request *rq,
			   unsigned long nr_pages)
{
	return rq->zones && !(rq->flags & PB_ALLOC_RETRY_MAYFAIL) &&
	       deferred(zone, order_of_range(nr_pages));
}

static void note_range(struct pb_zone *zone, const struct pb_request *rq, unsigned long nr_pages,
		       enum pb_compact_result ret)
{
	if (!rq->zones)
		return;
	if (ret == PB_COMPACT_SUCCESS)
		pb_compact_defer_reset(zone, order_of_range(nr_pages), true);
	else if (ret == PB_COMPACT_COMPLETE || ret == PB_COMPACT_PARTIAL_SKIPPED)
		defer(zone, order_of_range(nr_pages));
}

/**
 * pb_compact_range - empty a range of any number of frames, and allocate it
 * @zone: the zone
 * @rq: the request whose watermarks apply
 * @nr_pages: number of frames; below a pageblock a power of two, above it whole pageblocks
 * @align: alignment of the range from a pageblock on, in pageblocks; a power of two
 * @alloc: called with the range, with preemption off
 * @arg: for @alloc
 *
 * Pageblocks of contiguous areas can be used, too, and keep their type. When the other free pages
 * of the zone are at the watermark, only they are used. In private zones failures defer later
 * ranges and blocks of their order.
 *
 * Context: process, may sleep.
 * Return: whether it was allocated. As alloc_contig_pages() in mm/page_alloc.c.
 */
bool pb_compact_range(struct pb_zone *zone, const struct pb_request *rq, unsigned long nr_pages,
		      unsigned long align, pb_compact_alloc_fn alloc, void *arg)
{
	struct pb_capture capture = { .rq = rq, .alloc = alloc, .arg = arg, .pfn = PB_NO_PFN };
	unsigned int order = min_t(unsigned int, ilog2(nr_pages), PB_MAX_ORDER);
	struct pb_compact_control cc;
	enum pb_compact_result ret;

	if (!zone->pool->ops.migrate || nr_pages > READ_ONCE(zone->present_pages))
		return false;
	might_sleep();
	if (range_deferred(zone, rq, nr_pages))
		return false;
	pb_compact_reset_skip(zone);
	pb_compact_control_init(&cc, zone, order, PB_MIGRATE_SYNC);
	cc.types |= BIT(PB_CMA);
	if (!pb_zone_watermark_ok_isolated(zone, nr_pages, rq->highest_zone, rq->flags))
		cc.types = BIT(PB_CMA);
	if (nr_pages >= PB_PAGEBLOCK_NR) {
		cc.nr = nr_pages >> PB_PAGEBLOCK_ORDER;
		cc.align = align;
	}
	atomic_inc(&zone->compact_direct);
	ret = pb_compact_zone(&cc, &capture);
	atomic_dec(&zone->compact_direct);
	note_range(zone, rq, nr_pages, ret);
	return ret == PB_COMPACT_SUCCESS;
}
