// SPDX-License-Identifier: GPL-2.0-only
/*
 * Fallback: allocation when a zone has no suitable block of the request's migratetype.
 *
 * Claim first: convert a pageblock of another type, largest free block first, so that types
 * are mixed as little as possible. A free pageblock can always be claimed. A partly free one
 * is claimed when at least half of it is free and the request is large, or is unmovable or
 * reclaimable. Otherwise steal: allocate the requested block from the smallest sufficient
 * free block of another type, whose pageblock keeps its type.
 *
 * Bits of the index may be stale, so a pageblock is claimed only after a look at its type and its
 * words. When the watermarks refuse the request, nothing is claimed, but for refills of a CPU that
 * may have pageblocks of its own: pb_cpus_may_have().
 *
 * As __rmqueue_claim() and __rmqueue_steal() in mm/page_alloc.c. Only free pages count towards
 * the half. The types of the allocated pages are not known here; neither does mm/ know them
 * for pageblocks that are not movable.
 */
#include "core/base/pfn.h"
#include "core/base/request.h"
#include "core/index/bitmap.h"
#include "core/index/free_area.h"
#include "core/index/pageblock.h"
#include "core/zone/apart.h"
#include "core/zone/fallback.h"
#include "core/zone/zone.h"

const u8 pb_fallbacks[PB_PCPTYPES][PB_PCPTYPES - 1] = {
	[PB_UNMOVABLE]   = { PB_RECLAIMABLE, PB_MOVABLE },
	[PB_MOVABLE]     = { PB_RECLAIMABLE, PB_UNMOVABLE },
	[PB_RECLAIMABLE] = { PB_UNMOVABLE,   PB_MOVABLE },
};
EXPORT_SYMBOL_PB_TEST(pb_fallbacks);

/* Candidates of one class of the index to try. */
#define CLAIM_TRIES	32

/* Counts and traces a fallback to the free block at @pfn of order @was and type @from. */
void pb_fallback_note(struct pb_zone *zone, unsigned long pfn, unsigned int order,
		      unsigned int was, enum pb_migratetype mt, enum pb_migratetype from,
		      bool claimed)
{
	void (*trace)(struct pb_zone *zone, unsigned long pfn, unsigned int order,
		      unsigned int fallback_order, unsigned int mt, unsigned int fallback_mt,
		      bool claimed);

	pb_zone_event_add(zone, claimed ? PB_FALLBACK_CLAIM : PB_FALLBACK_STEAL, 1);
	trace = READ_ONCE(zone->pool->ops.fallback);
	if (unlikely(trace))
		trace(zone, pfn, order, was, mt, from, claimed);
}

/* False when the pageblock is no longer of type @from: reserved, isolated or converted. */
static bool convert(struct pb_zone *zone, unsigned long index, enum pb_migratetype from,
		    enum pb_migratetype mt)
{
	unsigned long pfn = pb_pageblock_pfn(zone, index);
	bool done = pb_entry_change_migratetype(pb_dir_entry(zone->pool, pfn), BIT(from), mt);

	pb_index_update(zone, index);
	return done;
}

/* Whether a request may claim partly free pageblocks. As should_try_claim_block(). */
static bool may_claim_partial(unsigned int order, enum pb_migratetype mt)
{
	return order >= PB_PAGEBLOCK_ORDER / 2 || mt == PB_UNMOVABLE || mt == PB_RECLAIMABLE;
}

/*
 * Boosts the watermarks because types are about to be mixed, so that the node thread reclaims and
 * the next request need not. This may be inside a pcp section, so the thread is woken afterwards,
 * by pb_zone_wake_boosted(). As boost_watermark() and its caller.
 */
static void boost(struct pb_zone *zone, unsigned int order, pb_alloc_flags_t flags)
{
	if (pb_zone_boost(zone, order) && flags & PB_ALLOC_KSWAPD)
		WRITE_ONCE(zone->wake_boosted, true);
}

/*
 * The next pageblock of this bitmap that has this type and, as its bit says, a free block of this
 * order. A stale bit does not hide the others.
 */
static unsigned long next_valid(struct pb_zone *zone, struct pb_bitmap *map,
				enum pb_migratetype mt, unsigned int order)
{
	unsigned long index = 0, value;
	unsigned int tries;

	for (tries = 0; tries < CLAIM_TRIES; tries++, index++) {
		index = pb_bitmap_next(map, index);
		if (index == PB_NO_PAGEBLOCK)
			break;
		value = pb_zone_pageblock_value(zone, index);
		if (pb_entry_migratetype(value) == mt &&
		    pb_pageblock_largest(pb_entry_pageblock(value)) >= (int)order)
			return index;
		pb_index_update(zone, index);
	}
	return PB_NO_PAGEBLOCK;
}

