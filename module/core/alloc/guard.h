/* SPDX-License-Identifier: GPL-2.0-only */
/* Guard pages around blocks, within a larger block. See guard.c. */
#ifndef PB_GUARD_H
#define PB_GUARD_H

#include "core/base/bad_page.h"
#include "core/base/order.h"

struct pb_pool;

/* Guards are within a pageblock, so that their bytes in the page order map are contiguous. */
#define PB_GUARD_ORDER_MAX	PB_PAGEBLOCK_ORDER

/**
 * struct pb_guarded - a block with guards, and the outer block that contains them
 * @pfn: head of the block
 * @order: its order
 * @start: first frame of the outer block; guards from here to @pfn
 * @end: last frame of the outer block + 1; guards from the end of the block to here
 */
struct pb_guarded {
	unsigned long	pfn;
	unsigned int	order;
	unsigned long	start;
	unsigned long	end;
};

unsigned long pb_guard_set(struct pb_pool *pool, unsigned long start, unsigned int outer,
			   unsigned int order);
bool pb_guard_find(struct pb_pool *pool, unsigned long pfn, unsigned int order,
		   unsigned int outer, struct pb_guarded *out);
enum pb_bad pb_guard_free(struct pb_pool *pool, const struct pb_guarded *guarded);
void pb_guard_drop(struct pb_pool *pool, const struct pb_guarded *guarded);

#endif /* PB_GUARD_H */
