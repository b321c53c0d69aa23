/* SPDX-License-Identifier: GPL-2.0-only */
/* Requests of an order that has failed drain and wake less often. See slow_defer.c. */
#ifndef PB_SLOW_DEFER_H
#define PB_SLOW_DEFER_H

#include "core/alloc/slow.h"

bool pb_slow_deferred(const struct pb_slow *s);
void pb_slow_defer(const struct pb_slow *s);
void pb_slow_defer_reset(const struct pb_slow *s);
bool pb_slow_drain_helps(const struct pb_slow *s);

#endif /* PB_SLOW_DEFER_H */
