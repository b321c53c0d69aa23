// SPDX-License-Identifier: GPL-2.0-only
/*
 * Allocation from the lists of a per-CPU cache (pcp.c), and their refills. A list is refilled from
 * the pageblock of its last refill, then from one that no other CPU refills from: of its cluster,
 * or the cluster's word, if there is enough memory (cluster.c), then by the index a partly free
 * one, then a free one of a cluster, then one of another migratetype that is free. At last it is
 * refilled from any of its type, then of others. A refill takes what the watermarks allow. It takes
 * nothing from contiguous areas, but uses no pageblock of another type while they have free pages
 * for the request.
 *
 * Lists of an order of a word or larger are refilled by zone/blocks.c, with as many blocks as they
 * may hold. The limit of a list is 0 at first and grows with high, so a CPU that allocates a single
 * block takes no others. When only other migratetypes have a block, the request takes it past the
 * list.
 */
#include "core/base/pfn.h"
#include "core/cache/cluster.h"
#include "core/cache/pcp_refill.h"
#include "core/cache/pcp_zeroed.h"
#include "core/cache/zeroed.h"
#include "core/index/free_area.h"
#include "core/index/pageblock.h"
#include "core/zone/apart.h"
#include "core/zone/blocks.h"
#include "core/zone/fallback.h"
#include "core/zone/zone.h"

#define CLUSTER_TRIES	4	/* pageblocks that other CPUs may take first */
#define OTHERS_TRIES	2	/* those of other CPUs after which it takes one of its cluster */
#define REFILL_ENOUGH	(PB_WORD_NR / 2)	/* frames that suffice for a refill */

/*
 * Moves free blocks into the list: the first word into the mask, further words into the LIFO.
 * @zeroed: stop at a word that is known to be zero, which goes to the zeroed blocks.
 */
static void alloc_words(struct pb_zone *zone, struct pb_pcp_list *list, unsigned long block_pfn,
			unsigned int order, struct pb_pageblock *pageblock, bool zeroed)
{
	unsigned int i, bit, nr;
	unsigned long pfn;
	u64 heads, seen;
	bool zero;

	for (i = 0; i < PB_WORDS; i++) {
		seen = atomic64_read(&pageblock->free[i]);
		if (!seen)
			continue;
		pfn = block_pfn + i * PB_WORD_NR;
		if (!list->mask) {
			heads = pb_pcp_alloc_word(zone, pfn, &pageblock->free[i], order, &zero);
			if (unlikely(zero && zeroed) &&
			    pb_pcp_keep_zeroed(list, order, heads, pfn,
					       &pageblock->order_map[i * PB_WORD_NR]))
				break;
			list->mask = heads;
			list->mask_order_map = &pageblock->order_map[i * PB_WORD_NR];
			list->mask_base = pfn;
			/* Stop when the word alone is at least half a batch. */
			nr = hweight64(list->mask);
			if (nr << order >= REFILL_ENOUGH && nr >= PB_PCP_LIFO_LARGE)
				break;
			continue;
		}
		/* A concurrent free may have put more than that into the list. */
		if (list->n + hweight64(pb_word_heads(seen, order)) > list->limit / 2)
			break;
		heads = pb_pcp_alloc_word(zone, pfn, &pageblock->free[i], order, &zero);
		/* Concurrent frees may have added blocks; free those that do not fit. */
		for (; heads && list->n < PB_LIFO_MAX; heads &= heads - 1) {
			bit = __ffs64(heads);
			pb_pcp_push(list, pfn + bit, &pageblock->order_map[i * PB_WORD_NR + bit]);
		}
		if (unlikely(heads))
			pb_zone_free_mask_uncounted(zone, pfn, pb_word_expand(heads, order));
	}
}

static unsigned int refill_from(struct pb_zone *zone, struct pb_pcp_list *list,
				const struct pb_request *rq, unsigned long index,
				struct pb_pageblock *pageblock)
{
	unsigned int before = list->n;

	/* Zeroed blocks that the list has already were counted when it got them. */
	if (unlikely(rq->zeroed))
		before += hweight64(list->zeroed);
	alloc_words(zone, list, pb_pageblock_pfn(zone, index), rq->order, pageblock, rq->zeroed);
	return list->n - before + hweight64(list->mask) +
	       (unlikely(rq->zeroed) ? hweight64(list->zeroed) : 0);
}

