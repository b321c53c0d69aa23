/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The fast path, inline: allocate a block from this CPU's cache and free one into it, without
 * a call, an atomic or a lock.
 *
 * Both functions either do the whole job, or change nothing and say so; then alloc.c does it.
 * They do not handle an empty or full list, a busy cache, a zone near its watermarks, or a
 * free that does not match the page order map. Blocks in a cache are not in the zone's free
 * count, so handing one out cannot take the zone below its watermark. The watermark is
 * checked all the same, so that requests leave the fast path while the zone is low.
 *
 * Preemption is off between the list and the store to the page order map; freelist.c has the
 * reason.
 */
#ifndef PB_FASTPATH_H
#define PB_FASTPATH_H

#include "core/base/directory.h"
#include "core/base/pfn.h"
#include "core/base/pool_types.h"
#include "core/cache/drain.h"
#include "core/cache/freelist.h"
#include "core/cache/pcp.h"
#include "core/cache/zeroed.h"

/* Result of pb_alloc_fast(). */
enum pb_fast {
	PB_FAST_DONE,
	PB_FAST_NONE,		/* nothing changed; call pb_alloc() */
	PB_FAST_EMPTY_IN_SECTION, /* list empty; call pb_alloc_refill_leave_section() */
	PB_FAST_IN_USE,		/* the block is in use; call pb_set_aside() */
};

/* Output of pb_alloc_fast(): a head, or for PB_FAST_EMPTY_IN_SECTION the cache. */
union pb_fast_found {
	unsigned long	pfn;
	struct pb_pcp	*pcp;
};

/* Output of pb_free_fast_checked(): a block whose free calls ops->release (checked_free.h). */
struct pb_checked_block {
	unsigned long	pfn;		/* its head */
	unsigned int	order;		/* its order */
	unsigned int	mt;		/* migratetype of its pageblock, below PB_PCPTYPES */
	u8		*order_map;	/* its byte in the page order map */
	struct pb_zone	*zone;		/* its zone */
};

/* Result of pb_free_fast_checked(). */
enum pb_free_fast {
	PB_FREE_FAST_DONE,
	PB_FREE_FAST_NONE,	/* nothing changed; call pb_free() */
	PB_FREE_FAST_CHECKED,	/* nothing changed, and preemption is off: a checked block */
};

/**
 * pb_alloc_fast_checked - allocate a block, with flags in the page order map
 * @zone: the first zone that may serve the request
 * @pcp: this CPU's cache of it
 * @order: an order with pcp lists
 * @mt: migratetype, below PB_PCPTYPES
 * @flags: PB_FRAME_CHECKED or 0
 * @found: as for pb_alloc_fast()
 *
 * As pb_alloc_fast().
 * Return: what was done, and what the caller has to do.
 */
static __always_inline enum pb_fast
pb_alloc_fast_checked(struct pb_zone *zone, struct pb_pcp *pcp, unsigned int order,
		      enum pb_migratetype mt, u8 flags, union pb_fast_found *found)
{
	struct pb_pcp_entry entry;
	struct pb_pcp_list *list;

	if (unlikely(atomic_long_read(&zone->nr_free) < zone->fast_watermark || !pb_pcp_enter(pcp)))
		return PB_FAST_NONE;
	list = pb_pcp_list(pcp, order, mt);
	if (unlikely(!pb_pcp_pop(list, &entry))) {
		found->pcp = pcp;
		return PB_FAST_EMPTY_IN_SECTION;
	}
	list->nr_alloc++;
	pb_pcp_leave(pcp);
	found->pfn = entry.pfn;
	if (unlikely(*entry.order_map))
		return PB_FAST_IN_USE;
	WRITE_ONCE(*entry.order_map, (order + 1) | flags);
	return PB_FAST_DONE;
}

/**
 * pb_alloc_fast - allocate a block from this CPU's cache
 * @zone: the first zone that may serve the request
 * @pcp: this CPU's cache of it
 * @order: an order with pcp lists
 * @mt: migratetype, below PB_PCPTYPES
 * @found: set to the head, for PB_FAST_DONE and PB_FAST_IN_USE; set to the cache, inside its pcp
 *	   section, for PB_FAST_EMPTY_IN_SECTION
 *
 * For requests with the low watermark. Context: any; preemption off.
 * Return: what was done, and what the caller has to do.
 */
