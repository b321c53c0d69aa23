// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the states of the slow path do: walk the zonelist with some rights or others, wake node
 * threads, look through caches and bitmaps, compact, give up reserves, have somebody killed. In
 * which order is for slowpath.c; whether another round is worth it, for slow_retry.c.
 */
#include "core/alloc/slow.h"
#include "core/base/pfn.h"
#include "core/cache/drain.h"
#include "core/cache/freelist.h"
#include "core/compact/compact.h"
#include "core/zone/highatomic.h"
#include "core/zone/zone.h"

/* ---- walks ---- */

/**
 * pb_slow_walk - look for a block along the zonelist, with the rights the request has now
 * @s: the request; its pfn is set
 *
 * Context: any. Return: whether there is one.
 */
bool pb_slow_walk(struct pb_slow *s)
{
	s->pfn = pb_get_page_from_freelist(s->pool, &s->now);
	return s->pfn != PB_NO_PFN;
}

/* A walk that is tried once, with other rights than the next one has. */
static bool walk_with(struct pb_slow *s, pb_alloc_flags_t rights)
{
	pb_alloc_flags_t flags = s->now.flags;
	bool found;

	s->now.flags = (flags & ~(PB_ALLOC_WALK_MASK | PB_ALLOC_NO_WATERMARKS)) | rights;
	found = pb_slow_walk(s);
	s->now.flags = flags;
	return found;
}

/**
 * pb_slow_walk_anywhere - walk once with other rights, at last also outside the caller's cpuset
 * @s: the request; its pfn is set
 * @rights: PB_ALLOC_ flags
 *
 * Context: any. Return: whether there is a block. As __alloc_pages_cpuset_fallback().
 */
bool pb_slow_walk_anywhere(struct pb_slow *s, pb_alloc_flags_t rights)
{
	return walk_with(s, rights | PB_ALLOC_CPUSET | (s->rq->flags & PB_ALLOC_HARDWALL)) ||
	       walk_with(s, rights);
}

/* ---- beginning ---- */

/* Whether any zone that may serve the request could ever be large enough. */
static bool possible(const struct pb_slow *s)
{
	struct pb_request rq = *s->rq;
	struct pb_zone *zone;

	/* With all that any of the walks below may do. */
	rq.flags = pb_slow_alloc_flags(s->rq);
	if (pb_ignores_policy(s->rq)) {
		rq.nodemask = NULL;
		rq.mems_allowed = NULL;
	}
	pb_for_each_zone_zonelist(zone, s->pool->zonelist[rq.nid])
		if (pb_zone_allowed(zone, &rq) && pb_zone_most_pages(zone) >= 1UL << rq.order)
			return true;
	return false;
}

static void warn_unreasonable(const struct pb_slow *s)
{
	if (likely(!pb_slow_may(s, PB_ALLOC_NOFAIL)))
		return;
	WARN_ON_ONCE(s->rq->order > 1);
	WARN_ON_ONCE(!pb_slow_may(s, PB_ALLOC_WAIT));
	/* It cannot reclaim anything, only wait for somebody to do it. */
	WARN_ON_ONCE(pb_slow_reclaiming(s));
}

/**
 * pb_slow_begin - what a request is entitled to from now on
 * @s: the request, as it was made
 *
 * Context: any. Return: false when it could never be served.
 */
bool pb_slow_begin(struct pb_slow *s)
{
	const pb_alloc_flags_t atomic = PB_ALLOC_NON_BLOCK | PB_ALLOC_HIGHATOMIC;

	warn_unreasonable(s);
	if (!possible(s)) {
		WARN_ON_ONCE(pb_slow_may(s, PB_ALLOC_NOFAIL));
		return false;
	}
	s->now.flags = pb_slow_alloc_flags(s->rq);
	/* What is kept for those who cannot wait is not for those who can. */
	if (WARN_ON_ONCE(pb_slow_may(s, PB_ALLOC_WAIT) && s->now.flags & atomic))
		s->now.flags &= ~atomic;
	return true;
}

/* ---- what others can do for it ---- */

/* THISNODE that may not wait has a way of its own to go on: nobody is troubled for it. */
static bool fails_early(const struct pb_slow *s)
{
	return pb_slow_may(s, PB_ALLOC_THISNODE) && !pb_slow_may(s, PB_ALLOC_WAIT);
}

/**
 * pb_slow_wake_nodes - wake the thread of each node that could serve a request
 * @s: the request
 *
 * Context: any. As wake_all_kswapds().
 */
