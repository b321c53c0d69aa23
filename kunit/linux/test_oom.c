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

#define LONG_MS	60000	/* ends a test that fails */

static const struct pb_request request = { .highest_zone = PB_ZONE_MOVABLE };

struct dying {
	struct completion	is_victim;
	struct completion	may_exit;
	bool			progress;
};

/* A dying task becomes the victim. */
static int die(void *arg)
{
	struct dying *d = arg;

	allow_signal(SIGKILL);
	send_sig(SIGKILL, current, 1);
	d->progress = pb_oom(&pb_instance, &request);
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

/* No process holds memory, so none can be selected. */
static void test_victim_has_exited(struct kunit *test)
{
	struct task_struct *thread;
	struct dying d = {};

	init_completion(&d.is_victim);
	init_completion(&d.may_exit);
	KUNIT_ASSERT_EQ(test, pb_oom_set_policy("kill"), 0);
	KUNIT_EXPECT_FALSE(test, pb_oom(&pb_instance, &request));
	thread = kthread_create(die, &d, "pbuddy_victim");
	if (!IS_ERR(thread)) {
		get_task_struct(thread);
		wake_up_process(thread);
		wait_for_completion(&d.is_victim);
		KUNIT_EXPECT_TRUE(test, d.progress);
		/* Wait for it, as often as it takes. */
		KUNIT_EXPECT_TRUE(test, pb_oom(&pb_instance, &request));
		KUNIT_EXPECT_TRUE(test, pb_oom(&pb_instance, &request));
		complete(&d.may_exit);
		KUNIT_EXPECT_TRUE(test, exits(thread));
		put_task_struct(thread);
		/* Look for its memory, once. */
		KUNIT_EXPECT_TRUE(test, pb_oom(&pb_instance, &request));
		KUNIT_EXPECT_FALSE(test, pb_oom(&pb_instance, &request));
	}
	KUNIT_EXPECT_EQ(test, pb_oom_set_policy("fail"), 0);
	KUNIT_EXPECT_FALSE(test, IS_ERR(thread));
}

static struct kunit_case oom_cases[] = {
	KUNIT_CASE(test_victim_has_exited),
	{}
};

static struct kunit_suite oom_suite = {
	.name = "pbuddy_oom",
	.init = pt_instance_begin,
	.exit = pt_instance_end,
	.test_cases = oom_cases,
};

kunit_test_suite(oom_suite);
