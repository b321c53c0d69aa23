// SPDX-License-Identifier: GPL-2.0-only
/* The kernel's page allocator, page by page: alloc_pages() and __free_pages(). */
#include <linux/errno.h>
#include <linux/mm.h>
#include <linux/ptr_ring.h>

#include "bench.h"
#include "compat.h"
#include "subject.h"

static __always_inline void *subject_alloc(gfp_t gfp, unsigned int order)
{
	return alloc_pages(gfp, order);
}

static __always_inline void subject_free(void *block, unsigned int order)
{
	__free_pages(block, order);
}

/* For the bulk workloads: a loop, as in a caller that does not use the bulk call. */
static __always_inline unsigned long subject_alloc_bulk(gfp_t gfp, unsigned long nr,
							void **slots)
{
	unsigned long i;

	for (i = 0; i < nr; i++) {
		slots[i] = alloc_pages(gfp, 0);
		if (unlikely(!slots[i]))
			break;
	}
	return i;
}

static __always_inline void subject_free_bulk(unsigned long nr, void **slots)
{
	unsigned long i;

	for (i = 0; i < nr; i++)
		__free_pages(slots[i], 0);
}

static __always_inline void *subject_alloc_node(int nid, gfp_t gfp, unsigned int order)
{
	return alloc_pages_node(nid, gfp, order);
}

#if PB_HAVE_ALLOC_NODEMASK
static __always_inline void *subject_alloc_nodemask(int nid, const nodemask_t *nodes, gfp_t gfp,
						    unsigned int order)
{
	return pb_kernel_alloc_nodemask(gfp, order, nid, nodes);
}

#define SUBJECT_NODEMASK
#endif

#define SUBJECT_BULK
#define SUBJECT_NODE
#define SUBJECT_RING
#include "loops.h"

const struct bench_subject bench_alloc_pages = {
	.name		= "alloc_pages",
	.loops		= &subject_loops,
	.takes_gfp	= true,
	.max_order	= PB_KERNEL_MAX_ORDER,
	.capacity	= bench_kernel_capacity,
	.reserve	= bench_kernel_reserve,
	.drain		= bench_kernel_drain,
	.free_pageblocks	= bench_kernel_free_pageblocks,
	.resize		= &bench_kernel_resize,
};
