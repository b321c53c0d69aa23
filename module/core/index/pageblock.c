// SPDX-License-Identifier: GPL-2.0-only
/*
 * The free bitmap of one pageblock: allocate blocks from it and free them.
 *
 * The bitmap alone decides what is free. A set bit is a free frame. A free block of order k
 * is an aligned run of 2^k ones, so buddies merge when the last bit is set. An allocation
 * clears bits by compare-exchange (or a whole word by one exchange) and owns the frames
 * whose bits it cleared. A free sets bits with one atomic or. Value-returning atomics are
 * full barriers: the next owner sees what the previous owner wrote before its free.
 *
 * Blocks above order 6 span words. An allocation takes the words one by one and rolls back
 * when one of them is not wholly free. Until then another allocation may see fewer free
 * frames than there are. It searches other pageblocks, and the slow path searches again
 * before a request fails.
 */
#include "core/index/pageblock.h"

const u64 pb_word_align[PB_WORD_ORDER + 1] = {
	0xffffffffffffffffULL, 0x5555555555555555ULL, 0x1111111111111111ULL,
	0x0101010101010101ULL, 0x0001000100010001ULL, 0x0000000100000001ULL,
	0x0000000000000001ULL,
};
EXPORT_SYMBOL_PB_TEST(pb_word_align);

/**
 * pb_word_largest - order of the largest free block within a word
 * @word: free bits
 *
 * Return: 0 to 6, or -1 when nothing is free.
 */
int pb_word_largest(u64 word)
{
	int order;

	if (!word)
		return -1;
	if (word == ~0ULL)
		return PB_WORD_ORDER;
	for (order = 0; order < PB_WORD_ORDER - 1; order++) {
		word &= (word >> (1U << order)) & pb_word_align[order + 1];
		if (!word)
			return order;
	}
	return order;
}
EXPORT_SYMBOL_PB_TEST(pb_word_largest);

/**
 * pb_word_find_largest - find the block to allocate from a word, and the free block that it splits
 * @word: free bits
 * @order: 0 to 6
 * @largest: set to the order of the largest free block that begins with the one found
 *
 * Smallest sufficient order first, as __rmqueue_smallest(): a larger free block is split
 * only when no smaller one suffices.
 *
 * Return: one bit, or 0 when no such block is free.
 */
u64 pb_word_find_largest(u64 word, unsigned int order, unsigned int *largest)
{
	u64 heads = pb_word_heads(word, order), larger, only;

	if (!heads)
		return 0;
	for (word = heads; order < PB_WORD_ORDER; order++, word = larger) {
		/* Heads of the next order, and heads that lie in none of its blocks. */
		larger = word & (word >> (1U << order)) & pb_word_align[order + 1];
		only = heads & ~pb_word_expand(larger, order + 1);
		if (only) {
			*largest = order;
			return only & -only;
		}
	}
	*largest = PB_WORD_ORDER;
	return heads & -heads;
}
EXPORT_SYMBOL_PB_TEST(pb_word_find_largest);

/* The same, without the order of the larger block. */
u64 pb_word_find(u64 word, unsigned int order)
{
	unsigned int largest;

	return pb_word_find_largest(word, order, &largest);
}
EXPORT_SYMBOL_PB_TEST(pb_word_find);

/**
 * pb_word_alloc_most - allocate all blocks of an order from a word, or one
 * @word: word of a free bitmap
 * @order: 0 to 6
 * @most: number of blocks, at most; from a word that has more one block is allocated
 *
 * Context: any.
 * Return: the heads' bits, or 0.
 */
u64 pb_word_alloc_most(atomic64_t *word, unsigned int order, unsigned int most)
{
	s64 old = atomic64_read(word);
	u64 blocks;

	pb_count_visit();
	do {
		blocks = most > 1 ? pb_word_heads(old, order) : 0;
		if (!blocks || hweight64(blocks) > most)
			blocks = pb_word_find(old, order);
		if (!blocks)
			return 0;
	} while (!atomic64_try_cmpxchg(word, &old, old & ~pb_word_expand(blocks, order)));
	return blocks;
}
EXPORT_SYMBOL_PB_TEST(pb_word_alloc_most);

/**
 * pb_word_alloc_all - allocate every block of an order from a word
 * @word: word of a free bitmap
 * @order: 0 to 6
 *
 * Context: any.
 * Return: the heads' bits, or 0.
 */
