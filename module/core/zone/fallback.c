// SPDX-License-Identifier: GPL-2.0-only
/*
 * When a migratetype has nothing left in a zone.
 *
 * First claim: take over a pageblock of another type, largest free block first, so that
 * the types stay apart. A wholly free pageblock can always be taken over. A partly free
 * one is when the request is large or would otherwise scatter unmovable pages, and at
 * least half of it is free. Otherwise steal: take only what is asked for and leave the
 * pageblock its type, from the smallest sufficient free block.
 *
 * As __rmqueue_claim() and __rmqueue_steal() in mm/page_alloc.c. What pages of a partly
 * free pageblock would suit the new type is not known here, as mm/ does not know it for a
 * non-movable one: only free pages count.
 */
#include "core/base/pfn.h"
#include "core/base/request.h"
#include "core/index/bitmap.h"
#include "core/index/free_area.h"
#include "core/index/pageblock.h"
#include "core/zone/fallback.h"
#include "core/zone/zone.h"

const u8 pb_fallbacks[PB_PCPTYPES][PB_PCPTYPES - 1] = {
	[PB_UNMOVABLE]   = { PB_RECLAIMABLE, PB_MOVABLE },
	[PB_MOVABLE]     = { PB_RECLAIMABLE, PB_UNMOVABLE },
	[PB_RECLAIMABLE] = { PB_UNMOVABLE,   PB_MOVABLE },
};
EXPORT_SYMBOL_PB_TEST(pb_fallbacks);

/* The block at @pfn of order @was was free in a pageblock of type @from. */
static void note(struct pb_zone *zone, unsigned long pfn, unsigned int order, unsigned int was,
		 enum pb_migratetype mt, enum pb_migratetype from, bool claimed)
{
	void (*trace)(struct pb_zone *zone, unsigned long pfn, unsigned int order,
		      unsigned int fallback_order, unsigned int mt, unsigned int fallback_mt,
		      bool claimed);

	pb_zone_event_add(zone, claimed ? PB_FALLBACK_CLAIM : PB_FALLBACK_STEAL, 1);
	trace = READ_ONCE(zone->pool->ops.fallback);
	if (unlikely(trace))
		trace(zone, pfn, order, was, mt, from, claimed);
}

static void convert(struct pb_zone *zone, unsigned long index, enum pb_migratetype mt)
{
	pb_slot_set_migratetype(pb_slot(zone->pool, pb_block_pfn(zone, index)), mt);
	pb_block_reindex(zone, index);
}

/* Is a request allowed to take over partly used pageblocks? As should_try_claim_block(). */
static bool may_claim_partial(unsigned int order, enum pb_migratetype mt)
{
	return order >= PB_PAGEBLOCK_ORDER / 2 || mt == PB_UNMOVABLE || mt == PB_RECLAIMABLE;
}

/*
 * Types are about to be mixed: raise the marks, so that the node thread makes room and the next
 * request need not. As boost_watermark() and what its caller does.
 */
static void boost(struct pb_zone *zone, unsigned int order, pb_alloc_flags_t flags)
{
	if (pb_zone_boost(zone, order) && flags & PB_ALLOC_KSWAPD && zone->pool->ops.wake_node)
		zone->pool->ops.wake_node(zone, order, flags);
}

static bool claim_partial(struct pb_zone *zone, unsigned int order, enum pb_migratetype mt,
			  enum pb_migratetype from, pb_alloc_flags_t flags)
{
	struct pb_free_area *area = &zone->area[from];
	unsigned int largest;
	unsigned long index, word;

	/* largest[n] holds the pageblocks whose largest free order is n + 1. */
	for (largest = PB_NR_LARGEST; largest >= max(order, 1U); largest--) {
		index = pb_bitmap_next(&area->largest[largest - 1], 0);
		if (index == PB_NO_BLOCK)
			continue;
		word = READ_ONCE(pb_slot(zone->pool, pb_block_pfn(zone, index))->word);
		if (pb_slot_migratetype(word) != from)
			continue;
		boost(zone, order, flags);
		if (pb_block_count_free(pb_slot_block(word)) < PB_PAGEBLOCK_NR / 2)
			continue;
		convert(zone, index, mt);
		note(zone, pb_block_pfn(zone, index), order, largest, mt, from, true);
		return true;
	}
	return false;
}

/**
 * pb_fallback_claim_block - take over a pageblock for a migratetype
 * @zone: the zone
 * @order: order of the request
 * @mt: its migratetype, below PB_PCPTYPES
 * @flags: PB_ALLOC_NOFRAGMENT: wholly free pageblocks only, as mm/ does
 *
 * Context: any. Return: true when the caller should look again in its own type.
 */
