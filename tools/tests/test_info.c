// SPDX-License-Identifier: GPL-2.0-only
/* What GET_INFO says of the memory is what an allocation can have. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "common.h"

/*
 * What GET_INFO calls the largest order can be allocated, until nothing can. A node thread may take
 * a block between the two calls. Then GET_INFO has to say less, or a second try to succeed.
 */
TEST(info, largest_order_is_true)
{
	const uint32_t flags = PBUDDY_ALLOC_CONTIG | PBUDDY_ALLOC_STRICT_NODE;
	static int fd[1024];
	struct usage usage;
	struct pbuddy_alloc rq;
	int nr = 0, failed = 0, i;

	for (;;) {
		read_usage(&usage);
		if (usage.node[0].largest_free_order < 0)
			break;
		CHECK(nr < (int)(sizeof(fd) / sizeof(fd[0])));
		rq = request(PAGE << usage.node[0].largest_free_order);
		rq.flags = flags;
		rq.node = usage.node[0].node;
		if (!ioctl(dev, PBUDDY_IOCTL_ALLOC, &rq))
			fd[nr++] = rq.fd;
		else if (++failed > 3)
			test_fail(__FILE__, __LINE__, "order %d after %d blocks: %s, reason %u",
				  usage.node[0].largest_free_order, nr, strerror(errno), rq.reason);
	}
	rq = request(PAGE);
	rq.flags = flags;
	rq.node = usage.node[0].node;
	CHECK_EQ(ioctl(dev, PBUDDY_IOCTL_ALLOC, &rq), -1);
	CHECK_EQ(errno, ENOMEM);
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
	struct rlimit limit = { SINGLES_MAX + 64, SINGLES_MAX + 64 };
	uint32_t nr;

	CHECK_EQ(setrlimit(RLIMIT_NOFILE, &limit), 0);
	batch.each = request(PAGE);
	batch.each.flags = PBUDDY_ALLOC_STRICT_NODE | PBUDDY_ALLOC_NOWAIT;
	batch.each.node = 0;
	for (nr = 0; nr < SINGLES_MAX; nr++) {
		batch.fds_ptr = (uintptr_t)&fd[nr];
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
