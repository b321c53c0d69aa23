// SPDX-License-Identifier: GPL-2.0-only
/*
 * Drains and decays the per-CPU caches of all CPUs.
 *
 * Only its own CPU accesses a per-CPU cache. To drain all, an interrupt (IPI) goes to each CPU that
 * has something to drain: it also reaches a CPU on which a SCHED_FIFO task never sleeps, where a
 * work item would not run. The interrupt may arrive inside the CPU's own pcp section, and is then
 * sent again a tick later.
 *
 * As in mm/vmstat.c one deferrable shepherd looks once a second which CPUs have cached pages and
 * queues work for them that decays the caches; it does not wake an idle CPU, and leaves isolated
 * and nohz_full CPUs alone. The hotplug callback drains a CPU that went offline.
 */
#include <linux/cpu.h>
#include <linux/cpuhotplug.h>
#include <linux/jiffies.h>
#include <linux/percpu.h>
#include <linux/sched/isolation.h>
#include <linux/sched/signal.h>
#include <linux/smp.h>
#include <linux/workqueue.h>

#include "compat.h"
#include "core/cache/drain.h"
#include "core/cache/pcp.h"
#include "daemon/pcp_work.h"
#include "instance.h"

static struct workqueue_struct *wq;
static int hotplug_state;

static DEFINE_PER_CPU(struct work_struct, decay_works);

/* Ticks for which a CPU is tried whose interrupt finds it inside its pcp section each time. */
#define DRAIN_TRIES	10

static void decay_work(struct work_struct *work)
{
	pb_pcp_decay_local(&pb_instance);
}

static bool cpu_needs_drain(int cpu, void *info)
{
	struct pb_zone *zone;

	pb_for_each_zone(zone, &pb_instance)
		if (pb_pcp_needs_drain(per_cpu_ptr(zone->pcp, cpu)))
			return true;
	return false;
}

static void drain_this_cpu(void *info)
{
	atomic_t *inside = info;

	if (!pb_pcp_drain_local(&pb_instance))
		atomic_inc(inside);
}

/**
 * pb_pcp_work_drain_all - drain the per-CPU caches of all CPUs; the core's ops->drain_all
 * @pool: the instance
 *
 * Interrupts only CPUs that have something to drain. Ends early when the task is killed.
 *
 * Context: process, sleeps. A CPU that goes offline meanwhile is drained by the hotplug callback.
 * So the hotplug lock is not needed, and an allocation that drains may be made under it.
 */
void pb_pcp_work_drain_all(struct pb_pool *pool)
{
	unsigned int tries;
	atomic_t inside;

	for (tries = 0; tries < DRAIN_TRIES && !fatal_signal_pending(current); tries++) {
		if (tries)
			schedule_timeout_killable(1);
		atomic_set(&inside, 0);
		on_each_cpu_cond(cpu_needs_drain, drain_this_cpu, &inside, true);
		if (!atomic_read(&inside))
			break;
	}
}

/* Reads another CPU's cache without synchronisation; the result is approximate. */
static bool cpu_has_cached(int cpu)
{
	struct pb_zone *zone;

	pb_for_each_zone(zone, &pb_instance)
		if (pb_pcp_count(per_cpu_ptr(zone->pcp, cpu)))
			return true;
	return false;
}

static bool cpu_isolated(int cpu)
{
	return !housekeeping_cpu(cpu, HK_TYPE_DOMAIN) || !housekeeping_cpu(cpu, HK_TYPE_TICK);
}

static void shepherd_work(struct work_struct *work);
static DECLARE_DEFERRABLE_WORK(shepherd, shepherd_work);

static void shepherd_work(struct work_struct *work)
{
	int cpu;

	cpus_read_lock();
	for_each_online_cpu(cpu)
		if (!cpu_isolated(cpu) && cpu_has_cached(cpu))
			queue_work_on(cpu, wq, per_cpu_ptr(&decay_works, cpu));
	cpus_read_unlock();
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
