// SPDX-License-Identifier: GPL-2.0-only
/*
 * pbuddy_importer: a driver that imports dma-bufs, as a device does that reads and writes memory.
 * tools/tests/test_importer.c uses /dev/pbuddy_importer. Each open file is a device with one
 * attachment. Commands are written to it:
 *
 *   dynamic FD       attach as a dynamic importer, which unmaps when it is notified
 *   lazy FD          the same, but it stays mapped when it is notified
 *   static FD        attach as a static importer
 *   map DIRECTION    map: both, to_device; unmap undoes it
 *   use              map in both directions unless it is mapped, and count up a word of each page.
 *                    EIO: a page does not have the last count
 *   pin, vmap, fence       pin, map for the kernel, add a fence
 *   unpin, vunmap, signal  undo it
 *
 * A read gives the number of notifications, the number of mappings that were made, and the error of
 * the last attempt to map inside of a notification, or 0.
 */
#include <linux/dma-buf.h>
#include <linux/dma-fence.h>
#include <linux/dma-mapping.h>
#include <linux/dma-resv.h>
#include <linux/err.h>
#include <linux/fs.h>
#include <linux/highmem.h>
#include <linux/iosys-map.h>
#include <linux/kernel.h>
#include <linux/miscdevice.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/platform_device.h>
#include <linux/scatterlist.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/string.h>
#include <linux/uaccess.h>

#include "compat.h"

PB_IMPORT_NS_DMA_BUF;

#define WORD	9	/* of each page, which the device counts up */

/* A device. @table and the numbers are protected by the reservation lock of the dma-buf. */
struct importer {
	struct mutex			lock;	/* of commands */
	struct dma_buf			*dmabuf;
	struct dma_buf_attachment	*attach;
	struct sg_table			*table;
	enum dma_data_direction		direction;
	bool				lazy;
	bool				pinned;
	uint				nr_notified;
	uint				nr_mapped;
	int				nested_err;
	u64				count;
	struct iosys_map		vmap;
	struct dma_fence		*fence;
};

static struct platform_device *parent;

static void unmap_locked(struct importer *imp)
{
	dma_resv_assert_held(imp->dmabuf->resv);
	if (imp->table)
		dma_buf_unmap_attachment(imp->attach, imp->table, imp->direction);
	imp->table = NULL;
}

static int map_locked(struct importer *imp, enum dma_data_direction direction)
{
	struct sg_table *table;

	dma_resv_assert_held(imp->dmabuf->resv);
	if (imp->table)
		return 0;
	table = dma_buf_map_attachment(imp->attach, direction);
	if (IS_ERR(table))
		return PTR_ERR(table);
	imp->table = table;
	imp->direction = direction;
	imp->nr_mapped++;
	return 0;
}

static void notified(struct dma_buf_attachment *attach)
{
	struct importer *imp = attach->importer_priv;

	imp->nr_notified++;
	if (imp->lazy)
		return;
	unmap_locked(imp);
	imp->nested_err = map_locked(imp, DMA_BIDIRECTIONAL);
}

static const struct dma_buf_attach_ops attach_ops = {
	.PB_DMA_BUF_MOVE_NOTIFY = notified,
};

static int attach(struct importer *imp, int fd, bool dynamic, bool lazy)
{
	struct dma_buf_attachment *a;
	struct dma_buf *dmabuf;

	if (imp->dmabuf)
		return -EBUSY;
	dmabuf = dma_buf_get(fd);
	if (IS_ERR(dmabuf))
		return PTR_ERR(dmabuf);
	imp->dmabuf = dmabuf;
	imp->lazy = lazy;
	a = dynamic ? dma_buf_dynamic_attach(dmabuf, &parent->dev, &attach_ops, imp) :
		      dma_buf_attach(dmabuf, &parent->dev);
	if (IS_ERR(a)) {
		imp->dmabuf = NULL;
		dma_buf_put(dmabuf);
		return PTR_ERR(a);
	}
	imp->attach = a;
	return 0;
}

/* Without an IOMMU, the addresses of the device are physical ones. */
static int count_up(struct importer *imp)
{
	struct sg_dma_page_iter iter;
	bool same = true;

	for_each_sgtable_dma_page(imp->table, &iter, 0) {
		ulong pfn = sg_page_iter_dma_address(&iter) >> PAGE_SHIFT;
		u64 *words = kmap_local_page(pfn_to_page(pfn));

		same = same && words[WORD] == imp->count;
		words[WORD]++;
		kunmap_local(words);
	}
	imp->count++;
	return same ? 0 : -EIO;
}

/* ---- Fences ---- */

static DEFINE_SPINLOCK(fence_lock);

static const char *fence_name(struct dma_fence *fence)
{
	return "pbuddy_importer";
}

static const struct dma_fence_ops fence_ops = {
	.get_driver_name	= fence_name,
	.get_timeline_name	= fence_name,
};

static int add_fence_locked(struct importer *imp)
{
	struct dma_resv *resv = imp->dmabuf->resv;
	struct dma_fence *fence;
	int ret = dma_resv_reserve_fences(resv, 1);

	if (ret || imp->fence)
		return ret ?: -EBUSY;
	fence = kzalloc(sizeof(*fence), GFP_KERNEL);
	if (!fence)
		return -ENOMEM;
	dma_fence_init(fence, &fence_ops, &fence_lock, dma_fence_context_alloc(1), 1);
	dma_resv_add_fence(resv, fence, DMA_RESV_USAGE_BOOKKEEP);
	imp->fence = fence;
	return 0;
}

