/* SPDX-License-Identifier: GPL-2.0-only */
/* Priorities, modes and results of compaction. */
#ifndef PB_COMPACT_TYPES_H
#define PB_COMPACT_TYPES_H

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

#endif /* PB_COMPACT_TYPES_H */
