// SPDX-License-Identifier: GPL-2.0-only
/*
 * The pages of a buffer in each zone, which the OOM policy counts instead of blocks: the same as by
 * its blocks, whatever was done to the buffer.
 */
#include <kunit/test.h>
#include <linux/mm.h>
#include <linux/pbuddy.h>
#include <linux/sched/mm.h>
#include <linux/swap.h>

#include "core/alloc/alloc.h"
#include "core/zone/zone.h"
#include "instance.h"
#include "instance_check.h"
#include "migrate_block.h"
#include "user/buffer.h"
#include "user/purge.h"
#include "user/swap.h"
#include "user/swap_out.h"

#define PAGES	(PB_PAGEBLOCK_NR + 3)	/* three blocks; larger ones are not moved */

static struct pb_buffer *create(struct kunit *test)
{
	const struct pb_buffer_spec spec = {
		.nr_pages = PAGES, .migratetype = PB_MOVABLE, .label = "zones",
	};
	enum pb_reason reason;
	struct pb_buffer *buf = pb_buffer_create(&spec, &reason);

	KUNIT_EXPECT_FALSE(test, IS_ERR(buf));
	return IS_ERR(buf) ? NULL : buf;
}

static unsigned long walk(const struct pb_buffer *buf, const struct pb_zone *zone)
{
	unsigned long pages = 0;
	unsigned int i;

	for (i = 0; i < buf->nr_blocks; i++)
		if (pb_pfn_zone(&pb_instance, buf->block[i].pfn) == zone)
			pages += buf->block[i].nr_pages;
	return pages;
}

/* The buffer has @pages, in the zones in which its blocks are. */
static void expect_pages(struct kunit *test, const struct pb_buffer *buf, unsigned long pages)
{
	unsigned long sum = 0;
	struct pb_zone *zone;

	pb_for_each_zone(zone, &pb_instance) {
		KUNIT_EXPECT_EQ(test, pb_buffer_zone_pages(buf, zone), walk(buf, zone));
		sum += pb_buffer_zone_pages(buf, zone);
	}
	KUNIT_EXPECT_EQ(test, sum, pages);
}

/* Moves the first block to another place in its zone, as migrate.c does. */
static void move_first(struct kunit *test, struct pb_buffer *buf)
{
	const struct pb_buffer_block *block = &buf->block[0];
	struct page *dst = pbuddy_alloc_pages_node(page_to_nid(pfn_to_page(block->pfn)),
						   GFP_KERNEL | __GFP_THISNODE, block->order);
	unsigned long src = block->pfn;
	int err;

	KUNIT_EXPECT_TRUE(test, block->movable);
	KUNIT_EXPECT_NOT_NULL(test, dst);
	if (!block->movable || !dst)
		return;
	err = pt_migrate_block(pfn_to_page(src), dst, block->order);
	KUNIT_EXPECT_EQ(test, err, 0);
	KUNIT_EXPECT_EQ(test, block->pfn, err ? src : page_to_pfn(dst));
	pbuddy_free_pages(err ? dst : pfn_to_page(src), block->order);
}

static void test_moved(struct kunit *test)
{
	struct pb_buffer *buf = create(test);

	if (!buf)
		return;
	expect_pages(test, buf, PAGES);
	move_first(test, buf);
	expect_pages(test, buf, PAGES);
	pb_buffer_put(buf);
}

static unsigned long purge(int nid)
{
	unsigned int flags = memalloc_noreclaim_save();
	unsigned long purged = pb_purge_node(nid, PAGES, true);

	memalloc_noreclaim_restore(flags);
	return purged;
}

static void test_purged(struct kunit *test)
{
	struct pb_buffer *buf = create(test);
	enum pb_reason reason;
	bool retained;

	if (!buf)
		return;
	KUNIT_EXPECT_EQ(test, pb_purge_dontneed(buf, &retained), 0);
	KUNIT_EXPECT_GT(test, purge(buf->node), 0);
	KUNIT_EXPECT_TRUE(test, buf->absent);
	expect_pages(test, buf, 0);
	KUNIT_EXPECT_EQ(test, pb_purge_willneed(buf, &retained, &reason), 0);
	expect_pages(test, buf, PAGES);
	pb_buffer_put(buf);
}

/* scripts/tests/kunit.sh adds swap space where there is pbuddy_ramdisk.ko. */
static void test_swapped(struct kunit *test)
{
	enum pbuddy_swap_reason why;
	struct pb_buffer *buf;
	enum pb_reason reason;

	if (get_nr_swap_pages() < (long)PAGES)
		kunit_skip(test, "no swap space");
	buf = create(test);
	if (!buf)
		return;
	KUNIT_EXPECT_EQ(test, pb_swap_allow(buf), 0);
	mutex_lock(&buf->advise_lock);
	KUNIT_EXPECT_EQ(test, pb_swap_out_locked(buf, &why), 0);
	mutex_unlock(&buf->advise_lock);
	KUNIT_EXPECT_TRUE(test, buf->absent);
	expect_pages(test, buf, 0);
	KUNIT_EXPECT_EQ(test, pb_swap_forbid(buf, &reason), 0);
	expect_pages(test, buf, PAGES);
	pb_buffer_put(buf);
}

static struct kunit_case zone_pages_cases[] = {
	KUNIT_CASE(test_moved),
	KUNIT_CASE(test_purged),
	KUNIT_CASE(test_swapped),
	{}
};

static struct kunit_suite zone_pages_suite = {
	.name = "pbuddy_zone_pages",
	.init = pt_instance_begin,
	.exit = pt_instance_end,
	.test_cases = zone_pages_cases,
};

kunit_test_suite(zone_pages_suite);
