/* SPDX-License-Identifier: GPL-2.0-only */
/* Deferred growth: reserve more memory, up to the maximum of pool=, when it is needed. */
#ifndef PB_DEFERRED_GROW_H
#define PB_DEFERRED_GROW_H

#include "core/pool/pool.h"
#include "source/pool_spec.h"

#define PB_DEFERRED_GROW_SPANS_MAX	(2 * PB_POOL_SPECS_MAX)

int pb_deferred_grow_prepare(const struct pb_pool_spec *specs, unsigned int nr,
			     unsigned int movable_percent);
unsigned int pb_deferred_grow_spans(struct pb_range *spans);
int pb_deferred_grow_start(void);
void pb_deferred_grow_exit(void);

unsigned long pb_deferred_grow(struct pb_pool *pool, const struct pb_request *rq,
			       unsigned long nr_pages);
unsigned long pb_deferred_grow_node(int nid, unsigned long nr_pages);

bool pb_deferred_grow_possible(int nid);
unsigned long pb_deferred_grow_get_max(int nid);
void pb_deferred_grow_set_max(int nid, unsigned long pages);
unsigned long pb_deferred_grow_by(int nid, unsigned long nr_pages);

#endif /* PB_DEFERRED_GROW_H */
