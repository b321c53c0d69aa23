// SPDX-License-Identifier: GPL-2.0-only
/*
 * ALLOC, ALLOC_BATCH and QUERY with valid arguments: lengths, orders, nodes, and the reason that
 * comes with ENOMEM. An extent is a physically contiguous part of a buffer, as QUERY reports it.
 */
#include <sched.h>
#include <sys/resource.h>

#include "common.h"

#define MANY 4096

static struct pbuddy_extent extent[MANY];
static struct pbuddy_query q;

/* Checks that a buffer's extents have the length and order and no gaps; returns their number. */
static uint32_t check_extents(int fd, uint64_t bytes, uint32_t order)
{
	uint32_t i, nr = query_extents(fd, &q, extent, MANY);
	uint64_t offset = 0, unit = PAGE << order;

	CHECK(nr >= 1 && nr <= MANY);
	CHECK_EQ(q.bytes, bytes);
	for (i = 0; i < nr; i++) {
		CHECK_EQ(extent[i].offset, offset);
		CHECK(extent[i].bytes >= unit || i == nr - 1);
		CHECK_EQ(extent[i].phys % unit, 0);
		CHECK(extent[i].phys != 0);		/* the tests run as root */
		CHECK(extent[i].order <= PBUDDY_MAX_ORDER);
		offset += extent[i].bytes;
	}
	CHECK_EQ(offset, bytes);
	return nr;
}

TEST(alloc, length_is_rounded_to_pages)
{
	struct pbuddy_alloc rq = request(1);

	alloc_as(&rq);
	CHECK_EQ(rq.bytes, PAGE);
	check_extents(rq.fd, PAGE, 0);
	rq = request(PAGE + 1);
	alloc_as(&rq);
	CHECK_EQ(rq.bytes, 2 * PAGE);
	check_extents(rq.fd, 2 * PAGE, 0);
}

/* Up to the largest order of each node; PBUDDY_LARGEST_ORDER says how large one must be. */
TEST(alloc, every_order_contiguous)
{
	const char *text = getenv("PBUDDY_LARGEST_ORDER");
	struct pbuddy_drain drain = { .size = sizeof(drain), .node = PBUDDY_NODE_ANY };
	unsigned int order, largest = 0;
	uint32_t i, done = 0;
	struct usage usage;

	/* A CPU may have a page of the largest block in its cache. */
	CHECK_EQ(ioctl(dev, PBUDDY_IOCTL_DRAIN, &drain), 0);
	read_usage(&usage);
	for (i = 0; i < usage.nr_nodes; i++) {
		for (order = 0; (int)order <= usage.node[i].largest_free_order; order++) {
			struct pbuddy_alloc rq = request(PAGE << order);
			uint64_t *p;

			rq.flags = PBUDDY_ALLOC_CONTIG | PBUDDY_ALLOC_STRICT_NODE;
			rq.node = usage.node[i].node;
			alloc_as(&rq);
			CHECK_EQ(rq.node, usage.node[i].node);
			CHECK_EQ(check_extents(rq.fd, PAGE << order, order), 1);
			CHECK_EQ(extent[0].node, usage.node[i].node);
			CHECK_EQ(extent[0].order, order);
			p = map_buffer(rq.fd, rq.bytes);
			CHECK_EQ(first_nonzero(p, rq.bytes), -1);
			stamp(p, rq.bytes, order);
			CHECK_EQ(stamp_broken(p, rq.bytes, order), -1);
			CHECK_EQ(munmap(p, rq.bytes), 0);
			CHECK_EQ(close(rq.fd), 0);
			done++;
			if (order > largest)
				largest = order;
		}
	}
	test_note("%u blocks on %u nodes, of order %u at most", done, usage.nr_nodes, largest);
	CHECK(done >= 10);
	CHECK(!text || largest == strtoul(text, NULL, 10));
}

