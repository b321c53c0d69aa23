/* SPDX-License-Identifier: GPL-2.0-only */
/* Fallback to other migratetypes: claim a pageblock, or steal a block. See fallback.c. */
#ifndef PB_FALLBACK_H
#define PB_FALLBACK_H

#include "core/base/request.h"
#include "core/zone/free_count.h"

/* Other types a request may fall back to, nearest first. */
extern const u8 pb_fallbacks[PB_PCPTYPES][PB_PCPTYPES - 1];

void pb_fallback_note(struct pb_zone *zone, unsigned long pfn, unsigned int order,
		      unsigned int was, enum pb_migratetype mt, enum pb_migratetype from,
		      bool claimed);
bool pb_fallback_claim_free(struct pb_zone *zone, unsigned int order, unsigned long index,
			    enum pb_migratetype from, enum pb_migratetype mt);
bool pb_fallback_claim_pageblock(struct pb_zone *zone, unsigned int order, enum pb_migratetype mt,
				 pb_alloc_flags_t flags);
bool pb_fallback_has_cma(struct pb_zone *zone, const struct pb_request *rq);
unsigned long pb_fallback_cma(struct pb_zone *zone, unsigned int order,
			      const struct pb_request *rq);
unsigned long pb_fallback(struct pb_zone *zone, unsigned int order, const struct pb_request *rq);

/**
 * pb_fallback_cma_first - whether contiguous areas come before the request's own migratetype
 * @zone: the zone
 * @rq: the request
 *
 * Context: any.
 * Return: whether it may use them, and they have over half of the free pages. As __rmqueue() in
 * mm/page_alloc.c.
 */
static inline bool pb_fallback_cma_first(struct pb_zone *zone, const struct pb_request *rq)
{
	long cma;

	if (!zone->cma_pages || !(rq->flags & PB_ALLOC_CMA))
		return false;
	cma = atomic_long_read(&zone->nr_free_cma);
	/* The sum of all CPUs only where it matters. */
	return cma > pb_zone_free_least(zone) / 2 && cma > pb_zone_free_pages(zone) / 2;
}

#endif /* PB_FALLBACK_H */
