/* SPDX-License-Identifier: GPL-2.0-only */
/* One walk over a zonelist, and the order bytes that say what is allocated. */
#ifndef PB_FREELIST_H
#define PB_FREELIST_H

#include "core/base/pfn.h"
#include "core/base/pool_types.h"
#include "core/base/request.h"
#include "core/cache/pcp.h"
#include "core/cache/zeroed.h"

/* Marks the head of a block that is handed out. As prep_new_page(). */
static inline void pb_mark_head(u8 *byte, unsigned int order, const struct pb_request *rq)
{
	/* Whoever got it past the marks is to use it for what frees more. */
	u8 mark = rq->flags & PB_ALLOC_NO_WATERMARKS ? PB_FRAME_MEMALLOC : 0;

	WRITE_ONCE(*byte, (order + 1) | mark);
}

void pb_set_aside(struct pb_zone *zone, unsigned long pfn, unsigned int order);

/* Marks a block out of a list, by its order byte; false: in use, and set aside now. */
static inline bool pb_mark_cached(struct pb_zone *zone, u8 *byte, unsigned long pfn,
				  unsigned int order)
{
	if (unlikely(PB_FRAME_IN_USE(READ_ONCE(*byte)))) {
		pb_set_aside(zone, pfn, order);
		return false;
	}
	WRITE_ONCE(*byte, order + 1);
	return true;
}

unsigned long pb_alloc_refill_leave_section(struct pb_pcp *pcp, unsigned int order,
					    enum pb_migratetype mt);
unsigned long pb_get_page_from_freelist(struct pb_pool *pool, const struct pb_request *rq);
bool pb_zone_allowed(struct pb_zone *zone, const struct pb_request *rq);

#endif /* PB_FREELIST_H */
