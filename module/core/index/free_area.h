/* SPDX-License-Identifier: GPL-2.0-only */
/* The index over a zone's pageblocks: finds pageblocks that can serve a request, fullest first. */
#ifndef PB_FREE_AREA_H
#define PB_FREE_AREA_H

#include "core/base/pageblock_types.h"
#include "core/base/zone_types.h"

/*
 * The index class of a pageblock: 0 when it is in no bitmap (nothing free, isolated, or a hole),
 * otherwise its migratetype, its fullness and its largest free order.
 */
#define PB_KEY_LARGEST_SHIFT	0	/* 4 bits: largest free order + 1 */
#define PB_KEY_OCC_SHIFT	4	/* 4 bits: (free frames - 1) / PB_OCC_NR, or 0 when whole */
#define PB_KEY_MT_SHIFT		8

/* What a free means for the index class of its pageblock. */
enum pb_key_state {
	PB_KEY_RIGHT,		/* no update needed */
	PB_KEY_LAGS,		/* deferred update: a block of order 7 or 8 merged, or the fullness changed */
	PB_KEY_HIDES,		/* the freed memory cannot be found: update at once */
};

static inline int pb_key_largest(u16 key)
{
	return ((key >> PB_KEY_LARGEST_SHIFT) & 15) - 1;
}

static inline unsigned int pb_key_occ(u16 key)
{
	return (key >> PB_KEY_OCC_SHIFT) & 15;
}

static inline enum pb_migratetype pb_key_migratetype(u16 key)
{
	return key >> PB_KEY_MT_SHIFT;
}

/* The fullness of a partly free pageblock with nr free frames. */
static inline unsigned int pb_occupancy(unsigned int nr)
{
	return nr ? (nr - 1) / PB_OCC_NR : 0;
}

/* Finds the block around a frame that would be one order larger than the index class promises. */
struct pb_key_screen {
	u64	run;		/* frames of that block, at bit 0 */
	u64	align;		/* mask of a frame's number that gives the head of that block */
};

extern const struct pb_key_screen pb_key_screen[16];

/*
 * Whether the index class still promises enough after the free of one frame, @bit of a word.
 * False: call pb_block_freed(), which decides. The fullness is not checked.
 */
static __always_inline bool pb_key_stays(u16 key, unsigned int bit, u64 new)
{
	const struct pb_key_screen *s = &pb_key_screen[key & 15];
	u64 run = s->run << (bit & s->align);

	return (new & run) != run;
}

size_t pb_free_area_words(unsigned long nr_blocks);
unsigned long *pb_free_area_init(struct pb_free_area *area, unsigned long nr_blocks,
				 unsigned long *mem);

u16 pb_block_key(unsigned long slot_word);
void pb_block_reindex(struct pb_zone *zone, unsigned long index);
void pb_block_raise(struct pb_zone *zone, unsigned long index, const atomic64_t *word);
void pb_block_taken(struct pb_zone *zone, unsigned long index);
enum pb_key_state pb_block_freed(struct pb_zone *zone, unsigned long index,
				 const struct pb_pageblock *block, u64 mask, u64 new);
enum pb_key_state pb_block_occupancy(const struct pb_pageblock *block, u16 key);
unsigned int pb_index_bits(u16 key);
bool pb_index_test(struct pb_zone *zone, unsigned long index, u16 key);

unsigned long pb_free_area_best(struct pb_free_area *area, unsigned int order, unsigned int step,
				unsigned long from);
unsigned long pb_free_area_whole(struct pb_free_area *area);

/* Number of bitmaps to search for an order, from the fullest that may serve to the emptiest. */
static inline unsigned int pb_free_area_steps(unsigned int order)
{
	return order ? PB_PAGEBLOCK_ORDER - order : PB_NR_OCC;
}

static inline struct pb_bitmap *pb_free_area_class(struct pb_free_area *area, unsigned int order,
						   unsigned int step)
{
	return order ? &area->largest[order - 1 + step] : &area->occ[step];
}

#endif /* PB_FREE_AREA_H */
