// SPDX-License-Identifier: GPL-2.0-only
/*
 * __GFP_ACCOUNT, by the per-user limit of pages that pbuddy charges: a task can allocate exactly
 * that many accounted pages, and as many again after freeing them. Requests here do not sleep
 * and are therefore charged to the user even where the dmem cgroup controller exists;
 * scripts/tests/policy-account.sh tests that controller.
 */
#include <linux/gfp.h>
#include <linux/interrupt.h>
#include <linux/irqflags.h>
#include <linux/mm.h>
#include <linux/pbuddy.h>
#include <linux/sched.h>

#if defined(CONFIG_X86_64) && !defined(CONFIG_UML)
#include <linux/nmi.h>
#endif

#include "api/account.h"
#include "api/account_block.h"
#include "api/account_limit.h"
#include "api/account_types.h"
#include "request/gfp.h"
#include "compat.h"
#include "core/base/pfn.h"
#include "core/compact/movable.h"
#include "core/pool/stat.h"
#include "fixture.h"
#include "instance.h"
#include "threads.h"

#define LIMIT	16UL		/* pages */
#define MANY	(2 * LIMIT)
#define GFP	(GFP_NOWAIT | __GFP_ACCOUNT | __GFP_NOWARN)

/* Suites run in a kthread, and kthreads are not charged: clear the flag for a moment. */
static unsigned int begin_paying(void)
{
	unsigned int was = current->flags & PF_KTHREAD;

	current->flags &= ~PF_KTHREAD;
	return was;
}

static void end_paying(unsigned int was)
{
	current->flags |= was;
}

static unsigned long in_use(void)
{
	return pb_pool_event(&pb_instance, PB_PGALLOC) - pb_pool_event(&pb_instance, PB_PGFREE);
}

static int account_suite_init(struct kunit *test)
{
	if (!pb_instance.all_zones || !pb_instance.all_zones->nr)
		kunit_skip(test, "pbuddy has no memory");
	pb_account_set_limit(LIMIT << (PAGE_SHIFT - 10));
	test->priv = (void *)in_use();
	return 0;
}

static unsigned long alloc(struct page **pages, unsigned int order, gfp_t gfp)
{
	unsigned int was = begin_paying();
	unsigned long n;

	for (n = 0; n < MANY; n++) {
		pages[n] = pbuddy_alloc_pages(gfp, order);
		if (!pages[n])
			break;
	}
	end_paying(was);
	return n;
}

static void free_all(struct page **pages, unsigned long n, unsigned int order)
{
	while (n)
		pbuddy_free_pages(pages[--n], order);
}

/* After each case the whole limit can be allocated again, and no page is missing. */
static void account_suite_exit(struct kunit *test)
{
	struct page *pages[MANY];
	unsigned long n;

	KUNIT_EXPECT_EQ(test, in_use(), (unsigned long)test->priv);
	n = alloc(pages, 0, GFP);
	free_all(pages, n, 0);
	KUNIT_EXPECT_EQ(test, n, LIMIT);
	pb_account_set_limit(0);
}

static void see_pages(struct pb_account *account, unsigned long pages, void *arg)
{
	if (account == &pb_account_everyone)
		*(unsigned long *)arg = pages;
}

/* As debugfs reports it. */
static unsigned long pages_reported(void)
{
	unsigned long pages = 0;

	pb_account_for_each(see_pages, &pages);
	return pages;
}

static const unsigned int orders[] = { 0, 1, 3, 4 };

static void describe_order(const unsigned int *order, char *desc)
{
	snprintf(desc, KUNIT_PARAM_DESC_SIZE, "order %u", *order);
}

KUNIT_ARRAY_PARAM(orders, orders, describe_order);

static void test_account_limit(struct kunit *test)
{
	unsigned int order = *(const unsigned int *)test->param_value;
	unsigned long before = (unsigned long)test->priv, n;
	struct page *pages[MANY], *one;

	n = alloc(pages, order, GFP);
	KUNIT_EXPECT_EQ(test, n, LIMIT >> order);
	/* Blocks that could not be charged have been freed. */
	KUNIT_EXPECT_EQ(test, in_use(), before + LIMIT);
	KUNIT_ASSERT_GT(test, n, 0UL);
	/* Other requests still get memory, and so does an accounted one after a free. */
	one = pbuddy_alloc_pages(GFP & ~__GFP_ACCOUNT, order);
	KUNIT_EXPECT_NOT_NULL(test, one);
	pbuddy_free_pages(one, order);
	pbuddy_free_pages(pages[--n], order);
	KUNIT_EXPECT_EQ(test, alloc(pages + n, order, GFP), 1UL);
	free_all(pages, n + 1, order);
}

