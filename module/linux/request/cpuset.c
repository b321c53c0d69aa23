// SPDX-License-Identifier: GPL-2.0-only
/*
 * Nodes that the cpuset of the current task allows.
 *
 * The kernel exports no cpuset function to modules. This file reads current->mems_allowed, the copy
 * of the cpuset's nodes in the task, and its sequence count.
 *
 * Requests of an interrupt or of an OOM victim may use any node. Other requests use only the
 * allowed nodes on the first walk of the zonelist. In the slow path only requests with
 * __GFP_HARDWALL are still restricted; the others may use any node. This differs from mm/, which
 * restricts them to the nearest hardwall ancestor. That ancestor is always the root in cgroup v2.
 * In v1 it can be a cpuset with mem_hardwall or mem_exclusive, which a module cannot read.
 */
#include <linux/bitmap.h>
#include <linux/nodemask.h>
#include <linux/oom.h>
#include <linux/preempt.h>
#include <linux/sched.h>
#include <linux/sched/signal.h>
#include <linux/seqlock.h>

#include "compat.h"
#include "core/base/platform.h"
#include "core/base/request.h"
#include "request/cpuset.h"

#ifdef CONFIG_CPUSETS
/**
 * pb_cpuset_mems_allowed - get the nodes that the current task's cpuset allows
 *
 * A node on which pbuddy owns all memory is in no cpuset, as the kernel has no memory there. Only
 * tasks whose cpuset has all nodes of the kernel may use such a node.
 *
 * Context: any. As __cpuset_node_allowed() in kernel/cgroup/cpuset.c.
 *
 * Return: a bitmap, which changes with the cpuset, or NULL when all nodes are allowed.
 */
const unsigned long *pb_cpuset_mems_allowed(void)
{
	if (in_interrupt() || nodes_subset(node_states[N_MEMORY], current->mems_allowed) ||
	    tsk_is_oom_victim(current))
		return NULL;
	return nodes_addr(current->mems_allowed);
}

/* On PREEMPT_RT the reader of a count that is changing sleeps until its writer is done. */
static bool may_read_count(void)
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
unsigned int pb_mems_allowed_begin(void)
{
	return may_read_count() ? read_seqcount_begin(&current->mems_allowed_seq) + 1 : 0;
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
bool pb_mems_allowed_retry(unsigned int cookie)
{
	return cookie && may_read_count() &&
	       read_seqcount_retry(&current->mems_allowed_seq, cookie - 1);
}
#else
const unsigned long *pb_cpuset_mems_allowed(void)
{
	return NULL;
}

unsigned int pb_mems_allowed_begin(void)
{
	return 0;
}

bool pb_mems_allowed_retry(unsigned int cookie)
{
	return false;
}
#endif
EXPORT_SYMBOL_PB_TEST(pb_cpuset_mems_allowed);

/**
 * pb_cpuset_changed - pb_mems_allowed_retry() for a request; the core's ops->mems_changed
 * @rq: the request, of the current task
 *
 * Context: any.
 *
 * Return: true if the allowed nodes changed since pb_gfp_request().
 */
bool pb_cpuset_changed(const struct pb_request *rq)
{
	return pb_mems_allowed_retry(rq->mems_cookie);
}

/**
 * pb_cpuset_intersects - whether the current task's cpuset allows at least one of the nodes
 * @nodes: the nodes
 *
 * Context: any. As cpuset_nodemask_valid_mems_allowed().
 *
 * Return: true if it does.
 */
bool pb_cpuset_intersects(const nodemask_t *nodes)
{
	const unsigned long *allowed = pb_cpuset_mems_allowed();

	return !allowed || bitmap_intersects(nodes_addr(*nodes), allowed, MAX_NUMNODES);
}
