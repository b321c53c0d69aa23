/* SPDX-License-Identifier: GPL-2.0-only */
/* Find runs of free pageblocks in the index, a word of 64 pageblocks at a time. */
#ifndef PB_FREE_RUN_H
#define PB_FREE_RUN_H

#include "core/base/zone_types.h"
#include "core/index/bitmap.h"

/* Those of the migratetypes that have free pageblocks; for pb_free_run_next(). */
static inline unsigned int pb_free_run_types(struct pb_zone *zone, unsigned int types)
{
	unsigned int mt;

	for (mt = 0; mt < PB_INDEXED_TYPES; mt++)
		if (pb_bitmap_empty(&zone->area[mt].free_pageblocks))
			types &= ~BIT(mt);
	return types;
}

unsigned long pb_free_run_next(struct pb_zone *zone, unsigned int types, unsigned long nr,
			       unsigned long align, unsigned long from);

#endif /* PB_FREE_RUN_H */
