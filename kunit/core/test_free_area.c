// SPDX-License-Identifier: GPL-2.0-only
/*
 * free_area.c: the index of pageblocks by free space. A pageblock's index class (migratetype,
 * largest free block, fullness) decides in which bitmap its bit is set. The cases write free
 * bitmaps directly, update the index, and check the class and which orders a search finds the
 * pageblock for.
 */
#include "core/base/pfn.h"
#include "core/index/bitmap.h"
#include "core/index/free_area.h"
#include "core/index/pageblock.h"
#include "core/zone/zone.h"
#include "fixture.h"
#include "params.h"

/* The free words of a pageblock, and the class that follows from them. */
struct shape {
	const char *name;
	u64 words[PB_WORDS];
	int largest;
	unsigned int fullness;
};

#define ALL (~0ULL)

static const struct shape shapes[] = {
	{ "one frame", { 0, 0, 0x10 }, 0, 0 },
	{ "two neighbours that are no buddies", { 0x6 }, 0, 0 },
	{ "a pair", { 0, 0, 0, 0, 0, 0, 0, 0x3 }, 1, 0 },
	{ "32 single frames", { 0x5555555555555555ULL }, 0, 0 },
	{ "33 frames", { 0x5555555555555555ULL, 1 }, 0, 1 },
	{ "one word", { 0, ALL }, 6, 1 },
	{ "two words that are no buddies", { 0, ALL, ALL }, 6, 3 },
	{ "two words", { 0, 0, ALL, ALL }, 7, 3 },
	{ "half a pageblock", { 0, 0, 0, 0, ALL, ALL, ALL, ALL }, 8, 7 },
	{ "all but one frame", { ALL, ALL, ALL, ALL, ALL, ALL, ALL, ALL >> 1 }, 8, 15 },
	{ "whole", { ALL, ALL, ALL, ALL, ALL, ALL, ALL, ALL }, 9, 0 },
};

static void describe_shape(const struct shape *shape, char *desc)
{
	snprintf(desc, KUNIT_PARAM_DESC_SIZE, "%s", shape->name);
}

KUNIT_ARRAY_PARAM(shapes, shapes, describe_shape);

static struct pb_dir_entry *entry_of(struct pt_fixture *f, unsigned long nth)
{
	return pb_dir_entry(&f->pool, PT_PAGEBLOCK(2048 + nth));
}

/*
 * Writes a pageblock's free words directly. nr_free does not follow, so the pool is not verified
 * at exit.
 */
static void set_words(struct pt_fixture *f, unsigned long nth, const u64 *words)
{
	struct pb_pageblock *pageblock = pb_entry_pageblock(entry_of(f, nth)->value);
	unsigned int i;

	f->broken = true;
	for (i = 0; i < PB_WORDS; i++)
		atomic64_set(&pageblock->free[i], words[i]);
}

static const u64 nothing[PB_WORDS];

/* Only the first pageblock of pt_small has free frames, and the index is up to date. */
static struct pb_zone *single_pageblock(struct kunit *test, struct pt_fixture *f, const u64 *words)
{
	struct pb_zone *zone = pt_zone(f, 0, PB_ZONE_NORMAL);
	unsigned long i;

	for (i = 0; i < 8; i++) {
		set_words(f, i, i ? nothing : words);
		pb_index_update(zone, i);
	}
	return zone;
}

static void test_index_class(struct kunit *test)
{
	const struct shape *shape = test->param_value;
	struct pt_fixture *f = pt_pool(test, &pt_small);
	u16 class;

	set_words(f, 0, shape->words);
	class = pb_index_class(entry_of(f, 0)->value);
	KUNIT_EXPECT_EQ(test, pb_class_largest(class), shape->largest);
	KUNIT_EXPECT_EQ(test, pb_class_fullness(class), shape->fullness);
	KUNIT_EXPECT_EQ(test, pb_class_migratetype(class), PB_MOVABLE);
}

static unsigned long search(struct pb_zone *zone, enum pb_migratetype mt, unsigned int order)
{
	unsigned int step;
	unsigned long index;

	for (step = 0; order < PB_PAGEBLOCK_ORDER && step < pb_free_area_steps(order); step++) {
		index = pb_free_area_best(zone, mt, order, step, 0, NULL);
		if (index != PB_NO_PAGEBLOCK)
			return index;
	}
	return pb_free_area_find_free(&zone->area[mt]);
}

/*
 * After an update a search for an order finds the pageblock exactly if it has a block of that
 * order.
 */
