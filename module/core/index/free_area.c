// SPDX-License-Identifier: GPL-2.0-only
/*
 * The index over a zone's pageblocks.
 *
 * For each migratetype a zone keeps bitmaps with one bit per pageblock:
 *
 *   fullness[0..PB_NR_OCC - 1]        partly free pageblocks by their number of free
 *                                     frames. Single frames are allocated from the fullest
 *                                     pageblocks.
 *   largest[0..PB_NR_LARGEST - 1]     the same pageblocks by their largest free order minus
 *                                     1. Blocks of order k are allocated from the smallest
 *                                     class that has one, as __rmqueue_smallest().
 *   free_pageblocks                   wholly free pageblocks
 *
 * A partly free pageblock is in one fullness bitmap and, when a block above order 0 is
 * free, in one largest bitmap. The index class of a pageblock says in which. The words of
 * the free bitmap decide what is free; the index class is a hint:
 *
 *   - It may promise more than is free. An allocation verifies, and updates the index when
 *     it finds less.
 *   - It does not hide free memory for good: a CPU that lowers the class reads the words
 *     again afterwards.
 *
 * Updating the index (pb_block_reindex)
 * -------------------------------------
 * One CPU at a time moves a pageblock between bitmaps, and no CPU waits. A CPU that needs
 * the class updated increments ctl->update. The CPU that raises it from 0 does the update
 * and repeats it until it can change the count it has read back to 0. Other CPUs leave
 * after the increment, because it makes the updater do another round. The same holds for
 * an NMI that interrupts the updater. (litmus: update-handover)
 *
 * To keep frees cheap, a free first checks whether the class has to change at all
 * (pb_block_freed). This is safe because of two barriers:
 *
 *   free:    FR1 set bits in the word          updater:  UP1 write the index class
 *            FR2 read the index class                    UP2 read the words
 *
 * FR1 is a value-returning atomic, a full barrier; another full barrier is between UP1 and
 * UP2. If FR2 reads the class from before UP1, then UP2 reads the word from FR1 and the
 * updater does another round. Otherwise the free reads the lowered class and requests an
 * update. (litmus: claim-free-index)
 *
 * A move sets the new bits before it clears the old ones, so that a concurrent search
 * finds the pageblock.
 */
#include "core/base/pfn.h"
#include "core/index/bitmap.h"
#include "core/index/free_area.h"
#include "core/index/pageblock.h"

/**
 * pb_free_area_words - memory the index of one migratetype needs
 * @nr_blocks: pageblocks of the zone's span
 *
 * Return: words.
 */
size_t pb_free_area_words(unsigned long nr_blocks)
{
	return (PB_NR_OCC + PB_NR_LARGEST + 1) * pb_bitmap_words(nr_blocks);
}
EXPORT_SYMBOL_PB_TEST(pb_free_area_words);

unsigned long *pb_free_area_init(struct pb_free_area *area, unsigned long nr_blocks,
				 unsigned long *mem)
{
	unsigned int i;

	for (i = 0; i < PB_NR_OCC; i++)
		mem = pb_bitmap_init(&area->occ[i], nr_blocks, mem);
	for (i = 0; i < PB_NR_LARGEST; i++)
		mem = pb_bitmap_init(&area->largest[i], nr_blocks, mem);
	return pb_bitmap_init(&area->whole, nr_blocks, mem);
}
EXPORT_SYMBOL_PB_TEST(pb_free_area_init);

/* The index class of a pageblock with nr free frames and this largest free order. */
static u16 make_key(enum pb_migratetype mt, unsigned int nr, int largest)
{
	unsigned int occ = 0;

	if (largest < PB_PAGEBLOCK_ORDER)
		occ = pb_occupancy(nr);
	return (mt << PB_KEY_MT_SHIFT) | (occ << PB_KEY_OCC_SHIFT) |
	       ((largest + 1) << PB_KEY_LARGEST_SHIFT);
}

