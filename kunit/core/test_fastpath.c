// SPDX-License-Identifier: GPL-2.0-only
/*
 * fastpath.h: the inline functions that serve most requests of the module from this CPU's cache.
 * They do the whole job or change nothing; the cases check which of both, and that the checks of
 * the full allocation path are not lost: watermarks, NOFRAGMENT, frames in use, misuse.
 */
#include "core/alloc/checked_free.h"
#include "core/base/pfn.h"
#include "core/cache/drain.h"
#include "core/cache/fastpath.h"
#include "core/compact/movable.h"
#include "fixture.h"
#include "threads.h"

static struct pb_zone *small_zone(struct kunit *test, struct pt_fixture **f)
{
	*f = pt_pool(test, &pt_small);
	return pt_zone(*f, 0, PB_ZONE_NORMAL);
}

/* As api.c does it: with PB_FAST_EMPTY_IN_SECTION preemption stays off. */
static enum pb_fast alloc_fast(struct pb_zone *zone, unsigned int order, enum pb_migratetype mt,
			       union pb_fast_found *found)
{
	enum pb_fast result;

	preempt_disable();
	result = pb_alloc_fast(zone, pb_this_cpu_ptr(zone->pcp), order, mt, found);
	if (result != PB_FAST_EMPTY_IN_SECTION)
		preempt_enable();
	return result;
}

static unsigned long refill(const union pb_fast_found *found, unsigned int order,
			    enum pb_migratetype mt)
{
	unsigned long pfn = pb_alloc_refill_leave_section(found->pcp, order, mt, NULL);

	preempt_enable();
	return pfn;
}

/* An empty list is refilled; then blocks come from it and go back to it, and are counted. */
static void test_alloc_and_free(struct kunit *test)
{
	struct pt_fixture *f;
	struct pb_zone *zone = small_zone(test, &f);
	union pb_fast_found found;
	unsigned long pfn;

	KUNIT_ASSERT_EQ(test, alloc_fast(zone, 2, PB_MOVABLE, &found), PB_FAST_EMPTY_IN_SECTION);
	pfn = refill(&found, 2, PB_MOVABLE);
	KUNIT_ASSERT_NE(test, pfn, PB_NO_PFN);
	KUNIT_EXPECT_EQ(test, pb_page_order(&f->pool, pfn), 2);
	KUNIT_EXPECT_TRUE(test, pb_free_fast(&f->pool, pfn, 2));
	KUNIT_EXPECT_EQ(test, pb_page_order(&f->pool, pfn), -EINVAL);
	KUNIT_ASSERT_EQ(test, alloc_fast(zone, 2, PB_MOVABLE, &found), PB_FAST_DONE);
	KUNIT_EXPECT_EQ(test, found.pfn, pfn);
	KUNIT_EXPECT_EQ(test, pb_page_order(&f->pool, pfn), 2);
	KUNIT_EXPECT_EQ(test, pb_zone_event(zone, PB_PGALLOC), 8UL);
	KUNIT_EXPECT_TRUE(test, pb_free_fast(&f->pool, pfn, 2));
	KUNIT_EXPECT_EQ(test, pb_zone_event(zone, PB_PGFREE), 8UL);
	pt_expect_all_free(test, f);
}

/* Below the fast watermark cached blocks are not handed out. */
static void test_watermark(struct kunit *test)
{
	struct pt_fixture *f;
	struct pb_zone *zone = small_zone(test, &f);
	union pb_fast_found found;

	pt_free(test, f, pt_alloc(f, 0), 0);
	pt_set_watermark(zone, PB_WMARK_LOW, pb_zone_free_pages(zone) + 1);
	KUNIT_EXPECT_EQ(test, alloc_fast(zone, 0, PB_MOVABLE, &found), PB_FAST_NONE);
	pt_set_watermark(zone, PB_WMARK_LOW, pb_zone_free_pages(zone));
	KUNIT_EXPECT_EQ(test, alloc_fast(zone, 0, PB_MOVABLE, &found), PB_FAST_DONE);
}

