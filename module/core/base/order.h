/* SPDX-License-Identifier: GPL-2.0-only */
/* Sizes in frames: orders, pageblocks, words of free bitmaps; and the invalid PFN and index. */
#ifndef PB_ORDER_H
#define PB_ORDER_H

#include "core/base/platform.h"

#define PB_MAX_ORDER		18			/* 1 GiB of 4 KiB frames */
#define PB_NR_ORDERS		(PB_MAX_ORDER + 1)
#define PB_PAGEBLOCK_ORDER	9
#define PB_PAGEBLOCK_NR		BIT(PB_PAGEBLOCK_ORDER)
#define PB_WORD_ORDER		6			/* 64 frames in a word of the free bitmap */
#define PB_WORD_NR		BIT(PB_WORD_ORDER)
#define PB_WORDS		(PB_PAGEBLOCK_NR / PB_WORD_NR)

#define PB_COSTLY_ORDER		3	/* PAGE_ALLOC_COSTLY_ORDER */

#define PB_NO_PFN		(~0UL)
#define PB_NO_PAGEBLOCK		(~0UL)

#endif /* PB_ORDER_H */
