// SPDX-License-Identifier: GPL-2.0-only
/*
 * lib/genalloc.c over as many addresses as pbuddy has pages: searches a bitmap of pages without
 * a lock and aligns to the order as a buddy allocator does. It never accesses the memory, so the
 * addresses need none.
 */
#include <linux/errno.h>
#include <linux/genalloc.h>
#include <linux/kconfig.h>
#include <linux/mm.h>
#include <linux/ptr_ring.h>
#include <linux/sizes.h>

#include "bench.h"
#include "subject.h"

#if IS_ENABLED(CONFIG_GENERIC_ALLOCATOR)

#define BASE	SZ_1G

static struct gen_pool *pool;

static __always_inline void *subject_alloc(gfp_t gfp, unsigned int order)
{
	return (void *)gen_pool_alloc(pool, PAGE_SIZE << order);
}

static __always_inline void subject_free(void *block, unsigned int order)
{
	gen_pool_free(pool, (unsigned long)block, PAGE_SIZE << order);
}

#define SUBJECT_RING
#include "loops.h"

static int open_pool(unsigned int order)
{
	int err;

	pool = gen_pool_create(PAGE_SHIFT, NUMA_NO_NODE);
	if (!pool)
		return -ENOMEM;
	gen_pool_set_algo(pool, gen_pool_first_fit_order_align, NULL);
	err = gen_pool_add(pool, BASE, bench_pbuddy_pages() << PAGE_SHIFT, NUMA_NO_NODE);
	if (err)
		gen_pool_destroy(pool);
	return err;
}

static void close_pool(void)
{
	gen_pool_destroy(pool);
}

const struct bench_subject bench_gen_pool = {
	.name		= "gen_pool",
	.loops		= &subject_loops,
	.max_order	= 10,
	.capacity	= bench_pbuddy_capacity,
	.open		= open_pool,
	.close		= close_pool,
};

#endif /* CONFIG_GENERIC_ALLOCATOR */
