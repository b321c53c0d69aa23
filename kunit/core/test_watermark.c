// SPDX-License-Identifier: GPL-2.0-only
/*
 * watermark.c: how many pages of a zone a request may use, by its flags, as
 * __zone_watermark_ok() in mm/; and the count of free pages, which concurrent requests must not
 * bring below that limit. test_wmarks.c tests how the watermarks are computed.
 */
#include "core/base/pfn.h"
#include "core/cache/drain.h"
#include "core/zone/zone.h"
#include "fixture.h"
#include "params.h"
#include "threads.h"

static struct pb_zone *small_zone(struct kunit *test, struct pt_fixture **f)
{
	*f = pt_pool(test, &pt_small);
	return pt_zone(*f, 0, PB_ZONE_NORMAL);
}

struct mark {
	const char *name;
	unsigned long min, low, boost, reserve;	/* pages below the free count */
	unsigned long nr_pages;
	pb_alloc_flags_t flags;
	bool ok;
};

/* The zone has 4096 free pages. */
static const struct mark watermarks[] = {
	{ "no marks", 0, 0, 0, 0, 1, PB_ALLOC_WMARK_MIN, true },
	{ "above min", 4095, 0, 0, 0, 1, PB_ALLOC_WMARK_MIN, true },
	{ "at min", 4096, 0, 0, 0, 1, PB_ALLOC_WMARK_MIN, false },
	{ "at min, ignoring it", 4096, 0, 0, 0, 1,
	  PB_ALLOC_WMARK_MIN | PB_ALLOC_NO_WATERMARKS, true },
	{ "the request itself counts", 4000, 0, 0, 0, 512, PB_ALLOC_WMARK_MIN, false },
	{ "and just fits", 3584, 0, 0, 0, 512, PB_ALLOC_WMARK_MIN, true },
	{ "low is another mark", 10, 4096, 0, 0, 1, PB_ALLOC_WMARK_LOW, false },
	{ "a boost raises low", 10, 4000, 100, 0, 1, PB_ALLOC_WMARK_LOW, false },
	{ "a boost raises min", 4000, 4000, 100, 0, 1, PB_ALLOC_WMARK_MIN, false },
	{ "but not for a page of high priority", 4000, 4000, 4200, 0, 1,
	  PB_ALLOC_WMARK_MIN | PB_ALLOC_MIN_RESERVE, true },
	{ "though for a block of it", 4000, 4000, 4200, 0, 2,
	  PB_ALLOC_WMARK_MIN | PB_ALLOC_MIN_RESERVE, false },
	{ "lowmem reserve", 10, 0, 0, 4090, 1, PB_ALLOC_WMARK_MIN, false },
	{ "more than there is", 1, 0, 0, 0, 1UL << 20, PB_ALLOC_WMARK_MIN, false },
};

static void describe_watermark(const struct mark *mark, char *desc)
{
	snprintf(desc, KUNIT_PARAM_DESC_SIZE, "%s", mark->name);
}

KUNIT_ARRAY_PARAM(watermarks, watermarks, describe_watermark);

static void test_watermark(struct kunit *test)
{
	const struct mark *mark = test->param_value;
	struct pt_fixture *f;
	struct pb_zone *zone = small_zone(test, &f);

	zone->watermark[PB_WMARK_MIN] = mark->min;
	zone->watermark[PB_WMARK_LOW] = mark->low;
	zone->watermark_boost = mark->boost;
	zone->lowmem_reserve[PB_ZONE_MOVABLE] = mark->reserve;
	pb_zone_update_fast_watermark(zone);
	KUNIT_EXPECT_EQ(test, pb_zone_watermark_ok(zone, mark->nr_pages, PB_ZONE_MOVABLE,
						   mark->flags), mark->ok);
	/* lowmem_reserve applies to requests that may use a higher zone only. */
	if (mark->reserve)
		KUNIT_EXPECT_TRUE(test, pb_zone_watermark_ok(zone, mark->nr_pages, PB_ZONE_NORMAL,
							     mark->flags));
}

/* What __zone_watermark_ok() in mm/ leaves of a MIN watermark of 1000, by flags. */
struct discount {
	const char *name;
	pb_alloc_flags_t flags;
	long floor;
};

