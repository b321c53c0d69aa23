// SPDX-License-Identifier: GPL-2.0-only
/*
 * The same requests to alloc_pages() and to pbuddy while both have memory: both must use the
 * same node, for every kind of gfp flags. test_parity_policy.c does this for memory policies and
 * cpusets, test_parity_slow.c on a full node.
 *
 * The part of the reserve that a request may use is compared with constants from
 * __zone_watermark_ok() in mm/page_alloc.c instead, exact to the page: the kernel's own count of
 * free pages does not stand still.
 */
#include <linux/gfp.h>
#include <linux/mm.h>
#include <linux/nodemask.h>
#include <linux/pbuddy.h>
#include <linux/sched/mm.h>
#include <linux/slab.h>

#include "compat.h"
#include "core/zone/zone.h"
#include "fixture.h"
#include "instance.h"
#include "kernel_log.h"
#include "parity.h"
#include "threads.h"

/* ---- Node used: flags and preferred nodes ---- */

static const gfp_t kinds[] = {
	GFP_KERNEL, GFP_ATOMIC, GFP_NOWAIT, GFP_NOIO, GFP_NOFS, GFP_USER, GFP_HIGHUSER,
	GFP_HIGHUSER_MOVABLE, GFP_KERNEL | __GFP_RECLAIMABLE, GFP_KERNEL | __GFP_WRITE,
	GFP_KERNEL | __GFP_THISNODE, GFP_ATOMIC | __GFP_THISNODE, GFP_KERNEL | __GFP_NORETRY,
	GFP_KERNEL | __GFP_RETRY_MAYFAIL, GFP_KERNEL | __GFP_MEMALLOC, GFP_KERNEL | __GFP_ZERO,
	GFP_KERNEL | __GFP_NOMEMALLOC, GFP_KERNEL | __GFP_HIGH, GFP_KERNEL | __GFP_DMA32,
};

static void test_same_node(struct kunit *test)
{
	unsigned int i, order, compared = 0;
	int nid, kernel, pbuddy;

	for (i = 0; i < ARRAY_SIZE(kinds) * 4; i++) {
		gfp_t gfp = kinds[i / 4] | __GFP_NOWARN;

		if (!pt_same_nodes(gfp))
			continue;
		compared++;
		order = i % 4;
		for_each_online_node(nid) {
			if (!pb_instance_has_memory(nid))
				continue;
			pbuddy = pt_pbuddy_node(pbuddy_alloc_pages_node(nid, gfp, order), order);
			kernel = pt_kernel_node(alloc_pages_node(nid, gfp, order), order);
			KUNIT_EXPECT_EQ_MSG(test, pbuddy, kernel, "node %d, order %u, %pGg", nid,
					    order, &gfp);
		}
	}
	/* All kinds but DMA32, of which pbuddy may have none. */
	KUNIT_EXPECT_GE(test, compared, (unsigned int)(ARRAY_SIZE(kinds) - 1) * 4);
}

/* While there is memory NOFAIL has no effect: a page of the same node, no warning. */
static void test_nofail(struct kunit *test)
{
	gfp_t gfp = GFP_KERNEL | __GFP_NOFAIL;
	unsigned int order;
	int nid, kernel, pbuddy;

	pt_log_watch("WARNING: ");
	for_each_online_node(nid) {
		for (order = 0; pb_instance_has_memory(nid) && order <= 1; order++) {
			pbuddy = pt_pbuddy_node(pbuddy_alloc_pages_node(nid, gfp, order), order);
			kernel = pt_kernel_node(alloc_pages_node(nid, gfp, order), order);
			KUNIT_EXPECT_EQ(test, pbuddy, kernel);
			KUNIT_EXPECT_EQ(test, kernel, nid);
		}
	}
	KUNIT_EXPECT_EQ(test, pt_log_seen(), 0U);
	pt_log_unwatch();
}

/*
 * A module cannot raise the kernel's count of dirty pages. So the expected nodes follow from
 * node_dirty_ok() in mm/page-writeback.c.
 */
