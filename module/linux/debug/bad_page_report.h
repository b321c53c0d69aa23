/* SPDX-License-Identifier: GPL-2.0-only */
/* Lines in the kernel log about what callers did wrong and about requests that failed. */
#ifndef PB_BAD_PAGE_REPORT_H
#define PB_BAD_PAGE_REPORT_H

#include <linux/gfp.h>

#include "core/alloc/failure_reason.h"
#include "core/base/bad_page.h"

void pb_report_bad(struct pb_pool *pool, enum pb_bad bad, unsigned long pfn, unsigned int order,
		   unsigned int was);
void pb_report_failure(const struct pb_request *rq, gfp_t gfp, unsigned long nr_pages,
		       enum pb_reason reason);

#endif /* PB_BAD_PAGE_REPORT_H */
