// SPDX-License-Identifier: GPL-2.0-only
/*
 * For the test of this module, no measurement: pbuddy, but the 41st and every later allocation of
 * a request fails, so that each loop and workload has to free its blocks.
 */
#include <linux/atomic.h>
#include <linux/errno.h>
#include <linux/mm.h>
#include <linux/pbuddy.h>
#include <linux/ptr_ring.h>

#include "bench.h"
#include "subject.h"

#define GOOD	40

static atomic_t left;

static inline void *subject_alloc(gfp_t gfp, unsigned int order)
{
	return atomic_dec_return(&left) < 0 ? NULL : pbuddy_alloc_pages(gfp, order);
}

static inline void subject_free(void *block, unsigned int order)
{
	pbuddy_free_pages(block, order);
}

/* May allocate fewer than nr, as a bulk call may. */
static inline unsigned long subject_alloc_bulk(gfp_t gfp, unsigned long nr, void **slots)
{
	unsigned long i;

	for (i = 0; i < nr; i++) {
		slots[i] = subject_alloc(gfp, 0);
		if (!slots[i])
			break;
	}
	return i;
}

static inline void subject_free_bulk(unsigned long nr, void **slots)
{
	pbuddy_free_pages_bulk((struct page **)slots, nr);
}

static inline void *subject_alloc_node(int nid, gfp_t gfp, unsigned int order)
{
	return subject_alloc(gfp, order);
}

static inline void *subject_alloc_nodemask(int nid, const nodemask_t *nodes, gfp_t gfp,
					   unsigned int order)
{
	return subject_alloc(gfp, order);
}

#define SUBJECT_BULK
#define SUBJECT_NODE
#define SUBJECT_NODEMASK
#define SUBJECT_RING
#include "loops.h"

static int open_failing(unsigned int order)
{
	atomic_set(&left, GOOD);
	return 0;
}

const struct bench_subject bench_failing = {
	.name		= "failing",
	.hidden		= true,
	.loops		= &subject_loops,
	.takes_gfp	= true,
	.max_order	= PBUDDY_MAX_PAGE_ORDER,
	.capacity	= bench_pbuddy_capacity,
	.reserve	= bench_pbuddy_reserve,
	.open		= open_failing,
	.free_pageblocks	= bench_pbuddy_free_pageblocks,
	.drain		= bench_pbuddy_drain,
};
