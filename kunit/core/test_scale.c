// SPDX-License-Identifier: GPL-2.0-only
/*
 * Costs that must not grow with the zone: bytes of metadata for each frame, and words read by an
 * allocation, in an empty zone and in one that is nearly full. Costs that may grow with the zone
 * only by a word for 64 pageblocks: those of a request that fails, whatever is free. The host
 * runs this with a zone of a TiB, because it allocates metadata lazily and counts the words that
 * the core reads, also those read with preemption off. The kernel runs a smaller zone without
 * counting.
 */
#include "core/base/pfn.h"
#include "core/cache/drain.h"
#include "core/compact/compact.h"
#include "core/zone/highatomic.h"
#include "core/zone/zone.h"
#include "fixture.h"
#include "params.h"
#include "threads.h"

#ifdef __KERNEL__
#define SCALE_PAGES	BIT(20)			/* 4 GiB */
#else
#define SCALE_PAGES	BIT(28)			/* 1 TiB */
#endif
#define SCALE_PAGEBLOCKS	(SCALE_PAGES >> PB_PAGEBLOCK_ORDER)

static const struct pb_range scale_ranges[] = {
	PT_RANGE(512, SCALE_PAGEBLOCKS, 0, NORMAL),
};

static const struct pt_layout scale_layout = {
	.name = "a large zone",
	.ranges = scale_ranges,
	.nr_ranges = 1,
	.nr_nodes = 1,
};

static unsigned long visits(void)
{
#ifdef __KERNEL__
	return 0;
#else
	return pb_host_visits;
#endif
}

/* Words that the longest section with preemption off has read since the last call. */
static unsigned long section_visits(void)
{
#ifdef PB_HOST_SECTIONS
	unsigned long most = pb_host_section_most;

	pb_host_section_most = 0;
	return most;
#else
	return 0;
#endif
}

static size_t meta_bytes(void)
{
#ifdef __KERNEL__
	return 0;
#else
	return pb_host_bytes;
#endif
}

/* Skips the test on machines without memory for the metadata of a TiB. */
static bool enough_memory(void)
{
#ifdef __KERNEL__
	return true;
#else
	unsigned long kib = 0;
	char line[128];
	FILE *f = fopen("/proc/meminfo", "r");

	while (f && fgets(line, sizeof(line), f))
		if (sscanf(line, "MemAvailable: %lu", &kib) == 1)
			break;
	if (f)
		fclose(f);
	return kib > 3UL << 20;
#endif
}

static struct pb_pool *large_pool(struct kunit *test)
{
	struct pb_pool *pool = kunit_kzalloc(test, sizeof(*pool), GFP_KERNEL);
	struct pb_pool_config config;

	KUNIT_ASSERT_NOT_NULL(test, pool);
	pt_config(&scale_layout, &config);
	KUNIT_ASSERT_EQ(test, pb_pool_init(pool, &config), 0);
	return pool;
}

struct cost {
	unsigned long most, sum, n;
};

/*
 * Words read by allocations of one order. Each block is freed and drained, so that no list has
 * one.
 */
static struct cost cost_of(struct kunit *test, struct pb_pool *pool, unsigned int order)
{
	struct pb_request rq = pt_rq(order, PB_MOVABLE, 0);
	unsigned long before, pfn, i;
	struct cost c = {};

	for (i = 0; i < 50; i++) {
		before = visits();
		pfn = pb_alloc(pool, &rq, NULL);
		before = visits() - before;
		KUNIT_ASSERT_NE(test, pfn, PB_NO_PFN);
		c.most = max(c.most, before);
		c.sum += before;
		c.n++;
		pb_free(pool, pfn, order);
		pb_pcp_drain_local(pool);
	}
	return c;
}

/*
 * Allocates all pageblocks, then frees 64 frames in one pageblock of many: a thousandth stays
 * free.
 */
