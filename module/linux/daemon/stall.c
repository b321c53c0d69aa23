// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a request waits for in the slow path: reclaim, also that of other tasks, growth and
 * compaction. The time is reported as memory pressure, as psi_memstall_enter() and
 * psi_memstall_leave() do around those of mm/.
 */
#include "api/deferred_grow.h"
#include "core/compact/compact.h"
#include "daemon/shrink_zones.h"
#include "daemon/stall.h"
#include "hooks/pressure.h"
#include "user/purge.h"

/**
 * pb_stall_reclaim - pb_shrink_zones(), timed; the core's ops->reclaim
 * @pool: the instance
 * @rq: the request
 * @priority: effort; lower is more
 * @nr_pages: number of pages wanted
 *
 * Context: process, may sleep.
 * Return: pages freed.
 */
unsigned long pb_stall_reclaim(struct pb_pool *pool, const struct pb_request *rq, int priority,
			       unsigned long nr_pages)
{
	u64 begin = pb_pressure_stall_begin();
	unsigned long freed = pb_shrink_zones(pool, rq, priority, nr_pages);

	pb_pressure_stalled(rq, begin);
	return freed;
}

/**
 * pb_stall_wait - pb_purge_wait(), timed; the core's ops->reclaim_wait
 * @pool: the instance
 * @rq: the request
 *
 * Context: process, may sleep.
 * Return: whether memory was freed.
 */
bool pb_stall_wait(struct pb_pool *pool, const struct pb_request *rq)
{
	u64 begin = pb_pressure_stall_begin();
	bool freed = pb_purge_wait();

	pb_pressure_stalled(rq, begin);
	return freed;
}

/**
 * pb_stall_grow - pb_deferred_grow(), timed; the core's ops->grow
 * @pool: the instance
 * @rq: the request
 * @nr_pages: number of pages wanted
 *
 * Context: process, may sleep.
 * Return: pages that this or another task added.
 */
unsigned long pb_stall_grow(struct pb_pool *pool, const struct pb_request *rq,
			    unsigned long nr_pages)
{
	u64 begin = pb_pressure_stall_begin();
	unsigned long got = pb_deferred_grow(pool, rq, nr_pages);

	pb_pressure_stalled(rq, begin);
	return got;
}

/**
 * pb_stall_compact - pb_compact_pages(), timed; the core's ops->compact
 * @pool: the instance
 * @rq: the request
 * @prio: effort
 * @captured: as for pb_compact_pages()
 *
 * Context: process, may sleep.
 * Return: as pb_compact_pages().
 */
enum pb_compact_result pb_stall_compact(struct pb_pool *pool, const struct pb_request *rq,
					enum pb_compact_priority prio, unsigned long *captured)
{
	u64 begin = pb_pressure_stall_begin();
	enum pb_compact_result result = pb_compact_pages(pool, rq, prio, captured);

	pb_pressure_stalled(rq, begin);
	return result;
}
