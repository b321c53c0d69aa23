/* SPDX-License-Identifier: GPL-2.0-only */
/* One walk over a zonelist, and the order bytes that say what is allocated. */
#ifndef PB_FREELIST_H
#define PB_FREELIST_H

#include "pfn.h"

/* The order byte of a PFN that the pool is known to own. */
static inline u8 *pb_order_byte(struct pb_pool *pool, unsigned long pfn)
{
	unsigned long word = READ_ONCE(pb_slot(pool, pfn)->word);

	return &pb_slot_block(word)->order[pb_frame_in_block(pfn)];
}

void pb_set_aside(struct pb_zone *zone, unsigned long pfn, unsigned int order);
unsigned long pb_get_page_from_freelist(struct pb_pool *pool, const struct pb_request *rq);
bool pb_zone_allowed(struct pb_zone *zone, const struct pb_request *rq);

#endif /* PB_FREELIST_H */
