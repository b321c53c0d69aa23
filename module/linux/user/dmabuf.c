// SPDX-License-Identifier: GPL-2.0-only
/*
 * Exports buffers as dma-bufs, for drivers to import. A dma-buf holds a reference to its buffer;
 * each export of a buffer is a dma-buf of its own.
 *
 * An attachment has a scatter-gather table of the buffer's segments, which is mapped for its device
 * between map_dma_buf() and unmap_dma_buf(). Access by the CPU between begin_cpu_access() and
 * end_cpu_access() is synchronised with all devices that have the buffer mapped. The pages do not
 * move, so an importer is not notified.
 *
 * A dma-buf that cannot be written to by programs is not written to by devices: it is mapped with
 * DMA_TO_DEVICE only, and there is no kernel mapping.
 *
 * The pages of an exported buffer are prepared, because a dma-buf is made of a buffer that has a
 * descriptor.
 */
#include <linux/dma-buf.h>
#include <linux/dma-mapping.h>
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
 * struct exported - an exported buffer, the dma-buf's ->priv
 * @buf: the buffer
 * @lock: protects the fields after it
 * @attachments: list of attachments
 * @nr_vmaps: users of @vaddr
 * @vaddr: kernel mapping
 */
struct exported {
	struct pb_buffer	*buf;
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
 * @mapped: between map_dma_buf() and unmap_dma_buf()
 */
struct attachment {
	struct list_head	node;
	struct device		*dev;
	struct sg_table		table;
	bool			mapped;
};

/* Of every dma-buf, known since the first export. */
static const struct file_operations *dma_buf_fops;

static bool is_writable(const struct dma_buf *dmabuf)
{
	return dmabuf->file->f_mode & FMODE_WRITE;
}

/* ---- Attachments ---- */

static unsigned int count_entries(const struct pb_buffer *buf)
{
	struct pb_segment_iter iter = { .buf = buf };
	struct pb_segment segment;
	unsigned int nr = 0;

	while (pb_segment_next(&iter, &segment))
		nr += DIV_ROUND_UP(segment.nr_pages, ENTRY_PAGES);
	return nr;
}

static int fill_table(struct sg_table *table, const struct pb_buffer *buf)
{
	struct pb_segment_iter iter = { .buf = buf };
	struct pb_segment segment;
	struct scatterlist *sg;
	int err;

	err = sg_alloc_table(table, count_entries(buf), GFP_KERNEL);
	if (err)
		return err;
	sg = table->sgl;
	while (pb_segment_next(&iter, &segment)) {
		unsigned long done = 0, n;

		for (; done < segment.nr_pages; done += n, sg = sg_next(sg)) {
			n = min(segment.nr_pages - done, ENTRY_PAGES);
			sg_set_page(sg, pfn_to_page(segment.pfn + done), n << PAGE_SHIFT, 0);
		}
	}
	return 0;
}

static int dmabuf_attach(struct dma_buf *dmabuf, struct dma_buf_attachment *attach)
{
	struct exported *exp = dmabuf->priv;
	struct attachment *a = kzalloc(sizeof(*a), GFP_KERNEL);
	int err;

	if (!a)
		return -ENOMEM;
	err = fill_table(&a->table, exp->buf);
	if (err) {
		kfree(a);
		return err;
	}
	a->dev = attach->dev;
	attach->priv = a;
	mutex_lock(&exp->lock);
	list_add(&a->node, &exp->attachments);
	mutex_unlock(&exp->lock);
	return 0;
}

static void dmabuf_detach(struct dma_buf *dmabuf, struct dma_buf_attachment *attach)
{
	struct exported *exp = dmabuf->priv;
	struct attachment *a = attach->priv;

	mutex_lock(&exp->lock);
	list_del(&a->node);
	mutex_unlock(&exp->lock);
	sg_free_table(&a->table);
	kfree(a);
}

static struct sg_table *dmabuf_map(struct dma_buf_attachment *attach,
				   enum dma_data_direction direction)
{
	struct exported *exp = attach->dmabuf->priv;
	struct attachment *a = attach->priv;
	int err;

	if (!is_writable(attach->dmabuf) && direction != DMA_TO_DEVICE)
		return ERR_PTR(-EACCES);
	mutex_lock(&exp->lock);
	err = dma_map_sgtable(attach->dev, &a->table, direction, 0);
	a->mapped = !err;
	mutex_unlock(&exp->lock);
	return err ? ERR_PTR(err) : &a->table;
}

static void dmabuf_unmap(struct dma_buf_attachment *attach, struct sg_table *table,
			 enum dma_data_direction direction)
{
	struct exported *exp = attach->dmabuf->priv;
	struct attachment *a = attach->priv;

