/* SPDX-License-Identifier: GPL-2.0-only */
/* Groups: cgroups with memory of their own. See group.c. */
#ifndef PB_GROUP_H
#define PB_GROUP_H

#include <linux/gfp.h>
#include <linux/jump_label.h>
#include <linux/types.h>

#include "core/alloc/failure_reason.h"
#include "core/base/request.h"

/*
 * Requests with one of these flags are served from the memory of the task's group: user memory
 * (GFP_USER, GFP_HIGHUSER and GFP_HIGHUSER_MOVABLE), and memory charged to the task.
 */
#define PB_GFP_GROUP	(__GFP_HARDWALL | __GFP_ACCOUNT)

#define PB_GROUPS_MAX	32

/* On while there are groups. */
DECLARE_STATIC_KEY_FALSE(pb_group_key);

/**
 * struct pb_group_info - what a group has
 * @cgroup: id of its cgroup
 * @strict: requests of its tasks fail instead of using other memory
 * @pages: pages of its memory, by node
 * @free: free ones, those in caches included, by node
 */
struct pb_group_info {
	u64		cgroup;
	bool		strict;
	unsigned long	pages[MAX_NUMNODES];
	unsigned long	free[MAX_NUMNODES];
};

int pb_group_give(u64 cgroup, int nid, unsigned int order, unsigned long nr, unsigned long *done);
int pb_group_take(u64 cgroup, int nid, unsigned int order, unsigned long nr, unsigned long *done);
int pb_group_set_strict(u64 cgroup, bool strict);
bool pb_group_nth(unsigned int n, struct pb_group_info *info);
unsigned long pb_group_node_pages(int nid);
unsigned long pb_group_pages_within(unsigned long start_pfn, unsigned long end_pfn);
unsigned long pb_group_missed(void);
int pb_group_init(void);
void pb_group_exit(void);

bool __pb_group_alloc(const struct pb_request *rq, gfp_t gfp, unsigned long *pfn,
		      enum pb_reason *reason);
bool __pb_group_alloc_contig(const struct pb_request *rq, gfp_t gfp, unsigned long nr_pages,
			     unsigned long *pfn, enum pb_reason *reason);
bool __pb_group_alloc_bulk(const struct pb_request *rq, gfp_t gfp, unsigned long nr,
			   unsigned long *pfns, unsigned long *got, enum pb_reason *reason);
unsigned long pb_group_task_pages(const struct pb_request *rq, gfp_t gfp);

/* Whether a request with these flags may be one of a group. */
static __always_inline bool pb_group_wanted(gfp_t gfp)
{
	return static_branch_unlikely(&pb_group_key) && gfp & PB_GFP_GROUP;
}

#endif /* PB_GROUP_H */
