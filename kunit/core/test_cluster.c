// SPDX-License-Identifier: GPL-2.0-only
/*
 * cluster.c and pcp_refill.c: which pageblock a CPU refills from, so that it shares cache lines
 * with no other CPU. Another CPU that refills from a pageblock is one that the index control names.
 */
#include "core/base/pfn.h"
#include "core/cache/cluster.h"
#include "core/cache/drain.h"
#include "core/index/free_area.h"
#include "core/zone/apart.h"
#include "core/zone/fallback.h"
#include "core/zone/free_count.h"
#include "core/zone/zone.h"
#include "fixture.h"

#define OTHER_CPU	0xfffe

static struct pb_zone *zone_of(struct pt_fixture *f)
{
	return pt_zone(f, 0, PB_ZONE_NORMAL);
}

/* The pageblock of a frame that a refill of empty lists gets; PB_NO_PAGEBLOCK: none. */
static unsigned long refill(struct pt_fixture *f, enum pb_migratetype mt)
{
	struct pb_request rq = pt_rq(0, mt, 0);
	unsigned long pfn = pb_alloc(&f->pool, &rq, NULL);

	pb_pcp_drain_local(&f->pool);
	return pfn == PB_NO_PFN ? PB_NO_PAGEBLOCK : pb_pageblock_index(zone_of(f), pfn);
}

/* All frames of the cluster but the one that is allocated come next. */
static void expect_cluster(struct kunit *test, struct pt_fixture *f, unsigned long first)
{
	unsigned long i, pfn, cluster = PB_NO_PAGEBLOCK;
	struct pb_request rq = pt_rq(0, PB_MOVABLE, 0);

	for (i = 1; i < PB_CLUSTER_NR * PB_PAGEBLOCK_NR; i++) {
		pfn = pb_alloc(&f->pool, &rq, NULL);
		cluster = round_down(pb_pageblock_index(zone_of(f), pfn), PB_CLUSTER_NR);
		if (cluster != first)
			break;
	}
	KUNIT_EXPECT_EQ(test, cluster, first);
}

/* A CPU uses up its cluster before it takes the first pageblock of another one that is free. */
static void test_one_cluster(struct kunit *test)
{
	struct pt_fixture *f = pt_pool(test, &pt_gig);
	unsigned long first;

	if (!pb_cpus_may_have(zone_of(f), 2 * PB_CLUSTER_NR))
		kunit_skip(test, "one CPU, or too many for the size of the pool");
	preempt_disable();
	first = refill(f, PB_MOVABLE);
	KUNIT_EXPECT_TRUE(test, IS_ALIGNED(first, PB_CLUSTER_NR));
	expect_cluster(test, f, first);
	first = refill(f, PB_MOVABLE);
	KUNIT_EXPECT_TRUE(test, IS_ALIGNED(first, PB_CLUSTER_NR));
	preempt_enable();
}

/* A cluster in which another CPU has begun is left to it. */
static void test_cluster_of_another_cpu(struct kunit *test)
{
	struct pt_fixture *f = pt_pool(test, &pt_gig);
	struct pb_zone *zone = zone_of(f);
	unsigned long index, next;

	if (!pb_cpus_may_have(zone, PB_CLUSTER_NR))
		kunit_skip(test, "one CPU, or too many for the size of the pool");
	index = pb_cluster_find_free(zone, PB_MOVABLE, 0);
	KUNIT_ASSERT_NE(test, index, PB_NO_PAGEBLOCK);
	zone->ctl[index].cur = OTHER_CPU;
	next = pb_cluster_find_free(zone, PB_MOVABLE, 0);
	KUNIT_EXPECT_NE(test, next, PB_NO_PAGEBLOCK);
	KUNIT_EXPECT_NE(test, round_down(next, PB_CLUSTER_NR), round_down(index, PB_CLUSTER_NR));
	/* In its own cluster a CPU goes past a pageblock that another one uses. */
	KUNIT_EXPECT_EQ(test, pb_cluster_find_free(zone, PB_MOVABLE, index + 1), index + 1);
	zone->ctl[index].cur = 0;
}

#define NR_PARTLY_FREE	3

