// SPDX-License-Identifier: GPL-2.0-only
/*
 * pbuddy_cache: an example of a reclaimer. It holds pages of pbuddy as a cache would, and frees
 * the oldest ones when pbuddy reclaims. To be copied; the guest tests use it as well.
 *
 * Its parameters are in /sys/module/pbuddy_cache/parameters:
 *
 *   fill    write a number: allocate until the module has so many pages
 *   held    read: the number of pages held
 *   scans   read: how often pbuddy called scan_pages()
 */
#include <linux/init.h>
#include <linux/list.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/numa.h>
#include <linux/pbuddy.h>
#include <linux/sched.h>
#include <linux/spinlock.h>

PBUDDY_IMPORT_API();

/*
 * 1. The pages held, the oldest first. A page is linked through its own memory, which this
 * module may use while it holds the page.
 */
static LIST_HEAD(pages);
static DEFINE_SPINLOCK(lock);
static unsigned long held[MAX_NUMNODES];
static atomic_long_t scans;

/*
 * 2. The number of pages of a node that could be freed. Called often, so it takes no lock; the
 * number may be out of date.
 */
static unsigned long count_pages(struct pbuddy_reclaimer *reclaimer,
				 struct pbuddy_reclaim_control *rc)
{
	return READ_ONCE(held[rc->nid]);
}

/* Removes the oldest page of a node from the list. */
static struct page *remove_oldest(int nid)
{
	struct list_head *link;
	struct page *found = NULL;

	spin_lock(&lock);
	list_for_each(link, &pages) {
		if (page_to_nid(virt_to_page(link)) == nid) {
			list_del(link);
			held[nid]--;
			found = virt_to_page(link);
			break;
		}
	}
	spin_unlock(&lock);
	return found;
}

/*
 * 3. Frees up to rc->nr_to_scan pages of a node. Several tasks may call this at once; pages are
 * freed without the lock.
 */
static unsigned long scan_pages(struct pbuddy_reclaimer *reclaimer,
				struct pbuddy_reclaim_control *rc)
{
	unsigned long freed = 0;
	struct page *page;

	atomic_long_inc(&scans);
	while (freed < rc->nr_to_scan) {
		page = remove_oldest(rc->nid);
		if (!page)
			break;
		pbuddy_free_page(page);
		freed++;
	}
	/* Nothing left to free: pbuddy need not call again in this round. */
	return freed ?: PBUDDY_RECLAIM_STOP;
}

static struct pbuddy_reclaimer reclaimer = {
	.name		= "pbuddy_cache",
	.count_pages	= count_pages,
	.scan_pages	= scan_pages,
	.seeks		= PBUDDY_DEFAULT_SEEKS,
};

static unsigned long held_pages(void)
{
	unsigned long sum = 0;
	int nid;

	for (nid = 0; nid < MAX_NUMNODES; nid++)
		sum += READ_ONCE(held[nid]);
	return sum;
}

/* A cache should not cause reclaim: it allocates without reclaim and without the reserves. */
static void fill(unsigned long nr)
{
	struct page *page;

	while (held_pages() < nr) {
		page = pbuddy_alloc_page((GFP_KERNEL | __GFP_NOWARN) & ~__GFP_RECLAIM);
		if (!page)
			break;
		spin_lock(&lock);
		list_add_tail(page_address(page), &pages);
		held[page_to_nid(page)]++;
		spin_unlock(&lock);
		cond_resched();
	}
}

static int set_fill(const char *val, const struct kernel_param *kp)
{
	unsigned long nr;
	int err = kstrtoul(val, 0, &nr);

	if (!err)
		fill(nr);
	return err;
}

static int get_held(char *buf, const struct kernel_param *kp)
{
	return sysfs_emit(buf, "%lu\n", held_pages());
}

static int get_scans(char *buf, const struct kernel_param *kp)
{
	return sysfs_emit(buf, "%ld\n", atomic_long_read(&scans));
}

static const struct kernel_param_ops fill_ops = { .set = set_fill, .get = get_held };
static const struct kernel_param_ops held_ops = { .get = get_held };
static const struct kernel_param_ops scans_ops = { .get = get_scans };

module_param_cb(fill, &fill_ops, NULL, 0600);
MODULE_PARM_DESC(fill, "write a number: allocate until so many pages are held");
module_param_cb(held, &held_ops, NULL, 0400);
MODULE_PARM_DESC(held, "number of pages held");
module_param_cb(scans, &scans_ops, NULL, 0400);
MODULE_PARM_DESC(scans, "number of times pbuddy called scan_pages()");

static int __init cache_init(void)
{
	return pbuddy_register_reclaimer(&reclaimer);
}

static void __exit cache_exit(void)
{
	struct list_head *link, *next;

	/* 4. First: no function of the reclaimer runs after this, so its data may go. */
	pbuddy_unregister_reclaimer(&reclaimer);
	list_for_each_safe(link, next, &pages)
		pbuddy_free_page(virt_to_page(link));
}

module_init(cache_init);
module_exit(cache_exit);
MODULE_DESCRIPTION("Example of a reclaimer: a cache of pages that frees them when pbuddy reclaims");
MODULE_LICENSE("GPL");
