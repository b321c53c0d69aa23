/* SPDX-License-Identifier: GPL-2.0-only */
/* The core, called as the in-kernel API calls it. */
#ifndef PB_LINES_SUBJECT_H
#define PB_LINES_SUBJECT_H

#include "core/base/pool_types.h"

/* A pool of one zone in the arena, which is empty before. A misuse report ends the program. */
struct pb_pool *subject_open(unsigned long nr_pages);
/* Ends the program unless every page is free and the pool is consistent. */
void subject_close(void);

/* The head of a block; the program ends when there is none. */
unsigned long subject_get(unsigned int order);
void subject_put(unsigned long pfn, unsigned int order);

#endif /* PB_LINES_SUBJECT_H */
