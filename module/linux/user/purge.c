// SPDX-License-Identifier: GPL-2.0-only
/*
 * Purgeable buffers. A program says by PBUDDY_IOCTL_ADVISE that it does not need the contents of a
 * buffer for now (DONTNEED): reclaim may then purge it, which takes its memory away as a whole
 * (buffer_memory.c). WILLNEED ends this and tells whether the contents are still there.
 *
 *	state	   @purgeable  @absent  @purged  in the list  contents
 *	in use	   no	       no	no	 no	      of the program
 *	purgeable  yes	       no	no	 yes	      of the program
 *	purged	   yes	       yes	yes	 no	      lost
 *	restored   yes	       no	yes	 yes	      zeroes, and what was stored since
 *
 * An access to a purged buffer that is mapped restores its memory, zeroed. A fault cannot report a
 * shortage of memory, and must not end in SIGBUS, so it waits until there is memory, or a fatal
 * signal. WILLNEED restores the memory, or fails and leaves the buffer purged.
 *
 * All buffers that are purgeable and not absent are in a list. Those that were advised, or
 * restored, the longest ago come first. Reclaim purges in this order the buffers that have pages
 * on the node in question. It skips buffers whose pages have other users, whose blocks are being
 * migrated, or whose lock is held. An exported buffer does not become purgeable, and a purgeable
 * one is not exported.
 *
 * The list may be long, and tasks walk over it at the same time. Each walk has an entry in the list
 * behind the buffers that it has passed, so it passes each buffer once. It releases the lock at
 * intervals, and does not visit what is appended meanwhile.
 *
 * Reclaim calls pb_purge_node() with any locks held. So that function tries to lock buf->frames,
 * and waits for no lock but i_mmap_rwsem, under which no memory is requested. While it has a
 * buffer, it holds a reference to it, and to the module, because the file of the buffer may be
 * closed. If they are the last ones it leaves them to a work item, because the end of a buffer
 * waits for migrations of its blocks.
 */
#include <linux/list.h>
#include <linux/llist.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/pbuddy.h>
#include <linux/refcount.h>
#include <linux/sched.h>
#include <linux/sched/mm.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/wait.h>
#include <linux/workqueue.h>

#include "core/alloc/alloc.h"
#include "core/cache/freelist.h"
#include "core/zone/watermark.h"
#include "core/zone/zone.h"
#include "instance.h"
#include "user/buffer.h"
#include "user/purge.h"

static LIST_HEAD(purgeable);			/* by @advised, the lowest first */
static DEFINE_SPINLOCK(purgeable_lock);		/* of the list and the variables below */
static u64 last_advised;
static unsigned long *node_pages;		/* in the list, by node, but for groups' */

/* Buffers that walks have passed, under the lock. */
unsigned long pb_purge_nr_passed;
EXPORT_SYMBOL_PB_TEST(pb_purge_nr_passed);

#define OTHERS_TIMEOUT	(HZ / 10)
#define WALK_BATCH	128		/* buffers that are passed with the lock held */

static atomic_t nr_purging = ATOMIC_INIT(0);	/* tasks that free a buffer's memory, or try to */
static DECLARE_WAIT_QUEUE_HEAD(none_purging);
static atomic_long_t nr_purged = ATOMIC_LONG_INIT(0);	/* buffers whose memory was freed */

/* ---- The list ---- */

static void count_locked(const struct pb_buffer *buf, bool add)
{
	unsigned long nr_pages;
	int nid;

	lockdep_assert_held(&purgeable_lock);
	for (nid = 0; nid < pb_instance.nr_nodes; nid++) {
		nr_pages = pb_buffer_pool_pages(buf, nid);
		WRITE_ONCE(node_pages[nid], node_pages[nid] + (add ? nr_pages : -nr_pages));
	}
}

static void remove_locked(struct pb_buffer *buf)
{
	lockdep_assert_held(&purgeable_lock);
	if (list_empty(&buf->lru.node))
		return;
	list_del_init(&buf->lru.node);
	count_locked(buf, false);
}

