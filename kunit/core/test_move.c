// SPDX-License-Identifier: GPL-2.0-only
/*
 * move.c and alloc/private.c: private zones, pageblocks that move to them and back, and requests
 * that they serve. No other CPU uses the pools, so no grace period is needed.
 */
#include "core/alloc/bulk.h"
#include "core/base/pfn.h"
#include "core/cache/pcp.h"
#include "core/compact/isolate.h"
#include "core/pool/move.h"
#include "core/pool/stat.h"
#include "core/zone/restrict.h"
#include "core/zone/zone.h"
#include "faults.h"
#include "fixture.h"
#include "movers.h"
#include "task.h"
#include "threads.h"

/* A pool with a private zone for the NORMAL zone of each node. */
struct fixture {
	struct pt_fixture	*f;
	struct pb_zone		*zones[4][PB_NR_ZONE_TYPES];
};

static struct fixture *make(struct kunit *test, const struct pt_layout *layout)
{
	struct fixture *g = kunit_kzalloc(test, sizeof(*g), GFP_KERNEL);
	int nid;

	KUNIT_ASSERT_NOT_NULL(test, g);
	g->f = pt_pool(test, layout);
	for (nid = 0; nid < layout->nr_nodes; nid++) {
		if (!pt_zone(g->f, nid, PB_ZONE_NORMAL))
			continue;
		g->zones[nid][PB_ZONE_NORMAL] =
			pb_private_zone_new(pt_zone(g->f, nid, PB_ZONE_NORMAL));
		KUNIT_ASSERT_NOT_NULL(test, g->zones[nid][PB_ZONE_NORMAL]);
	}
	return g;
}

static struct pb_zone *private_zone(struct fixture *g)
{
	return g->zones[0][PB_ZONE_NORMAL];
}

static struct pb_request private_rq(struct fixture *g, unsigned int order)
{
	struct pb_request rq = pt_rq(order, PB_UNMOVABLE, 0);

	rq.zones = g->zones;
	return rq;
}

static unsigned long private_alloc(struct fixture *g, unsigned int order)
{
	struct pb_request rq = private_rq(g, order);

	return pb_alloc(&g->f->pool, &rq, NULL);
}

/* Moves a block of the order, of at least a pageblock. */
static void move(struct kunit *test, struct fixture *g, struct pb_zone *zone, unsigned long head,
		 unsigned int order)
{
	unsigned long end = head + (1UL << order), pfn;

	pb_move_split(&g->f->pool, head, order);
	for (pfn = head; pfn < end; pfn += PB_PAGEBLOCK_NR)
		KUNIT_ASSERT_TRUE(test, pb_move_leave(&g->f->pool, pfn));
	for (pfn = head; pfn < end; pfn += PB_PAGEBLOCK_NR)
		pb_move_enter(zone, pfn);
}

static void give(struct kunit *test, struct fixture *g, unsigned int order)
{
	struct pb_request rq = pt_rq(order, PB_MOVABLE, 0);
	unsigned long pfn;

	rq.highest_zone = PB_ZONE_NORMAL;
	pfn = pb_alloc(&g->f->pool, &rq, NULL);
	KUNIT_ASSERT_NE(test, pfn, PB_NO_PFN);
	move(test, g, private_zone(g), pfn, order);
}

static bool is_private(struct fixture *g, unsigned long pfn)
{
	return pfn != PB_NO_PFN && pb_pfn_zone(&g->f->pool, pfn)->home;
}

