// SPDX-License-Identifier: GPL-2.0-only
/* The free-page count of a zone: moves between nr_free and the credits. See free_count.h. */
#include "core/zone/free_count.h"

#define CREDIT_TRIES	64

static void move_begin(struct pb_zone *zone)
{
	atomic_long_inc_return(&zone->moves_begun);			/* CM1 */
}

static void move_end(struct pb_zone *zone)
{
	atomic_long_inc_return(&zone->moves_ended);			/* CM4 */
}

/* Sets the limit of a credit to two parts, or to 0 near a watermark. Returns half of it. */
static long set_limit(struct pb_zone *zone, struct pb_free_credit *credit)
{
	long part = pb_credit_part(zone, pb_zone_free_least(zone));

	if (part < PB_CREDIT_LEAST)
		part = 0;
	WRITE_ONCE(credit->limit, 2 * part);
	return part;
}

/**
 * pb_credit_lower - move what a credit has above a part to nr_free
 * @zone: the zone
 * @credit: a credit above its limit
 *
 * Sets a new limit first. Leaves it to the next free when the credit changes meanwhile.
 *
 * Context: any.
 */
void pb_credit_lower(struct pb_zone *zone, struct pb_free_credit *credit)
{
	long keep = set_limit(zone, credit), have = atomic_long_read(&credit->pages);

	if (have <= 2 * keep)
		return;
	move_begin(zone);
	if (atomic_long_try_cmpxchg(&credit->pages, &have, keep))	/* CM2 */
		atomic_long_add(have - keep, &zone->nr_free);		/* CM3 */
	move_end(zone);
}
EXPORT_SYMBOL_PB_TEST(pb_credit_lower);

/**
 * pb_credit_fill - subtract pages from nr_free, and a part that this CPU's credit gets
 * @zone: the zone
 * @pages: pages allocated from the bitmaps
 *
 * Context: any.
 * Return: false when the zone is too near to its watermarks; nothing is changed then.
 */
bool pb_credit_fill(struct pb_zone *zone, long pages)
{
	struct pb_free_credit *credit = pb_zone_credit(zone);
	long free = pb_zone_free_least(zone), part;

	if (pb_credit_part(zone, free - pages) < PB_CREDIT_LEAST)
		return false;
	move_begin(zone);
	do {
		part = pb_credit_part(zone, free - pages);
		if (part < PB_CREDIT_LEAST)
			break;
	} while (!atomic_long_try_cmpxchg(&zone->nr_free, &free, free - pages - part)); /* CM2 */
	if (part >= PB_CREDIT_LEAST)
		atomic_long_add(part, &credit->pages);			/* CM3 */
	move_end(zone);
	return part >= PB_CREDIT_LEAST;
}

/**
 * pb_credit_gather - move all credits to nr_free
 * @zone: the zone
 *
 * Context: any; reads a cache line of each CPU.
 */
void pb_credit_gather(struct pb_zone *zone)
{
	struct pb_free_credit *credit;
	long pages;
	int cpu;

	pb_for_each_cpu(cpu) {
		credit = pb_per_cpu_ptr(zone->credit, cpu);
		if (READ_ONCE(credit->limit))
			WRITE_ONCE(credit->limit, 0);
		if (!atomic_long_read(&credit->pages))			/* CS2 */
			continue;
		move_begin(zone);
		pages = atomic_long_xchg(&credit->pages, 0);		/* CM2 */
		atomic_long_add(pages, &zone->nr_free);			/* CM3 */
		move_end(zone);
	}
}
EXPORT_SYMBOL_PB_TEST(pb_credit_gather);

/**
 * pb_zone_free_gathered - nr_free after the credits were moved to it
 * @zone: the zone
 * @want: as many pages are enough for the caller
 *
 * Context: any.
 * Return: at most the free pages. Less than @want only when the free pages were as many at a moment
 * since the call, when a CPU stopped in a move, or when pages were added to a credit behind the sum
 * and then as many were subtracted from one before it. So a request that is refused walks again
 * before it fails (mc: credit_behind_sum).
 */
long pb_zone_free_gathered(struct pb_zone *zone, long want)
{
	unsigned int tries;
	long ended, begun, free;

	for (tries = 0; tries < CREDIT_TRIES; tries++) {
		ended = atomic_long_read(&zone->moves_ended);		/* CS1 */
		smp_rmb();	/* those ended before those begun, so that equal means none */
		begun = atomic_long_read(&zone->moves_begun);
		smp_mb();	/* CS1 before CS2 */
		pb_credit_gather(zone);
		smp_mb();	/* CS2 before CS3 */
		free = pb_zone_free_least(zone);			/* CS3 */
		smp_mb();	/* CS3 before CS4 */
		if (free >= want || (ended == begun &&
				     atomic_long_read(&zone->moves_begun) == begun)) /* CS4 */
			break;
		cpu_relax();
	}
	return free;
}

/**
 * pb_zone_free_pages - free pages of a zone
 * @zone: the zone
 *
 * Those in the bitmaps of pageblocks that are not isolated. Those in pcp lists are not counted, as
 * in mm/. Exact when no operation is in progress; a move in progress can be seen in part.
 * Decisions that compare the count with a watermark use pb_zone_free_gathered().
 *
 * Context: any; reads a cache line of each CPU.
 * Return: pages.
 */
long pb_zone_free_pages(struct pb_zone *zone)
{
	long pages = pb_zone_free_least(zone);
	int cpu;

	pb_for_each_cpu(cpu)
		pages += atomic_long_read(&pb_per_cpu_ptr(zone->credit, cpu)->pages);
	return pages;
}
EXPORT_SYMBOL_PB_TEST(pb_zone_free_pages);
