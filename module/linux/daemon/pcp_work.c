// SPDX-License-Identifier: GPL-2.0-only
/*
 * Drains and decays the per-CPU caches of all CPUs.
 *
 * To drain all, an interrupt (IPI) goes to each CPU that has something to drain: it also reaches a
 * CPU on which a SCHED_FIFO task never sleeps, where a work item would not run. The interrupt may
 * arrive inside the CPU's own pcp section, and is then sent again a tick later.
 *
 * Isolated and nohz_full CPUs are not interrupted. Their caches are claimed (core/cache/claim.c)
 * and drained here after a grace period, for which RCU does not interrupt a CPU in user mode. When
 * a grace period takes too long, as beside SCHED_FIFO tasks on the CPUs of RCU's threads, or a CPU
 * uses its cache each time, the CPU is interrupted nevertheless, because a request must not fail
 * while memory is cached.
 *
 * As in mm/vmstat.c one deferrable shepherd looks once a second which CPUs have cached pages and
 * queues work for them that decays the caches; it does not wake an idle CPU, and leaves isolated
 * and nohz_full CPUs alone. It also uncharges the pages of cgroups that the stocks of all CPUs have
 * not used lately (api/account_stock.c). The hotplug callback drains a CPU that went offline.
 */
#include <linux/cpu.h>
#include <linux/cpuhotplug.h>
#include <linux/jiffies.h>
#include <linux/mutex.h>
#include <linux/percpu.h>
#include <linux/rcupdate.h>
#include <linux/sched/isolation.h>
#include <linux/sched/signal.h>
#include <linux/smp.h>
#include <linux/workqueue.h>

#include "api/account.h"
#include "compat.h"
#include "core/cache/claim.h"
#include "core/cache/drain.h"
#include "core/cache/pcp.h"
#include "daemon/pcp_work.h"
#include "instance.h"

static struct workqueue_struct *wq;
static int hotplug_state;

static DEFINE_PER_CPU(struct work_struct, decay_works);

/* Ticks for which a CPU is tried whose interrupt finds it inside its pcp section each time. */
#define DRAIN_TRIES	10

#define CLAIM_TRIES	3		/* grace periods that a drain of isolated CPUs waits for */
#define GRACE_TICKS	(HZ / 5)	/* at most for each */
#define NO_CLAIM_TICKS	(10 * HZ)	/* without claims after a longer one */

/* One task at a time claims caches (core/cache/claim.c). */
static DEFINE_MUTEX(claim_lock);
static unsigned long no_claim_until = INITIAL_JIFFIES;	/* under the lock */

static void decay_work(struct work_struct *work)
{
	pb_pcp_decay_local(&pb_instance);
}

/* Whether a CPU is to be left alone by works for others: isolcpus=, nohz_full=. Context: any. */
bool pb_cpu_isolated(int cpu)
{
	return !housekeeping_cpu(cpu, HK_TYPE_DOMAIN) || !housekeeping_cpu(cpu, HK_TYPE_TICK);
}

/* ---- Draining ---- */

#define ALL_NODES	(-1)

static bool node_matches(const struct pb_zone *zone, int nid)
{
	return nid == ALL_NODES || zone->nid == nid;
}

/*
 * One round of interrupts.
 * @nid: the node whose caches are drained, or ALL_NODES
 * @spare_isolated: isolated CPUs are drained already
 * @inside: CPUs that were inside their pcp section
 */
struct drain_round {
	int		nid;
	bool		spare_isolated;
	atomic_t	inside;
};

static bool cpu_needs_drain(int cpu, int nid)
{
	struct pb_zone *zone;

	pb_for_each_any_zone(zone, &pb_instance)
		if (node_matches(zone, nid) &&
		    pb_pcp_needs_drain(per_cpu_ptr(zone->pcp, cpu)))
			return true;
	return false;
}

static bool cpu_is_interrupted(int cpu, void *info)
{
	const struct drain_round *round = info;

	return !(round->spare_isolated && pb_cpu_isolated(cpu)) &&
	       cpu_needs_drain(cpu, round->nid);
}

static void drain_this_cpu(void *info)
{
	struct drain_round *round = info;

	if (!(round->nid == ALL_NODES ? pb_pcp_drain_local(&pb_instance) :
	      pb_pcp_drain_local_node(&pb_instance, round->nid)))
		atomic_inc(&round->inside);
}

/* Waits for a grace period: 0, -EINTR after a fatal signal or -ETIMEDOUT after GRACE_TICKS. */
static int wait_for_grace_period(void)
{
	unsigned long cookie = start_poll_synchronize_rcu();
	unsigned int ticks;

	for (ticks = 0; ticks < GRACE_TICKS; ticks++) {
		if (poll_state_synchronize_rcu(cookie))
			return 0;
		if (fatal_signal_pending(current))
			return -EINTR;
		schedule_timeout_killable(1);
	}
	return -ETIMEDOUT;
}

/* Calls a function for a node's caches of isolated CPUs; returns how many it returned true for. */
static unsigned int for_isolated(int nid, bool (*fn)(struct pb_pcp *pcp))
{
	unsigned int nr = 0;
	struct pb_zone *zone;
	int cpu;

	for_each_online_cpu(cpu) {
		if (!pb_cpu_isolated(cpu))
			continue;
		pb_for_each_any_zone(zone, &pb_instance)
			if (node_matches(zone, nid))
				nr += fn(per_cpu_ptr(zone->pcp, cpu));
	}
	return nr;
}

