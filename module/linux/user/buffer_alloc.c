// SPDX-License-Identifier: GPL-2.0-only
/*
 * Allocates the blocks of a buffer: one contiguous range, or the largest blocks of the nearest node
 * first, or as the task's memory policy says. buffer.c creates and frees buffers.
 */
#include <linux/log2.h>
#include <linux/mm.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "api/alloc_hooks.h"
#include "core/alloc/failure_reason.h"
#include "core/cache/freelist.h"
#include "core/zone/restrict.h"
#include "core/zone/watermark.h"
#include "hooks/alloc_failure_report.h"
#include "instance.h"
#include "request/cpuset.h"
#include "request/gfp.h"
#include "request/policy.h"
#include "user/buffer.h"
#include "user/creator.h"

#define FIRST_BLOCKS	8	/* entries of the block array to begin with */
#define TRACE_GFP	(GFP_HIGHUSER | __GFP_ZERO)	/* gfp flags shown by tracepoints */

/* Makes space for one more block, so that storing an allocated block cannot fail. */
static int reserve_block(struct pb_buffer *buf)
{
	unsigned int max = buf->max_blocks ? 2 * buf->max_blocks : FIRST_BLOCKS;
	struct pb_buffer_block *block;

	if (buf->nr_blocks < buf->max_blocks)
		return 0;
	block = kvmalloc_array(max, sizeof(*block), GFP_KERNEL_ACCOUNT | __GFP_NOWARN);
	if (!block)
		return -ENOMEM;
	if (buf->nr_blocks)
		memcpy(block, buf->block, array_size(buf->nr_blocks, sizeof(*block)));
	kvfree(buf->block);
	buf->block = block;
	buf->max_blocks = max;
	return 0;
}

static void store_block(struct pb_buffer *buf, unsigned long pfn, unsigned long nr_pages,
			unsigned int order, bool split)
{
	buf->block[buf->nr_blocks++] = (struct pb_buffer_block) {
		.pfn = pfn,
		.start = buf->nr_pages,
		.nr_pages = nr_pages,
		.order = order,
		.split = split,
		.zeroed = buf->zeroed,
	};
	buf->zeroed = false;
	buf->nr_pages += nr_pages;
	pb_creator_add(buf->creator, pfn, nr_pages);
}

/* Stores a block of @order, of which at most @want pages are kept. */
static void store_trimmed(struct pb_buffer *buf, unsigned long pfn, unsigned int order,
			  unsigned long want)
{
	unsigned long nr_pages = 1UL << order;

	if (nr_pages <= want) {
		store_block(buf, pfn, nr_pages, order, false);
		return;
	}
	if (WARN_ON_ONCE(pb_pages_split(pfn, order)))
		return;
	pb_buffer_free_frames(pfn + want, nr_pages - want);
	store_block(buf, pfn, want, order, true);
}

static bool alloc_range(struct pb_buffer *buf, const struct pb_buffer_spec *spec,
			const struct pb_request *rq, enum pb_reason *reason)
{
	unsigned long pfn = pb_pages_alloc_contig(rq, spec->nr_pages, TRACE_GFP, reason);

	if (pfn == PB_NO_PFN)
		return false;
	store_block(buf, pfn, spec->nr_pages,
		    min_t(unsigned int, order_base_2(spec->nr_pages), PB_MAX_ORDER), true);
	return true;
}

static bool alloc_trimmed(struct pb_buffer *buf, const struct pb_buffer_spec *spec,
			  const struct pb_request *rq, enum pb_reason *reason)
{
	unsigned long pfn = pb_pages_alloc(rq, TRACE_GFP, reason);

	if (pfn == PB_NO_PFN)
		return false;
	store_trimmed(buf, pfn, rq->order, spec->nr_pages);
	return true;
}

/*
 * Allocates fewer pages than the alignment has. An aligned range is possible without a free block
 * of the alignment's order, so it is tried before and after the full allocation of such a block,
 * which may reclaim memory.
 */
static bool alloc_short(struct pb_buffer *buf, const struct pb_buffer_spec *spec,
			const struct pb_request *rq, enum pb_reason *reason)
{
	struct pb_request block = *rq, range = *rq;
	enum pb_reason why = PB_REASON_NONE;

	block.flags |= PB_ALLOC_TRY;
	range.flags = (block.flags & ~(PB_ALLOC_WAIT | PB_ALLOC_KSWAPD));
	if (alloc_range(buf, spec, &range, NULL) || alloc_trimmed(buf, spec, &block, &why) ||
	    alloc_range(buf, spec, &range, NULL))
		return true;
	if (why == PB_REASON_NONE)	/* an injected failure */
		return false;
	pb_alloc_fail(&pb_instance, rq, why, reason);
	return false;
}

static int alloc_contig(struct pb_buffer *buf, const struct pb_buffer_spec *spec,
			struct pb_request *rq, enum pb_reason *reason)
{
	unsigned int order = order_base_2(spec->nr_pages);
	bool done;
	int err;

