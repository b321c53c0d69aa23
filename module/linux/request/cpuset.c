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
 * Context: any. As cpuset_node_allowed() in kernel/cgroup/cpuset.c.
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
#else
const unsigned long *pb_cpuset_mems_allowed(void)
{
	return NULL;
}
#endif

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