	mutex_lock(&exp->lock);
	a->mapped = false;
	dma_unmap_sgtable(attach->dev, table, direction, 0);
	mutex_unlock(&exp->lock);
}

/* ---- Access by the CPU ---- */

static int dmabuf_begin_cpu_access(struct dma_buf *dmabuf, enum dma_data_direction direction)
{
	struct exported *exp = dmabuf->priv;
	struct attachment *a;

	mutex_lock(&exp->lock);
	if (exp->vaddr)
		invalidate_kernel_vmap_range(exp->vaddr, dmabuf->size);
	list_for_each_entry(a, &exp->attachments, node)
		if (a->mapped)
			dma_sync_sgtable_for_cpu(a->dev, &a->table, direction);
	mutex_unlock(&exp->lock);
	return 0;
}

static int dmabuf_end_cpu_access(struct dma_buf *dmabuf, enum dma_data_direction direction)
{
	struct exported *exp = dmabuf->priv;
	struct attachment *a;

	mutex_lock(&exp->lock);
	if (exp->vaddr)
		flush_kernel_vmap_range(exp->vaddr, dmabuf->size);
	list_for_each_entry(a, &exp->attachments, node)
		if (a->mapped)
			dma_sync_sgtable_for_device(a->dev, &a->table, direction);
	mutex_unlock(&exp->lock);
	return 0;
}

static int dmabuf_mmap(struct dma_buf *dmabuf, struct vm_area_struct *vma)
{
	struct exported *exp = dmabuf->priv;

	return pb_mmap_buffer(exp->buf, vma);
}

/* ---- Kernel mapping ---- */

static void *map_pages(const struct pb_buffer *buf)
{
	struct page **pages = kvmalloc_array(buf->nr_pages, sizeof(*pages), GFP_KERNEL);
	unsigned long done = 0;
	void *vaddr;

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
	struct exported *exp = dmabuf->priv;
	int err = 0;

	if (!is_writable(dmabuf))
		return -EACCES;
	mutex_lock(&exp->lock);
	if (!exp->nr_vmaps)
		exp->vaddr = map_pages(exp->buf);
	if (exp->vaddr) {
		exp->nr_vmaps++;
		iosys_map_set_vaddr(map, exp->vaddr);
	} else {
		err = -ENOMEM;
	}
	mutex_unlock(&exp->lock);
	return err;
}

static void dmabuf_vunmap(struct dma_buf *dmabuf, struct iosys_map *map)
{
	struct exported *exp = dmabuf->priv;

	mutex_lock(&exp->lock);
	if (!--exp->nr_vmaps) {
		vunmap(exp->vaddr);
		exp->vaddr = NULL;
	}
	mutex_unlock(&exp->lock);
	iosys_map_clear(map);
}

static void dmabuf_release(struct dma_buf *dmabuf)
{
	struct exported *exp = dmabuf->priv;

	WARN_ON_ONCE(exp->nr_vmaps || !list_empty(&exp->attachments));
	pb_buffer_put(exp->buf);
	mutex_destroy(&exp->lock);
	kfree(exp);
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

/**
 * pb_dmabuf_export() - export a buffer as a dma-buf
 * @buf: a buffer that is prepared; the dma-buf gets a reference of its own
 * @flags: O_RDWR or O_RDONLY
 *
 * Context: may sleep.
 * Return: its file, or -ENOMEM or another error of dma_buf_export().
 */
struct file *pb_dmabuf_export(struct pb_buffer *buf, unsigned int flags)
{
	DEFINE_DMA_BUF_EXPORT_INFO(info);
	struct exported *exp = kzalloc(sizeof(*exp), GFP_KERNEL_ACCOUNT);
	struct dma_buf *dmabuf;

	if (!exp)
		return ERR_PTR(-ENOMEM);
	mutex_init(&exp->lock);
	INIT_LIST_HEAD(&exp->attachments);
	exp->buf = pb_buffer_get(buf);
	info.ops = &dmabuf_ops;
	info.size = (size_t)buf->nr_pages << PAGE_SHIFT;
	info.flags = flags;
	info.priv = exp;
	dmabuf = dma_buf_export(&info);
	if (IS_ERR(dmabuf)) {
		pb_buffer_put(buf);
		kfree(exp);
		return ERR_CAST(dmabuf);
	}
	WRITE_ONCE(dma_buf_fops, dmabuf->file->f_op);
	return dmabuf->file;
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
	const struct exported *exp;

	if (!fops || file->f_op != fops || dmabuf->ops != &dmabuf_ops)
		return NULL;
	exp = dmabuf->priv;
	return exp->buf;
}
