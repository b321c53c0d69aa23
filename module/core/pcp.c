// SPDX-License-Identifier: GPL-2.0-only
/*
 * Per-CPU caches of a zone.
 *
 * A CPU keeps, per order (up to the pageblock's) and migratetype, a list of free
 * blocks: a short LIFO of PFNs over a mask of blocks that lie within one word. A refill
 * takes a whole word of a pageblock with one atomic and leaves it unexpanded in the mask;
 * frees go on the LIFO, newest first out. When the LIFO is full its older half is drained,
 * frames of one word together with one atomic.
 *
 * The busy window
 * ---------------
 * Only the CPU itself touches its lists, with preemption off and pcp->busy set: plain
 * loads and stores, no atomic, no interrupt toggling. An interrupt or NMI on the same CPU
 * that finds busy set goes past the lists to the zone, which is safe from anywhere; one
 * that comes before busy is set has finished by the time the window opens. barrier() keeps
 * the compiler from moving list accesses out of the window. Other CPUs never look inside:
 * to drain a remote CPU, run pb_pcp_drain_local() there, in process context, where no
 * window can be open. A CPU that is offline has no owner; anyone may drain it.
 *
 * high, the pages a CPU's lists may hold together, grows by a batch with each refill up to
 * high_max and decays by an eighth per tick to high_min, as mm/ tunes it; each list's
 * limit follows from it. LIFOs longer than PB_LIFO_MAX cost whole pageblocks and gain
 * nothing, so limits end there.
 */
#include "fallback.h"
#include "free_area.h"
#include "pageblock.h"
#include "pcp.h"
#include "pfn.h"
#include "zone.h"

#define PCP_BATCH	64	/* frames in a word */
#define PCP_HIGH_MIN	64
#define PCP_LIFO_LARGE	4	/* blocks above order 3 kept per list at most */

static u16 list_limit(const struct pb_pcp *pcp, unsigned int order)
{
	if (order > PB_PCP_MAX_SMALL)
		return min(pcp->high >> order, PCP_LIFO_LARGE);
	return clamp(pcp->high >> (order + 2), 4, PB_LIFO_MAX);
}

static void set_high(struct pb_pcp *pcp, int high)
{
	unsigned int order, mt;

	pcp->high = high;
	for (order = 0; order < PB_NR_PCP_ORDERS; order++)
		for (mt = 0; mt < PB_PCPTYPES; mt++)
			pcp->list[order][mt].limit = list_limit(pcp, order);
}

/**
 * pb_pcp_init - make a zone's per-CPU caches
 * @zone: the zone, with present_pages set
 *
 * Context: may sleep. Return: 0 or -ENOMEM.
 */
int pb_pcp_init(struct pb_zone *zone)
{
	unsigned long share = zone->present_pages / 8 / pb_nr_cpus();
	int cpu;

	zone->pcp = pb_alloc_percpu(struct pb_pcp);
	if (!zone->pcp)
		return -ENOMEM;
	zone->pcp_batch = PCP_BATCH;
	zone->pcp_high_min = PCP_HIGH_MIN;
	zone->pcp_high_max = clamp_t(unsigned long, share, PCP_HIGH_MIN, 1UL << 20);
	pb_for_each_cpu(cpu)
		set_high(pb_per_cpu_ptr(zone->pcp, cpu), zone->pcp_high_min);
	return 0;
}
EXPORT_SYMBOL_PB_TEST(pb_pcp_init);

void pb_pcp_destroy(struct pb_zone *zone)
{
	pb_free_percpu(zone->pcp);
	zone->pcp = NULL;
}
EXPORT_SYMBOL_PB_TEST(pb_pcp_destroy);

static bool enter(struct pb_pcp *pcp)
{
	pb_assert_preempt_off();
	if (unlikely(READ_ONCE(pcp->busy)))
		return false;
	WRITE_ONCE(pcp->busy, 1);
	barrier();
	return true;
}

static void leave(struct pb_pcp *pcp)
{
	barrier();
	WRITE_ONCE(pcp->busy, 0);
}

/*
 * The list stops refilling from its pageblock, whose place in the index may be out of date
 * by now.
 */
static void drop_block(struct pb_zone *zone, struct pb_pcp_list *list)
{
	unsigned long index = list->cur - 1UL;

	if (!list->cur)
		return;
	list->cur = 0;
	WRITE_ONCE(zone->ctl[index].cur, 0);
	pb_block_reindex(zone, index);
}