static __always_inline enum pb_fast pb_alloc_fast(struct pb_zone *zone, struct pb_pcp *pcp,
						  unsigned int order, enum pb_migratetype mt,
						  union pb_fast_found *found)
{
	return pb_alloc_fast_checked(zone, pcp, order, mt, 0, found);
}

/**
 * pb_pcp_alloc_zeroed - take a block that is known to be zero from this CPU's cache
 * @zone: the first zone that may serve the request
 * @pcp: this CPU's cache of it
 * @order: an order with pcp lists
 * @mt: migratetype, below PB_PCPTYPES
 * @entry: set to the block, for PB_FAST_DONE
 *
 * As pb_alloc_fast(), but for the page order map: pb_alloc_mark() is next. With
 * PB_FAST_EMPTY_IN_SECTION the list may have other blocks.
 * Context: any; preemption off.
 * Return: PB_FAST_DONE, PB_FAST_NONE or PB_FAST_EMPTY_IN_SECTION.
 */
static __always_inline enum pb_fast pb_pcp_alloc_zeroed(struct pb_zone *zone, struct pb_pcp *pcp,
							unsigned int order, enum pb_migratetype mt,
							struct pb_pcp_entry *entry)
{
	struct pb_pcp_list *list;

	if (unlikely(zone->fast_watermark > atomic_long_read(&zone->nr_free) || !pb_pcp_enter(pcp)))
		return PB_FAST_NONE;
	list = pb_pcp_list(pcp, order, mt);
	if (unlikely(!pb_pcp_pop_zeroed(list, order, entry)))
		return PB_FAST_EMPTY_IN_SECTION;
	pcp->event[PB_PREZERO_HIT]++;
	list->nr_alloc++;
	pb_pcp_leave(pcp);
	return PB_FAST_DONE;
}

/* Enters a block in the page order map, if it is not in use. Preemption off since the pop. */
static __always_inline enum pb_fast pb_alloc_mark(const struct pb_pcp_entry *entry,
						  unsigned int order, u8 flags)
{
	if (unlikely(*entry->order_map))
		return PB_FAST_IN_USE;
	WRITE_ONCE(*entry->order_map, (order + 1) | flags);
	return PB_FAST_DONE;
}

/**
 * pb_alloc_zeroed_fast - allocate a block that is known to be zero from this CPU's cache
 * @pcp: this CPU's cache of the first zone that may serve the request
 * @order: an order with pcp lists
 * @mt: migratetype, below PB_PCPTYPES
 * @flags: of the block in the page order map: PB_FRAME_CHECKED or 0
 * @entry: set to the block, for PB_FAST_DONE and PB_FAST_IN_USE
 *
 * As pb_alloc_fast(); with PB_FAST_EMPTY_IN_SECTION the list may have other blocks.
 * Context: any; preemption off.
 * Return: what was done, and what the caller has to do.
 */
static __always_inline enum pb_fast pb_alloc_zeroed_fast(struct pb_pcp *pcp, unsigned int order,
							 enum pb_migratetype mt, u8 flags,
							 struct pb_pcp_entry *entry)
{
	enum pb_fast result = pb_pcp_alloc_zeroed(pcp->zone, pcp, order, mt, entry);

	return likely(result == PB_FAST_DONE) ? pb_alloc_mark(entry, order, flags) : result;
}

/**
 * pb_alloc_cached - allocate a block from this CPU's cache of any zone, refilled if it is empty
 * @pcp: the cache of the first zone that may serve the request
 * @order: an order with pcp lists
 * @mt: migratetype, below PB_PCPTYPES
 * @want_zeroed: whether a block that is known to be zero is preferred
 * @zeroed: set to whether it is, with @want_zeroed
 *
 * As the fast path for requests that need more than it does. Context: any; preemption off.
 * Return: PFN of the head, or PB_NO_PFN; the caller then calls pb_alloc().
 */
static __always_inline unsigned long pb_alloc_cached(struct pb_pcp *pcp, unsigned int order,
						     enum pb_migratetype mt, bool want_zeroed,
						     bool *zeroed)
{
	struct pb_zone *zone = pcp->zone;
	union pb_fast_found found;
	struct pb_pcp_entry entry;
	enum pb_fast result;

	if (want_zeroed && unlikely(READ_ONCE(zone->prezeroed))) {
		result = pb_alloc_zeroed_fast(pcp, order, mt, 0, &entry);
		*zeroed = true;
	} else {
		result = pb_alloc_fast(zone, pcp, order, mt, &found);
		entry.pfn = found.pfn;
		*zeroed = false;
	}
	if (likely(result == PB_FAST_DONE))
		return entry.pfn;
	if (result == PB_FAST_EMPTY_IN_SECTION)
		return pb_alloc_refill_leave_section(pcp, order, mt, want_zeroed ? zeroed : NULL);
	if (result == PB_FAST_IN_USE)
		pb_set_aside(zone, entry.pfn, order);
	return PB_NO_PFN;
}