TEST(alloc, contiguous_of_any_length)
{
	static const unsigned int pages[] = { 3, 5, 63, 65, 511, 513, 700, 1000, 1025, 2049 };
	size_t i;

	for (i = 0; i < sizeof(pages) / sizeof(pages[0]); i++) {
		struct pbuddy_alloc rq = request(pages[i] * PAGE);
		struct usage before;

		read_settled_usage(&before);
		rq.flags = PBUDDY_ALLOC_CONTIG;
		alloc_as(&rq);
		CHECK_EQ(check_extents(rq.fd, pages[i] * PAGE, 0), 1);
		CHECK_ALLOCATED(before.allocated + pages[i] * PAGE);
		CHECK_EQ(close(rq.fd), 0);
	}
}

TEST(alloc, contiguous_with_larger_alignment)
{
	struct pbuddy_alloc rq = request(3 * PAGE);
	struct usage before;

	read_settled_usage(&before);
	rq.flags = PBUDDY_ALLOC_CONTIG;
	rq.order = 9;
	alloc_as(&rq);
	CHECK_EQ(check_extents(rq.fd, 3 * PAGE, 9), 1);
	/* The unused pages of the block have been freed. */
	CHECK_ALLOCATED(before.allocated + 3 * PAGE);
}

/* Lengths that are no power of two, from pageblocks at different places. */
TEST(alloc, contiguous_is_aligned)
{
	static const unsigned int mib[] = { 3, 5, 6, 7, 9, 11 };
	unsigned int order, shift, served = 0;
	size_t i;

	for (shift = 0; shift < 3; shift++) {
		for (i = 0; i < sizeof(mib) / sizeof(mib[0]); i++) {
			for (order = 0; PAGE << order <= mib[i] * MIB; order++) {
				struct pbuddy_alloc rq = request(mib[i] * MIB);

				rq.flags = PBUDDY_ALLOC_CONTIG;
				rq.order = order;
				if (ioctl(dev, PBUDDY_IOCTL_ALLOC, &rq))
					continue;
				CHECK_EQ(check_extents(rq.fd, rq.bytes, order), 1);
				CHECK_EQ(close(rq.fd), 0);
				served++;
			}
		}
		alloc_buffer(2 * MIB);	/* kept: free memory begins later */
	}
	test_note("%u buffers", served);
	CHECK(served >= 100);
}

TEST(alloc, extents_have_the_order_asked_for)
{
	static const uint32_t orders[] = { 0, 1, 4, 8, 9, 10 };
	size_t i;

	for (i = 0; i < sizeof(orders) / sizeof(orders[0]); i++) {
		uint64_t bytes = 5 * (PAGE << orders[i]) + PAGE;
		struct pbuddy_alloc rq = request(bytes);
		struct usage before;

		read_settled_usage(&before);
		rq.order = orders[i];
		alloc_as(&rq);
		check_extents(rq.fd, bytes, orders[i]);
		CHECK_ALLOCATED(before.allocated + bytes);
		CHECK_EQ(close(rq.fd), 0);
	}
}

TEST(alloc, few_extents_in_a_fresh_pool)
{
	/* The pool has free pageblocks, so the buffer needs no small blocks. */
	int fd = alloc_buffer(8 * MIB);

	CHECK(check_extents(fd, 8 * MIB, 0) <= 16);
}

static void expect_on_node(struct pbuddy_alloc *rq, int node)
{
	uint32_t k;

	alloc_as(rq);
	for (k = check_extents(rq->fd, rq->bytes, 0); k-- > 0; )
		CHECK_EQ(extent[k].node, node);
}

TEST(alloc, strict_node)
{
	struct usage usage;
	uint32_t i;

	read_usage(&usage);
	for (i = 0; i < usage.nr_nodes; i++) {
		struct pbuddy_alloc rq = request(4 * MIB);

		rq.node = usage.node[i].node;
		rq.flags = PBUDDY_ALLOC_STRICT_NODE;
		expect_on_node(&rq, rq.node);
	}
}

