// SPDX-License-Identifier: GPL-2.0-only
/*
 * isolate.c: isolated pageblocks, from which nothing is allocated while compaction or range
 * allocation empties them. Frees into an isolated pageblock must not be lost. The cases isolate
 * areas (runs of pageblocks), allocate and free around them, and check the counts of their
 * frames.
 */
#include "core/base/pfn.h"
#include "core/compact/isolate.h"
#include "core/compact/movable.h"
#include "core/index/free_area.h"
#include "core/index/pageblock.h"
#include "core/zone/zone.h"
#include "fixture.h"
#include "params.h"
#include "threads.h"

static struct pb_zone *zone_of(struct pt_fixture *f)
{
	return pt_zone(f, 0, PB_ZONE_NORMAL);
}

/* An area of @nr pageblocks from the layout's nth pageblock on. */
static struct pb_area area_at(struct pt_fixture *f, unsigned long nth, unsigned long nr)
{
	return (struct pb_area) {
		.first = pb_pageblock_index(zone_of(f), f->layout->ranges[0].start_pfn) + nth,
		.nr = nr,
		.frames = PB_PAGEBLOCK_NR,
	};
}

static enum pb_migratetype type_at(struct pt_fixture *f, const struct pb_area *area)
{
	return pb_entry_migratetype(pb_zone_dir_entry(zone_of(f), area->first)->value);
}

static void test_not_handed_out(struct kunit *test)
{
	struct pt_fixture *f = pt_pool(test, &pt_small);
	struct pb_area area = area_at(f, 2, 3);
	unsigned long first = pb_pageblock_pfn(zone_of(f), area.first), *pfns, nr, i;

	KUNIT_ASSERT_TRUE(test, pb_area_isolate(zone_of(f), &area));
	KUNIT_EXPECT_EQ(test, type_at(f, &area), PB_ISOLATE);
	nr = pt_fill(test, f, 0, PB_MOVABLE, &pfns);
	KUNIT_EXPECT_EQ(test, nr, 5 * PB_PAGEBLOCK_NR);
	for (i = 0; i < nr; i++)
		KUNIT_EXPECT_TRUE(test, pfns[i] < first || pfns[i] >= first + 3 * PB_PAGEBLOCK_NR);
	pt_verify(test, f, NULL);
	pb_area_unisolate(zone_of(f), &area);
	KUNIT_EXPECT_EQ(test, type_at(f, &area), PB_MOVABLE);
	KUNIT_EXPECT_EQ(test, pt_fill(test, f, 9, PB_MOVABLE, &pfns), 3UL);
}

/* Frees go to the pageblock's bitmap, not to the pcp lists, and count once isolation ends. */
static void test_free_into_it(struct kunit *test)
{
	struct pt_fixture *f = pt_pool(test, &pt_one_pageblock);
	struct pb_area area = area_at(f, 0, 1);
	struct pb_area_scan scan;
	unsigned long *pfns, nr, i;

	nr = pt_fill(test, f, 0, PB_MOVABLE, &pfns);
	KUNIT_ASSERT_EQ(test, nr, PB_PAGEBLOCK_NR);
	KUNIT_ASSERT_TRUE(test, pb_area_isolate(zone_of(f), &area));
	for (i = 0; i < 100; i++)
		pt_free(test, f, pfns[i], 0);
	KUNIT_ASSERT_TRUE(test, pb_area_scan(zone_of(f), &area, &scan));
	KUNIT_EXPECT_EQ(test, scan.free, 100UL);
	KUNIT_EXPECT_EQ(test, scan.pinned, PB_PAGEBLOCK_NR - 100);
	KUNIT_EXPECT_EQ(test, pt_alloc_wait(f, 0), PB_NO_PFN);
	pb_area_unisolate_as(zone_of(f), &area, PB_UNMOVABLE);
	KUNIT_EXPECT_EQ(test, type_at(f, &area), PB_UNMOVABLE);
	KUNIT_EXPECT_EQ(test, pt_fill(test, f, 0, PB_MOVABLE, &pfns), 100UL);
}

/*
 * Free frames of isolated pageblocks are not free for watermarks: requests do not pass the min
 * watermark on their account, so the reserve below it stays for those that may use it.
 */
