/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A pageblock's free bitmap and the order bytes of its frames.
 *
 * Letter before a field's comment: A = changed by atomic operations from any context.
 */
#ifndef PB_PAGEBLOCK_TYPES_H
#define PB_PAGEBLOCK_TYPES_H

#include "core/base/order.h"

/**
 * struct pb_pageblock - 512 frames
 * @free: A: 1 = free. One cache line, and the only truth about what is free.
 * @order: per frame: 0, or at the head of an allocated block its order + 1. Written by whoever
 *	allocates or frees the frame, which no other CPU may do at the same time.
 */
struct pb_pageblock {
	atomic64_t	free[PB_WORDS];
	u8		order[PB_PAGEBLOCK_NR];
} ____cacheline_aligned;

#endif /* PB_PAGEBLOCK_TYPES_H */
