// SPDX-License-Identifier: GPL-2.0-only
/*
 * Memory pressure of nodes: decides when a trigger has an event. user/pressure.c makes triggers.
 *
 * There are three kinds. LOW: a request in the slow path has found a zone below its low watermark;
 * a failing request was there before. FREE: a node has less free memory than the program wants;
 * looked at after each allocation of a program and ten times in a window, as kernel users do not
 * report here. STALL: requests waited for reclaim, compaction and growth for too long in a window,
 * by the arithmetic of psi_trigger (kernel/sched/psi.c). As there, a trigger has one event in a
 * window at most, and an event is counted once until a poll reads it.
 *
 * All triggers are looked at with interrupts off, so each user has a limited number of them. The
 * free pages of a node are counted before, and once for all its triggers. The static key is
 * switched off late, so that a program that makes triggers and closes them has the code of all CPUs
 * patched once a second at most.
 */
#include <linux/atomic.h>
#include <linux/bitmap.h>
#include <linux/errno.h>
#include <linux/irq_work.h>
#include <linux/jiffies.h>
#include <linux/lockdep.h>
#include <linux/numa.h>
#include <linux/spinlock.h>

#include "compat.h"
#include "core/pool/stat.h"
#include "core/zone/watermark.h"
#include "core/zone/zone.h"
#include "hooks/pressure.h"
#include "instance.h"

#define CHECKS_PER_WINDOW	10

DEFINE_STATIC_KEY_DEFERRED_FALSE(pb_pressure_key, HZ);

static LIST_HEAD(triggers);
static unsigned int nr_free[MAX_NUMNODES];	/* of the kind FREE, by node */
static unsigned int nr_free_any;		/* of all nodes */
static DEFINE_SPINLOCK(triggers_lock);	/* the list, and the fields that change */

static atomic64_t stalled_us[MAX_NUMNODES];	/* by preferred node of the requests */
static DECLARE_BITMAP(low_nodes, MAX_NUMNODES);	/* found low, to be reported */

static u64 now_us(void)
{
	return ktime_get_ns() / NSEC_PER_USEC;
}

static bool concerns(const struct pb_trigger *t, int nid)
{
	return t->node == PBUDDY_NODE_ANY || t->node == nid;
}

static void raise_locked(struct pb_trigger *t, u64 now)
{
	lockdep_assert_held(&triggers_lock);
	if (t->last_event && now < t->last_event + t->window_us)
		return;
	t->last_event = now;
	if (t->eventfd)
		pb_eventfd_signal(t->eventfd);
	if (!xchg(&t->event, true))
		wake_up_interruptible(&t->wait);
}

/* ---- LOW ---- */

static bool is_low(struct pb_zone *zone, unsigned int order)
{
	return READ_ONCE(zone->present_pages) &&
	       !pb_zone_watermark_ok_order(zone, order, pb_wmark_pages(zone, PB_WMARK_LOW),
					   zone->type, 0);
}

static void report_low(struct irq_work *work)
{
	DECLARE_BITMAP(nodes, MAX_NUMNODES);
	u64 now = now_us();
	struct pb_trigger *t;
	unsigned long flags;
	int nid;

	bitmap_zero(nodes, MAX_NUMNODES);
	for_each_set_bit(nid, low_nodes, MAX_NUMNODES)
		if (test_and_clear_bit(nid, low_nodes))
			__set_bit(nid, nodes);
	spin_lock_irqsave(&triggers_lock, flags);
	list_for_each_entry(t, &triggers, list)
		for_each_set_bit(nid, nodes, MAX_NUMNODES)
			if (t->kinds & PBUDDY_PRESSURE_LOW && concerns(t, nid))
				raise_locked(t, now);
	spin_unlock_irqrestore(&triggers_lock, flags);
}

static struct irq_work low_work = IRQ_WORK_INIT(report_low);

/* pb_pressure_low() while there is a trigger. Pollers are woken by an irq_work, for any context. */
void __pb_pressure_low(struct pb_zone *zone, unsigned int order)
{
	/* A thread is also woken for a boost, which is no pressure. */
	if (!is_low(zone, order))
		return;
	set_bit(zone->nid, low_nodes);
	irq_work_queue(&low_work);
}

