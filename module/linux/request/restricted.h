/* SPDX-License-Identifier: GPL-2.0-only */
/* Parameters that restrict which requests may use a zone. See restricted.c. */
#ifndef PB_RESTRICTED_H
#define PB_RESTRICTED_H

#include <linux/jump_label.h>

/* On while a zone is restricted. */
DECLARE_STATIC_KEY_FALSE(pb_restricted_key);

int pb_restricted_init(void);
void pb_restricted_exit(void);

#endif /* PB_RESTRICTED_H */
