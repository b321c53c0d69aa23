/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Allocation from the core with the checks of bad_frames.c and debug_pages.c and the guards of
 * guard_pages.c.
 */
#ifndef PB_CHECKED_ALLOC_H
#define PB_CHECKED_ALLOC_H

#include "core/alloc/alloc.h"
#include "core/alloc/bulk.h"
#include "hooks/bad_frames.h"
#include "hooks/debug_pages.h"
#include "hooks/guard_pages.h"
#include "instance.h"

/*
 * As pb_alloc(), pb_alloc_bulk() and pb_alloc_contig(), but for pages that fail the check; the
 * first two with guards, if so wished.
 */
static inline unsigned long pb_checked_alloc(const struct pb_request *rq, enum pb_reason *reason)
{
	unsigned long pfn;

	if (static_branch_unlikely(&pb_guard_key)) {
		pfn = pb_guard_alloc(rq);
		if (pfn != PB_NO_PFN && pb_bad_frames_accept(rq, pfn))
			return pfn;
	}
	do {
		pfn = pb_alloc(&pb_instance, rq, reason);
	} while (pfn != PB_NO_PFN &&
		 ((static_branch_unlikely(&pb_poison_key) && !pb_debug_accept(pfn, rq->order)) ||
		  !pb_bad_frames_accept(rq, pfn)));
	return pfn;
}

static inline unsigned long pb_checked_alloc_bulk(const struct pb_request *rq, unsigned long nr,
						  unsigned long *pfns, enum pb_reason *reason)
{
	unsigned long guarded = 0, got;

	if (static_branch_unlikely(&pb_guard_key)) {
		guarded = pb_bad_frames_accept_bulk(rq, pfns, pb_guard_alloc_bulk(rq, nr, pfns));
		if (guarded == nr)
			return nr;
		pfns += guarded;
		nr -= guarded;
	}
	got = pb_alloc_bulk(&pb_instance, rq, nr, pfns, reason);
	if (static_branch_unlikely(&pb_poison_key))
		got = pb_debug_accept_bulk(pfns, rq->order, got);
	return guarded + pb_bad_frames_accept_bulk(rq, pfns, got);
}

static inline unsigned long pb_checked_alloc_contig(const struct pb_request *rq,
						    unsigned long nr_pages,
						    enum pb_reason *reason)
{
	unsigned long pfn;

	do {
		pfn = pb_alloc_contig(&pb_instance, rq, nr_pages, reason);
	} while (pfn != PB_NO_PFN &&
		 ((static_branch_unlikely(&pb_poison_key) &&
		   !pb_debug_accept_pages(pfn, nr_pages)) ||
		  !pb_bad_frames_accept_pages(rq, pfn, nr_pages)));
	return pfn;
}

#endif /* PB_CHECKED_ALLOC_H */
