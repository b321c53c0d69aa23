// SPDX-License-Identifier: GPL-2.0-only
/*
 * Watermarks: how few free pages a request may leave in a zone.
 *
 * The floor of a request is the number of free pages that it must leave: its watermark, with
 * the boost and with the discounts of its flags, plus the pages it may not use at all. These
 * are the lowmem_reserve for the highest zone it could use, the highatomic reserve, and free
 * pages of contiguous areas. As __zone_watermark_ok() in mm/page_alloc.c.
 *
 * Near the watermark
 * ------------------
 * mm/ checks the watermark first and allocates later, a batch at a time for the per-CPU
 * lists, so each CPU may undershoot by a batch. Here a CPU that has allocated frames from the
 * bitmaps subtracts them from the free-page count (free_count.h) by compare-exchange, and only
 * down to the floor (pb_zone_account_alloc). It frees the rest before another CPU can use
 * it. So concurrent requests do not take the count below their floors: the drift is zero.
 *
 * The free pages may still be fewer than a watermark in two cases. The watermark was raised
 * meanwhile (boost, tunables, a free of a highatomic or contiguous-area page). Or the bitmaps
 * lack frames that a CPU has allocated and not yet counted: for each CPU at most one word, the
 * requested block, or the blocks of a refill (nr_blocks() in pcp_refill.c, nr_pageblocks() in
 * pcp_zeroed.c), for the duration of the allocation.
 *
 * Pages in per-CPU lists are counted as allocated, as in mm/. Free pages of isolated
 * pageblocks are not counted as free: no request can have them until the isolation ends.
 *
 * fast_watermark is at least as large as the floor of every request with the min or low watermark.
 * Code that changes a watermark, the boost or a reserve calls pb_zone_update_fast_watermark(),
 * which reads all of them again after its store, so that the last of several callers is right.
 *
 * With min_free_pages 0 there are no watermarks: every page may be allocated.
 */
#include "core/base/pfn.h"
#include "core/index/bitmap.h"
#include "core/index/free_run.h"
#include "core/index/pageblock.h"
#include "core/zone/watermark.h"

#define MOVABLE_MIN_LEAST	32UL	/* SWAP_CLUSTER_MAX */
#define MOVABLE_MIN_MOST	128UL

/*
 * Free pages in the highatomic pageblocks. Not more than the reserve, which fast_watermark
 * contains: a pageblock is counted until the updater of its index has seen that it left.
 */
static long free_highatomic(struct pb_zone *zone)
{
	return min(atomic_long_read(&zone->nr_free_highatomic),
		   atomic_long_read(&zone->nr_reserved_highatomic));
}

/* Free pages that this request may not use. As __zone_watermark_unusable_free(). */
static long unusable_free(struct pb_zone *zone, pb_alloc_flags_t flags)
{
	long pages = 0;

	if (!(flags & PB_ALLOC_RESERVES))
		pages += free_highatomic(zone);
	if (!(flags & PB_ALLOC_CMA))
		pages += max(atomic_long_read(&zone->nr_free_cma), 0L);
	return pages;
}

/* The watermark that remains for a request that may use the reserves. */
static unsigned long discounted(unsigned long min, pb_alloc_flags_t flags)
{
	if (flags & PB_ALLOC_MIN_RESERVE) {
		min -= min / 2;
		if (flags & PB_ALLOC_NON_BLOCK)
			min -= min / 4;
	}
	if (flags & PB_ALLOC_OOM)
		min -= min / 2;
	return min;
}

static long floor_of(struct pb_zone *zone, unsigned long mark, enum pb_zone_type highest,
		     pb_alloc_flags_t flags)
{
	return discounted(mark, flags) + READ_ONCE(zone->lowmem_reserve[highest]) +
	       unusable_free(zone, flags);
}

/**
 * pb_zone_floor - the fewest free pages a request may leave behind
 * @zone: the zone
 * @nr_pages: pages of the request; a boost does not apply to a single page of high priority
 * @highest: highest zone type the request may use
 * @flags: PB_ALLOC_ bits
 *
 * Context: any.
 * Return: pages; LONG_MIN for a request that ignores the watermarks.
 */
