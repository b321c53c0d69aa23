// SPDX-License-Identifier: GPL-2.0-only
/*
 * Which buffers are swapped out, and when. A program allows it for a buffer by PBUDDY_IOCTL_ADVISE
 * (SWAP), the administrator for the nodes of its pages (swap=). PAGEOUT swaps such a buffer out at
 * once. Reclaim swaps out those that were idle for the time that swap= says for their nodes, the
 * longest idle first. An access, or WILLNEED, reads the contents back (buffer_memory.c).
 *
 *	state	     @swappable  @absent  @stored
 *	in use	     no or yes	 no	  NULL
 *	swapped out  yes	 yes	  the contents
 *
 * Idle. A module cannot read the accessed bits of page table entries. A delayed work item looks at
 * the buffers LOOKS times in the shortest time of swap=. It removes the page table entries of each
 * buffer that was touched since the last look, and sets @watched. The first fault clears @watched.
 * So a buffer in use faults once for a look, and one that is watched has been idle since @touched.
 *
 * Reclaim. It runs with any locks held, maybe for a file system, and must not allocate. So the
 * reclaimer queues a work item, which swaps out, and waits for it for WAIT at most. It does so for
 * requests only that may call file systems and start I/O, and while no buffer holds the work item
 * up. The work item only tries to lock buf->advise_lock. The shrinker of the system
 * (daemon/pool_shrinker.c) swaps no buffer out: it runs when the system is short of the memory that
 * this needs.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/ctype.h>
#include <linux/jiffies.h>
#include <linux/kernel.h>
#include <linux/list.h>
#include <linux/memcontrol.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/nodemask.h>
#include <linux/pbuddy.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/string.h>
#include <linux/sysfs.h>
#include <linux/wait.h>
#include <linux/workqueue.h>

#include "core/zone/zone.h"
#include "instance.h"
#include "user/buffer.h"
#include "user/purge.h"
#include "user/swap.h"
#include "user/swap_file.h"
#include "user/swap_out.h"

#define LOOKS		4
#define SECONDS_MOST	86400
#define WAIT		(HZ / 2)	/* of reclaim, for the work item */
#define WALK_BATCH	128		/* buffers that are passed with the lock held */

static LIST_HEAD(swappable);			/* by @swap_seq, the longest untouched first */
static LIST_HEAD(cursor);			/* in the list, behind what a walk has passed */
static DEFINE_SPINLOCK(swappable_lock);		/* of the list and last_seq */
static u64 last_seq;

static DEFINE_MUTEX(lock);			/* of the next two */
static bool live;				/* the pool is in use */
static unsigned int node_seconds[MAX_NUMNODES];	/* swap=; 0: no buffer of the node */
static unsigned long idle_pages[MAX_NUMNODES];	/* found at the last look */
static unsigned long counted[MAX_NUMNODES];	/* while they are counted */
static atomic_long_t wanted[MAX_NUMNODES];	/* pages that reclaim asked for */
static atomic_long_t freed[MAX_NUMNODES];	/* pages that were swapped out for it */
static unsigned long nr_begun, nr_done;		/* runs of swap_work */
static unsigned long begun_at;			/* jiffies */

static struct workqueue_struct *queue;
static DECLARE_WAIT_QUEUE_HEAD(work_done);

static void look(struct work_struct *work);
static void swap_wanted(struct work_struct *work);
/* Not deferrable: the timer would wait for as long as its CPU is idle. */
static DECLARE_DELAYED_WORK(look_work, look);
static DECLARE_WORK(swap_work, swap_wanted);

/* ---- Nodes ---- */

/* Seconds that a buffer must have been idle; 0: a node with pages of it does not swap. */
static unsigned int seconds_of(const struct pb_buffer *buf)
{
	unsigned int seconds, longest = 0;
	int nid;

	for (nid = 0; nid < pb_instance.nr_nodes; nid++) {
		if (!READ_ONCE(buf->node_pages[nid]))
			continue;
		seconds = READ_ONCE(node_seconds[nid]);
		if (!seconds)
			return 0;
		longest = max(longest, seconds);
	}
	return longest;
}