/* Refills from the pageblock of the last refill. */
static unsigned int refill_current(struct pb_zone *zone, struct pb_pcp_list *list,
				   const struct pb_request *rq)
{
	unsigned long index = list->cur - 1UL, value;
	struct pb_dir_entry *entry;
	unsigned int nr;

	if (!list->cur)
		return 0;
	entry = pb_dir_entry(zone->pool, pb_pageblock_pfn(zone, index));
	value = pb_zone_entry_value(zone, entry);
	if (pb_entry_migratetype(value) == rq->migratetype) {
		nr = refill_from(zone, list, rq, index, pb_entry_pageblock(value));
		/* The class lags, but an isolated pageblock's free frames are counted at once. */
		if (unlikely(READ_ONCE(entry->value) != value))
			pb_index_update(zone, index);
		if (nr)
			return nr;
	}
	pb_pcp_reset_cur(zone, list);
	return 0;
}

/*
 * Refills from a pageblock found in the index. Without @share only if no other CPU refills from it:
 * the CPU enters itself before it takes words, so of CPUs that find the same one only one stays.
 * @from: a type from which the pageblock is converted, if it is free, or the request's type
 */
static unsigned int refill_pageblock(struct pb_pcp *pcp, struct pb_pcp_list *list,
				     const struct pb_request *rq, unsigned long index,
				     enum pb_migratetype from, bool share)
{
	enum pb_migratetype mt = rq->migratetype;
	struct pb_zone *zone = pcp->zone;
	unsigned long value;
	u16 me = pb_cpu_id() + 1, *cur = &zone->ctl[index].cur, was = READ_ONCE(*cur);
	unsigned int nr = 0;

	if (!was)
		was = cmpxchg(cur, 0, me);
	if (was && was != me && !share)
		return 0;
	if (from != mt)
		pb_fallback_claim_free(zone, rq->order, index, from, mt);
	value = pb_zone_pageblock_value(zone, index);
	if (pb_entry_migratetype(value) == mt)
		nr = refill_from(zone, list, rq, index, pb_entry_pageblock(value));
	pb_index_update(zone, index);
	if (nr)
		list->cur = index + 1;
	else if (!was)
		WRITE_ONCE(*cur, 0);
	return nr;
}

/* Refills from the classes of the index, the fullest first. */
static unsigned int refill_index(struct pb_pcp *pcp, struct pb_pcp_list *list,
				 const struct pb_request *rq, bool share)
{
	struct pb_block_search search = { .near = pcp->cluster[rq->migratetype] };
	unsigned int nr = 0;

	while (!nr && pb_zone_next_pageblock(pcp->zone, rq->order, rq->migratetype, &search))
		nr = refill_pageblock(pcp, list, rq, search.index, rq->migratetype, share);
	return nr;
}

static void set_cluster(struct pb_pcp *pcp, enum pb_migratetype mt, unsigned long index)
{
	pcp->cluster[mt] = round_down(index, PB_CLUSTER_NR) + 1;
}

/* Refills from the CPU's cluster. */
static unsigned int refill_own_cluster(struct pb_pcp *pcp, struct pb_pcp_list *list,
				       const struct pb_request *rq)
{
	u32 cluster = pcp->cluster[rq->migratetype];
	unsigned int tries, nr = 0;
	unsigned long index;

	for (tries = 0; cluster && !nr && tries < CLUSTER_TRIES; tries++) {
		index = pb_cluster_find_own(pcp->zone, rq->order, rq->migratetype, cluster);
		if (index == PB_NO_PAGEBLOCK)
			break;
		nr = refill_pageblock(pcp, list, rq, index, rq->migratetype, false);
	}
	return nr;
}

/* Refills from the word of the CPU's cluster; free pageblocks of another type are converted. */
static unsigned int refill_own_word_of(struct pb_pcp *pcp, struct pb_pcp_list *list,
				       const struct pb_request *rq, enum pb_migratetype from)
{
	enum pb_migratetype mt = rq->migratetype;
	unsigned int order = from == mt ? rq->order : PB_PAGEBLOCK_ORDER, nr;
	unsigned long index;

	index = pb_cluster_find_in_word(pcp->zone, order, from, pcp->cluster[mt]);
	if (index == PB_NO_PAGEBLOCK)
		return 0;
	nr = refill_pageblock(pcp, list, rq, index, from, false);
	if (nr)
		set_cluster(pcp, mt, index);
	return nr;
}

/*
 * The same where each CPU may have a word for itself. When there is nothing the CPU has no cluster
 * any more, so that its next refills, which may be small, do not look there again.
 */
