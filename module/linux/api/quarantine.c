// SPDX-License-Identifier: GPL-2.0-only
/*
 * Quarantine: blocks that their owner has freed while another user still refers to a page of them:
 * a driver, a pipe, an io_uring or another user of get_user_pages(). The core keeps such a block
 * allocated, so it is neither handed out nor returned to the kernel. A delayed work item scans the
 * blocks, with doubling delays, and frees those to which only pbuddy refers again. It has to poll,
 * because a module is not notified when a reference is dropped.
 *
 * Blocks come here from a buffer that ends, from frees of modules, from compound blocks
 * (compound.c) and from migrations during which a reference to the source was taken. They are
 * collected in groups: one for each such event, with the task for pb_quarantine_show(). The group
 * of a buffer is part of it, so adding cannot fail. The others come from a table, and when that is
 * full, from one group without a task.
 *
 * A block is linked through folio->index, and folio->private has a mark, by which a second free is
 * recognised. Both words belong to the owner of an allocated page; the page is in no file and has
 * no buffers. page->lru is not available, because in pages of memremap_pages() it has the pointer
 * to the pgmap, and folio->mapping is read by a user that sets a page dirty before it unpins it.
 * The block has PB_FRAME_CHECKED, so a free of it leaves the fast path. A pinned folio of a buffer
 * is here as one block, although its pages are allocated one by one.
 *
 * A free may come from an NMI: groups are added to a lock-free list, and an irq_work queues the
 * work item. Groups are seen by the work item and by pb_quarantine_show() only, under the mutex.
 *
 * A plain read of the count decides whether a page has other users. mm/ freezes it at 0, since it
 * frees pages that the page cache or page tables may still name. The owner of a block here has
 * removed its mappings before it frees it, so a new reference can only be taken by a user that has
 * one. A walk of page tables without locks may still take a reference for a moment: it finds the
 * page table entry changed and drops it, without access to the page. Walkers by PFN (page_idle,
 * compaction, DAMON) take references to pages on LRU lists only. Such a reference delays the reuse
 * of a page, and is never the last one to be dropped, as pbuddy keeps its own.
 *
 * Charges: the block of a module is uncharged when it leaves, by the free. The pages of a buffer
 * are charged as a whole. A charge of the dmem controller cannot be divided, so it stays until all
 * of them have left.
 *
 * Unloading: a page with other users cannot be returned to the kernel. So the quarantine holds a
 * reference to the module while it is not empty; a free comes from a file, a mapping or a module
 * that holds one, so __module_get() is sufficient. The work item drops the reference, and after
 * that the module may start to unload while the work item still runs. pb_quarantine_exit() waits
 * for it.
 */
#include <linux/bitmap.h>
#include <linux/irq_work.h>
#include <linux/jiffies.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/page_ref.h>
#include <linux/preempt.h>
#include <linux/seq_file.h>
#include <linux/string.h>
#include <linux/workqueue.h>

#include "api/account.h"
#include "api/account_block.h"
#include "api/quarantine.h"
#include "compat.h"
#include "core/alloc/alloc.h"
#include "core/compact/movable.h"
#include "hooks/bad_frames.h"
#include "hooks/debug_pages.h"
#include "hooks/guard_pages.h"
#include "instance.h"

#define FIRST_DELAY_MS	10
#define LAST_DELAY_MS	1000
#define NR_GROUPS	128	/* of the table */
#define SCAN_BATCH	64	/* blocks to scan between two calls of cond_resched() */

static struct pb_quarantine_group table[NR_GROUPS];
static DECLARE_BITMAP(table_used, NR_GROUPS);

/* Blocks for which the table had no group: as they are added, and as the scan has seen them. */
static struct llist_head added_alone = LLIST_HEAD_INIT(added_alone);
static struct pb_quarantine_group alone;

static LLIST_HEAD(added);
static LIST_HEAD(groups);			/* under the mutex */
static DEFINE_MUTEX(groups_lock);

/* While @nr_pages is not zero, the work item is queued or running. */
static atomic_long_t nr_pages;
static atomic_long_t nr_of_kind[PB_NR_QUARANTINE_KINDS];
static atomic_long_t nr_of_node[MAX_NUMNODES];
static unsigned int delay_ms;			/* until the next scan */

