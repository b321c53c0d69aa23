// SPDX-License-Identifier: GPL-2.0-only
/*
 * Compaction: choose the cheapest area to empty, and the migration targets.
 *
 * mm/ scans a zone from both ends. Here the index knows the fullness of every pageblock. Areas
 * come from the emptiest class that has any, and targets from the fullest, as for allocations.
 * Blocks are not migrated to a pageblock emptier than their own, so that one compaction does not
 * undo the work of another.
 *
 * Above the pageblock's order the cost of each aligned run of pageblocks is estimated from their
 * index classes, and the cheapest run is scanned frame by frame. A pageblock with unmovable
 * blocks gets a skip hint, and the next cheapest run is tried.
 */
#include "core/base/pfn.h"
#include "core/cache/freelist.h"
#include "core/cache/zeroed.h"
#include "core/compact/compact_scan.h"
#include "core/compact/movable.h"
#include "core/index/bitmap.h"
#include "core/index/free_area.h"
#include "core/index/pageblock.h"
#include "core/zone/fallback.h"
#include "core/zone/zone.h"

/* Pageblocks of one class to scan before the best of them is used. */
#define CLASS_LOOKS	256
/* Pageblocks with skip hints that an asynchronous run passes. */
#define SKIP_LOOKS	4096
/* Pageblocks of one class to try as a migration target. */
#define TARGET_TRIES	16
/* Cheapest runs to scan frame by frame before giving up. */
#define RUN_TRIES	32

#define NO_COST		(~0UL)

static void set_skip(struct pb_compact_control *cc, unsigned long index)
{
	u8 *hint = &cc->zone->compact_skip[index], old = READ_ONCE(*hint);

	if (!old || old > cc->order + 1)
		WRITE_ONCE(*hint, cc->order + 1);
}

/**
 * pb_compact_set_skip - set skip hints after an area could not be emptied
 * @cc: the run of compaction
 * @area: the area; skipped for blocks of this order and above
 *
 * Context: any. As set_pageblock_skip() in mm/compaction.c.
 */
void pb_compact_set_skip(struct pb_compact_control *cc, const struct pb_area *area)
{
	unsigned long i;

	for (i = area->first; i < area->first + area->nr; i++)
		set_skip(cc, i);
}

/**
 * pb_compact_reset_skip - clear the skip hints of a zone
 * @zone: the zone
 *
 * Context: any. As __reset_isolation_suitable() in mm/compaction.c.
 */
void pb_compact_reset_skip(struct pb_zone *zone)
{
	unsigned long i;

	for (i = 0; i < zone->nr_pageblocks; i++)
		WRITE_ONCE(zone->compact_skip[i], 0);
	WRITE_ONCE(zone->compact_async_from, 0);
}
EXPORT_SYMBOL_PB_TEST(pb_compact_reset_skip);

static bool skip(struct pb_compact_control *cc, unsigned long index)
{
	u8 hint = READ_ONCE(cc->zone->compact_skip[index]);

	if (!hint || hint > cc->order + 1)
		return false;
	cc->skipped = true;
	return true;
}

static bool type_fits(struct pb_compact_control *cc, unsigned long index)
{
	struct pb_dir_entry *entry = pb_zone_dir_entry(cc->zone, index);
	enum pb_migratetype mt;

	if (!entry)
		return false;
	mt = pb_entry_migratetype(READ_ONCE(entry->value));
	if (mt == PB_ISOLATE && cc->nr > 1)
		cc->busy = true;
	return cc->types & BIT(mt);
}

/* Pages to migrate out of an area, those in flight included; NO_COST when it cannot be emptied. */
static unsigned long cost_of(struct pb_compact_control *cc, const struct pb_area *area)
{
	struct pb_area_scan scan;

	pb_zone_event_add(cc->zone, PB_COMPACTMIGRATE_SCANNED, pb_area_pages(area));
	if (!pb_area_scan(cc->zone, area, &scan) || scan.pinned)
		return NO_COST;
	return scan.movable + scan.in_flight;
}

