// SPDX-License-Identifier: GPL-2.0-only
/* Scenarios of the index: update, raise, free pageblocks, and the summaries of bitmaps. */
#include "core/cache/pcp.h"
#include "core/index/bitmap.h"
#include "core/index/free_area.h"
#include "core/index/pageblock.h"
#include "core/index/updates.h"
#include "core/zone/zone.h"
#include "scenario.h"

static void one_free(void)
{
	mc_make_frames(1);
}

static void all_but_a_word_free(void)
{
	mc_make_frames(448);
}

static void word_but_three_free(void)
{
	mc_make_frames(61);
}

static void half_words_free(void)
{
	mc_make_frames(32);
	mc_free_frames(0, 64, 32);
}

static void nothing_free(void)
{
	mc_make_frames(0);
}

static void four_free(void)
{
	mc_make_pool(4);
}

static void two_partly_free(void)
{
	mc_make_pool(2);
	mc_fill(PB_MOVABLE);
	mc_free_frames(0, 0, 40);
	mc_free_frames(1, 0, 40);
}

static void request0(void) { mc_alloc_uncached(0, 0, PB_MOVABLE); }
static void request0_other(void) { mc_alloc_uncached(1, 0, PB_MOVABLE); }
static void request3(void) { mc_alloc_uncached(0, 3, PB_MOVABLE); }
static void request3_other(void) { mc_alloc_uncached(1, 3, PB_MOVABLE); }
static void alloc0(void) { mc_zone_alloc(0, 0, PB_MOVABLE); }
static void alloc0_other(void) { mc_zone_alloc(1, 0, PB_MOVABLE); }
static void alloc3(void) { mc_zone_alloc(0, 3, PB_MOVABLE); }
static void alloc3_other(void) { mc_zone_alloc(1, 3, PB_MOVABLE); }
static void alloc7(void) { mc_zone_alloc(0, 7, PB_MOVABLE); }
static void alloc8(void) { mc_zone_alloc(1, 8, PB_MOVABLE); }
static void alloc9(void) { mc_zone_alloc(0, 9, PB_MOVABLE); }
static void alloc9_other(void) { mc_zone_alloc(1, 9, PB_MOVABLE); }
static void alloc9_third(void) { mc_zone_alloc(2, 9, PB_MOVABLE); }
static void alloc10(void) { mc_zone_alloc(0, 10, PB_MOVABLE); }
static void alloc0_third(void) { mc_zone_alloc(2, 0, PB_MOVABLE); }

static void free1(void) { mc_zone_free(mc_pfn(0, 1), 0); }
static void free2(void) { mc_zone_free(mc_pfn(0, 2), 0); }
static void free3(void) { mc_zone_free(mc_pfn(0, 3), 0); }
static void free61(void) { mc_zone_free(mc_pfn(0, 61), 0); }
static void free62(void) { mc_zone_free(mc_pfn(0, 62), 0); }
static void free63(void) { mc_zone_free(mc_pfn(0, 63), 0); }
static void free_last_word(void) { mc_zone_free(mc_pfn(0, 448), 6); }
static void free_half_word(void) { mc_zone_free(mc_pfn(0, 32), 5); }
static void free_half_word_other(void) { mc_zone_free(mc_pfn(0, 96), 5); }
static void free_neighbour(void) { mc_zone_free(mc_pfn(1, 0), 9); }
static void update_all(void) { pb_zone_index_update_all(mc.zone); }

static void alloc9_free(void)
{
	mc_zone_alloc(0, 9, PB_MOVABLE);
	if (mc_got(0))
		mc_zone_free(mc.got[0], 9);
}

static void free2_request(void)
{
	free2();
	request0_other();
}

static void free_half_word_request(void)
{
	free_half_word();
	request3_other();
}

static void neighbour_allocated(void)
{
	mc_make_pool(2);
	mc_fill(PB_MOVABLE);
	mc_zone_free(mc_pfn(0, 0), 9);
}

static struct pb_pcp_list *list_of_cpu0(void)
{
	return pb_pcp_list(pb_per_cpu_ptr(mc.zone->pcp, 0), 0, PB_MOVABLE);
}

/*
 * Two free words, and an index without their block of order 7, as CPU 0 has deferred the update.
 * It allocates the block. Meanwhile another CPU allocates from the second word; its update of the
 * index is an actor of its own.
 */
