// SPDX-License-Identifier: GPL-2.0-only
/*
 * Resizing a node of the loaded module: pageblocks whose free pages have other users, or a memory
 * error, stay in the pool. While a node is resized, its size can be read. New memory has an extent
 * as soon as it can be allocated. A pageblock that has left the pool may come back, so it counts
 * for the restrictions of its zone.
 */
#include <kunit/test.h>
#include <linux/delay.h>
#include <linux/gfp.h>
#include <linux/jiffies.h>
#include <linux/mm.h>
#include <linux/nodemask.h>
#include <linux/page-flags.h>
#include <linux/pbuddy.h>
#include <linux/pfn.h>
#include <linux/rcupdate.h>
#include <linux/workqueue.h>

#include "api/resize.h"
#include "core/base/pfn.h"
#include "core/cache/prezero.h"
#include "core/pool/shrink.h"
#include "core/zone/restrict.h"
#include "core/zone/watermark.h"
#include "core/zone/zone.h"
#include "daemon/pool_shrinker.h"
#include "hooks/bad_frames.h"
#include "instance.h"
#include "instance_check.h"
#include "request/mirrored.h"
#include "request/resized.h"

static int pool_node(void)
{
	int nid;

	for_each_online_node(nid)
		if (pb_instance_has_memory(nid))
			return nid;
	return NUMA_NO_NODE;
}

static void call_for_pageblocks(int nid, void (*fn)(struct page *page))
{
	struct pb_zone *zone;
	unsigned long i;

	pb_for_each_node_zone(zone, &pb_instance, nid)
		for (i = 0; i < zone->nr_pageblocks; i++)
			if (pb_zone_dir_entry(zone, i))
				fn(pfn_to_page(pb_pageblock_pfn(zone, i)));
}

static unsigned long size_of(int nid)
{
	return pb_node_present_pages(&pb_instance, nid);
}

static void reference(struct page *page)
{
	get_page(page);
}

static void drop(struct page *page)
{
	put_page(page);
}

static void poison(struct page *page)
{
	SetPageHWPoison(page);
}

static void unpoison(struct page *page)
{
	ClearPageHWPoison(page);
}

/* Marks a page of each pageblock; none is given back then. */
static void expect_nothing_given(struct kunit *test, void (*mark)(struct page *page))
{
	struct pb_resize resize = { .nid = pool_node(), .pages = PB_PAGEBLOCK_NR };
	unsigned long before = size_of(resize.nid);

	call_for_pageblocks(resize.nid, mark);
	KUNIT_EXPECT_EQ(test, pb_resize_node(&resize), -EBUSY);
	KUNIT_EXPECT_EQ(test, resize.now, before);
	KUNIT_EXPECT_GE(test, resize.busy, before / 2);
	KUNIT_EXPECT_EQ(test, size_of(resize.nid), before);
}

/* As for a moment by compaction of the kernel, which takes references to pages that it finds. */
static void test_referenced(struct kunit *test)
{
	expect_nothing_given(test, reference);
	call_for_pageblocks(pool_node(), drop);
}

/* As if the errors were reported while the pageblocks were out of the pool. */
static void test_memory_error(struct kunit *test)
{
	if (!IS_ENABLED(CONFIG_MEMORY_FAILURE))
		kunit_skip(test, "pages have no flag for an error in this kernel");
	expect_nothing_given(test, poison);
	KUNIT_EXPECT_GE(test, pb_bad_frames_nr(), size_of(pool_node()) / 2 / PB_PAGEBLOCK_NR);
	pb_bad_frames_exit();
	call_for_pageblocks(pool_node(), unpoison);
	KUNIT_EXPECT_EQ(test, pb_bad_frames_init(), 0);
}

/* Down to a pageblock less and up again. */
static void test_there_and_back(struct kunit *test)
{
	struct pb_resize resize = { .nid = pool_node() };
	unsigned long before = size_of(resize.nid);
	int ret;

	resize.pages = before - PB_PAGEBLOCK_NR;
	KUNIT_ASSERT_EQ(test, pb_resize_node(&resize), 0);
	KUNIT_EXPECT_EQ(test, resize.before, before);
	KUNIT_EXPECT_EQ(test, size_of(resize.nid), before - PB_PAGEBLOCK_NR);
	pt_expect_used(test, 0);
	resize.pages = before;
	ret = pb_resize_node(&resize);
	if (ret == -ENOMEM && resize.reason == PBUDDY_RESIZE_SOURCE)
		kunit_skip(test, "the system has no pageblock to spare");
	KUNIT_EXPECT_EQ(test, ret, 0);
	KUNIT_EXPECT_EQ(test, size_of(resize.nid), before);
}

