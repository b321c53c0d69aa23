/* SPDX-License-Identifier: GPL-2.0-only */
/* The watermarks that limit how far the free-page count of a zone may fall. See watermark.c. */
#ifndef PB_WATERMARK_H
#define PB_WATERMARK_H

#include "core/base/pool_types.h"
#include "core/base/request.h"
#include "core/zone/free_count.h"

/* Free pages of isolated pageblocks: not counted as free until the isolation ends. */
static inline long pb_zone_isolated_pages(struct pb_zone *zone)
{
	return atomic_long_read(&zone->nr_isolated);
}

/* Pages of a zone once it has grown to its maximum. */
static inline unsigned long pb_zone_most_pages(const struct pb_zone *zone)
{
	return READ_ONCE(zone->present_pages) + READ_ONCE(zone->growable);
}

/* Changes the size of a zone, which may grow and shrink at the same time. */
static inline void pb_zone_add_present(struct pb_zone *zone, long pages)
{
	unsigned long old = READ_ONCE(zone->present_pages);

	while (!try_cmpxchg(&zone->present_pages, &old, old + pages))
		;
}

long pb_zone_account_shared(struct pb_zone *zone, long pages, long unit,
			    const struct pb_request *rq);

/**
 * pb_zone_account_alloc - subtract allocated pages from the free-page count, down to the floor
 * @zone: the zone
 * @pages: pages allocated from the bitmaps
 * @unit: the result is a multiple of it; divides @pages
 * @rq: the request whose watermarks apply, or NULL for none
 *
 * The caller frees the pages that are not granted to the bitmaps, without counting them.
 *
 * Context: any, NMI included; one atomic unless the credit is empty.
 * Return: pages granted, at most @pages.
 */
static inline long pb_zone_account_alloc(struct pb_zone *zone, long pages, long unit,
					 const struct pb_request *rq)
{
	atomic_long_t *credit = &pb_zone_credit(zone)->pages;
	long have = atomic_long_read(credit);

	if (likely(have >= pages && pb_zone_free_least(zone) >= READ_ONCE(zone->fast_watermark) &&
		   (!rq || pb_alloc_wmark(rq->flags) != PB_WMARK_HIGH) &&
		   atomic_long_try_cmpxchg(credit, &have, have - pages)))
		return pages;
	return pb_zone_account_shared(zone, pages, unit, rq);
}

bool pb_zone_target_ok(struct pb_zone *zone, long pages, long spare);
bool pb_zone_account_target(struct pb_zone *zone, long pages, long spare);

/* Counts events outside of a pcp section. */
static inline void pb_zone_event_add(struct pb_zone *zone, enum pb_event event, long n)
{
	atomic_long_add(n, &zone->event[event]);
}

/* A watermark including the boost. As wmark_pages() in include/linux/mmzone.h. */
static inline unsigned long pb_wmark_pages(struct pb_zone *zone, enum pb_watermark mark)
{
	return READ_ONCE(zone->watermark[mark]) + READ_ONCE(zone->watermark_boost);
}

long pb_zone_floor(struct pb_zone *zone, unsigned long nr_pages, enum pb_zone_type highest,
		   pb_alloc_flags_t flags);
bool pb_zone_watermark_full(struct pb_zone *zone, unsigned long nr_pages,
			    enum pb_zone_type highest, pb_alloc_flags_t flags);
bool pb_zone_watermark_ok_isolated(struct pb_zone *zone, unsigned long nr_pages,
				   enum pb_zone_type highest, pb_alloc_flags_t flags);
bool pb_zone_has_block(struct pb_zone *zone, unsigned int order, unsigned int types);
bool pb_zone_watermark_ok_order(struct pb_zone *zone, unsigned int order, unsigned long mark,
				enum pb_zone_type highest, pb_alloc_flags_t flags);

void pb_zone_set_watermarks(struct pb_zone *zone, unsigned long min_pages, unsigned int scale);
void pb_setup_per_zone_wmarks(struct pb_pool *pool);
void pb_zone_update_fast_watermark(struct pb_zone *zone);

bool pb_zone_boost(struct pb_zone *zone, unsigned int order);
void pb_zone_decay_boost(struct pb_zone *zone);
void pb_zone_decay_boost_by(struct pb_zone *zone, unsigned long pages);

/**
 * pb_zone_wake_boosted - wake the node thread of a zone that was boosted
 * @zone: a zone from which the request has tried to allocate
 * @order: order of the request
 * @flags: its PB_ALLOC_ bits
 *
 * Context: any, outside of pcp sections. As the test of ZONE_BOOSTED_WATERMARK in rmqueue() in
 * mm/page_alloc.c.
 */
static inline void pb_zone_wake_boosted(struct pb_zone *zone, unsigned int order,
					pb_alloc_flags_t flags)
{
	if (likely(!READ_ONCE(zone->wake_boosted)) || !(flags & PB_ALLOC_KSWAPD))
		return;
	/* Full barrier: the thread's waker reads the boost. */
	if (xchg(&zone->wake_boosted, false) && zone->pool->ops.wake_node)
		zone->pool->ops.wake_node(zone, order, flags);
}

/**
 * pb_zone_watermark_ok - whether a request may allocate pages from a zone
 * @zone: the zone
 * @nr_pages: pages of the request, at most PB_NO_PFN / 2
 * @highest: highest zone type the request may use, which selects the lowmem_reserve
 * @flags: PB_ALLOC_ bits
 *
 * One comparison while the zone is far above every watermark, else the full form. The result can
 * be stale when the pages are allocated; pb_zone_account_alloc() checks again.
 *
 * Context: any. As zone_watermark_fast() in mm/page_alloc.c.
 * Return: whether it may.
 */
static inline bool pb_zone_watermark_ok(struct pb_zone *zone, unsigned long nr_pages,
					enum pb_zone_type highest, pb_alloc_flags_t flags)
{
	if (likely(pb_zone_free_least(zone) - (long)nr_pages >= READ_ONCE(zone->fast_watermark) &&
		   pb_alloc_wmark(flags) != PB_WMARK_HIGH))
		return true;
	return pb_zone_watermark_full(zone, nr_pages, highest, flags);
}

#endif /* PB_WATERMARK_H */
