// SPDX-License-Identifier: GPL-2.0-only
/*
 * prezero.c: requests for contiguous pages pause prezeroing. A pageblock that is being zeroed is
 * not in the way of a request; the wait for it is bounded, and the pause ends with the request.
 */
#include "core/cache/prezero.h"
#include "fixture.h"
#include "threads.h"

typedef void (*zero_fn)(struct pb_pool *pool, unsigned long pfn, unsigned long nr_pages);

/* Made-up PFNs have no contents. */
static void zero_nothing(struct pb_pool *pool, unsigned long pfn, unsigned long nr_pages) { }

static struct pt_fixture *prezero_pool(struct kunit *test, zero_fn zero_op)
{
	struct pt_fixture *f = pt_pool(test, &pt_small);

	f->pool.ops.zero = zero_op;
	f->pool.prezero_percent = 100;
	return f;
}

/* Nothing is prezeroed before each of two pauses has ended; then the run goes on. */
static void test_pause(struct kunit *test)
{
	struct pt_fixture *f = prezero_pool(test, zero_nothing);
	struct pb_prezero run;

	pb_prezero_start(&run, pt_zone(f, 0, PB_ZONE_NORMAL));
	KUNIT_EXPECT_TRUE(test, pb_prezero_next(&run));
	pb_prezero_pause(&f->pool);
	pb_prezero_pause(&f->pool);
	KUNIT_EXPECT_FALSE(test, pb_prezero_next(&run));
	KUNIT_EXPECT_TRUE(test, run.paused);
	pb_prezero_resume(&f->pool);
	KUNIT_EXPECT_FALSE(test, pb_prezero_next(&run));
	KUNIT_EXPECT_TRUE(test, run.paused);
	pb_prezero_resume(&f->pool);
	KUNIT_EXPECT_TRUE(test, pb_prezero_next(&run));
	KUNIT_EXPECT_FALSE(test, run.paused);
	pt_expect_all_free(test, f);
}

static int paused_at_reclaim;

static unsigned long notes_pause(struct pb_pool *pool, const struct pb_request *rq, int priority,
				 unsigned long nr_pages)
{
	paused_at_reclaim = atomic_read(&pool->prezero_paused);
	return 0;
}

/*
 * Requests for contiguous pages keep prezeroing paused while they take memory from others, and no
 * longer. Requests for a page do not pause it, nor do opportunistic ones.
 */
static void test_pausing_requests(struct kunit *test)
{
	struct pt_fixture *f = prezero_pool(test, zero_nothing);
	unsigned long all = pt_alloc(f, 12);
	struct pb_request rq;
	unsigned int i;

	f->pool.ops.reclaim = notes_pause;
	KUNIT_ASSERT_NE(test, all, PB_NO_PFN);
	for (i = 0; i < 8; i++) {
		rq = pt_rq(i & 1, PB_MOVABLE, 0);
		rq.flags = PB_ALLOC_WAIT | (i & 2 ? PB_ALLOC_NORETRY : 0);
		paused_at_reclaim = -1;
		KUNIT_EXPECT_EQ(test, i & 4 ? pb_alloc_contig(&f->pool, &rq, 1 + (i & 1), NULL) :
					      pb_alloc(&f->pool, &rq, NULL), PB_NO_PFN);
		KUNIT_EXPECT_EQ_MSG(test, paused_at_reclaim, i % 4 == 1, "request %u", i);
		KUNIT_EXPECT_EQ_MSG(test, atomic_read(&f->pool.prezero_paused), 0, "request %u", i);
	}
	pt_free(test, f, all, 12);
	pt_expect_all_free(test, f);
}

/* Thread 0 prezeroes while thread 1 does something else. */
struct rivals {
	struct kunit		*test;
	struct pt_fixture	*f;
	atomic_t		zeroing;
	atomic_t		done;
	unsigned long		pfn[2];
};

static struct rivals *rivals;

static void start_rivals(struct kunit *test, zero_fn zero_op)
{
	if (pt_nr_cpus() < 2)
		kunit_skip(test, "needs two CPUs");
	rivals = kunit_kzalloc(test, sizeof(*rivals), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, rivals);
	rivals->test = test;
	rivals->f = prezero_pool(test, zero_op);
}

/* This pageblock is zeroed no earlier than the wait for it ends. */
static void zero_after_pause(struct pb_pool *pool, unsigned long pfn, unsigned long nr_pages)
{
	pb_prezero_pause(pool);
	pb_prezero_resume(pool);
}

