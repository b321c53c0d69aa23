/* SPDX-License-Identifier: GPL-2.0-only */
/* Node reclaim: reclaim on a near node before allocating from a far one. See node_reclaim.c. */
#ifndef PB_NODE_RECLAIM_H
#define PB_NODE_RECLAIM_H

#include "core/base/platform.h"

struct pb_request;
struct pb_zone;

/* Bits of pool->node_reclaim_mode; any of them enables node reclaim. As RECLAIM_ in mm/. */
#define PB_RECLAIM_ZONE		1U
#define PB_RECLAIM_WRITE	2U	/* may start I/O and call into file systems */
#define PB_RECLAIM_UNMAP	4U	/* may free pages that processes have mapped */

/* As NODE_RECLAIM_ in mm/internal.h. */
enum pb_node_reclaim {
	PB_NODE_RECLAIM_NOSCAN = -2,	/* not tried: not allowed, or in progress */
	PB_NODE_RECLAIM_FULL = -1,	/* too few reclaimable pages */
	PB_NODE_RECLAIM_SOME = 0,	/* reclaimed less than the request needs */
	PB_NODE_RECLAIM_SUCCESS = 1,
};

unsigned long pb_zone_reclaimable_pages(struct pb_zone *zone);
bool pb_zone_allows_reclaim(struct pb_zone *local, struct pb_zone *zone);
enum pb_node_reclaim pb_node_reclaim(struct pb_zone *zone, const struct pb_request *rq);

#endif /* PB_NODE_RECLAIM_H */
