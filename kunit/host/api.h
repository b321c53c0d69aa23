/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Allocates and frees pages of a pool with one zone as module/linux/api/api.c does: the fast
 * path, else the full path. For the programs that measure the core on the host.
 */
#ifndef PB_HOST_API_H
#define PB_HOST_API_H

#include "core/alloc/alloc.h"
#include "core/cache/fastpath.h"

static __always_inline unsigned long pb_host_get(struct pb_pool *pool, unsigned int order)
{
	struct pb_zone *zone = pool->zone[0][PB_ZONE_NORMAL];
	enum pb_fast result = PB_FAST_NONE;
	union pb_fast_found found;
	struct pb_request rq;
	unsigned long pfn;

	if (likely(pb_pcp_order(order)))
		result = pb_alloc_fast(zone, pb_this_cpu_ptr(zone->pcp), order, PB_UNMOVABLE,
				       &found);
	if (likely(result == PB_FAST_DONE))
		return found.pfn;
	if (result == PB_FAST_EMPTY_IN_SECTION) {
		pfn = pb_alloc_refill_leave_section(found.pcp, order, PB_UNMOVABLE, NULL);
		if (likely(pfn != PB_NO_PFN))
			return pfn;
	}
	rq = (struct pb_request) {
		.order = order,
		.migratetype = PB_UNMOVABLE,
		.highest_zone = PB_ZONE_NORMAL,
	};
	return pb_alloc(pool, &rq, NULL);
}

/* pb_free() reports misuse to ops->bad. */
static __always_inline void pb_host_put(struct pb_pool *pool, unsigned long pfn, unsigned int order)
{
	if (unlikely(!pb_free_fast(pool, pfn, order)))
		pb_free(pool, pfn, order);
}

#endif /* PB_HOST_API_H */