TEST(alloc, fallback_unless_strict_node)
{
	struct pbuddy_alloc rq;
	struct usage usage;
	uint64_t want;

	read_usage(&usage);
	if (usage.nr_nodes < 2)
		test_skip("needs two nodes");
	/* More than node 0 owns, less than both nodes have free. */
	want = usage.node[0].total_bytes + 2 * MIB;
	if (want > usage.free - usage.free / 8)
		test_skip("node 1 is too small for this");
	rq = request(want);
	rq.node = usage.node[0].node;
	rq.flags = PBUDDY_ALLOC_STRICT_NODE;
	CHECK_FAILS(ioctl(dev, PBUDDY_IOCTL_ALLOC, &rq), ENOMEM);
	CHECK_EQ(rq.reason, PBUDDY_REASON_LIMIT);
	rq.bytes = usage.node[0].total_bytes;
	if (!ioctl(dev, PBUDDY_IOCTL_ALLOC, &rq))
		CHECK_EQ(close(rq.fd), 0);	/* without watermarks */
	else
		CHECK_EQ(rq.reason, PBUDDY_REASON_WATERMARK);

	rq = request(want);
	rq.node = usage.node[0].node;
	alloc_as(&rq);
	CHECK_EQ(rq.node, usage.node[0].node);
	CHECK_EQ(rq.reason, PBUDDY_REASON_NONE);
	query_extents(rq.fd, &q, extent, MANY);
	CHECK_EQ(extent[0].node, usage.node[0].node);
	CHECK_EQ(extent[q.nr_extents - 1].node, usage.node[1].node);
}

TEST(alloc, nodemask)
{
	struct usage usage;
	uint32_t i;

	read_usage(&usage);
	for (i = 0; i < usage.nr_nodes; i++) {
		struct pbuddy_alloc rq = request(4 * MIB);

		if (usage.node[i].node > 63)
			continue;
		rq.node = usage.node[0].node;
		rq.flags = PBUDDY_ALLOC_NODEMASK;
		rq.nodemask = 1ULL << usage.node[i].node;
		expect_on_node(&rq, usage.node[i].node);
	}
}

TEST(alloc, nodemask_contiguous)
{
	struct usage usage;
	uint32_t i;

	read_usage(&usage);
	for (i = 0; i < usage.nr_nodes; i++) {
		struct pbuddy_alloc rq = request(5 * PAGE);

		rq.node = usage.node[0].node;
		rq.flags = PBUDDY_ALLOC_NODEMASK | PBUDDY_ALLOC_CONTIG;
		rq.nodemask = 1ULL << usage.node[i].node;
		alloc_as(&rq);
		CHECK_EQ(rq.node, usage.node[i].node);
	}
}

/* Moves the thread to a CPU and returns the node of it; -1 when there is no such CPU. */
static int run_on(int cpu)
{
	unsigned int node;
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	if (sched_setaffinity(0, sizeof(set), &set) || getcpu(NULL, &node))
		return -1;
	return (int)node;
}

TEST(alloc, any_node_is_the_nearest)
{
	struct usage usage;
	int cpu, node, seen = 0;
	uint32_t i;

	read_usage(&usage);
	for (cpu = 0; (node = run_on(cpu)) >= 0; cpu++) {
		struct pbuddy_alloc rq = request(PAGE);

		for (i = 0; i < usage.nr_nodes; i++)
			if (usage.node[i].node == node)
				break;
		if (i == usage.nr_nodes)
			continue;	/* pbuddy owns no memory there */
		alloc_as(&rq);
		CHECK_EQ(rq.node, node);
		seen++;
	}
	CHECK(seen > 0);
}

TEST(alloc, classes)
{
	uint32_t mclass;

	for (mclass = PBUDDY_CLASS_MOVABLE; mclass <= PBUDDY_CLASS_RECLAIMABLE; mclass++) {
		struct pbuddy_alloc rq = request(3 * PAGE);

		rq.mclass = mclass;
		alloc_as(&rq);
		check_extents(rq.fd, 3 * PAGE, 0);
		CHECK_EQ(q.mclass, mclass);
	}
}

TEST(alloc, nowait)
{
	struct pbuddy_alloc rq = request(MIB);

	rq.flags = PBUDDY_ALLOC_NOWAIT;
	alloc_as(&rq);
	check_extents(rq.fd, MIB, 0);
}