void pb_slow_wake_nodes(struct pb_slow *s)
{
	struct pb_zone *zone;
	int last = NUMA_NO_NODE;

	if (!pb_slow_may(s, PB_ALLOC_KSWAPD) || !s->pool->ops.wake_node || fails_early(s))
		return;
	pb_for_each_zone_zonelist(zone, s->pool->zonelist[s->rq->nid]) {
		if (zone->nid == last || !pb_zone_allowed(zone, &s->now))
			continue;
		last = zone->nid;
		s->pool->ops.wake_node(zone, s->rq->order, s->rq->flags);
	}
}

/**
 * pb_slow_drain_all - empty the caches of all CPUs
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
 * pb_slow_grow - have a pool take more memory, where it may have some
 * @pool: the pool
 * @rq: whom it is for
 * @nr_pages: pages wanted
 *
 * Context: may sleep. Return: pages that it has grown by, by whomever. As deferred_grow_zone().
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
 * pb_slow_scan_zones - index bits are hints: look at the bitmaps themselves
 * @pool: the pool
 * @rq: whose zones
 *
 * Context: may sleep.
 */
void pb_slow_scan_zones(struct pb_pool *pool, const struct pb_request *rq)
{
	struct pb_zone *zone;

	pb_for_each_zone(zone, pool)
		if (pb_zone_allowed(zone, rq) && pb_zone_free_pages(zone) >= 1L << rq->order)
			pb_zone_reindex_all(zone);
}

/**
 * pb_slow_reserves - which reserve the caller may use by now
 * @s: the request
 *
 * It may have become an OOM victim meanwhile. Context: any. Return: PB_ALLOC_ flags, or 0.
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
 * pb_slow_compact - make a block by compaction, and take it
 * @s: the request; its pfn and compact_result are set
 * @priority: how hard to try
 *
 * Context: may sleep. Return: whether there is one. As __alloc_pages_direct_compact().
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
		pb_compact_defer_reset(pb_slot(s->pool, s->pfn)->zone, s->rq->order, true);
		pb_slow_count(s->pool, PB_COMPACTSUCCESS);
		return true;
	}
	pb_slow_count(s->pool, PB_COMPACTFAIL);
	cond_resched();
	return false;
}

/**
 * pb_slow_unreserve - what is kept for atomic requests is for whoever else would fail
 * @s: the request
 * @force: all of it, not only what lies idle
 *
 * Context: any. Return: whether something was given up. As unreserve_highatomic_pageblock().
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

/* ---- killing ---- */

/* Killing helps with neither large blocks nor a certain node or zone, and some can do without. */
static bool oom_may_help(const struct pb_slow *s)
{
	return s->pool->ops.oom && !pb_slow_costly(s) && s->rq->highest_zone >= PB_ZONE_NORMAL &&
	       !pb_slow_may(s, PB_ALLOC_RETRY_MAYFAIL) && !pb_slow_may(s, PB_ALLOC_THISNODE);
}

/* As __alloc_pages_may_oom(), under its lock. */
static bool oom_locked(struct pb_slow *s, bool *progress)
{
	/* Whoever had the lock before may have brought enough: then nobody else has to go. */
	if (walk_with(s, PB_ALLOC_WMARK_HIGH | PB_ALLOC_CPUSET | PB_ALLOC_HARDWALL))
		return true;
	if (!oom_may_help(s))
		return false;
	*progress = s->pool->ops.oom(s->pool, s->rq);
	return *progress && pb_slow_may(s, PB_ALLOC_NOFAIL) &&
	       pb_slow_walk_anywhere(s, PB_ALLOC_NO_WATERMARKS);
}

/**
 * pb_slow_oom - nothing helps any more: may somebody be killed for it?
 * @s: the request; its pfn may be set
 * @progress: out: whether memory will come free
 *
 * Context: may sleep. Return: whether there is a block. As __alloc_pages_may_oom().
 */
bool pb_slow_oom(struct pb_slow *s, bool *progress)
{
	bool found;

	/* Others may have had what it grew by before: nobody has to go for that. */
	*progress = pb_slow_grow(s->pool, &s->now, 1UL << s->rq->order);
	if (*progress)
		return false;
	if (atomic_cmpxchg_acquire(&s->pool->oom_busy, 0, 1)) {
		/* Somebody sees to it already. */
		pb_wait_tick();
		*progress = true;
		return false;
	}
	found = oom_locked(s, progress);
	atomic_set_release(&s->pool->oom_busy, 0);
	return found;
}
