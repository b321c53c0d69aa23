// SPDX-License-Identifier: GPL-2.0-only
/*
 * Allocate and free many blocks of one order at once. One pcp section handles as many blocks as
 * this CPU's cache can serve or store, and one directory lookup serves successive frames of a
 * pageblock. Other blocks are allocated or freed one by one through alloc.c.
 */
#include "core/alloc/alloc.h"
#include "core/alloc/bulk.h"
#include "core/base/pfn.h"
#include "core/base/request.h"
#include "core/cache/drain.h"
#include "core/cache/freelist.h"
#include "core/cache/pcp_refill.h"
#include "core/cache/zeroed.h"
#include "core/zone/zone.h"

/*
 * Allocates a full mask of single frames, setting eight bytes of the page order map at a time;
 * false when a frame is in use.
 */
static bool alloc_word(struct pb_pcp_list *list, unsigned long *pfns)
{
	const u64 each = ~0ULL / 0xff;		/* 1 in each byte */
	u64 *order_map = (u64 *)list->mask_order_map, set = 0;
	unsigned int i;

	for (i = 0; i < PB_WORD_NR / sizeof(u64); i++)
		set |= order_map[i];
	if (unlikely(set))
		return false;
	for (i = 0; i < PB_WORD_NR / sizeof(u64); i++)
		order_map[i] = each;		/* order 0, plus 1 */
	for (i = 0; i < PB_WORD_NR; i++)
		pfns[i] = list->mask_base + i;
	list->mask = 0;
	return true;
}

/* Allocates blocks from the LIFO, then from the mask, whose frames share a pageblock. */
static unsigned int alloc_listed(struct pb_zone *zone, struct pb_pcp_list *list, unsigned int order,
				 unsigned long nr, unsigned long *pfns)
{
	unsigned long *pfn = pfns, *end = pfns + nr, mask = list->mask, bit;
	struct pb_pcp_entry *entry;
	u8 *order_map;

	while (pfn < end && list->n) {
		entry = &list->lifo[--list->n];
		*pfn = entry->pfn;
		pfn += pb_order_map_set_cached(zone, entry->order_map, entry->pfn, order);
	}
	if (pfn == end || !mask)
		return pfn - pfns;
	if (mask == ~0UL && end - pfn >= PB_WORD_NR && !order && alloc_word(list, pfn))
		return pfn - pfns + PB_WORD_NR;
	order_map = list->mask_order_map;
	do {
		bit = __ffs(mask);
		mask &= mask - 1;
		if (likely(pb_order_map_set_cached(zone, order_map + bit, list->mask_base + bit,
						   order)))
			*pfn++ = list->mask_base + bit;
	} while (mask && pfn < end);
	list->mask = mask;
	return pfn - pfns;
}

/* Allocates from this CPU's cache of the preferred zone, refilling it above the watermarks. */
static unsigned int alloc_cached(struct pb_pool *pool, const struct pb_request *rq,
				 unsigned long nr, unsigned long *pfns)
{
	struct pb_zone *zone = READ_ONCE(pool->preferred[rq->nid][rq->highest_zone]);
	struct pb_pcp_list *list;
	unsigned int got = 0;
	struct pb_pcp *pcp;

	if (!zone || !pb_zone_allowed(zone, rq) || pb_zone_free_least(zone) < zone->fast_watermark)
		return 0;
	preempt_disable();
	pcp = pb_this_cpu_ptr(zone->pcp);
	if (likely(pb_pcp_enter(pcp))) {
		list = pb_pcp_list(pcp, rq->order, rq->migratetype);
		if (list->n || list->mask ||
		    (pb_pcp_may_refill(zone, rq) && pb_pcp_refill(pcp, list, rq)))
			got = alloc_listed(zone, list, rq->order, nr, pfns);
		list->nr_alloc += got;
		pb_pcp_leave(pcp);
	}
	preempt_enable();
	pb_zone_wake_boosted(zone, rq->order, rq->flags);
	return got;
}

/**
 * pb_alloc_bulk - allocate many blocks of one order
 * @pool: the pool
 * @rq: the request for each
 * @nr: number of blocks
 * @pfns: set to their PFNs
 * @reason: set to the reason when fewer were allocated, or NULL
 *
 * Context: any; may sleep with PB_ALLOC_WAIT.
 * Return: number of blocks allocated. As alloc_pages_bulk() in mm/page_alloc.c, for any order.
 */
