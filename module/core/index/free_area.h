/* SPDX-License-Identifier: GPL-2.0-only */
/* The index over a zone's pageblocks: finds pageblocks that can serve a request, fullest first. */
#ifndef PB_FREE_AREA_H
#define PB_FREE_AREA_H

#include "core/base/pageblock_types.h"
#include "core/base/zone_types.h"
#include "core/index/bitmap.h"

/*
 * The index class of a pageblock: its migratetype, its fullness and its largest free order; 0 in a
 * hole, and when nothing is free in a pageblock of another type than the following. Where
 * PB_CLASS_COUNTED is set, the free frames are counted, and each allocation and free requests an
 * update: in highatomic pageblocks, and in isolated ones, whose class is only this. Those without a
 * largest free order are in no bitmap.
 */
#define PB_CLASS_LARGEST_SHIFT	0	/* 4 bits: largest free order + 1 */
#define PB_CLASS_COUNTED	BIT(4)
#define PB_CLASS_FULLNESS_SHIFT	5	/* 4 bits: fullness, 0 for a free pageblock */
#define PB_CLASS_MT_SHIFT	9

/* The bits of a class that decide whether a free needs an update. */
#define PB_CLASS_FILTER_MASK	31

/* The class of a free pageblock of a migratetype below PB_PCPTYPES. */
static inline u16 pb_class_free(enum pb_migratetype mt)
{
	return (mt << PB_CLASS_MT_SHIFT) | ((PB_PAGEBLOCK_ORDER + 1) << PB_CLASS_LARGEST_SHIFT);
}

/* What a free means for the index class of its pageblock. */
enum pb_index_state {
	PB_INDEX_OK,		/* no update needed */
	PB_INDEX_STALE,		/* deferred update: order 7 or 8 merged, or other fullness */
	PB_INDEX_HIDES,		/* the freed memory cannot be found: update at once */
	PB_INDEX_WHOLE,		/* updated: the pageblock is wholly free */
};

static inline int pb_class_largest(u16 class)
{
	return ((class >> PB_CLASS_LARGEST_SHIFT) & 15) - 1;
}

static inline unsigned int pb_class_fullness(u16 class)
{
	return (class >> PB_CLASS_FULLNESS_SHIFT) & 15;
}

static inline enum pb_migratetype pb_class_migratetype(u16 class)
{
	return class >> PB_CLASS_MT_SHIFT;
}

/* The fullness of a partly free pageblock with nr free frames. */
static inline unsigned int pb_fullness(unsigned int nr)
{
	return nr ? (nr - 1) / PB_FULLNESS_PAGES : 0;
}

/* Finds the block around a frame that would be one order larger than the index class promises. */
struct pb_class_filter {
	u64	run;		/* frames of that block, at bit 0 */
	u64	align;		/* mask of a frame's number that gives the head of that block */
};

extern const struct pb_class_filter pb_class_filter[PB_CLASS_FILTER_MASK + 1];

/*
 * Whether the index class still promises enough after the free of one frame, @bit of a word.
 * False: call pb_index_on_free(), which decides. The fullness is not checked.
 */
static __always_inline bool pb_class_suffices(u16 class, unsigned int bit, u64 new)
{
	const struct pb_class_filter *s = &pb_class_filter[class & PB_CLASS_FILTER_MASK];
	u64 run = s->run << (bit & s->align);

	return run & ~new;
}

/*
 * Whether the index control says, by one load, that no block of an order (0 to 9) is free: no
 * update is in progress, and the class promises less. Does not depend on any bitmap. The class may
 * lack a merged block of order 7 or 8, so each class with a wholly free word is a candidate.
 */
static inline bool pb_index_excludes(const struct pb_index_ctl *ctl, unsigned int order)
{
	u64 word = READ_ONCE(*(const u64 *)ctl);
	struct pb_index_ctl seen;

	BUILD_BUG_ON(sizeof(seen) != sizeof(word));
	memcpy(&seen, &word, sizeof(seen));
	if (order > PB_WORD_ORDER && order < PB_PAGEBLOCK_ORDER)
		order = PB_WORD_ORDER;
	return !atomic_read(&seen.update) && pb_class_largest(seen.index_class) < (int)order;
}

size_t pb_free_area_words(unsigned long nr_pageblocks);
unsigned long *pb_free_area_init(struct pb_free_area *area, unsigned long nr_pageblocks,
				 unsigned long *mem);

u16 pb_index_class(unsigned long value);
void pb_index_update(struct pb_zone *zone, unsigned long index);
void pb_index_finish_update(struct pb_zone *zone, unsigned long index);
void pb_index_update_isolated(struct pb_zone *zone, unsigned long index);
bool pb_index_raise(struct pb_zone *zone, unsigned long index, const atomic64_t *word);
void pb_index_on_alloc(struct pb_zone *zone, unsigned long index);
enum pb_index_state pb_index_on_free(struct pb_zone *zone, unsigned long index,
				     const struct pb_pageblock *pageblock, u64 mask, u64 new,
				     bool deferred);
enum pb_index_state pb_index_check_fullness(const struct pb_pageblock *pageblock, u16 class);
unsigned int pb_index_bits(u16 class);
bool pb_index_test(struct pb_zone *zone, unsigned long index, u16 class);

void pb_index_clear_summaries(struct pb_zone *zone, struct pb_bitmap *map, unsigned long index);
unsigned long pb_free_area_best(struct pb_zone *zone, enum pb_migratetype mt, unsigned int order,
				unsigned int step, unsigned long from, u64 *behind);
unsigned long pb_free_area_find_free(struct pb_free_area *area);

/* Number of bitmaps to search for an order, from the fullest that may serve to the emptiest. */
static inline unsigned int pb_free_area_steps(unsigned int order)
{
	return order ? PB_PAGEBLOCK_ORDER - order : PB_NR_FULLNESS;
}

static inline struct pb_bitmap *pb_free_area_class(struct pb_free_area *area, unsigned int order,
						   unsigned int step)
{
	return order ? &area->largest[order - 1 + step] : &area->fullness[step];
}

/*
 * Another free pageblock after @last, the last of @tries candidates, was not free. The first
 * candidate is that of pb_free_area_find_free(); then all are visited in ascending order, so that
 * none whose bit is stale hides another.
 */
static inline unsigned long pb_free_area_next_free(struct pb_free_area *area, unsigned int tries,
						   unsigned long last)
{
	if (!tries)
		return pb_free_area_find_free(area);
	return pb_bitmap_next(&area->free_pageblocks, tries == 1 ? 0 : last + 1);
}

#endif /* PB_FREE_AREA_H */
