// SPDX-License-Identifier: GPL-2.0-only
/*
 * restrict.c: which requests use a restricted zone. The cases restrict zones of a pool of several
 * nodes and check the zones of all paths that choose one: single blocks, the fallback to other
 * nodes, the slow path, bulk, ranges, and the reason of a failure.
 */
#include "core/base/request.h"
#include "core/zone/restrict.h"
#include "fixture.h"

#define FAR	2		/* the isolated node of pt_four_nodes */

/* A pool of four nodes of which one is isolated. */
static struct pt_fixture *isolated_pool(struct kunit *test)
{
	struct pt_fixture *f = pt_pool(test, &pt_four_nodes);
	struct pb_zone *zone;

	pb_for_each_zone(zone, &f->pool)
		if (zone->nid == FAR)
			pb_zone_restrict(zone, PB_RESTRICT_ISOLATED);
	return f;
}

static int node_of(struct pt_fixture *f, unsigned long pfn)
{
	return pfn == PB_NO_PFN ? NUMA_NO_NODE : pt_layout_node(f->layout, pfn);
}

/* The node of one block, which is freed again. */
static int served_by(struct kunit *test, struct pt_fixture *f, const struct pb_request *rq)
{
	unsigned long pfn = pb_alloc(&f->pool, rq, NULL);
	int nid = node_of(f, pfn);

	if (pfn != PB_NO_PFN)
		pt_free(test, f, pfn, rq->order);
	return nid;
}

/* Only requests that name the node use it; preferring it does not. */
static void test_isolated(struct kunit *test)
{
	const unsigned long far = BIT(FAR), others = BIT(0) | BIT(FAR + 1);
	struct pt_fixture *f = isolated_pool(test);
	struct pb_request rq = pt_rq(0, PB_MOVABLE, FAR);

	KUNIT_EXPECT_EQ(test, served_by(test, f, &rq), FAR + 1);
	rq.flags |= PB_ALLOC_THISNODE;
	KUNIT_EXPECT_EQ(test, served_by(test, f, &rq), FAR);
	rq.flags &= ~PB_ALLOC_THISNODE;
	rq.nodemask = &far;
	KUNIT_EXPECT_EQ(test, served_by(test, f, &rq), FAR);
	rq.nodemask = &others;
	KUNIT_EXPECT_EQ(test, served_by(test, f, &rq), FAR + 1);
	rq = pt_rq(0, PB_MOVABLE, 0);
	rq.nodemask = &far;
	KUNIT_EXPECT_EQ(test, served_by(test, f, &rq), FAR);
}

/* A cpuset does not name its nodes, and naming a node does not leave the cpuset. */
static void test_isolated_in_cpuset(struct kunit *test)
{
	const unsigned long far = BIT(FAR), both = BIT(0) | BIT(FAR), near = BIT(0);
	struct pt_fixture *f = isolated_pool(test);
	struct pb_request rq = pt_rq(0, PB_MOVABLE, FAR);

	rq.flags |= PB_ALLOC_CPUSET | PB_ALLOC_HARDWALL;
	rq.slow_flags |= PB_ALLOC_CPUSET | PB_ALLOC_HARDWALL;
	rq.mems_allowed = &both;
	KUNIT_EXPECT_EQ(test, served_by(test, f, &rq), 0);
	rq.nodemask = &far;
	KUNIT_EXPECT_EQ(test, served_by(test, f, &rq), FAR);
	rq.mems_allowed = &near;
	KUNIT_EXPECT_EQ(test, served_by(test, f, &rq), NUMA_NO_NODE);
}

/* A full pool: no request falls back to the isolated node, in the slow path neither. */
static void test_isolated_fallback(struct kunit *test)
{
	struct pt_fixture *f = isolated_pool(test);
	enum pb_reason reason = PB_REASON_NONE;
	struct pb_request rq;
	unsigned long *pfns, nr, i;

	nr = pt_fill(test, f, PB_PAGEBLOCK_ORDER, PB_MOVABLE, &pfns);
	KUNIT_ASSERT_GT(test, nr, 0UL);
	for (i = 0; i < nr; i++)
		KUNIT_ASSERT_NE(test, node_of(f, pfns[i]), FAR);
	rq = pt_rq(0, PB_MOVABLE, 0);
	KUNIT_EXPECT_EQ(test, pb_alloc(&f->pool, &rq, &reason), PB_NO_PFN);
	KUNIT_EXPECT_EQ(test, reason, PB_REASON_WATERMARK);
	rq = pt_rq(0, PB_MOVABLE, FAR);
	rq.flags |= PB_ALLOC_THISNODE;
	KUNIT_EXPECT_EQ(test, served_by(test, f, &rq), FAR);
}

