// SPDX-License-Identifier: GPL-2.0-only
/*
 * highatomic.c: pageblocks that are reserved for high-order requests that cannot wait, as
 * MIGRATE_HIGHATOMIC in mm/. The cases count reserved pageblocks after successful requests, up
 * to the limit, after unreserving, with both at once, and beside a fallback.
 */
#include "core/base/pfn.h"
#include "core/cache/drain.h"
#include "core/index/free_area.h"
#include "core/zone/fallback.h"
#include "core/zone/highatomic.h"
#include "core/zone/zone.h"
#include "fixture.h"
#include "params.h"
#include "threads.h"

#define ATOMIC	(PB_ALLOC_WMARK_MIN | PB_ALLOC_MIN_RESERVE | PB_ALLOC_NON_BLOCK)

/* pt_gig has 520 pageblocks; 1 % of them rounded up is 6. */
#define MOST	(6L * PB_PAGEBLOCK_NR)

static struct pb_zone *gig(struct kunit *test, struct pt_fixture **f)
{
	*f = pt_pool(test, &pt_gig);
	return pt_zone(*f, 0, PB_ZONE_NORMAL);
}

static unsigned long alloc_atomic(struct pt_fixture *f, unsigned int order)
{
	struct pb_request rq = pt_rq(order, PB_UNMOVABLE, 0);

	rq.flags = ATOMIC;
	if (order)
		rq.flags |= PB_ALLOC_HIGHATOMIC;
	return pb_alloc(&f->pool, &rq, NULL);
}

static enum pb_migratetype type_of(struct pt_fixture *f, unsigned long pfn)
{
	return pb_entry_migratetype(pb_dir_entry(&f->pool, pfn)->value);
}

static long reserved(struct pb_zone *zone)
{
	return atomic_long_read(&zone->nr_reserved_highatomic);
}

/* Counts the HIGHATOMIC pageblocks one by one, to compare with nr_reserved_highatomic. */
static long counted(struct pt_fixture *f, struct pb_zone *zone)
{
	unsigned long index;
	long pages = 0;

	for (index = 0; index < zone->nr_pageblocks; index++)
		if (pb_zone_dir_entry(zone, index) &&
		    type_of(f, pb_pageblock_pfn(zone, index)) == PB_HIGHATOMIC)
			pages += PB_PAGEBLOCK_NR;
	return pages;
}

static bool unreserve(struct pt_fixture *f, bool force)
{
	return pb_highatomic_unreserve_zone(pt_zone(f, 0, PB_ZONE_NORMAL), PB_MOVABLE, force);
}

/* A successful request reserves its pageblock. The next one is served from it. */
static void test_success_reserves(struct kunit *test)
{
	struct pt_fixture *f;
	struct pb_zone *zone = gig(test, &f);
	unsigned long first = alloc_atomic(f, 4), i, pfn;

	KUNIT_ASSERT_NE(test, first, PB_NO_PFN);
	KUNIT_EXPECT_EQ(test, type_of(f, first), PB_HIGHATOMIC);
	KUNIT_EXPECT_EQ(test, reserved(zone), (long)PB_PAGEBLOCK_NR);
	KUNIT_EXPECT_EQ(test, pb_zone_event(zone, PB_HIGHATOMIC_RESERVE), 1UL);
	for (i = 1; i < PB_PAGEBLOCK_NR >> 4; i++) {
		pfn = alloc_atomic(f, 4);
		KUNIT_ASSERT_EQ(test, pfn >> PB_PAGEBLOCK_ORDER, first >> PB_PAGEBLOCK_ORDER);
	}
	KUNIT_EXPECT_EQ(test, reserved(zone), (long)PB_PAGEBLOCK_NR);
	/* Frames that are freed in it stay reserved. */
	pt_free(test, f, first, 4);
	KUNIT_EXPECT_EQ(test, alloc_atomic(f, 4), first);
}

/* Order 0, and requests that are not high-order atomic, reserve nothing. */
static void test_others_reserve_nothing(struct kunit *test)
{
	struct pt_fixture *f;
	struct pb_zone *zone = gig(test, &f);

	KUNIT_EXPECT_NE(test, alloc_atomic(f, 0), PB_NO_PFN);
	KUNIT_EXPECT_NE(test, pt_alloc(f, 4), PB_NO_PFN);
	KUNIT_EXPECT_EQ(test, reserved(zone), 0L);
}

