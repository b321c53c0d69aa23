// SPDX-License-Identifier: GPL-2.0-only
/*
 * pbuddy_cache: holds pages of pbuddy as a cache would, and gives them up when pbuddy asks. An
 * example of how to register a reclaimer; the guest tests watch it shrink.
 *
 * fill= allocates pages until so many are held (written again: up to that many); held tells
 * how many there are now, and scans how often it was asked.
 */
#include <linux/init.h>
#include <linux/list.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/pbuddy.h>

PBUDDY_IMPORT_API();

/* The oldest page is first. The contents of a page are ours: the link stands there. */
static LIST_HEAD(pages);
static DEFINE_SPINLOCK(lock);
static unsigned long held[MAX_NUMNODES];
static atomic_long_t scans;

/* Without the lock: a count may be a little old. */
static unsigned long count_pages(struct pbuddy_reclaimer *reclaimer,
				 struct pbuddy_reclaim_control *rc)
{
	return READ_ONCE(held[rc->nid]);
}

/* Takes the oldest page of a node out of the cache. */
static struct page *take_oldest(int nid)
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

static unsigned long scan_pages(struct pbuddy_reclaimer *reclaimer,
				struct pbuddy_reclaim_control *rc)
{
	unsigned long freed = 0;
	struct page *page;

	atomic_long_inc(&scans);
	while (freed < rc->nr_to_scan) {
		page = take_oldest(rc->nid);
		if (!page)
			break;
		pbuddy_free_page(page);
		freed++;
	}
	/* A cache that has nothing left is done, whatever it was asked for. */
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

/* A cache grows as long as that hurts nobody: it does not reclaim, and does not use reserves. */
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
MODULE_PARM_DESC(fill, "allocate until so many pages are held");
module_param_cb(held, &held_ops, NULL, 0400);
MODULE_PARM_DESC(held, "pages held now");
module_param_cb(scans, &scans_ops, NULL, 0400);
MODULE_PARM_DESC(scans, "times pbuddy asked for pages");

static int __init cache_init(void)
{
	return pbuddy_register_reclaimer(&reclaimer);
}

static void __exit cache_exit(void)
{
	struct list_head *link, *next;

	/* First of all: from here on nobody else is in our functions. */
	pbuddy_unregister_reclaimer(&reclaimer);
	list_for_each_safe(link, next, &pages)
		pbuddy_free_page(virt_to_page(link));
}

module_init(cache_init);
module_exit(cache_exit);
MODULE_DESCRIPTION("A cache of pages that gives them up when pbuddy asks");
MODULE_LICENSE("GPL");