/*
 * Counts the free frames of a pageblock. @fullness is set to its fullness; when the index has
 * another one, the index is updated.
 */
static unsigned int count_free(struct pb_zone *zone, unsigned long index, unsigned int *fullness)
{
	struct pb_dir_entry *entry = pb_zone_dir_entry(zone, index);
	unsigned int nr = !entry ? 0 :
		pb_pageblock_count_free(pb_entry_pageblock(READ_ONCE(entry->value)));

	*fullness = pb_fullness(nr);
	if (nr < PB_PAGEBLOCK_NR &&
	    *fullness != pb_class_fullness(READ_ONCE(zone->ctl[index].index_class))) {
		preempt_disable();
		pb_index_update(zone, index);
		preempt_enable();
	}
	return nr;
}

/* The cheapest area of one pageblock. */
static unsigned long best_in_pageblock(struct pb_compact_control *cc, unsigned long index,
				       struct pb_area *best)
{
	struct pb_area area = { .first = index, .nr = 1, .frames = cc->frames };
	unsigned long cost, least = NO_COST;

	for (; area.frame < PB_PAGEBLOCK_NR; area.frame += cc->frames) {
		cost = cost_of(cc, &area);
		if (cost < least) {
			least = cost;
			*best = area;
		}
	}
	return least;
}

/*
 * Whether an asynchronous run has passed enough pageblocks with skip hints. The next one goes on
 * here, as with the cached positions of mm/compaction.c.
 */
static bool passed_enough(struct pb_compact_control *cc, unsigned long index)
{
	if (cc->mode != PB_MIGRATE_ASYNC || ++cc->passed < SKIP_LOOKS)
		return false;
	WRITE_ONCE(cc->zone->compact_async_from, index + 1);
	return true;
}

static unsigned long first_candidate(struct pb_compact_control *cc)
{
	return cc->mode == PB_MIGRATE_ASYNC ? READ_ONCE(cc->zone->compact_async_from) : 0;
}

/* The cheapest area among the pageblocks of one index bitmap that are not fuller than @fullest. */
static unsigned long best_in_map(struct pb_compact_control *cc, struct pb_bitmap *map,
				 unsigned int fullest, unsigned long least, struct pb_area *best)
{
	unsigned long index = first_candidate(cc), cost;
	unsigned int tries = 0, nr, fullness;
	struct pb_area area;

	for (; tries < CLASS_LOOKS; index++) {
		index = pb_bitmap_next(map, index);
		if (index == PB_NO_PAGEBLOCK) {
			if (first_candidate(cc))
				WRITE_ONCE(cc->zone->compact_async_from, 0);
			break;
		}
		if (skip(cc, index)) {
			if (passed_enough(cc, index))
				break;
			continue;
		}
		if (!type_fits(cc, index))
			continue;
		tries++;
		nr = count_free(cc->zone, index, &fullness);
		if (fullness < fullest)
			continue;
		/* The cost of a whole pageblock follows from its number of free frames. */
		if (cc->frames == PB_PAGEBLOCK_NR && PB_PAGEBLOCK_NR - nr >= least)
			continue;
		cost = best_in_pageblock(cc, index, &area);
		if (cost == NO_COST) {
			set_skip(cc, index);
			continue;
		}
		if (cost < least) {
			least = cost;
			*best = area;
		}
		if (!cost)
			break;
	}
	return least;
}

