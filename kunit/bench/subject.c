// SPDX-License-Identifier: GPL-2.0-only
/* The subjects of this kernel, and what several of them share: see subject.h. */
#include <linux/cpu.h>
#include <linux/mm.h>
#include <linux/mmzone.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/vmstat.h>
#include <linux/workqueue.h>

#include "bench.h"
#include "compat.h"
#include "core/cache/drain.h"
#include "core/cache/pcp.h"
#include "core/cache/prezero.h"
#include "core/pool/stat.h"
#include "core/zone/zone.h"
#include "instance.h"
#include "subject.h"

const struct bench_subject *const bench_subjects[] = {
#define SUBJECT(name)	&bench_##name,
#include "subjects.h"
	NULL
};

static_assert(ARRAY_SIZE(bench_subjects) - 1 <= BENCH_MAX_SUBJECTS);

/* ---- pbuddy ---- */

/* GFP_KERNEL does not reach the zone for movable pages. */
static bool usable(const struct pb_zone *zone)
{
	return zone->type != PB_ZONE_MOVABLE;
}

unsigned long bench_pbuddy_pages(void)
{
	const struct pb_zonelist *all = pb_instance.all_zones;
	unsigned long pages = 0;
	unsigned int i;

	for (i = 0; i < all->nr; i++)
		if (usable(all->zone[i]))
			pages += all->zone[i]->present_pages;
	return pages;
}

unsigned long bench_pbuddy_reserve(void)
{
	const struct pb_zonelist *all = pb_instance.all_zones;
	unsigned long pages = 0;
	unsigned int i;

	for (i = 0; i < all->nr; i++)
		if (usable(all->zone[i]))
			pages += 2 * all->zone[i]->watermark[PB_WMARK_HIGH];
	return pages;
}

/* Three quarters of the free pages above the reserve, so that no allocation fails. */
unsigned long bench_pbuddy_capacity(unsigned int order)
{
	const struct pb_zonelist *all = pb_instance.all_zones;
	unsigned long pages = 0;
	unsigned int i;

	for (i = 0; i < all->nr; i++)
		if (usable(all->zone[i]))
			pages += pb_zone_free_pages(all->zone[i]);
	pages -= min(pages, bench_pbuddy_reserve());
	return (pages / 4 * 3) >> order;
}

static long drain_here(void *pool)
{
	pb_pcp_drain_local(pool);
	return 0;
}

void bench_pbuddy_drain(void)
{
	int cpu;

	cpus_read_lock();
	for_each_online_cpu(cpu)
		work_on_cpu(cpu, drain_here, &pb_instance);
	cpus_read_unlock();
}

/*
 * Prezeroes as far as the parameter prezero allows, as the node thread does; empty per-CPU lists
 * have no other pages.
 */
int bench_pbuddy_prezero(void)
{
	bench_pbuddy_drain();
	if (!pb_prezero_all(&pb_instance))
		return -EINTR;
	return READ_ONCE(pb_instance.prezero_percent) ? 0 : -EINVAL;
}

/* Pages in per-CPU lists count as free, though in no free pageblock. */
unsigned long bench_pbuddy_free_pageblocks(unsigned long *free_pages)
{
	const struct pb_zonelist *all = pb_instance.all_zones;
	struct pb_free_count *count;
	unsigned long pageblocks = 0;
	unsigned int i, mt;

	*free_pages = 0;
	count = kzalloc(sizeof(*count), GFP_KERNEL);
	if (!count)
		return 0;
	for (i = 0; i < all->nr; i++) {
		if (!usable(all->zone[i]))
			continue;
		pb_zone_count_free(all->zone[i], count);
		for (mt = 0; mt < PB_NR_MIGRATETYPES; mt++)
			pageblocks += count->free_pageblocks[mt];
		*free_pages += pb_zone_free_pages(all->zone[i]) + pb_pcp_pages(all->zone[i]);
	}
	kfree(count);
	return pageblocks;
}

/* ---- the kernel ---- */

/* Blocks of at least this order; read without the zone lock, so approximate. */
static unsigned long kernel_blocks(unsigned int order)
{
	unsigned long blocks = 0;
	struct zone *zone;
	unsigned int o;
	int nid, i;

	for_each_online_node(nid) {
		for (i = 0; i <= ZONE_NORMAL; i++) {
			zone = &NODE_DATA(nid)->node_zones[i];
			for (o = order; o < ARRAY_SIZE(zone->free_area); o++)
				blocks += READ_ONCE(zone->free_area[o].nr_free) << (o - order);
		}
	}
	return blocks;
}

unsigned long bench_kernel_reserve(void)
{
	unsigned long pages = 0;
	struct zone *zone;
	int nid, i;

	for_each_online_node(nid) {
		for (i = 0; i <= ZONE_NORMAL; i++) {
			zone = &NODE_DATA(nid)->node_zones[i];
			pages += 2 * high_wmark_pages(zone);
		}
	}
	return pages;
}

/* Half of them, so that the kernel neither reclaims nor compacts meanwhile. */
unsigned long bench_kernel_capacity(unsigned int order)
{
	return kernel_blocks(order) / 2;
}

unsigned long bench_kernel_free_pageblocks(unsigned long *free_pages)
{
	*free_pages = global_zone_page_state(NR_FREE_PAGES);
	return kernel_blocks(PB_PAGEBLOCK_ORDER);
}

/*
 * The kernel exports no call that drains the per-CPU lists, but alloc_contig_range() drains those
 * of the range's zone. The range is a block that was free a moment ago.
 */
static void drain_zone_for(gfp_t gfp)
{
	struct page *page = alloc_pages(gfp | __GFP_NORETRY, PB_PAGEBLOCK_ORDER);
	unsigned long pfn;

	if (!page)
		return;
	pfn = page_to_pfn(page);
	__free_pages(page, PB_PAGEBLOCK_ORDER);
	if (!pb_alloc_contig_range(pfn, pfn + PB_PAGEBLOCK_NR, GFP_KERNEL | __GFP_NOWARN))
		free_contig_range(pfn, PB_PAGEBLOCK_NR);
}

/* The zone of memory above 4 GiB, if any, then ZONE_DMA32. */
void bench_kernel_drain(void)
{
	drain_zone_for(BENCH_GFP);
	drain_zone_for(BENCH_GFP | GFP_DMA32);
}