/* At most 1 % of the zone is reserved, and nothing if that is less than a pageblock. */
static void test_limit(struct kunit *test)
{
	struct pt_fixture *f;
	struct pb_zone *zone = gig(test, &f);
	unsigned int i;

	for (i = 0; i < 40; i++)
		KUNIT_ASSERT_NE(test, alloc_atomic(f, 8), PB_NO_PFN);
	KUNIT_EXPECT_EQ(test, reserved(zone), MOST);
	KUNIT_EXPECT_EQ(test, counted(f, zone), MOST);
	f = pt_pool(test, &pt_small);
	KUNIT_ASSERT_NE(test, alloc_atomic(f, 4), PB_NO_PFN);
	KUNIT_EXPECT_EQ(test, reserved(pt_zone(f, 0, PB_ZONE_NORMAL)), 0L);
}

/* A block of several pageblocks reserves all of them, up to the limit. */
static void test_large_blocks(struct kunit *test)
{
	struct pt_fixture *f;
	struct pb_zone *zone = gig(test, &f);
	unsigned long pfn = alloc_atomic(f, 11), i;

	KUNIT_ASSERT_NE(test, pfn, PB_NO_PFN);
	for (i = 0; i < 4; i++)
		KUNIT_EXPECT_EQ(test, type_of(f, pfn + PT_PAGEBLOCK(i)), PB_HIGHATOMIC);
	KUNIT_ASSERT_NE(test, alloc_atomic(f, 11), PB_NO_PFN);
	KUNIT_EXPECT_EQ(test, reserved(zone), MOST);
	KUNIT_EXPECT_EQ(test, counted(f, zone), MOST);
}

/* When the other pageblocks are full, high-order atomic requests still succeed and others fail. */
static void test_kept_from_others(struct kunit *test)
{
	struct pt_fixture *f;
	struct pb_zone *zone = gig(test, &f);
	unsigned long first = alloc_atomic(f, 4), *pfns, n;
	struct pb_request rq = pt_rq(4, PB_UNMOVABLE, 0);

	KUNIT_ASSERT_NE(test, first, PB_NO_PFN);
	n = pt_fill(test, f, 4, PB_MOVABLE, &pfns);
	KUNIT_EXPECT_EQ(test, n, (f->pages - PB_PAGEBLOCK_NR) >> 4);
	KUNIT_EXPECT_EQ(test, pb_zone_free_pages(zone), (long)PB_PAGEBLOCK_NR - 16);
	KUNIT_EXPECT_EQ(test, alloc_atomic(f, 4) >> PB_PAGEBLOCK_ORDER,
			first >> PB_PAGEBLOCK_ORDER);
	/*
	 * Requests that cannot wait and those of an OOM victim may use the reserve when nothing
	 * else is left; __GFP_HIGH alone is not enough.
	 */
	rq.flags = PB_ALLOC_WMARK_MIN | PB_ALLOC_MIN_RESERVE;
	KUNIT_EXPECT_EQ(test, pb_alloc(&f->pool, &rq, NULL), PB_NO_PFN);
	rq.flags = PB_ALLOC_WMARK_MIN | PB_ALLOC_NON_BLOCK;
	KUNIT_EXPECT_NE(test, pb_alloc(&f->pool, &rq, NULL), PB_NO_PFN);
	rq.flags = PB_ALLOC_WMARK_MIN | PB_ALLOC_OOM;
	KUNIT_EXPECT_NE(test, pb_alloc(&f->pool, &rq, NULL), PB_NO_PFN);
}

