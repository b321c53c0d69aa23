/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The users that keep the module from being unloaded: the processes that have the device or buffers
 * open or mapped, and the modules that use the in-kernel API.
 */
#ifndef HOLDERS_H
#define HOLDERS_H

#include "pbuddyctl.h"

/* A process with descriptors or mappings of the module. */
struct holder {
	int		pid;
	char		comm[32];
	unsigned int	nr_buffers;	/* each counted once */
	uint64_t	bytes;		/* of these buffers */
	uint64_t	mapped;		/* bytes of its mappings of buffers and the device */
	bool		device;		/* has the device open */
	char		label[32];	/* of one of the buffers */
};

struct holder_list {
	struct holder	*holder;
	size_t		nr;
	unsigned int	unreadable;	/* processes whose descriptors the caller may not see */
};

/* Looks through /proc; most bytes first. -1: no memory. The caller frees list->holder. */
int find_holders(const char *device, struct holder_list *list);

#endif /* HOLDERS_H */
