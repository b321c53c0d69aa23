// SPDX-License-Identifier: GPL-2.0-only
/*
 * fallback.c: a request whose migratetype has no free pageblock or frame changes the type of a
 * pageblock (claims it) or allocates single frames from another type's pageblock (steals). The
 * cases fill pageblocks to a certain degree, allocate, and check pageblock types, events and the
 * boost of the watermarks.
 */
#include "core/alloc/bulk.h"
#include "core/base/pfn.h"
#include "core/cache/pcp.h"
#include "core/index/pageblock.h"
#include "core/zone/fallback.h"
#include "core/zone/zone.h"
#include "fixture.h"
#include "threads.h"

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
	return pb_entry_migratetype(pb_dir_entry(&f->pool, pfn)->value);
}

static unsigned int pageblocks_of(struct pt_fixture *f, enum pb_migratetype mt)
{
	unsigned int i, n = 0;

	for (i = 0; i < 8; i++)
		n += type_of(f, PT_PAGEBLOCK(2048 + i)) == mt;
	return n;
}

/* The order of fallbacks[] in mm/page_alloc.c. */
static const u8 order_of_mm[PB_PCPTYPES][PB_PCPTYPES - 1] = {
	[PB_UNMOVABLE]		= { PB_RECLAIMABLE, PB_MOVABLE },
	[PB_MOVABLE]		= { PB_RECLAIMABLE, PB_UNMOVABLE },
	[PB_RECLAIMABLE]	= { PB_UNMOVABLE, PB_MOVABLE },
};

static void test_table(struct kunit *test)
{
	unsigned int mt, i;

	for (mt = 0; mt < PB_PCPTYPES; mt++)
		for (i = 0; i < PB_PCPTYPES - 1; i++)
			KUNIT_EXPECT_EQ(test, pb_fallbacks[mt][i], order_of_mm[mt][i]);
}

/* The first unmovable page changes a free pageblock's type; the next pages come from it. */
static void test_free_pageblock_is_claimed(struct kunit *test)
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

/* While there are free pageblocks, mixed requests use pageblocks of their own type. */
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

/* Leaves @left frames free at the end of each pageblock; all pageblocks are movable. */
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

struct partial {
	const char *name;
	unsigned int left;		/* free frames of each pageblock */
	unsigned int order;
	enum pb_migratetype mt;
	pb_alloc_flags_t flags;
	bool claimed;
};

static const struct partial partials[] = {
	{ "unmovable, half free", 256, 0, PB_UNMOVABLE, 0, true },
	{ "unmovable, less than half free", 128, 0, PB_UNMOVABLE, 0, false },
	{ "unmovable, a frame less than half free", 255, 0, PB_UNMOVABLE, 0, false },
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
	KUNIT_EXPECT_EQ(test, pt_claim_pageblock(zone, partial->order, partial->mt, partial->flags),
			partial->claimed);
	KUNIT_EXPECT_EQ(test, pageblocks_of(f, partial->mt), partial->claimed ? 1U : 0U);
	KUNIT_EXPECT_EQ(test, calls_claimed, partial->claimed ? 1U : 0U);
}

/* Of two pageblocks that are half free, the one with the larger block is claimed. */
static void test_largest_is_claimed(struct kunit *test)
{
	struct pt_fixture *f = counted_pool(test);
	struct pb_zone *zone = pt_zone(f, 0, PB_ZONE_NORMAL);
	unsigned long first = PT_PAGEBLOCK(2048), second = PT_PAGEBLOCK(2049);

	fill_but(test, f, 0);
	/* Two blocks of order 7; one of order 8. */
	KUNIT_ASSERT_EQ(test, pb_free_contig(&f->pool, first + 128, 256), PB_BAD_NONE);
	KUNIT_ASSERT_EQ(test, pb_free_contig(&f->pool, second + 256, 256), PB_BAD_NONE);
	KUNIT_EXPECT_TRUE(test, pt_claim_pageblock(zone, 0, PB_UNMOVABLE, 0));
	KUNIT_EXPECT_EQ(test, type_of(f, first), PB_MOVABLE);
	KUNIT_EXPECT_EQ(test, type_of(f, second), PB_UNMOVABLE);
}

