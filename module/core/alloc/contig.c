// SPDX-License-Identifier: GPL-2.0-only
/*
 * Contiguous ranges of any page count. Up to a pageblock a block of the next order is allocated,
 * above it contiguous free pageblocks; the tail is freed at once. Every frame of a range is then
 * allocated as order 0, as after split_page() in mm/, so that parts can be freed separately. As
 * in the slow path of single blocks, caches are drained before anything is reclaimed from users
 * of the pool.
 *
 * A range whose alignment is larger than its length (->align_order) is cut from a free block of the
 * alignment's order. The index has only such blocks; when none is free, the scan of the pageblocks
 * finds a free block of the length's order at an aligned frame.
 */
#include "core/alloc/alloc.h"
#include "core/alloc/failure_reason.h"
#include "core/alloc/private.h"
#include "core/alloc/slow.h"
#include "core/alloc/slowpath.h"
#include "core/base/pfn.h"
#include "core/base/request.h"
#include "core/cache/freelist.h"
#include "core/cache/prezero.h"
#include "core/cache/zeroed.h"
#include "core/compact/compact.h"
#include "core/index/pageblock.h"
#include "core/zone/fallback.h"
#include "core/zone/scan.h"
#include "core/zone/zone.h"

/* Sets the page order map of a range. */
static void mark_range(struct pb_zone *zone, unsigned long pfn, unsigned long nr, u8 value)
{
	struct pb_pageblock *pageblock;
	unsigned long n;

	for (; nr; pfn += n, nr -= n) {
		pageblock = pb_entry_pageblock(READ_ONCE(pb_dir_entry(zone->pool, pfn)->value));
		n = min(nr, PB_PAGEBLOCK_NR - pb_frame_in_pageblock(pfn));
		memset(&pageblock->order_map[pb_frame_in_pageblock(pfn)], value, n);
	}
}

/* Frees a range to the bitmaps, word by word. Its bytes in the page order map are clear already. */
static void free_range(struct pb_zone *zone, unsigned long pfn, unsigned long nr)
{
	unsigned long left = nr, n;
	unsigned int bit;

	while (left) {
		bit = pfn % PB_WORD_NR;
		n = min(left, PB_WORD_NR - bit);
		pb_zone_free_mask_uncounted(zone, pfn, (~0ULL >> (PB_WORD_NR - n)) << bit);
		pfn += n;
		left -= n;
	}
	pb_zone_account(zone, nr);
}

/**
 * pb_range_unused - check that no frame of a new allocation is still in use
 * @zone: the zone
 * @first: first PFN; the bytes of the page order map are not set yet
 * @nr: number of frames
 *
 * Frames in use are reported and set aside, and the other frames are freed then.
 *
 * Context: any; preemption off.
 * Return: whether none is in use.
 */
bool pb_range_unused(struct pb_zone *zone, unsigned long first, unsigned long nr)
{
	struct pb_pool *pool = zone->pool;
	unsigned long pfn, start = first, left, n;
	const void *used = NULL;

	for (left = nr, pfn = first; left && !used; left -= n, pfn += n) {
		n = min(left, PB_PAGEBLOCK_NR - pb_frame_in_pageblock(pfn));
		used = memchr_inv(pb_order_map(pool, pfn), 0, n);
	}
	if (likely(!used))
		return true;
	for (pfn = first; pfn < first + nr; pfn++) {
		if (!*pb_order_map(pool, pfn))
			continue;
		pb_zone_event_add(zone, PB_BAD_PAGE, 1);
		pool->ops.bad(pool, PB_BAD_IN_USE, pfn, 0, *pb_order_map(pool, pfn) - 1);
		free_range(zone, start, pfn - start);
		start = pfn + 1;
	}
	free_range(zone, start, first + nr - start);
	return false;
}

/* Of @got claimed frames the first @nr_pages become the caller's, the others go back. */
static void hand_out(struct pb_zone *zone, const struct pb_request *rq, unsigned long pfn,
		     unsigned long nr_pages, unsigned long got)
{
	mark_range(zone, pfn, nr_pages, 1);
	if (got > nr_pages)
		free_range(zone, pfn + nr_pages, got - nr_pages);
	pb_zone_count_alloc(zone, nr_pages);
	pb_count_numa(zone, rq);
}

