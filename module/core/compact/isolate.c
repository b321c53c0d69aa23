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
 * free may put frames into a CPU's cache. A drain of the caches (ops->drain_all) puts the frames
 * into the bitmaps, but for those of an allocation or free that its interrupt has interrupted: they
 * are left to the next drain. So areas are scanned and drained again, and isolation only serves
 * progress. Safety comes from pb_area_alloc(), which allocates every frame of the area from
 * the bitmaps, like every other allocation.
 *
 * The free frames of an isolated pageblock are not in the zone's free count, so that watermarks and
 * wake-ups go by the frames that requests can have (free_area.c has the protocol). verify can run
 * at any time.
 */
#include "core/base/pfn.h"
#include "core/cache/freelist.h"
#include "core/compact/isolate.h"
#include "core/compact/movable.h"
#include "core/index/free_area.h"
#include "core/index/pageblock.h"
#include "core/zone/zone.h"

static struct pb_dir_entry *area_entry(struct pb_zone *zone, unsigned long index)
{
	return pb_dir_entry(zone->pool, pb_pageblock_pfn(zone, index));
}

static bool may_isolate(enum pb_migratetype mt)
{
	return mt < PB_PCPTYPES || mt == PB_CMA;
}

/* In place of a migratetype: the one that a pageblock had before. */
#define SAVED_TYPE	PB_NR_MIGRATETYPES

/* UN1, UN2 */
static void unisolate_pageblock(struct pb_zone *zone, unsigned long index, enum pb_migratetype mt)
{
	struct pb_dir_entry *entry = area_entry(zone, index);
	unsigned long old, new;

	/* So that verify finds the type and the count of isolated pages changed, or neither. */
	preempt_disable();
	old = READ_ONCE(entry->value);
	do {
		if (pb_entry_migratetype(old) != PB_ISOLATE)
			break;
		/* Pageblocks of contiguous areas keep their type. */
		new = pb_entry_saved_migratetype(old);
		if (mt != SAVED_TYPE && new != PB_CMA)
			new = mt;
	} while (!try_cmpxchg(&entry->value, &old, (old & ~PB_ENTRY_FLAGS_MASK) | new));
	pb_index_update_isolated(zone, index);
	preempt_enable();
}

/* IS1, IS2. Preemption is off, so that the pageblock does not become another zone's. */
static bool isolate_pageblock(struct pb_zone *zone, unsigned long index)
{
	struct pb_dir_entry *entry = area_entry(zone, index);
	bool isolated = false;
	unsigned long old, new;

	preempt_disable();
	old = pb_zone_entry_value(zone, entry);
	while (!isolated && may_isolate(pb_entry_migratetype(old))) {
		new = (old & ~PB_ENTRY_FLAGS_MASK) | PB_ISOLATE |
		      (unsigned long)pb_entry_migratetype(old) << PB_ENTRY_SAVED_SHIFT;
		isolated = try_cmpxchg(&entry->value, &old, new);
	}
	if (isolated)
		pb_index_update(zone, index);
	preempt_enable();
	return isolated;
}

/**
 * pb_area_isolate - isolate the pageblocks of an area from other allocations
 * @zone: the zone
 * @area: the area
 *
 * Context: any.
 * Return: false when one of the pageblocks is a hole, is isolated by another compaction, or has a
 * type that is not isolated; none is isolated then.
 */
bool pb_area_isolate(struct pb_zone *zone, const struct pb_area *area)
{
	unsigned long i;

	for (i = area->first; i < area->first + area->nr; i++) {
		if (isolate_pageblock(zone, i))
			continue;
		while (i-- > area->first)
			unisolate_pageblock(zone, i, SAVED_TYPE);
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
		unisolate_pageblock(zone, i, mt);
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
		if (!pb_dir_lookup(pool, head))
			return false;
		if (pb_frame_scan_size(pb_peek(pb_order_map(pool, head))) > order)
			return true;
	}
	return false;
}

