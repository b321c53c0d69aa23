// SPDX-License-Identifier: GPL-2.0-only
/*
 * target.c and migrate.c: targets of a word that are allocated together, and sources of
 * a word that are freed together. A pageblock with 60 single frames is emptied into one with 62
 * free frames, of which each word has some.
 */
#include "core/base/pfn.h"
#include "core/compact/compact_zone.h"
#include "core/compact/target.h"
#include "core/zone/zone.h"
#include "movers.h"
#include "task.h"

static const unsigned int used[8] = { 512, 512, 512, 450, 60, 512, 512, 512 };

#define SOURCE	4U	/* the pageblock with 60 */

static int empty_in_mode(struct pt_movers *m, enum pb_migrate_mode mode)
{
	struct pb_area area = { .first = SOURCE, .nr = 1, .frames = PB_PAGEBLOCK_NR };
	struct pb_compact_control cc;

	pb_zone_index_update_all(pt_movers_zone(m));
	pb_compact_control_init(&cc, pt_movers_zone(m), PB_PAGEBLOCK_ORDER, mode);
	cc.limit = PB_NR_FULLNESS - 1;
	return pb_compact_area(&cc, &area, NULL);
}

static int empty_source(struct pt_movers *m)
{
	return empty_in_mode(m, PB_MIGRATE_SYNC);
}

/* All blocks move, and nothing stays allocated. */
static void test_moved(struct kunit *test)
{
	struct pt_movers *m = pt_partly_used(test, used);
	unsigned long held = pt_movers_check(test, m);

	KUNIT_EXPECT_EQ(test, empty_source(m), 0);
	KUNIT_EXPECT_EQ(test, atomic_long_read(&m->migrations), 60L);
	KUNIT_EXPECT_EQ(test, pt_movers_check(test, m), held);
	pt_expect_allocated(test, m->f, held);
	KUNIT_EXPECT_TRUE(test, pb_zone_has_block(pt_movers_zone(m), PB_PAGEBLOCK_ORDER,
						  BIT(PB_MOVABLE)));
	pt_movers_free_all(test, m);
	pt_expect_all_free(test, m->f);
}

/* Frees all other blocks of the source's pageblock during the first migration. */
static int free_others(struct pt_movers *m, struct pt_object *o, unsigned long src,
		       unsigned long dst)
{
	unsigned long i, *freed = m->arg;

	for (i = 0; i < m->nr; i++) {
		if (&m->obj[i] == o || m->obj[i].pfn == PB_NO_PFN ||
		    m->obj[i].pfn >> PB_PAGEBLOCK_ORDER != src >> PB_PAGEBLOCK_ORDER)
			continue;
		if (!pt_object_free(m, &m->obj[i]))
			return -EINVAL;
		++*freed;
	}
	return 0;
}

/* Targets that were allocated in advance and are not needed become free. */
static void test_not_needed(struct kunit *test)
{
	struct pt_movers *m = pt_partly_used(test, used);
	unsigned long held = pt_movers_check(test, m), freed = 0;

	m->hook = free_others;
	m->arg = &freed;
	KUNIT_EXPECT_EQ(test, empty_source(m), 0);
	m->hook = NULL;
	KUNIT_EXPECT_EQ(test, freed, 59UL);
	KUNIT_EXPECT_EQ(test, atomic_long_read(&m->migrations), 1L);
	pt_expect_allocated(test, m->f, held - freed);
	pt_movers_free_all(test, m);
	pt_expect_all_free(test, m->f);
}

/* In the second migration, frees the source of the first one. */
static int free_first(struct pt_movers *m, struct pt_object *o, unsigned long src,
		      unsigned long dst)
{
	unsigned long *first = m->arg;

	if (atomic_long_read(&m->migrations) == 1)
		*first = src;
	else if (atomic_long_read(&m->migrations) == 2)
		pb_free(&m->f->pool, *first, 0);
	return 0;
}

/* A second free of a block that has moved, and is not free yet, is reported. */
static void test_double_free(struct kunit *test)
{
	struct pt_movers *m = pt_partly_used(test, used);
	unsigned long held = pt_movers_check(test, m), first = PB_NO_PFN;

	m->hook = free_first;
	m->arg = &first;
	KUNIT_EXPECT_EQ(test, empty_source(m), 0);
	m->hook = NULL;
	pt_expect_bad(test, m->f, PB_BAD_DOUBLE, first);
	KUNIT_EXPECT_EQ(test, pt_movers_check(test, m), held);
	pt_expect_allocated(test, m->f, held);
	pt_movers_free_all(test, m);
	pt_expect_all_free(test, m->f);
}

static void (*migrate_all)(struct pb_pool *pool, struct pb_migration *m);
static unsigned int several;	/* migrations of more than one block */

/* Migrates the first block only, as when that takes long. */
static void migrate_first(struct pb_pool *pool, struct pb_migration *m)
{
	struct pb_migration first = *m;

	several += hweight64(m->src_heads) > 1;
	first.src_heads &= -first.src_heads;
	first.dst_heads &= -first.dst_heads;
	migrate_all(pool, &first);
	m->moved = first.moved;
	m->failed = first.failed;
	m->freed = first.freed;
}

