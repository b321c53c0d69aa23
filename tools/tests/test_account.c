// SPDX-License-Identifier: GPL-2.0-only
/*
 * One account of who holds what: the buffers of a user in LIST add up to the pages that it is
 * charged (debugfs "accounts"), however they are held. Limits are checked against the account, and
 * the OOM policy selects the user by it.
 */
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>

#include "common.h"

#define RECORDS_MAX	512
#define USER		65533

static struct pbuddy_buffer_info record[RECORDS_MAX];

static uint32_t list_all(void)
{
	struct pbuddy_list l = {
		.size = sizeof(l), .records_ptr = (uintptr_t)record, .nr_records = RECORDS_MAX,
		.record_size = sizeof(record[0]),
	};

	CHECK_EQ(ioctl(dev, PBUDDY_IOCTL_LIST, &l), 0);
	CHECK(l.nr_records < RECORDS_MAX);
	return l.nr_records;
}

/* Bytes that the buffers in the list are charged to a user. */
static uint64_t listed(uint32_t uid)
{
	uint32_t nr = list_all(), i;
	uint64_t bytes = 0;

	for (i = 0; i < nr; i++)
		if (record[i].account_uid == uid)
			bytes += record[i].charged_bytes;
	return bytes;
}

/* Bytes that a user of the initial namespace is charged, with those of its namespaces. */
static uint64_t charged(uint32_t uid)
{
	static char text[16384];
	unsigned long pages;
	char key[32], *line;

	CHECK(read_file(DEBUGFS "/accounts", text, sizeof(text)));
	snprintf(key, sizeof(key), "\nuser %u - ", uid);
	line = strstr(text, key);
	if (!line)
		return 0;
	CHECK_EQ(sscanf(line + strlen(key), "%lu", &pages), 1);
	return pages * PAGE;
}

/* The quarantine changes both, one after the other. */
static void expect_same(uint32_t uid, uint64_t bytes)
{
	struct patience wait = { 0 };

	while (more_patience(&wait))
		if (listed(uid) == bytes && charged(uid) == bytes)
			return;
	CHECK_EQ(charged(uid), bytes);
	CHECK_EQ(listed(uid), bytes);
}

static bool has_flag(uint32_t flag)
{
	uint32_t nr = list_all(), i;

	for (i = 0; i < nr; i++)
		if (record[i].flags & flag)
			return true;
	return false;
}

/* Accounts go by the real user; root can be had again. */
static int alloc_as_user(uint64_t bytes)
{
	int fd;

	CHECK_EQ(setresuid(USER, USER, 0), 0);
	fd = alloc_buffer(bytes);
	CHECK_EQ(setresuid(0, 0, 0), 0);
	return fd;
}

TEST(account, by_descriptor)
{
	struct pbuddy_alloc rq = request(PAGE);
	int fd = alloc_as_user(3 * MIB);

	expect_same(USER, 3 * MIB);
	rq.order = 9;			/* is charged the block that it breaks */
	alloc_as(&rq);
	expect_same(0, 2 * MIB);
	CHECK_EQ(close(fd), 0);
	expect_same(USER, 0);
}

TEST(account, in_flight)
{
	int sock[2], fd;

	make_sockets(sock);
	fd = alloc_as_user(5 * PAGE);
	send_fd(sock[0], fd);
	CHECK_EQ(close(fd), 0);
	expect_same(USER, 5 * PAGE);
	CHECK_EQ(close(sock[0]) | close(sock[1]), 0);
	expect_same(USER, 0);
}

TEST(account, only_mapped)
{
	int fd = alloc_as_user(5 * PAGE);
	uint64_t *p = map_buffer(fd, 5 * PAGE), *q;

	CHECK_EQ(close(fd), 0);
	expect_same(USER, 5 * PAGE);
	CHECK_EQ(setresuid(USER, USER, 0), 0);
	q = map_device(MIB);
	CHECK_EQ(setresuid(0, 0, 0), 0);
	expect_same(USER, 5 * PAGE + MIB);
	CHECK_EQ(munmap(p, 5 * PAGE), 0);
	expect_same(USER, MIB);
	CHECK_EQ(munmap(q, MIB), 0);
	expect_same(USER, 0);
}

TEST(account, only_exported)
{
	struct pbuddy_export_dmabuf e = { .size = sizeof(e), .fd_flags = O_RDWR };
	int fd = alloc_as_user(5 * PAGE);

	if (ioctl(fd, PBUDDY_IOCTL_EXPORT_DMABUF, &e)) {
		CHECK_EQ(errno, EOPNOTSUPP);
		test_skip("no dma-bufs in this kernel");
	}
	CHECK_EQ(close(fd), 0);
	expect_same(USER, 5 * PAGE);
	CHECK(has_flag(PBUDDY_BUFFER_EXPORTED));
	CHECK_EQ(close(e.fd), 0);
	expect_same(USER, 0);
}

/* Pages in a pipe; those that are not pinned are free and not charged. */
TEST(account, in_quarantine)
{
	int fd = alloc_as_user(16 * PAGE), pipe_fd[2];
	uint64_t *p = map_buffer(fd, 16 * PAGE);
	struct iovec iov = { .iov_base = p, .iov_len = 4 * PAGE };
	uint32_t nr;

	CHECK_EQ(pipe2(pipe_fd, O_CLOEXEC), 0);
	stamp(p, 16 * PAGE, 1);
	CHECK_EQ(vmsplice(pipe_fd[1], &iov, 1, 0), 4 * PAGE);
	CHECK_EQ(munmap(p, 16 * PAGE) | close(fd), 0);
	wait_for_quarantine(4 * PAGE);
	nr = list_all();
	CHECK_EQ(nr, 1);
	CHECK_EQ(record[0].flags, PBUDDY_BUFFER_QUARANTINED);
	CHECK_EQ(record[0].quarantine_bytes, 4 * PAGE);
	CHECK_EQ(record[0].resident_bytes, 4 * PAGE);
	CHECK_EQ(record[0].bytes, 16 * PAGE);
	CHECK_EQ(record[0].creator_pid, getpid());
	CHECK_EQ(record[0].creator_uid, USER);
	/* With a dmem cgroup the charge stays whole. */
	expect_same(USER, record[0].charged_bytes);
	CHECK(record[0].charged_bytes == 4 * PAGE || record[0].charged_bytes == 16 * PAGE);
	CHECK_EQ(close(pipe_fd[0]) | close(pipe_fd[1]), 0);
	wait_for_quarantine(0);
	expect_same(USER, 0);
	CHECK_EQ(list_all(), 0);
}

#ifndef __NR_io_uring_setup
#define __NR_io_uring_setup	425
#define __NR_io_uring_register	427
#endif
#define REGISTER_FILES		2

TEST(account, in_a_table_of_io_uring)
{
	int fd = alloc_as_user(5 * PAGE), ring;
	struct patience wait = { 0 };
	char params[120] = { 0 };

	ring = (int)syscall(__NR_io_uring_setup, 4, params);
	if (ring < 0)
		test_skip("no io_uring in this kernel: %s", strerror(errno));
	CHECK_EQ(syscall(__NR_io_uring_register, ring, REGISTER_FILES, &fd, 1), 0);
	CHECK_EQ(close(fd), 0);
	expect_same(USER, 5 * PAGE);
	CHECK_EQ(close(ring), 0);
	/* The kernel ends a ring in a work item. */
	while (list_all() && more_patience(&wait))
		;
	expect_same(USER, 0);
}
