// SPDX-License-Identifier: GPL-2.0-only
/*
 * Movable blocks of an owner that migrates several together (isolate_pages, migrate_pages): blocks
 * that are not moved so are migrated one by one, and the owner isolates each as often as it is
 * migrated or put back.
 */
#include <kunit/test.h>
#include <linux/errno.h>
#include <linux/highmem.h>
#include <linux/mm.h>
#include <linux/pbuddy.h>
#include <linux/sched.h>

#include "api/movable_migrate.h"
#include "core/base/ops.h"
#include "core/compact/movable.h"
#include "instance.h"
#include "instance_check.h"

#define NR	16U
#define NONE	NR
#define ALL	(BIT_ULL(NR) - 1)

static struct object {
	struct page	*page;
	bool		isolated;
} objects[NR];

/* What the owner does, and what it was called for; blocks by their number. */
static struct {
	struct page	*src;
	struct page	*dst;
	unsigned int	refused;	/* cannot be isolated */
	unsigned int	fails;		/* cannot be migrated */
	unsigned int	referenced;	/* gets a reference while it is migrated */
	unsigned int	freed;		/* is freed after it was migrated */
	bool		free_last;	/* the last one is freed before */
	bool		slow;		/* waits where it fails */
	unsigned int	nr_calls;	/* of migrate_pages */
	unsigned int	nr_together;	/* blocks that it has moved */
	unsigned int	nr_single;	/* calls of migrate_page */
	unsigned int	nr_putback;
	unsigned int	nr_wrong;	/* calls for a block in another state */
} owner;

static unsigned int number_of(const struct object *o)
{
	return o - objects;
}

static bool isolate(struct object *o, struct page *page)
{
	owner.nr_wrong += o->page != page || o->isolated;
	o->isolated = number_of(o) != owner.refused;
	return o->isolated;
}

static int move(struct object *o, struct page *dst, struct page *src)
{
	owner.nr_wrong += o->page != src || !o->isolated;
	if (number_of(o) == owner.fails)
		return -EIO;
	copy_highpage(dst, src);
	o->page = dst;
	o->isolated = false;
	if (number_of(o) == owner.referenced)
		get_page(src);
	if (number_of(o) == owner.freed)
		pbuddy_free_page(src);
	return 0;
}

static bool isolate_page(struct page *page, enum pbuddy_migrate_mode mode)
{
	return isolate(pbuddy_page_private(page), page);
}

static int migrate_page(struct page *dst, struct page *src, enum pbuddy_migrate_mode mode)
{
	owner.nr_single++;
	return move(pbuddy_page_private(src), dst, src);
}

static void putback_page(struct page *page)
{
	struct object *o = pbuddy_page_private(page);

	owner.nr_wrong += o->page != page || !o->isolated;
	owner.nr_putback++;
	o->isolated = false;
}

static unsigned int isolate_pages(const struct pbuddy_migration *m)
{
	unsigned int i;

	for (i = 0; i < m->nr; i++)
		if (!isolate(pbuddy_migration_private(m, i), m->src + (i << m->order)))
			break;
	return i;
}

static unsigned int migrate_pages(const struct pbuddy_migration *m)
{
	unsigned int i;

	owner.nr_calls++;
	for (i = 0; i < m->nr; i++)
		if (move(pbuddy_migration_private(m, i), m->dst + (i << m->order),
			 m->src + (i << m->order)))
			break;
	owner.nr_together += i;
	if (i < m->nr && owner.slow)
		schedule_timeout_uninterruptible(4);
	return i;
}

static const struct pbuddy_movable_operations together = {
	.isolate_page = isolate_page,
	.migrate_page = migrate_page,
	.putback_page = putback_page,
	.isolate_pages = isolate_pages,
	.migrate_pages = migrate_pages,
}, single = {
	.isolate_page = isolate_page,
	.migrate_page = migrate_page,
	.putback_page = putback_page,
};

/* Blocks from the number @second on have other operations. */
static void begin(struct kunit *test, unsigned int second)
{
	unsigned int i;

	memset(&owner, 0, sizeof(owner));
	owner.refused = NONE;
	owner.fails = NONE;
	owner.referenced = NONE;
	owner.freed = NONE;
	owner.src = pbuddy_alloc_contig(NR, GFP_KERNEL, NUMA_NO_NODE, NULL);
	owner.dst = pbuddy_alloc_contig(NR, GFP_KERNEL, NUMA_NO_NODE, NULL);
	KUNIT_ASSERT_TRUE(test, owner.src && owner.dst);
	KUNIT_ASSERT_EQ(test, pbuddy_register_movable(&together), 0);
	KUNIT_ASSERT_EQ(test, pbuddy_register_movable(&single), 0);
	for (i = 0; i < NR; i++) {
		objects[i] = (struct object) { .page = owner.src + i };
		*(u32 *)page_address(owner.src + i) = i;
		KUNIT_EXPECT_EQ(test, pbuddy_page_set_movable(owner.src + i,
							      i < second ? &together : &single,
							      &objects[i]), 0);
		KUNIT_EXPECT_EQ(test, pb_movable_set(&pb_instance, page_to_pfn(owner.dst + i)), 0);
	}
}

