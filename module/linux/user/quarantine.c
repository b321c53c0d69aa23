// SPDX-License-Identifier: GPL-2.0-only
/*
 * Quarantine: pages of destroyed buffers that a driver, a pipe, an io_uring or another user of
 * get_user_pages() still references. The core keeps such a page allocated as order 0, so it is
 * neither handed out nor lost. A delayed work item scans the pages, with doubling delays, and
 * frees those whose reference count is PB_BASE_REFS again. It has to poll, because there is no
 * notification when a pin is dropped.
 *
 * The list is linked through page->private, so adding a page cannot fail. The field is unused:
 * the page is in no file and has no buffers. page->lru is not available, because in pages of
 * memremap_pages() it has the pointer to the pgmap.
 *
 * Unloading: a pinned page cannot be returned to the kernel. So the quarantine holds a reference
 * to the module while it is not empty. __module_get() is sufficient to take it, because the
 * caller works for a file or mapping that holds the module. The work item drops the reference,
 * and after that the module may start to unload while the work item still runs.
 * pb_quarantine_exit() waits for it; it is not queued again, because no files or mappings are
 * left.
 */
#include <linux/jiffies.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/sched.h>
#include <linux/spinlock.h>
#include <linux/workqueue.h>

#include "api/pages.h"
#include "hooks/bad_frames.h"
#include "user/quarantine.h"

#define FIRST_DELAY_MS	10
#define LAST_DELAY_MS	1000
#define SCAN_BATCH	64	/* pages to scan between two calls of cond_resched() */

/*
 * @lock: taken in process context only
 * @pages: pages in quarantine, except those that a scan has taken off the list
 * @nr_pages: pages in quarantine; while it is not zero, the work item is queued or running
 * @delay_ms: until the next scan
 */
static struct {
	spinlock_t		lock;	/* of all below */
	struct page		*pages;
	unsigned long		nr_pages;
	unsigned int		delay_ms;
} quarantine = {
	.lock = __SPIN_LOCK_UNLOCKED(quarantine.lock),
};

static void scan(struct work_struct *work);
static DECLARE_DELAYED_WORK(scan_work, scan);
static struct workqueue_struct *scan_wq;

static struct page *next_of(const struct page *page)
{
	return (struct page *)page_private(page);
}

/* Frees the unpinned pages of a list and returns their number; *rest to *last are the others. */
static unsigned long release_unpinned(struct page *pages, struct page **rest, struct page **last)
{
	unsigned long freed = 0, seen = 0;
	struct page *page, *next;

	for (page = pages; page; page = next) {
		next = next_of(page);
		if (pb_bad_frame_release(page)) {
			freed++;
		} else if (page_count(page) == PB_BASE_REFS) {
			set_page_private(page, 0);
			WARN_ON_ONCE(pb_pages_free(page_to_pfn(page), 0));
			freed++;
		} else {
			if (!*rest)
				*last = page;
			set_page_private(page, (unsigned long)*rest);
			*rest = page;
		}
		if (!(++seen % SCAN_BATCH))
			cond_resched();
	}
	return freed;
}

static void scan(struct work_struct *work)
{
	struct page *pages, *rest = NULL, *last = NULL;
	unsigned long freed;

	spin_lock(&quarantine.lock);
	pages = quarantine.pages;
	quarantine.pages = NULL;
	spin_unlock(&quarantine.lock);

	freed = release_unpinned(pages, &rest, &last);

	spin_lock(&quarantine.lock);
	if (rest) {
		set_page_private(last, (unsigned long)quarantine.pages);
		quarantine.pages = rest;
	}
	quarantine.nr_pages -= freed;
	if (quarantine.nr_pages) {
		quarantine.delay_ms = min(2 * quarantine.delay_ms, LAST_DELAY_MS);
		queue_delayed_work(scan_wq, &scan_work, msecs_to_jiffies(quarantine.delay_ms));
	} else if (freed) {
		/* From here on pb_quarantine_exit() may wait for this function. */
		module_put(THIS_MODULE);
	}
	spin_unlock(&quarantine.lock);
}

/**
 * pb_quarantine_add() - keep a page until its extra references are dropped
 * @page: allocated as order 0, no longer part of a buffer
 *
 * Context: process; does not sleep. The caller holds a reference to the module.
 */
void pb_quarantine_add(struct page *page)
{
	spin_lock(&quarantine.lock);
	if (!quarantine.nr_pages)
		__module_get(THIS_MODULE);
	/* Pages are added in groups; the first one of a group sets the timer. */
	if (!quarantine.nr_pages || quarantine.delay_ms != FIRST_DELAY_MS) {
		quarantine.delay_ms = FIRST_DELAY_MS;
		mod_delayed_work(scan_wq, &scan_work, msecs_to_jiffies(FIRST_DELAY_MS));
	}
	quarantine.nr_pages++;
	set_page_private(page, (unsigned long)quarantine.pages);
	quarantine.pages = page;
	spin_unlock(&quarantine.lock);
}

/**
 * pb_quarantine_pages() - count the pages in quarantine
 *
 * Context: any.
 * Return: pages.
 */
unsigned long pb_quarantine_pages(void)
{
	return READ_ONCE(quarantine.nr_pages);
}

/**
 * pb_quarantine_init() - allocate the workqueue
 *
 * Context: may sleep.
 * Return: 0 or -ENOMEM.
 */
int pb_quarantine_init(void)
{
	scan_wq = alloc_workqueue("pbuddy_quarantine", WQ_UNBOUND, 1);
	return scan_wq ? 0 : -ENOMEM;
}

/**
 * pb_quarantine_exit() - wait for the work item and free the workqueue
 *
 * Called when the module is unloaded: no file, mapping or pinned page is left.
 *
 * Context: may sleep.
 */
void pb_quarantine_exit(void)
{
	flush_delayed_work(&scan_work);
	destroy_workqueue(scan_wq);
	WARN_ON_ONCE(pb_quarantine_pages());
}
