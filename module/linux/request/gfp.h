/* SPDX-License-Identifier: GPL-2.0-only */
/* Translates gfp flags into a request. See gfp.c. */
#ifndef PB_GFP_H
#define PB_GFP_H

#include <linux/gfp.h>
#include <linux/nodemask.h>
#include <linux/pbuddy.h>

#include "core/base/request.h"

extern gfp_t pb_gfp_allowed_mask;

/*
 * Requests with one of these flags do not use the fast path of api/. The other flags have no effect
 * on a request that a pcp list serves.
 */
#define PB_GFP_SLOW	(__GFP_WRITE | __GFP_COMP | __GFP_ACCOUNT | __GFP_ZERO |	\
			 PBUDDY_GFP_RELIABLE)

/*
 * Pages of a request with one of these flags may be shown to user space, so each page of the block
 * is checked for other users when it is freed. A block of one page always is.
 */
#define PB_GFP_MAPPABLE	(__GFP_ZERO | __GFP_HARDWALL | __GFP_HIGHMEM | __GFP_MOVABLE | __GFP_COMP)

/* Converts the flags that restrict reclaim and growth on behalf of a request back to gfp flags. */
static inline gfp_t pb_gfp_of_alloc_flags(pb_alloc_flags_t flags)
{
	return (flags & PB_ALLOC_WAIT ? __GFP_DIRECT_RECLAIM : 0) |
	       (flags & PB_ALLOC_KSWAPD ? __GFP_KSWAPD_RECLAIM : 0) |
	       (flags & PB_ALLOC_IO ? __GFP_IO : 0) | (flags & PB_ALLOC_FS ? __GFP_FS : 0);
}

bool pb_gfp_request(struct pb_request *rq, gfp_t *gfp, unsigned int order, int nid,
		    const nodemask_t *nodemask);
enum pb_zone_type pb_gfp_highest_zone(gfp_t gfp);
gfp_t pb_gfp_context(gfp_t gfp);

#endif /* PB_GFP_H */
