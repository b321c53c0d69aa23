// SPDX-License-Identifier: GPL-2.0-only
/*
 * Compound pages: blocks of an order above 0 that were allocated with __GFP_COMP.
 *
 * The struct pages of a block have the states:
 *
 *   ordinary   each page has PB_BASE_REFS references; no page is a head or a tail
 *   compound   the head has PB_BASE_REFS references and those of all users; the tails have 0 and
 *              point to the head, as after prep_compound_page() in mm/page_alloc.c
 *   deferred   the owner has freed the block, but a page of it has extra references
 *
 * A block is compound only while it is allocated. pbuddy keeps its reference to the head, so the
 * last put_page() of a user never calls the kernel's destructor of a large folio.
 *
 * Allocation: each tail's count goes from PB_BASE_REFS to 0 by compare-exchange. If a page has
 * another count, a previous owner freed it while it was pinned. The pin would be dropped from the
 * head later, so such a block is not handed out: it is deferred.
 *
 * Free: PB_FRAME_ACCOUNTED in the page order map makes it leave the fast path, so requests
 * without __GFP_COMP and their frees have no extra cost. The first of two concurrent frees is
 * found by an exchange of head->private. It freezes the count of the head, so that no reference
 * can be taken any more, and makes all pages ordinary. The core then frees the block. If the head
 * has extra references, for example from get_user_pages() of a tail, the block stays compound
 * and is deferred. Here mm/ leaves the free to the last put_page(), of which a module is not
 * notified. So a delayed work item scans the deferred blocks, with doubling delays, and frees
 * those without extra references.
 *
 * A free may come from an NMI: the list is lock-free, and an irq_work queues the work item. The
 * list is linked through folio->index, so that a free needs no memory. While it is not empty it
 * holds a reference to the module. The work item drops this reference, and after that the module
 * may start to unload while the work item still runs; pb_compound_exit() waits for it.
 */
#include <linux/atomic.h>
#include <linux/bug.h>
#include <linux/irq_work.h>
#include <linux/llist.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/page_ref.h>
#include <linux/sched.h>
#include <linux/workqueue.h>

#include "api/account_block.h"
#include "api/compound.h"
#include "compat.h"
#include "core/compact/movable.h"
#include "hooks/bad_frames.h"
#include "hooks/debug_pages.h"
#include "hooks/guard_pages.h"

#define FIRST_DELAY_MS	10
#define LAST_DELAY_MS	1000
#define BATCH		1024	/* pages to set up between two calls of cond_resched() */

/*
 * @blocks: deferred blocks, except those that a scan has taken off the list
 * @nr_pages: pages of all deferred blocks; while it is not zero, the work item is queued or runs
 * @delay_ms: until the next scan
 */
static struct {
	struct llist_head	blocks;
	atomic_long_t		nr_pages;
	unsigned int		delay_ms;
} deferred = {
	.blocks = LLIST_HEAD_INIT(deferred.blocks),
};

static void scan(struct work_struct *work);
static DECLARE_DELAYED_WORK(scan_work, scan);
static struct workqueue_struct *scan_wq;

static void kick(struct irq_work *unused_work)
{
	WRITE_ONCE(deferred.delay_ms, FIRST_DELAY_MS);
	mod_delayed_work(scan_wq, &scan_work, msecs_to_jiffies(FIRST_DELAY_MS));
}

static struct irq_work kick_work = IRQ_WORK_INIT(kick);

/* ---- Metadata ---- */

/* Gives back the references of the tails before @end. */
static void unfreeze_tails(struct page *head, unsigned long end)
{
	while (--end)
		page_ref_unfreeze(head + end, PB_BASE_REFS);
}

/* Takes the references of all tails; false when a page has another reference, or none. */
static bool freeze_tails(struct page *head, unsigned long nr_pages, bool may_sleep)
{
	unsigned long i;

	if (page_ref_count(head) != PB_BASE_REFS)
		return false;
	for (i = 1; i < nr_pages; i++) {
		if (unlikely(!page_ref_freeze(head + i, PB_BASE_REFS))) {
			unfreeze_tails(head, i);
			return false;
		}
		if (may_sleep && !(i % BATCH))
			cond_resched();
	}
	return true;
}

/* Makes a compound page ordinary; false when it has extra references. */
static bool take_down(struct page *head, unsigned int order)
{
	unsigned long pfn = page_to_pfn(head), i;

	if (!page_ref_freeze(head, PB_BASE_REFS))
		return false;
	pb_compound_clear_first_tail(head);
	for (i = 1; i < 1UL << order; i++) {
		pb_compound_clear_tail(head, i);
		page_ref_unfreeze(head + i, PB_BASE_REFS);
	}
	__folio_clear_head(page_folio(head));
	if (!pb_account_charged(pfn))
		pb_clear_accounted(&pb_instance, pfn);
	page_ref_unfreeze(head, PB_BASE_REFS);
	return true;
}

/* ---- Deferred blocks ---- */

static struct llist_node *node_of(struct page *head)
{
	BUILD_BUG_ON(sizeof(struct llist_node) != sizeof(pgoff_t));
	return (struct llist_node *)&page_folio(head)->index;
}

static struct page *head_of(struct llist_node *node)
{
	return &container_of((pgoff_t *)node, struct folio, index)->page;
}

