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
#include "core/cache/pcp.h"
#include "core/cache/zeroed.h"
#include "core/zone/zone.h"

/*
 * Allocates a full mask of single frames, setting eight bytes of the page order map at a time;
 * false when a frame is in use.
 */
static bool take_word(struct pb_pcp_list *list, unsigned long *pfns)
{
	const u64 each = ~0ULL / 0xff;		/* 1 in each byte */
	u64 *bytes = (u64 *)list->mask_bytes, set = 0;
	unsigned int i;

	for (i = 0; i < PB_WORD_NR / sizeof(u64); i++)
		set |= bytes[i];
	if (unlikely(set & each * PB_FRAME_IN_USE(0xff)))
		return false;
	for (i = 0; i < PB_WORD_NR / sizeof(u64); i++)
		bytes[i] = each;		/* order 0, plus 1 */
	for (i = 0; i < PB_WORD_NR; i++)
		pfns[i] = list->mask_base + i;
	list->mask = 0;
	return true;
}

/* Allocates blocks from the LIFO, then from the mask, whose frames share a pageblock. */
static unsigned int take(struct pb_zone *zone, struct pb_pcp_list *list, unsigned int order,
			 unsigned long nr, unsigned long *pfns)
{
	unsigned long *pfn = pfns, *end = pfns + nr, mask = list->mask, bit;
	struct pb_pcp_entry *entry;
	u8 *bytes;

	while (pfn < end && list->n) {
		entry = &list->lifo[--list->n];
		*pfn = entry->pfn;
		pfn += pb_mark_cached(zone, entry->byte, entry->pfn, order);
	}
	if (pfn == end || !mask)
		return pfn - pfns;
	if (mask == ~0UL && end - pfn >= PB_WORD_NR && !order && take_word(list, pfn))
		return pfn - pfns + PB_WORD_NR;
	bytes = list->mask_bytes;
	do {
		bit = __ffs(mask);
		mask &= mask - 1;
		if (likely(pb_mark_cached(zone, bytes + bit, list->mask_base + bit, order)))
			*pfn++ = list->mask_base + bit;
	} while (mask && pfn < end);
	list->mask = mask;
	return pfn - pfns;
}

/* Allocates from this CPU's cache of the preferred zone, refilling it above the watermarks. */
static unsigned int take_cached(struct pb_pool *pool, const struct pb_request *rq,
				unsigned long nr, unsigned long *pfns)
{
	struct pb_zone *zone = pool->preferred[rq->nid][rq->highest_zone];
	struct pb_pcp_list *list;
	unsigned int got = 0;
	struct pb_pcp *pcp;

	if (!zone || !pb_zone_allowed(zone, rq) || pb_zone_free_pages(zone) < zone->fast_mark)
		return 0;
	preempt_disable();
	pcp = pb_this_cpu_ptr(zone->pcp);
	if (likely(pb_pcp_enter(pcp))) {
		list = pb_pcp_list(pcp, rq->order, rq->migratetype);
		if (list->n || list->mask ||
		    (pb_zone_free_pages(zone) - (1L << rq->order) >= zone->fast_mark &&
		     pb_pcp_refill(pcp, list, rq)))
			got = take(zone, list, rq->order, nr, pfns);
		list->nr_alloc += got;
		pb_pcp_leave(pcp);
	}
	preempt_enable();
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
 * Context: any; may sleep with PB_ALLOC_WAIT. Return: number of blocks allocated.
 * As alloc_pages_bulk() in mm/page_alloc.c, for any order.
 */
unsigned long pb_alloc_bulk(struct pb_pool *pool, const struct pb_request *rq, unsigned long nr,
			    unsigned long *pfns, enum pb_reason *reason)
{
	bool cached = pb_pcp_order(rq->order) && rq->migratetype < PB_PCPTYPES &&
		      rq->highest_zone < PB_NR_ZONE_TYPES &&
		      (unsigned int)rq->nid < (unsigned int)pool->nr_nodes;
	unsigned long got = 0;
	unsigned int n;

	while (got < nr) {
		n = cached ? take_cached(pool, rq, nr - got, pfns + got) : 0;
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
struct row {
	const unsigned long	*pfns;
	unsigned long		nr;
	unsigned long		first;		/* PFN of the pageblock */
	u8			*bytes;
};

static bool freeable(const struct row *r, unsigned long i)
{
	unsigned long frame = r->pfns[i] - r->first;

	return frame < PB_PAGEBLOCK_NR && r->bytes[frame] == 1;
}

/* Frees frames of one word, from index i on, bypassing the LIFO. Returns the next index. */
static unsigned long give_word(struct pb_zone *zone, struct pb_pcp *pcp, enum pb_migratetype mt,
			       const struct row *r, unsigned long i)
{
	const unsigned long *pfn = r->pfns + i, *end = r->pfns + r->nr;
	unsigned long base = round_down(*pfn, PB_WORD_NR), bit = *pfn - base;
	u8 *bytes = r->bytes + (base - r->first);
	struct pb_pcp_entry first = { *pfn, bytes + bit };
	unsigned long heads = 0;

	do {
		bytes[bit] = 0;
		heads |= 1UL << bit;
	} while (++pfn < end && (bit = *pfn - base) < PB_WORD_NR && bytes[bit] == 1);
	pb_pcp_gather(zone, pcp, mt, &first, heads);
	return pfn - r->pfns;
}

/* Frees into the list, until it is full or a frame cannot be freed here. Returns the number. */
static unsigned long give_row(struct pb_zone *zone, struct pb_pcp *pcp, enum pb_migratetype mt,
			      const struct row *r)
{
	struct pb_pcp_list *list = pb_pcp_list(pcp, 0, mt);
	unsigned long i = 0;
	u8 *byte;

	while (i < r->nr && freeable(r, i)) {
		/* Four frames of one word suggest that frames are freed in order. */
		if (i + 3 < r->nr && (r->pfns[i] ^ r->pfns[i + 3]) < PB_WORD_NR) {
			i = give_word(zone, pcp, mt, r, i);
			continue;
		}
		if (list->n >= list->limit)
			break;
		byte = &r->bytes[r->pfns[i] - r->first];
		*byte = 0;
		pb_pcp_push(list, r->pfns[i++], byte);
	}
	list->nr_free += i;
	return i;
}

/*
 * Frees frames of the first frame's pageblock into this CPU's list. Returns their number; 0 when
 * the first one needs pb_free().
 */
static unsigned long give(struct pb_pool *pool, unsigned long nr, const unsigned long *pfns)
{
	struct row r = { pfns, nr, round_down(pfns[0], PB_PAGEBLOCK_NR), NULL };
	struct pb_slot *slot = pb_slot_lookup(pool, pfns[0]);
	unsigned long word, given = 0;
	enum pb_migratetype mt;
	struct pb_pcp *pcp;

	if (unlikely(!slot))
		return 0;
	preempt_disable();
	word = READ_ONCE(slot->word);
	mt = pb_slot_migratetype(word);
	pcp = pb_this_cpu_ptr(slot->zone->pcp);
	if (likely(mt < PB_PCPTYPES && pb_pcp_enter(pcp))) {
		r.bytes = pb_slot_block(word)->order;
		given = give_row(slot->zone, pcp, mt, &r);
		pb_pcp_leave(pcp);
	}
	preempt_enable();
	return given;
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
		done = give(pool, nr, pfns);
		if (done)
			continue;
		/* Drains the list, or reports the misuse. */
		pb_free(pool, pfns[0], 0);
		done = 1;
	}
}
EXPORT_SYMBOL_PB_TEST(pb_free_bulk);
