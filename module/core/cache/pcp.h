/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Per-CPU caches: the busy window and what may be done in it inline, for the fast path and
 * for the files that refill and drain (the theory stands in pcp.c).
 *
 * Letters before a field's description: I = set at initialisation, constant afterwards; P = owned
 * by one CPU, inside its pcp busy window.
 */
#ifndef PB_PCP_H
#define PB_PCP_H

#include "core/base/request.h"

/*
 * Orders with pcp lists: up to one above the pageblock's, the largest that mm/ has at all;
 * refilled by words as long as a block fits into one, else singly.
 */
#define PB_PCP_MAX_SMALL	PB_WORD_ORDER
#define PB_NR_PCP_ORDERS	(PB_PAGEBLOCK_ORDER + 2)
#define PB_LIFO_MAX		28	/* makes a list 512 bytes */

/* A block in a list: its head, and where the head's order byte is, for finding that costs most. */
struct pb_pcp_entry {
	unsigned long	pfn;
	u8		*byte;
};

/**
 * struct pb_pcp_list - P: a short LIFO over an unexpanded mask of blocks within one word
 * @n: blocks in @lifo
 * @limit: drained when it holds this many
 * @cur: pageblock this CPU refills from, + 1; 0 = none
 * @put: pageblock this CPU drained to last and whose key may lag, + 1; 0 = none
 * @mask: bit i: the block at @mask_base + i is here too
 * @mask_base: pfn of a word's first frame
 * @mask_bytes: the order bytes of that word's frames
 * @nr_alloc: blocks handed out
 * @nr_free: blocks returned
 * @lifo: newest last
 */
struct pb_pcp_list {
	u32		n;
	u32		limit;
	u32		cur;
	u32		put;
	u64		mask;
	unsigned long	mask_base;
	u8		*mask_bytes;
	unsigned long	nr_alloc;
	unsigned long	nr_free;
	struct pb_pcp_entry lifo[PB_LIFO_MAX];
} ____cacheline_aligned;

/**
 * struct pb_pcp - a CPU's cache of one zone
 * @zone: I
 * @busy: P: the owner is inside; an interrupt that sees it takes the shared path
 * @high: P: pages the lists may hold together, auto-tuned between high_min and high_max
 * @event: P: other events counted inside the busy window
 * @list: P
 */
struct pb_pcp {
	struct pb_zone		*zone;
	u8			busy;
	int			high;
	unsigned long		event[PB_NR_EVENTS];
	struct pb_pcp_list	list[PB_NR_PCP_ORDERS][PB_PCPTYPES];
};

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
