// SPDX-License-Identifier: GPL-2.0-only
/*
 * The free pageblocks from which CPUs refill their lists.
 *
 * A free reads the index class of its pageblock, and the index control of PB_CLUSTER_NR pageblocks,
 * a cluster, is in one cache line. So a CPU takes pageblocks from the cluster of its last one, of
 * which that line tells all it has to know; then a free one from the first cluster that is free as
 * a whole. Other CPUs do the same, so that each has clusters of its own.
 *
 * Where a word of the index for each CPU is not too much either, a CPU goes on with the pageblocks
 * of its cluster's word as long as no other CPU refills from one of them. It then shares no line of
 * the bitmaps with others, and looks for no pageblock beyond until it has used these up.
 *
 * This splits more of the large free blocks than to take the pageblock at the lowest address does.
 * Therefore a CPU does it only while a cluster for each CPU is at most 1/8 of the pages above the
 * watermarks, and not at all where there is one CPU.
 */
#include "core/cache/cluster.h"
#include "core/index/bitmap.h"
#include "core/index/free_area.h"
#include "core/index/pageblock.h"
#include "core/zone/apart.h"

/*
 * Words of the bitmap of free pageblocks in which a free cluster is searched for: some, and twice
 * as many as the clusters of all CPUs take up.
 */
#define SEARCH_WORDS	(4 + pb_nr_cpus() / 4)

/*
 * How late a pageblock comes: partly free ones by their fullness, or by their largest order if the
 * request is for more than single pages; then free ones.
 */
static unsigned int rank_of(u16 class, unsigned int order)
{
	int largest = pb_class_largest(class);

	if (largest == PB_PAGEBLOCK_ORDER)
		return PB_NR_FULLNESS;
	return order ? largest : pb_class_fullness(class);
}

/*
 * The first in rank of these pageblocks that have this type and a block of the order, by their
 * index control, and that no other CPU refills from. @others: none if other CPUs refill from one,
 * and then set; NULL: goes past those.
 */
static unsigned long find_among(struct pb_zone *zone, unsigned int order, enum pb_migratetype mt,
				unsigned long index, unsigned long end, bool *others)
{
	unsigned int rank, least = PB_NR_FULLNESS + 1;
	unsigned long found = PB_NO_PAGEBLOCK;
	u16 class, cur;

	for (; index < end; index++) {
		class = READ_ONCE(zone->ctl[index].index_class);
		cur = READ_ONCE(zone->ctl[index].cur);
		if (cur && cur != pb_cpu_id() + 1) {
			if (!others)
				continue;
			*others = true;
			return PB_NO_PAGEBLOCK;
		}
		rank = rank_of(class, order);
		if (pb_class_migratetype(class) != mt || pb_class_largest(class) < (int)order ||
		    rank >= least)
			continue;
		least = rank;
		found = index;
	}
	return found;
}

/**
 * pb_cluster_find_own - find a pageblock in a CPU's cluster
 * @zone: the zone
 * @order: of the blocks, below that of a word
 * @mt: migratetype of the pageblock
 * @cluster: 1 + the first pageblock of the cluster
 *
 * In the order of pb_zone_next_pageblock(), but reads the index control alone. Context: any. The
 * classes may be stale; the caller looks at the pageblock.
 * Return: a pageblock with free blocks that no other CPU refills from, or PB_NO_PAGEBLOCK.
 */
unsigned long pb_cluster_find_own(struct pb_zone *zone, unsigned int order, enum pb_migratetype mt,
				  u32 cluster)
{
	unsigned long first = cluster - 1UL;

	return find_among(zone, order, mt, first, first + PB_CLUSTER_NR, NULL);
}
EXPORT_SYMBOL_PB_TEST(pb_cluster_find_own);

/**
 * pb_cluster_find_in_word - find a pageblock in the word of a CPU's cluster
 * @zone: the zone
 * @order: of the blocks, at most that of a pageblock
 * @mt: migratetype of the pageblock
 * @cluster: 1 + the first pageblock of the cluster
 *
 * As pb_cluster_find_own(). For use while pb_cpus_may_have_words(). Context: any.
 * Return: a pageblock with free blocks, or PB_NO_PAGEBLOCK, also when another CPU refills from a
 * pageblock of the word.
 */
unsigned long pb_cluster_find_in_word(struct pb_zone *zone, unsigned int order,
				      enum pb_migratetype mt, u32 cluster)
{
	unsigned long first = round_down(cluster - 1UL, PB_WORD_NR), found;
	bool others = false;

