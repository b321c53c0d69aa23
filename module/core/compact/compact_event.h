/* SPDX-License-Identifier: GPL-2.0-only */
/* What compaction says of itself while somebody listens: ops->compact_event. */
#ifndef PB_COMPACT_EVENT_H
#define PB_COMPACT_EVENT_H

#include "core/base/compact_types.h"
#include "core/base/request.h"

/* The steps; names are those of mm/'s tracepoints. */
enum pb_compact_step {
	PB_COMPACT_TRY_PAGES,
	PB_COMPACT_BEGIN,
	PB_COMPACT_END,
	PB_COMPACT_ISOLATE_MIGRATEPAGES,
	PB_COMPACT_ISOLATE_FREEPAGES,
	PB_COMPACT_MIGRATEPAGES,
	PB_COMPACT_FINISHED,
	PB_COMPACT_SUITABLE,
	PB_COMPACT_IS_DEFERRED,
	PB_COMPACT_DEFER,
	PB_COMPACT_DEFER_RESET,
};

/**
 * struct pb_compact_event - a step of compaction, for who watches
 * @step: which; it says which of the others are set
 * @order: of the block wanted
 * @zone: where; but for TRY_PAGES
 * @rq: TRY_PAGES: for whom
 * @prio: TRY_PAGES: how hard
 * @status: END, FINISHED, SUITABLE: the answer
 * @sync: BEGIN, END: may migrations block?
 * @start: ISOLATE: first frame; BEGIN, END: of the area that is being emptied
 * @end: ISOLATE: frame after the last; BEGIN, END: where the last block was moved to
 * @nr: ISOLATE: what was looked at (frames; for FREEPAGES pageblocks) and frames taken;
 *	MIGRATEPAGES: frames tried and moved
 */
struct pb_compact_event {
	enum pb_compact_step		step;
	unsigned int			order;
	struct pb_zone			*zone;
	const struct pb_request		*rq;
	enum pb_compact_priority	prio;
	enum pb_compact_result		status;
	bool				sync;
	unsigned long			start;
	unsigned long			end;
	unsigned long			nr[2];
};

/* Says one; the arguments are members of struct pb_compact_event. */
#define pb_compact_note(pool, ...) do {						\
	void (*note)(const struct pb_compact_event *event);			\
										\
	note = READ_ONCE((pool)->ops.compact_event);				\
	if (unlikely(note))							\
		note(&(struct pb_compact_event) { __VA_ARGS__ });		\
} while (0)

#endif /* PB_COMPACT_EVENT_H */
