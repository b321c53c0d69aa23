// SPDX-License-Identifier: GPL-2.0-only
/*
 * One run of compaction over a zone: empty areas by migrating their blocks.
 *
 * The area that is cheapest to empty (compact_scan.c) is isolated (isolate.c), and its blocks
 * are migrated to the fullest pageblocks (migrate.c). The request that waits for the area
 * receives it, with its order set, before another request can allocate from it. A block that
 * cannot be migrated ends the attempt, and the next cheapest area is tried. As compact_zone()
 * in mm/compaction.c.
 */
#include "core/base/pfn.h"
#include "core/cache/drain.h"
#include "core/cache/freelist.h"
#include "core/cache/zeroed.h"
#include "core/compact/compact_zone.h"
#include "core/compact/migrate.h"
#include "core/compact/movable.h"
#include "core/index/pageblock.h"
#include "core/zone/zone.h"

/*
 * Ticks to wait for a range of another compaction, which takes about one to empty a pageblock, and
 * the most ticks for any range.
 */
#define WAIT_TICKS	64
#define WAIT_TICKS_MOST	1024

/*
 * The movable blocks of an order in a word of a pageblock, from this frame on, up to the next block
 * of another kind. Of a word or more: the one block. @next is set to the frame behind.
 */
static u64 movable_blocks(const u8 *order_map, unsigned int frame, unsigned int end,
			  unsigned int order, unsigned int *next)
{
	unsigned int i = frame, first = round_down(frame, PB_WORD_NR);
	u64 heads = 0;
	u8 val;

	if (order >= PB_WORD_ORDER) {
		*next = frame + (1U << order);
		return 1;
	}
	end = min(end, first + PB_WORD_NR);
	while (i < end) {
		if (!order && !(i % 8)) {
			while (i + 8 <= end && pb_singles_are_movable(&order_map[i])) {
				heads |= 0xffULL << (i - first);
				i += 8;
			}
			if (i == end)
				break;
		}
		val = pb_peek(&order_map[i]);
		if (!(val & PB_FRAME_ORDER_MASK)) {
			i++;
			continue;
		}
		if ((val & (PB_FRAME_ORDER_MASK | PB_FRAME_MOVABLE)) !=
		    (order + 1) + PB_FRAME_MOVABLE)
			break;
		heads |= BIT_ULL(i - first);
		i += 1U << order;
	}
	*next = i;
	return heads;
}

/*
 * Migrates the area's blocks in one pageblock; -EAGAIN: a block was not migrated. The caller frees
 * @sources.
 */
static int move_pageblock(struct pb_compact_control *cc, struct pb_compact_blocks *sources,
			  const struct pb_area *area, unsigned long index)
{
	unsigned long start = pb_pageblock_pfn(cc->zone, index), pfn;
	struct pb_dir_entry *entry = pb_dir_entry(cc->zone->pool, start);
	struct pb_pageblock *pageblock = pb_entry_pageblock(READ_ONCE(entry->value));
	unsigned int i = area->frame, end = i + area->frames, order;
	int ret = 0, err;
	u64 heads;
	u8 val;

	while (i < end) {
		val = pb_peek(&pageblock->order_map[i]);
		if (!(val & PB_FRAME_ORDER_MASK)) {
			i++;
			continue;
		}
		order = pb_frame_scan_size(val) - 1;
		err = -EBUSY;
		if (val & PB_FRAME_MOVABLE) {
			pfn = start + (order < PB_WORD_ORDER ? round_down(i, PB_WORD_NR) : i);
			heads = movable_blocks(pageblock->order_map, i, end, order, &i);
			err = pb_migrate_blocks(cc, sources, pfn, heads, order);
		} else {
			i += 1U << order;
		}
		if (err == -ENOMEM || err == -EINTR)
			return err;
		if (err)
			ret = -EAGAIN;
		if (err && cc->mode == PB_MIGRATE_ASYNC)
			return ret;
	}
	if (cc->mode != PB_MIGRATE_ASYNC)
		cond_resched();
	return ret;
}

