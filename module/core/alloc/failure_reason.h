/* SPDX-License-Identifier: GPL-2.0-only */
/* Why a request failed; and the count of those that did. */
#ifndef PB_FAILURE_REASON_H
#define PB_FAILURE_REASON_H

#include "core/base/types.h"

enum pb_reason pb_failure_reason(struct pb_pool *pool, const struct pb_request *rq,
				 unsigned long nr_pages);
unsigned long pb_alloc_fail(struct pb_pool *pool, enum pb_reason why, enum pb_reason *reason);
unsigned long pb_alloc_refused(struct pb_pool *pool, const struct pb_request *rq,
			       enum pb_reason *reason);

#endif /* PB_FAILURE_REASON_H */
