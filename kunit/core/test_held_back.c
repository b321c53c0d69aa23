// SPDX-License-Identifier: GPL-2.0-only
/*
 * An index that is held back: a CPU has stopped while it was updating the index. Its pageblock is
 * in the bitmaps of an older class or type, and other CPUs leave their updates to it. A case stops
 * the updater of a pageblock by raising its update count, and expects every request to be served
 * from what is free, without the updater.
 */
#include "core/base/pfn.h"
#include "core/cache/drain.h"
#include "core/compact/target.h"
#include "core/index/bitmap.h"
#include "core/index/updates.h"
#include "core/zone/fallback.h"
#include "core/zone/highatomic.h"
#include "core/zone/zone.h"
#include "fixture.h"
#include "params.h"

static const unsigned int orders[] = { 0, 1, 5, 6, 7, 8, 9, 10 };

static void describe_order(const unsigned int *order, char *desc)
{
	snprintf(desc, KUNIT_PARAM_DESC_SIZE, "order %u", *order);
}

KUNIT_ARRAY_PARAM(orders, orders, describe_order);

static struct pb_zone *normal(struct pt_fixture *f)
{
	return pt_zone(f, 0, PB_ZONE_NORMAL);
}

static void stop_updater(struct pb_zone *zone, unsigned long pfn)
{
	unsigned long index = pb_pageblock_index(zone, pfn);

	pb_update_begin(zone, index, &zone->ctl[index]);
}

static void resume_updater(struct pb_zone *zone, unsigned long pfn)
{
	atomic_set(&zone->ctl[pb_pageblock_index(zone, pfn)].update, 0);
	pb_update_end(zone);
	pb_index_update(zone, pb_pageblock_index(zone, pfn));
}

static unsigned long zone_alloc(struct pb_zone *zone, unsigned int order, enum pb_migratetype mt)
{
	unsigned long pfn;

	preempt_disable();
	pfn = pb_zone_alloc(zone, order, mt, NULL);
	preempt_enable();
	return pfn;
}

static enum pb_migratetype type_of(struct pt_fixture *f, unsigned long pfn)
{
	return pb_entry_migratetype(pb_dir_entry(&f->pool, pfn)->value);
}

/* Allocates the pageblock that a search finds first, and leaves its bit in the index. */
static unsigned long stale_pageblock(struct kunit *test, struct pb_zone *zone,
				     enum pb_migratetype mt)
{
	unsigned long index = pb_free_area_find_free(&zone->area[mt]), pfn;

	KUNIT_ASSERT_NE(test, index, PB_NO_PAGEBLOCK);
	pfn = pb_pageblock_pfn(zone, index);
	stop_updater(zone, pfn);
	KUNIT_ASSERT_EQ(test, zone_alloc(zone, PB_PAGEBLOCK_ORDER, mt), pfn);
	KUNIT_ASSERT_EQ(test, pb_free_area_find_free(&zone->area[mt]), index);
	return pfn;
}

/* A stale first candidate hides no other free pageblock, from any order up to the pageblock's. */
static void test_stale_candidate(struct kunit *test)
{
	unsigned int order = *(const unsigned int *)test->param_value;
	struct pt_fixture *f = pt_pool(test, &pt_small);
	struct pb_zone *zone = normal(f);
	unsigned long stale = stale_pageblock(test, zone, PB_MOVABLE), pfn;

	pfn = zone_alloc(zone, order, PB_MOVABLE);
	KUNIT_ASSERT_NE(test, pfn, PB_NO_PFN);
	pb_zone_free_noevent(zone, pfn, order);
	resume_updater(zone, stale);
	pb_zone_free_noevent(zone, stale, PB_PAGEBLOCK_ORDER);
	pt_expect_all_free(test, f);
}

/* Fallback converts a pageblock that is free, not the stale one. */
static void test_fallback_free_pageblock(struct kunit *test)
{
	struct pt_fixture *f = pt_pool(test, &pt_small);
	struct pb_zone *zone = normal(f);
	unsigned long stale = stale_pageblock(test, zone, PB_MOVABLE);

	KUNIT_EXPECT_TRUE(test, pt_claim_pageblock(zone, 9, PB_UNMOVABLE, 0));
	KUNIT_EXPECT_EQ(test, type_of(f, stale), PB_MOVABLE);
	KUNIT_EXPECT_NE(test, pb_free_area_find_free(&zone->area[PB_UNMOVABLE]), PB_NO_PAGEBLOCK);
	resume_updater(zone, stale);
	pb_zone_free_noevent(zone, stale, PB_PAGEBLOCK_ORDER);
	pt_expect_all_free(test, f);
}

