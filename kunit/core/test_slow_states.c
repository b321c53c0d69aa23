// SPDX-License-Identifier: GPL-2.0-only
/*
 * slowpath.c: the states that a request goes through. The pool is full; callbacks stand for the
 * parties that the slow path calls, answer as the case prescribes and record a letter for each
 * call:
 *
 *   w  wake a node thread     d  drain all CPUs     r  reclaim (a round of 13 priorities)
 *   0 1 2  compact with this priority               o  out of memory
 *   g  grow the pool (where a case enables it)
 *   a  query the number of reclaimable pages (where a case enables it)
 */
#include "core/alloc/slowpath.h"
#include "core/cache/drain.h"
#include "fixture.h"
#include "task.h"
#include "threads.h"

#define LOG_MAX		200

static struct {
	char			log[LOG_MAX];
	unsigned int		len;
	unsigned long		progress;	/* pages that reclaim reports as freed */
	unsigned long		reclaimable;	/* pages that could be reclaimed */
	enum pb_compact_result	result;
	unsigned int		grows;		/* times that growing gives pages to others */
	bool			oom;		/* result of the out-of-memory handler */
	bool			victim;
	unsigned long		held;		/* an order-0 block that a callback frees */
	char			give_at;	/* the letter at whose @give_nth call it does */
	int			give_nth;
	bool			nested;		/* reclaim allocates */
	unsigned long		got_nested;
	bool			requests;	/* queries are recorded */
} script;

static void step(struct pb_pool *pool, char what)
{
	if (script.len < LOG_MAX - 1)
		script.log[script.len++] = what;
	else
		script.give_at = what;	/* ends a case that would not end */
	if (what != script.give_at || script.held == PB_NO_PFN || --script.give_nth)
		return;
	pb_free(pool, script.held, 0);
	script.held = PB_NO_PFN;
}

static void wake(struct pb_zone *zone, unsigned int order, pb_alloc_flags_t flags)
{
	step(zone->pool, 'w');
}

static void drain(struct pb_pool *pool)
{
	bool reclaiming = pb_task_reclaiming();

	step(pool, 'd');
	/* A task that reclaims may not queue the work items of pt_drain_all(): the kernel warns. */
	pt_task_reclaims(false);
	pt_drain_all(pool);
	pt_task_reclaims(reclaiming);
}

static unsigned long reclaim(struct pb_pool *pool, const struct pb_request *rq, int priority,
			     unsigned long nr_pages)
{
	struct pb_request again = pt_rq(0, PB_MOVABLE, 0);

	if (priority)
		return 0;
	if (script.nested) {
		again.flags = PB_ALLOC_WAIT | PB_ALLOC_KSWAPD;
		script.got_nested = pb_alloc(pool, &again, NULL);
	}
	step(pool, 'r');
	return script.progress;
}

static unsigned long reclaimable(struct pb_zone *zone)
{
	if (script.requests)
		step(zone->pool, 'a');
	return script.reclaimable;
}

static enum pb_compact_result compact(struct pb_pool *pool, const struct pb_request *rq,
				      enum pb_compact_priority prio, unsigned long *captured)
{
	step(pool, '0' + prio);
	/* Compaction drains this CPU. */
	pb_pcp_drain_local(pool);
	return script.result;
}

static unsigned long grow(struct pb_pool *pool, const struct pb_request *rq,
			  unsigned long nr_pages)
{
	unsigned long held = script.held;

	step(pool, 'g');
	if (script.held != held)
		return nr_pages;
	return script.grows && script.grows-- ? nr_pages : 0;
}

static bool oom(struct pb_pool *pool, const struct pb_request *rq)
{
	step(pool, 'o');
	return script.oom;
}

static bool oom_victim(struct pb_pool *pool)
{
	return script.victim;
}

/* A full pool with the callbacks of the script. */
static struct pt_fixture *full_pool(struct kunit *test, const struct pt_layout *layout)
{
	struct pt_fixture *f = pt_pool(test, layout);
	unsigned long *pfns, n;