/* Isolates the blocks and migrates them, as migrate.c. @m has their numbers then. */
static void run(struct kunit *test, struct pb_migration *m, enum pb_migrate_mode mode)
{
	unsigned long src = page_to_pfn(owner.src), dst = page_to_pfn(owner.dst);
	unsigned int i, from = src % PB_WORD_NR;

	for (i = 0; i < NR; i++) {
		KUNIT_EXPECT_TRUE(test, pb_movable_isolate(&pb_instance, src + i, 0));
		KUNIT_EXPECT_TRUE(test, pb_movable_isolate(&pb_instance, dst + i, 0));
	}
	*m = (struct pb_migration) {
		.src = round_down(src, PB_WORD_NR),
		.dst = round_down(dst, PB_WORD_NR),
		.src_heads = ALL << from,
		.dst_heads = ALL << dst % PB_WORD_NR,
		.mode = mode,
	};
	if (owner.free_last)
		pbuddy_free_page(owner.src + NR - 1);
	pb_movable_ops_migrate(&pb_instance, m);
	m->moved >>= from;
	m->failed >>= from;
	m->freed >>= from;
}

/* Expects these blocks to have moved, and all objects to have their contents. Frees all. */
static void end(struct kunit *test, const struct pb_migration *m, u64 moved)
{
	unsigned int i;

	KUNIT_EXPECT_EQ(test, m->moved, moved);
	KUNIT_EXPECT_EQ(test, owner.nr_wrong, 0U);
	for (i = 0; i < NR; i++) {
		KUNIT_EXPECT_FALSE_MSG(test, objects[i].isolated, "block %u", i);
		KUNIT_EXPECT_PTR_EQ(test, objects[i].page,
				    moved & BIT_ULL(i) ? owner.dst + i : owner.src + i);
		KUNIT_EXPECT_EQ(test, *(u32 *)page_address(objects[i].page), i);
		if (moved & BIT_ULL(i))
			KUNIT_EXPECT_PTR_EQ(test, pbuddy_page_private(owner.dst + i),
					    (void *)&objects[i]);
		pb_movable_putback(&pb_instance, page_to_pfn(owner.dst + i));
		if (!pb_movable_putback(&pb_instance, page_to_pfn(owner.src + i)))
			pb_keep_allocated(&pb_instance, page_to_pfn(owner.src + i), 0);
	}
	pbuddy_free_contig(owner.src, NR);
	pbuddy_free_contig(owner.dst, NR);
	pbuddy_unregister_movable(&single);
	pbuddy_unregister_movable(&together);
}

/* Expects one block to have failed, and all others to have moved. */
static void end_without(struct kunit *test, const struct pb_migration *m, unsigned int failed,
			int err)
{
	KUNIT_EXPECT_EQ(test, m->failed, BIT_ULL(failed));
	KUNIT_EXPECT_EQ(test, m->err, err);
	end(test, m, ALL & ~BIT_ULL(failed));
}

static void test_together(struct kunit *test)
{
	struct pb_migration m;

	begin(test, NR);
	run(test, &m, PB_MIGRATE_SYNC);
	KUNIT_EXPECT_EQ(test, owner.nr_calls, 1U);
	KUNIT_EXPECT_EQ(test, owner.nr_together, NR);
	KUNIT_EXPECT_EQ(test, owner.nr_single, 0U);
	KUNIT_EXPECT_EQ(test, owner.nr_putback, 0U);
	KUNIT_EXPECT_EQ(test, m.failed, 0ULL);
	end(test, &m, ALL);
}

/* Only blocks of the same owner are in a call. */
static void test_two_owners(struct kunit *test)
{
	struct pb_migration m;

	begin(test, 6);
	run(test, &m, PB_MIGRATE_SYNC);
	KUNIT_EXPECT_EQ(test, owner.nr_together, 6U);
	KUNIT_EXPECT_EQ(test, owner.nr_single, NR - 6);
	end(test, &m, ALL);
}

/* The owner does not let a block be moved. */
static void test_refused(struct kunit *test)
{
	struct pb_migration m;

	begin(test, NR);
	owner.refused = 5;
	run(test, &m, PB_MIGRATE_SYNC);
	KUNIT_EXPECT_EQ(test, owner.nr_together, 5U);
	KUNIT_EXPECT_EQ(test, owner.nr_single, NR - 6);
	end_without(test, &m, 5, -EBUSY);
}

/* The owner fails to move a block; those behind it are put back, and moved one by one. */
static void test_fails(struct kunit *test)
{
	struct pb_migration m;

	begin(test, NR);
	owner.fails = 5;
	run(test, &m, PB_MIGRATE_SYNC);
	KUNIT_EXPECT_EQ(test, owner.nr_together, 5U);
	KUNIT_EXPECT_EQ(test, owner.nr_single, NR - 5);
	KUNIT_EXPECT_EQ(test, owner.nr_putback, NR - 5 + 1);
	end_without(test, &m, 5, -EIO);
}

