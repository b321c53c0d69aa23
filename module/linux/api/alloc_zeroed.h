/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The straight path of requests for zeroed blocks within a word from the local node, inline: a
 * block that this CPU's list knows to be zero, without a call. alloc_more.c does the rest.
 */
#ifndef PB_ALLOC_ZEROED_H
#define PB_ALLOC_ZEROED_H

#include "api/cached.h"

struct page *pb_alloc_zeroed_more(gfp_t gfp, unsigned int order, int nid);
struct page *pb_alloc_and_zero_preempt_enable(gfp_t gfp, unsigned int order, int nid,
					      struct pb_pcp *pcp);
struct page *pb_alloc_refill_preempt_enable(gfp_t gfp, unsigned int order, int nid,
					    struct pb_pcp *pcp);
struct page *pb_alloc_zeroed_end(gfp_t gfp, unsigned int order, int nid, enum pb_fast result,
				 unsigned long pfn);

/* Whether a request needs more than a zeroed block, or a task may have no movable one. */
static __always_inline bool pb_alloc_zeroed_special(gfp_t gfp)
{
	const gfp_t special = PB_GFP_SLOW & ~__GFP_ZERO;

	return unlikely(gfp & (special | __GFP_MOVABLE)) &&
	       (gfp & special || !pb_task_allows(PB_MOVABLE));
}

/**
 * pb_alloc_zeroed - allocate a zeroed block of the local node
 * @gfp: as for pbuddy_alloc_pages_nodemask(), with pb_need_zero()
 * @order: any number
 * @nid: as for pb_alloc_more()
 * @checked: pb_zero_checked_key may be on
 *
 * Nothing is live across a call, so no register is saved. A zone that never had zeroed memory has a
 * path of its own, where a block is zeroed.
 *
 * Context: that of the request.
 * Return: the first page, or NULL after a report.
 */
static __always_inline struct page *pb_alloc_zeroed(gfp_t gfp, unsigned int order, int nid,
						    bool checked)
{
	struct pb_pcp_entry entry;
	enum pb_fast result;
	struct pb_zone *zone;
	struct pb_pcp *pcp;

	if (unlikely(order > PB_PCP_MAX_WORD_ORDER || pb_alloc_zeroed_special(gfp) ||
		     !(checked ? pb_cached_may_serve_any(gfp, order) :
				 pb_cached_valid(gfp, order))))
		return pb_alloc_zeroed_more(gfp, order, nid);
	preempt_disable();
	pcp = __this_cpu_read(pb_percpu_zone.pcp[pb_gfp_index(gfp)]);
	if (unlikely(!pcp))
		goto other;
	zone = pcp->zone;
	if (unlikely(!pb_task_in_cpuset(zone->nid)))
		goto other;
	/* Plain, as the compiler does not fold a READ_ONCE() into the comparison. */
	if (!data_race(zone->prezeroed))
		return pb_alloc_and_zero_preempt_enable(gfp, order, nid, pcp);
	result = pb_pcp_alloc_zeroed(zone, pcp, order, pb_gfp_index_migratetype[pb_gfp_index(gfp)],
				     &entry);
	if (unlikely(result == PB_FAST_EMPTY_IN_SECTION))
		return pb_alloc_refill_preempt_enable(gfp, order, nid, pcp);
	if (likely(result == PB_FAST_DONE))
		result = likely(!order) ? pb_alloc_mark(&entry, 0, 0) :
			 unlikely(gfp & PB_GFP_MAPPABLE) ?
			 pb_alloc_mark(&entry, order, PB_FRAME_CHECKED) :
			 pb_alloc_mark(&entry, order, 0);
	preempt_enable();
	if (unlikely(result != PB_FAST_DONE || (checked && !pb_bad_frames_reported())))
		return pb_alloc_zeroed_end(gfp, order, nid, result, entry.pfn);
	return pfn_to_page(entry.pfn);
other:
	preempt_enable();
	return pb_alloc_zeroed_more(gfp, order, nid);
}

#endif /* PB_ALLOC_ZEROED_H */
