/* SPDX-License-Identifier: GPL-2.0-only */
/* Registered reclaimers, and who asks them: requests in the slow path, and the node threads. */
#ifndef PB_RECLAIMER_H
#define PB_RECLAIMER_H

#include <linux/gfp.h>

#include "core/base/alloc_flags.h"

/* What of a request's gfp flags those who work for it have to keep to. */
static inline gfp_t pb_reclaim_gfp(pb_alloc_flags_t flags)
{
	return (flags & PB_ALLOC_WAIT ? __GFP_DIRECT_RECLAIM : 0) |
	       (flags & PB_ALLOC_KSWAPD ? __GFP_KSWAPD_RECLAIM : 0) |
	       (flags & PB_ALLOC_IO ? __GFP_IO : 0) | (flags & PB_ALLOC_FS ? __GFP_FS : 0);
}

unsigned long pb_reclaim_node(int nid, gfp_t gfp, int priority, unsigned long *nr_scanned);
unsigned long pb_reclaimable_pages(int nid);

int pb_reclaim_init(void);
void pb_reclaim_exit(void);

#endif /* PB_RECLAIMER_H */
