/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The structures of the allocator core and the constants that shape them. What each field
 * is protected by stands as a letter before its comment:
 *
 *   I  set at initialisation, constant afterwards
 *   A  atomic: changed by atomic operations from any context
 *   P  owned by one CPU, inside its pcp busy window (see pcp.c)
 *   U  written only by the CPU that holds the block's update count (see free_area.c)
 *   R  read-mostly: changed by compare-exchange
 */
#ifndef PB_TYPES_H
#define PB_TYPES_H

#include "core/base/platform.h"

#define PB_MAX_ORDER		18			/* 1 GiB of 4 KiB frames */
#define PB_NR_ORDERS		(PB_MAX_ORDER + 1)
#define PB_PAGEBLOCK_ORDER	9
#define PB_PAGEBLOCK_NR		BIT(PB_PAGEBLOCK_ORDER)
#define PB_WORD_ORDER		6			/* 64 frames in a word of the free bitmap */
#define PB_WORD_NR		BIT(PB_WORD_ORDER)
#define PB_WORDS		(PB_PAGEBLOCK_NR / PB_WORD_NR)
#define PB_CHUNK_ORDER		18			/* frames under a directory entry */
#define PB_CHUNK_BLOCKS		BIT(PB_CHUNK_ORDER - PB_PAGEBLOCK_ORDER)

#define PB_NO_PFN		(~0UL)
#define PB_NO_BLOCK		(~0UL)

#define PB_COSTLY_ORDER		3	/* PAGE_ALLOC_COSTLY_ORDER */

/* As in mm/: the first three have pcp lists and fall back to one another. */
enum pb_migratetype {
	PB_UNMOVABLE,
	PB_MOVABLE,
	PB_RECLAIMABLE,
	PB_PCPTYPES,
	PB_HIGHATOMIC = PB_PCPTYPES,
	PB_CMA,
	PB_INDEXED_TYPES,		/* isolated blocks are in no index */
	PB_ISOLATE = PB_INDEXED_TYPES,
	PB_NR_MIGRATETYPES,
};

enum pb_zone_type { PB_ZONE_DMA32, PB_ZONE_NORMAL, PB_ZONE_MOVABLE, PB_NR_ZONE_TYPES };

enum pb_watermark { PB_WMARK_MIN, PB_WMARK_LOW, PB_WMARK_HIGH, PB_NR_WMARK };

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

/* Why a free was refused. */
enum pb_bad {
	PB_BAD_NONE,
	PB_BAD_FOREIGN,		/* not a page pbuddy owns */
	PB_BAD_ORDER_RANGE,	/* order above PB_MAX_ORDER */
	PB_BAD_ALIGN,		/* pfn not aligned to the order */
	PB_BAD_DOUBLE,		/* the frame is free already */
	PB_BAD_ORDER,		/* allocated with another order */
	PB_BAD_TAIL,		/* inside an allocated block, not its head */
	PB_BAD_IN_USE,		/* about to be handed out while allocated: set aside */
	PB_BAD_GUARD,		/* a guard page, which nobody allocated */
	PB_NR_BAD,
};

/* Why an allocation failed; same values as enum pbuddy_reason. */
enum pb_reason {
	PB_REASON_NONE,
	PB_REASON_LIMIT,
	PB_REASON_WATERMARK,
	PB_REASON_FRAGMENTATION,
	PB_REASON_NODE,
	PB_REASON_POLICY,
	PB_NR_REASONS,
};

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

/**
 * struct pb_pageblock - 512 frames
 * @free: A: 1 = free. One cache line, and the only truth about what is free.
 * @order: per frame: 0, or at the head of an allocated block its order + 1. Written by whoever
 *	allocates or frees the frame, which no other CPU may do at the same time.
 */
struct pb_pageblock {
	atomic64_t	free[PB_WORDS];
	u8		order[PB_PAGEBLOCK_NR];
} ____cacheline_aligned;

/*
 * Directory entry of a pageblock. The word is R: the pageblock's address with its
 * migratetype in the low three bits (pageblocks are cache-line aligned), or PB_SLOT_HOLE.
 */
