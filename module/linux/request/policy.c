// SPDX-License-Identifier: GPL-2.0-only
/*
 * Applies the memory policy of the current task (set_mempolicy(2), numactl) to a request: selects
 * the preferred node and the nodemask.
 *
 * The functions with which alloc_pages() reads the policy are not exported. This file reads
 * current->mempolicy, which only the task itself replaces.
 *
 *   default, local    node of the CPU, then other nodes by distance
 *   preferred         first node of the policy, then other nodes by distance from it
 *   preferred-many    nodes of the policy without sleeping, then all nodes
 *   bind              nodes of the policy only. Ignored if the cpuset allows none of them, and for
 *                     requests to a zone below the highest zone that is not MOVABLE
 *   interleave        the policy's nodes in turn
 *   weighted interleave  the policy's nodes in turn, each as often in a row as its weight
 *
 * The task has one interleave position, current->il_prev, which pbuddy shares with alloc_pages():
 * the two continue each other's turn. Interleaving skips nodes without memory of pbuddy.
 *
 * Modules cannot read the kernel's weights (/sys/kernel/mm/mempolicy/weighted_interleave/). The
 * module parameter interleave_weights= replaces them; each is 1 by default.
 *
 * Interrupts and requests with __GFP_THISNODE ignore the policy.
 */
#include <linux/mempolicy.h>
#include <linux/mm.h>
#include <linux/mmzone.h>
#include <linux/module.h>
#include <linux/numa.h>
#include <linux/preempt.h>
#include <linux/sched.h>
#include <linux/topology.h>

#include "compat.h"
#include "core/alloc/alloc.h"
#include "core/zone/zone.h"
#include "instance.h"
#include "request/cpuset.h"
#include "request/gfp.h"
#include "request/percpu_zone.h"
#include "request/policy.h"
#include "request/task.h"

#ifdef CONFIG_NUMA
#define NR_WEIGHTS	64

static u8 interleave_weights[NR_WEIGHTS];
module_param_array(interleave_weights, byte, NULL, 0644);
MODULE_PARM_DESC(interleave_weights, "pages in a row from node 0, 1 and so on for tasks with a weighted interleave policy, as in /sys/kernel/mm/mempolicy/weighted_interleave/ (default: 1 each)");

/* Nodes with a zone. */
static nodemask_t pool_nodes;

/* The policy's next node in turn that has memory of pbuddy; if none has, its next node. */
static int next_node_with_memory(int nid, const nodemask_t *nodes)
{
	int first = next_node_in(nid, *nodes), next = first;
	unsigned int tries;

	for (tries = 0; tries < MAX_NUMNODES && next < MAX_NUMNODES; tries++) {
		if (likely(node_isset(next, pool_nodes)))
			return next;
		next = next_node_in(next, *nodes);
	}
	return first;
}

/* As interleave_nodes() in mm/mempolicy.c, including the retry when the cpuset changes. */
static int interleave_node(const struct mempolicy *pol)
{
	unsigned int cookie;
	int nid;

	do {
		cookie = pb_mems_allowed_begin();
		nid = next_node_with_memory(current->il_prev, &pol->nodes);
	} while (pb_mems_allowed_retry(cookie));
	if (nid >= MAX_NUMNODES)
		return NUMA_NO_NODE;
	current->il_prev = nid;
	return nid;
}

/* As weighted_interleave_nodes() in mm/mempolicy.c. */
static int weighted_node(const struct mempolicy *pol)
{
	int nid = current->il_prev;

	if (!pb_il_weight() || !node_isset(nid, pol->nodes)) {
		nid = interleave_node(pol);
		if (nid == NUMA_NO_NODE)
			return nid;
		pb_il_set_weight((nid < NR_WEIGHTS ? READ_ONCE(interleave_weights[nid]) : 0) ?: 1);
	}
	pb_il_set_weight(pb_il_weight() - 1);
	return nid;
}

/* Nodes with a zone that is not MOVABLE, and the highest type of these zones, else MOVABLE. */
static nodemask_t fixed_nodes;
static enum pb_zone_type highest_fixed_zone = PB_ZONE_MOVABLE;

/**
 * pb_policy_init - note the zones of the pool
 *
 * Context: process; after the pool was initialized. The zones do not change until it is destroyed.
 * Return: 0.
 */