/* Memory of a private zone serves requests with ->zones alone, and what is freed returns to it. */
static void test_serves_its_requests(struct kunit *test)
{
	struct fixture *g = make(test, &pt_small);
	struct pt_fixture *f = g->f;
	unsigned long pfn, i, *pfns;

	KUNIT_EXPECT_EQ(test, private_alloc(g, 0), PB_NO_PFN);
	give(test, g, PB_PAGEBLOCK_ORDER);
	KUNIT_EXPECT_EQ(test, private_zone(g)->present_pages, PB_PAGEBLOCK_NR);
	KUNIT_EXPECT_EQ(test, pt_zone(f, 0, PB_ZONE_NORMAL)->present_pages, PT_PAGEBLOCK(7));
	pt_expect_all_free(test, f);
	/* All others get the rest. */
	KUNIT_EXPECT_EQ(test, pt_fill(test, f, 0, PB_MOVABLE, &pfns), PT_PAGEBLOCK(7));
	for (i = 0; i < PT_PAGEBLOCK(7); i++)
		KUNIT_EXPECT_FALSE(test, is_private(g, pfns[i]));
	for (i = 0; i < PB_PAGEBLOCK_NR; i++)
		KUNIT_EXPECT_TRUE(test, is_private(g, private_alloc(g, 0)));
	KUNIT_EXPECT_EQ(test, private_alloc(g, 0), PB_NO_PFN);
	pt_free(test, f, pfns[0], 0);
	KUNIT_EXPECT_EQ(test, private_alloc(g, 0), PB_NO_PFN);
	pt_expect_allocated(test, f, f->pages - 1);
	pfn = round_down(pb_pageblock_pfn(private_zone(g), 0), PB_PAGEBLOCK_NR);
	while (!is_private(g, pfn))
		pfn += PB_PAGEBLOCK_NR;
	for (i = 0; i < PB_PAGEBLOCK_NR; i++)
		pt_free(test, f, pfn + i, 0);
	KUNIT_EXPECT_EQ(test, pb_free(&f->pool, pfn, 0), PB_BAD_DOUBLE);
	pt_expect_bad(test, f, PB_BAD_DOUBLE, pfn);
	for (i = 1; i < PT_PAGEBLOCK(7); i++)
		pt_free(test, f, pfns[i], 0);
	pt_expect_all_free(test, f);
	KUNIT_EXPECT_EQ(test, private_alloc(g, PB_PAGEBLOCK_ORDER), pfn);
	pt_free(test, f, pfn, PB_PAGEBLOCK_ORDER);
}

/* A GiB is split for small requests and merged again. */
static void test_splits_and_merges(struct kunit *test)
{
	struct fixture *g = make(test, &pt_gig);
	unsigned long pfn[PB_NR_ORDERS], head;
	unsigned int order;

	give(test, g, PB_MAX_ORDER);
	head = private_alloc(g, PB_MAX_ORDER);
	KUNIT_EXPECT_TRUE(test, is_private(g, head));
	pt_free(test, g->f, head, PB_MAX_ORDER);
	for (order = 0; order < PB_MAX_ORDER; order++) {
		pfn[order] = private_alloc(g, order);
		KUNIT_EXPECT_TRUE(test, is_private(g, pfn[order]));
	}
	KUNIT_EXPECT_EQ(test, private_alloc(g, PB_MAX_ORDER), PB_NO_PFN);
	for (order = 0; order < PB_MAX_ORDER; order++)
		pt_free(test, g->f, pfn[order], order);
	pt_expect_all_free(test, g->f);
	KUNIT_EXPECT_EQ(test, private_alloc(g, PB_MAX_ORDER), head);
	move(test, g, private_zone(g)->home, head, PB_MAX_ORDER);
	KUNIT_EXPECT_EQ(test, private_zone(g)->present_pages, 0UL);
	KUNIT_EXPECT_EQ(test, pt_alloc(g->f, PB_MAX_ORDER), head);
	pt_free(test, g->f, head, PB_MAX_ORDER);
	pt_expect_all_free(test, g->f);
}

/* Node, nodemask, zone type and restrictions of a request hold. */
static void test_nodes(struct kunit *test)
{
	struct fixture *g = make(test, &pt_two_nodes);
	unsigned long second = 2, pfn;
	struct pb_request rq;

	give(test, g, PB_PAGEBLOCK_ORDER);
	rq = private_rq(g, 0);
	rq.nid = 1;
	pfn = pb_alloc(&g->f->pool, &rq, NULL);
	KUNIT_EXPECT_TRUE(test, is_private(g, pfn));
	pt_free(test, g->f, pfn, 0);
	rq.nodemask = &second;
	KUNIT_EXPECT_EQ(test, pb_alloc(&g->f->pool, &rq, NULL), PB_NO_PFN);
	rq.nodemask = NULL;
	rq.flags = PB_ALLOC_THISNODE;
	KUNIT_EXPECT_EQ(test, pb_alloc(&g->f->pool, &rq, NULL), PB_NO_PFN);
	rq = private_rq(g, 0);
	rq.highest_zone = PB_ZONE_DMA32;
	KUNIT_EXPECT_EQ(test, pb_alloc(&g->f->pool, &rq, NULL), PB_NO_PFN);
	rq = private_rq(g, 0);
	pb_zone_restrict(private_zone(g)->home, PB_RESTRICT_RELIABLE);
	rq.flags = PB_ALLOC_RELIABLE;
	KUNIT_EXPECT_EQ(test, pb_alloc(&g->f->pool, &rq, NULL), PB_NO_PFN);
	pb_zone_restrict(private_zone(g)->home, 0);
	pt_expect_all_free(test, g->f);
}