/* Up to the pageblock's order: free pageblocks, then the emptiest class that has any. */
static bool find_in_pageblock(struct pb_compact_control *cc, struct pb_area *best)
{
	unsigned long least = NO_COST;
	unsigned int mt;
	int fullness;

	for (mt = 0; mt < PB_INDEXED_TYPES && !cc->gain; mt++)
		if (cc->types & BIT(mt))
			least = best_in_map(cc, &cc->zone->area[mt].free_pageblocks, 0, least,
					    best);
	for (fullness = PB_NR_FULLNESS - 1; fullness >= 0 && least == NO_COST; fullness--)
		for (mt = 0; mt < PB_INDEXED_TYPES; mt++)
			if (cc->types & BIT(mt))
				least = best_in_map(cc, &cc->zone->area[mt].fullness[fullness],
						    fullness, least,
						    best);
	/* Targets are at least as full as the class of the area. */
	if (least != NO_COST)
		cc->limit = pb_class_fullness(READ_ONCE(cc->zone->ctl[best->first].index_class));
	return least != NO_COST;
}

/*
 * Pages to migrate out of a pageblock, estimated from its index class as the middle of the class.
 */
static unsigned long estimate(struct pb_compact_control *cc, unsigned long index)
{
	u16 class = READ_ONCE(cc->zone->ctl[index].index_class);

	if (!type_fits(cc, index) || skip(cc, index))
		return NO_COST;
	if (!class)
		return PB_PAGEBLOCK_NR;
	if (pb_class_largest(class) == PB_PAGEBLOCK_ORDER)
		return 0;
	return PB_PAGEBLOCK_NR - PB_FULLNESS_PAGES / 2 -
	       pb_class_fullness(class) * PB_FULLNESS_PAGES;
}

/* Estimates a run; @bad is set to the pageblock that cannot be emptied. */
static unsigned long estimate_run(struct pb_compact_control *cc, unsigned long first,
				  unsigned long most, unsigned long *bad)
{
	unsigned long sum = 0, cost, i;

	for (i = first; i < first + cc->nr; i++) {
		cost = estimate(cc, i);
		*bad = i;
		if (cost == NO_COST)
			return NO_COST;
		sum += cost;
		if (sum >= most)
			return sum;
	}
	return sum;
}

static bool cheapest_run(struct pb_compact_control *cc, struct pb_area *best)
{
	unsigned long step = max(cc->align, round_down(cc->nr / 4, cc->align));
	unsigned long least = NO_COST, cost, bad, i;

	for (i = 0; i + cc->nr <= cc->zone->nr_pageblocks;) {
		cost = estimate_run(cc, i, least, &bad);
		if (cost < least) {
			least = cost;
			*best = (struct pb_area) {
				.first = i, .nr = cc->nr, .frames = PB_PAGEBLOCK_NR,
			};
		}
		i = cost == NO_COST ? round_up(bad + 1, cc->align) : i + step;
		if (!least)
			break;
		cond_resched();
	}
	return least != NO_COST;
}

/* Sets skip hints on the pageblocks of a run that cannot be emptied; false when there are none. */
static bool find_pinned(struct pb_compact_control *cc, const struct pb_area *run)
{
	struct pb_area one = { .nr = 1, .frames = PB_PAGEBLOCK_NR };
	bool found = false;
	unsigned long i;

	for (i = run->first; i < run->first + run->nr; i++) {
		one.first = i;
		if (cost_of(cc, &one) != NO_COST)
			continue;
		set_skip(cc, i);
		found = true;
	}
	return found;
}

static bool find_run(struct pb_compact_control *cc, struct pb_area *best)
{
	unsigned int tries;

	cc->limit = PB_NR_FULLNESS - 1;
	for (tries = 0; tries < RUN_TRIES; tries++) {
		if (!cheapest_run(cc, best))
			return false;
		if (!find_pinned(cc, best))
			return true;
		if (pb_need_resched() && cc->mode == PB_MIGRATE_ASYNC)
			break;
	}
	cc->skipped = true;
	return false;
}

/**
 * pb_compact_find_area - find the area that is cheapest to empty
 * @cc: the run of compaction
 * @area: set to the area
 *
 * Context: process; may reschedule.
 * Return: false when every candidate was tried.
 */
bool pb_compact_find_area(struct pb_compact_control *cc, struct pb_area *area)
{
	return cc->nr > 1 || cc->align > 1 ? find_run(cc, area) : find_in_pageblock(cc, area);
}

