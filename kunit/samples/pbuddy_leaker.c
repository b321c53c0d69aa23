// SPDX-License-Identifier: GPL-2.0-only
/*
 * pbuddy_leaker: allocates blocks and never frees some of them. Tests unload it, and then
 * pbuddy, to see the leak reported.
 */
#include <linux/init.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/numa.h>
#include <linux/pbuddy.h>
#include <linux/slab.h>

PBUDDY_IMPORT_API();

static uint blocks = 8;
module_param(blocks, uint, 0444);
MODULE_PARM_DESC(blocks, "number of blocks to allocate (default: 8)");

static uint leak = 3;
module_param(leak, uint, 0444);
MODULE_PARM_DESC(leak, "number of these that are never freed (default: 3)");

static uint order;
module_param(order, uint, 0444);
MODULE_PARM_DESC(order, "order of each block (default: 0)");

static bool bulk;
module_param(bulk, bool, 0444);
MODULE_PARM_DESC(bulk, "allocate and free the blocks, of order 0, by one call (default: N)");

static bool fail;
module_param(fail, bool, 0444);
MODULE_PARM_DESC(fail, "fail to load, and free no block (default: N)");

static struct page **pages;

static int __init leaker_init(void)
{
	uint i;

	pages = kcalloc(blocks, sizeof(*pages), GFP_KERNEL);
	if (!pages)
		return -ENOMEM;
	if (bulk)
		pbuddy_alloc_pages_bulk(GFP_KERNEL, NUMA_NO_NODE, blocks, pages);
	for (i = 0; i < blocks; i++) {
		if (!bulk)
			pages[i] = pbuddy_alloc_pages(GFP_KERNEL, order);
		if (pages[i] && i < leak)
			pr_info("pbuddy_leaker: leaking pfn 0x%lx\n", page_to_pfn(pages[i]));
	}
	if (!fail)
		return 0;
	kfree(pages);
	return -EINVAL;
}

static void __exit leaker_exit(void)
{
	uint i;

	if (bulk && leak < blocks)
		pbuddy_free_pages_bulk(pages + leak, blocks - leak);
	for (i = leak; i < blocks && !bulk; i++)
		pbuddy_free_pages(pages[i], order);
	kfree(pages);
}

module_init(leaker_init);
module_exit(leaker_exit);
MODULE_DESCRIPTION("Leaks memory of pbuddy on purpose");
MODULE_LICENSE("GPL");
