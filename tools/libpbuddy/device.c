// SPDX-License-Identifier: MIT
/* libpbuddy: opens the device, and reads what it says of the module's memory. */
#include <errno.h>
#include <sys/ioctl.h>

#include "error.h"
#include "libpbuddy.h"

static const char *open_hint(int err)
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

int pbuddy_open(const char *path)
{
	int fd;

	if (!path)
		path = "/dev/pbuddy";
	fd = open(path, O_RDWR | O_CLOEXEC);
	return fd < 0 ? pbuddy_fail__(0, open_hint(errno), "%s", path) : fd;
}

int pbuddy_get_info(int device, struct pbuddy_info *info)
{
	return ioctl(device, PBUDDY_IOCTL_GET_INFO, info) ? pbuddy_fail__(0, NULL, "GET_INFO") : 0;
}

int pbuddy_get_nodes(int device, struct pbuddy_node_info *nodes, size_t node_size,
		     unsigned int max)
{
	struct pbuddy_info info = {
		.size = sizeof(info),
		.nodes_ptr = (uintptr_t)nodes,
		.nr_nodes = max,
		.node_size = (uint32_t)node_size,
	};

	return pbuddy_get_info(device, &info) ? -1 : (int)info.nr_nodes;
}

int pbuddy_watch_pressure(int device, struct pbuddy_pressure *trigger)
{
	if (ioctl(device, PBUDDY_IOCTL_PRESSURE, trigger))
		return pbuddy_fail__(0, NULL, "cannot watch the memory pressure");
	return trigger->fd;
}
