// SPDX-License-Identifier: GPL-2.0-only
/*
 * A bitmap with summary levels. Bit n of level l + 1 is set when word n of level l is not
 * zero, so a search reads a few words in a zone of any size.
 *
 * CPUs set and clear bits concurrently, without a lock. Invariant: a summary bit may be set
 * over a word that is zero, and a search then continues after that word. A summary bit does not
 * stay clear over a word that is not zero, but it is clear between BC1 and the end of the clear. A
 * CPU that stops there hides the word from searches; scan.c does not use bitmaps for this reason.
 *
 * A word whose bits are set and cleared in turn by one CPU would make this CPU write its summary
 * bit, which is in one line with those of other CPUs, each time. Where that is so, clears leave the
 * summary bit set (pb_bitmap_clear_bit), and searches say how many words they passed in vain.
 *
 *   set:    BS1 set the bit             clear:  BC1 clear the summary bit
 *           BS2 read the summary bit            BC2 read the word
 *
 * BS1 and BC1 are full barriers. If BS2 reads the summary bit from before BC1, then BC2
 * reads the bit from BS1 and sets the summary again; otherwise BS2 sees it clear and sets
 * it. (litmus: bitmap-summary)
 */
#include "core/base/order.h"
#include "core/index/bitmap.h"

#define LEVEL_SHIFT	6
#define WORD_MASK	(BITS_PER_LONG - 1UL)

static unsigned long words_for(unsigned long nbits)
{
	return DIV_ROUND_UP(nbits, BITS_PER_LONG);
}

/**
 * pb_bitmap_words - memory a bitmap needs
 * @nbits: its length
 *
 * Return: words of all levels together.
 */
size_t pb_bitmap_words(unsigned long nbits)
{
	size_t words = 0;
	int level;

	for (level = 0; level < PB_BITMAP_LEVELS; level++) {
		nbits = words_for(nbits);
		words += nbits;
		if (nbits == 1)
			break;
	}
	return words;
}
EXPORT_SYMBOL_PB_TEST(pb_bitmap_words);

/**
 * pb_bitmap_init - lay a bitmap over zeroed memory
 * @map: the bitmap
 * @nbits: its length, at most 2^30
 * @mem: at least pb_bitmap_words() words
 *
 * Return: the first word behind it.
 */
unsigned long *pb_bitmap_init(struct pb_bitmap *map, unsigned long nbits, unsigned long *mem)
{
	return pb_bitmap_init_strided(map, nbits, mem, 1, mem + words_for(nbits));
}
EXPORT_SYMBOL_PB_TEST(pb_bitmap_init);

/**
 * pb_bitmap_init_strided - lay a bitmap over zeroed memory, its words among those of others
 * @map: the bitmap
 * @nbits: its length, at most 2^30
 * @words: its first word
 * @stride: words from each of its words to the next one
 * @mem: memory for the summaries, as many words as pb_bitmap_words() has more than @nbits needs
 *
 * Return: the first word behind the summaries.
 */
unsigned long *pb_bitmap_init_strided(struct pb_bitmap *map, unsigned long nbits,
				      unsigned long *words, unsigned int stride,
				      unsigned long *mem)
{
	map->nbits = nbits;
	map->stride = stride;
	map->level[0] = words;
	for (map->levels = 1; map->levels < PB_BITMAP_LEVELS; map->levels++) {
		nbits = words_for(nbits);
		if (nbits == 1)
			break;
		map->level[map->levels] = mem;
		mem += words_for(nbits);
	}
	return mem;
}
EXPORT_SYMBOL_PB_TEST(pb_bitmap_init_strided);

/* Bits of a level. */
static unsigned long level_bits(const struct pb_bitmap *map, unsigned int level)
{
	return DIV_ROUND_UP(map->nbits, 1UL << (LEVEL_SHIFT * level));
}

/* The word of any level that has this bit of it. */
static unsigned long *word_of(const struct pb_bitmap *map, unsigned int level, unsigned long bit)
{
	return level ? &map->level[level][bit >> LEVEL_SHIFT] : pb_bitmap_word(map, bit);
}

/* Sets a bit of one level and, as far as needed, the summaries above it. */
static void set_from(struct pb_bitmap *map, unsigned int level, unsigned long bit)
{
	for (; level < map->levels; level++) {
		if (test_and_set_bit(bit & WORD_MASK, word_of(map, level, bit)))	/* BS1 */
			return;
		bit >>= LEVEL_SHIFT;
		if (level + 1 < map->levels && test_bit(bit, map->level[level + 1])) /* BS2 */
			return;
	}
}

