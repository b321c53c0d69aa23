/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Initialise and destroy a pool: its ranges, zones and zonelists.
 */
#ifndef PB_POOL_H
#define PB_POOL_H

#include "core/base/migratetype.h"
#include "core/base/ops.h"

struct pb_pageblock;

/**
 * struct pb_range - whole pageblocks handed to a pool
 * @start_pfn: first PFN, aligned to a pageblock
 * @nr_pages: multiple of PB_PAGEBLOCK_NR
 * @nid: NUMA node
 * @type: zone the range belongs to
 * @cma: its pageblocks serve movable allocations and contiguous ranges only
 * @creates_zone: of a span: the zone exists even while no range belongs to it
 */
struct pb_range {
	unsigned long		start_pfn;
	unsigned long		nr_pages;
	int			nid;
	enum pb_zone_type	type;
	bool			cma;
	bool			creates_zone;
};

/**
 * struct pb_pool_config - configuration of a pool
 * @ranges: disjoint ranges, any order
 * @nr_ranges: their number
 * @spans: ranges into which zones may grow, or NULL; a span belongs to a zone that has a range, or
 *	creates it, and may overlap any range and span
 * @nr_spans: their number
 * @nr_nodes: node numbers are below this
 * @distance: distance between two nodes, as node_distance()
 * @ops: copied; ops->bad must be set
 */
struct pb_pool_config {
	const struct pb_range	*ranges;
	unsigned int		nr_ranges;
	const struct pb_range	*spans;
	unsigned int		nr_spans;
	int			nr_nodes;
	int			(*distance)(int from, int to);
	struct pb_ops		ops;
};

int pb_pool_init(struct pb_pool *pool, const struct pb_pool_config *config);
void pb_pool_destroy(struct pb_pool *pool);

/* Whether a range is valid: whole pageblocks, an existing node and zone type. */
bool pb_range_ok(const struct pb_range *range, int nr_nodes);
/* Adds a range to its zone. Directory, index and @meta have space for it. 0, -EEXIST or -ENOMEM. */
int pb_pool_add_range(struct pb_pool *pool, const struct pb_range *range);
bool pb_pool_set_preferred(struct pb_pool *pool);
unsigned long pb_pool_nr_new(struct pb_pool *pool, const struct pb_range *range);
void pb_pool_free_zone(struct pb_zone *zone);
void pb_pool_add_pageblock(struct pb_zone *zone, unsigned long pfn, enum pb_migratetype mt);

#endif /* PB_POOL_H */
