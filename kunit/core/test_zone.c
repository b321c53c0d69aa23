// SPDX-License-Identifier: GPL-2.0-only
/*
 * zone.c: allocating and freeing in the bitmaps of one zone, below the pcp lists: blocks of
 * every order, runs of pageblocks with an alignment, and the count of free pages.
 */
#include "core/base/pfn.h"
#include "core/index/pageblock.h"
#include "core/zone/zone.h"
#include "fixture.h"
#include "params.h"
#include "threads.h"

static const unsigned int orders[] = { 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12 };

static void describe_order(const unsigned int *order, char *desc)
{
	snprintf(desc, KUNIT_PARAM_DESC_SIZE, "order %u", *order);
}

KUNIT_ARRAY_PARAM(orders, orders, describe_order);

static unsigned long alloc(struct pb_zone *zone, unsigned int order, enum pb_migratetype mt)
{
	unsigned long pfn;

	preempt_disable();
	pfn = pb_zone_alloc(zone, order, mt, NULL);
	preempt_enable();
	return pfn;
}

static unsigned long alloc_pageblocks(struct pb_zone *zone, unsigned long nr, unsigned long align)
{
	unsigned long pfn;

	preempt_disable();
	pfn = pb_zone_alloc_pageblocks(zone, nr, align, PB_MOVABLE, BIT(PB_MOVABLE), NULL);
	preempt_enable();
	return pfn;
}

/* Until the zone is empty and back: the count of free pages is exact at each step. */
static void test_alloc_and_free(struct kunit *test)
{
	unsigned int order = *(const unsigned int *)test->param_value;
	struct pt_fixture *f = pt_pool(test, &pt_small);
	struct pb_zone *zone = pt_zone(f, 0, PB_ZONE_NORMAL);
	unsigned long n = 0, pfn, *pfns;

	pfns = kunit_kcalloc(test, f->pages, sizeof(*pfns), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, pfns);
	while ((pfn = alloc(zone, order, PB_MOVABLE)) != PB_NO_PFN) {
		KUNIT_ASSERT_TRUE(test, pt_own(test, f, pfn, 1UL << order));
		pfns[n++] = pfn;
		KUNIT_ASSERT_EQ(test, pb_zone_free_pages(zone), (long)(f->pages - (n << order)));
	}
	KUNIT_EXPECT_EQ(test, n, f->pages >> order);
	while (n)
		pb_zone_free_noevent(zone, pfns[--n], order);
	KUNIT_EXPECT_EQ(test, pb_zone_free_pages(zone), (long)f->pages);
	pt_expect_all_free(test, f);
}

/* An allocation uses pageblocks of its own migratetype only. */
static void test_own_type_only(struct kunit *test)
{
	unsigned int order = *(const unsigned int *)test->param_value;
	struct pt_fixture *f = pt_pool(test, &pt_small);
	struct pb_zone *zone = pt_zone(f, 0, PB_ZONE_NORMAL);

	KUNIT_EXPECT_EQ(test, alloc(zone, order, PB_UNMOVABLE), PB_NO_PFN);
	KUNIT_EXPECT_EQ(test, alloc(zone, order, PB_RECLAIMABLE), PB_NO_PFN);
	KUNIT_EXPECT_EQ(test, pb_zone_free_pages(zone), (long)f->pages);
}

/* Free pageblocks are not split while a partly free one has the block. */
static void test_packs_into_one_pageblock(struct kunit *test)
{
	struct pt_fixture *f = pt_pool(test, &pt_small);
	struct pb_zone *zone = pt_zone(f, 0, PB_ZONE_NORMAL);
	unsigned long first = alloc(zone, 0, PB_MOVABLE), pfn, i, pages = 1;
	unsigned int order = 0;

	KUNIT_ASSERT_NE(test, first, PB_NO_PFN);
	/* 1 + 1 + 2 + 4 + ... + 256 frames fill a pageblock exactly. */
	for (i = 0; i < PB_PAGEBLOCK_ORDER; i++, order++) {
		pfn = alloc(zone, order, PB_MOVABLE);
		KUNIT_EXPECT_EQ_MSG(test, pfn >> PB_PAGEBLOCK_ORDER, first >> PB_PAGEBLOCK_ORDER,
				    "order %u", order);
		pages += 1UL << order;
	}
	KUNIT_EXPECT_EQ(test, pages, PB_PAGEBLOCK_NR);
	KUNIT_EXPECT_NE(test, alloc(zone, 0, PB_MOVABLE) >> PB_PAGEBLOCK_ORDER,
			first >> PB_PAGEBLOCK_ORDER);
	f->broken = true;	/* alloc.c would set the order map */
}

