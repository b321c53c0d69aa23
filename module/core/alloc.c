// SPDX-License-Identifier: GPL-2.0-only
/*
 * The entry of the core: a request walks its zonelist, takes a block from the first zone
 * that may and can serve it, and marks the block's order.
 *
 * The order byte of a frame is 0, or order + 1 at the head of an allocated block. It is
 * written with plain stores by whoever owns the block, before the block is handed out and
 * before it is given back, and the atomics on the free bitmap order it between CPUs. A
 * free that does not match it changes nothing; a frame that comes out of the allocator
 * with its byte set is set aside, because somebody still uses it.
 *
 * From the claim to the byte preemption is off, so that a CPU in process context is never
 * seen between the two by stop_machine(), which verify relies on.
 */
#include "alloc.h"
#include "fallback.h"
#include "pageblock.h"
#include "pcp.h"
#include "pfn.h"
#include "slowpath.h"
#include "zone.h"

static u8 *order_byte(struct pb_pool *pool, unsigned long pfn)
{
	return &pb_slot_block(READ_ONCE(pb_slot(pool, pfn)->word))->order[pb_frame_in_block(pfn)];
}

/* Marks a block as allocated; false when it is in use already and has to be set aside. */
static bool mark_allocated(struct pb_zone *zone, unsigned long pfn, unsigned int order)
{
	u8 *byte = order_byte(zone->pool, pfn);

	if (unlikely(*byte)) {
		pb_zone_event_add(zone, PB_BAD_PAGE, 1);
		zone->pool->ops.bad(zone->pool, PB_BAD_IN_USE, pfn, order, *byte - 1);
		return false;
	}
	*byte = order + 1;
	return true;
}

/* A block from the zone itself: its own migratetype first, then the others. Counted here. */
static unsigned long rmqueue_shared(struct pb_zone *zone, unsigned int order,
				    enum pb_migratetype mt, unsigned int flags)
{
	unsigned long pfn = pb_zone_claim(zone, order, mt);

	if (pfn == PB_NO_PFN && !(flags & PB_ALLOC_NOFRAGMENT))
		pfn = pb_fallback(zone, order, mt);
	if (pfn != PB_NO_PFN)
		pb_zone_count_alloc(zone, 1L << order);
	return pfn;
}

/* A block of one zone, marked. As rmqueue() in mm/page_alloc.c. */
static unsigned long rmqueue(struct pb_zone *zone, const struct pb_request *rq)
{
	unsigned long pfn;

	preempt_disable();
	do {
		pfn = PB_NO_PFN;
		if (pb_pcp_order(rq->order))
			pfn = pb_pcp_alloc(zone, rq->order, rq->migratetype);
		if (unlikely(pfn == PB_NO_PFN))
			pfn = rmqueue_shared(zone, rq->order, rq->migratetype, rq->flags);
	} while (pfn != PB_NO_PFN && unlikely(!mark_allocated(zone, pfn, rq->order)));
	preempt_enable();
	return pfn;
}

/* A request served by another node than it preferred. As zone_statistics() in mm/page_alloc.c. */
static void count_numa_miss(struct pb_zone *zone, const struct pb_request *rq)
{
	struct pb_zone *preferred;
	int type;

	pb_zone_event_add(zone, PB_NUMA_MISS, 1);
	for (type = rq->highest_zone; type >= 0; type--) {
		preferred = zone->pool->zone[rq->nid][type];
		if (preferred) {
			pb_zone_event_add(preferred, PB_NUMA_FOREIGN, 1);
			return;
		}
	}
}

bool pb_zone_allowed(struct pb_zone *zone, const struct pb_request *rq)
{
	if (zone->type > rq->highest_zone)
		return false;
	if (rq->flags & PB_ALLOC_THISNODE && zone->nid != rq->nid)
		return false;
	return !rq->nodemask || test_bit(zone->nid, rq->nodemask);
}

/**
 * pb_get_page_from_freelist - one walk over the zonelist
 * @pool: the pool
 * @rq: the request
 *
 * Context: any. Return: PFN, or PB_NO_PFN. As get_page_from_freelist() in mm/page_alloc.c.
 */
