/* SPDX-License-Identifier: GPL-2.0-only */
/* Migration by the operations of the blocks' owners. See movable_migrate.c. */
#ifndef PB_MOVABLE_MIGRATE_H
#define PB_MOVABLE_MIGRATE_H

struct pb_migration;
struct pb_pool;

extern unsigned long pb_movable_ticks;

void pb_movable_ops_migrate(struct pb_pool *pool, struct pb_migration *m);

#endif /* PB_MOVABLE_MIGRATE_H */
