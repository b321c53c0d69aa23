// SPDX-License-Identifier: GPL-2.0-only
/*
 * Quarantine: where a page waits whose buffer has ended while a driver, a pipe, an io_uring or
 * any other user of get_user_pages() still refers to it. The core goes on counting it as an
 * allocated page of order 0, so it can neither be handed out nor be lost. A delayed work looks at
 * the waiting pages again, soon at first, then with doubling delays, and frees those whose
 * reference count is back at what pbuddy itself holds. Nothing tells when a pin is dropped, so
 * looking is all that can be done.
 *
 * The list runs through page->private, so that adding cannot fail. Nobody else uses that
 * field: the page is in no file and has no buffers. page->lru would not do, since in a page
 * of a mapped physical range its place is taken by the pointer to that mapping.
 *
 * Unloading. A pinned page cannot go back to the kernel, so the module must stay while there is
 * one: the quarantine holds a reference to the module whenever it is not empty. Taking it needs
 * no try: who adds a page works for a file or a mapping that holds the module. Dropping it is
 * done by the work, which from then on runs in a module that may begin to unload;
 * pb_quarantine_exit() waits for the work to return before the text can go, and by then nobody is
 * left who could queue it again.
 */
#include <linux/jiffies.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/sched.h>
#include <linux/spinlock.h>
#include <linux/workqueue.h>

#include "api/pages.h"
#include "user/quarantine.h"

#define FIRST_DELAY_MS	10
#define LAST_DELAY_MS	1000
#define SCAN_BATCH	64	/* pages looked at before others may run */

/*
 * @lock: taken in process context only
 * @pages: those waiting, but for the ones a scan is looking at
 * @nr_pages: all that are here, the scanned ones too; while not zero, the work is queued or running
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

/* Frees what is no longer pinned of a list, returns how many; *rest to *last are the others. */
static unsigned long release_unpinned(struct page *pages, struct page **rest, struct page **last)
{
	unsigned long freed = 0, seen = 0;
	struct page *page, *next;

	for (page = pages; page; page = next) {
		next = next_of(page);
		if (page_count(page) == PB_BASE_REFS) {
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
		/* From here on pb_quarantine_exit() may be waiting for this function. */
		module_put(THIS_MODULE);
	}
	spin_unlock(&quarantine.lock);
}

/**
 * pb_quarantine_add() - keep a page until nobody refers to it
 * @page: allocated as order 0, no longer used by the buffer it was in
 *
 * Context: process; does not sleep. The caller holds a reference to the module.
 */
void pb_quarantine_add(struct page *page)
{
	spin_lock(&quarantine.lock);
	if (!quarantine.nr_pages)
		__module_get(THIS_MODULE);
	/* Many come at once; the first of them sets the timer. */
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
 * pb_quarantine_pages() - how many pages are in quarantine
 *
 * Context: any.
 * Return: pages.
 */
unsigned long pb_quarantine_pages(void)
{
	return READ_ONCE(quarantine.nr_pages);
}

/**
 * pb_quarantine_init() - make ready
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
 * pb_quarantine_exit() - wait until the work has returned
 *
 * Called when the module unloads: no file, no mapping and no pinned page is left then.
 *
 * Context: may sleep.
 */
void pb_quarantine_exit(void)
{
	flush_delayed_work(&scan_work);
	destroy_workqueue(scan_wq);
	WARN_ON_ONCE(pb_quarantine_pages());
}
