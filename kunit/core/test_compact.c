// SPDX-License-Identifier: GPL-2.0-only
/*
 * compact.c and movable.c: compaction moves blocks so that a free block of the wanted order
 * results. The cases fragment a pool with objects of movers.h, compact, and check the captured
 * block, the number of migrations and that every object still has its contents.
 * test_compact_capture.c tests that the request gets the block, test_compact_bounds.c when
 * compaction ends early, test_compact_contig.c ranges.
 */
#include "core/base/pfn.h"
#include "core/compact/compact.h"
#include "core/compact/movable.h"
#include "core/index/pageblock.h"
#include "core/zone/zone.h"
#include "movers.h"
#include "params.h"
#include "threads.h"

/* Pools that hold two blocks of an order and do not start at a multiple of it. */
static const struct pb_range for_13[] = { PT_RANGE(512 * 8 - 3, 2 * 16 + 7, 0, NORMAL) };
static const struct pb_range for_16[] = { PT_RANGE(512 * 8 - 3, 2 * 128 + 7, 0, NORMAL) };
static const struct pb_range for_18[] = { PT_RANGE(512 * 8 - 3, 2 * 512 + 7, 0, NORMAL) };

static const struct pt_layout layout_for[] = {
	[13] = { .name = "78 MiB", .ranges = for_13, .nr_ranges = 1, .nr_nodes = 1 },
	[16] = { .name = "526 MiB", .ranges = for_16, .nr_ranges = 1, .nr_nodes = 1 },
	[18] = { .name = "2 GiB", .ranges = for_18, .nr_ranges = 1, .nr_nodes = 1 },
};

static const unsigned int orders[] = { 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 13, 16, 18 };

static void describe_order(const unsigned int *order, char *desc)
{
	snprintf(desc, KUNIT_PARAM_DESC_SIZE, "order %u", *order);
}

KUNIT_ARRAY_PARAM(orders, orders, describe_order);

/* A pool of single frames, half of them free at random: compaction gains a block of any order. */
static void test_gains_a_block(struct kunit *test)
{
	unsigned int order = *(const unsigned int *)test->param_value;
	struct pt_movers *m = pt_fragmented(test, order > 11 ? &layout_for[order] : &pt_small, 0,
					 order == 11 ? 60 : 50);
	unsigned long held = pt_movers_check(test, m), pfn;

	/*
	 * Allocate the small blocks that are free by chance, so that only compaction can give
	 * one.
	 */
	while (order < 9 && (pfn = pt_alloc(m->f, order)) != PB_NO_PFN)
		held++;
	KUNIT_ASSERT_EQ(test, pt_compact(m, order, PB_COMPACT_PRIO_SYNC_FULL, &pfn),
			PB_COMPACT_SUCCESS);
	KUNIT_ASSERT_NE(test, pfn, PB_NO_PFN);
	KUNIT_EXPECT_TRUE(test, IS_ALIGNED(pfn, 1UL << order));
	KUNIT_EXPECT_EQ(test, pb_page_order(&m->f->pool, pfn), (int)order);
	pt_movers_check(test, m);
	pt_verify(test, m->f, NULL);
	pt_free(test, m->f, pfn, order);
}

static void test_moves_blocks(struct kunit *test)
{
	unsigned int order = *(const unsigned int *)test->param_value;
	struct pt_movers *m;
	unsigned long pfn;

	/*
	 * With larger blocks a pageblock may be free by chance, and compaction then moves
	 * nothing.
	 */
	if (order > 4)
		return;
	m = pt_fragmented(test, &pt_small, order, 50);
	KUNIT_ASSERT_EQ(test, pt_compact(m, 9, PB_COMPACT_PRIO_SYNC_LIGHT, &pfn),
			PB_COMPACT_SUCCESS);
	KUNIT_EXPECT_GT(test, atomic_long_read(&m->migrations), 0L);
	pt_movers_check(test, m);
	pt_free(test, m->f, pfn, 9);
	pt_movers_free_all(test, m);
	pt_expect_all_free(test, m->f);
}

/*
 * Sources are the emptiest pageblocks and targets the fullest ones, so that few frames are
 * moved.
 */
