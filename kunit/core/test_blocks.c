// SPDX-License-Identifier: GPL-2.0-only
/*
 * blocks.c and index/many.c: several blocks of an order of a word or above at once. Which blocks
 * are taken, what is counted when the watermarks refuse some of them, what a free does to the
 * index, and that refills and flushes use it.
 */
#include "core/base/pfn.h"
#include "core/cache/drain.h"
#include "core/cache/pcp.h"
#include "core/cache/zeroed.h"
#include "core/index/free_area.h"
#include "core/zone/blocks.h"
#include "core/zone/zone.h"
#include "fixture.h"

#define FIRST	2048UL		/* the first of the eight pageblocks of pt_small */
#define MOST	8

static struct pb_zone *small(struct kunit *test, struct pt_fixture **f)
{
	*f = pt_pool(test, &pt_small);
	return pt_zone(*f, 0, PB_ZONE_NORMAL);
}

/* Allocates up to @nr blocks and sets their orders. */
static unsigned int blocks(struct kunit *test, struct pt_fixture *f, unsigned int order,
			   unsigned int nr, unsigned long *pfns)
{
	struct pb_request rq = pt_rq(order, PB_MOVABLE, 0);
	struct pb_pcp_entry entries[MOST];
	unsigned int got, i;

	preempt_disable();
	got = pb_zone_alloc_blocks(pt_zone(f, 0, PB_ZONE_NORMAL), &rq, nr, entries);
	for (i = 0; i < got; i++) {
		pfns[got - 1 - i] = entries[i].pfn;
		KUNIT_EXPECT_PTR_EQ(test, entries[i].order_map,
				    pb_order_map(&f->pool, entries[i].pfn));
		*entries[i].order_map = order + 1;
	}
	preempt_enable();
	for (i = 0; i < got; i++)
		KUNIT_EXPECT_TRUE(test, pt_own(test, f, pfns[i], 1UL << order));
	return got;
}

static void free_all(struct kunit *test, struct pt_fixture *f, unsigned int order,
		     unsigned int nr, const unsigned long *pfns)
{
	while (nr--) {
		pt_disown(f, pfns[nr], 1UL << order);
		pt_free(test, f, pfns[nr], order);
	}
}

/* Takes the whole pool as pageblocks, and frees those of @mask. */
static void leave_free(struct kunit *test, struct pt_fixture *f, unsigned int mask)
{
	struct pb_zone *zone = pt_zone(f, 0, PB_ZONE_NORMAL);
	unsigned long pfns[MOST];
	unsigned int i;

	KUNIT_ASSERT_EQ(test, blocks(test, f, 9, MOST, pfns), (unsigned int)MOST);
	for (i = 0; i < MOST; i++) {
		KUNIT_EXPECT_EQ(test, pfns[i], PT_PAGEBLOCK(FIRST + i));
		if (!(mask & BIT(i)))
			continue;
		*pb_order_map(&f->pool, pfns[i]) = 0;
		pt_disown(f, pfns[i], PB_PAGEBLOCK_NR);
		pb_zone_free(zone, pfns[i], 9);
	}
}

static void expect_blocks(struct kunit *test, struct pt_fixture *f, unsigned int order,
			  unsigned int nr, unsigned int mask)
{
	unsigned long pfns[MOST];
	unsigned int got = blocks(test, f, order, nr, pfns), i, seen = 0;

	for (i = 0; i < got; i++)
		seen |= BIT((pfns[i] >> PB_PAGEBLOCK_ORDER) - FIRST);
	KUNIT_EXPECT_EQ(test, seen, mask);
	pt_verify(test, f, NULL);
	free_all(test, f, order, got, pfns);
	preempt_disable();
	pb_pcp_drain_local(&f->pool);
	preempt_enable();
}

/* As many as fit, of each order, each once; all of them counted. */
static void test_orders(struct kunit *test)
{
	struct pt_fixture *f;
	struct pb_zone *zone = small(test, &f);
	unsigned int order, got, nr;
	unsigned long pfns[MOST];
	long before;

	for (order = PB_WORD_ORDER; order <= PB_PAGEBLOCK_ORDER + 1; order++) {
		nr = order > PB_PAGEBLOCK_ORDER ? 4 : MOST;
		before = pb_zone_free_pages(zone);
		got = blocks(test, f, order, nr, pfns);
		KUNIT_EXPECT_EQ(test, got, nr);
		KUNIT_EXPECT_EQ(test, pb_zone_free_pages(zone), before - ((long)got << order));
		pt_expect_allocated(test, f, (unsigned long)got << order);
		free_all(test, f, order, got, pfns);
		pt_expect_all_free(test, f);
	}
}