TEST(alloc, label_and_fdinfo)
{
	struct pbuddy_alloc rq = request(3 * MIB);
	char path[64], text[2048];

	strcpy(rq.label, "a label of 31 bytes, just as it");
	alloc_as(&rq);
	check_extents(rq.fd, 3 * MIB, 0);
	CHECK_EQ(strcmp(q.label, rq.label), 0);
	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", rq.fd);
	CHECK(read_file(path, text, sizeof(text)));
	CHECK(strstr(text, "pbuddy-label:\ta label of 31 bytes, just as it\n"));
	CHECK(strstr(text, "pbuddy-total:\t3072 KiB\n"));
	CHECK(strstr(text, "pbuddy-resident:\t3072 KiB\n"));
	CHECK(strstr(text, "pbuddy-class:\tmovable\n"));
	CHECK(strstr(text, "pbuddy-node:\t"));
	CHECK(strstr(text, "pbuddy-extents:\t"));
	snprintf(path, sizeof(path), "/proc/self/fd/%d", rq.fd);
	text[readlink(path, text, sizeof(text) - 1)] = 0;
	CHECK_EQ(strcmp(text, "anon_inode:pbuddy"), 0);
}

TEST(alloc, query_one_extent_at_a_time)
{
	struct pbuddy_extent one[2];
	struct pbuddy_alloc rq = request(2 * MIB + 65 * PAGE);
	uint32_t nr, i;

	alloc_as(&rq);
	nr = check_extents(rq.fd, rq.bytes, 0);
	for (i = 0; i < nr + 2; i++) {
		memset(one, 0x5a, sizeof(one));
		q = (struct pbuddy_query) {
			.size = sizeof(q), .extents_ptr = (uintptr_t)one, .nr_extents = 1,
			.extent_size = sizeof(one[0]), .first_extent = i,
		};
		CHECK_EQ(ioctl(rq.fd, PBUDDY_IOCTL_QUERY, &q), 0);
		CHECK_EQ(q.nr_extents, nr);
		CHECK_EQ(one[1].bytes, 0x5a5a5a5a5a5a5a5aULL);
		if (i < nr)
			CHECK_EQ(memcmp(&one[0], &extent[i], sizeof(one[0])), 0);
		else
			CHECK_EQ(one[0].bytes, 0x5a5a5a5a5a5a5a5aULL);
	}
}

/* ---- ALLOC_BATCH ---- */

static int32_t fds[PBUDDY_BATCH_MAX + 1];

static struct pbuddy_alloc_batch batch_of(uint32_t count, uint64_t bytes)
{
	return (struct pbuddy_alloc_batch) {
		.size = sizeof(struct pbuddy_alloc_batch),
		.count = count,
		.fds_ptr = (uintptr_t)fds,
		.each = request(bytes),
	};
}

TEST(alloc, batch_returns_distinct_buffers)
{
	struct pbuddy_alloc_batch batch = batch_of(PBUDDY_BATCH_MAX, 2 * PAGE);
	uint64_t *p[PBUDDY_BATCH_MAX];
	uint32_t i;

	fds[PBUDDY_BATCH_MAX] = -77;
	CHECK_EQ(ioctl(dev, PBUDDY_IOCTL_ALLOC_BATCH, &batch), 0);
	CHECK_EQ(fds[PBUDDY_BATCH_MAX], -77);
	CHECK_EQ(batch.each.fd, fds[PBUDDY_BATCH_MAX - 1]);
	for (i = 0; i < PBUDDY_BATCH_MAX; i++) {
		p[i] = map_buffer(fds[i], 2 * PAGE);
		stamp(p[i], 2 * PAGE, i);
	}
	for (i = 0; i < PBUDDY_BATCH_MAX; i++) {
		CHECK_EQ(stamp_broken(p[i], 2 * PAGE, i), -1);
		CHECK_EQ(fcntl(fds[i], F_GETFD), FD_CLOEXEC);
	}
}

