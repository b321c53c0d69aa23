/* SPDX-License-Identifier: GPL-2.0-only */
/* Swapping a buffer out. See swap_out.c. */
#ifndef PB_SWAP_OUT_H
#define PB_SWAP_OUT_H

#include <uapi/linux/pbuddy.h>

struct pb_buffer;

int pb_swap_out_locked(struct pb_buffer *buf, enum pbuddy_swap_reason *why);

#endif /* PB_SWAP_OUT_H */
