// SPDX-License-Identifier: GPL-2.0-only
/*
 * The in-kernel API (<linux/pbuddy.h>) on the memory of the loaded module. Cases write and
 * compare the contents of real pages, allocate in every context, and make the mistakes that
 * callers make. After each case no page is missing and no misuse was reported that the case did
 * not expect.
 */
#include <linux/completion.h>
#include <linux/gfp.h>
#include <linux/highmem.h>
#include <linux/hrtimer.h>
#include <linux/interrupt.h>
#include <linux/irq_work.h>
#include <linux/mm.h>
#include <linux/nodemask.h>
#include <linux/pbuddy.h>
#include <linux/sched/mm.h>
#include <linux/timer.h>

#include "compat.h"
#include "core/base/pfn.h"
#include "core/cache/prezero.h"
#include "core/pool/stat.h"
#include "fixture.h"
#include "instance.h"
#include "instance_check.h"
#include "params.h"
#include "threads.h"

static void write_page(struct page *page, u64 seed)
{
	u64 *p = kmap_local_page(page);
	unsigned int i;

	for (i = 0; i < PAGE_SIZE / sizeof(*p); i++)
		p[i] = seed + i;
	kunmap_local(p);
}

static bool page_holds(struct page *page, u64 seed)
{
	u64 *p = kmap_local_page(page);
	bool good = true;
	unsigned int i;

	for (i = 0; i < PAGE_SIZE / sizeof(*p); i++)
		good &= p[i] == seed + i;
	kunmap_local(p);
	return good;
}

static bool page_is_zero(struct page *page)
{
	void *p = kmap_local_page(page);
	bool zero = !memchr_inv(p, 0, PAGE_SIZE);

	kunmap_local(p);
	return zero;
}

static const unsigned int orders[] = { 0, 1, 3, 6, 8, 9, 10, 12 };

static void describe_order(const unsigned int *order, char *desc)
{
	snprintf(desc, KUNIT_PARAM_DESC_SIZE, "order %u", *order);
}

KUNIT_ARRAY_PARAM(orders, orders, describe_order);

/* The pages of a block belong to pbuddy and keep what is written to them. */
static void test_contents(struct kunit *test)
{
	unsigned int order = *(const unsigned int *)test->param_value;
	struct page *page = pbuddy_alloc_pages(GFP_KERNEL | __GFP_NOWARN, order);
	unsigned long i, wrong = 0;

	if (!page && order > 9)
		kunit_skip(test, "this pool has no such run");
	KUNIT_ASSERT_NOT_NULL(test, page);
	KUNIT_EXPECT_TRUE(test, IS_ALIGNED(page_to_pfn(page), 1UL << order));
	KUNIT_EXPECT_EQ(test, pbuddy_page_order(page), (int)order);
	for (i = 0; i < 1UL << order; i++) {
		KUNIT_ASSERT_TRUE(test, pbuddy_owns_page(page + i));
		KUNIT_ASSERT_EQ(test, page_count(page + i), 1);
		write_page(page + i, pt_seed + i * 1000);
	}
	for (i = 0; i < 1UL << order; i++)
		wrong += !page_holds(page + i, pt_seed + i * 1000);
	KUNIT_EXPECT_EQ(test, wrong, 0UL);
	pbuddy_free_pages(page, order);
	KUNIT_EXPECT_EQ(test, pbuddy_page_order(page), -EINVAL);
}

static bool pages_are_zero(struct page *page, unsigned long nr)
{
	while (nr--)
		if (!page_is_zero(page++))
			return false;
	return true;
}

/* __GFP_ZERO: the second round gets pages that the first one has written to. */
static void test_zero(struct kunit *test)
{
	unsigned int order = *(const unsigned int *)test->param_value;
	struct page *page;
	unsigned long i, round, wrong = 0;

	for (round = 0; round < 2; round++) {
		page = pbuddy_alloc_pages(GFP_KERNEL | __GFP_ZERO | __GFP_NOWARN, order);
		if (!page && order > 9)
			kunit_skip(test, "this pool has no such run");
		KUNIT_ASSERT_NOT_NULL(test, page);
		for (i = 0; i < 1UL << order; i++) {
			wrong += !page_is_zero(page + i);
			write_page(page + i, ~0ULL - i);
		}
		pbuddy_free_pages(page, order);
	}
	KUNIT_EXPECT_EQ(test, wrong, 0UL);
}