static void test_search_finds_what_is_there(struct kunit *test)
{
	const struct shape *shape = test->param_value;
	struct pt_fixture *f = pt_pool(test, &pt_small);
	struct pb_zone *zone = single_pageblock(test, f, shape->words);
	int order;

	KUNIT_EXPECT_TRUE(test, pb_index_test(zone, 0, zone->ctl[0].index_class));
	for (order = 0; order <= PB_PAGEBLOCK_ORDER; order++) {
		KUNIT_EXPECT_EQ_MSG(test, search(zone, PB_MOVABLE, order),
				    order <= shape->largest ? 0 : PB_NO_PAGEBLOCK,
				    "order %d", order);
		KUNIT_EXPECT_EQ(test, search(zone, PB_UNMOVABLE, order), PB_NO_PAGEBLOCK);
	}
}

/* From every shape to every other: the bit of the old class is clear, that of the new one set. */
static void test_moves(struct kunit *test)
{
	const struct shape *from = test->param_value;
	struct pt_fixture *f = pt_pool(test, &pt_small);
	struct pb_zone *zone;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(shapes); i++) {
		zone = single_pageblock(test, f, from->words);
		set_words(f, 0, shapes[i].words);
		pb_index_update(zone, 0);
		KUNIT_EXPECT_EQ(test, zone->ctl[0].index_class,
				pb_index_class(entry_of(f, 0)->value));
		KUNIT_EXPECT_TRUE(test, pb_index_test(zone, 0, zone->ctl[0].index_class));
		KUNIT_EXPECT_EQ(test, atomic_read(&zone->ctl[0].update), 0);
		set_words(f, 0, nothing);
		pb_index_update(zone, 0);
		KUNIT_EXPECT_EQ_MSG(test, search(zone, PB_MOVABLE, 0), PB_NO_PAGEBLOCK,
				    "from %s to %s",
				    from->name, shapes[i].name);
	}
}

/* A pageblock is indexed under its migratetype; an isolated one is not indexed. */
static void test_migratetypes(struct kunit *test)
{
	struct pt_fixture *f = pt_pool(test, &pt_small);
	struct pb_zone *zone = single_pageblock(test, f, shapes[8].words);
	enum pb_migratetype mt, other;

	for (mt = 0; mt < PB_INDEXED_TYPES; mt++) {
		pb_entry_set_migratetype(entry_of(f, 0), mt);
		pb_index_update(zone, 0);
		for (other = 0; other < PB_INDEXED_TYPES; other++)
			KUNIT_EXPECT_EQ(test, search(zone, other, 3),
					other == mt ? 0 : PB_NO_PAGEBLOCK);
	}
	pb_entry_set_migratetype(entry_of(f, 0), PB_ISOLATE);
	pb_index_update(zone, 0);
	KUNIT_EXPECT_EQ(test, zone->ctl[0].index_class, PB_CLASS_COUNTED);
	KUNIT_EXPECT_EQ(test, pb_index_bits(zone->ctl[0].index_class), 0U);
	for (mt = 0; mt < PB_INDEXED_TYPES; mt++)
		KUNIT_EXPECT_EQ(test, search(zone, mt, 0), PB_NO_PAGEBLOCK);
}

/*
 * Order 0 comes from the fullest pageblock, a higher order from the pageblock with the smallest
 * block that fits.
 */
static void test_fullest_first(struct kunit *test)
{
	struct pt_fixture *f = pt_pool(test, &pt_small);
	struct pb_zone *zone = single_pageblock(test, f, shapes[0].words);	/* one free */

	set_words(f, 1, shapes[8].words);				/* 1: half free */
	set_words(f, 2, shapes[4].words);				/* 2: 33 frames free */
	set_words(f, 3, shapes[5].words);				/* 3: one word free */
	set_words(f, 4, shapes[10].words);				/* 4: all free */
	pb_index_update(zone, 1);
	pb_index_update(zone, 2);
	pb_index_update(zone, 3);
	pb_index_update(zone, 4);
	KUNIT_EXPECT_EQ(test, search(zone, PB_MOVABLE, 0), 0UL);
	KUNIT_EXPECT_EQ(test, search(zone, PB_MOVABLE, 1), 3UL);
	KUNIT_EXPECT_EQ(test, search(zone, PB_MOVABLE, 7), 1UL);
	KUNIT_EXPECT_EQ(test, search(zone, PB_MOVABLE, 9), 4UL);
	set_words(f, 0, nothing);
	pb_index_update(zone, 0);
	KUNIT_EXPECT_EQ(test, search(zone, PB_MOVABLE, 0), 2UL);
	set_words(f, 2, nothing);
	pb_index_update(zone, 2);
	KUNIT_EXPECT_EQ(test, search(zone, PB_MOVABLE, 0), 3UL);
}