/**
 * pb_block_key - compute the index class of a pageblock
 * @slot_word: its directory entry
 *
 * Return: the class that the words of its free bitmap ask for now.
 */
u16 pb_block_key(unsigned long slot_word)
{
	struct pb_pageblock *block = pb_slot_block(slot_word);
	enum pb_migratetype mt = pb_slot_migratetype(slot_word);
	unsigned int nr;
	int largest;

	if (!block || mt >= PB_INDEXED_TYPES)
		return 0;
	largest = pb_block_survey(block, &nr);
	return largest < 0 ? 0 : make_key(mt, nr, largest);
}
EXPORT_SYMBOL_PB_TEST(pb_block_key);

/* The bitmaps of an index class: one for free pageblocks, one or two for others. */
static unsigned int key_maps(struct pb_zone *zone, u16 key, struct pb_bitmap *maps[2])
{
	struct pb_free_area *area = &zone->area[pb_key_migratetype(key)];
	int largest = pb_key_largest(key);

	if (!key)
		return 0;
	if (largest == PB_PAGEBLOCK_ORDER) {
		maps[0] = &area->whole;
		return 1;
	}
	maps[0] = &area->occ[pb_key_occ(key)];
	if (largest < 1)
		return 1;
	maps[1] = &area->largest[largest - 1];
	return 2;
}

/* Contains the full barrier between UP1 and UP2: the last clear, or smp_mb(). */
static void move_block(struct pb_zone *zone, unsigned long index, struct pb_block_ctl *ctl, u16 key)
{
	struct pb_bitmap *from[2], *to[2];
	unsigned int nr_from, nr_to, i, j;
	bool cleared = false;

	nr_from = key_maps(zone, ctl->key, from);
	nr_to = key_maps(zone, key, to);
	for (i = 0; i < nr_to; i++)
		pb_bitmap_set(to[i], index);
	WRITE_ONCE(ctl->key, key);				/* UP1 */
	for (i = 0; i < nr_from; i++) {
		for (j = 0; j < nr_to; j++)
			if (from[i] == to[j])
				break;
		if (j == nr_to)
			cleared |= pb_bitmap_clear(from[i], index);
	}
	if (!cleared)
		smp_mb();	/* between UP1 and UP2, instead of the clear */
}

/* The updater's loop: until the class is right and no CPU has incremented the count since. */
static void update_key(struct pb_zone *zone, unsigned long index, struct pb_slot *slot, u16 key)
{
	struct pb_block_ctl *ctl = &zone->ctl[index];
	int seen;

	do {
		/* Pairs with the increments: the words are read after those CPUs' changes. */
		seen = atomic_read_acquire(&ctl->update);
		do {
			/* The first class may predate the increment; the next one does not. */
			if (key != ctl->key)
				move_block(zone, index, ctl, key);
			key = pb_block_key(READ_ONCE(slot->word));
		} while (key != ctl->key);
	} while (atomic_cmpxchg(&ctl->update, seen, 0) != seen);
}

/**
 * pb_block_reindex - update the index class of a pageblock
 * @zone: its zone
 * @index: its number within the zone
 *
 * Context: any, NMI included; does not wait for another CPU.
 */
void pb_block_reindex(struct pb_zone *zone, unsigned long index)
{
	struct pb_slot *slot = pb_slot(zone->pool, pb_block_pfn(zone, index));
	struct pb_block_ctl *ctl = &zone->ctl[index];
	u16 key = pb_block_key(READ_ONCE(slot->word));

	/* Nothing to move: as in pb_block_freed(), a concurrent updater reads the words again. */
	if (READ_ONCE(ctl->key) != key && !atomic_fetch_inc(&ctl->update))
		update_key(zone, index, slot, key);
}
EXPORT_SYMBOL_PB_TEST(pb_block_reindex);

/* The largest free block that a free into this word may have completed. */
static int largest_with(const struct pb_pageblock *block, const atomic64_t *word)
{
	u64 free = atomic64_read(word);

	return free == ~0ULL ? pb_block_whole_words(block) : pb_word_largest(free);
}

