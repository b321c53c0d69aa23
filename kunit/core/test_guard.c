// SPDX-License-Identifier: GPL-2.0-only
/*
 * guard.c: an allocated block of a higher (outer) order in which a block of the wanted order
 * lies between guard frames, which no request gets and no caller may free. The cases look at the
 * order map of the outer block, free and misuse the block, and list, charge and drop it.
 */
#include "core/alloc/guard.h"
#include "core/base/pfn.h"
#include "core/compact/movable.h"
#include "fixture.h"
#include "threads.h"

/* Allocates a block of order @outer and makes a guarded block of @order in it. */
static struct pb_guarded make(struct kunit *test, struct pt_fixture *f, unsigned int outer,
			      unsigned int order)
{
	unsigned long start = pt_alloc(f, outer), pfn;
	struct pb_guarded guarded = { };

	KUNIT_ASSERT_NE(test, start, PB_NO_PFN);
	pfn = pb_guard_set(&f->pool, start, outer, order);
	KUNIT_ASSERT_TRUE(test, pb_guard_find(&f->pool, pfn, order, outer, &guarded));
	KUNIT_EXPECT_EQ(test, guarded.pfn, pfn);
	KUNIT_EXPECT_EQ(test, guarded.order, order);
	KUNIT_EXPECT_EQ(test, guarded.start, start);
	KUNIT_EXPECT_EQ(test, guarded.end, start + (1UL << outer));
	return guarded;
}

/* The number of frames in the outer block that are not guards. */
static unsigned long not_guards(struct pt_fixture *f, const struct pb_guarded *guarded)
{
	unsigned long pfn, n = 0;

	for (pfn = guarded->start; pfn < guarded->end; pfn++)
		n += *pb_order_map(&f->pool, pfn) != PB_FRAME_GUARD;
	return n;
}

/*
 * For every pair of orders: the block is aligned, has guards behind it, and before it if the
 * outer order is at least two larger.
 */
static void test_layout(struct kunit *test)
{
	struct pt_fixture *f = pt_pool(test, &pt_small);
	unsigned int outer, order;
	struct pb_guarded guarded;

	for (outer = 1; outer <= PB_GUARD_ORDER_MAX; outer++) {
		for (order = 0; order < outer; order++) {
			guarded = make(test, f, outer, order);
			KUNIT_EXPECT_EQ(test, guarded.pfn & ((1UL << order) - 1), 0UL);
			KUNIT_EXPECT_EQ(test, guarded.pfn > guarded.start, order + 2 <= outer);
			KUNIT_EXPECT_LT(test, guarded.pfn + (1UL << order), guarded.end);
			KUNIT_EXPECT_EQ(test, not_guards(f, &guarded), 1UL << order);
			KUNIT_EXPECT_EQ(test, pb_page_order(&f->pool, guarded.pfn), (int)order);
			pt_expect_allocated(test, f, 1UL << outer);
			KUNIT_EXPECT_EQ(test, pb_guard_free(&f->pool, &guarded), PB_BAD_NONE);
			pt_expect_allocated(test, f, 0);
		}
	}
	pt_expect_all_free(test, f);
}

/* A block without guards is not found, nor is a wrong order or a PFN inside a guarded block. */
static void test_find(struct kunit *test)
{
	struct pt_fixture *f = pt_pool(test, &pt_small);
	unsigned long pfn = pt_alloc(f, 0), other = pt_alloc(f, 0);
	struct pb_guarded guarded = make(test, f, 4, 1), out;

	KUNIT_EXPECT_FALSE(test, pb_guard_find(&f->pool, pfn, 0, 4, &out));
	KUNIT_EXPECT_FALSE(test, pb_guard_find(&f->pool, 0, 0, 4, &out));
	KUNIT_EXPECT_FALSE(test, pb_guard_find(&f->pool, PB_NO_PFN, 0, 4, &out));
	KUNIT_EXPECT_FALSE(test, pb_guard_find(&f->pool, guarded.pfn, 0, 4, &out));
	KUNIT_EXPECT_FALSE(test, pb_guard_find(&f->pool, guarded.pfn + 1, 0, 4, &out));
	KUNIT_EXPECT_FALSE(test, pb_guard_find(&f->pool, guarded.start, 0, 4, &out));
	KUNIT_EXPECT_FALSE(test, pb_guard_find(&f->pool, guarded.pfn, 1, 1, &out));
	KUNIT_EXPECT_EQ(test, pb_guard_free(&f->pool, &guarded), PB_BAD_NONE);
	KUNIT_EXPECT_FALSE(test, pb_guard_find(&f->pool, guarded.pfn, 1, 4, &out));
	pt_free(test, f, pfn, 0);
	pt_free(test, f, other, 0);
	pt_expect_all_free(test, f);
}

/*
 * A guard frame cannot be freed. A second free of the guarded block is reported as a double
 * free.
 */