static void test_isolated_bulk(struct kunit *test)
{
	struct pt_fixture *f = isolated_pool(test);
	struct pb_request rq = pt_rq(0, PB_MOVABLE, FAR);
	unsigned long pfns[100], i;

	KUNIT_ASSERT_EQ(test, pb_alloc_bulk(&f->pool, &rq, ARRAY_SIZE(pfns), pfns, NULL),
			(unsigned long)ARRAY_SIZE(pfns));
	for (i = 0; i < ARRAY_SIZE(pfns); i++)
		KUNIT_ASSERT_EQ(test, node_of(f, pfns[i]), FAR + 1);
	pb_free_bulk(&f->pool, ARRAY_SIZE(pfns), pfns);
}

static void test_isolated_contig(struct kunit *test)
{
	struct pt_fixture *f = isolated_pool(test);
	struct pb_request rq = pt_rq(0, PB_MOVABLE, FAR);
	unsigned long pfn = pb_alloc_contig(&f->pool, &rq, 700, NULL);

	KUNIT_ASSERT_EQ(test, node_of(f, pfn), FAR + 1);
	KUNIT_EXPECT_EQ(test, pb_free_contig(&f->pool, pfn, 700), PB_BAD_NONE);
	rq.flags |= PB_ALLOC_THISNODE;
	pfn = pb_alloc_contig(&f->pool, &rq, 700, NULL);
	KUNIT_ASSERT_EQ(test, node_of(f, pfn), FAR);
	KUNIT_EXPECT_EQ(test, pb_free_contig(&f->pool, pfn, 700), PB_BAD_NONE);
}

/* The restriction ends, and the reason of a failure by it is not the node. */
static void test_isolated_ends(struct kunit *test)
{
	struct pt_fixture *f = pt_pool(test, &pt_small);
	struct pb_request rq = pt_rq(0, PB_MOVABLE, 0);
	enum pb_reason reason = PB_REASON_NONE;
	struct pb_zone *zone = pt_zone(f, 0, PB_ZONE_NORMAL);

	pb_zone_restrict(zone, PB_RESTRICT_ISOLATED);
	KUNIT_EXPECT_EQ(test, pb_alloc(&f->pool, &rq, &reason), PB_NO_PFN);
	KUNIT_EXPECT_EQ(test, reason, PB_REASON_POLICY);
	pb_zone_restrict(zone, 0);
	KUNIT_EXPECT_EQ(test, served_by(test, f, &rq), 0);
}

/* Ordinary user requests have the movable zones alone; others, and the kernel's, all zones. */
static void test_user(struct kunit *test)
{
	struct pt_fixture *f = pt_pool(test, &pt_two_nodes);
	struct pb_request rq = pt_rq(PB_PAGEBLOCK_ORDER, PB_MOVABLE, 0);
	enum pb_reason reason = PB_REASON_NONE;
	unsigned long pfn, nr = 0, movable = 0;
	struct pb_zone *zone;

	pb_for_each_zone(zone, &f->pool) {
		if (zone->type == PB_ZONE_MOVABLE)
			movable += zone->present_pages;
		else
			pb_zone_restrict(zone, PB_RESTRICT_USER);
	}
	rq.flags |= PB_ALLOC_USER;
	while ((pfn = pb_alloc(&f->pool, &rq, &reason)) != PB_NO_PFN) {
		KUNIT_ASSERT_EQ(test, (int)pb_pfn_zone(&f->pool, pfn)->type, (int)PB_ZONE_MOVABLE);
		nr += PB_PAGEBLOCK_NR;
	}
	KUNIT_EXPECT_EQ(test, nr, movable);
	KUNIT_EXPECT_EQ(test, reason, PB_REASON_WATERMARK);
	rq.highest_zone = PB_ZONE_NORMAL;
	KUNIT_EXPECT_EQ(test, pb_alloc(&f->pool, &rq, &reason), PB_NO_PFN);
	KUNIT_EXPECT_EQ(test, reason, PB_REASON_POLICY);
	rq.flags &= ~PB_ALLOC_USER;
	KUNIT_EXPECT_EQ(test, served_by(test, f, &rq), 0);
}