/* Whether all frames of a word are free. */
static bool word_is_free(const struct pb_pageblock *pageblock, unsigned int frame)
{
	const u64 *order_map = (const u64 *)&pageblock->order_map[frame];
	unsigned int i;

	if (atomic64_read(&pageblock->free[frame / PB_WORD_NR]) != -1)
		return false;
	for (i = 0; i < PB_WORD_NR / sizeof(*order_map); i++)
		if (pb_peek_word(&order_map[i]))
			return false;
	return true;
}

/* Up to this number, as far as they follow one another, of movable blocks of order 0, by eights. */
static unsigned int movable_singles(const u8 *order_map, unsigned int most)
{
	unsigned int nr = 0;

	while (nr + 8 <= most && pb_singles_are_movable(&order_map[nr]))
		nr += 8;
	return nr;
}

static void scan_pageblock(struct pb_zone *zone, struct pb_pageblock *pageblock, unsigned long pfn,
			   const struct pb_area *area, struct pb_area_scan *out)
{
	unsigned int i = area->frame, end = i + area->frames, size;
	u8 val;

	pb_count_visit();
	while (i < end) {
		if (!(i % PB_WORD_NR) && i + PB_WORD_NR <= end && word_is_free(pageblock, i)) {
			out->free += PB_WORD_NR;
			i += PB_WORD_NR;
			continue;
		}
		size = i % 8 ? 0 : movable_singles(&pageblock->order_map[i], end - i);
		if (size) {
			out->movable += size;
			i += size;
			continue;
		}
		val = pb_peek(&pageblock->order_map[i]);
		if (val & PB_FRAME_ORDER_MASK) {
			size = 1U << (pb_frame_scan_size(val) - 1);
			if (pb_frame_freed(val) || pb_frame_moving(val))
				out->in_flight += size;
			else if (val & PB_FRAME_MOVABLE)
				out->movable += size;
			else
				out->pinned += size;
			i += size;
			continue;
		}
		if (atomic64_read(&pageblock->free[i / PB_WORD_NR]) & BIT_ULL(i % PB_WORD_NR))
			out->free++;
		else
			out->in_flight++;
		i++;
	}
	/* No head, and not all free: the inside of a larger block, or frames in caches. */
	if (out->in_flight && covered(zone->pool, pfn + area->frame))
		out->pinned += area->frames;
}

/**
 * pb_area_scan - scan the contents of an area
 * @zone: the zone
 * @area: the area
 * @out: set to the result
 *
 * A snapshot without a lock: reads bytes of the page order map that their owners may be writing.
 *
 * Context: any.
 * Return: false when part of it is a hole or another zone's.
 */
bool pb_area_scan(struct pb_zone *zone, const struct pb_area *area, struct pb_area_scan *out)
{
	struct pb_dir_entry *entry;
	unsigned long i;

	memset(out, 0, sizeof(*out));
	for (i = area->first; i < area->first + area->nr; i++) {
		entry = i < zone->nr_pageblocks ? pb_zone_dir_entry(zone, i) : NULL;
		if (!entry)
			return false;
		scan_pageblock(zone, pb_entry_pageblock(READ_ONCE(entry->value)),
			       pb_pageblock_pfn(zone, i),
			       area, out);
	}
	return true;
}
EXPORT_SYMBOL_PB_TEST(pb_area_scan);

/* Allocates n frames, a power of two and aligned to it; all or none. */
static bool alloc_frames(struct pb_pageblock *pageblock, unsigned int frame, unsigned int n)
{
	u64 mask = n < PB_WORD_NR ? ((1ULL << n) - 1) << (frame % PB_WORD_NR) : ~0ULL;
	unsigned int i, first = frame / PB_WORD_NR, last = (frame + n - 1) / PB_WORD_NR;
	s64 old;

	for (i = first; i <= last; i++) {
		old = atomic64_read(&pageblock->free[i]);
		do {
			if ((old & mask) != mask)
				goto undo;
		} while (!atomic64_try_cmpxchg(&pageblock->free[i], &old, old & ~mask));
	}
	return true;
undo:
	while (i-- > first)
		atomic64_fetch_or(mask, &pageblock->free[i]);
	return false;
}