static void list_remove(struct pb_buffer *buf)
{
	spin_lock(&purgeable_lock);
	remove_locked(buf);
	spin_unlock(&purgeable_lock);
}

/* Makes a buffer with memory the last one to purge. */
static void list_append(struct pb_buffer *buf)
{
	spin_lock(&purgeable_lock);
	remove_locked(buf);
	buf->advised = ++last_advised;
	list_add_tail(&buf->lru.node, &purgeable);
	count_locked(buf, true);
	spin_unlock(&purgeable_lock);
}

/**
 * struct walk - a walk over the list
 * @place: behind what it has passed
 * @last: @advised of the last buffer to visit
 */
struct walk {
	struct pb_purge_entry	place;
	u64			last;
};

static void begin_walk(struct walk *walk)
{
	walk->place.buf = NULL;
	spin_lock(&purgeable_lock);
	list_add(&walk->place.node, &purgeable);
	walk->last = last_advised;
	spin_unlock(&purgeable_lock);
}

static void end_walk(struct walk *walk)
{
	spin_lock(&purgeable_lock);
	list_del(&walk->place.node);
	spin_unlock(&purgeable_lock);
}

/* Passes an entry. Returns its buffer, if that has pages on the node, with a reference. */
static struct pb_buffer *pass_locked(struct walk *walk, struct pb_purge_entry *entry, int nid)
{
	struct pb_buffer *buf = entry->buf;

	lockdep_assert_held(&purgeable_lock);
	list_move(&walk->place.node, &entry->node);
	pb_purge_nr_passed++;
	if (!buf || !pb_buffer_pool_pages(buf, nid) || !refcount_inc_not_zero(&buf->ref))
		return NULL;
	return buf;
}

/*
 * Gets the next buffer that has pages on the node, or NULL. A buffer that is in the list has a
 * file, which holds the module, or is about to be removed.
 */
static struct pb_buffer *get_next(struct walk *walk, int nid)
{
	struct pb_buffer *found = NULL;
	struct pb_purge_entry *entry;
	unsigned int passed = 0;

	spin_lock(&purgeable_lock);
	while (!found && !list_is_last(&walk->place.node, &purgeable)) {
		entry = list_next_entry(&walk->place, node);
		if (entry->buf && entry->buf->advised > walk->last)
			break;
		found = pass_locked(walk, entry, nid);
		if (found || ++passed % WALK_BATCH)
			continue;
		if (fatal_signal_pending(current))
			break;
		cond_resched_lock(&purgeable_lock);
	}
	if (found)
		__module_get(THIS_MODULE);
	spin_unlock(&purgeable_lock);
	return found;
}

static void end_buffers(struct work_struct *work);

static LLIST_HEAD(ending);		/* buffers of which only the reference of a walk is left */
static DECLARE_WORK(end_work, end_buffers);

static void end_buffers(struct work_struct *work)
{
	struct pb_buffer *buf, *next;

	llist_for_each_entry_safe(buf, next, llist_del_all(&ending), ending) {
		pb_buffer_put(buf);
		module_put(THIS_MODULE);
		cond_resched();
	}
}

static void put(struct pb_buffer *buf)
{
	if (likely(refcount_dec_not_one(&buf->ref))) {
		module_put(THIS_MODULE);
		return;
	}
	llist_add(&buf->ending, &ending);
	schedule_work(&end_work);
}

/* ---- Purging ---- */

/* Returns the spare that has the memory now, or NULL. */
static struct pb_buffer *purge_locked(struct pb_buffer *buf, bool may_unmap)
{
	struct pb_buffer *spare = buf->spare;

	lockdep_assert_held_write(&buf->frames);
	if (!buf->purgeable || buf->absent || (!may_unmap && atomic_read(&buf->nr_mappings)))
		return NULL;
	if (!pb_buffer_isolate(buf) || !pb_buffer_try_clear_movable(buf, 0))
		return NULL;
	list_remove(buf);	/* with the pages that it has */
	pb_buffer_take_memory(buf, NULL);
	buf->spare = NULL;
	WRITE_ONCE(buf->purged, true);
	return spare;
}