long pb_zone_floor(struct pb_zone *zone, unsigned long nr_pages, enum pb_zone_type highest,
		   pb_alloc_flags_t flags)
{
	enum pb_watermark wmark = pb_alloc_wmark(flags);
	unsigned long mark;

	if (flags & PB_ALLOC_NO_WATERMARKS)
		return LONG_MIN;
	mark = pb_wmark_pages(zone, wmark);
	if (nr_pages == 1 && flags & PB_ALLOC_MIN_RESERVE && wmark == PB_WMARK_MIN)
		mark = READ_ONCE(zone->watermark[PB_WMARK_MIN]);
	return floor_of(zone, mark, highest, flags);
}
EXPORT_SYMBOL_PB_TEST(pb_zone_floor);

/*
 * nr_free, as large as @want when the free pages are. Below fast_watermark without credits, so that
 * the fast path is not left while the free pages are above it.
 */
static long free_for(struct pb_zone *zone, long want, long pages)
{
	long free = pb_zone_free_least(zone);

	if (free >= max(want, READ_ONCE(zone->fast_watermark) + pages))
		return free;
	return pb_zone_free_gathered(zone, want);
}

/* Subtracts the largest multiple of @unit, up to @pages, that leaves the floor; returns it. */
static long account_above(struct pb_zone *zone, long floor, long pages, long unit)
{
	long free, granted;

	/* Down to the last page: the frames come from the bitmaps, so they were free. */
	if (floor <= 0) {
		free_for(zone, LONG_MIN, pages);
		pb_zone_account(zone, -pages);
		return pages;
	}
	free = free_for(zone, floor + pages, pages);
	do {
		granted = pages;
		if (unlikely(free - pages < floor)) {
			granted = max(free - floor, 0L) / unit * unit;
			if (!granted)
				return 0;
		}
	} while (!atomic_long_try_cmpxchg(&zone->nr_free, &free, free - granted));
	return granted;
}

/* Near a watermark. */
static long account_near(struct pb_zone *zone, long pages, long unit, const struct pb_request *rq)
{
	long floor = LONG_MIN;

	if (rq)
		floor = pb_zone_floor(zone, unit, rq->highest_zone, rq->flags);
	return account_above(zone, floor, pages, unit);
}

/**
 * pb_zone_account_shared - pb_zone_account_alloc() with an empty credit, or near a watermark
 * @zone: the zone
 * @pages: pages allocated from the bitmaps
 * @unit: the result is a multiple of it
 * @rq: the request whose watermarks apply, or NULL for none
 *
 * Context: any.
 * Return: pages granted.
 */
long pb_zone_account_shared(struct pb_zone *zone, long pages, long unit,
			    const struct pb_request *rq)
{
	if ((!rq || pb_alloc_wmark(rq->flags) != PB_WMARK_HIGH) &&
	    pb_credit_fill(zone, pages))
		return pages;
	return account_near(zone, pages, unit, rq);
}
EXPORT_SYMBOL_PB_TEST(pb_zone_account_shared);

/* The fewest free pages that migration targets leave: the min watermark without the boost. */
static long target_floor(struct pb_zone *zone, long spare)
{
	long floor = floor_of(zone, READ_ONCE(zone->watermark[PB_WMARK_MIN]), zone->type,
			      PB_ALLOC_CMA);

	return floor - spare > 0 ? floor - spare : LONG_MIN;
}

/**
 * pb_zone_target_ok - whether a zone has free pages for a migration target
 * @zone: the zone
 * @pages: pages of the target
 * @spare: isolated pages that count as free
 *
 * Context: any. As the check of the watermark in __isolate_free_page() in mm/page_alloc.c.
 * Return: whether it has.
 */
bool pb_zone_target_ok(struct pb_zone *zone, long pages, long spare)
{
	long floor = target_floor(zone, spare);

	return floor <= 0 || free_for(zone, floor + pages, pages) - pages >= floor;
}
EXPORT_SYMBOL_PB_TEST(pb_zone_target_ok);

/**
 * pb_zone_account_target - subtract a migration target from the free-page count
 * @zone: the zone
 * @pages: pages of the target, allocated from the bitmaps
 * @spare: isolated pages that count as free
 *
 * Context: any.
 * Return: false when the min watermark refuses it; nothing is subtracted then.
 */
