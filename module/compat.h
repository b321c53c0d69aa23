/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Every difference between the kernels pbuddy supports (6.1, 6.12, 7.3). No other file of
 * the module tests LINUX_VERSION_CODE. Facilities that a configuration may lack are
 * PB_HAVE_ macros, 0 or 1.
 */
#ifndef PB_COMPAT_H
#define PB_COMPAT_H

#include <linux/export.h>
#include <linux/gfp.h>
#include <linux/mm.h>
#include <linux/mmzone.h>
#include <linux/module.h>
#include <linux/version.h>

#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 14, 0)
#include <linux/cgroup_dmem.h>
#endif

/* Namespaces are strings from 6.13 on. */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 13, 0)
#define EXPORT_SYMBOL_PBUDDY(sym)	EXPORT_SYMBOL_NS_GPL(sym, "PBUDDY")
#else
#define EXPORT_SYMBOL_PBUDDY(sym)	EXPORT_SYMBOL_NS_GPL(sym, PBUDDY)
#endif

/* Workqueues are per CPU unless they say otherwise; from 6.18 on they have to say either. */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 18, 0)
#define PB_WQ_PERCPU		WQ_PERCPU
#else
#define PB_WQ_PERCPU		0
#endif

/* Before 6.3 vm_flags is an ordinary field, written under mmap_lock. */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 3, 0)
static inline void vm_flags_set(struct vm_area_struct *vma, unsigned long flags)
{
	vma->vm_flags |= flags;
}

static inline void vm_flags_clear(struct vm_area_struct *vma, unsigned long flags)
{
	vma->vm_flags &= ~flags;
}
#endif

/* hrtimer_setup() came with 6.13 and took the place of hrtimer_init(). */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 13, 0)
#define pb_hrtimer_setup(timer, fn, clock, mode)	hrtimer_setup(timer, fn, clock, mode)
#else
#define pb_hrtimer_setup(timer, fn, clock, mode)				\
do {										\
	hrtimer_init(timer, clock, mode);					\
	(timer)->function = (fn);						\
} while (0)
#endif

/*
 * Takes [start_pfn, end_pfn) out of the running kernel, moving away what can be moved: 0, -EBUSY or
 * -EINTR. Every page has one reference afterwards. Given back with free_contig_range(). The third
 * argument was the migratetype that the pageblocks get, then acr_flags_t (with its
 * ACR_FLAGS_ macros).
 */
static inline int pb_alloc_contig_range(unsigned long start_pfn, unsigned long end_pfn, gfp_t gfp)
{
#ifdef ACR_FLAGS_NONE
	return alloc_contig_range(start_pfn, end_pfn, ACR_FLAGS_NONE, gfp);
#else
	return alloc_contig_range(start_pfn, end_pfn, MIGRATE_MOVABLE, gfp);
#endif
}

/* Largest order of alloc_pages(); before 6.4 MAX_ORDER was one more than that. */
#ifdef MAX_PAGE_ORDER
#define PB_KERNEL_MAX_ORDER	MAX_PAGE_ORDER
#elif LINUX_VERSION_CODE >= KERNEL_VERSION(6, 4, 0)
#define PB_KERNEL_MAX_ORDER	MAX_ORDER
#else
#define PB_KERNEL_MAX_ORDER	(MAX_ORDER - 1)
#endif

/* Fills the NULL elements of an array; alloc_pages_bulk_array() lost its last word with 6.14. */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 14, 0)
#define pb_kernel_alloc_bulk(gfp, nr, pages)	alloc_pages_bulk(gfp, nr, pages)
#else
#define pb_kernel_alloc_bulk(gfp, nr, pages)	alloc_pages_bulk_array(gfp, nr, pages)
#endif

/* Gone from 6.4 on, where a request without __GFP_DIRECT_RECLAIM and with __GFP_HIGH is atomic. */
#ifdef __GFP_ATOMIC
#define PB_GFP_ATOMIC		__GFP_ATOMIC
#else
#define PB_GFP_ATOMIC		((__force gfp_t)0)
#endif

/* Weighted interleave and the task's place in it came with 6.9. */
#if defined(CONFIG_NUMA) && LINUX_VERSION_CODE >= KERNEL_VERSION(6, 9, 0)
#define PB_MPOL_WEIGHTED_INTERLEAVE	MPOL_WEIGHTED_INTERLEAVE
#define pb_il_weight()			((unsigned int)current->il_weight)
#define pb_il_set_weight(weight)	(current->il_weight = (weight))
#else
#define PB_MPOL_WEIGHTED_INTERLEAVE	0xffff	/* no mode */
#define pb_il_weight()			0U
#define pb_il_set_weight(weight)	((void)(weight))
#endif

/*
 * The controller for device memory came with 6.14; its regions have taken a struct since 7.3.
 * Where it is not there, or configured out, nothing is registered: NULL.
 */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(7, 3, 0)
static inline struct dmem_cgroup_region *pb_dmem_register_region(u64 size, const char *name)
{
	const struct dmem_cgroup_init init = { .size = size };

	return dmem_cgroup_register_region(&init, "%s", name);
}
#elif LINUX_VERSION_CODE >= KERNEL_VERSION(6, 14, 0)
static inline struct dmem_cgroup_region *pb_dmem_register_region(u64 size, const char *name)
{
	return dmem_cgroup_register_region(size, "%s", name);
}
#else
struct dmem_cgroup_region;
struct dmem_cgroup_pool_state;

static inline struct dmem_cgroup_region *pb_dmem_register_region(u64 size, const char *name)
{
	return NULL;
}

static inline void dmem_cgroup_unregister_region(struct dmem_cgroup_region *region)
{
}

static inline int dmem_cgroup_try_charge(struct dmem_cgroup_region *region, u64 size,
					 struct dmem_cgroup_pool_state **ret_pool,
					 struct dmem_cgroup_pool_state **ret_limit_pool)
{
	return 0;
}

static inline void dmem_cgroup_uncharge(struct dmem_cgroup_pool_state *pool, u64 size)
{
}
#endif

/* cma_alloc() and the list of the DMA layer's areas are exported from 7.x on. */
#if defined(CONFIG_CMA) && LINUX_VERSION_CODE >= KERNEL_VERSION(7, 3, 0)
#define PB_HAVE_CMA_ALLOC	1
#else
#define PB_HAVE_CMA_ALLOC	0
#endif

/* reserve_mem= on the command line, and the search for it by name. */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 12, 0)
#define PB_HAVE_RESERVE_MEM	1
#else
#define PB_HAVE_RESERVE_MEM	0
static inline int reserve_mem_find_by_name(const char *name, phys_addr_t *start, phys_addr_t *size)
{
	return 0;
}
#endif

/* Kernels without CONFIG_ZONE_DEVICE (UML) do not declare these; nobody calls them there. */
#ifndef CONFIG_ZONE_DEVICE
struct dev_pagemap;

static inline void *memremap_pages(struct dev_pagemap *pgmap, int nid)
{
	return ERR_PTR(-EOPNOTSUPP);
}

static inline void memunmap_pages(struct dev_pagemap *pgmap)
{
}
#endif

#endif /* PB_COMPAT_H */