static void wait_without_end(void *arg, unsigned int n)
{
	struct pb_pool *pool = &rivals->f->pool;
	unsigned int ticks;

	if (!n) {
		pt_prezero(pt_zone(rivals->f, 0, PB_ZONE_NORMAL), 1);
		atomic_set(&rivals->done, 1);
		return;
	}
	for (ticks = 0; ticks < 10000 && !atomic_read(&rivals->done); ticks++)
		pb_wait_tick();
	KUNIT_EXPECT_TRUE(rivals->test, atomic_read(&rivals->done));
	if (!atomic_read(&rivals->done))
		atomic_set(&pool->prezeroing, 0);
}

/* A request does not wait for ever for a pageblock that is being zeroed. */
static void test_pause_is_bounded(struct kunit *test)
{
	start_rivals(test, zero_after_pause);
	KUNIT_ASSERT_EQ(test, pt_run_threads(2, wait_without_end, NULL), 0);
	pt_expect_all_free(test, rivals->f);
}

static void zero_slowly(struct pb_pool *pool, unsigned long pfn, unsigned long nr_pages)
{
	unsigned int ticks;

	atomic_set(&rivals->zeroing, 1);
	for (ticks = 0; ticks < 5; ticks++)
		pb_wait_tick();
	atomic_set(&rivals->zeroing, 0);
}

static void wait_for_zeroing(void)
{
	unsigned int ticks;

	for (ticks = 0; ticks < 5000 && !atomic_read(&rivals->zeroing); ticks++)
		pb_wait_tick();
}

#define LEAST_WAIT	60	/* ticks; a little less than PAUSE_TICKS of prezero.c */

/*
 * Requests all of the pool as a block or a range. On a loaded machine thread 0 may have stood still
 * while the request has waited for it.
 */
static unsigned long request_all(bool range)
{
	struct pb_pool *pool = &rivals->f->pool;
	struct pb_request rq = pt_rq(12, PB_MOVABLE, 0);
	unsigned long begin, pfn;
	unsigned int tries = 0;

	rq.flags = PB_ALLOC_WAIT;
	do {
		wait_for_zeroing();
		begin = pt_ticks();
		pfn = range ? pb_alloc_contig(pool, &rq, 8 * PB_PAGEBLOCK_NR, NULL) :
			      pb_alloc(pool, &rq, NULL);
	} while (pfn == PB_NO_PFN && pt_ticks() - begin >= LEAST_WAIT && ++tries < 200);
	return pfn;
}

static void request_beside_prezero(void *arg, unsigned int n)
{
	struct pb_pool *pool = &rivals->f->pool;

	while (!n && !atomic_read(&rivals->done)) {
		pt_prezero(pt_zone(rivals->f, 0, PB_ZONE_NORMAL), 8);
		pb_wait_tick();
	}
	if (!n)
		return;
	rivals->pfn[0] = request_all(false);
	if (rivals->pfn[0] != PB_NO_PFN)
		pb_free(pool, rivals->pfn[0], 12);
	rivals->pfn[1] = request_all(true);
	if (rivals->pfn[1] != PB_NO_PFN)
		pb_free_contig(pool, rivals->pfn[1], 8 * PB_PAGEBLOCK_NR);
	atomic_set(&rivals->done, 1);
}

/* Contiguous pages are served although one of their pageblocks is being zeroed. */
static void test_pauses_for_requests(struct kunit *test)
{
	start_rivals(test, zero_slowly);
	KUNIT_ASSERT_EQ(test, pt_run_threads(2, request_beside_prezero, NULL), 0);
	KUNIT_EXPECT_NE(test, rivals->pfn[0], PB_NO_PFN);
	KUNIT_EXPECT_NE(test, rivals->pfn[1], PB_NO_PFN);
	pt_expect_all_free(test, rivals->f);
}

static struct kunit_case prezero_pause_cases[] = {
	KUNIT_CASE(test_pause),
	KUNIT_CASE(test_pause_is_bounded),
	KUNIT_CASE(test_pausing_requests),
	KUNIT_CASE(test_pauses_for_requests),
	{}
};

static struct kunit_suite prezero_pause_suite = {
	.name = "pbuddy_prezero_pause",
	.init = pt_init,
	.exit = pt_exit,
	.test_cases = prezero_pause_cases,
};

kunit_test_suite(prezero_pause_suite);
