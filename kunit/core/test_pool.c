// SPDX-License-Identifier: GPL-2.0-only
/*
 * pool.c: creating and destroying pools. The cases compare zones, zonelists and directory with
 * the layout that the pool was made of, expect wrong configurations to be refused, and let each
 * memory allocation fail.
 */
#include "core/base/pfn.h"
#include "core/zone/zone.h"
#include "faults.h"
#include "fixture.h"

static void describe_layout(const struct pt_layout *const *layout, char *desc)
{
	snprintf(desc, KUNIT_PARAM_DESC_SIZE, "%s", (*layout)->name);
}

KUNIT_ARRAY_PARAM(layouts, pt_layouts, describe_layout);

/* Each zone has the pages, the span and the name that follow from its ranges. */
static void test_zones(struct kunit *test)
{
	const struct pt_layout *layout = *(const struct pt_layout *const *)test->param_value;
	struct pt_fixture *f = pt_pool(test, layout);
	unsigned long present[4][PB_NR_ZONE_TYPES] = {}, start, end;
	const struct pb_range *range;
	struct pb_zone *zone;
	unsigned int i, zones = 0;
	int nid, type;

	for (i = 0; i < layout->nr_ranges; i++) {
		range = &layout->ranges[i];
		present[range->nid][range->type] += range->nr_pages;
	}
	for (nid = 0; nid < layout->nr_nodes; nid++) {
		for (type = 0; type < PB_NR_ZONE_TYPES; type++) {
			zone = pt_zone(f, nid, type);
			if (!present[nid][type]) {
				KUNIT_EXPECT_NULL(test, zone);
				continue;
			}
			KUNIT_ASSERT_NOT_NULL(test, zone);
			zones++;
			KUNIT_EXPECT_EQ(test, zone->nid, nid);
			KUNIT_EXPECT_EQ(test, (int)zone->type, type);
			KUNIT_EXPECT_EQ(test, zone->present_pages, present[nid][type]);
			KUNIT_EXPECT_EQ(test, pb_zone_free_pages(zone), (long)present[nid][type]);
			KUNIT_EXPECT_STREQ(test, zone->name, pb_zone_type_name[type]);
			start = ~0UL;
			end = 0;
			for (i = 0; i < layout->nr_ranges; i++) {
				range = &layout->ranges[i];
				if (range->nid != nid || (int)range->type != type)
					continue;
				start = min(start, range->start_pfn);
				end = max(end, range->start_pfn + range->nr_pages);
			}
			KUNIT_EXPECT_EQ(test, zone->start_pfn, start);
			KUNIT_EXPECT_EQ(test, zone->end_pfn, end);
		}
	}
	KUNIT_EXPECT_EQ(test, f->pool.all_zones->nr, zones);
	pt_expect_all_free(test, f);
}

/* The zonelist of a node has every zone once, those of the node first. */
static void test_zonelists(struct kunit *test)
{
	const struct pt_layout *layout = *(const struct pt_layout *const *)test->param_value;
	struct pt_fixture *f = pt_pool(test, layout);
	struct pb_zonelist *list;
	unsigned int i, j;
	int nid;

	for (nid = 0; nid < layout->nr_nodes; nid++) {
		list = f->pool.zonelist[nid];
		KUNIT_ASSERT_EQ(test, list->nr, f->pool.all_zones->nr);
		KUNIT_EXPECT_EQ(test, list->zone[0]->nid, nid);
		for (i = 0; i < list->nr; i++)
			for (j = 0; j < i; j++)
				KUNIT_EXPECT_PTR_NE(test, list->zone[i], list->zone[j]);
	}
}

/* The first zone of a request: the highest on its node, not above that of the request. */
static void test_first_zones(struct kunit *test)
{
	struct pt_fixture *f = pt_pool(test, &pt_two_nodes), *g = pt_pool(test, &pt_four_nodes);
	unsigned int type;

	for (type = 0; type < PB_NR_ZONE_TYPES; type++)
		KUNIT_EXPECT_PTR_EQ(test, f->pool.preferred[0][type], pt_zone(f, 0, type));
	KUNIT_EXPECT_NULL(test, f->pool.preferred[1][PB_ZONE_DMA32]);
	KUNIT_EXPECT_PTR_EQ(test, g->pool.preferred[2][PB_ZONE_MOVABLE],
			    pt_zone(g, 2, PB_ZONE_NORMAL));
}

