// SPDX-License-Identifier: GPL-2.0-only
/* pbuddy through its public API. */
#include <linux/errno.h>
#include <linux/mm.h>
#include <linux/pbuddy.h>
#include <linux/ptr_ring.h>

#include "bench.h"
#include "subject.h"

static __always_inline void *subject_alloc(unsigned int order)
{
	return pbuddy_alloc_pages(BENCH_GFP, order);
}

static __always_inline void subject_free(void *block, unsigned int order)
{
	pbuddy_free_pages(block, order);
}

static __always_inline unsigned long subject_alloc_bulk(unsigned long nr, void **slots)
{
	return pbuddy_alloc_pages_bulk(BENCH_GFP, NUMA_NO_NODE, nr, (struct page **)slots);
}

static __always_inline void subject_free_bulk(unsigned long nr, void **slots)
{
	pbuddy_free_pages_bulk((struct page **)slots, nr);
}

#define SUBJECT_BULK
#define SUBJECT_RING
#include "loops.h"

const struct bench_subject bench_pbuddy = {
	.name		= "pbuddy",
	.loops		= &subject_loops,
	.max_order	= PBUDDY_MAX_PAGE_ORDER,
	.capacity	= bench_pbuddy_capacity,
	.reserve	= bench_pbuddy_reserve,
	.drain		= bench_pbuddy_drain,
	.free_pageblocks	= bench_pbuddy_free_pageblocks,
};
