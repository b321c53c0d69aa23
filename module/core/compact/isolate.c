// SPDX-License-Identifier: GPL-2.0-only
/*
 * Areas that compaction empties: isolate, scan, allocate, end the isolation.
 *
 * An isolated pageblock has the migratetype PB_ISOLATE and keeps its previous type in other bits
 * of the directory entry. It is in no index bitmap, so frames freed into it stay in its free
 * bitmap. As start_isolate_page_range() in mm/page_isolation.c, without its lock:
 *
 *   isolate:    IS1 write the entry     free:   FR1 set bits in the word
 *               IS2 read the key                FR2 read the key, write it: UP1 of free_area.c
 *                                               FR3 read the entry again
 *
 *   unisolate:  UN1 write the entry     free:   FR1 set bits in the word
 *               UN2 read the words              FR4 read the entry
 *
 * All writes except that of the index class are value-returning atomics, and smp_mb() follows
 * UP1. If IS2 reads the class from before UP1, FR3 reads the isolation and removes the pageblock
 * from the index again (litmus: isolate-index). If FR4 still reads the isolation and does not
 * index the frames, UN2 reads the frames and indexes them (litmus: isolate-free). So frames freed
 * into an isolated pageblock are not lost.
 *
 * An allocation that read the old migratetype before IS1 may still allocate frames after it, and a
 * free may put frames into a CPU's cache. Both run with preemption off, so they have ended, and the
 * frames are in the bitmaps, once each CPU has drained its caches (ops->drain_all). Isolation only
 * serves progress. Safety comes from pb_area_take(), which allocates every frame of the area from
 * the bitmaps, like every other allocation.
 *
 * The free frames of an isolated pageblock are still counted in the zone. verify can run at any
 * time.
 */
#include "core/base/pfn.h"
#include "core/cache/freelist.h"
#include "core/compact/isolate.h"
#include "core/compact/movable.h"
#include "core/index/free_area.h"
#include "core/index/pageblock.h"
#include "core/zone/zone.h"

static struct pb_slot *area_slot(struct pb_zone *zone, unsigned long index)
{
	return pb_slot(zone->pool, pb_block_pfn(zone, index));
}

static bool may_isolate(enum pb_migratetype mt)
{
	return mt < PB_PCPTYPES || mt == PB_CMA;
}

/* In place of a migratetype: the one that a pageblock had before. */
#define SAVED_TYPE	PB_NR_MIGRATETYPES

/* UN1, UN2 */
static void unisolate_block(struct pb_zone *zone, unsigned long index, enum pb_migratetype mt)
{
	struct pb_slot *slot = area_slot(zone, index);
	unsigned long old = READ_ONCE(slot->word), new;

	do {
		if (pb_slot_migratetype(old) != PB_ISOLATE)
			break;
		new = mt == SAVED_TYPE ? pb_slot_saved_migratetype(old) : mt;
	} while (!try_cmpxchg(&slot->word, &old, (old & ~PB_SLOT_FLAGS_MASK) | new));
	preempt_disable();
	pb_block_reindex(zone, index);
	preempt_enable();
}

/* IS1, IS2 */
static bool isolate_block(struct pb_zone *zone, unsigned long index)
{
	struct pb_slot *slot = pb_zone_slot(zone, index);
	unsigned long old, new;

	if (!slot)
		return false;
	old = READ_ONCE(slot->word);
	do {
		if (!may_isolate(pb_slot_migratetype(old)))
			return false;
		new = (old & ~PB_SLOT_FLAGS_MASK) | PB_ISOLATE |
		      (unsigned long)pb_slot_migratetype(old) << PB_SLOT_SAVED_SHIFT;
	} while (!try_cmpxchg(&slot->word, &old, new));
	preempt_disable();
	pb_block_reindex(zone, index);
	preempt_enable();
	return true;
}

/**
 * pb_area_isolate - isolate the pageblocks of an area from other allocations
 * @zone: the zone
 * @area: the area
 *
 * Context: any. Return: false when one of the pageblocks is a hole, is isolated by another
 * compaction, or has a type that is not isolated; none is isolated then.
 */
bool pb_area_isolate(struct pb_zone *zone, const struct pb_area *area)
{
	unsigned long i;

	for (i = area->first; i < area->first + area->nr; i++) {
		if (isolate_block(zone, i))
			continue;
		while (i-- > area->first)
			unisolate_block(zone, i, SAVED_TYPE);
		return false;
	}
	return true;
}
EXPORT_SYMBOL_PB_TEST(pb_area_isolate);

/**
 * pb_area_unisolate_as - end the isolation of an area's pageblocks with another migratetype
 * @zone: the zone
 * @area: the area
 * @mt: migratetype they get
 *
 * Context: any.
 */
void pb_area_unisolate_as(struct pb_zone *zone, const struct pb_area *area,
			  enum pb_migratetype mt)
{
	unsigned long i;

	for (i = area->first; i < area->first + area->nr; i++)
		unisolate_block(zone, i, mt);
}
EXPORT_SYMBOL_PB_TEST(pb_area_unisolate_as);

/**
 * pb_area_unisolate - end the isolation of an area's pageblocks, each of which keeps its type
 * @zone: the zone
 * @area: the area
 *
 * Context: any.
 */
