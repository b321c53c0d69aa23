/* SPDX-License-Identifier: GPL-2.0-only */
/* Allocation from the lists of a per-CPU cache, and their refills. See pcp_refill.c. */
#ifndef PB_PCP_REFILL_H
#define PB_PCP_REFILL_H

#include "core/cache/pcp.h"
#include "core/zone/fallback.h"

/* A block from this CPU's cache, or PB_NO_PFN. Preemption off. */
unsigned long pb_pcp_alloc(struct pb_zone *zone, const struct pb_request *rq);

/*
 * Refills the empty list of a request; false: it is still empty. A request for zeroed memory may
 * get zeroed blocks alone. Inside the pcp section.
 */
bool pb_pcp_refill(struct pb_pcp *pcp, struct pb_pcp_list *list, const struct pb_request *rq);
bool pb_pcp_pop_or_refill(struct pb_pcp *pcp, struct pb_pcp_list *list, const struct pb_request *rq,
			  struct pb_pcp_entry *entry);

/**
 * pb_pcp_may_refill - whether a list may be refilled past the walk over the zonelist
 * @zone: the first zone that may serve the request
 * @rq: the request
 *
 * Context: any.
 * Return: whether the zone stays above all watermarks, and contiguous areas do not come first. If
 * not, the walk decides: it has the rules for both.
 */
static inline bool pb_pcp_may_refill(struct pb_zone *zone, const struct pb_request *rq)
{
	return pb_zone_free_least(zone) - (1L << rq->order) >= zone->fast_watermark &&
	       !pb_fallback_cma_first(zone, rq);
}

#endif /* PB_PCP_REFILL_H */