bool pb_zone_account_target(struct pb_zone *zone, long pages, long spare)
{
	return account_above(zone, target_floor(zone, spare), pages, pages);
}

/**
 * pb_zone_watermark_full - full form of pb_zone_watermark_ok()
 * @zone: the zone
 * @nr_pages: pages of the request
 * @highest: highest zone type the request may use
 * @flags: PB_ALLOC_ bits
 *
 * Without a watermark or reserve every request passes, because pages in per-CPU lists may serve
 * it although the zone has no free pages. Context: any.
 * Return: whether the request may allocate.
 */
bool pb_zone_watermark_full(struct pb_zone *zone, unsigned long nr_pages,
			    enum pb_zone_type highest, pb_alloc_flags_t flags)
{
	long floor = pb_zone_floor(zone, nr_pages, highest, flags);

	return floor <= 0 ||
	       free_for(zone, floor + (long)nr_pages, nr_pages) - (long)nr_pages >= floor;
}
EXPORT_SYMBOL_PB_TEST(pb_zone_watermark_full);

/**
 * pb_zone_watermark_ok_isolated - watermark check that counts pages of isolated pageblocks as free
 * @zone: the zone
 * @nr_pages: pages of the request
 * @highest: highest zone type the request may use
 * @flags: PB_ALLOC_ bits
 *
 * For decisions about waiting, because the pages are free again when the isolation ends.
 *
 * Context: any.
 * Return: whether the request may allocate then.
 */
bool pb_zone_watermark_ok_isolated(struct pb_zone *zone, unsigned long nr_pages,
				   enum pb_zone_type highest, pb_alloc_flags_t flags)
{
	long floor = pb_zone_floor(zone, nr_pages, highest, flags);

	return floor <= 0 || pb_zone_free_pages(zone) + pb_zone_isolated_pages(zone) -
			     (long)nr_pages >= floor;
}

/**
 * pb_zone_has_block - whether the index has a free block
 * @zone: the zone
 * @order: its order, 0 to PB_MAX_ORDER
 * @types: migratetypes it may have, BIT(mt) each
 *
 * Context: any.
 * Return: true or false, as of the call; a hint.
 */
bool pb_zone_has_block(struct pb_zone *zone, unsigned int order, unsigned int types)
{
	unsigned long nr = 1UL << (max_t(unsigned int, order, PB_PAGEBLOCK_ORDER) -
				   PB_PAGEBLOCK_ORDER);
	unsigned int mt, largest;

	if (order > PB_PAGEBLOCK_ORDER) {
		types = pb_free_run_types(zone, types);
		return types && pb_free_run_next(zone, types, nr, nr, 0) != PB_NO_PAGEBLOCK;
	}
	for (mt = 0; mt < PB_INDEXED_TYPES; mt++) {
		if (!(types & BIT(mt)))
			continue;
		if (pb_bitmap_next(&zone->area[mt].free_pageblocks, 0) != PB_NO_PAGEBLOCK)
			return true;
		for (largest = order; largest && largest <= PB_NR_LARGEST; largest++)
			if (pb_bitmap_next(&zone->area[mt].largest[largest - 1], 0) !=
			    PB_NO_PAGEBLOCK)
				return true;
	}
	return false;
}
EXPORT_SYMBOL_PB_TEST(pb_zone_has_block);

/**
 * pb_zone_watermark_ok_order - watermark check that also looks for a block of the order
 * @zone: the zone
 * @order: 0 to PB_MAX_ORDER
 * @mark: pages, as from pb_wmark_pages()
 * @highest: highest zone type the request may use
 * @flags: PB_ALLOC_ bits without the watermark
 *
 * Requires a free block of the order besides the count. A walk over the zonelist does not
 * need this, because the allocation that follows finds out. Decisions about further reclaim
 * or compaction do.
 *
 * Context: any. As zone_watermark_ok() in mm/page_alloc.c.
 * Return: whether the request may allocate.
 */
bool pb_zone_watermark_ok_order(struct pb_zone *zone, unsigned int order, unsigned long mark,
				enum pb_zone_type highest, pb_alloc_flags_t flags)
{
	long left = pb_zone_free_pages(zone) - (1L << order);
	unsigned int types = BIT(PB_PCPTYPES) - 1;

