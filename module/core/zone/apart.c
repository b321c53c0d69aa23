// SPDX-License-Identifier: GPL-2.0-only
/*
 * Which free pageblocks a CPU takes, apart from those of other CPUs.
 *
 * CPUs that all look for the lowest free pageblock find the same one. One gets it, and the others
 * have transferred its free bitmap, its index control and the word of the index for nothing. So
 * each CPU has a place: of the words of the bitmap of free pageblocks that are not zero, the first
 * for eight CPUs, the next for eight more, and so on, and in the word a byte for each of the eight.
 * It begins there, and goes on from there when nothing is left.
 *
 * This splits large free blocks: the memory that is used first is as many words long as there are
 * CPUs, divided by eight. So a CPU goes to its place only after it has met another one, and comes
 * back after some searches; and never while memory is short: pb_cpus_may_have(). Else it takes the
 * lowest free pageblock, in the smallest run.
 */
#include "core/index/free_area.h"
#include "core/index/pageblock.h"
#include "core/zone/apart.h"

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

static unsigned long place_of(const struct pb_bitmap *free, unsigned int *shift)
{
	*shift = pb_cpu_id() % BITS_PER_BYTE * BITS_PER_BYTE;
	return pb_bitmap_some_word(free, pb_cpu_id() / BITS_PER_BYTE);
}

/**
 * pb_apart_word - the word of the index in which this CPU begins to search for a cluster
 * @zone: the zone
 * @mt: migratetype of the pageblocks
 * @shift: set to the first bit of the byte
 *
 * A CPU keeps its cluster, so those of eight CPUs are in one word from the start: together they
 * take as many words as anywhere.
 *
 * Context: any.
 * Return: the first pageblock of the word, all of which may have been taken.
 */
unsigned long pb_apart_word(struct pb_zone *zone, enum pb_migratetype mt, unsigned int *shift)
{
	unsigned long first = place_of(&zone->area[mt].free_pageblocks, shift);

	if (!is_apart(zone))
		*shift = 0;
	return first;
}

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
	bool apart = is_apart(zone);
	unsigned int shift = 0;
	unsigned long place = apart ? place_of(free, &shift) : 0;
	struct pb_free_word word = pb_free_word_from(free, place);

	if (!word.all && place)
		word = pb_free_word_from(free, 0);
	word.mine = apart && word.all ? byte_from(word.all, shift) : word.all;
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
