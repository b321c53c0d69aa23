/* SPDX-License-Identifier: GPL-2.0-only */
/* Compaction: choose the cheapest area to empty. */
#ifndef PB_COMPACT_SCAN_H
#define PB_COMPACT_SCAN_H

#include "core/compact/compact_event.h"
#include "core/compact/isolate.h"

/* Pageblocks of one class to scan before the best of them is used. */
#define PB_COMPACT_CLASS_LOOKS	256

/**
 * struct pb_compact_blocks - blocks of one word that the migration owns
 * @pfn: first PFN of the word
 * @heads: their heads, one bit each
 * @order: their order
 *
 * In the page order map all are isolated movable blocks. Or a block of a word or more at @pfn, and
 * @heads is 1.
 */
struct pb_compact_blocks {
	unsigned long	pfn;
	u64		heads;
	unsigned int	order;
};

/**
 * struct pb_compact_control - one run of compaction over a zone
 * @zone: the zone
 * @order: order of the requested block
 * @nr: pageblocks of an area; 1 up to the pageblock's order
 * @align: alignment of its first pageblock, a power of two
 * @frames: frames of an area in each of its pageblocks
 * @types: migratetypes an area's pageblocks may have, BIT() each
 * @mode: enum pb_migrate_mode
 * @to_free_pageblock: free pageblocks may be migration targets
 * @gain: the aim is more free pageblocks, so free pageblocks are not candidates
 * @target: per type, the pageblock that single frames are migrated to until it is full
 * @limit: emptiest fullness class that may be a migration target
 * @ready: targets that were allocated in advance, from the words of a pageblock, one element each
 * @next_ready: first element of @ready that is left
 * @end_ready: end of those that are left
 * @wanted: frames of the area that are to be migrated, about: no more are allocated in advance
 * @skipped: an area was skipped because of a skip hint
 * @passed: pageblocks with skip hints that this run has passed
 * @busy: a range was skipped because another compaction has isolated a pageblock of it
 * @contended: ended early for a signal, another task, or the watermark
 * @isolated: pages isolated
 * @moved: pages migrated
 * @scanned: steps of the search for targets that are not yet counted as an event
 * @searched: steps of the search for @ready that are not yet in an event for tracepoints
 * @migrate_pfn: first PFN of the area that is being emptied
 * @free_pfn: last migration target
 */
struct pb_compact_control {
	struct pb_zone		*zone;
	unsigned int		order;
	unsigned long		nr;
	unsigned long		align;
	unsigned int		frames;
	unsigned int		types;
	enum pb_migrate_mode	mode;
	bool			to_free_pageblock;
	bool			gain;
	unsigned long		target[PB_INDEXED_TYPES];
	unsigned int		limit;
	struct pb_compact_blocks ready[PB_WORDS];
	unsigned int		next_ready;
	unsigned int		end_ready;
	unsigned long		wanted;
	bool			skipped;
	unsigned int		passed;
	bool			busy;
	bool			contended;
	unsigned long		isolated;
	unsigned long		moved;
	unsigned long		scanned;
	unsigned long		searched;
	unsigned long		migrate_pfn;
	unsigned long		free_pfn;
};

/* Whether the run ends as contended: for a fatal signal, or, when asynchronous, another task. */
static inline bool pb_compact_should_abort(struct pb_compact_control *cc)
{
	if (pb_fatal_signal() || (cc->mode == PB_MIGRATE_ASYNC && pb_need_resched()))
		cc->contended = true;
	return cc->contended;
}

bool pb_compact_find_area(struct pb_compact_control *cc, struct pb_area *area);
void pb_compact_set_skip(struct pb_compact_control *cc, const struct pb_area *area);
void pb_compact_reset_skip(struct pb_zone *zone);
unsigned int pb_compact_count_free(struct pb_zone *zone, unsigned long index,
				   unsigned int *fullness);

#endif /* PB_COMPACT_SCAN_H */
