// SPDX-License-Identifier: GPL-2.0-only
/*
 * pbuddy_pinner: when loaded, maps compound pages into the address space of insmod, pins one of
 * their tails through the mapping, and frees the pages while they are pinned. Loading fails when
 * the kernel takes the pin for one of another page, or when the memory is reused or lost.
 */
#include <linux/anon_inodes.h>
#include <linux/delay.h>
#include <linux/err.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/mm.h>
#include <linux/mman.h>
#include <linux/module.h>
#include <linux/pbuddy.h>
#include <linux/string.h>
#include <linux/uaccess.h>

PBUDDY_IMPORT_API();

static uint orders[8] = { 1, 3, 9 };
static uint nr_orders = 3;
module_param_array(orders, uint, &nr_orders, 0444);
MODULE_PARM_DESC(orders, "orders of the compound pages (default: 1,3,9)");

#define BYTE	0x6b

static bool failed(const char *what, unsigned int order, bool pin)
{
	pr_err("pbuddy_pinner: order %u, %s: %s\n", order, pin ? "pinned" : "referenced", what);
	return false;
}

static int map_pages(struct file *file, struct vm_area_struct *vma)
{
	struct page *page = file->private_data;
	unsigned long addr;
	int ret = 0;

	for (addr = vma->vm_start; !ret && addr < vma->vm_end; addr += PAGE_SIZE)
		ret = vm_insert_page(vma, addr, page++);
	return ret;
}

static const struct file_operations fops = {
	.owner = THIS_MODULE,
	.mmap = map_pages,
};

/* Writes to the last page through a mapping of all pages and pins it there; NULL: failed. */
static struct page *pin_last(struct page *page, unsigned int order, bool pin)
{
	struct file *file = anon_inode_getfile("pbuddy_pinner", &fops, page, O_RDWR);
	unsigned long bytes = PAGE_SIZE << order, addr, last;
	struct page *pinned = NULL;
	int got = 0;

	if (IS_ERR(file))
		return NULL;
	addr = vm_mmap(file, 0, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, 0);
	fput(file);
	if (IS_ERR_VALUE(addr))
		return NULL;
	last = addr + bytes - PAGE_SIZE;
	if (!clear_user((void __user *)last, PAGE_SIZE) &&
	    !put_user((u8)BYTE, (u8 __user *)last))
		got = pin ? pin_user_pages_fast(last, 1, FOLL_WRITE | FOLL_LONGTERM, &pinned) :
			    get_user_pages_fast(last, 1, FOLL_WRITE, &pinned);
	vm_munmap(addr, bytes);
	return got == 1 ? pinned : NULL;
}

/* Whether other requests get other memory. */
static bool not_reused(struct page *page, unsigned int order)
{
	struct page *others[16];
	unsigned int i;
	bool good = true;

	for (i = 0; i < ARRAY_SIZE(others); i++) {
		others[i] = pbuddy_alloc_pages(GFP_KERNEL | __GFP_ZERO | __GFP_NOWARN, order);
		good &= others[i] != page;
	}
	for (i = 0; i < ARRAY_SIZE(others); i++)
		pbuddy_free_pages(others[i], order);
	return good;
}

static bool is_freed(struct page *page, unsigned int order)
{
	unsigned long i;

	for (i = 0; i < 6000 && pbuddy_page_order(page) >= 0; i++)
		msleep(20);
	if (pbuddy_page_order(page) >= 0)
		return false;
	for (i = 0; i < 1UL << order; i++)
		if (PageCompound(page + i) || page_count(page + i) != 1)
			return false;
	return true;
}

static bool try_order(unsigned int order, bool pin)
{
	struct page *page = pbuddy_alloc_pages(GFP_KERNEL | __GFP_COMP, order);
	struct page *last, *pinned;
	bool good = true;
	u8 *contents;

	if (!page)
		return failed("no memory", order, pin);
	last = page + (1UL << order) - 1;
	contents = page_address(last);
	if (!PageHead(page) || compound_order(page) != order || compound_head(last) != page)
		good = failed("not compound", order, pin);
	pinned = pin_last(page, order, pin);
	if (!pinned || pinned != last || page_count(page) == 1)
		good = failed("the pin is not of the tail", order, pin);
	pbuddy_free_pages(page, order);
	if (pinned && (pbuddy_page_order(page) != (int)order || !not_reused(page, order) ||
		       *contents != BYTE))
		good = failed("reused while pinned", order, pin);
	if (pinned && pin)
		unpin_user_page(pinned);
	else if (pinned)
		put_page(pinned);
	return is_freed(page, order) ? good : failed("not freed", order, pin);
}

static int __init pinner_init(void)
{
	bool good = true;
	uint i;

	for (i = 0; i < nr_orders; i++) {
		good &= try_order(orders[i], false);
		good &= try_order(orders[i], true);
	}
	return good ? 0 : -EINVAL;
}

static void __exit pinner_exit(void)
{
}

module_init(pinner_init);
module_exit(pinner_exit);
MODULE_DESCRIPTION("Pins tails of compound pages from pbuddy");
MODULE_LICENSE("GPL");
