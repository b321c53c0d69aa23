/* SPDX-License-Identifier: GPL-2.0-only */
/* Lookup of directory entry, pageblock and page order map by PFN, and of PFNs by pageblock. */
#ifndef PB_PFN_H
#define PB_PFN_H

#include "core/base/directory.h"
#include "core/base/frame.h"
#include "core/base/pageblock_types.h"
#include "core/base/pool_types.h"

/* The directory entry of a PFN below the end of the directory; it may be a hole. */
static inline struct pb_dir_entry *pb_dir_entry(struct pb_pool *pool, unsigned long pfn)
{
	return &pool->dir[pfn >> PB_SECTION_ORDER]->entry[(pfn >> PB_PAGEBLOCK_ORDER) &
						       (PB_SECTION_PAGEBLOCKS - 1)];
}

/* The same for any number: NULL when the pool does not own it. */
static inline struct pb_dir_entry *pb_dir_lookup(struct pb_pool *pool, unsigned long pfn)
{
	unsigned long section = pfn >> PB_SECTION_ORDER;
	struct pb_dir_entry *entry;

	if (section >= pool->nr_dir)
		return NULL;
	entry = pb_dir_entry(pool, pfn);
	return (READ_ONCE(entry->value) & PB_ENTRY_MT_MASK) != PB_ENTRY_HOLE ? entry : NULL;
}

static inline struct pb_pageblock *pb_entry_pageblock(unsigned long value)
{
	return (struct pb_pageblock *)(value & ~PB_ENTRY_FLAGS_MASK);
}

static inline enum pb_migratetype pb_entry_migratetype(unsigned long value)
{
	return value & PB_ENTRY_MT_MASK;
}

static inline enum pb_migratetype pb_entry_saved_migratetype(unsigned long value)
{
	return value >> PB_ENTRY_SAVED_SHIFT & PB_ENTRY_MT_MASK;
}

/* Whether a pageblock is part of a contiguous area, isolated or not. */
static inline bool pb_entry_is_cma(unsigned long value)
{
	enum pb_migratetype mt = pb_entry_migratetype(value);

	return mt == PB_CMA ||
	       (mt == PB_ISOLATE && pb_entry_saved_migratetype(value) == PB_CMA);
}

/* Sets the migratetype; false for an isolated pageblock, which stays isolated. */
static inline bool pb_entry_set_migratetype(struct pb_dir_entry *entry, enum pb_migratetype mt)
{
	unsigned long old = READ_ONCE(entry->value);

	do {
		if (pb_entry_migratetype(old) == PB_ISOLATE)
			return false;
	} while (!try_cmpxchg(&entry->value, &old, (old & ~PB_ENTRY_MT_MASK) | mt));
	return true;
}

/*
 * Changes the migratetype if it is one of @types, BIT(mt) each. Types that are counted, as
 * highatomic ones are, change only this way: the CPU that made the change also changes the count.
 */
static inline bool pb_entry_change_migratetype(struct pb_dir_entry *entry, unsigned int types,
					       enum pb_migratetype to)
{
	unsigned long old = READ_ONCE(entry->value);

	do {
		if (!(BIT(pb_entry_migratetype(old)) & types))
			return false;
	} while (!try_cmpxchg(&entry->value, &old, (old & ~PB_ENTRY_MT_MASK) | to));
	return true;
}

static inline unsigned int pb_frame_in_pageblock(unsigned long pfn)
{
	return pfn & (PB_PAGEBLOCK_NR - 1);
}

/* The byte in the page order map of a PFN that the pool owns. */
static inline u8 *pb_order_map(struct pb_pool *pool, unsigned long pfn)
{
	unsigned long value = READ_ONCE(pb_dir_entry(pool, pfn)->value);

	return &pb_entry_pageblock(value)->order_map[pb_frame_in_pageblock(pfn)];
}

/* Index of a PFN's pageblock within its zone, and the first PFN of a pageblock. */
static inline unsigned long pb_pageblock_index(struct pb_zone *zone, unsigned long pfn)
{
	return (pfn - zone->base_pfn) >> PB_PAGEBLOCK_ORDER;
}

static inline unsigned long pb_pageblock_pfn(struct pb_zone *zone, unsigned long index)
{
	return zone->base_pfn + (index << PB_PAGEBLOCK_ORDER);
}

/*
 * The entry value of a pageblock by its index, PB_ENTRY_HOLE when it is another zone's by now: an
 * index may be from before it left this zone (move.c). With preemption off a pageblock that has a
 * value here does not become another zone's until preemption is on.
 */
static __always_inline unsigned long pb_zone_entry_value(const struct pb_zone *zone,
							 const struct pb_dir_entry *entry)
{
	/* Pairs with the release in pb_pool_add_pageblock(): the zone is the one of this value. */
	unsigned long value = smp_load_acquire(&entry->value);

	return likely(READ_ONCE(entry->zone) == zone) ? value : PB_ENTRY_HOLE;
}

/* The same for a pageblock by its index. */
static __always_inline unsigned long pb_zone_pageblock_value(struct pb_zone *zone,
							     unsigned long index)
{
	return pb_zone_entry_value(zone, pb_dir_entry(zone->pool, pb_pageblock_pfn(zone, index)));
}

/* The entry of a pageblock of this zone, or NULL for a hole or a pageblock of another zone. */
static inline struct pb_dir_entry *pb_zone_dir_entry(struct pb_zone *zone, unsigned long index)
{
	struct pb_dir_entry *entry = pb_dir_lookup(zone->pool, pb_pageblock_pfn(zone, index));

	return entry && entry->zone == zone ? entry : NULL;
}

#endif /* PB_PFN_H */
