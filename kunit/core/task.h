/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Gives the running task an attribute that the slow path and its warnings look at: it reclaims,
 * is dying, dumps core, is a kthread, keeps its CPU, or its warnings are expected. On the host
 * these are variables of kunit/host/platform.h. In the kernel they are real; the suites run in
 * kthreads there, and cases that need a user task run in pt_run_as_user().
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

static inline void pt_task_dumps_core(bool on)
{
	if (on)
		current->flags |= PF_DUMPCORE;
	else
		current->flags &= ~PF_DUMPCORE;
}

/* The suites already run in kthreads. */
static inline void pt_task_is_kthread(bool on) { }

/* The tick does not set need_resched of a SCHED_FIFO task. */
static inline void pt_task_keeps_cpu(bool on)
{
	if (on)
		sched_set_fifo_low(current);
	else
		sched_set_normal(current, 0);
	cond_resched();
}

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

static inline void pt_task_dumps_core(bool on)
{
	pt_task_set(PB_HOST_DUMPS_CORE, on);
}

static inline void pt_task_is_kthread(bool on)
{
	pt_task_set(PB_HOST_KTHREAD, on);
}

/* pb_host_need_resched is set by the cases only. */
static inline void pt_task_keeps_cpu(bool on) { }

static inline void pt_warnings_expected(bool on)
{
	pb_host_warn_expected = on;
	pb_host_warnings = 0;
}

/* The number of warnings since the last call. */
static inline unsigned int pt_warnings_seen(void)
{
	unsigned int seen = pb_host_warnings;

	pb_host_warnings = 0;
	return seen;
}
#endif

#endif /* PT_TASK_H */
