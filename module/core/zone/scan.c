// SPDX-License-Identifier: GPL-2.0-only
/*
 * The scan that precedes the failure of a request.
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
 * So the scan does not believe the bitmaps where an update is in progress. It has two parts.
 *
 * Part 1 decides that nothing is free (may_be_served). It reads the bitmaps with one summary
 * level, without a limit of tries. When updates are in progress, or begin meanwhile, it reads them
 * again, and the pageblocks of the groups where an update may have moved or hidden one
 * (updates.h), as part 2 does. Of the others: when nothing has been freed or allocated in a
 * pageblock, its bits, those of its class, were set all the time, and so was the summary bit above
 * them.
 *
 * Part 2 finds a candidate, and decides when another CPU cleaned groups during part 1. It reads no
 * bitmap, but the index control of each pageblock, eight bytes by one load. When no update is in
 * progress and the class promises less than the order, no block of the order was free at the moment
 * of the load (free_area.c: an updater reads the words again before it sets the count back to 0).
 * In all other cases it reads the words of the pageblock, and its migratetype from the directory
 * entry.
 *
 * A free is complete when its function returns. Frames of a free that is not, of an isolated
 * pageblock, of a CPU's cache, and frames that another allocation has removed from the bitmaps and
 * may yet give back, do not count as free here.
 *
 * One scan sees each pageblock at a different moment, so it can miss a block when one is freed
 * behind it and another is allocated before it. pb_slow_scan() repeats it, a bounded number of
 * times, when the free count changed meanwhile.
 *
 * Part 1 reads a word for 4096 pageblocks in each bitmap, and those below whose bit is set: some
 * thousand words for a TiB. Part 2 reads 8 bytes for each pageblock of the span, 4 MiB for a TiB.
 * Preemption stays on, except for the allocation from a candidate.
 */
#include "core/base/pfn.h"
#include "core/index/free_area.h"
#include "core/index/free_run.h"
#include "core/index/pageblock.h"
#include "core/index/updates.h"
#include "core/zone/fallback.h"
#include "core/zone/scan.h"

#define NR_TURNS	4

/* Whether a pageblock has a free block of the order, aligned, and one of the migratetypes. */
static bool may_serve(struct pb_zone *zone, const struct pb_zone_scan *scan, unsigned long index)
{
	struct pb_dir_entry *entry;
	unsigned long value;

	pb_count_visit();
	if (likely(pb_index_excludes(&zone->ctl[index], scan->order)))
		return false;
	entry = pb_zone_dir_entry(zone, index);
	if (!entry)
		return false;
	value = READ_ONCE(entry->value);
	if (!(BIT(pb_entry_migratetype(value)) & scan->run.types))
		return false;
	if (scan->align_order > scan->order)
		return pb_pageblock_has_aligned(pb_entry_pageblock(value), scan->order,
						scan->align_order);
	return pb_pageblock_largest(pb_entry_pageblock(value)) >= (int)scan->order;
}

/* How many of these pageblocks, from the first on, may serve. */
static unsigned long count_serving(struct pb_zone *zone, const struct pb_zone_scan *scan,
				   unsigned long first)
{
	unsigned long n;

	for (n = 0; n < scan->run.nr && may_serve(zone, scan, first + n); n++)
		;
	return n;
}

/* The next candidate that lies before @end. */
static bool next_before(struct pb_zone *zone, struct pb_zone_scan *scan, unsigned long end)
{
	unsigned long nr = scan->run.nr, i, n;

	if (scan->next == PB_NO_PAGEBLOCK)
		return false;
	for (i = round_up(scan->next, scan->align); i + nr <= end;
	     i = round_up(i + n + 1, scan->align)) {
		n = count_serving(zone, scan, i);
		if (n == nr) {
			scan->run.first = i;
			scan->next = i + 1;
			return true;
		}
	}
	return false;
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
	return next_before(zone, scan, zone->nr_pageblocks);
}

/* ---- part 1: the bitmaps, and the touched groups ---- */

static u64 summary(const struct pb_bitmap *map, unsigned long word)
{
	pb_count_visit();
	return map->levels > 1 ? READ_ONCE(map->level[1][word]) : 1;
}

static unsigned long nr_summaries(const struct pb_bitmap *map)
{
	return BITS_TO_LONGS(BITS_TO_LONGS(map->nbits));
}

/* Whether a pageblock of one word of a bitmap serves. */
static bool word_serves(struct pb_zone *zone, const struct pb_zone_scan *scan,
			const struct pb_bitmap *map, unsigned long word)
{
	u64 left = READ_ONCE(*pb_bitmap_word(map, word * PB_WORD_NR));
	unsigned long index;

	pb_count_visit();
	for (; left; left &= left - 1) {
		index = word * PB_WORD_NR + __ffs64(left);
		if (IS_ALIGNED(index, scan->align) && may_serve(zone, scan, index))
			return true;
	}
	return false;
}

static bool map_serves(struct pb_zone *zone, const struct pb_zone_scan *scan,
		       const struct pb_bitmap *map)
{
	unsigned long i;
	u64 left;

	for (i = 0; i < nr_summaries(map); i++)
		for (left = summary(map, i); left; left &= left - 1)
			if (word_serves(zone, scan, map, i * PB_WORD_NR + __ffs64(left)))
				return true;
	return false;
}

