// SPDX-License-Identifier: GPL-2.0-only
/*
 * Moves blocks of a pageblock or a GiB from the pool to a group, or back. They are allocated as any
 * block, leave their zone, and after an RCU grace period, one for several blocks, are free in the
 * other zone (core/pool/move.c). In between hooks/bad_frames.c ignores memory errors that are
 * reported in them, so their pages are looked at afterwards.
 *
 * A page with a memory error that was set aside is allocated until the module is unloaded. It stays
 * in the pool, but not in a group: back from there a pageblock moves with such pages.
 */
#include <linux/mm.h>
#include <linux/rcupdate.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>

#include "api/group_move.h"
#include "core/alloc/alloc.h"
#include "core/base/pfn.h"
#include "core/pool/move.h"
#include "hooks/bad_frames.h"
#include "hooks/checked_alloc.h"
#include "hooks/fault_inject.h"
#include "instance.h"
#include "request/gfp.h"

#define BATCH		64	/* blocks that wait for a grace period together */
#define LEAVE_TRIES	8	/* blocks to try that compaction may have isolated */

/* A block that has left its zone, and the zone that gets it; @bad: it has pages with an error. */
struct moving {
	unsigned long	pfn;
	struct pb_zone	*to;
	bool		bad;
};

static void enter(struct pb_zone *zone, unsigned long start, unsigned long end)
{
	for (; start < end; start += PB_PAGEBLOCK_NR) {
		pb_move_enter(zone, start);
		pb_bad_frames_look(start, PB_PAGEBLOCK_NR);
		cond_resched();
	}
}

/* Takes an allocated block off its zone. On failure all of it is free there again. */
static bool leave(unsigned long start, unsigned int order)
{
	struct pb_zone *zone = pb_pfn_zone(&pb_instance, start);
	unsigned long end = start + (1UL << order), pfn;

	pb_move_split(&pb_instance, start, order);
	for (pfn = start; pfn < end; pfn += PB_PAGEBLOCK_NR) {
		if (!pb_move_leave(&pb_instance, pfn))
			break;
		cond_resched();
	}
	if (pfn == end)
		return true;
	/* The one that did not leave is free. */
	pb_bad_frames_look(pfn, PB_PAGEBLOCK_NR);
	/* Back to the zone that they have left, so without a grace period. */
	enter(zone, start, pfn);
	for (pfn += PB_PAGEBLOCK_NR; pfn < end; pfn += PB_PAGEBLOCK_NR)
		pb_free(&pb_instance, pfn, PB_PAGEBLOCK_ORDER);
	return false;
}

/* A pageblock of a group that is free but for pages with an error, allocated; or PB_NO_PFN. */
static unsigned long take_bad(int nid, const struct pb_group *from)
{
	struct pb_zone *zone;
	unsigned long index, pfn;

	if (!pb_bad_frames_nr())
		return PB_NO_PFN;
	pb_for_each_own_zone(zone, from) {
		for (index = 0; zone->nid == nid && index < zone->nr_pageblocks; index++) {
			pfn = pb_pageblock_pfn(zone, index);
			if (pb_zone_dir_entry(zone, index) && pb_bad_frames_take_pageblock(pfn))
				return pfn;
			cond_resched();
		}
	}
	return PB_NO_PFN;
}

/*
 * The request for a block: from the pool, or with @from from the zones of a group, where nothing is
 * reclaimed. The memory of a removed cgroup is requested again and again, so compaction is deferred
 * after failures.
 */
static unsigned long alloc_block(int nid, unsigned int order, const struct pb_group *from)
{
	gfp_t gfp = GFP_KERNEL | __GFP_THISNODE | __GFP_RETRY_MAYFAIL | __GFP_NOWARN;
	struct pb_request rq;

	if (!pb_gfp_request(&rq, &gfp, order, nid, NULL))
		return PB_NO_PFN;
	rq.migratetype = PB_MOVABLE;
	rq.flags |= PB_ALLOC_TRY;
	/* The cpuset of the task that writes the parameter does not matter. */
	rq.mems_allowed = NULL;
	if (from) {
		rq.zones = from->zones;
		rq.flags &= ~PB_ALLOC_WALK_MASK;
		if (from->removed)
			rq.flags &= ~PB_ALLOC_RETRY_MAYFAIL;
	} else if (pb_should_fail(gfp, order, NULL)) {
		return PB_NO_PFN;
	}
	return pb_checked_alloc(&rq, NULL);
}

/* Allocates the next block. False when there is none. */
static bool alloc_next(int nid, unsigned int order, const struct pb_group *from,
		       struct moving *moving)
{
	moving->bad = false;
	moving->pfn = alloc_block(nid, order, from);
	if (moving->pfn == PB_NO_PFN && from && order == PB_PAGEBLOCK_ORDER) {
		moving->pfn = take_bad(nid, from);
		moving->bad = moving->pfn != PB_NO_PFN;
	}
	return moving->pfn != PB_NO_PFN;
}

/* The pages of the block are free, or in the zone that gets them. */
static void end_move(struct moving *moving)
{
	if (moving->bad)
		pb_bad_frames_end_move();
}

/* Allocates a block and takes it off its zone. False when there is none. */
static bool leave_next(int nid, unsigned int order, const struct pb_group *from,
		       struct pb_zone *(*to)(struct pb_zone *zone, void *arg), void *arg,
		       struct moving *moving)
{
	unsigned int tries;

	for (tries = 0; tries < LEAVE_TRIES; tries++) {
		if (!alloc_next(nid, order, from, moving))
			break;
		moving->to = to(pb_pfn_zone(&pb_instance, moving->pfn), arg);
		if (!moving->to) {
			pb_free(&pb_instance, moving->pfn, order);
			break;
		}
		if (leave(moving->pfn, order))
			return true;
		end_move(moving);
	}
	return false;
}

/**
 * pb_group_move - move blocks to other zones
 * @nid: their node
 * @order: PB_PAGEBLOCK_ORDER or PB_MAX_ORDER
 * @nr: number of blocks
 * @from: the group that has them; NULL: the pool
 * @to: returns the zone that gets a block of a zone, or NULL without memory
 * @arg: its second argument
 * @done: increased by the number of blocks that were moved
 *
 * Context: process, sleeps, killable; one task at a time.
 * Return: 0; when fewer blocks were moved -EINTR after a fatal signal, else -ENOMEM for the pool
 * and -EBUSY for private zones.
 */
int pb_group_move(int nid, unsigned int order, unsigned long nr, const struct pb_group *from,
		  struct pb_zone *(*to)(struct pb_zone *zone, void *arg), void *arg,
		  unsigned long *done)
{
	unsigned int batch = order > PB_PAGEBLOCK_ORDER ? 1 : BATCH, n, i;
	struct moving *moving = kmalloc_array(batch, sizeof(*moving), GFP_KERNEL);
	bool more = true;

	if (!moving)
		return -ENOMEM;
	while (nr && more) {
		for (n = 0; n < min_t(unsigned long, nr, batch) && more; n += more)
			more = !fatal_signal_pending(current) &&
			       leave_next(nid, order, from, to, arg, &moving[n]);
		if (n)
			synchronize_rcu();
		for (i = 0; i < n; i++) {
			enter(moving[i].to, moving[i].pfn, moving[i].pfn + (1UL << order));
			end_move(&moving[i]);
		}
		nr -= n;
		*done += n;
	}
	kfree(moving);
	if (!nr)
		return 0;
	if (fatal_signal_pending(current))
		return -EINTR;
	return from ? -EBUSY : -ENOMEM;
}
