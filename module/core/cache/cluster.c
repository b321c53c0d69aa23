// SPDX-License-Identifier: GPL-2.0-only
/*
 * The free pageblocks from which CPUs refill their lists.
 *
 * A free reads the index class of its pageblock, and the index control of PB_CLUSTER_NR pageblocks,
 * a cluster, is in one cache line. So a CPU that needs a free pageblock takes one from the cluster
 * of its last one, else the first one of a cluster that is free as a whole. Other CPUs do the same,
 * so that each has clusters of its own.
 *
 * This splits more of the large free blocks than to take the pageblock at the lowest address does.
 * Therefore a CPU does it only while a cluster for each CPU is at most 1/8 of the pages above the
 * watermarks, and not at all where there is one CPU.
 */
#include "core/cache/cluster.h"
#include "core/index/bitmap.h"
#include "core/index/pageblock.h"
#include "core/zone/free_count.h"

/*
 * Words of the bitmap of free pageblocks in which a free cluster is searched for: some, and twice
 * as many as the clusters of all CPUs take up.
 */
#define SEARCH_WORDS	(4 + pb_nr_cpus() / 4)

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

/* The first pageblock of a cluster that is free. */
static unsigned long find_cluster(struct pb_zone *zone, struct pb_bitmap *map)
{
	unsigned long at = 0, index;
	unsigned int tries;
	u64 word;

	for (tries = 0; tries < SEARCH_WORDS; tries++) {
		at = pb_bitmap_next(map, at);
		if (at == PB_NO_PAGEBLOCK)
			break;
		at = round_down(at, BITS_PER_LONG);
		word = READ_ONCE(*pb_bitmap_word(map, at));
		index = first_unused(zone, at, pb_word_heads(word, PB_CLUSTER_SHIFT));
		if (index != PB_NO_PAGEBLOCK)
			return index;
		at += BITS_PER_LONG;
	}
	return PB_NO_PAGEBLOCK;
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
	return index == PB_NO_PAGEBLOCK ? find_cluster(zone, map) : index;
}
EXPORT_SYMBOL_PB_TEST(pb_cluster_find_free);
