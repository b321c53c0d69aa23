// SPDX-License-Identifier: GPL-2.0-only
/*
 * Free frames that are known to be zero.
 *
 * Zeroing is what most allocations for user space spend their time on. It can be done ahead
 * (prezero.c): a pageblock that lies idle is taken, zeroed, each of its frames marked with the
 * order byte PB_FRAME_ZEROED, and given back. An order byte belongs to whoever has claimed the
 * frame, so marks are written and read by plain accesses between a claim and a release, and
 * ordered by the atomics of both like the order itself.
 *
 * What makes it safe is that a mark never outlives what it says:
 *
 *   - it is set only on frames that the one who zeroed them had claimed;
 *   - a block that is handed out has its order at the head in place of the mark, and a free
 *     writes 0 there;
 *   - the other frames of a block lose theirs before it is handed out, or before it enters
 *     a per-CPU list (pb_zeroed_fold); if all were marked the head alone keeps it, and then
 *     stands for the whole block. Should that block go back to the bitmap instead, the mark
 *     at its head is still true.
 *
 * A single frame in a per-CPU list has its mark where every frame has it, and the fast path
 * loses it by writing the order there, as it does anyway.
 *
 * In zones in which nobody ever zeroed ahead nobody looks for marks: whoever sets the first
 * one has counted it before the release by which it can be met, and who meets it looks at
 * the count after the claim.
 */
#include "core/base/pfn.h"
#include "core/cache/zeroed.h"

#define BYTES_IN_WORD	8
#define WORD_ZEROED	(~0ULL / 0xff * PB_FRAME_ZEROED)	/* the mark in each byte */

/* As many frames of one pageblock: are all marked? None is afterwards. */
static bool fold_frames(u8 *byte, unsigned long nr)
{
	unsigned long i, marked = 0;
	u64 word;

	for (i = 0; nr % BYTES_IN_WORD == 0 && i < nr; i += BYTES_IN_WORD) {
		memcpy(&word, byte + i, BYTES_IN_WORD);
		if (word && word != WORD_ZEROED)
			break;
		if (word)
			memset(byte + i, 0, BYTES_IN_WORD);
		marked += word ? BYTES_IN_WORD : 0;
	}
	for (; i < nr; i++) {
		if (byte[i] != PB_FRAME_ZEROED)
			continue;
		byte[i] = 0;
		marked++;
	}
	return marked == nr;
}

/**
 * pb_zeroed_take - take the marks off frames
 * @zone: the zone
 * @pfn: first of the frames, which the caller has claimed
 * @nr_pages: how many; within one pageblock or whole ones
 *
 * Bytes that are no marks are left alone: frames that somebody still uses.
 *
 * Context: any; preemption off. Return: whether all frames are known to be zero.
 */
bool pb_zeroed_take(struct pb_zone *zone, unsigned long pfn, unsigned long nr_pages)
{
	unsigned long end = pfn + nr_pages, n;
	bool all = true;

	if (!pb_zone_has_zeroed(zone))
		return false;
	for (; pfn < end; pfn += n) {
		n = min(end - pfn, PB_PAGEBLOCK_NR - pb_frame_in_block(pfn));
		all &= fold_frames(pb_order_byte(zone->pool, pfn), n);
	}
	return all;
}
EXPORT_SYMBOL_PB_TEST(pb_zeroed_take);

/**
 * pb_zeroed_fold - one mark in place of many
 * @zone: the zone
 * @pfn: first of the frames, which the caller has claimed
 * @nr_pages: how many; within one pageblock or whole ones
 *
 * As pb_zeroed_take(), but when all frames are known to be zero the first one's byte is
 * PB_FRAME_ZEROED afterwards. Context: any; preemption off. Return: whether they are.
 */
bool pb_zeroed_fold(struct pb_zone *zone, unsigned long pfn, unsigned long nr_pages)
{
	if (!pb_zeroed_take(zone, pfn, nr_pages))
		return false;
	*pb_order_byte(zone->pool, pfn) = PB_FRAME_ZEROED;
	return true;
}
EXPORT_SYMBOL_PB_TEST(pb_zeroed_fold);

/**
 * pb_zeroed_all - does every frame of a pageblock carry the mark?
 * @block: the pageblock, whoever owns its frames
 *
 * A glance without a claim, not to be relied on. Context: any.
 */
bool pb_zeroed_all(struct pb_pageblock *block)
{
	unsigned int i;

	for (i = 0; i < PB_PAGEBLOCK_NR; i++)
		if (pb_peek(&block->order[i]) != PB_FRAME_ZEROED)
			return false;
	return true;
}
EXPORT_SYMBOL_PB_TEST(pb_zeroed_all);
