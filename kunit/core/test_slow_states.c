// SPDX-License-Identifier: GPL-2.0-only
/*
 * slowpath.c: the states that a request goes through while the pool is full. The callbacks of
 * script.h record what the slow path calls; the letters of a record are explained there.
 */
#include "core/alloc/slowpath.h"
#include "fixture.h"
#include "script.h"
#include "task.h"
#include "threads.h"

#define K	PB_ALLOC_KSWAPD
#define W	(PB_ALLOC_WAIT | PB_ALLOC_KSWAPD | PB_ALLOC_FS)

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
	{ "may not wait, wakes no thread", 0, PB_MOVABLE, 0, .log = "" },
	{ "THISNODE that may not wait", 0, PB_MOVABLE, K | PB_ALLOC_THISNODE, .log = "" },
	{ "may wait", 0, PB_MOVABLE, W, .log = "wdwro" },
	{ "may wait, wakes no thread", 0, PB_MOVABLE, PB_ALLOC_WAIT | PB_ALLOC_FS, .log = "dro" },
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
	{ "small block, nothing helps", 2, PB_UNMOVABLE, W, .result = PB_COMPACT_COMPLETE,
	  .log = "wd2wr1o" },
	{ "costly, compaction skipped", 4, PB_MOVABLE, W, .result = PB_COMPACT_SKIPPED,
	  .log = "wd2wr1" },
	{ "costly", 4, PB_MOVABLE, W, .progress = 1, .result = PB_COMPACT_COMPLETE,
	  .log = "wd2wrd1" },
	{ "costly, RETRY_MAYFAIL", 4, PB_MOVABLE, W | PB_ALLOC_RETRY_MAYFAIL, .progress = 1,
	  .result = PB_COMPACT_COMPLETE, .log = "wd2wrd1" },
	{ "costly, compaction succeeds for others", 4, PB_MOVABLE, W | PB_ALLOC_RETRY_MAYFAIL,
	  .progress = 1, .result = PB_COMPACT_SUCCESS, .log = "wd2wrd1wrd1wrd1wrd1wrd1" },
	{ "costly, the same without RETRY_MAYFAIL", 4, PB_MOVABLE, W, .progress = 1,
	  .result = PB_COMPACT_SUCCESS, .log = "wd2wrd1" },
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
	struct pt_fixture *f = pt_full_pool(test, &pt_small);
	struct pb_request rq = path_rq(path);

	pt_script.progress = path->progress;
	pt_script.result = path->result;
	KUNIT_EXPECT_EQ(test, pt_script_request(f, &rq), PB_NO_PFN);
	KUNIT_EXPECT_STREQ(test, pt_script.log, path->log);
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
	struct pt_fixture *f = pt_full_pool(test, &pt_small);
	struct pb_request rq = path_rq(path);
	unsigned long held = pt_script.held;

	f->pool.ops.grow = pt_script_grow;
	pt_script.grows = path->grows;
	pt_script.result = path->result;
	KUNIT_EXPECT_EQ(test, pt_script_request(f, &rq), PB_NO_PFN);
	KUNIT_EXPECT_STREQ(test, pt_script.log, path->log);
	if (path->order || !strchr(path->log, 'g'))
		return;
	pt_script.give_at = 'g';
	pt_script.give_nth = 1;
	KUNIT_EXPECT_EQ(test, pt_script_request(f, &rq), held);
	KUNIT_EXPECT_STREQ(test, pt_script.log, "wdg");
}

struct huge {
	struct pt_fixture	*f;
	struct pb_request	rq;
	unsigned long		pfn;
};

static void request_huge(void *arg)
{
	struct huge *huge = arg;

	huge->pfn = pt_script_request(huge->f, &huge->rq);
}

/* A user task's request for a huge page ends when compaction is contended; a kthread's goes on. */
static void test_contended(struct kunit *test)
{
	struct huge huge = { .f = pt_full_pool(test, &pt_small), .rq = pt_rq(9, PB_MOVABLE, 0) };

	huge.rq.flags = W | PB_ALLOC_NORETRY;
	pt_script.result = PB_COMPACT_CONTENDED;
	KUNIT_EXPECT_EQ(test, pt_run_as_user(request_huge, &huge), 0);
	KUNIT_EXPECT_EQ(test, huge.pfn, PB_NO_PFN);
	KUNIT_EXPECT_STREQ(test, pt_script.log, "wd2");
	pt_task_is_kthread(true);
	KUNIT_EXPECT_EQ(test, pt_script_request(huge.f, &huge.rq), PB_NO_PFN);
	KUNIT_EXPECT_STREQ(test, pt_script.log, "wd2wr2");
	pt_task_is_kthread(false);
}

