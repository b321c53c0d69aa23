// SPDX-License-Identifier: GPL-2.0-only
/*
 * From gfp flags, as the kernel's allocator understands them, to a request of the core: the one
 * place where policy is made of flags and of the task that asks. A flag that is added needs a line
 * here and its code below; when it must also act on a page that is at hand, PB_GFP_SLOW in gfp.h.
 *
 *   DMA32            the DMA32 zone only
 *   HIGHMEM+MOVABLE  any zone; without both of them not the MOVABLE zone, as gfp_zone() has it
 *   DMA              refused: pbuddy owns no memory below 16 MiB
 *   MOVABLE, RECLAIMABLE  the migratetype; neither: unmovable; both: the caller's bug, unmovable;
 *                    MOVABLE is dropped inside memalloc_pin_save()
 *   WRITE            the first walk passes by nodes past their dirty share; see core/dirty.c
 *   HARDWALL         the slow path keeps to the task's cpuset too; see cpuset.c
 *   THISNODE         the preferred node only, and no mempolicy
 *   DIRECT_RECLAIM   the request may sleep: reclaim, compact, drain other CPUs, scan the bitmaps
 *   KSWAPD_RECLAIM   the request may wake the node threads
 *   IO, FS           what reclaim may do for it; dropped inside memalloc_noio_save() and
 *                    memalloc_nofs_save(), and while the system suspends
 *   HIGH             down to half of the min watermark
 *   no DIRECT_RECLAIM  with HIGH (GFP_ATOMIC): 62.5 % of the min watermark, the high-order atomic
 *                    reserve, and any node whatever the cpuset; not with NOMEMALLOC
 *   MEMALLOC         past the watermarks and the memory policy, when all else failed; the same for
 *                    a task with PF_MEMALLOC. NOMEMALLOC wins over both. A victim of the OOM killer
 *                    goes down to half of the min watermark
 *   NORETRY          one round of reclaim and compaction, and no OOM killer
 *   RETRY_MAYFAIL    rounds as long as there is progress, for large blocks too; no OOM killer
 *   NOFAIL           rounds for ever; needs DIRECT_RECLAIM; warned of once for orders above 1
 *   ZERO, NOWARN     as everywhere
 *   ATOMIC           of kernels that still have it (6.1): together with DIRECT_RECLAIM it is warned
 *                    of once and dropped; alone it says no more than the lack of DIRECT_RECLAIM
 *   COMP             accepted with one warning for order > 0: pages of pbuddy are not
 *                    compound, their order is told by pbuddy_page_order()
 *   ACCOUNT          charged to the caller's cgroup or user; see account.c
 *
 * RELIABLE and REPEAT are flags of other or older kernels: what REPEAT asked for is
 * RETRY_MAYFAIL's today, and pbuddy knows no mirrored memory yet.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/bug.h>
#include <linux/kernel.h>
#include <linux/mm.h>
#include <linux/nodemask.h>
#include <linux/numa.h>
#include <linux/oom.h>
#include <linux/preempt.h>
#include <linux/printk.h>
#include <linux/sched.h>
#include <linux/sched/mm.h>
#include <linux/sched/rt.h>
#include <linux/topology.h>

#include "compat.h"
#include "instance.h"
#include "request/cpuset.h"
#include "request/gfp.h"

/*
 * Flags that requests may carry. Only IO, FS and the RECLAIM flags are ever taken out of it, and
 * those make no difference to a request that finds a page at hand.
 */
gfp_t pb_gfp_allowed_mask __read_mostly = __GFP_BITS_MASK;
EXPORT_SYMBOL_PB_TEST(pb_gfp_allowed_mask);

/**
 * pb_gfp_highest_zone - the highest zone type that flags allow
 * @gfp: flags, narrowed already
 *
 * As gfp_zone(), which pbuddy does without ZONE_DMA.
 */
enum pb_zone_type pb_gfp_highest_zone(gfp_t gfp)
{
	if (gfp & __GFP_DMA32)
		return PB_ZONE_DMA32;
	if ((gfp & (__GFP_HIGHMEM | __GFP_MOVABLE)) == (__GFP_HIGHMEM | __GFP_MOVABLE))
		return PB_ZONE_MOVABLE;
	return PB_ZONE_NORMAL;
}
EXPORT_SYMBOL_PB_TEST(pb_gfp_highest_zone);

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

