// SPDX-License-Identifier: GPL-2.0-only
/*
 * pageblock.c: allocating and freeing blocks in the bitmap words of one pageblock. Loops over
 * single bits give the expected result for random words.
 */
#include "core/index/pageblock.h"
#include "fixture.h"
#include "params.h"

/* Parameters of cases that run for each order. */
static const unsigned int word_orders[] = { 0, 1, 2, 3, 4, 5, 6 };
static const unsigned int pageblock_orders[] = { 0, 1, 2, 3, 4, 5, 6, 7, 8, 9 };

static void describe_order(const unsigned int *order, char *desc)
{
	snprintf(desc, KUNIT_PARAM_DESC_SIZE, "order %u", *order);
}

KUNIT_ARRAY_PARAM(word_orders, word_orders, describe_order);
KUNIT_ARRAY_PARAM(pageblock_orders, pageblock_orders, describe_order);

static bool naive_is_free(u64 word, unsigned int at, unsigned int order)
{
	unsigned int i;

	for (i = at; i < at + (1U << order); i++)
		if (!(word & BIT_ULL(i)))
			return false;
	return true;
}

static int naive_largest(u64 word)
{
	int order;
	unsigned int at;

	for (order = PB_WORD_ORDER; order >= 0; order--)
		for (at = 0; at < PB_WORD_NR; at += 1U << order)
			if (naive_is_free(word, at, order))
				return order;
	return -1;
}

/* Order of the largest free block that contains the frame @at. */
static int naive_block_order(u64 word, unsigned int at)
{
	int order;

	for (order = PB_WORD_ORDER; order >= 0; order--)
		if (naive_is_free(word, round_down(at, 1U << order), order))
			return order;
	return -1;
}

/*
 * Words with few to all bits set; in half of them bytes of set bits, as fragmentation leaves
 * them.
 */
static u64 random_word(struct pt_rand *r)
{
	u64 word = pt_rand(r);
	unsigned int thin = pt_below(r, 6);

	if (thin == 5)
		return ~(1ULL << pt_below(r, 64));
	while (thin--)
		word &= pt_rand(r);
	if (pt_below(r, 2))
		word |= 0xffULL << (8 * pt_below(r, 8));
	if (pt_below(r, 4) == 0)
		word |= 0xffffffffULL << (32 * pt_below(r, 2));
	return pt_below(r, 16) ? word : ~0ULL;
}

static void test_word_heads(struct kunit *test)
{
	unsigned int order = *(const unsigned int *)test->param_value, at, i;
	struct pt_rand r = { .state = pt_seed + order };
	u64 word, heads, want;

	for (i = 0; i < 2000; i++) {
		word = random_word(&r);
		heads = pb_word_heads(word, order);
		want = 0;
		for (at = 0; at < PB_WORD_NR; at += 1U << order)
			if (naive_is_free(word, at, order))
				want |= BIT_ULL(at);
		KUNIT_ASSERT_EQ_MSG(test, heads, want, "word %#llx", (unsigned long long)word);
		KUNIT_ASSERT_EQ(test, pb_word_expand(heads, order) & ~word, 0ULL);
		KUNIT_ASSERT_EQ(test, hweight64(pb_word_expand(heads, order)),
				hweight64(heads) << order);
	}
}

static void test_word_largest(struct kunit *test)
{
	struct pt_rand r = { .state = pt_seed };
	unsigned int i;
	u64 word;

	KUNIT_EXPECT_EQ(test, pb_word_largest(0), -1);
	KUNIT_EXPECT_EQ(test, pb_word_largest(~0ULL), 6);
	KUNIT_EXPECT_EQ(test, pb_word_largest(0x6ULL), 0);	/* neighbours, not buddies */
	for (i = 0; i < 4000; i++) {
		word = random_word(&r);
		KUNIT_ASSERT_EQ_MSG(test, pb_word_largest(word), naive_largest(word), "word %#llx",
				    (unsigned long long)word);
	}
}