/* Allocates zeroed blocks, writes to each, and frees them. */
static void use_pages(struct kunit *test, unsigned int order, struct page **page, unsigned int nr)
{
	unsigned int i;

	for (i = 0; i < nr; i++) {
		page[i] = pbuddy_alloc_pages(GFP_KERNEL | __GFP_ZERO | __GFP_NOWARN, order);
		KUNIT_ASSERT_NOT_NULL(test, page[i]);
		KUNIT_EXPECT_TRUE(test, pages_are_zero(page[i], 1U << order));
		write_page(page[i] + (1U << order) - 1, ~0ULL - i);
	}
	for (i = 0; i < nr; i++)
		pbuddy_free_pages(page[i], order);
}

/*
 * Empties the caches, and zeroes all free pageblocks. prezero_percent stays 0, so that no node
 * thread zeroes beside this or later.
 */
static void zero_in_advance(void)
{
	struct pb_prezero run;
	struct pb_zone *zone;

	pb_instance.ops.drain_all(&pb_instance);
	pb_for_each_zone(zone, &pb_instance) {
		pb_prezero_start(&run, zone);
		run.left = ULONG_MAX;
		while (pb_prezero_next(&run))
			;
	}
}

/* The same with free pageblocks zeroed ahead in between. */
static void test_prezeroed(struct kunit *test)
{
	unsigned int order = *(const unsigned int *)test->param_value, round;
	unsigned int nr = max(256U >> order, 2U);
	unsigned long before = pb_pool_event(&pb_instance, PB_PREZERO_HIT);
	struct page **page;

	if (order > 9)
		kunit_skip(test, "larger than a pageblock, which is zeroed at once");
	page = kunit_kcalloc(test, nr, sizeof(*page), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, page);
	for (round = 0; round < 3; round++) {
		zero_in_advance();
		use_pages(test, order, page, nr);
	}
	KUNIT_EXPECT_GE(test, pb_pool_event(&pb_instance, PB_PREZERO_HIT),
			before + (unsigned long)nr);
}

static void test_nodes(struct kunit *test)
{
	struct page *page;
	nodemask_t mask;
	int nid;

	for (nid = 0; nid < pb_instance.nr_nodes; nid++) {
		if (!pb_instance.zone[nid][PB_ZONE_NORMAL] && !pb_instance.zone[nid][PB_ZONE_DMA32])
			continue;
		page = pbuddy_alloc_pages_node(nid, GFP_KERNEL | __GFP_THISNODE, 0);
		KUNIT_ASSERT_NOT_NULL(test, page);
		KUNIT_EXPECT_EQ(test, page_to_nid(page), nid);
		pbuddy_free_page(page);
		mask = nodemask_of_node(nid);
		page = pbuddy_alloc_pages_nodemask(GFP_KERNEL, 2, 0, &mask);
		KUNIT_ASSERT_NOT_NULL(test, page);
		KUNIT_EXPECT_EQ(test, page_to_nid(page), nid);
		pbuddy_free_pages(page, 2);
	}
	page = pbuddy_alloc_pages_node(NUMA_NO_NODE, GFP_KERNEL, 0);
	KUNIT_EXPECT_NOT_NULL(test, page);
	pbuddy_free_page(page);
}

