// SPDX-License-Identifier: GPL-2.0-only
/*
 * Mappings of buffers: of a buffer's descriptor, and of the device, which allocates a buffer.
 *
 * mmap() allocates what it needs, so a shortage of memory is ENOMEM from mmap() and not SIGBUS
 * later. It inserts no page table entries and does not zero, because it holds mmap_lock for
 * writing. The first access to a piece of a buffer (buffer_zero.c) zeroes the piece and inserts its
 * entries, with mmap_lock held for reading. MAP_POPULATE and MADV_POPULATE_WRITE access all pieces.
 *
 * The pages are normal, reference-counted pages, so get_user_pages() works on them. Pages that are
 * not zeroed yet are reached only through page table entries, and these are inserted only here.
 *
 * fault() is not called under the per-VMA lock alone (FAULT_FLAG_VMA_LOCK), because the mapping has
 * no map_pages().
 *
 * Each mapping holds a reference to its buffer in vm_private_data, and through its file one to the
 * module. The kernel unmaps the pages before it calls close(), so no page table entry is left
 * when the last reference is dropped.
 */
#include <linux/err.h>
#include <linux/mm.h>
#include <linux/topology.h>

#include "compat.h"

#include "core/base/order.h"
#include "instance.h"
#include "user/mmap.h"
#include "user/segment.h"

#define INSERT_BATCH	32UL	/* pages per call of vm_insert_pages() */

static void buffer_vma_open(struct vm_area_struct *vma)
{
	pb_buffer_get(vma->vm_private_data);
}

static void buffer_vma_close(struct vm_area_struct *vma)
{
	pb_buffer_put(vma->vm_private_data);
}

/* Inserts the pages from @index up to @end of the buffer. Entries that are not empty stay. */
static int insert_pages(struct vm_area_struct *vma, unsigned long index, unsigned long end)
{
	const struct pb_buffer *buf = vma->vm_private_data;
	struct page *pages[INSERT_BATCH];

	while (index < end) {
		unsigned long addr = vma->vm_start + ((index - vma->vm_pgoff) << PAGE_SHIFT);
		unsigned long nr, rest;
		int err;

		nr = pb_buffer_pages(buf, index, pages, min(end - index, INSERT_BATCH));
		rest = nr;
		err = nr ? vm_insert_pages(vma, addr, pages, &rest) : -EFAULT;
		index += nr - rest;
		if (err == -EBUSY)
			index++;
		else if (err)
			return err;
	}
	return 0;
}

/*
 * Inserts all entries of the piece that the mapping has. Another thread may insert them at the same
 * time, or another may have inserted the one of this fault.
 */
static vm_fault_t buffer_vma_fault(struct vm_fault *vmf)
{
	struct vm_area_struct *vma = vmf->vma;
	struct pb_buffer *buf = vma->vm_private_data;
	unsigned long first = round_down(vmf->pgoff, PB_PAGEBLOCK_NR);
	int err;

	/* Always inside the buffer, because the mapping cannot grow (VM_DONTEXPAND). */
	if (vmf->pgoff >= buf->nr_pages)
		return VM_FAULT_SIGBUS;
	err = pb_buffer_zero_piece(buf, vmf->pgoff) ?:
	      insert_pages(vma, max(first, vma->vm_pgoff),
			   min(first + PB_PAGEBLOCK_NR, vma->vm_pgoff + vma_pages(vma)));
	return err ? vmf_error(err) : VM_FAULT_NOPAGE;
}

static const struct vm_operations_struct buffer_vm_ops = {
	.open	= buffer_vma_open,
	.close	= buffer_vma_close,
	.fault	= buffer_vma_fault,
};

/*
 * MAP_SHARED of a read-only descriptor arrives with VM_SHARED cleared (and without VM_MAYWRITE,
 * so that mprotect() cannot make it writable). VM_MAYSHARE distinguishes it from MAP_PRIVATE.
 */
static bool is_private(const struct vm_area_struct *vma)
{
	return !(vma->vm_flags & VM_MAYSHARE);
}

/*
 * Whether a page of the buffer cannot be pinned for a long term. The kernel would try to migrate
 * it, which it cannot, again and again until the task is killed. VM_IO makes it refuse the pin
 * (EFAULT), and get_user_pages() as well; the fast variants, which most users call, still pin for
 * a short term.
 */
static bool is_unpinnable(const struct pb_buffer *buf)
{
	unsigned int i;

	for (i = 0; i < buf->nr_blocks; i++)
		if (pb_instance_unpinnable(buf->block[i].pfn))
			return true;
	return false;
}

/**
 * pb_mmap_buffer() - map a part of a buffer
 * @buf: the buffer
 * @vma: the new mapping, which must be shared and inside the buffer
 *
 * Context: mmap of a file, mmap_lock held for writing.
 * Return: 0, or -EINVAL for a private mapping or one not inside the buffer.
 */
int pb_mmap_buffer(struct pb_buffer *buf, struct vm_area_struct *vma)
{
	if (is_private(vma))
		return -EINVAL;
	if (vma->vm_pgoff >= buf->nr_pages || vma_pages(vma) > buf->nr_pages - vma->vm_pgoff)
		return -EINVAL;

	/*
	 * It must not grow past the buffer; page tables are copied at fork, not faulted in. A fault
	 * cannot set VM_MIXEDMAP, which vm_insert_pages() needs.
	 */
	vm_flags_set(vma, VM_DONTEXPAND | VM_MIXEDMAP | (is_unpinnable(buf) ? VM_IO : 0));
	vma->vm_ops = &buffer_vm_ops;
	vma->vm_private_data = pb_buffer_get(buf);
	return 0;
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
		.zero_later = true,
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
