// SPDX-License-Identifier: GPL-2.0-only
/*
 * pcp.c and drain.c: the pcp lists (a CPU's cached blocks of a zone, by order and migratetype).
 * The cases count what refills, frees and drains move, and check the order of reuse, the limits
 * of the lists, the guard of the pcp section, draining and the decay of pcp->high.
 */
#include "core/base/pfn.h"
#include "core/cache/drain.h"
#include "core/cache/pcp.h"
#include "core/index/free_area.h"
#include "core/index/pageblock.h"
#include "core/index/updates.h"
#include "core/zone/zone.h"
#include "fixture.h"
#include "threads.h"

static struct pb_pcp *here(struct pb_zone *zone)
{
	return pb_per_cpu_ptr(zone->pcp, raw_smp_processor_id());
}

static const unsigned int cached[] = { 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10 };

static void describe_order(const unsigned int *order, char *desc)
{
	snprintf(desc, KUNIT_PARAM_DESC_SIZE, "order %u", *order);
}

KUNIT_ARRAY_PARAM(cached, cached, describe_order);

static void test_which_orders(struct kunit *test)
{
	unsigned int order, n = 0;

	for (order = 0; order <= PB_MAX_ORDER; order++) {
		if (!pb_pcp_order(order))
			continue;
		if (n < ARRAY_SIZE(cached))
			KUNIT_EXPECT_EQ(test, order, cached[n]);
		n++;
	}
	KUNIT_EXPECT_EQ(test, n, (unsigned int)PB_NR_PCP_ORDERS);
}

/* The block that was freed last is allocated first: its memory is in the CPU's cache. */
static void test_last_in_first_out(struct kunit *test)
{
	unsigned int order = *(const unsigned int *)test->param_value;
	struct pt_fixture *f = pt_pool(test, &pt_gig);
	unsigned long a, b;

	pt_zone(f, 0, PB_ZONE_NORMAL)->pcp_high_min = 4096;
	pb_pcp_decay_local(&f->pool);
	a = pt_alloc(f, order);
	b = pt_alloc(f, order);
	KUNIT_ASSERT_NE(test, b, PB_NO_PFN);
	pt_free(test, f, a, order);
	pt_free(test, f, b, order);
	if (order > PB_PCP_MAX_WORD_ORDER && !pb_pcp_count(here(pt_zone(f, 0, PB_ZONE_NORMAL))))
		kunit_skip(test, "pcp->high is too small for this order with so many CPUs");
	KUNIT_EXPECT_EQ(test, pt_alloc(f, order), b);
	KUNIT_EXPECT_EQ(test, pt_alloc(f, order), a);
}

static unsigned int refills, refilled, drains, drained;

static void on_refill(struct pb_zone *zone, unsigned int order, unsigned int mt, unsigned int nr)
{
	refills++;
	refilled += nr << order;
}

static void on_drain(struct pb_zone *zone, unsigned int order, unsigned int mt, unsigned int nr)
{
	drains++;
	drained += nr << order;
}

/*
 * Frames enter a list by a refill or a free and leave it by an allocation or a drain: the sums
 * agree.
 */
static void test_refill_and_drain_balance(struct kunit *test)
{
	unsigned int order = *(const unsigned int *)test->param_value;
	struct pt_fixture *f = pt_pool(test, &pt_gig);
	struct pb_zone *zone = pt_zone(f, 0, PB_ZONE_NORMAL);
	unsigned long pfns[200], i, n = min(200UL, f->pages >> order >> 1);
	struct pb_verify v;

	refills = 0;
	refilled = 0;
	drains = 0;
	drained = 0;
	f->pool.ops.refill = on_refill;
	f->pool.ops.drain = on_drain;
	for (i = 0; i < n; i++) {
		pfns[i] = pt_alloc(f, order);
		KUNIT_ASSERT_NE(test, pfns[i], PB_NO_PFN);
	}
	pt_verify(test, f, &v);
	KUNIT_EXPECT_EQ(test, refilled - drained, (n << order) + v.pcp_pages);
	KUNIT_EXPECT_EQ(test, pb_pcp_pages(zone), v.pcp_pages);
	KUNIT_EXPECT_EQ(test, pb_zone_event(zone, PB_PCP_REFILL), (unsigned long)refills);
	KUNIT_EXPECT_EQ(test, pb_zone_event(zone, PB_PGALLOC), n << order);
	for (i = 0; i < n; i++)
		pt_free(test, f, pfns[i], order);
	KUNIT_EXPECT_TRUE(test, pb_pcp_drain_local(&f->pool));
	KUNIT_EXPECT_EQ(test, pb_zone_event(zone, PB_PCP_DRAIN), (unsigned long)drains);
	KUNIT_EXPECT_EQ(test, pb_zone_event(zone, PB_PGFREE), n << order);
	KUNIT_EXPECT_EQ(test, pb_pcp_pages(zone), 0UL);
	KUNIT_EXPECT_EQ(test, pb_zone_free_pages(zone), (long)f->pages);
	if (order < PB_PAGEBLOCK_ORDER)
		KUNIT_EXPECT_EQ(test, refilled, drained);
	pt_expect_all_free(test, f);
}

