// SPDX-License-Identifier: GPL-2.0-only
/*
 * contig.c, the slow path of range allocation: objects of movers.h are in the way, and the range
 * is compacted before it is allocated. The cases check the range, the objects and the
 * pageblocks' types.
 */
#include "core/base/pfn.h"
#include "core/compact/compact.h"
#include "core/index/pageblock.h"
#include "core/zone/zone.h"
#include "movers.h"
#include "threads.h"

static unsigned long entry_at(struct pt_movers *m, unsigned long pfn)
{
	return pb_dir_entry(&m->f->pool, pfn)->value;
}

static const unsigned long counts[] = { 2, 100, 300, 512, 600, 1024, 1500 };

static void describe_count(const unsigned long *count, char *desc)
{
	snprintf(desc, KUNIT_PARAM_DESC_SIZE, "%lu pages", *count);
}

KUNIT_ARRAY_PARAM(counts, counts, describe_count);

/* Ranges may use CMA pageblocks, which keep their type. */
static void test_contig(struct kunit *test)
{
	unsigned long nr = *(const unsigned long *)test->param_value, pfn, held, i;
	struct pt_movers *m = pt_fragmented(test, &pt_small, 0, 60);
	struct pb_request rq = pt_waiting_rq(0);

	for (i = 0; i < 4; i++) {
		struct pb_dir_entry *entry = pb_dir_entry(&m->f->pool, PT_PAGEBLOCK(2048 + i));

		pb_entry_set_migratetype(entry, PB_CMA);
		atomic_long_add(pb_pageblock_count_free(pb_entry_pageblock(entry->value)),
				&pt_movers_zone(m)->nr_free_cma);
		pt_movers_zone(m)->cma_pages += PB_PAGEBLOCK_NR;
	}
	pb_zone_update_fast_watermark(pt_movers_zone(m));
	pb_zone_index_update_all(pt_movers_zone(m));
	held = pt_movers_check(test, m);
	rq.migratetype = PB_UNMOVABLE;
	pfn = pb_alloc_contig(&m->f->pool, &rq, nr, NULL);
	KUNIT_ASSERT_NE(test, pfn, PB_NO_PFN);
	KUNIT_EXPECT_EQ(test, pt_movers_check(test, m), held);
	for (i = 0; i < nr; i++)
		KUNIT_ASSERT_EQ(test, pb_page_order(&m->f->pool, pfn + i), 0);
	pt_expect_allocated(test, m->f, held + nr);
	for (i = 0; i < 4; i++)
		KUNIT_EXPECT_EQ(test, pb_entry_migratetype(entry_at(m, PT_PAGEBLOCK(2048 + i))),
				PB_CMA);
	KUNIT_EXPECT_EQ(test, pb_free_contig(&m->f->pool, pfn, nr), PB_BAD_NONE);
	pt_movers_free_all(test, m);
	pt_expect_all_free(test, m->f);
	KUNIT_EXPECT_EQ(test, atomic_long_read(&pt_movers_zone(m)->nr_free_cma),
			4L * PB_PAGEBLOCK_NR);
}

/* Compaction empties a range at the alignment that was requested. */
static void test_contig_aligned(struct kunit *test)
{
	unsigned long nr = *(const unsigned long *)test->param_value, pfn, held;
	struct pt_movers *m = pt_fragmented(test, &pt_small, 0, 60);
	struct pb_request rq = pt_waiting_rq(0);

	held = pt_movers_check(test, m);
	for (rq.align_order = 8; rq.align_order <= 11; rq.align_order++) {
		pfn = pb_alloc_contig(&m->f->pool, &rq, nr, NULL);
		KUNIT_ASSERT_NE(test, pfn, PB_NO_PFN);
		KUNIT_EXPECT_TRUE(test, IS_ALIGNED(pfn, 1UL << rq.align_order));
		pt_expect_allocated(test, m->f, held + nr);
		KUNIT_EXPECT_EQ(test, pt_movers_check(test, m), held);
		KUNIT_EXPECT_EQ(test, pb_free_contig(&m->f->pool, pfn, nr), PB_BAD_NONE);
	}
	pt_movers_free_all(test, m);
	pt_expect_all_free(test, m->f);
}

/*
 * Everything outside the CMA area is allocated, and free pages are close to the watermark. A
 * range then comes out of the CMA area, whose movable pages are moved within it, if free pages
 * stay above the watermark.
 */
