/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The free-page count of a zone: nr_free, which all CPUs share, and a credit of each CPU.
 *
 *   free pages = nr_free + the sum of the credits
 *
 * A CPU that frees pages to the bitmaps adds them to its credit, and one that allocates pages from
 * the bitmaps subtracts them from it. So refills and flushes of the lists write no line that other
 * CPUs read. An empty credit is filled from nr_free, and one that is too large is moved there.
 *
 * Invariants
 * ----------
 *  - No credit is negative. So nr_free is a lower bound of the free pages, and a request whose
 *    floor it leaves needs no sum.
 *  - Requests subtract from nr_free only down to their floor (watermark.c), or to fast_watermark
 *    when they fill a credit. From a credit they subtract while nr_free is at fast_watermark or
 *    above. So requests with the same floor never take the free pages below it: the drift is zero.
 *    Where a request with a lower floor lowers nr_free between the read of nr_free and the change
 *    of the credit, the result is as if it came later.
 *  - A credit has a limit of two parts, set by the free that exceeds the last one: a part is 1/8
 *    of the pages above fast_watermark, divided by the number of CPUs, and at most
 *    PB_CREDIT_MOST. Where a part is less than PB_CREDIT_LEAST the limit is 0, and no credit is
 *    filled. A gather sets the limits to 0. The limit bounds what a stopped CPU can keep out of a
 *    sum; the sum is right with any.
 *
 * Near the watermarks
 * -------------------
 * A request that nr_free alone does not grant moves all credits to nr_free first (gather), so what
 * refuses it is the sum. The read of the sum is not atomic: a move changes two words. Moves are
 * counted as updates of the index are (index/updates.h):
 *
 *   move:   CM1 increment moves_begun            sum:   CS1 read moves_ended, then moves_begun
 *           CM2 take pages from one word                CS2 read each credit, and move it if not 0
 *           CM3 add them to the other one               CS3 read nr_free
 *           CM4 increment moves_ended                   CS4 read moves_begun again
 *
 * CM1 and CM4 are full barriers, and full barriers separate CS1, CS2, CS3 and CS4. When the
 * counts are equal at CS1 and moves_begun has not changed at CS4, no move was in progress in
 * between, and no page was in neither of the words. Otherwise the sum is computed again,
 * CREDIT_TRIES times at most: a CPU that stops in a move, or an NMI that interrupts one, keeps
 * the pages of this move out of the sum. The sum is then too low and never too high. (mc
 * credit_gather, credit_grant, credit_refusal; litmus: credit-move)
 *
 * A change of the watermarks gathers the credits too, since nr_free alone is compared with the new
 * fast_watermark.
 */
#ifndef PB_FREE_COUNT_H
#define PB_FREE_COUNT_H

#include "core/base/pool_types.h"

#define PB_CREDIT_LEAST	64L		/* pages: about those of a refill */
#define PB_CREDIT_MOST	16384L

/* At most the free pages. Equal to them when no CPU has a credit. */
static inline long pb_zone_free_least(const struct pb_zone *zone)
{
	return atomic_long_read(&zone->nr_free);
}

/* Adds to the shared count, for changes that are rare. */
static inline void pb_zone_account(struct pb_zone *zone, long pages)
{
	atomic_long_add(pages, &zone->nr_free);
}

/* Pages that a CPU may move to its credit when nr_free is @free. */
static inline long pb_credit_part(const struct pb_zone *zone, long free)
{
	long part = (free - READ_ONCE(zone->fast_watermark)) >> zone->credit_shift;

	return min(part, PB_CREDIT_MOST);
}

/* That of any CPU is right: a preempted caller may use the one of its previous CPU. */
static inline struct pb_free_credit *pb_zone_credit(struct pb_zone *zone)
{
	return pb_raw_cpu_ptr(zone->credit);
}

void pb_credit_lower(struct pb_zone *zone, struct pb_free_credit *credit);
bool pb_credit_fill(struct pb_zone *zone, long pages);
void pb_credit_gather(struct pb_zone *zone);
long pb_zone_free_gathered(struct pb_zone *zone, long want);
long pb_zone_free_pages(struct pb_zone *zone);

/**
 * pb_zone_account_free - add freed pages to the free-page count
 * @zone: the zone
 * @pages: pages freed to the bitmaps
 *
 * Context: any, NMI included.
 */
static inline void pb_zone_account_free(struct pb_zone *zone, long pages)
{
	struct pb_free_credit *credit = pb_zone_credit(zone);

	if (unlikely(atomic_long_add_return(pages, &credit->pages) > READ_ONCE(credit->limit)))
		pb_credit_lower(zone, credit);
}

#endif /* PB_FREE_COUNT_H */
