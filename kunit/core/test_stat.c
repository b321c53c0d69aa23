// SPDX-License-Identifier: GPL-2.0-only
/*
 * stat.c: names of counters, counts of allocated and freed pages and NUMA events, and free
 * blocks by order as /proc/buddyinfo shows them. The cases allocate in known pools and compare
 * the numbers.
 */
#include "core/cache/pcp.h"
#include "core/zone/free_count.h"
#include "core/zone/zone.h"
#include "fixture.h"
#include "params.h"

static void expect_names(struct kunit *test, const char *const *names, unsigned int nr)
{
	unsigned int i, j;

	for (i = 0; i < nr; i++) {
		KUNIT_ASSERT_NOT_NULL(test, names[i]);
		KUNIT_EXPECT_GT(test, strlen(names[i]), (size_t)0);
		for (j = 0; j < i; j++)
			KUNIT_EXPECT_NE_MSG(test, strcmp(names[i], names[j]), 0, "%s", names[i]);
	}
}

static void test_names(struct kunit *test)
{
	expect_names(test, pb_event_name, PB_NR_EVENTS);
	expect_names(test, pb_migratetype_name, PB_NR_MIGRATETYPES);
	expect_names(test, pb_zone_type_name, PB_NR_ZONE_TYPES);
	expect_names(test, pb_bad_name, PB_NR_BAD);
	expect_names(test, pb_reason_name, PB_NR_REASONS);
	KUNIT_EXPECT_STREQ(test, pb_event_name[PB_PGALLOC], "pgalloc");
	KUNIT_EXPECT_STREQ(test, pb_bad_name[PB_BAD_DOUBLE], "double free");
	KUNIT_EXPECT_STREQ(test, pb_migratetype_name[PB_UNMOVABLE], "Unmovable");
	KUNIT_EXPECT_STREQ(test, pb_zone_type_name[PB_ZONE_NORMAL], "Normal");
	KUNIT_EXPECT_STREQ(test, pb_reason_name[PB_REASON_NODE], "node");
}

/* pgalloc and pgfree count pages of every order, whether or not a pcp list is used. */
static void test_pages_counted(struct kunit *test)
{
	struct pt_fixture *f = pt_pool(test, &pt_gig);
	struct pb_zone *zone = pt_zone(f, 0, PB_ZONE_NORMAL);
	unsigned long want = 0, pfns[PB_NR_ORDERS];
	unsigned int order;

	for (order = 0; order < PB_MAX_ORDER; order++) {
		pfns[order] = pt_alloc(f, order);
		KUNIT_ASSERT_NE(test, pfns[order], PB_NO_PFN);
		want += 1UL << order;
		KUNIT_EXPECT_EQ(test, pb_zone_event(zone, PB_PGALLOC), want);
	}
	KUNIT_EXPECT_EQ(test, pb_zone_event(zone, PB_PGFREE), 0UL);
	for (order = 0; order < PB_MAX_ORDER; order++)
		pt_free(test, f, pfns[order], order);
	KUNIT_EXPECT_EQ(test, pb_zone_event(zone, PB_PGFREE), want);
	KUNIT_EXPECT_EQ(test, pb_zone_event(zone, PB_ALLOC_FAIL), 0UL);
}

/* numa_hit, numa_miss and numa_foreign: the node requested and the node used. */
static void test_numa_counters(struct kunit *test)
{
	struct pt_fixture *f = pt_pool(test, &pt_four_nodes);
	struct pb_zone *zone0 = pt_zone(f, 0, PB_ZONE_NORMAL);
	struct pb_zone *zone1 = pt_zone(f, 1, PB_ZONE_NORMAL);
	unsigned int i;

	for (i = 0; i < 6; i++)
		KUNIT_ASSERT_NE(test, pt_alloc(f, 9), PB_NO_PFN);
	/* Node 0 has four pageblocks; node 1 served the other two requests. */
	KUNIT_EXPECT_EQ(test, pb_zone_event(zone0, PB_NUMA_HIT), 4UL);
	KUNIT_EXPECT_EQ(test, pb_zone_event(zone0, PB_NUMA_FOREIGN), 2UL);
	KUNIT_EXPECT_EQ(test, pb_zone_event(zone0, PB_NUMA_MISS), 0UL);
	KUNIT_EXPECT_EQ(test, pb_zone_event(zone1, PB_NUMA_HIT), 0UL);
	KUNIT_EXPECT_EQ(test, pb_zone_event(zone1, PB_NUMA_MISS), 2UL);
	KUNIT_EXPECT_EQ(test, pb_zone_event(zone0, PB_NUMA_LOCAL) +
			pb_zone_event(zone0, PB_NUMA_OTHER), 4UL);
}