struct order_case {
	const char *name;
	unsigned int left;		/* free frames of the two pageblocks */
};

static const struct order_case order_cases[] = {
	{ "free pageblocks", PB_PAGEBLOCK_NR }, { "partly free pageblocks", 300 },
	{ "single blocks", 16 },
};

static void describe_order(const struct order_case *c, char *desc)
{
	snprintf(desc, KUNIT_PARAM_DESC_SIZE, "%s", c->name);
}

KUNIT_ARRAY_PARAM(order_cases, order_cases, describe_order);

/*
 * A full pool whose pageblocks alternate between the types other than @mt. Frees the last @left
 * frames of one pageblock of each; @pfns are these frames, by the order of fallback.
 */
static struct pt_fixture *pool_of_others(struct kunit *test, enum pb_migratetype mt,
					 unsigned int left, unsigned long *pfns)
{
	struct pt_fixture *f = counted_pool(test);
	unsigned long i, pfn;

	/* The less preferred type has the first pageblocks. */
	for (i = 8; i-- > 0;) {
		pfn = pt_alloc_mt(f, PB_PAGEBLOCK_ORDER, order_of_mm[mt][i / 4]);
		KUNIT_ASSERT_NE(test, pfn, PB_NO_PFN);
		KUNIT_ASSERT_EQ(test, pb_split(&f->pool, pfn, PB_PAGEBLOCK_ORDER), PB_BAD_NONE);
		pfns[i / 4] = pfn + PB_PAGEBLOCK_NR - left;
	}
	for (i = 0; i < 2; i++)
		KUNIT_ASSERT_EQ(test, pb_free_contig(&f->pool, pfns[i], left), PB_BAD_NONE);
	return f;
}

/* Each type falls back to the nearer of the two others, and then to the farther one. */
static void test_order_of_types(struct kunit *test)
{
	const struct order_case *c = test->param_value;
	unsigned long pfns[2], pfn;
	struct pt_fixture *f;
	unsigned int mt, i;

	for (mt = 0; mt < PB_PCPTYPES; mt++) {
		f = pool_of_others(test, mt, c->left, pfns);
		for (i = 0; i < 2; i++) {
			pfn = pt_alloc_mt(f, 3, mt);
			KUNIT_EXPECT_EQ_MSG(test, pfn >> PB_PAGEBLOCK_ORDER,
					    pfns[i] >> PB_PAGEBLOCK_ORDER, "type %u, step %u", mt,
					    i);
			while (pt_alloc_mt(f, 3, mt) >> PB_PAGEBLOCK_ORDER ==
			       pfns[0] >> PB_PAGEBLOCK_ORDER)
				;
		}
	}
}

/*
 * A small movable request allocates from another type's pageblock but does not change its type.
 * From order 4 on it does.
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
	KUNIT_EXPECT_NE(test, pt_alloc_mt(f, 3, PB_MOVABLE), PB_NO_PFN);
	KUNIT_EXPECT_EQ(test, pageblocks_of(f, PB_UNMOVABLE), 8U);
	KUNIT_EXPECT_EQ(test, pb_zone_event(zone, PB_FALLBACK_STEAL), 2UL);
	KUNIT_EXPECT_NE(test, pt_alloc_mt(f, 4, PB_MOVABLE), PB_NO_PFN);
	KUNIT_EXPECT_EQ(test, pageblocks_of(f, PB_UNMOVABLE), 7U);
	KUNIT_EXPECT_EQ(test, pb_zone_event(zone, PB_FALLBACK_STEAL), 2UL);
}

/* Orders above the pageblock's are composed of free pageblocks of any type. */
static void test_large_order_merges_types(struct kunit *test)
{
	struct pt_fixture *f = counted_pool(test);
	unsigned long i, pfns[8], pfn;

	for (i = 0; i < 8; i++)
		pfns[i] = pt_alloc_mt(f, PB_PAGEBLOCK_ORDER, i % PB_PCPTYPES);
	for (i = 0; i < 8; i++)
		pt_free(test, f, pfns[i], PB_PAGEBLOCK_ORDER);
	KUNIT_ASSERT_LT(test, pageblocks_of(f, PB_MOVABLE), 8U);
	pt_drain_all(&f->pool);
	pfn = pt_alloc_mt(f, 12, PB_RECLAIMABLE);
	KUNIT_EXPECT_EQ(test, pfn, PT_PAGEBLOCK(2048));
	KUNIT_EXPECT_EQ(test, pageblocks_of(f, PB_RECLAIMABLE), 8U);
	/* Not by the scan at the end of the slow path. */
	KUNIT_EXPECT_EQ(test, pb_zone_event(pt_zone(f, 0, PB_ZONE_NORMAL), PB_ALLOC_SLOW), 0UL);
}

