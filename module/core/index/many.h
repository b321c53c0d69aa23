/* SPDX-License-Identifier: GPL-2.0-only */
/* Update the index for several whole pageblocks of one word of its bitmaps. See many.c. */
#ifndef PB_MANY_H
#define PB_MANY_H

#include "core/base/migratetype.h"
#include "core/base/zone_types.h"

void pb_index_alloc_many(struct pb_zone *zone, unsigned long first, u64 mask,
			 enum pb_migratetype mt);
void pb_index_free_many(struct pb_zone *zone, unsigned long first, u64 mask);

#endif /* PB_MANY_H */