static void test_isolated_is_not_free(struct kunit *test)
{
	struct pt_fixture *f = pt_pool(test, &pt_small);
	struct pb_request rq = pt_rq(0, PB_MOVABLE, 0);
	struct pb_zone *zone = zone_of(f);
	struct pb_area area = area_at(f, 0, 4);
	unsigned long nr = 0, atomic = 0;
	long left;

	pt_set_watermark(zone, PB_WMARK_MIN, 512);
	pt_set_watermark(zone, PB_WMARK_LOW, 640);
	KUNIT_ASSERT_TRUE(test, pb_area_isolate(zone, &area));
	KUNIT_EXPECT_EQ(test, pb_zone_free_pages(zone), (long)PT_PAGEBLOCK(4));
	KUNIT_EXPECT_EQ(test, pb_zone_isolated_pages(zone), (long)PT_PAGEBLOCK(4));
	rq.flags = PB_ALLOC_WMARK_LOW;
	while (pb_alloc(&f->pool, &rq, NULL) != PB_NO_PFN)
		nr++;
	/* The slow path goes down to min. */
	KUNIT_EXPECT_EQ(test, nr, PT_PAGEBLOCK(4) - 512);
	rq.flags = PB_ALLOC_WMARK_MIN | PB_ALLOC_MIN_RESERVE | PB_ALLOC_NON_BLOCK;
	while (pb_alloc(&f->pool, &rq, NULL) != PB_NO_PFN)
		atomic++;
	KUNIT_EXPECT_GE(test, atomic, 256UL);
	left = pb_zone_free_pages(zone);
	pb_area_unisolate(zone, &area);
	KUNIT_EXPECT_EQ(test, pb_zone_free_pages(zone), left + (long)PT_PAGEBLOCK(4));
	KUNIT_EXPECT_EQ(test, pb_zone_isolated_pages(zone), 0L);
}

/* Allocates as a CPU that read the type of the pageblock before it was isolated. */
static void alloc_late(struct pb_zone *zone, unsigned long index, unsigned int order)
{
	struct pb_pageblock *pageblock = pb_entry_pageblock(pb_zone_dir_entry(zone, index)->value);

	preempt_disable();
	WARN_ON(pb_pageblock_alloc(pageblock, order));
	if (order == PB_PAGEBLOCK_ORDER)
		pb_index_on_alloc(zone, index);
	else
		pb_index_update(zone, index);
	pb_zone_account(zone, -(1L << order));
	preempt_enable();
}

/* The counts stay exact when an allocation in the pageblock ends after its isolation. */
static void test_late_allocations(struct kunit *test)
{
	struct pt_fixture *f = pt_pool(test, &pt_one_pageblock);
	struct pb_area area = area_at(f, 0, 1);
	struct pb_zone *zone = zone_of(f);
	unsigned long pfn = pb_pageblock_pfn(zone, area.first);
	unsigned int order;

	for (order = 0; order <= PB_PAGEBLOCK_ORDER; order++) {
		KUNIT_ASSERT_TRUE(test, pb_area_isolate(zone, &area));
		KUNIT_EXPECT_EQ(test, pb_zone_free_pages(zone), 0L);
		alloc_late(zone, area.first, order);
		KUNIT_EXPECT_EQ(test, pb_zone_free_pages(zone), 0L);
		KUNIT_EXPECT_EQ(test, pb_zone_isolated_pages(zone), 512L - (1L << order));
		preempt_disable();
		pb_zone_free_noevent(zone, pfn, order);
		preempt_enable();
		KUNIT_EXPECT_EQ(test, pb_zone_free_pages(zone), 0L);
		KUNIT_EXPECT_EQ(test, pb_zone_isolated_pages(zone), 512L);
		pb_area_unisolate(zone, &area);
		KUNIT_EXPECT_EQ(test, pb_zone_free_pages(zone), 512L);
		pt_verify(test, f, NULL);
	}
}