/* Bulk requests and ranges. */
static void test_bulk_and_ranges(struct kunit *test)
{
	struct fixture *g = make(test, &pt_small);
	unsigned long *pfns = kunit_kcalloc(test, 600, sizeof(*pfns), GFP_KERNEL);
	struct pb_request rq = private_rq(g, 0);
	unsigned long i, nr;

	KUNIT_ASSERT_NOT_NULL(test, pfns);
	give(test, g, PB_PAGEBLOCK_ORDER);
	nr = pb_alloc_bulk(&g->f->pool, &rq, 600, pfns, NULL);
	KUNIT_EXPECT_EQ(test, nr, PB_PAGEBLOCK_NR);
	for (i = 0; i < nr; i++)
		KUNIT_EXPECT_TRUE(test, is_private(g, pfns[i]));
	pb_free_bulk(&g->f->pool, nr, pfns);
	/* The freed pages are in a cache, which the range needs. */
	pfns[0] = pb_alloc_contig(&g->f->pool, &rq, 300, NULL);
	KUNIT_EXPECT_TRUE(test, is_private(g, pfns[0]));
	KUNIT_EXPECT_EQ(test, pb_alloc_contig(&g->f->pool, &rq, 300, NULL), PB_NO_PFN);
	KUNIT_EXPECT_EQ(test, pb_free_contig(&g->f->pool, pfns[0], 300), PB_BAD_NONE);
	pt_expect_all_free(test, g->f);
}

static void free_first(void *arg)
{
	struct fixture *g = arg;
	unsigned long pfn = pb_pageblock_pfn(private_zone(g), 0);

	while (!is_private(g, pfn))
		pfn += PB_PAGEBLOCK_NR;
	pb_free(&g->f->pool, pfn, 0);
}

/* A page in the cache of another CPU serves a request that may wait. */
static void test_cached(struct kunit *test)
{
	struct fixture *g = make(test, &pt_small);
	struct pb_request rq = private_rq(g, 0);
	unsigned long pfn, i;

	if (pt_nr_cpus() < 2)
		kunit_skip(test, "needs two CPUs");
	pt_stay_here();
	give(test, g, PB_PAGEBLOCK_ORDER);
	for (i = 0; i < PB_PAGEBLOCK_NR; i++)
		private_alloc(g, 0);
	pb_pcp_set_high(&g->f->pool);
	pt_call_on(1, free_first, g);
	rq.flags = PB_ALLOC_WAIT;
	pfn = pb_alloc(&g->f->pool, &rq, NULL);
	KUNIT_EXPECT_TRUE(test, is_private(g, pfn));
	KUNIT_EXPECT_EQ(test, pb_alloc(&g->f->pool, &rq, NULL), PB_NO_PFN);
	pfn = round_down(pfn, PB_PAGEBLOCK_NR);
	KUNIT_EXPECT_EQ(test, pb_free_contig(&g->f->pool, pfn, PB_PAGEBLOCK_NR), PB_BAD_NONE);
	pt_expect_all_free(test, g->f);
}

/* A pageblock that is isolated does not leave, and is free then. */
static void test_isolated(struct kunit *test)
{
	struct fixture *g = make(test, &pt_small);
	unsigned long pfn = pt_alloc(g->f, PB_PAGEBLOCK_ORDER);
	struct pb_zone *zone = pt_zone(g->f, 0, PB_ZONE_NORMAL);
	struct pb_area area = {
		.first = pb_pageblock_index(zone, pfn), .nr = 1, .frames = PB_PAGEBLOCK_NR,
	};

	KUNIT_ASSERT_TRUE(test, pb_area_isolate(zone, &area));
	KUNIT_EXPECT_FALSE(test, pb_move_leave(&g->f->pool, pfn));
	pb_area_unisolate(zone, &area);
	pt_expect_all_free(test, g->f);
	KUNIT_EXPECT_EQ(test, zone->present_pages, g->f->pages);
}

