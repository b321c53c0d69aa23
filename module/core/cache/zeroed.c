// SPDX-License-Identifier: GPL-2.0-only
/*
 * Zeroed bits: which words of free frames are known to be zero.
 *
 * Zeroing dominates the cost of most allocations for user space. prezero.c does it in advance: it
 * allocates an idle pageblock, zeroes it, sets the zeroed bit of each of its words, and frees it.
 * zone->zeroed has a bit for each word (PB_WORD_NR frames), so a search finds a word that is zero.
 *
 * Invariant: no frame of a word whose zeroed bit is set was handed out since the word was zeroed.
 *
 *   set:    ZS1 own all frames of the word, which are zero     take:   ZT1 take frames of the word
 *           ZS2 set the bit                                            ZT2 test and clear the bit
 *           ZS3 free the frames                                        ZT3 hand the frames out
 *
 * ZS3 and ZT1 change the same word of the free bitmap, by atomics that are full barriers. So who
 * takes a frame that ZS3 has freed sees the bit, and clears it before the frame's next user can
 * write. A frame whose taker has found the bit set is zero: had it been handed out before, its bit
 * would have been cleared before, and only an owner of all frames of the word sets it again. When
 * several CPUs take frames of one word, the first to clear the bit learns that its frames are zero;
 * the others treat theirs as unknown (mc: prezero_alloc). Zones in which no bit was ever set skip
 * ZT2.
 *
 * Blocks in the lists of a per-CPU cache have no zeroed bit. Those that are known to be zero are
 * apart from the others (struct pb_pcp_list).
 */
#include "core/base/order.h"
#include "core/cache/zeroed.h"

/* The bits, within a word of the bitmap, of the words from @first up to @end, from bit @at on. */
static unsigned long bits_of(unsigned long at, unsigned long end)
{
	return GENMASK(min(end - 1, at | (BITS_PER_LONG - 1)) % BITS_PER_LONG, at % BITS_PER_LONG);
}

/**
 * __pb_zeroed_test_and_clear - test and clear the zeroed bits of frames
 * @zone: the zone
 * @pfn: first of the frames, which the caller has allocated
 * @nr_pages: number of frames
 *
 * Clears the bits of words of which the frames are a part, too. Context: any; preemption off.
 * Return: whether all frames are known to be zero.
 */
bool __pb_zeroed_test_and_clear(struct pb_zone *zone, unsigned long pfn, unsigned long nr_pages)
{
	unsigned long at = (pfn - zone->base_pfn) / PB_WORD_NR, mask;
	unsigned long end = DIV_ROUND_UP(pfn + nr_pages - zone->base_pfn, PB_WORD_NR);
	bool all = true;

	for (; at < end; at = (at | (BITS_PER_LONG - 1)) + 1) {
		mask = bits_of(at, end);
		all &= pb_bitmap_clear_mask(&zone->zeroed, at, mask) == mask;	/* ZT2 */
	}
	return all;
}
EXPORT_SYMBOL_PB_TEST(__pb_zeroed_test_and_clear);

/**
 * pb_zeroed_set - set the zeroed bits of frames
 * @zone: the zone
 * @pfn: first of the frames, which the caller has allocated and zeroed; the first of a word
 * @nr_pages: number of frames, a multiple of a word's
 *
 * The caller frees the frames next. Context: any; preemption off.
 */
void pb_zeroed_set(struct pb_zone *zone, unsigned long pfn, unsigned long nr_pages)
{
	unsigned long at = (pfn - zone->base_pfn) / PB_WORD_NR, end = at + nr_pages / PB_WORD_NR;

	if (!READ_ONCE(zone->prezeroed))
		WRITE_ONCE(zone->prezeroed, true);
	for (; at < end; at = (at | (BITS_PER_LONG - 1)) + 1)
		pb_bitmap_set_mask(&zone->zeroed, at, bits_of(at, end));	/* ZS2 */
}
EXPORT_SYMBOL_PB_TEST(pb_zeroed_set);