/* The first pageblock of a zone that may leave it, and comes back. */
static void test_counts_on_its_way(struct kunit *test)
{
	struct pb_zone *zone = pb_instance.all_zones->zone[0];
	struct pb_shrink shrink;
	unsigned long pfn;
	char ranges[64];

	if (zone->type == PB_ZONE_MOVABLE || READ_ONCE(zone->growable))
		kunit_skip(test, "the zone cannot shrink, or counts memory that it may grow by");
	pb_shrink_start(&shrink, zone, PB_ALLOC_NO_WATERMARKS, false);
	pfn = pb_shrink_next(&shrink);
	KUNIT_ASSERT_NE(test, pfn, PB_NO_PFN);
	/* All but this pageblock. No parameter is written, so the lock is not needed. */
	snprintf(ranges, sizeof(ranges), "0-%#llx,%#llx-%#llx", (u64)PFN_PHYS(pfn),
		 (u64)PFN_PHYS(pfn + PB_PAGEBLOCK_NR), (u64)PFN_PHYS(zone->end_pfn + 1));
	KUNIT_EXPECT_EQ(test, pb_mirrored_parse_ranges(ranges), 0);
	pb_resized();
	KUNIT_EXPECT_TRUE(test, zone->restricted & PB_RESTRICT_RELIABLE);
	pb_shrink_undo(zone, pfn);
	KUNIT_EXPECT_EQ(test, pb_mirrored_parse_ranges(""), 0);
	pb_for_each_zone(zone, &pb_instance)
		pb_zone_restrict(zone, 0);
}

/* A resize to the same size, and a read of resize=, in other threads. */
static struct pb_resize same_size;
static char *text;

static void resize_node(struct work_struct *work)
{
	pb_resize_node(&same_size);
}

static void read_sizes(struct work_struct *work)
{
	pb_resize_show(text);
}

static DECLARE_WORK(resize_work, resize_node);
static DECLARE_WORK(read_work, read_sizes);

/* The resize waits for the lock of the size, which this case holds. */
static void test_parameter_is_readable(struct kunit *test)
{
	unsigned int tries;

	same_size = (struct pb_resize) { .nid = pool_node() };
	same_size.pages = size_of(same_size.nid);
	text = (char *)get_zeroed_page(GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, text);
	KUNIT_ASSERT_EQ(test, pb_instance_lock_size(), 0);
	queue_work(system_unbound_wq, &resize_work);
	msleep(200);
	KUNIT_EXPECT_TRUE(test, work_busy(&resize_work));
	queue_work(system_unbound_wq, &read_work);
	for (tries = 0; tries < 6000 && work_busy(&read_work); tries++)
		msleep(20);
	KUNIT_EXPECT_FALSE(test, work_busy(&read_work));
	KUNIT_EXPECT_TRUE(test, work_busy(&resize_work));
	pb_instance_unlock_size();
	flush_work(&resize_work);
	flush_work(&read_work);
	KUNIT_EXPECT_EQ(test, same_size.now, same_size.pages);
	KUNIT_EXPECT_NE(test, text[0], 0);
	free_page((unsigned long)text);
}

/* ---- Extents of new memory ---- */

#define GROWN		(16 * PB_PAGEBLOCK_NR)	/* pages that the node grows by */
#define ROUNDS		20

/* A task that allocates pageblocks until the end, while the node grows. */
static struct {
	struct page	*page[GROWN >> PB_PAGEBLOCK_ORDER];
	unsigned int	nr;
	unsigned int	without_extent;
	bool		runs;
	bool		end;
} user;

static struct page *alloc_pageblock(void)
{
	return pbuddy_alloc_pages_node(pool_node(), GFP_NOWAIT | __GFP_THISNODE | __GFP_NOWARN,
				       PB_PAGEBLOCK_ORDER);
}

static void use_new_memory(struct work_struct *work)
{
	struct page *page;

	WRITE_ONCE(user.runs, true);
	while (!READ_ONCE(user.end) && user.nr < ARRAY_SIZE(user.page)) {
		page = alloc_pageblock();
		if (!page) {
			cond_resched();
			continue;
		}
		rcu_read_lock();
		user.without_extent += !pb_instance_find_extent(page_to_pfn(page));
		rcu_read_unlock();
		user.page[user.nr++] = page;
	}
}

