// SPDX-License-Identifier: GPL-2.0-only
/*
 * A thread per node that keeps its zones balanced, as kswapd and kcompactd do for mm/.
 *
 * The thread sleeps until a request finds a zone below its low watermark, or mixing migratetypes
 * boosts a zone. It then drains the CPUs' caches, reclaims until every zone is above its high
 * watermark, compacts for the order of the request, and removes the boosts it saw at its start.
 *
 * Proactive work is compaction and zeroing. A deferrable work item visits the nodes once a second
 * and wakes the thread of each node whose free memory has changed. A node without activity costs
 * nothing, and an idle CPU is not woken. Zeroing stops when the thread or its CPU is needed, and
 * continues at a later visit.
 *
 * A request in any context wakes the thread, so waking takes no lock that sleeps on PREEMPT_RT: the
 * thread waits on an rcuwait. With interrupts off, where the caller may hold a lock of the
 * scheduler, and in an NMI, an irq_work wakes the thread.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/cpu.h>
#include <linux/cpuhotplug.h>
#include <linux/err.h>
#include <linux/freezer.h>
#include <linux/irq_work.h>
#include <linux/kthread.h>
#include <linux/module.h>
#include <linux/rcuwait.h>
#include <linux/sched/mm.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/topology.h>
#include <linux/wait.h>
#include <linux/workqueue.h>

#include "api/deferred_grow.h"
#include "api/reclaimer.h"
#include "core/alloc/reclaim.h"
#include "core/cache/prezero.h"
#include "core/compact/compact.h"
#include "core/pool/stat.h"
#include "core/zone/zone.h"
#include "daemon/node_thread.h"
#include "daemon/pcp_work.h"
#include "daemon/zeroed_lists.h"
#include "hooks/pressure.h"
#include "hooks/trace_vmscan.h"
#include "instance.h"
#include "request/gfp.h"

#define MAX_FAILURES		16		/* runs without progress before pauses */
#define FAILURE_PAUSE		HZ		/* between two runs from then on */
#define THROTTLE_TIMEOUT	(HZ / 10)
#define PROACTIVE_INTERVAL	HZ		/* between two visits for proactive work */
#define PROACTIVE_DEFER		64		/* intervals to skip after a failed compaction */

/**
 * struct pb_node - a node's thread
 * @nid: its node
 * @task: the thread
 * @wait: the thread while it waits for work
 * @throttled: wait queue of throttled requests
 * @wake: wakes the thread when the caller must not
 * @wanted: the node has to be balanced; set by the waker
 * @order: largest order of the requests that woke it
 * @paused_until: jiffies; until then a thread that fails repeatedly is not woken
 * @proactive: the node has proactive work
 * @seen_free: free pages at the last visit
 * @proactive_deferred: intervals to skip
 * @zero: there may be pageblocks to zero
 * @want_zeroed: a request needed zeroed memory, or zeroing was not finished
 * @zeroed_percent: prezero_percent at the last visit
 * @zeroed_free: free pages at that visit
 */
struct pb_node {
	int			nid;
	struct task_struct	*task;
	struct rcuwait		wait;
	wait_queue_head_t	throttled;
	struct irq_work		wake;
	bool			wanted;
	unsigned int		order;
	unsigned long		paused_until;
	bool			proactive;
	long			seen_free;
	unsigned int		proactive_deferred;
	bool			zero;
	bool			want_zeroed;
	unsigned int		zeroed_percent;
	long			zeroed_free;
};

static struct pb_node **nodes;	/* by node number, NULL where pbuddy has no memory */
static int hotplug_state;

/* ---- conditions ---- */

#define for_each_zone_of(zone, n)	pb_for_each_node_zone(zone, &pb_instance, (n)->nid)

static bool zone_balanced(struct pb_zone *zone, unsigned int order)
{
	return pb_zone_watermark_ok_order(zone, order, pb_wmark_pages(zone, PB_WMARK_HIGH),
					  zone->type, 0);
}

