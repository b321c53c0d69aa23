// SPDX-License-Identifier: GPL-2.0-only
/* The rings of recent updates, as a scan reads them. See recent.h. */
#include "core/index/recent.h"

/**
 * pb_recent_init - allocate the rings of a zone
 * @zone: the zone
 *
 * Context: may sleep.
 * Return: 0 or -ENOMEM.
 */
int pb_recent_init(struct pb_zone *zone)
{
	zone->nr_recent = min_t(unsigned int, roundup_pow_of_two(pb_nr_cpus()), PB_RECENT_RINGS);
	zone->recent = pb_meta_alloc(zone->nr_recent * sizeof(*zone->recent), zone->nid);
	return zone->recent ? 0 : -ENOMEM;
}

void pb_recent_destroy(struct pb_zone *zone)
{
	pb_meta_free(zone->recent);
	zone->recent = NULL;
}

/**
 * pb_recent_mark - begin to watch the updates of a zone
 * @zone: the zone
 * @mark: set to the oldest updates in progress
 *
 * Context: any. Contains a full barrier after the reads.
 */
void pb_recent_mark(struct pb_zone *zone, struct pb_recent_mark *mark)
{
	struct pb_recent *ring;
	unsigned int i;
	u64 state;

	for (i = 0; i < zone->nr_recent; i++) {
		ring = &zone->recent[i];
		pb_count_visit();
		state = atomic64_read_acquire(&ring->state);
		mark->first[i] = state >> PB_RECENT_SHIFT;
		if (state & (BIT(PB_RECENT_SHIFT) - 1))
			mark->first[i] = READ_ONCE(ring->oldest);
	}
	smp_mb();	/* between the steps 1 and 2 of recent.h */
}
EXPORT_SYMBOL_PB_TEST(pb_recent_mark);

/**
 * pb_recent_any - call a function for the pageblock of each update since a mark
 * @zone: the zone
 * @mark: from pb_recent_mark()
 * @fn: called with a pageblock until it returns true
 * @arg: passed to @fn
 *
 * Context: any. Contains a full barrier before the reads.
 * Return: whether @fn returned true, or updates are no longer, or not yet, in the rings.
 */
bool pb_recent_any(struct pb_zone *zone, const struct pb_recent_mark *mark,
		   bool (*fn)(struct pb_zone *zone, unsigned long index, void *arg), void *arg)
{
	unsigned long index;
	struct pb_recent *ring;
	unsigned int i;
	u64 nr, end, update;

	smp_mb();	/* between the steps 2 and 3 of recent.h */
	for (i = 0; i < zone->nr_recent; i++) {
		ring = &zone->recent[i];
		pb_count_visit();
		end = (u64)atomic64_read_acquire(&ring->state) >> PB_RECENT_SHIFT;
		if (end - mark->first[i] > PB_RECENT_UPDATES)
			return true;
		for (nr = mark->first[i]; nr < end; nr++) {
			update = READ_ONCE(ring->update[nr % PB_RECENT_UPDATES]);
			index = update & (BIT(PB_RECENT_INDEX_BITS) - 1);
			if (update != pb_recent_entry(nr, index) || fn(zone, index, arg))
				return true;
		}
	}
	return false;
}
EXPORT_SYMBOL_PB_TEST(pb_recent_any);
