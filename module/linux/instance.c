// SPDX-License-Identifier: GPL-2.0-only
/*
 * The one pool that this module owns: made from the extents that the sources gave, unmade into them
 * again, and kept going in between.
 *
 * Per-CPU caches are touched by their CPU alone, so draining and decay are works that run
 * there. As in mm/vmstat.c one deferrable shepherd looks once a second which CPUs have
 * something cached, and queues work for those; an idle CPU is never woken. A CPU that has
 * died is drained from outside.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/cpu.h>
#include <linux/cpuhotplug.h>
#include <linux/jiffies.h>
#include <linux/list.h>
#include <linux/mm.h>
#include <linux/mutex.h>
#include <linux/nodemask.h>
#include <linux/percpu.h>
#include <linux/rculist.h>
#include <linux/slab.h>
#include <linux/topology.h>
#include <linux/workqueue.h>

#include "api/account.h"
#include "api/movable_ops.h"
#include "api/pages.h"
#include "compat.h"
#include "core/alloc/alloc.h"
#include "core/cache/drain.h"
#include "core/cache/pcp.h"
#include "core/compact/compact.h"
#include "core/zone/watermark.h"
#include "core/zone/zone.h"
#include "daemon/deferred_grow.h"
#include "debug/bad_page_report.h"
#include "debug/leak.h"
#include "instance.h"
#include "request/local.h"
#include "source/pool_spec.h"
#include "source/source.h"

struct pb_pool pb_instance;
EXPORT_SYMBOL_PB_TEST(pb_instance);

/* Sorted by PFN; while the pool lives some may be added: see pb_instance_extents(). */
static LIST_HEAD(extents);

static struct workqueue_struct *wq;
static int hotplug_state;

struct cpu_works {
	struct work_struct	drain;
	struct work_struct	decay;
};

static DEFINE_PER_CPU(struct cpu_works, cpu_works);

/* ---- per-CPU works ---- */

static void drain_work(struct work_struct *work)
{
	pb_pcp_drain_local(&pb_instance);
}

static void decay_work(struct work_struct *work)
{
	pb_pcp_decay_local(&pb_instance);
}

/**
 * pb_instance_drain_all - empty the per-CPU caches of all CPUs
 *
 * Context: process, sleeps. A CPU that goes offline meanwhile is drained by the hotplug
 * callback; its work then runs elsewhere, which does no harm. So the hotplug lock is not
 * needed, and an allocation that drains may be made under it.
 */
void pb_instance_drain_all(void)
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

static void drain_all(struct pb_pool *pool)
{
	pb_instance_drain_all();
}

/* A glance from another CPU, so only approximate. */
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

static int start_works(void)
{
	int cpu, ret;

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
	ret = pb_local_start();
	if (ret) {
		cpuhp_remove_state_nocalls(hotplug_state);
		destroy_workqueue(wq);
		return ret;
	}
	queue_delayed_work(wq, &shepherd, HZ);
	return 0;
}

static void stop_works(void)
{
	pb_local_stop();
	cancel_delayed_work_sync(&shepherd);
	cpuhp_remove_state_nocalls(hotplug_state);
	destroy_workqueue(wq);
}

/* ---- ranges ---- */

/**
 * struct range_list - ranges under construction, from high PFNs to low
 * @range: array with room for RANGES_PER_EXTENT ranges per extent
 * @nr: ranges in it
 * @left: per node: pages that still go to ZONE_MOVABLE, and to contiguous areas
 */
struct range_list {
	struct pb_range	*range;
	unsigned int	nr;
	struct {
		unsigned long	movable;
		unsigned long	cma;
	}		*left;
};

/* Movable, and two zones with and without a contiguous area. */
#define RANGES_PER_EXTENT	5

static void append_range(struct range_list *list, unsigned long start, unsigned long end,
			 int nid, enum pb_zone_type type, bool cma)
{
	struct pb_range *last = list->nr ? &list->range[list->nr - 1] : NULL;

	if (start >= end)
		return;
	if (last && last->start_pfn == end && last->nid == nid && last->type == type &&
	    last->cma == cma) {
		last->start_pfn = start;
		last->nr_pages += end - start;
		return;
	}
	list->range[list->nr++] = (struct pb_range) {
		.start_pfn = start, .nr_pages = end - start, .nid = nid, .type = type,
		.cma = cma,
	};
}

