// SPDX-License-Identifier: GPL-2.0-only
/*
 * Movable allocated blocks. The state of a block is the byte of its head in the page order map:
 *
 *   order + 1                     allocated
 *   order + 1 | MOVABLE           allocated, and its owner can migrate it
 *   order + 1 | MOVABLE|ISOLATED  being migrated
 *   order + FREED | ISOLATED      freed by its owner during the migration, which frees the frames
 *   0                             not allocated
 *
 * The CHECKED bit is independent of these states. A free of such a block first clears the byte, so
 * that of two concurrent frees one is refused, and then calls ops->release. When that keeps the
 * block, for example because another user refers to a page of it, the block is allocated again,
 * with the bit and no other flag. Its owner has no say any more: ops->release finds a second free.
 *
 * A block that is not movable may have the
 * MEMALLOC bit, which has the same value as ISOLATED. Making the block movable clears it, as mm/
 * clears pfmemalloc, a bit of page->lru, when a page is put on a list.
 *
 * The owner of a block without flags writes the byte with plain stores. A movable block has two
 * writers: the owner, which frees it, and the migration, which isolates it. Both use
 * compare-exchange, so exactly one of them succeeds first. If the owner is first, the block is
 * free and cannot be isolated. If the migration is first, the block is isolated, and a free only
 * sets FREED. So no other CPU uses the frames of an isolated block before it is put back or its
 * migration ends. Neither side waits, and a free is legal in any context. (litmus: movable-free)
 *
 * A free reads the byte with READ_ONCE() before it knows the state of the block. An allocation
 * writes it with WRITE_ONCE(), because a migration that read the previous value may still try a
 * compare-exchange, which then fails. The plain stores of a later owner may race with it, too. This
 * is harmless: the compare-exchange expects MOVABLE, which the byte of a block without flags does
 * not have, so it does not write.
 *
 * Value-returning atomics are full barriers, so a CPU that isolates a block sees all stores from
 * before the block became movable.
 *
 * The migration changes the bytes of 8 frames together where all heads among them, one for each
 * block of the order that fits, are its own: one compare-exchange, which writes only if each byte
 * has the expected state. To other CPUs it is the same as 8 changes one after another. A byte that
 * is not a head stays 0 while its block is movable.
 */
#include "core/cache/freelist.h"
#include "core/compact/movable.h"

/* Clears bits of a movable block whose state is @want; false when it has another state. */
static bool change(u8 *order_map, u8 want, u8 clear)
{
	u8 old = READ_ONCE(*order_map);

	do {
		if (!(old & PB_FRAME_ORDER_MASK) ||
		    (old & (PB_FRAME_MOVABLE | PB_FRAME_ISOLATED)) != want)
			return false;
	} while (!try_cmpxchg(order_map, &old, old & ~clear));
	return true;
}

/* Frames, and the orders whose blocks are not larger. */
#define GROUP		8U
#define GROUP_ORDERS	4U

/* By order, the heads of a group that has only blocks of it: a bit each, and a byte each. */
static const u8 group_heads[GROUP_ORDERS] = { 0xff, 0x55, 0x11, 0x01 };
static const u64 group_bytes[GROUP_ORDERS] = { 0x0101010101010101ULL, 0x0001000100010001ULL,
					       0x0000000100000001ULL, 1 };

/*
 * Does something with blocks of a word: with those of a group together by @group, if all heads in
 * it are among them, and with others, or if that returns false, by @one. @group is called with the
 * states @from and @to of all blocks of the group. Returns the blocks for which it was done.
 */
static __always_inline u64 with_blocks(u8 *order_map, u64 heads, unsigned int order, u8 from,
				       u8 to, bool (*group)(u64 *bytes, u64 from, u64 to),
				       bool (*one)(u8 *order_map, unsigned int order))
{
	const u64 bytes = order < GROUP_ORDERS ? group_bytes[order] : 0;
	const u8 all = order < GROUP_ORDERS ? group_heads[order] : 0;
	u64 done = heads;
	unsigned int bit;
	u8 left;

	for (bit = 0; heads; bit += GROUP, heads >>= GROUP) {
		left = heads;
		/* The frames are of others; and blocks larger than a group have no @all. */
		if (!left)
			continue;
		if (left == all && pb_mixed_sizes() &&
		    likely(group((u64 *)&order_map[bit], bytes * from, bytes * to)))
			continue;
		for (; left; left &= left - 1)
			if (!one(&order_map[bit + __ffs(left)], order))
				done &= ~BIT_ULL(bit + __ffs(left));
	}
	return done;
}

