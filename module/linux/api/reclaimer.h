/* SPDX-License-Identifier: GPL-2.0-only */
/* Registered reclaimers, and who asks them: requests in the slow path, and the node threads. */
#ifndef PB_RECLAIMER_H
#define PB_RECLAIMER_H

#include <linux/gfp.h>
#include <linux/numa.h>

/*
 * By node: runs of its thread in a row that brought nothing. As pgdat->kswapd_failures, for the
 * thread to count and for reclaim that brings something to reset.
 */
extern int pb_reclaimer_failures[MAX_NUMNODES];

void pb_reclaimer_reset_failures(void);
unsigned long pb_reclaimer_scan_node(int nid, gfp_t gfp, int priority, unsigned long *nr_scanned);
unsigned long pb_reclaimer_count_node(int nid);
void pb_reclaimer_exit(void);

#endif /* PB_RECLAIMER_H */
