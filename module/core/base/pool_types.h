/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A pool: everything one allocator instance owns, and the tunables of its watermarks.
 *
 * Letters before a field's description: I = set at initialisation, constant afterwards; A =
 * changed by atomic operations from any context.
 */
#ifndef PB_POOL_TYPES_H
#define PB_POOL_TYPES_H

#include "core/base/ops.h"
#include "core/base/zonelist.h"

struct pb_dir_section;

/**
 * struct pb_watermark_tunables - tunables of the watermarks of all zones
 * @min_free_pages: pages of all zones together; 0: no watermarks and no reserves
 * @watermark_scale_factor: distance between the watermarks in 1/10000 of a zone
 * @watermark_boost_factor: largest boost in 1/10000 of the high watermark; 0: no boost
 * @lowmem_reserve_ratio: a zone reserves 1/ratio of the pages of the higher zones of its node
 *	against requests that could use those zones; 0: none
 *
 * Names and defaults as those of vm.* in mm/page_alloc.c, but for min_free, which is 0.
 */
struct pb_watermark_tunables {
	unsigned long	min_free_pages;
	unsigned int	watermark_scale_factor;
	unsigned int	watermark_boost_factor;
	unsigned int	lowmem_reserve_ratio[PB_NR_ZONE_TYPES];
};

/**
 * struct pb_pool - everything one allocator instance owns
 * @ops: I, except for members that pb_ops documents as swapped at run time
 * @dir: the directory: one section per GiB of physical addresses
 * @hole_section: I: the section shared by all addresses without frames; all its entries are holes
 * @nr_dir: I: length of @dir
 * @nr_nodes: I: length of @zonelist and of @zone
 * @zone: I: by node and type, NULL where there is none
 * @zonelist: I: by preferred node
 * @preferred: by node and highest type, the first zone of its zonelist on the node itself that has
 *	pages; the first one when none has, NULL without one; set by pb_pool_set_preferred()
 * @all_zones: I: every zone once, but for the private zones
 * @private_zones: A: list of the private zones (move.c), which only gets longer
 * @meta: memory of the pageblocks, one allocation per range; changed by pb_pool_grow() only
 * @nr_meta: length of @meta
 * @distance: I: as node_distance()
 * @node_reclaim_mode: tunable: reclaim on a near node before allocating from a far one; PB_RECLAIM_
 * @node_reclaim_distance: tunable: largest distance of a near node
 * @prezero_percent: tunable: percentage of a zone that may be prezeroed
 * @dirty_ratio: tunable: percentage of a node that may be dirty
 * @dirty_reported: pages were reported as dirty since start; set once
 * @compaction_proactiveness: tunable: effort of proactive compaction, 0 to 100
 * @reliable_strict: tunable: requests for mirrored memory fail instead of using all memory
 * @pcp_high_fraction: tunable: share of a zone that per-CPU caches may hold; see pb_pcp_set_high()
 * @wmark: changed by the caller of pb_setup_per_zone_wmarks(), one at a time
 * @oom_busy: A: a task is in ops.oom
 * @oom_gone: OOM victims that have exited, as ops.oom has found
 * @prezeroing: A: tasks in pb_prezero_next()
 * @prezero_paused: A: requests that have paused prezeroing
 */
struct pb_pool {
	struct pb_ops		ops;
	struct pb_dir_section	**dir;
	struct pb_dir_section	*hole_section;
	unsigned long		nr_dir;
	int			nr_nodes;
	struct pb_zone		*(*zone)[PB_NR_ZONE_TYPES];
	struct pb_zonelist	**zonelist;
	struct pb_zone		*(*preferred)[PB_NR_ZONE_TYPES];
	struct pb_zonelist	*all_zones;
	struct pb_zone		*private_zones;
	void			**meta;
	unsigned int		nr_meta;
	int			(*distance)(int from, int to);
	unsigned int		node_reclaim_mode;
	int			node_reclaim_distance;
	unsigned int		prezero_percent;
	unsigned int		dirty_ratio;
	bool			dirty_reported;
	unsigned int		compaction_proactiveness;
	bool			reliable_strict;
	unsigned int		pcp_high_fraction;
	struct pb_watermark_tunables wmark;
	atomic_t		oom_busy;
	unsigned long		oom_gone;
	atomic_t		prezeroing;
	atomic_t		prezero_paused;
};

static inline struct pb_any_zone_iter pb_any_zone_iter(struct pb_pool *pool)
{
	return (struct pb_any_zone_iter) {
		.listed = pb_zonelist_iter(pool->all_zones),
		/* Pairs with the release in pb_private_zone_new(). */
		.private = smp_load_acquire(&pool->private_zones),
	};
}

/* Every zone of a pool once, the private zones last. */
#define pb_for_each_any_zone(zone, pool)					\
	for (struct pb_any_zone_iter __it = pb_any_zone_iter(pool);		\
	     pb_next_any_zone(&__it, &(zone));)

#endif /* PB_POOL_TYPES_H */
