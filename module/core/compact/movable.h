/* SPDX-License-Identifier: GPL-2.0-only */
/* State of movable allocated blocks, kept in the page order map. See movable.c. */
#ifndef PB_MOVABLE_H
#define PB_MOVABLE_H

#include "core/cache/freelist.h"

/* What the free of a block with flags in the page order map has to do. */
enum pb_movable_free {
	PB_MOVABLE_FREE_NOW,	/* the byte is clear: the caller frees the frames */
	PB_MOVABLE_FREE_LATER,	/* the block is being migrated: the migration frees the frames */
	PB_MOVABLE_FREE_BAD,	/* not an allocated block of this order: nothing changed */
};

/* Whether the owner freed a block while it was being migrated. */
static inline bool pb_movable_freed(struct pb_pool *pool, unsigned long pfn)
{
	return !(READ_ONCE(*pb_order_map(pool, pfn)) & PB_FRAME_MOVABLE);
}

/* Whether the block is charged. The caller owns the block or has isolated it. */
static inline bool pb_accounted(struct pb_pool *pool, unsigned long pfn)
{
	return READ_ONCE(*pb_order_map(pool, pfn)) & PB_FRAME_ACCOUNTED;
}

/* Makes the free of this block call ops.uncharge. The caller owns the block or has isolated it. */
static inline void pb_set_accounted(struct pb_pool *pool, unsigned long pfn)
{
	u8 *order_map = pb_order_map(pool, pfn);

	WRITE_ONCE(*order_map, *order_map | PB_FRAME_ACCOUNTED);
}

/* Undoes pb_set_accounted(). The caller owns the block. */
static inline void pb_clear_accounted(struct pb_pool *pool, unsigned long pfn)
{
	u8 *order_map = pb_order_map(pool, pfn);

	WRITE_ONCE(*order_map, *order_map & ~PB_FRAME_ACCOUNTED);
}

int pb_movable_set(struct pb_pool *pool, unsigned long pfn);
int pb_movable_clear(struct pb_pool *pool, unsigned long pfn);
bool pb_movable_isolate(struct pb_pool *pool, unsigned long pfn, unsigned int order);
bool pb_movable_putback(struct pb_pool *pool, unsigned long pfn);
enum pb_movable_free pb_movable_free(u8 *order_map, unsigned int order, u8 *was);

#endif /* PB_MOVABLE_H */
