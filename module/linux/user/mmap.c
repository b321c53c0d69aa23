// SPDX-License-Identifier: GPL-2.0-only
/*
 * Mappings of buffers. device_mmap.c has those of the device, which allocate a buffer.
 *
 * mmap() allocates what it needs, so a shortage of memory is ENOMEM from mmap() and not SIGBUS
 * later. It inserts no page table entries and does not zero, because it holds mmap_lock for
 * writing. The first access to a piece of a buffer (piece.c) prepares the piece and inserts its
 * entries, with mmap_lock held for reading. MAP_POPULATE and MADV_POPULATE_WRITE access all pieces.
 *
 * There are two types of mappings:
 *
 *   huge	fault() returns the page, and the kernel inserts the entry: a huge one where the
 *		page is part of a folio of that size and the address is aligned, else one of a page.
 *   small	fault() inserts the entries of a whole piece, of one page each (VM_MIXEDMAP).
 *
 * A mapping is huge when huge entries can map at least half of it, as far as its address and the
 * blocks of the whole buffer show. It must not have VM_MIXEDMAP, since the kernel takes huge
 * entries of such a mapping for those of pages without references (vma_is_special_huge()). A
 * program gets aligned addresses from thp_get_unmapped_area(). The kernel splits a huge entry of
 * which a part is unmapped or protected; before 7.3 it then inserts the rest page by page.
 *
 * The pages are normal, reference-counted pages, so get_user_pages() works on them. Pages that are
 * not prepared yet are reached only through page table entries, and these are inserted only here.
 *
 * The kernel inserts no huge entry that reaches past the end of the file, so a mapping of the
 * device has a file of its buffer's size in place of the device.
 *
 * fault() holds buf->frames, so that the block of a page is not migrated before its entry is
 * inserted, or the page has the reference with which fault() returns it (buffer_move.c).
 *
 * A fault of a buffer that was purged or swapped out restores its memory (purge.c, swap.c), or
 * waits for memory, without mmap_lock. The next fault inserts the entries. It ends in SIGBUS only
 * when the contents cannot be read from swap space, as for anonymous memory. Accesses by the kernel
 * fail where they cannot wait: for a task that exits, by a kernel thread, and where the fault
 * cannot be retried. An access to the address space of another process, as by ptrace(), fails, too:
 * it restores memory for the user that was charged before, and does not wait for that user's limit.
 *
 * fault() is not called under the per-VMA lock alone (FAULT_FLAG_VMA_LOCK), because the mapping has
 * no map_pages().
 *
 * A page that got a memory error while it was in the buffer (failed_page.c) is not mapped any
 * more: an access gets SIGBUS, and get_user_pages() an error.
 *
 * Each mapping holds a reference to its buffer in vm_private_data, and through its file one to the
 * module. The kernel unmaps the pages before it calls close(), so no page table entry is left
 * when the last reference is dropped.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/err.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/mm.h>
#include <linux/pagemap.h>
#include <linux/ratelimit.h>
#include <linux/sched/signal.h>

#include "compat.h"

#include "core/base/order.h"
#include "user/mmap.h"
#include "user/purge.h"
#include "user/segment.h"

#define INSERT_BATCH	32UL	/* pages per call of vm_insert_pages() */
#define FAULT_AROUND	(32 * PMD_SIZE)	/* where a fault inserts huge entries, aligned */
#define RESTORE_PAUSE	(HZ / 20)	/* between two attempts to restore memory */
#define WARN_INTERVAL	(10 * HZ)

static void buffer_vma_open(struct vm_area_struct *vma)
{
	struct pb_buffer *buf = pb_buffer_get(vma->vm_private_data);

	atomic_inc(&buf->nr_mappings);
}

static void buffer_vma_close(struct vm_area_struct *vma)
{
	struct pb_buffer *buf = vma->vm_private_data;

	atomic_dec(&buf->nr_mappings);
	pb_buffer_put(buf);
}

/* Number of the first pages without a memory error. */
static unsigned long good_pages(struct page **pages, unsigned long nr)
{
	unsigned long i;

	for (i = 0; i < nr && likely(!PageHWPoison(pages[i])); i++)
		;
	return i;
}

/*
 * Inserts the pages from @index up to @end of the buffer, but for those with a memory error.
 * Entries that are not empty stay.
 */