/* The same for the pages of contiguous areas, which have a count of their own. */
static void test_isolated_cma(struct kunit *test)
{
	struct pt_fixture *f = pt_pool(test, &pt_cma);
	struct pb_area area = area_at(f, 5, 1);
	struct pb_zone *zone = zone_of(f);
	unsigned long pfn = pb_pageblock_pfn(zone, area.first);

	KUNIT_ASSERT_TRUE(test, pb_area_isolate(zone, &area));
	KUNIT_EXPECT_EQ(test, atomic_long_read(&zone->nr_free_cma), (long)PT_PAGEBLOCK(2));
	KUNIT_EXPECT_EQ(test, pb_zone_free_pages(zone), (long)PT_PAGEBLOCK(7));
	area.frames = 64;
	preempt_disable();
	KUNIT_EXPECT_EQ(test, pb_area_alloc(zone, &area, NULL), 0);
	preempt_enable();
	KUNIT_EXPECT_EQ(test, pb_zone_isolated_pages(zone), (long)PB_PAGEBLOCK_NR - 64);
	pb_area_unisolate_as(zone, &area, PB_MOVABLE);
	/* Its type is that of the contiguous area still. */
	KUNIT_EXPECT_EQ(test, type_at(f, &area), PB_CMA);
	KUNIT_EXPECT_EQ(test, atomic_long_read(&zone->nr_free_cma), (long)PT_PAGEBLOCK(3) - 64);
	KUNIT_EXPECT_EQ(test, pb_zone_free_pages(zone), (long)PT_PAGEBLOCK(8) - 64);
	preempt_disable();
	pb_zone_free_noevent(zone, pfn, 6);
	preempt_enable();
	pt_expect_all_free(test, f);
}

/* Pageblocks that are isolated cannot be isolated again, and the attempt leaves them isolated. */
static void test_isolated_once(struct kunit *test)
{
	struct pt_fixture *f = pt_pool(test, &pt_small);
	struct pb_area area = area_at(f, 3, 2), other = area_at(f, 1, 4);

	KUNIT_ASSERT_TRUE(test, pb_area_isolate(zone_of(f), &area));
	KUNIT_EXPECT_FALSE(test, pb_area_isolate(zone_of(f), &area));
	KUNIT_EXPECT_FALSE(test, pb_area_isolate(zone_of(f), &other));
	KUNIT_EXPECT_EQ(test, type_at(f, &area), PB_ISOLATE);
	KUNIT_EXPECT_EQ(test, type_at(f, &other), PB_MOVABLE);
	/* Changing the migratetype does not end isolation. */
	KUNIT_EXPECT_FALSE(test, pb_entry_set_migratetype(pb_zone_dir_entry(zone_of(f), area.first),
							  PB_UNMOVABLE));
	pb_area_unisolate(zone_of(f), &area);
	KUNIT_EXPECT_TRUE(test, pb_area_isolate(zone_of(f), &other));
	pb_area_unisolate(zone_of(f), &other);
}

/* Holes and pageblocks of the atomic reserve are not isolated. */
static void test_not_isolated(struct kunit *test)
{
	struct pt_fixture *holes = pt_pool(test, &pt_holes), *f = pt_pool(test, &pt_small);
	struct pb_area area = area_at(holes, 0, 2);

	KUNIT_EXPECT_FALSE(test, pb_area_isolate(zone_of(holes), &area));
	area = area_at(f, 0, 1);
	pb_entry_set_migratetype(pb_zone_dir_entry(zone_of(f), area.first), PB_HIGHATOMIC);
	atomic_long_add(PB_PAGEBLOCK_NR, &zone_of(f)->nr_reserved_highatomic);
	pb_zone_index_update_all(zone_of(f));
	KUNIT_EXPECT_FALSE(test, pb_area_isolate(zone_of(f), &area));
}