static void test_contig_empties_cma(struct kunit *test)
{
	struct pt_fixture *f = pt_pool(test, &pt_cma);
	struct pt_movers *m = pt_movers(test, f, f->pages);
	struct pb_zone *zone = pt_movers_zone(m);
	struct pb_request rq = pt_waiting_rq(0);
	unsigned long *pfns, pfn, n, i, free_cma;

	n = pt_fill(test, f, 0, PB_UNMOVABLE, &pfns);
	KUNIT_ASSERT_EQ(test, n, PT_PAGEBLOCK(5));
	rq.flags = PB_ALLOC_CMA;
	for (i = 0; pt_object_alloc(m, &m->obj[i], &rq, i); i++)
		;
	KUNIT_ASSERT_EQ(test, i, PT_PAGEBLOCK(3));
	while (i -= 2)
		KUNIT_ASSERT_TRUE(test, pt_object_free(m, &m->obj[i]));
	pt_drain_all(&f->pool);
	free_cma = atomic_long_read(&zone->nr_free_cma);
	KUNIT_ASSERT_EQ(test, free_cma, PT_PAGEBLOCK(3) / 2 - 1);
	rq.migratetype = PB_UNMOVABLE;
	rq.flags = PB_ALLOC_WAIT | PB_ALLOC_WMARK_MIN;
	zone->watermark[PB_WMARK_MIN] = free_cma - PB_PAGEBLOCK_NR + 1;
	pb_zone_update_fast_watermark(zone);
	KUNIT_EXPECT_EQ(test, pb_alloc_contig(&f->pool, &rq, PB_PAGEBLOCK_NR, NULL), PB_NO_PFN);
	KUNIT_EXPECT_EQ(test, atomic_long_read(&m->migrations), 0L);
	zone->watermark[PB_WMARK_MIN] = 100;
	pb_zone_update_fast_watermark(zone);
	pfn = pb_alloc_contig(&f->pool, &rq, PB_PAGEBLOCK_NR, NULL);
	KUNIT_ASSERT_NE(test, pfn, PB_NO_PFN);
	KUNIT_EXPECT_GE(test, pfn, PT_PAGEBLOCK(2053));
	KUNIT_EXPECT_GT(test, atomic_long_read(&m->migrations), 100L);
	KUNIT_EXPECT_EQ(test, pt_movers_check(test, m), PT_PAGEBLOCK(3) - free_cma);
	KUNIT_EXPECT_EQ(test, (unsigned long)atomic_long_read(&zone->nr_free_cma),
			free_cma - PB_PAGEBLOCK_NR);
	pt_verify(test, f, NULL);
	KUNIT_EXPECT_EQ(test, pb_free_contig(&f->pool, pfn, PB_PAGEBLOCK_NR), PB_BAD_NONE);
	KUNIT_EXPECT_EQ(test, (unsigned long)atomic_long_read(&zone->nr_free_cma), free_cma);
	while (n--)
		pt_free(test, f, pfns[n], 0);
	pt_movers_free_all(test, m);
	pt_expect_all_free(test, f);
}

/* A block that compaction captures for a request counts as a miss of another preferred zone. */
static void test_numa_miss(struct kunit *test)
{
	struct pt_movers *m = pt_fragmented(test, &pt_four_nodes, 0, 60);
	struct pb_zone *zone3 = pt_zone(m->f, 3, PB_ZONE_NORMAL);
	struct pb_request rq = pt_waiting_rq(9);
	unsigned long pfn;

	rq.preferred_zone = zone3;
	KUNIT_EXPECT_EQ(test, pb_compact_pages(&m->f->pool, &rq, PB_COMPACT_PRIO_SYNC_LIGHT, &pfn),
			PB_COMPACT_SUCCESS);
	KUNIT_ASSERT_NE(test, pfn, PB_NO_PFN);
	KUNIT_EXPECT_NE(test, pb_pfn_zone(&m->f->pool, pfn)->nid, 3);
	KUNIT_EXPECT_EQ(test, pb_zone_event(zone3, PB_NUMA_FOREIGN), 1UL);
}

/* Migrations in progress; the depth is bounded, so that the case ends without its fix. */
static struct {
	unsigned int	depth, deepest, unmarked, allocs;
} nested;

