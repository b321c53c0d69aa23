// SPDX-License-Identifier: GPL-2.0-only
/*
 * Update the index for several whole pageblocks that a CPU has allocated or freed. Their bits are
 * in one word of the bitmap of free pageblocks, so one atomic clears or sets them all.
 *
 * The CPU is the updater of all of them at the same time, by the protocol of free_area.c. Those
 * that another CPU updates are left to that CPU. Those that have another class than expected, or
 * another migratetype, are updated one by one.
 *
 * In a free the class is written after the group is marked (TU2 of updates.h): another CPU that
 * frees reads this class and leaves the index alone, and a scan has to find what it has freed
 * before the bits are set (mc: blocks_free_scan).
 *
 * In a free the atomic that sets the bits is the full barrier between UP1 and UP2, so it comes
 * after the classes are written (mc: blocks_free_8_8 with --tso). UP2 reads all words: another CPU
 * may have allocated from the pageblock before the last word was free, and found the class 0, as it
 * was (mc: blocks_free_6).
 */
#include "core/base/pfn.h"
#include "core/index/free_area.h"
#include "core/index/many.h"
#include "core/index/pageblock.h"
#include "core/index/updates.h"

/*
 * Ends pb_update_begin() for the pageblocks of a mask: the update count of each is raised, and
 * their group is marked. This CPU does the updates of @mine.
 */
static __always_inline void leave_others(struct pb_zone *zone, u64 mask, u64 mine)
{
	if (unlikely(mine != mask))
		pb_this_cpu_add(zone->updates_ended, hweight64(mask & ~mine));
}

/*
 * Ends this CPU's updates: some @ended by themselves; other pageblocks have a wrong class, or a
 * request of another CPU.
 */
static __always_inline void end_updates(struct pb_zone *zone, unsigned long first, u64 mine,
					u64 ended)
{
	pb_this_cpu_add(zone->updates_ended, hweight64(ended));
	for (mine &= ~ended; unlikely(mine); mine &= mine - 1)
		pb_index_finish_update(zone, first + __ffs64(mine));
}

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
	struct pb_index_ctl *ctl = &zone->ctl[first];
	u64 left, mine = mask, many = mask, ended;
	unsigned int i;

	pb_this_cpu_add(zone->updates_begun, hweight64(mask));
	for (left = mask; left; left &= left - 1) {
		i = __ffs64(left);
		if (unlikely(atomic_fetch_inc(&ctl[i].update))) {		/* TU1 */
			mine &= ~BIT_ULL(i);
			many &= ~BIT_ULL(i);
		} else if (unlikely(ctl[i].index_class != class)) {
			many &= ~BIT_ULL(i);
		} else {
			WRITE_ONCE(ctl[i].index_class, 0);
		}
	}
	pb_touch(zone, first);							/* TU2 */
	leave_others(zone, mask, mine);
	pb_bitmap_clear_mask(&zone->area[mt].free_pageblocks, first, many);
	ended = many;
	for (left = many; left; left &= left - 1)
		if (unlikely(atomic_cmpxchg(&ctl[__ffs64(left)].update, 1, 0) != 1))
			ended &= ~(left & -left);
	end_updates(zone, first, mine, ended);
}
EXPORT_SYMBOL_PB_TEST(pb_index_alloc_many);

/**
 * pb_index_free_many - put pageblocks into the index after the free of all their frames
 * @zone: their zone
 * @first: number of the pageblock of bit 0; a multiple of 64
 * @mask: the pageblocks, at least one
 *
 * Context: any, NMI included; does not wait, see pb_index_update(). The caller's atomics on the
 * words are FR1.
 */
void pb_index_free_many(struct pb_zone *zone, unsigned long first, u64 mask)
{
	/* The pageblocks are in one section of the directory. */
	struct pb_dir_entry *dir = pb_dir_entry(zone->pool, pb_pageblock_pfn(zone, first));
	enum pb_migratetype mt = pb_entry_migratetype(READ_ONCE(dir[__ffs64(mask)].value));
	const u16 class = pb_class_free(mt);
	struct pb_index_ctl *ctl = &zone->ctl[first];
	u64 left, mine = mask, many = mask, ended;
	unsigned int i;
	int others;

	pb_this_cpu_add(zone->updates_begun, hweight64(mask));
	for (left = mask; left; left &= left - 1) {
		i = __ffs64(left);
		/* TU1, TU2 */
		others = atomic_fetch_inc(&ctl[i].update);
		pb_touch(zone, first);
		if (unlikely(others)) {
			mine &= ~BIT_ULL(i);
			many &= ~BIT_ULL(i);
		} else if (unlikely(ctl[i].index_class || mt >= PB_PCPTYPES ||
				    pb_entry_migratetype(READ_ONCE(dir[i].value)) != mt)) {
			many &= ~BIT_ULL(i);
		} else {
			/* After TU2. */
			smp_store_release(&ctl[i].index_class, class);		/* UP1 */
		}
	}
	leave_others(zone, mask, mine);
	if (likely(many))
		pb_bitmap_set_mask(&zone->area[mt].free_pageblocks, first, many);
	ended = many;
	for (left = many; left; left &= left - 1) {
		i = __ffs64(left);
		if (unlikely(!pb_pageblock_is_free(pb_entry_pageblock(READ_ONCE(dir[i].value))) ||
			     atomic_cmpxchg(&ctl[i].update, 1, 0) != 1))	/* UP2 */
			ended &= ~BIT_ULL(i);
	}
	end_updates(zone, first, mine, ended);
}
EXPORT_SYMBOL_PB_TEST(pb_index_free_many);