	found = find_among(zone, order, mt, first, min(first + PB_WORD_NR, zone->nr_pageblocks),
			   &others);
	if (others)
		pb_apart_met(zone);
	return found;
}
EXPORT_SYMBOL_PB_TEST(pb_cluster_find_in_word);

/* The first of these pageblocks of a word that no CPU refills from. */
static unsigned long first_unused(struct pb_zone *zone, unsigned long base, u64 pageblocks)
{
	unsigned long index;

	for (; pageblocks; pageblocks &= pageblocks - 1) {
		index = base + __ffs64(pageblocks);
		if (!READ_ONCE(zone->ctl[index].cur))
			return index;
	}
	return PB_NO_PAGEBLOCK;
}

/* In the cluster that begins with this pageblock. */
static unsigned long find_in(struct pb_zone *zone, const struct pb_bitmap *map, unsigned long first)
{
	u64 word = READ_ONCE(*pb_bitmap_word(map, first)) >> (first % BITS_PER_LONG);

	return first_unused(zone, first, word & (BIT(PB_CLUSTER_NR) - 1));
}

/* The first pageblock of a cluster that is free, from a word on. In each some bits come last. */
static unsigned long find_cluster_from(struct pb_zone *zone, struct pb_bitmap *map,
				       unsigned long at, unsigned int nr_last)
{
	u64 last = BIT_ULL(nr_last) - 1, heads;
	unsigned long index;
	unsigned int tries;

	for (tries = 0; tries < SEARCH_WORDS; tries++) {
		at = pb_bitmap_next(map, at);
		if (at == PB_NO_PAGEBLOCK)
			break;
		at = round_down(at, BITS_PER_LONG);
		heads = pb_word_heads(READ_ONCE(*pb_bitmap_word(map, at)), PB_CLUSTER_SHIFT);
		index = first_unused(zone, at, heads & ~last);
		if (index == PB_NO_PAGEBLOCK)
			index = first_unused(zone, at, heads & last);
		if (index != PB_NO_PAGEBLOCK)
			return index;
		at += BITS_PER_LONG;
	}
	return PB_NO_PAGEBLOCK;
}

/* The first pageblock of a word all of whose pageblocks are free, from a word on. */
static unsigned long find_free_word(struct pb_bitmap *map, unsigned long at)
{
	unsigned int tries;

	for (tries = 0; tries < SEARCH_WORDS; tries++, at += BITS_PER_LONG) {
		at = pb_bitmap_next(map, at);
		if (at == PB_NO_PAGEBLOCK)
			break;
		at = round_down(at, BITS_PER_LONG);
		if (!~READ_ONCE(*pb_bitmap_word(map, at)))
			return at;
	}
	return PB_NO_PAGEBLOCK;
}

/*
 * The first pageblock of a cluster that is free. CPUs that have met begin at different ones
 * (zone/apart.c), in words of which no CPU has pageblocks if there is enough memory.
 */
static unsigned long find_cluster(struct pb_zone *zone, enum pb_migratetype mt)
{
	struct pb_bitmap *map = &zone->area[mt].free_pageblocks;
	struct pb_place place = pb_apart_place(zone, mt);
	unsigned long index = PB_NO_PAGEBLOCK;

	if (place.alone)
		index = find_free_word(map, place.first);
	if (index == PB_NO_PAGEBLOCK)
		index = find_cluster_from(zone, map, place.first, place.shift);
	if (index == PB_NO_PAGEBLOCK && place.first)
		index = find_cluster_from(zone, map, 0, place.shift);
	return index;
}

/**
 * pb_cluster_find_free - find a free pageblock for a CPU, apart from those of other CPUs
 * @zone: the zone
 * @mt: migratetype of the pageblock
 * @cluster: 1 + the first pageblock of the cluster that the CPU has, or 0
 *
 * For use while pb_cpus_may_have() a cluster each. Context: any. The bits of the index may be
 * stale; the caller looks at the pageblock.
 * Return: the pageblock, or PB_NO_PAGEBLOCK.
 */
unsigned long pb_cluster_find_free(struct pb_zone *zone, enum pb_migratetype mt, u32 cluster)
{
	struct pb_bitmap *map = &zone->area[mt].free_pageblocks;
	unsigned long index = PB_NO_PAGEBLOCK;

	if (cluster)
		index = find_in(zone, map, cluster - 1);
	return index == PB_NO_PAGEBLOCK ? find_cluster(zone, mt) : index;
}
EXPORT_SYMBOL_PB_TEST(pb_cluster_find_free);
