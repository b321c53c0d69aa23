// SPDX-License-Identifier: GPL-2.0-only
/* pbuddy through its public API. */
#include <linux/errno.h>
#include <linux/mm.h>
#include <linux/pbuddy.h>
#include <linux/ptr_ring.h>

#include "bench.h"
#include "subject.h"

static __always_inline void *subject_alloc(gfp_t gfp, unsigned int order)
{
	return pbuddy_alloc_pages(gfp, order);
}

static __always_inline void subject_free(void *block, unsigned int order)
{
	pbuddy_free_pages(block, order);
}

static __always_inline unsigned long subject_alloc_bulk(gfp_t gfp, unsigned long nr,
							void **slots)
{
	return pbuddy_alloc_pages_bulk(gfp, NUMA_NO_NODE, nr, (struct page **)slots);
}

static __always_inline void subject_free_bulk(unsigned long nr, void **slots)
{
	pbuddy_free_pages_bulk((struct page **)slots, nr);
}

static __always_inline void *subject_alloc_node(int nid, gfp_t gfp, unsigned int order)
{
	return pbuddy_alloc_pages_node(nid, gfp, order);
}

static __always_inline void *subject_alloc_nodemask(int nid, const nodemask_t *nodes, gfp_t gfp,
						    unsigned int order)
{
	return pbuddy_alloc_pages_nodemask(gfp, order, nid, nodes);
}

#define SUBJECT_BULK
#define SUBJECT_NODE
#define SUBJECT_NODEMASK
#define SUBJECT_RING
#include "loops.h"

const struct bench_subject bench_pbuddy = {
	.name		= "pbuddy",
	.loops		= &subject_loops,
	.takes_gfp	= true,
	.max_order	= PBUDDY_MAX_PAGE_ORDER,
	.capacity	= bench_pbuddy_capacity,
	.reserve	= bench_pbuddy_reserve,
	.drain		= bench_pbuddy_drain,
	.prezero	= bench_pbuddy_prezero,
	.free_pageblocks	= bench_pbuddy_free_pageblocks,
	.resize		= &bench_pbuddy_resize,
};
