/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A small test harness, after the kernel's kselftest_harness.h. TEST(suite, name) { ... } in any
 * file defines a test. Each test runs in a process of its own, with a time limit. The results are
 * printed as KTAP.
 *
 * After each test the harness checks that pbuddy has as many bytes allocated as before, that the
 * quarantine is empty (common.h), and that debugfs "verify" finds every invariant of the allocator
 * intact.
 */
#ifndef HARNESS_H
#define HARNESS_H

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct test {
	const char	*suite;
	const char	*name;
	void		(*fn)(void);
	unsigned int	seconds;	/* time limit */
	struct test	*next;
};

void test_register(struct test *test);

#define TEST_TIMEOUT(s, n, limit)						\
	static void s##_##n(void);						\
	static struct test test_##s##_##n = {					\
		.suite = #s, .name = #n, .fn = s##_##n, .seconds = (limit)	\
	};									\
	__attribute__((constructor)) static void register_##s##_##n(void)	\
	{									\
		test_register(&test_##s##_##n);					\
	}									\
	static void s##_##n(void)

#define TEST(s, n) TEST_TIMEOUT(s, n, 300)

/*
 * End the calling process, and the test as failed or skipped. The caller is the process of the
 * test, or a child of it whose exit status the test checks.
 */
__attribute__((noreturn, format(printf, 3, 4)))
void test_fail(const char *file, int line, const char *format, ...);
__attribute__((noreturn, format(printf, 1, 2)))
void test_skip(const char *format, ...);

/* Prints a line that KTAP ignores. */
__attribute__((format(printf, 1, 2)))
void test_note(const char *format, ...);

#define CHECK(cond)								\
	do {									\
		if (!(cond))							\
			test_fail(__FILE__, __LINE__, "%s (errno %s)", #cond,	\
				  strerror(errno));				\
	} while (0)

#define CHECK_EQ(a, b)								\
	do {									\
		long long _a = (long long)(a), _b = (long long)(b);		\
		if (_a != _b)							\
			test_fail(__FILE__, __LINE__, "%s is %lld, %s is %lld",	\
				  #a, _a, #b, _b);				\
	} while (0)

/* Checks that a call returns -1 (or MAP_FAILED) with this errno. */
#define CHECK_FAILS(call, err)							\
	do {									\
		int _e, _want = (err);						\
		long long _r;							\
		errno = 0;							\
		_r = (long long)(call);						\
		_e = errno;							\
		if (_r != -1 || _e != _want)					\
			test_fail(__FILE__, __LINE__,				\
				  "%s: %lld, %s; expected -1, %s", #call, _r,	\
				  strerror(_e), strerror(_want));		\
	} while (0)

#endif /* HARNESS_H */
