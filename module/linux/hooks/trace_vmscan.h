/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Tracepoints pbuddy:mm_vmscan_* and pbuddy:mm_shrink_slab_*, with the names and fields of the
 * vmscan events of mm/.
 */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM pbuddy

#if !defined(PB_TRACE_VMSCAN_H) || defined(TRACE_HEADER_MULTI_READ)
#define PB_TRACE_VMSCAN_H

#include <linux/gfp.h>
#include <linux/pbuddy.h>
#include <linux/tracepoint.h>
#include <linux/types.h>
#include <trace/events/mmflags.h>

#include "core/alloc/reclaim.h"

TRACE_EVENT(mm_vmscan_direct_reclaim_begin,
	TP_PROTO(int order, gfp_t gfp_flags),
	TP_ARGS(order, gfp_flags),
	TP_STRUCT__entry(
		__field(int,		order)
		__field(unsigned long,	gfp_flags)
	),
	TP_fast_assign(
		__entry->order		= order;
		__entry->gfp_flags	= (__force unsigned long)gfp_flags;
	),
	TP_printk("order=%d gfp_flags=%s", __entry->order, show_gfp_flags(__entry->gfp_flags))
);

TRACE_EVENT(mm_vmscan_direct_reclaim_end,
	TP_PROTO(unsigned long nr_reclaimed),
	TP_ARGS(nr_reclaimed),
	TP_STRUCT__entry(__field(unsigned long, nr_reclaimed)),
	TP_fast_assign(__entry->nr_reclaimed = nr_reclaimed;),
	TP_printk("nr_reclaimed=%lu", __entry->nr_reclaimed)
);

/* A request wakes a node's thread; not while a wakeup is pending. */
TRACE_EVENT(mm_vmscan_wakeup_kswapd,
	TP_PROTO(int nid, int zid, int order, gfp_t gfp_flags),
	TP_ARGS(nid, zid, order, gfp_flags),
	TP_STRUCT__entry(
		__field(int,		nid)
		__field(int,		zid)
		__field(int,		order)
		__field(unsigned long,	gfp_flags)
	),
	TP_fast_assign(
		__entry->nid		= nid;
		__entry->zid		= zid;
		__entry->order		= order;
		__entry->gfp_flags	= (__force unsigned long)gfp_flags;
	),
	TP_printk("nid=%d order=%d gfp_flags=%s", __entry->nid, __entry->order,
		  show_gfp_flags(__entry->gfp_flags))
);

/* The node's thread starts to balance the node. */
TRACE_EVENT(mm_vmscan_kswapd_wake,
	TP_PROTO(int nid, int zid, int order),
	TP_ARGS(nid, zid, order),
	TP_STRUCT__entry(
		__field(int,	nid)
		__field(int,	zid)
		__field(int,	order)
	),
	TP_fast_assign(
		__entry->nid	= nid;
		__entry->zid	= zid;
		__entry->order	= order;
	),
	TP_printk("nid=%d order=%d", __entry->nid, __entry->order)
);

TRACE_EVENT(mm_vmscan_kswapd_sleep,
	TP_PROTO(int nid),
	TP_ARGS(nid),
	TP_STRUCT__entry(__field(int, nid)),
	TP_fast_assign(__entry->nid = nid;),
	TP_printk("nid=%d", __entry->nid)
);

/* Before the calls of a reclaimer. Counts pages where mm/ counts objects. */
TRACE_EVENT(mm_shrink_slab_start,
	TP_PROTO(const struct pbuddy_reclaimer *reclaimer, int nid, gfp_t gfp,
		 const struct pb_reclaim_query *query),
	TP_ARGS(reclaimer, nid, gfp, query),
	TP_STRUCT__entry(
		__field(const void *,		shr)
		__field(void *,			shrink)
		__field(int,			nid)
		__field(long,			nr_objects_to_shrink)
		__field(unsigned long,		gfp_flags)
		__field(unsigned long,		cache_items)
		__field(unsigned long long,	delta)
		__field(unsigned long,		total_scan)
		__field(int,			priority)
	),
	TP_fast_assign(
		__entry->shr			= reclaimer;
		__entry->shrink			= reclaimer->scan_pages;
		__entry->nid			= nid;
		__entry->nr_objects_to_shrink	= query->left_over;
		__entry->gfp_flags		= (__force unsigned long)gfp;
		__entry->cache_items		= query->freeable;
		__entry->delta			= query->delta;
		__entry->total_scan		= query->total;
		__entry->priority		= query->priority;
	),
	TP_printk("%pS %p: nid: %d objects to shrink %ld gfp_flags %s cache items %ld delta %lld total_scan %ld priority %d",
		  __entry->shrink, __entry->shr, __entry->nid, __entry->nr_objects_to_shrink,
		  show_gfp_flags(__entry->gfp_flags), __entry->cache_items, __entry->delta,
		  __entry->total_scan, __entry->priority)
);

TRACE_EVENT(mm_shrink_slab_end,
	TP_PROTO(const struct pbuddy_reclaimer *reclaimer, int nid, int freed,
		 const struct pb_reclaim_query *query),
	TP_ARGS(reclaimer, nid, freed, query),
	TP_STRUCT__entry(
		__field(const void *,	shr)
		__field(int,		nid)
		__field(void *,		shrink)
		__field(long,		unused_scan)
		__field(long,		new_scan)
		__field(int,		retval)
		__field(long,		total_scan)
	),
	TP_fast_assign(
		__entry->shr		= reclaimer;
		__entry->nid		= nid;
		__entry->shrink		= reclaimer->scan_pages;
		__entry->unused_scan	= query->left_over;
		__entry->new_scan	= atomic_long_read(query->deferred);
		__entry->retval		= freed;
		__entry->total_scan	= query->total;
	),
	TP_printk("%pS %p: nid: %d unused scan count %ld new scan count %ld total_scan %ld last shrinker return val %d",
		  __entry->shrink, __entry->shr, __entry->nid, __entry->unused_scan,
		  __entry->new_scan, __entry->total_scan, __entry->retval)
);

#endif /* PB_TRACE_VMSCAN_H */

/* This part must be outside protection */
#undef TRACE_INCLUDE_PATH
#define TRACE_INCLUDE_PATH .
#undef TRACE_INCLUDE_FILE
#define TRACE_INCLUDE_FILE trace_vmscan
#include <trace/define_trace.h>