/* Changes the bytes of a group from a state of all its blocks to another one; false: not all. */
static __always_inline bool change_group(u64 *bytes, u64 from, u64 to)
{
	/* As isolate(): a byte may be another block's by now. */
	return data_race(try_cmpxchg(bytes, &from, to));
}

/**
 * pb_movable_set - make an allocated block movable
 * @pool: the pool
 * @pfn: its head
 *
 * A block that is movable already stays movable.
 *
 * Context: any.
 * Return: 0; -EINVAL when @pfn is not the head of an allocated block of at most a pageblock;
 * -EBUSY when it is being migrated.
 */
int pb_movable_set(struct pb_pool *pool, unsigned long pfn)
{
	u8 *order_map, old;

	if (!pb_dir_lookup(pool, pfn))
		return -EINVAL;
	order_map = pb_order_map(pool, pfn);
	old = READ_ONCE(*order_map);
	do {
		if (!pb_frame_size(old) || pb_frame_size(old) > PB_PAGEBLOCK_ORDER + 1 ||
		    pb_frame_freed(old))
			return -EINVAL;
		if (old & PB_FRAME_MOVABLE)
			return pb_frame_moving(old) ? -EBUSY : 0;
	} while (!try_cmpxchg(order_map, &old, (old & ~PB_FRAME_MEMALLOC) | PB_FRAME_MOVABLE));
	return 0;
}
EXPORT_SYMBOL_PB_TEST(pb_movable_set);

/**
 * pb_movable_clear - make an allocated block unmovable
 * @pool: the pool
 * @pfn: its head
 *
 * Context: any.
 * Return: 0, also when it was not movable; -EBUSY when it is being migrated; -EINVAL when @pfn is
 * not the head of an allocated block.
 */
int pb_movable_clear(struct pb_pool *pool, unsigned long pfn)
{
	u8 *order_map, old;

	if (!pb_dir_lookup(pool, pfn))
		return -EINVAL;
	order_map = pb_order_map(pool, pfn);
	if (change(order_map, PB_FRAME_MOVABLE, PB_FRAME_MOVABLE))
		return 0;
	old = READ_ONCE(*order_map);
	if (!pb_frame_size(old))
		return -EINVAL;
	return pb_frame_freed(old) || old & PB_FRAME_MOVABLE ? -EBUSY : 0;
}
EXPORT_SYMBOL_PB_TEST(pb_movable_clear);

static bool isolate(u8 *order_map, unsigned int order)
{
	u8 old = pb_peek(order_map);

	do {
		if ((old & PB_FRAME_ORDER_MASK) != order + 1 ||
		    (old & (PB_FRAME_MOVABLE | PB_FRAME_ISOLATED)) != PB_FRAME_MOVABLE)
			return false;
		/* The byte may be another block's by now, whose owner stores plainly. */
	} while (!data_race(try_cmpxchg(order_map, &old, old | PB_FRAME_ISOLATED)));
	return true;
}

/* Ends an isolation; false when the owner has freed the block. As isolate(), of any order. */
static bool put_back(u8 *order_map, unsigned int order)
{
	return change(order_map, PB_FRAME_MOVABLE | PB_FRAME_ISOLATED, PB_FRAME_ISOLATED);
}

/* Makes the frames of an isolated block free; false when the owner has freed it. */
static bool take(u8 *order_map, unsigned int order)
{
	return likely(!pb_frame_freed(xchg(order_map, 0)));
}

/**
 * pb_movable_isolate - isolate a movable block for migration
 * @pool: the pool
 * @pfn: its head, a PFN the pool owns
 * @order: its order, from an earlier scan
 *
 * The block stays allocated until pb_movable_putback(), even when its owner frees it.
 *
 * Context: any.
 * Return: false when it is not, or no longer, a movable block of that order, or another migration
 * has isolated it.
 */