/* What is allocated for a range: one block, or pageblocks; both aligned. */
static struct pb_zone_scan range_of(const struct pb_request *rq, unsigned long nr_pages)
{
	unsigned int in_block = min_t(unsigned int, rq->align_order, PB_PAGEBLOCK_ORDER);
	struct pb_zone_scan what = {
		.order = PB_PAGEBLOCK_ORDER,
		.align_order = in_block,
		.align = 1UL << (rq->align_order - in_block),
		.run = { .nr = 1 },
	};

	if (nr_pages <= PB_PAGEBLOCK_NR) {
		what.order = order_base_2(nr_pages);
		return what;
	}
	what.run.nr = DIV_ROUND_UP(nr_pages, PB_PAGEBLOCK_NR);
	if (is_power_of_2(nr_pages))
		what.align = max(what.align, min(what.run.nr, PB_SECTION_PAGEBLOCKS));
	return what;
}

static unsigned long pages_of(const struct pb_zone_scan *what)
{
	return what->run.nr << what->order;
}

/* The pages of the block of the alignment's order that a range is cut from. */
static unsigned long pages_around(const struct pb_zone_scan *what)
{
	return what->run.nr << max(what->order, what->align_order);
}

/* Hands out the first @nr_pages of an allocated range; PB_NO_PFN when a frame is in use. */
static unsigned long finish_range(struct pb_zone *zone, const struct pb_request *rq,
				  unsigned long pfn, unsigned long nr_pages, unsigned long got)
{
	bool zeroed = pb_zeroed_test_and_clear(zone, pfn, got);

	if (unlikely(!pb_range_unused(zone, pfn, got)))
		return PB_NO_PFN;
	if (rq->zeroed)
		*rq->zeroed = zeroed;
	if (rq->zeroed && zeroed)
		pb_zone_event_add(zone, PB_PREZERO_HIT, 1);
	hand_out(zone, rq, pfn, nr_pages, got);
	return pfn;
}

/* From the contiguous areas alone. */
static unsigned long alloc_cma_pageblocks(struct pb_zone *zone, const struct pb_request *rq,
					  const struct pb_zone_scan *what)
{
	unsigned long pfn;

	if (!zone->cma_pages || !(rq->flags & PB_ALLOC_CMA))
		return PB_NO_PFN;
	pfn = pb_zone_alloc_pageblocks(zone, what->run.nr, what->align, PB_CMA, BIT(PB_CMA), rq);
	if (pfn == PB_NO_PFN)
		return pfn;
	atomic_long_sub((long)what->run.nr << PB_PAGEBLOCK_ORDER, &zone->nr_free_cma);
	pb_zone_event_add(zone, PB_CMA_ALLOC, 1);
	return pfn;
}

/* Converts pageblocks of other types only when the watermarks grant the whole range. */
static unsigned long alloc_range(struct pb_zone *zone, const struct pb_request *rq,
				 unsigned long nr_pages)
{
	const struct pb_zone_scan what = range_of(rq, nr_pages);
	unsigned int order = max(what.order, what.align_order);
	enum pb_migratetype mt = rq->migratetype;
	unsigned long pfn;

	if (nr_pages <= PB_PAGEBLOCK_NR && what.align == 1) {
		pfn = pb_zone_alloc(zone, order, mt, rq);
		if (pfn == PB_NO_PFN)
			pfn = pb_fallback(zone, order, rq);
	} else {
		pfn = pb_zone_alloc_pageblocks(zone, what.run.nr, what.align, mt, BIT(mt), rq);
		if (pfn == PB_NO_PFN)
			pfn = alloc_cma_pageblocks(zone, rq, &what);
		if (pfn == PB_NO_PFN)
			pfn = pb_zone_alloc_pageblocks(zone, what.run.nr, what.align, mt,
						       BIT(PB_PCPTYPES) - 1, rq);
	}
	if (pfn == PB_NO_PFN)
		return pfn;
	return finish_range(zone, rq, pfn, nr_pages, pages_around(&what));
}

static unsigned long alloc_candidate(struct pb_zone *zone, struct pb_zone_scan *scan,
				     const struct pb_request *rq, void *nr_pages)
{
	unsigned long pfn;

	preempt_disable();
	pfn = pb_zone_scan_alloc(zone, scan, rq);
	if (pfn != PB_NO_PFN)
		pfn = finish_range(zone, rq, pfn, *(unsigned long *)nr_pages, pages_of(scan));
	preempt_enable();
	return pfn;
}