/* The picked block is free, aligned, and part of the smallest free block that has the order. */
static void test_word_find_smallest(struct kunit *test)
{
	unsigned int order = *(const unsigned int *)test->param_value, at, i;
	struct pt_rand r = { .state = pt_seed + 77 + order };
	int smallest, got;
	u64 word, head;

	for (i = 0; i < 2000; i++) {
		word = random_word(&r);
		smallest = PB_WORD_ORDER + 1;
		for (at = 0; at < PB_WORD_NR; at += 1U << order)
			if (naive_is_free(word, at, order))
				smallest = min(smallest, naive_block_order(word, at));
		head = pb_word_find(word, order);
		if (smallest > PB_WORD_ORDER) {
			KUNIT_ASSERT_EQ(test, head, 0ULL);
			continue;
		}
		KUNIT_ASSERT_EQ(test, hweight64(head), 1U);
		KUNIT_ASSERT_TRUE(test, naive_is_free(word, __ffs64(head), order));
		KUNIT_ASSERT_EQ(test, __ffs64(head) % (1U << order), 0UL);
		got = naive_block_order(word, __ffs64(head));
		KUNIT_ASSERT_EQ_MSG(test, got, smallest, "word %#llx", (unsigned long long)word);
	}
}

static void test_word_alloc_all(struct kunit *test)
{
	unsigned int order = *(const unsigned int *)test->param_value, i;
	struct pt_rand r = { .state = pt_seed + 99 + order };
	atomic64_t word;
	u64 before, heads;

	for (i = 0; i < 500; i++) {
		before = random_word(&r);
		atomic64_set(&word, before);
		heads = pb_word_alloc_all(&word, order);
		KUNIT_ASSERT_EQ(test, heads, pb_word_heads(before, order));
		KUNIT_ASSERT_EQ(test, (u64)atomic64_read(&word),
				before & ~pb_word_expand(heads, order));
	}
}

static void test_word_alloc_one(struct kunit *test)
{
	unsigned int order = *(const unsigned int *)test->param_value, i;
	struct pt_rand r = { .state = pt_seed + 111 + order };
	atomic64_t word;
	u64 before, head;

	for (i = 0; i < 500; i++) {
		before = random_word(&r);
		atomic64_set(&word, before);
		head = pb_word_alloc_most(&word, order, 1);
		KUNIT_ASSERT_EQ(test, head, pb_word_find(before, order));
		KUNIT_ASSERT_EQ(test, (u64)atomic64_read(&word),
				before & ~pb_word_expand(head, order));
	}
}

static struct pb_pageblock *new_pageblock(struct kunit *test, u64 word)
{
	struct pb_pageblock *pageblock;
	unsigned int i;

	/* pb_meta_alloc() provides the alignment of a pageblock. */
	pageblock = pb_meta_alloc(sizeof(*pageblock), 0);
	KUNIT_ASSERT_NOT_NULL(test, pageblock);
	KUNIT_ASSERT_EQ(test, kunit_add_action_or_reset(test, pb_meta_free, pageblock), 0);
	for (i = 0; i < PB_WORDS; i++)
		atomic64_set(&pageblock->free[i], word);
	return pageblock;
}

/*
 * A free pageblock gives all its blocks of an order, none overlapping. Freeing them makes it
 * free again.
 */
static void test_pageblock_exhaust(struct kunit *test)
{
	unsigned int order = *(const unsigned int *)test->param_value, i, n;
	struct pb_pageblock *pageblock = new_pageblock(test, ~0ULL);
	u8 *seen = kunit_kzalloc(test, PB_PAGEBLOCK_NR, GFP_KERNEL);
	int frame;

	KUNIT_ASSERT_NOT_NULL(test, seen);
	for (n = 0; (frame = pb_pageblock_alloc(pageblock, order)) >= 0; n++) {
		KUNIT_ASSERT_EQ(test, frame % (1 << order), 0);
		for (i = frame; i < frame + (1U << order); i++)
			KUNIT_ASSERT_EQ_MSG(test, seen[i]++, 0, "frame %u", i);
	}
	KUNIT_EXPECT_EQ(test, n, (unsigned int)PB_PAGEBLOCK_NR >> order);
	KUNIT_EXPECT_EQ(test, pb_pageblock_count_free(pageblock), 0U);
	KUNIT_EXPECT_EQ(test, pb_pageblock_largest(pageblock), -1);
	for (i = 0; i < PB_PAGEBLOCK_NR; i += 1U << order) {
		KUNIT_EXPECT_FALSE(test, pb_pageblock_is_free(pageblock));
		KUNIT_EXPECT_EQ(test, pb_pageblock_free(pageblock, i, order), 0UL);
	}
	KUNIT_EXPECT_TRUE(test, pb_pageblock_is_free(pageblock));
	KUNIT_EXPECT_EQ(test, pb_pageblock_largest(pageblock), 9);
	KUNIT_EXPECT_EQ(test, pb_pageblock_count_free(pageblock), 512U);
}