struct run {
	const char *name;
	unsigned long nr, align, first;		/* pageblocks */
};

/* pt_holes: 1025, 1027-1029, (1032-1033: MOVABLE), 1040-1041, 1535-1537, 4173. */
static const struct run runs[] = {
	{ "one", 1, 1, 1025 },
	{ "one, even", 1, 2, 1028 },
	{ "two", 2, 1, 1027 },
	{ "two, aligned", 2, 2, 1028 },
	{ "three", 3, 1, 1027 },
	{ "three, aligned to four", 3, 4, 0 },
	{ "two, aligned to 512", 2, 512, 1536 },
	{ "four", 4, 1, 0 },
	{ "more than the zone", 5000, 1, 0 },
};

static void describe_run(const struct run *run, char *desc)
{
	snprintf(desc, KUNIT_PARAM_DESC_SIZE, "%s", run->name);
}

KUNIT_ARRAY_PARAM(runs, runs, describe_run);

static void test_runs_of_pageblocks(struct kunit *test)
{
	const struct run *run = test->param_value;
	struct pt_fixture *f = pt_pool(test, &pt_holes);
	struct pb_zone *zone = pt_zone(f, 0, PB_ZONE_NORMAL);
	unsigned long pfn = alloc_pageblocks(zone, run->nr, run->align), i;

	KUNIT_EXPECT_EQ(test, pfn, run->first ? PT_PAGEBLOCK(run->first) : PB_NO_PFN);
	for (i = 0; pfn != PB_NO_PFN && i < run->nr; i++)
		pb_zone_free_noevent(zone, pfn + PT_PAGEBLOCK(i), PB_PAGEBLOCK_ORDER);
	pt_expect_all_free(test, f);
}

/*
 * One pageblock of the first run is allocated: the next run is found, across a directory
 * section's end.
 */
static void test_run_behind_a_used_one(struct kunit *test)
{
	struct pt_fixture *f = pt_pool(test, &pt_holes);
	struct pb_zone *zone = pt_zone(f, 0, PB_ZONE_NORMAL);
	unsigned long i, pfn;

	KUNIT_ASSERT_EQ(test, alloc_pageblocks(zone, 2, 2), PT_PAGEBLOCK(1028));
	pfn = alloc_pageblocks(zone, 3, 1);
	KUNIT_EXPECT_EQ(test, pfn, PT_PAGEBLOCK(1535));
	for (i = 0; i < 3; i++)
		pb_zone_free_noevent(zone, pfn + PT_PAGEBLOCK(i), 9);
	pb_zone_free_noevent(zone, PT_PAGEBLOCK(1028), 10);
	pt_expect_all_free(test, f);
}

/* A run of pageblocks of several types is allocated as one, and all get the request's type. */
static void test_run_of_mixed_types(struct kunit *test)
{
	struct pt_fixture *f = pt_pool(test, &pt_small);
	struct pb_zone *zone = pt_zone(f, 0, PB_ZONE_NORMAL);
	unsigned long pfn, i;

	for (i = 0; i < 8; i++)
		pb_entry_set_migratetype(pb_dir_entry(&f->pool, PT_PAGEBLOCK(2048 + i)), i % 3);
	pb_zone_index_update_all(zone);
	KUNIT_EXPECT_EQ(test, alloc_pageblocks(zone, 8, 8), PB_NO_PFN);
	pt_verify(test, f, NULL);
	preempt_disable();
	pfn = pb_zone_alloc_pageblocks(zone, 8, 8, PB_RECLAIMABLE, BIT(PB_PCPTYPES) - 1, NULL);
	preempt_enable();
	KUNIT_ASSERT_EQ(test, pfn, PT_PAGEBLOCK(2048));
	for (i = 0; i < 8; i++)
		KUNIT_EXPECT_EQ(test, pb_entry_migratetype(pb_dir_entry(&f->pool, pfn)->value),
				PB_RECLAIMABLE);
	pb_zone_free_noevent(zone, pfn, 12);
	pt_expect_all_free(test, f);
}

