/* SPDX-License-Identifier: GPL-2.0-only */
/* One zone: allocate blocks by order and migratetype through its index, and free them. */
#ifndef PB_ZONE_H
#define PB_ZONE_H

#include "core/base/pageblock_types.h"
#include "core/index/free_area.h"
#include "core/zone/run.h"
#include "core/zone/watermark.h"

/**
 * struct pb_block_search - where a search for pageblocks stands; zeroed at first but for two fields
 * @near: 1 + a pageblock from which on each class is searched first; 0: from this CPU's place on
 * @partly_free: leave out pageblocks that are wholly free
 * @step: the class of the index that is searched, fullest first, wholly free ones last
 * @wrapped: past the last pageblock of the class, and on from the first one
 * @tries: pageblocks that were tried in this half of the class
 * @index: the pageblock found last
 * @left: the class has these pageblocks behind it in the same word of the bitmap, as of one load
 */
struct pb_block_search {
	u32		near;
	bool		partly_free;
	bool		wrapped;
	unsigned int	step;
	unsigned int	tries;
	unsigned long	index;
	u64		left;
};

int pb_zone_init(struct pb_zone *zone, struct pb_pool *pool, int nid, enum pb_zone_type type,
		 unsigned long start_pfn, unsigned long end_pfn);
void pb_zone_destroy(struct pb_zone *zone);

unsigned long pb_zone_alloc(struct pb_zone *zone, unsigned int order, enum pb_migratetype mt,
			    const struct pb_request *rq);
bool pb_zone_alloc_pageblock_at(struct pb_zone *zone, unsigned long index, enum pb_migratetype mt,
				const struct pb_request *rq);
unsigned long pb_zone_alloc_block_at(struct pb_zone *zone, unsigned long index, unsigned int order,
				     unsigned int align_order, unsigned int types,
				     const struct pb_request *rq);
unsigned long pb_zone_search_start(const struct pb_zone *zone);
struct pb_pageblock *pb_zone_next_pageblock(struct pb_zone *zone, unsigned int order,
					    enum pb_migratetype mt, struct pb_block_search *search);
void pb_zone_free_noevent(struct pb_zone *zone, unsigned long pfn, unsigned int order);
void pb_zone_free(struct pb_zone *zone, unsigned long pfn, unsigned int order);
enum pb_index_state pb_zone_free_mask_unindexed(struct pb_zone *zone, unsigned long pfn, u64 mask,
						u32 deferred);
enum pb_index_state pb_zone_index_on_free(struct pb_zone *zone, unsigned long pfn, u64 mask,
					  u64 old, u32 deferred);
void pb_zone_free_mask_uncounted(struct pb_zone *zone, unsigned long pfn, u64 mask);
void pb_zone_index_update_all(struct pb_zone *zone);

/* Iterator over the zones of a node, lowest type first. */
struct pb_node_zones {
	const struct pb_pool	*pool;
	int			nid;
	unsigned int		type;
};

static inline struct pb_zone *pb_next_node_zone(struct pb_node_zones *it)
{
	struct pb_zone *zone = NULL;

	while (!zone && it->type < PB_NR_ZONE_TYPES)
		zone = it->pool->zone[it->nid][it->type++];
	return zone;
}

/* As for_each_populated_zone(); the loop body may free the zone. */
#define pb_for_each_node_zone(zone, pool, nid)					\
	for (struct pb_node_zones __it = { pool, nid, 0 };			\
	     ((zone) = pb_next_node_zone(&__it));)

/* Pages that the zones of a node have now. */
static inline unsigned long pb_node_present_pages(struct pb_pool *pool, int nid)
{
	unsigned long pages = 0;
	struct pb_zone *zone;

	pb_for_each_node_zone(zone, pool, nid)
		pages += READ_ONCE(zone->present_pages);
	return pages;
}

/* Counts an allocation that bypassed the per-CPU cache. */
static inline void pb_zone_count_alloc(struct pb_zone *zone, long pages)
{
	pb_zone_event_add(zone, PB_PGALLOC, pages);
	pb_zone_event_add(zone, pb_cpu_node(pb_cpu_id()) == zone->nid ? PB_NUMA_LOCAL :
			  PB_NUMA_OTHER, 1);
}

#endif /* PB_ZONE_H */
