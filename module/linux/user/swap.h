/* SPDX-License-Identifier: GPL-2.0-only */
/* Swapping of buffers: advice of programs, and idle buffers. See swap.c. */
#ifndef PB_SWAP_H
#define PB_SWAP_H

#include <uapi/linux/pbuddy.h>

#include "core/alloc/failure_reason.h"

struct pb_buffer;

int pb_swap_allow(struct pb_buffer *buf);
int pb_swap_forbid(struct pb_buffer *buf, enum pb_reason *reason);
int pb_swap_pageout(struct pb_buffer *buf, enum pbuddy_swap_reason *why);
int pb_swap_init(void);
void pb_swap_exit(void);

#endif /* PB_SWAP_H */
