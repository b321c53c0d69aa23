// SPDX-License-Identifier: GPL-2.0-only
/*
 * Reports failed requests in the kernel log: the request, the reason, the current task with its
 * call stack, and the zones that the request may use. As warn_alloc() and show_mem() in mm/.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/cpuset.h>
#include <linux/kernel.h>
#include <linux/mm.h>
#include <linux/nodemask.h>
#include <linux/printk.h>
#include <linux/ratelimit.h>
#include <linux/sched.h>

#include "core/cache/freelist.h"
#include "core/cache/pcp.h"
#include "core/pool/stat.h"
#include "core/zone/watermark.h"
#include "core/zone/zone.h"
#include "hooks/alloc_failure_report.h"
#include "instance.h"

#define K(pages)	((pages) << (PAGE_SHIFT - 10))

/* As a line of show_free_areas(). */
static void show_zone(struct pb_zone *zone)
{
	pr_warn("Node %d %s free:%ldkB boost:%lukB min:%lukB low:%lukB high:%lukB reserved_highatomic:%ldKB present:%lukB managed:%lukB free_pcp:%lukB free_cma:%ldkB\n",
		zone->nid, zone->name, K(pb_zone_free_pages(zone)),
		K(READ_ONCE(zone->watermark_boost)), K(READ_ONCE(zone->watermark[PB_WMARK_MIN])),
		K(READ_ONCE(zone->watermark[PB_WMARK_LOW])),
		K(READ_ONCE(zone->watermark[PB_WMARK_HIGH])),
		K(atomic_long_read(&zone->nr_reserved_highatomic)), K(zone->present_pages),
		K(zone->present_pages), K(pb_pcp_pages(zone)),
		K(atomic_long_read(&zone->nr_free_cma)));
	pr_warn("lowmem_reserve[]: %lu %lu %lu\n", READ_ONCE(zone->lowmem_reserve[PB_ZONE_DMA32]),
		READ_ONCE(zone->lowmem_reserve[PB_ZONE_NORMAL]),
		READ_ONCE(zone->lowmem_reserve[PB_ZONE_MOVABLE]));
}

/*
 * Prints the free blocks of each order. It scans all bitmaps of the zone, so only requests that may
 * sleep call it. The buffers are static: while one task uses them, others skip the line.
 */
static void show_orders(struct pb_zone *zone)
{
	static struct pb_free_count count;
	static atomic_t busy;
	unsigned long total = 0, blocks;
	unsigned int order, mt, len = 0;
	static char line[400];

	if (atomic_xchg(&busy, 1))
		return;
	pb_zone_count_free(zone, &count);
	for (order = 0; order < PB_NR_ORDERS; order++) {
		for (mt = 0, blocks = 0; mt < PB_NR_MIGRATETYPES; mt++)
			blocks += count.blocks[mt][order];
		total += blocks << order;
		len += scnprintf(line + len, sizeof(line) - len, "%lu*%lukB ", blocks,
				 K(1UL << order));
	}
	pr_warn("Node %d %s: %s= %lukB\n", zone->nid, zone->name, line, K(total));
	atomic_set(&busy, 0);
}

/* Prints the zones that the request may use, in the order of the zonelist. */
static void show_zones(const struct pb_request *rq)
{
	struct pb_zone *zone;

	if (rq->nid < 0 || rq->nid >= pb_instance.nr_nodes)
		return;
	pb_for_each_zone_zonelist(zone, pb_instance.zonelist[rq->nid]) {
		if (!pb_zone_allowed(zone, rq))
			continue;
		show_zone(zone);
		if (rq->flags & PB_ALLOC_WAIT)
			show_orders(zone);
	}
}

/**
 * pb_report_failure - log a failed allocation and its reason
 * @rq: the request
 * @gfp: flags as passed by the caller; nothing is logged with __GFP_NOWARN
 * @nr_pages: number of pages requested
 * @reason: why it failed; nothing is logged for PB_REASON_NONE, an injected failure
 * @user: whether user space made the request
 *
 * Rate limited, separately for user space, whose failures do not suppress those of the kernel.
 * Context: any; may reschedule if @rq may sleep.
 */
void pb_report_failure(const struct pb_request *rq, gfp_t gfp, unsigned long nr_pages,
		       enum pb_reason reason, bool user)
{
	static DEFINE_RATELIMIT_STATE(kernel_limit, 10 * HZ, 5);
	static DEFINE_RATELIMIT_STATE(user_limit, 10 * HZ, 5);
	int bits = min_t(int, nr_node_ids, pb_instance.nr_nodes);
	const unsigned long none = 0;

	if (gfp & __GFP_NOWARN || reason == PB_REASON_NONE ||
	    !__ratelimit(user ? &user_limit : &kernel_limit))
		return;
	pr_warn("%s: page allocation failure: order:%u, pages:%lu, mode:%#x(%pGg), node=%d, nodemask=%s%*pbl, mems_allowed=%*pbl, reason:%s\n",
		current->comm, rq->order, nr_pages, gfp, &gfp, rq->nid,
		rq->nodemask ? "" : "(null)", rq->nodemask ? bits : 0, rq->nodemask ?: &none,
		nodemask_pr_args(&cpuset_current_mems_allowed), pb_reason_name[reason]);
	dump_stack();
	show_zones(rq);
}
