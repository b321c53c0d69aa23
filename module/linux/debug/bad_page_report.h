/* SPDX-License-Identifier: GPL-2.0-only */
/* Reports refused frees and bad pages in the kernel log. */
#ifndef PB_BAD_PAGE_REPORT_H
#define PB_BAD_PAGE_REPORT_H

#include "core/base/bad_page.h"

struct pb_pool;

void pb_report_bad(struct pb_pool *pool, enum pb_bad bad, unsigned long pfn, unsigned int order,
		   unsigned int was);

#endif /* PB_BAD_PAGE_REPORT_H */