/* Small runs of free pageblocks are used up before larger ones are split. */
static void test_small_runs_first(struct kunit *test)
{
	struct pt_fixture *f;

	small(test, &f);
	leave_free(test, f, 0x4f);
	expect_blocks(test, f, 9, 1, 0x40);
	expect_blocks(test, f, 9, 3, 0x43);
	expect_blocks(test, f, 9, 8, 0x4f);
	expect_blocks(test, f, 8, 2, 0x40);
	/* Blocks of two pageblocks begin at an even one. */
	expect_blocks(test, f, 10, 1, 0x01);
	expect_blocks(test, f, 10, 4, 0x05);
}

/* A block of two pageblocks is not made of single ones. */
static void test_no_pairs(struct kunit *test)
{
	struct pt_fixture *f;

	small(test, &f);
	leave_free(test, f, 0x96);
	expect_blocks(test, f, 10, 4, 0);
}

/* Blocks of less than a pageblock come from a partly free pageblock, as far as it has any. */
static void test_partly_free(struct kunit *test)
{
	struct pt_fixture *f;
	struct pb_zone *zone = small(test, &f);
	unsigned long pfns[MOST], used;
	unsigned int got;

	preempt_disable();
	used = pb_zone_alloc(zone, 6, PB_MOVABLE, NULL);
	*pb_order_map(&f->pool, used) = 7;
	preempt_enable();
	got = blocks(test, f, 7, 4, pfns);
	KUNIT_EXPECT_EQ(test, got, 3U);
	KUNIT_EXPECT_EQ(test, pfns[0], used + 128);
	KUNIT_EXPECT_EQ(test, pfns[2], used + 384);
	pt_expect_allocated(test, f, 64 + 3 * 128);
	free_all(test, f, 7, got, pfns);
	preempt_disable();
	pb_pcp_drain_local(&f->pool);
	preempt_enable();
	got = blocks(test, f, 6, 5, pfns);
	KUNIT_EXPECT_EQ(test, got, 5U);
	KUNIT_EXPECT_EQ(test, pfns[4], used + 5 * 64);
	free_all(test, f, 6, got, pfns);
	*pb_order_map(&f->pool, used) = 0;
	pb_zone_free(zone, used, 6);
	pt_expect_all_free(test, f);
}

/* What the watermark refuses goes back, and the count is exact. */
static void expect_granted(struct kunit *test, struct pt_fixture *f, unsigned int order,
			   unsigned int nr, unsigned int granted)
{
	struct pb_zone *zone = pt_zone(f, 0, PB_ZONE_NORMAL);
	long before = pb_zone_free_pages(zone);
	unsigned long pfns[MOST];
	unsigned int got;

	pt_set_watermark(zone, PB_WMARK_MIN, before - ((long)granted << order) - 7);
	got = blocks(test, f, order, nr, pfns);
	KUNIT_EXPECT_EQ(test, got, granted);
	KUNIT_EXPECT_EQ(test, pb_zone_free_pages(zone), before - ((long)got << order));
	pt_verify(test, f, NULL);
	free_all(test, f, order, got, pfns);
	preempt_disable();
	pb_pcp_drain_local(&f->pool);
	preempt_enable();
	KUNIT_EXPECT_EQ(test, pb_zone_free_pages(zone), before);
	pt_set_watermark(zone, PB_WMARK_MIN, 0);
}

static void test_watermark(struct kunit *test)
{
	struct pt_fixture *f;
	struct pb_zone *zone = small(test, &f);
	unsigned long used;

	expect_granted(test, f, 9, 4, 2);
	expect_granted(test, f, 9, 4, 0);
	expect_granted(test, f, 10, 3, 1);
	expect_granted(test, f, 8, 4, 2);	/* whole pageblocks */
	preempt_disable();
	used = pb_zone_alloc(zone, 6, PB_MOVABLE, NULL);
	*pb_order_map(&f->pool, used) = 7;
	preempt_enable();
	expect_granted(test, f, 6, 7, 3);
	expect_granted(test, f, 6, 7, 0);
	*pb_order_map(&f->pool, used) = 0;
	pb_zone_free(zone, used, 6);
	pt_expect_all_free(test, f);
}

