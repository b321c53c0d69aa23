/* SPDX-License-Identifier: GPL-2.0-only */
/* From gfp flags, as the kernel's allocator understands them, to a request of the core. */
#ifndef PB_GFP_H
#define PB_GFP_H

#include <linux/gfp.h>
#include <linux/nodemask.h>

#include "core/base/request.h"

extern gfp_t pb_gfp_allowed_mask;

/*
 * Requests with one of these flags do not take the fast path of api.c. The others need no action
 * when a page is at hand.
 */
#define PB_GFP_SLOW	(__GFP_WRITE | __GFP_COMP | __GFP_ACCOUNT | __GFP_ZERO)

/* The gfp flags that reclaim and growth for a request have to keep to. */
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
void pb_gfp_to_alloc_flags(struct pb_request *rq, gfp_t gfp);
pb_alloc_flags_t pb_gfp_reserve_flags(gfp_t gfp);

#endif /* PB_GFP_H */
