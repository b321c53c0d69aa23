// SPDX-License-Identifier: GPL-2.0-only
/*
 * slowpath.c: what a request tries before it fails (draining this CPU, all CPUs, scanning the
 * zone), and the reason reported when it does. Each case brings a pool into one such state.
 * test_slow_states.c tests the order of the states.
 */
#include "core/base/pfn.h"
#include "core/cache/drain.h"
#include "core/index/bitmap.h"
#include "core/zone/zone.h"
#include "fixture.h"
#include "threads.h"

static unsigned long request(struct pt_fixture *f, struct pb_request *rq, enum pb_reason *reason)
{
	*reason = PB_REASON_NONE;
	return pb_alloc(&f->pool, rq, reason);
}

struct bad_request {
	const char *name;
	unsigned int order, mt;
	int nid;
	enum pb_reason reason;
};

static const struct bad_request bad_requests[] = {
	{ "order 19", 19, PB_MOVABLE, 0, PB_REASON_LIMIT },
	{ "order 64", 64, PB_MOVABLE, 0, PB_REASON_LIMIT },
	{ "order 2^32 - 1", ~0U, PB_MOVABLE, 0, PB_REASON_LIMIT },
	{ "node 2 of 2", 0, PB_MOVABLE, 2, PB_REASON_NODE },
	{ "node -1", 0, PB_MOVABLE, -1, PB_REASON_NODE },
	{ "node 2^31 - 1", 0, PB_MOVABLE, INT_MAX, PB_REASON_NODE },
	{ "migratetype without lists", 0, PB_ISOLATE, 0, PB_REASON_LIMIT },
	{ "larger than any zone", 13, PB_MOVABLE, 0, PB_REASON_LIMIT },
};

static void describe_bad(const struct bad_request *bad, char *desc)
{
	snprintf(desc, KUNIT_PARAM_DESC_SIZE, "%s", bad->name);
}

KUNIT_ARRAY_PARAM(bad_requests, bad_requests, describe_bad);

static void test_impossible_requests(struct kunit *test)
{
	const struct bad_request *bad = test->param_value;
	struct pt_fixture *f = pt_pool(test, &pt_two_nodes);
	struct pb_request rq = pt_rq(bad->order, bad->mt, bad->nid);
	unsigned long pfns[2];
	enum pb_reason reason;

	KUNIT_EXPECT_EQ(test, request(f, &rq, &reason), PB_NO_PFN);
	KUNIT_EXPECT_EQ(test, reason, bad->reason);
	KUNIT_EXPECT_EQ(test, pb_alloc(&f->pool, &rq, NULL), PB_NO_PFN);
	KUNIT_EXPECT_EQ(test, pb_alloc_bulk(&f->pool, &rq, 2, pfns, NULL), 0UL);
	if (bad->order <= PB_MAX_ORDER && bad->order != 13)
		KUNIT_EXPECT_EQ(test, pb_alloc_contig(&f->pool, &rq, 5, NULL), PB_NO_PFN);
	KUNIT_EXPECT_GT(test, pb_zone_event(f->pool.all_zones->zone[0], PB_ALLOC_FAIL), 0UL);
	pt_expect_all_free(test, f);
}

static void test_reason_policy(struct kunit *test)
{
	struct pt_fixture *f = pt_pool(test, &pt_two_nodes);
	struct pb_request rq = pt_rq(0, PB_MOVABLE, 0);
	unsigned long nowhere = 0;
	enum pb_reason reason;

	rq.nodemask = &nowhere;
	KUNIT_EXPECT_EQ(test, request(f, &rq, &reason), PB_NO_PFN);
	KUNIT_EXPECT_EQ(test, reason, PB_REASON_POLICY);
	/* The same by the cpuset, for a block, for a range, and for the preferred node alone. */
	rq.nodemask = NULL;
	rq.mems_allowed = &nowhere;
	rq.flags = PB_ALLOC_CPUSET | PB_ALLOC_HARDWALL;
	rq.slow_flags = rq.flags;
	KUNIT_EXPECT_EQ(test, request(f, &rq, &reason), PB_NO_PFN);
	KUNIT_EXPECT_EQ(test, reason, PB_REASON_POLICY);
	KUNIT_EXPECT_EQ(test, pb_alloc_contig(&f->pool, &rq, 3, &reason), PB_NO_PFN);
	KUNIT_EXPECT_EQ(test, reason, PB_REASON_POLICY);
	rq.flags |= PB_ALLOC_THISNODE;
	KUNIT_EXPECT_EQ(test, request(f, &rq, &reason), PB_NO_PFN);
	KUNIT_EXPECT_EQ(test, reason, PB_REASON_POLICY);
	/* A node without memory is not denied. */
	rq.nid = 1;
	rq.highest_zone = PB_ZONE_DMA32;
	rq.nodemask = &nowhere;
	KUNIT_EXPECT_EQ(test, request(f, &rq, &reason), PB_NO_PFN);
	KUNIT_EXPECT_EQ(test, reason, PB_REASON_NODE);
}

