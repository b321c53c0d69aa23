// SPDX-License-Identifier: GPL-2.0-only
/*
 * compact.c: when compaction is not worth it, put off, given up, or somebody else's turn. What
 * cannot be had is said so, and everything is as it was.
 */
#include "core/base/pfn.h"
#include "core/compact/compact.h"
#include "core/zone/zone.h"
#include "movers.h"
#include "task.h"
#include "threads.h"

/* Failing at an order puts off the next 2, 4, ... 64 attempts at it and above; not below. */
static void test_deferral(struct kunit *test)
{
	struct pt_movers *m = pt_fragmented(test, &pt_small, 0, 50);
	unsigned long pfn;
	unsigned int shift, i;
	long tried;

	m->fail = 1;
	pt_compact(m, 9, PB_COMPACT_PRIO_ASYNC, &pfn);
	pt_compact(m, 9, PB_COMPACT_PRIO_ASYNC, &pfn);
	tried = atomic_long_read(&m->migrations);
	for (shift = 1; shift <= 7; shift++) {
		KUNIT_EXPECT_EQ(test, pt_compact(m, 9, PB_COMPACT_PRIO_SYNC_LIGHT, &pfn),
				PB_COMPACT_PARTIAL_SKIPPED);
		KUNIT_EXPECT_EQ(test, pt_movers_zone(m)->compact_defer_shift, min(shift, 6U));
		/* Put off for as long as can be, hints are forgotten too; not before. */
		KUNIT_EXPECT_EQ(test, atomic_long_read(&m->migrations) > tried, shift == 7);
		tried = atomic_long_read(&m->migrations);
		for (i = 1; i < 1U << min(shift, 6U); i++)
			KUNIT_EXPECT_EQ(test, pt_compact(m, i % 2 ? 9 : 10, PB_COMPACT_PRIO_ASYNC,
							 &pfn), PB_COMPACT_DEFERRED);
		KUNIT_EXPECT_EQ(test, pfn, PB_NO_PFN);
	}
	KUNIT_EXPECT_NE(test, pt_compact(m, 4, PB_COMPACT_PRIO_ASYNC, &pfn), PB_COMPACT_DEFERRED);
	if (pfn != PB_NO_PFN)
		pt_free(test, m->f, pfn, 4);
	m->fail = 0;
	/* The highest priority is never put off, and its success ends the deferral. */
	KUNIT_EXPECT_EQ(test, pt_compact(m, 9, PB_COMPACT_PRIO_SYNC_FULL, &pfn),
			PB_COMPACT_SUCCESS);
	KUNIT_EXPECT_EQ(test, pt_movers_zone(m)->compact_defer_shift, 0U);
	KUNIT_EXPECT_GT(test, pt_movers_zone(m)->compact_order_failed, 9U);
	pt_movers_check(test, m);
}

/* Too little is free, or nobody can move anything, or nothing needs to be. */
static void test_skipped(struct kunit *test)
{
	struct pt_movers *m = pt_fragmented(test, &pt_small, 0, 10);
	struct pb_request rq = pt_waiting_rq(9);
	struct pt_fixture *f;
	unsigned long pfn;

	KUNIT_EXPECT_FALSE(test, pb_compaction_suitable(pt_movers_zone(m), 9, PB_ZONE_NORMAL));
	KUNIT_EXPECT_EQ(test, pt_compact(m, 9, PB_COMPACT_PRIO_SYNC_FULL, &pfn),
			PB_COMPACT_SKIPPED);
	KUNIT_EXPECT_TRUE(test, pb_compaction_suitable(pt_movers_zone(m), 5, PB_ZONE_NORMAL));
	pt_movers_zone(m)->watermark[PB_WMARK_LOW] = 409;
	pb_zone_update_fast_mark(pt_movers_zone(m));
	KUNIT_EXPECT_FALSE(test, pb_compaction_suitable(pt_movers_zone(m), 5, PB_ZONE_NORMAL));
	KUNIT_EXPECT_TRUE(test, pb_compaction_suitable(pt_movers_zone(m), 3, PB_ZONE_NORMAL));
	KUNIT_EXPECT_EQ(test, pt_compact(m, 0, PB_COMPACT_PRIO_SYNC_FULL, &pfn),
			PB_COMPACT_SKIPPED);
	KUNIT_EXPECT_EQ(test, atomic_long_read(&m->migrations), 0L);
	f = pt_pool(test, &pt_small);
	KUNIT_EXPECT_EQ(test, pb_compact_pages(&f->pool, &rq, PB_COMPACT_PRIO_SYNC_FULL, &pfn),
			PB_COMPACT_SKIPPED);
	rq.flags = 0;
	KUNIT_EXPECT_EQ(test, pb_compact_pages(&m->f->pool, &rq, PB_COMPACT_PRIO_SYNC_FULL, &pfn),
			PB_COMPACT_SKIPPED);
}