/**
 * pb_block_raise - update the index after a free that completed a larger block
 * @zone: its zone
 * @index: the pageblock's number within the zone
 * @word: the word freed into
 *
 * As pb_block_reindex(), but reads this word instead of all of them: the class was right before,
 * so a block larger than it promises is in this word. UP2 reads this word alone, too.
 *
 * Context: any, NMI included; does not wait for another CPU.
 */
void pb_block_raise(struct pb_zone *zone, unsigned long index, const atomic64_t *word)
{
	struct pb_slot *slot = pb_slot(zone->pool, pb_block_pfn(zone, index));
	unsigned long slot_word = READ_ONCE(slot->word);
	struct pb_pageblock *block = pb_slot_block(slot_word);
	struct pb_block_ctl *ctl = &zone->ctl[index];
	enum pb_migratetype mt = pb_slot_migratetype(slot_word);
	int largest;

	if (atomic_fetch_inc(&ctl->update))
		return;
	largest = largest_with(block, word);
	if (largest > pb_key_largest(ctl->key) && mt < PB_INDEXED_TYPES)
		move_block(zone, index, ctl, make_key(mt, pb_block_count_free(block), largest));
	if (READ_ONCE(slot->word) != slot_word || largest_with(block, word) != largest ||
	    atomic_cmpxchg(&ctl->update, 1, 0) != 1)
		update_key(zone, index, slot, pb_block_key(READ_ONCE(slot->word)));
}
EXPORT_SYMBOL_PB_TEST(pb_block_raise);

/**
 * pb_block_taken - remove a pageblock from the index after its allocation
 * @zone: its zone
 * @index: its number within the zone
 *
 * As pb_block_reindex(), without reading the words: the caller owns all frames, so no other CPU
 * frees into them. A CPU that changes the pageblock in another way increments the count.
 *
 * Context: any, NMI included; does not wait for another CPU.
 */
void pb_block_taken(struct pb_zone *zone, unsigned long index)
{
	struct pb_slot *slot = pb_slot(zone->pool, pb_block_pfn(zone, index));
	struct pb_block_ctl *ctl = &zone->ctl[index];

	if (atomic_fetch_inc(&ctl->update))
		return;
	if (ctl->key)
		move_block(zone, index, ctl, 0);
	if (atomic_cmpxchg(&ctl->update, 1, 0) != 1)
		update_key(zone, index, slot, 0);
}
EXPORT_SYMBOL_PB_TEST(pb_block_taken);

/*
 * Indexed by the low bits of the class, the largest free order + 1. When nothing is free, any free
 * passes the filter; when whole words are free, a free that fills the word does.
 */
const struct pb_key_screen pb_key_screen[16] = {
	[0] = { 0, 0 },
	[1] = { 0x3, ~1ULL },
	[2] = { 0xf, ~3ULL },
	[3] = { 0xff, ~7ULL },
	[4] = { 0xffff, ~15ULL },
	[5] = { 0xffffffff, ~31ULL },
	[6 ... 15] = { ~0ULL, 0 },
};
EXPORT_SYMBOL_PB_TEST(pb_key_screen);

/* Whether the frames of @mask, just freed, completed a block of this order (1 to 6). */
static bool formed(u64 word, u64 mask, unsigned int order)
{
	u64 run;

	if (mask & (mask - 1))
		return pb_word_heads(word, order);
	/* One frame: only the block around it can have been completed. */
	run = pb_word_run(order) << (__ffs64(mask) & ~((1U << order) - 1));
	return (word & run) == run;
}

/**
 * pb_block_occupancy - check the fullness in an index class
 * @block: the pageblock
 * @key: its index class
 *
 * A difference of one is accepted, so that a pageblock at the limit of two classes does not move
 * at every free.
 *
 * Return: PB_KEY_RIGHT or PB_KEY_LAGS.
 */
