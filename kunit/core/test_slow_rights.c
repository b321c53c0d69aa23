// SPDX-License-Identifier: GPL-2.0-only
/*
 * slow.c, slow_retry.c: what a request may use in the slow path that its first walk may not (a
 * lower watermark, the reserve of an OOM victim, the highatomic reserve, nodes outside its cpuset),
 * and when it stops trying. The callbacks are those of script.h.
 */
#include "core/base/pfn.h"
#include "core/cache/drain.h"
#include "core/cache/pcp.h"
#include "core/compact/isolate.h"
#include "core/zone/highatomic.h"
#include "core/zone/zone.h"
#include "fixture.h"
#include "script.h"
#include "task.h"
#include "threads.h"

#define W	(PB_ALLOC_WAIT | PB_ALLOC_KSWAPD | PB_ALLOC_FS)
#define HARD	(PB_ALLOC_CPUSET | PB_ALLOC_HARDWALL)

/* The first walk of the slow path uses the min watermark, before any cache is drained. */
static void test_lower_watermark_at_once(struct kunit *test)
{
	struct pt_fixture *f = pt_pool(test, &pt_small);
	struct pb_zone *zone = pt_zone(f, 0, PB_ZONE_NORMAL);
	struct pb_request rq = pt_rq(PB_PAGEBLOCK_ORDER, PB_MOVABLE, 0);
	unsigned long cached;

	pt_free(test, f, pt_alloc(f, 0), 0);
	cached = pb_pcp_pages(zone);
	KUNIT_ASSERT_GT(test, cached, 0UL);
	pt_set_watermark(zone, PB_WMARK_LOW, f->pages);
	rq.flags = PB_ALLOC_WMARK_LOW;
	KUNIT_EXPECT_NE(test, pb_alloc(&f->pool, &rq, NULL), PB_NO_PFN);
	KUNIT_EXPECT_EQ(test, pb_zone_event(zone, PB_ALLOC_SLOW), 1UL);
	KUNIT_EXPECT_EQ(test, pb_pcp_pages(zone), cached);
}

/* A full zone with two free pages and a min watermark of as many. */
static struct pt_fixture *pool_at_min(struct kunit *test)
{
	struct pt_fixture *f = pt_full_pool(test, &pt_small);
	struct pb_zone *zone = pt_zone(f, 0, PB_ZONE_NORMAL);

	pt_free(test, f, pt_script.held ^ 1, 0);
	pt_free(test, f, pt_script.held ^ 2, 0);
	pt_drain_all(&f->pool);
	pt_set_watermark(zone, PB_WMARK_MIN, 2);
	pt_set_watermark(zone, PB_WMARK_HIGH, 2);
	return f;
}

/* An OOM victim gets half of the min watermark, unless its request has NOMEMALLOC. */
static void test_victim_reserve(struct kunit *test)
{
	struct pt_fixture *f = pool_at_min(test);
	struct pb_request rq = pt_rq(0, PB_MOVABLE, 0);

	rq.flags = W;
	KUNIT_EXPECT_EQ(test, pt_script_request(f, &rq), PB_NO_PFN);
	pt_script.victim = true;
	rq.flags = W | PB_ALLOC_NOMEMALLOC;
	KUNIT_EXPECT_EQ(test, pt_script_request(f, &rq), PB_NO_PFN);
	KUNIT_EXPECT_STREQ(test, pt_script.log, "wdwro");
	rq.flags = PB_ALLOC_KSWAPD;
	KUNIT_EXPECT_EQ(test, pt_script_request(f, &rq), PB_NO_PFN);
	rq.flags = W;
	KUNIT_EXPECT_NE(test, pt_script_request(f, &rq), PB_NO_PFN);
	KUNIT_EXPECT_STREQ(test, pt_script.log, "wdw");
	/* Half of the watermark, not all of it. */
	KUNIT_EXPECT_EQ(test, pt_script_request(f, &rq), PB_NO_PFN);
	KUNIT_EXPECT_EQ(test, pb_zone_free_pages(pt_zone(f, 0, PB_ZONE_NORMAL)), 1L);
}

