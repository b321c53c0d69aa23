// SPDX-License-Identifier: GPL-2.0-only
/* compact_zone.c: the request that compacts gets the block that becomes free, and no other does. */
#include "core/base/pfn.h"
#include "core/compact/compact.h"
#include "core/zone/zone.h"
#include "movers.h"
#include "threads.h"

/* Allocates a frame in the middle of every migration. */
static int steal_frame(struct pt_movers *m, struct pt_object *o, unsigned long src,
		       unsigned long dst)
{
	unsigned long *stolen = m->arg, pfn = pt_alloc(m->f, 0);

	if (pfn != PB_NO_PFN)
		stolen[++stolen[0]] = pfn;
	return 0;
}

/*
 * Other requests get no frame of the captured block, although they allocate while it becomes
 * free.
 */
static void test_capture(struct kunit *test)
{
	struct pt_movers *m = pt_fragmented(test, &pt_small, 0, 70);
	unsigned long *stolen = kunit_kzalloc(test, 1024 * sizeof(*stolen), GFP_KERNEL);
	unsigned long pfn, i;

	KUNIT_ASSERT_NOT_NULL(test, stolen);
	m->hook = steal_frame;
	m->arg = stolen;
	KUNIT_ASSERT_EQ(test, pt_compact(m, 9, PB_COMPACT_PRIO_SYNC_LIGHT, &pfn),
			PB_COMPACT_SUCCESS);
	KUNIT_ASSERT_NE(test, pfn, PB_NO_PFN);
	KUNIT_EXPECT_EQ(test, pb_page_order(&m->f->pool, pfn), 9);
	KUNIT_EXPECT_GT(test, stolen[0], 50UL);
	for (i = 1; i <= stolen[0]; i++) {
		KUNIT_EXPECT_TRUE(test, stolen[i] < pfn || stolen[i] >= pfn + PB_PAGEBLOCK_NR);
		pt_free(test, m->f, stolen[i], 0);
	}
	pt_free(test, m->f, pfn, 9);
	pt_movers_free_all(test, m);
	pt_expect_all_free(test, m->f);
}

/* A captured pageblock becomes the request's type; a smaller block leaves its pageblock's type. */
static void test_captured_type(struct kunit *test)
{
	struct pt_movers *m = pt_fragmented(test, &pt_small, 0, 50);
	struct pb_request rq = pt_waiting_rq(8);
	unsigned int order;
	unsigned long pfn;

	rq.migratetype = PB_UNMOVABLE;
	for (order = 8; order <= 9; order++) {
		rq.order = order;
		KUNIT_ASSERT_EQ(test, pb_compact_pages(&m->f->pool, &rq,
						       PB_COMPACT_PRIO_SYNC_LIGHT, &pfn),
				PB_COMPACT_SUCCESS);
		KUNIT_ASSERT_NE(test, pfn, PB_NO_PFN);
		KUNIT_EXPECT_EQ(test, pb_entry_migratetype(pb_dir_entry(&m->f->pool, pfn)->value),
				order == 9 ? PB_UNMOVABLE : PB_MOVABLE);
	}
	pt_movers_check(test, m);
}

/* A captured block is marked as memalloc if its request ignores the watermarks. */
static void test_capture_memalloc(struct kunit *test)
{
	const pb_alloc_flags_t rights[] = { 0, PB_ALLOC_NO_WATERMARKS };
	struct pt_movers *m = pt_fragmented(test, &pt_small, 0, 70);
	struct pb_request rq = pt_rq(9, PB_MOVABLE, 0);
	unsigned long pfn;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(rights); i++) {
		rq.flags = PB_ALLOC_WAIT | rights[i];
		KUNIT_ASSERT_EQ(test, pb_compact_pages(&m->f->pool, &rq,
						       PB_COMPACT_PRIO_SYNC_LIGHT, &pfn),
				PB_COMPACT_SUCCESS);
		KUNIT_EXPECT_EQ(test, pb_page_is_memalloc(&m->f->pool, pfn), i == 1);
		pt_free(test, m->f, pfn, 9);
	}
	pt_movers_check(test, m);
}

/* Without capture the block is free afterwards; only an allocation from it ends the deferral. */
static void test_no_capture(struct kunit *test)
{
	struct pt_movers *m = pt_fragmented(test, &pt_small, 0, 50);
	struct pb_request rq = pt_rq(9, PB_MOVABLE, 0);
	struct pb_zone *zone = pt_movers_zone(m);
	unsigned long free = pb_zone_free_pages(zone), pfn;

	rq.flags = PB_ALLOC_WAIT;
	zone->compact_defer_shift = 3;
	KUNIT_EXPECT_EQ(test, pb_alloc(&m->f->pool, &rq, NULL), PB_NO_PFN);
	KUNIT_EXPECT_EQ(test, pb_compact_pages(&m->f->pool, &rq, PB_COMPACT_PRIO_SYNC_LIGHT, NULL),
			PB_COMPACT_SUCCESS);
	KUNIT_EXPECT_EQ(test, pb_zone_free_pages(zone), (long)free);
	KUNIT_EXPECT_EQ(test, zone->compact_defer_shift, 3U);
	pfn = pb_alloc(&m->f->pool, &rq, NULL);
	KUNIT_ASSERT_NE(test, pfn, PB_NO_PFN);
	pt_free(test, m->f, pfn, 9);
	pt_movers_check(test, m);
}

static struct kunit_case compact_capture_cases[] = {
	KUNIT_CASE(test_capture),
	KUNIT_CASE(test_captured_type),
	KUNIT_CASE(test_capture_memalloc),
	KUNIT_CASE(test_no_capture),
	{}
};

static struct kunit_suite compact_capture_suite = {
	.name = "pbuddy_compact_capture",
	.init = pt_init,
	.exit = pt_exit,
	.test_cases = compact_capture_cases,
};

kunit_test_suite(compact_capture_suite);
