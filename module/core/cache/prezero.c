// SPDX-License-Identifier: GPL-2.0-only
/*
 * Prezeroing: allocates idle pageblocks, zeroes them, sets their zeroed bits and frees them. Words
 * that are zero already are left alone.
 * zeroed.c explains the zeroed bits.
 *
 * pool->prezero_percent bounds the prezeroed part of a zone. The node thread makes a run over
 * a zone, pageblock by pageblock, and can stop after any of them. A run terminates, because
 * it looks at each pageblock once.
 *
 * Pausing
 * -------
 * A pageblock that is being zeroed may be the one that a request for contiguous pages lacks, and
 * compaction takes it for one that cannot be emptied. So a request that may sleep pauses prezeroing
 * before it takes memory from others, and waits until no pageblock is being zeroed. So does a
 * resize that moves blocks:
 *
 *   prezero:  PZ1 increment ->prezeroing      pause:  PP1 increment ->prezero_paused
 *             PZ2 read ->prezero_paused               PP2 read ->prezeroing, until it is 0
 *             PZ3 allocate, zero and free, or not     PP3 search again
 *             PZ4 decrement ->prezeroing
 *
 * PZ1, PZ4 and PP1 are full barriers, PP2 is an acquire. If PZ2 does not see PP1, PP2 sees PZ1 and
 * waits for PZ4, after which PP3 sees the pageblock free (litmus: prezero-pause). A pause delays
 * prezeroing, which no request needs, so it may last as long as the request.
 */
#include "core/base/pfn.h"
#include "core/base/request.h"
#include "core/cache/freelist.h"
#include "core/cache/pcp_zeroed.h"
#include "core/cache/prezero.h"
#include "core/cache/zeroed.h"
#include "core/index/bitmap.h"
#include "core/index/pageblock.h"
#include "core/zone/watermark.h"
#include "core/zone/zone.h"

/* Most ticks to wait for pageblocks that are being zeroed; one takes less than a tick. */
#define PAUSE_TICKS	64

/* Reports the first frame of an allocation that is still in use; all of them are set aside then. */
static bool in_use(struct pb_zone *zone, unsigned long pfn, unsigned long nr)
{
	const u8 *order_map = pb_order_map(zone->pool, pfn), *used = memchr_inv(order_map, 0, nr);

	if (likely(!used))
		return false;
	pb_set_aside(zone, pfn + (used - order_map), 0);
	return true;
}

/* Allocates this pageblock, sets its order, and @words to those of its words that are zero. */
static bool alloc_idle(struct pb_zone *zone, unsigned long index, enum pb_migratetype mt,
		       struct pb_pageblock *pageblock, unsigned long *words)
{
	/* Above the high watermark, so that no request misses the pageblock while it is zeroed. */
	const struct pb_request rq = {
		.highest_zone = PB_ZONE_MOVABLE,
		.flags = PB_ALLOC_WMARK_HIGH | (mt == PB_CMA ? PB_ALLOC_CMA : PB_ALLOC_WMARK_MIN),
	};
	unsigned long pfn = pb_pageblock_pfn(zone, index);
	bool allocated = false;

	if (!pb_zone_watermark_ok(zone, PB_PAGEBLOCK_NR, rq.highest_zone, rq.flags))
		return false;
	preempt_disable();
	if (!pb_zone_alloc_pageblock_at(zone, index, mt, &rq))
		goto out;
	*words = pb_zeroed_words(zone, index);
	pb_zeroed_test_and_clear(zone, pfn, PB_PAGEBLOCK_NR);
	if (unlikely(in_use(zone, pfn, PB_PAGEBLOCK_NR)))
		goto out;
	pageblock->order_map[0] = PB_PAGEBLOCK_ORDER + 1;
	allocated = true;
out:
	preempt_enable();
	return allocated;
}

/* Allocates the next free pageblock that is not prezeroed, and sets @words as alloc_idle(). */
static struct pb_pageblock *alloc_next_idle(struct pb_prezero *run, enum pb_migratetype mt,
					    unsigned long *words)
{
	struct pb_zone *zone = run->zone;
	struct pb_pageblock *pageblock;
	unsigned long index, value;

	while (run->left) {
		index = pb_bitmap_next(&zone->area[mt].free_pageblocks, run->index);
		if (index == PB_NO_PAGEBLOCK)
			break;
		run->index = index + 1;
		value = READ_ONCE(pb_dir_entry(zone->pool, pb_pageblock_pfn(zone, index))->value);
		pageblock = pb_entry_pageblock(value);
		if (pb_entry_migratetype(value) != mt)
			continue;
		if (pb_zeroed_all(zone, index))
			run->left--;
		else if (alloc_idle(zone, index, mt, pageblock, words))
			return pageblock;
	}
	return NULL;
}

