// SPDX-License-Identifier: GPL-2.0-only
/*
 * pb_pcp_set_high(): the bounds of pcp->high for zones of every size, the share of a zone that the
 * lists of all CPUs hold together, and what a new bound does to lists that are in use.
 */
#include "core/cache/drain.h"
#include "core/cache/pcp.h"
#include "core/zone/zone.h"
#include "fixture.h"
#include "threads.h"

#define BATCH	40	/* blocks, more than a LIFO has */

static struct pb_pcp *here(struct pb_zone *zone)
{
	return pb_per_cpu_ptr(zone->pcp, raw_smp_processor_id());
}

static void set_fraction(struct pt_fixture *f, unsigned int fraction)
{
	f->pool.pcp_high_fraction = fraction;
	pb_pcp_set_high(&f->pool);
}

/* Sizes are for each CPU: the zone has as many times more. */
static const struct bounds {
	const char	*desc;
	unsigned long	present;
	unsigned int	fraction;
	unsigned long	low;		/* watermark */
	int		high_min;
	int		high_max;
} bounds[] = {
	{ "large", 65536, 8, 0, 8128, 8128 },
	{ "large, 1/100", 65536, 100, 0, 591, 591 },
	{ "large, 1/1024", 65536, 1024, 0, 63, 63 },
	{ "large, 1/10000", 65536, 10000, 0, 6, 6 },
	{ "large, largest fraction", 65536, INT_MAX, 0, 0, 0 },
	{ "large, other watermark", 65536, 8, 1000, 8128, 8128 },
	{ "large, default", 65536, 0, 0, 64, 8128 },
	{ "large, default, low 100", 65536, 0, 100, 64, 8128 },
	{ "large, default, low 1000", 65536, 0, 1000, 936, 8128 },
	{ "large, default, low above", 65536, 0, 20000, 8128, 8128 },
	{ "largest", 1UL << 40, 8, 0, 1 << 20, 1 << 20 },
	{ "two words", 1024, 8, 0, 64, 64 },
	{ "two words, default", 1024, 0, 0, 64, 64 },
	{ "less than two words", 1016, 8, 0, 63, 63 },
	{ "a word", 512, 8, 0, 63, 63 },
	{ "less than a word", 504, 8, 0, 63, 63 },
	{ "less still", 496, 8, 0, 62, 62 },
	{ "less than a word, default", 496, 0, 100, 62, 62 },
	{ "tiny", 64, 8, 0, 8, 8 },
	{ "tiny, default", 64, 0, 0, 8, 8 },
	{ "less than a page", 7, 8, 0, 0, 0 },
};

static void describe_bounds(const struct bounds *b, char *desc)
{
	snprintf(desc, KUNIT_PARAM_DESC_SIZE, "%s", b->desc);
}

KUNIT_ARRAY_PARAM(bounds, bounds, describe_bounds);

static void test_high_bounds(struct kunit *test)
{
	const struct bounds *b = test->param_value;
	struct pt_fixture *f = pt_pool(test, &pt_one_pageblock);
	struct pb_zone *zone = pt_zone(f, 0, PB_ZONE_NORMAL);
	unsigned long present = zone->present_pages;

	zone->present_pages = b->present * pb_nr_cpus();
	zone->watermark[PB_WMARK_LOW] = b->low * pb_nr_cpus();
	set_fraction(f, b->fraction);
	zone->present_pages = present;
	pt_set_watermark(zone, PB_WMARK_LOW, 0);
	KUNIT_EXPECT_EQ(test, zone->pcp_high_min, b->high_min);
	KUNIT_EXPECT_EQ(test, zone->pcp_high_max, b->high_max);
}

/* Every zone of a new pool has the bounds that pb_pcp_set_high() computes for it. */
static void test_high_of_new_pool(struct kunit *test)
{
	struct pb_pool_config config;
	struct pb_zone *zone;
	struct pb_pool *pool;
	int high_min, high_max;

	pool = kunit_kzalloc(test, sizeof(*pool), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, pool);
	pt_config(&pt_small, &config);
	KUNIT_ASSERT_EQ(test, pb_pool_init(pool, &config), 0);
	zone = pool->zone[0][PB_ZONE_NORMAL];
	high_min = zone->pcp_high_min;
	high_max = zone->pcp_high_max;
	KUNIT_EXPECT_EQ(test, here(zone)->high, high_min);
	pb_pcp_set_high(pool);
	KUNIT_EXPECT_EQ(test, zone->pcp_high_min, high_min);
	KUNIT_EXPECT_EQ(test, zone->pcp_high_max, high_max);
	KUNIT_EXPECT_LE(test, (unsigned long)high_max,
			zone->present_pages / PB_PCP_HIGH_FRACTION_MIN / pb_nr_cpus());
	pb_pool_destroy(pool);
}

