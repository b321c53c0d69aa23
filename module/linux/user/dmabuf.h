/* SPDX-License-Identifier: GPL-2.0-only */
/* Exports buffers as dma-bufs. See dmabuf.c. */
#ifndef PB_DMABUF_H
#define PB_DMABUF_H

#include <linux/err.h>

struct file;
struct pb_buffer;

#ifdef CONFIG_DMA_SHARED_BUFFER
struct file *pb_dmabuf_export(struct pb_buffer *buf, unsigned int flags);
struct pb_buffer *pb_buffer_of_dmabuf(const struct file *file);
#else
static inline struct file *pb_dmabuf_export(struct pb_buffer *buf, unsigned int flags)
{
	return ERR_PTR(-EOPNOTSUPP);
}

static inline struct pb_buffer *pb_buffer_of_dmabuf(const struct file *file)
{
	return NULL;
}
#endif

#endif /* PB_DMABUF_H */