bool pb_movable_isolate(struct pb_pool *pool, unsigned long pfn, unsigned int order)
{
	return isolate(pb_order_map(pool, pfn), order);
}
EXPORT_SYMBOL_PB_TEST(pb_movable_isolate);

/* Writes the state of isolated movable blocks to frames that are not in use. */
static __always_inline bool make_group(u64 *bytes, u64 from, u64 to)
{
	if (pb_peek_word(bytes) != from)
		return false;
	WRITE_ONCE(*bytes, to);
	return true;
}

static bool make(u8 *order_map, unsigned int order)
{
	if (unlikely(*order_map & PB_FRAME_ORDER_MASK))
		return false;
	WRITE_ONCE(*order_map, (order + 1) | PB_FRAME_MOVABLE | PB_FRAME_ISOLATED);
	return true;
}

/**
 * pb_movable_make_many - make free frames that the caller has allocated isolated movable blocks
 * @order_map: the word's first byte in the page order map
 * @heads: the blocks, one bit each
 * @order: their order
 *
 * Context: any.
 * Return: the blocks; not those whose frame is in use, which is a bug.
 */
u64 pb_movable_make_many(u8 *order_map, u64 heads, unsigned int order)
{
	u8 state = (order + 1) | PB_FRAME_MOVABLE | PB_FRAME_ISOLATED;

	return with_blocks(order_map, heads, order, 0, state, make_group, make);
}

/**
 * pb_movable_isolate_many - isolate movable blocks of a word for migration
 * @order_map: the word's first byte in the page order map
 * @heads: the blocks, one bit each
 * @order: their order
 *
 * As pb_movable_isolate() for each. Context: any.
 * Return: those that are isolated now.
 */
u64 pb_movable_isolate_many(u8 *order_map, u64 heads, unsigned int order)
{
	u8 state = (order + 1) | PB_FRAME_MOVABLE;

	return with_blocks(order_map, heads, order, state, state | PB_FRAME_ISOLATED,
			   change_group, isolate);
}
EXPORT_SYMBOL_PB_TEST(pb_movable_isolate_many);

/**
 * pb_movable_putback - end the isolation of a block that was not migrated
 * @pool: the pool
 * @pfn: its head
 *
 * Context: any.
 * Return: true when it is a movable block again; false when its owner has freed it meanwhile, and
 * the caller must free the frames.
 */
bool pb_movable_putback(struct pb_pool *pool, unsigned long pfn)
{
	return put_back(pb_order_map(pool, pfn), 0);
}
EXPORT_SYMBOL_PB_TEST(pb_movable_putback);

/**
 * pb_movable_putback_many - end the isolation of blocks of a word
 * @order_map: the word's first byte in the page order map
 * @heads: the blocks, one bit each
 * @order: their order
 *
 * As pb_movable_putback() for each. Context: any.
 * Return: those that are movable blocks again; the caller must free the others.
 */
u64 pb_movable_putback_many(u8 *order_map, u64 heads, unsigned int order)
{
	u8 state = (order + 1) | PB_FRAME_MOVABLE;

	return with_blocks(order_map, heads, order, state | PB_FRAME_ISOLATED, state,
			   change_group, put_back);
}

static __always_inline bool group_is(u64 *bytes, u64 from, u64 to)
{
	return pb_peek_word(bytes) == from;
}

static bool is_plain(u8 *order_map, unsigned int order)
{
	return READ_ONCE(*order_map) == ((order + 1) | PB_FRAME_MOVABLE | PB_FRAME_ISOLATED);
}

/**
 * pb_movable_plain - the isolated blocks of a word that have no other flag and were not freed
 * @order_map: the word's first byte in the page order map
 * @heads: blocks that the caller has isolated, one bit each
 * @order: their order
 *
 * Context: any.
 * Return: those of @heads.
 */
