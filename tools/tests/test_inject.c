// SPDX-License-Identifier: GPL-2.0-only
/*
 * The error paths of each system call. The n-th operation in the call that fault injection can
 * make fail (an allocation, a copy from or to user space) fails, for n = 1, 2, 3 ... until a call
 * has fewer than n. Each time the number of allocated pages must be as before. Needs root, and a
 * kernel with fault injection (/proc/thread-self/fail-nth).
 */
#include <sys/eventfd.h>

#include "common.h"
#include "inject.h"

static struct pbuddy_alloc rq;
static struct pbuddy_alloc_batch batch;
static int32_t fds[8];
static void *mapped;
static int map_fd;		/* that do_map() maps, or the eventfd of do_pressure() */

static int do_alloc(void)
{
	rq = request(37 * PAGE);
	return ioctl(dev, PBUDDY_IOCTL_ALLOC, &rq) ? errno : 0;
}

static void undo_alloc(void)
{
	CHECK_EQ(close(rq.fd), 0);
}

static int do_contig(void)
{
	rq = request(37 * PAGE);
	rq.flags = PBUDDY_ALLOC_CONTIG;
	return ioctl(dev, PBUDDY_IOCTL_ALLOC, &rq) ? errno : 0;
}

static int do_batch(void)
{
	batch = (struct pbuddy_alloc_batch) {
		.size = sizeof(batch), .count = 8, .fds_ptr = (uintptr_t)fds,
		.each = request(5 * PAGE),
	};
	return ioctl(dev, PBUDDY_IOCTL_ALLOC_BATCH, &batch) ? errno : 0;
}

static void undo_batch(void)
{
	int i;

	for (i = 0; i < 8; i++)
		CHECK_EQ(close(fds[i]), 0);
}

/* Long enough for several page tables, so that it can fail half way. */
static int do_map(void)
{
	mapped = mmap(NULL, 8 * MIB, PROT_READ | PROT_WRITE, MAP_SHARED, map_fd, 0);
	return mapped == MAP_FAILED ? errno : 0;
}

static void undo_map(void)
{
	CHECK_EQ(first_nonzero(mapped, 8 * MIB), -1);
	CHECK_EQ(munmap(mapped, 8 * MIB), 0);
}

static int do_info(void)
{
	struct pbuddy_node_info node[4];
	struct pbuddy_info info = {
		.size = sizeof(info), .nodes_ptr = (uintptr_t)node, .nr_nodes = 4,
		.node_size = sizeof(node[0]),
	};

	return ioctl(dev, PBUDDY_IOCTL_GET_INFO, &info) ? errno : 0;
}

static int do_list(void)
{
	struct pbuddy_buffer_info record[4];
	uint64_t node_bytes[4][4];
	struct pbuddy_list l = {
		.size = sizeof(l), .records_ptr = (uintptr_t)record, .nr_records = 4,
		.record_size = sizeof(record[0]),
		.node_bytes_ptr = (uintptr_t)node_bytes, .nr_nodes = 4,
	};

	return ioctl(dev, PBUDDY_IOCTL_LIST, &l) ? errno : 0;
}

static int do_compact(void)
{
	struct pbuddy_compact c = { .size = sizeof(c), .node = PBUDDY_NODE_ANY };

	return ioctl(dev, PBUDDY_IOCTL_COMPACT, &c) ? errno : 0;
}

static int do_drain(void)
{
	struct pbuddy_drain d = { .size = sizeof(d), .node = PBUDDY_NODE_ANY };

	return ioctl(dev, PBUDDY_IOCTL_DRAIN, &d) ? errno : 0;
}

static int do_frag(void)
{
	struct pbuddy_pageblock record[4];
	struct pbuddy_frag f = {
		.size = sizeof(f), .records_ptr = (uintptr_t)record, .nr_records = 4,
		.record_size = sizeof(record[0]),
	};

	return ioctl(dev, PBUDDY_IOCTL_FRAG, &f) ? errno : 0;
}

