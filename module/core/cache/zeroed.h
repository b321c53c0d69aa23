/* SPDX-License-Identifier: GPL-2.0-only */
/* Zeroed bits: which free frames are known to be zero. See zeroed.c. */
#ifndef PB_ZEROED_H
#define PB_ZEROED_H

#include "core/base/pageblock_types.h"
#include "core/base/zone_types.h"

/* In the page order map, for a free frame that is known to be zero; other free frames have 0. */
#define PB_FRAME_ZEROED		0x80U
/* What no free frame has. */
#define PB_FRAME_IN_USE(byte)	((byte) & (0xffU & ~PB_FRAME_ZEROED))

bool pb_zeroed_merge(struct pb_zone *zone, unsigned long pfn, unsigned long nr_pages);
bool pb_zeroed_test_and_clear(struct pb_zone *zone, unsigned long pfn, unsigned long nr_pages);
bool pb_zeroed_all(struct pb_pageblock *pageblock);

/* Whether any frame of a zone was ever prezeroed; if not, there are no zeroed bits to look for. */
static inline bool pb_zone_has_zeroed(struct pb_zone *zone)
{
	return unlikely(atomic_long_read(&zone->nr_prezeroed));
}

#endif /* PB_ZEROED_H */
