/* SPDX-License-Identifier: GPL-2.0-only */
/* The slow path of requests that the first walk over the zonelist could not serve. */
#ifndef PB_SLOWPATH_H
#define PB_SLOWPATH_H

#include "core/alloc/failure_reason.h"
#include "core/base/request.h"

unsigned long pb_alloc_slowpath(struct pb_pool *pool, const struct pb_request *rq,
				enum pb_reason *reason);
void pb_slowpath_drain(struct pb_pool *pool, const struct pb_request *rq);
bool pb_slowpath_reclaim(struct pb_pool *pool, const struct pb_request *rq);

#endif /* PB_SLOWPATH_H */
