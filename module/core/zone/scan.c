// SPDX-License-Identifier: GPL-2.0-only
/*
 * The scan that precedes the failure of a request: every pageblock of a zone, by its own words.
 *
 * The index finds memory quickly; it does not decide that there is none. A CPU that does not run
 * can hold the index of a pageblock back at any point. Meanwhile
 *
 *   - its pageblock is in bitmaps of an older class or type (ctl->update is not 0), and what other
 *     CPUs free there is not found;
 *   - a summary bit is clear over a word that is not zero (BC1 of bitmap.c), which hides the other
 *     pageblocks of the word;
 *   - more stale candidates stand before a suitable pageblock than a search tries.
 *
 * So the scan reads no bitmap. It reads the index control of each pageblock, eight bytes by one
 * load. When no update is in progress and the class promises less than the order, no block of the
 * order was free at the moment of the load (free_area.c: an updater reads the words again before it
 * sets the count back to 0). In all other cases the scan reads the words of the pageblock, and its
 * migratetype from the directory entry.
 *
 * A free is complete when its function returns. Frames of a free that is not, of an isolated
 * pageblock, of a CPU's cache, and frames that another allocation has removed from the bitmaps and
 * may yet give back, do not count as free here.
 *
 * One scan sees each pageblock at a different moment, so it can miss a block when one is freed
 * behind it and another is allocated before it. pb_slow_scan() repeats it, a bounded number of
 * times, when the free count changed meanwhile.
 *
 * The cost is 8 bytes read for each pageblock of the span: 16 KiB for 4 GiB, 4 MiB for a TiB.
 * Preemption stays on, except for the allocation from a candidate.
 */
#include "core/base/pfn.h"
#include "core/index/free_area.h"
#include "core/index/pageblock.h"
#include "core/zone/fallback.h"
#include "core/zone/scan.h"

#define NR_TURNS	4

/* Whether a pageblock has a free block of the order, and one of the migratetypes. */
static bool may_serve(struct pb_zone *zone, const struct pb_zone_scan *scan, unsigned long index)
{
	struct pb_dir_entry *entry;
	unsigned long value;

	if (likely(pb_index_excludes(&zone->ctl[index], scan->order)))
		return false;
	entry = pb_zone_dir_entry(zone, index);
	if (!entry)
		return false;
	value = READ_ONCE(entry->value);
	return BIT(pb_entry_migratetype(value)) & scan->run.types &&
	       pb_pageblock_largest(pb_entry_pageblock(value)) >= (int)scan->order;
}

/**
 * pb_zone_scan_next - find the next candidate
 * @zone: the zone
 * @scan: where the scan stands; its run is the candidate
 *
 * Context: any; takes time in proportion to the zone.
 * Return: false when there is no more.
 */
bool pb_zone_scan_next(struct pb_zone *zone, struct pb_zone_scan *scan)
{
	unsigned long nr = scan->run.nr, i, n;

	if (scan->next == PB_NO_PAGEBLOCK)
		return false;
	for (i = round_up(scan->next, scan->align); i + nr <= zone->nr_pageblocks;
	     i = round_up(i + n + 1, scan->align)) {
		for (n = 0; n < nr && may_serve(zone, scan, i + n); n++)
			;
		if (n == nr) {
			scan->run.first = i;
			scan->next = i + 1;
			return true;
		}
	}
	return false;
}
EXPORT_SYMBOL_PB_TEST(pb_zone_scan_next);

static enum pb_migratetype type_at(struct pb_zone *zone, unsigned long index)
{
	return pb_entry_migratetype(READ_ONCE(pb_dir_entry(zone->pool,
							   pb_pageblock_pfn(zone, index))->value));
}

/**
 * pb_zone_scan_alloc - allocate from the candidate
 * @zone: the zone
 * @scan: the scan, after pb_zone_scan_next() returned true
 * @rq: the request; its migratetype and watermarks apply
 *
 * Whole pageblocks of a pcp type get the request's; the others keep theirs.
 *
 * Context: any; preemption off.
 * Return: PFN, or PB_NO_PFN.
 */