static void test_requests_refused(struct kunit *test)
{
	nodemask_t none = NODE_MASK_NONE;
	const gfp_t gfp = GFP_KERNEL | __GFP_NOWARN;

	KUNIT_EXPECT_NULL(test, pbuddy_alloc_pages(gfp, 19));
	KUNIT_EXPECT_NULL(test, pbuddy_alloc_pages(gfp, ~0U));
	KUNIT_EXPECT_NULL(test, pbuddy_alloc_pages_node(pb_instance.nr_nodes, gfp, 0));
	KUNIT_EXPECT_NULL(test, pbuddy_alloc_pages_node(-2, gfp, 0));
	KUNIT_EXPECT_NULL(test, pbuddy_alloc_pages_nodemask(gfp, 0, 0, &none));
	KUNIT_EXPECT_NULL(test, pbuddy_alloc_contig(0, gfp, 0, NULL));
	KUNIT_EXPECT_NULL(test, pbuddy_alloc_contig(~0UL, gfp, 0, NULL));
	KUNIT_EXPECT_NULL(test, pbuddy_alloc_pages_exact(0, gfp));
	KUNIT_EXPECT_NULL(test, pbuddy_alloc_pages_exact(~(size_t)0, gfp));
}

static void test_bulk(struct kunit *test)
{
	const unsigned int nr = 300;
	struct page **pages = kunit_kcalloc(test, nr, sizeof(*pages), GFP_KERNEL);
	struct page *own;
	unsigned int i;

	KUNIT_ASSERT_NOT_NULL(test, pages);
	own = pbuddy_alloc_page(GFP_KERNEL);
	pages[7] = own;			/* set elements stay as they are */
	KUNIT_EXPECT_EQ(test, pbuddy_alloc_pages_bulk(GFP_KERNEL, NUMA_NO_NODE, nr, pages),
			(unsigned long)nr);
	KUNIT_EXPECT_PTR_EQ(test, pages[7], own);
	for (i = 0; i < nr; i++) {
		KUNIT_ASSERT_NOT_NULL(test, pages[i]);
		write_page(pages[i], i * 7777ULL);
	}
	for (i = 0; i < nr; i++)
		KUNIT_EXPECT_TRUE(test, page_holds(pages[i], i * 7777ULL));
	pbuddy_free_pages_bulk(pages, nr);
	for (i = 0; i < nr; i++)
		KUNIT_EXPECT_NULL(test, pages[i]);
}

/* Allocates pages that are to be zero at once, writes to each, and frees them. */
static void use_bulk(struct kunit *test, struct page **pages, unsigned int nr)
{
	unsigned int i;

	KUNIT_ASSERT_EQ(test, pbuddy_alloc_pages_bulk(GFP_KERNEL | __GFP_ZERO, NUMA_NO_NODE, nr,
						      pages), (unsigned long)nr);
	for (i = 0; i < nr; i++) {
		KUNIT_EXPECT_NULL(test, memchr_inv(page_address(pages[i]), 0, PAGE_SIZE));
		memset(page_address(pages[i]), 0xa5, PAGE_SIZE);
	}
	pbuddy_free_pages_bulk(pages, nr);
}

/* Pages of a bulk request with __GFP_ZERO are zero, whatever they held before. */
static void test_bulk_zero(struct kunit *test)
{
	const unsigned int nr = 200;
	struct page **pages = kunit_kcalloc(test, nr, sizeof(*pages), GFP_KERNEL);
	unsigned int round;

	KUNIT_ASSERT_NOT_NULL(test, pages);
	for (round = 0; round < 2; round++)
		use_bulk(test, pages, nr);
}

/* Bulk requests with __GFP_ZERO use pages that were zeroed ahead; elements that are set stay. */
static void test_bulk_prezeroed(struct kunit *test)
{
	const unsigned int nr = 200;
	struct page **pages = kunit_kcalloc(test, nr, sizeof(*pages), GFP_KERNEL);
	unsigned long before = pb_pool_event(&pb_instance, PB_PREZERO_HIT);
	struct page *own = pbuddy_alloc_page(GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, pages);
	KUNIT_ASSERT_NOT_NULL(test, own);
	zero_in_advance();
	pages[nr / 2] = own;
	memset(page_address(own), 0, PAGE_SIZE);
	use_bulk(test, pages, nr);
	KUNIT_EXPECT_GT(test, pb_pool_event(&pb_instance, PB_PREZERO_HIT), before + nr / 2);
	zero_in_advance();
	use_bulk(test, pages, nr);
}