/* However many blocks are freed, the lists stay within their limits. */
static void test_limit(struct kunit *test)
{
	unsigned int order = *(const unsigned int *)test->param_value;
	struct pt_fixture *f = pt_pool(test, &pt_gig);
	struct pb_zone *zone = pt_zone(f, 0, PB_ZONE_NORMAL);
	unsigned long pfns[200], i, n = min(200UL, f->pages >> order >> 1), most;

	for (i = 0; i < n; i++)
		pfns[i] = pt_alloc(f, order);
	for (i = 0; i < n; i++) {
		pt_free(test, f, pfns[i], order);
		most = PB_LIFO_MAX << order;
		if (order >= PB_PAGEBLOCK_ORDER)
			most = here(zone)->high;
		else
			most += PB_WORD_NR;
		KUNIT_ASSERT_LE(test, pb_pcp_pages(zone), most);
	}
	pt_verify(test, f, NULL);
}

/*
 * Frames that are freed in order are flushed a word at a time. pb_verify() accepts the index
 * class that this leaves too low while the list holds frames of the pageblock; the drain updates
 * it.
 */
static void test_free_in_order(struct kunit *test)
{
	struct pt_fixture *f = pt_pool(test, &pt_one_pageblock);
	struct pb_zone *zone = pt_zone(f, 0, PB_ZONE_NORMAL);
	unsigned long *pfns, first, drains, i;

	KUNIT_ASSERT_EQ(test, pt_fill(test, f, 0, PB_MOVABLE, &pfns), PB_PAGEBLOCK_NR);
	first = round_down(pfns[0], PB_PAGEBLOCK_NR);
	drains = pb_zone_event(zone, PB_PCP_DRAIN);
	for (i = 0; i < PB_PAGEBLOCK_NR / 2; i++) {
		pt_free(test, f, first + i, 0);
		pt_verify(test, f, NULL);
	}
	KUNIT_EXPECT_LE(test, pb_zone_event(zone, PB_PCP_DRAIN) - drains,
			PB_PAGEBLOCK_NR / 2 / PB_WORD_NR);
	KUNIT_EXPECT_GE(test, pb_zone_free_pages(zone), (long)PB_WORD_NR);
	pb_pcp_drain_local(&f->pool);
	KUNIT_EXPECT_EQ(test,
			pb_class_largest(zone->ctl[pb_pageblock_index(zone, first)].index_class),
			PB_PAGEBLOCK_ORDER - 1);
	for (; i < PB_PAGEBLOCK_NR; i++)
		pt_free(test, f, first + i, 0);
	pb_pcp_drain_local(&f->pool);
	pt_expect_all_free(test, f);
}

/* Frames in order are collected in the mask, also when the oldest one is the last of its word. */
static void test_flush_across_words(struct kunit *test)
{
	struct pt_fixture *f = pt_pool(test, &pt_one_pageblock);
	struct pb_zone *zone = pt_zone(f, 0, PB_ZONE_NORMAL);
	unsigned long *pfns, pfn;

	KUNIT_ASSERT_EQ(test, pt_fill(test, f, 0, PB_MOVABLE, &pfns), PB_PAGEBLOCK_NR);
	pfn = round_down(pfns[0], PB_PAGEBLOCK_NR) + PB_WORD_NR - 1;
	while (!pb_zone_free_pages(zone))
		pt_free(test, f, pfn++, 0);
	KUNIT_EXPECT_EQ(test, pb_zone_free_pages(zone), 1L);
	pt_verify(test, f, NULL);
}

/* A frame that was freed for one type is not allocated for another. */
static void test_types_have_their_own_lists(struct kunit *test)
{
	struct pt_fixture *f = pt_pool(test, &pt_small);
	unsigned long pfn[PB_PCPTYPES];
	unsigned int mt;

	for (mt = 0; mt < PB_PCPTYPES; mt++)
		pfn[mt] = pt_alloc_mt(f, 0, mt);
	for (mt = 0; mt < PB_PCPTYPES; mt++)
		pt_free(test, f, pfn[mt], 0);
	for (mt = 0; mt < PB_PCPTYPES; mt++)
		KUNIT_EXPECT_EQ(test, pt_alloc_mt(f, 0, mt), pfn[mt]);
}

