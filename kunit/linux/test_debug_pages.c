// SPDX-License-Identifier: GPL-2.0-only
/*
 * debug_pages.c: page poisoning and initialisation on allocation and free. Cases look at the
 * contents of free pages, write to a free page as a use after free does, and expect the page to
 * be reported and not allocated again.
 */
#include <linux/delay.h>
#include <linux/gfp.h>
#include <linux/highmem.h>
#include <linux/pbuddy.h>
#include <linux/poison.h>
#include <linux/string.h>

#include "core/base/pfn.h"
#include "core/cache/drain.h"
#include "core/cache/prezero.h"
#include "core/cache/zeroed.h"
#include "core/compact/movable.h"
#include "core/pool/stat.h"
#include "hooks/debug_pages.h"
#include "fixture.h"
#include "instance.h"
#include "threads.h"

#define NR	48	/* pages or blocks */
#define TRIES	100

static void stop(void *unused)
{
	pb_debug_stop();
	pb_prezero_resume(&pb_instance);
}

static void start(struct kunit *test, const struct pb_debug_config *config)
{
	/* On one CPU the block that was freed last is allocated first. */
	pt_stay_here();
	/* The wait of the pause is bounded. */
	pb_prezero_pause(&pb_instance);
	while (atomic_read(&pb_instance.prezeroing))
		msleep(20);
	pb_debug_start(config);
	KUNIT_ASSERT_EQ(test, kunit_add_action_or_reset(test, stop, NULL), 0);
}

static const struct pb_debug_config poison = { .page_poison = true };

/* True if all bytes of a block have this value. */
static bool holds(struct page *page, unsigned int order, u8 value)
{
	unsigned long i;

	for (i = 0; i < 1UL << order; i++)
		if (memchr_inv(page_address(page + i), value, PAGE_SIZE))
			return false;
	return true;
}

static void write_block(struct page *page, unsigned int order)
{
	memset(page_address(page), 0x11, PAGE_SIZE << order);
}

static unsigned long bad_pages(void)
{
	return pb_pool_event(&pb_instance, PB_BAD_PAGE);
}

static unsigned long bad_frees(void)
{
	return pb_pool_event(&pb_instance, PB_BAD_FREE);
}

/* A free of the page that was set aside is refused. Then frees it, for the next case. */
static void mend(struct kunit *test, struct page *page)
{
	unsigned long pfn = page_to_pfn(page), refused = bad_frees();

	KUNIT_EXPECT_EQ(test, pb_page_order(&pb_instance, pfn), 0);
	KUNIT_EXPECT_TRUE(test, pb_debug_is_overwritten(pfn));
	pbuddy_free_pages(page, 0);
	KUNIT_EXPECT_EQ(test, bad_frees() - refused, 1UL);
	KUNIT_EXPECT_EQ(test, pb_page_order(&pb_instance, pfn), 0);
	set_page_private(page, 0);
	pb_clear_checked(&pb_instance, pfn);
	pbuddy_free_pages(page, 0);
	KUNIT_EXPECT_EQ(test, bad_frees() - refused, 1UL);
}

/* Every way to free writes the pattern, and every way to allocate checks it. */
static void test_pattern(struct kunit *test)
{
	struct page *pages[NR] = { }, *page;
	unsigned int order, i;

	start(test, &poison);
	for (order = 0; order <= 9; order++) {
		page = pbuddy_alloc_pages(GFP_KERNEL, order);
		KUNIT_ASSERT_NOT_NULL(test, page);
		KUNIT_EXPECT_TRUE(test, holds(page, order, PAGE_POISON));
		write_block(page, order);
		pbuddy_free_pages(page, order);
		KUNIT_EXPECT_TRUE(test, holds(page, order, PAGE_POISON));
	}
	KUNIT_ASSERT_EQ(test, pbuddy_alloc_pages_bulk(GFP_KERNEL, NUMA_NO_NODE, NR, pages), NR);
	for (i = 0; i < NR; i++)
		write_block(pages[i], 0);
	page = pages[NR / 2];
	pbuddy_free_pages_bulk(pages, NR);
	KUNIT_EXPECT_TRUE(test, holds(page, 0, PAGE_POISON));
	page = pbuddy_alloc_contig(NR, GFP_KERNEL, NUMA_NO_NODE, NULL);
	KUNIT_ASSERT_NOT_NULL(test, page);
	write_block(page + NR - 1, 0);
	pbuddy_free_contig(page, NR);
	KUNIT_EXPECT_TRUE(test, holds(page + NR - 1, 0, PAGE_POISON));
	page = pbuddy_alloc_pages(GFP_KERNEL | __GFP_ZERO, 3);
	KUNIT_ASSERT_NOT_NULL(test, page);
	KUNIT_EXPECT_TRUE(test, holds(page, 3, 0));
	pbuddy_free_pages(page, 3);
	KUNIT_EXPECT_EQ(test, bad_pages(), 0UL);
}