static const struct discount discounts[] = {
	{ "none", PB_ALLOC_WMARK_MIN, 1000 },
	{ "high", PB_ALLOC_MIN_RESERVE, 500 },
	{ "non-blocking alone", PB_ALLOC_NON_BLOCK, 1000 },
	{ "atomic", PB_ALLOC_MIN_RESERVE | PB_ALLOC_NON_BLOCK, 375 },
	{ "victim", PB_ALLOC_OOM, 500 },
	{ "high victim", PB_ALLOC_OOM | PB_ALLOC_MIN_RESERVE, 250 },
	{ "atomic victim", PB_ALLOC_OOM | PB_ALLOC_MIN_RESERVE | PB_ALLOC_NON_BLOCK, 188 },
	{ "highatomic alone", PB_ALLOC_HIGHATOMIC, 1000 },
	{ "no watermarks", PB_ALLOC_NO_WATERMARKS, LONG_MIN },
};

static void describe_discount(const struct discount *discount, char *desc)
{
	snprintf(desc, KUNIT_PARAM_DESC_SIZE, "%s", discount->name);
}

KUNIT_ARRAY_PARAM(discounts, discounts, describe_discount);

static void test_discounts(struct kunit *test)
{
	const struct discount *discount = test->param_value;
	struct pt_fixture *f;
	struct pb_zone *zone = small_zone(test, &f);
	long floor;

	zone->watermark[PB_WMARK_MIN] = 1000;
	pb_zone_update_fast_watermark(zone);
	floor = pb_zone_floor(zone, 1, PB_ZONE_MOVABLE, PB_ALLOC_WMARK_MIN | discount->flags);
	KUNIT_EXPECT_EQ(test, floor, discount->floor);
	/* Free CMA pages do not count for requests that may not use them. */
	atomic_long_set(&zone->nr_free_cma, 300);
	KUNIT_EXPECT_EQ(test, pb_zone_floor(zone, 1, PB_ZONE_MOVABLE,
					    PB_ALLOC_WMARK_MIN | discount->flags),
			floor == LONG_MIN ? LONG_MIN : floor + 300);
	KUNIT_EXPECT_EQ(test, pb_zone_floor(zone, 1, PB_ZONE_MOVABLE,
					    PB_ALLOC_WMARK_MIN | PB_ALLOC_CMA | discount->flags),
			floor);
	atomic_long_set(&zone->nr_free_cma, 0);
	/* No flag lowers lowmem_reserve. */
	zone->lowmem_reserve[PB_ZONE_MOVABLE] = 77;
	KUNIT_EXPECT_EQ(test, pb_zone_floor(zone, 1, PB_ZONE_MOVABLE,
					    PB_ALLOC_WMARK_MIN | discount->flags),
			floor == LONG_MIN ? LONG_MIN : floor + 77);
	KUNIT_EXPECT_EQ(test, pb_zone_floor(zone, 1, PB_ZONE_NORMAL,
					    PB_ALLOC_WMARK_MIN | discount->flags), floor);
}

static void set_type(struct pt_fixture *f, unsigned long pfn, enum pb_migratetype mt)
{
	pb_entry_set_migratetype(pb_dir_entry(&f->pool, pfn), mt);
	pb_zone_index_update_all(pb_pfn_zone(&f->pool, pfn));
}

/* Free pages of highatomic pageblocks do not count for requests without access to reserves. */
static void test_highatomic_discount(struct kunit *test)
{
	struct pt_fixture *f;
	struct pb_zone *zone = small_zone(test, &f);
	unsigned long first = pt_alloc(f, 6);

	zone->watermark[PB_WMARK_MIN] = 100;
	pt_free(test, f, pt_alloc(f, 6), 6);
	pb_pcp_drain_local(&f->pool);
	set_type(f, first, PB_HIGHATOMIC);
	atomic_long_set(&zone->nr_reserved_highatomic, PB_PAGEBLOCK_NR);
	pb_zone_update_fast_watermark(zone);
	KUNIT_EXPECT_EQ(test, zone->fast_watermark, 100 + (long)PB_PAGEBLOCK_NR);
	/* 64 of the pageblock's 512 pages are allocated. */
	KUNIT_EXPECT_EQ(test, pb_zone_floor(zone, 1, PB_ZONE_NORMAL, PB_ALLOC_WMARK_MIN),
			100 + 448L);
	KUNIT_EXPECT_EQ(test, pb_zone_floor(zone, 1, PB_ZONE_NORMAL,
					    PB_ALLOC_WMARK_MIN | PB_ALLOC_HIGHATOMIC), 100L);
	KUNIT_EXPECT_EQ(test, pb_zone_floor(zone, 1, PB_ZONE_NORMAL,
					    PB_ALLOC_WMARK_MIN | PB_ALLOC_NON_BLOCK), 100L);
	set_type(f, first, PB_MOVABLE);
	atomic_long_set(&zone->nr_reserved_highatomic, 0);
	pb_zone_update_fast_watermark(zone);
	pt_free(test, f, first, 6);
}

