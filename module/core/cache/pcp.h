/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Per-CPU caches: their structures, the pcp section and the inline functions used inside it.
 * pcp.c explains the protocol.
 *
 * Letters before a field's description: I = set at initialisation, constant afterwards; P = owned
 * by one CPU, inside its pcp section.
 */
#ifndef PB_PCP_H
#define PB_PCP_H

#include "core/base/pageblock_types.h"
#include "core/base/request.h"
#include "core/index/pageblock.h"

/*
 * Orders with pcp lists: up to one above the pageblock's, the largest order of mm/. Lists of orders
 * below a word's have masks. Those of larger orders are refilled and flushed several blocks at once
 * (zone/blocks.c).
 */
#define PB_PCP_MAX_WORD_ORDER	(PB_WORD_ORDER - 1)
#define PB_NR_PCP_ORDERS	(PB_PAGEBLOCK_ORDER + 2)
#define PB_LIFO_MAX		27	/* makes a list 512 bytes */
#define PB_PCP_LARGE		4	/* orders from here on keep short lists: */
#define PB_PCP_LIFO_LARGE	4	/* at most this many blocks, */
#define PB_PCP_BLOCKS		8	/* or this many of an order without masks */
#define PB_PCP_ZEROED_AT	(PB_LIFO_MAX - PB_PCP_BLOCKS)	/* their zeroed ones in the LIFO */
static_assert(PB_PCP_BLOCKS <= PB_PCP_ZEROED_AT);

/**
 * struct pb_pcp_list - P: a short LIFO over an unexpanded mask of blocks within one word, and
 *	another mask of zeroed blocks
 * @n: blocks in @lifo
 * @limit: flushed when @n reaches it
 * @cur: pageblock this CPU refills from, + 1; 0 = none
 * @drained: pageblock flushed to last whose index update is deferred, + 1; 0 = none
 * @mask: bit i: the block at @mask_base + i is cached, too
 * @mask_base: PFN of a word's first frame
 * @mask_order_map: that word's part of the page order map
 * @nr_alloc: blocks allocated
 * @nr_free: blocks freed
 * @charge: pages charged to it; at least pb_pcp_most()
 * @zeroed_words: whole words of zeroed blocks that follow @zeroed_base; 0 when @zeroed is
 * @zeroed_base: PFN of a word's first frame: of the last word of the zeroed blocks taken last;
 *	0: none were taken
 * @lifo: newest last. Orders without masks: from PB_PCP_ZEROED_AT on zeroed blocks
 * @zeroed: bit i: the block at @zeroed_base + i is cached, too, and known to be zero. Orders
 *	without masks: the block in @lifo[PB_PCP_ZEROED_AT + i]
 * @zeroed_order_map: that word's part of the page order map; not of orders without masks
 */
struct pb_pcp_list {
	u16		n;
	u16		limit;
	u16		charge;
	u16		zeroed_words;
	u32		cur;
	u32		drained;
	u64		mask;
	unsigned long	mask_base;
	u8		*mask_order_map;
	unsigned long	nr_alloc;
	unsigned long	nr_free;
	unsigned long	zeroed_base;
	struct pb_pcp_entry lifo[PB_LIFO_MAX];
	u64		zeroed;
	u8		*zeroed_order_map;
} ____cacheline_aligned;
static_assert(sizeof(struct pb_pcp_list) == 512);
static_assert(2 * PB_PCP_BLOCKS << (PB_NR_PCP_ORDERS - 1) < BIT(16));	/* charge */

/**
 * struct pb_pcp - a CPU's cache of one zone
 * @zone: I
 * @busy: P: inside the pcp section; an interrupt that finds it set bypasses the cache. Other CPUs
 *	set it to PB_PCP_CLAIMED and back (claim.c)
 * @zeroed_skip: P: by migratetype, for blocks smaller than a pageblock and for pageblocks: refills
 *	that do not search for zeroed memory, as there was none for them
 * @convert_left: P: by migratetype, pageblocks that may be converted without counting again
 * @convert_first: P: the first of the 64 of which they are
 * @zeroed_wanted: P: by PB_PCP_LIST_NR(), lists that had no zeroed block for a request
 * @high: P: pages the lists may hold together, auto-tuned between high_min and high_max
 * @charged: P: the sum of the lists' @charge, at most @high and a word, or a zeroed block
 * @trim: P: the list to trim next
 * @cluster: P: by migratetype, 1 + the first pageblock of this CPU's cluster; 0 = none (cluster.h)
 * @event: P: other events counted inside the pcp section
 * @list: P
 */
struct pb_pcp {
	struct pb_zone		*zone;
	u8			busy;
	u8			zeroed_skip[PB_PCPTYPES][2];
	u8			convert_left[PB_PCPTYPES];
	u32			convert_first[PB_PCPTYPES];
	u64			zeroed_wanted;
	int			high;
	int			charged;
	unsigned int		trim;
	u32			cluster[PB_PCPTYPES];
	unsigned long		event[PB_NR_EVENTS];
	struct pb_pcp_list	list[PB_NR_PCP_ORDERS][PB_PCPTYPES];
};