/* Counts the events of a pageblock's blocks together, as migrate_pages() in mm/migrate.c. */
static void count_moves(struct pb_compact_control *cc, unsigned long isolated, unsigned long moved)
{
	pb_zone_event_add(cc->zone, PB_COMPACTFREE_SCANNED, cc->scanned);
	pb_zone_event_add(cc->zone, PB_COMPACTISOLATED, isolated);
	pb_zone_event_add(cc->zone, PB_PGMIGRATE_SUCCESS, moved);
	pb_zone_event_add(cc->zone, PB_PGMIGRATE_FAIL, isolated - moved);
	cc->scanned = 0;
}

static int empty_pageblock(struct pb_compact_control *cc, const struct pb_area *area,
			   unsigned long index)
{
	unsigned long isolated = cc->isolated, moved = cc->moved;
	unsigned long start = pb_pageblock_pfn(cc->zone, index) + area->frame;
	struct pb_compact_blocks sources = {};
	int ret = move_pageblock(cc, &sources, area, index);

	pb_compact_free_blocks(cc->zone, &sources);
	isolated = cc->isolated - isolated;
	moved = cc->moved - moved;
	count_moves(cc, isolated, moved);
	pb_compact_note(cc->zone->pool, .step = PB_COMPACT_ISOLATE_MIGRATEPAGES, .zone = cc->zone,
			.order = cc->order, .start = start, .end = start + area->frames,
			.nr = { area->frames, isolated });
	if (isolated)
		pb_compact_note(cc->zone->pool, .step = PB_COMPACT_MIGRATEPAGES, .zone = cc->zone,
				.order = cc->order, .nr = { isolated, moved });
	return ret;
}

static unsigned int passes(struct pb_compact_control *cc)
{
	return cc->mode == PB_MIGRATE_ASYNC ? 1 : cc->mode == PB_MIGRATE_SYNC ? 10 : 3;
}

/* Drains CPUs' caches, which may hold frames of the area. */
static void drain(struct pb_compact_control *cc)
{
	struct pb_pool *pool = cc->zone->pool;

	pb_pcp_drain_local(pool);
	if (cc->mode != PB_MIGRATE_ASYNC && pool->ops.drain_all)
		pool->ops.drain_all(pool);
}

/* Empties an isolated area; 0 when everything in it is free. The caller frees cc->ready. */
static int try_empty_area(struct pb_compact_control *cc, const struct pb_area *area)
{
	struct pb_area_scan scan;
	unsigned long i;
	unsigned int n;
	int ret;

	for (n = 0; n < passes(cc); n++) {
		pb_area_scan(cc->zone, area, &scan);
		if (scan.in_flight) {
			drain(cc);
			pb_area_scan(cc->zone, area, &scan);
		}
		if (scan.free == pb_area_pages(area))
			return 0;
		if (scan.pinned)
			return -EBUSY;
		cc->wanted = scan.movable;
		for (i = area->first; i < area->first + area->nr; i++) {
			ret = empty_pageblock(cc, area, i);
			if (ret && (ret != -EAGAIN || cc->mode == PB_MIGRATE_ASYNC))
				return ret;
		}
	}
	pb_area_scan(cc->zone, area, &scan);
	return scan.free == pb_area_pages(area) ? 0 : -EBUSY;
}

static int empty_area(struct pb_compact_control *cc, const struct pb_area *area)
{
	int ret = try_empty_area(cc, area);

	pb_compact_free_ready(cc);
	return ret;
}

/*
 * Allocates the area for the waiting request while it is isolated. -EAGAIN: not all is free;
 * -ENOMEM: the watermark refuses it, and the run ends as contended.
 */
static int capture_area(struct pb_compact_control *cc, const struct pb_area *area,
			struct pb_capture *capture)
{
	struct pb_zone *zone = cc->zone;
	unsigned long pfn = pb_pageblock_pfn(zone, area->first) + area->frame;
	unsigned int order = ilog2(pb_area_pages(area));
	int ret;

