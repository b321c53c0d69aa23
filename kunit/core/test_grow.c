// SPDX-License-Identifier: GPL-2.0-only
/*
 * grow.c: adding memory to a pool in use, and requests for which the slow path does so
 * (ops->grow). A layout with spans larger than its ranges leaves room to grow; the cases count
 * pageblocks that can be allocated before and after.
 */
#include "core/base/pfn.h"
#include "core/pool/grow.h"
#include "core/zone/zone.h"
#include "faults.h"
#include "fixture.h"
#include "threads.h"

/*
 * A span that ends in the next directory section and is partly present, with a MOVABLE range
 * inside.
 */
static const struct pb_range ranges[] = {
	PT_RANGE(2050, 2, 0, NORMAL),
	PT_RANGE(2060, 1, 0, MOVABLE),
};

static const struct pb_range spans[] = {
	PT_RANGE(2048, 576, 0, NORMAL),
	PT_RANGE(512, 8, 0, DMA32),		/* a zone without a present pageblock */
};

static const struct pt_layout layout = {
	.name = "grows", .ranges = ranges, .nr_ranges = ARRAY_SIZE(ranges),
	.spans = spans, .nr_spans = ARRAY_SIZE(spans), .nr_nodes = 1,
};

/* The number of free pageblocks: allocates all of them and frees them again. */
static unsigned long pageblocks(struct kunit *test, struct pt_fixture *f)
{
	unsigned long *pfns, nr = pt_fill(test, f, PB_PAGEBLOCK_ORDER, PB_MOVABLE, &pfns), i;

	for (i = 0; i < nr; i++)
		pt_free(test, f, pfns[i], PB_PAGEBLOCK_ORDER);
	return nr;
}

/* A hole becomes memory that the zone counts and that can be allocated. */
static void test_grows(struct kunit *test)
{
	struct pt_fixture *f = pt_pool(test, &layout);
	struct pb_zone *zone = pt_zone(f, 0, PB_ZONE_NORMAL);

	KUNIT_EXPECT_NULL(test, pt_zone(f, 0, PB_ZONE_DMA32));
	KUNIT_EXPECT_EQ(test, pageblocks(test, f), 3UL);
	KUNIT_EXPECT_NULL(test, pb_pfn_zone(&f->pool, PT_PAGEBLOCK(2100)));
	KUNIT_EXPECT_EQ(test, pb_free(&f->pool, PT_PAGEBLOCK(2100), 0), PB_BAD_FOREIGN);
	pt_expect_bad(test, f, PB_BAD_FOREIGN, PT_PAGEBLOCK(2100));
	KUNIT_ASSERT_EQ(test, pt_grow(f, 2100, 3), 0);
	KUNIT_EXPECT_PTR_EQ(test, pb_pfn_zone(&f->pool, PT_PAGEBLOCK(2100)), zone);
	KUNIT_EXPECT_NULL(test, pb_pfn_zone(&f->pool, PT_PAGEBLOCK(2103)));
	KUNIT_EXPECT_EQ(test, zone->present_pages, PT_PAGEBLOCK(5));
	KUNIT_EXPECT_EQ(test, pageblocks(test, f), 6UL);
	pt_expect_all_free(test, f);
	/* At the end of the span, and on both sides of a directory section's end. */
	KUNIT_ASSERT_EQ(test, pt_grow(f, 2623, 1), 0);
	KUNIT_ASSERT_EQ(test, pt_grow(f, 2559, 2), 0);
	KUNIT_EXPECT_EQ(test, pageblocks(test, f), 9UL);
	pt_expect_all_free(test, f);
}