/* Free pageblocks come from the shortest run of them, to keep large orders possible. */
static void test_free_pageblock_from_smallest_run(struct kunit *test)
{
	struct pt_fixture *f = pt_pool(test, &pt_small);
	struct pb_zone *zone = pt_zone(f, 0, PB_ZONE_NORMAL);

	set_words(f, 5, nothing);
	pb_index_update(zone, 5);
	KUNIT_EXPECT_EQ(test, pb_free_area_find_free(&zone->area[PB_MOVABLE]), 4UL);
	set_words(f, 4, nothing);
	pb_index_update(zone, 4);
	KUNIT_EXPECT_EQ(test, pb_free_area_find_free(&zone->area[PB_MOVABLE]), 6UL);
}

/* The words of all bitmaps of partly free pageblocks for 64 of them are side by side. */
static void test_side_by_side(struct kunit *test)
{
	struct pb_zone *zone = pt_zone(pt_pool(test, &pt_small), 0, PB_ZONE_NORMAL);
	const struct pb_free_area *area = &zone->area[PB_MOVABLE];
	unsigned long *first = pb_bitmap_word(&area->fullness[0], 64);
	unsigned int i;

	KUNIT_EXPECT_TRUE(test, IS_ALIGNED((unsigned long)area->fullness[0].level[0] -
					   (unsigned long)zone->index_mem, L1_CACHE_BYTES));
	for (i = 0; i < PB_NR_FULLNESS; i++)
		KUNIT_EXPECT_PTR_EQ(test, pb_bitmap_word(&area->fullness[i], 64), first + i);
	for (i = 0; i < PB_NR_LARGEST; i++)
		KUNIT_EXPECT_PTR_EQ(test, pb_bitmap_word(&area->largest[i], 127),
				    first + PB_NR_FULLNESS + i);
	KUNIT_EXPECT_PTR_EQ(test, pb_bitmap_word(&area->fullness[0], 128),
			    first + PB_NR_FULLNESS + PB_NR_LARGEST);
}

/* Each word of the bitmap of free pageblocks has a cache line that nothing else is in. */
static void test_lines_of_their_own(struct kunit *test)
{
	struct pb_zone *zone = pt_zone(pt_pool(test, &pt_gig), 0, PB_ZONE_NORMAL);
	const unsigned int words = L1_CACHE_BYTES / sizeof(long);
	struct pb_free_area *area = &zone->area[PB_MOVABLE];
	unsigned long *first = pb_bitmap_word(&area->free_pageblocks, 0);

	KUNIT_EXPECT_TRUE(test, IS_ALIGNED((unsigned long)first - (unsigned long)zone->index_mem,
					   L1_CACHE_BYTES));
	KUNIT_EXPECT_PTR_EQ(test, pb_bitmap_word(&area->free_pageblocks, 63), first);
	KUNIT_EXPECT_PTR_EQ(test, pb_bitmap_word(&area->free_pageblocks, 64), first + words);
	KUNIT_EXPECT_LE(test, (unsigned long)(first + BITS_TO_LONGS(zone->nr_pageblocks) * words),
			(unsigned long)area->fullness[0].level[1]);
}

/*
 * A free has the index updated if the class then is too low by more than a quarter of a word:
 * first free frame, larger block, more free frames.
 */
static void test_freed_brings_up_to_date(struct kunit *test)
{
	struct pt_fixture *f = pt_pool(test, &pt_small);
	struct pb_zone *zone = single_pageblock(test, f, nothing);
	struct pb_pageblock *pageblock = pb_entry_pageblock(entry_of(f, 0)->value);
	u64 old, new = 0;
	unsigned int i;

	KUNIT_EXPECT_EQ(test, zone->ctl[0].index_class, 0);
	for (i = 0; i < PB_PAGEBLOCK_NR; i++) {
		old = atomic64_fetch_or(BIT_ULL(i % 64), &pageblock->free[i / 64]);
		new = old | BIT_ULL(i % 64);
		if (pb_index_on_free(zone, 0, pageblock, BIT_ULL(i % 64), new, false) !=
		    PB_INDEX_OK)
			pb_index_update(zone, 0);
		KUNIT_ASSERT_GE(test, pb_class_largest(zone->ctl[0].index_class),
				pb_word_largest(new));
		KUNIT_ASSERT_LE(test, (int)(i / PB_FULLNESS_PAGES) - 2,
				(int)pb_class_fullness(zone->ctl[0].index_class) +
				(i == 511 ? PB_NR_FULLNESS : 0));
	}
	KUNIT_EXPECT_EQ(test, pb_class_largest(zone->ctl[0].index_class), PB_PAGEBLOCK_ORDER);
}

