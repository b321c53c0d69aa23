/* SPDX-License-Identifier: GPL-2.0-only */
/* Zones that only some requests may use, although their type, node and cpuset allow it. */
#ifndef PB_RESTRICT_H
#define PB_RESTRICT_H

#include "core/base/pool_types.h"
#include "core/base/request.h"

void pb_zone_restrict(struct pb_zone *zone, unsigned int restricted);
bool pb_zone_passes(const struct pb_zone *zone, const struct pb_request *rq);

/* Whether a zone's type and restrictions allow a request: one comparison for most zones. */
static __always_inline bool pb_zone_open(const struct pb_zone *zone, const struct pb_request *rq)
{
	return likely(READ_ONCE(zone->barrier) <= rq->highest_zone) || pb_zone_passes(zone, rq);
}

#endif /* PB_RESTRICT_H */
