// SPDX-License-Identifier: GPL-2.0-only
/*
 * One zone: allocate blocks of one migratetype by order, and free them.
 *
 * There is no zone lock. An allocation finds a candidate pageblock in the index
 * (free_area.c) and allocates from its words (pageblock.c). When another CPU was faster, or the
 * candidate's bit is stale, it goes on to the next candidate and does not come back to this one.
 * The number of tries is bounded. Before a request fails, every pageblock is scanned without the
 * bitmaps of the index (scan.c).
 *
 * Allocations here change the free-page count. The page order map is set by the callers.
 */
#include "core/base/pfn.h"
#include "core/index/bitmap.h"
#include "core/index/free_area.h"
#include "core/index/pageblock.h"
#include "core/index/updates.h"
#include "core/zone/apart.h"
#include "core/zone/zone.h"

/* Candidates tried in each half of a class. */
#define ALLOC_TRIES	32

/* A credit is filled with 1 in 2^3 of a CPU's share of the pages above fast_watermark. */
#define CREDIT_SHARE	3

static int init_index(struct pb_zone *zone)
{
	unsigned long nr_groups = pb_nr_groups(zone->nr_pageblocks), words, *mem;
	unsigned int mt;

	zone->ctl = pb_meta_alloc(zone->nr_pageblocks *
				  (sizeof(*zone->ctl) + sizeof(*zone->isolated) +
				   sizeof(*zone->free_highatomic)) +
				  nr_groups * sizeof(*zone->touched), zone->nid);
	if (!zone->ctl)
		return -ENOMEM;
	zone->touched = (atomic_t *)(zone->ctl + zone->nr_pageblocks);
	zone->isolated = zone->touched + nr_groups;
	zone->free_highatomic = (u16 *)(zone->isolated + zone->nr_pageblocks);
	words = PB_INDEXED_TYPES * pb_free_area_words(zone->nr_pageblocks) +
		pb_bitmap_words(zone->nr_pageblocks * PB_WORDS);
	mem = pb_meta_alloc(words * sizeof(*mem), zone->nid);
	if (!mem) {
		pb_meta_free(zone->ctl);
		zone->ctl = NULL;
		return -ENOMEM;
	}
	zone->index_mem = mem;
	for (mt = 0; mt < PB_INDEXED_TYPES; mt++)
		mem = pb_free_area_init(&zone->area[mt], zone->nr_pageblocks, mem);
	pb_bitmap_init(&zone->zeroed, zone->nr_pageblocks * PB_WORDS, mem);
	return 0;
}

/**
 * pb_zone_init - make an empty zone
 * @zone: zeroed memory
 * @pool: the pool it belongs to
 * @nid: its node
 * @type: its kind
 * @start_pfn: start of its span
 * @end_pfn: end of its span, exclusive
 *
 * Context: may sleep.
 * Return: 0 or -ENOMEM.
 */
int pb_zone_init(struct pb_zone *zone, struct pb_pool *pool, int nid, enum pb_zone_type type,
		 unsigned long start_pfn, unsigned long end_pfn)
{
	zone->pool = pool;
	zone->nid = nid;
	zone->type = type;
	zone->barrier = type;
	zone->start_pfn = start_pfn;
	zone->end_pfn = end_pfn;
	zone->base_pfn = round_down(start_pfn, 1UL << PB_SECTION_ORDER);
	zone->nr_pageblocks = (end_pfn - zone->base_pfn) >> PB_PAGEBLOCK_ORDER;
	zone->updates_begun = pb_alloc_percpu(unsigned long);
	zone->updates_ended = pb_alloc_percpu(unsigned long);
	zone->credit = pb_alloc_percpu(struct pb_free_credit);
	if (!zone->updates_begun || !zone->updates_ended || !zone->credit)
		return -ENOMEM;
	zone->credit_shift = CREDIT_SHARE + order_base_2(pb_nr_cpus());
	return init_index(zone);
}

void pb_zone_destroy(struct pb_zone *zone)
{
	pb_free_percpu(zone->updates_begun);
	pb_free_percpu(zone->updates_ended);
	pb_free_percpu(zone->credit);
	pb_meta_free(zone->index_mem);
	pb_meta_free(zone->ctl);
	zone->updates_begun = NULL;
	zone->updates_ended = NULL;
	zone->credit = NULL;
	zone->index_mem = NULL;
	zone->ctl = NULL;
}