/* Sets the order and flags of a migration target; false when it is still in use. */
static bool mark_target(struct pb_zone *zone, u8 *order_map, unsigned long pfn, unsigned int order)
{
	pb_zeroed_test_and_clear(zone, pfn, 1UL << order);
	if (unlikely(*order_map & PB_FRAME_ORDER_MASK)) {
		pb_zone_event_add(zone, PB_BAD_PAGE, 1);
		zone->pool->ops.bad(zone->pool, PB_BAD_IN_USE, pfn, order,
				    pb_frame_scan_size(*order_map) - 1);
		return false;
	}
	WRITE_ONCE(*order_map, (order + 1) | PB_FRAME_MOVABLE | PB_FRAME_ISOLATED);
	return true;
}

/*
 * Isolated pages that count as free for the watermark of targets. In mm/ all free pages of an area
 * do. Here whole pageblocks need none: the free pages outside of them suffice, by
 * pb_compaction_suitable(). Of an area in a pageblock, the isolation takes out the rest, too.
 */
static long spare_pages(struct pb_compact_control *cc)
{
	if (cc->frames == PB_PAGEBLOCK_NR)
		return 0;
	return atomic_read(&cc->zone->isolated[pb_pageblock_index(cc->zone, cc->migrate_pfn)]);
}

/* Counts a target, or several in one word, and marks them. Returns the heads of the targets. */
static u64 got_targets(struct pb_compact_control *cc, unsigned long pfn, u64 heads,
		       unsigned int order, unsigned long value)
{
	struct pb_pageblock *pageblock = pb_entry_pageblock(value);
	u8 *order_map = &pageblock->order_map[pb_frame_in_pageblock(pfn)];
	long pages = (long)hweight64(heads) << order;
	unsigned int bit;
	u64 left;

	if (!pb_zone_account_target(cc->zone, pages, spare_pages(cc))) {
		for (; heads; heads &= heads - 1)
			pb_pageblock_free(pageblock, pb_frame_in_pageblock(pfn) + __ffs64(heads),
					  order);
		return 0;
	}
	if (pb_entry_is_cma(value))
		atomic_long_sub(pages, &cc->zone->nr_free_cma);
	for (left = heads; left; left &= left - 1) {
		bit = __ffs64(left);
		if (!mark_target(cc->zone, order_map + bit, pfn + bit, order))
			heads &= ~BIT_ULL(bit);
	}
	return heads;
}

/* The number of targets that may be allocated together. */
static unsigned int most_targets(struct pb_compact_control *cc, unsigned int order)
{
	return order < PB_WORD_ORDER ? max(cc->wanted >> order, 1UL) : 1;
}

/* The next of the targets that were allocated in advance; there is one. */
static unsigned long pop_target(struct pb_compact_control *cc)
{
	unsigned long pfn = cc->ready.pfn + __ffs64(cc->ready.heads);

	cc->ready.heads &= cc->ready.heads - 1;
	return pfn;
}

/*
 * Allocates a target. Small ones: all that a word has, unless the area does not need as many, or
 * the watermark refuses them; the others are used next.
 */
static unsigned long alloc_target(struct pb_compact_control *cc, unsigned long index,
				  enum pb_migratetype mt, unsigned int order)
{
	struct pb_dir_entry *entry = pb_zone_dir_entry(cc->zone, index);
	unsigned int most = most_targets(cc, order);
	struct pb_pageblock *pageblock;
	unsigned long value, pfn = PB_NO_PFN;
	u64 heads = 0;
	int frame;