int pb_policy_init(void)
{
	struct pb_zone *zone;
	int highest = -1;

	nodes_clear(pool_nodes);
	nodes_clear(fixed_nodes);
	pb_for_each_zone(zone, &pb_instance) {
		node_set(zone->nid, pool_nodes);
		if (zone->type == PB_ZONE_MOVABLE)
			continue;
		node_set(zone->nid, fixed_nodes);
		highest = max_t(int, highest, zone->type);
	}
	highest_fixed_zone = highest < 0 ? PB_ZONE_MOVABLE : highest;
	return 0;
}

/* Whether a bind policy applies to a request: not to lower zones. As apply_policy_zone(). */
static bool binds(const struct mempolicy *pol, gfp_t gfp)
{
	int zone = (int)pb_gfp_index_zone[pb_gfp_index(gfp)] - 1;

	/* The context matters where it clears MOVABLE. */
	if (unlikely(zone < 0 || (zone == PB_ZONE_MOVABLE && !pb_task_allows(PB_MOVABLE))))
		zone = pb_gfp_highest_zone(pb_gfp_context(gfp));
	return zone >= (int)(nodes_intersects(pol->nodes, fixed_nodes) ? highest_fixed_zone :
								    PB_ZONE_MOVABLE) &&
	       pb_cpuset_intersects(&pol->nodes);
}

/*
 * The same for nearly all requests, of which one node of the policy suffices to tell: the sets may
 * have many words. False: call binds().
 */
static __always_inline bool binds_fast(const struct mempolicy *pol, gfp_t gfp, int nid)
{
	int zone = (int)pb_gfp_index_zone[pb_gfp_index(gfp)] - 1;

	if (!node_isset(nid, pol->nodes))
		nid = first_node(pol->nodes);
	return zone >= (int)highest_fixed_zone &&
	       (zone != PB_ZONE_MOVABLE || pb_task_allows(PB_MOVABLE)) && nid < MAX_NUMNODES &&
	       node_isset(nid, fixed_nodes) && pb_task_in_cpuset(nid);
}

static __always_inline void set_nid(struct pb_policy *policy, int nid)
{
	if (nid >= 0 && nid < pb_instance.nr_nodes)
		policy->nid = nid;
}

static noinline void apply(struct pb_policy *policy, const struct mempolicy *pol, gfp_t gfp)
{
	int nid = NUMA_NO_NODE;

	switch (pol->mode) {
	case MPOL_PREFERRED:
		nid = first_node(pol->nodes);
		break;
	case MPOL_PREFERRED_MANY:
		policy->preferred_many = true;
		policy->nodemask = &pol->nodes;
		nid = pol->home_node;
		break;
	case MPOL_BIND:
		if (binds(pol, gfp))
			policy->nodemask = &pol->nodes;
		nid = pol->home_node;
		break;
	case MPOL_INTERLEAVE:
		policy->interleave = true;
		policy->count_hit = true;
		nid = interleave_node(pol);
		break;
	case PB_MPOL_WEIGHTED_INTERLEAVE:
		policy->interleave = true;
		nid = weighted_node(pol);
		break;
	}
	set_nid(policy, nid);
}

/**
 * pb_policy_next - get the nodes for the current task's next request
 * @policy: result to fill
 * @gfp: flags of the request
 *
 * With an interleave policy it advances the task's position. Context: any. As policy_nodemask() in
 * mm/mempolicy.c for the policy of the current task.
 */
void pb_policy_next(struct pb_policy *policy, gfp_t gfp)
{
	const struct mempolicy *pol = current->mempolicy;

	*policy = (struct pb_policy) { .nid = numa_mem_id() };
	if (in_interrupt() || gfp & __GFP_THISNODE || !pol)
		return;
	if (pol->mode != MPOL_BIND || unlikely(!binds_fast(pol, gfp, policy->nid))) {
		apply(policy, pol, gfp);
		return;
	}
	policy->nodemask = &pol->nodes;
	set_nid(policy, pol->home_node);
}
#else
int pb_policy_init(void)
{
	return 0;
}

void pb_policy_next(struct pb_policy *policy, gfp_t gfp)
{
	*policy = (struct pb_policy) { .nid = numa_mem_id() };
}
#endif

/* Out-of-line part of pb_policy_count(). */
void __pb_policy_count(const struct pb_policy *policy, unsigned long pfn)
{
	struct pb_zone *zone = pb_pfn_zone(&pb_instance, pfn);

	if (zone && zone->nid == policy->nid)
		pb_zone_event_add(zone, PB_NUMA_INTERLEAVE_HIT, 1);
}
EXPORT_SYMBOL_PB_TEST(__pb_policy_count);
