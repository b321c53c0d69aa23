// SPDX-License-Identifier: GPL-2.0-only
/*
 * Zeroed blocks in the lists of a per-CPU cache: refills from zeroed words and pageblocks
 * (zeroed.c) and blocks that were zeroed for a list in advance. A refill searches from where the
 * last one ended, among pageblocks of the request's migratetype only. After a search in vain the
 * next ones of that migratetype are left out.
 */
#include "core/base/pfn.h"
#include "core/cache/pcp_zeroed.h"
#include "core/index/free_area.h"
#include "core/zone/zone.h"

#define ZEROED_TRIES	16	/* zeroed words that a refill looks at */
#define ZEROED_SKIP	64	/* refills that do not, after a failure */

/* Frees zeroed blocks that the zone's watermarks refuse; they are not yet counted as allocated. */
void pb_pcp_free_ungranted_zeroed(struct pb_zone *zone, struct pb_pcp_list *list,
				  unsigned int order, unsigned int nr)
{
	struct pb_pcp_entry entry;

	for (; nr && pb_pcp_pop_zeroed(zone, list, &entry); nr--)
		pb_zone_free_mask_uncounted(zone, entry.pfn,
					    pb_word_run(order) << (entry.pfn % PB_WORD_NR));
}

/*
 * Updates the index after an allocation from a pageblock from which the list was not refilled last,
 * or that has changed from @value. Later refills leave that to pb_pcp_reset_cur(), as others do.
 */
static void set_current(struct pb_zone *zone, struct pb_pcp_list *list, unsigned long index,
			unsigned long value)
{
	struct pb_dir_entry *entry = pb_dir_entry(zone->pool, pb_pageblock_pfn(zone, index));

	if (list->cur == index + 1) {
		if (unlikely(READ_ONCE(entry->value) != value))
			pb_index_update(zone, index);
		return;
	}
	pb_pcp_reset_cur(zone, list);
	pb_index_update(zone, index);
	list->cur = index + 1;
	WRITE_ONCE(zone->ctl[index].cur, pb_cpu_id() + 1);
}

/* Takes the blocks of a zeroed word. Returns their number; 0 when another CPU was faster. */
static unsigned int refill_zeroed_word(struct pb_zone *zone, struct pb_pcp_list *list,
				       const struct pb_request *rq, unsigned long bit,
				       unsigned long value)
{
	struct pb_pageblock *pageblock = pb_entry_pageblock(value);
	unsigned long pfn = zone->base_pfn + bit * PB_WORD_NR;
	unsigned int order = rq->order, granted, nr;
	u64 heads;

	heads = pb_word_alloc_all(&pageblock->free[bit % PB_WORDS], order);
	if (unlikely(!heads || !pb_bitmap_clear(&zone->zeroed, bit))) {		/* ZT1, ZT2 */
		pb_index_update(zone, bit / PB_WORDS);
		if (heads)
			pb_zone_free_mask_uncounted(zone, pfn, pb_word_expand(heads, order));
		return 0;
	}
	set_current(zone, list, bit / PB_WORDS, value);
	pb_pcp_keep_zeroed(zone, list, heads, pfn,
			   &pageblock->order_map[bit % PB_WORDS * PB_WORD_NR]);
	nr = hweight64(heads);
	granted = pb_zone_account_alloc(zone, (long)nr << order, 1L << order, rq) >> order;
	if (unlikely(granted < nr))
		pb_pcp_free_ungranted_zeroed(zone, list, order, nr - granted);
	return granted;
}

/* Whether a block of an order above a word's may lie in zeroed words alone. */
static bool has_zeroed_block(struct pb_zone *zone, unsigned long index, unsigned int order)
{
	unsigned long words = pb_zeroed_words(zone, index);
	unsigned int i;

	for (i = PB_WORD_ORDER; i < order; i++)
		words &= words >> (1U << (i - PB_WORD_ORDER)) &
			 pb_word_align[i - PB_WORD_ORDER + 1];
	return words;
}

