// SPDX-License-Identifier: GPL-2.0-only
/* Decide why a request failed, and count failures. */
#include "core/alloc/failure_reason.h"
#include "core/base/pool_types.h"
#include "core/base/request.h"
#include "core/cache/freelist.h"
#include "core/zone/zone.h"

/*
 * The reason of a request that no zone may serve: whether its nodemask, its cpuset or a restriction
 * of zones forbids one.
 */
static enum pb_reason reason_without_zone(struct pb_pool *pool, const struct pb_request *rq)
{
	struct pb_zone *zone;

	pb_for_each_zone(zone, pool)
		if (zone->type <= rq->highest_zone &&
		    (!(rq->flags & PB_ALLOC_THISNODE) || zone->nid == rq->nid))
			return PB_REASON_POLICY;
	return PB_REASON_NODE;
}

/**
 * pb_failure_reason - decide why a request cannot be served
 * @pool: the pool
 * @rq: the request
 * @nr_pages: pages requested
 *
 * Return: never PB_REASON_NONE.
 */
enum pb_reason pb_failure_reason(struct pb_pool *pool, const struct pb_request *rq,
				 unsigned long nr_pages)
{
	unsigned long free = 0, largest = 0;
	struct pb_zone *zone;
	bool below = true;

	pb_for_each_zone(zone, pool) {
		if (!pb_zone_allowed(zone, rq))
			continue;
		largest = max(largest, pb_zone_most_pages(zone));
		free = max_t(unsigned long, free, max(pb_zone_free_pages(zone), 0L));
		if (nr_pages <= READ_ONCE(zone->present_pages) &&
		    pb_zone_watermark_ok(zone, nr_pages, rq->highest_zone, rq->flags))
			below = false;
	}
	if (!largest)
		return reason_without_zone(pool, rq);
	if (nr_pages > largest)
		return PB_REASON_LIMIT;
	if (nr_pages > free || below)
		return PB_REASON_WATERMARK;
	return PB_REASON_FRAGMENTATION;
}

/**
 * pb_request_stale - whether the nodes allowed to the task have changed since a request was made
 * @pool: the pool
 * @rq: the request
 *
 * A failure may be due to the change. The caller of the core makes the request again.
 *
 * Context: process, or a request without a cookie.
 * Return: whether they have.
 */
bool pb_request_stale(struct pb_pool *pool, const struct pb_request *rq)
{
	return rq->mems_cookie && pool->ops.mems_changed && pool->ops.mems_changed(rq);
}

/**
 * pb_alloc_fail - count a failure and store its reason
 * @pool: the pool
 * @rq: the request; not counted if it is stale, because it is made again, or a try
 * @why: the reason
 * @reason: set to it, or NULL
 *
 * Return: PB_NO_PFN.
 */
unsigned long pb_alloc_fail(struct pb_pool *pool, const struct pb_request *rq, enum pb_reason why,
			    enum pb_reason *reason)
{
	if (!(rq->flags & PB_ALLOC_TRY) && !pb_request_stale(pool, rq))
		pb_zone_event_add(pool->all_zones->zone[0], PB_ALLOC_FAIL, 1);
	if (reason)
		*reason = why;
	return PB_NO_PFN;
}

/**
 * pb_alloc_refused - fail a request whose order, migratetype or node is out of range
 * @pool: the pool
 * @rq: the request
 * @reason: set to the reason, or NULL
 *
 * Return: PB_NO_PFN.
 */
unsigned long pb_alloc_refused(struct pb_pool *pool, const struct pb_request *rq,
			       enum pb_reason *reason)
{
	bool node = (unsigned int)rq->nid >= (unsigned int)pool->nr_nodes;

	return pb_alloc_fail(pool, rq, node ? PB_REASON_NODE : PB_REASON_LIMIT, reason);
}