TEST(alloc, batch_of_bad_length)
{
	struct pbuddy_alloc_batch batch = batch_of(0, PAGE);

	CHECK_FAILS(ioctl(dev, PBUDDY_IOCTL_ALLOC_BATCH, &batch), EINVAL);
	batch.count = PBUDDY_BATCH_MAX + 1;
	CHECK_FAILS(ioctl(dev, PBUDDY_IOCTL_ALLOC_BATCH, &batch), EINVAL);
	batch.count = UINT32_MAX;
	CHECK_FAILS(ioctl(dev, PBUDDY_IOCTL_ALLOC_BATCH, &batch), EINVAL);
}

TEST(alloc, batch_is_all_or_none)
{
	struct pbuddy_alloc_batch batch;
	struct usage before;
	int lowest = dup(dev);

	CHECK_EQ(close(lowest), 0);
	read_settled_usage(&before);
	/* There is memory for each of them, but not for all. */
	batch = batch_of(PBUDDY_BATCH_MAX, before.total / 64);
	memset(fds, 0x5a, sizeof(fds));
	CHECK_FAILS(ioctl(dev, PBUDDY_IOCTL_ALLOC_BATCH, &batch), ENOMEM);
	CHECK(batch.each.reason == PBUDDY_REASON_WATERMARK ||
	      batch.each.reason == PBUDDY_REASON_FRAGMENTATION);
	/* No descriptor is left: the lowest free one is as before. */
	CHECK_EQ(dup(dev), lowest);
	CHECK_ALLOCATED(before.allocated);
}

/* ---- Too little memory ---- */

TEST(alloc, reason_when_exhausted)
{
	struct pbuddy_alloc rq = request(4 * MIB);
	struct buffer_set set;

	alloc_all_free(&set);
	rq.reason = 77;
	CHECK_FAILS(ioctl(dev, PBUDDY_IOCTL_ALLOC, &rq), ENOMEM);
	CHECK_EQ(rq.reason, PBUDDY_REASON_WATERMARK);
	rq.flags = PBUDDY_ALLOC_NOWAIT;
	CHECK_FAILS(ioctl(dev, PBUDDY_IOCTL_ALLOC, &rq), ENOMEM);
	close_buffers(&set);
	rq.flags = 0;
	alloc_as(&rq);
}

/* A buffer that is one block, with the physical address of the block. */
struct block {
	uint64_t	phys;
	int		fd;
};

static int by_phys(const void *a, const void *b)
{
	const struct block *x = a, *y = b;

	return (x->phys > y->phys) - (x->phys < y->phys);
}

static size_t fill_more(struct block *block, size_t nr, size_t max)
{
	for (; nr < max; nr++) {
		struct pbuddy_alloc rq = request(16 * PAGE);

		rq.flags = PBUDDY_ALLOC_CONTIG;
		if (ioctl(dev, PBUDDY_IOCTL_ALLOC, &rq))
			break;
		query_extents(rq.fd, &q, extent, 1);
		block[nr] = (struct block) { .phys = extent[0].phys, .fd = rq.fd };
	}
	return nr;
}

/* Fills the pool with blocks of 64 KiB; returns their number. */
static size_t fill_with_blocks(struct block *block, size_t max)
{
	const struct rlimit limit = { .rlim_cur = 16384, .rlim_max = 16384 };
	size_t nr = 0, before;
	struct usage usage;

	read_usage(&usage);
	if (usage.total / (16 * PAGE) > max)
		test_skip("the pool is too large for this");
	CHECK_EQ(setrlimit(RLIMIT_NOFILE, &limit), 0);
	/* A node thread that compacts for the last request has a range that is free after it. */
	do {
		before = nr;
		nr = fill_more(block, nr, max);
		wait_for_node_threads();
	} while (nr > before);
	return nr;
}

