/* SPDX-License-Identifier: GPL-2.0-only */
/* Movable blocks of in-kernel users and buffers: their owners' operations. See movable_ops.c. */
#ifndef PB_MOVABLE_OPS_H
#define PB_MOVABLE_OPS_H

#include <linux/types.h>

struct pb_migration;
struct pb_pool;
struct pbuddy_movable_operations;

int pb_movable_ops_register(const struct pbuddy_movable_operations *ops, bool unmaps);
int pb_movable_ops_set(unsigned long pfn, const struct pbuddy_movable_operations *ops,
		       void *private);
void pb_movable_ops_migrate(struct pb_pool *pool, struct pb_migration *m);
int pb_movable_ops_init(void);
void pb_movable_ops_exit(void);

#endif /* PB_MOVABLE_OPS_H */
