// SPDX-License-Identifier: GPL-2.0-only
/*
 * What happens to a request that the first walk over the zonelist could not serve: a state
 * machine with the behaviour of __alloc_pages_slowpath() in mm/page_alloc.c. Each state is one
 * function below; it tries one thing and says which state comes next.
 *
 *   ADJUST          wake the node threads; walk with what the request is entitled to, down to min
 *   COLLECT         this CPU's caches; if the request may wait also those of the others, and what
 *                   the index does not show
 *   COMPACT_FIRST   costly and unmovable blocks: compact asynchronously before reclaim
 *   RETRY           wake again, find out about reserves, walk; those who may not wait end here
 *   RECLAIM         have others give up memory, walk
 *   COMPACT         make a block of what is free, walk
 *   AGAIN           is another round worth it?
 *   OUT_OF_MEMORY   nothing helps any more: may somebody be killed for it?
 *   NO_PAGE         fail, unless failing is not allowed
 *
 *   ADJUST > COLLECT > COMPACT_FIRST > RETRY > RECLAIM > COMPACT > AGAIN > OUT_OF_MEMORY > NO_PAGE
 *
 * RETRY goes to NO_PAGE when the request may not wait, COMPACT_FIRST when a huge page is not to
 * stall, AGAIN and OUT_OF_MEMORY when nothing is to be hoped for. AGAIN and OUT_OF_MEMORY go back
 * to RETRY as long as there is hope, and NO_PAGE when the request must not fail.
 *
 * Any of them ends in SERVED when its walk finds a block.
 */
#include "bitmap.h"
#include "compact.h"
#include "drain.h"
#include "failure.h"
#include "free_area.h"
#include "freelist.h"
#include "highatomic.h"
#include "pfn.h"
#include "reclaim.h"
#include "slowpath.h"
#include "zone.h"

#define COSTLY_ORDER		3	/* PAGE_ALLOC_COSTLY_ORDER */
#define MAX_RECLAIM_RETRIES	16	/* rounds without progress */
#define MAX_COMPACT_RETRIES	16	/* rounds in which compaction succeeded, for others */

enum state {
	ADJUST, COLLECT, COMPACT_FIRST, RETRY, RECLAIM, COMPACT, AGAIN, OUT_OF_MEMORY, NO_PAGE,
	NR_STATES, SERVED = NR_STATES, FAILED,
};

/**
 * struct slow - a request in the slow path
 * @pool: where it is made
 * @rq: as the caller made it
 * @now: as it is tried at present: other flags, perhaps no nodemask
 * @pfn: what was found
 * @reclaimed: pages that the last reclaim brought
 * @no_progress_loops: reclaims in a row that brought nothing
 * @compact_priority: how hard the next compaction tries
 * @compact_result: what the last one came to
 * @compaction_retries: successes of compaction that others took
 */
struct slow {
	struct pb_pool			*pool;
	const struct pb_request		*rq;
	struct pb_request		now;
	unsigned long			pfn;
	unsigned long			reclaimed;
	int				no_progress_loops;
	enum pb_compact_priority	compact_priority;
	enum pb_compact_result		compact_result;
	int				compaction_retries;
};

/* What the caller asked for, whatever rights the present walk has. */
static bool may(const struct slow *s, pb_alloc_flags_t flag)
{
	return s->rq->flags & flag;
}

/* Whoever reclaims already must not do so again. */
static bool reclaiming(const struct slow *s)
{
	return may(s, PB_ALLOC_WAIT) && (may(s, PB_ALLOC_RECLAIMING) || pb_task_reclaiming());
}

static bool costly(const struct slow *s)
{
	return s->rq->order > COSTLY_ORDER;
}

static void count(struct pb_pool *pool, enum pb_event event)
{
	pb_zone_event_add(pool->all_zones->zone[0], event, 1);
}

static bool walk(struct slow *s)
{
	s->pfn = pb_get_page_from_freelist(s->pool, &s->now);
	return s->pfn != PB_NO_PFN;
}

/* A walk that is tried once, with other rights than the next one has. */
static bool walk_with(struct slow *s, pb_alloc_flags_t rights)
{
	pb_alloc_flags_t flags = s->now.flags;
	bool found;

	s->now.flags = (flags & ~(PB_ALLOC_WALK_MASK | PB_ALLOC_NO_WATERMARKS)) | rights;
	found = walk(s);
	s->now.flags = flags;
	return found;
}

