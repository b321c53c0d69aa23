/* SPDX-License-Identifier: GPL-2.0-only */
/* Resize a node of the pool while it is in use. */
#ifndef PB_RESIZE_H
#define PB_RESIZE_H

#include <uapi/linux/pbuddy.h>

#include "core/pool/shrink.h"

/**
 * struct pb_resize - a new size of a node, and what became of it
 * @nid: the node
 * @pages: its new size
 * @max_pages: its new maximum; 0: none above @pages
 * @reason: what kept the node from its new size
 * @before: its size before
 * @now: its size now
 * @pinned: pages that stay because of blocks that cannot be moved
 * @busy: pages that stay because blocks could not be moved
 * @kept: pages that the pool does not give back
 * @grouped: of pb_resize_empty(): pages that belong to groups
 * @pinned_pfn: a block that cannot be moved, or PB_NO_PFN
 * @blocked: the first blocks in the way
 */
struct pb_resize {
	int				nid;
	unsigned long			pages;
	unsigned long			max_pages;
	enum pbuddy_resize_reason	reason;
	unsigned long			before;
	unsigned long			now;
	unsigned long			pinned;
	unsigned long			busy;
	unsigned long			kept;
	unsigned long			grouped;
	unsigned long			pinned_pfn;
	struct pb_blocked		blocked;
};

int pb_resize_node(struct pb_resize *resize);
int pb_resize_empty(unsigned long start_pfn, unsigned long end_pfn, struct pb_resize *resize);
int pb_resize_show(char *buf);
unsigned long pb_resize_spare(int nid);
unsigned long pb_resize_give_spare(int nid, unsigned long nr_pages,
				   bool (*may)(unsigned long pfn));
int pb_resize_init(void);
void pb_resize_exit(void);

#endif /* PB_RESIZE_H */