/* The comparison with zone->fast_watermark agrees with the full check for random watermarks. */
static void test_fast_form(struct kunit *test)
{
	struct pt_fixture *f;
	struct pb_zone *zone = small_zone(test, &f);
	struct pt_rand r = { .state = pt_seed };
	unsigned long i, k, nr, fast = 0;
	pb_alloc_flags_t flags;

	for (i = 0; i < 20000; i++) {
		for (k = 0; k < PB_NR_WMARK; k++)
			zone->watermark[k] = pt_below(&r, 3) ? pt_below(&r, 4000) : 0;
		zone->watermark_boost = pt_below(&r, 3) ? 0 : pt_below(&r, 1000);
		for (k = 0; k < PB_NR_ZONE_TYPES; k++)
			zone->lowmem_reserve[k] = pt_below(&r, 3) ? 0 : pt_below(&r, 1000);
		zone->cma_pages = pt_below(&r, 3) ? 0 : pt_below(&r, 1000);
		atomic_long_set(&zone->nr_free_cma, zone->cma_pages / 2);
		pb_zone_update_fast_watermark(zone);
		nr = 1UL << pt_below(&r, 11);
		flags = PB_ALLOC_FLAG(pt_below(&r, PB_NR_WMARK));
		flags |= pt_below(&r, 2) ? PB_ALLOC_CMA : PB_ALLOC_WMARK_MIN;
		flags |= pt_below(&r, 2) ? PB_ALLOC_MIN_RESERVE : PB_ALLOC_WMARK_MIN;
		flags |= pt_below(&r, 2) ? PB_ALLOC_OOM : PB_ALLOC_WMARK_MIN;
		fast += pb_zone_free_pages(zone) - (long)nr >= zone->fast_watermark;
		KUNIT_ASSERT_EQ(test, pb_zone_watermark_ok(zone, nr, k % PB_NR_ZONE_TYPES, flags),
				pb_zone_watermark_full(zone, nr, k % PB_NR_ZONE_TYPES, flags));
	}
	KUNIT_EXPECT_GT(test, fast, 1000UL);
	KUNIT_EXPECT_LT(test, fast, 19000UL);
	zone->cma_pages = 0;
	atomic_long_set(&zone->nr_free_cma, 0);
}

static bool present(struct pb_zone *zone, unsigned int order, pb_alloc_flags_t flags)
{
	return pb_zone_watermark_ok_order(zone, order, 0, PB_ZONE_MOVABLE, flags);
}

/* Enough free pages do not suffice: a block of the order has to be free. */
static void test_free_block_present(struct kunit *test)
{
	struct pt_fixture *f;
	struct pb_zone *zone = small_zone(test, &f);
	unsigned long i, *pfns, n = pt_fill(test, f, 3, PB_MOVABLE, &pfns);
	unsigned int order;

	KUNIT_ASSERT_EQ(test, n, f->pages >> 3);
	/* Free every second block of order 3: half of the memory, and no larger block. */
	for (i = 0; i < n; i++)
		if (pfns[i] >> 3 & 1)
			pt_free(test, f, pfns[i], 3);
	pt_drain_all(&f->pool);
	KUNIT_EXPECT_EQ(test, pb_zone_free_pages(zone), (long)f->pages / 2);
	for (order = 0; order <= 9; order++)
		KUNIT_EXPECT_EQ_MSG(test, present(zone, order, PB_ALLOC_WMARK_MIN), order <= 3,
				    "order %u", order);
	/* The count of pages is still checked. */
	KUNIT_EXPECT_FALSE(test, pb_zone_watermark_ok_order(zone, 3, f->pages / 2 - 7,
							    PB_ZONE_MOVABLE, PB_ALLOC_WMARK_MIN));
	KUNIT_EXPECT_TRUE(test, pb_zone_watermark_ok_order(zone, 3, f->pages / 2 - 8,
							   PB_ZONE_MOVABLE, PB_ALLOC_WMARK_MIN));
	for (i = 0; i < n; i++)
		if (!(pfns[i] >> 3 & 1))
			pt_free(test, f, pfns[i], 3);
	pt_expect_all_free(test, f);
}

