/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The fast path, inline: a block out of this CPU's cache and back into it, without a call,
 * an atomic or a lock.
 *
 * Both functions either do the whole job or change nothing and say so; what they do not
 * handle (an empty or full list, a busy cache, a zone near its mark, a free that does not
 * fit) is the business of alloc.c. A block in a cache has left the zone's free count
 * already, so handing it out cannot take the zone below its mark; that the mark is looked
 * at all the same keeps requests honest while the zone is low.
 *
 * From the list to the order byte preemption is off, for the reason given in freelist.c.
 */
#ifndef PB_FASTPATH_H
#define PB_FASTPATH_H

#include "freelist.h"
#include "pcp.h"
#include "pfn.h"
#include "types.h"

/**
 * pb_alloc_fast - a block out of this CPU's cache
 * @pool: the pool
 * @nid: preferred node, below pool->nr_nodes
 * @highest: highest zone type that may serve the request
 * @order: an order with pcp lists
 * @mt: migratetype, below PB_PCPTYPES
 *
 * For requests that any zone of the node up to @highest may serve and that keep the low
 * mark. Context: any. Return: PFN, or PB_NO_PFN: ask pb_alloc() then.
 */
static __always_inline unsigned long pb_alloc_fast(struct pb_pool *pool, int nid,
						   enum pb_zone_type highest, unsigned int order,
						   enum pb_migratetype mt)
{
	struct pb_zone *zone = pool->preferred[nid][highest];
	struct pb_pcp_list *list;
	struct pb_pcp *pcp;
	unsigned long pfn;
	u8 *byte;

	if (unlikely(!zone || atomic_long_read(&zone->nr_free) < zone->fast_mark))
		return PB_NO_PFN;
	preempt_disable();
	pcp = pb_this_cpu_ptr(zone->pcp);
	if (unlikely(!pb_pcp_enter(pcp)))
		goto no;
	list = pb_pcp_list(pcp, order, mt);
	if (unlikely(!pb_pcp_pop(list, &pfn))) {
		pb_pcp_leave(pcp);
		goto no;
	}
	list->nr_alloc++;
	pb_pcp_leave(pcp);
	byte = pb_order_byte(pool, pfn);
	if (unlikely(*byte)) {
		pb_set_aside(zone, pfn, order);
		goto no;
	}
	*byte = order + 1;
	preempt_enable();
	return pfn;
no:
	preempt_enable();
	return PB_NO_PFN;
}

/**
 * pb_free_fast - a block back into this CPU's cache
 * @pool: the pool
 * @pfn: PFN of its head; any number
 * @order: the order it was allocated with; any number
 *
 * The order byte alone says that a block of this order begins here: it is set for aligned
 * heads of pageblocks that exist and for nothing else.
 *
 * Context: any. Return: false when nothing was done: ask pb_free() then.
 */
static __always_inline bool pb_free_fast(struct pb_pool *pool, unsigned long pfn,
					 unsigned int order)
{
	unsigned long chunk = pfn >> PB_CHUNK_ORDER, word;
	struct pb_pcp_list *list;
	struct pb_slot *slot;
	struct pb_pcp *pcp;
	unsigned int mt;
	u8 *byte;
	u32 n;

	if (unlikely(chunk >= pool->nr_dir || !pool->dir[chunk] || !pb_pcp_order(order)))
		return false;
	slot = pb_slot(pool, pfn);
	preempt_disable();
	word = READ_ONCE(slot->word);
	mt = pb_slot_migratetype(word);
	if (unlikely(!word || mt >= PB_PCPTYPES))
		goto no;
	byte = &pb_slot_block(word)->order[pb_frame_in_block(pfn)];
	if (unlikely(*byte != order + 1))
		goto no;
	pcp = pb_this_cpu_ptr(slot->zone->pcp);
	list = pb_pcp_list(pcp, order, mt);
	if (unlikely(!pb_pcp_enter(pcp)))
		goto no;
	n = list->n;
	if (unlikely(n >= list->limit)) {
		pb_pcp_leave(pcp);
		goto no;
	}
	*byte = 0;
	list->lifo[n] = pfn;
	list->n = n + 1;
	list->nr_free++;
	pb_pcp_leave(pcp);
	preempt_enable();
	return true;
no:
	preempt_enable();
	return false;
}

#endif /* PB_FASTPATH_H */
