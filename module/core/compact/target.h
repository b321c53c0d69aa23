/* SPDX-License-Identifier: GPL-2.0-only */
/* Compaction: the migration targets. */
#ifndef PB_TARGET_H
#define PB_TARGET_H

#include "core/compact/compact_scan.h"

bool pb_compact_target(struct pb_compact_control *cc, unsigned int order);
struct pb_compact_blocks pb_compact_take_targets(struct pb_compact_control *cc, unsigned int nr);
void pb_compact_free_ready(struct pb_compact_control *cc);
void pb_compact_free_blocks(struct pb_zone *zone, struct pb_compact_blocks *blocks);

/* The number of targets that pb_compact_take_targets() can take, after pb_compact_target(). */
static inline unsigned int pb_compact_nr_targets(const struct pb_compact_control *cc)
{
	return hweight64(cc->ready[cc->next_ready].heads);
}

/* The lowest @nr of the bits that are set, of which there are as many. */
static inline u64 pb_lowest_bits(u64 bits, unsigned int nr)
{
	u64 left = bits;

	if (nr == hweight64(bits))
		return bits;
	while (nr--)
		left &= left - 1;
	return bits & ~left;
}

#endif /* PB_TARGET_H */
