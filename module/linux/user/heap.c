// SPDX-License-Identifier: GPL-2.0-only
/*
 * Devices /dev/dma_heap/pbuddy-nodeN and pbuddy-nodeN-contig, for each node with a zone of the
 * pool, which may have no pages yet. They allocate dma-bufs by DMA_HEAP_IOCTL_ALLOC, as the heaps
 * of the kernel do (drivers/dma-buf/dma-heap.c), so programs that use those can use these. They are
 * devices of pbuddy: only new kernels let a module add a heap.
 *
 * A dma-buf of pbuddy-nodeN is on node N. One of pbuddy-nodeN-contig is physically contiguous as
 * well. As with the kernel's heaps, every dma-buf is zeroed, and is writable however the heap was
 * opened, unless O_RDONLY is in fd_flags. But through a heap opened O_RDONLY it is O_RDONLY, and a
 * heap opened O_WRONLY has none. So a program that may only read gets no writable memory here.
 */
#include <linux/dma-heap.h>
#include <linux/err.h>
#include <linux/fcntl.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/miscdevice.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include <uapi/linux/dma-heap.h>

#include "instance.h"
#include "user/buffer.h"
#include "user/dmabuf.h"
#include "user/heap.h"

#define NR_KINDS	2	/* of heaps of a node: any memory, contiguous memory */

/**
 * struct heap - a heap device
 * @misc: the device; its name is @name
 * @nid: node of the memory
 * @contig: physically contiguous
 * @name: name of the device and label of its buffers
 * @path: under /dev
 */
struct heap {
	struct miscdevice	misc;
	int			nid;
	bool			contig;
	char			name[PBUDDY_LABEL_LEN];
	char			path[PBUDDY_LABEL_LEN + sizeof("dma_heap/")];
};

static struct heap *heaps;
static unsigned int nr_heaps;

/* ---- DMA_HEAP_IOCTL_ALLOC ---- */

/* As dma_heap_ioctl_allocate() and dma_heap_buffer_alloc(). */
static int check(const struct dma_heap_allocation_data *data)
{
	if (data->fd || data->fd_flags & ~DMA_HEAP_VALID_FD_FLAGS ||
	    data->heap_flags & ~DMA_HEAP_VALID_HEAP_FLAGS)
		return -EINVAL;
	if ((data->fd_flags & O_ACCMODE) != O_RDWR && (data->fd_flags & O_ACCMODE) != O_RDONLY)
		return -EINVAL;
	return data->len && data->len <= MAX_LFS_FILESIZE - PAGE_SIZE ? 0 : -EINVAL;
}

static struct file *make_dmabuf(const struct heap *heap, u64 len, unsigned int flags)
{
	struct pb_buffer_spec spec = {
		.nr_pages = PAGE_ALIGN(len) >> PAGE_SHIFT,
		.nid = heap->nid,
		.strict = true,
		.contig = heap->contig,
		.migratetype = PB_MOVABLE,
		.label = heap->name,
	};
	enum pb_reason reason;
	struct pb_buffer *buf;
	struct file *file;

	buf = pb_buffer_create(&spec, &reason);
	if (IS_ERR(buf))
		return ERR_CAST(buf);
	file = pb_dmabuf_export(buf, flags);
	pb_buffer_put(buf);
	return file;
}

/* The descriptor is installed last, after all that can fail. */
static int alloc(const struct file *device, const struct heap *heap, void __user *arg, size_t size)
{
	struct dma_heap_allocation_data data = { };
	unsigned int flags;
	struct file *file;
	int fd, err;

	if (copy_from_user(&data, arg, min(size, sizeof(data))))
		return -EFAULT;
	if (!(device->f_mode & FMODE_READ))
		return -EACCES;
	err = check(&data);
	if (err)
		return err;
	flags = device->f_mode & FMODE_WRITE ? data.fd_flags & O_ACCMODE : O_RDONLY;
	fd = get_unused_fd_flags(data.fd_flags & O_CLOEXEC);
	if (fd < 0)
		return fd;
	file = make_dmabuf(heap, data.len, flags);
	if (IS_ERR(file)) {
		put_unused_fd(fd);
		return PTR_ERR(file);
	}
	data.fd = fd;
	if (copy_to_user(arg, &data, min(size, sizeof(data)))) {
		put_unused_fd(fd);
		fput(file);
		return -EFAULT;
	}
	fd_install(fd, file);
	return 0;
}

static long heap_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	const struct heap *heap = container_of(file->private_data, struct heap, misc);

	/* The struct may be longer or shorter than this kernel's, as for the kernel's heaps. */
	if (_IOC_TYPE(cmd) != _IOC_TYPE(DMA_HEAP_IOCTL_ALLOC) ||
	    _IOC_NR(cmd) != _IOC_NR(DMA_HEAP_IOCTL_ALLOC))
		return -ENOTTY;
	return alloc(file, heap, (void __user *)arg, _IOC_SIZE(cmd));
}

static const struct file_operations heap_fops = {
	.owner		= THIS_MODULE,
	.unlocked_ioctl	= heap_ioctl,
	.compat_ioctl	= compat_ptr_ioctl,
};

/* ---- Devices ---- */

static int add_heap(int nid, bool contig)
{
	struct heap *heap = &heaps[nr_heaps];
	int err;

	heap->nid = nid;
	heap->contig = contig;
	snprintf(heap->name, sizeof(heap->name), "pbuddy-node%d%s", nid, contig ? "-contig" : "");
	snprintf(heap->path, sizeof(heap->path), "dma_heap/%s", heap->name);
	heap->misc = (struct miscdevice) {
		.minor = MISC_DYNAMIC_MINOR, .name = heap->name, .nodename = heap->path,
		.mode = 0660, .fops = &heap_fops,
	};
	err = misc_register(&heap->misc);
	if (!err)
		nr_heaps++;
	return err;
}

/**
 * pb_heap_init() - register the heap devices
 *
 * Context: may sleep.
 * Return: 0, -ENOMEM or an error of misc_register().
 */
int pb_heap_init(void)
{
	int nid, err = 0;

	heaps = kcalloc(pb_instance.nr_nodes * NR_KINDS, sizeof(*heaps), GFP_KERNEL);
	if (!heaps)
		return -ENOMEM;
	for (nid = 0; nid < pb_instance.nr_nodes && !err; nid++)
		/* Also for a node that has no memory of the pool yet. */
		if (pb_instance_has_memory(nid))
			err = add_heap(nid, false) ?: add_heap(nid, true);
	if (err)
		pb_heap_exit();
	return err;
}

/**
 * pb_heap_exit() - unregister the heap devices
 *
 * They are not in use, because files hold the module.
 *
 * Context: may sleep.
 */
void pb_heap_exit(void)
{
	while (nr_heaps)
		misc_deregister(&heaps[--nr_heaps].misc);
	kfree(heaps);
	heaps = NULL;
}