/* DMA32 below 4 GiB and NORMAL above. */
static void append_lowmem(struct range_list *list, unsigned long start, unsigned long end,
			  int nid, bool cma)
{
	unsigned long dma32_end = PHYS_PFN(1ULL << 32);

	append_range(list, max(start, dma32_end), end, nid, PB_ZONE_NORMAL, cma);
	append_range(list, start, min(end, dma32_end), nid, PB_ZONE_DMA32, cma);
}

/* Its top may be movable, what is below that a contiguous area. */
static void add_extent(struct range_list *list, const struct pb_extent *extent)
{
	unsigned long start = extent->start_pfn, end = start + extent->nr_pages;
	int nid = extent->nid;
	unsigned long movable = min(list->left[nid].movable, end - start), cma;

	list->left[nid].movable -= movable;
	append_range(list, end - movable, end, nid, PB_ZONE_MOVABLE, false);
	end -= movable;
	cma = min(list->left[nid].cma, end - start);
	list->left[nid].cma -= cma;
	append_lowmem(list, end - cma, end, nid, true);
	append_lowmem(list, start, end - cma, nid, false);
}

static int make_ranges(struct range_list *list, const struct pb_instance_config *config)
{
	struct pb_extent *extent;
	unsigned int nr = 0;
	int nid;

	list_for_each_entry(extent, &extents, node)
		nr++;
	list->nr = 0;
	list->range = kvcalloc(nr, RANGES_PER_EXTENT * sizeof(*list->range), GFP_KERNEL);
	list->left = kcalloc(nr_node_ids, sizeof(*list->left), GFP_KERNEL);
	if (!list->range || !list->left)
		return -ENOMEM;
	for (nid = 0; nid < nr_node_ids; nid++) {
		unsigned long pages = pb_instance_node_pages(nid), movable;

		movable = round_down(mult_frac(pages, config->movable_percent, 100),
				     PB_PAGEBLOCK_NR);
		list->left[nid].movable = movable;
		list->left[nid].cma = round_down(mult_frac(pages - movable, config->cma_percent,
							   100), PB_PAGEBLOCK_NR);
	}
	list_for_each_entry_reverse(extent, &extents, node)
		add_extent(list, extent);
	return 0;
}

static void zero(struct pb_pool *pool, unsigned long pfn, unsigned long nr_pages)
{
	pb_pages_zero(pfn, nr_pages, true);
}

static int distance(int from, int to)
{
	return node_distance(from, to);
}

static int make_pool(const struct pb_instance_config *instance)
{
	struct pb_range *spans = kcalloc(PB_GROW_SPANS_MAX, sizeof(*spans), GFP_KERNEL);
	struct range_list list;
	int ret = make_ranges(&list, instance);

	if (!spans)
		ret = -ENOMEM;
	if (!ret) {
		struct pb_pool_config config = {
			.ranges = list.range,
			.nr_ranges = list.nr,
			.spans = spans,
			.nr_spans = pb_grow_spans(spans),
			.nr_nodes = nr_node_ids,
			.distance = distance,
			.ops = { .bad = pb_report_bad, .drain_all = drain_all,
				 .migrate = pb_movable_migrate, .compact = pb_compact_pages,
				 .uncharge = pb_account_free, .zero = zero },
		};

		ret = pb_pool_init(&pb_instance, &config);
	}
	kfree(list.left);
	kvfree(list.range);
	kfree(spans);
	return ret;
}

/**
 * pb_instance_node_pages - pages that pbuddy owns on a node
 * @nid: any node number
 */
unsigned long pb_instance_node_pages(int nid)
{
	struct pb_extent *extent;
	unsigned long pages = 0;

	list_for_each_entry(extent, &extents, node)
		if (extent->nid == nid)
			pages += extent->nr_pages;
	return pages;
}

