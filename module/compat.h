/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Differences between the kernels that pbuddy supports (6.1, 6.12, 7.3). No other file of the
 * module tests LINUX_VERSION_CODE. For a facility that a kernel may lack there is a macro
 * PB_HAVE_*, 0 or 1.
 */
#ifndef PB_COMPAT_H
#define PB_COMPAT_H

#include <linux/export.h>
#include <linux/gfp.h>
#include <linux/mm.h>
#include <linux/mmzone.h>
#include <linux/module.h>
#include <linux/poison.h>
#include <linux/preempt.h>
#include <linux/shrinker.h>
#include <linux/slab.h>
#include <linux/version.h>

#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 14, 0)
#include <linux/cgroup.h>
#include <linux/cgroup_dmem.h>
#endif
#ifdef CONFIG_X86
#include <asm/e820/api.h>
#endif

/* Symbol namespaces are strings since 6.13. */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 13, 0)
#define EXPORT_SYMBOL_PBUDDY(sym)	EXPORT_SYMBOL_NS_GPL(sym, "PBUDDY")
#else
#define EXPORT_SYMBOL_PBUDDY(sym)	EXPORT_SYMBOL_NS_GPL(sym, PBUDDY)
#endif

#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 13, 0)
#define PB_IMPORT_NS_DMA_BUF		MODULE_IMPORT_NS("DMA_BUF")
#else
#define PB_IMPORT_NS_DMA_BUF		MODULE_IMPORT_NS(DMA_BUF)
#endif

/* dma_buf_move_notify() and the importers' callback got other names in 7.1. */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(7, 1, 0)
#define pb_dma_buf_move_notify		dma_buf_invalidate_mappings
#define PB_DMA_BUF_MOVE_NOTIFY		invalidate_mappings
#else
#define pb_dma_buf_move_notify		dma_buf_move_notify
#define PB_DMA_BUF_MOVE_NOTIFY		move_notify
#endif

typedef unsigned long (*pb_shrink_fn)(struct shrinker *shrinker, struct shrink_control *sc);

/*
 * Registers a shrinker for each node, which is called at the highest rate; NULL without memory.
 * Shrinkers are allocated by the kernel since 6.7.
 */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 7, 0)
static inline struct shrinker *pb_shrinker_register(pb_shrink_fn count, pb_shrink_fn scan,
						    unsigned long batch)
{
	struct shrinker *shrinker = shrinker_alloc(SHRINKER_NUMA_AWARE, KBUILD_MODNAME);

	if (!shrinker)
		return NULL;
	shrinker->count_objects = count;
	shrinker->scan_objects = scan;
	shrinker->batch = batch;
	shrinker->seeks = 0;
	shrinker_register(shrinker);
	return shrinker;
}

static inline void pb_shrinker_unregister(struct shrinker *shrinker)
{
	shrinker_free(shrinker);
}
#else
static inline struct shrinker *pb_shrinker_register(pb_shrink_fn count, pb_shrink_fn scan,
						    unsigned long batch)
{
	struct shrinker *shrinker = kzalloc(sizeof(*shrinker), GFP_KERNEL);

	if (!shrinker)
		return NULL;
	shrinker->flags = SHRINKER_NUMA_AWARE;
	shrinker->count_objects = count;
	shrinker->scan_objects = scan;
	shrinker->batch = batch;
	if (!register_shrinker(shrinker, KBUILD_MODNAME))
		return shrinker;
	kfree(shrinker);
	return NULL;
}

static inline void pb_shrinker_unregister(struct shrinker *shrinker)
{
	unregister_shrinker(shrinker);
	kfree(shrinker);
}
#endif

/* Workqueues are per CPU by default before 6.18. Since 6.18 alloc_workqueue() needs the flag. */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 18, 0)
#define PB_WQ_PERCPU		WQ_PERCPU
#else
#define PB_WQ_PERCPU		0
#endif

/* Since 6.8 eventfd_signal() always adds 1. */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 8, 0)
#define pb_eventfd_signal(ctx)	eventfd_signal(ctx)
#else
#define pb_eventfd_signal(ctx)	eventfd_signal(ctx, 1)
#endif

/* Before 6.3 there are no accessors: vm_flags is an ordinary field, written under mmap_lock. */
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

/* Arguments of get_policy() in struct vm_operations_struct. */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 7, 0)
#define PB_GET_POLICY_ARGS	struct vm_area_struct *vma, unsigned long addr, pgoff_t *index
#else
#define PB_GET_POLICY_ARGS	struct vm_area_struct *vma, unsigned long addr
#endif