/* The shortest time of a node that swaps; 0: none does. */
static unsigned int shortest(void)
{
	unsigned int least = 0, seconds;
	int nid;

	for (nid = 0; nid < nr_node_ids; nid++) {
		seconds = READ_ONCE(node_seconds[nid]);
		if (seconds && (!least || seconds < least))
			least = seconds;
	}
	return least;
}

static void look_later(void)
{
	unsigned int seconds = shortest();

	if (seconds)
		queue_delayed_work(queue, &look_work, max(seconds * HZ / LOOKS, 1U));
}

/* Parses NODE:SECONDS. */
static int parse_node(char *item, unsigned int *seconds)
{
	char *value_text = strchr(item, ':');
	unsigned int nid, value;

	if (!value_text)
		return -EINVAL;
	*value_text++ = '\0';
	if (!isdigit(*item) || !isdigit(*value_text) || kstrtouint(item, 10, &nid) ||
	    kstrtouint(value_text, 10, &value) || nid >= nr_node_ids || value > SECONDS_MOST ||
	    seconds[nid])
		return -EINVAL;
	seconds[nid] = value;
	return 0;
}

static int parse_nodes(char *text, unsigned int *seconds)
{
	char *item;
	int err = 0;

	text = strim(text);
	while (*text && !err) {
		item = strsep(&text, ",");
		err = parse_node(item, seconds);
		if (!text)
			break;
		if (!*text)	/* after the last comma */
			err = -EINVAL;
	}
	return err;
}

static int set_nodes(const char *text, const struct kernel_param *param)
{
	unsigned int *seconds = kcalloc(nr_node_ids, sizeof(*seconds), GFP_KERNEL);
	char *copy = kstrdup(text, GFP_KERNEL);
	int err = -ENOMEM, nid;

	if (seconds && copy)
		err = parse_nodes(copy, seconds);
	if (err == -EINVAL)
		pr_err("%s: bad value \"%.*s\": NODE:SECONDS,... is expected, with nodes below %u and 0 to %u seconds\n",
		       param->name, (int)strcspn(text, "\n"), text, nr_node_ids, SECONDS_MOST);
	mutex_lock(&lock);
	for (nid = 0; !err && nid < nr_node_ids; nid++)
		WRITE_ONCE(node_seconds[nid], seconds[nid]);
	if (live && shortest())
		mod_delayed_work(queue, &look_work, 0);
	mutex_unlock(&lock);
	kfree(copy);
	kfree(seconds);
	return err;
}

static int get_nodes(char *buf, const struct kernel_param *param)
{
	const char *comma = "";
	int len = 0, nid;

	for (nid = 0; nid < nr_node_ids; nid++) {
		if (!node_seconds[nid])
			continue;
		len += sysfs_emit_at(buf, len, "%s%d:%u", comma, nid, node_seconds[nid]);
		comma = ",";
	}
	return len + sysfs_emit_at(buf, len, "\n");
}

static const struct kernel_param_ops nodes_ops = { .set = set_nodes, .get = get_nodes };
module_param_cb(swap, &nodes_ops, NULL, 0644);
MODULE_PARM_DESC(swap, "NODE:SECONDS,...: nodes whose buffers may be swapped out if their programs allow it, and for how many seconds a buffer must have been idle before reclaim does so, 1 to 86400 (default: none)");

/* ---- The list ---- */

static void append(struct pb_buffer *buf)
{
	spin_lock(&swappable_lock);
	buf->swap_seq = ++last_seq;
	list_move_tail(&buf->swap_lru, &swappable);
	spin_unlock(&swappable_lock);
}

static void remove(struct pb_buffer *buf)
{
	spin_lock(&swappable_lock);
	list_del_init(&buf->swap_lru);
	spin_unlock(&swappable_lock);
}

/*
 * A walk over the list, which may be long: the lock is released at intervals, and what is appended
 * meanwhile is not visited. The work items walk, one at a time. Returns the last number to visit.
 */
static u64 begin_walk(void)
{
	u64 last;

	spin_lock(&swappable_lock);
	list_move(&cursor, &swappable);
	last = last_seq;
	spin_unlock(&swappable_lock);
	return last;
}

