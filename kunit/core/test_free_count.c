// SPDX-License-Identifier: GPL-2.0-only
/*
 * free_count.c: the free pages of a zone are nr_free and the credits of the CPUs together. The sum
 * is exact after any sequence, refills far above the watermarks do not write nr_free, and near a
 * watermark requests see the whole sum.
 */
#include "core/zone/zone.h"
#include "fixture.h"
#include "params.h"
#include "threads.h"

#define SHIFT	4	/* a part is 1/16 of the pages above fast_watermark */

static struct pb_zone *a_zone(struct kunit *test, struct pt_fixture **f)
{
	struct pb_zone *zone;

	*f = pt_pool(test, &pt_small);
	zone = pt_zone(*f, 0, PB_ZONE_NORMAL);
	zone->credit_shift = SHIFT;
	pb_credit_gather(zone);
	return zone;
}

static long credit_of(struct pb_zone *zone, int cpu)
{
	return atomic_long_read(&pb_per_cpu_ptr(zone->credit, cpu)->pages);
}

/* The first CPU; the others have no credit. */
static int first_cpu(void)
{
	int cpu;

	pb_for_each_cpu(cpu)
		return cpu;
	return 0;
}

/* Moves pages from nr_free to the credit of a CPU. */
static void give_credit(struct pb_zone *zone, int cpu, long pages)
{
	pb_zone_account(zone, -pages);
	atomic_long_add(pages, &pb_per_cpu_ptr(zone->credit, cpu)->pages);
}

/* Random counts: the sum is right after each, and nr_free and the credits stay within bounds. */
static void test_sum(struct kunit *test)
{
	struct pt_rand r = { .state = pt_seed };
	struct pb_request rq = pt_rq(0, PB_MOVABLE, 0);
	struct pt_fixture *f;
	struct pb_zone *zone = a_zone(test, &f);
	long held = 0, most = (long)f->pages >> SHIFT, pages, unit;
	unsigned long i;
	int cpu;

	pt_set_watermark(zone, PB_WMARK_MIN, 500);
	for (i = 0; i < pt_rounds * 100; i++) {
		pages = 64 + pt_below(&r, 4) * 64;
		unit = 1L << pt_below(&r, 7);
		if (pt_below(&r, 2)) {
			held += pb_zone_account_alloc(zone, pages, unit, &rq);
		} else if (held >= pages) {
			pb_zone_account_free(zone, pages);
			held -= pages;
		}
		KUNIT_ASSERT_EQ(test, pb_zone_free_pages(zone), (long)f->pages - held);
		KUNIT_ASSERT_LE(test, pb_zone_free_least(zone), pb_zone_free_pages(zone));
		KUNIT_ASSERT_GE(test, pb_zone_free_least(zone), 500L);
		pb_for_each_cpu(cpu) {
			KUNIT_ASSERT_GE(test, credit_of(zone, cpu), 0L);
			KUNIT_ASSERT_LE(test, credit_of(zone, cpu), 2 * most);
		}
	}
	pb_zone_account_free(zone, held);
	pb_credit_gather(zone);
	KUNIT_EXPECT_EQ(test, pb_zone_free_least(zone), (long)f->pages);
	pb_for_each_cpu(cpu)
		KUNIT_EXPECT_EQ(test, credit_of(zone, cpu), 0L);
}

struct from_credit {
	struct pb_zone	*zone;
	unsigned int	written;
};

/* Allocates and frees 8 times 16 pages; counts the changes of nr_free. */
static void refill_and_flush(void *arg)
{
	struct pb_request rq = pt_rq(0, PB_MOVABLE, 0);
	struct from_credit *c = arg;
	long was = pb_zone_free_least(c->zone);
	unsigned int i;

	for (i = 0; i < 16; i++) {
		if (i < 8)
			pb_zone_account_alloc(c->zone, 16, 1, &rq);
		else
			pb_zone_account_free(c->zone, 16);
		c->written += pb_zone_free_least(c->zone) != was;
		was = pb_zone_free_least(c->zone);
	}
}

/* Far above the watermarks a CPU writes nr_free once for all that its credit can count. */
static void test_apart(struct kunit *test)
{
	struct from_credit c = {};
	struct pt_fixture *f;

	c.zone = a_zone(test, &f);
	pt_call_on(0, refill_and_flush, &c);
	KUNIT_EXPECT_EQ(test, c.written, 1U);
	pt_call_on(0, refill_and_flush, &c);
	KUNIT_EXPECT_EQ(test, c.written, 1U);
	KUNIT_EXPECT_EQ(test, pb_zone_free_pages(c.zone), (long)f->pages);
}

