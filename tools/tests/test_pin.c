// SPDX-License-Identifier: GPL-2.0-only
/*
 * Pages that the kernel refers to by get_user_pages(): direct I/O, io_uring, pipes. Such a
 * reference may outlive the buffer. Then the page stays in the quarantine, allocated, until the
 * reference is dropped. (CVE-2021-22543: KVM used pages without a reference.)
 */
#include <sys/prctl.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>

#include "common.h"

/* Puts references to the first pages of a mapping into a pipe. */
static void pin_in_pipe(int pipe_fd, void *p, size_t bytes)
{
	struct iovec iov = { .iov_base = p, .iov_len = bytes };

	CHECK_EQ(vmsplice(pipe_fd, &iov, 1, 0), bytes);
}

static void read_back(int pipe_fd, size_t bytes, uint64_t id)
{
	uint64_t *copy = malloc(bytes);
	size_t done = 0;

	CHECK(copy);
	while (done < bytes) {
		ssize_t n = read(pipe_fd, (char *)copy + done, bytes - done);

		CHECK(n > 0);
		done += (size_t)n;
	}
	CHECK_EQ(stamp_broken(copy, bytes, id), -1);
	free(copy);
}

TEST_TIMEOUT(pin, outlives_its_buffer_cve_2021_22543, 900)
{
	const size_t bytes = 8 * PAGE;
	struct usage before;
	uint64_t phys, *p;
	int pipe_fd[2], fd;

	read_settled_usage(&before);
	CHECK_EQ(pipe2(pipe_fd, O_CLOEXEC), 0);
	fd = alloc_buffer(MIB);
	phys = phys_of(fd);
	p = map_buffer(fd, MIB);
	stamp(p, bytes, 1);
	pin_in_pipe(pipe_fd[1], p, bytes);
	CHECK_EQ(munmap(p, MIB), 0);
	CHECK_EQ(close(fd), 0);

	/* The pinned pages are in quarantine, the others are free. */
	wait_for_quarantine(bytes);
	CHECK_ALLOCATED(before.allocated + bytes);
	expect_not_allocated(phys, bytes);
	/* Further scans of the quarantine leave them there while they are pinned. */
	sleep(2);
	wait_for_quarantine(bytes);
	read_back(pipe_fd[0], bytes, 1);
	wait_for_quarantine(0);
	CHECK_ALLOCATED(before.allocated);
}

TEST(pin, of_a_device_mapping_outlives_it)
{
	int pipe_fd[2];
	uint64_t *p;

	CHECK_EQ(pipe2(pipe_fd, O_CLOEXEC), 0);
	p = map_device(4 * PAGE);
	stamp(p, PAGE, 2);
	pin_in_pipe(pipe_fd[1], p, PAGE);
	CHECK_EQ(munmap(p, 4 * PAGE), 0);
	CHECK_EQ(close(dev), 0);
	wait_for_quarantine(PAGE);
	read_back(pipe_fd[0], PAGE, 2);
	wait_for_quarantine(0);
}

static void pin_and_die(void *arg)
{
	uint64_t *p = map_device(4 * PAGE);

	stamp(p, 4 * PAGE, 3);
	pin_in_pipe(*(int *)arg, p, 4 * PAGE);
	kill(getpid(), SIGKILL);
}

TEST(pin, outlives_its_process)
{
	int pipe_fd[2];

	CHECK_EQ(pipe2(pipe_fd, O_CLOEXEC), 0);
	CHECK_EQ(in_child(pin_and_die, &pipe_fd[1]), -SIGKILL);
	wait_for_quarantine(4 * PAGE);
	read_back(pipe_fd[0], 4 * PAGE, 3);
	wait_for_quarantine(0);
}

TEST(pin, dropped_before_the_buffer_ends)
{
	int pipe_fd[2], fd = alloc_buffer(4 * PAGE);
	uint64_t *p = map_buffer(fd, 4 * PAGE);
	struct usage usage;

	CHECK_EQ(pipe2(pipe_fd, O_CLOEXEC), 0);
	stamp(p, 4 * PAGE, 4);
	pin_in_pipe(pipe_fd[1], p, 4 * PAGE);
	read_back(pipe_fd[0], 4 * PAGE, 4);
	CHECK_EQ(munmap(p, 4 * PAGE), 0);
	CHECK_EQ(close(fd), 0);
	read_usage(&usage);
	CHECK_EQ(usage.quarantine, 0);
}

TEST(pin, repeated_pins)
{
	int i, pipe_fd[8][2];

	for (i = 0; i < 64; i++) {
		int *fd = pipe_fd[i % 8];
		uint64_t *p;

		if (i >= 8) {
			CHECK_EQ(close(fd[0]), 0);
			CHECK_EQ(close(fd[1]), 0);
		}
		CHECK_EQ(pipe2(fd, O_CLOEXEC), 0);
		p = map_device(16 * PAGE);
		stamp(p, 16 * PAGE, (uint64_t)i);
		pin_in_pipe(fd[1], p + 512 * (i % 8), 2 * PAGE);
		CHECK_EQ(munmap(p, 16 * PAGE), 0);
	}
	wait_for_quarantine(8 * 2 * PAGE);
}

/* ---- Other users of get_user_pages() ---- */