void pb_area_unisolate(struct pb_zone *zone, const struct pb_area *area)
{
	pb_area_unisolate_as(zone, area, SAVED_TYPE);
}
EXPORT_SYMBOL_PB_TEST(pb_area_unisolate);

/* Whether the frame is part of a block whose head is before it, possibly in another pageblock. */
static bool covered(struct pb_pool *pool, unsigned long pfn)
{
	unsigned int order;
	unsigned long head;

	for (order = 1; order <= PB_MAX_ORDER; order++) {
		head = round_down(pfn, 1UL << order);
		if (head == pfn)
			continue;
		if (!pb_slot_lookup(pool, head))
			return false;
		if (pb_frame_taken(pb_peek(pb_order_byte(pool, head))) > order)
			return true;
	}
	return false;
}

static void survey_block(struct pb_zone *zone, struct pb_pageblock *block, unsigned long pfn,
			 const struct pb_area *area, struct pb_survey *out)
{
	unsigned int i = area->frame, end = i + area->frames, size;
	u8 byte;

	pb_count_visit();
	while (i < end) {
		byte = pb_peek(&block->order[i]);
		if (byte & PB_FRAME_ORDER_MASK) {
			size = 1U << (pb_frame_taken(byte) - 1);
			if (pb_frame_freed(byte) || pb_frame_moving(byte))
				out->loose += size;
			else if (byte & PB_FRAME_MOVABLE)
				out->movable += size;
			else
				out->pinned += size;
			i += size;
			continue;
		}
		if (atomic64_read(&block->free[i / PB_WORD_NR]) & BIT_ULL(i % PB_WORD_NR))
			out->free++;
		else
			out->loose++;
		i++;
	}
	/* No head, and not all free: the inside of a larger block, or frames in caches. */
	if (out->loose && covered(zone->pool, pfn + area->frame))
		out->pinned += area->frames;
}

/**
 * pb_area_survey - scan the contents of an area
 * @zone: the zone
 * @area: the area
 * @out: set to the result
 *
 * A snapshot without a lock: reads bytes of the page order map that their owners may be writing.
 *
 * Context: any. Return: false when part of it is a hole or another zone's.
 */
bool pb_area_survey(struct pb_zone *zone, const struct pb_area *area, struct pb_survey *out)
{
	struct pb_slot *slot;
	unsigned long i;

	memset(out, 0, sizeof(*out));
	for (i = area->first; i < area->first + area->nr; i++) {
		slot = i < zone->nr_blocks ? pb_zone_slot(zone, i) : NULL;
		if (!slot)
			return false;
		survey_block(zone, pb_slot_block(READ_ONCE(slot->word)), pb_block_pfn(zone, i),
			     area, out);
	}
	return true;
}
EXPORT_SYMBOL_PB_TEST(pb_area_survey);

/* Allocates n frames, a power of two and aligned to it; all or none. */
static bool take_frames(struct pb_pageblock *block, unsigned int frame, unsigned int n)
{
	u64 mask = n < PB_WORD_NR ? ((1ULL << n) - 1) << (frame % PB_WORD_NR) : ~0ULL;
	unsigned int i, first = frame / PB_WORD_NR, last = (frame + n - 1) / PB_WORD_NR;
	s64 old;

	for (i = first; i <= last; i++) {
		old = atomic64_read(&block->free[i]);
		do {
			if ((old & mask) != mask)
				goto undo;
		} while (!atomic64_try_cmpxchg(&block->free[i], &old, old & ~mask));
	}
	return true;
undo:
	while (i-- > first)
		atomic64_fetch_or(mask, &block->free[i]);
	return false;
}

/* Frees the area's frames in its first nr pageblocks, without counting them. */
static void untake(struct pb_zone *zone, const struct pb_area *area, unsigned long nr)
{
	while (nr--)
		pb_block_release(pb_slot_block(READ_ONCE(area_slot(zone, area->first + nr)->word)),
				 area->frame, ilog2(area->frames));
}

/**
 * pb_area_take - allocate every frame of an area
 * @zone: the zone
 * @area: an area that the caller has isolated
 * @rq: the request whose watermarks apply, or NULL: down to the last page
 *
 * An area that is wholly in contiguous areas does not reduce the reserve of other requests.
 *
 * Context: any; preemption off. Return: false when a frame is not free, or the zone would fall
 * below the watermark; nothing is allocated then.
 */
bool pb_area_take(struct pb_zone *zone, const struct pb_area *area, const struct pb_request *rq)
{
	unsigned long pages = pb_area_pages(area), cma = 0, i, word;
	struct pb_request with_cma;

	pb_assert_preempt_off();
	for (i = 0; i < area->nr; i++) {
		word = READ_ONCE(area_slot(zone, area->first + i)->word);
		if (!take_frames(pb_slot_block(word), area->frame, area->frames)) {
			untake(zone, area, i);
			return false;
		}
		if (pb_slot_is_cma(word))
			cma += area->frames;
	}
	if (rq && cma == pages) {
		with_cma = *rq;
		with_cma.flags |= PB_ALLOC_CMA;
		rq = &with_cma;
	}
	if (!pb_zone_account_claim(zone, pages, pages, rq)) {
		untake(zone, area, area->nr);
		return false;
	}
	/* After nr_free, as in every allocation. */
	if (cma)
		atomic_long_sub(cma, &zone->nr_free_cma);
	return true;
}
EXPORT_SYMBOL_PB_TEST(pb_area_take);