/* A type can allocate every frame that the others leave free. */
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

/* Leaves no free pageblock on a node: all are movable, with one frame allocated. */
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

/* NOFRAGMENT is dropped when the request would fail with it, without the slow path. */
static void test_nofragment_is_dropped(struct kunit *test)
{
	struct pt_fixture *f = pt_pool(test, &pt_one_pageblock);
	struct pb_request rq = pt_rq(0, PB_UNMOVABLE, 0);

	KUNIT_ASSERT_NE(test, pt_alloc(f, 0), PB_NO_PFN);
	rq.flags = PB_ALLOC_NOFRAGMENT;
	KUNIT_EXPECT_NE(test, pb_alloc(&f->pool, &rq, NULL), PB_NO_PFN);
	KUNIT_EXPECT_EQ(test, pb_zone_event(pt_zone(f, 0, PB_ZONE_NORMAL), PB_ALLOC_SLOW), 0UL);
}

/* NOFRAGMENT: another zone of the node comes before mixing types. */
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

/* NOFRAGMENT: mixing types comes before another node. */
static void test_nofragment_stays_near(struct kunit *test)
{
	struct pt_fixture *f = pt_pool(test, &pt_four_nodes);
	struct pb_request rq = pt_rq(0, PB_UNMOVABLE, 0);

	use_all_pageblocks(test, f, 0);
	rq.flags = PB_ALLOC_NOFRAGMENT;
	KUNIT_EXPECT_EQ(test, pb_pfn_zone(&f->pool, pb_alloc(&f->pool, &rq, NULL))->nid, 0);
}

static unsigned int woken, woken_in_section;

/* A wake-up may take a lock that sleeps on PREEMPT_RT, so it has no place in a pcp section. */
static void count_wakes(struct pb_zone *zone, unsigned int order, pb_alloc_flags_t flags)
{
	int cpu;

	woken++;
	pb_for_each_cpu(cpu)
		woken_in_section += pb_per_cpu_ptr(zone->pcp, cpu)->busy;
}

static struct pt_fixture *waking_pool(struct kunit *test)
{
	struct pt_fixture *f = counted_pool(test);

	woken = 0;
	woken_in_section = 0;
	f->pool.ops.wake_node = count_wakes;
	return f;
}

/*
 * Mixing types boosts the watermarks and wakes the node thread, after the pcp section; using a free
 * pageblock does neither.
 */
