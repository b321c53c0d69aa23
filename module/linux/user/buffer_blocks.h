/* SPDX-License-Identifier: GPL-2.0-only */
/* Finds the buffers that blocks are part of. See buffer_blocks.c. */
#ifndef PB_BUFFER_BLOCKS_H
#define PB_BUFFER_BLOCKS_H

int pb_buffer_blocks_init(void);
void pb_buffer_blocks_exit(void);

#endif /* PB_BUFFER_BLOCKS_H */
