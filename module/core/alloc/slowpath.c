// SPDX-License-Identifier: GPL-2.0-only
/*
 * The slow path: a state machine for requests that the first walk over the zonelist could not
 * serve, with the behaviour of __alloc_pages_slowpath() in mm/page_alloc.c. Each state is one
 * function below. It tries one thing and returns the next state.
 *
 *   ADJUST          wake the node threads; a request for reliable memory may now use all memory,
 *                   unless strict; walk with the flags of the slow path, down to min
 *   COLLECT         drain this CPU's caches; if the request may sleep also those of other CPUs,
 *                   update the index from the free bitmaps unless it is NORETRY, and scan; a block
 *                   then waits for the pageblocks that are being prezeroed, unless it is NORETRY
 *   GROW            grow the pool, if it may grow; walk
 *   COMPACT_FIRST   costly and unmovable blocks: compact asynchronously before reclaim
 *   RETRY           wake the node threads, update the reserves, walk; requests that may not sleep
 *                   end here
 *   RECLAIM         direct reclaim, walk
 *   COMPACT         direct compaction, walk
 *   AGAIN           decide about another round
 *   OUT_OF_MEMORY   kill a task, if the OOM policy allows it
 *   NO_PAGE         wait once for other tasks that reclaim, unless ops->oom has waited, or the
 *                   request is NORETRY or has not reclaimed; scan, which finds what the index
 *                   hides; drain again if that helps; fail, except for NOFAIL requests
 *
 *   ADJUST > COLLECT > GROW > COMPACT_FIRST >
 *	RETRY > RECLAIM > COMPACT > AGAIN > OUT_OF_MEMORY > NO_PAGE
 *
 * RETRY goes to NO_PAGE when the request may not sleep, COMPACT_FIRST when a request for a huge
 * page must not stall, AGAIN and OUT_OF_MEMORY when another round cannot succeed. AGAIN and
 * OUT_OF_MEMORY go back to RETRY when it may, and NO_PAGE when the request must not fail, or once
 * when other tasks have freed memory.
 *
 * Each state ends in SERVED when its walk allocates a block. A request whose allowed nodes have
 * changed ends in FAILED before a round, a kill or a failure, also if it must not fail: its caller
 * makes it again. A request that fails early (pb_slow_fails_early()) ends after COLLECT. After a
 * failure, ADJUST, COLLECT and RETRY do less for the next requests of the order (slow_defer.c). The
 * steps are in slow.c, the decisions of AGAIN in slow_retry.c.
 */
#include "core/alloc/failure_reason.h"
#include "core/alloc/reclaim.h"
#include "core/alloc/slow_defer.h"
#include "core/alloc/slow_oom.h"
#include "core/alloc/slow_retry.h"
#include "core/alloc/slowpath.h"
#include "core/base/pool_types.h"
#include "core/base/request.h"
#include "core/cache/drain.h"
#include "core/cache/prezero.h"

enum state {
	ADJUST, COLLECT, GROW, COMPACT_FIRST, RETRY, RECLAIM, COMPACT, AGAIN, OUT_OF_MEMORY,
	NO_PAGE,
	NR_STATES, SERVED = NR_STATES, FAILED,
};

static enum state adjust(struct pb_slow *s)
{
	if (!pb_slow_begin(s))
		return FAILED;
	if (pb_slow_fails_early(s)) {
		s->now.flags = pb_slow_unreliable(s->pool, s->now.flags);
		return COLLECT;
	}
	s->deferred = pb_slow_deferred(s);
	pb_slow_wake_nodes(s);
	s->now.flags = pb_slow_unreliable(s->pool, s->now.flags);
	return pb_slow_walk(s) ? SERVED : COLLECT;
}

static enum state collect(struct pb_slow *s)
{
	pb_pcp_drain_local(s->pool);
	if (pb_slow_walk(s))
		return SERVED;
	if (!pb_slow_may(s, PB_ALLOC_WAIT))
		return pb_slow_fails_early(s) ? NO_PAGE : RETRY;
	if (!s->deferred || pb_slow_drain_helps(s))
		pb_slow_drain_all(s->pool);
	if (pb_slow_walk(s))
		return SERVED;
	/* Opportunistic requests do not wait for it. What is free the scan finds, too. */
	if (!pb_slow_may(s, PB_ALLOC_NORETRY)) {
		pb_slow_scan_zones(s->pool, &s->now);
		if (pb_slow_walk(s))
			return SERVED;
	}
	if (pb_slow_scan(s))
		return SERVED;
	s->paused = pb_slow_pause_prezero(s->pool, s->rq);
	return s->paused && pb_slow_walk(s) ? SERVED : GROW;
}