/*
 * With ->busy set, as for an interrupt inside the pcp section, allocations and frees bypass the
 * lists.
 */
static void test_busy(struct kunit *test)
{
	unsigned int order = *(const unsigned int *)test->param_value;
	struct pt_fixture *f = pt_pool(test, &pt_gig);
	struct pb_zone *zone = pt_zone(f, 0, PB_ZONE_NORMAL);
	unsigned long warm = pt_alloc(f, order), pfn;
	struct pb_pcp *pcp = here(zone);
	unsigned long count;

	pt_free(test, f, warm, order);
	count = pb_pcp_count(pcp);
	pcp->busy = 1;
	pfn = pt_alloc(f, order);
	KUNIT_EXPECT_NE(test, pfn, PB_NO_PFN);
	if (count)
		KUNIT_EXPECT_NE(test, pfn, warm);
	KUNIT_EXPECT_EQ(test, pb_pcp_count(pcp), count);
	KUNIT_EXPECT_EQ(test, pb_free(&f->pool, pfn, order), PB_BAD_NONE);
	KUNIT_EXPECT_EQ(test, pb_pcp_count(pcp), count);
	KUNIT_EXPECT_FALSE(test, pb_pcp_drain_local(&f->pool));
	KUNIT_EXPECT_EQ(test, pb_pcp_count(pcp), count);
	/* The allocation, and the free. */
	KUNIT_EXPECT_EQ(test, pb_zone_event(zone, PB_PCP_BUSY), 2UL);
	pcp->busy = 0;
	KUNIT_EXPECT_EQ(test, pb_zone_event(zone, PB_PGALLOC), pb_zone_event(zone, PB_PGFREE));
	pt_expect_all_free(test, f);
}

static void alloc_and_free_many(void *arg)
{
	struct pt_fixture *f = arg;
	unsigned long pfns[50];
	struct pb_request rq = pt_rq(0, PB_MOVABLE, 0);
	unsigned long i, n = pb_alloc_bulk(&f->pool, &rq, ARRAY_SIZE(pfns), pfns, NULL);

	for (i = 0; i < n; i++)
		pb_free(&f->pool, pfns[i], 0);
}

/* Draining the running CPU leaves other CPUs' lists alone. */
static void test_drain_is_local(struct kunit *test)
{
	struct pt_fixture *f = pt_pool(test, &pt_small);
	struct pb_zone *zone = pt_zone(f, 0, PB_ZONE_NORMAL);
	unsigned int other;

	if (pt_nr_cpus() < 2)
		kunit_skip(test, "needs two CPUs");
	other = pt_cpu(0) == (int)raw_smp_processor_id() ? 1 : 0;
	pt_call_on(other, alloc_and_free_many, f);
	alloc_and_free_many(f);
	KUNIT_EXPECT_GT(test, pb_pcp_count(here(zone)), 0UL);
	KUNIT_EXPECT_TRUE(test, pb_pcp_drain_local(&f->pool));
	KUNIT_EXPECT_EQ(test, pb_pcp_count(here(zone)), 0UL);
	KUNIT_EXPECT_GT(test, pb_pcp_count(pb_per_cpu_ptr(zone->pcp, pt_cpu(other))),
			0UL);
	KUNIT_EXPECT_FALSE(test, pb_pcp_needs_drain(here(zone)));
	KUNIT_EXPECT_TRUE(test, pb_pcp_needs_drain(pb_per_cpu_ptr(zone->pcp, pt_cpu(other))));
	/* Nothing runs on that CPU now, as if it were offline. */
	pb_pcp_drain_cpu(&f->pool, pt_cpu(other));
	KUNIT_EXPECT_FALSE(test, pb_pcp_needs_drain(pb_per_cpu_ptr(zone->pcp, pt_cpu(other))));
	KUNIT_EXPECT_EQ(test, pb_pcp_pages(zone), 0UL);
	pt_expect_all_free(test, f);
}

