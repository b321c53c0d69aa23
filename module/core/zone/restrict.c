// SPDX-License-Identifier: GPL-2.0-only
/*
 * Zones that only some requests may use. An administrator restricts a zone by the bits of
 * ->restricted (zone_types.h); most zones have none.
 *
 * A walk over the zonelist compares one word with the request's highest zone: ->barrier, which is
 * the zone's type, or PB_NR_ZONE_TYPES while the zone is restricted. So zones without restrictions
 * cost a request nothing. Two requests may see a change in different walks, as both words are
 * hints: a walk that has passed the zone already goes on.
 */
#include "core/zone/restrict.h"

/**
 * pb_zone_restrict - set the restrictions of a zone
 * @zone: the zone
 * @restricted: PB_RESTRICT_ bits; they apply to requests that begin later
 *
 * Context: any, one caller at a time.
 */
void pb_zone_restrict(struct pb_zone *zone, unsigned int restricted)
{
	WRITE_ONCE(zone->restricted, restricted);
	WRITE_ONCE(zone->barrier, restricted ? PB_NR_ZONE_TYPES : zone->type);
}
EXPORT_SYMBOL_PB_TEST(pb_zone_restrict);

/**
 * pb_zone_passes - whether type and restrictions of a zone allow a request
 * @zone: the zone
 * @rq: the request
 *
 * Zones that are kept from ordinary requests of user tasks are sorted out first. An isolated node
 * is named by THISNODE or by any nodemask: pb_zone_allowed() checks both for the zone. The nodes of
 * the cpuset name none, so a cpuset with an isolated node does not open it to all requests of its
 * tasks.
 *
 * Context: any. As skip_none_movable_zone() and the tests for coherent device memory in
 * get_page_from_freelist() of openEuler.
 * Return: whether they do.
 */
bool pb_zone_passes(const struct pb_zone *zone, const struct pb_request *rq)
{
	unsigned int restricted = READ_ONCE(zone->restricted);

	if (restricted & PB_RESTRICT_USER && rq->flags & PB_ALLOC_USER)
		return false;
	if (restricted & PB_RESTRICT_RELIABLE && rq->flags & PB_ALLOC_RELIABLE)
		return false;
	if (zone->type > rq->highest_zone)
		return false;
	return !(restricted & PB_RESTRICT_ISOLATED) || rq->flags & PB_ALLOC_THISNODE ||
	       rq->nodemask;
}
EXPORT_SYMBOL_PB_TEST(pb_zone_passes);