static int do_set_label(void)
{
	struct pbuddy_set_label s = { .size = sizeof(s), .label = "other" };

	return ioctl(rq.fd, PBUDDY_IOCTL_SET_LABEL, &s) ? errno : 0;
}

TEST_TIMEOUT(inject, compact, 600)
{
	inject_each(do_compact, NULL);
}

TEST_TIMEOUT(inject, drain, 600)
{
	inject_each(do_drain, NULL);
}

TEST_TIMEOUT(inject, frag, 600)
{
	inject_each(do_frag, NULL);
}

TEST_TIMEOUT(inject, alloc, 600)
{
	inject_each(do_alloc, undo_alloc);
}

TEST_TIMEOUT(inject, alloc_contiguous, 600)
{
	inject_each(do_contig, undo_alloc);
}

TEST_TIMEOUT(inject, batch, 600)
{
	inject_each(do_batch, undo_batch);
}

TEST_TIMEOUT(inject, map_device, 600)
{
	map_fd = dev;
	inject_each(do_map, undo_map);
}

TEST_TIMEOUT(inject, map_buffer, 600)
{
	map_fd = alloc_buffer(8 * MIB);
	inject_each(do_map, undo_map);
}

TEST_TIMEOUT(inject, info, 600)
{
	inject_each(do_info, NULL);
}

static struct pbuddy_pressure pressure;

static int do_pressure(void)
{
	pressure = (struct pbuddy_pressure) {
		.size = sizeof(pressure), .flags = PBUDDY_PRESSURE_LOW, .node = PBUDDY_NODE_ANY,
		.eventfd = map_fd,
	};
	return ioctl(dev, PBUDDY_IOCTL_PRESSURE, &pressure) ? errno : 0;
}

static void undo_pressure(void)
{
	CHECK_EQ(close(pressure.fd), 0);
}

TEST_TIMEOUT(inject, pressure, 600)
{
	map_fd = eventfd(0, EFD_CLOEXEC);
	inject_each(do_pressure, undo_pressure);
}

TEST_TIMEOUT(inject, list, 600)
{
	alloc_buffer(PAGE);
	inject_each(do_list, NULL);
}

TEST_TIMEOUT(inject, set_label, 600)
{
	rq = request(PAGE);
	alloc_as(&rq);
	inject_each(do_set_label, NULL);
}

static int advise(uint32_t advice)
{
	struct pbuddy_advise a = { .size = sizeof(a), .advice = advice };

	return ioctl(rq.fd, PBUDDY_IOCTL_ADVISE, &a) ? errno : 0;
}

static int do_dontneed(void)
{
	int err = do_alloc();

	if (err)
		return err;
	err = advise(PBUDDY_ADVICE_DONTNEED);
	CHECK_EQ(close(rq.fd), 0);
	return err;
}

TEST_TIMEOUT(inject, advise_dontneed, 600)
{
	inject_each(do_dontneed, NULL);
}

/*
 * Takes the memory of the purgeable buffer, also if that is too little for the request, until so
 * many bytes are allocated. A thread of the module may move pages while they are counted.
 */
static void purge_until(uint64_t allocated)
{
	struct patience wait = { 0 };
	struct pbuddy_alloc other;
	struct usage usage;

	for (;;) {
		read_settled_usage(&usage);
		if (usage.allocated == allocated || !more_patience(&wait))
			return;
		other = request(usage.free + 8 * PAGE);
		if (!ioctl(dev, PBUDDY_IOCTL_ALLOC, &other))
			CHECK_EQ(close(other.fd), 0);
		else
			CHECK_EQ(errno, ENOMEM);
		wait_for_node_threads();
	}
}