/* Before reclaim, because growth takes memory from no user of the pool. */
static enum state grow(struct pb_slow *s)
{
	if (pb_slow_reclaiming(s) || !pb_slow_grow(s->pool, &s->now, 1UL << s->rq->order))
		return COMPACT_FIRST;
	return pb_slow_walk(s) ? SERVED : COMPACT_FIRST;
}

static enum state compact_first(struct pb_slow *s)
{
	if (!pb_slow_can_compact(s) || pb_slow_reserves(s) ||
	    (!pb_slow_costly(s) && s->rq->migratetype == PB_MOVABLE))
		return RETRY;
	if (pb_slow_compact(s, PB_COMPACT_PRIO_ASYNC))
		return SERVED;
	if (pb_slow_huge_gives_up(s))
		return NO_PAGE;
	/* Reclaim may help, but synchronous compaction would stall too long. */
	if (pb_slow_costly(s) && pb_slow_may(s, PB_ALLOC_NORETRY))
		s->compact_priority = PB_COMPACT_PRIO_ASYNC;
	return RETRY;
}

static enum state compact(struct pb_slow *s)
{
	return pb_slow_compact(s, s->compact_priority) ? SERVED : AGAIN;
}

/* As check_retry_cpuset(). */
static bool stale(const struct pb_slow *s)
{
	return pb_request_stale(s->pool, s->rq);
}

static enum state retry(struct pb_slow *s)
{
	struct pb_request rq = *s->rq;

	if (stale(s))
		return FAILED;
	/* Pairs with the release in ops->oom: the walk sees what the victim has freed. */
	s->oom_gone = smp_load_acquire(&s->pool->oom_gone);
	/* As ADJUST has decided. */
	if (!(s->now.flags & PB_ALLOC_RELIABLE))
		rq.flags &= ~PB_ALLOC_RELIABLE;
	pb_slow_wake_nodes(s);
	rq.reserve_flags = pb_slow_reserves(s);
	if (rq.reserve_flags)
		s->now.flags = pb_reserve_alloc_flags(&rq);
	/* Such requests ignore the caller's memory policy. */
	if (pb_ignores_policy(&rq)) {
		s->now.nodemask = NULL;
		s->now.preferred_zone = NULL;
	}
	if (pb_slow_walk(s))
		return SERVED;
	if (!pb_slow_may(s, PB_ALLOC_WAIT) || pb_slow_reclaiming(s))
		return NO_PAGE;
	return RECLAIM;
}

static enum state reclaim(struct pb_slow *s)
{
	s->reclaimed = pb_direct_reclaim(s->pool, &s->now);
	s->tried_reclaim = true;
	cond_resched();
	if (!s->reclaimed)
		return COMPACT;
	if (pb_slow_walk(s))
		return SERVED;
	/* The freed pages may be in a cache, or in highatomic pageblocks. */
	pb_slow_unreserve(s, false);
	pb_slow_drain_all(s->pool);
	return pb_slow_walk(s) ? SERVED : COMPACT;
}

static enum state again(struct pb_slow *s)
{
	if (pb_slow_may(s, PB_ALLOC_NORETRY))
		return NO_PAGE;
	if (pb_slow_costly(s) &&
	    !(pb_slow_can_compact(s) && pb_slow_may(s, PB_ALLOC_RETRY_MAYFAIL)))
		return NO_PAGE;
	if (pb_slow_reclaim_retry(s))
		return RETRY;
	if (s->reclaimed && pb_slow_compact_retry(s))
		return RETRY;
	return OUT_OF_MEMORY;
}

static enum state out_of_memory(struct pb_slow *s)
{
	bool progress;

	if (stale(s))
		return FAILED;
	if (pb_slow_oom(s, &progress))
		return SERVED;
	/* A victim that has used its reserve, or gets none, would loop for ever. */
	if (!progress || (pb_fatal_signal() && (pb_slow_may(s, PB_ALLOC_NOMEMALLOC) ||
						s->now.flags & PB_ALLOC_OOM)))
		return NO_PAGE;
	s->no_progress_loops = 0;
	return RETRY;
}

/*
 * Node threads and other requests reclaim meanwhile: what they free lies in the caches of their
 * CPUs, and counts as no progress of this request. Without reclaim COLLECT was a moment ago.
 */
