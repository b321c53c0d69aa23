// SPDX-License-Identifier: GPL-2.0-only
/*
 * Memory that a driver (kunit/samples/pbuddy_mapper.c) has mapped into a process. The process puts
 * a reference to a page of it into a pipe, and the driver frees the memory. The pipe has to give
 * the old contents, whatever the next owners write. Such memory, of a driver or a buffer, stays
 * charged.
 */
#include <errno.h>
#include <string.h>
#include <sys/uio.h>

#include "common.h"

#define MAPPER	"/dev/pbuddy_mapper"
#define LIMIT_FILE "/sys/module/pbuddy/parameters/account_limit_kbytes"
#define MANY	64

static int open_mapper(void)
{
	int fd = open(MAPPER, O_RDWR | O_CLOEXEC);

	if (fd < 0 && errno == ENOENT)
		test_skip("pbuddy_mapper is not loaded");
	CHECK(fd >= 0);
	return fd;
}

static bool command(int fd, const char *line)
{
	return write(fd, line, strlen(line)) == (ssize_t)strlen(line);
}

static void refer(int pipe_fd, void *page)
{
	struct iovec iov = { .iov_base = page, .iov_len = PAGE };

	CHECK_EQ(vmsplice(pipe_fd, &iov, 1, 0), PAGE);
}

/* Next owners of the memory: they write all that they get. */
static void overwrite(const char *alloc, size_t bytes)
{
	int fd[MANY], nr = bytes > 16 * PAGE ? 8 : MANY, i;
	struct buffer_set set;

	for (i = 0; i < nr; i++) {
		uint64_t *p;

		fd[i] = open_mapper();
		if (!command(fd[i], alloc))
			continue;
		p = map_buffer(fd[i], bytes);
		stamp(p, bytes, 1000);
		CHECK_EQ(munmap(p, bytes), 0);
	}
	alloc_all_free(&set);
	for (i = 0; i < set.nr; i++) {
		uint64_t *p = map_buffer(set.fd[i], set.bytes[i]);

		memset(p, 0x77, set.bytes[i]);
		CHECK_EQ(munmap(p, set.bytes[i]), 0);
	}
	close_buffers(&set);
	for (i = 0; i < nr; i++)
		CHECK_EQ(close(fd[i]), 0);
}

/* Refers to page @index of what @alloc allocates; @kept: pages that must not be reused then. */
static void try_kind(const char *alloc, const char *release, size_t pages, size_t index,
		     size_t kept)
{
	uint64_t *p, copy[PAGE / sizeof(uint64_t)];
	int pipe_fd[2], fd = open_mapper();

	CHECK(command(fd, alloc));
	CHECK_EQ(pipe(pipe_fd), 0);
	p = map_buffer(fd, pages * PAGE);
	stamp(p + index * PAGE / sizeof(*p), PAGE, 5);
	refer(pipe_fd[1], p + index * PAGE / sizeof(*p));
	CHECK_EQ(munmap(p, pages * PAGE), 0);
	CHECK(!release || command(fd, release));
	CHECK_EQ(close(fd), 0);
	wait_for_quarantine(kept * PAGE);
	overwrite(alloc, pages * PAGE);
	CHECK_EQ(read(pipe_fd[0], copy, PAGE), PAGE);
	CHECK_EQ(stamp_broken(copy, PAGE, 5), -1);
	wait_for_quarantine(0);
}

TEST(mapper, page_in_a_pipe_is_not_reused)
{
	try_kind("page 0", NULL, 1, 0, 1);
	try_kind("user 0", NULL, 1, 0, 1);
	try_kind("zero 0", NULL, 1, 0, 1);
}

TEST(mapper, freed_in_bulk_or_atomically)
{
	try_kind("page 0", "free bulk", 1, 0, 1);
	try_kind("page 0", "free irq", 1, 0, 1);
	try_kind("compound 2", "free irq", 4, 2, 4);
}

TEST(mapper, any_page_of_a_block)
{
	try_kind("page 3", NULL, 8, 0, 8);
	try_kind("user 3", NULL, 8, 7, 8);
	try_kind("zero 2", NULL, 4, 1, 4);
	try_kind("marked 4", NULL, 16, 9, 16);
	try_kind("compound 3", NULL, 8, 5, 8);
	try_kind("user 9", NULL, 512, 300, 512);
}

TEST(mapper, page_of_a_range)
{
	try_kind("contig 5", NULL, 33, 20, 1);
}

