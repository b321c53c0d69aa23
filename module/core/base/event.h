/* SPDX-License-Identifier: GPL-2.0-only */
/* The events that are counted in each zone, in its per-CPU caches or beside them. */
#ifndef PB_EVENT_H
#define PB_EVENT_H

/* Events counted per zone; names for /vmstat in stat.c, checked against this by BUILD_BUG_ON. */
enum pb_event {
	PB_PGALLOC,		/* pages handed out */
	PB_PGFREE,		/* pages returned */
	PB_PCP_REFILL,		/* refills of a pcp list */
	PB_PCP_DRAIN,		/* drains of a pcp list */
	PB_PCP_BUSY,		/* requests that met a busy pcp and took the shared path */
	PB_FALLBACK_CLAIM,	/* pageblocks converted to another migratetype */
	PB_FALLBACK_STEAL,	/* blocks taken from a pageblock of another migratetype */
	PB_WATERMARK_BOOST,	/* boosts because migratetypes were mixed */
	PB_HIGHATOMIC_RESERVE,	/* pageblocks kept for high-order atomic requests */
	PB_HIGHATOMIC_UNRESERVE, /* such pageblocks given back to all */
	PB_ZONE_RECLAIM_SUCCESS, /* rounds of node reclaim that got what was asked */
	PB_ZONE_RECLAIM_FAILED,	/* and those that got less */
	PB_PREZERO,		/* pageblocks zeroed ahead */
	PB_PREZERO_HIT,		/* blocks that were known to be zero when that was wanted */
	PB_CMA_ALLOC,		/* blocks taken from contiguous-area pageblocks */
	PB_ALLOC_SLOW,		/* requests that entered the slow path */
	PB_ALLOC_FAIL,		/* requests that failed */
	PB_DRAIN_ALL,		/* all CPUs' pcp drained for a request */
	PB_BAD_FREE,		/* frees refused: double, wrong order, never allocated */
	PB_BAD_PAGE,		/* frames found in use when about to be handed out */
	PB_NUMA_HIT,		/* allocated on the node asked for */
	PB_NUMA_MISS,		/* allocated here though another node was preferred */
	PB_NUMA_FOREIGN,	/* meant for here, allocated elsewhere */
	PB_NUMA_LOCAL,		/* the allocating CPU was on this node */
	PB_NUMA_OTHER,		/* the allocating CPU was on another node */
	PB_NUMA_INTERLEAVE_HIT,	/* interleaved, and allocated where the turn was */
	PB_ALLOCSTALL,		/* requests that entered direct reclaim */
	PB_PGSCAN_DIRECT,	/* pages that direct reclaim asked for */
	PB_PGSTEAL_DIRECT,	/* pages it was given */
	PB_PGSCAN_DIRECT_THROTTLE, /* times a request waited for the node thread first */
	PB_PGSCAN_KSWAPD,	/* pages that node threads asked for */
	PB_PGSTEAL_KSWAPD,	/* pages they were given */
	PB_PAGEOUTRUN,		/* times a node thread set out to balance */
	PB_COMPACTMIGRATE_SCANNED, /* frames looked at for what to move */
	PB_COMPACTFREE_SCANNED,	/* pageblocks looked at for where to move it */
	PB_COMPACTISOLATED,	/* pages isolated to be moved */
	PB_COMPACTSTALL,	/* requests that compaction was run for */
	PB_COMPACTFAIL,		/* of them, how many got no block by it */
	PB_COMPACTSUCCESS,	/* of them, how many got one */
	PB_KCOMPACTD_WAKE,	/* times a node's thread began to compact */
	PB_PGMIGRATE_SUCCESS,	/* pages moved */
	PB_PGMIGRATE_FAIL,	/* pages that could not be moved */
	PB_OOM_KILL,		/* processes killed for their memory */
	PB_GROW,		/* pages that a zone has grown by */
	PB_GROW_FAIL,		/* times its source had nothing for it */
	PB_NR_EVENTS,
};

#endif /* PB_EVENT_H */
