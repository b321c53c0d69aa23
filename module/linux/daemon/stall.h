/* SPDX-License-Identifier: GPL-2.0-only */
/* What a request waits for in the slow path, with its time reported as pressure. See stall.c. */
#ifndef PB_STALL_H
#define PB_STALL_H

#include "core/base/compact_types.h"

struct pb_pool;
struct pb_request;

unsigned long pb_stall_reclaim(struct pb_pool *pool, const struct pb_request *rq, int priority,
			       unsigned long nr_pages);
bool pb_stall_wait(struct pb_pool *pool, const struct pb_request *rq);
unsigned long pb_stall_grow(struct pb_pool *pool, const struct pb_request *rq,
			    unsigned long nr_pages);
enum pb_compact_result pb_stall_compact(struct pb_pool *pool, const struct pb_request *rq,
					enum pb_compact_priority prio, unsigned long *captured);

#endif /* PB_STALL_H */
