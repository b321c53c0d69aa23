/* SPDX-License-Identifier: GPL-2.0-only */
/* What the dma-bufs of a buffer share: pins, and mappings for devices. See dmabuf_map.c. */
#ifndef PB_DMABUF_MAP_H
#define PB_DMABUF_MAP_H

#include <linux/atomic.h>
#include <linux/dma-buf.h>
#include <linux/dma-direction.h>
#include <linux/dma-resv.h>
#include <linux/fs.h>
#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/types.h>

struct pb_buffer;
struct task_struct;

/**
 * struct pb_buffer_dma - what the dma-bufs of a buffer share
 * @name: exp_name of the dma-bufs, "pbuddy:" and the id of the buffer
 * @resv: fences, and the lock under which dynamic importers map and unmap
 * @exports: list of dma-bufs, under buf->frames
 * @nr_pins: reasons why no block is moved; raised with buf->frames held
 * @notify_after: in jiffies; until then importers are not notified again; under @resv
 * @mover: task that is notifying importers or moving a block, under @resv; or NULL
 * @lock: protects the fields after it
 * @mappings: list of mappings for devices
 * @nr_vmaps: users of @vaddr
 * @vaddr: kernel mapping
 */
struct pb_buffer_dma {
	char			name[32];
	struct dma_resv		resv;
	struct list_head	exports;
	atomic_t		nr_pins;
	unsigned long		notify_after;
	struct task_struct	*mover;
	struct mutex		lock;	/* protects what follows */
	struct list_head	mappings;
	unsigned int		nr_vmaps;
	void			*vaddr;
};

/**
 * struct pb_exported - a dma-buf
 * @node: in the list of dma-bufs
 * @buf: the buffer
 * @dmabuf: its private pointer refers to this
 * @inode: of the file of the dma-buf, referenced: it has the mappings of programs, and would end
 *	before the dma-buf is released
 */
struct pb_exported {
	struct list_head	node;
	struct pb_buffer	*buf;
	struct dma_buf		*dmabuf;
	struct inode		*inode;
};

static inline struct pb_buffer *pb_buffer_of_export(const struct dma_buf *dmabuf)
{
	const struct pb_exported *export = dmabuf->priv;

	return export->buf;
}

static inline bool pb_dmabuf_writable(const struct dma_buf *dmabuf)
{
	return dmabuf->file->f_mode & FMODE_WRITE;
}

int pb_dmabuf_pin(struct pb_buffer *buf);
void pb_dmabuf_unpin(struct pb_buffer *buf);
struct sg_table *pb_dmabuf_map(struct dma_buf_attachment *attach,
			       enum dma_data_direction direction);
void pb_dmabuf_unmap(struct dma_buf_attachment *attach, struct sg_table *table,
		     enum dma_data_direction direction);
void pb_dmabuf_sync_for_cpu(struct pb_buffer_dma *dma, enum dma_data_direction direction);
void pb_dmabuf_sync_for_device(struct pb_buffer_dma *dma, enum dma_data_direction direction);

#endif /* PB_DMABUF_MAP_H */