/* pb_area_scan() counts each frame by its state: free, movable, pinned, in flight. */
static void test_area_scan(struct kunit *test)
{
	struct pt_fixture *f = pt_pool(test, &pt_small);
	unsigned long movable = pt_alloc(f, 4), pinned = pt_alloc(f, 5), moving = pt_alloc(f, 3);
	struct pb_area area;
	struct pb_area_scan s;

	pb_movable_set(&f->pool, movable);
	pb_movable_set(&f->pool, moving);
	KUNIT_ASSERT_TRUE(test, pb_movable_isolate(&f->pool, moving, 3));
	pt_drain_all(&f->pool);
	area = area_at(f, (movable - f->layout->ranges[0].start_pfn) >> PB_PAGEBLOCK_ORDER, 1);
	KUNIT_ASSERT_EQ(test, movable >> PB_PAGEBLOCK_ORDER, pinned >> PB_PAGEBLOCK_ORDER);
	KUNIT_ASSERT_EQ(test, movable >> PB_PAGEBLOCK_ORDER, moving >> PB_PAGEBLOCK_ORDER);
	KUNIT_ASSERT_TRUE(test, pb_area_scan(zone_of(f), &area, &s));
	KUNIT_EXPECT_EQ(test, s.movable, 16UL);
	KUNIT_EXPECT_EQ(test, s.pinned, 32UL);
	KUNIT_EXPECT_EQ(test, s.in_flight, 8UL);
	KUNIT_EXPECT_EQ(test, s.free, PB_PAGEBLOCK_NR - 56);
	KUNIT_EXPECT_TRUE(test, pb_movable_putback(&f->pool, moving));
}

/* A part of a block larger than a pageblock counts as pinned. */
static void test_area_scan_large(struct kunit *test)
{
	struct pt_fixture *f = pt_pool(test, &pt_small);
	unsigned long pfn = pt_alloc(f, 11);
	struct pb_area area = area_at(f, (pfn - f->layout->ranges[0].start_pfn) >>
				      PB_PAGEBLOCK_ORDER, 1);
	struct pb_area_scan s;
	unsigned int i;

	for (i = 0; i < 4; i++, area.first++) {
		KUNIT_ASSERT_TRUE(test, pb_area_scan(zone_of(f), &area, &s));
		KUNIT_EXPECT_GT(test, s.pinned, 0UL);
	}
}

/* An area is allocated completely or not at all, for every size. */
static void test_area_alloc(struct kunit *test)
{
	struct pt_fixture *f = pt_pool(test, &pt_one_pageblock);
	struct pb_area area = area_at(f, 0, 1);
	unsigned long pfn;
	unsigned int order;

	pfn = pt_alloc(f, 0);
	pt_drain_all(&f->pool);
	KUNIT_ASSERT_TRUE(test, pb_area_isolate(zone_of(f), &area));
	for (order = 0; order <= PB_PAGEBLOCK_ORDER; order++) {
		area.frames = 1U << order;
		area.frame = round_down(pb_frame_in_pageblock(pfn), area.frames);
		preempt_disable();
		KUNIT_EXPECT_EQ(test, pb_area_alloc(zone_of(f), &area, NULL), -EAGAIN);
		preempt_enable();
		if (order == PB_PAGEBLOCK_ORDER)
			break;
		area.frame ^= area.frames;
		preempt_disable();
		KUNIT_EXPECT_EQ(test, pb_area_alloc(zone_of(f), &area, NULL), 0);
		preempt_enable();
		KUNIT_EXPECT_EQ(test, pb_zone_free_pages(zone_of(f)), 0L);
		KUNIT_EXPECT_EQ(test, pb_zone_isolated_pages(zone_of(f)), 511L - area.frames);
		pb_zone_free_noevent(zone_of(f),
				     pb_pageblock_pfn(zone_of(f), area.first) + area.frame,
				     order);
	}
	pb_area_unisolate(zone_of(f), &area);
	pt_free(test, f, pfn, 0);
	pt_expect_all_free(test, f);
}

/* An area that the watermark refuses stays free. */
static void test_area_alloc_refused(struct kunit *test)
{
	struct pt_fixture *f = pt_pool(test, &pt_one_pageblock);
	struct pb_area area = area_at(f, 0, 1);
	struct pb_request rq = pt_rq(9, PB_MOVABLE, 0);

	pt_set_watermark(zone_of(f), PB_WMARK_MIN, 1);
	KUNIT_ASSERT_TRUE(test, pb_area_isolate(zone_of(f), &area));
	preempt_disable();
	KUNIT_EXPECT_EQ(test, pb_area_alloc(zone_of(f), &area, &rq), -ENOMEM);
	preempt_enable();
	pb_area_unisolate(zone_of(f), &area);
	pt_expect_all_free(test, f);
}

