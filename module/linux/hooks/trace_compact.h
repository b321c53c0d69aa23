/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Tracepoints pbuddy:mm_compaction_*, with the names and fields of the compaction events of mm/.
 * pbuddy's compaction has no two scanners. migrate_pfn is the area that is being emptied, free_pfn
 * the destination of the last block that was moved. Before the first block is moved they are the
 * two ends of the zone, as in mm/.
 */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM pbuddy

#if !defined(PB_TRACE_COMPACT_H) || defined(TRACE_HEADER_MULTI_READ)
#define PB_TRACE_COMPACT_H

#include <linux/gfp.h>
#include <linux/tracepoint.h>
#include <linux/types.h>
#include <trace/events/mmflags.h>

#include "core/compact/compact_event.h"

int pb_trace_compact_reg(void);
void pb_trace_compact_unreg(void);

#define pb_show_zone(type)							\
	__print_symbolic(type, { PB_ZONE_DMA32, "DMA32" }, { PB_ZONE_NORMAL, "Normal" },	\
			 { PB_ZONE_MOVABLE, "Movable" })

#define pb_show_compact_status(status)						\
	__print_symbolic(status,						\
			 { PB_COMPACT_SKIPPED, "skipped" },			\
			 { PB_COMPACT_DEFERRED, "deferred" },			\
			 { PB_COMPACT_CONTINUE, "continue" },			\
			 { PB_COMPACT_SUCCESS, "success" },			\
			 { PB_COMPACT_PARTIAL_SKIPPED, "partial_skipped" },	\
			 { PB_COMPACT_COMPLETE, "complete" },			\
			 { PB_COMPACT_CONTENDED, "contended" })

/* Defines an event of a class; ops.compact_event is set while it is enabled. */
#define DEFINE_COMPACT_EVENT(class, name)					\
	DEFINE_EVENT_FN(class, name,						\
		TP_PROTO(const struct pb_compact_event *e), TP_ARGS(e),		\
		pb_trace_compact_reg, pb_trace_compact_unreg)

TRACE_EVENT_FN(mm_compaction_try_to_compact_pages,
	TP_PROTO(int order, gfp_t gfp_mask, int prio),
	TP_ARGS(order, gfp_mask, prio),
	TP_STRUCT__entry(
		__field(int,		order)
		__field(unsigned long,	gfp_mask)
		__field(int,		prio)
	),
	TP_fast_assign(
		__entry->order		= order;
		__entry->gfp_mask	= (__force unsigned long)gfp_mask;
		__entry->prio		= prio;
	),
	TP_printk("order=%d gfp_mask=%s priority=%d", __entry->order,
		  show_gfp_flags(__entry->gfp_mask), __entry->prio),
	pb_trace_compact_reg, pb_trace_compact_unreg
);

TRACE_EVENT_FN(mm_compaction_begin,
	TP_PROTO(const struct pb_compact_event *e),
	TP_ARGS(e),
	TP_STRUCT__entry(
		__field(unsigned long,	zone_start)
		__field(unsigned long,	migrate_pfn)
		__field(unsigned long,	free_pfn)
		__field(unsigned long,	zone_end)
		__field(bool,		sync)
	),
	TP_fast_assign(
		__entry->zone_start	= e->zone->start_pfn;
		__entry->migrate_pfn	= e->start;
		__entry->free_pfn	= e->end;
		__entry->zone_end	= e->zone->end_pfn;
		__entry->sync		= e->sync;
	),
	TP_printk("zone_start=0x%lx migrate_pfn=0x%lx free_pfn=0x%lx zone_end=0x%lx, mode=%s",
		  __entry->zone_start, __entry->migrate_pfn, __entry->free_pfn,
		  __entry->zone_end, __entry->sync ? "sync" : "async"),
	pb_trace_compact_reg, pb_trace_compact_unreg
);

TRACE_EVENT_FN(mm_compaction_end,
	TP_PROTO(const struct pb_compact_event *e),
	TP_ARGS(e),
	TP_STRUCT__entry(
		__field(unsigned long,	zone_start)
		__field(unsigned long,	migrate_pfn)
		__field(unsigned long,	free_pfn)
		__field(unsigned long,	zone_end)
		__field(bool,		sync)
		__field(int,		status)
	),
	TP_fast_assign(
		__entry->zone_start	= e->zone->start_pfn;
		__entry->migrate_pfn	= e->start;
		__entry->free_pfn	= e->end;
		__entry->zone_end	= e->zone->end_pfn;
		__entry->sync		= e->sync;
		__entry->status		= e->status;
	),
	TP_printk("zone_start=0x%lx migrate_pfn=0x%lx free_pfn=0x%lx zone_end=0x%lx, mode=%s status=%s",
		  __entry->zone_start, __entry->migrate_pfn, __entry->free_pfn,
		  __entry->zone_end, __entry->sync ? "sync" : "async",
		  pb_show_compact_status(__entry->status)),
	pb_trace_compact_reg, pb_trace_compact_unreg
);

