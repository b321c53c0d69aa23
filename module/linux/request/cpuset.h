/* SPDX-License-Identifier: GPL-2.0-only */
/* Nodes that the cpuset of the current task allows. See cpuset.c. */
#ifndef PB_CPUSET_H
#define PB_CPUSET_H

#include <linux/nodemask.h>
#include <linux/types.h>

struct pb_request;

const unsigned long *pb_cpuset_mems_allowed(void);
bool pb_cpuset_intersects(const nodemask_t *nodes);
unsigned int pb_mems_allowed_begin(void);
bool pb_mems_allowed_retry(unsigned int cookie);
bool pb_cpuset_changed(const struct pb_request *rq);

#endif /* PB_CPUSET_H */
