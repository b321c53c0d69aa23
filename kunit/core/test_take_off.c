// SPDX-License-Identifier: GPL-2.0-only
/*
 * take_off.c: single frames taken out of use by their number. The cases take frames in each state,
 * and expect that nothing but a free frame changes, and that the frame is not allocated any more.
 */
#include "core/alloc/take_off.h"
#include "core/base/pfn.h"
#include "core/cache/drain.h"
#include "core/compact/isolate.h"
#include "core/zone/zone.h"
#include "fixture.h"

static void test_never_allocated(struct kunit *test)
{
	struct pt_fixture *f = pt_pool(test, &pt_small);
	unsigned long first = f->layout->ranges[0].start_pfn, bad = first + 1000, *pfns, nr, i;

	KUNIT_ASSERT_TRUE(test, pb_take_page_off(&f->pool, bad));
	KUNIT_EXPECT_EQ(test, pb_page_order(&f->pool, bad), 0);
	KUNIT_EXPECT_EQ(test, pb_zone_free_pages(pt_zone(f, 0, PB_ZONE_NORMAL)),
			(long)f->pages - 1);
	KUNIT_EXPECT_FALSE(test, pb_take_page_off(&f->pool, bad));
	pt_expect_allocated(test, f, 1);
	nr = pt_fill(test, f, 0, PB_MOVABLE, &pfns);
	KUNIT_EXPECT_EQ(test, nr, f->pages - 1);
	for (i = 0; i < nr; i++)
		KUNIT_EXPECT_NE(test, pfns[i], bad);
	for (i = 0; i < nr; i++)
		pt_free(test, f, pfns[i], 0);
	pt_free(test, f, bad, 0);
	pt_expect_all_free(test, f);
}

/* The seven other pageblocks are whole. */
static void test_splits_one_pageblock(struct kunit *test)
{
	struct pt_fixture *f = pt_pool(test, &pt_small);
	unsigned long *pfns;

	KUNIT_ASSERT_TRUE(test, pb_take_page_off(&f->pool, f->layout->ranges[0].start_pfn + 77));
	KUNIT_EXPECT_EQ(test, pt_fill(test, f, 9, PB_MOVABLE, &pfns), 7UL);
}

static void test_only_free_frames(struct kunit *test)
{
	struct pt_fixture *f = pt_pool(test, &pt_one_pageblock);
	unsigned long pfn = pt_alloc(f, 3);

	KUNIT_ASSERT_NE(test, pfn, PB_NO_PFN);
	KUNIT_EXPECT_FALSE(test, pb_take_page_off(&f->pool, pfn));
	KUNIT_EXPECT_FALSE(test, pb_take_page_off(&f->pool, pfn + 5));
	KUNIT_EXPECT_FALSE(test, pb_take_page_off(&f->pool, ~0UL));
	pt_free(test, f, pfn, 3);
	/* In this CPU's cache. */
	KUNIT_EXPECT_FALSE(test, pb_take_page_off(&f->pool, pfn));
	pt_expect_all_free(test, f);
	KUNIT_EXPECT_TRUE(test, pb_take_page_off(&f->pool, pfn));
	pt_expect_allocated(test, f, 1);
}

static void zero(struct pb_pool *pool, unsigned long pfn, unsigned long nr_pages)
{
}

static void test_zeroed_bit(struct kunit *test)
{
	struct pt_fixture *f = pt_pool(test, &pt_small);
	struct pb_zone *zone = pt_zone(f, 0, PB_ZONE_NORMAL);
	unsigned long first = f->layout->ranges[0].start_pfn, i;

	f->pool.prezero_percent = 100;
	f->pool.ops.zero = zero;
	KUNIT_ASSERT_EQ(test, pt_prezero(zone, 8), 8UL);
	for (i = 0; i < 8; i++)
		KUNIT_EXPECT_TRUE(test, pb_take_page_off(&f->pool, first + PT_PAGEBLOCK(i) + i));
	pt_expect_allocated(test, f, 8);
}

/* From a contiguous area, and from an isolated pageblock of one. */
static void test_contiguous_area(struct kunit *test)
{
	struct pt_fixture *f = pt_pool(test, &pt_cma);
	struct pb_zone *zone = pt_zone(f, 0, PB_ZONE_NORMAL);
	const struct pb_range *cma = f->layout->ranges;
	struct pb_area area = { .nr = 1, .frames = PB_PAGEBLOCK_NR };

	while (!cma->cma)
		cma++;
	area.first = pb_pageblock_index(zone, cma->start_pfn);
	KUNIT_EXPECT_TRUE(test, pb_take_page_off(&f->pool, cma->start_pfn + 1));
	pt_verify(test, f, NULL);
	KUNIT_ASSERT_TRUE(test, pb_area_isolate(zone, &area));
	KUNIT_EXPECT_TRUE(test, pb_take_page_off(&f->pool, cma->start_pfn + 2));
	pt_verify(test, f, NULL);
	pb_area_unisolate(zone, &area);
	KUNIT_EXPECT_EQ(test, atomic_long_read(&zone->nr_free_cma), (long)cma->nr_pages - 2);
	pt_expect_allocated(test, f, 2);
}

static struct kunit_case take_off_cases[] = {
	KUNIT_CASE(test_never_allocated),
	KUNIT_CASE(test_splits_one_pageblock),
	KUNIT_CASE(test_only_free_frames),
	KUNIT_CASE(test_zeroed_bit),
	KUNIT_CASE(test_contiguous_area),
	{}
};

static struct kunit_suite take_off_suite = {
	.name = "pbuddy_take_off",
	.init = pt_init,
	.exit = pt_exit,
	.test_cases = take_off_cases,
};

kunit_test_suite(take_off_suite);
