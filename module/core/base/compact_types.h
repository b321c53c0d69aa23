/* SPDX-License-Identifier: GPL-2.0-only */
/* What a request and compaction tell one another: how hard to try, and how it ended. */
#ifndef PB_COMPACT_TYPES_H
#define PB_COMPACT_TYPES_H

/* How an attempt at making a larger free block ended; names and order are mm/'s. */
enum pb_compact_result {
	PB_COMPACT_NOT_SUITABLE_ZONE,	/* never: for tracepoints */
	PB_COMPACT_SKIPPED,		/* too little is free, or nothing can be moved */
	PB_COMPACT_DEFERRED,		/* has failed lately */
	PB_COMPACT_NO_SUITABLE_PAGE,
	PB_COMPACT_CONTINUE,
	PB_COMPACT_COMPLETE,		/* every candidate was looked at in vain */
	PB_COMPACT_PARTIAL_SKIPPED,	/* some of them were */
	PB_COMPACT_CONTENDED,		/* given up for others, or for a signal */
	PB_COMPACT_SUCCESS,
};

/* How much it may cost; lower is more. */
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

#endif /* PB_COMPACT_TYPES_H */
