/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The processes that keep the module from being unloaded: those that have a device of it, a buffer
 * or a dma-buf open or mapped.
 */
#ifndef HOLDERS_H
#define HOLDERS_H

#include "proc_fds.h"

/* A process with descriptors or mappings of the module. */
struct holder {
	int		pid;
	char		comm[32];
	unsigned int	nr_buffers;	/* by descriptors, also of dma-bufs; each counted once */
	uint64_t	bytes;		/* of these buffers */
	uint64_t	mapped;		/* bytes of its mappings of these and of the device */
	bool		device;		/* has the device open */
	bool		heap;		/* has a device under /dev/dma_heap open */
	bool		trigger;	/* has a descriptor that reports memory pressure */
	char		label[32];	/* of one of the buffers */
};

struct holder_list {
	struct holder	*holder;
	size_t		nr;
	struct proc_unseen unseen;
};

/*
 * Looks through /proc; most bytes first. -1: no memory, or no /proc. The caller frees list->holder.
 * @debugfs is the directory of the module there.
 */
int find_holders(const char *device, const char *debugfs, struct holder_list *list);

#endif /* HOLDERS_H */
