// SPDX-License-Identifier: GPL-2.0-only
/*
 * contig.c: ranges that must not fail. Their requests wait for memory, so each case has a reclaim
 * that frees a block late, which ends a request that would not end.
 */
#include "core/alloc/alloc.h"
#include "core/zone/zone.h"
#include "fixture.h"
#include "threads.h"

static unsigned int reclaims;
static unsigned long freed_late;

/* Frees a block in the fourth round of 13 priorities. */
static unsigned long reclaim_late(struct pb_pool *pool, const struct pb_request *rq, int priority,
				  unsigned long nr_pages)
{
	if (++reclaims == 40)
		pb_free(pool, freed_late, 1);
	return 0;
}

static bool nodes_changed(const struct pb_request *rq)
{
	return reclaims > 13;
}

/* A range that must not fail waits in rounds, until it is served or its nodes have changed. */
static void test_nofail(struct kunit *test)
{
	struct pt_fixture *f = pt_pool(test, &pt_small);
	struct pb_request rq = pt_rq(0, PB_MOVABLE, 0);
	unsigned long *pfns, n = pt_fill(test, f, 1, PB_MOVABLE, &pfns);

	freed_late = pfns[n / 2];
	f->pool.ops.reclaim = reclaim_late;
	f->pool.ops.mems_changed = nodes_changed;
	rq.flags = PB_ALLOC_WAIT | PB_ALLOC_NOFAIL;
	reclaims = 0;
	KUNIT_EXPECT_EQ(test, pb_alloc_contig(&f->pool, &rq, 2, NULL), freed_late);
	KUNIT_EXPECT_GE(test, reclaims, 40U);
	freed_late = pfns[n / 2 + 9];	/* ends a request that would not end */
	rq.mems_cookie = 1;
	reclaims = 0;
	KUNIT_EXPECT_EQ(test, pb_alloc_contig(&f->pool, &rq, 2, NULL), PB_NO_PFN);
	KUNIT_EXPECT_EQ(test, reclaims, 26U);
	rq.mems_cookie = 0;
	rq.flags = PB_ALLOC_WAIT;
	KUNIT_EXPECT_EQ(test, pb_alloc_contig(&f->pool, &rq, 2, NULL), PB_NO_PFN);
	f->broken = true;	/* the range has no owner */
}

static unsigned int looks;

/* Ends a request that would not end. */
static bool nodes_changed_late(const struct pb_request *rq)
{
	return ++looks > 40;
}

/* Before it waits, such a range uses a part of the reserve, and then leaves its cpuset. */
static void test_nofail_rights(struct kunit *test)
{
	const pb_alloc_flags_t hard = PB_ALLOC_CPUSET | PB_ALLOC_HARDWALL;
	struct pt_fixture *f = pt_pool(test, &pt_two_nodes);
	struct pb_request rq = pt_rq(0, PB_MOVABLE, 0);
	unsigned long *pfns, n = pt_fill(test, f, 1, PB_MOVABLE, &pfns), mems;
	struct pb_zone *zone = pb_pfn_zone(&f->pool, pfns[0]);

	f->pool.ops.reclaim = reclaim_late;
	freed_late = pfns[n - 1];	/* ends a request that would not end */
	pt_free(test, f, pfns[0], 1);
	pt_free(test, f, pfns[1], 1);
	pt_drain_all(&f->pool);
	pt_set_watermark(zone, PB_WMARK_MIN, 4);
	reclaims = 0;
	rq.flags = PB_ALLOC_WAIT;
	KUNIT_EXPECT_EQ(test, pb_alloc_contig(&f->pool, &rq, 2, NULL), PB_NO_PFN);
	rq.flags |= PB_ALLOC_NOFAIL;
	reclaims = 0;
	KUNIT_EXPECT_NE(test, pb_alloc_contig(&f->pool, &rq, 2, NULL), PB_NO_PFN);
	KUNIT_EXPECT_LT(test, reclaims, 40U);
	pt_set_watermark(zone, PB_WMARK_MIN, 0);
	mems = 0;	/* no node of the cpuset can ever hold it */
	rq.mems_allowed = &mems;
	rq.flags |= hard;
	rq.slow_flags = hard;
	rq.mems_cookie = 1;
	f->pool.ops.mems_changed = nodes_changed_late;
	looks = 0;
	reclaims = 0;
	KUNIT_EXPECT_NE(test, pb_alloc_contig(&f->pool, &rq, 2, NULL), PB_NO_PFN);
	KUNIT_EXPECT_LT(test, reclaims, 40U);
	KUNIT_EXPECT_EQ(test, pb_zone_free_pages(zone), 0L);
	f->broken = true;	/* the two ranges have no owner */
}

static struct kunit_case contig_nofail_cases[] = {
	KUNIT_CASE(test_nofail),
	KUNIT_CASE(test_nofail_rights),
	{}
};

static struct kunit_suite contig_nofail_suite = {
	.name = "pbuddy_contig_nofail",
	.init = pt_init,
	.exit = pt_exit,
	.test_cases = contig_nofail_cases,
};

kunit_test_suite(contig_nofail_suite);
