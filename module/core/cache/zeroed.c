// SPDX-License-Identifier: GPL-2.0-only
/*
 * Zeroed bits: which free frames are known to be zero.
 *
 * Zeroing dominates the cost of most allocations for user space. prezero.c does it in
 * advance: it allocates an idle pageblock, zeroes it, sets the byte of each frame in the page
 * order map to PB_FRAME_ZEROED, and frees it. The byte of a frame belongs to the CPU that has
 * allocated the frame, so zeroed bits are written and read with plain accesses between an
 * allocation and a free. The atomics of both order them, as they order the order itself.
 *
 * Invariant: a frame whose zeroed bit is set is zero.
 *
 *   - The bit is set only by the owner of the frame, after zeroing it.
 *   - Allocating a block overwrites the bit of its head with the order, and a free writes 0.
 *   - The bits of the other frames are cleared before the block is handed out or enters a
 *     per-CPU list (pb_zeroed_merge). If all were set, the head keeps its bit, which then
 *     stands for the whole block. If the block is freed to the bitmap instead, the bit of
 *     its head is still true for that frame.
 *
 * A single frame in a per-CPU list keeps its bit in the page order map, and the fast path
 * overwrites it with the order.
 *
 * Zones without any prezeroed frame skip all this. The CPU that sets the first bit counts the
 * frames before the free that makes the bit visible. A CPU that allocates such a frame reads
 * the count after the allocation.
 */
#include "core/base/pfn.h"
#include "core/cache/zeroed.h"

#define BYTES_IN_WORD	8
#define WORD_ZEROED	(~0ULL / 0xff * PB_FRAME_ZEROED)	/* the zeroed bit in each byte */

/* Clears the zeroed bits of nr frames of one pageblock. Returns whether all were set. */
static bool merge_frames(u8 *order_map, unsigned long nr)
{
	unsigned long i, marked = 0;
	u64 word;

	for (i = 0; nr % BYTES_IN_WORD == 0 && i < nr; i += BYTES_IN_WORD) {
		memcpy(&word, order_map + i, BYTES_IN_WORD);
		if (word && word != WORD_ZEROED)
			break;
		if (word)
			memset(order_map + i, 0, BYTES_IN_WORD);
		marked += word ? BYTES_IN_WORD : 0;
	}
	for (; i < nr; i++) {
		if (order_map[i] != PB_FRAME_ZEROED)
			continue;
		order_map[i] = 0;
		marked++;
	}
	return marked == nr;
}

/**
 * pb_zeroed_test_and_clear - test and clear the zeroed bits of frames
 * @zone: the zone
 * @pfn: first of the frames, which the caller has allocated
 * @nr_pages: how many; within one pageblock or whole ones
 *
 * Other byte values are not changed; they belong to frames that are in use.
 *
 * Context: any; preemption off.
 * Return: whether all frames are known to be zero.
 */
bool pb_zeroed_test_and_clear(struct pb_zone *zone, unsigned long pfn, unsigned long nr_pages)
{
	unsigned long end = pfn + nr_pages, n;
	bool all = true;

	if (!pb_zone_has_zeroed(zone))
		return false;
	for (; pfn < end; pfn += n) {
		n = min(end - pfn, PB_PAGEBLOCK_NR - pb_frame_in_pageblock(pfn));
		all &= merge_frames(pb_order_map(zone->pool, pfn), n);
	}
	return all;
}
EXPORT_SYMBOL_PB_TEST(pb_zeroed_test_and_clear);

/**
 * pb_zeroed_merge - merge the zeroed bits of a block at its head
 * @zone: the zone
 * @pfn: first of the frames, which the caller has allocated
 * @nr_pages: how many; within one pageblock or whole ones
 *
 * As pb_zeroed_test_and_clear(), but when all frames are known to be zero, the byte of the first
 * frame is PB_FRAME_ZEROED afterwards. Context: any; preemption off.
 * Return: whether they are.
 */
bool pb_zeroed_merge(struct pb_zone *zone, unsigned long pfn, unsigned long nr_pages)
{
	if (!pb_zeroed_test_and_clear(zone, pfn, nr_pages))
		return false;
	*pb_order_map(zone->pool, pfn) = PB_FRAME_ZEROED;
	return true;
}
EXPORT_SYMBOL_PB_TEST(pb_zeroed_merge);

/**
 * pb_zeroed_all - whether every frame of a pageblock has its zeroed bit set
 * @pageblock: the pageblock; its frames may have other owners
 *
 * Reads without owning the frames, so the result is a hint. Context: any.
 * Return: whether all bits are set.
 */
bool pb_zeroed_all(struct pb_pageblock *pageblock)
{
	unsigned int i;

	for (i = 0; i < PB_PAGEBLOCK_NR; i++)
		if (pb_peek(&pageblock->order_map[i]) != PB_FRAME_ZEROED)
			return false;
	return true;
}
EXPORT_SYMBOL_PB_TEST(pb_zeroed_all);
