// SPDX-License-Identifier: GPL-2.0-only
/*
 * delete_module() must fail while a descriptor, a mapping or a pinned page refers to the module.
 * (spdk#1262: contigmem crashed when it was unloaded while in use.) After these tests
 * scripts/tests/user-unload.sh unloads the module.
 */
#include <sys/syscall.h>
#include <sys/uio.h>

#include "common.h"

static void expect_refused(void)
{
	int i;

	for (i = 0; i < 10; i++)
		CHECK_FAILS(syscall(SYS_delete_module, "pbuddy", O_NONBLOCK), EWOULDBLOCK);
}

TEST(unload, refused_while_the_device_is_open)
{
	expect_refused();
}

TEST(unload, refused_while_a_buffer_is_open)
{
	int fd = alloc_buffer(PAGE);

	CHECK_EQ(close(dev), 0);
	expect_refused();
	CHECK_EQ(close(fd), 0);
}

TEST(unload, refused_while_a_buffer_is_mapped)
{
	int fd = alloc_buffer(4 * PAGE);
	uint64_t *p = map_buffer(fd, 4 * PAGE);

	CHECK_EQ(close(dev), 0);
	CHECK_EQ(close(fd), 0);
	stamp(p, 4 * PAGE, 1);
	expect_refused();
	CHECK_EQ(stamp_broken(p, 4 * PAGE, 1), -1);
	/* One mapped page suffices. */
	CHECK_EQ(munmap(p, 3 * PAGE), 0);
	expect_refused();
}

TEST(unload, refused_while_the_device_is_mapped)
{
	uint64_t *p = map_device(4 * PAGE);

	CHECK_EQ(close(dev), 0);
	stamp(p, 4 * PAGE, 1);
	expect_refused();
	CHECK_EQ(stamp_broken(p, 4 * PAGE, 1), -1);
}

TEST(unload, refused_while_a_descriptor_is_in_flight)
{
	int sock[2], fd;

	make_sockets(sock);
	fd = alloc_buffer(PAGE);
	send_fd(sock[0], fd);
	CHECK_EQ(close(fd), 0);
	CHECK_EQ(close(dev), 0);
	expect_refused();
}

TEST(unload, refused_while_a_page_is_pinned)
{
	struct iovec iov;
	int pipe_fd[2];
	uint64_t *p = map_device(4 * PAGE);

	CHECK_EQ(pipe(pipe_fd), 0);
	iov = (struct iovec) { .iov_base = p, .iov_len = PAGE };
	CHECK_EQ(vmsplice(pipe_fd[1], &iov, 1, 0), PAGE);
	CHECK_EQ(munmap(p, 4 * PAGE), 0);
	wait_for_quarantine(PAGE);
	/* Without descriptors and mappings, the quarantine keeps the module loaded. */
	CHECK_EQ(close(dev), 0);
	expect_refused();
	sleep(1);
	expect_refused();
}

/* The same for memory of a driver that has freed it and is unloaded. */
TEST(unload, refused_while_a_page_of_a_driver_is_in_a_pipe)
{
	int ko = open("/pbuddy_mapper.ko", O_RDONLY | O_CLOEXEC), fd, pipe_fd[2];
	struct iovec iov;
	uint64_t *p;

	if (ko < 0)
		test_skip("no pbuddy_mapper.ko");
	CHECK_EQ(syscall(SYS_finit_module, ko, "", 0), 0);
	fd = open("/dev/pbuddy_mapper", O_RDWR | O_CLOEXEC);
	CHECK_EQ(write(fd, "page 0", 6), 6);
	CHECK_EQ(pipe(pipe_fd), 0);
	p = map_buffer(fd, PAGE);
	iov = (struct iovec) { .iov_base = p, .iov_len = PAGE };
	CHECK_EQ(vmsplice(pipe_fd[1], &iov, 1, 0), PAGE);
	CHECK_EQ(munmap(p, PAGE), 0);
	CHECK_EQ(close(fd), 0);
	wait_for_quarantine(PAGE);
	CHECK_EQ(syscall(SYS_delete_module, "pbuddy_mapper", O_NONBLOCK), 0);
	CHECK_EQ(close(dev), 0);
	expect_refused();
	sleep(1);
	expect_refused();
}
