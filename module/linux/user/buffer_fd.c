// SPDX-License-Identifier: GPL-2.0-only
/*
 * The file of a buffer: mmap and fdinfo; buffer_ioctl.c has its ioctls. A buffer has one file. The
 * owner of its operations is the module, so the module stays while a descriptor, a mapping or a
 * message in flight references the file.
 */
#include <linux/anon_inodes.h>
#include <linux/err.h>
#include <linux/fs.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/seq_file.h>

#include "user/buffer_fd.h"
#include "user/buffer_ioctl.h"
#include "user/mmap.h"
#include "user/segment.h"

static const char * const class_name[PB_PCPTYPES] = {
	[PB_UNMOVABLE]	 = "unmovable",
	[PB_MOVABLE]	 = "movable",
	[PB_RECLAIMABLE] = "reclaimable",
};

static int buffer_release(struct inode *inode, struct file *file)
{
	pb_buffer_put(file->private_data);
	return 0;
}

static int buffer_mmap(struct file *file, struct vm_area_struct *vma)
{
	return pb_mmap_buffer(file->private_data, vma);
}

/* Lets a program read the length with lseek(fd, 0, SEEK_END), as for a dma-buf. */
static loff_t buffer_llseek(struct file *file, loff_t offset, int whence)
{
	const struct pb_buffer *buf = file->private_data;

	return fixed_size_llseek(file, offset, whence, (loff_t)buf->nr_pages << PAGE_SHIFT);
}

static void buffer_show_fdinfo(struct seq_file *m, struct file *file)
{
	const struct pb_buffer *buf = file->private_data;

	seq_printf(m, "pbuddy-label:\t%s\n", buf->label);
	seq_printf(m, "pbuddy-size:\t%lu KiB\n", buf->nr_pages << (PAGE_SHIFT - 10));
	seq_printf(m, "pbuddy-class:\t%s\n", class_name[buf->migratetype]);
	seq_printf(m, "pbuddy-node:\t%d\n", buf->node);
	seq_printf(m, "pbuddy-extents:\t%u\n", pb_buffer_nr_segments(buf));
}

static const struct file_operations buffer_fops = {
	.owner		= THIS_MODULE,
	.release	= buffer_release,
	.mmap		= buffer_mmap,
	.llseek		= buffer_llseek,
	.unlocked_ioctl	= pb_buffer_ioctl,
	.compat_ioctl	= compat_ptr_ioctl,
	.fsync		= noop_fsync,	/* msync() of a mapping has nothing to do */
	.show_fdinfo	= buffer_show_fdinfo,
};

/**
 * pb_buffer_file() - create the file of a buffer
 * @buf: the buffer; on success the file owns the caller's reference
 * @flags: O_RDWR or O_RDONLY
 *
 * Context: may sleep.
 * Return: the file, or an error pointer; then the caller keeps its reference.
 */
struct file *pb_buffer_file(struct pb_buffer *buf, unsigned int flags)
{
	struct file *file = anon_inode_getfile("pbuddy", &buffer_fops, buf, flags);

	if (!IS_ERR(file))
		file->f_mode |= FMODE_LSEEK;
	return file;
}

/**
 * pb_buffer_of_file() - get the buffer of a file
 * @file: any file
 *
 * Context: any.
 * Return: the buffer, which the file references, or NULL.
 */
struct pb_buffer *pb_buffer_of_file(struct file *file)
{
	return file->f_op == &buffer_fops ? file->private_data : NULL;
}
