// SPDX-License-Identifier: GPL-2.0-only
/* fallback.c: what happens to pageblocks when a migratetype has nothing left. */
#include "core/base/pfn.h"
#include "core/index/pageblock.h"
#include "core/zone/fallback.h"
#include "core/zone/zone.h"
#include "fixture.h"

static unsigned int calls, calls_claimed;

static void count_fallback(struct pb_zone *zone, unsigned long pfn, unsigned int order,
			   unsigned int fallback_order, unsigned int mt, unsigned int fallback_mt,
			   bool claimed)
{
	calls++;
	calls_claimed += claimed;
}

static struct pt_fixture *counted_pool(struct kunit *test)
{
	struct pt_fixture *f = pt_pool(test, &pt_small);

	calls = 0;
	calls_claimed = 0;
	f->pool.ops.fallback = count_fallback;
	return f;
}

static enum pb_migratetype type_of(struct pt_fixture *f, unsigned long pfn)
{
	return pb_slot_migratetype(pb_slot(&f->pool, pfn)->word);
}

static unsigned int pageblocks_of(struct pt_fixture *f, enum pb_migratetype mt)
{
	unsigned int i, n = 0;

	for (i = 0; i < 8; i++)
		n += type_of(f, PT_BLOCK(2048 + i)) == mt;
	return n;
}

static void test_table(struct kunit *test)
{
	unsigned int mt, i;

	for (mt = 0; mt < PB_PCPTYPES; mt++) {
		for (i = 0; i < PB_PCPTYPES - 1; i++) {
			KUNIT_EXPECT_NE(test, pb_fallbacks[mt][i], mt);
			KUNIT_EXPECT_LT(test, pb_fallbacks[mt][i], PB_PCPTYPES);
		}
		KUNIT_EXPECT_NE(test, pb_fallbacks[mt][0], pb_fallbacks[mt][1]);
	}
}

/* The first unmovable page takes a whole pageblock over, the next ones come from it. */
static void test_whole_pageblock_is_claimed(struct kunit *test)
{
	struct pt_fixture *f = counted_pool(test);
	unsigned long first = pt_alloc_mt(f, 0, PB_UNMOVABLE), pfn, i;
	struct pb_zone *zone = pt_zone(f, 0, PB_ZONE_NORMAL);

	KUNIT_ASSERT_NE(test, first, PB_NO_PFN);
	KUNIT_EXPECT_EQ(test, type_of(f, first), PB_UNMOVABLE);
	for (i = 1; i < PB_PAGEBLOCK_NR; i++) {
		pfn = pt_alloc_mt(f, 0, PB_UNMOVABLE);
		KUNIT_ASSERT_EQ(test, pfn >> PB_PAGEBLOCK_ORDER, first >> PB_PAGEBLOCK_ORDER);
	}
	KUNIT_EXPECT_EQ(test, pageblocks_of(f, PB_UNMOVABLE), 1U);
	KUNIT_EXPECT_EQ(test, pageblocks_of(f, PB_MOVABLE), 7U);
	KUNIT_EXPECT_EQ(test, pb_zone_event(zone, PB_FALLBACK_CLAIM), 1UL);
	KUNIT_EXPECT_EQ(test, calls, 1U);
	KUNIT_EXPECT_EQ(test, calls_claimed, 1U);
}

/* Types keep apart: mixed requests end up in pageblocks of their own. */
static void test_types_keep_apart(struct kunit *test)
{
	struct pt_fixture *f = counted_pool(test);
	unsigned int i, mt;
	unsigned long pfn;

	for (i = 0; i < 3 * 400; i++) {
		mt = i % PB_PCPTYPES;
		pfn = pt_alloc_mt(f, i % 7 ? 0 : 1, mt);
		KUNIT_ASSERT_NE(test, pfn, PB_NO_PFN);
		KUNIT_ASSERT_EQ(test, type_of(f, pfn), mt);
	}
}