/* First within the caller's cpuset. As __alloc_pages_cpuset_fallback(). */
static bool walk_anywhere(struct slow *s, pb_alloc_flags_t rights)
{
	return walk_with(s, rights | PB_ALLOC_CPUSET | (s->rq->flags & PB_ALLOC_HARDWALL)) ||
	       walk_with(s, rights);
}

/* THISNODE that may not wait has a way of its own to go on: nobody is troubled for it. */
static bool fails_early(const struct slow *s)
{
	return may(s, PB_ALLOC_THISNODE) && !may(s, PB_ALLOC_WAIT);
}

/* As wake_all_kswapds(): each eligible node once. */
static void wake_nodes(struct slow *s)
{
	struct pb_zonelist *zonelist = s->pool->zonelist[s->rq->nid];
	int last = -1;
	unsigned int i;

	if (!may(s, PB_ALLOC_KSWAPD) || !s->pool->ops.wake_node || fails_early(s))
		return;
	for (i = 0; i < zonelist->nr; i++) {
		if (zonelist->zone[i]->nid == last || !pb_zone_allowed(zonelist->zone[i], &s->now))
			continue;
		last = zonelist->zone[i]->nid;
		s->pool->ops.wake_node(zonelist->zone[i], s->rq->order);
	}
}

/* Whether any zone that may serve the request could ever be large enough. */
static bool possible(const struct slow *s)
{
	struct pb_zonelist *zones = s->pool->zonelist[s->rq->nid];
	struct pb_request rq = *s->rq;
	unsigned int i;

	/* With all that any of the walks below may do. */
	rq.flags = pb_slow_alloc_flags(s->rq);
	if (pb_ignores_policy(s->rq)) {
		rq.nodemask = NULL;
		rq.mems_allowed = NULL;
	}
	for (i = 0; i < zones->nr; i++)
		if (pb_zone_allowed(zones->zone[i], &rq) &&
		    zones->zone[i]->present_pages >= 1UL << s->rq->order)
			return true;
	return false;
}

/* ---- ADJUST ---- */

static void warn_unreasonable(const struct slow *s)
{
	if (likely(!may(s, PB_ALLOC_NOFAIL)))
		return;
	WARN_ON_ONCE(s->rq->order > 1);
	WARN_ON_ONCE(!may(s, PB_ALLOC_WAIT));
	/* It cannot reclaim anything, only wait for somebody to do it. */
	WARN_ON_ONCE(reclaiming(s));
}

/* What is kept for those who cannot wait is not for those who can. */
static void drop_atomic(struct slow *s)
{
	const pb_alloc_flags_t atomic = PB_ALLOC_NON_BLOCK | PB_ALLOC_HIGHATOMIC;

	if (WARN_ON_ONCE(may(s, PB_ALLOC_WAIT) && s->now.flags & atomic))
		s->now.flags &= ~atomic;
}

static enum state adjust(struct slow *s)
{
	warn_unreasonable(s);
	if (!possible(s)) {
		WARN_ON_ONCE(may(s, PB_ALLOC_NOFAIL));
		return FAILED;
	}
	s->now.flags = pb_slow_alloc_flags(s->rq);
	drop_atomic(s);
	wake_nodes(s);
	return walk(s) ? SERVED : COLLECT;
}

/* ---- COLLECT ---- */

static void drain_all(struct pb_pool *pool)
{
	if (!pool->ops.drain_all)
		return;
	might_sleep();
	count(pool, PB_DRAIN_ALL);
	pool->ops.drain_all(pool);
}

/* Index bits are hints: look at the bitmaps themselves. */
static void scan_zones(struct pb_pool *pool, const struct pb_request *rq)
{
	struct pb_zone *zone;
	unsigned int i;

	for (i = 0; i < pool->all_zones->nr; i++) {
		zone = pool->all_zones->zone[i];
		if (pb_zone_allowed(zone, rq) && pb_zone_free_pages(zone) >= 1L << rq->order)
			pb_zone_reindex_all(zone);
	}
}

static enum state collect(struct slow *s)
{
	pb_pcp_drain_local(s->pool);
	if (walk(s))
		return SERVED;
	if (!may(s, PB_ALLOC_WAIT))
		return RETRY;
	drain_all(s->pool);
	if (walk(s))
		return SERVED;
	scan_zones(s->pool, &s->now);
	return walk(s) ? SERVED : COMPACT_FIRST;
}

