// SPDX-License-Identifier: GPL-2.0-only
/*
 * Exports buffers as dma-bufs, for drivers to import. A dma-buf holds a reference to its buffer.
 * All dma-bufs of a buffer share its attachments, kernel mapping and fences (struct pb_buffer_dma).
 *
 * An attachment has a scatter-gather table of the buffer's segments, which is mapped for its device
 * between map_dma_buf() and unmap_dma_buf(). Access by the CPU between begin_cpu_access() and
 * end_cpu_access() is synchronised with all devices that have the buffer mapped, in the direction
 * in which each has it mapped. The pages of a buffer do not move any more after its first export,
 * so an importer is not notified.
 *
 * A dma-buf that cannot be written to by programs is mapped with DMA_TO_DEVICE only. It has no
 * kernel mapping, and no writable mapping through a file of the importer either. Drivers that write
 * to what they have mapped so are not prevented from it without an IOMMU.
 *
 * The pages of an exported buffer are prepared, because a dma-buf is made of a buffer that has a
 * descriptor.
 */
#include <linux/dma-buf.h>
#include <linux/dma-mapping.h>
#include <linux/dma-resv.h>
#include <linux/err.h>
#include <linux/file.h>
#include <linux/highmem.h>
#include <linux/iosys-map.h>
#include <linux/list.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/scatterlist.h>
#include <linux/slab.h>
#include <linux/vmalloc.h>

#include "compat.h"
#include "user/dmabuf.h"
#include "user/mmap.h"
#include "user/segment.h"

PB_IMPORT_NS_DMA_BUF;

/* The longest entry of a table, whose length in bytes has 32 bits. */
#define ENTRY_PAGES	(1UL << (30 - PAGE_SHIFT))

/**
 * struct pb_buffer_dma - what the dma-bufs of a buffer share
 * @name: exp_name of the dma-bufs, "pbuddy:" and the id of the buffer
 * @resv: fences
 * @lock: protects the fields after it
 * @attachments: list of attachments
 * @nr_vmaps: users of @vaddr
 * @vaddr: kernel mapping
 */
struct pb_buffer_dma {
	char			name[32];
	struct dma_resv		resv;
	struct mutex		lock;	/* protects what follows */
	struct list_head	attachments;
	unsigned int		nr_vmaps;
	void			*vaddr;
};

/**
 * struct attachment - a device that imports the buffer
 * @node: in the list of attachments
 * @dev: the device
 * @table: segments of the buffer
 * @direction: in which it is mapped, between map_dma_buf() and unmap_dma_buf(); else DMA_NONE
 */
struct attachment {
	struct list_head	node;
	struct device		*dev;
	struct sg_table		table;
	enum dma_data_direction	direction;
};

/* Of every dma-buf, known since the first export. */
static const struct file_operations *dma_buf_fops;

static bool is_writable(const struct dma_buf *dmabuf)
{
	return dmabuf->file->f_mode & FMODE_WRITE;
}

/* ---- Attachments ---- */

/* Pages in the longest entry for a device; a bounce buffer is shorter than a segment may be. */
static unsigned long entry_pages(struct device *dev)
{
	return clamp(dma_max_mapping_size(dev) >> PAGE_SHIFT, 1UL, ENTRY_PAGES);
}

static unsigned int count_entries(struct pb_buffer *buf, unsigned long max)
{
	struct pb_segment_iter iter = { .buf = buf };
	struct pb_segment segment;
	unsigned int nr = 0;

	while (pb_segment_next(&iter, &segment))
		nr += DIV_ROUND_UP(segment.nr_pages, max);
	return nr;
}

static int fill_table(struct sg_table *table, struct pb_buffer *buf, unsigned long max)
{
	struct pb_segment_iter iter = { .buf = buf };
	struct pb_segment segment;
	struct scatterlist *sg;
	int err;

	err = sg_alloc_table(table, count_entries(buf, max), GFP_KERNEL);
	if (err)
		return err;
	sg = table->sgl;
	while (pb_segment_next(&iter, &segment)) {
		unsigned long done = 0, n;

		for (; done < segment.nr_pages; done += n, sg = sg_next(sg)) {
			n = min(segment.nr_pages - done, max);
			sg_set_page(sg, pfn_to_page(segment.pfn + done), n << PAGE_SHIFT, 0);
		}
	}
	return 0;
}

static int dmabuf_attach(struct dma_buf *dmabuf, struct dma_buf_attachment *attach)
{
	struct attachment *a = kzalloc(sizeof(*a), GFP_KERNEL);
	struct pb_buffer *buf = dmabuf->priv;
	int err;

	if (!a)
		return -ENOMEM;
	err = fill_table(&a->table, buf, entry_pages(attach->dev));
	if (err) {
		kfree(a);
		return err;
	}
	a->dev = attach->dev;
	a->direction = DMA_NONE;
	attach->priv = a;
	mutex_lock(&buf->dma->lock);
	list_add(&a->node, &buf->dma->attachments);
	mutex_unlock(&buf->dma->lock);
	return 0;
}

