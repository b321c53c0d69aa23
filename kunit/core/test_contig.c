// SPDX-License-Identifier: GPL-2.0-only
/*
 * contig.c: ranges of any number of pages, allocated as single frames without a free tail; and
 * splitting a block into single frames. The cases check the order of every frame, free a range
 * as a whole, in parts or frame by frame, and expect free pageblocks in the end.
 * test_contig_nofail.c has ranges that must not fail.
 */
#include "core/base/pfn.h"
#include "core/pool/stat.h"
#include "core/zone/zone.h"
#include "fixture.h"
#include "params.h"
#include "threads.h"

static const unsigned long counts[] = {
	1, 2, 3, 5, 63, 64, 65, 100, 127, 128, 129, 255, 256, 257, 511, 512, 513, 1000, 1024, 1025,
	2048, 3000, 4095, 4096, 70001, 131072, 262144, 262145, 266239, 266240,
};

static void describe_count(const unsigned long *count, char *desc)
{
	snprintf(desc, KUNIT_PARAM_DESC_SIZE, "%lu pages", *count);
}

KUNIT_ARRAY_PARAM(counts, counts, describe_count);

static unsigned long contig(struct pt_fixture *f, unsigned long nr, enum pb_reason *reason)
{
	struct pb_request rq = pt_rq(0, PB_MOVABLE, 0);

	rq.flags = PB_ALLOC_WAIT;
	return pb_alloc_contig(&f->pool, &rq, nr, reason);
}

/*
 * Exactly the requested pages are allocated, each with order 0. The rest of the last block is
 * free.
 */
static void test_any_count(struct kunit *test)
{
	unsigned long nr = *(const unsigned long *)test->param_value, pfn, i;
	struct pt_fixture *f = pt_pool(test, &pt_gig);
	unsigned long align = nr <= PB_PAGEBLOCK_NR ? 1UL << order_base_2(nr) :
			      is_power_of_2(nr) ? nr : PB_PAGEBLOCK_NR;

	pfn = contig(f, nr, NULL);
	KUNIT_ASSERT_NE(test, pfn, PB_NO_PFN);
	KUNIT_EXPECT_TRUE(test, IS_ALIGNED(pfn, align));
	for (i = 0; i < nr; i++) {
		KUNIT_ASSERT_TRUE(test, pt_own(test, f, pfn + i, 1));
		KUNIT_ASSERT_EQ(test, pb_page_order(&f->pool, pfn + i), 0);
	}
	pt_expect_allocated(test, f, nr);
	KUNIT_EXPECT_EQ(test, pb_zone_event(pt_zone(f, 0, PB_ZONE_NORMAL), PB_PGALLOC), nr);
	KUNIT_EXPECT_EQ(test, pb_free_contig(&f->pool, pfn, nr), PB_BAD_NONE);
	KUNIT_EXPECT_EQ(test, pb_zone_event(pt_zone(f, 0, PB_ZONE_NORMAL), PB_PGFREE), nr);
	pt_expect_all_free(test, f);
}

/* Other requests can allocate the rest of the pageblock at once. */
static void test_tail_is_usable(struct kunit *test)
{
	struct pt_fixture *f = pt_pool(test, &pt_one_pageblock);
	unsigned long *pfns;

	KUNIT_ASSERT_NE(test, contig(f, 300, NULL), PB_NO_PFN);
	KUNIT_EXPECT_EQ(test, pt_fill(test, f, 0, PB_MOVABLE, &pfns), 212UL);
}

