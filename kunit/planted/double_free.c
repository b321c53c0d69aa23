// SPDX-License-Identifier: GPL-2.0-only
/*
 * pbuddy_planted_free: frees a page of pbuddy twice when it is loaded. scripts/detectors loads
 * it to prove that pbuddy's report of the double free fails a test.
 */
#include <linux/init.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/pbuddy.h>

PBUDDY_IMPORT_API();

static int __init double_free_init(void)
{
	struct page *page = pbuddy_alloc_pages(GFP_KERNEL, 2);

	if (!page)
		return -ENOMEM;
	pr_info("freeing pfn 0x%lx twice\n", page_to_pfn(page));
	pbuddy_free_pages(page, 2);
	/* The bug. */
	pbuddy_free_pages(page, 2);
	return 0;
}

static void __exit double_free_exit(void)
{
}

module_init(double_free_init);
module_exit(double_free_exit);
MODULE_DESCRIPTION("A planted double free, to prove that pbuddy reports it");
MODULE_LICENSE("GPL");
