// SPDX-License-Identifier: GPL-2.0-only
/*
 * Translates gfp flags and the state of the current task into a struct pb_request.
 *
 * The core never sees gfp flags. A request has three sets of PB_ALLOC_* flags instead: ->flags for
 * the first walk of the zonelist, ->slow_flags for the slow path, and ->reserve_flags for requests
 * that may use the memory below the watermarks. No other file derives them. To support another gfp
 * flag, extend this table and the code below. If the flag has an effect on a request that a pcp
 * list serves, add it to PB_GFP_SLOW in gfp.h too.
 *
 *   DMA32            DMA32 zone only
 *   HIGHMEM+MOVABLE  any zone; without both flags not the MOVABLE zone, as gfp_zone()
 *   DMA              fails: pbuddy has no ZONE_DMA
 *   MOVABLE, RECLAIMABLE  the migratetype; neither: unmovable; both: a bug of the caller, treated
 *                    as unmovable. MOVABLE is cleared inside memalloc_pin_save()
 *   WRITE            the first walk skips nodes above their share of dirty pages; see
 *                    core/zone/dirty.c
 *   HARDWALL         the cpuset restricts the slow path too; see cpuset.c. With it or ACCOUNT the
 *                    memory of the task's group comes first; see api/group.c
 *   THISNODE         preferred node only; ignores the memory policy
 *   DIRECT_RECLAIM   the request may sleep: reclaim, compact, drain other CPUs, scan the bitmaps
 *   KSWAPD_RECLAIM   the request may wake the node threads
 *   RECLAIM          both of them
 *   IO, FS           reclaim may start I/O, may call file systems; cleared inside
 *                    memalloc_noio_save() and memalloc_nofs_save(), and while the system suspends
 *   HIGH             lowers the min watermark (PB_ALLOC_MIN_RESERVE)
 *   no DIRECT_RECLAIM  with HIGH (GFP_ATOMIC): lowers the min watermark further
 *                    (PB_ALLOC_NON_BLOCK), may use the highatomic reserve, both unless
 *                    NOMEMALLOC, and ignores the cpuset
 *   MEMALLOC         ignores watermarks and memory policy after other attempts failed; the same for
 *                    a task with PF_MEMALLOC. NOMEMALLOC takes precedence over both. An OOM victim
 *                    may go below the min watermark (PB_ALLOC_OOM)
 *   NORETRY          one round of reclaim and compaction; no OOM kill
 *   RETRY_MAYFAIL    rounds as long as reclaim makes progress, for large orders too; no OOM kill.
 *                    The successor of REPEAT (before 4.13)
 *   NOFAIL           unlimited rounds; requires DIRECT_RECLAIM; warns once for orders above 1;
 *                    with ACCOUNT it is charged over the limits
 *   ZERO, NOWARN     as in mm/
 *   ATOMIC           on kernels that have the flag (6.1): with DIRECT_RECLAIM it warns once and is
 *                    cleared; else no effect beyond that of the missing DIRECT_RECLAIM
 *   COMP             order > 0: the block is a compound page; see api/compound.c
 *   RELIABLE         (PBUDDY_GFP_RELIABLE) mirrored memory, or any if there is none; restricted.c
 *   ACCOUNT          charges the pages to the task's user and, if the request may sleep, to its
 *                    cgroup; see api/account.c
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
#include "core/zone/restrict.h"
#include "instance.h"
#include "request/cpuset.h"
#include "request/gfp.h"
#include "request/mirrored.h"
#include "request/restricted.h"

static_assert(!(PBUDDY_GFP_RELIABLE & __GFP_BITS_MASK));

/*
 * Flags that have an effect; the others are cleared from each request. Only IO, FS and the RECLAIM
 * flags are ever cleared here. The fast path does not apply the mask, as these flags have no effect
 * on a request that a pcp list serves.
 */
gfp_t pb_gfp_allowed_mask __read_mostly = __GFP_BITS_MASK | PBUDDY_GFP_RELIABLE;

/**
 * pb_gfp_highest_zone - get the highest zone type that the flags allow
 * @gfp: flags after pb_gfp_context()
 *
 * Context: any. As gfp_zone(), except that there is no ZONE_DMA.
 *
 * Return: the zone type.
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

/*
 * Whether the request may sleep. If a caller in interrupt context passes __GFP_DIRECT_RECLAIM, warn
 * and serve it without sleeping.
 */
