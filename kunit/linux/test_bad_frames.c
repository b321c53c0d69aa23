// SPDX-License-Identifier: GPL-2.0-only
/*
 * Pages with a memory error: whatever state a page of an in-kernel user is in, it alone is set
 * aside, everything beside it is free after the free, and requests use the fast path again. A group
 * does not keep it.
 */
#include <kunit/test.h>
#include <linux/delay.h>
#include <linux/mm.h>
#include <linux/page-flags.h>
#include <linux/pbuddy.h>
#include <linux/slab.h>

#include "api/group.h"
#include "api/quarantine.h"
#include "compat.h"
#include "core/alloc/alloc.h"
#include "core/alloc/take_off.h"
#include "core/base/order.h"
#include "core/zone/watermark.h"
#include "core/zone/zone.h"
#include "hooks/bad_frames.h"
#include "instance.h"
#include "instance_check.h"
#include "request/percpu_zone.h"
#include "user/buffer.h"

#ifdef CONFIG_MEMORY_FAILURE

#define NR_MANY		100	/* more than bad_frames.c notes one by one */

static struct page *bad_pages[NR_MANY];
static unsigned int nr_bad;

static void mark_page(struct page *page)
{
	bad_pages[nr_bad++] = page;
	SetPageHWPoison(page);
}

/* Marks the page and reports it, as memory_failure() does. */
static void fail_page(struct page *page)
{
	mark_page(page);
	pb_bad_frames_look(page_to_pfn(page), 1);
}

static bool within_60s(bool (*cond)(void))
{
	unsigned int i;

	for (i = 0; i < 3000 && !cond(); i++)
		msleep(20);
	return cond();
}

static bool noticed(void)
{
	return pb_bad_frames_pending() || pb_bad_frames_nr();
}

static bool settled(void)
{
	return pb_bad_frames_nr() == nr_bad && !pb_bad_frames_pending();
}

/* The bad pages are allocated without an owner, and nothing else is since the case began. */
static void expect_set_aside(struct kunit *test)
{
	unsigned int i;

	KUNIT_EXPECT_TRUE(test, within_60s(settled));
	KUNIT_EXPECT_EQ(test, pb_bad_frames_nr(), (unsigned long)nr_bad);
	for (i = 0; i < nr_bad; i++)
		KUNIT_EXPECT_EQ(test, pbuddy_page_order(bad_pages[i]), 0);
	pt_expect_used(test, nr_bad);
}

/* Frees the pages that were set aside. */
static void end(struct kunit *test)
{
	if (nr_bad) {
		pb_bad_frames_exit();
		while (nr_bad)
			ClearPageHWPoison(bad_pages[--nr_bad]);
		KUNIT_EXPECT_EQ(test, pb_bad_frames_init(), 0);
	}
	pt_instance_end(test);
}

/* Returns the first page, which is free or, with order 0, set aside. */
static struct page *fail_in_block(struct kunit *test, gfp_t gfp, unsigned int order)
{
	struct page *page = pbuddy_alloc_pages(gfp, order);

	KUNIT_ASSERT_NOT_NULL(test, page);
	fail_page(page + (1UL << order) / 2);
	KUNIT_EXPECT_TRUE(test, within_60s(noticed));
	pbuddy_free_pages(page, order);
	expect_set_aside(test);
	return page;
}

/* Fails a page in this CPU's cache, and returns it when it is set aside. */
static struct page *fail_cached(struct kunit *test)
{
	struct page *page = pbuddy_alloc_pages(GFP_KERNEL, 0);

	KUNIT_ASSERT_NOT_NULL(test, page);
	pbuddy_free_pages(page, 0);
	fail_page(page);
	expect_set_aside(test);
	return page;
}

static void test_page(struct kunit *test)
{
	fail_in_block(test, GFP_KERNEL, 0);
}

static void test_block(struct kunit *test)
{
	fail_in_block(test, GFP_KERNEL, 9);
}

static void test_large_block(struct kunit *test)
{
	fail_in_block(test, GFP_KERNEL | __GFP_NOWARN, 12);
}

static void test_charged(struct kunit *test)
{
	fail_in_block(test, GFP_KERNEL_ACCOUNT, 3);
}

static void test_compound(struct kunit *test)
{
	fail_in_block(test, GFP_KERNEL | __GFP_COMP, 4);
}

static void test_cached(struct kunit *test)
{
	fail_cached(test);
}

/* It was set aside when its owner freed it. The fast path is in use again. */
static void test_double_free(struct kunit *test)
{
	struct page *page = fail_in_block(test, GFP_KERNEL, 0);

	pbuddy_free_pages(page, 0);
	pt_expect_bad_frees(test, 1);
	KUNIT_EXPECT_EQ(test, pb_quarantine_pages(), 0UL);
	expect_set_aside(test);
}

