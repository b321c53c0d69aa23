// SPDX-License-Identifier: GPL-2.0-only
/*
 * The index over a zone's pageblocks.
 *
 * For each migratetype a zone keeps bitmaps with one bit per pageblock:
 *
 *   occ[0..15]     partly free pageblocks by free frames / 32: single frames are taken
 *                  from the fullest
 *   largest[1..8]  the same pageblocks by the largest free order inside: blocks of order k
 *                  are taken from the smallest class that has one, as __rmqueue_smallest()
 *   whole          wholly free pageblocks
 *
 * A partly free pageblock is in one occ bitmap and, when something above order 0 is free,
 * in one largest bitmap. Where it stands is its key; the words of its free bitmap are the
 * truth, the key is a hint:
 *
 *   - it may promise more than there is. A claim verifies, and on failure brings the key up
 *     to date.
 *   - it never hides memory for good: whoever lowers it looks at the words again afterwards.
 *
 * Bringing a key up to date (pb_block_reindex)
 * --------------------------------------------
 * One CPU at a time moves a pageblock in the index; nobody waits. Who wants the key
 * brought up to date increments ctl->update. Who incremented it from 0 is the updater and
 * goes on until it can swap the count it has seen back to 0; everybody else leaves,
 * because the updater will go round again. That holds for an NMI above the updater too.
 * (litmus: update-handover)
 *
 * A free does not want to pay for that each time, so it first looks whether the key needs
 * to change (pb_block_freed), and this is what makes it safe:
 *
 *   free:    FR1 set bits in the word          updater:  UP1 write the key
 *            FR2 read the key                            UP2 read the words
 *
 * FR1 is a value-returning atomic, a full barrier; between UP1 and UP2 stands another. If
 * FR2 reads the key from before UP1, then UP2 reads the word from FR1 and goes round
 * again; otherwise the free sees the lowered key and asks for an update. (litmus:
 * claim-free-index)
 *
 * Moving a pageblock sets its new bits before it clears its old ones, so that a search
 * does not miss it.
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

/* The key of a pageblock of a type that is indexed, with nr frames free, the largest block this. */
static u16 make_key(enum pb_migratetype mt, unsigned int nr, int largest)
{
	unsigned int occ = 0;

	if (largest < PB_PAGEBLOCK_ORDER)
		occ = pb_occupancy(nr);
	return (mt << PB_KEY_MT_SHIFT) | (occ << PB_KEY_OCC_SHIFT) |
	       ((largest + 1) << PB_KEY_LARGEST_SHIFT);
}

/**
 * pb_block_key - where a pageblock should stand in the index
 * @slot_word: its directory entry
 *
 * Return: the key computed from the words as they are now.
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

/* The bitmaps a key stands for: one for whole pageblocks, one or two for others. */
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

/* Between UP1 and UP2 there is a full barrier: the last clear, or one by itself. */
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
		smp_mb();	/* between UP1 and UP2, in place of the clear */
}

/* By the updater, who saw @key computed: until the key is right and nobody asked since. */
static void update_key(struct pb_zone *zone, unsigned long index, struct pb_slot *slot, u16 key)
{
	struct pb_block_ctl *ctl = &zone->ctl[index];
	int seen;

	do {
		/* Pairs with the increments: what those CPUs did to the words is seen below. */
		seen = atomic_read_acquire(&ctl->update);
		do {
			/* A key from before the increment may be old: the next look tells. */
			if (key != ctl->key)
				move_block(zone, index, ctl, key);
			key = pb_block_key(READ_ONCE(slot->word));
		} while (key != ctl->key);
	} while (atomic_cmpxchg(&ctl->update, seen, 0) != seen);
}

/**
 * pb_block_reindex - bring a pageblock's place in the index up to date
 * @zone: its zone
 * @index: its number within the zone
 *
 * Context: any, NMI included; does not wait for anybody.
 */
void pb_block_reindex(struct pb_zone *zone, unsigned long index)
{
	struct pb_slot *slot = pb_slot(zone->pool, pb_block_pfn(zone, index));
	struct pb_block_ctl *ctl = &zone->ctl[index];
	u16 key = pb_block_key(READ_ONCE(slot->word));

	/* Nothing to move: as in pb_block_freed(), an updater that is about to will look again. */
	if (READ_ONCE(ctl->key) != key && !atomic_fetch_inc(&ctl->update))
		update_key(zone, index, slot, key);
}
EXPORT_SYMBOL_PB_TEST(pb_block_reindex);

/* The largest block that a free into this word may have made. */
static int largest_with(const struct pb_pageblock *block, const atomic64_t *word)
{
	u64 free = atomic64_read(word);

	return free == ~0ULL ? pb_block_whole_words(block) : pb_word_largest(free);
}

/**
 * pb_block_raise - a free made a larger block than the key promises
 * @zone: its zone
 * @index: the pageblock's number within the zone
 * @word: the word freed into
 *
 * As pb_block_reindex(), with a look at this word in place of all of them: the key was right, so
 * what is larger than it promises is here. UP2 then need look at nothing else either.
 *
 * Context: any, NMI included; does not wait for anybody.
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
 * pb_block_taken - a whole pageblock was claimed: out of the index with it
 * @zone: its zone
 * @index: its number within the zone
 *
 * As pb_block_reindex(), without a look at the words: all of them are the caller's, so nobody
 * frees into them. Who changes anything else about the pageblock asks for an update.
 *
 * Context: any, NMI included; does not wait for anybody.
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
 * By the low bits of a key, the largest free order + 1. Without anything free, and with whole
 * words free, the screen lets everything through that fills its run.
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

/* Whether frames that were just freed completed a block of this order (1 to 6). */
static bool formed(u64 word, u64 mask, unsigned int order)
{
	u64 run;

	if (mask & (mask - 1))
		return pb_word_heads(word, order);
	/* One frame: only the block around it can have come together. */
	run = pb_word_run(order) << (__ffs64(mask) & ~((1U << order) - 1));
	return (word & run) == run;
}

/**
 * pb_block_occupancy - is a pageblock in the right occupancy class?
 * @block: the pageblock
 * @key: its key
 *
 * By one class it may be wrong, or a pageblock at the edge of two would move all the time.
 *
 * Return: PB_KEY_RIGHT or PB_KEY_LAGS.
 */
enum pb_key_state pb_block_occupancy(const struct pb_pageblock *block, u16 key)
{
	int moved = (int)pb_occupancy(pb_block_count_free(block)) - (int)pb_key_occ(key);

	return moved > 1 || moved < -1 ? PB_KEY_LAGS : PB_KEY_RIGHT;
}

/**
 * pb_block_freed - a free set bits in a word: does the index need to know?
 * @zone: the zone
 * @index: the pageblock
 * @block: the same
 * @mask: the bits
 * @new: the word now
 *
 * The occupancy class is looked at when the word's free count passes a multiple of 16, which
 * keeps it right within five classes.
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

/* Whether the bitmaps a key stands for all have the pageblock's bit; for verify. */
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

/* How many bits a key stands for; for verify. */
unsigned int pb_index_bits(u16 key)
{
	int largest = pb_key_largest(key);

	return !key ? 0 : largest < 1 || largest == PB_PAGEBLOCK_ORDER ? 1 : 2;
}

/**
 * pb_free_area_best - candidate pageblock of one class for a request
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
 * pb_free_area_whole - a wholly free pageblock that splits as little as possible
 * @area: the migratetype's index
 *
 * From the first word with any, the pageblock in the smallest aligned run of wholly free
 * ones, so that orders above the pageblock's stay available.
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