/* The pageblocks outside of the contiguous area are in use; the request may not sleep. */
static void test_contiguous_area(struct kunit *test)
{
	static const unsigned long nr_pages[] = { 100, 512, 513, 1000, 1024, 1536 };
	struct pt_fixture *f = pt_pool(test, &pt_cma);
	struct pb_zone *zone = pt_zone(f, 0, PB_ZONE_NORMAL);
	struct pb_request rq = pt_rq(0, PB_UNMOVABLE, 0);
	unsigned long *pfns, pfn;
	unsigned int i;

	KUNIT_ASSERT_EQ(test, pt_fill(test, f, 9, PB_UNMOVABLE, &pfns), 5UL);
	for (i = 0; i < ARRAY_SIZE(nr_pages); i++) {
		KUNIT_EXPECT_EQ(test, pb_alloc_contig(&f->pool, &rq, nr_pages[i], NULL), PB_NO_PFN);
		rq.flags |= PB_ALLOC_CMA;
		pfn = pb_alloc_contig(&f->pool, &rq, nr_pages[i], NULL);
		rq.flags &= ~PB_ALLOC_CMA;
		KUNIT_ASSERT_NE(test, pfn, PB_NO_PFN);
		KUNIT_EXPECT_EQ(test, (unsigned long)atomic_long_read(&zone->nr_free_cma),
				PT_PAGEBLOCK(3) - nr_pages[i]);
		KUNIT_EXPECT_EQ(test, pb_free_contig(&f->pool, pfn, nr_pages[i]), PB_BAD_NONE);
	}
	pt_verify(test, f, NULL);
}

/* Every length is aligned to every order, and only its pages are allocated. */
static void test_aligned(struct kunit *test)
{
	unsigned long nr = *(const unsigned long *)test->param_value, pfn;
	struct pt_fixture *f = pt_pool(test, &pt_gig);
	struct pb_request rq = pt_rq(0, PB_MOVABLE, 0);

	for (rq.align_order = 0; rq.align_order <= PB_MAX_ORDER; rq.align_order++) {
		pfn = pb_alloc_contig(&f->pool, &rq, nr, NULL);
		if (nr > PT_PAGEBLOCK(515) && rq.align_order > PB_PAGEBLOCK_ORDER) {
			/* It fits only at the first pageblock, number 1019. */
			KUNIT_EXPECT_EQ(test, pfn, PB_NO_PFN);
			continue;
		}
		KUNIT_ASSERT_NE(test, pfn, PB_NO_PFN);
		KUNIT_EXPECT_TRUE(test, IS_ALIGNED(pfn, 1UL << rq.align_order));
		pt_expect_allocated(test, f, nr);
		KUNIT_EXPECT_EQ(test, pb_free_contig(&f->pool, pfn, nr), PB_BAD_NONE);
	}
	KUNIT_EXPECT_EQ(test, pb_alloc_contig(&f->pool, &rq, nr, NULL), PB_NO_PFN);
	pt_expect_all_free(test, f);
}

/* Free blocks of a length's order, at a larger alignment. */
static const struct hole {
	unsigned long	nr;
	unsigned int	align_order;
} holes[] = {
	{ 1, 1 }, { 1, 9 }, { 2, 6 }, { 3, 5 }, { 2, 10 }, { 33, 7 }, { 64, 8 }, { 64, 9 },
	{ 200, 9 }, { 256, 10 }, { 512, 10 }, { 300, 11 },
};

static void describe_hole(const struct hole *hole, char *desc)
{
	snprintf(desc, KUNIT_PARAM_DESC_SIZE, "%lu pages at order %u", hole->nr, hole->align_order);
}

KUNIT_ARRAY_PARAM(holes, holes, describe_hole);

/* No block of the alignment's order is free: all holes of the length at that alignment serve. */
static void test_aligned_holes(struct kunit *test)
{
	const struct hole *hole = test->param_value;
	unsigned long *pfns, align = 1UL << hole->align_order, n, i, nr_holes = 0, used = 0, pfn;
	unsigned int order = order_base_2(hole->nr);
	struct pt_fixture *f = pt_pool(test, &pt_small);
	struct pb_request rq = pt_rq(0, PB_UNMOVABLE, 0);
	enum pb_reason reason;

	n = pt_fill(test, f, order, PB_MOVABLE, &pfns);
	for (i = 0; i < n; i++) {
		if (IS_ALIGNED(pfns[i], align))
			nr_holes++;
		else if (i % 3 || IS_ALIGNED(pfns[i], align / 2))
			continue;	/* every third of the others is free, too */
		pt_free(test, f, pfns[i], order);
	}
	pt_drain_all(&f->pool);
	KUNIT_ASSERT_GT(test, nr_holes, 0UL);
	rq.align_order = hole->align_order;
	while ((pfn = pb_alloc_contig(&f->pool, &rq, hole->nr, &reason)) != PB_NO_PFN) {
		KUNIT_ASSERT_TRUE(test, IS_ALIGNED(pfn, align));
		KUNIT_ASSERT_TRUE(test, pt_own(test, f, pfn, hole->nr));
		used++;
	}
	KUNIT_EXPECT_EQ(test, used, nr_holes);
	pt_verify(test, f, NULL);
}

