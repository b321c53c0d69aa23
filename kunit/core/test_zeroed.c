// SPDX-License-Identifier: GPL-2.0-only
/*
 * Zeroed blocks in the per-CPU lists: which requests get them, where refills find them, what drains
 * make of them, and filling the lists in advance. test_prezero.c tests what requests are told.
 */
#include "core/base/pfn.h"
#include "core/cache/drain.h"
#include "core/cache/fastpath.h"
#include "core/cache/prezero.h"
#include "core/cache/zeroed.h"
#include "core/zone/zone.h"
#include "core/compact/movable.h"
#include "core/index/updates.h"
#include "fixture.h"
#include "params.h"
#include "zeroed_lists.h"

static unsigned long zeroed_frames;

static void zero(struct pb_pool *pool, unsigned long pfn, unsigned long nr_pages)
{
	zeroed_frames += nr_pages;
}

/* The pool has one zone, whose pageblocks are zeroed. */
static struct pb_zone *zeroed_zone(struct kunit *test, const struct pt_layout *layout,
				   struct pt_fixture **f)
{
	struct pb_zone *zone;
	unsigned long nr;

	*f = pt_pool(test, layout);
	nr = (*f)->pages / PB_PAGEBLOCK_NR;
	zone = pt_zone(*f, 0, PB_ZONE_NORMAL);
	(*f)->pool.ops.zero = zero;
	(*f)->pool.prezero_percent = 100;
	zeroed_frames = 0;
	KUNIT_ASSERT_EQ(test, pt_prezero(zone, nr), nr);
	return zone;
}

static const unsigned int orders[] = { 0, 2, 5, 6, 7, 8, 9 };

static void describe_order(const unsigned int *order, char *desc)
{
	snprintf(desc, KUNIT_PARAM_DESC_SIZE, "order %u", *order);
}

KUNIT_ARRAY_PARAM(orders, orders, describe_order);

static const unsigned int word_orders[] = { 0, 2, 5 };	/* of blocks within a word */

KUNIT_ARRAY_PARAM(word_orders, word_orders, describe_order);

/* A block that was just freed serves plain requests, and zeroed ones serve those for them. */
static void test_preferred(struct kunit *test)
{
	unsigned int order = *(const unsigned int *)test->param_value;
	struct pt_fixture *f;
	struct pb_zone *zone = zeroed_zone(test, &pt_small, &f);
	unsigned long used = pt_alloc(f, order), pfn;
	bool zeroed = false;

	pt_free(test, f, used, order);
	pfn = alloc_zeroed(f, order, PB_MOVABLE, &zeroed);
	KUNIT_EXPECT_NE(test, pfn, PB_NO_PFN);
	KUNIT_EXPECT_NE(test, pfn, used);
	KUNIT_EXPECT_TRUE(test, zeroed);
	/* The lists of this small pool may hold a single one of the largest blocks. */
	if (order < 8)
		KUNIT_EXPECT_EQ(test, pt_alloc(f, order), used);
	KUNIT_EXPECT_EQ(test, pb_zone_event(zone, PB_PREZERO_HIT), 1UL);
	pt_verify(test, f, NULL);
}

/* Plain requests leave no zeroed bit set over what they get, and get zeroed blocks last. */
static void test_plain_requests(struct kunit *test)
{
	unsigned int order = *(const unsigned int *)test->param_value;
	struct pt_fixture *f;
	struct pb_zone *zone = zeroed_zone(test, &pt_one_pageblock, &f);
	unsigned long n, first;
	bool zeroed = false;

	first = alloc_zeroed(f, order, PB_MOVABLE, &zeroed);
	KUNIT_EXPECT_TRUE(test, zeroed);
	for (n = 1; n < PB_PAGEBLOCK_NR >> order; n++)
		KUNIT_ASSERT_NE(test, pt_alloc(f, order), PB_NO_PFN);
	KUNIT_EXPECT_EQ(test, pt_alloc(f, order), PB_NO_PFN);
	KUNIT_EXPECT_EQ(test, pb_zeroed_words(zone, pb_pageblock_index(zone, first)), 0UL);
	pt_verify(test, f, NULL);
	pt_free(test, f, first, order);
	KUNIT_EXPECT_EQ(test, alloc_zeroed(f, order, PB_MOVABLE, &zeroed), first);
	KUNIT_EXPECT_FALSE(test, zeroed);
}