/* A full zone with @nr highatomic pageblocks and one free page in each of them. */
static struct pt_fixture *pool_with_highatomic(struct kunit *test, unsigned int nr)
{
	struct pt_fixture *f = pt_full_pool(test, &pt_gig);
	struct pb_zone *zone = pt_zone(f, 0, PB_ZONE_NORMAL);
	unsigned long pfn = round_down(pt_script.held, PB_PAGEBLOCK_NR);

	for (; nr; nr--, pfn += PB_PAGEBLOCK_NR) {
		preempt_disable();
		pb_highatomic_reserve(zone, pfn, 4);
		preempt_enable();
		pt_free(test, f, pfn, 0);
	}
	pt_drain_all(&f->pool);
	return f;
}

/* After reclaim, a request gets the pages of a highatomic pageblock that is not the last one. */
static void test_unreserve_after_reclaim(struct kunit *test)
{
	struct pt_fixture *f = pool_with_highatomic(test, 2);
	struct pb_zone *zone = pt_zone(f, 0, PB_ZONE_NORMAL);
	struct pb_request rq = pt_rq(0, PB_MOVABLE, 0);

	pt_script.progress = 1;
	rq.flags = W | PB_ALLOC_NORETRY;
	KUNIT_EXPECT_NE(test, pt_script_request(f, &rq), PB_NO_PFN);
	KUNIT_EXPECT_STREQ(test, pt_script.log, "wdwrd");
	KUNIT_EXPECT_EQ(test, atomic_long_read(&zone->nr_reserved_highatomic),
			(long)PB_PAGEBLOCK_NR);
	KUNIT_EXPECT_EQ(test, pt_script_request(f, &rq), PB_NO_PFN);
	/* A request that would fail otherwise gets the last one, too. */
	pt_script.progress = 0;
	rq.flags = W;
	KUNIT_EXPECT_NE(test, pt_script_request(f, &rq), PB_NO_PFN);
	KUNIT_EXPECT_NULL(test, strchr(pt_script.log, 'o'));
	KUNIT_EXPECT_EQ(test, atomic_long_read(&zone->nr_reserved_highatomic), 0L);
}

static unsigned int queries;

/* Reclaimable for 40 queries, so that a case that would not end does. */
static unsigned long reclaimable_for_a_while(struct pb_zone *zone)
{
	return ++queries > 40 ? 0 : 100000;
}

/*
 * Reclaimed pages are no progress for a costly order: 16 rounds and one more, although each round
 * frees pages. For other orders each round of progress starts the count again, and at the end a
 * harder compaction is tried in one more.
 */
static void test_progress_of_costly(struct kunit *test)
{
	static const unsigned int orders[] = { PB_COSTLY_ORDER + 1, PB_COSTLY_ORDER };
	static const unsigned int rounds[] = { 17, 42 };
	struct pt_fixture *f = pt_full_pool(test, &pt_small);
	struct pb_zone *zone = pt_zone(f, 0, PB_ZONE_NORMAL);
	unsigned long start = round_down(pt_script.held, 64);
	struct pb_request rq = pt_rq(0, PB_MOVABLE, 0);
	unsigned int i, k, nr;

	/* A free block that the watermark refuses. */
	KUNIT_ASSERT_EQ(test, pb_free_contig(&f->pool, start, 16), PB_BAD_NONE);
	pt_set_watermark(zone, PB_WMARK_MIN, 1000);
	pt_set_watermark(zone, PB_WMARK_HIGH, 1000);
	f->pool.ops.reclaimable = reclaimable_for_a_while;
	pt_script.progress = 1;
	for (k = 0; k < ARRAY_SIZE(orders); k++) {
		queries = 0;
		rq.order = orders[k];
		rq.flags = PB_ALLOC_WAIT | PB_ALLOC_FS | PB_ALLOC_RETRY_MAYFAIL;
		KUNIT_EXPECT_EQ(test, pt_script_request(f, &rq), PB_NO_PFN);
		for (nr = 0, i = 0; i < pt_script.len; i++)
			nr += pt_script.log[i] == 'r';
		KUNIT_EXPECT_EQ_MSG(test, nr, rounds[k], "order %u", orders[k]);
	}
}