/* Frames in a CPU's cache are in flight, not free. */
static void test_area_scan_cached(struct kunit *test)
{
	struct pt_fixture *f = pt_pool(test, &pt_one_pageblock);
	struct pb_area area = area_at(f, 0, 1);
	struct pb_area_scan s;

	pt_free(test, f, pt_alloc(f, 0), 0);
	KUNIT_ASSERT_TRUE(test, pb_area_scan(zone_of(f), &area, &s));
	KUNIT_EXPECT_EQ(test, s.free, (unsigned long)pb_zone_free_pages(zone_of(f)));
	KUNIT_EXPECT_EQ(test, s.in_flight, PB_PAGEBLOCK_NR - s.free);
	KUNIT_EXPECT_GT(test, s.in_flight, 0UL);
}

/*
 * Threads isolate pageblocks while others allocate and free. In the end every frame is free and
 * indexed.
 */
struct isolate_load {
	struct pt_fixture	*f;
	unsigned long		rounds;
	atomic_long_t		errors;
	atomic_long_t		isolated;
};

static void isolate_or_allocate(void *arg, unsigned int n)
{
	struct isolate_load *load = arg;
	struct pt_rand r = { .state = pt_seed + n };
	struct pb_request rq = pt_rq(0, PB_MOVABLE, 0);
	struct pb_area area;
	unsigned long i, pfn;

	for (i = 0; i < load->rounds; i++) {
		if (n % 2) {
			area = area_at(load->f, pt_below(&r, 8), 1);
			if (pb_area_isolate(zone_of(load->f), &area)) {
				atomic_long_inc(&load->isolated);
				cond_resched();
				if (pt_below(&r, 2))
					pb_area_unisolate(zone_of(load->f), &area);
				else
					pb_area_unisolate_as(zone_of(load->f), &area, PB_MOVABLE);
			}
			continue;
		}
		rq.order = pt_below(&r, 10);
		pfn = pb_alloc(&load->f->pool, &rq, NULL);
		if (pfn != PB_NO_PFN && pb_free(&load->f->pool, pfn, rq.order) != PB_BAD_NONE)
			atomic_long_inc(&load->errors);
		if (pt_below(&r, 4) == 0)
			pt_resched(&load->f->pool);
	}
}

static void test_concurrent_isolate(struct kunit *test)
{
	struct isolate_load *load = kunit_kzalloc(test, sizeof(*load), GFP_KERNEL);

	if (pt_nr_cpus() < 2)
		kunit_skip(test, "needs two CPUs");
	KUNIT_ASSERT_NOT_NULL(test, load);
	load->f = pt_pool(test, &pt_small);
	load->rounds = pt_rounds * 500;
	KUNIT_ASSERT_EQ(test, pt_run_threads(pt_nr_cpus(), isolate_or_allocate, load), 0);
	KUNIT_EXPECT_EQ(test, atomic_long_read(&load->errors), 0L);
	KUNIT_EXPECT_GT(test, atomic_long_read(&load->isolated), 0L);
	pt_expect_all_free(test, load->f);
}

static struct kunit_case isolate_cases[] = {
	KUNIT_CASE(test_not_handed_out),
	KUNIT_CASE(test_free_into_it),
	KUNIT_CASE(test_isolated_is_not_free),
	KUNIT_CASE(test_late_allocations),
	KUNIT_CASE(test_isolated_cma),
	KUNIT_CASE(test_isolated_once),
	KUNIT_CASE(test_not_isolated),
	KUNIT_CASE(test_area_scan),
	KUNIT_CASE(test_area_scan_large),
	KUNIT_CASE(test_area_alloc),
	KUNIT_CASE(test_area_alloc_refused),
	KUNIT_CASE(test_area_scan_cached),
	KUNIT_CASE(test_concurrent_isolate),
	{}
};

static struct kunit_suite isolate_suite = {
	.name = "pbuddy_isolate",
	.init = pt_init,
	.exit = pt_exit,
	.test_cases = isolate_cases,
};

kunit_test_suite(isolate_suite);
