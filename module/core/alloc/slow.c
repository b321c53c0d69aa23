// SPDX-License-Identifier: GPL-2.0-only
/*
 * Steps of the slow path: walk the zonelist with different alloc flags, wake node threads, search
 * caches and bitmaps, grow, compact, unreserve highatomic pageblocks. slowpath.c has the order of
 * the steps, slow_retry.c decides about another round, slow_oom.c kills.
 */
#include "core/alloc/slow.h"
#include "core/base/pfn.h"
#include "core/cache/drain.h"
#include "core/cache/freelist.h"
#include "core/cache/prezero.h"
#include "core/compact/compact.h"
#include "core/zone/highatomic.h"
#include "core/zone/zone.h"

/* Scans before a request fails, while the free count changes meanwhile. */
#define SCAN_TRIES	4

/* ---- walks ---- */

/**
 * pb_slow_walk - walk the zonelist with the current flags
 * @s: the request; its pfn is set
 *
 * Context: any.
 * Return: whether a block was allocated.
 */
bool pb_slow_walk(struct pb_slow *s)
{
	s->pfn = pb_get_page_from_freelist(s->pool, &s->now);
	return s->pfn != PB_NO_PFN;
}

/**
 * pb_slow_walk_with - walk once with other flags, which the next walk does not keep
 * @s: the request; its pfn is set
 * @rights: PB_ALLOC_ flags
 *
 * Context: any.
 * Return: whether a block was allocated.
 */
bool pb_slow_walk_with(struct pb_slow *s, pb_alloc_flags_t rights)
{
	pb_alloc_flags_t flags = s->now.flags;
	bool found;

	s->now.flags = (flags & ~(PB_ALLOC_WALK_MASK | PB_ALLOC_NO_WATERMARKS)) | rights;
	found = pb_slow_walk(s);
	s->now.flags = flags;
	return found;
}

/**
 * pb_slow_walk_anywhere - walk once with other flags, then again outside the caller's cpuset
 * @s: the request; its pfn is set
 * @rights: PB_ALLOC_ flags
 *
 * Context: any.
 * Return: whether a block was allocated. As __alloc_pages_cpuset_fallback().
 */
bool pb_slow_walk_anywhere(struct pb_slow *s, pb_alloc_flags_t rights)
{
	pb_alloc_flags_t hardwall = s->rq->flags & PB_ALLOC_HARDWALL;

	return pb_slow_walk_with(s, rights | PB_ALLOC_CPUSET | hardwall) ||
	       pb_slow_walk_with(s, rights);
}

/* Free pages of all zones that may serve the request. */
static long allowed_free_pages(const struct pb_slow *s)
{
	struct pb_zone *zone;
	long pages = 0;

	pb_for_each_zone_zonelist(zone, s->pool->zonelist[s->rq->nid])
		if (pb_zone_allowed(zone, &s->now))
			pages += pb_zone_free_pages(zone);
	return pages;
}

/**
 * pb_slow_scan - walk the zonelist, scanning every pageblock instead of the index
 * @s: the request; its pfn is set
 *
 * For a request that would fail: the index may be held back by a CPU that does not run. Scans again
 * when the free count has changed, because a block may have been freed behind the scan.
 *
 * Context: any; takes time in proportion to the zones.
 * Return: whether a block was allocated.
 */
bool pb_slow_scan(struct pb_slow *s)
{
	pb_alloc_flags_t flags = s->now.flags;
	unsigned int tries = 0;
	bool found;
	long free;

	s->now.flags |= PB_ALLOC_SCAN;
	do {
		free = allowed_free_pages(s);
		found = pb_slow_walk(s);
	} while (!found && ++tries < SCAN_TRIES && free != allowed_free_pages(s));
	s->now.flags = flags;
	return found;
}

/* ---- beginning ---- */

