/* SPDX-License-Identifier: GPL-2.0-only */
/* Zeroes pages. See zero.c. */
#ifndef PB_ZERO_H
#define PB_ZERO_H

#include <linux/types.h>

void pb_pages_zero(unsigned long pfn, unsigned long nr_pages, bool may_sleep);

#endif /* PB_ZERO_H */