/* Without memory there is no private zone, unless other memory replaces what was refused. */
static void test_no_memory(struct kunit *test)
{
	struct pt_fixture *f = pt_pool(test, &pt_small);
	unsigned int made = 0, refused = 0, listed = 0;
	struct pb_zone *zone;
	bool left = false;
	int nth;

	if (!pt_can_fail())
		kunit_skip(test, "this kernel injects no failures");
	for (nth = 1; !left && nth < 100; nth++) {
		pt_fail_nth(nth);
		zone = pb_private_zone_new(pt_zone(f, 0, PB_ZONE_NORMAL));
		left = pt_fail_left();
		made += !!zone;
		refused += !zone;
	}
	KUNIT_EXPECT_TRUE(test, left);
	KUNIT_EXPECT_GT(test, refused, 0U);
	KUNIT_EXPECT_GT(test, nth, 5);
	for (zone = f->pool.private_zones; zone; zone = zone->next_private)
		listed++;
	KUNIT_EXPECT_EQ(test, listed, made);
	pt_expect_all_free(test, f);
}

/* Two pageblocks of a private zone, in which every second frame has a movable object. */
static struct pt_movers *half_used(struct kunit *test, struct fixture *g)
{
	struct pt_movers *m = pt_movers(test, g->f, PT_PAGEBLOCK(2));
	struct pb_request rq = private_rq(g, 0);
	unsigned long i;

	rq.migratetype = PB_MOVABLE;
	give(test, g, PB_PAGEBLOCK_ORDER);
	give(test, g, PB_PAGEBLOCK_ORDER);
	for (i = 0; i < m->nr; i++)
		KUNIT_ASSERT_TRUE(test, pt_object_alloc(m, &m->obj[i], &rq, i));
	for (i = 0; i < m->nr; i++)
		if (m->obj[i].pfn % 2)
			KUNIT_ASSERT_TRUE(test, pt_object_free(m, &m->obj[i]));
	g->f->pool.ops.compact = pb_compact_pages;
	g->f->pool.ops.drain_all(&g->f->pool);
	return m;
}

/* All objects are whole, and in the private zone. */
static void expect_stayed(struct kunit *test, struct fixture *g, struct pt_movers *m)
{
	unsigned long i;

	KUNIT_EXPECT_EQ(test, pt_movers_check(test, m), PB_PAGEBLOCK_NR);
	for (i = 0; i < m->nr; i++)
		if (m->obj[i].pfn != PB_NO_PFN)
			KUNIT_EXPECT_TRUE(test, is_private(g, m->obj[i].pfn));
}

/* Compaction makes a block of a private zone's own memory, for a request that may sleep. */
static void test_compacts(struct kunit *test)
{
	struct fixture *g = make(test, &pt_small);
	struct pt_movers *m = half_used(test, g);
	struct pb_request rq = private_rq(g, PB_PAGEBLOCK_ORDER);
	unsigned long pfn;

	KUNIT_EXPECT_EQ(test, pb_alloc(&g->f->pool, &rq, NULL), PB_NO_PFN);
	rq.flags = PB_ALLOC_WAIT | PB_ALLOC_RECLAIMING;
	KUNIT_EXPECT_EQ(test, pb_alloc(&g->f->pool, &rq, NULL), PB_NO_PFN);
	KUNIT_EXPECT_EQ(test, atomic_long_read(&m->migrations), 0L);
	rq.flags = PB_ALLOC_WAIT;
	pfn = pb_alloc(&g->f->pool, &rq, NULL);
	KUNIT_EXPECT_TRUE(test, is_private(g, pfn));
	KUNIT_EXPECT_EQ(test, atomic_long_read(&m->migrations), (long)PB_PAGEBLOCK_NR / 2);
	expect_stayed(test, g, m);
	/* Nothing is free now, which costs no compaction. */
	rq.order = 0;
	KUNIT_EXPECT_EQ(test, pb_alloc(&g->f->pool, &rq, NULL), PB_NO_PFN);
	pt_free(test, g->f, pfn, PB_PAGEBLOCK_ORDER);
	pt_movers_free_all(test, m);
	pt_expect_all_free(test, g->f);
}