/* ---- COMPACT_FIRST, COMPACT ---- */

/* Which reserve the caller may use by now: it may have become an OOM victim meanwhile. */
static pb_alloc_flags_t reserves(const struct slow *s)
{
	if (s->rq->reserve_flags || may(s, PB_ALLOC_NOMEMALLOC) || !may(s, PB_ALLOC_WAIT) ||
	    !s->pool->ops.oom_victim || !s->pool->ops.oom_victim(s->pool))
		return s->rq->reserve_flags;
	return PB_ALLOC_OOM | (s->rq->slow_flags & PB_ALLOC_CMA);
}

static bool can_compact(const struct slow *s)
{
	return s->rq->order && s->pool->ops.compact;
}

/* As __alloc_pages_direct_compact(). */
static bool direct_compact(struct slow *s, enum pb_compact_priority priority)
{
	unsigned long captured = PB_NO_PFN;
	unsigned int task;

	s->compact_result = PB_COMPACT_SKIPPED;
	if (!can_compact(s))
		return false;
	might_sleep();
	task = pb_noreclaim_save();
	s->compact_result = s->pool->ops.compact(s->pool, &s->now, priority, &captured);
	pb_noreclaim_restore(task);
	if (s->compact_result == PB_COMPACT_SKIPPED)
		return false;
	count(s->pool, PB_COMPACTSTALL);
	s->pfn = captured;
	if (captured != PB_NO_PFN || walk(s)) {
		pb_compact_defer_reset(pb_slot(s->pool, s->pfn)->zone, s->rq->order, true);
		count(s->pool, PB_COMPACTSUCCESS);
		return true;
	}
	count(s->pool, PB_COMPACTFAIL);
	cond_resched();
	return false;
}

/*
 * A huge page is a wish; a request for one rather fails than stalls. Only kthreads, which
 * nobody waits for, go on where the scheduler or a lock was in the way.
 */
static bool huge_page_gives_up(const struct slow *s)
{
	if (!costly(s) || !may(s, PB_ALLOC_NORETRY))
		return false;
	if (s->compact_result == PB_COMPACT_SKIPPED || s->compact_result == PB_COMPACT_DEFERRED)
		return true;
	if (s->compact_result == PB_COMPACT_CONTENDED && !pb_task_is_kthread())
		return true;
	return may(s, PB_ALLOC_THISNODE);
}

static enum state compact_first(struct slow *s)
{
	if (!can_compact(s) || reserves(s) ||
	    (!costly(s) && s->rq->migratetype == PB_MOVABLE))
		return RETRY;
	if (direct_compact(s, PB_COMPACT_PRIO_ASYNC))
		return SERVED;
	if (huge_page_gives_up(s))
		return NO_PAGE;
	/* Trying on may pay for it, compacting synchronously would cost it too much. */
	if (costly(s) && may(s, PB_ALLOC_NORETRY))
		s->compact_priority = PB_COMPACT_PRIO_ASYNC;
	return RETRY;
}

static enum state compact(struct slow *s)
{
	return direct_compact(s, s->compact_priority) ? SERVED : AGAIN;
}

/* ---- RETRY ---- */

static enum state retry(struct slow *s)
{
	struct pb_request rq = *s->rq;

	wake_nodes(s);
	rq.reserve_flags = reserves(s);
	if (rq.reserve_flags)
		s->now.flags = pb_reserve_alloc_flags(&rq);
	/* The system needs this one: the caller's policy does not count. */
	if (pb_ignores_policy(&rq))
		s->now.nodemask = NULL;
	if (walk(s))
		return SERVED;
	if (!may(s, PB_ALLOC_WAIT) || reclaiming(s))
		return NO_PAGE;
	return RECLAIM;
}

/* ---- RECLAIM ---- */

/* What is kept for atomic requests is for whoever else would fail. */
static bool unreserve_highatomic(struct slow *s, bool force)
{
	struct pb_zonelist *zones = s->pool->zonelist[s->rq->nid];
	unsigned int i;

	for (i = 0; i < zones->nr; i++)
		if (pb_zone_allowed(zones->zone[i], &s->now) &&
		    pb_highatomic_unreserve_zone(zones->zone[i], s->rq->migratetype, force))
			return true;
	return false;
}

