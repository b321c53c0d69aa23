// SPDX-License-Identifier: GPL-2.0-only
/*
 * Allocated blocks that may be moved: their state, kept in the order byte of the head.
 *
 *   order + 1                     allocated
 *   order + 1 | MOVABLE           its owner has registered how to move it
 *   order + 1 | MOVABLE|ISOLATED  somebody is moving it
 *   order + FREED | ISOLATED      freed by its owner meanwhile; the mover gives the frames back
 *   0                             not allocated
 *
 * The ACCOUNTED bit changes nothing of this: it goes with the byte that it is in. A block that is
 * not movable may have the MEMALLOC bit, which is the same as ISOLATED; it goes when the block is
 * made movable, as the kernel's goes when a page is put on a list.
 *
 * A block without flags belongs to its owner alone, who writes the byte with plain stores. From the
 * moment it is movable two parties may change it, the owner who frees it and the mover who isolates
 * it, and both do so by compare-exchange. Exactly one of them finds the byte as it was: a block is
 * either freed, and cannot be isolated any more, or isolated, and then a free only leaves a mark.
 * So the frames of an isolated block are nobody else's until it is put back or its move is over,
 * and nobody ever waits: a free stays legal in any context. (litmus: movable-free)
 *
 * Who frees a block looks at its byte before it knows whose it is, with READ_ONCE(); who allocates
 * one writes it with WRITE_ONCE(): a mover that saw what was there before may still try, in vain.
 *
 * Value-returning atomics are full barriers, so who isolates a block sees all that was written
 * before it became movable.
 */
#include "core/cache/freelist.h"
#include "core/compact/movable.h"

/* Changes the state of a movable block; false when it is in another, or none. */
static bool change(u8 *byte, u8 want, u8 clear)
{
	u8 old = READ_ONCE(*byte);

	do {
		if (!(old & PB_FRAME_ORDER_MASK) ||
		    (old & (PB_FRAME_MOVABLE | PB_FRAME_ISOLATED)) != want)
			return false;
	} while (!try_cmpxchg(byte, &old, old & ~clear));
	return true;
}

/**
 * pb_movable_set - an allocated block may be moved from now on
 * @pool: the pool
 * @pfn: its head
 *
 * Context: any. Return: 0; -EINVAL when @pfn is no head of an allocated block, or of one larger
 * than a pageblock; -EBUSY when it is being moved. Setting it twice is allowed.
 */
int pb_movable_set(struct pb_pool *pool, unsigned long pfn)
{
	u8 *byte, old;

	if (!pb_slot_lookup(pool, pfn))
		return -EINVAL;
	byte = pb_order_byte(pool, pfn);
	old = READ_ONCE(*byte);
	do {
		if (!pb_frame_size(old) || pb_frame_size(old) > PB_PAGEBLOCK_ORDER + 1 ||
		    pb_frame_freed(old))
			return -EINVAL;
		if (old & PB_FRAME_MOVABLE)
			return pb_frame_moving(old) ? -EBUSY : 0;
	} while (!try_cmpxchg(byte, &old, (old & ~PB_FRAME_MEMALLOC) | PB_FRAME_MOVABLE));
	return 0;
}
EXPORT_SYMBOL_PB_TEST(pb_movable_set);

/**
 * pb_movable_clear - an allocated block may no longer be moved
 * @pool: the pool
 * @pfn: its head
 *
 * Context: any. Return: 0, also when it was not movable; -EBUSY when it is being moved right now;
 * -EINVAL when @pfn is no head of an allocated block.
 */
int pb_movable_clear(struct pb_pool *pool, unsigned long pfn)
{
	u8 *byte, old;

	if (!pb_slot_lookup(pool, pfn))
		return -EINVAL;
	byte = pb_order_byte(pool, pfn);
	if (change(byte, PB_FRAME_MOVABLE, PB_FRAME_MOVABLE))
		return 0;
	old = READ_ONCE(*byte);
	if (!pb_frame_size(old))
		return -EINVAL;
	return pb_frame_freed(old) || old & PB_FRAME_MOVABLE ? -EBUSY : 0;
}
EXPORT_SYMBOL_PB_TEST(pb_movable_clear);

/**
 * pb_movable_isolate - take a movable block aside, to move it
 * @pool: the pool
 * @pfn: its head, a PFN the pool owns
 * @order: its order, as it was seen
 *
 * Until pb_movable_putback() the block stays allocated whatever its owner does.
 *
 * Context: any. Return: false when it is not a movable block of that order (any more), or is being
 * moved by somebody else.
 */
bool pb_movable_isolate(struct pb_pool *pool, unsigned long pfn, unsigned int order)
{
	u8 *byte = pb_order_byte(pool, pfn), old = pb_peek(byte);

	do {
		if ((old & PB_FRAME_ORDER_MASK) != order + 1 ||
		    (old & (PB_FRAME_MOVABLE | PB_FRAME_ISOLATED)) != PB_FRAME_MOVABLE)
			return false;
	} while (!try_cmpxchg(byte, &old, old | PB_FRAME_ISOLATED));
	return true;
}
EXPORT_SYMBOL_PB_TEST(pb_movable_isolate);

/**
 * pb_movable_putback - end the isolation of a block that stays where it is
 * @pool: the pool
 * @pfn: its head
 *
 * Context: any. Return: true when it is an ordinary movable block again; false when its owner has
 * freed it meanwhile: the caller then gives the frames back.
 */
bool pb_movable_putback(struct pb_pool *pool, unsigned long pfn)
{
	u8 *byte = pb_order_byte(pool, pfn);

	return change(byte, PB_FRAME_MOVABLE | PB_FRAME_ISOLATED, PB_FRAME_ISOLATED);
}
EXPORT_SYMBOL_PB_TEST(pb_movable_putback);

/**
 * pb_movable_free - the owner of a block whose order byte carries flags frees it
 * @byte: the order byte
 * @order: the order the caller gives
 * @was: the byte as it was
 *
 * Context: any, NMI included; does not wait. Return: what is left to do.
 */
enum pb_movable_free pb_movable_free(u8 *byte, unsigned int order, u8 *was)
{
	u8 old = READ_ONCE(*byte), new;

	do {
		/* Another order; or freed before, while it was being moved: this is the second. */
		if ((old & PB_FRAME_ORDER_MASK) != order + 1)
			return PB_MOVABLE_FREE_BAD;
		new = pb_frame_moving(old) ? (old & ~PB_FRAME_MOVABLE) + PB_FRAME_FREED - 1 : 0;
	} while (!try_cmpxchg(byte, &old, new));
	*was = old;
	return new ? PB_MOVABLE_FREE_LATER : PB_MOVABLE_FREE_NOW;
}
EXPORT_SYMBOL_PB_TEST(pb_movable_free);