	preempt_disable();
	ret = pb_area_alloc(zone, area, capture->rq);
	if (ret) {
		preempt_enable();
		cc->contended |= ret == -ENOMEM;
		return ret;
	}
	/* A block of an earlier try of the request, which went back, may have been zero. */
	if (capture->rq->zeroed)
		*capture->rq->zeroed = false;
	if (capture->alloc) {
		capture->alloc(zone, pfn, pb_area_pages(area), capture->arg);
	} else {
		pb_zeroed_test_and_clear(zone, pfn, 1UL << order);
		pb_order_map_set(pb_order_map(zone->pool, pfn), order, capture->rq);
		pb_zone_count_alloc(zone, 1L << order);
		pb_count_numa(zone, capture->rq);
	}
	preempt_enable();
	capture->pfn = pfn;
	return 0;
}

/*
 * Empties one isolated area and ends its isolation; 0 when it is free, or captured if @capture is
 * given.
 */
static int compact_area(struct pb_compact_control *cc, const struct pb_area *area,
			struct pb_capture *capture)
{
	unsigned int tries;
	int ret;

	for (tries = 0; tries < 2; tries++) {
		ret = empty_area(cc, area);
		if (ret || !capture)
			break;
		ret = capture_area(cc, area, capture);
		if (ret != -EAGAIN)
			break;
		/*
		 * An allocation that began before the isolation took frames; after a drain
		 * there is none left, unless the drain has interrupted one (isolate.c).
		 */
		drain(cc);
	}
	/* Whole pageblocks become the request's type, as by set_pageblock_migratetype(). */
	if (!ret && capture && !capture->alloc && area->frames == PB_PAGEBLOCK_NR)
		pb_area_unisolate_as(cc->zone, area, capture->rq->migratetype);
	else
		pb_area_unisolate(cc->zone, area);
	return ret;
}

/* Waits for some ticks; false when the task has a fatal signal. */
static bool wait_ticks(struct pb_compact_control *cc, unsigned long ticks)
{
	while (ticks--) {
		if (pb_compact_should_abort(cc))
			return false;
		pb_wait_tick();
	}
	return true;
}

/*
 * Finds the cheapest area. Requests that may sleep wait while another compaction has isolated
 * pageblocks of the only range, for example the node thread on behalf of the same request. The
 * wait doubles before each further search, which reads the index class of every pageblock. A range
 * that stays busy is contended, which does not defer, since nothing has failed.
 */
static bool find_area(struct pb_compact_control *cc, struct pb_area *area)
{
	unsigned long left = min_t(unsigned long, WAIT_TICKS + cc->nr, WAIT_TICKS_MOST);
	unsigned long wait = 1;

	for (;; left -= wait, wait = min(2 * wait, left)) {
		cc->busy = false;
		if (pb_compact_find_area(cc, area))
			return true;
		if (!cc->busy)
			return false;
		if (!left || cc->mode == PB_MIGRATE_ASYNC)
			cc->contended = true;
		if (cc->contended || !wait_ticks(cc, wait))
			return false;
	}
}

static enum pb_compact_result result_without_area(struct pb_compact_control *cc)
{
	if (cc->contended)
		return PB_COMPACT_CONTENDED;
	return cc->skipped ? PB_COMPACT_PARTIAL_SKIPPED : PB_COMPACT_COMPLETE;
}

/**
 * pb_compact_area - isolate and empty one area
 * @cc: the run
 * @area: the area
 * @capture: the request that receives the area, or NULL: it stays free
 *
 * Context: process, may sleep.
 * Return: 0 when it is free, or captured if @capture is given; -EALREADY when it cannot be
 * isolated, for example because another compaction has done so; another negative errno when it
 * cannot be emptied, or the run has ended.
 */
int pb_compact_area(struct pb_compact_control *cc, const struct pb_area *area,
		    struct pb_capture *capture)
{
	int ret;

