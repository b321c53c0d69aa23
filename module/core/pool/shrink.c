// SPDX-License-Identifier: GPL-2.0-only
/*
 * Take pageblocks off a pool that is in use. The reverse of grow.c.
 *
 * A pageblock leaves in three steps, the last two with preemption off, so that verify, which stops
 * all CPUs, never finds it in between:
 *
 *   SH1 empty it: the blocks in it are migrated while it is isolated, as for compaction. A free
 *       pageblock needs no isolation.
 *   SH2 allocate all of its frames, as every other allocation does, down to a watermark. So no
 *       other CPU has a frame of it: not allocated, not in a cache, not on its way.
 *   SH3 make its directory entry a hole, by compare-exchange. The pages are no longer present.
 *
 * Other CPUs may have read the entry before SH3 and go on afterwards, for as long as they like. No
 * grace period is needed, because a pageblock keeps its memory until the pool is destroyed:
 *
 *   - The words of its free bitmap are 0 and its part of the page order map is 0. An allocation
 *     finds nothing free. A free (it can only be a misuse) is refused. A scan sees frames in
 *     flight.
 *   - A reader that reads the entry twice, as pb_order_map() after pb_dir_lookup(), finds the same
 *     address: the hole keeps it.
 *   - An update of its index class reads the hole, or is repeated by the updater (free_area.c). A
 *     hole has the class 0 and no isolated pages.
 *   - CPUs that refill from it, or have a deferred update for it (cur, drained), read the entry
 *     again.
 *
 * When the pool grows again by this pageblock, the entry is written before the bits of the words
 * (GR2 before GR3 of grow.c), so a CPU with an old entry value can allocate a frame only after the
 * pageblock is present. (mc: shrink_alloc, shrink_grow_alloc, shrink_isolate)
 *
 * Pageblocks with the fewest pages to migrate are taken first: free ones, then those of the
 * emptiest class of the index, at last those in which nothing is free. Within a class the highest
 * PFNs come first, because allocations prefer low ones. Pageblocks of contiguous areas and of the
 * highatomic reserve stay. A frame with a memory error is allocated without an owner, so its
 * pageblock cannot be emptied and stays, too.
 *
 * Free pageblocks of one word of the index leave together, up to LEAVE_AT_ONCE: the counts and the
 * bitmap of free pageblocks change once for all of them.
 *
 * The caller serialises calls for a zone. The pool may grow meanwhile, by other memory. As
 * offline_pages() in mm/memory_hotplug.c.
 */
#include "core/alloc/alloc.h"
#include "core/base/pfn.h"
#include "core/cache/zeroed.h"
#include "core/compact/compact_zone.h"
#include "core/index/free_area.h"
#include "core/index/pageblock.h"
#include "core/pool/shrink.h"
#include "core/zone/blocks.h"
#include "core/zone/zone.h"

/* Pageblocks that leave with preemption off. */
#define LEAVE_AT_ONCE	8U

/*
 * Free pageblocks; partly free ones, from the emptiest class on; those that are in no bitmap of the
 * index, because nothing is free in them or they are isolated.
 */
#define STEP_FREE	0U
#define STEP_FULL	(PB_NR_FULLNESS + 1U)
#define NR_STEPS	(PB_NR_FULLNESS + 2U)

/**
 * pb_shrink_start - begin to take pageblocks off a zone
 * @run: initialised
 * @zone: the zone
 * @wmark: PB_ALLOC_WMARK_, the watermark that the zone keeps; or PB_ALLOC_NO_WATERMARKS
 * @move: migrate blocks out of pageblocks
 *
 * The caller may set @run->may then. Context: any.
 */
void pb_shrink_start(struct pb_shrink *run, struct pb_zone *zone, pb_alloc_flags_t wmark, bool move)
{
	*run = (struct pb_shrink) {
		.zone = zone,
		.rq = {
			.order = PB_PAGEBLOCK_ORDER,
			.migratetype = PB_MOVABLE,
			.highest_zone = zone->type,
			.nid = zone->nid,
			.flags = wmark,
		},
		.move = move,
		.left = zone->nr_pageblocks,
		.pinned_pfn = PB_NO_PFN,
	};
}
EXPORT_SYMBOL_PB_TEST(pb_shrink_start);

