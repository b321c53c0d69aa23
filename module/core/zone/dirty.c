// SPDX-License-Identifier: GPL-2.0-only
/*
 * Pages with contents that are to be written somewhere, and each node's share of them.
 *
 * Such pages cannot be had back before they are written, so a node that is full of them is one
 * where nobody gets memory. Who asks for a page to write to (__GFP_WRITE, PB_ALLOC_SPREAD_DIRTY)
 * is sent to the next node when one has more than its share, as long as there is such a node; only
 * the owners of pages know which are dirty, and say so.
 */
#include "core/base/pool_types.h"
#include "core/zone/dirty.h"
#include "core/zone/zone.h"

/**
 * pb_node_dirty_ok - may a node have more dirty pages?
 * @pool: the pool
 * @nid: the node
 *
 * Its share is pool->dirty_ratio percent of what could be dirty there: pages that are, and those
 * that are free above the high marks. Context: any. As node_dirty_ok() in mm/page-writeback.c.
 */
bool pb_node_dirty_ok(struct pb_pool *pool, int nid)
{
	long dirty = 0, room = 0, free;
	struct pb_zone *zone;

	pb_for_each_node_zone(zone, pool, nid) {
		free = pb_zone_free_pages(zone) - (long)READ_ONCE(zone->watermark[PB_WMARK_HIGH]);
		room += max(free, 0L);
		dirty += max(atomic_long_read(&zone->nr_dirty), 0L);
	}
	return dirty <= (room + dirty) * (long)READ_ONCE(pool->dirty_ratio) / 100;
}
EXPORT_SYMBOL_PB_TEST(pb_node_dirty_ok);

/**
 * pb_spread_ok - may a walk that spreads dirty pages take from a zone?
 * @spread: what the walk knows; the answer for a node is kept until the walk comes to another
 * @zone: the zone
 *
 * Context: any. As last_pgdat_dirty_ok in get_page_from_freelist() in mm/page_alloc.c.
 */
bool pb_spread_ok(struct pb_spread *spread, struct pb_zone *zone)
{
	if (spread->nid != zone->nid) {
		spread->nid = zone->nid;
		spread->ok = pb_node_dirty_ok(zone->pool, zone->nid);
	}
	return spread->ok;
}
EXPORT_SYMBOL_PB_TEST(pb_spread_ok);
