/* SPDX-License-Identifier: GPL-2.0-only */
/* Take pageblocks off a pool that is in use. */
#ifndef PB_SHRINK_H
#define PB_SHRINK_H

#include "core/base/request.h"
#include "core/pool/pool.h"

#define PB_BLOCKED_MAX	8

/**
 * struct pb_blocked - the first blocks that kept their pageblocks from leaving a zone
 * @nr: their number
 * @pfn: their heads; of a pageblock with several the first
 */
struct pb_blocked {
	unsigned int	nr;
	unsigned long	pfn[PB_BLOCKED_MAX];
};

/**
 * struct pb_shrink - one run that takes pageblocks off a zone
 * @zone: the zone
 * @rq: its watermarks are kept
 * @move: migrate blocks out of pageblocks; false: take free pageblocks only, and do not sleep
 * @may: whether a pageblock may be taken, by its first PFN; NULL: any
 * @arg: for @may
 * @step: cost of the candidates, see shrink.c
 * @left: pageblocks of the zone that were not looked at in this step
 * @drained: the caches of all CPUs were drained
 * @watermark: the run ended at the watermark
 * @killed: the run ended because of a fatal signal
 * @nr_refused: pageblocks that @may refused, or whose migratetype is that of a reserve
 * @nr_pinned: pageblocks with blocks that cannot be moved
 * @nr_busy: pageblocks that could have been emptied and were not
 * @pinned_pfn: a block that cannot be moved, or PB_NO_PFN
 * @blocked: the first blocks in @nr_pinned and @nr_busy pageblocks are added to it, and of those in
 *	use at the watermark; may be NULL
 */
struct pb_shrink {
	struct pb_zone		*zone;
	struct pb_request	rq;
	bool			move;
	bool			(*may)(unsigned long pfn, void *arg);
	void			*arg;
	unsigned int		step;
	unsigned long		left;
	bool			drained;
	bool			watermark;
	bool			killed;
	unsigned long		nr_refused;
	unsigned long		nr_pinned;
	unsigned long		nr_busy;
	unsigned long		pinned_pfn;
	struct pb_blocked	*blocked;
};

/* Migratetypes of pageblocks that may be taken off: neither of a contiguous area nor a reserve. */
#define PB_SHRINK_TYPES	(BIT(PB_PCPTYPES) - 1)

void pb_shrink_start(struct pb_shrink *run, struct pb_zone *zone, pb_alloc_flags_t wmark,
		     bool move);
u64 pb_shrink_next_many(struct pb_shrink *run, unsigned int nr, unsigned long *pfn);
unsigned long pb_shrink_next(struct pb_shrink *run);
bool pb_shrink_leave(struct pb_zone *zone, unsigned long pfn, unsigned int types);
void pb_shrink_undo(struct pb_zone *zone, unsigned long pfn);

#endif /* PB_SHRINK_H */
