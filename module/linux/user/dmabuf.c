// SPDX-License-Identifier: GPL-2.0-only
/*
 * Exports buffers as dma-bufs, for drivers to import. A dma-buf holds a reference to its buffer.
 * All dma-bufs of a buffer share its pins, mappings for devices (dmabuf_map.c), kernel mapping and
 * fences (struct pb_buffer_dma).
 *
 * A dma-buf that cannot be written to by programs is mapped with DMA_TO_DEVICE only. It has no
 * kernel mapping, and no writable mapping through a file of the importer either. Drivers that write
 * to what they have mapped so are not prevented from it without an IOMMU. It has no pin(), because
 * older kernels map a dma-buf that has one for each static importer in both directions.
 *
 * The pages of an exported buffer are prepared, because a dma-buf is made of a buffer that has a
 * descriptor.
 */
#include <linux/dma-buf.h>
#include <linux/dma-resv.h>
#include <linux/err.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/highmem.h>
#include <linux/iosys-map.h>
#include <linux/jiffies.h>
#include <linux/list.h>
#include <linux/lockdep.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/rwsem.h>
#include <linux/slab.h>
#include <linux/vmalloc.h>

#include "compat.h"
#include "user/dmabuf.h"
#include "user/dmabuf_map.h"
#include "user/mmap.h"
#include "user/segment.h"

PB_IMPORT_NS_DMA_BUF;

/* Of every dma-buf, known since the first export. */
static const struct file_operations *dma_buf_fops;

/* ---- Access by the CPU ---- */

static int dmabuf_begin_cpu_access(struct dma_buf *dmabuf, enum dma_data_direction direction)
{
	struct pb_buffer_dma *dma = pb_buffer_of_export(dmabuf)->dma;

	mutex_lock(&dma->lock);
	if (dma->vaddr)
		invalidate_kernel_vmap_range(dma->vaddr, dmabuf->size);
	pb_dmabuf_sync_for_cpu(dma, direction);
	mutex_unlock(&dma->lock);
	return 0;
}

static int dmabuf_end_cpu_access(struct dma_buf *dmabuf, enum dma_data_direction direction)
{
	struct pb_buffer_dma *dma = pb_buffer_of_export(dmabuf)->dma;

	mutex_lock(&dma->lock);
	if (dma->vaddr)
		flush_kernel_vmap_range(dma->vaddr, dmabuf->size);
	pb_dmabuf_sync_for_device(dma, direction);
	mutex_unlock(&dma->lock);
	return 0;
}

