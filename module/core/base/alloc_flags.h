/* SPDX-License-Identifier: GPL-2.0-only */
/* Flags of a request: the ALLOC_ flags of mm/, and pbuddy's own. */
#ifndef PB_ALLOC_FLAGS_H
#define PB_ALLOC_FLAGS_H

#include "core/base/zone_types.h"

/*
 * Names and low bits are those of ALLOC_ in mm/internal.h. The bits above replace gfp flags that
 * mm/ tests directly. gfp.c computes them from a caller's gfp flags.
 */
typedef unsigned int __bitwise pb_alloc_flags_t;

#define PB_ALLOC_FLAG(bits)	((__force pb_alloc_flags_t)(bits))

#define PB_ALLOC_WMARK_MIN	PB_ALLOC_FLAG(PB_WMARK_MIN)
#define PB_ALLOC_WMARK_LOW	PB_ALLOC_FLAG(PB_WMARK_LOW)
#define PB_ALLOC_WMARK_HIGH	PB_ALLOC_FLAG(PB_WMARK_HIGH)
#define PB_ALLOC_WMARK_MASK	PB_ALLOC_FLAG(0x3)
#define PB_ALLOC_NO_WATERMARKS	PB_ALLOC_FLAG(0x4)
#define PB_ALLOC_OOM		PB_ALLOC_FLAG(0x8)	/* a victim: half of the min watermark */
#define PB_ALLOC_NON_BLOCK	PB_ALLOC_FLAG(0x10)	/* may not sleep; more of MIN_RESERVE */
#define PB_ALLOC_MIN_RESERVE	PB_ALLOC_FLAG(0x20)	/* half of the min watermark */
#define PB_ALLOC_CPUSET		PB_ALLOC_FLAG(0x40)	/* memory policy applies; see HARDWALL */
#define PB_ALLOC_CMA		PB_ALLOC_FLAG(0x80)	/* contiguous-area pageblocks too */
#define PB_ALLOC_NOFRAGMENT	PB_ALLOC_FLAG(0x100)	/* do not mix migratetypes */
#define PB_ALLOC_HIGHATOMIC	PB_ALLOC_FLAG(0x200)	/* the high-order atomic reserve too */
#define PB_ALLOC_KSWAPD		PB_ALLOC_FLAG(0x800)	/* may wake the node threads */

#define PB_ALLOC_WAIT		PB_ALLOC_FLAG(0x1000)	/* may sleep, reclaim, drain other CPUs */
#define PB_ALLOC_THISNODE	PB_ALLOC_FLAG(0x2000)	/* the preferred node only */
#define PB_ALLOC_HARDWALL	PB_ALLOC_FLAG(0x4000)	/* with CPUSET: mems_allowed only */
#define PB_ALLOC_SPREAD_DIRTY	PB_ALLOC_FLAG(0x8000)	/* skip nodes above their dirty share */
#define PB_ALLOC_NORETRY	PB_ALLOC_FLAG(0x10000)
#define PB_ALLOC_RETRY_MAYFAIL	PB_ALLOC_FLAG(0x20000)
#define PB_ALLOC_NOFAIL		PB_ALLOC_FLAG(0x40000)
#define PB_ALLOC_NO_WARN	PB_ALLOC_FLAG(0x80000)
#define PB_ALLOC_NOMEMALLOC	PB_ALLOC_FLAG(0x100000)	/* no reserve in any context */
#define PB_ALLOC_RECLAIMING	PB_ALLOC_FLAG(0x200000)	/* PF_MEMALLOC: no recursive reclaim */
#define PB_ALLOC_IO		PB_ALLOC_FLAG(0x400000)	/* reclaim may start I/O */
#define PB_ALLOC_FS		PB_ALLOC_FLAG(0x800000)	/* reclaim may call into file systems */
#define PB_ALLOC_TRY		PB_ALLOC_FLAG(0x1000000) /* its caller tries other ways after it */
#define PB_ALLOC_NO_UNMAP	PB_ALLOC_FLAG(0x2000000) /* reclaim spares mapped pages */
#define PB_ALLOC_SCAN		PB_ALLOC_FLAG(0x4000000) /* scan every pageblock; see scan.c */
#define PB_ALLOC_USER		PB_ALLOC_FLAG(0x8000000) /* ordinary, of a user task: restrict.c */
#define PB_ALLOC_RELIABLE	PB_ALLOC_FLAG(0x10000000) /* mirrored memory: restrict.c */
#define PB_ALLOC_OWN		PB_ALLOC_FLAG(0x20000000) /* from the task's group only: group.c */

/* Flags that allow a request below the min watermark. */
#define PB_ALLOC_RESERVES	(PB_ALLOC_NON_BLOCK | PB_ALLOC_MIN_RESERVE |	\
				 PB_ALLOC_HIGHATOMIC | PB_ALLOC_OOM)

/* Flags that differ between the first walk, the slow path's walks, and those on the reserve. */
#define PB_ALLOC_WALK_MASK	(PB_ALLOC_WMARK_MASK | PB_ALLOC_RESERVES |	\
				 PB_ALLOC_CPUSET | PB_ALLOC_HARDWALL |		\
				 PB_ALLOC_NOFRAGMENT | PB_ALLOC_SPREAD_DIRTY)

/* The watermark of a walk. */
static inline enum pb_watermark pb_alloc_wmark(pb_alloc_flags_t flags)
{
	return (__force unsigned int)(flags & PB_ALLOC_WMARK_MASK);
}

#endif /* PB_ALLOC_FLAGS_H */