/* A list needs a drain for blocks in the LIFO or the mask, and for each deferred index update. */
static void test_needs_drain(struct kunit *test)
{
	static const struct pb_pcp_list reasons[] = {
		{ .n = 1 }, { .mask = 1 }, { .cur = 1 }, { .drained = 1 },
	};
	struct pt_fixture *f = pt_pool(test, &pt_small);
	struct pb_pcp *pcp = here(pt_zone(f, 0, PB_ZONE_NORMAL));
	struct pb_pcp_list *list = &pcp->list[PB_NR_PCP_ORDERS - 1][PB_PCPTYPES - 1];
	const struct pb_pcp_list nothing = *list;
	unsigned int i;

	KUNIT_EXPECT_FALSE(test, pb_pcp_needs_drain(pcp));
	for (i = 0; i < ARRAY_SIZE(reasons); i++) {
		*list = reasons[i];
		KUNIT_EXPECT_TRUE_MSG(test, pb_pcp_needs_drain(pcp), "reason %u", i);
		*list = nothing;
	}
	KUNIT_EXPECT_FALSE(test, pb_pcp_needs_drain(pcp));
}

/*
 * A CPU that uses lists of all orders and types keeps no more than high in them together, and a
 * word. Orders that no list can keep are freed to the zone.
 */
static void test_bounded_together(struct kunit *test)
{
	struct pt_fixture *f = pt_pool(test, &pt_gig);
	struct pb_zone *zone = pt_zone(f, 0, PB_ZONE_NORMAL);
	unsigned long pfns[32], n, i, most;
	unsigned int order, mt;

	for (i = 0; i < 20; i++) {
		for (mt = 0; mt < PB_PCPTYPES; mt++) {
			for (order = 0; order < PB_NR_PCP_ORDERS; order++) {
				for (n = 0; n < ARRAY_SIZE(pfns); n++) {
					pfns[n] = pt_alloc_mt(f, order, mt);
					KUNIT_ASSERT_NE(test, pfns[n], PB_NO_PFN);
				}
				while (n--)
					pt_free(test, f, pfns[n], order);
				most = here(zone)->high + PB_WORD_NR;
				KUNIT_ASSERT_LE(test, pb_pcp_count(here(zone)), most);
			}
		}
		if (i % 4 == 3)
			pb_pcp_decay_local(&f->pool);
	}
	pt_expect_all_free(test, f);
}

/* pcp->high grows with refills and decays to its minimum; the lists of an idle CPU empty. */
static void test_high_grows_and_decays(struct kunit *test)
{
	struct pt_fixture *f = pt_pool(test, &pt_gig);
	struct pb_zone *zone = pt_zone(f, 0, PB_ZONE_NORMAL);
	int high = here(zone)->high, was;
	unsigned int i;

	KUNIT_EXPECT_EQ(test, high, zone->pcp_high_min);
	KUNIT_EXPECT_LE(test, zone->pcp_high_min, zone->pcp_high_max);
	for (i = 0; i < 2000; i++)
		KUNIT_ASSERT_NE(test, pt_alloc(f, 0), PB_NO_PFN);
	KUNIT_EXPECT_LE(test, here(zone)->high, zone->pcp_high_max);
	if (zone->pcp_high_max > zone->pcp_high_min)
		KUNIT_EXPECT_GT(test, here(zone)->high, high);
	for (i = 0; i < 200 && here(zone)->high > zone->pcp_high_min; i++) {
		was = here(zone)->high;
		KUNIT_EXPECT_FALSE(test, pb_pcp_decay_local(&f->pool));
		KUNIT_ASSERT_LT(test, here(zone)->high, was);
	}
	KUNIT_EXPECT_EQ(test, here(zone)->high, zone->pcp_high_min);
	KUNIT_EXPECT_TRUE(test, pb_pcp_decay_local(&f->pool));
	KUNIT_EXPECT_EQ(test, pb_pcp_count(here(zone)), 0UL);
}

/* A refill takes no more frames from the zone than the watermark allows. */
static void test_refill_stops_at_watermark(struct kunit *test)
{
	struct pt_fixture *f = pt_pool(test, &pt_one_pageblock);
	struct pb_zone *zone = pt_zone(f, 0, PB_ZONE_NORMAL);
	unsigned int i;

	pt_set_watermark(zone, PB_WMARK_MIN, f->pages - 10);
	for (i = 0; i < 10; i++)
		KUNIT_EXPECT_NE(test, pt_alloc(f, 0), PB_NO_PFN);
	KUNIT_EXPECT_EQ(test, pt_alloc(f, 0), PB_NO_PFN);
	KUNIT_EXPECT_EQ(test, pb_pcp_pages(zone), 0UL);
	KUNIT_EXPECT_EQ(test, pb_zone_free_pages(zone), (long)f->pages - 10);
	pt_verify(test, f, NULL);
}

