// SPDX-License-Identifier: GPL-2.0-only
/*
 * api/alloc_hooks.c: hooks before and after allocations. The cases register hooks that count their
 * calls, refuse the requests of this task or ask for another attempt, and check what the caller
 * gets, on each path by which pages are allocated. Other tasks may allocate meanwhile, so the hooks
 * heed the requests of one task only.
 */
#include <kunit/test.h>
#include <linux/gfp.h>
#include <linux/jiffies.h>
#include <linux/mm.h>
#include <linux/pbuddy.h>
#include <linux/processor.h>
#include <linux/sched.h>
#include <linux/slab.h>

#include "core/pool/stat.h"
#include "fixture.h"
#include "instance.h"
#include "instance_check.h"
#include "params.h"
#include "threads.h"

/* What the hooks do for the requests of @task, and what they have seen. */
static struct state {
	struct task_struct	*task;
	bool			refuse, retry;
	unsigned int		nr_before, nr_after;
	struct pbuddy_alloc_info info;		/* of the last call of after() */
	struct page		*page[2];	/* of the first attempt, and of the second */
	struct page		*hoard;		/* freed by after() when there are no pages */
} state;

static bool before(struct pbuddy_alloc_hooks *hooks, const struct pbuddy_alloc_info *info)
{
	if (!in_task() || current != state.task)
		return true;
	state.nr_before++;
	return !state.refuse;
}

static bool after(struct pbuddy_alloc_hooks *hooks, const struct pbuddy_alloc_info *info,
		  struct page *page)
{
	if (!in_task() || current != state.task)
		return false;
	state.nr_after++;
	state.info = *info;
	state.page[info->retried] = page;
	if (!page && state.hoard) {
		pbuddy_free_page(state.hoard);
		state.hoard = NULL;
	}
	return state.retry;
}

static struct pbuddy_alloc_hooks hooks = { .before = before, .after = after };

static void begin(struct kunit *test, bool refuse, bool retry)
{
	state = (struct state) { .task = current, .refuse = refuse, .retry = retry };
	KUNIT_ASSERT_EQ(test, pbuddy_register_alloc_hooks(&hooks), 0);
}

static void expect_calls(struct kunit *test, unsigned int nr_before, unsigned int nr_after)
{
	KUNIT_EXPECT_EQ(test, state.nr_before, nr_before);
	KUNIT_EXPECT_EQ(test, state.nr_after, nr_after);
	state.nr_before = 0;
	state.nr_after = 0;
}

static int hooks_init(struct kunit *test)
{
	return pt_instance_begin(test);
}

static void hooks_exit(struct kunit *test)
{
	pbuddy_unregister_alloc_hooks(&hooks);
	pt_instance_end(test);
}

/* Each request is seen once, with what it asked for, and none after the hooks are gone. */
static void test_seen(struct kunit *test)
{
	struct page *page, *pages[5] = {};

	begin(test, false, false);
	page = pbuddy_alloc_pages(GFP_KERNEL, 3);
	KUNIT_ASSERT_NOT_NULL(test, page);
	expect_calls(test, 1, 1);
	KUNIT_EXPECT_PTR_EQ(test, state.page[0], page);
	KUNIT_EXPECT_EQ(test, state.info.order, 3U);
	KUNIT_EXPECT_EQ(test, state.info.nr_pages, 8UL);
	KUNIT_EXPECT_EQ(test, state.info.nr_allocated, 8UL);
	KUNIT_EXPECT_TRUE(test, state.info.may_sleep);
	KUNIT_EXPECT_FALSE(test, state.info.retried);
	pbuddy_free_pages(page, 3);
	page = pbuddy_alloc_contig(700, GFP_NOWAIT | __GFP_NOWARN, NUMA_NO_NODE, NULL);
	expect_calls(test, 1, 1);
	KUNIT_EXPECT_EQ(test, state.info.nr_pages, 700UL);
	KUNIT_EXPECT_FALSE(test, state.info.may_sleep);
	pbuddy_free_contig(page, 700);
	KUNIT_EXPECT_EQ(test, pbuddy_alloc_pages_bulk(GFP_KERNEL, NUMA_NO_NODE, 5, pages), 5UL);
	expect_calls(test, 1, 1);
	KUNIT_EXPECT_EQ(test, state.info.nr_allocated, 5UL);
	pbuddy_free_pages_bulk(pages, 5);
	pbuddy_unregister_alloc_hooks(&hooks);
	page = pbuddy_alloc_page(GFP_KERNEL);
	pbuddy_free_page(page);
	expect_calls(test, 0, 0);
}

