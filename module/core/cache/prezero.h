/* SPDX-License-Identifier: GPL-2.0-only */
/* Zeroing ahead of use. See prezero.c. */
#ifndef PB_PREZERO_H
#define PB_PREZERO_H

#include "core/base/platform.h"

struct pb_zone;

/**
 * struct pb_prezero - one run over a zone, on the stack of whoever zeroes
 * @zone: the zone
 * @mt: migratetype that is being looked through
 * @index: and the pageblock that is next
 * @left: pageblocks that may be zero ahead of use, less those that were met and are
 */
struct pb_prezero {
	struct pb_zone	*zone;
	unsigned int	mt;
	unsigned long	index;
	unsigned long	left;
};

void pb_prezero_start(struct pb_prezero *run, struct pb_zone *zone);
bool pb_prezero_next(struct pb_prezero *run);

#endif /* PB_PREZERO_H */