/* Pages that only requests for lower zones may use do not make another round worth it. */
static void test_lowmem_reserve_ends(struct kunit *test)
{
	struct pt_fixture *f = pt_full_pool(test, &pt_small);
	struct pb_zone *zone = pt_zone(f, 0, PB_ZONE_NORMAL);
	struct pb_request rq = pt_rq(0, PB_MOVABLE, 0);

	rq.flags = PB_ALLOC_WAIT | PB_ALLOC_FS;
	pt_script.reclaimable = 1000;
	zone->lowmem_reserve[PB_ZONE_MOVABLE] = 1000;
	pb_zone_update_fast_watermark(zone);
	KUNIT_EXPECT_EQ(test, pt_script_request(f, &rq), PB_NO_PFN);
	KUNIT_EXPECT_STREQ(test, pt_script.log, "dro");
	/* A request for the zone itself: the reserve is not against it. */
	rq.highest_zone = PB_ZONE_NORMAL;
	KUNIT_EXPECT_EQ(test, pt_script_request(f, &rq), PB_NO_PFN);
	KUNIT_EXPECT_EQ(test, pt_script.len, 1U + 17 + 1);
}

/* Isolated pages are free again soon: no reason to kill before the last round. */
static void test_isolated_pages_are_worth_a_round(struct kunit *test)
{
	struct pt_fixture *f = pt_full_pool(test, &pt_small);
	struct pb_zone *zone = pt_zone(f, 0, PB_ZONE_NORMAL);
	struct pb_request rq = pt_rq(0, PB_MOVABLE, 0);
	struct pb_area area = { .nr = 1, .frames = PB_PAGEBLOCK_NR };

	area.first = pb_pageblock_index(zone, pt_script.held);
	KUNIT_ASSERT_TRUE(test, pb_area_isolate(zone, &area));
	pt_free(test, f, pt_script.held, 0);
	pt_script.held = PB_NO_PFN;
	pb_pcp_drain_local(&f->pool);
	KUNIT_EXPECT_EQ(test, pb_zone_isolated_pages(zone), 1L);
	rq.flags = PB_ALLOC_WAIT | PB_ALLOC_FS;
	KUNIT_EXPECT_EQ(test, pt_script_request(f, &rq), PB_NO_PFN);
	KUNIT_EXPECT_EQ(test, pt_script.len, 1U + 17 + 1);
	pb_area_unisolate(zone, &area);
	KUNIT_EXPECT_NE(test, pt_script_request(f, &rq), PB_NO_PFN);
}

/* No task is killed for a request that only the lowest zone may serve. */
static void test_no_kill_for_low_zone(struct kunit *test)
{
	struct pt_fixture *f = pt_full_pool(test, &pt_two_nodes);
	struct pb_request rq = pt_rq(0, PB_MOVABLE, 0);

	rq.flags = W;
	rq.highest_zone = PB_ZONE_DMA32;
	KUNIT_EXPECT_EQ(test, pt_script_request(f, &rq), PB_NO_PFN);
	KUNIT_EXPECT_STREQ(test, pt_script.log, "wdwr");
	rq.highest_zone = PB_ZONE_NORMAL;
	KUNIT_EXPECT_EQ(test, pt_script_request(f, &rq), PB_NO_PFN);
	KUNIT_EXPECT_STREQ(test, pt_script.log, "wwdwwro");
}

