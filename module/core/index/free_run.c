// SPDX-License-Identifier: GPL-2.0-only
/*
 * Find runs of free pageblocks in the index.
 *
 * The free pageblocks of several migratetypes are merged a word at a time, and the summary level
 * above the words skips those without any. A run within a word is found by shifts; a run over
 * several words is the end of one word, words of all ones and the beginning of another.
 */
#include "core/index/bitmap.h"
#include "core/index/free_area.h"
#include "core/index/free_run.h"
#include "core/index/pageblock.h"

/* The lowest levels of the free pageblock bitmaps of some migratetypes. */
struct maps {
	unsigned int		nr;
	unsigned int		stride;		/* from one word to the next */
	const unsigned long	*word[PB_INDEXED_TYPES];
	const unsigned long	*summary[PB_INDEXED_TYPES];
	unsigned long		nr_words;
};

static void maps_of(struct maps *maps, struct pb_zone *zone, unsigned int types)
{
	struct pb_bitmap *map;
	unsigned int mt;

	maps->nr = 0;
	maps->stride = 0;
	maps->nr_words = BITS_TO_LONGS(zone->nr_pageblocks);
	for (mt = 0; mt < PB_INDEXED_TYPES; mt++) {
		if (!(types & BIT(mt)))
			continue;
		map = &zone->area[mt].free_pageblocks;
		maps->stride = map->stride;
		maps->word[maps->nr] = map->level[0];
		maps->summary[maps->nr++] = map->levels > 1 ? map->level[1] : NULL;
	}
}

/* One word of several bitmaps, merged. */
static __always_inline u64 merged(const unsigned long *const *word, unsigned int nr,
				  unsigned long at)
{
	u64 all = 0;

	while (nr--) {
		pb_count_visit();
		all |= READ_ONCE(word[nr][at]);
	}
	return all;
}

/*
 * The first word from this one on that may have free pageblocks. Uses one summary level only: a
 * summary bit that is held back hides no more than a word (scan.c).
 */
static unsigned long next_word(const struct maps *maps, unsigned long word)
{
	u64 summary;

	while (maps->nr && maps->summary[0] && word < maps->nr_words) {
		summary = merged(maps->summary, maps->nr, word / PB_WORD_NR) &
			  ~0ULL << word % PB_WORD_NR;
		word = round_down(word, PB_WORD_NR);
		if (summary)
			return word + __ffs64(summary);
		word += PB_WORD_NR;
	}
	return word;
}

/*
 * The first bit from which @nr bits of a word are set, aligned; 64 when there is none. @base is the
 * pageblock of bit 0.
 */
static unsigned int run_in_word(u64 word, unsigned long base, unsigned long nr,
				unsigned long align)
{
	unsigned long n, shift;

	/* Mostly there are not even two. */
	if (nr >= PB_WORD_NR || (nr > 1 && !(word & (word >> 1))))
		return PB_WORD_NR;
	for (n = 1; n < nr; n += shift) {
		shift = min(n, nr - n);
		word &= word >> shift;
	}
	if (align < PB_WORD_NR)
		word &= pb_word_align[ilog2(align)];
	else
		word &= IS_ALIGNED(base, align);
	return word ? __ffs64(word) : PB_WORD_NR;
}

/**
 * pb_free_run_next - find contiguous free pageblocks
 * @zone: the zone
 * @types: migratetypes they may have, BIT(mt) each
 * @nr: number of pageblocks
 * @align: alignment of the first; a power of two
 * @from: the first pageblock that may be part of the run
 *
 * The bits of the index are hints, as in every search. Types without free pageblocks cost time
 * (pb_free_run_types()).
 *
 * Context: any; reads one word per type for 64 pageblocks, and none where nothing is free.
 * Return: the first pageblock, or PB_NO_PAGEBLOCK.
 */
unsigned long pb_free_run_next(struct pb_zone *zone, unsigned int types, unsigned long nr,
			       unsigned long align, unsigned long from)
{
	unsigned long word, start = from, first, base;
	unsigned int ones, bit;
	struct maps maps;
	u64 free;

	maps_of(&maps, zone, types);
	for (word = from / PB_WORD_NR; word < maps.nr_words; word++) {
		base = word * PB_WORD_NR;
		free = merged(maps.word, maps.nr, word * maps.stride);
		if (base < from)
			free &= ~0ULL << (from - base);
		if (!free) {
			word = next_word(&maps, word + 1) - 1;
			start = (word + 1) * PB_WORD_NR;
			continue;
		}
		/* The run that began before this word goes on in its first bits. */
		ones = ~free ? __ffs64(~free) : PB_WORD_NR;
		first = round_up(start, align);
		if (ones && first + nr <= base + ones)
			return first;
		if (!~free)
			continue;
		bit = run_in_word(free, base, nr, align);
		if (bit < PB_WORD_NR)
			return base + bit;
		start = base + fls64(~free);
	}
	return PB_NO_PAGEBLOCK;
}
EXPORT_SYMBOL_PB_TEST(pb_free_run_next);
