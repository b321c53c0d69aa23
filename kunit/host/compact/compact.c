// SPDX-License-Identifier: GPL-2.0-only
/*
 * What compaction moves for what it gains, on a simulated zone, all allocations movable: from the
 * state that LLFree's frag workload leaves. Nine tenths of the zone are allocated as single pages,
 * shuffled, half of them freed; in each round a tenth of what is left is freed at random, then as
 * many allocated. (Its "iteration 10" is measured after 11 rounds, and its zone, the Normal one of
 * a VM of 128 GiB, has 125 GiB.)
 *
 *   moves    pages moved to make whole 2 MiB blocks of all that is free, after 0, 10 and 11 rounds.
 *            With no rounds what is free is spread evenly, as an allocator without a memory of
 *            fullness has it at any time. Beside it the fewest that any compaction could move from
 *            that state: all but what the fullest blocks hold already.
 *   success  share of the requests for an order that get their block, out of those that would fit
 *            after perfect compaction, after 10 rounds
 *
 * Every page has contents, which are checked afterwards. Prints a table as pbuddy_bench does; exits
 * with 1 when contents were lost or the core is broken.
 *
 * usage: compact [GIB]
 */
#include <stdlib.h>

#include "core/alloc/alloc.h"
#include "core/base/pfn.h"
#include "core/cache/drain.h"
#include "core/compact/compact.h"
#include "core/compact/movable.h"
#include "core/pool/pool.h"
#include "core/pool/stat.h"
#include "core/pool/verify.h"
#include "core/zone/zone.h"

#define BASE		BIT(18)			/* PFN the zone begins at */
#define GIB		BIT(18)			/* frames */

static struct pb_pool pool;
static struct pb_zone *zone;
static unsigned long frames;

/* Objects of one page: where each is, whose each frame is (number + 1), and what stands there. */
static u32 *place, *owner, *contents;
static unsigned long nr_objects;
static unsigned long migrations;

static void fail(const char *what)
{
	fprintf(stderr, "compact: %s\n", what);
	exit(1);
}

static void report_bad(struct pb_pool *p, enum pb_bad bad, unsigned long pfn, unsigned int order,
		       unsigned int was)
{
	fprintf(stderr, "compact: pfn %#lx: ", pfn);
	fail(pb_bad_name[bad]);
}

static void drain_all(struct pb_pool *p)
{
	int cpu;

	pb_for_each_cpu(cpu)
		pb_pcp_drain_cpu(p, cpu);
}

static int migrate(struct pb_pool *p, unsigned long src, unsigned long dst, unsigned int order,
		   int mode)
{
	u32 object = owner[src - BASE];

	if (!object || place[object - 1] != src - BASE)
		fail("what is moved is nobody's");
	contents[dst - BASE] = contents[src - BASE];
	contents[src - BASE] = 0;
	owner[dst - BASE] = object;
	owner[src - BASE] = 0;
	place[object - 1] = dst - BASE;
	migrations++;
	return 0;
}

static int distance(int from, int to)
{
	return 10;
}

static void make_pool(void)
{
	struct pb_range range = {
		.start_pfn = BASE, .nr_pages = frames, .nid = 0, .type = PB_ZONE_NORMAL,
	};
	struct pb_pool_config config = {
		.ranges = &range, .nr_ranges = 1, .nr_nodes = 1, .distance = distance,
		.ops = { .bad = report_bad, .drain_all = drain_all, .migrate = migrate },
	};
	unsigned int mark;

	if (pb_pool_init(&pool, &config))
		fail("no memory for a pool");
	zone = pool.zone[0][PB_ZONE_NORMAL];
	for (mark = 0; mark < PB_NR_WMARK; mark++)
		zone->watermark[mark] = 0;
	pb_zone_update_fast_watermark(zone);
}

static u64 random_state;

static u64 random64(void)
{
	u64 z = random_state += 0x9e3779b97f4a7c15ULL;

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
	return z ^ (z >> 31);
}

static struct pb_request request(unsigned int order)
{
	return (struct pb_request) {
		.order = order,
		.migratetype = PB_MOVABLE,
		.highest_zone = PB_ZONE_MOVABLE,
		.flags = PB_ALLOC_WAIT,
	};
}

static void get(unsigned long object)
{
	struct pb_request rq = request(0);
	unsigned long pfn = pb_alloc(&pool, &rq, NULL);

	if (pfn == PB_NO_PFN)
		fail("no page");
	if (owner[pfn - BASE])
		fail("handed out twice");
	place[object] = pfn - BASE;
	owner[pfn - BASE] = object + 1;
	contents[pfn - BASE] = object * 2654435761U + 1;
	if (pb_movable_set(&pool, pfn))
		fail("cannot be movable");
}

