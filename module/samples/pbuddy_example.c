// SPDX-License-Identifier: GPL-2.0-only
/*
 * pbuddy_example: a module that gets its memory from pbuddy. To be copied.
 *
 * When it is loaded it asks once for memory in each way there is, and fails to load when one of
 * them does not give what it should. Then it holds blocks for whoever writes to its parameters:
 *
 *   echo 9 >/sys/module/pbuddy_example/parameters/take		one block of order 9 more
 *   cat /sys/module/pbuddy_example/parameters/held		pages held
 *   echo 0 >/sys/module/pbuddy_example/parameters/keep		frees all but so many blocks
 *
 * What it holds is charged to the writers (__GFP_ACCOUNT), and placed where their memory policies
 * and cpusets say.
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

/* 1. The functions are in a symbol namespace; this is how to say that one wants them. */
PBUDDY_IMPORT_API();

#define MAX_BLOCKS	4096

struct block {
	struct page	*page;
	unsigned int	order;
};

static struct block held[MAX_BLOCKS];
static unsigned int nr_held;
static DEFINE_MUTEX(lock);		/* protects both */

/* ---- 2. One block, of any order up to PBUDDY_MAX_PAGE_ORDER ---- */

static int take_block(unsigned int order)
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

/* Freed with the order it was allocated with; in any context. */
static void drop_block(void)
{
	lockdep_assert_held(&lock);
	nr_held--;
	pbuddy_free_pages(held[nr_held].page, held[nr_held].order);
}

/* ---- 3. The other ways ---- */

static bool ways_by_page(void)
{
	struct page *array[32] = {}, *page;
	unsigned long n;
	bool ok;

	/* One page near this CPU, and what can be asked of it. */
	page = pbuddy_alloc_page(GFP_KERNEL);
	ok = page && pbuddy_owns_page(page) && pbuddy_page_order(page) == 0;
	pbuddy_free_page(page);

	/* Many at once; fewer than asked for are no error, so look. */
	n = pbuddy_alloc_pages_bulk(GFP_KERNEL, NUMA_NO_NODE, ARRAY_SIZE(array), array);
	ok &= n == ARRAY_SIZE(array);
	pbuddy_free_pages_bulk(array, n);

	/* On this node and no other; on some nodes. In a context that must not sleep. */
	page = pbuddy_alloc_pages_node(numa_mem_id(), GFP_NOWAIT | __GFP_THISNODE, 1);
	ok &= page && page_to_nid(page) == numa_mem_id();
	pbuddy_free_pages(page, 1);
	page = pbuddy_alloc_pages_nodemask(GFP_KERNEL, 2, NUMA_NO_NODE, &node_states[N_MEMORY]);
	ok &= page && node_state(page_to_nid(page), N_MEMORY);
	pbuddy_free_pages(page, 2);
	return ok;
}

static bool ways_by_length(void)
{
	struct page *range;
	char *bytes;
	bool ok;

	/* Contiguous, of any length; parts of it may be freed earlier. */
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

static int take_set(const char *text, const struct kernel_param *param)
{
	unsigned int order;
	int ret = kstrtouint(text, 0, &order);

	if (ret)
		return ret;
	mutex_lock(&lock);
	ret = take_block(order);
	mutex_unlock(&lock);
	return ret;
}

static const struct kernel_param_ops take_ops = { .set = take_set };
module_param_cb(take, &take_ops, NULL, 0200);
MODULE_PARM_DESC(take, "write an order: hold one block of it more");

static int keep_set(const char *text, const struct kernel_param *param)
{
	unsigned int keep;
	int ret = kstrtouint(text, 0, &keep);

	if (ret)
		return ret;
	mutex_lock(&lock);
	while (nr_held > keep)
		drop_block();
	mutex_unlock(&lock);
	return 0;
}

static const struct kernel_param_ops keep_ops = { .set = keep_set };
module_param_cb(keep, &keep_ops, NULL, 0200);
MODULE_PARM_DESC(keep, "write a number: free all but so many blocks");

/* By node: "0:512 1:0". */
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
MODULE_PARM_DESC(held, "pages held, by node");

static int __init example_init(void)
{
	return ways_by_page() && ways_by_length() ? 0 : -ENOMEM;
}

static void __exit example_exit(void)
{
	mutex_lock(&lock);
	while (nr_held)
		drop_block();
	mutex_unlock(&lock);
}

module_init(example_init);
module_exit(example_exit);

MODULE_DESCRIPTION("An example of a user of pbuddy's in-kernel API");
MODULE_LICENSE("GPL");