u64 pb_word_alloc_all(atomic64_t *word, unsigned int order)
{
	s64 old = atomic64_read(word);
	u64 heads;

	pb_count_visit();
	if (!old)
		return 0;
	if (!order)
		return atomic64_xchg(word, 0);
	do {
		heads = pb_word_heads(old, order);
		if (!heads)
			return 0;
	} while (!atomic64_try_cmpxchg(word, &old, old & ~pb_word_expand(heads, order)));
	return heads;
}
EXPORT_SYMBOL_PB_TEST(pb_word_alloc_all);

unsigned int pb_pageblock_count_free(const struct pb_pageblock *pageblock)
{
	unsigned int i, n = 0;

	pb_count_visit();
	for (i = 0; i < PB_WORDS; i++)
		n += hweight64(atomic64_read(&pageblock->free[i]));
	return n;
}
EXPORT_SYMBOL_PB_TEST(pb_pageblock_count_free);

/**
 * pb_pageblock_largest_words - largest free block of a pageblock that consists of whole words
 * @pageblock: the pageblock
 *
 * Words are compared last, as most often a caller has just freed one of the first.
 *
 * Return: 6 to 9, or 5 when no word is wholly free.
 */
int pb_pageblock_largest_words(const struct pb_pageblock *pageblock)
{
	s64 pair[PB_WORDS / 2], quad[2];
	unsigned int i;

	for (i = 0; i < PB_WORDS / 2; i++)
		pair[i] = atomic64_read(&pageblock->free[2 * i]) &
			  atomic64_read(&pageblock->free[2 * i + 1]);
	quad[0] = pair[0] & pair[1];
	quad[1] = pair[2] & pair[3];
	if ((quad[0] & quad[1]) == -1)
		return PB_PAGEBLOCK_ORDER;
	if (quad[0] == -1 || quad[1] == -1)
		return PB_WORD_ORDER + 2;
	for (i = 0; i < PB_WORDS / 2; i++)
		if (pair[i] == -1)
			return PB_WORD_ORDER + 1;
	for (i = 0; i < PB_WORDS; i++)
		if (atomic64_read(&pageblock->free[i]) == -1)
			return PB_WORD_ORDER;
	return PB_WORD_ORDER - 1;
}

/*
 * The largest free order of a pageblock, computed over all its words at once. A word with
 * one bit per aligned pair of free frames leaves every other bit unused, so two such words
 * are merged into one. The next two orders repeat this. After three steps the eight words are
 * merged into one, in which word i owns the bits that equal i modulo 8. After six steps bit
 * i is set when all of word i is free.
 */
static int largest_of(const u64 word[PB_WORDS], unsigned int *full_words)
{
	u64 pair[4], quad[2], all, next;
	unsigned int i;

	for (i = 0, all = 0; i < PB_WORDS; i++)
		all |= word[i];
	*full_words = 0;
	if (!all)
		return -1;
	for (i = 0; i < 4; i++)
		pair[i] = (word[2 * i] & (word[2 * i] >> 1) & pb_word_align[1]) |
			  (word[2 * i + 1] & (word[2 * i + 1] >> 1) & pb_word_align[1]) << 1;
	if (!(pair[0] | pair[1] | pair[2] | pair[3]))
		return 0;
	for (i = 0; i < 2; i++)
		quad[i] = (pair[2 * i] & (pair[2 * i] >> 2) & 3 * pb_word_align[2]) |
			  (pair[2 * i + 1] & (pair[2 * i + 1] >> 2) & 3 * pb_word_align[2]) << 2;
	if (!(quad[0] | quad[1]))
		return 1;
	all = (quad[0] & (quad[0] >> 4) & 15 * pb_word_align[3]) |
	      (quad[1] & (quad[1] >> 4) & 15 * pb_word_align[3]) << 4;
	for (i = 3; i < PB_WORD_ORDER; i++, all = next) {
		if (!all)
			return i - 1;
		next = all & (all >> (1U << i)) & 255 * pb_word_align[i + 1];
	}
	*full_words = all;
	return all ? PB_WORD_ORDER : PB_WORD_ORDER - 1;
}

