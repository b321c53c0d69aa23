// SPDX-License-Identifier: GPL-2.0-only
/*
 * PBUDDY_IOCTL_RESIZE: rights and arguments, what it says of memory that stays, and a node that is
 * resized again and again while processes use its memory. The size of the node is the same after
 * each test.
 */
#include <sched.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <time.h>

#include "common.h"

#define BLOCK	(2 * MIB)

static struct pbuddy_node_info node;	/* the first node, before the test */

static void first_node(void)
{
	struct usage usage;

	read_usage(&usage);
	node = usage.node[0];
	if (node.total_bytes < 16 * BLOCK)
		test_skip("node %d has only %llu bytes", node.node,
			  (unsigned long long)node.total_bytes);
}

static struct pbuddy_resize resize_to(uint64_t bytes)
{
	return (struct pbuddy_resize) {
		.size = sizeof(struct pbuddy_resize), .node = node.node, .bytes = bytes,
	};
}

static void restore(void)
{
	struct pbuddy_resize r = resize_to(node.total_bytes);

	CHECK_EQ(resize_patiently(&r), 0);
	CHECK_EQ(r.bytes, node.total_bytes);
}

static uint64_t node_bytes(void)
{
	struct usage usage;

	read_usage(&usage);
	return usage.node[0].total_bytes;
}

static void without_right(void *unused)
{
	struct pbuddy_resize r = resize_to(node.total_bytes - BLOCK);

	(void)unused;
	drop_privileges();
	CHECK_FAILS(ioctl(dev, PBUDDY_IOCTL_RESIZE, &r), EPERM);
}

TEST(resize, needs_cap_sys_admin)
{
	first_node();
	CHECK_EQ(in_child(without_right, NULL), 0);
	CHECK_EQ(node_bytes(), node.total_bytes);
}

TEST(resize, bad_arguments)
{
	struct pbuddy_resize r;

	first_node();
#define BAD(field, value, err)							\
	do {									\
		r = resize_to(node.total_bytes);				\
		r.field = (value);						\
		CHECK_FAILS(ioctl(dev, PBUDDY_IOCTL_RESIZE, &r), err);		\
	} while (0)
	BAD(flags, 1, EINVAL);
	BAD(reserved[1], 1, EINVAL);
	BAD(bytes, 0, EINVAL);
	BAD(bytes, UINT64_MAX, EINVAL);
	BAD(bytes, INT64_MAX, EINVAL);
	BAD(bytes, 1ULL << 50, EINVAL);
	BAD(max_bytes, node.total_bytes - BLOCK, EINVAL);
	BAD(max_bytes, UINT64_MAX, EINVAL);
	BAD(nr_blocks, 1, EINVAL);
	BAD(block_size, sizeof(struct pbuddy_resize_block), EINVAL);
	BAD(blocks_ptr, 1, EINVAL);
	BAD(node, -1, ENXIO);
	BAD(node, 63, ENXIO);
	BAD(node, INT32_MAX, ENXIO);
#undef BAD
	CHECK_EQ(node_bytes(), node.total_bytes);
}

/* The node keeps its size, as nothing can be said of the blocks in the way. */
TEST(resize, no_array)
{
	struct pbuddy_resize r;

	first_node();
	r = resize_to(node.total_bytes - BLOCK);
	r.nr_blocks = PBUDDY_RESIZE_BLOCKS_MAX;
	r.block_size = sizeof(struct pbuddy_resize_block);
	CHECK_FAILS(ioctl(dev, PBUDDY_IOCTL_RESIZE, &r), EINVAL);
	CHECK_EQ(node_bytes(), node.total_bytes);
}

TEST(resize, down_and_up)
{
	struct pbuddy_resize r;

	first_node();
	r = resize_to(node.total_bytes - 3 * BLOCK - PAGE);
	CHECK_EQ(ioctl(dev, PBUDDY_IOCTL_RESIZE, &r), 0);
	CHECK_EQ(r.reason, PBUDDY_RESIZE_DONE);
	CHECK_EQ(r.bytes, node.total_bytes - 3 * BLOCK);
	CHECK_EQ(r.before_bytes, node.total_bytes);
	CHECK_EQ(r.max_bytes, r.bytes);
	CHECK_EQ(node_bytes(), r.bytes);
	r = resize_to(r.bytes);
	CHECK_EQ(ioctl(dev, PBUDDY_IOCTL_RESIZE, &r), 0);
	CHECK_EQ(r.before_bytes, r.bytes);
	r.max_bytes = node.total_bytes;
	CHECK_EQ(ioctl(dev, PBUDDY_IOCTL_RESIZE, &r), 0);
	CHECK_EQ(r.max_bytes, node.total_bytes);
	CHECK_EQ(node_bytes(), node.total_bytes - 3 * BLOCK);
	restore();
	CHECK_EQ(node_bytes(), node.total_bytes);
}

