// SPDX-License-Identifier: GPL-2.0-only
/*
 * Guards: frames around an allocated block that nobody gets, so that who writes past its ends
 * writes into memory that is looked at and not into somebody's. As debug_guardpage_minorder of
 * mm/, where a block that has to be split for a request of a low order is not shared with others.
 *
 * A block of order k with guards is made of one of the order `outer` > k, which is taken whole
 * and goes back whole:
 *
 *   k + 2 <= outer:   guard  [ block ]  guard ... guard
 *   k + 1 == outer:   [ block ]  guard
 *
 * Each frame of a guard has the order byte PB_FRAME_GUARD, which is no order: a free of it is
 * refused, nobody can move it, and to whoever looks around it is a frame that stays. That the frame
 * next to a block within the outer one is a guard is all that tells that the block has any; since
 * an outer block has either one block and guards or none, they are its guards.
 *
 * Bytes of the outer block belong to its owner, before and after. Whoever does the same with the
 * same block twice at a time (two frees) is told apart by compare-exchange on the block's own byte.
 */
#include "core/alloc/alloc.h"
#include "core/alloc/guard.h"
#include "core/base/pfn.h"

static void set_bytes(struct pb_pool *pool, unsigned long pfn, unsigned long end, u8 value)
{
	if (pfn < end)
		memset(pb_order_byte(pool, pfn), value, end - pfn);
}

/**
 * pb_guard_set - make a block with guards around it
 * @pool: the pool
 * @start: head of a block that is the caller's, with no flag but, perhaps, the memalloc mark
 * @outer: its order, up to PB_GUARD_ORDER_MAX
 * @order: order of the block wanted, below @outer
 *
 * The block has that mark then. Context: any. Return: its head, aligned to its order.
 */
unsigned long pb_guard_set(struct pb_pool *pool, unsigned long start, unsigned int outer,
			   unsigned int order)
{
	u8 mark = READ_ONCE(*pb_order_byte(pool, start)) & PB_FRAME_MEMALLOC;
	unsigned long pfn = start, end = start + (1UL << outer);

	/* Where there is room for guards on both sides: a quarter before it. */
	if (order + 2 <= outer)
		pfn += 1UL << (outer - 2);
	preempt_disable();
	set_bytes(pool, start, end, PB_FRAME_GUARD);
	set_bytes(pool, pfn, pfn + (1UL << order), 0);
	WRITE_ONCE(*pb_order_byte(pool, pfn), (order + 1) | mark);
	preempt_enable();
	return pfn;
}
EXPORT_SYMBOL_PB_TEST(pb_guard_set);

/**
 * pb_guard_find - has a block guards around it?
 * @pool: the pool
 * @pfn: what is said to be its head
 * @order: and its order
 * @outer: as pb_guard_set() was told
 * @out: the block and its guards
 *
 * Context: any. Return: false when there is no such block, or it has none.
 */
bool pb_guard_find(struct pb_pool *pool, unsigned long pfn, unsigned int order,
		   unsigned int outer, struct pb_guarded *out)
{
	unsigned long start = round_down(pfn, 1UL << outer), beside = start;

	if (order >= outer || pb_page_order(pool, pfn) != (int)order)
		return false;
	if (start == pfn)
		beside = pfn + (1UL << order);
	if (READ_ONCE(*pb_order_byte(pool, beside)) != PB_FRAME_GUARD)
		return false;
	*out = (struct pb_guarded) {
		.pfn = pfn, .order = order, .start = start, .end = start + (1UL << outer),
	};
	return true;
}
EXPORT_SYMBOL_PB_TEST(pb_guard_find);

/**
 * pb_guard_free - free a block together with its guards
 * @pool: the pool
 * @guarded: as pb_guard_find() found it
 *
 * Context: any, NMI included. Return: as pb_free().
 */
enum pb_bad pb_guard_free(struct pb_pool *pool, const struct pb_guarded *guarded)
{
	u8 *byte = pb_order_byte(pool, guarded->pfn), old = READ_ONCE(*byte);
	unsigned int outer = ilog2(guarded->end - guarded->start);

	do {
		if ((old & PB_FRAME_ORDER_MASK) != guarded->order + 1)
			return pb_check_block(pool, guarded->pfn, guarded->order);
	} while (!try_cmpxchg(byte, &old, 0));
	if (old & PB_FRAME_ACCOUNTED)
		pool->ops.uncharge(pool, guarded->pfn, guarded->order);
	set_bytes(pool, guarded->start, guarded->pfn, 0);
	set_bytes(pool, guarded->pfn + (1UL << guarded->order), guarded->end, 0);
	WRITE_ONCE(*pb_order_byte(pool, guarded->start), outer + 1);
	return pb_free(pool, guarded->start, outer);
}
EXPORT_SYMBOL_PB_TEST(pb_guard_free);

/* Frees guards from @pfn to @end as the largest blocks they make. */
static void free_guards(struct pb_pool *pool, unsigned long pfn, unsigned long end)
{
	unsigned int order;

	for (; pfn < end; pfn += 1UL << order) {
		order = ilog2(end - pfn);
		if (pfn)
			order = min_t(unsigned int, order, __ffs(pfn));
		set_bytes(pool, pfn, pfn + (1UL << order), 0);
		WRITE_ONCE(*pb_order_byte(pool, pfn), order + 1);
		pb_free(pool, pfn, order);
	}
}

/**
 * pb_guard_drop - free the guards of a block, which stays allocated
 * @pool: the pool
 * @guarded: as pb_guard_find() found it
 *
 * Context: any, NMI included; only the block's owner may.
 */
void pb_guard_drop(struct pb_pool *pool, const struct pb_guarded *guarded)
{
	free_guards(pool, guarded->start, guarded->pfn);
	free_guards(pool, guarded->pfn + (1UL << guarded->order), guarded->end);
}
EXPORT_SYMBOL_PB_TEST(pb_guard_drop);
