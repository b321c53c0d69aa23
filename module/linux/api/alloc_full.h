/* SPDX-License-Identifier: GPL-2.0-only */
/* The full path of allocations. See alloc_full.c. */
#ifndef PB_ALLOC_FULL_H
#define PB_ALLOC_FULL_H

#include <linux/gfp.h>
#include <linux/nodemask.h>

#include "api/zero.h"
#include "core/base/request.h"
#include "hooks/debug_pages.h"

struct page *pb_alloc_request(gfp_t gfp, unsigned int order, int nid, const nodemask_t *nodemask,
			      pb_alloc_flags_t try);
struct page *pb_alloc_range(gfp_t gfp, unsigned long nr_pages, int nid, const nodemask_t *nodemask,
			    pb_alloc_flags_t try);
struct page *pb_alloc_by_policy(gfp_t gfp, unsigned int order);
struct page *pb_alloc_range_by_policy(gfp_t gfp, unsigned long nr_pages);
struct page *pb_alloc_full(gfp_t gfp, unsigned int order, int nid);
struct page *pb_alloc_more(gfp_t gfp, unsigned int order, int nid);	/* alloc_more.c */

/* Zeroes pages as alloc_pages() does: on request, or always with init_on_alloc=1. */
static inline void pb_prepare_pages(unsigned long pfn, unsigned long nr_pages,
				    const struct pb_request *rq, gfp_t gfp)
{
	if (pb_need_zero(gfp) && !(rq->zeroed && *rq->zeroed))
		pb_pages_zero(pfn, nr_pages, rq->flags & PB_ALLOC_WAIT);
}

#endif /* PB_ALLOC_FULL_H */