/* A request finds blocks only in pageblocks whose type it may use. */
static void test_free_block_of_a_type(struct kunit *test)
{
	struct pt_fixture *f;
	struct pb_zone *zone = small_zone(test, &f);
	unsigned long i;

	for (i = 0; i < 8; i++)
		pb_entry_set_migratetype(pb_dir_entry(&f->pool, PT_PAGEBLOCK(2048 + i)),
					 i == 7 ? PB_CMA : PB_HIGHATOMIC);
	pb_zone_index_update_all(zone);
	KUNIT_EXPECT_FALSE(test, present(zone, 4, PB_ALLOC_WMARK_MIN));
	KUNIT_EXPECT_TRUE(test, present(zone, 4, PB_ALLOC_CMA));
	KUNIT_EXPECT_TRUE(test, present(zone, 4, PB_ALLOC_OOM));
	KUNIT_EXPECT_TRUE(test, present(zone, 11, PB_ALLOC_HIGHATOMIC));
	KUNIT_EXPECT_FALSE(test, present(zone, 12, PB_ALLOC_HIGHATOMIC));
	KUNIT_EXPECT_TRUE(test, present(zone, 12, PB_ALLOC_HIGHATOMIC | PB_ALLOC_CMA));
	for (i = 0; i < 8; i++)
		pb_entry_set_migratetype(pb_dir_entry(&f->pool, PT_PAGEBLOCK(2048 + i)),
					 PB_MOVABLE);
	pb_zone_index_update_all(zone);
}

/* For pageblocks and runs of them the check agrees with an allocation, in every layout. */
static void test_free_run_present(struct kunit *test)
{
	unsigned int i, order;
	unsigned long pfn;

	for (i = 0; i < PT_NR_LAYOUTS; i++) {
		struct pt_fixture *f = pt_pool(test, pt_layouts[i]);
		struct pb_zone *zone = f->pool.all_zones->zone[0];

		for (order = PB_PAGEBLOCK_ORDER; order <= PB_MAX_ORDER; order++) {
			preempt_disable();
			pfn = pb_zone_alloc(zone, order, PB_MOVABLE, NULL);
			if (pfn != PB_NO_PFN)
				pb_zone_free_noevent(zone, pfn, order);
			preempt_enable();
			KUNIT_EXPECT_EQ_MSG(test, present(zone, order, PB_ALLOC_WMARK_MIN),
					    pfn != PB_NO_PFN, "%s, order %u", pt_layouts[i]->name,
					    order);
		}
	}
}

struct grant {
	long pages, unit, floor, granted;
};

/* Of 4096 free pages. */
static const struct grant grants[] = {
	{ 64, 1, 0, 64 }, { 64, 1, 4032, 64 }, { 64, 1, 4033, 63 },
	{ 64, 1, 4095, 1 }, { 64, 1, 4096, 0 }, { 64, 1, 5000, 0 }, { 64, 8, 4033, 56 },
	{ 64, 8, 4089, 0 }, { 512, 512, 3585, 0 }, { 512, 512, 3584, 512 },
};

static void test_account_alloc(struct kunit *test)
{
	struct pt_fixture *f;
	struct pb_zone *zone = small_zone(test, &f);
	struct pb_request rq = pt_rq(0, PB_MOVABLE, 0);
	unsigned int i;
	long granted;

	for (i = 0; i < ARRAY_SIZE(grants); i++) {
		pt_set_watermark(zone, PB_WMARK_MIN, grants[i].floor);
		granted = pb_zone_account_alloc(zone, grants[i].pages, grants[i].unit, &rq);
		KUNIT_EXPECT_EQ_MSG(test, granted, grants[i].granted, "case %u", i);
		KUNIT_EXPECT_EQ(test, pb_zone_free_pages(zone), (long)f->pages - granted);
		pb_zone_account(zone, granted);
	}
	/* The high watermark is not part of fast_watermark, and holds all the same. */
	pt_set_watermark(zone, PB_WMARK_MIN, 0);
	pt_set_watermark(zone, PB_WMARK_HIGH, 4033);
	rq.flags = PB_ALLOC_WMARK_HIGH;
	KUNIT_EXPECT_EQ(test, pb_zone_account_alloc(zone, 64, 1, &rq), 63L);
	pb_zone_account(zone, 63);
	rq.flags = PB_ALLOC_WMARK_LOW;
	KUNIT_EXPECT_EQ(test, pb_zone_account_alloc(zone, 64, 1, &rq), 64L);
	pb_zone_account(zone, 64);
	/*
	 * Without watermarks a request gets all, even below 0: the count may lag behind the
	 * bitmaps.
	 */
	KUNIT_EXPECT_EQ(test, pb_zone_account_alloc(zone, 5000, 1, NULL), 5000L);
	rq.flags = PB_ALLOC_NO_WATERMARKS;
	KUNIT_EXPECT_EQ(test, pb_zone_account_alloc(zone, 64, 1, &rq), 64L);
	pb_zone_account(zone, 5064);
}

