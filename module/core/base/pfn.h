/* SPDX-License-Identifier: GPL-2.0-only */
/* Lookup of directory entry, pageblock and page order map by PFN, and of PFNs by pageblock. */
#ifndef PB_PFN_H
#define PB_PFN_H

#include "core/base/directory.h"
#include "core/base/frame.h"
#include "core/base/pageblock_types.h"
#include "core/base/pool_types.h"

/* The directory entry of a PFN below the end of the directory; it may be a hole. */
static inline struct pb_slot *pb_slot(struct pb_pool *pool, unsigned long pfn)
{
	return &pool->dir[pfn >> PB_CHUNK_ORDER]->slot[(pfn >> PB_PAGEBLOCK_ORDER) &
						       (PB_CHUNK_BLOCKS - 1)];
}

/* The same for any number: NULL when the pool does not own it. */
static inline struct pb_slot *pb_slot_lookup(struct pb_pool *pool, unsigned long pfn)
{
	unsigned long chunk = pfn >> PB_CHUNK_ORDER;
	struct pb_slot *slot;

	if (chunk >= pool->nr_dir)
		return NULL;
	slot = pb_slot(pool, pfn);
	return READ_ONCE(slot->word) != PB_SLOT_HOLE ? slot : NULL;
}

static inline struct pb_pageblock *pb_slot_block(unsigned long word)
{
	return (struct pb_pageblock *)(word & ~PB_SLOT_FLAGS_MASK);
}

static inline enum pb_migratetype pb_slot_migratetype(unsigned long word)
{
	return word & PB_SLOT_MT_MASK;
}

static inline enum pb_migratetype pb_slot_saved_migratetype(unsigned long word)
{
	return word >> PB_SLOT_SAVED_SHIFT & PB_SLOT_MT_MASK;
}

/* Whether a pageblock is part of a contiguous area, isolated or not. */
static inline bool pb_slot_is_cma(unsigned long word)
{
	enum pb_migratetype mt = pb_slot_migratetype(word);

	return mt == PB_CMA ||
	       (mt == PB_ISOLATE && pb_slot_saved_migratetype(word) == PB_CMA);
}

/* Sets the migratetype; false for an isolated pageblock, which stays isolated. */
static inline bool pb_slot_set_migratetype(struct pb_slot *slot, enum pb_migratetype mt)
{
	unsigned long old = READ_ONCE(slot->word);

	do {
		if (pb_slot_migratetype(old) == PB_ISOLATE)
			return false;
	} while (!try_cmpxchg(&slot->word, &old, (old & ~PB_SLOT_MT_MASK) | mt));
	return true;
}

static inline unsigned int pb_frame_in_block(unsigned long pfn)
{
	return pfn & (PB_PAGEBLOCK_NR - 1);
}

/* The byte in the page order map of a PFN that the pool owns. */
static inline u8 *pb_order_byte(struct pb_pool *pool, unsigned long pfn)
{
	unsigned long word = READ_ONCE(pb_slot(pool, pfn)->word);

	return &pb_slot_block(word)->order[pb_frame_in_block(pfn)];
}

/* Index of a PFN's pageblock within its zone, and the first PFN of a pageblock. */
static inline unsigned long pb_block_index(struct pb_zone *zone, unsigned long pfn)
{
	return (pfn - zone->base_pfn) >> PB_PAGEBLOCK_ORDER;
}

static inline unsigned long pb_block_pfn(struct pb_zone *zone, unsigned long index)
{
	return zone->base_pfn + (index << PB_PAGEBLOCK_ORDER);
}

/* The entry of a pageblock of this zone, or NULL for a hole or a pageblock of another zone. */
static inline struct pb_slot *pb_zone_slot(struct pb_zone *zone, unsigned long index)
{
	struct pb_slot *slot = pb_slot_lookup(zone->pool, pb_block_pfn(zone, index));

	return slot && slot->zone == zone ? slot : NULL;
}

#endif /* PB_PFN_H */
