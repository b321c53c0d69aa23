// SPDX-License-Identifier: GPL-2.0-only
/*
 * Prezeroing: allocates idle pageblocks, zeroes them, sets their zeroed bits and frees them.
 * zeroed.c explains the zeroed bits.
 *
 * pool->prezero_percent bounds the prezeroed part of a zone. The node thread makes a run over
 * a zone, pageblock by pageblock, and can stop after any of them. A run terminates, because
 * it looks at each pageblock once.
 */
#include "core/base/pfn.h"
#include "core/base/request.h"
#include "core/cache/freelist.h"
#include "core/cache/prezero.h"
#include "core/cache/zeroed.h"
#include "core/index/bitmap.h"
#include "core/index/pageblock.h"
#include "core/zone/watermark.h"
#include "core/zone/zone.h"

/* Allocates this pageblock and sets its order. */
static bool take(struct pb_zone *zone, unsigned long index, enum pb_migratetype mt,
		 struct pb_pageblock *block)
{
	/* Above the high watermark, so that no request misses the pageblock while it is zeroed. */
	const struct pb_request rq = {
		.highest_zone = PB_ZONE_MOVABLE,
		.flags = PB_ALLOC_WMARK_HIGH | (mt == PB_CMA ? PB_ALLOC_CMA : PB_ALLOC_WMARK_MIN),
	};
	unsigned long pfn = pb_block_pfn(zone, index);
	bool mine = false;
	unsigned int i;

	if (!pb_zone_watermark_ok(zone, PB_PAGEBLOCK_NR, rq.highest_zone, rq.flags))
		return false;
	preempt_disable();
	if (!pb_zone_claim_whole_at(zone, index, mt, &rq))
		goto out;
	pb_zeroed_take(zone, pfn, PB_PAGEBLOCK_NR);
	for (i = 0; i < PB_PAGEBLOCK_NR && !block->order[i]; i++)
		;
	if (unlikely(i < PB_PAGEBLOCK_NR)) {
		pb_set_aside(zone, pfn + i, 0);
		goto out;
	}
	block->order[0] = PB_PAGEBLOCK_ORDER + 1;
	mine = true;
out:
	preempt_enable();
	return mine;
}

/* Allocates the next free pageblock that is not prezeroed. */
static struct pb_pageblock *take_next(struct pb_prezero *run, enum pb_migratetype mt)
{
	struct pb_zone *zone = run->zone;
	struct pb_pageblock *block;
	unsigned long index, word;

	while (run->left) {
		index = pb_bitmap_next(&zone->area[mt].whole, run->index);
		if (index == PB_NO_BLOCK)
			break;
		run->index = index + 1;
		word = READ_ONCE(pb_slot(zone->pool, pb_block_pfn(zone, index))->word);
		block = pb_slot_block(word);
		if (pb_slot_migratetype(word) != mt)
			continue;
		if (pb_zeroed_all(block))
			run->left--;
		else if (take(zone, index, mt, block))
			return block;
	}
	return NULL;
}

/* Sets the zeroed bit of every frame and frees the pageblock. */
static void give_back(struct pb_zone *zone, unsigned long index, struct pb_pageblock *block)
{
	preempt_disable();
	/* Counted before the free, a full barrier, which makes the first bit visible. */
	atomic_long_add(PB_PAGEBLOCK_NR, &zone->nr_prezeroed);
	memset(block->order, PB_FRAME_ZEROED, sizeof(block->order));
	pb_zone_release(zone, pb_block_pfn(zone, index), PB_PAGEBLOCK_ORDER);
	preempt_enable();
}

/**
 * pb_prezero_start - begin a run over a zone
 * @run: filled
 * @zone: the zone
 *
 * A run holds nothing between calls, so the caller may drop it at any time. Context: any.
 */
void pb_prezero_start(struct pb_prezero *run, struct pb_zone *zone)
{
	unsigned long percent = min(READ_ONCE(zone->pool->prezero_percent), 100U);

	*run = (struct pb_prezero) {
		.zone = zone,
		.left = mult_frac(READ_ONCE(zone->present_pages), percent, 100) / PB_PAGEBLOCK_NR,
	};
	if (!zone->pool->ops.zero)
		run->left = 0;
}
EXPORT_SYMBOL_PB_TEST(pb_prezero_start);

/**
 * pb_prezero_next - prezero one idle pageblock
 * @run: the run
 *
 * Only above the high watermark and within the zone's share. The pageblock is allocated to the
 * caller while it is zeroed, so verify and other readers see a consistent state.
 *
 * Context: process, sleeps. Return: false when there is no more to do.
 */
bool pb_prezero_next(struct pb_prezero *run)
{
	struct pb_zone *zone = run->zone;
	struct pb_pageblock *block;

	might_sleep();
	for (; run->mt < PB_INDEXED_TYPES; run->mt++, run->index = 0) {
		block = take_next(run, run->mt);
		if (!block)
			continue;
		run->left--;
		zone->pool->ops.zero(zone->pool, pb_block_pfn(zone, run->index - 1),
				     PB_PAGEBLOCK_NR);
		give_back(zone, run->index - 1, block);
		pb_zone_event_add(zone, PB_PREZERO, 1);
		return true;
	}
	return false;
}
EXPORT_SYMBOL_PB_TEST(pb_prezero_next);