	if (!pb_area_isolate(cc->zone, area))
		return -EALREADY;
	cc->migrate_pfn = pb_pageblock_pfn(cc->zone, area->first) + area->frame;
	ret = compact_area(cc, area, capture);
	pb_compact_note(cc->zone->pool, .step = PB_COMPACT_FINISHED, .zone = cc->zone,
			.order = cc->order,
			.status = ret ? PB_COMPACT_CONTINUE : PB_COMPACT_SUCCESS);
	return ret;
}
EXPORT_SYMBOL_PB_TEST(pb_compact_area);

static unsigned int area_tries(struct pb_compact_control *cc)
{
	return cc->mode == PB_MIGRATE_ASYNC ? 4 : 32;
}

static enum pb_compact_result compact_areas(struct pb_compact_control *cc,
					    struct pb_capture *capture)
{
	struct pb_area area;
	unsigned int tries;
	int ret;

	for (tries = 0; tries < area_tries(cc); tries++) {
		if (pb_compact_should_abort(cc))
			return PB_COMPACT_CONTENDED;
		if (!find_area(cc, &area))
			return result_without_area(cc);
		ret = pb_compact_area(cc, &area, capture);
		if (!ret)
			return PB_COMPACT_SUCCESS;
		if (!cc->contended && ret != -EALREADY)
			pb_compact_set_skip(cc, &area);
	}
	return cc->contended ? PB_COMPACT_CONTENDED : PB_COMPACT_PARTIAL_SKIPPED;
}

/**
 * pb_compact_zone - empty the cheapest area that can be emptied
 * @cc: the run
 * @capture: the request that receives the area, or NULL: it stays free
 *
 * Context: process, may sleep.
 * Return: the result.
 */
enum pb_compact_result pb_compact_zone(struct pb_compact_control *cc,
				       struct pb_capture *capture)
{
	struct pb_pool *pool = cc->zone->pool;
	bool sync = cc->mode != PB_MIGRATE_ASYNC;
	enum pb_compact_result ret;

	pb_compact_note(pool, .step = PB_COMPACT_BEGIN, .zone = cc->zone, .order = cc->order,
			.sync = sync, .start = cc->migrate_pfn, .end = cc->free_pfn);
	ret = compact_areas(cc, capture);
	pb_compact_note(pool, .step = PB_COMPACT_END, .zone = cc->zone, .order = cc->order,
			.sync = sync, .start = cc->migrate_pfn, .end = cc->free_pfn,
			.status = ret);
	return ret;
}

/**
 * pb_compact_control_init - initialise a run over a zone for blocks of one order
 * @cc: initialised
 * @zone: the zone
 * @order: 1 to PB_MAX_ORDER
 * @mode: mode of the migrations; PB_MIGRATE_ASYNC empties movable pageblocks only
 */
void pb_compact_control_init(struct pb_compact_control *cc, struct pb_zone *zone,
			     unsigned int order, enum pb_migrate_mode mode)
{
	unsigned int in_block = min_t(unsigned int, order, PB_PAGEBLOCK_ORDER), mt;

	*cc = (struct pb_compact_control) {
		.zone = zone,
		.order = order,
		.nr = 1UL << (order - in_block),
		.align = 1UL << (order - in_block),
		.frames = 1U << in_block,
		.types = mode == PB_MIGRATE_ASYNC ? BIT(PB_MOVABLE) : BIT(PB_PCPTYPES) - 1,
		.mode = mode,
		.to_free_pageblock = order > PB_PAGEBLOCK_ORDER,
		.migrate_pfn = zone->start_pfn,
		.free_pfn = round_down(zone->end_pfn - 1, PB_PAGEBLOCK_NR),
	};
	for (mt = 0; mt < PB_INDEXED_TYPES; mt++)
		cc->target[mt] = PB_NO_PAGEBLOCK;
}
EXPORT_SYMBOL_PB_TEST(pb_compact_control_init);
