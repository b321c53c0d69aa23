/* SPDX-License-Identifier: GPL-2.0-only */
/* A bitmap over the pageblocks or words of a zone with summary levels: a search reads few words. */
#ifndef PB_BITMAP_H
#define PB_BITMAP_H

#include "core/base/bitmap_types.h"

/**
 * struct pb_bitmap_passed - words that a search passed, as they are zero with a summary bit set
 * @nr: how many
 * @first: the first bit of the first one
 */
struct pb_bitmap_passed {
	unsigned int	nr;
	unsigned long	first;
};

size_t pb_bitmap_words(unsigned long nbits);
unsigned long *pb_bitmap_init(struct pb_bitmap *map, unsigned long nbits, unsigned long *mem);
unsigned long *pb_bitmap_init_strided(struct pb_bitmap *map, unsigned long nbits,
				      unsigned long *words, unsigned int stride,
				      unsigned long *mem);

void pb_bitmap_set(struct pb_bitmap *map, unsigned long bit);
bool pb_bitmap_clear(struct pb_bitmap *map, unsigned long bit);
bool pb_bitmap_clear_bit(struct pb_bitmap *map, unsigned long bit);
void pb_bitmap_clear_summaries(struct pb_bitmap *map, unsigned long bit);
void pb_bitmap_set_mask(struct pb_bitmap *map, unsigned long bit, unsigned long mask);
unsigned long pb_bitmap_clear_mask(struct pb_bitmap *map, unsigned long bit, unsigned long mask);
unsigned long pb_bitmap_search(struct pb_bitmap *map, unsigned long from,
			       struct pb_bitmap_passed *passed);
unsigned long pb_bitmap_next(struct pb_bitmap *map, unsigned long from);
unsigned long pb_bitmap_some_word(const struct pb_bitmap *map, unsigned int n);
bool pb_bitmap_check(struct pb_bitmap *map, unsigned long *nr_set);

/* The word of level 0 that has this bit. */
static inline unsigned long *pb_bitmap_word(const struct pb_bitmap *map, unsigned long bit)
{
	return &map->level[0][bit / BITS_PER_LONG * map->stride];
}

static inline bool pb_bitmap_test(struct pb_bitmap *map, unsigned long bit)
{
	return test_bit(bit % BITS_PER_LONG, pb_bitmap_word(map, bit));
}

/* Most bitmaps of an index are empty; the top level is one word. */
static inline bool pb_bitmap_empty(const struct pb_bitmap *map)
{
	return !READ_ONCE(*map->level[map->levels - 1]);
}

#endif /* PB_BITMAP_H */