/* Restores the memory of a purged buffer. After a failure it is purged still. */
TEST_TIMEOUT(inject, advise_willneed, 900)
{
	const uint64_t bytes = 37 * PAGE;
	struct usage before, now;
	int fd, n, err, failures = 0;
	bool injected = true;

	inject_prepare();
	fd = open(INJECT_NTH, O_RDWR | O_CLOEXEC);
	read_settled_usage(&before);
	rq = request(bytes);
	alloc_as(&rq);
	for (n = 1; n < INJECT_ATTEMPTS && injected; n++) {
		CHECK_EQ(advise(PBUDDY_ADVICE_DONTNEED), 0);
		purge_until(before.allocated);
		CHECK_ALLOCATED(before.allocated);
		inject_start(fd, n);
		err = advise(PBUDDY_ADVICE_WILLNEED);
		injected = inject_stop(fd);
		failures += !!err;
		CHECK(!err || err == ENOMEM || err == EFAULT);
		wait_for_quarantine(0);
		/* The copy of the arguments fails before the buffer is restored, or after. */
		read_settled_usage(&now);
		if (err != EFAULT || now.allocated != before.allocated)
			CHECK_ALLOCATED(before.allocated + (err == ENOMEM ? 0 : bytes));
	}
	CHECK(!injected);
	test_note("%d of %d injections made the call fail", failures, n - 2);
	CHECK(failures > 0);
	close(fd);
}

static void expect_contents(const uint64_t *p, uint64_t bytes, bool swapped,
			    const struct usage *before)
{
	wait_for_quarantine(0);
	CHECK_ALLOCATED(before->allocated + (swapped ? 0 : bytes));
	CHECK_EQ(stamp_broken(p, bytes, 1), -1);
	CHECK_ALLOCATED(before->allocated + bytes);
}

/* Swaps a buffer out, and accesses it. Its contents survive a failure of either. */
TEST_TIMEOUT(inject, advise_pageout, 900)
{
	const uint64_t bytes = 37 * PAGE;
	int fd, n, err, failures = 0;
	bool injected = true, out = true, in = true;
	struct usage before;
	uint64_t *p;

	inject_prepare();
	fd = open(INJECT_NTH, O_RDWR | O_CLOEXEC);
	read_settled_usage(&before);
	rq = request(bytes);
	alloc_as(&rq);
	p = map_buffer(rq.fd, bytes);
	stamp(p, bytes, 1);
	CHECK_EQ(advise(PBUDDY_ADVICE_SWAP), 0);
	for (n = 1; n < INJECT_ATTEMPTS && (out || in); n++) {
		inject_start(fd, n);
		err = advise(PBUDDY_ADVICE_PAGEOUT);
		injected = inject_stop(fd);
		out &= injected;
		failures += !!err;
		CHECK(!err || err == ENOMEM || err == EFAULT);
		if (err != EFAULT)
			expect_contents(p, bytes, !err, &before);
		while (advise(PBUDDY_ADVICE_PAGEOUT))
			CHECK_EQ(errno, ENOMEM);
		inject_start(fd, n);
		err = stamp_broken(p, bytes, 1) != -1;
		in &= inject_stop(fd);
		CHECK_EQ(err, 0);
		expect_contents(p, bytes, false, &before);
	}
	CHECK(!out && !in);
	test_note("%d of %d injections made the call fail", failures, n - 2);
	CHECK(failures > 0);
	close(fd);
}

#define GROUP_PARAM	"/sys/module/pbuddy/parameters/group_"

static int give_group(void)
{
	return write_file(GROUP_PARAM "give", "/ 0:1x2M");
}

static void take_group(void)
{
	CHECK_EQ(write_file(GROUP_PARAM "take", "/ all"), 0);
}

/* A group is made with its memory, or not at all. */
TEST_TIMEOUT(inject, group, 600)
{
	char line[256];
	int fd;

	inject_each(give_group, take_group);
	fd = open("/sys/module/pbuddy/parameters/groups", O_RDONLY | O_CLOEXEC);
	CHECK(fd >= 0);
	CHECK_EQ(read(fd, line, sizeof(line)), 0);
	close(fd);
}
