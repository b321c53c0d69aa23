/* SPDX-License-Identifier: GPL-2.0-only */
/* Moves blocks between the pool and a group. See group_move.c. */
#ifndef PB_GROUP_MOVE_H
#define PB_GROUP_MOVE_H

#include "api/group_types.h"
#include "core/base/pool_types.h"

int pb_group_move(int nid, unsigned int order, unsigned long nr, const struct pb_group *from,
		  struct pb_zone *(*to)(struct pb_zone *zone, void *arg), void *arg,
		  unsigned long *done);

#endif /* PB_GROUP_MOVE_H */
