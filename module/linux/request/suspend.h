/* SPDX-License-Identifier: GPL-2.0-only */
/* Suspend and hibernation: forbids I/O, and may refuse to hibernate. See suspend.c. */
#ifndef PB_SUSPEND_H
#define PB_SUSPEND_H

struct notifier_block;

int pb_suspend_notify(struct notifier_block *nb, unsigned long action, void *data);
int pb_suspend_init(void);
void pb_suspend_exit(void);

#endif /* PB_SUSPEND_H */
