/* SPDX-License-Identifier: GPL-2.0-only */
/* Add memory to a pool that is in use. */
#ifndef PB_GROW_H
#define PB_GROW_H

#include "core/pool/pool.h"

int pb_pool_grow(struct pb_pool *pool, const struct pb_range *range);

#endif /* PB_GROW_H */