static int insert_pages(struct vm_area_struct *vma, unsigned long index, unsigned long end)
{
	const struct pb_buffer *buf = vma->vm_private_data;
	struct page *pages[INSERT_BATCH];

	while (index < end) {
		unsigned long addr = vma->vm_start + ((index - vma->vm_pgoff) << PAGE_SHIFT);
		unsigned long nr, rest;
		int err;

		nr = pb_buffer_pages(buf, index, pages, min(end - index, INSERT_BATCH));
		if (!nr)
			return -EFAULT;
		nr = good_pages(pages, nr);
		rest = nr;
		err = nr ? vm_insert_pages(vma, addr, pages, &rest) : -EBUSY;
		index += nr - rest;
		if (err == -EBUSY)
			index++;
		else if (err)
			return err;
	}
	return 0;
}

/*
 * Keeps the frames of the buffer in place until up_read(). While a block is being migrated, the
 * fault waits without mmap_lock where the caller can retry, as ttm_bo_vm_reserve() does.
 */
static vm_fault_t lock_frames(struct vm_fault *vmf, struct pb_buffer *buf)
{
	struct file *file;

	if (likely(down_read_trylock(&buf->frames)))
		return 0;
	if (!fault_flag_allow_retry_first(vmf->flags))
		return down_read_killable(&buf->frames) ? VM_FAULT_NOPAGE : 0;
	if (vmf->flags & FAULT_FLAG_RETRY_NOWAIT)
		return VM_FAULT_RETRY;
	file = get_file(vmf->vma->vm_file);
	mmap_read_unlock(vmf->vma->vm_mm);
	if (!down_read_killable(&buf->frames))
		up_read(&buf->frames);
	fput(file);
	return VM_FAULT_RETRY;
}

/*
 * Huge mappings: returns a page with a reference, for finish_fault(). In a folio with a page that
 * has a memory error (failed_page.c) the kernel must not insert the entries of the other pages.
 */
static vm_fault_t give_page(struct vm_fault *vmf, struct page *page)
{
	if (unlikely(pb_folio_has_bad_page(page_folio(page))) && PB_HAVE_WHOLE_FOLIO_FAULT)
		return pb_insert_page_fault(vmf, page);
	get_page(page);
	vmf->page = page;
	return 0;
}

/* Notes that a program accesses a buffer, which swap.c may watch. */
static void note_access(struct pb_buffer *buf)
{
	if (unlikely(READ_ONCE(buf->watched)))
		WRITE_ONCE(buf->watched, false);
}

/*
 * Small mappings: inserts all entries of the piece that the mapping has. Another thread may insert
 * them at the same time, or another may have inserted the one of this fault.
 */
static vm_fault_t fault_locked(struct vm_fault *vmf, struct pb_buffer *buf)
{
	struct vm_area_struct *vma = vmf->vma;
	unsigned long first = round_down(vmf->pgoff, PB_PAGEBLOCK_NR);
	struct page *page;
	int err;

	lockdep_assert_held_read(&buf->frames);
	note_access(buf);
	err = pb_buffer_prepare_piece(buf, vmf->pgoff);
	if (err)
		return vmf_error(err);
	pb_buffer_pages(buf, vmf->pgoff, &page, 1);
	if (unlikely(PageHWPoison(page)))
		return VM_FAULT_HWPOISON;
	if (!(vma->vm_flags & VM_MIXEDMAP))
		return give_page(vmf, page);
	err = insert_pages(vma, max(first, vma->vm_pgoff),
			   min(first + PB_PAGEBLOCK_NR, vma->vm_pgoff + vma_pages(vma)));
	return err ? vmf_error(err) : VM_FAULT_NOPAGE;
}

/* Whether the task accesses the address space of another process. */
static bool is_remote(const struct vm_fault *vmf)
{
	return vmf->vma->vm_mm != current->mm;
}

/*
 * Whether the fault can be repeated, so that mmap_lock need not be held. A task that exits gets no
 * signal that would end the wait, and a kernel thread gets none either. A remote access does not
 * wait for the other process: it is repeated once.
 */
static bool can_retry(const struct vm_fault *vmf)
{
	return vmf->flags & FAULT_FLAG_ALLOW_RETRY &&
	       !(current->flags & (PF_EXITING | PF_KTHREAD)) &&
	       !(is_remote(vmf) && vmf->flags & FAULT_FLAG_TRIED);
}

