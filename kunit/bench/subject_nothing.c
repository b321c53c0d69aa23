// SPDX-License-Identifier: GPL-2.0-only
/*
 * Allocates nothing: what is left is the workload itself, the loop, the slots and, in ring, the
 * ptr_ring. A lower bound of the time that any allocator can have in it.
 */
#include <linux/compiler.h>
#include <linux/mm.h>
#include <linux/ptr_ring.h>

#include "bench.h"
#include "subject.h"

static __always_inline void *subject_alloc(gfp_t gfp, unsigned int order)
{
	void *block = (void *)PAGE_SIZE;

	OPTIMIZER_HIDE_VAR(block);
	return block;
}

static __always_inline void subject_free(void *block, unsigned int order)
{
	OPTIMIZER_HIDE_VAR(block);
}

#define SUBJECT_RING
#include "loops.h"

const struct bench_subject bench_nothing = {
	.name		= "nothing",
	.hidden		= true,
	.loops		= &subject_loops,
	.max_order	= 10,
	.capacity	= bench_pbuddy_capacity,
};
