/* SPDX-License-Identifier: GPL-2.0-only */
/* Parameters that restrict which requests may use a zone. See restricted.c. */
#ifndef PB_RESTRICTED_H
#define PB_RESTRICTED_H

#include <linux/jump_label.h>

/* On while a zone is restricted, or memory is declared to be mirrored. */
DECLARE_STATIC_KEY_FALSE(pb_restricted_key);

struct pb_zone;

int pb_restricted_init(void);
void pb_restricted_exit(void);
void pb_restricted_resized(void);
void pb_restricted_adding(const struct pb_zone *zone, unsigned long start_pfn,
			  unsigned long nr_pages);

#endif /* PB_RESTRICTED_H */