static enum pb_migratetype type_of(struct pt_fixture *f, unsigned long pfn)
{
	return pb_entry_migratetype(pb_dir_entry(&f->pool, pfn)->value);
}

/*
 * The watermark grants the pages, but not the block that they are cut from: no pageblock changes
 * its type, and the reason is the watermark.
 */
static void test_refusal_converts_nothing(struct kunit *test)
{
	struct pt_fixture *f = pt_pool(test, &pt_small);
	struct pb_zone *zone = pt_zone(f, 0, PB_ZONE_NORMAL);
	struct pb_request rq = pt_rq(0, PB_UNMOVABLE, 0);
	enum pb_reason reason;
	unsigned long i;

	pt_set_watermark(zone, PB_WMARK_MIN, f->pages - 100);
	KUNIT_EXPECT_EQ(test, pb_alloc_contig(&f->pool, &rq, 65, &reason), PB_NO_PFN);
	KUNIT_EXPECT_EQ(test, reason, PB_REASON_WATERMARK);
	KUNIT_EXPECT_EQ(test, pb_zone_event(zone, PB_FALLBACK_CLAIM), 0UL);
	for (i = 0; i < 8; i++)
		KUNIT_EXPECT_EQ(test, type_of(f, PT_PAGEBLOCK(2048 + i)), PB_MOVABLE);
	pt_set_watermark(zone, PB_WMARK_MIN, 0);
	pt_expect_all_free(test, f);
}

static void test_freed_one_by_one(struct kunit *test)
{
	struct pt_fixture *f = pt_pool(test, &pt_small);
	unsigned long pfn = contig(f, 777, NULL), i;

	KUNIT_ASSERT_NE(test, pfn, PB_NO_PFN);
	for (i = 0; i < 777; i += 2)
		pt_free(test, f, pfn + i, 0);
	for (i = 1; i < 777; i += 2)
		pt_free(test, f, pfn + i, 0);
	pt_expect_all_free(test, f);
}

static void test_freed_in_parts(struct kunit *test)
{
	struct pt_fixture *f = pt_pool(test, &pt_small);
	unsigned long pfn = contig(f, 2000, NULL);

	KUNIT_ASSERT_NE(test, pfn, PB_NO_PFN);
	KUNIT_EXPECT_EQ(test, pb_free_contig(&f->pool, pfn + 700, 650), PB_BAD_NONE);
	pt_expect_allocated(test, f, 1350);
	KUNIT_EXPECT_EQ(test, pb_free_contig(&f->pool, pfn, 700), PB_BAD_NONE);
	KUNIT_EXPECT_EQ(test, pb_free_contig(&f->pool, pfn + 1350, 650), PB_BAD_NONE);
	KUNIT_EXPECT_EQ(test, pb_free_contig(&f->pool, pfn, 0), PB_BAD_NONE);
	pt_expect_all_free(test, f);
}

/* A frame of the range that is already free is reported once; the others are freed. */
static void test_free_over_a_freed_frame(struct kunit *test)
{
	struct pt_fixture *f = pt_pool(test, &pt_small);
	unsigned long pfn = contig(f, 600, NULL);

	pt_free(test, f, pfn + 77, 0);
	KUNIT_EXPECT_EQ(test, pb_free_contig(&f->pool, pfn, 600), PB_BAD_DOUBLE);
	pt_expect_bad(test, f, PB_BAD_DOUBLE, pfn + 77);
	pt_expect_all_free(test, f);
}

