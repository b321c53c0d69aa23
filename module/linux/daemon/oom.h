/* SPDX-License-Identifier: GPL-2.0-only */
/* OOM policy: fail, or kill the process that holds most of the pool. */
#ifndef PB_OOM_H
#define PB_OOM_H

#include "core/base/platform.h"

struct pb_pool;
struct pb_request;

extern unsigned long pb_oom_victim_ticks;

bool pb_oom(struct pb_pool *pool, const struct pb_request *rq);
bool pb_oom_victim(struct pb_pool *pool);
int pb_oom_set_policy(const char *name);
void pb_oom_exit(void);

#endif /* PB_OOM_H */