/**
 * pb_slow_possible - whether a zone can become large enough to serve a request
 * @pool: the pool
 * @rq: the request, with the widest flags of any of its walks
 * @nr_pages: contiguous pages of the request
 *
 * Context: any.
 * Return: false when no reclaim, growth or wait can help.
 */
bool pb_slow_possible(struct pb_pool *pool, const struct pb_request *rq, unsigned long nr_pages)
{
	const pb_alloc_flags_t must = PB_ALLOC_NOFAIL | PB_ALLOC_WAIT;
	struct pb_request widest = *rq;
	struct pb_zone *zone;

	/* Its last walk leaves the cpuset. */
	if ((rq->flags & must) == must)
		widest.flags &= ~(PB_ALLOC_CPUSET | PB_ALLOC_HARDWALL);
	pb_for_each_zone_zonelist(zone, pool->zonelist[rq->nid])
		if (pb_zone_allowed(zone, &widest) && pb_zone_most_pages(zone) >= nr_pages)
			return true;
	return false;
}

static bool possible(const struct pb_slow *s, bool reliable)
{
	struct pb_request rq = *s->rq;

	/* With the widest flags of any of the walks below. */
	rq.flags = pb_slow_alloc_flags(s->rq);
	if (!reliable)
		rq.flags &= ~PB_ALLOC_RELIABLE;
	if (pb_ignores_policy(s->rq)) {
		rq.nodemask = NULL;
		rq.mems_allowed = NULL;
	}
	return pb_slow_possible(s->pool, &rq, 1UL << rq.order);
}

/**
 * pb_slow_warn_unreasonable - warn about a request that must not fail, and may wait without end
 * @rq: the request
 * @order: its order, or that of its range
 *
 * Context: any.
 */
void pb_slow_warn_unreasonable(const struct pb_request *rq, unsigned int order)
{
	if (likely(!(rq->flags & PB_ALLOC_NOFAIL)))
		return;
	WARN_ON_ONCE(order > 1);
	WARN_ON_ONCE(!(rq->flags & PB_ALLOC_WAIT));
	/* The request cannot reclaim, and would wait for another task to do so. */
	WARN_ON_ONCE(rq->flags & PB_ALLOC_WAIT && !pb_may_reclaim(rq));
}

/**
 * pb_slow_fails_early - whether a request only tries a node, because its caller has a fallback
 * @s: the request
 *
 * THISNODE without sleeping, and without a right to a reserve. Such a request wakes no thread and
 * has one round, after the caches of this CPU were drained. Linux before 4.4 failed it without a
 * walk; since then it may use the pages down to the min watermark, which it does here.
 *
 * Context: any.
 * Return: whether it does.
 */
bool pb_slow_fails_early(const struct pb_slow *s)
{
	const pb_alloc_flags_t rights = PB_ALLOC_MIN_RESERVE | PB_ALLOC_HIGHATOMIC;

	return pb_slow_may(s, PB_ALLOC_THISNODE) && !pb_slow_may(s, PB_ALLOC_WAIT) &&
	       !s->rq->reserve_flags && !(s->rq->slow_flags & rights);
}

/**
 * pb_slow_begin - set the flags of the slow path
 * @s: the request
 *
 * Context: any.
 * Return: false when the request can never be served.
 */
bool pb_slow_begin(struct pb_slow *s)
{
	const pb_alloc_flags_t atomic = PB_ALLOC_NON_BLOCK | PB_ALLOC_HIGHATOMIC;
	bool strict = READ_ONCE(s->pool->reliable_strict);

	pb_slow_warn_unreasonable(s->rq, s->rq->order);
	if (!possible(s, strict)) {
		WARN_ON_ONCE(pb_slow_may(s, PB_ALLOC_NOFAIL));
		/* Other memory could have served it. */
		if (strict && possible(s, false))
			pb_slow_count(s->pool, PB_RELIABLE_STRICT);
		return false;
	}
	s->now.flags = pb_slow_alloc_flags(s->rq);
	/* The cpuset no longer selects it. */
	if (!s->rq->nodemask)
		s->now.preferred_zone = NULL;
	/* Sleepable requests may not use the atomic reserve. */
	if (WARN_ON_ONCE(pb_slow_may(s, PB_ALLOC_WAIT) && s->now.flags & atomic))
		s->now.flags &= ~atomic;
	return true;
}