/* A refill claims a free pageblock for its type, but not a partly free one of another type. */
static void test_refill_does_not_mix(struct kunit *test)
{
	struct pt_fixture *f = pt_pool(test, &pt_one_pageblock);
	struct pb_zone *zone = pt_zone(f, 0, PB_ZONE_NORMAL);
	union pb_fast_found found;
	unsigned long pfn = pt_alloc(f, 0);

	pt_drain_all(&f->pool);
	KUNIT_ASSERT_EQ(test, alloc_fast(zone, 0, PB_UNMOVABLE, &found),
			PB_FAST_EMPTY_IN_SECTION);
	KUNIT_EXPECT_EQ(test, refill(&found, 0, PB_UNMOVABLE), PB_NO_PFN);
	KUNIT_EXPECT_EQ(test, pb_zone_event(zone, PB_FALLBACK_CLAIM), 0UL);
	pt_free(test, f, pfn, 0);
	pt_drain_all(&f->pool);
	KUNIT_ASSERT_EQ(test, alloc_fast(zone, 0, PB_UNMOVABLE, &found),
			PB_FAST_EMPTY_IN_SECTION);
	KUNIT_EXPECT_NE(test, refill(&found, 0, PB_UNMOVABLE), PB_NO_PFN);
	KUNIT_EXPECT_EQ(test, pb_zone_event(zone, PB_FALLBACK_CLAIM), 1UL);
}

/* A cached frame that is in use (here the case says so) is not handed out. */
static void test_in_use(struct kunit *test)
{
	struct pt_fixture *f;
	struct pb_zone *zone = small_zone(test, &f);
	unsigned long pfn = pt_alloc(f, 0);
	union pb_fast_found found;

	pt_free(test, f, pfn, 0);
	*pb_order_map(&f->pool, pfn) = 3;
	KUNIT_EXPECT_EQ(test, alloc_fast(zone, 0, PB_MOVABLE, &found), PB_FAST_IN_USE);
	KUNIT_EXPECT_EQ(test, found.pfn, pfn);
	KUNIT_EXPECT_EQ(test, (int)*pb_order_map(&f->pool, pfn), 3);
	KUNIT_ASSERT_EQ(test, alloc_fast(zone, 0, PB_MOVABLE, &found), PB_FAST_DONE);
	KUNIT_EXPECT_NE(test, found.pfn, pfn);
	f->broken = true;	/* this frame has no owner */
}

/* What pb_free() has to decide: misuse, flags, pageblocks without pcp lists, holes. */
static void test_free_refused(struct kunit *test)
{
	struct pt_fixture *f = pt_pool(test, &pt_cma);
	struct pb_request rq = pt_rq(0, PB_MOVABLE, 0);
	unsigned long pfn = pt_alloc(f, 3), large = pt_alloc(f, 11), cma;

	KUNIT_EXPECT_FALSE(test, pb_free_fast(&f->pool, pfn, 2));
	KUNIT_EXPECT_FALSE(test, pb_free_fast(&f->pool, pfn + 4, 2));
	KUNIT_EXPECT_FALSE(test, pb_free_fast(&f->pool, pfn, 18));
	KUNIT_EXPECT_FALSE(test, pb_free_fast(&f->pool, PT_PAGEBLOCK(2047), 0));
	KUNIT_EXPECT_FALSE(test, pb_free_fast(&f->pool, ~0UL, 0));
	KUNIT_EXPECT_FALSE(test, pb_free_fast(&f->pool, large, 11));
	pt_free(test, f, large, 11);
	*pb_order_map(&f->pool, pfn) |= PB_FRAME_MEMALLOC;
	KUNIT_EXPECT_FALSE(test, pb_free_fast(&f->pool, pfn, 3));
	pt_free(test, f, pfn, 3);
	KUNIT_EXPECT_FALSE(test, pb_free_fast(&f->pool, pfn, 3));
	rq.flags = PB_ALLOC_CMA;
	do {
		cma = pb_alloc(&f->pool, &rq, NULL);
	} while (cma < PT_PAGEBLOCK(2053));
	KUNIT_ASSERT_NE(test, cma, PB_NO_PFN);
	KUNIT_EXPECT_FALSE(test, pb_free_fast(&f->pool, cma, 0));
	pt_free(test, f, cma, 0);
}