/*
 * Without memory this waits, so that the program does not fault again at once. The result is seen
 * by the next fault.
 */
static void restore_or_pause(struct pb_buffer *buf)
{
	static DEFINE_RATELIMIT_STATE(limit, WARN_INTERVAL, 1);
	int err = pb_purge_restore(buf, PB_FOR_ACCESS);

	if (!err || err == -EIO || fatal_signal_pending(current))
		return;
	if (__ratelimit(&limit))
		pr_warn("%s[%d] waits for %lu KiB to access a buffer that was %s: error %d\n",
			current->comm, task_pid_nr(current),
			buf->nr_pages << (PAGE_SHIFT - 10),
			READ_ONCE(buf->stored) ? "swapped out" : "purged", err);
	schedule_timeout_killable(RESTORE_PAUSE);
}

/*
 * A buffer without memory. The fault may end with VM_FAULT_RETRY any number of times, as long as
 * FAULT_FLAG_ALLOW_RETRY is set. So it does not wait for memory with mmap_lock held: if it cannot
 * be repeated it tries once and ends with an error. The lock is also held while contents are read
 * that could not be read the last time, because only a fault that has it can return SIGBUS.
 */
static vm_fault_t fault_absent(struct vm_fault *vmf, struct pb_buffer *buf)
{
	bool retries = can_retry(vmf), remote = is_remote(vmf);
	struct file *file;
	int err;

	if (vmf->flags & FAULT_FLAG_RETRY_NOWAIT)
		return VM_FAULT_RETRY;
	if (!retries || READ_ONCE(buf->unreadable)) {
		err = pb_purge_restore(buf, remote ? PB_FOR_OTHER : PB_FOR_ACCESS);
		if (!err)
			return VM_FAULT_NOPAGE;
		if (err == -EIO)
			return VM_FAULT_SIGBUS;
		if (!retries)
			return VM_FAULT_OOM;
	}
	file = get_file(vmf->vma->vm_file);
	mmap_read_unlock(vmf->vma->vm_mm);
	if (remote)
		pb_purge_restore(buf, PB_FOR_OTHER);
	else
		restore_or_pause(buf);
	fput(file);
	return VM_FAULT_RETRY;
}

static vm_fault_t buffer_vma_fault(struct vm_fault *vmf)
{
	struct pb_buffer *buf = vmf->vma->vm_private_data;
	vm_fault_t ret;

	/* Always inside the buffer, because the mapping cannot grow (VM_DONTEXPAND). */
	if (vmf->pgoff >= buf->nr_pages)
		return VM_FAULT_SIGBUS;
	ret = lock_frames(vmf, buf);
	if (ret)
		return ret;
	if (unlikely(buf->absent)) {
		up_read(&buf->frames);
		return fault_absent(vmf, buf);
	}
	ret = fault_locked(vmf, buf);
	up_read(&buf->frames);
	return ret;
}

/* ---- Huge faults ---- */

#if PB_HAVE_INSERT_FOLIO
/* The entry of an address near that of a fault, in the same table. */
static pmd_t *pmd_near(const struct vm_fault *vmf, unsigned long addr)
{
	return vmf->pmd + (long)(addr - (vmf->address & PMD_MASK)) / (long)PMD_SIZE;
}

/* Inserts the huge entry of a piece that is prepared; false: there is one, or it cannot have one */
static bool insert_folio(const struct vm_fault *vmf, unsigned long addr)
{
	struct vm_area_struct *vma = vmf->vma;
	const struct pb_buffer *buf = vma->vm_private_data;
	struct vm_fault near = { .vma = vma, .address = addr, .pmd = pmd_near(vmf, addr) };
	struct page *head = pb_piece_folio(buf, linear_page_index(vma, addr));

	if (!head || unlikely(pb_folio_has_bad_page((struct folio *)head)))
		return false;
	/* The protection of a shared mapping without page_mkwrite() has the right to write. */
	return vmf_insert_folio_pmd(&near, (struct folio *)head, false) == VM_FAULT_NOPAGE;
}

/* The same for a piece near a fault, if its entry is empty and its pages need not be zeroed. */
static bool insert_near(const struct vm_fault *vmf, unsigned long addr)
{
	struct vm_area_struct *vma = vmf->vma;

	return addr >= vma->vm_start && addr + PMD_SIZE <= vma->vm_end &&
	       pmd_none(*pmd_near(vmf, addr)) &&
	       pb_buffer_prepare_if_zero(vma->vm_private_data, linear_page_index(vma, addr)) &&
	       insert_folio(vmf, addr);
}