/* Returns the number of pages of the node that the buffer had. */
static unsigned long purge(struct pb_buffer *buf, int nid, bool may_unmap)
{
	struct pb_buffer *spare = NULL;
	unsigned long nr_pages;

	atomic_inc(&nr_purging);
	/* Before the lock is taken: a task that fails to lock sees the one that has it counted. */
	smp_mb__after_atomic();
	if (down_write_trylock(&buf->frames)) {
		spare = purge_locked(buf, may_unmap);
		up_write(&buf->frames);
	}
	nr_pages = spare ? pb_buffer_pool_pages(spare, nid) : 0;
	if (spare) {
		pb_buffer_count_event(spare, PB_PGPURGE);
		pb_buffer_free_spare(spare);
		atomic_long_inc(&nr_purged);
	}
	if (atomic_dec_and_test(&nr_purging))
		wake_up_all(&none_purging);
	return nr_pages;
}

/*
 * Waits for memory that other tasks are about to free. The caller may hold a lock that they need,
 * so the wait is bounded. Returns true if buffers have been purged since the count was @before:
 * some tasks only try to, and a request that took these for progress would not end.
 */
static bool wait_for_others(long before)
{
	/* Acquire: what the tasks have counted is read after a count of 0. */
	if (atomic_read_acquire(&nr_purging) &&
	    wait_event_killable_timeout(none_purging, !atomic_read_acquire(&nr_purging),
					OTHERS_TIMEOUT) < 0)
		return false;
	return atomic_long_read(&nr_purged) != before;
}

/**
 * pb_purge_node() - purge buffers that have pages on a node
 * @nid: the node
 * @nr_pages: pages to free
 * @may_unmap: purge buffers that are mapped, too
 *
 * A fatal signal ends the search for a buffer that can be purged.
 *
 * Context: process, may sleep, in reclaim, too; the task has PF_MEMALLOC.
 * Return: pages of the node that were purged; less than @nr_pages when no more can be.
 */
unsigned long pb_purge_node(int nid, unsigned long nr_pages, bool may_unmap)
{
	unsigned long purged = 0, nr;
	struct pb_buffer *buf;
	struct walk walk;

	if (!READ_ONCE(node_pages[nid]))
		return 0;
	begin_walk(&walk);
	while (purged < nr_pages && READ_ONCE(node_pages[nid])) {
		buf = get_next(&walk, nid);
		if (!buf)
			break;
		nr = purge(buf, nid, may_unmap);
		purged += nr;
		put(buf);
		cond_resched();
		if (!nr && fatal_signal_pending(current))
			break;
	}
	end_walk(&walk);
	return purged;
}
EXPORT_SYMBOL_PB_TEST(pb_purge_node);

/**
 * pb_purge_count_node() - count the purgeable pages of a node
 * @nid: the node
 *
 * Context: any.
 * Return: pages, with those that are pinned.
 */
unsigned long pb_purge_count_node(int nid)
{
	return READ_ONCE(node_pages[nid]);
}
EXPORT_SYMBOL_PB_TEST(pb_purge_count_node);

/**
 * pb_purge_for() - purge buffers for a request before it fails, or a process is killed for it
 * @rq: the request
 *
 * Without buffers to purge it waits for a purge that is in progress, for 100 ms at most.
 *
 * Context: process, may sleep.
 * Return: whether memory was freed that may serve it.
 */
