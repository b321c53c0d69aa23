/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A bitmap with summary levels: bit n of level l + 1 is set when word n of level l is not zero.
 *
 * Letters before a field's comment: I = set at initialisation, constant afterwards; A = changed by
 * atomic operations from any context.
 */
#ifndef PB_BITMAP_TYPES_H
#define PB_BITMAP_TYPES_H

#include "core/base/platform.h"

#define PB_BITMAP_LEVELS	5

struct pb_bitmap {
	unsigned int	levels;				/* I */
	unsigned int	stride;				/* I: between words of level 0 */
	unsigned long	nbits;				/* I */
	unsigned long	*level[PB_BITMAP_LEVELS];	/* A */
};

#endif /* PB_BITMAP_TYPES_H */
