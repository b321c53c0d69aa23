// SPDX-License-Identifier: GPL-2.0-only
/* The kernel's page allocator with __GFP_COMP: the cost of a compound page. */
#include <linux/errno.h>
#include <linux/mm.h>
#include <linux/ptr_ring.h>

#include "bench.h"
#include "compat.h"
#include "subject.h"

static __always_inline void *subject_alloc(gfp_t gfp, unsigned int order)
{
	return alloc_pages(gfp | __GFP_COMP, order);
}

static __always_inline void subject_free(void *block, unsigned int order)
{
	__free_pages(block, order);
}

#define SUBJECT_RING
#include "loops.h"

const struct bench_subject bench_alloc_pages_comp = {
	.name		= "alloc_pages_comp",
	.loops		= &subject_loops,
	.takes_gfp	= true,
	.min_order	= 1,
	.max_order	= PB_KERNEL_MAX_ORDER,
	.default_order	= 9,
	.capacity	= bench_kernel_capacity,
	.drain		= bench_kernel_drain,
};