#define PB_SLOT_MT_MASK		7UL
#define PB_SLOT_HOLE		7UL	/* in place of a word: no pageblock, and no migratetype */
#define PB_SLOT_SAVED_SHIFT	3	/* while it is isolated: the migratetype it had */
#define PB_SLOT_FLAGS_MASK	63UL

struct pb_slot {
	unsigned long	word;
	struct pb_zone	*zone;		/* I */
};

struct pb_chunk {
	struct pb_slot	slot[PB_CHUNK_BLOCKS];
};

/*
 * Where a pageblock stands in the free_area index. @update counts requests to bring the index up to
 * date, @key (U) is what it says now, @cur (A, hint) is 1 + the CPU that refills from the block.
 */
struct pb_block_ctl {
	atomic_t	update;
	u16		key;
	u16		cur;
};

/* A bitmap with summary levels: bit n of level l + 1 says that word n of level l is not zero. */
#define PB_BITMAP_LEVELS	4

struct pb_bitmap {
	unsigned int	levels;				/* I */
	unsigned long	nbits;				/* I */
	unsigned long	*level[PB_BITMAP_LEVELS];	/* A */
};

/* Pageblocks by how full they are, in classes of so many free frames, for single frames ... */
#define PB_NR_OCC	16
#define PB_OCC_NR	(PB_PAGEBLOCK_NR / PB_NR_OCC)
/* ... and by the largest free order inside them (1 to 8), for blocks of frames. */
#define PB_NR_LARGEST	8

struct pb_free_area {
	struct pb_bitmap	occ[PB_NR_OCC];
	struct pb_bitmap	largest[PB_NR_LARGEST];	/* [n]: largest free order is n + 1 */
	struct pb_bitmap	whole;			/* wholly free */
};

/*
 * Orders with pcp lists: up to one above the pageblock's, the largest that mm/ has at all;
 * refilled by words as long as a block fits into one, else singly.
 */
#define PB_PCP_MAX_SMALL	PB_WORD_ORDER
#define PB_NR_PCP_ORDERS	(PB_PAGEBLOCK_ORDER + 2)
#define PB_LIFO_MAX		28	/* makes a list 512 bytes */

/* A block in a list: its head, and where the head's order byte is, for finding that costs most. */
struct pb_pcp_entry {
	unsigned long	pfn;
	u8		*byte;
};

/**
 * struct pb_pcp_list - P: a short LIFO over an unexpanded mask of blocks within one word
 * @n: blocks in @lifo
 * @limit: drained when it holds this many
 * @cur: pageblock this CPU refills from, + 1; 0 = none
 * @put: pageblock this CPU drained to last and whose key may lag, + 1; 0 = none
 * @mask: bit i: the block at @mask_base + i is here too
 * @mask_base: pfn of a word's first frame
 * @mask_bytes: the order bytes of that word's frames
 * @nr_alloc: blocks handed out
 * @nr_free: blocks returned
 * @lifo: newest last
 */
struct pb_pcp_list {
	u32		n;
	u32		limit;
	u32		cur;
	u32		put;
	u64		mask;
	unsigned long	mask_base;
	u8		*mask_bytes;
	unsigned long	nr_alloc;
	unsigned long	nr_free;
	struct pb_pcp_entry lifo[PB_LIFO_MAX];
} ____cacheline_aligned;

/**
 * struct pb_pcp - a CPU's cache of one zone
 * @zone: I
 * @busy: P: the owner is inside; an interrupt that sees it takes the shared path
 * @high: P: pages the lists may hold together, auto-tuned between high_min and high_max
 * @event: P: other events counted inside the busy window
 * @list: P
 */
struct pb_pcp {
	struct pb_zone		*zone;
	u8			busy;
	int			high;
	unsigned long		event[PB_NR_EVENTS];
	struct pb_pcp_list	list[PB_NR_PCP_ORDERS][PB_PCPTYPES];
};

/**
 * struct pb_zone - one kind of memory of one node
 *
 * The pageblocks need not be contiguous: between @start_pfn and @end_pfn there may be holes.
 */
