// SPDX-License-Identifier: GPL-2.0-only
/*
 * Pages with a memory error. The kernel sets PG_hwpoison when the hardware, or the administrator,
 * reports an error in a page. A page of the pool is not the kernel's to take out of use, so this
 * file does it. States of such a page:
 *
 *   pending    its flag is set, and it is free, in a CPU's cache, or in an allocated block
 *   set aside  it is allocated as order 0 without an owner, and page->private is SET_ASIDE; it has
 *              PB_FRAME_CHECKED, so a second free of it leaves the fast path and is refused
 *
 * A page that is set aside stays so until the module is unloaded; then it is returned with its
 * flag, and the kernel does not use it. Only with its whole pageblock it moves to another zone, and
 * is set aside there again (bad_frames_move.c).
 *
 * The tracepoint memory_failure_event reports an error. While pages are pending, pb_slowpath_key
 * sends all requests and frees past the fast path, and pb_bad_frames_key makes them look at the
 * flag: a block is split when it is allocated or freed, its page with the error is set aside, and
 * the others are free. The work item takes pending pages that are free out of the free bitmaps. It
 * looks again, with doubling delays, until no page is pending. A page of a buffer is not pending
 * any more once the buffer does without it (pb_bad_frames_set_user()).
 *
 * Up to NR_PENDING pages are noted one by one. When more are reported, the work item looks at the
 * whole pool once, and again when it has noted pages no more: those that it could not note are in
 * allocated blocks, and their frees set them aside.
 *
 * Without the tracepoint (CONFIG_RAS=n before Linux 6.13), and between the error and the event,
 * pages are looked at where this costs little in comparison: when they are zeroed for a request,
 * when they leave the quarantine, and when the pool receives them. The pages of a buffer are looked
 * at when it is allocated, prepared and ends, where pb_bad_frames_possible() or the buffer was told
 * of an error.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include "hooks/bad_frames.h"

DEFINE_STATIC_KEY_FALSE(pb_bad_frames_key);

#ifdef CONFIG_MEMORY_FAILURE
#include <linux/list.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/ratelimit.h>
#include <linux/rcupdate.h>
#include <linux/sched.h>
#include <linux/spinlock.h>
#include <linux/string.h>
#include <linux/tracepoint.h>
#include <linux/workqueue.h>

#include "compat.h"
#include "core/alloc/alloc.h"
#include "core/alloc/take_off.h"
#include "core/compact/movable.h"
#include "hooks/debug_pages.h"
#include "hooks/guard_pages.h"
#include "instance.h"
#include "request/percpu_zone.h"
#include "source/source.h"

#define FIRST_DELAY_MS	10
#define LAST_DELAY_MS	1000
#define NR_PENDING	64	/* more are found by a look at the whole pool */
#define NR_FOUND	16	/* pages that a look at the pool finds with its size locked */
#define LOOK_BATCH	1024	/* pages to look at between two calls of cond_resched() */
#define GROUP		8	/* pages whose flags are compared together */

/*
 * @pfn: pages that were reported and not set aside yet
 * @nr: their number; the work item alone removes some
 * @all: look at the whole pool, because the array was full when a page was reported
 * @more: look at the whole pool when @nr is 0, because a look found more than the array can hold;
 *	only the work item and pb_bad_frames_init() use it
 * @delay_ms: until the next look; only the work item uses it
 */
static struct {
	raw_spinlock_t	lock;
	unsigned long	pfn[NR_PENDING];
	unsigned int	nr;
	bool		all;
	bool		more;
	unsigned int	delay_ms;
} pending = {
	.lock = __RAW_SPIN_LOCK_UNLOCKED(pending.lock),
};

static bool work_has_keys;		/* only the work item uses it */
static atomic_long_t nr_set_aside;
static struct tracepoint *event;
static int (*forget_page)(unsigned long pfn);
DEFINE_STATIC_KEY_TRUE(pb_bad_frames_unreported_key);

static void look_again(struct work_struct *work);
static DECLARE_DELAYED_WORK(look_work, look_again);
static struct workqueue_struct *look_wq;