/* As pgdat_balanced(): one zone that can serve is enough. */
static bool balanced(const struct pb_node *n, unsigned int order)
{
	struct pb_zone *zone;

	for_each_zone_of(zone, n)
		if (zone_balanced(zone, order))
			return true;
	return false;
}

static bool boosted(const struct pb_node *n)
{
	struct pb_zone *zone;

	for_each_zone_of(zone, n)
		if (READ_ONCE(zone->watermark_boost))
			return true;
	return false;
}

static int failures(const struct pb_node *n)
{
	return READ_ONCE(pb_reclaimer_failures[n->nid]);
}

/*
 * Whether the thread has made no progress repeatedly, and lately; direct reclaim has to do. Unlike
 * kswapd it runs again after a pause: memory may have been freed since, by users of the pool or by
 * the system, and there need be no reclaimer whose progress would show that.
 */
static bool pauses(const struct pb_node *n)
{
	return failures(n) >= MAX_FAILURES && time_before(jiffies, READ_ONCE(n->paused_until));
}

/* ---- waking ---- */

static void wake_from_irq_work(struct irq_work *work)
{
	rcuwait_wake_up(&container_of(work, struct pb_node, wake)->wait);
}

static void wake_thread(struct pb_node *n)
{
	if (in_nmi() || irqs_disabled())
		irq_work_queue(&n->wake);
	else
		rcuwait_wake_up(&n->wait);
}

/**
 * pb_node_thread_wake - balance a node; the core's ops->wake_node
 * @zone: a zone of the node
 * @order: of the request that found it low
 * @flags: of that request
 *
 * Context: any, NMI included. As wakeup_kswapd().
 */
void pb_node_thread_wake(struct pb_zone *zone, unsigned int order, pb_alloc_flags_t flags)
{
	struct pb_node *n = nodes[zone->nid];

	pb_pressure_low(zone, order);
	if (READ_ONCE(n->order) < order)
		WRITE_ONCE(n->order, order);
	if (!boosted(n)) {
		if (pauses(n))
			return;
		if (balanced(n, order))
			return;
	}
	/* Full barrier, against the thread, which clears @wanted and then reads the zones. */
	if (xchg(&n->wanted, true))
		return;
	trace_mm_vmscan_wakeup_kswapd(n->nid, zone->type, order, pb_gfp_of_alloc_flags(flags));
	wake_thread(n);
}

/* ---- balancing ---- */

/* Pages missing in the zones of a node up to their high watermarks. */
static unsigned long lacking(const struct pb_node *n)
{
	unsigned long pages = 0;
	struct pb_zone *zone;

	for_each_zone_of(zone, n)
		pages += max_t(long, pb_wmark_pages(zone, PB_WMARK_HIGH) -
			       pb_zone_free_pages(zone), PB_SWAP_CLUSTER_MAX);
	return pages;
}

static void count(const struct pb_node *n, enum pb_event event, unsigned long pages)
{
	pb_zone_event_add(pb_instance.zonelist[n->nid]->zone[0], event, pages);
}

/* Requests are throttled while less than half of the min watermarks is free. */
static bool allow_direct_reclaim(const struct pb_node *n)
{
	long reserve = 0, free = 0;
	struct pb_zone *zone;

	for_each_zone_of(zone, n) {
		if (zone->type > PB_ZONE_NORMAL)
			break;
		reserve += READ_ONCE(zone->watermark[PB_WMARK_MIN]);
		free += pb_zone_free_pages(zone);
	}
	return !reserve || free > reserve / 2 || failures(n) >= MAX_FAILURES;
}

static bool should_end(void)
{
	try_to_freeze();
	return kthread_should_stop();
}

