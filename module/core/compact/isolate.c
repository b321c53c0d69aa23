// SPDX-License-Identifier: GPL-2.0-only
/*
 * Areas that are to become one free block: isolated, looked through, taken, given back.
 *
 * An isolated pageblock has the migratetype PB_ISOLATE, keeps its own beside it in the directory
 * entry, and is in no index: what is freed into it goes to its bitmap and stays there. As
 * start_isolate_page_range() in mm/page_isolation.c, without its lock:
 *
 *   isolate:    IS1 write the entry     free:   FR1 set bits in the word
 *               IS2 read the key                FR2 read the key, write it: UP1 of free_area.c
 *                                               FR3 read the entry again
 *
 *   unisolate:  UN1 write the entry     free:   FR1 set bits in the word
 *               UN2 read the words              FR4 read the entry
 *
 * All writes but the key's are value-returning atomics, and UP1 is followed by smp_mb(). If IS2
 * reads the key from before UP1, FR3 sees the isolation and takes the pageblock out of the index
 * again (litmus: isolate-index). If FR4 still sees the isolation and leaves the frames out of the
 * index, UN2 sees the frames and puts them in (litmus: isolate-free). So nothing that is freed
 * into an isolated pageblock is lost.
 *
 * A claim that read the old migratetype just before IS1 may still take frames just after it, and a
 * free may put some into a CPU's cache. Both do so with preemption off: once each CPU has been
 * through a drain (ops->drain_all), that is over and the frames have come back. Isolation is there
 * for progress alone; what makes it safe to hand the area out is that pb_area_take() claims every
 * frame of it from the bitmap, like any other claim.
 *
 * While a pageblock is isolated its free frames still count as the zone's. verify can run at any
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
 * pb_area_isolate - keep everybody else from taking frames of an area's pageblocks
 * @zone: the zone
 * @area: the area
 *
 * Context: any. Return: false when one of the pageblocks is a hole, isolated by somebody else, or
 * of a type that is not touched; none is isolated then.
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

/* Does a block that begins before this frame, in this pageblock or an earlier one, cover it? */
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
	/* Not one head, and not all free: the inside of a larger block, or all in caches. */
	if (out->loose && covered(zone->pool, pfn + area->frame))
		out->pinned += area->frames;
}

/**
 * pb_area_survey - what is in an area?
 * @zone: the zone
 * @area: the area
 * @out: filled
 *
 * A snapshot without a lock: reads order bytes that their owners may be writing.
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

/* Takes n frames from one frame on, a power of two and aligned to it; all or none. */
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

/* Gives back the first so many pageblocks' part of an area, without counting it. */
static void untake(struct pb_zone *zone, const struct pb_area *area, unsigned long nr)
{
	while (nr--)
		pb_block_release(pb_slot_block(READ_ONCE(area_slot(zone, area->first + nr)->word)),
				 area->frame, ilog2(area->frames));
}

/**
 * pb_area_take - claim every frame of an area
 * @zone: the zone
 * @area: an area this caller has isolated
 * @rq: the request whose marks count, or NULL: down to the last page
 *
 * What comes out of contiguous areas alone leaves the others' reserve as it is.
 *
 * Context: any; preemption off. Return: false when a frame is not free, or the zone would fall
 * below its mark; nothing is claimed then.
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
	/* After nr_free, as in every claim. */
	if (cma)
		atomic_long_sub(cma, &zone->nr_free_cma);
	return true;
}
EXPORT_SYMBOL_PB_TEST(pb_area_take);