static void end_walk(void)
{
	spin_lock(&swappable_lock);
	list_del_init(&cursor);
	spin_unlock(&swappable_lock);
}

/* Gets the next buffer for which @fn returns true; or NULL. */
static struct pb_buffer *get_next(u64 last, bool (*fn)(const struct pb_buffer *buf, int nid),
				  int nid)
{
	struct pb_buffer *buf, *found = NULL;
	unsigned int passed = 0;

	spin_lock(&swappable_lock);
	while (!found && cursor.next != &swappable) {
		buf = list_entry(cursor.next, struct pb_buffer, swap_lru);
		if (buf->swap_seq > last)
			break;
		list_move(&cursor, &buf->swap_lru);
		if (fn(buf, nid) && refcount_inc_not_zero(&buf->ref))
			found = buf;
		else if (!(++passed % WALK_BATCH))
			cond_resched_lock(&swappable_lock);
	}
	if (found)	/* its file, which holds the module, may be closed */
		__module_get(THIS_MODULE);
	spin_unlock(&swappable_lock);
	return found;
}

static void put(struct pb_buffer *buf)
{
	pb_buffer_put(buf);
	module_put(THIS_MODULE);
}

/* ---- Idle buffers ---- */

static bool is_idle(const struct pb_buffer *buf, int nid)
{
	unsigned int seconds = seconds_of(buf);

	return READ_ONCE(buf->watched) && !READ_ONCE(buf->absent) && seconds &&
	       pb_buffer_pool_pages(buf, nid) &&
	       time_after_eq(jiffies, READ_ONCE(buf->touched) + seconds * HZ);
}

/* Adds the pages of an idle buffer to those of its nodes. Returns false: it is not got. */
static bool add_idle(const struct pb_buffer *buf, int unused)
{
	int nid;

	for (nid = 0; nid < pb_instance.nr_nodes; nid++)
		if (is_idle(buf, nid))
			counted[nid] += pb_buffer_pool_pages(buf, nid);
	return false;
}

static void count_idle(void)
{
	int nid;

	memset(counted, 0, sizeof(counted));
	WARN_ON_ONCE(get_next(begin_walk(), add_idle, 0));
	end_walk();
	for (nid = 0; nid < pb_instance.nr_nodes; nid++)
		WRITE_ONCE(idle_pages[nid], counted[nid]);
}

static bool is_touched(const struct pb_buffer *buf, int unused)
{
	return !READ_ONCE(buf->watched) && !READ_ONCE(buf->absent) && seconds_of(buf);
}

/* Begins to watch a buffer, which makes it the last one to swap out. */
static void watch(struct pb_buffer *buf)
{
	if (!down_write_trylock(&buf->frames))
		return;
	if (!buf->absent) {
		pb_buffer_unmap(buf);
		WRITE_ONCE(buf->touched, jiffies);
		WRITE_ONCE(buf->watched, true);
	}
	up_write(&buf->frames);
	spin_lock(&swappable_lock);
	if (!list_empty(&buf->swap_lru)) {
		buf->swap_seq = ++last_seq;
		list_move_tail(&buf->swap_lru, &swappable);
	}
	spin_unlock(&swappable_lock);
}

static void look(struct work_struct *work)
{
	u64 last = begin_walk();
	struct pb_buffer *buf;

	while ((buf = get_next(last, is_touched, 0))) {
		watch(buf);
		put(buf);
		cond_resched();
	}
	end_walk();
	count_idle();
	if (!list_empty(&swappable))
		look_later();
}

/* ---- Reclaim ---- */

/* Returns the number of pages of the node that the buffer had. */
static unsigned long swap_out_idle(struct pb_buffer *buf, int nid)
{
	unsigned long nr_pages = 0;
	enum pbuddy_swap_reason why;

	if (!mutex_trylock(&buf->advise_lock))
		return 0;
	if (buf->swappable && is_idle(buf, nid)) {
		nr_pages = pb_buffer_pool_pages(buf, nid);
		if (pb_swap_out_locked(buf, &why)) {
			nr_pages = 0;
			/* Not again before it was idle for another time. */
			WRITE_ONCE(buf->touched, jiffies);
		}
	}
	mutex_unlock(&buf->advise_lock);
	return nr_pages;
}

