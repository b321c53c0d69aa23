/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The part of the kernel's KUnit interface that the suites use: the suites include
 * <kunit/test.h> and get this file on the host. A failed assertion leaves the case by longjmp,
 * so only the thread that runs the case may assert. ../kunit.c implements the functions.
 */
#ifndef _KUNIT_TEST_H
#define _KUNIT_TEST_H

#include "../platform.h"

#define KUNIT_PARAM_DESC_SIZE	128

struct kunit {
	void *priv;
	const void *param_value;
	const char *name;
	int failures;
	bool skipped;
	char skip_reason[160];
	struct kunit_action *actions;
};

struct kunit_case {
	void (*run_case)(struct kunit *test);
	const char *name;
	const void *(*generate_params)(const void *prev, char *desc);
};

struct kunit_suite {
	const char name[256];
	int (*suite_init)(struct kunit_suite *suite);
	void (*suite_exit)(struct kunit_suite *suite);
	int (*init)(struct kunit *test);
	void (*exit)(struct kunit *test);
	struct kunit_case *test_cases;
};

#define KUNIT_CASE(fn)			{ .run_case = fn, .name = #fn }
#define KUNIT_CASE_SLOW(fn)		KUNIT_CASE(fn)
#define KUNIT_CASE_PARAM(fn, gen)	{ .run_case = fn, .name = #fn, .generate_params = gen }

#define KUNIT_ARRAY_PARAM(pfx, array, get_desc)					\
static const void *pfx##_gen_params(const void *prev, char *desc)		\
{										\
	const typeof((array)[0]) *next = prev;					\
	void (*describe)(const typeof((array)[0]) *, char *) = get_desc;	\
										\
	next = next ? next + 1 : (array);					\
	if (next - (array) >= (long)ARRAY_SIZE(array))				\
		return NULL;							\
	if (describe)								\
		describe(next, desc);						\
	return next;								\
}

#define kunit_test_suites(...)							\
static struct kunit_suite *const kunit_suite_array[] __used			\
__attribute__((section("kunit_suites"))) = { __VA_ARGS__ }
#define kunit_test_suite(suite)		kunit_test_suites(&suite)

void *kunit_kzalloc(struct kunit *test, size_t size, unsigned int gfp);
void *kunit_kcalloc(struct kunit *test, size_t n, size_t size, unsigned int gfp);
int kunit_add_action_or_reset(struct kunit *test, void (*fn)(void *arg), void *arg);
#define GFP_KERNEL	0

void kunit_fail(struct kunit *test, bool fatal, const char *file, int line,
		const char *fmt, ...) __printf(5, 6);
void kunit_mark_skipped_host(struct kunit *test, const char *fmt, ...) __printf(2, 3);
void kunit_leave(struct kunit *test) __attribute__((__noreturn__));
void kunit_log_host(struct kunit *test, const char *fmt, ...) __printf(2, 3);

#define kunit_info(test, ...)	kunit_log_host(test, __VA_ARGS__)
#define kunit_warn(test, ...)	kunit_log_host(test, __VA_ARGS__)
#define kunit_err(test, ...)	kunit_log_host(test, __VA_ARGS__)
#define kunit_mark_skipped(test, ...) kunit_mark_skipped_host(test, __VA_ARGS__)
#define kunit_skip(test, ...)	do {						\
	kunit_mark_skipped_host(test, __VA_ARGS__);				\
	kunit_leave(test);							\
} while (0)

#define KUNIT_FAIL(test, ...)	kunit_fail(test, false, __FILE__, __LINE__, __VA_ARGS__)

#define KU_CMP(test, fatal, a, op, b, msg, ...) do {				\
	typeof(a) _l = (a);							\
	typeof(b) _r = (b);							\
	if (!(_l op _r))							\
		kunit_fail(test, fatal, __FILE__, __LINE__,			\
			   "Expected %s %s %s, but they are %lld and %lld" msg,	\
			   #a, #op, #b, (long long)_l, (long long)_r,		\
			   ##__VA_ARGS__);					\
} while (0)

#define KU_BOOL(test, fatal, c, want, msg, ...) do {				\
	if ((bool)(c) != want)							\
		kunit_fail(test, fatal, __FILE__, __LINE__,			\
			   "Expected %s to be %s" msg, #c,			\
			   want ? "true" : "false", ##__VA_ARGS__);		\
} while (0)