/* New pageblocks and free ones next to them form one block of a higher order. */
static void test_merges(struct kunit *test)
{
	struct pt_fixture *f = pt_pool(test, &layout);
	unsigned long pfn;

	KUNIT_EXPECT_EQ(test, pt_alloc(f, PB_PAGEBLOCK_ORDER + 2), PB_NO_PFN);
	KUNIT_ASSERT_EQ(test, pt_grow(f, 2048, 2), 0);
	pfn = pt_alloc(f, PB_PAGEBLOCK_ORDER + 2);
	KUNIT_ASSERT_EQ(test, pfn, PT_PAGEBLOCK(2048));
	pt_free(test, f, pfn, PB_PAGEBLOCK_ORDER + 2);
	pt_expect_all_free(test, f);
}

/* Two nodes, each with one zone, that may get memory at the same addresses later. */
static const struct pb_range two_ranges[] = {
	PT_RANGE(0, 2, 0, DMA32),
	PT_RANGE(8, 2, 1, DMA32),
};

static const struct pb_range two_spans[] = {
	{ PT_PAGEBLOCK(2048), PT_PAGEBLOCK(576), 0, PB_ZONE_NORMAL, .creates_zone = true },
	{ PT_PAGEBLOCK(2048), PT_PAGEBLOCK(576), 1, PB_ZONE_NORMAL, .creates_zone = true },
};

static const struct pt_layout later = {
	.name = "later", .ranges = two_ranges, .nr_ranges = ARRAY_SIZE(two_ranges),
	.spans = two_spans, .nr_spans = ARRAY_SIZE(two_spans), .nr_nodes = 2,
};

static int grow_node(struct pt_fixture *f, int nid, unsigned long block, unsigned long nr)
{
	const struct pb_range range = PT_RANGE(block, nr, nid, NORMAL);
	int err = pb_pool_grow(&f->pool, &range);

	if (!err)
		f->pages += range.nr_pages;
	return err;
}

/*
 * Memory that is added to either node becomes the first of its zone. A zone without memory is not
 * the first zone of requests.
 */
static void test_first_memory(struct kunit *test)
{
	struct pt_fixture *f = pt_pool(test, &later);
	int nid;

	for (nid = 0; nid < 2; nid++) {
		struct pb_zone *zone = pt_zone(f, nid, PB_ZONE_NORMAL);

		KUNIT_ASSERT_NOT_NULL(test, zone);
		KUNIT_EXPECT_EQ(test, zone->present_pages, 0UL);
		KUNIT_EXPECT_PTR_EQ(test, f->pool.preferred[nid][PB_ZONE_NORMAL],
				    pt_zone(f, nid, PB_ZONE_DMA32));
	}
	KUNIT_EXPECT_FALSE(test, pb_pool_set_preferred(&f->pool));
	KUNIT_ASSERT_EQ(test, grow_node(f, 0, 2048, 2), 0);
	KUNIT_ASSERT_EQ(test, grow_node(f, 1, 2050, 2), 0);
	KUNIT_ASSERT_EQ(test, grow_node(f, 0, 2052, 1), 0);
	/* Each of them has an owner now. */
	KUNIT_EXPECT_EQ(test, grow_node(f, 0, 2050, 1), -EINVAL);
	KUNIT_EXPECT_EQ(test, grow_node(f, 1, 2052, 1), -EINVAL);
	KUNIT_EXPECT_TRUE(test, pb_pool_set_preferred(&f->pool));
	for (nid = 0; nid < 2; nid++) {
		struct pb_zone *zone = pt_zone(f, nid, PB_ZONE_NORMAL);

		KUNIT_EXPECT_EQ(test, zone->present_pages, PT_PAGEBLOCK(nid ? 2UL : 3UL));
		KUNIT_EXPECT_PTR_EQ(test, f->pool.preferred[nid][PB_ZONE_NORMAL], zone);
		KUNIT_EXPECT_PTR_EQ(test, f->pool.preferred[nid][PB_ZONE_DMA32],
				    pt_zone(f, nid, PB_ZONE_DMA32));
	}
	KUNIT_EXPECT_PTR_EQ(test, pb_pfn_zone(&f->pool, PT_PAGEBLOCK(2051)),
			    pt_zone(f, 1, PB_ZONE_NORMAL));
	KUNIT_EXPECT_EQ(test, pageblocks(test, f), 9UL);
	pt_expect_all_free(test, f);
}

