/* SPDX-License-Identifier: GPL-2.0-only */
/* Zero idle pageblocks in advance. See prezero.c. */
#ifndef PB_PREZERO_H
#define PB_PREZERO_H

#include "core/base/platform.h"

struct pb_pool;
struct pb_zone;

/**
 * struct pb_prezero - one prezeroing run over a zone, on the caller's stack
 * @zone: the zone
 * @mt: migratetype that is being searched
 * @index: next pageblock to look at
 * @left: pageblocks the run may still prezero; prezeroed ones that it finds count as well
 * @paused: requests paused prezeroing at the last call of pb_prezero_next()
 */
struct pb_prezero {
	struct pb_zone	*zone;
	unsigned int	mt;
	unsigned long	index;
	unsigned long	left;
	bool		paused;
};

void pb_prezero_start(struct pb_prezero *run, struct pb_zone *zone);
bool pb_prezero_next(struct pb_prezero *run);
bool pb_prezero_all(struct pb_pool *pool);
bool pb_prezero_wanted(struct pb_zone *zone, int cpu);
void pb_prezero_fill(struct pb_zone *zone);
void pb_prezero_pause(struct pb_pool *pool);
void pb_prezero_resume(struct pb_pool *pool);

#endif /* PB_PREZERO_H */
