/* SPDX-License-Identifier: GPL-2.0-only */
/* The pool's memory in /proc/iomem. See iomem.c. */
#ifndef PB_IOMEM_H
#define PB_IOMEM_H

#include <linux/types.h>

int pb_iomem_add(int nid, unsigned long start_pfn, unsigned long nr_pages);
int pb_iomem_remove(unsigned long start_pfn, unsigned long nr_pages, gfp_t gfp);
void pb_iomem_exit(void);

#endif /* PB_IOMEM_H */
