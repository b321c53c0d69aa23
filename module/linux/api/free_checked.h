/* SPDX-License-Identifier: GPL-2.0-only */
/* The free of blocks that leave the fast path. See free_checked.c. */
#ifndef PB_FREE_CHECKED_H
#define PB_FREE_CHECKED_H

struct page;

void pb_free_checked(struct page *page, unsigned int order);

#endif /* PB_FREE_CHECKED_H */