static void test_moves_little(struct kunit *test)
{
	struct pt_fixture *f = pt_pool(test, &pt_small);
	struct pt_movers *m = pt_movers(test, f, f->pages);
	unsigned long block, i, pfn, left[8] = { 300, 500, 100, 450, 510, 20, 300, 500 };
	struct pb_request rq = pt_waiting_rq(0);

	for (i = 0; i < f->pages; i++)
		KUNIT_ASSERT_TRUE(test, pt_object_alloc(m, &m->obj[i], &rq, i));
	for (i = 0; i < f->pages; i++) {
		block = (m->obj[i].pfn - PT_PAGEBLOCK(2048)) >> PB_PAGEBLOCK_ORDER;
		if (pb_frame_in_pageblock(m->obj[i].pfn) >= left[block])
			pt_object_free(m, &m->obj[i]);
	}
	pt_drain_all(&f->pool);
	KUNIT_ASSERT_EQ(test, pt_compact(m, 9, PB_COMPACT_PRIO_ASYNC, &pfn), PB_COMPACT_SUCCESS);
	KUNIT_EXPECT_EQ(test, pfn, PT_PAGEBLOCK(2048 + 5));
	KUNIT_EXPECT_EQ(test, atomic_long_read(&m->migrations), 20L);
	for (i = 0; i < f->pages; i++)
		if (m->obj[i].pfn != PB_NO_PFN)
			left[(m->obj[i].pfn - PT_PAGEBLOCK(2048)) >> PB_PAGEBLOCK_ORDER]--;
	/*
	 * Two frames fill the fullest pageblock; the rest goes to the next ones, none to emptier
	 * ones.
	 */
	KUNIT_EXPECT_EQ(test, left[4], -2UL);
	KUNIT_EXPECT_EQ(test, left[1] + left[7], -18UL);
	KUNIT_EXPECT_EQ(test, left[3], 0UL);
	KUNIT_EXPECT_EQ(test, left[2], 0UL);
	KUNIT_EXPECT_EQ(test, left[0], 0UL);
	KUNIT_EXPECT_EQ(test, left[6], 0UL);
	KUNIT_EXPECT_EQ(test, pt_compact(m, 9, PB_COMPACT_PRIO_ASYNC, &pfn), PB_COMPACT_SUCCESS);
	KUNIT_EXPECT_EQ(test, pfn, PT_PAGEBLOCK(2048 + 2));
	KUNIT_EXPECT_EQ(test, atomic_long_read(&m->migrations), 120L);
	pt_movers_check(test, m);
}

/* Makes one frame of each pageblock but @block unmovable: its first object, or its last one. */
static void pin_all_but(struct kunit *test, struct pt_movers *m, unsigned int block, bool last)
{
	unsigned long i, pfn, pinned = BIT(block);

	for (i = 0; i < m->nr; i++) {
		pfn = m->obj[last ? m->nr - 1 - i : i].pfn;
		if (pfn == PB_NO_PFN || test_bit((pfn >> 9) - 2048, &pinned))
			continue;
		KUNIT_ASSERT_EQ(test, pb_movable_clear(&m->f->pool, pfn), 0);
		__set_bit((pfn >> 9) - 2048, &pinned);
	}
	KUNIT_ASSERT_EQ(test, pinned, 255UL);
}

/*
 * A pageblock with a frame that is not movable is no source: none of its frames is moved. All
 * pageblocks are of one fullness class, so that all are targets. The pinned ones are emptier and
 * come first.
 */
static void test_leaves_pinned_blocks(struct kunit *test)
{
	unsigned int used[8], block, i;
	struct pt_movers *m;
	unsigned long pfn;

	for (block = 0; block < 8; block++) {
		for (i = 0; i < 8; i++)
			used[i] = i == block ? 252 : 232;
		m = pt_partly_used(test, used);
		pin_all_but(test, m, block, block % 2);
		KUNIT_ASSERT_EQ(test, pt_compact(m, 9, PB_COMPACT_PRIO_SYNC_LIGHT, &pfn),
				PB_COMPACT_SUCCESS);
		KUNIT_EXPECT_EQ(test, pfn, PT_PAGEBLOCK(2048 + block));
		KUNIT_EXPECT_EQ(test, atomic_long_read(&m->migrations), 252L);
		KUNIT_EXPECT_LE(test, pt_compact(m, 9, PB_COMPACT_PRIO_SYNC_FULL, &pfn),
				PB_COMPACT_PARTIAL_SKIPPED);
		KUNIT_EXPECT_EQ(test, pfn, PB_NO_PFN);
		KUNIT_EXPECT_EQ(test, atomic_long_read(&m->migrations), 252L);
		pt_movers_check(test, m);
	}
}