/* The first argument of inode_operations.setattr(). */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 3, 0)
#define pb_mnt_idmap	mnt_idmap
#else
#define pb_mnt_idmap	user_namespace
#endif

/*
 * Whether the caller may take a spinlock_t and call the kernel's allocators, even those that do not
 * sleep. On PREEMPT_RT both sleep.
 */
static inline bool pb_may_lock(void)
{
	return !IS_ENABLED(CONFIG_PREEMPT_RT) || preemptible();
}

/* clear_pages() exists since 7.0. */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(7, 0, 0)
#define pb_clear_pages(addr, nr)	clear_pages(addr, nr)
#else
static inline void pb_clear_pages(void *addr, unsigned int nr)
{
	for (; nr; nr--, addr += PAGE_SIZE)
		clear_page(addr);
}
#endif

/* hrtimer_setup() replaces hrtimer_init() since 6.13. */
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
 * Allocates [start_pfn, end_pfn) from the kernel, after migrating the movable pages in it. Every
 * page then has one reference. Free with free_contig_range(). Returns 0, -EBUSY or -EINTR. The
 * third argument of alloc_contig_range() is acr_flags_t in kernels with the ACR_FLAGS_ macros,
 * before that the migratetype of the pageblocks.
 */
static inline int pb_alloc_contig_range(unsigned long start_pfn, unsigned long end_pfn, gfp_t gfp)
{
#ifdef ACR_FLAGS_NONE
	return alloc_contig_range(start_pfn, end_pfn, ACR_FLAGS_NONE, gfp);
#else
	return alloc_contig_range(start_pfn, end_pfn, MIGRATE_MOVABLE, gfp);
#endif
}

/*
 * Whether the firmware's memory map, which memmap= does not change, has RAM in [start, end).
 * Modules can read it until 6.17: later kernels export e820__mapped_raw_any() to KVM only.
 */
#if defined(CONFIG_X86) && LINUX_VERSION_CODE < KERNEL_VERSION(6, 18, 0)
#define PB_HAVE_FIRMWARE_MAP	1
static inline bool pb_firmware_has_ram(u64 start, u64 end)
{
	return e820__mapped_raw_any(start, end, E820_TYPE_RAM);
}
#else
#define PB_HAVE_FIRMWARE_MAP	0
static inline bool pb_firmware_has_ram(u64 start, u64 end)
{
	return true;
}
#endif

/* Largest order of alloc_pages(). Before 6.4 MAX_ORDER is that order plus 1. */
#ifdef MAX_PAGE_ORDER
#define PB_KERNEL_MAX_ORDER	MAX_PAGE_ORDER
#elif LINUX_VERSION_CODE >= KERNEL_VERSION(6, 4, 0)
#define PB_KERNEL_MAX_ORDER	MAX_ORDER
#else
#define PB_KERNEL_MAX_ORDER	(MAX_ORDER - 1)
#endif

/* Largest order of a compound page. Before 6.12 the kernel sets no limit. */
#ifdef MAX_FOLIO_NR_PAGES
#define PB_COMPOUND_MAX_ORDER	ilog2(MAX_FOLIO_NR_PAGES)
#else
#define PB_COMPOUND_MAX_ORDER	(BITS_PER_LONG - 1)
#endif

/* The flags are a struct since 6.18. */
static __always_inline unsigned long *pb_page_flags(struct page *page)
{
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 18, 0)
	return &page->flags.f;
#else
	return &page->flags;
#endif
}

static __always_inline unsigned long pb_page_flags_racy(struct page *page)
{
	/* Other flags may be changing. A plain load needs no register of its own. */
	return data_race(*pb_page_flags(page));
}

/*
 * PageHead() without the test for a head that shares its struct page with others, as hugetlb pages
 * do: pbuddy has none.
 */
static inline bool pb_page_is_head(struct page *page)
{
	return test_bit(PG_head, pb_page_flags(page));
}

/*
 * Sets and clears the metadata of a compound page that lies in its first tails. As
 * prep_compound_head() and __free_pages_prepare() in mm/page_alloc.c.
 */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 12, 0)
static inline void pb_compound_set_first_tail(struct page *head, unsigned int order)
{
	struct folio *folio = (struct folio *)head;

	folio->_flags_1 = (folio->_flags_1 & ~PAGE_FLAGS_SECOND) | order;
	atomic_set(&folio->_large_mapcount, -1);
	atomic_set(&folio->_entire_mapcount, -1);
	atomic_set(&folio->_nr_pages_mapped, 0);
	atomic_set(&folio->_pincount, 0);
#if LINUX_VERSION_CODE < KERNEL_VERSION(7, 3, 0)
	folio->_folio_nr_pages = 1U << order;
#else
#ifdef NR_PAGES_IN_LARGE_FOLIO
	folio->_nr_pages = 1U << order;
#endif
#ifdef CONFIG_MM_ID
	folio->_mm_ids = 0;
	folio->_mm_id_mapcount[0] = -1;
	folio->_mm_id_mapcount[1] = -1;
#endif
#endif
	if (order > 1)
		INIT_LIST_HEAD(&folio->_deferred_list);
}

