// SPDX-License-Identifier: GPL-2.0-only
/*
 * Memory errors. The kernel marks a page in which the hardware, an administrator or a test reports
 * an error. Whatever the page is at that time, it must never be in a later buffer. It stays out of
 * use until the module is unloaded, so each test takes a page from the pool.
 */
#include <sys/uio.h>

#include "common.h"

#define OFFLINE	"/sys/devices/system/memory/%s_offline_page"
#define BAD	5	/* the page of a buffer that gets the error */

/* Reports an error as an administrator does; @how is hard or soft. Returns the error, or 0. */
static int offline(const char *how, uint64_t phys)
{
	char path[64], number[32];
	int fd, len, err;

	snprintf(path, sizeof(path), OFFLINE, how);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		test_skip("this kernel has no %s", path);
	len = snprintf(number, sizeof(number), "%#llx", (unsigned long long)phys);
	err = write(fd, number, len) == len ? 0 : errno;
	close(fd);
	return err;
}

static int alloc_contiguous(void)
{
	struct pbuddy_alloc rq = request(4 * MIB);

	rq.flags = PBUDDY_ALLOC_CONTIG;
	return alloc_as(&rq);
}

TEST_TIMEOUT(hwpoison, of_a_free_page, 900)
{
	int fd = alloc_contiguous();
	uint64_t bad = phys_of(fd) + BAD * PAGE;

	close(fd);
	/* Not a page of the kernel that it can handle: its result does not matter. */
	offline("hard", bad);
	expect_not_allocated(bad, PAGE);
}

TEST_TIMEOUT(hwpoison, of_a_mapped_page, 900)
{
	int fd = alloc_contiguous();
	uint64_t bad = phys_of(fd) + BAD * PAGE, *p = map_buffer(fd, 4 * MIB);

	stamp(p, PAGE, 1);
	offline("hard", bad);
	munmap(p, 4 * MIB);
	close(fd);
	expect_not_allocated(bad, PAGE);
}

/* The kernel's handler keeps a reference to the page. */
TEST_TIMEOUT(hwpoison, by_madvise, 900)
{
	int fd = alloc_contiguous();
	uint64_t bad = phys_of(fd) + BAD * PAGE, *p = map_buffer(fd, 4 * MIB);

	stamp(p, 4 * MIB, 2);
	if (madvise((char *)p + BAD * PAGE, PAGE, MADV_HWPOISON) && errno == EINVAL)
		test_skip("this kernel has no MADV_HWPOISON");
	munmap(p, 4 * MIB);
	close(fd);
	wait_for_quarantine(0);
	expect_not_allocated(bad, PAGE);
}

TEST_TIMEOUT(hwpoison, of_a_page_in_a_folio_in_quarantine, 900)
{
	int fd = alloc_contiguous(), pipe_fd[2];
	uint64_t bad = phys_of(fd) + BAD * PAGE, *p = map_buffer(fd, 4 * MIB);
	struct iovec iov = { .iov_base = (char *)p + BAD * PAGE, .iov_len = PAGE };

	stamp(p, 4 * MIB, 3);
	CHECK_EQ(pipe2(pipe_fd, O_CLOEXEC), 0);
	CHECK_EQ(vmsplice(pipe_fd[1], &iov, 1, 0), (long)PAGE);
	munmap(p, 4 * MIB);
	close(fd);
	wait_for_quarantine(2 * MIB);	/* the folio */
	offline("hard", bad);
	close(pipe_fd[0]);
	close(pipe_fd[1]);
	wait_for_quarantine(0);
	expect_not_allocated(bad, PAGE);
}

/* A page that is not part of a folio leaves the quarantine although it is pinned. */
TEST_TIMEOUT(hwpoison, of_a_page_in_quarantine, 900)
{
	int fd = alloc_buffer(PAGE), pipe_fd[2];
	uint64_t bad = phys_of(fd), *p = map_buffer(fd, PAGE);
	struct iovec iov = { .iov_base = p, .iov_len = PAGE };

	stamp(p, PAGE, 3);
	CHECK_EQ(pipe2(pipe_fd, O_CLOEXEC), 0);
	CHECK_EQ(vmsplice(pipe_fd[1], &iov, 1, 0), (long)PAGE);
	munmap(p, PAGE);
	close(fd);
	wait_for_quarantine(PAGE);
	offline("hard", bad);
	wait_for_quarantine(0);
	expect_not_allocated(bad, PAGE);
	close(pipe_fd[0]);
	close(pipe_fd[1]);
	expect_not_allocated(bad, PAGE);
}

/* The kernel may refuse it, and does not mark the page then. */
TEST_TIMEOUT(hwpoison, soft_offline, 900)
{
	int fd = alloc_contiguous();
	uint64_t bad = phys_of(fd) + BAD * PAGE, *p = map_buffer(fd, 4 * MIB);
	bool refused;

	stamp(p, PAGE, 4);
	refused = offline("soft", bad);
	munmap(p, 4 * MIB);
	close(fd);
	if (!refused)
		expect_not_allocated(bad, PAGE);
}
