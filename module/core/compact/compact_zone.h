/* SPDX-License-Identifier: GPL-2.0-only */
/* One run of compaction over a zone: empty areas by migrating their blocks. */
#ifndef PB_COMPACT_ZONE_H
#define PB_COMPACT_ZONE_H

#include "core/compact/compact_scan.h"

/* Called with an emptied, allocated area; preemption is off, the page order map is not set yet. */
typedef void (*pb_compact_alloc_fn)(struct pb_zone *zone, unsigned long pfn, unsigned long nr_pages,
				    void *arg);

/**
 * struct pb_capture - the request that an area is captured for
 * @rq: the request; its watermarks apply
 * @alloc: called with the area, whose pageblocks keep their migratetype; NULL: the area is
 *	allocated as one block, and whole pageblocks get the request's migratetype
 * @arg: for @alloc
 * @pfn: first PFN of the captured area, or PB_NO_PFN
 */
struct pb_capture {
	const struct pb_request	*rq;
	pb_compact_alloc_fn	alloc;
	void			*arg;
	unsigned long		pfn;
};

void pb_compact_control_init(struct pb_compact_control *cc, struct pb_zone *zone,
			     unsigned int order, enum pb_migrate_mode mode);
int pb_compact_area(struct pb_compact_control *cc, const struct pb_area *area,
		    struct pb_capture *capture);
enum pb_compact_result pb_compact_zone(struct pb_compact_control *cc, struct pb_capture *capture);

#endif /* PB_COMPACT_ZONE_H */