/* Allocates a frame of each of these pageblocks, from the first two of which other CPUs refill. */
static void set_partly_free(struct pb_zone *zone, unsigned long index, unsigned long *pfns)
{
	struct pb_request rq = pt_rq(0, PB_MOVABLE, 0);
	unsigned int i;

	for (i = 0; i < NR_PARTLY_FREE; i++) {
		pfns[i] = pb_zone_alloc_block_at(zone, index + i, 0, 0, BIT(PB_MOVABLE), &rq);
		zone->ctl[index + i].cur = i < 2 ? OTHER_CPU : 0;
	}
}

static void set_free(struct kunit *test, struct pb_zone *zone, unsigned long index,
		     const unsigned long *pfns)
{
	unsigned int i;

	for (i = 0; i < NR_PARTLY_FREE; i++) {
		KUNIT_EXPECT_EQ(test, pb_pageblock_index(zone, pfns[i]), index + i);
		pb_zone_free_noevent(zone, pfns[i], 0);
		zone->ctl[index + i].cur = 0;
	}
}

/* The first pageblock of a cluster whose first ones are partly free, with preemption off. */
static unsigned long partly_free_cluster(struct kunit *test, struct pt_fixture *f,
					 unsigned long *pfns)
{
	struct pb_zone *zone = zone_of(f);
	unsigned long index;

	if (!pb_cpus_may_have(zone, 2 * PB_CLUSTER_NR))
		kunit_skip(test, "one CPU, or too many for the size of the pool");
	index = pb_cluster_find_free(zone, PB_MOVABLE, 0);
	KUNIT_ASSERT_NE(test, index, PB_NO_PAGEBLOCK);
	preempt_disable();
	set_partly_free(zone, index, pfns);
	return index;
}

static void set_cluster(struct pb_zone *zone, u32 cluster)
{
	pb_this_cpu_ptr(zone->pcp)->cluster[PB_MOVABLE] = cluster;
}

/* In its cluster a CPU goes past any number of pageblocks of others, to a partly free one first. */
static void test_own_cluster(struct kunit *test)
{
	struct pt_fixture *f = pt_pool(test, &pt_gig);
	unsigned long pfns[NR_PARTLY_FREE], index = partly_free_cluster(test, f, pfns);
	struct pb_zone *zone = zone_of(f);

	set_cluster(zone, index + 1);
	KUNIT_EXPECT_EQ(test, refill(f, PB_MOVABLE), index + 2);
	zone->ctl[index + 2].cur = OTHER_CPU;
	KUNIT_EXPECT_EQ(test, refill(f, PB_MOVABLE), index + 3);
	set_free(test, zone, index, pfns);
	preempt_enable();
}

/* As with few CPUs: memory abounds for each. */
static void in_abundance(struct kunit *test, struct pb_zone *zone)
{
	if (pb_nr_cpus() == 1)
		kunit_skip(test, "one CPU");
	zone->credit_shift = 3;
	KUNIT_ASSERT_TRUE(test, pb_cpus_may_have_words(zone));
}

/* The first pageblock of a word all of whose pageblocks are free. */
static unsigned long free_word(struct pb_zone *zone)
{
	return round_up(pb_bitmap_next(&zone->area[PB_MOVABLE].free_pageblocks, 0), PB_WORD_NR);
}

static void take_cluster(struct kunit *test, struct pb_zone *zone, unsigned long first)
{
	struct pb_request rq = pt_rq(9, PB_MOVABLE, 0);
	unsigned int i;

	for (i = 0; i < PB_CLUSTER_NR; i++)
		KUNIT_EXPECT_TRUE(test,
				  pb_zone_alloc_pageblock_at(zone, first + i, PB_MOVABLE, &rq));
}

static void give_cluster(struct pb_zone *zone, unsigned long first)
{
	unsigned int i;

	for (i = 0; i < PB_CLUSTER_NR; i++)
		pb_zone_free_noevent(zone, pb_pageblock_pfn(zone, first + i), PB_PAGEBLOCK_ORDER);
}

/*
 * A CPU that has used up its cluster goes on in the cluster's word, unless another CPU refills
 * from a pageblock there.
 */