/* In an interrupt inside a pcp section both functions leave the lists alone. */
static void test_busy(struct kunit *test)
{
	struct pt_fixture *f;
	struct pb_zone *zone = small_zone(test, &f);
	unsigned long pfn = pt_alloc(f, 0);
	union pb_fast_found found;
	struct pb_pcp *pcp;

	preempt_disable();
	pcp = pb_this_cpu_ptr(zone->pcp);
	pcp->busy = 1;
	KUNIT_EXPECT_FALSE(test, pb_free_fast(&f->pool, pfn, 0));
	KUNIT_EXPECT_EQ(test, pb_alloc_fast(zone, pcp, 0, PB_MOVABLE, &found), PB_FAST_NONE);
	pcp->busy = 0;
	preempt_enable();
	KUNIT_EXPECT_TRUE(test, pb_free_fast(&f->pool, pfn, 0));
	pt_expect_all_free(test, f);
}

/* The head of a block: whether it is plain, and how often that was asked. */
struct head {
	bool		plain;
	unsigned int	*asked;
};

static bool head_is_plain(const void *head)
{
	const struct head *h = head;

	++*h->asked;
	return h->plain;
}

/* A block whose head is not plain is not freed here. That is asked for blocks of the pool only. */
static void test_not_plain(struct kunit *test)
{
	struct pt_fixture *f;
	struct pb_zone *zone = small_zone(test, &f);
	unsigned int asked = 0;
	struct head head = { .plain = false, .asked = &asked };
	struct pb_checked_block block;
	unsigned long pfn = pt_alloc(f, 2);

	KUNIT_ASSERT_PTR_EQ(test, pb_pfn_zone(&f->pool, pfn), zone);
	KUNIT_EXPECT_EQ(test, PB_FREE_FAST_NONE,
			pb_free_fast_checked(&f->pool, ~0UL, 2, head_is_plain, &head, &block));
	KUNIT_EXPECT_EQ(test, PB_FREE_FAST_NONE,
			pb_free_fast_checked(&f->pool, pfn + 4, 2, head_is_plain, &head, &block));
	KUNIT_EXPECT_EQ(test, asked, 0U);
	KUNIT_EXPECT_EQ(test, PB_FREE_FAST_NONE,
			pb_free_fast_checked(&f->pool, pfn, 2, head_is_plain, &head, &block));
	KUNIT_EXPECT_EQ(test, asked, 1U);
	KUNIT_EXPECT_EQ(test, pb_page_order(&f->pool, pfn), 2);
	head.plain = true;
	KUNIT_EXPECT_EQ(test, PB_FREE_FAST_DONE,
			pb_free_fast_checked(&f->pool, pfn, 2, head_is_plain, &head, &block));
	pt_expect_all_free(test, f);
}

/* Frees a checked block as free_checked.c does. */
static bool free_checked(struct pt_fixture *f, unsigned long pfn, unsigned int order)
{
	struct pb_checked_block block;

	if (pb_free_fast_checked(&f->pool, pfn, order, NULL, NULL, &block) != PB_FREE_FAST_CHECKED)
		return false;
	if (!pb_checked_take(&block)) {
		preempt_enable();
		return false;
	}
	pb_checked_put_preempt_enable(&block);
	return true;
}

/* A block that was allocated with the CHECKED bit is found by its free, once. */
static void test_checked(struct kunit *test)
{
	struct pt_fixture *f;
	struct pb_zone *zone = small_zone(test, &f);
	union pb_fast_found found;
	enum pb_fast result;
	unsigned long pfn;

	pt_free(test, f, pt_alloc(f, 2), 2);
	preempt_disable();
	result = pb_alloc_fast_checked(zone, pb_this_cpu_ptr(zone->pcp), 2, PB_MOVABLE,
				       PB_FRAME_CHECKED, &found);
	preempt_enable();
	KUNIT_ASSERT_EQ(test, result, PB_FAST_DONE);
	pfn = found.pfn;
	KUNIT_EXPECT_TRUE(test, pb_checked(&f->pool, pfn));
	KUNIT_EXPECT_FALSE(test, free_checked(f, pfn, 1));
	KUNIT_EXPECT_FALSE(test, free_checked(f, pfn + 4, 2));
	KUNIT_EXPECT_TRUE(test, free_checked(f, pfn, 2));
	KUNIT_EXPECT_FALSE(test, free_checked(f, pfn, 2));
	pt_expect_all_free(test, f);
}