/* Pages that were known to be zero are not any more when the pool has been filled. */
static void test_zeroed_before(struct kunit *test)
{
	struct page *page = pbuddy_alloc_pages(GFP_KERNEL, 6);
	unsigned long pfn, index;
	struct pb_zone *zone;

	KUNIT_ASSERT_NOT_NULL(test, page);
	pfn = page_to_pfn(page);
	zone = pb_pfn_zone(&pb_instance, pfn);
	index = pb_pageblock_index(zone, pfn);
	pb_zeroed_set(zone, pfn, PB_WORD_NR);
	pbuddy_free_pages(page, 6);
	KUNIT_EXPECT_NE(test, pb_zeroed_words(zone, index), 0UL);
	start(test, &poison);
	KUNIT_EXPECT_EQ(test, pb_zeroed_words(zone, index), 0UL);
}

/*
 * Frees a block, writes to its nth page, and allocates a block: the newest one in this CPU's list,
 * unless that decays in between. Then this is done again. Returns the block that was written to.
 */
static struct page *write_after_free(struct kunit *test, unsigned int order, unsigned int nth,
				     struct page **again)
{
	unsigned long before = bad_pages();
	unsigned int tries;
	struct page *page;
	u8 *byte;

	for (tries = 0; tries < TRIES; tries++) {
		page = pbuddy_alloc_pages(GFP_KERNEL, order);
		KUNIT_ASSERT_NOT_NULL(test, page);
		byte = (u8 *)page_address(page + nth) + 77;
		pbuddy_free_pages(page, order);
		*byte ^= 1;
		*again = pbuddy_alloc_pages(GFP_KERNEL, order);
		KUNIT_ASSERT_NOT_NULL(test, *again);
		if (bad_pages() != before)
			break;
		*byte ^= 1;
		pbuddy_free_pages(*again, order);
	}
	KUNIT_ASSERT_EQ(test, bad_pages() - before, 1UL);
	return page;
}

/* A page that was written to after its free is not allocated again; the others of its block are. */
static void test_use_after_free(struct kunit *test)
{
	struct page *page, *again;

	start(test, &poison);
	page = write_after_free(test, 3, 5, &again);
	KUNIT_EXPECT_EQ(test, pb_page_order(&pb_instance, page_to_pfn(page + 5)), 0);
	KUNIT_EXPECT_EQ(test, pb_page_order(&pb_instance, page_to_pfn(page + 4)), -EINVAL);
	KUNIT_EXPECT_TRUE(test, holds(again, 3, PAGE_POISON));
	pbuddy_free_pages(again, 3);
	mend(test, page + 5);
}

/*
 * Frees pages, and writes to one, which the next bulk request does not get. It is as before if it
 * was not found.
 */
static struct page *write_after_bulk_free(struct kunit *test)
{
	struct page *pages[NR] = { }, *page;
	unsigned long before = bad_pages(), got, i;

	KUNIT_ASSERT_EQ(test, pbuddy_alloc_pages_bulk(GFP_KERNEL, NUMA_NO_NODE, NR, pages), NR);
	page = pages[NR - 1];
	pbuddy_free_pages_bulk(pages, NR);
	*(u8 *)page_address(page) = 0;
	got = pbuddy_alloc_pages_bulk(GFP_KERNEL, NUMA_NO_NODE, NR, pages);
	for (i = 0; i < got; i++)
		KUNIT_EXPECT_PTR_NE(test, pages[i], page);
	if (bad_pages() == before)
		*(u8 *)page_address(page) = PAGE_POISON;
	pbuddy_free_pages_bulk(pages, NR);
	return page;
}