/* The zone of the pool is half used, too, and is not compacted for a private zone. */
static void test_compacts_itself_alone(struct kunit *test)
{
	struct fixture *g = make(test, &pt_small);
	struct pt_movers *m = half_used(test, g);
	struct pb_request rq = private_rq(g, PB_PAGEBLOCK_ORDER);
	unsigned long pfns[2];

	rq.flags = PB_ALLOC_WAIT | PB_ALLOC_RETRY_MAYFAIL;
	pfns[0] = pb_alloc(&g->f->pool, &rq, NULL);
	KUNIT_EXPECT_TRUE(test, is_private(g, pfns[0]));
	/* The objects fill the other pageblock, and the pool has six free ones. */
	pfns[1] = pb_alloc(&g->f->pool, &rq, NULL);
	KUNIT_EXPECT_EQ(test, pfns[1], PB_NO_PFN);
	expect_stayed(test, g, m);
	KUNIT_EXPECT_EQ(test, pb_zone_free_pages(private_zone(g)->home), (long)PT_PAGEBLOCK(6));
	pt_free(test, g->f, pfns[0], PB_PAGEBLOCK_ORDER);
	pt_movers_free_all(test, m);
	pt_expect_all_free(test, g->f);
}

/* The same for ranges. */
static void test_compacts_ranges(struct kunit *test)
{
	struct fixture *g = make(test, &pt_small);
	struct pt_movers *m = half_used(test, g);
	struct pb_request rq = private_rq(g, 0);
	unsigned long pfn;

	KUNIT_EXPECT_EQ(test, pb_alloc_contig(&g->f->pool, &rq, 300, NULL), PB_NO_PFN);
	rq.flags = PB_ALLOC_WAIT;
	pfn = pb_alloc_contig(&g->f->pool, &rq, 300, NULL);
	KUNIT_EXPECT_TRUE(test, is_private(g, pfn));
	expect_stayed(test, g, m);
	KUNIT_EXPECT_EQ(test, pb_free_contig(&g->f->pool, pfn, 300), PB_BAD_NONE);
	pt_movers_free_all(test, m);
	pt_expect_all_free(test, g->f);
}

/* The migrations that a request calls when each one fails. */
static long tries(struct kunit *test, struct fixture *g, struct pt_movers *m,
		  pb_alloc_flags_t flags)
{
	struct pb_request rq = private_rq(g, PB_PAGEBLOCK_ORDER);

	rq.flags = PB_ALLOC_WAIT | flags;
	m->fail = 1;
	atomic_long_set(&m->migrations, 0);
	pt_task_keeps_cpu(true);
	KUNIT_EXPECT_EQ(test, pb_alloc(&g->f->pool, &rq, NULL), PB_NO_PFN);
	pt_task_keeps_cpu(false);
	return atomic_long_read(&m->migrations);
}

/* An opportunistic request gives up early. A failure defers the next one, if that may fail. */
static void test_priorities(struct kunit *test)
{
	struct fixture *g = make(test, &pt_small);
	struct pt_movers *m = half_used(test, g);

	KUNIT_EXPECT_EQ(test, tries(test, g, m, PB_ALLOC_NORETRY), 2L);
	pb_compact_reset_skip(private_zone(g));
	KUNIT_EXPECT_GE(test, tries(test, g, m, PB_ALLOC_FLAG(0)), (long)PB_PAGEBLOCK_NR);
	KUNIT_EXPECT_EQ(test, tries(test, g, m, PB_ALLOC_FLAG(0)), 0L);
	KUNIT_EXPECT_GE(test, tries(test, g, m, PB_ALLOC_RETRY_MAYFAIL), (long)PB_PAGEBLOCK_NR);
	expect_stayed(test, g, m);
	pt_movers_free_all(test, m);
	pt_expect_all_free(test, g->f);
}

/* The same for a range. */
static long range_tries(struct kunit *test, struct fixture *g, struct pt_movers *m,
			unsigned long nr_pages, pb_alloc_flags_t flags)
{
	struct pb_request rq = private_rq(g, 0);

	rq.flags = PB_ALLOC_WAIT | flags;
	atomic_long_set(&m->migrations, 0);
	KUNIT_EXPECT_EQ(test, pb_alloc_contig(&g->f->pool, &rq, nr_pages, NULL), PB_NO_PFN);
	return atomic_long_read(&m->migrations);
}

