/* SPDX-License-Identifier: GPL-2.0-only */
/* The last search of a request: every pageblock of a zone, without the index bitmaps. */
#ifndef PB_ZONE_SCAN_H
#define PB_ZONE_SCAN_H

#include "core/zone/zone.h"

/**
 * struct pb_zone_scan - where a scan for free blocks or free pageblocks stands
 * @order: 0 to 8 for a block of this order; 9 for whole pageblocks
 * @align_order: alignment of the block in its pageblock, 0 to 9; up to @order it has no effect
 * @align: alignment of the pageblock, or of the first of several; a power of two
 * @run: the candidate found last, its length and the migratetypes that it may have
 * @next: the pageblock at which the scan continues
 */
struct pb_zone_scan {
	unsigned int		order;
	unsigned int		align_order;
	unsigned long		align;
	struct pb_pageblock_run	run;
	unsigned long		next;
};

bool pb_zone_scan_next(struct pb_zone *zone, struct pb_zone_scan *scan);
unsigned long pb_zone_scan_alloc(struct pb_zone *zone, struct pb_zone_scan *scan,
				 const struct pb_request *rq);

typedef unsigned long (*pb_scan_fn)(struct pb_zone *zone, struct pb_zone_scan *scan,
				    const struct pb_request *rq, void *arg);

unsigned long pb_zone_scan(struct pb_zone *zone, const struct pb_request *rq,
			   const struct pb_zone_scan *what, pb_scan_fn take, void *arg);

#endif /* PB_ZONE_SCAN_H */