struct share {
	struct kunit		*test;
	struct pt_fixture	*f;
	struct pb_zone		*zone;
	unsigned long		max;		/* the most that they held */
};

static void note_cached(struct share *s)
{
	s->max = max(s->max, pb_pcp_pages(s->zone));
}

/* Uses the lists of one order and type: frees blocks in order, some of them in bulk. */
static void use_list(struct share *s, unsigned int order, unsigned int mt)
{
	struct pb_request rq = pt_rq(order, mt, 0);
	unsigned long pfns[BATCH], nr = 0, i;

	for (i = 0; i < BATCH; i++) {
		pfns[nr] = pb_alloc(&s->f->pool, &rq, NULL);
		nr += pfns[nr] != PB_NO_PFN;
		note_cached(s);
	}
	if (!order && mt == PB_MOVABLE) {
		pb_free_bulk(&s->f->pool, nr, pfns);
		nr = pb_alloc_bulk(&s->f->pool, &rq, BATCH, pfns, NULL);
		note_cached(s);
	}
	for (i = 0; i < nr; i++) {
		pt_free(s->test, s->f, pfns[i], order);
		note_cached(s);
	}
}

static void use_lists(void *arg)
{
	struct share *s = arg;
	unsigned int order, mt;

	for (order = 0; order < PB_NR_PCP_ORDERS; order++)
		for (mt = 0; mt < PB_PCPTYPES; mt++)
			use_list(s, order, mt);
}

static void decay_here(void *arg)
{
	pb_pcp_decay_local(arg);
}

/* Sets a fraction and lets every CPU adopt the new bounds. */
static void adopt_fraction(struct pt_fixture *f, unsigned int fraction)
{
	unsigned int cpu;

	set_fraction(f, fraction);
	for (cpu = 0; cpu < pt_nr_cpus(); cpu++)
		pt_call_on(cpu, decay_here, &f->pool);
}

static const struct held {
	const char		*desc;
	const struct pt_layout	*layout;
	unsigned int		fraction;
} held[] = {
	{ "one pageblock, default", &pt_one_pageblock, 0 },
	{ "one pageblock, 1/8", &pt_one_pageblock, 8 },
	{ "one pageblock, 1/100", &pt_one_pageblock, 100 },
	{ "eight pageblocks, default", &pt_small, 0 },
	{ "eight pageblocks, 1/8", &pt_small, 8 },
	{ "eight pageblocks, 1/20", &pt_small, 20 },
	{ "eight pageblocks, 1/1000", &pt_small, 1000 },
	{ "large, default", &pt_gig, 0 },
	{ "large, 1/8", &pt_gig, 8 },
	{ "large, 1/300", &pt_gig, 300 },
};

static void describe_held(const struct held *h, char *desc)
{
	snprintf(desc, KUNIT_PARAM_DESC_SIZE, "%s", h->desc);
}

KUNIT_ARRAY_PARAM(held, held, describe_held);

/* However all CPUs use their lists, these hold no more than the zone's share together. */
static void test_share_is_held(struct kunit *test)
{
	const struct held *h = test->param_value;
	struct share s = { .test = test, .f = pt_pool(test, h->layout) };
	unsigned long share;
	unsigned int i;

	s.zone = pt_zone(s.f, 0, PB_ZONE_NORMAL);
	share = s.zone->present_pages / (h->fraction ?: PB_PCP_HIGH_FRACTION_MIN);
	adopt_fraction(s.f, h->fraction);
	for (i = 0; i < 2 * pt_nr_cpus(); i++)
		pt_call_on(i % pt_nr_cpus(), use_lists, &s);
	KUNIT_EXPECT_LE(test, s.max, share);
	/* Not because nothing is cached at all. */
	if (share / pb_nr_cpus())
		KUNIT_EXPECT_GT(test, s.max, 0UL);
	pt_expect_all_free(test, s.f);
}

