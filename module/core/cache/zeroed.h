/* SPDX-License-Identifier: GPL-2.0-only */
/* Zeroed bits: which words of free frames are known to be zero. See zeroed.c. */
#ifndef PB_ZEROED_H
#define PB_ZEROED_H

#include "core/base/pageblock_types.h"
#include "core/base/zone_types.h"
#include "core/index/bitmap.h"

bool __pb_zeroed_test_and_clear(struct pb_zone *zone, unsigned long pfn, unsigned long nr_pages);
void pb_zeroed_set(struct pb_zone *zone, unsigned long pfn, unsigned long nr_pages);

/* Tests and clears the zeroed bits of frames that the caller has allocated. See zeroed.c. */
static __always_inline bool pb_zeroed_test_and_clear(struct pb_zone *zone, unsigned long pfn,
						     unsigned long nr_pages)
{
	/* As the bits, set before the free that makes the frames available. */
	return unlikely(READ_ONCE(zone->prezeroed)) &&
	       __pb_zeroed_test_and_clear(zone, pfn, nr_pages);
}

/* Whether a zone may have zeroed bits to search for; a hint. */
static inline bool pb_zone_has_zeroed(const struct pb_zone *zone)
{
	return unlikely(!pb_bitmap_empty(&zone->zeroed));
}

/* Which words of a pageblock are known to be zero, one bit each; a hint. */
static inline unsigned long pb_zeroed_words(struct pb_zone *zone, unsigned long index)
{
	unsigned long bit = index * PB_WORDS;

	return READ_ONCE(zone->zeroed.level[0][bit / BITS_PER_LONG]) >> (bit % BITS_PER_LONG) &
	       ((1UL << PB_WORDS) - 1);
}

static inline bool pb_zeroed_all(struct pb_zone *zone, unsigned long index)
{
	return pb_zeroed_words(zone, index) == (1UL << PB_WORDS) - 1;
}

#endif /* PB_ZEROED_H */
