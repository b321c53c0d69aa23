// SPDX-License-Identifier: GPL-2.0-only
/*
 * Where a request goes for the memory policy of the task that asks: what numactl sets. As
 * alloc_pages() of the kernel, which reads the policy by functions that modules cannot call; so
 * the task's own policy is read here, which only the task itself replaces.
 *
 *   default, local    the node the task runs on, then others by distance
 *   preferred         the first node of the policy, then others by distance from it
 *   preferred-many    one of the policy's nodes without waiting for memory, then any node
 *   bind              the policy's nodes only, unless none of them is in the task's cpuset, and
 *                     not for requests to zones below the highest that all requests may use
 *   interleave        the next of the policy's nodes in turn
 *   weighted interleave  the same, as many times in a row as the node's weight says
 *
 * Interleaving goes on where the task's last page of the kernel's own left off, as there is one
 * place in the task for both, and passes by nodes that have no memory of pbuddy.
 *
 * The weights of the kernel (/sys/kernel/mm/mempolicy/weighted_interleave/) are not for modules:
 * the parameter interleave_weights= says what they are, 1 each unless set.
 *
 * An interrupt and a request with __GFP_THISNODE know no policy.
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
#include "request/policy.h"

#ifdef CONFIG_NUMA
#define NR_WEIGHTS	64

static u8 interleave_weights[NR_WEIGHTS];
module_param_array(interleave_weights, byte, NULL, 0644);
MODULE_PARM_DESC(interleave_weights, "weights of nodes 0, 1 ... for tasks with a weighted interleave policy, as in /sys/kernel/mm/mempolicy/weighted_interleave/ (default: 1 each)");

/* The policy's next node in turn that has memory here; else its next node. */
static int next_node_with_memory(int nid, const nodemask_t *nodes)
{
	int first = next_node_in(nid, *nodes), next = first;
	unsigned int tries;

	for (tries = 0; tries < MAX_NUMNODES && next < MAX_NUMNODES; tries++) {
		if (pb_instance_has_memory(next))
			return next;
		next = next_node_in(next, *nodes);
	}
	return first;
}

/* As interleave_nodes() in mm/mempolicy.c, with the same care about changing cpusets. */
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

/* The highest zone type that every request may use, among those zones of @nodes (NULL: all). */
static enum pb_zone_type highest_fixed_zone(const nodemask_t *nodes)
{
	struct pb_zone *zone;
	int highest = -1;

	pb_for_each_zone(zone, &pb_instance)
		if (zone->type != PB_ZONE_MOVABLE && (!nodes || node_isset(zone->nid, *nodes)))
			highest = max_t(int, highest, zone->type);
	return highest < 0 ? PB_ZONE_MOVABLE : highest;
}

/* As apply_policy_zone() in mm/mempolicy.c: a policy does not bind requests to lower zones. */
static bool binds(const struct mempolicy *pol, gfp_t gfp)
{
	enum pb_zone_type zone = highest_fixed_zone(NULL);

	if (highest_fixed_zone(&pol->nodes) == PB_ZONE_MOVABLE)
		zone = PB_ZONE_MOVABLE;
	return pb_gfp_highest_zone(pb_gfp_context(gfp)) >= zone &&
		pb_cpuset_intersects(&pol->nodes);
}

static void apply(struct pb_policy *policy, const struct mempolicy *pol, gfp_t gfp)
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
	if (nid >= 0 && nid < pb_instance.nr_nodes)
		policy->nid = nid;
}

/**
 * pb_policy_next - where the task's next request goes
 * @policy: filled
 * @gfp: flags of the request
 *
 * Context: any. Steps the task's interleaving on. As policy_nodemask() in mm/mempolicy.c, with
 * alloc_pages()'s way to the task's policy.
 */
void pb_policy_next(struct pb_policy *policy, gfp_t gfp)
{
	*policy = (struct pb_policy) { .nid = numa_mem_id() };
	if (!in_interrupt() && !(gfp & __GFP_THISNODE) && current->mempolicy)
		apply(policy, current->mempolicy, gfp);
}
#else
void pb_policy_next(struct pb_policy *policy, gfp_t gfp)
{
	*policy = (struct pb_policy) { .nid = numa_mem_id() };
}
#endif
EXPORT_SYMBOL_PB_TEST(pb_policy_next);

/**
 * pb_policy_count - count an interleaved request that went where it should
 * @policy: what pb_policy_next() said
 * @pfn: where it went
 *
 * Context: any. As the end of alloc_pages_mpol() in mm/mempolicy.c.
 */
void pb_policy_count(const struct pb_policy *policy, unsigned long pfn)
{
	struct pb_zone *zone;

	if (!policy->count_hit)
		return;
	zone = pb_pfn_zone(&pb_instance, pfn);
	if (zone && zone->nid == policy->nid)
		pb_zone_event_add(zone, PB_NUMA_INTERLEAVE_HIT, 1);
}
EXPORT_SYMBOL_PB_TEST(pb_policy_count);
