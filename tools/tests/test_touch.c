// SPDX-License-Identifier: GPL-2.0-only
/*
 * First access to a mapping. mmap() is short: it allocates the pages, and the first access to a
 * piece of 2 MiB zeroes it and inserts its page table entries. However a page is accessed first,
 * its previous contents are never seen.
 */
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <time.h>

#include "common.h"

#define PIECE	(2 * MIB)
#define LENGTH	(4 * PIECE)

#ifndef MADV_POPULATE_READ
#define MADV_POPULATE_READ	22
#define MADV_POPULATE_WRITE	23
#endif

/* ---- When entries are inserted ---- */

static size_t resident(void *p, size_t bytes)
{
	static unsigned char vec[32 * MIB / PAGE];
	size_t i, nr = 0;

	CHECK(bytes / PAGE <= sizeof(vec));
	CHECK_EQ(mincore(p, bytes, vec), 0);
	for (i = 0; i < bytes / PAGE; i++)
		nr += vec[i] & 1;
	return nr * PAGE;
}

/*
 * Since 7.3 a fault also inserts the huge entries around it whose pages are prepared, or known to
 * be zero (test_huge.c).
 */
static bool has_pieces(void *p, size_t nr)
{
	size_t bytes = resident(p, LENGTH);

	return bytes == nr * PIECE || (bytes > nr * PIECE && kernel_has_reached(7, 3));
}

static void one_piece_at_a_time(int fd)
{
	char *p = (char *)map_buffer(fd, LENGTH);

	CHECK_EQ(resident(p, LENGTH), 0);
	CHECK_EQ(*(volatile char *)(p + PIECE + 5 * PAGE), 0);
	CHECK_EQ(resident(p + PIECE, PIECE), PIECE);
	CHECK(has_pieces(p, 1));
	*(volatile char *)(p + 4 * PIECE - 1) = 1;
	CHECK(has_pieces(p, 2));
	CHECK_EQ(munmap(p, LENGTH), 0);
}

TEST(touch, inserts_one_piece)
{
	one_piece_at_a_time(dev);
	one_piece_at_a_time(alloc_buffer(LENGTH));
}

/* A mapping that begins and ends inside a piece. */
TEST(touch, part_of_a_piece)
{
	int fd = alloc_buffer(2 * PIECE);
	char *p = mmap(NULL, PIECE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, PIECE / 2);

	CHECK(p != MAP_FAILED);
	*(volatile char *)p = 1;
	CHECK_EQ(resident(p, PIECE), PIECE / 2);
	*(volatile char *)(p + PIECE - 1) = 1;
	CHECK_EQ(resident(p, PIECE), PIECE);
}

/* Entries of single pages that were inserted before stay, also where a part was removed. */
TEST(touch, fills_gaps)
{
	const size_t length = PIECE;
	uint64_t *p = mmap(NULL, length, PROT_READ | PROT_WRITE, MAP_SHARED, alloc_buffer(LENGTH),
			   PIECE / 2);

	CHECK(p != MAP_FAILED);
	stamp(p, length, 1);
	CHECK_EQ(madvise(p + 512, 3 * PAGE, MADV_DONTNEED), 0);
	CHECK_EQ(madvise(p + 50 * 512, 70 * PAGE, MADV_DONTNEED), 0);
	CHECK_EQ(resident(p, length), length - 73 * PAGE);
	CHECK_EQ(((volatile uint64_t *)p)[60 * 512] - p[0], 60 * 512);
	CHECK_EQ(resident(p, length), length);
	CHECK_EQ(stamp_broken(p, length, 1), -1);
}

static void populates(int fd)
{
	int rw = PROT_READ | PROT_WRITE;
	uint64_t *p = mmap(NULL, LENGTH, rw, MAP_SHARED | MAP_POPULATE, fd, 0);

	CHECK(p != MAP_FAILED);
	CHECK_EQ(resident(p, LENGTH), LENGTH);
	CHECK_EQ(first_nonzero(p, LENGTH), -1);
	CHECK_EQ(munmap(p, LENGTH), 0);
	p = map_buffer(fd, LENGTH);
	CHECK(madvise(p, PIECE, MADV_POPULATE_READ) == 0 || errno == EINVAL);
	CHECK(madvise((char *)p + PIECE, PIECE, MADV_POPULATE_WRITE) == 0 || errno == EINVAL);
	CHECK(has_pieces(p, 2));
	CHECK_EQ(mlock(p, LENGTH), 0);
	CHECK_EQ(resident(p, LENGTH), LENGTH);
	CHECK_EQ(first_nonzero(p, LENGTH), -1);
}