/*
 * As long as the request would fit if all reclaimable pages were free: 16 rounds without
 * progress, then one more.
 */
static void test_reclaim_retries(struct kunit *test)
{
	struct pt_fixture *f = pt_full_pool(test, &pt_small);
	struct pb_request rq = pt_rq(0, PB_MOVABLE, 0);
	unsigned int i;

	rq.flags = PB_ALLOC_WAIT | PB_ALLOC_FS;
	pt_script.reclaimable = 100000;
	KUNIT_EXPECT_EQ(test, pt_script_request(f, &rq), PB_NO_PFN);
	KUNIT_EXPECT_EQ(test, pt_script.len, 1U + 17 + 1);
	for (i = 1; i <= 17; i++)
		KUNIT_EXPECT_EQ(test, pt_script.log[i], 'r');
	KUNIT_EXPECT_EQ(test, pt_script.log[18], 'o');
	/* Less is reclaimable than the watermark: no second round. */
	pt_zone(f, 0, PB_ZONE_NORMAL)->watermark[PB_WMARK_MIN] = 100000;
	KUNIT_EXPECT_EQ(test, pt_script_request(f, &rq), PB_NO_PFN);
	KUNIT_EXPECT_STREQ(test, pt_script.log, "dro");
}

/* A free pageblock is no block of the order above: reclaim alone would not make one. */
static void test_reclaim_makes_no_run(struct kunit *test)
{
	struct pt_fixture *f = pt_full_pool(test, &pt_small);
	struct pb_zone *zone = pt_zone(f, 0, PB_ZONE_NORMAL);
	struct pb_request rq = pt_rq(PB_PAGEBLOCK_ORDER + 1, PB_MOVABLE, 0);
	unsigned long i;

	for (i = 0; i < PB_PAGEBLOCK_NR; i++)
		pt_free(test, f, zone->start_pfn + i, 0);
	pt_drain_all(&f->pool);
	rq.flags = PB_ALLOC_WAIT | PB_ALLOC_FS | PB_ALLOC_RETRY_MAYFAIL;
	pt_script.reclaimable = 100000;
	KUNIT_EXPECT_EQ(test, pt_script_request(f, &rq), PB_NO_PFN);
	KUNIT_EXPECT_LT(test, pt_script.len, 10U);
}

/*
 * Compaction succeeds but other requests get the blocks: 16 retries, then 16 with a higher
 * priority.
 */
static void test_compact_retries(struct kunit *test)
{
	struct pt_fixture *f = pt_full_pool(test, &pt_small);
	struct pb_request rq = pt_rq(2, PB_MOVABLE, 0);
	unsigned int light = 0, full = 0, i;

	rq.flags = PB_ALLOC_WAIT | PB_ALLOC_FS;
	pt_script.progress = 1;
	pt_script.result = PB_COMPACT_SUCCESS;
	KUNIT_EXPECT_EQ(test, pt_script_request(f, &rq), PB_NO_PFN);
	for (i = 0; i < pt_script.len; i++) {
		light += pt_script.log[i] == '1';
		full += pt_script.log[i] == '0';
	}
	KUNIT_EXPECT_EQ(test, light, 17U);
	KUNIT_EXPECT_EQ(test, full, 17U);
	KUNIT_EXPECT_EQ(test, pt_script.log[pt_script.len - 1], 'o');
}

