// SPDX-License-Identifier: GPL-2.0-only
/*
 * Looks for buffers in a process, for the OOM policy: buffers with a descriptor and mapped buffers.
 * The policy needs this only for buffers whose creators have exited (creator.c). Each buffer counts
 * once. Only pages in zones that the request may use count.
 */
#include <linux/fdtable.h>
#include <linux/fs.h>
#include <linux/magic.h>
#include <linux/mm.h>
#include <linux/rcupdate.h>
#include <linux/sched/mm.h>
#include <linux/sched/signal.h>
#include <linux/sched/task.h>

#include "core/alloc/alloc.h"
#include "core/cache/freelist.h"
#include "core/zone/watermark.h"
#include "instance.h"
#include "user/buffer.h"
#include "user/buffer_fd.h"
#include "user/creator.h"
#include "user/mmap.h"
#include "user/process_pages.h"

/**
 * struct holder - state of a count
 * @uid: buffers that were charged to this user count
 * @rq: pages that could serve it count
 * @stamp: marks buffers that have been counted
 * @held: the result
 */
struct holder {
	kuid_t			uid;
	const struct pb_request	*rq;
	unsigned int		stamp;
	struct pb_held		held;
};

/* Not by its blocks, of which there may be millions: locks of the process are held. */
static unsigned long helpful_pages(const struct pb_buffer *buf, const struct pb_request *rq)
{
	unsigned long nr_pages = 0;
	struct pb_zone *zone;

	pb_for_each_zone(zone, &pb_instance)
		if (pb_zone_allowed(zone, rq))
			nr_pages += pb_buffer_zone_pages(buf, zone);
	return nr_pages;
}

static void count_buffer(struct holder *h, struct pb_buffer *buf)
{
	if (buf->counted == h->stamp)
		return;
	buf->counted = h->stamp;
	/* It is held while blocks are moved, or the memory is taken away. */
	if (!down_read_trylock(&buf->frames)) {
		h->held.maybe = true;
		return;
	}
	if (uid_eq(pb_creator_user(buf->creator), h->uid) && pb_creator_gone(buf->creator))
		h->held.pages += helpful_pages(buf, h->rq);
	up_read(&buf->frames);
}

/* Descriptors in flight are in sockets; pipes and io_uring keep pages and files. */
static bool can_keep(const struct file *file)
{
	const struct inode *inode = file_inode(file);

	return S_ISSOCK(inode->i_mode) || S_ISFIFO(inode->i_mode) ||
	       inode->i_sb->s_magic == ANON_INODE_FS_MAGIC;
}

static int count_file(const void *arg, struct file *file, unsigned int fd)
{
	struct holder *h = *(struct holder * const *)arg;
	struct pb_buffer *buf = pb_buffer_of_file(file);

	if (buf)
		count_buffer(h, buf);
	else if (can_keep(file))
		h->held.maybe = true;
	return 0;
}

/* Threads may have descriptors of their own, and the first thread may have exited. */
static void count_files(struct holder *h, struct task_struct *process)
{
	struct files_struct *last = NULL;
	struct task_struct *t;

	rcu_read_lock();
	for_each_thread(process, t) {
		task_lock(t);
		if (t->files && t->files != last)
			iterate_fd(t->files, 0, count_file, &h);
		last = t->files;
		task_unlock(t);
	}
	rcu_read_unlock();
}

/* The first thread may have exited before the others. */
static struct mm_struct *get_mm(struct task_struct *process)
{
	struct mm_struct *mm = NULL;
	struct task_struct *t;

	rcu_read_lock();
	for_each_thread(process, t) {
		mm = get_task_mm(t);
		if (mm)
			break;
	}
	rcu_read_unlock();
	return mm;
}

/* Mappings may outlive descriptors. */
static void count_mappings(struct holder *h, struct task_struct *process)
{
	struct mm_struct *mm = get_mm(process);
	struct vm_area_struct *vma;

	if (!mm)
		return;
	if (mmap_read_trylock(mm)) {
		VMA_ITERATOR(vmi, mm, 0);

		for_each_vma(vmi, vma) {
			struct pb_buffer *buf = pb_buffer_of_vma(vma);

			if (buf)
				count_buffer(h, buf);
		}
		mmap_read_unlock(mm);
	} else {
		h->held.maybe = true;
	}
	/* The process may have exited: not mmput(), which then unmaps everything here. */
	mmput_async(mm);
}

/**
 * pb_process_held - look for buffers whose creators have exited
 * @process: where to look
 * @uid: user that they were charged to
 * @rq: only pages that could serve this request count
 *
 * Context: process, may sleep; one caller at a time.
 * Return: what the process holds.
 */
struct pb_held pb_process_held(struct task_struct *process, kuid_t uid,
			       const struct pb_request *rq)
{
	static unsigned int stamp;
	struct holder h = { .uid = uid, .rq = rq, .stamp = ++stamp };

	if (!stamp)
		h.stamp = ++stamp;
	count_files(&h, process);
	count_mappings(&h, process);
	return h.held;
}
