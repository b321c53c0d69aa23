// SPDX-License-Identifier: GPL-2.0-only
/*
 * Flushing blocks of a per-CPU list, of an order within a word, to the free bitmap.
 *
 * Blocks of one word are freed to their pageblock together with one atomic. Several of them at once
 * suggest that a whole word is being freed in order, so they are collected in the list's mask until
 * the word is complete or another word needs the mask. A whole word then costs one atomic for the
 * word and one for the zone's count. Zones whose lists have no masks (pcp.c) get each block at
 * once.
 *
 * Each flush checks whether the index has to change (pb_index_on_free), but the update is
 * deferred while this CPU continues to free into the same pageblock, which the list
 * remembers in @drained. Until then the index class may promise less than is free: an order 6
 * where a block of order 7 or 8 has merged, or another fullness. A pageblock that was in no
 * bitmap, and one that has become wholly free, are updated at once. Draining the list does
 * the deferred update.
 */
#include "core/base/pfn.h"
#include "core/cache/flush.h"
#include "core/index/free_area.h"
#include "core/index/pageblock.h"
#include "core/zone/zone.h"

void pb_flush_deferred_update(struct pb_zone *zone, struct pb_pcp_list *list)
{
	u32 drained = list->drained;

	if (!drained)
		return;
	list->drained = 0;
	pb_index_update(zone, drained - 1UL);
}

/* Defers the index update of a flushed pageblock until this CPU flushes into another one. */
static noinline void defer_index_update(struct pb_zone *zone, struct pb_pcp_list *list,
					unsigned long pfn, enum pb_index_state state)
{
	unsigned long index = pb_pageblock_index(zone, pfn);

	if (list->drained == index + 1) {
		if (state == PB_INDEX_WHOLE)
			list->drained = 0;
		return;
	}
	if (state != PB_INDEX_STALE)
		return;
	pb_flush_deferred_update(zone, list);
	list->drained = index + 1;
}

unsigned int pb_flush_word(struct pb_zone *zone, struct pb_pcp_list *list, unsigned long pfn,
			   u64 heads, unsigned int order)
{
	u64 frames = pb_word_expand(heads, order);

	defer_index_update(zone, list, pfn,
			   pb_zone_free_mask_unindexed(zone, pfn, frames, list->drained));
	return hweight64(frames);
}

unsigned int pb_flush_mask(struct pb_zone *zone, struct pb_pcp_list *list, unsigned int order)
{
	u64 heads = list->mask;

	list->mask = 0;
	return heads ? pb_flush_word(zone, list, list->mask_base, heads, order) : 0;
}

unsigned int pb_flush_batch(struct pb_zone *zone, struct pb_pcp_list *list,
			    const struct pb_pcp_entry *first, u64 heads, unsigned int nr,
			    unsigned int order)
{
	unsigned long pfn = round_down(first->pfn, PB_WORD_NR);
	unsigned int pages = 0;

	if (list->mask_base != pfn || !list->mask) {
		if (nr < PB_FLUSH_BATCH_MIN || unlikely(!pb_pcp_has_masks(zone)))
			return pb_flush_word(zone, list, pfn, heads, order);
		pages = pb_flush_mask(zone, list, order);
		list->mask_base = pfn;
		list->mask_order_map = first->order_map - first->pfn % PB_WORD_NR;
	}
	list->mask |= heads;
	return pages;
}

/*
 * Checks the fullness of one pageblock for every second flush, so that the class of a pageblock
 * does not stay wrong for long. The number of frees selects the flush, and which of its frames:
 * each time the same one would miss pageblocks that are freed to in turn.
 */
static void sample_fullness(struct pb_zone *zone, struct pb_pcp_list *list, unsigned int nr)
{
	unsigned long pfn = list->lifo[(list->nr_free >> 6) % nr].pfn;
	const struct pb_pageblock *pageblock =
		pb_entry_pageblock(READ_ONCE(pb_dir_entry(zone->pool, pfn)->value));
	u16 class = READ_ONCE(zone->ctl[pb_pageblock_index(zone, pfn)].index_class);

	defer_index_update(zone, list, pfn, pb_index_check_fullness(pageblock, class));
}

/* Updates the index after the bit of a frame was set. @was_free: it was set before. */
static noinline void index_frame(struct pb_zone *zone, struct pb_pcp_list *list, unsigned long pfn,
				 const atomic64_t *word, bool was_free)
{
	u64 bit = BIT_ULL(pfn % PB_WORD_NR), old = atomic64_read(word) & ~bit;

	defer_index_update(zone, list, pfn,
			   pb_zone_index_on_free(zone, pfn, bit, was_free ? old | bit : old,
						 list->drained));
}

/*
 * Frees single frames of different words, as after frees in random order; the caller compared
 * those at both ends. As pb_flush_word(), but inline as long as the index does not have to change.
 * FR1 is the atomic that sets the bit, and the word is read after it. If another CPU allocated from
 * the word in between, that CPU updates the index.
 */