/* With PB_ALLOC_SCAN by a scan of every pageblock, else by the index. */
static unsigned long walk_zonelist(struct pb_pool *pool, const struct pb_request *rq,
				   unsigned long nr_pages)
{
	const struct pb_zone_scan what = range_of(rq, nr_pages);
	struct pb_zone *zone;
	unsigned long pfn;

	pb_for_each_zone_zonelist(zone, pool->zonelist[rq->nid]) {
		if (!pb_zone_allowed(zone, rq))
			continue;
		zone = pb_serving_zone(rq, zone);
		if (!zone || nr_pages > READ_ONCE(zone->present_pages) ||
		    !pb_zone_watermark_ok(zone, nr_pages, rq->highest_zone, rq->flags))
			continue;
		if (unlikely(rq->flags & PB_ALLOC_SCAN)) {
			pfn = pb_zone_scan(zone, rq, &what, alloc_candidate, &nr_pages);
		} else {
			preempt_disable();
			pfn = alloc_range(zone, rq, nr_pages);
			preempt_enable();
			pb_zone_wake_boosted(zone, what.order, rq->flags);
		}
		if (pfn != PB_NO_PFN)
			return pfn;
	}
	return PB_NO_PFN;
}

/* For a range that the index does not have: cut from no larger block, or held back (scan.c). */
static unsigned long scan_zonelist(struct pb_pool *pool, const struct pb_request *rq,
				   unsigned long nr_pages)
{
	struct pb_request scan = *rq;

	scan.flags |= PB_ALLOC_SCAN;
	return walk_zonelist(pool, &scan, nr_pages);
}

struct wanted {
	const struct pb_request	*rq;
	unsigned long		nr_pages;
	unsigned long		pfn;
};

/* Sets the page order map of an emptied range, and frees the part that was not requested. */
static void take_captured(struct pb_zone *zone, unsigned long pfn, unsigned long nr_pages,
			  void *arg)
{
	struct wanted *wanted = arg;

	pb_zeroed_test_and_clear(zone, pfn, nr_pages);
	if (unlikely(!pb_range_unused(zone, pfn, nr_pages)))
		return;
	hand_out(zone, wanted->rq, pfn, wanted->nr_pages, nr_pages);
	wanted->pfn = pfn;
}

/* Empties a range by compaction, in the first zone where that succeeds. */
static unsigned long empty_range(struct pb_pool *pool, const struct pb_request *rq,
				 unsigned long nr_pages)
{
	struct wanted wanted = { .rq = rq, .nr_pages = nr_pages, .pfn = PB_NO_PFN };
	const struct pb_zone_scan what = range_of(rq, nr_pages);
	struct pb_zone *zone;

	pb_for_each_zone_zonelist(zone, pool->zonelist[rq->nid]) {
		if (!pb_zone_allowed(zone, rq))
			continue;
		zone = pb_serving_zone(rq, zone);
		if (!zone || nr_pages > READ_ONCE(zone->present_pages) ||
		    !pb_zone_watermark_ok_isolated(zone, nr_pages, rq->highest_zone,
						   rq->flags | PB_ALLOC_CMA))
			continue;
		pb_compact_range(zone, rq, pages_around(&what), what.align, take_captured, &wanted);
		if (wanted.pfn != PB_NO_PFN)
			break;
	}
	return wanted.pfn;
}

/*
 * Reclaims, waits once for other tasks that reclaim, scans, and empties a range: each when the step
 * before it did not serve the request.
 */
static unsigned long reclaim_range(struct pb_pool *pool, const struct pb_request *rq,
				   unsigned long nr_pages)
{
	unsigned long pfn = PB_NO_PFN;

	if (pb_may_reclaim(rq) && pb_slowpath_reclaim(pool, rq))
		pfn = walk_zonelist(pool, rq, nr_pages);
	if (pfn == PB_NO_PFN && pb_may_reclaim(rq) && !(rq->flags & PB_ALLOC_NORETRY))
		pb_slow_wait_for_reclaim(pool, rq);
	if (pfn == PB_NO_PFN)
		pfn = scan_zonelist(pool, rq, nr_pages);
	if (pfn == PB_NO_PFN && pb_may_reclaim(rq))
		pfn = empty_range(pool, rq, nr_pages);
	return pfn;
}

