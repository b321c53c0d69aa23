// SPDX-License-Identifier: GPL-2.0-only
/*
 * The same requests to alloc_pages() and to pbuddy when a node has no memory left for them.
 * Compared is what a caller can observe: served or not, from the reserve or not, slept or not,
 * reclaimed or not, warned or not.
 *
 * All large blocks of a node can be allocated on any machine; all pages only on the far node of
 * two, as the rest of the system needs memory.
 */
#include <linux/delay.h>
#include <linux/gfp.h>
#include <linux/list.h>
#include <linux/mm.h>
#include <linux/nodemask.h>
#include <linux/pbuddy.h>
#include <linux/sched.h>
#include <linux/sched/mm.h>
#include <linux/slab.h>
#include <linux/tracepoint.h>

#include "compat.h"
#include "core/pool/stat.h"
#include "core/zone/watermark.h"
#include "fixture.h"
#include "instance.h"
#include "kernel_log.h"
#include "parity.h"
#include "threads.h"

/* ---- A node without blocks of the largest order ---- */

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

static const gfp_t last_blocks = __GFP_THISNODE | __GFP_NOWARN | __GFP_HIGHMEM | __GFP_MOVABLE |
				 __GFP_HIGH;

/*
 * Allocates the blocks of both allocators: what other tasks free, and what the caches of CPUs give
 * back, may complete another one later.
 */
static void hold_more(struct held *held)
{
	struct page *page;

	while (held->nr_kernel < MAX_HELD) {
		page = alloc_pages_node(held->nid, last_blocks, held->order);
		if (!page)
			break;
		held->kernel[held->nr_kernel++] = page;
	}
	while (held->nr_pbuddy < MAX_HELD) {
		page = pbuddy_alloc_pages_node(held->nid, last_blocks, held->order);
		if (!page)
			break;
		held->pbuddy[held->nr_pbuddy++] = page;
	}
}

/* Allocates all blocks of the kernel's largest order on the far node, from both allocators. */
static struct held *hold_all(struct kunit *test)
{
	struct held *held = kvzalloc(sizeof(*held), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, held);
	KUNIT_ASSERT_EQ(test, kunit_add_action_or_reset(test, free_held, held), 0);
	held->order = PB_KERNEL_MAX_ORDER;
	held->nid = pt_far_node();
	pb_instance.ops.drain_all(&pb_instance);
	hold_more(held);
	KUNIT_EXPECT_LT(test, held->nr_kernel, (unsigned int)MAX_HELD);
	KUNIT_EXPECT_LT(test, held->nr_pbuddy, (unsigned int)MAX_HELD);
	KUNIT_EXPECT_GT(test, held->nr_pbuddy, 0U);
	return held;
}

/* These do not wake the threads that would make such blocks. */
static const gfp_t without_reclaim[] = {
	0, __GFP_HIGH, __GFP_HIGH | __GFP_NOMEMALLOC, __GFP_NORETRY, __GFP_HARDWALL,
	__GFP_HIGHMEM | __GFP_MOVABLE, __GFP_RECLAIMABLE, __GFP_IO | __GFP_FS,
};

#define EXHAUSTED_TRIES	200

/*
 * The nodes that served a request: none, or the same other one, unless a block has become free
 * each time. Interrupts are off: the kernel reports a request that sleeps, and one that waits
 * would hang.
 */
static void request_both(struct held *held, gfp_t gfp, int *kernel, int *pbuddy)
{
	unsigned int order = held->order, tries;
	unsigned long flags;

	for (tries = 0; tries < EXHAUSTED_TRIES; tries++) {
		hold_more(held);
		local_irq_save(flags);
		*kernel = pt_kernel_node(alloc_pages_node(held->nid, gfp, order), order);
		*pbuddy = pt_pbuddy_node(pbuddy_alloc_pages_node(held->nid, gfp, order), order);
		local_irq_restore(flags);
		if (*kernel != held->nid && *pbuddy == *kernel)
			break;
		cond_resched();
	}
}