/* What counts is the first zone that may serve, and not the node; ranges count as blocks do. */
static void test_numa_preferred(struct kunit *test)
{
	struct pt_fixture *f = pt_pool(test, &pt_four_nodes);
	struct pb_zone *zone0 = pt_zone(f, 0, PB_ZONE_NORMAL);
	struct pb_zone *zone1 = pt_zone(f, 1, PB_ZONE_NORMAL);
	struct pb_request rq = pt_rq(9, PB_MOVABLE, 0);
	unsigned long second = BIT(1);
	unsigned int i;

	/* Node 1 is the only one: a hit, at once and in the slow path. */
	rq.nodemask = &second;
	for (i = 0; i < 3; i++)
		KUNIT_EXPECT_NE(test, pb_alloc(&f->pool, &rq, NULL), PB_NO_PFN);
	KUNIT_EXPECT_EQ(test, pb_zone_event(zone1, PB_NUMA_HIT), 3UL);
	KUNIT_EXPECT_EQ(test, pb_zone_event(zone0, PB_NUMA_FOREIGN), 0UL);
	/* The preferred zone of a request that the cpuset restricts at first. */
	rq.nodemask = NULL;
	rq.preferred_zone = zone1;
	KUNIT_EXPECT_NE(test, pb_alloc(&f->pool, &rq, NULL), PB_NO_PFN);
	KUNIT_EXPECT_EQ(test, pb_zone_event(zone0, PB_NUMA_MISS), 1UL);
	KUNIT_EXPECT_EQ(test, pb_zone_event(zone1, PB_NUMA_FOREIGN), 1UL);
	/* A range of three pageblocks fits on node 0; the next one does not. */
	rq.preferred_zone = zone0;
	KUNIT_EXPECT_NE(test, pb_alloc_contig(&f->pool, &rq, 3UL << 9, NULL), PB_NO_PFN);
	KUNIT_EXPECT_EQ(test, pb_zone_event(zone0, PB_NUMA_HIT), 1UL);
	KUNIT_EXPECT_NE(test, pb_alloc_contig(&f->pool, &rq, 3UL << 9, NULL), PB_NO_PFN);
	KUNIT_EXPECT_EQ(test, pb_zone_event(zone0, PB_NUMA_FOREIGN), 1UL);
	KUNIT_EXPECT_EQ(test, pb_pool_event(&f->pool, PB_NUMA_MISS), 2UL);
}

/*
 * numa_local and numa_other: whether the CPU that allocates is on the node of the memory, from a
 * cache (order 0) and past it (order 11).
 */
static void test_numa_local_and_other(struct kunit *test)
{
	static const unsigned int orders[] = { 0, 11 };
	struct pt_fixture *f = pt_pool(test, &pt_four_nodes);
	int here = pb_cpu_node(pb_cpu_id()), nid;
	struct pb_request rq;
	struct pb_zone *zone;
	unsigned long nr;

	for (nid = 0; nid < f->pool.nr_nodes; nid++) {
		zone = pt_zone(f, nid, PB_ZONE_NORMAL);
		for (nr = 0; nr < ARRAY_SIZE(orders); nr++) {
			rq = pt_rq(orders[ARRAY_SIZE(orders) - 1 - nr], PB_MOVABLE, nid);
			rq.flags = PB_ALLOC_THISNODE;
			if (!nr)
				pt_free(test, f, pb_alloc(&f->pool, &rq, NULL), rq.order);
			else
				KUNIT_ASSERT_NE(test, pb_alloc(&f->pool, &rq, NULL), PB_NO_PFN);
			KUNIT_EXPECT_EQ(test, pb_zone_event(zone, PB_NUMA_LOCAL),
					nid == here ? nr + 1 : 0);
			KUNIT_EXPECT_EQ(test, pb_zone_event(zone, PB_NUMA_OTHER),
					nid == here ? 0 : nr + 1);
		}
	}
}