/* A CPU that finds an update in progress leaves its own to the updater and raises the count. */
static void test_update_hand_over(struct kunit *test)
{
	struct pt_fixture *f = pt_pool(test, &pt_small);
	struct pb_zone *zone = single_pageblock(test, f, nothing);

	atomic_set(&zone->ctl[0].update, 1);		/* another CPU is updating */
	set_words(f, 0, shapes[5].words);
	pb_index_update(zone, 0);
	KUNIT_EXPECT_EQ(test, zone->ctl[0].index_class, 0);	/* left to the updater ... */
	KUNIT_EXPECT_EQ(test, atomic_read(&zone->ctl[0].update), 2);	/* ... which sees this */
}

/* A free that makes a larger block raises the class to what the freed word shows. */
static void test_index_raise(struct kunit *test)
{
	struct pt_fixture *f = pt_pool(test, &pt_small);
	struct pb_zone *zone = single_pageblock(test, f, nothing);
	struct pb_pageblock *pageblock = pb_entry_pageblock(entry_of(f, 0)->value);
	unsigned int i, frame;
	u64 old;

	for (i = 0; i < PB_PAGEBLOCK_NR; i++) {
		frame = i * 5 % PB_PAGEBLOCK_NR;		/* each frame once */
		old = atomic64_fetch_or(BIT_ULL(frame % 64), &pageblock->free[frame / 64]);
		if (pb_index_on_free(zone, 0, pageblock, BIT_ULL(frame % 64),
				     old | BIT_ULL(frame % 64), false) == PB_INDEX_HIDES) {
			pb_index_raise(zone, 0, &pageblock->free[frame / 64]);
			KUNIT_ASSERT_EQ(test, pb_class_largest(zone->ctl[0].index_class),
					pb_pageblock_largest(pageblock));
			KUNIT_ASSERT_TRUE(test, pb_index_test(zone, 0, zone->ctl[0].index_class));
			KUNIT_ASSERT_EQ(test, atomic_read(&zone->ctl[0].update), 0);
		}
	}
	KUNIT_EXPECT_EQ(test, pb_class_largest(zone->ctl[0].index_class), PB_PAGEBLOCK_ORDER);
}

/*
 * Raising never lowers a class, does not index an isolated pageblock, and leaves the update to
 * an updater at work.
 */
static void test_index_raise_unchanged(struct kunit *test)
{
	struct pt_fixture *f = pt_pool(test, &pt_small);
	struct pb_zone *zone = single_pageblock(test, f, shapes[5].words);
	struct pb_pageblock *pageblock = pb_entry_pageblock(entry_of(f, 0)->value);
	u16 class = zone->ctl[0].index_class;

	pb_index_raise(zone, 0, &pageblock->free[0]);		/* word 0 is empty, word 1 free */
	KUNIT_EXPECT_EQ(test, zone->ctl[0].index_class, class);
	atomic_set(&zone->ctl[0].update, 1);			/* another CPU is updating */
	set_words(f, 0, shapes[10].words);
	pb_index_raise(zone, 0, &pageblock->free[0]);
	KUNIT_EXPECT_EQ(test, zone->ctl[0].index_class, class);
	KUNIT_EXPECT_EQ(test, atomic_read(&zone->ctl[0].update), 2);
	atomic_set(&zone->ctl[0].update, 0);

	entry_of(f, 0)->value = (entry_of(f, 0)->value & ~PB_ENTRY_MT_MASK) | PB_ISOLATE;
	pb_index_update(zone, 0);
	KUNIT_ASSERT_EQ(test, zone->ctl[0].index_class, PB_CLASS_COUNTED);
	pb_index_raise(zone, 0, &pageblock->free[0]);
	KUNIT_EXPECT_EQ(test, zone->ctl[0].index_class, PB_CLASS_COUNTED);
}

static bool summary_of(const struct pb_bitmap *map, unsigned long index)
{
	return test_bit(index / BITS_PER_LONG, map->level[1]);
}