/* State of threads that allocate down to the same watermark. */
struct race {
	struct pb_zone	*zone;
	unsigned long	rounds;
	long		floor;
	atomic_long_t	refused;
	atomic_long_t	lowest;
};

static void race_to_the_floor(void *arg, unsigned int n)
{
	struct pt_rand r = { .state = pt_seed + n };
	struct pb_request rq = pt_rq(0, PB_MOVABLE, 0);
	struct race *race = arg;
	long held = 0, got, unit;
	unsigned long i;

	for (i = 0; i < race->rounds; i++) {
		unit = 1L << pt_below(&r, 4);
		got = pb_zone_account_alloc(race->zone, 64, unit, &rq);
		held += got;
		if (got < 64)
			atomic_long_inc(&race->refused);
		if (pb_zone_free_pages(race->zone) < race->floor)
			atomic_long_set(&race->lowest, pb_zone_free_pages(race->zone));
		if (!got || pt_below(&r, 100) == 0) {
			pb_zone_account(race->zone, held);
			held = 0;
		}
	}
	pb_zone_account(race->zone, held);
}

static void test_concurrent_account_alloc(struct kunit *test)
{
	struct race *race = kunit_kzalloc(test, sizeof(*race), GFP_KERNEL);
	struct pt_fixture *f;

	KUNIT_ASSERT_NOT_NULL(test, race);
	race->zone = small_zone(test, &f);
	race->rounds = pt_rounds * 1000;
	race->floor = 1001;
	pt_set_watermark(race->zone, PB_WMARK_MIN, race->floor);
	atomic_long_set(&race->lowest, race->floor);
	KUNIT_ASSERT_EQ(test, pt_run_threads(pt_nr_cpus(), race_to_the_floor, race), 0);
	KUNIT_EXPECT_EQ(test, atomic_long_read(&race->lowest), 1001L);
	KUNIT_EXPECT_GT(test, atomic_long_read(&race->refused), 0L);
	KUNIT_EXPECT_EQ(test, pb_zone_free_pages(race->zone), (long)f->pages);
}

/* State of threads that allocate down to a watermark until requests fail, then free. */
struct squeeze {
	struct pt_fixture	*f;
	struct pb_zone		*zone;
	unsigned long		rounds;
	pb_alloc_flags_t	flags;
	unsigned int		max_order;
	unsigned long		*held;		/* SQUEEZE_HELD blocks for each thread */
	atomic_long_t		lowest;		/* free pages seen */
	atomic_long_t		failed;
	atomic_long_t		lost;		/* frees refused */
};

#define SQUEEZE_HELD	4096

static void note_lowest(struct squeeze *s)
{
	long free = pb_zone_free_pages(s->zone), lowest = atomic_long_read(&s->lowest);

	while (free < lowest && !atomic_long_try_cmpxchg(&s->lowest, &lowest, free))
		;
}

static unsigned int free_some(struct squeeze *s, unsigned long *held, unsigned int n)
{
	while (n--)
		if (pb_free(&s->f->pool, held[n] >> 8, held[n] & 255))
			atomic_long_inc(&s->lost);
	return 0;
}

