// SPDX-License-Identifier: GPL-2.0-only
/*
 * Compound pages (__GFP_COMP): the kernel's own functions see the right head, order and
 * references, a free leaves every word of struct page as it was, and a block with extra
 * references is not reused.
 */
#include <kunit/test.h>
#include <linux/delay.h>
#include <linux/irqflags.h>
#include <linux/mm.h>
#include <linux/page_ref.h>
#include <linux/pbuddy.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "api/compound.h"
#include "api/compound_meta.h"
#include "api/pages.h"
#include "compat.h"
#include "core/base/order.h"
#include "core/pool/stat.h"
#include "fixture.h"
#include "instance.h"
#include "instance_check.h"
#include "params.h"
#include "threads.h"

#define GFP_COMP	(GFP_KERNEL | __GFP_COMP | __GFP_NOWARN)

static const unsigned int orders[] = { 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 14, 18 };

static void describe_order(const unsigned int *order, char *desc)
{
	snprintf(desc, KUNIT_PARAM_DESC_SIZE, "order %u", *order);
}

KUNIT_ARRAY_PARAM(orders, orders, describe_order);

/* Whether the kernel takes the pages for one compound page with @refs references. */
static bool is_compound(struct page *head, unsigned int order, int refs)
{
	struct folio *folio = page_folio(head);
	unsigned long i;

	if (!PageHead(head) || PageTail(head) || compound_order(head) != order ||
	    folio_order(folio) != order || folio_nr_pages(folio) != 1UL << order ||
	    folio_ref_count(folio) != refs || folio->mapping || folio_mapped(folio) ||
	    folio_maybe_dma_pinned(folio))
		return false;
	for (i = 1; i < 1UL << order; i++)
		if (!PageTail(head + i) || PageHead(head + i) || page_folio(head + i) != folio ||
		    compound_head(head + i) != head || page_count(head + i) != refs ||
		    page_ref_count(head + i) || atomic_read(&head[i]._mapcount) != -1)
			return false;
	return true;
}

static bool is_ordinary(struct page *page, unsigned long nr)
{
	for (; nr--; page++)
		if (PageCompound(page) || page_ref_count(page) != PB_BASE_REFS || page->mapping ||
		    page_folio(page) != (struct folio *)page)
			return false;
	return true;
}

/* Fields of an allocated page that belong to its owner. */
static void reset_owner_fields(struct page *page, unsigned long nr)
{
	unsigned long i, *word;

	for (i = 0; i < nr; i++) {
		word = (unsigned long *)&page[i].lru;
		for (word += is_zone_device_page(page); word <= &page[i].private; word++)
			*word = 0;
	}
}

/* Waits until no deferred block is left; returns the pages of those that are. */
static unsigned long deferred_left(void)
{
	unsigned int tries;

	for (tries = 0; tries < 3000 && pb_compound_deferred_pages(); tries++)
		msleep(20);
	return pb_compound_deferred_pages();
}

static struct page *alloc_order(struct kunit *test, gfp_t gfp, unsigned int order)
{
	struct page *page;

	if (gfp & __GFP_COMP && order > PB_COMPOUND_MAX_ORDER)
		kunit_skip(test, "this kernel has no such compound page");
	page = pbuddy_alloc_pages(gfp, order);
	if (!page && order > 9)
		kunit_skip(test, "this pool has no such block");
	KUNIT_ASSERT_NOT_NULL(test, page);
	return page;
}

static void test_metadata(struct kunit *test)
{
	unsigned int order = *(const unsigned int *)test->param_value;
	struct page *page = alloc_order(test, GFP_COMP, order), *last = page + (1UL << order) - 1;

	KUNIT_EXPECT_TRUE(test, is_compound(page, order, 1));
	KUNIT_EXPECT_EQ(test, pbuddy_page_order(page), (int)order);
	get_page(last);
	KUNIT_EXPECT_TRUE(test, is_compound(page, order, 2));
	put_page(last);
	KUNIT_EXPECT_TRUE(test, is_compound(page, order, 1));
	pbuddy_free_pages(page, order);
	KUNIT_EXPECT_TRUE(test, is_ordinary(page, 1UL << order));
	KUNIT_EXPECT_EQ(test, pbuddy_page_order(page), -EINVAL);
	KUNIT_EXPECT_EQ(test, pb_compound_deferred_pages(), 0UL);
}

