// SPDX-License-Identifier: GPL-2.0-only
/*
 * Zeroed memory and migratetypes: which pageblocks requests for zeroed memory search and convert.
 * test_zeroed.c tests the zeroed blocks in the lists.
 */
#include "core/alloc/alloc.h"
#include "core/base/pfn.h"
#include "core/cache/drain.h"
#include "core/cache/prezero.h"
#include "core/cache/zeroed.h"
#include "core/compact/isolate.h"
#include "core/zone/fallback.h"
#include "core/zone/highatomic.h"
#include "core/zone/zone.h"
#include "fixture.h"
#include "zeroed_lists.h"

#define NO_CPU	1000	/* as a value of struct pb_index_ctl's cur */

static void zero(struct pb_pool *pool, unsigned long pfn, unsigned long nr_pages)
{
}

/* A pool of which some pageblocks are zeroed, none of unmovable type, which one has: @index. */
static struct pb_zone *one_unmovable(struct kunit *test, unsigned long nr_zeroed,
				     struct pt_fixture **f, unsigned long *index)
{
	struct pb_zone *zone;
	unsigned long pfn;

	*f = pt_pool(test, &pt_small);
	zone = pt_zone(*f, 0, PB_ZONE_NORMAL);
	pfn = pt_alloc_mt(*f, 0, PB_UNMOVABLE);
	KUNIT_ASSERT_NE(test, pfn, PB_NO_PFN);
	*index = pb_pageblock_index(zone, pfn);
	(*f)->pool.ops.zero = zero;
	(*f)->pool.prezero_percent = 100;
	KUNIT_ASSERT_EQ(test, pt_prezero(zone, nr_zeroed), nr_zeroed);
	return zone;
}

/* Zeroed blocks of another type are no reason to mix the types in a pageblock, if there are few. */
static void test_other_types(struct kunit *test)
{
	struct pt_fixture *f;
	unsigned long index, pfn;
	struct pb_zone *zone = one_unmovable(test, 3, &f, &index);
	bool zeroed = true;

	/* The search begins at one of them. */
	pb_pcp_set_zeroed_word(zone, pb_pcp_list(here(zone), 0, PB_UNMOVABLE),
			       pb_bitmap_next(&zone->zeroed, 2) - 1);
	pfn = alloc_zeroed(f, 0, PB_UNMOVABLE, &zeroed);
	KUNIT_EXPECT_EQ(test, pb_pageblock_index(zone, pfn), index);
	KUNIT_EXPECT_FALSE(test, zeroed);
	pfn = alloc_zeroed(f, 0, PB_MOVABLE, &zeroed);
	KUNIT_EXPECT_NE(test, pb_pageblock_index(zone, pfn), index);
	KUNIT_EXPECT_TRUE(test, zeroed);
	pt_verify(test, f, NULL);
}

/* Pages that a task allocates for zero and frees, until it gets one that is not. */
static unsigned long use_zeroed(struct kunit *test, struct pt_fixture *f)
{
	unsigned long pfn, nr;
	bool zeroed;

	for (nr = 0;; nr++) {
		zeroed = true;
		pfn = alloc_zeroed(f, 0, PB_UNMOVABLE, &zeroed);
		KUNIT_ASSERT_NE(test, pfn, PB_NO_PFN);
		pt_free(test, f, pfn, 0);
		if (!zeroed)
			return nr;
		if (nr % 4096 == 0)
			cond_resched();
	}
}

/* Pageblocks that may be converted: until half of each 64, without holes, have the type. */
static unsigned long most_converted(struct pb_zone *zone, enum pb_migratetype mt)
{
	unsigned long i, there = 0, own = 0, most = 0, value;

	for (i = 0; i < zone->nr_pageblocks; i++) {
		value = pb_zone_pageblock_value(zone, i);
		there += value != PB_ENTRY_HOLE;
		own += pb_entry_migratetype(value) == mt;
		if (i % 64 == 63 || i + 1 == zone->nr_pageblocks) {
			most += max(there / 2, own) - own;
			there = 0;
			own = 0;
		}
	}
	return most;
}

/*
 * Where at least half of the pageblocks are zeroed, those of other types are converted, until half
 * of them have the type of the requests. That they are zeroed again later changes nothing.
 */