static void test_account_reason(struct kunit *test)
{
	struct page *pages[MANY];
	unsigned long n = alloc(pages, 0, GFP), pfn;
	enum pb_reason reason = PB_REASON_NONE;
	struct pb_request rq;
	gfp_t gfp = GFP;
	unsigned int was;

	KUNIT_ASSERT_TRUE(test, pb_gfp_request(&rq, &gfp, 0, NUMA_NO_NODE, NULL));
	was = begin_paying();
	pfn = pb_alloc(&pb_instance, &rq, NULL);
	pfn = pb_account_block(&rq, pfn, gfp, &reason);
	end_paying(was);
	free_all(pages, n, 0);
	KUNIT_EXPECT_EQ(test, pfn, PB_NO_PFN);
	KUNIT_EXPECT_EQ(test, reason, PB_REASON_LIMIT);
}

static void test_account_bulk(struct kunit *test)
{
	struct page *pages[MANY] = {};
	unsigned int was = begin_paying(), i;
	unsigned long n = pbuddy_alloc_pages_bulk(GFP, NUMA_NO_NODE, MANY, pages);

	end_paying(was);
	KUNIT_EXPECT_EQ(test, n, LIMIT);
	for (i = n; i < MANY; i++)
		KUNIT_EXPECT_NULL(test, pages[i]);
	KUNIT_EXPECT_EQ(test, in_use(), (unsigned long)test->priv + LIMIT);
	pbuddy_free_pages_bulk(pages, MANY);
}

/* A range is charged and freed page by page. */
static void test_account_contig(struct kunit *test)
{
	unsigned int was = begin_paying();
	struct page *large = pbuddy_alloc_contig(LIMIT + 1, GFP, NUMA_NO_NODE, NULL);
	struct page *range = pbuddy_alloc_contig(LIMIT, GFP, NUMA_NO_NODE, NULL);
	struct page *more[2] = { pbuddy_alloc_pages(GFP, 0) };	/* last, which fails */

	end_paying(was);
	KUNIT_EXPECT_NULL(test, large);
	KUNIT_EXPECT_NULL(test, more[0]);
	KUNIT_ASSERT_NOT_NULL(test, range);
	pbuddy_free_pages(range + 3, 0);
	KUNIT_ASSERT_EQ(test, alloc(more, 0, GFP), 1UL);
	pbuddy_free_pages(more[0], 0);
	pbuddy_free_contig(range, 3);
	pbuddy_free_contig(range + 4, LIMIT - 4);
}

static struct page *alloc_nofail(unsigned int order)
{
	unsigned int was = begin_paying();
	struct page *page = pbuddy_alloc_pages(GFP_KERNEL_ACCOUNT | __GFP_NOFAIL, order);

	end_paying(was);
	return page;
}

/* A request that must not fail exceeds the limit, and counts for the requests after it. */
static void test_account_nofail(struct kunit *test)
{
	unsigned long before = pages_reported(), n;
	struct page *pages[MANY], *more[MANY], *over[2];
	unsigned int order;

	n = alloc(pages, 0, GFP);
	KUNIT_EXPECT_EQ(test, n, LIMIT);
	for (order = 0; order < 2; order++) {
		over[order] = alloc_nofail(order);
		KUNIT_EXPECT_NOT_NULL(test, over[order]);
	}
	KUNIT_EXPECT_EQ(test, pages_reported(), before + LIMIT + 3);
	KUNIT_EXPECT_EQ(test, alloc(more, 0, GFP), 0UL);
	/* Under the limit again only without those. */
	free_all(&pages[n - 3], 3, 0);
	KUNIT_EXPECT_EQ(test, alloc(more, 0, GFP), 0UL);
	pbuddy_free_pages(over[0], 0);
	pbuddy_free_pages(over[1], 1);
	free_all(pages, n - 3, 0);
	KUNIT_EXPECT_EQ(test, pages_reported(), before);
}

/* ---- Allocations that are not charged ---- */

static struct page *free_of_charge[MANY];

static void alloc_in_softirq(struct tasklet_struct *unused)
{
	unsigned int i;

	for (i = 0; i < MANY; i++)
		free_of_charge[i] = pbuddy_alloc_pages(GFP, 0);
}

static void test_account_nobody(struct kunit *test)
{
	static DECLARE_TASKLET(tasklet, alloc_in_softirq);
	unsigned int was, i;

	for (i = 0; i < MANY; i++)
		free_of_charge[i] = pbuddy_alloc_pages(GFP, 0);
	KUNIT_EXPECT_NOT_NULL(test, free_of_charge[MANY - 1]);
	free_all(free_of_charge, MANY, 0);
	was = begin_paying();
	local_bh_disable();
	tasklet_schedule(&tasklet);
	local_bh_enable();
	end_paying(was);
	tasklet_kill(&tasklet);
	KUNIT_EXPECT_NOT_NULL(test, free_of_charge[MANY - 1]);
	free_all(free_of_charge, MANY, 0);
}