static unsigned int refill_own_word(struct pb_pcp *pcp, struct pb_pcp_list *list,
				    const struct pb_request *rq)
{
	enum pb_migratetype mt = rq->migratetype;
	struct pb_zone *zone = pcp->zone;
	unsigned int nr, i;

	if (!pcp->cluster[mt] || !pb_cpus_may_have_words(zone))
		return 0;
	nr = refill_own_word_of(pcp, list, rq, mt);
	if (nr || pb_fallback_has_cma(zone, rq))
		return nr;
	for (i = 0; !nr && i < PB_PCPTYPES - 1; i++)
		nr = refill_own_word_of(pcp, list, rq, pb_fallbacks[mt][i]);
	if (!nr)
		pcp->cluster[mt] = 0;
	return nr;
}

static bool is_of_other_cpu(const struct pb_zone *zone, unsigned long index)
{
	u16 cur = READ_ONCE(zone->ctl[index].cur);

	return cur && cur != pb_cpu_id() + 1;
}

/*
 * Refills from a partly free pageblock that no other CPU refills from. Where each CPU has one, most
 * that are found are in use, and to see that takes the cache line which its CPU writes to.
 */
static unsigned int refill_partly_free(struct pb_pcp *pcp, struct pb_pcp_list *list,
				       const struct pb_request *rq)
{
	struct pb_block_search search = {
		.near = pcp->cluster[rq->migratetype], .partly_free = true,
	};
	unsigned int nr = 0, tries = OTHERS_TRIES;

	while (!nr && tries &&
	       pb_zone_next_pageblock(pcp->zone, rq->order, rq->migratetype, &search)) {
		if (is_of_other_cpu(pcp->zone, search.index)) {
			pb_apart_met(pcp->zone);
			tries--;
			continue;
		}
		nr = refill_pageblock(pcp, list, rq, search.index, rq->migratetype, false);
	}
	return nr;
}

/* Refills from a free pageblock of a cluster, of the request's type or converted to it. */
static unsigned int refill_cluster_of(struct pb_pcp *pcp, struct pb_pcp_list *list,
				      const struct pb_request *rq, enum pb_migratetype from)
{
	enum pb_migratetype mt = rq->migratetype;
	struct pb_zone *zone = pcp->zone;
	unsigned int tries, nr = 0;
	unsigned long index;

	for (tries = 0; !nr && tries < CLUSTER_TRIES; tries++) {
		index = pb_cluster_find_free(zone, from, pcp->cluster[mt]);
		if (index == PB_NO_PAGEBLOCK)
			break;
		nr = refill_pageblock(pcp, list, rq, index, from, false);
		if (nr)
			set_cluster(pcp, mt, index);
		else
			pb_apart_met(zone);
	}
	return nr;
}

/*
 * Refills from a free pageblock apart from those of other CPUs: of a cluster, else any of the
 * request's type, else of a cluster that is converted.
 */
static unsigned int refill_apart(struct pb_pcp *pcp, struct pb_pcp_list *list,
				 const struct pb_request *rq)
{
	enum pb_migratetype mt = rq->migratetype;
	unsigned int nr = refill_cluster_of(pcp, list, rq, mt), i;
	unsigned long index;

	if (nr)
		return nr;
	index = pb_apart_find_free(pcp->zone, mt);
	if (index != PB_NO_PAGEBLOCK)
		nr = refill_pageblock(pcp, list, rq, index, mt, false);
	if (nr || pb_fallback_has_cma(pcp->zone, rq))
		return nr;
	for (i = 0; !nr && i < PB_PCPTYPES - 1; i++)
		nr = refill_cluster_of(pcp, list, rq, pb_fallbacks[mt][i]);
	return nr;
}

/* Converts a free pageblock if each CPU may have one. Contiguous areas come before other types. */
static bool claim_free(struct pb_zone *zone, const struct pb_request *rq)
{
	return pb_cpus_may_have(zone, 1) && !pb_fallback_has_cma(zone, rq) &&
	       pb_fallback_claim_pageblock(zone, rq->order, rq->migratetype,
					   PB_ALLOC_NOFRAGMENT);
}

static unsigned int refill_small(struct pb_pcp *pcp, struct pb_pcp_list *list,
				 const struct pb_request *rq)
{
	struct pb_zone *zone = pcp->zone;
	unsigned int nr = refill_current(zone, list, rq);

	if (!nr && pb_cpus_may_have(zone, PB_CLUSTER_NR)) {
		nr = refill_own_cluster(pcp, list, rq);
		if (!nr)
			nr = refill_own_word(pcp, list, rq);
		if (!nr)
			nr = refill_partly_free(pcp, list, rq);
		if (!nr)
			nr = refill_apart(pcp, list, rq);
	}
	if (!nr)
		nr = refill_index(pcp, list, rq, false);
	if (!nr && claim_free(zone, rq))
		nr = refill_index(pcp, list, rq, false);
	if (!nr)
		nr = refill_index(pcp, list, rq, true);
	return nr;
}

