// SPDX-License-Identifier: GPL-2.0-only
/*
 * Dirty balance: each node's share of dirty pages.
 *
 * Dirty pages cannot be reclaimed before they are written back, so requests fail on a node that
 * is full of them. A request for a page to write to (__GFP_WRITE, PB_ALLOC_SPREAD_DIRTY) skips
 * nodes above their share while another node is below it. The owners of pages report which are
 * dirty, through pbuddy_account_dirtied().
 */
#include "core/base/pool_types.h"
#include "core/zone/dirty.h"
#include "core/zone/zone.h"

/**
 * pb_node_dirty_ok - whether a node is within its share of dirty pages
 * @pool: the pool
 * @nid: the node
 *
 * The share is pool->dirty_ratio percent of the node's dirtyable pages: dirty pages, and free pages
 * above the high watermarks. Context: any. As node_dirty_ok() in mm/page-writeback.c.
 * Return: whether it is.
 */
bool pb_node_dirty_ok(struct pb_pool *pool, int nid)
{
	long dirty = 0, available = 0, free;
	struct pb_zone *zone;

	pb_for_each_node_zone(zone, pool, nid) {
		free = pb_zone_free_pages(zone) - (long)READ_ONCE(zone->watermark[PB_WMARK_HIGH]);
		available += max(free, 0L);
		dirty += max(atomic_long_read(&zone->nr_dirty), 0L);
	}
	return dirty <= (available + dirty) * (long)READ_ONCE(pool->dirty_ratio) / 100;
}
EXPORT_SYMBOL_PB_TEST(pb_node_dirty_ok);

/**
 * pb_dirty_add - add to the dirty pages of a zone
 * @zone: the zone
 * @nr_pages: number of pages; less than 0: they are no longer dirty
 *
 * Context: any.
 */
void pb_dirty_add(struct pb_zone *zone, long nr_pages)
{
	if (!READ_ONCE(zone->pool->dirty_reported))
		WRITE_ONCE(zone->pool->dirty_reported, true);
	atomic_long_add(nr_pages, &zone->nr_dirty);
}

/**
 * pb_dirty_balance_ok - whether a walk that balances dirty pages may allocate from a zone
 * @balance: state of the walk; caches the result for the current node
 * @zone: the zone
 *
 * Context: any. As last_pgdat_dirty_ok in get_page_from_freelist() in mm/page_alloc.c.
 * Return: whether it may.
 */
bool pb_dirty_balance_ok(struct pb_dirty_balance *balance, struct pb_zone *zone)
{
	if (balance->nid != zone->nid) {
		balance->nid = zone->nid;
		balance->ok = pb_node_dirty_ok(zone->pool, zone->nid);
	}
	return balance->ok;
}
EXPORT_SYMBOL_PB_TEST(pb_dirty_balance_ok);
