/* SPDX-License-Identifier: GPL-2.0-only */
/* Tracepoints pbuddy:mm_page_*, with the names and fields of the kmem events of mm/. */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM pbuddy

#if !defined(PB_TRACE_H) || defined(TRACE_HEADER_MULTI_READ)
#define PB_TRACE_H

#include <linux/gfp.h>
#include <linux/tracepoint.h>
#include <linux/types.h>
#include <trace/events/mmflags.h>

int pb_trace_slowpath_reg(void);
void pb_trace_slowpath_unreg(void);
int pb_trace_refill_reg(void);
void pb_trace_refill_unreg(void);
int pb_trace_drain_reg(void);
void pb_trace_drain_unreg(void);
int pb_trace_zone_alloc_reg(void);
void pb_trace_zone_alloc_unreg(void);
int pb_trace_fallback_reg(void);
void pb_trace_fallback_unreg(void);

/* At the start of a request, before the events of its allocation. */
TRACE_EVENT_FN(mm_page_alloc_entry,
	TP_PROTO(unsigned int order, gfp_t gfp_flags, int migratetype),
	TP_ARGS(order, gfp_flags, migratetype),
	TP_STRUCT__entry(
		__field(unsigned int,	order)
		__field(unsigned long,	gfp_flags)
		__field(int,		migratetype)
	),
	TP_fast_assign(
		__entry->order		= order;
		__entry->gfp_flags	= (__force unsigned long)gfp_flags;
		__entry->migratetype	= migratetype;
	),
	TP_printk("order=%u migratetype=%d gfp_flags=%s", __entry->order, __entry->migratetype,
		  show_gfp_flags(__entry->gfp_flags)),
	pb_trace_slowpath_reg, pb_trace_slowpath_unreg
);

/* A failed allocation has pfn -1, as in kmem:mm_page_alloc. */
TRACE_EVENT_FN(mm_page_alloc,
	TP_PROTO(unsigned long pfn, unsigned int order, gfp_t gfp_flags, int migratetype),
	TP_ARGS(pfn, order, gfp_flags, migratetype),
	TP_STRUCT__entry(
		__field(unsigned long,	pfn)
		__field(unsigned int,	order)
		__field(unsigned long,	gfp_flags)
		__field(int,		migratetype)
	),
	TP_fast_assign(
		__entry->pfn		= pfn;
		__entry->order		= order;
		__entry->gfp_flags	= (__force unsigned long)gfp_flags;
		__entry->migratetype	= migratetype;
	),
	TP_printk("pfn=0x%lx order=%u migratetype=%d gfp_flags=%s",
		  __entry->pfn, __entry->order, __entry->migratetype,
		  show_gfp_flags(__entry->gfp_flags)),
	pb_trace_slowpath_reg, pb_trace_slowpath_unreg
);

TRACE_EVENT_FN(mm_page_free,
	TP_PROTO(unsigned long pfn, unsigned int order),
	TP_ARGS(pfn, order),
	TP_STRUCT__entry(
		__field(unsigned long,	pfn)
		__field(unsigned int,	order)
	),
	TP_fast_assign(
		__entry->pfn	= pfn;
		__entry->order	= order;
	),
	TP_printk("pfn=0x%lx order=%u", __entry->pfn, __entry->order),
	pb_trace_slowpath_reg, pb_trace_slowpath_unreg
);

/* The core calls the tracepoints below through its ops; see trace.c. */
DECLARE_EVENT_CLASS(mm_page_pcp,
	TP_PROTO(int nid, int zone, unsigned int order, unsigned int migratetype,
		 unsigned int count),
	TP_ARGS(nid, zone, order, migratetype, count),
	TP_STRUCT__entry(
		__field(int,		nid)
		__field(int,		zone)
		__field(unsigned int,	order)
		__field(unsigned int,	migratetype)
		__field(unsigned int,	count)
	),
	TP_fast_assign(
		__entry->nid		= nid;
		__entry->zone		= zone;
		__entry->order		= order;
		__entry->migratetype	= migratetype;
		__entry->count		= count;
	),
	TP_printk("nid=%d zone=%s order=%u migratetype=%u count=%u", __entry->nid,
		  __print_symbolic(__entry->zone, { 0, "DMA32" }, { 1, "Normal" },
				   { 2, "Movable" }),
		  __entry->order, __entry->migratetype, __entry->count)
);