/*
 * After failed migrations every object is where it was; migrations that succeed still gain
 * blocks.
 */
static void test_failing_migrations(struct kunit *test)
{
	struct pt_movers *m = pt_fragmented(test, &pt_small, 0, 50);
	unsigned long held = pt_movers_check(test, m), pfn;
	struct pb_zone *zone = pt_movers_zone(m);

	m->fail = 1;
	KUNIT_EXPECT_EQ(test, pt_compact(m, 9, PB_COMPACT_PRIO_ASYNC, &pfn),
			PB_COMPACT_PARTIAL_SKIPPED);
	KUNIT_EXPECT_EQ(test, pfn, PB_NO_PFN);
	KUNIT_EXPECT_EQ(test, pt_compact(m, 9, PB_COMPACT_PRIO_SYNC_FULL, &pfn),
			PB_COMPACT_PARTIAL_SKIPPED);
	KUNIT_EXPECT_EQ(test, pt_movers_check(test, m), held);
	KUNIT_EXPECT_EQ(test, pb_zone_event(zone, PB_PGMIGRATE_SUCCESS), 0UL);
	KUNIT_EXPECT_GT(test, pb_zone_event(zone, PB_PGMIGRATE_FAIL), 0UL);
	pt_expect_allocated(test, m->f, held);
	/* Every third migration fails: later passes move the rest. */
	m->fail = 3;
	KUNIT_EXPECT_TRUE(test, pb_compact_zone_fully(zone) > 0);
	KUNIT_EXPECT_EQ(test, pt_movers_check(test, m), held);
	m->fail = 0;
	pt_movers_free_all(test, m);
	pt_expect_all_free(test, m->f);
}

static unsigned long uncharged;

static enum pb_release count_uncharged(struct pb_pool *pool, unsigned long pfn,
				       unsigned int order)
{
	uncharged += 1UL << order;
	return PB_RELEASE_FREE;
}

/* As an ops->migrate does: the CHECKED bit moves with the contents. */
static void move_checked(struct pt_movers *m, unsigned long src, unsigned long dst)
{
	if (!pb_checked(&m->f->pool, src))
		return;
	pb_set_checked(&m->f->pool, dst);
	pb_clear_checked(&m->f->pool, src);
}

/* The owner frees its block during the migration: at the source, or at the target. */
static int free_while_moved(struct pt_movers *m, struct pt_object *o, unsigned long src,
			    unsigned long dst)
{
	bool *to_dst = m->arg;

	o->pfn = PB_NO_PFN;
	if (*to_dst)
		move_checked(m, src, dst);
	if (pb_free(&m->f->pool, *to_dst ? dst : src, o->order) != PB_BAD_NONE)
		return -EINVAL;
	return *to_dst ? 0 : -EAGAIN;
}

static void test_freed_while_moved(struct kunit *test)
{
	bool to_dst;

	for (to_dst = false;; to_dst = true) {
		struct pt_movers *m = pt_fragmented(test, &pt_small, 2, 50);
		unsigned long held = pt_movers_check(test, m), pfn, i;
		enum pb_compact_result ret;

		m->f->pool.ops.release = count_uncharged;
		uncharged = 0;
		for (i = 0; i < m->nr; i++)
			if (m->obj[i].pfn != PB_NO_PFN)
				pb_set_checked(&m->f->pool, m->obj[i].pfn);
		m->hook = free_while_moved;
		m->arg = &to_dst;
		ret = pt_compact(m, 9, PB_COMPACT_PRIO_SYNC_FULL, &pfn);
		KUNIT_EXPECT_EQ(test, ret, PB_COMPACT_SUCCESS);
		m->hook = NULL;
		KUNIT_EXPECT_LT(test, pt_movers_check(test, m), held);
		KUNIT_EXPECT_EQ(test, pt_movers_check(test, m),
				held - atomic_long_read(&m->migrations));
		KUNIT_EXPECT_EQ(test, uncharged,
				(unsigned long)atomic_long_read(&m->migrations) << 2);
		if (pfn != PB_NO_PFN)
			pt_free(test, m->f, pfn, 9);
		pt_movers_free_all(test, m);
		pt_expect_all_free(test, m->f);
		KUNIT_EXPECT_EQ(test, pb_zone_event(pt_movers_zone(m), PB_PGALLOC),
				pb_zone_event(pt_movers_zone(m), PB_PGFREE));
		if (to_dst)
			break;
	}
}

