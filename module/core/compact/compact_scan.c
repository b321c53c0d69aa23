// SPDX-License-Identifier: GPL-2.0-only
/*
 * Compaction: choose the cheapest area to empty.
 *
 * mm/ scans a zone from both ends. Here the index knows the fullness of every pageblock. Areas
 * come from the emptiest class that has any, and targets (target.c) from the fullest.
 *
 * Above the pageblock's order the cost of each aligned run of pageblocks is estimated from their
 * index classes, and the cheapest run is scanned frame by frame. A pageblock with unmovable
 * blocks gets a skip hint, and the next cheapest run is tried.
 */
#include "core/base/pfn.h"
#include "core/compact/compact_scan.h"
#include "core/index/bitmap.h"
#include "core/index/free_area.h"
#include "core/index/pageblock.h"
#include "core/zone/zone.h"

/* Pageblocks with skip hints that an asynchronous run passes. */
#define SKIP_LOOKS	4096
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

/**
 * pb_compact_count_free - count the free frames of a pageblock
 * @zone: the zone
 * @index: its number
 * @fullness: set to its fullness; when the index has another one, the index is updated
 *
 * Context: any.
 * Return: number of free frames; 0 for a hole.
 */
unsigned int pb_compact_count_free(struct pb_zone *zone, unsigned long index,
				   unsigned int *fullness)
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

	for (; tries < PB_COMPACT_CLASS_LOOKS; index++) {
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
		nr = pb_compact_count_free(cc->zone, index, &fullness);
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
