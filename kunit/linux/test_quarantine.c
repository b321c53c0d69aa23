// SPDX-License-Identifier: GPL-2.0-only
/*
 * Pages that have other users when they are freed are not reused, stay charged, and come back with
 * their flags reset. get_page() stands for the reference of another user, as get_user_pages() or
 * a pipe holds it. scripts/tests/user-device.sh does the same from user space.
 */
#include <kunit/test.h>
#include <linux/delay.h>
#include <linux/irqflags.h>
#include <linux/mm.h>
#include <linux/page_ref.h>
#include <linux/pbuddy.h>
#include <linux/string.h>

#include "api/account.h"
#include "api/account_limit.h"
#include "api/movable_migrate.h"
#include "api/pages.h"
#include "api/quarantine.h"
#include "compat.h"
#include "core/compact/movable.h"
#include "core/pool/stat.h"
#include "instance.h"
#include "instance_check.h"

#define BYTE	0x5a
#define OTHERS	32

static unsigned long left(void)
{
	unsigned int tries;

	for (tries = 0; tries < 3000 && pb_quarantine_pages(); tries++)
		msleep(20);
	return pb_quarantine_pages();
}

/* Whether blocks that are allocated now lie elsewhere, and the contents of @pin are as before. */
static bool not_reused(struct page *page, unsigned int order, struct page *pin)
{
	struct page *others[OTHERS];
	bool good = true;
	unsigned int i;

	for (i = 0; i < OTHERS; i++) {
		others[i] = pbuddy_alloc_pages(GFP_KERNEL | __GFP_ZERO | __GFP_NOWARN, order);
		good &= !others[i] || others[i] != page;
	}
	for (i = 0; i < OTHERS; i++)
		pbuddy_free_pages(others[i], order);
	return good && !memchr_inv(page_address(pin), BYTE, PAGE_SIZE);
}

/* What the ways of a free differ in. */
struct way {
	const char	*name;
	gfp_t		gfp;
	unsigned int	order;
	unsigned long	pin;		/* page that has another user */
	unsigned long	contig;		/* pages of pbuddy_alloc_contig(), or 0 */
	bool		marked;		/* by pbuddy_mark_mappable() */
	bool		bulk;
	bool		irqs_off;
	unsigned long	kept;		/* pages in quarantine */
};

static const struct way ways[] = {
	{ "a page of the kernel only", GFP_KERNEL, .kept = 1 },
	{ "a zeroed page", GFP_KERNEL | __GFP_ZERO, .kept = 1 },
	{ "a user page", GFP_HIGHUSER_MOVABLE, .kept = 1 },
	{ "interrupts off", GFP_KERNEL, .irqs_off = true, .kept = 1 },
	{ "bulk", GFP_KERNEL, .bulk = true, .kept = 1 },
	{ "contig", GFP_KERNEL, .contig = 100, .pin = 77, .kept = 1 },
	{ "head of a block", GFP_KERNEL, 3, .kept = 8 },
	{ "zeroed block", GFP_KERNEL | __GFP_ZERO, 3, .pin = 5, .kept = 8 },
	{ "user block", GFP_USER, 2, .pin = 3, .kept = 4 },
	{ "movable block", GFP_HIGHUSER_MOVABLE, 1, .pin = 1, .kept = 2 },
	{ "marked block", GFP_KERNEL, 4, .pin = 9, .marked = true, .kept = 16 },
	{ "compound block", GFP_KERNEL | __GFP_COMP, 3, .pin = 6, .kept = 8 },
	{ "pageblock", GFP_USER, 9, .pin = 511, .kept = 512 },
	{ "more than a pageblock", GFP_USER | __GFP_NOWARN, 10, .pin = 1023, .kept = 1024 },
};

