/* SPDX-License-Identifier: GPL-2.0-only */
/* The order byte of a frame: what it says, and to whom. */
#ifndef PB_FRAME_H
#define PB_FRAME_H

#include "core/base/order.h"

/*
 * Order + 1 at the head of an allocated block, else 0; and flags of the block. Those that say how
 * it can be moved: movable.c. An accounted block was charged to somebody who is told when it is
 * freed. One that was given out past the watermarks is marked as memalloc, until it is made
 * movable. On a frame that is free 0x80 alone, PB_FRAME_ZEROED: zeroed.h. On each frame of a guard
 * what is no order: guard.c.
 */
#define PB_FRAME_ORDER_MASK	0x1fU
#define PB_FRAME_ACCOUNTED	0x20U
#define PB_FRAME_MOVABLE	0x40U
#define PB_FRAME_ISOLATED	0x80U	/* with MOVABLE, or PB_FRAME_FREED */
#define PB_FRAME_MEMALLOC	0x80U	/* without */
/* Added to the order, in place of 1: freed by its owner while it was being moved. */
#define PB_FRAME_FREED		(PB_NR_ORDERS + 1)
#define PB_FRAME_GUARD		PB_FRAME_ORDER_MASK

static_assert(PB_FRAME_FREED + PB_PAGEBLOCK_ORDER < PB_FRAME_GUARD);

static inline bool pb_frame_guard(u8 byte)
{
	return (byte & PB_FRAME_ORDER_MASK) == PB_FRAME_GUARD;
}

static inline bool pb_frame_freed(u8 byte)
{
	byte &= PB_FRAME_ORDER_MASK;
	return byte >= PB_FRAME_FREED && byte <= PB_FRAME_FREED + PB_PAGEBLOCK_ORDER;
}

/* Somebody is moving the block, and its owner has not freed it. */
static inline bool pb_frame_moving(u8 byte)
{
	return (byte & (PB_FRAME_MOVABLE | PB_FRAME_ISOLATED)) ==
	       (PB_FRAME_MOVABLE | PB_FRAME_ISOLATED);
}

/* 1 + the order of the block that has its head here, or 0. */
static inline unsigned int pb_frame_size(u8 byte)
{
	if (pb_frame_guard(byte))
		return 0;
	return (byte & PB_FRAME_ORDER_MASK) - (pb_frame_freed(byte) ? PB_FRAME_FREED - 1 : 0);
}

/* The same for those who look around: to them a frame of a guard is an allocated one that stays. */
static inline unsigned int pb_frame_taken(u8 byte)
{
	return pb_frame_guard(byte) ? 1 : pb_frame_size(byte);
}

#endif /* PB_FRAME_H */
