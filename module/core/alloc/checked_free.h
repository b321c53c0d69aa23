/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The free of a block whose byte in the page order map has the CHECKED bit and no other flag, in
 * three inline steps: find the block, take it from its owner, free it to this CPU's cache. Between
 * them the caller does what ops->release does otherwise. The first step is that of the fast path
 * (pb_free_fast_checked()).
 *
 * Of concurrent frees of the block one takes it: pb_checked_take() clears the byte by
 * compare-exchange, as pb_movable_free() does. A free that does not find or take the block leaves
 * it to pb_free(), which also reports a misuse.
 */
#ifndef PB_CHECKED_FREE_H
#define PB_CHECKED_FREE_H

#include "core/cache/drain.h"
#include "core/cache/fastpath.h"
#include "core/cache/pcp.h"
#include "core/zone/zone.h"

/* Takes a block from its owner; false: another free was first, or the block has changed. */
static __always_inline bool pb_checked_take(const struct pb_checked_block *block)
{
	u8 old = (block->order + 1) | PB_FRAME_CHECKED;

	return likely(try_cmpxchg(block->order_map, &old, 0));
}

/* The same inside another pcp section of this CPU, or while it is claimed. */
static noinline __maybe_unused void
pb_checked_put_busy_preempt_enable(struct pb_zone *zone, unsigned long pfn, unsigned int order)
{
	pb_zone_free(zone, pfn, order);
	preempt_enable();
}

/* Frees a block that was taken, and enables preemption. */
static __always_inline void pb_checked_put_preempt_enable(const struct pb_checked_block *block)
{
	struct pb_pcp *pcp = pb_this_cpu_ptr(block->zone->pcp);
	struct pb_pcp_list *list = pb_pcp_list(pcp, block->order, block->mt);

	if (unlikely(!pb_pcp_enter(pcp))) {
		pb_checked_put_busy_preempt_enable(block->zone, block->pfn, block->order);
		return;
	}
	if (unlikely(list->n >= list->limit)) {
		pb_pcp_free_full_preempt_enable(pcp, block->order, block->pfn, block->order_map,
						list, block->mt);
		return;
	}
	list->nr_free++;
	pb_pcp_push(list, block->pfn, block->order_map);
	pb_pcp_leave(pcp);
	preempt_enable();
}

#endif /* PB_CHECKED_FREE_H */