/**
 * pb_instance_pages - pages of all zones, free or not, when they have grown as far as they may
 *
 * Context: any.
 */
unsigned long pb_instance_pages(void)
{
	unsigned long pages = 0;
	struct pb_zone *zone;

	pb_for_each_zone(zone, &pb_instance)
		pages += pb_zone_most_pages(zone);
	return pages;
}

/**
 * pb_instance_has_memory - does a node have a zone?
 * @nid: any node number from 0 on
 *
 * Context: any.
 */
bool pb_instance_has_memory(int nid)
{
	struct pb_node_zones it = { &pb_instance, nid };

	return nid < pb_instance.nr_nodes && pb_next_node_zone(&it);
}
EXPORT_SYMBOL_PB_TEST(pb_instance_has_memory);

/**
 * pb_instance_extents - what the sources gave
 *
 * Return: list of struct pb_extent, sorted by PFN. While anything is allocated it may grow: walk
 * it under RCU then. Nothing is taken out before the end.
 */
struct list_head *pb_instance_extents(void)
{
	return &extents;
}

/**
 * pb_instance_add_extent - put memory that the pool has grown by on the list
 * @extent: on another list, whose it is no more then
 *
 * Context: process; one at a time.
 */
void pb_instance_add_extent(struct pb_extent *extent)
{
	struct pb_extent *next;

	list_del(&extent->node);
	list_for_each_entry(next, &extents, node)
		if (next->start_pfn > extent->start_pfn)
			break;
	list_add_tail_rcu(&extent->node, &next->node);
}

static int take_memory(const struct pb_instance_config *config)
{
	struct pb_pool_spec *specs = kcalloc(PB_POOL_SPECS_MAX, sizeof(*specs), GFP_KERNEL);
	int ret, nr;

	if (!specs)
		return -ENOMEM;
	if (config->pool && *config->pool)
		ret = pb_pool_spec_parse(config->pool, specs, PB_POOL_SPECS_MAX);
	else
		ret = pb_pool_spec_default(specs, PB_POOL_SPECS_MAX);
	nr = ret;
	if (ret >= 0)
		ret = pb_grow_prepare(specs, nr, config->movable_percent);
	if (!ret)
		ret = pb_source_reserve_all(specs, nr, config->strict, &extents);
	if (ret && nr >= 0)
		pb_grow_exit();
	kfree(specs);
	return ret;
}

/**
 * pb_instance_init - take memory and make the pool of it
 * @config: module parameters
 *
 * Context: process, may sleep. Return: 0, or a negative errno after a line that says what is wrong.
 */
int pb_instance_init(const struct pb_instance_config *config)
{
	int ret = take_memory(config);

	if (ret)
		return ret;
	ret = make_pool(config);
	if (ret) {
		pr_err("cannot make the pool: error %d\n", ret);
		goto release_memory;
	}
	ret = start_works();
	if (ret) {
		pr_err("cannot start the per-CPU works: error %d\n", ret);
		goto destroy_pool;
	}
	pb_grow_start();
	return 0;

destroy_pool:
	pb_pool_destroy(&pb_instance);
release_memory:
	pb_grow_exit();
	pb_source_release_all(&extents, NULL);
	return ret;
}

static unsigned long total_pages(void)
{
	struct pb_extent *extent;
	unsigned long pages = 0;

	list_for_each_entry(extent, &extents, node)
		pages += extent->nr_pages;
	return pages;
}

/**
 * pb_instance_exit - give everything back that is not in use
 *
 * Nobody allocates or frees any more: device and files are gone, and users of the
 * in-kernel API are modules that depend on this one. What they have not freed is listed,
 * and its pageblocks are left out of what is given back. Context: process, may sleep.
 */
void pb_instance_exit(void)
{
	unsigned long pages = total_pages(), returned;

	pb_instance_drain_all();
	stop_works();
	pb_leak_report();
	returned = pb_source_release_all(&extents, pb_leak_in_pageblock);
	pr_info("returned %lu of %lu pages\n", returned, pages);
	pb_pool_destroy(&pb_instance);
	pb_grow_exit();
	pb_movable_exit();
}
