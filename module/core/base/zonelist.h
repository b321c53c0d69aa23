/* SPDX-License-Identifier: GPL-2.0-only */
/* Zones in the order in which requests try them. */
#ifndef PB_ZONELIST_H
#define PB_ZONELIST_H

#include "core/base/zone_types.h"

struct pb_zonelist {
	unsigned int	nr;
	struct pb_zone	*zone[];	/* nearest node first, then higher type first */
};

#endif /* PB_ZONELIST_H */