/* A refill from a pageblock does not hide frames that were freed into it before. */
static void test_refill_finds_what_was_freed(struct kunit *test)
{
	struct pt_fixture *f = pt_pool(test, &pt_one_pageblock);
	unsigned long *pfns, n, i;

	n = pt_fill(test, f, 0, PB_MOVABLE, &pfns);
	KUNIT_ASSERT_EQ(test, n, PB_PAGEBLOCK_NR);
	for (i = 0; i < n; i += 2)
		pt_free(test, f, pfns[i], 0);
	pb_pcp_drain_local(&f->pool);
	for (i = 0; i < n; i += 2)
		KUNIT_ASSERT_NE(test, pt_alloc(f, 0), PB_NO_PFN);
	KUNIT_EXPECT_EQ(test, pt_alloc(f, 0), PB_NO_PFN);
}

/* The refills that use up a pageblock, a word each, do not update the index each time. */
static void test_refills_update_seldom(struct kunit *test)
{
	struct pt_fixture *f = pt_pool(test, &pt_one_pageblock);
	struct pb_zone *zone = pt_zone(f, 0, PB_ZONE_NORMAL);
	unsigned long begun = pb_updates_begun(zone), i;

	for (i = 0; i < PB_PAGEBLOCK_NR; i++)
		KUNIT_ASSERT_NE(test, pt_alloc(f, 0), PB_NO_PFN);
	KUNIT_EXPECT_EQ(test, pb_zone_event(zone, PB_PCP_REFILL),
			(unsigned long)PB_PAGEBLOCK_NR / PB_WORD_NR);
	KUNIT_EXPECT_LE(test, pb_updates_begun(zone) - begun, 2UL);
}

/*
 * Frees in random order, successive frames in different words, which never make a larger block:
 * the fullness of the pageblocks in the index follows at a distance.
 */
static void test_fullness_follows(struct kunit *test)
{
	struct pt_fixture *f = pt_pool(test, &pt_small);
	struct pb_zone *zone = pt_zone(f, 0, PB_ZONE_NORMAL);
	unsigned long *pfns, first, pfn, nr, i, is = 0, indexed = 0;
	struct pb_pageblock *pageblock;

	nr = pt_fill(test, f, 0, PB_MOVABLE, &pfns) / PB_PAGEBLOCK_NR;
	first = f->layout->ranges[0].start_pfn;
	for (i = 0; i < nr * PB_PAGEBLOCK_NR / 2; i++) {
		pfn = first + i % nr * PB_PAGEBLOCK_NR;
		pt_free(test, f, pfn + i / nr % 8 * PB_WORD_NR + i / nr / 8 * 2, 0);
	}
	for (i = 0; i < nr; i++) {
		pfn = first + i * PB_PAGEBLOCK_NR;
		pageblock = pb_entry_pageblock(pb_dir_entry(&f->pool, pfn)->value);
		is += pb_pageblock_count_free(pageblock) / PB_FULLNESS_PAGES;
		indexed += pb_class_fullness(zone->ctl[pb_pageblock_index(zone, pfn)].index_class);
	}
	KUNIT_EXPECT_GE(test, is, nr * PB_NR_FULLNESS / 4);
	KUNIT_EXPECT_GE(test, indexed, is / 2);
}

static struct kunit_case pcp_cases[] = {
	KUNIT_CASE(test_which_orders),
	KUNIT_CASE_PARAM(test_last_in_first_out, cached_gen_params),
	KUNIT_CASE_PARAM(test_refill_and_drain_balance, cached_gen_params),
	KUNIT_CASE_PARAM(test_limit, cached_gen_params),
	KUNIT_CASE(test_free_in_order),
	KUNIT_CASE(test_flush_across_words),
	KUNIT_CASE(test_types_have_their_own_lists),
	KUNIT_CASE_PARAM(test_busy, cached_gen_params),
	KUNIT_CASE(test_drain_is_local),
	KUNIT_CASE(test_needs_drain),
	KUNIT_CASE(test_bounded_together),
	KUNIT_CASE(test_high_grows_and_decays),
	KUNIT_CASE(test_refill_stops_at_watermark),
	KUNIT_CASE(test_refill_finds_what_was_freed),
	KUNIT_CASE(test_refills_update_seldom),
	KUNIT_CASE(test_fullness_follows),
	{}
};

static struct kunit_suite pcp_suite = {
	.name = "pbuddy_pcp",
	.init = pt_init,
	.exit = pt_exit,
	.test_cases = pcp_cases,
};

kunit_test_suite(pcp_suite);
