/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Callbacks for a full pool in tests of the slow path. They stand for the parties that the slow
 * path calls, answer as the case prescribes in pt_script and record a letter for each call:
 *
 *   w  wake a node thread     d  drain all CPUs     r  reclaim (a round of 13 priorities)
 *   0 1 2  compact with this priority               o  out of memory
 *   g  grow the pool (where a case sets ops.grow to pt_script_grow())
 *   p  wait for other tasks that reclaim
 *   a  query the number of reclaimable pages (where a case sets ->queries)
 */
#ifndef PT_SCRIPT_H
#define PT_SCRIPT_H

#include "core/alloc/slowpath.h"
#include "fixture.h"

#define PT_SCRIPT_LOG_MAX	200

/**
 * struct pt_script - the answers of the callbacks, and the record of their calls
 * @log: a letter for each call
 * @len: number of letters in @log
 * @progress: pages that reclaim reports as freed
 * @reclaimable: pages that could be reclaimed
 * @result: result of compaction
 * @grows: times that growing gives pages to others
 * @others: result of the wait for other tasks that reclaim
 * @oom: result of the out-of-memory handler
 * @victim: whether the running task is its victim
 * @held: an order-0 block that a callback frees, or PB_NO_PFN
 * @give_at: letter of the callback that frees @held
 * @give_nth: the call of that callback at which it does
 * @nested: reclaim allocates
 * @got_nested: the block it got, or PB_NO_PFN
 * @change_at: letter of the callback during which the task's allowed nodes change
 * @changed: they have changed
 * @gone_at: letter of the callback, at its next call, before which an OOM victim has exited
 * @checks: times that the slow path checked whether they have
 * @queries: queries of reclaimable pages are recorded
 */
struct pt_script {
	char			log[PT_SCRIPT_LOG_MAX];
	unsigned int		len;
	unsigned long		progress;
	unsigned long		reclaimable;
	enum pb_compact_result	result;
	unsigned int		grows;
	bool			others;
	bool			oom;
	bool			victim;
	unsigned long		held;
	char			give_at;
	int			give_nth;
	bool			nested;
	unsigned long		got_nested;
	char			change_at;
	bool			changed;
	char			gone_at;
	unsigned int		checks;
	bool			queries;
};

extern struct pt_script pt_script;

/* A full pool with the callbacks of a cleared pt_script. */
struct pt_fixture *pt_full_pool(struct kunit *test, const struct pt_layout *layout);
/* Makes a request with an empty ->log. */
unsigned long pt_script_request(struct pt_fixture *f, const struct pb_request *rq);
/* For ops.reclaim_wait. */
bool pt_script_wait(struct pb_pool *pool, const struct pb_request *rq);
/* For ops.grow. */
unsigned long pt_script_grow(struct pb_pool *pool, const struct pb_request *rq,
			     unsigned long nr_pages);

#endif /* PT_SCRIPT_H */