static void test_boost_on_claim(struct kunit *test)
{
	struct pt_fixture *f = waking_pool(test);
	struct pb_zone *zone = pt_zone(f, 0, PB_ZONE_NORMAL);
	struct pb_request rq = pt_rq(0, PB_UNMOVABLE, 0);

	pb_zone_set_watermarks(zone, 64, 10);
	KUNIT_ASSERT_NE(test, pb_alloc(&f->pool, &rq, NULL), PB_NO_PFN);
	KUNIT_EXPECT_EQ(test, zone->watermark_boost, 0UL);
	use_all_pageblocks(test, f, 0);
	rq.migratetype = PB_RECLAIMABLE;
	rq.flags = PB_ALLOC_KSWAPD;
	KUNIT_ASSERT_NE(test, pb_alloc(&f->pool, &rq, NULL), PB_NO_PFN);
	KUNIT_EXPECT_GT(test, zone->watermark_boost, 0UL);
	KUNIT_EXPECT_GT(test, woken, 0U);
	KUNIT_EXPECT_EQ(test, woken_in_section, 0U);
	/* A request that may not wake the thread boosts, too. */
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
	/* Nor does the next request that may wake it. */
	rq.order = 0;
	rq.migratetype = PB_MOVABLE;
	rq.flags |= PB_ALLOC_KSWAPD;
	KUNIT_EXPECT_NE(test, pb_alloc(&f->pool, &rq, NULL), PB_NO_PFN);
	KUNIT_EXPECT_EQ(test, woken, 0U);
}

/* The same in bulk, which refills without a walk over the zonelist. */
static void test_boost_in_bulk(struct kunit *test)
{
	struct pt_fixture *f = waking_pool(test);
	struct pb_zone *zone = pt_zone(f, 0, PB_ZONE_NORMAL);
	struct pb_request rq = pt_rq(0, PB_RECLAIMABLE, 0);
	unsigned long pfn;

	use_all_pageblocks(test, f, 0);
	pb_zone_set_watermarks(zone, 64, 10);
	rq.flags = PB_ALLOC_KSWAPD;
	KUNIT_ASSERT_EQ(test, pb_alloc_bulk(&f->pool, &rq, 1, &pfn, NULL), 1UL);
	KUNIT_EXPECT_GT(test, zone->watermark_boost, 0UL);
	KUNIT_EXPECT_GT(test, woken, 0U);
	KUNIT_EXPECT_EQ(test, woken_in_section, 0U);
}

/* The same for a range, which is cut from a block of another type. */
static void test_boost_by_range(struct kunit *test)
{
	struct pt_fixture *f = waking_pool(test);
	struct pb_zone *zone = pt_zone(f, 0, PB_ZONE_NORMAL);
	struct pb_request rq = pt_rq(0, PB_RECLAIMABLE, 0);

	use_all_pageblocks(test, f, 0);
	pb_zone_set_watermarks(zone, 64, 10);
	rq.flags = PB_ALLOC_KSWAPD;
	KUNIT_ASSERT_NE(test, pb_alloc_contig(&f->pool, &rq, 3, NULL), PB_NO_PFN);
	KUNIT_EXPECT_GT(test, zone->watermark_boost, 0UL);
	KUNIT_EXPECT_EQ(test, woken, 1U);
	KUNIT_EXPECT_EQ(test, woken_in_section, 0U);
	/* One that may not wake the thread boosts, too. */
	pb_zone_decay_boost(zone);
	rq.migratetype = PB_UNMOVABLE;
	rq.flags = PB_ALLOC_WMARK_MIN;
	while (!zone->watermark_boost &&
	       pb_alloc_contig(&f->pool, &rq, 3, NULL) != PB_NO_PFN)
		;
	KUNIT_EXPECT_GT(test, zone->watermark_boost, 0UL);
	KUNIT_EXPECT_EQ(test, woken, 1U);
}