struct pb_zone {
	struct pb_pool		*pool;			/* I */
	int			nid;			/* I */
	enum pb_zone_type	type;			/* I */
	const char		*name;			/* I */
	unsigned long		base_pfn;		/* I: start_pfn rounded down to a chunk */
	unsigned long		start_pfn;		/* I: span */
	unsigned long		end_pfn;		/* I */
	unsigned long		nr_blocks;		/* I: pageblocks from base_pfn to end_pfn */
	unsigned long		present_pages;		/* R: grows; see grow.c */
	unsigned long		growable;		/* R: pages it may still grow by */

	struct pb_pcp __percpu	*pcp;			/* I */
	long			fast_mark;		/* no mark is above; see watermark.c */
	int			pcp_high_min;		/* I: pages */
	int			pcp_high_max;		/* I: pages */
	int			pcp_batch;		/* I: pages */

	struct pb_free_area	area[PB_INDEXED_TYPES];	/* A */
	struct pb_block_ctl	*ctl;			/* per pageblock from base_pfn */
	void			*index_mem;		/* I: backs @area */

	unsigned long		watermark[PB_NR_WMARK];	/* pages; tunable */
	unsigned long		watermark_boost;	/* R: pages */
	unsigned long		lowmem_reserve[PB_NR_ZONE_TYPES]; /* pages; tunable */
	unsigned long		cma_pages;		/* I: pages of PB_CMA pageblocks */
	atomic_long_t		nr_reserved_highatomic;	/* A: pages so reserved */
	atomic_long_t		nr_prezeroed;		/* A: pages ever zeroed ahead */
	atomic_long_t		nr_dirty;		/* A: pages said to be dirty; see dirty.c */
	atomic_t		node_reclaiming;	/* A: lowest zone of a node: in progress */

	unsigned int		compact_considered;	/* deferred since it last failed */
	unsigned int		compact_defer_shift;	/* 1 << this are to be deferred */
	unsigned int		compact_order_failed;	/* from this order on */
	atomic_t		compact_direct;	/* A: requests that compact it themselves */
	u8			*compact_skip;	/* 1 + least order tried in vain, or 0 */

	atomic_long_t		nr_free ____cacheline_aligned;	/* A: pages in the bitmaps */
	atomic_long_t		nr_free_cma;		/* A: those of them in PB_CMA pageblocks */
	atomic_long_t		event[PB_NR_EVENTS];	/* A: events counted outside a pcp */
};

struct pb_request;

struct pb_zonelist {
	unsigned int	nr;
	struct pb_zone	*zone[];	/* nearest node first, then higher type first */
};

/**
 * struct pb_watermark_tunables - what the marks of all zones are computed from
 * @min_free_pages: pages of all zones together; 0: no marks and no reserves at all
 * @watermark_scale_factor: distance between the marks in 1/10000 of a zone
 * @watermark_boost_factor: largest boost in 1/10000 of the high mark; 0: no boost
 * @lowmem_reserve_ratio: a zone keeps one page in so many of the zones above it on its node
 *	from requests that could use those; 0: none
 *
 * Names and defaults as those of vm.* in mm/page_alloc.c, but for min_free, which is 0.
 */
struct pb_watermark_tunables {
	unsigned long	min_free_pages;
	unsigned int	watermark_scale_factor;
	unsigned int	watermark_boost_factor;
	unsigned int	lowmem_reserve_ratio[PB_NR_ZONE_TYPES];
};

/*
 * What a request may do. Names and low bits are those of ALLOC_ in mm/internal.h; the bits above
 * are what mm/ asks of the gfp flags themselves. gfp.c makes them of a caller's gfp flags.
 */
typedef unsigned int __bitwise pb_alloc_flags_t;

#define PB_ALLOC_FLAG(bits)	((__force pb_alloc_flags_t)(bits))