TEST(touch, populate)
{
	stamp_everything(1);
	populates(dev);
	populates(alloc_buffer(LENGTH));
}

static double now(void)
{
	struct timespec t;

	CHECK_EQ(clock_gettime(CLOCK_MONOTONIC, &t), 0);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* mmap() holds mmap_lock for writing: zeroing and inserting entries take most of the time. */
static bool mmap_is_short(int fd)
{
	double start = now(), mapped, populated;
	uint64_t *p = map_buffer(fd, 32 * MIB);

	mapped = now() - start;
	CHECK_EQ(madvise(p, 32 * MIB, MADV_POPULATE_WRITE), 0);
	populated = now() - start;
	test_note("mmap took %.6f of %.6f s", mapped, populated);
	CHECK_EQ(munmap(p, 32 * MIB), 0);
	return mapped < populated / 4;
}

/* From here on a buffer gets pages that the node threads have not zeroed in advance. */
static void stop_prezeroing(void)
{
	int fd = open("/sys/module/pbuddy/parameters/prezero", O_WRONLY | O_CLOEXEC);

	if (fd < 0)
		test_skip("prezeroing cannot be turned off");
	CHECK_EQ(write(fd, "0", 1), 1);
	CHECK_EQ(close(fd), 0);
	stamp_everything(1);
}

#define TRIES	40

TEST(touch, mmap_is_short)
{
	int tries;

	stop_prezeroing();
	/* The task may have to wait for a CPU within mmap(). */
	for (tries = 0; tries < TRIES && !mmap_is_short(dev); tries++)
		stamp_everything(1);
	CHECK(tries < TRIES);
}

/* SIGKILL ends a task that populates: it zeroes again and again what it maps. */
TEST(touch, populate_is_killable)
{
	pid_t pid;

	fflush(stdout);
	pid = fork();
	if (!pid)
		for (;;) {
			void *p = mmap(NULL, 32 * MIB, PROT_READ | PROT_WRITE,
				       MAP_SHARED | MAP_POPULATE, dev, 0);

			CHECK(p != MAP_FAILED && !munmap(p, 32 * MIB));
		}
	usleep(50000);
	CHECK_EQ(kill(pid, SIGKILL), 0);
	CHECK_EQ(waitpid(pid, NULL, 0), pid);
	wait_for_quarantine(0);
}

/* ---- What is seen ---- */

static char copy[PAGE];

static void expect_zero_copy(ssize_t got)
{
	CHECK_EQ(got, PAGE);
	CHECK_EQ(first_nonzero((uint64_t *)copy, PAGE), -1);
	memset(copy, 0xff, PAGE);
}

static void see_by_load(char *p)
{
	memcpy(copy, p, PAGE);
	expect_zero_copy(PAGE);
}

static void see_by_load_in_child(void *p)
{
	see_by_load(p);
}

static void see_in_child(char *p)
{
	CHECK_EQ(in_child(see_by_load_in_child, p), 0);
}

static void see_by_write(char *p)
{
	int ends[2];

	CHECK_EQ(pipe(ends), 0);
	CHECK_EQ(write(ends[1], p, PAGE), PAGE);
	expect_zero_copy(read(ends[0], copy, PAGE));
	CHECK_EQ(close(ends[0]) | close(ends[1]), 0);
}

static void see_by_vmsplice(char *p)
{
	struct iovec iov = { .iov_base = p, .iov_len = PAGE };
	int ends[2];

	CHECK_EQ(pipe(ends), 0);
	CHECK_EQ(vmsplice(ends[1], &iov, 1, 0), PAGE);
	expect_zero_copy(read(ends[0], copy, PAGE));
	CHECK_EQ(close(ends[0]) | close(ends[1]), 0);
}

static void see_by_vm_readv(char *p)
{
	struct iovec to = { .iov_base = copy, .iov_len = PAGE };
	struct iovec from = { .iov_base = p, .iov_len = PAGE };
	ssize_t got = process_vm_readv(getpid(), &to, 1, &from, 1, 0);

	if (got < 0 && errno == ENOSYS)
		return;
	expect_zero_copy(got);
}

static void see_by_proc_mem(char *p)
{
	int mem = open("/proc/self/mem", O_RDONLY | O_CLOEXEC);

	if (mem < 0)
		return;
	expect_zero_copy(pread(mem, copy, PAGE, (off_t)(uintptr_t)p));
	CHECK_EQ(close(mem), 0);
}

static void see_by_ptrace(char *p)
{
	int status;
	pid_t pid;

	fflush(stdout);
	pid = fork();
	if (!pid) {
		ptrace(PTRACE_TRACEME, 0, NULL, NULL);
		raise(SIGSTOP);
		_exit(0);
	}
	CHECK_EQ(waitpid(pid, &status, 0), pid);
	errno = 0;
	if (WIFSTOPPED(status))
		CHECK(ptrace(PTRACE_PEEKDATA, pid, p, NULL) == 0 && !errno);
	CHECK_EQ(kill(pid, SIGKILL), 0);
	CHECK_EQ(waitpid(pid, &status, 0), pid);
}

static void see_after_mremap(char *p)
{
	char *to = mmap(NULL, PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	CHECK(to != MAP_FAILED);
	CHECK(mremap(p, PAGE, PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, to) == to);
	see_by_load(to);
}

static void see_after_mprotect(char *p)
{
	CHECK_EQ(mprotect(p, PAGE, PROT_READ), 0);
	see_by_load(p);
}

static void see_after_store(char *p)
{
	*(volatile uint64_t *)(p + PAGE - 8) = 1;
	CHECK_EQ(first_nonzero((uint64_t *)p, PAGE), PAGE / 8 - 1);
}

static void see_after_dontneed(char *p)
{
	CHECK_EQ(*(volatile char *)(p + PAGE), 0);
	CHECK_EQ(madvise(p, 2 * PAGE, MADV_DONTNEED), 0);
	see_by_load(p);
}

static void see_after_read(char *p)
{
	int zero = open("/dev/zero", O_RDONLY | O_CLOEXEC);

	CHECK(zero >= 0);
	CHECK_EQ(read(zero, p, 8), 8);
	CHECK_EQ(close(zero), 0);
	see_by_load(p);
}

static void (* const ways[])(char *) = {
	see_by_load, see_in_child, see_by_write, see_by_vmsplice, see_by_vm_readv, see_by_proc_mem,
	see_by_ptrace, see_after_mremap, see_after_mprotect, see_after_store, see_after_dontneed,
	see_after_read,
};

#define NR_WAYS (sizeof(ways) / sizeof(ways[0]))

TEST_TIMEOUT(touch, never_shows_old_contents, 900)
{
	size_t i;

	for (i = 0; i < NR_WAYS; i++) {
		char *p;

		stamp_everything(i);
		p = (char *)map_device(LENGTH);
		/* Pages of the stamped memory, of which none has been zeroed. */
		CHECK_EQ(resident(p, LENGTH), 0);
		ways[i](p + PIECE + 100 * PAGE);
		CHECK_EQ(first_nonzero((uint64_t *)p, PIECE), -1);
		CHECK_EQ(munmap(p, PIECE), 0);
		CHECK_EQ(munmap(p + 2 * PIECE, 2 * PIECE), 0);
		CHECK_EQ(munmap(p + PIECE, PIECE), 0);
		wait_for_quarantine(0);
	}
}

/* ---- Two threads ---- */

struct toucher {
	uint64_t	*p;
	size_t		word;
	atomic_uint	*turn;
};

/* Stores to its own word of each page, at the same time as the other thread. */
static void *touch_all(void *arg)
{
	struct toucher *t = arg;
	unsigned int piece;
	size_t i;

	for (piece = 0; piece < LENGTH / PIECE; piece++) {
		atomic_fetch_add(t->turn, 1);
		while (atomic_load(t->turn) < 2 * (piece + 1))
			sched_yield();
		for (i = piece * PIECE / 8; i < (piece + 1) * PIECE / 8; i += PAGE / 8)
			t->p[i + t->word] = i + 1;
	}
	return NULL;
}

/* A piece is zeroed once: the stores of a thread are not lost when another one touches it, too. */
TEST(touch, two_threads_zero_once)
{
	int round;

	for (round = 0; round < 50; round++) {
		uint64_t *p = map_device(LENGTH);
		atomic_uint turn = 0;
		struct toucher first = { p, 1, &turn }, second = { p, 2, &turn };
		pthread_t thread;
		size_t i;

		CHECK_EQ(pthread_create(&thread, NULL, touch_all, &first), 0);
		touch_all(&second);
		CHECK_EQ(pthread_join(thread, NULL), 0);
		for (i = 0; i < LENGTH / 8; i += PAGE / 8) {
			CHECK_EQ(p[i + 1], i + 1);
			CHECK_EQ(p[i + 2], i + 1);
		}
		CHECK_EQ(munmap(p, LENGTH), 0);
	}
}
