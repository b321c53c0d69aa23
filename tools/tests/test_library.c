// SPDX-License-Identifier: GPL-2.0-only
/* libpbuddy: what its functions return, what they undo, and the texts of their failures. */
#include <libpbuddy.h>
#include <poll.h>
#include <pthread.h>
#include <sys/resource.h>

#include "common.h"

static void expect_error(const char *text)
{
	if (!strstr(pbuddy_error(), text))
		test_fail(__FILE__, __LINE__, "'%s' is not in '%s'", text, pbuddy_error());
}

TEST(library, open_says_what_to_do)
{
	int fd = pbuddy_open(NULL);

	CHECK(fd >= 0);
	CHECK_EQ(fcntl(fd, F_GETFD), FD_CLOEXEC);
	close(fd);
	CHECK_FAILS(pbuddy_open("/dev/no-such-device"), ENOENT);
	expect_error("/dev/no-such-device: No such file or directory (is the module loaded?");
	CHECK_EQ(pbuddy_error_reason(), PBUDDY_REASON_NONE);
	CHECK_FAILS(pbuddy_open("/"), EISDIR);
	expect_error("/: Is a directory (try: pbuddyctl doctor)");
}

TEST(library, info_and_nodes)
{
	struct pbuddy_info info = { .size = sizeof(info) };
	struct pbuddy_node_info node[64];
	struct usage usage;

	read_usage(&usage);
	CHECK_EQ(pbuddy_get_info(dev, &info), 0);
	CHECK_EQ(info.version, PBUDDY_ABI_VERSION);
	CHECK_EQ(pbuddy_get_nodes(dev, NULL, sizeof(node[0]), 0), usage.nr_nodes);
	CHECK_EQ(pbuddy_get_nodes(dev, node, sizeof(node[0]), 64), usage.nr_nodes);
	CHECK_EQ(node[0].total_bytes, usage.node[0].total_bytes);
	info.size = 4;
	CHECK_FAILS(pbuddy_get_info(dev, &info), EINVAL);
	expect_error("GET_INFO: Invalid argument");
	CHECK_FAILS(pbuddy_get_nodes(STDIN_FILENO, NULL, sizeof(node[0]), 0), ENOTTY);
}

TEST(library, buffer)
{
	struct pbuddy_query q = { .size = sizeof(q), .extent_size = sizeof(struct pbuddy_extent) };
	struct pbuddy_extent ext[3];
	struct pbuddy_alloc rq;
	uint64_t *p;
	size_t bytes;
	int fd;

	pbuddy_request_init(&rq, 2 * MIB - 1);
	rq.flags = PBUDDY_ALLOC_CONTIG;
	strcpy(rq.label, "library");
	fd = pbuddy_alloc_buffer(dev, &rq);
	CHECK(fd >= 0);
	CHECK_EQ(rq.bytes, 2 * MIB);
	CHECK_EQ(fcntl(fd, F_GETFD), FD_CLOEXEC);
	CHECK_EQ(pbuddy_query_buffer(fd, &q), 0);
	CHECK(!strcmp(q.label, "library"));
	CHECK_EQ(pbuddy_get_extents(fd, 0, ext, sizeof(ext[0]), 3), 1);
	CHECK_EQ(ext[0].bytes, 2 * MIB);
	p = pbuddy_map_buffer(fd, PROT_READ | PROT_WRITE, &bytes);
	CHECK(p);
	CHECK_EQ(bytes, 2 * MIB);
	close(fd);
	CHECK_EQ(first_nonzero(p, bytes), -1);
	stamp(p, bytes, 1);
	CHECK_EQ(pbuddy_unmap_buffer(p, bytes), 0);
	CHECK_FAILS(pbuddy_unmap_buffer((char *)p + 1, bytes), EINVAL);
	expect_error("cannot unmap 2097152 bytes: Invalid argument");
}

TEST(library, extents_from_the_second_on)
{
	struct pbuddy_extent all[64], rest[64];
	struct pbuddy_alloc rq;
	int fd, nr;

	pbuddy_request_init(&rq, 2 * MIB + PAGE);
	fd = pbuddy_alloc_buffer(dev, &rq);
	CHECK(fd >= 0);
	nr = pbuddy_get_extents(fd, 0, all, sizeof(all[0]), 64);
	CHECK(nr >= 1 && nr <= 64);
	CHECK_EQ(pbuddy_get_extents(fd, 1, rest, sizeof(rest[0]), 64), nr);
	CHECK(!memcmp(all + 1, rest, (size_t)(nr - 1) * sizeof(all[0])));
	CHECK_FAILS(pbuddy_get_extents(dev, 0, all, sizeof(all[0]), 64), ENOTTY);
}

