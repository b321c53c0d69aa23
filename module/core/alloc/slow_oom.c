// SPDX-License-Identifier: GPL-2.0-only
/*
 * The step of the slow path that has a task killed for a request. Before that it looks for memory
 * that was freed meanwhile.
 */
#include "core/alloc/slow_defer.h"
#include "core/alloc/slow_oom.h"
#include "core/base/request.h"

/*
 * Killing does not help large blocks, a single node or a low zone, and some requests may fail. A
 * core dump could use up what each victim frees. A failed reclaim without file systems does not
 * show that memory is short. In mm/ such a request retries until another request kills; here it
 * fails, because there may be no other. A dying task gets the reserve in any case.
 */
static bool oom_may_help(const struct pb_slow *s)
{
	if (pb_task_dumps_core() || (!pb_slow_may(s, PB_ALLOC_FS) && !pb_fatal_signal()))
		return false;
	return s->pool->ops.oom && !pb_slow_costly(s) && s->rq->highest_zone >= PB_ZONE_NORMAL &&
	       !pb_slow_may(s, PB_ALLOC_RETRY_MAYFAIL) && !pb_slow_may(s, PB_ALLOC_THISNODE);
}

static bool last_walk(struct pb_slow *s)
{
	return pb_slow_walk_with(s, PB_ALLOC_WMARK_HIGH | PB_ALLOC_CPUSET | PB_ALLOC_HARDWALL);
}

/* As __alloc_pages_may_oom(), under its lock. */
static bool oom_locked(struct pb_slow *s, bool *progress)
{
	struct pb_request rq = *s->rq;

	/* A kill by the previous lock holder may have freed enough. */
	if (last_walk(s))
		return true;
	if (!oom_may_help(s))
		return false;
	/* What a task frees that exits by itself may be in the caches of its CPU. */
	if (pb_slow_drain_helps(s)) {
		pb_slow_drain_all(s->pool);
		if (pb_slow_walk(s))
			return true;
	}
	/* A victim has exited since the walk of this round, which needs less than that one. */
	if (s->oom_gone != READ_ONCE(s->pool->oom_gone)) {
		*progress = true;
		return false;
	}
	/* The victim's memory may be any that can serve the request now. */
	if (!(s->now.flags & PB_ALLOC_RELIABLE))
		rq.flags &= ~PB_ALLOC_RELIABLE;
	s->waited = true;
	*progress = s->pool->ops.oom(s->pool, &rq);
	return *progress && pb_slow_may(s, PB_ALLOC_NOFAIL) &&
	       pb_slow_walk_anywhere(s, PB_ALLOC_NO_WATERMARKS);
}

/**
 * pb_slow_oom - kill a task that holds memory, if the policy allows it
 * @s: the request; its pfn may be set
 * @progress: out: whether memory will be freed
 *
 * Context: may sleep.
 * Return: whether a block was allocated. As __alloc_pages_may_oom().
 */
bool pb_slow_oom(struct pb_slow *s, bool *progress)
{
	bool found;

	/* Other requests may have used the last growth. Growing again avoids a kill. */
	*progress = pb_slow_grow(s->pool, &s->now, 1UL << s->rq->order);
	if (*progress)
		return false;
	if (atomic_cmpxchg_acquire(&s->pool->oom_busy, 0, 1)) {
		/* Another task selects a victim. */
		pb_wait_tick();
		*progress = true;
		return false;
	}
	found = oom_locked(s, progress);
	atomic_set_release(&s->pool->oom_busy, 0);
	return found;
}