#define MIRRORED	1	/* the mirrored node of pt_four_nodes */

/* A pool of four nodes of which one is mirrored. */
static struct pt_fixture *mirrored_pool(struct kunit *test, bool strict)
{
	struct pt_fixture *f = pt_pool(test, &pt_four_nodes);
	struct pb_zone *zone;

	f->pool.reliable_strict = strict;
	pb_for_each_zone(zone, &f->pool)
		if (zone->nid != MIRRORED)
			pb_zone_restrict(zone, PB_RESTRICT_RELIABLE);
	return f;
}

static struct pb_request reliable(unsigned int order)
{
	struct pb_request rq = pt_rq(order, PB_MOVABLE, 0);

	rq.flags |= PB_ALLOC_RELIABLE;
	return rq;
}

/* Takes all memory of the mirrored node. */
static void fill_mirrored(struct kunit *test, struct pt_fixture *f)
{
	struct pb_request rq = pt_rq(PB_PAGEBLOCK_ORDER, PB_MOVABLE, MIRRORED);

	rq.flags |= PB_ALLOC_THISNODE;
	while (pb_alloc(&f->pool, &rq, NULL) != PB_NO_PFN)
		;
}

static unsigned long fell_back(struct pt_fixture *f)
{
	return pb_pool_event(&f->pool, PB_RELIABLE_FALLBACK);
}

static unsigned long stayed(struct pt_fixture *f)
{
	return pb_pool_event(&f->pool, PB_RELIABLE_STRICT);
}

/* Reliable requests use the mirrored node as long as it has memory, others any node. */
static void test_reliable(struct kunit *test)
{
	struct pt_fixture *f = mirrored_pool(test, false);
	struct pb_request rq = reliable(0), any = pt_rq(0, PB_MOVABLE, 0);
	unsigned long pfns[100], i;

	KUNIT_EXPECT_EQ(test, served_by(test, f, &rq), MIRRORED);
	KUNIT_EXPECT_EQ(test, served_by(test, f, &any), 0);
	KUNIT_ASSERT_EQ(test, pb_alloc_bulk(&f->pool, &rq, ARRAY_SIZE(pfns), pfns, NULL),
			(unsigned long)ARRAY_SIZE(pfns));
	for (i = 0; i < ARRAY_SIZE(pfns); i++)
		KUNIT_ASSERT_EQ(test, node_of(f, pfns[i]), MIRRORED);
	pb_free_bulk(&f->pool, ARRAY_SIZE(pfns), pfns);
	KUNIT_EXPECT_EQ(test, fell_back(f) + stayed(f), 0UL);
}

static void test_reliable_falls_back(struct kunit *test)
{
	struct pt_fixture *f = mirrored_pool(test, false);
	struct pb_request rq = reliable(0);

	fill_mirrored(test, f);
	KUNIT_EXPECT_EQ(test, served_by(test, f, &rq), 0);
	KUNIT_EXPECT_EQ(test, fell_back(f), 1UL);
	/* One that only tries a node falls back on that node. */
	rq.flags |= PB_ALLOC_THISNODE;
	KUNIT_EXPECT_EQ(test, served_by(test, f, &rq), 0);
	KUNIT_EXPECT_EQ(test, fell_back(f), 2UL);
	KUNIT_EXPECT_EQ(test, stayed(f), 0UL);
}

