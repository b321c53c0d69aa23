// SPDX-License-Identifier: GPL-2.0-only
/*
 * In the kernel only: the same requests to alloc_pages() and to pbuddy, and whatever a caller can
 * see compared: got a page or not, from which node, slept or not, warned or not.
 *
 * The kernel's own zones can be emptied of their largest blocks for a moment, and are, to compare
 * requests that must fail or go elsewhere. They cannot be emptied of single pages in a running
 * system: how far down into the reserve a request may reach is compared with what zone_watermark
 * documentation in mm/page_alloc.c says for each kind of request.
 */
#include <linux/console.h>
#include <linux/cpuset.h>
#include <linux/gfp.h>
#include <linux/interrupt.h>
#include <linux/mempolicy.h>
#include <linux/mm.h>
#include <linux/nodemask.h>
#include <linux/pbuddy.h>
#include <linux/sched.h>
#include <linux/sched/mm.h>
#include <linux/slab.h>

#include "compat.h"
#include "core/stat.h"
#include "core/zone.h"
#include "fixture.h"
#include "instance.h"

/* The last node, which is another one than the first where there are two. */
static int far_node(void)
{
	int nid, far = 0;

	for_each_online_node(nid)
		if (pb_instance_has_memory(nid))
			far = nid;
	return far;
}

static int parity_init(struct kunit *test)
{
	if (!pb_instance.all_zones || !pb_instance.all_zones->nr)
		kunit_skip(test, "pbuddy has no memory");
	if (IS_ENABLED(CONFIG_KASAN))
		kunit_skip(test, "a debug kernel keeps its own memory elsewhere");
	return 0;
}

/* Node of a page that is given back at once, or -1: no page. */
static int kernel_node(struct page *page, unsigned int order)
{
	int nid = page ? page_to_nid(page) : -1;

	if (page)
		__free_pages(page, order);
	return nid;
}

static int pbuddy_node(struct page *page, unsigned int order)
{
	int nid = page ? page_to_nid(page) : -1;

	pbuddy_free_pages(page, order);
	return nid;
}

/* ---- Node chosen: flags and preferred nodes ---- */

static const gfp_t kinds[] = {
	GFP_KERNEL, GFP_ATOMIC, GFP_NOWAIT, GFP_NOIO, GFP_NOFS, GFP_USER, GFP_HIGHUSER,
	GFP_HIGHUSER_MOVABLE, GFP_KERNEL | __GFP_RECLAIMABLE, GFP_KERNEL | __GFP_WRITE,
	GFP_KERNEL | __GFP_THISNODE, GFP_ATOMIC | __GFP_THISNODE, GFP_KERNEL | __GFP_NORETRY,
	GFP_KERNEL | __GFP_RETRY_MAYFAIL, GFP_KERNEL | __GFP_MEMALLOC, GFP_KERNEL | __GFP_ZERO,
	GFP_KERNEL | __GFP_NOMEMALLOC, GFP_KERNEL | __GFP_HIGH, GFP_KERNEL | __GFP_DMA32,
};

static void test_same_node(struct kunit *test)
{
	unsigned int i, order;
	int nid, kernel, pbuddy;

	for (i = 0; i < ARRAY_SIZE(kinds) * 4; i++) {
		gfp_t gfp = kinds[i / 4] | __GFP_NOWARN;

		order = i % 4;
		for_each_online_node(nid) {
			if (!pb_instance_has_memory(nid))
				continue;
			pbuddy = pbuddy_node(pbuddy_alloc_pages_node(nid, gfp, order), order);
			kernel = kernel_node(alloc_pages_node(nid, gfp, order), order);
			KUNIT_EXPECT_EQ_MSG(test, pbuddy, kernel, "node %d, order %u, %pGg", nid,
					    order, &gfp);
		}
	}
}

/* All that pbuddy owns of a node. */
static unsigned long node_pages(int nid)
{
	unsigned long pages = 0;
	struct pb_zone *zone;

	pb_for_each_node_zone(zone, &pb_instance, nid)
		pages += zone->present_pages;
	return pages;
}

/*
 * The kernel's count of dirty pages is that of its page cache, and cannot be raised from here; so
 * this one is compared with node_dirty_ok() as it stands in mm/page-writeback.c.
 */
