/* SPDX-License-Identifier: GPL-2.0-only */
/* Dirty balance: each node's share of dirty pages. See dirty.c. */
#ifndef PB_DIRTY_H
#define PB_DIRTY_H

#include "core/base/pool_types.h"

struct pb_pool;
struct pb_zone;

/**
 * struct pb_dirty_balance - state of a walk over a zonelist that balances dirty pages
 * @nid: node checked last, or NUMA_NO_NODE
 * @ok: whether it was within its share
 */
struct pb_dirty_balance {
	int	nid;
	bool	ok;
};

bool pb_node_dirty_ok(struct pb_pool *pool, int nid);
void pb_dirty_add(struct pb_zone *zone, long nr_pages);
bool pb_dirty_balance_ok(struct pb_dirty_balance *balance, struct pb_zone *zone);

/* pb_node_dirty_ok(), by one load as long as no page was ever reported. */
static __always_inline bool pb_node_dirty_balanced(struct pb_pool *pool, int nid)
{
	return likely(!READ_ONCE(pool->dirty_reported)) || pb_node_dirty_ok(pool, nid);
}

#endif /* PB_DIRTY_H */