static void signal_fence(struct importer *imp)
{
	if (!imp->fence)
		return;
	dma_fence_signal(imp->fence);
	dma_fence_put(imp->fence);
	imp->fence = NULL;
}

/* ---- Commands ---- */

static int pin_locked(struct importer *imp)
{
	int ret = imp->pinned ? -EBUSY : dma_buf_pin(imp->attach);

	imp->pinned |= !ret;
	return ret;
}

static int unpin_locked(struct importer *imp)
{
	if (imp->pinned)
		dma_buf_unpin(imp->attach);
	imp->pinned = false;
	return 0;
}

static int vmap_locked(struct importer *imp)
{
	return dma_buf_vmap(imp->dmabuf, &imp->vmap);
}

static int vunmap_locked(struct importer *imp)
{
	if (!iosys_map_is_null(&imp->vmap))
		dma_buf_vunmap(imp->dmabuf, &imp->vmap);
	return 0;
}

static int signal_locked(struct importer *imp)
{
	signal_fence(imp);
	return 0;
}

static int map_both_locked(struct importer *imp)
{
	return map_locked(imp, DMA_BIDIRECTIONAL);
}

static int map_to_device_locked(struct importer *imp)
{
	return map_locked(imp, DMA_TO_DEVICE);
}

static int unmap_both_locked(struct importer *imp)
{
	unmap_locked(imp);
	return 0;
}

static int use_locked(struct importer *imp)
{
	return map_locked(imp, DMA_BIDIRECTIONAL) ?: count_up(imp);
}

static const struct {
	const char	*name;
	int		(*fn)(struct importer *imp);	/* called with the reservation lock held */
} commands[] = {
	{ "map both",		map_both_locked },
	{ "map to_device",	map_to_device_locked },
	{ "unmap",		unmap_both_locked },
	{ "use",		use_locked },
	{ "pin",		pin_locked },
	{ "unpin",		unpin_locked },
	{ "vmap",		vmap_locked },
	{ "vunmap",		vunmap_locked },
	{ "fence",		add_fence_locked },
	{ "signal",		signal_locked },
};

static int run(struct importer *imp, const char *line)
{
	int fd, ret, i;

	if (sscanf(line, "dynamic %d", &fd) == 1)
		return attach(imp, fd, true, false);
	if (sscanf(line, "lazy %d", &fd) == 1)
		return attach(imp, fd, true, true);
	if (sscanf(line, "static %d", &fd) == 1)
		return attach(imp, fd, false, false);
	for (i = 0; i < ARRAY_SIZE(commands) && strcmp(commands[i].name, line); i++)
		;
	if (i == ARRAY_SIZE(commands) || !imp->dmabuf)
		return -EINVAL;
	ret = dma_resv_lock_interruptible(imp->dmabuf->resv, NULL);
	if (ret)
		return ret;
	ret = commands[i].fn(imp);
	dma_resv_unlock(imp->dmabuf->resv);
	return ret;
}

static ssize_t importer_write(struct file *file, const char __user *buf, size_t count, loff_t *pos)
{
	struct importer *imp = file->private_data;
	char line[32];
	int ret;

	if (count >= sizeof(line) || copy_from_user(line, buf, count))
		return -EINVAL;
	line[count] = 0;
	mutex_lock(&imp->lock);
	ret = run(imp, line);
	mutex_unlock(&imp->lock);
	return ret ?: count;
}

static ssize_t importer_read(struct file *file, char __user *buf, size_t count, loff_t *pos)
{
	struct importer *imp = file->private_data;
	char line[64];
	int len;

	len = scnprintf(line, sizeof(line), "%u %u %d\n", READ_ONCE(imp->nr_notified),
			READ_ONCE(imp->nr_mapped), READ_ONCE(imp->nested_err));
	return simple_read_from_buffer(buf, count, pos, line, len);
}

static int importer_open(struct inode *inode, struct file *file)
{
	struct importer *imp = kzalloc(sizeof(*imp), GFP_KERNEL);

	if (!imp)
		return -ENOMEM;
	mutex_init(&imp->lock);
	file->private_data = imp;
	return 0;
}

static int importer_release(struct inode *inode, struct file *file)
{
	struct importer *imp = file->private_data;

	signal_fence(imp);
	if (imp->dmabuf) {
		dma_resv_lock(imp->dmabuf->resv, NULL);
		vunmap_locked(imp);
		unpin_locked(imp);
		unmap_locked(imp);
		dma_resv_unlock(imp->dmabuf->resv);
		dma_buf_detach(imp->dmabuf, imp->attach);
		dma_buf_put(imp->dmabuf);
	}
	kfree(imp);
	return 0;
}

static const struct file_operations fops = {
	.owner		= THIS_MODULE,
	.open		= importer_open,
	.release	= importer_release,
	.write		= importer_write,
	.read		= importer_read,
};

static struct miscdevice device = {
	.minor	= MISC_DYNAMIC_MINOR,
	.name	= "pbuddy_importer",
	.fops	= &fops,
	.mode	= 0666,
};

static int __init importer_init(void)
{
	int ret;

	parent = platform_device_register_simple("pbuddy_importer", -1, NULL, 0);
	if (IS_ERR(parent))
		return PTR_ERR(parent);
	ret = dma_coerce_mask_and_coherent(&parent->dev, DMA_BIT_MASK(64)) ?:
	      misc_register(&device);
	if (ret)
		platform_device_unregister(parent);
	return ret;
}

static void __exit importer_exit(void)
{
	misc_deregister(&device);
	platform_device_unregister(parent);
}

module_init(importer_init);
module_exit(importer_exit);
MODULE_DESCRIPTION("Imports dma-bufs as a device would");
MODULE_LICENSE("GPL");
