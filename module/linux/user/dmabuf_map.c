// SPDX-License-Identifier: GPL-2.0-only
/*
 * Pins of exported buffers, and their mappings for devices.
 *
 * pb_dmabuf_map() makes a scatter-gather table of the buffer's segments and maps it for the device
 * (struct mapped). Access by the CPU between begin_cpu_access() and end_cpu_access() is
 * synchronised with all devices that have the buffer mapped, in the direction in which each has it
 * mapped.
 *
 * A pinned buffer is not moved (dmabuf_move.c). These pin it:
 *
 *   - a static importer, from dma_buf_attach() on, or since 7.1 while it has the buffer mapped;
 *   - dma_buf_pin() of a dynamic importer (dma_buf_dynamic_attach());
 *   - a mapping of a dynamic importer, before 7.1 in a kernel without CONFIG_DMABUF_MOVE_NOTIFY;
 *   - a kernel mapping, and each mapping of a dma-buf that is not writable.
 *
 * A migration holds buf->frames for writing. So a pin is taken with buf->frames held for reading.
 * A mapping that does not pin is made and undone under the reservation lock, which a migration
 * tries to lock before it looks for mappings.
 *
 * Order of locks: mmap_lock, reservation lock, buf->frames, dma->lock.
 */
#include <linux/bug.h>
#include <linux/dma-mapping.h>
#include <linux/err.h>
#include <linux/lockdep.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/rwsem.h>
#include <linux/scatterlist.h>
#include <linux/sched.h>
#include <linux/slab.h>

#include "user/dmabuf_map.h"
#include "user/segment.h"

/* The longest entry of a table, whose length in bytes has 32 bits. */
#define ENTRY_PAGES	(1UL << (30 - PAGE_SHIFT))

/**
 * struct mapped - a mapping of the buffer for a device
 * @node: in the list of mappings
 * @dev: the device
 * @table: segments of the buffer
 * @direction: of the transfers
 * @pinned: it pins the buffer
 */
struct mapped {
	struct list_head	node;
	struct device		*dev;
	struct sg_table		table;
	enum dma_data_direction	direction;
	bool			pinned;
};

/* ---- Pins ---- */

/**
 * pb_dmabuf_pin() - keep the frames of a buffer where they are, until pb_dmabuf_unpin()
 * @buf: a buffer that has dma-bufs
 *
 * Waits for a migration that is in progress.
 *
 * Context: may sleep; the reservation lock may be held.
 * Return: 0, or -EBUSY inside of an importer's move_notify().
 */
int pb_dmabuf_pin(struct pb_buffer *buf)
{
	struct pb_buffer_dma *dma = buf->dma;

	if (READ_ONCE(dma->mover) == current)
		return -EBUSY;
	down_read(&buf->frames);
	atomic_inc(&dma->nr_pins);
	up_read(&buf->frames);
	return 0;
}

/**
 * pb_dmabuf_unpin() - undo one pb_dmabuf_pin()
 * @buf: the buffer
 *
 * Context: any.
 */
void pb_dmabuf_unpin(struct pb_buffer *buf)
{
	WARN_ON_ONCE(atomic_dec_return(&buf->dma->nr_pins) < 0);
}

/* ---- Mappings for devices ---- */

/* Pages in the longest entry for a device; a bounce buffer is shorter than a segment may be. */
static unsigned long entry_pages(struct device *dev)
{
	return clamp(dma_max_mapping_size(dev) >> PAGE_SHIFT, 1UL, ENTRY_PAGES);
}

/* Returns 0, or -EINTR after a fatal signal. */
static int count_entries(struct pb_buffer *buf, unsigned long max, unsigned int *nr)
{
	struct pb_segment_iter iter = { .buf = buf };
	struct pb_segment segment;
	int more;

	*nr = 0;
	while ((more = pb_segment_next(&iter, &segment)) > 0)
		*nr += DIV_ROUND_UP(segment.nr_pages, max);
	return more;
}

static int fill_table(struct sg_table *table, struct pb_buffer *buf, unsigned long max)
{
	struct pb_segment_iter iter = { .buf = buf };
	struct pb_segment segment;
	struct scatterlist *sg;
	unsigned int nr;
	int err;

	err = count_entries(buf, max, &nr) ?: sg_alloc_table(table, nr, GFP_KERNEL);
	if (err)
		return err;
	sg = table->sgl;
	while ((err = pb_segment_next(&iter, &segment)) > 0) {
		unsigned long done = 0, n;

		for (; done < segment.nr_pages; done += n, sg = sg_next(sg)) {
			n = min(segment.nr_pages - done, max);
			sg_set_page(sg, pfn_to_page(segment.pfn + done), n << PAGE_SHIFT, 0);
		}
	}
	if (err)
		sg_free_table(table);
	return err;
}