/**
 * pb_pageblock_scan - largest free block and free frames of a pageblock, in one scan
 * @pageblock: the pageblock
 * @nr_free: set to the number of free frames
 *
 * Return: order of the largest free block, 0 to 9, or -1 when nothing is free.
 */
int pb_pageblock_scan(struct pb_pageblock *pageblock, unsigned int *nr_free)
{
	unsigned int i, full_words, nr = 0;
	u64 word[PB_WORDS];
	int largest;

	pb_count_visit();
	for (i = 0; i < PB_WORDS; i++) {
		word[i] = atomic64_read(&pageblock->free[i]);
		nr += hweight64(word[i]);
	}
	*nr_free = nr;
	largest = largest_of(word, &full_words);
	/* One bit per word: aligned runs of 1, 2, 4, 8 free words are orders 6 to 9. */
	return full_words ? PB_WORD_ORDER + pb_word_largest(full_words) : largest;
}

/* Order of the largest free block in a pageblock, 0 to 9, or -1 when nothing is free. */
int pb_pageblock_largest(struct pb_pageblock *pageblock)
{
	unsigned int nr_free;

	return pb_pageblock_scan(pageblock, &nr_free);
}
EXPORT_SYMBOL_PB_TEST(pb_pageblock_largest);

/* Frees words again, from @first on up to @end, as another word of their block is not free. */
void pb_words_roll_back(struct pb_pageblock *pageblock, unsigned int first, unsigned int end)
{
	unsigned int i = end;

	/* A full barrier, as in every free: the caller reads the index class next. */
	while (i-- > first)
		atomic64_xchg(&pageblock->free[i], -1);
}
EXPORT_SYMBOL_PB_TEST(pb_words_roll_back);

/* Allocates nr whole words from first on, or none. */
static bool alloc_words(struct pb_pageblock *pageblock, unsigned int first, unsigned int nr)
{
	unsigned int i;

	for (i = first; i < first + nr; i++) {
		s64 old = -1;

		if (!atomic64_try_cmpxchg(&pageblock->free[i], &old, 0))
			break;
	}
	if (i == first + nr)
		return true;
	pb_words_roll_back(pageblock, first, i);
	return false;
}

/* Whether nr whole words from first on are free. */
static bool words_are_free(const struct pb_pageblock *pageblock, unsigned int first,
			   unsigned int nr)
{
	unsigned int i;

	for (i = first; i < first + nr; i++)
		if (atomic64_read(&pageblock->free[i]) != -1)
			return false;
	return true;
}

static bool is_free_at(const struct pb_pageblock *pageblock, unsigned int frame, unsigned int order)
{
	const atomic64_t *word = &pageblock->free[frame / PB_WORD_NR];

	if (order >= PB_WORD_ORDER)
		return words_are_free(pageblock, frame / PB_WORD_NR, 1U << (order - PB_WORD_ORDER));
	return !(~(u64)atomic64_read(word) & pb_word_run(order) << (frame % PB_WORD_NR));
}

/* Allocates the block of the order at this frame, if it is free. */
static bool alloc_at(struct pb_pageblock *pageblock, unsigned int frame, unsigned int order)
{
	atomic64_t *word = &pageblock->free[frame / PB_WORD_NR];
	u64 mask;
	s64 old;

	if (order >= PB_WORD_ORDER)
		return alloc_words(pageblock, frame / PB_WORD_NR, 1U << (order - PB_WORD_ORDER));
	mask = pb_word_run(order) << (frame % PB_WORD_NR);
	old = atomic64_read(word);
	do {
		if (~(u64)old & mask)
			return false;
	} while (!atomic64_try_cmpxchg(word, &old, old & ~mask));
	return true;
}

/**
 * pb_pageblock_has_aligned - whether a block at a larger alignment than its order's is free
 * @pageblock: the pageblock
 * @order: 0 to 9
 * @align_order: alignment of its first frame, @order to 9
 *
 * Context: any.
 * Return: whether one is free.
 */
bool pb_pageblock_has_aligned(const struct pb_pageblock *pageblock, unsigned int order,
			      unsigned int align_order)
{
	unsigned int frame;

	for (frame = 0; frame < PB_PAGEBLOCK_NR; frame += 1U << align_order)
		if (is_free_at(pageblock, frame, order))
			return true;
	return false;
}

