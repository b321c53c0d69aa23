// SPDX-License-Identifier: GPL-2.0-only
/*
 * Defines the tracepoints of trace.h and connects those of the core.
 *
 * The core has no tracepoints. It calls a function of pb_pool.ops if that is not NULL. While a
 * tracepoint of the core is enabled, its reg function has set the op to a function here.
 */
#include <linux/build_bug.h>
#include <linux/compiler.h>

#include "core/base/zone_types.h"
#include "instance.h"
#include "request/percpu_zone.h"

#define CREATE_TRACE_POINTS
#include "hooks/trace.h"

static void refill(struct pb_zone *zone, unsigned int order, unsigned int mt, unsigned int nr)
{
	trace_mm_page_pcp_refill(zone->nid, zone->type, order, mt, nr);
}

static void drain(struct pb_zone *zone, unsigned int order, unsigned int mt, unsigned int nr)
{
	trace_mm_page_pcp_drain(zone->nid, zone->type, order, mt, nr);
}

int pb_trace_slowpath_reg(void)
{
	pb_slowpath_inc();
	return 0;
}

void pb_trace_slowpath_unreg(void)
{
	pb_slowpath_dec();
}

static void zone_alloc(struct pb_zone *zone, unsigned long pfn, unsigned int order,
		       unsigned int mt)
{
	trace_mm_page_alloc_zone_locked(pfn, order, mt, 0);
}

static void fallback(struct pb_zone *zone, unsigned long pfn, unsigned int order,
		     unsigned int fallback_order, unsigned int mt, unsigned int fallback_mt,
		     bool claimed)
{
	trace_mm_page_alloc_extfrag(pfn, order, fallback_order, mt, fallback_mt, claimed);
}

/*
 * The tracing core serialises the reg and unreg functions. A CPU that has read the op before unreg
 * may still call the function afterwards. The function then still exists: the module is unloaded
 * only after all calls of the allocator have returned.
 */
int pb_trace_refill_reg(void)
{
	/* trace.h prints the zone names by these numbers. */
	BUILD_BUG_ON(PB_ZONE_DMA32 != 0 || PB_ZONE_NORMAL != 1 || PB_ZONE_MOVABLE != 2);
	WRITE_ONCE(pb_instance.ops.refill, refill);
	return 0;
}

void pb_trace_refill_unreg(void)
{
	WRITE_ONCE(pb_instance.ops.refill, NULL);
}

int pb_trace_drain_reg(void)
{
	WRITE_ONCE(pb_instance.ops.drain, drain);
	return 0;
}

void pb_trace_drain_unreg(void)
{
	WRITE_ONCE(pb_instance.ops.drain, NULL);
}

int pb_trace_zone_alloc_reg(void)
{
	WRITE_ONCE(pb_instance.ops.zone_alloc, zone_alloc);
	return 0;
}

void pb_trace_zone_alloc_unreg(void)
{
	WRITE_ONCE(pb_instance.ops.zone_alloc, NULL);
}

int pb_trace_fallback_reg(void)
{
	WRITE_ONCE(pb_instance.ops.fallback, fallback);
	return 0;
}

void pb_trace_fallback_unreg(void)
{
	WRITE_ONCE(pb_instance.ops.fallback, NULL);
}