/* The frames do not change: the caller holds the reservation lock or has pinned the buffer. */
static int map_frames(struct mapped *m, struct pb_buffer *buf)
{
	int err = fill_table(&m->table, buf, entry_pages(m->dev));

	if (err)
		return err;
	mutex_lock(&buf->dma->lock);
	err = dma_map_sgtable(m->dev, &m->table, m->direction, 0);
	if (!err)
		list_add(&m->node, &buf->dma->mappings);
	mutex_unlock(&buf->dma->lock);
	if (err)
		sg_free_table(&m->table);
	return err;
}

/**
 * pb_dmabuf_map() - map a buffer for a device; map_dma_buf() of its dma-bufs
 * @attach: attachment of the device
 * @direction: of the transfers
 *
 * Context: may sleep; the reservation lock is held, unless the dma-buf is read-only.
 * Return: the table; -EACCES when the device could write to a read-only dma-buf; -EBUSY inside of
 * move_notify(); -EINTR after a fatal signal; -ENOMEM, or an error of dma_map_sgtable().
 */
struct sg_table *pb_dmabuf_map(struct dma_buf_attachment *attach,
			       enum dma_data_direction direction)
{
	bool pins = !pb_dmabuf_writable(attach->dmabuf);
	struct pb_buffer *buf = pb_buffer_of_export(attach->dmabuf);
	struct mapped *m;
	int err;

	if (pins && direction != DMA_TO_DEVICE)
		return ERR_PTR(-EACCES);
	if (READ_ONCE(buf->dma->mover) == current)
		return ERR_PTR(-EBUSY);
	m = kzalloc(sizeof(*m), GFP_KERNEL);
	if (!m)
		return ERR_PTR(-ENOMEM);
	m->dev = attach->dev;
	m->direction = direction;
	m->pinned = pins && !pb_dmabuf_pin(buf);
	err = map_frames(m, buf);
	if (!err)
		return &m->table;
	if (m->pinned)
		pb_dmabuf_unpin(buf);
	kfree(m);
	return ERR_PTR(err);
}

/**
 * pb_dmabuf_unmap() - undo pb_dmabuf_map(); unmap_dma_buf() of its dma-bufs
 * @attach: the attachment
 * @table: what pb_dmabuf_map() returned
 * @direction: as it was mapped
 *
 * Context: may sleep; the reservation lock is held, unless the dma-buf is read-only.
 */
void pb_dmabuf_unmap(struct dma_buf_attachment *attach, struct sg_table *table,
		     enum dma_data_direction direction)
{
	struct mapped *m = container_of(table, struct mapped, table);
	struct pb_buffer *buf = pb_buffer_of_export(attach->dmabuf);

	mutex_lock(&buf->dma->lock);
	list_del(&m->node);
	dma_unmap_sgtable(m->dev, table, direction, 0);
	mutex_unlock(&buf->dma->lock);
	if (m->pinned)
		pb_dmabuf_unpin(buf);
	sg_free_table(table);
	kfree(m);
}

/* ---- Access by the CPU ---- */

/* A device that only reads has no data for the CPU, and one that only writes needs none of it. */
static bool concerns(const struct mapped *m, enum dma_data_direction direction)
{
	return direction == DMA_BIDIRECTIONAL || m->direction == DMA_BIDIRECTIONAL ||
	       m->direction == direction;
}

/**
 * pb_dmabuf_sync_for_cpu() - give a buffer to the CPU, from all devices that have it mapped
 * @dma: of the buffer; its lock is held
 * @direction: of the CPU's access
 *
 * Context: may sleep.
 */
void pb_dmabuf_sync_for_cpu(struct pb_buffer_dma *dma, enum dma_data_direction direction)
{
	struct mapped *m;

	lockdep_assert_held(&dma->lock);
	list_for_each_entry(m, &dma->mappings, node)
		if (concerns(m, direction))
			dma_sync_sgtable_for_cpu(m->dev, &m->table, m->direction);
}

/**
 * pb_dmabuf_sync_for_device() - give a buffer back to the devices
 * @dma: of the buffer; its lock is held
 * @direction: of the CPU's access
 *
 * Context: may sleep.
 */
void pb_dmabuf_sync_for_device(struct pb_buffer_dma *dma, enum dma_data_direction direction)
{
	struct mapped *m;

	lockdep_assert_held(&dma->lock);
	list_for_each_entry(m, &dma->mappings, node)
		if (concerns(m, direction))
			dma_sync_sgtable_for_device(m->dev, &m->table, m->direction);
}
