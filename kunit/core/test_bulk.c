// SPDX-License-Identifier: GPL-2.0-only
/*
 * bulk.c: allocating and freeing many frames in one call. A word of 64 free frames is allocated
 * as a whole and frames of one word are freed together; the cases check these paths with sizes
 * around a word, with frames that are in use or zeroed, and with misuse in the middle of an
 * array.
 */
#include "core/alloc/bulk.h"
#include "core/base/pfn.h"
#include "core/cache/pcp.h"
#include "core/cache/zeroed.h"
#include "core/index/pageblock.h"
#include "fixture.h"

#define WORD	64U

/* Frames in the lists of all CPUs, since the case may migrate to another CPU. */
static void cached(struct pt_fixture *f, unsigned int *lifo, unsigned int *mask)
{
	struct pb_zone *zone = pt_zone(f, 0, PB_ZONE_NORMAL);
	struct pb_pcp_list *list;
	int cpu;

	*lifo = 0;
	*mask = 0;
	pb_for_each_cpu(cpu) {
		list = pb_pcp_list(pb_per_cpu_ptr(zone->pcp, cpu), 0, PB_MOVABLE);
		*lifo += list->n;
		*mask += hweight64(list->mask);
	}
}

static unsigned long bulk(struct kunit *test, struct pt_fixture *f, unsigned long nr,
			  unsigned long *pfns)
{
	struct pb_request rq = pt_rq(0, PB_MOVABLE, 0);
	unsigned long got = pb_alloc_bulk(&f->pool, &rq, nr, pfns, NULL), i;

	for (i = 0; i < got; i++) {
		KUNIT_ASSERT_TRUE(test, pt_own(test, f, pfns[i], 1));
		KUNIT_EXPECT_EQ(test, pb_page_order(&f->pool, pfns[i]), 0);
	}
	return got;
}

/*
 * However a number is split over calls, each frame is allocated once and with its order
 * recorded.
 */
static void test_sizes(struct kunit *test)
{
	static const unsigned int sizes[] = { 1, 63, 64, 65, 127, 128, 200, 3, 512, 700 };
	struct pt_fixture *f = pt_pool(test, &pt_small);
	unsigned long *pfns, n = 0;
	unsigned int i;

	pfns = kunit_kcalloc(test, f->pages, sizeof(*pfns), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, pfns);
	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		KUNIT_ASSERT_EQ(test, bulk(test, f, sizes[i], pfns + n), (unsigned long)sizes[i]);
		n += sizes[i];
	}
	pt_expect_allocated(test, f, n);
	KUNIT_EXPECT_EQ(test, pb_zone_event(pt_zone(f, 0, PB_ZONE_NORMAL), PB_PGALLOC), n);
	for (i = 0; i < n; i++)
		pt_disown(f, pfns[i], 1);
	pb_free_bulk(&f->pool, n, pfns);
	pt_expect_all_free(test, f);
}

/* A word with a frame that is in use is not allocated as a whole. */
static void test_in_use_within_a_word(struct kunit *test)
{
	struct pt_fixture *f = pt_pool(test, &pt_one_pageblock);
	unsigned long pfns[WORD], used = f->layout->ranges[0].start_pfn + 17, i;

	*pb_order_map(&f->pool, used) = 1;	/* in use, although its free bit is set */
	KUNIT_ASSERT_EQ(test, bulk(test, f, WORD, pfns), (unsigned long)WORD);
	for (i = 0; i < WORD; i++)
		KUNIT_EXPECT_NE(test, pfns[i], used);
	pt_expect_bad(test, f, PB_BAD_IN_USE, used);
	f->broken = true;	/* this frame has no owner */
}

/* The zeroed bit of a word is cleared when its frames are allocated. */
static void test_zeroed_word(struct kunit *test)
{
	struct pt_fixture *f = pt_pool(test, &pt_one_pageblock);
	struct pb_zone *zone = pt_zone(f, 0, PB_ZONE_NORMAL);
	unsigned long pfns[WORD], i;

	pb_zeroed_set(zone, f->layout->ranges[0].start_pfn, PB_PAGEBLOCK_NR);
	KUNIT_ASSERT_EQ(test, bulk(test, f, WORD, pfns), (unsigned long)WORD);
	i = pb_pageblock_index(zone, pfns[0]);
	KUNIT_EXPECT_EQ(test, hweight_long(pb_zeroed_words(zone, i)), PB_WORDS - 1);
	pt_verify(test, f, NULL);
	for (i = 0; i < WORD; i++)
		pt_free(test, f, pfns[i], 0);
}

/* A refill for plain blocks does not count the zeroed ones that the list has already. */
static void test_beside_zeroed(struct kunit *test)
{
	struct pt_fixture *f = pt_pool(test, &pt_one_pageblock);
	struct pb_zone *zone = pt_zone(f, 0, PB_ZONE_NORMAL);
	struct pb_request rq = pt_rq(0, PB_MOVABLE, 0);
	unsigned long first, pfns[8], got;
	bool zeroed = false, any = false;

	pb_zeroed_set(zone, f->layout->ranges[0].start_pfn, WORD);
	rq.zeroed = &zeroed;
	preempt_disable();
	first = pb_alloc(&f->pool, &rq, NULL);
	rq.zeroed = &any;
	got = pb_alloc_bulk(&f->pool, &rq, 8, pfns, NULL);
	preempt_enable();
	KUNIT_EXPECT_NE(test, first, PB_NO_PFN);
	KUNIT_EXPECT_TRUE(test, zeroed);
	KUNIT_EXPECT_EQ(test, got, 8UL);
	pt_verify(test, f, NULL);
	pt_expect_allocated(test, f, 9);
}

