// SPDX-License-Identifier: GPL-2.0-only
/*
 * zeroed.c and prezero.c: free frames that are known to be zero, and zeroing free pageblocks
 * ahead of requests. A bitmap records which frames the pool's zero callback has written; a
 * request whose *rq.zeroed becomes true must have got such frames only. test_prezero_pause.c tests
 * requests that pause it.
 */
#include "core/base/pfn.h"
#include "core/cache/drain.h"
#include "core/cache/prezero.h"
#include "core/compact/compact.h"
#include "core/pool/shrink.h"
#include "core/zone/zone.h"
#include "movers.h"
#include "params.h"
#include "threads.h"

/*
 * Stands for the contents of memory, as made-up PFNs have none: a bit for each frame that is
 * zero.
 */
static unsigned long *is_zero;
static const struct pt_layout *layout;

static void zero(struct pb_pool *pool, unsigned long pfn, unsigned long nr_pages)
{
	while (nr_pages--)
		set_bit(pt_layout_frame(layout, pfn++), is_zero);
}

static struct pt_fixture *zero_pool(struct kunit *test, const struct pt_layout *of)
{
	struct pt_fixture *f = pt_pool(test, of);

	layout = of;
	is_zero = kunit_kcalloc(test, BITS_TO_LONGS(f->pages), sizeof(long), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, is_zero);
	f->pool.ops.zero = zero;
	f->pool.prezero_percent = 100;
	return f;
}

static unsigned long frames_zero(unsigned long pfn, unsigned long nr_pages)
{
	unsigned long n = 0;

	while (nr_pages--)
		n += test_bit(pt_layout_frame(layout, pfn++), is_zero);
	return n;
}

/* The owner of these frames writes to them. */
static void dirty(unsigned long pfn, unsigned long nr_pages)
{
	while (nr_pages--)
		clear_bit(pt_layout_frame(layout, pfn++), is_zero);
}

static unsigned long alloc_zeroed(struct pt_fixture *f, unsigned int order, bool *zeroed)
{
	struct pb_request rq = pt_rq(order, PB_MOVABLE, 0);

	rq.zeroed = zeroed;
	return pb_alloc(&f->pool, &rq, NULL);
}

static const unsigned int orders[] = { 0, 1, 2, 3, 4, 6, 8, 9, 10, 11 };

static void describe_order(const unsigned int *order, char *desc)
{
	snprintf(desc, KUNIT_PARAM_DESC_SIZE, "order %u", *order);
}

KUNIT_ARRAY_PARAM(orders, orders, describe_order);

/*
 * In a zeroed zone each block is reported as zeroed once, and not again after it was used and
 * freed.
 */
static void test_known_once(struct kunit *test)
{
	unsigned int order = *(const unsigned int *)test->param_value;
	struct pt_fixture *f = zero_pool(test, &pt_small);
	struct pb_zone *zone = pt_zone(f, 0, PB_ZONE_NORMAL);
	unsigned long pfn, n;
	bool zeroed;

	KUNIT_EXPECT_EQ(test, pt_prezero(zone, 100), 8UL);
	KUNIT_EXPECT_EQ(test, pt_prezero(zone, 100), 0UL);
	pt_expect_all_free(test, f);
	for (n = 0; n < f->pages >> order; n++) {
		zeroed = false;
		pfn = alloc_zeroed(f, order, &zeroed);
		KUNIT_ASSERT_NE(test, pfn, PB_NO_PFN);
		KUNIT_EXPECT_TRUE_MSG(test, zeroed, "block %lu", n);
	}
	pt_verify(test, f, NULL);
	pt_free(test, f, pfn, order);
	zeroed = true;
	KUNIT_EXPECT_EQ(test, alloc_zeroed(f, order, &zeroed), pfn);
	KUNIT_EXPECT_FALSE(test, zeroed);
	KUNIT_EXPECT_EQ(test, pb_zone_event(zone, PB_PREZERO_HIT), n);
}