/*
 * Leaves the given number of frames free in each pageblock, all of them movable: the lower
 * half of a pageblock in single frames, the upper half freed as a block where there are that
 * many.
 */
static void fill_but(struct kunit *test, struct pt_fixture *f, unsigned int left)
{
	unsigned long i, pfn, from = PB_PAGEBLOCK_NR - left;

	for (i = 0; i < 8; i++) {
		pfn = pt_alloc(f, PB_PAGEBLOCK_ORDER);
		KUNIT_ASSERT_NE(test, pfn, PB_NO_PFN);
		KUNIT_ASSERT_EQ(test, pb_split(&f->pool, pfn, PB_PAGEBLOCK_ORDER), PB_BAD_NONE);
		KUNIT_ASSERT_EQ(test, pb_free_contig(&f->pool, pfn + from, left), PB_BAD_NONE);
	}
}

static bool claim_block(struct pb_zone *zone, unsigned int order, enum pb_migratetype mt,
			pb_alloc_flags_t flags)
{
	bool done;

	preempt_disable();
	done = pb_fallback_claim_block(zone, order, mt, flags);
	preempt_enable();
	return done;
}

struct partial {
	const char *name;
	unsigned int left;		/* free frames in each pageblock */
	unsigned int order;
	enum pb_migratetype mt;
	pb_alloc_flags_t flags;
	bool claimed;
};

static const struct partial partials[] = {
	{ "unmovable, half free", 256, 0, PB_UNMOVABLE, 0, true },
	{ "unmovable, less than half free", 128, 0, PB_UNMOVABLE, 0, false },
	{ "reclaimable, half free", 300, 0, PB_RECLAIMABLE, 0, true },
	{ "unmovable, half free, but not to be mixed", 256, 0, PB_UNMOVABLE,
	  PB_ALLOC_NOFRAGMENT, false },
	{ "unmovable, whole, not to be mixed", 512, 0, PB_UNMOVABLE, PB_ALLOC_NOFRAGMENT, true },
	{ "large, half free", 256, 6, PB_UNMOVABLE, 0, true },
	{ "too large for what is free", 256, 9, PB_UNMOVABLE, 0, false },
};

static void describe_partial(const struct partial *partial, char *desc)
{
	snprintf(desc, KUNIT_PARAM_DESC_SIZE, "%s", partial->name);
}

KUNIT_ARRAY_PARAM(partials, partials, describe_partial);

static void test_partial_pageblocks(struct kunit *test)
{
	const struct partial *partial = test->param_value;
	struct pt_fixture *f = counted_pool(test);
	struct pb_zone *zone = pt_zone(f, 0, PB_ZONE_NORMAL);

	fill_but(test, f, partial->left);
	KUNIT_EXPECT_EQ(test, claim_block(zone, partial->order, partial->mt, partial->flags),
			partial->claimed);
	KUNIT_EXPECT_EQ(test, pageblocks_of(f, partial->mt), partial->claimed ? 1U : 0U);
	KUNIT_EXPECT_EQ(test, calls_claimed, partial->claimed ? 1U : 0U);
}

/*
 * A small movable request does not take over what others half use: it takes a frame and
 * leaves.
 */
static void test_movable_steals(struct kunit *test)
{
	struct pt_fixture *f = counted_pool(test);
	struct pb_zone *zone = pt_zone(f, 0, PB_ZONE_NORMAL);
	unsigned long i, pfn;

	for (i = 0; i < 8; i++) {
		pfn = pt_alloc_mt(f, PB_PAGEBLOCK_ORDER, PB_UNMOVABLE);
		KUNIT_ASSERT_NE(test, pfn, PB_NO_PFN);
		pb_split(&f->pool, pfn, PB_PAGEBLOCK_ORDER);
		pb_free_contig(&f->pool, pfn, 300);
	}
	KUNIT_ASSERT_EQ(test, pageblocks_of(f, PB_UNMOVABLE), 8U);
	KUNIT_EXPECT_NE(test, pt_alloc_mt(f, 0, PB_MOVABLE), PB_NO_PFN);
	KUNIT_EXPECT_EQ(test, pageblocks_of(f, PB_UNMOVABLE), 8U);
	KUNIT_EXPECT_EQ(test, pb_zone_event(zone, PB_FALLBACK_STEAL), 1UL);
}

