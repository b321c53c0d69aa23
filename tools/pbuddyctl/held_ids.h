/* SPDX-License-Identifier: GPL-2.0-only */
/* The ids of the buffers that processes hold by descriptors. */
#ifndef HELD_IDS_H
#define HELD_IDS_H

#include "proc_fds.h"

struct held_ids {
	uint64_t	*id;		/* sorted */
	size_t		nr;
	struct proc_unseen unseen;
};

/* Looks through /proc; -1: no memory, or no /proc. The caller frees held->id. */
int find_held_ids(struct held_ids *held);
bool is_held(const struct held_ids *held, uint64_t id);

#endif /* HELD_IDS_H */
