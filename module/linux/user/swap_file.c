// SPDX-License-Identifier: GPL-2.0-only
/*
 * Stores the contents of a buffer in an unlinked file of shmem, from which the kernel swaps them
 * out as it does those of memfd_create(). The file belongs to one buffer and is never mapped.
 *
 * A page that is zero takes no page of the file. A bitmap says which pages were stored, because a
 * read of a hole of the file would allocate a page. All pages are prepared (piece.c), because only
 * a buffer with a descriptor can be advised.
 *
 * The pages are accessed by shmem_read_mapping_page_gfp(), as in ttm_tt_swapout(), and not by
 * kernel_write(): that takes the inode's lock, under which the kernel accesses memory of user
 * space, and a fault of a buffer reads the file.
 *
 * The pages are allocated with __GFP_RETRY_MAYFAIL: storing a buffer kills no process.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/bitmap.h>
#include <linux/err.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/highmem.h>
#include <linux/jiffies.h>
#include <linux/memcontrol.h>
#include <linux/mm.h>
#include <linux/rwsem.h>
#include <linux/sched.h>
#include <linux/sched/mm.h>
#include <linux/sched/signal.h>
#include <linux/shmem_fs.h>
#include <linux/sizes.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "compat.h"
#include "user/segment.h"
#include "user/swap_file.h"

#define FILE_GFP	(GFP_HIGHUSER | __GFP_RETRY_MAYFAIL | __GFP_NOWARN)
#define OWN_GFP		(GFP_KERNEL_ACCOUNT | __GFP_RETRY_MAYFAIL | __GFP_NOWARN)

/*
 * How long a buffer may be stored: a second once other tasks wait for its lock, else a second and
 * one for each of these parts. The kernel may throttle a memcg that is over memory.high for seconds
 * at each page.
 */
#define PAGES_A_SECOND	((unsigned long)SZ_64M >> PAGE_SHIFT)

/**
 * struct pb_swap_file - contents of a buffer
 * @file: of shmem, as long as the buffer
 * @memcg: charged for the pages of the file, or NULL for the memcg of the calling task
 * @bounce: page through which contents are copied while they are stored, else NULL
 * @nr_stored: pages in the file
 * @stored: bit n: page n of the buffer is in the file
 */
struct pb_swap_file {
	struct file		*file;
	struct mem_cgroup	*memcg;
	struct page		*bounce;
	unsigned long		nr_stored;
	unsigned long		stored[];
};

static int open_file(struct pb_swap_file *swap, unsigned long nr_pages)
{
	struct file *file;

	swap->bounce = alloc_page(OWN_GFP);
	if (!swap->bounce)
		return -ENOMEM;
	file = shmem_file_setup("pbuddy-swap", (loff_t)nr_pages << PAGE_SHIFT, PB_SHMEM_NORESERVE);
	if (IS_ERR(file))
		return -ENOMEM;
	swap->file = file;
	return 0;
}

/**
 * pb_swap_file_create() - create a file for the contents of a buffer
 * @nr_pages: length of the buffer
 * @memcg: to which the contents are charged, with a reference that the caller keeps until
 *	pb_swap_file_free(), or NULL for that of the calling task
 *
 * Context: process, may sleep, not in reclaim.
 * Return: the empty file, or -ENOMEM.
 */
struct pb_swap_file *pb_swap_file_create(unsigned long nr_pages, struct mem_cgroup *memcg)
{
	struct pb_swap_file *swap;
	struct mem_cgroup *old;
	int err;

	old = set_active_memcg(memcg);
	swap = kvzalloc(struct_size(swap, stored, BITS_TO_LONGS(nr_pages)), OWN_GFP);
	err = swap ? open_file(swap, nr_pages) : -ENOMEM;
	set_active_memcg(old);
	if (!swap)
		return ERR_PTR(err);
	swap->memcg = memcg;
	if (err) {
		pb_swap_file_free(swap);
		return ERR_PTR(err);
	}
	return swap;
}

static bool is_zero(struct page *page)
{
	void *addr = kmap_local_page(page);
	bool zero = !memchr_inv(addr, 0, PAGE_SIZE);

	kunmap_local(addr);
	return zero;
}