/* The step in which a pageblock is a candidate, by its index class. */
static unsigned int step_of(u16 class)
{
	int largest = pb_class_largest(class);

	if (largest == PB_PAGEBLOCK_ORDER)
		return STEP_FREE;
	return largest < 0 ? STEP_FULL : PB_NR_FULLNESS - pb_class_fullness(class);
}

/* SH3. False when the entry has another type than these. */
static bool make_hole(struct pb_dir_entry *entry, unsigned int types)
{
	unsigned long old = READ_ONCE(entry->value), new;
	enum pb_migratetype mt;

	do {
		mt = pb_entry_migratetype(old);
		if (!(BIT(mt) & types))
			return false;
		if (mt == PB_ISOLATE)
			mt = pb_entry_saved_migratetype(old);
		new = (old & ~PB_ENTRY_FLAGS_MASK) | PB_ENTRY_HOLE |
		      (unsigned long)mt << PB_ENTRY_SAVED_SHIFT;
	} while (!try_cmpxchg(&entry->value, &old, new));
	return true;
}

/* Makes a pageblock, whose frames this CPU has allocated, a hole; false: not, and they are free. */
static bool leave(struct pb_zone *zone, struct pb_dir_entry *entry, unsigned long index,
		  unsigned int types)
{
	const struct pb_pageblock *pageblock = pb_entry_pageblock(READ_ONCE(entry->value));
	unsigned long pfn = pb_pageblock_pfn(zone, index);

	pb_zeroed_test_and_clear(zone, pfn, PB_PAGEBLOCK_NR);
	if (unlikely(!pb_pageblock_unused(pageblock) &&
		     !pb_range_unused(zone, pfn, PB_PAGEBLOCK_NR)))
		return false;
	if (unlikely(!make_hole(entry, types))) {
		pb_zone_free_noevent(zone, pfn, PB_PAGEBLOCK_ORDER);
		return false;
	}
	WRITE_ONCE(zone->compact_skip[index], 0);
	return true;
}

/*
 * Takes pageblocks off whose frames this CPU has allocated. Returns those that have left; the
 * frames of the others, whose type is another one by now or of which one is in use, are free.
 */
static u64 leave_all(struct pb_zone *zone, unsigned long first, u64 mask, unsigned int types)
{
	struct pb_dir_entry *dir = pb_dir_entry(zone->pool, pb_pageblock_pfn(zone, first));
	u64 left, gone = mask;
	unsigned int i;
	long pages;

	pb_assert_preempt_off();
	for (left = mask; left; left &= left - 1) {
		i = __ffs64(left);
		if (unlikely(!leave(zone, &dir[i], first + i, types)))
			gone &= ~(left & -left);
	}
	pages = (long)hweight64(gone) << PB_PAGEBLOCK_ORDER;
	pb_zone_add_present(zone, -pages);
	pb_zone_event_add(zone, PB_SHRINK, pages);
	return gone;
}

/**
 * pb_shrink_leave - take a pageblock off whose frames this CPU has allocated
 * @zone: its zone
 * @pfn: its first PFN; its bytes of the page order map are 0
 * @types: migratetypes that it may have, BIT(mt) each
 *
 * Context: any; preemption off.
 * Return: false when its type is another one by now, or a frame is in use; all are free then.
 */
bool pb_shrink_leave(struct pb_zone *zone, unsigned long pfn, unsigned int types)
{
	unsigned long index = pb_pageblock_index(zone, pfn);

	return leave_all(zone, round_down(index, 64), BIT_ULL(index % 64), types);
}

/*
 * Whether the zone stays above the watermark without one more pageblock. Its free pages are as many
 * at least: what is allocated in the pageblock needs frames elsewhere.
 */
static bool above_watermark(struct pb_shrink *run)
{
	if (pb_zone_free_pages(run->zone) >= (long)PB_PAGEBLOCK_NR &&
	    pb_zone_watermark_ok(run->zone, PB_PAGEBLOCK_NR, run->rq.highest_zone, run->rq.flags))
		return true;
	run->watermark = true;
	return false;
}

