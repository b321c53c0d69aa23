/* SPDX-License-Identifier: GPL-2.0-only */
/* Per-CPU caches: what the rest of the core and the CPU-hotplug and drain code call. */
#ifndef PB_PCP_H
#define PB_PCP_H

#include "types.h"

int pb_pcp_init(struct pb_zone *zone);
void pb_pcp_destroy(struct pb_zone *zone);

/* A frame of this order and migratetype from this CPU's cache, or PB_NO_PFN. Preemption off. */
unsigned long pb_pcp_alloc(struct pb_zone *zone, unsigned int order, enum pb_migratetype mt,
			   unsigned int flags);
/*
 * Gives a freed block (order byte already cleared) to this CPU's cache; false: take the
 * shared path.
 */
bool pb_pcp_free(struct pb_zone *zone, unsigned long pfn, unsigned int order,
		 enum pb_migratetype mt);

/* Drains this CPU's caches of every zone; false when called inside its own busy window. */
bool pb_pcp_drain_local(struct pb_pool *pool);
/* Drains the caches of a CPU that is offline, or whose owner is known to be outside. */
void pb_pcp_drain_cpu(struct pb_pool *pool, int cpu);
/* Lets high decay and drains idle caches of this CPU; call about once a second. True: all empty. */
bool pb_pcp_decay_local(struct pb_pool *pool);

/* Pages in all caches of a zone; exact only when quiescent. */
unsigned long pb_pcp_pages(struct pb_zone *zone);

static inline bool pb_pcp_order(unsigned int order)
{
	return order < PB_NR_PCP_ORDERS;
}

#endif /* PB_PCP_H */