static bool may_sleep(gfp_t gfp)
{
	if (!(gfp & __GFP_DIRECT_RECLAIM))
		return false;
	if (WARN_ON_ONCE(in_nmi() || in_hardirq() || in_serving_softirq()))
		return false;
	might_alloc(gfp);
	return !irqs_disabled();
}

/*
 * Flags that select among restricted zones. Ordinary requests of a user task are those that may use
 * ZONE_MOVABLE, made by the task itself, but for reliable memory. In openEuler they are also those
 * of an interrupt that has interrupted a user task.
 */
static pb_alloc_flags_t restricting_flags(const struct pb_request *rq, gfp_t gfp)
{
	pb_alloc_flags_t flags = gfp & __GFP_THISNODE ? PB_ALLOC_THISNODE : PB_ALLOC_FLAG(0);

	if (!static_branch_unlikely(&pb_restricted_key))
		return flags;
	if (gfp & PBUDDY_GFP_RELIABLE)
		return READ_ONCE(pb_mirrored_declared) ? flags | PB_ALLOC_RELIABLE : flags;
	if (rq->highest_zone == PB_ZONE_MOVABLE && in_task() && current->mm &&
	    !(current->flags & PF_KTHREAD))
		flags |= PB_ALLOC_USER;
	return flags;
}

