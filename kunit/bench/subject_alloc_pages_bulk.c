// SPDX-License-Identifier: GPL-2.0-only
/*
 * The kernel's bulk call for single pages. The kernel exports no call that frees in bulk, so its
 * callers free one by one, as this subject does.
 */
#include <linux/errno.h>
#include <linux/mm.h>
#include <linux/string.h>

#include "bench.h"
#include "compat.h"
#include "subject.h"

/* For loops.h; max_order 0 keeps this subject out of the workloads of single calls. */
static __always_inline void *subject_alloc(gfp_t gfp, unsigned int order)
{
	return alloc_pages(gfp, order);
}

static __always_inline void subject_free(void *block, unsigned int order)
{
	__free_pages(block, order);
}

static __always_inline unsigned long subject_alloc_bulk(gfp_t gfp, unsigned long nr,
							void **slots)
{
	return pb_kernel_alloc_bulk(gfp, nr, (struct page **)slots);
}

static __always_inline void subject_free_bulk(unsigned long nr, void **slots)
{
	unsigned long i;

	for (i = 0; i < nr; i++)
		__free_page(slots[i]);
}

#define SUBJECT_BULK
#include "loops.h"

const struct bench_subject bench_alloc_pages_bulk = {
	.name		= "alloc_pages_bulk",
	.loops		= &subject_loops,
	.takes_gfp	= true,
	.max_order	= 0,
	.capacity	= bench_kernel_capacity,
	.drain		= bench_kernel_drain,
};
