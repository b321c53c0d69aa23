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
#include <linux/mm.h>
#include <linux/topology.h>

#include "api/account_block.h"
#include "api/cached.h"
#include "api/compound.h"
#include "api/zero.h"
#include "core/cache/fastpath.h"
#include "core/compact/movable.h"
#include "core/zone/dirty.h"
#include "hooks/bad_frames.h"
#include "hooks/debug_pages.h"
#include "instance.h"
#include "request/gfp.h"
#include "request/percpu_zone.h"
#include "request/task.h"

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
		/* With a nodemask the zone counts as the preferred one all the same. */
		if (nodemask)
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

/*
 * Whether a block that is to be zero has no page with a memory error. Pages that are zeroed now are
 * looked at, as this costs less. If not, the caller does not own the block any more.
 */
static __always_inline bool no_bad_page(unsigned long pfn, unsigned int order, bool zeroed,
					bool may_sleep)
{
	if (!IS_ENABLED(CONFIG_MEMORY_FAILURE) || (zeroed && pb_bad_frames_reported))
		return true;
	if (!order && likely(!PageHWPoison(pfn_to_page(pfn))))
		return true;
	return __pb_bad_frames_accept(pfn, order, may_sleep);
}

/* What the flags ask for beyond a block; NULL when the caller does not own it any more. */
static noinline struct page *finish(gfp_t gfp, unsigned int order, unsigned long pfn)
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
	bool zero = pb_need_zero(gfp), zeroed;
	struct pb_zone *zone;
	struct page *page;
	unsigned long pfn;

	if (unlikely(!pb_pcp_order(order) || static_branch_unlikely(&pb_slowpath_key)))
		return NULL;
	if (IS_ENABLED(CONFIG_DEBUG_ATOMIC_SLEEP) || IS_ENABLED(CONFIG_LOCKDEP))
		might_alloc(gfp);
	zone = first_zone(gfp, nid, nodemask);
	if (unlikely(!zone || !pb_task_allows(mt)))
		return NULL;
	if (gfp & __GFP_WRITE && unlikely(!pb_node_dirty_ok(&pb_instance, zone->nid)))
		return NULL;
	preempt_disable();
	pfn = pb_alloc_cached(zone, order, mt, zero, &zeroed);
	preempt_enable();
	if (unlikely(pfn == PB_NO_PFN))
		return NULL;
	if (zero && unlikely(!no_bad_page(pfn, order, zeroed, gfp & __GFP_DIRECT_RECLAIM)))
		return NULL;
	page = pfn_to_page(pfn);
	if (gfp & __GFP_ACCOUNT || (order && gfp & PB_GFP_MAPPABLE))
		page = finish(gfp, order, pfn);
	if (zero && !zeroed && likely(page))
		pb_pages_zero(pfn, 1UL << order, gfp & __GFP_DIRECT_RECLAIM);
	return page;
}
