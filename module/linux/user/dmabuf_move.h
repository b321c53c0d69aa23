/* SPDX-License-Identifier: GPL-2.0-only */
/* Importers of dma-bufs, when blocks of a buffer are moved. See dmabuf_move.c. */
#ifndef PB_DMABUF_MOVE_H
#define PB_DMABUF_MOVE_H

#include <linux/types.h>

struct pb_buffer;

#ifdef CONFIG_DMA_SHARED_BUFFER
bool pb_dmabuf_pinned(const struct pb_buffer *buf);
int pb_dmabuf_begin_move(struct pb_buffer *buf, bool may_wait);
void pb_dmabuf_end_move(struct pb_buffer *buf);
void pb_dmabuf_unmap_programs(struct pb_buffer *buf, loff_t start, loff_t bytes);
#else
static inline bool pb_dmabuf_pinned(const struct pb_buffer *buf)
{
	return false;
}

static inline int pb_dmabuf_begin_move(struct pb_buffer *buf, bool may_wait)
{
	return 0;
}

static inline void pb_dmabuf_end_move(struct pb_buffer *buf)
{
}

static inline void pb_dmabuf_unmap_programs(struct pb_buffer *buf, loff_t start, loff_t bytes)
{
}
#endif

#endif /* PB_DMABUF_MOVE_H */