/* Takes a zeroed block of an order above a word's from a pageblock. Returns their number. */
static unsigned int refill_zeroed_block(struct pb_zone *zone, struct pb_pcp_list *list,
					const struct pb_request *rq, unsigned long index)
{
	unsigned long pfn = pb_pageblock_pfn(zone, index);

	if (!has_zeroed_block(zone, index, rq->order))
		return 0;
	if (rq->order < PB_PAGEBLOCK_ORDER)
		pfn = pb_zone_alloc_block_at(zone, index, rq->order, 0, BIT(rq->migratetype), rq);
	else if (!pb_zone_alloc_pageblock_at(zone, index, rq->migratetype, rq))
		return 0;
	if (pfn == PB_NO_PFN)
		return 0;
	if (pb_zeroed_test_and_clear(zone, pfn, 1UL << rq->order))
		return pb_pcp_keep_zeroed(zone, list, 1, pfn, pb_order_map(zone->pool, pfn));
	pb_zone_free_noevent(zone, pfn, rq->order);
	return 0;
}

/* Searches from the place where the last search ended. */
static unsigned int refill_zeroed(struct pb_zone *zone, struct pb_pcp_list *list,
				  const struct pb_request *rq)
{
	unsigned long from = list->zeroed_word, bit, index, value;
	unsigned int tries, nr;

	from = from ? from + 1 : pb_zone_search_start(zone) * PB_WORDS;
	for (tries = 0; tries < ZEROED_TRIES; tries++) {
		/* Most often the word after that of the last refill is zeroed, too. */
		bit = likely(from < zone->zeroed.nbits && test_bit(from, zone->zeroed.level[0])) ?
		      from : pb_bitmap_next(&zone->zeroed, from);
		if (bit == PB_NO_PAGEBLOCK && !from)
			break;
		from = 0;
		if (bit == PB_NO_PAGEBLOCK)
			continue;
		index = bit / PB_WORDS;
		value = pb_zone_pageblock_value(zone, index);
		from = (index + 1) * PB_WORDS;
		if (pb_entry_migratetype(value) != rq->migratetype)
			continue;
		if (rq->order <= PB_WORD_ORDER) {
			from = bit + 1;
			nr = refill_zeroed_word(zone, list, rq, bit, value);
		} else {
			nr = refill_zeroed_block(zone, list, rq, index);
		}
		if (nr)
			return nr;
	}
	return 0;
}

unsigned int pb_pcp_refill_zeroed(struct pb_pcp *pcp, struct pb_pcp_list *list,
				  const struct pb_request *rq)
{
	struct pb_zone *zone = pcp->zone;
	u8 *skip = &pcp->zeroed_skip[rq->migratetype];
	unsigned int nr;

	if (likely(!pb_zone_has_zeroed(zone)) || rq->order > PB_PAGEBLOCK_ORDER ||
	    !pb_pcp_has_masks(zone))
		return 0;
	if (*skip) {
		--*skip;
		return 0;
	}
	nr = refill_zeroed(zone, list, rq);
	if (!nr)
		*skip = ZEROED_SKIP;
	return nr;
}

/*
 * Adds a block of zeroed frames to the empty zeroed blocks of this CPU's list: one block of @order,
 * or all of a word. False: not empty, or no space.
 */
bool pb_pcp_add_zeroed(struct pb_pcp *pcp, struct pb_pcp_list *list, unsigned int order,
		       unsigned long pfn)
{
	u64 heads = order < PB_WORD_ORDER ? pb_word_align[order] : 1;
	int pages = max(1 << order, (int)PB_WORD_NR);

	if (!pb_pcp_has_masks(pcp->zone) || list->zeroed)
		return false;
	pb_pcp_trim(pcp, list, pcp->high - pages);
	if (pcp->charged + pages > pcp->high)
		return false;
	pb_pcp_keep_zeroed(pcp->zone, list, heads, pfn, pb_order_map(pcp->zone->pool, pfn));
	pb_pcp_charge(pcp, list, order);
	return true;
}
