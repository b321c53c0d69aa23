/* SPDX-License-Identifier: GPL-2.0-only */
/* Where a request goes for the memory policy of the task that asks. */
#ifndef PB_POLICY_H
#define PB_POLICY_H

#include <linux/gfp.h>
#include <linux/nodemask.h>
#include <linux/types.h>

/**
 * struct pb_policy - what a memory policy says of one request
 * @nid: preferred node
 * @nodemask: nodes that may serve it, or NULL for all; constant as long as the task's policy is
 * @interleave: the policy spreads requests over nodes, so the next one goes elsewhere
 * @count_hit: being served by @nid counts as numa_interleave
 * @preferred_many: @nodemask is a wish: try it without waiting, then all nodes
 */
struct pb_policy {
	int			nid;
	const nodemask_t	*nodemask;
	bool			interleave;
	bool			count_hit;
	bool			preferred_many;
};

void pb_policy_next(struct pb_policy *policy, gfp_t gfp);
void pb_policy_count(const struct pb_policy *policy, unsigned long pfn);

#endif /* PB_POLICY_H */
