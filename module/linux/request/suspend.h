/* SPDX-License-Identifier: GPL-2.0-only */
/* Forbids I/O for requests while the system suspends. See suspend.c. */
#ifndef PB_SUSPEND_H
#define PB_SUSPEND_H

struct notifier_block;

int pb_suspend_notify(struct notifier_block *nb, unsigned long action, void *data);
int pb_suspend_init(void);
void pb_suspend_exit(void);

#endif /* PB_SUSPEND_H */