/* Compaction that lacks free pages is retried only while reclaim could free enough. */
static void test_compact_skipped(struct kunit *test)
{
	struct pt_fixture *f = pt_full_pool(test, &pt_small);
	struct pb_request rq = pt_rq(2, PB_MOVABLE, 0);

	rq.flags = PB_ALLOC_WAIT | PB_ALLOC_FS;
	pt_script.progress = 1;
	pt_script.result = PB_COMPACT_SKIPPED;
	KUNIT_EXPECT_EQ(test, pt_script_request(f, &rq), PB_NO_PFN);
	KUNIT_EXPECT_STREQ(test, pt_script.log, "drd1o");
	/* Enough is reclaimable for compaction: goes on until a block becomes free. */
	pt_script.reclaimable = 100;
	pt_script.give_at = 'r';
	pt_script.give_nth = 3;
	KUNIT_ASSERT_EQ(test, pb_free_contig(&f->pool, pt_script.held + 1, 3), PB_BAD_NONE);
	KUNIT_EXPECT_NE(test, pt_script_request(f, &rq), PB_NO_PFN);
	KUNIT_EXPECT_STREQ(test, pt_script.log, "drd1rd1rd");
}

/*
 * A compaction stall counts as success if the request gets its block, no matter how, else as
 * failure.
 */
static void test_compaction_counted(struct kunit *test)
{
	struct pt_fixture *f = pt_full_pool(test, &pt_small);
	struct pb_zone *zone = f->pool.all_zones->zone[0];
	struct pb_request rq = pt_rq(1, PB_MOVABLE, 0);

	rq.flags = PB_ALLOC_WAIT | PB_ALLOC_FS;
	pt_script.result = PB_COMPACT_SKIPPED;
	KUNIT_EXPECT_EQ(test, pt_script_request(f, &rq), PB_NO_PFN);
	KUNIT_EXPECT_EQ(test, pb_zone_event(zone, PB_COMPACTSTALL), 0UL);
	pt_script.result = PB_COMPACT_DEFERRED;
	KUNIT_EXPECT_EQ(test, pt_script_request(f, &rq), PB_NO_PFN);
	KUNIT_EXPECT_EQ(test, pb_zone_event(zone, PB_COMPACTSTALL), 1UL);
	KUNIT_EXPECT_EQ(test, pb_zone_event(zone, PB_COMPACTFAIL), 1UL);
	/* The buddy of the held frame is free; the held one becomes free during compaction. */
	KUNIT_ASSERT_EQ(test, pb_free(&f->pool, pt_script.held ^ 1, 0), PB_BAD_NONE);
	pt_script.give_at = '1';
	pt_script.give_nth = 1;
	KUNIT_EXPECT_NE(test, pt_script_request(f, &rq), PB_NO_PFN);
	/* After two failures it is deferred, and a drain would not help. */
	KUNIT_EXPECT_STREQ(test, pt_script.log, "r1");
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
	struct pt_fixture *f = pt_full_pool(test, &pt_small);
	unsigned long held = pt_script.held;
	struct pb_request rq = pt_rq(0, PB_MOVABLE, 0);

	rq.flags = gift->flags;
	pt_script.give_at = gift->at;
	pt_script.give_nth = gift->nth;
	pt_script.oom = gift->at == 'o';
	pt_script.progress = gift->at == 'r' && gift->nth == 1;
	pt_script.queries = true;
	KUNIT_EXPECT_EQ(test, pt_script_request(f, &rq), held);
	KUNIT_EXPECT_STREQ(test, pt_script.log, gift->log);
	pt_verify(test, f, NULL);
}

/* An allocation from within reclaim does not reclaim. */
static void test_no_recursion(struct kunit *test)
{
	struct pt_fixture *f = pt_full_pool(test, &pt_small);
	struct pb_request rq = pt_rq(0, PB_MOVABLE, 0);

	rq.flags = W;
	pt_script.nested = true;
	KUNIT_EXPECT_EQ(test, pt_script_request(f, &rq), PB_NO_PFN);
	KUNIT_EXPECT_EQ(test, pt_script.got_nested, PB_NO_PFN);
	/* The nested request: wake, drain, wake, and no more. */
	KUNIT_EXPECT_STREQ(test, pt_script.log, "wdwwdwro");
	pt_task_reclaims(true);
	KUNIT_EXPECT_EQ(test, pt_script_request(f, &rq), PB_NO_PFN);
	pt_task_reclaims(false);
	KUNIT_EXPECT_STREQ(test, pt_script.log, "wdw");
}

/*
 * Every node that the request may use is woken, once for each of its two passes; no other node
 * is.
 */
