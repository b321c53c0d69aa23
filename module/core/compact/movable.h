/* SPDX-License-Identifier: GPL-2.0-only */
/* Allocated blocks that may be moved: their state, kept in the order byte of the head. */
#ifndef PB_MOVABLE_H
#define PB_MOVABLE_H

#include "core/cache/freelist.h"

/* What a free of a block with flags in its order byte has to do. */
enum pb_movable_free {
	PB_MOVABLE_FREE_NOW,	/* the byte is clear: give the frames back */
	PB_MOVABLE_FREE_LATER,	/* the block is being moved: whoever moves it gives them back */
	PB_MOVABLE_FREE_BAD,	/* not an allocated block of this order: nothing was changed */
};

/* Has the owner of a block that is being moved freed it meanwhile? */
static inline bool pb_movable_freed(struct pb_pool *pool, unsigned long pfn)
{
	return !(READ_ONCE(*pb_order_byte(pool, pfn)) & PB_FRAME_MOVABLE);
}

/* Has the block's owner been charged for it? Who asks has the block, or has it isolated. */
static inline bool pb_accounted(struct pb_pool *pool, unsigned long pfn)
{
	return READ_ONCE(*pb_order_byte(pool, pfn)) & PB_FRAME_ACCOUNTED;
}

/* ops.uncharge is to be called when this block is freed. Who says so has it, as above. */
static inline void pb_set_accounted(struct pb_pool *pool, unsigned long pfn)
{
	u8 *byte = pb_order_byte(pool, pfn);

	WRITE_ONCE(*byte, *byte | PB_FRAME_ACCOUNTED);
}

int pb_movable_set(struct pb_pool *pool, unsigned long pfn);
int pb_movable_clear(struct pb_pool *pool, unsigned long pfn);
bool pb_movable_isolate(struct pb_pool *pool, unsigned long pfn, unsigned int order);
bool pb_movable_putback(struct pb_pool *pool, unsigned long pfn);
enum pb_movable_free pb_movable_free(u8 *byte, unsigned int order, u8 *was);

#endif /* PB_MOVABLE_H */
