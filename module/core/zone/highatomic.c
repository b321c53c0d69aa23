// SPDX-License-Identifier: GPL-2.0-only
/*
 * The highatomic reserve: pageblocks for high-order requests that may not sleep.
 *
 * A high-order atomic request cannot wait for compaction. When one has been served, its
 * pageblock becomes type PB_HIGHATOMIC, so that the rest of the pageblock can serve the next
 * such request. Other requests do not find these pageblocks in the index of their type and do
 * not count their free pages (watermark.c). The reserve is at most 1 % of the zone. Under
 * pressure its pageblocks are unreserved one by one.
 *
 * nr_reserved_highatomic is raised before a pageblock changes its type and lowered after. The
 * CPU that makes the change, by one compare-exchange of the directory entry, also changes the
 * count. So the count is exact at quiescence and does not exceed the limit. Code that changes
 * other types (fallback.c, run.c) names the types that it expects, which never include
 * PB_HIGHATOMIC. verify compares the count with the pageblocks. The free pages of the reserve are
 * counted by the updater of the index (free_area.c), so that no watermark check walks over it.
 */
#include "core/base/pfn.h"
#include "core/base/request.h"
#include "core/index/bitmap.h"
#include "core/index/free_area.h"
#include "core/zone/highatomic.h"
#include "core/zone/scan.h"
#include "core/zone/zone.h"

/* Candidates of one class of the index to try. */
#define UNRESERVE_TRIES	32

/* Changes the migratetype of a pageblock; false when it is not @from. */
static bool change_type(struct pb_zone *zone, unsigned long pfn, enum pb_migratetype from,
			enum pb_migratetype to)
{
	if (!pb_entry_change_migratetype(pb_dir_entry(zone->pool, pfn), BIT(from), to))
		return false;
	pb_index_update_isolated(zone, pb_pageblock_index(zone, pfn));
	return true;
}

/* Maximum of the reserve: 1 % rounded up to pageblocks, or 0 when 1 % is less than a pageblock. */
static long limit(struct pb_zone *zone)
{
	unsigned long share = READ_ONCE(zone->present_pages) / 100;

	return share < PB_PAGEBLOCK_NR ? 0 : round_up(share, PB_PAGEBLOCK_NR);
}

/* Adds a pageblock to the count, unless that exceeds the limit. */
static bool charge(struct pb_zone *zone)
{
	long old = atomic_long_read(&zone->nr_reserved_highatomic);

	do {
		if (old >= limit(zone))
			return false;
	} while (!atomic_long_try_cmpxchg(&zone->nr_reserved_highatomic, &old,
					  old + (long)PB_PAGEBLOCK_NR));
	pb_zone_update_fast_watermark(zone);
	return true;
}

static void uncharge(struct pb_zone *zone)
{
	atomic_long_sub(PB_PAGEBLOCK_NR, &zone->nr_reserved_highatomic);
	pb_zone_update_fast_watermark(zone);
}

/**
 * pb_highatomic_reserve - reserve the pageblocks that served a high-order atomic request
 * @zone: the zone
 * @pfn: head of the allocated block
 * @order: its order
 *
 * Skips pageblocks that are reserved already or have no pcp type, and stops at the limit.
 *
 * Context: any; preemption off. As reserve_highatomic_pageblock() in mm/page_alloc.c.
 */
void pb_highatomic_reserve(struct pb_zone *zone, unsigned long pfn, unsigned int order)
{
	unsigned long end = pfn + (1UL << order);
	enum pb_migratetype mt;

	for (pfn = round_down(pfn, PB_PAGEBLOCK_NR); pfn < end; pfn += PB_PAGEBLOCK_NR) {
		mt = pb_entry_migratetype(READ_ONCE(pb_dir_entry(zone->pool, pfn)->value));
		if (mt >= PB_PCPTYPES)
			continue;
		if (!charge(zone))
			return;
		if (change_type(zone, pfn, mt, PB_HIGHATOMIC))
			pb_zone_event_add(zone, PB_HIGHATOMIC_RESERVE, 1);
		else
			uncharge(zone);
	}
}
EXPORT_SYMBOL_PB_TEST(pb_highatomic_reserve);

/**
 * pb_highatomic_alloc - allocate a block from the highatomic reserve
 * @zone: the zone
 * @rq: the request; its order and watermarks apply
 *
 * Context: any; preemption off.
 * Return: PFN, or PB_NO_PFN.
 */
unsigned long pb_highatomic_alloc(struct pb_zone *zone, const struct pb_request *rq)
{
	if (!atomic_long_read(&zone->nr_reserved_highatomic))
		return PB_NO_PFN;
	return pb_zone_alloc(zone, rq->order, PB_HIGHATOMIC, rq);
}

/* A pageblock that was found with preemption on may have become another zone's (move.c). */
static bool unreserve(struct pb_zone *zone, unsigned long index, enum pb_migratetype mt)
{
	bool done;

	preempt_disable();
	done = pb_zone_dir_entry(zone, index) &&
	       change_type(zone, pb_pageblock_pfn(zone, index), PB_HIGHATOMIC, mt);
	if (done) {
		uncharge(zone);
		pb_zone_event_add(zone, PB_HIGHATOMIC_UNRESERVE, 1);
	}
	preempt_enable();
	return done;
}

/* Unreserves a pageblock of one class; one that another CPU has changed hides no other. */
static bool unreserve_from(struct pb_zone *zone, struct pb_bitmap *map, enum pb_migratetype mt)
{
	unsigned long index = 0;
	unsigned int tries;

	for (tries = 0; tries < UNRESERVE_TRIES; tries++, index++) {
		index = pb_bitmap_next(map, index);
		if (index == PB_NO_PAGEBLOCK)
			break;
		if (unreserve(zone, index, mt))
			return true;
	}
	return false;
}

/* Unreserves a pageblock with free pages: the fullest, or one that the index does not have. */
static bool unreserve_any(struct pb_zone *zone, enum pb_migratetype mt)
{
	struct pb_zone_scan scan = {
		.align = 1, .run = { .nr = 1, .types = BIT(PB_HIGHATOMIC) },
	};
	struct pb_free_area *area = &zone->area[PB_HIGHATOMIC];
	unsigned int fullness;

	for (fullness = 0; fullness < PB_NR_FULLNESS; fullness++)
		if (unreserve_from(zone, &area->fullness[fullness], mt))
			return true;
	if (unreserve_from(zone, &area->free_pageblocks, mt))
		return true;
	while (pb_zone_scan_next(zone, &scan))
		if (unreserve(zone, scan.run.first, mt))
			return true;
	return false;
}

/**
 * pb_highatomic_unreserve_zone - remove a pageblock from the highatomic reserve
 * @zone: the zone
 * @mt: migratetype it gets, that of the request
 * @force: also the last pageblock
 *
 * Searches with preemption on, in proportion to the zone when no pageblock of the reserve has free
 * pages.
 *
 * Context: any.
 * Return: whether a pageblock was unreserved. As unreserve_highatomic_pageblock() in
 * mm/page_alloc.c does it with each zone.
 */
bool pb_highatomic_unreserve_zone(struct pb_zone *zone, enum pb_migratetype mt, bool force)
{
	if (atomic_long_read(&zone->nr_reserved_highatomic) <= (force ? 0 : (long)PB_PAGEBLOCK_NR))
		return false;
	return unreserve_any(zone, mt);
}
EXPORT_SYMBOL_PB_TEST(pb_highatomic_unreserve_zone);