static inline void pb_compound_clear_first_tail(struct page *head)
{
	struct folio *folio = (struct folio *)head;

	folio->_flags_1 &= ~PAGE_FLAGS_SECOND;
#ifdef NR_PAGES_IN_LARGE_FOLIO
	folio->_nr_pages = 0;
#endif
}
#else
static inline void pb_compound_clear_first_tail(struct page *head)
{
	ClearPageDoubleMap(head);
	ClearPageHasHWPoisoned(head);
}

static inline void pb_compound_set_first_tail(struct page *head, unsigned int order)
{
	pb_compound_clear_first_tail(head);
	set_compound_page_dtor(head, COMPOUND_PAGE_DTOR);
	set_compound_order(head, order);
	atomic_set(compound_mapcount_ptr(head), -1);
	atomic_set(compound_pincount_ptr(head), 0);
}
#endif

/* Makes a page a tail, as set_compound_head() in linux/page-flags.h. */
static __always_inline void pb_compound_set_tail_head(struct page *head, struct page *tail,
						      unsigned int order)
{
#if LINUX_VERSION_CODE >= KERNEL_VERSION(7, 3, 0)
	set_compound_head(tail, head, order);
#else
	set_compound_head(tail, head);
#endif
}

/* As prep_compound_tail() in mm/internal.h. */
static __always_inline void pb_compound_set_tail(struct page *head, struct page *tail,
						 unsigned int order)
{
	tail->mapping = TAIL_MAPPING;
	set_page_private(tail, 0);
	pb_compound_set_tail_head(head, tail, order);
}

/*
 * As free_tail_page_prepare() in mm/page_alloc.c. In pages of memremap_pages() the compound head
 * has replaced the pointer to the pgmap, which the head still has in the same word.
 */
static __always_inline void pb_compound_clear_tail(struct page *head, struct page *tail,
						   bool has_pgmap)
{
	tail->mapping = NULL;
	clear_compound_head(tail);
	if (has_pgmap)
		WRITE_ONCE(tail->lru.next, head->lru.next);
}

/* The first two tails had fields of the compound page from ->lru.prev to ->private. */
static inline void pb_compound_clear_fields(struct page *tail)
{
	memset((void *)tail + offsetof(struct page, lru.prev), 0,
	       offsetofend(struct page, private) - offsetof(struct page, lru.prev));
}

/*
 * Clears the flags that users of a page may have left: DIRTY, REFERENCED, ACTIVE, WORKINGSET, those
 * of its owner, and the generation and references of an LRU list. As free_pages_prepare() in
 * mm/page_alloc.c.
 */
#define PB_RESET_FLAGS		(PAGE_FLAGS_CHECK_AT_PREP & ~BIT(PG_reserved))
/* Those of them that one instruction tests. An LRU list sets one of these with the others. */
#define PB_RESET_LOW_FLAGS	(PAGEFLAGS_MASK & ~(__PG_HWPOISON | BIT(PG_reserved)))
static_assert(PB_RESET_LOW_FLAGS <= INT_MAX);

static inline void pb_page_reset_flags(struct page *page)
{
	unsigned long *flags = pb_page_flags(page);

	if (unlikely(READ_ONCE(*flags) & PB_RESET_FLAGS))
		set_mask_bits(flags, PB_RESET_FLAGS, 0UL);
}

/*
 * Whether a folio has other references than @base and those of page table entries, as far as counts
 * show that are read at different times. Before 6.12 those of a large folio show pins only.
 */
static inline bool pb_folio_pinned(struct folio *folio, int base)
{
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 12, 0)
	return folio_ref_count(folio) != base + folio_mapcount(folio);
#else
	if (folio_test_large(folio))
		return folio_maybe_dma_pinned(folio);
	return folio_ref_count(folio) != base + page_mapcount(&folio->page);
#endif
}

/* Whether a folio has a page with a memory error, as memory_failure() or failed_page.c found. */
static inline bool pb_folio_has_bad_page(struct folio *folio)
{
	return folio_test_large(folio) && folio_test_has_hwpoisoned(folio);
}