/**
 * pb_pageblock_alloc_aligned - allocate a block at an alignment of at least its order's
 * @pageblock: the pageblock
 * @order: 0 to 9
 * @align_order: alignment of its first frame, @order to 9
 *
 * Context: any.
 * Return: frame number within the pageblock, or -1.
 */
int pb_pageblock_alloc_aligned(struct pb_pageblock *pageblock, unsigned int order,
			       unsigned int align_order)
{
	unsigned int frame;

	for (frame = 0; frame < PB_PAGEBLOCK_NR; frame += 1U << align_order)
		if (is_free_at(pageblock, frame, order) && alloc_at(pageblock, frame, order))
			return frame;
	return -1;
}

/**
 * pb_pageblock_alloc_word - allocate all blocks of an order from a word of a pageblock
 * @pageblock: the pageblock
 * @order: 0 to 5
 * @most: number of blocks, at most; from a word that has more one block is allocated
 * @heads: set to the heads' bits
 *
 * Partly free words come first, wholly free words last.
 *
 * Context: any.
 * Return: frame number of the word's first frame, or -1.
 */
int pb_pageblock_alloc_word(struct pb_pageblock *pageblock, unsigned int order, unsigned int most,
			    u64 *heads)
{
	unsigned int i;
	u64 word;
	int pass;

	for (pass = 0; pass < 2; pass++) {
		for (i = 0; i < PB_WORDS; i++) {
			word = atomic64_read(&pageblock->free[i]);
			if (!word || (word == ~0ULL) != pass)
				continue;
			*heads = pb_word_alloc_most(&pageblock->free[i], order, most);
			if (*heads)
				return i * PB_WORD_NR;
		}
	}
	return -1;
}

/**
 * pb_pageblock_alloc - allocate one block from a pageblock
 * @pageblock: the pageblock
 * @order: 0 to 9
 *
 * Context: any.
 * Return: frame number within the pageblock, or -1.
 */
int pb_pageblock_alloc(struct pb_pageblock *pageblock, unsigned int order)
{
	u64 head;
	int frame;

	if (order >= PB_WORD_ORDER)
		return pb_pageblock_alloc_aligned(pageblock, order, order);
	frame = pb_pageblock_alloc_word(pageblock, order, 1, &head);
	return frame < 0 ? -1 : frame + __ffs64(head);
}
EXPORT_SYMBOL_PB_TEST(pb_pageblock_alloc);

/**
 * pb_pageblock_alloc_blocks - allocate several blocks from a pageblock, in one pass over its words
 * @pageblock: the pageblock
 * @order: 6 to 9
 * @nr: number of blocks, at most
 *
 * Context: any.
 * Return: the words at which the blocks begin, one bit each.
 */
unsigned int pb_pageblock_alloc_blocks(struct pb_pageblock *pageblock, unsigned int order,
				       unsigned int nr)
{
	unsigned int words = 1U << (order - PB_WORD_ORDER), i, heads = 0;

	pb_count_visit();
	for (i = 0; i < PB_WORDS && nr; i += words) {
		if (!words_are_free(pageblock, i, words) || !alloc_words(pageblock, i, words))
			continue;
		heads |= 1U << i;
		nr--;
	}
	return heads;
}

/**
 * pb_pageblock_free - free a block
 * @pageblock: the pageblock
 * @frame: number of its head within the pageblock
 * @order: 0 to 9
 *
 * Context: any; one atomic for each word.
 * Return: number of frames that were free already, whose bits do not change. Only a double free
 * that races with another free of the same block causes this.
 */
unsigned long pb_pageblock_free(struct pb_pageblock *pageblock, unsigned int frame,
				unsigned int order)
{
	unsigned int i = frame / PB_WORD_NR, last;
	unsigned long nr_double = 0;
	u64 was;

	pb_count_visit();
	if (order < PB_WORD_ORDER) {
		u64 mask = pb_word_run(order) << (frame % PB_WORD_NR);

		return hweight64(atomic64_fetch_or(mask, &pageblock->free[i]) & mask);
	}
	last = i + (1U << (order - PB_WORD_ORDER));
	for (; i < last; i++) {
		was = atomic64_xchg(pageblock->free + i, -1);
		if (unlikely(was))
			nr_double += hweight64(was);
	}
	return nr_double;
}
EXPORT_SYMBOL_PB_TEST(pb_pageblock_free);
