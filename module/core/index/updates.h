/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Index updates in progress: whether there are any, and where, as a scan must know.
 *
 * Only an updater takes a pageblock out of the bitmaps, or hides others of its word (BC1 of
 * bitmap.c). So where no update is in progress, and none begins while a scan reads the bitmaps,
 * these do not hide a pageblock. An update tells this in two ways.
 *
 * Whether: each CPU counts the updates that it has begun and ended, without atomics. As in SRCU,
 * the sum over the CPUs of those ended, and after it of those begun, are equal only if at a moment
 * between the two none was in progress. A second sum of those begun finds whether one began since.
 *
 * Where: a group is the 64 pageblocks of one word of a bitmap. An update marks its group as
 * touched. The mark stays, so that updates pay a load for it, until a scan cleans the groups
 * in which no update is in progress.
 *
 *   update:  TU1 raise ctl->update            clean:  TC1 set CHECKING, clear TOUCHED
 *            TU2 read TOUCHED, set it if clear        TC2 read ctl->update of the group
 *            TU3 move the pageblock                   TC3 set TOUCHED again if one was not 0
 *                                                     TC4 else count the clean; clear CHECKING
 *
 *   scan:    TS1 read the count of cleans
 *            TS2 read the bitmaps
 *            TS3 read TOUCHED and CHECKING, by one load for each group; then the count again
 *
 * TU1 and TC1 are full barriers: if TU2 finds TOUCHED as it was before TC1, then TC2 sees the
 * update in progress, or what it has done. CPUs that find the count raised and leave their change
 * to the updater do TU1 and TU2, too. Suppose that a group is clean at TS3, and the count as at
 * TS1. Then its last clean began before TS1. Updates whose TU2 came later would have left TOUCHED
 * set, and earlier ones were complete at TC2, so no pageblock of the group moved between TS1 and
 * TS3. An update before its TU2 has moved nothing, and no other CPU relies on it: TU2 precedes the
 * write of a class that promises more (UP1 of free_area.c). (litmus: touched-group)
 *
 * One CPU cleans at a time. For others the groups stay touched, which costs the scan some reads.
 */
#ifndef PB_UPDATES_H
#define PB_UPDATES_H

#include "core/base/zone_types.h"

#define PB_GROUP_SHIFT	6
#define PB_GROUP_NR	BIT(PB_GROUP_SHIFT)	/* pageblocks */

/* zone->touched[], one for each group. */
#define PB_TOUCHED	BIT(0)
#define PB_CHECKING	BIT(1)

static inline unsigned long pb_nr_groups(unsigned long nr_pageblocks)
{
	return DIV_ROUND_UP(nr_pageblocks, PB_GROUP_NR);
}

/* TU2: marks the group of a pageblock whose update count has been raised. */
static __always_inline void pb_touch(struct pb_zone *zone, unsigned long index)
{
	atomic_t *group = &zone->touched[index >> PB_GROUP_SHIFT];

	if (unlikely(!(atomic_read(group) & PB_TOUCHED)))
		atomic_fetch_or(PB_TOUCHED, group);
}

/*
 * Requests an update of a pageblock, which has this control. True: this CPU is to do it, and calls
 * pb_update_end() after the update count is 0 again. Any context.
 */
static __always_inline bool pb_update_begin(struct pb_zone *zone, unsigned long index,
					    struct pb_index_ctl *ctl)
{
	bool first;

	pb_this_cpu_inc(zone->updates_begun);
	first = !atomic_fetch_inc(&ctl->update);		/* TU1 */
	pb_touch(zone, index);
	if (!first)
		pb_this_cpu_inc(zone->updates_ended);
	return first;
}

static __always_inline void pb_update_end(struct pb_zone *zone)
{
	pb_this_cpu_inc(zone->updates_ended);
}

unsigned long pb_updates_begun(struct pb_zone *zone);
bool pb_updates_none(struct pb_zone *zone, unsigned long *begun);

void pb_touched_clean(struct pb_zone *zone);
long pb_touched_cleans(struct pb_zone *zone);
bool pb_touched_any(struct pb_zone *zone,
		    bool (*fn)(struct pb_zone *zone, unsigned long first, void *arg), void *arg);

#endif /* PB_UPDATES_H */
