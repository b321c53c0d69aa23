// SPDX-License-Identifier: GPL-2.0-only
/*
 * Initialise and destroy a pool: its ranges, zones and zonelists.
 *
 * The lookup from a PFN to its pageblock has two steps, a directory section per GiB of physical
 * addresses and an entry per pageblock in it. Holes between ranges share one section. The
 * pageblocks of a range are one allocation on its node.
 */
#include "core/base/pfn.h"
#include "core/cache/pcp.h"
#include "core/compact/compact.h"
#include "core/index/free_area.h"
#include "core/index/many.h"
#include "core/index/pageblock.h"
#include "core/pool/pool.h"
#include "core/pool/stat.h"
#include "core/zone/zone.h"

/* RECLAIM_DISTANCE of include/linux/topology.h */
#define NODE_RECLAIM_DISTANCE	30

bool pb_range_ok(const struct pb_range *range, int nr_nodes)
{
	return range->nr_pages && range->nid >= 0 && range->nid < nr_nodes &&
	       range->type < PB_NR_ZONE_TYPES &&
	       !(range->start_pfn % PB_PAGEBLOCK_NR) && !(range->nr_pages % PB_PAGEBLOCK_NR) &&
	       range->start_pfn + range->nr_pages > range->start_pfn;
}

/* Allocates a section whose entries are holes. */
static struct pb_dir_section *new_section(int nid)
{
	struct pb_dir_section *section = pb_meta_alloc(sizeof(*section), nid);
	unsigned int i;

	for (i = 0; section && i < PB_SECTION_PAGEBLOCKS; i++)
		section->entry[i].value = PB_ENTRY_HOLE;
	return section;
}

static unsigned long last_section(const struct pb_range *range)
{
	return (range->start_pfn + range->nr_pages - 1) >> PB_SECTION_ORDER;
}

/* Enumerates the ranges, then the spans. */
static const struct pb_range *nth_range(const struct pb_pool_config *config, unsigned int i)
{
	return i < config->nr_ranges ? &config->ranges[i] : &config->spans[i - config->nr_ranges];
}

/* Allocates the directory, and a section for each GiB with a range or span. */
static int make_directory(struct pb_pool *pool, const struct pb_pool_config *config)
{
	unsigned int nr = config->nr_ranges + config->nr_spans, i;
	const struct pb_range *range;
	struct pb_dir_section *own;
	unsigned long section;

	for (i = 0; i < nr; i++)
		pool->nr_dir = max(pool->nr_dir, last_section(nth_range(config, i)) + 1);
	pool->dir = pb_meta_alloc(pool->nr_dir * sizeof(*pool->dir), 0);
	pool->hole_section = new_section(0);
	if (!pool->dir || !pool->hole_section)
		return -ENOMEM;
	for (section = 0; section < pool->nr_dir; section++)
		pool->dir[section] = pool->hole_section;
	for (i = 0; i < nr; i++) {
		range = nth_range(config, i);
		section = range->start_pfn >> PB_SECTION_ORDER;
		for (; section <= last_section(range); section++) {
			if (pool->dir[section] != pool->hole_section)
				continue;
			own = new_section(range->nid);
			if (!own)
				return -ENOMEM;
			pool->dir[section] = own;
		}
	}
	return 0;
}

static int make_zone(struct pb_pool *pool, const struct pb_pool_config *config, int nid,
		     enum pb_zone_type type)
{
	unsigned long start = ~0UL, end = 0;
	const struct pb_range *range;
	struct pb_zone *zone;
	unsigned int i;

	for (i = 0; i < config->nr_ranges + config->nr_spans; i++) {
		range = nth_range(config, i);
		if (range->nid != nid || range->type != type)
			continue;
		if (i >= config->nr_ranges && !end && !range->creates_zone)
			continue;
		start = min(start, range->start_pfn);
		end = max(end, range->start_pfn + range->nr_pages);
	}
	if (!end)
		return 0;
	zone = pb_meta_alloc(sizeof(*zone), nid);
	if (!zone)
		return -ENOMEM;
	pool->zone[nid][type] = zone;
	zone->name = pb_zone_type_name[type];
	return pb_zone_init(zone, pool, nid, type, start, end);
}

static int make_zones(struct pb_pool *pool, const struct pb_pool_config *config)
{
	int nid, type, err;

	pool->zone = pb_meta_alloc(config->nr_nodes * sizeof(*pool->zone), 0);
	if (!pool->zone)
		return -ENOMEM;
	for (nid = 0; nid < config->nr_nodes; nid++) {
		for (type = 0; type < PB_NR_ZONE_TYPES; type++) {
			err = make_zone(pool, config, nid, type);
			if (err)
				return err;
		}
	}
	return 0;
}

