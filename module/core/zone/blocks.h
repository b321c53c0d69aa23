/* SPDX-License-Identifier: GPL-2.0-only */
/* Several blocks of one order, of a word or larger, at once. See blocks.c. */
#ifndef PB_BLOCKS_H
#define PB_BLOCKS_H

#include "core/base/pageblock_types.h"
#include "core/base/request.h"

unsigned int pb_zone_alloc_blocks(struct pb_zone *zone, const struct pb_request *rq,
				  unsigned int nr, struct pb_pcp_entry *entries);
u64 pb_zone_alloc_free_pageblocks(struct pb_zone *zone, unsigned long first, u64 mask,
				  enum pb_migratetype mt, const struct pb_request *rq);
void pb_zone_free_blocks(struct pb_zone *zone, const struct pb_pcp_entry *entries, unsigned int nr,
			 unsigned int order);

#endif /* PB_BLOCKS_H */
