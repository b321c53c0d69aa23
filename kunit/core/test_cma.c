// SPDX-License-Identifier: GPL-2.0-only
/*
 * Contiguous areas and the per-CPU caches: requests that may use the areas get their free pages
 * where mm/ has them in __rmqueue(), whichever path serves them, and other requests get none.
 * test_fallback.c tests the full allocation path.
 */
#include "core/base/pfn.h"
#include "core/cache/fastpath.h"
#include "core/zone/apart.h"
#include "core/zone/fallback.h"
#include "core/zone/zone.h"
#include "fixture.h"
#include "threads.h"
#include "zeroed_lists.h"

#define AREA	PT_PAGEBLOCK(2053)	/* of pt_cma */

static const struct pb_range many[] = {
	PT_RANGE(1024, 504, 0, NORMAL),
	{ .start_pfn = PT_PAGEBLOCK(1528), .nr_pages = PT_PAGEBLOCK(8), .type = PB_ZONE_NORMAL,
	  .cma = true },
};

/* Large enough for clusters (cluster.c) on a few CPUs. */
static const struct pt_layout pt_many_cma = {
	.name = "many pageblocks and a contiguous area", .ranges = many,
	.nr_ranges = ARRAY_SIZE(many), .nr_nodes = 1,
};

static const struct pb_range half[] = {
	PT_RANGE(1024, 16, 0, NORMAL),
	{ .start_pfn = PT_PAGEBLOCK(1040), .nr_pages = PT_PAGEBLOCK(16), .type = PB_ZONE_NORMAL,
	  .cma = true },
};

/* An area that has half of the free pages, in a zone large enough for credits (free_count.h). */
static const struct pt_layout pt_half_cma = {
	.name = "half a contiguous area", .ranges = half, .nr_ranges = ARRAY_SIZE(half),
	.nr_nodes = 1,
};

static void zero(struct pb_pool *pool, unsigned long pfn, unsigned long nr_pages)
{
}

static long free_cma(struct pb_zone *zone)
{
	return atomic_long_read(&zone->nr_free_cma);
}

/* Refills the empty list of a plain request and allocates from it, or PB_NO_PFN. */
static unsigned long refill(struct pb_zone *zone, unsigned int order, enum pb_migratetype mt,
			    bool *zeroed)
{
	struct pb_pcp *pcp = pb_this_cpu_ptr(zone->pcp);

	return pb_pcp_enter(pcp) ? pb_alloc_refill_leave_section(pcp, order, mt, zeroed) :
				   PB_NO_PFN;
}

/* A plain request, as the API makes it: from this CPU's cache, refilled, else by the full path. */
static unsigned long alloc_plain(struct pb_zone *zone, unsigned int order, enum pb_migratetype mt,
				 bool *zeroed)
{
	struct pb_request rq = pt_rq(order, mt, 0);
	bool other = false;
	unsigned long pfn;

	preempt_disable();
	pfn = pb_alloc_cached(pb_this_cpu_ptr(zone->pcp), order, mt, zeroed, zeroed ?: &other);
	preempt_enable();
	if (pfn != PB_NO_PFN)
		return pfn;
	rq.zeroed = zeroed;
	rq.flags = PB_ALLOC_NOFRAGMENT | (mt == PB_MOVABLE ? PB_ALLOC_CMA : PB_ALLOC_FLAG(0));
	return pb_alloc(zone->pool, &rq, NULL);
}

/* Gives the first @nr pageblocks outside of the area another type; they are free again. */
static void make_unmovable(struct kunit *test, struct pt_fixture *f, unsigned long nr)
{
	struct pb_zone *zone = pt_zone(f, 0, PB_ZONE_NORMAL);
	unsigned long i;
	bool done;

	for (i = 0; i < nr; i++) {
		preempt_disable();
		done = pb_fallback_claim_free(zone, 0, i, PB_MOVABLE, PB_UNMOVABLE);
		preempt_enable();
		KUNIT_ASSERT_TRUE(test, done);
	}
}

/*
 * All movable blocks of one pageblock and of the area: no pageblock changes its type. One CPU
 * allocates them, as those in the list of another one are not at hand.
 */