/*
 * Set the zone of a pageblock before it is present, because readers may find it concurrently. Where
 * spans overlap, the zone that grows there sets it: pb_pool_add_pageblock().
 */
static void mark_span(struct pb_pool *pool, const struct pb_range *span)
{
	struct pb_zone *zone = pool->zone[span->nid][span->type];
	unsigned long pfn = span->start_pfn, end = pfn + span->nr_pages;

	for (; zone && pfn < end; pfn += PB_PAGEBLOCK_NR)
		pb_dir_entry(pool, pfn)->zone = zone;
}

/* Pageblocks that are added with preemption off. */
#define ADD_AT_ONCE	8U

/*
 * Adds pageblocks, no frame of which is free or allocated, to their zone: all frames become free.
 * The directory entry of each is a hole with the address of the pageblock. They are in the word of
 * the index that begins with @first. Preemption is off, so that verify, which stops all CPUs, finds
 * each wholly or not at all.
 */
static void add_pageblocks(struct pb_zone *zone, unsigned long first, u64 mask,
			   enum pb_migratetype mt)
{
	struct pb_dir_entry *dir = pb_dir_entry(zone->pool, pb_pageblock_pfn(zone, first)), *entry;
	long pages = (long)hweight64(mask) << PB_PAGEBLOCK_ORDER;
	struct pb_pageblock *pageblock;
	u64 left;

	preempt_disable();
	pb_zone_add_present(zone, pages);
	/* Before nr_free, as in a free, so that no floor is too low. */
	if (mt == PB_CMA) {
		zone->cma_pages += pages;
		atomic_long_add(pages, &zone->nr_free_cma);
	}
	for (left = mask; left; left &= left - 1) {
		entry = &dir[__ffs64(left)];
		if (entry->zone != zone)
			WRITE_ONCE(entry->zone, zone);
		pageblock = pb_entry_pageblock(READ_ONCE(entry->value));
		/* A CPU that reads the entry sees the initialised pageblock. */
		smp_store_release(&entry->value, (unsigned long)pageblock | mt);
		/* Full barriers: a CPU that allocates a frame sees the entry. */
		pb_pageblock_free_whole(pageblock);
	}
	pb_index_free_many(zone, first, mask);
	/* Not before they are free: the watermarks would grant other frames for them. */
	pb_zone_account(zone, pages);
	preempt_enable();
}

/**
 * pb_pool_add_pageblock - add a pageblock that has left its zone, or another one
 * @zone: the zone that gets it, whose span contains it
 * @pfn: first PFN; the directory entry is a hole with the address of the pageblock
 * @mt: its migratetype
 *
 * No frame is free or allocated; all become free. Context: any.
 */
void pb_pool_add_pageblock(struct pb_zone *zone, unsigned long pfn, enum pb_migratetype mt)
{
	unsigned long index = pb_pageblock_index(zone, pfn);

	add_pageblocks(zone, round_down(index, 64), BIT_ULL(index % 64), mt);
}

/* Adds a range whose directory entries are holes with addresses. */
static void add_all(struct pb_zone *zone, unsigned long index, unsigned long end,
		    enum pb_migratetype mt)
{
	unsigned long first, nr;

	for (; index < end; index += nr) {
		first = round_down(index, 64);
		nr = min3(end - index, first + 64 - index, ADD_AT_ONCE + 0UL);
		add_pageblocks(zone, first, (BIT_ULL(nr) - 1) << (index - first), mt);
	}
}

/* Counts the pageblocks of a range that have no memory for their metadata yet. */
unsigned long pb_pool_nr_new(struct pb_pool *pool, const struct pb_range *range)
{
	unsigned long pfn = range->start_pfn, end = pfn + range->nr_pages, nr = 0;

	for (; pfn < end; pfn += PB_PAGEBLOCK_NR)
		nr += !pb_entry_pageblock(READ_ONCE(pb_dir_entry(pool, pfn)->value));
	return nr;
}

