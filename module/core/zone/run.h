/* SPDX-License-Identifier: GPL-2.0-only */
/* Contiguous free pageblocks: find and allocate them. */
#ifndef PB_RUN_H
#define PB_RUN_H

#include "core/zone/watermark.h"

/* Consecutive pageblocks, and the migratetypes that they may have, BIT(mt) each. */
struct pb_pageblock_run {
	unsigned long	first;
	unsigned long	nr;
	unsigned int	types;
};

unsigned long pb_zone_alloc_run_at(struct pb_zone *zone, const struct pb_pageblock_run *run,
				   enum pb_migratetype mt, const struct pb_request *rq,
				   unsigned long *next);
unsigned long pb_zone_alloc_pageblocks(struct pb_zone *zone, unsigned long nr, unsigned long align,
				       enum pb_migratetype mt, unsigned int types,
				       const struct pb_request *rq);

#endif /* PB_RUN_H */