/* Every word of every struct page is the same before and after. */
static void test_struct_page(struct kunit *test)
{
	unsigned int order = *(const unsigned int *)test->param_value;
	struct page *page, *before;
	size_t bytes = sizeof(*page) << order;

	if (order > PB_COMPOUND_MAX_ORDER)
		kunit_skip(test, "this kernel has no such compound page");
	page = alloc_order(test, GFP_KERNEL | __GFP_NOWARN, order);
	before = kvmalloc(bytes, GFP_KERNEL);
	if (before) {
		reset_owner_fields(page, 1UL << order);
		memcpy(before, page, bytes);
		KUNIT_EXPECT_TRUE(test, pb_compound_set(page_to_pfn(page), order, true));
		KUNIT_EXPECT_TRUE(test, is_compound(page, order, 1));
		KUNIT_EXPECT_EQ(test, (int)pb_compound_release(page_to_pfn(page), order),
				(int)PB_COMPOUND_FREE_NOW);
		KUNIT_EXPECT_EQ(test, memcmp(before, page, bytes), 0);
	}
	kvfree(before);
	pbuddy_free_pages(page, order);
}

/* Every migratetype and kind of request, with every order that has a pcp list. */
static void test_requests(struct kunit *test)
{
	static const gfp_t kinds[] = {
		GFP_KERNEL, GFP_KERNEL | __GFP_RECLAIMABLE, GFP_HIGHUSER_MOVABLE,
		GFP_HIGHUSER_MOVABLE | __GFP_ZERO, GFP_ATOMIC, GFP_KERNEL | __GFP_DMA32,
	};
	unsigned int i, order;
	struct page *page;

	for (i = 0; i < ARRAY_SIZE(kinds); i++) {
		for (order = 0; order <= 10; order++) {
			page = pbuddy_alloc_pages(kinds[i] | __GFP_COMP | __GFP_NOWARN, order);
			if (!page)
				continue;
			KUNIT_EXPECT_TRUE(test, order ? is_compound(page, order, 1) :
						is_ordinary(page, 1));
			if (kinds[i] & __GFP_ZERO)
				KUNIT_EXPECT_NULL(test, memchr_inv(page_address(page), 0,
								   PAGE_SIZE << order));
			pbuddy_free_pages(page, order);
			KUNIT_EXPECT_TRUE(test, is_ordinary(page, 1UL << order));
		}
	}
}

static void test_too_large(struct kunit *test)
{
	if (PB_COMPOUND_MAX_ORDER >= PBUDDY_MAX_PAGE_ORDER)
		kunit_skip(test, "this kernel has compound pages of every order");
	KUNIT_EXPECT_NULL(test, pbuddy_alloc_pages(GFP_COMP, PB_COMPOUND_MAX_ORDER + 1));
}

static void test_contig(struct kunit *test)
{
	struct page *page = pbuddy_alloc_contig(64, GFP_COMP, NUMA_NO_NODE, NULL);

	KUNIT_ASSERT_NOT_NULL(test, page);
	KUNIT_EXPECT_TRUE(test, is_compound(page, 6, 1));
	pbuddy_free_contig(page, 64);
	KUNIT_EXPECT_TRUE(test, is_ordinary(page, 64));
	KUNIT_EXPECT_NULL(test, pbuddy_alloc_contig(48, GFP_COMP, NUMA_NO_NODE, NULL));
	page = pbuddy_alloc_contig(1, GFP_COMP, NUMA_NO_NODE, NULL);
	KUNIT_ASSERT_NOT_NULL(test, page);
	KUNIT_EXPECT_TRUE(test, is_ordinary(page, 1));
	pbuddy_free_contig(page, 1);
}

/* A wrong free changes nothing; the reports are those of other blocks. */
static void test_misuse(struct kunit *test)
{
	struct page *page = alloc_order(test, GFP_COMP, 3), *pages[] = { page, page + 3 };

	pbuddy_free_pages(page, 2);		/* wrong order */
	pbuddy_free_pages(page, 4);
	pbuddy_free_pages(page + 1, 0);		/* tail page */
	pbuddy_free_pages(page + 4, 2);
	pbuddy_free_pages(page + 4, 3);		/* misaligned */
	pt_expect_bad_frees(test, 5);
	pbuddy_free_pages_bulk(pages, ARRAY_SIZE(pages));
	pt_expect_bad_frees(test, 2);
	pbuddy_free_contig(page, 4);
	pt_expect_bad_frees(test, 4);
	KUNIT_EXPECT_TRUE(test, is_compound(page, 3, 1));
	pbuddy_free_pages(page, 3);
	pbuddy_free_pages(page, 3);		/* double free */
	pt_expect_bad_frees(test, 1);
	KUNIT_EXPECT_TRUE(test, is_ordinary(page, 8));
}

