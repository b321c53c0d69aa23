// SPDX-License-Identifier: GPL-2.0-only
/*
 * Guard pages: frames around an allocated block that are not allocated to any user. A write
 * outside the block changes a guard, which is checked, and not the memory of another user. As
 * debug_guardpage_minorder of mm/, which leaves the rest of a split block unused.
 *
 * A block of order k with guards lies in an outer block of the order `outer` > k, which is
 * allocated and freed as a whole:
 *
 *   k + 2 <= outer:   guard  [ block ]  guard ... guard
 *   k + 1 == outer:   [ block ]  guard
 *
 * The byte of a guard frame in the page order map is PB_FRAME_GUARD, which is no order: its free
 * is refused, it cannot be migrated, and scans treat it as unmovable. A block has guards exactly
 * when its neighbour within the outer block is a guard, because an outer block contains either one
 * block and its guards, or no guards.
 *
 * The bytes of the outer block belong to its owner. Two concurrent frees of the block are detected
 * by compare-exchange on the byte of the block's head.
 */
#include "core/alloc/alloc.h"
#include "core/alloc/guard.h"
#include "core/compact/movable.h"
#include "core/base/pfn.h"

static void set_order_map(struct pb_pool *pool, unsigned long pfn, unsigned long end, u8 value)
{
	if (pfn < end)
		memset(pb_order_map(pool, pfn), value, end - pfn);
}

/**
 * pb_guard_set - turn an allocated block into a smaller block with guards
 * @pool: the pool
 * @start: head of the outer block, which the caller owns; no flag but MEMALLOC is set
 * @outer: its order, up to PB_GUARD_ORDER_MAX
 * @order: order of the smaller block, below @outer
 *
 * The MEMALLOC bit is kept. Context: any.
 * Return: the head of the smaller block, aligned to its order.
 */
unsigned long pb_guard_set(struct pb_pool *pool, unsigned long start, unsigned int outer,
			   unsigned int order)
{
	u8 memalloc = READ_ONCE(*pb_order_map(pool, start)) & PB_FRAME_MEMALLOC;
	unsigned long pfn = start, end = start + (1UL << outer);

	/* If guards fit on both sides, the first quarter is guards. */
	if (order + 2 <= outer)
		pfn += 1UL << (outer - 2);
	preempt_disable();
	set_order_map(pool, start, end, PB_FRAME_GUARD);
	set_order_map(pool, pfn, pfn + (1UL << order), 0);
	WRITE_ONCE(*pb_order_map(pool, pfn), (order + 1) | memalloc);
	preempt_enable();
	return pfn;
}
EXPORT_SYMBOL_PB_TEST(pb_guard_set);

/**
 * pb_guard_find - find the guards of a block
 * @pool: the pool
 * @pfn: its head; any number
 * @order: its order; any number
 * @outer: as passed to pb_guard_set()
 * @out: set to the block and its guards
 *
 * Context: any.
 * Return: false when there is no such block, or it has no guards.
 */
bool pb_guard_find(struct pb_pool *pool, unsigned long pfn, unsigned int order,
		   unsigned int outer, struct pb_guarded *out)
{
	unsigned long start = round_down(pfn, 1UL << outer), beside = start;

	if (order >= outer || pb_page_order(pool, pfn) != (int)order)
		return false;
	if (start == pfn)
		beside = pfn + (1UL << order);
	if (READ_ONCE(*pb_order_map(pool, beside)) != PB_FRAME_GUARD)
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
 * @guarded: result of pb_guard_find()
 *
 * Context: any, NMI included.
 * Return: as pb_free().
 */
enum pb_bad pb_guard_free(struct pb_pool *pool, const struct pb_guarded *guarded)
{
	u8 *order_map = pb_order_map(pool, guarded->pfn), old = READ_ONCE(*order_map);
	unsigned int outer = ilog2(guarded->end - guarded->start);
	enum pb_release release;

	do {
		if ((old & PB_FRAME_ORDER_MASK) != guarded->order + 1)
			return pb_check_block(pool, guarded->pfn, guarded->order);
	} while (!try_cmpxchg(order_map, &old, 0));
	release = pb_release(pool, guarded->pfn, guarded->order, old);
	if (release != PB_RELEASE_FREE)
		return release == PB_RELEASE_KEPT ? PB_BAD_NONE :
			pb_refuse_free(pool, PB_BAD_DOUBLE, guarded->pfn, guarded->order);
	set_order_map(pool, guarded->start, guarded->pfn, 0);
	set_order_map(pool, guarded->pfn + (1UL << guarded->order), guarded->end, 0);
	WRITE_ONCE(*pb_order_map(pool, guarded->start), outer + 1);
	return pb_free(pool, guarded->start, outer);
}
EXPORT_SYMBOL_PB_TEST(pb_guard_free);

/* Frees guards from @pfn to @end as the largest aligned blocks. */
static void free_guards(struct pb_pool *pool, unsigned long pfn, unsigned long end)
{
	unsigned int order;

	for (; pfn < end; pfn += 1UL << order) {
		order = ilog2(end - pfn);
		if (pfn)
			order = min_t(unsigned int, order, __ffs(pfn));
		set_order_map(pool, pfn, pfn + (1UL << order), 0);
		WRITE_ONCE(*pb_order_map(pool, pfn), order + 1);
		pb_free(pool, pfn, order);
	}
}

/**
 * pb_guard_drop - free the guards of a block, which stays allocated
 * @pool: the pool
 * @guarded: result of pb_guard_find()
 *
 * Context: any, NMI included. The caller owns the block.
 */
void pb_guard_drop(struct pb_pool *pool, const struct pb_guarded *guarded)
{
	free_guards(pool, guarded->start, guarded->pfn);
	free_guards(pool, guarded->pfn + (1UL << guarded->order), guarded->end);
}
EXPORT_SYMBOL_PB_TEST(pb_guard_drop);