static void test_free_over_a_block(struct kunit *test)
{
	struct pt_fixture *f = pt_pool(test, &pt_one_pageblock);
	unsigned long pfn = pt_alloc(f, 3);

	KUNIT_EXPECT_EQ(test, pb_free_contig(&f->pool, pfn, 1), PB_BAD_ORDER);
	pt_expect_bad(test, f, PB_BAD_ORDER, pfn);
	pt_expect_allocated(test, f, 8);
}

static void test_free_past_the_end(struct kunit *test)
{
	struct pt_fixture *f = pt_pool(test, &pt_one_pageblock);
	unsigned long pfn = contig(f, 512, NULL);

	KUNIT_ASSERT_NE(test, pfn, PB_NO_PFN);
	KUNIT_EXPECT_EQ(test, pb_free_contig(&f->pool, pfn, 513), PB_BAD_FOREIGN);
	pt_expect_bad(test, f, PB_BAD_FOREIGN, pfn + 512);
	pt_expect_all_free(test, f);
	/* A range that wraps around is reported and nothing is freed. */
	pfn = contig(f, 10, NULL);
	KUNIT_EXPECT_EQ(test, pb_free_contig(&f->pool, pfn, ~0UL), PB_BAD_FOREIGN);
	KUNIT_EXPECT_EQ(test, atomic_read(&f->nr_bad[PB_BAD_FOREIGN]), 1);
	atomic_set(&f->nr_bad[PB_BAD_FOREIGN], 0);
	pt_expect_allocated(test, f, 10);
}

struct refusal {
	const char *name;
	unsigned long nr;
	enum pb_reason reason;
};

/* pt_holes: the longest run is three pageblocks, the largest zone has eight. */
static const struct refusal refusals[] = {
	{ "no pages", 0, PB_REASON_LIMIT },
	{ "longer than any run", 4 * 512, PB_REASON_FRAGMENTATION },
	{ "more than the zone", 20 * 512, PB_REASON_LIMIT },
	{ "2^62 pages", 1UL << 62, PB_REASON_LIMIT },
	{ "2^63 pages", 1UL << 63, PB_REASON_LIMIT },
	{ "2^64 - 1 pages", ~0UL, PB_REASON_LIMIT },
};

static void describe_refusal(const struct refusal *refusal, char *desc)
{
	snprintf(desc, KUNIT_PARAM_DESC_SIZE, "%s", refusal->name);
}

KUNIT_ARRAY_PARAM(refusals, refusals, describe_refusal);

static void test_refused(struct kunit *test)
{
	const struct refusal *refusal = test->param_value;
	struct pt_fixture *f = pt_pool(test, &pt_holes);
	enum pb_reason reason = PB_REASON_NONE;

	KUNIT_EXPECT_EQ(test, contig(f, refusal->nr, &reason), PB_NO_PFN);
	KUNIT_EXPECT_EQ(test, reason, refusal->reason);
	KUNIT_EXPECT_EQ(test, contig(f, refusal->nr, NULL), PB_NO_PFN);
	pt_expect_all_free(test, f);
}

/* The longest ranges, across the end of a directory section and between pageblocks in use. */
static void test_across_a_section(struct kunit *test)
{
	struct pt_fixture *f = pt_pool(test, &pt_holes);
	unsigned long first = contig(f, 1500, NULL), second = contig(f, 1500, NULL);

	KUNIT_EXPECT_EQ(test, min(first, second), PT_PAGEBLOCK(1027));
	KUNIT_EXPECT_EQ(test, max(first, second), PT_PAGEBLOCK(1535));
	KUNIT_EXPECT_EQ(test, contig(f, 1500, NULL), PB_NO_PFN);
	KUNIT_EXPECT_NE(test, contig(f, 1024, NULL), PB_NO_PFN);
}

static unsigned int reclaims, growths;

static unsigned long count_reclaims(struct pb_pool *pool, const struct pb_request *rq,
				    int priority, unsigned long nr_pages)
{
	reclaims++;
	return 0;
}

