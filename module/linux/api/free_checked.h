/* SPDX-License-Identifier: GPL-2.0-only */
/* The free of blocks that leave the fast path. See free_checked.c. */
#ifndef PB_FREE_CHECKED_H
#define PB_FREE_CHECKED_H

#include <linux/types.h>

struct page;
struct pb_zone;

void pb_free_checked_preempt_enable(struct pb_zone *zone, unsigned int order, unsigned long pfn,
				    u8 *order_map, unsigned int mt, struct page *page);
void pb_free_full(struct page *page, unsigned int order);

#endif /* PB_FREE_CHECKED_H */