/* Not a value that an owner stores in page->private. */
#define SET_ASIDE	((unsigned long)&nr_set_aside)

/* ---- Setting pages aside ---- */

/* Of a page that is allocated as order 0. */
static void set_aside(unsigned long pfn)
{
	if (xchg(&pfn_to_page(pfn)->private, SET_ASIDE) == SET_ASIDE)
		return;
	pb_keep_allocated(&pb_instance, pfn, 0);
	atomic_long_inc(&nr_set_aside);
	pr_warn_ratelimited("pfn 0x%lx has a memory error and is not used any more\n", pfn);
}

bool pb_bad_frame_is_set_aside(unsigned long pfn)
{
	const struct page *page = pfn_to_page(pfn);

	return PageHWPoison(page) && page_private(page) == SET_ASIDE;
}

/* The reverse of set_aside(): the caller owns the page then. */
void pb_bad_frame_own(unsigned long pfn)
{
	set_page_private(pfn_to_page(pfn), 0);
	atomic_long_dec(&nr_set_aside);
}

/* Flags that any of GROUP pages has, whose first PFN is a multiple of GROUP. */
static __always_inline unsigned long flags_of_group(struct page *page)
{
	return pb_page_flags_racy(page) | pb_page_flags_racy(page + 1) |
	       pb_page_flags_racy(page + 2) | pb_page_flags_racy(page + 3) |
	       pb_page_flags_racy(page + 4) | pb_page_flags_racy(page + 5) |
	       pb_page_flags_racy(page + 6) | pb_page_flags_racy(page + 7);
}

/**
 * pb_bad_pages - whether a page has a memory error
 * @pfn: the first page
 * @nr_pages: number of contiguous pages
 *
 * Reads the flags of GROUP pages between two comparisons, as this is done for each page of a buffer
 * that is allocated and freed.
 *
 * Context: any.
 * Return: whether one of them has an error.
 */
bool pb_bad_pages(unsigned long pfn, unsigned long nr_pages)
{
	unsigned long end = pfn + nr_pages;

	while (pfn < end) {
		struct page *page = pfn_to_page(pfn);

		if (likely(IS_ALIGNED(pfn, GROUP) && end - pfn >= GROUP)) {
			if (unlikely(flags_of_group(page) & __PG_HWPOISON))
				return true;
			pfn += GROUP;
		} else {
			if (unlikely(PageHWPoison(page)))
				return true;
			pfn++;
		}
	}
	return false;
}

static bool any_bad(unsigned long pfn, unsigned long nr_pages, bool may_sleep)
{
	unsigned long nr;

	for (; nr_pages; pfn += nr, nr_pages -= nr) {
		nr = min_t(unsigned long, nr_pages, LOOK_BATCH);
		if (pb_bad_pages(pfn, nr))
			return true;
		if (may_sleep)
			cond_resched();
	}
	return false;
}

/* Frees pages that are allocated as order 0, except for those with an error. */
static void free_good(unsigned long pfn, unsigned long nr_pages)
{
	unsigned long i;

	for (i = 0; i < nr_pages; i++) {
		if (PageHWPoison(pfn_to_page(pfn + i))) {
			set_aside(pfn + i);
			continue;
		}
		/* Others may use a page that is checked. */
		if (static_branch_unlikely(&pb_fill_key) && !pb_checked(&pb_instance, pfn + i))
			pb_debug_fill(pfn + i, 1);
		pb_free(&pb_instance, pfn + i, 0);
	}
}

/**
 * pb_bad_frames_split - set the pages of a block aside that have an error, and free the others
 * @pfn: a block that its owner has freed, not movable and not charged
 * @order: its order
 *
 * Context: any.
 */
void pb_bad_frames_split(unsigned long pfn, unsigned int order)
{
	pb_guarded_drop(pfn, order);
	if (!order || !WARN_ON_ONCE(pb_split(&pb_instance, pfn, order)))
		free_good(pfn, 1UL << order);
}

bool __pb_bad_frames_accept_pages(unsigned long pfn, unsigned long nr_pages, bool may_sleep)
{
	if (likely(!any_bad(pfn, nr_pages, may_sleep)))
		return true;
	free_good(pfn, nr_pages);
	return false;
}