static void test_wakes_eligible_nodes(struct kunit *test)
{
	struct pt_fixture *f = pt_full_pool(test, &pt_two_nodes);
	struct pb_request rq = pt_rq(0, PB_MOVABLE, 0);
	unsigned long second = 2;

	rq.flags = K;
	KUNIT_EXPECT_EQ(test, pt_script_request(f, &rq), PB_NO_PFN);
	KUNIT_EXPECT_STREQ(test, pt_script.log, "wwww");
	rq.nodemask = &second;
	KUNIT_EXPECT_EQ(test, pt_script_request(f, &rq), PB_NO_PFN);
	KUNIT_EXPECT_STREQ(test, pt_script.log, "ww");
}

/* MEMALLOC: gets a page below the watermark, on a node that the nodemask excludes. */
static void test_reserve_ignores_policy(struct kunit *test)
{
	struct pt_fixture *f = pt_full_pool(test, &pt_two_nodes);
	struct pb_request rq = pt_rq(0, PB_MOVABLE, 0);
	unsigned long held = pt_script.held, node = BIT(!pt_layout_node(f->layout, held));
	struct pb_zone *zone;

	pb_free(&f->pool, held, 0);
	rq.flags = K;
	rq.nodemask = &node;
	KUNIT_EXPECT_EQ(test, pt_script_request(f, &rq), PB_NO_PFN);
	pb_for_each_zone(zone, &f->pool)
		pt_set_watermark(zone, PB_WMARK_MIN, 100);
	KUNIT_EXPECT_EQ(test, pt_script_request(f, &rq), PB_NO_PFN);
	rq.reserve_flags = PB_ALLOC_NO_WATERMARKS;
	KUNIT_EXPECT_EQ(test, pt_script_request(f, &rq), held);
}

/* An OOM victim that has used the reserve, or may not use it, fails instead of looping. */
static void test_victim_ends(struct kunit *test)
{
	struct pt_fixture *f = pt_full_pool(test, &pt_small);
	struct pb_request rq = pt_rq(0, PB_MOVABLE, 0);

	rq.flags = W;
	pt_script.oom = true;
	pt_script.victim = true;
	pt_task_dies(true);
	KUNIT_EXPECT_EQ(test, pt_script_request(f, &rq), PB_NO_PFN);
	KUNIT_EXPECT_STREQ(test, pt_script.log, "wdwro");
	rq.flags |= PB_ALLOC_NOMEMALLOC;
	KUNIT_EXPECT_EQ(test, pt_script_request(f, &rq), PB_NO_PFN);
	KUNIT_EXPECT_STREQ(test, pt_script.log, "wdwro");
	pt_task_dies(false);
}

/*
 * THISNODE that may not wait: one round, down to the min watermark and with this CPU's cache,
 * unless it may use a reserve. The cpuset is checked before each further round and at the failure.
 */
static void test_fails_early(struct kunit *test)
{
	struct pt_fixture *f = pt_full_pool(test, &pt_small);
	struct pb_zone *zone = pt_zone(f, 0, PB_ZONE_NORMAL);
	struct pb_request rq = pt_rq(0, PB_MOVABLE, 0);
	unsigned long held = pt_script.held;

	pt_set_watermark(zone, PB_WMARK_LOW, 2);
	rq.flags = K | PB_ALLOC_THISNODE | PB_ALLOC_WMARK_LOW;
	rq.slow_flags = PB_ALLOC_NON_BLOCK;
	rq.mems_cookie = 1;
	KUNIT_EXPECT_EQ(test, pt_script_request(f, &rq), PB_NO_PFN);
	KUNIT_EXPECT_STREQ(test, pt_script.log, "");
	KUNIT_EXPECT_EQ(test, pt_script.checks, 1U);
	rq.slow_flags |= PB_ALLOC_MIN_RESERVE;
	KUNIT_EXPECT_EQ(test, pt_script_request(f, &rq), PB_NO_PFN);
	KUNIT_EXPECT_STREQ(test, pt_script.log, "");
	KUNIT_EXPECT_EQ(test, pt_script.checks, 3U);
	rq.slow_flags = PB_ALLOC_NON_BLOCK;
	/* Two pages in the cache: for a block of the other order the drain is needed. */
	pt_free(test, f, held, 0);
	pt_script.held = PB_NO_PFN;
	pt_free(test, f, held ^ 1, 0);
	rq.order = 1;
	KUNIT_EXPECT_NE(test, pt_script_request(f, &rq), PB_NO_PFN);
	KUNIT_EXPECT_STREQ(test, pt_script.log, "");
}