	n = pt_fill(test, f, 0, PB_MOVABLE, &pfns);
	KUNIT_ASSERT_EQ(test, n, f->pages);
	memset(&script, 0, sizeof(script));
	script.result = PB_COMPACT_COMPLETE;
	script.held = pfns[n / 2];
	f->pool.ops.wake_node = wake;
	f->pool.ops.drain_all = drain;
	f->pool.ops.reclaim = reclaim;
	f->pool.ops.reclaimable = reclaimable;
	f->pool.ops.compact = compact;
	f->pool.ops.oom = oom;
	f->pool.ops.oom_victim = oom_victim;
	return f;
}

static unsigned long request(struct pt_fixture *f, const struct pb_request *rq)
{
	enum pb_reason reason = PB_REASON_NONE;

	memset(script.log, 0, sizeof(script.log));
	script.len = 0;
	return pb_alloc(&f->pool, rq, &reason);
}

#define K	PB_ALLOC_KSWAPD
#define W	(PB_ALLOC_WAIT | PB_ALLOC_KSWAPD)

struct path {
	const char		*name;
	unsigned int		order;
	enum pb_migratetype	mt;
	pb_alloc_flags_t	flags, reserve;
	unsigned long		progress;
	enum pb_compact_result	result;
	unsigned int		grows;
	const char		*log;
};

/* The states of each kind of request until it fails, while no memory becomes free. */
static const struct path paths[] = {
	{ "may not wait", 0, PB_MOVABLE, K, .log = "ww" },
	{ "may not wait, wakes nobody", 0, PB_MOVABLE, 0, .log = "" },
	{ "THISNODE that may not wait", 0, PB_MOVABLE, K | PB_ALLOC_THISNODE, .log = "" },
	{ "may wait", 0, PB_MOVABLE, W, .log = "wdwro" },
	{ "may wait, wakes nobody", 0, PB_MOVABLE, PB_ALLOC_WAIT, .log = "dro" },
	{ "NORETRY", 0, PB_MOVABLE, W | PB_ALLOC_NORETRY, .log = "wdwr" },
	{ "RETRY_MAYFAIL", 0, PB_MOVABLE, W | PB_ALLOC_RETRY_MAYFAIL, .log = "wdwr" },
	{ "THISNODE", 0, PB_MOVABLE, W | PB_ALLOC_THISNODE, .log = "wdwr" },
	{ "reclaims already", 0, PB_MOVABLE, W | PB_ALLOC_RECLAIMING, PB_ALLOC_NO_WATERMARKS,
	  .log = "wdw" },
	{ "MEMALLOC", 0, PB_MOVABLE, W, PB_ALLOC_NO_WATERMARKS, .log = "wdwro" },
	{ "small movable block", 1, PB_MOVABLE, W, .result = PB_COMPACT_SKIPPED,
	  .log = "wdwr1o" },
	{ "small unmovable block", 1, PB_UNMOVABLE, W, .result = PB_COMPACT_SKIPPED,
	  .log = "wd2wr1o" },
	{ "small block, MEMALLOC", 1, PB_UNMOVABLE, W, PB_ALLOC_NO_WATERMARKS,
	  .result = PB_COMPACT_SKIPPED, .log = "wdwr1o" },
	{ "small block, reclaim helps, compaction does not", 2, PB_UNMOVABLE, W, .progress = 1,
	  .result = PB_COMPACT_COMPLETE, .log = "wd2wrd1wrd0o" },
	{ "costly", 4, PB_MOVABLE, W, .progress = 1, .result = PB_COMPACT_COMPLETE,
	  .log = "wd2wrd1" },
	{ "costly, RETRY_MAYFAIL", 4, PB_MOVABLE, W | PB_ALLOC_RETRY_MAYFAIL, .progress = 1,
	  .result = PB_COMPACT_COMPLETE, .log = "wd2wrd1" },
	{ "costly, compaction succeeds for others", 4, PB_MOVABLE, W | PB_ALLOC_RETRY_MAYFAIL,
	  .progress = 1, .result = PB_COMPACT_SUCCESS, .log = "wd2wrd1wrd1wrd1wrd1wrd1" },
	{ "costly, may not wait", 4, PB_MOVABLE, K, .log = "ww" },
	{ "huge page, compaction skipped", 9, PB_MOVABLE, W | PB_ALLOC_NORETRY,
	  .result = PB_COMPACT_SKIPPED, .log = "wd2" },
	{ "huge page, compaction deferred", 9, PB_MOVABLE, W | PB_ALLOC_NORETRY,
	  .result = PB_COMPACT_DEFERRED, .log = "wd2" },
	{ "huge page, compaction failed", 9, PB_MOVABLE, W | PB_ALLOC_NORETRY,
	  .result = PB_COMPACT_COMPLETE, .log = "wd2wr2" },
	{ "huge page of this node", 9, PB_MOVABLE, W | PB_ALLOC_NORETRY | PB_ALLOC_THISNODE,
	  .result = PB_COMPACT_COMPLETE, .log = "wd2" },
	{ "larger than the zone", 13, PB_MOVABLE, W, .log = "" },
};