/* ---- Stocks ---- */

/* Puts a page into the stock. */
static void charge_and_free(struct kunit *test, unsigned long before)
{
	unsigned int was = begin_paying();
	struct page *page = pbuddy_alloc_pages(GFP_KERNEL_ACCOUNT, 0);

	end_paying(was);
	KUNIT_ASSERT_NOT_NULL(test, page);
	KUNIT_EXPECT_EQ(test, pages_reported(), before + 1);
	pbuddy_free_pages(page, 0);
	KUNIT_EXPECT_EQ(test, pages_reported(), before);
}

/* A page charged from the stock, and what was charged in all before; NULL when it was empty. */
static struct page *alloc_from_stock(struct kunit *test, unsigned long *gross)
{
	struct page *page = pbuddy_alloc_pages(GFP_KERNEL, 0);
	unsigned int was;
	bool charged;

	KUNIT_ASSERT_NOT_NULL(test, page);
	*gross = atomic_long_read(&pb_account_everyone.pages);
	was = begin_paying();
	charged = pb_account_block_fast(page_to_pfn(page), 0);
	end_paying(was);
	if (charged)
		return page;
	pbuddy_free_pages(page, 0);
	return NULL;
}

/*
 * A page that was charged and freed stays in the stock, which is not reported and is used next.
 * Once a second the stocks of cgroups are emptied, and the cache that has the page decays: try
 * again.
 */
static void test_stock_used(struct kunit *test)
{
	unsigned long before = pages_reported(), gross;
	struct page *page = NULL;
	unsigned int i;

	pt_stay_here();
	for (i = 0; i < 300; i++)
		charge_and_free(test, before);
	for (i = 0; i < 100 && !page; i++) {
		charge_and_free(test, before);
		page = alloc_from_stock(test, &gross);
	}
	KUNIT_ASSERT_NOT_NULL(test, page);
	KUNIT_EXPECT_GT(test, gross, before);
	KUNIT_EXPECT_EQ(test, pages_reported(), before + 1);
	KUNIT_EXPECT_EQ(test, atomic_long_read(&pb_account_everyone.pages), (long)gross);
	pbuddy_free_pages(page, 0);
}

/* A lower limit holds at once, whatever was charged ahead under the previous one. */
static void test_stock_limit_lowered(struct kunit *test)
{
	struct page *pages[MANY];
	unsigned long n;

	pt_stay_here();
	pb_account_set_limit(0);
	n = alloc(pages, 0, GFP);
	KUNIT_EXPECT_EQ(test, n, MANY);
	free_all(pages, n, 0);
	pb_account_set_limit(LIMIT << (PAGE_SHIFT - 10));
	n = alloc(pages, 0, GFP);
	KUNIT_EXPECT_EQ(test, n, LIMIT);
	free_all(pages, n, 0);
}

/* Pages in the stock of another CPU do not count. No worker: its tick looks at PF_KTHREAD. */
static void test_stock_of_other_cpu(struct kunit *test)
{
	struct page *pages[MANY];
	unsigned int cpu, rounds;
	unsigned long n;

	for (rounds = 0; rounds < 3; rounds++) {
		for_each_online_cpu(cpu) {
			set_cpus_allowed_ptr(current, cpumask_of(cpu));
			n = alloc(pages, 0, GFP);
			free_all(pages, n, 0);
			KUNIT_EXPECT_EQ(test, n, LIMIT);
		}
	}
}

#define QUOTA_MAX	LIMIT

struct sharers {
	unsigned int	quota;		/* pages that each thread has at most */
	atomic_long_t	failed;
};

static void use_quota(void *arg, unsigned int n)
{
	struct page *pages[QUOTA_MAX];
	struct sharers *sharers = arg;
	unsigned int was = begin_paying(), i, k;

	for (i = 0; i < 3000; i++) {
		for (k = 0; k < sharers->quota; k++) {
			pages[k] = pbuddy_alloc_pages(GFP, 0);
			if (!pages[k])
				atomic_long_inc(&sharers->failed);
		}
		for (k = 0; k < sharers->quota; k++)
			pbuddy_free_pages(pages[(k + i) % sharers->quota], 0);
		if (!(i % 64))
			cond_resched();
	}
	end_paying(was);
}