#define KUNIT_EXPECT_EQ(t, a, b)	KU_CMP(t, false, a, ==, b, "")
#define KUNIT_EXPECT_NE(t, a, b)	KU_CMP(t, false, a, !=, b, "")
#define KUNIT_EXPECT_LT(t, a, b)	KU_CMP(t, false, a, <, b, "")
#define KUNIT_EXPECT_LE(t, a, b)	KU_CMP(t, false, a, <=, b, "")
#define KUNIT_EXPECT_GT(t, a, b)	KU_CMP(t, false, a, >, b, "")
#define KUNIT_EXPECT_GE(t, a, b)	KU_CMP(t, false, a, >=, b, "")
#define KUNIT_ASSERT_EQ(t, a, b)	KU_CMP(t, true, a, ==, b, "")
#define KUNIT_ASSERT_NE(t, a, b)	KU_CMP(t, true, a, !=, b, "")
#define KUNIT_ASSERT_LT(t, a, b)	KU_CMP(t, true, a, <, b, "")
#define KUNIT_ASSERT_LE(t, a, b)	KU_CMP(t, true, a, <=, b, "")
#define KUNIT_ASSERT_GT(t, a, b)	KU_CMP(t, true, a, >, b, "")
#define KUNIT_ASSERT_GE(t, a, b)	KU_CMP(t, true, a, >=, b, "")
#define KUNIT_EXPECT_EQ_MSG(t, a, b, f, ...) KU_CMP(t, false, a, ==, b, "; " f, ##__VA_ARGS__)
#define KUNIT_EXPECT_NE_MSG(t, a, b, f, ...) KU_CMP(t, false, a, !=, b, "; " f, ##__VA_ARGS__)
#define KUNIT_EXPECT_LT_MSG(t, a, b, f, ...) KU_CMP(t, false, a, <, b, "; " f, ##__VA_ARGS__)
#define KUNIT_EXPECT_LE_MSG(t, a, b, f, ...) KU_CMP(t, false, a, <=, b, "; " f, ##__VA_ARGS__)
#define KUNIT_EXPECT_GE_MSG(t, a, b, f, ...) KU_CMP(t, false, a, >=, b, "; " f, ##__VA_ARGS__)
#define KUNIT_ASSERT_EQ_MSG(t, a, b, f, ...) KU_CMP(t, true, a, ==, b, "; " f, ##__VA_ARGS__)
#define KUNIT_ASSERT_NE_MSG(t, a, b, f, ...) KU_CMP(t, true, a, !=, b, "; " f, ##__VA_ARGS__)
#define KUNIT_EXPECT_TRUE(t, c)		KU_BOOL(t, false, c, true, "")
#define KUNIT_EXPECT_FALSE(t, c)	KU_BOOL(t, false, c, false, "")
#define KUNIT_ASSERT_TRUE(t, c)		KU_BOOL(t, true, c, true, "")
#define KUNIT_ASSERT_FALSE(t, c)	KU_BOOL(t, true, c, false, "")
#define KUNIT_EXPECT_TRUE_MSG(t, c, f, ...) KU_BOOL(t, false, c, true, "; " f, ##__VA_ARGS__)
#define KUNIT_ASSERT_TRUE_MSG(t, c, f, ...) KU_BOOL(t, true, c, true, "; " f, ##__VA_ARGS__)
#define KUNIT_EXPECT_PTR_EQ(t, a, b)	KU_BOOL(t, false, (a) == (b), true, "")
#define KUNIT_EXPECT_PTR_NE(t, a, b)	KU_BOOL(t, false, (a) != (b), true, "")
#define KUNIT_ASSERT_PTR_EQ(t, a, b)	KU_BOOL(t, true, (a) == (b), true, "")
#define KUNIT_EXPECT_NULL(t, p)		KU_BOOL(t, false, (p) == NULL, true, "")
#define KUNIT_EXPECT_NOT_NULL(t, p)	KU_BOOL(t, false, (p) != NULL, true, "")
#define KUNIT_ASSERT_NOT_NULL(t, p)	KU_BOOL(t, true, (p) != NULL, true, "")
#define KUNIT_ASSERT_NULL(t, p)		KU_BOOL(t, true, (p) == NULL, true, "")
#define KUNIT_EXPECT_STREQ(t, a, b)	do {					\
	const char *_l = (a), *_r = (b);					\
	if (strcmp(_l, _r))							\
		kunit_fail(t, false, __FILE__, __LINE__,			\
			   "Expected %s to be \"%s\", is \"%s\"", #a, _r, _l);	\
} while (0)

#endif /* _KUNIT_TEST_H */