bool __pb_bad_frames_accept(unsigned long pfn, unsigned int order, bool may_sleep)
{
	if (likely(!any_bad(pfn, 1UL << order, may_sleep)))
		return true;
	pb_bad_frames_split(pfn, order);
	return false;
}

/**
 * pb_bad_frames_in - whether a page of a block has an error
 * @pfn: any number
 * @order: any number
 *
 * Context: any.
 * Return: true; false also when no block of this order is allocated at @pfn.
 */
bool pb_bad_frames_in(unsigned long pfn, unsigned int order)
{
	return order <= PB_MAX_ORDER && pb_page_order(&pb_instance, pfn) == (int)order &&
	       unlikely(any_bad(pfn, 1UL << order, false));
}

/**
 * pb_bad_frame_release - set a page aside instead of freeing it, if it has an error
 * @page: a page that its last owner has released, allocated as order 0
 *
 * Other references to the page do not matter: the kernel's handler keeps one, and a page that is
 * never used again is safe with any of them.
 *
 * Context: any.
 * Return: whether it has an error; the caller must not free it then.
 */
bool pb_bad_frame_release(struct page *page)
{
	if (likely(!PageHWPoison(page)))
		return false;
	set_aside(page_to_pfn(page));
	return true;
}

/**
 * pb_bad_frames_nr - count the pages that are set aside
 *
 * Context: any.
 * Return: pages.
 */
unsigned long pb_bad_frames_nr(void)
{
	return atomic_long_read(&nr_set_aside);
}
EXPORT_SYMBOL_PB_TEST(pb_bad_frames_nr);

/* ---- Pending pages ---- */

/**
 * pb_bad_frames_possible - whether a page may have an error of which its user was not told
 *
 * If not, each page with an error is set aside, or its user was told (pb_bad_frames_set_user()).
 *
 * Context: any.
 * Return: true without reports, and while pages are pending.
 */
bool pb_bad_frames_possible(void)
{
	return !pb_bad_frames_reported() || READ_ONCE(pending.nr) || READ_ONCE(pending.all) ||
	       static_branch_unlikely(&pb_bad_frames_key);
}

/* Notes a page; sets @full if there is no space for it. */
static void add_pending(unsigned long pfn, bool *full)
{
	unsigned long flags;
	unsigned int i;

	raw_spin_lock_irqsave(&pending.lock, flags);
	for (i = 0; i < pending.nr && pending.pfn[i] != pfn; i++)
		;
	if (i == NR_PENDING)
		WRITE_ONCE(*full, true);
	else if (i == pending.nr)
		pending.pfn[pending.nr++] = pfn;
	raw_spin_unlock_irqrestore(&pending.lock, flags);
}

/* Whether a page is not pending any more. */
static bool settled(unsigned long pfn)
{
	const struct page *page = pfn_to_page(pfn);

	if (!PageHWPoison(page) || page_private(page) == SET_ASIDE)
		return true;
	if (!pb_take_page_off(&pb_instance, pfn))
		return false;
	set_aside(pfn);
	return true;
}

/* 0 when the user of an allocated page does without it, and will set it aside, or an errno. */
static int forget(unsigned long pfn)
{
	int (*user)(unsigned long pfn) = READ_ONCE(forget_page);

	return user ? user(pfn) : -ENOENT;
}

static void look_at_pending(void)
{
	unsigned int i = 0;
	unsigned long pfn;

	while (i < READ_ONCE(pending.nr)) {
		pfn = READ_ONCE(pending.pfn[i]);
		if (!settled(pfn) && forget(pfn)) {
			i++;
			continue;
		}
		raw_spin_lock_irq(&pending.lock);
		pending.pfn[i] = pending.pfn[--pending.nr];
		raw_spin_unlock_irq(&pending.lock);
	}
}

/**
 * pb_bad_frames_set_user - name the user of allocated pages that sets them aside when it frees them
 * @user: called for a page with an error; the user stops using it, and returns 0 if the page is one
 *	of its own and will be looked at when it is freed; -ENOENT for others; -EBUSY if it cannot
 *	stop now, and then it is called again. May sleep. Or NULL.
 *
 * Context: any.
 */