static void test_exhausted(struct kunit *test)
{
	struct held *held = hold_all(test);
	unsigned int i, k;
	int kernel, pbuddy;

	for (i = 0; i < ARRAY_SIZE(without_reclaim); i++) {
		for (k = 0; k < 2; k++) {
			gfp_t gfp = without_reclaim[i] | __GFP_NOWARN | (k ? 0 : __GFP_THISNODE);

			request_both(held, gfp, &kernel, &pbuddy);
			if (!k || first_memory_node == held->nid)
				KUNIT_EXPECT_EQ(test, kernel, NUMA_NO_NODE);
			KUNIT_EXPECT_EQ_MSG(test, pbuddy, kernel, "%pGg", &gfp);
		}
	}
}

/* ---- Warnings ---- */

/* The number of failure reports in the log after one request to one of the allocators. */
static unsigned int warnings_of(bool pbuddy, gfp_t gfp, const struct held *held)
{
	if (pbuddy)
		pt_pbuddy_node(pbuddy_alloc_pages_node(held->nid, gfp, held->order), held->order);
	else
		pt_kernel_node(alloc_pages_node(held->nid, gfp, held->order), held->order);
	return pt_log_seen();
}

/* The same for a request that fails, and is repeated until it is reported. */
static unsigned int warnings_of_failure(bool pbuddy, struct held *held)
{
	unsigned int tries, warnings = 0;

	for (tries = 0; tries < 10 && !warnings; tries++) {
		if (tries)
			msleep(11000);	/* a report or a few in ten seconds, maybe of others */
		hold_more(held);
		warnings = warnings_of(pbuddy, __GFP_THISNODE, held);
	}
	return warnings;
}

static void test_warned(struct kunit *test)
{
	struct held *held = hold_all(test);
	unsigned int kernel[2], pbuddy[2];

	pt_log_watch("page allocation failure");
	kernel[0] = warnings_of(false, __GFP_THISNODE | __GFP_NOWARN, held);
	kernel[1] = warnings_of_failure(false, held);
	pbuddy[0] = warnings_of(true, __GFP_THISNODE | __GFP_NOWARN, held);
	pbuddy[1] = warnings_of_failure(true, held);
	pt_log_unwatch();
	KUNIT_EXPECT_EQ(test, kernel[0], 0U);
	KUNIT_EXPECT_EQ(test, pbuddy[0], kernel[0]);
	KUNIT_EXPECT_EQ(test, kernel[1], 1U);
	KUNIT_EXPECT_EQ(test, pbuddy[1], kernel[1]);
}

/* ---- A node without pages above the MIN watermark ---- */

#define MIN_PAGES	1024UL

/**
 * struct full - a node with no free pages above MIN in both allocators
 * @nid: the node
 * @zone: pbuddy's zone of the node
 * @wmark: watermarks of @zone to restore
 * @kernel: pages of the kernel, linked by lru, with their order in private
 * @pbuddy: pages of pbuddy
 * @nr_pbuddy: number of @pbuddy pages
 */
struct full {
	int			nid;
	struct pb_zone		*zone;
	unsigned long		wmark[PB_NR_WMARK];
	struct list_head	kernel;
	struct page		**pbuddy;
	unsigned long		nr_pbuddy;
};

static void set_watermarks(struct pb_zone *zone, const unsigned long *wmark)
{
	memcpy(zone->watermark, wmark, sizeof(zone->watermark));
	pb_zone_update_fast_watermark(zone);
}

static void empty(void *arg)
{
	struct full *full = arg;
	struct page *page, *next;

	list_for_each_entry_safe(page, next, &full->kernel, lru) {
		unsigned int order = page_private(page);

		list_del(&page->lru);
		set_page_private(page, 0);
		__free_pages(page, order);
	}
	while (full->nr_pbuddy)
		pbuddy_free_pages(full->pbuddy[--full->nr_pbuddy], 0);
	set_watermarks(full->zone, full->wmark);
	kvfree(full->pbuddy);
	kfree(full);
}