/* Rounds of rising priority until the zones are at their high watermarks. As balance_pgdat(). */
static unsigned long reclaim_rounds(struct pb_node *n, unsigned int order)
{
	int lowest = balanced(n, order) ? PB_DEF_PRIORITY - 2 : 1;
	unsigned long total = 0, freed, scanned;
	int priority = PB_DEF_PRIORITY;

	/* A boost is opportunistic, so it limits the priority of reclaim. */
	while (priority >= lowest && !should_end()) {
		if (balanced(n, order) && !(total == 0 && boosted(n)))
			break;
		scanned = 0;
		freed = pb_reclaimer_scan_node(n->nid, GFP_KERNEL, true, priority, &scanned);
		count(n, PB_PGSCAN_KSWAPD, scanned);
		count(n, PB_PGSTEAL_KSWAPD, freed);
		total += freed;
		if (allow_direct_reclaim(n))
			wake_up_all(&n->throttled);
		/* Enough free pages for compaction; more would not form blocks. */
		if (order && total >= 2UL << order)
			order = 0;
		if (freed < lacking(n))
			priority--;
		cond_resched();
	}
	return total;
}

/* Compacts for the order of the request. As kcompactd_do_work(). */
static void make_block(struct pb_node *n, unsigned int order)
{
	struct pb_request rq = {
		.order = order,
		.migratetype = PB_MOVABLE,
		.highest_zone = PB_ZONE_MOVABLE,
		.flags = PB_ALLOC_WAIT | PB_ALLOC_THISNODE,
		.nid = n->nid,
	};

	if (order && !balanced(n, order))
		pb_compact_pages(&pb_instance, &rq, PB_COMPACT_PRIO_SYNC_LIGHT, NULL);
}

/* The thread may use the system's reserve, its sources may not. */
static unsigned long grow_node(const struct pb_node *n, unsigned long nr_pages)
{
	unsigned int flags = current->flags;
	unsigned long got;

	current->flags &= ~PF_MEMALLOC;
	got = pb_deferred_grow_node(n->nid, nr_pages);
	current_restore_flags(flags, PF_MEMALLOC);
	return got;
}

static void balance(struct pb_node *n)
{
	unsigned long boost[PB_NR_ZONE_TYPES] = { }, freed = 0;
	unsigned int order = xchg(&n->order, 0);
	struct pb_zone *zone;

	for_each_zone_of(zone, n)
		boost[zone->type] = READ_ONCE(zone->watermark_boost);
	trace_mm_vmscan_kswapd_wake(n->nid, PB_NR_ZONE_TYPES - 1, order);
	count(n, PB_PAGEOUTRUN, 1);
	if (!balanced(n, order))
		pb_pcp_work_drain_all(&pb_instance);
	/* Before reclaim, because growth takes memory from no user of the pool. */
	if (!balanced(n, order))
		freed = grow_node(n, max(lacking(n), 1UL << order));
	if (!balanced(n, order) || boosted(n))
		freed += reclaim_rounds(n, order);
	make_block(n, order);
	for_each_zone_of(zone, n)
		pb_zone_decay_boost_by(zone, boost[zone->type]);
	WRITE_ONCE(n->paused_until, jiffies + FAILURE_PAUSE);
	if (freed || balanced(n, 0))
		WRITE_ONCE(pb_reclaimer_failures[n->nid], 0);
	else
		WRITE_ONCE(pb_reclaimer_failures[n->nid], failures(n) + 1);
	wake_up_all(&n->throttled);
}

/* ---- proactive work ---- */

static long node_free(const struct pb_node *n)
{
	struct pb_zone *zone;
	long pages = 0;

	for_each_zone_of(zone, n)
		pages += pb_zone_free_pages(zone);
	return pages;
}

/* Whether the node's free memory has changed since the last visit. */
static bool free_has_changed(struct pb_node *n)
{
	long free = node_free(n);

	if (n->proactive_deferred) {
		n->proactive_deferred--;
		return false;
	}
	if (n->seen_free == free)
		return false;
	n->seen_free = free;
	return true;
}

static void proactive_scan(struct work_struct *work);
static DECLARE_DEFERRABLE_WORK(proactive_work, proactive_scan);

/**
 * pb_node_thread_want_zeroed - request zeroing at the next visit; the core's ops->want_zeroed
 * @zone: a zone of the node
 *
 * Context: any.
 */
void pb_node_thread_want_zeroed(struct pb_zone *zone)
{
	struct pb_node *n = nodes[zone->nid];

	if (!READ_ONCE(n->want_zeroed))
		WRITE_ONCE(n->want_zeroed, true);
}