struct wrong {
	const char	*name;
	struct pb_range	range;
	int		err;
};

static const struct wrong wrongs[] = {
	{ "before the span", PT_RANGE(2047, 2, 0, NORMAL), -EINVAL },
	{ "behind the span", PT_RANGE(2623, 2, 0, NORMAL), -EINVAL },
	{ "behind the directory", PT_RANGE(1 << 20, 1, 0, NORMAL), -EINVAL },
	{ "another zone within", PT_RANGE(2059, 2, 0, NORMAL), -EINVAL },
	{ "a zone without a span", PT_RANGE(2061, 1, 0, MOVABLE), -EINVAL },
	{ "no such zone", PT_RANGE(512, 1, 0, DMA32), -EINVAL },
	{ "no such node", PT_RANGE(2100, 1, 1, NORMAL), -EINVAL },
	{ "empty", PT_RANGE(2100, 0, 0, NORMAL), -EINVAL },
	{ "not whole pageblocks", { PT_PAGEBLOCK(2100), 511, 0, PB_ZONE_NORMAL }, -EINVAL },
	{ "a contiguous area", { PT_PAGEBLOCK(2100), 512, 0, PB_ZONE_NORMAL, true }, -EINVAL },
	{ "there already", PT_RANGE(2051, 1, 0, NORMAL), -EEXIST },
	{ "partly there", PT_RANGE(2051, 2, 0, NORMAL), -EEXIST },
};

static void describe_wrong(const struct wrong *wrong, char *desc)
{
	snprintf(desc, KUNIT_PARAM_DESC_SIZE, "%s", wrong->name);
}

KUNIT_ARRAY_PARAM(wrongs, wrongs, describe_wrong);

/* A wrong range is refused, and changes nothing. */
static void test_refused(struct kunit *test)
{
	const struct wrong *wrong = test->param_value;
	struct pt_fixture *f = pt_pool(test, &layout);

	KUNIT_EXPECT_EQ(test, pb_pool_grow(&f->pool, &wrong->range), wrong->err);
	KUNIT_EXPECT_EQ(test, pageblocks(test, f), 3UL);
	pt_expect_all_free(test, f);
}

/*
 * Each memory allocation fails in turn: the pool has not grown then, or has grown without that
 * memory.
 */
static void test_no_memory(struct kunit *test)
{
	struct pt_fixture *f = pt_pool(test, &layout);
	unsigned long block = 2100, blocks = 3;
	int nth, err = -ENOMEM, failed = 0;
	bool left = false;

	if (!pt_can_fail())
		kunit_skip(test, "needs CONFIG_FAULT_INJECTION");
	for (nth = 1; !left && nth < 100; nth++) {
		pt_fail_nth(nth);
		err = pt_grow(f, block, 3);
		left = pt_fail_left();
		if (err) {
			KUNIT_ASSERT_EQ(test, err, -ENOMEM);
			failed++;
		} else {
			block += 3;
			blocks += 3;
		}
		KUNIT_EXPECT_EQ(test, pageblocks(test, f), blocks);
	}
	KUNIT_EXPECT_EQ(test, err, 0);
	KUNIT_EXPECT_GE(test, failed, 2);
	pt_expect_all_free(test, f);
}

/* The watermarks follow the new size when they are set up again. */
static void test_watermarks(struct kunit *test)
{
	struct pt_fixture *f = pt_pool(test, &layout);
	struct pb_zone *zone = pt_zone(f, 0, PB_ZONE_NORMAL);
	unsigned long low;

	f->pool.wmark.min_free_pages = 64;
	f->pool.wmark.watermark_scale_factor = 1000;
	pb_setup_per_zone_wmarks(&f->pool);
	low = zone->watermark[PB_WMARK_LOW];
	KUNIT_ASSERT_EQ(test, pt_grow(f, 2100, 6), 0);
	KUNIT_EXPECT_EQ(test, zone->watermark[PB_WMARK_LOW], low);
	pb_setup_per_zone_wmarks(&f->pool);
	KUNIT_EXPECT_GT(test, zone->watermark[PB_WMARK_LOW], 2 * low);
}