/* Frames of the layout belong to the pool, the frames next to them do not. */
static void test_directory(struct kunit *test)
{
	const struct pt_layout *layout = *(const struct pt_layout *const *)test->param_value;
	struct pt_fixture *f = pt_pool(test, layout);
	unsigned int i;

	for (i = 0; i < layout->nr_ranges; i++) {
		const struct pb_range *range = &layout->ranges[i];
		unsigned long edges[] = { range->start_pfn - 1, range->start_pfn,
					  range->start_pfn + range->nr_pages - 1,
					  range->start_pfn + range->nr_pages };
		unsigned int e;

		for (e = 0; e < ARRAY_SIZE(edges); e++)
			KUNIT_EXPECT_EQ(test, !!pb_pfn_zone(&f->pool, edges[e]),
					pt_layout_frame(layout, edges[e]) != PB_NO_PFN);
	}
}

struct refusal {
	const char *name;
	struct pb_range ranges[3];
	unsigned int nr_ranges;
	int nr_nodes;
	int err;
};

static const struct refusal refusals[] = {
	{ "no ranges", {}, 0, 1, -EINVAL },
	{ "no nodes", { PT_RANGE(8, 1, 0, NORMAL) }, 1, 0, -EINVAL },
	{ "empty range", { PT_RANGE(8, 0, 0, NORMAL) }, 1, 1, -EINVAL },
	{ "node out of range", { PT_RANGE(8, 1, 1, NORMAL) }, 1, 1, -EINVAL },
	{ "negative node", { PT_RANGE(8, 1, -1, NORMAL) }, 1, 1, -EINVAL },
	{ "no such zone type", { { PT_PAGEBLOCK(8), 512, 0, PB_NR_ZONE_TYPES } }, 1, 1, -EINVAL },
	{ "start within a pageblock", { { PT_PAGEBLOCK(8) + 1, 512, 0, PB_ZONE_NORMAL } }, 1, 1,
	  -EINVAL },
	{ "length not whole pageblocks", { { PT_PAGEBLOCK(8), 513, 0, PB_ZONE_NORMAL } }, 1, 1,
	  -EINVAL },
	{ "wraps around", { { ~0UL << 9, 1024, 0, PB_ZONE_NORMAL } }, 1, 1, -EINVAL },
	{ "the same twice", { PT_RANGE(8, 1, 0, NORMAL), PT_RANGE(8, 1, 0, NORMAL) }, 2, 1,
	  -EEXIST },
	{ "overlap", { PT_RANGE(8, 4, 0, NORMAL), PT_RANGE(20, 1, 0, NORMAL),
		       PT_RANGE(11, 2, 0, NORMAL) }, 3, 1, -EEXIST },
	{ "overlap across zones", { PT_RANGE(8, 4, 0, NORMAL), PT_RANGE(10, 4, 0, MOVABLE) }, 2,
	  1, -EEXIST },
	{ "overlap across nodes", { PT_RANGE(8, 4, 0, NORMAL), PT_RANGE(10, 4, 1, NORMAL) }, 2,
	  2, -EEXIST },
};

static void describe_refusal(const struct refusal *refusal, char *desc)
{
	snprintf(desc, KUNIT_PARAM_DESC_SIZE, "%s", refusal->name);
}

KUNIT_ARRAY_PARAM(refusals, refusals, describe_refusal);

static void test_refused(struct kunit *test)
{
	const struct refusal *refusal = test->param_value;
	const struct pt_layout layout = {
		.ranges = refusal->ranges,
		.nr_ranges = refusal->nr_ranges,
		.nr_nodes = refusal->nr_nodes,
	};
	struct pb_pool *pool = kunit_kzalloc(test, sizeof(*pool), GFP_KERNEL);
	struct pb_pool_config config;

	KUNIT_ASSERT_NOT_NULL(test, pool);
	pt_config(&layout, &config);
	KUNIT_EXPECT_EQ(test, pb_pool_init(pool, &config), refusal->err);
}

