// SPDX-License-Identifier: GPL-2.0-only
/* The values of each node in /sys/class/misc/pbuddy, as a user without rights reads them. */
#include <sys/uio.h>

#include "common.h"

#define BLOCK	(2 * MIB)

static long long node_value(int node, const char *name)
{
	char path[128], text[64];

	snprintf(path, sizeof(path), "/sys/class/misc/pbuddy/node%d/%s", node, name);
	if (!read_file(path, text, sizeof(text)))
		test_fail(__FILE__, __LINE__, "%s: %s", path, strerror(errno));
	return atoll(text);
}

static bool free_agrees(const struct pbuddy_node_info *node)
{
	return node_value(node->node, "free_kbytes") * 1024 ==
	       (long long)(node->free_bytes + node->pcp_bytes) &&
	       node_value(node->node, "largest_order") == node->largest_free_order;
}

/* A thread of the module may move pages between the two readings. */
static void wait_for_free_to_agree(void)
{
	struct patience wait = { 0 };
	struct usage usage;
	uint32_t i = 0;

	while (more_patience(&wait)) {
		read_usage(&usage);
		for (i = 0; i < usage.nr_nodes && free_agrees(&usage.node[i]); i++)
			;
		if (i == usage.nr_nodes)
			return;
	}
	CHECK_EQ(node_value(usage.node[i].node, "free_kbytes") * 1024,
		 usage.node[i].free_bytes + usage.node[i].pcp_bytes);
	CHECK_EQ(node_value(usage.node[i].node, "largest_order"), usage.node[i].largest_free_order);
}

/* As GET_INFO says, for a user without rights. */
static void values_agree(void *unused)
{
	struct usage usage;
	uint32_t i;

	(void)unused;
	wait_for_free_to_agree();
	read_usage(&usage);
	drop_privileges();
	for (i = 0; i < usage.nr_nodes; i++) {
		const struct pbuddy_node_info *node = &usage.node[i];

		CHECK_EQ(node_value(node->node, "size_kbytes") * 1024, node->total_bytes);
		CHECK(node_value(node->node, "free_kbytes") > 0);
		CHECK(node_value(node->node, "cached_kbytes") >= 0);
		CHECK(node_value(node->node, "largest_order") >= -1);
		CHECK(node_value(node->node, "max_kbytes") >=
		      node_value(node->node, "size_kbytes"));
		CHECK(node_value(node->node, "min_watermark_kbytes") <=
		      node_value(node->node, "low_watermark_kbytes"));
		CHECK(node_value(node->node, "low_watermark_kbytes") <=
		      node_value(node->node, "high_watermark_kbytes"));
	}
}

/* The largest free block changes when a cache is drained. */
static void drain_caches(void)
{
	struct pbuddy_drain drain = { .size = sizeof(drain), .node = PBUDDY_NODE_ANY };

	CHECK_EQ(ioctl(dev, PBUDDY_IOCTL_DRAIN, &drain), 0);
}

TEST(sysfs, values_of_nodes)
{
	struct pbuddy_alloc rq = request(5 * MIB);

	drain_caches();
	CHECK_EQ(in_child(values_agree, NULL), 0);
	alloc_as(&rq);
	drain_caches();
	CHECK_EQ(in_child(values_agree, NULL), 0);
}

TEST(sysfs, quarantine_of_a_node)
{
	struct pbuddy_alloc rq = request(4 * PAGE);
	struct usage usage;
	int fd, pipe_fd[2], node;
	struct iovec iov;
	char *p;

	read_usage(&usage);
	node = usage.node[usage.nr_nodes - 1].node;
	rq.node = node;
	rq.flags = PBUDDY_ALLOC_STRICT_NODE;
	fd = alloc_as(&rq);
	p = (char *)map_buffer(fd, 4 * PAGE);
	*p = 1;
	iov = (struct iovec) { .iov_base = p, .iov_len = PAGE };
	CHECK_EQ(pipe2(pipe_fd, O_CLOEXEC), 0);
	CHECK_EQ(vmsplice(pipe_fd[1], &iov, 1, 0), PAGE);
	CHECK_EQ(munmap(p, 4 * PAGE) | close(fd), 0);
	wait_for_quarantine(PAGE);
	CHECK_EQ(node_value(node, "quarantine_kbytes"), 4);
	if (usage.node[0].node != node)
		CHECK_EQ(node_value(usage.node[0].node, "quarantine_kbytes"), 0);
	CHECK_EQ(close(pipe_fd[0]) | close(pipe_fd[1]), 0);
	wait_for_quarantine(0);
	CHECK_EQ(node_value(node, "quarantine_kbytes"), 0);
}

TEST(sysfs, follows_resize)
{
	struct pbuddy_resize r = { .size = sizeof(r) };
	uint64_t before;
	struct usage usage;
	int node;

	read_usage(&usage);
	node = usage.node[0].node;
	before = usage.node[0].total_bytes;
	r.node = node;
	r.bytes = before - 4 * BLOCK;
	r.max_bytes = before;
	if (ioctl(dev, PBUDDY_IOCTL_RESIZE, &r))
		test_skip("the node is not resized: %s", strerror(errno));
	CHECK_EQ(node_value(node, "size_kbytes") * 1024, before - 4 * BLOCK);
	CHECK_EQ(node_value(node, "max_kbytes") * 1024, before);
	r.bytes = before;
	CHECK_EQ(resize_patiently(&r), 0);
	CHECK_EQ(node_value(node, "size_kbytes") * 1024, before);
}
