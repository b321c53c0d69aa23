// SPDX-License-Identifier: GPL-2.0-only
/*
 * pbuddy_example: a module that allocates its memory from pbuddy. To be copied.
 *
 * When it is loaded it calls each allocation function once, and fails to load if one does not
 * return what it should. After that it allocates and frees blocks through its parameters:
 *
 *   cd /sys/module/pbuddy_example/parameters
 *   echo 9 >alloc	allocates a block of order 9
 *   cat held		pages held on each node
 *   echo 0 >keep	frees all blocks but that many
 *
 * The blocks are charged to the task that writes to the parameter (__GFP_ACCOUNT), and come from
 * the nodes that its memory policy and cpuset allow.
 */
#include <linux/init.h>
#include <linux/kernel.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/moduleparam.h>
#include <linux/mutex.h>
#include <linux/nodemask.h>
#include <linux/pbuddy.h>
#include <linux/string.h>

/* 1. The functions are in a symbol namespace, which a module has to import. */
PBUDDY_IMPORT_API();

#define MAX_BLOCKS	4096

struct block {
	struct page	*page;
	unsigned int	order;
};

static struct block held[MAX_BLOCKS];
static unsigned int nr_held;
static DEFINE_MUTEX(lock);		/* protects held and nr_held */

/* ---- 2. One block, of any order up to PBUDDY_MAX_PAGE_ORDER ---- */

static int alloc_block(unsigned int order)
{
	gfp_t gfp = GFP_KERNEL_ACCOUNT | __GFP_ZERO | __GFP_NOWARN;
	struct page *page;

	lockdep_assert_held(&lock);
	if (order > PBUDDY_MAX_PAGE_ORDER)
		return -EINVAL;
	if (nr_held == MAX_BLOCKS)
		return -ENOSPC;
	page = pbuddy_alloc_pages(gfp, order);
	if (!page)
		return -ENOMEM;
	held[nr_held++] = (struct block) { page, order };
	return 0;
}

/* A block is freed with the order it was allocated with, in any context. */
static void free_block(void)
{
	lockdep_assert_held(&lock);
	nr_held--;
	pbuddy_free_pages(held[nr_held].page, held[nr_held].order);
}

/* ---- 3. The other functions ---- */

static bool call_by_page(void)
{
	struct page *array[32] = {}, *page;
	int nid = numa_mem_id();
	unsigned long n;
	bool ok;

	/* One page near this CPU, and the queries about a page. */
	page = pbuddy_alloc_page(GFP_KERNEL);
	ok = page && pbuddy_owns_page(page) && pbuddy_page_order(page) == 0;
	pbuddy_free_page(page);

	/* Many pages in one call. It may return fewer than requested, which is no error. */
	n = pbuddy_alloc_pages_bulk(GFP_KERNEL, NUMA_NO_NODE, ARRAY_SIZE(array), array);
	ok &= n > 0;
	pbuddy_free_pages_bulk(array, n);

	/*
	 * From one node only and without sleeping; then from a set of nodes. NULL where pbuddy has
	 * no memory there.
	 */
	page = pbuddy_alloc_pages_node(nid, GFP_NOWAIT | __GFP_THISNODE | __GFP_NOWARN, 1);
	ok &= !page || page_to_nid(page) == nid;
	pbuddy_free_pages(page, 1);
	page = pbuddy_alloc_pages_nodemask(GFP_KERNEL | __GFP_NOWARN, 2, NUMA_NO_NODE,
					   &node_states[N_MEMORY]);
	ok &= !page || node_state(page_to_nid(page), N_MEMORY);
	pbuddy_free_pages(page, 2);
	return ok;
}

static bool call_by_length(void)
{
	struct page *range;
	char *bytes;
	bool ok;

	/* A contiguous range of any length. Parts of it may be freed on their own. */
	range = pbuddy_alloc_contig(1000, GFP_KERNEL, NUMA_NO_NODE, NULL);
	ok = range;
	if (range) {
		pbuddy_free_pages(range + 999, 0);
		pbuddy_free_contig(range, 999);
	}

	/* By bytes and kernel address. */
	bytes = pbuddy_alloc_pages_exact(12345, GFP_KERNEL | __GFP_ZERO);
	ok &= bytes && !memchr_inv(bytes, 0, 12345);
	pbuddy_free_pages_exact(bytes, 12345);
	return ok;
}

/* ---- Parameters ---- */

static int alloc_set(const char *text, const struct kernel_param *param)
{
	unsigned int order;
	int ret = kstrtouint(text, 0, &order);

	if (ret)
		return ret;
	mutex_lock(&lock);
	ret = alloc_block(order);
	mutex_unlock(&lock);
	return ret;
}

static const struct kernel_param_ops alloc_ops = { .set = alloc_set };
module_param_cb(alloc, &alloc_ops, NULL, 0200);
MODULE_PARM_DESC(alloc, "write an order: allocate a block of it");

static int keep_set(const char *text, const struct kernel_param *param)
{
	unsigned int keep;
	int ret = kstrtouint(text, 0, &keep);

	if (ret)
		return ret;
	mutex_lock(&lock);
	while (nr_held > keep)
		free_block();
	mutex_unlock(&lock);
	return 0;
}

static const struct kernel_param_ops keep_ops = { .set = keep_set };
module_param_cb(keep, &keep_ops, NULL, 0200);
MODULE_PARM_DESC(keep, "write a number: free all blocks but that many");

/* By node, as in "0:512 1:0". */
static int held_get(char *buf, const struct kernel_param *param)
{
	unsigned long pages;
	unsigned int i;
	int nid, len = 0;

	mutex_lock(&lock);
	for_each_online_node(nid) {
		for (pages = 0, i = 0; i < nr_held; i++)
			if (page_to_nid(held[i].page) == nid)
				pages += 1UL << held[i].order;
		len += sysfs_emit_at(buf, len, "%d:%lu ", nid, pages);
	}
	mutex_unlock(&lock);
	return len + sysfs_emit_at(buf, len, "\n");
}

static const struct kernel_param_ops held_ops = { .get = held_get };
module_param_cb(held, &held_ops, NULL, 0400);
MODULE_PARM_DESC(held, "number of pages held on each node");

static int __init example_init(void)
{
	return call_by_page() && call_by_length() ? 0 : -ENOMEM;
}

static void __exit example_exit(void)
{
	mutex_lock(&lock);
	while (nr_held)
		free_block();
	mutex_unlock(&lock);
}

module_init(example_init);
module_exit(example_exit);

MODULE_DESCRIPTION("Example of a module that allocates from pbuddy");
MODULE_LICENSE("GPL");
