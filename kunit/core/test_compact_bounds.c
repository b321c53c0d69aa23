// SPDX-License-Identifier: GPL-2.0-only
/*
 * compact.c, the bounds of compaction: it is skipped where it cannot help, deferred after
 * failures, ended for a reschedule or a fatal signal, and gives way to another compaction. Each
 * case expects the result code, an unchanged pool, and that a later compaction succeeds.
 */
#include "core/base/pfn.h"
#include "core/compact/compact.h"
#include "core/compact/movable.h"
#include "core/zone/zone.h"
#include "movers.h"
#include "task.h"
#include "threads.h"

/*
 * After a failure the next 2, 4, ... 64 attempts at this order and above are deferred; lower
 * orders are not.
 */
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
		/*
		 * The skip hints are reset when the deferral has reached its maximum, not
		 * before.
		 */
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
	/* The highest priority is never deferred. Its success ends the deferral. */
	KUNIT_EXPECT_EQ(test, pt_compact(m, 9, PB_COMPACT_PRIO_SYNC_FULL, &pfn),
			PB_COMPACT_SUCCESS);
	KUNIT_EXPECT_EQ(test, pt_movers_zone(m)->compact_defer_shift, 0U);
	KUNIT_EXPECT_GT(test, pt_movers_zone(m)->compact_order_failed, 9U);
	pt_movers_check(test, m);
}

/* Not deferred: an order below the one that failed, and the highest priority. */
static void test_not_deferred(struct kunit *test)
{
	struct pt_movers *m = pt_fragmented(test, &pt_small, 0, 50);
	struct pb_zone *zone = pt_movers_zone(m);
	unsigned long pfn;

	zone->compact_defer_shift = 6;
	zone->compact_order_failed = 9;
	KUNIT_EXPECT_EQ(test, pt_compact(m, 9, PB_COMPACT_PRIO_SYNC_LIGHT, &pfn),
			PB_COMPACT_DEFERRED);
	KUNIT_EXPECT_EQ(test, pt_compact(m, 8, PB_COMPACT_PRIO_ASYNC, &pfn), PB_COMPACT_SUCCESS);
	zone->compact_defer_shift = 6;
	zone->compact_order_failed = 9;
	KUNIT_EXPECT_EQ(test, pt_compact(m, 9, PB_COMPACT_PRIO_SYNC_FULL, &pfn),
			PB_COMPACT_SUCCESS);
	pt_movers_check(test, m);
}

/* A request that cannot wait does not compact, however much is free. */
static void test_not_for_atomic(struct kunit *test)
{
	struct pt_movers *m = pt_fragmented(test, &pt_small, 0, 50);
	struct pb_request rq = pt_rq(9, PB_MOVABLE, 0);
	unsigned long pfn;

	KUNIT_EXPECT_EQ(test, pb_compact_pages(&m->f->pool, &rq, PB_COMPACT_PRIO_SYNC_FULL, &pfn),
			PB_COMPACT_SKIPPED);
	KUNIT_EXPECT_EQ(test, atomic_long_read(&m->migrations), 0L);
}

/* Above the watermark there must be twice the block, below the pageblock's order. */
static void test_gap(struct kunit *test)
{
	struct pt_movers *m = pt_fragmented(test, &pt_small, 0, 50);
	struct pb_zone *zone = pt_movers_zone(m);
	unsigned long free = pb_zone_free_pages(zone);

	pt_set_watermark(zone, PB_WMARK_LOW, free - 64);
	KUNIT_EXPECT_TRUE(test, pb_compaction_suitable(zone, 5, PB_ZONE_NORMAL));
	pt_set_watermark(zone, PB_WMARK_LOW, free - 63);
	KUNIT_EXPECT_FALSE(test, pb_compaction_suitable(zone, 5, PB_ZONE_NORMAL));
	pt_set_watermark(zone, PB_WMARK_LOW, free - 512);
	KUNIT_EXPECT_TRUE(test, pb_compaction_suitable(zone, 9, PB_ZONE_NORMAL));
	pt_set_watermark(zone, PB_WMARK_LOW, free - 511);
	KUNIT_EXPECT_FALSE(test, pb_compaction_suitable(zone, 9, PB_ZONE_NORMAL));
}

/*
 * Skipped: too little is free, the order is 0, the pool has no ops->migrate, or the request
 * cannot wait.
 */
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
	pb_zone_update_fast_watermark(pt_movers_zone(m));
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

/* Sets need_resched, as the scheduler's tick does for another task. */
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