/* Without zeroing ahead no block is reported as zeroed. */
static void test_nothing_by_default(struct kunit *test)
{
	struct pt_fixture *f = zero_pool(test, &pt_small);
	bool zeroed = true;

	KUNIT_EXPECT_NE(test, alloc_zeroed(f, 3, &zeroed), PB_NO_PFN);
	KUNIT_EXPECT_FALSE(test, zeroed);
	f->pool.ops.zero = NULL;
	KUNIT_EXPECT_EQ(test, pt_prezero(pt_zone(f, 0, PB_ZONE_NORMAL), 1), 0UL);
}

/*
 * Zeroes no more pageblocks than requested, and none that would bring free pages below the high
 * watermark.
 */
static void test_budget_and_watermarks(struct kunit *test)
{
	struct pt_fixture *f = zero_pool(test, &pt_small);
	struct pb_zone *zone = pt_zone(f, 0, PB_ZONE_NORMAL);

	KUNIT_EXPECT_EQ(test, pt_prezero(zone, 3), 3UL);
	KUNIT_EXPECT_EQ(test, frames_zero(PT_PAGEBLOCK(2048), f->pages), PT_PAGEBLOCK(3));
	KUNIT_EXPECT_EQ(test, pb_zone_event(zone, PB_PREZERO), 3UL);
	pt_set_watermark(zone, PB_WMARK_HIGH, PT_PAGEBLOCK(8) - 511);
	KUNIT_EXPECT_EQ(test, pt_prezero(zone, 100), 0UL);
	pt_set_watermark(zone, PB_WMARK_HIGH, PT_PAGEBLOCK(7));
	KUNIT_EXPECT_EQ(test, pt_prezero(zone, 100), 5UL);
	pt_expect_all_free(test, f);
}

/* A block with one frame that was used is not reported as zeroed. */
static void test_one_dirty_frame(struct kunit *test)
{
	struct pt_fixture *f = zero_pool(test, &pt_one_pageblock);
	struct pb_zone *zone = pt_zone(f, 0, PB_ZONE_NORMAL);
	unsigned long pfn;
	bool zeroed;

	KUNIT_ASSERT_EQ(test, pt_prezero(zone, 1), 1UL);
	pt_free(test, f, pt_alloc(f, 0), 0);
	pt_drain_all(&f->pool);
	zeroed = true;
	pfn = alloc_zeroed(f, 9, &zeroed);
	KUNIT_ASSERT_NE(test, pfn, PB_NO_PFN);
	KUNIT_EXPECT_FALSE(test, zeroed);
	pt_verify(test, f, NULL);
	pt_free(test, f, pfn, 9);
	zeroed = true;
	KUNIT_EXPECT_NE(test, alloc_zeroed(f, 0, &zeroed), PB_NO_PFN);
	KUNIT_EXPECT_FALSE(test, zeroed);
}

/* Ranges are reported as zeroed, too. Misuse of frames with the zeroed bit has the right reason. */
static void test_ranges_and_misuse(struct kunit *test)
{
	struct pt_fixture *f = zero_pool(test, &pt_small);
	struct pb_request rq = pt_rq(0, PB_MOVABLE, 0);
	unsigned long pfn;
	bool zeroed = false;

	pt_prezero(pt_zone(f, 0, PB_ZONE_NORMAL), 8);
	rq.zeroed = &zeroed;
	pfn = pb_alloc_contig(&f->pool, &rq, 700, NULL);
	KUNIT_ASSERT_NE(test, pfn, PB_NO_PFN);
	KUNIT_EXPECT_TRUE(test, zeroed);
	pt_expect_allocated(test, f, 700);
	KUNIT_EXPECT_EQ(test, pb_free(&f->pool, pfn + PT_PAGEBLOCK(4), 0), PB_BAD_DOUBLE);
	pt_expect_bad(test, f, PB_BAD_DOUBLE, pfn + PT_PAGEBLOCK(4));
	KUNIT_EXPECT_EQ(test, pb_page_order(&f->pool, pfn + PT_PAGEBLOCK(4)), -EINVAL);
	KUNIT_EXPECT_EQ(test, pb_free_contig(&f->pool, pfn, 700), PB_BAD_NONE);
	zeroed = true;
	KUNIT_EXPECT_EQ(test, pb_alloc_contig(&f->pool, &rq, 700, NULL), pfn);
	KUNIT_EXPECT_FALSE(test, zeroed);
}