/* NOFAIL leaves its cpuset when nothing else is left; other requests fail. */
static void test_nofail_leaves_cpuset(struct kunit *test)
{
	struct pt_fixture *f = pt_full_pool(test, &pt_two_nodes);
	unsigned long first = pt_layout_pfn(f->layout, 0), free = PB_NO_PFN, mems;
	struct pb_request rq = pt_rq(0, PB_MOVABLE, 0);
	unsigned long frame;

	mems = BIT(pt_layout_node(f->layout, first));
	for (frame = 0; frame < f->pages && free == PB_NO_PFN; frame++)
		if (BIT(pt_layout_node(f->layout, pt_layout_pfn(f->layout, frame))) != mems)
			free = pt_layout_pfn(f->layout, frame);
	KUNIT_ASSERT_NE(test, free, PB_NO_PFN);
	pt_free(test, f, free, 0);
	pt_drain_all(&f->pool);
	/* If the request would not end, it gets a page of its cpuset. */
	pt_script.held = first;
	rq.mems_allowed = &mems;
	rq.flags = W | HARD;
	rq.slow_flags = HARD;
	KUNIT_EXPECT_EQ(test, pt_script_request(f, &rq), PB_NO_PFN);
	rq.flags |= PB_ALLOC_NOFAIL;
	KUNIT_EXPECT_EQ(test, pt_script_request(f, &rq), free);
	KUNIT_EXPECT_STREQ(test, pt_script.log, "wdwro");
}

/* Of two nodes with a page for it, NOFAIL takes that of its cpuset, although it is farther. */
static void test_nofail_prefers_cpuset(struct kunit *test)
{
	struct pt_fixture *f = pt_full_pool(test, &pt_two_nodes);
	struct pb_request rq = pt_rq(0, PB_MOVABLE, 0);
	struct pb_zone *zone;
	unsigned long mems = BIT(1), i;

	/* Two free pages and a min watermark of as many in each NORMAL zone. */
	for (i = 0; i < 2; i++) {
		zone = pt_zone(f, i, PB_ZONE_NORMAL);
		KUNIT_ASSERT_EQ(test, pb_free_contig(&f->pool, zone->start_pfn, 2), PB_BAD_NONE);
		pt_set_watermark(zone, PB_WMARK_MIN, 2);
		pt_set_watermark(zone, PB_WMARK_HIGH, 2);
	}
	rq.mems_allowed = &mems;
	rq.flags = W | HARD | PB_ALLOC_NOFAIL;
	rq.slow_flags = HARD;
	KUNIT_EXPECT_EQ(test, pb_pfn_zone(&f->pool, pt_script_request(f, &rq))->nid, 1);
}

/* An atomic request ignores its memory policy in the slow path; one that heeds cpusets does not. */
static void test_atomic_ignores_policy(struct kunit *test)
{
	struct pt_fixture *f = pt_full_pool(test, &pt_two_nodes);
	struct pb_request rq = pt_rq(0, PB_MOVABLE, 0);
	unsigned long held = pt_script.held, node = BIT(!pt_layout_node(f->layout, held));

	pt_free(test, f, held, 0);
	pt_drain_all(&f->pool);
	rq.nodemask = &node;
	rq.flags = PB_ALLOC_KSWAPD;
	rq.slow_flags = PB_ALLOC_CPUSET | PB_ALLOC_MIN_RESERVE;
	KUNIT_EXPECT_EQ(test, pt_script_request(f, &rq), PB_NO_PFN);
	rq.slow_flags = PB_ALLOC_NON_BLOCK | PB_ALLOC_MIN_RESERVE;
	KUNIT_EXPECT_EQ(test, pt_script_request(f, &rq), held);
}

/* A request that may sleep gets no page of the atomic reserve, whatever its flags say. */
static void test_sleeper_gets_no_atomic_reserve(struct kunit *test)
{
	struct pt_fixture *f = pool_with_highatomic(test, 1);
	struct pb_request rq = pt_rq(0, PB_MOVABLE, 0);

	pt_warnings_expected(true);
	rq.slow_flags = PB_ALLOC_NON_BLOCK;
	rq.flags = W | PB_ALLOC_NORETRY;
	KUNIT_EXPECT_EQ(test, pt_script_request(f, &rq), PB_NO_PFN);
	KUNIT_EXPECT_EQ(test, pt_warnings_seen(), 1U);
	rq.flags = PB_ALLOC_KSWAPD;
	KUNIT_EXPECT_NE(test, pt_script_request(f, &rq), PB_NO_PFN);
	KUNIT_EXPECT_EQ(test, pt_warnings_seen(), 0U);
	pt_warnings_expected(false);
}