/* Frames come into the list: the first word as a mask, what fits of further ones on the LIFO. */
static void take_words(struct pb_zone *zone, struct pb_pcp_list *list, unsigned long block_pfn,
		       unsigned int order, struct pb_pageblock *block)
{
	unsigned int i, room;
	unsigned long pfn;
	u64 heads, seen;

	for (i = 0; i < PB_WORDS; i++) {
		seen = atomic64_read(&block->free[i]);
		if (!seen)
			continue;
		pfn = block_pfn + i * PB_WORD_NR;
		if (!list->mask) {
			list->mask = pb_word_claim_all(&block->free[i], order);
			list->mask_base = pfn;
			/* A word nearly full of frames is a batch by itself. */
			if (hweight64(list->mask) << order >= PCP_BATCH / 2)
				break;
			continue;
		}
		room = list->limit / 2 - list->n;
		if (hweight64(pb_word_heads(seen, order)) > room)
			break;
		heads = pb_word_claim_all(&block->free[i], order);
		/* More may have been freed into the word since: what does not fit goes back. */
		for (; heads && list->n < PB_LIFO_MAX; heads &= heads - 1)
			list->lifo[list->n++] = pfn + __ffs64(heads);
		if (unlikely(heads))
			pb_zone_release_mask(zone, pfn, pb_word_expand(heads, order));
	}
}

static unsigned int refill_from(struct pb_zone *zone, struct pb_pcp_list *list, unsigned int order,
				unsigned long index, struct pb_pageblock *block)
{
	unsigned int before = list->n;

	take_words(zone, list, pb_block_pfn(zone, index), order, block);
	return list->n - before + hweight64(list->mask);
}

/* From the pageblock this list worked on last. */
static unsigned int refill_current(struct pb_zone *zone, struct pb_pcp_list *list,
				   unsigned int order, enum pb_migratetype mt)
{
	unsigned long index = list->cur - 1UL, word;
	unsigned int nr;

	if (!list->cur)
		return 0;
	word = READ_ONCE(pb_slot(zone->pool, pb_block_pfn(zone, index))->word);
	if (pb_slot_migratetype(word) == mt) {
		nr = refill_from(zone, list, order, index, pb_slot_block(word));
		if (nr)
			return nr;
	}
	drop_block(zone, list);
	return 0;
}

/* From the best pageblock the index has; those other CPUs work on only when there is no other. */
static unsigned int refill_small(struct pb_zone *zone, struct pb_pcp_list *list,
				 unsigned int order, enum pb_migratetype mt)
{
	unsigned int tries, nr = refill_current(zone, list, order, mt), pass;
	struct pb_pageblock *block;
	unsigned long index;
	u16 cur;

	for (pass = 0; pass < 2 && !nr; pass++) {
		tries = 0;
		index = 0;
		while (!nr && (block = pb_zone_next_block(zone, order, mt, &tries, &index))) {
			cur = READ_ONCE(zone->ctl[index].cur);
			if (!pass && cur && cur != pb_cpu_id() + 1)
				continue;
			nr = refill_from(zone, list, order, index, block);
			pb_block_reindex(zone, index);
			if (!nr)
				continue;
			list->cur = index + 1;
			WRITE_ONCE(zone->ctl[index].cur, pb_cpu_id() + 1);
		}
	}
	return nr;
}

/* One block above order 3; the zone has counted its pages. */
static unsigned int refill_large(struct pb_zone *zone, struct pb_pcp_list *list,
				 unsigned int order, enum pb_migratetype mt)
{
	unsigned long pfn = pb_zone_claim(zone, order, mt);

	if (pfn == PB_NO_PFN)
		return 0;
	list->lifo[list->n++] = pfn;
	return 1;
}

static bool refill(struct pb_zone *zone, struct pb_pcp *pcp, struct pb_pcp_list *list,
		   unsigned int order, enum pb_migratetype mt, unsigned int flags)
{
	void (*trace)(struct pb_zone *zone, unsigned int order, unsigned int mt, unsigned int nr);
	unsigned int nr;

	if (order > PB_PCP_MAX_SMALL) {
		nr = refill_large(zone, list, order, mt);
	} else {
		nr = refill_small(zone, list, order, mt);
		if (!nr && pb_fallback_claim_block(zone, order, mt, flags))
			nr = refill_small(zone, list, order, mt);
		pb_zone_account(zone, -(long)(nr << order));
	}
	if (!nr)
		return false;
	pcp->count += nr << order;
	pcp->event[PB_PCP_REFILL]++;
	if (pcp->high < zone->pcp_high_max)
		set_high(pcp, min(pcp->high + max(zone->pcp_batch, 1 << order),
				  zone->pcp_high_max));
	trace = READ_ONCE(zone->pool->ops.refill);
	if (unlikely(trace))
		trace(zone, order, mt, nr);
	return true;
}