/* Orders above the pageblock's gather pageblocks of any type. */
static void test_large_order_gathers_types(struct kunit *test)
{
	struct pt_fixture *f = counted_pool(test);
	unsigned long i, pfns[8], pfn;

	for (i = 0; i < 8; i++)
		pfns[i] = pt_alloc_mt(f, PB_PAGEBLOCK_ORDER, i % PB_PCPTYPES);
	for (i = 0; i < 8; i++)
		pt_free(test, f, pfns[i], PB_PAGEBLOCK_ORDER);
	KUNIT_ASSERT_LT(test, pageblocks_of(f, PB_MOVABLE), 8U);
	pfn = pt_alloc_mt(f, 12, PB_RECLAIMABLE);
	KUNIT_EXPECT_EQ(test, pfn, PT_BLOCK(2048));
	KUNIT_EXPECT_EQ(test, pageblocks_of(f, PB_RECLAIMABLE), 8U);
}

/* To the last frame: a type may use everything the others leave. */
static void test_nothing_is_kept_from_a_type(struct kunit *test)
{
	unsigned long *pfns, n;
	struct pt_fixture *f;
	unsigned int mt;

	for (mt = 0; mt < PB_PCPTYPES; mt++) {
		f = counted_pool(test);
		KUNIT_ASSERT_NE(test, pt_alloc_mt(f, 0, (mt + 1) % PB_PCPTYPES), PB_NO_PFN);
		KUNIT_ASSERT_NE(test, pt_alloc_mt(f, 0, (mt + 2) % PB_PCPTYPES), PB_NO_PFN);
		n = pt_fill(test, f, 0, mt, &pfns);
		KUNIT_EXPECT_EQ(test, n, f->pages - 2);
	}
}

/* Every pageblock of a node movable, and in use a little. */
static void use_all_pageblocks(struct kunit *test, struct pt_fixture *f, int nid)
{
	struct pb_request rq = pt_rq(PB_PAGEBLOCK_ORDER, PB_MOVABLE, nid);
	unsigned long pfn;

	rq.flags = PB_ALLOC_THISNODE;
	while ((pfn = pb_alloc(&f->pool, &rq, NULL)) != PB_NO_PFN) {
		KUNIT_ASSERT_EQ(test, pb_split(&f->pool, pfn, PB_PAGEBLOCK_ORDER), PB_BAD_NONE);
		pb_free_contig(&f->pool, pfn + 1, PB_PAGEBLOCK_NR - 1);
	}
}

/* NOFRAGMENT is a wish: it is dropped rather than let a request fail, or wait. */
static void test_nofragment_is_dropped(struct kunit *test)
{
	struct pt_fixture *f = pt_pool(test, &pt_one_block);
	struct pb_request rq = pt_rq(0, PB_UNMOVABLE, 0);

	KUNIT_ASSERT_NE(test, pt_alloc(f, 0), PB_NO_PFN);
	rq.flags = PB_ALLOC_NOFRAGMENT;
	KUNIT_EXPECT_NE(test, pb_alloc(&f->pool, &rq, NULL), PB_NO_PFN);
	KUNIT_EXPECT_EQ(test, pb_zone_event(pt_zone(f, 0, PB_ZONE_NORMAL), PB_ALLOC_SLOW), 0UL);
}

