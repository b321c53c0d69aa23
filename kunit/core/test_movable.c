// SPDX-License-Identifier: GPL-2.0-only
/*
 * movable.c: the state of a movable block, which its owner (sets, clears, frees) and compaction
 * (isolates, puts back) change by atomic operations. The cases run sequences of these operations
 * on one block and check every result, also for accounted and memalloc blocks.
 */
#include "core/cache/fastpath.h"
#include "core/cache/freelist.h"
#include "core/compact/isolate.h"
#include "core/compact/movable.h"
#include "core/zone/zone.h"
#include "fixture.h"
#include "params.h"
#include "threads.h"

/* The operations on a block, and their expected results. */
enum act { END, SET, CLEAR, ISOLATE, PUTBACK, FREE };

struct story {
	const char *name;
	unsigned int order;
	struct {
		enum act act;
		int result;
	} act[6];
	bool freed;	/* the frames are free afterwards */
	bool owed;	/* freed while isolated: the mover frees the frames */
};

static const struct story stories[] = {
	{ "not movable", 0, { { ISOLATE, false } } },
	{ "set twice", 3, { { SET, 0 }, { SET, 0 }, { CLEAR, 0 }, { ISOLATE, false } } },
	{ "cleared twice", 0, { { SET, 0 }, { CLEAR, 0 }, { CLEAR, 0 } } },
	{ "isolated twice", 2, { { SET, 0 }, { ISOLATE, true }, { ISOLATE, false } } },
	{ "put back", 9, { { SET, 0 }, { ISOLATE, true }, { PUTBACK, true }, { ISOLATE, true } } },
	{ "set while moved", 0, { { SET, 0 }, { ISOLATE, true }, { SET, -EBUSY } } },
	{ "cleared while moved", 0, { { SET, 0 }, { ISOLATE, true }, { CLEAR, -EBUSY } } },
	{ "freed", 4, { { SET, 0 }, { FREE, PB_BAD_NONE }, { ISOLATE, false } }, .freed = true },
	{ "freed, then put back", 5, { { SET, 0 }, { ISOLATE, true }, { FREE, PB_BAD_NONE },
				       { PUTBACK, false } }, .owed = true },
	{ "too large", 10, { { SET, -EINVAL } } },
};

static void describe_story(const struct story *story, char *desc)
{
	snprintf(desc, KUNIT_PARAM_DESC_SIZE, "%s", story->name);
}

KUNIT_ARRAY_PARAM(stories, stories, describe_story);

static int perform(struct pt_fixture *f, enum act act, unsigned long pfn, unsigned int order)
{
	switch (act) {
	case SET:
		return pb_movable_set(&f->pool, pfn);
	case CLEAR:
		return pb_movable_clear(&f->pool, pfn);
	case ISOLATE:
		return pb_movable_isolate(&f->pool, pfn, order);
	case PUTBACK:
		return pb_movable_putback(&f->pool, pfn);
	case FREE:
		return pb_free(&f->pool, pfn, order);
	default:
		return -EINVAL;
	}
}

/* Frees the frames of a block that was freed while isolated, as the mover does. */
static void free_block(struct pt_fixture *f, unsigned long pfn, unsigned int order)
{
	preempt_disable();
	xchg(pb_order_map(&f->pool, pfn), 0);
	pb_zone_free_noevent(pb_pfn_zone(&f->pool, pfn), pfn, order);
	preempt_enable();
}

static void test_states(struct kunit *test)
{
	const struct story *s = test->param_value;
	struct pt_fixture *f = pt_pool(test, &pt_small);
	unsigned long pfn = pt_alloc(f, s->order);
	unsigned int i;

	KUNIT_ASSERT_NE(test, pfn, PB_NO_PFN);
	for (i = 0; s->act[i].act != END; i++)
		KUNIT_EXPECT_EQ_MSG(test, perform(f, s->act[i].act, pfn, s->order),
				    s->act[i].result, "operation %u", i);
	pt_expect_allocated(test, f, s->freed ? 0 : 1UL << s->order);
	if (!s->freed)
		KUNIT_EXPECT_EQ(test, pb_page_order(&f->pool, pfn), (int)s->order);
	if (s->owed)
		free_block(f, pfn, s->order);
	if (s->freed || s->owed)
		pt_expect_all_free(test, f);
}