/*
 * Allocates down to the MIN watermark, without reclaim. Called again, it allocates what was
 * freed since. By a mask: with THISNODE, pbuddy's requests that may not wait end at LOW.
 */
static void fill(struct full *full)
{
	nodemask_t only = nodemask_of_node(full->nid);
	gfp_t gfp = __GFP_THISNODE | __GFP_NOWARN;
	struct page *page;
	int order;

	for (order = PB_KERNEL_MAX_ORDER; order >= 0; order--) {
		while ((page = alloc_pages_node(full->nid, gfp, order))) {
			set_page_private(page, order);
			list_add(&page->lru, &full->kernel);
			cond_resched();
		}
	}
	while (full->nr_pbuddy < full->zone->present_pages) {
		page = pbuddy_alloc_pages_nodemask(__GFP_NOWARN, 0, full->nid, &only);
		if (!page)
			break;
		full->pbuddy[full->nr_pbuddy++] = page;
		if (!(full->nr_pbuddy % 1024))
			cond_resched();
	}
}

/* The far node: a full first node would leave the whole system without memory. */
static struct full *full_node(struct kunit *test)
{
	const unsigned long watermarks[PB_NR_WMARK] = {
		[PB_WMARK_MIN] = MIN_PAGES, [PB_WMARK_LOW] = MIN_PAGES + MIN_PAGES / 4,
		[PB_WMARK_HIGH] = MIN_PAGES + MIN_PAGES / 2,
	};
	struct pb_zone *zone = pt_only_zone(pt_far_node());
	struct full *full;

	if (first_memory_node == pt_far_node())
		kunit_skip(test, "needs two nodes");
	if (!zone || zone->present_pages < 4 * MIN_PAGES)
		kunit_skip(test, "needs a node with one zone of 16 MiB");
	full = kzalloc(sizeof(*full), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, full);
	INIT_LIST_HEAD(&full->kernel);
	full->nid = zone->nid;
	full->zone = zone;
	memcpy(full->wmark, zone->watermark, sizeof(full->wmark));
	full->pbuddy = kvmalloc_array(zone->present_pages, sizeof(*full->pbuddy), GFP_KERNEL);
	KUNIT_ASSERT_EQ(test, kunit_add_action_or_reset(test, empty, full), 0);
	KUNIT_ASSERT_NOT_NULL(test, full->pbuddy);
	/* On one CPU: both allocators have lists for each CPU. */
	pt_stay_here();
	pb_instance.ops.drain_all(&pb_instance);
	set_watermarks(zone, watermarks);
	fill(full);
	return full;
}

static atomic_t direct_reclaims;
static struct task_struct *requesting;

/* A probe with no arguments: those of the tracepoint differ between kernels. */
static void count_direct_reclaim(void *data)
{
	if (current == requesting)
		atomic_inc(&direct_reclaims);
}

static void find_tracepoint(struct tracepoint *tp, void *found)
{
	if (!strcmp(tp->name, "mm_vmscan_direct_reclaim_begin"))
		*(struct tracepoint **)found = tp;
}

/* What can be observed of a request. */
struct seen {
	bool	served;
	bool	reclaimed;	/* by the task itself */
	bool	slept;
};

static struct seen request_kernel(const struct full *full, gfp_t gfp)
{
	unsigned long switches = current->nvcsw;
	struct seen seen;

	atomic_set(&direct_reclaims, 0);
	seen.served = pt_kernel_node(alloc_pages_node(full->nid, gfp, 0), 0) == full->nid;
	seen.reclaimed = atomic_read(&direct_reclaims);
	seen.slept = current->nvcsw != switches;
	return seen;
}

static struct seen request_pbuddy(const struct full *full, gfp_t gfp)
{
	unsigned long stalls = pb_pool_event(&pb_instance, PB_ALLOCSTALL);
	unsigned long switches = current->nvcsw;
	struct seen seen;

