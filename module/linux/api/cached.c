// SPDX-License-Identifier: GPL-2.0-only
/*
 * Requests that this CPU's caches serve, but that need more than the inline fast path of api.c
 * does: blocks that are zeroed, charged, compound, written to (__GFP_WRITE) or shown to user space,
 * and those for other nodes, a nodemask, a memory policy or a cpuset. Each costs what it adds.
 *
 * A request that gets no block here takes the full path (gfp.c), which has all rules. The choice of
 * the zone has the same result as there: the first zone of the zonelist that node, nodemask and
 * cpuset allow. Where the exceptions of cpuset.c could matter the full path decides.
 */
#include <linux/nodemask.h>
#include <linux/oom.h>
#include <linux/preempt.h>
#include <linux/sched/signal.h>
#include <linux/topology.h>

#include "api/account_block.h"
#include "api/cached.h"
#include "api/compound.h"
#include "core/compact/movable.h"
#include "core/zone/dirty.h"
#include "instance.h"

/* The first zone that the request may use on another node than it prefers. */
static noinline struct pb_zone *other_zone(enum pb_zone_type highest, int nid,
					   const nodemask_t *nodemask)
{
	struct pb_zone *zone;

	pb_for_each_zone_zonelist(zone, pb_instance.zonelist[nid]) {
		if (zone->type > highest || (nodemask && !node_isset(zone->nid, *nodemask)))
			continue;
		if (pb_task_in_cpuset(zone->nid))
			return zone;
		/*
		 * With a nodemask the zone counts as the preferred one all the same. The others are
		 * the exceptions of pb_cpuset_mems_allowed().
		 */
		if (nodemask || in_interrupt() || !node_state(zone->nid, N_MEMORY) ||
		    tsk_is_oom_victim(current))
			return NULL;
	}
	return NULL;
}

/* The first zone that may serve a request; NULL: let the full path find out. */
static __always_inline struct pb_zone *first_zone(gfp_t gfp, int nid, const nodemask_t *nodemask)
{
	unsigned int highest = pb_gfp_index_zone[pb_gfp_index(gfp)];
	struct pb_zone *zone;

	if (nid == NUMA_NO_NODE)
		nid = numa_mem_id();
	if (unlikely(!highest || (unsigned int)nid >= (unsigned int)pb_instance.nr_nodes))
		return NULL;
	zone = pb_instance.preferred[nid][--highest];
	if (likely(zone && (!nodemask || node_isset(nid, *nodemask)) && pb_task_in_cpuset(nid)))
		return zone;
	return gfp & __GFP_THISNODE ? NULL : other_zone(highest, nid, nodemask);
}

/**
 * pb_cached_finish - do what the flags ask for beyond a block, but for zeroing
 * @gfp: flags with %__GFP_ACCOUNT, or one of PB_GFP_MAPPABLE and an order above 0
 * @order: its order
 * @pfn: the block
 *
 * Context: that of the request.
 * Return: the first page, or NULL: the caller does not own the block any more.
 */
struct page *pb_cached_finish(gfp_t gfp, unsigned int order, unsigned long pfn)
{
	bool may_sleep = gfp & __GFP_DIRECT_RECLAIM;

	if (gfp & __GFP_ACCOUNT && !pb_account_block_fast(pfn, order)) {
		WARN_ON_ONCE(pb_free(&pb_instance, pfn, order));
		return NULL;
	}
	if (order && gfp & __GFP_COMP) {
		if (!pb_compound_set(pfn, order, may_sleep))
			return NULL;
	} else if (order && gfp & PB_GFP_MAPPABLE) {
		pb_set_checked(&pb_instance, pfn);
	}
	return pfn_to_page(pfn);
}

/**
 * pb_cached_alloc_pages - allocate a block from this CPU's cache of any zone
 * @gfp: as for pbuddy_alloc_pages_nodemask()
 * @order: any number
 * @nid: preferred node; any number
 * @nodemask: nodes that may serve the request, or NULL for all
 *
 * Context: that of the request; any without %__GFP_DIRECT_RECLAIM. The caller has applied the
 * task's memory policy.
 * Return: the first page, or NULL: take the full path.
 */
struct page *pb_cached_alloc_pages(gfp_t gfp, unsigned int order, int nid,
				   const nodemask_t *nodemask)
{
	enum pb_migratetype mt = pb_gfp_index_migratetype[pb_gfp_index(gfp)];
	struct pb_zone *zone;

	if (unlikely(!pb_cached_may_serve(gfp, order, mt)))
		return NULL;
	zone = first_zone(gfp, nid, nodemask);
	if (unlikely(!zone))
		return NULL;
	if (gfp & __GFP_WRITE && unlikely(!pb_node_dirty_balanced(&pb_instance, zone->nid)))
		return NULL;
	preempt_disable();
	return pb_cached_alloc(pb_this_cpu_ptr(zone->pcp), gfp, order, mt);
}