#define PB_ALLOC_WMARK_MIN	PB_ALLOC_FLAG(PB_WMARK_MIN)
#define PB_ALLOC_WMARK_LOW	PB_ALLOC_FLAG(PB_WMARK_LOW)
#define PB_ALLOC_WMARK_HIGH	PB_ALLOC_FLAG(PB_WMARK_HIGH)
#define PB_ALLOC_WMARK_MASK	PB_ALLOC_FLAG(0x3)
#define PB_ALLOC_NO_WATERMARKS	PB_ALLOC_FLAG(0x4)
#define PB_ALLOC_OOM		PB_ALLOC_FLAG(0x8)	/* a victim: half of the min watermark */
#define PB_ALLOC_NON_BLOCK	PB_ALLOC_FLAG(0x10)	/* cannot wait; more of MIN_RESERVE */
#define PB_ALLOC_MIN_RESERVE	PB_ALLOC_FLAG(0x20)	/* half of the min watermark */
#define PB_ALLOC_CPUSET		PB_ALLOC_FLAG(0x40)	/* the memory policy holds; see HARDWALL */
#define PB_ALLOC_CMA		PB_ALLOC_FLAG(0x80)	/* contiguous-area pageblocks too */
#define PB_ALLOC_NOFRAGMENT	PB_ALLOC_FLAG(0x100)	/* do not mix migratetypes */
#define PB_ALLOC_HIGHATOMIC	PB_ALLOC_FLAG(0x200)	/* the high-order atomic reserve too */
#define PB_ALLOC_KSWAPD		PB_ALLOC_FLAG(0x800)	/* may wake the node threads */

#define PB_ALLOC_WAIT		PB_ALLOC_FLAG(0x1000)	/* may sleep, reclaim, drain other CPUs */
#define PB_ALLOC_THISNODE	PB_ALLOC_FLAG(0x2000)	/* the preferred node only */
#define PB_ALLOC_HARDWALL	PB_ALLOC_FLAG(0x4000)	/* with CPUSET: mems_allowed only */
#define PB_ALLOC_SPREAD_DIRTY	PB_ALLOC_FLAG(0x8000)	/* not from nodes past their dirty share */
#define PB_ALLOC_NORETRY	PB_ALLOC_FLAG(0x10000)
#define PB_ALLOC_RETRY_MAYFAIL	PB_ALLOC_FLAG(0x20000)
#define PB_ALLOC_NOFAIL		PB_ALLOC_FLAG(0x40000)
#define PB_ALLOC_NO_WARN	PB_ALLOC_FLAG(0x80000)
#define PB_ALLOC_NOMEMALLOC	PB_ALLOC_FLAG(0x100000)	/* no reserve, whoever asks */
#define PB_ALLOC_RECLAIMING	PB_ALLOC_FLAG(0x200000)	/* PF_MEMALLOC: must not reclaim again */
#define PB_ALLOC_IO		PB_ALLOC_FLAG(0x400000)	/* reclaim may start I/O */
#define PB_ALLOC_FS		PB_ALLOC_FLAG(0x800000)	/* reclaim may call into file systems */

/* Flags that let a request below the min watermark. */
#define PB_ALLOC_RESERVES	(PB_ALLOC_NON_BLOCK | PB_ALLOC_MIN_RESERVE |	\
				 PB_ALLOC_HIGHATOMIC | PB_ALLOC_OOM)

/* Flags that differ between the first walk, the slow path's walks, and those on the reserve. */
#define PB_ALLOC_WALK_MASK	(PB_ALLOC_WMARK_MASK | PB_ALLOC_RESERVES |	\
				 PB_ALLOC_CPUSET | PB_ALLOC_HARDWALL |		\
				 PB_ALLOC_NOFRAGMENT | PB_ALLOC_SPREAD_DIRTY)

struct pb_compact_event;

