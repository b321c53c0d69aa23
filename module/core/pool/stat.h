/* SPDX-License-Identifier: GPL-2.0-only */
/* Read the counters and the free memory of a pool, for output. */
#ifndef PB_STAT_H
#define PB_STAT_H

#include "core/alloc/failure_reason.h"
#include "core/base/bad_page.h"
#include "core/base/zone_types.h"

extern const char * const pb_event_name[PB_NR_EVENTS];
extern const char * const pb_migratetype_name[PB_NR_MIGRATETYPES];
extern const char * const pb_zone_type_name[PB_NR_ZONE_TYPES];
extern const char * const pb_bad_name[PB_NR_BAD];
extern const char * const pb_reason_name[PB_NR_REASONS];

/* Sum of one event over all CPUs' caches and the zone. */
unsigned long pb_zone_event(struct pb_zone *zone, enum pb_event event);
/* The same over all zones. */
unsigned long pb_pool_event(struct pb_pool *pool, enum pb_event event);

/*
 * Pages of a zone: all, the free ones that are in no cache, and the free ones in the caches of the
 * CPUs. Never more are free than there are.
 */
struct pb_zone_pages {
	unsigned long	present, free, cached;
};

struct pb_zone_pages pb_zone_read_pages(struct pb_zone *zone);

/* Free blocks of a zone as a buddy allocator would list them: count[mt][order], maximal blocks. */
struct pb_free_count {
	unsigned long	blocks[PB_NR_MIGRATETYPES][PB_NR_ORDERS];
	unsigned long	pageblocks[PB_NR_MIGRATETYPES];
	unsigned long	free_pageblocks[PB_NR_MIGRATETYPES];	/* wholly free pageblocks */
};

/*
 * Walks the bitmaps without a lock, so the result is approximate while other CPUs allocate. May
 * reschedule.
 */
void pb_zone_count_free(struct pb_zone *zone, struct pb_free_count *count);

/* Fragmentation indices of mm/vmstat.c for blocks of one order, in thousandths. */
int pb_unusable_index(const struct pb_free_count *count, unsigned int order);
int pb_extfrag_index(const struct pb_free_count *count, unsigned int order);

#endif /* PB_STAT_H */
