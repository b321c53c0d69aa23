// SPDX-License-Identifier: GPL-2.0-only
/*
 * pbuddyctl alloc while its buffer changes, and while signals come. The test traces it, and acts
 * when it enters a certain system call.
 */
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "common.h"

#define BYTES	(16 * PAGE)

/* pbuddyctl, stopped when it enters a system call. */
struct traced {
	pid_t	pid;
	int	output;
	int	status;			/* of waitpid(), when it has ended */
	struct __ptrace_syscall_info call;
};

static struct traced start_traced(char *const argv[])
{
	struct traced t = { .output = memfd_create("output", MFD_CLOEXEC) };

	CHECK(t.output >= 0);
	t.pid = fork();
	CHECK(t.pid >= 0);
	if (!t.pid) {
		CHECK_EQ(dup2(t.output, STDOUT_FILENO), STDOUT_FILENO);
		CHECK_EQ(ptrace(PTRACE_TRACEME, 0, 0, 0), 0);
		execvp("pbuddyctl", argv);
		_exit(127);
	}
	CHECK_EQ(waitpid(t.pid, &t.status, 0), t.pid);	/* at exec */
	CHECK(WIFSTOPPED(t.status));
	CHECK_EQ(ptrace(PTRACE_SETOPTIONS, t.pid, 0, PTRACE_O_TRACESYSGOOD | PTRACE_O_EXITKILL), 0);
	return t;
}

/* Runs it until it enters system call @nr with this second argument; false when it has ended. */
static bool enters(struct traced *t, uint64_t nr, uint64_t arg)
{
	int sig = 0;

	for (;;) {
		CHECK_EQ(ptrace(PTRACE_SYSCALL, t->pid, 0, (long)sig), 0);
		CHECK_EQ(waitpid(t->pid, &t->status, 0), t->pid);
		if (!WIFSTOPPED(t->status))
			return false;
		sig = WSTOPSIG(t->status);
		if (sig != (SIGTRAP | 0x80))
			continue;
		sig = 0;
		CHECK(ptrace(PTRACE_GET_SYSCALL_INFO, t->pid, sizeof(t->call), &t->call) > 0);
		if (t->call.op == PTRACE_SYSCALL_INFO_ENTRY && t->call.entry.nr == nr &&
		    (!arg || t->call.entry.args[1] == arg))
			return true;
	}
}

static bool enters_query(struct traced *t)
{
	return enters(t, SYS_ioctl, PBUDDY_IOCTL_QUERY);
}

/* The exit code of pbuddyctl, and what it has printed. */
static int end_of(struct traced *t, char *text, size_t len)
{
	ssize_t got;

	while (enters(t, UINT64_MAX, 0))
		;
	got = pread(t->output, text, len - 1, 0);
	CHECK(got >= 0);
	text[got] = 0;
	close(t->output);
	return WIFEXITED(t->status) ? WEXITSTATUS(t->status) : -WTERMSIG(t->status);
}

static void expect_text(const char *text, const char *part)
{
	if (!strstr(text, part))
		test_fail(__FILE__, __LINE__, "no '%s' in: %s", part, text);
}

static void advise(int fd, uint32_t advice)
{
	struct pbuddy_advise a = { .size = sizeof(a), .advice = advice };

	CHECK_EQ(ioctl(fd, PBUDDY_IOCTL_ADVISE, &a), 0);
}

/* The buffer that pbuddyctl passes to the system call. */
static int buffer_of(const struct traced *t)
{
	int pidfd = (int)syscall(SYS_pidfd_open, t->pid, 0), fd;

	CHECK(pidfd >= 0);
	fd = (int)syscall(SYS_pidfd_getfd, pidfd, (int)t->call.entry.args[0], 0);
	CHECK(fd >= 0);
	close(pidfd);
	return fd;
}

