// SPDX-License-Identifier: GPL-2.0-only
/*
 * Forbids I/O for requests while the system suspends or hibernates, as devices may be suspended: a
 * notifier clears __GFP_IO and __GFP_FS in pb_gfp_allowed_mask, and sets them again afterwards. As
 * pm_restrict_gfp_mask() and pm_restore_gfp_mask() of the kernel.
 */
#include <linux/notifier.h>
#include <linux/suspend.h>

#include "request/gfp.h"
#include "request/suspend.h"

/**
 * pb_suspend_notify - change pb_gfp_allowed_mask before suspend and after resume
 * @nb: unused
 * @action: PM_SUSPEND_PREPARE, PM_POST_SUSPEND and so on
 * @data: unused
 *
 * Context: process, one caller at a time.
 *
 * Return: NOTIFY_DONE.
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
 * pb_suspend_init - register the PM notifier
 *
 * Context: process, may sleep.
 *
 * Return: 0, or an error of register_pm_notifier().
 */
int pb_suspend_init(void)
{
	return register_pm_notifier(&notifier);
}

/**
 * pb_suspend_exit - unregister the PM notifier
 *
 * Context: process, may sleep.
 */
void pb_suspend_exit(void)
{
	unregister_pm_notifier(&notifier);
}
