/* SPDX-License-Identifier: GPL-2.0-only */
/* Fallback to other migratetypes: claim a pageblock, or steal a block. See fallback.c. */
#ifndef PB_FALLBACK_H
#define PB_FALLBACK_H

#include "core/base/alloc_flags.h"

struct pb_request;

/* Other types a request may fall back to, nearest first. */
extern const u8 pb_fallbacks[PB_PCPTYPES][PB_PCPTYPES - 1];

void pb_fallback_note(struct pb_zone *zone, unsigned long pfn, unsigned int order,
		      unsigned int was, enum pb_migratetype mt, enum pb_migratetype from,
		      bool claimed);
bool pb_fallback_claim_free(struct pb_zone *zone, unsigned int order, unsigned long index,
			    enum pb_migratetype from, enum pb_migratetype mt);
bool pb_fallback_claim_pageblock(struct pb_zone *zone, unsigned int order, enum pb_migratetype mt,
				 pb_alloc_flags_t flags);
unsigned long pb_fallback_steal(struct pb_zone *zone, unsigned int order,
				const struct pb_request *rq);
bool pb_fallback_has_cma(struct pb_zone *zone, const struct pb_request *rq);
unsigned long pb_fallback_cma(struct pb_zone *zone, unsigned int order,
			      const struct pb_request *rq);
unsigned long pb_fallback(struct pb_zone *zone, unsigned int order, const struct pb_request *rq);

#endif /* PB_FALLBACK_H */