/* Purges the buffer, and leaves no free memory but what the watermarks keep. */
static void purge(int fd, struct buffer_set *all)
{
	struct pbuddy_alloc more = request(0);
	struct pbuddy_query q;
	struct usage usage;

	advise(fd, PBUDDY_ADVICE_DONTNEED);
	alloc_all_free(all);
	read_settled_usage(&usage);
	CHECK(all->nr < BUFFER_SET_MAX);
	/* Not all that is free may be allocated. */
	more.bytes = usage.free + BYTES;
	while (more.bytes && ioctl(dev, PBUDDY_IOCTL_ALLOC, &more))
		more.bytes -= PAGE;
	/* None is left if the thread of the node was faster. */
	if (more.bytes)
		all->fd[all->nr++] = more.fd;
	wait_for_node_threads();
	CHECK_EQ(query_extents(fd, &q, NULL, 0), 0);
}

/* Gives it memory again, of which no page is next to another. */
static uint32_t restore_scattered(int fd)
{
	int page[4 * BYTES / PAGE];
	struct buffer_set all;
	struct pbuddy_query q;
	size_t i;

	for (i = 0; i < sizeof(page) / sizeof(page[0]); i++)
		page[i] = alloc_buffer(PAGE);
	purge(fd, &all);
	for (i = 0; i < sizeof(page) / sizeof(page[0]); i += 2)
		close(page[i]);
	advise(fd, PBUDDY_ADVICE_WILLNEED);
	close_buffers(&all);
	for (i = 1; i < sizeof(page) / sizeof(page[0]); i += 2)
		close(page[i]);
	return query_extents(fd, &q, NULL, 0);
}

static char *const alloc_json[] = { "pbuddyctl", "alloc", "--size", "64K", "--json", NULL };

/* The bytes of all extents that it has printed. */
static uint64_t sum_of_extents(const char *text)
{
	const char *at = strstr(text, "\"extents\"");
	uint64_t sum = 0;

	CHECK(at);
	while ((at = strstr(at, "\"bytes\": "))) {
		at += strlen("\"bytes\": ");
		sum += strtoull(at, NULL, 10);
	}
	return sum;
}

/* There are more at the second QUERY than the first one has said. */
TEST(ctl, alloc_prints_all_extents)
{
	struct traced t = start_traced(alloc_json);
	static char text[16384];
	int fd;

	CHECK(enters_query(&t));
	fd = buffer_of(&t);
	CHECK(enters_query(&t));
	CHECK(restore_scattered(fd) > 1);
	close(fd);
	CHECK_EQ(end_of(&t, text, sizeof(text)), 0);
	CHECK_EQ(sum_of_extents(text), BYTES);
}

/* There is none any more. */
TEST(ctl, alloc_prints_no_extents_that_went)
{
	struct traced t = start_traced(alloc_json);
	struct buffer_set all;
	char text[4096];
	int fd;

	CHECK(enters_query(&t));
	fd = buffer_of(&t);
	CHECK(enters_query(&t));
	purge(fd, &all);
	close_buffers(&all);
	close(fd);
	CHECK_EQ(end_of(&t, text, sizeof(text)), 0);
	expect_text(text, "\"extents\": []");
}

/* A signal that comes as soon as the output is there does not kill it, nor is it lost. */
TEST(ctl, alloc_hold_ends_by_an_early_signal)
{
	static char *const argv[] = { "pbuddyctl", "alloc", "--size", "4K", "--hold", "forever",
				      NULL };
	static const int signals[] = { SIGINT, SIGTERM };
	char text[4096];
	size_t i;

	for (i = 0; i < sizeof(signals) / sizeof(signals[0]); i++) {
		struct traced t = start_traced(argv);

		CHECK(enters(&t, SYS_write, 0));
		CHECK_EQ(kill(t.pid, signals[i]), 0);
		CHECK_EQ(end_of(&t, text, sizeof(text)), 0);
		expect_text(text, "BUFFER");
	}
}
