// SPDX-License-Identifier: GPL-2.0-only
/* OOM policy "kill": a request looks for the memory of a victim before another is selected. */
#include <kunit/test.h>
#include <linux/completion.h>
#include <linux/delay.h>
#include <linux/err.h>
#include <linux/kthread.h>
#include <linux/sched/signal.h>
#include <linux/sched/task.h>

#include "core/base/request.h"
#include "daemon/oom.h"
#include "instance.h"
#include "instance_check.h"

#define LONG_MS		180000	/* ends a test that fails */

#define FOR_EVER	(3600UL * HZ)

static const struct pb_request request = { .highest_zone = PB_ZONE_MOVABLE };

struct dying {
	struct completion	is_victim;
	struct completion	may_exit;
	bool			progress;
	bool			reserve;
};

/* A dying task becomes the victim, if there is none, and may use the reserve. */
static int die(void *arg)
{
	struct dying *d = arg;

	allow_signal(SIGKILL);
	send_sig(SIGKILL, current, 1);
	d->progress = pb_oom(&pb_instance, &request);
	d->reserve = pb_oom_victim(&pb_instance);
	complete(&d->is_victim);
	wait_for_completion(&d->may_exit);
	return 0;
}

static bool exits(struct task_struct *task)
{
	unsigned int ms;

	for (ms = 0; ms < LONG_MS && !READ_ONCE(task->exit_state); ms += 20)
		msleep(20);
	return READ_ONCE(task->exit_state);
}

/* Returns the task after its request; exit_of() ends it. */
static struct task_struct *begin_dying(struct kunit *test, struct dying *d)
{
	struct task_struct *thread;

	*d = (struct dying) {};
	init_completion(&d->is_victim);
	init_completion(&d->may_exit);
	thread = kthread_create(die, d, "pbuddy_victim");
	if (IS_ERR(thread)) {
		KUNIT_FAIL(test, "no thread: %ld", PTR_ERR(thread));
		return NULL;
	}
	get_task_struct(thread);
	wake_up_process(thread);
	wait_for_completion(&d->is_victim);
	KUNIT_EXPECT_TRUE(test, d->progress);
	KUNIT_EXPECT_TRUE(test, d->reserve);
	return thread;
}

static void exit_of(struct kunit *test, struct task_struct *thread, struct dying *d)
{
	complete(&d->may_exit);
	KUNIT_EXPECT_TRUE(test, exits(thread));
	put_task_struct(thread);
}

static bool may_free(void)
{
	return pb_oom(&pb_instance, &request);
}

/* No process holds memory, so none can be selected. */
static void test_victim_has_exited(struct kunit *test)
{
	struct task_struct *thread;
	struct dying d;

	KUNIT_ASSERT_EQ(test, pb_oom_set_policy("kill"), 0);
	KUNIT_EXPECT_FALSE(test, may_free());
	thread = begin_dying(test, &d);
	if (thread) {
		/* Wait for it, as often as it takes. */
		KUNIT_EXPECT_TRUE(test, may_free());
		KUNIT_EXPECT_TRUE(test, may_free());
		KUNIT_EXPECT_FALSE(test, pb_oom_victim(&pb_instance));
		exit_of(test, thread, &d);
		/* Look for its memory, once. */
		KUNIT_EXPECT_TRUE(test, may_free());
		KUNIT_EXPECT_FALSE(test, may_free());
	}
	KUNIT_EXPECT_EQ(test, pb_oom_set_policy("fail"), 0);
}

/* Another task that dies, and has exited first, does not end the wait for the victim. */
static void test_victim_is_kept(struct kunit *test)
{
	struct task_struct *thread, *other;
	struct dying d, other_d;

	KUNIT_ASSERT_EQ(test, pb_oom_set_policy("kill"), 0);
	thread = begin_dying(test, &d);
	other = begin_dying(test, &other_d);
	if (other)
		exit_of(test, other, &other_d);
	if (thread) {
		KUNIT_EXPECT_TRUE(test, may_free());
		KUNIT_EXPECT_TRUE(test, may_free());
		exit_of(test, thread, &d);
		KUNIT_EXPECT_TRUE(test, may_free());
		KUNIT_EXPECT_FALSE(test, may_free());
	}
	KUNIT_EXPECT_EQ(test, pb_oom_set_policy("fail"), 0);
}

/* In time the victim does not matter any more: another dying task becomes the victim. */
static void test_victim_is_stuck(struct kunit *test)
{
	struct task_struct *stuck, *other;
	struct dying d, other_d;

	KUNIT_ASSERT_EQ(test, pb_oom_set_policy("kill"), 0);
	stuck = begin_dying(test, &d);
	if (stuck) {
		KUNIT_EXPECT_TRUE(test, may_free());
		WRITE_ONCE(pb_oom_victim_ticks, 1);
		msleep(100);
		/* Another process may be killed, but none has memory. */
		KUNIT_EXPECT_FALSE(test, may_free());
		other = begin_dying(test, &other_d);
		WRITE_ONCE(pb_oom_victim_ticks, FOR_EVER);
		KUNIT_EXPECT_TRUE(test, may_free());
		exit_of(test, stuck, &d);
		KUNIT_EXPECT_TRUE(test, may_free());
		KUNIT_EXPECT_TRUE(test, may_free());
		if (other) {
			exit_of(test, other, &other_d);
			KUNIT_EXPECT_TRUE(test, may_free());
		}
		KUNIT_EXPECT_FALSE(test, may_free());
	}
	KUNIT_EXPECT_EQ(test, pb_oom_set_policy("fail"), 0);
}

static struct kunit_case oom_cases[] = {
	KUNIT_CASE(test_victim_has_exited),
	KUNIT_CASE(test_victim_is_kept),
	KUNIT_CASE(test_victim_is_stuck),
	{}
};

/* However slow the machine is, a victim is waited for unless a case says otherwise. */
static int oom_init(struct kunit *test)
{
	WRITE_ONCE(pb_oom_victim_ticks, FOR_EVER);
	return pt_instance_begin(test);
}

static void oom_exit(struct kunit *test)
{
	WRITE_ONCE(pb_oom_victim_ticks, 10 * HZ);
	pt_instance_end(test);
}

static struct kunit_suite oom_suite = {
	.name = "pbuddy_oom",
	.init = oom_init,
	.exit = oom_exit,
	.test_cases = oom_cases,
};

kunit_test_suite(oom_suite);