/* Unreserving returns one pageblock a call, and the last one only if forced. */
static void test_unreserve(struct kunit *test)
{
	struct pt_fixture *f;
	struct pb_zone *zone = gig(test, &f);
	unsigned long first = alloc_atomic(f, 9), second = alloc_atomic(f, 9);

	KUNIT_ASSERT_EQ(test, reserved(zone), 2L * (long)PB_PAGEBLOCK_NR);
	/* Pageblocks without free frames stay reserved. */
	KUNIT_EXPECT_FALSE(test, unreserve(f, true));
	pt_free(test, f, first, 9);
	pt_free(test, f, second, 9);
	KUNIT_EXPECT_TRUE(test, unreserve(f, false));
	KUNIT_EXPECT_EQ(test, reserved(zone), (long)PB_PAGEBLOCK_NR);
	KUNIT_EXPECT_EQ(test, counted(f, zone), (long)PB_PAGEBLOCK_NR);
	KUNIT_EXPECT_FALSE(test, unreserve(f, false));
	KUNIT_EXPECT_TRUE(test, unreserve(f, true));
	KUNIT_EXPECT_EQ(test, reserved(zone), 0L);
	KUNIT_EXPECT_FALSE(test, unreserve(f, true));
	KUNIT_EXPECT_EQ(test, type_of(f, first), PB_MOVABLE);
	KUNIT_EXPECT_EQ(test, type_of(f, second), PB_MOVABLE);
	KUNIT_EXPECT_EQ(test, pb_zone_event(zone, PB_HIGHATOMIC_UNRESERVE), 2UL);
	KUNIT_EXPECT_EQ(test, zone->fast_watermark, 0L);
	pt_expect_all_free(test, f);
}

/*
 * A pageblock was reserved a moment ago, and the index still has it under its old type, as while
 * the reserving CPU is between the two. A fallback may find it, and must not convert it.
 */
static void test_fallback_leaves_reserve(struct kunit *test)
{
	struct pt_fixture *f;
	struct pb_zone *zone = gig(test, &f);
	unsigned long index = pb_free_area_find_free(&zone->area[PB_MOVABLE]), pfn;

	KUNIT_ASSERT_NE(test, index, PB_NO_PAGEBLOCK);
	pfn = pb_pageblock_pfn(zone, index);
	atomic_long_add(PB_PAGEBLOCK_NR, &zone->nr_reserved_highatomic);
	KUNIT_ASSERT_TRUE(test, pb_entry_set_migratetype(pb_dir_entry(&f->pool, pfn),
							 PB_HIGHATOMIC));
	pt_claim_pageblock(zone, 0, PB_UNMOVABLE, PB_ALLOC_WMARK_MIN);
	KUNIT_EXPECT_EQ(test, type_of(f, pfn), PB_HIGHATOMIC);
	KUNIT_EXPECT_EQ(test, counted(f, zone), reserved(zone));
	KUNIT_EXPECT_TRUE(test, unreserve(f, true));
	pt_expect_all_free(test, f);
}

/* Threads reserve and unreserve at once: the count stays right and within the limit. */
struct tug {
	struct pt_fixture	*f;
	struct pb_zone		*zone;
	unsigned long		rounds;
	atomic_long_t		wrong;
};

static void reserve_and_not(void *arg, unsigned int n)
{
	struct pt_rand r = { .state = pt_seed + n };
	unsigned long i, held[4] = { }, k;
	struct tug *tug = arg;

	for (i = 0; i < tug->rounds; i++) {
		k = pt_below(&r, 4);
		if (held[k] && pb_free(&tug->f->pool, held[k] - 1, 4))
			atomic_long_inc(&tug->wrong);
		held[k] = alloc_atomic(tug->f, 4) + 1;
		if (!held[k])
			atomic_long_inc(&tug->wrong);
		if (pt_below(&r, 3) == 0)
			unreserve(tug->f, pt_below(&r, 2));
		if (reserved(tug->zone) > MOST || reserved(tug->zone) < 0)
			atomic_long_inc(&tug->wrong);
	}
	for (k = 0; k < 4; k++)
		if (held[k] && pb_free(&tug->f->pool, held[k] - 1, 4))
			atomic_long_inc(&tug->wrong);
}