bool pb_purge_for(const struct pb_request *rq)
{
	unsigned long nr_pages = pb_request_pages(rq), purged = 0;
	unsigned int flags = memalloc_noreclaim_save();
	long before = atomic_long_read(&nr_purged);
	int last = NUMA_NO_NODE;
	struct pb_zone *zone;

	pb_for_each_zone_zonelist(zone, pb_instance.zonelist[rq->nid]) {
		if (purged >= nr_pages)
			break;
		if (zone->nid == last || !pb_zone_allowed(zone, rq))
			continue;
		last = zone->nid;
		purged += pb_purge_node(last, nr_pages - purged, true);
	}
	memalloc_noreclaim_restore(flags);
	return purged || wait_for_others(before);
}

/**
 * pb_purge_wait() - wait for a purge that is in progress
 *
 * For requests that do not come to the OOM policy: pb_purge_for() waits for them. They may have
 * reclaimed, and found no buffer, while another task was freeing one.
 *
 * Context: process, may sleep, for 100 ms at most; locks may be held.
 * Return: whether memory was freed.
 */
bool pb_purge_wait(void)
{
	return wait_for_others(atomic_long_read(&nr_purged));
}

static unsigned long count_pages(struct pbuddy_reclaimer *unused, struct pbuddy_reclaim_control *rc)
{
	return pb_purge_count_node(rc->nid);
}

static unsigned long scan_pages(struct pbuddy_reclaimer *unused, struct pbuddy_reclaim_control *rc)
{
	return pb_purge_node(rc->nid, rc->nr_to_scan, rc->may_unmap) ?: PBUDDY_RECLAIM_STOP;
}

static struct pbuddy_reclaimer reclaimer = {
	.name		= "purgeable buffers",
	.count_pages	= count_pages,
	.scan_pages	= scan_pages,
	.seeks		= 1,
};

/* ---- Advice ---- */

static int lock_advice(struct pb_buffer *buf)
{
	return mutex_lock_killable(&buf->advise_lock) ? -EINTR : 0;
}

/* The lock waits for a purge, which reads the field. */
static void set_purgeable(struct pb_buffer *buf, bool value)
{
	down_write(&buf->frames);
	WRITE_ONCE(buf->purgeable, value);
	if (value && !buf->absent)
		list_append(buf);
	else
		list_remove(buf);
	up_write(&buf->frames);
}

static int dontneed_locked(struct pb_buffer *buf)
{
	lockdep_assert_held(&buf->advise_lock);
	if (atomic_read(&buf->nr_dmabufs))
		return -EBUSY;
	/*
	 * A purge uses the spare only of a buffer in the list. One that is swapped out gets its
	 * spare when it is restored.
	 */
	if (!buf->purgeable && !buf->absent && !buf->spare) {
		buf->spare = pb_buffer_new_spare(buf, false);
		if (!buf->spare)
			return -ENOMEM;
	}
	set_purgeable(buf, true);
	return 0;
}

/**
 * pb_purge_dontneed() - make a buffer purgeable, as the last one to purge
 * @buf: the buffer
 * @retained: set to whether its contents are there
 *
 * Context: may sleep, killable.
 * Return: 0, -EBUSY when it is exported, -ENOMEM, or -EINTR.
 */
int pb_purge_dontneed(struct pb_buffer *buf, bool *retained)
{
	int err = lock_advice(buf);

	if (err)
		return err;
	*retained = !READ_ONCE(buf->purged);
	err = dontneed_locked(buf);
	mutex_unlock(&buf->advise_lock);
	return err;
}
EXPORT_SYMBOL_PB_TEST(pb_purge_dontneed);

static int willneed_locked(struct pb_buffer *buf, bool *retained, enum pb_reason *reason)
{
	bool purgeable = buf->purgeable;
	int err;

	lockdep_assert_held(&buf->advise_lock);
	if (purgeable)
		set_purgeable(buf, false);
	err = pb_buffer_restore(buf, PB_FOR_REQUEST, reason);
	if (err) {
		if (purgeable)
			set_purgeable(buf, true);
		return err;
	}
	*retained = !buf->purged;
	WRITE_ONCE(buf->purged, false);
	return 0;
}