/* While a free is left to the mover, another free is a double free and changes nothing. */
static void test_double_free_while_moved(struct kunit *test)
{
	struct pt_fixture *f = pt_pool(test, &pt_small);
	unsigned long pfn = pt_alloc(f, 2);

	KUNIT_ASSERT_EQ(test, pb_movable_set(&f->pool, pfn), 0);
	KUNIT_ASSERT_TRUE(test, pb_movable_isolate(&f->pool, pfn, 2));
	KUNIT_EXPECT_EQ(test, pb_free(&f->pool, pfn, 2), PB_BAD_NONE);
	KUNIT_EXPECT_EQ(test, pb_free(&f->pool, pfn, 2), PB_BAD_DOUBLE);
	pt_expect_bad(test, f, PB_BAD_DOUBLE, pfn);
	KUNIT_EXPECT_FALSE(test, pb_movable_putback(&f->pool, pfn));
	free_block(f, pfn, 2);
	KUNIT_EXPECT_EQ(test, pb_free(&f->pool, pfn, 2), PB_BAD_DOUBLE);
	pt_expect_bad(test, f, PB_BAD_DOUBLE, pfn);
	pt_expect_all_free(test, f);
}

/* Flags of a block do not hide misuse: wrong order, tail, pb_split(). */
static void test_misuse(struct kunit *test)
{
	struct pt_fixture *f = pt_pool(test, &pt_small);
	unsigned long pfn = pt_alloc(f, 3);

	KUNIT_ASSERT_EQ(test, pb_movable_set(&f->pool, pfn), 0);
	KUNIT_EXPECT_EQ(test, pb_free(&f->pool, pfn, 2), PB_BAD_ORDER);
	pt_expect_bad(test, f, PB_BAD_ORDER, pfn);
	KUNIT_EXPECT_EQ(test, pb_free(&f->pool, pfn + 1, 0), PB_BAD_TAIL);
	pt_expect_bad(test, f, PB_BAD_TAIL, pfn + 1);
	KUNIT_EXPECT_EQ(test, pb_split(&f->pool, pfn, 3), PB_BAD_ORDER);
	pt_expect_bad(test, f, PB_BAD_ORDER, pfn);
	KUNIT_EXPECT_FALSE(test, pb_movable_isolate(&f->pool, pfn, 2));
	KUNIT_EXPECT_EQ(test, pb_movable_set(&f->pool, pfn + 1), -EINVAL);
	KUNIT_EXPECT_EQ(test, pb_movable_clear(&f->pool, pfn + 1), -EINVAL);
	KUNIT_EXPECT_EQ(test, pb_movable_set(&f->pool, 3), -EINVAL);
	KUNIT_EXPECT_EQ(test, pb_movable_clear(&f->pool, 3), -EINVAL);
	KUNIT_EXPECT_EQ(test, pb_page_order(&f->pool, pfn), 3);
	KUNIT_EXPECT_EQ(test, pb_free(&f->pool, pfn, 3), PB_BAD_NONE);
	pt_expect_all_free(test, f);
}

/*
 * Thread 0 owns frames: it allocates and frees one without flags, then a movable one. Thread 1
 * isolates them as compaction does. Between its read of the order map and its compare-exchange the
 * frame may have been freed, allocated, and freed as a frame without flags, by plain stores.
 */
struct owner_and_mover {
	struct pt_fixture	*f;
	unsigned long		pfn;		/* last frame of thread 0 */
	atomic_long_t		isolated;
	atomic_long_t		freed_meanwhile;
	atomic_long_t		errors;
	atomic_t		done;
};

