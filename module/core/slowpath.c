// SPDX-License-Identifier: GPL-2.0-only
/*
 * What happens to a request that the first walk over the zonelist could not serve.
 *
 * A short list of states, each of which may find memory that the first walk did not see,
 * is gone through in order, with a walk after each:
 *
 *   ADJUST           the flags of the slow path: down to the min watermark or below it, and the
 *                    migratetypes may be mixed after all
 *   RESERVE          for those who may: past the watermarks and without regard to the policy
 *   DRAIN_LOCAL      this CPU's caches may hold what is missing
 *   DRAIN_ALL        the other CPUs' too; needs to sleep
 *   SCAN             index bits are hints: look at the bitmaps themselves; needs to sleep
 *   FAIL             say why
 */
#include "drain.h"
#include "failure.h"
#include "freelist.h"
#include "slowpath.h"
#include "zone.h"

enum state { ADJUST, RESERVE, DRAIN_LOCAL, DRAIN_ALL, SCAN, FAIL };

static void scan_zones(struct pb_pool *pool, const struct pb_request *rq)
{
	struct pb_zone *zone;
	unsigned int i;

	for (i = 0; i < pool->all_zones->nr; i++) {
		zone = pool->all_zones->zone[i];
		if (pb_zone_allowed(zone, rq) && pb_zone_free_pages(zone) >= 1L << rq->order)
			pb_zone_reindex_all(zone);
	}
}

/* Does what a state is about; false when there is nothing it can do for this request. */
static bool enter_state(struct pb_pool *pool, struct pb_request *rq, enum state state)
{
	bool wait = rq->flags & PB_ALLOC_WAIT;

	switch (state) {
	case ADJUST:
		rq->flags = pb_slow_alloc_flags(rq);
		return true;
	case RESERVE:
		if (!pb_ignores_policy(rq))
			return false;
		if (rq->reserve_flags)
			rq->flags = pb_reserve_alloc_flags(rq);
		rq->nodemask = NULL;
		return true;
	case DRAIN_LOCAL:
		pb_pcp_drain_local(pool);
		return true;
	case DRAIN_ALL:
		if (!wait || !pool->ops.drain_all)
			return false;
		might_sleep();
		pb_zone_event_add(pool->all_zones->zone[0], PB_DRAIN_ALL, 1);
		pool->ops.drain_all(pool);
		return true;
	case SCAN:
		if (!wait)
			return false;
		scan_zones(pool, rq);
		return true;
	case FAIL:
		break;
	}
	return false;
}

/**
 * pb_slowpath_collect - bring together all free memory a request may use
 * @pool: the pool
 * @rq: the request
 *
 * For requests that are not served by a zonelist walk of one order.
 *
 * Context: may sleep with PB_ALLOC_WAIT.
 */
void pb_slowpath_collect(struct pb_pool *pool, const struct pb_request *rq)
{
	struct pb_request copy = *rq;
	enum state state;

	pb_zone_event_add(pool->all_zones->zone[0], PB_ALLOC_SLOW, 1);
	for (state = DRAIN_LOCAL; state < FAIL; state++)
		enter_state(pool, &copy, state);
}
EXPORT_SYMBOL_PB_TEST(pb_slowpath_collect);

/**
 * pb_alloc_slowpath - serve a request that the first walk could not serve
 * @pool: the pool
 * @rq: the request
 * @reason: why it failed, or NULL
 *
 * Context: may sleep with PB_ALLOC_WAIT. Return: PFN, or PB_NO_PFN.
 * As __alloc_pages_slowpath() in mm/page_alloc.c.
 */
unsigned long pb_alloc_slowpath(struct pb_pool *pool, const struct pb_request *rq,
				enum pb_reason *reason)
{
	struct pb_request copy = *rq;
	enum state state;
	unsigned long pfn;

	pb_zone_event_add(pool->all_zones->zone[0], PB_ALLOC_SLOW, 1);
	for (state = ADJUST; state < FAIL; state++) {
		if (!enter_state(pool, &copy, state))
			continue;
		pfn = pb_get_page_from_freelist(pool, &copy);
		if (pfn != PB_NO_PFN)
			return pfn;
	}
	return pb_alloc_fail(pool, pb_failure_reason(pool, &copy, 1UL << rq->order), reason);
}
EXPORT_SYMBOL_PB_TEST(pb_alloc_slowpath);