static void test_write_spreads(struct kunit *test)
{
	int far = far_node(), spread, plain, cleaned;
	gfp_t gfp = GFP_KERNEL | __GFP_WRITE;
	unsigned long many;
	struct page *page;

	if (first_memory_node == far)
		kunit_skip(test, "needs two nodes");
	page = pbuddy_alloc_pages_node(far, gfp | __GFP_THISNODE, 0);
	KUNIT_ASSERT_NOT_NULL(test, page);
	many = node_pages(far);
	pbuddy_account_dirtied(page, many);
	spread = pbuddy_node(pbuddy_alloc_pages_node(far, gfp, 0), 0);
	plain = pbuddy_node(pbuddy_alloc_pages_node(far, GFP_KERNEL, 0), 0);
	pbuddy_account_cleaned(page, many);
	cleaned = pbuddy_node(pbuddy_alloc_pages_node(far, gfp, 0), 0);
	pbuddy_free_pages(page, 0);
	KUNIT_EXPECT_NE(test, spread, far);
	KUNIT_EXPECT_NE(test, spread, -1);
	KUNIT_EXPECT_EQ(test, plain, far);
	KUNIT_EXPECT_EQ(test, cleaned, far);
}

static void test_zeroed(struct kunit *test)
{
	struct page *page;
	unsigned int i;

	for (i = 0; i < 2; i++) {
		page = pbuddy_alloc_pages(GFP_KERNEL | __GFP_ZERO, 1);
		KUNIT_ASSERT_NOT_NULL(test, page);
		KUNIT_EXPECT_NULL(test, memchr_inv(page_address(page), 0, 2 * PAGE_SIZE));
		memset(page_address(page), 0xa5, 2 * PAGE_SIZE);
		pbuddy_free_pages(page, 1);
	}
}

/* Orders that do not exist: NULL, and nothing said with NOWARN. */
static void test_order_too_large(struct kunit *test)
{
	gfp_t gfp = GFP_KERNEL | __GFP_NOWARN;

	KUNIT_EXPECT_NULL(test, alloc_pages(gfp, PB_KERNEL_MAX_ORDER + 1));
	KUNIT_EXPECT_NULL(test, pbuddy_alloc_pages(gfp, PBUDDY_MAX_PAGE_ORDER + 1));
}

/* ---- Node chosen: memory policies ---- */

#ifdef CONFIG_NUMA
#define NR_REQUESTS	12

struct policy_case {
	const char	*name;
	int		mode;
	bool		first, far;	/* nodes of the policy */
	int		home;		/* 1: the far node is home, of those that have one */
	gfp_t		gfp;
	bool		softirq;
};

static const struct policy_case policies[] = {
	{ "preferred", MPOL_PREFERRED, 0, 1, 0, GFP_KERNEL },
	{ "preferred, user", MPOL_PREFERRED, 0, 1, 0, GFP_HIGHUSER_MOVABLE },
	{ "preferred, thisnode", MPOL_PREFERRED, 0, 1, 0, GFP_KERNEL | __GFP_THISNODE },
	{ "preferred, atomic", MPOL_PREFERRED, 0, 1, 0, GFP_ATOMIC },
	{ "preferred, softirq", MPOL_PREFERRED, 0, 1, 0, GFP_ATOMIC, true },
	{ "bind far", MPOL_BIND, 0, 1, 0, GFP_KERNEL },
	{ "bind first", MPOL_BIND, 1, 0, 0, GFP_HIGHUSER },
	{ "bind both", MPOL_BIND, 1, 1, 0, GFP_HIGHUSER },
	{ "bind both, home", MPOL_BIND, 1, 1, 1, GFP_HIGHUSER },
	{ "bind, atomic", MPOL_BIND, 0, 1, 0, GFP_ATOMIC },
	{ "bind, softirq", MPOL_BIND, 0, 1, 0, GFP_ATOMIC, true },
	{ "bind, thisnode", MPOL_BIND, 0, 1, 0, GFP_KERNEL | __GFP_THISNODE },
	{ "many", MPOL_PREFERRED_MANY, 0, 1, 0, GFP_KERNEL },
	{ "many, home", MPOL_PREFERRED_MANY, 1, 1, 1, GFP_KERNEL },
	{ "interleave", MPOL_INTERLEAVE, 1, 1, 0, GFP_KERNEL },
	{ "interleave, user", MPOL_INTERLEAVE, 1, 1, 0, GFP_HIGHUSER_MOVABLE },
	{ "interleave far", MPOL_INTERLEAVE, 0, 1, 0, GFP_KERNEL },
	{ "interleave, thisnode", MPOL_INTERLEAVE, 1, 1, 0, GFP_KERNEL | __GFP_THISNODE },
	{ "interleave, softirq", MPOL_INTERLEAVE, 1, 1, 0, GFP_ATOMIC, true },
	{ "local", MPOL_LOCAL, 0, 0, 0, GFP_KERNEL },
	{ "weighted", PB_MPOL_WEIGHTED_INTERLEAVE, 1, 1, 0, GFP_KERNEL },
};