#define PB_PCP_LIST_NR(order, mt)	((order) * PB_PCPTYPES + (mt))
static_assert(PB_PCP_LIST_NR(PB_NR_PCP_ORDERS, 0) <= 64);

/* Value of pcp->busy: another CPU drains the cache, or is going to. */
#define PB_PCP_CLAIMED	2

static inline bool pb_next_pcp_list(unsigned int *next, unsigned int *order, unsigned int *mt)
{
	*order = *next / PB_PCPTYPES;
	*mt = *next % PB_PCPTYPES;
	return (*next)++ < PB_NR_PCP_ORDERS * PB_PCPTYPES;
}

/* The order and the migratetype of each list of a cache. As for_each_migratetype_order(). */
#define pb_for_each_pcp_list(order, mt)						\
	for (unsigned int __it = 0; pb_next_pcp_list(&__it, &(order), &(mt));)

/* Least value of pb_pool.pcp_high_fraction other than 0. */
#define PB_PCP_HIGH_FRACTION_MIN	8

int pb_pcp_init(struct pb_zone *zone);
/* Computes high_min and high_max of all zones from pool->pcp_high_fraction and their sizes. */
void pb_pcp_set_high(struct pb_pool *pool);
void pb_pcp_destroy(struct pb_zone *zone);

/* Stops refilling from the list's current pageblock. Inside the pcp section. */
void pb_pcp_reset_cur(struct pb_zone *zone, struct pb_pcp_list *list);

/*
 * Sets the limit of a list so that all lists together hold at most pcp->high pages, and trims other
 * lists when there is no space for a block. Inside the pcp section.
 */
void pb_pcp_set_limit(struct pb_pcp *pcp, struct pb_pcp_list *list, unsigned int order);
/* Drains lists other than @keep until no more than @pages are charged to them. In drain.c. */
void pb_pcp_trim(struct pb_pcp *pcp, const struct pb_pcp_list *keep, int pages);

/* Pages in all caches of a zone, and in one CPU's; exact only when quiescent. */
unsigned long pb_pcp_pages(struct pb_zone *zone);
unsigned long pb_pcp_count(const struct pb_pcp *pcp);

static inline bool pb_pcp_order(unsigned int order)
{
	return order < PB_NR_PCP_ORDERS;
}

/* Whether the zone's lists may have masks: where high is less than a word they keep no words. */
static inline bool pb_pcp_has_masks(const struct pb_zone *zone)
{
	return READ_ONCE(zone->pcp_high_max) >= (int)PB_WORD_NR;
}

/* The limit of a list to which the other lists leave enough space. */
static inline u32 pb_pcp_want(const struct pb_pcp *pcp, unsigned int order)
{
	int most = pcp->high >> order;

	if (order >= PB_PCP_LARGE)
		return min(most, order > PB_PCP_MAX_WORD_ORDER ? PB_PCP_BLOCKS : PB_PCP_LIFO_LARGE);
	return clamp(most >> 2, min(most, 4), PB_LIFO_MAX);
}

/*
 * Whether a list has that limit, and all lists together fit into high: nothing to set. Limits are
 * never above it, because it is lowered with high only (pb_pcp_decay_local()).
 */
static __always_inline bool pb_pcp_has_space(const struct pb_pcp *pcp,
					     const struct pb_pcp_list *list, unsigned int order)
{
	return pcp->charged <= pcp->high &&
	       (list->limit == PB_LIFO_MAX || list->limit == pb_pcp_want(pcp, order));
}

/* Pages for which the zeroed blocks of a list are charged. */
static __always_inline u32 pb_pcp_zeroed_pages(const struct pb_pcp_list *list, unsigned int order)
{
	if (likely(!list->zeroed))
		return 0;
	return order > PB_PCP_MAX_WORD_ORDER ? hweight64(list->zeroed) << order :
					       (1U + list->zeroed_words) * PB_WORD_NR;
}

/* The most pages that a list may hold until its next refill or drain. */
static __always_inline u32 pb_pcp_most(const struct pb_pcp_list *list, unsigned int order)
{
	u32 most = ((u32)max(list->n, list->limit) << order) + (list->mask ? PB_WORD_NR : 0);

	return most + pb_pcp_zeroed_pages(list, order);
}

/* Charges a list with what it may hold, after a change of its limit or mask. Inside the section. */
static inline void pb_pcp_charge(struct pb_pcp *pcp, struct pb_pcp_list *list, unsigned int order)
{
	u32 most = pb_pcp_most(list, order);

	pcp->charged += (int)most - (int)list->charge;
	list->charge = most;
}

