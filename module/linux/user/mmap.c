// SPDX-License-Identifier: GPL-2.0-only
/*
 * Mappings of buffers: of a buffer's descriptor, and of the device, which allocates a buffer.
 *
 * mmap() inserts all pages as normal, reference-counted pages. So get_user_pages() works on them,
 * and a shortage of memory is ENOMEM from mmap() and not SIGBUS later. A fault happens only after
 * the program removed page table entries (MADV_DONTNEED), and finds the same page.
 *
 * Each mapping holds a reference to its buffer in vm_private_data, and through its file one to the
 * module. The kernel unmaps the pages before it calls close(), so no page table entry is left
 * when the last reference is dropped. The exception is an mmap() that fails after some insertions:
 * the kernel unmaps those pages after pb_mmap_new() has returned, so the pages of a new buffer
 * pass through quarantine.
 */
#include <linux/err.h>
#include <linux/mm.h>
#include <linux/sched.h>
#include <linux/sched/signal.h>
#include <linux/topology.h>

#include "compat.h"

#include "instance.h"
#include "user/mmap.h"
#include "user/segment.h"

#define INSERT_BATCH	32	/* pages per call of vm_insert_pages() */

static void buffer_vma_open(struct vm_area_struct *vma)
{
	pb_buffer_get(vma->vm_private_data);
}

static void buffer_vma_close(struct vm_area_struct *vma)
{
	pb_buffer_put(vma->vm_private_data);
}

static vm_fault_t buffer_vma_fault(struct vm_fault *vmf)
{
	struct page *page;

	/* Always inside the buffer, because the mapping cannot grow (VM_DONTEXPAND). */
	if (pb_buffer_pages(vmf->vma->vm_private_data, vmf->pgoff, &page, 1) != 1)
		return VM_FAULT_SIGBUS;
	get_page(page);
	vmf->page = page;
	return 0;
}

static const struct vm_operations_struct buffer_vm_ops = {
	.open	= buffer_vma_open,
	.close	= buffer_vma_close,
	.fault	= buffer_vma_fault,
};

static int insert_pages(struct pb_buffer *buf, struct vm_area_struct *vma)
{
	unsigned long index = vma->vm_pgoff, addr = vma->vm_start;
	struct page *pages[INSERT_BATCH];

	while (addr < vma->vm_end) {
		unsigned long left = (vma->vm_end - addr) >> PAGE_SHIFT;
		unsigned long nr, rest;
		int err;

		if (fatal_signal_pending(current))
			return -EINTR;
		nr = pb_buffer_pages(buf, index, pages, min_t(unsigned long, left, INSERT_BATCH));
		rest = nr;
		err = nr ? vm_insert_pages(vma, addr, pages, &rest) : -EINVAL;
		if (err)
			return err;
		index += nr;
		addr += nr << PAGE_SHIFT;
		cond_resched();
	}
	return 0;
}

/*
 * MAP_SHARED of a read-only descriptor arrives with VM_SHARED cleared (and without VM_MAYWRITE,
 * so that mprotect() cannot make it writable). VM_MAYSHARE distinguishes it from MAP_PRIVATE.
 */
static bool is_private(const struct vm_area_struct *vma)
{
	return !(vma->vm_flags & VM_MAYSHARE);
}

/**
 * pb_mmap_buffer() - map a part of a buffer
 * @buf: the buffer
 * @vma: the new mapping, which must be shared and inside the buffer
 *
 * Context: mmap of a file, mmap_lock held for writing.
 * Return: 0, -EINVAL for a private mapping or one not inside the buffer, -ENOMEM, -EINTR.
 */
int pb_mmap_buffer(struct pb_buffer *buf, struct vm_area_struct *vma)
{
	int err;

	if (is_private(vma))
		return -EINVAL;
	if (vma->vm_pgoff >= buf->nr_pages || vma_pages(vma) > buf->nr_pages - vma->vm_pgoff)
		return -EINVAL;

	/* It must not grow past the buffer; page tables are copied at fork, not faulted in. */
	vm_flags_set(vma, VM_DONTEXPAND | VM_MIXEDMAP);
	vma->vm_ops = &buffer_vm_ops;
	vma->vm_private_data = pb_buffer_get(buf);
	err = insert_pages(buf, vma);
	if (err) {
		/* The kernel does not call close() for a failed mapping. */
		vma->vm_private_data = NULL;
		vma->vm_ops = NULL;
		pb_buffer_put(buf);
	}
	return err;
}

/**
 * pb_mmap_new() - allocate a buffer of the length of a mapping, and map it
 * @vma: the new mapping, which must be shared and at offset 0
 *
 * The buffer is movable, on the nodes of the task's memory policy, or without one on the nearest
 * node. Only mappings reference it.
 *
 * Context: mmap of a file, mmap_lock held for writing.
 * Return: 0, -EINVAL for a private mapping or another offset, -ENOMEM, -EINTR.
 */
int pb_mmap_new(struct vm_area_struct *vma)
{
	struct pb_buffer_spec spec = {
		.nr_pages = vma_pages(vma),
		.policy = true,
		.nid = numa_node_id(),
		.migratetype = PB_MOVABLE,
		.label = "mmap",
	};
	enum pb_reason reason;
	struct pb_buffer *buf;
	int err;

	if (is_private(vma) || vma->vm_pgoff)
		return -EINVAL;
	buf = pb_buffer_create(&spec, &reason);
	if (IS_ERR(buf))
		return PTR_ERR(buf);
	err = pb_mmap_buffer(buf, vma);
	pb_buffer_put(buf);
	return err;
}

/**
 * pb_buffer_of_vma() - get the buffer of a mapping
 * @vma: any mapping, its address space locked
 *
 * Context: any.
 * Return: the buffer, which the mapping references, or NULL.
 */
struct pb_buffer *pb_buffer_of_vma(struct vm_area_struct *vma)
{
	return vma->vm_ops == &buffer_vm_ops ? vma->vm_private_data : NULL;
}
