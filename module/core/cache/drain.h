/* SPDX-License-Identifier: GPL-2.0-only */
/* Drain per-CPU caches: for frees, the slow path, CPU hotplug and the decay of high. */
#ifndef PB_DRAIN_H
#define PB_DRAIN_H

#include "core/base/migratetype.h"
#include "core/cache/pcp.h"

/*
 * pb_pcp_free() puts a freed block, whose order is already cleared, into this CPU's cache.
 * pb_pcp_free_full_preempt_enable() is the out-of-line part of pb_free_fast().
 */
bool pb_pcp_free(struct pb_zone *zone, unsigned long pfn, u8 *order_map, unsigned int order,
		 enum pb_migratetype mt);
void pb_pcp_free_full_preempt_enable(struct pb_pcp *pcp, unsigned int order, unsigned long pfn,
				     u8 *order_map, struct pb_pcp_list *list,
				     enum pb_migratetype mt);

/*
 * Freed single frames of one word, whose orders are already cleared. @heads are their bits in
 * the word of @first. They stay in the list's mask until the word is complete or another word
 * replaces it. Inside the pcp section.
 */
void pb_pcp_batch_word(struct pb_zone *zone, struct pb_pcp *pcp, enum pb_migratetype mt,
		       const struct pb_pcp_entry *first, u64 heads);

/* Whether a cache holds blocks or deferred index updates. */
bool pb_pcp_needs_drain(const struct pb_pcp *pcp);
void pb_pcp_drain_lists(struct pb_pcp *pcp);
/* Drains this CPU's caches of every zone; false when called inside its own pcp section. */
bool pb_pcp_drain_local(struct pb_pool *pool);
bool pb_pcp_drain_local_node(struct pb_pool *pool, int nid);
/* Drains the caches of an offline CPU, or of one that is known to be outside its pcp sections. */
void pb_pcp_drain_cpu(struct pb_pool *pool, int cpu);
/* Decays high and drains idle caches of this CPU; called about once a second. True: all empty. */
bool pb_pcp_decay_local(struct pb_pool *pool);

#endif /* PB_DRAIN_H */
