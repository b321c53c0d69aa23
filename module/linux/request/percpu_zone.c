// SPDX-License-Identifier: GPL-2.0-only
/*
 * The percpu zone cache: for each CPU and gfp index the pcp of the zone that the CPU's node prefers
 * (percpu_zone.h).
 *
 * A CPU fills its table when it comes online, since its node is known only then, and clears it when
 * it goes offline. When the restrictions of a zone change (restrict.c), or the first zone of a node
 * (resized.c), the tables of all CPUs are filled again. Each entry is always NULL or a pcp of the
 * table's own CPU.
 */
#include <linux/cpu.h>
#include <linux/cpuhotplug.h>
#include <linux/mm.h>
#include <linux/mutex.h>
#include <linux/topology.h>

#include "core/cache/pcp.h"
#include "instance.h"
#include "request/percpu_zone.h"

DEFINE_PER_CPU(struct pb_percpu_zone, pb_percpu_zone);
DEFINE_STATIC_KEY_FALSE(pb_slowpath_key);
DEFINE_STATIC_KEY_FALSE(pb_alloc_checked_key);
DEFINE_STATIC_KEY_FALSE(pb_free_checked_key);
DEFINE_STATIC_KEY_TRUE(pb_zero_checked_key);	/* as not all memory is to be zero */

static int hotplug_state;
static DEFINE_MUTEX(refresh_lock);	/* one task at a time reads what the tables follow from */

const u8 pb_gfp_index_migratetype[PB_NR_GFP_INDEX] = {
	[___GFP_MOVABLE] = PB_MOVABLE,
	[___GFP_HIGHMEM | ___GFP_MOVABLE] = PB_MOVABLE,
	[___GFP_RECLAIMABLE] = PB_RECLAIMABLE,
	[___GFP_HIGHMEM | ___GFP_RECLAIMABLE] = PB_RECLAIMABLE,
};

const u8 pb_gfp_index_zone[PB_NR_GFP_INDEX] = {
	[0] = PB_ZONE_NORMAL + 1,
	[___GFP_HIGHMEM] = PB_ZONE_NORMAL + 1,
	[___GFP_MOVABLE] = PB_ZONE_NORMAL + 1,
	[___GFP_HIGHMEM | ___GFP_MOVABLE] = PB_ZONE_MOVABLE + 1,
	[___GFP_RECLAIMABLE] = PB_ZONE_NORMAL + 1,
	[___GFP_HIGHMEM | ___GFP_RECLAIMABLE] = PB_ZONE_NORMAL + 1,
	[___GFP_DMA32] = PB_ZONE_DMA32 + 1,
};

/* Counts a feature that handles allocations, those of zeroed blocks too. Context: may sleep. */
void pb_alloc_checked_inc(void)
{
	static_branch_inc(&pb_zero_checked_key);
	static_branch_inc(&pb_alloc_checked_key);
}

void pb_alloc_checked_dec(void)
{
	static_branch_dec(&pb_alloc_checked_key);
	static_branch_dec(&pb_zero_checked_key);
}

/* Counts a feature that handles every allocation and free. Context: process, may sleep. */
void pb_slowpath_inc(void)
{
	static_branch_inc(&pb_slowpath_key);
	pb_alloc_checked_inc();
	static_branch_inc(&pb_free_checked_key);
}
EXPORT_SYMBOL_PB_TEST(pb_slowpath_inc);

void pb_slowpath_dec(void)
{
	static_branch_dec(&pb_free_checked_key);
	pb_alloc_checked_dec();
	static_branch_dec(&pb_slowpath_key);
}
EXPORT_SYMBOL_PB_TEST(pb_slowpath_dec);

/*
 * All memory is to be zero when it is allocated; once at a time. Context: process, may sleep, while
 * nothing allocates.
 */
void pb_zero_all_inc(void)
{
	static_branch_inc(&pb_alloc_checked_key);
	static_branch_dec(&pb_zero_checked_key);
}

void pb_zero_all_dec(void)
{
	static_branch_inc(&pb_zero_checked_key);
	static_branch_dec(&pb_alloc_checked_key);
}

/* The zone whose pcp serves the requests of a gfp index at once, or NULL. */
static struct pb_zone *zone_of(struct pb_zone **preferred, unsigned int index)
{
	unsigned int highest = pb_gfp_index_zone[index], forbids = PB_RESTRICT_ISOLATED;
	struct pb_zone *zone = highest ? READ_ONCE(preferred[highest - 1]) : NULL;

	/* Requests with PB_ALLOC_USER have this index. */
	if (highest == PB_ZONE_MOVABLE + 1)
		forbids |= PB_RESTRICT_USER;
	return zone && !(READ_ONCE(zone->restricted) & forbids) ? zone : NULL;
}

static int online(unsigned int cpu)
{
	struct pb_zone **preferred = pb_instance.preferred[cpu_to_mem(cpu)], *zone;
	struct pb_percpu_zone *cache = per_cpu_ptr(&pb_percpu_zone, cpu);
	unsigned int index;

	for (index = 0; index < PB_NR_GFP_INDEX; index++) {
		zone = zone_of(preferred, index);
		WRITE_ONCE(cache->pcp[index], zone ? per_cpu_ptr(zone->pcp, cpu) : NULL);
	}
	return 0;
}

static int offline(unsigned int cpu)
{
	memset(per_cpu_ptr(&pb_percpu_zone, cpu), 0, sizeof(struct pb_percpu_zone));
	return 0;
}

/**
 * pb_percpu_zone_start - enable the fast path on all CPUs that are online or come online
 *
 * Call it after the pool is initialized. Context: process, may sleep.
 *
 * Return: 0 or a negative errno.
 */
int pb_percpu_zone_start(void)
{
	/* With init_on_alloc=1 on the kernel's command line every page has to be zeroed. */
	if (want_init_on_alloc(0))
		pb_zero_all_inc();
	hotplug_state = cpuhp_setup_state(CPUHP_AP_ONLINE_DYN, "pbuddy:online", online, offline);
	return hotplug_state < 0 ? hotplug_state : 0;
}

/**
 * pb_percpu_zone_refresh - fill the tables again after restrictions or first zones have changed
 *
 * Context: process, may sleep.
 *
 * On return no CPU uses an entry that it read before.
 */
void pb_percpu_zone_refresh(void)
{
	unsigned int cpu;

	/* A CPU that comes online later reads the new restrictions. */
	mutex_lock(&refresh_lock);
	cpus_read_lock();
	for_each_online_cpu(cpu)
		online(cpu);
	cpus_read_unlock();
	mutex_unlock(&refresh_lock);
	/* An entry is used with preemption off, which an RCU grace period waits for. */
	synchronize_rcu();
}

/* Disables the fast path, before the pool is destroyed. Context: process, may sleep. */
void pb_percpu_zone_stop(void)
{
	cpuhp_remove_state(hotplug_state);
}