/* The same while another page is pending, so that each free looks at flags. */
static void test_double_free_while_pending(struct kunit *test)
{
	struct page *page = pbuddy_alloc_pages(GFP_KERNEL, 0);
	struct page *other = pbuddy_alloc_pages(GFP_KERNEL, 0);

	KUNIT_ASSERT_NOT_NULL(test, page);
	KUNIT_ASSERT_NOT_NULL(test, other);
	fail_page(page);
	fail_page(other);
	KUNIT_EXPECT_TRUE(test, within_60s(noticed));
	/* Not before the work item has turned the first key on. */
	pb_slowpath_inc();
	pbuddy_free_pages(page, 0);
	KUNIT_EXPECT_EQ(test, pb_bad_frames_nr(), 1UL);
	pbuddy_free_pages(page, 0);
	pt_expect_bad_frees(test, 1);
	pbuddy_free_contig(page, 1);
	pt_expect_bad_frees(test, 1);
	pbuddy_free_pages_bulk(&page, 1);
	pt_expect_bad_frees(test, 1);
	KUNIT_EXPECT_EQ(test, pb_bad_frames_nr(), 1UL);
	pb_slowpath_dec();
	pbuddy_free_pages(other, 0);
	expect_set_aside(test);
}

/* It was set aside while it was free. The fast path is in use again. */
static void test_double_free_of_cached(struct kunit *test)
{
	struct page *page = fail_cached(test), *pages[64] = {};
	unsigned int i, nr;

	pbuddy_free_pages(page, 0);
	pt_expect_bad_frees(test, 1);
	nr = pbuddy_alloc_pages_bulk(GFP_KERNEL, NUMA_NO_NODE, ARRAY_SIZE(pages), pages);
	for (i = 0; i < nr; i++)
		KUNIT_EXPECT_PTR_NE(test, pages[i], page);
	pbuddy_free_pages_bulk(pages, nr);
	expect_set_aside(test);
}

static void test_contig(struct kunit *test)
{
	struct page *page = pbuddy_alloc_contig(1000, GFP_KERNEL, NUMA_NO_NODE, NULL);

	KUNIT_ASSERT_NOT_NULL(test, page);
	fail_page(page + 777);
	KUNIT_EXPECT_TRUE(test, within_60s(noticed));
	pbuddy_free_contig(page, 1000);
	expect_set_aside(test);
}

static void test_bulk(struct kunit *test)
{
	struct page *pages[100] = {};

	KUNIT_ASSERT_EQ(test, pbuddy_alloc_pages_bulk(GFP_KERNEL, NUMA_NO_NODE, ARRAY_SIZE(pages),
						      pages), ARRAY_SIZE(pages));
	fail_page(pages[50]);
	KUNIT_EXPECT_TRUE(test, within_60s(noticed));
	pbuddy_free_pages_bulk(pages, ARRAY_SIZE(pages));
	expect_set_aside(test);
}

/* A misuse stays one. */
static void test_misuse(struct kunit *test)
{
	struct page *page = pbuddy_alloc_pages(GFP_KERNEL, 3);

	KUNIT_ASSERT_NOT_NULL(test, page);
	fail_page(page);
	KUNIT_EXPECT_TRUE(test, within_60s(noticed));
	pbuddy_free_pages(page, 2);
	pt_expect_bad_frees(test, 1);
	KUNIT_EXPECT_EQ(test, pb_bad_frames_nr(), 0UL);
	pbuddy_free_pages(page, 3);
	expect_set_aside(test);
}

/* No event has come, but the page is zeroed for the request, and so it is looked at. */
static void test_zeroed_without_event(struct kunit *test)
{
	struct page *page = pbuddy_alloc_pages(GFP_KERNEL, 0), *other;

	KUNIT_ASSERT_NOT_NULL(test, page);
	pbuddy_free_pages(page, 0);
	mark_page(page);
	/* The cache returns what was freed last, on this CPU or on another one. */
	other = pbuddy_alloc_pages(GFP_KERNEL | __GFP_ZERO, 0);
	KUNIT_EXPECT_PTR_NE(test, other, page);
	pbuddy_free_pages(other, 0);
	pb_bad_frames_look(page_to_pfn(page), 1);
	expect_set_aside(test);
}

/* The same for a bulk request of the full path. */
static void test_zeroed_bulk_without_event(struct kunit *test)
{
	struct page *page = pbuddy_alloc_pages(GFP_KERNEL, 0), *pages[64] = {};
	unsigned int i;

	KUNIT_ASSERT_NOT_NULL(test, page);
	pbuddy_free_pages(page, 0);
	mark_page(page);
	pb_slowpath_inc();
	KUNIT_EXPECT_GT(test, pbuddy_alloc_pages_bulk(GFP_KERNEL | __GFP_ZERO, NUMA_NO_NODE,
						      ARRAY_SIZE(pages), pages), 0UL);
	pb_slowpath_dec();
	for (i = 0; i < ARRAY_SIZE(pages); i++)
		KUNIT_EXPECT_PTR_NE(test, pages[i], page);
	pbuddy_free_pages_bulk(pages, ARRAY_SIZE(pages));
	pb_bad_frames_look(page_to_pfn(page), 1);
	expect_set_aside(test);
}