static unsigned long pop(struct pb_pcp_list *list)
{
	unsigned long pfn;

	if (list->n)
		return list->lifo[--list->n];
	if (!list->mask)
		return PB_NO_PFN;
	pfn = list->mask_base + __ffs64(list->mask);
	list->mask &= list->mask - 1;
	return pfn;
}

/**
 * pb_pcp_alloc - take a block from this CPU's cache
 * @zone: the zone
 * @order: an order with pcp lists
 * @mt: migratetype, below PB_PCPTYPES
 * @flags: PB_ALLOC_ bits; NOFRAGMENT counts here
 *
 * Refills the list when it is empty, taking over a pageblock of another type where that is
 * called for.
 *
 * Context: any; preemption off. Return: PFN, or PB_NO_PFN when the cache is busy or cannot
 * be refilled: the caller then asks the zone itself. As rmqueue_pcplist() in
 * mm/page_alloc.c.
 */
unsigned long pb_pcp_alloc(struct pb_zone *zone, unsigned int order, enum pb_migratetype mt,
			   unsigned int flags)
{
	struct pb_pcp *pcp = pb_this_cpu_ptr(zone->pcp);
	struct pb_pcp_list *list = &pcp->list[order][mt];
	unsigned long pfn;

	if (!enter(pcp)) {
		pb_zone_event_add(zone, PB_PCP_BUSY, 1);
		return PB_NO_PFN;
	}
	pfn = pop(list);
	if (pfn == PB_NO_PFN && refill(zone, pcp, list, order, mt, flags))
		pfn = pop(list);
	if (pfn != PB_NO_PFN) {
		pcp->count -= 1 << order;
		pcp->nr_alloc[order]++;
	}
	leave(pcp);
	return pfn;
}
EXPORT_SYMBOL_PB_TEST(pb_pcp_alloc);

/* Gives nr blocks back to the zone; neighbours in the array that share a word go together. */
static void release_blocks(struct pb_zone *zone, const unsigned long *pfns, unsigned int nr,
			   unsigned int order)
{
	unsigned long word = 0;
	unsigned int i;
	u64 mask = 0;

	if (order > PB_PCP_MAX_SMALL) {
		for (i = 0; i < nr; i++)
			pb_zone_release(zone, pfns[i], order);
		return;
	}
	for (i = 0; i < nr; i++) {
		if (mask && pfns[i] / PB_WORD_NR != word) {
			pb_zone_release_mask(zone, word * PB_WORD_NR, mask);
			mask = 0;
		}
		word = pfns[i] / PB_WORD_NR;
		mask |= pb_word_run(order) << (pfns[i] % PB_WORD_NR);
	}
	if (mask)
		pb_zone_release_mask(zone, word * PB_WORD_NR, mask);
	pb_zone_account(zone, (long)nr << order);
}

static void count_drain(struct pb_zone *zone, struct pb_pcp *pcp, unsigned int order,
			enum pb_migratetype mt, unsigned int nr)
{
	void (*trace)(struct pb_zone *zone, unsigned int order, unsigned int mt, unsigned int nr);

	pcp->count -= nr << order;
	pcp->event[PB_PCP_DRAIN]++;
	trace = READ_ONCE(zone->pool->ops.drain);
	if (unlikely(trace))
		trace(zone, order, mt, nr);
}

/* Gives the nr oldest blocks of a LIFO back. */
static void drain_oldest(struct pb_zone *zone, struct pb_pcp *pcp, struct pb_pcp_list *list,
			 unsigned int order, enum pb_migratetype mt, unsigned int nr)
{
	release_blocks(zone, list->lifo, nr, order);
	list->n -= nr;
	memmove(list->lifo, list->lifo + nr, list->n * sizeof(list->lifo[0]));
	count_drain(zone, pcp, order, mt, nr);
}

/**
 * pb_pcp_free - put a freed block into this CPU's cache
 * @zone: its zone
 * @pfn: PFN of its head; its order byte is cleared already
 * @order: an order with pcp lists
 * @mt: migratetype of its pageblock, below PB_PCPTYPES
 *
 * Context: any; preemption off. Return: false when the cache is busy or keeps no such
 * blocks: the caller then gives it to the zone itself. As free_unref_page() in
 * mm/page_alloc.c.
 */
bool pb_pcp_free(struct pb_zone *zone, unsigned long pfn, unsigned int order,
		 enum pb_migratetype mt)
{
	struct pb_pcp *pcp = pb_this_cpu_ptr(zone->pcp);
	struct pb_pcp_list *list = &pcp->list[order][mt];

