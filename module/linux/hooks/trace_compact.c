// SPDX-License-Identifier: GPL-2.0-only
/*
 * Defines the tracepoints of trace_compact.h. While at least one is enabled, ops.compact_event
 * is set, and the core calls it for every step of compaction.
 */
#include <linux/compiler.h>

#include "core/compact/compact_event.h"
#include "instance.h"
#include "request/gfp.h"

#define CREATE_TRACE_POINTS
#include "hooks/trace_compact.h"

static void note(const struct pb_compact_event *e)
{
	switch (e->step) {
	case PB_COMPACT_TRY_PAGES:
		trace_mm_compaction_try_to_compact_pages(e->order,
							 pb_gfp_of_alloc_flags(e->rq->flags),
							 e->prio);
		break;
	case PB_COMPACT_BEGIN:
		trace_mm_compaction_begin(e);
		break;
	case PB_COMPACT_END:
		trace_mm_compaction_end(e);
		break;
	case PB_COMPACT_ISOLATE_MIGRATEPAGES:
		trace_mm_compaction_isolate_migratepages(e);
		break;
	case PB_COMPACT_ISOLATE_FREEPAGES:
		trace_mm_compaction_isolate_freepages(e);
		break;
	case PB_COMPACT_MIGRATEPAGES:
		trace_mm_compaction_migratepages(e);
		break;
	case PB_COMPACT_FINISHED:
		trace_mm_compaction_finished(e);
		break;
	case PB_COMPACT_SUITABLE:
		trace_mm_compaction_suitable(e);
		break;
	case PB_COMPACT_IS_DEFERRED:
		trace_mm_compaction_deferred(e);
		break;
	case PB_COMPACT_DEFER:
		trace_mm_compaction_defer_compaction(e);
		break;
	case PB_COMPACT_DEFER_RESET:
		trace_mm_compaction_defer_reset(e);
		break;
	}
}

/* Number of enabled tracepoints. The tracing core serialises reg and unreg; see trace.c. */
static unsigned int listeners;

int pb_trace_compact_reg(void)
{
	if (!listeners++)
		WRITE_ONCE(pb_instance.ops.compact_event, note);
	return 0;
}

void pb_trace_compact_unreg(void)
{
	if (!--listeners)
		WRITE_ONCE(pb_instance.ops.compact_event, NULL);
}