	err = reserve_block(buf);
	if (err)
		return err;
	rq->order = max(order, spec->order);
	rq->align_order = spec->order;
	if (spec->order > order)
		done = alloc_short(buf, spec, rq, reason);
	else if (order <= PB_MAX_ORDER && is_power_of_2(spec->nr_pages))
		done = alloc_trimmed(buf, spec, rq, reason);
	else
		done = alloc_range(buf, spec, rq, reason);
	return done ? 0 : -ENOMEM;
}

/* Allocates from one node, largest blocks first, none below spec->order. */
static int alloc_on_node(struct pb_buffer *buf, const struct pb_buffer_spec *spec,
			 const struct pb_request *proto, int nid)
{
	unsigned int max_order = PB_MAX_ORDER;
	struct pb_request rq = *proto;

	rq.nid = nid;
	rq.preferred_zone = NULL;	/* counted below, as the request prefers another node */
	rq.flags = (rq.flags & ~(PB_ALLOC_WAIT | PB_ALLOC_KSWAPD)) | PB_ALLOC_THISNODE |
		   PB_ALLOC_TRY;
	/* Leave the last pages of this node and continue on the next one. */
	rq.slow_flags = rq.flags & PB_ALLOC_WALK_MASK & ~PB_ALLOC_NOFRAGMENT;
	rq.reserve_flags = PB_ALLOC_FLAG(0);
	while (buf->nr_pages < spec->nr_pages) {
		unsigned long pfn, want = spec->nr_pages - buf->nr_pages;
		int err;

		if (fatal_signal_pending(current))
			return -EINTR;
		cond_resched();
		err = reserve_block(buf);
		if (err)
			return err;
		rq.order = max(min_t(unsigned int, max_order, ilog2(want)), spec->order);
		pfn = pb_pages_alloc(&rq, TRACE_GFP, NULL);
		if (pfn != PB_NO_PFN) {
			pb_count_numa(pb_pfn_zone(&pb_instance, pfn), proto);
			store_trimmed(buf, pfn, rq.order, want);
			continue;
		}
		if (rq.order == spec->order)
			break;
		max_order = rq.order - 1;
	}
	return 0;
}

/*
 * Visits the nodes by distance, so that a near small block is preferred to a far large one. The
 * core's fallback within each order would do the opposite.
 */
static int alloc_on_nodes(struct pb_buffer *buf, const struct pb_buffer_spec *spec,
			  const struct pb_request *proto)
{
	int nid = NUMA_NO_NODE, err;
	struct pb_zone *zone;

	pb_for_each_zone_zonelist(zone, pb_instance.zonelist[spec->nid]) {
		/* With the caller's own flags: THISNODE below would name each node. */
		if (zone->nid == nid || !pb_zone_open(zone, proto))
			continue;
		nid = zone->nid;
		if (spec->strict && nid != spec->nid)
			continue;
		if (spec->nodemask && !node_isset(nid, *spec->nodemask))
			continue;
		err = alloc_on_node(buf, spec, proto, nid);
		if (err || buf->nr_pages == spec->nr_pages)
			return err;
	}
	return 0;
}

static int alloc_blocks(struct pb_buffer *buf, const struct pb_buffer_spec *spec,
			struct pb_request *rq, enum pb_reason *reason)
{
	struct pb_request own = *rq;
	unsigned long pfn;
	int err;

	if (pb_group_wanted(TRACE_GFP)) {
		/* Small blocks of the task's group before large ones of the pool. */
		own.flags |= PB_ALLOC_OWN;
		err = alloc_on_nodes(buf, spec, &own);
		if (err || buf->nr_pages == spec->nr_pages)
			return err;
	}
	for (;;) {
		err = alloc_on_nodes(buf, spec, rq);
		if (err || buf->nr_pages == spec->nr_pages)
			return err;
		/* Attempts without sleeping are exhausted; now sleep, and get the reason. */
		err = reserve_block(buf);
		if (err)
			return err;
		rq->order = spec->order;
		pfn = pb_pages_alloc(rq, TRACE_GFP, reason);
		if (pfn == PB_NO_PFN)
			return -ENOMEM;
		store_trimmed(buf, pfn, rq->order, spec->nr_pages - buf->nr_pages);
		if (buf->nr_pages == spec->nr_pages)
			return 0;
	}
}

/*
 * As for user memory in mm/, but without __GFP_MOVABLE: programs can pin and export buffers, so
 * ZONE_MOVABLE is not for them.
 */
static gfp_t gfp_of(const struct pb_buffer_spec *spec)
{
	gfp_t gfp = GFP_HIGHUSER;

	if (spec->strict)
		gfp |= __GFP_THISNODE;
	if (spec->nowarn)
		gfp |= __GFP_NOWARN;
	if (spec->reliable)
		gfp |= PBUDDY_GFP_RELIABLE;
	return spec->nowait ? gfp & ~__GFP_DIRECT_RECLAIM : gfp;
}

/*
 * The class selects the pageblocks that a buffer shares, and whether it can be moved. Contiguous
 * areas are for contiguous buffers only.
 */
