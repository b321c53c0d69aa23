/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The in-kernel API of pbuddy: allocate pages from the memory pbuddy owns, as with alloc_pages().
 *
 * A module that uses it says MODULE_IMPORT_NS(PBUDDY) ("PBUDDY" from 6.13 on). Context
 * rules are those of alloc_pages(): with __GFP_DIRECT_RECLAIM the call may sleep; without
 * it the call works in any context, NMI included. The pages have a reference count that
 * pbuddy owns: a user may get_page() and put_page() in balance, and must not drop what it
 * did not take.
 */
#ifndef _LINUX_PBUDDY_H
#define _LINUX_PBUDDY_H

#include <linux/gfp.h>
#include <linux/mm_types.h>
#include <linux/nodemask.h>
#include <linux/numa.h>

/* Largest order, whatever the running kernel's MAX_PAGE_ORDER is: 1 GiB of 4 KiB pages. */
#define PBUDDY_MAX_PAGE_ORDER	18

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

int pbuddy_page_order(const struct page *page);
bool pbuddy_owns_page(const struct page *page);

static inline struct page *pbuddy_alloc_page(gfp_t gfp)
{
	return pbuddy_alloc_pages(gfp, 0);
}

static inline void pbuddy_free_page(struct page *page)
{
	pbuddy_free_pages(page, 0);
}

#endif /* _LINUX_PBUDDY_H */
