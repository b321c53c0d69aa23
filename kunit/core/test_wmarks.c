// SPDX-License-Identifier: GPL-2.0-only
/*
 * watermark.c: the watermarks and lowmem reserves computed from min_free_kbytes and the scale
 * factor, as in mm/; boosts that raise them; and zone->fast_watermark, the one number that the fast
 * path compares with.
 */
#include "core/zone/watermark.h"
#include "fixture.h"
#include "params.h"
#include "threads.h"

static void test_set_watermarks(struct kunit *test)
{
	struct pt_fixture *f = pt_pool(test, &pt_gig);
	struct pb_zone *zone = pt_zone(f, 0, PB_ZONE_NORMAL);

	pb_zone_set_watermarks(zone, 1000, 10);
	KUNIT_EXPECT_EQ(test, zone->watermark[PB_WMARK_MIN], 1000UL);
	KUNIT_EXPECT_EQ(test, zone->watermark[PB_WMARK_LOW] - 1000,
			max(1000UL / 4, zone->present_pages * 10 / 10000));
	KUNIT_EXPECT_EQ(test, zone->watermark[PB_WMARK_HIGH] - zone->watermark[PB_WMARK_LOW],
			zone->watermark[PB_WMARK_LOW] - zone->watermark[PB_WMARK_MIN]);
	KUNIT_EXPECT_EQ(test, zone->fast_watermark, (long)zone->watermark[PB_WMARK_LOW]);
	/* An excessive MIN is limited, so that most of the zone stays usable. */
	pb_zone_set_watermarks(zone, ~0UL / 4, 10);
	KUNIT_EXPECT_LE(test, zone->watermark[PB_WMARK_MIN], zone->present_pages / 4);
	KUNIT_EXPECT_LT(test, zone->watermark[PB_WMARK_HIGH], zone->present_pages);
}

/* Shared among all zones except MOVABLE by size; MOVABLE zones have a small MIN of their own. */
static void test_setup_per_zone(struct kunit *test)
{
	struct pt_fixture *f = pt_pool(test, &pt_two_nodes);
	unsigned long lowmem = 0, min_sum = 0, share;
	struct pb_zone *zone;
	unsigned int type;

	pb_for_each_zone(zone, &f->pool) {
		lowmem += zone->type == PB_ZONE_MOVABLE ? 0 : zone->present_pages;
		KUNIT_EXPECT_EQ(test, zone->watermark[PB_WMARK_HIGH], 0UL);
		for (type = 0; type < PB_NR_ZONE_TYPES; type++)
			KUNIT_EXPECT_EQ(test, zone->lowmem_reserve[type], 0UL);
	}
	f->pool.wmark.min_free_pages = lowmem / 20;
	pb_setup_per_zone_wmarks(&f->pool);
	pb_for_each_zone(zone, &f->pool) {
		share = zone->present_pages / 20;
		if (zone->type == PB_ZONE_MOVABLE) {
			KUNIT_EXPECT_EQ(test, zone->watermark[PB_WMARK_MIN],
					clamp(zone->present_pages / 1024, 32UL, 128UL));
		} else {
			KUNIT_EXPECT_LE(test, zone->watermark[PB_WMARK_MIN], share);
			KUNIT_EXPECT_GE(test, zone->watermark[PB_WMARK_MIN] + 1, share);
			min_sum += zone->watermark[PB_WMARK_MIN];
		}
		KUNIT_EXPECT_LE(test, zone->watermark[PB_WMARK_LOW] -
				zone->watermark[PB_WMARK_MIN], share / 4);
		KUNIT_EXPECT_GE(test, zone->watermark[PB_WMARK_LOW] -
				zone->watermark[PB_WMARK_MIN] + 1, share / 4);
	}
	KUNIT_EXPECT_LE(test, min_sum, f->pool.wmark.min_free_pages);
	KUNIT_EXPECT_GE(test, min_sum + f->pool.all_zones->nr, f->pool.wmark.min_free_pages);
}

/* A part of the zones above it on its node, for requests that could use those. */
static void test_lowmem_reserve(struct kunit *test)
{
	struct pt_fixture *f = pt_pool(test, &pt_two_nodes);
	struct pb_zone *dma32 = pt_zone(f, 0, PB_ZONE_DMA32);
	struct pb_zone *normal = pt_zone(f, 0, PB_ZONE_NORMAL);
	struct pb_zone *movable = pt_zone(f, 0, PB_ZONE_MOVABLE);

	f->pool.wmark.min_free_pages = 64;
	f->pool.wmark.lowmem_reserve_ratio[PB_ZONE_DMA32] = 4;
	f->pool.wmark.lowmem_reserve_ratio[PB_ZONE_NORMAL] = 8;
	pb_setup_per_zone_wmarks(&f->pool);
	KUNIT_EXPECT_EQ(test, dma32->lowmem_reserve[PB_ZONE_DMA32], 0UL);
	KUNIT_EXPECT_EQ(test, dma32->lowmem_reserve[PB_ZONE_NORMAL], normal->present_pages / 4);
	KUNIT_EXPECT_EQ(test, dma32->lowmem_reserve[PB_ZONE_MOVABLE],
			(normal->present_pages + movable->present_pages) / 4);
	KUNIT_EXPECT_EQ(test, normal->lowmem_reserve[PB_ZONE_NORMAL], 0UL);
	KUNIT_EXPECT_EQ(test, normal->lowmem_reserve[PB_ZONE_MOVABLE],
			movable->present_pages / 8);
	KUNIT_EXPECT_EQ(test, movable->lowmem_reserve[PB_ZONE_MOVABLE], 0UL);
	f->pool.wmark.lowmem_reserve_ratio[PB_ZONE_DMA32] = 0;
	pb_setup_per_zone_wmarks(&f->pool);
	KUNIT_EXPECT_EQ(test, dma32->lowmem_reserve[PB_ZONE_MOVABLE], 0UL);
}