/* ---- Requests that make the pool grow ---- */

static unsigned long next_pageblock, last_pageblock;	/* pageblocks to grow by */
static unsigned int grown, reclaimed;		/* numbers of calls */

static unsigned long give_more(struct pb_pool *pool, const struct pb_request *rq,
			       unsigned long nr_pages)
{
	struct pb_zone *zone = pool->zone[0][PB_ZONE_NORMAL];
	unsigned long nr = DIV_ROUND_UP(nr_pages, PB_PAGEBLOCK_NR);

	grown++;
	if (next_pageblock + nr > last_pageblock || pt_grow(pt_fixture(pool), next_pageblock, nr))
		return 0;
	next_pageblock += nr;
	WRITE_ONCE(zone->growable, PT_PAGEBLOCK(last_pageblock - next_pageblock));
	return PT_PAGEBLOCK(nr);
}

static unsigned long give_nothing(struct pb_pool *pool, const struct pb_request *rq, int priority,
				  unsigned long nr_pages)
{
	reclaimed++;
	return 0;
}

static struct pt_fixture *growing_pool(struct kunit *test, unsigned long nr)
{
	struct pt_fixture *f = pt_pool(test, &layout);

	next_pageblock = 2112;
	last_pageblock = next_pageblock + nr;
	grown = 0;
	reclaimed = 0;
	pt_zone(f, 0, PB_ZONE_NORMAL)->growable = PT_PAGEBLOCK(nr);
	f->pool.ops.grow = give_more;
	f->pool.ops.reclaim = give_nothing;
	return f;
}

/* A request that may wait makes the pool grow before it reclaims. Other requests never do. */
static void test_before_reclaim(struct kunit *test)
{
	struct pt_fixture *f = growing_pool(test, 2);
	unsigned long pfns[5], i;

	for (i = 0; i < 3; i++) {
		pfns[i] = pt_alloc_wait(f, PB_PAGEBLOCK_ORDER);
		KUNIT_ASSERT_NE(test, pfns[i], PB_NO_PFN);
	}
	KUNIT_EXPECT_EQ(test, pt_alloc(f, 0), PB_NO_PFN);
	KUNIT_EXPECT_EQ(test, grown, 0U);
	for (; i < 5; i++) {
		pfns[i] = pt_alloc_wait(f, PB_PAGEBLOCK_ORDER);
		KUNIT_ASSERT_NE(test, pfns[i], PB_NO_PFN);
	}
	KUNIT_EXPECT_EQ(test, grown, 2U);
	KUNIT_EXPECT_EQ(test, reclaimed, 0U);
	/* No pageblocks left to grow by. */
	KUNIT_EXPECT_EQ(test, pt_alloc_wait(f, 0), PB_NO_PFN);
	KUNIT_EXPECT_GT(test, reclaimed, 0U);
	for (i = 0; i < 5; i++)
		pt_free(test, f, pfns[i], PB_PAGEBLOCK_ORDER);
	pt_expect_all_free(test, f);
}

/* A request larger than the present memory is possible if the zone can grow by that much. */
static void test_larger_than_the_pool(struct kunit *test)
{
	struct pt_fixture *f = growing_pool(test, 16);
	struct pb_request rq = pt_rq(PB_PAGEBLOCK_ORDER + 5, PB_UNMOVABLE, 0);
	enum pb_reason reason;
	unsigned long pfn;

	rq.flags |= PB_ALLOC_WAIT;
	KUNIT_EXPECT_EQ(test, pb_alloc(&f->pool, &rq, &reason), PB_NO_PFN);
	KUNIT_EXPECT_EQ(test, reason, PB_REASON_LIMIT);
	KUNIT_EXPECT_EQ(test, grown, 0U);
	pfn = pt_alloc_wait(f, PB_PAGEBLOCK_ORDER + 4);
	KUNIT_ASSERT_EQ(test, pfn, PT_PAGEBLOCK(2112));
	pt_free(test, f, pfn, PB_PAGEBLOCK_ORDER + 4);
	pt_expect_all_free(test, f);
}

