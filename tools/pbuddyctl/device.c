// SPDX-License-Identifier: GPL-2.0-only
/* Opening /dev/pbuddy, and the ioctl GET_INFO. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "pbuddyctl.h"

/*
 * GET_INFO is as old as the device, and cannot fail with these arguments. Drivers of other devices
 * refuse an unknown ioctl with ENOTTY, EINVAL, ENOSYS, EACCES and more. Some look at its number
 * alone: for a heap of dma-bufs that of GET_INFO means to allocate, and it writes another struct.
 */
static bool is_pbuddy(const char *path, int fd)
{
	struct pbuddy_info info = { .size = sizeof(info) };
	const char *reason = "GET_INFO says nothing";

	if (pbuddy_get_info(fd, &info))
		reason = strerror(errno);
	else if (info.page_size)
		return true;
	fprintf(stderr, "pbuddyctl: %s: is not the device of pbuddy (%s)\n", path, reason);
	return false;
}

int open_device(const struct options *opt)
{
	int fd = pbuddy_open(opt->device);

	if (fd < 0) {
		fprintf(stderr, "pbuddyctl: %s\n", pbuddy_error());
	} else if (!is_pbuddy(opt->device, fd)) {
		close(fd);
		fd = -1;
	}
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
	return pbuddy_get_info(fd, &table->info);
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

int ioctl_failed(const struct options *opt, const char *name, long node)
{
	int error = errno;

	if (error == ENXIO)
		fprintf(stderr, "pbuddyctl: node %ld owns no pbuddy memory\n", node);
	else
		fprintf(stderr, "pbuddyctl: %s: %s: %s%s\n", opt->device, name, strerror(error),
			error == ENOTTY ? " (the module is older)" :
			error == EPERM ? " (needs CAP_SYS_ADMIN)" : "");
	return EXIT_FAILED;
}

int open_nodes(const struct options *opt, long node, int *fd, struct node_table *table)
{
	int status;

	*fd = open_device(opt);
	if (*fd < 0)
		return EXIT_NO_DEVICE;
	if (!read_nodes(*fd, table))
		return EXIT_OK;
	status = ioctl_failed(opt, "GET_INFO", node);
	close(*fd);
	return status;
}

uint64_t pageblock_bytes(const struct node_table *table)
{
	return (uint64_t)table->info.page_size << table->info.block_order;
}