/* The ioctl says how much stays, and why; what could be given back was. */
TEST(resize, partial_success)
{
	struct pbuddy_alloc rq = request(8 * BLOCK);
	struct pbuddy_resize r;
	int fd;

	first_node();
	rq.node = node.node;
	rq.mclass = PBUDDY_CLASS_UNMOVABLE;
	rq.flags = PBUDDY_ALLOC_STRICT_NODE;
	rq.order = 9;
	fd = alloc_as(&rq);
	r = resize_to(2 * BLOCK);
	CHECK_EQ(ioctl(dev, PBUDDY_IOCTL_RESIZE, &r), -1);
	CHECK(errno == EBUSY || errno == ENOMEM);
	CHECK(r.reason == PBUDDY_RESIZE_PINNED || r.reason == PBUDDY_RESIZE_WATERMARK);
	CHECK_EQ(r.before_bytes, node.total_bytes);
	CHECK(r.bytes >= 8 * BLOCK && r.bytes < node.total_bytes);
	CHECK_EQ(node_bytes(), r.bytes);
	CHECK(r.pinned_bytes <= 10 * BLOCK);
	if (r.reason == PBUDDY_RESIZE_PINNED)
		CHECK(r.pinned_bytes >= 8 * BLOCK && r.pinned_phys != UINT64_MAX);
	test_note("reason %u, %llu of %llu bytes, %llu pinned", r.reason,
		  (unsigned long long)r.bytes, (unsigned long long)r.before_bytes,
		  (unsigned long long)r.pinned_bytes);
	CHECK_EQ(close(fd), 0);
	restore();
}

/* Buffers that are in the way are named, with their creator, and whether they are pinned. */
TEST(resize, names_what_is_in_the_way)
{
	struct pbuddy_resize_block block[PBUDDY_RESIZE_BLOCKS_MAX + 1];
	unsigned int i, nr = 0, pinned = 0;
	int fd[2], pipes[2];
	struct iovec page = { .iov_len = PAGE };
	struct pbuddy_alloc rq;
	struct pbuddy_resize r;
	struct stat st[2];

	first_node();
	for (i = 0; i < 2; i++) {
		rq = request(BLOCK);
		rq.node = node.node;
		rq.mclass = PBUDDY_CLASS_UNMOVABLE;
		rq.flags = PBUDDY_ALLOC_STRICT_NODE;
		rq.order = 9;
		strcpy(rq.label, "in the way");
		fd[i] = alloc_as(&rq);
		CHECK_EQ(fstat(fd[i], &st[i]), 0);
	}
	page.iov_base = map_buffer(fd[0], BLOCK);
	CHECK_EQ(pipe(pipes), 0);
	CHECK_EQ(vmsplice(pipes[1], &page, 1, 0), (ssize_t)PAGE);
	r = resize_to(BLOCK);
	r.blocks_ptr = (uintptr_t)block;
	r.nr_blocks = PBUDDY_RESIZE_BLOCKS_MAX + 1;
	r.block_size = sizeof(block[0]);
	CHECK_EQ(ioctl(dev, PBUDDY_IOCTL_RESIZE, &r), -1);
	test_note("reason %u, %u blocks", r.reason, r.nr_blocks);
	CHECK(r.nr_blocks <= PBUDDY_RESIZE_BLOCKS_MAX);
	for (i = 0; i < r.nr_blocks; i++) {
		if (block[i].buffer_id != st[0].st_ino && block[i].buffer_id != st[1].st_ino)
			continue;
		nr++;
		pinned += block[i].buffer_id == st[0].st_ino &&
			  block[i].flags == PBUDDY_RESIZE_BLOCK_PINNED;
		CHECK(block[i].buffer_id == st[0].st_ino || !block[i].flags);
		CHECK_EQ(block[i].creator_pid, getpid());
		CHECK_EQ(block[i].creator_uid, getuid());
		CHECK_EQ(strcmp(block[i].label, "in the way"), 0);
		CHECK_EQ(strcmp(block[i].creator_comm, "pbuddy-test"), 0);
		CHECK(block[i].phys);
		CHECK_EQ(block[i].bytes, BLOCK);
	}
	CHECK_EQ(nr, 2);
	/* Before, the counts of a large folio do not show a page that vmsplice() refers to. */
	CHECK_EQ(pinned, kernel_has_reached(6, 12));
	/* With a shorter array the first ones. */
	r.bytes = BLOCK;
	r.nr_blocks = 1;
	CHECK_EQ(ioctl(dev, PBUDDY_IOCTL_RESIZE, &r), -1);
	CHECK_EQ(r.nr_blocks, 1);
	CHECK_EQ(close(pipes[0]) | close(pipes[1]) | munmap(page.iov_base, BLOCK), 0);
	CHECK_EQ(close(fd[0]) | close(fd[1]), 0);
	restore();
}