/* Context: any, NMI included. The caller's use of pbuddy holds the module. */
static void defer(struct page *head, unsigned int order)
{
	if (atomic_long_fetch_add(1L << order, &deferred.nr_pages) == 0)
		__module_get(THIS_MODULE);
	llist_add(node_of(head), &deferred.blocks);
	irq_work_queue(&kick_work);
}

/* Whether a block may be freed: it is ordinary now, and has no extra reference. */
static bool unpinned(struct page *head, unsigned int order)
{
	unsigned long i;

	if (PageHead(head))
		return take_down(head, order);
	for (i = 0; i < 1UL << order; i++)
		if (page_ref_count(head + i) != PB_BASE_REFS)
			return false;
	return true;
}

/* Frees a deferred block; returns its pages, or 0 when it is still pinned. */
static unsigned long free_unpinned(struct page *head)
{
	unsigned long pfn = page_to_pfn(head);
	int order = pb_page_order(&pb_instance, pfn);

	if (WARN_ON_ONCE(order < 0) || !unpinned(head, order))
		return 0;
	page_folio(head)->index = 0;
	set_page_private(head, 0);
	if (pb_bad_frames_free(pfn, order))
		return 1UL << order;
	if (static_branch_unlikely(&pb_fill_key))
		pb_debug_fill_freed(pfn, order);
	WARN_ON_ONCE(pb_guarded_free(pfn, order));
	return 1UL << order;
}

static void scan(struct work_struct *work)
{
	struct llist_node *node, *next;
	unsigned long freed = 0, pages;

	llist_for_each_safe(node, next, llist_del_all(&deferred.blocks)) {
		pages = free_unpinned(head_of(node));
		freed += pages;
		if (!pages)
			llist_add(node, &deferred.blocks);
		cond_resched();
	}
	if (atomic_long_sub_return(freed, &deferred.nr_pages)) {
		deferred.delay_ms = min(2 * READ_ONCE(deferred.delay_ms), LAST_DELAY_MS);
		queue_delayed_work(scan_wq, &scan_work, msecs_to_jiffies(deferred.delay_ms));
	} else if (freed) {
		/* From here on pb_compound_exit() may wait for this function. */
		module_put(THIS_MODULE);
	}
}

/* ---- Interface ---- */

/**
 * pb_compound_set - make an allocated block a compound page
 * @pfn: its head; the caller owns the block and has charged it, if at all
 * @order: its order, 1 to PB_COMPOUND_MAX_ORDER
 * @may_sleep: whether this may sleep
 *
 * Context: any; may sleep with @may_sleep.
 * Return: false when a page of it has an extra reference: the caller does not own it any more.
 */
bool pb_compound_set(unsigned long pfn, unsigned int order, bool may_sleep)
{
	struct page *head = pfn_to_page(pfn);
	unsigned long i;

	if (unlikely(!freeze_tails(head, 1UL << order, may_sleep))) {
		defer(head, order);
		return false;
	}
	pb_set_accounted(&pb_instance, pfn);
	set_page_private(head, 0);
	__folio_set_head(page_folio(head));
	for (i = 1; i < 1UL << order; i++) {
		pb_compound_set_tail(head, i, order);
		if (may_sleep && !(i % BATCH))
			cond_resched();
	}
	pb_compound_set_first_tail(head, order);
	return true;
}
EXPORT_SYMBOL_PB_TEST(pb_compound_set);

/**
 * pb_compound_release - make a compound page ordinary before the block is freed
 * @pfn: its head; pb_is_compound() was true
 * @order: its order
 *
 * Context: any, NMI included.
 * Return: whether the caller frees the block.
 */
enum pb_compound_free pb_compound_release(unsigned long pfn, unsigned int order)
{
	/* Not a value that an owner stores in page->private. */
	const unsigned long freed = (unsigned long)&deferred;
	struct page *head = pfn_to_page(pfn);

	if (xchg(&head->private, freed) == freed) {
		pb_refuse_free(&pb_instance, PB_BAD_DOUBLE, pfn, order);
		return PB_COMPOUND_FREE_BAD;
	}
	/* If a concurrent free has made it ordinary, the core detects the second of the two. */
	if (PageHead(head) && !take_down(head, order)) {
		defer(head, order);
		return PB_COMPOUND_FREE_LATER;
	}
	/* Pairs with the exchange: a free that finds another value finds no head either. */
	smp_store_release(&head->private, 0);
	return PB_COMPOUND_FREE_NOW;
}
EXPORT_SYMBOL_PB_TEST(pb_compound_release);

/**
 * pb_compound_deferred_pages - count the pages of deferred blocks
 *
 * Context: any.
 * Return: pages.
 */
unsigned long pb_compound_deferred_pages(void)
{
	return atomic_long_read(&deferred.nr_pages);
}
EXPORT_SYMBOL_PB_TEST(pb_compound_deferred_pages);

/**
 * pb_compound_init - allocate the workqueue
 *
 * Context: may sleep.
 * Return: 0 or -ENOMEM.
 */
int pb_compound_init(void)
{
	scan_wq = alloc_workqueue("pbuddy_compound", WQ_UNBOUND, 1);
	return scan_wq ? 0 : -ENOMEM;
}

/**
 * pb_compound_exit - wait for the work item and free the workqueue
 *
 * Called when the module is unloaded: no deferred block is left.
 *
 * Context: may sleep.
 */
void pb_compound_exit(void)
{
	irq_work_sync(&kick_work);
	flush_delayed_work(&scan_work);
	destroy_workqueue(scan_wq);
	WARN_ON_ONCE(pb_compound_deferred_pages());
}