/* A request that does not search for zeroed blocks claims a pageblock, and finds its words zero. */
static void test_refill_finds_zeroed_words(struct kunit *test)
{
	struct pt_fixture *f;
	struct pb_zone *zone = zeroed_zone(test, &pt_small, &f);
	bool zeroed = false;
	unsigned long i;

	here(zone)->zeroed_skip[PB_UNMOVABLE][0] = 255;
	for (i = 0; i < PB_PAGEBLOCK_NR; i++) {
		KUNIT_ASSERT_NE(test, alloc_zeroed(f, 0, PB_UNMOVABLE, &zeroed), PB_NO_PFN);
		KUNIT_ASSERT_TRUE(test, zeroed);
	}
	KUNIT_EXPECT_EQ(test, pb_zone_event(zone, PB_PREZERO_HIT), i);
	pt_verify(test, f, NULL);
}

/* A refill with zeroed blocks stops at the watermark, too. */
static void test_watermark(struct kunit *test)
{
	struct pt_fixture *f;
	struct pb_zone *zone = zeroed_zone(test, &pt_one_pageblock, &f);
	bool zeroed = false;
	unsigned int i;

	pt_set_watermark(zone, PB_WMARK_MIN, f->pages - 10);
	for (i = 0; i < 10; i++) {
		KUNIT_EXPECT_NE(test, alloc_zeroed(f, 0, PB_MOVABLE, &zeroed), PB_NO_PFN);
		/* Each refill uses a word, as those at the watermark are drained before. */
		KUNIT_EXPECT_TRUE(test, zeroed || i >= PB_WORDS);
	}
	KUNIT_EXPECT_EQ(test, alloc_zeroed(f, 0, PB_MOVABLE, &zeroed), PB_NO_PFN);
	KUNIT_EXPECT_EQ(test, pb_pcp_pages(zone), 0UL);
	KUNIT_EXPECT_EQ(test, pb_zone_free_pages(zone), (long)f->pages - 10);
	pt_verify(test, f, NULL);
}

/* Whole words stay known when they are drained, parts of words do not. */
static void test_drain(struct kunit *test)
{
	struct pt_fixture *f;
	struct pb_zone *zone = zeroed_zone(test, &pt_small, &f);
	unsigned long words = count_zeroed_words(zone);
	bool zeroed = false;

	KUNIT_EXPECT_NE(test, alloc_zeroed(f, 0, PB_MOVABLE, &zeroed), PB_NO_PFN);
	KUNIT_EXPECT_EQ(test, pb_pcp_pages(zone), PB_WORD_NR - 1UL);
	KUNIT_EXPECT_TRUE(test, pb_pcp_needs_drain(here(zone)));
	pt_verify(test, f, NULL);
	KUNIT_EXPECT_TRUE(test, pb_pcp_drain_local(&f->pool));
	KUNIT_EXPECT_EQ(test, count_zeroed_words(zone), words - 1);
	KUNIT_EXPECT_EQ(test, pb_zone_event(zone, PB_PCP_DRAIN), 1UL);

	here(zone)->zeroed_wanted = BIT_ULL(PB_PCP_LIST_NR(3, PB_MOVABLE));
	pb_prezero_fill(zone);
	KUNIT_EXPECT_EQ(test, pb_pcp_pages(zone), (unsigned long)PB_WORD_NR);
	KUNIT_EXPECT_TRUE(test, pb_pcp_drain_local(&f->pool));
	KUNIT_EXPECT_EQ(test, count_zeroed_words(zone), words - 1);
	KUNIT_EXPECT_EQ(test, pb_pcp_pages(zone), 0UL);
	pt_expect_allocated(test, f, 1);
}