static int store_page(struct pb_swap_file *swap, unsigned long index, struct page *from)
{
	struct page *to;
	int err;

	/* The source may have a memory error, so it is read once, by code that survives it. */
	err = pb_page_copy(swap->bounce, from);
	if (err || is_zero(swap->bounce))
		return err;
	to = shmem_read_mapping_page_gfp(swap->file->f_mapping, index, FILE_GFP);
	if (IS_ERR(to))		/* -ENOSPC, too, although the file system has no limit */
		return -ENOMEM;
	/* With this reference the kernel does not write the page before it is dirty. */
	copy_highpage(to, swap->bounce);
	set_page_dirty(to);
	put_page(to);
	__set_bit(index, swap->stored);
	swap->nr_stored++;
	return 0;
}

static bool takes_too_long(struct pb_buffer *buf, unsigned long start)
{
	if (rwsem_is_contended(&buf->frames))
		return time_after(jiffies, start + HZ);
	return time_after(jiffies, start + HZ + HZ * (buf->nr_pages / PAGES_A_SECOND));
}

static int store_pages(struct pb_swap_file *swap, struct pb_buffer *buf)
{
	unsigned long start = jiffies, index;
	struct page *page;
	int err = 0;

	for (index = 0; index < buf->nr_pages && !err; index++) {
		if (fatal_signal_pending(current) || READ_ONCE(buf->closed))
			return -EINTR;
		if (takes_too_long(buf, start))
			return -ENOMEM;
		cond_resched();
		pb_buffer_pages(buf, index, &page, 1);
		err = store_page(swap, index, page);
	}
	return err;
}

/**
 * pb_swap_file_store() - store the contents of a buffer
 * @swap: an empty file for a buffer of this length
 * @buf: the buffer, after pb_buffer_isolate(); its lock is still held for writing
 *
 * After a failure the file can be freed only.
 *
 * Context: process, may sleep, not in reclaim.
 * Return: 0, -ENOMEM without memory or when the memory comes too slowly, -EIO for a page of the
 * buffer with a memory error, -EINTR after a fatal signal or when the buffer is closed.
 */
int pb_swap_file_store(struct pb_swap_file *swap, struct pb_buffer *buf)
{
	struct mem_cgroup *old = set_active_memcg(swap->memcg);
	int err;

	lockdep_assert_held_write(&buf->frames);
	err = store_pages(swap, buf);
	set_active_memcg(old);
	__free_page(swap->bounce);
	swap->bounce = NULL;
	return err;
}

static int load_page(const struct pb_swap_file *swap, unsigned long index, struct page *to)
{
	struct page *from = shmem_read_mapping_page_gfp(swap->file->f_mapping, index, FILE_GFP);

	if (IS_ERR(from))
		return PTR_ERR(from) == -EIO ? -EIO : -ENOMEM;
	copy_highpage(to, from);
	put_page(from);
	return 0;
}

/**
 * pb_swap_file_load() - read the contents of a buffer
 * @swap: the file, which stays as it is
 * @buf: a buffer of the same length, zeroed, to which no other task has access
 *
 * Context: process, may sleep, not in reclaim; waits for I/O.
 * Return: 0, -ENOMEM, -EIO when the swap space cannot be read, -EINTR after a fatal signal.
 */
int pb_swap_file_load(const struct pb_swap_file *swap, struct pb_buffer *buf)
{
	unsigned long index;
	struct page *page;
	int err = 0;

	for_each_set_bit(index, swap->stored, buf->nr_pages) {
		if (fatal_signal_pending(current))
			return -EINTR;
		cond_resched();
		pb_buffer_pages(buf, index, &page, 1);
		err = load_page(swap, index, page);
		if (err)
			break;
	}
	return err;
}

/**
 * pb_swap_file_pages() - count the pages of a file
 * @swap: the file
 *
 * Context: any.
 * Return: pages that take memory of the system, or swap space.
 */
unsigned long pb_swap_file_pages(const struct pb_swap_file *swap)
{
	return swap->nr_stored;
}

/**
 * pb_swap_file_free() - free a file with its memory and swap space
 * @swap: the file, or NULL
 *
 * Context: process, may sleep, in reclaim, too; the kernel frees the pages a moment later.
 */
void pb_swap_file_free(struct pb_swap_file *swap)
{
	if (!swap)
		return;
	if (swap->file)
		fput(swap->file);
	if (swap->bounce)
		__free_page(swap->bounce);
	kvfree(swap);
}
