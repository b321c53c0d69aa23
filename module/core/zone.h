/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * One zone: claims by order and migratetype from its own index, frees, free-page count,
 * watermarks.
 */
#ifndef PB_ZONE_H
#define PB_ZONE_H

#include "free_area.h"
#include "types.h"

int pb_zone_init(struct pb_zone *zone, struct pb_pool *pool, int nid, enum pb_zone_type type,
		 unsigned long start_pfn, unsigned long end_pfn);
void pb_zone_destroy(struct pb_zone *zone);

unsigned long pb_zone_claim(struct pb_zone *zone, unsigned int order, enum pb_migratetype mt);
unsigned long pb_zone_claim_blocks(struct pb_zone *zone, unsigned long nr, unsigned long align,
				   enum pb_migratetype mt, unsigned int types);
struct pb_pageblock *pb_zone_next_block(struct pb_zone *zone, unsigned int order,
					enum pb_migratetype mt, unsigned int *tries,
					unsigned long *index);
void pb_zone_release(struct pb_zone *zone, unsigned long pfn, unsigned int order);
enum pb_key_state pb_zone_put_mask(struct pb_zone *zone, unsigned long pfn, u64 mask);
enum pb_key_state pb_zone_after_put(struct pb_zone *zone, unsigned long pfn, u64 mask, u64 old);
void pb_zone_release_mask(struct pb_zone *zone, unsigned long pfn, u64 mask);
void pb_zone_reindex_all(struct pb_zone *zone);

void pb_zone_set_watermarks(struct pb_zone *zone, unsigned long min_pages, unsigned int scale);
void pb_zone_update_fast_mark(struct pb_zone *zone);

/* Pages in the bitmaps; those in pcp lists are not counted, as in mm/. */
static inline long pb_zone_free_pages(struct pb_zone *zone)
{
	return atomic_long_read(&zone->nr_free);
}

static inline void pb_zone_account(struct pb_zone *zone, long pages)
{
	atomic_long_add(pages, &zone->nr_free);
}

/**
 * pb_zone_watermark_ok - may a request take pages from a zone?
 * @zone: the zone
 * @nr_pages: pages of the request, at most PB_NO_PFN / 2
 * @highest: highest zone type the request may use, which selects the lowmem_reserve
 * @flags: PB_ALLOC_ bits
 *
 * The free count is exact but for claims under way on other CPUs, so the mark can be
 * undershot by at most one refill per CPU.
 *
 * Context: any. As zone_watermark_fast() in mm/page_alloc.c.
 */
static inline bool pb_zone_watermark_ok(struct pb_zone *zone, unsigned long nr_pages,
					enum pb_zone_type highest, unsigned int flags)
{
	unsigned long mark;

	if (flags & PB_ALLOC_NO_WATERMARKS)
		return true;
	mark = zone->watermark[flags & PB_ALLOC_WMARK_MASK] + zone->lowmem_reserve[highest];
	if (flags & PB_ALLOC_WMARK_MASK)
		mark += zone->watermark_boost;
	if (!mark)
		return true;
	return pb_zone_free_pages(zone) - (long)nr_pages + 1 > (long)mark;
}

/* Events outside of a pcp's busy window. */
static inline void pb_zone_event_add(struct pb_zone *zone, enum pb_event event, long n)
{
	atomic_long_add(n, &zone->event[event]);
}

/* A block of so many pages was handed out past the pcp. */
static inline void pb_zone_count_alloc(struct pb_zone *zone, long pages)
{
	pb_zone_event_add(zone, PB_PGALLOC, pages);
	pb_zone_event_add(zone, pb_cpu_node(pb_cpu_id()) == zone->nid ? PB_NUMA_LOCAL :
			  PB_NUMA_OTHER, 1);
}

#endif /* PB_ZONE_H */