static void test_write_spreads(struct kunit *test)
{
	int far = pt_far_node(), balance, plain, cleaned;
	gfp_t gfp = GFP_KERNEL | __GFP_WRITE;
	unsigned long many;
	struct page *page;

	if (first_memory_node == far)
		kunit_skip(test, "needs two nodes");
	page = pbuddy_alloc_pages_node(far, gfp | __GFP_THISNODE, 0);
	KUNIT_ASSERT_NOT_NULL(test, page);
	many = pb_node_present_pages(&pb_instance, far);
	pbuddy_account_dirtied(page, many);
	balance = pt_pbuddy_node(pbuddy_alloc_pages_node(far, gfp, 0), 0);
	plain = pt_pbuddy_node(pbuddy_alloc_pages_node(far, GFP_KERNEL, 0), 0);
	pbuddy_account_cleaned(page, many);
	cleaned = pt_pbuddy_node(pbuddy_alloc_pages_node(far, gfp, 0), 0);
	pbuddy_free_pages(page, 0);
	KUNIT_EXPECT_NE(test, balance, far);
	KUNIT_EXPECT_NE(test, balance, NUMA_NO_NODE);
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

/* An order that does not exist: NULL, and no message with NOWARN. */
static void test_order_too_large(struct kunit *test)
{
	gfp_t gfp = GFP_KERNEL | __GFP_NOWARN;

	KUNIT_EXPECT_NULL(test, alloc_pages(gfp, PB_KERNEL_MAX_ORDER + 1));
	KUNIT_EXPECT_NULL(test, pbuddy_alloc_pages(gfp, PBUDDY_MAX_PAGE_ORDER + 1));
}

/* ---- Use of the reserve ---- */

#define MIN_PAGES	1024UL

/* What __zone_watermark_ok() leaves of the MIN watermark, in eighths. */
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

/* Allocates single pages of a node until this kind of request fails. */
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

static void test_reserve(struct kunit *test)
{
	const struct reach *reach = test->param_value;
	struct pb_zone *zone = pt_only_zone(pt_far_node());
	unsigned long saved[PB_NR_WMARK], n, i;
	unsigned long marked = 0;
	unsigned int scope = 0;
	struct page **list;
	long left;

	if (!zone || zone->present_pages < 4 * MIN_PAGES)
		kunit_skip(test, "needs a node with one zone of 16 MiB");
	list = kvmalloc_array(zone->present_pages, sizeof(*list), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, list);
	/* The pages that another CPU has cached become free when its cache decays. */
	pt_stay_here();
	pb_instance.ops.drain_all(&pb_instance);
	memcpy(saved, zone->watermark, sizeof(saved));
	zone->watermark[PB_WMARK_MIN] = MIN_PAGES;
	zone->watermark[PB_WMARK_LOW] = MIN_PAGES + MIN_PAGES / 4;
	zone->watermark[PB_WMARK_HIGH] = MIN_PAGES + MIN_PAGES / 2;
	pb_zone_update_fast_watermark(zone);
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
	pb_zone_update_fast_watermark(zone);
	kvfree(list);
	KUNIT_EXPECT_GT(test, n, 0UL);
	KUNIT_EXPECT_EQ(test, left, (long)(MIN_PAGES * reach->eighths / 8));
	/* Only pages from below all watermarks have the memalloc mark. */
	KUNIT_EXPECT_GE(test, marked, reach->eighths ? 0UL : MIN_PAGES / 2);
	KUNIT_EXPECT_LE(test, marked, reach->eighths ? 0UL : MIN_PAGES * 3 / 2);
}

static struct kunit_case parity_cases[] = {
	KUNIT_CASE(test_same_node),
	KUNIT_CASE(test_nofail),
	KUNIT_CASE(test_write_spreads),
	KUNIT_CASE(test_zeroed),
	KUNIT_CASE(test_order_too_large),
	KUNIT_CASE_PARAM(test_reserve, reaches_gen_params),
	{}
};

static struct kunit_suite parity_suite = {
	.name = "pbuddy_parity",
	.init = pt_parity_init,
	.test_cases = parity_cases,
};

kunit_test_suite(parity_suite);
