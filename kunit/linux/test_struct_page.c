// SPDX-License-Identifier: GPL-2.0-only
/*
 * The struct pages of the pool: plain allocations and frees do not write to them, and what an owner
 * leaves in them is not there for the next one.
 */
#include <linux/gfp.h>
#include <linux/mm.h>
#include <linux/pbuddy.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "compat.h"
#include "fixture.h"
#include "instance_check.h"

#define NR_PAIRS	16

static const unsigned int orders[] = { 0, 1, 2, 3, 4, 5, 6, 7, 8, 9 };

static void describe_order(const unsigned int *order, char *desc)
{
	snprintf(desc, KUNIT_PARAM_DESC_SIZE, "order %u", *order);
}

KUNIT_ARRAY_PARAM(orders, orders, describe_order);

/*
 * Whether the block's struct pages are the same after its free, and after its next allocation.
 * Counts in @nr_again how often the allocation returned the block.
 */
static bool stays(struct page *page, unsigned int order, void *before, unsigned int *nr_again)
{
	size_t size = sizeof(*page) << order;
	struct page *again;
	bool same;

	memcpy(before, page, size);
	pbuddy_free_pages(page, order);
	same = !memcmp(page, before, size);
	again = pbuddy_alloc_pages(GFP_KERNEL, order);
	*nr_again += again == page;
	same &= !memcmp(page, before, size);
	if (again)
		pbuddy_free_pages(again, order);
	return same;
}

static void test_not_written(struct kunit *test)
{
	unsigned int order = *(const unsigned int *)test->param_value;
	unsigned int i, nr = 0, nr_again = 0, written = 0;
	struct page *page;
	void *before = kvmalloc(sizeof(*page) << order, GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, before);
	for (i = 0; i < NR_PAIRS; i++) {
		page = pbuddy_alloc_pages(GFP_KERNEL, order);
		if (!page)
			break;
		nr++;
		written += !stays(page, order, before, &nr_again);
	}
	kvfree(before);
	KUNIT_EXPECT_EQ(test, nr, NR_PAIRS);
	KUNIT_EXPECT_GT(test, nr_again, 0);
	KUNIT_EXPECT_EQ(test, written, 0);
}

#define LEFT_FLAGS	(BIT(PG_dirty) | BIT(PG_referenced) | BIT(PG_workingset) | BIT(PG_active))

enum free_with {
	FREE_PAGES,
	FREE_BULK,
	FREE_CONTIG,
};

/* A way to allocate and free @nr pages; each is freed alone if they are @single. */
struct way {
	const char	*desc;
	gfp_t		gfp;
	unsigned int	order;
	unsigned int	nr;
	bool		single;
	enum free_with	free_with;
};

static const struct way ways[] = {
	{ "page", GFP_KERNEL, 0, 1, true, FREE_PAGES },
	{ "page in bulk", GFP_KERNEL, 0, 1, true, FREE_BULK },
	{ "charged page", GFP_KERNEL_ACCOUNT, 0, 1, true, FREE_PAGES },
	{ "order 3", GFP_KERNEL, 3, 8, false, FREE_PAGES },
	{ "order 9", GFP_KERNEL, 9, 512, false, FREE_PAGES },
	{ "order 10", GFP_KERNEL, 10, 1024, false, FREE_PAGES },
	{ "mappable order 3", GFP_KERNEL | __GFP_ZERO, 3, 8, false, FREE_PAGES },
	{ "mappable order 9", GFP_KERNEL | __GFP_ZERO, 9, 512, false, FREE_PAGES },
	{ "charged order 3", GFP_KERNEL_ACCOUNT, 3, 8, false, FREE_PAGES },
	{ "compound order 3", GFP_KERNEL | __GFP_COMP, 3, 8, false, FREE_PAGES },
	{ "compound order 5", GFP_KERNEL | __GFP_COMP, 5, 32, false, FREE_PAGES },
	{ "compound order 9", GFP_KERNEL | __GFP_COMP, 9, 512, false, FREE_PAGES },
	{ "range", GFP_KERNEL, 3, 8, true, FREE_CONTIG },
	{ "range in bulk", GFP_KERNEL, 3, 8, true, FREE_BULK },
	{ "range page by page", GFP_KERNEL, 3, 8, true, FREE_PAGES },
};

static void describe_way(const struct way *way, char *desc)
{
	strscpy(desc, way->desc, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(ways, ways, describe_way);

static void free_by(const struct way *way, struct page *page)
{
	struct page *pages[8];
	unsigned int i;

	if (way->free_with == FREE_CONTIG) {
		pbuddy_free_contig(page, way->nr);
		return;
	}
	if (!way->single) {
		pbuddy_free_pages(page, way->order);
		return;
	}
	for (i = 0; i < way->nr; i++)
		pages[i] = page + i;
	if (way->free_with == FREE_BULK)
		pbuddy_free_pages_bulk(pages, way->nr);
	for (i = 0; way->free_with == FREE_PAGES && i < way->nr; i++)
		pbuddy_free_pages(pages[i], 0);
}

/* mm/ resets the flags of each page, and ->private of the first one. */
static void test_reset(struct kunit *test)
{
	const struct way *way = test->param_value;
	unsigned int i, left = way->single ? way->nr : 1, flags, private;
	struct page *page;

	for (private = 0; private < 2; private++) {
		page = way->single ?
		       pbuddy_alloc_contig(way->nr, way->gfp, NUMA_NO_NODE, NULL) :
		       pbuddy_alloc_pages(way->gfp, way->order);
		KUNIT_ASSERT_NOT_NULL(test, page);
		for (i = 0, flags = 0; i < left; i++) {
			if (private)
				set_page_private(page + i, 0x100000000UL);
			else
				set_mask_bits(pb_page_flags(page + i), 0UL, LEFT_FLAGS);
		}
		free_by(way, page);
		for (i = 0; i < left; i++) {
			flags |= *pb_page_flags(page + i) & LEFT_FLAGS;
			KUNIT_EXPECT_EQ(test, page_private(page + i), 0UL);
		}
		KUNIT_EXPECT_EQ(test, flags, 0U);
	}
}

static struct kunit_case struct_page_cases[] = {
	KUNIT_CASE_PARAM(test_not_written, orders_gen_params),
	KUNIT_CASE_PARAM(test_reset, ways_gen_params),
	{}
};

static struct kunit_suite struct_page_suite = {
	.name = "pbuddy_struct_page",
	.init = pt_instance_begin,
	.exit = pt_instance_end,
	.test_cases = struct_page_cases,
};

kunit_test_suite(struct_page_suite);