/* The same on every walk: what mm/ asks of the gfp flags themselves. */
static pb_alloc_flags_t lasting_flags(const struct pb_request *rq, gfp_t gfp)
{
	static const struct {
		gfp_t			gfp;
		pb_alloc_flags_t	flag;
	} same[] = {
		{ __GFP_THISNODE,	PB_ALLOC_THISNODE },
		{ __GFP_KSWAPD_RECLAIM,	PB_ALLOC_KSWAPD },
		{ __GFP_NORETRY,	PB_ALLOC_NORETRY },
		{ __GFP_RETRY_MAYFAIL,	PB_ALLOC_RETRY_MAYFAIL },
		{ __GFP_NOFAIL,		PB_ALLOC_NOFAIL },
		{ __GFP_NOWARN,		PB_ALLOC_NO_WARN },
		{ __GFP_NOMEMALLOC,	PB_ALLOC_NOMEMALLOC },
		{ __GFP_IO,		PB_ALLOC_IO },
		{ __GFP_FS,		PB_ALLOC_FS },
	};
	pb_alloc_flags_t flags = PB_ALLOC_FLAG(0);
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(same); i++)
		if (gfp & same[i].gfp)
			flags |= same[i].flag;
	if (may_sleep(gfp))
		flags |= PB_ALLOC_WAIT;
	if (current->flags & PF_MEMALLOC)
		flags |= PB_ALLOC_RECLAIMING;
	/* As gfp_to_alloc_flags_cma(). */
	if (rq->migratetype == PB_MOVABLE)
		flags |= PB_ALLOC_CMA;
	return flags;
}

/*
 * The first walk does not mix migratetypes where that costs nothing but a lower zone of the same
 * node. As alloc_flags_nofragment().
 */
static bool avoid_fragments(const struct pb_zone *preferred)
{
	if (!preferred || preferred->type != PB_ZONE_NORMAL)
		return false;
	return nr_online_nodes == 1 || pb_instance.zone[preferred->nid][PB_ZONE_DMA32];
}

/* Conservative: down to the low mark and inside the cpuset. As __alloc_pages() has it. */
static pb_alloc_flags_t first_flags(gfp_t gfp, const struct pb_zone *preferred)
{
	pb_alloc_flags_t flags = PB_ALLOC_WMARK_LOW | PB_ALLOC_CPUSET | PB_ALLOC_HARDWALL;

	if (avoid_fragments(preferred))
		flags |= PB_ALLOC_NOFRAGMENT;
	if (gfp & __GFP_WRITE)
		flags |= PB_ALLOC_SPREAD_DIRTY;
	return flags;
}

/* What the caller may claim once that has failed. As gfp_to_alloc_flags(). */
static pb_alloc_flags_t slow_flags(gfp_t gfp, unsigned int order)
{
	pb_alloc_flags_t flags = PB_ALLOC_WMARK_MIN | PB_ALLOC_CPUSET;

	if (gfp & __GFP_HARDWALL)
		flags |= PB_ALLOC_HARDWALL;
	if (gfp & __GFP_HIGH)
		flags |= PB_ALLOC_MIN_RESERVE;
	if (gfp & __GFP_DIRECT_RECLAIM) {
		if (in_task() && current->prio < MAX_RT_PRIO)
			flags |= PB_ALLOC_MIN_RESERVE;
		return flags;
	}
	if (!(gfp & __GFP_NOMEMALLOC)) {
		flags |= PB_ALLOC_NON_BLOCK;
		if (order && gfp & __GFP_HIGH)
			flags |= PB_ALLOC_HIGHATOMIC;
	}
	if (gfp & __GFP_HIGH)
		flags &= ~(PB_ALLOC_CPUSET | PB_ALLOC_HARDWALL);
	return flags;
}

/**
 * pb_gfp_reserve_flags - may a request use the reserve, now?
 * @gfp: its flags
 *
 * Asked again by those who loop: a task may become a victim of the OOM killer meanwhile.
 *
 * Context: any; answers for the task or interrupt that asks.
 *
 * Return: 0, %PB_ALLOC_NO_WATERMARKS or %PB_ALLOC_OOM. As __gfp_pfmemalloc_flags() in
 * mm/page_alloc.c.
 */
pb_alloc_flags_t pb_gfp_reserve_flags(gfp_t gfp)
{
	if (gfp & __GFP_NOMEMALLOC)
		return PB_ALLOC_FLAG(0);
	if (gfp & __GFP_MEMALLOC)
		return PB_ALLOC_NO_WATERMARKS;
	if (in_serving_softirq() && current->flags & PF_MEMALLOC)
		return PB_ALLOC_NO_WATERMARKS;
	if (in_interrupt())
		return PB_ALLOC_FLAG(0);
	if (current->flags & PF_MEMALLOC)
		return PB_ALLOC_NO_WATERMARKS;
	return tsk_is_oom_victim(current) ? PB_ALLOC_OOM : PB_ALLOC_FLAG(0);
}
EXPORT_SYMBOL_PB_TEST(pb_gfp_reserve_flags);