static void fill_999(struct kunit *test, struct pb_pool *pool)
{
	unsigned long left = SCALE_PAGES / 1000, pfn, i, step;
	struct pb_request rq = pt_rq(PB_PAGEBLOCK_ORDER, PB_MOVABLE, 0);

	for (i = 0; i < SCALE_PAGEBLOCKS; i++)
		KUNIT_ASSERT_NE(test, pb_alloc(pool, &rq, NULL), PB_NO_PFN);
	/* The free frames lie in another word each time, at equal distances. */
	step = SCALE_PAGEBLOCKS / (left / PB_WORD_NR);
	for (i = step - 1; i < SCALE_PAGEBLOCKS; i += step) {
		pfn = PT_PAGEBLOCK(512 + i);
		pb_split(pool, pfn, PB_PAGEBLOCK_ORDER);
		pb_free_contig(pool, pfn + 64 * (i / step % 8), PB_WORD_NR);
	}
	pb_pcp_drain_local(pool);
}

#define SCALE_ORDERS	7	/* a free word has blocks of orders 0 to 6 */

static void test_cost_of_a_large_zone(struct kunit *test)
{
	struct pb_pool *pool;
	struct cost empty, full;
	unsigned int order;
	size_t bytes;

	if (!enough_memory())
		kunit_skip(test, "needs 3 GiB of memory");
	bytes = meta_bytes();
	pool = large_pool(test);
	bytes = meta_bytes() - bytes;
	if (bytes) {
		kunit_info(test, "%lu GiB zone: %zu bytes of metadata, %zu.%03zu per frame\n",
			   SCALE_PAGES >> 18, bytes, bytes / SCALE_PAGES,
			   bytes % SCALE_PAGES * 1000 / SCALE_PAGES);
		KUNIT_EXPECT_LE(test, bytes, SCALE_PAGES * 5 / 4);
	}
	for (order = 0; order <= PB_MAX_ORDER; order++) {
		empty = cost_of(test, pool, order);
		kunit_info(test, "empty, order %u: %lu words on average, %lu at most\n", order,
			   empty.sum / empty.n, empty.most);
		/* A search for a run of pageblocks reads whole words of the index. */
		KUNIT_EXPECT_LE(test, empty.most, 200UL + (order > 9 ? 4UL << (order - 9) : 0));
	}
	fill_999(test, pool);
	for (order = 0; order < SCALE_ORDERS; order++) {
		full = cost_of(test, pool, order);
		kunit_info(test, "99.9 %% full, order %u: %lu words on average, %lu at most\n",
			   order, full.sum / full.n, full.most);
		KUNIT_EXPECT_LE(test, full.most, 300UL);
	}
	pb_pool_destroy(pool);
}

/* A word for 64 pageblocks: one pass over one bitmap of the index. */
#define PASS		(SCALE_PAGEBLOCKS / PB_WORD_NR)
/* The most that a failing request reads: four walks over the index, and a scan. */
#define MOST_FAILING	(6 * PASS)
/* The most with preemption off: about 50 us. */
#define MOST_SECTION	(2 * PASS)

static void expect_section(struct kunit *test, const char *what, unsigned int order)
{
	unsigned long words = section_visits();

	kunit_info(test, "%s, order %u: %lu words in one section\n", what, order, words);
	KUNIT_EXPECT_LE(test, words, MOST_SECTION);
}

static void expect_failure(struct kunit *test, struct pb_pool *pool, const char *state,
			   unsigned int order, pb_alloc_flags_t flags)
{
	struct pb_request rq = pt_rq(order, PB_MOVABLE, 0);
	unsigned long words = visits();

	rq.flags |= flags;
	section_visits();
	KUNIT_EXPECT_EQ(test, pb_alloc(pool, &rq, NULL), PB_NO_PFN);
	words = visits() - words;
	kunit_info(test, "%s, order %u fails after %lu words\n", state, order, words);
	KUNIT_EXPECT_LE(test, words, MOST_FAILING);
	expect_section(test, state, order);
}

static void expect_success(struct kunit *test, struct pb_pool *pool, const char *state,
			   unsigned int order)
{
	struct cost cost = cost_of(test, pool, order);

	kunit_info(test, "%s, order %u: %lu words at most\n", state, order, cost.most);
	KUNIT_EXPECT_LE(test, cost.most, 300UL);
}