/* Sets it again from the 7th migration on: an interrupt may reschedule before compaction checks. */
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
 * Compaction ends in the middle of an area: asynchronous compaction if it should reschedule, all
 * if the task has a fatal signal. The blocks of a word are moved to the end. Objects moved so far
 * stay where they are, no pageblock stays isolated, and the area gets no skip hint.
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
	before = atomic_long_read(&m->migrations);
	KUNIT_EXPECT_GE(test, before, 7L);
	KUNIT_EXPECT_LT(test, before, 7L + PB_WORD_NR);
	KUNIT_EXPECT_EQ(test, pt_compact(m, 9, PB_COMPACT_PRIO_SYNC_LIGHT, &pfn),
			PB_COMPACT_CONTENDED);
	KUNIT_EXPECT_EQ(test, atomic_long_read(&m->migrations), before);
	pt_task_dies(false);
	m->hook = NULL;
	KUNIT_EXPECT_EQ(test, pt_movers_check(test, m), held);
	KUNIT_EXPECT_EQ(test, pt_compact(m, 9, PB_COMPACT_PRIO_ASYNC, &pfn), PB_COMPACT_SUCCESS);
	KUNIT_EXPECT_EQ(test, pt_movers_zone(m)->compact_defer_shift, 0U);
	pt_movers_check(test, m);
}

/*
 * Later compactions skip pageblocks that failed, for this order and above, until the hints are
 * reset. All pageblocks are of one fullness class, so that each has targets and is tried.
 */
static void test_skip_hints(struct kunit *test)
{
	static const unsigned int used[8] = { 256, 256, 256, 256, 256, 256, 256, 256 };
	struct pt_movers *m = pt_partly_used(test, used);
	unsigned long pfn;
	unsigned int i;

	m->fail = 1;
	/* Asynchronous: four areas, each until the first migration fails. */
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
	/* For a smaller order the same pageblocks are tried. */
	KUNIT_EXPECT_EQ(test, pt_compact(m, 8, PB_COMPACT_PRIO_ASYNC, &pfn),
			PB_COMPACT_PARTIAL_SKIPPED);
	KUNIT_EXPECT_EQ(test, atomic_long_read(&m->migrations), 12L);
	/* The highest priority ignores the hints. */
	m->fail = 0;
	KUNIT_EXPECT_EQ(test, pt_compact(m, 9, PB_COMPACT_PRIO_SYNC_FULL, &pfn),
			PB_COMPACT_SUCCESS);
	pt_movers_check(test, m);
}

/* Proactive compaction, started while a request compacts the same zone. */
static int compacts_proactively(struct pt_movers *m, struct pt_object *o, unsigned long src,
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

	m->hook = compacts_proactively;
	m->arg = &moved_meanwhile;
	KUNIT_EXPECT_EQ(test, pt_compact(m, 9, PB_COMPACT_PRIO_SYNC_LIGHT, &pfn),
			PB_COMPACT_SUCCESS);
	KUNIT_EXPECT_EQ(test, moved_meanwhile, 0L);
	before = atomic_long_read(&m->migrations);
	pb_compact_node(&m->f->pool, 0, 100);
	KUNIT_EXPECT_GT(test, atomic_long_read(&m->migrations), before);
	pt_movers_check(test, m);
}

/*
 * Thread 0 keeps two pageblocks isolated for a while; thread 1 compacts for a block that needs
 * them.
 */
struct rivals {
	struct pt_movers	*m;
	struct pb_area		held;
	enum pb_compact_result	sync;
	unsigned long		pfn;
};

#define LEAST_WAIT	60	/* ticks; compaction waits for 64 at least */

/* On a loaded machine the other thread may have stood still while compaction has waited. */
static void compact_and_wait(struct rivals *r)
{
	unsigned int tries = 0;
	unsigned long begin;

	do {
		begin = pt_ticks();
		r->sync = pt_compact(r->m, 11, PB_COMPACT_PRIO_SYNC_LIGHT, &r->pfn);
	} while (r->sync == PB_COMPACT_CONTENDED && pt_ticks() - begin >= LEAST_WAIT &&
		 ++tries < 200);
}

static void compact_beside_another(void *arg, unsigned int n)
{
	struct rivals *r = arg;
	unsigned int ticks;

	if (n) {
		compact_and_wait(r);
		return;
	}
	for (ticks = 0; ticks < 4; ticks++)
		pb_wait_tick();
	pb_area_unisolate(pt_movers_zone(r->m), &r->held);
}

