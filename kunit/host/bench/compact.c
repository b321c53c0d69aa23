// SPDX-License-Identifier: GPL-2.0-only
/*
 * measure compact [GIB]
 *
 * Pages that compaction moves and free 2 MiB blocks that it gains, on a simulated zone where all
 * allocations are movable. The start is the state that LLFree's frag workload leaves: nine tenths
 * of the zone are allocated as single pages, shuffled, and half of them freed. In each round a
 * tenth of the rest is freed at random, then as many pages are allocated. (Its "iteration 10" is
 * measured after 11 rounds; its zone, the Normal zone of a VM of 128 GiB, has 125 GiB.)
 *
 *	moves	pages moved to turn all free memory into free 2 MiB blocks, after 0, 10 and 11
 *		rounds. Without rounds the free pages are spread evenly, as in an allocator that
 *		does not order pageblocks by fullness. "At least" is the minimum that any
 *		compaction moves from that state: the pages outside the fullest blocks.
 *	success	share of the requests of an order that succeed, of those that fit after perfect
 *		compaction, after 10 rounds
 *
 * Every page has contents, which are checked afterwards.
 */
#include <stdlib.h>

#include "core/alloc/alloc.h"
#include "core/base/pfn.h"
#include "core/cache/drain.h"
#include "core/compact/compact.h"
#include "core/compact/migrate.h"
#include "core/compact/movable.h"
#include "core/pool/pool.h"
#include "core/pool/stat.h"
#include "core/pool/verify.h"
#include "core/zone/zone.h"

#include "bench.h"

#define GIB		BIT(18)			/* frames */

static struct pb_zone *zone;
static unsigned long frames;

/* Objects of one page: the frame of each object; of each frame its object + 1, and its contents. */
static u32 *place, *owner, *contents;
static unsigned long nr_objects;
static unsigned long migrations;

static int migrate_one(struct pb_pool *p, unsigned long src, unsigned long dst, unsigned int order,
		       int mode)
{
	u32 object = owner[src - BASE_PFN];

	if (!object || place[object - 1] != src - BASE_PFN)
		die("a page that belongs to no object is moved");
	contents[dst - BASE_PFN] = contents[src - BASE_PFN];
	contents[src - BASE_PFN] = 0;
	owner[dst - BASE_PFN] = object;
	owner[src - BASE_PFN] = 0;
	place[object - 1] = dst - BASE_PFN;
	migrations++;
	return 0;
}

static void migrate(struct pb_pool *p, struct pb_migration *m)
{
	pb_migrate_each(p, m, migrate_one);
}

static void make_pool(void)
{
	unsigned int mark;

	core_open(frames, migrate);
	zone = core_pool.zone[0][PB_ZONE_NORMAL];
	for (mark = 0; mark < PB_NR_WMARK; mark++)
		zone->watermark[mark] = 0;
	pb_zone_update_fast_watermark(zone);
}

static u64 random_state;

static struct pb_request request(unsigned int order)
{
	return (struct pb_request) {
		.order = order,
		.migratetype = PB_MOVABLE,
		.highest_zone = PB_ZONE_MOVABLE,
		.flags = PB_ALLOC_WAIT,
	};
}

static void alloc_object(unsigned long object)
{
	struct pb_request rq = request(0);
	unsigned long pfn = pb_alloc(&core_pool, &rq, NULL);

	if (pfn == PB_NO_PFN)
		die("an allocation failed");
	if (owner[pfn - BASE_PFN])
		die("a page is allocated twice");
	place[object] = pfn - BASE_PFN;
	owner[pfn - BASE_PFN] = object + 1;
	contents[pfn - BASE_PFN] = object * 2654435761U + 1;
	if (pb_movable_set(&core_pool, pfn))
		die("a page cannot be made movable");
}

static void free_object(unsigned long object)
{
	owner[place[object]] = 0;
	if (pb_free(&core_pool, BASE_PFN + place[object], 0) != PB_BAD_NONE)
		die("a page cannot be freed");
}

static void check(void)
{
	struct pb_verify v;
	unsigned long i;

	for (i = 0; i < nr_objects; i++)
		if (owner[place[i]] != i + 1 ||
		    contents[place[i]] != (u32)(i * 2654435761U + 1))
			die("contents were lost");
	if (pb_verify(&core_pool, &v))
		die(v.first);
}

/* Shuffles place[], so that the last objects are random ones. */
static void shuffle(void)
{
	unsigned long i, j;

	for (i = nr_objects - 1; i > 0; i--) {
		j = bench_random(&random_state) % (i + 1);
		swap(place[i], place[j]);
		owner[place[i]] = i + 1;
		contents[place[i]] = i * 2654435761U + 1;
		owner[place[j]] = j + 1;
		contents[place[j]] = j * 2654435761U + 1;
	}
}

