// SPDX-License-Identifier: GPL-2.0-only
/*
 * guard_pages.c: guard pages around blocks below a given order, filled with a pattern that is
 * checked when the block is freed. Cases allocate in every way, look for guards, write into
 * them, and expect a report exactly when the block is freed.
 */
#include <linux/gfp.h>
#include <linux/mm.h>
#include <linux/pbuddy.h>
#include <linux/poison.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "core/base/pfn.h"
#include "core/pool/stat.h"
#include "hooks/debug_pages.h"
#include "hooks/guard_pages.h"
#include "fixture.h"
#include "instance.h"
#include "threads.h"

#define OUTER	4	/* order of the block that contains block and guards */
#define NR	24	/* number of pages in a bulk call */

static void stop(void *unused)
{
	pb_guard_stop();
}

static void start(struct kunit *test, unsigned int minorder)
{
	KUNIT_ASSERT_EQ(test, pb_guard_start(minorder), 0);
	KUNIT_ASSERT_EQ(test, kunit_add_action_or_reset(test, stop, NULL), 0);
}

static bool has_guards(struct page *page, unsigned int order, unsigned int outer)
{
	struct pb_guarded guarded;

	return pb_guard_find(&pb_instance, page_to_pfn(page), order, outer, &guarded);
}

static bool is_guard(struct page *page)
{
	return pbuddy_owns_page(page) &&
	       *pb_order_map(&pb_instance, page_to_pfn(page)) == PB_FRAME_GUARD;
}

static unsigned long bad_pages(void)
{
	return pb_pool_event(&pb_instance, PB_BAD_PAGE);
}

/* Low orders have guards, higher ones do not. All of a block may be written to. */
static void test_who_has_guards(struct kunit *test)
{
	unsigned long before = bad_pages();
	struct page *pages[NR] = { }, *page;
	unsigned int order, i;

	start(test, OUTER);
	for (order = 0; order <= 9; order++) {
		page = pbuddy_alloc_pages(GFP_KERNEL, order);
		KUNIT_ASSERT_NOT_NULL(test, page);
		KUNIT_EXPECT_EQ(test, has_guards(page, order, OUTER), order < OUTER);
		KUNIT_EXPECT_EQ(test, pbuddy_page_order(page), (int)order);
		memset(page_address(page), 0x11, PAGE_SIZE << order);
		pbuddy_free_pages(page, order);
		KUNIT_EXPECT_EQ(test, pbuddy_page_order(page), -EINVAL);
	}
	KUNIT_ASSERT_EQ(test, pbuddy_alloc_pages_bulk(GFP_KERNEL, NUMA_NO_NODE, NR, pages), NR);
	for (i = 0; i < NR; i++) {
		KUNIT_EXPECT_TRUE(test, has_guards(pages[i], 0, OUTER));
		memset(page_address(pages[i]), 0x22, PAGE_SIZE);
	}
	pbuddy_free_pages_bulk(pages, NR);
	page = pbuddy_alloc_contig(3, GFP_KERNEL, NUMA_NO_NODE, NULL);
	KUNIT_ASSERT_NOT_NULL(test, page);
	KUNIT_EXPECT_FALSE(test, has_guards(page, 0, OUTER));
	pbuddy_free_contig(page, 3);
	page = pbuddy_alloc_pages(GFP_KERNEL, 0);
	KUNIT_ASSERT_NOT_NULL(test, page);
	pbuddy_free_contig(page, 1);
	KUNIT_EXPECT_FALSE(test, is_guard(page + 1));
	KUNIT_EXPECT_EQ(test, bad_pages(), before);
}

/*
 * A byte written before or behind a block is reported when the block is freed, and not again
 * later.
 */
static void test_overrun(struct kunit *test)
{
	unsigned long before = bad_pages();
	unsigned int order, end;
	struct page *page;
	u8 *addr;

	start(test, OUTER);
	for (order = 0; order < OUTER; order++) {
		for (end = 0; end <= 1; end++) {
			page = pbuddy_alloc_pages(GFP_KERNEL, order);
			KUNIT_ASSERT_NOT_NULL(test, page);
			addr = page_address(page);
			addr += end ? PAGE_SIZE << order : -1L;
			/* With space on one side only the guard is on that side. */
			if (!is_guard(virt_to_page(addr))) {
				KUNIT_EXPECT_EQ(test, order, OUTER - 1);
				pbuddy_free_pages(page, order);
				continue;
			}
			KUNIT_EXPECT_EQ(test, (int)*addr, PAGE_POISON);
			*addr = 0x33;
			pbuddy_free_pages(page, order);
			before++;
			KUNIT_EXPECT_EQ(test, bad_pages(), before);
		}
		page = pbuddy_alloc_pages(GFP_KERNEL, order);
		KUNIT_ASSERT_NOT_NULL(test, page);
		pbuddy_free_pages(page, order);
		KUNIT_EXPECT_EQ(test, bad_pages(), before);
	}
}