static void test_reliable_strict(struct kunit *test)
{
	struct pt_fixture *f = mirrored_pool(test, true);
	enum pb_reason reason = PB_REASON_NONE;
	struct pb_request rq = reliable(0);

	fill_mirrored(test, f);
	KUNIT_EXPECT_EQ(test, pb_alloc(&f->pool, &rq, &reason), PB_NO_PFN);
	KUNIT_EXPECT_EQ(test, reason, PB_REASON_WATERMARK);
	KUNIT_EXPECT_EQ(test, stayed(f), 1UL);
	KUNIT_EXPECT_EQ(test, fell_back(f), 0UL);
	KUNIT_EXPECT_EQ(test, pb_alloc_contig(&f->pool, &rq, 700, &reason), PB_NO_PFN);
	KUNIT_EXPECT_EQ(test, stayed(f), 2UL);
	rq.flags &= ~PB_ALLOC_RELIABLE;
	KUNIT_EXPECT_EQ(test, served_by(test, f, &rq), 0);
}

/* Without a mirrored zone a strict request fails at once, and is counted if it is not too large. */
static void test_reliable_without_memory(struct kunit *test)
{
	struct pt_fixture *f = mirrored_pool(test, true);
	struct pb_request rq = reliable(0);
	struct pb_zone *zone;

	pb_for_each_zone(zone, &f->pool)
		pb_zone_restrict(zone, PB_RESTRICT_RELIABLE);
	KUNIT_EXPECT_EQ(test, served_by(test, f, &rq), NUMA_NO_NODE);
	KUNIT_EXPECT_EQ(test, stayed(f), 1UL);
	rq.order = PB_MAX_ORDER;
	KUNIT_EXPECT_EQ(test, served_by(test, f, &rq), NUMA_NO_NODE);
	KUNIT_EXPECT_EQ(test, stayed(f), 1UL);
	f->pool.reliable_strict = false;
	rq.order = 0;
	KUNIT_EXPECT_EQ(test, served_by(test, f, &rq), 0);
	KUNIT_EXPECT_EQ(test, stayed(f), 1UL);
	KUNIT_EXPECT_EQ(test, fell_back(f), 1UL);
}

static unsigned int woken;

static void wake(struct pb_zone *zone, unsigned int order, pb_alloc_flags_t flags)
{
	woken |= BIT(zone->nid);
}

/* The threads that are woken before the decision are those of mirrored zones. */
static void test_reliable_wakes(struct kunit *test)
{
	struct pt_fixture *f = mirrored_pool(test, false);
	struct pb_request rq = reliable(0);

	fill_mirrored(test, f);
	f->pool.ops.wake_node = wake;
	rq.flags |= PB_ALLOC_KSWAPD;
	woken = 0;
	KUNIT_EXPECT_EQ(test, served_by(test, f, &rq), 0);
	KUNIT_EXPECT_EQ(test, woken, (unsigned int)BIT(MIRRORED));
}

static pb_alloc_flags_t oom_flags;

static bool oom(struct pb_pool *pool, const struct pb_request *rq)
{
	oom_flags = rq->flags;
	return false;
}

/* The flags with which a victim is selected for a request that no node can serve. */
static pb_alloc_flags_t victim_flags(struct kunit *test, struct pt_fixture *f)
{
	struct pb_request rq = reliable(0);
	unsigned long *pfns;

	pt_fill(test, f, 0, PB_MOVABLE, &pfns);
	f->pool.ops.oom = oom;
	oom_flags = PB_ALLOC_FLAG(0);
	rq.flags |= PB_ALLOC_WAIT | PB_ALLOC_IO | PB_ALLOC_FS;
	KUNIT_EXPECT_EQ(test, served_by(test, f, &rq), NUMA_NO_NODE);
	return oom_flags;
}

/* A victim may have any memory that the request may use in the end. */
static void test_reliable_victim(struct kunit *test)
{
	pb_alloc_flags_t any = victim_flags(test, mirrored_pool(test, false));
	pb_alloc_flags_t strict = victim_flags(test, mirrored_pool(test, true));

	KUNIT_EXPECT_TRUE(test, any & PB_ALLOC_WAIT && !(any & PB_ALLOC_RELIABLE));
	KUNIT_EXPECT_TRUE(test, (bool)(strict & PB_ALLOC_RELIABLE));
}