static void describe_policy(const struct policy_case *policy, char *desc)
{
	strscpy(desc, policy->name, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(policies, policies, describe_policy);

/* What both are asked for, and what both said. */
static struct {
	gfp_t	gfp;
	bool	pbuddy;
	int	nid[NR_REQUESTS];
} asked;

static void ask(struct tasklet_struct *unused)
{
	unsigned int i;

	for (i = 0; i < NR_REQUESTS; i++)
		asked.nid[i] = asked.pbuddy ?
			pbuddy_node(pbuddy_alloc_pages(asked.gfp, 0), 0) :
			kernel_node(alloc_pages(asked.gfp, 0), 0);
}

/* With the task's policy, from the same place in its interleaving each time. */
static void ask_under(struct mempolicy *policy, bool softirq)
{
	static DECLARE_TASKLET(tasklet, ask);
	struct mempolicy *saved = current->mempolicy;
	short il_prev = current->il_prev;

	current->mempolicy = policy;
	current->il_prev = 0;
	pb_il_set_weight(0);
	if (softirq) {
		local_bh_disable();
		tasklet_schedule(&tasklet);
		local_bh_enable();
		tasklet_kill(&tasklet);
	} else {
		ask(NULL);
	}
	current->mempolicy = saved;
	current->il_prev = il_prev;
	pb_il_set_weight(0);
}

static void test_policy(struct kunit *test)
{
	const struct policy_case *p = test->param_value;
	struct mempolicy *policy = kunit_kzalloc(test, sizeof(*policy), GFP_KERNEL);
	int kernel[NR_REQUESTS], far = far_node(), first = first_memory_node;

	KUNIT_ASSERT_NOT_NULL(test, policy);
	if (first == far)
		kunit_skip(test, "needs two nodes");
	if (p->mode == 0xffff)
		kunit_skip(test, "this kernel does not have it");
	atomic_set(&policy->refcnt, 2);
	policy->mode = p->mode;
	policy->home_node = p->home ? far : NUMA_NO_NODE;
	if (p->first)
		node_set(first, policy->nodes);
	if (p->far)
		node_set(far, policy->nodes);
	asked.gfp = p->gfp;
	/* On one CPU: it is where both begin. */
	migrate_disable();
	asked.pbuddy = false;
	ask_under(policy, p->softirq);
	memcpy(kernel, asked.nid, sizeof(kernel));
	asked.pbuddy = true;
	ask_under(policy, p->softirq);
	migrate_enable();
	KUNIT_EXPECT_MEMEQ(test, asked.nid, kernel, sizeof(kernel));
	KUNIT_EXPECT_GE(test, kernel[0], 0);
}

static unsigned long interleave_hits(int nid)
{
	unsigned long hits = 0;
	struct pb_zone *zone;

	pb_for_each_node_zone(zone, &pb_instance, nid)
		hits += pb_zone_event(zone, PB_NUMA_INTERLEAVE_HIT);
	return hits;
}

static void test_interleave_counted(struct kunit *test)
{
	struct mempolicy *policy = kunit_kzalloc(test, sizeof(*policy), GFP_KERNEL);
	int far = far_node(), first = first_memory_node;
	unsigned long first_hits, far_hits;

	KUNIT_ASSERT_NOT_NULL(test, policy);
	if (first == far)
		kunit_skip(test, "needs two nodes");
	first_hits = interleave_hits(first);
	far_hits = interleave_hits(far);
	atomic_set(&policy->refcnt, 2);
	policy->mode = MPOL_INTERLEAVE;
	node_set(first, policy->nodes);
	node_set(far, policy->nodes);
	asked.gfp = GFP_KERNEL;
	asked.pbuddy = true;
	ask_under(policy, false);
	KUNIT_EXPECT_EQ(test, interleave_hits(first) - first_hits, NR_REQUESTS / 2UL);
	KUNIT_EXPECT_EQ(test, interleave_hits(far) - far_hits, NR_REQUESTS / 2UL);
}
#endif

/* ---- Cpusets ---- */

#ifdef CONFIG_CPUSETS
/*
 * The kernel looks at a task's nodes only when there is a cpuset besides the root's, which a module
 * cannot make; so this is compared with the list above cpuset_node_allowed() in cpuset.c, and
 * scripts/tests/policy-numa.sh does it with a real one.
 */
static void test_cpuset(struct kunit *test)
{
	nodemask_t saved = current->mems_allowed, only = NODE_MASK_NONE;
	int far = far_node(), first = first_memory_node;
	int user, kernel, first_user, first_kernel, atomic, softirq;

	if (first == far)
		kunit_skip(test, "needs two nodes");
	node_set(far, only);
	set_mems_allowed(only);
	user = pbuddy_node(pbuddy_alloc_pages_node(first, GFP_USER, 0), 0);
	kernel = pbuddy_node(pbuddy_alloc_pages_node(first, GFP_KERNEL, 0), 0);
	first_user = pbuddy_node(pbuddy_alloc_pages_node(first, GFP_USER | __GFP_THISNODE |
							 __GFP_NOWARN | __GFP_NORETRY, 0), 0);
	first_kernel = pbuddy_node(pbuddy_alloc_pages_node(first, GFP_KERNEL | __GFP_THISNODE, 0),
				   0);
	atomic = pbuddy_node(pbuddy_alloc_pages_node(first, GFP_ATOMIC | __GFP_THISNODE, 0), 0);
	local_bh_disable();
	softirq = pbuddy_node(pbuddy_alloc_pages_node(first, GFP_NOWAIT, 0), 0);
	local_bh_enable();
	set_mems_allowed(saved);
	/* The first walk keeps to the cpuset whoever asks. */
	KUNIT_EXPECT_EQ(test, user, far);
	KUNIT_EXPECT_EQ(test, kernel, far);
	/* Where it has nothing to offer, HARDWALL stops there, GFP_KERNEL and ATOMIC go on. */
	KUNIT_EXPECT_EQ(test, first_user, -1);
	KUNIT_EXPECT_EQ(test, first_kernel, first);
	KUNIT_EXPECT_EQ(test, atomic, first);
	/* An interrupt is nobody's. */
	KUNIT_EXPECT_EQ(test, softirq, first);
}
#endif

/* ---- The largest blocks of a node gone ---- */

#define MAX_HELD	2048

struct held {
	struct page	*kernel[MAX_HELD], *pbuddy[MAX_HELD];
	unsigned int	nr_kernel, nr_pbuddy;
	unsigned int	order;
	int		nid;
};

static void free_held(void *arg)
{
	struct held *held = arg;

	while (held->nr_kernel)
		__free_pages(held->kernel[--held->nr_kernel], held->order);
	while (held->nr_pbuddy)
		pbuddy_free_pages(held->pbuddy[--held->nr_pbuddy], held->order);
	kvfree(held);
}

/* Takes all blocks of the kernel's largest order that the far node has, from both. */
static struct held *hold_all(struct kunit *test)
{
	struct held *held = kvzalloc(sizeof(*held), GFP_KERNEL);
	gfp_t gfp = __GFP_THISNODE | __GFP_NOWARN | __GFP_HIGHMEM | __GFP_MOVABLE | __GFP_HIGH;
	struct page *page;

	KUNIT_ASSERT_NOT_NULL(test, held);
	KUNIT_ASSERT_EQ(test, kunit_add_action_or_reset(test, free_held, held), 0);
	held->order = PB_KERNEL_MAX_ORDER;
	held->nid = far_node();
	while (held->nr_kernel < MAX_HELD) {
		page = alloc_pages_node(held->nid, gfp, held->order);
		if (!page)
			break;
		held->kernel[held->nr_kernel++] = page;
	}
	while (held->nr_pbuddy < MAX_HELD) {
		page = pbuddy_alloc_pages_node(held->nid, gfp, held->order);
		if (!page)
			break;
		held->pbuddy[held->nr_pbuddy++] = page;
	}
	KUNIT_EXPECT_LT(test, held->nr_kernel, (unsigned int)MAX_HELD);
	KUNIT_EXPECT_LT(test, held->nr_pbuddy, (unsigned int)MAX_HELD);
	KUNIT_EXPECT_GT(test, held->nr_pbuddy, 0U);
	return held;
}

/* None of them wakes the threads that would make such blocks again. */
static const gfp_t without_reclaim[] = {
	0, __GFP_HIGH, __GFP_HIGH | __GFP_NOMEMALLOC, __GFP_NORETRY, __GFP_HARDWALL,
	__GFP_HIGHMEM | __GFP_MOVABLE, __GFP_RECLAIMABLE, __GFP_IO | __GFP_FS,
};

/* With interrupts off: what sleeps is found out by the kernel, what waits hangs. */
static void test_exhausted(struct kunit *test)
{
	struct held *held = hold_all(test);
	unsigned long flags;
	unsigned int i, k;
	int kernel, pbuddy;

	for (i = 0; i < ARRAY_SIZE(without_reclaim); i++) {
		for (k = 0; k < 2; k++) {
			gfp_t gfp = without_reclaim[i] | __GFP_NOWARN | (k ? 0 : __GFP_THISNODE);

			local_irq_save(flags);
			kernel = kernel_node(alloc_pages_node(held->nid, gfp, held->order),
					     held->order);
			pbuddy = pbuddy_node(pbuddy_alloc_pages_node(held->nid, gfp, held->order),
					     held->order);
			local_irq_restore(flags);
			if (!k || first_memory_node == held->nid)
				KUNIT_EXPECT_EQ(test, kernel, -1);
			KUNIT_EXPECT_EQ_MSG(test, pbuddy, kernel, "%pGg", &gfp);
		}
	}
}

/* ---- Warned ---- */

static atomic_t warnings;

static void count_warnings(struct console *con, const char *text, unsigned int len)
{
	if (strnstr(text, "page allocation failure", len))
		atomic_inc(&warnings);
}

static struct console listener = {
	.name = "pbparity", .write = count_warnings, .flags = CON_ENABLED, .index = -1,
};

/* Lines about a failure that a request leaves in the log, of one of the two. */
static int warnings_of(bool pbuddy, gfp_t gfp, const struct held *held)
{
	atomic_set(&warnings, 0);
	if (pbuddy)
		pbuddy_node(pbuddy_alloc_pages_node(held->nid, gfp, held->order), held->order);
	else
		kernel_node(alloc_pages_node(held->nid, gfp, held->order), held->order);
	/* Whoever holds it writes out what there is. */
	console_lock();
	console_unlock();
	return atomic_read(&warnings);
}

static void test_warned(struct kunit *test)
{
	struct held *held = hold_all(test);
	int kernel[2], pbuddy[2];

	register_console(&listener);
	kernel[0] = warnings_of(false, __GFP_THISNODE | __GFP_NOWARN, held);
	kernel[1] = warnings_of(false, __GFP_THISNODE, held);
	pbuddy[0] = warnings_of(true, __GFP_THISNODE | __GFP_NOWARN, held);
	pbuddy[1] = warnings_of(true, __GFP_THISNODE, held);
	unregister_console(&listener);
	KUNIT_EXPECT_EQ(test, kernel[0], 0);
	KUNIT_EXPECT_EQ(test, pbuddy[0], kernel[0]);
	KUNIT_EXPECT_EQ(test, kernel[1], 1);
	KUNIT_EXPECT_EQ(test, pbuddy[1], kernel[1]);
}

/* ---- Reserve used ---- */

#define MIN_PAGES	1024UL

/* How far down, by __zone_watermark_ok(): eighths of the min watermark. */
static const struct reach {
	const char	*name;
	gfp_t		gfp;
	bool		noreclaim;
	unsigned int	eighths;
} reaches[] = {
	{ "nowait", GFP_NOWAIT, false, 8 },
	{ "noretry", GFP_KERNEL | __GFP_NORETRY, false, 8 },
	{ "user", GFP_HIGHUSER | __GFP_NORETRY, false, 8 },
	{ "high", GFP_KERNEL | __GFP_HIGH | __GFP_NORETRY, false, 4 },
	{ "atomic", GFP_ATOMIC, false, 3 },
	{ "atomic, nomemalloc", GFP_ATOMIC | __GFP_NOMEMALLOC, false, 4 },
	{ "memalloc", GFP_NOWAIT | __GFP_MEMALLOC, false, 0 },
	{ "memalloc, nomemalloc", GFP_NOWAIT | __GFP_MEMALLOC | __GFP_NOMEMALLOC, false, 8 },
	{ "noreclaim scope", GFP_NOWAIT, true, 0 },
	{ "noreclaim scope, nomemalloc", GFP_NOWAIT | __GFP_NOMEMALLOC, true, 8 },
};

static void describe_reach(const struct reach *reach, char *desc)
{
	strscpy(desc, reach->name, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(reaches, reaches, describe_reach);

/* Takes single pages of a node until there are no more for this kind of request. */
static unsigned long fill(int nid, gfp_t gfp, struct page **list, unsigned long max)
{
	unsigned long n = 0;

	while (n < max) {
		list[n] = pbuddy_alloc_pages_node(nid, gfp | __GFP_THISNODE | __GFP_NOWARN, 0);
		if (!list[n])
			break;
		if (!(++n % 1024))
			cond_resched();
	}
	return n;
}

static struct pb_zone *only_zone(int nid)
{
	struct pb_node_zones it = { &pb_instance, nid };
	struct pb_zone *zone = pb_next_node_zone(&it);

	return pb_next_node_zone(&it) ? NULL : zone;
}

static void test_reserve(struct kunit *test)
{
	const struct reach *reach = test->param_value;
	struct pb_zone *zone = only_zone(far_node());
	unsigned long saved[PB_NR_WMARK], n, i;
	unsigned long marked = 0;
	unsigned int scope = 0;
	struct page **list;
	long left;

	if (!zone || zone->present_pages < 4 * MIN_PAGES)
		kunit_skip(test, "needs a node with one zone of 16 MiB");
	list = kvmalloc_array(zone->present_pages, sizeof(*list), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, list);
	memcpy(saved, zone->watermark, sizeof(saved));
	zone->watermark[PB_WMARK_MIN] = MIN_PAGES;
	zone->watermark[PB_WMARK_LOW] = MIN_PAGES + MIN_PAGES / 4;
	zone->watermark[PB_WMARK_HIGH] = MIN_PAGES + MIN_PAGES / 2;
	pb_zone_update_fast_mark(zone);
	if (reach->noreclaim)
		scope = memalloc_noreclaim_save();
	n = fill(zone->nid, reach->gfp, list, zone->present_pages);
	left = pb_zone_free_pages(zone);
	if (reach->noreclaim)
		memalloc_noreclaim_restore(scope);
	for (i = 0; i < n; i++) {
		marked += pbuddy_page_is_memalloc(list[i]);
		pbuddy_free_pages(list[i], 0);
	}
	memcpy(zone->watermark, saved, sizeof(saved));
	pb_zone_update_fast_mark(zone);
	kvfree(list);
	KUNIT_EXPECT_GT(test, n, 0UL);
	KUNIT_EXPECT_EQ(test, left, (long)(MIN_PAGES * reach->eighths / 8));
	/* What is below all marks, and nothing else, is known to be; other CPUs may cache some. */
	KUNIT_EXPECT_GE(test, marked, reach->eighths ? 0UL : MIN_PAGES / 2);
	KUNIT_EXPECT_LE(test, marked, reach->eighths ? 0UL : MIN_PAGES * 3 / 2);
}

static struct kunit_case parity_cases[] = {
	KUNIT_CASE(test_same_node),
	KUNIT_CASE(test_write_spreads),
	KUNIT_CASE(test_zeroed),
	KUNIT_CASE(test_order_too_large),
#ifdef CONFIG_NUMA
	KUNIT_CASE_PARAM(test_policy, policies_gen_params),
	KUNIT_CASE(test_interleave_counted),
#endif
#ifdef CONFIG_CPUSETS
	KUNIT_CASE(test_cpuset),
#endif
	KUNIT_CASE(test_exhausted),
	KUNIT_CASE(test_warned),
	KUNIT_CASE_PARAM(test_reserve, reaches_gen_params),
	{}
};

static struct kunit_suite parity_suite = {
	.name = "pbuddy_parity",
	.init = parity_init,
	.test_cases = parity_cases,
};

kunit_test_suite(parity_suite);
