// SPDX-License-Identifier: GPL-2.0-only
/*
 * shrink.c: taking pageblocks off a pool in use, what keeps a pageblock in it, and adding the same
 * memory again. f->pages follows the size of the pool, so that pt_verify() checks every count.
 */
#include "core/base/pfn.h"
#include "core/compact/isolate.h"
#include "core/pool/grow.h"
#include "core/pool/shrink.h"
#include "core/zone/zone.h"
#include "faults.h"
#include "movers.h"
#include "threads.h"

static struct pb_zone *zone_of(struct pt_fixture *f)
{
	return pt_zone(f, 0, PB_ZONE_NORMAL);
}

/* Takes up to @most pageblocks off and returns their number. */
static unsigned long take(struct pt_fixture *f, struct pb_shrink *run, unsigned long most,
			  unsigned long *pfns)
{
	unsigned long nr = 0, pfn;

	while (nr < most && (pfn = pb_shrink_next(run)) != PB_NO_PFN) {
		if (pfns)
			pfns[nr] = pfn;
		nr++;
		f->pages -= PB_PAGEBLOCK_NR;
	}
	return nr;
}

static void undo(struct pt_fixture *f, unsigned long pfn)
{
	pb_shrink_undo(zone_of(f), pfn);
	f->pages += PB_PAGEBLOCK_NR;
}

/* A free pageblock leaves the pool: it is not counted, not found, and not the pool's to free. */
static void test_free(struct kunit *test)
{
	struct pt_fixture *f = pt_pool(test, &pt_small);
	struct pb_zone *zone = zone_of(f);
	unsigned long pfn, pfns[8], i;
	struct pb_shrink run;

	pb_shrink_start(&run, zone, PB_ALLOC_WMARK_LOW, false);
	KUNIT_ASSERT_EQ(test, take(f, &run, 3, pfns), 3UL);
	KUNIT_EXPECT_EQ(test, zone->present_pages, PT_PAGEBLOCK(5));
	KUNIT_EXPECT_EQ(test, pb_zone_free_pages(zone), (long)PT_PAGEBLOCK(5));
	KUNIT_EXPECT_EQ(test, pb_zone_event(zone, PB_SHRINK), PT_PAGEBLOCK(3));
	/* The highest first. */
	for (i = 0; i < 3; i++)
		KUNIT_EXPECT_EQ(test, pfns[i], PT_PAGEBLOCK(2048 + 7 - i));
	KUNIT_EXPECT_NULL(test, pb_pfn_zone(&f->pool, pfns[0]));
	KUNIT_EXPECT_EQ(test, pb_page_order(&f->pool, pfns[0] + 5), -EINVAL);
	KUNIT_EXPECT_EQ(test, pb_free(&f->pool, pfns[0], 0), PB_BAD_FOREIGN);
	pt_expect_bad(test, f, PB_BAD_FOREIGN, pfns[0]);
	pt_expect_all_free(test, f);
	/* Nothing of it is allocated. */
	for (i = 0; (pfn = pt_alloc(f, PB_PAGEBLOCK_ORDER)) != PB_NO_PFN; i++)
		pfns[i] = pfn;
	KUNIT_EXPECT_EQ(test, i, 5UL);
	while (i--)
		pt_free(test, f, pfns[i], PB_PAGEBLOCK_ORDER);
	pt_expect_all_free(test, f);
}

