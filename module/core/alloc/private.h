/* SPDX-License-Identifier: GPL-2.0-only */
/* Requests that private zones serve. See private.c. */
#ifndef PB_PRIVATE_H
#define PB_PRIVATE_H

#include "core/base/request.h"

struct pb_pool;

bool pb_private_drain(struct pb_pool *pool, const struct pb_request *rq, unsigned long nr_pages);
unsigned long pb_private_alloc_slow(struct pb_pool *pool, const struct pb_request *rq);

#endif /* PB_PRIVATE_H */
