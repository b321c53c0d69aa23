// SPDX-License-Identifier: GPL-2.0-only
/*
 * A buffer's file: its length and inode, and descriptors that are duplicated, passed to another
 * process, or inherited by a program. The buffer must exist until the last descriptor, mapping and
 * message that refers to it has gone.
 */
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "common.h"

TEST(fd, length_by_lseek)
{
	int fd = alloc_buffer(5 * PAGE);

	CHECK_EQ(lseek(fd, 0, SEEK_END), 5 * PAGE);
	CHECK_EQ(lseek(fd, 0, SEEK_SET), 0);
	CHECK_FAILS(lseek(fd, (off_t)(5 * PAGE) + 1, SEEK_SET), EINVAL);
	CHECK_FAILS(read(fd, &fd, 1), EINVAL);
	CHECK_FAILS(write(fd, &fd, 1), EINVAL);
}

/* Python's mmap.mmap(fd, 0) takes the length of a regular file from st_size. */
TEST(fd, inode_of_its_own)
{
	int fd = alloc_buffer(5 * PAGE), other = alloc_buffer(2 * PAGE), copy = dup(fd);
	struct stat st, st_other, st_copy;

	CHECK_EQ(fstat(fd, &st), 0);
	CHECK(S_ISREG(st.st_mode));
	CHECK_EQ(st.st_size, 5 * PAGE);
	CHECK_EQ(st.st_blocks, 5 * PAGE / 512);
	CHECK_EQ(fstat(other, &st_other), 0);
	CHECK_EQ(st_other.st_size, 2 * PAGE);
	CHECK_EQ(st_other.st_dev, st.st_dev);
	CHECK(st_other.st_ino != st.st_ino);
	CHECK_EQ(fstat(copy, &st_copy), 0);
	CHECK_EQ(st_copy.st_ino, st.st_ino);
}

TEST(fd, inode_keeps_its_size)
{
	int fd = alloc_buffer(5 * PAGE);
	struct stat st;

	CHECK_FAILS(ftruncate(fd, PAGE), EPERM);
	CHECK_FAILS(ftruncate(fd, 50 * PAGE), EPERM);
	CHECK_FAILS(fchmod(fd, 0777), EPERM);
	CHECK_FAILS(fallocate(fd, 0, 0, 50 * PAGE), EOPNOTSUPP);
	CHECK_EQ(fstat(fd, &st), 0);
	CHECK_EQ(st.st_size, 5 * PAGE);
}

static int receive_fd(int sock)
{
	char control[CMSG_SPACE(sizeof(int))], byte;
	struct iovec iov = { .iov_base = &byte, .iov_len = 1 };
	struct msghdr msg = {
		.msg_iov = &iov, .msg_iovlen = 1,
		.msg_control = control, .msg_controllen = sizeof(control),
	};
	int fd;

	CHECK_EQ(recvmsg(sock, &msg, MSG_CMSG_CLOEXEC), 1);
	CHECK(CMSG_FIRSTHDR(&msg));
	memcpy(&fd, CMSG_DATA(CMSG_FIRSTHDR(&msg)), sizeof(int));
	return fd;
}

TEST(fd, dup_is_the_same_buffer)
{
	int fd = alloc_buffer(4 * PAGE), other = dup(fd);
	uint64_t *p = map_buffer(fd, 4 * PAGE), *q;
	struct usage before;

	stamp(p, 4 * PAGE, 1);
	read_settled_usage(&before);
	CHECK_EQ(munmap(p, 4 * PAGE), 0);
	CHECK_EQ(close(fd), 0);
	CHECK_ALLOCATED(before.allocated);
	q = map_buffer(other, 4 * PAGE);
	CHECK_EQ(stamp_broken(q, 4 * PAGE, 1), -1);
}

static void receive_and_change(void *arg)
{
	int fd = receive_fd(*(int *)arg);
	uint64_t *p = map_buffer(fd, 4 * PAGE);

	CHECK_EQ(stamp_broken(p, 4 * PAGE, 1), -1);
	stamp(p, 4 * PAGE, 2);
}

