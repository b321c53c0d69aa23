// SPDX-License-Identifier: GPL-2.0-only
/*
 * Several blocks of one order at once, of a word or larger, for the lists of per-CPU caches.
 *
 * Blocks of less than a pageblock are allocated from one partly free pageblock, the one in which
 * pb_zone_alloc() looks first. When there is none, and for larger orders, whole pageblocks are
 * allocated, all from one word of the index (apart.c). Their runs are split as little as in
 * pb_free_area_find_free(): the smallest aligned run comes first, and a run is used up before the
 * next one is split. The frames are counted, at once, before the index is updated. Those that the
 * watermarks refuse go back.
 *
 * Freed blocks of one pageblock update its index once. Pageblocks that are freed whole go into the
 * index together.
 *
 * A candidate that is not free is not tried again. Where the first search finds nothing, the caller
 * uses pb_zone_alloc().
 */
#include "core/base/pfn.h"
#include "core/index/free_area.h"
#include "core/index/many.h"
#include "core/index/pageblock.h"
#include "core/zone/apart.h"
#include "core/zone/blocks.h"
#include "core/zone/zone.h"

/* Frees blocks that are not counted as allocated, from the last one on. Returns the other ones. */
static unsigned int free_last(struct pb_pageblock *pageblock, unsigned int order,
			      unsigned int heads, unsigned int nr)
{
	unsigned int last;

	for (; nr; nr--) {
		last = __fls(heads);
		heads &= ~BIT(last);
		pb_pageblock_free(pageblock, last * PB_WORD_NR, order);
	}
	return heads;
}

/* Allocates from one pageblock; not from a free one when the blocks fill pageblocks. */
static unsigned int alloc_in_pageblock(struct pb_zone *zone, const struct pb_request *rq,
				       unsigned int nr, struct pb_pcp_entry *entries)
{
	struct pb_block_search search = {};
	struct pb_pageblock *pageblock;
	unsigned int order = rq->order, heads = 0, got, frame, i;

	while (!heads) {
		pageblock = pb_zone_next_pageblock(zone, order, rq->migratetype, &search);
		if (!pageblock || (search.step == pb_free_area_steps(order) &&
				   nr << order >= PB_PAGEBLOCK_NR))
			return 0;
		heads = pb_pageblock_alloc_blocks(pageblock, order, nr);
		if (!heads)
			pb_index_update(zone, search.index);
	}
	nr = hweight32(heads);
	got = pb_zone_account_alloc(zone, (long)nr << order, 1L << order, rq) >> order;
	if (unlikely(got < nr))
		heads = free_last(pageblock, order, heads, nr - got);
	pb_index_update(zone, search.index);
	for (i = got; i--; heads &= heads - 1) {
		frame = __ffs(heads) * PB_WORD_NR;
		entries[i].pfn = pb_pageblock_pfn(zone, search.index) + frame;
		entries[i].order_map = &pageblock->order_map[frame];
	}
	return got;
}

/* Up to @nr pageblocks of a word of the index, in aligned runs of at least 2^@order. */
static u64 select_pageblocks(u64 word, unsigned int order, unsigned int nr)
{
	unsigned int largest, take;
	u64 head, run, all = 0;

	while (nr >> order) {
		head = pb_word_find_largest(word, order, &largest);
		if (!head)
			break;
		take = min(nr >> order << order, 1U << largest);
		run = head * (~0ULL >> (PB_WORD_NR - take));
		all |= run;
		word &= ~run;
		nr -= take;
	}
	return all;
}

/* The directory entry of a pageblock; behind that of a multiple of 64 are those of the next 63. */
static struct pb_dir_entry *entries_from(struct pb_zone *zone, unsigned long first)
{
	return pb_dir_entry(zone->pool, pb_pageblock_pfn(zone, first));
}

static struct pb_pageblock *pageblock_of(const struct pb_dir_entry *entry)
{
	return pb_entry_pageblock(READ_ONCE(entry->value));
}

/* Frees pageblocks that are not counted as allocated. */
static void free_uncounted(struct pb_zone *zone, unsigned long first, u64 mask)
{
	unsigned long index;

	for (; mask; mask &= mask - 1) {
		index = first + __ffs64(mask);
		pb_pageblock_free_whole(pageblock_of(entries_from(zone, index)));
		pb_index_update(zone, index);
	}
}