/* Somebody else wants the CPU, as a tick would say it. */
#ifdef __KERNEL__
static void want_cpu(bool on)
{
	if (on)
		set_tsk_thread_flag(current, TIF_NEED_RESCHED);
	else
		schedule();
}
#else
static void want_cpu(bool on)
{
	pb_host_need_resched = on;
}
#endif

/* From the 7th block on, each time: the wish may be granted before compaction looks. */
static int resched_soon(struct pt_movers *m, struct pt_object *o, unsigned long src,
			unsigned long dst)
{
	if (atomic_long_read(&m->migrations) >= 7)
		want_cpu(true);
	return 0;
}

static int killed_soon(struct pt_movers *m, struct pt_object *o, unsigned long src,
		       unsigned long dst)
{
	if (atomic_long_read(&m->migrations) == 7)
		pt_task_dies(true);
	return 0;
}

/*
 * In the middle of an area: what has moved has moved, the rest stays, nothing stays isolated, and
 * the area is not held to be a bad one. Without waiting for another task's sake, always for a kill.
 */
static void test_gives_up(struct kunit *test)
{
	struct pt_movers *m = pt_fragmented(test, &pt_small, 0, 50);
	unsigned long held = pt_movers_check(test, m), pfn;
	long before;

	m->hook = resched_soon;
	KUNIT_EXPECT_EQ(test, pt_compact(m, 9, PB_COMPACT_PRIO_ASYNC, &pfn), PB_COMPACT_CONTENDED);
	before = atomic_long_read(&m->migrations);
	KUNIT_EXPECT_GE(test, before, 7L);
	KUNIT_EXPECT_LT(test, before, 100L);
	KUNIT_EXPECT_EQ(test, pt_movers_check(test, m), held);
	KUNIT_EXPECT_EQ(test, pt_compact(m, 9, PB_COMPACT_PRIO_SYNC_LIGHT, &pfn),
			PB_COMPACT_SUCCESS);
	want_cpu(false);
	atomic_long_set(&m->migrations, 0);
	m->hook = killed_soon;
	KUNIT_EXPECT_EQ(test, pt_compact(m, 9, PB_COMPACT_PRIO_SYNC_FULL, &pfn),
			PB_COMPACT_CONTENDED);
	KUNIT_EXPECT_EQ(test, atomic_long_read(&m->migrations), 7L);
	KUNIT_EXPECT_EQ(test, pt_compact(m, 9, PB_COMPACT_PRIO_SYNC_LIGHT, &pfn),
			PB_COMPACT_CONTENDED);
	KUNIT_EXPECT_EQ(test, atomic_long_read(&m->migrations), 7L);
	pt_task_dies(false);
	m->hook = NULL;
	KUNIT_EXPECT_EQ(test, pt_movers_check(test, m), held);
	KUNIT_EXPECT_EQ(test, pt_compact(m, 9, PB_COMPACT_PRIO_ASYNC, &pfn), PB_COMPACT_SUCCESS);
	KUNIT_EXPECT_EQ(test, pt_movers_zone(m)->compact_defer_shift, 0U);
	pt_movers_check(test, m);
}

/* Pageblocks tried in vain are left out for that order and above, until all is tried again. */
static void test_skip_hints(struct kunit *test)
{
	struct pt_movers *m = pt_fragmented(test, &pt_small, 0, 50);
	unsigned long pfn;
	unsigned int i;

	m->fail = 1;
	/* Without waiting: four areas, each to the first page that does not go. */
	for (i = 1; i <= 2; i++) {
		KUNIT_EXPECT_EQ(test, pt_compact(m, 9, PB_COMPACT_PRIO_ASYNC, &pfn),
				PB_COMPACT_PARTIAL_SKIPPED);
		KUNIT_EXPECT_EQ(test, atomic_long_read(&m->migrations), 4L * i);
	}
	KUNIT_EXPECT_EQ(test, pt_compact(m, 9, PB_COMPACT_PRIO_ASYNC, &pfn),
			PB_COMPACT_PARTIAL_SKIPPED);
	KUNIT_EXPECT_EQ(test, pt_compact(m, 9, PB_COMPACT_PRIO_SYNC_LIGHT, &pfn),
			PB_COMPACT_PARTIAL_SKIPPED);
	KUNIT_EXPECT_EQ(test, atomic_long_read(&m->migrations), 8L);
	/* Smaller blocks may still be had there. */
	KUNIT_EXPECT_EQ(test, pt_compact(m, 8, PB_COMPACT_PRIO_ASYNC, &pfn),
			PB_COMPACT_PARTIAL_SKIPPED);
	KUNIT_EXPECT_EQ(test, atomic_long_read(&m->migrations), 12L);
	/* At the highest priority everything is tried, whatever was before. */
	m->fail = 0;
	KUNIT_EXPECT_EQ(test, pt_compact(m, 9, PB_COMPACT_PRIO_SYNC_FULL, &pfn),
			PB_COMPACT_SUCCESS);
	pt_movers_check(test, m);
}

