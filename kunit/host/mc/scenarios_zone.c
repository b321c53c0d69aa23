// SPDX-License-Identifier: GPL-2.0-only
/* Scenarios of watermarks, the highatomic reserve, fallback, and a zone that grows. */
#include "core/alloc/alloc.h"
#include "core/cache/drain.h"
#include "core/compact/isolate.h"
#include "core/pool/grow.h"
#include "core/zone/fallback.h"
#include "core/zone/highatomic.h"
#include "core/zone/watermark.h"
#include "core/zone/zone.h"
#include "scenario.h"

#define FAULT_HIDDEN	"1: an updater stopped in convert() starves other types"
#define FAULT_RESERVE	"2: convert() changes a highatomic pageblock, and the reserve leaks"

#define HIGHATOMIC	(PB_ALLOC_HIGHATOMIC | PB_ALLOC_NON_BLOCK)
#define MARK		510

static const struct pb_area first_pageblock = { .nr = 1, .frames = PB_PAGEBLOCK_NR };

/* As in a zone that may reserve two pageblocks; only the first is free. */
static void setup_reserve(enum pb_migratetype mt)
{
	mc_make_pool(2);
	mc.present_pages = 110 * PB_PAGEBLOCK_NR;
	mc_fill(mt);
	pb_free(mc.pool, mc_pfn(0, 0), PB_PAGEBLOCK_ORDER);
	mc_drain_all();
}

static void unmovable_reserve(void) { setup_reserve(PB_UNMOVABLE); }
static void movable_reserve(void) { setup_reserve(PB_MOVABLE); }

static void reserved(void)
{
	unmovable_reserve();
	mc.zone->present_pages = mc.present_pages;
	pb_highatomic_reserve(mc.zone, mc_pfn(0, 0), 0);
	mc.zone->present_pages = 2 * PB_PAGEBLOCK_NR;
}

static void at_the_mark(void)
{
	mc_make_pool(1);
	mc.zone->watermark[PB_WMARK_MIN] = MARK;
	mc.zone->watermark[PB_WMARK_LOW] = MARK;
	pb_zone_update_fast_watermark(mc.zone);
}

static void check_mark(void)
{
	if (pb_zone_free_pages(mc.zone) < MARK)
		mc_violate("the zone is below the watermark");
}

static void mark_alloc0(void)
{
	mc_alloc(0, 0, PB_MOVABLE);
	check_mark();
}

static void mark_alloc1(void)
{
	mc_alloc(1, 1, PB_MOVABLE);
	check_mark();
}

static void mark_alloc_free(void)
{
	mc_zone_alloc(2, 0, PB_UNMOVABLE);
	if (mc_got(2))
		mc_zone_free(mc.got[2], 0);
}

static void boost(void)
{
	mc.pool->wmark.watermark_boost_factor = 15000;
	pb_zone_boost(mc.zone, 0);
}

static void decay(void) { pb_zone_decay_boost(mc.zone); }

static void one_served(void)
{
	if (!mc_got(0) && !mc_got(1))
		mc_violate("both requests failed though two pages are above the watermark");
}

static void alloc_movable(void) { mc_alloc(0, 0, PB_MOVABLE); }
static void alloc_unmovable(void) { mc_alloc(1, 0, PB_UNMOVABLE); }
static void alloc_reclaimable(void) { mc_alloc(2, 4, PB_RECLAIMABLE); }
static void alloc_atomic(void) { mc_alloc_flags(3, 1, PB_UNMOVABLE, HIGHATOMIC); }
static void alloc_atomic_other(void) { mc_alloc_flags(4, 1, PB_UNMOVABLE, HIGHATOMIC); }
static void unreserve(void) { pb_highatomic_unreserve_zone(mc.zone, PB_MOVABLE, true); }
static void unreserve_other(void) { pb_highatomic_unreserve_zone(mc.zone, PB_UNMOVABLE, true); }
static void free_in_first(void) { mc_zone_free(mc_pfn(0, 400), 0); }
static void zone_alloc9(void) { mc_zone_alloc(5, 9, PB_MOVABLE); }