	seen.served = pt_pbuddy_node(pbuddy_alloc_pages_node(full->nid, gfp, 0), 0) == full->nid;
	seen.slept = current->nvcsw != switches;
	seen.reclaimed = pb_pool_event(&pb_instance, PB_ALLOCSTALL) != stalls;
	return seen;
}

/* Other tasks may free pages after fill(), so the request is repeated until it is refused. */
#define TRIES	200

static struct seen refuse(struct full *full, gfp_t gfp,
			  struct seen (*request)(const struct full *full, gfp_t gfp))
{
	struct seen seen;
	int i;

	for (i = 0; i < TRIES; i++) {
		fill(full);
		seen = request(full, gfp);
		if (!seen.served)
			break;
	}
	return seen;
}

static const struct attempt {
	const char	*name;
	gfp_t		gfp;
	bool		noreclaim, realtime;
	bool		served, reclaims;
} attempts[] = {
	{ "nowait", GFP_NOWAIT, .served = false },
	{ "atomic", GFP_ATOMIC, .served = true },
	{ "atomic, nomemalloc", GFP_ATOMIC | __GFP_NOMEMALLOC, .served = true },
	{ "memalloc", GFP_NOWAIT | __GFP_MEMALLOC, .served = true },
	{ "memalloc, nomemalloc", GFP_NOWAIT | __GFP_MEMALLOC | __GFP_NOMEMALLOC, .served = false },
	{ "noreclaim scope", GFP_KERNEL, .noreclaim = true, .served = true },
	{ "noreclaim scope, nomemalloc", GFP_KERNEL | __GFP_NOMEMALLOC, .noreclaim = true,
	  .served = false },
	{ "kernel", GFP_KERNEL, .served = false, .reclaims = true },
	{ "user", GFP_HIGHUSER_MOVABLE, .served = false, .reclaims = true },
	{ "noio", GFP_NOIO, .served = false, .reclaims = true },
	{ "noretry", GFP_KERNEL | __GFP_NORETRY, .served = false, .reclaims = true },
	{ "retry, mayfail", GFP_KERNEL | __GFP_RETRY_MAYFAIL, .served = false, .reclaims = true },
	{ "nofail", GFP_KERNEL | __GFP_NOFAIL, .served = true, .reclaims = true },
	{ "high", GFP_KERNEL | __GFP_HIGH, .served = true },
	{ "real-time task", GFP_KERNEL, .realtime = true, .served = true },
};