static void test_split_refused(struct kunit *test)
{
	struct page *page = alloc_order(test, GFP_COMP, 3);

	KUNIT_EXPECT_EQ(test, (int)pb_pages_split(page_to_pfn(page), 3), (int)PB_BAD_COMPOUND);
	pt_expect_bad_frees(test, 1);
	KUNIT_EXPECT_TRUE(test, is_compound(page, 3, 1));
	pbuddy_free_pages(page, 3);
}

/* ---- Folios of buffers ---- */

#define FOLIO_ORDER	PB_PAGEBLOCK_ORDER
#define FOLIO_BYTES	(sizeof(struct page) << FOLIO_ORDER)

/* Pages of a folio where the loops begin, end and turn. */
static const unsigned int folio_pages[] = { 0, 1, 2, 3, 7, 8, 14, 15, 255, 504, 505, 510, 511 };

static struct page *alloc_folio_pages(struct kunit *test, struct page **before)
{
	struct page *page = alloc_order(test, GFP_KERNEL | __GFP_NOWARN, FOLIO_ORDER);

	*before = kunit_kzalloc(test, FOLIO_BYTES, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, *before);
	reset_owner_fields(page, 1UL << FOLIO_ORDER);
	memcpy(*before, page, FOLIO_BYTES);
	return page;
}

/* The kernel sees a folio; afterwards every word of every struct page is as it was. */
static void test_folio(struct kunit *test)
{
	struct page *before, *page = alloc_folio_pages(test, &before);
	unsigned long flags = 0, *to[] = { NULL, &flags };
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(to); i++) {
		KUNIT_EXPECT_TRUE(test, pb_compound_set_folio(page, to[i]));
		KUNIT_EXPECT_TRUE(test, is_compound(page, FOLIO_ORDER, 1));
		KUNIT_EXPECT_TRUE(test, pb_compound_end_folio(page, to[i]));
		KUNIT_EXPECT_EQ(test, memcmp(before, page, FOLIO_BYTES), 0);
	}
	pbuddy_free_pages(page, FOLIO_ORDER);
}

/* A page with another reference keeps pages ordinary, and a folio a folio. */
static void test_folio_referenced(struct kunit *test)
{
	struct page *before, *page = alloc_folio_pages(test, &before);
	unsigned long flags;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(folio_pages); i++) {
		get_page(page + folio_pages[i]);
		KUNIT_EXPECT_FALSE(test, pb_compound_set_folio(page, &flags));
		KUNIT_EXPECT_EQ(test, page_ref_count(page + folio_pages[i]), 2);
		put_page(page + folio_pages[i]);
		KUNIT_EXPECT_EQ(test, memcmp(before, page, FOLIO_BYTES), 0);

		KUNIT_EXPECT_TRUE(test, pb_compound_set_folio(page, &flags));
		get_page(page + folio_pages[i]);
		KUNIT_EXPECT_FALSE(test, pb_compound_end_folio(page, &flags));
		KUNIT_EXPECT_TRUE(test, is_compound(page, FOLIO_ORDER, 2));
		put_page(page + folio_pages[i]);
		KUNIT_EXPECT_TRUE(test, pb_compound_end_folio(page, &flags));
		KUNIT_EXPECT_EQ(test, memcmp(before, page, FOLIO_BYTES), 0);
	}
	pbuddy_free_pages(page, FOLIO_ORDER);
}

/* The flags of each page are collected. */
static void test_folio_flags(struct kunit *test)
{
	struct page *before, *page = alloc_folio_pages(test, &before);
	unsigned long set = 0, end = 0;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(folio_pages); i++) {
		SetPageChecked(page + folio_pages[i]);
		KUNIT_EXPECT_TRUE(test, pb_compound_set_folio(page, &set));
		KUNIT_EXPECT_TRUE(test, pb_compound_end_folio(page, &end));
		KUNIT_EXPECT_TRUE_MSG(test, set & end & *pb_page_flags(page + folio_pages[i]) &
				      ~*pb_page_flags(before), "page %u", folio_pages[i]);
		ClearPageChecked(page + folio_pages[i]);
		KUNIT_EXPECT_TRUE(test, pb_compound_set_folio(page, &set));
		KUNIT_EXPECT_TRUE(test, pb_compound_end_folio(page, &end));
		KUNIT_EXPECT_FALSE(test, (set | end) & ~*pb_page_flags(before) & ~BIT(PG_head));
	}
	pbuddy_free_pages(page, FOLIO_ORDER);
}

