// SPDX-License-Identifier: GPL-2.0-only
/*
 * Accesses by the kernel to a buffer that is swapped out, while the limit of the user leaves no
 * memory for it: a task that exits, a kernel thread, a fault that cannot be retried and a reader of
 * another process do not wait, and a task that waits does not keep others from its address space.
 * Those that act for the process charge its user. The script is that of
 * test_swap.c; it loads pbuddy_reader, whose kernel thread reads memory of a program.
 */
#include <linux/futex.h>
#include <poll.h>
#include <pthread.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <time.h>

#include "advise.h"

#define BYTES		(4 * MIB)
#define LIMIT		"account_limit_kbytes"
#define READER		"/dev/pbuddy_reader"
#define SOON		PATIENCE	/* in seconds */

/* A buffer that is swapped out, and another one that has all that the user may have. */
struct shortage {
	int		fd;
	uint64_t	*p;
	int		other_fd;
	uint64_t	*other;
};

static void begin(struct shortage *s)
{
	s->fd = alloc_swappable(BYTES);
	s->p = map_buffer(s->fd, BYTES);
	stamp(s->p, BYTES, 1);
	pageout(s->fd);
	set_parameter(LIMIT, "4096");
	s->other_fd = alloc_buffer(BYTES);
	s->other = map_buffer(s->other_fd, BYTES);
}

/* The contents come back once there is memory. */
static void end(struct shortage *s)
{
	set_parameter(LIMIT, "default");
	CHECK_EQ(stamp_broken(s->p, BYTES, 1), -1);
}

static bool is_swapped(const struct shortage *s)
{
	return info_of(s->fd).flags & PBUDDY_BUFFER_SWAPPED;
}

/* Returns whether a child has ended by itself. */
static bool has_exited(pid_t pid)
{
	time_t end = time(NULL) + SOON;
	int status;

	while (waitpid(pid, &status, WNOHANG) != pid) {
		if (time(NULL) > end)
			return false;
		usleep(10000);
	}
	return WIFEXITED(status) && !WEXITSTATUS(status);
}

/* The kernel reads the list of robust futexes, when no signal can end the process any more. */
TEST(swap, exit_does_not_wait)
{
	struct shortage s;
	bool exited;
	pid_t pid;

	begin(&s);
	fflush(stdout);
	pid = fork();
	CHECK(pid >= 0);
	if (!pid) {
		if (syscall(SYS_set_robust_list, s.p, sizeof(struct robust_list_head)))
			_exit(1);
		_exit(0);
	}
	exited = has_exited(pid);
	CHECK(is_swapped(&s));
	end(&s);
	CHECK(exited);
}

static ssize_t spliced;

static void *splice_page(void *arg)
{
	struct iovec iov = { arg, PAGE };
	int pipe_fd[2];

	CHECK_EQ(pipe2(pipe_fd, O_CLOEXEC), 0);
	spliced = vmsplice(pipe_fd[1], &iov, 1, 0);
	close(pipe_fd[0]);
	close(pipe_fd[1]);
	return NULL;
}

/* The other thread gives the memory back for which this one waits. */
TEST(swap, waits_without_mmap_lock)
{
	struct shortage s;
	pthread_t thread;
	time_t start;

	begin(&s);
	CHECK_EQ(pthread_create(&thread, NULL, splice_page, s.p), 0);
	usleep(500000);
	CHECK(is_swapped(&s));
	start = time(NULL);
	CHECK_EQ(munmap(s.other, BYTES), 0);
	CHECK(time(NULL) - start < SOON);
	CHECK_EQ(close(s.other_fd), 0);
	CHECK_EQ(pthread_join(thread, NULL), 0);
	CHECK_EQ(spliced, PAGE);
	CHECK(!is_swapped(&s));
	end(&s);
}

/* A fault for which the kernel has mmap_lock to the end is an error. */
TEST(swap, no_retry_no_wait)
{
	uint32_t word = 0, op = FUTEX_OP(FUTEX_OP_SET, 0, FUTEX_OP_CMP_EQ, 0);
	struct shortage s;

	begin(&s);
	CHECK_FAILS(syscall(SYS_futex, &word, FUTEX_WAKE_OP | FUTEX_PRIVATE_FLAG, 1, 1L, s.p, op),
		    ENOMEM);
	CHECK(is_swapped(&s));
	end(&s);
}

static int read_by_kernel_thread(int reader, const uint64_t *p)
{
	char text[32];
	int len = snprintf(text, sizeof(text), "%#lx", (unsigned long)p);

	return write(reader, text, (size_t)len) == len ? 0 : errno;
}

static void be_charged(void *arg)
{
	int reader = *(int *)arg, fd;
	uint64_t *p;

	drop_privileges();
	fd = alloc_buffer(BYTES);
	CHECK_EQ(advise(fd, PBUDDY_ADVICE_SWAP), 0);
	p = map_buffer(fd, BYTES);
	stamp(p, BYTES, 1);
	pageout(fd);
	CHECK_EQ(info_of(fd).charged_bytes, 0);
	CHECK_EQ(read_by_kernel_thread(reader, p), 0);
	CHECK_EQ(info_of(fd).charged_bytes, BYTES);
	CHECK_EQ(info_of(fd).account_uid, 65534);
	CHECK_EQ(info_of(fd).creator_pid, getpid());
	CHECK_EQ(stamp_broken(p, BYTES, 1), -1);
}

