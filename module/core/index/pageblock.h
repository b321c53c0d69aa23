/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The free bitmap of one pageblock: allocate and free blocks by atomic operations on its
 * words. These functions do not use zones, counters or the index.
 */
#ifndef PB_PAGEBLOCK_H
#define PB_PAGEBLOCK_H

#include "core/base/pageblock_types.h"

/* Bits at which an aligned block of 2^order frames may start within a word. */
extern const u64 pb_word_align[PB_WORD_ORDER + 1];

/* All frames of one block of this order (0 to 6), at bit 0. */
static inline u64 pb_word_run(unsigned int order)
{
	return ~0ULL >> (PB_WORD_NR - (1U << order));
}

/* Heads of all aligned free blocks of exactly 2^order frames in a word; order <= 6. */
static inline u64 pb_word_heads(u64 word, unsigned int order)
{
	unsigned int i;

	for (i = 0; i < order; i++)
		word &= word >> (1U << i);
	return word & pb_word_align[order];
}

/*
 * The frames of all blocks whose heads are given. The blocks do not overlap, so one
 * multiplication sets the frames of each.
 */
static inline u64 pb_word_expand(u64 heads, unsigned int order)
{
	return heads * pb_word_run(order);
}

/* The pageblock of a frame, from its byte in the page order map. */
static __always_inline struct pb_pageblock *pb_order_map_pageblock(u8 *order_map,
								   unsigned int frame)
{
	return container_of(order_map - frame, struct pb_pageblock, order_map[0]);
}

/* The word of the free bitmap that holds the frame's bit, from the same. */
static __always_inline atomic64_t *pb_order_map_word(u8 *order_map, unsigned int frame)
{
	return &pb_order_map_pageblock(order_map, frame)->free[frame / PB_WORD_NR];
}

/* Sets one bit, a full barrier. Returns whether it was set already. A u64 is a long here. */
static __always_inline bool pb_word_set(atomic64_t *word, unsigned int bit)
{
	return test_and_set_bit(bit, (unsigned long *)word);
}

int pb_word_largest(u64 word);
u64 pb_word_find_largest(u64 word, unsigned int order, unsigned int *largest);
u64 pb_word_find(u64 word, unsigned int order);

u64 pb_word_alloc_most(atomic64_t *word, unsigned int order, unsigned int most);
u64 pb_word_alloc_all(atomic64_t *word, unsigned int order);

unsigned int pb_pageblock_count_free(const struct pb_pageblock *pageblock);
int pb_pageblock_scan(struct pb_pageblock *pageblock, unsigned int *nr_free);
int pb_pageblock_largest(struct pb_pageblock *pageblock);
int pb_pageblock_largest_words(const struct pb_pageblock *pageblock);

int pb_pageblock_alloc(struct pb_pageblock *pageblock, unsigned int order);
int pb_pageblock_alloc_word(struct pb_pageblock *pageblock, unsigned int order, unsigned int most,
			    u64 *heads);
unsigned int pb_pageblock_alloc_blocks(struct pb_pageblock *pageblock, unsigned int order,
				       unsigned int nr);
bool pb_pageblock_has_aligned(const struct pb_pageblock *pageblock, unsigned int order,
			      unsigned int align_order);
int pb_pageblock_alloc_aligned(struct pb_pageblock *pageblock, unsigned int order,
			       unsigned int align_order);
unsigned long pb_pageblock_free(struct pb_pageblock *pageblock, unsigned int frame,
				unsigned int order);
void pb_words_roll_back(struct pb_pageblock *pageblock, unsigned int first, unsigned int end);

static __always_inline bool pb_pageblock_is_free(const struct pb_pageblock *pageblock)
{
	unsigned int i;

#pragma GCC unroll 8
	for (i = 0; i < PB_WORDS; i++)
		if (atomic64_read(&pageblock->free[i]) != -1)
			return false;
	return true;
}

/* Allocates a whole pageblock; false when not all of it is free. Context: any. */
static __always_inline bool pb_pageblock_alloc_whole(struct pb_pageblock *pageblock)
{
	unsigned int i;
	s64 old;

	pb_count_visit();
#pragma GCC unroll 8
	for (i = 0; i < PB_WORDS; i++) {
		old = -1;
		if (unlikely(!atomic64_try_cmpxchg(&pageblock->free[i], &old, 0)))
			goto roll_back;
	}
	return true;
roll_back:
	pb_words_roll_back(pageblock, 0, i);
	return false;
}

/* Whether no frame has an order in the page order map; eight words at a time. Context: any. */
static __always_inline bool pb_pageblock_unused(const struct pb_pageblock *pageblock)
{
	const u64 *word = (const u64 *)pageblock->order_map;
	unsigned int n = PB_PAGEBLOCK_NR / (8 * sizeof(*word));
	u64 any = 0;

	do {
		any |= word[0] | word[1] | word[2] | word[3] |
		       word[4] | word[5] | word[6] | word[7];
		word += 8;
	} while (--n);
	return !any;
}

/* As pb_pageblock_free(), for the whole pageblock. */
static __always_inline unsigned long pb_pageblock_free_whole(struct pb_pageblock *pageblock)
{
	unsigned long nr_double = 0;
	unsigned int i;
	u64 was;

	pb_count_visit();
#pragma GCC unroll 8
	for (i = 0; i < PB_WORDS; i++) {
		was = atomic64_xchg(&pageblock->free[i], -1);
		if (unlikely(was))
			nr_double += hweight64(was);
	}
	return nr_double;
}

#endif /* PB_PAGEBLOCK_H */
