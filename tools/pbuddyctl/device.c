// SPDX-License-Identifier: GPL-2.0-only
/* Opening /dev/pbuddy, and the ioctl GET_INFO. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>

#include "pbuddyctl.h"

static const char *open_advice(int err)
{
	switch (err) {
	case ENOENT:
	case ENXIO:
	case ENODEV:
		return "is the module loaded? Try: modprobe pbuddy";
	case EACCES:
	case EPERM:
		return "for root and the group pbuddy only; try: sudo adduser $USER pbuddy";
	default:
		return "try: pbuddyctl doctor";
	}
}

int open_device(const struct options *opt)
{
	int fd = open(opt->device, O_RDWR | O_CLOEXEC);

	if (fd < 0)
		fprintf(stderr, "pbuddyctl: %s: %s (%s)\n", opt->device, strerror(errno),
			open_advice(errno));
	return fd;
}

static int get_info(int fd, struct node_table *table, uint32_t nr)
{
	table->info = (struct pbuddy_info) {
		.size = sizeof(table->info),
		.nodes_ptr = (uintptr_t)table->node,
		.nr_nodes = nr,
		.node_size = sizeof(*table->node),
	};
	return ioctl(fd, PBUDDY_IOCTL_GET_INFO, &table->info);
}

int read_nodes(int fd, struct node_table *table)
{
	uint32_t nr;

	table->node = NULL;
	if (get_info(fd, table, 0))
		return -1;
	nr = table->info.nr_nodes;
	table->node = calloc(nr ? nr : 1, sizeof(*table->node));
	if (!table->node || get_info(fd, table, nr)) {
		free(table->node);
		return -1;
	}
	/* The number may have grown between the calls; only @nr elements are filled. */
	if (table->info.nr_nodes > nr)
		table->info.nr_nodes = nr;
	return 0;
}

const char *reason_text(uint32_t reason)
{
	static const char *const text[] = {
		[PBUDDY_REASON_NONE] = "no reason given",
		[PBUDDY_REASON_LIMIT] = "more than these nodes own, or than a limit allows",
		[PBUDDY_REASON_WATERMARK] = "not enough free pages",
		[PBUDDY_REASON_FRAGMENTATION] = "enough free pages, but not contiguous enough",
		[PBUDDY_REASON_NODE] = "the node owns no pbuddy memory",
		[PBUDDY_REASON_POLICY] = "the memory policy or cpuset allows no node",
	};

	return reason < sizeof(text) / sizeof(text[0]) ? text[reason] : "unknown reason";
}
