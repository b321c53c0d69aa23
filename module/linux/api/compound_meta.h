/* SPDX-License-Identifier: GPL-2.0-only */
/* The struct pages of a compound block. See compound_meta.c. */
#ifndef PB_COMPOUND_META_H
#define PB_COMPOUND_META_H

#include <linux/types.h>

struct page;

/* Reference count of an allocated page that only pbuddy refers to. */
#define PB_BASE_REFS	1

bool pb_compound_set_pages(struct page *head, unsigned int order, bool may_sleep);
bool pb_compound_set_up(unsigned long pfn, unsigned int order, bool may_sleep);
bool pb_compound_take_down(struct page *head, unsigned int order);

#endif /* PB_COMPOUND_META_H */