/* No memory is mirrored, as of a kind of zone that the pool does not have. */
static void test_reliable_larger(struct kunit *test)
{
	struct pt_fixture *f = pt_pool(test, &pt_gig);
	struct pb_request rq = reliable(PB_PAGEBLOCK_ORDER);

	pb_zone_restrict(pt_zone(f, 0, PB_ZONE_NORMAL), PB_RESTRICT_RELIABLE);
	KUNIT_EXPECT_EQ(test, served_by(test, f, &rq), 0);
	KUNIT_EXPECT_EQ(test, fell_back(f), 1UL);
}

/* A request that has fallen back does so on the reserve as well. */
static void test_reliable_reserve(struct kunit *test)
{
	struct pt_fixture *f = mirrored_pool(test, false);
	struct pb_request rq = reliable(0);
	struct pb_zone *zone;

	fill_mirrored(test, f);
	pb_for_each_zone(zone, &f->pool)
		pt_set_watermark(zone, PB_WMARK_MIN, zone->present_pages);
	KUNIT_EXPECT_EQ(test, served_by(test, f, &rq), NUMA_NO_NODE);
	rq.reserve_flags = PB_ALLOC_NO_WATERMARKS;
	KUNIT_EXPECT_EQ(test, served_by(test, f, &rq), 0);
}

static void test_reliable_range(struct kunit *test)
{
	struct pt_fixture *f = mirrored_pool(test, false);
	struct pb_request rq = reliable(0);
	unsigned long pfn = pb_alloc_contig(&f->pool, &rq, 700, NULL);

	KUNIT_ASSERT_EQ(test, node_of(f, pfn), MIRRORED);
	KUNIT_EXPECT_EQ(test, pb_free_contig(&f->pool, pfn, 700), PB_BAD_NONE);
	fill_mirrored(test, f);
	pfn = pb_alloc_contig(&f->pool, &rq, 700, NULL);
	KUNIT_ASSERT_EQ(test, node_of(f, pfn), 0);
	KUNIT_EXPECT_EQ(test, pb_free_contig(&f->pool, pfn, 700), PB_BAD_NONE);
	KUNIT_EXPECT_EQ(test, fell_back(f), 1UL);
}

/* The type of a restricted zone still counts. */
static void test_type(struct kunit *test)
{
	struct pt_fixture *f = pt_pool(test, &pt_two_nodes);
	struct pb_request rq = pt_rq(0, PB_MOVABLE, 0);
	unsigned long pfn;

	pb_zone_restrict(pt_zone(f, 0, PB_ZONE_MOVABLE), PB_RESTRICT_ISOLATED);
	rq.highest_zone = PB_ZONE_NORMAL;
	rq.flags |= PB_ALLOC_THISNODE;
	pfn = pb_alloc(&f->pool, &rq, NULL);
	KUNIT_ASSERT_NE(test, pfn, PB_NO_PFN);
	KUNIT_EXPECT_PTR_EQ(test, pb_pfn_zone(&f->pool, pfn), pt_zone(f, 0, PB_ZONE_NORMAL));
	pt_free(test, f, pfn, 0);
}

static struct kunit_case restrict_cases[] = {
	KUNIT_CASE(test_isolated),
	KUNIT_CASE(test_isolated_in_cpuset),
	KUNIT_CASE(test_isolated_fallback),
	KUNIT_CASE(test_isolated_bulk),
	KUNIT_CASE(test_isolated_contig),
	KUNIT_CASE(test_isolated_ends),
	KUNIT_CASE(test_user),
	KUNIT_CASE(test_reliable),
	KUNIT_CASE(test_reliable_falls_back),
	KUNIT_CASE(test_reliable_strict),
	KUNIT_CASE(test_reliable_without_memory),
	KUNIT_CASE(test_reliable_larger),
	KUNIT_CASE(test_reliable_reserve),
	KUNIT_CASE(test_reliable_range),
	KUNIT_CASE(test_reliable_wakes),
	KUNIT_CASE(test_reliable_victim),
	KUNIT_CASE(test_type),
	{}
};

static struct kunit_suite restrict_suite = {
	.name = "pbuddy_restrict",
	.init = pt_init,
	.exit = pt_exit,
	.test_cases = restrict_cases,
};

kunit_test_suite(restrict_suite);
