/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Where the fast path begins: for each CPU and kind of request, that CPU's cache of the zone
 * that its node prefers, so that finding it is one load. A kind is what the lowest bits of gfp
 * say of zone and migratetype.
 */
#ifndef PB_PERCPU_ZONE_H
#define PB_PERCPU_ZONE_H

#include <linux/gfp_types.h>
#include <linux/jump_label.h>
#include <linux/percpu.h>

struct pb_pcp;

#define PB_NR_GFP_INDEX	32	/* DMA, HIGHMEM, DMA32, MOVABLE and RECLAIMABLE */

struct pb_percpu_zone {
	struct pb_pcp	*pcp[PB_NR_GFP_INDEX];	/* NULL: not for the fast path */
};

extern const u8 pb_gfp_index_migratetype[PB_NR_GFP_INDEX];

DECLARE_PER_CPU(struct pb_percpu_zone, pb_percpu_zone);

/* Somebody wants to see every allocation and free, so none may take the fast path. Counted. */
DECLARE_STATIC_KEY_FALSE(pb_slowpath_key);

static __always_inline unsigned int pb_gfp_index(gfp_t gfp)
{
	return (__force unsigned int)gfp % PB_NR_GFP_INDEX;
}

int pb_percpu_zone_start(void);
void pb_percpu_zone_stop(void);

#endif /* PB_PERCPU_ZONE_H */
