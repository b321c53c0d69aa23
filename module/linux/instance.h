/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The one pool that this module owns, and what keeps it going: per-CPU drains, decay, CPU
 * hotplug.
 */
#ifndef PB_INSTANCE_H
#define PB_INSTANCE_H

#include "core/base/pool_types.h"
#include "core/pool/pool.h"

struct pb_extent;

extern struct pb_pool pb_instance;

/**
 * struct pb_instance_config - module parameters that shape the instance
 * @pool: text of pool=, NULL or empty for the default
 * @strict: getting less memory than asked is an error
 * @movable_percent: share of each node that goes to ZONE_MOVABLE, 0 to 100
 * @cma_percent: share of each node, as far as it is not MOVABLE, that is a contiguous area
 */
struct pb_instance_config {
	const char	*pool;
	bool		strict;
	unsigned int	movable_percent;
	unsigned int	cma_percent;
};

int pb_instance_init(const struct pb_instance_config *config);
void pb_instance_exit(void);

void pb_instance_drain_all(void);
unsigned long pb_instance_pages(void);
bool pb_instance_has_memory(int nid);
unsigned long pb_instance_node_pages(int nid);
struct list_head *pb_instance_extents(void);
void pb_instance_add_extent(struct pb_extent *extent);

#endif /* PB_INSTANCE_H */