unsigned long pb_get_page_from_freelist(struct pb_pool *pool, const struct pb_request *rq)
{
	struct pb_zonelist *zonelist = pool->zonelist[rq->nid];
	struct pb_zone *zone;
	unsigned long pfn;
	unsigned int i;

	for (i = 0; i < zonelist->nr; i++) {
		zone = zonelist->zone[i];
		if (!pb_zone_allowed(zone, rq) ||
		    !pb_zone_watermark_ok(zone, rq->order, rq->highest_zone, rq->flags))
			continue;
		pfn = rmqueue(zone, rq);
		if (pfn != PB_NO_PFN) {
			if (unlikely(zone->nid != rq->nid))
				count_numa_miss(zone, rq);
			return pfn;
		}
	}
	return PB_NO_PFN;
}

/**
 * pb_alloc - allocate a block of 2^order frames
 * @pool: the pool
 * @rq: the request
 * @reason: why it failed, or NULL
 *
 * Context: any; may sleep with PB_ALLOC_WAIT. Return: PFN of the head, aligned to the
 * order, or PB_NO_PFN. As __alloc_pages() in mm/page_alloc.c.
 */
unsigned long pb_alloc(struct pb_pool *pool, const struct pb_request *rq, enum pb_reason *reason)
{
	unsigned long pfn;

	if (unlikely(rq->order > PB_MAX_ORDER || rq->migratetype >= PB_PCPTYPES ||
		     (unsigned int)rq->nid >= (unsigned int)pool->nr_nodes))
		return pb_alloc_refused(pool, rq, reason);
	pfn = pb_get_page_from_freelist(pool, rq);
	if (unlikely(pfn == PB_NO_PFN))
		return pb_alloc_slowpath(pool, rq, reason);
	return pfn;
}
EXPORT_SYMBOL_PB_TEST(pb_alloc);

/**
 * pb_alloc_bulk - allocate many blocks of one order
 * @pool: the pool
 * @rq: the request for each
 * @nr: how many
 * @pfns: where their PFNs go
 * @reason: why it ended early, or NULL
 *
 * Context: any; may sleep with PB_ALLOC_WAIT. Return: how many were allocated.
 * As alloc_pages_bulk() in mm/page_alloc.c, for any order.
 */
unsigned long pb_alloc_bulk(struct pb_pool *pool, const struct pb_request *rq, unsigned long nr,
			    unsigned long *pfns, enum pb_reason *reason)
{
	unsigned long i;

	for (i = 0; i < nr; i++) {
		pfns[i] = pb_alloc(pool, rq, reason);
		if (pfns[i] == PB_NO_PFN)
			break;
	}
	return i;
}
EXPORT_SYMBOL_PB_TEST(pb_alloc_bulk);

/* What is wrong with freeing a block whose order byte does not fit. */
static enum pb_bad classify(struct pb_pool *pool, unsigned long pfn, unsigned int *was)
{
	struct pb_pageblock *block = pb_slot_block(READ_ONCE(pb_slot(pool, pfn)->word));
	unsigned int frame = pb_frame_in_block(pfn), order;
	unsigned long head;
	u8 byte = READ_ONCE(block->order[frame]);

	if (byte) {
		*was = byte - 1;
		return PB_BAD_ORDER;
	}
	if (atomic64_read(&block->free[frame / PB_WORD_NR]) & BIT_ULL(frame % PB_WORD_NR))
		return PB_BAD_DOUBLE;
	for (order = 1; order <= PB_MAX_ORDER; order++) {
		head = round_down(pfn, 1UL << order);
		if (!pb_slot_lookup(pool, head))
			break;
		byte = READ_ONCE(*order_byte(pool, head));
		if (byte > order) {
			*was = byte - 1;
			return PB_BAD_TAIL;
		}
	}
	/* Neither free in the bitmaps nor allocated: in a CPU's cache. */
	return PB_BAD_DOUBLE;
}

static enum pb_bad refuse_free(struct pb_pool *pool, enum pb_bad bad, unsigned long pfn,
			       unsigned int order, unsigned int was)
{
	struct pb_slot *slot = pb_slot_lookup(pool, pfn);

	if (slot)
		pb_zone_event_add(slot->zone, PB_BAD_FREE, 1);
	pool->ops.bad(pool, bad, pfn, order, was);
	return bad;
}

