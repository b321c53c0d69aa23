// SPDX-License-Identifier: GPL-2.0-only
/*
 * Zeroing ahead of use: pageblocks that lie idle are taken, zeroed, marked and given back.
 * What the marks mean, and why they can be trusted, stands in zeroed.c.
 *
 * pool->prezero_percent bounds how much of a zone may be zero ahead of use. Whoever has time
 * to spare makes a run over a zone, pageblock by pageblock, and can leave it after any of
 * them. A run ends by itself: each pageblock is looked at once.
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

/* Takes this pageblock and marks it as allocated. */
static bool take(struct pb_zone *zone, unsigned long index, enum pb_migratetype mt,
		 struct pb_pageblock *block)
{
	/* The high mark: what is zeroed ahead must not be missed meanwhile. */
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

/* The next pageblock that is wholly free and worth zeroing. */
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

/* Gives it back, every frame marked that nobody uses. */
static void give_back(struct pb_zone *zone, unsigned long index, struct pb_pageblock *block)
{
	preempt_disable();
	/* By its release, a full barrier, the first mark can be met. */
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
 * Nothing is held between the calls; a run may be forgotten at any time. Context: any.
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
 * pb_prezero_next - zero one pageblock that lies idle, ahead of use
 * @run: the run
 *
 * Only what lies above the high mark and within the zone's share. While a pageblock is being
 * zeroed it is allocated to the caller, so that verify and everybody else find it in order.
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