/* It charges the user for which it works, up to the limit, and no signal could end a wait. */
TEST(swap, kernel_thread_charges_the_user)
{
	int reader = open(READER, O_WRONLY | O_CLOEXEC);
	struct shortage s;
	time_t start;
	int err;

	CHECK(reader >= 0);
	CHECK_EQ(in_child(be_charged, &reader), 0);
	begin(&s);
	start = time(NULL);
	err = read_by_kernel_thread(reader, s.p);
	CHECK(time(NULL) - start < SOON);
	CHECK(is_swapped(&s));
	CHECK_EQ(munmap(s.other, BYTES), 0);
	CHECK_EQ(close(s.other_fd), 0);
	CHECK_EQ(err, EFAULT);
	CHECK_EQ(read_by_kernel_thread(reader, s.p), 0);
	CHECK(!is_swapped(&s));
	CHECK_EQ(info_of(s.fd).charged_bytes, BYTES);
	end(&s);
}

/* A privileged process that reads memory of another one, which has it as its child. */
struct monitor {
	pid_t	pid;
	int	to[2];
	int	from[2];
};

struct reading {
	const void	*p;
	bool		by_file;	/* /proc/PID/mem */
};

/* Returns 0 or the errno. */
static int read_byte_of(pid_t pid, const struct reading *rq)
{
	struct iovec to = { NULL, 1 }, from = { (void *)rq->p, 1 };
	char path[32], byte;
	int fd, err;

	to.iov_base = &byte;
	if (!rq->by_file)
		return process_vm_readv(pid, &to, 1, &from, 1, 0) == 1 ? 0 : errno;
	snprintf(path, sizeof(path), "/proc/%d/mem", pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return errno;
	err = pread(fd, &byte, 1, (off_t)(uintptr_t)rq->p) == 1 ? 0 : errno;
	close(fd);
	return err;
}

static void start_monitor(struct monitor *m)
{
	struct reading rq;
	int err;

	CHECK_EQ(pipe2(m->to, O_CLOEXEC), 0);
	CHECK_EQ(pipe2(m->from, O_CLOEXEC), 0);
	fflush(stdout);
	m->pid = fork();
	CHECK(m->pid >= 0);
	if (m->pid)
		return;
	close(m->to[1]);
	while (read(m->to[0], &rq, sizeof(rq)) == sizeof(rq)) {
		err = read_byte_of(getppid(), &rq);
		if (write(m->from[1], &err, sizeof(err)) != sizeof(err))
			_exit(1);
	}
	_exit(0);
}

/* Returns what the monitor found, soon. */
static int read_by_monitor(const struct monitor *m, const void *p, bool by_file)
{
	struct reading rq = { .p = p, .by_file = by_file };
	struct pollfd poll_fd = { .fd = m->from[0], .events = POLLIN };
	int err;

	CHECK_EQ(write(m->to[1], &rq, sizeof(rq)), sizeof(rq));
	CHECK_EQ(poll(&poll_fd, 1, SOON * 1000), 1);
	CHECK_EQ(read(m->from[0], &err, sizeof(err)), sizeof(err));
	return err;
}

static void stop_monitor(const struct monitor *m)
{
	close(m->to[1]);
	CHECK(has_exited(m->pid));
}

static void expect_charged(int fd, uint64_t bytes)
{
	CHECK_EQ(info_of(fd).charged_bytes, bytes);
	CHECK_EQ(info_of(fd).account_uid, 65534);
	CHECK_EQ(info_of(fd).creator_pid, getpid());
}

static void be_monitored(void *unused)
{
	struct monitor m;
	int fd, other, i;
	uint64_t *p;

	(void)unused;
	start_monitor(&m);
	drop_privileges();
	fd = alloc_buffer(BYTES);
	CHECK_EQ(advise(fd, PBUDDY_ADVICE_SWAP), 0);
	p = map_buffer(fd, BYTES);
	stamp(p, BYTES, 1);
	for (i = 0; i < 2; i++) {
		pageout(fd);
		CHECK_EQ(read_by_monitor(&m, p, i), 0);
		expect_charged(fd, BYTES);
	}
	pageout(fd);
	other = alloc_buffer(BYTES);		/* all that the user may have */
	CHECK_EQ(read_by_monitor(&m, p, false), EFAULT);
	CHECK_EQ(read_by_monitor(&m, p, true), EIO);
	CHECK(info_of(fd).flags & PBUDDY_BUFFER_SWAPPED);
	CHECK_EQ(close(other), 0);
	CHECK_EQ(read_by_monitor(&m, p, false), 0);
	expect_charged(fd, BYTES);
	CHECK_EQ(stamp_broken(p, BYTES, 1), -1);
	stop_monitor(&m);
}

/* It is no task of the user: it neither is charged nor waits for the limit. */
TEST(swap, remote_access_charges_the_user)
{
	int status;

	set_parameter(LIMIT, "4096");
	status = in_child(be_monitored, NULL);
	set_parameter(LIMIT, "default");
	CHECK_EQ(status, 0);
}
