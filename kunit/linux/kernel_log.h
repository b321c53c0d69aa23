/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Counts lines of the kernel's log as they are written, for cases that expect a message a
 * certain number of times. One case at a time, as suites run one after the other.
 */
#ifndef PT_KERNEL_LOG_H
#define PT_KERNEL_LOG_H

#include <linux/types.h>

/* Counts lines that contain @what from now on. @what must stay valid. */
void pt_log_watch(const char *what);
/* The number of such lines since the last call. Sleeps. */
unsigned int pt_log_seen(void);
void pt_log_unwatch(void);

/*
 * Lets every WARN_ON_ONCE() of pbuddy, and no other, warn once more, as a write to
 * clear_warn_once would. False on kernels without a table of them.
 */
bool pt_warn_again(void);

#endif /* PT_KERNEL_LOG_H */