static void expect_no_claim(struct kunit *test, struct pb_zone *zone, unsigned int order)
{
	unsigned long claims = pb_zone_event(zone, PB_FALLBACK_CLAIM), pages, i, failed = 0;
	bool large = order > PB_PAGEBLOCK_ORDER;

	pages = large ? 1UL << order : PB_PAGEBLOCK_NR + zone->cma_pages;
	preempt_disable();
	for (i = 0; i < pages >> order; i++)
		failed += alloc_plain(zone, order, PB_MOVABLE, NULL) == PB_NO_PFN;
	preempt_enable();
	KUNIT_EXPECT_EQ(test, failed, 0UL);
	KUNIT_EXPECT_EQ_MSG(test, pb_zone_event(zone, PB_FALLBACK_CLAIM), claims, "order %u",
			    order);
	KUNIT_EXPECT_EQ(test, pb_zone_event(zone, PB_FALLBACK_STEAL), 0UL);
	KUNIT_EXPECT_EQ(test, free_cma(zone), large ? (long)PB_PAGEBLOCK_NR : 0L);
	KUNIT_EXPECT_NE(test, alloc_plain(zone, order, PB_MOVABLE, NULL), PB_NO_PFN);
	KUNIT_EXPECT_EQ(test, pb_zone_event(zone, PB_FALLBACK_CLAIM), claims + 1);
}

/* Plain requests of any order: the area comes before pageblocks of another type. */
static void test_before_other_types(struct kunit *test)
{
	static const unsigned int orders[] = { 0, 3, 5, 6, 8, 9, 10 };
	struct pt_fixture *f;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(orders); i++) {
		f = pt_pool(test, &pt_cma);
		make_unmovable(test, f, 4);
		expect_no_claim(test, pt_zone(f, 0, PB_ZONE_NORMAL), orders[i]);
		pt_verify(test, f, NULL);
	}
}

/* The same where each CPU may have pageblocks of its own. */
static void test_before_own_pageblocks(struct kunit *test)
{
	struct pt_fixture *f = pt_pool(test, &pt_many_cma);

	make_unmovable(test, f, 503);
	expect_no_claim(test, pt_zone(f, 0, PB_ZONE_NORMAL), 0);
	pt_verify(test, f, NULL);
}

/* The same where each CPU may have a word for itself, in which others are free. */
static void test_before_own_word(struct kunit *test)
{
	struct pt_fixture *f = pt_pool(test, &pt_many_cma);
	struct pb_zone *zone = pt_zone(f, 0, PB_ZONE_NORMAL);
	int cpu;

	if (pb_nr_cpus() == 1)
		kunit_skip(test, "one CPU");
	make_unmovable(test, f, 503);
	zone->credit_shift = 3;
	KUNIT_ASSERT_TRUE(test, pb_cpus_may_have_words(zone));
	pb_for_each_cpu(cpu)
		pb_per_cpu_ptr(zone->pcp, cpu)->cluster[PB_MOVABLE] = 1;
	expect_no_claim(test, zone, 0);
	pt_verify(test, f, NULL);
}