/* ---- Accounted blocks ---- */

/* Every third migration fails, after the charge was copied to the target. */
static int move_charge(struct pt_movers *m, struct pt_object *o, unsigned long src,
		       unsigned long dst)
{
	if (atomic_long_read(&m->migrations) % 3) {
		move_checked(m, src, dst);
		return 0;
	}
	if (pb_checked(&m->f->pool, src))
		pb_set_checked(&m->f->pool, dst);
	return -EAGAIN;
}

/* A charge moves with the contents and is uncharged once. */
static void test_moves_charges(struct kunit *test)
{
	struct pt_movers *m = pt_fragmented(test, &pt_small, 0, 50);
	unsigned long i, charged = 0, pfn = PB_NO_PFN;

	m->f->pool.ops.release = count_uncharged;
	uncharged = 0;
	for (i = 0; i < m->nr; i++) {
		if (m->obj[i].pfn == PB_NO_PFN)
			continue;
		pb_set_checked(&m->f->pool, m->obj[i].pfn);
		charged++;
	}
	m->hook = move_charge;
	pt_compact(m, 9, PB_COMPACT_PRIO_SYNC_FULL, &pfn);
	KUNIT_EXPECT_GT(test, atomic_long_read(&m->migrations), 0L);
	KUNIT_EXPECT_EQ(test, uncharged, 0UL);
	pt_movers_check(test, m);
	if (pfn != PB_NO_PFN)
		pt_free(test, m->f, pfn, 9);
	pt_movers_free_all(test, m);
	KUNIT_EXPECT_EQ(test, uncharged, charged);
	pt_expect_all_free(test, m->f);
}

/* The emptiest pageblock is pinned: the next one is not emptied into it. */
static void test_not_to_emptier(struct kunit *test)
{
	struct pt_fixture *f = pt_pool(test, &pt_small);
	struct pt_movers *m = pt_movers(test, f, f->pages);
	unsigned long block, i, pfn, left[8] = { 512, 512, 512, 512, 512, 512, 300, 100 };
	struct pb_request rq = pt_waiting_rq(0);

	for (i = 0; i < f->pages; i++)
		KUNIT_ASSERT_TRUE(test, pt_object_alloc(m, &m->obj[i], &rq, i));
	for (i = 0; i < f->pages; i++) {
		block = (m->obj[i].pfn - PT_PAGEBLOCK(2048)) >> PB_PAGEBLOCK_ORDER;
		if (pb_frame_in_pageblock(m->obj[i].pfn) >= left[block])
			pt_object_free(m, &m->obj[i]);
	}
	pt_drain_all(&f->pool);
	KUNIT_ASSERT_EQ(test, pb_movable_clear(&f->pool, PT_PAGEBLOCK(2048 + 7)), 0);
	KUNIT_EXPECT_LT(test, pt_compact(m, 9, PB_COMPACT_PRIO_ASYNC, &pfn), PB_COMPACT_SUCCESS);
	KUNIT_EXPECT_EQ(test, pfn, PB_NO_PFN);
	KUNIT_EXPECT_EQ(test, atomic_long_read(&m->migrations), 0L);
}

/*
 * Asynchronous compaction leaves pageblocks of other types alone, synchronous compaction does
 * not.
 */