/* Takes frames out of those that isolated pages are counted by; with a negative number: back. */
static void count_area(struct pb_zone *zone, unsigned long index, int frames)
{
	atomic_sub(frames, &zone->isolated[index]);
	atomic_long_sub(frames, &zone->nr_isolated);
}

/*
 * Allocates the area's frames in a pageblock; all or none. They leave the pageblock's isolated
 * frames, not the zone's free ones, and do so first: an updater that found them allocated and still
 * counted would take them for frames whose allocation subtracts them from nr_free, and add them to
 * it. One that finds them free and no longer counted only subtracts them, until the next update.
 */
static bool alloc_counted(struct pb_zone *zone, const struct pb_area *area, unsigned long index,
			  struct pb_pageblock *pageblock)
{
	count_area(zone, index, area->frames);
	if (alloc_frames(pageblock, area->frame, area->frames))
		return true;
	count_area(zone, index, -(int)area->frames);
	return false;
}

/* Frees the area's frames in its first nr pageblocks, and counts them as isolated after that. */
static void undo_alloc(struct pb_zone *zone, const struct pb_area *area, unsigned long nr)
{
	unsigned long value, index;

	while (nr--) {
		index = area->first + nr;
		value = READ_ONCE(area_entry(zone, index)->value);
		pb_pageblock_free(pb_entry_pageblock(value), area->frame, ilog2(area->frames));
		count_area(zone, index, -(int)area->frames);
		pb_index_update(zone, index);
	}
}

/* Pages of a pageblock that its isolation takes out of the free count, without the area. */
static long rest_of_pageblock(struct pb_zone *zone, const struct pb_area *area)
{
	if (area->frames == PB_PAGEBLOCK_NR)
		return 0;
	return atomic_read(&zone->isolated[area->first]);
}

/*
 * Whether the zone is at its floor without the area, whose frames are in no free count. So the
 * allocation takes nothing from other requests, and needs no atomic check.
 */
static bool above_floor(struct pb_zone *zone, const struct pb_area *area,
			const struct pb_request *rq, bool cma)
{
	pb_alloc_flags_t flags = rq ? rq->flags | (cma ? PB_ALLOC_CMA : 0) :
				 PB_ALLOC_NO_WATERMARKS;
	long floor = pb_zone_floor(zone, pb_area_pages(area), rq ? rq->highest_zone : 0, flags);

	return floor <= 0 ||
	       pb_zone_free_pages(zone) + rest_of_pageblock(zone, area) >= floor;
}

/**
 * pb_area_alloc - allocate every frame of an area
 * @zone: the zone
 * @area: an area that the caller has isolated
 * @rq: the request whose watermarks apply, or NULL: down to the last page
 *
 * An area that is wholly in contiguous areas does not reduce the reserve of other requests. The
 * isolated pages beside an area in a pageblock count as free: they are when the isolation ends.
 *
 * Context: any; preemption off.
 * Return: 0; -EAGAIN: a frame is not free; -ENOMEM: the zone would fall below the watermark.
 * Nothing is allocated then.
 */
int pb_area_alloc(struct pb_zone *zone, const struct pb_area *area, const struct pb_request *rq)
{
	bool cma = true;
	unsigned long i, value;

	pb_assert_preempt_off();
	for (i = 0; i < area->nr; i++) {
		value = READ_ONCE(area_entry(zone, area->first + i)->value);
		if (!alloc_counted(zone, area, area->first + i, pb_entry_pageblock(value))) {
			/* It may have seen frames, and freed them again. */
			pb_index_update(zone, area->first + i);
			undo_alloc(zone, area, i);
			return -EAGAIN;
		}
		pb_index_update(zone, area->first + i);
		cma &= pb_entry_is_cma(value);
	}
	if (!above_floor(zone, area, rq, cma)) {
		undo_alloc(zone, area, area->nr);
		return -ENOMEM;
	}
	return 0;
}
EXPORT_SYMBOL_PB_TEST(pb_area_alloc);
