/* SPDX-License-Identifier: GPL-2.0-only */
/* Zeroed blocks in the lists of a per-CPU cache. See pcp_zeroed.c. Inside the pcp section. */
#ifndef PB_PCP_ZEROED_H
#define PB_PCP_ZEROED_H

#include "core/cache/pcp.h"
#include "core/cache/zeroed.h"
#include "core/index/pageblock.h"

/* Takes the free blocks of a word; @zero is set to whether they are known to be zero. */
static __always_inline u64 pb_pcp_alloc_word(struct pb_zone *zone, unsigned long pfn,
					     atomic64_t *word, unsigned int order, bool *zero)
{
	u64 heads = pb_word_alloc_all(word, order);

	*zero = heads && pb_zeroed_test_and_clear(zone, pfn, PB_WORD_NR);
	return heads;
}

/* Adds a block to the zeroed blocks of a list of an order without masks; false: it is full. */
static inline bool pb_pcp_keep_zeroed_block(struct pb_pcp_list *list, unsigned long pfn,
					    u8 *order_map)
{
	unsigned long bit = ffz(list->zeroed);		/* a u64 is a long here */

	if (unlikely(bit >= PB_PCP_BLOCKS))
		return false;
	list->lifo[PB_PCP_ZEROED_AT + bit].pfn = pfn;
	list->lifo[PB_PCP_ZEROED_AT + bit].order_map = order_map;
	list->zeroed |= BIT_ULL(bit);
	return true;
}

/*
 * Makes blocks of a word, or one block of an order without masks, the zeroed blocks of a list;
 * false: it has some. @pfn: the first frame.
 */
static inline bool pb_pcp_keep_zeroed(struct pb_pcp_list *list, unsigned int order, u64 heads,
				      unsigned long pfn, u8 *order_map)
{
	if (list->zeroed)
		return false;
	if (order > PB_PCP_MAX_WORD_ORDER)
		return pb_pcp_keep_zeroed_block(list, pfn, order_map);
	list->zeroed_base = pfn;
	list->zeroed_order_map = order_map;
	list->zeroed = heads;
	return true;
}

/* Refills the zeroed blocks of a list. Returns their number. */
unsigned int pb_pcp_refill_zeroed(struct pb_pcp *pcp, struct pb_pcp_list *list,
				  const struct pb_request *rq);
/* Adds a block of zeroed frames; see pcp_zeroed.c. */
bool pb_pcp_add_zeroed(struct pb_pcp *pcp, struct pb_pcp_list *list, unsigned int order,
		       unsigned long pfn);
void pb_pcp_free_ungranted_zeroed(struct pb_zone *zone, struct pb_pcp_list *list,
				  unsigned int order, unsigned int nr);

#endif /* PB_PCP_ZEROED_H */