/* The same for pageblocks of which half is free. */
static void test_fallback_partial(struct kunit *test)
{
	struct pt_fixture *f = pt_pool(test, &pt_small);
	struct pb_zone *zone = normal(f);
	unsigned long pfns[8], stale, i;

	for (i = 0; i < 8; i++)
		pfns[i] = zone_alloc(zone, PB_PAGEBLOCK_ORDER, PB_MOVABLE);
	stale = PT_PAGEBLOCK(2048);
	pb_zone_free_noevent(zone, stale, 8);
	pb_zone_free_noevent(zone, PT_PAGEBLOCK(2049), 8);
	stop_updater(zone, stale);
	preempt_disable();
	KUNIT_EXPECT_EQ(test, pb_zone_alloc(zone, 8, PB_MOVABLE, NULL) & ~511UL, stale);
	preempt_enable();
	KUNIT_EXPECT_TRUE(test, pt_claim_pageblock(zone, 3, PB_UNMOVABLE, 0));
	KUNIT_EXPECT_EQ(test, type_of(f, stale), PB_MOVABLE);
	KUNIT_EXPECT_EQ(test, type_of(f, PT_PAGEBLOCK(2049)), PB_UNMOVABLE);
	resume_updater(zone, stale);
	pb_zone_free_noevent(zone, PT_PAGEBLOCK(2049) + 256, 8);
	for (i = 0; i < 8; i++)
		if (pfns[i] != PT_PAGEBLOCK(2049))
			pb_zone_free_noevent(zone, pfns[i], PB_PAGEBLOCK_ORDER);
	pt_expect_all_free(test, f);
}

/* One reserved pageblock has left the reserve, the index still has it; another can leave. */
static void test_highatomic(struct kunit *test)
{
	struct pt_fixture *f = pt_pool(test, &pt_gig);
	struct pb_zone *zone = normal(f);
	unsigned long pfns[2], stale, i;

	for (i = 0; i < 2; i++) {
		pfns[i] = zone_alloc(zone, PB_PAGEBLOCK_ORDER, PB_MOVABLE);
		pb_highatomic_reserve(zone, pfns[i], PB_PAGEBLOCK_ORDER);
	}
	for (i = 0; i < 2; i++)
		pb_zone_free_noevent(zone, pfns[i], PB_PAGEBLOCK_ORDER);
	stale = min(pfns[0], pfns[1]);
	stop_updater(zone, stale);
	KUNIT_EXPECT_TRUE(test, pb_highatomic_unreserve_zone(zone, PB_MOVABLE, true));
	KUNIT_EXPECT_EQ(test, type_of(f, stale), PB_MOVABLE);
	KUNIT_EXPECT_TRUE(test, pb_highatomic_unreserve_zone(zone, PB_MOVABLE, true));
	KUNIT_EXPECT_EQ(test, atomic_long_read(&zone->nr_reserved_highatomic), 0L);
	resume_updater(zone, stale);
	pt_expect_all_free(test, f);
}

/* A reserved pageblock that is in no bitmap can leave the reserve, too. */
static void test_highatomic_hidden(struct kunit *test)
{
	struct pt_fixture *f = pt_pool(test, &pt_gig);
	struct pb_zone *zone = normal(f);
	unsigned long pfn = zone_alloc(zone, PB_PAGEBLOCK_ORDER, PB_MOVABLE);

	pb_highatomic_reserve(zone, pfn, PB_PAGEBLOCK_ORDER);
	stop_updater(zone, pfn);
	pb_zone_free_noevent(zone, pfn, PB_PAGEBLOCK_ORDER);
	KUNIT_EXPECT_TRUE(test, pb_highatomic_unreserve_zone(zone, PB_MOVABLE, true));
	resume_updater(zone, pfn);
	pt_expect_all_free(test, f);
}

