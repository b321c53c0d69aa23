// SPDX-License-Identifier: GPL-2.0-only
/*
 * Movable blocks of in-kernel users: operations that are unregistered while a frame of theirs gets
 * another owner.
 */
#include <kunit/test.h>
#include <linux/completion.h>
#include <linux/delay.h>
#include <linux/err.h>
#include <linux/kthread.h>
#include <linux/mm.h>
#include <linux/pbuddy.h>
#include <linux/sched.h>
#include <linux/smp.h>

#include "core/compact/movable.h"
#include "instance.h"
#include "instance_check.h"

static bool isolate_page(struct page *page, enum pbuddy_migrate_mode mode)
{
	return true;
}

static int migrate_page(struct page *dst, struct page *src, enum pbuddy_migrate_mode mode)
{
	return -EAGAIN;
}

static void putback_page(struct page *page)
{
}

static const struct pbuddy_movable_operations former = {
	.isolate_page	= isolate_page,
	.migrate_page	= migrate_page,
	.putback_page	= putback_page,
}, next = {
	.isolate_page	= isolate_page,
	.migrate_page	= migrate_page,
	.putback_page	= putback_page,
};

static int unregister(void *done)
{
	pbuddy_unregister_movable(&former);
	complete(done);
	return 0;
}

/* Starts the thread, and waits until it has found the isolated block, as far as can be told. */
static bool start_on(unsigned int cpu, struct page *page, struct completion *done)
{
	struct task_struct *thread = kthread_create(unregister, done, "pbuddy_unregister");

	if (IS_ERR(thread))
		return false;
	kthread_bind(thread, cpu);
	wake_up_process(thread);
	/* -EBUSY as long as the operations are registered. */
	while (pbuddy_page_set_movable(page, &former, NULL) != -EINVAL)
		msleep(20);
	msleep(100);
	return true;
}

/*
 * The thread waits for the end of a migration, on the CPU of the test. That runs with a higher
 * priority, so the thread does not see the block between the migration and its next owner.
 */
static void test_next_owner(struct kunit *test)
{
	struct page *page = pbuddy_alloc_page(GFP_KERNEL);
	unsigned int cpu = raw_smp_processor_id();
	DECLARE_COMPLETION_ONSTACK(done);
	unsigned long pfn;
	bool started;

	KUNIT_ASSERT_NOT_NULL(test, page);
	pfn = page_to_pfn(page);
	KUNIT_ASSERT_EQ(test, set_cpus_allowed_ptr(current, cpumask_of(cpu)), 0);
	KUNIT_ASSERT_EQ(test, pbuddy_register_movable(&former), 0);
	KUNIT_ASSERT_EQ(test, pbuddy_register_movable(&next), 0);
	KUNIT_EXPECT_EQ(test, pbuddy_page_set_movable(page, &former, NULL), 0);
	KUNIT_EXPECT_TRUE(test, pb_movable_isolate(&pb_instance, pfn, 0));
	sched_set_fifo(current);
	started = start_on(cpu, page, &done);
	KUNIT_EXPECT_TRUE(test, started);
	KUNIT_EXPECT_TRUE(test, pb_movable_putback(&pb_instance, pfn));
	/* A free and an allocation change nothing of what the owner is stored in. */
	KUNIT_EXPECT_EQ(test, pbuddy_page_set_movable(page, &next, &done), 0);
	sched_set_normal(current, 0);
	if (started)
		wait_for_completion(&done);
	KUNIT_EXPECT_TRUE(test, pb_movable_isolate(&pb_instance, pfn, 0));
	KUNIT_EXPECT_PTR_EQ(test, pbuddy_page_private(page), (void *)&done);
	KUNIT_EXPECT_TRUE(test, pb_movable_putback(&pb_instance, pfn));
	pbuddy_unregister_movable(&next);
	/* Its operations are unregistered, so the block is not movable any more. */
	KUNIT_EXPECT_FALSE(test, pb_movable_isolate(&pb_instance, pfn, 0));
	pbuddy_free_page(page);
	set_cpus_allowed_ptr(current, cpu_possible_mask);
}

static struct kunit_case movable_ops_cases[] = {
	KUNIT_CASE(test_next_owner),
	{}
};

static struct kunit_suite movable_ops_suite = {
	.name = "pbuddy_movable_ops",
	.init = pt_instance_begin,
	.exit = pt_instance_end,
	.test_cases = movable_ops_cases,
};

kunit_test_suite(movable_ops_suite);