static void test_converted(struct kunit *test)
{
	const struct pt_layout *const layouts[] = { &pt_small, &pt_gig };
	unsigned int i, round;
	unsigned long most;

	for (i = 0; i < ARRAY_SIZE(layouts); i++) {
		struct pt_fixture *f = pt_pool(test, layouts[i]);
		struct pb_zone *zone = pt_zone(f, 0, PB_ZONE_NORMAL);
		bool zeroed = false;

		set_high(zone, 1);
		KUNIT_ASSERT_NE(test, pt_alloc_mt(f, 0, PB_UNMOVABLE), PB_NO_PFN);
		/* As on a CPU that begins there. */
		pb_pcp_set_zeroed_word(zone, pb_pcp_list(here(zone), 0, PB_UNMOVABLE),
				       zone->zeroed.nbits / 4 * 3);
		most = most_converted(zone, PB_UNMOVABLE);
		KUNIT_EXPECT_GT(test, most, 0UL);
		f->pool.ops.zero = zero;
		f->pool.prezero_percent = 100;
		for (round = 0; round < 2; round++) {
			pt_prezero(zone, ULONG_MAX);
			here(zone)->zeroed_skip[PB_UNMOVABLE][0] = 0;
			KUNIT_EXPECT_GE(test, use_zeroed(test, f), most * PB_PAGEBLOCK_NR);
			KUNIT_EXPECT_EQ(test, pb_zone_event(zone, PB_FALLBACK_CLAIM), 1 + most);
			pb_pcp_drain_local(&f->pool);
		}
		pt_verify(test, f, NULL);
		/* The others have zeroed memory, too, behind that of this type. */
		pt_prezero(zone, ULONG_MAX);
		KUNIT_EXPECT_NE(test, alloc_zeroed(f, 0, PB_MOVABLE, &zeroed), PB_NO_PFN);
		KUNIT_EXPECT_TRUE(test, zeroed);
		KUNIT_EXPECT_EQ(test, pb_zone_event(zone, PB_FALLBACK_CLAIM), 1 + most);
	}
}

/* Pageblocks that are zero in part are not converted, but others. */
static void test_converted_as_a_whole(struct kunit *test)
{
	struct pt_fixture *f;
	unsigned long index, partly, pfn, i;
	struct pb_zone *zone = one_unmovable(test, 7, &f, &index);
	bool zeroed = false;

	preempt_disable();
	for (i = 0, partly = 0; i < 2; partly++) {
		if (partly == index)
			continue;
		pb_zeroed_test_and_clear(zone, pb_pageblock_pfn(zone, partly), PB_WORD_NR);
		i++;
	}
	preempt_enable();
	pfn = alloc_zeroed(f, 0, PB_UNMOVABLE, &zeroed);
	KUNIT_EXPECT_TRUE(test, zeroed);
	KUNIT_EXPECT_GE(test, pb_pageblock_index(zone, pfn), partly);
	pt_verify(test, f, NULL);
}

/* Neither are those from which another CPU refills, nor any near the watermark. */
static void test_not_converted(struct kunit *test)
{
	struct pt_fixture *f;
	unsigned long index, i;
	struct pb_zone *zone = one_unmovable(test, 7, &f, &index);
	u8 *skip = &here(zone)->zeroed_skip[PB_UNMOVABLE][0];
	bool zeroed = false;

	for (i = 0; i < zone->nr_pageblocks; i++)
		if (i != index)
			zone->ctl[i].cur = NO_CPU;
	KUNIT_EXPECT_NE(test, alloc_zeroed(f, 0, PB_UNMOVABLE, &zeroed), PB_NO_PFN);
	KUNIT_EXPECT_FALSE(test, zeroed);
	for (i = 0; i < zone->nr_pageblocks; i++)
		if (i != index)
			zone->ctl[i].cur = 0;
	*skip = 0;
	pt_set_watermark(zone, PB_WMARK_LOW, pb_zone_free_pages(zone) - PB_PAGEBLOCK_NR / 2);
	zeroed = true;
	KUNIT_EXPECT_NE(test, alloc_zeroed(f, 0, PB_UNMOVABLE, &zeroed), PB_NO_PFN);
	KUNIT_EXPECT_FALSE(test, zeroed);
	KUNIT_EXPECT_EQ(test, pb_zone_event(zone, PB_FALLBACK_CLAIM), 1UL);
	/* One that is used by another CPU does not hide the others. */
	pt_set_watermark(zone, PB_WMARK_LOW, 0);
	i = !index;
	zone->ctl[i].cur = NO_CPU;
	pb_pcp_set_zeroed_word(zone, pb_pcp_list(here(zone), 0, PB_UNMOVABLE),
			       (i ?: zone->nr_pageblocks) * PB_WORDS - 1);
	*skip = 0;
	KUNIT_EXPECT_NE(test, alloc_zeroed(f, 0, PB_UNMOVABLE, &zeroed), PB_NO_PFN);
	KUNIT_EXPECT_TRUE(test, zeroed);
	KUNIT_EXPECT_EQ(test, zone->ctl[i].cur, NO_CPU);
	zone->ctl[i].cur = 0;
}