	if (!entry)
		return PB_NO_PFN;
	preempt_disable();
	value = pb_zone_entry_value(cc->zone, entry);
	pageblock = pb_entry_pageblock(value);
	while (pb_entry_migratetype(value) == mt) {
		heads = 1;
		if (order < PB_WORD_ORDER)
			frame = pb_pageblock_alloc_word(pageblock, order, most, &heads);
		else
			frame = pb_pageblock_alloc(pageblock, order);
		pfn = pb_pageblock_pfn(cc->zone, index) + frame;
		heads = frame < 0 ? 0 : got_targets(cc, pfn, heads, order, value);
		if (heads || most == 1)
			break;
		most = 1;
	}
	pb_index_update(cc->zone, index);
	preempt_enable();
	if (!heads)
		return PB_NO_PFN;
	cc->ready = (struct pb_compact_blocks) { pfn, heads, order };
	return pop_target(cc);
}

/**
 * pb_compact_free_blocks - free blocks that the migration owns
 * @zone: their zone
 * @blocks: the blocks; none afterwards
 *
 * Reports blocks that their owner has freed, which it did not own any more.
 *
 * Context: any.
 */
void pb_compact_free_blocks(struct pb_zone *zone, struct pb_compact_blocks *blocks)
{
	struct pb_pool *pool = zone->pool;
	unsigned int order = blocks->order;
	u64 left = blocks->heads;
	unsigned int bit;
	u8 *order_map;

	if (!left)
		return;
	preempt_disable();
	order_map = pb_order_map(pool, blocks->pfn);
	for (; left; left &= left - 1) {
		bit = __ffs64(left);
		if (unlikely(pb_frame_freed(xchg(&order_map[bit], 0))))
			pool->ops.bad(pool, PB_BAD_DOUBLE, blocks->pfn + bit, order, order);
	}
	pb_zone_free_mask_uncounted(zone, blocks->pfn, pb_word_expand(blocks->heads, order));
	pb_zone_account_free(zone, (long)hweight64(blocks->heads) << order);
	preempt_enable();
	blocks->heads = 0;
}

/* Whether a pageblock is of this type and has a free block of the order; its bit may be stale. */
static bool is_target(struct pb_zone *zone, unsigned long index, enum pb_migratetype mt,
		      unsigned int order)
{
	struct pb_dir_entry *entry = pb_zone_dir_entry(zone, index);
	unsigned long value = entry ? READ_ONCE(entry->value) : 0;

	return entry && pb_entry_migratetype(value) == mt &&
	       pb_pageblock_largest(pb_entry_pageblock(value)) >= (int)order;
}

/* The fullest among the first pageblocks of a class. */
static unsigned long fullest(struct pb_compact_control *cc, enum pb_migratetype mt,
			     unsigned int order, unsigned int step, unsigned long *scanned)
{
	unsigned long index = 0, found = PB_NO_PAGEBLOCK;
	unsigned int fullness, nr, least = PB_PAGEBLOCK_NR, tries;

	for (tries = 0; tries < CLASS_LOOKS && least > 1; tries++, index++) {
		index = pb_free_area_best(&cc->zone->area[mt], order, step, index, NULL);
		if (index == PB_NO_PAGEBLOCK)
			break;
		++*scanned;
		nr = count_free(cc->zone, index, &fullness);
		if (fullness > cc->limit || (!order && fullness > step))
			continue;
		if (nr && nr < least && is_target(cc->zone, index, mt, order)) {
			least = nr;
			found = index;
		}
	}
	return found;
}

/* Single frames fill one pageblock before the next one is searched. */
static unsigned long target_in_type(struct pb_compact_control *cc, enum pb_migratetype mt,
				    unsigned int order, unsigned long *scanned)
{
	unsigned int steps = pb_free_area_steps(order), step, tries;
	unsigned long pfn = PB_NO_PFN, index;

	if (!order && cc->target[mt] != PB_NO_PAGEBLOCK) {
		++*scanned;
		pfn = alloc_target(cc, cc->target[mt], mt, order);
	}
	for (step = 0; step < steps && pfn == PB_NO_PFN; step++) {
		for (tries = 0; tries < TARGET_TRIES && pfn == PB_NO_PFN; tries++) {
			index = fullest(cc, mt, order, step, scanned);
			if (index == PB_NO_PAGEBLOCK)
				break;
			pfn = alloc_target(cc, index, mt, order);
			if (!order)
				cc->target[mt] = index;
		}
	}
	return pfn;
}