/* Pageblocks that are not free, or not of this type, are left alone, and leave the index. */
static void test_stale_index(struct kunit *test)
{
	struct pt_fixture *f;
	struct pb_zone *zone = small(test, &f);
	unsigned long index = PT_PAGEBLOCK(FIRST) - zone->base_pfn;

	index >>= PB_PAGEBLOCK_ORDER;
	leave_free(test, f, 0xfc);
	zone->ctl[index].index_class = pb_class_free(PB_MOVABLE);
	pb_bitmap_set(&zone->area[PB_MOVABLE].free_pageblocks, index);
	pb_entry_set_migratetype(pb_dir_entry(&f->pool, PT_PAGEBLOCK(FIRST + 2)), PB_UNMOVABLE);
	expect_blocks(test, f, 9, 8, 0xf8);
	KUNIT_EXPECT_EQ(test, zone->ctl[index].index_class, 0);
	KUNIT_EXPECT_EQ(test, zone->ctl[index + 2].index_class, pb_class_free(PB_UNMOVABLE));
	/* One pageblock of the first pair is not free: the other one goes back. */
	zone->ctl[index].index_class = pb_class_free(PB_MOVABLE);
	pb_bitmap_set(&zone->area[PB_MOVABLE].free_pageblocks, index);
	*pb_order_map(&f->pool, PT_PAGEBLOCK(FIRST + 1)) = 0;
	pt_disown(f, PT_PAGEBLOCK(FIRST + 1), PB_PAGEBLOCK_NR);
	pb_zone_free(zone, PT_PAGEBLOCK(FIRST + 1), 9);
	expect_blocks(test, f, 10, 4, 0x50);
}

/* A list that may hold several blocks is refilled with as many, lowest address first. */
static void test_refills(struct kunit *test)
{
	struct pt_fixture *f = pt_pool(test, &pt_gig);
	struct pb_zone *zone = pt_zone(f, 0, PB_ZONE_NORMAL);
	unsigned long pfn, last = 0, refills, ascending = 0;
	unsigned int order, i;

	for (order = PB_WORD_ORDER; order <= PB_PAGEBLOCK_ORDER + 1; order++) {
		for (i = 0; i < 8; i++)		/* raise high */
			KUNIT_ASSERT_TRUE(test, pt_own(test, f, pt_alloc(f, order), 1UL << order));
		refills = pb_zone_event(zone, PB_PCP_REFILL);
		for (i = 0; i < 32; i++, last = pfn) {
			pfn = pt_alloc(f, order);
			KUNIT_ASSERT_TRUE(test, pt_own(test, f, pfn, 1UL << order));
			ascending += pfn == last + (1UL << order);
		}
		refills = pb_zone_event(zone, PB_PCP_REFILL) - refills;
		KUNIT_EXPECT_LE(test, refills, 9UL);
		KUNIT_EXPECT_GE(test, ascending, 22UL);
		ascending = 0;
	}
}

/* A refill takes no more than the watermarks leave, so that nothing has to go back. */
static void test_refill_near_watermark(struct kunit *test)
{
	struct pt_fixture *f = pt_pool(test, &pt_gig);
	struct pb_zone *zone = pt_zone(f, 0, PB_ZONE_NORMAL);
	unsigned int i;

	for (i = 0; i < 12; i++)
		pt_alloc(f, 9);
	pb_pcp_drain_local(&f->pool);
	pt_set_watermark(zone, PB_WMARK_MIN, pb_zone_free_pages(zone) - 2 * PB_PAGEBLOCK_NR);
	KUNIT_EXPECT_NE(test, pt_alloc(f, 9), PB_NO_PFN);
	KUNIT_EXPECT_EQ(test, pb_pcp_pages(zone), (unsigned long)PB_PAGEBLOCK_NR);
	KUNIT_EXPECT_EQ(test, pb_zone_free_pages(zone), (long)zone->watermark[PB_WMARK_MIN]);
}

/* Requests that need no zeroed memory take zeroed pageblocks one at a time. */
static void test_zeroed_one_by_one(struct kunit *test)
{
	struct pt_fixture *f = pt_pool(test, &pt_gig);
	struct pb_zone *zone = pt_zone(f, 0, PB_ZONE_NORMAL);
	unsigned long nr = 0;
	unsigned int i;

	for (i = 0; i < 12; i++)
		pt_alloc(f, 9);
	pb_pcp_drain_local(&f->pool);
	preempt_disable();
	for (i = 0; i < zone->nr_pageblocks; i++) {
		if (!pb_bitmap_test(&zone->area[PB_MOVABLE].free_pageblocks, i))
			continue;
		pb_zeroed_set(zone, pb_pageblock_pfn(zone, i), PB_PAGEBLOCK_NR);
		nr++;
	}
	preempt_enable();
	pt_alloc(f, 9);
	for (i = 0; i < zone->nr_pageblocks; i++)
		nr -= pb_zeroed_all(zone, i);
	KUNIT_EXPECT_EQ(test, nr, 1UL);
}

