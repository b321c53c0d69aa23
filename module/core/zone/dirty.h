/* SPDX-License-Identifier: GPL-2.0-only */
/* Pages with contents that are to be written somewhere, and each node's share of them. */
#ifndef PB_DIRTY_H
#define PB_DIRTY_H

#include "core/base/platform.h"

struct pb_pool;
struct pb_zone;

/**
 * struct pb_spread - what one walk over a zonelist knows of the nodes' shares
 * @nid: node looked at last, or NUMA_NO_NODE
 * @ok: it was within its share
 */
struct pb_spread {
	int	nid;
	bool	ok;
};

bool pb_node_dirty_ok(struct pb_pool *pool, int nid);
bool pb_spread_ok(struct pb_spread *spread, struct pb_zone *zone);

#endif /* PB_DIRTY_H */
