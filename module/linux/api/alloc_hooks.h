/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Allocate pages with what other modules have hooked before and after it. All of module/linux
 * allocates by the three functions here; without hooks each is the function of pages.h.
 */
#ifndef PB_ALLOC_HOOKS_H
#define PB_ALLOC_HOOKS_H

#include <linux/jump_label.h>

#include "api/pages.h"

/* On while hooks are registered. */
DECLARE_STATIC_KEY_FALSE(pb_alloc_hooks_key);

unsigned long pb_hooked_alloc(const struct pb_request *rq, gfp_t gfp, enum pb_reason *reason);
unsigned long pb_hooked_alloc_bulk(const struct pb_request *rq, unsigned long nr,
				   unsigned long *pfns, gfp_t gfp, enum pb_reason *reason);
unsigned long pb_hooked_alloc_contig(const struct pb_request *rq, unsigned long nr_pages,
				     gfp_t gfp, enum pb_reason *reason);

static inline unsigned long pb_pages_alloc(const struct pb_request *rq, gfp_t gfp,
					   enum pb_reason *reason)
{
	if (static_branch_unlikely(&pb_alloc_hooks_key))
		return pb_hooked_alloc(rq, gfp, reason);
	return pb_pages_alloc_unhooked(rq, gfp, reason);
}

static inline unsigned long pb_pages_alloc_bulk(const struct pb_request *rq, unsigned long nr,
						unsigned long *pfns, gfp_t gfp,
						enum pb_reason *reason)
{
	if (static_branch_unlikely(&pb_alloc_hooks_key))
		return pb_hooked_alloc_bulk(rq, nr, pfns, gfp, reason);
	return pb_pages_alloc_bulk_unhooked(rq, nr, pfns, gfp, reason);
}

static inline unsigned long pb_pages_alloc_contig(const struct pb_request *rq,
						  unsigned long nr_pages, gfp_t gfp,
						  enum pb_reason *reason)
{
	if (static_branch_unlikely(&pb_alloc_hooks_key))
		return pb_hooked_alloc_contig(rq, nr_pages, gfp, reason);
	return pb_pages_alloc_contig_unhooked(rq, nr_pages, gfp, reason);
}

#endif /* PB_ALLOC_HOOKS_H */