unsigned long pb_zone_scan_alloc(struct pb_zone *zone, struct pb_zone_scan *scan,
				 const struct pb_request *rq)
{
	enum pb_migratetype from = type_at(zone, scan->run.first), mt = rq->migratetype;
	bool pageblocks = scan->order == PB_PAGEBLOCK_ORDER;
	unsigned long pfn;

	/* The pageblocks of a contiguous area or of the reserve keep their type. */
	if (scan->run.types == BIT(PB_CMA) || scan->run.types == BIT(PB_HIGHATOMIC))
		mt = from;
	if (pageblocks)
		pfn = pb_zone_alloc_run_at(zone, &scan->run, mt, rq, &scan->next);
	else
		pfn = pb_zone_alloc_block_at(zone, scan->run.first, scan->order, scan->run.types,
					     rq);
	if (pfn == PB_NO_PFN)
		return pfn;
	if (from == PB_CMA) {
		if (pageblocks)
			atomic_long_sub((long)scan->run.nr << PB_PAGEBLOCK_ORDER,
					&zone->nr_free_cma);
		pb_zone_event_add(zone, PB_CMA_ALLOC, 1);
	} else if (from < PB_PCPTYPES && from != rq->migratetype) {
		pb_fallback_note(zone, pfn, rq->order, scan->order, rq->migratetype, from,
				 pageblocks);
	}
	return pfn;
}
EXPORT_SYMBOL_PB_TEST(pb_zone_scan_alloc);

/*
 * The migratetypes of each turn, in the order of __rmqueue(): the request's own type, contiguous
 * areas, other types, the highatomic reserve. 0: this turn has none.
 */
static unsigned int types_of(struct pb_zone *zone, const struct pb_request *rq,
			     unsigned int order, unsigned int turn)
{
	const pb_alloc_flags_t reserve = PB_ALLOC_HIGHATOMIC | PB_ALLOC_OOM | PB_ALLOC_NON_BLOCK;

	switch (turn) {
	case 0:
		return BIT(rq->migratetype);
	case 1:
		return zone->cma_pages && rq->flags & PB_ALLOC_CMA ? BIT(PB_CMA) : 0;
	case 2:
		/* A run of pageblocks may mix the types. */
		return order == PB_PAGEBLOCK_ORDER ? BIT(PB_PCPTYPES) - 1 :
		       (BIT(PB_PCPTYPES) - 1) & ~BIT(rq->migratetype);
	default:
		return rq->flags & reserve && atomic_long_read(&zone->nr_reserved_highatomic) ?
		       BIT(PB_HIGHATOMIC) : 0;
	}
}

/**
 * pb_zone_scan - scan a zone for a request that would fail
 * @zone: the zone
 * @rq: the request
 * @what: order, length and alignment of what to find
 * @take: called with preemption on for each candidate; calls pb_zone_scan_alloc(), and returns the
 *	PFN or PB_NO_PFN
 * @arg: passed to @take
 *
 * Context: any; takes time in proportion to the zone.
 * Return: PFN, or PB_NO_PFN when there is no candidate, or when the watermarks refuse the request.
 */
unsigned long pb_zone_scan(struct pb_zone *zone, const struct pb_request *rq,
			   const struct pb_zone_scan *what, pb_scan_fn take, void *arg)
{
	struct pb_zone_scan scan = *what;
	unsigned long pfn;
	unsigned int turn;

	/* Most failing requests end here, after one pass for all types. */
	for (turn = 0; turn < NR_TURNS; turn++)
		scan.run.types |= types_of(zone, rq, scan.order, turn);
	if (!pb_zone_scan_next(zone, &scan))
		return PB_NO_PFN;
	for (turn = 0; turn < NR_TURNS; turn++) {
		scan = *what;
		scan.run.types = types_of(zone, rq, scan.order, turn);
		while (scan.run.types && pb_zone_scan_next(zone, &scan)) {
			pfn = take(zone, &scan, rq, arg);
			if (pfn != PB_NO_PFN)
				return pfn;
			if (!pb_zone_watermark_ok(zone, scan.run.nr << scan.order,
						  rq->highest_zone, rq->flags))
				return PB_NO_PFN;
		}
	}
	return PB_NO_PFN;
}
EXPORT_SYMBOL_PB_TEST(pb_zone_scan);
