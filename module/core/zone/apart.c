// SPDX-License-Identifier: GPL-2.0-only
/*
 * Which free pageblocks a CPU takes, apart from those of other CPUs.
 *
 * CPUs that all look for the lowest free pageblock find the same one. One gets it, and the others
 * have transferred its free bitmap, its index control and the word of the index for nothing. So
 * each CPU has a place: of the words of the bitmap of free pageblocks that are not zero, one for
 * each CPU while there are many (pb_cpus_may_have_words()), else the first for eight CPUs, the next
 * for eight more, and so on, and in the word a byte for each of the eight. It begins there, and
 * goes on from there when nothing is left.
 *
 * This splits large free blocks: the memory that is used first is as many words long as there are
 * CPUs, or an eighth of that. So a CPU goes to its place only after it has met another one, and
 * comes back after some searches; and never while memory is short: pb_cpus_may_have(). Else it
 * takes the lowest free pageblock, in the smallest run.
 */
#include "core/index/free_area.h"
#include "core/index/pageblock.h"
#include "core/zone/apart.h"

/* How many times the 1/8 of the free pages that zone->credit_shift stands for words may be. */
#define WORDS_PART	4

/**
 * pb_cpus_may_have - whether each CPU may have some free pageblocks for itself
 * @zone: the zone
 * @pageblocks: how many
 *
 * Context: any.
 * Return: whether those of all CPUs are at most 1/8 of the pages above fast_watermark, as the
 * credits of free_count.h are.
 */
bool pb_cpus_may_have(struct pb_zone *zone, unsigned int pageblocks)
{
	long part = pb_credit_part(zone, pb_zone_free_least(zone));

	return pb_nr_cpus() > 1 && part >= (long)pageblocks << PB_PAGEBLOCK_ORDER;
}
EXPORT_SYMBOL_PB_TEST(pb_cpus_may_have);

/**
 * pb_cpus_may_have_words - whether each CPU may have the pageblocks of a word for itself
 * @zone: the zone
 *
 * They share then no cache line of the index but the summaries. They also split more large blocks
 * than they need to, so there must be abundance.
 *
 * Context: any.
 * Return: whether those of all CPUs are at most half of the pages above fast_watermark.
 */
bool pb_cpus_may_have_words(struct pb_zone *zone)
{
	long above = pb_zone_free_least(zone) - READ_ONCE(zone->fast_watermark);

	return pb_nr_cpus() > 1 &&
	       above >> zone->credit_shift >= (PB_WORD_NR << PB_PAGEBLOCK_ORDER) / WORDS_PART;
}
EXPORT_SYMBOL_PB_TEST(pb_cpus_may_have_words);

/**
 * pb_apart_met - this CPU has found a pageblock that another one takes, or refills from
 * @zone: the zone
 *
 * Context: any.
 */
void pb_apart_met(struct pb_zone *zone)
{
	WRITE_ONCE(pb_zone_credit(zone)->apart, PB_APART_SEARCHES);
}
EXPORT_SYMBOL_PB_TEST(pb_apart_met);

/* Whether this search begins at the CPU's place. */
static bool is_apart(struct pb_zone *zone)
{
	struct pb_free_credit *credit = pb_zone_credit(zone);
	unsigned int left = READ_ONCE(credit->apart);

	if (likely(!left) || !pb_cpus_may_have(zone, 1))
		return false;
	WRITE_ONCE(credit->apart, left - 1);
	return true;
}

/**
 * pb_apart_place - where this CPU begins to search for free pageblocks of a type
 * @zone: the zone
 * @mt: the migratetype
 *
 * A CPU that has met no other one begins where eight of them do: their clusters take together as
 * many words as anywhere.
 *
 * Context: any.
 * Return: the place; all pageblocks of the word may have been taken.
 */
struct pb_place pb_apart_place(struct pb_zone *zone, enum pb_migratetype mt)
{
	struct pb_place place = { .apart = is_apart(zone) };
	unsigned int cpu = pb_cpu_id();

	place.alone = place.apart && pb_cpus_may_have_words(zone);
	if (place.apart && !place.alone)
		place.shift = cpu % BITS_PER_BYTE * BITS_PER_BYTE;
	place.first = pb_bitmap_some_word(&zone->area[mt].free_pageblocks,
					  place.alone ? cpu : cpu / BITS_PER_BYTE);
	return place;
}
EXPORT_SYMBOL_PB_TEST(pb_apart_place);

/* Bits of a word, which is not 0: those in the first byte that has some, from one on and round. */
static u64 byte_from(u64 word, unsigned int shift)
{
	unsigned int byte = round_down(__ffs64(ror64(word, shift)), BITS_PER_BYTE);

	return word & rol64(0xff, (shift + byte) % BITS_PER_LONG);
}

/* pb_apart_free_word() for a CPU that has met another one. */
struct pb_free_word __pb_apart_free_word(struct pb_zone *zone, enum pb_migratetype mt)
{
	struct pb_bitmap *free = &zone->area[mt].free_pageblocks;
	struct pb_place place = pb_apart_place(zone, mt);
	unsigned long first = place.apart ? place.first : 0;
	struct pb_free_word word = pb_free_word_from(free, first);

	if (!word.all && first)
		word = pb_free_word_from(free, 0);
	if (place.apart && !place.alone && word.all)
		word.mine = byte_from(word.all, place.shift);
	return word;
}
EXPORT_SYMBOL_PB_TEST(__pb_apart_free_word);

/**
 * pb_apart_find_free - find a free pageblock for this CPU, splitting as little as possible
 * @zone: the zone
 * @mt: its migratetype
 *
 * As pb_free_area_find_free() while CPUs do not keep apart. Context: any.
 * Return: the pageblock, or PB_NO_PAGEBLOCK.
 */
unsigned long pb_apart_find_free(struct pb_zone *zone, enum pb_migratetype mt)
{
	struct pb_free_word word = pb_apart_free_word(zone, mt);

	return word.mine ? word.first + __ffs64(pb_word_find(word.mine, 0)) :
			   pb_free_area_find_free(&zone->area[mt]);
}
EXPORT_SYMBOL_PB_TEST(pb_apart_find_free);