static void test_concurrent_reserve(struct kunit *test)
{
	struct tug *tug = kunit_kzalloc(test, sizeof(*tug), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, tug);
	tug->zone = gig(test, &tug->f);
	tug->rounds = pt_rounds * 100;
	KUNIT_ASSERT_EQ(test, pt_run_threads(pt_nr_cpus(), reserve_and_not, tug), 0);
	KUNIT_EXPECT_EQ(test, atomic_long_read(&tug->wrong), 0L);
	KUNIT_EXPECT_EQ(test, counted(tug->f, tug->zone), reserved(tug->zone));
	KUNIT_EXPECT_GT(test, pb_zone_event(tug->zone, PB_HIGHATOMIC_UNRESERVE), 0UL);
	pt_expect_all_free(test, tug->f);
	while (unreserve(tug->f, true))
		;
	KUNIT_EXPECT_EQ(test, reserved(tug->zone), 0L);
}

/*
 * The free pages of the reserve are counted, whatever changes them: pages that come from a cache
 * after the pageblock was reserved, allocations, and the end of the reservation.
 */
static void test_free_pages_are_counted(struct kunit *test)
{
	struct pt_fixture *f;
	struct pb_zone *zone = gig(test, &f);
	unsigned long first = pt_alloc_mt(f, 0, PB_UNMOVABLE), cached, pfn;
	long free;

	KUNIT_ASSERT_NE(test, first, PB_NO_PFN);
	cached = pt_alloc_mt(f, 0, PB_UNMOVABLE);
	KUNIT_ASSERT_EQ(test, cached >> PB_PAGEBLOCK_ORDER, first >> PB_PAGEBLOCK_ORDER);
	preempt_disable();
	pb_highatomic_reserve(zone, first, 0);
	preempt_enable();
	pt_free(test, f, cached, 0);
	pb_pcp_drain_local(&f->pool);
	free = atomic_long_read(&zone->nr_free_highatomic);
	KUNIT_EXPECT_EQ(test, free, (long)PB_PAGEBLOCK_NR - 1);
	KUNIT_EXPECT_EQ(test, pb_zone_floor(zone, 1, PB_ZONE_NORMAL, PB_ALLOC_WMARK_MIN), free);
	pt_verify(test, f, NULL);
	pfn = alloc_atomic(f, 3);
	KUNIT_EXPECT_EQ(test, pfn >> PB_PAGEBLOCK_ORDER, first >> PB_PAGEBLOCK_ORDER);
	KUNIT_EXPECT_EQ(test, atomic_long_read(&zone->nr_free_highatomic), free - 8);
	KUNIT_EXPECT_TRUE(test, unreserve(f, true));
	KUNIT_EXPECT_EQ(test, atomic_long_read(&zone->nr_free_highatomic), 0L);
	pt_free(test, f, pfn, 3);
	pt_free(test, f, first, 0);
	pt_expect_all_free(test, f);
}

/*
 * An update that found the old type for the class, and the new one for the count, and then lost
 * the pageblock to a CPU that ended the reservation, leaves a count without a reservation.
 */
static void test_count_without_class(struct kunit *test)
{
	struct pt_fixture *f;
	struct pb_zone *zone = gig(test, &f);
	unsigned long index = pb_free_area_find_free(&zone->area[PB_MOVABLE]);

	preempt_disable();
	zone->free_highatomic[index] = 384;
	atomic_long_add(384, &zone->nr_free_highatomic);
	pb_index_update_isolated(zone, index);
	preempt_enable();
	KUNIT_EXPECT_EQ(test, atomic_long_read(&zone->nr_free_highatomic), 0L);
	pt_verify(test, f, NULL);
}

static struct kunit_case highatomic_cases[] = {
	KUNIT_CASE(test_success_reserves),
	KUNIT_CASE(test_others_reserve_nothing),
	KUNIT_CASE(test_limit),
	KUNIT_CASE(test_large_blocks),
	KUNIT_CASE(test_kept_from_others),
	KUNIT_CASE(test_unreserve),
	KUNIT_CASE(test_fallback_leaves_reserve),
	KUNIT_CASE(test_free_pages_are_counted),
	KUNIT_CASE(test_count_without_class),
	KUNIT_CASE(test_concurrent_reserve),
	{}
};

static struct kunit_suite highatomic_suite = {
	.name = "pbuddy_highatomic",
	.init = pt_init,
	.exit = pt_exit,
	.test_cases = highatomic_cases,
};

kunit_test_suite(highatomic_suite);