/* Flags that do not change between walks. mm/ reads the gfp flags themselves for these. */
static pb_alloc_flags_t lasting_flags(const struct pb_request *rq, gfp_t gfp)
{
	static const struct {
		gfp_t			gfp;
		pb_alloc_flags_t	flag;
	} same[] = {
		{ __GFP_KSWAPD_RECLAIM,	PB_ALLOC_KSWAPD },
		{ __GFP_NORETRY,	PB_ALLOC_NORETRY },
		{ __GFP_RETRY_MAYFAIL,	PB_ALLOC_RETRY_MAYFAIL },
		{ __GFP_NOFAIL,		PB_ALLOC_NOFAIL },
		{ __GFP_NOWARN,		PB_ALLOC_NO_WARN },
		{ __GFP_NOMEMALLOC,	PB_ALLOC_NOMEMALLOC },
		{ __GFP_IO,		PB_ALLOC_IO },
		{ __GFP_FS,		PB_ALLOC_FS },
	};
	pb_alloc_flags_t flags = restricting_flags(rq, gfp);
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
 * Whether the first walk avoids mixing migratetypes in a pageblock: if the preferred zone is NORMAL
 * and its node also has a DMA32 zone or is the only node. As alloc_flags_nofragment().
 */
static bool avoid_fragments(const struct pb_zone *preferred)
{
	if (!preferred || preferred->type != PB_ZONE_NORMAL)
		return false;
	return nr_online_nodes == 1 || pb_instance.zone[preferred->nid][PB_ZONE_DMA32];
}

/* Flags of the first walk: low watermark, allowed nodes only. As __alloc_pages(). */
static pb_alloc_flags_t first_flags(gfp_t gfp, const struct pb_zone *preferred)
{
	pb_alloc_flags_t flags = PB_ALLOC_WMARK_LOW | PB_ALLOC_CPUSET | PB_ALLOC_HARDWALL;

	if (avoid_fragments(preferred))
		flags |= PB_ALLOC_NOFRAGMENT;
	if (gfp & __GFP_WRITE)
		flags |= PB_ALLOC_SPREAD_DIRTY;
	return flags;
}

/* Flags of the slow path. As gfp_to_alloc_flags(). */
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

/*
 * 0, PB_ALLOC_NO_WATERMARKS or PB_ALLOC_OOM, as __gfp_pfmemalloc_flags() in mm/page_alloc.c. A task
 * that becomes an OOM victim later gets its right by ops->oom_victim.
 */
static pb_alloc_flags_t reserve_flags(gfp_t gfp)
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

/*
 * Sets the three sets of PB_ALLOC_* flags of a request, by its order, migratetype and preferred
 * zone. @gfp are the flags after pb_gfp_context(). The result is valid for the current task or
 * interrupt.
 */
static void set_alloc_flags(struct pb_request *rq, gfp_t gfp)
{
	rq->flags = lasting_flags(rq, gfp) | first_flags(gfp, rq->preferred_zone);
	rq->slow_flags = slow_flags(gfp, rq->order);
	rq->reserve_flags = reserve_flags(gfp);
}

/**
 * pb_gfp_context - clear the flags that the system's state or the task's memalloc scopes forbid
 * @gfp: flags as passed by the caller
 *
 * Context: any. As __alloc_pages() in mm/page_alloc.c, with gfp_allowed_mask and
 * current_gfp_context().
 *
 * Return: the remaining flags.
 */
gfp_t pb_gfp_context(gfp_t gfp)
{
	const gfp_t both = PB_GFP_ATOMIC | __GFP_DIRECT_RECLAIM;

	gfp = current_gfp_context(gfp & READ_ONCE(pb_gfp_allowed_mask));
	if (PB_GFP_ATOMIC && WARN_ON_ONCE((gfp & both) == both))
		gfp &= ~PB_GFP_ATOMIC;
	return gfp;
}

/* Whether blocks of this order exist with these flags. */
static bool order_usable(unsigned int order, gfp_t gfp)
{
	const unsigned int compound_max = min_t(unsigned int, PB_COMPOUND_MAX_ORDER, PB_MAX_ORDER);
	unsigned int max = gfp & __GFP_COMP ? compound_max : PB_MAX_ORDER;

	if (likely(order <= max))
		return true;
	WARN_ONCE(!(gfp & __GFP_NOWARN), "pbuddy: order %u is above the largest, %u\n", order, max);
	return false;
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

/* First zone of the zonelist that the request may use. As in prepare_alloc_pages(). */
static struct pb_zone *preferred_zone(const struct pb_request *rq)
{
	const unsigned long *nodes = rq->nodemask ?: rq->mems_allowed;
	struct pb_zone *zone;

	pb_for_each_zone_zonelist(zone, pb_instance.zonelist[rq->nid])
		if (pb_zone_open(zone, rq) && (!nodes || test_bit(zone->nid, nodes)))
			return zone;
	return NULL;
}

/**
 * pb_gfp_request - translate the arguments of an in-kernel allocation into a request
 * @rq: request to fill; constant afterwards
 * @gfp: in: flags as passed by the caller; out: after pb_gfp_context()
 * @order: order of the request
 * @nid: preferred node, or NUMA_NO_NODE for the nearest
 * @nodemask: nodes that may serve the request, or NULL for all; must outlive @rq
 *
 * Context: any. With __GFP_DIRECT_RECLAIM the caller must be allowed to sleep. As
 * prepare_alloc_pages() in mm/page_alloc.c. When the request fails and pb_cpuset_changed(), the
 * caller has to make it again.
 *
 * Return: true; false for an order, zone or node that pbuddy never has, after warning once unless
 * __GFP_NOWARN.
 */
bool pb_gfp_request(struct pb_request *rq, gfp_t *gfp, unsigned int order, int nid,
		    const nodemask_t *nodemask)
{
	gfp_t flags = pb_gfp_context(*gfp);

	if (unlikely(!order_usable(order, flags)))
		return false;
	if (unlikely(flags & __GFP_DMA)) {
		if (!(flags & __GFP_NOWARN))
			pr_warn_once("%s: GFP_DMA is refused, there is no ZONE_DMA\n",
				     current->comm);
		return false;
	}
	if (unlikely(!node_usable(&nid, flags)))
		return false;

	*gfp = flags;
	*rq = (struct pb_request) {
		.order = order,
		.migratetype = migratetype(flags),
		.highest_zone = pb_gfp_highest_zone(flags),
		.nid = nid,
		.nodemask = nodemask ? nodes_addr(*nodemask) : NULL,
		.mems_cookie = pb_mems_allowed_begin(),
		.mems_allowed = pb_cpuset_mems_allowed(),
	};
	/* Ignore a nodemask of which the cpuset allows no node. As check_retry_cpuset(). */
	if (rq->nodemask && flags & __GFP_HARDWALL && !pb_cpuset_intersects(nodemask))
		rq->nodemask = NULL;
	rq->flags = restricting_flags(rq, flags);
	rq->preferred_zone = preferred_zone(rq);
	set_alloc_flags(rq, flags);
	return true;
}
EXPORT_SYMBOL_PB_TEST(pb_gfp_request);
