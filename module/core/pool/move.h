/* SPDX-License-Identifier: GPL-2.0-only */
/* Private zones, and pageblocks that move between zones of a pool in use. See move.c. */
#ifndef PB_MOVE_H
#define PB_MOVE_H

#include "core/base/pool_types.h"

struct pb_zone *pb_private_zone_new(struct pb_zone *home);
void pb_move_split(struct pb_pool *pool, unsigned long pfn, unsigned int order);
void pb_move_join(struct pb_pool *pool, unsigned long pfn);
bool pb_move_leave(struct pb_pool *pool, unsigned long pfn);
void pb_move_enter(struct pb_zone *zone, unsigned long pfn);

#endif /* PB_MOVE_H */