/* From private zones: drains their caches, scans, empties a range. */
static unsigned long private_range(struct pb_pool *pool, const struct pb_request *rq,
				   unsigned long nr_pages)
{
	unsigned long pfn;

	if (!pb_private_drain(pool, rq, nr_pages))
		return PB_NO_PFN;
	pfn = scan_zonelist(pool, rq, nr_pages);
	if (pfn != PB_NO_PFN || !pb_may_reclaim(rq) || rq->flags & PB_ALLOC_NORETRY)
		return pfn;
	return empty_range(pool, rq, nr_pages);
}

/* Drains caches, waits for pageblocks that are being prezeroed, reclaims, empties a range. */
static unsigned long contig_round(struct pb_pool *pool, const struct pb_request *rq,
				  unsigned long nr_pages)
{
	unsigned long pfn;
	bool paused;

	pb_slowpath_drain(pool, rq);
	pfn = walk_zonelist(pool, rq, nr_pages);
	if (pfn != PB_NO_PFN)
		return pfn;
	paused = pb_slow_pause_prezero(pool, rq);
	if (paused)
		pfn = walk_zonelist(pool, rq, nr_pages);
	if (pfn == PB_NO_PFN)
		pfn = reclaim_range(pool, rq, nr_pages);
	if (paused)
		pb_prezero_resume(pool);
	return pfn;
}

/* With a part of the reserve, then also outside of the cpuset. As no_page() of slowpath.c. */
static unsigned long walk_anywhere(struct pb_pool *pool, const struct pb_request *rq,
				   unsigned long nr_pages)
{
	struct pb_request anywhere = *rq;
	unsigned long pfn;

	anywhere.flags |= PB_ALLOC_MIN_RESERVE;
	pfn = walk_zonelist(pool, &anywhere, nr_pages);
	if (pfn != PB_NO_PFN)
		return pfn;
	anywhere.flags &= ~(PB_ALLOC_CPUSET | PB_ALLOC_HARDWALL);
	return walk_zonelist(pool, &anywhere, nr_pages);
}

/* One round, or rounds without end for a request that must not fail, unless it is made again. */
static unsigned long contig_slowpath(struct pb_pool *pool, const struct pb_request *rq,
				     unsigned long nr_pages)
{
	unsigned long pfn;

	pb_slow_warn_unreasonable(rq, order_base_2(nr_pages));
	for (;;) {
		pfn = contig_round(pool, rq, nr_pages);
		if (pfn != PB_NO_PFN || likely(!(rq->flags & PB_ALLOC_NOFAIL)) ||
		    !(rq->flags & PB_ALLOC_WAIT) || pb_request_stale(pool, rq))
			return pfn;
		pfn = walk_anywhere(pool, rq, nr_pages);
		if (pfn != PB_NO_PFN)
			return pfn;
		pb_wait_tick();
	}
}

/**
 * pb_alloc_contig - allocate any number of contiguous frames
 * @pool: the pool
 * @rq: the request; its order is ignored
 * @nr_pages: 1 or more
 * @reason: set to the reason of a failure, or NULL
 *
 * Up to a pageblock the range is aligned to its order; above, to its size when that is a power of
 * two and to a pageblock otherwise, as alloc_contig_pages() does. @rq->align_order makes the
 * alignment larger. With PB_ALLOC_WAIT movable blocks are migrated out of a range, also in
 * contiguous areas. A range that no zone can hold fails at once; any other waits with
 * PB_ALLOC_NOFAIL until it is served.
 *
 * Context: any; may sleep with PB_ALLOC_WAIT.
 * Return: first PFN, or PB_NO_PFN.
 */