/* CPUs start at different pageblocks, so that they rarely allocate from the same one. */
unsigned long pb_zone_search_start(const struct pb_zone *zone)
{
	return zone->nr_pageblocks * pb_cpu_id() / pb_nr_cpus();
}

static void next_class(struct pb_block_search *search)
{
	search->step++;
	search->wrapped = false;
	search->tries = 0;
	search->left = 0;
}

/*
 * Each class is walked from @near or this CPU's place to the end, then from the beginning; free
 * pageblocks from the beginning only.
 */
static void next_half(struct pb_block_search *search, unsigned int steps)
{
	if (search->wrapped || search->step == steps) {
		next_class(search);
		return;
	}
	search->wrapped = true;
	search->tries = 0;
	search->left = 0;
}

/*
 * A word is read once and not for each of its pageblocks. Most candidates may be pageblocks that
 * other CPUs refill from, and those CPUs write the word.
 */
static unsigned long next_in_class(struct pb_zone *zone, enum pb_migratetype mt,
				   unsigned int order, struct pb_block_search *search)
{
	unsigned long from = 0, index;

	if (!search->wrapped)
		from = search->near ? search->near - 1 : pb_zone_search_start(zone);
	if (search->step == pb_free_area_steps(order))
		return pb_free_area_next_free(&zone->area[mt], search->tries, search->index);
	if (search->left) {
		index = round_down(search->index, PB_WORD_NR) + __ffs64(search->left);
		search->left &= search->left - 1;
		return index;
	}
	if (search->tries)
		from = round_down(search->index, PB_WORD_NR) + PB_WORD_NR;
	return pb_free_area_best(zone, mt, order, search->step, from, &search->left);
}

/**
 * pb_zone_next_pageblock - next candidate pageblock for a request
 * @zone: the zone
 * @order: 0 to 8
 * @mt: migratetype
 * @search: where the search stands; its index is that of the pageblock returned
 *
 * Walks the classes from the fullest that may serve to the emptiest and ends with a wholly
 * free one. The candidate has the right migratetype; whether it still has a block of the
 * order, the claim tells.
 *
 * Context: any.
 * Return: the pageblock, or NULL when there is no more.
 */
struct pb_pageblock *pb_zone_next_pageblock(struct pb_zone *zone, unsigned int order,
					    enum pb_migratetype mt, struct pb_block_search *search)
{
	struct pb_free_area *area = &zone->area[mt];
	unsigned int steps = pb_free_area_steps(order);
	unsigned long value;

	while (search->step <= steps) {
		if (search->step == steps && search->partly_free)
			break;
		if (search->step < steps &&
		    pb_bitmap_empty(pb_free_area_class(area, order, search->step))) {
			next_class(search);
			continue;
		}
		search->index = next_in_class(zone, mt, order, search);
		if (search->index == PB_NO_PAGEBLOCK) {
			next_half(search, steps);
			continue;
		}
		if (++search->tries == ALLOC_TRIES)
			next_half(search, steps);
		value = pb_zone_pageblock_value(zone, search->index);
		if (pb_entry_migratetype(value) == mt)
			return pb_entry_pageblock(value);
		pb_index_update(zone, search->index);
	}
	return NULL;
}
EXPORT_SYMBOL_PB_TEST(pb_zone_next_pageblock);

static unsigned long alloc_in_pageblock(struct pb_zone *zone, unsigned int order,
					enum pb_migratetype mt)
{
	struct pb_block_search search = {};
	struct pb_pageblock *pageblock;
	int frame;

	while ((pageblock = pb_zone_next_pageblock(zone, order, mt, &search))) {
		frame = pb_pageblock_alloc(pageblock, order);
		pb_index_update(zone, search.index);
		if (frame >= 0)
			return pb_pageblock_pfn(zone, search.index) + frame;
	}
	return PB_NO_PFN;
}

/* Allocates this pageblock if it is still free and of this type. */
static __always_inline bool alloc_pageblock_at(struct pb_zone *zone, unsigned long index,
					       enum pb_migratetype mt)
{
	unsigned long value = pb_zone_pageblock_value(zone, index);

	if (pb_entry_migratetype(value) == mt &&
	    pb_pageblock_alloc_whole(pb_entry_pageblock(value))) {
		pb_index_on_alloc(zone, index);
		return true;
	}
	pb_index_update(zone, index);
	return false;
}

