// SPDX-License-Identifier: GPL-2.0-only
/*
 * Requests for the local node that the inline fast path of api.c leaves to others: those that have
 * to be zeroed, charged and so on. In all functions @nid is that of pb_alloc_full().
 */
#include <linux/mm.h>
#include <linux/percpu.h>

#include "api/alloc_full.h"
#include "api/cached.h"
#include "core/alloc/alloc.h"
#include "core/zone/dirty.h"
#include "instance.h"

/* From another zone than the local node's first, or when the task may not use that node. */
static noinline struct page *alloc_other(gfp_t gfp, unsigned int order, int nid)
{
	return pb_cached_alloc_pages(gfp, order, nid, NULL) ?: pb_alloc_full(gfp, order, nid);
}

/* What the fast path does not do, from this CPU's cache of the local node. */
static noinline struct page *alloc_local(gfp_t gfp, unsigned int order, int nid)
{
	enum pb_migratetype mt = pb_gfp_index_migratetype[pb_gfp_index(gfp)];
	struct page *page;
	struct pb_pcp *pcp;

	if (unlikely(!pb_cached_may_serve(gfp, order, mt)))
		return alloc_other(gfp, order, nid);
	preempt_disable();
	pcp = __this_cpu_read(pb_percpu_zone.pcp[pb_gfp_index(gfp)]);
	if (unlikely(!pcp || !pb_task_in_cpuset(pcp->zone->nid) ||
		     (gfp & __GFP_WRITE &&
		      !pb_node_dirty_balanced(&pb_instance, pcp->zone->nid)))) {
		preempt_enable();
		return alloc_other(gfp, order, nid);
	}
	page = pb_cached_alloc(pcp, gfp, order, mt);
	return likely(page) ? page : pb_alloc_full(gfp, order, nid);
}

/* The end of alloc_plain() with @zero, but for one page. */
static noinline struct page *zero_block(gfp_t gfp, unsigned int order, int nid, unsigned long pfn,
					bool zeroed)
{
	bool may_sleep = gfp & __GFP_DIRECT_RECLAIM;

	if (unlikely(!pb_cached_no_bad_page(pfn, order, zeroed, may_sleep)))
		return pb_alloc_full(gfp, order, nid);
	if (!zeroed)
		pb_pages_zero(pfn, 1UL << order, may_sleep);
	return pfn_to_page(pfn);
}

/* The rest of alloc_plain() after a refill. Leaves the pcp section and enables preemption. */
static noinline struct page *alloc_refill(gfp_t gfp, unsigned int order, int nid,
					  struct pb_pcp *pcp)
{
	enum pb_migratetype mt = pb_gfp_index_migratetype[pb_gfp_index(gfp)];
	bool zero = pb_need_zero(gfp), zeroed;
	unsigned long pfn;

	pfn = pb_alloc_refill_leave_section(pcp, order, mt, zero ? &zeroed : NULL);
	preempt_enable();
	if (unlikely(pfn == PB_NO_PFN))
		return pb_alloc_full(gfp, order, nid);
	return zero ? zero_block(gfp, order, nid, pfn, zeroed) : pfn_to_page(pfn);
}

static noinline struct page *alloc_set_aside(gfp_t gfp, unsigned int order, int nid,
					     unsigned long pfn)
{
	pb_set_aside(pb_pfn_zone(&pb_instance, pfn), pfn, order);
	return pb_alloc_full(gfp, order, nid);
}

/* alloc_plain() with @zero in a zone with zeroed blocks. Enables preemption. */
static noinline struct page *alloc_prezeroed(gfp_t gfp, unsigned int order, int nid,
					     struct pb_pcp *pcp)
{
	enum pb_migratetype mt = pb_gfp_index_migratetype[pb_gfp_index(gfp)];
	struct pb_pcp_entry entry;
	enum pb_fast result;