/* Frees cached blocks that the zone's watermarks refuse; they are not yet counted as allocated. */
static void free_ungranted(struct pb_zone *zone, struct pb_pcp_list *list, unsigned int order,
			   unsigned int nr)
{
	struct pb_pcp_entry entry;

	for (; nr && pb_pcp_pop(list, &entry); nr--)
		pb_zone_free_mask_uncounted(zone, entry.pfn,
					    pb_word_run(order) << (entry.pfn % PB_WORD_NR));
	pb_pcp_free_ungranted_zeroed(zone, list, order, nr);
}

/* Refills an order that fits into a word, with as many blocks as the watermarks allow. */
static unsigned int refill_words(struct pb_pcp *pcp, struct pb_pcp_list *list,
				 const struct pb_request *rq)
{
	unsigned int order = rq->order, nr, granted;
	struct pb_zone *zone = pcp->zone;

	nr = refill_small(pcp, list, rq);
	/* Contiguous areas come before other types; pb_fallback() has them first. */
	if (!nr && !pb_fallback_has_cma(zone, rq) &&
	    pb_fallback_claim_pageblock(zone, order, rq->migratetype, rq->flags))
		nr = refill_index(pcp, list, rq, true);
	if (!nr)
		return 0;
	granted = pb_zone_account_alloc(zone, (long)nr << order, 1L << order, rq) >> order;
	if (unlikely(granted < nr))
		free_ungranted(zone, list, order, nr - granted);
	return granted;
}

/* Refills with one block. */
static unsigned int refill_block(struct pb_zone *zone, struct pb_pcp_list *list,
				 const struct pb_request *rq)
{
	unsigned long pfn = pb_zone_alloc(zone, rq->order, rq->migratetype, rq);

	if (pfn == PB_NO_PFN)
		return 0;
	if (!pb_zeroed_test_and_clear(zone, pfn, 1UL << rq->order) || !rq->zeroed ||
	    rq->order < PB_WORD_ORDER ||
	    !pb_pcp_keep_zeroed(list, rq->order, 1, pfn, pb_order_map(zone->pool, pfn)))
		pb_pcp_push(list, pfn, pb_order_map(zone->pool, pfn));
	return 1;
}

/*
 * The number of blocks for a refill: those that the list may hold, as far as the zone is above all
 * watermarks. One where blocks are known to be zero, because those that it keeps lose this.
 */
static unsigned int nr_blocks(struct pb_zone *zone, const struct pb_pcp_list *list,
			      unsigned int order)
{
	long above = pb_zone_free_least(zone) - READ_ONCE(zone->fast_watermark);

	if (pb_zone_has_zeroed(zone))
		return 1;
	return clamp(above >> order, 1L, (long)min_t(u32, list->limit, PB_PCP_BLOCKS));
}

/* Refills an order of a word or larger: the block at the lowest address is to be popped first. */
static unsigned int refill_blocks(struct pb_zone *zone, struct pb_pcp_list *list,
				  const struct pb_request *rq)
{
	unsigned int nr = nr_blocks(zone, list, rq->order), i;

	nr = nr > 1 ? pb_zone_alloc_blocks(zone, rq, nr, list->lifo) : 0;
	if (!nr)
		return refill_block(zone, list, rq);
	/* The bits may have been set since nr_blocks(). */
	for (i = 0; unlikely(READ_ONCE(zone->prezeroed)) && i < nr; i++)
		pb_zeroed_test_and_clear(zone, list->lifo[i].pfn, 1UL << rq->order);
	list->n = nr;
	return nr;
}

/* Raises high, or brings it between new bounds. As nr_pcp_high() in mm/page_alloc.c. */
static void tune_high(struct pb_zone *zone, struct pb_pcp *pcp, unsigned int order)
{
	int high_max = READ_ONCE(zone->pcp_high_max);

	if (pcp->high != high_max)
		pcp->high = clamp(pcp->high + max(zone->pcp_high_step, 1 << order),
				  READ_ONCE(zone->pcp_high_min), high_max);
}