/* Addresses that no owner stores in page->private. */
const char pb_quarantine_marks[PB_NR_QUARANTINE_KINDS];

static void scan(struct work_struct *work);
static DECLARE_DELAYED_WORK(scan_work, scan);
static struct workqueue_struct *scan_wq;

static void kick(struct irq_work *unused_work)
{
	WRITE_ONCE(delay_ms, FIRST_DELAY_MS);
	mod_delayed_work(scan_wq, &scan_work, msecs_to_jiffies(FIRST_DELAY_MS));
}

static struct irq_work kick_work = IRQ_WORK_INIT(kick);

/* ---- Blocks ---- */

static enum pb_quarantine_kind kind_of(struct page *head)
{
	return page_private(head) - (unsigned long)pb_quarantine_marks;
}

static struct llist_node *node_of(struct page *head)
{
	BUILD_BUG_ON(sizeof(struct llist_node) != sizeof(pgoff_t));
	return (struct llist_node *)&page_folio(head)->index;
}

static struct page *head_of(struct llist_node *node)
{
	return node ? &container_of((pgoff_t *)node, struct folio, index)->page : NULL;
}

static struct page *next_of(struct page *head)
{
	return head_of(node_of(head)->next);
}

static void link_block(struct pb_quarantine_group *group, struct page *head)
{
	node_of(head)->next = group->blocks ? node_of(group->blocks) : NULL;
	group->blocks = head;
}

static void mark_block(struct page *head, unsigned int order, enum pb_quarantine_kind kind)
{
	set_page_private(head, pb_quarantine_mark(kind));
	pb_keep_allocated(&pb_instance, page_to_pfn(head),
			  kind == PB_QUARANTINE_BUFFER ? 0 : order);
	atomic_long_add(1L << order, &nr_of_kind[kind]);
	atomic_long_add(1L << order, &nr_of_node[page_to_nid(head)]);
	if (atomic_long_fetch_add(1L << order, &nr_pages) == 0)
		__module_get(THIS_MODULE);
}

/* Whether a page of a block has other users. A page with a memory error counts as @bad says. */
static bool any_referenced(unsigned long pfn, unsigned int order, bool bad)
{
	struct page *page = pfn_to_page(pfn);
	unsigned long i;

	for (i = 0; i < 1UL << order; i++)
		if (PageHWPoison(page + i) ? bad : page_ref_count(page + i) != PB_BASE_REFS)
			return true;
	return false;
}

/**
 * pb_quarantine_referenced - whether a page of a block has other users, or a memory error
 * @pfn: its head; the block is not compound
 * @order: its order
 *
 * Context: any, NMI included.
 * Return: whether one has; the block must not be handed out then.
 */
bool pb_quarantine_referenced(unsigned long pfn, unsigned int order)
{
	return pb_pages_referenced(pfn_to_page(pfn), 1UL << order);
}

/* Resets what users of a block have left in its pages. */
static void reset_pages(unsigned long pfn, unsigned int order)
{
	unsigned long i;

	set_page_private(pfn_to_page(pfn), 0);
	for (i = 0; i < 1UL << order; i++)
		pb_page_reset_flags(pfn_to_page(pfn + i));
}

/* ---- Adding ---- */

static struct pb_quarantine_group *get_group(void)
{
	unsigned long i;

	for (;;) {
		i = find_first_zero_bit(table_used, NR_GROUPS);
		if (i == NR_GROUPS)
			return NULL;
		if (!test_and_set_bit(i, table_used))
			return &table[i];
	}
}

static void put_group(struct pb_quarantine_group *group)
{
	clear_bit_unlock(group - table, table_used);
}

static void publish(struct pb_quarantine_group *group)
{
	group->since = jiffies;
	group->pid = in_task() ? task_tgid_nr(current) : 0;
	strscpy(group->comm, in_task() ? current->comm : "interrupt", sizeof(group->comm));
	llist_add(&group->entry, &added);
	irq_work_queue(&kick_work);
}

