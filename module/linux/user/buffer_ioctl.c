// SPDX-License-Identifier: GPL-2.0-only
/*
 * The ioctls of a buffer's descriptor: QUERY, EXPORT_DMABUF, SET_LABEL and ADVISE.
 * Those of /dev/pbuddy are in device_ioctl.c.
 */
#include <linux/capability.h>
#include <linux/err.h>
#include <linux/fcntl.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/mm.h>
#include <linux/sched/signal.h>
#include <linux/string.h>

#include <uapi/linux/pbuddy.h>

#include "user/buffer_ioctl.h"
#include "user/dmabuf.h"
#include "user/fd_flags.h"
#include "user/purge.h"
#include "user/segment.h"
#include "user/swap.h"
#include "user/user_copy.h"

static const u32 class_of[PB_PCPTYPES] = {
	[PB_UNMOVABLE]	 = PBUDDY_CLASS_UNMOVABLE,
	[PB_MOVABLE]	 = PBUDDY_CLASS_MOVABLE,
	[PB_RECLAIMABLE] = PBUDDY_CLASS_RECLAIMABLE,
};

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

/* Fills the caller's array from @q->first_extent on; sets @q->nr_extents to the total number. */
static int copy_extents(struct pb_buffer *buf, struct pbuddy_query *q)
{
	struct pb_segment_iter iter = { .buf = buf };
	bool show_phys = capable(CAP_SYS_ADMIN);
	struct pb_segment seg;
	u32 nr, filled = 0;
	int err, more;

	/* Physical addresses are for devices, which have no page tables to change. */
	if (show_phys && q->extents_ptr && q->nr_extents && pb_buffer_fix(buf))
		return -EINTR;
	for (nr = 0; (more = pb_segment_next(&iter, &seg)) > 0; nr++) {
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
	return more;
}

static int query(struct pb_buffer *buf, void __user *arg)
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
	pb_label_get(&buf->label, q.label);
	return pb_copy_out(arg, usize, &q, sizeof(q));
}

/* The descriptor is installed last, after all that can fail. */
static int export_dmabuf(const struct file *file, void __user *arg)
{
	struct pbuddy_export_dmabuf e;
	unsigned int file_flags, fd_flags;
	struct file *dmabuf;
	size_t usize;
	int err;

	err = pb_copy_in(&e, sizeof(e), PBUDDY_EXPORT_DMABUF_SIZE_VER0, arg, &usize);
	if (err)
		return err;
	if (e.flags || memchr_inv(e.reserved, 0, sizeof(e.reserved)))
		return -EINVAL;
	err = pb_parse_fd_flags(e.fd_flags, &file_flags, &fd_flags);
	if (err)
		return err;
	if (file_flags == O_RDWR && !(file->f_mode & FMODE_WRITE))
		return -EACCES;
	e.fd = get_unused_fd_flags(fd_flags);
	if (e.fd < 0)
		return e.fd;
	dmabuf = pb_dmabuf_export(file->private_data, file_flags);
	err = PTR_ERR_OR_ZERO(dmabuf);
	if (err)
		goto unused;
	err = pb_copy_out(arg, usize, &e, sizeof(e));
	if (err)
		goto put;
	fd_install(e.fd, dmabuf);
	return 0;
put:
	fput(dmabuf);
unused:
	put_unused_fd(e.fd);
	return err;
}

static int set_label(const struct file *file, void __user *arg)
{
	struct pb_buffer *buf = file->private_data;
	struct pbuddy_set_label s;
	size_t usize;
	int err;

	err = pb_copy_in(&s, sizeof(s), PBUDDY_SET_LABEL_SIZE_VER0, arg, &usize);
	if (err)
		return err;
	if (s.flags || memchr_inv(s.reserved, 0, sizeof(s.reserved)))
		return -EINVAL;
	err = pb_label_check(s.label);
	if (err)
		return err;
	if (!(file->f_mode & FMODE_WRITE))
		return -EACCES;
	pb_label_set(&buf->label, s.label);
	return 0;
}

static int check_advice(const struct pbuddy_advise *a)
{
	if (a->flags || a->reserved0 || memchr_inv(a->reserved, 0, sizeof(a->reserved)))
		return -EINVAL;
	return a->advice > PBUDDY_ADVICE_PAGEOUT ? -EINVAL : 0;
}

/* Sets @a->reason and *@retained. */
static int take_advice(struct pb_buffer *buf, struct pbuddy_advise *a, bool *retained)
{
	enum pbuddy_swap_reason why = PBUDDY_SWAP_NONE;
	enum pb_reason reason = PB_REASON_NONE;
	int err;

	*retained = true;
	switch (a->advice) {
	case PBUDDY_ADVICE_WILLNEED:
		err = pb_purge_willneed(buf, retained, &reason);
		break;
	case PBUDDY_ADVICE_DONTNEED:
		err = pb_purge_dontneed(buf, retained);
		break;
	case PBUDDY_ADVICE_SWAP:
		err = pb_swap_allow(buf);
		break;
	case PBUDDY_ADVICE_NOSWAP:
		err = pb_swap_forbid(buf, &reason);
		break;
	default:
		err = pb_swap_pageout(buf, &why);
		a->reason = why;
		return err;
	}
	a->reason = reason;
	return err;
}

static int advise(const struct file *file, struct pbuddy_advise __user *arg)
{
	struct pb_buffer *buf = file->private_data;
	struct pbuddy_advise a;
	bool retained;
	size_t usize;
	int err;

	err = pb_copy_in(&a, sizeof(a), PBUDDY_ADVISE_SIZE_VER0, arg, &usize) ?: check_advice(&a);
	if (err)
		return err;
	if (!(file->f_mode & FMODE_WRITE))
		return -EACCES;
	err = take_advice(buf, &a, &retained);
	if (err)
		return put_user(a.reason, &arg->reason) ? -EFAULT : err;
	a.retained = retained;
	err = pb_copy_out(arg, usize, &a, sizeof(a));
	if (err && !retained && a.advice == PBUDDY_ADVICE_WILLNEED)
		pb_purge_not_told(buf);
	return err;
}

/**
 * pb_buffer_ioctl() - handle an ioctl of a buffer's descriptor
 * @file: the descriptor's file, whose private_data is the buffer
 * @cmd: PBUDDY_IOCTL_ number
 * @arg: user pointer to its struct
 *
 * Context: may sleep.
 * Return: as <uapi/linux/pbuddy.h> says, or -ENOTTY.
 */
long pb_buffer_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	switch (PB_IOCTL_ID(cmd)) {
	case PB_IOCTL_ID(PBUDDY_IOCTL_QUERY):
		return query(file->private_data, (void __user *)arg);
	case PB_IOCTL_ID(PBUDDY_IOCTL_EXPORT_DMABUF):
		return export_dmabuf(file, (void __user *)arg);
	case PB_IOCTL_ID(PBUDDY_IOCTL_SET_LABEL):
		return set_label(file, (void __user *)arg);
	case PB_IOCTL_ID(PBUDDY_IOCTL_ADVISE):
		return advise(file, (void __user *)arg);
	default:
		return -ENOTTY;
	}
}
