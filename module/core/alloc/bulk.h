/* SPDX-License-Identifier: GPL-2.0-only */
/* Allocate and free many blocks of one order at once. */
#ifndef PB_BULK_H
#define PB_BULK_H

#include "core/alloc/failure_reason.h"

struct pb_pool;
struct pb_request;

/* Fills pfns[] with up to nr blocks of order rq->order; returns how many. */
unsigned long pb_alloc_bulk(struct pb_pool *pool, const struct pb_request *rq, unsigned long nr,
			    unsigned long *pfns, enum pb_reason *reason);

/* Frees nr single frames; a misuse is reported and changes no state. */
void pb_free_bulk(struct pb_pool *pool, unsigned long nr, const unsigned long *pfns);

#endif /* PB_BULK_H */
