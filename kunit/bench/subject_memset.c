// SPDX-License-Identifier: GPL-2.0-only
/*
 * Blocks of pbuddy that are cleared by one memset(): the reference for requests with __GFP_ZERO.
 * Blocks and state of the caches are those of the subject pbuddy.
 */
#include <linux/errno.h>
#include <linux/mm.h>
#include <linux/pbuddy.h>
#include <linux/ptr_ring.h>
#include <linux/string.h>

#include "bench.h"
#include "subject.h"

static __always_inline void *subject_alloc(gfp_t gfp, unsigned int order)
{
	struct page *page = pbuddy_alloc_pages(gfp & ~__GFP_ZERO, order);

	if (likely(page))
		memset(page_address(page), 0, PAGE_SIZE << order);
	return page;
}

static __always_inline void subject_free(void *block, unsigned int order)
{
	pbuddy_free_pages(block, order);
}

#include "loops.h"

const struct bench_subject bench_memset = {
	.name		= "memset",
	.loops		= &subject_loops,
	.takes_gfp	= true,
	.clears_only	= true,
	.max_order	= PBUDDY_MAX_PAGE_ORDER,
	.capacity	= bench_pbuddy_capacity,
	.drain		= bench_pbuddy_drain,
};
