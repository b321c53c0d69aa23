// SPDX-License-Identifier: GPL-2.0-only
/*
 * dirty.c: a request for pages that will be written to skips nodes whose dirty pages exceed
 * their share, as long as another node can serve it. The cases set a zone's nr_dirty and look at
 * the node of the next page.
 */
#include "core/zone/dirty.h"
#include "core/zone/zone.h"
#include "fixture.h"

#define RATIO	20

static struct pt_fixture *pool(struct kunit *test, const struct pt_layout *layout)
{
	struct pt_fixture *f = pt_pool(test, layout);

	f->pool.dirty_ratio = RATIO;
	return f;
}

static struct pb_request writing(int nid)
{
	struct pb_request rq = pt_rq(0, PB_MOVABLE, nid);

	rq.flags |= PB_ALLOC_SPREAD_DIRTY;
	return rq;
}

/* The node that serves the request now, or -1. The page is freed. */
static int node_of(struct kunit *test, struct pt_fixture *f, const struct pb_request *rq)
{
	unsigned long pfn = pb_alloc(&f->pool, rq, NULL);
	int nid;

	if (pfn == PB_NO_PFN)
		return NUMA_NO_NODE;
	nid = pb_pfn_zone(&f->pool, pfn)->nid;
	pt_free(test, f, pfn, 0);
	return nid;
}

static void dirty(struct pt_fixture *f, int nid, long pages)
{
	atomic_long_set(&pt_zone(f, nid, PB_ZONE_NORMAL)->nr_dirty, pages);
}

static unsigned long free_pages_of(struct pt_fixture *f, int nid)
{
	unsigned long pages = 0;
	struct pb_zone *zone;

	pb_for_each_node_zone(zone, &f->pool, nid)
		pages += pb_zone_free_pages(zone);
	return pages;
}

/* The share is a percentage of free plus dirty pages, exact to the page. */
static void test_dirty_share(struct kunit *test)
{
	struct pt_fixture *f = pool(test, &pt_four_nodes);
	struct pb_zone *zone = pt_zone(f, 1, PB_ZONE_NORMAL);
	long free = free_pages_of(f, 1), share = free * RATIO / (100 - RATIO);

	dirty(f, 1, share);
	KUNIT_EXPECT_TRUE(test, pb_node_dirty_ok(&f->pool, 1));
	dirty(f, 1, share + 1);
	KUNIT_EXPECT_FALSE(test, pb_node_dirty_ok(&f->pool, 1));
	KUNIT_EXPECT_TRUE(test, pb_node_dirty_ok(&f->pool, 0));
	/* Pages below the high watermark cannot become dirty and do not count. */
	pt_set_watermark(zone, PB_WMARK_HIGH, free / 2);
	dirty(f, 1, share / 2 + 1);
	KUNIT_EXPECT_FALSE(test, pb_node_dirty_ok(&f->pool, 1));
	/* As vm.dirty_ratio: 0 allows no page, 100 any number. */
	f->pool.dirty_ratio = 0;
	KUNIT_EXPECT_FALSE(test, pb_node_dirty_ok(&f->pool, 1));
	KUNIT_EXPECT_TRUE(test, pb_node_dirty_ok(&f->pool, 0));
	f->pool.dirty_ratio = 100;
	KUNIT_EXPECT_TRUE(test, pb_node_dirty_ok(&f->pool, 1));
}

static void test_dirty_node_is_skipped(struct kunit *test)
{
	struct pt_fixture *f = pool(test, &pt_four_nodes);
	struct pb_request plain = pt_rq(0, PB_MOVABLE, 0), write = writing(0);
	int near, nid;

	KUNIT_EXPECT_EQ(test, node_of(test, f, &write), 0);
	dirty(f, 0, f->pages);
	KUNIT_EXPECT_EQ(test, node_of(test, f, &plain), 0);
	/* The nearest other node, then the next one. */
	near = node_of(test, f, &write);
	KUNIT_EXPECT_TRUE(test, near == 1 || near == 3);
	dirty(f, near, f->pages);
	KUNIT_EXPECT_EQ(test, node_of(test, f, &write), near == 1 ? 3 : 1);
	dirty(f, 0, 0);
	KUNIT_EXPECT_EQ(test, node_of(test, f, &write), 0);
	for (nid = 0; nid < 4; nid++)
		dirty(f, nid, f->pages);
}

/*
 * Only the first pass over the zones skips nodes: a request never fails because of dirty pages,
 * and stays within its nodes.
 */
static void test_dirty_everywhere(struct kunit *test)
{
	struct pt_fixture *f = pool(test, &pt_four_nodes);
	struct pb_request write = writing(2);
	int nid;

	for (nid = 0; nid < 4; nid++)
		dirty(f, nid, f->pages);
	KUNIT_EXPECT_EQ(test, node_of(test, f, &write), 2);
	dirty(f, 0, 0);
	write.flags |= PB_ALLOC_THISNODE;
	KUNIT_EXPECT_EQ(test, node_of(test, f, &write), 2);
}

/* A walk checks each node once, however many zones the node has. */
static void test_dirty_remembered(struct kunit *test)
{
	struct pt_fixture *f = pool(test, &pt_two_nodes);
	struct pb_dirty_balance balance = { .nid = NUMA_NO_NODE };

	dirty(f, 0, f->pages);
	KUNIT_EXPECT_FALSE(test, pb_dirty_balance_ok(&balance, pt_zone(f, 0, PB_ZONE_NORMAL)));
	dirty(f, 0, 0);
	KUNIT_EXPECT_FALSE(test, pb_dirty_balance_ok(&balance, pt_zone(f, 0, PB_ZONE_DMA32)));
	KUNIT_EXPECT_TRUE(test, pb_dirty_balance_ok(&balance, pt_zone(f, 1, PB_ZONE_NORMAL)));
	KUNIT_EXPECT_TRUE(test, pb_dirty_balance_ok(&balance, pt_zone(f, 0, PB_ZONE_DMA32)));
}

static struct kunit_case dirty_cases[] = {
	KUNIT_CASE(test_dirty_share),
	KUNIT_CASE(test_dirty_node_is_skipped),
	KUNIT_CASE(test_dirty_everywhere),
	KUNIT_CASE(test_dirty_remembered),
	{}
};

static struct kunit_suite dirty_suite = {
	.name = "pbuddy_dirty",
	.init = pt_init,
	.exit = pt_exit,
	.test_cases = dirty_cases,
};

kunit_test_suite(dirty_suite);