static struct pt_movers *slow_movers(struct kunit *test)
{
	struct pt_movers *m = pt_partly_used(test, used);

	migrate_all = m->f->pool.ops.migrate;
	m->f->pool.ops.migrate = migrate_first;
	several = 0;
	return m;
}

/*
 * Blocks that were not tried are migrated in the same pass, one by one: while one of them takes
 * long the others are not isolated.
 */
static void test_ends_early(struct kunit *test)
{
	struct pt_movers *m = slow_movers(test);
	unsigned long held = pt_movers_check(test, m);

	pt_task_keeps_cpu(true);
	KUNIT_EXPECT_EQ(test, empty_in_mode(m, PB_MIGRATE_ASYNC), 0);
	pt_task_keeps_cpu(false);
	KUNIT_EXPECT_EQ(test, atomic_long_read(&m->migrations), 60L);
	KUNIT_EXPECT_LE(test, several, PB_WORDS);
	KUNIT_EXPECT_EQ(test, pt_movers_check(test, m), held);
	pt_expect_allocated(test, m->f, held);
	pt_movers_free_all(test, m);
	pt_expect_all_free(test, m->f);
}

static int dies(struct pt_movers *m, struct pt_object *o, unsigned long src, unsigned long dst)
{
	pt_task_dies(true);
	return 0;
}

/* A fatal signal ends the migration of a word whose blocks take long. */
static void test_killed_in_a_word(struct kunit *test)
{
	struct pt_movers *m = slow_movers(test);
	unsigned long held = pt_movers_check(test, m);

	m->hook = dies;
	KUNIT_EXPECT_EQ(test, empty_source(m), -EINTR);
	pt_task_dies(false);
	m->hook = NULL;
	KUNIT_EXPECT_EQ(test, atomic_long_read(&m->migrations), 1L);
	KUNIT_EXPECT_EQ(test, pt_movers_check(test, m), held);
	pt_expect_allocated(test, m->f, held);
	pt_movers_free_all(test, m);
	pt_expect_all_free(test, m->f);
}

/* Near the min watermark as many targets are allocated as it allows: here one of several. */
static void test_at_the_watermark(struct kunit *test)
{
	struct pt_movers *m = pt_partly_used(test, used);
	unsigned long held = pt_movers_check(test, m);

	pt_set_watermark(pt_movers_zone(m), PB_WMARK_MIN, 62 - 1);
	KUNIT_EXPECT_EQ(test, empty_source(m), -ENOMEM);
	KUNIT_EXPECT_EQ(test, atomic_long_read(&m->migrations), 1L);
	KUNIT_EXPECT_EQ(test, pt_movers_check(test, m), held);
	pt_expect_allocated(test, m->f, held);
	pt_movers_free_all(test, m);
}

/* Targets for @wanted frames, or as many as the watermark allows; free again. */
static unsigned int targets_at_once(struct kunit *test, struct pt_movers *m, unsigned long wanted)
{
	struct pb_compact_control cc;
	unsigned int nr = 0, i;

	pb_zone_index_update_all(pt_movers_zone(m));
	pb_compact_control_init(&cc, pt_movers_zone(m), PB_PAGEBLOCK_ORDER, PB_MIGRATE_SYNC);
	cc.limit = PB_NR_FULLNESS - 1;
	cc.wanted = wanted;
	KUNIT_EXPECT_TRUE(test, pb_compact_target(&cc, 0));
	for (i = cc.next_ready; i < cc.end_ready; i++)
		nr += hweight64(cc.ready[i].heads);
	pb_compact_free_ready(&cc);
	return nr;
}

/* The words of a pageblock serve as targets together. */
static void test_targets_at_once(struct kunit *test)
{
	struct pt_movers *m = pt_partly_used(test, used);
	unsigned long held = pt_movers_check(test, m);
	struct pb_zone *zone = pt_movers_zone(m);

	KUNIT_EXPECT_EQ(test, targets_at_once(test, m, 3), 3U);
	KUNIT_EXPECT_LE(test, targets_at_once(test, m, 60), 60U);
	KUNIT_EXPECT_EQ(test, targets_at_once(test, m, 512), 62U);
	pt_set_watermark(zone, PB_WMARK_MIN, pb_zone_free_pages(zone) - 20);
	KUNIT_EXPECT_LE(test, targets_at_once(test, m, 60), 20U);
	pt_set_watermark(zone, PB_WMARK_MIN, 0);
	pt_expect_allocated(test, m->f, held);
	pt_movers_free_all(test, m);
	pt_expect_all_free(test, m->f);
}

static struct kunit_case batch_cases[] = {
	KUNIT_CASE(test_moved),
	KUNIT_CASE(test_not_needed),
	KUNIT_CASE(test_double_free),
	KUNIT_CASE(test_ends_early),
	KUNIT_CASE(test_killed_in_a_word),
	KUNIT_CASE(test_at_the_watermark),
	KUNIT_CASE(test_targets_at_once),
	{}
};

static struct kunit_suite batch_suite = {
	.name = "pbuddy_compact_batch",
	.init = pt_init,
	.exit = pt_exit,
	.test_cases = batch_cases,
};

kunit_test_suite(batch_suite);
