/* SPDX-License-Identifier: GPL-2.0-only */
/* Purgeable buffers: advice of programs, and their memory as a reserve of reclaim. See purge.c. */
#ifndef PB_PURGE_H
#define PB_PURGE_H

#include <linux/types.h>

#include "core/alloc/failure_reason.h"
#include "user/buffer.h"

struct pb_request;

int pb_purge_dontneed(struct pb_buffer *buf, bool *retained);
int pb_purge_willneed(struct pb_buffer *buf, bool *retained, enum pb_reason *reason);
void pb_purge_not_told(struct pb_buffer *buf);
int pb_purge_restore_locked(struct pb_buffer *buf, enum pb_restore_for why,
			    enum pb_reason *reason);
int pb_purge_restore(struct pb_buffer *buf, enum pb_restore_for why);
unsigned long pb_purgeable_pages(const struct pb_buffer *buf);

extern unsigned long pb_purge_nr_passed;
unsigned long pb_purge_count_node(int nid);
unsigned long pb_purge_node(int nid, unsigned long nr_pages, bool may_unmap);
bool pb_purge_for(const struct pb_request *rq);
bool pb_purge_wait(void);
int pb_purge_init(void);
void pb_purge_exit(void);

#endif /* PB_PURGE_H */