/* Inside memalloc_pin_save() the fast path takes no page from a movable pageblock. */
static void test_pin_scope(struct kunit *test)
{
	unsigned int scope, i, movable = 0;
	struct page *page;

	/* A page in the CPU's list that the fast path would find. */
	pbuddy_free_page(pbuddy_alloc_page(GFP_HIGHUSER_MOVABLE));
	scope = memalloc_pin_save();
	for (i = 0; i < 100; i++) {
		page = pbuddy_alloc_page(GFP_HIGHUSER_MOVABLE);
		if (!page)
			break;
		movable += pb_entry_migratetype(pb_dir_entry(&pb_instance,
							     page_to_pfn(page))->value) ==
			   PB_MOVABLE;
		pbuddy_free_page(page);
	}
	memalloc_pin_restore(scope);
	KUNIT_EXPECT_EQ(test, i, 100U);
	KUNIT_EXPECT_EQ(test, movable, 0U);
}

static void test_exact(struct kunit *test)
{
	const size_t bytes = 5 * PAGE_SIZE + 100;
	u8 *p = pbuddy_alloc_pages_exact(bytes, GFP_KERNEL | __GFP_ZERO);

	KUNIT_ASSERT_NOT_NULL(test, p);
	KUNIT_EXPECT_NULL(test, memchr_inv(p, 0, bytes));
	pt_expect_used(test, 6);
	memset(p, 0xa5, bytes);
	pbuddy_free_pages_exact(p, bytes);
	pbuddy_free_pages_exact(NULL, bytes);
	pbuddy_free_pages(NULL, 0);
}

static void test_contig(struct kunit *test)
{
	struct page *page = pbuddy_alloc_contig(1000, GFP_KERNEL | __GFP_NOWARN, 0, NULL);
	unsigned int i, wrong = 0;

	if (!page)
		kunit_skip(test, "this pool has no two pageblocks in a row");
	pt_expect_used(test, 1000);
	for (i = 0; i < 1000; i++)
		write_page(page + i, i);
	for (i = 0; i < 1000; i++)
		wrong += !page_holds(page + i, i);
	KUNIT_EXPECT_EQ(test, wrong, 0U);
	for (i = 0; i < 100; i++)
		pbuddy_free_page(page + i);
	pbuddy_free_contig(page + 100, 900);
}

/* Ranges are aligned to the order of their length, wherever free memory begins. */
static void test_contig_aligned(struct kunit *test)
{
	static const unsigned int counts[] = { 3, 100, 513, 700, 1025, 1500, 2049, 3000 };
	struct page *held[3] = { }, *page;
	unsigned int i, k, served = 0;

	for (k = 0; k < ARRAY_SIZE(held); k++) {
		for (i = 0; i < ARRAY_SIZE(counts); i++) {
			page = pbuddy_alloc_contig(counts[i], GFP_KERNEL | __GFP_NOWARN, 0, NULL);
			if (!page)
				continue;
			KUNIT_EXPECT_TRUE(test, IS_ALIGNED(page_to_pfn(page),
							   roundup_pow_of_two(counts[i])));
			pbuddy_free_contig(page, counts[i]);
			served++;
		}
		held[k] = pbuddy_alloc_pages_node(0, GFP_KERNEL | __GFP_NOWARN, PB_PAGEBLOCK_ORDER);
	}
	for (k = 0; k < ARRAY_SIZE(held); k++)
		if (held[k])
			pbuddy_free_pages(held[k], PB_PAGEBLOCK_ORDER);
	KUNIT_EXPECT_GT(test, served, 0U);
}