unsigned long pb_alloc_contig(struct pb_pool *pool, const struct pb_request *rq,
			      unsigned long nr_pages, enum pb_reason *reason)
{
	struct pb_request any = *rq;
	struct pb_zone_scan what;
	unsigned long pfn, needed;

	if (!nr_pages || rq->migratetype >= PB_PCPTYPES || rq->align_order > PB_MAX_ORDER ||
	    (unsigned int)rq->nid >= (unsigned int)pool->nr_nodes)
		return pb_alloc_refused(pool, rq, reason);
	what = range_of(rq, nr_pages);
	pfn = walk_zonelist(pool, rq, nr_pages);
	if (pfn == PB_NO_PFN && rq->zones)
		pfn = private_range(pool, rq, nr_pages);
	if (pfn != PB_NO_PFN || rq->zones)
		return pfn;
	any.flags = pb_slow_alloc_flags(rq);
	if (rq->reserve_flags)
		any.flags = pb_reserve_alloc_flags(rq);
	any.flags = pb_slow_unreliable(pool, any.flags);
	if (pb_ignores_policy(rq))
		any.nodemask = NULL;
	/* The cpuset no longer selects it. */
	if (!any.nodemask)
		any.preferred_zone = NULL;
	any.nr_pages = nr_pages;
	any.order = min_t(unsigned int, ilog2(nr_pages), PB_MAX_ORDER);
	needed = max(nr_pages, pages_of(&what));
	if (likely(pb_slow_possible(pool, &any, needed)))
		pfn = contig_slowpath(pool, &any, nr_pages);
	if (pfn == PB_NO_PFN)
		return pb_alloc_fail(pool, rq, pb_failure_reason(pool, &any, needed), reason);
	return pfn;
}
EXPORT_SYMBOL_PB_TEST(pb_alloc_contig);

/**
 * pb_free_contig - free contiguous single frames
 * @pool: the pool
 * @pfn: the first
 * @nr_pages: number of frames; each was allocated as order 0, by pb_alloc_contig() or otherwise
 *
 * Context: any; does not sleep.
 * Return: PB_BAD_NONE, or the first misuse. Each misuse is reported, and the other frames are
 * freed, up to the first one that the pool does not own.
 */
enum pb_bad pb_free_contig(struct pb_pool *pool, unsigned long pfn, unsigned long nr_pages)
{
	enum pb_bad bad, first = PB_BAD_NONE;
	unsigned long end = pfn + nr_pages, n, i;
	struct pb_pageblock *pageblock;
	struct pb_dir_entry *entry;
	u8 *order_map;

	if (end < pfn) {
		pool->ops.bad(pool, PB_BAD_FOREIGN, end, 0, 0);
		return PB_BAD_FOREIGN;
	}
	while (pfn < end) {
		/* As much of one word as is allocated as order 0. */
		entry = pb_dir_lookup(pool, pfn);
		n = min(end - pfn, PB_WORD_NR - pfn % PB_WORD_NR);
		preempt_disable();
		pageblock = entry ? pb_entry_pageblock(READ_ONCE(entry->value)) : NULL;
		order_map = pageblock ? &pageblock->order_map[pb_frame_in_pageblock(pfn)] : NULL;
		for (i = 0; pageblock && i < n && READ_ONCE(order_map[i]) == 1; i++)
			order_map[i] = 0;
		if (i) {
			free_range(entry->zone, pfn, i);
			pb_zone_event_add(entry->zone, PB_PGFREE, i);
		}
		preempt_enable();
		pfn += i;
		if (i == n)
			continue;
		bad = pb_free(pool, pfn++, 0);
		if (first == PB_BAD_NONE)
			first = bad;
		if (bad == PB_BAD_FOREIGN)
			break;	/* the rest is not the pool's either */
	}
	return first;
}
EXPORT_SYMBOL_PB_TEST(pb_free_contig);

/**
 * pb_split - turn an allocated block into single frames
 * @pool: the pool
 * @pfn: its head
 * @order: its order
 *
 * Each frame inherits the block's MEMALLOC and CHECKED bits.
 *
 * Context: any.
 * Return: PB_BAD_NONE, or the misuse. As split_page() in mm/page_alloc.c.
 */
enum pb_bad pb_split(struct pb_pool *pool, unsigned long pfn, unsigned int order)
{
	enum pb_bad bad;

	preempt_disable();
	bad = pb_check_block(pool, pfn, order);
	if (!bad)
		mark_range(pb_dir_entry(pool, pfn)->zone, pfn, 1UL << order,
			   1 | (*pb_order_map(pool, pfn) & (PB_FRAME_MEMALLOC | PB_FRAME_CHECKED)));
	preempt_enable();
	return bad;
}
EXPORT_SYMBOL_PB_TEST(pb_split);
