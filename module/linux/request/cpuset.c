// SPDX-License-Identifier: GPL-2.0-only
/*
 * The nodes that the cpuset of the task that asks leaves it. Modules cannot call the kernel's
 * cpuset code, so the task's own copy of its cpuset's nodes is read, with its sequence count.
 *
 * A request out of an interrupt may use any node, and so may a victim of the OOM killer. A
 * request without __GFP_HARDWALL keeps to the nodes on its first walk only; in the slow path it
 * may leave them. mm/ then goes as far as the nearest ancestor that is a hardwall: in cgroup v2
 * that is always the root, in v1 it can be a cpuset with mem_hardwall or mem_exclusive, which a
 * module cannot see and takes for the root.
 */
#include <linux/bitmap.h>
#include <linux/nodemask.h>
#include <linux/oom.h>
#include <linux/preempt.h>
#include <linux/sched.h>
#include <linux/sched/signal.h>
#include <linux/seqlock.h>

#include "core/base/platform.h"
#include "request/cpuset.h"

#ifdef CONFIG_CPUSETS
/**
 * pb_cpuset_mems_allowed - nodes that the task's cpuset has
 *
 * Nodes whose memory pbuddy alone has, and the kernel none, are in no cpuset: a task that is not
 * restricted reaches them, one that is does not.
 *
 * Context: any. Return: a bitmap that changes with the cpuset, or NULL when all nodes will do. As
 * __cpuset_node_allowed() in kernel/cgroup/cpuset.c.
 */
const unsigned long *pb_cpuset_mems_allowed(void)
{
	if (in_interrupt() || nodes_subset(node_states[N_MEMORY], current->mems_allowed) ||
	    tsk_is_oom_victim(current))
		return NULL;
	return nodes_addr(current->mems_allowed);
}

/**
 * pb_mems_allowed_begin - begin something that depends on the task's nodes
 *
 * Context: any. Return: a cookie for pb_mems_allowed_retry(). As read_mems_allowed_begin(), whose
 * static key is not for modules.
 */
unsigned int pb_mems_allowed_begin(void)
{
	return in_task() ? read_seqcount_begin(&current->mems_allowed_seq) : 0;
}

/**
 * pb_mems_allowed_retry - did the task's nodes change, so that a failure may be an accident?
 * @cookie: from pb_mems_allowed_begin()
 *
 * Context: that of pb_mems_allowed_begin().
 */
bool pb_mems_allowed_retry(unsigned int cookie)
{
	return in_task() && read_seqcount_retry(&current->mems_allowed_seq, cookie);
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
 * pb_cpuset_intersects - may the task use any of these nodes?
 * @nodes: the nodes
 *
 * Context: any. As cpuset_nodemask_valid_mems_allowed().
 */
bool pb_cpuset_intersects(const nodemask_t *nodes)
{
	const unsigned long *allowed = pb_cpuset_mems_allowed();

	return !allowed || bitmap_intersects(nodes_addr(*nodes), allowed, MAX_NUMNODES);
}
