/* SPDX-License-Identifier: GPL-2.0-only */
/* Requests that this CPU's caches serve with more than the inline fast path does. See cached.c. */
#ifndef PB_CACHED_H
#define PB_CACHED_H

#include <linux/gfp.h>
#include <linux/mm.h>
#include <linux/nodemask.h>

#include "api/group.h"
#include "api/zero.h"
#include "compat.h"
#include "core/cache/fastpath.h"
#include "hooks/bad_frames.h"
#include "hooks/debug_pages.h"
#include "request/gfp.h"
#include "request/percpu_zone.h"
#include "request/task.h"

struct page *pb_cached_alloc_pages(gfp_t gfp, unsigned int order, int nid,
				   const nodemask_t *nodemask);
bool pb_cached_charge(gfp_t gfp, unsigned int order, unsigned long pfn);
struct page *pb_cached_finish(gfp_t gfp, unsigned int order, unsigned long pfn);

/* pb_cached_may_serve_any() while nothing but the arguments may forbid it. */
static __always_inline bool pb_cached_valid(gfp_t gfp, unsigned int order)
{
	const gfp_t both = PB_GFP_ATOMIC | __GFP_DIRECT_RECLAIM;

	if (unlikely(!pb_pcp_order(order)))
		return false;
	/* A bug of the caller, which pb_gfp_context() reports. */
	if (PB_GFP_ATOMIC && unlikely((gfp & both) == both))
		return false;
	if (IS_ENABLED(CONFIG_DEBUG_ATOMIC_SLEEP) || IS_ENABLED(CONFIG_LOCKDEP))
		might_alloc(gfp);
	return true;
}

/*
 * Whether requests with these arguments can be served, if the task allows the migratetype: first of
 * all, with any preemption.
 */
static __always_inline bool pb_cached_may_serve_any(gfp_t gfp, unsigned int order)
{
	return !static_branch_unlikely(&pb_slowpath_key) && !pb_group_wanted(gfp) &&
	       pb_cached_valid(gfp, order);
}

static __always_inline bool pb_cached_may_serve(gfp_t gfp, unsigned int order,
						enum pb_migratetype mt)
{
	return pb_cached_may_serve_any(gfp, order) && pb_task_allows(mt);
}

/* Flags of a block in the page order map: whether its pages are checked when it is freed. */
static __always_inline u8 pb_cached_frame_flags(gfp_t gfp, unsigned int order)
{
	return order && gfp & PB_GFP_MAPPABLE ? PB_FRAME_CHECKED : 0;
}

/* Whether the task may use this CPU's cache of the local node, if there is one. Preemption off. */
static __always_inline bool pb_cached_pcp_allowed(const struct pb_pcp *pcp)
{
	return likely(pcp) && likely(pb_task_in_cpuset(pcp->zone->nid));
}

/*
 * Whether a block that is to be zero has no page with a memory error. Pages that are zeroed now are
 * looked at, as this costs less. If not, the caller does not own the block any more.
 */
static __always_inline bool pb_cached_no_bad_page(unsigned long pfn, unsigned int order,
						  bool zeroed, bool may_sleep)
{
	if (!IS_ENABLED(CONFIG_MEMORY_FAILURE) || (zeroed && pb_bad_frames_reported()))
		return true;
	if (!order && likely(!PageHWPoison(pfn_to_page(pfn))))
		return true;
	return __pb_bad_frames_accept(pfn, order, may_sleep);
}

/**
 * pb_cached_alloc - allocate a block from a cache of this CPU
 * @pcp: the cache, of the first zone that may serve the request
 * @gfp: as for pbuddy_alloc_pages_nodemask()
 * @order: the order
 * @mt: the migratetype
 *
 * pb_cached_may_serve() was true. Enables preemption.
 *
 * Context: preemption off.
 * Return: the first page, or NULL: take the full path.
 */
static __always_inline struct page *pb_cached_alloc(struct pb_pcp *pcp, gfp_t gfp,
						    unsigned int order, enum pb_migratetype mt)
{
	bool may_sleep = gfp & __GFP_DIRECT_RECLAIM, zero = pb_need_zero(gfp), zeroed;
	struct page *page;
	unsigned long pfn;

	pfn = pb_alloc_cached(pcp, order, mt, zero, &zeroed);
	preempt_enable();
	if (unlikely(pfn == PB_NO_PFN))
		return NULL;
	if (zero && unlikely(!pb_cached_no_bad_page(pfn, order, zeroed, may_sleep)))
		return NULL;
	page = pfn_to_page(pfn);
	if (gfp & __GFP_ACCOUNT || (order && gfp & PB_GFP_MAPPABLE)) {
		page = pb_cached_finish(gfp, order, pfn);
		if (unlikely(!page))
			return NULL;
	}
	if (!zero || zeroed)
		return page;
	if (likely(!order))
		clear_page(page_address(page));
	else
		pb_pages_zero(pfn, 1UL << order, may_sleep);
	return page;
}

#endif /* PB_CACHED_H */