static unsigned long count_growths(struct pb_pool *pool, const struct pb_request *rq,
				   unsigned long nr_pages)
{
	growths++;
	return 0;
}

/*
 * A range that fits into all zones together, and into none, fails at once: nothing is drained,
 * reclaimed or added for it. What a zone may grow by counts.
 */
static void test_impossible(struct kunit *test)
{
	struct pt_fixture *f = pt_pool(test, &pt_four_nodes);
	struct pb_zone *zone = pt_zone(f, 0, PB_ZONE_NORMAL);
	enum pb_reason reason = PB_REASON_NONE;

	reclaims = 0;
	growths = 0;
	f->pool.ops.reclaim = count_reclaims;
	f->pool.ops.grow = count_growths;
	KUNIT_EXPECT_EQ(test, contig(f, PT_PAGEBLOCK(4) + 1, &reason), PB_NO_PFN);
	KUNIT_EXPECT_EQ(test, reason, PB_REASON_LIMIT);
	KUNIT_EXPECT_EQ(test, reclaims + growths, 0U);
	KUNIT_EXPECT_EQ(test, pb_pool_event(&f->pool, PB_DRAIN_ALL), 0UL);
	zone->growable = PT_PAGEBLOCK(1);
	KUNIT_EXPECT_EQ(test, contig(f, PT_PAGEBLOCK(4) + 1, &reason), PB_NO_PFN);
	KUNIT_EXPECT_GT(test, reclaims, 0U);
	KUNIT_EXPECT_EQ(test, growths, 1U);
	zone->growable = 0;
}

/*
 * A range that needs frames from the CPUs' lists drains them, before anything is reclaimed from
 * users of the pool.
 */
static void test_drains_caches(struct kunit *test)
{
	struct pt_fixture *f = pt_pool(test, &pt_small);
	unsigned long pfn;

	reclaims = 0;
	f->pool.ops.reclaim = count_reclaims;
	pt_free(test, f, pt_alloc(f, 0), 0);
	pfn = contig(f, 4096, NULL);
	KUNIT_EXPECT_EQ(test, pfn, PT_PAGEBLOCK(2048));
	KUNIT_EXPECT_EQ(test, reclaims, 0U);
	KUNIT_EXPECT_EQ(test, contig(f, 64, NULL), PB_NO_PFN);
	KUNIT_EXPECT_GT(test, reclaims, 0U);
}

/* NOFRAGMENT is dropped if the range is not possible with it. */
static void test_nofragment_is_dropped(struct kunit *test)
{
	struct pt_fixture *f = pt_pool(test, &pt_one_pageblock);
	struct pb_request rq = pt_rq(0, PB_UNMOVABLE, 0);

	KUNIT_ASSERT_NE(test, pt_alloc(f, 8), PB_NO_PFN);
	rq.flags = PB_ALLOC_WAIT | PB_ALLOC_NOFRAGMENT;
	KUNIT_EXPECT_NE(test, pb_alloc_contig(&f->pool, &rq, 200, NULL), PB_NO_PFN);
}

static void test_memalloc_is_kept(struct kunit *test)
{
	struct pt_fixture *f = pt_pool(test, &pt_small);
	enum pb_reason reason = PB_REASON_NONE;

	pt_set_watermark(pt_zone(f, 0, PB_ZONE_NORMAL), PB_WMARK_MIN, 100);
	KUNIT_EXPECT_EQ(test, contig(f, 4096 - 50, &reason), PB_NO_PFN);
	KUNIT_EXPECT_EQ(test, reason, PB_REASON_WATERMARK);
	KUNIT_EXPECT_NE(test, contig(f, 4096 - 512, &reason), PB_NO_PFN);
}

