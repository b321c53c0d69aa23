/* SPDX-License-Identifier: GPL-2.0-only */
/* Growth of the pool for requests that kernel_reserve would refuse. See account_grow.c. */
#ifndef PB_ACCOUNT_GROW_H
#define PB_ACCOUNT_GROW_H

#include "core/base/alloc_flags.h"

bool pb_account_grow(int nid, pb_alloc_flags_t flags, unsigned long nr_pages);

#endif /* PB_ACCOUNT_GROW_H */