/* Neither a core dump nor a request without file systems kills; a dying task gets the reserve. */
static void test_kills_for_none(struct kunit *test)
{
	struct pt_fixture *f = pt_full_pool(test, &pt_small);
	struct pb_request rq = pt_rq(0, PB_MOVABLE, 0);

	rq.flags = W;
	pt_task_dumps_core(true);
	KUNIT_EXPECT_EQ(test, pt_script_request(f, &rq), PB_NO_PFN);
	KUNIT_EXPECT_STREQ(test, pt_script.log, "wdwr");
	pt_task_dumps_core(false);
	rq.flags = W & ~PB_ALLOC_FS;
	KUNIT_EXPECT_EQ(test, pt_script_request(f, &rq), PB_NO_PFN);
	KUNIT_EXPECT_STREQ(test, pt_script.log, "wdwr");
	pt_task_dies(true);
	KUNIT_EXPECT_EQ(test, pt_script_request(f, &rq), PB_NO_PFN);
	KUNIT_EXPECT_STREQ(test, pt_script.log, "wdwro");
	pt_task_dies(false);
}

/* While another task handles out of memory the request waits for its effect and kills nothing. */
static void test_one_oom_at_a_time(struct kunit *test)
{
	struct pt_fixture *f = pt_full_pool(test, &pt_small);
	unsigned long held = pt_script.held;
	struct pb_request rq = pt_rq(0, PB_MOVABLE, 0);

	rq.flags = W;
	atomic_set(&f->pool.oom_busy, 1);
	pt_script.give_at = 'r';
	pt_script.give_nth = 3;
	KUNIT_EXPECT_EQ(test, pt_script_request(f, &rq), held);
	KUNIT_EXPECT_STREQ(test, pt_script.log, "wdwrwrwrw");
	atomic_set(&f->pool.oom_busy, 0);
}

struct change {
	const char		*name;
	pb_alloc_flags_t	flags;
	char			at;
	const char		*log;
};

static const struct change changes[] = {
	{ "before a round", W, 'd', "wd" },
	{ "before a kill", W, 'r', "wdwr" },
	{ "before it fails", W, 'o', "wdwro" },
	{ "while it may not wait", K, 'w', "w" },
	{ "must not fail", W | PB_ALLOC_NOFAIL, 'o', "wdwro" },
};

static void describe_change(const struct change *change, char *desc)
{
	snprintf(desc, KUNIT_PARAM_DESC_SIZE, "%s", change->name);
}

KUNIT_ARRAY_PARAM(changes, changes, describe_change);

/*
 * A request whose cpuset changed ends, also one that must not fail, and is not counted: its caller
 * makes it again.
 */
static void test_cpuset_changes(struct kunit *test)
{
	const struct change *change = test->param_value;
	struct pt_fixture *f = pt_full_pool(test, &pt_small);
	struct pb_zone *zone = f->pool.all_zones->zone[0];
	struct pb_request rq = pt_rq(0, PB_MOVABLE, 0);
	unsigned long failed = pb_zone_event(zone, PB_ALLOC_FAIL);
	enum pb_reason reason;

	rq.flags = change->flags;
	rq.mems_cookie = 1;
	pt_script.change_at = change->at;
	KUNIT_EXPECT_EQ(test, pt_script_request(f, &rq), PB_NO_PFN);
	KUNIT_EXPECT_STREQ(test, pt_script.log, change->log);
	KUNIT_EXPECT_EQ(test, pb_alloc_contig(&f->pool, &rq, 2, &reason), PB_NO_PFN);
	KUNIT_EXPECT_EQ(test, pb_zone_event(zone, PB_ALLOC_FAIL), failed);
	/* Without a cookie the change does not matter. */
	rq.flags &= ~PB_ALLOC_NOFAIL;
	rq.mems_cookie = 0;
	KUNIT_EXPECT_EQ(test, pt_script_request(f, &rq), PB_NO_PFN);
	KUNIT_EXPECT_EQ(test, pb_zone_event(zone, PB_ALLOC_FAIL), failed + 1);
}