bool pb_fallback_claim_block(struct pb_zone *zone, unsigned int order, enum pb_migratetype mt,
			     pb_alloc_flags_t flags)
{
	enum pb_migratetype from;
	unsigned long index;
	unsigned int i;

	for (i = 0; i < PB_PCPTYPES - 1; i++) {
		from = pb_fallbacks[mt][i];
		index = pb_free_area_whole(&zone->area[from]);
		if (index == PB_NO_BLOCK)
			continue;
		convert(zone, index, mt);
		note(zone, pb_block_pfn(zone, index), order, PB_PAGEBLOCK_ORDER, mt, from, true);
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
EXPORT_SYMBOL_PB_TEST(pb_fallback_claim_block);

/**
 * pb_fallback_steal - take one block from a pageblock of another type
 * @zone: the zone
 * @order: order to take, which need not be the request's
 * @rq: the request: its migratetype and marks
 *
 * Context: any; preemption off. Return: PFN, or PB_NO_PFN.
 */
unsigned long pb_fallback_steal(struct pb_zone *zone, unsigned int order,
				const struct pb_request *rq)
{
	enum pb_migratetype from;
	unsigned long pfn;
	unsigned int i;

	for (i = 0; i < PB_PCPTYPES - 1; i++) {
		from = pb_fallbacks[rq->migratetype][i];
		pfn = pb_zone_claim(zone, order, from, rq);
		if (pfn != PB_NO_PFN) {
			note(zone, pfn, order, order, rq->migratetype, from, false);
			return pfn;
		}
	}
	return PB_NO_PFN;
}
EXPORT_SYMBOL_PB_TEST(pb_fallback_steal);

/* Orders above the pageblock's span pageblocks of any type; all of them become this one. */
static unsigned long fallback_large(struct pb_zone *zone, unsigned int order,
				    const struct pb_request *rq)
{
	unsigned long nr = 1UL << (order - PB_PAGEBLOCK_ORDER), pfn;

	pfn = pb_zone_claim_blocks(zone, nr, nr, rq->migratetype, BIT(PB_PCPTYPES) - 1, rq);
	if (pfn != PB_NO_PFN)
		note(zone, pfn, order, order, rq->migratetype, rq->migratetype, true);
	return pfn;
}

/**
 * pb_fallback_cma - take one block from a contiguous-area pageblock
 * @zone: the zone
 * @order: 0 to PB_MAX_ORDER
 * @rq: the request; PB_ALLOC_CMA or there is nothing for it
 *
 * Context: any; preemption off. Return: PFN, or PB_NO_PFN.
 * As __rmqueue_cma_fallback() in mm/page_alloc.c.
 */
unsigned long pb_fallback_cma(struct pb_zone *zone, unsigned int order,
			      const struct pb_request *rq)
{
	unsigned long pfn;

	if (!zone->cma_pages || !(rq->flags & PB_ALLOC_CMA))
		return PB_NO_PFN;
	pfn = pb_zone_claim(zone, order, PB_CMA, rq);
	if (pfn != PB_NO_PFN)
		pb_zone_event_add(zone, PB_CMA_ALLOC, 1);
	return pfn;
}
EXPORT_SYMBOL_PB_TEST(pb_fallback_cma);

/**
 * pb_fallback - serve a request whose own migratetype has nothing left
 * @zone: the zone
 * @order: 0 to PB_MAX_ORDER
 * @rq: the request; with NOFRAGMENT only whole pageblocks change their type
 *
 * Contiguous areas come first, for those who may use them: nothing gets mixed there.
 *
 * Context: any; preemption off. Return: PFN, or PB_NO_PFN.
 */
unsigned long pb_fallback(struct pb_zone *zone, unsigned int order, const struct pb_request *rq)
{
	unsigned long pfn;
	int tries;

	pfn = pb_fallback_cma(zone, order, rq);
	if (pfn != PB_NO_PFN)
		return pfn;
	if (order > PB_PAGEBLOCK_ORDER)
		return fallback_large(zone, order, rq);
	/* Another CPU may be faster with what has just been taken over. */
	for (tries = 0; tries < 8 && pb_fallback_claim_block(zone, order, rq->migratetype,
							     rq->flags); tries++) {
		pfn = pb_zone_claim(zone, order, rq->migratetype, rq);
		if (pfn != PB_NO_PFN)
			return pfn;
	}
	if (rq->flags & PB_ALLOC_NOFRAGMENT)
		return PB_NO_PFN;
	return pb_fallback_steal(zone, order, rq);
}
EXPORT_SYMBOL_PB_TEST(pb_fallback);