static void expect_range_fails(struct kunit *test, struct pb_pool *pool, unsigned long pageblocks)
{
	struct pb_request rq = pt_rq(0, PB_MOVABLE, 0);
	unsigned long words = visits();

	section_visits();
	KUNIT_EXPECT_EQ(test, pb_alloc_contig(pool, &rq, pageblocks << PB_PAGEBLOCK_ORDER, NULL),
			PB_NO_PFN);
	words = visits() - words;
	kunit_info(test, "%lu pageblocks fail after %lu words\n", pageblocks, words);
	KUNIT_EXPECT_LE(test, words, MOST_FAILING);
	expect_section(test, "range", 0);
}

static void fill_pageblocks(struct kunit *test, struct pb_pool *pool)
{
	struct pb_request rq = pt_rq(PB_PAGEBLOCK_ORDER, PB_MOVABLE, 0);
	unsigned long i;

	for (i = 0; i < SCALE_PAGEBLOCKS; i++)
		KUNIT_ASSERT_NE(test, pb_alloc(pool, &rq, NULL), PB_NO_PFN);
}

static void nothing_free(struct kunit *test, struct pb_pool *pool)
{
	static const unsigned int orders[] = { 0, 3, 6, 9, 10, 18 };
	unsigned int i;

	fill_pageblocks(test, pool);
	for (i = 0; i < ARRAY_SIZE(orders); i++)
		expect_failure(test, pool, "nothing free", orders[i], 0);
}

static void every_other_pageblock(struct kunit *test, struct pb_pool *pool)
{
	static const unsigned long ranges[] = { 2, 3, 100 };
	unsigned long i;

	for (i = 0; i < SCALE_PAGEBLOCKS; i += 2)
		pb_free(pool, PT_PAGEBLOCK(512 + i), PB_PAGEBLOCK_ORDER);
	pb_pcp_drain_local(pool);
	expect_success(test, pool, "every other pageblock", 0);
	expect_success(test, pool, "every other pageblock", 9);
	for (i = 10; i <= PB_MAX_ORDER; i += 4)
		expect_failure(test, pool, "every other pageblock", i, 0);
	for (i = 0; i < ARRAY_SIZE(ranges); i++)
		expect_range_fails(test, pool, ranges[i]);
}

static void refuse_to_move(struct pb_pool *pool, struct pb_migration *m)
{
	m->failed = m->src_heads;
}

/* A word of each pageblock is free, and the rest cannot move. */
static void a_word_of_each_pageblock(struct kunit *test, struct pb_pool *pool)
{
	const pb_alloc_flags_t huge = PB_ALLOC_WAIT | PB_ALLOC_NORETRY;
	struct pb_request rq = pt_rq(PB_PAGEBLOCK_ORDER, PB_MOVABLE, 0);
	unsigned long i, pfn;

	for (i = 0; i < SCALE_PAGEBLOCKS; i += 2)
		KUNIT_ASSERT_NE(test, pb_alloc(pool, &rq, NULL), PB_NO_PFN);
	for (i = 0; i < SCALE_PAGEBLOCKS; i++) {
		pfn = PT_PAGEBLOCK(512 + i);
		pb_split(pool, pfn, PB_PAGEBLOCK_ORDER);
		pb_free_contig(pool, pfn, PB_WORD_NR);
	}
	pb_pcp_drain_local(pool);
	expect_success(test, pool, "a word of each pageblock", 0);
	expect_success(test, pool, "a word of each pageblock", 3);
	expect_failure(test, pool, "a word of each pageblock", 9, 0);
	expect_failure(test, pool, "a word of each pageblock", 10, 0);
	expect_failure(test, pool, "a word of each pageblock", 18, 0);
	pool->ops.compact = pb_compact_pages;
	pool->ops.migrate = refuse_to_move;
	expect_failure(test, pool, "a word of each pageblock, compacted", 9, huge);
	/* The skip hints of these runs do not add up. */
	rq.flags |= huge;
	for (i = 0; i < 100; i++)
		KUNIT_ASSERT_EQ(test, pb_alloc(pool, &rq, NULL), PB_NO_PFN);
	expect_failure(test, pool, "a word of each pageblock, compacted again", 9, huge);
}

static void test_failing_requests(struct kunit *test)
{
	struct pb_pool *pool;

	if (!enough_memory())
		kunit_skip(test, "needs 3 GiB of memory");
	pool = large_pool(test);
	nothing_free(test, pool);
	every_other_pageblock(test, pool);
	a_word_of_each_pageblock(test, pool);
	pb_pool_destroy(pool);
}

