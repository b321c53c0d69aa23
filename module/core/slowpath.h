/* SPDX-License-Identifier: GPL-2.0-only */
/* What happens to a request that the first walk over the zonelist could not serve. */
#ifndef PB_SLOWPATH_H
#define PB_SLOWPATH_H

#include "types.h"

unsigned long pb_alloc_slowpath(struct pb_pool *pool, const struct pb_request *rq,
				enum pb_reason *reason);
unsigned long pb_alloc_refused(struct pb_pool *pool, const struct pb_request *rq,
			       enum pb_reason *reason);
void pb_slowpath_collect(struct pb_pool *pool, const struct pb_request *rq);
unsigned long pb_alloc_fail(struct pb_pool *pool, enum pb_reason why, enum pb_reason *reason);
enum pb_reason pb_failure_reason(struct pb_pool *pool, const struct pb_request *rq,
				 unsigned long nr_pages);

#endif /* PB_SLOWPATH_H */
