/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The directory: an array of sections of 1 GiB of physical addresses; each section has an entry
 * for each of its pageblocks. pfn.h has the lookup.
 *
 * Letters before a field's comment: I = set at initialisation, constant afterwards; R =
 * read-mostly, changed by compare-exchange.
 */
#ifndef PB_DIRECTORY_H
#define PB_DIRECTORY_H

#include "core/base/order.h"

#define PB_CHUNK_ORDER		18			/* frames of a section, as an order */
#define PB_CHUNK_BLOCKS		BIT(PB_CHUNK_ORDER - PB_PAGEBLOCK_ORDER)

/*
 * Directory entry of a pageblock. The entry value is R: the pageblock's address with its
 * migratetype in the low three bits (pageblocks are cache-line aligned), or PB_SLOT_HOLE.
 */
#define PB_SLOT_MT_MASK		7UL
#define PB_SLOT_HOLE		7UL	/* entry value of a hole: no pageblock, no migratetype */
#define PB_SLOT_SAVED_SHIFT	3	/* while isolated: the previous migratetype */
#define PB_SLOT_FLAGS_MASK	63UL

struct pb_zone;

struct pb_slot {
	unsigned long	word;
	struct pb_zone	*zone;		/* I */
};

struct pb_chunk {
	struct pb_slot	slot[PB_CHUNK_BLOCKS];
};

#endif /* PB_DIRECTORY_H */