static void test_own_word(struct kunit *test)
{
	struct pt_fixture *f = pt_pool(test, &pt_gig);
	struct pb_zone *zone = zone_of(f);
	unsigned long first = free_word(zone), pfns[2 * NR_PARTLY_FREE], got;

	in_abundance(test, zone);
	preempt_disable();
	take_cluster(test, zone, first);
	set_partly_free(zone, first + PB_WORD_NR, pfns);
	set_partly_free(zone, first + 20, pfns + NR_PARTLY_FREE);
	zone->ctl[first + 20].cur = 0;
	zone->ctl[first + 21].cur = 0;
	set_cluster(zone, first + 1);
	KUNIT_EXPECT_EQ(test, refill(f, PB_MOVABLE), first + 20);
	KUNIT_EXPECT_EQ(test, pb_this_cpu_ptr(zone->pcp)->cluster[PB_MOVABLE], first + 17);
	KUNIT_EXPECT_EQ(test, pb_zone_credit(zone)->apart, 0U);
	zone->ctl[first + 63].cur = OTHER_CPU;
	set_cluster(zone, first + 1);
	got = refill(f, PB_MOVABLE);
	KUNIT_EXPECT_NE(test, pb_zone_credit(zone)->apart, 0U);
	KUNIT_EXPECT_NE(test, got, PB_NO_PAGEBLOCK);
	KUNIT_EXPECT_NE(test, pb_this_cpu_ptr(zone->pcp)->cluster[PB_MOVABLE], first + 1);
	zone->ctl[first + 63].cur = 0;
	set_free(test, zone, first + 20, pfns + NR_PARTLY_FREE);
	set_free(test, zone, first + PB_WORD_NR, pfns);
	give_cluster(zone, first);
	preempt_enable();
}

/* It converts a free pageblock of its word before it goes to one of the type elsewhere. */
static void test_converts_in_own_word(struct kunit *test)
{
	struct pt_fixture *f = pt_pool(test, &pt_gig);
	struct pb_zone *zone = zone_of(f);
	unsigned long first = free_word(zone), elsewhere = first + PB_WORD_NR;

	in_abundance(test, zone);
	preempt_disable();
	KUNIT_EXPECT_TRUE(test,
			  pb_fallback_claim_free(zone, 0, elsewhere, PB_MOVABLE, PB_UNMOVABLE));
	take_cluster(test, zone, first);
	pb_this_cpu_ptr(zone->pcp)->cluster[PB_UNMOVABLE] = first + 1;
	KUNIT_EXPECT_EQ(test, refill(f, PB_UNMOVABLE), first + PB_CLUSTER_NR);
	KUNIT_EXPECT_EQ(test, pb_zone_pageblock_value(zone, first + PB_CLUSTER_NR) &
			PB_ENTRY_MT_MASK, (unsigned long)PB_UNMOVABLE);
	give_cluster(zone, first);
	preempt_enable();
}

/* A CPU that has met another one begins a cluster in a word of which none has pageblocks. */
static void test_word_without_others(struct kunit *test)
{
	struct pt_fixture *f = pt_pool(test, &pt_gig);
	struct pb_zone *zone = zone_of(f);
	unsigned long first = free_word(zone), taken, next;

	in_abundance(test, zone);
	preempt_disable();
	taken = pb_cluster_find_free(zone, PB_MOVABLE, 0);
	KUNIT_EXPECT_LE(test, taken, first);
	pb_apart_met(zone);
	taken = pb_cluster_find_free(zone, PB_MOVABLE, 0);
	KUNIT_EXPECT_TRUE(test, IS_ALIGNED(taken, PB_WORD_NR));
	take_cluster(test, zone, taken);
	next = pb_cluster_find_free(zone, PB_MOVABLE, 0);
	KUNIT_EXPECT_TRUE(test, IS_ALIGNED(next, PB_WORD_NR));
	KUNIT_EXPECT_NE(test, next, taken);
	give_cluster(zone, taken);
	pb_zone_credit(zone)->apart = 0;
	preempt_enable();
}

/* Past two partly free pageblocks of other CPUs a CPU takes a free one of another cluster. */
static void test_few_of_others(struct kunit *test)
{
	struct pt_fixture *f = pt_pool(test, &pt_gig);
	unsigned long pfns[NR_PARTLY_FREE], index = partly_free_cluster(test, f, pfns), got;
	struct pb_zone *zone = zone_of(f);

	/* Wherever the search of this CPU begins, the first two that it finds are of others. */
	zone->ctl[index + 2].cur = OTHER_CPU;
	got = refill(f, PB_MOVABLE);
	KUNIT_EXPECT_NE(test, got, PB_NO_PAGEBLOCK);
	KUNIT_EXPECT_NE(test, round_down(got, PB_CLUSTER_NR), index);
	KUNIT_EXPECT_NE(test, pb_zone_credit(zone)->apart, 0U);
	zone->ctl[index].cur = 0;
	zone->ctl[index + 1].cur = 0;
	set_cluster(zone, 0);
	KUNIT_EXPECT_LT(test, refill(f, PB_MOVABLE) - index, 2UL);
	set_free(test, zone, index, pfns);
	preempt_enable();
}

