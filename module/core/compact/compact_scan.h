/* SPDX-License-Identifier: GPL-2.0-only */
/* Where compaction works: which area is the cheapest to empty, and where its contents go. */
#ifndef PB_COMPACT_SCAN_H
#define PB_COMPACT_SCAN_H

#include "core/compact/compact_event.h"
#include "core/compact/isolate.h"

/**
 * struct pb_compact_control - one run of compaction over a zone
 * @zone: the zone
 * @order: order of the block wanted
 * @nr: pageblocks of an area; 1 up to the pageblock's order
 * @align: alignment of its first pageblock, a power of two
 * @frames: frames of an area in each of its pageblocks
 * @types: migratetypes an area's pageblocks may have, BIT() each
 * @mode: enum pb_migrate_mode
 * @to_whole: may move contents into wholly free pageblocks
 * @gain: wholly free pageblocks are no areas: there is nothing to gain
 * @target: pageblock of each type that single frames are moved to, until it is full
 * @limit: emptiest occupancy class that contents are moved to
 * @skipped: a skip hint hid an area
 * @busy: another compaction's pageblock hid a run
 * @contended: given up for others' sake
 * @isolated: pages isolated to be moved
 * @moved: pages moved
 * @migrate_pfn: the area that is being emptied
 * @free_pfn: where the last block was moved to
 */
struct pb_compact_control {
	struct pb_zone		*zone;
	unsigned int		order;
	unsigned long		nr;
	unsigned long		align;
	unsigned int		frames;
	unsigned int		types;
	enum pb_migrate_mode	mode;
	bool			to_whole;
	bool			gain;
	unsigned long		target[PB_INDEXED_TYPES];
	unsigned int		limit;
	bool			skipped;
	bool			busy;
	bool			contended;
	unsigned long		isolated;
	unsigned long		moved;
	unsigned long		migrate_pfn;
	unsigned long		free_pfn;
};

bool pb_compact_pick(struct pb_compact_control *cc, struct pb_area *area);
void pb_compact_set_skip(struct pb_compact_control *cc, const struct pb_area *area);
void pb_compact_reset_skip(struct pb_zone *zone);
unsigned long pb_compact_target(struct pb_compact_control *cc, unsigned int order);

#endif /* PB_COMPACT_SCAN_H */