/* With page poisoning as well, a guard that was written to is reported once. */
static void test_with_poison(struct kunit *test)
{
	const struct pb_debug_config poison = { .page_poison = true };
	unsigned long before = bad_pages();
	struct page *page;
	u8 *addr;

	pt_stay_here();
	pb_debug_start(&poison);
	start(test, OUTER);
	page = pbuddy_alloc_pages(GFP_KERNEL, 1);
	KUNIT_EXPECT_NOT_NULL(test, page);
	if (page) {
		addr = page_address(page);
		KUNIT_EXPECT_EQ(test, (int)*addr, PAGE_POISON);
		addr[2 * PAGE_SIZE] = 0;
		pbuddy_free_pages(page, 1);
		KUNIT_EXPECT_EQ(test, bad_pages() - before, 1UL);
		page = pbuddy_alloc_pages(GFP_KERNEL, OUTER);
		KUNIT_EXPECT_NOT_NULL(test, page);
		KUNIT_EXPECT_EQ(test, bad_pages() - before, 1UL);
		pbuddy_free_pages(page, OUTER);
	}
	pb_debug_stop();
}

static bool refuse_isolate(struct page *page, enum pbuddy_migrate_mode mode)
{
	return false;
}

static int refuse_migrate(struct page *dst, struct page *src, enum pbuddy_migrate_mode mode)
{
	return -EAGAIN;
}

static void no_putback(struct page *page)
{
}

static const struct pbuddy_movable_operations refuse = {
	.isolate_page = refuse_isolate,
	.migrate_page = refuse_migrate,
	.putback_page = no_putback,
};

/* Making a block movable checks and frees its guards, which could not move with it. */
static void test_movable_loses_them(struct kunit *test)
{
	unsigned long before = bad_pages();
	struct page *page;

	start(test, OUTER);
	KUNIT_ASSERT_EQ(test, pbuddy_register_movable(&refuse), 0);
	page = pbuddy_alloc_pages(GFP_KERNEL | __GFP_MOVABLE, 1);
	KUNIT_EXPECT_NOT_NULL(test, page);
	if (page) {
		*(u8 *)page_address(page + 2) = 0;
		KUNIT_EXPECT_EQ(test, pbuddy_page_set_movable(page, &refuse, NULL), 0);
		KUNIT_EXPECT_EQ(test, bad_pages() - before, 1UL);
		KUNIT_EXPECT_FALSE(test, is_guard(page + 2));
		pbuddy_free_pages(page, 1);
		KUNIT_EXPECT_EQ(test, bad_pages() - before, 1UL);
	}
	pbuddy_unregister_movable(&refuse);
}

/*
 * A request is served without guards if there is no memory for them. The requests ignore the
 * watermarks: those would keep whole pageblocks free, and give them out when their boost ends.
 */
static void test_no_memory_for_guards(struct kunit *test)
{
	const gfp_t gfp = GFP_NOWAIT | __GFP_NOWARN | __GFP_MEMALLOC;
	unsigned long most = 0, nr = 0;
	struct page **blocks, *page, *low;
	struct pb_zone *zone;

	pb_for_each_zone(zone, &pb_instance)
		most += zone->present_pages >> PB_PAGEBLOCK_ORDER;
	blocks = kunit_kcalloc(test, most, sizeof(*blocks), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, blocks);
	start(test, PB_PAGEBLOCK_ORDER);
	/* No other CPU may have a free block in its list. */
	pt_stay_here();
	pb_instance.ops.drain_all(&pb_instance);
	while (nr < most && (blocks[nr] = pbuddy_alloc_pages(gfp, PB_PAGEBLOCK_ORDER)))
		nr++;
	KUNIT_ASSERT_GT(test, nr, 0UL);
	pbuddy_free_pages(blocks[--nr], PB_PAGEBLOCK_ORDER);
	page = pbuddy_alloc_contig(PB_PAGEBLOCK_NR / 2, gfp, NUMA_NO_NODE, NULL);
	KUNIT_EXPECT_NOT_NULL(test, page);
	low = pbuddy_alloc_pages(gfp, 2);
	KUNIT_EXPECT_NOT_NULL(test, low);
	if (low)
		KUNIT_EXPECT_FALSE(test, has_guards(low, 2, PB_PAGEBLOCK_ORDER));
	pbuddy_free_pages(low, 2);
	pbuddy_free_contig(page, PB_PAGEBLOCK_NR / 2);
	while (nr--)
		pbuddy_free_pages(blocks[nr], PB_PAGEBLOCK_ORDER);
}

/* The orders that may be requested. */
static void test_bounds(struct kunit *test)
{
	struct page *page;

	KUNIT_EXPECT_EQ(test, pb_guard_start(PB_GUARD_ORDER_MAX + 1), -EINVAL);
	KUNIT_EXPECT_EQ(test, pb_guard_start(0), 0);
	page = pbuddy_alloc_pages(GFP_KERNEL, 0);
	KUNIT_ASSERT_NOT_NULL(test, page);
	KUNIT_EXPECT_FALSE(test, is_guard(page + 1));
	pbuddy_free_pages(page, 0);
}

static struct kunit_case guard_pages_cases[] = {
	KUNIT_CASE(test_who_has_guards),
	KUNIT_CASE(test_overrun),
	KUNIT_CASE(test_with_poison),
	KUNIT_CASE(test_movable_loses_them),
	KUNIT_CASE(test_no_memory_for_guards),
	KUNIT_CASE(test_bounds),
	{}
};

static struct kunit_suite guard_pages_suite = {
	.name = "pbuddy_guard_pages",
	.init = pt_init,
	.exit = pt_exit,
	.test_cases = guard_pages_cases,
};

kunit_test_suite(guard_pages_suite);