/* Inserts the entry of the fault, and on both sides of it as long as insert_near() does. */
static vm_fault_t huge_fault_locked(struct vm_fault *vmf, struct pb_buffer *buf)
{
	unsigned long addr = vmf->address & PMD_MASK, near;
	unsigned long from = round_down(addr, FAULT_AROUND), to = from + FAULT_AROUND;
	int err;

	lockdep_assert_held_read(&buf->frames);
	if (addr < vmf->vma->vm_start || addr + PMD_SIZE > vmf->vma->vm_end)
		return VM_FAULT_FALLBACK;
	note_access(buf);
	err = pb_buffer_prepare_piece(buf, vmf->pgoff);
	if (err)
		return vmf_error(err);
	if (!insert_folio(vmf, addr))
		return VM_FAULT_FALLBACK;
	for (near = addr + PMD_SIZE; near < to && insert_near(vmf, near); near += PMD_SIZE)
		;
	for (near = addr; near > from && insert_near(vmf, near - PMD_SIZE); near -= PMD_SIZE)
		;
	return VM_FAULT_NOPAGE;
}

/*
 * The kernel calls this for an address without a table of small entries, possibly with the lock of
 * the VMA alone. What needs another lock, or sleeps for memory, is left to fault().
 */
static vm_fault_t buffer_vma_huge_fault(struct vm_fault *vmf, unsigned int order)
{
	struct vm_area_struct *vma = vmf->vma;
	struct pb_buffer *buf = vma->vm_private_data;
	vm_fault_t ret = VM_FAULT_FALLBACK;

	/* A present entry without the right to write is split, and fault() inserts another. */
	if (order != PMD_ORDER || vma->vm_flags & VM_MIXEDMAP || !pmd_none(*vmf->pmd))
		return VM_FAULT_FALLBACK;
	if (!down_read_trylock(&buf->frames))
		return VM_FAULT_FALLBACK;
	if (likely(!buf->absent))
		ret = huge_fault_locked(vmf, buf);
	up_read(&buf->frames);
	return ret;
}
#endif

#ifdef CONFIG_NUMA
/*
 * No policy: automatic NUMA balancing leaves the mapping alone. It could not migrate the pages, but
 * would make the program fault.
 */
static struct mempolicy *buffer_vma_get_policy(PB_GET_POLICY_ARGS)
{
	return NULL;
}
#endif

static const struct vm_operations_struct buffer_vm_ops = {
	.open	= buffer_vma_open,
	.close	= buffer_vma_close,
	.fault	= buffer_vma_fault,
#if PB_HAVE_INSERT_FOLIO
	.huge_fault = buffer_vma_huge_fault,
#endif
#ifdef CONFIG_NUMA
	.get_policy = buffer_vma_get_policy,
#endif
};

static bool is_mostly_huge(const struct vm_area_struct *vma, const struct pb_buffer *buf)
{
	unsigned long start = vma->vm_start >> PAGE_SHIFT, end = vma->vm_end >> PAGE_SHIFT;
	unsigned long first = round_up(start, PB_PAGEBLOCK_NR);
	unsigned long last = round_down(end, PB_PAGEBLOCK_NR);

	return IS_ALIGNED(start - vma->vm_pgoff, PB_PAGEBLOCK_NR) && first < last &&
	       2 * (last - first) >= end - start && 2 * buf->nr_huge >= buf->nr_pages;
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
	if (pb_vma_is_private(vma))
		return -EINVAL;
	if (vma->vm_pgoff >= buf->nr_pages || vma_pages(vma) > buf->nr_pages - vma->vm_pgoff)
		return -EINVAL;

	/* It must not grow past the buffer. A fault cannot set VM_MIXEDMAP, so it is set here. */
	vm_flags_set(vma, VM_DONTEXPAND | (buf->unpinnable ? VM_IO : 0) |
			  (is_mostly_huge(vma, buf) ? 0 : VM_MIXEDMAP));
	vma->vm_ops = &buffer_vm_ops;
	vma->vm_private_data = buf;
	buffer_vma_open(vma);
	return 0;
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
