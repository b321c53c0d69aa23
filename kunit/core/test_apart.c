// SPDX-License-Identifier: GPL-2.0-only
/*
 * apart.c: a CPU that has met another one begins to look for free pageblocks at a place of its own,
 * while there are many. The cases run on each CPU in turn.
 */
#include "core/base/pfn.h"
#include "core/index/bitmap.h"
#include "core/index/free_area.h"
#include "core/zone/apart.h"
#include "core/zone/blocks.h"
#include "core/zone/fallback.h"
#include "core/zone/free_count.h"
#include "core/zone/zone.h"
#include "fixture.h"
#include "threads.h"

#define MOST	1024	/* pageblocks of the zone, at most */

/* What a case has; @left: free pageblocks of the zone. */
struct apart {
	struct kunit	*test;
	struct pb_zone	*zone;
	unsigned int	left;
	unsigned int	nr_taken;
	unsigned long	taken[MOST];
};

static struct apart *apart(struct kunit *test)
{
	struct apart *a = kunit_kzalloc(test, sizeof(*a), GFP_KERNEL);
	struct pt_fixture *f = pt_pool(test, &pt_gig);

	KUNIT_ASSERT_NOT_NULL(test, a);
	a->test = test;
	a->zone = pt_zone(f, 0, PB_ZONE_NORMAL);
	a->left = pb_zone_free_pages(a->zone) / PB_PAGEBLOCK_NR;
	KUNIT_ASSERT_LE(test, a->left, MOST);
	return a;
}

static void on_each_cpu_in_turn(void (*fn)(void *arg), struct apart *a)
{
	unsigned int n;

	for (n = 0; n < pt_nr_cpus(); n++)
		pt_call_on(n, fn, a);
}

/* The same where there are enough free pageblocks for the CPUs to have places. */
static void run_in_abundance(struct kunit *test, void (*fn)(void *arg))
{
	struct apart *a = apart(test);

	if (!pb_cpus_may_have(a->zone, 8))
		kunit_skip(test, "one CPU, or too many for the size of the pool");
	on_each_cpu_in_turn(fn, a);
}

/* The first byte of a word that is not 0, from that of this CPU on. */
static u64 expected_byte(u64 word)
{
	unsigned int i, byte;

	for (i = 0; i < 8; i++) {
		byte = (pb_cpu_id() + i) % 8;
		if (word >> (byte * 8) & 0xff)
			return word & 0xffULL << (byte * 8);
	}
	return 0;
}

/* Those of a word that are for this CPU, while each may have some. */
static u64 expected_mine(struct pb_zone *zone, u64 word)
{
	return pb_cpus_may_have_words(zone) ? word : expected_byte(word);
}

static bool take(struct apart *a, unsigned long index)
{
	struct pb_request rq = pt_rq(9, PB_MOVABLE, 0);

	if (a->nr_taken == MOST ||
	    !pb_zone_alloc_pageblock_at(a->zone, index, PB_MOVABLE, &rq))
		return false;
	a->taken[a->nr_taken++] = pb_pageblock_pfn(a->zone, index);
	return true;
}

static void give_back(struct apart *a)
{
	while (a->nr_taken)
		pb_zone_free_noevent(a->zone, a->taken[--a->nr_taken], PB_PAGEBLOCK_ORDER);
}

/* Takes all free pageblocks, as this CPU finds them. */
static void take_all(void *arg)
{
	struct apart *a = arg;
	struct pb_bitmap *map = &a->zone->area[PB_MOVABLE].free_pageblocks;
	struct pb_free_word word;
	u64 mine, expected;

	preempt_disable();
	for (;;) {
		pb_apart_met(a->zone);
		word = pb_apart_free_word(a->zone, PB_MOVABLE);
		mine = word.mine;
		if (!mine)
			break;
		expected = expected_mine(a->zone, word.all);
		if (pb_cpus_may_have(a->zone, 1)) {
			KUNIT_EXPECT_EQ(a->test, mine, expected);
		} else {
			KUNIT_EXPECT_EQ(a->test, mine, word.all);
			KUNIT_EXPECT_EQ(a->test, word.first,
					round_down(pb_bitmap_next(map, 0), 64));
		}
		if (!take(a, word.first + __ffs64(mine)))
			break;
	}
	KUNIT_EXPECT_EQ(a->test, a->nr_taken, a->left);
	give_back(a);
	preempt_enable();
}

/* A CPU goes on from its place until nothing is left; near the watermarks from the lowest one. */
static void test_places(struct kunit *test)
{
	struct apart *a = apart(test);

	on_each_cpu_in_turn(take_all, a);
}

