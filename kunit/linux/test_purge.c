// SPDX-License-Identifier: GPL-2.0-only
/* Purging of buffers in reclaim: what it does not wait for, and how long its walk over them is. */
#include <kunit/test.h>
#include <linux/err.h>
#include <linux/mm.h>
#include <linux/page_ref.h>
#include <linux/sched/mm.h>

#include "core/compact/movable.h"
#include "instance.h"
#include "instance_check.h"
#include "user/buffer.h"
#include "user/purge.h"

#define NR	64

/* A buffer that can be purged, or NULL. */
static struct pb_buffer *create(unsigned long nr_pages)
{
	const struct pb_buffer_spec spec = {
		.nr_pages = nr_pages,
		.migratetype = PB_MOVABLE,
		.label = "purge",
	};
	enum pb_reason reason;
	struct pb_buffer *buf = pb_buffer_create(&spec, &reason);
	bool retained;

	if (IS_ERR(buf))
		return NULL;
	if (!pb_purge_dontneed(buf, &retained))
		return buf;
	pb_buffer_put(buf);
	return NULL;
}

static int node_of(const struct pb_buffer *buf)
{
	return page_to_nid(pfn_to_page(buf->block[0].pfn));
}

/* As reclaim does. */
static unsigned long purge(int nid, unsigned long nr_pages)
{
	unsigned int flags = memalloc_noreclaim_save();
	unsigned long purged = pb_purge_node(nid, nr_pages, true);

	memalloc_noreclaim_restore(flags);
	return purged;
}

static bool isolate(const struct pb_buffer_block *block)
{
	return pb_movable_isolate(&pb_instance, block->pfn, block->order);
}

/*
 * A migration that waits for a lock has isolated a block. Reclaim, whose caller may have the lock,
 * does not wait, and leaves the buffer as it was.
 */
static void test_isolated(struct kunit *test)
{
	struct pb_buffer *buf = create(3);
	int nid;

	KUNIT_ASSERT_NOT_NULL(test, buf);
	nid = node_of(buf);
	KUNIT_ASSERT_EQ(test, buf->nr_blocks, 2);
	KUNIT_ASSERT_TRUE(test, isolate(&buf->block[1]));
	KUNIT_EXPECT_EQ(test, purge(nid, 1), 0);
	KUNIT_EXPECT_FALSE(test, buf->absent);
	KUNIT_EXPECT_EQ(test, pb_purge_count_node(nid), 3);
	/* The block before it can be moved again. */
	KUNIT_EXPECT_TRUE(test, isolate(&buf->block[0]));
	pb_movable_putback(&pb_instance, buf->block[0].pfn);
	pb_movable_putback(&pb_instance, buf->block[1].pfn);
	KUNIT_EXPECT_EQ(test, purge(nid, 1), 3);
	KUNIT_EXPECT_TRUE(test, buf->absent);
	KUNIT_EXPECT_EQ(test, pb_purge_count_node(nid), 0);
	pb_buffer_put(buf);
}

/* Buffers that cannot be purged are passed once. */
static void test_pinned(struct kunit *test)
{
	struct pb_buffer *buf[NR];
	unsigned long before;
	int i, nr, nid;

	for (nr = 0; nr < NR; nr++) {
		buf[nr] = create(1);
		if (!buf[nr])
			break;
		page_ref_inc(pfn_to_page(buf[nr]->block[0].pfn));
	}
	KUNIT_EXPECT_EQ(test, nr, NR);
	nid = nr ? node_of(buf[0]) : 0;
	before = pb_purge_nr_passed;
	KUNIT_EXPECT_EQ(test, purge(nid, NR), 0);
	KUNIT_EXPECT_GE(test, pb_purge_nr_passed - before, NR);
	/* Another walk may have had the same, and each the entry of the other one. */
	KUNIT_EXPECT_LE(test, pb_purge_nr_passed - before, 3 * NR);
	for (i = 0; i < nr; i++)
		page_ref_dec(pfn_to_page(buf[i]->block[0].pfn));
	/* The longest ago first. */
	KUNIT_EXPECT_EQ(test, purge(nid, NR / 2), NR / 2);
	for (i = 0; i < nr; i++) {
		KUNIT_EXPECT_EQ(test, buf[i]->absent, i < NR / 2);
		pb_buffer_put(buf[i]);
	}
}

static struct kunit_case purge_cases[] = {
	KUNIT_CASE(test_isolated),
	KUNIT_CASE(test_pinned),
	{}
};

static struct kunit_suite purge_suite = {
	.name = "pbuddy_purge",
	.init = pt_instance_begin,
	.exit = pt_instance_end,
	.test_cases = purge_cases,
};

kunit_test_suite(purge_suite);
