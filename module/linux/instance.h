/* SPDX-License-Identifier: GPL-2.0-only */
/* The pool of the module and the list of its extents. See instance.c. */
#ifndef PB_INSTANCE_H
#define PB_INSTANCE_H

#include <linux/atomic.h>
#include <linux/pfn.h>
#include <linux/types.h>

#include "core/base/pool_types.h"
#include "core/pool/pool.h"

struct pb_extent;
struct pb_pool_spec;

extern struct pb_pool pb_instance;

/* Lowest PFN of ZONE_NORMAL. */
#define PB_DMA32_END	PHYS_PFN(1ULL << 32)

/**
 * struct pb_instance_config - parameters of the pool
 * @specs: elements of pool=
 * @nr_specs: number of @specs
 * @strict: fail when a source has less memory than its element specifies
 * @movable_percent: share of each node that becomes ZONE_MOVABLE, 0 to 100
 * @cma_percent: share of the rest of each node that becomes a contiguous area, 0 to 100
 * @spans: PFN ranges in which the pool may grow
 * @nr_spans: number of @spans
 * @ops: operations of the pool
 */
struct pb_instance_config {
	const struct pb_pool_spec	*specs;
	unsigned int			nr_specs;
	bool				strict;
	unsigned int			movable_percent;
	unsigned int			cma_percent;
	const struct pb_range		*spans;
	unsigned int			nr_spans;
	const struct pb_ops		*ops;
};

/**
 * struct pb_pinnable - pages of an extent that the kernel pins for a long term
 * @start_pfn: first PFN
 * @end_pfn: the PFN behind the last; at first 0
 */
struct pb_pinnable {
	unsigned long	start_pfn;
	unsigned long	end_pfn;
};

int pb_instance_init(const struct pb_instance_config *config);
void pb_instance_exit(bool (*in_use)(unsigned long pfn));

unsigned long pb_instance_pages(void);
bool pb_instance_has_memory(int nid);
unsigned long pb_instance_node_pages(int nid);
unsigned long pb_instance_pages_within(int nid, unsigned long start_pfn, unsigned long end_pfn);
struct list_head *pb_instance_extents(void);
bool pb_instance_unpinnable(unsigned long pfn, struct pb_pinnable *known);
extern atomic_long_t pb_instance_nr_searches;
bool pb_instance_unsaved(phys_addr_t *addr);
void pb_instance_add_extent(struct pb_extent *extent);
void pb_instance_remove_extent(struct pb_extent *extent);
struct pb_extent *pb_instance_find_extent(unsigned long pfn);
int pb_instance_return_pageblock(unsigned long pfn, gfp_t gfp);

int pb_instance_lock_size(void);
bool pb_instance_trylock_size(void);
void pb_instance_unlock_size(void);

#endif /* PB_INSTANCE_H */