void pb_bad_frames_set_user(int (*user)(unsigned long pfn))
{
	WRITE_ONCE(forget_page, user);
}

/**
 * pb_bad_frames_look - look for pages with an error in memory that the pool has received
 * @pfn: first page
 * @nr_pages: number of pages
 *
 * Sets those aside that are free. Context: process, may sleep.
 */
void pb_bad_frames_look(unsigned long pfn, unsigned long nr_pages)
{
	unsigned long i;

	for (i = 0; i < nr_pages; i++) {
		if (unlikely(PageHWPoison(pfn_to_page(pfn + i))) && !settled(pfn + i)) {
			add_pending(pfn + i, &pending.all);
			mod_delayed_work(look_wq, &look_work, 0);
		}
		if (!(i % LOOK_BATCH))
			cond_resched();
	}
}
EXPORT_SYMBOL_PB_TEST(pb_bad_frames_look);

/* Pages with an error that are not set aside, from @cursor on; @cursor is set to the next one. */
struct found {
	unsigned long	cursor;
	unsigned int	nr;
	unsigned long	pfn[NR_FOUND];
};

static void find_in_extent(const struct pb_extent *extent, struct found *found)
{
	unsigned long end = extent->start_pfn + extent->nr_pages;
	unsigned long pfn = max(found->cursor, extent->start_pfn);

	for (; pfn < end && found->nr < NR_FOUND; pfn++) {
		if (unlikely(PageHWPoison(pfn_to_page(pfn))) && !settled(pfn))
			found->pfn[found->nr++] = pfn;
		if (!(pfn % LOOK_BATCH))
			cond_resched();
	}
	found->cursor = max(found->cursor, pfn);
}

/* Returns an error when the size of the pool cannot be locked. */
static int find_next(struct found *found)
{
	struct pb_extent *extent;
	int err = pb_instance_lock_size();

	found->nr = 0;
	if (err)
		return err;
	list_for_each_entry(extent, pb_instance_extents(), node)
		if (found->nr < NR_FOUND)
			find_in_extent(extent, found);
	pb_instance_unlock_size();
	return 0;
}

/*
 * Sets the pages with an error aside that are free, and notes those whose user cannot do without
 * them. The user may take locks that tasks hold while the pool changes its size.
 */
static void look_at_pool(void)
{
	struct found found = { };
	unsigned int i;
	int err;

	do {
		if (find_next(&found)) {
			pending.all = true;	/* again, later */
			return;
		}
		for (i = 0; i < found.nr; i++) {
			err = forget(found.pfn[i]);
			/* Frees of other pages set them aside. */
			if (err)
				add_pending(found.pfn[i],
					    err == -EBUSY ? &pending.all : &pending.more);
		}
	} while (found.nr == NR_FOUND);
}

/**
 * pb_bad_frames_keys_inc - have requests and frees look at flags until pb_bad_frames_keys_dec()
 *
 * Context: process, may sleep. A request that has begun before may not, for an RCU grace period.
 */
void pb_bad_frames_keys_inc(void)
{
	static_branch_inc(&pb_bad_frames_key);
	pb_slowpath_inc();
}

void pb_bad_frames_keys_dec(void)
{
	pb_slowpath_dec();
	static_branch_dec(&pb_bad_frames_key);
}

static void set_keys(bool on)
{
	if (on == work_has_keys)
		return;
	work_has_keys = on;
	if (on)
		pb_bad_frames_keys_inc();
	else
		pb_bad_frames_keys_dec();
}

/**
 * pb_bad_frames_pending - whether a page with an error is not set aside yet, as far as is known
 *
 * Context: any.
 * Return: whether there is one.
 */
bool pb_bad_frames_pending(void)
{
	return static_key_enabled(&pb_bad_frames_key);
}
EXPORT_SYMBOL_PB_TEST(pb_bad_frames_pending);