static enum state reclaim(struct slow *s)
{
	s->reclaimed = pb_direct_reclaim(s->pool, &s->now);
	cond_resched();
	if (!s->reclaimed)
		return COMPACT;
	if (walk(s))
		return SERVED;
	/* What came free may be in a cache, or kept for others. */
	unreserve_highatomic(s, false);
	drain_all(s->pool);
	return walk(s) ? SERVED : COMPACT;
}

/* ---- AGAIN ---- */

/* Calls @fits for each zone that may serve the request until one says yes. */
static bool any_zone(struct slow *s, bool (*fits)(struct slow *s, struct pb_zone *zone, long pages))
{
	struct pb_zonelist *zones = s->pool->zonelist[s->rq->nid];
	struct pb_zone *zone;
	unsigned int i;
	long pages;

	for (i = 0; i < zones->nr; i++) {
		zone = zones->zone[i];
		if (!pb_zone_allowed(zone, &s->now))
			continue;
		pages = pb_zone_free_pages(zone);
		if (s->pool->ops.reclaimable)
			pages += s->pool->ops.reclaimable(zone);
		if (fits(s, zone, pages))
			return true;
	}
	return false;
}

static bool has_block(struct pb_zone *zone, unsigned int order)
{
	unsigned int mt, largest;

	for (mt = 0; mt < PB_PCPTYPES; mt++) {
		if (pb_free_area_whole(&zone->area[mt]) != PB_NO_BLOCK)
			return true;
		for (largest = PB_NR_LARGEST; largest >= max(order, 1U); largest--)
			if (pb_bitmap_next(&zone->area[mt].largest[largest - 1], 0) != PB_NO_BLOCK)
				return true;
	}
	return false;
}

/* Would the request succeed if all were reclaimed that can be? */
static bool would_fit(struct slow *s, struct pb_zone *zone, long pages)
{
	long mark = READ_ONCE(zone->watermark[PB_WMARK_MIN]) +
		    READ_ONCE(zone->lowmem_reserve[s->rq->highest_zone]);

	/* Reclaim alone does not make blocks: unless there is one, this is for compaction. */
	return pages - (1L << s->rq->order) + 1 > mark &&
	       (!s->rq->order || has_block(zone, s->rq->order));
}

/* Would compaction have room to move things to? As __compaction_suitable(). */
static bool would_compact(struct slow *s, struct pb_zone *zone, long pages)
{
	return pages > (long)READ_ONCE(zone->watermark[PB_WMARK_LOW]) + (2L << s->rq->order);
}

static bool should_reclaim_retry(struct slow *s)
{
	bool worth;

	/* Costly blocks do not come of pages that happen to be freed. */
	if (s->reclaimed && !costly(s))
		s->no_progress_loops = 0;
	else
		s->no_progress_loops++;
	worth = s->no_progress_loops <= MAX_RECLAIM_RETRIES && any_zone(s, would_fit);
	pb_breathe();
	return worth || unreserve_highatomic(s, true);
}

static bool should_compact_retry(struct slow *s)
{
	int max_retries = costly(s) ? MAX_COMPACT_RETRIES / 4 : MAX_COMPACT_RETRIES;
	enum pb_compact_priority hardest = costly(s) ? PB_COMPACT_PRIO_SYNC_LIGHT :
					   PB_COMPACT_PRIO_SYNC_FULL;

	if (!can_compact(s) || pb_fatal_signal())
		return false;
	if (s->compact_result == PB_COMPACT_SKIPPED)
		return any_zone(s, would_compact);
	/* A block was made and somebody else was faster. */
	if (s->compact_result == PB_COMPACT_SUCCESS && ++s->compaction_retries <= max_retries)
		return true;
	if (s->compact_priority <= hardest)
		return false;
	s->compact_priority--;
	s->compaction_retries = 0;
	return true;
}

static enum state again(struct slow *s)
{
	if (may(s, PB_ALLOC_NORETRY))
		return NO_PAGE;
	if (costly(s) && !(can_compact(s) && may(s, PB_ALLOC_RETRY_MAYFAIL)))
		return NO_PAGE;
	if (should_reclaim_retry(s))
		return RETRY;
	if (s->reclaimed && should_compact_retry(s))
		return RETRY;
	return OUT_OF_MEMORY;
}

