/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Allocate and free pages of the core with the per-page hooks: tracepoints, fault injection,
 * charges, owner records, debug pages and guards. Everything in module/linux frees through these
 * functions, and allocates through those of alloc_hooks.h, which call these. They use PFNs;
 * contexts and errors are those of the core.
 */
#ifndef PB_PAGES_H
#define PB_PAGES_H

#include <linux/gfp.h>
#include <linux/highmem.h>
#include <linux/sched.h>

#include "api/account_block.h"
#include "api/compound.h"
#include "api/group.h"
#include "api/quarantine.h"
#include "core/alloc/alloc.h"
#include "core/alloc/bulk.h"
#include "core/base/pfn.h"
#include "core/base/request.h"
#include "core/compact/movable.h"
#include "hooks/bad_frames.h"
#include "hooks/checked_alloc.h"
#include "hooks/debug_pages.h"
#include "hooks/fault_inject.h"
#include "hooks/guard_pages.h"
#include "hooks/owner.h"
#include "hooks/trace.h"
#include "instance.h"

/* Whether owner records or tracepoints need every allocation. */
static __always_inline bool pb_pages_slowpath(void)
{
	return static_branch_unlikely(&pb_owner_key) || trace_mm_page_alloc_enabled();
}

/*
 * A block, blocks or a range from the memory of the task's group (group.c), if it has any, or from
 * the pool.
 */
static inline unsigned long pb_pages_find(const struct pb_request *rq, gfp_t gfp,
					  enum pb_reason *reason)
{
	unsigned long pfn;

	if (pb_group_wanted(gfp) && __pb_group_alloc(rq, gfp, &pfn, reason))
		return pfn;
	return pb_checked_alloc(rq, reason);
}

static inline unsigned long pb_pages_find_bulk(const struct pb_request *rq, unsigned long nr,
					       unsigned long *pfns, gfp_t gfp,
					       enum pb_reason *reason)
{
	unsigned long got = 0;

	if (pb_group_wanted(gfp) && __pb_group_alloc_bulk(rq, gfp, nr, pfns, &got, reason))
		return got;
	return got + pb_checked_alloc_bulk(rq, nr - got, pfns + got, reason);
}

static inline unsigned long pb_pages_find_contig(const struct pb_request *rq,
						 unsigned long nr_pages, gfp_t gfp,
						 enum pb_reason *reason)
{
	unsigned long pfn;

	if (pb_group_wanted(gfp) && __pb_group_alloc_contig(rq, gfp, nr_pages, &pfn, reason))
		return pfn;
	return pb_checked_alloc_contig(rq, nr_pages, reason);
}

/* Allocates a block, charges it with __GFP_ACCOUNT, and makes it compound with __GFP_COMP. */
static inline unsigned long pb_pages_alloc_prepared(const struct pb_request *rq, gfp_t gfp,
						    enum pb_reason *reason)
{
	unsigned long pfn;

	do {
		pfn = pb_pages_find(rq, gfp, reason);
		if (unlikely(gfp & __GFP_ACCOUNT) && pfn != PB_NO_PFN)
			pfn = pb_account_block(rq, pfn, gfp, reason);
	} while (unlikely(gfp & __GFP_COMP) && rq->order && pfn != PB_NO_PFN &&
		 !pb_compound_set(pfn, rq->order, rq->flags & PB_ALLOC_WAIT));
	return pfn;
}

static inline unsigned long pb_pages_alloc_unhooked(const struct pb_request *rq, gfp_t gfp,
						    enum pb_reason *reason)
{
	unsigned long pfn = PB_NO_PFN;

	trace_mm_page_alloc_entry(rq->order, gfp, rq->migratetype);
	if (likely(!pb_should_fail(gfp, rq->order, reason)))
		pfn = pb_pages_alloc_prepared(rq, gfp, reason);
	if (likely(pfn != PB_NO_PFN))
		pb_owner_set(pfn);
	trace_mm_page_alloc(pfn, rq->order, gfp, rq->migratetype);
	return pfn;
}

static inline unsigned long pb_pages_alloc_bulk_unhooked(const struct pb_request *rq,
							 unsigned long nr, unsigned long *pfns,
							 gfp_t gfp, enum pb_reason *reason)
{
	unsigned long got = 0, i;

	trace_mm_page_alloc_entry(rq->order, gfp, rq->migratetype);
	if (likely(!pb_should_fail(gfp, rq->order, reason)))
		got = pb_pages_find_bulk(rq, nr, pfns, gfp, reason);
	if (unlikely(gfp & __GFP_ACCOUNT))
		got = pb_account_bulk(rq, got, pfns, gfp, reason);
	for (i = 0; pb_pages_slowpath() && i < got; i++) {
		pb_owner_set(pfns[i]);
		trace_mm_page_alloc(pfns[i], rq->order, gfp, rq->migratetype);
	}
	return got;
}

/* Contiguous pages of order 0; traced as one event with the order rounded up. */
static inline unsigned long pb_pages_alloc_contig_unhooked(const struct pb_request *rq,
							   unsigned long nr_pages, gfp_t gfp,
							   enum pb_reason *reason)
{
	unsigned long pfn = PB_NO_PFN;

