// SPDX-License-Identifier: GPL-2.0-only
/*
 * The DRM drivers' buddy allocator (drivers/gpu/buddy.c, from 7.x on) over as many pages as
 * pbuddy has. Its callers lock it with a mutex, as this subject does.
 */
#include <linux/errno.h>
#include <linux/kconfig.h>
#include <linux/mm.h>
#include <linux/mutex.h>
#include <linux/ptr_ring.h>

#include "bench.h"
#include "subject.h"

#if IS_ENABLED(CONFIG_GPU_BUDDY)

#include <linux/gpu_buddy.h>

static struct gpu_buddy mm;
static DEFINE_MUTEX(mm_lock);

static __always_inline void *subject_alloc(gfp_t gfp, unsigned int order)
{
	u64 size = (u64)PAGE_SIZE << order;
	LIST_HEAD(blocks);
	int err;

	mutex_lock(&mm_lock);
	err = gpu_buddy_alloc_blocks(&mm, 0, mm.size, size, size, &blocks, 0);
	mutex_unlock(&mm_lock);
	return err ? NULL : list_first_entry(&blocks, struct gpu_buddy_block, link);
}

static __always_inline void subject_free(void *block, unsigned int order)
{
	mutex_lock(&mm_lock);
	gpu_buddy_free_block(&mm, block);
	mutex_unlock(&mm_lock);
}

#define SUBJECT_RING
#include "loops.h"

static int open_mm(unsigned int order)
{
	return gpu_buddy_init(&mm, (u64)bench_pbuddy_pages() << PAGE_SHIFT, PAGE_SIZE);
}

static void close_mm(void)
{
	gpu_buddy_fini(&mm);
}

const struct bench_subject bench_gpu_buddy = {
	.name		= "gpu_buddy",
	.loops		= &subject_loops,
	.max_order	= 10,
	.capacity	= bench_pbuddy_capacity,
	.open		= open_mm,
	.close		= close_mm,
};

#endif /* CONFIG_GPU_BUDDY */
