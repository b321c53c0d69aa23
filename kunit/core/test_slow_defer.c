// SPDX-License-Identifier: GPL-2.0-only
/*
 * slow_defer.c: after a failure, requests of the same and higher orders drain and wake less often,
 * and none fails that a drain would serve. A request does not fail either when another CPU's cache
 * gets the block after the request has drained.
 */
#include "core/alloc/alloc.h"
#include "core/cache/pcp.h"
#include "core/zone/watermark.h"
#include "fixture.h"
#include "threads.h"
#include "zeroed_lists.h"

#define REQUESTS	200
#define FIRST		PT_PAGEBLOCK(2048)	/* of pt_small */

static struct {
	unsigned int drains;
	unsigned int wakes;	/* for blocks */
} calls;

static void drain(struct pb_pool *pool)
{
	calls.drains++;
	pt_drain_all(pool);
}

static void wake(struct pb_zone *zone, unsigned int order, pb_alloc_flags_t flags)
{
	calls.wakes += !!order;
}

/* A pool of which one frame of each pageblock is allocated. */
static struct pt_fixture *fragmented(struct kunit *test, unsigned long **pfns)
{
	struct pt_fixture *f = pt_pool(test, &pt_small);
	unsigned long n, i;

	n = pt_fill(test, f, 0, PB_MOVABLE, pfns);
	for (i = 0; i < n; i++)
		if ((*pfns)[i] % PB_PAGEBLOCK_NR)
			pt_free(test, f, (*pfns)[i], 0);
	pt_drain_all(&f->pool);
	f->pool.ops.drain_all = drain;
	f->pool.ops.wake_node = wake;
	memset(&calls, 0, sizeof(calls));
	return f;
}

static unsigned long request(struct pt_fixture *f, unsigned int order)
{
	struct pb_request rq = pt_rq(order, PB_MOVABLE, 0);

	rq.flags = PB_ALLOC_WAIT | PB_ALLOC_KSWAPD;
	return pb_alloc(&f->pool, &rq, NULL);
}

static void fail(struct kunit *test, struct pt_fixture *f, unsigned int order, unsigned int times)
{
	while (times--)
		KUNIT_EXPECT_EQ(test, request(f, order), PB_NO_PFN);
}

static void free_missing(void *arg)
{
	struct pt_fixture *f = arg;

	pb_free(&f->pool, FIRST, 0);
}

static void alloc_and_free(void *arg)
{
	struct pt_fixture *f = arg;

	pb_free(&f->pool, pt_alloc(f, 0), 0);
}

static void call_on_another_cpu(struct kunit *test, void (*fn)(void *), struct pt_fixture *f)
{
	if (pt_nr_cpus() < 2)
		kunit_skip(test, "needs two CPUs");
	pt_call_on(pt_cpu(0) == (int)raw_smp_processor_id() ? 1 : 0, fn, f);
}

/* Frees the frame that is missing in the first pageblock into another CPU's cache. */
static void cache_missing_frame(struct kunit *test, struct pt_fixture *f)
{
	call_on_another_cpu(test, free_missing, f);
	KUNIT_EXPECT_EQ(test, pb_pcp_pages(pt_zone(f, 0, PB_ZONE_NORMAL)), 1UL);
}

/* Fails often enough that the order is deferred, and is then served. */
static void serve_deferred(struct kunit *test, struct pt_fixture *f)
{
	fail(test, f, 9, 100);
	cache_missing_frame(test, f);
	KUNIT_EXPECT_EQ(test, request(f, 9), FIRST);
}

/* Requests 1, 2, 4, 8, 16, 32, 64, 128 and 192 are not deferred; each wakes twice. */
static void test_deferred(struct kunit *test)
{
	unsigned long *pfns;
	struct pt_fixture *f = fragmented(test, &pfns);

	fail(test, f, 9, REQUESTS);
	KUNIT_EXPECT_EQ(test, calls.drains, 9U);
	KUNIT_EXPECT_EQ(test, calls.wakes, 18U);
	/* Higher orders, too. */
	fail(test, f, 10, 1);
	KUNIT_EXPECT_EQ(test, calls.drains, 9U);
}

/* A lower order is not deferred. */
static void test_lower_order(struct kunit *test)
{
	unsigned long *pfns;
	struct pt_fixture *f = fragmented(test, &pfns);

	fail(test, f, 10, REQUESTS);
	memset(&calls, 0, sizeof(calls));
	fail(test, f, 9, 1);
	KUNIT_EXPECT_EQ(test, calls.drains, 1U);
	KUNIT_EXPECT_EQ(test, calls.wakes, 2U);
}

/* A deferred request is served by a frame in another CPU's cache, whatever its order. */
static void test_deferred_drains(struct kunit *test)
{
	unsigned long *pfns;
	struct pt_fixture *f = fragmented(test, &pfns);

	serve_deferred(test, f);
}

static void alloc_zeroed_frame(void *arg)
{
	struct pt_fixture *f = arg;
	bool zeroed = false;

	set_high(pt_zone(f, 0, PB_ZONE_NORMAL), 8);
	alloc_zeroed(f, 0, PB_MOVABLE, &zeroed);
}