static bool isolate_page(struct page *page, enum pbuddy_migrate_mode mode)
{
	return false;
}

static int migrate_page(struct page *dst, struct page *src, enum pbuddy_migrate_mode mode)
{
	return -EBUSY;
}

static void putback_page(struct page *page)
{
}

static const struct pbuddy_movable_operations movable_ops = {
	.isolate_page = isolate_page,
	.migrate_page = migrate_page,
	.putback_page = putback_page,
};

/* A compound page cannot become movable; an ordinary block of this order can. */
static void test_not_movable(struct kunit *test)
{
	struct page *page = alloc_order(test, GFP_COMP, 3);

	KUNIT_ASSERT_EQ(test, pbuddy_register_movable(&movable_ops), 0);
	KUNIT_EXPECT_EQ(test, pbuddy_page_set_movable(page, &movable_ops, NULL), -EINVAL);
	KUNIT_EXPECT_TRUE(test, is_compound(page, 3, 1));
	pbuddy_free_pages(page, 3);
	page = pbuddy_alloc_pages(GFP_KERNEL, 3);
	KUNIT_EXPECT_EQ(test, pbuddy_page_set_movable(page, &movable_ops, NULL), 0);
	pbuddy_free_pages(page, 3);
	pbuddy_unregister_movable(&movable_ops);
}

/* A block that is freed while a page of it is pinned is freed when the pin is dropped. */
static void test_pinned(struct kunit *test)
{
	unsigned int order = *(const unsigned int *)test->param_value, i;
	struct page *page, *pin, *others[8];
	unsigned long nr = 1UL << order;

	if (order > 10)
		kunit_skip(test, "as order 10");
	page = alloc_order(test, GFP_COMP, order);
	pin = page + nr - 1;
	memset(page_address(pin), 0x5a, PAGE_SIZE);
	get_page(pin);
	pbuddy_free_pages(page, order);
	KUNIT_EXPECT_TRUE(test, is_compound(page, order, 2));
	KUNIT_EXPECT_EQ(test, pb_compound_deferred_pages(), nr);
	KUNIT_EXPECT_EQ(test, pbuddy_page_order(page), (int)order);
	for (i = 0; i < ARRAY_SIZE(others); i++) {
		others[i] = pbuddy_alloc_pages(GFP_COMP | __GFP_ZERO, order);
		KUNIT_EXPECT_PTR_NE(test, others[i], page);
	}
	for (i = 0; i < ARRAY_SIZE(others); i++)
		pbuddy_free_pages(others[i], order);
	pbuddy_free_pages(page, order);		/* double free */
	pt_expect_bad_frees(test, 1);
	msleep(50);
	KUNIT_EXPECT_TRUE(test, is_compound(page, order, 2));
	KUNIT_EXPECT_NULL(test, memchr_inv(page_address(pin), 0x5a, PAGE_SIZE));
	put_page(pin);
	KUNIT_EXPECT_EQ(test, deferred_left(), 0UL);
	KUNIT_EXPECT_EQ(test, pbuddy_page_order(page), -EINVAL);
	KUNIT_EXPECT_TRUE(test, is_ordinary(page, nr));
}

/* A block whose page another user still refers to is not handed out as a compound page. */
static void test_stale_reference(struct kunit *test)
{
	unsigned int order = *(const unsigned int *)test->param_value, i;
	struct page *page, *other, *stale;
	unsigned long nr = 1UL << order;

	if (order > 10)
		kunit_skip(test, "as order 10");
	for (i = 0; i < 3; i++) {
		page = alloc_order(test, GFP_KERNEL | __GFP_NOWARN, order);
		stale = page + i * (nr - 1) / 2;
		get_page(stale);
		KUNIT_EXPECT_FALSE(test, pb_compound_set(page_to_pfn(page), order, true));
		KUNIT_EXPECT_EQ(test, page_ref_count(stale), 2);
		KUNIT_EXPECT_EQ(test, pb_compound_deferred_pages(), nr);
		other = pbuddy_alloc_pages(GFP_COMP, order);
		KUNIT_EXPECT_PTR_NE(test, other, page);
		pbuddy_free_pages(other, order);
		put_page(stale);
		KUNIT_EXPECT_EQ(test, deferred_left(), 0UL);
		KUNIT_EXPECT_TRUE(test, is_ordinary(page, nr));
		KUNIT_EXPECT_EQ(test, pbuddy_page_order(page), -EINVAL);
	}
}

