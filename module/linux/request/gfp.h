/* SPDX-License-Identifier: GPL-2.0-only */
/* From gfp flags, as the kernel's allocator understands them, to a request of the core. */
#ifndef PB_GFP_H
#define PB_GFP_H

#include <linux/gfp.h>
#include <linux/nodemask.h>

#include "core/base/request.h"

extern gfp_t pb_gfp_allowed_mask;

bool pb_gfp_request(struct pb_request *rq, gfp_t *gfp, unsigned int order, int nid,
		    const nodemask_t *nodemask);
enum pb_zone_type pb_gfp_highest_zone(gfp_t gfp);
gfp_t pb_gfp_context(gfp_t gfp);
void pb_gfp_to_alloc_flags(struct pb_request *rq, gfp_t gfp);
pb_alloc_flags_t pb_gfp_reserve_flags(gfp_t gfp);

#endif /* PB_GFP_H */
