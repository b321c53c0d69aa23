// SPDX-License-Identifier: GPL-2.0-only
/*
 * pbuddy_planted: commits the bug of the parameter bug=NAME once when it is loaded.
 * scripts/detectors loads it with each name and expects the detector's report in the log.
 */
#include <linux/init.h>
#include <linux/kernel.h>
#include <linux/module.h>
#include <linux/string.h>

#include "planted.h"

static char *bug = "none";
module_param(bug, charp, 0444);
MODULE_PARM_DESC(bug, "bug to commit; none (default): load without one");

static void plant_none(void)
{
}

static const struct {
	const char *name;
	void (*plant)(void);
} bugs[] = {
	{ "none", plant_none },
	{ "kasan", plant_kasan },
	{ "ubsan", plant_ubsan },
	{ "kmemleak", plant_kmemleak },
	{ "warn", plant_warn },
	{ "oops", plant_oops },
	{ "lockdep", plant_lockdep },
	{ "atomic-sleep", plant_atomic_sleep },
	{ "hang", plant_hang },
	{ "hung-task", plant_hung_task },
	{ "soft-lockup", plant_soft_lockup },
};

static int __init planted_init(void)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(bugs); i++) {
		if (strcmp(bug, bugs[i].name))
			continue;
		pr_info("committing bug=%s\n", bug);
		bugs[i].plant();
		return 0;
	}
	pr_err("no bug named %s\n", bug);
	return -EINVAL;
}

static void __exit planted_exit(void)
{
}

module_init(planted_init);
module_exit(planted_exit);
MODULE_DESCRIPTION("Planted bugs, to prove that the detectors of a test kernel report them");
MODULE_LICENSE("GPL");