static enum pb_migratetype type_of(struct pt_fixture *f, unsigned long pfn)
{
	return pb_entry_migratetype(pb_dir_entry(&f->pool, pfn)->value);
}

/* A run that the watermark refuses keeps its types. */
static void test_refused_run_keeps_types(struct kunit *test)
{
	struct pt_fixture *f = pt_pool(test, &pt_small);
	struct pb_zone *zone = pt_zone(f, 0, PB_ZONE_NORMAL);
	struct pb_request rq = pt_rq(10, PB_UNMOVABLE, 0);
	unsigned long i;

	pt_set_watermark(zone, PB_WMARK_MIN, f->pages - 1000);
	preempt_disable();
	KUNIT_EXPECT_EQ(test, pb_zone_alloc_pageblocks(zone, 2, 2, PB_UNMOVABLE,
						       BIT(PB_PCPTYPES) - 1, &rq), PB_NO_PFN);
	preempt_enable();
	for (i = 0; i < 8; i++)
		KUNIT_EXPECT_EQ(test, type_of(f, PT_PAGEBLOCK(2048 + i)), PB_MOVABLE);
	pt_set_watermark(zone, PB_WMARK_MIN, 0);
	pt_expect_all_free(test, f);
}

/* A run whose first pageblock is not free, although its bit is set: the next run overlaps it. */
static void test_run_behind_a_stale_one(struct kunit *test)
{
	struct pt_fixture *f = pt_pool(test, &pt_holes);
	struct pb_zone *zone = pt_zone(f, 0, PB_ZONE_NORMAL);
	unsigned long index = (PT_PAGEBLOCK(1535) - zone->base_pfn) >> PB_PAGEBLOCK_ORDER;
	unsigned long value, pfn, i;

	atomic_inc(&zone->ctl[index].update);		/* another CPU is updating */
	value = pb_dir_entry(&f->pool, PT_PAGEBLOCK(1535))->value;
	KUNIT_ASSERT_EQ(test, pb_pageblock_alloc(pb_entry_pageblock(value), 9), 0);
	/* 1025, 1027-1029, 1040-1041 */
	for (i = 0; i < 4; i++)
		KUNIT_ASSERT_LT(test, alloc_pageblocks(zone, 1, 1), PT_PAGEBLOCK(1030));
	KUNIT_ASSERT_EQ(test, alloc_pageblocks(zone, 2, 1), PT_PAGEBLOCK(1040));
	pfn = alloc_pageblocks(zone, 2, 1);
	KUNIT_EXPECT_EQ(test, pfn, PT_PAGEBLOCK(1536));
	atomic_set(&zone->ctl[index].update, 0);
	f->broken = true;	/* alloc.c would set the order map */
}

/* A second free that bypasses the order map is reported, and the pages are counted once. */
static void test_double_free(struct kunit *test)
{
	unsigned int order = *(const unsigned int *)test->param_value;
	struct pt_fixture *f = pt_pool(test, &pt_small);
	struct pb_zone *zone = pt_zone(f, 0, PB_ZONE_NORMAL);
	unsigned long pfn = alloc(zone, order, PB_MOVABLE);

	pb_zone_free_noevent(zone, pfn, order);
	pb_zone_free_noevent(zone, pfn, order);
	pt_expect_bad(test, f, PB_BAD_DOUBLE, pfn);
	pt_expect_all_free(test, f);
}

