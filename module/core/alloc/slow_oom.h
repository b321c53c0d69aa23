/* SPDX-License-Identifier: GPL-2.0-only */
/* Kill a task for a request in the slow path. */
#ifndef PB_SLOW_OOM_H
#define PB_SLOW_OOM_H

#include "core/alloc/slow.h"

bool pb_slow_oom(struct pb_slow *s, bool *progress);

#endif /* PB_SLOW_OOM_H */
