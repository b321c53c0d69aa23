// SPDX-License-Identifier: GPL-2.0-only
/*
 * Entry points of the core. A request is checked, then served by a walk over the zonelist or by
 * the slow path. A free is checked against the page order map before it changes any state.
 */
#include "core/alloc/alloc.h"
#include "core/alloc/private.h"
#include "core/alloc/slowpath.h"
#include "core/base/pfn.h"
#include "core/base/request.h"
#include "core/cache/drain.h"
#include "core/cache/freelist.h"
#include "core/cache/pcp.h"
#include "core/compact/movable.h"
#include "core/zone/blocks.h"
#include "core/zone/zone.h"

/**
 * pb_alloc - allocate a block of 2^order frames
 * @pool: the pool
 * @rq: the request
 * @reason: set to the reason of a failure, or NULL
 *
 * Context: any; may sleep with PB_ALLOC_WAIT.
 * Return: PFN of the head, aligned to the order, or PB_NO_PFN. As __alloc_pages() in
 * mm/page_alloc.c.
 */
unsigned long pb_alloc(struct pb_pool *pool, const struct pb_request *rq, enum pb_reason *reason)
{
	unsigned long pfn;

	if (unlikely(rq->order > PB_MAX_ORDER || rq->migratetype >= PB_PCPTYPES ||
		     (unsigned int)rq->nid >= (unsigned int)pool->nr_nodes))
		return pb_alloc_refused(pool, rq, reason);
	pfn = pb_get_page_from_freelist(pool, rq);
	if (unlikely(pfn == PB_NO_PFN))
		return unlikely(rq->zones) ? pb_private_alloc_slow(pool, rq) :
					     pb_alloc_slowpath(pool, rq, reason);
	return pfn;
}
EXPORT_SYMBOL_PB_TEST(pb_alloc);

/* The kind of misuse of a free that does not match the page order map. */
static enum pb_bad classify(struct pb_pool *pool, unsigned long pfn, unsigned int *was)
{
	struct pb_pageblock *pageblock =
		pb_entry_pageblock(READ_ONCE(pb_dir_entry(pool, pfn)->value));
	unsigned int frame = pb_frame_in_pageblock(pfn), order;
	unsigned long head;
	u8 order_map = READ_ONCE(pageblock->order_map[frame]);

	if (pb_frame_guard(order_map))
		return PB_BAD_GUARD;
	if (pb_frame_size(order_map)) {
		*was = pb_frame_size(order_map) - 1;
		return pb_frame_freed(order_map) ? PB_BAD_DOUBLE : PB_BAD_ORDER;
	}
	if (atomic64_read(&pageblock->free[frame / PB_WORD_NR]) & BIT_ULL(frame % PB_WORD_NR))
		return PB_BAD_DOUBLE;
	for (order = 1; order <= PB_MAX_ORDER; order++) {
		head = round_down(pfn, 1UL << order);
		if (!pb_dir_lookup(pool, head))
			break;
		order_map = READ_ONCE(*pb_order_map(pool, head));
		if (pb_frame_size(order_map) > order) {
			*was = pb_frame_size(order_map) - 1;
			return PB_BAD_TAIL;
		}
	}
	/* Neither free in the bitmaps nor allocated: the page is in a CPU's cache. */
	return PB_BAD_DOUBLE;
}

/* Counts and reports a misuse. */
static enum pb_bad refuse(struct pb_pool *pool, enum pb_bad bad, unsigned long pfn,
			  unsigned int order, unsigned int was)
{
	struct pb_dir_entry *entry = pb_dir_lookup(pool, pfn);

	if (entry)
		pb_zone_event_add(entry->zone, PB_BAD_FREE, 1);
	pool->ops.bad(pool, bad, pfn, order, was);
	return bad;
}

/**
 * pb_refuse_free - count and report a misuse that the caller has found
 * @pool: the pool
 * @bad: the misuse
 * @pfn: head of the block
 * @order: its order
 *
 * Context: any.
 * Return: @bad.
 */
enum pb_bad pb_refuse_free(struct pb_pool *pool, enum pb_bad bad, unsigned long pfn,
			   unsigned int order)
{
	return refuse(pool, bad, pfn, order, 0);
}
EXPORT_SYMBOL_PB_TEST(pb_refuse_free);

/**
 * pb_check_block - check for the head of an allocated block of this order
 * @pool: the pool
 * @pfn: any number
 * @order: any number
 *
 * Context: any.
 * Return: PB_BAD_NONE, or the misuse after it was counted and reported.
 */
enum pb_bad pb_check_block(struct pb_pool *pool, unsigned long pfn, unsigned int order)
{
	unsigned int was = 0;
	enum pb_bad bad;