static int alloc_inside(struct pt_movers *m, struct pt_object *o, unsigned long src,
			unsigned long dst)
{
	struct pb_request rq = pt_waiting_rq(0);
	unsigned long pfn;

	nested.deepest = max(nested.deepest, ++nested.depth);
	nested.unmarked += !pb_task_reclaiming();
	if (nested.depth < 3 && nested.allocs) {
		nested.allocs--;
		pfn = pb_alloc_contig(&m->f->pool, &rq, PB_PAGEBLOCK_NR, NULL);
		if (pfn != PB_NO_PFN)
			pb_free_contig(&m->f->pool, pfn, PB_PAGEBLOCK_NR);
	}
	nested.depth--;
	return 0;
}

/* An owner that allocates in its migrate callback is not called again for this allocation. */
static void test_no_recursion(struct kunit *test)
{
	struct pt_movers *m = pt_fragmented(test, &pt_small, 0, 60);
	struct pb_request rq = pt_waiting_rq(0);
	unsigned long pfn;

	memset(&nested, 0, sizeof(nested));
	m->hook = alloc_inside;
	nested.allocs = 10;
	pfn = pb_alloc_contig(&m->f->pool, &rq, PB_PAGEBLOCK_NR, NULL);
	KUNIT_EXPECT_NE(test, pfn, PB_NO_PFN);
	KUNIT_EXPECT_EQ(test, nested.deepest, 1U);
	KUNIT_EXPECT_EQ(test, pb_compact_zone_fully(pt_movers_zone(m)), 3UL);
	KUNIT_EXPECT_EQ(test, nested.unmarked, 0U);
	KUNIT_EXPECT_FALSE(test, pb_task_reclaiming());
	m->hook = NULL;
}

/*
 * Outside the CMA area every second frame is free and the others cannot be moved: a range comes out
 * of the area, whose pageblocks keep their type.
 */
static void test_contig_uses_cma(struct kunit *test)
{
	struct pt_fixture *f = pt_pool(test, &pt_cma);
	struct pt_movers *m = pt_movers(test, f, PT_PAGEBLOCK(3));
	struct pb_request rq = pt_waiting_rq(0);
	unsigned long *pfns, pfn, n, i;

	n = pt_fill(test, f, 0, PB_UNMOVABLE, &pfns);
	KUNIT_ASSERT_EQ(test, n, PT_PAGEBLOCK(5));
	rq.flags = PB_ALLOC_WAIT | PB_ALLOC_CMA;
	for (i = 0; i < m->nr; i++)
		KUNIT_ASSERT_TRUE(test, pt_object_alloc(m, &m->obj[i], &rq, i));
	for (i = 0; i < m->nr; i += 2)
		KUNIT_ASSERT_TRUE(test, pt_object_free(m, &m->obj[i]));
	while (n--)
		if (pfns[n] % 2)
			pt_free(test, f, pfns[n], 0);
	pt_drain_all(&f->pool);
	rq.migratetype = PB_UNMOVABLE;
	/* One that may not wait migrates nothing. */
	rq.flags = 0;
	KUNIT_EXPECT_EQ(test, pb_alloc_contig(&f->pool, &rq, PB_PAGEBLOCK_NR, NULL), PB_NO_PFN);
	KUNIT_EXPECT_EQ(test, atomic_long_read(&m->migrations), 0L);
	rq.flags = PB_ALLOC_WAIT;
	pfn = pb_alloc_contig(&f->pool, &rq, PB_PAGEBLOCK_NR, NULL);
	KUNIT_ASSERT_NE(test, pfn, PB_NO_PFN);
	KUNIT_EXPECT_GE(test, pfn, PT_PAGEBLOCK(2053));
	for (i = 0; i < 3; i++)
		KUNIT_EXPECT_EQ(test, pb_entry_migratetype(entry_at(m, PT_PAGEBLOCK(2053 + i))),
				PB_CMA);
	pt_movers_check(test, m);
}

static struct kunit_case compact_contig_cases[] = {
	KUNIT_CASE_PARAM(test_contig, counts_gen_params),
	KUNIT_CASE_PARAM(test_contig_aligned, counts_gen_params),
	KUNIT_CASE(test_contig_empties_cma),
	KUNIT_CASE(test_numa_miss),
	KUNIT_CASE(test_no_recursion),
	KUNIT_CASE(test_contig_uses_cma),
	{}
};

static struct kunit_suite compact_contig_suite = {
	.name = "pbuddy_compact_contig",
	.init = pt_init,
	.exit = pt_exit,
	.test_cases = compact_contig_cases,
};

kunit_test_suite(compact_contig_suite);
