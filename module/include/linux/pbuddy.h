/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The in-kernel API of pbuddy: allocates pages of the memory that pbuddy owns, as alloc_pages().
 *
 * A module that uses it needs PBUDDY_IMPORT_API(). Examples: module/samples/pbuddy_example.c, and
 * for pages that pbuddy may move kunit/samples/pbuddy_movable.c.
 *
 * Context: as alloc_pages(). With __GFP_DIRECT_RECLAIM an allocation may sleep. Without it every
 * context is allowed, NMI included.
 *
 * pbuddy holds one reference to every page, allocated or not, and to a compound page
 * (__GFP_COMP) one to its head. A user may call get_page() and put_page() in pairs. It must not
 * drop the reference of pbuddy.
 *
 * Pages with other users, for example pins that user space took through a mapping, are not reused
 * before these are gone; until then they stay charged. A free checks
 *
 * - the first page of each block, so every page of order 0, from whichever function it comes;
 * - each page of a block of a higher order that was allocated with __GFP_COMP, __GFP_ZERO,
 *   __GFP_HIGHMEM, __GFP_MOVABLE or __GFP_HARDWALL (GFP_USER, GFP_HIGHUSER), or passed to
 *   pbuddy_mark_mappable().
 *
 * The user of a block of a higher order without any of these promises that user space cannot refer
 * to its pages behind the first: they are never mapped, spliced or pinned. All mappings of a page
 * must be gone before it is freed, or, if it is moved, before migrate_page() returns.
 */
#ifndef _LINUX_PBUDDY_H
#define _LINUX_PBUDDY_H

#include <linux/gfp.h>
#include <linux/list.h>
#include <linux/mm_types.h>
#include <linux/module.h>
#include <linux/nodemask.h>
#include <linux/numa.h>

/* MODULE_IMPORT_NS(PBUDDY), whose argument is a string from 6.13 on. */
#define PBUDDY_IMPORT_API()	MODULE_INFO(import_ns, "PBUDDY")

/* Largest order: 1 GiB of 4 KiB pages. It does not depend on MAX_PAGE_ORDER of the kernel. */
#define PBUDDY_MAX_PAGE_ORDER	18

/*
 * A flag of pbuddy beside those of linux/gfp.h: memory that the administrator has declared to be
 * mirrored (mirrored_nodes=, mirrored_ranges=), as GFP_RELIABLE of openEuler. If that does not
 * suffice, other memory serves the request unless reliable_strict= is set. Without declared memory
 * it has no effect. The kernel's own functions do not know it.
 */
#define PBUDDY_GFP_RELIABLE	((__force gfp_t)(1U << 31))

/*
 * Functions are documented at their definitions in module/linux/api/. Pages that are allocated with
 * __GFP_ACCOUNT are charged to the current task: see ACCOUNTING in pbuddy(4).
 */
struct page *pbuddy_alloc_pages(gfp_t gfp, unsigned int order);
struct page *pbuddy_alloc_pages_node(int nid, gfp_t gfp, unsigned int order);
struct page *pbuddy_alloc_pages_nodemask(gfp_t gfp, unsigned int order, int nid,
					 const nodemask_t *nodemask);
unsigned long pbuddy_alloc_pages_bulk(gfp_t gfp, int nid, unsigned long nr_pages,
				      struct page **page_array);
void *pbuddy_alloc_pages_exact(size_t bytes, gfp_t gfp);
struct page *pbuddy_alloc_contig(unsigned long nr_pages, gfp_t gfp, int nid,
				 const nodemask_t *nodemask);

void pbuddy_free_pages(struct page *page, unsigned int order);
void pbuddy_free_pages_bulk(struct page **page_array, unsigned long nr_pages);
void pbuddy_free_pages_exact(void *virt, size_t bytes);
void pbuddy_free_contig(struct page *page, unsigned long nr_pages);

/**
 * struct pbuddy_reclaim_control - arguments of a call of a reclaimer
 * @nid: node whose pages to count or to free
 * @gfp: start I/O only with %__GFP_IO, call into file systems only with %__GFP_FS
 * @may_unmap: free pages that processes have mapped; if not set, spare them
 * @nr_to_scan: number of pages to scan
 * @nr_scanned: number of pages scanned; initialized to @nr_to_scan, a reclaimer that scans fewer
 *	pages sets it
 */
struct pbuddy_reclaim_control {
	int		nid;
	gfp_t		gfp;
	bool		may_unmap;
	unsigned long	nr_to_scan;
	unsigned long	nr_scanned;
};