/* Whether a pageblock with this entry value may be taken off. */
static bool may_take(struct pb_shrink *run, unsigned long index, unsigned long value)
{
	enum pb_migratetype mt = pb_entry_migratetype(value);

	if (mt == PB_ENTRY_HOLE)
		return false;
	if (mt == PB_ISOLATE) {
		run->nr_busy++;		/* of a compaction */
		return false;
	}
	if (!(BIT(mt) & PB_SHRINK_TYPES) ||
	    (run->may && !run->may(pb_pageblock_pfn(run->zone, index), run->arg))) {
		run->nr_refused++;
		return false;
	}
	return true;
}

/*
 * The candidates of this step that were not looked at yet, of the word of the index that begins
 * with @first, in which the run is. By its bitmaps, as a span may have many holes.
 */
static u64 candidates(struct pb_shrink *run, unsigned long first)
{
	struct pb_zone *zone = run->zone;
	u64 mask = run->step == STEP_FULL ? ~0ULL : 0;
	struct pb_bitmap *map;
	unsigned int mt;

	for (mt = 0; mt < PB_INDEXED_TYPES && run->step != STEP_FULL; mt++) {
		map = &zone->area[mt].free_pageblocks;
		if (run->step != STEP_FREE)
			map = &zone->area[mt].fullness[PB_NR_FULLNESS - run->step];
		mask |= READ_ONCE(*pb_bitmap_word(map, first));
	}
	return mask & (~0ULL >> (PB_WORD_NR - (run->left - first)));
}

/* Those candidates that come next, up to @nr. All have the type @mt, that of the first one. */
static u64 select_free(struct pb_shrink *run, unsigned long first, unsigned int nr,
		       enum pb_migratetype *mt)
{
	struct pb_zone *zone = run->zone;
	struct pb_dir_entry *dir = pb_dir_entry(zone->pool, pb_pageblock_pfn(zone, first));
	u64 left = candidates(run, first), mask = 0;
	unsigned long value;
	unsigned int i;

	while (nr && left) {
		i = fls64(left) - 1;
		value = pb_zone_entry_value(zone, &dir[i]);
		if (mask && pb_entry_migratetype(value) != *mt)
			break;
		left &= ~BIT_ULL(i);
		run->left = first + i;
		if (!may_take(run, first + i, value))
			continue;
		*mt = pb_entry_migratetype(value);
		mask |= BIT_ULL(i);
		nr--;
	}
	if (!left)
		run->left = first;
	return mask;
}

/* Takes free pageblocks off, of the word of the index in which the run is. */
static u64 take_free(struct pb_shrink *run, unsigned long first, unsigned int nr)
{
	struct pb_zone *zone = run->zone;
	enum pb_migratetype mt = PB_MOVABLE;
	u64 mask, taken;

	mask = select_free(run, first, min(nr, LEAVE_AT_ONCE), &mt);
	if (!mask)
		return 0;
	preempt_disable();
	taken = pb_zone_alloc_free_pageblocks(zone, first, mask, mt, &run->rq);
	if (likely(taken))
		taken = leave_all(zone, first, taken, PB_SHRINK_TYPES);
	preempt_enable();
	/* What the watermark has refused ends the run; a pageblock that is in use does not. */
	if (unlikely(taken != mask))
		above_watermark(run);
	return taken;
}

/* Called by compaction with the emptied, allocated pageblock. */
static void captured(struct pb_zone *zone, unsigned long pfn, unsigned long nr_pages, void *taken)
{
	*(bool *)taken = pb_shrink_leave(zone, pfn, BIT(PB_ISOLATE));
}

static bool take_emptied(struct pb_shrink *run, unsigned long index)
{
	struct pb_area area = { .first = index, .nr = 1, .frames = PB_PAGEBLOCK_NR };
	bool taken = false;
	struct pb_capture capture = {
		.rq = &run->rq, .alloc = captured, .arg = &taken, .pfn = PB_NO_PFN,
	};
	struct pb_compact_control cc;

	pb_compact_control_init(&cc, run->zone, PB_PAGEBLOCK_ORDER, PB_MIGRATE_SYNC);
	/* Free pageblocks that stay may be filled, and so may emptier ones. */
	cc.to_free_pageblock = true;
	cc.limit = PB_NR_FULLNESS - 1;
	pb_compact_area(&cc, &area, &capture);
	if (pb_fatal_signal())
		run->killed = true;
	return taken;
}