static void test_types(struct kunit *test)
{
	struct pt_movers *m = pt_fragmented(test, &pt_small, 0, 50);
	struct pb_dir_entry *entry;
	unsigned long pfn, i;

	for (i = 0; i < 8; i++) {
		entry = pb_dir_entry(&m->f->pool, PT_PAGEBLOCK(2048 + i));
		if (i < 5)
			pb_entry_set_migratetype(entry, PB_RECLAIMABLE);
	}
	pb_zone_index_update_all(pt_movers_zone(m));
	KUNIT_EXPECT_EQ(test, pt_compact(m, 9, PB_COMPACT_PRIO_ASYNC, &pfn), PB_COMPACT_SUCCESS);
	KUNIT_EXPECT_GE(test, pfn, PT_PAGEBLOCK(2048 + 5));
	KUNIT_EXPECT_LT(test, pt_compact(m, 9, PB_COMPACT_PRIO_ASYNC, &pfn), PB_COMPACT_SUCCESS);
	pt_movers_check(test, m);
}

static void test_score(struct kunit *test)
{
	struct pt_movers *m = pt_fragmented(test, &pt_gig, 0, 50);
	struct pt_fixture *f = pt_pool(test, &pt_small);
	unsigned int before = pb_fragmentation_score(&m->f->pool, 0), after;

	KUNIT_EXPECT_EQ(test, pb_fragmentation_score(&f->pool, 0), 0U);
	KUNIT_EXPECT_EQ(test, before, 100U);
	KUNIT_EXPECT_TRUE(test, pb_compact_node_wanted(&m->f->pool, 0, 20));
	KUNIT_EXPECT_FALSE(test, pb_compact_node_wanted(&m->f->pool, 0, 0));
	KUNIT_EXPECT_FALSE(test, pb_compact_node_wanted(&f->pool, 0, 100));
	/* Proactive compaction ends when the score is down to 80. */
	pb_compact_node(&m->f->pool, 0, 20);
	after = pb_fragmentation_score(&m->f->pool, 0);
	KUNIT_EXPECT_LE(test, after, 80U);
	KUNIT_EXPECT_GE(test, after, 78U);
	KUNIT_EXPECT_FALSE(test, pb_compact_node_wanted(&m->f->pool, 0, 20));
	pb_compact_node(&m->f->pool, 0, 0);
	KUNIT_EXPECT_EQ(test, pb_fragmentation_score(&m->f->pool, 0), after);
	pb_compact_node(&m->f->pool, 0, 100);
	KUNIT_EXPECT_LE(test, pb_fragmentation_score(&m->f->pool, 0), 5U);
	KUNIT_EXPECT_EQ(test, pb_zone_event(pt_movers_zone(m), PB_KCOMPACTD_WAKE), 2UL);
	pt_movers_check(test, m);
}

/* Gains every free pageblock that is possible with this many free frames. */
static void test_whole_zone(struct kunit *test)
{
	struct pt_movers *m = pt_fragmented(test, &pt_gig, 0, 50);
	unsigned long free = pb_zone_free_pages(pt_movers_zone(m)), gained;

	gained = pb_compact_zone_fully(pt_movers_zone(m));
	KUNIT_EXPECT_EQ(test, gained, free / PB_PAGEBLOCK_NR);
	KUNIT_EXPECT_EQ(test, pb_compact_zone_fully(pt_movers_zone(m)), 0UL);
	pt_movers_check(test, m);
	pt_movers_free_all(test, m);
	pt_expect_all_free(test, m->f);
}

/* Gains no more than the caller has asked for, and counts the pages it has moved. */
static void test_most(struct kunit *test)
{
	struct pt_movers *m = pt_fragmented(test, &pt_gig, 0, 50);
	struct pb_zone *zone = pt_movers_zone(m);
	unsigned long before = pb_zone_free_pageblocks(zone), moved = 0;
	unsigned long counted = pb_zone_event(zone, PB_PGMIGRATE_SUCCESS);

	KUNIT_EXPECT_EQ(test, pb_compact_zone_most(zone, 0, &moved), 0UL);
	KUNIT_EXPECT_EQ(test, moved, 0UL);
	KUNIT_EXPECT_EQ(test, pb_compact_zone_most(zone, 3, &moved), 3UL);
	KUNIT_EXPECT_EQ(test, pb_zone_free_pageblocks(zone), before + 3);
	KUNIT_EXPECT_GT(test, moved, 0UL);
	KUNIT_EXPECT_EQ(test, pb_zone_event(zone, PB_PGMIGRATE_SUCCESS) - counted, moved);
	pt_movers_check(test, m);
	pt_movers_free_all(test, m);
	pt_expect_all_free(test, m->f);
}