static void describe_path(const struct path *path, char *desc)
{
	snprintf(desc, KUNIT_PARAM_DESC_SIZE, "%s", path->name);
}

KUNIT_ARRAY_PARAM(paths, paths, describe_path);

static struct pb_request path_rq(const struct path *path)
{
	struct pb_request rq = pt_rq(path->order, path->mt, 0);

	rq.flags = path->flags;
	rq.reserve_flags = path->reserve;
	return rq;
}

static void test_paths_to_failure(struct kunit *test)
{
	const struct path *path = test->param_value;
	struct pt_fixture *f = full_pool(test, &pt_small);
	struct pb_request rq = path_rq(path);

	script.progress = path->progress;
	script.result = path->result;
	KUNIT_EXPECT_EQ(test, request(f, &rq), PB_NO_PFN);
	KUNIT_EXPECT_STREQ(test, script.log, path->log);
}

static const struct path growing_paths[] = {
	{ "may not wait", 0, PB_MOVABLE, K, .log = "ww" },
	{ "may wait", 0, PB_MOVABLE, W, .log = "wdgwrgo" },
	{ "others take what it grows by", 0, PB_MOVABLE, W, .grows = 3, .log = "wdgwrgwrgwrgo" },
	{ "NORETRY", 0, PB_MOVABLE, W | PB_ALLOC_NORETRY, .log = "wdgwr" },
	{ "reclaims already", 0, PB_MOVABLE, W | PB_ALLOC_RECLAIMING, PB_ALLOC_NO_WATERMARKS,
	  .log = "wdw" },
	{ "small unmovable block", 1, PB_UNMOVABLE, W, .result = PB_COMPACT_SKIPPED,
	  .log = "wdg2wr1go" },
	{ "huge page", 9, PB_MOVABLE, W | PB_ALLOC_NORETRY, .result = PB_COMPACT_SKIPPED,
	  .log = "wdg2" },
};

KUNIT_ARRAY_PARAM(growing_paths, growing_paths, describe_path);

/* A pool that can grow does so before it reclaims and before the out-of-memory handler. */
static void test_paths_of_growing_pool(struct kunit *test)
{
	const struct path *path = test->param_value;
	struct pt_fixture *f = full_pool(test, &pt_small);
	struct pb_request rq = path_rq(path);
	unsigned long held = script.held;

	f->pool.ops.grow = grow;
	script.grows = path->grows;
	script.result = path->result;
	KUNIT_EXPECT_EQ(test, request(f, &rq), PB_NO_PFN);
	KUNIT_EXPECT_STREQ(test, script.log, path->log);
	if (path->order || !strchr(path->log, 'g'))
		return;
	script.give_at = 'g';
	script.give_nth = 1;
	KUNIT_EXPECT_EQ(test, request(f, &rq), held);
	KUNIT_EXPECT_STREQ(test, script.log, "wdg");
}

struct huge {
	struct pt_fixture	*f;
	struct pb_request	rq;
	unsigned long		pfn;
};

static void request_huge(void *arg)
{
	struct huge *huge = arg;

	huge->pfn = request(huge->f, &huge->rq);
}