	if (left < floor_of(zone, mark, highest, flags))
		return false;
	if (!order)
		return true;
	if (flags & PB_ALLOC_CMA)
		types |= BIT(PB_CMA);
	if (flags & (PB_ALLOC_HIGHATOMIC | PB_ALLOC_OOM))
		types |= BIT(PB_HIGHATOMIC);
	return pb_zone_has_block(zone, order, types);
}
EXPORT_SYMBOL_PB_TEST(pb_zone_watermark_ok_order);

static long compute_fast_watermark(struct pb_zone *zone)
{
	unsigned long reserve = 0, mark;
	unsigned int i;

	for (i = 0; i < PB_NR_ZONE_TYPES; i++)
		reserve = max(reserve, READ_ONCE(zone->lowmem_reserve[i]));
	mark = max(READ_ONCE(zone->watermark[PB_WMARK_MIN]),
		   READ_ONCE(zone->watermark[PB_WMARK_LOW]));
	mark += READ_ONCE(zone->watermark_boost) + reserve + zone->cma_pages;
	return mark + atomic_long_read(&zone->nr_reserved_highatomic);
}

/**
 * pb_zone_update_fast_watermark - update after a change of a watermark, the boost or a reserve
 * @zone: the zone
 *
 * Context: any.
 */
void pb_zone_update_fast_watermark(struct pb_zone *zone)
{
	long mark = compute_fast_watermark(zone);

	do {
		WRITE_ONCE(zone->fast_watermark, mark);
		/* A CPU that stored before this one changed its watermark earlier; read it now. */
		smp_mb();
		mark = compute_fast_watermark(zone);
	} while (mark != READ_ONCE(zone->fast_watermark));
	pb_credit_gather(zone);
}
EXPORT_SYMBOL_PB_TEST(pb_zone_update_fast_watermark);

/* Sets the watermarks; their distance is at least a quarter of min without its cap. */
static void set_watermarks(struct pb_zone *zone, unsigned long min_pages, unsigned long share,
			   unsigned int scale)
{
	unsigned long present = READ_ONCE(zone->present_pages);
	unsigned long step = max(share / 4, mult_frac(present, scale, 10000UL));

	/* Cap the watermarks so that a quarter of the zone stays above them. */
	min_pages = min(min_pages, present / 4);
	step = min(step, present / 4);
	WRITE_ONCE(zone->watermark[PB_WMARK_MIN], min_pages);
	WRITE_ONCE(zone->watermark[PB_WMARK_LOW], min_pages + step);
	WRITE_ONCE(zone->watermark[PB_WMARK_HIGH], min_pages + 2 * step);
	WRITE_ONCE(zone->watermark_boost, 0);
	pb_zone_update_fast_watermark(zone);
}

/**
 * pb_zone_set_watermarks - set min, low and high of one zone
 * @zone: the zone
 * @min_pages: the min watermark
 * @scale: distance between the watermarks in 1/10000 of the zone, at least min / 4
 *
 * Context: any, one caller at a time.
 */
void pb_zone_set_watermarks(struct pb_zone *zone, unsigned long min_pages, unsigned int scale)
{
	set_watermarks(zone, min_pages, min_pages, scale);
}
EXPORT_SYMBOL_PB_TEST(pb_zone_set_watermarks);

/* As setup_per_zone_lowmem_reserve(). */
static void set_lowmem_reserve(struct pb_pool *pool, struct pb_zone *zone)
{
	unsigned int ratio = pool->wmark.lowmem_reserve_ratio[zone->type], type;
	unsigned long above = 0, reserve;

	for (type = zone->type + 1; type < PB_NR_ZONE_TYPES; type++) {
		if (pool->zone[zone->nid][type])
			above += READ_ONCE(pool->zone[zone->nid][type]->present_pages);
		reserve = ratio && pool->wmark.min_free_pages ? above / ratio : 0;
		WRITE_ONCE(zone->lowmem_reserve[type], reserve);
	}
}