static bool own_once(struct owner_and_mover *c, bool movable)
{
	unsigned long pfn = pt_alloc(c->f, 0);

	if (pfn == PB_NO_PFN)
		return false;
	WRITE_ONCE(c->pfn, pfn);
	if (movable && pb_movable_set(&c->f->pool, pfn))
		return false;
	pt_resched(&c->f->pool);
	return pb_free(&c->f->pool, pfn, 0) == PB_BAD_NONE;
}

static void own(struct owner_and_mover *c)
{
	unsigned long i;

	for (i = 0; i < pt_rounds * 1000; i++) {
		if (atomic_long_read(&c->isolated) > (long)pt_rounds * 25)
			break;
		if (!own_once(c, false) || !own_once(c, true))
			atomic_long_inc(&c->errors);
	}
	atomic_set(&c->done, 1);
}

static void own_and_move(void *arg, unsigned int n)
{
	struct owner_and_mover *c = arg;
	unsigned long pfn;

	if (!n)
		return own(c);
	while (!atomic_read(&c->done)) {
		pt_resched(&c->f->pool);
		pfn = READ_ONCE(c->pfn);
		if (pfn == PB_NO_PFN || !pb_movable_isolate(&c->f->pool, pfn, 0))
			continue;
		atomic_long_inc(&c->isolated);
		if (pb_movable_putback(&c->f->pool, pfn))
			continue;
		atomic_long_inc(&c->freed_meanwhile);
		free_block(c->f, pfn, 0);
	}
}

static void test_concurrent_isolate_and_free(struct kunit *test)
{
	struct owner_and_mover *c = kunit_kzalloc(test, sizeof(*c), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, c);
	c->f = pt_pool(test, &pt_small);
	c->pfn = PB_NO_PFN;
	KUNIT_ASSERT_EQ(test, pt_run_threads(2, own_and_move, c), 0);
	KUNIT_EXPECT_EQ(test, atomic_long_read(&c->errors), 0L);
	kunit_info(test, "%ld isolated, %ld freed meanwhile\n", atomic_long_read(&c->isolated),
		   atomic_long_read(&c->freed_meanwhile));
	pt_expect_all_free(test, c->f);
}

/* ---- Accounted blocks ---- */

/* Arguments of ops->release; the cases have one thread. */
static unsigned long uncharged, last_uncharged;

static enum pb_release uncharge(struct pb_pool *pool, unsigned long pfn, unsigned int order)
{
	uncharged += 1UL << order;
	last_uncharged = pfn;
	return PB_RELEASE_FREE;
}

static struct pt_fixture *accounting_pool(struct kunit *test)
{
	struct pt_fixture *f = pt_pool(test, &pt_small);

	f->pool.ops.release = uncharge;
	uncharged = 0;
	return f;
}

/* A refused free uncharges nothing, the correct free uncharges once. */
static void test_accounted(struct kunit *test)
{
	struct pt_fixture *f = accounting_pool(test);
	unsigned long pfn = pt_alloc(f, 3);

	KUNIT_ASSERT_NE(test, pfn, PB_NO_PFN);
	pb_set_checked(&f->pool, pfn);
	KUNIT_EXPECT_EQ(test, pb_page_order(&f->pool, pfn), 3);
	KUNIT_EXPECT_EQ(test, pb_free(&f->pool, pfn, 2), PB_BAD_ORDER);
	pt_expect_bad(test, f, PB_BAD_ORDER, pfn);
	KUNIT_EXPECT_EQ(test, pb_free(&f->pool, pfn + 1, 0), PB_BAD_TAIL);
	pt_expect_bad(test, f, PB_BAD_TAIL, pfn + 1);
	KUNIT_EXPECT_EQ(test, uncharged, 0UL);
	KUNIT_EXPECT_EQ(test, pb_free(&f->pool, pfn, 3), PB_BAD_NONE);
	KUNIT_EXPECT_EQ(test, uncharged, 8UL);
	KUNIT_EXPECT_EQ(test, last_uncharged, pfn);
	KUNIT_EXPECT_EQ(test, pb_free(&f->pool, pfn, 3), PB_BAD_DOUBLE);
	pt_expect_bad(test, f, PB_BAD_DOUBLE, pfn);
	KUNIT_EXPECT_EQ(test, uncharged, 8UL);
	pt_expect_all_free(test, f);
}