/* A pageblock that has another type by now hides no migration target. */
static void test_compact_target(struct kunit *test)
{
	unsigned int order = *(const unsigned int *)test->param_value;
	struct pt_fixture *f = pt_pool(test, &pt_small);
	struct pb_compact_control cc = {
		.zone = normal(f), .order = 9, .nr = 1, .align = 1, .frames = 512,
		.types = BIT(PB_MOVABLE), .to_free_pageblock = true,
		.limit = PB_NR_FULLNESS - 1,
	};
	unsigned long pfns[8], stale = PT_PAGEBLOCK(2048), pfn, i;
	struct pb_compact_blocks targets;

	if (order > PB_PAGEBLOCK_ORDER)
		kunit_skip(test, "no migration target");
	for (i = 0; i < PB_INDEXED_TYPES; i++)
		cc.target[i] = PB_NO_PAGEBLOCK;
	for (i = 0; i < 8; i++)
		pfns[i] = zone_alloc(cc.zone, PB_PAGEBLOCK_ORDER, PB_MOVABLE);
	for (i = 0; i < 2; i++)
		pb_zone_free_noevent(cc.zone, PT_PAGEBLOCK(2048 + i), order);
	stop_updater(cc.zone, stale);
	pb_entry_set_migratetype(pb_dir_entry(&f->pool, stale), PB_UNMOVABLE);
	pfn = PB_NO_PFN;
	if (pb_compact_target(&cc, order)) {
		targets = pb_compact_take_targets(&cc, 1);
		pfn = targets.pfn + __ffs64(targets.heads);
	}
	KUNIT_EXPECT_EQ(test, pfn & ~511UL, PT_PAGEBLOCK(2049));
	pb_entry_set_migratetype(pb_dir_entry(&f->pool, stale), PB_MOVABLE);
	resume_updater(cc.zone, stale);
	if (pfn != PB_NO_PFN)
		*pb_order_map(&f->pool, pfn) = 0;
	preempt_disable();
	pb_zone_alloc(cc.zone, order, PB_MOVABLE, NULL);
	if (pfn == PB_NO_PFN)
		pb_zone_alloc(cc.zone, order, PB_MOVABLE, NULL);
	preempt_enable();
	for (i = 0; i < 8; i++)
		pb_zone_free_noevent(cc.zone, pfns[i], PB_PAGEBLOCK_ORDER);
	pt_expect_all_free(test, f);
}

/* All pageblocks are allocated; these blocks are freed while the updater is stopped. */
static unsigned long hidden_block(struct pt_fixture *f, unsigned int order)
{
	struct pb_zone *zone = normal(f);
	unsigned long pfn = PT_PAGEBLOCK(2048), last = pfn + (1UL << order) - 1, i;

	for (i = 0; i < 8; i++)
		zone_alloc(zone, PB_PAGEBLOCK_ORDER, PB_MOVABLE);
	stop_updater(zone, pfn);
	if (order > PB_PAGEBLOCK_ORDER)
		stop_updater(zone, last);
	pb_zone_free_noevent(zone, pfn, order);
	return pfn;
}

static void free_all(struct kunit *test, struct pt_fixture *f, unsigned int order)
{
	struct pb_zone *zone = normal(f);
	unsigned long pfn = PT_PAGEBLOCK(2048), i;

	resume_updater(zone, pfn);
	if (order > PB_PAGEBLOCK_ORDER)
		resume_updater(zone, PT_PAGEBLOCK(2049));
	for (i = 0; i < 8; i++) {
		if (order > PB_PAGEBLOCK_ORDER && i < 2)
			continue;
		if (!i && order == PB_PAGEBLOCK_ORDER)
			continue;
		for (pfn = PT_PAGEBLOCK(2048 + i); pfn < PT_PAGEBLOCK(2049 + i); pfn++)
			if (i || pfn >= PT_PAGEBLOCK(2048) + (1UL << order))
				pb_zone_free_noevent(zone, pfn, 0);
	}
	pt_expect_all_free(test, f);
}

/*
 * What is freed while the updater is stopped serves requests of each type, whether they may sleep
 * or not.
 */
static void test_hidden_block(struct kunit *test)
{
	unsigned int order = *(const unsigned int *)test->param_value, mt;
	struct pt_fixture *f = pt_pool(test, &pt_small);
	unsigned long hidden = hidden_block(f, order), pfn;
	struct pb_request rq;
	int wait;

	for (mt = 0; mt < PB_PCPTYPES; mt++) {
		for (wait = 0; wait < 2; wait++) {
			rq = pt_rq(order, mt, 0);
			rq.flags = wait ? PB_ALLOC_WAIT : 0;
			pfn = pb_alloc(&f->pool, &rq, NULL);
			KUNIT_EXPECT_EQ(test, pfn, hidden);
			if (pfn == PB_NO_PFN)
				continue;
			KUNIT_EXPECT_EQ(test, pb_page_order(&f->pool, pfn), (int)order);
			*pb_order_map(&f->pool, pfn) = 0;
			pb_zone_free_noevent(normal(f), pfn, order);
		}
	}
	free_all(test, f, order);
}