/* A request for a zeroed word gets that one, though others of its pageblock are free, too. */
static void test_zeroed_word(struct kunit *test)
{
	struct pt_fixture *f = pt_pool(test, &pt_gig);
	struct pb_zone *zone = pt_zone(f, 0, PB_ZONE_NORMAL);
	struct pb_request rq = pt_rq(PB_WORD_ORDER, PB_MOVABLE, 0);
	unsigned long word = PT_PAGEBLOCK(1100) + 5 * PB_WORD_NR;
	bool zeroed = false;

	preempt_disable();
	pb_zeroed_set(zone, word, PB_WORD_NR);
	preempt_enable();
	rq.zeroed = &zeroed;
	KUNIT_EXPECT_EQ(test, pb_alloc(&f->pool, &rq, NULL), word);
	KUNIT_EXPECT_TRUE(test, zeroed);
}

/* Frees blocks that are not owned any more, past the lists. */
static void put(struct pt_fixture *f, unsigned int order, unsigned int nr,
		const unsigned long *pfns)
{
	struct pb_pcp_entry entries[MOST];
	unsigned int i;

	preempt_disable();
	for (i = 0; i < nr; i++) {
		entries[i].pfn = pfns[i];
		entries[i].order_map = pb_order_map(&f->pool, pfns[i]);
		*entries[i].order_map = 0;
		pt_disown(f, pfns[i], 1UL << order);
	}
	pb_zone_free_blocks(pt_zone(f, 0, PB_ZONE_NORMAL), entries, nr, order);
	preempt_enable();
}

/* Blocks of each order, in any sequence; the index is right and the count exact after each call. */
static void test_free_orders(struct kunit *test)
{
	struct pt_fixture *f;
	struct pb_zone *zone = small(test, &f);
	struct pt_rand r = { 12 };
	unsigned int order, nr, got, round, i;
	unsigned long pfns[MOST];
	long before;

	for (round = 0; round < 40; round++) {
		order = PB_WORD_ORDER + round % 5;
		before = pb_zone_free_pages(zone);
		got = blocks(test, f, order, order > PB_PAGEBLOCK_ORDER ? 4 : MOST, pfns);
		for (i = got; i > 1; i--) {
			nr = pt_below(&r, i);
			swap(pfns[i - 1], pfns[nr]);
		}
		nr = pt_below(&r, got + 1);
		put(f, order, nr, pfns);
		KUNIT_EXPECT_EQ(test, pb_zone_free_pages(zone),
				before - ((long)(got - nr) << order));
		pt_expect_allocated(test, f, (unsigned long)(got - nr) << order);
		put(f, order, got - nr, pfns + nr);
		KUNIT_EXPECT_EQ(test, pb_zone_free_pages(zone), before);
		pt_expect_all_free(test, f);
	}
}

/* Frames that are free already are reported and not counted; the other blocks become free. */
static void test_free_twice(struct kunit *test)
{
	struct pt_fixture *f;
	struct pb_zone *zone = small(test, &f);
	unsigned long pfns[4], index;
	unsigned int order;

	for (order = PB_WORD_ORDER; order <= PB_PAGEBLOCK_ORDER; order++) {
		KUNIT_ASSERT_EQ(test, blocks(test, f, order, 4, pfns), 4U);
		index = pb_pageblock_index(zone, pfns[2]);
		*pb_order_map(&f->pool, pfns[2]) = 0;
		pb_zone_free_mask_uncounted(zone, pfns[2] + 3, 0xf8);
		pb_zone_account(zone, 5);
		put(f, order, 4, pfns);
		pt_expect_bad(test, f, PB_BAD_DOUBLE, pfns[2]);
		KUNIT_EXPECT_EQ(test, zone->ctl[index].index_class, pb_class_free(PB_MOVABLE));
		pt_expect_all_free(test, f);
	}
}

/* Each pageblock goes into the index of its own migratetype. */
static void test_free_types(struct kunit *test)
{
	struct pt_fixture *f;
	struct pb_zone *zone = small(test, &f);
	unsigned long pfns[4], i;

	KUNIT_ASSERT_EQ(test, blocks(test, f, 9, 4, pfns), 4U);
	pb_entry_set_migratetype(pb_dir_entry(&f->pool, pfns[1]), PB_UNMOVABLE);
	pb_entry_set_migratetype(pb_dir_entry(&f->pool, pfns[3]), PB_HIGHATOMIC);
	atomic_long_add(PB_PAGEBLOCK_NR, &zone->nr_reserved_highatomic);
	pb_zone_update_fast_watermark(zone);
	put(f, 9, 3, pfns);
	put(f, 9, 1, pfns + 3);
	for (i = 0; i < 3; i++)
		KUNIT_EXPECT_EQ(test, zone->ctl[pb_pageblock_index(zone, pfns[i])].index_class,
				pb_class_free(i == 1 ? PB_UNMOVABLE : PB_MOVABLE));
	KUNIT_EXPECT_EQ(test, atomic_long_read(&zone->nr_free_highatomic), (long)PB_PAGEBLOCK_NR);
	pt_verify(test, f, NULL);
}

