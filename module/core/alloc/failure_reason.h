/* SPDX-License-Identifier: GPL-2.0-only */
/* Decide why a request failed, and count failures. */
#ifndef PB_FAILURE_REASON_H
#define PB_FAILURE_REASON_H

#include "core/base/platform.h"

struct pb_pool;
struct pb_request;

/* Why an allocation failed; same values as enum pbuddy_reason. */
enum pb_reason {
	PB_REASON_NONE,
	PB_REASON_LIMIT,
	PB_REASON_WATERMARK,
	PB_REASON_FRAGMENTATION,
	PB_REASON_NODE,
	PB_REASON_POLICY,
	PB_NR_REASONS,
};

enum pb_reason pb_failure_reason(struct pb_pool *pool, const struct pb_request *rq,
				 unsigned long nr_pages);
bool pb_request_stale(struct pb_pool *pool, const struct pb_request *rq);
unsigned long pb_alloc_fail(struct pb_pool *pool, const struct pb_request *rq, enum pb_reason why,
			    enum pb_reason *reason);
unsigned long pb_alloc_refused(struct pb_pool *pool, const struct pb_request *rq,
			       enum pb_reason *reason);

#endif /* PB_FAILURE_REASON_H */
