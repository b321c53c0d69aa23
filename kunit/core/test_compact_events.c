// SPDX-License-Identifier: GPL-2.0-only
/*
 * The events of compaction (ops->compact_event), from which the module emits tracepoints: each
 * step in the right order, with the numbers that the zone's counters have.
 * scripts/tests/memory-trace.sh tests the tracepoints themselves.
 */
#include "core/base/pfn.h"
#include "core/compact/compact.h"
#include "core/compact/movable.h"
#include "core/pool/stat.h"
#include "core/zone/zone.h"
#include "movers.h"

#define NR_STEPS	(PB_COMPACT_DEFER_RESET + 1)

static struct {
	unsigned long		n[NR_STEPS];
	unsigned long		sum[NR_STEPS][2];
	struct pb_compact_event	last[NR_STEPS];		/* by step */
	enum pb_compact_step	step;			/* of the last event */
	bool			running;
	unsigned int		disorder;
} seen;

/* Steps of a run come between BEGIN and END, all others outside. */
static bool in_order(const struct pb_compact_event *e)
{
	switch (e->step) {
	case PB_COMPACT_BEGIN:
		return !seen.running;
	case PB_COMPACT_TRY_PAGES:
		return !seen.running && e->rq && e->rq->order == e->order;
	case PB_COMPACT_MIGRATEPAGES:
		return seen.running && seen.step == PB_COMPACT_ISOLATE_MIGRATEPAGES &&
		       e->nr[1] <= e->nr[0];
	case PB_COMPACT_ISOLATE_MIGRATEPAGES:
	case PB_COMPACT_ISOLATE_FREEPAGES:
		return seen.running && e->start < e->end && e->nr[1] <= e->end - e->start &&
		       e->start >= e->zone->start_pfn && e->end <= e->zone->end_pfn;
	case PB_COMPACT_FINISHED:
	case PB_COMPACT_END:
		return seen.running;
	default:
		return !seen.running;
	}
}

static void note(const struct pb_compact_event *e)
{
	if (!in_order(e))
		seen.disorder++;
	if (e->step == PB_COMPACT_BEGIN || e->step == PB_COMPACT_END)
		seen.running = e->step == PB_COMPACT_BEGIN;
	seen.n[e->step]++;
	seen.sum[e->step][0] += e->nr[0];
	seen.sum[e->step][1] += e->nr[1];
	seen.last[e->step] = *e;
	seen.step = e->step;
}

/*
 * A pool of blocks of this order with events recorded. Every second block is free; of order 0, a
 * random half.
 */
static struct pt_movers *watched(struct kunit *test, unsigned int order)
{
	struct pt_fixture *f = pt_pool(test, &pt_small);
	struct pt_movers *m = pt_movers(test, f, f->pages >> order);
	unsigned long i;

	/* Allocate the first pageblock, so that no area starts where the zone does. */
	KUNIT_ASSERT_EQ(test, pt_alloc(f, 9), pt_zone(f, 0, PB_ZONE_NORMAL)->start_pfn);
	pt_movers_fill(test, m, order, order ? 0 : 50);
	for (i = 0; order && i < m->nr; i++)
		if (m->obj[i].pfn != PB_NO_PFN && m->obj[i].pfn >> order & 1)
			KUNIT_ASSERT_TRUE(test, pt_object_free(m, &m->obj[i]));
	f->pool.ops.drain_all(&f->pool);
	memset(&seen, 0, sizeof(seen));
	f->pool.ops.compact_event = note;
	return m;
}

struct success {
	const char			*name;
	unsigned int			order;	/* of the movable blocks */
	unsigned int			want;
	enum pb_compact_priority	prio;
};

static const struct success successes[] = {
	{ "frames, asynchronously", 0, 9, PB_COMPACT_PRIO_ASYNC },
	{ "frames", 0, 9, PB_COMPACT_PRIO_SYNC_LIGHT },
	{ "whole pageblocks", 9, 10, PB_COMPACT_PRIO_SYNC_FULL },
};