/* Enters this CPU's pcp section; false when an outer context is inside it. Preemption off. */
static __always_inline bool pb_pcp_enter(struct pb_pcp *pcp)
{
	pb_assert_preempt_off();
	/* An interrupt restores it before it returns; claim.c says why a plain access is enough. */
	if (unlikely(pcp->busy))
		return false;
	WRITE_ONCE(pcp->busy, 1);
	barrier();
	pb_section_acquire();
	return true;
}

static __always_inline void pb_pcp_leave(struct pb_pcp *pcp)
{
	pb_section_release();
	barrier();
	WRITE_ONCE(pcp->busy, 0);
}

/* The list of an order and migratetype; its address is computed once. */
static __always_inline struct pb_pcp_list *pb_pcp_list(struct pb_pcp *pcp, unsigned int order,
						       unsigned int mt)
{
	/* In 32 bits, which need no extension. */
	unsigned int offset = PB_PCP_LIST_NR(order, mt) * (unsigned int)sizeof(struct pb_pcp_list);
	struct pb_pcp_list *list = (void *)pcp->list + offset;

	OPTIMIZER_HIDE_VAR(list);
	return list;
}

/* Pops a block; false when the list is empty. Inside the pcp section. */
static __always_inline bool pb_pcp_pop(struct pb_pcp_list *list, struct pb_pcp_entry *entry)
{
	unsigned long bit, n = list->n;
	u64 mask;

	if (likely(n)) {
		barrier();	/* one instruction subtracts from it in memory */
		list->n--;
		*entry = list->lifo[n - 1];
		return true;
	}
	mask = list->mask;
	if (unlikely(!mask))
		return false;
	bit = __ffs(mask);		/* a u64 is a long here */
	list->mask = mask & (mask - 1);
	entry->pfn = list->mask_base + bit;
	entry->order_map = list->mask_order_map + bit;
	return true;
}

/* The number of the word at list->zeroed_base in the zone; 0 when no zeroed blocks were taken. */
static inline unsigned long pb_pcp_zeroed_word(const struct pb_zone *zone,
					       const struct pb_pcp_list *list)
{
	return list->zeroed_base ? (list->zeroed_base - zone->base_pfn) / PB_WORD_NR : 0;
}

static inline void pb_pcp_set_zeroed_word(const struct pb_zone *zone, struct pb_pcp_list *list,
					  unsigned long word)
{
	list->zeroed_base = zone->base_pfn + word * PB_WORD_NR;
}

/* The block of a bit in list->zeroed; below 0 in the word before. */
static __always_inline struct pb_pcp_entry
pb_pcp_zeroed_block(const struct pb_pcp_list *list, unsigned int order, unsigned long bit)
{
	if (unlikely(order > PB_PCP_MAX_WORD_ORDER))
		return list->lifo[PB_PCP_ZEROED_AT + bit];
	return (struct pb_pcp_entry) {
		.pfn = list->zeroed_base + bit,
		.order_map = list->zeroed_order_map + (long)bit,
	};
}

/*
 * Goes on to the next word of zeroed blocks, after the last block of one; false when there is none.
 * Inside the section.
 */
static __always_inline bool pb_pcp_next_zeroed(struct pb_pcp_list *list, unsigned int order)
{
	if (!list->zeroed_words)
		return false;
	list->zeroed_words--;
	list->zeroed_base += PB_WORD_NR;
	list->zeroed_order_map += PB_WORD_NR;
	list->zeroed = pb_word_align[order];
	return true;
}

/*
 * Pops a zeroed block; false when there is none. Inside the pcp section. Few values are live at a
 * time, so that the fast path saves no register: the block is computed last, and is in the word
 * before if that was left. The barriers keep the compiler from loading what is needed later.
 */
static __always_inline bool pb_pcp_pop_zeroed(struct pb_pcp_list *list, unsigned int order,
					      struct pb_pcp_entry *entry)
{
	unsigned int same_order = order;
	u64 zeroed = list->zeroed;
	unsigned long bit;

	if (unlikely(!zeroed))
		return false;
	bit = __ffs(zeroed);
	zeroed &= zeroed - 1;
	list->zeroed = zeroed;
	if (unlikely(!zeroed)) {
		barrier();
		OPTIMIZER_HIDE_VAR(same_order);
		if (pb_pcp_next_zeroed(list, same_order))
			bit -= PB_WORD_NR;
		barrier();
	}
	*entry = pb_pcp_zeroed_block(list, order, bit);
	return true;
}

/* Pushes a block on a list that has @n blocks and is not full. Inside the pcp section. */
static __always_inline void pb_pcp_push_at(struct pb_pcp_list *list, unsigned long n,
					   unsigned long pfn, u8 *order_map)
{
	list->lifo[n].pfn = pfn;
	list->lifo[n].order_map = order_map;
	barrier();	/* one instruction adds to it in memory */
	list->n++;
}

static __always_inline void pb_pcp_push(struct pb_pcp_list *list, unsigned long pfn, u8 *order_map)
{
	pb_pcp_push_at(list, list->n, pfn, order_map);
}

#endif /* PB_PCP_H */
