/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The index of a zone over its pageblocks: one pb_free_area for each migratetype, and for each
 * pageblock where it stands there.
 *
 * Letters before a field's comment: A = changed by atomic operations from any context; U = written
 * only by the CPU that holds the pageblock's update count (see free_area.c).
 */
#ifndef PB_FREE_AREA_TYPES_H
#define PB_FREE_AREA_TYPES_H

#include "core/base/bitmap_types.h"
#include "core/base/order.h"

/* Pageblocks by how full they are, in classes of so many free frames, for single frames ... */
#define PB_NR_OCC	16
#define PB_OCC_NR	(PB_PAGEBLOCK_NR / PB_NR_OCC)
/* ... and by the largest free order inside them (1 to 8), for blocks of frames. */
#define PB_NR_LARGEST	8

struct pb_free_area {
	struct pb_bitmap	occ[PB_NR_OCC];
	struct pb_bitmap	largest[PB_NR_LARGEST];	/* [n]: largest free order is n + 1 */
	struct pb_bitmap	whole;			/* wholly free */
};

/*
 * Where a pageblock stands in the free_area index. @update counts requests to bring the index up to
 * date, @key (U) is what it says now, @cur (A, hint) is 1 + the CPU that refills from the block.
 */
struct pb_block_ctl {
	atomic_t	update;
	u16		key;
	u16		cur;
};

#endif /* PB_FREE_AREA_TYPES_H */