/* The functions below; @is_plain is NULL where nothing is asked, @checked is without @may_check. */
static __always_inline enum pb_free_fast
pb_free_fast_any(struct pb_pool *pool, unsigned long pfn, unsigned int order,
		 bool (*is_plain)(const void *head), const void *head, bool may_check,
		 struct pb_checked_block *checked)
{
	unsigned long section = pfn >> PB_SECTION_ORDER, value, this_cpu, n;
	struct pb_pcp_list *list;
	struct pb_dir_entry *entry;
	struct pb_pcp *pcp;
	unsigned int mt;
	u8 *order_map;

	if (unlikely(section >= pool->nr_dir || !pb_pcp_order(order)))
		return PB_FREE_FAST_NONE;
	preempt_disable();
	this_cpu = pb_this_cpu();
	entry = pb_dir_entry(pool, pfn);
	OPTIMIZER_HIDE_VAR(entry);	/* computed once */
	value = READ_ONCE(entry->value);
	mt = pb_entry_migratetype(value);
	if (unlikely(mt >= PB_PCPTYPES))	/* a hole, too */
		goto no;
	order_map = &pb_entry_pageblock(value)->order_map[pb_frame_in_pageblock(pfn)];
	OPTIMIZER_HIDE_VAR(order_map);	/* computed once */
	if (unlikely(*order_map != (u8)(order + 1)))
		goto flags;
	if (is_plain && unlikely(!is_plain(head)))
		goto no;
	pcp = pb_cpu_ptr(entry->zone->pcp, this_cpu);
	list = pb_pcp_list(pcp, order, mt);
	if (unlikely(!pb_pcp_enter(pcp)))
		goto no;
	n = list->n;
	OPTIMIZER_HIDE_VAR(n);	/* extended once */
	if (unlikely((u16)n >= list->limit)) {
		pb_pcp_free_full_preempt_enable(pcp, order, pfn, order_map, list, mt);
		return PB_FREE_FAST_DONE;
	}
	list->nr_free++;
	pb_pcp_push_at(list, n, pfn, order_map);
	*order_map = 0;
	pb_pcp_leave(pcp);
	preempt_enable();
	return PB_FREE_FAST_DONE;
flags:
	if (may_check && order <= PB_PAGEBLOCK_ORDER &&
	    READ_ONCE(*order_map) == ((order + 1) | PB_FRAME_CHECKED)) {
		*checked = (struct pb_checked_block) { pfn, order, mt, order_map, entry->zone };
		return PB_FREE_FAST_CHECKED;
	}
no:
	preempt_enable();
	return PB_FREE_FAST_NONE;
}

/**
 * pb_free_fast_checked - free a plain block into this CPU's cache, or find a checked one
 * @pool: the pool
 * @pfn: PFN of its head; any number
 * @order: the order it was allocated with; any number
 * @is_plain: whether a block without the CHECKED bit may become free; called, inline, only when the
 *	      pool has this block
 * @head: argument of @is_plain
 * @checked: set to the block, for PB_FREE_FAST_CHECKED; then preemption is off
 *
 * The page order map alone decides whether a block of this order begins at @pfn: its bytes are
 * set for aligned heads in existing pageblocks only. A block that has the CHECKED bit and no other
 * flag is found and not freed, up to PB_PAGEBLOCK_ORDER.
 *
 * Context: any.
 * Return: what was done, and what the caller has to do.
 */
static __always_inline enum pb_free_fast
pb_free_fast_checked(struct pb_pool *pool, unsigned long pfn, unsigned int order,
		     bool (*is_plain)(const void *head), const void *head,
		     struct pb_checked_block *checked)
{
	return pb_free_fast_any(pool, pfn, order, is_plain, head, true, checked);
}

/* The same for blocks without the CHECKED bit only, all of which may become free. */
static __always_inline bool pb_free_fast(struct pb_pool *pool, unsigned long pfn,
					 unsigned int order)
{
	return pb_free_fast_any(pool, pfn, order, NULL, NULL, false, NULL) == PB_FREE_FAST_DONE;
}

#endif /* PB_FASTPATH_H */
