// SPDX-License-Identifier: GPL-2.0-only
/* What GET_INFO says of the memory is what an allocation can have. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "common.h"

/* A buffer of the first node that is one block; -1: none can be had. */
static int alloc_block(const struct usage *usage, int order)
{
	struct pbuddy_alloc rq = request(PAGE << order);

	rq.flags = PBUDDY_ALLOC_CONTIG | PBUDDY_ALLOC_STRICT_NODE;
	rq.node = usage->node[0].node;
	if (!ioctl(dev, PBUDDY_IOCTL_ALLOC, &rq))
		return rq.fd;
	CHECK_EQ(errno, ENOMEM);
	return -1;
}

/*
 * What GET_INFO calls the largest order can be allocated, until nothing can. A node thread may take
 * a block between the two calls, or have one that is free when it has ended. Then both calls agree
 * some time later.
 */
TEST(info, largest_order_is_true)
{
	struct patience wait = { 0 };
	static int fd[1024];
	struct usage usage;
	int nr = 0, order, got, i;

	for (;;) {
		read_usage(&usage);
		order = usage.node[0].largest_free_order;
		got = alloc_block(&usage, order < 0 ? 0 : order);
		if (order < 0 && got < 0)
			break;
		if (order >= 0 && got >= 0) {
			CHECK(nr < (int)(sizeof(fd) / sizeof(fd[0])));
			fd[nr++] = got;
			wait = (struct patience) { 0 };
			continue;
		}
		if (got >= 0)
			CHECK_EQ(close(got), 0);
		if (!more_patience(&wait))
			test_fail(__FILE__, __LINE__, "order %d after %d blocks is not true", order,
				  nr);
	}
	for (i = 0; i < nr; i++)
		CHECK_EQ(close(fd[i]), 0);
	test_note("%d blocks", nr);
	CHECK(nr >= 5);
}

#define SINGLES_MAX	(64 * MIB / PAGE)
#define PAGEBLOCK_ORDER	9

/* Takes all of node 0 that NOWAIT requests can have, page by page; returns the number of pages. */
static uint32_t take_single_pages(int32_t *fd)
{
	struct pbuddy_alloc_batch batch = { .size = sizeof(batch), .count = 1 };
	struct pbuddy_drain drain = { .size = sizeof(drain), .node = PBUDDY_NODE_ANY };
	struct rlimit limit = { SINGLES_MAX + 64, SINGLES_MAX + 64 };
	uint32_t nr;

	CHECK_EQ(setrlimit(RLIMIT_NOFILE, &limit), 0);
	batch.each = request(PAGE);
	batch.each.flags = PBUDDY_ALLOC_STRICT_NODE | PBUDDY_ALLOC_NOWAIT;
	batch.each.node = 0;
	for (nr = 0; nr < SINGLES_MAX; nr++) {
		batch.fds_ptr = (uintptr_t)&fd[nr];
		if (!ioctl(dev, PBUDDY_IOCTL_ALLOC_BATCH, &batch))
			continue;
		/* Other CPUs may have large blocks in their caches. */
		CHECK_EQ(ioctl(dev, PBUDDY_IOCTL_DRAIN, &drain), 0);
		if (ioctl(dev, PBUDDY_IOCTL_ALLOC_BATCH, &batch))
			break;
	}
	return nr;
}

static bool doctor_says(const char *words)
{
	FILE *output = popen("pbuddyctl doctor", "re");
	bool found = false;
	char line[256];

	CHECK(output);
	while (fgets(line, sizeof(line), output))
		if (strstr(line, words))
			found = true;
	pclose(output);
	return found;
}

/* With every second page free, only what the watermarks keep is in larger blocks. */
TEST_TIMEOUT(info, fragmentation_is_reported, 300)
{
	static int32_t fd[SINGLES_MAX];
	struct pbuddy_extent extent;
	struct pbuddy_query query;
	struct usage usage;
	uint32_t nr, i;

	CHECK(!doctor_says("=> fragmented"));
	nr = take_single_pages(fd);
	CHECK(nr > SINGLES_MAX / 2);
	for (i = 0; i < nr; i++) {
		CHECK_EQ(query_extents(fd[i], &query, &extent, 1), 1);
		CHECK(extent.phys);
		if (extent.phys / PAGE % 2)
			CHECK_EQ(close(fd[i]), 0);
	}
	read_usage(&usage);
	CHECK(usage.node[0].free_bytes > usage.node[0].total_bytes / 3);
	CHECK(usage.node[0].largest_free_order < PAGEBLOCK_ORDER);
	CHECK(doctor_says("=> fragmented"));
}
