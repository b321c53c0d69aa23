/* SPDX-License-Identifier: GPL-2.0-only */
/* Getting memory back from those who hold it and can do without: how much is asked of whom. */
#ifndef PB_RECLAIM_H
#define PB_RECLAIM_H

#include "core/base/platform.h"

struct pb_pool;
struct pb_request;

#define PB_DEF_PRIORITY		12	/* the first round asks for 1/4096 of what there is */
#define PB_RECLAIM_BATCH	128	/* pages in one call, unless a reclaimer says otherwise */
#define PB_DEFAULT_SEEKS	2	/* what getting a page back costs its reclaimer */
#define PB_SWAP_CLUSTER_MAX	32UL	/* pages a round of reclaim is content with */

#define PB_SCAN_STOP		(~0UL)	/* a scan that cannot go on */

/**
 * struct pb_ask - one reclaimer, asked once
 * @freeable: pages it could give up
 * @priority: 0 to PB_DEF_PRIORITY; lower asks for more
 * @seeks: what a page costs to get back; 0: nothing
 * @batch: pages in one call, 0 for the default
 * @deferred: pages asked for earlier that it was not called for
 * @begin: called before the first @scan, when @left_over, @delta and @total are known; may be NULL
 * @scan: has it look at @nr_to_scan pages; *@nr_scanned is that number, and may be lowered; returns
 *	pages given up, or PB_SCAN_STOP
 * @arg: passed to @scan
 * @left_over: out: pages that it should have looked at before
 * @delta: out: pages that it has to look at now
 * @total: out: pages of both that are looked at; in the end, that were not
 * @scanned: out: pages looked at
 */
struct pb_ask {
	unsigned long	freeable;
	int		priority;
	unsigned int	seeks;
	unsigned long	batch;
	atomic_long_t	*deferred;
	void		(*begin)(const struct pb_ask *ask);
	unsigned long	(*scan)(void *arg, unsigned long nr_to_scan, unsigned long *nr_scanned);
	void		*arg;
	unsigned long	left_over;
	unsigned long	delta;
	unsigned long	total;
	unsigned long	scanned;
};

unsigned long pb_reclaim_ask(struct pb_ask *ask);
unsigned long pb_direct_reclaim(struct pb_pool *pool, const struct pb_request *rq);

#endif /* PB_RECLAIM_H */
