// SPDX-License-Identifier: GPL-2.0-only
/*
 * Requests for the local node that the inline fast path of api.c leaves to others: those that have
 * to be zeroed, charged and so on. In all functions @nid is that of pb_alloc_full().
 *
 * The most frequent of them have a straight path each, which ends in at most one call: blocks that
 * are shown to user space, are charged, or are compound; alloc_zeroed.h has that of blocks within a
 * word that are zeroed, with init_on_alloc=1 nearly all. Blocks of which all pages are
 * checked when they are freed get PB_FRAME_CHECKED with their order. alloc_local() serves requests
 * that need more than one of these.
 */
#include <linux/mm.h>
#include <linux/percpu.h>
#include <linux/pfn.h>

#include "api/account_block.h"
#include "api/alloc_full.h"
#include "api/alloc_zeroed.h"
#include "api/cached.h"
#include "api/compound.h"
#include "core/alloc/alloc.h"
#include "core/zone/dirty.h"
#include "instance.h"

/* What a block needs besides being zeroed. */
enum extra { NOTHING, CHARGE, COMPOUND, COMPOUND_INLINE };

/* From another zone than the local node's first, or when the task may not use that node. */
static noinline struct page *alloc_other(gfp_t gfp, unsigned int order, int nid)
{
	return pb_cached_alloc_pages(gfp, order, nid, NULL) ?: pb_alloc_full(gfp, order, nid);
}