TEST(pin, process_vm_access)
{
	uint64_t *p = map_device(16 * PAGE), *copy = malloc(16 * PAGE);
	struct iovec local = { .iov_base = copy, .iov_len = 16 * PAGE };
	struct iovec remote = { .iov_base = p, .iov_len = 16 * PAGE };

	stamp(p, 16 * PAGE, 5);
	if (process_vm_readv(getpid(), &local, 1, &remote, 1, 0) < 0 && errno == ENOSYS)
		test_skip("no process_vm_readv in this kernel");
	CHECK_EQ(process_vm_readv(getpid(), &local, 1, &remote, 1, 0), 16 * PAGE);
	CHECK_EQ(stamp_broken(copy, 16 * PAGE, 5), -1);
	stamp(copy, 16 * PAGE, 6);
	CHECK_EQ(process_vm_writev(getpid(), &local, 1, &remote, 1, 0), 16 * PAGE);
	CHECK_EQ(stamp_broken(p, 16 * PAGE, 6), -1);
}

/* A file that allows O_DIRECT: $PBUDDY_DIRECT_FILE, or one on tmpfs (from Linux 6.6 on). */
static int open_direct(void)
{
	const char *path = getenv("PBUDDY_DIRECT_FILE");
	int fd;

	if (!path)
		path = "/tmp/pbuddy-direct";
	fd = open(path, O_RDWR | O_CREAT | O_DIRECT | O_CLOEXEC, 0600);
	if (fd < 0)
		test_skip("no O_DIRECT at %s: %s", path, strerror(errno));
	return fd;
}

TEST(pin, direct_io)
{
	const size_t bytes = 2 * MIB;
	int fd = open_direct(), buffer = alloc_buffer(bytes);
	uint64_t *p = map_buffer(buffer, bytes), *q = map_device(bytes);

	stamp(p, bytes, 7);
	CHECK_EQ(pwrite(fd, p, bytes, 0), bytes);
	CHECK_EQ(pread(fd, q, bytes, 0), bytes);
	CHECK_EQ(stamp_broken(q, bytes, 7), -1);
	/* A part of the file into a part of the buffer. */
	CHECK_EQ(pread(fd, p, 64 * PAGE, 32 * (off_t)PAGE), 64 * PAGE);
	CHECK_EQ(memcmp(p, q + 32 * 512, 64 * PAGE), 0);
	/* read() cannot store into a read-only mapping. */
	CHECK_EQ(mprotect(q, bytes, PROT_READ), 0);
	CHECK_FAILS(pread(fd, q, PAGE, 0), EFAULT);
	unlink("/tmp/pbuddy-direct");
}

#ifndef __NR_io_uring_setup
#define __NR_io_uring_setup 425
#define __NR_io_uring_register 427
#endif
#define REGISTER_BUFFERS 0

/* Whether all memory of the pool is that of the kernel's contiguous areas. */
static bool pool_is_cma(void)
{
	char text[128];

	return read_file("/sys/module/pbuddy/parameters/pool", text, sizeof(text)) &&
	       strstr(text, "@cma") && !strchr(text, ',');
}

/*
 * Registers a fixed buffer, whose pages stay pinned until the ring is closed. The kernel refuses
 * that at once for memory of its contiguous areas.
 */
static int pin_by_uring(void *p, size_t bytes)
{
	struct iovec iov = { .iov_base = p, .iov_len = bytes };
	char params[120] = { 0 };
	int ring = (int)syscall(__NR_io_uring_setup, 4, params);

	if (ring < 0)
		test_skip("no io_uring in this kernel: %s", strerror(errno));
	fcntl(ring, F_SETFD, FD_CLOEXEC);
	if (syscall(__NR_io_uring_register, ring, REGISTER_BUFFERS, &iov, 1)) {
		/* Before Linux 6.5 io_uring refused file mappings. */
		if (errno == EOPNOTSUPP)
			test_skip("this kernel's io_uring registers anonymous memory only");
		CHECK_EQ(errno, pool_is_cma() ? EFAULT : 0);
		close(ring);
		return -1;
	}
	return ring;
}

TEST_TIMEOUT(pin, long_term_in_contiguous_area, 60)
{
	uint64_t *p = map_device(16 * PAGE);
	int fd = alloc_buffer(16 * PAGE);

	if (!pool_is_cma())
		test_skip("the pool is not one contiguous area (pool=NODE:SIZE@cma)");
	CHECK_EQ(pin_by_uring(p, 16 * PAGE), -1);
	CHECK_EQ(pin_by_uring(map_buffer(fd, 16 * PAGE), 16 * PAGE), -1);
}

TEST_TIMEOUT(pin, short_term_in_contiguous_area, 60)
{
	uint64_t *p = map_device(16 * PAGE);
	int pipe_fd[2];

	if (!pool_is_cma())
		test_skip("the pool is not one contiguous area (pool=NODE:SIZE@cma)");
	CHECK_EQ(pipe2(pipe_fd, O_CLOEXEC), 0);
	stamp(p, 16 * PAGE, 5);
	pin_in_pipe(pipe_fd[1], p, 4 * PAGE);
	read_back(pipe_fd[0], 4 * PAGE, 5);
}

TEST(pin, io_uring_fixed_buffer_outlives_its_buffer)
{
	int fd = alloc_buffer(16 * PAGE), ring;
	uint64_t *p = map_buffer(fd, 16 * PAGE);

	ring = pin_by_uring(p, 16 * PAGE);
	CHECK_EQ(munmap(p, 16 * PAGE), 0);
	CHECK_EQ(close(fd), 0);
	wait_for_quarantine(16 * PAGE);
	CHECK_EQ(close(ring), 0);
	wait_for_quarantine(0);
}