/* Only the work item changes the keys, until pb_bad_frames_exit(). */
static void look_again(struct work_struct *work)
{
	set_keys(true);
	pb_instance.ops.drain_all(&pb_instance);
	look_at_pending();
	if (xchg(&pending.all, false) || (pending.more && !READ_ONCE(pending.nr))) {
		pending.more = false;
		look_at_pool();
	}
	if (READ_ONCE(pending.nr) || READ_ONCE(pending.all)) {
		pending.delay_ms = clamp(2 * pending.delay_ms, FIRST_DELAY_MS, LAST_DELAY_MS);
		queue_delayed_work(look_wq, &look_work, msecs_to_jiffies(pending.delay_ms));
	} else {
		pending.delay_ms = 0;
		set_keys(false);
	}
}

/* ---- The event ---- */

/*
 * The kernel marks pages of ZONE_DEVICE only if a file system or a device with DAX has them: see
 * mf_generic_kill_procs(). Those of the pool are marked here, also in a pageblock on its way.
 */
static void mark_device_page(unsigned long pfn)
{
	rcu_read_lock();
	if (pb_instance_find_extent(pfn) && is_zone_device_page(pfn_to_page(pfn)))
		SetPageHWPoison(pfn_to_page(pfn));
	rcu_read_unlock();
}

/* A probe of memory_failure_event. Preemption may be off. */
static void memory_failed(void *data, unsigned long pfn, int type, int result)
{
	mark_device_page(pfn);
	if (!pb_pfn_zone(&pb_instance, pfn))
		return;
	add_pending(pfn, &pending.all);
	mod_delayed_work(look_wq, &look_work, 0);
}

static void find_event(struct tracepoint *tp, void *unused_priv)
{
	if (!strcmp(tp->name, "memory_failure_event"))
		event = tp;
}

/**
 * pb_bad_frames_init - set bad pages of the pool aside, and learn of new ones from now on
 *
 * Context: process, may sleep.
 * Return: 0 or a negative errno.
 */
int pb_bad_frames_init(void)
{
	int err = 0;

	look_wq = alloc_workqueue("pbuddy_bad_pages", WQ_UNBOUND, 1);
	if (!look_wq)
		return -ENOMEM;
	for_each_kernel_tracepoint(find_event, NULL);
	if (event)
		err = tracepoint_probe_register(event, memory_failed, NULL);
	if (err) {
		destroy_workqueue(look_wq);
	} else {
		look_at_pool();
		if (READ_ONCE(pending.nr) || READ_ONCE(pending.all))
			mod_delayed_work(look_wq, &look_work, 0);
		if (event)
			static_branch_disable(&pb_bad_frames_unreported_key);
		else
			static_branch_inc(&pb_zero_checked_key);
	}
	return err;
}
EXPORT_SYMBOL_PB_TEST(pb_bad_frames_init);

/* Frees the pages that were set aside, so that their pageblocks are free and can be returned. */
static void free_all(void)
{
	struct pb_extent *extent;
	unsigned long i, pfn;

	list_for_each_entry(extent, pb_instance_extents(), node) {
		for (i = 0; i < extent->nr_pages && pb_bad_frames_nr(); i++) {
			pfn = extent->start_pfn + i;
			if (!(i % LOOK_BATCH))
				cond_resched();
			if (!pb_bad_frame_is_set_aside(pfn))
				continue;
			pb_bad_frame_own(pfn);
			pb_clear_checked(&pb_instance, pfn);
			pb_free(&pb_instance, pfn, 0);
		}
	}
}

/**
 * pb_bad_frames_exit - end what pb_bad_frames_init() began, and free the pages that are set aside
 *
 * Context: process, may sleep; after the last allocation and free. The sources return the pages
 * with their flag.
 */
void pb_bad_frames_exit(void)
{
	if (event) {
		tracepoint_probe_unregister(event, memory_failed, NULL);
		tracepoint_synchronize_unregister();
	} else {
		static_branch_dec(&pb_zero_checked_key);
	}
	cancel_delayed_work_sync(&look_work);
	destroy_workqueue(look_wq);
	pending.nr = 0;
	pending.all = false;
	pending.more = false;
	set_keys(false);
	free_all();
}
EXPORT_SYMBOL_PB_TEST(pb_bad_frames_exit);
#endif
