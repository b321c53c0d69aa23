/* SPDX-License-Identifier: GPL-2.0-only */
/* One walk over a zonelist, and the entries of the page order map that it sets. */
#ifndef PB_FREELIST_H
#define PB_FREELIST_H

#include "core/base/pfn.h"
#include "core/base/pool_types.h"
#include "core/base/request.h"
#include "core/cache/pcp.h"
#include "core/cache/zeroed.h"

/* Sets the order of a block that is handed out. As prep_new_page(). */
static inline void pb_order_map_set(u8 *order_map, unsigned int order, const struct pb_request *rq)
{
	/* Allocated below the watermarks, for work that frees more memory. */
	u8 mark = rq->flags & PB_ALLOC_NO_WATERMARKS ? PB_FRAME_MEMALLOC : 0;

	WRITE_ONCE(*order_map, (order + 1) | mark);
}

void pb_set_aside(struct pb_zone *zone, unsigned long pfn, unsigned int order);

/* Sets the order of a block from a list; false when it is in use, and was set aside. */
static inline bool pb_order_map_set_cached(struct pb_zone *zone, u8 *order_map, unsigned long pfn,
					   unsigned int order)
{
	if (unlikely(READ_ONCE(*order_map))) {
		pb_set_aside(zone, pfn, order);
		return false;
	}
	WRITE_ONCE(*order_map, order + 1);
	return true;
}

unsigned long pb_alloc_refill_leave_section(struct pb_pcp *pcp, unsigned int order,
					    enum pb_migratetype mt, bool *zeroed);
unsigned long pb_get_page_from_freelist(struct pb_pool *pool, const struct pb_request *rq);
void pb_count_numa(struct pb_zone *zone, const struct pb_request *rq);
bool pb_zone_allowed(struct pb_zone *zone, const struct pb_request *rq);

#endif /* PB_FREELIST_H */
