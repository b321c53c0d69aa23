// SPDX-License-Identifier: GPL-2.0-only
/*
 * Zeroes pages, many of them by one call of the kernel's function where it has one. The pages of
 * the pool have kernel addresses, which are contiguous where the pages are.
 */
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/sched.h>

#include "api/zero.h"
#include "compat.h"

#define BATCH	512	/* pages to zero between two calls of cond_resched(), 2 MiB */

/**
 * pb_pages_zero - zero pages
 * @pfn: the first page; the caller has allocated the pages
 * @nr_pages: number of contiguous pages
 * @may_sleep: whether this may sleep
 *
 * Context: any; may sleep with @may_sleep. As clear_pages() in linux/mm.h, for more pages than may
 * be zeroed without rescheduling.
 */
void pb_pages_zero(unsigned long pfn, unsigned long nr_pages, bool may_sleep)
{
	unsigned long n;

	if (likely(nr_pages == 1)) {
		clear_page(page_address(pfn_to_page(pfn)));
		return;
	}
	for (; nr_pages; nr_pages -= n, pfn += n) {
		n = min(nr_pages, BATCH);
		pb_clear_pages(page_address(pfn_to_page(pfn)), n);
		if (may_sleep)
			cond_resched();
	}
}