/* Every pageblock can leave, and come back with the type that it had. */
static void test_undo(struct kunit *test)
{
	struct pt_fixture *f = pt_pool(test, &pt_small);
	struct pb_dir_entry *entry = pb_dir_entry(&f->pool, PT_PAGEBLOCK(2050));
	struct pb_zone *zone = zone_of(f);
	unsigned long pfns[8], i;
	struct pb_shrink run;

	pb_entry_set_migratetype(entry, PB_RECLAIMABLE);
	pb_zone_index_update_all(zone);
	pb_shrink_start(&run, zone, PB_ALLOC_WMARK_LOW, false);
	KUNIT_ASSERT_EQ(test, take(f, &run, 9, pfns), 8UL);
	KUNIT_EXPECT_EQ(test, zone->present_pages, 0UL);
	pt_expect_all_free(test, f);
	pb_setup_per_zone_wmarks(&f->pool);
	KUNIT_EXPECT_EQ(test, pt_alloc_wait(f, 0), PB_NO_PFN);
	for (i = 0; i < 8; i++)
		undo(f, pfns[i]);
	KUNIT_EXPECT_EQ(test, pb_entry_migratetype(entry->value), PB_RECLAIMABLE);
	KUNIT_EXPECT_EQ(test, pb_zone_event(zone, PB_SHRINK), 0UL);
	pt_expect_all_free(test, f);
	/* They form one block again. */
	pb_entry_set_migratetype(entry, PB_MOVABLE);
	pb_zone_index_update_all(zone);
	KUNIT_EXPECT_EQ(test, pt_alloc(f, PB_PAGEBLOCK_ORDER + 3), PT_PAGEBLOCK(2048));
	pt_free(test, f, PT_PAGEBLOCK(2048), PB_PAGEBLOCK_ORDER + 3);
}

/* The pool grows by memory that left it without any allocation. */
static void test_grows_again(struct kunit *test)
{
	struct pt_fixture *f = pt_pool(test, &pt_small);
	struct pb_shrink run;

	pb_shrink_start(&run, zone_of(f), PB_ALLOC_WMARK_LOW, false);
	KUNIT_ASSERT_EQ(test, take(f, &run, 4, NULL), 4UL);
	pt_fail_nth(1);
	KUNIT_EXPECT_EQ(test, pt_grow(f, 2052, 4), 0);
	if (pt_can_fail())
		KUNIT_EXPECT_TRUE(test, pt_fail_left());
	KUNIT_EXPECT_EQ(test, pt_grow(f, 2052, 1), -EEXIST);
	pt_expect_all_free(test, f);
}

/* As many leave as the watermark allows. */
static void test_watermark(struct kunit *test)
{
	struct pt_fixture *f = pt_pool(test, &pt_small);
	struct pb_zone *zone = zone_of(f);
	struct pb_shrink run;

	pt_set_watermark(zone, PB_WMARK_LOW, 1024);
	pt_set_watermark(zone, PB_WMARK_HIGH, 2048);
	pb_shrink_start(&run, zone, PB_ALLOC_WMARK_HIGH, false);
	KUNIT_EXPECT_EQ(test, take(f, &run, 9, NULL), 4UL);
	KUNIT_EXPECT_TRUE(test, run.watermark);
	pb_shrink_start(&run, zone, PB_ALLOC_WMARK_LOW, true);
	KUNIT_EXPECT_EQ(test, take(f, &run, 9, NULL), 2UL);
	KUNIT_EXPECT_TRUE(test, run.watermark);
	pt_expect_all_free(test, f);
}

/* Takes up to @most pageblocks off, several at once; returns the first ones, and their PFN. */
static u64 take_many(struct pt_fixture *f, struct pb_shrink *run, unsigned int most,
		     unsigned long *pfn)
{
	u64 mask = pb_shrink_next_many(run, most, pfn);

	f->pages -= hweight64(mask) * PB_PAGEBLOCK_NR;
	return mask;
}