/* The same through the API: the block that the cache returns first is passed over. */
static void stale_reference_in_cache(struct kunit *test, unsigned int order, unsigned long which)
{
	struct page *page = alloc_order(test, GFP_KERNEL, order), *other;

	get_page(page + which);
	pbuddy_free_pages(page, order);
	other = pbuddy_alloc_pages(GFP_COMP, order);
	KUNIT_EXPECT_PTR_NE(test, other, page);
	KUNIT_EXPECT_TRUE(test, other && is_compound(other, order, 1));
	KUNIT_EXPECT_EQ(test, page_ref_count(page + which), 2);
	pbuddy_free_pages(other, order);
	put_page(page + which);
	KUNIT_EXPECT_EQ(test, deferred_left(), 0UL);
	KUNIT_EXPECT_TRUE(test, is_ordinary(page, 1UL << order));
}

/* Each tail of the small orders: one of them is set up inline. */
static void test_stale_reference_in_cache(struct kunit *test)
{
	unsigned long which;
	unsigned int order;

	for (order = 1; order <= 4; order++)
		for (which = 1; which < 1UL << order; which++)
			stale_reference_in_cache(test, order, which);
}

static void test_irqs_off(struct kunit *test)
{
	struct page *page, *pinned;
	unsigned long flags;

	local_irq_save(flags);
	page = pbuddy_alloc_pages(GFP_ATOMIC | __GFP_COMP, 3);
	pinned = pbuddy_alloc_pages(GFP_ATOMIC | __GFP_COMP, 4);
	if (pinned)
		get_page(pinned + 9);
	pbuddy_free_pages(page, 3);
	pbuddy_free_pages(pinned, 4);
	local_irq_restore(flags);
	KUNIT_ASSERT_TRUE(test, page && pinned);
	put_page(pinned + 9);
	KUNIT_EXPECT_EQ(test, deferred_left(), 0UL);
	KUNIT_EXPECT_TRUE(test, is_ordinary(page, 8) && is_ordinary(pinned, 16));
}

/* Threads that allocate, pin and free. */
static atomic_long_t wrong;

static void use_compound(void *arg, unsigned int n)
{
	struct pt_rand r = { .state = pt_seed + n };
	unsigned long i, rounds = *(unsigned long *)arg;
	unsigned int order;
	struct page *page, *pin;

	for (i = 0; i < rounds; i++) {
		order = 1 + pt_below(&r, 6);
		page = pbuddy_alloc_pages(GFP_COMP, order);
		if (!page)
			continue;
		if (!is_compound(page, order, 1))
			atomic_long_inc(&wrong);
		pin = page + pt_below(&r, 1U << order);
		if (i % 8 == 0)
			get_page(pin);
		pbuddy_free_pages(page, order);
		if (i % 8 == 0) {
			if (page_count(pin) != 2 || page_folio(pin) != page_folio(page))
				atomic_long_inc(&wrong);
			put_page(pin);
		}
		cond_resched();
	}
}

static void test_concurrent_pins(struct kunit *test)
{
	unsigned long rounds = pt_rounds * 100;

	atomic_long_set(&wrong, 0);
	KUNIT_ASSERT_EQ(test, pt_run_threads(pt_nr_cpus(), use_compound, &rounds), 0);
	KUNIT_EXPECT_EQ(test, atomic_long_read(&wrong), 0L);
	KUNIT_EXPECT_EQ(test, deferred_left(), 0UL);
}

static struct kunit_case compound_cases[] = {
	KUNIT_CASE_PARAM(test_metadata, orders_gen_params),
	KUNIT_CASE_PARAM(test_struct_page, orders_gen_params),
	KUNIT_CASE(test_requests),
	KUNIT_CASE(test_too_large),
	KUNIT_CASE(test_contig),
	KUNIT_CASE(test_misuse),
	KUNIT_CASE(test_split_refused),
	KUNIT_CASE(test_folio),
	KUNIT_CASE(test_folio_referenced),
	KUNIT_CASE(test_folio_flags),
	KUNIT_CASE(test_not_movable),
	KUNIT_CASE_PARAM(test_pinned, orders_gen_params),
	KUNIT_CASE_PARAM(test_stale_reference, orders_gen_params),
	KUNIT_CASE(test_stale_reference_in_cache),
	KUNIT_CASE(test_irqs_off),
	KUNIT_CASE(test_concurrent_pins),
	{}
};

static struct kunit_suite compound_suite = {
	.name = "pbuddy_compound",
	.init = pt_instance_begin,
	.exit = pt_instance_end,
	.test_cases = compound_cases,
};

kunit_test_suite(compound_suite);
