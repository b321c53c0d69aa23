// SPDX-License-Identifier: GPL-2.0-only
/*
 * The limits of accounts, and the log of requests that exceed one.
 *
 * Each user has a limit: account_limit_kbytes, or without a setting half of the pool, as large as
 * it may become. That default does not hold for root, nor for tasks with CAP_SYS_RESOURCE in the
 * initial user namespace, because the privileged programs of an existing configuration may use the
 * whole pool. A limit that was set holds for all.
 *
 * All accounts together have a limit too, so that kernel_reserve percent of the pages that the pool
 * has are left for allocations that are not charged. It does not hold for tasks with
 * CAP_SYS_RESOURCE. A request that may grow the pool does so before this limit refuses it
 * (account_grow.c).
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/kernel.h>
#include <linux/module.h>
#include <linux/printk.h>
#include <linux/ratelimit.h>
#include <linux/sched.h>
#include <linux/string.h>
#include <linux/sysfs.h>
#include <linux/user_namespace.h>

#include "api/account_limit.h"
#include "api/account_stock.h"
#include "core/zone/zone.h"
#include "instance.h"

#define DEFAULT_SHARE	2		/* one part in so many */
#define UNLIMITED	ULONG_MAX
#define K(pages)	((pages) << (PAGE_SHIFT - 10))

/* ---- Parameters ---- */

unsigned long pb_account_limit_kbytes;	/* 0: the default share */
EXPORT_SYMBOL_PB_TEST(pb_account_limit_kbytes);

/**
 * pb_account_set_limit - set account_limit_kbytes
 * @kbytes: the limit of a user; 0: the default share; ULONG_MAX: none
 *
 * Context: any.
 */
void pb_account_set_limit(unsigned long kbytes)
{
	WRITE_ONCE(pb_account_limit_kbytes, kbytes);
	pb_account_stock_invalidate();
}
EXPORT_SYMBOL_PB_TEST(pb_account_set_limit);

static int set_limit(const char *text, const struct kernel_param *param)
{
	unsigned long value;
	int ret = 0;

	if (sysfs_streq(text, "unlimited"))
		value = UNLIMITED;
	else if (sysfs_streq(text, "default"))
		value = 0;
	else
		ret = kstrtoul(text, 0, &value);
	if (ret) {
		pr_err("%s: bad value \"%.*s\": a number, \"unlimited\" or \"default\" is expected\n",
		       param->name, (int)strcspn(text, "\n"), text);
		return ret;
	}
	pb_account_set_limit(value);
	return 0;
}

static int get_limit(char *buf, const struct kernel_param *param)
{
	unsigned long value = READ_ONCE(pb_account_limit_kbytes);

	if (!value)
		return sysfs_emit(buf, "default\n");
	if (value == UNLIMITED)
		return sysfs_emit(buf, "unlimited\n");
	return sysfs_emit(buf, "%lu\n", value);
}

static const struct kernel_param_ops limit_ops = { .set = set_limit, .get = get_limit };
module_param_cb(account_limit_kbytes, &limit_ops, NULL, 0644);
MODULE_PARM_DESC(account_limit_kbytes, "KiB that one user, with the user namespaces it owns, may have of buffers and of allocations with __GFP_ACCOUNT: a number, unlimited, or default: half of the pool, as large as it may become, but for root and for tasks with CAP_SYS_RESOURCE no limit");

static unsigned int kernel_reserve = 6;

static int set_reserve(const char *text, const struct kernel_param *param)
{
	unsigned int value;
	int ret = kstrtouint(text, 0, &value);

	if (!ret && value > 100)
		ret = -EINVAL;
	if (ret) {
		pr_err("%s: bad number \"%.*s\": 0 to 100 is expected\n", param->name,
		       (int)strcspn(text, "\n"), text);
		return ret;
	}
	WRITE_ONCE(kernel_reserve, value);
	pb_account_stock_invalidate();
	return 0;
}

