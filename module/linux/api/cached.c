// SPDX-License-Identifier: GPL-2.0-only
/*
 * Requests that this CPU's caches serve, but that need more than the inline fast path of api.c
 * does: blocks that are zeroed, charged, compound, written to (__GFP_WRITE) or shown to user space,
 * and those for other nodes, a nodemask, a memory policy or a cpuset. Each costs what it adds.
 *
 * A request that gets no block here takes the full path (alloc_full.c), which has all rules. The
 * choice of the zone has the same result as there: the first zone of the zonelist that node,
 * nodemask and cpuset allow. Where the exceptions of cpuset.c could matter the full path decides.
 */
#include <linux/nodemask.h>
#include <linux/oom.h>
#include <linux/preempt.h>
#include <linux/sched/signal.h>
#include <linux/topology.h>

#include "api/account_block.h"
#include "api/account_limit.h"
#include "api/cached.h"
#include "api/compound.h"
#include "core/compact/movable.h"
#include "core/zone/dirty.h"
#include "instance.h"
#include "request/restricted.h"

/* The first zone that the request may use on another node than it prefers. */
static __always_inline struct pb_zone *other_zone(enum pb_zone_type highest, int nid,
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

/**
 * pb_cached_charge - charge a block, or free it
 * @gfp: flags of the request
 * @order: its order
 * @pfn: the block
 *
 * Context: that of the request.
 * Return: false: the caller does not own the block any more.
 */
bool pb_cached_charge(gfp_t gfp, unsigned int order, unsigned long pfn)
{
	struct pb_account_excess excess;

	if (likely(!pb_account_charge(pfn, order, gfp & ~__GFP_NOFAIL, &excess)))
		return true;
	/* The full path charges again, if need be over the limit, and reports the failure. */
	WARN_ON_ONCE(pb_free(&pb_instance, pfn, order));
	return false;
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

	if (gfp & __GFP_ACCOUNT && !pb_cached_charge(gfp, order, pfn))
		return NULL;
	if (order && gfp & __GFP_COMP) {
		if (!pb_compound_set(pfn, order, may_sleep))
			return NULL;
	} else if (order && gfp & PB_GFP_MAPPABLE) {
		pb_set_checked(&pb_instance, pfn);
	}
	return pfn_to_page(pfn);
}

/* Whether a request needs no more than a block. */
static __always_inline bool is_plain(gfp_t gfp, unsigned int order)
{
	return !(gfp & PB_GFP_SLOW) && !(order && gfp & PB_GFP_MAPPABLE) && !pb_need_zero(gfp);
}

static noinline struct page *alloc_any(struct pb_zone *zone, gfp_t gfp, unsigned int order)
{
	if (gfp & PBUDDY_GFP_RELIABLE)
		return NULL;
	if (gfp & __GFP_WRITE && unlikely(!pb_node_dirty_balanced(&pb_instance, zone->nid)))
		return NULL;
	preempt_disable();
	return pb_cached_alloc(pb_this_cpu_ptr(zone->pcp), gfp, order,
			       pb_gfp_index_migratetype[pb_gfp_index(gfp)]);
}

/* A plain block that the fast path does not find: after a refill, or none. Enables preemption. */
static noinline struct page *alloc_refill(gfp_t gfp, unsigned int order, enum pb_fast result,
					  union pb_fast_found found)
{
	unsigned long pfn = PB_NO_PFN;

	if (result == PB_FAST_EMPTY_IN_SECTION)
		pfn = pb_alloc_refill_leave_section(found.pcp, order,
						    pb_gfp_index_migratetype[pb_gfp_index(gfp)],
						    NULL);
	preempt_enable();
	if (unlikely(result == PB_FAST_IN_USE))
		pb_set_aside(pb_pfn_zone(&pb_instance, found.pfn), found.pfn, order);
	return pfn != PB_NO_PFN ? pfn_to_page(pfn) : NULL;
}

/* From this CPU's cache of a zone. Nothing is live across a call for a plain block. */
static __always_inline struct page *alloc_from(struct pb_zone *zone, gfp_t gfp, unsigned int order)
{
	union pb_fast_found found;
	enum pb_fast result;

	if (!is_plain(gfp, order))
		return alloc_any(zone, gfp, order);
	preempt_disable();
	result = pb_alloc_fast(zone, pb_this_cpu_ptr(zone->pcp), order,
			       pb_gfp_index_migratetype[pb_gfp_index(gfp)], &found);
	if (unlikely(result != PB_FAST_DONE))
		return alloc_refill(gfp, order, result, found);
	preempt_enable();
	return pfn_to_page(found.pfn);
}

/* From the first zone of another node than the preferred one. */
static noinline struct page *alloc_other(gfp_t gfp, unsigned int order, int nid,
					 const nodemask_t *nodemask)
{
	struct pb_zone *zone;

	if (gfp & __GFP_THISNODE)
		return NULL;
	zone = other_zone(pb_gfp_index_zone[pb_gfp_index(gfp)] - 1, nid, nodemask);
	return likely(zone) ? alloc_from(zone, gfp, order) : NULL;
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
	unsigned int highest = pb_gfp_index_zone[pb_gfp_index(gfp)];
	struct pb_zone *zone;

	if (unlikely(!pb_cached_may_serve(gfp, order, pb_gfp_index_migratetype[pb_gfp_index(gfp)])))
		return NULL;
	/* The full path knows which requests the restrictions concern. */
	if (static_branch_unlikely(&pb_restricted_key))
		return NULL;
	if (nid == NUMA_NO_NODE)
		nid = numa_mem_id();
	if (unlikely(!highest || (unsigned int)nid >= (unsigned int)pb_instance.nr_nodes))
		return NULL;
	zone = READ_ONCE(pb_instance.preferred[nid][highest - 1]);
	if (likely(zone && (!nodemask || node_isset(nid, *nodemask)) && pb_task_in_cpuset(nid)))
		return alloc_from(zone, gfp, order);
	return alloc_other(gfp, order, nid, nodemask);
}