/* scan_pages() returns this if it cannot free pages now, for example without a lock. */
#define PBUDDY_RECLAIM_STOP	(~0UL)
#define PBUDDY_DEFAULT_SEEKS	2

/**
 * struct pbuddy_reclaimer - a user of pbuddy that can free pages when memory is short
 * @name: name for messages
 * @count_pages: returns the number of pages of node rc->nid that could be freed. It should be fast.
 *	It must not take a lock that is held during an allocation with %__GFP_DIRECT_RECLAIM.
 * @scan_pages: scans rc->nr_to_scan pages of node rc->nid and frees those that it can with
 *	pbuddy_free_pages(). Returns the number of freed pages, or %PBUDDY_RECLAIM_STOP.
 * @batch: pages to scan in one call, or 0 for the default
 * @seeks: cost of recreating a page, %PBUDDY_DEFAULT_SEEKS if unknown. The number of pages to scan
 *	is in inverse proportion to it. 0: no cost, half of the pages are scanned.
 *
 * Both functions are called in process context and may sleep. Several tasks may call them at the
 * same time. An allocation from pbuddy inside of them does not reclaim. As struct shrinker of the
 * kernel, with pages in place of objects.
 */
struct pbuddy_reclaimer {
	const char	*name;
	unsigned long	(*count_pages)(struct pbuddy_reclaimer *reclaimer,
				       struct pbuddy_reclaim_control *rc);
	unsigned long	(*scan_pages)(struct pbuddy_reclaimer *reclaimer,
				      struct pbuddy_reclaim_control *rc);
	unsigned long	batch;
	unsigned int	seeks;
};

int pbuddy_register_reclaimer(struct pbuddy_reclaimer *reclaimer);
void pbuddy_unregister_reclaimer(struct pbuddy_reclaimer *reclaimer);

/**
 * struct pbuddy_alloc_info - a request, for hooks
 * @gfp: its flags, after those that the caller's context forbids were cleared
 * @order: order of the block, or of each page of several
 * @nr_pages: pages requested: of the block, of the range, or single ones
 * @nr_allocated: of these, pages that were allocated and charged; 0 before the allocation
 * @nid: preferred node
 * @may_sleep: the request may sleep; if not, it may be in any context, an NMI included
 * @retried: this is the result of a second attempt
 */
struct pbuddy_alloc_info {
	gfp_t		gfp;
	unsigned int	order;
	unsigned long	nr_pages;
	unsigned long	nr_allocated;
	int		nid;
	bool		may_sleep;
	bool		retried;
};

/**
 * struct pbuddy_alloc_hooks - functions that are called before and after allocations
 * @before: returns false to refuse the request, which then fails unless it has %__GFP_NOFAIL; or
 *	NULL
 * @after: called with the first page, or NULL after a failure. Returns true to ask for another
 *	attempt, of which there is at most one: for example after it has freed memory, or to get
 *	another page than this. The pages of the first attempt are freed after the second, or
 *	serve the request if that fails; while there are such pages, the second attempt neither
 *	sleeps nor reclaims. Of many single pages only those that are missing are
 *	requested again. It must not keep or change the pages. Or NULL
 * @list: used by pbuddy
 *
 * Both are called in the context of the request, under rcu_read_lock(), so they must not sleep, and
 * what they use must be safe in each context in which there are requests, NMIs included. They must
 * not allocate from pbuddy. They may free to it.
 */
struct pbuddy_alloc_hooks {
	bool (*before)(struct pbuddy_alloc_hooks *hooks, const struct pbuddy_alloc_info *info);
	bool (*after)(struct pbuddy_alloc_hooks *hooks, const struct pbuddy_alloc_info *info,
		      struct page *page);
	struct list_head list;
};

int pbuddy_register_alloc_hooks(struct pbuddy_alloc_hooks *hooks);
void pbuddy_unregister_alloc_hooks(struct pbuddy_alloc_hooks *hooks);

void pbuddy_account_dirtied(struct page *page, unsigned long nr_pages);
void pbuddy_account_cleaned(struct page *page, unsigned long nr_pages);

int pbuddy_mark_mappable(struct page *page, unsigned int order);
int pbuddy_page_order(const struct page *page);
bool pbuddy_owns_page(const struct page *page);
bool pbuddy_page_is_memalloc(const struct page *page);