/*
 * A block with the memalloc mark is not movable and counts as pinned. Making it movable removes
 * the mark; then it is isolated and freed like any other. ops->release is called once for each
 * allocation.
 */
static void test_memalloc(struct kunit *test)
{
	struct pt_fixture *f = accounting_pool(test);
	struct pb_request rq = pt_rq(3, PB_MOVABLE, 0);
	struct pb_area_scan scan;
	struct pb_area area = { .nr = 1, .frames = PB_PAGEBLOCK_NR };
	struct pb_zone *zone;
	unsigned long pfn;

	rq.flags = PB_ALLOC_NO_WATERMARKS;
	pfn = pb_alloc(&f->pool, &rq, NULL);
	KUNIT_ASSERT_NE(test, pfn, PB_NO_PFN);
	zone = pb_pfn_zone(&f->pool, pfn);
	area.first = pb_pageblock_index(zone, pfn);
	pb_set_checked(&f->pool, pfn);
	KUNIT_EXPECT_TRUE(test, pb_page_is_memalloc(&f->pool, pfn));
	KUNIT_EXPECT_FALSE(test, pb_movable_isolate(&f->pool, pfn, 3));
	KUNIT_EXPECT_EQ(test, pb_movable_clear(&f->pool, pfn), 0);
	KUNIT_EXPECT_TRUE(test, pb_area_scan(zone, &area, &scan));
	KUNIT_EXPECT_EQ(test, scan.pinned, 8UL);
	KUNIT_EXPECT_EQ(test, scan.movable, 0UL);
	KUNIT_EXPECT_EQ(test, pb_free(&f->pool, pfn, 3), PB_BAD_NONE);
	KUNIT_EXPECT_EQ(test, uncharged, 8UL);

	pfn = pb_alloc(&f->pool, &rq, NULL);
	KUNIT_ASSERT_NE(test, pfn, PB_NO_PFN);
	pb_set_checked(&f->pool, pfn);
	KUNIT_EXPECT_EQ(test, pb_movable_set(&f->pool, pfn), 0);
	KUNIT_EXPECT_FALSE(test, pb_page_is_memalloc(&f->pool, pfn));
	KUNIT_EXPECT_TRUE(test, pb_movable_isolate(&f->pool, pfn, 3));
	KUNIT_EXPECT_FALSE(test, pb_page_is_memalloc(&f->pool, pfn));
	KUNIT_EXPECT_EQ(test, pb_free(&f->pool, pfn, 3), PB_BAD_NONE);
	KUNIT_EXPECT_FALSE(test, pb_page_is_memalloc(&f->pool, pfn));
	KUNIT_EXPECT_EQ(test, pb_movable_set(&f->pool, pfn), -EINVAL);
	KUNIT_EXPECT_EQ(test, pb_movable_clear(&f->pool, pfn), -EBUSY);
	KUNIT_EXPECT_EQ(test, pb_free(&f->pool, pfn, 3), PB_BAD_DOUBLE);
	pt_expect_bad(test, f, PB_BAD_DOUBLE, pfn);
	KUNIT_EXPECT_EQ(test, uncharged, 8UL);
	pt_expect_allocated(test, f, 8);
	KUNIT_EXPECT_FALSE(test, pb_movable_putback(&f->pool, pfn));
	KUNIT_EXPECT_TRUE(test, pb_checked(&f->pool, pfn));
	free_block(f, pfn, 3);
	pt_expect_all_free(test, f);
}

#define NR_SINGLE	100

