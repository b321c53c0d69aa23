/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The index of a zone over its pageblocks: one pb_free_area per migratetype, and one index control
 * word per pageblock, which says in which bitmaps the pageblock is.
 *
 * Letters before a field's comment: A = changed by atomic operations from any context; U = written
 * only by the CPU that holds the pageblock's update count (see free_area.c).
 */
#ifndef PB_FREE_AREA_TYPES_H
#define PB_FREE_AREA_TYPES_H

#include "core/base/bitmap_types.h"
#include "core/base/order.h"

/* Partly free pageblocks by fullness, in classes of PB_FULLNESS_PAGES free frames ... */
#define PB_NR_FULLNESS	16
#define PB_FULLNESS_PAGES	(PB_PAGEBLOCK_NR / PB_NR_FULLNESS)
/* ... and by their largest free order, 1 to 8. */
#define PB_NR_LARGEST	8

struct pb_free_area {
	struct pb_bitmap	fullness[PB_NR_FULLNESS];
	struct pb_bitmap	largest[PB_NR_LARGEST];	/* [n]: largest free order is n + 1 */
	struct pb_bitmap	free_pageblocks;	/* wholly free */
};

/*
 * Index control of a pageblock. @update (A) counts requests for an update, @index_class (U) is what
 * the index has now, @cur (A, hint) is 1 + the CPU that refills from the pageblock. One load reads
 * all of it (pb_index_excludes()).
 */
struct pb_index_ctl {
	atomic_t	update;
	u16		index_class;
	u16		cur;
} __aligned(8);

#endif /* PB_FREE_AREA_TYPES_H */