/**
 * pb_gfp_to_alloc_flags - what a request may do, walk by walk
 * @rq: in: order, migratetype and preferred zone; out: the three sets of flags
 * @gfp: flags, narrowed already
 *
 * Context: any; answers for the task or interrupt that asks.
 */
void pb_gfp_to_alloc_flags(struct pb_request *rq, gfp_t gfp)
{
	rq->flags = lasting_flags(rq, gfp) | first_flags(gfp, rq->preferred_zone);
	rq->slow_flags = slow_flags(gfp, rq->order);
	rq->reserve_flags = pb_gfp_reserve_flags(gfp);
}
EXPORT_SYMBOL_PB_TEST(pb_gfp_to_alloc_flags);

/**
 * pb_gfp_context - narrow the flags of a request by the system's state and the task's scopes
 * @gfp: as the caller gave it
 *
 * Context: any. Return: what is left of @gfp. As the first lines of __alloc_pages() in
 * mm/page_alloc.c do, with gfp_allowed_mask and current_gfp_context().
 */
gfp_t pb_gfp_context(gfp_t gfp)
{
	const gfp_t both = PB_GFP_ATOMIC | __GFP_DIRECT_RECLAIM;

	gfp = current_gfp_context(gfp & READ_ONCE(pb_gfp_allowed_mask));
	if (PB_GFP_ATOMIC && WARN_ON_ONCE((gfp & both) == both))
		gfp &= ~PB_GFP_ATOMIC;
	return gfp;
}
EXPORT_SYMBOL_PB_TEST(pb_gfp_context);

/* Flags that promise what pbuddy does not keep: once each. */
static void warn_unkept(gfp_t gfp, unsigned int order)
{
	if (gfp & __GFP_COMP && order)
		pr_warn_once("%s: __GFP_COMP is ignored, the pages are not compound\n",
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

/* Where the first walk begins. As first_zones_zonelist() in prepare_alloc_pages(). */
static struct pb_zone *preferred_zone(const struct pb_request *rq)
{
	const unsigned long *nodes = rq->nodemask ?: rq->mems_allowed;
	struct pb_zone *zone;

	pb_for_each_zone_zonelist(zone, pb_instance.zonelist[rq->nid])
		if (zone->type <= rq->highest_zone && (!nodes || test_bit(zone->nid, nodes)))
			return zone;
	return NULL;
}

/**
 * pb_gfp_request - make a request of what a caller of the in-kernel API says
 * @rq: filled; constant from then on
 * @gfp: in: as the caller gave it; out: narrowed by the task's scopes (memalloc_nofs_save() ...)
 * @order: order of the request
 * @nid: preferred node, or NUMA_NO_NODE for the nearest
 * @nodemask: nodes that may serve it, or NULL for all; has to outlive @rq
 *
 * Context: any. With __GFP_DIRECT_RECLAIM it must be one that may sleep.
 *
 * Return: false when the request cannot be served by anyone, after one warning unless __GFP_NOWARN.
 * As prepare_alloc_pages() in mm/page_alloc.c.
 */
bool pb_gfp_request(struct pb_request *rq, gfp_t *gfp, unsigned int order, int nid,
		    const nodemask_t *nodemask)
{
	gfp_t flags = pb_gfp_context(*gfp);

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
	if (unlikely(flags & __GFP_COMP))
		warn_unkept(flags, order);

	*gfp = flags;
	*rq = (struct pb_request) {
		.order = order,
		.migratetype = migratetype(flags),
		.highest_zone = pb_gfp_highest_zone(flags),
		.nid = nid,
		.nodemask = nodemask ? nodes_addr(*nodemask) : NULL,
		.mems_allowed = pb_cpuset_mems_allowed(),
	};
	/* As check_retry_cpuset(): nodes that the cpuset denies are as good as none. */
	if (rq->nodemask && flags & __GFP_HARDWALL && !pb_cpuset_intersects(nodemask))
		rq->nodemask = NULL;
	rq->preferred_zone = preferred_zone(rq);
	pb_gfp_to_alloc_flags(rq, flags);
	return true;
}
EXPORT_SYMBOL_PB_TEST(pb_gfp_request);