/* Adds the pageblocks of a range to its zone, all free and movable, as mm/ starts. */
int pb_pool_add_range(struct pb_pool *pool, const struct pb_range *range)
{
	unsigned long pfn, end = range->start_pfn + range->nr_pages, nr;
	struct pb_zone *zone = pool->zone[range->nid][range->type];
	struct pb_pageblock *blocks = NULL;
	struct pb_dir_entry *entry;

	for (pfn = range->start_pfn; pfn < end; pfn += PB_PAGEBLOCK_NR)
		if (pb_dir_lookup(pool, pfn))
			return -EEXIST;
	nr = pb_pool_nr_new(pool, range);
	if (nr) {
		blocks = pb_meta_alloc(nr * sizeof(*blocks), range->nid);
		if (!blocks)
			return -ENOMEM;
		pool->meta[pool->nr_meta++] = blocks;
	}
	for (pfn = range->start_pfn; pfn < end; pfn += PB_PAGEBLOCK_NR) {
		/* One that was there before has its memory: shrink.c. */
		entry = pb_dir_entry(pool, pfn);
		if (!pb_entry_pageblock(READ_ONCE(entry->value)))
			WRITE_ONCE(entry->value, (unsigned long)blocks++ | PB_ENTRY_HOLE);
	}
	add_all(zone, pb_pageblock_index(zone, range->start_pfn), pb_pageblock_index(zone, end),
		range->cma ? PB_CMA : PB_MOVABLE);
	return 0;
}

static int pool_add_ranges(struct pb_pool *pool, const struct pb_pool_config *config)
{
	unsigned int i;
	int err;

	pool->meta = pb_meta_alloc(config->nr_ranges * sizeof(*pool->meta), 0);
	if (!pool->meta)
		return -ENOMEM;
	for (i = 0; i < config->nr_spans; i++)
		mark_span(pool, &config->spans[i]);
	for (i = 0; i < config->nr_ranges; i++) {
		err = pb_pool_add_range(pool, &config->ranges[i]);
		if (err)
			return err;
	}
	return 0;
}

static void append_node(struct pb_pool *pool, struct pb_zonelist *list, int nid)
{
	int type;

	for (type = PB_NR_ZONE_TYPES - 1; type >= 0; type--)
		if (pool->zone[nid][type])
			list->zone[list->nr++] = pool->zone[nid][type];
}

static struct pb_zonelist *new_zonelist(struct pb_pool *pool, int nid)
{
	size_t max = (size_t)pool->nr_nodes * PB_NR_ZONE_TYPES;

	return pb_meta_alloc(sizeof(struct pb_zonelist) + max * sizeof(struct pb_zone *), nid);
}

/* Orders nodes by distance from nid; equal distances in the order of numbers after nid. */
static int make_zonelist(struct pb_pool *pool, const struct pb_pool_config *config, int nid)
{
	int done = -1, best, d, i, n;
	struct pb_zonelist *list;

	list = new_zonelist(pool, nid);
	if (!list)
		return -ENOMEM;
	pool->zonelist[nid] = list;
	do {
		best = -1;
		for (i = 0; i < pool->nr_nodes; i++) {
			d = config->distance(nid, i);
			if (d > done && (best < 0 || d < best))
				best = d;
		}
		for (i = 0; best >= 0 && i < pool->nr_nodes; i++) {
			n = (nid + i) % pool->nr_nodes;
			if (config->distance(nid, n) == best)
				append_node(pool, list, n);
		}
		done = best;
	} while (best >= 0);
	return 0;
}

static int make_zonelists(struct pb_pool *pool, const struct pb_pool_config *config)
{
	int nid, err;

	pool->zonelist = pb_meta_alloc(config->nr_nodes * sizeof(*pool->zonelist), 0);
	pool->all_zones = new_zonelist(pool, 0);
	if (!pool->zonelist || !pool->all_zones)
		return -ENOMEM;
	for (nid = 0; nid < config->nr_nodes; nid++) {
		append_node(pool, pool->all_zones, nid);
		err = make_zonelist(pool, config, nid);
		if (err)
			return err;
	}
	return 0;
}

/* The first zone of requests for a node and highest zone type: one with pages, if there is any. */
static struct pb_zone *preferred_of(struct pb_pool *pool, int nid, int highest)
{
	struct pb_zone *empty = NULL, *zone;
	int type;

	for (type = highest; type >= 0; type--) {
		zone = pool->zone[nid][type];
		if (zone && READ_ONCE(zone->present_pages))
			return zone;
		empty = empty ?: zone;
	}
	return empty;
}

/**
 * pb_pool_set_preferred - compute the first zone of requests, by node and highest zone type
 * @pool: the pool; a zone without pages may have got some, or lost all
 *
 * Context: any, one caller at a time. As first_zones_zonelist() in include/linux/mmzone.h with the
 * populated zones of build_zonerefs_node() in mm/page_alloc.c.
 * Return: whether one has changed.
 */
bool pb_pool_set_preferred(struct pb_pool *pool)
{
	bool changed = false;
	struct pb_zone *zone;
	int nid, type;

	for (nid = 0; nid < pool->nr_nodes; nid++) {
		for (type = 0; type < PB_NR_ZONE_TYPES; type++) {
			zone = preferred_of(pool, nid, type);
			if (zone == pool->preferred[nid][type])
				continue;
			WRITE_ONCE(pool->preferred[nid][type], zone);
			changed = true;
		}
	}
	return changed;
}
EXPORT_SYMBOL_PB_TEST(pb_pool_set_preferred);

