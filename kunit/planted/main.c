// SPDX-License-Identifier: GPL-2.0-only
/*
 * pbuddy_planted: loading it with bug=NAME commits that bug once.
 */
#include <linux/init.h>
#include <linux/kernel.h>
#include <linux/module.h>
#include <linux/string.h>

#include "planted.h"

static char *bug = "none";
module_param(bug, charp, 0444);
MODULE_PARM_DESC(bug, "which bug to commit; none: load cleanly");

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
MODULE_DESCRIPTION("Planted bugs that prove the detectors of a test kernel alive");
MODULE_LICENSE("GPL");
