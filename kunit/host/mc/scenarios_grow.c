// SPDX-License-Identifier: GPL-2.0-only
/* Scenarios of a zone that grows and shrinks. */
#include "core/alloc/alloc.h"
#include "core/compact/isolate.h"
#include "core/index/pageblock.h"
#include "core/pool/grow.h"
#include "core/pool/shrink.h"
#include "core/zone/watermark.h"
#include "core/zone/zone.h"
#include "scenario.h"

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

/* A free pageblock, and one of which most frames are allocated. */
static void shrinkable(void)
{
	mc_make_pool(2);
	mc_fill(PB_MOVABLE);
	mc_free_frames(0, 0, 2);
	mc_free(mc_pfn(1, 0), PB_PAGEBLOCK_ORDER);
	mc_drain_all();
}

static bool shrink(void)
{
	struct pb_shrink run;

	pb_shrink_start(&run, mc.zone, PB_ALLOC_NO_WATERMARKS, false);
	mc.got[6] = pb_shrink_next(&run);
	if (!mc_got(6))
		return false;
	mc.free -= PB_PAGEBLOCK_NR;
	return true;
}

static void shrink_once(void) { shrink(); }

static void shrink_undo(void)
{
	if (!shrink())
		return;
	pb_shrink_undo(mc.zone, mc.got[6]);
	mc.free += PB_PAGEBLOCK_NR;
}

static void shrink_grow(void)
{
	if (shrink())
		grow();
}

/* Takes up to two free pageblocks off together. */
static u64 shrink_two(unsigned long *pfn)
{
	struct pb_shrink run;
	u64 mask;

	pb_shrink_start(&run, mc.zone, PB_ALLOC_NO_WATERMARKS, false);
	mask = pb_shrink_next_many(&run, 2, pfn);
	mc.free -= hweight64(mask) * PB_PAGEBLOCK_NR;
	return mask;
}

static void shrink_two_once(void)
{
	unsigned long pfn;

	shrink_two(&pfn);
}

static void shrink_two_undo(void)
{
	unsigned long pfn;
	u64 mask;

	for (mask = shrink_two(&pfn); mask; mask &= mask - 1) {
		pb_shrink_undo(mc.zone, pfn + __ffs64(mask) * PB_PAGEBLOCK_NR);
		mc.free += PB_PAGEBLOCK_NR;
	}
}

static void shrink_two_grow(void)
{
	unsigned long pfn;
	u64 mask = shrink_two(&pfn);
	struct pb_range range = { .type = PB_ZONE_NORMAL };

	if (!mask)
		return;
	range.start_pfn = pfn + __ffs64(mask) * PB_PAGEBLOCK_NR;
	range.nr_pages = hweight64(mask) * PB_PAGEBLOCK_NR;
	if (pb_pool_grow(mc.pool, &range))
		mc_violate("the zone did not grow");
	mc.free += range.nr_pages;
}

/* Half of the pageblock is free, and the watermark needs it. */
static void growable_at_the_mark(void)
{
	growable();
	mc_free_frames(0, 0, PB_PAGEBLOCK_NR / 2);
	mc.zone->watermark[PB_WMARK_MIN] = PB_PAGEBLOCK_NR / 2;
	mc.zone->watermark[PB_WMARK_LOW] = PB_PAGEBLOCK_NR / 2;
	pb_zone_update_fast_watermark(mc.zone);
}

/* The same; another pageblock was there before. */
static void undo_at_the_mark(void)
{
	growable_at_the_mark();
	grow();
	shrink();
}

static void undo(void)
{
	pb_shrink_undo(mc.zone, mc_pfn(1, 0));
	mc.free += PB_PAGEBLOCK_NR;
}

static long free_frames(unsigned int pageblock)
{
	unsigned long value = pb_dir_entry(mc.pool, mc_pfn(pageblock, 0))->value;

	return pb_entry_pageblock(value) ? pb_pageblock_count_free(pb_entry_pageblock(value)) : 0;
}