static void test_misuse(struct kunit *test)
{
	struct pt_fixture *f = pt_pool(test, &pt_small);
	struct pb_guarded guarded = make(test, f, 3, 0);
	unsigned long pfn = guarded.pfn;

	KUNIT_EXPECT_EQ(test, pb_page_order(&f->pool, guarded.start), -EINVAL);
	KUNIT_EXPECT_EQ(test, pb_free(&f->pool, guarded.start, 0), PB_BAD_GUARD);
	pt_expect_bad(test, f, PB_BAD_GUARD, guarded.start);
	KUNIT_EXPECT_EQ(test, pb_free(&f->pool, guarded.end - 1, 0), PB_BAD_GUARD);
	pt_expect_bad(test, f, PB_BAD_GUARD, guarded.end - 1);
	KUNIT_EXPECT_EQ(test, pb_free(&f->pool, guarded.start, 3), PB_BAD_GUARD);
	pt_expect_bad(test, f, PB_BAD_GUARD, guarded.start);
	KUNIT_EXPECT_EQ(test, pb_free_contig(&f->pool, pfn + 1, 1), PB_BAD_GUARD);
	pt_expect_bad(test, f, PB_BAD_GUARD, pfn + 1);
	pt_expect_allocated(test, f, 8);
	KUNIT_EXPECT_EQ(test, pb_guard_free(&f->pool, &guarded), PB_BAD_NONE);
	KUNIT_EXPECT_EQ(test, pb_guard_free(&f->pool, &guarded), PB_BAD_DOUBLE);
	pt_expect_bad(test, f, PB_BAD_DOUBLE, pfn);
	KUNIT_EXPECT_EQ(test, pb_free(&f->pool, pfn, 0), PB_BAD_DOUBLE);
	pt_expect_bad(test, f, PB_BAD_DOUBLE, pfn);
	pt_expect_all_free(test, f);
}

/* After pb_guard_drop() the block is an ordinary one and the guard frames are free. */
static void test_drop(struct kunit *test)
{
	struct pt_fixture *f = pt_pool(test, &pt_small);
	struct pb_guarded guarded, out;
	unsigned int outer, order;

	for (outer = 1; outer <= PB_GUARD_ORDER_MAX; outer++) {
		for (order = 0; order < outer; order++) {
			guarded = make(test, f, outer, order);
			pb_guard_drop(&f->pool, &guarded);
			KUNIT_EXPECT_FALSE(test, pb_guard_find(&f->pool, guarded.pfn, order,
							       outer, &out));
			pt_expect_allocated(test, f, 1UL << order);
			pt_free(test, f, guarded.pfn, order);
		}
	}
	pt_expect_all_free(test, f);
}

struct seen {
	unsigned long	blocks, pfn;
};

static bool see(void *arg, unsigned long pfn, unsigned int order)
{
	struct seen *seen = arg;

	seen->blocks++;
	seen->pfn = pfn;
	return true;
}

/*
 * A walk over allocations finds the block without its guards. Range allocation leaves block and
 * guards alone.
 */
static void test_seen_by_others(struct kunit *test)
{
	struct pt_fixture *f = pt_pool(test, &pt_one_pageblock);
	struct pb_guarded guarded = make(test, f, 5, 2);
	struct pb_request rq = pt_rq(0, PB_MOVABLE, 0);
	struct seen seen = { };
	unsigned long pfn;

	pb_walk_allocated(&f->pool, see, &seen);
	KUNIT_EXPECT_EQ(test, seen.blocks, 1UL);
	KUNIT_EXPECT_EQ(test, seen.pfn, guarded.pfn);
	KUNIT_EXPECT_EQ(test, pb_movable_set(&f->pool, guarded.start), -EINVAL);
	rq.flags |= PB_ALLOC_WAIT;
	pfn = pb_alloc_contig(&f->pool, &rq, PB_PAGEBLOCK_NR, NULL);
	KUNIT_EXPECT_EQ(test, pfn, PB_NO_PFN);
	KUNIT_EXPECT_EQ(test, not_guards(f, &guarded), 4UL);
	KUNIT_EXPECT_EQ(test, pb_guard_free(&f->pool, &guarded), PB_BAD_NONE);
	pfn = pb_alloc_contig(&f->pool, &rq, PB_PAGEBLOCK_NR, NULL);
	KUNIT_ASSERT_NE(test, pfn, PB_NO_PFN);
	KUNIT_EXPECT_EQ(test, pb_free_contig(&f->pool, pfn, PB_PAGEBLOCK_NR), PB_BAD_NONE);
	pt_expect_all_free(test, f);
}

static unsigned long uncharged_pfn, uncharged;

static enum pb_release uncharge(struct pb_pool *pool, unsigned long pfn, unsigned int order)
{
	uncharged += 1UL << order;
	uncharged_pfn = pfn;
	return PB_RELEASE_FREE;
}