static void test_refused(struct kunit *test)
{
	struct page *page, *pages[5] = {};

	begin(test, true, true);
	KUNIT_EXPECT_NULL(test, pbuddy_alloc_page(GFP_KERNEL | __GFP_NOWARN));
	KUNIT_EXPECT_NULL(test, pbuddy_alloc_page(GFP_KERNEL | __GFP_NOWARN | __GFP_ZERO));
	KUNIT_EXPECT_NULL(test, pbuddy_alloc_page(GFP_NOWAIT | __GFP_NOWARN | __GFP_ACCOUNT));
	KUNIT_EXPECT_NULL(test, pbuddy_alloc_contig(3, GFP_KERNEL | __GFP_NOWARN, NUMA_NO_NODE,
						    NULL));
	KUNIT_EXPECT_EQ(test, pbuddy_alloc_pages_bulk(GFP_KERNEL | __GFP_NOWARN, NUMA_NO_NODE, 5,
						      pages), 0UL);
	expect_calls(test, 5, 0);
	/* A request that must not fail cannot be refused. */
	page = pbuddy_alloc_page(GFP_KERNEL | __GFP_NOFAIL);
	KUNIT_EXPECT_NOT_NULL(test, page);
	pbuddy_free_page(page);
}

/* A hook that always asks for more gets one more attempt, with another page. */
static void test_retries_once(struct kunit *test)
{
	struct page *page;

	begin(test, false, true);
	page = pbuddy_alloc_pages(GFP_KERNEL | __GFP_ZERO, 2);
	KUNIT_ASSERT_NOT_NULL(test, page);
	expect_calls(test, 1, 2);
	KUNIT_EXPECT_PTR_EQ(test, page, state.page[1]);
	KUNIT_EXPECT_PTR_NE(test, page, state.page[0]);
	KUNIT_EXPECT_TRUE(test, state.info.retried);
	pt_expect_used(test, 4);
	pbuddy_free_pages(page, 2);
	page = pbuddy_alloc_contig(700, GFP_KERNEL, NUMA_NO_NODE, NULL);
	expect_calls(test, 1, 2);
	KUNIT_EXPECT_PTR_EQ(test, page, state.page[1]);
	pt_expect_used(test, 700);
	pbuddy_free_contig(page, 700);
}

/* For all pages of a node, without waking its thread. */
#define ALL_OF_NODE	(__GFP_NOWARN | __GFP_THISNODE | __GFP_MEMALLOC)

/* Takes all pages of a node. */
static void take_all(int nid, struct list_head *list)
{
	struct page *page;
	int order;

	/* What is in the cache of another CPU now would be found later. */
	pt_stay_here();
	pt_drain_all(&pb_instance);
	for (order = PBUDDY_MAX_PAGE_ORDER; order >= 0; order--) {
		while ((page = pbuddy_alloc_pages_node(nid, ALL_OF_NODE, order))) {
			set_page_private(page, order);
			list_add(&page->lru, list);
		}
	}
}

static void free_all(struct list_head *list)
{
	struct page *page, *next;
	unsigned int order;

	list_for_each_entry_safe(page, next, list, lru) {
		order = page_private(page);
		set_page_private(page, 0);
		list_del(&page->lru);
		pbuddy_free_pages(page, order);
	}
}

/* After a failure the hook frees a page, which the second attempt gets. */
static void test_retry_after_failure(struct kunit *test)
{
	struct page *hoard = pbuddy_alloc_page(GFP_KERNEL), *page;
	LIST_HEAD(list);
	int nid;

	KUNIT_ASSERT_NOT_NULL(test, hoard);
	nid = page_to_nid(hoard);
	take_all(nid, &list);
	begin(test, false, true);
	state.hoard = hoard;
	page = pbuddy_alloc_pages_node(nid, ALL_OF_NODE, 0);
	KUNIT_EXPECT_PTR_EQ(test, page, hoard);
	expect_calls(test, 1, 2);
	/* Nothing is left: the pages of the first attempt serve it when the second fails. */
	pbuddy_free_page(page);
	page = pbuddy_alloc_pages_node(nid, ALL_OF_NODE, 0);
	KUNIT_EXPECT_PTR_EQ(test, page, hoard);
	expect_calls(test, 1, 2);
	KUNIT_EXPECT_NULL(test, state.page[1]);
	/* No endless loop: the second failure is final. */
	KUNIT_EXPECT_NULL(test, pbuddy_alloc_pages_node(nid, ALL_OF_NODE, 0));
	expect_calls(test, 1, 2);
	pbuddy_unregister_alloc_hooks(&hooks);
	pbuddy_free_page(page);
	free_all(&list);
}

