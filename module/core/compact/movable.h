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

/* Whether the free of the block calls ops.release. The caller owns the block or isolated it. */
static inline bool pb_checked(struct pb_pool *pool, unsigned long pfn)
{
	return READ_ONCE(*pb_order_map(pool, pfn)) & PB_FRAME_CHECKED;
}

/*
 * Sets or clears the CHECKED bit. The caller owns the block or has isolated it. The owner of an
 * isolated block may free it at the same time, hence the compare-exchange.
 */
static inline void pb_change_checked(struct pb_pool *pool, unsigned long pfn, bool checked)
{
	u8 *order_map = pb_order_map(pool, pfn), old = READ_ONCE(*order_map), new;

	do {
		new = checked ? old | PB_FRAME_CHECKED : old & ~PB_FRAME_CHECKED;
	} while (!try_cmpxchg(order_map, &old, new));
}

static inline void pb_set_checked(struct pb_pool *pool, unsigned long pfn)
{
	pb_change_checked(pool, pfn, true);
}

/* The same for a block that is not movable: its owner is the only writer. */
static inline void pb_set_checked_unmovable(struct pb_pool *pool, unsigned long pfn)
{
	u8 *order_map = pb_order_map(pool, pfn);

	WRITE_ONCE(*order_map, *order_map | PB_FRAME_CHECKED);
}

static inline void pb_clear_checked(struct pb_pool *pool, unsigned long pfn)
{
	pb_change_checked(pool, pfn, false);
}

/* Whether 8 frames, from an aligned one on, are movable blocks of order 0. */
static inline bool pb_singles_are_movable(const u8 *order_map)
{
	const u64 each = ~0ULL / 0xff;

	return (pb_peek_word((const u64 *)order_map) & ~(each * PB_FRAME_CHECKED)) ==
	       each * (PB_FRAME_MOVABLE | 1);
}

bool pb_check_on_free(struct pb_pool *pool, unsigned long pfn, unsigned int order);
void pb_keep_allocated(struct pb_pool *pool, unsigned long pfn, unsigned int order);
enum pb_release pb_release(struct pb_pool *pool, unsigned long pfn, unsigned int order, u8 was);
int pb_movable_set(struct pb_pool *pool, unsigned long pfn);
int pb_movable_clear(struct pb_pool *pool, unsigned long pfn);
bool pb_movable_isolate(struct pb_pool *pool, unsigned long pfn, unsigned int order);
u64 pb_movable_make_many(u8 *order_map, u64 heads, unsigned int order);
u64 pb_movable_isolate_many(u8 *order_map, u64 heads, unsigned int order);
bool pb_movable_putback(struct pb_pool *pool, unsigned long pfn);
u64 pb_movable_putback_many(u8 *order_map, u64 heads, unsigned int order);
u64 pb_movable_plain(u8 *order_map, u64 heads, unsigned int order);
u64 pb_movable_take_many(u8 *order_map, u64 heads, unsigned int order);
enum pb_movable_free pb_movable_free(u8 *order_map, unsigned int order, u8 *was);

#endif /* PB_MOVABLE_H */
