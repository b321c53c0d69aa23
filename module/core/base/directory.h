/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The directory: from a PFN, by chunks of 1 GiB, to the entry of its pageblock. pfn.h reads it.
 *
 * Letters before a field's comment: I = set at initialisation, constant afterwards; R =
 * read-mostly, changed by compare-exchange.
 */
#ifndef PB_DIRECTORY_H
#define PB_DIRECTORY_H

#include "core/base/order.h"

#define PB_CHUNK_ORDER		18			/* frames under a directory entry */
#define PB_CHUNK_BLOCKS		BIT(PB_CHUNK_ORDER - PB_PAGEBLOCK_ORDER)

/*
 * Directory entry of a pageblock. The word is R: the pageblock's address with its
 * migratetype in the low three bits (pageblocks are cache-line aligned), or PB_SLOT_HOLE.
 */
#define PB_SLOT_MT_MASK		7UL
#define PB_SLOT_HOLE		7UL	/* in place of a word: no pageblock, and no migratetype */
#define PB_SLOT_SAVED_SHIFT	3	/* while it is isolated: the migratetype it had */
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
