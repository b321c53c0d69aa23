// SPDX-License-Identifier: GPL-2.0-only
/*
 * pbuddy-test: runs the tests that are linked into it, and prints KTAP.
 *
 *   pbuddy-test [-x SUITE[.NAME]]... [SUITE[.NAME]]...  run the named tests, or all without names;
 *                                                       leave out those that follow an -x
 *   pbuddy-test --list                                  print the names of the tests
 */
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common.h"
#include "harness.h"

#define EXIT_FAIL	1
#define EXIT_SKIP	4

static struct test *first, **last = &first;

/* Why the test was skipped; in memory shared with the process of the test. */
static char *skip_reason;
#define REASON_LEN 256

void test_register(struct test *test)
{
	*last = test;
	last = &test->next;
}

void test_fail(const char *file, int line, const char *format, ...)
{
	const char *name = strrchr(file, '/');
	char text[512];
	va_list ap;

	va_start(ap, format);
	vsnprintf(text, sizeof(text), format, ap);
	va_end(ap);
	printf("# %s:%d: %s\n", name ? name + 1 : file, line, text);
	fflush(stdout);
	_exit(EXIT_FAIL);
}

void test_skip(const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	vsnprintf(skip_reason, REASON_LEN, format, ap);
	va_end(ap);
	_exit(EXIT_SKIP);
}

void test_note(const char *format, ...)
{
	va_list ap;

	printf("# ");
	va_start(ap, format);
	vprintf(format, ap);
	va_end(ap);
	printf("\n");
	fflush(stdout);
}

/* ---- Running one test ---- */

static void run_child(const struct test *test)
{
	/* run() kills this process group, so that no child of the test keeps memory. */
	setpgid(0, 0);
	alarm(test->seconds);
	dev = open(DEVICE, O_RDWR | O_CLOEXEC);
	CHECK(dev >= 0);
	test->fn();
	fflush(stdout);
	_exit(0);
}

/*
 * A pageblock counts as allocated while a node thread zeroes it (prezero=). If one was at it
 * before the test, the count may be lower after the test.
 */
static bool allocated_matches(uint64_t allocated, uint64_t before)
{
	char text[16];

	if (allocated >= before)
		return allocated == before;
	return read_file("/sys/module/pbuddy/parameters/prezero", text, sizeof(text)) && atoi(text);
}

/* Waits until usage is as before: the quarantine frees pages when it scans them. */
static bool usage_restored(uint64_t before)
{
	struct patience wait = { 0 };
	struct usage now;

	while (more_patience(&wait)) {
		read_usage(&now);
		if (allocated_matches(now.allocated, before) && !now.quarantine)
			return true;
	}
	printf("# %lld bytes allocated more than before, %llu in quarantine\n",
	       (long long)(now.allocated - before), (unsigned long long)now.quarantine);
	return false;
}

static bool invariants_hold(void)
{
	char line[256];

	if (!read_file(DEBUGFS "/verify", line, sizeof(line)))
		return true;	/* not root, or no debugfs */
	if (!strncmp(line, "verify: OK", strlen("verify: OK")))
		return true;
	printf("# %s", line);
	return false;
}

static bool run(const struct test *test, int number)
{
	struct usage before;
	bool good, skipped;
	int status;
	pid_t pid;

	fflush(stdout);
	skip_reason[0] = 0;
	wait_for_node_threads();
	read_settled_usage(&before);
	pid = fork();
	if (!pid)
		run_child(test);
	setpgid(pid, pid);
	if (waitpid(pid, &status, 0) != pid)
		status = -1;
	/* Its children, too, have to end before memory is counted: they may still allocate. */
	kill(-pid, SIGKILL);
	while (waitpid(-pid, NULL, 0) > 0)
		;
	if (WIFSIGNALED(status))
		printf("# ended by signal %d%s\n", WTERMSIG(status),
		       WTERMSIG(status) == SIGALRM ? " (time limit)" : "");
	skipped = WIFEXITED(status) && WEXITSTATUS(status) == EXIT_SKIP;
	good = skipped || (WIFEXITED(status) && !WEXITSTATUS(status));
	good = usage_restored(before.allocated) && good;
	good = invariants_hold() && good;
	printf("%sok %d %s.%s%s%s\n", good ? "" : "not ", number, test->suite, test->name,
	       skipped ? " # SKIP " : "", skipped ? skip_reason : "");
	fflush(stdout);
	return good;
}

/* ---- Selecting tests ---- */

struct selection {
	char	*const *pattern;
	int	nr;
	char	*const *excluded;
	int	nr_excluded;
};

static bool matches(const struct test *test, const char *pattern)
{
	size_t len = strlen(test->suite);

	if (strncmp(pattern, test->suite, len))
		return false;
	return !pattern[len] || (pattern[len] == '.' && !strcmp(pattern + len + 1, test->name));
}

static bool selected(const struct test *test, const struct selection *selection)
{
	int i;

	for (i = 0; i < selection->nr_excluded; i++)
		if (matches(test, selection->excluded[i]))
			return false;
	for (i = 0; i < selection->nr; i++)
		if (matches(test, selection->pattern[i]))
			return true;
	return !selection->nr;
}

static int run_all(const struct selection *selection)
{
	struct test *test;
	int total = 0, number = 0, failed = 0;

	for (test = first; test; test = test->next)
		total += selected(test, selection);
	printf("KTAP version 1\n1..%d\n", total);
	for (test = first; test; test = test->next)
		if (selected(test, selection))
			failed += !run(test, ++number);
	return failed || !total ? EXIT_FAIL : 0;
}

static void list_all(void)
{
	struct test *test;

	for (test = first; test; test = test->next)
		printf("%s.%s\n", test->suite, test->name);
}

/* Fills @selection from the command line; false when that is not valid. */
static bool parse_selection(int argc, char **argv, struct selection *selection)
{
	static char *out[64];
	int i;

	selection->excluded = out;
	for (i = 1; i < argc && argv[i][0] == '-'; i += 2) {
		if (strcmp(argv[i], "-x") || i + 1 == argc || selection->nr_excluded == 64)
			return false;
		out[selection->nr_excluded++] = argv[i + 1];
	}
	selection->pattern = argv + i;
	selection->nr = argc - i;
	return true;
}

int main(int argc, char **argv)
{
	struct selection selection = { 0 };

	if (argc == 3 && !strcmp(argv[1], CHECK_FD_OPTION))
		return check_fd(atoi(argv[2]));
	if (argc == 2 && !strcmp(argv[1], "--list")) {
		list_all();
		return 0;
	}
	prctl(PR_SET_CHILD_SUBREAPER, 1);	/* for the children that a test leaves */
	if (!parse_selection(argc, argv, &selection)) {
		fprintf(stderr, "usage: %s [--list] [-x SUITE[.NAME]]... [SUITE[.NAME]]...\n",
			argv[0]);
		return 2;
	}
	skip_reason = mmap(NULL, REASON_LEN, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
			   -1, 0);
	if (skip_reason == MAP_FAILED)
		return EXIT_FAIL;
	return run_all(&selection);
}