/* Not one with another flag, and none above a pageblock: that takes long with preemption off. */
static void test_checked_refused(struct kunit *test)
{
	const unsigned int order = PB_PAGEBLOCK_ORDER + 1;
	struct pt_fixture *f = pt_pool(test, &pt_small);
	struct pb_checked_block block;
	unsigned long pfn;

	pfn = pt_alloc(f, 0);
	KUNIT_ASSERT_EQ(test, pb_movable_set(&f->pool, pfn), 0);
	pb_set_checked(&f->pool, pfn);
	KUNIT_EXPECT_EQ(test, pb_free_fast_checked(&f->pool, pfn, 0, NULL, NULL, &block),
			PB_FREE_FAST_NONE);
	pt_free(test, f, pfn, 0);
	pfn = pt_alloc(f, order);
	pb_set_checked(&f->pool, pfn);
	KUNIT_EXPECT_FALSE(test, free_checked(f, pfn, order));
	pt_free(test, f, pfn, order);
	pt_expect_all_free(test, f);
}

/* A block of a pageblock's size is found, too. */
static void test_checked_pageblock(struct kunit *test)
{
	struct pt_fixture *f;
	unsigned long pfn;

	small_zone(test, &f);
	pfn = pt_alloc(f, PB_PAGEBLOCK_ORDER);
	pb_set_checked(&f->pool, pfn);
	KUNIT_EXPECT_TRUE(test, free_checked(f, pfn, PB_PAGEBLOCK_ORDER));
	KUNIT_EXPECT_FALSE(test, free_checked(f, pfn, PB_PAGEBLOCK_ORDER));
	pt_expect_all_free(test, f);
}

/* It goes to the list, is flushed with a full list, and goes to the zone inside a pcp section. */
static void test_checked_put(struct kunit *test)
{
	struct pt_fixture *f;
	struct pb_zone *zone = small_zone(test, &f);
	unsigned long pfns[2 * PB_LIFO_MAX], i;
	struct pb_pcp *pcp;

	for (i = 0; i < ARRAY_SIZE(pfns); i++) {
		pfns[i] = pt_alloc(f, 0);
		pb_set_checked(&f->pool, pfns[i]);
	}
	preempt_disable();
	pcp = pb_this_cpu_ptr(zone->pcp);
	KUNIT_ASSERT_TRUE(test, pb_pcp_enter(pcp));
	KUNIT_EXPECT_TRUE(test, free_checked(f, pfns[0], 0));
	pb_pcp_leave(pcp);
	preempt_enable();
	for (i = 1; i < ARRAY_SIZE(pfns); i++)
		KUNIT_EXPECT_TRUE(test, free_checked(f, pfns[i], 0));
	KUNIT_EXPECT_EQ(test, pb_zone_event(zone, PB_PGFREE), ARRAY_SIZE(pfns));
	pt_expect_all_free(test, f);
}

static struct kunit_case fastpath_cases[] = {
	KUNIT_CASE(test_alloc_and_free),
	KUNIT_CASE(test_watermark),
	KUNIT_CASE(test_refill_does_not_mix),
	KUNIT_CASE(test_in_use),
	KUNIT_CASE(test_free_refused),
	KUNIT_CASE(test_busy),
	KUNIT_CASE(test_not_plain),
	KUNIT_CASE(test_checked),
	KUNIT_CASE(test_checked_refused),
	KUNIT_CASE(test_checked_pageblock),
	KUNIT_CASE(test_checked_put),
	{}
};

static struct kunit_suite fastpath_suite = {
	.name = "pbuddy_fastpath",
	.init = pt_init,
	.exit = pt_exit,
	.test_cases = fastpath_cases,
};

kunit_test_suite(fastpath_suite);