/* The same for zeroed memory, for all requests that may use the area, and for no others. */
static void test_before_zeroed(struct kunit *test)
{
	struct pt_fixture *f = pt_pool(test, &pt_cma);
	struct pb_zone *zone = pt_zone(f, 0, PB_ZONE_NORMAL);
	struct pb_request rq = pt_rq(PB_PAGEBLOCK_ORDER, PB_UNMOVABLE, 0);
	unsigned long i, pfn;
	bool zeroed = false;

	make_unmovable(test, f, 4);
	f->pool.ops.zero = zero;
	f->pool.prezero_percent = 100;
	KUNIT_ASSERT_EQ(test, pt_prezero(zone, ULONG_MAX), 8UL);
	for (i = 0; i < PB_PAGEBLOCK_NR; i++)
		alloc_plain(zone, 0, PB_MOVABLE, &zeroed);
	KUNIT_EXPECT_EQ(test, pb_zone_event(zone, PB_FALLBACK_CLAIM), 4UL);
	pfn = alloc_plain(zone, 0, PB_MOVABLE, &zeroed);
	KUNIT_EXPECT_GE(test, pfn, AREA);
	KUNIT_EXPECT_EQ(test, pb_zone_event(zone, PB_FALLBACK_CLAIM), 4UL);
	pt_free(test, f, pfn, 0);
	/* A contiguous buffer may be of any type. */
	rq.migratetype = PB_RECLAIMABLE;
	rq.zeroed = &zeroed;
	rq.flags = PB_ALLOC_CMA;
	pfn = pb_alloc(&f->pool, &rq, NULL);
	KUNIT_EXPECT_GE(test, pfn, AREA);
	KUNIT_EXPECT_NE(test, pfn, PB_NO_PFN);
	KUNIT_EXPECT_EQ(test, pb_zone_event(zone, PB_FALLBACK_CLAIM), 4UL);
	rq.flags = PB_ALLOC_WMARK_MIN;
	KUNIT_EXPECT_LT(test, pb_alloc(&f->pool, &rq, NULL), AREA);
	KUNIT_EXPECT_EQ(test, pb_zone_event(zone, PB_FALLBACK_CLAIM), 5UL);
	pt_verify(test, f, NULL);
}

/* The area has over half of the free pages when an empty list is to be refilled. */
static bool area_is_next(struct pb_zone *zone, unsigned int order)
{
	const struct pb_pcp_list *list = pb_pcp_list(here(zone), order, PB_MOVABLE);

	return !list->n && !list->mask && free_cma(zone) > pb_zone_free_pages(zone) / 2;
}

/*
 * While the area has over half of the free pages, no list is refilled. What a list has is handed
 * out all the same, as in mm/.
 */
static void test_balance(struct kunit *test)
{
	static const unsigned int orders[] = { 0, 3, 6, 9 };
	unsigned int i, own, done, nr, order;
	struct pt_fixture *f;
	struct pb_zone *zone;
	bool expected, in_area;
	unsigned long pfn;

	for (i = 0; i < ARRAY_SIZE(orders); i++) {
		order = orders[i];
		nr = (8 * PB_PAGEBLOCK_NR) >> order;
		f = pt_pool(test, &pt_half_cma);
		zone = pt_zone(f, 0, PB_ZONE_NORMAL);
		preempt_disable();
		for (done = 0, own = 0; done < nr; done++) {
			expected = area_is_next(zone, order);
			pfn = alloc_plain(zone, order, PB_MOVABLE, NULL);
			in_area = pfn >= half[1].start_pfn;
			if (in_area != expected)
				break;
			own += !expected;
		}
		preempt_enable();
		KUNIT_EXPECT_EQ_MSG(test, done, nr, "order %u", order);
		KUNIT_EXPECT_GT(test, own, 0U);
		KUNIT_EXPECT_LT(test, own, done);
		pt_verify(test, f, NULL);
	}
}

/* The same for the bulk call, with the right and without it. */
static void test_balance_in_bulk(struct kunit *test)
{
	struct pt_fixture *f = pt_pool(test, &pt_cma);
	struct pb_zone *zone = pt_zone(f, 0, PB_ZONE_NORMAL);
	struct pb_request rq = pt_rq(0, PB_MOVABLE, 0);
	unsigned long pfns[32], i;

	for (i = 0; i < 3; i++)
		KUNIT_ASSERT_NE(test, pt_alloc(f, PB_PAGEBLOCK_ORDER), PB_NO_PFN);
	pt_drain_all(&f->pool);
	rq.flags = PB_ALLOC_CMA;
	KUNIT_ASSERT_EQ(test, pb_alloc_bulk(&f->pool, &rq, 32, pfns, NULL), 32UL);
	for (i = 0; i < 32; i++)
		KUNIT_EXPECT_GE(test, pfns[i], AREA);
	KUNIT_EXPECT_EQ(test, free_cma(zone), (long)PT_PAGEBLOCK(3) - 32);
	rq.flags = PB_ALLOC_WMARK_MIN;
	KUNIT_ASSERT_EQ(test, pb_alloc_bulk(&f->pool, &rq, 32, pfns, NULL), 32UL);
	for (i = 0; i < 32; i++)
		KUNIT_EXPECT_LT(test, pfns[i], AREA);
	KUNIT_EXPECT_EQ(test, free_cma(zone), (long)PT_PAGEBLOCK(3) - 32);
}