static bool none_pending(void)
{
	return !pb_bad_frames_pending();
}

static bool told(const struct pb_buffer *buf)
{
	unsigned int i;

	for (i = 0; i < 3000 && !READ_ONCE(buf->failed); i++)
		msleep(20);
	return READ_ONCE(buf->failed);
}

static void expect_told(struct kunit *test, const struct pb_buffer *buf)
{
	KUNIT_EXPECT_TRUE(test, told(buf));
	KUNIT_EXPECT_TRUE(test, within_60s(none_pending));
}

/* A piece that is prepared after the error is a folio that no huge entry maps. */
static void test_unprepared_buffer(struct kunit *test)
{
	const struct pb_buffer_spec spec = {
		.nr_pages = PB_PAGEBLOCK_NR,
		.order = PB_PAGEBLOCK_ORDER,
		.migratetype = PB_MOVABLE,
		.prepare_later = true,
		.label = "test",
	};
	struct pb_buffer *buf;
	enum pb_reason reason;
	struct page *head;

	if (!IS_ENABLED(CONFIG_TRANSPARENT_HUGEPAGE))
		kunit_skip(test, "this kernel has no huge entries");
	buf = pb_buffer_create(&spec, &reason);
	KUNIT_ASSERT_FALSE(test, IS_ERR(buf));
	head = pfn_to_page(buf->block[0].pfn);
	fail_page(head + PB_PAGEBLOCK_NR / 2 + 1);
	expect_told(test, buf);
	KUNIT_EXPECT_EQ(test, pb_buffer_prepare_piece(buf, 0), 0);
	KUNIT_EXPECT_TRUE(test, pb_page_is_head(head) && pb_folio_has_bad_page(page_folio(head)));
	pb_buffer_put(buf);
	expect_set_aside(test);
}

/* The pages of other buffers do not wait for one that is being swapped out. */
static void test_locked_buffer(struct kunit *test)
{
	const struct pb_buffer_spec spec = {
		.nr_pages = 1, .migratetype = PB_MOVABLE, .label = "test",
	};
	struct pb_buffer *locked, *other;
	enum pb_reason reason;

	locked = pb_buffer_create(&spec, &reason);
	KUNIT_ASSERT_FALSE(test, IS_ERR(locked));
	other = pb_buffer_create(&spec, &reason);
	KUNIT_ASSERT_FALSE(test, IS_ERR(other));
	WRITE_ONCE(locked->storing, true);
	down_write(&locked->frames);
	fail_page(pfn_to_page(locked->block[0].pfn));
	fail_page(pfn_to_page(other->block[0].pfn));
	KUNIT_EXPECT_TRUE(test, told(other));
	KUNIT_EXPECT_FALSE(test, locked->failed);
	up_write(&locked->frames);
	WRITE_ONCE(locked->storing, false);
	KUNIT_EXPECT_TRUE(test, told(locked));
	KUNIT_EXPECT_TRUE(test, within_60s(none_pending));
	pb_buffer_put(locked);
	pb_buffer_put(other);
	expect_set_aside(test);
}

/* When each user does without its bad pages, none is pending, however many there are. */
static void test_many_in_a_buffer(struct kunit *test)
{
	const struct pb_buffer_spec spec = {
		.nr_pages = 2 * NR_MANY,
		.migratetype = PB_MOVABLE,
		.contig = true,
		.label = "test",
	};
	struct pb_buffer *buf;
	enum pb_reason reason;
	unsigned int i;

	buf = pb_buffer_create(&spec, &reason);
	KUNIT_ASSERT_FALSE(test, IS_ERR(buf));
	for (i = 0; i < NR_MANY; i++)
		fail_page(pfn_to_page(buf->block[0].pfn + 2 * i));
	expect_told(test, buf);
	KUNIT_EXPECT_EQ(test, pb_bad_frames_nr(), 0UL);
	pb_buffer_put(buf);
	expect_set_aside(test);
}

/* Those that cannot be noted are set aside when they are freed. */
static void test_many_of_a_module(struct kunit *test)
{
	struct page *pages[NR_MANY] = {};
	unsigned int i;

	KUNIT_ASSERT_EQ(test, pbuddy_alloc_pages_bulk(GFP_KERNEL, NUMA_NO_NODE, NR_MANY, pages),
			NR_MANY);
	for (i = 0; i < NR_MANY; i++)
		fail_page(pages[i]);
	KUNIT_EXPECT_TRUE(test, within_60s(noticed));
	pbuddy_free_pages_bulk(pages, NR_MANY);
	expect_set_aside(test);
}