	result = pb_alloc_zeroed_fast(pcp, order, mt, &entry);
	if (unlikely(result == PB_FAST_EMPTY_IN_SECTION))
		return alloc_refill(gfp, order, nid, pcp);
	preempt_enable();
	if (unlikely(result != PB_FAST_DONE))
		return result == PB_FAST_IN_USE ? alloc_set_aside(gfp, order, nid, entry.pfn) :
						  pb_alloc_full(gfp, order, nid);
	if (unlikely(!pb_bad_frames_reported))
		return zero_block(gfp, order, nid, entry.pfn, true);
	return pfn_to_page(entry.pfn);
}

/*
 * A block that is zeroed, if at all, and nothing else. Nothing is live across a call, as in the
 * fast path.
 */
static __always_inline struct page *alloc_plain(gfp_t gfp, unsigned int order, int nid, bool zero)
{
	enum pb_migratetype mt = pb_gfp_index_migratetype[pb_gfp_index(gfp)];
	union pb_fast_found found;
	struct pb_zone *zone;
	struct pb_pcp *pcp;
	enum pb_fast result;

	preempt_disable();
	pcp = __this_cpu_read(pb_percpu_zone.pcp[pb_gfp_index(gfp)]);
	zone = likely(pcp) ? pcp->zone : NULL;
	if (unlikely(!zone || !pb_task_in_cpuset(zone->nid))) {
		preempt_enable();
		return alloc_other(gfp, order, nid);
	}
	if (zero && unlikely(pb_hint(zone->prezeroed)))
		return alloc_prezeroed(gfp, order, nid, pcp);
	result = pb_alloc_fast(zone, pcp, order, mt, &found);
	if (unlikely(result == PB_FAST_EMPTY_IN_SECTION))
		return alloc_refill(gfp, order, nid, found.pcp);
	preempt_enable();
	if (unlikely(result != PB_FAST_DONE))
		return result == PB_FAST_IN_USE ? alloc_set_aside(gfp, order, nid, found.pfn) :
						  pb_alloc_full(gfp, order, nid);
	if (!zero)
		return pfn_to_page(found.pfn);
	if (order || (IS_ENABLED(CONFIG_MEMORY_FAILURE) &&
		      unlikely(PageHWPoison(pfn_to_page(found.pfn)))))
		return zero_block(gfp, order, nid, found.pfn, false);
	clear_page(page_address(pfn_to_page(found.pfn)));
	return pfn_to_page(found.pfn);
}

/* Whether a request needs no more than a block: while no page is dirty, __GFP_WRITE is no more. */
static __always_inline bool is_plain(gfp_t gfp, unsigned int order)
{
	gfp_t slow = gfp & (PB_GFP_SLOW & ~__GFP_ZERO);

	if (unlikely(slow) && (slow != __GFP_WRITE || READ_ONCE(pb_instance.dirty_reported)))
		return false;
	return !(order && gfp & PB_GFP_MAPPABLE) &&
	       pb_cached_may_serve(gfp, order, pb_gfp_index_migratetype[pb_gfp_index(gfp)]);
}

static noinline struct page *alloc_unzeroed(gfp_t gfp, unsigned int order, int nid)
{
	return is_plain(gfp, order) ? alloc_plain(gfp, order, nid, false) :
				      alloc_local(gfp, order, nid);
}

/**
 * pb_alloc_more - allocate a block from this CPU's cache of the local node, past the fast path
 * @gfp: as for pbuddy_alloc_pages_nodemask()
 * @order: any number
 * @nid: the local node, or NUMA_NO_NODE when the task has no memory policy
 *
 * First of all for requests whose pages have to be zero: with init_on_alloc=1 nearly all.
 *
 * Context: that of the request.
 * Return: the first page, or NULL after a report.
 */
struct page *pb_alloc_more(gfp_t gfp, unsigned int order, int nid)
{
	if (!pb_need_zero(gfp))
		return alloc_unzeroed(gfp, order, nid);
	return is_plain(gfp, order) ? alloc_plain(gfp, order, nid, true) :
				      alloc_local(gfp, order, nid);
}