/* Head of the block above the pageblock's order that a pageblock is part of; else its first PFN. */
static unsigned long head_of(struct pb_pool *pool, unsigned long pfn)
{
	unsigned int order;
	unsigned long head;

	for (order = PB_PAGEBLOCK_ORDER + 1; order <= PB_MAX_ORDER; order++) {
		head = round_down(pfn, 1UL << order);
		if (!pb_dir_lookup(pool, head))
			break;
		if (pb_frame_size(pb_peek(pb_order_map(pool, head))) > order)
			return head;
	}
	return pfn;
}

/* A block in the pageblock without these flags. */
static unsigned long find_block(struct pb_pool *pool, unsigned long pfn, u8 flags)
{
	unsigned long value = READ_ONCE(pb_dir_entry(pool, pfn)->value);
	const struct pb_pageblock *pageblock = pb_entry_pageblock(value);
	unsigned int i;
	u8 val;

	for (i = 0; i < PB_PAGEBLOCK_NR; i++) {
		val = pb_peek(&pageblock->order_map[i]);
		if (pb_frame_size(val) && !(val & flags))
			return pfn + i;
	}
	return head_of(pool, pfn);
}

/* Notes a block that is in the way, once: it may be in several pageblocks. */
static void note_blocked(struct pb_blocked *blocked, unsigned long pfn)
{
	unsigned int i;

	if (!blocked || blocked->nr == PB_BLOCKED_MAX)
		return;
	for (i = 0; i < blocked->nr; i++)
		if (blocked->pfn[i] == pfn)
			return;
	blocked->pfn[blocked->nr++] = pfn;
}

static void count_pinned(struct pb_shrink *run, unsigned long pfn)
{
	unsigned long block = find_block(run->zone->pool, pfn, PB_FRAME_MOVABLE);

	run->nr_pinned++;
	if (run->pinned_pfn == PB_NO_PFN)
		run->pinned_pfn = block;
	note_blocked(run->blocked, block);
}

/* Whether a pageblock belongs to a later step: its class in the index may have been out of date. */
static bool costs_more(struct pb_shrink *run, unsigned long index)
{
	preempt_disable();
	pb_index_update(run->zone, index);
	preempt_enable();
	return step_of(READ_ONCE(run->zone->ctl[index].index_class)) > run->step;
}

/* Migrates what is in a pageblock, and takes it off. */
static bool take_used(struct pb_shrink *run, unsigned long index)
{
	unsigned long pfn = pb_pageblock_pfn(run->zone, index);
	struct pb_area area = { .first = index, .nr = 1, .frames = PB_PAGEBLOCK_NR };
	struct pb_area_scan scan;

	if (costs_more(run, index) || !pb_area_scan(run->zone, &area, &scan))
		return false;
	if (scan.pinned || (scan.movable && !run->zone->pool->ops.migrate)) {
		count_pinned(run, pfn);
		return false;
	}
	if (!above_watermark(run))
		return false;
	if (take_emptied(run, index))
		return true;
	run->nr_busy++;
	note_blocked(run->blocked, find_block(run->zone->pool, pfn, 0));
	return false;
}

/* Takes off the next candidates in the word of the index that begins with @first, if any. */
static u64 take_next(struct pb_shrink *run, unsigned long first, unsigned int nr)
{
	struct pb_zone *zone = run->zone;
	unsigned long index;
	u64 mask;

	if (run->step == STEP_FREE)
		return take_free(run, first, nr);
	for (mask = candidates(run, first); mask; mask &= BIT_ULL(index - first) - 1) {
		index = first + fls64(mask) - 1;
		if (step_of(READ_ONCE(zone->ctl[index].index_class)) != run->step)
			continue;
		run->left = index;
		if (may_take(run, index, pb_zone_pageblock_value(zone, index)))
			return take_used(run, index) ? BIT_ULL(index - first) : 0;
	}
	run->left = first;
	return 0;
}