/*
 * NOFAIL may use half of the MIN watermark after everything else has failed, and no more: below
 * that it waits until a page is freed.
 */
static void test_nofail_reserve(struct kunit *test)
{
	struct pt_fixture *f = pt_full_pool(test, &pt_small);
	struct pb_zone *zone = pt_zone(f, 0, PB_ZONE_NORMAL);
	unsigned long held = pt_script.held;
	struct pb_request rq = pt_rq(0, PB_MOVABLE, 0);

	rq.flags = W;
	pt_free(test, f, held ^ 1, 0);
	pt_free(test, f, held ^ 2, 0);
	pt_drain_all(&f->pool);
	pt_set_watermark(zone, PB_WMARK_MIN, 2);
	pt_set_watermark(zone, PB_WMARK_HIGH, 2);
	KUNIT_EXPECT_EQ(test, pt_script_request(f, &rq), PB_NO_PFN);
	rq.flags = W | PB_ALLOC_NOFAIL;
	KUNIT_EXPECT_NE(test, pt_script_request(f, &rq), PB_NO_PFN);
	KUNIT_EXPECT_STREQ(test, pt_script.log, "wdwro");
	KUNIT_EXPECT_EQ(test, pb_zone_free_pages(zone), 1L);
	pt_script.progress = 1;
	pt_script.give_at = 'r';
	pt_script.give_nth = 3;
	KUNIT_EXPECT_NE(test, pt_script_request(f, &rq), PB_NO_PFN);
	KUNIT_EXPECT_STREQ(test, pt_script.log, "wdwrdowrdowrdo");
	KUNIT_EXPECT_EQ(test, pb_zone_free_pages(zone), 1L);
}

/*
 * Wrong combinations of flags warn, and the request ends. Each warning has one test, because a
 * module of UML warns once: test_sleeper_gets_no_atomic_reserve() has another.
 */
static void test_unreasonable(struct kunit *test)
{
	struct pt_fixture *f = pt_full_pool(test, &pt_small);
	struct pb_request rq = pt_rq(0, PB_MOVABLE, 0);

	pt_warnings_expected(true);
	rq.flags = K | PB_ALLOC_NOFAIL;
	KUNIT_EXPECT_EQ(test, pt_script_request(f, &rq), PB_NO_PFN);
	KUNIT_EXPECT_EQ(test, pt_warnings_seen(), 1U);
	rq.order = 13;
	rq.flags = W | PB_ALLOC_NOFAIL;
	KUNIT_EXPECT_EQ(test, pt_script_request(f, &rq), PB_NO_PFN);
	KUNIT_EXPECT_EQ(test, pt_warnings_seen(), 2U);
	rq.order = 0;
	/* May wait, reclaims already, must not fail: waits until another task frees. */
	rq.flags = W | PB_ALLOC_NOFAIL | PB_ALLOC_RECLAIMING;
	pt_script.give_at = 'w';
	pt_script.give_nth = 4;
	KUNIT_EXPECT_NE(test, pt_script_request(f, &rq), PB_NO_PFN);
	KUNIT_EXPECT_EQ(test, pt_warnings_seen(), 1U);
	pt_warnings_expected(false);
}

static struct kunit_case slow_states_cases[] = {
	KUNIT_CASE_PARAM(test_paths_to_failure, paths_gen_params),
	KUNIT_CASE_PARAM(test_paths_of_growing_pool, growing_paths_gen_params),
	KUNIT_CASE(test_contended),
	KUNIT_CASE(test_reclaim_retries),
	KUNIT_CASE(test_reclaim_makes_no_run),
	KUNIT_CASE(test_compact_retries),
	KUNIT_CASE(test_compact_skipped),
	KUNIT_CASE(test_compaction_counted),
	KUNIT_CASE_PARAM(test_served, gifts_gen_params),
	KUNIT_CASE(test_no_recursion),
	KUNIT_CASE(test_wakes_eligible_nodes),
	KUNIT_CASE(test_reserve_ignores_policy),
	KUNIT_CASE(test_victim_ends),
	KUNIT_CASE(test_fails_early),
	KUNIT_CASE(test_kills_for_none),
	KUNIT_CASE(test_one_oom_at_a_time),
	KUNIT_CASE_PARAM(test_cpuset_changes, changes_gen_params),
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
