// SPDX-License-Identifier: GPL-2.0-only
/*
 * Add memory to a pool that is in use.
 *
 * The configuration of a pool says where its zones may grow (spans). Directory, index and index
 * control are allocated for the whole span, so nothing that readers use is replaced later. The
 * directory entry of a future pageblock has its zone from the beginning, or gets it in GR1 where
 * spans overlap, and is a hole until the pageblock is added:
 *
 *   grow:    GR1 make the pageblock, no frame free      others:  OT1 read the entry, or the index
 *            GR2 write the entry (release)                       OT2 read the entry
 *            GR3 free all frames, update the index               OT3 read the pageblock
 *            GR4 count them as free
 *
 * OT3 depends on the address read in OT2, so a CPU that reads the new entry sees the stores of
 * GR1. A CPU that finds a free frame or the index bit (GR3, by value-returning atomics) sees GR2,
 * too. (litmus: grow-find) GR4 comes last, as in a free: a request that the watermarks grant for it
 * leaves as many frames free as they demand. (mc: grow_at_the_mark, shrink_undo_at_the_mark)
 *
 * Memory that was taken off (shrink.c) is added in the same way. Its pageblocks exist already, so
 * other CPUs may find them with an entry value from before; these see a free frame after GR2 only.
 */
#include "core/base/pfn.h"
#include "core/pool/grow.h"

/* Enlarges pool->meta by an entry; only the growing task accesses it while the pool is in use. */
static int extend_meta(struct pb_pool *pool)
{
	void **meta = pb_meta_alloc((pool->nr_meta + 1) * sizeof(*meta), 0);

	if (!meta)
		return -ENOMEM;
	memcpy(meta, pool->meta, pool->nr_meta * sizeof(*meta));
	pb_meta_free(pool->meta);
	pool->meta = meta;
	return 0;
}

/* Whether an entry is a hole that no zone has had memory in. Spans of zones may overlap there. */
static bool unused(const struct pb_dir_entry *entry)
{
	return entry->zone && !pb_entry_pageblock(READ_ONCE(entry->value));
}

static bool within_span(struct pb_pool *pool, const struct pb_range *range)
{
	struct pb_zone *zone = pool->zone[range->nid][range->type];
	unsigned long pfn = range->start_pfn, end = pfn + range->nr_pages;
	const struct pb_dir_entry *entry;

	if (!zone || pfn < zone->start_pfn || end > zone->end_pfn)
		return false;
	for (; pfn < end; pfn += PB_PAGEBLOCK_NR) {
		entry = pb_dir_entry(pool, pfn);
		if (entry->zone != zone && !unused(entry))
			return false;
	}
	return true;
}

/**
 * pb_pool_grow - add memory to a pool that is in use
 * @pool: the pool
 * @range: whole pageblocks within the span of their zone; not a contiguous area
 *
 * The watermarks are not changed; call pb_setup_per_zone_wmarks() afterwards. The caller serialises
 * calls of both functions.
 *
 * Context: may sleep.
 * Return: 0; -EINVAL for another range, -EEXIST when the pool owns a part of it, or -ENOMEM. An
 * error changes nothing. As online_pages() in mm/memory_hotplug.c, and deferred_grow_zone() in
 * mm/mm_init.c.
 */
int pb_pool_grow(struct pb_pool *pool, const struct pb_range *range)
{
	int err = 0;

	if (!pb_range_ok(range, pool->nr_nodes) || range->cma || !within_span(pool, range))
		return -EINVAL;
	if (pb_pool_nr_new(pool, range))
		err = extend_meta(pool);
	return err ?: pb_pool_add_range(pool, range);
}
EXPORT_SYMBOL_PB_TEST(pb_pool_grow);