/*
 * Frames that are freed in order collect in the list's mask until their word is complete; frames
 * of different words go to the LIFO.
 */
static void test_batches(struct kunit *test)
{
	struct pt_fixture *f = pt_pool(test, &pt_one_pageblock);
	struct pb_zone *zone = pt_zone(f, 0, PB_ZONE_NORMAL);
	unsigned long pfns[2 * WORD], few[3], i;
	unsigned int lifo, mask;

	KUNIT_ASSERT_EQ(test, bulk(test, f, 2 * WORD, pfns), 2UL * WORD);
	for (i = 0; i < 2 * WORD; i++)
		pt_disown(f, pfns[i], 1);
	for (i = 0; i < 3; i++)
		few[i] = pfns[i * 40];		/* of different words */
	pb_free_bulk(&f->pool, 3, few);
	cached(f, &lifo, &mask);
	KUNIT_EXPECT_EQ(test, lifo, 3U);

	pb_free_bulk(&f->pool, 39, pfns + 1);	/* the rest of the first 40 */
	cached(f, &lifo, &mask);
	KUNIT_EXPECT_EQ(test, lifo, 3U);
	KUNIT_EXPECT_EQ(test, mask, 39U);
	pb_free_bulk(&f->pool, 39, pfns + 41);
	pb_free_bulk(&f->pool, 47, pfns + 81);
	pt_expect_all_free(test, f);
	KUNIT_EXPECT_EQ(test, pb_zone_event(zone, PB_PGFREE), 2UL * WORD);
}

/* A frame whose free is refused is reported; the other frames of the array are freed. */
static void test_misuse_among_others(struct kunit *test)
{
	struct pt_fixture *f = pt_pool(test, &pt_small);
	unsigned long pfns[WORD + 1], twice, foreign = 1, i;

	KUNIT_ASSERT_EQ(test, bulk(test, f, WORD, pfns), (unsigned long)WORD);
	for (i = 0; i < WORD; i++)
		pt_disown(f, pfns[i], 1);
	twice = pfns[20];
	pfns[WORD] = pfns[40];
	pfns[40] = twice;
	pb_free_bulk(&f->pool, WORD + 1, pfns);
	pt_expect_bad(test, f, PB_BAD_DOUBLE, twice);
	pb_free_bulk(&f->pool, 1, &foreign);
	pt_expect_bad(test, f, PB_BAD_FOREIGN, foreign);
	pt_expect_all_free(test, f);
}

/* Cached frames are not for a request that the watermark refuses. */
static void test_watermark(struct kunit *test)
{
	struct pt_fixture *f = pt_pool(test, &pt_small);
	struct pb_zone *zone = pt_zone(f, 0, PB_ZONE_NORMAL);
	unsigned int lifo, mask;
	unsigned long pfns[8];

	pt_free(test, f, pt_alloc(f, 0), 0);
	cached(f, &lifo, &mask);
	KUNIT_ASSERT_GT(test, lifo + mask, 8U);
	pt_set_watermark(zone, PB_WMARK_MIN, f->pages);
	KUNIT_EXPECT_EQ(test, bulk(test, f, 8, pfns), 0UL);
}

/* Cached frames of the preferred node are not for a request that may not use it. */
static void test_nodemask(struct kunit *test)
{
	struct pt_fixture *f = pt_pool(test, &pt_four_nodes);
	struct pb_request rq = pt_rq(0, PB_MOVABLE, 0);
	unsigned long pfns[8], mask = BIT(1), i;

	pt_free(test, f, pt_alloc(f, 0), 0);
	rq.nodemask = &mask;
	KUNIT_ASSERT_EQ(test, pb_alloc_bulk(&f->pool, &rq, 8, pfns, NULL), 8UL);
	for (i = 0; i < 8; i++)
		KUNIT_EXPECT_EQ(test, pb_pfn_zone(&f->pool, pfns[i])->nid, 1);
}

static struct kunit_case bulk_cases[] = {
	KUNIT_CASE(test_sizes),
	KUNIT_CASE(test_in_use_within_a_word),
	KUNIT_CASE(test_zeroed_word),
	KUNIT_CASE(test_beside_zeroed),
	KUNIT_CASE(test_batches),
	KUNIT_CASE(test_misuse_among_others),
	KUNIT_CASE(test_watermark),
	KUNIT_CASE(test_nodemask),
	{}
};

static struct kunit_suite bulk_suite = {
	.name = "pbuddy_bulk",
	.init = pt_init,
	.exit = pt_exit,
	.test_cases = bulk_cases,
};

kunit_test_suite(bulk_suite);
