// SPDX-License-Identifier: GPL-2.0-only
/*
 * The error paths of a pool that changes its size: by the ioctl RESIZE, and by a request when it
 * grows. As test_inject.c.
 */
#include <sched.h>

#include "common.h"
#include "inject.h"

static struct pbuddy_alloc rq;

/* The CPU of the caller alone: its requests leave no free pages in the lists of other CPUs. */
static void stay_on_cpu(void)
{
	cpu_set_t cpus;

	CPU_ZERO(&cpus);
	CPU_SET(sched_getcpu(), &cpus);
	CHECK_EQ(sched_setaffinity(0, sizeof(cpus), &cpus), 0);
}

static struct pbuddy_alloc unmovable(uint64_t bytes)
{
	struct pbuddy_alloc a = request(bytes);

	a.mclass = PBUDDY_CLASS_UNMOVABLE;
	return a;
}

/*
 * Allocates what is free outside of ZONE_MOVABLE, as buffers that exist until the test ends.
 * Requests that do not wait do not grow the pool.
 */
static void alloc_rest(void)
{
	uint64_t bytes = 4 * MIB;

	while (bytes >= PAGE) {
		rq = unmovable(bytes);
		rq.flags = PBUDDY_ALLOC_NOWAIT;
		if (ioctl(dev, PBUDDY_IOCTL_ALLOC, &rq)) {
			CHECK_EQ(errno, ENOMEM);
			bytes /= 2;
		}
	}
}

static void grow_node(struct pbuddy_resize *r, uint64_t bytes)
{
	r->bytes = bytes;
	r->max_bytes = 0;
	r->nr_blocks = 1;
	CHECK_EQ(resize_patiently(r), 0);
	CHECK_EQ(r->bytes, bytes);
}

/* Takes 8 MiB off the first node, and adds them again before. What fails changes no allocation. */
TEST_TIMEOUT(inject, resize, 600)
{
	struct pbuddy_resize_block block;
	struct pbuddy_resize r = {
		.size = sizeof(r), .blocks_ptr = (uintptr_t)&block, .block_size = sizeof(block),
	};
	struct usage before, now;
	int fd, n, err, failures = 0;
	bool injected = true;

	inject_prepare();
	/* No failures in the kernel's own page allocator while the source migrates pages. */
	inject_write("/sys/kernel/debug/fail_page_alloc/min-order", "10");
	fd = open(INJECT_NTH, O_RDWR | O_CLOEXEC);
	read_settled_usage(&before);
	r.node = before.node[0].node;
	for (n = 1; n < INJECT_ATTEMPTS && injected; n++) {
		grow_node(&r, before.node[0].total_bytes);
		r.bytes -= 8 * MIB;
		r.nr_blocks = 1;
		inject_start(fd, n);
		err = ioctl(dev, PBUDDY_IOCTL_RESIZE, &r) ? errno : 0;
		injected = inject_stop(fd);
		failures += !!err;
		CHECK(!err || err == ENOMEM || err == EFAULT);
		CHECK_ALLOCATED(before.allocated);
		read_usage(&now);
		CHECK(now.total <= before.total && now.total >= before.total - 8 * MIB);
		CHECK(err || now.total == before.total - 8 * MIB);
	}
	grow_node(&r, before.node[0].total_bytes);
	test_note("%d of %d injections made the call fail", failures, n - 2);
	CHECK(!injected && failures > 0);
	close(fd);
}

/* PBUDDY_FAULTS=FIRST-LAST limits the values of n, where one run does not allow all of them. */
static void injection_range(int *first, int *last)
{
	const char *text = getenv("PBUDDY_FAULTS");

	*first = 1;
	*last = INJECT_ATTEMPTS;
	if (text)
		CHECK_EQ(sscanf(text, "%d-%d", first, last), 2);
}

#define PAUSE_US	1500000		/* longer than the pause after a failed growth */
#define PAUSES		10

/*
 * Allocates 4 MiB with the n-th failure injected, if there is an n-th; returns 0 or an errno. A
 * pause that lasts longer, because the clock of a slow guest is late, has no failure to inject.
 */
static int alloc_with_failure(int fd, int n, bool *injected)
{
	int err, i;

	for (i = 0; i < PAUSES; i++) {
		rq = unmovable(4 * MIB);
		inject_start(fd, n);
		err = ioctl(dev, PBUDDY_IOCTL_ALLOC, &rq) ? errno : 0;
		*injected = inject_stop(fd);
		if (*injected || !err)
			return err;
		CHECK_EQ(err, ENOMEM);
		usleep(PAUSE_US);
	}
	test_fail(__FILE__, __LINE__, "the pool does not grow again after a failure");
}

/*
 * Failures while a pool grows (pool=NODE:SIZE-MAX), up to MAX. All its memory is allocated, so each
 * request has to grow it. No other task may do so meanwhile: free memory in ZONE_MOVABLE
 * (movable=), which these requests may not use, keeps the node thread asleep. After a failure the
 * pool must be unchanged and a later request must be able to add memory. If the growth succeeds
 * in spite of the failure, the added memory is allocated before the next round.
 */
TEST_TIMEOUT(inject, grow, 900)
{
	int fd = open(INJECT_NTH, O_RDWR | O_CLOEXEC), first, last, n, err, failures = 0;
	struct usage before, now;
	bool injected = true;
	char text[64];

	if (!read_file("/sys/module/pbuddy/parameters/pool", text, sizeof(text)) ||
	    !strchr(text, '-'))
		test_skip("the pool does not grow");
	inject_prepare();
	stay_on_cpu();
	/* No failures in the kernel's own page allocator while the source migrates pages. */
	inject_write("/sys/kernel/debug/fail_page_alloc/min-order", "10");
	injection_range(&first, &last);
	for (n = first; n <= last; n++) {
		alloc_rest();
		read_settled_usage(&before);
		err = alloc_with_failure(fd, n, &injected);
		if (!err)
			CHECK_EQ(close(rq.fd), 0);
		CHECK_ALLOCATED(before.allocated);
		read_usage(&now);
		CHECK(err || now.total > before.total);
		if (!injected)
			break;
		if (err) {
			failures++;
			CHECK(err == ENOMEM || err == EFAULT || err == ENFILE);
			usleep(PAUSE_US);
		}
	}
	if (!injected)
		test_note("the call has fewer than %d failures to inject", n);
	test_note("%d of %d injections made the call fail", failures, n - first);
	CHECK((failures > 0 || first > 1) && n < INJECT_ATTEMPTS);
	close(fd);
}