/* A second release returns the number of frames that were free, and changes nothing. */
static void test_pageblock_double_free(struct kunit *test)
{
	unsigned int order = *(const unsigned int *)test->param_value;
	struct pb_pageblock *pageblock = new_pageblock(test, 0);

	KUNIT_EXPECT_EQ(test, pb_pageblock_free(pageblock, 0, order), 0UL);
	KUNIT_EXPECT_EQ(test, pb_pageblock_free(pageblock, 0, order), 1UL << order);
	KUNIT_EXPECT_EQ(test, pb_pageblock_count_free(pageblock), 1U << order);
}

/*
 * A frame of the first block is missing: the second block is allocated and the first is
 * unchanged.
 */
static void test_pageblock_large_skips_partial(struct kunit *test)
{
	struct pb_pageblock *pageblock = new_pageblock(test, ~0ULL);
	unsigned int order;

	atomic64_andnot(BIT_ULL(17), &pageblock->free[1]);
	for (order = 7; order <= 8; order++) {
		KUNIT_EXPECT_EQ(test, pb_pageblock_alloc(pageblock, order), 1 << order);
		KUNIT_EXPECT_EQ(test, pb_pageblock_free(pageblock, 1U << order, order), 0UL);
	}
	KUNIT_EXPECT_EQ(test, pb_pageblock_alloc(pageblock, 9), -1);
	KUNIT_EXPECT_EQ(test, pb_pageblock_count_free(pageblock), 511U);
	KUNIT_EXPECT_EQ(test, pb_pageblock_largest(pageblock), 8);
}

/* Small orders use words that are already split before free words. */
static void test_pageblock_partial_words_first(struct kunit *test)
{
	struct pb_pageblock *pageblock = new_pageblock(test, ~0ULL);
	unsigned int order;

	atomic64_set(&pageblock->free[5], 0xff0000ffULL);
	for (order = 0; order <= 3; order++) {
		KUNIT_EXPECT_EQ(test, pb_pageblock_alloc(pageblock, order) / 64, 5);
		atomic64_set(&pageblock->free[5], 0xff0000ffULL);
	}
	KUNIT_EXPECT_EQ(test, pb_pageblock_largest(pageblock), 8);
}

static void test_pageblock_largest(struct kunit *test)
{
	struct pb_pageblock *pageblock = new_pageblock(test, 0);

	KUNIT_EXPECT_EQ(test, pb_pageblock_largest(pageblock), -1);
	atomic64_set(&pageblock->free[3], 0xf0);
	KUNIT_EXPECT_EQ(test, pb_pageblock_largest(pageblock), 2);
	atomic64_set(&pageblock->free[6], ~0ULL);
	KUNIT_EXPECT_EQ(test, pb_pageblock_largest(pageblock), 6);
	atomic64_set(&pageblock->free[5], ~0ULL);	/* its neighbour, not its buddy */
	KUNIT_EXPECT_EQ(test, pb_pageblock_largest(pageblock), 6);
	atomic64_set(&pageblock->free[7], ~0ULL);
	KUNIT_EXPECT_EQ(test, pb_pageblock_largest(pageblock), 7);
	atomic64_set(&pageblock->free[4], ~0ULL);
	KUNIT_EXPECT_EQ(test, pb_pageblock_largest(pageblock), 8);
}

static struct kunit_case pageblock_cases[] = {
	KUNIT_CASE_PARAM(test_word_heads, word_orders_gen_params),
	KUNIT_CASE(test_word_largest),
	KUNIT_CASE_PARAM(test_word_find_smallest, word_orders_gen_params),
	KUNIT_CASE_PARAM(test_word_alloc_one, word_orders_gen_params),
	KUNIT_CASE_PARAM(test_word_alloc_all, word_orders_gen_params),
	KUNIT_CASE_PARAM(test_pageblock_exhaust, pageblock_orders_gen_params),
	KUNIT_CASE_PARAM(test_pageblock_double_free, pageblock_orders_gen_params),
	KUNIT_CASE(test_pageblock_large_skips_partial),
	KUNIT_CASE(test_pageblock_partial_words_first),
	KUNIT_CASE(test_pageblock_largest),
	{}
};

static struct kunit_suite pageblock_suite = {
	.name = "pbuddy_pageblock",
	.init = pt_init,
	.exit = pt_exit,
	.test_cases = pageblock_cases,
};

kunit_test_suite(pageblock_suite);
