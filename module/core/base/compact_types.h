/* SPDX-License-Identifier: GPL-2.0-only */
/* Priorities, modes and results of compaction. */
#ifndef PB_COMPACT_TYPES_H
#define PB_COMPACT_TYPES_H

#include "core/base/platform.h"

/* Result of a compaction; names and order are mm/'s. */
enum pb_compact_result {
	PB_COMPACT_NOT_SUITABLE_ZONE,	/* not returned; for tracepoints */
	PB_COMPACT_SKIPPED,		/* too few free pages, or migration is not possible */
	PB_COMPACT_DEFERRED,		/* deferred after recent failures */
	PB_COMPACT_NO_SUITABLE_PAGE,
	PB_COMPACT_CONTINUE,
	PB_COMPACT_COMPLETE,		/* every candidate was tried without success */
	PB_COMPACT_PARTIAL_SKIPPED,	/* some candidates were tried without success */
	PB_COMPACT_CONTENDED,		/* ended early for other tasks or a signal */
	PB_COMPACT_SUCCESS,
};

/* Priority; a lower value allows more effort. */
enum pb_compact_priority {
	PB_COMPACT_PRIO_SYNC_FULL,
	PB_COMPACT_PRIO_SYNC_LIGHT,
	PB_COMPACT_PRIO_ASYNC,
};

/* What a migration may do, as enum migrate_mode. */
enum pb_migrate_mode {
	PB_MIGRATE_ASYNC,		/* never block */
	PB_MIGRATE_SYNC_LIGHT,		/* block, but not for long */
	PB_MIGRATE_SYNC,
};

/**
 * struct pb_migration - blocks that ops->migrate has their owners migrate
 * @src: first PFN of the word of the sources; head of the source if it has more than a word
 * @dst: the same of the targets
 * @src_heads: heads of the sources, one bit each
 * @dst_heads: heads of as many targets, for the sources in this order
 * @order: of all
 * @mode: enum pb_migrate_mode
 * @moved: set to the sources that have moved
 * @failed: set to those that have not; the rest of @src_heads was not tried, but one source was
 * @freed: set to those of @moved that their owner freed meanwhile
 * @err: set to the negative errno of the last one that failed
 */
struct pb_migration {
	unsigned long		src;
	unsigned long		dst;
	u64			src_heads;
	u64			dst_heads;
	unsigned int		order;
	enum pb_migrate_mode	mode;
	u64			moved;
	u64			failed;
	u64			freed;
	int			err;
};

#endif /* PB_COMPACT_TYPES_H */