/* Where a cluster for each CPU is too much, the smallest run of free pageblocks is used first. */
static void test_few_free_pages(struct kunit *test)
{
	struct pt_fixture *f = pt_pool(test, &pt_gig);
	struct pb_zone *zone = zone_of(f);
	unsigned long index = pb_free_area_find_free(&zone->area[PB_MOVABLE]);

	KUNIT_ASSERT_FALSE(test, IS_ALIGNED(index, PB_CLUSTER_NR));
	zone->fast_watermark = pb_zone_free_least(zone) - PB_PAGEBLOCK_NR;
	KUNIT_EXPECT_FALSE(test, pb_cpus_may_have(zone, PB_CLUSTER_NR));
	preempt_disable();
	KUNIT_EXPECT_EQ(test, refill(f, PB_MOVABLE), index);
	preempt_enable();
}

/* A free pageblock of the type comes before a cluster of another type is converted. */
static void test_own_type_first(struct kunit *test)
{
	struct pt_fixture *f = pt_pool(test, &pt_gig);
	struct pb_zone *zone = zone_of(f);
	unsigned long index;

	if (!pb_cpus_may_have(zone, PB_CLUSTER_NR))
		kunit_skip(test, "one CPU, or too many for the size of the pool");
	preempt_disable();
	index = pb_apart_find_free(zone, PB_MOVABLE);
	KUNIT_EXPECT_TRUE(test,
			  pb_fallback_claim_free(zone, 0, index, PB_MOVABLE, PB_UNMOVABLE));
	KUNIT_EXPECT_EQ(test, refill(f, PB_UNMOVABLE), index);
	preempt_enable();
}

/* Refills a second time while another CPU refills from the first pageblock. */
static void two_refills(struct pt_fixture *f, unsigned long *first, unsigned long *second)
{
	preempt_disable();
	*first = refill(f, PB_UNMOVABLE);
	zone_of(f)->ctl[*first].cur = OTHER_CPU;
	*second = refill(f, PB_UNMOVABLE);
	zone_of(f)->ctl[*first].cur = 0;
	preempt_enable();
}

/* A free pageblock of another type is converted before one is shared, if there are enough. */
static void test_converts_before_sharing(struct kunit *test)
{
	struct pt_fixture *f = pt_pool(test, &pt_gig);
	struct pb_zone *zone = zone_of(f);
	unsigned long first, second;

	if (!pb_cpus_may_have(zone, 2))
		kunit_skip(test, "one CPU, or too many for the size of the pool");
	/* Enough for two pageblocks each, and not for clusters. */
	zone->fast_watermark = pb_zone_free_least(zone) -
			       (2 * PB_PAGEBLOCK_NR << zone->credit_shift);
	two_refills(f, &first, &second);
	KUNIT_EXPECT_NE(test, second, first);
}

static void test_shares_in_a_small_zone(struct kunit *test)
{
	struct pt_fixture *f = pt_pool(test, &pt_small);
	unsigned long first, second;

	KUNIT_EXPECT_FALSE(test, pb_cpus_may_have(zone_of(f), 1));
	two_refills(f, &first, &second);
	KUNIT_EXPECT_EQ(test, second, first);
}

static struct kunit_case cluster_cases[] = {
	KUNIT_CASE(test_one_cluster),
	KUNIT_CASE(test_cluster_of_another_cpu),
	KUNIT_CASE(test_own_cluster),
	KUNIT_CASE(test_own_word),
	KUNIT_CASE(test_converts_in_own_word),
	KUNIT_CASE(test_word_without_others),
	KUNIT_CASE(test_few_of_others),
	KUNIT_CASE(test_few_free_pages),
	KUNIT_CASE(test_own_type_first),
	KUNIT_CASE(test_converts_before_sharing),
	KUNIT_CASE(test_shares_in_a_small_zone),
	{}
};

static struct kunit_suite cluster_suite = {
	.name = "pbuddy_cluster",
	.init = pt_init,
	.exit = pt_exit,
	.test_cases = cluster_cases,
};

kunit_test_suite(cluster_suite);