	trace_mm_page_alloc_entry(order_base_2(nr_pages), gfp, rq->migratetype);
	if (likely(!pb_should_fail(gfp, order_base_2(nr_pages), reason)))
		pfn = pb_pages_find_contig(rq, nr_pages, gfp, reason);
	if (unlikely(gfp & __GFP_ACCOUNT) && pfn != PB_NO_PFN)
		pfn = pb_account_contig(rq, pfn, nr_pages, gfp, reason);
	if (likely(pfn != PB_NO_PFN))
		pb_owner_set_pages(pfn, nr_pages);
	trace_mm_page_alloc(pfn, order_base_2(nr_pages), gfp, rq->migratetype);
	return pfn;
}

/*
 * Whether ops->release is called for a block that is freed next, and fills its pages. A head that
 * is not plain makes it so: the other pages count for blocks with PB_FRAME_CHECKED only.
 */
static inline bool pb_pages_checked(unsigned long pfn, unsigned int order)
{
	if (unlikely(pb_page_order(&pb_instance, pfn) != (int)order))
		return false;
	if (unlikely(!pb_head_is_plain(pfn_to_page(pfn))))
		return pb_check_on_free(&pb_instance, pfn, order);
	return pb_checked(&pb_instance, pfn);
}

/* Has ops->release called for the pages of a range that are not plain. */
static inline void pb_pages_check_range(unsigned long pfn, unsigned long nr_pages)
{
	unsigned long end = pfn + nr_pages, start = pfn;

	for (; pfn < end; pfn++) {
		if ((pfn == start || !pb_frame_in_pageblock(pfn)) &&
		    !pb_pfn_zone(&pb_instance, pfn))
			break;
		if (unlikely(!pb_head_is_plain(pfn_to_page(pfn))))
			pb_check_on_free(&pb_instance, pfn, 0);
	}
}

static inline enum pb_bad pb_pages_free(unsigned long pfn, unsigned int order)
{
	enum pb_compound_free compound;

	trace_mm_page_free(pfn, order);
	if (unlikely(pb_is_compound(pfn, order))) {
		compound = pb_compound_release(pfn, order);
		if (compound != PB_COMPOUND_FREE_NOW)
			return compound == PB_COMPOUND_FREE_BAD ? PB_BAD_DOUBLE : PB_BAD_NONE;
	}
	if (pb_quarantine_free_bad(pfn, order))
		return PB_BAD_NONE;
	if (!pb_pages_checked(pfn, order) && static_branch_unlikely(&pb_fill_key))
		pb_debug_fill_freed(pfn, order);
	return pb_guarded_free(pfn, order);
}

static inline void pb_pages_free_bulk(unsigned long nr, const unsigned long *pfns)
{
	unsigned long i;

	for (i = 0; trace_mm_page_free_enabled() && i < nr; i++)
		trace_mm_page_free(pfns[i], 0);
	for (i = 0; static_branch_unlikely(&pb_fill_key) && i < nr; i++)
		if (!pb_pages_checked(pfns[i], 0))
			pb_debug_fill_freed(pfns[i], 0);
	for (i = 0; static_branch_unlikely(&pb_guard_key) && i < nr; i++)
		pb_guard_check_drop(pfns[i], 0);
	if (!static_branch_unlikely(&pb_bad_frames_key)) {
		pb_free_bulk(&pb_instance, nr, pfns);
		return;
	}
	for (i = 0; i < nr; i++)
		if (!pb_quarantine_free_bad(pfns[i], 0))
			pb_free(&pb_instance, pfns[i], 0);
}

static inline enum pb_bad pb_pages_free_contig(unsigned long pfn, unsigned long nr_pages)
{
	unsigned long i;

	trace_mm_page_free(pfn, order_base_2(nr_pages));
	for (i = 0; static_branch_unlikely(&pb_fill_key) && i < nr_pages; i++) {
		if (!pb_pfn_zone(&pb_instance, pfn + i))
			break;
		if (!pb_pages_checked(pfn + i, 0))
			pb_debug_fill_freed(pfn + i, 0);
	}
	/* A range has no guards, but a single page may. */
	if (nr_pages == 1)
		pb_guarded_drop(pfn, 0);
	if (pb_quarantine_free_bad_pages(pfn, nr_pages))
		return PB_BAD_NONE;
	return pb_free_contig(&pb_instance, pfn, nr_pages);
}

/* Splits an allocated block into single pages. Some may be parts of folios of its owner. */
static inline enum pb_bad pb_pages_split_folios(unsigned long pfn, unsigned int order)
{
	enum pb_bad bad;

	pb_guarded_drop(pfn, order);
	bad = pb_split(&pb_instance, pfn, order);
	if (likely(!bad))
		pb_owner_copy(pfn, order);
	return bad;
}

/* Splits an allocated block into single pages. As split_page(), not for compound pages. */
static inline enum pb_bad pb_pages_split(unsigned long pfn, unsigned int order)
{
	if (unlikely(pb_is_compound(pfn, order)))
		return pb_refuse_free(&pb_instance, PB_BAD_COMPOUND, pfn, order);
	return pb_pages_split_folios(pfn, order);
}

#endif /* PB_PAGES_H */
