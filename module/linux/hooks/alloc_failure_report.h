/* SPDX-License-Identifier: GPL-2.0-only */
/* Reports failed requests in the kernel log. */
#ifndef PB_ALLOC_FAILURE_REPORT_H
#define PB_ALLOC_FAILURE_REPORT_H

#include <linux/gfp.h>

#include "core/alloc/failure_reason.h"

void pb_report_failure(const struct pb_request *rq, gfp_t gfp, unsigned long nr_pages,
		       enum pb_reason reason, bool user);

#endif /* PB_ALLOC_FAILURE_REPORT_H */