/* Lists that hold more than a new share are brought below it by the next decay of their CPU. */
static void test_decay_adopts(struct kunit *test)
{
	struct pt_fixture *f = pt_pool(test, &pt_gig);
	struct share s = { .test = test, .f = f, .zone = pt_zone(f, 0, PB_ZONE_NORMAL) };
	unsigned int i;

	adopt_fraction(f, 8);
	for (i = 0; i < pt_nr_cpus(); i++)
		pt_call_on(i, use_lists, &s);
	KUNIT_ASSERT_GT(test, pb_pcp_pages(s.zone), s.zone->present_pages / 4096);
	adopt_fraction(f, 4096);
	KUNIT_EXPECT_LE(test, pb_pcp_pages(s.zone), s.zone->present_pages / 4096);
	KUNIT_EXPECT_EQ(test, here(s.zone)->high, s.zone->pcp_high_max);
	s.max = 0;
	for (i = 0; i < pt_nr_cpus(); i++)
		pt_call_on(i, use_lists, &s);
	KUNIT_EXPECT_LE(test, s.max, s.zone->present_pages / 4096);
	pt_expect_all_free(test, f);
}

/* A refill brings high between new bounds, up as well as down. */
static void test_refill_adopts(struct kunit *test)
{
	struct pt_fixture *f = pt_pool(test, &pt_gig);
	struct pb_zone *zone = pt_zone(f, 0, PB_ZONE_NORMAL);
	const unsigned int fractions[] = { 8, 4096, 16, 0 };
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(fractions); i++) {
		set_fraction(f, fractions[i]);
		pb_pcp_drain_local(&f->pool);
		KUNIT_ASSERT_NE(test, pt_alloc(f, 0), PB_NO_PFN);
		KUNIT_EXPECT_GE(test, here(zone)->high, zone->pcp_high_min);
		KUNIT_EXPECT_LE(test, here(zone)->high, zone->pcp_high_max);
	}
}

/* With a fraction high is not tuned: it neither grows nor decays. */
static void test_fraction_is_constant(struct kunit *test)
{
	struct pt_fixture *f = pt_pool(test, &pt_gig);
	struct pb_zone *zone = pt_zone(f, 0, PB_ZONE_NORMAL);
	int high;
	unsigned int i;

	adopt_fraction(f, 16);
	for (i = 0; i < 500; i++)
		KUNIT_ASSERT_NE(test, pt_alloc(f, 0), PB_NO_PFN);
	high = here(zone)->high;
	KUNIT_EXPECT_EQ(test, high, zone->pcp_high_max);
	pb_pcp_decay_local(&f->pool);
	pb_pcp_decay_local(&f->pool);
	KUNIT_EXPECT_EQ(test, here(zone)->high, high);
}

/*
 * In a zone whose lists have no masks a refill takes one block, frees in order leave no words in
 * the lists, and every page can be had.
 */
static void test_no_masks(struct kunit *test)
{
	unsigned int fraction = PB_PAGEBLOCK_NR / pb_nr_cpus() / 8;
	struct pt_fixture *f = pt_pool(test, &pt_one_pageblock);
	struct pb_zone *zone = pt_zone(f, 0, PB_ZONE_NORMAL);
	unsigned long *pfns, first, i;

	if (fraction < PB_PCP_HIGH_FRACTION_MIN)
		fraction = PB_PCP_HIGH_FRACTION_MIN;
	adopt_fraction(f, fraction);
	KUNIT_ASSERT_NE(test, pt_alloc(f, 0), PB_NO_PFN);
	KUNIT_EXPECT_EQ(test, pb_pcp_pages(zone), 0UL);
	KUNIT_EXPECT_EQ(test, pt_fill(test, f, 0, PB_MOVABLE, &pfns), PB_PAGEBLOCK_NR - 1UL);
	first = round_down(pfns[0], PB_PAGEBLOCK_NR);
	for (i = 0; i < PB_PAGEBLOCK_NR; i++) {
		pt_free(test, f, first + i, 0);
		KUNIT_ASSERT_LE(test, pb_pcp_count(here(zone)), zone->pcp_high_max + 0UL);
	}
	KUNIT_EXPECT_EQ(test, here(zone)->list[0][PB_MOVABLE].mask, 0ULL);
	pt_expect_all_free(test, f);
}

static struct kunit_case pcp_high_cases[] = {
	KUNIT_CASE_PARAM(test_high_bounds, bounds_gen_params),
	KUNIT_CASE(test_high_of_new_pool),
	KUNIT_CASE_PARAM(test_share_is_held, held_gen_params),
	KUNIT_CASE(test_decay_adopts),
	KUNIT_CASE(test_refill_adopts),
	KUNIT_CASE(test_fraction_is_constant),
	KUNIT_CASE(test_no_masks),
	{}
};

static struct kunit_suite pcp_high_suite = {
	.name = "pbuddy_pcp_high",
	.init = pt_init,
	.exit = pt_exit,
	.test_cases = pcp_high_cases,
};

kunit_test_suite(pcp_high_suite);