	if (unlikely(!pb_dir_lookup(pool, pfn)))
		return refuse(pool, PB_BAD_FOREIGN, pfn, order, 0);
	if (unlikely(order > PB_MAX_ORDER))
		return refuse(pool, PB_BAD_ORDER_RANGE, pfn, order, 0);
	if (unlikely(pfn & ((1UL << order) - 1)))
		return refuse(pool, PB_BAD_ALIGN, pfn, order, 0);
	if (likely((READ_ONCE(*pb_order_map(pool, pfn)) &
		    ~(PB_FRAME_MEMALLOC | PB_FRAME_CHECKED)) == order + 1))
		return PB_BAD_NONE;
	bad = classify(pool, pfn, &was);
	return refuse(pool, bad, pfn, order, was);
}

/* Frees a block to its zone. The pageblocks of a large one go into the index together. */
static void free_to_zone(struct pb_zone *zone, unsigned long pfn, unsigned int order)
{
	const struct pb_pcp_entry entry = { .pfn = pfn };

	if (order <= PB_PAGEBLOCK_ORDER) {
		pb_zone_free(zone, pfn, order);
		return;
	}
	pb_zone_free_blocks(zone, &entry, 1, order);
	pb_zone_event_add(zone, PB_PGFREE, 1L << order);
}

/* Order of the parts in which a larger block is freed. */
#define PART_ORDER	(PB_PAGEBLOCK_ORDER + 3)

/*
 * Frees a block in parts and enables preemption between them. The rest stays allocated, as blocks
 * of smaller orders, so that each frame is free or allocated at any time.
 */
static noinline enum pb_bad free_large(struct pb_pool *pool, unsigned long start,
				       unsigned int order)
{
	unsigned long end = start + (1UL << order), pfn;
	u8 *order_map;

	for (pfn = start; pfn < end; pfn += 1UL << order) {
		if (pfn > start)
			order = __ffs(pfn - start);
		preempt_disable();
		order_map = pb_order_map(pool, pfn);
		if (unlikely(READ_ONCE(*order_map) != order + 1)) {
			preempt_enable();
			return pb_check_block(pool, pfn, order);
		}
		for (; order > PART_ORDER; order--)
			*pb_order_map(pool, pfn + (1UL << (order - 1))) = order;
		*order_map = 0;
		free_to_zone(pb_dir_entry(pool, pfn)->zone, pfn, order);
		preempt_enable();
	}
	return PB_BAD_NONE;
}

/* Frees a block whose byte is clear. One that only was checked goes to this CPU's cache, if any. */
static void free_taken(struct pb_pool *pool, unsigned long pfn, unsigned int order, u8 was)
{
	struct pb_dir_entry *entry = pb_dir_entry(pool, pfn);
	enum pb_migratetype mt = pb_entry_migratetype(READ_ONCE(entry->value));

	if ((was & ~PB_FRAME_CHECKED) != order + 1 || !pb_pcp_order(order) || mt >= PB_PCPTYPES ||
	    !pb_pcp_free(entry->zone, pfn, pb_order_map(pool, pfn), order, mt))
		free_to_zone(entry->zone, pfn, order);
}

/* Frees a block with flags in the page order map, or reports a misuse. */
static noinline enum pb_bad free_flagged(struct pb_pool *pool, unsigned long pfn,
					 unsigned int order)
{
	enum pb_release release = PB_RELEASE_KEPT;
	enum pb_movable_free what;
	u8 was = 0;

	preempt_disable();
	what = pb_movable_free(pb_order_map(pool, pfn), order, &was);
	if (what == PB_MOVABLE_FREE_NOW && order > PART_ORDER)
		*pb_order_map(pool, pfn) = order + 1;
	else if (what == PB_MOVABLE_FREE_NOW)
		release = pb_release(pool, pfn, order, was);
	if (release == PB_RELEASE_FREE)
		free_taken(pool, pfn, order, was);
	preempt_enable();
	if (what == PB_MOVABLE_FREE_BAD)
		return pb_check_block(pool, pfn, order);
	if (what == PB_MOVABLE_FREE_NOW && order > PART_ORDER) {
		/* With preemption on, as ops->release reads each page. */
		release = pb_release(pool, pfn, order, was);
		if (release == PB_RELEASE_FREE)
			return free_large(pool, pfn, order);
	}
	return release == PB_RELEASE_DOUBLE ? refuse(pool, PB_BAD_DOUBLE, pfn, order, 0) :
					      PB_BAD_NONE;
}

/**
 * pb_free - free a block
 * @pool: the pool
 * @pfn: PFN of its head
 * @order: the order it was allocated with
 *
 * Context: any, NMI included; does not sleep.
 * Return: PB_BAD_NONE, or the misuse after it was reported; it changes no state. As
 * __free_pages() in mm/page_alloc.c.
 */