/* Counts a refill, and charges what the list may hold now. */
static void refilled(struct pb_pcp *pcp, struct pb_pcp_list *list, const struct pb_request *rq,
		     unsigned int nr)
{
	void (*trace)(struct pb_zone *zone, unsigned int order, unsigned int mt, unsigned int nr);
	struct pb_zone *zone = pcp->zone;
	unsigned int order = rq->order;

	pcp->event[PB_PCP_REFILL]++;
	tune_high(zone, pcp, order);
	if (unlikely(pb_pcp_most(list, order) > list->charge))
		pb_pcp_charge(pcp, list, order);
	if (unlikely(!pb_pcp_has_space(pcp, list, order)))
		pb_pcp_set_limit(pcp, list, order);
	trace = READ_ONCE(zone->pool->ops.refill);
	if (unlikely(trace))
		trace(zone, order, rq->migratetype, nr);
}

bool pb_pcp_refill(struct pb_pcp *pcp, struct pb_pcp_list *list, const struct pb_request *rq)
{
	struct pb_zone *zone = pcp->zone;
	unsigned int nr;

	if (rq->order > PB_PCP_MAX_WORD_ORDER)
		nr = refill_blocks(zone, list, rq);
	else if (unlikely(!pb_pcp_has_masks(zone)))
		nr = refill_block(zone, list, rq);
	else
		nr = refill_words(pcp, list, rq);
	if (!nr)
		return false;
	refilled(pcp, list, rq, nr);
	return true;
}

/* Refills the zeroed blocks of a list; false: there are none. */
static bool refill_zeroed(struct pb_pcp *pcp, struct pb_pcp_list *list, const struct pb_request *rq)
{
	unsigned int nr = pb_pcp_refill_zeroed(pcp, list, rq);

	if (!nr)
		return false;
	refilled(pcp, list, rq, nr);
	return true;
}

/* Pops a zeroed block, and says so. */
static bool pop_zeroed(struct pb_pcp *pcp, struct pb_pcp_list *list, const struct pb_request *rq,
		       struct pb_pcp_entry *entry)
{
	if (!pb_pcp_pop_zeroed(list, rq->order, entry))
		return false;
	if (rq->zeroed)
		*rq->zeroed = true;
	return true;
}

/**
 * pb_pcp_pop_or_refill - pop a block, after a refill if there is none
 * @pcp: this CPU's cache, inside its pcp section
 * @list: its list of the request's order and migratetype
 * @rq: the request; for zeroed memory it gets zeroed blocks first, else last
 * @entry: set to the block
 *
 * Context: any; preemption off.
 * Return: false when there is none.
 */
bool pb_pcp_pop_or_refill(struct pb_pcp *pcp, struct pb_pcp_list *list, const struct pb_request *rq,
			  struct pb_pcp_entry *entry)
{
	if (unlikely(rq->zeroed) &&
	    (list->zeroed || refill_zeroed(pcp, list, rq)) && pop_zeroed(pcp, list, rq, entry))
		return true;
	if (unlikely(rq->zeroed))
		pcp->zeroed_wanted |= BIT_ULL(PB_PCP_LIST_NR(rq->order, rq->migratetype));
	return pb_pcp_pop(list, entry) ||
	       (pb_pcp_refill(pcp, list, rq) && pb_pcp_pop(list, entry)) ||
	       pop_zeroed(pcp, list, rq, entry);
}

/**
 * pb_pcp_alloc - allocate a block from this CPU's cache
 * @zone: the zone
 * @rq: the request, of an order with pcp lists; NOFRAGMENT and the watermarks apply
 *
 * Refills the list when it is empty. A refill may convert a pageblock of another migratetype.
 *
 * Context: any; preemption off.
 * Return: PFN, or PB_NO_PFN when the cache is busy or cannot be refilled; the caller then
 * allocates from the zone. As rmqueue_pcplist() in mm/page_alloc.c.
 */
unsigned long pb_pcp_alloc(struct pb_zone *zone, const struct pb_request *rq)
{
	struct pb_pcp *pcp = pb_this_cpu_ptr(zone->pcp);
	struct pb_pcp_list *list = pb_pcp_list(pcp, rq->order, rq->migratetype);
	struct pb_pcp_entry entry;
	bool got;

	if (!pb_pcp_enter(pcp)) {
		pb_zone_event_add(zone, PB_PCP_BUSY, 1);
		return PB_NO_PFN;
	}
	got = pb_pcp_pop_or_refill(pcp, list, rq, &entry);
	list->nr_alloc += got;
	pb_pcp_leave(pcp);
	return likely(got) ? entry.pfn : PB_NO_PFN;
}
