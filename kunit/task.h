/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Pretends that the running task is something else: anything on the host; in the kernel, where
 * the suites run in kthreads, only one that reclaims.
 */
#ifndef PT_TASK_H
#define PT_TASK_H

#ifdef __KERNEL__
#include <linux/sched.h>

static inline bool pt_task_may_be_any(void)
{
	return false;
}

static inline void pt_task_reclaims(bool on)
{
	if (on)
		current->flags |= PF_MEMALLOC;
	else
		current->flags &= ~PF_MEMALLOC;
}

static inline void pt_task_dies(bool on) { }
static inline void pt_task_is_kthread(bool on) { }
static inline void pt_warnings_expected(bool on) { }

static inline unsigned int pt_warnings_seen(void)
{
	return 0;
}
#else
static inline bool pt_task_may_be_any(void)
{
	return true;
}

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