/**
 * pb_bitmap_set - set a bit and the summaries above it
 * @map: the bitmap
 * @bit: below its length
 *
 * Context: any; at most one atomic and two loads for each level.
 */
void pb_bitmap_set(struct pb_bitmap *map, unsigned long bit)
{
	set_from(map, 0, bit);
}
EXPORT_SYMBOL_PB_TEST(pb_bitmap_set);

/**
 * pb_bitmap_clear_summaries - clear the summary bits above a bit, as far as their words are zero
 * @map: the bitmap
 * @bit: a bit that was clear, below the bitmap's length
 *
 * Context: any; at most two atomics for each level.
 */
void pb_bitmap_clear_summaries(struct pb_bitmap *map, unsigned long bit)
{
	unsigned long *word;
	unsigned int level;

	for (level = 0; level + 1 < map->levels; level++) {
		word = word_of(map, level, bit);
		bit >>= LEVEL_SHIFT;
		if (READ_ONCE(*word))
			return;
		if (!test_and_clear_bit(bit, map->level[level + 1]))	/* BC1 */
			return;
		if (READ_ONCE(*word)) {					/* BC2 */
			/* Another CPU set a bit in the word and found the summary still set. */
			set_from(map, level + 1, bit);
			return;
		}
	}
}
EXPORT_SYMBOL_PB_TEST(pb_bitmap_clear_summaries);

/**
 * pb_bitmap_clear - clear a bit, and the summary bits of words that become zero
 * @map: the bitmap
 * @bit: below its length
 *
 * Context: any; at most three atomics for each level. A full barrier when the bit was set.
 * Return: whether it was set.
 */
bool pb_bitmap_clear(struct pb_bitmap *map, unsigned long bit)
{
	if (!test_and_clear_bit(bit & WORD_MASK, pb_bitmap_word(map, bit)))
		return false;
	pb_bitmap_clear_summaries(map, bit);
	return true;
}
EXPORT_SYMBOL_PB_TEST(pb_bitmap_clear);

/**
 * pb_bitmap_clear_bit - clear a bit, and leave the summaries above it
 * @map: the bitmap
 * @bit: below its length
 *
 * Context: any; one atomic, a full barrier when the bit was set.
 * Return: whether it was set.
 */
bool pb_bitmap_clear_bit(struct pb_bitmap *map, unsigned long bit)
{
	return test_and_clear_bit(bit & WORD_MASK, pb_bitmap_word(map, bit));
}
EXPORT_SYMBOL_PB_TEST(pb_bitmap_clear_bit);

/**
 * pb_bitmap_set_mask - set bits of one word, and the summaries above it
 * @map: the bitmap
 * @bit: a multiple of the word's length, below the bitmap's length
 * @mask: the bits
 *
 * Context: any; as pb_bitmap_set() with one bit.
 */
void pb_bitmap_set_mask(struct pb_bitmap *map, unsigned long bit, unsigned long mask)
{
	atomic_long_t *word = (atomic_long_t *)pb_bitmap_word(map, bit);

	if ((atomic_long_fetch_or(mask, word) & mask) == mask || map->levels == 1)	/* BS1 */
		return;
	bit >>= LEVEL_SHIFT;
	if (!test_bit(bit, map->level[1]))					/* BS2 */
		set_from(map, 1, bit);
}
EXPORT_SYMBOL_PB_TEST(pb_bitmap_set_mask);

/**
 * pb_bitmap_clear_mask - clear bits of one word, and the summary bits of words that become zero
 * @map: the bitmap
 * @bit: a multiple of the word's length, below the bitmap's length
 * @mask: the bits
 *
 * Context: any; as pb_bitmap_clear() with one bit.
 * Return: those of the bits that were set.
 */
unsigned long pb_bitmap_clear_mask(struct pb_bitmap *map, unsigned long bit, unsigned long mask)
{
	unsigned long *word = pb_bitmap_word(map, bit);

	if (!(READ_ONCE(*word) & mask))
		return 0;
	mask &= atomic_long_fetch_andnot(mask, (atomic_long_t *)word);
	if (mask)
		pb_bitmap_clear_summaries(map, bit);
	return mask;
}
EXPORT_SYMBOL_PB_TEST(pb_bitmap_clear_mask);