/* prezero_percent limits a run; pageblocks that are zeroed already count. */
static void test_share(struct kunit *test)
{
	struct pt_fixture *f = zero_pool(test, &pt_small);
	struct pb_zone *zone = pt_zone(f, 0, PB_ZONE_NORMAL);

	f->pool.prezero_percent = 0;
	KUNIT_EXPECT_EQ(test, pt_prezero(zone, 100), 0UL);
	f->pool.prezero_percent = 49;
	KUNIT_EXPECT_EQ(test, pt_prezero(zone, 100), 3UL);
	KUNIT_EXPECT_EQ(test, pt_prezero(zone, 100), 0UL);
	f->pool.prezero_percent = 50;
	KUNIT_EXPECT_EQ(test, pt_prezero(zone, 100), 1UL);
	KUNIT_EXPECT_EQ(test, pb_zone_event(zone, PB_PREZERO), 4UL);
}

static atomic_long_t nr_wanted;

static void want_zeroed(struct pb_zone *zone)
{
	atomic_long_inc(&nr_wanted);
}

/*
 * A request for zeroed memory that gets other memory calls ops->want_zeroed, if prezero_percent
 * allows any.
 */
static void test_misses_are_told(struct kunit *test)
{
	struct pt_fixture *f = zero_pool(test, &pt_small);
	bool zeroed;

	atomic_long_set(&nr_wanted, 0);
	f->pool.ops.want_zeroed = want_zeroed;
	KUNIT_EXPECT_NE(test, alloc_zeroed(f, 9, NULL), PB_NO_PFN);
	KUNIT_EXPECT_EQ(test, atomic_long_read(&nr_wanted), 0L);
	KUNIT_EXPECT_NE(test, alloc_zeroed(f, 9, &zeroed), PB_NO_PFN);
	KUNIT_EXPECT_EQ(test, atomic_long_read(&nr_wanted), 1L);
	pt_prezero(pt_zone(f, 0, PB_ZONE_NORMAL), 1);
	KUNIT_EXPECT_NE(test, alloc_zeroed(f, 9, &zeroed), PB_NO_PFN);
	KUNIT_EXPECT_TRUE(test, zeroed);
	KUNIT_EXPECT_EQ(test, atomic_long_read(&nr_wanted), 1L);
	f->pool.prezero_percent = 0;
	KUNIT_EXPECT_NE(test, alloc_zeroed(f, 9, &zeroed), PB_NO_PFN);
	KUNIT_EXPECT_EQ(test, atomic_long_read(&nr_wanted), 1L);
}

/* A free pageblock with a frame in use (corruption) is reported and not zeroed. */
static void test_frame_in_use(struct kunit *test)
{
	struct pt_fixture *f = zero_pool(test, &pt_one_pageblock);
	unsigned long pfn = f->layout->ranges[0].start_pfn + 77;

	*pb_order_map(&f->pool, pfn) = 1;
	KUNIT_EXPECT_EQ(test, pt_prezero(pt_zone(f, 0, PB_ZONE_NORMAL), 100), 0UL);
	pt_expect_bad(test, f, PB_BAD_IN_USE, pfn);
	KUNIT_EXPECT_EQ(test, frames_zero(pfn, 1), 0UL);
	f->broken = true;
}

/*
 * The same for a block of a list that is filled in advance, whichever frame is in use, and if the
 * block is zero already.
 */
