/* SPDX-License-Identifier: GPL-2.0-only */
/* What happens to a request that the first walk over the zonelist could not serve. */
#ifndef PB_SLOWPATH_H
#define PB_SLOWPATH_H

#include "types.h"

/* Below, in alloc.c: one walk, and whether a zone is allowed to a request. */
unsigned long pb_get_page_from_freelist(struct pb_pool *pool, const struct pb_request *rq);
bool pb_zone_allowed(struct pb_zone *zone, const struct pb_request *rq);

unsigned long pb_alloc_slowpath(struct pb_pool *pool, const struct pb_request *rq,
				enum pb_reason *reason);
unsigned long pb_alloc_refused(struct pb_pool *pool, const struct pb_request *rq,
			       enum pb_reason *reason);
bool pb_slowpath_collect(struct pb_pool *pool, const struct pb_request *rq);
enum pb_reason pb_failure_reason(struct pb_pool *pool, const struct pb_request *rq,
				 unsigned long nr_pages);

#endif /* PB_SLOWPATH_H */