/* Zeroed pageblocks are taken several at once, and stay known when they are drained. */
static void test_pageblocks(struct kunit *test)
{
	struct pt_fixture *f;
	struct pb_zone *zone = zeroed_zone(test, &pt_gig, &f);
	unsigned long words = count_zeroed_words(zone) - 24 * PB_WORDS, pfn;
	bool zeroed = false;
	unsigned int i;

	set_high(zone, 32);
	for (i = 0; i < 24; i++) {
		pfn = alloc_zeroed(f, PB_PAGEBLOCK_ORDER, PB_MOVABLE, &zeroed);
		KUNIT_ASSERT_TRUE(test, pt_own(test, f, pfn, PB_PAGEBLOCK_NR));
		KUNIT_ASSERT_TRUE(test, zeroed);
	}
	KUNIT_EXPECT_LE(test, pb_zone_event(zone, PB_PCP_REFILL), 4UL);
	KUNIT_EXPECT_EQ(test, count_zeroed_words(zone) + pb_pcp_pages(zone) / PB_WORD_NR, words);
	pt_verify(test, f, NULL);
	KUNIT_EXPECT_TRUE(test, pb_pcp_drain_local(&f->pool));
	KUNIT_EXPECT_EQ(test, count_zeroed_words(zone), words);
	pt_verify(test, f, NULL);
}

/* A list of blocks within a word takes all words of a zeroed pageblock. Whole ones stay known. */
static void test_words(struct kunit *test)
{
	unsigned int order = *(const unsigned int *)test->param_value, nr, i;
	unsigned long words, pfn;
	struct pt_fixture *f;
	struct pb_zone *zone = zeroed_zone(test, &pt_gig, &f);
	bool zeroed = false;

	set_high(zone, 8);
	words = count_zeroed_words(zone);
	nr = (PB_WORD_NR >> order) + 1;		/* one of the second word */
	for (i = 0; i < nr; i++) {
		pfn = alloc_zeroed(f, order, PB_MOVABLE, &zeroed);
		KUNIT_ASSERT_TRUE(test, pt_own(test, f, pfn, 1UL << order));
		KUNIT_ASSERT_TRUE(test, zeroed);
		KUNIT_ASSERT_EQ(test, pb_pcp_pages(zone), PB_PAGEBLOCK_NR - ((i + 1UL) << order));
	}
	KUNIT_EXPECT_EQ(test, pb_zone_event(zone, PB_PCP_REFILL), 1UL);
	KUNIT_EXPECT_EQ(test, count_zeroed_words(zone), words - PB_WORDS);
	KUNIT_EXPECT_LE(test, pb_pcp_pages(zone), (unsigned long)here(zone)->charged);
	pt_verify(test, f, NULL);
	KUNIT_EXPECT_TRUE(test, pb_pcp_drain_local(&f->pool));
	KUNIT_EXPECT_EQ(test, count_zeroed_words(zone), words - 2);
	pt_verify(test, f, NULL);
}

/* Only one word where the lists may hold less than two pageblocks, or the zone is near a mark. */
static void test_words_bounded(struct kunit *test)
{
	struct pt_fixture *f;
	struct pb_zone *zone = zeroed_zone(test, &pt_gig, &f);
	bool zeroed = false;

	set_high(zone, 2);
	here(zone)->high--;
	zone->pcp_high_max--;
	KUNIT_EXPECT_NE(test, alloc_zeroed(f, 0, PB_MOVABLE, &zeroed), PB_NO_PFN);
	KUNIT_EXPECT_EQ(test, pb_pcp_pages(zone), PB_WORD_NR - 1UL);
	KUNIT_EXPECT_TRUE(test, pb_pcp_drain_local(&f->pool));
	set_high(zone, 8);
	pt_set_watermark(zone, PB_WMARK_MIN, pb_zone_free_pages(zone) - PB_PAGEBLOCK_NR + 1);
	KUNIT_EXPECT_NE(test, alloc_zeroed(f, 0, PB_MOVABLE, &zeroed), PB_NO_PFN);
	KUNIT_EXPECT_TRUE(test, zeroed);
	KUNIT_EXPECT_EQ(test, pb_pcp_pages(zone), PB_WORD_NR - 1UL);
	pt_verify(test, f, NULL);
}