/* Whether finish_fault() inserts the entries of all pages of a folio, also those with an error. */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(7, 3, 0)
#define PB_HAVE_WHOLE_FOLIO_FAULT	1
static inline vm_fault_t pb_insert_page_fault(struct vm_fault *vmf, struct page *page)
{
	return vmf_insert_page_mkwrite(vmf, page, vmf->flags & FAULT_FLAG_WRITE);
}
#else
#define PB_HAVE_WHOLE_FOLIO_FAULT	0
static inline vm_fault_t pb_insert_page_fault(struct vm_fault *vmf, struct page *page)
{
	return VM_FAULT_SIGBUS;
}
#endif

/*
 * Whether a handler of huge faults can insert huge entries of pages with references, and where
 * vmf_insert_folio_pmd() exists. Both need CONFIG_TRANSPARENT_HUGEPAGE.
 */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(7, 3, 0) && defined(CONFIG_TRANSPARENT_HUGEPAGE)
#define PB_HAVE_INSERT_FOLIO	1
#else
#define PB_HAVE_INSERT_FOLIO	0
#endif

/* Fills the NULL elements of an array. 6.14 renamed alloc_pages_bulk_array(). */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 14, 0)
#define pb_kernel_alloc_bulk(gfp, nr, pages)	alloc_pages_bulk(gfp, nr, pages)
#else
#define pb_kernel_alloc_bulk(gfp, nr, pages)	alloc_pages_bulk_array(gfp, nr, pages)
#endif

/* alloc_pages() with a node mask; modules have it until 7.0. */
#if LINUX_VERSION_CODE < KERNEL_VERSION(7, 0, 0)
#define PB_HAVE_ALLOC_NODEMASK	1
#define pb_kernel_alloc_nodemask(gfp, order, nid, nodes)			\
	__alloc_pages(gfp, order, nid, (nodemask_t *)(nodes))
#else
#define PB_HAVE_ALLOC_NODEMASK	0
#endif

/* Removed in 6.4, where __GFP_HIGH without __GFP_DIRECT_RECLAIM replaces it. */
#ifdef __GFP_ATOMIC
#define PB_GFP_ATOMIC		__GFP_ATOMIC
#else
#define PB_GFP_ATOMIC		((__force gfp_t)0)
#endif

/* Weighted interleave and current->il_weight exist since 6.9. */
#if defined(CONFIG_NUMA) && LINUX_VERSION_CODE >= KERNEL_VERSION(6, 9, 0)
#define PB_MPOL_WEIGHTED_INTERLEAVE	MPOL_WEIGHTED_INTERLEAVE
#define pb_il_weight()			((unsigned int)current->il_weight)
#define pb_il_set_weight(weight)	(current->il_weight = (weight))
#else
#define PB_MPOL_WEIGHTED_INTERLEAVE	0xffff	/* equals no mode */
#define pb_il_weight()			0U
#define pb_il_set_weight(weight)	((void)(weight))
#endif

/*
 * The dmem cgroup controller exists since 6.14. Since 7.3 the registration of a region needs a
 * struct. On kernels without the controller pb_dmem_register_region() returns NULL.
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

/*
 * Serial number of the current task's dmem cgroup, which no other has later, or 0 in a kernel
 * without the controller. Preemption off, which protects the cgroup as RCU does.
 */
static inline u64 pb_dmem_cgroup_serial(void)
{
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 14, 0) && IS_ENABLED(CONFIG_CGROUP_DMEM)
	return task_css_check(current, dmem_cgrp_id, true)->serial_nr;
#else
	return 0;
#endif
}

/* cma_alloc() and dma_contiguous_get_area_by_idx() are exported to modules. */
#if defined(CONFIG_CMA) && LINUX_VERSION_CODE >= KERNEL_VERSION(7, 3, 0)
#define PB_HAVE_CMA_ALLOC	1
#else
#define PB_HAVE_CMA_ALLOC	0
#endif

/* reserve_mem= on the kernel's command line, and reserve_mem_find_by_name(), exist since 6.12. */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 12, 0)
#define PB_HAVE_RESERVE_MEM	1
#else
#define PB_HAVE_RESERVE_MEM	0
static inline int reserve_mem_find_by_name(const char *name, phys_addr_t *start, phys_addr_t *size)
{
	return 0;
}
#endif

/* Not declared without CONFIG_ZONE_DEVICE (UML). There check_range() rejects every spec. */
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

/* The flag of shmem_file_setup() for a file without a reservation of memory: a type since 7.0. */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(7, 0, 0)
#define PB_SHMEM_NORESERVE	mk_vma_flags(VMA_NORESERVE_BIT)
#else
#define PB_SHMEM_NORESERVE	VM_NORESERVE
#endif

#endif /* PB_COMPAT_H */
