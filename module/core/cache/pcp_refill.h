/* SPDX-License-Identifier: GPL-2.0-only */
/* Allocation from the lists of a per-CPU cache, and their refills. See pcp_refill.c. */
#ifndef PB_PCP_REFILL_H
#define PB_PCP_REFILL_H

#include "core/cache/pcp.h"

/* A block from this CPU's cache, or PB_NO_PFN. Preemption off. */
unsigned long pb_pcp_alloc(struct pb_zone *zone, const struct pb_request *rq);

/*
 * Refills the empty list of a request; false: it is still empty. A request for zeroed memory may
 * get zeroed blocks alone. Inside the pcp section.
 */
bool pb_pcp_refill(struct pb_pcp *pcp, struct pb_pcp_list *list, const struct pb_request *rq);
bool pb_pcp_pop_or_refill(struct pb_pcp *pcp, struct pb_pcp_list *list, const struct pb_request *rq,
			  struct pb_pcp_entry *entry);

#endif /* PB_PCP_REFILL_H */