/* Free pageblocks of one type leave together, as many as wanted, the highest first. */
static void test_many(struct kunit *test)
{
	struct pt_fixture *f = pt_pool(test, &pt_small);
	struct pb_dir_entry *entry = pb_dir_entry(&f->pool, PT_PAGEBLOCK(2050));
	struct pb_zone *zone = zone_of(f);
	struct pb_shrink run;
	unsigned long pfn;

	pb_entry_set_migratetype(entry, PB_RECLAIMABLE);
	pb_zone_index_update_all(zone);
	pb_shrink_start(&run, zone, PB_ALLOC_WMARK_LOW, false);
	KUNIT_EXPECT_EQ(test, take_many(f, &run, 3, &pfn), 0xe0ULL);
	KUNIT_EXPECT_EQ(test, pfn, PT_PAGEBLOCK(2048));
	KUNIT_EXPECT_EQ(test, zone->present_pages, PT_PAGEBLOCK(5));
	KUNIT_EXPECT_EQ(test, pb_zone_event(zone, PB_SHRINK), PT_PAGEBLOCK(3));
	pt_expect_all_free(test, f);
	KUNIT_EXPECT_EQ(test, take_many(f, &run, 64, &pfn), 0x18ULL);
	KUNIT_EXPECT_EQ(test, take_many(f, &run, 64, &pfn), 0x4ULL);
	KUNIT_EXPECT_EQ(test, take_many(f, &run, 64, &pfn), 0x3ULL);
	KUNIT_EXPECT_EQ(test, take_many(f, &run, 64, &pfn), 0ULL);
	KUNIT_EXPECT_FALSE(test, run.watermark);
	pt_expect_all_free(test, f);
	KUNIT_ASSERT_EQ(test, pt_grow(f, 2048, 8), 0);
	pt_expect_all_free(test, f);
	KUNIT_EXPECT_EQ(test, pt_alloc(f, PB_PAGEBLOCK_ORDER + 3), PT_PAGEBLOCK(2048));
	pt_free(test, f, PT_PAGEBLOCK(2048), PB_PAGEBLOCK_ORDER + 3);
}

/* Of several pageblocks the highest leave, as many as the watermark allows. */
static void test_many_watermark(struct kunit *test)
{
	struct pt_fixture *f = pt_pool(test, &pt_small);
	struct pb_shrink run;
	unsigned long pfn;

	pt_set_watermark(zone_of(f), PB_WMARK_HIGH, 2048);
	pb_shrink_start(&run, zone_of(f), PB_ALLOC_WMARK_HIGH, false);
	KUNIT_EXPECT_EQ(test, take_many(f, &run, 8, &pfn), 0xf0ULL);
	KUNIT_EXPECT_TRUE(test, run.watermark);
	KUNIT_EXPECT_EQ(test, take_many(f, &run, 8, &pfn), 0ULL);
	pt_expect_all_free(test, f);
}

/* Of several pageblocks one with a frame in use stays. */
static void test_many_in_use(struct kunit *test)
{
	struct pt_fixture *f = pt_pool(test, &pt_small);
	unsigned long bad = PT_PAGEBLOCK(2053) + 17, pfn;
	struct pb_shrink run;

	*pb_order_map(&f->pool, bad) = 1;
	pb_shrink_start(&run, zone_of(f), PB_ALLOC_WMARK_LOW, false);
	KUNIT_EXPECT_EQ(test, take_many(f, &run, 4, &pfn), 0xd0ULL);
	KUNIT_EXPECT_FALSE(test, run.watermark);
	pt_expect_bad(test, f, PB_BAD_IN_USE, bad);
	pt_expect_allocated(test, f, 1);
	pt_free(test, f, bad, 0);
	pt_expect_all_free(test, f);
}

/* Pageblocks with the fewest pages are emptied first, and nothing is lost. */
static void test_moves(struct kunit *test)
{
	static const unsigned int used[8] = { 300, 512, 20, 60, 0, 450, 140, 220 };
	struct pt_movers *m = pt_partly_used(test, used);
	struct pt_fixture *f = m->f;
	unsigned long pfns[8];
	struct pb_shrink run;

	/* Frees sample the fullness, so a pageblock may have the class of a fuller one. */
	pb_zone_index_update_all(zone_of(f));
	pb_shrink_start(&run, zone_of(f), PB_ALLOC_WMARK_LOW, true);
	KUNIT_ASSERT_EQ(test, take(f, &run, 3, pfns), 3UL);
	KUNIT_EXPECT_EQ(test, pfns[0], PT_PAGEBLOCK(2048 + 4));
	KUNIT_EXPECT_EQ(test, atomic_long_read(&m->migrations), 20L + 60L);
	pt_movers_check(test, m);
	pt_verify(test, f, NULL);
	/* 1702 pages need four pageblocks, and the others leave. */
	KUNIT_EXPECT_EQ(test, take(f, &run, 8, NULL), 1UL);
	KUNIT_EXPECT_TRUE(test, run.watermark);
	KUNIT_EXPECT_EQ(test, pt_movers_check(test, m), 1702UL);
	pt_expect_allocated(test, f, 1702);
	pt_movers_free_all(test, m);
	pt_expect_all_free(test, f);
}