/* Zeroes the words of a pageblock that are not zero, neighbours together. */
static void zero_words(struct pb_zone *zone, unsigned long pfn, unsigned long words)
{
	unsigned int first, end;

	for (first = 0; first < PB_WORDS; first = end) {
		end = first + 1;
		if (words & BIT(first))
			continue;
		while (end < PB_WORDS && !(words & BIT(end)))
			end++;
		zone->pool->ops.zero(zone->pool, pfn + first * PB_WORD_NR,
				     (end - first) * PB_WORD_NR);
	}
}

/* Sets the zeroed bit of every word and frees the pageblock. */
static void free_zeroed(struct pb_zone *zone, unsigned long index, struct pb_pageblock *pageblock)
{
	unsigned long pfn = pb_pageblock_pfn(zone, index);

	preempt_disable();
	pageblock->order_map[0] = 0;
	pb_zeroed_set(zone, pfn, PB_PAGEBLOCK_NR);
	pb_zone_free_noevent(zone, pfn, PB_PAGEBLOCK_ORDER);
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

/* False when there is no more to do. */
static bool prezero_next(struct pb_prezero *run)
{
	struct pb_zone *zone = run->zone;
	struct pb_pageblock *pageblock;
	unsigned long words;

	for (; run->mt < PB_INDEXED_TYPES; run->mt++, run->index = 0) {
		pageblock = alloc_next_idle(run, run->mt, &words);
		if (!pageblock)
			continue;
		run->left--;
		zero_words(zone, pb_pageblock_pfn(zone, run->index - 1), words);
		free_zeroed(zone, run->index - 1, pageblock);
		pb_zone_event_add(zone, PB_PREZERO, 1);
		return true;
	}
	return false;
}

/**
 * pb_prezero_next - prezero one idle pageblock
 * @run: the run; its paused is set
 *
 * Only above the high watermark and within the zone's share. The pageblock is allocated to the
 * caller while it is zeroed, so verify and other readers see a consistent state.
 *
 * Context: process, sleeps.
 * Return: false when there is no more to do, or when prezeroing is paused; the caller can go on
 * later.
 */
bool pb_prezero_next(struct pb_prezero *run)
{
	struct pb_pool *pool = run->zone->pool;
	bool done = false;

	might_sleep();
	atomic_fetch_inc(&pool->prezeroing);			/* PZ1 */
	run->paused = atomic_read(&pool->prezero_paused);	/* PZ2 */
	if (!run->paused)
		done = prezero_next(run);			/* PZ3 */
	atomic_dec_return(&pool->prezeroing);			/* PZ4 */
	return done;
}
EXPORT_SYMBOL_PB_TEST(pb_prezero_next);

/**
 * pb_prezero_all - prezero as much of each zone as prezero_percent allows
 * @pool: the pool
 *
 * Goes on after a pause. Context: process, sleeps.
 * Return: false when a fatal signal has ended it.
 */
bool pb_prezero_all(struct pb_pool *pool)
{
	struct pb_prezero run;
	struct pb_zone *zone;

	pb_for_each_zone(zone, pool) {
		pb_prezero_start(&run, zone);
		while (pb_prezero_next(&run) || run.paused) {
			if (pb_fatal_signal())
				return false;
			if (run.paused)
				pb_wait_tick();
		}
	}
	return true;
}
EXPORT_SYMBOL_PB_TEST(pb_prezero_all);

/*
 * Adds a zeroed block to a list of this CPU, or frees it. As for every free, the migratetype is
 * read with preemption off: it may have changed while the block was zeroed.
 */
static void add_zeroed(struct pb_zone *zone, unsigned int order, enum pb_migratetype mt,
		       unsigned long pfn)
{
	unsigned int block = max_t(unsigned int, order, PB_WORD_ORDER);
	struct pb_pcp *pcp;
	bool added = false;
	unsigned long value;

	preempt_disable();
	pcp = pb_this_cpu_ptr(zone->pcp);
	*pb_order_map(zone->pool, pfn) = 0;
	value = READ_ONCE(pb_dir_entry(zone->pool, pfn)->value);
	if (likely(pb_entry_migratetype(value) == mt) && pb_pcp_enter(pcp)) {
		added = pb_pcp_add_zeroed(pcp, pb_pcp_list(pcp, order, mt), order, pfn);
		pb_pcp_leave(pcp);
	}
	if (!added) {
		pb_zeroed_set(zone, pfn, 1UL << block);
		pb_zone_free_noevent(zone, pfn, block);
	}
	preempt_enable();
}

/* Zeroes blocks for one list of this CPU. */
static void fill_list(struct pb_zone *zone, unsigned int order, enum pb_migratetype mt)
{
	const struct pb_request rq = {
		.order = max_t(unsigned int, order, PB_WORD_ORDER),
		.highest_zone = PB_ZONE_MOVABLE,
		.flags = PB_ALLOC_WMARK_HIGH | PB_ALLOC_WMARK_MIN,
	};
	unsigned long pfn, nr = 1UL << rq.order;
	bool zeroed = false;

	if (!pb_zone_watermark_ok(zone, nr, rq.highest_zone, rq.flags))
		return;
	preempt_disable();
	pfn = pb_zone_alloc(zone, rq.order, mt, &rq);
	if (pfn != PB_NO_PFN) {
		zeroed = pb_zeroed_test_and_clear(zone, pfn, nr);
		if (unlikely(in_use(zone, pfn, nr)))
			pfn = PB_NO_PFN;
		else
			*pb_order_map(zone->pool, pfn) = rq.order + 1;
	}
	preempt_enable();
	if (pfn == PB_NO_PFN)
		return;
	if (!zeroed)
		zone->pool->ops.zero(zone->pool, pfn, nr);
	add_zeroed(zone, order, mt, pfn);
}

/**
 * pb_prezero_wanted - whether pb_prezero_fill() on a CPU would fill a list
 * @zone: the zone
 * @cpu: any CPU
 *
 * Context: any; a hint.
 * Return: whether a list of the CPU had no zeroed block for a request.
 */
bool pb_prezero_wanted(struct pb_zone *zone, int cpu)
{
	return pb_hint(pb_per_cpu_ptr(zone->pcp, cpu)->zeroed_wanted);
}
EXPORT_SYMBOL_PB_TEST(pb_prezero_wanted);

/**
 * pb_prezero_fill - zero blocks for the lists of this CPU that lacked some
 * @zone: the zone
 *
 * Blocks of orders up to 9, a word of each order within a word. Requests that found no zeroed block
 * decide which lists are filled. Only above the high watermark, and as far as the lists may hold
 * more. As pb_prezero_next() it does nothing while prezeroing is paused.
 *
 * Context: process, sleeps; bound to the CPU.
 */
void pb_prezero_fill(struct pb_zone *zone)
{
	struct pb_pool *pool = zone->pool;
	unsigned int order, mt;
	struct pb_pcp *pcp;
	u64 wanted;

	might_sleep();
	if (!READ_ONCE(pool->prezero_percent) || !pool->ops.zero)
		return;
	atomic_fetch_inc(&pool->prezeroing);				/* PZ1 */
	if (!atomic_read(&pool->prezero_paused)) {			/* PZ2 */
		preempt_disable();
		pcp = pb_this_cpu_ptr(zone->pcp);
		wanted = READ_ONCE(pcp->zeroed_wanted);
		WRITE_ONCE(pcp->zeroed_wanted, 0);
		preempt_enable();
		pb_for_each_pcp_list(order, mt)
			if (wanted & BIT_ULL(PB_PCP_LIST_NR(order, mt)) &&
			    order <= PB_PAGEBLOCK_ORDER)
				fill_list(zone, order, mt);		/* PZ3 */
	}
	atomic_dec_return(&pool->prezeroing);				/* PZ4 */
}
EXPORT_SYMBOL_PB_TEST(pb_prezero_fill);

/**
 * pb_prezero_pause - begin no more prezeroing, and wait for the end of what has begun
 * @pool: the pool
 *
 * The wait ends after a bounded time, and on a fatal signal. Prezeroing stays paused until
 * pb_prezero_resume(), which the caller must call in either case. It searches again first: a
 * pageblock may have been prezeroed until now.
 *
 * Context: process, may sleep.
 */
void pb_prezero_pause(struct pb_pool *pool)
{
	unsigned int ticks = 0;

	might_sleep();
	atomic_fetch_inc(&pool->prezero_paused);		/* PP1 */
	while (atomic_read_acquire(&pool->prezeroing)) {	/* PP2 */
		if (ticks++ == PAUSE_TICKS || pb_fatal_signal())
			break;
		pb_wait_tick();
	}
}
EXPORT_SYMBOL_PB_TEST(pb_prezero_pause);

/**
 * pb_prezero_resume - end a pause
 * @pool: the pool
 *
 * Prezeroing goes on when the last of several pauses has ended.
 *
 * Context: any.
 */
void pb_prezero_resume(struct pb_pool *pool)
{
	atomic_dec(&pool->prezero_paused);
}
EXPORT_SYMBOL_PB_TEST(pb_prezero_resume);