/**
 * pb_purge_willneed() - make a buffer not purgeable, and restore its memory if that was taken away
 * @buf: the buffer
 * @retained: set to whether its contents are there
 * @reason: as for pb_buffer_create()
 *
 * Context: may sleep. A fatal signal ends it.
 * Return: as pb_buffer_restore(); after an error the buffer is as before.
 */
int pb_purge_willneed(struct pb_buffer *buf, bool *retained, enum pb_reason *reason)
{
	int err = lock_advice(buf);

	*retained = true;
	*reason = PB_REASON_NONE;
	if (err)
		return err;
	err = willneed_locked(buf, retained, reason);
	mutex_unlock(&buf->advise_lock);
	return err;
}
EXPORT_SYMBOL_PB_TEST(pb_purge_willneed);

/**
 * pb_purge_not_told() - let the next advice say again that the contents were purged
 * @buf: a buffer for which pb_purge_willneed() said so
 *
 * Context: any.
 */
void pb_purge_not_told(struct pb_buffer *buf)
{
	WRITE_ONCE(buf->purged, true);
}

/**
 * pb_purge_restore_locked() - restore the memory of a buffer, which stays purgeable if it is
 * @buf: the buffer; its advise_lock is held
 * @why: for which purpose
 * @reason: as for pb_buffer_create()
 *
 * Context: may sleep; a fatal signal ends it.
 * Return: as pb_buffer_restore().
 */
int pb_purge_restore_locked(struct pb_buffer *buf, enum pb_restore_for why, enum pb_reason *reason)
{
	int err;

	lockdep_assert_held(&buf->advise_lock);
	err = pb_buffer_restore(buf, why, reason);
	if (!err && buf->purgeable)
		set_purgeable(buf, true);
	return err;
}

/**
 * pb_purge_restore() - restore the memory of a buffer for an access
 * @buf: the buffer, which a mapping or file references
 * @why: PB_FOR_ACCESS or PB_FOR_OTHER
 *
 * A failure is not logged, since the access is repeated or fails.
 *
 * Context: may sleep; a fatal signal ends it.
 * Return: as pb_buffer_restore().
 */
int pb_purge_restore(struct pb_buffer *buf, enum pb_restore_for why)
{
	int err = lock_advice(buf);
	enum pb_reason reason;

	if (err)
		return err;
	err = pb_purge_restore_locked(buf, why, &reason);
	mutex_unlock(&buf->advise_lock);
	return err;
}

/**
 * pb_purgeable_pages() - count the pages of a buffer that may be purged
 * @buf: the buffer
 *
 * Context: any.
 * Return: its length or 0.
 */
unsigned long pb_purgeable_pages(const struct pb_buffer *buf)
{
	return READ_ONCE(buf->purgeable) && !READ_ONCE(buf->absent) ? buf->nr_pages : 0;
}

/**
 * pb_purge_end() - end the purgeable state of a buffer
 * @buf: a buffer without references, or a spare
 *
 * Context: may sleep.
 */
void pb_purge_end(struct pb_buffer *buf)
{
	list_remove(buf);
	pb_buffer_free_spare(buf->spare);
	buf->spare = NULL;
}

/**
 * pb_purge_init() - let reclaim purge buffers
 *
 * Context: process, may sleep.
 * Return: 0 or -ENOMEM.
 */
int pb_purge_init(void)
{
	int err;

	node_pages = kcalloc(pb_instance.nr_nodes, sizeof(*node_pages), GFP_KERNEL);
	if (!node_pages)
		return -ENOMEM;
	err = pbuddy_register_reclaimer(&reclaimer);
	if (err)
		kfree(node_pages);
	return err;
}

/**
 * pb_purge_exit() - undo pb_purge_init(), after the last buffer has ended
 *
 * Context: process, may sleep.
 */
void pb_purge_exit(void)
{
	pbuddy_unregister_reclaimer(&reclaimer);
	flush_work(&end_work);	/* which may have dropped the last reference to the module */
	WARN_ON_ONCE(!list_empty(&purgeable));
	kfree(node_pages);
	node_pages = NULL;
}