static void describe_attempt(const struct attempt *attempt, char *desc)
{
	strscpy(desc, attempt->name, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(attempts, attempts, describe_attempt);

static bool as_expected(const struct attempt *attempt, const struct seen *seen)
{
	return seen->served == attempt->served && seen->reclaimed == attempt->reclaims;
}

/*
 * Other tasks free pages of the kernel meanwhile, and its reclaim may find some. So the node is
 * filled and the requests are repeated until both are as expected.
 */
static void test_full_node(struct kunit *test)
{
	const struct attempt *attempt = test->param_value;
	gfp_t gfp = attempt->gfp | __GFP_THISNODE | __GFP_NOWARN;
	struct full *full = full_node(test);
	struct tracepoint *reclaim_begin = NULL;
	struct seen kernel, pbuddy;
	unsigned int i, scope = 0;

	for_each_kernel_tracepoint(find_tracepoint, &reclaim_begin);
	KUNIT_ASSERT_NOT_NULL(test, reclaim_begin);
	requesting = current;
	KUNIT_ASSERT_EQ(test, tracepoint_probe_register(reclaim_begin, count_direct_reclaim, NULL),
			0);
	for (i = 0; i < TRIES; i++) {
		fill(full);
		if (attempt->realtime)
			sched_set_fifo_low(current);
		if (attempt->noreclaim)
			scope = memalloc_noreclaim_save();
		kernel = request_kernel(full, gfp);
		pbuddy = request_pbuddy(full, gfp);
		if (attempt->noreclaim)
			memalloc_noreclaim_restore(scope);
		if (attempt->realtime)
			sched_set_normal(current, 0);
		if (as_expected(attempt, &kernel) && as_expected(attempt, &pbuddy))
			break;
	}
	tracepoint_probe_unregister(reclaim_begin, count_direct_reclaim, NULL);
	tracepoint_synchronize_unregister();
	KUNIT_EXPECT_EQ(test, kernel.served, attempt->served);
	KUNIT_EXPECT_EQ(test, pbuddy.served, attempt->served);
	KUNIT_EXPECT_EQ(test, kernel.reclaimed, attempt->reclaims);
	KUNIT_EXPECT_EQ(test, pbuddy.reclaimed, attempt->reclaims);
	if (gfp & __GFP_DIRECT_RECLAIM)
		return;
	KUNIT_EXPECT_FALSE(test, kernel.slept);
	KUNIT_EXPECT_FALSE(test, pbuddy.slept);
}

/*
 * The warnings of a request that gets a page of the reserve. When pages have become free it may not
 * come to the warning, so it is repeated while one is @expected.
 */
static unsigned int warnings_of_reserve(struct full *full, gfp_t gfp, bool expected,
					struct seen (*request)(const struct full *full, gfp_t gfp),
					struct seen *seen)
{
	unsigned int scope, warnings = 0;
	int i;

	for (i = 0; i < TRIES; i++) {
		fill(full);
		scope = memalloc_noreclaim_save();
		*seen = request(full, gfp);
		memalloc_noreclaim_restore(scope);
		warnings = pt_log_seen();
		if (warnings || !expected)
			break;
	}
	return warnings;
}

/* NOFAIL where it cannot be satisfied warns the first time and not the second time. */
static void test_nofail_warned(struct kunit *test)
{
	gfp_t gfp = __GFP_NOFAIL | __GFP_THISNODE | __GFP_NOWARN;
	struct full *full = full_node(test);
	unsigned int i, kernel, pbuddy;
	struct seen seen[4];

	if (!pt_warn_again())
		kunit_skip(test, "needs a kernel that can reset WARN_ON_ONCE()");
	pt_log_watch("WARNING: ");
	for (i = 0; i < 2; i++) {
		seen[0] = refuse(full, gfp | GFP_NOWAIT, request_kernel);
		kernel = pt_log_seen();
		seen[1] = refuse(full, gfp | GFP_NOWAIT, request_pbuddy);
		pbuddy = pt_log_seen();
		KUNIT_EXPECT_FALSE(test, seen[0].served);
		KUNIT_EXPECT_FALSE(test, seen[1].served);
		KUNIT_EXPECT_EQ(test, pbuddy, kernel);
		KUNIT_EXPECT_EQ(test, kernel, i ? 0U : 1U);

		kernel = warnings_of_reserve(full, gfp | GFP_KERNEL, !i, request_kernel, &seen[2]);
		pbuddy = warnings_of_reserve(full, gfp | GFP_KERNEL, !i, request_pbuddy, &seen[3]);
		KUNIT_EXPECT_TRUE(test, seen[2].served && !seen[2].reclaimed);
		KUNIT_EXPECT_TRUE(test, seen[3].served && !seen[3].reclaimed);
		KUNIT_EXPECT_EQ(test, pbuddy, kernel);
		KUNIT_EXPECT_EQ(test, kernel, i ? 0U : 1U);
	}
	pt_log_unwatch();
}

static struct kunit_case parity_slow_cases[] = {
	KUNIT_CASE(test_exhausted),
	KUNIT_CASE(test_warned),
	KUNIT_CASE_PARAM(test_full_node, attempts_gen_params),
	KUNIT_CASE(test_nofail_warned),
	{}
};

static struct kunit_suite parity_slow_suite = {
	.name = "pbuddy_parity_slow",
	.init = pt_parity_init,
	.test_cases = parity_slow_cases,
};

kunit_test_suite(parity_slow_suite);