unsigned long pb_alloc_bulk(struct pb_pool *pool, const struct pb_request *rq, unsigned long nr,
			    unsigned long *pfns, enum pb_reason *reason)
{
	bool cached = !rq->zones && pb_pcp_order(rq->order) && rq->migratetype < PB_PCPTYPES &&
		      rq->highest_zone < PB_NR_ZONE_TYPES &&
		      (unsigned int)rq->nid < (unsigned int)pool->nr_nodes;
	unsigned long got = 0;
	unsigned int n;

	while (got < nr) {
		n = cached ? alloc_cached(pool, rq, nr - got, pfns + got) : 0;
		got += n;
		if (n)
			continue;
		/* Full allocation path. */
		pfns[got] = pb_alloc(pool, rq, reason);
		if (pfns[got] == PB_NO_PFN)
			break;
		got++;
	}
	return got;
}
EXPORT_SYMBOL_PB_TEST(pb_alloc_bulk);

/* Frames to be freed into a list, and the pageblock of the first of them. */
struct run {
	const unsigned long	*pfns;
	unsigned long		nr;
	unsigned long		first;		/* PFN of the pageblock */
	u8			*order_map;
};

static bool freeable(const struct run *r, unsigned long i)
{
	unsigned long frame = r->pfns[i] - r->first;

	return frame < PB_PAGEBLOCK_NR && r->order_map[frame] == 1;
}

/* Frees frames of one word, from index i on, bypassing the LIFO. Returns the next index. */
static unsigned long free_word(struct pb_zone *zone, struct pb_pcp *pcp, enum pb_migratetype mt,
			       const struct run *r, unsigned long i)
{
	const unsigned long *pfn = r->pfns + i, *end = r->pfns + r->nr;
	unsigned long base = round_down(*pfn, PB_WORD_NR), bit = *pfn - base;
	u8 *order_map = r->order_map + (base - r->first);
	struct pb_pcp_entry first = { *pfn, order_map + bit };
	unsigned long heads = 0;

	do {
		order_map[bit] = 0;
		heads |= 1UL << bit;
	} while (++pfn < end && (bit = *pfn - base) < PB_WORD_NR && order_map[bit] == 1);
	pb_pcp_batch_word(zone, pcp, mt, &first, heads);
	return pfn - r->pfns;
}

/* Frees into the list, until it is full or a frame cannot be freed here. Returns the number. */
static unsigned long free_run(struct pb_zone *zone, struct pb_pcp *pcp, enum pb_migratetype mt,
			      const struct run *r)
{
	struct pb_pcp_list *list = pb_pcp_list(pcp, 0, mt);
	unsigned long i = 0;
	u8 *order_map;

	while (i < r->nr && freeable(r, i)) {
		/* Four frames of one word suggest that frames are freed in order. */
		if (i + 3 < r->nr && (r->pfns[i] ^ r->pfns[i + 3]) < PB_WORD_NR) {
			i = free_word(zone, pcp, mt, r, i);
			continue;
		}
		if (list->n >= list->limit)
			break;
		order_map = &r->order_map[r->pfns[i] - r->first];
		*order_map = 0;
		pb_pcp_push(list, r->pfns[i++], order_map);
	}
	list->nr_free += i;
	return i;
}

/*
 * Frees frames of the first frame's pageblock into this CPU's list. Returns their number; 0 when
 * the first one needs pb_free().
 */
static unsigned long free_cached(struct pb_pool *pool, unsigned long nr, const unsigned long *pfns)
{
	struct run r = { pfns, nr, round_down(pfns[0], PB_PAGEBLOCK_NR), NULL };
	struct pb_dir_entry *entry = pb_dir_lookup(pool, pfns[0]);
	unsigned long value, freed = 0;
	enum pb_migratetype mt;
	struct pb_pcp *pcp;

	if (unlikely(!entry))
		return 0;
	preempt_disable();
	value = READ_ONCE(entry->value);
	mt = pb_entry_migratetype(value);
	pcp = pb_this_cpu_ptr(entry->zone->pcp);
	if (likely(mt < PB_PCPTYPES && pb_pcp_enter(pcp))) {
		r.order_map = pb_entry_pageblock(value)->order_map;
		freed = free_run(entry->zone, pcp, mt, &r);
		pb_pcp_leave(pcp);
	}
	preempt_enable();
	return freed;
}

/**
 * pb_free_bulk - free many single frames
 * @pool: the pool
 * @nr: number of frames
 * @pfns: any numbers; each was allocated as order 0
 *
 * Context: any, NMI included; does not sleep. A misuse is reported and changes no state.
 */
void pb_free_bulk(struct pb_pool *pool, unsigned long nr, const unsigned long *pfns)
{
	unsigned long done;

	for (; nr; pfns += done, nr -= done) {
		done = free_cached(pool, nr, pfns);
		if (done)
			continue;
		/* Drains the list, or reports the misuse. */
		pb_free(pool, pfns[0], 0);
		done = 1;
	}
}
EXPORT_SYMBOL_PB_TEST(pb_free_bulk);