/* Without migration only free pageblocks leave. */
static void test_free_only(struct kunit *test)
{
	static const unsigned int used[8] = { 1, 0, 20, 0, 0, 450, 60, 100 };
	struct pt_movers *m = pt_partly_used(test, used);
	struct pb_shrink run;

	pb_shrink_start(&run, zone_of(m->f), PB_ALLOC_WMARK_LOW, false);
	KUNIT_EXPECT_EQ(test, take(m->f, &run, 8, NULL), 3UL);
	KUNIT_EXPECT_EQ(test, atomic_long_read(&m->migrations), 0L);
	pt_movers_check(test, m);
}

/* Free pageblocks in the caches of CPUs are drained for a run that may sleep. */
static void test_cached(struct kunit *test)
{
	struct pt_fixture *f = pt_pool(test, &pt_small);
	struct pb_shrink run;
	unsigned long pfn;

	pfn = pt_alloc(f, PB_PAGEBLOCK_ORDER);
	pt_free(test, f, pfn, PB_PAGEBLOCK_ORDER);
	pfn = pt_alloc(f, 0);
	pt_free(test, f, pfn, 0);
	pb_shrink_start(&run, zone_of(f), PB_ALLOC_NO_WATERMARKS, true);
	KUNIT_EXPECT_EQ(test, take(f, &run, 9, NULL), 8UL);
	pt_expect_all_free(test, f);
}

/* A block that cannot be moved keeps its pageblock, and is named. */
static void test_pinned(struct kunit *test)
{
	struct pt_fixture *f = pt_pool(test, &pt_small);
	unsigned long pfn = pt_alloc_mt(f, 3, PB_UNMOVABLE), large = pt_alloc(f, 10);
	struct pb_blocked blocked = {};
	struct pb_shrink run;

	KUNIT_ASSERT_NE(test, pfn, PB_NO_PFN);
	KUNIT_ASSERT_NE(test, large, PB_NO_PFN);
	pb_shrink_start(&run, zone_of(f), PB_ALLOC_NO_WATERMARKS, true);
	run.blocked = &blocked;
	KUNIT_EXPECT_EQ(test, take(f, &run, 9, NULL), 5UL);
	/* Both pageblocks of the block of order 10. */
	KUNIT_EXPECT_EQ(test, run.nr_pinned, 3UL);
	KUNIT_EXPECT_EQ(test, run.pinned_pfn, pfn);
	KUNIT_EXPECT_EQ(test, blocked.nr, 2U);
	KUNIT_EXPECT_EQ(test, blocked.pfn[0], pfn);
	KUNIT_EXPECT_EQ(test, blocked.pfn[1], large);
	KUNIT_EXPECT_EQ(test, run.nr_busy + run.nr_refused, 0UL);
	pt_expect_allocated(test, f, 8 + 1024);
	pt_free(test, f, pfn, 3);
	/* The highest pageblock first, whose head is in another one. */
	pb_shrink_start(&run, zone_of(f), PB_ALLOC_NO_WATERMARKS, true);
	take(f, &run, 9, NULL);
	KUNIT_EXPECT_EQ(test, run.pinned_pfn, large);
	pt_free(test, f, large, 10);
	pt_expect_all_free(test, f);
}

static bool may_first_two(unsigned long pfn, void *arg)
{
	return pfn < PT_PAGEBLOCK(2050);
}

