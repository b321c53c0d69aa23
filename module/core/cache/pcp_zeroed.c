// SPDX-License-Identifier: GPL-2.0-only
/*
 * Zeroed blocks in the lists of a per-CPU cache: refills from zeroed words and pageblocks
 * (zeroed.c) and blocks that were zeroed for a list in advance. A refill searches from where the
 * last one ended. The index has the pageblocks of its type, 64 in a word. After a failure the
 * next ones of that migratetype are left out, apart for blocks of a pageblock and smaller ones.
 *
 * When a search finds no zeroed memory of the request's migratetype, a free pageblock of another
 * type that is zeroed as a whole is converted. Requests for a pageblock mix no types by that.
 * Smaller blocks that stay allocated would spread over all zeroed memory; therefore a pageblock is
 * converted for them only while at least half of the 64 pageblocks around it are zeroed, and until
 * half have the request's migratetype.
 */
#include "core/base/pfn.h"
#include "core/cache/pcp_zeroed.h"
#include "core/index/free_area.h"
#include "core/zone/blocks.h"
#include "core/zone/fallback.h"
#include "core/zone/zone.h"

#define AROUND		64UL	/* pageblocks around one that may be converted, aligned */
#define AROUND_TRIES	8	/* times that many of which a refill looks at */
#define CONVERT_TRIES	AROUND	/* pageblocks that a refill may convert one of */
#define CONVERT_MORE	7U	/* conversions that the counts for one allow in addition, at most */
#define OWN_TRIES	32	/* groups of AROUND, and pageblocks of its type, looked at */
#define ZEROED_SKIP	64	/* refills that do not, after a failure */

#define ALL_WORDS	((1UL << PB_WORDS) - 1)	/* zeroed bits of a pageblock */
#define FIRST_WORDS	(~0UL / ALL_WORDS)	/* first zeroed bits of the pageblocks of a word */
static_assert(PB_WORDS * PB_WORDS == BITS_PER_LONG);

/* Frees zeroed blocks that the zone's watermarks refuse; they are not yet counted as allocated. */
void pb_pcp_free_ungranted_zeroed(struct pb_zone *zone, struct pb_pcp_list *list,
				  unsigned int order, unsigned int nr)
{
	struct pb_pcp_entry entry;

	for (; nr && pb_pcp_pop_zeroed(list, order, &entry); nr--)
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
	list->zeroed_base = pfn;
	list->zeroed = heads;
	if (likely(order <= PB_PCP_MAX_WORD_ORDER))
		list->zeroed_order_map = &pageblock->order_map[bit % PB_WORDS * PB_WORD_NR];
	else
		list->lifo[PB_PCP_ZEROED_AT] = (struct pb_pcp_entry) {
			.pfn = pfn,
			.order_map = &pageblock->order_map[bit % PB_WORDS * PB_WORD_NR],
		};
	nr = hweight64(heads);
	granted = pb_zone_account_alloc(zone, (long)nr << order, 1L << order, rq) >> order;
	if (unlikely(granted < nr))
		pb_pcp_free_ungranted_zeroed(zone, list, order, nr - granted);
	return granted;
}

/* Whether a list may hold a pageblock in addition, and the zone has it above all watermarks. */
static bool has_space(const struct pb_pcp *pcp, const struct pb_pcp_list *list)
{
	int space = pcp->high - (pcp->charged - (int)list->charge);

	return space / 2 >= PB_PAGEBLOCK_NR &&
	       pb_zone_free_least(pcp->zone) >=
	       READ_ONCE(pcp->zone->fast_watermark) + (long)PB_PAGEBLOCK_NR;
}

/*
 * Takes all words of a zeroed pageblock for blocks within a word, if half of what the other lists
 * leave is at least that. Returns the number of blocks.
 */
