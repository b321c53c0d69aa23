// SPDX-License-Identifier: GPL-2.0-only
/*
 * bitmap.c, a bitmap of several levels: a bit of level n + 1 is set while its word of level n is
 * not 0, so that a search skips empty words. The cases compare searches with expected results at
 * the edges of words and levels, with a plain bitmap, and with summary bits that are set above
 * an empty word.
 */
#include "core/index/bitmap.h"
#include "fixture.h"
#include "params.h"

struct length {
	unsigned long nbits;
	unsigned int levels;
	unsigned int stride;
};

static const struct length lengths[] = {
	{ 1, 1, 1 }, { 63, 1, 1 }, { 64, 1, 1 }, { 65, 2, 1 }, { 512, 2, 1 }, { 4096, 2, 1 },
	{ 4097, 3, 1 }, { 100000, 3, 1 }, { 262144, 3, 1 }, { 262145, 4, 1 }, { 524288, 4, 1 },
	{ 64, 1, 24 }, { 4097, 3, 24 },
};

static void describe_length(const struct length *length, char *desc)
{
	snprintf(desc, KUNIT_PARAM_DESC_SIZE, "%lu bits, stride %u", length->nbits, length->stride);
}

KUNIT_ARRAY_PARAM(lengths, lengths, describe_length);

/* The words before and behind each word of a map with a stride belong to other maps. */
static void new_map(struct kunit *test, struct pb_bitmap *map, unsigned long nbits,
		    unsigned int stride)
{
	size_t words = pb_bitmap_words(nbits) + BITS_TO_LONGS(nbits) * (stride - 1);
	unsigned long *mem = pb_meta_alloc((words + 1) * sizeof(*mem), 0), *end;

	KUNIT_ASSERT_NOT_NULL(test, mem);
	KUNIT_ASSERT_EQ(test, kunit_add_action_or_reset(test, pb_meta_free, mem), 0);
	if (stride > 1)
		end = pb_bitmap_init_strided(map, nbits, mem + 1, stride,
					     mem + BITS_TO_LONGS(nbits) * stride);
	else
		end = pb_bitmap_init(map, nbits, mem);
	KUNIT_ASSERT_PTR_EQ(test, end, mem + words);
}

static unsigned long word_at(const struct pb_bitmap *map, unsigned int level, unsigned long w)
{
	return level ? map->level[level][w] : map->level[0][w * map->stride];
}

static void expect_others_zero(struct kunit *test, const struct pb_bitmap *map)
{
	unsigned long first = map->stride > 1, i;
	const unsigned long *words = map->level[0] - first;

	for (i = 0; i < BITS_TO_LONGS(map->nbits) * map->stride; i++)
		if (i % map->stride != first)
			KUNIT_ASSERT_EQ_MSG(test, words[i], 0UL, "word %lu", i);
}

/*
 * Expects every summary bit to equal "its word is not 0". Exact, as no other thread changes the
 * map.
 */
static void expect_summaries(struct kunit *test, struct pb_bitmap *map)
{
	unsigned long words = map->nbits, w;
	unsigned int level;

	for (level = 0; level + 1 < map->levels; level++) {
		words = DIV_ROUND_UP(words, BITS_PER_LONG);
		for (w = 0; w < words; w++)
			KUNIT_ASSERT_EQ_MSG(test, test_bit(w, map->level[level + 1]),
					    word_at(map, level, w) != 0,
					    "level %u word %lu", level, w);
	}
}

static void test_levels(struct kunit *test)
{
	const struct length *length = test->param_value;
	struct pb_bitmap map;

	new_map(test, &map, length->nbits, length->stride);
	KUNIT_EXPECT_EQ(test, map.levels, length->levels);
	KUNIT_EXPECT_EQ(test, pb_bitmap_next(&map, 0), PB_NO_PAGEBLOCK);
}