/* Allocates those of the pageblocks that are still free and of this type. */
static u64 alloc_pageblocks(struct pb_zone *zone, unsigned long first, u64 mask,
			    enum pb_migratetype mt)
{
	struct pb_dir_entry *entries = entries_from(zone, first);
	unsigned long value;
	u64 got = mask;

	for (; mask; mask &= mask - 1) {
		value = pb_zone_entry_value(zone, &entries[__ffs64(mask)]);
		if (likely(pb_entry_migratetype(value) == mt &&
			   pb_pageblock_alloc_whole(pb_entry_pageblock(value))))
			continue;
		got &= ~(mask & -mask);
		pb_index_update(zone, first + __ffs64(mask));
	}
	return got;
}

/*
 * Counts pageblocks that were allocated, in multiples of @unit pages, frees those that the
 * watermarks refuse, and updates the index. Returns the others: the lowest, or the highest ones.
 */
static u64 account_pageblocks(struct pb_zone *zone, const struct pb_request *rq,
			      unsigned long first, u64 all, long unit, enum pb_migratetype mt,
			      bool lowest)
{
	long pages = (long)hweight64(all) << PB_PAGEBLOCK_ORDER;
	unsigned int refused = (pages - pb_zone_account_alloc(zone, pages, unit, rq)) >>
			       PB_PAGEBLOCK_ORDER;
	u64 got = all;

	for (; unlikely(refused); refused--)
		got &= lowest ? ~(1ULL << (fls64(got) - 1)) : got - 1;
	if (unlikely(got != all))
		free_uncounted(zone, first, all & ~got);
	pb_index_alloc_many(zone, first, got, mt);
	return got;
}

/**
 * pb_zone_alloc_free_pageblocks - allocate free pageblocks of one word of the index
 * @zone: the zone
 * @first: number of the pageblock of bit 0; a multiple of 64
 * @mask: the pageblocks
 * @mt: their migratetype, below PB_PCPTYPES
 * @rq: the request whose watermarks apply
 *
 * Context: any; preemption off.
 * Return: those that were free and of this type, as far as the watermarks grant: the highest ones.
 */
u64 pb_zone_alloc_free_pageblocks(struct pb_zone *zone, unsigned long first, u64 mask,
				  enum pb_migratetype mt, const struct pb_request *rq)
{
	u64 got;

	pb_assert_preempt_off();
	got = alloc_pageblocks(zone, first, mask, mt);
	return got ? account_pageblocks(zone, rq, first, got, PB_PAGEBLOCK_NR, mt, false) : 0;
}

/* The blocks of a pageblock that begins at @pfn, in the entries before @end. Returns the first. */
static struct pb_pcp_entry *small_blocks(struct pb_pageblock *pageblock, unsigned long pfn,
					 unsigned int order, struct pb_pcp_entry *end)
{
	unsigned int frame;

	for (frame = 0; frame < PB_PAGEBLOCK_NR; frame += 1U << order) {
		end--;
		end->pfn = pfn + frame;
		end->order_map = &pageblock->order_map[frame];
	}
	return end;
}

/* The blocks that fill these pageblocks, which their number follows from; the last one first. */
static unsigned int blocks_of(struct pb_zone *zone, unsigned long first, u64 mask,
			      unsigned int order, struct pb_pcp_entry *entries)
{
	unsigned int nr = (hweight64(mask) << PB_PAGEBLOCK_ORDER) >> order, i;
	const unsigned int tails = ((1U << order) - 1) >> PB_PAGEBLOCK_ORDER;
	const unsigned long first_pfn = pb_pageblock_pfn(zone, first);
	struct pb_dir_entry *dir = entries_from(zone, first);
	struct pb_pcp_entry *entry = entries + nr;
	struct pb_pageblock *pageblock;

	for (; mask; mask &= mask - 1) {
		i = __ffs64(mask);
		if (i & tails)
			continue;
		pageblock = pageblock_of(&dir[i]);
		if (order < PB_PAGEBLOCK_ORDER) {
			entry = small_blocks(pageblock, first_pfn + i * PB_PAGEBLOCK_NR, order,
					     entry);
			continue;
		}
		entry--;
		entry->pfn = first_pfn + i * PB_PAGEBLOCK_NR;
		entry->order_map = pageblock->order_map;
	}
	return nr;
}