static unsigned long target_in_free_pageblock(struct pb_compact_control *cc, enum pb_migratetype mt,
					      unsigned int order, unsigned long *scanned)
{
	unsigned long index = 0, pfn = PB_NO_PFN;
	unsigned int tries;

	for (tries = 0; tries < TARGET_TRIES && pfn == PB_NO_PFN; tries++) {
		index = pb_free_area_next_free(&cc->zone->area[mt], tries, index);
		if (index == PB_NO_PAGEBLOCK)
			break;
		++*scanned;
		pfn = alloc_target(cc, index, mt, order);
	}
	return pfn;
}

/* Converts a free pageblock. A preempted update delays other CPUs, and verify would see it. */
static bool claim_free_pageblock(struct pb_compact_control *cc, unsigned int order)
{
	bool claimed;

	preempt_disable();
	claimed = pb_fallback_claim_pageblock(cc->zone, order, PB_MOVABLE, PB_ALLOC_NOFRAGMENT);
	preempt_enable();
	return claimed;
}

static unsigned long find_target(struct pb_compact_control *cc, unsigned int order,
				 unsigned long *scanned)
{
	static const enum pb_migratetype types[] = { PB_MOVABLE, PB_CMA };
	unsigned long pfn = PB_NO_PFN;
	unsigned int i;

	for (i = 0; order < PB_PAGEBLOCK_ORDER && i < ARRAY_SIZE(types); i++) {
		pfn = target_in_type(cc, types[i], order, scanned);
		if (pfn != PB_NO_PFN)
			return pfn;
	}
	for (i = 0; cc->to_free_pageblock && i < ARRAY_SIZE(types) && pfn == PB_NO_PFN; i++)
		pfn = target_in_free_pageblock(cc, types[i], order, scanned);
	/* As suitable_migration_target(), which takes a free pageblock of any type. */
	if (pfn == PB_NO_PFN && cc->to_free_pageblock && claim_free_pageblock(cc, order))
		pfn = target_in_free_pageblock(cc, PB_MOVABLE, order, scanned);
	return pfn;
}

/**
 * pb_compact_target - allocate a migration target
 * @cc: the run of compaction
 * @order: 0 to 9
 *
 * From the fullest suitable pageblock, with others for the next calls (cc->ready), which the caller
 * frees at the end of an area by pb_compact_free_blocks(). The state of the block becomes movable
 * and isolated. A zone at its min watermark has no targets: the run ends as contended, as
 * __isolate_free_page() and compact_zone() in mm/ have it.
 *
 * Context: process.
 * Return: PFN, or PB_NO_PFN.
 */
unsigned long pb_compact_target(struct pb_compact_control *cc, unsigned int order)
{
	unsigned long scanned = 1, pfn;

	if (cc->ready.order != order)
		pb_compact_free_blocks(cc->zone, &cc->ready);
	if (cc->ready.heads) {
		pfn = pop_target(cc);
		goto found;
	}
	if (!pb_zone_target_ok(cc->zone, 1L << order, spare_pages(cc))) {
		cc->contended = true;
		return PB_NO_PFN;
	}
	scanned = 0;
	pfn = find_target(cc, order, &scanned);
found:
	cc->scanned += scanned;
	if (pfn == PB_NO_PFN)
		return pfn;
	cc->free_pfn = pfn;
	cc->wanted -= min(cc->wanted, 1UL << order);
	pb_compact_note(cc->zone->pool, .step = PB_COMPACT_ISOLATE_FREEPAGES, .zone = cc->zone,
			.order = cc->order, .start = pfn, .end = pfn + (1UL << order),
			.nr = { scanned, 1UL << order });
	return pfn;
}
EXPORT_SYMBOL_PB_TEST(pb_compact_target);