/* Some frames of a bulk or a range are accounted: either kind of free uncharges these only. */
static void test_accounted_among_others(struct kunit *test)
{
	struct pt_fixture *f = accounting_pool(test);
	struct pb_request rq = pt_rq(0, PB_UNMOVABLE, 0);
	unsigned long pfns[NR_SINGLE], pfn, i;

	KUNIT_ASSERT_EQ(test, pb_alloc_bulk(&f->pool, &rq, NR_SINGLE, pfns, NULL),
			(unsigned long)NR_SINGLE);
	for (i = 0; i < NR_SINGLE; i += 3)
		pb_set_checked(&f->pool, pfns[i]);
	pb_free_bulk(&f->pool, NR_SINGLE, pfns);
	KUNIT_EXPECT_EQ(test, uncharged, (unsigned long)DIV_ROUND_UP(NR_SINGLE, 3));
	pfn = pb_alloc_contig(&f->pool, &rq, NR_SINGLE, NULL);
	KUNIT_ASSERT_NE(test, pfn, PB_NO_PFN);
	for (i = 0; i < NR_SINGLE; i += 4)
		pb_set_checked(&f->pool, pfn + i);
	uncharged = 0;
	KUNIT_EXPECT_EQ(test, pb_free_contig(&f->pool, pfn, NR_SINGLE), PB_BAD_NONE);
	KUNIT_EXPECT_EQ(test, uncharged, NR_SINGLE / 4UL);
	pt_expect_all_free(test, f);
}

/* An accounted block that is freed while isolated is uncharged by the mover, not by the free. */
static void test_accounted_and_isolated(struct kunit *test)
{
	struct pt_fixture *f = accounting_pool(test);
	unsigned long pfn = pt_alloc(f, 2);

	KUNIT_ASSERT_NE(test, pfn, PB_NO_PFN);
	pb_set_checked(&f->pool, pfn);
	KUNIT_ASSERT_EQ(test, pb_movable_set(&f->pool, pfn), 0);
	KUNIT_ASSERT_TRUE(test, pb_movable_isolate(&f->pool, pfn, 2));
	KUNIT_EXPECT_TRUE(test, pb_movable_putback(&f->pool, pfn));
	KUNIT_EXPECT_EQ(test, pb_movable_clear(&f->pool, pfn), 0);
	KUNIT_EXPECT_TRUE(test, pb_checked(&f->pool, pfn));
	KUNIT_ASSERT_EQ(test, pb_movable_set(&f->pool, pfn), 0);
	KUNIT_ASSERT_TRUE(test, pb_movable_isolate(&f->pool, pfn, 2));
	KUNIT_EXPECT_EQ(test, pb_free(&f->pool, pfn, 2), PB_BAD_NONE);
	KUNIT_EXPECT_EQ(test, pb_free(&f->pool, pfn, 2), PB_BAD_DOUBLE);
	pt_expect_bad(test, f, PB_BAD_DOUBLE, pfn);
	KUNIT_EXPECT_EQ(test, uncharged, 0UL);
	KUNIT_EXPECT_TRUE(test, pb_checked(&f->pool, pfn));
	free_block(f, pfn, 2);
	pt_expect_all_free(test, f);
}

/* Blocks that ops->release keeps; the cases have one thread. */
static unsigned long kept_pfn;
static bool keep;

static enum pb_release keep_or_free(struct pb_pool *pool, unsigned long pfn, unsigned int order)
{
	if (kept_pfn == pfn)
		return PB_RELEASE_DOUBLE;
	if (!keep)
		return PB_RELEASE_FREE;
	kept_pfn = pfn;
	pb_keep_allocated(pool, pfn, order);
	return PB_RELEASE_KEPT;
}

static const unsigned int kept_orders[] = { 0, 3, 9, 10, 13 };

static void describe_order(const unsigned int *order, char *desc)
{
	snprintf(desc, KUNIT_PARAM_DESC_SIZE, "order %u", *order);
}

KUNIT_ARRAY_PARAM(kept_orders, kept_orders, describe_order);

