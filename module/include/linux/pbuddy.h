/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The in-kernel API of pbuddy: allocate pages from the memory pbuddy owns, as with alloc_pages().
 *
 * A module that uses it says PBUDDY_IMPORT_API(). Examples to copy, built out of the tree by
 * scripts/example-test: module/samples/pbuddy_example.c, and for pages that pbuddy may move
 * kunit/samples/pbuddy_movable.c.
 *
 * Context rules are those of alloc_pages(): with __GFP_DIRECT_RECLAIM the call may sleep; without
 * it the call works in any context, NMI included. The pages have a reference count that
 * pbuddy owns: a user may get_page() and put_page() in balance, and must not drop what it
 * did not take.
 */
#ifndef _LINUX_PBUDDY_H
#define _LINUX_PBUDDY_H

#include <linux/gfp.h>
#include <linux/mm_types.h>
#include <linux/module.h>
#include <linux/nodemask.h>
#include <linux/numa.h>

/* MODULE_IMPORT_NS(PBUDDY), whose argument is a string from 6.13 on. */
#define PBUDDY_IMPORT_API()	MODULE_INFO(import_ns, "PBUDDY")

/* Largest order, whatever the running kernel's MAX_PAGE_ORDER is: 1 GiB of 4 KiB pages. */
#define PBUDDY_MAX_PAGE_ORDER	18

/*
 * Each is described where it is, in module/linux/api/api.c. What is allocated with __GFP_ACCOUNT is
 * charged to the task that asks: see ACCOUNTING in pbuddy(4).
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
 * struct pbuddy_reclaim_control - what a reclaimer is asked
 * @nid: pages of this node are wanted; others do not help
 * @gfp: what it may do: only with %__GFP_IO start I/O, only with %__GFP_FS call into file systems
 * @nr_to_scan: pages to look at
 * @nr_scanned: @nr_to_scan; lowered by a reclaimer that looked at fewer
 */
struct pbuddy_reclaim_control {
	int		nid;
	gfp_t		gfp;
	unsigned long	nr_to_scan;
	unsigned long	nr_scanned;
};

/* What scan_pages() returns when it cannot go on now. */
#define PBUDDY_RECLAIM_STOP	(~0UL)
#define PBUDDY_DEFAULT_SEEKS	2

/**
 * struct pbuddy_reclaimer - who holds pages of pbuddy and can do without them
 * @name: for people
 * @count_pages: how many pages of rc->nid it could give up; quick, takes no lock that is held while
 *	pages are allocated with %__GFP_DIRECT_RECLAIM
 * @scan_pages: looks at rc->nr_to_scan of them and frees those it can with pbuddy_free_pages();
 *	returns how many pages it freed, or %PBUDDY_RECLAIM_STOP
 * @batch: pages to look at in one call, 0 for the default
 * @seeks: what it costs to get a page back, %PBUDDY_DEFAULT_SEEKS when in doubt; who says 1 is
 *	asked for twice as much; 0: nothing
 *
 * Both functions are called in process context and may sleep, by several tasks at a time. What they
 * allocate from pbuddy never leads to reclaim again. Shaped as struct shrinker of the kernel, but
 * that pages are counted in place of objects.
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

void pbuddy_account_dirtied(struct page *page, unsigned long nr_pages);
void pbuddy_account_cleaned(struct page *page, unsigned long nr_pages);

int pbuddy_page_order(const struct page *page);
bool pbuddy_owns_page(const struct page *page);
bool pbuddy_page_is_memalloc(const struct page *page);

/**
 * enum pbuddy_migrate_mode - how long a migration may take; as enum migrate_mode
 * @PBUDDY_MIGRATE_ASYNC: never block
 * @PBUDDY_MIGRATE_SYNC_LIGHT: block, but not for long
 * @PBUDDY_MIGRATE_SYNC: block
 */
enum pbuddy_migrate_mode {
	PBUDDY_MIGRATE_ASYNC,
	PBUDDY_MIGRATE_SYNC_LIGHT,
	PBUDDY_MIGRATE_SYNC,
};

/**
 * struct pbuddy_movable_operations - how an owner's pages are moved
 * @isolate_page: may this page be moved now? Called under rcu_read_lock(), so it must not sleep,
 *	and must not wait for a lock held around pbuddy_free_pages(). It may be called while the
 *	owner frees the page on another CPU, and until an RCU grace period after that: what it
 *	looks at has to live as long. After it has returned true the owner does not free the
 *	page before @migrate_page succeeds or @putback_page is called. (If it does all the same,
 *	the free takes effect after the migration, and @putback_page is not called.)
 * @migrate_page: copy the contents from @src to @dst, and use @dst from now on; @src is taken back
 *	by pbuddy. 0, or a negative errno, and then @src goes on being used. May sleep as @mode
 *	allows.
 * @putback_page: the page stays where it is. May sleep.
 *
 * Shaped like struct movable_operations of mm/. The page is the first one of its block; how many
 * there are the owner knows, or pbuddy_page_order() tells. All of them are called in process
 * context.
 */
struct pbuddy_movable_operations {
	bool (*isolate_page)(struct page *page, enum pbuddy_migrate_mode mode);
	int (*migrate_page)(struct page *dst, struct page *src, enum pbuddy_migrate_mode mode);
	void (*putback_page)(struct page *page);
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