static void test_list_frame_in_use(struct kunit *test)
{
	static const unsigned int frames[] = { 0, 1, PB_WORD_NR - 1 };
	unsigned long start, pfn;
	struct pt_fixture *f;
	struct pb_zone *zone;
	struct pb_pcp *pcp;
	unsigned int i;

	for (i = 0; i < 2 * ARRAY_SIZE(frames); i++) {
		f = zero_pool(test, &pt_one_pageblock);
		zone = pt_zone(f, 0, PB_ZONE_NORMAL);
		pcp = pb_per_cpu_ptr(zone->pcp, raw_smp_processor_id());
		start = f->layout->ranges[0].start_pfn;
		pfn = start + frames[i / 2];
		if (i % 2)
			pt_prezero(zone, 1);
		dirty(start, PB_PAGEBLOCK_NR);
		*pb_order_map(&f->pool, pfn) = 4;
		pcp->high = 2 * PB_WORD_NR;
		pcp->zeroed_wanted = BIT_ULL(PB_PCP_LIST_NR(3, PB_MOVABLE));
		pb_prezero_fill(zone);
		pt_expect_bad(test, f, PB_BAD_IN_USE, pfn);
		KUNIT_EXPECT_EQ(test, pb_zone_event(zone, PB_BAD_PAGE), 1UL);
		KUNIT_EXPECT_EQ(test, frames_zero(start, PB_PAGEBLOCK_NR), 0UL);
		KUNIT_EXPECT_EQ(test, *pb_order_map(&f->pool, pfn), 4);
		KUNIT_EXPECT_EQ(test, pb_pcp_pages(zone), 0UL);
		f->broken = true;
	}
}

/* Frames that come back to the pool are not known to be zero, as they were before they left. */
static void test_left_the_pool(struct kunit *test)
{
	struct pt_fixture *f = zero_pool(test, &pt_small);
	struct pb_zone *zone = pt_zone(f, 0, PB_ZONE_NORMAL);
	unsigned long pfn, i, nr_zeroed = 0;
	struct pb_shrink run;
	bool zeroed;

	pt_prezero(zone, 8);
	pb_shrink_start(&run, zone, PB_ALLOC_WMARK_LOW, false);
	for (i = 0; i < 4; i++) {
		pfn = pb_shrink_next(&run);
		KUNIT_ASSERT_NE(test, pfn, PB_NO_PFN);
		dirty(pfn, PB_PAGEBLOCK_NR);
		f->pages -= PB_PAGEBLOCK_NR;
	}
	KUNIT_ASSERT_EQ(test, pt_grow(f, 2052, 4), 0);
	for (i = 0; i < 8; i++) {
		zeroed = false;
		pfn = alloc_zeroed(f, PB_PAGEBLOCK_ORDER, &zeroed);
		KUNIT_ASSERT_NE(test, pfn, PB_NO_PFN);
		KUNIT_EXPECT_TRUE(test, !zeroed || frames_zero(pfn, 1) == 1);
		nr_zeroed += zeroed;
	}
	KUNIT_EXPECT_EQ(test, nr_zeroed, 4UL);
}

static int dirty_target(struct pt_movers *m, struct pt_object *o, unsigned long src,
			unsigned long dst)
{
	dirty(dst, 1UL << o->order);
	return 0;
}

/* Blocks that compaction has moved objects to are not reported as zeroed. */
static void test_compaction_target(struct kunit *test)
{
	struct pt_fixture *f = zero_pool(test, &pt_small);
	struct pb_request rq = pt_rq(2, PB_MOVABLE, 0);
	struct pb_zone *zone = pt_zone(f, 0, PB_ZONE_NORMAL);
	struct pt_movers *m = pt_movers(test, f, PT_PAGEBLOCK(7) / 4);
	unsigned long i, pfn;
	bool zeroed;

	pt_prezero(zone, 8);
	m->hook = dirty_target;
	for (i = 0; i < m->nr; i++) {
		KUNIT_ASSERT_TRUE(test, pt_object_alloc(m, &m->obj[i], &rq, i + 1));
		dirty(m->obj[i].pfn, 4);
	}
	/* The smallest free block, and so the first target, is a zeroed word. */
	for (i = 256; i >= PB_WORD_NR; i /= 2)
		KUNIT_ASSERT_NE(test, pb_alloc_contig(&f->pool, &rq, i, NULL), PB_NO_PFN);
	for (i = 0; i < m->nr; i++)
		if (i / 32 % 4 == 0)
			KUNIT_ASSERT_TRUE(test, pt_object_free(m, &m->obj[i]));
	rq.order = 9;
	rq.flags = PB_ALLOC_WAIT;
	KUNIT_ASSERT_EQ(test, pb_compact_pages(&f->pool, &rq, PB_COMPACT_PRIO_SYNC_FULL, &pfn),
			PB_COMPACT_SUCCESS);
	KUNIT_EXPECT_GT(test, pb_zone_event(zone, PB_PGMIGRATE_SUCCESS), 0UL);
	pt_verify(test, f, NULL);
	dirty(pfn, PB_PAGEBLOCK_NR);
	pt_free(test, f, pfn, 9);
	pt_movers_free_all(test, m);
	pt_drain_all(&f->pool);
	while ((pfn = alloc_zeroed(f, 2, &zeroed)) != PB_NO_PFN)
		KUNIT_ASSERT_TRUE(test, !zeroed || frames_zero(pfn, 4) == 4);
}