static void free_much(void *arg)
{
	pb_zone_account_free(arg, 1000);
}

/* A credit that gets more than two parts keeps one. */
static void test_bound(struct kunit *test)
{
	struct pt_fixture *f;
	struct pb_zone *zone = a_zone(test, &f);

	pb_zone_account(zone, -1000);
	pt_call_on(0, free_much, zone);
	KUNIT_EXPECT_EQ(test, pb_zone_free_least(zone),
			(long)f->pages - ((long)f->pages - 1000) / (1 << SHIFT));
	KUNIT_EXPECT_EQ(test, pb_zone_free_pages(zone), (long)f->pages);
}

/* Where a part is smaller than a refill there are no credits. */
static void test_none_near_the_marks(struct kunit *test)
{
	struct pb_request rq = pt_rq(0, PB_MOVABLE, 0);
	struct pt_fixture *f;
	struct pb_zone *zone = a_zone(test, &f);
	long above = PB_CREDIT_LEAST << SHIFT;

	pt_set_watermark(zone, PB_WMARK_MIN, f->pages - above);
	KUNIT_EXPECT_EQ(test, pb_zone_account_alloc(zone, 64, 1, &rq), 64L);
	KUNIT_EXPECT_EQ(test, pb_zone_free_least(zone), (long)f->pages - 64);
	pb_zone_account_free(zone, 64);
	KUNIT_EXPECT_EQ(test, pb_zone_free_least(zone), (long)f->pages);
	/* 64 pages more above the watermark, so that a part is large enough after the request. */
	pt_set_watermark(zone, PB_WMARK_MIN, f->pages - above - 64);
	KUNIT_EXPECT_EQ(test, pb_zone_account_alloc(zone, 64, 1, &rq), 64L);
	KUNIT_EXPECT_EQ(test, pb_zone_free_least(zone), (long)f->pages - 64 - PB_CREDIT_LEAST);
	KUNIT_EXPECT_EQ(test, pb_zone_free_pages(zone), (long)f->pages - 64);
	pb_zone_account_free(zone, 64);
}

/* Requests get pages that another CPU's credit counts down to their floor, and none below it. */
static void test_gathers(struct kunit *test)
{
	struct pb_request rq = pt_rq(0, PB_MOVABLE, 0);
	struct pt_fixture *f;
	struct pb_zone *zone = a_zone(test, &f);

	pt_set_watermark(zone, PB_WMARK_MIN, f->pages - 100);
	give_credit(zone, first_cpu(), 300);
	KUNIT_EXPECT_TRUE(test, pb_zone_watermark_full(zone, 100, PB_ZONE_MOVABLE, 0));
	KUNIT_EXPECT_EQ(test, pb_zone_free_least(zone), (long)f->pages);
	give_credit(zone, first_cpu(), 300);
	KUNIT_EXPECT_FALSE(test, pb_zone_watermark_full(zone, 101, PB_ZONE_MOVABLE, 0));
	give_credit(zone, first_cpu(), 300);
	KUNIT_EXPECT_TRUE(test, pb_zone_target_ok(zone, 100, 0));
	give_credit(zone, first_cpu(), 300);
	KUNIT_EXPECT_EQ(test, pb_zone_account_alloc(zone, 128, 1, &rq), 100L);
	KUNIT_EXPECT_EQ(test, pb_zone_free_pages(zone), (long)f->pages - 100);
	KUNIT_EXPECT_EQ(test, credit_of(zone, first_cpu()), 0L);
	pb_zone_account(zone, 100);
}

struct own {
	struct pb_zone	*zone;
	enum pb_watermark mark;
	long		granted;
};

/* Allocates 64 pages while this CPU has a credit of 200. */
static void alloc_with_credit(void *arg)
{
	struct own *own = arg;
	struct pb_request rq = pt_rq(0, PB_MOVABLE, 0);

	rq.flags = own->mark == PB_WMARK_HIGH ? PB_ALLOC_WMARK_HIGH : PB_ALLOC_WMARK_LOW;
	pb_zone_account(own->zone, -200);
	atomic_long_add(200, &pb_zone_credit(own->zone)->pages);
	own->granted = pb_zone_account_alloc(own->zone, 64, 1, &rq);
}

