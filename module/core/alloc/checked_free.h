/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The free of a block whose byte in the page order map has the CHECKED bit and no other flag, in
 * three inline steps: find the block, take it from its owner, free it to this CPU's cache. Between
 * them the caller does what ops->release does otherwise.
 *
 * Of concurrent frees of the block one takes it: pb_checked_take() clears the byte by
 * compare-exchange, as pb_movable_free() does. A free that does not find or take the block leaves
 * it to pb_free(), which also reports a misuse.
 */
#ifndef PB_CHECKED_FREE_H
#define PB_CHECKED_FREE_H

#include "core/base/pfn.h"
#include "core/cache/drain.h"
#include "core/cache/pcp.h"
#include "core/zone/zone.h"

/**
 * struct pb_checked_block - a block whose free calls ops->release
 * @pfn: its head
 * @order: its order, up to PB_WORD_ORDER
 * @mt: migratetype of its pageblock, below PB_PCPTYPES
 * @order_map: its byte in the page order map
 * @zone: its zone
 */
struct pb_checked_block {
	unsigned long	pfn;
	unsigned int	order;
	unsigned int	mt;
	u8		*order_map;
	struct pb_zone	*zone;
};

/**
 * pb_checked_find - find an allocated block with the CHECKED bit and no other flag
 * @pool: the pool
 * @pfn: PFN of its head; any number
 * @order: the order it was allocated with; any number
 * @block: set to the block
 *
 * Context: any; preemption off.
 * Return: whether there is such a block, of an order up to PB_WORD_ORDER.
 */
static __always_inline bool pb_checked_find(struct pb_pool *pool, unsigned long pfn,
					    unsigned int order, struct pb_checked_block *block)
{
	struct pb_dir_entry *entry;
	unsigned long value;

	if (unlikely(pfn >> PB_SECTION_ORDER >= pool->nr_dir || order > PB_WORD_ORDER))
		return false;
	entry = pb_dir_entry(pool, pfn);
	OPTIMIZER_HIDE_VAR(entry);	/* computed once */
	value = READ_ONCE(entry->value);
	block->pfn = pfn;
	block->order = order;
	block->mt = pb_entry_migratetype(value);
	if (unlikely(block->mt >= PB_PCPTYPES))		/* a hole, too */
		return false;
	block->zone = entry->zone;
	block->order_map = &pb_entry_pageblock(value)->order_map[pb_frame_in_pageblock(pfn)];
	OPTIMIZER_HIDE_VAR(block->order_map);
	return likely(READ_ONCE(*block->order_map) == ((order + 1) | PB_FRAME_CHECKED));
}

/* Takes a block from its owner; false: another free was first, or the block has changed. */
static __always_inline bool pb_checked_take(const struct pb_checked_block *block)
{
	u8 old = (block->order + 1) | PB_FRAME_CHECKED;

	return likely(try_cmpxchg(block->order_map, &old, 0));
}

/* Frees a block that was taken. Preemption off. */
static __always_inline void pb_checked_put(const struct pb_checked_block *block)
{
	struct pb_pcp *pcp = pb_this_cpu_ptr(block->zone->pcp);
	struct pb_pcp_list *list = pb_pcp_list(pcp, block->order, block->mt);

	if (likely(pb_pcp_enter(pcp))) {
		if (likely(list->n < list->limit)) {
			list->nr_free++;
			pb_pcp_push(list, block->pfn, block->order_map);
			pb_pcp_leave(pcp);
			return;
		}
		pb_pcp_leave(pcp);
	}
	if (!pb_pcp_free(block->zone, block->pfn, block->order_map, block->order, block->mt))
		pb_zone_free(block->zone, block->pfn, block->order);
}

#endif /* PB_CHECKED_FREE_H */
