// SPDX-License-Identifier: GPL-2.0-only
/* Finds the ids of buffers that processes hold by descriptors of them or of their dma-bufs. */
#include <stdlib.h>

#include "held_ids.h"

static int add_id(struct held_ids *held, uint64_t id)
{
	uint64_t *more;

	/* A power of two is full. */
	if (!(held->nr & (held->nr - 1))) {
		more = reallocarray(held->id, held->nr ? 2 * held->nr : 1, sizeof(*more));
		if (!more)
			return -1;
		held->id = more;
	}
	held->id[held->nr++] = id;
	return 0;
}

/* What the scan of a process needs. */
struct scan {
	struct proc_visitor	visitor;
	struct held_ids		*held;
};

static int scan_fd(void *arg, const struct proc_fd *fd)
{
	const struct scan *scan = arg;
	uint64_t id, bytes;

	return is_buffer_fd(fd, &id, &bytes) ? add_id(scan->held, id) : 0;
}

static int scan_process(void *arg, int pid)
{
	struct scan *scan = arg;

	return visit_fds(&scan->visitor, pid);
}

static int by_id(const void *a, const void *b)
{
	const uint64_t *x = a, *y = b;

	return *x < *y ? -1 : *x > *y;
}

int find_held_ids(struct held_ids *held)
{
	struct scan scan = {
		.visitor = { .process = scan_process, .fd = scan_fd, .arg = &scan },
		.held = held,
	};
	int err;

	*held = (struct held_ids) { 0 };
	err = visit_processes(&scan.visitor);
	held->unseen = scan.visitor.unseen;
	if (held->nr)
		qsort(held->id, held->nr, sizeof(*held->id), by_id);
	return err;
}

bool is_held(const struct held_ids *held, uint64_t id)
{
	return held->nr && bsearch(&id, held->id, held->nr, sizeof(id), by_id);
}