static bool drain_again(struct pb_slow *s)
{
	if (!s->tried_reclaim || pb_slow_may(s, PB_ALLOC_NORETRY) || !pb_slow_drain_helps(s))
		return false;
	pb_slow_drain_all(s->pool);
	return true;
}

/* Such as a buffer that is being purged, which this request could not purge. */
static bool others_freed(struct pb_slow *s)
{
	if (s->waited || !s->tried_reclaim || pb_slow_may(s, PB_ALLOC_NORETRY))
		return false;
	s->waited = true;
	return pb_slow_wait_for_reclaim(s->pool, s->rq);
}

static enum state no_page(struct pb_slow *s)
{
	/* Before the scan, which finds what they have freed without a wait. */
	if (others_freed(s))
		return RETRY;
	if (pb_slow_scan(s) || (drain_again(s) && pb_slow_scan(s)))
		return SERVED;
	if (likely(!pb_slow_may(s, PB_ALLOC_NOFAIL)) || !pb_slow_may(s, PB_ALLOC_WAIT) ||
	    stale(s))
		return FAILED;
	/* A part of the reserve only; using all of it could make other tasks fail. */
	if (pb_slow_walk_anywhere(s, PB_ALLOC_MIN_RESERVE))
		return SERVED;
	pb_wait_tick();
	return RETRY;
}

static enum state (*const enter[NR_STATES])(struct pb_slow *s) = {
	[ADJUST] = adjust,
	[COLLECT] = collect,
	[GROW] = grow,
	[COMPACT_FIRST] = compact_first,
	[RETRY] = retry,
	[RECLAIM] = reclaim,
	[COMPACT] = compact,
	[AGAIN] = again,
	[OUT_OF_MEMORY] = out_of_memory,
	[NO_PAGE] = no_page,
};

/**
 * pb_alloc_slowpath - serve a request that the first walk could not serve
 * @pool: the pool
 * @rq: the request
 * @reason: set to the reason of a failure, or NULL
 *
 * Context: may sleep with PB_ALLOC_WAIT.
 * Return: PFN, or PB_NO_PFN. As __alloc_pages_slowpath() in mm/page_alloc.c.
 */
unsigned long pb_alloc_slowpath(struct pb_pool *pool, const struct pb_request *rq,
				enum pb_reason *reason)
{
	struct pb_slow s = {
		.pool = pool, .rq = rq, .now = *rq, .pfn = PB_NO_PFN,
		.compact_priority = PB_COMPACT_PRIO_SYNC_LIGHT,
		.compact_result = PB_COMPACT_SKIPPED,
	};
	enum state state = ADJUST;

	pb_slow_count(pool, PB_ALLOC_SLOW);
	while (state < NR_STATES)
		state = enter[state](&s);
	if (s.paused)
		pb_prezero_resume(pool);
	if (state == SERVED) {
		pb_slow_defer_reset(&s);
		return s.pfn;
	}
	if (!s.deferred && !pb_slow_fails_early(&s))
		pb_slow_defer(&s);
	s.now.nodemask = rq->nodemask;
	return pb_alloc_fail(pool, rq, pb_failure_reason(pool, &s.now, 1UL << rq->order), reason);
}

/**
 * pb_slowpath_drain - drain all caches and update the index
 * @pool: the pool
 * @rq: the request
 *
 * For requests that are not a zonelist walk of one order. They walk again afterwards, because this
 * takes memory from no user of the pool.
 *
 * Context: may sleep with PB_ALLOC_WAIT.
 */
void pb_slowpath_drain(struct pb_pool *pool, const struct pb_request *rq)
{
	pb_slow_count(pool, PB_ALLOC_SLOW);
	pb_pcp_drain_local(pool);
	if (!(rq->flags & PB_ALLOC_WAIT))
		return;
	pb_slow_drain_all(pool);
	pb_slow_scan_zones(pool, rq);
}
EXPORT_SYMBOL_PB_TEST(pb_slowpath_drain);

/**
 * pb_slowpath_reclaim - grow the pool or reclaim, and drain what that freed
 * @pool: the pool
 * @rq: the request, with PB_ALLOC_WAIT
 *
 * Context: may sleep.
 * Return: false when this task may do neither.
 */
bool pb_slowpath_reclaim(struct pb_pool *pool, const struct pb_request *rq)
{
	if (!pb_may_reclaim(rq))
		return false;
	/* The order is rounded down, so the range may be nearly twice as long. */
	if (!pb_slow_grow(pool, rq, 2UL << rq->order))
		pb_direct_reclaim(pool, rq);
	pb_slow_drain_all(pool);
	pb_slow_scan_zones(pool, rq);
	return true;
}