/* Requests that may not use CMA pageblocks get every other page and none of these. */
static void test_cma_is_kept(struct kunit *test)
{
	struct pt_fixture *f = pt_pool(test, &pt_cma);
	struct pb_zone *zone = pt_zone(f, 0, PB_ZONE_NORMAL);
	struct pb_request rq = pt_rq(PB_PAGEBLOCK_ORDER, PB_MOVABLE, 0);
	unsigned int order, mt;
	unsigned long *pfns, n;

	KUNIT_EXPECT_EQ(test, zone->cma_pages, PT_PAGEBLOCK(3));
	KUNIT_EXPECT_EQ(test, atomic_long_read(&zone->nr_free_cma), (long)PT_PAGEBLOCK(3));
	for (mt = 0; mt < PB_PCPTYPES; mt++) {
		for (order = 0; order <= 10; order += 5) {
			n = pt_fill(test, f, order, mt, &pfns);
			KUNIT_EXPECT_EQ_MSG(test, n, PT_PAGEBLOCK(order > 9 ? 4 : 5) >> order,
					    "type %u order %u", mt, order);
			while (n--)
				pt_free(test, f, pfns[n], order);
		}
	}
	KUNIT_EXPECT_EQ(test, atomic_long_read(&zone->nr_free_cma), (long)PT_PAGEBLOCK(3));
	pt_expect_all_free(test, f);
	/* Not even a request that ignores the watermarks. */
	rq.flags = PB_ALLOC_NO_WATERMARKS;
	for (n = 0; pb_alloc(&f->pool, &rq, NULL) != PB_NO_PFN; n++)
		;
	KUNIT_EXPECT_EQ(test, n, 5UL);
}

/*
 * A block that only a CMA pageblock has: it is used although these hold less than half of the free
 * pages.
 */
static void test_cma_is_last_resort(struct kunit *test)
{
	struct pt_fixture *f = pt_pool(test, &pt_cma);
	struct pb_request rq = pt_rq(PB_PAGEBLOCK_ORDER, PB_MOVABLE, 0);
	unsigned long *pfns, n, pfn, slow;

	n = pt_fill(test, f, 0, PB_MOVABLE, &pfns);
	while (n--)
		if (pfns[n] % 2)
			pt_free(test, f, pfns[n], 0);
	slow = pb_zone_event(f->pool.all_zones->zone[0], PB_ALLOC_SLOW);
	rq.flags = PB_ALLOC_CMA;
	for (n = 0; n < 2; n++)
		KUNIT_ASSERT_GE(test, pb_alloc(&f->pool, &rq, NULL), PT_PAGEBLOCK(2053));
	rq.order = 6;
	pfn = pb_alloc(&f->pool, &rq, NULL);
	KUNIT_EXPECT_GE(test, pfn, PT_PAGEBLOCK(2053));
	KUNIT_EXPECT_NE(test, pfn, PB_NO_PFN);
	/* Not by the scan at the end of the slow path. */
	KUNIT_EXPECT_EQ(test, pb_zone_event(f->pool.all_zones->zone[0], PB_ALLOC_SLOW), slow);
}

/*
 * Requests that may use CMA pageblocks do so while these hold over half of the free pages, and
 * when nothing else is left.
 */
static void test_cma_serves_movable(struct kunit *test)
{
	struct pt_fixture *f = pt_pool(test, &pt_cma);
	struct pb_zone *zone = pt_zone(f, 0, PB_ZONE_NORMAL);
	struct pb_request rq = pt_rq(6, PB_MOVABLE, 0);
	unsigned long pfns[64 + 1], n;

	rq.flags = PB_ALLOC_CMA;
	for (n = 0; (pfns[n] = pb_alloc(&f->pool, &rq, NULL)) != PB_NO_PFN; n++) {
		KUNIT_ASSERT_LT(test, n, 64UL); /* one more entry for the failure */
		/*
		 * 40 blocks outside, 24 in the area: the first 16 come from outside, then both
		 * are used.
		 */
		if (n < 16)
			KUNIT_EXPECT_LT(test, pfns[n], PT_PAGEBLOCK(2053));
		if (n == 30)
			KUNIT_EXPECT_LT(test, atomic_long_read(&zone->nr_free_cma),
					(long)PT_PAGEBLOCK(3));
	}
	KUNIT_EXPECT_EQ(test, n, 64UL);
	KUNIT_EXPECT_EQ(test, atomic_long_read(&zone->nr_free_cma), 0L);
	KUNIT_EXPECT_EQ(test, pb_zone_event(zone, PB_CMA_ALLOC), 24UL);
	while (n--)
		pt_free(test, f, pfns[n], 6);
	KUNIT_EXPECT_EQ(test, atomic_long_read(&zone->nr_free_cma), (long)PT_PAGEBLOCK(3));
	/* Order 0 counts as well. */
	rq.order = 0;
	while ((pfns[0] = pb_alloc(&f->pool, &rq, NULL)) < PT_PAGEBLOCK(2053))
		;
	KUNIT_EXPECT_EQ(test, atomic_long_read(&zone->nr_free_cma), (long)PT_PAGEBLOCK(3) - 1);
	pt_free(test, f, pfns[0], 0);
	KUNIT_EXPECT_EQ(test, atomic_long_read(&zone->nr_free_cma), (long)PT_PAGEBLOCK(3));
}

