/* SPDX-License-Identifier: GPL-2.0-only */
/* Events counted per zone, in its per-CPU caches or in the zone itself. */
#ifndef PB_EVENT_H
#define PB_EVENT_H

/* Events counted per zone; names for /vmstat in stat.c, checked against this by BUILD_BUG_ON. */
enum pb_event {
	PB_PGALLOC,		/* pages allocated */
	PB_PGFREE,		/* pages freed */
	PB_PCP_REFILL,		/* refills of a pcp list */
	PB_PCP_DRAIN,		/* drains of a pcp list */
	PB_PCP_BUSY,		/* requests that found the pcp busy and bypassed it */
	PB_FALLBACK_CLAIM,	/* pageblocks converted to another migratetype */
	PB_FALLBACK_STEAL,	/* blocks allocated from a pageblock of another migratetype */
	PB_WATERMARK_BOOST,	/* boosts because migratetypes were mixed */
	PB_HIGHATOMIC_RESERVE,	/* pageblocks added to the highatomic reserve */
	PB_HIGHATOMIC_UNRESERVE, /* pageblocks removed from it */
	PB_ZONE_RECLAIM_SUCCESS, /* rounds of node reclaim that freed enough pages */
	PB_ZONE_RECLAIM_FAILED,	/* rounds that freed fewer */
	PB_PREZERO,		/* pageblocks prezeroed */
	PB_PREZERO_HIT,		/* zeroed requests served by a block known to be zero */
	PB_CMA_ALLOC,		/* blocks allocated from contiguous-area pageblocks */
	PB_ALLOC_SLOW,		/* requests that entered the slow path */
	PB_ALLOC_FAIL,		/* requests that failed, however many tries each took */
	PB_DRAIN_ALL,		/* all CPUs' pcp drained for a request */
	PB_BAD_FREE,		/* frees refused: double, wrong order, never allocated */
	PB_BAD_PAGE,		/* frames found in use when about to be handed out */
	PB_NUMA_HIT,		/* allocated on the preferred node */
	PB_NUMA_MISS,		/* allocated here although another node was preferred */
	PB_NUMA_FOREIGN,	/* preferred here, allocated on another node */
	PB_NUMA_LOCAL,		/* the allocating CPU was on this node */
	PB_NUMA_OTHER,		/* the allocating CPU was on another node */
	PB_NUMA_INTERLEAVE_HIT,	/* interleaved, and allocated on the selected node */
	PB_ALLOCSTALL,		/* requests that entered direct reclaim */
	PB_PGSCAN_DIRECT,	/* pages scanned by direct reclaim */
	PB_PGSTEAL_DIRECT,	/* pages freed by direct reclaim */
	PB_PGSCAN_DIRECT_THROTTLE, /* requests throttled before direct reclaim */
	PB_PGSCAN_KSWAPD,	/* pages scanned by node threads */
	PB_PGSTEAL_KSWAPD,	/* pages freed for node threads */
	PB_PAGEOUTRUN,		/* balancing runs of node threads */
	PB_COMPACTMIGRATE_SCANNED, /* frames scanned for areas to empty */
	PB_COMPACTFREE_SCANNED,	/* pageblocks scanned for migration targets */
	PB_COMPACTISOLATED,	/* pages isolated for migration */
	PB_COMPACTSTALL,	/* requests that compacted */
	PB_COMPACTFAIL,		/* those that were not served by it */
	PB_COMPACTSUCCESS,	/* those that were */
	PB_KCOMPACTD_WAKE,	/* proactive compactions of a zone */
	PB_PGMIGRATE_SUCCESS,	/* pages migrated */
	PB_PGMIGRATE_FAIL,	/* pages whose migration failed */
	PB_OOM_KILL,		/* processes killed for their memory */
	PB_GROW,		/* pages added to a zone by growth */
	PB_GROW_FAIL,		/* attempts to grow that added none */
	PB_SHRINK,		/* pages taken off a zone */
	PB_RELIABLE_FALLBACK,	/* requests for mirrored memory that used all memory in the end */
	PB_RELIABLE_STRICT,	/* those that were not allowed to */
	PB_PGPURGE,		/* pages of purgeable buffers that were purged */
	PB_PSWPOUT,		/* pages of buffers that were swapped out */
	PB_PSWPIN,		/* those that got memory again */
	PB_PSWPOUT_FAIL,	/* pages of buffers that could not be swapped out */
	PB_NR_EVENTS,
};

#endif /* PB_EVENT_H */