static void test_failures_counted(struct kunit *test)
{
	struct pt_fixture *f = pt_pool(test, &pt_one_pageblock);
	struct pb_zone *zone = pt_zone(f, 0, PB_ZONE_NORMAL);
	struct pb_request rq = pt_rq(0, PB_MOVABLE, 0);

	KUNIT_ASSERT_NE(test, pt_alloc(f, 9), PB_NO_PFN);
	KUNIT_EXPECT_EQ(test, pt_alloc(f, 0), PB_NO_PFN);
	KUNIT_EXPECT_EQ(test, pb_zone_event(zone, PB_ALLOC_SLOW), 1UL);
	KUNIT_EXPECT_EQ(test, pb_zone_event(zone, PB_ALLOC_FAIL), 1UL);
	KUNIT_EXPECT_EQ(test, pb_alloc_contig(&f->pool, &rq, 7, NULL), PB_NO_PFN);
	KUNIT_EXPECT_EQ(test, pb_zone_event(zone, PB_ALLOC_FAIL), 2UL);
	/* The caller of a try counts the failure, if there is one in the end. */
	rq.flags |= PB_ALLOC_TRY;
	KUNIT_EXPECT_EQ(test, pb_alloc(&f->pool, &rq, NULL), PB_NO_PFN);
	KUNIT_EXPECT_EQ(test, pb_alloc_contig(&f->pool, &rq, 7, NULL), PB_NO_PFN);
	KUNIT_EXPECT_EQ(test, pb_zone_event(zone, PB_ALLOC_FAIL), 2UL);
}

static struct pb_free_count *count(struct kunit *test, struct pb_zone *zone)
{
	struct pb_free_count *c = kunit_kzalloc(test, sizeof(*c), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, c);
	pb_zone_count_free(zone, c);
	return c;
}

static unsigned long pages_of(const struct pb_free_count *c)
{
	unsigned long pages = 0;
	unsigned int mt, order;

	for (mt = 0; mt < PB_NR_MIGRATETYPES; mt++)
		for (order = 0; order < PB_NR_ORDERS; order++)
			pages += c->blocks[mt][order] << order;
	return pages;
}

struct frag {
	unsigned long	blocks[4];	/* free blocks of orders 0 to 3 */
	unsigned int	order;
	int		unusable, extfrag;
};

/* Computed with the formulas of mm/vmstat.c. */
static const struct frag frags[] = {
	{ { 0, 0, 0, 0 }, 3, 1000, 0 },
	{ { 0, 0, 0, 1 }, 3, 0, -1000 },
	{ { 8, 0, 0, 0 }, 3, 1000, 750 },
	{ { 8, 0, 0, 1 }, 3, 500, -1000 },
	{ { 1, 0, 0, 0 }, 3, 1000, -125 },
	{ { 100, 0, 0, 0 }, 3, 1000, 865 },
	{ { 0, 4, 0, 0 }, 18, 1000, 750 },
	{ { 2, 1, 1, 0 }, 1, 250, -1000 },
};

static void test_fragmentation_indices(struct kunit *test)
{
	struct pb_free_count *c = kunit_kzalloc(test, sizeof(*c), GFP_KERNEL);
	unsigned int i, order;

	KUNIT_ASSERT_NOT_NULL(test, c);
	for (i = 0; i < ARRAY_SIZE(frags); i++) {
		for (order = 0; order < ARRAY_SIZE(frags[i].blocks); order++)
			c->blocks[order % PB_PCPTYPES][order] = frags[i].blocks[order];
		KUNIT_EXPECT_EQ_MSG(test, pb_unusable_index(c, frags[i].order), frags[i].unusable,
				    "row %u", i);
		KUNIT_EXPECT_EQ_MSG(test, pb_extfrag_index(c, frags[i].order), frags[i].extfrag,
				    "row %u", i);
	}
}

/* Free memory counts as maximal aligned blocks, as in a buddy allocator. */
static void test_shape_of_an_empty_zone(struct kunit *test)
{
	struct pt_fixture *f = pt_pool(test, &pt_gig);
	struct pb_free_count *c = count(test, pt_zone(f, 0, PB_ZONE_NORMAL));

	/* Pageblocks 1019; 1020 to 1023; 1024 to 1535, a GiB; 1536 and 1537; 1538. */
	KUNIT_EXPECT_EQ(test, c->blocks[PB_MOVABLE][9], 2UL);
	KUNIT_EXPECT_EQ(test, c->blocks[PB_MOVABLE][10], 1UL);
	KUNIT_EXPECT_EQ(test, c->blocks[PB_MOVABLE][11], 1UL);
	KUNIT_EXPECT_EQ(test, c->blocks[PB_MOVABLE][18], 1UL);
	KUNIT_EXPECT_EQ(test, c->pageblocks[PB_MOVABLE], 520UL);
	KUNIT_EXPECT_EQ(test, c->free_pageblocks[PB_MOVABLE], 520UL);
	KUNIT_EXPECT_EQ(test, pages_of(c), f->pages);
}