TEST(fd, scm_rights_to_another_process)
{
	int sock[2], fd;
	uint64_t *p;

	make_sockets(sock);
	fd = alloc_buffer(4 * PAGE);
	p = map_buffer(fd, 4 * PAGE);
	stamp(p, 4 * PAGE, 1);
	send_fd(sock[0], fd);
	CHECK_EQ(close(fd), 0);
	CHECK_EQ(in_child(receive_and_change, &sock[1]), 0);
	CHECK_EQ(stamp_broken(p, 4 * PAGE, 2), -1);
}

TEST(fd, scm_rights_in_flight_keeps_the_buffer)
{
	int sock[2], fd = alloc_buffer(4 * PAGE);
	uint64_t *p = map_buffer(fd, 4 * PAGE);
	struct usage before;

	make_sockets(sock);
	stamp(p, 4 * PAGE, 1);
	send_fd(sock[0], fd);
	CHECK_EQ(close(fd), 0);
	CHECK_EQ(munmap(p, 4 * PAGE), 0);
	read_settled_usage(&before);
	fd = receive_fd(sock[1]);
	p = map_buffer(fd, 4 * PAGE);
	CHECK_EQ(stamp_broken(p, 4 * PAGE, 1), -1);
	/* Sent again and never received: closing the socket frees the buffer. */
	send_fd(sock[0], fd);
	CHECK_EQ(munmap(p, 4 * PAGE), 0);
	CHECK_EQ(close(fd), 0);
	CHECK_ALLOCATED(before.allocated);
	CHECK_EQ(close(sock[0]), 0);
	CHECK_EQ(close(sock[1]), 0);
	wait_for_quarantine(0);
	CHECK_ALLOCATED(before.allocated - 4 * PAGE);
}

static void exec_check(void *arg)
{
	char number[16];

	snprintf(number, sizeof(number), "%d", *(int *)arg);
	execl("/proc/self/exe", "pbuddy-test", CHECK_FD_OPTION, number, NULL);
	_exit(99);
}

TEST(fd, exec_closes_by_default)
{
	struct pbuddy_alloc rq = request(PAGE);

	alloc_as(&rq);
	CHECK_EQ(fcntl(rq.fd, F_GETFD), FD_CLOEXEC);
	CHECK_EQ(in_child(exec_check, &rq.fd), 1);
	rq = request(PAGE);
	rq.fd_flags = O_RDWR | O_CLOEXEC;
	alloc_as(&rq);
	CHECK_EQ(fcntl(rq.fd, F_GETFD), FD_CLOEXEC);
	CHECK_EQ(in_child(exec_check, &rq.fd), 1);
}

TEST(fd, exec_inherits_when_asked)
{
	struct pbuddy_alloc rq = request(PAGE);

	rq.fd_flags = O_RDWR | PBUDDY_FD_INHERIT;
	alloc_as(&rq);
	CHECK_EQ(fcntl(rq.fd, F_GETFD), 0);
	CHECK_EQ(in_child(exec_check, &rq.fd), 0);
}

static void map_and_exec(void *arg)
{
	uint64_t *p = map_device(MIB);

	stamp(p, MIB, 1);
	exec_check(arg);
}

TEST(fd, exec_ends_mappings)
{
	struct usage before;
	int fd = dev;

	read_settled_usage(&before);
	CHECK_EQ(in_child(map_and_exec, &fd), 1);	/* the device is close-on-exec here */
	wait_for_quarantine(0);
	CHECK_ALLOCATED(before.allocated);
}

TEST(fd, access_mode)
{
	struct pbuddy_alloc rq = request(PAGE);

	alloc_as(&rq);
	CHECK_EQ(fcntl(rq.fd, F_GETFL) & O_ACCMODE, O_RDWR);
	rq = request(PAGE);
	rq.fd_flags = O_RDONLY;
	alloc_as(&rq);
	CHECK_EQ(fcntl(rq.fd, F_GETFL) & O_ACCMODE, O_RDONLY);
}

TEST(fd, buffers_outlive_the_device_fd)
{
	int fd = alloc_buffer(4 * PAGE);
	uint64_t *p;

	CHECK_EQ(close(dev), 0);
	p = map_buffer(fd, 4 * PAGE);
	stamp(p, 4 * PAGE, 1);
	CHECK_EQ(stamp_broken(p, 4 * PAGE, 1), -1);
}
