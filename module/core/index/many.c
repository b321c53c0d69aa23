// SPDX-License-Identifier: GPL-2.0-only
/*
 * Update the index for several whole pageblocks that a CPU has allocated. Their bits are in one word
 * of the bitmap of free pageblocks, so one atomic clears them all.
 *
 * The CPU is the updater of all of them at the same time, by the protocol of free_area.c. Those that
 * another CPU updates are left to that CPU. Those whose class is not that of a free pageblock of
 * this migratetype are updated one by one.
 */
#include "core/index/free_area.h"
#include "core/index/many.h"
#include "core/index/updates.h"

/**
 * pb_index_alloc_many - remove pageblocks from the index after their allocation
 * @zone: their zone
 * @first: number of the pageblock of bit 0; a multiple of 64
 * @mask: the pageblocks
 * @mt: the migratetype with which they were found, below PB_PCPTYPES
 *
 * As pb_index_on_alloc(): the caller owns all frames, so the words are not read.
 *
 * Context: any, NMI included; does not wait for another CPU.
 */
void pb_index_alloc_many(struct pb_zone *zone, unsigned long first, u64 mask,
			 enum pb_migratetype mt)
{
	const u16 class = pb_class_free(mt);
	struct pb_index_ctl *ctl;
	unsigned long index;
	u64 left, many = 0;

	for (left = mask; left; left &= left - 1) {
		index = first + __ffs64(left);
		ctl = &zone->ctl[index];
		if (unlikely(!pb_update_begin(zone, index, ctl)))
			continue;
		if (unlikely(ctl->index_class != class)) {
			pb_index_finish_update(zone, index);
			continue;
		}
		WRITE_ONCE(ctl->index_class, 0);
		many |= left & -left;
	}
	pb_bitmap_clear_mask(&zone->area[mt].free_pageblocks, first, many);
	for (left = many; left; left &= left - 1) {
		index = first + __ffs64(left);
		if (likely(atomic_cmpxchg(&zone->ctl[index].update, 1, 0) == 1))
			pb_update_end(zone);
		else
			pb_index_finish_update(zone, index);
	}
}
EXPORT_SYMBOL_PB_TEST(pb_index_alloc_many);
