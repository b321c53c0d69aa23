// SPDX-License-Identifier: GPL-2.0-only
/*
 * Fault injection for requests: the debugfs directory fail_pbuddy/ with the files of
 * fail_page_alloc/, and /proc/PID/fail-nth. Only with CONFIG_FAULT_INJECTION. As
 * mm/fail_page_alloc.c.
 *
 * The fast path does not test for an injected failure. Therefore it is disabled while the
 * probability is above 0. To use fail-nth alone, set times to 0 and probability to 100.
 */
#include "hooks/fault_inject.h"

#ifdef CONFIG_FAULT_INJECTION
#include <linux/debugfs.h>
#include <linux/err.h>
#include <linux/fault-inject.h>
#include <linux/mutex.h>
#include <linux/preempt.h>

#include "compat.h"
#include "request/percpu_zone.h"

static struct {
	struct fault_attr	attr;
	bool			ignore_gfp_highmem;
	bool			ignore_gfp_wait;
	u32			min_order;
} fail_pbuddy = {
	.attr = FAULT_ATTR_INITIALIZER,
	.ignore_gfp_highmem = true,
	.ignore_gfp_wait = true,
	.min_order = 1,
};

/**
 * pb_fault_set_probability - set the probability of a failure
 * @value: in percent
 *
 * Holds one count of pb_slowpath_key while the probability is above 0.
 *
 * Context: process, may sleep.
 */
void pb_fault_set_probability(unsigned long value)
{
	static DEFINE_MUTEX(lock);

	mutex_lock(&lock);
	if (value && !fail_pbuddy.attr.probability)
		pb_slowpath_inc();
	if (!value && fail_pbuddy.attr.probability)
		pb_slowpath_dec();
	WRITE_ONCE(fail_pbuddy.attr.probability, value);
	mutex_unlock(&lock);
}
EXPORT_SYMBOL_PB_TEST(pb_fault_set_probability);

static int probability_set(void *data, u64 value)
{
	pb_fault_set_probability(value);
	return 0;
}

static int probability_get(void *data, u64 *value)
{
	*value = READ_ONCE(fail_pbuddy.attr.probability);
	return 0;
}
DEFINE_DEBUGFS_ATTRIBUTE(probability_fops, probability_get, probability_set, "%llu\n");

/**
 * __pb_should_fail - whether to inject a failure of a request
 * @gfp: flags as passed by the caller
 * @order: order of the request
 *
 * Context: any. Requests in an NMI do not fail, because the random numbers and the report have
 * locks, and on PREEMPT_RT requests with preemption off, as these locks sleep. As
 * should_fail_alloc_page() in mm/fail_page_alloc.c.
 *
 * Return: true if the request has to fail.
 */
bool __pb_should_fail(gfp_t gfp, unsigned int order)
{
	if (order < fail_pbuddy.min_order || gfp & __GFP_NOFAIL || in_nmi() || !pb_may_lock())
		return false;
	if (fail_pbuddy.ignore_gfp_highmem && gfp & __GFP_HIGHMEM)
		return false;
	if (fail_pbuddy.ignore_gfp_wait && gfp & __GFP_DIRECT_RECLAIM)
		return false;
	return should_fail(&fail_pbuddy.attr, 1 << min(order, 30U));
}

/**
 * pb_fault_init - create fail_pbuddy/
 * @parent: debugfs directory; its removal removes fail_pbuddy/ too
 *
 * Context: process, may sleep.
 */
void pb_fault_init(struct dentry *parent)
{
	struct dentry *dir = fault_create_debugfs_attr("fail_pbuddy", parent, &fail_pbuddy.attr);

	if (IS_ERR(dir))
		return;
	/* Replace the kernel's file: a write to it does not change pb_slowpath_key. */
	debugfs_lookup_and_remove("probability", dir);
	debugfs_create_file("probability", 0600, dir, NULL, &probability_fops);
	debugfs_create_bool("ignore-gfp-wait", 0600, dir, &fail_pbuddy.ignore_gfp_wait);
	debugfs_create_bool("ignore-gfp-highmem", 0600, dir, &fail_pbuddy.ignore_gfp_highmem);
	debugfs_create_u32("min-order", 0600, dir, &fail_pbuddy.min_order);
}

/**
 * pb_fault_exit - stop injecting failures and drop the count of pb_slowpath_key
 *
 * Context: process, may sleep.
 */
void pb_fault_exit(void)
{
	pb_fault_set_probability(0);
}
#endif