/* No request fails while the pages in use are within the limit, wherever stocks have pages. */
static void test_stock_concurrent(struct kunit *test)
{
	unsigned int nr = min_t(unsigned int, pt_nr_cpus(), LIMIT);
	struct sharers sharers = { .quota = LIMIT / nr };

	KUNIT_ASSERT_EQ(test, pt_run_threads(nr, use_quota, &sharers), 0);
	KUNIT_EXPECT_EQ(test, atomic_long_read(&sharers.failed), 0L);
	KUNIT_EXPECT_EQ(test, in_use(), (unsigned long)test->priv);
}

/* ---- Migration ---- */

/* As a migration does: charges the target, then frees the source without uncharging. */
static void test_account_moved(struct kunit *test)
{
	struct page *pages[MANY], *dst = pbuddy_alloc_pages(GFP_KERNEL, 0), *more = NULL;
	unsigned long n = alloc(pages, 0, GFP);
	u8 *byte;

	KUNIT_ASSERT_NOT_NULL(test, dst);
	KUNIT_ASSERT_EQ(test, n, LIMIT);
	byte = pb_order_map(&pb_instance, page_to_pfn(pages[0]));
	KUNIT_EXPECT_EQ(test, pb_account_move(page_to_pfn(pages[0]), page_to_pfn(dst), GFP_KERNEL),
			0);
	pb_account_forget(page_to_pfn(pages[0]));
	*byte &= ~PB_FRAME_CHECKED;
	pbuddy_free_pages(pages[0], 0);
	KUNIT_EXPECT_EQ(test, alloc(&more, 0, GFP), 0UL);
	pages[0] = dst;
	free_all(pages, n, 0);
}

/* ---- NMIs ---- */

#if defined(CONFIG_X86_64) && !defined(CONFIG_UML)
static struct page *freed_in_nmi;

static int free_in_nmi(unsigned int type, struct pt_regs *regs)
{
	struct page *page = freed_in_nmi;

	if (!page)
		return NMI_DONE;
	freed_in_nmi = NULL;
	pbuddy_free_pages(page, 0);
	return NMI_HANDLED;
}

static void nmi_frees(struct page *page)
{
	freed_in_nmi = page;
	/* Enters the NMI handler as the hardware does. */
	asm volatile("int $2" ::: "memory");
}

static void test_account_nmi(struct kunit *test)
{
	struct page *pages[MANY], *cgroup_page;
	unsigned long n = alloc(pages, 0, GFP);
	unsigned int was = begin_paying();
	long deferred;

	pt_stay_here();
	/* Charged to the cgroup, where the dmem controller exists. */
	pb_account_set_limit(0);
	cgroup_page = pbuddy_alloc_pages(GFP_KERNEL_ACCOUNT, 0);
	pb_account_set_limit(LIMIT << (PAGE_SHIFT - 10));
	end_paying(was);
	KUNIT_ASSERT_NOT_NULL(test, cgroup_page);
	KUNIT_ASSERT_EQ(test, register_nmi_handler(NMI_LOCAL, free_in_nmi, 0, "pbuddy_account"), 0);
	while (n)
		nmi_frees(pages[--n]);
	local_irq_disable();
	nmi_frees(cgroup_page);
	deferred = pb_account_deferred_blocks();
	local_irq_enable();
	unregister_nmi_handler(NMI_LOCAL, "pbuddy_account");
	KUNIT_EXPECT_EQ(test, deferred, IS_ENABLED(CONFIG_CGROUP_DMEM) ? 1L : 0L);
	/* The irq_work ran when interrupts were enabled: nothing is deferred any more. */
	KUNIT_EXPECT_EQ(test, pb_account_deferred_blocks(), 0L);
}
#endif

static struct kunit_case account_cases[] = {
	KUNIT_CASE_PARAM(test_account_limit, orders_gen_params),
	KUNIT_CASE(test_account_reason),
	KUNIT_CASE(test_account_bulk),
	KUNIT_CASE(test_account_contig),
	KUNIT_CASE(test_account_nofail),
	KUNIT_CASE(test_account_nobody),
	KUNIT_CASE(test_stock_used),
	KUNIT_CASE(test_stock_limit_lowered),
	KUNIT_CASE(test_stock_of_other_cpu),
	KUNIT_CASE(test_stock_concurrent),
	KUNIT_CASE(test_account_moved),
#if defined(CONFIG_X86_64) && !defined(CONFIG_UML)
	KUNIT_CASE(test_account_nmi),
#endif
	{}
};

static struct kunit_suite account_suite = {
	.name = "pbuddy_account",
	.init = account_suite_init,
	.exit = account_suite_exit,
	.test_cases = account_cases,
};

kunit_test_suite(account_suite);
