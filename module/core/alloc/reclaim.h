/* SPDX-License-Identifier: GPL-2.0-only */
/* Reclaim: how many pages each reclaimer has to scan. See reclaim.c. */
#ifndef PB_RECLAIM_H
#define PB_RECLAIM_H

#include "core/base/platform.h"

struct pb_pool;
struct pb_request;

#define PB_DEF_PRIORITY		12	/* the first round scans 1/4096 of the reclaimable pages */
#define PB_RECLAIM_BATCH	128	/* pages per call, if the reclaimer sets no batch */
#define PB_DEFAULT_SEEKS	2	/* default cost of recreating a page */
#define PB_SWAP_CLUSTER_MAX	32UL	/* pages that end a round of reclaim */

#define PB_SCAN_STOP		(~0UL)	/* the reclaimer cannot continue */

/**
 * struct pb_reclaim_query - one query of one reclaimer
 * @freeable: pages it could free
 * @priority: 0 to PB_DEF_PRIORITY; lower scans more
 * @seeks: cost of recreating a page; 0: none
 * @batch: pages per call, 0 for the default
 * @deferred: pages of earlier queries that were not scanned yet
 * @begin: called before the first @scan, when @left_over, @delta and @total are set; may be NULL
 * @scan: scans @nr_to_scan pages; *@nr_scanned is that number, and may be lowered; returns the
 *	number of pages freed, or PB_SCAN_STOP
 * @arg: passed to @scan
 * @left_over: out: pages deferred by earlier queries
 * @delta: out: pages to scan because of this query
 * @total: out: pages of both to scan; at the end, those that were not scanned
 * @scanned: out: pages scanned
 */
struct pb_reclaim_query {
	unsigned long	freeable;
	int		priority;
	unsigned int	seeks;
	unsigned long	batch;
	atomic_long_t	*deferred;
	void		(*begin)(const struct pb_reclaim_query *query);
	unsigned long	(*scan)(void *arg, unsigned long nr_to_scan, unsigned long *nr_scanned);
	void		*arg;
	unsigned long	left_over;
	unsigned long	delta;
	unsigned long	total;
	unsigned long	scanned;
};

unsigned long pb_reclaim_query(struct pb_reclaim_query *query);
unsigned long pb_direct_reclaim(struct pb_pool *pool, const struct pb_request *rq);

#endif /* PB_RECLAIM_H */
