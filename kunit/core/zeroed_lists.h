/* SPDX-License-Identifier: GPL-2.0-only */
/* Shared by the suites of zeroed memory in the per-CPU lists. */
#ifndef PT_ZEROED_LISTS_H
#define PT_ZEROED_LISTS_H

#include "core/alloc/alloc.h"
#include "core/cache/pcp.h"
#include "core/cache/zeroed.h"
#include "fixture.h"

static inline struct pb_pcp *here(struct pb_zone *zone)
{
	return pb_per_cpu_ptr(zone->pcp, raw_smp_processor_id());
}

static inline unsigned long count_zeroed_words(struct pb_zone *zone)
{
	unsigned long index, n = 0;

	for (index = 0; index < zone->nr_pageblocks; index++)
		n += hweight_long(pb_zeroed_words(zone, index));
	return n;
}

static inline void set_high(struct pb_zone *zone, int pageblocks)
{
	here(zone)->high = pageblocks * PB_PAGEBLOCK_NR;
	zone->pcp_high_max = here(zone)->high;
}

static inline unsigned long alloc_zeroed(struct pt_fixture *f, unsigned int order,
					 enum pb_migratetype mt, bool *zeroed)
{
	struct pb_request rq = pt_rq(order, mt, 0);

	*zeroed = !*zeroed;	/* shows in half of the calls when pb_alloc() does not set it */
	rq.zeroed = zeroed;
	return pb_alloc(&f->pool, &rq, NULL);
}

#endif /* PT_ZEROED_LISTS_H */
