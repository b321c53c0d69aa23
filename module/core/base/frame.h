/* SPDX-License-Identifier: GPL-2.0-only */
/* Values of the page order map: one byte per frame. */
#ifndef PB_FRAME_H
#define PB_FRAME_H

#include "core/base/order.h"

/*
 * Order + 1 at the head of an allocated block, and flags of the block; 0 at other frames.
 *
 *   MOVABLE, ISOLATED, FREED   state of a migration, see movable.c
 *   CHECKED                    the free calls ops->release, which decides whether the frames
 *                              become free: the block is charged, it is or was a compound page,
 *                              or other users may refer to its pages
 *   MEMALLOC                   allocated without watermarks, and not made movable since
 *   PB_FRAME_GUARD             on each frame of a guard, see guard.c
 */
#define PB_FRAME_ORDER_MASK	0x1fU
#define PB_FRAME_CHECKED	0x20U
#define PB_FRAME_MOVABLE	0x40U
#define PB_FRAME_ISOLATED	0x80U	/* with MOVABLE, or PB_FRAME_FREED */
#define PB_FRAME_MEMALLOC	0x80U	/* without */
/* Added to the order instead of 1: freed by its owner during a migration. */
#define PB_FRAME_FREED		(PB_NR_ORDERS + 1)
#define PB_FRAME_GUARD		PB_FRAME_ORDER_MASK

static_assert(PB_FRAME_FREED + PB_PAGEBLOCK_ORDER < PB_FRAME_GUARD);

static inline bool pb_frame_guard(u8 val)
{
	return (val & PB_FRAME_ORDER_MASK) == PB_FRAME_GUARD;
}

static inline bool pb_frame_freed(u8 val)
{
	val &= PB_FRAME_ORDER_MASK;
	return val >= PB_FRAME_FREED && val <= PB_FRAME_FREED + PB_PAGEBLOCK_ORDER;
}

/* The block is being migrated, and its owner has not freed it. */
static inline bool pb_frame_moving(u8 val)
{
	return (val & (PB_FRAME_MOVABLE | PB_FRAME_ISOLATED)) ==
	       (PB_FRAME_MOVABLE | PB_FRAME_ISOLATED);
}

/* 1 + the order of the block whose head this is, or 0. */
static inline unsigned int pb_frame_size(u8 val)
{
	if (pb_frame_guard(val))
		return 0;
	return (val & PB_FRAME_ORDER_MASK) - (pb_frame_freed(val) ? PB_FRAME_FREED - 1 : 0);
}

/* The same for scans, which treat a guard frame as an unmovable allocated page. */
static inline unsigned int pb_frame_scan_size(u8 val)
{
	return pb_frame_guard(val) ? 1 : pb_frame_size(val);
}

#endif /* PB_FRAME_H */