/* A reserve lets a range below the watermark, and out of the nodemask. */
static void test_reserve(struct kunit *test)
{
	struct pt_fixture *f = pt_pool(test, &pt_small);
	struct pb_request rq = pt_rq(0, PB_MOVABLE, 0);
	unsigned long nowhere = 0;

	rq.nodemask = &nowhere;
	KUNIT_EXPECT_EQ(test, pb_alloc_contig(&f->pool, &rq, 100, NULL), PB_NO_PFN);
	rq.reserve_flags = PB_ALLOC_NO_WATERMARKS;
	KUNIT_EXPECT_NE(test, pb_alloc_contig(&f->pool, &rq, 100, NULL), PB_NO_PFN);
	rq.nodemask = NULL;
	pt_set_watermark(pt_zone(f, 0, PB_ZONE_NORMAL), PB_WMARK_MIN, f->pages);
	KUNIT_EXPECT_NE(test, pb_alloc_contig(&f->pool, &rq, 100, NULL), PB_NO_PFN);
	rq.reserve_flags = 0;
	KUNIT_EXPECT_EQ(test, pb_alloc_contig(&f->pool, &rq, 100, NULL), PB_NO_PFN);
}

/* A range that the watermark refuses changes the type of no pageblock. */
static void test_refused_keeps_types(struct kunit *test)
{
	struct pt_fixture *f = pt_pool(test, &pt_small);
	struct pb_zone *zone = pt_zone(f, 0, PB_ZONE_NORMAL);
	struct pb_request rq = pt_rq(0, PB_UNMOVABLE, 0);

	pt_set_watermark(zone, PB_WMARK_MIN, f->pages - 50);
	KUNIT_EXPECT_EQ(test, pb_alloc_contig(&f->pool, &rq, 100, NULL), PB_NO_PFN);
	/* Grants the range, but not the block of 128 pages that it is cut from. */
	pt_set_watermark(zone, PB_WMARK_MIN, f->pages - 110);
	KUNIT_EXPECT_EQ(test, pb_alloc_contig(&f->pool, &rq, 100, NULL), PB_NO_PFN);
	KUNIT_EXPECT_EQ(test, pb_zone_event(zone, PB_FALLBACK_CLAIM), 0UL);
}

/* Free pageblocks of several types make a range. */
static void test_of_mixed_types(struct kunit *test)
{
	struct pt_fixture *f = pt_pool(test, &pt_small);
	unsigned long pfns[8], i;

	for (i = 0; i < 8; i++)
		pfns[i] = pt_alloc_mt(f, PB_PAGEBLOCK_ORDER, i % PB_PCPTYPES);
	for (i = 0; i < 8; i++)
		pt_free(test, f, pfns[i], PB_PAGEBLOCK_ORDER);
	pt_drain_all(&f->pool);
	KUNIT_EXPECT_EQ(test, contig(f, 7 * 512 + 1, NULL), PT_PAGEBLOCK(2048));
	/* Not by the scan before the failure. */
	KUNIT_EXPECT_EQ(test, pb_zone_event(pt_zone(f, 0, PB_ZONE_NORMAL), PB_ALLOC_SLOW), 0UL);
}

/* A range with a frame that is in use is not allocated; its other frames are free again. */
static void test_in_use_within_a_range(struct kunit *test)
{
	struct pt_fixture *f = pt_pool(test, &pt_one_pageblock);
	unsigned long used = f->layout->ranges[0].start_pfn + 17;
	struct pb_request rq = pt_rq(0, PB_MOVABLE, 0);

	*pb_order_map(&f->pool, used) = 1;	/* in use, although its free bit is set */
	KUNIT_EXPECT_EQ(test, pb_alloc_contig(&f->pool, &rq, 300, NULL), PB_NO_PFN);
	pt_expect_bad(test, f, PB_BAD_IN_USE, used);
	KUNIT_EXPECT_NE(test, pb_alloc_contig(&f->pool, &rq, 256, NULL), PB_NO_PFN);
	f->broken = true;	/* this frame has no owner */
}

static const unsigned int split_orders[] = { 0, 1, 3, 6, 8, 9, 10, 12, 18 };

static void describe_order(const unsigned int *order, char *desc)
{
	snprintf(desc, KUNIT_PARAM_DESC_SIZE, "order %u", *order);
}

KUNIT_ARRAY_PARAM(split_orders, split_orders, describe_order);

