// SPDX-License-Identifier: GPL-2.0-only
/* The in-kernel API for owners of pages whose contents are to be written: see core/dirty.c. */
#include <linux/bug.h>
#include <linux/mm.h>
#include <linux/pbuddy.h>

#include "compat.h"
#include "core/alloc/alloc.h"
#include "instance.h"

static void account(struct page *page, long nr_pages)
{
	struct pb_zone *zone = pb_pfn_zone(&pb_instance, page_to_pfn(page));

	if (!WARN_ON_ONCE(!zone))
		atomic_long_add(nr_pages, &zone->nr_dirty);
}

/**
 * pbuddy_account_dirtied - pages now have contents that are to be written
 * @page: the first of them, in one block of pbuddy
 * @nr_pages: how many
 *
 * Requests with %__GFP_WRITE pass by nodes with more such pages than dirty_ratio= percent. Who
 * says this says pbuddy_account_cleaned() of as many, before the pages are freed.
 *
 * Context: any. As folio_account_dirtied() in mm/page-writeback.c.
 */
void pbuddy_account_dirtied(struct page *page, unsigned long nr_pages)
{
	account(page, nr_pages);
}
EXPORT_SYMBOL_PBUDDY(pbuddy_account_dirtied);

/**
 * pbuddy_account_cleaned - pages have been written, or need not be any more
 * @page: the first of them
 * @nr_pages: how many
 *
 * Context: any. As folio_account_cleaned() in mm/page-writeback.c.
 */
void pbuddy_account_cleaned(struct page *page, unsigned long nr_pages)
{
	account(page, -(long)nr_pages);
}
EXPORT_SYMBOL_PBUDDY(pbuddy_account_cleaned);