/* All that the fast path does not do, from this CPU's cache of the local node. */
static noinline struct page *alloc_local(gfp_t gfp, unsigned int order, int nid)
{
	enum pb_migratetype mt = pb_gfp_index_migratetype[pb_gfp_index(gfp)];
	struct page *page;
	struct pb_pcp *pcp;

	if (gfp & PBUDDY_GFP_RELIABLE)
		return pb_alloc_full(gfp, order, nid);
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

/* The end of alloc_from_preempt_enable() with @zero, but for one page. */
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

/**
 * pb_alloc_refill_preempt_enable - allocate a block after a refill
 * @gfp: as for pbuddy_alloc_pages_nodemask()
 * @order: an order with pcp lists
 * @nid: as for pb_alloc_more()
 * @pcp: this CPU's cache of the local node
 *
 * Leaves the pcp section and enables preemption.
 *
 * Context: inside the pcp section.
 * Return: the first page, or NULL after a report.
 */
struct page *pb_alloc_refill_preempt_enable(gfp_t gfp, unsigned int order, int nid,
					    struct pb_pcp *pcp)
{
	enum pb_migratetype mt = pb_gfp_index_migratetype[pb_gfp_index(gfp)];
	bool zero = pb_need_zero(gfp), zeroed;
	unsigned long pfn;

	pfn = pb_alloc_refill_leave_section(pcp, order, mt, zero ? &zeroed : NULL);
	preempt_enable();
	if (unlikely(pfn == PB_NO_PFN))
		return pb_alloc_full(gfp, order, nid);
	if ((gfp & __GFP_ACCOUNT || (order && gfp & PB_GFP_MAPPABLE)) &&
	    unlikely(!pb_cached_finish(gfp, order, pfn)))
		return pb_alloc_full(gfp, order, nid);
	return zero ? zero_block(gfp, order, nid, pfn, zeroed) : pfn_to_page(pfn);
}

static noinline struct page *alloc_set_aside(gfp_t gfp, unsigned int order, int nid,
					     unsigned long pfn)
{
	pb_set_aside(pb_pfn_zone(&pb_instance, pfn), pfn, order);
	return pb_alloc_full(gfp, order, nid);
}

/* A block that cannot be made compound, as a page of it has another user. */
static noinline struct page *alloc_not_compound(gfp_t gfp, unsigned int order, int nid,
						struct page *head)
{
	pb_quarantine_block(page_to_pfn(head), order, PB_QUARANTINE_COMPOUND);
	return pb_alloc_full(gfp, order, nid);
}

/* The same after some of its pages were made tails. */
static noinline struct page *alloc_undo_compound(gfp_t gfp, unsigned int order, int nid,
						 struct page *head)
{
	pb_compound_undo(head, order);
	return alloc_not_compound(gfp, order, nid, head);
}

/* The end of alloc_from_preempt_enable() with @extra COMPOUND for any order. */
static noinline struct page *alloc_compound_rest(gfp_t gfp, unsigned int order, int nid,
						 struct page *head)
{
	return likely(pb_compound_set_pages(head, order, gfp & __GFP_DIRECT_RECLAIM)) ?
	       head : alloc_not_compound(gfp, order, nid, head);
}

/* The same for PB_COMPOUND_INLINE. */
static __always_inline struct page *alloc_compound_inline_rest(gfp_t gfp, int nid,
							       struct page *head)
{
	if (unlikely(!pb_compound_freeze(head)))
		return alloc_not_compound(gfp, PB_COMPOUND_INLINE, nid, head);
	if (unlikely(!pb_compound_set_inline(head)))
		return alloc_undo_compound(gfp, PB_COMPOUND_INLINE, nid, head);
	return head;
}

/* The end of alloc_from_preempt_enable() with @extra CHARGE, past this CPU's stock. */
static noinline struct page *alloc_charge_rest(gfp_t gfp, unsigned int order, int nid,
					       unsigned long pfn)
{
	return pb_cached_charge(gfp, order, pfn) ? pfn_to_page(pfn) :
						   pb_alloc_full(gfp, order, nid);
}

/**
 * pb_alloc_zeroed_end - end a request for zeroed memory that pb_alloc_zeroed_fast() did not end
 * @gfp: as for pb_alloc_zeroed()
 * @order: its order
 * @nid: as for pb_alloc_more()
 * @result: of pb_alloc_zeroed_fast(), but not PB_FAST_EMPTY_IN_SECTION
 * @pfn: the block, which is zero
 *
 * Context: that of the request.
 * Return: the first page, or NULL after a report.
 */
struct page *pb_alloc_zeroed_end(gfp_t gfp, unsigned int order, int nid, enum pb_fast result,
				 unsigned long pfn)
{
	if (likely(result == PB_FAST_DONE))
		return zero_block(gfp, order, nid, pfn, true);
	return result == PB_FAST_IN_USE ? alloc_set_aside(gfp, order, nid, pfn) :
					  pb_alloc_full(gfp, order, nid);
}

/* A zeroed block of a zone that has such blocks. Enables preemption. */
static noinline struct page *alloc_prezeroed_preempt_enable(gfp_t gfp, unsigned int order, int nid,
							    struct pb_pcp *pcp)
{
	struct pb_pcp_entry entry;
	enum pb_fast result;

	result = pb_alloc_zeroed_fast(pcp, order, pb_gfp_index_migratetype[pb_gfp_index(gfp)],
				      pb_cached_frame_flags(gfp, order), &entry);
	if (unlikely(result == PB_FAST_EMPTY_IN_SECTION))
		return pb_alloc_refill_preempt_enable(gfp, order, nid, pcp);
	preempt_enable();
	if (unlikely(result != PB_FAST_DONE || !pb_bad_frames_reported()))
		return pb_alloc_zeroed_end(gfp, order, nid, result, entry.pfn);
	return pfn_to_page(entry.pfn);
}

/*
 * A block that is zeroed or needs one thing more, if at all. @flags are for the page order map.
 * Nothing is live across a call, as in the fast path.
 */
static __always_inline struct page *
alloc_from_preempt_enable(gfp_t gfp, unsigned int order, int nid, struct pb_pcp *pcp, bool zero,
			  enum extra extra, u8 flags)
{
	enum pb_migratetype mt = pb_gfp_index_migratetype[pb_gfp_index(gfp)];
	union pb_fast_found found;
	enum pb_fast result;
	struct page *page;
	bool charged;

	result = pb_alloc_fast_checked(pcp->zone, pcp, order, mt, flags, &found);
	if (unlikely(result == PB_FAST_EMPTY_IN_SECTION))
		return pb_alloc_refill_preempt_enable(gfp, order, nid, found.pcp);
	if (extra == CHARGE)
		charged = likely(result == PB_FAST_DONE) &&
			  pb_account_charge_stocked(found.pfn, order);
	preempt_enable();
	if (unlikely(result != PB_FAST_DONE))
		return result == PB_FAST_IN_USE ? alloc_set_aside(gfp, order, nid, found.pfn) :
						  pb_alloc_full(gfp, order, nid);
	if (extra == CHARGE && unlikely(!charged))
		return alloc_charge_rest(gfp, order, nid, found.pfn);
	if (extra == COMPOUND)
		return alloc_compound_rest(gfp, order, nid, pfn_to_page(found.pfn));
	if (extra == COMPOUND_INLINE)
		return alloc_compound_inline_rest(gfp, nid, pfn_to_page(found.pfn));
	if (!zero)
		return pfn_to_page(found.pfn);
	if (order)
		return zero_block(gfp, order, nid, found.pfn, false);
	page = pfn_to_page(found.pfn);
	OPTIMIZER_HIDE_VAR(page);	/* computed once, in a register that clear_page() keeps */
	if (IS_ENABLED(CONFIG_MEMORY_FAILURE) &&
	    unlikely(pb_page_flags_racy(page) & __PG_HWPOISON))
		return zero_block(gfp, 0, nid, found.pfn, false);
	clear_page(__va(PFN_PHYS(found.pfn)));
	return page;
}

/* Not inlined, so that the path of a page has registers of its own. */
static noinline struct page *alloc_and_zero_block_preempt_enable(gfp_t gfp, unsigned int order,
								 int nid, struct pb_pcp *pcp)
{
	return alloc_from_preempt_enable(gfp, order, nid, pcp, true, NOTHING,
					 pb_cached_frame_flags(gfp, order));
}

/**
 * pb_alloc_and_zero_preempt_enable - allocate a block from this CPU's cache and zero it
 * @gfp: as for pb_alloc_zeroed()
 * @order: up to PB_PCP_MAX_WORD_ORDER
 * @nid: as for pb_alloc_more()
 * @pcp: this CPU's cache of the local node, in a zone without zeroed memory
 *
 * Context: that of the request; preemption off.
 * Return: the first page, or NULL after a report.
 */
struct page *pb_alloc_and_zero_preempt_enable(gfp_t gfp, unsigned int order, int nid,
					      struct pb_pcp *pcp)
{
	return likely(!order) ? alloc_from_preempt_enable(gfp, 0, nid, pcp, true, NOTHING, 0) :
				alloc_and_zero_block_preempt_enable(gfp, order, nid, pcp);
}

/* The same, unzeroed, from this CPU's cache of the local node. */
static __always_inline struct page *alloc_plain(gfp_t gfp, unsigned int order, int nid,
						enum extra extra, u8 flags)
{
	struct pb_pcp *pcp;

	preempt_disable();
	pcp = __this_cpu_read(pb_percpu_zone.pcp[pb_gfp_index(gfp)]);
	if (unlikely(!pb_cached_pcp_allowed(pcp))) {
		preempt_enable();
		return alloc_other(gfp, order, nid);
	}
	return alloc_from_preempt_enable(gfp, order, nid, pcp, false, extra, flags);
}

/* A block of several pages that may be shown to user space. */
static noinline struct page *alloc_mappable(gfp_t gfp, unsigned int order, int nid)
{
	return alloc_plain(gfp, order, nid, NOTHING, PB_FRAME_CHECKED);
}

static noinline struct page *alloc_compound(gfp_t gfp, unsigned int order, int nid)
{
	return alloc_plain(gfp, order, nid, COMPOUND, PB_FRAME_CHECKED);
}

/* The order is a constant in all of the path. */
static noinline struct page *alloc_compound_inline(gfp_t gfp, int nid)
{
	if (unlikely(!pb_cached_may_serve(gfp, PB_COMPOUND_INLINE,
					  pb_gfp_index_migratetype[pb_gfp_index(gfp)])))
		return alloc_other(gfp, PB_COMPOUND_INLINE, nid);
	return alloc_plain(gfp, PB_COMPOUND_INLINE, nid, COMPOUND_INLINE, PB_FRAME_CHECKED);
}

static noinline struct page *alloc_charged(gfp_t gfp, unsigned int order, int nid)
{
	if (unlikely(!pb_cached_may_serve(gfp, order, pb_gfp_index_migratetype[pb_gfp_index(gfp)])))
		return alloc_other(gfp, order, nid);
	if (unlikely(pb_account_exempt()))
		return alloc_plain(gfp, order, nid, NOTHING, 0);
	return alloc_plain(gfp, order, nid, CHARGE, PB_FRAME_CHECKED);
}

/* Whether flags need more than a zeroed block. While no page is dirty, __GFP_WRITE does not. */
static __always_inline bool is_special(gfp_t gfp)
{
	gfp_t flags = gfp & (PB_GFP_SLOW & ~__GFP_ZERO);

	return unlikely(flags) &&
	       (flags != __GFP_WRITE || READ_ONCE(pb_instance.dirty_reported));
}

static noinline struct page *alloc_special_rest(gfp_t gfp, unsigned int order, int nid)
{
	gfp_t flags = gfp & (PB_GFP_SLOW & ~__GFP_ZERO);

	if (unlikely(!pb_cached_may_serve(gfp, order, pb_gfp_index_migratetype[pb_gfp_index(gfp)])))
		return alloc_other(gfp, order, nid);
	if (flags == __GFP_COMP && order)
		return alloc_compound(gfp, order, nid);
	return alloc_local(gfp, order, nid);
}

/* An unzeroed block that is_special(). */
static __always_inline struct page *alloc_special(gfp_t gfp, unsigned int order, int nid)
{
	gfp_t flags = gfp & (PB_GFP_SLOW & ~__GFP_ZERO);

	if (flags == __GFP_COMP && order == PB_COMPOUND_INLINE)
		return alloc_compound_inline(gfp, nid);
	if (flags == __GFP_ACCOUNT && !(order && gfp & PB_GFP_MAPPABLE))
		return alloc_charged(gfp, order, nid);
	return alloc_special_rest(gfp, order, nid);
}

static noinline struct page *alloc_unzeroed(gfp_t gfp, unsigned int order, int nid)
{
	if (is_special(gfp))
		return alloc_special(gfp, order, nid);
	if (unlikely(!pb_cached_may_serve(gfp, order, pb_gfp_index_migratetype[pb_gfp_index(gfp)])))
		return alloc_other(gfp, order, nid);
	return order && gfp & PB_GFP_MAPPABLE ? alloc_mappable(gfp, order, nid) :
		alloc_plain(gfp, order, nid, NOTHING, 0);
}

/**
 * pb_alloc_zeroed_more - allocate a zeroed block, past the straight path
 * @gfp: as for pb_alloc_zeroed()
 * @order: any number
 * @nid: as for pb_alloc_more()
 *
 * Context: that of the request.
 * Return: the first page, or NULL after a report.
 */
struct page *pb_alloc_zeroed_more(gfp_t gfp, unsigned int order, int nid)
{
	struct pb_pcp *pcp;

	if (unlikely(!pb_cached_may_serve(gfp, order, pb_gfp_index_migratetype[pb_gfp_index(gfp)])))
		return alloc_other(gfp, order, nid);
	if (is_special(gfp))
		return alloc_local(gfp, order, nid);
	preempt_disable();
	pcp = __this_cpu_read(pb_percpu_zone.pcp[pb_gfp_index(gfp)]);
	if (unlikely(!pb_cached_pcp_allowed(pcp))) {
		preempt_enable();
		return alloc_other(gfp, order, nid);
	}
	if (unlikely(pb_hint(pcp->zone->prezeroed)))
		return alloc_prezeroed_preempt_enable(gfp, order, nid, pcp);
	return alloc_from_preempt_enable(gfp, order, nid, pcp, true, NOTHING,
					 pb_cached_frame_flags(gfp, order));
}

/* Not inline, because unzeroed requests would move @nid out of its way and back. */
static noinline struct page *alloc_zeroed(gfp_t gfp, unsigned int order, int nid)
{
	return pb_alloc_zeroed(gfp, order, nid, true);
}

/**
 * pb_alloc_more - allocate a block from this CPU's cache of the local node, past the fast path
 * @gfp: as for pbuddy_alloc_pages_nodemask()
 * @order: any number
 * @nid: the local node, or NUMA_NO_NODE when the task has no memory policy
 *
 * Context: that of the request.
 * Return: the first page, or NULL after a report.
 */
struct page *pb_alloc_more(gfp_t gfp, unsigned int order, int nid)
{
	return pb_need_zero(gfp) ? alloc_zeroed(gfp, order, nid) : alloc_unzeroed(gfp, order, nid);
}