/* Zeroed memory of the request's type comes first, also behind that of others. */
static void test_own_type_first(struct kunit *test)
{
	struct pt_fixture *f;
	unsigned long index, pfn;
	struct pb_zone *zone = one_unmovable(test, 6, &f, &index);
	bool zeroed = false;

	/* The last pageblock, as its type is that of the block which is freed here. */
	pfn = pb_pageblock_pfn(zone, zone->nr_pageblocks - 1);
	preempt_disable();
	KUNIT_EXPECT_TRUE(test, pb_fallback_claim_free(zone, 0, zone->nr_pageblocks - 1, PB_MOVABLE,
						       PB_UNMOVABLE));
	pb_zeroed_set(zone, pfn, PB_PAGEBLOCK_NR);
	preempt_enable();
	pfn = alloc_zeroed(f, 0, PB_UNMOVABLE, &zeroed);
	KUNIT_EXPECT_TRUE(test, zeroed);
	KUNIT_EXPECT_EQ(test, pb_pageblock_index(zone, pfn), zone->nr_pageblocks - 1);
	pt_verify(test, f, NULL);
}

/* Also far behind it, and in a pageblock that is in use. */
static void test_own_type_far(struct kunit *test)
{
	struct pt_fixture *f = pt_pool(test, &pt_gig);
	struct pb_zone *zone = pt_zone(f, 0, PB_ZONE_NORMAL);
	unsigned long index, pfn;
	bool zeroed = false;

	f->pool.ops.zero = zero;
	f->pool.prezero_percent = 100;
	pt_prezero(zone, ULONG_MAX);
	pfn = pt_alloc_mt(f, 0, PB_UNMOVABLE);
	KUNIT_ASSERT_NE(test, pfn, PB_NO_PFN);
	index = pb_pageblock_index(zone, pfn);
	pb_pcp_drain_local(&f->pool);
	/* The search begins behind it, and goes through all the others. */
	pb_pcp_set_zeroed_word(zone, pb_pcp_list(here(zone), 0, PB_UNMOVABLE),
			       (index + 1) * PB_WORDS - 1);
	pfn = alloc_zeroed(f, 0, PB_UNMOVABLE, &zeroed);
	KUNIT_EXPECT_TRUE(test, zeroed);
	KUNIT_EXPECT_EQ(test, pb_pageblock_index(zone, pfn), index);
	pt_verify(test, f, NULL);
}

/* Requests for pageblocks get the few that are zeroed, also after a search in vain for a page. */
static void test_converted_for_pageblocks(struct kunit *test)
{
	struct pt_fixture *f;
	unsigned long index, pfn, left;
	struct pb_zone *zone = one_unmovable(test, 3, &f, &index);
	bool zeroed = false;

	set_high(zone, 4);
	pfn = pt_alloc_mt(f, PB_PAGEBLOCK_ORDER, PB_UNMOVABLE);
	pt_free(test, f, pfn, PB_PAGEBLOCK_ORDER);
	left = count_zeroed_words(zone) / PB_WORDS;
	KUNIT_EXPECT_GE(test, left, 2UL);
	zeroed = true;
	KUNIT_EXPECT_NE(test, alloc_zeroed(f, 0, PB_UNMOVABLE, &zeroed), PB_NO_PFN);
	KUNIT_EXPECT_FALSE(test, zeroed);
	for (; left; left--) {
		pfn = alloc_zeroed(f, PB_PAGEBLOCK_ORDER, PB_UNMOVABLE, &zeroed);
		KUNIT_EXPECT_NE(test, pfn, PB_NO_PFN);
		KUNIT_EXPECT_TRUE(test, zeroed);
	}
	pt_verify(test, f, NULL);
}

