/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Where the fast path begins: for each CPU and kind of request, that CPU's cache of the zone
 * that its node prefers, so that finding it is one load. A kind is what the lowest bits of gfp
 * say of zone and migratetype.
 */
#ifndef PB_LOCAL_H
#define PB_LOCAL_H

#include <linux/gfp_types.h>
#include <linux/jump_label.h>
#include <linux/percpu.h>

struct pb_pcp;

#define PB_LOCAL_KINDS	32	/* DMA, HIGHMEM, DMA32, MOVABLE and RECLAIMABLE */

struct pb_local {
	struct pb_pcp	*pcp[PB_LOCAL_KINDS];	/* NULL: not for the fast path */
};

extern const u8 pb_local_migratetype[PB_LOCAL_KINDS];

DECLARE_PER_CPU(struct pb_local, pb_local);

/* Somebody wants to see every allocation and free, so none may take the fast path. Counted. */
DECLARE_STATIC_KEY_FALSE(pb_watch_key);

static __always_inline unsigned int pb_local_kind(gfp_t gfp)
{
	return (__force unsigned int)gfp % PB_LOCAL_KINDS;
}

int pb_local_start(void);
void pb_local_stop(void);

#endif /* PB_LOCAL_H */
