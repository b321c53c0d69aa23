// SPDX-License-Identifier: GPL-2.0-only
/* The search for runs of free pageblocks, compared with a search bit by bit. */
#include "core/index/free_run.h"
#include "fixture.h"
#include "params.h"

static struct pb_zone *zone_of(struct kunit *test)
{
	return pt_zone(pt_pool(test, &pt_gig), 0, PB_ZONE_NORMAL);
}

static bool is_set(struct pb_zone *zone, unsigned int types, unsigned long bit)
{
	unsigned int mt;

	for (mt = 0; mt < PB_INDEXED_TYPES; mt++)
		if (types & BIT(mt) && pb_bitmap_test(&zone->area[mt].free_pageblocks, bit))
			return true;
	return false;
}

static unsigned long bit_by_bit(struct pb_zone *zone, unsigned int types, unsigned long nr,
				unsigned long align, unsigned long from)
{
	unsigned long i, n;

	for (i = round_up(from, align); i + nr <= zone->nr_pageblocks; i += align) {
		for (n = 0; n < nr && is_set(zone, types, i + n); n++)
			;
		if (n == nr)
			return i;
	}
	return PB_NO_PAGEBLOCK;
}

/* Sets and clears stretches of bits of two types. */
static void scatter(struct pb_zone *zone, struct pt_rand *r)
{
	unsigned long first = pt_below(r, zone->nr_pageblocks), n = pt_below(r, 200) + 1;
	struct pb_bitmap *map = &zone->area[pt_below(r, 2)].free_pageblocks;
	bool set = pt_below(r, 2);

	for (; n-- && first < zone->nr_pageblocks; first++)
		if (set)
			pb_bitmap_set(map, first);
		else
			pb_bitmap_clear(map, first);
}

static void test_runs_like_bit_by_bit(struct kunit *test)
{
	struct pb_zone *zone = zone_of(test);
	struct pt_rand r = { .state = pt_seed };
	unsigned long nr, align, from, i;
	unsigned int types;

	kunit_info(test, "seed %lu\n", pt_seed);
	for (i = 0; i < 20000; i++) {
		scatter(zone, &r);
		nr = pt_below(&r, 4) ? pt_below(&r, 9) + 1 : pt_below(&r, 200) + 1;
		align = 1UL << pt_below(&r, 10);
		if (pt_below(&r, 2))
			nr = align;
		types = pt_below(&r, 3) + 1;
		from = pt_below(&r, 2) ? pt_below(&r, zone->nr_pageblocks) : 0;
		KUNIT_ASSERT_EQ_MSG(test, pb_free_run_next(zone, types, nr, align, from),
				    bit_by_bit(zone, types, nr, align, from),
				    "%lu pageblocks aligned to %lu from %lu", nr, align, from);
	}
	pt_fixture(zone->pool)->broken = true;
}

static struct kunit_case free_run_cases[] = {
	KUNIT_CASE(test_runs_like_bit_by_bit),
	{}
};

static struct kunit_suite free_run_suite = {
	.name = "pbuddy_free_run",
	.init = pt_init,
	.exit = pt_exit,
	.test_cases = free_run_cases,
};

kunit_test_suite(free_run_suite);
