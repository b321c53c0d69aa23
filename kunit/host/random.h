/* SPDX-License-Identifier: GPL-2.0-only */
/* Random numbers of the host programs, which a seed alone decides. */
#ifndef HOST_RANDOM_H
#define HOST_RANDOM_H

#include "core/base/platform.h"

/* xorshift64*. @state must not be 0; the upper bits of the result are the better ones. */
static inline u64 host_random(u64 *state)
{
	*state ^= *state >> 12;
	*state ^= *state << 25;
	*state ^= *state >> 27;
	return *state * 0x2545f4914f6cdd1dULL;
}

#endif /* HOST_RANDOM_H */
