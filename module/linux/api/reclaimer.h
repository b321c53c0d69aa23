/* SPDX-License-Identifier: GPL-2.0-only */
/* Registered reclaimers, and the queries of direct reclaim and node threads. See reclaimer.c. */
#ifndef PB_RECLAIMER_H
#define PB_RECLAIMER_H

#include <linux/gfp.h>
#include <linux/numa.h>

/*
 * By node: successive runs of its thread that freed no pages. As pgdat->kswapd_failures: the thread
 * counts, and reclaim that frees pages resets the count.
 */
extern int pb_reclaimer_failures[MAX_NUMNODES];

void pb_reclaimer_reset_failures(void);
unsigned long pb_reclaimer_scan_node(int nid, gfp_t gfp, bool may_unmap, int priority,
				     unsigned long *nr_scanned);
unsigned long pb_reclaimer_count_node(int nid);
void pb_reclaimer_exit(void);

#endif /* PB_RECLAIMER_H */