TEST_TIMEOUT(alloc, reason_when_fragmented, 900)
{
	struct pbuddy_alloc rq = request(8 * MIB);
	static struct block block[16000];
	struct usage usage;
	size_t i, nr;

	nr = fill_with_blocks(block, sizeof(block) / sizeof(block[0]));
	qsort(block, nr, sizeof(block[0]), by_phys);
	for (i = 0; i < nr; i += 2)
		CHECK_EQ(close(block[i].fd), 0);
	read_usage(&usage);
	CHECK(usage.free > usage.total / 3);
	rq.flags = PBUDDY_ALLOC_CONTIG;
	CHECK_FAILS(ioctl(dev, PBUDDY_IOCTL_ALLOC, &rq), ENOMEM);
	CHECK_EQ(rq.reason, PBUDDY_REASON_FRAGMENTATION);
	/* Without CONTIG there is enough memory. */
	rq.flags = 0;
	alloc_as(&rq);
	check_extents(rq.fd, rq.bytes, 0);
	CHECK_EQ(close(rq.fd), 0);
	/* When all blocks are freed they merge, and the contiguous request succeeds. */
	for (i = 1; i < nr; i += 2)
		CHECK_EQ(close(block[i].fd), 0);
	rq.flags = PBUDDY_ALLOC_CONTIG;
	alloc_as(&rq);
}

/* Only blocks of 64 KiB are free; half of them are aligned to 128 KiB, a quarter to 256 KiB. */
TEST_TIMEOUT(alloc, small_contiguous_fits_aligned_holes, 900)
{
	static struct block block[16000];
	size_t i, nr, holes = 0, got = 0;
	struct patience wait = { 0 };
	struct pbuddy_alloc rq;

	nr = fill_with_blocks(block, sizeof(block) / sizeof(block[0]));
	for (i = 0; i < nr; i++) {
		if (block[i].phys % (64 * PAGE))
			continue;
		CHECK_EQ(close(block[i].fd), 0);
		holes++;
	}
	CHECK(holes >= 16);
	for (;;) {
		rq = request(16 * PAGE);
		rq.flags = PBUDDY_ALLOC_CONTIG;
		rq.order = 6;
		if (!ioctl(dev, PBUDDY_IOCTL_ALLOC, &rq)) {
			CHECK_EQ(check_extents(rq.fd, rq.bytes, 6), 1);
			got++;
			continue;
		}
		CHECK_EQ(errno, ENOMEM);
		/* A node thread that compacts has a range around one hole. */
		if (got >= holes || !more_patience(&wait))
			break;
	}
	CHECK_EQ(got, holes);
}

TEST(alloc, node_without_memory)
{
	struct pbuddy_alloc rq = request(PAGE);
	struct usage usage;
	uint64_t owned = 0;
	uint32_t i;
	int node;

	read_usage(&usage);
	for (i = 0; i < usage.nr_nodes; i++)
		owned |= 1ULL << usage.node[i].node;
	for (node = 0; node < 64; node++) {
		if (owned & 1ULL << node)
			continue;
		rq = request(PAGE);
		rq.node = node;
		rq.flags = PBUDDY_ALLOC_STRICT_NODE;
		errno = 0;
		CHECK_EQ(ioctl(dev, PBUDDY_IOCTL_ALLOC, &rq), -1);
		/* The machine has no such node, or pbuddy owns no memory on it. */
		CHECK(errno == EINVAL || (errno == ENOMEM && rq.reason == PBUDDY_REASON_NODE));
		if (errno == EINVAL)
			continue;
		rq.flags = 0;
		alloc_as(&rq);		/* from the nearest node that owns memory */
		CHECK(owned & 1ULL << rq.node);
	}
}

TEST_TIMEOUT(alloc, thousand_cycles_restore_usage, 900)
{
	struct usage before;
	int i;

	read_settled_usage(&before);
	for (i = 0; i < 1000; i++) {
		struct pbuddy_alloc rq = request((1 + i % 37) * PAGE);
		int fd = open(DEVICE, O_RDWR | O_CLOEXEC);

		CHECK(fd >= 0);
		rq.flags = i % 3 ? 0 : PBUDDY_ALLOC_CONTIG;
		rq.mclass = i % 3;
		CHECK_EQ(ioctl(fd, PBUDDY_IOCTL_ALLOC, &rq), 0);
		CHECK_EQ(close(fd), 0);
		CHECK_EQ(close(rq.fd), 0);
	}
	wait_for_quarantine(0);
	CHECK_ALLOCATED(before.allocated);
}
