// SPDX-License-Identifier: GPL-2.0-only
/* Callbacks for a full pool in tests of the slow path; their letters: script.h. */
#include "core/cache/drain.h"
#include "script.h"
#include "task.h"
#include "threads.h"

struct pt_script pt_script;

/* Ends a request that would not end: nothing helps any more, and for NOFAIL a page is freed. */
static void end_request(char what)
{
	pt_script.give_at = what;
	pt_script.give_nth = 1;
	pt_script.progress = 0;
	pt_script.reclaimable = 0;
	pt_script.result = PB_COMPACT_COMPLETE;
	pt_script.oom = false;
}

static void step(struct pb_pool *pool, char what)
{
	if (pt_script.len < PT_SCRIPT_LOG_MAX - 1)
		pt_script.log[pt_script.len++] = what;
	else
		end_request(what);
	if (what == pt_script.change_at)
		pt_script.changed = true;
	if (what == pt_script.gone_at) {
		pool->oom_gone++;
		pt_script.gone_at = 0;
	}
	if (what != pt_script.give_at || pt_script.held == PB_NO_PFN || --pt_script.give_nth)
		return;
	pb_free(pool, pt_script.held, 0);
	pt_script.held = PB_NO_PFN;
}

static void wake(struct pb_zone *zone, unsigned int order, pb_alloc_flags_t flags)
{
	step(zone->pool, 'w');
}

static void drain(struct pb_pool *pool)
{
	bool reclaiming = pb_task_reclaiming();

	step(pool, 'd');
	/* A task that reclaims may not queue the work items of pt_drain_all(): the kernel warns. */
	pt_task_reclaims(false);
	pt_drain_all(pool);
	pt_task_reclaims(reclaiming);
}

static unsigned long reclaim(struct pb_pool *pool, const struct pb_request *rq, int priority,
			     unsigned long nr_pages)
{
	struct pb_request again = pt_rq(0, PB_MOVABLE, 0);

	if (priority)
		return 0;
	if (pt_script.nested) {
		again.flags = PB_ALLOC_WAIT | PB_ALLOC_KSWAPD;
		pt_script.got_nested = pb_alloc(pool, &again, NULL);
	}
	step(pool, 'r');
	return pt_script.progress;
}

static unsigned long reclaimable(struct pb_zone *zone)
{
	if (pt_script.queries)
		step(zone->pool, 'a');
	return pt_script.reclaimable;
}

static enum pb_compact_result compact(struct pb_pool *pool, const struct pb_request *rq,
				      enum pb_compact_priority prio, unsigned long *captured)
{
	step(pool, '0' + prio);
	/* Compaction drains this CPU. */
	pb_pcp_drain_local(pool);
	return pt_script.result;
}

unsigned long pt_script_grow(struct pb_pool *pool, const struct pb_request *rq,
			     unsigned long nr_pages)
{
	unsigned long held = pt_script.held;

	step(pool, 'g');
	if (pt_script.held != held)
		return nr_pages;
	return pt_script.grows && pt_script.grows-- ? nr_pages : 0;
}

bool pt_script_wait(struct pb_pool *pool, const struct pb_request *rq)
{
	step(pool, 'p');
	return pt_script.others;
}

static bool mems_changed(const struct pb_request *rq)
{
	pt_script.checks++;
	return pt_script.changed;
}

static bool oom(struct pb_pool *pool, const struct pb_request *rq)
{
	step(pool, 'o');
	return pt_script.oom;
}

static bool oom_victim(struct pb_pool *pool)
{
	return pt_script.victim;
}

struct pt_fixture *pt_full_pool(struct kunit *test, const struct pt_layout *layout)
{
	struct pt_fixture *f = pt_pool(test, layout);
	unsigned long *pfns, n;

	n = pt_fill(test, f, 0, PB_MOVABLE, &pfns);
	KUNIT_ASSERT_EQ(test, n, f->pages);
	memset(&pt_script, 0, sizeof(pt_script));
	pt_script.result = PB_COMPACT_COMPLETE;
	pt_script.held = pfns[n / 2];
	f->pool.ops.wake_node = wake;
	f->pool.ops.drain_all = drain;
	f->pool.ops.reclaim = reclaim;
	f->pool.ops.reclaimable = reclaimable;
	f->pool.ops.compact = compact;
	f->pool.ops.mems_changed = mems_changed;
	f->pool.ops.oom = oom;
	f->pool.ops.oom_victim = oom_victim;
	return f;
}

unsigned long pt_script_request(struct pt_fixture *f, const struct pb_request *rq)
{
	enum pb_reason reason = PB_REASON_NONE;

	memset(pt_script.log, 0, sizeof(pt_script.log));
	pt_script.len = 0;
	return pb_alloc(&f->pool, rq, &reason);
}