static void test_refused(struct kunit *test)
{
	struct pt_fixture *f = pt_pool(test, &pt_small);
	struct pb_shrink run;

	pb_shrink_start(&run, zone_of(f), PB_ALLOC_WMARK_LOW, true);
	run.may = may_first_two;
	KUNIT_EXPECT_EQ(test, take(f, &run, 9, NULL), 2UL);
	KUNIT_EXPECT_EQ(test, run.nr_refused, 6UL);
	pt_expect_all_free(test, f);
}

/* Eight pageblocks that are not in the first word of the index. */
static const struct pb_range far_ranges[] = { PT_RANGE(2048 + 100, 8, 0, NORMAL) };

static const struct pt_layout far_layout = {
	.name = "far", .ranges = far_ranges, .nr_ranges = ARRAY_SIZE(far_ranges), .nr_nodes = 1,
};

/* Partly free pageblocks are found wherever they are in the zone. */
static void test_moves_far(struct kunit *test)
{
	struct pt_movers *m = pt_fragmented(test, &far_layout, 0, 60);
	struct pt_fixture *f = m->f;
	struct pb_shrink run;

	f->pool.ops.drain_all(&f->pool);
	pb_shrink_start(&run, zone_of(f), PB_ALLOC_WMARK_LOW, true);
	KUNIT_EXPECT_EQ(test, take(f, &run, 3, NULL), 3UL);
	pt_movers_check(test, m);
	pt_movers_free_all(test, m);
	pt_expect_all_free(test, f);
}

static bool may_first(unsigned long pfn, void *arg)
{
	return pfn == PT_PAGEBLOCK(2048);
}

/* Blocks are migrated into a free pageblock of another type when there is no movable one. */
static void test_other_type(struct kunit *test)
{
	static const unsigned int used[8] = { 300 };
	struct pt_movers *m = pt_partly_used(test, used);
	struct pt_fixture *f = m->f;
	unsigned long *pfns, nr;
	struct pb_shrink run;

	nr = pt_fill(test, f, PB_PAGEBLOCK_ORDER, PB_UNMOVABLE, &pfns);
	KUNIT_ASSERT_EQ(test, nr, 7UL);
	while (nr)
		pt_free(test, f, pfns[--nr], PB_PAGEBLOCK_ORDER);
	pb_shrink_start(&run, zone_of(f), PB_ALLOC_WMARK_LOW, true);
	run.may = may_first;
	KUNIT_EXPECT_EQ(test, take(f, &run, 1, NULL), 1UL);
	KUNIT_EXPECT_EQ(test, pt_movers_check(test, m), 300UL);
	pt_movers_free_all(test, m);
	pt_expect_all_free(test, f);
}

/* Contiguous areas, the highatomic reserve and pageblocks that compaction has isolated stay. */
static void test_types(struct kunit *test)
{
	struct pt_fixture *f = pt_pool(test, &pt_cma);
	struct pb_zone *zone = zone_of(f);
	struct pb_area area = { .nr = 1, .frames = PB_PAGEBLOCK_NR };
	struct pb_shrink run;
	unsigned long left;

	area.first = pb_pageblock_index(zone, f->layout->ranges[0].start_pfn);
	KUNIT_ASSERT_TRUE(test, pb_area_isolate(zone, &area));
	left = (f->pages - zone->cma_pages) / PB_PAGEBLOCK_NR - 1;
	pb_shrink_start(&run, zone, PB_ALLOC_NO_WATERMARKS, true);
	KUNIT_EXPECT_EQ(test, take(f, &run, 99, NULL), left);
	KUNIT_EXPECT_EQ(test, run.nr_refused, zone->cma_pages / PB_PAGEBLOCK_NR);
	KUNIT_EXPECT_EQ(test, run.nr_busy, 1UL);
	pb_area_unisolate(zone, &area);
	pt_expect_all_free(test, f);
}