/*
 * A pool with one object in an otherwise zeroed pageblock, and free frames elsewhere to move it
 * to.
 */
static struct pt_movers *one_in_the_way(struct kunit *test, struct pt_fixture *f)
{
	struct pt_movers *m = pt_movers(test, f, PB_PAGEBLOCK_NR / 2 + 1);
	struct pb_request rq = pt_rq(2, PB_MOVABLE, 0);
	unsigned long i;

	pt_prezero(pt_zone(f, 0, PB_ZONE_NORMAL), 8);
	for (i = 0; i < 5; i++)
		KUNIT_ASSERT_NE(test, pt_alloc(f, 9), PB_NO_PFN);
	for (i = 0; i < m->nr; i++)
		KUNIT_ASSERT_TRUE(test, pt_object_alloc(m, &m->obj[i], &rq, i + 1));
	for (i = 0; i < m->nr - 1; i += 2)
		KUNIT_ASSERT_TRUE(test, pt_object_free(m, &m->obj[i]));
	return m;
}

/*
 * A block or range that was emptied by moving objects has no zeroed bit left in it, and its request
 * is told so.
 */
static void test_emptied_areas(struct kunit *test)
{
	struct pb_request rq = pt_rq(9, PB_MOVABLE, 0);
	struct pt_fixture *f = zero_pool(test, &pt_small);
	struct pt_movers *m = one_in_the_way(test, f);
	bool zeroed = true;	/* as a first try of the request has left it */
	unsigned long pfn;

	rq.flags = PB_ALLOC_WAIT;
	rq.zeroed = &zeroed;
	KUNIT_EXPECT_EQ(test, pb_compact_pages(&f->pool, &rq, PB_COMPACT_PRIO_SYNC_FULL, &pfn),
			PB_COMPACT_SUCCESS);
	KUNIT_EXPECT_FALSE(test, zeroed);
	pt_verify(test, f, NULL);
	pt_movers_free_all(test, m);

	f = zero_pool(test, &pt_small);
	m = one_in_the_way(test, f);
	zeroed = true;
	pfn = pb_alloc_contig(&f->pool, &rq, PB_PAGEBLOCK_NR, NULL);
	KUNIT_EXPECT_NE(test, pfn, PB_NO_PFN);
	KUNIT_EXPECT_EQ(test, pb_zone_event(pt_zone(f, 0, PB_ZONE_NORMAL), PB_PGMIGRATE_SUCCESS),
			4UL);
	KUNIT_EXPECT_FALSE(test, zeroed);
	pt_verify(test, f, NULL);
	pt_movers_free_all(test, m);
}