/* The floor of a request while the highatomic reserve is full and free. */
static void floor_of_a_full_reserve(struct kunit *test, struct pb_pool *pool)
{
	struct pb_zone *zone = pool->zone[0][PB_ZONE_NORMAL];
	struct pb_request rq = pt_rq(PB_PAGEBLOCK_ORDER, PB_MOVABLE, 0);
	unsigned long nr = 0, reserved, pfn, words;

	do {
		reserved = atomic_long_read(&zone->nr_reserved_highatomic);
		pfn = pb_alloc(pool, &rq, NULL);
		KUNIT_ASSERT_NE(test, pfn, PB_NO_PFN);
		preempt_disable();
		pb_highatomic_reserve(zone, pfn, PB_PAGEBLOCK_ORDER);
		preempt_enable();
		pb_free(pool, pfn, PB_PAGEBLOCK_ORDER);
		nr++;
	} while (atomic_long_read(&zone->nr_reserved_highatomic) != reserved);
	words = visits();
	KUNIT_EXPECT_EQ(test, pb_zone_floor(zone, 1, PB_ZONE_NORMAL, PB_ALLOC_WMARK_MIN),
			(long)reserved);
	words = visits() - words;
	kunit_info(test, "floor over a reserve of %lu pageblocks: %lu words\n", nr - 1, words);
	KUNIT_EXPECT_LE(test, words, 10UL);
}

/* A reserve without free pages is searched with preemption on. */
static void unreserve_nothing_free(struct kunit *test, struct pb_pool *pool)
{
	struct pb_zone *zone = pool->zone[0][PB_ZONE_NORMAL];
	struct pb_request rq = pt_rq(PB_PAGEBLOCK_ORDER, PB_MOVABLE, 0);
	unsigned long pfn = pb_alloc(pool, &rq, NULL);

	KUNIT_ASSERT_NE(test, pfn, PB_NO_PFN);
	preempt_disable();
	pb_highatomic_reserve(zone, pfn, PB_PAGEBLOCK_ORDER);
	preempt_enable();
	section_visits();
	KUNIT_EXPECT_FALSE(test, pb_highatomic_unreserve_zone(zone, PB_MOVABLE, true));
	expect_section(test, "unreserve", 0);
	pb_free(pool, pfn, PB_PAGEBLOCK_ORDER);
	pb_pcp_drain_local(pool);
	KUNIT_EXPECT_TRUE(test, pb_highatomic_unreserve_zone(zone, PB_MOVABLE, true));
}

/* Large blocks are freed in parts. */
static void free_large_blocks(struct kunit *test, struct pb_pool *pool)
{
	struct pb_request rq;
	unsigned long pfn;
	unsigned int order;

	for (order = PB_PAGEBLOCK_ORDER; order <= PB_MAX_ORDER; order++) {
		rq = pt_rq(order, PB_MOVABLE, 0);
		pfn = pb_alloc(pool, &rq, NULL);
		KUNIT_ASSERT_NE(test, pfn, PB_NO_PFN);
		section_visits();
		KUNIT_EXPECT_EQ(test, pb_free(pool, pfn, order), PB_BAD_NONE);
		KUNIT_EXPECT_LE(test, section_visits(), 200UL);
	}
	pb_pcp_drain_local(pool);
	KUNIT_EXPECT_EQ(test, pb_zone_free_pages(pool->zone[0][PB_ZONE_NORMAL]),
			(long)SCALE_PAGES);
}

static void test_sections_of_an_empty_zone(struct kunit *test)
{
	struct pb_pool *pool = large_pool(test);

	free_large_blocks(test, pool);
	unreserve_nothing_free(test, pool);
	floor_of_a_full_reserve(test, pool);
	pb_pool_destroy(pool);
}

static struct kunit_case scale_cases[] = {
	KUNIT_CASE_SLOW(test_cost_of_a_large_zone),
	KUNIT_CASE_SLOW(test_failing_requests),
	KUNIT_CASE_SLOW(test_sections_of_an_empty_zone),
	{}
};

static struct kunit_suite scale_suite = {
	.name = "pbuddy_scale",
	.init = pt_init,
	.exit = pt_exit,
	.test_cases = scale_cases,
};

kunit_test_suite(scale_suite);
