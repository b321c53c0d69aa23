// SPDX-License-Identifier: GPL-2.0-only
/*
 * Works that drain and decay the per-CPU caches.
 *
 * Only its own CPU accesses a per-CPU cache, so work items on that CPU drain and decay it. As in
 * mm/vmstat.c one deferrable shepherd looks once a second which CPUs have cached pages and queues
 * work for them; it does not wake an idle CPU. The hotplug callback drains a CPU that went offline.
 */
#include <linux/cpu.h>
#include <linux/cpuhotplug.h>
#include <linux/jiffies.h>
#include <linux/mutex.h>
#include <linux/percpu.h>
#include <linux/workqueue.h>

#include "compat.h"
#include "core/cache/drain.h"
#include "core/cache/pcp.h"
#include "daemon/pcp_work.h"
#include "instance.h"

static struct workqueue_struct *wq;
static int hotplug_state;

struct cpu_works {
	struct work_struct	drain;
	struct work_struct	decay;
};

static DEFINE_PER_CPU(struct cpu_works, cpu_works);

static void drain_work(struct work_struct *work)
{
	pb_pcp_drain_local(&pb_instance);
}

static void decay_work(struct work_struct *work)
{
	pb_pcp_decay_local(&pb_instance);
}

/**
 * pb_pcp_work_drain_all - drain the per-CPU caches of all CPUs; the core's ops->drain_all
 * @pool: the instance
 *
 * Context: process, sleeps. A CPU that goes offline meanwhile is drained by the hotplug
 * callback; its work then runs on another CPU, which is harmless. So the hotplug lock is not
 * needed, and an allocation that drains may be made under it.
 */
void pb_pcp_work_drain_all(struct pb_pool *pool)
{
	static DEFINE_MUTEX(lock);
	int cpu;

	mutex_lock(&lock);
	for_each_online_cpu(cpu)
		queue_work_on(cpu, wq, &per_cpu_ptr(&cpu_works, cpu)->drain);
	for_each_possible_cpu(cpu)
		flush_work(&per_cpu_ptr(&cpu_works, cpu)->drain);
	mutex_unlock(&lock);
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

static void shepherd_work(struct work_struct *work);
static DECLARE_DEFERRABLE_WORK(shepherd, shepherd_work);

static void shepherd_work(struct work_struct *work)
{
	int cpu;

	cpus_read_lock();
	for_each_online_cpu(cpu)
		if (cpu_has_cached(cpu))
			queue_work_on(cpu, wq, &per_cpu_ptr(&cpu_works, cpu)->decay);
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

	for_each_possible_cpu(cpu) {
		INIT_WORK(&per_cpu_ptr(&cpu_works, cpu)->drain, drain_work);
		INIT_WORK(&per_cpu_ptr(&cpu_works, cpu)->decay, decay_work);
	}
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
	pb_pcp_work_drain_all(&pb_instance);
	cancel_delayed_work_sync(&shepherd);
	cpuhp_remove_state_nocalls(hotplug_state);
	destroy_workqueue(wq);
}
