// SPDX-License-Identifier: GPL-2.0-only
/*
 * Node reclaim: reclaim on a near node before allocating from a far one.
 *
 * Off by default (node_reclaim_mode). When it is on, a walk over the zonelist that finds a
 * near zone below its watermark reclaims on that node with rising priority, and checks the
 * watermark again before it continues. One CPU at a time reclaims a node, and only its own
 * node or one without CPUs, so that nodes do not reclaim from each other. As node_reclaim()
 * in mm/vmscan.c.
 *
 * Reclaimers may allocate. The task has PF_MEMALLOC while it calls them, so that these allocations
 * reclaim nothing.
 */
#include "core/base/pool_types.h"
#include "core/base/request.h"
#include "core/zone/node_reclaim.h"
#include "core/zone/zone.h"

#define PRIORITY		4	/* NODE_RECLAIM_PRIORITY: a sixteenth in the first round */
#define RECLAIM_LEAST		32UL	/* SWAP_CLUSTER_MAX */
#define WORTH_WHILE		100	/* 1 / 100, as sysctl_min_unmapped_ratio, which is 1 % */

/**
 * pb_zone_allows_reclaim - whether a zone is near enough to be reclaimed for a request
 * @local: first zone that may serve the request
 * @zone: the zone
 *
 * Context: any. As zone_allows_reclaim() in mm/page_alloc.c.
 * Return: whether it is.
 */
bool pb_zone_allows_reclaim(struct pb_zone *local, struct pb_zone *zone)
{
	struct pb_pool *pool = zone->pool;

	return pool->distance(local->nid, zone->nid) <= READ_ONCE(pool->node_reclaim_distance);
}
EXPORT_SYMBOL_PB_TEST(pb_zone_allows_reclaim);

/**
 * pb_zone_reclaimable_pages - count the pages that reclaim could free in a zone
 * @zone: the zone
 *
 * Context: process, may sleep.
 * Return: number of pages; 0 without ops->reclaimable. As zone_reclaimable_pages() in mm/vmscan.c.
 */
unsigned long pb_zone_reclaimable_pages(struct pb_zone *zone)
{
	unsigned long pages;
	unsigned int task;

	if (!zone->pool->ops.reclaimable)
		return 0;
	task = pb_noreclaim_save();
	pages = zone->pool->ops.reclaimable(zone);
	pb_noreclaim_restore(task);
	return pages;
}

/* Whether the node has enough reclaimable pages for a round of reclaim. */
static bool worth_while(struct pb_pool *pool, int nid)
{
	unsigned long pages = 0, present = 0;
	struct pb_zone *zone;

	if (!pool->ops.reclaim || !pool->ops.reclaimable)
		return false;
	pb_for_each_node_zone(zone, pool, nid) {
		pages += pb_zone_reclaimable_pages(zone);
		present += READ_ONCE(zone->present_pages);
	}
	return pages > present / WORTH_WHILE;
}

/* The flag that serialises reclaim of a node, in the node's lowest zone. */
static atomic_t *node_busy(struct pb_pool *pool, int nid)
{
	struct pb_node_zones it = { pool, nid };

	return &pb_next_node_zone(&it)->node_reclaiming;
}

/* The request of a reclaim on one node, within what node_reclaim_mode allows. */
static struct pb_request node_request(const struct pb_request *rq, int nid, unsigned int mode)
{
	struct pb_request here = *rq;

	here.nid = nid;
	here.nodemask = NULL;
	here.flags |= PB_ALLOC_THISNODE;
	if (!(mode & PB_RECLAIM_WRITE))
		here.flags &= ~(PB_ALLOC_IO | PB_ALLOC_FS);
	if (!(mode & PB_RECLAIM_UNMAP))
		here.flags |= PB_ALLOC_NO_UNMAP;
	return here;
}

static bool reclaim(struct pb_pool *pool, const struct pb_request *rq)
{
	unsigned long want = 1UL << rq->order, got = 0;
	unsigned int task = pb_noreclaim_save();
	int priority = PRIORITY;

	do {
		got += pool->ops.reclaim(pool, rq, priority, max(want, RECLAIM_LEAST));
	} while (got < want && --priority >= 0);
	pb_noreclaim_restore(task);
	return got >= want;
}

/**
 * pb_node_reclaim - reclaim on a zone's node for a request
 * @zone: the zone
 * @rq: the request
 *
 * Context: sleeps when the request may.
 * Return: the result; after SOME and SUCCESS the caller checks the watermark again. As
 * node_reclaim() in mm/vmscan.c.
 */
enum pb_node_reclaim pb_node_reclaim(struct pb_zone *zone, const struct pb_request *rq)
{
	struct pb_pool *pool = zone->pool;
	atomic_t *busy = node_busy(pool, zone->nid);
	struct pb_request here;
	bool success;

	/* First, unlike in mm/: counting pages calls reclaimers. */
	if (!pb_may_reclaim(rq))
		return PB_NODE_RECLAIM_NOSCAN;
	if (!worth_while(pool, zone->nid))
		return PB_NODE_RECLAIM_FULL;
	if (pb_node_has_cpu(zone->nid) && zone->nid != pb_cpu_node(pb_cpu_id()))
		return PB_NODE_RECLAIM_NOSCAN;
	if (atomic_xchg(busy, 1))
		return PB_NODE_RECLAIM_NOSCAN;
	might_sleep();
	here = node_request(rq, zone->nid, READ_ONCE(pool->node_reclaim_mode));
	success = reclaim(pool, &here);
	atomic_set_release(busy, 0);
	pb_zone_event_add(zone, success ? PB_ZONE_RECLAIM_SUCCESS : PB_ZONE_RECLAIM_FAILED, 1);
	return success ? PB_NODE_RECLAIM_SUCCESS : PB_NODE_RECLAIM_SOME;
}
EXPORT_SYMBOL_PB_TEST(pb_node_reclaim);