/**
 * pb_quarantine_block - keep a block until its extra references are dropped
 * @pfn: its head; the caller has taken the block from its owner
 * @order: its order
 * @kind: why it is kept
 *
 * Context: any, NMI included. The caller's use of pbuddy holds the module.
 */
void pb_quarantine_block(unsigned long pfn, unsigned int order, enum pb_quarantine_kind kind)
{
	struct pb_quarantine_group *group = get_group();
	struct page *head = pfn_to_page(pfn);

	mark_block(head, order, kind);
	if (!group) {
		llist_add(node_of(head), &added_alone);
		irq_work_queue(&kick_work);
		return;
	}
	*group = (struct pb_quarantine_group) {
		.nr_pages = 1UL << order, .release = put_group,
	};
	link_block(group, head);
	publish(group);
}

/* Counts pages that come to a group or leave it. The owner may read the counts meanwhile. */
static void count(struct pb_quarantine_group *group, struct page *head, long pages)
{
	unsigned long *on_node = group->node_pages ? &group->node_pages[page_to_nid(head)] : NULL;

	WRITE_ONCE(group->nr_pages, group->nr_pages + pages);
	if (on_node)
		WRITE_ONCE(*on_node, *on_node + pages);
}

/* The pages of a buffer are allocated one by one, also those of a folio. */
static int order_of(struct page *head)
{
	if (kind_of(head) == PB_QUARANTINE_BUFFER)
		return compound_order(head);
	return pb_page_order(&pb_instance, page_to_pfn(head));
}

/**
 * pb_quarantine_collect - prepare a page or a folio of a buffer for pb_quarantine_add()
 * @group: the group, not added yet
 * @head: the page, or head of the folio; no longer part of a buffer, each page allocated as order 0
 *
 * Context: any. The caller holds a reference to the module.
 */
void pb_quarantine_collect(struct pb_quarantine_group *group, struct page *head)
{
	unsigned int order = compound_order(head);

	mark_block(head, order, PB_QUARANTINE_BUFFER);
	link_block(group, head);
	count(group, head, 1L << order);
}

/**
 * pb_quarantine_add - keep a group of pages until their extra references are dropped
 * @group: with a page or more, and all that its owner sets
 *
 * Context: any. The group is not the caller's any more.
 */
void pb_quarantine_add(struct pb_quarantine_group *group)
{
	publish(group);
}

/**
 * pb_quarantine_release - keep a block with other users, else uncharge it; the core's ops->release
 * @pool: the instance
 * @pfn: head of the block
 * @order: its order
 *
 * Context: any, NMI included.
 * Return: whether the frames become free.
 */
enum pb_release pb_quarantine_release(struct pb_pool *pool, unsigned long pfn, unsigned int order)
{
	struct page *page = pfn_to_page(pfn);

	if (unlikely(pb_quarantine_marked(page)))
		return PB_RELEASE_DOUBLE;
	if (unlikely(page_private(page) || !pb_pages_clean(page, order))) {
		if (pb_bad_frame_is_set_aside(pfn) || pb_debug_is_overwritten(pfn))
			return PB_RELEASE_DOUBLE;
		if (pb_quarantine_referenced(pfn, order)) {
			pb_quarantine_block(pfn, order, PB_QUARANTINE_BLOCK);
			return PB_RELEASE_KEPT;
		}
		reset_pages(pfn, order);
	}
	pb_account_free(pfn, order);
	if (static_branch_unlikely(&pb_fill_key))
		pb_debug_fill(pfn, 1UL << order);
	return PB_RELEASE_FREE;
}

/* ---- Pages with a memory error ---- */

/* Sets pages of a block aside. Others are free, or in quarantine when they have other users. */
static void free_bad(unsigned long pfn, unsigned int order)
{
	pb_account_free(pfn, order);
	pb_set_checked(&pb_instance, pfn);
	pb_bad_frames_split(pfn, order);
}

/**
 * __pb_quarantine_free_bad - free a block if a page of it has a memory error
 * @pfn: any number
 * @order: any number
 *
 * Context: any, NMI included.
 * Return: false when the caller has to free it.
 */