/* A user task's request for a huge page ends when compaction is contended; a kthread's goes on. */
static void test_contended(struct kunit *test)
{
	struct huge huge = { .f = full_pool(test, &pt_small), .rq = pt_rq(9, PB_MOVABLE, 0) };

	huge.rq.flags = W | PB_ALLOC_NORETRY;
	script.result = PB_COMPACT_CONTENDED;
	KUNIT_EXPECT_EQ(test, pt_run_as_user(request_huge, &huge), 0);
	KUNIT_EXPECT_EQ(test, huge.pfn, PB_NO_PFN);
	KUNIT_EXPECT_STREQ(test, script.log, "wd2");
	pt_task_is_kthread(true);
	KUNIT_EXPECT_EQ(test, request(huge.f, &huge.rq), PB_NO_PFN);
	KUNIT_EXPECT_STREQ(test, script.log, "wd2wr2");
	pt_task_is_kthread(false);
}

/*
 * As long as the request would fit if all reclaimable pages were free: 16 rounds without
 * progress, then one more.
 */
static void test_reclaim_retries(struct kunit *test)
{
	struct pt_fixture *f = full_pool(test, &pt_small);
	struct pb_request rq = pt_rq(0, PB_MOVABLE, 0);
	unsigned int i;

	rq.flags = PB_ALLOC_WAIT;
	script.reclaimable = 100000;
	KUNIT_EXPECT_EQ(test, request(f, &rq), PB_NO_PFN);
	KUNIT_EXPECT_EQ(test, script.len, 1U + 17 + 1);
	for (i = 1; i <= 17; i++)
		KUNIT_EXPECT_EQ(test, script.log[i], 'r');
	KUNIT_EXPECT_EQ(test, script.log[18], 'o');
	/* Less is reclaimable than the watermark: no second round. */
	pt_zone(f, 0, PB_ZONE_NORMAL)->watermark[PB_WMARK_MIN] = 100000;
	KUNIT_EXPECT_EQ(test, request(f, &rq), PB_NO_PFN);
	KUNIT_EXPECT_STREQ(test, script.log, "dro");
}

/*
 * Compaction succeeds but other requests get the blocks: 16 retries, then 16 with a higher
 * priority.
 */
static void test_compact_retries(struct kunit *test)
{
	struct pt_fixture *f = full_pool(test, &pt_small);
	struct pb_request rq = pt_rq(2, PB_MOVABLE, 0);
	unsigned int light = 0, full = 0, i;

	rq.flags = PB_ALLOC_WAIT;
	script.progress = 1;
	script.result = PB_COMPACT_SUCCESS;
	KUNIT_EXPECT_EQ(test, request(f, &rq), PB_NO_PFN);
	for (i = 0; i < script.len; i++) {
		light += script.log[i] == '1';
		full += script.log[i] == '0';
	}
	KUNIT_EXPECT_EQ(test, light, 17U);
	KUNIT_EXPECT_EQ(test, full, 17U);
	KUNIT_EXPECT_EQ(test, script.log[script.len - 1], 'o');
}

/* Compaction that lacks free pages is retried only while reclaim could free enough. */
static void test_compact_skipped(struct kunit *test)
{
	struct pt_fixture *f = full_pool(test, &pt_small);
	struct pb_request rq = pt_rq(2, PB_MOVABLE, 0);

	rq.flags = PB_ALLOC_WAIT;
	script.progress = 1;
	script.result = PB_COMPACT_SKIPPED;
	KUNIT_EXPECT_EQ(test, request(f, &rq), PB_NO_PFN);
	KUNIT_EXPECT_STREQ(test, script.log, "drd1o");
	/* Enough is reclaimable for compaction: goes on until a block becomes free. */
	script.reclaimable = 100;
	script.give_at = 'r';
	script.give_nth = 3;
	KUNIT_ASSERT_EQ(test, pb_free_contig(&f->pool, script.held + 1, 3), PB_BAD_NONE);
	KUNIT_EXPECT_NE(test, request(f, &rq), PB_NO_PFN);
	KUNIT_EXPECT_STREQ(test, script.log, "drd1rd1rd");
}

