/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The running task as something else: one that reclaims, that has to die, a kthread, one whose
 * mistakes are warned of. On the host that is pretended; in the kernel, where the suites run in
 * kthreads, it is so, and pt_run_as_user() is for what a task of user space has asked for.
 */
#ifndef PT_TASK_H
#define PT_TASK_H

#ifdef __KERNEL__
#include <linux/sched.h>
#include <linux/sched/signal.h>

#include "kernel_log.h"

static inline void pt_task_reclaims(bool on)
{
	if (on)
		current->flags |= PF_MEMALLOC;
	else
		current->flags &= ~PF_MEMALLOC;
}

static inline void pt_task_dies(bool on)
{
	if (on) {
		allow_signal(SIGKILL);
		send_sig(SIGKILL, current, 1);
	} else {
		flush_signals(current);
		disallow_signal(SIGKILL);
	}
}

/* It is one. */
static inline void pt_task_is_kthread(bool on) { }

static inline void pt_warnings_expected(bool on)
{
	if (!on) {
		pt_log_unwatch();
		return;
	}
	pt_warn_again();
	pt_log_watch("WARNING: ");
}

static inline unsigned int pt_warnings_seen(void)
{
	return pt_log_seen();
}
#else
static inline void pt_task_set(unsigned int bit, bool on)
{
	pb_host_task = on ? pb_host_task | bit : pb_host_task & ~bit;
}

static inline void pt_task_reclaims(bool on)
{
	pt_task_set(PB_HOST_RECLAIMING, on);
}

static inline void pt_task_dies(bool on)
{
	pb_host_fatal_signal = on;
}

static inline void pt_task_is_kthread(bool on)
{
	pt_task_set(PB_HOST_KTHREAD, on);
}

static inline void pt_warnings_expected(bool on)
{
	pb_host_warn_expected = on;
	pb_host_warnings = 0;
}

/* Since it was asked last. */
static inline unsigned int pt_warnings_seen(void)
{
	unsigned int seen = pb_host_warnings;

	pb_host_warnings = 0;
	return seen;
}
#endif

#endif /* PT_TASK_H */