/* Migrations that fail change nothing. */
static void test_fails(struct kunit *test)
{
	static const unsigned int used[8] = { 300, 512, 20, 40, 512, 450, 60, 100 };
	struct pt_movers *m = pt_partly_used(test, used);
	unsigned long held = pt_movers_check(test, m);
	struct pb_blocked blocked = {};
	struct pb_shrink run;

	m->fail = 1;
	pb_shrink_start(&run, zone_of(m->f), PB_ALLOC_NO_WATERMARKS, true);
	run.blocked = &blocked;
	KUNIT_EXPECT_EQ(test, take(m->f, &run, 9, NULL), 0UL);
	KUNIT_EXPECT_EQ(test, run.nr_busy, 8UL);
	KUNIT_EXPECT_EQ(test, run.nr_pinned, 0UL);
	KUNIT_EXPECT_EQ(test, blocked.nr, 8U);
	KUNIT_EXPECT_EQ(test, pt_movers_check(test, m), held);
	pt_expect_allocated(test, m->f, held);
	m->fail = 7;
	pb_shrink_start(&run, zone_of(m->f), PB_ALLOC_NO_WATERMARKS, true);
	KUNIT_EXPECT_EQ(test, take(m->f, &run, 9, NULL), 4UL);
	KUNIT_EXPECT_EQ(test, pt_movers_check(test, m), held);
	pt_movers_free_all(test, m);
	pt_expect_all_free(test, m->f);
}

/* Nothing can be moved in a pool without ops->migrate. */
static void test_no_migrate(struct kunit *test)
{
	static const unsigned int used[8] = { 300, 512, 20, 40, 0, 450, 60, 100 };
	struct pt_movers *m = pt_partly_used(test, used);
	struct pb_shrink run;

	m->f->pool.ops.migrate = NULL;
	pb_shrink_start(&run, zone_of(m->f), PB_ALLOC_NO_WATERMARKS, true);
	KUNIT_EXPECT_EQ(test, take(m->f, &run, 9, NULL), 1UL);
	KUNIT_EXPECT_EQ(test, run.nr_pinned, 7UL);
	pt_movers_check(test, m);
}

/* A free frame that has an order in the page order map is reported and keeps its pageblock. */
static void test_in_use(struct kunit *test)
{
	struct pt_fixture *f = pt_pool(test, &pt_small);
	unsigned long pfn = PT_PAGEBLOCK(2055) + 17;
	struct pb_shrink run;

	*pb_order_map(&f->pool, pfn) = 1;
	pb_shrink_start(&run, zone_of(f), PB_ALLOC_WMARK_LOW, false);
	KUNIT_EXPECT_EQ(test, take(f, &run, 9, NULL), 7UL);
	pt_expect_bad(test, f, PB_BAD_IN_USE, pfn);
	pt_expect_allocated(test, f, 1);
	pt_free(test, f, pfn, 0);
	pt_expect_all_free(test, f);
}

/* A CPU that refills from a pageblock, or has an update of its index to do, finds the hole. */
static void test_refilled_from(struct kunit *test)
{
	struct pt_fixture *f = pt_pool(test, &pt_small);
	unsigned long pfns[100], i, n, nr;
	struct pb_shrink run;

	for (n = 0; n < 100; n++)
		pfns[n] = pt_alloc(f, 0);
	for (i = 0; i < n; i++)
		pt_free(test, f, pfns[i], 0);
	pb_shrink_start(&run, zone_of(f), PB_ALLOC_NO_WATERMARKS, true);
	nr = take(f, &run, 9, NULL);
	KUNIT_EXPECT_EQ(test, nr, 8UL);
	KUNIT_EXPECT_EQ(test, pt_alloc(f, 0), PB_NO_PFN);
	KUNIT_ASSERT_EQ(test, pt_grow(f, 2052, 1), 0);
	pfns[0] = pt_alloc(f, 0);
	KUNIT_EXPECT_EQ(test, pfns[0] & ~(PB_PAGEBLOCK_NR - 1), PT_PAGEBLOCK(2052));
	pt_free(test, f, pfns[0], 0);
	pt_expect_all_free(test, f);
}