/* ---- STALL ---- */

static u64 stalled_on(int node)
{
	u64 us = 0;
	int nid;

	if (node != PBUDDY_NODE_ANY)
		return atomic64_read(&stalled_us[node]);
	for (nid = 0; nid < pb_instance.nr_nodes; nid++)
		us += atomic64_read(&stalled_us[nid]);
	return us;
}

/*
 * The time stalled in the last window that ends now: that since the start of the present one, and
 * of the window before it the part that still counts. As window_update().
 */
static u64 stalled_in_window_locked(struct pb_trigger *t, u64 now)
{
	u64 elapsed = now - t->window_start, stall = stalled_on(t->node) - t->window_stall;

	lockdep_assert_held(&triggers_lock);
	if (elapsed > t->window_us) {
		t->window_start = now;
		t->window_stall += stall;
		t->last_stall = stall;
		return stall;
	}
	return stall + div64_u64(t->last_stall * (t->window_us - elapsed), t->window_us);
}

/* pb_pressure_stalled() when there was a trigger at its begin. */
void __pb_pressure_stalled(const struct pb_request *rq, u64 since)
{
	struct pb_trigger *t;
	unsigned long flags;
	u64 now;

	atomic64_add((ktime_get_ns() - since) / NSEC_PER_USEC, &stalled_us[rq->nid]);
	spin_lock_irqsave(&triggers_lock, flags);
	now = now_us();		/* not before a window that another CPU has begun */
	list_for_each_entry(t, &triggers, list)
		if (t->kinds & PBUDDY_PRESSURE_STALL && concerns(t, rq->nid) &&
		    stalled_in_window_locked(t, now) >= t->stall_us)
			raise_locked(t, now);
	spin_unlock_irqrestore(&triggers_lock, flags);
}

/* ---- FREE ---- */

/* FREE triggers of a node, or of all; changed under the lock. */
static unsigned int *nr_free_of(int node)
{
	return node == PBUDDY_NODE_ANY ? &nr_free_any : &nr_free[node];
}

static void count_trigger_locked(const struct pb_trigger *t, int add)
{
	unsigned int *nr = nr_free_of(t->node);

	lockdep_assert_held(&triggers_lock);
	if (t->kinds & PBUDDY_PRESSURE_FREE)
		WRITE_ONCE(*nr, *nr + add);
}

/* Free and cached pages, as GET_INFO has them. Takes long: it reads the caches of all CPUs. */
static unsigned long free_pages_on(int node)
{
	struct pb_zone_pages pages;
	unsigned long sum = 0;
	struct pb_zone *zone;
	int nid;

	lockdep_assert_irqs_enabled();
	for (nid = 0; nid < pb_instance.nr_nodes; nid++) {
		if (node != PBUDDY_NODE_ANY && node != nid)
			continue;
		pb_for_each_node_zone(zone, &pb_instance, nid) {
			pages = pb_zone_read_pages(zone);
			sum += pages.free + pages.cached;
		}
	}
	return sum;
}

static void check_free_locked(struct pb_trigger *t, unsigned long free_pages)
{
	lockdep_assert_held(&triggers_lock);
	if (free_pages < t->free_pages)
		raise_locked(t, now_us());
}

static void check_free_of(int node)
{
	unsigned long free_pages;
	struct pb_trigger *t;

	if (!READ_ONCE(*nr_free_of(node)))
		return;
	free_pages = free_pages_on(node);
	spin_lock_irq(&triggers_lock);
	list_for_each_entry(t, &triggers, list)
		if (t->node == node && t->kinds & PBUDDY_PRESSURE_FREE)
			check_free_locked(t, free_pages);
	spin_unlock_irq(&triggers_lock);
}

/* pb_pressure_allocated() while there is a trigger. */
void __pb_pressure_allocated(void)
{
	int nid;

	for (nid = 0; nid < pb_instance.nr_nodes; nid++)
		check_free_of(nid);
	check_free_of(PBUDDY_NODE_ANY);
}