/* At the watermark all that is in use is in the way: notes blocks of the highest pageblocks. */
static void note_used(struct pb_shrink *run)
{
	struct pb_zone *zone = run->zone;
	unsigned long index = zone->nr_pageblocks, pfn;
	struct pb_dir_entry *entry;

	while (run->blocked && index && run->blocked->nr < PB_BLOCKED_MAX) {
		/* There may be many holes. */
		if (run->move && !(index % PB_SECTION_PAGEBLOCKS))
			cond_resched();
		entry = pb_zone_dir_entry(zone, --index);
		if (!entry || pb_entry_migratetype(READ_ONCE(entry->value)) == PB_ENTRY_HOLE ||
		    step_of(READ_ONCE(zone->ctl[index].index_class)) == STEP_FREE)
			continue;
		pfn = pb_pageblock_pfn(zone, index);
		if (run->may && !run->may(pfn, run->arg))
			continue;
		pfn = find_block(zone->pool, pfn, 0);
		if (pb_page_order(zone->pool, pfn) >= 0)
			note_blocked(run->blocked, pfn);
		if (run->move)
			cond_resched();
	}
}

static bool next_step(struct pb_shrink *run)
{
	run->left = run->zone->nr_pageblocks;
	return ++run->step < (run->move ? NR_STEPS : STEP_FREE + 1);
}

/**
 * pb_shrink_next_many - take the pageblocks off a zone that cost least
 * @run: the run
 * @nr: number of pageblocks, at most; not 0
 * @pfn: set to the first PFN of the pageblock of bit 0
 *
 * None of their frames is free or allocated any more: they are the caller's. Those that are not
 * wanted after all go back by pb_shrink_undo(). The watermarks are not changed; call
 * pb_setup_per_zone_wmarks() at the end of the run.
 *
 * Context: with @run->move process, may sleep, killable; else any. One caller at a time.
 * Return: the pageblocks, one bit each; 0 when no more can be taken, and @run says why.
 */
u64 pb_shrink_next_many(struct pb_shrink *run, unsigned int nr, unsigned long *pfn)
{
	struct pb_pool *pool = run->zone->pool;
	unsigned long first;
	u64 taken;

	if (run->move && !run->drained && pool->ops.drain_all) {
		pool->ops.drain_all(pool);
		run->drained = true;
	}
	do {
		while (run->left && !run->watermark && !run->killed) {
			first = round_down(run->left - 1, PB_WORD_NR);
			taken = take_next(run, first, nr);
			if (taken) {
				*pfn = pb_pageblock_pfn(run->zone, first);
				return taken;
			}
			if (run->move)
				cond_resched();
		}
	} while (!run->watermark && !run->killed && next_step(run));
	if (run->watermark)
		note_used(run);
	return 0;
}
EXPORT_SYMBOL_PB_TEST(pb_shrink_next_many);

/**
 * pb_shrink_next - take the pageblock off a zone that costs least
 * @run: the run
 *
 * As pb_shrink_next_many().
 * Return: first PFN of the pageblock, or PB_NO_PFN.
 */
unsigned long pb_shrink_next(struct pb_shrink *run)
{
	unsigned long pfn;
	u64 taken = pb_shrink_next_many(run, 1, &pfn);

	return taken ? pfn + (__ffs64(taken) << PB_PAGEBLOCK_ORDER) : PB_NO_PFN;
}
EXPORT_SYMBOL_PB_TEST(pb_shrink_next);

/**
 * pb_shrink_undo - give a pageblock back to its zone
 * @zone: the zone
 * @pfn: first PFN of a pageblock that pb_shrink_next_many() took off this zone, unchanged
 *
 * All its frames are free, and it has its previous migratetype. Cannot fail. Context: as
 * pb_shrink_next() without move.
 */
void pb_shrink_undo(struct pb_zone *zone, unsigned long pfn)
{
	unsigned long value = READ_ONCE(pb_dir_entry(zone->pool, pfn)->value);

	pb_pool_add_pageblock(zone, pfn, pb_entry_saved_migratetype(value));
	pb_zone_event_add(zone, PB_SHRINK, -(long)PB_PAGEBLOCK_NR);
}
EXPORT_SYMBOL_PB_TEST(pb_shrink_undo);