static void test_split(struct kunit *test)
{
	unsigned int order = *(const unsigned int *)test->param_value;
	struct pt_fixture *f = pt_pool(test, &pt_gig);
	unsigned long pfn = pt_alloc(f, order), i;

	KUNIT_ASSERT_NE(test, pfn, PB_NO_PFN);
	KUNIT_EXPECT_EQ(test, pb_split(&f->pool, pfn, order), PB_BAD_NONE);
	pt_expect_allocated(test, f, 1UL << order);
	for (i = 0; i < 1UL << order; i++)
		pt_free(test, f, pfn + i, 0);
	pt_expect_all_free(test, f);
}

/* A wrong pb_split() is reported as the same pb_free() would be, and changes nothing. */
static void test_split_misuse(struct kunit *test)
{
	struct pt_fixture *f = pt_pool(test, &pt_small);
	unsigned long pfn = pt_alloc(f, 4), gone = pt_alloc(f, 4);

	pt_free(test, f, gone, 4);
	KUNIT_EXPECT_EQ(test, pb_split(&f->pool, pfn, 3), PB_BAD_ORDER);
	pt_expect_bad(test, f, PB_BAD_ORDER, pfn);
	KUNIT_EXPECT_EQ(test, pb_split(&f->pool, pfn + 8, 3), PB_BAD_TAIL);
	pt_expect_bad(test, f, PB_BAD_TAIL, pfn + 8);
	KUNIT_EXPECT_EQ(test, pb_split(&f->pool, pfn + 1, 4), PB_BAD_ALIGN);
	pt_expect_bad(test, f, PB_BAD_ALIGN, pfn + 1);
	KUNIT_EXPECT_EQ(test, pb_split(&f->pool, pfn, 19), PB_BAD_ORDER_RANGE);
	pt_expect_bad(test, f, PB_BAD_ORDER_RANGE, pfn);
	KUNIT_EXPECT_EQ(test, pb_split(&f->pool, gone, 4), PB_BAD_DOUBLE);
	pt_expect_bad(test, f, PB_BAD_DOUBLE, gone);
	KUNIT_EXPECT_EQ(test, pb_split(&f->pool, 3, 0), PB_BAD_FOREIGN);
	pt_expect_bad(test, f, PB_BAD_FOREIGN, 3);
	KUNIT_EXPECT_EQ(test, pb_page_order(&f->pool, pfn), 4);
	pt_expect_allocated(test, f, 16);
}

static struct kunit_case contig_cases[] = {
	KUNIT_CASE_PARAM(test_any_count, counts_gen_params),
	KUNIT_CASE_PARAM(test_aligned, counts_gen_params),
	KUNIT_CASE_PARAM(test_aligned_holes, holes_gen_params),
	KUNIT_CASE(test_tail_is_usable),
	KUNIT_CASE(test_contiguous_area),
	KUNIT_CASE(test_refusal_converts_nothing),
	KUNIT_CASE(test_freed_one_by_one),
	KUNIT_CASE(test_freed_in_parts),
	KUNIT_CASE(test_free_over_a_freed_frame),
	KUNIT_CASE(test_free_over_a_block),
	KUNIT_CASE(test_free_past_the_end),
	KUNIT_CASE_PARAM(test_refused, refusals_gen_params),
	KUNIT_CASE(test_across_a_section),
	KUNIT_CASE(test_impossible),
	KUNIT_CASE(test_drains_caches),
	KUNIT_CASE(test_nofragment_is_dropped),
	KUNIT_CASE(test_memalloc_is_kept),
	KUNIT_CASE(test_reserve),
	KUNIT_CASE(test_refused_keeps_types),
	KUNIT_CASE(test_of_mixed_types),
	KUNIT_CASE(test_in_use_within_a_range),
	KUNIT_CASE_PARAM(test_split, split_orders_gen_params),
	KUNIT_CASE(test_split_misuse),
	{}
};

static struct kunit_suite contig_suite = {
	.name = "pbuddy_contig",
	.init = pt_init,
	.exit = pt_exit,
	.test_cases = contig_cases,
};

kunit_test_suite(contig_suite);
