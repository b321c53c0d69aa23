// SPDX-License-Identifier: GPL-2.0-only
/*
 * Groups: what reads or writes a parameter of groups does not wait for memory that is being given,
 * since the lock of the parameters is held meanwhile.
 */
#include <kunit/test.h>
#include <linux/completion.h>
#include <linux/err.h>
#include <linux/jiffies.h>
#include <linux/kthread.h>
#include <linux/pbuddy.h>
#include <linux/sched.h>
#include <linux/slab.h>

#include "api/group.h"
#include "core/base/order.h"
#include "instance.h"
#include "instance_check.h"

#define CGROUP		(~0ULL)		/* no cgroup has this id */
#define LONG		(60 * HZ)	/* ends a test that fails */

static struct task_struct *giver;
static DECLARE_COMPLETION(reclaiming);
static DECLARE_COMPLETION(go_on);
static DECLARE_COMPLETION(given);
static DECLARE_COMPLETION(was_read);
static bool was_found, is_strict;

static unsigned long count_pages(struct pbuddy_reclaimer *unused, struct pbuddy_reclaim_control *rc)
{
	return 1024;
}

/* The task that gives waits here, with all of its locks. */
static unsigned long scan_pages(struct pbuddy_reclaimer *unused, struct pbuddy_reclaim_control *rc)
{
	if (current == giver) {
		complete(&reclaiming);
		wait_for_completion(&go_on);
	}
	return PBUDDY_RECLAIM_STOP;
}

static struct pbuddy_reclaimer reclaimer = {
	.name		= "pbuddy_test_group",
	.count_pages	= count_pages,
	.scan_pages	= scan_pages,
	.seeks		= PBUDDY_DEFAULT_SEEKS,
};

/* Gives more than there is, so that memory is reclaimed for it. */
static int give(void *unused)
{
	unsigned long done;

	pb_group_give(CGROUP, 0, PB_PAGEBLOCK_ORDER, pb_instance_pages() >> PB_PAGEBLOCK_ORDER,
		      &done);
	complete(&given);
	return 0;
}

static int read_and_write(void *arg)
{
	struct pb_group_info *info = arg;

	pb_group_set_strict(CGROUP, true);
	was_found = pb_group_nth(0, info) && info->cgroup == CGROUP;
	is_strict = info->strict;
	complete(&was_read);
	return 0;
}

static bool start(int (*fn)(void *arg), void *arg, struct task_struct **task)
{
	*task = kthread_create(fn, arg, "pbuddy_test_group");
	if (IS_ERR(*task))
		return false;
	wake_up_process(*task);
	return true;
}

static void test_read_while_given(struct kunit *test)
{
	struct pb_group_info *info = kunit_kzalloc(test, sizeof(*info), GFP_KERNEL);
	struct task_struct *reader;
	unsigned long done;

	KUNIT_ASSERT_NOT_NULL(test, info);
	KUNIT_ASSERT_EQ(test, pbuddy_register_reclaimer(&reclaimer), 0);
	if (start(give, NULL, &giver)) {
		KUNIT_EXPECT_TRUE(test, wait_for_completion_timeout(&reclaiming, LONG));
		if (start(read_and_write, info, &reader)) {
			KUNIT_EXPECT_TRUE(test, wait_for_completion_timeout(&was_read, LONG));
			KUNIT_EXPECT_FALSE(test, completion_done(&given));
			complete_all(&go_on);
			wait_for_completion(&given);
			KUNIT_EXPECT_TRUE(test, was_found);
			KUNIT_EXPECT_TRUE(test, is_strict);
		}
		complete_all(&go_on);
	}
	pbuddy_unregister_reclaimer(&reclaimer);
	pb_group_take(CGROUP, NUMA_NO_NODE, PB_PAGEBLOCK_ORDER, ULONG_MAX, &done);
	KUNIT_EXPECT_FALSE(test, pb_group_nth(0, info));
}

/* The files of the parameters exist longer than the pool, so nothing of it is read then. */
static void test_without_pool(struct kunit *test)
{
	unsigned long done;

	pb_group_exit();
	/* With a pool: -EINVAL for no block, and -ENOENT for no group. */
	KUNIT_EXPECT_EQ(test, pb_group_give(CGROUP, 0, PB_PAGEBLOCK_ORDER, 0, &done), -ENODEV);
	KUNIT_EXPECT_EQ(test, pb_group_take(CGROUP, 0, PB_PAGEBLOCK_ORDER, 1, &done), -ENODEV);
	KUNIT_EXPECT_EQ(test, pb_group_take(CGROUP, NUMA_NO_NODE, PB_PAGEBLOCK_ORDER, ULONG_MAX,
					    &done), -ENODEV);
	pb_group_init();
	KUNIT_EXPECT_EQ(test, pb_group_give(CGROUP, 0, PB_PAGEBLOCK_ORDER, 0, &done), -EINVAL);
}

static struct kunit_case group_cases[] = {
	KUNIT_CASE(test_read_while_given),
	KUNIT_CASE(test_without_pool),
	{}
};

static struct kunit_suite group_suite = {
	.name = "pbuddy_group",
	.init = pt_instance_begin,
	.exit = pt_instance_end,
	.test_cases = group_cases,
};

kunit_test_suite(group_suite);
