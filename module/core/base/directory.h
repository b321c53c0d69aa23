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

#define PB_SECTION_ORDER	18			/* frames of a section, as an order */
#define PB_SECTION_PAGEBLOCKS	BIT(PB_SECTION_ORDER - PB_PAGEBLOCK_ORDER)

/*
 * Directory entry of a pageblock. The entry value is R: the pageblock's address with its
 * migratetype in the low three bits (pageblocks are cache-line aligned). A hole has PB_ENTRY_HOLE
 * in place of a migratetype. Its address is 0, or that of the pageblock that was there or is about
 * to be added, whose memory stays until the pool is destroyed (pool/shrink.c).
 */
#define PB_ENTRY_MT_MASK	7UL
#define PB_ENTRY_HOLE		7UL	/* no pageblock, no migratetype */
#define PB_ENTRY_SAVED_SHIFT	3	/* while isolated, and later: the previous migratetype */
#define PB_ENTRY_FLAGS_MASK	63UL

struct pb_zone;

struct pb_dir_entry {
	unsigned long	value;
	struct pb_zone	*zone;		/* changes while the entry is a hole (move.c) */
};

struct pb_dir_section {
	struct pb_dir_entry	entry[PB_SECTION_PAGEBLOCKS];
};

#endif /* PB_DIRECTORY_H */