/* The class may lack a merged block of order 7 or 8, as in pb_index_excludes(). */
static bool area_serves(struct pb_zone *zone, const struct pb_zone_scan *scan,
			const struct pb_free_area *area)
{
	unsigned int i;

	if (map_serves(zone, scan, &area->free_pageblocks))
		return true;
	for (i = 0; !scan->order && i < PB_NR_FULLNESS; i++)
		if (map_serves(zone, scan, &area->fullness[i]))
			return true;
	if (!scan->order || scan->order == PB_PAGEBLOCK_ORDER)
		return false;
	for (i = min_t(unsigned int, scan->order, PB_WORD_ORDER); i <= PB_NR_LARGEST; i++)
		if (map_serves(zone, scan, &area->largest[i - 1]))
			return true;
	return false;
}

static bool any_summary(const struct pb_bitmap *map)
{
	unsigned long i;

	for (i = 0; i < nr_summaries(map); i++)
		if (summary(map, i))
			return true;
	return false;
}

static bool run_serves(struct pb_zone *zone, const struct pb_zone_scan *scan, unsigned int types)
{
	unsigned long nr = scan->run.nr, first = 0, n;
	unsigned int mt, some = 0;

	for (mt = 0; mt < PB_INDEXED_TYPES; mt++)
		if (types & BIT(mt) && any_summary(&zone->area[mt].free_pageblocks))
			some |= BIT(mt);
	while (some) {
		first = pb_free_run_next(zone, some, nr, scan->align, first);
		if (first == PB_NO_PAGEBLOCK)
			break;
		n = count_serving(zone, scan, first);
		if (n == nr)
			return true;
		first += n + 1;
	}
	return false;
}

/* Also the types that a pageblock had before its directory entry changed. */
static bool index_serves(struct pb_zone *zone, const struct pb_zone_scan *scan)
{
	unsigned int types = scan->run.types | (BIT(PB_PCPTYPES) - 1) | BIT(PB_HIGHATOMIC), mt;

	if (scan->run.nr > 1)
		return run_serves(zone, scan, types);
	for (mt = 0; mt < PB_INDEXED_TYPES; mt++)
		if (types & BIT(mt) && area_serves(zone, scan, &zone->area[mt]))
			return true;
	return false;
}

/* Whether a candidate has a pageblock in this group. */
static bool group_serves(struct pb_zone *zone, unsigned long first, void *arg)
{
	struct pb_zone_scan scan = *(const struct pb_zone_scan *)arg;
	unsigned long before = scan.run.nr - 1;

	scan.next = first - min(first, before);
	return next_before(zone, &scan, min(first + PB_GROUP_NR + before,
					    zone->nr_pageblocks));
}

/* Whether there may be a candidate. False: at some moment since the call, each was not free. */
static bool may_be_served(struct pb_zone *zone, struct pb_zone_scan *scan)
{
	unsigned long begun;
	bool none = pb_updates_none(zone, &begun);
	long cleans;

	if (none) {
		if (index_serves(zone, scan))
			return true;
		if (pb_updates_begun(zone) == begun)
			return false;
	}
	pb_touched_clean(zone);
	cleans = pb_touched_cleans(zone);				/* TS1 of updates.h */
	return index_serves(zone, scan) ||				/* TS2 */
	       pb_touched_any(zone, group_serves, scan) ||		/* TS3 */
	       pb_touched_cleans(zone) != cleans;
}

/* ---- part 2 ---- */

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
 * Whole pageblocks of a pcp type get the request's; the others keep theirs. Between two reads of
 * its type a pageblock may be isolated, or not any more: only the trace goes by what is read here.
 *
 * Context: any; preemption off.
 * Return: PFN, or PB_NO_PFN.
 */
unsigned long pb_zone_scan_alloc(struct pb_zone *zone, struct pb_zone_scan *scan,
				 const struct pb_request *rq)
{
	enum pb_migratetype from = type_at(zone, scan->run.first), mt = rq->migratetype;
	bool pageblocks = scan->order == PB_PAGEBLOCK_ORDER;
	bool cma = scan->run.types == BIT(PB_CMA);
	unsigned long pfn;

	/* The pageblocks of a contiguous area or of the reserve keep their type. */
	if (cma)
		mt = PB_CMA;
	else if (scan->run.types == BIT(PB_HIGHATOMIC))
		mt = PB_HIGHATOMIC;
	if (pageblocks)
		pfn = pb_zone_alloc_run_at(zone, &scan->run, mt, rq, &scan->next);
	else
		pfn = pb_zone_alloc_block_at(zone, scan->run.first, scan->order, scan->align_order,
					     scan->run.types, rq);
	if (pfn == PB_NO_PFN)
		return pfn;
	if (cma) {
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
 * Context: any; takes time in proportion to the zone when there may be a candidate.
 * Return: PFN, or PB_NO_PFN when there is no candidate, or when the watermarks refuse the request.
 */
unsigned long pb_zone_scan(struct pb_zone *zone, const struct pb_request *rq,
			   const struct pb_zone_scan *what, pb_scan_fn take, void *arg)
{
	struct pb_zone_scan scan = *what;
	unsigned long pfn;
	unsigned int turn;

	/* Most failing requests end here, after one look for all types. */
	for (turn = 0; turn < NR_TURNS; turn++)
		scan.run.types |= types_of(zone, rq, scan.order, turn);
	if (!may_be_served(zone, &scan) || !pb_zone_scan_next(zone, &scan))
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
