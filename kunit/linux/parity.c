// SPDX-License-Identifier: GPL-2.0-only
/* What the parity suites measure of pbuddy and of the kernel's allocator; see parity.h. */
#include <linux/mm.h>
#include <linux/mmzone.h>
#include <linux/nodemask.h>
#include <linux/pbuddy.h>

#include "request/gfp.h"
#include "core/zone/highatomic.h"
#include "core/zone/zone.h"
#include "instance.h"
#include "parity.h"

static void unreserve_highatomic(struct pb_zone *zone)
{
	while (pb_highatomic_unreserve_zone(zone, PB_MOVABLE, true))
		;
}

int pt_parity_init(struct kunit *test)
{
	struct pb_zone *zone;

	if (!pb_instance.all_zones || !pb_instance.all_zones->nr)
		kunit_skip(test, "pbuddy has no memory");
	pb_for_each_zone(zone, &pb_instance)
		unreserve_highatomic(zone);
	return 0;
}

int pt_far_node(void)
{
	int nid, far = 0;

	for_each_online_node(nid)
		if (pb_instance_has_memory(nid))
			far = nid;
	return far;
}

bool pt_same_nodes(gfp_t gfp)
{
	enum pb_zone_type highest = pb_gfp_highest_zone(gfp);
	struct pb_zone *zone;
	bool kernel, pbuddy;
	int nid, type;

	for_each_online_node(nid) {
		kernel = false;
		for (type = 0; type <= gfp_zone(gfp); type++)
			kernel |= managed_zone(&NODE_DATA(nid)->node_zones[type]);
		pbuddy = false;
		pb_for_each_node_zone(zone, &pb_instance, nid)
			pbuddy |= zone->type <= highest;
		if (kernel != pbuddy)
			return false;
	}
	return true;
}

int pt_kernel_node(struct page *page, unsigned int order)
{
	int nid = page ? page_to_nid(page) : NUMA_NO_NODE;

	if (page)
		__free_pages(page, order);
	return nid;
}

int pt_pbuddy_node(struct page *page, unsigned int order)
{
	int nid = page ? page_to_nid(page) : NUMA_NO_NODE;

	pbuddy_free_pages(page, order);
	return nid;
}

struct pb_zone *pt_only_zone(int nid)
{
	struct pb_node_zones it = { &pb_instance, nid };
	struct pb_zone *zone = pb_next_node_zone(&it);

	return pb_next_node_zone(&it) ? NULL : zone;
}
