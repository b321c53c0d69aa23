/* SPDX-License-Identifier: GPL-2.0-only */
/* A group, and the table of groups. See group.c. */
#ifndef PB_GROUP_TYPES_H
#define PB_GROUP_TYPES_H

#include <linux/srcu.h>
#include <linux/types.h>

#include "instance.h"

/**
 * struct pb_group - a group
 * @node: in the table
 * @cgroup: id of its cgroup
 * @strict: requests fail instead of using other memory
 * @removed: the cgroup is gone; changed and read under the mutex
 * @zones: its private zones by node and type, or NULL; set once
 */
struct pb_group {
	struct hlist_node	node;
	u64			cgroup;
	bool			strict;
	bool			removed;
	struct pb_zone		*(*zones)[PB_NR_ZONE_TYPES];
};

extern struct srcu_struct pb_groups_srcu;

struct pb_group *pb_group_find(u64 cgroup);

/* Next zone of a group from slot @i on. */
static inline struct pb_zone *pb_next_own_zone(const struct pb_group *group, unsigned int *i)
{
	struct pb_zone *zone = NULL;

	while (!zone && *i < pb_instance.nr_nodes * PB_NR_ZONE_TYPES) {
		zone = READ_ONCE(group->zones[*i / PB_NR_ZONE_TYPES][*i % PB_NR_ZONE_TYPES]);
		++*i;
	}
	return zone;
}

#define pb_for_each_own_zone(zone, group)					\
	for (unsigned int __i = 0; ((zone) = pb_next_own_zone(group, &__i));)

#endif /* PB_GROUP_TYPES_H */