/* A range that fails defers the next ones as large, but not smaller ones. */
static void test_ranges_deferred(struct kunit *test)
{
	struct fixture *g = make(test, &pt_small);
	struct pt_movers *m = half_used(test, g);
	struct pb_request rq = private_rq(g, 0);
	unsigned long pfn;
	unsigned int i;

	m->fail = 1;
	KUNIT_EXPECT_GE(test, range_tries(test, g, m, 300, PB_ALLOC_FLAG(0)), 1L);
	KUNIT_EXPECT_EQ(test, range_tries(test, g, m, 300, PB_ALLOC_FLAG(0)), 0L);
	KUNIT_EXPECT_GE(test, range_tries(test, g, m, 300, PB_ALLOC_RETRY_MAYFAIL), 1L);
	KUNIT_EXPECT_GE(test, range_tries(test, g, m, 100, PB_ALLOC_FLAG(0)), 1L);
	/* One that succeeds ends it. */
	m->fail = 0;
	rq.flags = PB_ALLOC_WAIT;
	for (i = 0; i < 64; i++) {
		pfn = pb_alloc_contig(&g->f->pool, &rq, 300, NULL);
		if (pfn != PB_NO_PFN)
			break;
	}
	KUNIT_EXPECT_TRUE(test, is_private(g, pfn));
	KUNIT_EXPECT_GE(test, i, 1U);
	KUNIT_EXPECT_EQ(test, private_zone(g)->compact_defer_shift, 0U);
	expect_stayed(test, g, m);
	KUNIT_EXPECT_EQ(test, pb_free_contig(&g->f->pool, pfn, 300), PB_BAD_NONE);
	pt_movers_free_all(test, m);
	pt_expect_all_free(test, g->f);
}

/* Events of private zones count for the pool. */
static void test_counted(struct kunit *test)
{
	struct fixture *g = make(test, &pt_small);
	unsigned long before, pfn;

	give(test, g, PB_PAGEBLOCK_ORDER);
	before = pb_pool_event(&g->f->pool, PB_PGALLOC);
	pfn = private_alloc(g, 3);
	KUNIT_EXPECT_EQ(test, pb_pool_event(&g->f->pool, PB_PGALLOC), before + 8);
	KUNIT_EXPECT_EQ(test, pb_zone_event(private_zone(g), PB_PGALLOC), 8UL);
	pt_free(test, g->f, pfn, 3);
	KUNIT_EXPECT_EQ(test, pb_zone_event(private_zone(g), PB_PGFREE), 8UL);
}

/* Frames that were allocated one by one are a block, which can move. */
static void test_joined(struct kunit *test)
{
	struct fixture *g = make(test, &pt_small);
	struct pt_fixture *f = g->f;
	unsigned long pfn, i;

	give(test, g, PB_PAGEBLOCK_ORDER);
	pfn = round_down(private_alloc(g, 0), PB_PAGEBLOCK_NR);
	for (i = 1; i < PB_PAGEBLOCK_NR; i++)
		KUNIT_ASSERT_EQ(test, round_down(private_alloc(g, 0), PB_PAGEBLOCK_NR), pfn);
	pb_move_join(&f->pool, pfn);
	KUNIT_EXPECT_EQ(test, pb_page_order(&f->pool, pfn), PB_PAGEBLOCK_ORDER);
	KUNIT_EXPECT_EQ(test, pb_free(&f->pool, pfn + 1, 0), PB_BAD_TAIL);
	pt_expect_bad(test, f, PB_BAD_TAIL, pfn + 1);
	pt_expect_allocated(test, f, PB_PAGEBLOCK_NR);
	move(test, g, pt_zone(f, 0, PB_ZONE_NORMAL), pfn, PB_PAGEBLOCK_ORDER);
	KUNIT_EXPECT_EQ(test, private_zone(g)->present_pages, 0UL);
	pt_expect_all_free(test, f);
}

static struct kunit_case move_cases[] = {
	KUNIT_CASE(test_serves_its_requests),
	KUNIT_CASE(test_splits_and_merges),
	KUNIT_CASE(test_nodes),
	KUNIT_CASE(test_bulk_and_ranges),
	KUNIT_CASE(test_cached),
	KUNIT_CASE(test_compacts),
	KUNIT_CASE(test_compacts_itself_alone),
	KUNIT_CASE(test_compacts_ranges),
	KUNIT_CASE(test_priorities),
	KUNIT_CASE(test_ranges_deferred),
	KUNIT_CASE(test_isolated),
	KUNIT_CASE(test_no_memory),
	KUNIT_CASE(test_counted),
	KUNIT_CASE(test_joined),
	{}
};

static struct kunit_suite move_suite = {
	.name = "pbuddy_move",
	.init = pt_init,
	.exit = pt_exit,
	.test_cases = move_cases,
};

kunit_test_suite(move_suite);
