/* SPDX-License-Identifier: GPL-2.0-only */
/* Requests that this CPU's caches serve with more than the inline fast path does. See cached.c. */
#ifndef PB_CACHED_H
#define PB_CACHED_H

#include <linux/gfp.h>
#include <linux/nodemask.h>

struct page *pb_cached_alloc_pages(gfp_t gfp, unsigned int order, int nid,
				   const nodemask_t *nodemask);

#endif /* PB_CACHED_H */