enum pb_bad pb_free(struct pb_pool *pool, unsigned long pfn, unsigned int order)
{
	struct pb_dir_entry *entry = pb_dir_lookup(pool, pfn);
	enum pb_migratetype mt;
	unsigned long value;
	u8 *order_map;

	if (unlikely(!entry || order > PB_MAX_ORDER || pfn & ((1UL << order) - 1)))
		return pb_check_block(pool, pfn, order);

	preempt_disable();
	value = READ_ONCE(entry->value);
	order_map = &pb_entry_pageblock(value)->order_map[pb_frame_in_pageblock(pfn)];
	if (unlikely(READ_ONCE(*order_map) != order + 1)) {
		preempt_enable();
		return free_flagged(pool, pfn, order);
	}
	if (unlikely(order > PART_ORDER)) {
		preempt_enable();
		return free_large(pool, pfn, order);
	}
	*order_map = 0;
	mt = pb_entry_migratetype(value);
	if (!pb_pcp_order(order) || mt >= PB_PCPTYPES ||
	    !pb_pcp_free(entry->zone, pfn, order_map, order, mt))
		free_to_zone(entry->zone, pfn, order);
	preempt_enable();
	return PB_BAD_NONE;
}
EXPORT_SYMBOL_PB_TEST(pb_free);

/**
 * pb_page_order - order of an allocated block
 * @pool: the pool
 * @pfn: PFN of its head
 *
 * Context: any.
 * Return: 0 to PB_MAX_ORDER, or -EINVAL when @pfn is not the head of an allocated block.
 */
int pb_page_order(struct pb_pool *pool, unsigned long pfn)
{
	unsigned int size;

	if (!pb_dir_lookup(pool, pfn))
		return -EINVAL;
	size = pb_frame_size(READ_ONCE(*pb_order_map(pool, pfn)));
	return size ? (int)size - 1 : -EINVAL;
}
EXPORT_SYMBOL_PB_TEST(pb_page_order);

/**
 * pb_page_is_memalloc - whether a block was allocated without regard to watermarks
 * @pool: the pool
 * @pfn: PFN of its head; any number
 *
 * Context: any; the result is stable for the owner of the block.
 * Return: false also when @pfn is not the head of an allocated block, and after the block was
 * made movable. As page_is_pfmemalloc() in linux/mm.h.
 */
bool pb_page_is_memalloc(struct pb_pool *pool, unsigned long pfn)
{
	u8 val;

	if (!pb_dir_lookup(pool, pfn))
		return false;
	val = READ_ONCE(*pb_order_map(pool, pfn));
	return pb_frame_size(val) && !pb_frame_freed(val) &&
	       (val & (PB_FRAME_MEMALLOC | PB_FRAME_MOVABLE)) == PB_FRAME_MEMALLOC;
}
EXPORT_SYMBOL_PB_TEST(pb_page_is_memalloc);

struct pb_zone *pb_pfn_zone(struct pb_pool *pool, unsigned long pfn)
{
	struct pb_dir_entry *entry = pb_dir_lookup(pool, pfn);

	return entry ? entry->zone : NULL;
}
EXPORT_SYMBOL_PB_TEST(pb_pfn_zone);

/* Visits the allocated blocks whose heads lie in one pageblock. */
static bool visit_pageblock(struct pb_pageblock *pageblock, unsigned long pfn, pb_visit_fn fn,
			    void *arg)
{
	unsigned int i, size;

	for (i = 0; i < PB_PAGEBLOCK_NR; i++) {
		size = pb_frame_size(pageblock->order_map[i]);
		if (size && !fn(arg, pfn + i, size - 1))
			return false;
	}
	return true;
}

/**
 * pb_walk_allocated - visit every allocated block
 * @pool: a quiescent pool
 * @fn: called with the head's PFN and the order until it returns false
 * @arg: passed to @fn
 */
void pb_walk_allocated(struct pb_pool *pool, pb_visit_fn fn, void *arg)
{
	struct pb_zone *zone;
	struct pb_dir_entry *entry;
	unsigned long index, pfn;

	pb_for_each_any_zone(zone, pool) {
		for (index = 0; index < zone->nr_pageblocks; index++) {
			entry = pb_zone_dir_entry(zone, index);
			if (!entry)
				continue;
			pfn = pb_pageblock_pfn(zone, index);
			if (!visit_pageblock(pb_entry_pageblock(entry->value), pfn, fn, arg))
				return;
		}
	}
}
EXPORT_SYMBOL_PB_TEST(pb_walk_allocated);
