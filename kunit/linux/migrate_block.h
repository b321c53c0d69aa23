/* SPDX-License-Identifier: GPL-2.0-only */
/* A migration of one block, for suites that look at what it leaves. */
#ifndef PT_MIGRATE_BLOCK_H
#define PT_MIGRATE_BLOCK_H

struct page;

/*
 * Migrates a movable block to an allocated one, as migrate.c does but for the free of the source
 * or the target. Returns 0, the error of the migration, or -EINVAL: a block could not be isolated.
 */
int pt_migrate_block(struct page *src, struct page *dst, unsigned int order);

#endif /* PT_MIGRATE_BLOCK_H */