/*
 * A compaction stall counts as success if the request gets its block, no matter how, else as
 * failure.
 */
static void test_compaction_counted(struct kunit *test)
{
	struct pt_fixture *f = full_pool(test, &pt_small);
	struct pb_zone *zone = f->pool.all_zones->zone[0];
	struct pb_request rq = pt_rq(1, PB_MOVABLE, 0);

	rq.flags = PB_ALLOC_WAIT;
	script.result = PB_COMPACT_SKIPPED;
	KUNIT_EXPECT_EQ(test, request(f, &rq), PB_NO_PFN);
	KUNIT_EXPECT_EQ(test, pb_zone_event(zone, PB_COMPACTSTALL), 0UL);
	script.result = PB_COMPACT_DEFERRED;
	KUNIT_EXPECT_EQ(test, request(f, &rq), PB_NO_PFN);
	KUNIT_EXPECT_EQ(test, pb_zone_event(zone, PB_COMPACTSTALL), 1UL);
	KUNIT_EXPECT_EQ(test, pb_zone_event(zone, PB_COMPACTFAIL), 1UL);
	/* The buddy of the held frame is free; the held one becomes free during compaction. */
	KUNIT_ASSERT_EQ(test, pb_free(&f->pool, script.held ^ 1, 0), PB_BAD_NONE);
	script.give_at = '1';
	script.give_nth = 1;
	KUNIT_EXPECT_NE(test, request(f, &rq), PB_NO_PFN);
	KUNIT_EXPECT_STREQ(test, script.log, "dr1");
	KUNIT_EXPECT_EQ(test, pb_zone_event(zone, PB_COMPACTSTALL), 2UL);
	KUNIT_EXPECT_EQ(test, pb_zone_event(zone, PB_COMPACTFAIL), 1UL);
	KUNIT_EXPECT_EQ(test, pb_zone_event(zone, PB_COMPACTSUCCESS), 1UL);
}

struct gift {
	const char		*name;
	pb_alloc_flags_t	flags;
	char			at;
	int			nth;
	const char		*log;
};

/* A page becomes free at one step: the request is served there and goes no further. */
static const struct gift gifts[] = {
	{ "woken at once", K, 'w', 1, "w" },
	{ "woken again", K, 'w', 2, "ww" },
	{ "in the cache of another CPU", W, 'd', 1, "wd" },
	{ "by reclaim", W, 'r', 1, "wdwr" },
	{ "while killing is considered", W, 'a', 1, "wdwra" },
	{ "by a victim", W, 'o', 1, "wdwraow" },
	{ "NOFAIL, by reclaim in the end", W | PB_ALLOC_NOFAIL, 'r', 5, "wdwraowraowraowraowra" },
};

static void describe_gift(const struct gift *gift, char *desc)
{
	snprintf(desc, KUNIT_PARAM_DESC_SIZE, "%s", gift->name);
}

KUNIT_ARRAY_PARAM(gifts, gifts, describe_gift);

static void test_served(struct kunit *test)
{
	const struct gift *gift = test->param_value;
	struct pt_fixture *f = full_pool(test, &pt_small);
	unsigned long held = script.held;
	struct pb_request rq = pt_rq(0, PB_MOVABLE, 0);

	rq.flags = gift->flags;
	script.give_at = gift->at;
	script.give_nth = gift->nth;
	script.oom = gift->at == 'o';
	script.progress = gift->at == 'r' && gift->nth == 1;
	script.requests = true;
	KUNIT_EXPECT_EQ(test, request(f, &rq), held);
	KUNIT_EXPECT_STREQ(test, script.log, gift->log);
	pt_verify(test, f, NULL);
}