/* The list of what is in quarantine says whose it is, and how old. */
TEST(mapper, quarantine_is_listed)
{
	char list[4096];
	int pipe_fd[2], fd = open_mapper();
	uint64_t *p;

	CHECK_EQ(pipe(pipe_fd), 0);
	CHECK(command(fd, "user 1"));
	p = map_buffer(fd, 2 * PAGE);
	refer(pipe_fd[1], p);
	CHECK_EQ(munmap(p, 2 * PAGE), 0);
	CHECK_EQ(close(fd), 0);
	wait_for_quarantine(2 * PAGE);
	if (!read_file(DEBUGFS "/quarantine", list, sizeof(list)))
		test_skip("not root, or no debugfs");
	CHECK(strstr(list, "pages 2 age_ms "));
	CHECK(strstr(list, "account none pid "));
	CHECK(strstr(list, "comm pbuddy-test"));
}

/* ---- Charges ---- */

static bool set_limit(const char *kbytes)
{
	int fd = open(LIMIT_FILE, O_WRONLY | O_CLOEXEC);
	bool done = fd >= 0 && command(fd, kbytes);

	if (fd >= 0)
		close(fd);
	return done;
}

/* Buffers of 16 pages, or blocks of a driver, that are pinned and closed until one is refused. */
static int pin_until_refused(bool driver, int pipes[][2], int most)
{
	struct pbuddy_alloc rq = request(16 * PAGE);
	int n, fd, i;
	uint64_t *p;

	for (n = 0; n < most; n++) {
		fd = driver ? open_mapper() : ioctl(dev, PBUDDY_IOCTL_ALLOC, &rq) ? -1 : rq.fd;
		if (fd < 0)
			return n;
		if (driver && !command(fd, "account 4")) {
			close(fd);
			return n;
		}
		CHECK_EQ(pipe(pipes[n]), 0);
		p = map_buffer(fd, 16 * PAGE);
		for (i = 0; i < 16; i++)
			refer(pipes[n][1], p + (size_t)i * PAGE / sizeof(*p));
		CHECK_EQ(munmap(p, 16 * PAGE), 0);
		CHECK_EQ(close(fd), 0);
	}
	return n;
}

static void expect_limited(bool driver)
{
	int pipes[40][2], n, i;

	n = pin_until_refused(driver, pipes, 40);
	for (i = 0; i < n; i++) {
		CHECK_EQ(close(pipes[i][0]), 0);
		CHECK_EQ(close(pipes[i][1]), 0);
	}
	CHECK(set_limit("0"));
	CHECK_EQ(n, 10);
	wait_for_quarantine(0);
}

static void need_limit(void)
{
	struct pbuddy_alloc rq = request(1 * MIB);

	if (!set_limit("640"))
		test_skip("not root");
	CHECK_FAILS(ioctl(dev, PBUDDY_IOCTL_ALLOC, &rq), EDQUOT);
}

/* Kernels from 6.14 on charge the dmem controller, too, and each of its charges is undone whole. */
static bool charges_are_whole(void)
{
	return kernel_has_reached(6, 14);
}

TEST(mapper, pinned_buffers_stay_charged)
{
	need_limit();
	expect_limited(false);
}

TEST(mapper, pinned_blocks_of_a_driver_stay_charged)
{
	close(open_mapper());
	need_limit();
	expect_limited(true);
}

/* Pages that are not pinned are uncharged at once. */
TEST(mapper, the_rest_of_a_buffer_is_uncharged)
{
	struct pbuddy_alloc rq = request(640 << 10);
	int pipe_fd[2], fd;
	uint64_t *p;

	if (charges_are_whole())
		test_skip("a charge of the dmem controller cannot be divided");
	need_limit();
	CHECK_EQ(pipe(pipe_fd), 0);
	fd = alloc_as(&rq);
	p = map_buffer(fd, 640 << 10);
	refer(pipe_fd[1], p);
	CHECK_EQ(munmap(p, 640 << 10), 0);
	CHECK_EQ(close(fd), 0);
	wait_for_quarantine(PAGE);
	CHECK_EQ(ioctl(dev, PBUDDY_IOCTL_ALLOC, &rq), -1);
	CHECK_EQ(errno, EDQUOT);
	rq = request((640 << 10) - PAGE);
	fd = alloc_as(&rq);
	CHECK_EQ(close(fd), 0);
	CHECK_EQ(close(pipe_fd[0]), 0);
	CHECK_EQ(close(pipe_fd[1]), 0);
	wait_for_quarantine(0);
	rq = request(640 << 10);
	fd = alloc_as(&rq);
	CHECK_EQ(close(fd), 0);
	CHECK(set_limit("0"));
}