/* Frames that are not free yet serve no request. */
static void request_in_first(void)
{
	mc_request_at(0, 0, 0);
	if (mc_got(0) && free_frames(0) + free_frames(1) < (long)PB_PAGEBLOCK_NR / 2)
		mc_violate("a request is served by frames that the watermark needs");
}

static void two_free(void) { mc_make_pool(2); }

static void grown_once(void)
{
	growable();
	grow();
}

static void grow_third(void)
{
	struct pb_range range = {
		.start_pfn = mc_pfn(2, 0), .nr_pages = PB_PAGEBLOCK_NR, .type = PB_ZONE_NORMAL,
	};

	if (pb_pool_grow(mc.pool, &range))
		mc_violate("the zone did not grow");
	mc.free += PB_PAGEBLOCK_NR;
}

static void zone_alloc9(void) { mc_zone_alloc(5, 9, PB_MOVABLE); }
static void alloc_unmovable(void) { mc_alloc(1, 0, PB_UNMOVABLE); }

static void alloc_free3(void)
{
	mc_zone_alloc(0, 3, PB_MOVABLE);
	if (mc_got(0))
		mc_zone_free(mc.got[0], 3);
}

static void alloc3_stay(void)
{
	mc_zone_alloc(0, 3, PB_MOVABLE);
	if (mc_got(0) && pb_page_order(mc.pool, mc.got[0]) != 3)
		mc_violate("an allocated block is not the pool's");
}

static void isolate_second(void)
{
	const struct pb_area area = { .first = 1, .nr = 1, .frames = PB_PAGEBLOCK_NR };

	if (pb_area_isolate(mc.zone, &area))
		pb_area_unisolate(mc.zone, &area);
}

static void alloc_unmovable3(void) { mc_alloc(2, 3, PB_UNMOVABLE); }
static void free400(void) { mc_zone_free(mc_pfn(0, 400), 0); }
static void free100(void) { mc_free(mc_pfn(0, 100), 0); }

static void movable_served(void) { mc_must_get(0, "no other actor could use all free memory"); }
static void set_marks(void) { pb_setup_per_zone_wmarks(mc.pool); }

static const struct mc_scenario rows[] = {
	{ "grow_alloc", growable, { grow_alloc, free400 }, 0, movable_served },
	{ "grow_fallback", growable, { grow, alloc_unmovable } },
	{ "grow_order_9", growable, { grow, zone_alloc9, set_marks } },
	{ "grow_at_the_mark", growable_at_the_mark, { grow, request_in_first } },
	{ "shrink_alloc", shrinkable, { shrink_once, alloc3_stay } },
	{ "shrink_order_9", shrinkable, { shrink_undo, zone_alloc9 } },
	{ "shrink_grow_alloc", shrinkable, { shrink_grow, alloc3_stay } },
	{ "shrink_grow_alloc_free", shrinkable, { shrink_grow, alloc_free3 } },
	{ "shrink_undo_alloc", shrinkable, { shrink_undo, alloc3_stay, free100 } },
	{ "shrink_two_alloc", two_free, { shrink_two_once, alloc3_stay } },
	{ "shrink_two_order_9", two_free, { shrink_two_undo, zone_alloc9 } },
	{ "shrink_two_grow_alloc", two_free, { shrink_two_grow, alloc_free3 } },
	{ "shrink_two_fallback", two_free, { shrink_two_undo, alloc_unmovable3 } },
	{ "shrink_two_isolate", two_free, { shrink_two_once, isolate_second } },
	{ "shrink_beside_grow", grown_once, { shrink_once, grow_third, alloc3_stay } },
	{ "shrink_fallback", shrinkable, { shrink_undo, alloc_unmovable3 } },
	{ "shrink_isolate", shrinkable, { shrink_once, isolate_second } },
	{ "shrink_undo_isolate", shrinkable, { shrink_undo, isolate_second } },
	{ "shrink_undo_at_the_mark", undo_at_the_mark, { undo, request_in_first } },
};

MC_GROUP(mc_grow_group, rows);