u64 pb_movable_plain(u8 *order_map, u64 heads, unsigned int order)
{
	u8 state = (order + 1) | PB_FRAME_MOVABLE | PB_FRAME_ISOLATED;

	return with_blocks(order_map, heads, order, state, 0, group_is, is_plain);
}

/**
 * pb_movable_take_many - take isolated blocks of a word, which are free frames then
 * @order_map: the word's first byte in the page order map
 * @heads: blocks that the caller has isolated, one bit each
 * @order: their order
 *
 * Context: any.
 * Return: those that their owner had freed.
 */
u64 pb_movable_take_many(u8 *order_map, u64 heads, unsigned int order)
{
	u8 state = (order + 1) | PB_FRAME_MOVABLE | PB_FRAME_ISOLATED;

	return heads & ~with_blocks(order_map, heads, order, state, 0, change_group, take);
}

/**
 * pb_movable_free - change the state of a block with flags whose owner frees it
 * @order_map: the head's byte in the page order map
 * @order: the order given by the caller of the free
 * @was: set to the previous value of the byte
 *
 * Context: any, NMI included; does not wait.
 * Return: what the caller has to do.
 */
enum pb_movable_free pb_movable_free(u8 *order_map, unsigned int order, u8 *was)
{
	u8 old = READ_ONCE(*order_map), new;

	do {
		/* Another order, or a double free of a block that is being migrated. */
		if ((old & PB_FRAME_ORDER_MASK) != order + 1)
			return PB_MOVABLE_FREE_BAD;
		new = pb_frame_moving(old) ? (old & ~PB_FRAME_MOVABLE) + PB_FRAME_FREED - 1 : 0;
	} while (!try_cmpxchg(order_map, &old, new));
	*was = old;
	return new ? PB_MOVABLE_FREE_LATER : PB_MOVABLE_FREE_NOW;
}

/**
 * pb_check_on_free - set the CHECKED bit if a block of this order begins here
 * @pool: the pool
 * @pfn: any number
 * @order: any number
 *
 * Context: any, NMI included.
 * Return: false when there is no such allocated block; a free of it will be refused.
 */
bool pb_check_on_free(struct pb_pool *pool, unsigned long pfn, unsigned int order)
{
	u8 *order_map, old;

	if (!pb_dir_lookup(pool, pfn))
		return false;
	order_map = pb_order_map(pool, pfn);
	old = READ_ONCE(*order_map);
	do {
		if (order > PB_MAX_ORDER || (old & PB_FRAME_ORDER_MASK) != order + 1)
			return false;
	} while (!try_cmpxchg(order_map, &old, old | PB_FRAME_CHECKED));
	return true;
}
EXPORT_SYMBOL_PB_TEST(pb_check_on_free);

/**
 * pb_keep_allocated - keep a block that its owner has freed; for ops->release
 * @pool: the pool
 * @pfn: its head
 * @order: its order
 *
 * The block is allocated, checked and not movable. A second free that sees it so sees all stores of
 * the caller, too. Context: any, NMI included.
 */
void pb_keep_allocated(struct pb_pool *pool, unsigned long pfn, unsigned int order)
{
	/* Pairs with the compare-exchange of a second free. */
	smp_store_release(pb_order_map(pool, pfn), (u8)((order + 1) | PB_FRAME_CHECKED));
}
EXPORT_SYMBOL_PB_TEST(pb_keep_allocated);

/**
 * pb_release - decide whether the frames of a block become free
 * @pool: the pool
 * @pfn: its head; the caller has taken the block from its owner
 * @order: its order
 * @was: its byte in the page order map when it was taken
 *
 * Context: any, NMI included.
 * Return: what the caller has to do; PB_RELEASE_FREE for a block without CHECKED.
 */
enum pb_release pb_release(struct pb_pool *pool, unsigned long pfn, unsigned int order, u8 was)
{
	enum pb_release what;

	if (!(was & PB_FRAME_CHECKED) || !pool->ops.release)
		return PB_RELEASE_FREE;
	what = pool->ops.release(pool, pfn, order);
	if (what == PB_RELEASE_DOUBLE)
		pb_keep_allocated(pool, pfn, order);
	return what;
}
EXPORT_SYMBOL_PB_TEST(pb_release);