bool __pb_quarantine_free_bad(unsigned long pfn, unsigned int order)
{
	if (likely(!pb_bad_frames_in(pfn, order)))
		return false;
	/* A double free, which pb_quarantine_release() refuses. */
	if (unlikely(pb_bad_frame_is_set_aside(pfn)))
		return false;
	/* A migration that is in progress frees the block, and bad_frames.c finds the page. */
	if (pb_movable_clear(&pb_instance, pfn))
		return false;
	free_bad(pfn, order);
	return true;
}

/**
 * __pb_quarantine_free_bad_pages - free contiguous pages if one of them has a memory error
 * @pfn: any number
 * @nr_pages: any number
 *
 * Context: any, NMI included.
 * Return: false when the caller has to free them.
 */
bool __pb_quarantine_free_bad_pages(unsigned long pfn, unsigned long nr_pages)
{
	bool bad = false;
	unsigned long i;

	for (i = 0; i < nr_pages; i++) {
		if (pb_page_order(&pb_instance, pfn + i))
			return false;
		bad |= PageHWPoison(pfn_to_page(pfn + i));
	}
	if (likely(!bad))
		return false;
	for (i = 0; i < nr_pages; i++)
		if (!__pb_quarantine_free_bad(pfn + i, 0))
			pb_free(&pb_instance, pfn + i, 0);
	return true;
}

/* ---- Scanning ---- */

static void free_block(unsigned long pfn, unsigned int order)
{
	/* ops->release does the rest, also for a block that was compound. */
	pb_set_checked(&pb_instance, pfn);
	set_page_private(pfn_to_page(pfn), 0);
	if (unlikely(pb_bad_frames_in(pfn, order)))
		free_bad(pfn, order);
	else
		WARN_ON_ONCE(pb_guarded_free(pfn, order));
}

/* Frees a block to which only pbuddy refers; returns its pages, or 0. */
static unsigned long free_unreferenced(struct page *head)
{
	enum pb_quarantine_kind kind = kind_of(head);
	unsigned long pfn = page_to_pfn(head), i;
	int order = order_of(head);

	if (WARN_ON_ONCE(order < 0))
		return 0;
	if (PageHead(head) ? !pb_compound_take_down(head, order, is_zone_device_page(head)) :
			     any_referenced(pfn, order, false))	/* a bad page is not used again */
		return 0;
	page_folio(head)->index = 0;
	if (kind == PB_QUARANTINE_BUFFER)
		for (i = 0; i < 1UL << order; i++)
			free_block(pfn + i, 0);
	else
		free_block(pfn, order);
	/* Last, so that pages that are not counted any more are free. */
	atomic_long_sub(1L << order, &nr_of_kind[kind]);
	atomic_long_sub(1L << order, &nr_of_node[pfn_to_nid(pfn)]);
	return 1UL << order;
}

/* Frees the blocks of a group that have no other users, and returns their number of pages. */
static unsigned long scan_group(struct pb_quarantine_group *group)
{
	struct page *head = group->blocks, *next;
	unsigned long freed = 0, got, seen = 0;

	group->blocks = NULL;
	for (; head; head = next) {
		next = next_of(head);
		got = free_unreferenced(head);
		freed += got;
		if (!got)
			link_block(group, head);
		else
			count(group, head, -(long)got);
		if (!(++seen % SCAN_BATCH) || got > SCAN_BATCH)
			cond_resched();
	}
	return freed;
}

/**
 * pb_quarantine_uncharge - uncharge pages that are not in quarantine, or have left it
 * @group: the group; it is not added yet, or the caller has the lock
 *
 * Does nothing as long as pages are left and the charge cannot be divided. Context: any.
 */
void pb_quarantine_uncharge(struct pb_quarantine_group *group)
{
	unsigned long left = min(group->charged, group->nr_pages), n = group->charged - left;

	if (!n || !group->account)
		return;
	if (!left)
		pb_account_uncharge(group->account, n);
	else if (!pb_account_uncharge_part(group->account, n))
		return;
	WRITE_ONCE(group->charged, left);
}