/* Set index bits of allocated pageblocks cost attempts but hide no free one. */
static void test_lying_index(struct kunit *test)
{
	struct pt_fixture *f = pt_pool(test, &pt_small);
	struct pb_zone *zone = pt_zone(f, 0, PB_ZONE_NORMAL);
	unsigned long pfns[7], i;
	u16 class = zone->ctl[0].index_class;

	for (i = 0; i < 7; i++)
		pfns[i] = alloc(zone, 9, PB_MOVABLE);
	/* Index the seven allocated pageblocks as free. */
	for (i = 0; i < 7; i++) {
		zone->ctl[(pfns[i] - zone->base_pfn) >> 9].index_class = class;
		set_bit((pfns[i] - zone->base_pfn) >> 9,
			zone->area[PB_MOVABLE].free_pageblocks.level[0]);
	}
	KUNIT_EXPECT_NE(test, alloc(zone, 9, PB_MOVABLE), PB_NO_PFN);
	KUNIT_EXPECT_EQ(test, alloc(zone, 9, PB_MOVABLE), PB_NO_PFN);
	KUNIT_EXPECT_EQ(test, alloc(zone, 0, PB_MOVABLE), PB_NO_PFN);
	KUNIT_EXPECT_EQ(test, pb_zone_free_pages(zone), 0L);
	for (i = 0; i < 8; i++)
		pb_zone_free_noevent(zone, PT_PAGEBLOCK(2048 + i), 9);
	pt_expect_all_free(test, f);
}

static const unsigned int classed[] = { 515, 517, 575, 576, 582, 712 };

struct walk {
	struct pb_zone	*zone;
	unsigned int	nr;
	unsigned long	found[16];
};

/* Another CPU takes a pageblock out of the class behind the first candidate, and adds one. */
static void walk_class(void *arg)
{
	struct pb_block_search search = {};
	struct walk *walk = arg;
	struct pb_bitmap *map = &walk->zone->area[PB_MOVABLE].fullness[0];

	while (walk->nr < ARRAY_SIZE(walk->found) &&
	       pb_zone_next_pageblock(walk->zone, 0, PB_MOVABLE, &search) && !search.step) {
		walk->found[walk->nr++] = search.index;
		if (walk->nr == 1) {
			pb_bitmap_clear(map, 517);
			pb_bitmap_set(map, 518);
		}
	}
}

/*
 * A search reads the word of a class once, and visits each of its pageblocks once, from this CPU's
 * place to the end of the zone and then from the beginning.
 */
static void test_word_is_read_once(struct kunit *test)
{
	static const unsigned long order[] = {
		515, 517, 575, 576, 582, 712, 515, 518, 575, 576, 582, 712,
	};
	struct pt_fixture *f = pt_pool(test, &pt_gig);
	struct walk walk = { .zone = pt_zone(f, 0, PB_ZONE_NORMAL) };
	struct pb_bitmap *map = &walk.zone->area[PB_MOVABLE].fullness[0];
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(classed); i++)
		pb_bitmap_set(map, classed[i]);
	pt_call_on(0, walk_class, &walk);
	KUNIT_ASSERT_EQ(test, walk.nr, (unsigned int)ARRAY_SIZE(order));
	for (i = 0; i < ARRAY_SIZE(order); i++)
		KUNIT_EXPECT_EQ(test, walk.found[i], order[i]);
	pb_bitmap_clear(map, 518);
	for (i = 0; i < ARRAY_SIZE(classed); i++)
		pb_bitmap_clear(map, classed[i]);
}

static struct kunit_case zone_cases[] = {
	KUNIT_CASE_PARAM(test_alloc_and_free, orders_gen_params),
	KUNIT_CASE_PARAM(test_own_type_only, orders_gen_params),
	KUNIT_CASE(test_packs_into_one_pageblock),
	KUNIT_CASE_PARAM(test_runs_of_pageblocks, runs_gen_params),
	KUNIT_CASE(test_run_behind_a_used_one),
	KUNIT_CASE(test_run_of_mixed_types),
	KUNIT_CASE(test_refused_run_keeps_types),
	KUNIT_CASE(test_run_behind_a_stale_one),
	KUNIT_CASE_PARAM(test_double_free, orders_gen_params),
	KUNIT_CASE(test_lying_index),
	KUNIT_CASE(test_word_is_read_once),
	{}
};

static struct kunit_suite zone_suite = {
	.name = "pbuddy_zone",
	.init = pt_init,
	.exit = pt_exit,
	.test_cases = zone_cases,
};

kunit_test_suite(zone_suite);
