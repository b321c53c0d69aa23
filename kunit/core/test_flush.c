// SPDX-License-Identifier: GPL-2.0-only
/*
 * flush.c: whole words of blocks of several frames that are freed in order. The cases look at the
 * index, at the count of isolated frames and at misuse reports after a flush of such words.
 */
#include "core/base/pfn.h"
#include "core/cache/drain.h"
#include "core/cache/pcp.h"
#include "core/compact/isolate.h"
#include "core/index/free_area.h"
#include "core/index/pageblock.h"
#include "core/zone/highatomic.h"
#include "core/zone/zone.h"
#include "fixture.h"
#include "threads.h"

#define ORDER	3
#define BLOCKS	(PB_WORD_NR >> ORDER)	/* of a word */
#define FLUSHED	(PB_LIFO_MAX + 1)	/* frees that fill a list and flush it */

/**
 * struct filled - a zone all of whose frames are allocated as blocks of ORDER, by one CPU
 * @f: its pool
 * @zone: the zone
 * @list: this CPU's list of these blocks
 * @index: the first pageblock
 */
struct filled {
	struct pt_fixture	*f;
	struct pb_zone		*zone;
	struct pb_pcp_list	*list;
	unsigned long		index;
};

static struct filled fill(struct kunit *test)
{
	struct pt_fixture *f = pt_pool(test, &pt_gig);
	struct pb_zone *zone = pt_zone(f, 0, PB_ZONE_NORMAL);
	unsigned long *pfns;

	pt_stay_here();
	/* So that the list has its largest limit. */
	zone->pcp_high_min = 4096;
	pb_pcp_decay_local(&f->pool);
	KUNIT_ASSERT_EQ(test, pt_fill(test, f, ORDER, PB_MOVABLE, &pfns), f->pages >> ORDER);
	return (struct filled) {
		f, zone, pb_pcp_list(pb_per_cpu_ptr(zone->pcp, raw_smp_processor_id()), ORDER,
				     PB_MOVABLE),
		pb_pageblock_index(zone, f->layout->ranges[0].start_pfn),
	};
}

/* Frees the nth block of a pageblock. */
static void free_nth(struct kunit *test, const struct filled *s, unsigned long index,
		     unsigned int nth)
{
	pt_free(test, s->f, pb_pageblock_pfn(s->zone, index) + (nth << ORDER), ORDER);
}

static int indexed(const struct filled *s, unsigned long index)
{
	return pb_class_largest(s->zone->ctl[index].index_class);
}

/* Words are flushed together, and the index has the pageblock as soon as all of it is free. */
static void test_in_order(struct kunit *test)
{
	struct filled s = fill(test);
	unsigned long drains = pb_zone_event(s.zone, PB_PCP_DRAIN);
	unsigned int i;

	for (i = 0; i < PB_PAGEBLOCK_NR >> ORDER; i++) {
		free_nth(test, &s, s.index, i);
		KUNIT_EXPECT_EQ(test, pb_zone_free_pages(s.zone) % (long)PB_WORD_NR, 0L);
		pt_verify(test, s.f, NULL);
	}
	KUNIT_EXPECT_LE(test, pb_zone_event(s.zone, PB_PCP_DRAIN) - drains,
			(PB_PAGEBLOCK_NR >> ORDER) / (PB_LIFO_MAX / 2));
	/* The blocks of the next pageblock take its last ones out of the list. */
	for (i = 0; i < FLUSHED; i++)
		free_nth(test, &s, s.index + 1, i);
	KUNIT_EXPECT_EQ(test, indexed(&s, s.index), PB_PAGEBLOCK_ORDER);
	pb_pcp_drain_local(&s.f->pool);
	KUNIT_EXPECT_EQ(test, indexed(&s, s.index + 1), PB_WORD_ORDER + 1);
	pt_verify(test, s.f, NULL);
}

/* Neither other orders of frees nor blocks of two words are taken for a whole word. */
static void test_out_of_order(struct kunit *test)
{
	static const u8 nth[] = { 0, 2, 1, 3, 4, 5, 6, 7, 8, 9, 10, 20, 12, 13, 14, 15, 17, 16, 18,
				  19, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31, 40, 41, 42 };
	struct filled s = fill(test);
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(nth); i++) {
		free_nth(test, &s, s.index, nth[i]);
		pt_verify(test, s.f, NULL);
	}
	pb_pcp_drain_local(&s.f->pool);
	KUNIT_EXPECT_EQ(test, pb_zone_free_pages(s.zone), (long)ARRAY_SIZE(nth) << ORDER);
	pt_verify(test, s.f, NULL);
}