#define CGROUP	1ULL		/* the root: what a removed one has is taken back */

static bool in_group(struct page *page)
{
	return pb_pfn_zone(&pb_instance, page_to_pfn(page))->home;
}

/* A pageblock that is not movable is given last, and a watermark would keep it. */
static void lower_watermarks(int nid)
{
	struct pb_zone *zone;
	unsigned int i;

	pb_for_each_node_zone(zone, &pb_instance, nid) {
		for (i = 0; i < PB_NR_WMARK; i++)
			WRITE_ONCE(zone->watermark[i], 0);
		pb_zone_update_fast_watermark(zone);
	}
}

/* Gives all free pageblocks of a node to a group. A page behind @page gets an error on the way. */
static void give_bad_page(struct kunit *test, struct page *page)
{
	unsigned long done;

	mark_page(page + 7);
	pbuddy_free_pages(page, PB_PAGEBLOCK_ORDER);
	lower_watermarks(page_to_nid(page));
	pb_group_give(CGROUP, page_to_nid(page), PB_PAGEBLOCK_ORDER,
		      pb_instance_pages() >> PB_PAGEBLOCK_ORDER, &done);
	KUNIT_EXPECT_TRUE(test, in_group(page));
	KUNIT_EXPECT_TRUE(test, within_60s(settled));
	KUNIT_EXPECT_EQ(test, pb_bad_frames_nr(), 1UL);
}

static int take_all(unsigned long *done)
{
	return pb_group_take(CGROUP, NUMA_NO_NODE, PB_PAGEBLOCK_ORDER, ULONG_MAX, done);
}

/* When the memory of the group is taken back, the page is set aside in the pool. */
static void test_group(struct kunit *test)
{
	struct page *page = pbuddy_alloc_pages(GFP_KERNEL, PB_PAGEBLOCK_ORDER);
	struct pb_group_info *info = kunit_kzalloc(test, sizeof(*info), GFP_KERNEL);
	unsigned long done;

	KUNIT_ASSERT_NOT_NULL(test, page);
	KUNIT_ASSERT_NOT_NULL(test, info);
	give_bad_page(test, page);
	KUNIT_EXPECT_EQ(test, take_all(&done), 0);
	KUNIT_EXPECT_FALSE(test, pb_group_nth(0, info));
	KUNIT_EXPECT_FALSE(test, in_group(page));
	expect_set_aside(test);
}

/* A pageblock that has other pages in use stays in the group, and they stay in use. */
static void test_group_in_use(struct kunit *test)
{
	struct page *page = pbuddy_alloc_pages(GFP_KERNEL, PB_PAGEBLOCK_ORDER);
	unsigned long done;

	KUNIT_ASSERT_NOT_NULL(test, page);
	give_bad_page(test, page);
	KUNIT_ASSERT_TRUE(test, pb_take_page_off(&pb_instance, page_to_pfn(page) + 300));
	KUNIT_EXPECT_EQ(test, take_all(&done), -EBUSY);
	KUNIT_EXPECT_TRUE(test, in_group(page));
	pt_expect_used(test, 2);
	/* The cache of this CPU has it then. */
	pbuddy_free_pages(page + 300, 0);
	KUNIT_EXPECT_EQ(test, take_all(&done), 0);
	expect_set_aside(test);
}

static struct kunit_case bad_frames_cases[] = {
	KUNIT_CASE(test_page),
	KUNIT_CASE(test_block),
	KUNIT_CASE(test_large_block),
	KUNIT_CASE(test_charged),
	KUNIT_CASE(test_compound),
	KUNIT_CASE(test_cached),
	KUNIT_CASE(test_double_free),
	KUNIT_CASE(test_double_free_while_pending),
	KUNIT_CASE(test_double_free_of_cached),
	KUNIT_CASE(test_contig),
	KUNIT_CASE(test_bulk),
	KUNIT_CASE(test_misuse),
	KUNIT_CASE(test_zeroed_without_event),
	KUNIT_CASE(test_zeroed_bulk_without_event),
	KUNIT_CASE(test_unprepared_buffer),
	KUNIT_CASE(test_locked_buffer),
	KUNIT_CASE(test_many_in_a_buffer),
	KUNIT_CASE(test_many_of_a_module),
	KUNIT_CASE(test_group),
	KUNIT_CASE(test_group_in_use),
	{}
};

static struct kunit_suite bad_frames_suite = {
	.name = "pbuddy_bad_frames",
	.init = pt_instance_begin,
	.exit = end,
	.test_cases = bad_frames_cases,
};

kunit_test_suite(bad_frames_suite);

#endif
