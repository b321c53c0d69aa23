/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Recent updates: which pageblocks' index classes changed while a scan read the index.
 *
 * Only an updater takes a pageblock out of the bitmaps, or hides others of its word (BC1 of
 * bitmap.c). It enters the pageblock into the ring of its CPU before it raises ctl->update from 0,
 * and counts itself as in progress until ctl->update is 0 again. So a scan reads
 *
 *   1. the rings: each update that is in progress, or begins later, has this number or a higher one
 *   2. the bitmaps
 *   3. the rings again, and the pageblocks of the updates since 1
 *
 * A pageblock that none of these updates concerns did not move between 1 and 3. When a ring has
 * been overwritten meanwhile, the scan reads all pageblocks.
 *
 * All steps of an updater are separated by value-returning atomics, which are full barriers. An
 * NMI, and another CPU that shares the ring, may begin and end updates at any point.
 */
#ifndef PB_RECENT_H
#define PB_RECENT_H

#include "core/base/zone_types.h"

#define PB_RECENT_INDEX_BITS	24	/* a bitmap has at most 2^24 bits */

/* Where the rings stood when a scan began. */
struct pb_recent_mark {
	u64	first[PB_RECENT_RINGS];
};

static inline u64 pb_recent_entry(u64 nr, unsigned long index)
{
	return nr << PB_RECENT_INDEX_BITS | index;
}

/* Before a CPU raises the update count of a pageblock. */
static inline struct pb_recent *pb_recent_begin(struct pb_zone *zone, unsigned long index)
{
	struct pb_recent *ring = &zone->recent[pb_cpu_id() & (zone->nr_recent - 1)];
	u64 old = atomic64_fetch_add((1LL << PB_RECENT_SHIFT) + 1, &ring->state);
	u64 nr = old >> PB_RECENT_SHIFT;

	WRITE_ONCE(ring->update[nr % PB_RECENT_UPDATES], pb_recent_entry(nr, index));
	if (!(old & (BIT(PB_RECENT_SHIFT) - 1)))
		WRITE_ONCE(ring->oldest, nr);
	return ring;
}

/* After the count is 0 again, or when another CPU is the updater. */
static inline void pb_recent_end(struct pb_recent *ring)
{
	atomic64_dec(&ring->state);
}

int pb_recent_init(struct pb_zone *zone);
void pb_recent_destroy(struct pb_zone *zone);
void pb_recent_mark(struct pb_zone *zone, struct pb_recent_mark *mark);
bool pb_recent_any(struct pb_zone *zone, const struct pb_recent_mark *mark,
		   bool (*fn)(struct pb_zone *zone, unsigned long index, void *arg), void *arg);

#endif /* PB_RECENT_H */