/* The update that was deferred while words were flushed is not needed when all of it is free. */
static void test_no_update_of_whole_pageblock(struct kunit *test)
{
	struct filled s = fill(test);
	unsigned int i;

	for (i = 0; i < FLUSHED; i++)
		free_nth(test, &s, s.index, i);
	KUNIT_EXPECT_EQ(test, s.list->drained, s.index + 1);
	for (; i < PB_PAGEBLOCK_NR >> ORDER; i++)
		free_nth(test, &s, s.index, i);
	for (i = 0; i < FLUSHED && indexed(&s, s.index) < PB_PAGEBLOCK_ORDER; i++)
		free_nth(test, &s, s.index + 1, i);
	KUNIT_EXPECT_EQ(test, indexed(&s, s.index), PB_PAGEBLOCK_ORDER);
	KUNIT_EXPECT_EQ(test, s.list->drained, 0U);
}

/* Frees words of the first pageblock until the list has one, and an update is deferred. */
static unsigned int free_words(struct kunit *test, const struct filled *s)
{
	unsigned int nr;

	for (nr = 0; nr < FLUSHED || nr % BLOCKS; nr++)
		free_nth(test, s, s->index, nr);
	KUNIT_EXPECT_EQ(test, s->list->drained, s->index + 1);
	KUNIT_EXPECT_EQ(test, s->list->n, BLOCKS);
	return nr;
}

/* Has that word flushed, by frees to other pageblocks that do not cause the deferred update. */
static void flush_word(struct kunit *test, const struct filled *s)
{
	unsigned int i;

	for (i = 0; s->list->n >= BLOCKS && i < FLUSHED; i++)
		free_nth(test, s, s->index + 1 + i, 0);
	KUNIT_EXPECT_EQ(test, s->list->drained, s->index + 1);
}

/* Words of a pageblock that was isolated when its blocks were in the list already. */
static void test_isolated(struct kunit *test)
{
	struct filled s = fill(test);
	struct pb_area area = { .first = s.index, .nr = 1, .frames = PB_PAGEBLOCK_NR };
	unsigned int nr = free_words(test, &s);

	KUNIT_ASSERT_TRUE(test, pb_area_isolate(s.zone, &area));
	flush_word(test, &s);
	KUNIT_EXPECT_EQ(test, pb_zone_isolated_pages(s.zone), (long)nr << ORDER);
	pt_verify(test, s.f, NULL);
	pb_area_unisolate(s.zone, &area);
	pt_verify(test, s.f, NULL);
}

/* The same for one that was reserved: its free frames are counted, too. */
static void test_highatomic(struct kunit *test)
{
	struct filled s = fill(test);
	unsigned int nr = free_words(test, &s);

	preempt_disable();
	pb_highatomic_reserve(s.zone, pb_pageblock_pfn(s.zone, s.index), 0);
	preempt_enable();
	flush_word(test, &s);
	KUNIT_EXPECT_EQ(test, atomic_long_read(&s.zone->nr_free_highatomic), (long)nr << ORDER);
	pt_verify(test, s.f, NULL);
}

/* A word of a pageblock of which all that was free was allocated meanwhile is found again. */
static void test_taken_meanwhile(struct kunit *test)
{
	struct filled s = fill(test);
	unsigned int nr = (free_words(test, &s) - BLOCKS) / BLOCKS, i;
	struct pb_request rq = pt_rq(PB_WORD_ORDER, PB_MOVABLE, 0);
	unsigned long words[PB_WORDS];

	preempt_disable();
	for (i = 0; i < nr; i++)
		words[i] = pb_zone_alloc(s.zone, PB_WORD_ORDER, PB_MOVABLE, &rq);
	pb_index_update(s.zone, s.index);
	preempt_enable();
	KUNIT_EXPECT_EQ(test, pb_zone_free_pages(s.zone), 0L);
	KUNIT_EXPECT_EQ(test, indexed(&s, s.index), -1);
	flush_word(test, &s);
	KUNIT_EXPECT_EQ(test, indexed(&s, s.index), PB_WORD_ORDER);
	for (i = 0; i < nr; i++)
		pb_zone_free_noevent(s.zone, words[i], PB_WORD_ORDER);
}

/* A word whose frames are free already, as after a free of them by another way. */
static void test_double_free(struct kunit *test)
{
	struct filled s = fill(test);
	unsigned int nr = free_words(test, &s);
	unsigned long pfn = pb_pageblock_pfn(s.zone, s.index) + ((nr - BLOCKS) << ORDER);

	pb_zone_free_noevent(s.zone, pfn, PB_WORD_ORDER);
	flush_word(test, &s);
	pt_expect_bad(test, s.f, PB_BAD_DOUBLE, pfn);
	pt_verify(test, s.f, NULL);
}

static struct kunit_case flush_cases[] = {
	KUNIT_CASE(test_in_order),
	KUNIT_CASE(test_out_of_order),
	KUNIT_CASE(test_no_update_of_whole_pageblock),
	KUNIT_CASE(test_isolated),
	KUNIT_CASE(test_highatomic),
	KUNIT_CASE(test_taken_meanwhile),
	KUNIT_CASE(test_double_free),
	{}
};

static struct kunit_suite flush_suite = {
	.name = "pbuddy_flush",
	.init = pt_init,
	.exit = pt_exit,
	.test_cases = flush_cases,
};

kunit_test_suite(flush_suite);