static void dmabuf_detach(struct dma_buf *dmabuf, struct dma_buf_attachment *attach)
{
	struct pb_buffer *buf = dmabuf->priv;
	struct attachment *a = attach->priv;

	mutex_lock(&buf->dma->lock);
	list_del(&a->node);
	mutex_unlock(&buf->dma->lock);
	sg_free_table(&a->table);
	kfree(a);
}

static struct sg_table *dmabuf_map(struct dma_buf_attachment *attach,
				   enum dma_data_direction direction)
{
	struct pb_buffer *buf = attach->dmabuf->priv;
	struct attachment *a = attach->priv;
	int err;

	if (!is_writable(attach->dmabuf) && direction != DMA_TO_DEVICE)
		return ERR_PTR(-EACCES);
	mutex_lock(&buf->dma->lock);
	err = dma_map_sgtable(attach->dev, &a->table, direction, 0);
	if (!err)
		a->direction = direction;
	mutex_unlock(&buf->dma->lock);
	return err ? ERR_PTR(err) : &a->table;
}

static void dmabuf_unmap(struct dma_buf_attachment *attach, struct sg_table *table,
			 enum dma_data_direction direction)
{
	struct pb_buffer *buf = attach->dmabuf->priv;
	struct attachment *a = attach->priv;

	mutex_lock(&buf->dma->lock);
	a->direction = DMA_NONE;
	dma_unmap_sgtable(attach->dev, table, direction, 0);
	mutex_unlock(&buf->dma->lock);
}

/* ---- Access by the CPU ---- */

/* A device that only reads has no data for the CPU, and one that only writes needs none of it. */
static bool concerns(const struct attachment *a, enum dma_data_direction direction)
{
	return a->direction != DMA_NONE &&
	       (direction == DMA_BIDIRECTIONAL || a->direction == DMA_BIDIRECTIONAL ||
		a->direction == direction);
}

static int dmabuf_begin_cpu_access(struct dma_buf *dmabuf, enum dma_data_direction direction)
{
	struct pb_buffer *buf = dmabuf->priv;
	struct attachment *a;

	mutex_lock(&buf->dma->lock);
	if (buf->dma->vaddr)
		invalidate_kernel_vmap_range(buf->dma->vaddr, dmabuf->size);
	list_for_each_entry(a, &buf->dma->attachments, node)
		if (concerns(a, direction))
			dma_sync_sgtable_for_cpu(a->dev, &a->table, a->direction);
	mutex_unlock(&buf->dma->lock);
	return 0;
}

static int dmabuf_end_cpu_access(struct dma_buf *dmabuf, enum dma_data_direction direction)
{
	struct pb_buffer *buf = dmabuf->priv;
	struct attachment *a;

	mutex_lock(&buf->dma->lock);
	if (buf->dma->vaddr)
		flush_kernel_vmap_range(buf->dma->vaddr, dmabuf->size);
	list_for_each_entry(a, &buf->dma->attachments, node)
		if (concerns(a, direction))
			dma_sync_sgtable_for_device(a->dev, &a->table, a->direction);
	mutex_unlock(&buf->dma->lock);
	return 0;
}

/* The mapping may be of another file, which an importer has opened for writing. */
static int dmabuf_mmap(struct dma_buf *dmabuf, struct vm_area_struct *vma)
{
	if (!is_writable(dmabuf)) {
		if (vma->vm_flags & VM_WRITE)
			return -EACCES;
		vm_flags_clear(vma, VM_MAYWRITE);
	}
	return pb_mmap_buffer(dmabuf->priv, vma);
}

/* ---- Kernel mapping ---- */

static void *map_pages(const struct pb_buffer *buf)
{
	struct page **pages;
	unsigned long done = 0;
	void *vaddr;

	pages = kvmalloc_array(buf->nr_pages, sizeof(*pages), GFP_KERNEL | __GFP_NOWARN);
	if (!pages)
		return NULL;
	while (done < buf->nr_pages)
		done += pb_buffer_pages(buf, done, pages + done,
					min(buf->nr_pages - done, (unsigned long)INT_MAX));
	vaddr = vmap(pages, buf->nr_pages, VM_MAP, PAGE_KERNEL);
	kvfree(pages);
	return vaddr;
}

static int dmabuf_vmap(struct dma_buf *dmabuf, struct iosys_map *map)
{
	struct pb_buffer *buf = dmabuf->priv;
	struct pb_buffer_dma *dma = buf->dma;
	int err = 0;

	if (!is_writable(dmabuf))
		return -EACCES;
	mutex_lock(&dma->lock);
	if (!dma->nr_vmaps)
		dma->vaddr = map_pages(buf);
	if (dma->vaddr) {
		dma->nr_vmaps++;
		iosys_map_set_vaddr(map, dma->vaddr);
	} else {
		err = -ENOMEM;
	}
	mutex_unlock(&dma->lock);
	return err;
}

static void dmabuf_vunmap(struct dma_buf *dmabuf, struct iosys_map *map)
{
	struct pb_buffer *buf = dmabuf->priv;
	struct pb_buffer_dma *dma = buf->dma;

	mutex_lock(&dma->lock);
	if (!--dma->nr_vmaps) {
		vunmap(dma->vaddr);
		dma->vaddr = NULL;
	}
	mutex_unlock(&dma->lock);
	iosys_map_clear(map);
}