static DECLARE_WORK(use_work, use_new_memory);

/* Returns false when the system has no memory for the node to grow. */
static bool grow_beside_user(struct kunit *test, struct pb_resize *resize)
{
	int ret;

	user.nr = 0;
	user.runs = false;
	user.end = false;
	queue_work(system_unbound_wq, &use_work);
	while (!READ_ONCE(user.runs))
		msleep(20);
	ret = pb_resize_node(resize);
	WRITE_ONCE(user.end, true);
	flush_work(&use_work);
	while (user.nr)
		pbuddy_free_pages(user.page[--user.nr], PB_PAGEBLOCK_ORDER);
	KUNIT_EXPECT_TRUE(test, !ret || resize->reason == PBUDDY_RESIZE_SOURCE);
	return !ret;
}

/* All of the node is allocated, so that the task gets new memory as soon as it is free. */
static void test_new_memory_has_extent(struct kunit *test)
{
	struct pb_resize less = { .nid = pool_node() }, more = { .nid = less.nid };
	LIST_HEAD(pages);
	struct page *page, *next;
	unsigned int round;
	bool grew = true;

	more.pages = size_of(more.nid);
	less.pages = more.pages - GROWN;
	user.without_extent = 0;
	for (round = 0; round < ROUNDS && grew; round++) {
		KUNIT_ASSERT_EQ(test, pb_resize_node(&less), 0);
		while ((page = alloc_pageblock()))
			list_add(&page->lru, &pages);
		grew = grow_beside_user(test, &more);
		list_for_each_entry_safe(page, next, &pages, lru) {
			list_del(&page->lru);
			pbuddy_free_pages(page, PB_PAGEBLOCK_ORDER);
		}
	}
	KUNIT_EXPECT_EQ(test, user.without_extent, 0U);
	if (!grew)
		kunit_skip(test, "the system has no memory to spare");
}

/* ---- Prezeroing ---- */

/* A pageblock that a work item zeroes until prezeroing is paused, or this is to end. */
static struct {
	struct pb_zone	*zone;
	unsigned long	pfn;
	void		(*zero)(struct pb_pool *pool, unsigned long pfn, unsigned long nr_pages);
	bool		end;
} zeroing;

static void prezero_pageblock(struct work_struct *work);
static DECLARE_WORK(prezero_work, prezero_pageblock);

/* The pause waits for some ticks only, so this must not sleep for longer. */
static void zero_until_pause(struct pb_pool *pool, unsigned long pfn, unsigned long nr_pages)
{
	unsigned int tries;

	if (current_work() == &prezero_work && zeroing.pfn == PB_NO_PFN) {
		WRITE_ONCE(zeroing.pfn, pfn);
		for (tries = 0; tries < 20000 && !atomic_read(&pool->prezero_paused) &&
		     !READ_ONCE(zeroing.end); tries++)
			usleep_range(1000, 2000);
	}
	zeroing.zero(pool, pfn, nr_pages);
}

/* prezero_percent stays 0, so that no node thread zeroes beside this. */
static void prezero_pageblock(struct work_struct *work)
{
	struct pb_prezero run;

	pb_prezero_start(&run, zeroing.zone);
	run.left = ULONG_MAX;
	pb_prezero_next(&run);
}

#define LEAST_WAIT	60	/* ticks; a little less than PAUSE_TICKS of prezero.c */

/*
 * Empties a pageblock that is being zeroed. @late: the resize has waited for as long as it does.
 * When it has failed then, the work item was stopped meanwhile.
 */
static int empty_beside_zeroing(struct kunit *test, struct pb_resize *resize, bool *late)
{
	unsigned long begin;
	unsigned int tries;
	int ret = -ENOENT;

	*late = false;
	zeroing.pfn = PB_NO_PFN;
	zeroing.end = false;
	queue_work(system_unbound_wq, &prezero_work);
	for (tries = 0; tries < 6000 && READ_ONCE(zeroing.pfn) == PB_NO_PFN; tries++)
		msleep(20);
	if (zeroing.pfn != PB_NO_PFN) {
		begin = jiffies;
		ret = pb_resize_empty(zeroing.pfn, zeroing.pfn + PB_PAGEBLOCK_NR, resize);
		*late = time_after(jiffies, begin + LEAST_WAIT);
	}
	WRITE_ONCE(zeroing.end, true);
	flush_work(&prezero_work);
	for (tries = 0; tries < 6000 && atomic_read(&pb_instance.prezero_paused); tries++)
		msleep(20);
	KUNIT_EXPECT_EQ(test, atomic_read(&pb_instance.prezero_paused), 0);
	return ret;
}

