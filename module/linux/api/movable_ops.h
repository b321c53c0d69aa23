/* SPDX-License-Identifier: GPL-2.0-only */
/* Movable pages of in-kernel users: their owners' operations. See movable_ops.c. */
#ifndef PB_MOVABLE_OPS_H
#define PB_MOVABLE_OPS_H

struct pb_pool;

int pb_movable_ops_migrate(struct pb_pool *pool, unsigned long src_pfn, unsigned long dst_pfn,
			   unsigned int order, int mode);
void pb_movable_ops_exit(void);

#endif /* PB_MOVABLE_OPS_H */