static void set_class(struct pb_request *rq, const struct pb_buffer_spec *spec)
{
	rq->migratetype = spec->migratetype;
	if (spec->contig) {
		rq->flags |= PB_ALLOC_CMA;
		rq->slow_flags |= PB_ALLOC_CMA;
	}
}

/* Pages, free or not, of all zones that may serve @rq, and of the task's group. */
static unsigned long eligible_pages(const struct pb_request *rq)
{
	unsigned long nr_pages = pb_group_task_pages(rq, TRACE_GFP);
	struct pb_zone *zone;

	pb_for_each_zone_zonelist(zone, pb_instance.zonelist[rq->nid])
		if (pb_zone_allowed(zone, rq))
			nr_pages += pb_zone_most_pages(zone);
	return nr_pages;
}

static int alloc_request(struct pb_buffer *buf, const struct pb_buffer_spec *spec,
			 struct pb_request *rq, enum pb_reason *reason)
{
	unsigned long want = spec->nr_pages - buf->nr_pages;

	if (!reason)
		rq->flags |= PB_ALLOC_TRY;
	if (reason && want > eligible_pages(rq)) {
		pb_alloc_fail(&pb_instance, rq, pb_failure_reason(&pb_instance, rq, want), reason);
		return -ENOMEM;
	}
	return spec->contig ? alloc_contig(buf, spec, rq, reason) :
			      alloc_blocks(buf, spec, rq, reason);
}

/* With @reason NULL a partial allocation is a success. */
static int alloc_pages_of(struct pb_buffer *buf, const struct pb_buffer_spec *spec,
			  enum pb_reason *reason)
{
	gfp_t gfp = gfp_of(spec);
	struct pb_request rq;
	int err;

	do {
		if (!pb_gfp_request(&rq, &gfp, 0, spec->nid, spec->nodemask))
			return -EINVAL;
		set_class(&rq, spec);
		/* The nodes that a caller names are kept, also those that the cpuset denies. */
		if (spec->nodemask && !spec->policy)
			rq.nodemask = nodes_addr(*spec->nodemask);
		buf->zeroed = false;
		rq.zeroed = &buf->zeroed;
		rq.caller_looks = true;		/* piece.c */
		err = alloc_request(buf, spec, &rq, reason);
		/* Blocks that were allocated before the cpuset changed are kept. */
	} while (err == -ENOMEM && pb_cpuset_changed(&rq));
	if (err == -ENOMEM && reason)
		pb_report_failure(&rq, gfp, spec->nr_pages - buf->nr_pages, *reason, true);
	return err;
}

/* MPOL_PREFERRED_MANY: first the preferred nodes, without sleeping. */
static int alloc_preferred_many(struct pb_buffer *buf, struct pb_buffer_spec *spec)
{
	bool nowait = spec->nowait;
	int err;

	spec->nowait = true;
	err = alloc_pages_of(buf, spec, NULL);
	spec->nowait = nowait;
	spec->nodemask = NULL;
	return err == -ENOMEM ? 0 : err;
}

/*
 * Allocates by the task's memory policy. Interleaved buffers change the node with each pageblock,
 * or with each block when blocks are larger.
 */
static int alloc_by_policy(struct pb_buffer *buf, const struct pb_buffer_spec *spec,
			   enum pb_reason *reason)
{
	unsigned long turn = max(1UL << PB_PAGEBLOCK_ORDER, 1UL << spec->order);
	struct pb_buffer_spec part = *spec;
	struct pb_policy policy;
	unsigned int nr_blocks;
	int err = 0;

	while (!err && buf->nr_pages < spec->nr_pages) {
		pb_policy_next(&policy, gfp_of(spec));
		part.nid = policy.nid;
		part.nodemask = policy.nodemask;
		if (policy.interleave && !spec->contig)
			part.nr_pages = min(spec->nr_pages, buf->nr_pages + turn);
		if (policy.preferred_many)
			err = alloc_preferred_many(buf, &part);
		nr_blocks = buf->nr_blocks;
		if (!err && buf->nr_pages < part.nr_pages)
			err = alloc_pages_of(buf, &part, reason);
		if (!err && nr_blocks < buf->nr_blocks)
			pb_policy_count(&policy, buf->block[nr_blocks].pfn);
	}
	return err;
}

/**
 * pb_buffer_alloc_blocks() - allocate all blocks of a buffer
 * @buf: the new buffer
 * @spec: valid parameters
 * @reason: set to the reason of a failed allocation
 *
 * The pages are not zeroed. After a failure the buffer has the blocks allocated so far.
 *
 * Context: as pb_buffer_create().
 * Return: 0, -ENOMEM or -EINTR.
 */
int pb_buffer_alloc_blocks(struct pb_buffer *buf, const struct pb_buffer_spec *spec,
			   enum pb_reason *reason)
{
	return spec->policy ? alloc_by_policy(buf, spec, reason) :
		alloc_pages_of(buf, spec, reason);
}