/**
 * pb_slow_unreliable - let a request for reliable memory use all memory, unless strict
 * @pool: the pool
 * @flags: PB_ALLOC_ flags
 *
 * Called once for a request, when mirrored memory has not served it at once. The result holds until
 * the request ends, also when the tunable changes meanwhile.
 *
 * Context: any. As mem_reliable_fallback_slowpath() in openEuler.
 * Return: the flags of the walks that follow.
 */
pb_alloc_flags_t pb_slow_unreliable(struct pb_pool *pool, pb_alloc_flags_t flags)
{
	if (likely(!(flags & PB_ALLOC_RELIABLE)))
		return flags;
	if (READ_ONCE(pool->reliable_strict)) {
		pb_slow_count(pool, PB_RELIABLE_STRICT);
		return flags;
	}
	pb_slow_count(pool, PB_RELIABLE_FALLBACK);
	return flags & ~PB_ALLOC_RELIABLE;
}

/* ---- reclaim, compaction and growth for a request ---- */

/**
 * pb_slow_wake_nodes - wake the thread of each node that could serve a request
 * @s: the request
 *
 * Context: any. As wake_all_kswapds().
 */
void pb_slow_wake_nodes(struct pb_slow *s)
{
	unsigned int order = s->deferred ? 0 : s->rq->order;
	struct pb_zone *zone;
	int last = NUMA_NO_NODE;

	if (!pb_slow_may(s, PB_ALLOC_KSWAPD) || !s->pool->ops.wake_node)
		return;
	/* Nor for a request with rights: its caller has a fallback, too. */
	if (pb_slow_may(s, PB_ALLOC_THISNODE) && !pb_slow_may(s, PB_ALLOC_WAIT))
		return;
	pb_for_each_zone_zonelist(zone, s->pool->zonelist[s->rq->nid]) {
		if (zone->nid == last || !pb_zone_allowed(zone, &s->now))
			continue;
		last = zone->nid;
		s->pool->ops.wake_node(zone, order, s->rq->flags);
	}
}

/**
 * pb_slow_drain_all - drain the caches of all CPUs
 * @pool: the pool
 *
 * Context: may sleep. As drain_all_pages().
 */
void pb_slow_drain_all(struct pb_pool *pool)
{
	if (!pool->ops.drain_all)
		return;
	might_sleep();
	pb_slow_count(pool, PB_DRAIN_ALL);
	pool->ops.drain_all(pool);
}

/**
 * pb_slow_wait_for_reclaim - wait for memory that other tasks are about to free, and drain it
 * @pool: the pool
 * @rq: the request
 *
 * Context: may sleep. A request waits once, as for too_many_isolated() in mm/vmscan.c.
 * Return: whether they have freed some.
 */
bool pb_slow_wait_for_reclaim(struct pb_pool *pool, const struct pb_request *rq)
{
	if (!pool->ops.reclaim_wait || !pool->ops.reclaim_wait(pool, rq))
		return false;
	pb_slow_drain_all(pool);
	return true;
}

/**
 * pb_slow_pause_prezero - pause prezeroing for a request that a pageblock being zeroed may serve
 * @pool: the pool
 * @rq: the request, of more than a page; one that may not wait, or not for long, does not pause it
 *
 * Context: may sleep with PB_ALLOC_WAIT.
 * Return: whether it has paused it: search again, and call pb_prezero_resume() in the end.
 */
bool pb_slow_pause_prezero(struct pb_pool *pool, const struct pb_request *rq)
{
	if (!rq->order || !(rq->flags & PB_ALLOC_WAIT) || rq->flags & PB_ALLOC_NORETRY)
		return false;
	pb_prezero_pause(pool);
	return true;
}