/* Another zone of the node comes before mixing ... */
static void test_nofragment_other_zone(struct kunit *test)
{
	struct pt_fixture *f = pt_pool(test, &pt_two_nodes);
	struct pb_request rq = pt_rq(PB_PAGEBLOCK_ORDER, PB_MOVABLE, 0);
	struct pb_zone *normal = pt_zone(f, 0, PB_ZONE_NORMAL);
	unsigned long pfn;

	rq.highest_zone = PB_ZONE_NORMAL;
	while (pb_zone_free_pages(normal)) {
		pfn = pb_alloc(&f->pool, &rq, NULL);
		KUNIT_ASSERT_PTR_EQ(test, pb_pfn_zone(&f->pool, pfn), normal);
	}
	pb_split(&f->pool, pfn, PB_PAGEBLOCK_ORDER);
	pb_free_contig(&f->pool, pfn + 1, PB_PAGEBLOCK_NR - 1);
	rq.order = 0;
	rq.migratetype = PB_UNMOVABLE;
	rq.flags = PB_ALLOC_NOFRAGMENT;
	pfn = pb_alloc(&f->pool, &rq, NULL);
	KUNIT_EXPECT_PTR_EQ(test, pb_pfn_zone(&f->pool, pfn), pt_zone(f, 0, PB_ZONE_DMA32));
	KUNIT_EXPECT_EQ(test, type_of(f, pfn), PB_UNMOVABLE);
}

/* ... and mixing before another node. */
static void test_nofragment_stays_near(struct kunit *test)
{
	struct pt_fixture *f = pt_pool(test, &pt_four_nodes);
	struct pb_request rq = pt_rq(0, PB_UNMOVABLE, 0);

	use_all_pageblocks(test, f, 0);
	rq.flags = PB_ALLOC_NOFRAGMENT;
	KUNIT_EXPECT_EQ(test, pb_pfn_zone(&f->pool, pb_alloc(&f->pool, &rq, NULL))->nid, 0);
}

static unsigned int woken;

static void count_wakes(struct pb_zone *zone, unsigned int order, pb_alloc_flags_t flags)
{
	woken++;
}

/* Mixing types raises the marks and wakes the node thread; taking a whole pageblock does not. */
static void test_boost_on_claim(struct kunit *test)
{
	struct pt_fixture *f = counted_pool(test);
	struct pb_zone *zone = pt_zone(f, 0, PB_ZONE_NORMAL);
	struct pb_request rq = pt_rq(0, PB_UNMOVABLE, 0);

	woken = 0;
	f->pool.ops.wake_node = count_wakes;
	pb_zone_set_watermarks(zone, 64, 10);
	KUNIT_ASSERT_NE(test, pb_alloc(&f->pool, &rq, NULL), PB_NO_PFN);
	KUNIT_EXPECT_EQ(test, zone->watermark_boost, 0UL);
	use_all_pageblocks(test, f, 0);
	rq.migratetype = PB_RECLAIMABLE;
	rq.flags = PB_ALLOC_KSWAPD;
	KUNIT_ASSERT_NE(test, pb_alloc(&f->pool, &rq, NULL), PB_NO_PFN);
	KUNIT_EXPECT_GT(test, zone->watermark_boost, 0UL);
	KUNIT_EXPECT_GT(test, woken, 0U);
	/* Who may not wake it boosts all the same. */
	woken = 0;
	pb_zone_decay_boost(zone);
	rq.order = 5;
	rq.migratetype = PB_UNMOVABLE;
	rq.flags = PB_ALLOC_WMARK_MIN;
	while (pb_zone_event(zone, PB_FALLBACK_CLAIM) < 4 &&
	       pb_alloc(&f->pool, &rq, NULL) != PB_NO_PFN)
		;
	KUNIT_EXPECT_GT(test, zone->watermark_boost, 0UL);
	KUNIT_EXPECT_EQ(test, woken, 0U);
}