static bool worth_zeroing(struct pb_node *n)
{
	unsigned int percent = READ_ONCE(pb_instance.prezero_percent);
	long free = node_free(n);

	if (!percent || (percent == n->zeroed_percent && free == n->zeroed_free &&
			 !READ_ONCE(n->want_zeroed)))
		return false;
	n->zeroed_percent = percent;
	n->zeroed_free = free;
	WRITE_ONCE(n->want_zeroed, false);
	return true;
}

static void proactive_scan(struct work_struct *work)
{
	unsigned int proactiveness = READ_ONCE(pb_instance.compaction_proactiveness);
	struct pb_node *n;
	int nid;

	for (nid = 0; nid < pb_instance.nr_nodes; nid++) {
		n = nodes[nid];
		if (n && worth_zeroing(n)) {
			WRITE_ONCE(n->zero, true);
			wake_thread(n);
		}
		if (!n || !free_has_changed(n) ||
		    !pb_compact_node_wanted(&pb_instance, nid, proactiveness))
			continue;
		WRITE_ONCE(n->proactive, true);
		wake_thread(n);
	}
	schedule_delayed_work(&proactive_work, PROACTIVE_INTERVAL);
}

/* Binds the thread to the online CPUs of its node, if there are any. */
static void set_affinity(struct pb_node *n)
{
	const struct cpumask *mask = cpumask_of_node(n->nid);

	if (cpumask_any_and(cpu_online_mask, mask) < nr_cpu_ids)
		set_cpus_allowed_ptr(n->task, mask);
}

/* As the proactive part of kcompactd(). */
static void compact_proactively(struct pb_node *n)
{
	unsigned int score = pb_fragmentation_score(&pb_instance, n->nid);

	pb_compact_node(&pb_instance, n->nid, READ_ONCE(pb_instance.compaction_proactiveness));
	/* Pages that cannot be migrated now are not retried for a while. */
	if (pb_fragmentation_score(&pb_instance, n->nid) >= score)
		WRITE_ONCE(n->proactive_deferred, PROACTIVE_DEFER);
}

struct zeroing {
	struct pb_node	*n;
	unsigned long	preempted;	/* context switches of the thread when it began */
};

/* Whether the thread or its CPU is needed for something else. */
static bool stop_zeroing(void *arg)
{
	struct zeroing *z = arg;

	if (should_end())
		return true;
	if (!READ_ONCE(z->n->wanted) && !READ_ONCE(z->n->proactive) &&
	    current->nivcsw == z->preempted)
		return false;
	WRITE_ONCE(z->n->want_zeroed, true);
	return true;
}

/* Zeroes blocks for the CPUs' lists, and idle pageblocks, until it is stopped or paused. */
static void zero_proactively(struct pb_node *n)
{
	struct zeroing z = { n, current->nivcsw };
	struct pb_zone *zone;
	struct pb_prezero run;

	if (pb_fill_zeroed_lists(n->nid, stop_zeroing, &z))
		set_affinity(n);
	z.preempted = current->nivcsw;
	for_each_zone_of(zone, n) {
		pb_prezero_start(&run, zone);
		while (pb_prezero_next(&run))
			if (stop_zeroing(&z))
				return;
		if (run.paused)
			WRITE_ONCE(n->want_zeroed, true);
	}
}

static bool has_work(const struct pb_node *n)
{
	return READ_ONCE(n->wanted) || READ_ONCE(n->proactive) || READ_ONCE(n->zero);
}

static int thread(void *p)
{
	struct pb_node *n = p;
	unsigned int flags;

	set_freezable();
	/* PF_MEMALLOC: no recursive reclaim, and access to the reserve. */
	flags = memalloc_noreclaim_save();
	while (!kthread_should_stop()) {
		trace_mm_vmscan_kswapd_sleep(n->nid);
		/* As wait_event_freezable(). */
		rcuwait_wait_event(&n->wait, has_work(n) || kthread_should_stop(),
				   TASK_INTERRUPTIBLE | TASK_FREEZABLE);
		if (kthread_should_stop())
			break;
		if (xchg(&n->wanted, false))
			balance(n);
		else if (xchg(&n->proactive, false))
			compact_proactively(n);
		else if (xchg(&n->zero, false))
			zero_proactively(n);
	}
	memalloc_noreclaim_restore(flags);
	return 0;
}

