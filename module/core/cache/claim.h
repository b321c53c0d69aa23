/* SPDX-License-Identifier: GPL-2.0-only */
/* Draining the cache of another CPU without its help. See claim.c. */
#ifndef PB_CLAIM_H
#define PB_CLAIM_H

#include "core/base/platform.h"

struct pb_pcp;

bool pb_pcp_claim(struct pb_pcp *pcp);
bool pb_pcp_drain_claimed(struct pb_pcp *pcp);
void pb_pcp_unclaim(struct pb_pcp *pcp);

#endif /* PB_CLAIM_H */
