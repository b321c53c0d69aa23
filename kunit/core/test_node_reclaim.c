// SPDX-License-Identifier: GPL-2.0-only
/*
 * node_reclaim.c: with node_reclaim_mode a request reclaims on a near node before it uses a
 * farther one. The cases fill node 0 with pages that an ops->reclaim callback would free, and
 * check the node of the next allocation, the number of calls and their priority.
 */
#include "core/cache/drain.h"
#include "core/zone/node_reclaim.h"
#include "core/zone/zone.h"
#include "fixture.h"
#include "task.h"
#include "threads.h"

/* State of the reclaim callbacks, which free pages of node 0. */
static struct {
	struct pt_fixture	*f;
	unsigned long		*held;
	unsigned long		nr_held;
	unsigned long		most;		/* pages freed in one call */
	unsigned int		calls;
	int			priority;	/* of the last call */
	pb_alloc_flags_t	flags;		/* of the last call */
	bool			anywhere;	/* reports pages on every node */
	unsigned int		counted;	/* calls of ops->reclaimable */
	bool			again;		/* calls pb_node_reclaim() once from within */
	enum pb_node_reclaim	inner;
	unsigned int		allocs;		/* both callbacks allocate on node 0, so often */
	unsigned int		depth, deepest;	/* of calls of the callbacks */
} holder;

/* Allocates from within a callback. The depth is bounded, so that the case ends without its fix. */
static void allocate_inside(struct pb_pool *pool)
{
	struct pb_request rq = pt_rq(0, PB_MOVABLE, 0);

	holder.deepest = max(holder.deepest, ++holder.depth);
	rq.flags = PB_ALLOC_WMARK_LOW | PB_ALLOC_WAIT | PB_ALLOC_THISNODE;
	rq.slow_flags = PB_ALLOC_WMARK_LOW;
	if (holder.allocs && holder.depth < 3) {
		holder.allocs--;
		pb_alloc(pool, &rq, NULL);
	}
	holder.depth--;
}

static unsigned long reclaimable(struct pb_zone *zone)
{
	holder.counted++;
	allocate_inside(zone->pool);
	return zone->nid && !holder.anywhere ? 0 : holder.nr_held;
}

static unsigned long reclaim(struct pb_pool *pool, const struct pb_request *rq, int priority,
			     unsigned long nr_pages)
{
	unsigned long n = min3(nr_pages, holder.most, holder.nr_held), i;

	holder.calls++;
	holder.priority = priority;
	holder.flags = rq->flags;
	allocate_inside(pool);
	if (holder.again) {
		holder.again = false;
		/* As another task would. */
		pt_task_reclaims(false);
		holder.inner = pb_node_reclaim(pool->zone[0][PB_ZONE_NORMAL], rq);
		pt_task_reclaims(true);
	}
	if (!(rq->flags & PB_ALLOC_THISNODE) || rq->nid)
		return 0;
	for (i = 0; i < n; i++)
		pb_free(pool, holder.held[--holder.nr_held], 0);
	/* Drain: pages in pcp lists do not count as free. */
	pb_pcp_drain_local(pool);
	return n;
}

/* A pool whose node 0 is allocated down to its watermark; ops->reclaim can free all of it. */
static struct pt_fixture *full_node(struct kunit *test)
{
	struct pt_fixture *f = pt_pool(test, &pt_four_nodes);
	struct pb_request rq = pt_rq(0, PB_MOVABLE, 0);
	unsigned long pfn;

	memset(&holder, 0, sizeof(holder));
	holder.f = f;
	holder.most = ~0UL;
	holder.held = kunit_kcalloc(test, f->pages, sizeof(*holder.held), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, holder.held);
	pb_zone_set_watermarks(pt_zone(f, 0, PB_ZONE_NORMAL), 100, 10);
	rq.flags = PB_ALLOC_WMARK_LOW | PB_ALLOC_THISNODE | PB_ALLOC_WAIT;
	rq.slow_flags = PB_ALLOC_WMARK_LOW;
	while ((pfn = pb_alloc(&f->pool, &rq, NULL)) != PB_NO_PFN)
		holder.held[holder.nr_held++] = pfn;
	f->pool.ops.reclaim = reclaim;
	f->pool.ops.reclaimable = reclaimable;
	f->pool.node_reclaim_mode = 1;
	return f;
}

static struct pb_request waiting(int nid)
{
	struct pb_request rq = pt_rq(0, PB_MOVABLE, nid);

	rq.flags = PB_ALLOC_WMARK_LOW | PB_ALLOC_WAIT;
	return rq;
}

/* A request made on CPU 0, which belongs to node 0. */
struct attempt {
	struct pt_fixture	*f;
	struct pb_request	rq;
	int			nid;		/* node to reclaim on, or of the page allocated */
	enum pb_node_reclaim	result;
};

static void alloc_on_cpu(void *arg)
{
	struct attempt *attempt = arg;
	unsigned long pfn = pb_alloc(&attempt->f->pool, &attempt->rq, NULL);

	attempt->nid = pfn == PB_NO_PFN ? NUMA_NO_NODE : pb_pfn_zone(&attempt->f->pool, pfn)->nid;
}