static void squeeze_zone(void *arg, unsigned int cpu)
{
	struct pt_rand r = { .state = pt_seed + cpu };
	struct squeeze *s = arg;
	struct pb_request rq = pt_rq(0, PB_MOVABLE, 0);
	unsigned long i, pfn, *held = s->held + cpu * SQUEEZE_HELD;
	unsigned int n = 0;

	rq.flags = s->flags;
	rq.slow_flags = s->flags;
	for (i = 0; i < s->rounds; i++) {
		rq.order = pt_below(&r, s->max_order + 1);
		rq.migratetype = pt_below(&r, PB_PCPTYPES);
		pfn = pb_alloc(&s->f->pool, &rq, NULL);
		note_lowest(s);
		if (pfn == PB_NO_PFN)
			atomic_long_inc(&s->failed);
		else
			held[n++] = pfn << 8 | rq.order;
		if (pfn == PB_NO_PFN || n == SQUEEZE_HELD)
			n = free_some(s, held, n);
		if (i % 256 == 0)
			pt_resched(&s->f->pool);
	}
	free_some(s, held, n);
}

/* Requests failed, and free pages were close to the watermark when a thread looked. */
static bool got_down(const struct squeeze *s, long floor)
{
	return atomic_long_read(&s->failed) &&
	       atomic_long_read(&s->lowest) < floor + (1L << s->max_order);
}

/*
 * Concurrent requests never bring free pages below their watermark less their privileges, not by
 * one page. The greatest undershoot that was seen is printed.
 */
static void test_concurrent_squeeze(struct kunit *test)
{
	static const struct squeeze squeezes[] = {
		{ .flags = PB_ALLOC_WMARK_MIN, .max_order = 0 },
		{ .flags = PB_ALLOC_WMARK_MIN, .max_order = 3 },
		{ .flags = PB_ALLOC_WMARK_MIN, .max_order = 9 },
		{ .flags = PB_ALLOC_WMARK_LOW, .max_order = 9 },
		{ .flags = PB_ALLOC_WMARK_MIN | PB_ALLOC_MIN_RESERVE | PB_ALLOC_NON_BLOCK,
		  .max_order = 3 },
	};
	struct squeeze *s = kunit_kzalloc(test, sizeof(*s), GFP_KERNEL);
	unsigned long *held;
	long floor, lowest;
	unsigned int i, again;

	held = kunit_kcalloc(test, pt_nr_cpus() * SQUEEZE_HELD, sizeof(*held), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, s);
	KUNIT_ASSERT_NOT_NULL(test, held);
	for (i = 0; i < ARRAY_SIZE(squeezes); i++) {
		*s = squeezes[i];
		s->held = held;
		s->zone = small_zone(test, &s->f);
		/* Enough for one thread to get down to the watermark: they may run in turn. */
		s->rounds = max(pt_rounds * 1000, s->f->pages);
		pb_zone_set_watermarks(s->zone, 777, 10);
		s->f->pool.wmark.watermark_boost_factor = 0;
		floor = pb_zone_floor(s->zone, 2, PB_ZONE_MOVABLE, s->flags);
		atomic_long_set(&s->lowest, LONG_MAX);
		/* A slow machine may need several runs to get down to the watermark. */
		for (again = 0; again < 20 && !got_down(s, floor); again++)
			KUNIT_ASSERT_EQ(test, pt_run_threads(pt_nr_cpus(), squeeze_zone, s), 0);
		lowest = atomic_long_read(&s->lowest);
		kunit_info(test, "%u: floor %ld, lowest %ld: undershot by %ld, %ld refused\n", i,
			   floor, lowest, max(floor - lowest, 0L), atomic_long_read(&s->failed));
		KUNIT_EXPECT_GE(test, lowest, floor);
		KUNIT_EXPECT_TRUE(test, got_down(s, floor));
		KUNIT_EXPECT_EQ(test, atomic_long_read(&s->lost), 0L);
		pt_expect_all_free(test, s->f);
	}
}

static struct kunit_case watermark_cases[] = {
	KUNIT_CASE_PARAM(test_watermark, watermarks_gen_params),
	KUNIT_CASE_PARAM(test_discounts, discounts_gen_params),
	KUNIT_CASE(test_highatomic_discount),
	KUNIT_CASE(test_fast_form),
	KUNIT_CASE(test_free_block_present),
	KUNIT_CASE(test_free_block_of_a_type),
	KUNIT_CASE(test_free_run_present),
	KUNIT_CASE(test_account_alloc),
	KUNIT_CASE(test_concurrent_account_alloc),
	KUNIT_CASE(test_concurrent_squeeze),
	{}
};

static struct kunit_suite watermark_suite = {
	.name = "pbuddy_watermark",
	.init = pt_init,
	.exit = pt_exit,
	.test_cases = watermark_cases,
};

kunit_test_suite(watermark_suite);