/* Of a pageblock with a word that is not known to be zero, a refill takes the others one by one. */
static void test_words_of_dirty_pageblock(struct kunit *test)
{
	struct pt_fixture *f;
	struct pb_zone *zone = zeroed_zone(test, &pt_gig, &f);
	unsigned long first, pfn;
	bool zeroed = false;
	unsigned int i;

	set_high(zone, 8);
	first = alloc_zeroed(f, 0, PB_MOVABLE, &zeroed);
	KUNIT_ASSERT_TRUE(test, pt_own(test, f, first, 1));
	KUNIT_EXPECT_TRUE(test, pb_pcp_drain_local(&f->pool));
	first = round_down(first, PB_PAGEBLOCK_NR) + PB_PAGEBLOCK_NR;
	preempt_disable();
	pb_zeroed_test_and_clear(zone, first + 2 * PB_WORD_NR, PB_WORD_NR);
	preempt_enable();
	for (i = 0; i < 3 * PB_PAGEBLOCK_NR; i++) {
		pfn = alloc_zeroed(f, 0, PB_MOVABLE, &zeroed);
		KUNIT_ASSERT_TRUE(test, pt_own(test, f, pfn, 1));
		KUNIT_ASSERT_TRUE(test, zeroed);
		KUNIT_ASSERT_NE(test, (pfn - first) / PB_WORD_NR, 2UL);
	}
	pt_verify(test, f, NULL);
}

/* Of these only those of which all words are known to be zero are taken for zero. */
static void test_dirty_pageblock(struct kunit *test)
{
	struct pt_fixture *f;
	struct pb_zone *zone = zeroed_zone(test, &pt_gig, &f);
	unsigned long first, pfn;
	bool zeroed = false;
	unsigned int i;

	set_high(zone, 32);
	first = alloc_zeroed(f, PB_PAGEBLOCK_ORDER, PB_MOVABLE, &zeroed);
	KUNIT_EXPECT_TRUE(test, pb_pcp_drain_local(&f->pool));
	preempt_disable();
	for (i = 1; i < 64; i += 2)
		pb_zeroed_test_and_clear(zone, first + i * PB_PAGEBLOCK_NR + PB_WORD_NR,
					 PB_WORD_NR);
	preempt_enable();
	for (i = 0; i < 16; i++) {
		pfn = alloc_zeroed(f, PB_PAGEBLOCK_ORDER, PB_MOVABLE, &zeroed);
		KUNIT_ASSERT_TRUE(test, pt_own(test, f, pfn, PB_PAGEBLOCK_NR));
		KUNIT_ASSERT_TRUE(test, zeroed);
		KUNIT_EXPECT_EQ(test, (pfn - first) / PB_PAGEBLOCK_NR % 2, 0UL);
	}
	pt_verify(test, f, NULL);
}

/* They are a part of what the lists may hold together, and leave the rest for freed blocks. */
static void test_pageblocks_bounded(struct kunit *test)
{
	struct pt_fixture *f;
	struct pb_zone *zone = zeroed_zone(test, &pt_gig, &f);
	struct pb_pcp *pcp = here(zone);
	unsigned long pfn[8];
	bool zeroed = false;
	unsigned int i, round;

	for (round = 2; round <= 20; round++) {
		set_high(zone, round);
		for (i = 0; i < 8; i++) {
			pfn[i] = alloc_zeroed(f, PB_PAGEBLOCK_ORDER, PB_MOVABLE, &zeroed);
			KUNIT_ASSERT_NE(test, pfn[i], PB_NO_PFN);
			KUNIT_EXPECT_TRUE(test, zeroed);
			KUNIT_EXPECT_LE(test, pcp->charged, pcp->high);
			KUNIT_EXPECT_LE(test, pb_pcp_pages(zone), (unsigned long)pcp->charged);
		}
		while (i--) {
			pt_free(test, f, pfn[i], PB_PAGEBLOCK_ORDER);
			KUNIT_EXPECT_LE(test, pcp->charged, pcp->high);
			KUNIT_EXPECT_LE(test, pb_pcp_pages(zone), (unsigned long)pcp->charged);
		}
	}
	pt_expect_all_free(test, f);
}