DEFINE_EVENT_FN(mm_page_pcp, mm_page_pcp_refill,
	TP_PROTO(int nid, int zone, unsigned int order, unsigned int migratetype,
		 unsigned int count),
	TP_ARGS(nid, zone, order, migratetype, count),
	pb_trace_refill_reg, pb_trace_refill_unreg
);

DEFINE_EVENT_FN(mm_page_pcp, mm_page_pcp_drain,
	TP_PROTO(int nid, int zone, unsigned int order, unsigned int migratetype,
		 unsigned int count),
	TP_ARGS(nid, zone, order, migratetype, count),
	pb_trace_drain_reg, pb_trace_drain_unreg
);

/* A block allocated from the zone's bitmaps, not from a pcp list. */
TRACE_EVENT_FN(mm_page_alloc_zone_locked,
	TP_PROTO(unsigned long pfn, unsigned int order, int migratetype, int percpu_refill),
	TP_ARGS(pfn, order, migratetype, percpu_refill),
	TP_STRUCT__entry(
		__field(unsigned long,	pfn)
		__field(unsigned int,	order)
		__field(int,		migratetype)
		__field(int,		percpu_refill)
	),
	TP_fast_assign(
		__entry->pfn		= pfn;
		__entry->order		= order;
		__entry->migratetype	= migratetype;
		__entry->percpu_refill	= percpu_refill;
	),
	TP_printk("pfn=0x%lx order=%u migratetype=%d percpu_refill=%d", __entry->pfn,
		  __entry->order, __entry->migratetype, __entry->percpu_refill),
	pb_trace_zone_alloc_reg, pb_trace_zone_alloc_unreg
);

/* A request served from a pageblock of another migratetype; change_ownership: it became its own. */
TRACE_EVENT_FN(mm_page_alloc_extfrag,
	TP_PROTO(unsigned long pfn, int alloc_order, int fallback_order, int alloc_migratetype,
		 int fallback_migratetype, int change_ownership),
	TP_ARGS(pfn, alloc_order, fallback_order, alloc_migratetype, fallback_migratetype,
		change_ownership),
	TP_STRUCT__entry(
		__field(unsigned long,	pfn)
		__field(int,		alloc_order)
		__field(int,		fallback_order)
		__field(int,		alloc_migratetype)
		__field(int,		fallback_migratetype)
		__field(int,		change_ownership)
	),
	TP_fast_assign(
		__entry->pfn			= pfn;
		__entry->alloc_order		= alloc_order;
		__entry->fallback_order		= fallback_order;
		__entry->alloc_migratetype	= alloc_migratetype;
		__entry->fallback_migratetype	= fallback_migratetype;
		__entry->change_ownership	= change_ownership;
	),
	TP_printk("pfn=0x%lx alloc_order=%d fallback_order=%d pageblock_order=9 alloc_migratetype=%d fallback_migratetype=%d fragmenting=%d change_ownership=%d",
		  __entry->pfn, __entry->alloc_order, __entry->fallback_order,
		  __entry->alloc_migratetype, __entry->fallback_migratetype,
		  __entry->fallback_order < 9, __entry->change_ownership),
	pb_trace_fallback_reg, pb_trace_fallback_unreg
);

#endif /* PB_TRACE_H */

/* This part must be outside protection */
#undef TRACE_INCLUDE_PATH
#define TRACE_INCLUDE_PATH .
#undef TRACE_INCLUDE_FILE
#define TRACE_INCLUDE_FILE trace
#include <trace/define_trace.h>
