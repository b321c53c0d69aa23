/* SPDX-License-Identifier: GPL-2.0-only */
/* Compaction: make larger free blocks by migrating movable blocks. As mm/compaction.c. */
#ifndef PB_COMPACT_H
#define PB_COMPACT_H

#include "core/base/compact_types.h"
#include "core/base/zone_types.h"
#include "core/compact/compact_zone.h"

int pb_compact_init(struct pb_zone *zone);
void pb_compact_destroy(struct pb_zone *zone);

enum pb_compact_result pb_compact_pages(struct pb_pool *pool, const struct pb_request *rq,
					enum pb_compact_priority prio,
					unsigned long *captured_pfn);
bool pb_compaction_suitable(struct pb_zone *zone, unsigned int order, enum pb_zone_type highest);
bool pb_compaction_ready(struct pb_zone *zone, const struct pb_request *rq);
void pb_compact_defer_reset(struct pb_zone *zone, unsigned int order, bool alloc_success);

unsigned int pb_fragmentation_score(struct pb_pool *pool, int nid);
bool pb_compact_node_wanted(struct pb_pool *pool, int nid, unsigned int proactiveness);
void pb_compact_node(struct pb_pool *pool, int nid, unsigned int proactiveness);
unsigned long pb_compact_zone_most(struct pb_zone *zone, unsigned long most, unsigned long *moved);
unsigned long pb_compact_zone_fully(struct pb_zone *zone);
unsigned long pb_zone_free_pageblocks(struct pb_zone *zone);

bool pb_compact_range(struct pb_zone *zone, const struct pb_request *rq, unsigned long nr_pages,
		      unsigned long align, pb_compact_alloc_fn alloc, void *arg);

#endif /* PB_COMPACT_H */
