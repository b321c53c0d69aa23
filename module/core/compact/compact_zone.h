/* SPDX-License-Identifier: GPL-2.0-only */
/* One run of compaction over a zone: areas are emptied by moving what is in them. */
#ifndef PB_COMPACT_ZONE_H
#define PB_COMPACT_ZONE_H

#include "core/compact/compact_scan.h"

/* Takes the frames of an emptied area; preemption is off, order bytes are not set yet. */
typedef void (*pb_compact_take_fn)(struct pb_zone *zone, unsigned long pfn, unsigned long nr_pages,
				   void *arg);

/**
 * struct pb_capture - who waits for an area
 * @rq: the request, whose marks count
 * @take: what is done with the area, whose pageblocks keep their migratetype; NULL: it is allocated
 *	as one block, and whole pageblocks get the request's migratetype
 * @arg: for @take
 * @pfn: the area, PB_NO_PFN as long as there is none
 */
struct pb_capture {
	const struct pb_request	*rq;
	pb_compact_take_fn	take;
	void			*arg;
	unsigned long		pfn;
};

void pb_compact_control_init(struct pb_compact_control *cc, struct pb_zone *zone,
			     unsigned int order, enum pb_migrate_mode mode);
enum pb_compact_result pb_compact_zone(struct pb_compact_control *cc, struct pb_capture *capture);

#endif /* PB_COMPACT_ZONE_H */
