/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The percpu zone cache: for each CPU an array of pcps, by gfp index. The gfp index is the lowest
 * bits of gfp, which select zone and migratetype. The fast path finds the pcp by one load, instead
 * of a walk of the zonelist.
 */
#ifndef PB_PERCPU_ZONE_H
#define PB_PERCPU_ZONE_H

#include <linux/gfp_types.h>
#include <linux/jump_label.h>
#include <linux/percpu.h>

struct pb_pcp;

#define PB_NR_GFP_INDEX	32	/* DMA, HIGHMEM, DMA32, MOVABLE and RECLAIMABLE */

struct pb_percpu_zone {
	struct pb_pcp	*pcp[PB_NR_GFP_INDEX];	/* NULL: use the slow path */
};

extern const u8 pb_gfp_index_migratetype[PB_NR_GFP_INDEX];
/* Highest zone type, plus 1. 0: no cache serves the request, gfp.c checks the flags. */
extern const u8 pb_gfp_index_zone[PB_NR_GFP_INDEX];

DECLARE_PER_CPU(struct pb_percpu_zone, pb_percpu_zone);

/*
 * On while a feature has to handle every allocation and free; then none is served from the caches
 * at once. Counts the features.
 */
DECLARE_STATIC_KEY_FALSE(pb_slowpath_key);
/* On while allocations leave the inline fast path: with pb_slowpath_key, or all are zeroed. */
DECLARE_STATIC_KEY_FALSE(pb_alloc_checked_key);
/* The same for frees: with pb_slowpath_key, or pages are filled. */
DECLARE_STATIC_KEY_FALSE(pb_free_checked_key);

/*
 * Off while all memory is to be zero when it is allocated, and requests for plain zeroed blocks
 * need nothing else: they take the straight path of api/alloc_zeroed.h. Counts what forbids that.
 */
DECLARE_STATIC_KEY_TRUE(pb_zero_checked_key);

void pb_alloc_checked_inc(void);
void pb_alloc_checked_dec(void);
void pb_slowpath_inc(void);
void pb_slowpath_dec(void);
void pb_zero_all_inc(void);
void pb_zero_all_dec(void);

static __always_inline unsigned int pb_gfp_index(gfp_t gfp)
{
	return (__force unsigned int)gfp % PB_NR_GFP_INDEX;
}

int pb_percpu_zone_start(void);
void pb_percpu_zone_refresh(void);
void pb_percpu_zone_stop(void);

#endif /* PB_PERCPU_ZONE_H */