static void test_refused_without_callbacks(struct kunit *test)
{
	struct pb_pool *pool = kunit_kzalloc(test, sizeof(*pool), GFP_KERNEL);
	struct pb_pool_config config;

	KUNIT_ASSERT_NOT_NULL(test, pool);
	pt_config(&pt_small, &config);
	config.ops.bad = NULL;
	KUNIT_EXPECT_EQ(test, pb_pool_init(pool, &config), -EINVAL);
	pt_config(&pt_small, &config);
	config.distance = NULL;
	KUNIT_EXPECT_EQ(test, pb_pool_init(pool, &config), -EINVAL);
}

static void expect_no_leak(struct kunit *test, long before, int nth)
{
#ifndef __KERNEL__
	KUNIT_EXPECT_EQ_MSG(test, pb_host_allocs, before, "after failing allocation %d", nth);
#endif
}

/* Each memory allocation of pb_pool_init() fails in turn: it returns an error and leaks nothing. */
static void test_every_allocation_fails(struct kunit *test)
{
	const struct pt_layout *layout = *(const struct pt_layout *const *)test->param_value;
	struct pb_pool *pool = kunit_kzalloc(test, sizeof(*pool), GFP_KERNEL);
	int nth, err = -ENOMEM, failed = 0;
	struct pb_pool_config config;
	long before = 0;
	bool left;

	KUNIT_ASSERT_NOT_NULL(test, pool);
	if (!pt_can_fail())
		kunit_skip(test, "needs CONFIG_FAULT_INJECTION");
#ifndef __KERNEL__
	before = pb_host_allocs;
#endif
	pt_config(layout, &config);
	for (nth = 1; nth < 4000; nth++) {
		pt_fail_nth(nth);
		err = pb_pool_init(pool, &config);
		left = pt_fail_left();
		if (!err)
			pb_pool_destroy(pool);
		else
			KUNIT_ASSERT_EQ(test, err, -ENOMEM);
		failed += !!err;
		expect_no_leak(test, before, nth);
		/* The failure did not happen: every allocation has failed once. */
		if (left)
			break;
		cond_resched();
	}
	KUNIT_EXPECT_EQ(test, err, 0);
	kunit_info(test, "%d allocations failed in turn, %d initialisations\n", nth - 1, failed);
#ifndef __KERNEL__
	KUNIT_EXPECT_EQ(test, failed, nth - 1);
#endif
}

/* A block of one pool is free in the other: pools are independent. */
static void test_two_pools(struct kunit *test)
{
	struct pt_fixture *a = pt_pool(test, &pt_small), *b = pt_pool(test, &pt_small);
	unsigned long pfn = pt_alloc(a, 3);

	KUNIT_EXPECT_EQ(test, pb_free(&b->pool, pfn, 3), PB_BAD_DOUBLE);
	pt_expect_bad(test, b, PB_BAD_DOUBLE, pfn);
	pt_expect_allocated(test, a, 8);
	pt_expect_all_free(test, b);
}

static struct kunit_case pool_cases[] = {
	KUNIT_CASE_PARAM(test_zones, layouts_gen_params),
	KUNIT_CASE_PARAM(test_zonelists, layouts_gen_params),
	KUNIT_CASE(test_first_zones),
	KUNIT_CASE_PARAM(test_directory, layouts_gen_params),
	KUNIT_CASE_PARAM(test_refused, refusals_gen_params),
	KUNIT_CASE(test_refused_without_callbacks),
	KUNIT_CASE_PARAM(test_every_allocation_fails, layouts_gen_params),
	KUNIT_CASE(test_two_pools),
	{}
};

static struct kunit_suite pool_suite = {
	.name = "pbuddy_pool",
	.init = pt_init,
	.exit = pt_exit,
	.test_cases = pool_cases,
};

kunit_test_suite(pool_suite);
