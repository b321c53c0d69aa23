/* SPDX-License-Identifier: GPL-2.0-only */
/* An allocation request, and the flags of its walks over the zonelist. */
#ifndef PB_REQUEST_H
#define PB_REQUEST_H

#include "core/base/alloc_flags.h"
#include "core/base/migratetype.h"
#include "core/base/zone_types.h"

/**
 * struct pb_request - one allocation request, built once
 * @order: 0 to PB_MAX_ORDER
 * @nr_pages: pages of a range (contig.c), whose @order is rounded down; 0: a block of @order
 * @align_order: alignment of a range, 0 to PB_MAX_ORDER; 0: that of its length (contig.c)
 * @migratetype: below PB_PCPTYPES
 * @highest_zone: highest zone type that may serve it
 * @flags: of the first walk over the zonelist
 * @slow_flags: of the walks of the slow path, instead of the PB_ALLOC_WALK_MASK bits of @flags;
 *	0 is the min watermark without other rights
 * @reserve_flags: of the walks after the first one that failed there, if the caller may use a
 *	reserve, or 0
 * @nid: preferred node
 * @nodemask: nodes that may serve it, as a bitmap of pool->nr_nodes bits, or NULL for all;
 *	see pb_ignores_policy()
 * @preferred_zone: first zone that may serve it, for statistics; NULL: the first zone of the
 *	zonelist that @highest_zone and @nodemask allow
 * @mems_allowed: nodes of the caller's cpuset, or NULL for all; applies with PB_ALLOC_CPUSET and
 *	PB_ALLOC_HARDWALL
 * @mems_cookie: for ops->mems_changed, or 0: the allowed nodes do not change
 * @zones: zones that serve it in place of those of the zonelist, by node and type, NULL where there
 *	is none: alloc/private.c; or NULL
 * @zeroed: set by pb_alloc() and pb_alloc_contig() to whether the pages are known to be zero, or
 *	NULL
 * @caller_looks: the caller looks at the pages for memory errors itself before it uses them
 * @caller_zeroes: it zeroes all pages, so they are looked at as those that may be @zeroed
 *
 * As struct alloc_context together with the two sets of alloc_flags in mm/page_alloc.c.
 */
struct pb_request {
	unsigned int		order;
	unsigned long		nr_pages;
	unsigned int		align_order;
	enum pb_migratetype	migratetype;
	enum pb_zone_type	highest_zone;
	pb_alloc_flags_t	flags;
	pb_alloc_flags_t	slow_flags;
	pb_alloc_flags_t	reserve_flags;
	int			nid;
	const unsigned long	*nodemask;
	struct pb_zone		*preferred_zone;
	const unsigned long	*mems_allowed;
	unsigned int		mems_cookie;
	struct pb_zone		*(*zones)[PB_NR_ZONE_TYPES];
	bool			*zeroed;
	bool			caller_looks;
	bool			caller_zeroes;
};

static inline unsigned long pb_request_pages(const struct pb_request *rq)
{
	return rq->nr_pages ?: 1UL << rq->order;
}

/* The zone that serves a request where the zonelist has @zone, or NULL. */
static inline struct pb_zone *pb_serving_zone(const struct pb_request *rq, struct pb_zone *zone)
{
	/* The address dependency orders this before the accesses to the zone. */
	return likely(!rq->zones) ? zone : READ_ONCE(rq->zones[zone->nid][zone->type]);
}

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
 * Whether the walks after the slow path's first one ignore @rq->nodemask: those on the reserve and
 * those of atomic requests, as in __alloc_pages_slowpath().
 */
static inline bool pb_ignores_policy(const struct pb_request *rq)
{
	return rq->reserve_flags || (rq->slow_flags && !(rq->slow_flags & PB_ALLOC_CPUSET));
}

/*
 * Whether a request may call reclaimers and owners of movable blocks: not from within such a call,
 * whose task has PF_MEMALLOC.
 */
static inline bool pb_may_reclaim(const struct pb_request *rq)
{
	return rq->flags & PB_ALLOC_WAIT && !(rq->flags & PB_ALLOC_RECLAIMING) &&
	       !pb_task_reclaiming();
}

#endif /* PB_REQUEST_H */