/* Pageblocks to allocate of those that are free, in aligned runs of at least 2^@order. */
static u64 select_free(const struct pb_free_word *free, unsigned int order, unsigned int nr)
{
	return select_pageblocks(free->mine, order, nr) ?: select_pageblocks(free->all, order, nr);
}

/* Allocates free pageblocks. */
static unsigned int alloc_free(struct pb_zone *zone, const struct pb_request *rq, unsigned int nr,
			       struct pb_pcp_entry *entries)
{
	struct pb_free_word free = pb_apart_free_word(zone, rq->migratetype);
	unsigned int order = max_t(unsigned int, rq->order, PB_PAGEBLOCK_ORDER);
	unsigned int run = order - PB_PAGEBLOCK_ORDER;
	u64 wanted, got, whole;

	wanted = select_free(&free, run, ((unsigned long)nr << rq->order) >> PB_PAGEBLOCK_ORDER);
	if (!wanted)
		return 0;
	got = alloc_pageblocks(zone, free.first, wanted, rq->migratetype);
	if (unlikely(got != wanted))
		pb_apart_met(zone);
	whole = run ? pb_word_expand(pb_word_heads(got, run), run) : got;
	if (unlikely(got != whole))
		free_uncounted(zone, free.first, got & ~whole);
	if (!whole)
		return 0;
	got = account_pageblocks(zone, rq, free.first, whole, 1L << order, rq->migratetype, true);
	return blocks_of(zone, free.first, got, rq->order, entries);
}

/**
 * pb_zone_alloc_blocks - allocate several blocks of one order
 * @zone: the zone
 * @rq: the request of each, of order 6 or above; its watermarks apply, and its migratetype alone
 * @nr: number of blocks, at most; together no more than 64 pageblocks
 * @entries: set to the blocks, the one at the lowest address last
 *
 * Context: any; preemption off.
 * Return: number of blocks. 0 does not mean that none is free.
 */
unsigned int pb_zone_alloc_blocks(struct pb_zone *zone, const struct pb_request *rq,
				  unsigned int nr, struct pb_pcp_entry *entries)
{
	unsigned int got = 0;

	pb_assert_preempt_off();
	if (rq->order < PB_PAGEBLOCK_ORDER)
		got = alloc_in_pageblock(zone, rq, nr, entries);
	return got ?: alloc_free(zone, rq, nr, entries);
}
EXPORT_SYMBOL_PB_TEST(pb_zone_alloc_blocks);

/*
 * struct freed - what was freed, and is not yet in the index
 * @first: the first pageblock of a word of the index
 * @dir: its directory entry
 * @whole: those of the word's pageblocks that were freed whole
 * @index: a pageblock
 * @words: those of its words that were freed
 */
struct freed {
	unsigned long		first;
	struct pb_dir_entry	*dir;
	u64			whole;
	unsigned long		index;
	unsigned int		words;
};

#define ALL_WORDS	((1U << PB_WORDS) - 1)

static void index_whole(struct pb_zone *zone, struct freed *freed)
{
	if (freed->whole)
		pb_index_free_many(zone, freed->first, freed->whole);
	freed->whole = 0;
}

/* Sets @first to the word of a pageblock. */
static __always_inline void select_word(struct pb_zone *zone, struct freed *freed,
					unsigned long index)
{
	if (likely(freed->dir && (index ^ freed->first) < PB_WORD_NR))
		return;
	index_whole(zone, freed);
	freed->first = round_down(index, PB_WORD_NR);
	freed->dir = entries_from(zone, freed->first);
}