static void test_boost(struct kunit *test)
{
	struct pt_fixture *f = pt_pool(test, &pt_small);
	struct pb_zone *zone = pt_zone(f, 0, PB_ZONE_NORMAL);
	unsigned long most, before;
	unsigned int i;

	/* A zone whose watermarks are 0 is not boosted, nor one of less than four pageblocks. */
	KUNIT_EXPECT_FALSE(test, pb_zone_boost(zone, 0));
	pb_zone_set_watermarks(zone, 512, 10);
	before = zone->fast_watermark;
	KUNIT_EXPECT_TRUE(test, pb_zone_boost(zone, 0));
	KUNIT_EXPECT_EQ(test, zone->watermark_boost, PB_PAGEBLOCK_NR);
	KUNIT_EXPECT_EQ(test, zone->fast_watermark, (long)(before + PB_PAGEBLOCK_NR));
	KUNIT_EXPECT_EQ(test, pb_wmark_pages(zone, PB_WMARK_MIN), 512 + PB_PAGEBLOCK_NR);
	/* Up to one and a half times the HIGH watermark. */
	most = zone->watermark[PB_WMARK_HIGH] * 3 / 2;
	for (i = 0; i < 100; i++)
		pb_zone_boost(zone, 0);
	KUNIT_EXPECT_EQ(test, zone->watermark_boost, most);
	KUNIT_EXPECT_EQ(test, pb_zone_event(zone, PB_WATERMARK_BOOST), 101UL);
	/* A boost that came during balancing stays. */
	pb_zone_decay_boost_by(zone, most - 100);
	KUNIT_EXPECT_EQ(test, zone->watermark_boost, 100UL);
	pb_zone_decay_boost(zone);
	KUNIT_EXPECT_EQ(test, zone->watermark_boost, 0UL);
	KUNIT_EXPECT_EQ(test, zone->fast_watermark, (long)before);
	f->pool.wmark.watermark_boost_factor = 0;
	KUNIT_EXPECT_FALSE(test, pb_zone_boost(zone, 0));
	KUNIT_EXPECT_EQ(test, zone->watermark_boost, 0UL);
	f = pt_pool(test, &pt_one_pageblock);
	zone = pt_zone(f, 0, PB_ZONE_NORMAL);
	pb_zone_set_watermarks(zone, 64, 10);
	KUNIT_EXPECT_FALSE(test, pb_zone_boost(zone, 0));
}

struct shake {
	struct pb_zone	*zone;
	unsigned long	rounds;
};

/* All threads change boosts at once: the last update leaves the right fast_watermark. */
static void change_watermarks(void *arg, unsigned int n)
{
	struct pt_rand r = { .state = pt_seed + n };
	struct shake *shake = arg;
	unsigned long i;

	for (i = 0; i < shake->rounds; i++) {
		if (pt_below(&r, 2))
			pb_zone_boost(shake->zone, 0);
		else
			pb_zone_decay_boost_by(shake->zone, pt_below(&r, 600));
	}
}

static void test_concurrent_watermarks(struct kunit *test)
{
	struct shake *shake = kunit_kzalloc(test, sizeof(*shake), GFP_KERNEL);
	unsigned long i;
	long left;

	KUNIT_ASSERT_NOT_NULL(test, shake);
	shake->zone = pt_zone(pt_pool(test, &pt_small), 0, PB_ZONE_NORMAL);
	shake->rounds = 20;
	pb_zone_set_watermarks(shake->zone, 512, 10);
	for (i = 0; i < 50; i++) {
		KUNIT_ASSERT_EQ(test, pt_run_threads(pt_nr_cpus(), change_watermarks, shake), 0);
		left = shake->zone->fast_watermark;
		pb_zone_update_fast_watermark(shake->zone);
		KUNIT_EXPECT_EQ(test, left, shake->zone->fast_watermark);
	}
}

static struct kunit_case wmarks_cases[] = {
	KUNIT_CASE(test_set_watermarks),
	KUNIT_CASE(test_setup_per_zone),
	KUNIT_CASE(test_lowmem_reserve),
	KUNIT_CASE(test_boost),
	KUNIT_CASE(test_concurrent_watermarks),
	{}
};

static struct kunit_suite wmarks_suite = {
	.name = "pbuddy_wmarks",
	.init = pt_init,
	.exit = pt_exit,
	.test_cases = wmarks_cases,
};

kunit_test_suite(wmarks_suite);