static void make_state(unsigned int rounds, unsigned long seed)
{
	unsigned long target = frames / 20 * 9, i, n;

	random_state = seed;
	make_pool();
	memset(owner, 0, frames * sizeof(*owner));
	nr_objects = frames / 10 * 9;
	for (i = 0; i < nr_objects; i++)
		alloc_object(i);
	shuffle();
	while (nr_objects > target)
		free_object(--nr_objects);
	while (rounds--) {
		shuffle();
		n = nr_objects / 10;
		for (i = nr_objects - n; i < nr_objects; i++)
			free_object(i);
		for (i = nr_objects - n; i < nr_objects; i++)
			alloc_object(i);
	}
	core_drain(&core_pool);
	check();
	migrations = 0;
}

static unsigned long free_pageblocks(void)
{
	struct pb_free_count count;

	pb_zone_count_free(zone, &count);
	return count.free_pageblocks[PB_MOVABLE];
}

/* Objects outside the pageblocks that are fullest, which could hold all objects. */
static unsigned long fewest_moves(void)
{
	unsigned long nr_blocks[PB_PAGEBLOCK_NR + 1] = {}, keep, moved = 0, block, i;
	unsigned int used;

	for (block = 0; block < frames; block += PB_PAGEBLOCK_NR) {
		for (used = 0, i = block; i < block + PB_PAGEBLOCK_NR; i++)
			used += !!owner[i];
		nr_blocks[used]++;
	}
	keep = DIV_ROUND_UP(nr_objects, PB_PAGEBLOCK_NR);
	for (used = PB_PAGEBLOCK_NR; used; used--) {
		i = min(keep, nr_blocks[used]);
		keep -= i;
		moved += used * (nr_blocks[used] - i);
	}
	return moved;
}

static void row(const char *what, unsigned int rounds, unsigned int order, const char *unit,
		double value)
{
	printf("%s\t%u\t%u\t%s\t%.4f\n", what, rounds, order, unit, value);
	fflush(stdout);
}

static void moves(unsigned int rounds)
{
	unsigned long before, gained, fewest, ideal;

	make_state(rounds, 1);
	before = free_pageblocks();
	fewest = fewest_moves();
	ideal = (frames - nr_objects) >> PB_PAGEBLOCK_ORDER;
	gained = pb_compact_zone_fully(zone);
	check();
	if (free_pageblocks() != before + gained)
		die("the number of free blocks is not the number reported");
	row("moves", rounds, 9, "million pages moved", migrations / 1e6);
	row("moves", rounds, 9, "million pages moved at least", fewest / 1e6);
	row("moves", rounds, 9, "blocks before", before);
	row("moves", rounds, 9, "blocks gained", gained);
	row("moves", rounds, 9, "pages moved/block gained",
	    gained ? (double)migrations / gained : 0);
	row("moves", rounds, 9, "% of the ideal number of blocks",
	    100.0 * (before + gained) / ideal);
	pb_pool_destroy(&core_pool);
}

/* Requests of one order until one fails, with the compaction steps of the slow path. */
static void success(unsigned int order)
{
	unsigned long fit, got = 0, pfn;
	struct pb_request rq = request(order);

	make_state(10, order);
	fit = pb_zone_free_pages(zone) >> order;
	while (got < fit) {
		pfn = pb_alloc(&core_pool, &rq, NULL);
		if (pfn == PB_NO_PFN)
			pb_compact_pages(&core_pool, &rq, PB_COMPACT_PRIO_ASYNC, &pfn);
		if (pfn == PB_NO_PFN)
			pb_compact_pages(&core_pool, &rq, PB_COMPACT_PRIO_SYNC_LIGHT, &pfn);
		if (pfn == PB_NO_PFN)
			pb_compact_pages(&core_pool, &rq, PB_COMPACT_PRIO_SYNC_FULL, &pfn);
		if (pfn == PB_NO_PFN)
			break;
		got++;
	}
	check();
	row("success", 10, order, "requests that fit", fit);
	row("success", 10, order, "% of them that succeed", fit ? 100.0 * got / fit : 0);
	row("success", 10, order, "pages moved/request", got ? (double)migrations / got : 0);
	pb_pool_destroy(&core_pool);
}

static u32 *new_array(void)
{
	u32 *array = calloc(frames, sizeof(*array));

	if (!array)
		die("no memory");
	return array;
}

int compact_main(int argc, char **argv)
{
	static const unsigned int rounds[] = { 0, 10, 11 };
	static const unsigned int orders[] = { 3, 5, 9, 10, 13, 16, 18 };
	unsigned long gib = argc > 1 ? strtoul(argv[1], NULL, 10) : 16;
	unsigned int i;

	if (gib < 1 || gib > 1024 || argc > 2)
		die("usage: compact [GIB], 1 to 1024");
	frames = gib * GIB;
	place = new_array();
	owner = new_array();
	contents = new_array();
	printf("# a zone of %lu GiB, %lu MiB of it allocated, all movable\n", gib,
	       frames / 20 * 9 >> 8);
	printf("what\trounds\torder\tunit\tvalue\n");
	for (i = 0; i < ARRAY_SIZE(rounds); i++)
		moves(rounds[i]);
	for (i = 0; i < ARRAY_SIZE(orders); i++)
		success(orders[i]);
	return 0;
}