static int make_preferred(struct pb_pool *pool)
{
	pool->preferred = pb_meta_alloc(pool->nr_nodes * sizeof(*pool->preferred), 0);
	if (!pool->preferred)
		return -ENOMEM;
	pb_pool_set_preferred(pool);
	return 0;
}

static int make_pcps(struct pb_pool *pool)
{
	struct pb_zone *zone;
	int err;

	pb_for_each_zone(zone, pool) {
		err = pb_pcp_init(zone);
		if (!err)
			err = pb_compact_init(zone);
		if (err)
			return err;
	}
	return 0;
}

/* The defaults of mm/, except min_free_pages: without watermarks every page may be allocated. */
static const struct pb_watermark_tunables default_wmark = {
	.watermark_scale_factor = 10,
	.watermark_boost_factor = 15000,
	.lowmem_reserve_ratio = { [PB_ZONE_DMA32] = 256, [PB_ZONE_NORMAL] = 32 },
};

/**
 * pb_pool_init - initialise a pool from its ranges
 * @pool: memory for it, with any contents
 * @config: its configuration
 *
 * Context: may sleep.
 * Return: 0, -EINVAL for a range that is not whole pageblocks of a known node and type, -EEXIST
 * for ranges that overlap, -ENOMEM. On error everything is undone.
 */
int pb_pool_init(struct pb_pool *pool, const struct pb_pool_config *config)
{
	unsigned int i;
	int err;

	memset(pool, 0, sizeof(*pool));
	if (!config->nr_ranges || config->nr_nodes <= 0 || !config->ops.bad || !config->distance)
		return -EINVAL;
	for (i = 0; i < config->nr_ranges + config->nr_spans; i++)
		if (!pb_range_ok(nth_range(config, i), config->nr_nodes))
			return -EINVAL;
	pool->ops = config->ops;
	pool->nr_nodes = config->nr_nodes;
	pool->wmark = default_wmark;
	pool->distance = config->distance;
	pool->node_reclaim_distance = NODE_RECLAIM_DISTANCE;
	err = make_directory(pool, config);
	if (!err)
		err = make_zones(pool, config);
	if (!err)
		err = pool_add_ranges(pool, config);
	if (!err)
		err = make_zonelists(pool, config);
	if (!err)
		err = make_preferred(pool);
	if (!err)
		err = make_pcps(pool);
	if (err)
		pb_pool_destroy(pool);
	else
		pb_setup_per_zone_wmarks(pool);
	return err;
}
EXPORT_SYMBOL_PB_TEST(pb_pool_init);

/* Frees a zone, possibly partly initialised. Context: may sleep. */
void pb_pool_free_zone(struct pb_zone *zone)
{
	pb_compact_destroy(zone);
	pb_pcp_destroy(zone);
	pb_zone_destroy(zone);
	pb_meta_free(zone);
}

static void destroy_zones(struct pb_pool *pool)
{
	struct pb_zone *zone, *next;
	int nid;

	for (zone = pool->private_zones; zone; zone = next) {
		next = zone->next_private;
		pb_pool_free_zone(zone);
	}
	for (nid = 0; pool->zone && nid < pool->nr_nodes; nid++)
		pb_for_each_node_zone(zone, pool, nid)
			pb_pool_free_zone(zone);
	pb_meta_free(pool->zone);
}

/**
 * pb_pool_destroy - free a pool's metadata
 * @pool: a pool without users, possibly partly initialised
 *
 * The frames are the caller's again, allocated or not. Context: may sleep.
 */
void pb_pool_destroy(struct pb_pool *pool)
{
	unsigned long i;

	for (i = 0; pool->zonelist && i < (unsigned long)pool->nr_nodes; i++)
		pb_meta_free(pool->zonelist[i]);
	pb_meta_free(pool->zonelist);
	pb_meta_free(pool->preferred);
	pb_meta_free(pool->all_zones);
	destroy_zones(pool);
	for (i = 0; i < pool->nr_meta; i++)
		pb_meta_free(pool->meta[i]);
	pb_meta_free(pool->meta);
	for (i = 0; pool->dir && i < pool->nr_dir; i++)
		if (pool->dir[i] != pool->hole_section)
			pb_meta_free(pool->dir[i]);
	pb_meta_free(pool->hole_section);
	pb_meta_free(pool->dir);
	memset(pool, 0, sizeof(*pool));
}
EXPORT_SYMBOL_PB_TEST(pb_pool_destroy);