/* Random requests with zeroing in between: a block reported as zeroed is zero. */
static void test_never_falsely(struct kunit *test)
{
	struct pt_fixture *f = zero_pool(test, &pt_small);
	struct pb_zone *zone = pt_zone(f, 0, PB_ZONE_NORMAL);
	unsigned long held[40] = { }, i, pfn, hits = 0;
	struct pt_rand r = { .state = pt_seed };
	struct pb_request rq;
	unsigned int k, order;
	bool zeroed;

	for (i = 0; i < pt_rounds * 500; i++) {
		k = pt_below(&r, ARRAY_SIZE(held));
		if (held[k]) {
			pt_free(test, f, held[k] >> 8, held[k] & 255);
			held[k] = 0;
		} else {
			order = pt_below(&r, 4) ? pt_below(&r, 4) : pt_below(&r, 11);
			rq = pt_rq(order, pt_below(&r, PB_PCPTYPES), 0);
			rq.zeroed = pt_below(&r, 4) ? &zeroed : NULL;
			zeroed = false;
			pfn = pb_alloc(&f->pool, &rq, NULL);
			if (pfn == PB_NO_PFN)
				continue;
			held[k] = pfn << 8 | order;
			if (zeroed) {
				KUNIT_ASSERT_EQ(test, frames_zero(pfn, 1UL << order), 1UL << order);
				hits++;
			}
			dirty(pfn, 1UL << order);
		}
		if (pt_below(&r, 10) == 0) {
			pt_drain_all(&f->pool);
			pt_prezero(zone, 2);
		}
		if (i % 1000 == 0)
			pt_verify(test, f, NULL);
	}
	KUNIT_EXPECT_GT(test, hits, 0UL);
	kunit_info(test, "%lu blocks known to be zero\n", hits);
}

/* State of threads that allocate, write and free while thread 0 zeroes ahead. */
struct mix {
	struct pt_fixture	*f;
	unsigned long		rounds;
	atomic_long_t		false_zero;
	atomic_long_t		hits;
};

static void use_or_zero(void *arg, unsigned int n)
{
	struct pt_rand r = { .state = pt_seed + n };
	struct pb_request rq = pt_rq(0, PB_MOVABLE, 0);
	unsigned long i, pfn;
	struct mix *mix = arg;
	bool zeroed;

	rq.zeroed = &zeroed;
	for (i = 0; i < mix->rounds; i++) {
		if (!n) {
			pt_prezero(pt_zone(mix->f, 0, PB_ZONE_NORMAL), 1);
			continue;
		}
		rq.order = pt_below(&r, 2) ? 9 : pt_below(&r, 10);
		zeroed = false;
		pfn = pb_alloc(&mix->f->pool, &rq, NULL);
		if (pfn == PB_NO_PFN)
			continue;
		if (zeroed && frames_zero(pfn, 1UL << rq.order) != 1UL << rq.order)
			atomic_long_inc(&mix->false_zero);
		if (zeroed)
			atomic_long_inc(&mix->hits);
		dirty(pfn, 1UL << rq.order);
		pb_free(&mix->f->pool, pfn, rq.order);
		if (pt_below(&r, 8) == 0)
			pb_pcp_drain_local(&mix->f->pool);
		if (i % 64 == 0)
			pt_resched(&mix->f->pool);
	}
}

static void test_concurrent_use(struct kunit *test)
{
	struct mix *mix = kunit_kzalloc(test, sizeof(*mix), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, mix);
	mix->f = zero_pool(test, &pt_small);
	mix->rounds = pt_rounds * 100;
	KUNIT_ASSERT_EQ(test, pt_run_threads(pt_nr_cpus(), use_or_zero, mix), 0);
	KUNIT_EXPECT_EQ(test, atomic_long_read(&mix->false_zero), 0L);
	kunit_info(test, "%ld blocks known to be zero\n", atomic_long_read(&mix->hits));
	pt_expect_all_free(test, mix->f);
}

static struct kunit_case prezero_cases[] = {
	KUNIT_CASE_PARAM(test_known_once, orders_gen_params),
	KUNIT_CASE(test_nothing_by_default),
	KUNIT_CASE(test_budget_and_watermarks),
	KUNIT_CASE(test_one_dirty_frame),
	KUNIT_CASE(test_ranges_and_misuse),
	KUNIT_CASE(test_share),
	KUNIT_CASE(test_misses_are_told),
	KUNIT_CASE(test_frame_in_use),
	KUNIT_CASE(test_list_frame_in_use),
	KUNIT_CASE(test_left_the_pool),
	KUNIT_CASE(test_compaction_target),
	KUNIT_CASE(test_emptied_areas),
	KUNIT_CASE(test_never_falsely),
	KUNIT_CASE(test_concurrent_use),
	{}
};

static struct kunit_suite prezero_suite = {
	.name = "pbuddy_prezero",
	.init = pt_init,
	.exit = pt_exit,
	.test_cases = prezero_cases,
};

kunit_test_suite(prezero_suite);