static void describe_way(const struct way *way, char *desc)
{
	strscpy(desc, way->name, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(ways, ways, describe_way);

static void free_by(const struct way *way, struct page *page)
{
	struct page *pages[2] = { page, NULL };
	unsigned long flags = 0;

	if (way->irqs_off)
		local_irq_save(flags);
	if (way->contig)
		pbuddy_free_contig(page, way->contig);
	else if (way->bulk)
		pbuddy_free_pages_bulk(pages, ARRAY_SIZE(pages));
	else
		pbuddy_free_pages(page, way->order);
	if (way->irqs_off)
		local_irq_restore(flags);
}

static void test_ways(struct kunit *test)
{
	const struct way *way = test->param_value;
	struct page *page, *pin;

	page = way->contig ? pbuddy_alloc_contig(way->contig, way->gfp, NUMA_NO_NODE, NULL) :
			     pbuddy_alloc_pages(way->gfp, way->order);
	if (!page && way->order > 9)
		kunit_skip(test, "this pool has no such block");
	KUNIT_ASSERT_NOT_NULL(test, page);
	if (way->marked)
		KUNIT_EXPECT_EQ(test, pbuddy_mark_mappable(page, way->order), 0);
	pin = page + way->pin;
	memset(page_address(pin), BYTE, PAGE_SIZE);
	get_page(pin);
	free_by(way, page);
	KUNIT_EXPECT_EQ(test, pb_quarantine_pages(), way->kept);
	KUNIT_EXPECT_TRUE(test, not_reused(way->contig ? pin : page, way->order, pin));
	/* A second free is refused. */
	pbuddy_free_pages(way->contig ? pin : page, way->order);
	pt_expect_bad_frees(test, 1);
	msleep(50);
	KUNIT_EXPECT_EQ(test, pb_quarantine_pages(), way->kept);
	put_page(pin);
	KUNIT_EXPECT_EQ(test, left(), 0UL);
	KUNIT_EXPECT_EQ(test, pbuddy_page_order(way->contig ? pin : page), -EINVAL);
}

/* Flags that users of a page leave set. */
static void test_flags_reset(struct kunit *test)
{
	struct page *page = pbuddy_alloc_page(GFP_KERNEL);
	struct folio *folio;

	KUNIT_ASSERT_NOT_NULL(test, page);
	folio = page_folio(page);
	get_page(page);
	pbuddy_free_page(page);
	folio_set_referenced(folio);
	folio_set_dirty(folio);
	folio_set_workingset(folio);
	folio_set_active(folio);
	put_page(page);
	KUNIT_EXPECT_EQ(test, left(), 0UL);
	KUNIT_EXPECT_FALSE(test, folio_test_referenced(folio));
	KUNIT_EXPECT_FALSE(test, folio_test_dirty(folio));
	KUNIT_EXPECT_FALSE(test, folio_test_workingset(folio));
	KUNIT_EXPECT_FALSE(test, folio_test_active(folio));
	KUNIT_EXPECT_EQ(test, page_private(page), 0UL);
	KUNIT_EXPECT_EQ(test, folio->index, 0UL);
}

/* A reference, a missing one or a flag is found at each page of a block. */
static void test_clean(struct kunit *test)
{
	static const unsigned int orders[] = { 0, 1, 2, 3, 4, 9 };
	struct page *page, *at;
	unsigned long i;
	unsigned int n;

	for (n = 0; n < ARRAY_SIZE(orders); n++) {
		page = pbuddy_alloc_pages(GFP_KERNEL | __GFP_ZERO, orders[n]);
		KUNIT_ASSERT_NOT_NULL(test, page);
		for (i = 0; i < 1UL << orders[n]; i++) {
			at = page + i;
			KUNIT_EXPECT_TRUE(test, pb_pages_clean(page, orders[n]));
			get_page(at);
			KUNIT_EXPECT_FALSE(test, pb_pages_clean(page, orders[n]));
			put_page(at);
			KUNIT_ASSERT_TRUE(test, page_ref_freeze(at, PB_BASE_REFS));
			KUNIT_EXPECT_FALSE(test, pb_pages_clean(page, orders[n]));
			page_ref_unfreeze(at, PB_BASE_REFS);
			folio_set_active(page_folio(at));
			KUNIT_EXPECT_FALSE(test, pb_pages_clean(page, orders[n]));
			/* The last one is left for the free to reset. */
			if (i < (1UL << orders[n]) - 1)
				folio_clear_active(page_folio(at));
		}
		pbuddy_free_pages(page, orders[n]);
		KUNIT_EXPECT_EQ(test, pb_quarantine_pages(), 0UL);
		if (orders[n])
			KUNIT_EXPECT_FALSE(test, folio_test_active(page_folio(at)));
		else
			folio_clear_active(page_folio(at));
	}
}

/* More blocks than the table has groups. */
static void test_many(struct kunit *test)
{
	struct page **pages = kunit_kcalloc(test, 1000, sizeof(*pages), GFP_KERNEL);
	unsigned long n, i;

	KUNIT_ASSERT_NOT_NULL(test, pages);
	n = pbuddy_alloc_pages_bulk(GFP_KERNEL, NUMA_NO_NODE, 1000, pages);
	for (i = 0; i < n; i++) {
		get_page(pages[i]);
		pbuddy_free_page(pages[i]);
	}
	KUNIT_EXPECT_EQ(test, pb_quarantine_pages(), n);
	msleep(50);
	KUNIT_EXPECT_EQ(test, pb_quarantine_pages(), n);
	for (i = 0; i < n; i++)
		put_page(pages[i]);
	KUNIT_EXPECT_EQ(test, left(), 0UL);
}

/* The page stays charged as long as it is in quarantine. */
static void test_stays_charged(struct kunit *test)
{
	const gfp_t gfp = GFP_NOWAIT | __GFP_ACCOUNT | __GFP_NOWARN;
	unsigned long limit = pb_account_limit_kbytes;
	struct page *page, *other;

	pb_account_set_limit(PAGE_SIZE >> 10);
	current->flags &= ~PF_KTHREAD;
	page = pbuddy_alloc_page(gfp);
	if (page) {
		get_page(page);
		pbuddy_free_page(page);
	}
	other = pbuddy_alloc_page(gfp);
	KUNIT_EXPECT_NOT_NULL(test, page);
	KUNIT_EXPECT_NULL(test, other);
	pbuddy_free_pages(other, 0);
	if (page)
		put_page(page);
	KUNIT_EXPECT_EQ(test, left(), 0UL);
	other = pbuddy_alloc_page(gfp);
	KUNIT_EXPECT_NOT_NULL(test, other);
	pbuddy_free_pages(other, 0);
	current->flags |= PF_KTHREAD;
	pb_account_set_limit(limit);
}

/* ---- Migration ---- */

static bool isolate_page(struct page *page, enum pbuddy_migrate_mode mode)
{
	return true;
}

/* Another user takes a reference while the owner migrates the page. */
static int migrate_page(struct page *dst, struct page *src, enum pbuddy_migrate_mode mode)
{
	get_page(src);
	return 0;
}

static void putback_page(struct page *page)
{
}

static const struct pbuddy_movable_operations movable_ops = {
	.isolate_page = isolate_page,
	.migrate_page = migrate_page,
	.putback_page = putback_page,
};

static void test_source_referenced(struct kunit *test)
{
	struct page *src = pbuddy_alloc_pages(GFP_HIGHUSER_MOVABLE, 0);
	struct page *dst = pbuddy_alloc_pages(GFP_HIGHUSER_MOVABLE, 0);
	struct pb_migration m = { .src_heads = 1, .dst_heads = 1, .mode = PB_MIGRATE_SYNC };
	unsigned long pfn;

	KUNIT_ASSERT_TRUE(test, src && dst);
	pfn = page_to_pfn(src);
	KUNIT_ASSERT_EQ(test, pbuddy_register_movable(&movable_ops), 0);
	KUNIT_EXPECT_EQ(test, pbuddy_page_set_movable(src, &movable_ops, NULL), 0);
	KUNIT_EXPECT_TRUE(test, pb_movable_isolate(&pb_instance, pfn, 0));
	m.src = pfn;
	m.dst = page_to_pfn(dst);
	pb_movable_ops_migrate(&pb_instance, &m);
	KUNIT_EXPECT_EQ(test, m.moved, 1ULL);
	/* As migrate.c does then. */
	KUNIT_EXPECT_EQ(test, pb_release(&pb_instance, pfn, 0, READ_ONCE(*pb_order_map(&pb_instance,
										       pfn))),
			PB_RELEASE_KEPT);
	KUNIT_EXPECT_EQ(test, pb_quarantine_pages(), 1UL);
	put_page(src);
	KUNIT_EXPECT_EQ(test, left(), 0UL);
	KUNIT_EXPECT_EQ(test, pbuddy_page_order(src), -EINVAL);
	pbuddy_unregister_movable(&movable_ops);
	pbuddy_free_page(dst);
}

static struct kunit_case quarantine_cases[] = {
	KUNIT_CASE_PARAM(test_ways, ways_gen_params),
	KUNIT_CASE(test_flags_reset),
	KUNIT_CASE(test_clean),
	KUNIT_CASE(test_many),
	KUNIT_CASE(test_stays_charged),
	KUNIT_CASE(test_source_referenced),
	{}
};

static struct kunit_suite quarantine_suite = {
	.name = "pbuddy_quarantine",
	.init = pt_instance_begin,
	.exit = pt_instance_end,
	.test_cases = quarantine_cases,
};

kunit_test_suite(quarantine_suite);