/* The node exists but has none of the zones that the request may use. */
static void test_reason_node(struct kunit *test)
{
	struct pt_fixture *f = pt_pool(test, &pt_two_nodes);
	struct pb_request rq = pt_rq(0, PB_MOVABLE, 1);
	enum pb_reason reason;

	rq.flags = PB_ALLOC_THISNODE;
	rq.highest_zone = PB_ZONE_DMA32;
	KUNIT_EXPECT_EQ(test, request(f, &rq, &reason), PB_NO_PFN);
	KUNIT_EXPECT_EQ(test, reason, PB_REASON_NODE);
	/* Without THISNODE the request gets pages of the other node's DMA32. */
	rq.flags = 0;
	KUNIT_EXPECT_NE(test, request(f, &rq, &reason), PB_NO_PFN);
}

static void test_reason_watermark(struct kunit *test)
{
	struct pt_fixture *f = pt_pool(test, &pt_small);
	struct pb_zone *zone = pt_zone(f, 0, PB_ZONE_NORMAL);
	struct pb_request rq = pt_rq(9, PB_MOVABLE, 0);
	enum pb_reason reason;
	unsigned int n = 0;

	pt_set_watermark(zone, PB_WMARK_MIN, 2 * PB_PAGEBLOCK_NR);
	while (request(f, &rq, &reason) != PB_NO_PFN)
		n++;
	/* Free pages may go down to the watermark. */
	KUNIT_EXPECT_EQ(test, n, 6U);
	KUNIT_EXPECT_EQ(test, reason, PB_REASON_WATERMARK);
	rq.flags = PB_ALLOC_NO_WATERMARKS;
	while (request(f, &rq, &reason) != PB_NO_PFN)
		n++;
	KUNIT_EXPECT_EQ(test, n, 8U);
}

struct memalloc_case {
	unsigned int	order;
	bool		split;
};

static const struct memalloc_case memalloc_cases[] = {
	{ 0, false }, { 3, false }, { 3, true }, { 9, false }, { 9, true }, { 12, false },
	{ 12, true },
};

static void memalloc_desc(const struct memalloc_case *c, char *desc)
{
	snprintf(desc, KUNIT_PARAM_DESC_SIZE, "order %u%s", c->order, c->split ? ", split" : "");
}

KUNIT_ARRAY_PARAM(memalloc, memalloc_cases, memalloc_desc);

/*
 * Frees a block with the memalloc mark. A split block has the mark in each part; misuse is
 * reported as for other blocks.
 */
static void free_marked(struct kunit *test, struct pt_fixture *f, unsigned long pfn,
			const struct memalloc_case *c)
{
	unsigned long i, nr = 1UL << c->order;
	enum pb_bad bad;

	if (c->split) {
		KUNIT_EXPECT_EQ(test, pb_split(&f->pool, pfn, c->order), PB_BAD_NONE);
		for (i = 0; i < nr; i++)
			KUNIT_EXPECT_TRUE(test, pb_page_is_memalloc(&f->pool, pfn + i));
		KUNIT_EXPECT_EQ(test, pb_free_contig(&f->pool, pfn, nr), PB_BAD_NONE);
	} else {
		KUNIT_EXPECT_FALSE(test, pb_page_is_memalloc(&f->pool, pfn + 1));
		bad = pfn >> c->order & 1 ? PB_BAD_ALIGN : PB_BAD_ORDER;
		KUNIT_EXPECT_EQ(test, pb_free(&f->pool, pfn, c->order + 1), bad);
		pt_expect_bad(test, f, bad, pfn);
		KUNIT_EXPECT_EQ(test, pb_free(&f->pool, pfn, c->order), PB_BAD_NONE);
	}
	for (i = 0; i < nr; i++)
		KUNIT_EXPECT_FALSE(test, pb_page_is_memalloc(&f->pool, pfn + i));
}

/* A block that only PB_ALLOC_NO_WATERMARKS could get is marked as memalloc until it is freed. */
static void test_memalloc_flag(struct kunit *test)
{
	const struct memalloc_case *c = test->param_value;
	struct pt_fixture *f = pt_pool(test, &pt_small);
	struct pb_zone *zone = pt_zone(f, 0, PB_ZONE_NORMAL);
	struct pb_request rq = pt_rq(c->order, PB_MOVABLE, 0);
	enum pb_reason reason;
	unsigned long pfn;

	rq.reserve_flags = PB_ALLOC_NO_WATERMARKS;
	pfn = request(f, &rq, &reason);
	KUNIT_ASSERT_NE(test, pfn, PB_NO_PFN);
	KUNIT_EXPECT_FALSE(test, pb_page_is_memalloc(&f->pool, pfn));
	pt_free(test, f, pfn, c->order);

	pt_set_watermark(zone, PB_WMARK_MIN, f->pages);
	rq.reserve_flags = 0;
	KUNIT_EXPECT_EQ(test, request(f, &rq, &reason), PB_NO_PFN);
	rq.reserve_flags = PB_ALLOC_NO_WATERMARKS;
	pfn = request(f, &rq, &reason);
	KUNIT_ASSERT_NE(test, pfn, PB_NO_PFN);
	KUNIT_EXPECT_TRUE(test, pb_page_is_memalloc(&f->pool, pfn));
	KUNIT_EXPECT_EQ(test, pb_page_order(&f->pool, pfn), (int)c->order);
	pt_expect_allocated(test, f, 1UL << c->order);
	free_marked(test, f, pfn, c);
	pt_expect_all_free(test, f);
	KUNIT_EXPECT_FALSE(test, pb_page_is_memalloc(&f->pool, 3));
}

