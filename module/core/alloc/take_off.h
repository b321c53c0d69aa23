/* SPDX-License-Identifier: GPL-2.0-only */
/* Take single free frames out of use. See take_off.c. */
#ifndef PB_TAKE_OFF_H
#define PB_TAKE_OFF_H

#include "core/base/platform.h"

struct pb_pool;

bool pb_take_page_off(struct pb_pool *pool, unsigned long pfn);

#endif /* PB_TAKE_OFF_H */