/* A search came to a zero word from a summary bit that is set. */
static void pass_word(struct pb_bitmap_passed *passed, unsigned long first)
{
	if (!passed->nr++)
		passed->first = first;
}

/* @passed: NULL when the caller does not want to know; most do not. */
static __always_inline unsigned long search(struct pb_bitmap *map, unsigned long from,
					    struct pb_bitmap_passed *passed)
{
	unsigned long pos = from, word;
	unsigned int level = 0;
	bool below = false;

	if (pb_bitmap_empty(map))
		return PB_NO_PAGEBLOCK;
	/* Go up a level while the rest of a word is zero, and down from a set bit. */
	while (level < map->levels) {
		if (pos >= level_bits(map, level))
			return PB_NO_PAGEBLOCK;
		pb_count_visit();
		word = READ_ONCE(*word_of(map, level, pos));
		word &= ~0UL << (pos & WORD_MASK);
		if (word) {
			pos = (pos & ~WORD_MASK) + __ffs(word);
			if (!level)
				return pos;
			/*
			 * The summary bit may be stale: a word that is zero by now makes
			 * the search go up again.
			 */
			level--;
			pos <<= LEVEL_SHIFT;
			below = true;
			continue;
		}
		if (passed && !level && below)
			pass_word(passed, pos);
		pos = (pos >> LEVEL_SHIFT) + 1;
		level++;
	}
	return PB_NO_PAGEBLOCK;
}

/**
 * pb_bitmap_search - find a set bit
 * @map: the bitmap
 * @from: first bit to look at
 * @passed: set to the words that are zero with a summary bit set, which the search passed
 *
 * Context: any.
 * Return: the first set bit from @from on, or PB_NO_PAGEBLOCK.
 */
unsigned long pb_bitmap_search(struct pb_bitmap *map, unsigned long from,
			       struct pb_bitmap_passed *passed)
{
	passed->nr = 0;
	return search(map, from, passed);
}
EXPORT_SYMBOL_PB_TEST(pb_bitmap_search);

/**
 * pb_bitmap_next - find a set bit
 * @map: the bitmap
 * @from: first bit to look at
 *
 * Context: any.
 * Return: the first set bit from @from on, or PB_NO_PAGEBLOCK.
 */
unsigned long pb_bitmap_next(struct pb_bitmap *map, unsigned long from)
{
	return search(map, from, NULL);
}
EXPORT_SYMBOL_PB_TEST(pb_bitmap_next);

/**
 * pb_bitmap_some_word - choose one of the first words that have set bits
 * @map: the bitmap
 * @n: number of the word among them, modulo theirs; there are up to 64
 *
 * Reads the summaries only. Context: any.
 * Return: the first bit of the word; 0 when there is none. It may have no bits any more.
 */
unsigned long pb_bitmap_some_word(const struct pb_bitmap *map, unsigned int n)
{
	unsigned long pos = 0, word;
	unsigned int level;

	for (level = map->levels - 1; level; level--) {
		word = READ_ONCE(map->level[level][pos]);
		if (!word)
			return 0;
		if (level == 1)
			for (n %= hweight_long(word); n; n--)
				word &= word - 1;
		pos = (pos << LEVEL_SHIFT) + __ffs(word);
	}
	return pos << LEVEL_SHIFT;
}
EXPORT_SYMBOL_PB_TEST(pb_bitmap_some_word);

/**
 * pb_bitmap_check - check the summaries of a quiescent bitmap
 * @map: the bitmap
 * @nr_set: its set bits are added to this
 *
 * A summary bit over a zero word is allowed: clears may leave it set.
 *
 * Return: false when a summary bit is clear over a word that is not zero.
 */
bool pb_bitmap_check(struct pb_bitmap *map, unsigned long *nr_set)
{
	unsigned long i, word;
	unsigned int level;
	bool right = true;

	for (level = 0; level < map->levels; level++) {
		for (i = 0; i < words_for(level_bits(map, level)); i++) {
			word = *word_of(map, level, i << LEVEL_SHIFT);
			if (!level)
				*nr_set += hweight64(word);
			if (word && level + 1 < map->levels)
				right &= test_bit(i, map->level[level + 1]);
		}
	}
	return right;
}
EXPORT_SYMBOL_PB_TEST(pb_bitmap_check);