static void see_added(void)
{
	struct pb_quarantine_group *group, *next;
	struct llist_node *node, *after;

	lockdep_assert_held(&groups_lock);
	llist_for_each_entry_safe(group, next, llist_del_all(&added), entry)
		list_add_tail(&group->node, &groups);
	llist_for_each_safe(node, after, llist_del_all(&added_alone)) {
		link_block(&alone, head_of(node));
		alone.nr_pages += 1UL << pb_page_order(&pb_instance, page_to_pfn(head_of(node)));
	}
}

static void scan(struct work_struct *work)
{
	struct pb_quarantine_group *group, *next;
	unsigned long freed;
	LIST_HEAD(empty);

	mutex_lock(&groups_lock);
	see_added();
	freed = scan_group(&alone);
	list_for_each_entry_safe(group, next, &groups, node) {
		freed += scan_group(group);
		pb_quarantine_uncharge(group);
		if (!group->blocks)
			list_move(&group->node, &empty);
	}
	mutex_unlock(&groups_lock);
	list_for_each_entry_safe(group, next, &empty, node)
		group->release(group);
	if (atomic_long_sub_return(freed, &nr_pages)) {
		delay_ms = min(2 * READ_ONCE(delay_ms), LAST_DELAY_MS);
		queue_delayed_work(scan_wq, &scan_work, msecs_to_jiffies(delay_ms));
	} else if (freed) {
		/* From here on pb_quarantine_exit() may wait for this function. */
		module_put(THIS_MODULE);
	}
}

/* ---- Output, start and end ---- */

/**
 * pb_quarantine_pages - count the pages in quarantine
 *
 * Context: any.
 * Return: pages.
 */
unsigned long pb_quarantine_pages(void)
{
	return atomic_long_read(&nr_pages);
}
EXPORT_SYMBOL_PB_TEST(pb_quarantine_pages);

/**
 * pb_quarantine_pages_of - count the pages in quarantine for one reason
 * @kind: the reason
 *
 * Context: any.
 * Return: pages.
 */
unsigned long pb_quarantine_pages_of(enum pb_quarantine_kind kind)
{
	return atomic_long_read(&nr_of_kind[kind]);
}
EXPORT_SYMBOL_PB_TEST(pb_quarantine_pages_of);

/**
 * pb_quarantine_pages_of_node - count the pages of a node that are in quarantine
 * @nid: the node
 *
 * Context: any.
 * Return: pages.
 */
unsigned long pb_quarantine_pages_of_node(int nid)
{
	return atomic_long_read(&nr_of_node[nid]);
}

static void show_group(struct seq_file *m, const struct pb_quarantine_group *group)
{
	unsigned long pfn = page_to_pfn(group->blocks);
	struct pb_account *account = group->account ?: pb_account_of(pfn);
	char text[PB_ACCOUNT_TEXT_LEN];

	seq_printf(m, "pfn 0x%lx pages %lu age_ms %u account %s pid %d comm %s", pfn,
		   group->nr_pages, jiffies_to_msecs(jiffies - group->since),
		   pb_account_text(account, text, sizeof(text)), group->pid, group->comm);
	if (group->label && *group->label)
		seq_printf(m, " label %s", group->label);
	seq_putc(m, '\n');
}

/**
 * pb_quarantine_show - print the groups of pages in quarantine
 * @m: output: one line for each
 *
 * Context: process, may sleep.
 */
void pb_quarantine_show(struct seq_file *m)
{
	struct pb_quarantine_group *group;

	mutex_lock(&groups_lock);
	see_added();
	list_for_each_entry(group, &groups, node)
		show_group(m, group);
	if (alone.blocks)
		seq_printf(m, "and %lu pages more\n", alone.nr_pages);
	mutex_unlock(&groups_lock);
}

/**
 * pb_quarantine_init - allocate the workqueue
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
 * pb_quarantine_exit - wait for the work item and free the workqueue
 *
 * Called when the module is unloaded: no file, mapping, user or page in quarantine is left.
 *
 * Context: may sleep.
 */
void pb_quarantine_exit(void)
{
	irq_work_sync(&kick_work);
	flush_delayed_work(&scan_work);
	destroy_workqueue(scan_wq);
	WARN_ON_ONCE(pb_quarantine_pages());
}