/* Grows for a range that is not a power of two long. */
static void test_contig(struct kunit *test)
{
	struct pt_fixture *f = growing_pool(test, 16);
	struct pb_request rq = pt_rq(0, PB_MOVABLE, 0);
	unsigned long pfn;

	rq.flags |= PB_ALLOC_WAIT;
	pfn = pb_alloc_contig(&f->pool, &rq, PT_PAGEBLOCK(7), NULL);
	KUNIT_ASSERT_EQ(test, pfn, PT_PAGEBLOCK(2112));
	KUNIT_EXPECT_EQ(test, reclaimed, 0U);
	KUNIT_EXPECT_EQ(test, pb_free_contig(&f->pool, pfn, PT_PAGEBLOCK(7)), PB_BAD_NONE);
	pt_expect_all_free(test, f);
}

/**
 * struct busy - state of threads that use a pool while it grows
 * @f: the pool
 * @got: number of blocks allocated; far below 0 after a refused free or a failed growth
 */
struct busy {
	struct pt_fixture	*f;
	atomic_long_t		got;
};

#define AT_A_TIME	64

static void use_or_grow(void *arg, unsigned int n)
{
	struct busy *busy = arg;
	struct pt_fixture *f = busy->f;
	unsigned long pfns[AT_A_TIME];
	unsigned int i, round, nr;

	for (round = 0; round < 200; round++) {
		if (!n && pt_grow(f, 2112 + round, 1))
			atomic_long_set(&busy->got, -1000000);
		for (nr = 0; nr < AT_A_TIME; nr++) {
			pfns[nr] = pt_alloc_mt(f, (n + round + nr) % 10, PB_MOVABLE);
			if (pfns[nr] == PB_NO_PFN)
				break;
		}
		atomic_long_add(nr, &busy->got);
		for (i = 0; i < nr; i++)
			if (pb_free(&f->pool, pfns[i], (n + round + i) % 10))
				atomic_long_set(&busy->got, -1000000);
		pt_resched(&f->pool);
	}
}

/* Thread 0 grows the pool while all threads allocate and free. */
static void test_concurrent_grow(struct kunit *test)
{
	struct busy *busy = kunit_kzalloc(test, sizeof(*busy), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, busy);
	busy->f = pt_pool(test, &layout);
	KUNIT_ASSERT_EQ(test, pt_run_threads(pt_nr_cpus(), use_or_grow, busy), 0);
	KUNIT_EXPECT_GT(test, atomic_long_read(&busy->got), 0L);
	KUNIT_EXPECT_EQ(test, busy->f->pages, PT_PAGEBLOCK(203));
	pt_expect_all_free(test, busy->f);
}

static struct kunit_case grow_cases[] = {
	KUNIT_CASE(test_grows),
	KUNIT_CASE(test_merges),
	KUNIT_CASE(test_first_memory),
	KUNIT_CASE_PARAM(test_refused, wrongs_gen_params),
	KUNIT_CASE(test_no_memory),
	KUNIT_CASE(test_watermarks),
	KUNIT_CASE(test_before_reclaim),
	KUNIT_CASE(test_larger_than_the_pool),
	KUNIT_CASE(test_contig),
	KUNIT_CASE(test_concurrent_grow),
	{}
};

static struct kunit_suite grow_suite = {
	.name = "pbuddy_grow",
	.init = pt_init,
	.exit = pt_exit,
	.test_cases = grow_cases,
};

kunit_test_suite(grow_suite);