static const struct kernel_param_ops reserve_ops = {
	.set = set_reserve, .get = param_get_uint,
};
module_param_cb(kernel_reserve, &reserve_ops, &kernel_reserve, 0644);
MODULE_PARM_DESC(kernel_reserve, "percent of the pool that programs without CAP_SYS_RESOURCE leave to the kernel, 0 to 100 (default: 6)");

/* ---- Limits ---- */

/* As the pool is now: fewer than pb_instance_pages() until it has grown. */
static unsigned long pool_pages(void)
{
	unsigned long pages = 0;
	struct pb_zone *zone;

	pb_for_each_any_zone(zone, &pb_instance)
		pages += READ_ONCE(zone->present_pages);
	return pages;
}

/**
 * pb_account_limit_of - the limit of a user
 * @uid: the user
 * @privileged: the task has CAP_SYS_RESOURCE in the initial user namespace
 *
 * Context: any.
 * Return: pages; ULONG_MAX: no limit.
 */
unsigned long pb_account_limit_of(kuid_t uid, bool privileged)
{
	unsigned long kbytes = READ_ONCE(pb_account_limit_kbytes);

	if (kbytes == UNLIMITED)
		return ULONG_MAX;
	if (kbytes)
		return kbytes >> (PAGE_SHIFT - 10);
	return privileged || uid_eq(uid, GLOBAL_ROOT_UID) ? ULONG_MAX :
		pb_instance_pages() / DEFAULT_SHARE;
}

/**
 * pb_account_limit_of_all - the limit of all accounts together
 * @privileged: the task has CAP_SYS_RESOURCE in the initial user namespace
 *
 * Context: any.
 * Return: pages; ULONG_MAX: no limit.
 */
unsigned long pb_account_limit_of_all(bool privileged)
{
	unsigned int reserve = READ_ONCE(kernel_reserve);

	return privileged || !reserve ? ULONG_MAX : mult_frac(pool_pages(), 100UL - reserve, 100UL);
}

/**
 * pb_account_pages_lacking - the pages that the pool lacks until all accounts may have so many
 * @charged: pages of all accounts
 *
 * Context: any.
 * Return: pages; 0 if they may, or never may.
 */
unsigned long pb_account_pages_lacking(unsigned long charged)
{
	unsigned int reserve = READ_ONCE(kernel_reserve);
	unsigned long now = pool_pages(), wanted;

	if (reserve == 100)
		return 0;
	wanted = DIV_ROUND_UP(charged * 100, 100 - reserve);
	return wanted > now && wanted <= pb_instance_pages() ? wanted - now : 0;
}

/* ---- The log ---- */

static void report_user(unsigned long nr_pages, const struct pb_account_excess *excess)
{
	unsigned long set = READ_ONCE(pb_account_limit_kbytes);

	pr_warn("%s[%d]: %lukB refused: user %u has %lukB and may have %lukB, by %s\n",
		current->comm, task_pid_nr(current), K(nr_pages),
		from_kuid_munged(&init_user_ns, excess->uid), K(excess->charged), K(excess->limit),
		set ? "account_limit_kbytes" :
		      "the default share of a user, half of the pool (account_limit_kbytes)");
}

/**
 * pb_account_report - log that a program's request would exceed a limit
 * @nr_pages: pages requested
 * @excess: the limit
 *
 * Rate limited.
 * Context: process.
 */
void pb_account_report(unsigned long nr_pages, const struct pb_account_excess *excess)
{
	static DEFINE_RATELIMIT_STATE(limit, 10 * HZ, 5);

	if (!__ratelimit(&limit))
		return;
	if (excess->cgroup)
		pr_warn("%s[%d]: %lukB refused: by dmem.max of its cgroup\n", current->comm,
			task_pid_nr(current), K(nr_pages));
	else if (uid_valid(excess->uid))
		report_user(nr_pages, excess);
	else
		pr_warn("%s[%d]: %lukB refused: programs have %lukB and may have %lukB, by kernel_reserve\n",
			current->comm, task_pid_nr(current), K(nr_pages), K(excess->charged),
			K(excess->limit));
}
