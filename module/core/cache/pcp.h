/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Per-CPU caches: the busy window and what may be done in it inline, for the fast path and
 * for the rooms that refill and drain (the theory stands in pcp.c).
 */
#ifndef PB_PCP_H
#define PB_PCP_H

#include "core/base/types.h"

int pb_pcp_init(struct pb_zone *zone);
void pb_pcp_destroy(struct pb_zone *zone);

/* A frame of this order and migratetype from this CPU's cache, or PB_NO_PFN. Preemption off. */
unsigned long pb_pcp_alloc(struct pb_zone *zone, const struct pb_request *rq);

/* Fills the empty list of a request; false: it is still empty. Inside the window. */
bool pb_pcp_refill(struct pb_pcp *pcp, struct pb_pcp_list *list, const struct pb_request *rq);

/* The list stops refilling from its pageblock. Inside the window. */
void pb_pcp_drop_block(struct pb_zone *zone, struct pb_pcp_list *list);

/* What lists of an order may hold now, after pcp->high changed. */
void pb_pcp_set_limit(struct pb_pcp *pcp, struct pb_pcp_list *list, unsigned int order);

/* Pages in all caches of a zone, and in one CPU's; exact only when quiescent. */
unsigned long pb_pcp_pages(struct pb_zone *zone);
unsigned long pb_pcp_count(const struct pb_pcp *pcp);

static inline bool pb_pcp_order(unsigned int order)
{
	return order < PB_NR_PCP_ORDERS;
}

/* Opens the busy window of this CPU; false when it is open already. Preemption off. */
static __always_inline bool pb_pcp_enter(struct pb_pcp *pcp)
{
	pb_assert_preempt_off();
	/* Only this CPU writes it, so an interrupt leaves it as it found it. */
	if (unlikely(pcp->busy))
		return false;
	WRITE_ONCE(pcp->busy, 1);
	barrier();
	return true;
}

static __always_inline void pb_pcp_leave(struct pb_pcp *pcp)
{
	barrier();
	WRITE_ONCE(pcp->busy, 0);
}

/* The list of an order and migratetype; its address is computed once. */
static __always_inline struct pb_pcp_list *pb_pcp_list(struct pb_pcp *pcp, unsigned long order,
						       unsigned long mt)
{
	struct pb_pcp_list *list = pcp->list[0] + (order * PB_PCPTYPES + mt);

	OPTIMIZER_HIDE_VAR(list);
	return list;
}

/* A block of a list; false when there is none. Inside the window. */
static __always_inline bool pb_pcp_pop(struct pb_pcp_list *list, struct pb_pcp_entry *entry)
{
	unsigned long bit;
	u32 n = list->n;
	u64 mask;

	if (likely(n)) {
		list->n = --n;
		*entry = list->lifo[n];
		return true;
	}
	mask = list->mask;
	if (unlikely(!mask))
		return false;
	bit = __ffs(mask);		/* a u64 is a long here */
	list->mask = mask & (mask - 1);
	entry->pfn = list->mask_base + bit;
	entry->byte = list->mask_bytes + bit;
	return true;
}

/* A block into a list that has room for it. Inside the window. */
static __always_inline void pb_pcp_push(struct pb_pcp_list *list, unsigned long pfn, u8 *byte)
{
	u32 n = list->n;

	list->lifo[n].pfn = pfn;
	list->lifo[n].byte = byte;
	list->n = n + 1;
}

#endif /* PB_PCP_H */