/* Plain requests of other types refill, and convert pageblocks, although the area is free. */
static void test_other_types_refill(struct kunit *test)
{
	struct pt_fixture *f = pt_pool(test, &pt_cma);
	struct pb_zone *zone = pt_zone(f, 0, PB_ZONE_NORMAL);
	unsigned long i, pfn;

	for (i = 0; i < 3; i++)
		KUNIT_ASSERT_NE(test, pt_alloc(f, PB_PAGEBLOCK_ORDER), PB_NO_PFN);
	pt_drain_all(&f->pool);
	KUNIT_ASSERT_GT(test, free_cma(zone), pb_zone_free_pages(zone) / 2);
	preempt_disable();
	pfn = refill(zone, 0, PB_UNMOVABLE, NULL);
	preempt_enable();
	KUNIT_EXPECT_LT(test, pfn, AREA);
	KUNIT_EXPECT_EQ(test, pb_zone_event(zone, PB_FALLBACK_CLAIM), 1UL);
}

/*
 * Blocks of the area are in no list: what a request with the right has freed is not handed out to
 * those without, which share its lists and use up all other pages.
 */
static void test_not_cached(struct kunit *test)
{
	unsigned int order, mt;

	for (order = 0; order <= PB_PAGEBLOCK_ORDER; order += 3) {
		for (mt = 0; mt < PB_PCPTYPES; mt++) {
			struct pt_fixture *f = pt_pool(test, &pt_cma);
			struct pb_zone *zone = pt_zone(f, 0, PB_ZONE_NORMAL);
			struct pb_request rq = pt_rq(order, mt, 0);
			unsigned long *pfns, *others, n, i;

			KUNIT_ASSERT_EQ(test, pt_fill(test, f, order, mt, &others),
					PT_PAGEBLOCK(5) >> order);
			n = free_cma(zone) >> order;
			KUNIT_EXPECT_EQ(test, n, PT_PAGEBLOCK(3) >> order);
			pfns = kunit_kcalloc(test, n, sizeof(*pfns), GFP_KERNEL);
			KUNIT_ASSERT_NOT_NULL(test, pfns);
			rq.flags = PB_ALLOC_CMA;
			for (i = 0; i < n; i++)
				pfns[i] = pb_alloc(&f->pool, &rq, NULL);
			for (i = 0; i < n; i++) {
				KUNIT_ASSERT_NE(test, pfns[i], PB_NO_PFN);
				KUNIT_EXPECT_FALSE(test, pb_free_fast(&f->pool, pfns[i], order));
				pt_free(test, f, pfns[i], order);
			}
			KUNIT_EXPECT_EQ(test, free_cma(zone), (long)PT_PAGEBLOCK(3));
			rq.flags = PB_ALLOC_WMARK_MIN;
			KUNIT_EXPECT_EQ(test, pb_alloc(&f->pool, &rq, NULL), PB_NO_PFN);
			KUNIT_EXPECT_EQ(test, pb_alloc_bulk(&f->pool, &rq, n, pfns, NULL), 0UL);
		}
	}
}

static struct kunit_case cma_cases[] = {
	KUNIT_CASE(test_before_other_types),
	KUNIT_CASE(test_before_own_pageblocks),
	KUNIT_CASE(test_before_own_word),
	KUNIT_CASE(test_before_zeroed),
	KUNIT_CASE(test_balance),
	KUNIT_CASE(test_balance_in_bulk),
	KUNIT_CASE(test_other_types_refill),
	KUNIT_CASE(test_not_cached),
	{}
};

static struct kunit_suite cma_suite = {
	.name = "pbuddy_cma",
	.init = pt_init,
	.exit = pt_exit,
	.test_cases = cma_cases,
};

kunit_test_suite(cma_suite);