/* ---- OUT_OF_MEMORY ---- */

/* Killing helps with neither large blocks nor a certain node or zone, and some can do without. */
static bool oom_may_help(const struct slow *s)
{
	return s->pool->ops.oom && !costly(s) && s->rq->highest_zone >= PB_ZONE_NORMAL &&
	       !may(s, PB_ALLOC_RETRY_MAYFAIL) && !may(s, PB_ALLOC_THISNODE);
}

/* As __alloc_pages_may_oom(), under its lock. */
static bool oom_locked(struct slow *s, bool *progress)
{
	/* Whoever had the lock before may have brought enough: then nobody else has to go. */
	if (walk_with(s, PB_ALLOC_WMARK_HIGH | PB_ALLOC_CPUSET | PB_ALLOC_HARDWALL))
		return true;
	if (!oom_may_help(s))
		return false;
	*progress = s->pool->ops.oom(s->pool, s->rq);
	return *progress && may(s, PB_ALLOC_NOFAIL) && walk_anywhere(s, PB_ALLOC_NO_WATERMARKS);
}

static enum state out_of_memory(struct slow *s)
{
	bool progress = false, found;

	if (atomic_cmpxchg_acquire(&s->pool->oom_busy, 0, 1)) {
		/* Somebody sees to it already. */
		pb_wait_tick();
		progress = true;
	} else {
		found = oom_locked(s, &progress);
		atomic_set_release(&s->pool->oom_busy, 0);
		if (found)
			return SERVED;
	}
	/* A victim that has had its reserve, or gets none, would go on for ever. */
	if (pb_fatal_signal() && (may(s, PB_ALLOC_NOMEMALLOC) || s->now.flags & PB_ALLOC_OOM))
		return NO_PAGE;
	if (!progress)
		return NO_PAGE;
	s->no_progress_loops = 0;
	return RETRY;
}

/* ---- NO_PAGE ---- */

static enum state no_page(struct slow *s)
{
	if (likely(!may(s, PB_ALLOC_NOFAIL)) || !may(s, PB_ALLOC_WAIT))
		return FAILED;
	/* A part of the reserve; all of it would only make things worse for everybody. */
	if (walk_anywhere(s, PB_ALLOC_MIN_RESERVE))
		return SERVED;
	pb_wait_tick();
	return RETRY;
}

static enum state (*const enter[NR_STATES])(struct slow *s) = {
	[ADJUST] = adjust,
	[COLLECT] = collect,
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
 * @reason: why it failed, or NULL
 *
 * Context: may sleep with PB_ALLOC_WAIT. Return: PFN, or PB_NO_PFN.
 * As __alloc_pages_slowpath() in mm/page_alloc.c.
 */
unsigned long pb_alloc_slowpath(struct pb_pool *pool, const struct pb_request *rq,
				enum pb_reason *reason)
{
	struct slow s = {
		.pool = pool, .rq = rq, .now = *rq, .pfn = PB_NO_PFN,
		.compact_priority = PB_COMPACT_PRIO_SYNC_LIGHT,
		.compact_result = PB_COMPACT_SKIPPED,
	};
	enum state state = ADJUST;

	count(pool, PB_ALLOC_SLOW);
	while (state < NR_STATES)
		state = enter[state](&s);
	if (state == SERVED)
		return s.pfn;
	s.now.nodemask = rq->nodemask;
	return pb_alloc_fail(pool, pb_failure_reason(pool, &s.now, 1UL << rq->order), reason);
}
EXPORT_SYMBOL_PB_TEST(pb_alloc_slowpath);

/**
 * pb_slowpath_collect - bring together all free memory a request may use
 * @pool: the pool
 * @rq: the request
 *
 * For requests that are not served by a zonelist walk of one order.
 *
 * Context: may sleep with PB_ALLOC_WAIT.
 */
void pb_slowpath_collect(struct pb_pool *pool, const struct pb_request *rq)
{
	count(pool, PB_ALLOC_SLOW);
	pb_pcp_drain_local(pool);
	if (!(rq->flags & PB_ALLOC_WAIT))
		return;
	if (!pb_task_reclaiming())
		pb_direct_reclaim(pool, rq);
	drain_all(pool);
	scan_zones(pool, rq);
}
EXPORT_SYMBOL_PB_TEST(pb_slowpath_collect);
