/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A pageblock: its free bitmap and its part of the page order map.
 *
 * Letter before a field's comment: A = changed by atomic operations from any context.
 */
#ifndef PB_PAGEBLOCK_TYPES_H
#define PB_PAGEBLOCK_TYPES_H

#include "core/base/order.h"

/**
 * struct pb_pageblock - 512 frames
 * @free: A: 1 = free. One cache line. It alone decides what is free.
 * @order_map: page order map, one byte per frame; see frame.h. Written by the owner of the frame.
 */
struct pb_pageblock {
	atomic64_t	free[PB_WORDS];
	u8		order_map[PB_PAGEBLOCK_NR];
} ____cacheline_aligned;

/* A block in a pcp list: its head and that one's byte in the page order map, found already. */
struct pb_pcp_entry {
	unsigned long	pfn;
	u8		*order_map;
};

#endif /* PB_PAGEBLOCK_TYPES_H */