/* The same for bulk and range allocation. */
static void test_use_after_free_many(struct kunit *test)
{
	struct page *page, *written;
	unsigned long before = bad_pages();
	unsigned int tries;

	start(test, &poison);
	page = write_after_bulk_free(test);
	for (tries = 1; tries < TRIES && bad_pages() == before; tries++)
		page = write_after_bulk_free(test);
	KUNIT_ASSERT_EQ(test, bad_pages() - before, 1UL);
	mend(test, page);

	pb_instance.ops.drain_all(&pb_instance);
	page = pbuddy_alloc_contig(NR, GFP_KERNEL, NUMA_NO_NODE, NULL);
	KUNIT_ASSERT_NOT_NULL(test, page);
	pbuddy_free_contig(page, NR);
	written = page + 7;
	*(u8 *)page_address(written) = 0;
	page = pbuddy_alloc_contig(NR, GFP_KERNEL, NUMA_NO_NODE, NULL);
	KUNIT_ASSERT_NOT_NULL(test, page);
	KUNIT_EXPECT_TRUE(test, written < page || written >= page + NR);
	pbuddy_free_contig(page, NR);
	KUNIT_EXPECT_EQ(test, bad_pages() - before, 2UL);
	mend(test, written);
}

static atomic_t refused;

static void count_refused(struct pb_pool *pool, enum pb_bad bad, unsigned long pfn,
			  unsigned int order, unsigned int was)
{
	atomic_inc(&refused);
}

/* A refused free leaves the contents alone. */
static void test_refused_free(struct kunit *test)
{
	void (*bad)(struct pb_pool *pool, enum pb_bad bad, unsigned long pfn, unsigned int order,
		    unsigned int was) = pb_instance.ops.bad;
	struct page *page;

	start(test, &poison);
	page = pbuddy_alloc_pages(GFP_KERNEL, 2);
	KUNIT_ASSERT_NOT_NULL(test, page);
	write_block(page, 2);
	atomic_set(&refused, 0);
	pb_instance.ops.bad = count_refused;
	pbuddy_free_pages(page, 1);
	pbuddy_free_pages(page + 1, 0);
	pb_instance.ops.bad = bad;
	KUNIT_EXPECT_EQ(test, atomic_read(&refused), 2);
	KUNIT_EXPECT_TRUE(test, holds(page, 2, 0x11));
	pbuddy_free_pages(page, 2);
}

/* init_on_free and init_on_alloc clear the contents at a free and at an allocation. */
static void test_init(struct kunit *test)
{
	const struct pb_debug_config on_free = { .init_on_free = true };
	const struct pb_debug_config on_alloc = { .init_on_alloc = true };
	struct page *page;

	pb_debug_start(&on_free);
	page = pbuddy_alloc_pages(GFP_KERNEL, 2);
	KUNIT_ASSERT_NOT_NULL(test, page);
	write_block(page, 2);
	pbuddy_free_pages(page, 2);
	KUNIT_EXPECT_TRUE(test, holds(page, 2, 0));
	pb_debug_stop();

	page = pbuddy_alloc_pages(GFP_KERNEL, 2);
	KUNIT_ASSERT_NOT_NULL(test, page);
	write_block(page, 2);
	pbuddy_free_pages(page, 2);
	start(test, &on_alloc);
	page = pbuddy_alloc_pages(GFP_KERNEL, 2);
	KUNIT_ASSERT_NOT_NULL(test, page);
	KUNIT_EXPECT_TRUE(test, holds(page, 2, 0));
	pbuddy_free_pages(page, 2);
}

/* With both, a page is checked before it is zeroed. */
static void test_poison_and_init(struct kunit *test)
{
	const struct pb_debug_config both = { .page_poison = true, .init_on_alloc = true };
	struct page *page, *again;

	start(test, &both);
	page = write_after_free(test, 0, 0, &again);
	KUNIT_EXPECT_PTR_NE(test, again, page);
	KUNIT_EXPECT_TRUE(test, holds(again, 0, 0));
	pbuddy_free_pages(again, 0);
	mend(test, page);
}

static struct kunit_case debug_pages_cases[] = {
	KUNIT_CASE(test_pattern),
	KUNIT_CASE(test_zeroed_before),
	KUNIT_CASE(test_use_after_free),
	KUNIT_CASE(test_use_after_free_many),
	KUNIT_CASE(test_refused_free),
	KUNIT_CASE(test_init),
	KUNIT_CASE(test_poison_and_init),
	{}
};

static struct kunit_suite debug_pages_suite = {
	.name = "pbuddy_debug_pages",
	.init = pt_init,
	.exit = pt_exit,
	.test_cases = debug_pages_cases,
};

kunit_test_suite(debug_pages_suite);