/* Where there are several CPUs, a move clears the summary of free pageblocks alone. */
static void test_moves_and_summaries(struct kunit *test)
{
	struct pt_fixture *f = pt_pool(test, &pt_gig);
	struct pb_zone *zone = pt_zone(f, 0, PB_ZONE_NORMAL);
	struct pb_bitmap *free = &zone->area[PB_MOVABLE].free_pageblocks;
	struct pb_bitmap *fullest = &zone->area[PB_MOVABLE].fullness[PB_NR_FULLNESS - 1];
	unsigned long first = round_up(pb_bitmap_next(free, 0), BITS_PER_LONG), pfn, i;
	struct pb_request rq = pt_rq(9, PB_MOVABLE, 0);

	preempt_disable();
	pfn = pb_zone_alloc_block_at(zone, first, 0, 0, BIT(PB_MOVABLE), &rq);
	KUNIT_EXPECT_TRUE(test, summary_of(fullest, first));
	pb_zone_free_noevent(zone, pfn, 0);
	KUNIT_EXPECT_FALSE(test, pb_bitmap_test(fullest, first));
	KUNIT_EXPECT_EQ(test, summary_of(fullest, first), pb_nr_cpus() > 1);
	KUNIT_EXPECT_TRUE(test, summary_of(free, first));
	for (i = first; i < first + BITS_PER_LONG; i++)
		KUNIT_EXPECT_TRUE(test, pb_zone_alloc_pageblock_at(zone, i, PB_MOVABLE, &rq));
	KUNIT_EXPECT_FALSE(test, summary_of(free, first));
	for (i = first; i < first + BITS_PER_LONG; i++)
		pb_zone_free_noevent(zone, pb_pageblock_pfn(zone, i), PB_PAGEBLOCK_ORDER);
	preempt_enable();
	KUNIT_EXPECT_TRUE(test, summary_of(free, first));
}

static void set_and_clear_bit(struct pb_bitmap *map, unsigned long index)
{
	pb_bitmap_set(map, index);
	pb_bitmap_clear_bit(map, index);
}

/* A search clears the summary of the first word that it passed, beyond one for each CPU. */
static void test_search_clears_summaries(struct kunit *test)
{
	struct pb_zone *zone = pt_zone(pt_pool(test, &pt_gig), 0, PB_ZONE_NORMAL);
	struct pb_bitmap *map = &zone->area[PB_UNMOVABLE].fullness[3];
	unsigned long many = pb_nr_cpus() + 1, last = (many + 1) * BITS_PER_LONG, n;

	if (last >= zone->nr_pageblocks)
		kunit_skip(test, "too many CPUs for the size of the pool");
	pb_bitmap_set(map, last);
	for (n = 1; n < many; n++)
		set_and_clear_bit(map, n * BITS_PER_LONG);
	KUNIT_EXPECT_EQ(test, pb_free_area_best(zone, PB_UNMOVABLE, 0, 3, 0, NULL), last);
	KUNIT_EXPECT_EQ(test, hweight_long(map->level[1][0]), many);
	set_and_clear_bit(map, many * BITS_PER_LONG);
	KUNIT_EXPECT_EQ(test, pb_free_area_best(zone, PB_UNMOVABLE, 0, 3, 0, NULL), last);
	KUNIT_EXPECT_FALSE(test, summary_of(map, BITS_PER_LONG));
	KUNIT_EXPECT_EQ(test, hweight_long(map->level[1][0]), many);
	pb_bitmap_clear_bit(map, last);
	/* In vain: each search clears one. */
	for (n = many + 1; n; n--) {
		KUNIT_EXPECT_FALSE(test, pb_bitmap_empty(map));
		KUNIT_EXPECT_EQ(test, pb_free_area_best(zone, PB_UNMOVABLE, 0, 3, 0, NULL),
				PB_NO_PAGEBLOCK);
		if (pb_bitmap_empty(map))
			break;
	}
	KUNIT_EXPECT_EQ(test, n, 2UL);
}

static struct kunit_case free_area_cases[] = {
	KUNIT_CASE_PARAM(test_index_class, shapes_gen_params),
	KUNIT_CASE_PARAM(test_search_finds_what_is_there, shapes_gen_params),
	KUNIT_CASE_PARAM(test_moves, shapes_gen_params),
	KUNIT_CASE(test_migratetypes),
	KUNIT_CASE(test_fullest_first),
	KUNIT_CASE(test_free_pageblock_from_smallest_run),
	KUNIT_CASE(test_side_by_side),
	KUNIT_CASE(test_lines_of_their_own),
	KUNIT_CASE(test_freed_brings_up_to_date),
	KUNIT_CASE(test_update_hand_over),
	KUNIT_CASE(test_index_raise),
	KUNIT_CASE(test_index_raise_unchanged),
	KUNIT_CASE(test_moves_and_summaries),
	KUNIT_CASE(test_search_clears_summaries),
	{}
};

static struct kunit_suite free_area_suite = {
	.name = "pbuddy_free_area",
	.init = pt_init,
	.exit = pt_exit,
	.test_cases = free_area_cases,
};

kunit_test_suite(free_area_suite);