/**
 * struct pb_ops - signals from the core up to whoever embeds it; none is called under a claim
 * @bad: a bad free or page was refused; any context, NMI included
 * @refill: @nr frames of @order were brought into a pcp; may be NULL; swapped at run time
 * @drain: @nr frames of @order left a pcp; may be NULL; swapped at run time
 * @drain_all: drain every CPU's pcp; may sleep
 * @zone_alloc: a block came from the zone itself; may be NULL; swapped at run time
 * @fallback: a request of one migratetype was served from a pageblock of another, where the block
 *	at @pfn of @fallback_order was free; @claimed: all of the pageblock changed its type; may
 *	be NULL; swapped at run time
 * @wake_node: a zone's node should be balanced: it was boosted or fell below low; with the order
 *	and the flags of the request that found it so; may be NULL
 * @reclaim: have the users of the pool's memory give up @nr_pages that @rq could use, the harder
 *	the lower @priority; returns the pages they gave up; may sleep; may be NULL
 * @reclaimable: pages that they could give up in a zone; may be NULL
 * @grow: add @nr_pages or more to a zone that @rq may use, by pb_pool_grow(); returns the pages
 *	that were added, by whomever; may sleep; may be NULL
 * @migrate: have the owner of the isolated block at @src_pfn move it to @dst_pfn, of the same
 *	order; 0, or a negative errno and everything is as it was; may sleep, but for the time
 *	that @mode allows; NULL when nothing can be moved
 * @uncharge: a block that pb_set_accounted() was called for is being freed; any context, NMI
 *	included; may be NULL where nobody calls that
 * @zero: zeroes frames that the core has taken for that; may sleep; may be NULL
 * @want_zeroed: a request would have liked zeroed memory of a zone and got some that is not known
 *	to be so: make a run of prezero.c when there is time; any context; may be NULL
 * @compact: make larger free blocks for @rq; where one is captured for it, its PFN goes to
 *	@captured, unless that is NULL: it is left free then; may sleep; pb_compact_pages(), or NULL
 *	where there is to be no compaction
 * @compact_event: a step of compaction (compact_event.h); process context; may be NULL; swapped at
 *	run time
 * @oom: nothing can be reclaimed any more; true when memory will come free all the same, because
 *	somebody who holds some has to go; may sleep; may be NULL
 * @oom_victim: whether the caller is one who has to go; may be NULL
 */
struct pb_ops {
	void (*bad)(struct pb_pool *pool, enum pb_bad bad, unsigned long pfn, unsigned int order,
		    unsigned int was);
	void (*refill)(struct pb_zone *zone, unsigned int order, unsigned int mt, unsigned int nr);
	void (*drain)(struct pb_zone *zone, unsigned int order, unsigned int mt, unsigned int nr);
	void (*drain_all)(struct pb_pool *pool);
	void (*zone_alloc)(struct pb_zone *zone, unsigned long pfn, unsigned int order,
			   unsigned int mt);
	void (*fallback)(struct pb_zone *zone, unsigned long pfn, unsigned int order,
			 unsigned int fallback_order, unsigned int mt, unsigned int fallback_mt,
			 bool claimed);
	void (*wake_node)(struct pb_zone *zone, unsigned int order, pb_alloc_flags_t flags);
	unsigned long (*reclaim)(struct pb_pool *pool, const struct pb_request *rq, int priority,
				 unsigned long nr_pages);
	unsigned long (*reclaimable)(struct pb_zone *zone);
	unsigned long (*grow)(struct pb_pool *pool, const struct pb_request *rq,
			      unsigned long nr_pages);
	int (*migrate)(struct pb_pool *pool, unsigned long src_pfn, unsigned long dst_pfn,
		       unsigned int order, int mode);
	void (*uncharge)(struct pb_pool *pool, unsigned long pfn, unsigned int order);
	void (*zero)(struct pb_pool *pool, unsigned long pfn, unsigned long nr_pages);
	void (*want_zeroed)(struct pb_zone *zone);
	enum pb_compact_result (*compact)(struct pb_pool *pool, const struct pb_request *rq,
					  enum pb_compact_priority prio, unsigned long *captured);
	void (*compact_event)(const struct pb_compact_event *event);
	bool (*oom)(struct pb_pool *pool, const struct pb_request *rq);
	bool (*oom_victim)(struct pb_pool *pool);
};

/**
 * struct pb_pool - everything one allocator instance owns
 * @ops: I, but for the members said to be swapped at run time
 * @dir: directory: a chunk for each 1 GiB of physical addresses
 * @no_chunk: I: the chunk of those that have no frames here: all holes
 * @nr_dir: I: length of @dir
 * @nr_nodes: I: length of @zonelist and of @zone
 * @zone: I: by node and type, NULL where there is none
 * @zonelist: I: by preferred node
 * @preferred: I: by node and highest type, the first zone of its zonelist when that is on the
 *	node itself, else NULL
 * @all_zones: I: every zone once
 * @meta: the pageblocks' memory, one allocation per range; changed by pb_pool_grow() alone
 * @nr_meta: length of @meta
 * @distance: I: as node_distance()
 * @node_reclaim_mode: tunable: reclaim on a near node before taking from a far one
 * @node_reclaim_distance: tunable: how far a near node may be
 * @prezero_percent: tunable: how much of a zone may be zeroed ahead of use
 * @dirty_ratio: tunable: percentage of a node that may be dirty
 * @compaction_proactiveness: tunable: how much is compacted ahead of need, 0 to 100
 * @wmark: changed by whoever calls pb_setup_per_zone_wmarks(), one at a time
 * @oom_busy: A: somebody calls ops.oom
 */