/* Sleepable requests wait for a range that another compaction holds; others get CONTENDED. */
static void test_waits_for_another(struct kunit *test)
{
	struct rivals *r = kunit_kzalloc(test, sizeof(*r), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, r);
	r->m = pt_fragmented(test, &pt_small, 0, 60);
	r->held = (struct pb_area) { .first = 3, .nr = 2, .frames = PB_PAGEBLOCK_NR };
	while (!pb_zone_dir_entry(pt_movers_zone(r->m), r->held.first - 3))
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

/*
 * A range that stays isolated for longer than is useful to wait is contended: nothing has failed,
 * so compaction is not deferred.
 */
static void test_not_deferred_by_another(struct kunit *test)
{
	struct pt_movers *m = pt_fragmented(test, &pt_small, 0, 60);
	struct pb_area held = { .first = 3, .nr = 2, .frames = PB_PAGEBLOCK_NR };
	unsigned long pfn;

	while (!pb_zone_dir_entry(pt_movers_zone(m), held.first - 3))
		held.first++;
	KUNIT_ASSERT_TRUE(test, pb_area_isolate(pt_movers_zone(m), &held));
	KUNIT_EXPECT_EQ(test, pt_compact(m, 11, PB_COMPACT_PRIO_SYNC_LIGHT, &pfn),
			PB_COMPACT_CONTENDED);
	KUNIT_EXPECT_EQ(test, pfn, PB_NO_PFN);
	KUNIT_EXPECT_EQ(test, pt_movers_zone(m)->compact_defer_shift, 0U);
	pb_area_unisolate(pt_movers_zone(m), &held);
	KUNIT_EXPECT_EQ(test, pt_compact(m, 11, PB_COMPACT_PRIO_SYNC_LIGHT, &pfn),
			PB_COMPACT_SUCCESS);
	pt_movers_check(test, m);
}

/* Counts migrations that found the zone below its min watermark. */
static int notes_free_pages(struct pt_movers *m, struct pt_object *o, unsigned long src,
			    unsigned long dst)
{
	struct pb_zone *zone = pt_movers_zone(m);

	if (pb_zone_free_pages(zone) < (long)zone->watermark[PB_WMARK_MIN])
		++*(unsigned long *)m->arg;
	return 0;
}

/*
 * Migration targets leave the min watermark, a boost notwithstanding. A run that finds none for
 * this reason is contended: it neither defers nor sets skip hints.
 */
static void test_targets_leave_min(struct kunit *test)
{
	struct pt_movers *m = pt_fragmented(test, &pt_small, 0, 50);
	struct pb_zone *zone = pt_movers_zone(m);
	unsigned long free = pb_zone_free_pages(zone), below = 0, pfn;
	struct pb_request rq = pt_waiting_rq(5);

	m->hook = notes_free_pages;
	m->arg = &below;
	pt_set_watermark(zone, PB_WMARK_MIN, free - 100);
	KUNIT_EXPECT_EQ(test, pb_compact_zone_fully(zone), 0UL);
	KUNIT_EXPECT_EQ(test, atomic_long_read(&m->migrations), 0L);
	/* Of an area in a pageblock the isolated pages count as free, as in mm/. */
	KUNIT_EXPECT_EQ(test, pb_compact_pages(&m->f->pool, &rq, PB_COMPACT_PRIO_SYNC_LIGHT, NULL),
			PB_COMPACT_SUCCESS);
	KUNIT_EXPECT_GT(test, atomic_long_read(&m->migrations), 0L);
	KUNIT_EXPECT_EQ(test, pt_compact(m, 5, PB_COMPACT_PRIO_SYNC_LIGHT, &pfn),
			PB_COMPACT_SUCCESS);
	pt_free(test, m->f, pfn, 5);
	pt_drain_all(&m->f->pool);
	pt_set_watermark(zone, PB_WMARK_MIN, free - 400);
	pt_set_watermark(zone, PB_WMARK_LOW, free - PB_PAGEBLOCK_NR);
	below = 0;
	KUNIT_EXPECT_EQ(test, pt_compact(m, 9, PB_COMPACT_PRIO_SYNC_LIGHT, &pfn),
			PB_COMPACT_CONTENDED);
	KUNIT_EXPECT_GT(test, atomic_long_read(&m->migrations), 32L);
	KUNIT_EXPECT_EQ(test, zone->compact_defer_shift, 0U);
	pt_set_watermark(zone, PB_WMARK_MIN, free - PB_PAGEBLOCK_NR);
	KUNIT_EXPECT_EQ(test, pt_compact(m, 9, PB_COMPACT_PRIO_SYNC_LIGHT, &pfn),
			PB_COMPACT_SUCCESS);
	pt_free(test, m->f, pfn, 9);
	pt_drain_all(&m->f->pool);
	zone->watermark_boost = free;
	KUNIT_EXPECT_GT(test, pb_compact_zone_fully(zone), 0UL);
	zone->watermark_boost = 0;
	KUNIT_EXPECT_EQ(test, below, 0UL);
	pt_movers_check(test, m);
}

/* Another request boosts the zone. */
static int boosts(struct pt_movers *m, struct pt_object *o, unsigned long src, unsigned long dst)
{
	pt_movers_zone(m)->watermark_boost = *(unsigned long *)m->arg;
	return 0;
}

/*
 * An emptied area that the watermark refuses to the request is contended: the area stays free, and
 * the run neither defers nor sets skip hints.
 */
static void test_refused_capture(struct kunit *test)
{
	struct pt_movers *m = pt_fragmented(test, &pt_small, 0, 50);
	struct pb_zone *zone = pt_movers_zone(m);
	unsigned long free = pb_zone_free_pages(zone), pfn;

	m->hook = boosts;
	m->arg = &free;
	KUNIT_EXPECT_EQ(test, pt_compact(m, 9, PB_COMPACT_PRIO_SYNC_LIGHT, &pfn),
			PB_COMPACT_CONTENDED);
	KUNIT_EXPECT_EQ(test, pfn, PB_NO_PFN);
	KUNIT_EXPECT_EQ(test, pb_zone_free_pages(zone), (long)free);
	KUNIT_EXPECT_EQ(test, zone->compact_defer_shift, 0U);
	m->hook = NULL;
	atomic_long_set(&m->migrations, 0);
	zone->watermark_boost = 0;
	KUNIT_EXPECT_EQ(test, pt_compact(m, 9, PB_COMPACT_PRIO_ASYNC, &pfn), PB_COMPACT_SUCCESS);
	KUNIT_EXPECT_EQ(test, atomic_long_read(&m->migrations), 0L);
	pt_free(test, m->f, pfn, 9);
	pt_drain_all(&m->f->pool);
	pt_movers_check(test, m);
}

/* Sources to which another user took a reference while they were migrated. */
static unsigned long sources[64], nr_sources;

static int refer_to_source(struct pt_movers *m, struct pt_object *o, unsigned long src,
			   unsigned long dst)
{
	if (nr_sources < ARRAY_SIZE(sources)) {
		sources[nr_sources++] = src;
		pb_set_checked(&m->f->pool, src);
	}
	return 0;
}

static enum pb_release keep_source(struct pb_pool *pool, unsigned long pfn, unsigned int order)
{
	pb_keep_allocated(pool, pfn, order);
	return PB_RELEASE_KEPT;
}

/* They stay allocated, in place, and are free when they are released. */
static void test_source_kept(struct kunit *test)
{
	struct pt_movers *m = pt_fragmented(test, &pt_small, 0, 50);
	struct pb_pool *pool = &m->f->pool;
	unsigned long pfn, i;

	nr_sources = 0;
	pool->ops.release = keep_source;
	m->hook = refer_to_source;
	pt_compact(m, 9, PB_COMPACT_PRIO_SYNC_FULL, &pfn);
	m->hook = NULL;
	pool->ops.release = NULL;
	KUNIT_ASSERT_GT(test, nr_sources, 0UL);
	if (pfn != PB_NO_PFN)
		pt_free(test, m->f, pfn, 9);
	for (i = 0; i < nr_sources; i++) {
		KUNIT_EXPECT_EQ(test, pb_page_order(pool, sources[i]), 0);
		KUNIT_EXPECT_FALSE(test, pb_movable_isolate(pool, sources[i], 0));
		KUNIT_EXPECT_EQ(test, pb_free(pool, sources[i], 0), PB_BAD_NONE);
	}
	pt_movers_free_all(test, m);
	pt_expect_all_free(test, m->f);
}

static struct kunit_case compact_bounds_cases[] = {
	KUNIT_CASE(test_deferral),
	KUNIT_CASE(test_not_deferred),
	KUNIT_CASE(test_not_for_atomic),
	KUNIT_CASE(test_gap),
	KUNIT_CASE(test_skipped),
	KUNIT_CASE(test_gives_up),
	KUNIT_CASE(test_skip_hints),
	KUNIT_CASE(test_makes_way_for_requests),
	KUNIT_CASE(test_waits_for_another),
	KUNIT_CASE(test_not_deferred_by_another),
	KUNIT_CASE(test_targets_leave_min),
	KUNIT_CASE(test_refused_capture),
	KUNIT_CASE(test_source_kept),
	{}
};

static struct kunit_suite compact_bounds_suite = {
	.name = "pbuddy_compact_bounds",
	.init = pt_init,
	.exit = pt_exit,
	.test_cases = compact_bounds_cases,
};

kunit_test_suite(compact_bounds_suite);
