/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the state of the current task means for a request, inline for the fast path. Reading the
 * task has a cost, so checks that this kernel's configuration lacks are left out.
 */
#ifndef PB_TASK_H
#define PB_TASK_H

#include <linux/nodemask.h>
#include <linux/sched.h>

#include "core/base/migratetype.h"

static __always_inline bool pb_task_has_mempolicy(void)
{
#ifdef CONFIG_NUMA
	return current->mempolicy;
#else
	return false;
#endif
}

/* Whether the task's scope allows this migratetype: pages for long-term pins are not movable. */
static __always_inline bool pb_task_allows(enum pb_migratetype mt)
{
	return mt != PB_MOVABLE || likely(!(current->flags & PF_MEMALLOC_PIN));
}

/* Whether the task's cpuset allows a node; pb_cpuset_mems_allowed() has the exceptions. */
static __always_inline bool pb_task_in_cpuset(int nid)
{
#ifdef CONFIG_CPUSETS
	return likely(node_isset(nid, current->mems_allowed));
#else
	return true;
#endif
}

#endif /* PB_TASK_H */
