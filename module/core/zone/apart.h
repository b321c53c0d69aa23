/* SPDX-License-Identifier: GPL-2.0-only */
/* Which free pageblocks a CPU takes, apart from those of other CPUs. See apart.c. */
#ifndef PB_APART_H
#define PB_APART_H

#include "core/base/zone_types.h"

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

/* Searches for free pageblocks that a CPU begins at its place after it has met another CPU. */
#define PB_APART_SEARCHES	64

bool pb_cpus_may_have(struct pb_zone *zone, unsigned int pageblocks);
void pb_apart_met(struct pb_zone *zone);
unsigned long pb_apart_word(struct pb_zone *zone, enum pb_migratetype mt, unsigned int *shift);
struct pb_free_word pb_apart_free_word(struct pb_zone *zone, enum pb_migratetype mt);
unsigned long pb_apart_find_free(struct pb_zone *zone, enum pb_migratetype mt);

#endif /* PB_APART_H */
