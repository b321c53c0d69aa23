/* SPDX-License-Identifier: GPL-2.0-only */
/* Nodes that the cpuset of the current task allows. See cpuset.c. */
#ifndef PB_CPUSET_H
#define PB_CPUSET_H

#include <linux/nodemask.h>
#include <linux/preempt.h>
#include <linux/sched.h>
#include <linux/seqlock.h>
#include <linux/types.h>

#include "compat.h"

struct pb_request;

const unsigned long *pb_cpuset_mems_allowed(void);
bool pb_cpuset_intersects(const nodemask_t *nodes);
bool pb_cpuset_changed(const struct pb_request *rq);

#ifdef CONFIG_CPUSETS
/* On PREEMPT_RT the reader of a count that is changing sleeps until its writer is done. */
static inline bool pb_may_read_mems_seq(void)
{
	return in_task() && pb_may_lock();
}

/**
 * pb_mems_allowed_begin - begin a read section of the current task's allowed nodes
 *
 * Context: any. As read_mems_allowed_begin(), whose static key is not exported.
 *
 * Return: a cookie for pb_mems_allowed_retry(); 0 if the allowed nodes do not matter.
 */
static inline unsigned int pb_mems_allowed_begin(void)
{
	return pb_may_read_mems_seq() ? read_seqcount_begin(&current->mems_allowed_seq) + 1 : 0;
}

/**
 * pb_mems_allowed_retry - whether the allowed nodes changed since pb_mems_allowed_begin()
 * @cookie: from pb_mems_allowed_begin()
 *
 * Context: that of pb_mems_allowed_begin(). Always false in an interrupt, and on PREEMPT_RT with
 * preemption off.
 *
 * Return: true if they changed: a failure may be due to the change, so try again.
 */
static inline bool pb_mems_allowed_retry(unsigned int cookie)
{
	return cookie && pb_may_read_mems_seq() &&
	       read_seqcount_retry(&current->mems_allowed_seq, cookie - 1);
}
#else
static inline unsigned int pb_mems_allowed_begin(void)
{
	return 0;
}

static inline bool pb_mems_allowed_retry(unsigned int cookie)
{
	return false;
}
#endif

#endif /* PB_CPUSET_H */
