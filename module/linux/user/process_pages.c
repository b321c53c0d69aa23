// SPDX-License-Identifier: GPL-2.0-only
/*
 * Counts the pages that a process holds, for the OOM killer: buffers with a descriptor, mapped
 * buffers, and buffers that it is creating. Each buffer counts once. Only pages in zones that the
 * request may use count.
 */
#include <linux/fdtable.h>
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
#include "user/mmap.h"
#include "user/process_pages.h"

/**
 * struct holder - state of a count
 * @rq: pages that could serve it count
 * @stamp: marks buffers that have been counted
 * @pages: pages so far
 */
struct holder {
	const struct pb_request	*rq;
	unsigned int		stamp;
	unsigned long		pages;
};

static bool pfn_helps(unsigned long pfn, const struct pb_request *rq)
{
	struct pb_zone *zone = pb_pfn_zone(&pb_instance, pfn);

	return zone && pb_zone_allowed(zone, rq);
}

static void count_buffer(struct holder *h, struct pb_buffer *buf)
{
	unsigned int i;

	if (buf->counted == h->stamp)
		return;
	buf->counted = h->stamp;
	for (i = 0; i < buf->nr_blocks; i++)
		if (pfn_helps(buf->block[i].pfn, h->rq))
			h->pages += buf->block[i].nr_pages;
}

static int count_file(const void *arg, struct file *file, unsigned int fd)
{
	struct pb_buffer *buf = pb_buffer_of_file(file);

	if (buf)
		count_buffer(*(struct holder * const *)arg, buf);
	return 0;
}

static void count_files(struct holder *h, struct task_struct *process)
{
	struct task_struct *t;

	/* The first thread may have exited while others still use the descriptors. */
	rcu_read_lock();
	for_each_thread(process, t) {
		bool found;

		task_lock(t);
		found = t->files;
		if (found)
			iterate_fd(t->files, 0, count_file, &h);
		task_unlock(t);
		if (found)
			break;
	}
	rcu_read_unlock();
}

/* Mappings may outlive descriptors. An address space whose lock is held is skipped. */
static void count_mappings(struct holder *h, struct task_struct *process)
{
	struct mm_struct *mm = get_task_mm(process);
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
	}
	mmput(mm);
}

/**
 * pb_process_pages - count the pages of the pool that a process holds
 * @process: the process
 * @rq: only pages that could serve this request count
 *
 * Context: process, may sleep; one caller at a time.
 * Return: number of pages.
 */
unsigned long pb_process_pages(struct task_struct *process, const struct pb_request *rq)
{
	static unsigned int stamp;
	struct holder h = { .rq = rq, .stamp = ++stamp };

	if (!stamp)
		h.stamp = ++stamp;
	count_files(&h, process);
	count_mappings(&h, process);
	return h.pages + pb_buffer_pages_building(task_tgid(process));
}
