// SPDX-License-Identifier: GPL-2.0-only
/* Scenarios of a pageblock that moves from the zone to a private zone, and back (move.c). */
#include "core/alloc/alloc.h"
#include "core/cache/drain.h"
#include "core/compact/isolate.h"
#include "core/pool/move.h"
#include "core/zone/highatomic.h"
#include "core/zone/zone.h"
#include "rcu.h"
#include "scenario.h"

static struct pb_zone *(*private_zones)[PB_NR_ZONE_TYPES];

/* A free pageblock, another with two free frames, and a private zone without memory. */
static void movable_memory(void)
{
	mc_make_pool(2);
	private_zones = pb_meta_alloc(sizeof(*private_zones), 0);
	private_zones[0][PB_ZONE_NORMAL] = pb_private_zone_new(mc.zone);
	mc_fill(PB_MOVABLE);
	mc_free_frames(0, 0, 2);
	mc_free(mc_pfn(1, 0), PB_PAGEBLOCK_ORDER);
	mc_drain_all();
}

/* The free pageblock is in the private zone. */
static void moved_memory(void)
{
	movable_memory();
	mc_alloc(7, PB_PAGEBLOCK_ORDER, PB_MOVABLE);
	pb_move_leave(mc.pool, mc.got[7]);
	pb_move_enter(private_zones[0][PB_ZONE_NORMAL], mc.got[7]);
}

static void move(struct pb_zone *zone, unsigned long pfn)
{
	if (pfn == PB_NO_PFN)
		return;
	mc.free += PB_PAGEBLOCK_NR;
	if (!pb_move_leave(mc.pool, pfn))
		return;
	mc_synchronize_rcu();
	pb_move_enter(zone, pfn);
}

static void move_away(void)
{
	mc_alloc(6, PB_PAGEBLOCK_ORDER, PB_MOVABLE);
	move(private_zones[0][PB_ZONE_NORMAL], mc.got[6]);
}

static unsigned long private_alloc(unsigned int order)
{
	struct pb_request rq = {
		.order = order, .migratetype = PB_MOVABLE, .highest_zone = PB_ZONE_MOVABLE,
		.zones = private_zones,
	};
	unsigned long pfn = pb_alloc(mc.pool, &rq, NULL);

	if (pfn != PB_NO_PFN)
		mc.free -= 1L << order;
	return pfn;
}

static void move_back(void)
{
	mc.got[6] = private_alloc(PB_PAGEBLOCK_ORDER);
	move(mc.zone, mc.got[6]);
}

/* As in a zone that is large enough for a reserve. */
static void reserve(struct pb_zone *zone, unsigned long pfn)
{
	zone->present_pages += 110 * PB_PAGEBLOCK_NR;
	pb_highatomic_reserve(zone, pfn, 0);
	zone->present_pages -= 110 * PB_PAGEBLOCK_NR;
}

/* The free pageblock is in the reserve. */
static void reserved_memory(void)
{
	movable_memory();
	reserve(mc.zone, mc_pfn(1, 0));
}

static void unreserve(void) { pb_highatomic_unreserve_zone(mc.zone, PB_MOVABLE, true); }

static void move_reserved(void)
{
	unreserve();
	move_away();
	if (mc_got(6))
		reserve(pb_pfn_zone(mc.pool, mc.got[6]), mc.got[6]);
}

static void zone_alloc(unsigned int order)
{
	preempt_disable();
	mc_zone_alloc(0, order, PB_MOVABLE);
	preempt_enable();
}

static void alloc3(void) { zone_alloc(3); }
static void alloc9(void) { zone_alloc(9); }
static void request3(void) { mc_alloc(0, 3, PB_MOVABLE); }
static void request_unmovable3(void) { mc_alloc(0, 3, PB_UNMOVABLE); }
static void scan3(void) { mc_scan(0, 3, PB_MOVABLE); }

static void private_alloc_free(void)
{
	mc.got[1] = private_alloc(0);
	if (!mc_got(1))
		return;
	if (!pb_pfn_zone(mc.pool, mc.got[1])->home)
		mc_violate("a private zone has another zone's memory");
	mc_free(mc.got[1], 0);
}

static void isolate_second(void)
{
	struct pb_area area = { .first = 1, .nr = 1, .frames = PB_PAGEBLOCK_NR };

	if (pb_area_isolate(mc.zone, &area))
		pb_area_unisolate(mc.zone, &area);
}

static void request_in_its_zone(void)
{
	if (mc_got(0) && pb_pfn_zone(mc.pool, mc.got[0]) != mc.zone)
		mc_violate("a request has memory of a private zone");
}

static const struct mc_scenario rows[] = {
	{ "move_alloc", movable_memory, { move_away, alloc3 }, 0, request_in_its_zone },
	{ "move_alloc_9", movable_memory, { move_away, alloc9 }, 0, request_in_its_zone },
	{ "move_request", movable_memory, { move_away, request3 }, 0, request_in_its_zone },
	{ "move_fallback", movable_memory, { move_away, request_unmovable3 }, 0,
	  request_in_its_zone },
	{ "move_scan", movable_memory, { move_away, scan3 }, 0, request_in_its_zone },
	{ "move_unreserve", reserved_memory, { move_reserved, unreserve } },
	{ "move_isolate", movable_memory, { move_away, isolate_second } },
	{ "move_back", moved_memory, { move_back, private_alloc_free } },
};

MC_GROUP(mc_move_group, rows);