static unsigned long alloc_pageblock(struct pb_zone *zone, enum pb_migratetype mt)
{
	unsigned long index = 0;
	unsigned int tries;

	for (tries = 0; tries < ALLOC_TRIES; tries++) {
		index = tries ? pb_free_area_next_free(&zone->area[mt], tries, index) :
				pb_apart_find_free(zone, mt);
		if (index == PB_NO_PAGEBLOCK)
			break;
		if (alloc_pageblock_at(zone, index, mt))
			return pb_pageblock_pfn(zone, index);
		pb_apart_met(zone);
	}
	return PB_NO_PFN;
}

/* Frees a block of order 0 to 9 to its bitmap without counting it. */
static unsigned long free_block_uncounted(struct pb_zone *zone, unsigned long pfn,
					  unsigned int order)
{
	struct pb_pageblock *pageblock =
		pb_entry_pageblock(READ_ONCE(pb_dir_entry(zone->pool, pfn)->value));
	unsigned long nr_double = pb_pageblock_free(pageblock, pb_frame_in_pageblock(pfn), order);

	pb_index_update(zone, pb_pageblock_index(zone, pfn));
	return nr_double;
}

/* Counts allocated pages, or frees them when the watermarks refuse them. */
static unsigned long account_or_undo(struct pb_zone *zone, unsigned long pfn, unsigned long pages,
				     const struct pb_request *rq)
{
	unsigned long end = pfn + pages;
	unsigned int order;

	if (likely(pb_zone_account_alloc(zone, pages, pages, rq)))
		return pfn;
	order = min_t(unsigned int, ilog2(pages), PB_PAGEBLOCK_ORDER);
	for (; pfn < end; pfn += 1UL << order)
		free_block_uncounted(zone, pfn, order);
	return PB_NO_PFN;
}

/**
 * pb_zone_alloc - allocate one block from pageblocks of one migratetype
 * @zone: the zone
 * @order: 0 to PB_MAX_ORDER
 * @mt: migratetype, below PB_INDEXED_TYPES
 * @rq: the request whose watermarks apply, or NULL: down to the last page
 *
 * Context: any; preemption off.
 * Return: PFN of the head, or PB_NO_PFN. As __rmqueue_smallest() in mm/page_alloc.c.
 */
unsigned long pb_zone_alloc(struct pb_zone *zone, unsigned int order, enum pb_migratetype mt,
			    const struct pb_request *rq)
{
	unsigned long pfn, nr;

	pb_assert_preempt_off();
	if (order > PB_PAGEBLOCK_ORDER) {
		nr = 1UL << (order - PB_PAGEBLOCK_ORDER);
		pfn = pb_zone_alloc_pageblocks(zone, nr, nr, mt, BIT(mt), rq);
	} else {
		pfn = order == PB_PAGEBLOCK_ORDER ? alloc_pageblock(zone, mt) :
						    alloc_in_pageblock(zone, order, mt);
		if (pfn != PB_NO_PFN)
			pfn = account_or_undo(zone, pfn, 1UL << order, rq);
	}
	/* After nr_free, and in the opposite order in a free, so that no floor is too low. */
	if (unlikely(mt == PB_CMA && pfn != PB_NO_PFN))
		atomic_long_sub(1L << order, &zone->nr_free_cma);
	return pfn;
}
EXPORT_SYMBOL_PB_TEST(pb_zone_alloc);

/**
 * pb_zone_alloc_block_at - allocate one block from a pageblock by its index
 * @zone: the zone
 * @index: its number within the zone
 * @order: 0 to 8
 * @align_order: alignment of the block; up to @order it has no effect
 * @types: migratetypes it may have, BIT(mt) each
 * @rq: the request whose watermarks apply
 *
 * Context: any; preemption off.
 * Return: PFN of the head, or PB_NO_PFN.
 */