TEST(library, map_of_a_read_only_buffer)
{
	struct pbuddy_alloc rq;
	size_t bytes = 1;
	int fd;

	pbuddy_request_init(&rq, PAGE);
	rq.fd_flags = O_RDONLY;
	fd = pbuddy_alloc_buffer(dev, &rq);
	CHECK(fd >= 0);
	CHECK(!pbuddy_map_buffer(fd, PROT_READ | PROT_WRITE, &bytes));
	CHECK_EQ(errno, EACCES);
	CHECK_EQ(bytes, 1);
	expect_error("cannot map 4096 bytes: Permission denied");
	CHECK(pbuddy_map_buffer(fd, PROT_READ, &bytes));
	CHECK_EQ(bytes, PAGE);
	CHECK(!pbuddy_map_buffer(dev, PROT_READ, &bytes));
	CHECK_EQ(errno, ENOTTY);
}

TEST(library, failure_has_its_reason)
{
	struct pbuddy_alloc rq;

	pbuddy_request_init(&rq, 1UL << 40);
	CHECK_FAILS(pbuddy_alloc_buffer(dev, &rq), ENOMEM);
	CHECK_EQ(pbuddy_error_reason(), PBUDDY_REASON_LIMIT);
	expect_error("cannot allocate 1099511627776 bytes: Cannot allocate memory (more than");
	rq.order = 77;
	CHECK_FAILS(pbuddy_alloc_buffer(dev, &rq), EINVAL);
	CHECK_EQ(pbuddy_error_reason(), PBUDDY_REASON_NONE);
	expect_error("bytes: Invalid argument");
	CHECK(!strcmp(pbuddy_reason_text(99), "unknown reason"));
}

/* Several batches: all of the buffers, or none. */
TEST(library, many_buffers)
{
	static int fd[PBUDDY_BATCH_MAX + 50];
	const unsigned int nr = PBUDDY_BATCH_MAX + 50;
	struct rlimit limit = { PBUDDY_BATCH_MAX + 30, 4096 };
	struct pbuddy_alloc rq;
	struct usage before;
	unsigned int i;

	read_settled_usage(&before);
	pbuddy_request_init(&rq, 1);
	CHECK_EQ(setrlimit(RLIMIT_NOFILE, &limit), 0);
	CHECK_FAILS(pbuddy_alloc_buffers(dev, &rq, nr, fd), EMFILE);
	expect_error("cannot allocate 306 buffers of 1 bytes: Too many open files");
	CHECK_EQ(rq.bytes, 1);
	CHECK_EQ(rq.node, PBUDDY_NODE_ANY);
	CHECK_ALLOCATED(before.allocated);

	limit.rlim_cur = 4096;
	CHECK_EQ(setrlimit(RLIMIT_NOFILE, &limit), 0);
	CHECK_EQ(pbuddy_alloc_buffers(dev, &rq, nr, fd), 0);
	CHECK_EQ(rq.bytes, PAGE);
	for (i = 0; i < nr; i++) {
		CHECK_EQ(check_fd(fd[i]), 0);
		CHECK_EQ(close(fd[i]), 0);
	}
}

/* A program may know a longer or shorter struct than the library. */
TEST(library, request_of_another_version)
{
	struct {
		struct pbuddy_alloc	rq;
		uint64_t		later[4];
	} longer = { 0 };
	int fd[2];

	pbuddy_request_init(&longer.rq, PAGE);
	longer.rq.size = sizeof(longer);
	CHECK_EQ(pbuddy_alloc_buffers(dev, &longer.rq, 2, fd), 0);
	longer.later[3] = 1;
	CHECK_FAILS(pbuddy_alloc_buffers(dev, &longer.rq, 2, fd), E2BIG);
	longer.rq.size = 4096;
	CHECK_FAILS(pbuddy_alloc_buffers(dev, &longer.rq, 2, fd), E2BIG);
	longer.rq.size = PBUDDY_ALLOC_SIZE_VER0 - 8;
	CHECK_FAILS(pbuddy_alloc_buffers(dev, &longer.rq, 2, fd), EINVAL);
	longer.rq.size = PBUDDY_ALLOC_SIZE_VER0;
	CHECK_FAILS(pbuddy_alloc_buffers(dev, &longer.rq, 0, fd), EINVAL);
}