/* After a search in vain the next requests of the type do not search, those of others do. */
static void test_search_is_skipped(struct kunit *test)
{
	struct pt_fixture *f;
	unsigned long index;
	struct pb_zone *zone = one_unmovable(test, 3, &f, &index);
	bool zeroed = true;
	u8 skip;

	KUNIT_EXPECT_NE(test, alloc_zeroed(f, 0, PB_UNMOVABLE, &zeroed), PB_NO_PFN);
	skip = here(zone)->zeroed_skip[PB_UNMOVABLE][0];
	KUNIT_EXPECT_GT(test, skip, 0);
	KUNIT_EXPECT_NE(test, alloc_zeroed(f, 0, PB_UNMOVABLE, &zeroed), PB_NO_PFN);
	KUNIT_EXPECT_EQ(test, here(zone)->zeroed_skip[PB_UNMOVABLE][0], skip - 1);
	KUNIT_EXPECT_EQ(test, here(zone)->zeroed_skip[PB_MOVABLE][0], 0);
}

/* In place of zeroing a block for a list: its pageblock becomes isolated, or highatomic. */
static void isolate_it(struct pb_pool *pool, unsigned long pfn, unsigned long nr_pages)
{
	struct pb_zone *zone = pb_pfn_zone(pool, pfn);
	struct pb_area area = {
		.first = pb_pageblock_index(zone, pfn), .nr = 1, .frames = PB_PAGEBLOCK_NR,
	};

	pb_area_isolate(zone, &area);
}

static void reserve_it(struct pb_pool *pool, unsigned long pfn, unsigned long nr_pages)
{
	preempt_disable();
	pb_highatomic_reserve(pb_pfn_zone(pool, pfn), pfn, 0);
	preempt_enable();
}

/* A block whose pageblock gets another type while it is zeroed is freed, not put into the list. */
static void test_type_changes_while_zeroed(struct kunit *test)
{
	static const unsigned int orders[] = { 0, 6, 8, PB_PAGEBLOCK_ORDER };
	unsigned int i, order;

	for (i = 0; i < 2 * ARRAY_SIZE(orders); i++) {
		struct pt_fixture *f = pt_pool(test, &pt_gig);
		struct pb_zone *zone = pt_zone(f, 0, PB_ZONE_NORMAL);
		struct pb_pcp_list *list;

		order = orders[i / 2];
		list = pb_pcp_list(here(zone), order, PB_MOVABLE);
		set_high(zone, 8);
		f->pool.ops.zero = i % 2 ? reserve_it : isolate_it;
		f->pool.prezero_percent = 100;
		here(zone)->zeroed_wanted = BIT_ULL(PB_PCP_LIST_NR(order, PB_MOVABLE));
		pb_prezero_fill(zone);
		KUNIT_EXPECT_EQ_MSG(test, list->zeroed, 0, "order %u, case %u", order, i % 2);
		KUNIT_EXPECT_EQ(test, pb_pcp_pages(zone), 0UL);
		KUNIT_EXPECT_EQ(test, count_zeroed_words(zone),
				1UL << (max(order, PB_WORD_ORDER + 0U) - PB_WORD_ORDER));
		if (i % 2)
			KUNIT_EXPECT_EQ(test, pb_zone_event(zone, PB_HIGHATOMIC_RESERVE), 1UL);
		else
			KUNIT_EXPECT_EQ(test, atomic_long_read(&zone->nr_isolated),
					(long)PB_PAGEBLOCK_NR);
		pt_verify(test, f, NULL);
	}
}

static struct kunit_case zeroed_types_cases[] = {
	KUNIT_CASE(test_other_types),
	KUNIT_CASE(test_converted),
	KUNIT_CASE(test_converted_as_a_whole),
	KUNIT_CASE(test_not_converted),
	KUNIT_CASE(test_own_type_first),
	KUNIT_CASE(test_own_type_far),
	KUNIT_CASE(test_converted_for_pageblocks),
	KUNIT_CASE(test_search_is_skipped),
	KUNIT_CASE(test_type_changes_while_zeroed),
	{}
};

static struct kunit_suite zeroed_types_suite = {
	.name = "pbuddy_zeroed_types",
	.init = pt_init,
	.exit = pt_exit,
	.test_cases = zeroed_types_cases,
};

kunit_test_suite(zeroed_types_suite);
