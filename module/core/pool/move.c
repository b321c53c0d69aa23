// SPDX-License-Identifier: GPL-2.0-only
/*
 * Private zones, and pageblocks that move between zones of a pool in use.
 *
 * A private zone is in no zonelist: only requests whose ->zones has it are served from it. It has
 * the node, type and span of a zone of the zonelists, its home, and at first no memory. In all else
 * it is a zone as others: a free finds it by the directory entry of the page, so its memory returns
 * to it, however it is freed. It has no watermarks, and the node threads leave it alone. Private
 * zones are made while the pool is in use and stay until it is destroyed.
 *
 * A pageblock moves in four steps:
 *
 *   MV1 the caller allocates all of its frames, as a block of the pageblock's order
 *   MV2 pb_move_leave(): the directory entry becomes a hole (SH3 of shrink.c)
 *   MV3 the caller waits for an RCU grace period
 *   MV4 pb_move_enter(): the entry gets the other zone, then a value, and the frames become free
 *
 * shrink.c says why other CPUs may go on with what they read before MV2, as long as the pageblock
 * comes back to its zone. Here another CPU may have found it in the index of the old zone, and
 * would allocate from it for that zone, or put it into that index. So whatever goes by a number of
 * a pageblock in a zone reads the entry by pb_zone_entry_value() and changes the pageblock with
 * preemption off since then. Such a section that has begun before MV2 has ended after MV3, and one
 * that begins later sees a hole, or from MV4 on the other zone. An owner of a frame needs no check:
 * a pageblock with an allocated frame does not leave. (mc: move_alloc, move_scan, move_isolate,
 * move_unreserve)
 */
#include "core/alloc/alloc.h"
#include "core/base/pfn.h"
#include "core/cache/pcp.h"
#include "core/compact/compact.h"
#include "core/pool/move.h"
#include "core/pool/pool.h"
#include "core/pool/shrink.h"
#include "core/zone/zone.h"

/**
 * pb_private_zone_new - make an empty private zone
 * @home: a zone of the zonelists
 *
 * Context: may sleep; one caller at a time.
 * Return: the zone, or NULL without memory.
 */
struct pb_zone *pb_private_zone_new(struct pb_zone *home)
{
	struct pb_zone *zone = pb_meta_alloc(sizeof(*zone), home->nid);
	struct pb_pool *pool = home->pool;

	if (!zone)
		return NULL;
	zone->name = "Private";
	zone->home = home;
	if (pb_zone_init(zone, pool, home->nid, home->type, home->start_pfn, home->end_pfn) ||
	    pb_pcp_init(zone) || pb_compact_init(zone)) {
		pb_pool_free_zone(zone);
		return NULL;
	}
	zone->next_private = pool->private_zones;
	/* A walk over all zones sees the zone as it is made. */
	smp_store_release(&pool->private_zones, zone);
	return zone;
}
EXPORT_SYMBOL_PB_TEST(pb_private_zone_new);

/**
 * pb_move_split - divide an allocated block into blocks of the pageblock's order
 * @pool: the pool
 * @pfn: its head; the caller owns it, and it has no flag in the page order map
 * @order: its order, at least PB_PAGEBLOCK_ORDER
 *
 * Context: any.
 */
void pb_move_split(struct pb_pool *pool, unsigned long pfn, unsigned int order)
{
	unsigned long end = pfn + (1UL << order);

	preempt_disable();
	for (; pfn < end; pfn += PB_PAGEBLOCK_NR)
		WRITE_ONCE(*pb_order_map(pool, pfn), PB_PAGEBLOCK_ORDER + 1);
	preempt_enable();
}
EXPORT_SYMBOL_PB_TEST(pb_move_split);

/**
 * pb_move_join - join the frames of a pageblock, each allocated as order 0, to one block
 * @pool: the pool
 * @pfn: first PFN of the pageblock; the caller owns all of its frames
 *
 * The reverse of pb_split(). Flags in the page order map are lost.
 *
 * Context: any.
 */
void pb_move_join(struct pb_pool *pool, unsigned long pfn)
{
	unsigned int i;
	u8 *map;

	preempt_disable();
	map = pb_order_map(pool, pfn);
	for (i = PB_PAGEBLOCK_NR - 1; i > 0; i--)
		WRITE_ONCE(map[i], 0);
	WRITE_ONCE(map[0], PB_PAGEBLOCK_ORDER + 1);
	preempt_enable();
}
EXPORT_SYMBOL_PB_TEST(pb_move_join);

/**
 * pb_move_leave - take an allocated pageblock off its zone
 * @pool: the pool
 * @pfn: head of a block of PB_PAGEBLOCK_ORDER, which the caller owns
 *
 * Call pb_move_enter() after an RCU grace period. Watermarks and the bounds of the caches are not
 * changed.
 *
 * Context: any.
 * Return: false when the pageblock cannot leave, as compaction has it isolated or the reserve for
 * atomic requests has it; the block is free then.
 */
bool pb_move_leave(struct pb_pool *pool, unsigned long pfn)
{
	bool left;

	preempt_disable();
	*pb_order_map(pool, pfn) = 0;
	left = pb_shrink_leave(pb_dir_entry(pool, pfn)->zone, pfn, PB_SHRINK_TYPES);
	preempt_enable();
	return left;
}
EXPORT_SYMBOL_PB_TEST(pb_move_leave);

/**
 * pb_move_enter - give a zone a pageblock that has left another one, or the same
 * @zone: the zone, whose span contains it
 * @pfn: first PFN, after pb_move_leave() and an RCU grace period
 *
 * All frames are free and movable. Cannot fail. Context: any.
 */
void pb_move_enter(struct pb_zone *zone, unsigned long pfn)
{
	pb_pool_add_pageblock(zone, pfn, PB_MOVABLE);
}
EXPORT_SYMBOL_PB_TEST(pb_move_enter);