static void order7_stale(void)
{
	nothing_free();
	mc_free_frames(0, 0, 127);
	*pb_order_map(mc.pool, mc_pfn(0, 127)) = 0;
	pb_zone_free_mask_unindexed(mc.zone, mc_pfn(0, 127), 1ULL << 63, 0);
	pb_zone_account(mc.zone, 1);
	list_of_cpu0()->drained = 1;
}

static void request7(void)
{
	unsigned long pfn;

	list_of_cpu0()->drained = 0;	/* the allocation does this update */
	pfn = pb_zone_alloc_block_at(mc.zone, 0, 7, 0, BIT(PB_MOVABLE), NULL);
	if (pfn == PB_NO_PFN)
		return;
	*pb_order_map(mc.pool, pfn) = 8;
	mc.free -= 128;
}

static void alloc_unindexed(void)
{
	struct pb_pageblock *pageblock =
		pb_entry_pageblock(pb_dir_entry(mc.pool, mc_pfn(0, 0))->value);
	int frame = pb_pageblock_alloc(pageblock, 0);

	if (frame < 0)
		return;
	pb_zone_account(mc.zone, -1);
	*pb_order_map(mc.pool, mc_pfn(0, frame)) = 1;
	mc.free--;
}

static void update_first(void) { pb_index_update(mc.zone, 0); }

static void scan0(void) { mc_scan(0, 0, PB_MOVABLE); }
static void clean(void) { pb_touched_clean(mc.zone); }

static void free3_scan(void)
{
	free3();
	mc_scan(1, 0, PB_MOVABLE);
}

static void free_last_word_clean(void)
{
	free_last_word();
	clean();
}

/* Without touched groups, so that the scan finds only what the actors touch. */
static void all_but_a_word_free_clean(void)
{
	all_but_a_word_free();
	clean();
}

static void nothing_free_clean(void)
{
	nothing_free();
	clean();
}

/* An update is in progress elsewhere, which makes the scan read the touched groups. */
static void update_elsewhere(void)
{
	all_but_a_word_free_clean();
	pb_this_cpu_inc(mc.zone->updates_begun);
}

/* At first all are set, as PB_NO_PFN: 0 when frame 3 was free before the scan began. */
#define FREED		(mc.got[MC_NR_GOT - 1])
#define SCANNED		(mc.got[MC_NR_GOT - 2])

/* Nothing is free, and the summary is set over the word of single free frames. */
static void summary_kept(void)
{
	mc_make_growable_pool(1, 2 * BITS_PER_LONG);
	mc_fill(PB_MOVABLE);
	mc_free_frames(0, 5, 1);
	mc_zone_alloc(3, 0, PB_MOVABLE);
	clean();
}

static void clear_summary(void)
{
	pb_index_clear_summaries(mc.zone, &mc.zone->area[PB_MOVABLE].fullness[0], 0);
}

static void free3_whole(void)
{
	free3();
	FREED = 0;
}

static void scan_after_free(void)
{
	SCANNED = FREED;
	if (!SCANNED)
		mc_scan(1, 0, PB_MOVABLE);
}

static void second_served(void) { mc_must_get(1, "a frame was free throughout"); }
static void first_served(void) { mc_must_get(0, "a frame was free throughout"); }

static void served_if_scanned(void)
{
	if (!SCANNED)
		second_served();
}

static void both_served(void)
{
	mc_must_get(0, "no other actor could use all free memory");
	mc_must_get(1, "no other actor could use all free memory");
}

static void three_served(void)
{
	both_served();
	mc_must_get(2, "no other actor could use all free memory");
}

static void third_served(void) { mc_must_get(2, "a pageblock was free throughout"); }

static void indexed_order(int order)
{
	if (pb_class_largest(mc.zone->ctl[0].index_class) < order)
		mc_violate("the index hides a block of order %d", order);
}

static void order6_indexed(void) { indexed_order(6); }
static void order1_indexed(void) { indexed_order(1); }

static struct pb_bitmap *map;

static void make_bitmap(void)
{
	unsigned long nr = 64 * 65;

	mc_make_pool(1);
	map = pb_host_alloc(sizeof(*map));
	pb_bitmap_init(map, nr, pb_host_alloc(pb_bitmap_words(nr) * sizeof(long)));
	pb_bitmap_set(map, 130);
}

static void clear_and_set(void)
{
	pb_bitmap_clear(map, 130);
	pb_bitmap_set(map, 140);
}

static void set_and_clear(void)
{
	pb_bitmap_set(map, 131);
	pb_bitmap_clear(map, 131);
}