/*
 * Frees a page when its task asks for it, which ends a request that must not fail. The node thread
 * may run meanwhile, because taking all pages has boosted the watermarks.
 */
static struct {
	struct task_struct	*task;
	int		nid;
	unsigned int	nr_scans;
	struct page	*page;
} last;

static unsigned long count_last(struct pbuddy_reclaimer *reclaimer,
				struct pbuddy_reclaim_control *rc)
{
	return READ_ONCE(last.page) && rc->nid == last.nid && current == last.task;
}

static unsigned long scan_last(struct pbuddy_reclaimer *reclaimer,
			       struct pbuddy_reclaim_control *rc)
{
	struct page *page;

	if (current != last.task)
		return PBUDDY_RECLAIM_STOP;
	page = xchg(&last.page, NULL);
	last.nr_scans++;
	if (!page)
		return PBUDDY_RECLAIM_STOP;
	pbuddy_free_page(page);
	return 1;
}

static struct page *block_of_last(gfp_t gfp)
{
	return pbuddy_alloc_pages_node(last.nid, gfp, 0);
}

static struct page *range_of_last(gfp_t gfp)
{
	nodemask_t only = nodemask_of_node(last.nid);

	return pbuddy_alloc_contig(1, gfp, last.nid, &only);
}

/* The only free page serves a request. The second attempt does not reclaim for another one. */
static void expect_first(struct kunit *test, struct page *(*alloc)(gfp_t gfp), gfp_t gfp)
{
	unsigned long failed = pb_pool_event(&pb_instance, PB_ALLOC_FAIL);
	struct page *page = alloc(gfp);

	KUNIT_EXPECT_NOT_NULL(test, page);
	expect_calls(test, 1, 2);
	KUNIT_EXPECT_PTR_EQ(test, page, state.page[0]);
	KUNIT_EXPECT_NULL(test, state.page[1]);
	KUNIT_EXPECT_EQ(test, last.nr_scans, 0U);
	KUNIT_EXPECT_EQ(test, pb_pool_event(&pb_instance, PB_ALLOC_FAIL), failed);
	pbuddy_free_page(page);
}

static void test_second_takes_what_is_free(struct kunit *test)
{
	const gfp_t gfp = __GFP_DIRECT_RECLAIM | ALL_OF_NODE;
	struct pbuddy_reclaimer reclaimer = {
		.name = "test_alloc_hooks", .seeks = PBUDDY_DEFAULT_SEEKS,
		.count_pages = count_last, .scan_pages = scan_last,
	};
	struct page *page = pbuddy_alloc_page(GFP_KERNEL);
	LIST_HEAD(list);

	KUNIT_ASSERT_NOT_NULL(test, page);
	last.task = current;
	last.nid = page_to_nid(page);
	last.nr_scans = 0;
	last.page = pbuddy_alloc_pages_node(last.nid, GFP_KERNEL | __GFP_THISNODE, 0);
	take_all(last.nid, &list);
	KUNIT_EXPECT_EQ(test, pbuddy_register_reclaimer(&reclaimer), 0);
	begin(test, false, true);
	pbuddy_free_page(page);
	expect_first(test, block_of_last, gfp | __GFP_NOFAIL);
	expect_first(test, block_of_last, gfp);
	expect_first(test, range_of_last, gfp);
	pbuddy_unregister_alloc_hooks(&hooks);
	pbuddy_unregister_reclaimer(&reclaimer);
	if (last.page)
		pbuddy_free_page(last.page);
	free_all(&list);
}

