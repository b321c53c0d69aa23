// SPDX-License-Identifier: GPL-2.0-only
/*
 * Requests that the memory of the task's group serves, in place of the first walk over the
 * zonelist. group.c has the groups.
 */
#include <linux/cgroup.h>
#include <linux/jump_label.h>
#include <linux/percpu.h>
#include <linux/preempt.h>
#include <linux/rcupdate.h>
#include <linux/sched.h>

#include "api/group.h"
#include "api/group_types.h"
#include "core/cache/freelist.h"
#include "hooks/checked_alloc.h"

DEFINE_STATIC_KEY_FALSE(pb_group_key);

static DEFINE_PER_CPU(unsigned long, missed);	/* requests that the pool had to serve, or none */

/* The group of the current task: that of the lowest cgroup above it that is one. */
static struct pb_group *find_task_group(void)
{
	struct pb_group *group = NULL;
#ifdef CONFIG_CGROUPS
	struct cgroup *cgroup;

	rcu_read_lock();
	cgroup = rcu_dereference(current->cgroups)->dfl_cgrp;
	for (; cgroup && !group; cgroup = cgroup_parent(cgroup))
		group = pb_group_find(cgroup_id(cgroup));
	rcu_read_unlock();
#endif
	return group;
}

static bool applies(gfp_t gfp)
{
	return gfp & PB_GFP_GROUP && !(gfp & __GFP_MEMALLOC) && in_task() &&
	       !(current->flags & (PF_KTHREAD | PF_MEMALLOC));
}

/* What a request wants, and where its functions store what it got. */
struct want {
	unsigned long	nr;		/* blocks, or pages of a range */
	unsigned long	*pfns;
	unsigned long	got;		/* blocks */
};

/* Allocates from the group's memory; returns whether the request got all. */
typedef bool alloc_fn(const struct pb_request *rq, struct want *want);

static bool alloc_block(const struct pb_request *rq, struct want *want)
{
	*want->pfns = pb_checked_alloc(rq, NULL);
	return *want->pfns != PB_NO_PFN;
}

static bool alloc_range(const struct pb_request *rq, struct want *want)
{
	*want->pfns = pb_checked_alloc_contig(rq, want->nr, NULL);
	return *want->pfns != PB_NO_PFN;
}

static bool alloc_blocks(const struct pb_request *rq, struct want *want)
{
	want->got = pb_checked_alloc_bulk(rq, want->nr, want->pfns, NULL);
	return want->got == want->nr;
}

/* Whether the request has ended: served, or it must not be served from the pool. */
static bool serve_from(const struct pb_group *group, const struct pb_request *rq, alloc_fn *alloc,
		       struct want *want, enum pb_reason *reason)
{
	const pb_alloc_flags_t not = PB_ALLOC_WALK_MASK & ~(PB_ALLOC_CPUSET | PB_ALLOC_HARDWALL);
	bool strict = READ_ONCE(group->strict) && !(rq->flags & PB_ALLOC_NOFAIL);
	struct pb_request own = *rq;

	own.zones = group->zones;
	own.flags = (rq->flags & ~(not | PB_ALLOC_KSWAPD)) | PB_ALLOC_TRY;
	if (alloc(&own, want) || rq->flags & PB_ALLOC_OWN)
		return true;
	raw_cpu_inc(missed);
	if (strict)
		pb_alloc_fail(&pb_instance, rq, PB_REASON_LIMIT, reason);
	return strict;
}

/* The same for the group of the task, if it has one. */
static bool serve(const struct pb_request *rq, gfp_t gfp, alloc_fn *alloc, struct want *want,
		  enum pb_reason *reason)
{
	bool done = rq->flags & PB_ALLOC_OWN;
	const struct pb_group *group;
	int srcu;

	if (!applies(gfp))
		return done;
	srcu = srcu_read_lock(&pb_groups_srcu);
	group = find_task_group();
	if (group)
		done = serve_from(group, rq, alloc, want, reason);
	srcu_read_unlock(&pb_groups_srcu, srcu);
	return done;
}

/**
 * __pb_group_alloc - allocate a block from the memory of the task's group
 * @rq: the request
 * @gfp: its flags
 * @pfn: set to the block, or PB_NO_PFN
 * @reason: set to the reason of a failure, or NULL
 *
 * Context: that of the request.
 * Return: false when the request has to be served from the pool. As alloc_page_from_dhugetlb_pool()
 * of openEuler, for any order.
 */
bool __pb_group_alloc(const struct pb_request *rq, gfp_t gfp, unsigned long *pfn,
		      enum pb_reason *reason)
{
	struct want want = { .nr = 1, .pfns = pfn };

	*pfn = PB_NO_PFN;
	return serve(rq, gfp, alloc_block, &want, reason);
}

/**
 * __pb_group_alloc_contig - allocate a range from the memory of the task's group
 * @rq: the request
 * @gfp: its flags
 * @nr_pages: number of pages
 * @pfn: set to the range, or PB_NO_PFN
 * @reason: set to the reason of a failure, or NULL
 *
 * Context: that of the request.
 * Return: false when the request has to be served from the pool.
 */
bool __pb_group_alloc_contig(const struct pb_request *rq, gfp_t gfp, unsigned long nr_pages,
			     unsigned long *pfn, enum pb_reason *reason)
{
	struct want want = { .nr = nr_pages, .pfns = pfn };

	*pfn = PB_NO_PFN;
	return serve(rq, gfp, alloc_range, &want, reason);
}

/**
 * __pb_group_alloc_bulk - allocate blocks from the memory of the task's group
 * @rq: the request for each
 * @gfp: its flags
 * @nr: number of blocks
 * @pfns: set to the blocks
 * @got: set to their number
 * @reason: set to the reason when fewer were allocated, or NULL
 *
 * Context: that of the request.
 * Return: false when the rest has to be served from the pool.
 */
bool __pb_group_alloc_bulk(const struct pb_request *rq, gfp_t gfp, unsigned long nr,
			   unsigned long *pfns, unsigned long *got, enum pb_reason *reason)
{
	struct want want = { .nr = nr, .pfns = pfns };
	bool done = serve(rq, gfp, alloc_blocks, &want, reason);

	*got = want.got;
	return done;
}

/**
 * pb_group_task_pages - the pages of the task's group that could serve a request
 * @rq: the request
 * @gfp: its flags
 *
 * Context: any.
 * Return: pages, free or not; 0 for a task without a group.
 */
unsigned long pb_group_task_pages(const struct pb_request *rq, gfp_t gfp)
{
	unsigned long pages = 0;
	struct pb_zone *zone;
	const struct pb_group *group;
	int srcu;

	if (!pb_group_wanted(gfp) || !applies(gfp))
		return 0;
	srcu = srcu_read_lock(&pb_groups_srcu);
	group = find_task_group();
	if (group)
		pb_for_each_own_zone(zone, group)
			if (pb_zone_allowed(zone->home, rq))
				pages += READ_ONCE(zone->present_pages);
	srcu_read_unlock(&pb_groups_srcu, srcu);
	return pages;
}

/* Requests of groups that their memory could not serve. Context: any. */
unsigned long pb_group_missed(void)
{
	unsigned long sum = 0;
	int cpu;

	for_each_possible_cpu(cpu)
		sum += READ_ONCE(*per_cpu_ptr(&missed, cpu));
	return sum;
}