static void test_hidden_range(struct kunit *test)
{
	unsigned int order = *(const unsigned int *)test->param_value;
	struct pt_fixture *f = pt_pool(test, &pt_small);
	unsigned long hidden = hidden_block(f, order), nr = 1UL << order, pfn;
	struct pb_request rq = pt_rq(0, PB_UNMOVABLE, 0);

	nr -= nr > 2;		/* with a tail */
	pfn = pb_alloc_contig(&f->pool, &rq, nr, NULL);
	KUNIT_EXPECT_EQ(test, pfn, hidden);
	if (pfn != PB_NO_PFN)
		pb_free_contig(&f->pool, pfn, nr);
	free_all(test, f, order);
}

/* A summary bit is clear over a word that is not zero: a CPU has stopped between BC1 and BC2. */
static void test_hidden_word(struct kunit *test)
{
	unsigned int order = *(const unsigned int *)test->param_value;
	struct pt_fixture *f = pt_pool(test, &pt_gig);
	struct pb_free_area *area = &normal(f)->area[PB_MOVABLE];
	unsigned long first = pb_bitmap_next(&area->free_pageblocks, 0);
	unsigned long top = area->free_pageblocks.level[1][0], pfn;

	stop_updater(normal(f), pb_pageblock_pfn(normal(f), first));
	area->free_pageblocks.level[1][0] = 0;
	KUNIT_ASSERT_EQ(test, pb_free_area_find_free(area), PB_NO_PAGEBLOCK);
	pfn = pt_alloc(f, order);
	KUNIT_EXPECT_NE(test, pfn, PB_NO_PFN);
	area->free_pageblocks.level[1][0] |= top;
	resume_updater(normal(f), pb_pageblock_pfn(normal(f), first));
	if (pfn != PB_NO_PFN)
		pt_free(test, f, pfn, order);
	pt_expect_all_free(test, f);
}

/* A CPU has stopped after it changed the only pageblock's type, before the index followed. */
static void test_conversion_starves_no_type(struct kunit *test)
{
	struct pt_fixture *f = pt_pool(test, &pt_one_pageblock);
	struct pb_zone *zone = normal(f);
	unsigned long start = zone->start_pfn, pfn;
	unsigned int mt;

	stop_updater(zone, start);
	pb_entry_set_migratetype(pb_dir_entry(&f->pool, start), PB_RECLAIMABLE);
	for (mt = 0; mt < PB_PCPTYPES; mt++) {
		pfn = pt_alloc_mt(f, 0, mt);
		KUNIT_EXPECT_NE(test, pfn, PB_NO_PFN);
		if (pfn != PB_NO_PFN)
			pt_free(test, f, pfn, 0);
	}
	resume_updater(zone, start);
	pt_expect_all_free(test, f);
}

/* The update of a merged order 8 is deferred while a CPU drains into its pageblock. */
static void test_deferred_update(struct kunit *test)
{
	struct pt_fixture *f = pt_pool(test, &pt_one_pageblock);
	struct pb_zone *zone = normal(f);
	unsigned long start = zone_alloc(zone, PB_PAGEBLOCK_ORDER, PB_MOVABLE), pfn, i;
	struct pb_index_ctl *ctl = &zone->ctl[pb_pageblock_index(zone, start)];

	KUNIT_ASSERT_NE(test, start, PB_NO_PFN);
	for (i = 0; i < 4; i++)
		pb_zone_free_mask_unindexed(zone, start + i * PB_WORD_NR, ~0ULL, 0);
	pb_zone_account(zone, 4 * PB_WORD_NR);
	KUNIT_ASSERT_LT(test, pb_class_largest(ctl->index_class), 8);
	pfn = pt_alloc(f, 8);
	KUNIT_EXPECT_EQ(test, pfn, start);
	if (pfn != PB_NO_PFN)
		pt_free(test, f, pfn, 8);
	pb_zone_free_noevent(zone, start + 256, 8);
	pt_expect_all_free(test, f);
}

static bool note_group(struct pb_zone *zone, unsigned long first, void *arg)
{
	*(u64 *)arg |= BIT_ULL(first / PB_GROUP_NR);
	return false;
}

static u64 touched_groups(struct pb_zone *zone)
{
	u64 groups = 0;

	pb_touched_any(zone, note_group, &groups);
	return groups;
}

