// SPDX-License-Identifier: GPL-2.0-only
/* The memory of a node, as GET_INFO and sysfs show it. */
#include <linux/gfp.h>
#include <linux/minmax.h>
#include <linux/mm.h>

#include <uapi/linux/pbuddy.h>

#include "api/group.h"
#include "core/cache/pcp.h"
#include "core/pool/stat.h"
#include "core/zone/watermark.h"
#include "core/zone/zone.h"
#include "instance.h"
#include "request/gfp.h"
#include "user/node_info.h"

/* The largest order of which a contiguous buffer could have a block now, or -1. */
static int largest_free_order(struct pb_zone *zone)
{
	gfp_t gfp = GFP_HIGHUSER | __GFP_NOWARN;
	struct pb_request rq;
	int order;

	if (!pb_gfp_request(&rq, &gfp, 0, zone->nid, NULL) || zone->type > rq.highest_zone)
		return -1;
	for (order = PB_MAX_ORDER; order >= 0; order--)
		if (pb_zone_watermark_ok_order(zone, order, pb_wmark_pages(zone, PB_WMARK_MIN),
					       rq.highest_zone, rq.flags | PB_ALLOC_CMA))
			return order;
	return pb_pcp_pages(zone) ? 0 : -1;
}

/**
 * pb_node_info() - add up the zones of a node
 * @nid: a node number below pb_instance.nr_nodes
 * @info: set to the sums
 * @largest: find the largest free order, too; else it is -1
 *
 * Context: any. Approximate while others allocate.
 * Return: false when the node has no zone of the pool.
 */
bool pb_node_info(int nid, struct pbuddy_node_info *info, bool largest)
{
	struct pb_zone_pages pages;
	struct pb_zone *zone;
	bool any = false;

	*info = (struct pbuddy_node_info) { .node = nid, .largest_free_order = -1 };
	pb_for_each_node_zone(zone, &pb_instance, nid) {
		any = true;
		pages = pb_zone_read_pages(zone);
		info->total_bytes += (u64)pages.present << PAGE_SHIFT;
		info->free_bytes += (u64)pages.free << PAGE_SHIFT;
		info->pcp_bytes += (u64)pages.cached << PAGE_SHIFT;
		if (largest)
			info->largest_free_order = max(info->largest_free_order,
						       largest_free_order(zone));
	}
	/* Not free: only the tasks of a group can have it. */
	info->total_bytes += (u64)pb_group_node_pages(nid) << PAGE_SHIFT;
	return any;
}