static void success_desc(const struct success *c, char *desc)
{
	snprintf(desc, KUNIT_PARAM_DESC_SIZE, "%s", c->name);
}

KUNIT_ARRAY_PARAM(success, successes, success_desc);

/*
 * A run starts at the ends of the zone, as the scanners in mm/ do. It ends at the captured block
 * and at the last target; those of a word are isolated together.
 */
static void expect_ends(struct kunit *test, const struct success *c, struct pb_zone *zone,
			unsigned long pfn)
{
	const struct pb_compact_event *targets = &seen.last[PB_COMPACT_ISOLATE_FREEPAGES];
	const struct pb_compact_event *begin = &seen.last[PB_COMPACT_BEGIN];
	const struct pb_compact_event *end = &seen.last[PB_COMPACT_END];
	const bool sync = c->prio != PB_COMPACT_PRIO_ASYNC;

	KUNIT_EXPECT_EQ(test, begin->start, zone->start_pfn);
	KUNIT_EXPECT_EQ(test, begin->end, round_down(zone->end_pfn - 1, PB_PAGEBLOCK_NR));
	KUNIT_EXPECT_EQ(test, end->start, pfn);
	KUNIT_EXPECT_EQ(test, end->end, targets->end - (1UL << c->order));
	KUNIT_EXPECT_EQ(test, begin->sync, sync);
	KUNIT_EXPECT_EQ(test, end->sync, sync);
}

static void test_success(struct kunit *test)
{
	const struct success *c = test->param_value;
	struct pt_movers *m = watched(test, c->order);
	struct pb_zone *zone = pt_zone(m->f, 0, PB_ZONE_NORMAL);
	unsigned long pfn, moved;

	KUNIT_ASSERT_EQ(test, pt_compact(m, c->want, c->prio, &pfn), PB_COMPACT_SUCCESS);
	moved = pb_zone_event(zone, PB_PGMIGRATE_SUCCESS);
	KUNIT_EXPECT_GT(test, moved, 100UL);
	KUNIT_EXPECT_EQ(test, seen.disorder, 0U);
	KUNIT_EXPECT_EQ(test, seen.n[PB_COMPACT_TRY_PAGES], 1UL);
	KUNIT_EXPECT_EQ(test, seen.last[PB_COMPACT_TRY_PAGES].prio, c->prio);
	KUNIT_EXPECT_EQ(test, seen.n[PB_COMPACT_SUITABLE], 1UL);
	KUNIT_EXPECT_EQ(test, seen.last[PB_COMPACT_SUITABLE].status, PB_COMPACT_CONTINUE);
	KUNIT_EXPECT_EQ(test, seen.n[PB_COMPACT_BEGIN], 1UL);
	KUNIT_EXPECT_EQ(test, seen.n[PB_COMPACT_END], 1UL);
	expect_ends(test, c, zone, pfn);
	KUNIT_EXPECT_EQ(test, seen.last[PB_COMPACT_FINISHED].status, PB_COMPACT_SUCCESS);
	KUNIT_EXPECT_EQ(test, seen.last[PB_COMPACT_END].status, PB_COMPACT_SUCCESS);
	KUNIT_EXPECT_EQ(test, seen.n[PB_COMPACT_DEFER_RESET], 1UL);
	KUNIT_EXPECT_EQ(test, seen.sum[PB_COMPACT_ISOLATE_MIGRATEPAGES][1],
			pb_zone_event(zone, PB_COMPACTISOLATED));
	KUNIT_EXPECT_EQ(test, seen.sum[PB_COMPACT_ISOLATE_FREEPAGES][0],
			pb_zone_event(zone, PB_COMPACTFREE_SCANNED));
	KUNIT_EXPECT_GE(test, seen.sum[PB_COMPACT_ISOLATE_FREEPAGES][0],
			seen.n[PB_COMPACT_ISOLATE_FREEPAGES]);
	KUNIT_EXPECT_EQ(test, seen.sum[PB_COMPACT_ISOLATE_FREEPAGES][1], moved);
	KUNIT_EXPECT_EQ(test, seen.sum[PB_COMPACT_MIGRATEPAGES][0], moved);
	KUNIT_EXPECT_EQ(test, seen.sum[PB_COMPACT_MIGRATEPAGES][1], moved);
	pt_free(test, m->f, pfn, c->want);
	pt_movers_check(test, m);
}