/* Somebody compacts ahead of need while a request compacts the zone for itself. */
static int compacts_ahead(struct pt_movers *m, struct pt_object *o, unsigned long src,
			  unsigned long dst)
{
	long *moved_meanwhile = m->arg, before = atomic_long_read(&m->migrations);

	m->hook = NULL;
	pb_compact_node(&m->f->pool, 0, 100);
	*moved_meanwhile = atomic_long_read(&m->migrations) - before;
	return 0;
}

static void test_makes_way_for_requests(struct kunit *test)
{
	struct pt_movers *m = pt_fragmented(test, &pt_small, 0, 50);
	long moved_meanwhile = -1, before;
	unsigned long pfn;

	m->hook = compacts_ahead;
	m->arg = &moved_meanwhile;
	KUNIT_EXPECT_EQ(test, pt_compact(m, 9, PB_COMPACT_PRIO_SYNC_LIGHT, &pfn),
			PB_COMPACT_SUCCESS);
	KUNIT_EXPECT_EQ(test, moved_meanwhile, 0L);
	before = atomic_long_read(&m->migrations);
	pb_compact_node(&m->f->pool, 0, 100);
	KUNIT_EXPECT_GT(test, atomic_long_read(&m->migrations), before);
	pt_movers_check(test, m);
}

/* One has a pageblock of each run isolated for a while, the other wants a run. */
struct rivals {
	struct pt_movers	*m;
	struct pb_area		held;
	enum pb_compact_result	sync;
	unsigned long		pfn;
};

static void compact_beside_another(void *arg, unsigned int n)
{
	struct rivals *r = arg;
	unsigned int ticks;

	if (n) {
		r->sync = pt_compact(r->m, 11, PB_COMPACT_PRIO_SYNC_LIGHT, &r->pfn);
		return;
	}
	for (ticks = 0; ticks < 20; ticks++)
		pb_wait_tick();
	pb_area_unisolate(pt_movers_zone(r->m), &r->held);
}

/* Who may wait does so for a range that another compaction has; who may not gives up. */
static void test_waits_for_another(struct kunit *test)
{
	struct rivals *r = kunit_kzalloc(test, sizeof(*r), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, r);
	r->m = pt_fragmented(test, &pt_small, 0, 60);
	r->held = (struct pb_area) { .first = 3, .nr = 2, .frames = PB_PAGEBLOCK_NR };
	while (!pb_zone_slot(pt_movers_zone(r->m), r->held.first - 3))
		r->held.first++;
	KUNIT_ASSERT_TRUE(test, pb_area_isolate(pt_movers_zone(r->m), &r->held));
	KUNIT_EXPECT_EQ(test, pt_compact(r->m, 11, PB_COMPACT_PRIO_ASYNC, &r->pfn),
			PB_COMPACT_CONTENDED);
	KUNIT_EXPECT_EQ(test, atomic_long_read(&r->m->migrations), 0L);
	KUNIT_ASSERT_EQ(test, pt_run_threads(2, compact_beside_another, r), 0);
	KUNIT_EXPECT_EQ(test, r->sync, PB_COMPACT_SUCCESS);
	pt_movers_check(test, r->m);
	if (r->pfn != PB_NO_PFN)
		pt_free(test, r->m->f, r->pfn, 11);
	pt_movers_free_all(test, r->m);
	pt_expect_all_free(test, r->m->f);
}

static struct kunit_case compact_bounds_cases[] = {
	KUNIT_CASE(test_deferral),
	KUNIT_CASE(test_skipped),
	KUNIT_CASE(test_gives_up),
	KUNIT_CASE(test_skip_hints),
	KUNIT_CASE(test_makes_way_for_requests),
	KUNIT_CASE(test_waits_for_another),
	{}
};

static struct kunit_suite compact_bounds_suite = {
	.name = "pbuddy_compact_bounds",
	.init = pt_init,
	.exit = pt_exit,
	.test_cases = compact_bounds_cases,
};

kunit_test_suite(compact_bounds_suite);