/* Divides min_free_pages among the zones by size; MOVABLE zones get a small min in addition. */
static void set_zone(struct pb_zone *zone, const struct pb_watermark_tunables *wmark,
		     unsigned long lowmem_pages)
{
	unsigned long present = READ_ONCE(zone->present_pages), share = 0, min_pages;

	if (!wmark->min_free_pages) {
		set_watermarks(zone, 0, 0, 0);
		return;
	}
	/* Not above the sum of the zones, so that the product does not overflow. */
	if (lowmem_pages)
		share = mult_frac(present, min(wmark->min_free_pages, lowmem_pages),
				  lowmem_pages);
	min_pages = share;
	if (zone->type == PB_ZONE_MOVABLE)
		min_pages = clamp(present / 1024, MOVABLE_MIN_LEAST, MOVABLE_MIN_MOST);
	set_watermarks(zone, min_pages, share, wmark->watermark_scale_factor);
}

/**
 * pb_setup_per_zone_wmarks - compute watermarks and reserves of all zones from the tunables
 * @pool: the pool; its @wmark may have changed, or the size of a zone
 *
 * Resets the boost, as mm/ does.
 *
 * Context: any, one caller at a time. As setup_per_zone_wmarks() and
 * setup_per_zone_lowmem_reserve() in mm/page_alloc.c.
 */
void pb_setup_per_zone_wmarks(struct pb_pool *pool)
{
	unsigned long lowmem_pages = 0;
	struct pb_zone *zone;

	pb_for_each_zone(zone, pool)
		if (zone->type != PB_ZONE_MOVABLE)
			lowmem_pages += READ_ONCE(zone->present_pages);
	pb_for_each_zone(zone, pool) {
		set_lowmem_reserve(pool, zone);
		set_zone(zone, &pool->wmark, lowmem_pages);
	}
}
EXPORT_SYMBOL_PB_TEST(pb_setup_per_zone_wmarks);

/**
 * pb_zone_boost - boost the watermarks of a zone because a request mixes migratetypes
 * @zone: the zone
 * @order: order of the request
 *
 * By a pageblock each time, up to watermark_boost_factor of the high watermark. Zones without
 * watermarks are not boosted, nor zones so small that a boost would block allocations.
 *
 * Context: any.
 * Return: whether the zone is boosted now, so that the caller wakes the node. As
 * boost_watermark() in mm/page_alloc.c.
 */
bool pb_zone_boost(struct pb_zone *zone, unsigned int order)
{
	unsigned int factor = READ_ONCE(zone->pool->wmark.watermark_boost_factor);
	unsigned long most, old, new;

	if (!factor || PB_PAGEBLOCK_NR * 4 > READ_ONCE(zone->present_pages))
		return false;
	most = mult_frac(READ_ONCE(zone->watermark[PB_WMARK_HIGH]), factor, 10000UL);
	if (!most)
		return false;
	most = max(PB_PAGEBLOCK_NR, most);
	old = READ_ONCE(zone->watermark_boost);
	do {
		new = min(old + PB_PAGEBLOCK_NR, most);
	} while (!try_cmpxchg(&zone->watermark_boost, &old, new));
	pb_zone_update_fast_watermark(zone);
	pb_zone_event_add(zone, PB_WATERMARK_BOOST, 1);
	return true;
}
EXPORT_SYMBOL_PB_TEST(pb_zone_boost);

/**
 * pb_zone_decay_boost_by - reduce the boost of a zone
 * @zone: the zone
 * @pages: the boost that the caller read when it began to balance; a later boost stays
 *
 * Context: any. As the end of balance_pgdat() in mm/vmscan.c.
 */
void pb_zone_decay_boost_by(struct pb_zone *zone, unsigned long pages)
{
	unsigned long old = READ_ONCE(zone->watermark_boost);

	do {
		if (!old)
			return;
	} while (!try_cmpxchg(&zone->watermark_boost, &old, old - min(old, pages)));
	pb_zone_update_fast_watermark(zone);
}
EXPORT_SYMBOL_PB_TEST(pb_zone_decay_boost_by);

/* Removes the whole boost. */
void pb_zone_decay_boost(struct pb_zone *zone)
{
	pb_zone_decay_boost_by(zone, ~0UL);
}
EXPORT_SYMBOL_PB_TEST(pb_zone_decay_boost);
