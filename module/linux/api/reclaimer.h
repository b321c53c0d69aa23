/* SPDX-License-Identifier: GPL-2.0-only */
/* Registered reclaimers, and who asks them: requests in the slow path, and the node threads. */
#ifndef PB_RECLAIMER_H
#define PB_RECLAIMER_H

#include <linux/gfp.h>

#include "core/base/alloc_flags.h"

unsigned long pb_reclaim_node(int nid, gfp_t gfp, int priority, unsigned long *nr_scanned);
unsigned long pb_reclaimable_pages(int nid);

int pb_reclaim_init(void);
void pb_reclaim_exit(void);

#endif /* PB_RECLAIMER_H */
