/* SPDX-License-Identifier: GPL-2.0-only */
/* Which free pageblocks the CPUs refill their lists from, so that they share no cache lines. */
#ifndef PB_CLUSTER_H
#define PB_CLUSTER_H

#include "core/base/zone_types.h"

/* A cluster: aligned pageblocks whose index control is in one cache line. */
#define PB_CLUSTER_SHIFT	3
#define PB_CLUSTER_NR		BIT(PB_CLUSTER_SHIFT)	/* pageblocks */

unsigned long pb_cluster_find_own(struct pb_zone *zone, unsigned int order, enum pb_migratetype mt,
				  u32 cluster);
unsigned long pb_cluster_find_in_word(struct pb_zone *zone, unsigned int order,
				      enum pb_migratetype mt, u32 cluster);
unsigned long pb_cluster_find_free(struct pb_zone *zone, enum pb_migratetype mt, u32 cluster);

#endif /* PB_CLUSTER_H */
