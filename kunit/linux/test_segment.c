// SPDX-License-Identifier: GPL-2.0-only
/* The segments of a buffer: a task that waits for its lock can be killed. */
#include <kunit/test.h>
#include <linux/completion.h>
#include <linux/err.h>
#include <linux/jiffies.h>
#include <linux/kthread.h>
#include <linux/rwsem.h>
#include <linux/sched/signal.h>
#include <linux/sched/task.h>

#include "instance_check.h"
#include "user/buffer.h"
#include "user/segment.h"

#define LONG	(60 * HZ)	/* ends a test that fails */

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

static struct kunit_case segment_cases[] = {
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
