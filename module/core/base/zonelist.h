/* SPDX-License-Identifier: GPL-2.0-only */
/* Zonelists, in the order in which requests try zones, and the iterators over them. */
#ifndef PB_ZONELIST_H
#define PB_ZONELIST_H

#include "core/base/zone_types.h"

struct pb_zonelist {
	unsigned int	nr;
	struct pb_zone	*zone[];	/* nearest node first, then higher type first */
};

struct pb_zonelist_iter {
	struct pb_zone	*const *next;
	struct pb_zone	*const *end;
};

static __always_inline bool pb_next_zone(struct pb_zonelist_iter *it, struct pb_zone **zone)
{
	if (it->next == it->end)
		return false;
	*zone = *it->next++;
	return true;
}

static __always_inline struct pb_zonelist_iter pb_zonelist_iter(const struct pb_zonelist *list)
{
	return (struct pb_zonelist_iter) { list->zone, list->zone + list->nr };
}

/* As for_each_zone_zonelist(); after a break @zone is the zone of the last iteration. */
#define pb_for_each_zone_zonelist(zone, zonelist)				\
	for (struct pb_zonelist_iter __it = pb_zonelist_iter(zonelist);		\
	     pb_next_zone(&__it, &(zone));)

/* Every zone of a pool once, but for the private zones; pb_for_each_any_zone() has all. */
#define pb_for_each_zone(zone, pool)						\
	pb_for_each_zone_zonelist(zone, (pool)->all_zones)

struct pb_any_zone_iter {
	struct pb_zonelist_iter	listed;
	struct pb_zone		*private;
};

static inline bool pb_next_any_zone(struct pb_any_zone_iter *it, struct pb_zone **zone)
{
	if (pb_next_zone(&it->listed, zone))
		return true;
	*zone = it->private;
	if (!*zone)
		return false;
	it->private = (*zone)->next_private;
	return true;
}

#endif /* PB_ZONELIST_H */