static unsigned long next_free(struct pb_zone *zone, enum pb_migratetype mt)
{
	struct pb_free_area *area = &zone->area[mt];
	unsigned long index = pb_apart_find_free(zone, mt), value;

	if (index == PB_NO_PAGEBLOCK)
		return index;
	value = pb_zone_pageblock_value(zone, index);
	if (likely(pb_entry_migratetype(value) == mt &&
		   pb_pageblock_is_free(pb_entry_pageblock(value))))
		return index;
	pb_apart_met(zone);
	pb_index_update(zone, index);
	return next_valid(zone, &area->free_pageblocks, mt, PB_PAGEBLOCK_ORDER);
}

static bool claim_partial(struct pb_zone *zone, unsigned int order, enum pb_migratetype mt,
			  enum pb_migratetype from, pb_alloc_flags_t flags)
{
	struct pb_free_area *area = &zone->area[from];
	unsigned int largest;
	unsigned long index, value;

	/* largest[n] holds the pageblocks whose largest free order is n + 1. */
	for (largest = PB_NR_LARGEST; largest >= max(order, 1U); largest--) {
		index = next_valid(zone, &area->largest[largest - 1], from, order);
		if (index == PB_NO_PAGEBLOCK)
			continue;
		value = READ_ONCE(pb_dir_entry(zone->pool, pb_pageblock_pfn(zone, index))->value);
		boost(zone, order, flags);
		if (pb_pageblock_count_free(pb_entry_pageblock(value)) < PB_PAGEBLOCK_NR / 2 ||
		    !convert(zone, index, from, mt))
			continue;
		pb_fallback_note(zone, pb_pageblock_pfn(zone, index), order, largest, mt, from,
				 true);
		return true;
	}
	return false;
}

/**
 * pb_fallback_claim_free - convert a free pageblock to a migratetype
 * @zone: the zone
 * @order: order of the request
 * @index: the pageblock's number within the zone
 * @from: the type that it has, or had a moment ago
 * @mt: the request's migratetype, below PB_PCPTYPES
 *
 * Context: any; preemption off.
 * Return: whether it was converted.
 */
bool pb_fallback_claim_free(struct pb_zone *zone, unsigned int order, unsigned long index,
			    enum pb_migratetype from, enum pb_migratetype mt)
{
	unsigned long value;

	pb_assert_preempt_off();
	value = pb_zone_pageblock_value(zone, index);
	if (pb_entry_migratetype(value) != from ||
	    !pb_pageblock_is_free(pb_entry_pageblock(value)) || !convert(zone, index, from, mt))
		return false;
	pb_fallback_note(zone, pb_pageblock_pfn(zone, index), order, PB_PAGEBLOCK_ORDER, mt, from,
			 true);
	return true;
}
EXPORT_SYMBOL_PB_TEST(pb_fallback_claim_free);

/**
 * pb_fallback_claim_pageblock - convert a pageblock to a migratetype
 * @zone: the zone
 * @order: order of the request
 * @mt: its migratetype, below PB_PCPTYPES
 * @flags: PB_ALLOC_NOFRAGMENT: free pageblocks only, as mm/ does
 *
 * Context: any; preemption off.
 * Return: whether one was converted; the caller then searches @mt again.
 */
bool pb_fallback_claim_pageblock(struct pb_zone *zone, unsigned int order, enum pb_migratetype mt,
				 pb_alloc_flags_t flags)
{
	enum pb_migratetype from;
	unsigned long index;
	unsigned int i;

	pb_assert_preempt_off();
	for (i = 0; i < PB_PCPTYPES - 1; i++) {
		from = pb_fallbacks[mt][i];
		index = next_free(zone, from);
		if (index == PB_NO_PAGEBLOCK)
			continue;
		if (!convert(zone, index, from, mt)) {
			pb_apart_met(zone);
			continue;
		}
		pb_fallback_note(zone, pb_pageblock_pfn(zone, index), order, PB_PAGEBLOCK_ORDER,
				 mt, from, true);
		return true;
	}
	if (flags & PB_ALLOC_NOFRAGMENT || !may_claim_partial(order, mt))
		return false;
	for (i = 0; i < PB_PCPTYPES - 1; i++) {
		from = pb_fallbacks[mt][i];
		if (claim_partial(zone, order, mt, from, flags))
			return true;
	}
	return false;
}
EXPORT_SYMBOL_PB_TEST(pb_fallback_claim_pageblock);