	if (unlikely(!list->limit))
		return false;
	if (!enter(pcp)) {
		pb_zone_event_add(zone, PB_PCP_BUSY, 1);
		return false;
	}
	if (unlikely(list->n >= list->limit))
		drain_oldest(zone, pcp, list, order, mt, list->n - list->limit / 2);
	list->lifo[list->n++] = pfn;
	pcp->count += 1 << order;
	pcp->nr_free[order]++;
	leave(pcp);
	return true;
}
EXPORT_SYMBOL_PB_TEST(pb_pcp_free);

static void drain_list(struct pb_zone *zone, struct pb_pcp *pcp, unsigned int order,
		       enum pb_migratetype mt)
{
	struct pb_pcp_list *list = &pcp->list[order][mt];
	unsigned int nr;

	if (list->n)
		drain_oldest(zone, pcp, list, order, mt, list->n);
	if (list->mask) {
		nr = hweight64(list->mask);
		pb_zone_release_mask(zone, list->mask_base, pb_word_expand(list->mask, order));
		pb_zone_account(zone, (long)nr << order);
		list->mask = 0;
		count_drain(zone, pcp, order, mt, nr);
	}
	drop_block(zone, list);
}

static void drain_pcp(struct pb_zone *zone, struct pb_pcp *pcp)
{
	unsigned int order, mt;

	for (order = 0; order < PB_NR_PCP_ORDERS; order++)
		for (mt = 0; mt < PB_PCPTYPES; mt++)
			drain_list(zone, pcp, order, mt);
}

/**
 * pb_pcp_drain_local - empty this CPU's caches of every zone
 * @pool: the pool
 *
 * Context: any. Return: false when called from an interrupt inside the CPU's own busy window, and
 * something may be left.
 */
bool pb_pcp_drain_local(struct pb_pool *pool)
{
	struct pb_zone *zone;
	struct pb_pcp *pcp;
	bool all = true;
	unsigned int i;

	preempt_disable();
	for (i = 0; i < pool->all_zones->nr; i++) {
		zone = pool->all_zones->zone[i];
		pcp = pb_this_cpu_ptr(zone->pcp);
		if (!enter(pcp)) {
			all = false;
			continue;
		}
		drain_pcp(zone, pcp);
		leave(pcp);
	}
	preempt_enable();
	return all;
}
EXPORT_SYMBOL_PB_TEST(pb_pcp_drain_local);

/**
 * pb_pcp_drain_cpu - empty the caches of a CPU that is offline
 * @pool: the pool
 * @cpu: the CPU; nobody runs on it, nor will before this returns
 *
 * Context: any. As drain_pages() from page_alloc_cpu_dead() in mm/page_alloc.c.
 */
void pb_pcp_drain_cpu(struct pb_pool *pool, int cpu)
{
	unsigned int i;

	preempt_disable();
	for (i = 0; i < pool->all_zones->nr; i++) {
		struct pb_zone *zone = pool->all_zones->zone[i];

		drain_pcp(zone, pb_per_cpu_ptr(zone->pcp, cpu));
	}
	preempt_enable();
}
EXPORT_SYMBOL_PB_TEST(pb_pcp_drain_cpu);

/**
 * pb_pcp_decay_local - let this CPU's caches shrink
 * @pool: the pool
 *
 * Lowers high by an eighth, and empties caches that already stood at their minimum: nobody refilled
 * them since the last call.
 *
 * Context: process; about once a second. As decay_pcp_high() in mm/page_alloc.c.
 * Return: true when all caches of this CPU are empty, so that the caller may stop calling.
 */
bool pb_pcp_decay_local(struct pb_pool *pool)
{
	struct pb_zone *zone;
	struct pb_pcp *pcp;
	bool empty = true;
	unsigned int i;

	preempt_disable();
	for (i = 0; i < pool->all_zones->nr; i++) {
		zone = pool->all_zones->zone[i];
		pcp = pb_this_cpu_ptr(zone->pcp);
		if (!enter(pcp))
			continue;
		if (pcp->high > zone->pcp_high_min)
			set_high(pcp, max(pcp->high - (pcp->high >> 3), zone->pcp_high_min));
		else
			drain_pcp(zone, pcp);
		if (pcp->count || pcp->high > zone->pcp_high_min)
			empty = false;
		leave(pcp);
	}
	preempt_enable();
	return empty;
}
EXPORT_SYMBOL_PB_TEST(pb_pcp_decay_local);

/* Pages in all caches of a zone; exact only while nobody allocates. */
unsigned long pb_pcp_pages(struct pb_zone *zone)
{
	unsigned long pages = 0;
	int cpu;

	pb_for_each_cpu(cpu)
		pages += READ_ONCE(pb_per_cpu_ptr(zone->pcp, cpu)->count);
	return pages;
}
EXPORT_SYMBOL_PB_TEST(pb_pcp_pages);