enum pb_key_state pb_block_occupancy(const struct pb_pageblock *block, u16 key)
{
	int moved = (int)pb_occupancy(pb_block_count_free(block)) - (int)pb_key_occ(key);

	return moved > 1 || moved < -1 ? PB_KEY_LAGS : PB_KEY_RIGHT;
}

/**
 * pb_block_freed - check whether a free requires an update of the index
 * @zone: the zone
 * @index: the pageblock
 * @block: the same
 * @mask: the bits
 * @new: the word now
 *
 * The fullness is checked when the word's free count passes a multiple of 16, which bounds its
 * error to five classes.
 *
 * Context: any, NMI included. The caller's atomic on the word is FR1.
 */
enum pb_key_state pb_block_freed(struct pb_zone *zone, unsigned long index,
				 const struct pb_pageblock *block, u64 mask, u64 new)
{
	u16 key = READ_ONCE(zone->ctl[index].key);		/* FR2 */
	int largest = pb_key_largest(key), now;

	if (!key)
		return PB_KEY_HIDES;
	if (largest < PB_WORD_ORDER) {
		if (formed(new, mask, largest + 1))
			return PB_KEY_HIDES;
	} else if (new == ~0ULL && largest < PB_PAGEBLOCK_ORDER) {
		now = pb_block_whole_words(block);
		if (now == PB_PAGEBLOCK_ORDER)
			return PB_KEY_HIDES;
		if (now > largest)
			return PB_KEY_LAGS;
	}
	if (mask & (mask - 1) || !(hweight64(new) % 16))
		return pb_block_occupancy(block, key);
	return PB_KEY_RIGHT;
}
EXPORT_SYMBOL_PB_TEST(pb_block_freed);

/* Whether the pageblock's bit is set in all bitmaps of the class; for verify. */
bool pb_index_test(struct pb_zone *zone, unsigned long index, u16 key)
{
	struct pb_bitmap *maps[2];
	unsigned int nr = key_maps(zone, key, maps), i;

	for (i = 0; i < nr; i++)
		if (!pb_bitmap_test(maps[i], index))
			return false;
	return true;
}
EXPORT_SYMBOL_PB_TEST(pb_index_test);

/* The number of bitmaps of a class; for verify. */
unsigned int pb_index_bits(u16 key)
{
	int largest = pb_key_largest(key);

	return !key ? 0 : largest < 1 || largest == PB_PAGEBLOCK_ORDER ? 1 : 2;
}

/**
 * pb_free_area_best - find a candidate pageblock in one class
 * @area: the migratetype's index
 * @order: 0 to 8
 * @step: class, 0 (fullest) to pb_free_area_steps() - 1
 * @from: pageblock to start at
 *
 * Return: the next pageblock of the class from @from on, or PB_NO_BLOCK.
 */
unsigned long pb_free_area_best(struct pb_free_area *area, unsigned int order, unsigned int step,
				unsigned long from)
{
	return pb_bitmap_next(pb_free_area_class(area, order, step), from);
}
EXPORT_SYMBOL_PB_TEST(pb_free_area_best);

/**
 * pb_free_area_whole - find a free pageblock, splitting as little as possible
 * @area: the migratetype's index
 *
 * In the first word of the bitmap that has free pageblocks, finds the one in the smallest aligned
 * run, so that orders above the pageblock's stay available.
 *
 * Return: the pageblock, or PB_NO_BLOCK.
 */
unsigned long pb_free_area_whole(struct pb_free_area *area)
{
	unsigned long index = pb_bitmap_next(&area->whole, 0), first;
	u64 word, pick;

	if (index == PB_NO_BLOCK)
		return index;
	first = round_down(index, PB_WORD_NR);
	word = READ_ONCE(area->whole.level[0][first / PB_WORD_NR]);
	pick = pb_word_pick(word, 0);
	return pick ? first + __ffs64(pick) : index;
}
EXPORT_SYMBOL_PB_TEST(pb_free_area_whole);