static void reclaim_on_cpu(void *arg)
{
	struct attempt *attempt = arg;

	attempt->result = pb_node_reclaim(pt_zone(attempt->f, attempt->nid, PB_ZONE_NORMAL),
					  &attempt->rq);
}

static int node_of_alloc(struct pt_fixture *f, struct pb_request rq)
{
	struct attempt attempt = { .f = f, .rq = rq };

	pt_call_on(0, alloc_on_cpu, &attempt);
	return attempt.nid;
}

static enum pb_node_reclaim result_at(struct pt_fixture *f, struct pb_request rq, int nid)
{
	struct attempt attempt = { .f = f, .rq = rq, .nid = nid };

	pt_call_on(0, reclaim_on_cpu, &attempt);
	return attempt.result;
}

static enum pb_node_reclaim result_of(struct pt_fixture *f, struct pb_request rq)
{
	return result_at(f, rq, 0);
}

static void test_off_by_default(struct kunit *test)
{
	struct pt_fixture *f = full_node(test);

	KUNIT_EXPECT_EQ(test, pt_pool(test, &pt_small)->pool.node_reclaim_mode, 0U);
	f->pool.node_reclaim_mode = 0;
	KUNIT_EXPECT_EQ(test, node_of_alloc(f, waiting(0)), 1);
	KUNIT_EXPECT_EQ(test, holder.calls, 0U);
}

/* The request stays on its node and reclaims only one batch. */
static void test_reclaims_at_home(struct kunit *test)
{
	struct pt_fixture *f = full_node(test);
	unsigned long before = holder.nr_held;

	KUNIT_EXPECT_EQ(test, node_of_alloc(f, waiting(0)), 0);
	KUNIT_EXPECT_EQ(test, holder.calls, 1U);
	KUNIT_EXPECT_EQ(test, holder.priority, 4);
	KUNIT_EXPECT_EQ(test, before - holder.nr_held, 32UL);
	KUNIT_EXPECT_EQ(test, pb_zone_event(pt_zone(f, 0, PB_ZONE_NORMAL),
					    PB_ZONE_RECLAIM_SUCCESS), 1UL);
}

static void test_results(struct kunit *test)
{
	struct pt_fixture *f = full_node(test);
	struct pb_zone *zone = pt_zone(f, 0, PB_ZONE_NORMAL);
	struct pb_request rq = waiting(0);

	/* Not for requests that cannot wait or come from reclaim. */
	rq.flags = PB_ALLOC_WMARK_LOW;
	KUNIT_EXPECT_EQ(test, result_of(f, rq), PB_NODE_RECLAIM_NOSCAN);
	rq.flags = PB_ALLOC_WAIT | PB_ALLOC_RECLAIMING;
	KUNIT_EXPECT_EQ(test, result_of(f, rq), PB_NODE_RECLAIM_NOSCAN);
	KUNIT_EXPECT_EQ(test, holder.calls, 0U);
	/* They may not even count what reclaimers hold, which may sleep. */
	KUNIT_EXPECT_EQ(test, holder.counted, 0U);
	/* One reclaimer on a node at a time. */
	rq.flags = PB_ALLOC_WAIT;
	holder.again = true;
	KUNIT_EXPECT_EQ(test, result_of(f, rq), PB_NODE_RECLAIM_SUCCESS);
	KUNIT_EXPECT_EQ(test, holder.inner, PB_NODE_RECLAIM_NOSCAN);
	/* Less than the request needs: five calls with falling priority value. */
	holder.calls = 0;
	holder.most = 1;
	rq.order = 3;
	KUNIT_EXPECT_EQ(test, result_of(f, rq), PB_NODE_RECLAIM_SOME);
	KUNIT_EXPECT_EQ(test, holder.calls, 5U);
	KUNIT_EXPECT_EQ(test, holder.priority, 0);
	KUNIT_EXPECT_EQ(test, pb_zone_event(zone, PB_ZONE_RECLAIM_FAILED), 1UL);
	/* Not worthwhile: no more than 1 % of the node is reclaimable. */
	holder.nr_held = zone->present_pages / 100;
	KUNIT_EXPECT_EQ(test, result_of(f, rq), PB_NODE_RECLAIM_FULL);
	f->pool.ops.reclaim = NULL;
	KUNIT_EXPECT_EQ(test, result_of(f, rq), PB_NODE_RECLAIM_FULL);
}