static void clear130(void) { pb_bitmap_clear(map, 130); }
static void set131(void) { pb_bitmap_set(map, 131); }
static void set200(void) { pb_bitmap_set(map, 200); }
static void set_last(void) { pb_bitmap_set(map, 64 * 65 - 1); }

static void bitmap_right(unsigned long first)
{
	unsigned long nr = 0;

	if (!pb_bitmap_check(map, &nr))
		mc_violate("a summary hides a word");
	if (pb_bitmap_next(map, 0) != first)
		mc_violate("the first bit is %ld, not %lu", (long)pb_bitmap_next(map, 0), first);
}

static void first_is_131(void) { bitmap_right(131); }
static void first_is_140(void) { bitmap_right(140); }
static void first_is_200(void) { bitmap_right(200); }
static void first_is_last(void) { bitmap_right(64 * 65 - 1); }

static const struct mc_scenario rows[] = {
	{ "index_alloc_free", one_free, { alloc0, free2 }, 0, first_served },
	{ "index_alloc_free_free", one_free, { alloc0, free2, free3 }, 0, first_served },
	{ "index_alloc_alloc_free", one_free, { alloc0, alloc0_other, free2 } },
	{ "index_request_own_free", one_free, { request0, free2_request }, 0, both_served },
	{ "index_request_own_word", half_words_free, { request3, free_half_word_request }, 0,
	  both_served },
	{ "index_free_makes_order_1", one_free, { alloc0, free1 }, 0, first_served },
	{ "index_two_frees_from_nothing", nothing_free, { free2, free3 }, 0, order1_indexed },
	{ "index_free_alloc_from_nothing", nothing_free, { free2, alloc0 } },
	{ "roll_back_update", order7_stale, { request7, alloc_unindexed, update_first } },
	{ "index_update_all_alloc_free", one_free, { update_all, alloc0, free2 } },
	{ "raise_three_frees", word_but_three_free, { free61, free62, free63 }, 0,
	  order6_indexed },
	{ "raise_two_words", half_words_free, { free_half_word, free_half_word_other }, 0,
	  order6_indexed },
	{ "raise_alloc_3", half_words_free, { free_half_word, alloc3, free_half_word_other }, 0,
	  first_served },
	{ "free_completes_pageblock_alloc_7", all_but_a_word_free, { alloc7, free_last_word }, 0,
	  first_served },
	{ "free_completes_pageblock_7_8", all_but_a_word_free, { alloc7, alloc8, free_last_word } },
	{ "free_completes_pageblock_9", all_but_a_word_free, { alloc9, free_last_word } },
	{ "free_completes_pageblock_9_0", all_but_a_word_free,
	  { alloc9, free_last_word, alloc0_third } },
	{ "pageblocks_9_9", four_free, { alloc9, alloc9_other }, 0, both_served },
	{ "pageblocks_9_9_9", four_free, { alloc9, alloc9_other, alloc9_third }, 0, three_served },
	{ "pageblocks_free_again", four_free, { alloc9_free, alloc9_third }, 0, third_served },
	{ "pageblocks_3_3", four_free, { alloc3, alloc3_other }, 0, both_served },
	{ "pageblocks_10_9_free", neighbour_allocated, { alloc10, alloc9_other, free_neighbour } },
	{ "partly_free_0_0", two_partly_free, { alloc0, alloc0_other }, 0, both_served },
	{ "partly_free_0_3", two_partly_free, { alloc0, alloc3_other }, 0, both_served },
	{ "scan_beside_free", all_but_a_word_free_clean, { scan0, free_last_word }, 0,
	  first_served },
	{ "scan_left_to_updater", nothing_free_clean, { free2, free3_scan }, 0, second_served },
	{ "scan_beside_clean", update_elsewhere, { scan0, free_last_word_clean }, 0,
	  first_served },
	{ "scan_free_clean", update_elsewhere, { scan0, free_last_word, clean }, 0,
	  first_served },
	{ "scan_beside_clear_summary", summary_kept,
	  { clear_summary, free3_whole, scan_after_free }, 0, served_if_scanned },
	{ "search_beside_clear_summary", summary_kept, { clear_summary, free2_request } },
	{ "bitmap_clear_set", make_bitmap, { clear130, set131 }, 0, first_is_131 },
	{ "bitmap_three", make_bitmap, { clear_and_set, set_and_clear, set200 }, 0, first_is_140 },
	{ "bitmap_words", make_bitmap, { clear130, set200 }, 0, first_is_200 },
	{ "bitmap_levels", make_bitmap, { clear130, set_and_clear, set_last }, 0, first_is_last },
};

MC_GROUP(mc_index_group, rows);