/* Free pages of a contiguous area are counted as such. */
static void test_free_cma(struct kunit *test)
{
	struct pt_fixture *f = pt_pool(test, &pt_cma);
	struct pb_zone *zone = pt_zone(f, 0, PB_ZONE_NORMAL);
	long before = atomic_long_read(&zone->nr_free_cma);
	unsigned long pfn;
	unsigned int order;

	for (order = PB_WORD_ORDER; order <= PB_PAGEBLOCK_ORDER; order++) {
		preempt_disable();
		pfn = pb_zone_alloc(zone, order, PB_CMA, NULL);
		preempt_enable();
		KUNIT_ASSERT_TRUE(test, pt_own(test, f, pfn, 1UL << order));
		KUNIT_EXPECT_EQ(test, atomic_long_read(&zone->nr_free_cma), before - (1L << order));
		put(f, order, 1, &pfn);
		KUNIT_EXPECT_EQ(test, atomic_long_read(&zone->nr_free_cma), before);
		pt_verify(test, f, NULL);
	}
}

/* Lets the lists hold as many blocks as they ever may. */
static void raise_high(struct pb_zone *zone)
{
	int cpu;

	zone->pcp_high_max = 32 * PB_PAGEBLOCK_NR;
	zone->pcp_high_min = zone->pcp_high_max;
	pb_for_each_cpu(cpu)
		pb_per_cpu_ptr(zone->pcp, cpu)->high = zone->pcp_high_max;
}

/* In frees in order a pageblock becomes free at once, when the next one follows. */
static void test_flush_in_order(struct kunit *test)
{
	struct pt_fixture *f = pt_pool(test, &pt_gig);
	struct pb_zone *zone = pt_zone(f, 0, PB_ZONE_NORMAL);
	unsigned int order, nr, i, b;
	unsigned long first, index;
	u16 class;

	raise_high(zone);
	for (order = PB_WORD_ORDER; order < PB_PAGEBLOCK_ORDER; order++) {
		/* Eight pageblocks of blocks of this order. */
		nr = PB_PAGEBLOCK_NR >> order;
		first = pt_alloc(f, PB_PAGEBLOCK_ORDER + 3);
		for (i = 0; i < 8 * nr; i++)
			*pb_order_map(&f->pool, first + ((unsigned long)i << order)) = order + 1;
		preempt_disable();
		pb_pcp_drain_local(&f->pool);
		for (b = 0; b < 8; b++) {
			index = pb_pageblock_index(zone, first) + b;
			for (i = 0; i < nr; i++)
				pt_free(test, f, first + b * PB_PAGEBLOCK_NR + (i << order), order);
			class = zone->ctl[index].index_class;
			KUNIT_EXPECT_TRUE(test, class == 0 || class == pb_class_free(PB_MOVABLE));
			if (b >= 4)
				KUNIT_EXPECT_EQ(test, zone->ctl[index - 4].index_class,
						pb_class_free(PB_MOVABLE));
		}
		pb_pcp_drain_local(&f->pool);
		preempt_enable();
	}
	pt_expect_all_free(test, f);
}

static struct kunit_case blocks_cases[] = {
	KUNIT_CASE(test_orders),
	KUNIT_CASE(test_small_runs_first),
	KUNIT_CASE(test_no_pairs),
	KUNIT_CASE(test_partly_free),
	KUNIT_CASE(test_watermark),
	KUNIT_CASE(test_stale_index),
	KUNIT_CASE(test_refills),
	KUNIT_CASE(test_refill_near_watermark),
	KUNIT_CASE(test_zeroed_one_by_one),
	KUNIT_CASE(test_zeroed_word),
	KUNIT_CASE(test_free_orders),
	KUNIT_CASE(test_free_twice),
	KUNIT_CASE(test_free_types),
	KUNIT_CASE(test_free_cma),
	KUNIT_CASE(test_flush_in_order),
	{}
};

static struct kunit_suite blocks_suite = {
	.name = "pbuddy_blocks",
	.init = pt_init,
	.exit = pt_exit,
	.test_cases = blocks_cases,
};

kunit_test_suite(blocks_suite);