/**
 * pb_free - free a block
 * @pool: the pool
 * @pfn: PFN of its head
 * @order: the order it was allocated with
 *
 * Context: any, NMI included; never sleeps. Return: PB_BAD_NONE, or what was wrong: it has
 * been reported then and nothing was changed. As __free_pages() in mm/page_alloc.c.
 */
enum pb_bad pb_free(struct pb_pool *pool, unsigned long pfn, unsigned int order)
{
	struct pb_slot *slot = pb_slot_lookup(pool, pfn);
	enum pb_migratetype mt;
	unsigned int was = 0;
	enum pb_bad bad;
	u8 *byte;

	if (unlikely(!slot))
		return refuse_free(pool, PB_BAD_FOREIGN, pfn, order, 0);
	if (unlikely(order > PB_MAX_ORDER))
		return refuse_free(pool, PB_BAD_ORDER_RANGE, pfn, order, 0);
	if (unlikely(pfn & ((1UL << order) - 1)))
		return refuse_free(pool, PB_BAD_ALIGN, pfn, order, 0);

	preempt_disable();
	byte = &pb_slot_block(slot->word)->order[pb_frame_in_block(pfn)];
	if (unlikely(*byte != order + 1)) {
		preempt_enable();
		bad = classify(pool, pfn, &was);
		return refuse_free(pool, bad, pfn, order, was);
	}
	*byte = 0;
	mt = pb_slot_migratetype(READ_ONCE(slot->word));
	if (!pb_pcp_order(order) || mt >= PB_PCPTYPES ||
	    !pb_pcp_free(slot->zone, pfn, order, mt)) {
		pb_zone_release(slot->zone, pfn, order);
		pb_zone_event_add(slot->zone, PB_PGFREE, 1L << order);
	}
	preempt_enable();
	return PB_BAD_NONE;
}
EXPORT_SYMBOL_PB_TEST(pb_free);

/**
 * pb_page_order - order of an allocated block
 * @pool: the pool
 * @pfn: PFN of its head
 *
 * Context: any. Return: 0 to PB_MAX_ORDER, or -EINVAL when @pfn is no head of an allocated block.
 */
int pb_page_order(struct pb_pool *pool, unsigned long pfn)
{
	u8 byte;

	if (!pb_slot_lookup(pool, pfn))
		return -EINVAL;
	byte = READ_ONCE(*order_byte(pool, pfn));
	return byte ? byte - 1 : -EINVAL;
}
EXPORT_SYMBOL_PB_TEST(pb_page_order);

struct pb_zone *pb_pfn_zone(struct pb_pool *pool, unsigned long pfn)
{
	struct pb_slot *slot = pb_slot_lookup(pool, pfn);

	return slot ? slot->zone : NULL;
}
EXPORT_SYMBOL_PB_TEST(pb_pfn_zone);

/* Visits the allocated blocks whose heads lie in one pageblock. */
static bool visit_block(struct pb_pageblock *block, unsigned long pfn, pb_visit_fn fn, void *arg)
{
	unsigned int i;

	for (i = 0; i < PB_PAGEBLOCK_NR; i++)
		if (block->order[i] && !fn(arg, pfn + i, block->order[i] - 1))
			return false;
	return true;
}

/**
 * pb_walk_allocated - visit every allocated block
 * @pool: a quiescent pool
 * @fn: called with the head's PFN and the order until it returns false
 * @arg: passed to @fn
 */
void pb_walk_allocated(struct pb_pool *pool, pb_visit_fn fn, void *arg)
{
	struct pb_zone *zone;
	struct pb_slot *slot;
	unsigned long index, pfn;
	unsigned int i;

	for (i = 0; i < pool->all_zones->nr; i++) {
		zone = pool->all_zones->zone[i];
		for (index = 0; index < zone->nr_blocks; index++) {
			slot = pb_zone_slot(zone, index);
			if (!slot)
				continue;
			pfn = pb_block_pfn(zone, index);
			if (!visit_block(pb_slot_block(slot->word), pfn, fn, arg))
				return;
		}
	}
}
EXPORT_SYMBOL_PB_TEST(pb_walk_allocated);