static void put(unsigned long object)
{
	owner[place[object]] = 0;
	if (pb_free(&pool, BASE + place[object], 0) != PB_BAD_NONE)
		fail("cannot be freed");
}

static void check(void)
{
	struct pb_verify v;
	unsigned long i;

	for (i = 0; i < nr_objects; i++)
		if (owner[place[i]] != i + 1 ||
		    contents[place[i]] != (u32)(i * 2654435761U + 1))
			fail("contents were lost");
	if (pb_verify(&pool, &v)) {
		fprintf(stderr, "compact: %s\n", v.first);
		exit(1);
	}
}

/* The objects stand in random order in place[], so that the last ones are random ones. */
static void shuffle(void)
{
	unsigned long i, j;

	for (i = nr_objects - 1; i > 0; i--) {
		j = random64() % (i + 1);
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
		get(i);
	shuffle();
	while (nr_objects > target)
		put(--nr_objects);
	while (rounds--) {
		shuffle();
		n = nr_objects / 10;
		for (i = nr_objects - n; i < nr_objects; i++)
			put(i);
		for (i = nr_objects - n; i < nr_objects; i++)
			get(i);
	}
	drain_all(&pool);
	check();
	migrations = 0;
}

static unsigned long count_free_pageblocks(void)
{
	struct pb_free_count count;

	pb_zone_count_free(zone, &count);
	return count.free_pageblocks[PB_MOVABLE];
}

/* What the fullest blocks have no room for, or would have: blocks by how many frames are taken. */
static unsigned long fewest_moves(void)
{
	unsigned long with[PB_PAGEBLOCK_NR + 1] = {}, keep, moved = 0, block, i;
	unsigned int taken;

	for (block = 0; block < frames; block += PB_PAGEBLOCK_NR) {
		for (taken = 0, i = block; i < block + PB_PAGEBLOCK_NR; i++)
			taken += !!owner[i];
		with[taken]++;
	}
	keep = DIV_ROUND_UP(nr_objects, PB_PAGEBLOCK_NR);
	for (taken = PB_PAGEBLOCK_NR; taken; taken--) {
		i = min(keep, with[taken]);
		keep -= i;
		moved += taken * (with[taken] - i);
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
	before = count_free_pageblocks();
	fewest = fewest_moves();
	ideal = (frames - nr_objects) >> PB_PAGEBLOCK_ORDER;
	gained = pb_compact_zone_fully(zone);
	check();
	if (count_free_pageblocks() != before + gained)
		fail("blocks gained and blocks there differ");
	row("moves", rounds, 9, "million pages moved", migrations / 1e6);
	row("moves", rounds, 9, "million pages moved at least", fewest / 1e6);
	row("moves", rounds, 9, "blocks before", before);
	row("moves", rounds, 9, "blocks gained", gained);
	row("moves", rounds, 9, "pages moved/block gained",
	    gained ? (double)migrations / gained : 0);
	row("moves", rounds, 9, "% of the ideal number of blocks",
	    100.0 * (before + gained) / ideal);
	pb_pool_destroy(&pool);
}

/* Requests of one order until one fails, as a slow path would make them. */
static void success(unsigned int order)
{
	unsigned long fit, got = 0, pfn;
	struct pb_request rq = request(order);

	make_state(10, order);
	fit = pb_zone_free_pages(zone) >> order;
	while (got < fit) {
		pfn = pb_alloc(&pool, &rq, NULL);
		if (pfn == PB_NO_PFN)
			pb_compact_pages(&pool, &rq, PB_COMPACT_PRIO_ASYNC, &pfn);
		if (pfn == PB_NO_PFN)
			pb_compact_pages(&pool, &rq, PB_COMPACT_PRIO_SYNC_LIGHT, &pfn);
		if (pfn == PB_NO_PFN)
			pb_compact_pages(&pool, &rq, PB_COMPACT_PRIO_SYNC_FULL, &pfn);
		if (pfn == PB_NO_PFN)
			break;
		got++;
	}
	check();
	row("success", 10, order, "requests that fit", fit);
	row("success", 10, order, "% of them that succeed", fit ? 100.0 * got / fit : 0);
	row("success", 10, order, "pages moved/request", got ? (double)migrations / got : 0);
	pb_pool_destroy(&pool);
}

static u32 *new_array(void)
{
	u32 *array = calloc(frames, sizeof(*array));

	if (!array)
		fail("no memory");
	return array;
}

int main(int argc, char **argv)
{
	static const unsigned int rounds[] = { 0, 10, 11 };
	static const unsigned int orders[] = { 3, 5, 9, 10, 13, 16, 18 };
	unsigned long gib = argc > 1 ? strtoul(argv[1], NULL, 10) : 16;
	unsigned int i;

	if (gib < 1 || gib > 1024 || argc > 2)
		fail("usage: compact [GIB], 1 to 1024");
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
