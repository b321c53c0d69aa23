// SPDX-License-Identifier: GPL-2.0-only
/* Take single free frames out of use, because the memory behind them is faulty. */
#include "core/alloc/take_off.h"
#include "core/base/pfn.h"
#include "core/cache/zeroed.h"
#include "core/index/free_area.h"
#include "core/zone/watermark.h"

/* Clears the frame's bit in its free bitmap; false when it was clear. */
static bool clear_free(struct pb_pageblock *pageblock, unsigned int frame)
{
	atomic64_t *word = &pageblock->free[frame / PB_WORD_NR];
	u64 bit = BIT_ULL(frame % PB_WORD_NR);

	return atomic64_fetch_andnot(bit, word) & bit;
}

/**
 * pb_take_page_off - allocate one frame by its number
 * @pool: the pool
 * @pfn: the frame; any number
 *
 * Disregards watermarks and migratetypes, and takes the frame from isolated pageblocks, too: the
 * compaction that has isolated one then finds the frame allocated. The frame is allocated as order
 * 0. A frame in a CPU's cache is not free: drain the caches before.
 *
 * Context: any. As take_page_off_buddy() in mm/page_alloc.c.
 * Return: whether the frame was free.
 */
bool pb_take_page_off(struct pb_pool *pool, unsigned long pfn)
{
	struct pb_dir_entry *entry = pb_dir_lookup(pool, pfn);
	unsigned long value;
	bool taken;

	if (!entry)
		return false;
	preempt_disable();
	value = READ_ONCE(entry->value);
	taken = clear_free(pb_entry_pageblock(value), pb_frame_in_pageblock(pfn));
	if (taken) {
		pb_zeroed_test_and_clear(entry->zone, pfn, 1);
		WRITE_ONCE(*pb_order_map(pool, pfn), 1);
		pb_zone_account(entry->zone, -1);
		/* As in pb_zone_alloc(): after nr_free. */
		if (pb_entry_is_cma(value))
			atomic_long_dec(&entry->zone->nr_free_cma);
		pb_index_update(entry->zone, pb_pageblock_index(entry->zone, pfn));
	}
	preempt_enable();
	return taken;
}
EXPORT_SYMBOL_PB_TEST(pb_take_page_off);