static void test_registration(struct kunit *test)
{
	struct pbuddy_alloc_hooks none = {}, two = { .after = after };
	struct page *page;

	KUNIT_EXPECT_EQ(test, pbuddy_register_alloc_hooks(NULL), -EINVAL);
	KUNIT_EXPECT_EQ(test, pbuddy_register_alloc_hooks(&none), -EINVAL);
	pbuddy_unregister_alloc_hooks(&none);
	begin(test, false, false);
	KUNIT_EXPECT_EQ(test, pbuddy_register_alloc_hooks(&hooks), -EBUSY);
	KUNIT_EXPECT_EQ(test, pbuddy_register_alloc_hooks(&two), 0);
	page = pbuddy_alloc_page(GFP_KERNEL);
	expect_calls(test, 1, 2);
	pbuddy_free_page(page);
	pbuddy_unregister_alloc_hooks(&two);
	page = pbuddy_alloc_page(GFP_KERNEL);
	expect_calls(test, 1, 1);
	pbuddy_free_page(page);
}

/*
 * Registered and unregistered by one CPU while others allocate: when unregistration returns, no
 * call is running. Other hooks stay registered, so that the static keys stay on: emulated CPUs do
 * not survive hundreds of changes of code that they execute.
 */
#define ALIVE	0x600d

struct late_hooks {
	struct pbuddy_alloc_hooks	hooks;
	unsigned int			alive;
};

static struct race {
	struct kunit	*test;
	atomic_t	running;
	atomic_t	called;
	atomic_t	too_late;
} races;

static bool late_after(struct pbuddy_alloc_hooks *hooks, const struct pbuddy_alloc_info *info,
		       struct page *page)
{
	struct late_hooks *late = container_of(hooks, struct late_hooks, hooks);
	unsigned int i;

	atomic_inc(&races.called);
	for (i = 0; i < 5000; i++)
		cpu_relax();
	if (READ_ONCE(late->alive) != ALIVE)
		atomic_inc(&races.too_late);
	return !(info->order & 1);
}

/* The other threads may not have run yet on a slow machine. */
static bool waits_for_calls(struct race *r, unsigned long end)
{
	return pt_nr_cpus() > 1 && !atomic_read(&r->called) && time_before(jiffies, end);
}

static void register_often(struct race *r)
{
	unsigned long i, end = jiffies + 120 * HZ;
	struct late_hooks *late;

	for (i = 0; i < 10 * pt_rounds || waits_for_calls(r, end); i++) {
		late = kcalloc(1, sizeof(*late), GFP_KERNEL);
		if (!late)
			break;
		late->hooks.after = late_after;
		late->alive = ALIVE;
		KUNIT_EXPECT_EQ(r->test, pbuddy_register_alloc_hooks(&late->hooks), 0);
		pbuddy_unregister_alloc_hooks(&late->hooks);
		WRITE_ONCE(late->alive, 0);
		kfree(late);
	}
}

static void race(void *arg, unsigned int n)
{
	struct race *r = arg;
	struct page *page;
	unsigned long i;

	if (!n) {
		register_often(r);
		atomic_set(&r->running, 0);
		return;
	}
	for (i = 0; atomic_read(&r->running); i++) {
		page = pbuddy_alloc_pages(GFP_KERNEL | __GFP_NOWARN, i % 4);
		pbuddy_free_pages(page, i % 4);
		cond_resched();
	}
}

static void test_concurrent_registration(struct kunit *test)
{
	races = (struct race) { .test = test, .running = ATOMIC_INIT(1) };
	begin(test, false, false);
	KUNIT_EXPECT_EQ(test, pt_run_threads(pt_nr_cpus(), race, &races), 0);
	if (pt_nr_cpus() > 1)
		KUNIT_EXPECT_GT(test, atomic_read(&races.called), 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&races.too_late), 0);
}

static struct kunit_case hooks_cases[] = {
	KUNIT_CASE(test_seen),
	KUNIT_CASE(test_refused),
	KUNIT_CASE(test_retries_once),
	KUNIT_CASE(test_retry_after_failure),
	KUNIT_CASE(test_second_takes_what_is_free),
	KUNIT_CASE(test_registration),
	KUNIT_CASE(test_concurrent_registration),
	{}
};

static struct kunit_suite hooks_suite = {
	.name = "pbuddy_alloc_hooks",
	.init = hooks_init,
	.exit = hooks_exit,
	.test_cases = hooks_cases,
};

kunit_test_suite(hooks_suite);