static void swap_wanted_of(int nid, unsigned long nr_wanted)
{
	unsigned long done = 0, nr_pages;
	u64 last = begin_walk();
	struct pb_buffer *buf;

	while (done < nr_wanted) {
		buf = get_next(last, is_idle, nid);
		if (!buf)
			break;
		nr_pages = swap_out_idle(buf, nid);
		atomic_long_add(nr_pages, &freed[nid]);
		done += nr_pages;
		put(buf);
		cond_resched();
	}
	end_walk();
}

static void swap_wanted(struct work_struct *work)
{
	unsigned long nr_wanted;
	int nid;

	WRITE_ONCE(begun_at, jiffies);
	/* A task that asks from now on waits for the next run: scan_pages(). */
	smp_store_mb(nr_begun, nr_begun + 1);
	for (nid = 0; nid < pb_instance.nr_nodes; nid++) {
		nr_wanted = atomic_long_xchg(&wanted[nid], 0);
		if (nr_wanted)
			swap_wanted_of(nid, nr_wanted);
	}
	count_idle();
	WRITE_ONCE(nr_done, nr_begun);
	wake_up_all(&work_done);
}

static unsigned long count_pages(struct pbuddy_reclaimer *unused, struct pbuddy_reclaim_control *rc)
{
	return READ_ONCE(idle_pages[rc->nid]);
}

/* Whether a run takes so long, for a large buffer or a slow device, that reclaim does not wait. */
static bool is_stuck(void)
{
	return READ_ONCE(nr_done) != READ_ONCE(nr_begun) &&
	       time_after(jiffies, READ_ONCE(begun_at) + WAIT);
}

static unsigned long scan_pages(struct pbuddy_reclaimer *unused, struct pbuddy_reclaim_control *rc)
{
	long before = atomic_long_read(&freed[rc->nid]);
	unsigned long run;

	if ((rc->gfp & (__GFP_IO | __GFP_FS)) != (__GFP_IO | __GFP_FS) || !rc->may_unmap ||
	    is_stuck())
		return PBUDDY_RECLAIM_STOP;
	atomic_long_add(rc->nr_to_scan, &wanted[rc->nid]);
	/* The run that begins next sees the addition; one that has begun may not: swap_wanted(). */
	smp_mb__after_atomic();
	run = READ_ONCE(nr_begun) + 1;
	queue_work(queue, &swap_work);
	wait_event_killable_timeout(work_done, (long)(READ_ONCE(nr_done) - run) >= 0, WAIT);
	return atomic_long_read(&freed[rc->nid]) - before ?: PBUDDY_RECLAIM_STOP;
}

static struct pbuddy_reclaimer reclaimer = {
	.name		= "idle buffers",
	.count_pages	= count_pages,
	.scan_pages	= scan_pages,
	.seeks		= PBUDDY_DEFAULT_SEEKS,
};

/* ---- Advice ---- */

static int lock_advice(struct pb_buffer *buf)
{
	return mutex_lock_killable(&buf->advise_lock) ? -EINTR : 0;
}

/**
 * pb_swap_allow() - let a buffer be swapped out
 * @buf: the buffer
 *
 * The contents will be charged to the memcg of the calling task.
 *
 * Context: process, may sleep.
 * Return: 0 or -EINTR.
 */
int pb_swap_allow(struct pb_buffer *buf)
{
	int err = lock_advice(buf);

	if (err)
		return err;
	if (!buf->swappable) {
		buf->memcg = get_mem_cgroup_from_mm(current->mm);
		WRITE_ONCE(buf->swap_reason, PBUDDY_SWAP_NONE);
		WRITE_ONCE(buf->watched, false);
		WRITE_ONCE(buf->swappable, true);
		append(buf);
		look_later();
	}
	mutex_unlock(&buf->advise_lock);
	return 0;
}
EXPORT_SYMBOL_PB_TEST(pb_swap_allow);