static void test_reason_fragmentation(struct kunit *test)
{
	struct pt_fixture *f = pt_pool(test, &pt_small);
	struct pb_request rq = pt_rq(1, PB_MOVABLE, 0);
	unsigned long *pfns, n, i;
	enum pb_reason reason;

	n = pt_fill(test, f, 0, PB_MOVABLE, &pfns);
	for (i = 0; i < n; i++)
		if (pfns[i] % 2)
			pt_free(test, f, pfns[i], 0);
	rq.flags = PB_ALLOC_WAIT;
	KUNIT_EXPECT_EQ(test, request(f, &rq, &reason), PB_NO_PFN);
	KUNIT_EXPECT_EQ(test, reason, PB_REASON_FRAGMENTATION);
	rq.order = 9;
	KUNIT_EXPECT_EQ(test, request(f, &rq, &reason), PB_NO_PFN);
	KUNIT_EXPECT_EQ(test, reason, PB_REASON_FRAGMENTATION);
}

/* One frame in this CPU's list keeps a pageblock from being free: the slow path drains it. */
static void test_drains_this_cpu(struct kunit *test)
{
	struct pt_fixture *f = pt_pool(test, &pt_one_pageblock);
	struct pb_request rq = pt_rq(9, PB_MOVABLE, 0);
	enum pb_reason reason;

	pt_free(test, f, pt_alloc(f, 0), 0);
	KUNIT_EXPECT_EQ(test, request(f, &rq, &reason), PT_PAGEBLOCK(1));
}

static void cache_a_frame(void *arg)
{
	struct pt_fixture *f = arg;
	unsigned long pfn = pt_alloc(f, 0);

	if (pfn != PB_NO_PFN)
		pb_free(&f->pool, pfn, 0);
}

/* The frame is in another CPU's list: only a request that may wait gets the pageblock. */
static void test_drains_other_cpus(struct kunit *test)
{
	struct pt_fixture *f = pt_pool(test, &pt_one_pageblock);
	struct pb_request rq = pt_rq(9, PB_MOVABLE, 0);
	enum pb_reason reason;
	unsigned int other;

	if (pt_nr_cpus() < 2)
		kunit_skip(test, "needs two CPUs");
	other = pt_cpu(0) == (int)raw_smp_processor_id() ? 1 : 0;
	pt_call_on(other, cache_a_frame, f);
	KUNIT_EXPECT_EQ(test, request(f, &rq, &reason), PB_NO_PFN);
	rq.flags = PB_ALLOC_WAIT;
	KUNIT_EXPECT_EQ(test, request(f, &rq, &reason), PT_PAGEBLOCK(1));
	KUNIT_EXPECT_EQ(test, pb_zone_event(pt_zone(f, 0, PB_ZONE_NORMAL), PB_DRAIN_ALL), 1UL);
}

/*
 * A pageblock that is missing in the index is found by the scan of a request that may wait, and
 * indexed.
 */
static void test_scan_finds_forgotten_memory(struct kunit *test)
{
	struct pt_fixture *f = pt_pool(test, &pt_one_pageblock);
	struct pb_zone *zone = pt_zone(f, 0, PB_ZONE_NORMAL);
	unsigned long index = (PT_PAGEBLOCK(1) - zone->base_pfn) >> PB_PAGEBLOCK_ORDER;
	struct pb_request rq = pt_rq(5, PB_MOVABLE, 0);
	enum pb_reason reason;

	zone->ctl[index].index_class = 0;
	pb_bitmap_clear(&zone->area[PB_MOVABLE].free_pageblocks, index);
	KUNIT_EXPECT_EQ(test, request(f, &rq, &reason), PB_NO_PFN);
	rq.flags = PB_ALLOC_WAIT;
	KUNIT_EXPECT_NE(test, request(f, &rq, &reason), PB_NO_PFN);
	pt_verify(test, f, NULL);
}

static struct kunit_case slowpath_cases[] = {
	KUNIT_CASE_PARAM(test_impossible_requests, bad_requests_gen_params),
	KUNIT_CASE(test_reason_policy),
	KUNIT_CASE(test_reason_node),
	KUNIT_CASE(test_reason_watermark),
	KUNIT_CASE_PARAM(test_memalloc_flag, memalloc_gen_params),
	KUNIT_CASE(test_reason_fragmentation),
	KUNIT_CASE(test_drains_this_cpu),
	KUNIT_CASE(test_drains_other_cpus),
	KUNIT_CASE(test_scan_finds_forgotten_memory),
	{}
};

static struct kunit_suite slowpath_suite = {
	.name = "pbuddy_slowpath",
	.init = pt_init,
	.exit = pt_exit,
	.test_cases = slowpath_cases,
};

kunit_test_suite(slowpath_suite);
