// SPDX-License-Identifier: GPL-2.0-only
/*
 * The file over a buffer: mmap, QUERY, fdinfo. One file per buffer; its operations name the
 * module as owner, so that the module stays while a descriptor, a mapping or a message in flight
 * refers to it.
 */
#include <linux/anon_inodes.h>
#include <linux/capability.h>
#include <linux/err.h>
#include <linux/fs.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/sched/signal.h>
#include <linux/seq_file.h>

#include <uapi/linux/pbuddy.h>

#include "user/buffer_fd.h"
#include "user/mmap.h"
#include "user/segment.h"
#include "user/user_copy.h"

static const char * const class_name[PB_PCPTYPES] = {
	[PB_UNMOVABLE]	 = "unmovable",
	[PB_MOVABLE]	 = "movable",
	[PB_RECLAIMABLE] = "reclaimable",
};

static const u32 class_of[PB_PCPTYPES] = {
	[PB_UNMOVABLE]	 = PBUDDY_CLASS_UNMOVABLE,
	[PB_MOVABLE]	 = PBUDDY_CLASS_MOVABLE,
	[PB_RECLAIMABLE] = PBUDDY_CLASS_RECLAIMABLE,
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

/* Only so that a program can ask for the length by lseek(fd, 0, SEEK_END), as with a dma-buf. */
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

static struct pbuddy_extent extent_to_user(const struct pb_segment *seg, bool show_phys)
{
	return (struct pbuddy_extent) {
		.offset = (u64)seg->start << PAGE_SHIFT,
		.bytes = (u64)seg->nr_pages << PAGE_SHIFT,
		.phys = show_phys ? PFN_PHYS(seg->pfn) : 0,
		.node = page_to_nid(pfn_to_page(seg->pfn)),
		.order = seg->order,
	};
}

/* Fills the caller's array from @q->first_extent on; sets @q->nr_extents to all there are. */
static int copy_extents(const struct pb_buffer *buf, struct pbuddy_query *q)
{
	struct pb_segment_iter iter = { .buf = buf };
	bool show_phys = capable(CAP_SYS_ADMIN);
	struct pb_segment seg;
	u32 nr, filled = 0;
	int err;

	for (nr = 0; pb_segment_next(&iter, &seg); nr++) {
		struct pbuddy_extent out;

		if (fatal_signal_pending(current))
			return -EINTR;
		cond_resched();
		if (!q->extents_ptr || nr < q->first_extent || filled == q->nr_extents)
			continue;
		out = extent_to_user(&seg, show_phys);
		err = pb_copy_out_element(u64_to_user_ptr(q->extents_ptr), filled++, q->extent_size,
					  &out, sizeof(out));
		if (err)
			return err;
	}
	q->nr_extents = nr;
	return 0;
}

static int query(const struct pb_buffer *buf, void __user *arg)
{
	struct pbuddy_query q;
	size_t usize;
	int err;

	err = pb_copy_in(&q, sizeof(q), PBUDDY_QUERY_SIZE_VER0, arg, &usize);
	if (err)
		return err;
	if (q.flags || memchr_inv(q.reserved, 0, sizeof(q.reserved)))
		return -EINVAL;
	if (q.extents_ptr) {
		err = pb_check_element_size(q.extent_size, PBUDDY_EXTENT_SIZE_VER0);
		if (err)
			return err;
	}
	err = copy_extents(buf, &q);
	if (err)
		return err;
	q.bytes = (u64)buf->nr_pages << PAGE_SHIFT;
	q.mclass = class_of[buf->migratetype];
	memcpy(q.label, buf->label, sizeof(q.label));
	return pb_copy_out(arg, usize, &q, sizeof(q));
}

static long buffer_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	switch (PB_IOCTL_ID(cmd)) {
	case PB_IOCTL_ID(PBUDDY_IOCTL_QUERY):
		return query(file->private_data, (void __user *)arg);
	default:
		return -ENOTTY;
	}
}

static const struct file_operations buffer_fops = {
	.owner		= THIS_MODULE,
	.release	= buffer_release,
	.mmap		= buffer_mmap,
	.llseek		= buffer_llseek,
	.unlocked_ioctl	= buffer_ioctl,
	.compat_ioctl	= compat_ptr_ioctl,
	.fsync		= noop_fsync,	/* msync() of a mapping has nothing to do */
	.show_fdinfo	= buffer_show_fdinfo,
};

/**
 * pb_buffer_file() - make a file over a buffer
 * @buf: the buffer; the file takes over the caller's reference when it succeeds
 * @flags: O_RDWR or O_RDONLY
 *
 * Context: may sleep.
 * Return: the file, or an error pointer; the caller keeps its reference then.
 */
struct file *pb_buffer_file(struct pb_buffer *buf, unsigned int flags)
{
	struct file *file = anon_inode_getfile("pbuddy", &buffer_fops, buf, flags);

	if (!IS_ERR(file))
		file->f_mode |= FMODE_LSEEK;
	return file;
}

/**
 * pb_buffer_of_file() - the buffer behind a file
 * @file: any file
 *
 * Context: any. Return: the buffer, on which the file has a reference, or NULL.
 */
struct pb_buffer *pb_buffer_of_file(struct file *file)
{
	return file->f_op == &buffer_fops ? file->private_data : NULL;
}