struct pb_pool {
	struct pb_ops		ops;
	struct pb_chunk		**dir;
	struct pb_chunk		*no_chunk;
	unsigned long		nr_dir;
	int			nr_nodes;
	struct pb_zone		*(*zone)[PB_NR_ZONE_TYPES];
	struct pb_zonelist	**zonelist;
	struct pb_zone		*(*preferred)[PB_NR_ZONE_TYPES];
	struct pb_zonelist	*all_zones;
	void			**meta;
	unsigned int		nr_meta;
	int			(*distance)(int from, int to);
	unsigned int		node_reclaim_mode;
	int			node_reclaim_distance;
	unsigned int		prezero_percent;
	unsigned int		dirty_ratio;
	unsigned int		compaction_proactiveness;
	struct pb_watermark_tunables wmark;
	atomic_t		oom_busy;
};

/**
 * struct pb_request - one allocation request, built once
 * @order: 0 to PB_MAX_ORDER
 * @migratetype: below PB_PCPTYPES
 * @highest_zone: highest zone type that may serve it
 * @flags: of the first walk over the zonelist
 * @slow_flags: of the walks of the slow path, in place of the PB_ALLOC_WALK_MASK bits of @flags;
 *	0 is the min watermark and nothing more
 * @reserve_flags: of the walks after the first one that failed there, or 0: the caller may use the
 *	reserve
 * @nid: preferred node
 * @nodemask: nodes that may serve it, as a bitmap of pool->nr_nodes bits, or NULL for all;
 *	see pb_ignores_policy()
 * @preferred_zone: first zone that may serve it, for statistics; NULL: the first of the zonelist
 * @mems_allowed: nodes the caller's cpuset has, or NULL for all; counts with PB_ALLOC_CPUSET
 *	and PB_ALLOC_HARDWALL
 * @zeroed: told by pb_alloc() and pb_alloc_contig() whether what they return is known to be zero;
 *	NULL when the caller does not want to know
 *
 * As struct alloc_context together with the two sets of alloc_flags in mm/page_alloc.c.
 */
struct pb_request {
	unsigned int		order;
	enum pb_migratetype	migratetype;
	enum pb_zone_type	highest_zone;
	pb_alloc_flags_t	flags;
	pb_alloc_flags_t	slow_flags;
	pb_alloc_flags_t	reserve_flags;
	int			nid;
	const unsigned long	*nodemask;
	struct pb_zone		*preferred_zone;
	const unsigned long	*mems_allowed;
	bool			*zeroed;
};

/* Flags of a walk in the slow path. As gfp_to_alloc_flags() in mm/page_alloc.c. */
static inline pb_alloc_flags_t pb_slow_alloc_flags(const struct pb_request *rq)
{
	return (rq->flags & ~PB_ALLOC_WALK_MASK) | rq->slow_flags;
}

/*
 * Flags of a walk on the reserve; only with @rq->reserve_flags. As the use that
 * __alloc_pages_slowpath() makes of __gfp_pfmemalloc_flags().
 */
static inline pb_alloc_flags_t pb_reserve_alloc_flags(const struct pb_request *rq)
{
	return (rq->flags & ~PB_ALLOC_WALK_MASK) | rq->reserve_flags;
}

/*
 * Do the walks after the slow path's first look past @rq->nodemask? Those on the reserve do, and
 * those of atomic requests, as in __alloc_pages_slowpath().
 */
static inline bool pb_ignores_policy(const struct pb_request *rq)
{
	return rq->reserve_flags || (rq->slow_flags && !(rq->slow_flags & PB_ALLOC_CPUSET));
}

/* Which mark a walk goes down to. */
static inline enum pb_watermark pb_alloc_wmark(pb_alloc_flags_t flags)
{
	return (__force unsigned int)(flags & PB_ALLOC_WMARK_MASK);
}

#endif /* PB_TYPES_H */
