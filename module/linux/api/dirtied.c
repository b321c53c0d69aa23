// SPDX-License-Identifier: GPL-2.0-only
/* The in-kernel API for owners of dirty pages; core/zone/dirty.c uses the counts. */
#include <linux/bug.h>
#include <linux/mm.h>
#include <linux/pbuddy.h>

#include "compat.h"
#include "core/alloc/alloc.h"
#include "core/zone/dirty.h"
#include "instance.h"

static void account(struct page *page, long nr_pages)
{
	struct pb_zone *zone = pb_pfn_zone(&pb_instance, page_to_pfn(page));

	if (!WARN_ON_ONCE(!zone))
		pb_dirty_add(zone, nr_pages);
}

/**
 * pbuddy_account_dirtied - report pages that became dirty
 * @page: the first page, in one block of pbuddy
 * @nr_pages: number of pages
 *
 * Requests with %__GFP_WRITE skip nodes with more dirty pages than dirty_ratio= percent. The caller
 * must call pbuddy_account_cleaned() for as many pages before it frees them.
 *
 * Context: any. As folio_account_dirtied() in mm/page-writeback.c.
 */
void pbuddy_account_dirtied(struct page *page, unsigned long nr_pages)
{
	account(page, nr_pages);
}
EXPORT_SYMBOL_PBUDDY(pbuddy_account_dirtied);

/**
 * pbuddy_account_cleaned - report pages that are no longer dirty
 * @page: the first page
 * @nr_pages: number of pages
 *
 * Context: any. As folio_account_cleaned() in mm/page-writeback.c.
 */
void pbuddy_account_cleaned(struct page *page, unsigned long nr_pages)
{
	account(page, -(long)nr_pages);
}
EXPORT_SYMBOL_PBUDDY(pbuddy_account_cleaned);