static int forbid_locked(struct pb_buffer *buf, enum pb_reason *reason)
{
	int err = 0;

	lockdep_assert_held(&buf->advise_lock);
	if (buf->stored)
		err = pb_purge_restore_locked(buf, PB_FOR_REQUEST, reason);
	if (err)
		return err;
	remove(buf);
	WRITE_ONCE(buf->swappable, false);
	mem_cgroup_put(buf->memcg);
	buf->memcg = NULL;
	return 0;
}

/**
 * pb_swap_forbid() - keep a buffer from being swapped out, and restore it if it was
 * @buf: the buffer
 * @reason: as for pb_buffer_create()
 *
 * Context: process, may sleep. A fatal signal ends it.
 * Return: 0, or as pb_purge_willneed(); after an error the buffer is as before.
 */
int pb_swap_forbid(struct pb_buffer *buf, enum pb_reason *reason)
{
	int err = lock_advice(buf);

	*reason = PB_REASON_NONE;
	if (err)
		return err;
	err = forbid_locked(buf, reason);
	mutex_unlock(&buf->advise_lock);
	return err;
}
EXPORT_SYMBOL_PB_TEST(pb_swap_forbid);

static int pageout_locked(struct pb_buffer *buf, enum pbuddy_swap_reason *why)
{
	lockdep_assert_held(&buf->advise_lock);
	if (!buf->swappable) {
		*why = PBUDDY_SWAP_ADVICE;
		return -EPERM;
	}
	if (!buf->absent && !seconds_of(buf)) {
		*why = PBUDDY_SWAP_NODE;
		WRITE_ONCE(buf->swap_reason, *why);
		return -EPERM;
	}
	return pb_swap_out_locked(buf, why);
}

/**
 * pb_swap_pageout() - swap a buffer out now
 * @buf: the buffer
 * @why: set to the reason of a failure
 *
 * Context: process, may sleep. A fatal signal ends it.
 * Return: 0, -EPERM if its program or a node does not allow it, or as pb_swap_out_locked().
 */
int pb_swap_pageout(struct pb_buffer *buf, enum pbuddy_swap_reason *why)
{
	int err = lock_advice(buf);

	*why = PBUDDY_SWAP_KILLED;
	if (err)
		return err;
	err = pageout_locked(buf, why);
	mutex_unlock(&buf->advise_lock);
	return err;
}

/**
 * pb_swap_end() - free the contents of a buffer that is swapped out
 * @buf: a buffer without references, or a spare
 *
 * Context: may sleep, also in reclaim.
 */
void pb_swap_end(struct pb_buffer *buf)
{
	if (!buf->swappable)
		return;
	remove(buf);
	pb_swap_file_free(buf->stored);
	buf->stored = NULL;
	mem_cgroup_put(buf->memcg);
	buf->memcg = NULL;
}

/**
 * pb_swap_init() - let reclaim swap idle buffers out
 *
 * Context: process, may sleep.
 * Return: 0 or -ENOMEM.
 */
int pb_swap_init(void)
{
	int err;

	/* Ordered: the work items share @cursor and @counted. */
	queue = alloc_ordered_workqueue("pbuddy_swap", WQ_FREEZABLE);
	if (!queue)
		return -ENOMEM;
	err = pbuddy_register_reclaimer(&reclaimer);
	if (err) {
		destroy_workqueue(queue);
		return err;
	}
	mutex_lock(&lock);
	live = true;
	mutex_unlock(&lock);
	return 0;
}
EXPORT_SYMBOL_PB_TEST(pb_swap_init);

/**
 * pb_swap_exit() - undo pb_swap_init(), after the last buffer has ended
 *
 * Context: process, may sleep.
 */
void pb_swap_exit(void)
{
	pbuddy_unregister_reclaimer(&reclaimer);
	mutex_lock(&lock);
	live = false;
	mutex_unlock(&lock);
	cancel_delayed_work_sync(&look_work);
	destroy_workqueue(queue);
	WARN_ON_ONCE(!list_empty(&swappable));
}
EXPORT_SYMBOL_PB_TEST(pb_swap_exit);