unsigned long pb_zone_alloc_block_at(struct pb_zone *zone, unsigned long index, unsigned int order,
				     unsigned int align_order, unsigned int types,
				     const struct pb_request *rq)
{
	unsigned long pfn = pb_pageblock_pfn(zone, index);
	unsigned long value = pb_zone_entry_value(zone, pb_dir_entry(zone->pool, pfn));
	enum pb_migratetype mt = pb_entry_migratetype(value);
	int frame = -1;

	pb_assert_preempt_off();
	if (types & BIT(mt) && align_order > order)
		frame = pb_pageblock_alloc_aligned(pb_entry_pageblock(value), order, align_order);
	else if (types & BIT(mt))
		frame = pb_pageblock_alloc(pb_entry_pageblock(value), order);
	pb_index_update(zone, index);
	if (frame < 0)
		return PB_NO_PFN;
	pfn = account_or_undo(zone, pfn + frame, 1UL << order, rq);
	if (unlikely(mt == PB_CMA && pfn != PB_NO_PFN))
		atomic_long_sub(1L << order, &zone->nr_free_cma);
	return pfn;
}
EXPORT_SYMBOL_PB_TEST(pb_zone_alloc_block_at);

/**
 * pb_zone_alloc_pageblock_at - allocate a free pageblock by its index
 * @zone: the zone
 * @index: its number within the zone
 * @mt: its migratetype
 * @rq: the request whose watermarks apply, or NULL: down to the last page
 *
 * Context: any; preemption off.
 * Return: whether the pageblock was allocated.
 */
bool pb_zone_alloc_pageblock_at(struct pb_zone *zone, unsigned long index, enum pb_migratetype mt,
				const struct pb_request *rq)
{
	pb_assert_preempt_off();
	if (!alloc_pageblock_at(zone, index, mt) ||
	    account_or_undo(zone, pb_pageblock_pfn(zone, index), PB_PAGEBLOCK_NR, rq) == PB_NO_PFN)
		return false;
	if (unlikely(mt == PB_CMA))
		atomic_long_sub(PB_PAGEBLOCK_NR, &zone->nr_free_cma);
	return true;
}
EXPORT_SYMBOL_PB_TEST(pb_zone_alloc_pageblock_at);

/**
 * pb_zone_index_on_free - update the index after bits were set in a word of a free bitmap
 * @zone: the zone
 * @pfn: any PFN within the word
 * @mask: the bits
 * @old: the word before
 * @deferred: number of the pageblock that the caller has to update, + 1; 0 = none
 *
 * Reports bits that were set already as a double free.
 *
 * Context: any, NMI included; does not wait, see pb_index_update().
 * Return: PB_INDEX_OK, PB_INDEX_STALE or PB_INDEX_WHOLE: a deferred update is done.
 */
enum pb_index_state pb_zone_index_on_free(struct pb_zone *zone, unsigned long pfn, u64 mask,
					  u64 old, u32 deferred)
{
	struct pb_pageblock *pageblock =
		pb_entry_pageblock(READ_ONCE(pb_dir_entry(zone->pool, pfn)->value));
	unsigned long index = pb_pageblock_index(zone, pfn);
	enum pb_index_state state;

	if (unlikely(old & mask)) {
		pfn = round_down(pfn, PB_WORD_NR) + __ffs64(old & mask);
		zone->pool->ops.bad(zone->pool, PB_BAD_DOUBLE, pfn, 0, 0);
		pb_zone_account(zone, -(long)hweight64(old & mask));
	}
	state = pb_index_on_free(zone, index, pageblock, mask, old | mask, deferred == index + 1);
	if (likely(state != PB_INDEX_HIDES))
		return state;
	return pb_index_raise(zone, index,
			      &pageblock->free[pb_frame_in_pageblock(pfn) / PB_WORD_NR]) ?
	       PB_INDEX_WHOLE : PB_INDEX_OK;
}

/**
 * pb_zone_free_mask_unindexed - free frames of one word, without counting them
 * @zone: the zone
 * @pfn: any PFN within the word
 * @mask: the frames, bit 0 being the word's first
 * @deferred: as for pb_zone_index_on_free()
 *
 * The caller counts the pages of several calls together. When PB_INDEX_STALE is returned the caller
 * must call pb_index_update() for the pageblock, and may defer this.
 *
 * Context: any, NMI included; does not wait, see pb_index_update().
 * Return: as pb_zone_index_on_free().
 */
