/* SPDX-License-Identifier: GPL-2.0-only */
/* Decide whether a request in the slow path tries another round. */
#ifndef PB_SLOW_RETRY_H
#define PB_SLOW_RETRY_H

#include "core/alloc/slow.h"

bool pb_slow_huge_gives_up(const struct pb_slow *s);
bool pb_slow_reclaim_retry(struct pb_slow *s);
bool pb_slow_compact_retry(struct pb_slow *s);

#endif /* PB_SLOW_RETRY_H */