/*
 * Contiguous areas come before pageblocks of other types, also for requests that the per-CPU
 * caches serve: no pageblock is converted while pages of an area are free.
 */
static void test_cma_before_other_types(struct kunit *test)
{
	struct pt_fixture *f = pt_pool(test, &pt_cma);
	struct pb_zone *zone = pt_zone(f, 0, PB_ZONE_NORMAL);
	struct pb_request rq = pt_rq(0, PB_MOVABLE, 0);
	unsigned long pfns[4], i, claims;

	/* Four of the five pageblocks outside become UNMOVABLE, and are free again. */
	for (i = 0; i < 4; i++)
		pfns[i] = pt_alloc_mt(f, 9, PB_UNMOVABLE);
	for (i = 0; i < 4; i++)
		pt_free(test, f, pfns[i], 9);
	pt_drain_all(&f->pool);
	claims = pb_zone_event(zone, PB_FALLBACK_CLAIM);
	rq.flags = PB_ALLOC_CMA;
	for (i = 0; i < PT_PAGEBLOCK(1) + PT_PAGEBLOCK(3); i++)
		KUNIT_ASSERT_NE(test, pb_alloc(&f->pool, &rq, NULL), PB_NO_PFN);
	KUNIT_EXPECT_EQ(test, atomic_long_read(&zone->nr_free_cma), 0L);
	KUNIT_EXPECT_EQ(test, pb_zone_event(zone, PB_FALLBACK_CLAIM), claims);
	KUNIT_EXPECT_NE(test, pb_alloc(&f->pool, &rq, NULL), PB_NO_PFN);
	KUNIT_EXPECT_EQ(test, pb_zone_event(zone, PB_FALLBACK_CLAIM), claims + 1);
}

static struct kunit_case fallback_cases[] = {
	KUNIT_CASE(test_table),
	KUNIT_CASE(test_free_pageblock_is_claimed),
	KUNIT_CASE(test_types_keep_apart),
	KUNIT_CASE_PARAM(test_partial_pageblocks, partials_gen_params),
	KUNIT_CASE(test_largest_is_claimed),
	KUNIT_CASE_PARAM(test_order_of_types, order_cases_gen_params),
	KUNIT_CASE(test_movable_steals),
	KUNIT_CASE(test_large_order_merges_types),
	KUNIT_CASE(test_nothing_is_kept_from_a_type),
	KUNIT_CASE(test_nofragment_is_dropped),
	KUNIT_CASE(test_nofragment_other_zone),
	KUNIT_CASE(test_nofragment_stays_near),
	KUNIT_CASE(test_boost_on_claim),
	KUNIT_CASE(test_boost_in_bulk),
	KUNIT_CASE(test_boost_by_range),
	KUNIT_CASE(test_cma_is_kept),
	KUNIT_CASE(test_cma_is_last_resort),
	KUNIT_CASE(test_cma_serves_movable),
	KUNIT_CASE(test_cma_before_other_types),
	{}
};

static struct kunit_suite fallback_suite = {
	.name = "pbuddy_fallback",
	.init = pt_init,
	.exit = pt_exit,
	.test_cases = fallback_cases,
};

kunit_test_suite(fallback_suite);