/* Whether a pageblock is one of those for this CPU. */
static bool is_mine(const struct pb_free_word *word, unsigned long index)
{
	return index - word->first < 64 && word->mine >> (index - word->first) & 1;
}

/* The first word that has pageblocks has few of them, the next one 64. */
static void take_first_word(struct apart *a)
{
	struct pb_bitmap *map = &a->zone->area[PB_MOVABLE].free_pageblocks;
	unsigned long first = round_down(pb_bitmap_next(map, 0), 64);
	u64 word = READ_ONCE(*pb_bitmap_word(map, first));

	for (; ~word && word; word &= word - 1)
		KUNIT_EXPECT_TRUE(a->test, take(a, first + __ffs64(word)));
}

static void use_place(void *arg)
{
	struct pb_request rq = pt_rq(9, PB_MOVABLE, 0);
	struct pb_pcp_entry entries[2];
	struct apart *a = arg;
	struct pb_zone *zone = a->zone;
	struct pb_free_word word;
	unsigned long index, pfn;

	preempt_disable();
	take_first_word(a);
	if (!pb_cpus_may_have(zone, 8))
		goto end;
	pb_apart_met(zone);
	/* First, while the word has no smaller run. */
	word = pb_apart_free_word(zone, PB_MOVABLE);
	KUNIT_EXPECT_TRUE(a->test, pb_fallback_claim_pageblock(zone, 9, PB_UNMOVABLE, 0));
	index = pb_bitmap_next(&zone->area[PB_UNMOVABLE].free_pageblocks, 0);
	KUNIT_EXPECT_TRUE(a->test, is_mine(&word, index));
	KUNIT_EXPECT_TRUE(a->test,
			  pb_fallback_claim_free(zone, 9, index, PB_UNMOVABLE, PB_MOVABLE));
	word = pb_apart_free_word(zone, PB_MOVABLE);
	KUNIT_EXPECT_TRUE(a->test, is_mine(&word, pb_apart_find_free(zone, PB_MOVABLE)));
	pfn = pb_zone_alloc(zone, 9, PB_MOVABLE, &rq);
	KUNIT_EXPECT_TRUE(a->test, is_mine(&word, pb_pageblock_index(zone, pfn)));
	a->taken[a->nr_taken++] = pfn;
	word = pb_apart_free_word(zone, PB_MOVABLE);
	if (pb_zone_alloc_blocks(zone, &rq, 1, entries) == 1) {
		KUNIT_EXPECT_TRUE(a->test,
				  is_mine(&word, pb_pageblock_index(zone, entries[0].pfn)));
		a->taken[a->nr_taken++] = entries[0].pfn;
	}
end:
	give_back(a);
	preempt_enable();
}

/* Single blocks, several at once, and conversions use the place. */
static void test_users(struct kunit *test)
{
	run_in_abundance(test, use_place);
}

static void find_lowest(void *arg)
{
	struct apart *a = arg;
	struct pb_zone *zone = a->zone;

	pb_apart_met(zone);
	KUNIT_EXPECT_EQ(a->test, pb_apart_find_free(zone, PB_MOVABLE),
			pb_free_area_find_free(&zone->area[PB_MOVABLE]));
}

/* Where a pageblock for each CPU is too much, all take the smallest run of the lowest word. */
static void test_few(struct kunit *test)
{
	struct apart *a = apart(test);

	a->zone->fast_watermark = pb_zone_free_least(a->zone) - PB_PAGEBLOCK_NR;
	KUNIT_EXPECT_FALSE(test, pb_cpus_may_have(a->zone, 1));
	on_each_cpu_in_turn(find_lowest, a);
}

static void search_again(void *arg)
{
	struct apart *a = arg;
	struct pb_zone *zone = a->zone;
	struct pb_free_word word;
	unsigned int i;

	preempt_disable();
	take_first_word(a);
	word = pb_apart_free_word(zone, PB_MOVABLE);
	KUNIT_EXPECT_EQ(a->test, word.mine, word.all);
	pb_apart_met(zone);
	for (i = 0; i < PB_APART_SEARCHES; i++) {
		word = pb_apart_free_word(zone, PB_MOVABLE);
		KUNIT_EXPECT_EQ(a->test, word.mine, expected_mine(zone, word.all));
	}
	word = pb_apart_free_word(zone, PB_MOVABLE);
	KUNIT_EXPECT_EQ(a->test, word.mine, word.all);
	give_back(a);
	preempt_enable();
}

/* A CPU that has met no other takes the lowest one, and so it does again after some searches. */
static void test_for_some_searches(struct kunit *test)
{
	run_in_abundance(test, search_again);
}

