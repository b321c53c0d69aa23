/* SPDX-License-Identifier: GPL-2.0-only */
/* The highatomic reserve: pageblocks for atomic high-order requests. See highatomic.c. */
#ifndef PB_HIGHATOMIC_H
#define PB_HIGHATOMIC_H

#include "core/base/migratetype.h"
#include "core/base/platform.h"

struct pb_request;
struct pb_zone;

unsigned long pb_highatomic_alloc(struct pb_zone *zone, const struct pb_request *rq);
void pb_highatomic_reserve(struct pb_zone *zone, unsigned long pfn, unsigned int order);
bool pb_highatomic_unreserve_zone(struct pb_zone *zone, enum pb_migratetype mt, bool force);

#endif /* PB_HIGHATOMIC_H */
