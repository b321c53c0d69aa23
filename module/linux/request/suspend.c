// SPDX-License-Identifier: GPL-2.0-only
/*
 * While the system suspends or hibernates no request may start I/O, as the devices sleep already:
 * IO and FS are taken out of what requests may carry. As pm_restrict_gfp_mask() in mm/show_mem.c
 * or kernel/power/main.c does it for the kernel's own.
 */
#include <linux/notifier.h>
#include <linux/suspend.h>

#include "request/gfp.h"
#include "request/suspend.h"

/**
 * pb_suspend_notify - the system is about to sleep, or has come back
 * @nb: unused
 * @action: PM_SUSPEND_PREPARE, PM_POST_SUSPEND and so on
 * @data: unused
 *
 * Context: process, one caller at a time.
 */
int pb_suspend_notify(struct notifier_block *nb, unsigned long action, void *data)
{
	switch (action) {
	case PM_SUSPEND_PREPARE:
	case PM_HIBERNATION_PREPARE:
	case PM_RESTORE_PREPARE:
		WRITE_ONCE(pb_gfp_allowed_mask, pb_gfp_allowed_mask & ~(__GFP_IO | __GFP_FS));
		break;
	case PM_POST_SUSPEND:
	case PM_POST_HIBERNATION:
	case PM_POST_RESTORE:
		WRITE_ONCE(pb_gfp_allowed_mask, pb_gfp_allowed_mask | __GFP_IO | __GFP_FS);
		break;
	}
	return NOTIFY_DONE;
}
EXPORT_SYMBOL_PB_TEST(pb_suspend_notify);

static struct notifier_block notifier = { .notifier_call = pb_suspend_notify };

/**
 * pb_suspend_init - be told when the system sleeps
 *
 * Context: may sleep. Return: 0, or an error of register_pm_notifier().
 */
int pb_suspend_init(void)
{
	return register_pm_notifier(&notifier);
}

/**
 * pb_suspend_exit - be told no more
 *
 * Context: may sleep.
 */
void pb_suspend_exit(void)
{
	unregister_pm_notifier(&notifier);
}
