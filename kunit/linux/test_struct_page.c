// SPDX-License-Identifier: GPL-2.0-only
/*
 * The struct pages of the pool: plain allocations and frees do not write to them.
 */
#include <linux/gfp.h>
#include <linux/mm.h>
#include <linux/pbuddy.h>
#include <linux/slab.h>
#include <linux/string.h>

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

static struct kunit_case struct_page_cases[] = {
	KUNIT_CASE_PARAM(test_not_written, orders_gen_params),
	{}
};

static struct kunit_suite struct_page_suite = {
	.name = "pbuddy_struct_page",
	.init = pt_instance_begin,
	.exit = pt_instance_end,
	.test_cases = struct_page_cases,
};

kunit_test_suite(struct_page_suite);
