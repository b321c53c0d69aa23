/* SPDX-License-Identifier: GPL-2.0-only */
/* From gfp flags, as the kernel's allocator understands them, to a request of the core. */
#ifndef PB_GFP_H
#define PB_GFP_H

#include <linux/gfp.h>
#include <linux/nodemask.h>

#include "core/types.h"

bool pb_gfp_request(struct pb_request *rq, gfp_t *gfp, unsigned int order, int nid,
		    const nodemask_t *nodemask);

#endif /* PB_GFP_H */
