/* SPDX-License-Identifier: GPL-2.0-only */
/* A request in the slow path, and the steps that the states of slowpath.c use. */
#ifndef PB_SLOW_H
#define PB_SLOW_H

#include "core/zone/watermark.h"

/**
 * struct pb_slow - a request in the slow path
 * @pool: the pool
 * @rq: the caller's request
 * @now: the request of the next walk: other flags, maybe no nodemask
 * @pfn: the block found, or PB_NO_PFN
 * @reclaimed: pages freed by the last reclaim
 * @no_progress_loops: successive reclaims that freed no pages
 * @compact_priority: priority of the next compaction
 * @compact_result: result of the last compaction
 * @compaction_retries: successful compactions whose block another request allocated
 * @tried_reclaim: the request has reclaimed
 * @oom_gone: OOM victims that had exited before the last round
 * @waited: the request has waited for other tasks that reclaim
 * @paused: the request has paused prezeroing
 * @deferred: it does no work for its order that others have to bear, see slow_defer.c
 */
struct pb_slow {
	struct pb_pool			*pool;
	const struct pb_request		*rq;
	struct pb_request		now;
	unsigned long			pfn;
	unsigned long			reclaimed;
	int				no_progress_loops;
	enum pb_compact_priority	compact_priority;
	enum pb_compact_result		compact_result;
	int				compaction_retries;
	unsigned long			oom_gone;
	bool				tried_reclaim;
	bool				waited;
	bool				paused;
	bool				deferred;
};

/* Whether the caller's request has a flag, independent of the flags of the next walk. */
static inline bool pb_slow_may(const struct pb_slow *s, pb_alloc_flags_t flag)
{
	return s->rq->flags & flag;
}

/* Whether the task reclaims already and must not do so recursively. */
static inline bool pb_slow_reclaiming(const struct pb_slow *s)
{
	return pb_slow_may(s, PB_ALLOC_WAIT) && !pb_may_reclaim(s->rq);
}

static inline bool pb_slow_costly(const struct pb_slow *s)
{
	return s->rq->order > PB_COSTLY_ORDER;
}

static inline bool pb_slow_can_compact(const struct pb_slow *s)
{
	return s->rq->order && s->pool->ops.compact;
}

static inline void pb_slow_count(struct pb_pool *pool, enum pb_event event)
{
	pb_zone_event_add(pool->all_zones->zone[0], event, 1);
}

bool pb_slow_possible(struct pb_pool *pool, const struct pb_request *rq, unsigned long nr_pages);
void pb_slow_warn_unreasonable(const struct pb_request *rq, unsigned int order);
bool pb_slow_begin(struct pb_slow *s);
pb_alloc_flags_t pb_slow_unreliable(struct pb_pool *pool, pb_alloc_flags_t flags);
bool pb_slow_fails_early(const struct pb_slow *s);
bool pb_slow_walk(struct pb_slow *s);
bool pb_slow_scan(struct pb_slow *s);
bool pb_slow_walk_with(struct pb_slow *s, pb_alloc_flags_t rights);
bool pb_slow_walk_anywhere(struct pb_slow *s, pb_alloc_flags_t rights);
void pb_slow_wake_nodes(struct pb_slow *s);
void pb_slow_drain_all(struct pb_pool *pool);
bool pb_slow_wait_for_reclaim(struct pb_pool *pool, const struct pb_request *rq);
bool pb_slow_pause_prezero(struct pb_pool *pool, const struct pb_request *rq);
void pb_slow_scan_zones(struct pb_pool *pool, const struct pb_request *rq);
unsigned long pb_slow_grow(struct pb_pool *pool, const struct pb_request *rq,
			   unsigned long nr_pages);
pb_alloc_flags_t pb_slow_reserves(const struct pb_slow *s);
bool pb_slow_compact(struct pb_slow *s, enum pb_compact_priority priority);
bool pb_slow_unreserve(struct pb_slow *s, bool force);

#endif /* PB_SLOW_H */