/* Whoever may not use contiguous areas leaves them, to the last page of the others. */
static void test_cma_is_kept(struct kunit *test)
{
	struct pt_fixture *f = pt_pool(test, &pt_cma);
	struct pb_zone *zone = pt_zone(f, 0, PB_ZONE_NORMAL);
	unsigned int order, mt;
	unsigned long *pfns, n;

	KUNIT_EXPECT_EQ(test, zone->cma_pages, PT_BLOCK(3));
	KUNIT_EXPECT_EQ(test, atomic_long_read(&zone->nr_free_cma), (long)PT_BLOCK(3));
	for (mt = 0; mt < PB_PCPTYPES; mt++) {
		for (order = 0; order <= 10; order += 5) {
			n = pt_fill(test, f, order, mt, &pfns);
			KUNIT_EXPECT_EQ_MSG(test, n, PT_BLOCK(order > 9 ? 4 : 5) >> order,
					    "type %u order %u", mt, order);
			while (n--)
				pt_free(test, f, pfns[n], order);
		}
	}
	KUNIT_EXPECT_EQ(test, atomic_long_read(&zone->nr_free_cma), (long)PT_BLOCK(3));
	pt_expect_all_free(test, f);
}

/* Whoever may takes from them when they hold over half of what is free, and at last. */
static void test_cma_serves_movable(struct kunit *test)
{
	struct pt_fixture *f = pt_pool(test, &pt_cma);
	struct pb_zone *zone = pt_zone(f, 0, PB_ZONE_NORMAL);
	struct pb_request rq = pt_rq(6, PB_MOVABLE, 0);
	unsigned long pfns[64 + 1], n;

	rq.flags = PB_ALLOC_CMA;
	for (n = 0; (pfns[n] = pb_alloc(&f->pool, &rq, NULL)) != PB_NO_PFN; n++) {
		KUNIT_ASSERT_LT(test, n, 64UL); /* the last slot is for the failure that ends it */
		/* 40 blocks against 24: the first 16 come from elsewhere, then both in turn. */
		if (n < 16)
			KUNIT_EXPECT_LT(test, pfns[n], PT_BLOCK(2053));
		if (n == 30)
			KUNIT_EXPECT_LT(test, atomic_long_read(&zone->nr_free_cma),
					(long)PT_BLOCK(3));
	}
	KUNIT_EXPECT_EQ(test, n, 64UL);
	KUNIT_EXPECT_EQ(test, atomic_long_read(&zone->nr_free_cma), 0L);
	KUNIT_EXPECT_EQ(test, pb_zone_event(zone, PB_CMA_ALLOC), 24UL);
	while (n--)
		pt_free(test, f, pfns[n], 6);
	KUNIT_EXPECT_EQ(test, atomic_long_read(&zone->nr_free_cma), (long)PT_BLOCK(3));
	/* Single pages and large blocks are counted as well. */
	rq.order = 0;
	while ((pfns[0] = pb_alloc(&f->pool, &rq, NULL)) < PT_BLOCK(2053))
		;
	KUNIT_EXPECT_EQ(test, atomic_long_read(&zone->nr_free_cma), (long)PT_BLOCK(3) - 1);
	pt_free(test, f, pfns[0], 0);
	KUNIT_EXPECT_EQ(test, atomic_long_read(&zone->nr_free_cma), (long)PT_BLOCK(3));
}

static struct kunit_case fallback_cases[] = {
	KUNIT_CASE(test_table),
	KUNIT_CASE(test_whole_pageblock_is_claimed),
	KUNIT_CASE(test_types_keep_apart),
	KUNIT_CASE_PARAM(test_partial_pageblocks, partials_gen_params),
	KUNIT_CASE(test_movable_steals),
	KUNIT_CASE(test_large_order_gathers_types),
	KUNIT_CASE(test_nothing_is_kept_from_a_type),
	KUNIT_CASE(test_nofragment_is_dropped),
	KUNIT_CASE(test_nofragment_other_zone),
	KUNIT_CASE(test_nofragment_stays_near),
	KUNIT_CASE(test_boost_on_claim),
	KUNIT_CASE(test_cma_is_kept),
	KUNIT_CASE(test_cma_serves_movable),
	{}
};

static struct kunit_suite fallback_suite = {
	.name = "pbuddy_fallback",
	.init = pt_init,
	.exit = pt_exit,
	.test_cases = fallback_cases,
};

kunit_test_suite(fallback_suite);