/* A search from any lower bit finds the last bit; a search that starts above it finds none. */
static void test_edges(struct kunit *test)
{
	const struct length *length = test->param_value;
	unsigned long last = length->nbits - 1, from;
	struct pb_bitmap map;

	new_map(test, &map, length->nbits, length->stride);
	pb_bitmap_set(&map, last);
	KUNIT_EXPECT_TRUE(test, pb_bitmap_test(&map, last));
	for (from = 0; from <= last; from = from * 3 + 1)
		KUNIT_EXPECT_EQ_MSG(test, pb_bitmap_next(&map, from), last, "from %lu", from);
	KUNIT_EXPECT_EQ(test, pb_bitmap_next(&map, last), last);
	KUNIT_EXPECT_EQ(test, pb_bitmap_next(&map, last + 1), PB_NO_PAGEBLOCK);
	KUNIT_EXPECT_EQ(test, pb_bitmap_next(&map, ~0UL), PB_NO_PAGEBLOCK);
	pb_bitmap_set(&map, 0);
	KUNIT_EXPECT_EQ(test, pb_bitmap_next(&map, 0), 0UL);
	pb_bitmap_clear(&map, last);
	if (last)
		KUNIT_EXPECT_EQ(test, pb_bitmap_next(&map, 1), PB_NO_PAGEBLOCK);
	expect_summaries(test, &map);
}

/* Setting a set bit and clearing a clear one change nothing. */
static void test_idempotent(struct kunit *test)
{
	const struct length *length = test->param_value;
	unsigned long bit = length->nbits / 2;
	struct pb_bitmap map;

	new_map(test, &map, length->nbits, length->stride);
	pb_bitmap_clear(&map, bit);
	expect_summaries(test, &map);
	pb_bitmap_set(&map, bit);
	pb_bitmap_set(&map, bit);
	expect_summaries(test, &map);
	pb_bitmap_clear(&map, bit);
	pb_bitmap_clear(&map, bit);
	expect_summaries(test, &map);
	KUNIT_EXPECT_EQ(test, pb_bitmap_next(&map, 0), PB_NO_PAGEBLOCK);
}

/* Random changes, each followed by a search; a plain bitmap gives the expected result. */
static void test_against_model(struct kunit *test)
{
	const struct length *length = test->param_value;
	struct pt_rand r = { .state = pt_seed + length->nbits };
	unsigned long bit, want, i, span = min(length->nbits, 3000UL), base;
	struct pb_bitmap map;
	unsigned long *model;

	new_map(test, &map, length->nbits, length->stride);
	model = kunit_kcalloc(test, BITS_TO_LONGS(length->nbits) + 1, sizeof(*model), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, model);
	/* The end of the map, where words of several levels end. */
	base = length->nbits - span;
	for (i = 0; i < 3000; i++) {
		bit = base + pt_below(&r, span);
		if (pt_below(&r, 100) < (i / 500 % 2 ? 70U : 30U)) {
			pb_bitmap_set(&map, bit);
			__set_bit(bit, model);
		} else {
			pb_bitmap_clear(&map, bit);
			__clear_bit(bit, model);
		}
		bit = base + pt_below(&r, span);
		want = find_next_bit(model, length->nbits, bit);
		if (want >= length->nbits)
			want = PB_NO_PAGEBLOCK;
		KUNIT_ASSERT_EQ_MSG(test, pb_bitmap_next(&map, bit), want, "from %lu, step %lu",
				    bit, i);
	}
	expect_summaries(test, &map);
	expect_others_zero(test, &map);
}

/*
 * A race can leave a summary bit set above an empty word. A search must skip that word and still
 * find later bits.
 */
