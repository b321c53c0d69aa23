// SPDX-License-Identifier: GPL-2.0-only
/* Purging of buffers in reclaim: what it does not wait for, and how long its walk over them is. */
#include <kunit/test.h>
#include <linux/completion.h>
#include <linux/delay.h>
#include <linux/err.h>
#include <linux/fs.h>
#include <linux/kthread.h>
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

/* A task that reclaims. */
struct reclaim {
	struct completion	done;
	int			nid;
	unsigned long		purged;
};

static int reclaim(void *arg)
{
	struct reclaim *r = arg;

	r->purged = purge(r->nid, 1);
	complete(&r->done);
	return 0;
}

static bool wait_until_free(struct kunit *test)
{
	unsigned int i;

	for (i = 0; i < 6000 && pt_instance_used(test); i++)
		msleep(20);
	return !pt_instance_used(test);
}

/*
 * The file of a buffer is closed while reclaim, which waits for i_mmap_rwsem, has a reference. A
 * block is isolated, for which the end of the buffer waits, and reclaim does not.
 */
static void test_last_reference(struct kunit *test)
{
	static struct address_space mapping;
	struct pb_buffer *buf = create(1);
	struct task_struct *task;
	unsigned long pfn, left;
	struct reclaim r;

	KUNIT_ASSERT_NOT_NULL(test, buf);
	/* Its creation allocates memory, so it precedes the lock that reclaim takes. */
	task = kthread_create(reclaim, &r, "pbuddy_reclaim");
	KUNIT_ASSERT_FALSE(test, IS_ERR(task));
	pfn = buf->block[0].pfn;
	r.nid = node_of(buf);
	init_completion(&r.done);
	address_space_init_once(&mapping);
	WRITE_ONCE(buf->mapping, &mapping);
	KUNIT_ASSERT_TRUE(test, isolate(&buf->block[0]));
	i_mmap_lock_write(&mapping);
	wake_up_process(task);
	/* It has the lock of the buffer, too. */
	while (!rwsem_is_locked(&buf->frames))
		msleep(20);
	pb_buffer_put(buf);
	i_mmap_unlock_write(&mapping);
	left = wait_for_completion_timeout(&r.done, 60 * HZ);
	pb_movable_putback(&pb_instance, pfn);
	if (!left)
		wait_for_completion(&r.done);
	KUNIT_EXPECT_GT(test, left, 0);
	KUNIT_EXPECT_EQ(test, r.purged, 0);
	KUNIT_EXPECT_TRUE(test, wait_until_free(test));
}

static struct kunit_case purge_cases[] = {
	KUNIT_CASE(test_isolated),
	KUNIT_CASE(test_pinned),
	KUNIT_CASE(test_last_reference),
	{}
};

static struct kunit_suite purge_suite = {
	.name = "pbuddy_purge",
	.init = pt_instance_begin,
	.exit = pt_instance_end,
	.test_cases = purge_cases,
};

kunit_test_suite(purge_suite);