/* A refill with zeroed pageblocks takes no more than the watermarks leave. */
static void test_pageblocks_near_watermark(struct kunit *test)
{
	struct pt_fixture *f;
	struct pb_zone *zone = zeroed_zone(test, &pt_gig, &f);
	bool zeroed = false;

	set_high(zone, 32);
	pt_set_watermark(zone, PB_WMARK_MIN, pb_zone_free_pages(zone) - 2 * PB_PAGEBLOCK_NR);
	KUNIT_EXPECT_NE(test, alloc_zeroed(f, PB_PAGEBLOCK_ORDER, PB_MOVABLE, &zeroed), PB_NO_PFN);
	KUNIT_EXPECT_TRUE(test, zeroed);
	KUNIT_EXPECT_EQ(test, pb_pcp_pages(zone), (unsigned long)PB_PAGEBLOCK_NR);
	KUNIT_EXPECT_NE(test, alloc_zeroed(f, PB_PAGEBLOCK_ORDER, PB_MOVABLE, &zeroed), PB_NO_PFN);
	KUNIT_EXPECT_TRUE(test, zeroed);
	KUNIT_EXPECT_EQ(test, alloc_zeroed(f, PB_PAGEBLOCK_ORDER, PB_MOVABLE, &zeroed), PB_NO_PFN);
	pt_verify(test, f, NULL);
}

/* A list that had no zeroed block for a request is filled in advance, once, and only then. */
static void test_fill(struct kunit *test)
{
	unsigned int order = *(const unsigned int *)test->param_value;
	struct pt_fixture *f = pt_pool(test, &pt_small);
	struct pb_zone *zone = pt_zone(f, 0, PB_ZONE_NORMAL);
	unsigned long block = max(1UL << order, (unsigned long)PB_WORD_NR);
	bool zeroed = true;

	f->pool.ops.zero = zero;
	f->pool.prezero_percent = 1;
	here(zone)->high = 2 * PB_PAGEBLOCK_NR;
	zeroed_frames = 0;
	pb_prezero_fill(zone);
	KUNIT_EXPECT_FALSE(test, pb_prezero_wanted(zone, raw_smp_processor_id()));
	KUNIT_EXPECT_NE(test, alloc_zeroed(f, order, PB_MOVABLE, &zeroed), PB_NO_PFN);
	KUNIT_EXPECT_FALSE(test, zeroed);
	KUNIT_EXPECT_TRUE(test, pb_prezero_wanted(zone, raw_smp_processor_id()));
	KUNIT_EXPECT_EQ(test, zeroed_frames, 0UL);
	pb_prezero_fill(zone);
	KUNIT_EXPECT_EQ(test, zeroed_frames, block);
	pb_prezero_fill(zone);
	KUNIT_EXPECT_EQ(test, zeroed_frames, block);
	pt_verify(test, f, NULL);
	KUNIT_EXPECT_NE(test, alloc_zeroed(f, order, PB_MOVABLE, &zeroed), PB_NO_PFN);
	KUNIT_EXPECT_TRUE(test, zeroed);
	KUNIT_EXPECT_EQ(test, pb_zone_event(zone, PB_PREZERO_HIT), 1UL);
}

/* Filling leaves the high watermark, and the bound of what the lists may hold together. */
static void test_fill_is_bounded(struct kunit *test)
{
	struct pt_fixture *f = pt_pool(test, &pt_small);
	struct pb_zone *zone = pt_zone(f, 0, PB_ZONE_NORMAL);
	const u64 wanted = BIT_ULL(PB_PCP_LIST_NR(0, PB_MOVABLE));

	f->pool.ops.zero = zero;
	f->pool.prezero_percent = 1;
	pt_set_watermark(zone, PB_WMARK_HIGH, f->pages - PB_WORD_NR + 1);
	here(zone)->zeroed_wanted = wanted;
	pb_prezero_fill(zone);
	KUNIT_EXPECT_EQ(test, pb_pcp_pages(zone), 0UL);
	pt_set_watermark(zone, PB_WMARK_HIGH, 0);
	here(zone)->high = PB_WORD_NR - 1;
	here(zone)->zeroed_wanted = wanted;
	pb_prezero_fill(zone);
	KUNIT_EXPECT_EQ(test, pb_pcp_pages(zone), 0UL);
	KUNIT_EXPECT_EQ(test, count_zeroed_words(zone), 1UL);
	f->pool.prezero_percent = 0;
	here(zone)->high = 2 * PB_WORD_NR;
	here(zone)->zeroed_wanted = wanted;
	pb_prezero_fill(zone);
	KUNIT_EXPECT_EQ(test, pb_pcp_pages(zone), 0UL);
	f->pool.prezero_percent = 1;
	pb_prezero_fill(zone);
	KUNIT_EXPECT_EQ(test, pb_pcp_pages(zone), (unsigned long)PB_WORD_NR);
	pt_expect_all_free(test, f);
}