static void isolate_first(void)
{
	if (pb_area_isolate(mc.zone, &first_pageblock))
		pb_area_unisolate(mc.zone, &first_pageblock);
}

static void mostly_free(void)
{
	mc_make_pool(2);
	mc_fill(PB_MOVABLE);
	mc_free_frames(0, 0, 300);
}

static void both_types_free(void)
{
	mc_make_pool(2);
	mc_fill(PB_MOVABLE);
	mc_free_frames(0, 0, 300);
	mc_free_frames(1, 0, 300);
}

static void three_free(void) { mc_make_pool(3); }

static void unmovable_served(void) { mc_must_get(1, "no other actor could use all free memory"); }
static void reclaimable_served(void) { mc_must_get(2, "no other actor could use all free memory"); }

static void both_served(void)
{
	unmovable_served();
	reclaimable_served();
}

static void movable_served(void) { mc_must_get(0, "no other actor could use all free memory"); }

static void growable(void)
{
	mc_make_growable_pool(1, 3);
	mc_fill(PB_MOVABLE);
	mc_free_frames(0, 0, 0);
}

static void grow(void)
{
	struct pb_range range = {
		.start_pfn = mc_pfn(1, 0), .nr_pages = PB_PAGEBLOCK_NR, .type = PB_ZONE_NORMAL,
	};

	if (pb_pool_grow(mc.pool, &range))
		mc_violate("the zone did not grow");
	mc.free += PB_PAGEBLOCK_NR;
}

static void grow_alloc(void)
{
	grow();
	mc_zone_alloc(0, 0, PB_MOVABLE);
}

static void set_marks(void) { pb_setup_per_zone_wmarks(mc.pool); }

static const struct mc_scenario rows[] = {
	{ "watermark_0_1", at_the_mark, { mark_alloc0, mark_alloc1 }, 0, one_served },
	{ "watermark_0_free", at_the_mark, { mark_alloc0, mark_alloc_free } },
	{ "watermark_boost", at_the_mark, { mark_alloc0, boost, decay } },
	{ "watermark_set", at_the_mark, { alloc_movable, set_marks, boost } },
	{ "highatomic_fallback", unmovable_reserve, { alloc_movable, alloc_atomic }, 0, NULL,
	  FAULT_RESERVE },
	{ "highatomic_unreserve", unmovable_reserve, { alloc_atomic, unreserve } },
	{ "highatomic_two", unmovable_reserve, { alloc_atomic, alloc_atomic_other } },
	{ "highatomic_two_unreserve", reserved, { unreserve, unreserve_other } },
	{ "highatomic_unreserve_alloc", reserved, { unreserve, alloc_atomic } },
	{ "highatomic_isolate", movable_reserve, { alloc_atomic, isolate_first } },
	{ "highatomic_order_9", movable_reserve, { alloc_atomic, zone_alloc9 } },
	{ "fallback_two_types_free", mostly_free, { alloc_unmovable, alloc_reclaimable,
	  free_in_first }, 0, both_served, FAULT_HIDDEN },
	{ "fallback_two_types", both_types_free, { alloc_unmovable, alloc_reclaimable }, 0,
	  both_served },
	{ "fallback_free_pageblocks", three_free, { alloc_unmovable, alloc_reclaimable }, 0,
	  both_served, FAULT_HIDDEN },
	{ "fallback_movable", three_free, { alloc_unmovable, alloc_movable }, 0, movable_served,
	  FAULT_HIDDEN },
	{ "fallback_order_9", three_free, { alloc_unmovable, zone_alloc9 }, 0, unmovable_served,
	  FAULT_HIDDEN },
	{ "fallback_isolate", mostly_free, { alloc_unmovable, isolate_first } },
	{ "grow_alloc", growable, { grow_alloc, free_in_first }, 0, movable_served },
	{ "grow_fallback", growable, { grow, alloc_unmovable } },
	{ "grow_order_9", growable, { grow, zone_alloc9, set_marks } },
};

MC_GROUP(mc_zone_group, rows);
