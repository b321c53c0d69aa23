// SPDX-License-Identifier: GPL-2.0-only
/*
 * The segments of a buffer: searches for the extents of its pages, and a task that waits for its
 * lock can be killed.
 */
#include <kunit/test.h>
#include <linux/atomic.h>
#include <linux/completion.h>
#include <linux/err.h>
#include <linux/jiffies.h>
#include <linux/kthread.h>
#include <linux/rwsem.h>
#include <linux/sched/signal.h>
#include <linux/sched/task.h>

#include "instance.h"
#include "instance_check.h"
#include "source/source.h"
#include "user/buffer.h"
#include "user/segment.h"

#define LONG	(60 * HZ)	/* ends a test that fails */
#define MAX_SEARCHES	8	/* a few extents */

struct waiter {
	struct pb_buffer	*buf;
	struct completion	ready;
	struct completion	done;
	int			ret;
};

static int wait_for_segment(void *arg)
{
	struct waiter *w = arg;
	struct pb_segment_iter iter = { .buf = w->buf };
	struct pb_segment segment;

	allow_signal(SIGKILL);
	complete(&w->ready);
	w->ret = pb_segment_next(&iter, &segment);
	complete_all(&w->done);
	return 0;
}

static void test_killable(struct kunit *test)
{
	const struct pb_buffer_spec spec = {
		.nr_pages = 1, .migratetype = PB_MOVABLE, .label = "test",
	};
	struct waiter w = {};
	struct task_struct *thread;
	enum pb_reason reason;

	w.buf = pb_buffer_create(&spec, &reason);
	KUNIT_ASSERT_FALSE(test, IS_ERR(w.buf));
	init_completion(&w.ready);
	init_completion(&w.done);
	thread = kthread_create(wait_for_segment, &w, "pbuddy_waiter");
	down_write(&w.buf->frames);
	if (!IS_ERR(thread)) {
		get_task_struct(thread);
		wake_up_process(thread);
		wait_for_completion(&w.ready);
		send_sig(SIGKILL, thread, 1);
		KUNIT_EXPECT_TRUE(test, wait_for_completion_timeout(&w.done, LONG));
	}
	up_write(&w.buf->frames);
	if (!IS_ERR(thread)) {
		wait_for_completion(&w.done);
		put_task_struct(thread);
		KUNIT_EXPECT_EQ(test, w.ret, -EINTR);
	}
	pb_buffer_put(w.buf);
}

/* ---- Searches for extents ---- */

/* Creates a buffer and looks up all its pages; returns how often the list was searched for them. */
static long searches(struct kunit *test)
{
	const struct pb_buffer_spec spec = {
		.nr_pages = PB_PAGEBLOCK_NR, .migratetype = PB_UNMOVABLE, .label = "test",
	};
	long before = atomic_long_read(&pb_instance_nr_searches), after;
	struct pb_pinnable known = { 0 };
	struct pb_buffer *buf;
	enum pb_reason reason;
	unsigned int i, k;

	buf = pb_buffer_create(&spec, &reason);
	KUNIT_EXPECT_FALSE(test, IS_ERR(buf));
	if (IS_ERR(buf))
		return -1;
	for (i = 0; i < buf->nr_blocks; i++)
		for (k = 0; k < buf->block[i].nr_pages; k++)
			KUNIT_EXPECT_FALSE(test, pb_instance_unpinnable(buf->block[i].pfn + k,
									&known));
	after = atomic_long_read(&pb_instance_nr_searches);
	pb_buffer_put(buf);
	return after - before;
}

/* Not for each page: not at all without unpinnable memory, else when the extent is another one. */
static void test_extent_searches(struct kunit *test)
{
	const struct pb_source_ops source = { .name = "test", .unpinnable = true };
	struct pb_extent extent = {
		.start_pfn = round_down(ULONG_MAX >> PAGE_SHIFT, PB_PAGEBLOCK_NR),
		.nr_pages = PB_PAGEBLOCK_NR,
		.nid = NUMA_NO_NODE, .source = &source, .node = LIST_HEAD_INIT(extent.node),
	};

	long nr;

	KUNIT_ASSERT_EQ(test, pb_instance_lock_size(), 0);
	KUNIT_EXPECT_EQ(test, searches(test), 0);
	pb_instance_add_extent(&extent);
	nr = searches(test);
	KUNIT_EXPECT_GT(test, nr, 0);
	KUNIT_EXPECT_LE(test, nr, MAX_SEARCHES);
	pb_instance_remove_extent(&extent);
	KUNIT_EXPECT_EQ(test, searches(test), 0);
	pb_instance_unlock_size();
}

static struct kunit_case segment_cases[] = {
	KUNIT_CASE(test_extent_searches),
	KUNIT_CASE(test_killable),
	{}
};

static struct kunit_suite segment_suite = {
	.name = "pbuddy_segment",
	.init = pt_instance_begin,
	.exit = pt_instance_end,
	.test_cases = segment_cases,
};

kunit_test_suite(segment_suite);