/* An allocation from within reclaim does not reclaim. */
static void test_no_recursion(struct kunit *test)
{
	struct pt_fixture *f = full_pool(test, &pt_small);
	struct pb_request rq = pt_rq(0, PB_MOVABLE, 0);

	rq.flags = W;
	script.nested = true;
	KUNIT_EXPECT_EQ(test, request(f, &rq), PB_NO_PFN);
	KUNIT_EXPECT_EQ(test, script.got_nested, PB_NO_PFN);
	/* The nested request: wake, drain, wake, and no more. */
	KUNIT_EXPECT_STREQ(test, script.log, "wdwwdwro");
	pt_task_reclaims(true);
	KUNIT_EXPECT_EQ(test, request(f, &rq), PB_NO_PFN);
	pt_task_reclaims(false);
	KUNIT_EXPECT_STREQ(test, script.log, "wdw");
}

/*
 * Every node that the request may use is woken, once for each of its two passes; no other node
 * is.
 */
static void test_wakes_eligible_nodes(struct kunit *test)
{
	struct pt_fixture *f = full_pool(test, &pt_two_nodes);
	struct pb_request rq = pt_rq(0, PB_MOVABLE, 0);
	unsigned long second = 2;

	rq.flags = K;
	KUNIT_EXPECT_EQ(test, request(f, &rq), PB_NO_PFN);
	KUNIT_EXPECT_STREQ(test, script.log, "wwww");
	rq.nodemask = &second;
	KUNIT_EXPECT_EQ(test, request(f, &rq), PB_NO_PFN);
	KUNIT_EXPECT_STREQ(test, script.log, "ww");
}

/* MEMALLOC: gets a page below the watermark, on a node that the nodemask excludes. */
static void test_reserve_ignores_policy(struct kunit *test)
{
	struct pt_fixture *f = full_pool(test, &pt_two_nodes);
	struct pb_request rq = pt_rq(0, PB_MOVABLE, 0);
	unsigned long held = script.held, node = BIT(!pt_layout_node(f->layout, held));
	struct pb_zone *zone;

	pb_for_each_zone(zone, &f->pool)
		zone->watermark[PB_WMARK_MIN] = 100;
	pb_free(&f->pool, held, 0);
	rq.flags = K;
	rq.nodemask = &node;
	KUNIT_EXPECT_EQ(test, request(f, &rq), PB_NO_PFN);
	rq.reserve_flags = PB_ALLOC_NO_WATERMARKS;
	KUNIT_EXPECT_EQ(test, request(f, &rq), held);
}

/* An OOM victim that has used the reserve, or may not use it, fails instead of looping. */
static void test_victim_ends(struct kunit *test)
{
	struct pt_fixture *f = full_pool(test, &pt_small);
	struct pb_request rq = pt_rq(0, PB_MOVABLE, 0);

	rq.flags = W;
	script.oom = true;
	script.victim = true;
	pt_task_dies(true);
	KUNIT_EXPECT_EQ(test, request(f, &rq), PB_NO_PFN);
	KUNIT_EXPECT_STREQ(test, script.log, "wdwro");
	rq.flags |= PB_ALLOC_NOMEMALLOC;
	KUNIT_EXPECT_EQ(test, request(f, &rq), PB_NO_PFN);
	KUNIT_EXPECT_STREQ(test, script.log, "wdwro");
	pt_task_dies(false);
}

/* While another task handles out of memory the request waits for its effect and kills nothing. */
static void test_one_oom_at_a_time(struct kunit *test)
{
	struct pt_fixture *f = full_pool(test, &pt_small);
	unsigned long held = script.held;
	struct pb_request rq = pt_rq(0, PB_MOVABLE, 0);

	rq.flags = W;
	atomic_set(&f->pool.oom_busy, 1);
	script.give_at = 'r';
	script.give_nth = 3;
	KUNIT_EXPECT_EQ(test, request(f, &rq), held);
	KUNIT_EXPECT_STREQ(test, script.log, "wdwrwrwrw");
	atomic_set(&f->pool.oom_busy, 0);
}

/*
 * NOFAIL may use half of the MIN watermark after everything else has failed, and no more: below
 * that it waits until a page is freed.
 */