static noinline void free_frames(struct pb_zone *zone, struct pb_pcp_list *list, unsigned int nr)
{
	const struct pb_pcp_entry *entry = list->lifo, *end = entry + nr;
	const unsigned long base_pfn = zone->base_pfn;
	struct pb_index_ctl *ctl = zone->ctl;
	unsigned long pfn, index;
	atomic64_t *word;
	u16 class;

	for (; entry < end; entry++) {
		pfn = entry->pfn;
		word = pb_order_map_word(entry->order_map, pb_frame_in_pageblock(pfn));
		if (unlikely(pb_word_set(word, pfn % PB_WORD_NR))) {			/* FR1 */
			index_frame(zone, list, pfn, word, true);
			continue;
		}
		index = (pfn - base_pfn) >> PB_PAGEBLOCK_ORDER;
		class = READ_ONCE(ctl[index].index_class);			/* FR2 */
		if (unlikely(!pb_class_suffices(class, pfn % PB_WORD_NR, atomic64_read(word))))
			index_frame(zone, list, pfn, word, false);
	}
	if (list->nr_free & 32)
		sample_fullness(zone, list, nr);
}

static bool share_word(const struct pb_pcp_entry *a, const struct pb_pcp_entry *b)
{
	return (a->pfn ^ b->pfn) < PB_WORD_NR;
}

/*
 * Whether the oldest blocks share a word at either end, as after frees in order. The first two of
 * these do not when the first one is the last of its word.
 */
static bool share_words(const struct pb_pcp_entry *oldest, unsigned int nr)
{
	return share_word(&oldest[0], &oldest[1]) || share_word(&oldest[nr - 2], &oldest[nr - 1]);
}

/*
 * The heads of all these blocks when they are in one word, else 0. Without a test for each block, a
 * loop of few instructions, because most flushes after frees of single pages in order are such.
 */
static u64 heads_of_word(const struct pb_pcp_entry *entry, unsigned int nr)
{
	const struct pb_pcp_entry *end = entry + nr;
	unsigned long first = entry->pfn, apart = 0;
	u64 heads = 0;

	if (!share_word(entry, end - 1))
		return 0;
#pragma GCC unroll 3
	for (; entry < end; entry++) {
		heads |= 1ULL << (entry->pfn % PB_WORD_NR);
		apart |= entry->pfn ^ first;
	}
	return likely(apart < PB_WORD_NR) ? heads : 0;
}

/*
 * Frees a whole word, as pb_flush_word(), but inline while the index does not have to change: the
 * update of the pageblock is deferred, its class promises a word, and it is not wholly free.
 */
static __always_inline void free_whole_word(struct pb_zone *zone, struct pb_pcp_list *list,
					    const struct pb_pcp_entry *first)
{
	unsigned long pfn = first->pfn, index = (pfn - zone->base_pfn) >> PB_PAGEBLOCK_ORDER;
	unsigned int frame = pb_frame_in_pageblock(pfn);
	struct pb_pageblock *pageblock = pb_order_map_pageblock(first->order_map, frame);
	u64 old = atomic64_xchg(&pageblock->free[frame / PB_WORD_NR], -1);		/* FR1 */
	u16 class = READ_ONCE(zone->ctl[index].index_class);				/* FR2 */

	if (likely(!old && list->drained == index + 1) &&
	    likely(pb_class_largest(class) >= PB_WORD_ORDER && !(class & PB_CLASS_COUNTED)) &&
	    !pb_pageblock_is_free(pageblock))
		return;
	defer_index_update(zone, list, pfn,
			   pb_zone_index_on_free(zone, pfn, ~0ULL, old, list->drained));
}

/* Whether the next blocks are all of a word in order, as after frees in order. */
static __always_inline bool is_whole_word(const struct pb_pcp_entry *entry,
					  const struct pb_pcp_entry *end, unsigned int order)
{
	const struct pb_pcp_entry *last = entry + (PB_WORD_NR >> order) - 1;
	unsigned long pfn = entry->pfn, apart = pfn % PB_WORD_NR;

	if (last >= end || last->pfn != pfn + PB_WORD_NR - (1UL << order))
		return false;
#pragma GCC unroll 4
	for (; entry < last; entry++, pfn += 1UL << order)
		apart |= entry->pfn ^ pfn;
	return !apart;
}

/* Flushes blocks, adjacent entries of one word together. Returns the pages freed to the zone. */
static unsigned int free_runs(struct pb_zone *zone, struct pb_pcp_list *list, unsigned int nr,
			      unsigned int order, bool all)
{
	const struct pb_pcp_entry *entry = list->lifo, *end = entry + nr, *first;
	u64 heads = order ? 0 : heads_of_word(entry, nr);
	unsigned int pages = 0;

	if (heads)
		return all ? pb_flush_word(zone, list, entry->pfn, heads, order) :
			     pb_flush_batch(zone, list, entry, heads, nr, order);
	while (entry < end) {
		if (is_whole_word(entry, end, order)) {
			free_whole_word(zone, list, entry);
			entry += PB_WORD_NR >> order;
			pages += PB_WORD_NR;
			continue;
		}
		first = entry;
		heads = 0;
		do {
			heads |= 1ULL << (entry->pfn % PB_WORD_NR);
		} while (++entry < end && share_word(first, entry));
		pages += all ? pb_flush_word(zone, list, first->pfn, heads, order) :
			 pb_flush_batch(zone, list, first, heads, entry - first, order);
	}
	return pages;
}

unsigned int pb_flush_blocks(struct pb_zone *zone, struct pb_pcp_list *list, unsigned int nr,
			     unsigned int order, bool all)
{
	unsigned int pages = nr;

	if (order || nr < 2 || share_words(list->lifo, nr))
		pages = free_runs(zone, list, nr, order, all);
	else
		free_frames(zone, list, nr);
	return pages;
}