/**
 * struct busy - state of threads that use a pool while it changes its size
 * @f: the pool
 * @taken: pageblocks that left it
 * @wrong: frees that were refused, and failures to grow
 */
struct busy {
	struct pt_fixture	*f;
	atomic_long_t		taken;
	atomic_long_t		wrong;
};

#define AT_A_TIME	64

static void take_and_add(struct busy *busy, unsigned int round)
{
	unsigned long pfns[4], nr, i, pfn;
	struct pb_shrink run;
	u64 mask;

	pb_shrink_start(&run, zone_of(busy->f), PB_ALLOC_WMARK_LOW, false);
	mask = take_many(busy->f, &run, 4, &pfn);
	for (nr = 0; mask; mask &= mask - 1)
		pfns[nr++] = pfn + PT_PAGEBLOCK(__ffs64(mask));
	atomic_long_add(nr, &busy->taken);
	for (i = 0; i < nr; i++) {
		if ((round + i) % 2)
			undo(busy->f, pfns[i]);
		else if (pt_grow(busy->f, pfns[i] >> PB_PAGEBLOCK_ORDER, 1))
			atomic_long_inc(&busy->wrong);
	}
}

static void use_or_resize(void *arg, unsigned int n)
{
	unsigned long pfns[AT_A_TIME];
	unsigned int i, round, nr;
	struct busy *busy = arg;

	for (round = 0; round < 500; round++) {
		if (!n)
			take_and_add(busy, round);
		for (nr = 0; n && nr < AT_A_TIME; nr++) {
			pfns[nr] = pt_alloc_mt(busy->f, (n + round + nr) % 10, PB_MOVABLE);
			if (pfns[nr] == PB_NO_PFN)
				break;
		}
		for (i = 0; n && i < nr; i++)
			if (pb_free(&busy->f->pool, pfns[i], (n + round + i) % 10))
				atomic_long_inc(&busy->wrong);
		pt_resched(&busy->f->pool);
	}
}

/* Thread 0 takes pageblocks off and adds them again while the other threads allocate and free. */
static void test_concurrent(struct kunit *test)
{
	struct busy *busy = kunit_kzalloc(test, sizeof(*busy), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, busy);
	busy->f = pt_pool(test, &pt_gig);
	KUNIT_ASSERT_EQ(test, pt_run_threads(pt_nr_cpus(), use_or_resize, busy), 0);
	KUNIT_EXPECT_GT(test, atomic_long_read(&busy->taken), 0L);
	KUNIT_EXPECT_EQ(test, atomic_long_read(&busy->wrong), 0L);
	pt_expect_all_free(test, busy->f);
}

static struct kunit_case shrink_cases[] = {
	KUNIT_CASE(test_free),
	KUNIT_CASE(test_undo),
	KUNIT_CASE(test_grows_again),
	KUNIT_CASE(test_watermark),
	KUNIT_CASE(test_many),
	KUNIT_CASE(test_many_watermark),
	KUNIT_CASE(test_many_in_use),
	KUNIT_CASE(test_moves),
	KUNIT_CASE(test_free_only),
	KUNIT_CASE(test_cached),
	KUNIT_CASE(test_pinned),
	KUNIT_CASE(test_refused),
	KUNIT_CASE(test_moves_far),
	KUNIT_CASE(test_other_type),
	KUNIT_CASE(test_types),
	KUNIT_CASE(test_fails),
	KUNIT_CASE(test_no_migrate),
	KUNIT_CASE(test_in_use),
	KUNIT_CASE(test_refilled_from),
	KUNIT_CASE(test_concurrent),
	{}
};

static struct kunit_suite shrink_suite = {
	.name = "pbuddy_shrink",
	.init = pt_init,
	.exit = pt_exit,
	.test_cases = shrink_cases,
};

kunit_test_suite(shrink_suite);
