/* SPDX-License-Identifier: GPL-2.0-only */
/* What of the core lies where in the arena. See names.c. */
#ifndef PB_LINES_NAMES_H
#define PB_LINES_NAMES_H

#include "core/base/pool_types.h"

/* Learns the layout of a pool. */
void names_init(struct pb_pool *pool);

/* What the word at an offset in the arena is part of: always the same pointer for one name. */
const char *names_of(size_t offset);

/* The same with its place among its kind, as "order map 17". */
void names_print(size_t offset, char *text, size_t size);

#endif /* PB_LINES_NAMES_H */