static void find_words(void *arg)
{
	struct apart *a = arg;
	struct pb_zone *zone = a->zone;
	const struct pb_bitmap *map = &zone->area[PB_MOVABLE].free_pageblocks;
	struct pb_place place;
	struct pb_free_word word;

	preempt_disable();
	place = pb_apart_place(zone, PB_MOVABLE);
	KUNIT_EXPECT_FALSE(a->test, place.apart || place.alone);
	pb_apart_met(zone);
	place = pb_apart_place(zone, PB_MOVABLE);
	KUNIT_EXPECT_TRUE(a->test, place.apart && place.alone);
	KUNIT_EXPECT_EQ(a->test, place.first, pb_bitmap_some_word(map, pb_cpu_id()));
	word = pb_apart_free_word(zone, PB_MOVABLE);
	KUNIT_EXPECT_EQ(a->test, word.first, place.first);
	KUNIT_EXPECT_EQ(a->test, word.mine, word.all);
	pb_zone_credit(zone)->apart = 0;
	preempt_enable();
}

/* While words for all CPUs are at most half of the free pages, each has a word. */
static void test_words(struct kunit *test)
{
	struct apart *a = apart(test);
	struct pb_zone *zone = a->zone;
	long words = (64L * PB_PAGEBLOCK_NR) << order_base_2(pb_nr_cpus());

	if (pb_nr_cpus() == 1)
		kunit_skip(test, "one CPU");
	zone->fast_watermark = pb_zone_free_least(zone) - 2 * words;
	KUNIT_EXPECT_TRUE(test, pb_cpus_may_have_words(zone));
	on_each_cpu_in_turn(find_words, a);
	zone->fast_watermark++;
	KUNIT_EXPECT_FALSE(test, pb_cpus_may_have_words(zone));
}

/* Has the index say that this pageblock is free, which is allocated. */
static void lie(struct pb_zone *zone, unsigned long index)
{
	zone->ctl[index].index_class = pb_class_free(PB_MOVABLE);
	pb_bitmap_set(&zone->area[PB_MOVABLE].free_pageblocks, index);
}

static bool has_met(struct pb_zone *zone)
{
	bool met = pb_zone_credit(zone)->apart;

	pb_zone_credit(zone)->apart = 0;
	return met;
}

static void meet(void *arg)
{
	struct pb_request rq = pt_rq(9, PB_MOVABLE, 0);
	struct pb_pcp_entry entries[2];
	struct apart *a = arg;
	struct pb_zone *zone = a->zone;
	unsigned long index;

	preempt_disable();
	index = pb_apart_find_free(zone, PB_MOVABLE);
	KUNIT_EXPECT_TRUE(a->test, take(a, index));
	KUNIT_EXPECT_FALSE(a->test, has_met(zone));
	lie(zone, index);
	a->taken[a->nr_taken++] = pb_zone_alloc(zone, 9, PB_MOVABLE, &rq);
	KUNIT_EXPECT_TRUE(a->test, has_met(zone));
	lie(zone, index);
	KUNIT_EXPECT_EQ(a->test, pb_zone_alloc_blocks(zone, &rq, 1, entries), 0U);
	KUNIT_EXPECT_TRUE(a->test, has_met(zone));
	lie(zone, index);
	KUNIT_EXPECT_TRUE(a->test, pb_fallback_claim_pageblock(zone, 9, PB_UNMOVABLE, 0));
	KUNIT_EXPECT_TRUE(a->test, has_met(zone));
	index = pb_bitmap_next(&zone->area[PB_UNMOVABLE].free_pageblocks, 0);
	KUNIT_EXPECT_TRUE(a->test,
			  pb_fallback_claim_free(zone, 9, index, PB_UNMOVABLE, PB_MOVABLE));
	give_back(a);
	preempt_enable();
}

/* A pageblock that is found and not free is another CPU's. */
static void test_met(struct kunit *test)
{
	struct apart *a = apart(test);

	on_each_cpu_in_turn(meet, a);
}

static struct kunit_case apart_cases[] = {
	KUNIT_CASE(test_places),
	KUNIT_CASE(test_users),
	KUNIT_CASE(test_few),
	KUNIT_CASE(test_for_some_searches),
	KUNIT_CASE(test_words),
	KUNIT_CASE(test_met),
	{}
};

static struct kunit_suite apart_suite = {
	.name = "pbuddy_apart",
	.init = pt_init,
	.exit = pt_exit,
	.test_cases = apart_cases,
};

kunit_test_suite(apart_suite);