/* ---- Killed ---- */

#define LARGER		(384 * MIB)	/* what the node grows by */
#define TRIES		64

static double seconds_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec + now.tv_nsec / 1e9;
}

/* Resizes the node in a child, which is killed after a time. */
static void grow_for(double seconds)
{
	struct pbuddy_resize r = resize_to(node.total_bytes + LARGER);
	pid_t pid = fork();
	int status;

	CHECK(pid >= 0);
	if (!pid)
		_exit(ioctl(dev, PBUDDY_IOCTL_RESIZE, &r) ? 1 : 0);
	usleep(seconds * 1e6);
	kill(pid, SIGKILL);
	CHECK_EQ(waitpid(pid, &status, 0), pid);
	CHECK(WIFSIGNALED(status) || WEXITSTATUS(status) == 0);
}

/*
 * What was added before the signal stays. The signal comes later at the next try when nothing was
 * added, and earlier when all was.
 */
TEST_TIMEOUT(resize, killed_while_it_grows, 300)
{
	struct pbuddy_resize r;
	uint64_t bytes = 0;
	double seconds;
	int i;

	first_node();
	r = resize_to(node.total_bytes + LARGER);
	seconds = seconds_now();
	if (ioctl(dev, PBUDDY_IOCTL_RESIZE, &r)) {
		CHECK(r.reason == PBUDDY_RESIZE_SOURCE);
		restore();
		test_skip("the node cannot grow by so much");
	}
	seconds = (seconds_now() - seconds) / 2;
	for (i = 0; i < TRIES; i++) {
		restore();
		grow_for(seconds);
		bytes = node_bytes();
		CHECK(bytes >= node.total_bytes && bytes <= node.total_bytes + LARGER);
		if (bytes > node.total_bytes && bytes < node.total_bytes + LARGER)
			break;
		seconds *= bytes > node.total_bytes ? 0.8 : 1.3;
	}
	test_note("%llu bytes more after %d tries",
		  (unsigned long long)(bytes - node.total_bytes), i);
	CHECK(i < TRIES);
	restore();
}

/* ---- Under load ---- */

#define NR_USERS	4
#define SECONDS		10

/* Allocates, checks and frees buffers on any node until the time is over. */
static void use_memory(unsigned int n)
{
	time_t end = time(NULL) + race_seconds(SECONDS);
	unsigned long rounds = 0, failed = 0;
	struct pbuddy_alloc rq;
	uint64_t *p;
	size_t bytes;
	int fd;

	/* Until it had memory once, also if it was late. */
	while (time(NULL) < end || rounds == failed) {
		bytes = PAGE << ((n + rounds) % 11);
		rq = request(bytes);
		rq.flags = PBUDDY_ALLOC_NOWAIT;
		rounds++;
		if (ioctl(dev, PBUDDY_IOCTL_ALLOC, &rq)) {
			CHECK_EQ(errno, ENOMEM);
			failed++;
			sched_yield();
			continue;
		}
		fd = rq.fd;
		p = map_buffer(fd, bytes);
		CHECK_EQ(first_nonzero(p, bytes), -1);
		stamp(p, bytes, rounds << 8 | n);
		sched_yield();
		CHECK_EQ(stamp_broken(p, bytes, rounds << 8 | n), -1);
		CHECK_EQ(munmap(p, bytes), 0);
		CHECK_EQ(close(fd), 0);
	}
	test_note("user %u: %lu rounds, %lu without memory", n, rounds, failed);
	_exit(0);
}

/* Resizes the node in a loop; partial success is fine. */
TEST_TIMEOUT(resize, under_load, 300)
{
	time_t end = time(NULL) + race_seconds(SECONDS);
	unsigned long done = 0, partial = 0;
	struct pbuddy_resize r;
	pid_t pid[NR_USERS];
	unsigned int i;
	int status;

	first_node();
	for (i = 0; i < NR_USERS; i++) {
		pid[i] = fork();
		CHECK(pid[i] >= 0);
		if (!pid[i])
			use_memory(i);
	}
	for (i = 0; time(NULL) < end || !done; i++) {
		r = resize_to(node.total_bytes - (i * 5 % 14) * BLOCK);
		if (ioctl(dev, PBUDDY_IOCTL_RESIZE, &r)) {
			CHECK(errno == EBUSY || errno == ENOMEM);
			partial++;
		} else {
			done++;
		}
		CHECK(r.bytes && r.bytes <= node.total_bytes);
	}
	for (i = 0; i < NR_USERS; i++) {
		CHECK_EQ(waitpid(pid[i], &status, 0), pid[i]);
		CHECK_EQ(status, 0);
	}
	test_note("resized %lu times, partly %lu times", done, partial);
	CHECK(done > 0);
	restore();
}