static void test_stale_summary(struct kunit *test)
{
	struct pb_bitmap map;

	new_map(test, &map, 100000, 1);
	pb_bitmap_set(&map, 99000);
	__set_bit(3, map.level[1]);
	__set_bit(9, map.level[2]);
	KUNIT_EXPECT_EQ(test, pb_bitmap_next(&map, 0), 99000UL);
	pb_bitmap_clear(&map, 99000);
	KUNIT_EXPECT_EQ(test, pb_bitmap_next(&map, 0), PB_NO_PAGEBLOCK);
	pb_bitmap_set(&map, 3 * 64 + 5);
	KUNIT_EXPECT_EQ(test, pb_bitmap_next(&map, 0), 3UL * 64 + 5);
}

/* A clear leaves the summaries until they are cleared; a search counts the words that it passed. */
static void test_kept_summaries(struct kunit *test)
{
	const struct length *length = test->param_value;
	unsigned long last = length->nbits - 1;
	struct pb_bitmap_passed passed;
	struct pb_bitmap map;

	new_map(test, &map, length->nbits, length->stride);
	pb_bitmap_set(&map, last);
	KUNIT_EXPECT_EQ(test, pb_bitmap_search(&map, 0, &passed), last);
	KUNIT_EXPECT_EQ(test, passed.nr, 0U);
	pb_bitmap_clear_summaries(&map, last);
	expect_summaries(test, &map);
	KUNIT_EXPECT_TRUE(test, pb_bitmap_clear_bit(&map, last));
	KUNIT_EXPECT_FALSE(test, pb_bitmap_clear_bit(&map, last));
	KUNIT_EXPECT_EQ(test, pb_bitmap_empty(&map), length->levels == 1);
	KUNIT_EXPECT_EQ(test, pb_bitmap_search(&map, 0, &passed), PB_NO_PAGEBLOCK);
	KUNIT_EXPECT_EQ(test, passed.nr, length->levels > 1);
	if (passed.nr)
		KUNIT_EXPECT_EQ(test, passed.first, round_down(last, BITS_PER_LONG));
	pb_bitmap_clear_summaries(&map, last);
	expect_summaries(test, &map);
	KUNIT_EXPECT_TRUE(test, pb_bitmap_empty(&map));
}

/* The first words that have set bits, in turn. Of more than one summary word those of the first. */
static void test_some_word(struct kunit *test)
{
	const struct length *length = test->param_value;
	unsigned long last = round_down(length->nbits - 1, BITS_PER_LONG);
	unsigned long below = min(last, 63UL * BITS_PER_LONG);
	struct pb_bitmap map;

	new_map(test, &map, length->nbits, length->stride);
	KUNIT_EXPECT_EQ(test, pb_bitmap_some_word(&map, 5), 0UL);
	pb_bitmap_set(&map, length->nbits - 1);
	KUNIT_EXPECT_EQ(test, pb_bitmap_some_word(&map, 0), last);
	KUNIT_EXPECT_EQ(test, pb_bitmap_some_word(&map, 5), last);
	pb_bitmap_set(&map, below);
	pb_bitmap_set(&map, 0);
	KUNIT_EXPECT_EQ(test, pb_bitmap_some_word(&map, 0), 0UL);
	KUNIT_EXPECT_EQ(test, pb_bitmap_some_word(&map, 1), below);
	KUNIT_EXPECT_EQ(test, pb_bitmap_some_word(&map, 2), 0UL);
}

static struct kunit_case bitmap_cases[] = {
	KUNIT_CASE_PARAM(test_levels, lengths_gen_params),
	KUNIT_CASE_PARAM(test_edges, lengths_gen_params),
	KUNIT_CASE_PARAM(test_idempotent, lengths_gen_params),
	KUNIT_CASE_PARAM(test_against_model, lengths_gen_params),
	KUNIT_CASE_PARAM(test_some_word, lengths_gen_params),
	KUNIT_CASE(test_stale_summary),
	KUNIT_CASE_PARAM(test_kept_summaries, lengths_gen_params),
	{}
};

static struct kunit_suite bitmap_suite = {
	.name = "pbuddy_bitmap",
	.init = pt_init,
	.exit = pt_exit,
	.test_cases = bitmap_cases,
};

kunit_test_suite(bitmap_suite);