static void test_nofail_reserve(struct kunit *test)
{
	struct pt_fixture *f = full_pool(test, &pt_small);
	struct pb_zone *zone = pt_zone(f, 0, PB_ZONE_NORMAL);
	unsigned long held = script.held;
	struct pb_request rq = pt_rq(0, PB_MOVABLE, 0);

	rq.flags = W;
	pt_free(test, f, held ^ 1, 0);
	pt_free(test, f, held ^ 2, 0);
	pt_drain_all(&f->pool);
	pt_set_watermark(zone, PB_WMARK_MIN, 2);
	pt_set_watermark(zone, PB_WMARK_HIGH, 2);
	KUNIT_EXPECT_EQ(test, request(f, &rq), PB_NO_PFN);
	rq.flags = W | PB_ALLOC_NOFAIL;
	KUNIT_EXPECT_NE(test, request(f, &rq), PB_NO_PFN);
	KUNIT_EXPECT_STREQ(test, script.log, "wdwro");
	KUNIT_EXPECT_EQ(test, pb_zone_free_pages(zone), 1L);
	script.progress = 1;
	script.give_at = 'r';
	script.give_nth = 3;
	KUNIT_EXPECT_NE(test, request(f, &rq), PB_NO_PFN);
	KUNIT_EXPECT_STREQ(test, script.log, "wdwrdowrdowrdo");
	KUNIT_EXPECT_EQ(test, pb_zone_free_pages(zone), 1L);
}

/* Wrong combinations of flags warn, and the request ends. */
static void test_unreasonable(struct kunit *test)
{
	struct pt_fixture *f = full_pool(test, &pt_small);
	struct pb_request rq = pt_rq(0, PB_MOVABLE, 0);

	pt_warnings_expected(true);
	rq.flags = K | PB_ALLOC_NOFAIL;
	KUNIT_EXPECT_EQ(test, request(f, &rq), PB_NO_PFN);
	KUNIT_EXPECT_EQ(test, pt_warnings_seen(), 1U);
	rq.order = 13;
	rq.flags = W | PB_ALLOC_NOFAIL;
	KUNIT_EXPECT_EQ(test, request(f, &rq), PB_NO_PFN);
	KUNIT_EXPECT_EQ(test, pt_warnings_seen(), 2U);
	rq.order = 0;
	rq.flags = W;
	rq.slow_flags = PB_ALLOC_NON_BLOCK;
	KUNIT_EXPECT_EQ(test, request(f, &rq), PB_NO_PFN);
	KUNIT_EXPECT_EQ(test, pt_warnings_seen(), 1U);
	/* May wait, reclaims already, must not fail: waits until another task frees. */
	rq.flags = W | PB_ALLOC_NOFAIL | PB_ALLOC_RECLAIMING;
	rq.slow_flags = 0;
	script.give_at = 'w';
	script.give_nth = 4;
	KUNIT_EXPECT_NE(test, request(f, &rq), PB_NO_PFN);
	KUNIT_EXPECT_EQ(test, pt_warnings_seen(), 1U);
	pt_warnings_expected(false);
}

static struct kunit_case slow_states_cases[] = {
	KUNIT_CASE_PARAM(test_paths_to_failure, paths_gen_params),
	KUNIT_CASE_PARAM(test_paths_of_growing_pool, growing_paths_gen_params),
	KUNIT_CASE(test_contended),
	KUNIT_CASE(test_reclaim_retries),
	KUNIT_CASE(test_compact_retries),
	KUNIT_CASE(test_compact_skipped),
	KUNIT_CASE(test_compaction_counted),
	KUNIT_CASE_PARAM(test_served, gifts_gen_params),
	KUNIT_CASE(test_no_recursion),
	KUNIT_CASE(test_wakes_eligible_nodes),
	KUNIT_CASE(test_reserve_ignores_policy),
	KUNIT_CASE(test_victim_ends),
	KUNIT_CASE(test_one_oom_at_a_time),
	KUNIT_CASE(test_nofail_reserve),
	KUNIT_CASE(test_unreasonable),
	{}
};

static struct kunit_suite slow_states_suite = {
	.name = "pbuddy_slow_states",
	.init = pt_init,
	.exit = pt_exit,
	.test_cases = slow_states_cases,
};

kunit_test_suite(slow_states_suite);
