// SPDX-License-Identifier: GPL-2.0-only
/*
 * From gfp flags, as the kernel's allocator understands them, to a request of the core.
 *
 *   DMA32            the DMA32 zone only
 *   HIGHMEM+MOVABLE  any zone; without both of them not the MOVABLE zone, as gfp_zone() has it
 *   DMA              refused: pbuddy owns no memory below 16 MiB
 *   MOVABLE, RECLAIMABLE  the migratetype; neither: unmovable; both: the caller's bug, unmovable
 *   THISNODE         the preferred node only
 *   DIRECT_RECLAIM   the request may sleep: drain the other CPUs, scan the bitmaps
 *   HIGH             down to the min watermark (and so GFP_ATOMIC)
 *   MEMALLOC         past the watermarks, unless NOMEMALLOC; the same for a task with PF_MEMALLOC
 *   ZERO, NOWARN     as everywhere
 *   IO, FS, KSWAPD_RECLAIM, NORETRY, RETRY_MAYFAIL, WRITE, HARDWALL
 *                    accepted: what they steer, reclaim, spreading and cpusets, is not there yet
 *   COMP             accepted with one warning for order > 0: pages of pbuddy are not
 *                    compound, their order is told by pbuddy_page_order()
 *   ACCOUNT          accepted with one warning: nothing is charged yet
 *   NOFAIL           accepted with one warning: the request may fail
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/bug.h>
#include <linux/kernel.h>
#include <linux/mm.h>
#include <linux/nodemask.h>
#include <linux/numa.h>
#include <linux/preempt.h>
#include <linux/printk.h>
#include <linux/sched.h>
#include <linux/sched/mm.h>
#include <linux/topology.h>

#include "gfp.h"
#include "instance.h"

static enum pb_zone_type highest_zone(gfp_t gfp)
{
	if (gfp & __GFP_DMA32)
		return PB_ZONE_DMA32;
	if ((gfp & (__GFP_HIGHMEM | __GFP_MOVABLE)) == (__GFP_HIGHMEM | __GFP_MOVABLE))
		return PB_ZONE_MOVABLE;
	return PB_ZONE_NORMAL;
}

static enum pb_migratetype migratetype(gfp_t gfp)
{
	const gfp_t both = __GFP_MOVABLE | __GFP_RECLAIMABLE;

	if (WARN_ON_ONCE((gfp & both) == both))
		return PB_UNMOVABLE;
	if (gfp & __GFP_MOVABLE)
		return PB_MOVABLE;
	return gfp & __GFP_RECLAIMABLE ? PB_RECLAIMABLE : PB_UNMOVABLE;
}

/* A caller that may not sleep and says it may is told so, and served without sleeping. */
static bool may_sleep(gfp_t gfp)
{
	if (!(gfp & __GFP_DIRECT_RECLAIM))
		return false;
	if (WARN_ON_ONCE(in_nmi() || in_hardirq() || in_serving_softirq()))
		return false;
	might_alloc(gfp);
	return !irqs_disabled();
}

static unsigned int alloc_flags(gfp_t gfp)
{
	unsigned int flags = gfp & __GFP_HIGH ? PB_WMARK_MIN : PB_WMARK_LOW;

	if (!(gfp & __GFP_NOMEMALLOC) &&
	    (gfp & __GFP_MEMALLOC || (!in_interrupt() && current->flags & PF_MEMALLOC)))
		flags |= PB_ALLOC_NO_WATERMARKS;
	if (gfp & __GFP_THISNODE)
		flags |= PB_ALLOC_THISNODE;
	if (may_sleep(gfp))
		flags |= PB_ALLOC_WAIT;
	return flags;
}

/* Flags that promise what pbuddy does not keep: once each. */
static void warn_unkept(gfp_t gfp, unsigned int order)
{
	if (gfp & __GFP_NOFAIL)
		pr_warn_once("%s: __GFP_NOFAIL is not kept yet, the request may fail\n",
			     current->comm);
	if (gfp & __GFP_COMP && order)
		pr_warn_once("%s: __GFP_COMP is ignored, the pages are not compound\n",
			     current->comm);
	if (gfp & __GFP_ACCOUNT)
		pr_warn_once("%s: __GFP_ACCOUNT is ignored, nothing is charged yet\n",
			     current->comm);
}

static bool node_usable(int *nid, gfp_t gfp)
{
	if (*nid == NUMA_NO_NODE)
		*nid = numa_mem_id();
	if (likely(*nid >= 0 && *nid < pb_instance.nr_nodes))
		return true;
	WARN_ONCE(!(gfp & __GFP_NOWARN), "pbuddy: there is no node %d\n", *nid);
	return false;
}

/**
 * pb_gfp_request - make a request of what a caller of the in-kernel API says
 * @rq: filled
 * @gfp: in: as the caller gave it; out: narrowed by the task's scopes (memalloc_nofs_save() ...)
 * @order: order of the request
 * @nid: preferred node, or NUMA_NO_NODE for the nearest
 * @nodemask: nodes that may serve it, or NULL for all; has to outlive @rq
 *
 * Context: any. With __GFP_DIRECT_RECLAIM it must be one that may sleep.
 *
 * Return: false when the request cannot be served by anyone, after one warning unless __GFP_NOWARN.
 */
bool pb_gfp_request(struct pb_request *rq, gfp_t *gfp, unsigned int order, int nid,
		    const nodemask_t *nodemask)
{
	gfp_t flags = current_gfp_context(*gfp);

	if (unlikely(order > PB_MAX_ORDER)) {
		WARN_ONCE(!(flags & __GFP_NOWARN), "pbuddy: order %u is above the largest, %u\n",
			  order, PB_MAX_ORDER);
		return false;
	}
	if (unlikely(flags & __GFP_DMA)) {
		if (!(flags & __GFP_NOWARN))
			pr_warn_once("%s: GFP_DMA is refused, there is no memory below 16 MiB\n",
				     current->comm);
		return false;
	}
	if (unlikely(!node_usable(&nid, flags)))
		return false;
	if (unlikely(flags & (__GFP_NOFAIL | __GFP_COMP | __GFP_ACCOUNT)))
		warn_unkept(flags, order);

	*gfp = flags;
	rq->order = order;
	rq->migratetype = migratetype(flags);
	rq->highest_zone = highest_zone(flags);
	rq->flags = alloc_flags(flags);
	rq->nid = nid;
	rq->nodemask = nodemask ? nodemask->bits : NULL;
	return true;
}
