/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A zone: one kind of memory of one node. Types, watermarks and fields as in linux/mmzone.h.
 *
 * Letters before a field's comment, for what protects it:
 *   I  set at initialisation, constant afterwards
 *   A  atomic: changed by atomic operations from any context
 *   R  read-mostly: changed by compare-exchange
 */
#ifndef PB_ZONE_TYPES_H
#define PB_ZONE_TYPES_H

#include "core/base/event.h"
#include "core/base/free_area_types.h"
#include "core/base/migratetype.h"

enum pb_zone_type { PB_ZONE_DMA32, PB_ZONE_NORMAL, PB_ZONE_MOVABLE, PB_NR_ZONE_TYPES };

enum pb_watermark { PB_WMARK_MIN, PB_WMARK_LOW, PB_WMARK_HIGH, PB_NR_WMARK };

/* Bits of pb_zone.restricted: requests that may not use a zone. See restrict.c. */
#define PB_RESTRICT_ISOLATED	1U	/* those that do not name the node */
#define PB_RESTRICT_USER	2U	/* those with PB_ALLOC_USER */
#define PB_RESTRICT_RELIABLE	4U	/* those with PB_ALLOC_RELIABLE: the zone is not mirrored */

struct pb_pcp;
struct pb_pool;

/* Free pages of a zone that a CPU counts for itself. */
struct pb_free_credit {
	atomic_long_t		pages;			/* A */
	long			limit;			/* pages to have at most; a hint */
	unsigned int		apart;			/* searches to begin elsewhere: apart.c */
} ____cacheline_aligned_in_smp;

/*
 * struct pb_zone - one kind of memory of one node
 *
 * The pageblocks need not be contiguous: between @start_pfn and @end_pfn there may be holes.
 */
struct pb_zone {
	struct pb_pool		*pool;			/* I */
	int			nid;			/* I */
	enum pb_zone_type	type;			/* I */
	unsigned int		barrier;		/* tunable: see restrict.c */
	unsigned int		restricted;		/* tunable: PB_RESTRICT_ bits */
	const char		*name;			/* I */
	struct pb_zone		*home;			/* I: of a private zone: see move.c */
	struct pb_zone		*next_private;		/* I: in the list of private zones */
	unsigned long		base_pfn;		/* I: start_pfn rounded down to a section */
	unsigned long		start_pfn;		/* I: span */
	unsigned long		end_pfn;		/* I */
	unsigned long		nr_pageblocks;		/* I: pageblocks from base_pfn to end_pfn */
	unsigned long		present_pages;		/* R: pb_zone_add_present() */
	unsigned long		growable;		/* R: pages by which it may still grow */

	struct pb_pcp __percpu	*pcp;			/* I */
	long			fast_watermark;		/* above all watermarks; see watermark.c */
	struct pb_free_credit __percpu *credit;		/* I: see free_count.h */
	unsigned int		credit_shift;		/* I: the same */
	int			pcp_high_min;		/* pages; see pb_pcp_set_high() */
	int			pcp_high_max;		/* pages; the same */
	int			pcp_high_step;		/* I: pages a refill adds to high */
	bool			prezeroed;		/* R: a zeroed bit was ever set */
	bool			wake_boosted;		/* R: wake the thread; see fallback.c */

	struct pb_free_area	area[PB_INDEXED_TYPES];	/* A */
	struct pb_bitmap	zeroed;			/* A: per word; see zeroed.c */
	struct pb_index_ctl	*ctl;			/* per pageblock from base_pfn */
	atomic_t		*isolated;		/* A: the same; see free_area.c */
	u16			*free_highatomic;	/* the same; by the updater */
	void			*index_mem;		/* I: backs @area, @zeroed */
	unsigned long __percpu	*updates_begun;		/* I: see updates.h */
	unsigned long __percpu	*updates_ended;		/* I: the same */
	atomic_t		*touched;		/* A: the same */
	atomic_long_t		touched_cleans;		/* A: the same */

	unsigned long		watermark[PB_NR_WMARK];	/* pages; tunable */
	unsigned long		watermark_boost;	/* R: pages */
	unsigned long		lowmem_reserve[PB_NR_ZONE_TYPES]; /* pages; tunable */
	unsigned long		cma_pages;		/* I: pages of PB_CMA pageblocks */
	atomic_long_t		nr_reserved_highatomic;	/* A: pages of PB_HIGHATOMIC pageblocks */
	atomic_long_t		nr_free_highatomic;	/* A: the sum of free_highatomic[] */
	atomic_long_t		nr_dirty;		/* A: pages reported as dirty */
	atomic_t		node_reclaiming;	/* A: in a node's lowest zone */

	unsigned int		compact_considered;	/* compactions deferred since a failure */
	unsigned int		compact_defer_shift;	/* 1 << this many are deferred */
	unsigned int		compact_order_failed;	/* orders from this one on are deferred */
	atomic_t		compact_direct;	/* A: requests that are compacting the zone */
	unsigned long		compact_async_from; /* where an asynchronous compaction goes on */
	u8			*compact_skip;	/* skip hint: 1 + least order that failed, or 0 */

	unsigned int		slow_considered;	/* requests deferred since a failure */
	unsigned int		slow_defer_shift;	/* (1 << this) - 1 are deferred */
	unsigned int		slow_order_failed;	/* 1 + least order deferred, or 0 */
	long			slow_free;		/* free pages at that failure */

	/* In a line of its own: the fast path reads it. */
	atomic_long_t		nr_free ____cacheline_aligned_in_smp; /* A: see free_count.h */
	atomic_long_t		nr_free_cma ____cacheline_aligned_in_smp; /* A: pages in PB_CMA */
	atomic_long_t		moves_begun;		/* A: see free_count.h */
	atomic_long_t		moves_ended;		/* A: the same */
	atomic_long_t		nr_isolated;		/* A: the sum of isolated[] */
	atomic_long_t		event[PB_NR_EVENTS];	/* A: events counted outside a pcp */
};

#endif /* PB_ZONE_TYPES_H */