/* A GiB with one frame allocated is one free block of each lower order. */
static void test_shape_after_one_frame(struct kunit *test)
{
	struct pt_fixture *f = pt_pool(test, &pt_gig);
	struct pb_zone *zone = pt_zone(f, 0, PB_ZONE_NORMAL);
	struct pb_free_count *c;
	unsigned int order;
	unsigned long pfn;

	pfn = pt_alloc(f, 18);
	KUNIT_ASSERT_NE(test, pfn, PB_NO_PFN);
	KUNIT_ASSERT_EQ(test, pb_split(&f->pool, pfn, 18), PB_BAD_NONE);
	KUNIT_ASSERT_EQ(test, pb_free_contig(&f->pool, pfn, 262143), PB_BAD_NONE);
	c = count(test, zone);
	for (order = 0; order < 18; order++)
		KUNIT_EXPECT_EQ_MSG(test, c->blocks[PB_MOVABLE][order],
				    1UL + (order == 9 ? 2 : order == 10 || order == 11),
				    "order %u", order);
	KUNIT_EXPECT_EQ(test, c->blocks[PB_MOVABLE][18], 0UL);
	KUNIT_EXPECT_EQ(test, pages_of(c), f->pages - 1);
	pt_free(test, f, pfn + 262143, 0);
	pt_expect_all_free(test, f);
}

/*
 * After random requests the blocks add up to the free pages, and the pageblocks to those
 * present.
 */
static void test_shape_adds_up(struct kunit *test)
{
	struct pt_fixture *f = pt_pool(test, &pt_holes);
	struct pb_zone *zone = pt_zone(f, 0, PB_ZONE_NORMAL);
	struct pt_rand r = { .state = pt_seed };
	struct pb_free_count *c;
	unsigned long pageblocks;
	unsigned int i, mt;

	for (i = 0; i < 300; i++)
		pt_alloc_mt(f, pt_below(&r, 5), pt_below(&r, PB_PCPTYPES));
	c = count(test, zone);
	KUNIT_EXPECT_EQ(test, pages_of(c), (unsigned long)pb_zone_free_pages(zone));
	for (pageblocks = 0, mt = 0; mt < PB_NR_MIGRATETYPES; mt++)
		pageblocks += c->pageblocks[mt];
	KUNIT_EXPECT_EQ(test, pageblocks, zone->present_pages / PB_PAGEBLOCK_NR);
}

/* Free and cached pages add up, and are never more than the zone has, whatever moves meanwhile. */
static void test_read_pages(struct kunit *test)
{
	struct pt_fixture *f = pt_pool(test, &pt_gig);
	struct pb_zone *zone = pt_zone(f, 0, PB_ZONE_NORMAL);
	struct pb_zone_pages pages;
	unsigned long pfn;

	pfn = pt_alloc(f, 0);
	KUNIT_ASSERT_NE(test, pfn, PB_NO_PFN);
	pages = pb_zone_read_pages(zone);
	KUNIT_EXPECT_EQ(test, pages.present, zone->present_pages);
	KUNIT_EXPECT_EQ(test, pages.free + pages.cached, pages.present - 1);
	KUNIT_EXPECT_EQ(test, pages.cached, pb_pcp_pages(zone));
	KUNIT_EXPECT_GT(test, pages.cached, 0UL);
	pt_free(test, f, pfn, 0);
	/* A CPU has pages in its cache that it has not subtracted yet. */
	pb_zone_account(zone, 32);
	pages = pb_zone_read_pages(zone);
	KUNIT_EXPECT_EQ(test, pages.free + pages.cached, pages.present);
	pb_zone_account(zone, zone->present_pages);
	pages = pb_zone_read_pages(zone);
	KUNIT_EXPECT_EQ(test, pages.free, pages.present);
	KUNIT_EXPECT_EQ(test, pages.cached, 0UL);
	pb_zone_account(zone, -32 - (long)zone->present_pages);
	pages = pb_zone_read_pages(zone);
	KUNIT_EXPECT_EQ(test, pages.free + pages.cached, pages.present);
}

static struct kunit_case stat_cases[] = {
	KUNIT_CASE(test_names),
	KUNIT_CASE(test_pages_counted),
	KUNIT_CASE(test_fragmentation_indices),
	KUNIT_CASE(test_numa_counters),
	KUNIT_CASE(test_numa_preferred),
	KUNIT_CASE(test_numa_local_and_other),
	KUNIT_CASE(test_failures_counted),
	KUNIT_CASE(test_shape_of_an_empty_zone),
	KUNIT_CASE(test_shape_after_one_frame),
	KUNIT_CASE(test_shape_adds_up),
	KUNIT_CASE(test_read_pages),
	{}
};

static struct kunit_suite stat_suite = {
	.name = "pbuddy_stat",
	.init = pt_init,
	.exit = pt_exit,
	.test_cases = stat_cases,
};

kunit_test_suite(stat_suite);