static void dmabuf_release(struct dma_buf *dmabuf)
{
	struct pb_buffer *buf = dmabuf->priv;

	atomic_dec(&buf->nr_dmabufs);
	pb_buffer_put(buf);
}

static const struct dma_buf_ops dmabuf_ops = {
	.attach			= dmabuf_attach,
	.detach			= dmabuf_detach,
	.map_dma_buf		= dmabuf_map,
	.unmap_dma_buf		= dmabuf_unmap,
	.begin_cpu_access	= dmabuf_begin_cpu_access,
	.end_cpu_access		= dmabuf_end_cpu_access,
	.mmap			= dmabuf_mmap,
	.vmap			= dmabuf_vmap,
	.vunmap			= dmabuf_vunmap,
	.release		= dmabuf_release,
};

/* ---- Export ---- */

static void free_dma(struct pb_buffer_dma *dma)
{
	WARN_ON_ONCE(dma->nr_vmaps || !list_empty(&dma->attachments));
	dma_resv_fini(&dma->resv);
	mutex_destroy(&dma->lock);
	kfree(dma);
}

/* Of two exports at the same time one allocates what both use. */
static struct pb_buffer_dma *get_dma(struct pb_buffer *buf)
{
	struct pb_buffer_dma *dma, *old;

	dma = smp_load_acquire(&buf->dma);	/* pairs with the exchange */
	if (dma)
		return dma;
	dma = kzalloc(sizeof(*dma), GFP_KERNEL_ACCOUNT);
	if (!dma)
		return NULL;
	snprintf(dma->name, sizeof(dma->name), "pbuddy:%llu", buf->entry.id);
	dma_resv_init(&dma->resv);
	mutex_init(&dma->lock);
	INIT_LIST_HEAD(&dma->attachments);
	old = cmpxchg(&buf->dma, NULL, dma);	/* pairs with the load */
	if (!old)
		return dma;
	free_dma(dma);
	return old;
}

/**
 * pb_dmabuf_end() - free what the dma-bufs of a buffer shared
 * @buf: a buffer without references
 *
 * Context: may sleep.
 */
void pb_dmabuf_end(struct pb_buffer *buf)
{
	if (buf->dma)
		free_dma(buf->dma);
}

/* The buffer does not become purgeable while the lock is held, nor while it has dma-bufs. */
static struct file *export_locked(struct pb_buffer *buf, unsigned int flags)
{
	struct pb_buffer_dma *dma = get_dma(buf);
	DEFINE_DMA_BUF_EXPORT_INFO(info);
	struct dma_buf *dmabuf;

	lockdep_assert_held(&buf->advise_lock);
	if (!dma)
		return ERR_PTR(-ENOMEM);
	pb_buffer_fix(buf);
	info.exp_name = dma->name;
	info.ops = &dmabuf_ops;
	info.size = (size_t)buf->nr_pages << PAGE_SHIFT;
	info.flags = flags;
	info.resv = &dma->resv;
	info.priv = pb_buffer_get(buf);
	dmabuf = dma_buf_export(&info);
	if (IS_ERR(dmabuf)) {
		pb_buffer_put(buf);
		return ERR_CAST(dmabuf);
	}
	atomic_inc(&buf->nr_dmabufs);
	WRITE_ONCE(dma_buf_fops, dmabuf->file->f_op);
	return dmabuf->file;
}

/**
 * pb_dmabuf_export() - export a buffer as a dma-buf
 * @buf: a buffer that is prepared; the dma-buf gets a reference of its own
 * @flags: O_RDWR or O_RDONLY
 *
 * Context: may sleep.
 * A buffer that is swapped out gets its memory again.
 *
 * Return: its file, -EBUSY when the buffer is purgeable, -EINTR after a fatal signal, -ENOMEM or
 * another error of dma_buf_export() or pb_buffer_restore().
 */
struct file *pb_dmabuf_export(struct pb_buffer *buf, unsigned int flags)
{
	enum pb_reason reason;
	struct file *file;
	int err;

	if (mutex_lock_killable(&buf->advise_lock))
		return ERR_PTR(-EINTR);
	err = buf->purgeable ? -EBUSY : pb_buffer_restore(buf, false, &reason);
	file = err ? ERR_PTR(err) : export_locked(buf, flags);
	mutex_unlock(&buf->advise_lock);
	return file;
}

/**
 * pb_buffer_of_dmabuf() - get the buffer of a dma-buf
 * @file: any file
 *
 * Context: any.
 * Return: the buffer, which the file references, or NULL if it is not a dma-buf of pbuddy.
 */
struct pb_buffer *pb_buffer_of_dmabuf(const struct file *file)
{
	const struct file_operations *fops = READ_ONCE(dma_buf_fops);
	const struct dma_buf *dmabuf = file->private_data;

	if (!fops || file->f_op != fops || dmabuf->ops != &dmabuf_ops)
		return NULL;
	return dmabuf->priv;
}