static unsigned long alloc_cached(struct pb_zone *zone, unsigned int order, bool want, bool *zeroed)
{
	unsigned long pfn;

	preempt_disable();
	pfn = pb_alloc_cached(here(zone), order, PB_MOVABLE, want, zeroed);
	preempt_enable();
	return pfn;
}

/* The path of requests that need more than the fast path: zeroed blocks, or any. */
static void test_alloc_cached(struct kunit *test)
{
	unsigned int order = *(const unsigned int *)test->param_value;
	struct pt_fixture *f;
	struct pb_zone *zone = zeroed_zone(test, &pt_small, &f);
	unsigned long used, pfn;
	bool zeroed = true;

	used = alloc_cached(zone, order, false, &zeroed);
	KUNIT_ASSERT_NE(test, used, PB_NO_PFN);
	KUNIT_EXPECT_EQ(test, pb_page_order(&f->pool, used), (int)order);
	pt_free(test, f, used, order);
	pfn = alloc_cached(zone, order, true, &zeroed);
	KUNIT_EXPECT_TRUE(test, zeroed);
	KUNIT_EXPECT_NE(test, pfn, used);
	KUNIT_EXPECT_EQ(test, pb_page_order(&f->pool, pfn), (int)order);
	KUNIT_EXPECT_EQ(test, pb_zone_event(zone, PB_PREZERO_HIT), 1UL);
	pt_free(test, f, pfn, order);
	pfn = alloc_cached(zone, order, false, &zeroed);
	KUNIT_EXPECT_NE(test, pfn, PB_NO_PFN);
	pt_set_watermark(zone, PB_WMARK_LOW, pb_zone_free_pages(zone) + 1);
	KUNIT_EXPECT_EQ(test, alloc_cached(zone, order, false, &zeroed), PB_NO_PFN);
	KUNIT_EXPECT_EQ(test, alloc_cached(zone, order, true, &zeroed), PB_NO_PFN);
	pt_expect_allocated(test, f, 1UL << order);
}

/* The refills that use up a zeroed pageblock, a word each, do not update the index each time. */
static void test_refills_update_seldom(struct kunit *test)
{
	struct pt_fixture *f;
	struct pb_zone *zone = zeroed_zone(test, &pt_one_pageblock, &f);
	unsigned long begun = pb_updates_begun(zone), i;
	bool zeroed = false;

	for (i = 0; i < PB_PAGEBLOCK_NR / 8; i++) {
		KUNIT_ASSERT_NE(test, alloc_zeroed(f, 3, PB_MOVABLE, &zeroed), PB_NO_PFN);
		KUNIT_ASSERT_TRUE(test, zeroed);
	}
	KUNIT_EXPECT_EQ(test, pb_zone_event(zone, PB_PCP_REFILL),
			(unsigned long)PB_PAGEBLOCK_NR / PB_WORD_NR);
	KUNIT_EXPECT_LE(test, pb_updates_begun(zone) - begun, 2UL);
	pt_expect_allocated(test, f, PB_PAGEBLOCK_NR);
}

