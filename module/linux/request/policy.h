/* SPDX-License-Identifier: GPL-2.0-only */
/* Applies the memory policy of the current task to a request. See policy.c. */
#ifndef PB_POLICY_H
#define PB_POLICY_H

#include <linux/gfp.h>
#include <linux/nodemask.h>
#include <linux/types.h>

/**
 * struct pb_policy - nodes for one request, according to the memory policy
 * @nid: preferred node
 * @nodemask: nodes that may serve the request, or NULL for all; valid until the task replaces its
 *	policy
 * @interleave: the policy interleaves, so @nid differs from request to request
 * @count_hit: count a page of @nid as numa_interleave
 * @preferred_many: try @nodemask first, without sleeping, then all nodes
 */
struct pb_policy {
	int			nid;
	const nodemask_t	*nodemask;
	bool			interleave;
	bool			count_hit;
	bool			preferred_many;
};

int pb_policy_init(void);
void pb_policy_next(struct pb_policy *policy, gfp_t gfp);
void __pb_policy_count(const struct pb_policy *policy, unsigned long pfn);

/**
 * pb_policy_count - count a request that was interleaved to its node, as PB_NUMA_INTERLEAVE_HIT
 * @policy: result of pb_policy_next() for the request
 * @pfn: first PFN that was allocated
 *
 * Context: any. As the end of alloc_pages_mpol() in mm/mempolicy.c.
 */
static inline void pb_policy_count(const struct pb_policy *policy, unsigned long pfn)
{
	if (policy->count_hit)
		__pb_policy_count(policy, pfn);
}

#endif /* PB_POLICY_H */