/* Pages of nodes that the request may not use do not make another round worth it. */
static void test_other_nodes_do_not_count(struct kunit *test)
{
	struct pt_fixture *f = pt_full_pool(test, &pt_two_nodes);
	struct pb_request rq = pt_rq(0, PB_MOVABLE, 0);
	unsigned long node = BIT(1);
	struct pb_zone *zone;

	pb_for_each_zone(zone, &f->pool)
		if (zone->nid == 1)
			pt_set_watermark(zone, PB_WMARK_MIN, 100000);
	pt_script.reclaimable = 1000;
	rq.nodemask = &node;
	rq.flags = PB_ALLOC_WAIT | PB_ALLOC_FS;
	KUNIT_EXPECT_EQ(test, pt_script_request(f, &rq), PB_NO_PFN);
	KUNIT_EXPECT_STREQ(test, pt_script.log, "dro");
}

/* A dying task compacts once, and not again although other requests got the blocks. */
static void test_dying_task_does_not_compact(struct kunit *test)
{
	struct pt_fixture *f = pt_full_pool(test, &pt_small);
	struct pb_request rq = pt_rq(2, PB_MOVABLE, 0);

	rq.flags = PB_ALLOC_WAIT | PB_ALLOC_FS;
	pt_script.progress = 1;
	pt_script.result = PB_COMPACT_SUCCESS;
	pt_task_dies(true);
	KUNIT_EXPECT_EQ(test, pt_script_request(f, &rq), PB_NO_PFN);
	pt_task_dies(false);
	KUNIT_EXPECT_STREQ(test, pt_script.log, "drd1o");
}

/* The walk before a kill needs the high watermark, but the one after a drain that helps. */
static void test_last_walk_at_high(struct kunit *test)
{
	struct pt_fixture *f = pt_full_pool(test, &pt_small);
	struct pb_request rq = pt_rq(0, PB_MOVABLE, 0);
	unsigned long held = pt_script.held;

	pt_set_watermark(pt_zone(f, 0, PB_ZONE_NORMAL), PB_WMARK_HIGH, 1);
	rq.flags = W;
	pt_script.give_at = 'a';
	pt_script.give_nth = 1;
	pt_script.queries = true;
	pt_script.oom = true;
	KUNIT_EXPECT_EQ(test, pt_script_request(f, &rq), held);
	KUNIT_EXPECT_STREQ(test, pt_script.log, "wdwrad");
}

/* An OOM victim that has exited since the walk of a round may have freed memory: another round. */
static void test_round_after_victim(struct kunit *test)
{
	struct pt_fixture *f = pt_full_pool(test, &pt_small);
	struct pb_request rq = pt_rq(0, PB_MOVABLE, 0);

	rq.flags = W;
	pt_script.gone_at = 'r';
	KUNIT_EXPECT_EQ(test, pt_script_request(f, &rq), PB_NO_PFN);
	KUNIT_EXPECT_STREQ(test, pt_script.log, "wdwrwro");
}

static struct kunit_case slow_rights_cases[] = {
	KUNIT_CASE(test_lower_watermark_at_once),
	KUNIT_CASE(test_victim_reserve),
	KUNIT_CASE(test_unreserve_after_reclaim),
	KUNIT_CASE(test_progress_of_costly),
	KUNIT_CASE(test_lowmem_reserve_ends),
	KUNIT_CASE(test_isolated_pages_are_worth_a_round),
	KUNIT_CASE(test_no_kill_for_low_zone),
	KUNIT_CASE(test_nofail_leaves_cpuset),
	KUNIT_CASE(test_nofail_prefers_cpuset),
	KUNIT_CASE(test_atomic_ignores_policy),
	KUNIT_CASE(test_sleeper_gets_no_atomic_reserve),
	KUNIT_CASE(test_other_nodes_do_not_count),
	KUNIT_CASE(test_dying_task_does_not_compact),
	KUNIT_CASE(test_last_walk_at_high),
	KUNIT_CASE(test_round_after_victim),
	{}
};

static struct kunit_suite slow_rights_suite = {
	.name = "pbuddy_slow_rights",
	.init = pt_init,
	.exit = pt_exit,
	.test_cases = slow_rights_cases,
};

kunit_test_suite(slow_rights_suite);