static bool claimable(struct pb_pcp *pcp)
{
	return pb_pcp_needs_drain(pcp);
}

static bool claim(struct pb_pcp *pcp)
{
	return claimable(pcp) && pb_pcp_claim(pcp);
}

static bool unclaim(struct pb_pcp *pcp)
{
	pb_pcp_unclaim(pcp);
	return true;
}

/*
 * Drains isolated CPUs in a round of claims; false: some of them may not have been drained. A
 * request that is killed says nothing about the length of a grace period.
 */
static bool claim_round(int nid)
{
	unsigned int nr = for_isolated(nid, claimable), claimed = for_isolated(nid, claim);
	int err = claimed ? wait_for_grace_period() : 0;

	if (unlikely(err)) {
		for_isolated(nid, unclaim);
		if (err == -ETIMEDOUT)
			no_claim_until = jiffies + NO_CLAIM_TICKS;
		return false;
	}
	return for_isolated(nid, pb_pcp_drain_claimed) == claimed && claimed >= nr;
}

/*
 * Drains isolated CPUs without interrupting them; false when that was not possible. A caller that
 * changes the set of online CPUs has the hotplug lock and must not take it.
 */
static bool drain_isolated(int nid)
{
	unsigned int tries;
	bool done = false;

	if (!for_isolated(nid, claimable))
		return true;
	if (mutex_lock_killable(&claim_lock))
		return false;
	for (tries = 0; tries < CLAIM_TRIES && !done && !fatal_signal_pending(current); tries++) {
		if (time_before(jiffies, no_claim_until) || !cpus_read_trylock())
			break;
		done = claim_round(nid);
		cpus_read_unlock();
	}
	mutex_unlock(&claim_lock);
	return done;
}

/**
 * pb_pcp_work_drain_node - drain the per-CPU caches of all CPUs for the zones of a node
 * @nid: a node with memory of the pool, or -1 for all nodes
 *
 * Interrupts only CPUs that have something to drain, and isolated ones only when they could not be
 * drained otherwise. Ends early when the task is killed.
 *
 * Context: process, sleeps. A CPU that goes offline meanwhile is drained by the hotplug callback.
 * So the hotplug lock is not needed, and an allocation that drains may be made under it.
 */
void pb_pcp_work_drain_node(int nid)
{
	struct drain_round round = { .nid = nid, .spare_isolated = drain_isolated(nid) };
	unsigned int tries;

	for (tries = 0; tries < DRAIN_TRIES && !fatal_signal_pending(current); tries++) {
		if (tries)
			schedule_timeout_killable(1);
		atomic_set(&round.inside, 0);
		on_each_cpu_cond(cpu_is_interrupted, drain_this_cpu, &round, true);
		if (!atomic_read(&round.inside))
			break;
	}
}

/**
 * pb_pcp_work_drain_all - drain the per-CPU caches of all CPUs; the core's ops->drain_all
 * @pool: the instance
 *
 * Context: as pb_pcp_work_drain_node().
 */
void pb_pcp_work_drain_all(struct pb_pool *pool)
{
	pb_pcp_work_drain_node(ALL_NODES);
}

/* Reads another CPU's cache without synchronisation; the result is approximate. */
static bool cpu_has_cached(int cpu)
{
	struct pb_zone *zone;

	pb_for_each_any_zone(zone, &pb_instance)
		if (pb_pcp_count(per_cpu_ptr(zone->pcp, cpu)))
			return true;
	return false;
}

static void shepherd_work(struct work_struct *work);
static DECLARE_DEFERRABLE_WORK(shepherd, shepherd_work);

static void shepherd_work(struct work_struct *work)
{
	int cpu;

	cpus_read_lock();
	for_each_online_cpu(cpu)
		if (!pb_cpu_isolated(cpu) && cpu_has_cached(cpu))
			queue_work_on(cpu, wq, per_cpu_ptr(&decay_works, cpu));
	cpus_read_unlock();
	pb_account_age_stocks();
	queue_delayed_work(wq, &shepherd, HZ);
}

static int cpu_dead(unsigned int cpu)
{
	pb_pcp_drain_cpu(&pb_instance, cpu);
	return 0;
}

/**
 * pb_pcp_work_init - start the work items
 *
 * Context: process, may sleep; the pool exists.
 * Return: 0 or a negative errno.
 */
int pb_pcp_work_init(void)
{
	int cpu;

	for_each_possible_cpu(cpu)
		INIT_WORK(per_cpu_ptr(&decay_works, cpu), decay_work);
	wq = alloc_workqueue("pbuddy", WQ_MEM_RECLAIM | PB_WQ_PERCPU, 0);
	if (!wq)
		return -ENOMEM;
	hotplug_state = cpuhp_setup_state_nocalls(CPUHP_BP_PREPARE_DYN, "pbuddy:dead", NULL,
						  cpu_dead);
	if (hotplug_state < 0) {
		destroy_workqueue(wq);
		return hotplug_state;
	}
	queue_delayed_work(wq, &shepherd, HZ);
	return 0;
}

/**
 * pb_pcp_work_exit - stop the work items and drain all caches
 *
 * Context: process, sleeps; after the last allocation and free.
 */
void pb_pcp_work_exit(void)
{
	int cpu;

	cancel_delayed_work_sync(&shepherd);
	cpuhp_remove_state_nocalls(hotplug_state);
	destroy_workqueue(wq);
	/* No CPU uses its caches any more, so none has to help, and a signal does not matter. */
	for_each_possible_cpu(cpu)
		pb_pcp_drain_cpu(&pb_instance, cpu);
}