/* Threads allocate, free and compact at once, while objects move. */
struct compact_load {
	struct pt_movers	*m;
	unsigned long		rounds;
	atomic_long_t		errors;
	atomic_long_t		captured;
};

static void compact_once(struct compact_load *load, struct pt_rand *r)
{
	struct pb_request rq = pt_waiting_rq(1 + pt_below(r, 11));
	unsigned long pfn;

	if (pt_below(r, 4) == 0) {
		pb_compact_node(&load->m->f->pool, 0, 1 + pt_below(r, 100));
		return;
	}
	pb_compact_pages(&load->m->f->pool, &rq, pt_below(r, 3), &pfn);
	if (pfn == PB_NO_PFN)
		return;
	atomic_long_inc(&load->captured);
	if (pb_free(&load->m->f->pool, pfn, rq.order) != PB_BAD_NONE)
		atomic_long_inc(&load->errors);
}

static void alloc_free_compact(void *arg, unsigned int n)
{
	struct compact_load *load = arg;
	struct pt_rand r = { .state = pt_seed * 17 + n };
	struct pt_movers *m = load->m;
	struct pb_request rq = pt_waiting_rq(0);
	unsigned long i;

	rq.flags = 0;
	for (i = 0; i < load->rounds; i++) {
		struct pt_object *o = &m->obj[(u32)pt_rand(&r) % m->nr];

		pt_resched(&m->f->pool);
		if (pt_below(&r, 64) == 0)
			compact_once(load, &r);
		if (!pt_object_trylock(o))
			continue;
		rq.order = pt_below(&r, 8) ? 0 : pt_below(&r, 6);
		if (o->pfn == PB_NO_PFN)
			pt_object_alloc(m, o, &rq, pt_rand(&r));
		else if (!pt_object_free(m, o))
			atomic_long_inc(&load->errors);
		pt_object_unlock(o);
	}
}

static void test_concurrent_compact(struct kunit *test)
{
	struct compact_load *load = kunit_kzalloc(test, sizeof(*load), GFP_KERNEL);
	struct pt_fixture *f = pt_pool(test, &pt_small);

	KUNIT_ASSERT_NOT_NULL(test, load);
	load->m = pt_movers(test, f, f->pages * 3 / 4);
	load->m->fail = 50;
	load->rounds = pt_rounds * 500;
	KUNIT_ASSERT_EQ(test, pt_run_threads(pt_nr_cpus(), alloc_free_compact, load), 0);
	KUNIT_EXPECT_EQ_MSG(test, atomic_long_read(&load->errors), 0L, "seed %lu", pt_seed);
	KUNIT_EXPECT_GT(test, atomic_long_read(&load->captured), 0L);
	KUNIT_EXPECT_GT(test, atomic_long_read(&load->m->migrations), 0L);
	kunit_info(test, "%ld migrations, %ld after a free, %ld blocks captured\n",
		   atomic_long_read(&load->m->migrations), atomic_long_read(&load->m->lost),
		   atomic_long_read(&load->captured));
	pt_movers_check(test, load->m);
	pt_movers_free_all(test, load->m);
	pt_expect_all_free(test, f);
}

static struct kunit_case compact_cases[] = {
	KUNIT_CASE_PARAM(test_gains_a_block, orders_gen_params),
	KUNIT_CASE_PARAM(test_moves_blocks, orders_gen_params),
	KUNIT_CASE(test_moves_little),
	KUNIT_CASE(test_leaves_pinned_blocks),
	KUNIT_CASE(test_failing_migrations),
	KUNIT_CASE(test_freed_while_moved),
	KUNIT_CASE(test_moves_charges),
	KUNIT_CASE(test_not_to_emptier),
	KUNIT_CASE(test_types),
	KUNIT_CASE(test_score),
	KUNIT_CASE(test_whole_zone),
	KUNIT_CASE(test_most),
	KUNIT_CASE(test_concurrent_compact),
	{}
};

static struct kunit_suite compact_suite = {
	.name = "pbuddy_compact",
	.init = pt_init,
	.exit = pt_exit,
	.test_cases = compact_cases,
};

kunit_test_suite(compact_suite);