/* A migration that must not wait ends with the first block that fails. */
static void test_async(struct kunit *test)
{
	struct pb_migration m;

	begin(test, NR);
	owner.fails = 5;
	run(test, &m, PB_MIGRATE_ASYNC);
	KUNIT_EXPECT_EQ(test, owner.nr_single, 1U);
	KUNIT_EXPECT_EQ(test, m.failed, BIT_ULL(5));
	end(test, &m, BIT_ULL(5) - 1);
}

/* After more than a tick the blocks that have not moved are put back, and did not fail. */
static void test_late(struct kunit *test)
{
	struct pb_migration m;

	begin(test, NR);
	owner.fails = 5;
	owner.slow = true;
	pb_movable_ticks = 1;
	run(test, &m, PB_MIGRATE_SYNC);
	KUNIT_EXPECT_EQ(test, owner.nr_single, 0U);
	KUNIT_EXPECT_EQ(test, m.failed, 0ULL);
	end(test, &m, BIT_ULL(5) - 1);
}

/* A block whose page has another user stays. */
static void test_pinned(struct kunit *test)
{
	struct pb_migration m;

	begin(test, NR);
	get_page(owner.src + 3);
	run(test, &m, PB_MIGRATE_SYNC);
	put_page(owner.src + 3);
	KUNIT_EXPECT_EQ(test, owner.nr_together, 3U);
	end_without(test, &m, 3, -EAGAIN);
}

/* The free of a source that got another user during the migration looks at it. */
static void test_referenced(struct kunit *test)
{
	struct pb_migration m;
	unsigned int i;

	begin(test, NR);
	owner.referenced = 3;
	run(test, &m, PB_MIGRATE_SYNC);
	put_page(owner.src + 3);
	KUNIT_EXPECT_EQ(test, owner.nr_together, NR);
	for (i = 0; i < NR; i++)
		KUNIT_EXPECT_EQ(test, pb_checked(&pb_instance, page_to_pfn(owner.src + i)), i == 3);
	end(test, &m, ALL);
}

/* The flag of a block that may be charged moves with it. */
static void test_checked(struct kunit *test)
{
	unsigned long src, dst;
	struct pb_migration m;

	begin(test, NR);
	src = page_to_pfn(owner.src + 3);
	dst = page_to_pfn(owner.dst + 3);
	pb_set_checked(&pb_instance, src);
	run(test, &m, PB_MIGRATE_SYNC);
	KUNIT_EXPECT_EQ(test, owner.nr_together, 0U);
	KUNIT_EXPECT_TRUE(test, pb_checked(&pb_instance, dst));
	KUNIT_EXPECT_FALSE(test, pb_checked(&pb_instance, src));
	end(test, &m, ALL);
}

/* A source that its owner frees after it has moved is reported as freed by it. */
static void test_freed_after(struct kunit *test)
{
	struct pb_migration m;

	begin(test, NR);
	owner.freed = 3;
	run(test, &m, PB_MIGRATE_SYNC);
	KUNIT_EXPECT_EQ(test, owner.nr_together, NR);
	KUNIT_EXPECT_EQ(test, m.freed, BIT_ULL(3));
	end(test, &m, ALL);
}

/* A block that its owner freed before is not isolated any more. */
static void test_freed_before(struct kunit *test)
{
	struct pb_migration m;

	begin(test, NR);
	owner.free_last = true;
	run(test, &m, PB_MIGRATE_SYNC);
	KUNIT_EXPECT_EQ(test, owner.nr_together, 0U);
	KUNIT_EXPECT_EQ(test, owner.nr_single, NR - 1);
	KUNIT_EXPECT_EQ(test, m.failed, BIT_ULL(NR - 1));
	end(test, &m, ALL & ~BIT_ULL(NR - 1));
}

static struct kunit_case movable_batch_cases[] = {
	KUNIT_CASE(test_together),
	KUNIT_CASE(test_two_owners),
	KUNIT_CASE(test_refused),
	KUNIT_CASE(test_fails),
	KUNIT_CASE(test_async),
	KUNIT_CASE(test_late),
	KUNIT_CASE(test_pinned),
	KUNIT_CASE(test_referenced),
	KUNIT_CASE(test_checked),
	KUNIT_CASE(test_freed_after),
	KUNIT_CASE(test_freed_before),
	{}
};

/* A migration does not end early, however slow the machine is. */
static int movable_batch_init(struct kunit *test)
{
	pb_movable_ticks = 3600 * HZ;
	return pt_instance_begin(test);
}

static void movable_batch_exit(struct kunit *test)
{
	pb_movable_ticks = 1;
	pt_instance_end(test);
}

static struct kunit_suite movable_batch_suite = {
	.name = "pbuddy_movable_batch",
	.init = movable_batch_init,
	.exit = movable_batch_exit,
	.test_cases = movable_batch_cases,
};

kunit_test_suite(movable_batch_suite);
