/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Where the fast path begins: for each CPU and kind of request, that CPU's cache of the zone
 * that its node prefers, so that finding it is one load.
 */
#ifndef PB_LOCAL_H
#define PB_LOCAL_H

#include <linux/jump_label.h>
#include <linux/percpu.h>

#include "core/types.h"

#define PB_LOCAL_NONE	PB_NR_ZONE_TYPES	/* never has a cache */

struct pb_local {
	struct pb_pcp	*pcp[PB_NR_ZONE_TYPES + 1];	/* by highest zone type; NULL: none */
};

DECLARE_PER_CPU(struct pb_local, pb_local);

/* Somebody wants to see every allocation and free, so none may take the fast path. Counted. */
DECLARE_STATIC_KEY_FALSE(pb_watch_key);

int pb_local_start(void);
void pb_local_stop(void);

#endif /* PB_LOCAL_H */
