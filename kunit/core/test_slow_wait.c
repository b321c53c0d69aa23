// SPDX-License-Identifier: GPL-2.0-only
/*
 * slowpath.c and contig.c: requests that may reclaim, and do not come to the OOM policy, wait once
 * for memory that other tasks are about to free. The letters of a record: script.h.
 */
#include "core/alloc/alloc.h"
#include "core/alloc/slowpath.h"
#include "fixture.h"
#include "script.h"

#define W	(PB_ALLOC_WAIT | PB_ALLOC_KSWAPD | PB_ALLOC_FS)

struct wait {
	const char		*name;
	unsigned int		order;
	pb_alloc_flags_t	flags;
	bool			others;
	const char		*log;
};

/* While no memory becomes free that serves them. */
static const struct wait waits[] = {
	{ "costly, others free nothing", 4, W, false, "wd2wr1p" },
	{ "costly, others free something", 4, W, true, "wd2wr1pdwr1" },
	{ "RETRY_MAYFAIL", 0, W | PB_ALLOC_RETRY_MAYFAIL, true, "wdwrpdwr" },
	{ "THISNODE", 0, W | PB_ALLOC_THISNODE, true, "wdwrpdwr" },
	{ "the OOM policy waits", 0, W, true, "wdwro" },
	{ "NORETRY", 0, W | PB_ALLOC_NORETRY, true, "wdwr" },
	{ "costly, NORETRY", 4, W | PB_ALLOC_NORETRY, true, "wd2wr2" },
	{ "costly, may not wait", 4, PB_ALLOC_KSWAPD, true, "ww" },
	{ "reclaims already", 0, W | PB_ALLOC_RECLAIMING, true, "wdw" },
};

static void describe_wait(const struct wait *wait, char *desc)
{
	snprintf(desc, KUNIT_PARAM_DESC_SIZE, "%s", wait->name);
}

KUNIT_ARRAY_PARAM(waits, waits, describe_wait);

static void test_once(struct kunit *test)
{
	const struct wait *wait = test->param_value;
	struct pt_fixture *f = pt_full_pool(test, &pt_small);
	struct pb_request rq = pt_rq(wait->order, PB_MOVABLE, 0);

	f->pool.ops.reclaim_wait = pt_script_wait;
	rq.flags = wait->flags;
	pt_script.others = wait->others;
	KUNIT_EXPECT_EQ(test, pt_script_request(f, &rq), PB_NO_PFN);
	KUNIT_EXPECT_STREQ(test, pt_script.log, wait->log);
}

static struct pt_fixture *pool_that_gets_a_page(struct kunit *test, struct pb_request *rq)
{
	struct pt_fixture *f = pt_full_pool(test, &pt_small);

	f->pool.ops.reclaim_wait = pt_script_wait;
	*rq = pt_rq(0, PB_MOVABLE, 0);
	rq->flags = W | PB_ALLOC_RETRY_MAYFAIL;
	pt_script.give_at = 'p';
	pt_script.give_nth = 1;
	pt_script.others = true;
	return f;
}

static void test_block(struct kunit *test)
{
	struct pb_request rq;
	struct pt_fixture *f = pool_that_gets_a_page(test, &rq);
	unsigned long held = pt_script.held;

	KUNIT_EXPECT_EQ(test, pt_script_request(f, &rq), held);
	KUNIT_EXPECT_STREQ(test, pt_script.log, "wdwrpdw");
}

static void test_range(struct kunit *test)
{
	struct pb_request rq;
	struct pt_fixture *f = pool_that_gets_a_page(test, &rq);
	unsigned long held = pt_script.held;

	KUNIT_EXPECT_EQ(test, pb_alloc_contig(&f->pool, &rq, 1, NULL), held);
}

/* A range for a request that does not retry fails, since it does not wait. */
static void test_range_noretry(struct kunit *test)
{
	struct pb_request rq;
	struct pt_fixture *f = pool_that_gets_a_page(test, &rq);

	rq.flags = W | PB_ALLOC_NORETRY;
	KUNIT_EXPECT_EQ(test, pb_alloc_contig(&f->pool, &rq, 1, NULL), PB_NO_PFN);
}

static struct kunit_case slow_wait_cases[] = {
	KUNIT_CASE_PARAM(test_once, waits_gen_params),
	KUNIT_CASE(test_block),
	KUNIT_CASE(test_range),
	KUNIT_CASE(test_range_noretry),
	{}
};

static struct kunit_suite slow_wait_suite = {
	.name = "pbuddy_slow_wait",
	.init = pt_init,
	.exit = pt_exit,
	.test_cases = slow_wait_cases,
};

kunit_test_suite(slow_wait_suite);