/* Mistakes of callers on real pages: each is refused and reported once. */
static void test_misuse(struct kunit *test)
{
	struct page *page = pbuddy_alloc_pages(GFP_KERNEL, 3), *foreign = alloc_page(GFP_KERNEL);

	KUNIT_ASSERT_TRUE(test, page && foreign);
	pbuddy_free_pages(page, 2);		/* wrong order */
	pbuddy_free_pages(page + 1, 0);		/* tail page */
	pbuddy_free_pages(page + 1, 3);		/* misaligned */
	pbuddy_free_pages(page, 40);		/* no such order */
	pt_expect_bad_frees(test, 4);
	KUNIT_EXPECT_EQ(test, pbuddy_page_order(page), 3);
	pbuddy_free_pages(page, 3);
	pbuddy_free_pages(page, 3);		/* double free */
	pbuddy_free_pages(page + 4, 0);		/* a free page */
	pt_expect_bad_frees(test, 2);
	KUNIT_EXPECT_FALSE(test, pbuddy_owns_page(foreign));
	pbuddy_free_page(foreign);		/* foreign: no zone counts it */
	pt_expect_bad_frees(test, 0);
	__free_page(foreign);
	/* The block is allocated once. */
	page = pbuddy_alloc_pages(GFP_KERNEL, 3);
	foreign = pbuddy_alloc_pages(GFP_KERNEL, 3);
	KUNIT_EXPECT_PTR_NE(test, page, foreign);
	pbuddy_free_pages(page, 3);
	pbuddy_free_pages(foreign, 3);
}

#define LONG	(180 * HZ)	/* ends a case that fails */

/* Allocations and frees in contexts that must not sleep; the case checks the counts afterwards. */
struct context {
	struct completion	done;
	struct hrtimer		hrtimer;
	struct timer_list	timer;
	struct tasklet_struct	tasklet;
	struct irq_work		work;
	unsigned int		good, bad;
	bool			wrong_context;
};

static void use_api(struct context *c, bool right_context)
{
	static const unsigned int some[] = { 0, 0, 1, 3, 5, 9, 0 };
	struct page *pages[ARRAY_SIZE(some)];
	unsigned int i;

	c->wrong_context |= !right_context;
	for (i = 0; i < ARRAY_SIZE(some); i++)
		pages[i] = pbuddy_alloc_pages(GFP_ATOMIC | __GFP_ZERO | __GFP_NOWARN, some[i]);
	for (i = 0; i < ARRAY_SIZE(some); i++) {
		if (pages[i] && page_is_zero(pages[i])) {
			write_page(pages[i], i);
			c->good++;
		} else {
			c->bad++;
		}
		pbuddy_free_pages(pages[i], some[i]);
	}
	complete(&c->done);
}

static struct context *new_context(struct kunit *test)
{
	struct context *c = kunit_kzalloc(test, sizeof(*c), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, c);
	init_completion(&c->done);
	return c;
}

static void expect_done(struct kunit *test, struct context *c)
{
	KUNIT_ASSERT_NE(test, wait_for_completion_timeout(&c->done, LONG), 0UL);
	KUNIT_EXPECT_GT(test, c->good, 0U);
	KUNIT_EXPECT_EQ(test, c->bad, 0U);
	KUNIT_EXPECT_FALSE(test, c->wrong_context);
}

static enum hrtimer_restart in_hrtimer(struct hrtimer *timer)
{
	use_api(container_of(timer, struct context, hrtimer), in_hardirq());
	return HRTIMER_NORESTART;
}

static void test_hardirq_hrtimer(struct kunit *test)
{
	struct context *c = new_context(test);

	pb_hrtimer_setup(&c->hrtimer, in_hrtimer, CLOCK_MONOTONIC, HRTIMER_MODE_REL_HARD);
	hrtimer_start(&c->hrtimer, ns_to_ktime(1000000), HRTIMER_MODE_REL_HARD);
	expect_done(test, c);
	hrtimer_cancel(&c->hrtimer);
}

static void in_irq_work(struct irq_work *work)
{
	use_api(container_of(work, struct context, work), in_hardirq());
}

static void test_hardirq_irq_work(struct kunit *test)
{
	struct context *c = new_context(test);

	c->work = IRQ_WORK_INIT_HARD(in_irq_work);
	irq_work_queue(&c->work);
	expect_done(test, c);
	irq_work_sync(&c->work);
}

