/* SPDX-License-Identifier: GPL-2.0-only */
/* A thread per node that keeps its zones balanced. */
#ifndef PB_NODE_THREAD_H
#define PB_NODE_THREAD_H

#include <linux/types.h>

struct pb_request;

bool pb_node_throttle(const struct pb_request *rq);
void pb_node_thread_wake(struct pb_zone *zone, unsigned int order, pb_alloc_flags_t flags);
void pb_node_thread_want_zeroed(struct pb_zone *zone);

int pb_node_threads_init(void);
void pb_node_threads_exit(void);

#endif /* PB_NODE_THREAD_H */