/* Allocates one block from a pageblock of another type. */
static unsigned long steal(struct pb_zone *zone, unsigned int order, const struct pb_request *rq)
{
	enum pb_migratetype from;
	unsigned long pfn;
	unsigned int i;

	for (i = 0; i < PB_PCPTYPES - 1; i++) {
		from = pb_fallbacks[rq->migratetype][i];
		pfn = pb_zone_alloc(zone, order, from, rq);
		if (pfn != PB_NO_PFN) {
			pb_fallback_note(zone, pfn, order, order, rq->migratetype, from, false);
			return pfn;
		}
	}
	return PB_NO_PFN;
}

/* Allocates an order above the pageblock's from pageblocks of any type, and converts them. */
static unsigned long fallback_large(struct pb_zone *zone, unsigned int order,
				    const struct pb_request *rq)
{
	unsigned long nr = 1UL << (order - PB_PAGEBLOCK_ORDER), pfn;
	bool others = false;
	unsigned int i;

	for (i = 0; i < PB_PCPTYPES - 1; i++)
		others |= !pb_bitmap_empty(&zone->area[pb_fallbacks[rq->migratetype][i]]
					   .free_pageblocks);
	/* The request's own type alone was searched before. */
	if (!others)
		return PB_NO_PFN;
	pfn = pb_zone_alloc_pageblocks(zone, nr, nr, rq->migratetype, BIT(PB_PCPTYPES) - 1, rq);
	if (pfn != PB_NO_PFN)
		pb_fallback_note(zone, pfn, order, order, rq->migratetype, rq->migratetype, true);
	return pfn;
}

/**
 * pb_fallback_has_cma - whether a request may use contiguous areas, and they have free pages
 * @zone: the zone
 * @rq: the request
 *
 * Context: any.
 * Return: whether pb_fallback_cma() is to be tried before other types.
 */
bool pb_fallback_has_cma(struct pb_zone *zone, const struct pb_request *rq)
{
	return zone->cma_pages && rq->flags & PB_ALLOC_CMA &&
	       atomic_long_read(&zone->nr_free_cma) >= 1L << rq->order;
}
EXPORT_SYMBOL_PB_TEST(pb_fallback_has_cma);

/**
 * pb_fallback_cma - allocate one block from a contiguous-area pageblock
 * @zone: the zone
 * @order: 0 to PB_MAX_ORDER
 * @rq: the request; fails without PB_ALLOC_CMA
 *
 * Context: any; preemption off.
 * Return: PFN, or PB_NO_PFN. As __rmqueue_cma_fallback() in mm/page_alloc.c.
 */
unsigned long pb_fallback_cma(struct pb_zone *zone, unsigned int order,
			      const struct pb_request *rq)
{
	unsigned long pfn;

	if (!zone->cma_pages || !(rq->flags & PB_ALLOC_CMA))
		return PB_NO_PFN;
	pfn = pb_zone_alloc(zone, order, PB_CMA, rq);
	if (pfn != PB_NO_PFN)
		pb_zone_event_add(zone, PB_CMA_ALLOC, 1);
	return pfn;
}
EXPORT_SYMBOL_PB_TEST(pb_fallback_cma);

/* Whether the watermarks grant a block of the order, which may be larger than the request's. */
static bool granted(struct pb_zone *zone, unsigned int order, const struct pb_request *rq)
{
	return pb_zone_watermark_ok(zone, 1UL << order, rq->highest_zone, rq->flags);
}

/**
 * pb_fallback - serve a request from other migratetypes
 * @zone: the zone
 * @order: 0 to PB_MAX_ORDER
 * @rq: the request; with NOFRAGMENT only free pageblocks are converted
 *
 * Contiguous areas come first, for requests that may use them, because this mixes no types.
 *
 * Context: any; preemption off.
 * Return: PFN, or PB_NO_PFN.
 */
unsigned long pb_fallback(struct pb_zone *zone, unsigned int order, const struct pb_request *rq)
{
	unsigned long pfn;
	int tries;

	/* Refused, not missing: converting a pageblock does not help. */
	if (!granted(zone, order, rq))
		return PB_NO_PFN;
	pfn = pb_fallback_cma(zone, order, rq);
	if (pfn != PB_NO_PFN)
		return pfn;
	if (order > PB_PAGEBLOCK_ORDER)
		return fallback_large(zone, order, rq);
	/* Another CPU may allocate from the converted pageblock first; try again. */
	for (tries = 0; tries < 8 && pb_fallback_claim_pageblock(zone, order, rq->migratetype,
								 rq->flags); tries++) {
		pfn = pb_zone_alloc(zone, order, rq->migratetype, rq);
		if (pfn != PB_NO_PFN)
			return pfn;
		if (!granted(zone, order, rq))
			return pfn;
	}
	if (rq->flags & PB_ALLOC_NOFRAGMENT)
		return PB_NO_PFN;
	return steal(zone, order, rq);
}
EXPORT_SYMBOL_PB_TEST(pb_fallback);