/* Each bit of the mode enables node reclaim; I/O and mapped pages need their own. */
static void test_mode_bits(struct kunit *test)
{
	const pb_alloc_flags_t io = PB_ALLOC_IO | PB_ALLOC_FS, all = io | PB_ALLOC_NO_UNMAP;
	struct pt_fixture *f = full_node(test);
	struct pb_request rq = waiting(0);
	pb_alloc_flags_t want;
	unsigned int mode;

	rq.flags |= io;
	for (mode = 1; mode <= (PB_RECLAIM_ZONE | PB_RECLAIM_WRITE | PB_RECLAIM_UNMAP); mode++) {
		f->pool.node_reclaim_mode = mode;
		holder.calls = 0;
		KUNIT_EXPECT_EQ(test, result_of(f, rq), PB_NODE_RECLAIM_SUCCESS);
		KUNIT_EXPECT_EQ(test, holder.calls, 1U);
		want = mode & PB_RECLAIM_WRITE ? io : PB_ALLOC_FLAG(0);
		if (!(mode & PB_RECLAIM_UNMAP))
			want |= PB_ALLOC_NO_UNMAP;
		KUNIT_EXPECT_TRUE(test, (holder.flags & all) == want);
	}
	/* A request that may not do I/O does not get it. */
	rq.flags &= ~io;
	KUNIT_EXPECT_EQ(test, result_of(f, rq), PB_NODE_RECLAIM_SUCCESS);
	KUNIT_EXPECT_TRUE(test, (holder.flags & all) == PB_ALLOC_FLAG(0));
}

static void reclaim_marked_on_cpu(void *arg)
{
	pt_task_reclaims(true);
	reclaim_on_cpu(arg);
	pt_task_reclaims(false);
}

/* An allocation from within either callback calls neither again. */
static void test_no_recursion(struct kunit *test)
{
	struct pt_fixture *f = full_node(test);
	struct attempt marked = { .f = f, .rq = waiting(0) };
	struct pb_request rq = waiting(0);

	holder.allocs = 30;
	/* All of the slow path: node reclaim, direct reclaim and the decision about a new round. */
	holder.most = 0;
	rq.flags |= PB_ALLOC_THISNODE;
	rq.slow_flags = PB_ALLOC_WMARK_LOW;
	KUNIT_EXPECT_EQ(test, node_of_alloc(f, rq), NUMA_NO_NODE);
	KUNIT_EXPECT_EQ(test, holder.deepest, 1U);
	KUNIT_EXPECT_EQ(test, holder.allocs, 0U);
	holder.allocs = 30;
	holder.most = ~0UL;
	KUNIT_EXPECT_EQ(test, result_of(f, rq), PB_NODE_RECLAIM_SUCCESS);
	KUNIT_EXPECT_EQ(test, holder.deepest, 1U);
	KUNIT_EXPECT_FALSE(test, pb_task_reclaiming());
	/* The state of the task decides, also about a request that was made before. */
	holder.calls = 0;
	pt_call_on(0, reclaim_marked_on_cpu, &marked);
	KUNIT_EXPECT_EQ(test, marked.result, PB_NODE_RECLAIM_NOSCAN);
	KUNIT_EXPECT_EQ(test, holder.calls, 0U);
}

/* No reclaim on a node beyond node_reclaim_distance. */
static void test_distance(struct kunit *test)
{
	struct pt_fixture *f = full_node(test);
	struct pb_zone *home = pt_zone(f, 1, PB_ZONE_NORMAL);

	KUNIT_EXPECT_TRUE(test, pb_zone_allows_reclaim(home, pt_zone(f, 0, PB_ZONE_NORMAL)));
	f->pool.node_reclaim_distance = 15;
	KUNIT_EXPECT_TRUE(test, pb_zone_allows_reclaim(home, pt_zone(f, 0, PB_ZONE_NORMAL)));
	KUNIT_EXPECT_FALSE(test, pb_zone_allows_reclaim(home, pt_zone(f, 3, PB_ZONE_NORMAL)));
	f->pool.node_reclaim_distance = 14;
	KUNIT_EXPECT_FALSE(test, pb_zone_allows_reclaim(home, pt_zone(f, 0, PB_ZONE_NORMAL)));
	f->pool.node_reclaim_distance = 9;
	KUNIT_EXPECT_EQ(test, node_of_alloc(f, waiting(0)), 1);
	KUNIT_EXPECT_EQ(test, holder.calls, 0U);
}

/* No reclaim on another node that has CPUs. */
static void test_other_nodes_cpus(struct kunit *test)
{
	struct pt_fixture *f = full_node(test);
	struct pb_request rq = waiting(1);

	holder.anywhere = true;
	KUNIT_EXPECT_EQ(test, result_at(f, rq, 1), pb_node_has_cpu(1) ? PB_NODE_RECLAIM_NOSCAN :
									PB_NODE_RECLAIM_SOME);
	KUNIT_EXPECT_EQ(test, holder.calls, pb_node_has_cpu(1) ? 0U : 5U);
}

static struct kunit_case node_reclaim_cases[] = {
	KUNIT_CASE(test_off_by_default),
	KUNIT_CASE(test_reclaims_at_home),
	KUNIT_CASE(test_results),
	KUNIT_CASE(test_mode_bits),
	KUNIT_CASE(test_no_recursion),
	KUNIT_CASE(test_distance),
	KUNIT_CASE(test_other_nodes_cpus),
	{}
};

static struct kunit_suite node_reclaim_suite = {
	.name = "pbuddy_node_reclaim",
	.init = pt_init,
	.exit = pt_exit,
	.test_cases = node_reclaim_cases,
};

kunit_test_suite(node_reclaim_suite);