static unsigned int refill_zeroed_words(struct pb_pcp *pcp, struct pb_pcp_list *list,
					const struct pb_request *rq, unsigned long index)
{
	unsigned long first = round_down(index, PB_WORD_NR), pfn;
	struct pb_zone *zone = pcp->zone;
	u8 *order_map;

	if (!pb_zeroed_all(zone, index) || !has_space(pcp, list) ||
	    !pb_zone_alloc_free_pageblocks(zone, first, BIT_ULL(index - first), rq->migratetype,
					   rq))						/* ZT1 */
		return 0;
	pfn = pb_pageblock_pfn(zone, index);
	if (unlikely(!pb_zeroed_test_and_clear(zone, pfn, PB_PAGEBLOCK_NR))) {	/* ZT2 */
		pb_zone_free_noevent(zone, pfn, PB_PAGEBLOCK_ORDER);
		return 0;
	}
	order_map = pb_order_map(zone->pool, pfn);
	pb_pcp_keep_zeroed(list, rq->order, pb_word_align[rq->order], pfn, order_map);
	list->zeroed_words = PB_WORDS - 1;
	return PB_PAGEBLOCK_NR >> rq->order;
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

/* Takes a zeroed block of an order from a word's to below a pageblock's. Returns their number. */
static unsigned int refill_zeroed_block(struct pb_zone *zone, struct pb_pcp_list *list,
					const struct pb_request *rq, unsigned long index)
{
	unsigned long pfn;

	if (!has_zeroed_block(zone, index, rq->order))
		return 0;
	pfn = pb_zone_alloc_block_at(zone, index, rq->order, 0, BIT(rq->migratetype), rq);
	if (pfn == PB_NO_PFN)
		return 0;
	list->zeroed_base = pfn + (1UL << rq->order) - PB_WORD_NR;
	if (pb_zeroed_test_and_clear(zone, pfn, 1UL << rq->order))
		return pb_pcp_keep_zeroed_block(list, pfn, pb_order_map(zone->pool, pfn));
	pb_zone_free_noevent(zone, pfn, rq->order);
	return 0;
}

/*
 * A word of the zeroed bits has those of eight pageblocks, a byte each. Below, bit 0 of a byte
 * stands for its pageblock.
 */

/* Pageblocks of which a word has all zeroed bits. */
static unsigned long zeroed_pageblocks(unsigned long words)
{
	unsigned int i;

#pragma GCC unroll 8
	for (i = 1; i < PB_WORDS; i *= 2)
		words &= words >> i;
	return words & FIRST_WORDS;
}

/* Pageblocks of which a word has a zeroed bit. */
static unsigned long pageblocks_of(unsigned long words)
{
	unsigned int i;

#pragma GCC unroll 8
	for (i = 1; i < PB_WORDS; i *= 2)
		words |= words >> i;
	return words & FIRST_WORDS;
}

/* The word of the zeroed bits that has those of a pageblock. */
static unsigned long zeroed_word(const struct pb_zone *zone, unsigned long index)
{
	return READ_ONCE(*pb_bitmap_word(&zone->zeroed, index * PB_WORDS));
}

/* One bit for each pageblock: the product has those of all bytes in its highest byte. */
static u64 pack(unsigned long pageblocks)
{
	return pageblocks * 0x0102040810204080ULL >> 56;
}

static unsigned long unpack(u64 bits)
{
	unsigned long pageblocks = 0;

	for (; bits; bits &= bits - 1)
		pageblocks |= 1UL << (__ffs64(bits) * PB_WORDS);
	return pageblocks;
}

/* The first ones, at most @nr. */
static unsigned long first_pageblocks(unsigned long pageblocks, unsigned int nr)
{
	while (hweight_long(pageblocks) > nr)
		pageblocks &= ~(1UL << __fls(pageblocks));
	return pageblocks;
}

/*
 * The number of pageblocks for a refill: as many as the zone has above all watermarks, and at most
 * half of what the other lists leave. The limit of the list is lowered to the rest.
 */
static unsigned int nr_pageblocks(struct pb_pcp *pcp, struct pb_pcp_list *list)
{
	int space = (pcp->high - (pcp->charged - (int)list->charge)) >> PB_PAGEBLOCK_ORDER;
	struct pb_zone *zone = pcp->zone;
	long above = pb_zone_free_least(zone) - READ_ONCE(zone->fast_watermark);
	int nr = min(space / 2, space - (int)list->n);

	nr = clamp(min_t(long, nr, above >> PB_PAGEBLOCK_ORDER), 1, PB_PCP_BLOCKS);
	if (unlikely((int)list->limit + nr > space))
		list->limit = clamp(space - nr, (int)list->n, (int)list->limit);
	return nr;
}

/*
 * Whether a pageblock may be converted for blocks smaller than a pageblock: see above. The counts
 * serve for as many conversions as they allow, by this CPU, at any time; what other CPUs do until
 * then is seen afterwards.
 */
static bool may_spread(struct pb_pcp *pcp, unsigned long index, enum pb_migratetype mt)
{
	unsigned long first = round_down(index, AROUND), type, i;
	struct pb_zone *zone = pcp->zone;
	unsigned long nr = min(AROUND, zone->nr_pageblocks - first);
	/* The pageblocks are in one section of the directory. */
	const struct pb_dir_entry *dir = pb_dir_entry(zone->pool, pb_pageblock_pfn(zone, first));
	unsigned int there = 0, zeroed = 0, own = 0;

	if (pcp->convert_left[mt] && pcp->convert_first[mt] == first) {
		pcp->convert_left[mt]--;
		return true;
	}
	for (i = 0; i < nr; i++) {
		type = pb_zone_entry_value(zone, &dir[i]) & PB_ENTRY_MT_MASK;
		there += type != PB_ENTRY_HOLE;
		own += type == mt;
	}
	for (i = first; i < first + nr; i += PB_WORDS)
		zeroed += hweight_long(zeroed_pageblocks(zeroed_word(zone, i)));
	if (2 * zeroed < there || own >= there / 2)
		return false;
	pcp->convert_first[mt] = first;
	pcp->convert_left[mt] = min3(zeroed - (there + 1) / 2, there / 2 - own - 1, CONVERT_MORE);
	return true;
}

/* Converts a zeroed pageblock of another type. Returns whether it did. */
static bool claim(struct pb_zone *zone, const struct pb_request *rq, unsigned long index)
{
	unsigned long value = pb_zone_pageblock_value(zone, index);

	if (pb_entry_migratetype(value) >= PB_PCPTYPES ||
	    pb_zone_free_least(zone) < READ_ONCE(zone->fast_watermark) + (long)PB_PAGEBLOCK_NR)
		return false;
	return pb_fallback_claim_free(zone, rq->order, index, pb_entry_migratetype(value),
				      rq->migratetype);
}

/* Makes pageblocks of a word of the index the zeroed blocks of a list. Returns their number. */
static unsigned int keep_pageblocks(struct pb_zone *zone, struct pb_pcp_list *list,
				    unsigned long first, u64 mask)
{
	/* The pageblocks are in one section of the directory. */
	struct pb_dir_entry *dir = pb_dir_entry(zone->pool, pb_pageblock_pfn(zone, first));
	struct pb_pcp_entry *entry = &list->lifo[PB_PCP_ZEROED_AT];
	unsigned int nr = hweight64(mask), i;

	list->zeroed = BIT_ULL(nr) - 1;
	for (; mask; mask &= mask - 1, entry++) {
		i = __ffs64(mask);
		entry->pfn = pb_pageblock_pfn(zone, first + i);
		entry->order_map = pb_entry_pageblock(READ_ONCE(dir[i].value))->order_map;
	}
	return nr;
}

static noinline void free_pageblocks(struct pb_zone *zone, unsigned long first, u64 mask)
{
	for (; mask; mask &= mask - 1)
		pb_zone_free_noevent(zone, pb_pageblock_pfn(zone, first + __ffs64(mask)),
				     PB_PAGEBLOCK_ORDER);
}

/*
 * Takes zeroed pageblocks, from @index on, of those whose zeroed bits are in the same word. Returns
 * their number. The bits are cleared together.
 */
static unsigned int refill_zeroed_pageblocks(struct pb_pcp *pcp, struct pb_pcp_list *list,
					     const struct pb_request *rq, unsigned long index)
{
	struct pb_zone *zone = pcp->zone;
	unsigned long first = round_down(index, PB_WORD_NR), some;
	unsigned long bit = round_down(index, PB_WORDS) * PB_WORDS;
	unsigned int shift = bit / PB_WORDS - first;
	u64 wanted, got, zero;

	some = zeroed_pageblocks(zeroed_word(zone, index));
	some &= ~0UL << (index % PB_WORDS * PB_WORDS);
	if (!some)
		return 0;
	some = first_pageblocks(some, nr_pageblocks(pcp, list));
	wanted = pack(some) << shift;
	pb_pcp_set_zeroed_word(zone, list, bit + __fls(some) + PB_WORDS - 1);
	got = pb_zone_alloc_free_pageblocks(zone, first, wanted, rq->migratetype, rq);	/* ZT1 */
	if (unlikely(got != wanted))
		some = unpack(got >> shift);
	some = pb_bitmap_clear_mask(&zone->zeroed, bit, some * ALL_WORDS);		/* ZT2 */
	zero = pack(zeroed_pageblocks(some)) << shift;
	if (unlikely(got != zero))
		free_pageblocks(zone, first, got & ~zero);
	return keep_pageblocks(zone, list, first, zero);
}

/*
 * Refills from a zeroed word, or from the pageblock of which it is the first zeroed word. @value:
 * the entry of the pageblock. Returns 0 when it has another type, too.
 */
static unsigned int refill_at(struct pb_pcp *pcp, struct pb_pcp_list *list,
			      const struct pb_request *rq, unsigned long bit, unsigned long value)
{
	unsigned int nr = 0;

	if (pb_entry_migratetype(value) != rq->migratetype)
		return 0;
	if (rq->order == PB_PAGEBLOCK_ORDER)
		return refill_zeroed_pageblocks(pcp, list, rq, bit / PB_WORDS);
	if (rq->order > PB_WORD_ORDER)
		return refill_zeroed_block(pcp->zone, list, rq, bit / PB_WORDS);
	if (rq->order < PB_WORD_ORDER && !(bit % PB_WORDS))
		nr = refill_zeroed_words(pcp, list, rq, bit / PB_WORDS);
	return nr ?: refill_zeroed_word(pcp->zone, list, rq, bit, value);
}

/* Whether a pageblock can be converted for a request: no CPU refills from it. */
static bool convertible(struct pb_zone *zone, const struct pb_request *rq, unsigned long index)
{
	unsigned long value = pb_zone_pageblock_value(zone, index);

	return pb_entry_migratetype(value) != rq->migratetype &&
	       pb_entry_migratetype(value) < PB_PCPTYPES && pb_zeroed_all(zone, index) &&
	       !READ_ONCE(zone->ctl[index].cur);
}

/*
 * Refills from a pageblock of another type. This CPU enters itself before, so of CPUs that find the
 * same one only one converts it.
 */
static unsigned int refill_converted(struct pb_pcp *pcp, struct pb_pcp_list *list,
				     const struct pb_request *rq, unsigned long bit)
{
	struct pb_zone *zone = pcp->zone;
	unsigned long index = bit / PB_WORDS;
	u16 me = pb_cpu_id() + 1, *cur = &zone->ctl[index].cur;
	unsigned int nr = 0;

	if (cmpxchg(cur, 0, me))
		return 0;
	if (claim(zone, rq, index))
		nr = refill_at(pcp, list, rq, bit, pb_zone_pageblock_value(zone, index));
	if (list->cur != index + 1)
		WRITE_ONCE(*cur, 0);
	return nr;
}

/* Converts the zeroed pageblocks of other types from @index on that a refill takes together. */
static unsigned int refill_converted_pageblocks(struct pb_pcp *pcp, struct pb_pcp_list *list,
						const struct pb_request *rq, unsigned long index)
{
	struct pb_zone *zone = pcp->zone;
	unsigned long first = round_down(index, PB_WORDS), some;
	bool any = false;

	some = zeroed_pageblocks(zeroed_word(zone, index));
	some &= ~0UL << (index % PB_WORDS * PB_WORDS);
	if (!some)
		return 0;
	for (some = first_pageblocks(some, nr_pageblocks(pcp, list)); some; some &= some - 1)
		any |= convertible(zone, rq, first + __ffs(some) / PB_WORDS) &&
		       claim(zone, rq, first + __ffs(some) / PB_WORDS);
	return any ? refill_zeroed_pageblocks(pcp, list, rq, index) : 0;
}

/*
 * The first word of a pageblock to convert, from the zeroed word @bit on. When there is none, the
 * next search begins where this one has ended.
 */
static unsigned long next_to_convert(struct pb_pcp *pcp, struct pb_pcp_list *list,
				     const struct pb_request *rq, unsigned long bit)
{
	struct pb_zone *zone = pcp->zone;
	unsigned int tries, refused = 0;
	unsigned long index, next;

	/* Contiguous areas come before other types. */
	if (pb_fallback_has_cma(zone, rq))
		return PB_NO_PAGEBLOCK;
	for (tries = 0; tries < CONVERT_TRIES && refused < AROUND_TRIES; tries++) {
		index = bit / PB_WORDS;
		next = index + 1;
		if (convertible(zone, rq, index)) {
			if (rq->order == PB_PAGEBLOCK_ORDER ||
			    may_spread(pcp, index, rq->migratetype))
				return index * PB_WORDS;
			next = round_down(index, AROUND) + AROUND;
			refused++;
		}
		bit = pb_bitmap_next(&zone->zeroed, next * PB_WORDS);
		if (bit == PB_NO_PAGEBLOCK)
			bit = pb_bitmap_next(&zone->zeroed, 0);
		if (bit == PB_NO_PAGEBLOCK)
			break;
		pb_pcp_set_zeroed_word(zone, list, (bit ?: zone->zeroed.nbits) - 1);
	}
	return PB_NO_PAGEBLOCK;
}

/* Those of 64 pageblocks that have a type and, by the index, a free word; or are free. */
static u64 free_of_type(struct pb_zone *zone, const struct pb_request *rq, unsigned long first)
{
	struct pb_free_area *area = &zone->area[rq->migratetype];
	u64 bits = READ_ONCE(*pb_bitmap_word(&area->free_pageblocks, first));
	unsigned int i;

	if (rq->order == PB_PAGEBLOCK_ORDER)
		return bits;
	for (i = PB_WORD_ORDER - 1; i < PB_NR_LARGEST; i++)
		bits |= READ_ONCE(*pb_bitmap_word(&area->largest[i], first));
	return bits;
}

/* Those of @some, of 64 pageblocks, that have a zeroed word; or are zeroed as a whole. */
static u64 zeroed_of(struct pb_zone *zone, const struct pb_request *rq, unsigned long first,
		     u64 some)
{
	unsigned long words;
	unsigned int i;
	u64 zeroed = 0;

	for (i = 0; i < AROUND; i += PB_WORDS) {
		if (!(some >> i & ALL_WORDS))
			continue;
		words = zeroed_word(zone, first + i);
		zeroed |= pack(rq->order == PB_PAGEBLOCK_ORDER ? zeroed_pageblocks(words) :
			       pageblocks_of(words)) << i;
	}
	return some & zeroed;
}

/* Refills from the zeroed words of a pageblock; larger blocks have one try. */
static unsigned int refill_words_of(struct pb_pcp *pcp, struct pb_pcp_list *list,
				    const struct pb_request *rq, unsigned long index)
{
	unsigned long value = pb_zone_pageblock_value(pcp->zone, index);
	unsigned long words = pb_zeroed_words(pcp->zone, index);
	unsigned int nr = 0;

	while (words && !nr) {
		nr = refill_at(pcp, list, rq, index * PB_WORDS + __ffs(words), value);
		words = rq->order <= PB_WORD_ORDER ? words & (words - 1) : 0;
	}
	return nr;
}

/* Refills from zeroed memory of the request's type between two words, 64 pageblocks at a time. */
static unsigned int refill_own(struct pb_pcp *pcp, struct pb_pcp_list *list,
			       const struct pb_request *rq, unsigned long from, unsigned long end,
			       unsigned int *tries)
{
	struct pb_zone *zone = pcp->zone;
	unsigned int nr = 0;
	unsigned long first;
	u64 own;

	while (from < end && *tries) {
		from = pb_bitmap_next(&zone->zeroed, from);
		if (from >= end)
			break;
		--*tries;
		first = round_down(from / PB_WORDS, AROUND);
		own = free_of_type(zone, rq, first) & ~0ULL << (from / PB_WORDS - first);
		own = zeroed_of(zone, rq, first, own);
		for (; own && *tries; own &= own - 1, --*tries) {
			nr = refill_words_of(pcp, list, rq, first + __ffs64(own));
			if (nr)
				return nr;
		}
		from = (first + AROUND) * PB_WORDS;
	}
	return 0;
}

/* Refills from a pageblock of another type, of those from a zeroed word on. */
static unsigned int refill_other(struct pb_pcp *pcp, struct pb_pcp_list *list,
				 const struct pb_request *rq, unsigned long bit)
{
	unsigned int nr;

	bit = next_to_convert(pcp, list, rq, bit);
	if (bit == PB_NO_PAGEBLOCK)
		return 0;
	nr = rq->order == PB_PAGEBLOCK_ORDER ?
	     refill_converted_pageblocks(pcp, list, rq, bit / PB_WORDS) :
	     refill_converted(pcp, list, rq, bit);
	if (unlikely(!nr))
		pb_pcp_set_zeroed_word(pcp->zone, list, bit + PB_WORDS - 1);
	return nr;
}

/* Searches from the place where the last search ended. */
static unsigned int refill_zeroed(struct pb_pcp *pcp, struct pb_pcp_list *list,
				  const struct pb_request *rq)
{
	struct pb_zone *zone = pcp->zone;
	unsigned long from = pb_pcp_zeroed_word(zone, list), end = zone->zeroed.nbits;
	unsigned int tries = OWN_TRIES, nr = 0;

	from = from ? from + 1 : pb_zone_search_start(zone) * PB_WORDS;
	if (unlikely(from >= end))
		from = 0;
	/* Most often the word after that of the last refill is zeroed, too. */
	if (likely(test_bit(from, zone->zeroed.level[0])))
		nr = refill_at(pcp, list, rq, from,
			       pb_zone_pageblock_value(zone, from / PB_WORDS));
	if (likely(nr))
		return nr;
	nr = refill_own(pcp, list, rq, from, end, &tries);
	if (!nr)
		nr = refill_own(pcp, list, rq, 0, from, &tries);
	if (nr)
		return nr;
	from = pb_bitmap_next(&zone->zeroed, from);
	if (from == PB_NO_PAGEBLOCK)
		from = pb_bitmap_next(&zone->zeroed, 0);
	return from == PB_NO_PAGEBLOCK ? 0 : refill_other(pcp, list, rq, from);
}

unsigned int pb_pcp_refill_zeroed(struct pb_pcp *pcp, struct pb_pcp_list *list,
				  const struct pb_request *rq)
{
	struct pb_zone *zone = pcp->zone;
	u8 *skip = &pcp->zeroed_skip[rq->migratetype][rq->order == PB_PAGEBLOCK_ORDER];
	unsigned int nr;

	if (likely(!pb_zone_has_zeroed(zone)) || rq->order > PB_PAGEBLOCK_ORDER ||
	    !pb_pcp_has_masks(zone))
		return 0;
	if (*skip) {
		--*skip;
		return 0;
	}
	nr = refill_zeroed(pcp, list, rq);
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
	pb_pcp_keep_zeroed(list, order, heads, pfn, pb_order_map(pcp->zone->pool, pfn));
	pb_pcp_charge(pcp, list, order);
	return true;
}