static void check_free(struct work_struct *work)
{
	struct pb_trigger *t = container_of(to_delayed_work(work), struct pb_trigger, work);
	unsigned long free_pages = free_pages_on(t->node);

	spin_lock_irq(&triggers_lock);
	check_free_locked(t, free_pages);
	spin_unlock_irq(&triggers_lock);
	schedule_delayed_work(&t->work, usecs_to_jiffies(t->window_us) / CHECKS_PER_WINDOW);
}

/* ---- triggers ---- */

/* Adds a trigger to the list; false: its user has as many as it may have. */
static bool insert_locked(struct pb_trigger *t)
{
	unsigned int nr = 0;
	struct pb_trigger *i;

	lockdep_assert_held(&triggers_lock);
	list_for_each_entry(i, &triggers, list)
		nr += uid_eq(i->user, t->user);
	if (nr >= PBUDDY_PRESSURE_USER_MAX)
		return false;
	list_add_tail(&t->list, &triggers);
	count_trigger_locked(t, 1);
	return true;
}

/**
 * pb_trigger_add - begin to watch
 * @t: a trigger of which the first seven fields are set and the others 0
 *
 * Context: process, may sleep.
 * Return: 0, or -EDQUOT when its user has %PBUDDY_PRESSURE_USER_MAX triggers.
 */
int pb_trigger_add(struct pb_trigger *t)
{
	struct pb_zone *zone;
	bool low = false, added;
	int nid;

	init_waitqueue_head(&t->wait);
	/* Not deferrable: another CPU may allocate while the CPU of the timer is idle. */
	INIT_DELAYED_WORK(&t->work, check_free);
	t->window_start = now_us();
	t->window_stall = stalled_on(t->node);
	spin_lock_irq(&triggers_lock);
	added = insert_locked(t);
	spin_unlock_irq(&triggers_lock);
	if (!added)
		return -EDQUOT;
	static_branch_deferred_inc(&pb_pressure_key);
	if (t->kinds & PBUDDY_PRESSURE_FREE)
		schedule_delayed_work(&t->work, 0);
	/* The program asked too late for the event that a request would have caused. */
	for (nid = 0; nid < pb_instance.nr_nodes; nid++)
		if (concerns(t, nid))
			pb_for_each_node_zone(zone, &pb_instance, nid)
				low |= is_low(zone, 0);
	if (t->kinds & PBUDDY_PRESSURE_LOW && low) {
		spin_lock_irq(&triggers_lock);
		raise_locked(t, now_us());
		spin_unlock_irq(&triggers_lock);
	}
	return 0;
}
EXPORT_SYMBOL_PB_TEST(pb_trigger_add);

/**
 * pb_trigger_remove - end what pb_trigger_add() began
 * @t: not used by any other function after this returns
 *
 * Context: process, sleeps.
 */
void pb_trigger_remove(struct pb_trigger *t)
{
	spin_lock_irq(&triggers_lock);
	list_del(&t->list);
	count_trigger_locked(t, -1);
	spin_unlock_irq(&triggers_lock);
	cancel_delayed_work_sync(&t->work);
	static_branch_slow_dec_deferred(&pb_pressure_key);
}
EXPORT_SYMBOL_PB_TEST(pb_trigger_remove);

/**
 * pb_trigger_take_event - read the event of a trigger
 * @t: the trigger
 *
 * Context: any.
 * Return: whether there was one since the last call.
 */
bool pb_trigger_take_event(struct pb_trigger *t)
{
	return xchg(&t->event, false);
}

/**
 * pb_pressure_exit - wait for the last report, and for the static key to be off
 *
 * Context: process, sleeps; when no zone is used any more.
 */
void pb_pressure_exit(void)
{
	static_key_deferred_flush(&pb_pressure_key);
	irq_work_sync(&low_work);
}
EXPORT_SYMBOL_PB_TEST(pb_pressure_exit);

/* Whether requests report. Context: any. */
bool pb_pressure_is_on(void)
{
	return static_key_enabled(&pb_pressure_key.key);
}
EXPORT_SYMBOL_PB_TEST(pb_pressure_is_on);