/* A block that ops->release keeps stays allocated, cannot be moved, and is freed once. */
static void test_kept(struct kunit *test)
{
	unsigned int order = *(const unsigned int *)test->param_value;
	struct pt_fixture *f = pt_pool(test, &pt_gig);
	unsigned long pfn = pt_alloc(f, order);

	KUNIT_ASSERT_NE(test, pfn, PB_NO_PFN);
	f->pool.ops.release = keep_or_free;
	kept_pfn = PB_NO_PFN;
	keep = true;
	KUNIT_EXPECT_FALSE(test, pb_check_on_free(&f->pool, pfn, order + 1));
	KUNIT_EXPECT_TRUE(test, pb_check_on_free(&f->pool, pfn, order));
	if (order <= PB_PAGEBLOCK_ORDER)
		KUNIT_ASSERT_EQ(test, pb_movable_set(&f->pool, pfn), 0);
	KUNIT_EXPECT_EQ(test, pb_free(&f->pool, pfn, order), PB_BAD_NONE);
	pt_expect_allocated(test, f, 1UL << order);
	KUNIT_EXPECT_EQ(test, pb_page_order(&f->pool, pfn), (int)order);
	KUNIT_EXPECT_FALSE(test, pb_movable_isolate(&f->pool, pfn, order));
	KUNIT_EXPECT_FALSE(test, pb_free_fast(&f->pool, pfn, order));
	KUNIT_EXPECT_EQ(test, pb_free(&f->pool, pfn, order), PB_BAD_DOUBLE);
	pt_expect_bad(test, f, PB_BAD_DOUBLE, pfn);
	pt_expect_allocated(test, f, 1UL << order);
	keep = false;
	kept_pfn = PB_NO_PFN;
	KUNIT_EXPECT_EQ(test, pb_free(&f->pool, pfn, order), PB_BAD_NONE);
	pt_expect_all_free(test, f);
}

/* Each part of a split block is checked, by a free of one page, in bulk and of a range. */
static void test_split_checked(struct kunit *test)
{
	struct pt_fixture *f = accounting_pool(test);
	unsigned long pfn = pt_alloc(f, 3), pfns[2];

	KUNIT_ASSERT_NE(test, pfn, PB_NO_PFN);
	pb_set_checked(&f->pool, pfn);
	KUNIT_EXPECT_EQ(test, pb_split(&f->pool, pfn, 3), PB_BAD_NONE);
	KUNIT_EXPECT_EQ(test, pb_free(&f->pool, pfn, 0), PB_BAD_NONE);
	KUNIT_EXPECT_EQ(test, uncharged, 1UL);
	pfns[0] = pfn + 1;
	pfns[1] = pfn + 2;
	pb_free_bulk(&f->pool, 2, pfns);
	KUNIT_EXPECT_EQ(test, uncharged, 3UL);
	KUNIT_EXPECT_EQ(test, pb_free_contig(&f->pool, pfn + 3, 5), PB_BAD_NONE);
	KUNIT_EXPECT_EQ(test, uncharged, 8UL);
	pt_expect_all_free(test, f);
}

static struct kunit_case movable_cases[] = {
	KUNIT_CASE_PARAM(test_states, stories_gen_params),
	KUNIT_CASE(test_double_free_while_moved),
	KUNIT_CASE(test_misuse),
	KUNIT_CASE(test_concurrent_isolate_and_free),
	KUNIT_CASE(test_accounted),
	KUNIT_CASE(test_memalloc),
	KUNIT_CASE(test_accounted_among_others),
	KUNIT_CASE(test_accounted_and_isolated),
	KUNIT_CASE_PARAM(test_kept, kept_orders_gen_params),
	KUNIT_CASE(test_split_checked),
	{}
};

static struct kunit_suite movable_suite = {
	.name = "pbuddy_movable",
	.init = pt_init,
	.exit = pt_exit,
	.test_cases = movable_cases,
};

kunit_test_suite(movable_suite);
