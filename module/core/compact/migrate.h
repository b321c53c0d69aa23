/* SPDX-License-Identifier: GPL-2.0-only */
/* Compaction: migrate blocks. */
#ifndef PB_MIGRATE_H
#define PB_MIGRATE_H

#include "core/compact/target.h"

int pb_migrate_blocks(struct pb_compact_control *cc, struct pb_compact_blocks *sources,
		      unsigned long pfn, u64 heads, unsigned int order);
void pb_migrate_each(struct pb_pool *pool, struct pb_migration *m,
		     int (*one)(struct pb_pool *pool, unsigned long src, unsigned long dst,
				unsigned int order, int mode));

#endif /* PB_MIGRATE_H */
