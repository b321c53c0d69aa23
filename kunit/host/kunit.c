// SPDX-License-Identifier: GPL-2.0-only
/*
 * Runs the KUnit suites on the host and prints their results as KTAP, as the kernel does.
 *
 *   usage: suites [SUITE[.CASE]]...    (names may hold shell wildcards)
 *   environment: PB_SEED, PB_ROUNDS, PB_CPUS; see kunit/core/params.h
 */
#include <fnmatch.h>
#include <setjmp.h>
#include <stdarg.h>
#include <time.h>
#include <kunit/test.h>
#include "params.h"

struct kunit_action {
	struct kunit_action *next;
	void (*fn)(void *arg);
	void *arg;
};

extern struct kunit_suite *const __start_kunit_suites[], *const __stop_kunit_suites[];

static jmp_buf leave;
static struct kunit *running;
static char **patterns;
static int nr_patterns;

void kunit_fail(struct kunit *test, bool fatal, const char *file, int line,
		const char *fmt, ...)
{
	const char *base = strrchr(file, '/');
	va_list ap;

	/* One error often fails the same expectation many times: print the first ones. */
	if (test->failures++ > 20 && !fatal)
		return;
	printf("    # %s: %s FAILED at %s:%d\n    # ", test->name,
	       fatal ? "ASSERTION" : "EXPECTATION", base ? base + 1 : file, line);
	va_start(ap, fmt);
	vprintf(fmt, ap);
	va_end(ap);
	printf("\n");
	fflush(stdout);
	if (fatal)
		kunit_leave(test);
}

void kunit_leave(struct kunit *test)
{
	(void)test;
	longjmp(leave, 1);
}

void kunit_mark_skipped_host(struct kunit *test, const char *fmt, ...)
{
	va_list ap;

	test->skipped = true;
	va_start(ap, fmt);
	vsnprintf(test->skip_reason, sizeof(test->skip_reason), fmt, ap);
	va_end(ap);
}

void kunit_log_host(struct kunit *test, const char *fmt, ...)
{
	va_list ap;

	printf("    # %s: ", test->name);
	va_start(ap, fmt);
	vprintf(fmt, ap);
	va_end(ap);
	if (fmt[0] && fmt[strlen(fmt) - 1] != '\n')
		printf("\n");
	fflush(stdout);
}

void pb_host_warn(const char *file, int line, const char *what)
{
	struct kunit *test = running;

	if (pb_host_warn_expected) {
		pb_host_warnings++;
		return;
	}
	if (!test) {
		fprintf(stderr, "WARNING at %s:%d: %s\n", file, line, what);
		abort();
	}
	printf("    # %s: WARNING at %s:%d: %s\n", test->name, file, line, what);
	__atomic_fetch_add(&test->failures, 1, __ATOMIC_SEQ_CST);
}

int kunit_add_action_or_reset(struct kunit *test, void (*fn)(void *arg), void *arg)
{
	struct kunit_action *action = calloc(1, sizeof(*action));

	if (!action)
		abort();
	action->fn = fn;
	action->arg = arg;
	action->next = test->actions;
	test->actions = action;
	return 0;
}

void *kunit_kzalloc(struct kunit *test, size_t size, unsigned int gfp)
{
	void *p = calloc(1, size);

	(void)gfp;
	if (!p)
		abort();
	kunit_add_action_or_reset(test, free, p);
	return p;
}

void *kunit_kcalloc(struct kunit *test, size_t n, size_t size, unsigned int gfp)
{
	return kunit_kzalloc(test, n * size, gfp);
}

static void cleanup(struct kunit *test)
{
	while (test->actions) {
		struct kunit_action *action = test->actions;

		test->actions = action->next;
		action->fn(action->arg);
		free(action);
	}
}

static double now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

static void run_once(struct kunit_suite *suite, struct kunit_case *kcase, struct kunit *test)
{
	running = test;
	if (!setjmp(leave)) {
		if (suite->init && suite->init(test))
			kunit_fail(test, false, __FILE__, __LINE__, "init failed");
		else
			kcase->run_case(test);
	}
	if (!setjmp(leave)) {
		if (suite->exit)
			suite->exit(test);
	}
	cleanup(test);
	running = NULL;
}

/* Prints the result line. True if it is a failure. */
static bool result(const char *indent, int nr, const struct kunit *test, const char *name)
{
	printf("%s%s %d %s", indent, test->failures ? "not ok" : "ok", nr, name);
	if (test->skipped && !test->failures)
		printf(" # SKIP %s", test->skip_reason);
	printf("\n");
	fflush(stdout);
	return test->failures;
}

static bool run_case(struct kunit_suite *suite, struct kunit_case *kcase, int nr)
{
	struct kunit all = { .name = kcase->name };
	double start = now(), took;
	const void *param = NULL;
	int i = 0;

	if (!kcase->generate_params) {
		run_once(suite, kcase, &all);
	} else {
		char desc[KUNIT_PARAM_DESC_SIZE] = "";

		printf("        KTAP version 1\n        # Subtest: %s\n", kcase->name);
		while ((param = kcase->generate_params(param, desc))) {
			struct kunit test = { .name = kcase->name, .param_value = param };

			run_once(suite, kcase, &test);
			if (result("        ", ++i, &test, desc))
				all.failures++;
		}
		printf("        1..%d\n", i);
	}
	took = now() - start;
	if (took > 1)
		printf("    # %s: took %.1f s\n", kcase->name, took);
	return result("    ", nr, &all, kcase->name);
}

static bool wanted(const char *suite, const char *kcase)
{
	char full[512];
	int i;

	snprintf(full, sizeof(full), "%s.%s", suite, kcase);
	for (i = 0; i < nr_patterns; i++)
		if (!fnmatch(patterns[i], suite, 0) || !fnmatch(patterns[i], full, 0))
			return true;
	return !nr_patterns;
}

/* Returns the number of failed cases, or -1 if no pattern selects a case of the suite. */
static int run_suite(struct kunit_suite *suite, int nr)
{
	struct kunit_case *kcase;
	int failed = 0, total = 0, i = 0;

	for (kcase = suite->test_cases; kcase->run_case; kcase++)
		total += wanted(suite->name, kcase->name);
	if (!total)
		return -1;
	printf("    KTAP version 1\n    # Subtest: %s\n    1..%d\n", suite->name, total);
	if (suite->suite_init && suite->suite_init(suite))
		failed++;
	for (kcase = suite->test_cases; kcase->run_case; kcase++)
		if (wanted(suite->name, kcase->name))
			failed += run_case(suite, kcase, ++i);
	if (suite->suite_exit)
		suite->suite_exit(suite);
	printf("%s %d %s\n", failed ? "not ok" : "ok", nr, suite->name);
	return failed;
}

int main(int argc, char **argv)
{
	struct kunit_suite *const *suite;
	int ran = 0, failed = 0, result;

	setvbuf(stdout, NULL, _IOLBF, 0);
	patterns = argv + 1;
	nr_patterns = argc - 1;
	pt_params_from_env();
	printf("KTAP version 1\n# seed %lu, rounds %lu, cpus %d\n", pt_seed, pt_rounds,
	       pb_host_nr_cpus);
	for (suite = __start_kunit_suites; suite < __stop_kunit_suites; suite++) {
		result = run_suite(*suite, ran + 1);
		if (result < 0)
			continue;
		ran++;
		failed += !!result;
	}
	printf("1..%d\n# suites: %d passed, %d failed\n", ran, ran - failed, failed);
	if (!ran)
		fprintf(stderr, "suites: no suite or case matches; see scripts/host --help\n");
	return failed || !ran;
}