/* Nor by the words of zeroed blocks in it that follow the one which is in use. */
static void test_deferred_drains_zeroed(struct kunit *test)
{
	struct pt_fixture *f = pt_pool(test, &pt_small);
	struct pb_zone *zone = pt_zone(f, 0, PB_ZONE_NORMAL);
	unsigned long *pfns, i;

	pt_fill(test, f, 0, PB_MOVABLE, &pfns);
	f->pool.ops.drain_all = drain;
	fail(test, f, 8, 100);
	for (i = 0; i < PB_PAGEBLOCK_NR; i++)
		pt_free(test, f, FIRST + i, 0);
	pt_drain_all(&f->pool);
	preempt_disable();
	pb_zeroed_set(zone, FIRST, PB_PAGEBLOCK_NR);
	preempt_enable();
	call_on_another_cpu(test, alloc_zeroed_frame, f);
	KUNIT_ASSERT_EQ(test, pb_pcp_pages(zone), PB_PAGEBLOCK_NR - 1UL);
	memset(&calls, 0, sizeof(calls));
	KUNIT_EXPECT_EQ(test, request(f, 8), FIRST + PB_PAGEBLOCK_NR / 2);
	KUNIT_EXPECT_EQ(test, calls.drains, 1U);
}

/* Cached frames that complete no block of the order are left where they are. */
static void test_no_useless_drain(struct kunit *test)
{
	unsigned long *pfns;
	struct pt_fixture *f = fragmented(test, &pfns);

	fail(test, f, 9, 100);
	memset(&calls, 0, sizeof(calls));
	call_on_another_cpu(test, alloc_and_free, f);
	fail(test, f, 9, 1);
	KUNIT_EXPECT_EQ(test, calls.drains, 0U);
	KUNIT_EXPECT_GT(test, pb_pcp_pages(pt_zone(f, 0, PB_ZONE_NORMAL)), 0UL);
}

/* The watermark lacks pages that are in another CPU's cache. */
static void test_cached_pages_make_up_the_mark(struct kunit *test)
{
	unsigned long *pfns;
	struct pt_fixture *f = fragmented(test, &pfns);
	struct pb_zone *zone = pt_zone(f, 0, PB_ZONE_NORMAL);

	pt_free(test, f, FIRST, 0);
	pt_drain_all(&f->pool);
	pt_set_watermark(zone, PB_WMARK_MIN, pb_zone_free_pages(zone) - PB_PAGEBLOCK_NR + 1);
	fail(test, f, 9, 100);
	pt_set_watermark(zone, PB_WMARK_MIN, pb_zone_free_pages(zone) - PB_PAGEBLOCK_NR);
	call_on_another_cpu(test, alloc_and_free, f);
	KUNIT_EXPECT_GT(test, pb_pcp_pages(zone), 0UL);
	KUNIT_EXPECT_EQ(test, request(f, 9), FIRST);
}

/* An order that the slow path has served is not deferred. */
static void test_reset(struct kunit *test)
{
	unsigned long *pfns;
	struct pt_fixture *f = fragmented(test, &pfns);

	serve_deferred(test, f);
	memset(&calls, 0, sizeof(calls));
	fail(test, f, 9, 1);
	KUNIT_EXPECT_EQ(test, calls.drains, 1U);
	KUNIT_EXPECT_EQ(test, calls.wakes, 2U);
}

/* Nor one for which as much more memory is free as it needs, although no block is. */
static void test_freed_memory_resets(struct kunit *test)
{
	unsigned long *pfns, half[2];
	struct pt_fixture *f = fragmented(test, &pfns);
	unsigned int i;

	for (i = 0; i < 2; i++)
		half[i] = pt_alloc(f, 8);
	pt_drain_all(&f->pool);
	fail(test, f, 9, 99);
	memset(&calls, 0, sizeof(calls));
	fail(test, f, 9, 1);
	KUNIT_EXPECT_EQ(test, calls.drains, 0U);
	for (i = 0; i < 2; i++)
		pt_free(test, f, half[i], 8);
	pt_drain_all(&f->pool);
	fail(test, f, 9, 1);
	KUNIT_EXPECT_EQ(test, calls.drains, 1U);
}

static struct pt_fixture *oom_fixture;

/* As a node thread that frees a page at that time. Reports that nothing can be freed. */
static bool oom(struct pb_pool *pool, const struct pb_request *rq)
{
	pt_call_on(pt_cpu(0) == (int)raw_smp_processor_id() ? 1 : 0, free_missing, oom_fixture);
	return false;
}

/* The last page is freed into another CPU's cache after the request has drained the caches. */
static void test_freed_during_the_request(struct kunit *test)
{
	struct pt_fixture *f = pt_pool(test, &pt_small);
	struct pb_request rq = pt_rq(0, PB_MOVABLE, 0);
	unsigned long *pfns;

	if (pt_nr_cpus() < 2)
		kunit_skip(test, "needs two CPUs");
	pt_fill(test, f, 0, PB_MOVABLE, &pfns);
	oom_fixture = f;
	f->pool.ops.oom = oom;
	rq.flags = PB_ALLOC_WAIT | PB_ALLOC_FS;
	KUNIT_EXPECT_EQ(test, pb_alloc(&f->pool, &rq, NULL), FIRST);
}

static struct kunit_case slow_defer_cases[] = {
	KUNIT_CASE(test_deferred),
	KUNIT_CASE(test_lower_order),
	KUNIT_CASE(test_deferred_drains),
	KUNIT_CASE(test_deferred_drains_zeroed),
	KUNIT_CASE(test_no_useless_drain),
	KUNIT_CASE(test_cached_pages_make_up_the_mark),
	KUNIT_CASE(test_reset),
	KUNIT_CASE(test_freed_memory_resets),
	KUNIT_CASE(test_freed_during_the_request),
	{}
};

static struct kunit_suite slow_defer_suite = {
	.name = "pbuddy_slow_defer",
	.init = pt_init,
	.exit = pt_exit,
	.test_cases = slow_defer_cases,
};

kunit_test_suite(slow_defer_suite);