/* The mapping may be of another file, which an importer has opened for writing. */
static int dmabuf_mmap(struct dma_buf *dmabuf, struct vm_area_struct *vma)
{
	if (!pb_dmabuf_writable(dmabuf)) {
		if (vma->vm_flags & VM_WRITE)
			return -EACCES;
		vm_flags_clear(vma, VM_MAYWRITE);
	}
	return pb_mmap_buffer(pb_buffer_of_export(dmabuf), vma);
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

static int vmap_pinned(struct pb_buffer *buf, struct iosys_map *map)
{
	struct pb_buffer_dma *dma = buf->dma;
	int err = 0;

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

static int dmabuf_vmap(struct dma_buf *dmabuf, struct iosys_map *map)
{
	struct pb_buffer *buf = pb_buffer_of_export(dmabuf);
	int err;

	if (!pb_dmabuf_writable(dmabuf))
		return -EACCES;
	err = pb_dmabuf_pin(buf);
	if (err)
		return err;
	err = vmap_pinned(buf, map);
	if (err)
		pb_dmabuf_unpin(buf);
	return err;
}

static void dmabuf_vunmap(struct dma_buf *dmabuf, struct iosys_map *map)
{
	struct pb_buffer *buf = pb_buffer_of_export(dmabuf);
	struct pb_buffer_dma *dma = buf->dma;

	mutex_lock(&dma->lock);
	if (!--dma->nr_vmaps) {
		vunmap(dma->vaddr);
		dma->vaddr = NULL;
	}
	mutex_unlock(&dma->lock);
	pb_dmabuf_unpin(buf);
	iosys_map_clear(map);
}

static int dmabuf_pin(struct dma_buf_attachment *attach)
{
	return pb_dmabuf_pin(pb_buffer_of_export(attach->dmabuf));
}

static void dmabuf_unpin(struct dma_buf_attachment *attach)
{
	pb_dmabuf_unpin(pb_buffer_of_export(attach->dmabuf));
}

static void dmabuf_release(struct dma_buf *dmabuf)
{
	struct pb_exported *export = dmabuf->priv;
	struct pb_buffer *buf = export->buf;

	down_write(&buf->frames);
	list_del(&export->node);
	up_write(&buf->frames);
	iput(export->inode);
	kfree(export);
	atomic_dec(&buf->nr_dmabufs);
	pb_buffer_put(buf);
}

#define COMMON_OPS						\
	.map_dma_buf		= pb_dmabuf_map,			\
	.unmap_dma_buf		= pb_dmabuf_unmap,		\
	.begin_cpu_access	= dmabuf_begin_cpu_access,	\
	.end_cpu_access		= dmabuf_end_cpu_access,	\
	.mmap			= dmabuf_mmap,			\
	.vmap			= dmabuf_vmap,			\
	.vunmap			= dmabuf_vunmap,		\
	.release		= dmabuf_release

static const struct dma_buf_ops dmabuf_ops = {
	COMMON_OPS,
	.pin	= dmabuf_pin,
	.unpin	= dmabuf_unpin,
};

static const struct dma_buf_ops readonly_ops = {
	COMMON_OPS,
};

/* ---- Export ---- */

static void free_dma(struct pb_buffer_dma *dma)
{
	WARN_ON_ONCE(dma->nr_vmaps || atomic_read(&dma->nr_pins) ||
		     !list_empty(&dma->mappings) || !list_empty(&dma->exports));
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
	dma->notify_after = jiffies;
	INIT_LIST_HEAD(&dma->exports);
	INIT_LIST_HEAD(&dma->mappings);
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

static struct dma_buf *make_dmabuf(struct pb_exported *export, unsigned int flags)
{
	struct pb_buffer_dma *dma = export->buf->dma;
	DEFINE_DMA_BUF_EXPORT_INFO(info);

	info.exp_name = dma->name;
	info.ops = (flags & O_ACCMODE) == O_RDONLY ? &readonly_ops : &dmabuf_ops;
	info.size = (size_t)export->buf->nr_pages << PAGE_SHIFT;
	info.flags = flags;
	info.resv = &dma->resv;
	info.priv = export;
	return dma_buf_export(&info);
}

/*
 * Migrations of blocks see the dma-buf before it has users. It is not made under buf->frames: the
 * mutex of the kernel's list of dma-bufs, which that takes, comes before reservation locks.
 */
static int add_export(struct pb_exported *export, unsigned int flags)
{
	struct pb_buffer *buf = export->buf;
	struct dma_buf *dmabuf = make_dmabuf(export, flags);

	if (IS_ERR(dmabuf))
		return PTR_ERR(dmabuf);
	export->dmabuf = dmabuf;
	export->inode = file_inode(dmabuf->file);
	ihold(export->inode);
	down_write(&buf->frames);
	list_add(&export->node, &buf->dma->exports);
	up_write(&buf->frames);
	return 0;
}

/* The buffer does not become purgeable while the lock is held, nor while it has dma-bufs. */
static struct file *export_locked(struct pb_buffer *buf, unsigned int flags)
{
	struct pb_exported *export;
	int err;

	lockdep_assert_held(&buf->advise_lock);
	if (!get_dma(buf))
		return ERR_PTR(-ENOMEM);
	export = kzalloc(sizeof(*export), GFP_KERNEL_ACCOUNT);
	if (!export)
		return ERR_PTR(-ENOMEM);
	export->buf = pb_buffer_get(buf);
	err = add_export(export, flags);
	if (err) {
		pb_buffer_put(buf);
		kfree(export);
		return ERR_PTR(err);
	}
	atomic_inc(&buf->nr_dmabufs);
	WRITE_ONCE(dma_buf_fops, export->dmabuf->file->f_op);
	return export->dmabuf->file;
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
	err = buf->purgeable ? -EBUSY : pb_buffer_restore(buf, PB_FOR_REQUEST, &reason);
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

	if (!fops || file->f_op != fops ||
	    (dmabuf->ops != &dmabuf_ops && dmabuf->ops != &readonly_ops))
		return NULL;
	return pb_buffer_of_export(dmabuf);
}
