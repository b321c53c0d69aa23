// SPDX-License-Identifier: GPL-2.0-only
/*
 * Suspend and hibernation: a notifier of the kernel's power management.
 *
 * It forbids I/O for requests meanwhile, as devices may be suspended: it clears __GFP_IO and
 * __GFP_FS in pb_gfp_allowed_mask, and sets them again afterwards. As pm_restrict_gfp_mask() and
 * pm_restore_gfp_mask() of the kernel.
 *
 * It refuses hibernation while the pool has memory that the kernel does not write to its image
 * (reserve=ADDRESS), free memory included: that could be handed out after the notifier was called,
 * and pbuddy knows of free pages that they are zero. Suspend to RAM keeps all memory. A restore
 * (PM_RESTORE_PREPARE) is not refused: it ends this system in favour of that of the image, in which
 * the pool has no such memory.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/errno.h>
#include <linux/notifier.h>
#include <linux/printk.h>
#include <linux/suspend.h>

#include "instance.h"
#include "request/gfp.h"
#include "request/suspend.h"

static int may_hibernate(void)
{
	phys_addr_t addr;

	if (!pb_instance_unsaved(&addr))
		return 0;
	pr_err("hibernation refused: the image would not have the memory of reserve=%pa; unload pbuddy before\n",
	       &addr);
	return -EBUSY;
}

/**
 * pb_suspend_notify - change pb_gfp_allowed_mask before suspend and after resume
 * @nb: unused
 * @action: PM_SUSPEND_PREPARE, PM_POST_SUSPEND and so on
 * @data: unused
 *
 * Context: process, one caller at a time.
 *
 * Return: NOTIFY_DONE; -EBUSY as a notifier returns it when the system may not hibernate, after
 * logging the reason. Then nothing has changed.
 */
int pb_suspend_notify(struct notifier_block *nb, unsigned long action, void *data)
{
	int err = action == PM_HIBERNATION_PREPARE ? may_hibernate() : 0;

	if (err)
		return notifier_from_errno(err);
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