/* A pageblock that is being zeroed is not in the way, and has no block that cannot be moved. */
static void test_being_prezeroed(struct kunit *test)
{
	struct pb_resize resize;
	unsigned long before = size_of(pool_node());
	unsigned int tries = 0;
	bool late;
	int ret;

	zeroing.zone = pb_instance.zone[pool_node()][PB_ZONE_NORMAL] ?:
		       pb_instance.zone[pool_node()][PB_ZONE_DMA32];
	zeroing.zero = pb_instance.ops.zero;
	pb_instance.ops.zero = zero_until_pause;
	do {
		resize = (struct pb_resize) { .nid = pool_node() };
		ret = empty_beside_zeroing(test, &resize, &late);
	} while (ret && late && ++tries < 20);
	pb_instance.ops.zero = zeroing.zero;
	KUNIT_EXPECT_NE(test, zeroing.pfn, PB_NO_PFN);
	KUNIT_EXPECT_EQ(test, ret, 0);
	KUNIT_EXPECT_EQ(test, resize.before, PB_PAGEBLOCK_NR);
	KUNIT_EXPECT_EQ(test, resize.pinned, 0UL);
	resize = (struct pb_resize) { .nid = pool_node(), .pages = before };
	if (pb_resize_node(&resize) == -ENOMEM)
		kunit_skip(test, "the system has no pageblock to spare");
}

/* ---- The system's shrinker ---- */

/* Makes requests until the node is as large as it may be, or the system has no more memory. */
static void grow_by_requests(int nid, unsigned long pages)
{
	struct page *page, *next;
	LIST_HEAD(used);

	while (size_of(nid) < pages) {
		page = pbuddy_alloc_pages_node(nid, GFP_KERNEL | __GFP_THISNODE | __GFP_NOWARN,
					       PB_PAGEBLOCK_ORDER);
		if (!page)
			break;
		list_add(&page->lru, &used);
	}
	list_for_each_entry_safe(page, next, &used, lru) {
		list_del(&page->lru);
		pbuddy_free_pages(page, PB_PAGEBLOCK_ORDER);
	}
	pb_instance.ops.drain_all(&pb_instance);
}

/* Leaves a pageblock or two above the high watermark, as if the node had been much larger. */
static void raise_watermarks(int nid)
{
	struct pb_zone *zone;
	long high;

	pb_for_each_node_zone(zone, &pb_instance, nid) {
		high = pb_zone_free_pages(zone) - 2 * (long)PB_PAGEBLOCK_NR;
		WRITE_ONCE(zone->watermark[PB_WMARK_HIGH], max(high, 0L));
		pb_zone_update_fast_watermark(zone);
	}
}

/* Before it would purge buffers, it has the watermarks follow the size. */
static void test_shrinker_sets_watermarks(struct kunit *test)
{
	struct pb_resize resize = { .nid = pool_node() };
	unsigned long before = size_of(resize.nid), spare;

	resize.pages = before - GROWN;
	resize.max_pages = before;
	KUNIT_ASSERT_EQ(test, pb_resize_node(&resize), 0);
	grow_by_requests(resize.nid, before);
	spare = pb_resize_spare(resize.nid);
	raise_watermarks(resize.nid);
	KUNIT_EXPECT_EQ(test, pb_pool_shrinker_give(resize.nid, spare), spare);
	KUNIT_EXPECT_EQ(test, size_of(resize.nid), before - GROWN);
	resize.pages = before;
	pb_resize_node(&resize);
	if (spare < GROWN)
		kunit_skip(test, "the system has no memory to spare");
}

static struct kunit_case resize_cases[] = {
	KUNIT_CASE(test_referenced),
	KUNIT_CASE(test_memory_error),
	KUNIT_CASE(test_there_and_back),
	KUNIT_CASE(test_counts_on_its_way),
	KUNIT_CASE(test_parameter_is_readable),
	KUNIT_CASE(test_new_memory_has_extent),
	KUNIT_CASE(test_being_prezeroed),
	KUNIT_CASE(test_shrinker_sets_watermarks),
	{}
};

static struct kunit_suite resize_suite = {
	.name = "pbuddy_resize",
	.init = pt_instance_begin,
	.exit = pt_instance_end,
	.test_cases = resize_cases,
};

kunit_test_suite(resize_suite);