/* Only the block is charged, not its guards; freeing it uncharges it. */
static void test_accounted(struct kunit *test)
{
	struct pt_fixture *f = pt_pool(test, &pt_small);
	struct pb_guarded guarded = make(test, f, 4, 1);

	f->pool.ops.release = uncharge;
	uncharged = 0;
	pb_set_checked(&f->pool, guarded.pfn);
	KUNIT_EXPECT_TRUE(test, pb_guard_find(&f->pool, guarded.pfn, 1, 4, &guarded));
	KUNIT_EXPECT_EQ(test, pb_guard_free(&f->pool, &guarded), PB_BAD_NONE);
	KUNIT_EXPECT_EQ(test, uncharged, 2UL);
	KUNIT_EXPECT_EQ(test, uncharged_pfn, guarded.pfn);
	pt_expect_all_free(test, f);
}

/* A block from below the watermarks keeps its memalloc mark when it gets guards. */
static void test_memalloc(struct kunit *test)
{
	struct pt_fixture *f = pt_pool(test, &pt_small);
	struct pb_request rq = pt_rq(4, PB_MOVABLE, 0);
	struct pb_guarded guarded;
	unsigned long pfn;

	rq.flags = PB_ALLOC_NO_WATERMARKS;
	pfn = pb_alloc(&f->pool, &rq, NULL);
	KUNIT_ASSERT_NE(test, pfn, PB_NO_PFN);
	pfn = pb_guard_set(&f->pool, pfn, 4, 1);
	KUNIT_EXPECT_TRUE(test, pb_page_is_memalloc(&f->pool, pfn));
	KUNIT_EXPECT_FALSE(test, pb_page_is_memalloc(&f->pool, pfn - 1));
	KUNIT_ASSERT_TRUE(test, pb_guard_find(&f->pool, pfn, 1, 4, &guarded));
	KUNIT_EXPECT_EQ(test, pb_guard_free(&f->pool, &guarded), PB_BAD_NONE);
	KUNIT_EXPECT_FALSE(test, pb_page_is_memalloc(&f->pool, pfn));
	pt_expect_all_free(test, f);
}

/**
 * struct twice - state of two threads that free the same block
 * @f: the pool
 * @guarded: the block
 * @go: number of threads that are ready
 * @freed: number of successful frees
 * @refused: number of refused frees
 */
struct double_free {
	struct pt_fixture	*f;
	struct pb_guarded	guarded;
	atomic_t		go;
	atomic_t		freed;
	atomic_t		refused;
};

static void free_it(void *arg, unsigned int n)
{
	struct double_free *double_free = arg;
	enum pb_bad bad;

	atomic_inc(&double_free->go);
	while (atomic_read(&double_free->go) < 2)
		pt_resched(&double_free->f->pool);
	bad = pb_guard_free(&double_free->f->pool, &double_free->guarded);
	if (bad == PB_BAD_NONE)
		atomic_inc(&double_free->freed);
	else
		atomic_inc(&double_free->refused);
}

static void no_report(struct pb_pool *pool, enum pb_bad bad, unsigned long pfn, unsigned int order,
		      unsigned int was)
{
}

/*
 * Of two simultaneous frees of a block one succeeds. Not built for ThreadSanitizer: the refused
 * free reads frames that the other one writes, to find the reason for its report.
 */
static void test_frees_at_once(struct kunit *test)
{
	struct double_free *double_free = kunit_kzalloc(test, sizeof(*double_free), GFP_KERNEL);
	unsigned int i;

	if (pt_nr_cpus() < 2)
		kunit_skip(test, "needs two CPUs");
	KUNIT_ASSERT_NOT_NULL(test, double_free);
	double_free->f = pt_pool(test, &pt_small);
	double_free->f->pool.ops.bad = no_report;
	for (i = 1; i <= 50; i++) {
		double_free->guarded = make(test, double_free->f, 3, i % 3);
		atomic_set(&double_free->go, 0);
		KUNIT_ASSERT_EQ(test, pt_run_threads(2, free_it, double_free), 0);
		KUNIT_ASSERT_EQ(test, atomic_read(&double_free->freed), (int)i);
		KUNIT_ASSERT_EQ(test, atomic_read(&double_free->refused), (int)i);
	}
	pt_expect_all_free(test, double_free->f);
}

static struct kunit_case guard_cases[] = {
	KUNIT_CASE(test_layout),
	KUNIT_CASE(test_find),
	KUNIT_CASE(test_misuse),
	KUNIT_CASE(test_drop),
	KUNIT_CASE(test_seen_by_others),
	KUNIT_CASE(test_accounted),
	KUNIT_CASE(test_memalloc),
	KUNIT_CASE(test_frees_at_once),
	{}
};

static struct kunit_suite guard_suite = {
	.name = "pbuddy_guard",
	.init = pt_init,
	.exit = pt_exit,
	.test_cases = guard_cases,
};

kunit_test_suite(guard_suite);