TEST(library, exports_a_dmabuf)
{
	struct pbuddy_info info = { .size = sizeof(info) };
	int fd = alloc_buffer(PAGE), dmabuf;

	CHECK_EQ(pbuddy_get_info(dev, &info), 0);
	if (!(info.features & PBUDDY_FEATURE_DMABUF)) {
		CHECK_FAILS(pbuddy_export_dmabuf(fd, O_RDWR), EOPNOTSUPP);
		test_skip("no dma-bufs in this kernel");
	}
	dmabuf = pbuddy_export_dmabuf(fd, O_RDWR | O_CLOEXEC);
	CHECK(dmabuf >= 0);
	CHECK_EQ(lseek(dmabuf, 0, SEEK_END), PAGE);
	CHECK_FAILS(pbuddy_export_dmabuf(dmabuf, O_RDWR), ENOTTY);
	expect_error("cannot export a dma-buf: ");
}

TEST(library, watches_pressure)
{
	struct pbuddy_pressure p = {
		.size = sizeof(p), .flags = PBUDDY_PRESSURE_FREE, .node = PBUDDY_NODE_ANY,
		.eventfd = -1, .free_bytes = 1ULL << 40,
	};
	struct pollfd poll_fd = { .fd = pbuddy_watch_pressure(dev, &p), .events = POLLPRI };

	CHECK(poll_fd.fd >= 0);
	close(alloc_buffer(PAGE));
	CHECK_EQ(poll(&poll_fd, 1, 60000), 1);
	CHECK_EQ(poll_fd.revents, POLLPRI);
	p.flags = 0;
	CHECK_FAILS(pbuddy_watch_pressure(dev, &p), EINVAL);
	expect_error("cannot watch the memory pressure: Invalid argument");
}

static void *fail_in_thread(void *arg)
{
	pbuddy_open("/dev/of-another-thread");
	return arg;
}

TEST(library, each_thread_has_its_error)
{
	pthread_t thread;

	CHECK_FAILS(pbuddy_open("/dev/of-this-thread"), ENOENT);
	CHECK_EQ(pthread_create(&thread, NULL, fail_in_thread, NULL), 0);
	CHECK_EQ(pthread_join(thread, NULL), 0);
	expect_error("of-this-thread");
}

TEST(library, advice)
{
	struct pbuddy_alloc rq;
	int fd, other;

	pbuddy_request_init(&rq, MIB);
	fd = pbuddy_alloc_buffer(dev, &rq);
	CHECK(fd >= 0);
	CHECK_EQ(pbuddy_advise_buffer(fd, PBUDDY_ADVICE_DONTNEED), 1);
	CHECK_EQ(pbuddy_advise_buffer(fd, PBUDDY_ADVICE_WILLNEED), 1);
	CHECK_FAILS(pbuddy_advise_buffer(fd, 5), EINVAL);
	CHECK_FAILS(pbuddy_advise_buffer(fd, PBUDDY_ADVICE_PAGEOUT), EPERM);
	expect_error("(the buffer was not advised PBUDDY_ADVICE_SWAP)");
	CHECK_EQ(pbuddy_advise_buffer(fd, PBUDDY_ADVICE_SWAP), 1);
	CHECK_FAILS(pbuddy_advise_buffer(fd, PBUDDY_ADVICE_PAGEOUT), EPERM);
	CHECK_EQ(pbuddy_advise_buffer(fd, PBUDDY_ADVICE_NOSWAP), 1);
	rq.fd_flags = O_RDONLY;
	other = pbuddy_alloc_buffer(dev, &rq);
	CHECK(other >= 0);
	CHECK_FAILS(pbuddy_advise_buffer(other, PBUDDY_ADVICE_DONTNEED), EACCES);
	expect_error("cannot make the buffer purgeable: Permission denied");
	CHECK_EQ(pbuddy_error_reason(), PBUDDY_REASON_NONE);
}