/* The last free into the pageblock was noted. */
static void index_pageblock(struct pb_zone *zone, struct freed *freed)
{
	struct pb_pageblock *pageblock;

	if (freed->words == ALL_WORDS) {
		select_word(zone, freed, freed->index);
		freed->whole |= 1ULL << (freed->index - freed->first);
	} else if (freed->words) {
		pageblock = pageblock_of(entries_from(zone, freed->index));
		if (pb_index_on_free(zone, freed->index, pageblock, ~0ULL, ~0ULL, false) !=
		    PB_INDEX_OK)
			pb_index_update(zone, freed->index);
	}
	freed->words = 0;
}

/* Free pages of contiguous areas; before the pages are counted, so that no floor is too low. */
static __always_inline void count_cma(struct pb_zone *zone, unsigned long value, long pages)
{
	if (unlikely(pb_entry_is_cma(value)))
		atomic_long_add(pages, &zone->nr_free_cma);
}

/* Frees a block of less than a pageblock. Returns the number of frames that were free already. */
static unsigned long free_words(struct pb_zone *zone, struct freed *freed, unsigned long pfn,
				unsigned int order)
{
	unsigned long value = READ_ONCE(pb_dir_entry(zone->pool, pfn)->value), nr_double;
	unsigned long index = pb_pageblock_index(zone, pfn);
	unsigned int frame = pb_frame_in_pageblock(pfn);

	if (index != freed->index) {
		index_pageblock(zone, freed);
		freed->index = index;
	}
	nr_double = pb_pageblock_free(pb_entry_pageblock(value), frame, order);	/* FR1 */
	freed->words |= (ALL_WORDS >> (PB_WORDS - (1U << (order - PB_WORD_ORDER)))) <<
			(frame / PB_WORD_NR);
	count_cma(zone, value, (1L << order) - (long)nr_double);
	return nr_double;
}

/* Frees a block of whole pageblocks. Returns the number of frames that were free already. */
static __always_inline unsigned long free_pageblocks(struct pb_zone *zone, struct freed *freed,
						     unsigned long pfn, unsigned int order)
{
	unsigned long index = pb_pageblock_index(zone, pfn), value, again, nr_double = 0;
	unsigned long end = index + (1UL << (order - PB_PAGEBLOCK_ORDER));

	do {
		select_word(zone, freed, index);
		value = READ_ONCE(freed->dir[index - freed->first].value);
		again = pb_pageblock_free_whole(pb_entry_pageblock(value));	/* FR1 */
		count_cma(zone, value, PB_PAGEBLOCK_NR - (long)again);
		freed->whole |= 1ULL << (index - freed->first);
		nr_double += again;
	} while (++index < end);
	return nr_double;
}

static void report_double(struct pb_zone *zone, unsigned long pfn, unsigned int order)
{
	zone->pool->ops.bad(zone->pool, PB_BAD_DOUBLE, pfn, order, order);
}

/* Frees the blocks, which are @small: less than a pageblock; or whole pageblocks. */
static __always_inline unsigned long free_each(struct pb_zone *zone,
					       const struct pb_pcp_entry *entry, unsigned int nr,
					       unsigned int order, bool small)
{
	const struct pb_pcp_entry *end = entry + nr;
	unsigned long again, nr_double = 0;
	struct freed freed = {};

	for (; entry < end; entry++) {
		again = small ? free_words(zone, &freed, entry->pfn, order) :
				free_pageblocks(zone, &freed, entry->pfn, order);
		if (unlikely(again))
			report_double(zone, entry->pfn, order);
		nr_double += again;
	}
	if (small)
		index_pageblock(zone, &freed);
	index_whole(zone, &freed);
	return nr_double;
}

/**
 * pb_zone_free_blocks - free several blocks of one order, without counting an event
 * @zone: their zone
 * @entries: the blocks
 * @nr: their number
 * @order: 6 or above
 *
 * Context: any, NMI included; does not wait, see pb_index_update().
 */
void pb_zone_free_blocks(struct pb_zone *zone, const struct pb_pcp_entry *entries, unsigned int nr,
			 unsigned int order)
{
	unsigned long nr_double;

	nr_double = order < PB_PAGEBLOCK_ORDER ? free_each(zone, entries, nr, order, true) :
						 free_each(zone, entries, nr, order, false);
	pb_zone_account_free(zone, ((long)nr << order) - (long)nr_double);
}
EXPORT_SYMBOL_PB_TEST(pb_zone_free_blocks);