/* Every migration fails: compaction is deferred. The next request gets DEFERRED without a run. */
static void test_failure(struct kunit *test)
{
	struct pt_movers *m = watched(test, 0);
	struct pb_zone *zone = pt_zone(m->f, 0, PB_ZONE_NORMAL);
	unsigned long pfn;

	m->fail = 1;
	KUNIT_EXPECT_EQ(test, pt_compact(m, 9, PB_COMPACT_PRIO_SYNC_LIGHT, &pfn),
			PB_COMPACT_PARTIAL_SKIPPED);
	KUNIT_EXPECT_EQ(test, seen.last[PB_COMPACT_FINISHED].status, PB_COMPACT_CONTINUE);
	KUNIT_EXPECT_EQ(test, seen.last[PB_COMPACT_END].status, PB_COMPACT_PARTIAL_SKIPPED);
	KUNIT_EXPECT_EQ(test, seen.sum[PB_COMPACT_MIGRATEPAGES][0],
			pb_zone_event(zone, PB_PGMIGRATE_FAIL));
	KUNIT_EXPECT_EQ(test, seen.sum[PB_COMPACT_MIGRATEPAGES][1], 0UL);
	KUNIT_EXPECT_EQ(test, seen.n[PB_COMPACT_DEFER], 1UL);
	KUNIT_EXPECT_EQ(test, seen.n[PB_COMPACT_IS_DEFERRED], 0UL);
	KUNIT_EXPECT_EQ(test, seen.n[PB_COMPACT_DEFER_RESET], 0UL);
	KUNIT_EXPECT_EQ(test, pt_compact(m, 9, PB_COMPACT_PRIO_ASYNC, &pfn), PB_COMPACT_DEFERRED);
	KUNIT_EXPECT_EQ(test, seen.n[PB_COMPACT_IS_DEFERRED], 1UL);
	KUNIT_EXPECT_EQ(test, seen.n[PB_COMPACT_BEGIN], 1UL);
	KUNIT_EXPECT_EQ(test, seen.n[PB_COMPACT_TRY_PAGES], 2UL);
	KUNIT_EXPECT_EQ(test, seen.disorder, 0U);
	pt_movers_check(test, m);
}

/* Too little is free: no run begins. */
static void test_not_suitable(struct kunit *test)
{
	struct pt_movers *m = watched(test, 0);
	unsigned long pfn;

	pt_set_watermark(pt_zone(m->f, 0, PB_ZONE_NORMAL), PB_WMARK_LOW, m->f->pages);
	KUNIT_EXPECT_EQ(test, pt_compact(m, 9, PB_COMPACT_PRIO_SYNC_LIGHT, &pfn),
			PB_COMPACT_SKIPPED);
	KUNIT_EXPECT_EQ(test, seen.n[PB_COMPACT_SUITABLE], 1UL);
	KUNIT_EXPECT_EQ(test, seen.last[PB_COMPACT_SUITABLE].status, PB_COMPACT_SKIPPED);
	KUNIT_EXPECT_EQ(test, seen.n[PB_COMPACT_BEGIN], 0UL);
	KUNIT_EXPECT_EQ(test, seen.disorder, 0U);
}

static struct kunit_case compact_events_cases[] = {
	KUNIT_CASE_PARAM(test_success, success_gen_params),
	KUNIT_CASE(test_failure),
	KUNIT_CASE(test_not_suitable),
	{}
};

static struct kunit_suite compact_events_suite = {
	.name = "pbuddy_compact_events",
	.init = pt_init,
	.exit = pt_exit,
	.test_cases = compact_events_cases,
};

kunit_test_suite(compact_events_suite);