/**
 * enum pbuddy_migrate_mode - how long a migration may block; as enum migrate_mode
 * @PBUDDY_MIGRATE_ASYNC: must not block
 * @PBUDDY_MIGRATE_SYNC_LIGHT: may block for a short time
 * @PBUDDY_MIGRATE_SYNC: may block
 */
enum pbuddy_migrate_mode {
	PBUDDY_MIGRATE_ASYNC,
	PBUDDY_MIGRATE_SYNC_LIGHT,
	PBUDDY_MIGRATE_SYNC,
};

/**
 * struct pbuddy_migration - blocks of one user that are moved together
 * @src: first page of the first block
 * @dst: first page of its target
 * @nr: number of blocks, 1 to 64, which follow one another, and so do their targets
 * @order: their order
 * @mode: how long it may block
 * @private_data: for pbuddy_migration_private()
 *
 * Block i is at @src + (i << @order), and its target at @dst + (i << @order).
 */
struct pbuddy_migration {
	struct page			*src;
	struct page			*dst;
	unsigned int			nr;
	unsigned int			order;
	enum pbuddy_migrate_mode	mode;
	void *const			*private_data;
};

/**
 * pbuddy_migration_private - pbuddy_page_private() of a block that is moved
 * @m: the migration
 * @i: number of the block
 *
 * Context: in isolate_pages and migrate_pages.
 * Return: @private of pbuddy_page_set_movable().
 */
static inline void *pbuddy_migration_private(const struct pbuddy_migration *m, unsigned int i)
{
	return m->private_data[2UL * i << m->order];
}

/**
 * struct pbuddy_movable_operations - how pbuddy moves blocks of a user
 * @isolate_page: returns whether the block may be moved now. It is called under rcu_read_lock(), so
 *	it must not sleep. It must not wait for a lock that is held around pbuddy_free_pages(). It
 *	may be called while the user frees the block on another CPU, and until an RCU grace
 *	period after that, so data that it reads must be freed by RCU. After it has returned
 *	true, the user must not free the block before @migrate_page succeeds or @putback_page
 *	is called. (If the user frees it nevertheless, the free takes effect after the migration,
 *	and @putback_page is not called.)
 * @migrate_page: copies the contents from @src to @dst and replaces @src by @dst in the user's
 *	data. Returns 0, after which pbuddy frees @src, or a negative errno, after which the user
 *	still uses @src. May block as @mode allows.
 * @putback_page: the migration ended without success and the user still uses the page. May sleep.
 * @isolate_pages: optional, with @migrate_pages: @isolate_page for the blocks of @m, in their
 *	order, up to the first that may not be moved now. Returns the number of those that may. The
 *	same rules apply.
 * @migrate_pages: optional: @migrate_page for the blocks of @m, all of which are isolated, in their
 *	order. Returns the number of those that were moved; the user still uses the others, for
 *	which @putback_page is called. An operation that waits for a device should end after the
 *	block that it has waited for, since the users of the others may be waiting for them.
 *
 * As struct movable_operations of mm/, but for the optional ones. Blocks that follow one another
 * are moved by them, if there are several. The first block that is not moved so, and those behind
 * it, are moved by the others, one by one. A page argument is the first page of a block;
 * pbuddy_page_order() returns its order. All functions are called in process context. An allocation
 * from pbuddy inside of them does not reclaim or compact. Other blocks, also of other users, may be
 * in the same migration, so they must not wait until pbuddy_page_clear_movable() succeeds.
 */
struct pbuddy_movable_operations {
	bool (*isolate_page)(struct page *page, enum pbuddy_migrate_mode mode);
	int (*migrate_page)(struct page *dst, struct page *src, enum pbuddy_migrate_mode mode);
	void (*putback_page)(struct page *page);
	unsigned int (*isolate_pages)(const struct pbuddy_migration *m);
	unsigned int (*migrate_pages)(const struct pbuddy_migration *m);
};

int pbuddy_register_movable(const struct pbuddy_movable_operations *ops);
void pbuddy_unregister_movable(const struct pbuddy_movable_operations *ops);
int pbuddy_page_set_movable(struct page *page, const struct pbuddy_movable_operations *ops,
			    void *private);
int pbuddy_page_clear_movable(struct page *page);
void *pbuddy_page_private(const struct page *page);

static inline struct page *pbuddy_alloc_page(gfp_t gfp)
{
	return pbuddy_alloc_pages(gfp, 0);
}

static inline void pbuddy_free_page(struct page *page)
{
	pbuddy_free_pages(page, 0);
}

#endif /* _LINUX_PBUDDY_H */
