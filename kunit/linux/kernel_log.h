/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * In the kernel only: lines of its log, counted as they are written, for tests of what is said and
 * how often. One listener at a time, as suites run one after the other.
 */
#ifndef PT_KERNEL_LOG_H
#define PT_KERNEL_LOG_H

#include <linux/types.h>

/* Counts lines that contain @what from now on; a constant. */
void pt_log_watch(const char *what);
/* How many there have been since it was asked last. */
unsigned int pt_log_seen(void);
void pt_log_unwatch(void);

/*
 * Every WARN_ON_ONCE() of pbuddy's, and nobody else's, warns once more, as after a write to
 * clear_warn_once; false on kernels that do not keep a table of them.
 */
bool pt_warn_again(void);

#endif /* PT_KERNEL_LOG_H */
