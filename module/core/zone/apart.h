/* SPDX-License-Identifier: GPL-2.0-only */
/* Which free pageblocks a CPU takes, apart from those of other CPUs. See apart.c. */
#ifndef PB_APART_H
#define PB_APART_H

#include "core/index/bitmap.h"
#include "core/zone/free_count.h"

/**
 * struct pb_free_word - free pageblocks of a type, those of one word of the index
 * @first: number of the pageblock of bit 0
 * @all: the word
 * @mine: those of it that are for this CPU first; 0 only when @all is
 */
struct pb_free_word {
	unsigned long	first;
	u64		all;
	u64		mine;
};

/**
 * struct pb_place - where a CPU begins to search for free pageblocks
 * @first: the first pageblock of a word of the index
 * @shift: the first bit of its byte in the word
 * @apart: it has met another CPU
 * @alone: each CPU may have a word for itself
 */
struct pb_place {
	unsigned long	first;
	unsigned int	shift;
	bool		apart;
	bool		alone;
};

/* Searches for free pageblocks that a CPU begins at its place after it has met another CPU. */
#define PB_APART_SEARCHES	64

bool pb_cpus_may_have(struct pb_zone *zone, unsigned int pageblocks);
bool pb_cpus_may_have_words(struct pb_zone *zone);
void pb_apart_met(struct pb_zone *zone);
struct pb_place pb_apart_place(struct pb_zone *zone, enum pb_migratetype mt);
struct pb_free_word __pb_apart_free_word(struct pb_zone *zone, enum pb_migratetype mt);
unsigned long pb_apart_find_free(struct pb_zone *zone, enum pb_migratetype mt);

/* The first word from a pageblock on that has some. */
static __always_inline struct pb_free_word pb_free_word_from(struct pb_bitmap *free,
							     unsigned long from)
{
	unsigned long index = pb_bitmap_next(free, from);
	struct pb_free_word word = {};

	if (index == PB_NO_PAGEBLOCK)
		return word;
	word.first = round_down(index, BITS_PER_LONG);
	word.all = READ_ONCE(*pb_bitmap_word(free, index));
	word.mine = word.all;
	return word;
}

/**
 * pb_apart_free_word - free pageblocks for this CPU
 * @zone: the zone
 * @mt: their migratetype
 *
 * Context: any. The bits of the index may be stale; the caller looks at the pageblocks.
 * Return: a word of the index; 0 when nothing is free.
 */
static __always_inline struct pb_free_word pb_apart_free_word(struct pb_zone *zone,
							      enum pb_migratetype mt)
{
	if (unlikely(READ_ONCE(pb_zone_credit(zone)->apart)))
		return __pb_apart_free_word(zone, mt);
	return pb_free_word_from(&zone->area[mt].free_pageblocks, 0);
}

#endif /* PB_APART_H */