static void in_timer(struct timer_list *timer)
{
	use_api(container_of(timer, struct context, timer), in_serving_softirq());
}

static void test_softirq_timer(struct kunit *test)
{
	struct context *c = new_context(test);

	timer_setup(&c->timer, in_timer, 0);
	mod_timer(&c->timer, jiffies + 1);
	expect_done(test, c);
	/* The timer function may still run after complete(). */
	timer_delete_sync(&c->timer);
}

static void in_tasklet(struct tasklet_struct *tasklet)
{
	use_api(container_of(tasklet, struct context, tasklet), in_serving_softirq());
}

static void test_softirq_tasklet(struct kunit *test)
{
	struct context *c = new_context(test);

	tasklet_setup(&c->tasklet, in_tasklet);
	tasklet_schedule(&c->tasklet);
	expect_done(test, c);
	tasklet_kill(&c->tasklet);
}

static void test_irqs_off(struct kunit *test)
{
	struct context *c = new_context(test);
	unsigned long flags;

	local_irq_save(flags);
	use_api(c, irqs_disabled());
	local_irq_restore(flags);
	expect_done(test, c);
}

/* With all CPUs allocating and freeing, every page keeps its owner's contents. */
struct load {
	atomic_long_t	wrong;
	unsigned long	rounds;
};

static void keep_contents(void *arg, unsigned int n)
{
	struct load *load = arg;
	struct pt_rand r = { .state = pt_seed + n };
	struct page *held[16] = {};
	u64 stamp[16];
	unsigned long i;
	unsigned int at;

	for (i = 0; i < load->rounds; i++) {
		at = pt_below(&r, ARRAY_SIZE(held));
		if (held[at]) {
			if (!page_holds(held[at], stamp[at]))
				atomic_long_inc(&load->wrong);
			pbuddy_free_page(held[at]);
			held[at] = NULL;
		} else {
			held[at] = pbuddy_alloc_page(i % 2 ? GFP_KERNEL :
							 GFP_NOWAIT | __GFP_NOWARN);
			stamp[at] = pt_rand(&r);
			if (held[at])
				write_page(held[at], stamp[at]);
		}
		if (i % 16 == 0)
			cond_resched();
	}
	pbuddy_free_pages_bulk(held, ARRAY_SIZE(held));
}

static void test_concurrent_contents(struct kunit *test)
{
	struct load *load = kunit_kzalloc(test, sizeof(*load), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, load);
	load->rounds = pt_rounds * 100;
	KUNIT_ASSERT_EQ(test, pt_run_threads(pt_nr_cpus(), keep_contents, load), 0);
	KUNIT_EXPECT_EQ(test, atomic_long_read(&load->wrong), 0L);
}

static struct kunit_case api_cases[] = {
	KUNIT_CASE_PARAM(test_contents, orders_gen_params),
	KUNIT_CASE_PARAM(test_zero, orders_gen_params),
	KUNIT_CASE_PARAM(test_prezeroed, orders_gen_params),
	KUNIT_CASE(test_nodes),
	KUNIT_CASE(test_requests_refused),
	KUNIT_CASE(test_bulk),
	KUNIT_CASE(test_bulk_zero),
	KUNIT_CASE(test_bulk_prezeroed),
	KUNIT_CASE(test_pin_scope),
	KUNIT_CASE(test_exact),
	KUNIT_CASE(test_contig),
	KUNIT_CASE(test_contig_aligned),
	KUNIT_CASE(test_misuse),
	KUNIT_CASE(test_hardirq_hrtimer),
	KUNIT_CASE(test_hardirq_irq_work),
	KUNIT_CASE(test_softirq_timer),
	KUNIT_CASE(test_softirq_tasklet),
	KUNIT_CASE(test_irqs_off),
	KUNIT_CASE(test_concurrent_contents),
	{}
};

static struct kunit_suite api_suite = {
	.name = "pbuddy_api",
	.init = pt_instance_begin,
	.exit = pt_instance_end,
	.test_cases = api_cases,
};

kunit_test_suite(api_suite);
