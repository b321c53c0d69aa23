/* SPDX-License-Identifier: GPL-2.0-only */
/* Describes the blocks that keep a node from its new size. See resize_blocks.c. */
#ifndef PB_RESIZE_BLOCKS_H
#define PB_RESIZE_BLOCKS_H

#include <uapi/linux/pbuddy.h>

#include "core/pool/shrink.h"

/* Sets what is known of the buffers that blocks are part of, in zeroed records. */
typedef void pb_describe_blocks_fn(const struct pb_blocked *blocked,
				   struct pbuddy_resize_block *blocks);

void pb_resize_set_describe(pb_describe_blocks_fn *fn);
void pb_resize_describe(const struct pb_blocked *blocked, struct pbuddy_resize_block *blocks);
void pb_resize_log_blocks(const struct pb_blocked *blocked);

#endif /* PB_RESIZE_BLOCKS_H */