/**
 * pb_slow_grow - grow the pool, if it may grow
 * @pool: the pool
 * @rq: the request
 * @nr_pages: pages needed
 *
 * Context: may sleep.
 * Return: pages that this or another task added. As deferred_grow_zone().
 */
unsigned long pb_slow_grow(struct pb_pool *pool, const struct pb_request *rq,
			   unsigned long nr_pages)
{
	if (!pool->ops.grow)
		return 0;
	might_sleep();
	return pool->ops.grow(pool, rq, nr_pages);
}

/**
 * pb_slow_scan_zones - update the index, whose bits are hints, from the free bitmaps
 * @pool: the pool
 * @rq: the request; only zones that it may use are scanned
 *
 * Context: may sleep.
 */
void pb_slow_scan_zones(struct pb_pool *pool, const struct pb_request *rq)
{
	struct pb_zone *zone;

	pb_for_each_zone(zone, pool)
		if (pb_zone_allowed(zone, rq) && pb_zone_free_pages(zone) >= 1L << rq->order)
			pb_zone_index_update_all(zone);
}

/**
 * pb_slow_reserves - the reserves that the caller may use now
 * @s: the request
 *
 * The task may have become an OOM victim meanwhile. Context: any.
 * Return: PB_ALLOC_ flags, or 0.
 */
pb_alloc_flags_t pb_slow_reserves(const struct pb_slow *s)
{
	if (s->rq->reserve_flags || pb_slow_may(s, PB_ALLOC_NOMEMALLOC) ||
	    !pb_slow_may(s, PB_ALLOC_WAIT) || !s->pool->ops.oom_victim ||
	    !s->pool->ops.oom_victim(s->pool))
		return s->rq->reserve_flags;
	return PB_ALLOC_OOM | (s->rq->slow_flags & PB_ALLOC_CMA);
}

/**
 * pb_slow_compact - compact, then allocate
 * @s: the request; its pfn and compact_result are set
 * @priority: priority of the compaction
 *
 * Context: may sleep.
 * Return: whether a block was allocated. As __alloc_pages_direct_compact().
 */
bool pb_slow_compact(struct pb_slow *s, enum pb_compact_priority priority)
{
	unsigned long captured = PB_NO_PFN;
	unsigned int task;

	s->compact_result = PB_COMPACT_SKIPPED;
	if (!pb_slow_can_compact(s))
		return false;
	might_sleep();
	task = pb_noreclaim_save();
	s->compact_result = s->pool->ops.compact(s->pool, &s->now, priority, &captured);
	pb_noreclaim_restore(task);
	if (s->compact_result == PB_COMPACT_SKIPPED)
		return false;
	pb_slow_count(s->pool, PB_COMPACTSTALL);
	s->pfn = captured;
	if (captured != PB_NO_PFN || pb_slow_walk(s)) {
		pb_compact_defer_reset(pb_dir_entry(s->pool, s->pfn)->zone, s->rq->order, true);
		pb_slow_count(s->pool, PB_COMPACTSUCCESS);
		return true;
	}
	pb_slow_count(s->pool, PB_COMPACTFAIL);
	cond_resched();
	return false;
}

/**
 * pb_slow_unreserve - unreserve a highatomic pageblock for a request that would fail
 * @s: the request
 * @force: also the last reserved pageblock of a zone
 *
 * Context: any.
 * Return: whether one was unreserved. As unreserve_highatomic_pageblock().
 */
bool pb_slow_unreserve(struct pb_slow *s, bool force)
{
	struct pb_zone *zone;

	pb_for_each_zone_zonelist(zone, s->pool->zonelist[s->rq->nid])
		if (pb_zone_allowed(zone, &s->now) &&
		    pb_highatomic_unreserve_zone(zone, s->rq->migratetype, force))
			return true;
	return false;
}