/* A CPU's own credit does not count for more than the watermark leaves. */
static void test_own_credit(struct kunit *test)
{
	struct own own = {};
	struct pt_fixture *f;

	own.zone = a_zone(test, &f);
	for (own.mark = PB_WMARK_LOW; own.mark <= PB_WMARK_HIGH; own.mark++) {
		pt_set_watermark(own.zone, own.mark, f->pages - 10);
		pt_call_on(0, alloc_with_credit, &own);
		KUNIT_EXPECT_EQ(test, own.granted, 10L);
		KUNIT_EXPECT_EQ(test, pb_zone_free_pages(own.zone), (long)f->pages - 10);
		pb_zone_account(own.zone, 10);
		pt_set_watermark(own.zone, own.mark, 0);
	}
}

/* The fast path compares nr_free alone, so it is right after a change and after a request. */
static void test_fast_watermark(struct kunit *test)
{
	struct pb_request rq = pt_rq(0, PB_MOVABLE, 0);
	struct pt_fixture *f;
	struct pb_zone *zone = a_zone(test, &f);

	give_credit(zone, first_cpu(), 200);
	pt_set_watermark(zone, PB_WMARK_LOW, f->pages - 100);
	KUNIT_EXPECT_EQ(test, pb_zone_free_least(zone), (long)f->pages);
	/* Below fast_watermark, but not below the floor of the request. */
	pt_set_watermark(zone, PB_WMARK_LOW, 10);
	zone->lowmem_reserve[PB_ZONE_DMA32] = f->pages - 100;
	pb_zone_update_fast_watermark(zone);
	give_credit(zone, first_cpu(), 200);
	KUNIT_EXPECT_TRUE(test, pb_zone_watermark_ok(zone, 1, PB_ZONE_MOVABLE,
						     PB_ALLOC_WMARK_LOW));
	KUNIT_EXPECT_EQ(test, pb_zone_free_least(zone), (long)f->pages);
	give_credit(zone, first_cpu(), 200);
	KUNIT_EXPECT_EQ(test, pb_zone_account_alloc(zone, 1, 1, &rq), 1L);
	KUNIT_EXPECT_EQ(test, pb_zone_free_least(zone), (long)f->pages - 1);
	pb_zone_account(zone, 1);
}

/* State of threads that count pages at random. */
struct many {
	struct pb_zone	*zone;
	unsigned long	rounds;
	long		floor;
	atomic_long_t	below;
};

static void count_at_random(void *arg, unsigned int n)
{
	struct pt_rand r = { .state = pt_seed + n };
	struct pb_request rq = pt_rq(0, PB_MOVABLE, 0);
	struct many *many = arg;
	unsigned long i;
	long held = 0;

	for (i = 0; i < many->rounds; i++) {
		if (pt_below(&r, 3)) {
			held += pb_zone_account_alloc(many->zone, 64, 1, &rq);
		} else {
			pb_zone_account_free(many->zone, held);
			held = 0;
		}
		if (pb_zone_free_pages(many->zone) < many->floor)
			atomic_long_inc(&many->below);
	}
	pb_zone_account_free(many->zone, held);
}

/* Threads that use credits and gather them: the sum is exact, and never below the floor. */
static void test_concurrent(struct kunit *test)
{
	struct many *many = kunit_kzalloc(test, sizeof(*many), GFP_KERNEL);
	struct pt_fixture *f;

	KUNIT_ASSERT_NOT_NULL(test, many);
	many->zone = a_zone(test, &f);
	many->rounds = pt_rounds * 1000;
	many->floor = f->pages - 2000;
	pt_set_watermark(many->zone, PB_WMARK_MIN, many->floor);
	KUNIT_ASSERT_EQ(test, pt_run_threads(pt_nr_cpus(), count_at_random, many), 0);
	KUNIT_EXPECT_EQ(test, atomic_long_read(&many->below), 0L);
	KUNIT_EXPECT_EQ(test, pb_zone_free_pages(many->zone), (long)f->pages);
	pb_credit_gather(many->zone);
	KUNIT_EXPECT_EQ(test, pb_zone_free_least(many->zone), (long)f->pages);
}

static struct kunit_case free_count_cases[] = {
	KUNIT_CASE(test_sum),
	KUNIT_CASE(test_apart),
	KUNIT_CASE(test_bound),
	KUNIT_CASE(test_none_near_the_marks),
	KUNIT_CASE(test_gathers),
	KUNIT_CASE(test_own_credit),
	KUNIT_CASE(test_fast_watermark),
	KUNIT_CASE(test_concurrent),
	{}
};

static struct kunit_suite free_count_suite = {
	.name = "pbuddy_free_count",
	.init = pt_init,
	.exit = pt_exit,
	.test_cases = free_count_cases,
};

kunit_test_suite(free_count_suite);
