/* SPDX-License-Identifier: GPL-2.0-only */
/* Events of compaction for tracepoints: ops->compact_event. */
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
 * struct pb_compact_event - a step of compaction, for tracepoints
 * @step: the step; selects which of the other members are set
 * @order: order of the requested block
 * @zone: the zone; not for TRY_PAGES
 * @rq: TRY_PAGES: the request
 * @prio: TRY_PAGES: the priority
 * @status: END, FINISHED, SUITABLE: the result
 * @sync: BEGIN, END: whether migrations may block
 * @start: ISOLATE: first frame; BEGIN, END: first frame of the area that is being emptied
 * @end: ISOLATE: frame after the last; BEGIN, END: last migration target
 * @nr: ISOLATE: number scanned (frames; pageblocks for FREEPAGES) and frames isolated;
 *	MIGRATEPAGES: frames tried and migrated
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

/* Reports an event; the arguments are members of struct pb_compact_event. */
#define pb_compact_note(pool, ...) do {						\
	void (*note)(const struct pb_compact_event *event);			\
										\
	note = READ_ONCE((pool)->ops.compact_event);				\
	if (unlikely(note))							\
		note(&(struct pb_compact_event) { __VA_ARGS__ });		\
} while (0)

#endif /* PB_COMPACT_EVENT_H */
