// SPDX-License-Identifier: GPL-2.0-only
/* Index updates in progress, as a scan finds them. See updates.h. */
#include "core/index/updates.h"

/* zone->touched_cleans: the cleans, above a bit that is set while a CPU cleans. */
#define CLEANING	1
#define ONE_CLEAN	2

/**
 * pb_updates_begun - number of updates begun so far
 * @zone: the zone
 *
 * Context: any. Contains a full barrier before the reads.
 * Return: the sum over the CPUs.
 */
unsigned long pb_updates_begun(struct pb_zone *zone)
{
	unsigned long begun = 0;
	int cpu;

	smp_mb();	/* after the sum of those ended, or after the bitmaps */
	pb_for_each_cpu(cpu)
		begun += READ_ONCE(*pb_per_cpu_ptr(zone->updates_begun, cpu));
	return begun;
}
EXPORT_SYMBOL_PB_TEST(pb_updates_begun);

/**
 * pb_updates_none - whether no update is in progress
 * @zone: the zone
 * @begun: set to the number of updates begun so far
 *
 * Context: any. Contains a full barrier after the reads.
 * Return: true when at a moment since the call none was in progress.
 */
bool pb_updates_none(struct pb_zone *zone, unsigned long *begun)
{
	unsigned long ended = 0;
	int cpu;

	pb_for_each_cpu(cpu)
		ended += READ_ONCE(*pb_per_cpu_ptr(zone->updates_ended, cpu));
	*begun = pb_updates_begun(zone);
	smp_mb();	/* before the bitmaps */
	return ended == *begun;
}
EXPORT_SYMBOL_PB_TEST(pb_updates_none);

/* Whether an update is in progress in a group. */
static bool in_progress(struct pb_zone *zone, unsigned long group)
{
	unsigned long i = group << PB_GROUP_SHIFT;
	unsigned long end = min(i + PB_GROUP_NR, zone->nr_pageblocks);

	for (; i < end; i++) {
		pb_count_visit();
		if (atomic_read(&zone->ctl[i].update))			/* TC2 */
			return true;
	}
	return false;
}

static void clean_group(struct pb_zone *zone, unsigned long n)
{
	atomic_t *group = &zone->touched[n];

	pb_count_visit();
	if (!(atomic_read(group) & PB_TOUCHED))
		return;
	atomic_fetch_or(PB_CHECKING, group);
	atomic_fetch_andnot(PB_TOUCHED, group);				/* TC1 */
	if (in_progress(zone, n))
		atomic_fetch_or(PB_TOUCHED, group);			/* TC3 */
	else
		atomic_long_add_return(ONE_CLEAN, &zone->touched_cleans); /* TC4 */
	atomic_fetch_andnot(PB_CHECKING, group);
}

/**
 * pb_touched_clean - clean the touched groups in which no update is in progress
 * @zone: the zone
 *
 * Does nothing while another CPU cleans.
 *
 * Context: any.
 */
void pb_touched_clean(struct pb_zone *zone)
{
	long cleans = atomic_long_read(&zone->touched_cleans);
	unsigned long n;

	if (cleans & CLEANING ||
	    atomic_long_cmpxchg(&zone->touched_cleans, cleans, cleans | CLEANING) != cleans)
		return;
	for (n = 0; n < pb_nr_groups(zone->nr_pageblocks); n++)
		clean_group(zone, n);
	atomic_long_sub_return(CLEANING, &zone->touched_cleans);
}
EXPORT_SYMBOL_PB_TEST(pb_touched_clean);

/* Number of cleans so far. */
long pb_touched_cleans(struct pb_zone *zone)
{
	long cleans;

	smp_mb();	/* after the marks of TS3 */
	cleans = atomic_long_read(&zone->touched_cleans) / ONE_CLEAN;
	smp_mb();	/* TS1, before TS2 */
	return cleans;
}
EXPORT_SYMBOL_PB_TEST(pb_touched_cleans);

/**
 * pb_touched_any - call a function for each group that is not clean
 * @zone: the zone
 * @fn: called with the first pageblock of the group until it returns true
 * @arg: passed to @fn
 *
 * Context: any. Contains a full barrier before the reads.
 * Return: whether @fn returned true.
 */
bool pb_touched_any(struct pb_zone *zone,
		    bool (*fn)(struct pb_zone *zone, unsigned long first, void *arg), void *arg)
{
	unsigned long n;

	smp_mb();	/* between TS2 and TS3 */
	for (n = 0; n < pb_nr_groups(zone->nr_pageblocks); n++) {
		pb_count_visit();
		if (atomic_read(&zone->touched[n]) && fn(zone, n << PB_GROUP_SHIFT, arg))
			return true;
	}
	return false;
}
EXPORT_SYMBOL_PB_TEST(pb_touched_any);
