// SPDX-License-Identifier: GPL-2.0-only
/*
 * New memory is zeroed. Each test writes to all free memory, frees it, and allocates it again in
 * other orders and lengths: every byte must be zero. (CVE-2015-8950: DMA buffers were not
 * initialised.)
 */
#include "common.h"

static void expect_zero(int fd, size_t bytes)
{
	uint64_t *p = map_buffer(fd, bytes);
	ssize_t bad = first_nonzero(p, bytes);

	if (bad >= 0)
		test_fail(__FILE__, __LINE__, "word %zd of %zu bytes is %#llx", bad, bytes,
			  (unsigned long long)p[bad]);
	/* So that the next allocation of these pages has to zero them. */
	stamp(p, bytes, 77);
	CHECK_EQ(munmap(p, bytes), 0);
}

TEST_TIMEOUT(zero, everything_cve_2015_8950, 900)
{
	struct buffer_set set;
	uint64_t sum = 0;
	int i;

	stamp_everything(1);
	alloc_all_free(&set);
	for (i = 0; i < set.nr; i++) {
		expect_zero(set.fd[i], set.bytes[i]);
		sum += set.bytes[i];
	}
	test_note("%llu MiB checked", (unsigned long long)(sum / MIB));
}

TEST_TIMEOUT(zero, every_order, 900)
{
	struct usage usage;
	unsigned int order;

	read_usage(&usage);
	stamp_everything(2);
	for (order = 0; (PAGE << order) <= usage.free / 4; order++) {
		struct pbuddy_alloc rq = request(PAGE << order);

		rq.flags = PBUDDY_ALLOC_CONTIG;
		alloc_as(&rq);
		expect_zero(rq.fd, rq.bytes);
		CHECK_EQ(close(rq.fd), 0);
	}
}

TEST_TIMEOUT(zero, odd_lengths_and_batches, 900)
{
	struct pbuddy_alloc_batch batch;
	int32_t fds[64];
	size_t pages;
	int i;

	stamp_everything(3);
	for (pages = 3; pages < 1200; pages = pages * 2 + 1) {
		struct pbuddy_alloc rq = request(pages * PAGE);

		rq.flags = pages & 4 ? PBUDDY_ALLOC_CONTIG : 0;
		alloc_as(&rq);
		expect_zero(rq.fd, rq.bytes);
		CHECK_EQ(close(rq.fd), 0);
	}
	batch = (struct pbuddy_alloc_batch) {
		.size = sizeof(batch), .count = 64, .fds_ptr = (uintptr_t)fds,
		.each = request(5 * PAGE),
	};
	CHECK_EQ(ioctl(dev, PBUDDY_IOCTL_ALLOC_BATCH, &batch), 0);
	for (i = 0; i < 64; i++)
		expect_zero(fds[i], 5 * PAGE);
}

TEST_TIMEOUT(zero, device_mapping, 900)
{
	struct usage usage;
	uint64_t *p;
	size_t bytes;

	read_usage(&usage);
	stamp_everything(4);
	for (bytes = PAGE; bytes <= usage.free / 4; bytes *= 4) {
		p = map_device(bytes);
		CHECK_EQ(first_nonzero(p, bytes), -1);
		stamp(p, bytes, 5);
		CHECK_EQ(munmap(p, bytes), 0);
	}
}

TEST_TIMEOUT(zero, reused_at_once, 900)
{
	int i;

	/* Each allocation is likely to reuse the pages that the last round freed. */
	for (i = 0; i < 500; i++) {
		size_t bytes = (1 + (size_t)i % 9) * PAGE;
		int fd = alloc_buffer(bytes);

		expect_zero(fd, bytes);
		CHECK_EQ(close(fd), 0);
	}
}