/* A group is touched by an update, and stays so until a clean finds that none is in progress. */
static void test_touched_groups(struct kunit *test)
{
	struct pb_zone *zone = normal(pt_pool(test, &pt_gig));
	unsigned long first = pb_pageblock_index(zone, zone->start_pfn);
	unsigned long group = first / PB_GROUP_NR, stopped = first + PB_GROUP_NR;
	unsigned int i;
	long cleans;

	pb_touched_clean(zone);
	KUNIT_EXPECT_EQ(test, touched_groups(zone), 0ULL);
	cleans = pb_touched_cleans(zone);
	pb_touched_clean(zone);
	KUNIT_EXPECT_EQ(test, pb_touched_cleans(zone), cleans);
	stop_updater(zone, pb_pageblock_pfn(zone, stopped));
	pb_index_update_isolated(zone, first);
	KUNIT_EXPECT_EQ(test, touched_groups(zone), 3ULL << group);
	pb_touched_clean(zone);
	KUNIT_EXPECT_EQ(test, touched_groups(zone), 2ULL << group);
	KUNIT_EXPECT_GT(test, pb_touched_cleans(zone), cleans);
	/* A group that stays touched is not counted. */
	cleans = pb_touched_cleans(zone);
	pb_touched_clean(zone);
	KUNIT_EXPECT_EQ(test, touched_groups(zone), 2ULL << group);
	KUNIT_EXPECT_EQ(test, pb_touched_cleans(zone), cleans);
	/* Another CPU is stopped while it cleans. */
	atomic_long_inc(&zone->touched_cleans);
	for (i = 0; i < 2; i++)
		atomic_or(PB_CHECKING, &zone->touched[group + i]);
	cleans = pb_touched_cleans(zone);
	pb_touched_clean(zone);
	KUNIT_EXPECT_EQ(test, touched_groups(zone), 3ULL << group);
	KUNIT_EXPECT_EQ(test, pb_touched_cleans(zone), cleans);
	for (i = 0; i < 2; i++)
		atomic_andnot(PB_CHECKING, &zone->touched[group + i]);
	atomic_long_dec(&zone->touched_cleans);
	resume_updater(zone, pb_pageblock_pfn(zone, stopped));
	pb_touched_clean(zone);
	KUNIT_EXPECT_EQ(test, touched_groups(zone), 0ULL);
}

/* Whether updates are in progress, and whether one has begun since. */
static void test_updates_none(struct kunit *test)
{
	struct pb_zone *zone = normal(pt_pool(test, &pt_small));
	unsigned long first = pb_pageblock_index(zone, zone->start_pfn), begun, before;

	KUNIT_EXPECT_TRUE(test, pb_updates_none(zone, &begun));
	KUNIT_EXPECT_EQ(test, pb_updates_begun(zone), begun);
	before = begun;
	stop_updater(zone, zone->start_pfn);
	KUNIT_EXPECT_FALSE(test, pb_updates_none(zone, &begun));
	KUNIT_EXPECT_EQ(test, begun, before + 1);
	/* One that leaves its change to the updater ends at once. */
	KUNIT_EXPECT_FALSE(test, pb_update_begin(zone, first, &zone->ctl[first]));
	KUNIT_EXPECT_FALSE(test, pb_updates_none(zone, &begun));
	KUNIT_EXPECT_EQ(test, begun, before + 2);
	resume_updater(zone, zone->start_pfn);
	KUNIT_EXPECT_TRUE(test, pb_updates_none(zone, &begun));
}

static struct kunit_case held_back_cases[] = {
	KUNIT_CASE_PARAM(test_stale_candidate, orders_gen_params),
	KUNIT_CASE(test_fallback_free_pageblock),
	KUNIT_CASE(test_fallback_partial),
	KUNIT_CASE(test_highatomic),
	KUNIT_CASE(test_highatomic_hidden),
	KUNIT_CASE_PARAM(test_compact_target, orders_gen_params),
	KUNIT_CASE_PARAM(test_hidden_block, orders_gen_params),
	KUNIT_CASE_PARAM(test_hidden_range, orders_gen_params),
	KUNIT_CASE_PARAM(test_hidden_word, orders_gen_params),
	KUNIT_CASE(test_conversion_starves_no_type),
	KUNIT_CASE(test_deferred_update),
	KUNIT_CASE(test_touched_groups),
	KUNIT_CASE(test_updates_none),
	{}
};

static struct kunit_suite held_back_suite = {
	.name = "pbuddy_held_back",
	.init = pt_init,
	.exit = pt_exit,
	.test_cases = held_back_cases,
};

kunit_test_suite(held_back_suite);