/* ---- throttled requests ---- */

/**
 * pb_node_throttle - delay a request that reclaims while its node is nearly out of memory
 * @rq: the request
 *
 * Kernel threads are not delayed, because other tasks may wait for them; nor are dying tasks.
 *
 * Context: process, sleeps.
 * Return: whether it had to wait. As throttle_direct_reclaim() in mm/vmscan.c, and with its older
 * time limit.
 */
bool pb_node_throttle(const struct pb_request *rq)
{
	struct pb_node *n = nodes ? nodes[rq->nid] : NULL;

	if (!n || current->flags & PF_KTHREAD || fatal_signal_pending(current) ||
	    allow_direct_reclaim(n))
		return false;
	if (!xchg(&n->wanted, true))
		wake_thread(n);
	wait_event_killable_timeout(n->throttled, allow_direct_reclaim(n), THROTTLE_TIMEOUT);
	return true;
}

/* ---- start and end ---- */

static int cpu_online_again(unsigned int cpu)
{
	int nid;

	for (nid = 0; nid < pb_instance.nr_nodes; nid++)
		if (nodes[nid])
			set_affinity(nodes[nid]);
	return 0;
}

static int start_node(int nid)
{
	struct pb_node *n = kzalloc(sizeof(*n), GFP_KERNEL);

	if (!n)
		return -ENOMEM;
	n->nid = nid;
	rcuwait_init(&n->wait);
	init_waitqueue_head(&n->throttled);
	n->wake = IRQ_WORK_INIT_HARD(wake_from_irq_work);
	n->task = kthread_create_on_node(thread, n, nid, "pbuddyd/%d", nid);
	if (IS_ERR(n->task)) {
		int err = PTR_ERR(n->task);

		kfree(n);
		return err;
	}
	nodes[nid] = n;
	set_affinity(n);
	wake_up_process(n->task);
	return 0;
}

static void stop_threads(void)
{
	int nid;

	for (nid = 0; nid < pb_instance.nr_nodes; nid++) {
		if (!nodes[nid])
			continue;
		kthread_stop(nodes[nid]->task);
		irq_work_sync(&nodes[nid]->wake);
		kfree(nodes[nid]);
	}
	kfree(nodes);
	nodes = NULL;
}

static int start_threads(void)
{
	int nid, err;

	nodes = kcalloc(pb_instance.nr_nodes, sizeof(*nodes), GFP_KERNEL);
	if (!nodes)
		return -ENOMEM;
	for (nid = 0; nid < pb_instance.nr_nodes; nid++) {
		err = pb_instance_has_memory(nid) ? start_node(nid) : 0;
		if (err) {
			stop_threads();
			return err;
		}
	}
	return 0;
}

/**
 * pb_node_threads_init - start a thread for each node with a zone, which may have no pages yet
 *
 * Context: process, may sleep.
 * Return: 0 or a negative errno.
 */
int pb_node_threads_init(void)
{
	int err = start_threads();

	if (err)
		return err;
	hotplug_state = cpuhp_setup_state_nocalls(CPUHP_AP_ONLINE_DYN, "pbuddy:online",
						  cpu_online_again, NULL);
	if (hotplug_state < 0) {
		stop_threads();
		return hotplug_state;
	}
	schedule_delayed_work(&proactive_work, PROACTIVE_INTERVAL);
	return 0;
}

/**
 * pb_node_threads_exit - stop all threads, after the last allocation and free
 *
 * Context: process, sleeps.
 */
void pb_node_threads_exit(void)
{
	cancel_delayed_work_sync(&proactive_work);
	cpuhp_remove_state_nocalls(hotplug_state);
	stop_threads();
}
