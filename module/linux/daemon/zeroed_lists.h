/* SPDX-License-Identifier: GPL-2.0-only */
/* Zeroes blocks in advance for the lists of each CPU. See zeroed_lists.c. */
#ifndef PB_ZEROED_LISTS_H
#define PB_ZEROED_LISTS_H

#include <linux/types.h>

bool pb_fill_zeroed_lists(int nid, bool (*stop)(void *arg), void *arg);

#endif /* PB_ZEROED_LISTS_H */
