/* SPDX-License-Identifier: GPL-2.0-only */
/* Areas that compaction empties: isolate, scan, allocate, end the isolation. */
#ifndef PB_ISOLATE_H
#define PB_ISOLATE_H

#include "core/base/request.h"

/**
 * struct pb_area - 2^n frames within a pageblock, or contiguous pageblocks
 * @first: number of the first pageblock in its zone
 * @nr: pageblocks
 * @frame: first frame, counted from the first pageblock's; 0 for whole pageblocks
 * @frames: frames in each pageblock
 */
struct pb_area {
	unsigned long	first;
	unsigned long	nr;
	unsigned int	frame;
	unsigned int	frames;
};

/**
 * struct pb_area_scan - contents of an area, in frames, read without a lock
 * @free: free frames
 * @movable: frames of movable blocks
 * @in_flight: frames in flight: in CPUs' caches, or being migrated by another compaction
 * @pinned: frames of blocks that cannot be moved
 */
struct pb_area_scan {
	unsigned long	free;
	unsigned long	movable;
	unsigned long	in_flight;
	unsigned long	pinned;
};

static inline unsigned long pb_area_pages(const struct pb_area *area)
{
	return area->nr * area->frames;
}

bool pb_area_isolate(struct pb_zone *zone, const struct pb_area *area);
void pb_area_unisolate(struct pb_zone *zone, const struct pb_area *area);
void pb_area_unisolate_as(struct pb_zone *zone, const struct pb_area *area,
			  enum pb_migratetype mt);
bool pb_area_scan(struct pb_zone *zone, const struct pb_area *area, struct pb_area_scan *out);
int pb_area_alloc(struct pb_zone *zone, const struct pb_area *area,
		  const struct pb_request *rq);

#endif /* PB_ISOLATE_H */