/* isolate_freepages counts pageblocks as scanned, not pages. */
DECLARE_EVENT_CLASS(mm_compaction_isolate_template,
	TP_PROTO(const struct pb_compact_event *e),
	TP_ARGS(e),
	TP_STRUCT__entry(
		__field(unsigned long,	start_pfn)
		__field(unsigned long,	end_pfn)
		__field(unsigned long,	nr_scanned)
		__field(unsigned long,	nr_taken)
	),
	TP_fast_assign(
		__entry->start_pfn	= e->start;
		__entry->end_pfn	= e->end;
		__entry->nr_scanned	= e->nr[0];
		__entry->nr_taken	= e->nr[1];
	),
	TP_printk("range=(0x%lx ~ 0x%lx) nr_scanned=%lu nr_taken=%lu", __entry->start_pfn,
		  __entry->end_pfn, __entry->nr_scanned, __entry->nr_taken)
);

DEFINE_COMPACT_EVENT(mm_compaction_isolate_template, mm_compaction_isolate_migratepages);
DEFINE_COMPACT_EVENT(mm_compaction_isolate_template, mm_compaction_isolate_freepages);

TRACE_EVENT_FN(mm_compaction_migratepages,
	TP_PROTO(const struct pb_compact_event *e),
	TP_ARGS(e),
	TP_STRUCT__entry(
		__field(unsigned long,	nr_migrated)
		__field(unsigned long,	nr_failed)
	),
	TP_fast_assign(
		__entry->nr_migrated	= e->nr[1];
		__entry->nr_failed	= e->nr[0] - e->nr[1];
	),
	TP_printk("nr_migrated=%lu nr_failed=%lu", __entry->nr_migrated, __entry->nr_failed),
	pb_trace_compact_reg, pb_trace_compact_unreg
);

DECLARE_EVENT_CLASS(mm_compaction_suitable_template,
	TP_PROTO(const struct pb_compact_event *e),
	TP_ARGS(e),
	TP_STRUCT__entry(
		__field(int,	nid)
		__field(int,	idx)
		__field(int,	order)
		__field(int,	ret)
	),
	TP_fast_assign(
		__entry->nid	= e->zone->nid;
		__entry->idx	= e->zone->type;
		__entry->order	= e->order;
		__entry->ret	= e->status;
	),
	TP_printk("node=%d zone=%-8s order=%d ret=%s", __entry->nid, pb_show_zone(__entry->idx),
		  __entry->order, pb_show_compact_status(__entry->ret))
);

DEFINE_COMPACT_EVENT(mm_compaction_suitable_template, mm_compaction_finished);
DEFINE_COMPACT_EVENT(mm_compaction_suitable_template, mm_compaction_suitable);

DECLARE_EVENT_CLASS(mm_compaction_defer_template,
	TP_PROTO(const struct pb_compact_event *e),
	TP_ARGS(e),
	TP_STRUCT__entry(
		__field(int,		nid)
		__field(int,		idx)
		__field(int,		order)
		__field(unsigned int,	considered)
		__field(unsigned int,	defer_shift)
		__field(int,		order_failed)
	),
	TP_fast_assign(
		__entry->nid		= e->zone->nid;
		__entry->idx		= e->zone->type;
		__entry->order		= e->order;
		__entry->considered	= READ_ONCE(e->zone->compact_considered);
		__entry->defer_shift	= READ_ONCE(e->zone->compact_defer_shift);
		__entry->order_failed	= READ_ONCE(e->zone->compact_order_failed);
	),
	TP_printk("node=%d zone=%-8s order=%d order_failed=%d consider=%u limit=%lu",
		  __entry->nid, pb_show_zone(__entry->idx), __entry->order,
		  __entry->order_failed, __entry->considered, 1UL << __entry->defer_shift)
);

DEFINE_COMPACT_EVENT(mm_compaction_defer_template, mm_compaction_deferred);
DEFINE_COMPACT_EVENT(mm_compaction_defer_template, mm_compaction_defer_compaction);
DEFINE_COMPACT_EVENT(mm_compaction_defer_template, mm_compaction_defer_reset);

#endif /* PB_TRACE_COMPACT_H */

/* This part must be outside protection */
#undef TRACE_INCLUDE_PATH
#define TRACE_INCLUDE_PATH .
#undef TRACE_INCLUDE_FILE
#define TRACE_INCLUDE_FILE trace_compact
#include <trace/define_trace.h>
