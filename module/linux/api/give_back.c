// SPDX-License-Identifier: GPL-2.0-only
/*
 * Gives whole pageblocks of a node back to their sources while the pool is in use.
 *
 * For each pageblock:
 *
 *   1. pb_shrink_next_many() takes it off the pool, with others when they are free: no CPU has a
 *      page of it any more.
 *   2. Its pages must have no other user. One that has, or has a memory error, puts the pageblock
 *      back into the pool: a free page of the pool may have a reference of a kernel thread that
 *      looks at all pages.
 *   3. It is cut out of its extent, and its source returns it to the kernel. Without memory for the
 *      parts of the extent it is put back into the pool.
 *
 * While a pageblock is out of the pool, hooks/bad_frames.c ignores an error that is reported in it.
 * So the pages of a pageblock that is put back are looked at.
 *
 * Blocks are migrated in step 1 only, when no lock is held that a request for memory takes: owners
 * of movable blocks may hold locks of their own while they wait for memory. The size is locked in
 * step 3. Runs of a node are serialised by the caller.
 *
 * Not given back: memory of a source that does not free pages (reserve), so that the next insmod
 * finds it, though that by which its node has grown is; ZONE_MOVABLE and contiguous areas, whose
 * sizes are shares of the pool at insmod.
 */
#include <linux/mm.h>
#include <linux/page-flags.h>
#include <linux/rcupdate.h>
#include <linux/sched.h>
#include <linux/sched/signal.h>

#include "api/give_back.h"
#include "core/cache/prezero.h"
#include "core/pool/shrink.h"
#include "hooks/bad_frames.h"
#include "instance.h"
#include "source/source.h"

/* Pageblocks that may leave the pool before the first of them goes back to its source. */
#define GIVE_AT_ONCE	8UL

/* Without @move, the pool must be able to grow by the memory again. */
static bool may_give(unsigned long pfn, void *arg)
{
	const struct pb_give_back *run = arg;
	const struct pb_extent *extent;
	bool may;

	rcu_read_lock();
	extent = pb_instance_find_extent(pfn);
	may = extent && extent->source->frees && (run->move || extent->source->grows);
	rcu_read_unlock();
	/* The list is as long as the node is fragmented, and all pageblocks may be looked up. */
	cond_resched();
	return may && (!run->may || run->may(pfn));
}

/* Whether the pages of a pageblock that has left the pool can be freed. */
static bool pages_unused(unsigned long pfn)
{
	const unsigned long end = pfn + PB_PAGEBLOCK_NR;

	for (; pfn < end; pfn++)
		if (page_count(pfn_to_page(pfn)) != 1 || PageHWPoison(pfn_to_page(pfn)))
			return false;
	return true;
}

static void put_back(struct pb_shrink *shrink, unsigned long pfn)
{
	pb_shrink_undo(shrink->zone, pfn);
	pb_bad_frames_look(pfn, PB_PAGEBLOCK_NR);
}

static int return_pageblock(struct pb_give_back *run, unsigned long pfn)
{
	int err;

	if (!run->move)
		return pb_instance_return_pageblock(pfn, GFP_NOWAIT | __GFP_NOWARN);
	err = pb_instance_lock_size();
	if (err)
		return err;
	err = pb_instance_return_pageblock(pfn, GFP_KERNEL);
	pb_instance_unlock_size();
	return err;
}

/* Gives a pageblock back that has left its zone; false when no more can be. */
static bool give_one(struct pb_give_back *run, struct pb_shrink *shrink, unsigned long pfn,
		     unsigned long *given)
{
	int err;

	if (!pages_unused(pfn)) {
		put_back(shrink, pfn);
		shrink->nr_busy++;
		return true;
	}
	err = return_pageblock(run, pfn);
	if (err) {
		put_back(shrink, pfn);
		run->no_memory |= err == -ENOMEM;
		run->killed |= err == -EINTR;
		return false;
	}
	*given += PB_PAGEBLOCK_NR;
	return true;
}

/* Gives the next pageblocks of a zone back, up to @nr; false when no more can be. */
static bool give_some(struct pb_give_back *run, struct pb_shrink *shrink, unsigned int nr,
		      unsigned long *given)
{
	unsigned long first, pfn;
	u64 mask = pb_shrink_next_many(shrink, nr, &first);
	bool more = mask;

	/* The highest first; those that are left when no more can be given go back to the pool. */
	while (mask) {
		pfn = first + ((fls64(mask) - 1UL) << PB_PAGEBLOCK_ORDER);
		mask &= ~BIT_ULL(fls64(mask) - 1);
		if (more)
			more = give_one(run, shrink, pfn, given);
		else
			put_back(shrink, pfn);
		if (run->move)
			cond_resched();
	}
	return more;
}

static unsigned long give_from_zone(struct pb_give_back *run, struct pb_zone *zone,
				    unsigned long nr_pages)
{
	unsigned long given = 0, nr;
	struct pb_shrink shrink;

	pb_shrink_start(&shrink, zone, run->wmark, run->move);
	shrink.may = may_give;
	shrink.arg = run;
	shrink.blocked = run->blocked;
	while (given < nr_pages && !run->killed) {
		nr = min((nr_pages - given) >> PB_PAGEBLOCK_ORDER, GIVE_AT_ONCE);
		if (!give_some(run, &shrink, nr, &given))
			break;
		run->killed |= run->move && fatal_signal_pending(current);
	}
	run->watermark |= shrink.watermark;
	run->killed |= shrink.killed;
	run->pinned += shrink.nr_pinned << PB_PAGEBLOCK_ORDER;
	run->busy += shrink.nr_busy << PB_PAGEBLOCK_ORDER;
	run->kept += shrink.nr_refused << PB_PAGEBLOCK_ORDER;
	if (run->pinned_pfn == PB_NO_PFN)
		run->pinned_pfn = shrink.pinned_pfn;
	return given;
}

/* From the highest zone first, which grows again first. */
static unsigned long give_from_zones(struct pb_give_back *run, unsigned long nr_pages)
{
	int type = PB_ZONE_NORMAL;
	unsigned long given = 0;
	struct pb_zone *zone;

	for (; type >= PB_ZONE_DMA32 && given < nr_pages; type--) {
		zone = pb_instance.zone[run->nid][type];
		if (zone && !run->killed && !run->no_memory)
			given += give_from_zone(run, zone, nr_pages - given);
	}
	return given;
}

/**
 * pb_give_back - give pageblocks of a node back to their sources
 * @run: the run; says afterwards what was in the way
 * @nr_pages: number of pages, a multiple of PB_PAGEBLOCK_NR
 *
 * Watermarks and growth are not adjusted. With @run->move prezeroing is paused: a pageblock or a
 * block that is being zeroed looks like one that cannot be moved.
 *
 * Context: process. With @run->move it sleeps and is killable, and the size is not locked; else it
 * waits for no lock, and the size is locked.
 * Return: number of pages given back.
 */
unsigned long pb_give_back(struct pb_give_back *run, unsigned long nr_pages)
{
	struct pb_zone *zone = pb_instance.zone[run->nid][PB_ZONE_MOVABLE];
	unsigned long given;

	run->pinned_pfn = PB_NO_PFN;
	if (zone)
		run->kept += READ_ONCE(zone->present_pages);
	if (!run->move)
		return give_from_zones(run, nr_pages);
	pb_prezero_pause(&pb_instance);
	given = give_from_zones(run, nr_pages);
	pb_prezero_resume(&pb_instance);
	return given;
}
