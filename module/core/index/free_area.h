/* SPDX-License-Identifier: GPL-2.0-only */
/* The index over a zone's pageblocks: which of them can serve a request, fullest first. */
#ifndef PB_FREE_AREA_H
#define PB_FREE_AREA_H

#include "core/base/pageblock_types.h"
#include "core/base/zone_types.h"

/*
 * A key says where a pageblock stands: 0 nowhere (nothing free, isolated, or a hole), otherwise its
 * migratetype, its occupancy class and its largest free order.
 */
#define PB_KEY_LARGEST_SHIFT	0	/* 4 bits: largest free order + 1 */
#define PB_KEY_OCC_SHIFT	4	/* 4 bits: (free frames - 1) / PB_OCC_NR, or 0 when whole */
#define PB_KEY_MT_SHIFT		8

/* What a free means for the key of its pageblock. */
enum pb_key_state {
	PB_KEY_RIGHT,		/* as right as it has to be */
	PB_KEY_LAGS,		/* an order 7 or 8 came together, or the occupancy class changed */
	PB_KEY_HIDES,		/* what was freed cannot be found: to be updated at once */
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

/* The class of a pageblock with nr frames free; one that is whole stands elsewhere, by its key. */
static inline unsigned int pb_occupancy(unsigned int nr)
{
	return nr ? (nr - 1) / PB_OCC_NR : 0;
}

/* The block of a word around one frame that would be larger than a key promises. */
struct pb_key_screen {
	u64	run;		/* its frames, at bit 0 */
	u64	align;		/* which bits of a frame's number say where it begins */
};

extern const struct pb_key_screen pb_key_screen[16];

/*
 * Whether a key still promises enough after one frame of a word, bit, was freed, as
 * pb_block_freed() would find; false: ask it. Of the occupancy class this says nothing.
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

/* Steps of the search for an order: classes from the fullest to the emptiest that may serve. */
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