/* The path of zeroed blocks whose free calls ops->release. */
static void test_alloc_checked(struct kunit *test)
{
	struct pt_fixture *f;
	struct pb_zone *zone = zeroed_zone(test, &pt_small, &f);
	struct pb_pcp_entry entry = { .pfn = PB_NO_PFN };
	enum pb_fast result;
	bool zeroed;

	pt_free(test, f, alloc_cached(zone, 3, true, &zeroed), 3);
	preempt_disable();
	result = pb_alloc_zeroed_fast(here(zone), 3, PB_MOVABLE, PB_FRAME_CHECKED, &entry);
	preempt_enable();
	KUNIT_ASSERT_EQ(test, result, PB_FAST_DONE);
	KUNIT_EXPECT_TRUE(test, pb_checked(&f->pool, entry.pfn));
	KUNIT_EXPECT_EQ(test, pb_page_order(&f->pool, entry.pfn), 3);
	pt_free(test, f, entry.pfn, 3);
	pt_expect_all_free(test, f);
}

/* Without zeroed memory that path takes what is there, and asks for more. */
static void test_alloc_cached_in_vain(struct kunit *test)
{
	struct pt_fixture *f = pt_pool(test, &pt_small);
	struct pb_zone *zone = pt_zone(f, 0, PB_ZONE_NORMAL);
	bool zeroed = true;
	unsigned int i;

	zone->prezeroed = true;
	for (i = 0; i < 3; i++) {
		KUNIT_EXPECT_NE(test, alloc_cached(zone, 0, true, &zeroed), PB_NO_PFN);
		KUNIT_EXPECT_FALSE(test, zeroed);
		KUNIT_EXPECT_EQ(test, here(zone)->zeroed_wanted,
				BIT_ULL(PB_PCP_LIST_NR(0, PB_MOVABLE)));
		here(zone)->zeroed_wanted = 0;
	}
	pt_expect_allocated(test, f, 3);
}

/* A zeroed frame that is in use is not handed out, also not as a plain one. */
static void test_in_use(struct kunit *test)
{
	struct pt_fixture *f;
	struct pb_zone *zone = zeroed_zone(test, &pt_one_pageblock, &f);
	unsigned long pfn;
	bool zeroed;

	pfn = alloc_cached(zone, 0, true, &zeroed);
	KUNIT_ASSERT_NE(test, pfn, PB_NO_PFN);
	*pb_order_map(&f->pool, pfn + 1) = 1;
	KUNIT_EXPECT_EQ(test, alloc_cached(zone, 0, true, &zeroed), PB_NO_PFN);
	pt_expect_bad(test, f, PB_BAD_IN_USE, pfn + 1);
	KUNIT_EXPECT_EQ(test, alloc_cached(zone, 0, true, &zeroed), pfn + 2);
	f->broken = true;	/* this frame has no owner */
}

static struct kunit_case zeroed_cases[] = {
	KUNIT_CASE_PARAM(test_preferred, orders_gen_params),
	KUNIT_CASE_PARAM(test_plain_requests, orders_gen_params),
	KUNIT_CASE(test_refill_finds_zeroed_words),
	KUNIT_CASE(test_watermark),
	KUNIT_CASE(test_drain),
	KUNIT_CASE(test_pageblocks),
	KUNIT_CASE_PARAM(test_words, word_orders_gen_params),
	KUNIT_CASE(test_words_bounded),
	KUNIT_CASE(test_words_of_dirty_pageblock),
	KUNIT_CASE(test_dirty_pageblock),
	KUNIT_CASE(test_pageblocks_bounded),
	KUNIT_CASE(test_pageblocks_near_watermark),
	KUNIT_CASE_PARAM(test_fill, orders_gen_params),
	KUNIT_CASE(test_fill_is_bounded),
	KUNIT_CASE_PARAM(test_alloc_cached, orders_gen_params),
	KUNIT_CASE(test_alloc_checked),
	KUNIT_CASE(test_refills_update_seldom),
	KUNIT_CASE(test_alloc_cached_in_vain),
	KUNIT_CASE(test_in_use),
	{}
};

static struct kunit_suite zeroed_suite = {
	.name = "pbuddy_zeroed",
	.init = pt_init,
	.exit = pt_exit,
	.test_cases = zeroed_cases,
};

kunit_test_suite(zeroed_suite);