enum pb_index_state pb_zone_free_mask_unindexed(struct pb_zone *zone, unsigned long pfn, u64 mask,
						u32 deferred)
{
	unsigned long value = READ_ONCE(pb_dir_entry(zone->pool, pfn)->value);
	struct pb_pageblock *pageblock = pb_entry_pageblock(value);
	atomic64_t *word = &pageblock->free[pb_frame_in_pageblock(pfn) / PB_WORD_NR];
	u64 old;

	/* A full mask owns the whole word, so a plain exchange suffices. */
	old = mask == ~0ULL ? atomic64_xchg(word, -1) : atomic64_fetch_or(mask, word);
	/* Before the caller counts the pages, so that no floor is too low. */
	if (unlikely(pb_entry_is_cma(value)))
		atomic_long_add(hweight64(mask & ~old), &zone->nr_free_cma);
	return pb_zone_index_on_free(zone, pfn, mask, old, deferred);
}
EXPORT_SYMBOL_PB_TEST(pb_zone_free_mask_unindexed);

/**
 * pb_zone_free_mask_uncounted - free frames of one word and update the index, without counting them
 * @zone: the zone
 * @pfn: any PFN within the word
 * @mask: the frames, bit 0 being the word's first
 *
 * Context: any, NMI included; does not wait, see pb_index_update().
 */
void pb_zone_free_mask_uncounted(struct pb_zone *zone, unsigned long pfn, u64 mask)
{
	if (pb_zone_free_mask_unindexed(zone, pfn, mask, 0) == PB_INDEX_STALE)
		pb_index_update(zone, pb_pageblock_index(zone, pfn));
}
EXPORT_SYMBOL_PB_TEST(pb_zone_free_mask_uncounted);

/* Frees a block that consists of whole words, of order 6 or above. */
static unsigned long free_words_uncounted(struct pb_zone *zone, unsigned long pfn,
					  unsigned int order)
{
	unsigned int in_block = min_t(unsigned int, order, PB_PAGEBLOCK_ORDER);
	unsigned long end = pfn + (1UL << order), nr_double = 0, again;

	for (; pfn < end; pfn += 1UL << in_block) {
		again = free_block_uncounted(zone, pfn, in_block);
		if (unlikely(pb_entry_is_cma(READ_ONCE(pb_dir_entry(zone->pool, pfn)->value))))
			atomic_long_add((1L << in_block) - (long)again, &zone->nr_free_cma);
		nr_double += again;
	}
	return nr_double;
}

/**
 * pb_zone_free_noevent - free a block without counting an event
 * @zone: its zone
 * @pfn: PFN of its head
 * @order: 0 to PB_MAX_ORDER
 *
 * Context: any, NMI included; does not wait, see pb_index_update().
 * As __free_one_page() in mm/page_alloc.c.
 */
void pb_zone_free_noevent(struct pb_zone *zone, unsigned long pfn, unsigned int order)
{
	unsigned long nr_double = 0;

	if (order < PB_WORD_ORDER) {
		pb_zone_free_mask_uncounted(zone, pfn, pb_word_run(order) << (pfn % PB_WORD_NR));
	} else {
		nr_double = free_words_uncounted(zone, pfn, order);
		if (unlikely(nr_double))
			zone->pool->ops.bad(zone->pool, PB_BAD_DOUBLE, pfn, order, order);
	}
	pb_zone_account_free(zone, (1L << order) - (long)nr_double);
}
EXPORT_SYMBOL_PB_TEST(pb_zone_free_noevent);

/**
 * pb_zone_free - free a block to the zone
 * @zone: its zone
 * @pfn: PFN of its head
 * @order: 0 to PB_MAX_ORDER
 *
 * Counts PB_PGFREE, which frees through the caches count themselves. Context: any, NMI included.
 */
void pb_zone_free(struct pb_zone *zone, unsigned long pfn, unsigned int order)
{
	pb_zone_free_noevent(zone, pfn, order);
	pb_zone_event_add(zone, PB_PGFREE, 1L << order);
}
EXPORT_SYMBOL_PB_TEST(pb_zone_free);

/**
 * pb_zone_index_update_all - update the index for every pageblock of a zone
 * @zone: the zone
 *
 * Context: process, may reschedule; takes time in proportion to the zone.
 */
void pb_zone_index_update_all(struct pb_zone *zone)
{
	unsigned long index;

	for (index = 0; index < zone->nr_pageblocks; index++) {
		if (!(index % PB_SECTION_PAGEBLOCKS))
			cond_resched();
		if (!pb_zone_dir_entry(zone, index))
			continue;
		/* A preempted updater would delay other CPUs' updates, and verify would see it. */
		preempt_disable();
		pb_index_update(zone, index);
		preempt_enable();
	}
}
EXPORT_SYMBOL_PB_TEST(pb_zone_index_update_all);
