/* SPDX-License-Identifier: GPL-2.0-only */
/* Emptying per-CPU caches: what frees, the slow path, CPU hotplug and decay call. */
#ifndef PB_DRAIN_H
#define PB_DRAIN_H

#include "core/base/migratetype.h"
#include "core/cache/pcp.h"

/*
 * Gives a freed block (order byte already cleared) to this CPU's cache; false: take the
 * shared path. Preemption off. The other: the rest of pb_free_fast().
 */
bool pb_pcp_free(struct pb_zone *zone, unsigned long pfn, u8 *byte, unsigned int order,
		 enum pb_migratetype mt);
void pb_pcp_free_full_preempt_enable(struct pb_pcp *pcp, struct pb_pcp_list *list,
				     unsigned long pfn, u8 *byte, unsigned int order,
				     enum pb_migratetype mt);

/*
 * Freed single frames of one word (order bytes cleared already), heads as bits of the word at
 * @first: they wait for the rest of it in the list's mask. Inside the busy window.
 */
void pb_pcp_gather(struct pb_zone *zone, struct pb_pcp *pcp, enum pb_migratetype mt,
		   const struct pb_pcp_entry *first, u64 heads);

/* Drains this CPU's caches of every zone; false when called inside its own busy window. */
bool pb_pcp_drain_local(struct pb_pool *pool);
/* Drains the caches of a CPU that is offline, or whose owner is known to be outside. */
void pb_pcp_drain_cpu(struct pb_pool *pool, int cpu);
/* Lets high decay and drains idle caches of this CPU; call about once a second. True: all empty. */
bool pb_pcp_decay_local(struct pb_pool *pool);

#endif /* PB_DRAIN_H */
