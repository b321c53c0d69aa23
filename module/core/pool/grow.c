// SPDX-License-Identifier: GPL-2.0-only
/*
 * More memory for a pool that is in use.
 *
 * Where a zone may grow is said when the pool is made (spans): directory, index and control are
 * made for all of that, so that nothing which others look at has to be replaced. An entry of the
 * directory then has its zone from the beginning, and is a hole until its pageblock is there:
 *
 *   grow:    GR1 make the pageblock, all frames free    others:  OT1 read the entry, or the index
 *            GR2 write the entry (release)                       OT2 read the entry
 *            GR3 set the bits of the index                       OT3 read the pageblock
 *
 * OT3 depends on the address read in OT2, so who finds the pageblock sees what GR1 wrote; who finds
 * its bit (GR3, by value-returning atomics) sees GR2 too: litmus grow-find.
 *
 * A zone only grows: a pageblock that is there stays until the pool goes.
 */
#include "core/base/pfn.h"
#include "core/pool/grow.h"

/* Room for one more entry of pool->meta, which nobody else looks at while the pool is in use. */
static int make_room(struct pb_pool *pool)
{
	void **meta = pb_meta_alloc((pool->nr_meta + 1) * sizeof(*meta), 0);

	if (!meta)
		return -ENOMEM;
	memcpy(meta, pool->meta, pool->nr_meta * sizeof(*meta));
	pb_meta_free(pool->meta);
	pool->meta = meta;
	return 0;
}

static bool within_span(struct pb_pool *pool, const struct pb_range *range)
{
	struct pb_zone *zone = pool->zone[range->nid][range->type];
	unsigned long pfn = range->start_pfn, end = pfn + range->nr_pages;

	if (!zone || (end - 1) >> PB_CHUNK_ORDER >= pool->nr_dir)
		return false;
	for (; pfn < end; pfn += PB_PAGEBLOCK_NR)
		if (pb_slot(pool, pfn)->zone != zone)
			return false;
	return true;
}

/**
 * pb_pool_grow - add memory to a pool that is in use
 * @pool: the pool
 * @range: whole pageblocks within the span of their zone; not a contiguous area
 *
 * From then on the frames are the pool's, as if it had been made with them. The marks are as they
 * were: pb_setup_per_zone_wmarks() makes them fit. Neither here nor there may be two callers at a
 * time.
 *
 * Context: may sleep. Return: 0; -EINVAL when the range is not such, -EEXIST when some of it is the
 * pool's already, -ENOMEM; nothing has changed then.
 * As online_pages() in mm/memory_hotplug.c, and deferred_grow_zone() in mm/mm_init.c.
 */
int pb_pool_grow(struct pb_pool *pool, const struct pb_range *range)
{
	int err;

	if (!pb_range_ok(range, pool->nr_nodes) || range->cma || !within_span(pool, range))
		return -EINVAL;
	err = make_room(pool);
	return err ?: pb_pool_add_range(pool, range);
}
EXPORT_SYMBOL_PB_TEST(pb_pool_grow);
