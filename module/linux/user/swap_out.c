// SPDX-License-Identifier: GPL-2.0-only
/*
 * Swaps a buffer out as a whole: stores its contents in a file of shmem (swap_file.c) and takes its
 * memory away (buffer_memory.c). pb_buffer_restore() reads the contents back.
 *
 * buf->frames is held for writing from before the page table entries are removed until the memory
 * is taken away. So no program stores to a page after it was copied: an access waits for the lock,
 * and then restores the buffer. The pages of the file are allocated under this lock, with reclaim
 * of the system. Reclaim only tries to lock buf->frames (purge.c, buffer_move.c).
 *
 * This is not called in reclaim: an ioctl of a program calls it, or a work item (swap.c).
 */
#include <linux/err.h>
#include <linux/jiffies.h>
#include <linux/mm.h>
#include <linux/rwsem.h>
#include <linux/swap.h>

#include "user/buffer.h"
#include "user/swap_file.h"
#include "user/swap_out.h"

#define MOVE_TIMEOUT	HZ	/* to wait for migrations of its blocks */

static enum pbuddy_swap_reason reason_of(int err)
{
	switch (err) {
	case 0:
		return PBUDDY_SWAP_NONE;
	case -EIO:
		return PBUDDY_SWAP_BAD_PAGE;
	case -EINTR:
		return PBUDDY_SWAP_KILLED;
	default:
		return PBUDDY_SWAP_NO_MEMORY;
	}
}

/* What is known without a look at the pages. */
static int check(const struct pb_buffer *buf, enum pbuddy_swap_reason *why)
{
	if (atomic_read(&buf->nr_dmabufs)) {
		*why = PBUDDY_SWAP_EXPORTED;
		return -EBUSY;
	}
	if (buf->purgeable) {
		*why = PBUDDY_SWAP_PURGEABLE;
		return -EBUSY;
	}
	/* Without swap space the contents would stay in memory of the system. */
	if (get_nr_swap_pages() < (long)buf->nr_pages) {
		*why = PBUDDY_SWAP_NO_SPACE;
		return -ENOSPC;
	}
	return 0;
}

/* Sets *@spare to the spare that has the memory, after a success. */
static int store_locked(struct pb_buffer *buf, struct pb_swap_file *swap, struct pb_buffer **spare,
			enum pbuddy_swap_reason *why)
{
	int err;

	lockdep_assert_held_write(&buf->frames);
	if (!pb_buffer_isolate(buf)) {
		*why = PBUDDY_SWAP_PINNED;
		return -EBUSY;
	}
	err = pb_swap_file_store(swap, buf);
	*why = reason_of(err);
	if (err)
		return err;
	if (!pb_buffer_try_clear_movable(buf, MOVE_TIMEOUT)) {
		*why = PBUDDY_SWAP_PINNED;
		return -EBUSY;
	}
	*spare = buf->spare;
	pb_buffer_take_memory(buf, swap);
	buf->spare = NULL;
	return 0;
}

static int store(struct pb_buffer *buf, struct pb_swap_file *swap, enum pbuddy_swap_reason *why)
{
	struct pb_buffer *spare;
	int err;

	WRITE_ONCE(buf->storing, true);
	err = down_write_killable(&buf->frames);
	if (err) {
		*why = PBUDDY_SWAP_KILLED;
	} else {
		err = store_locked(buf, swap, &spare, why);
		up_write(&buf->frames);
	}
	WRITE_ONCE(buf->storing, false);
	if (err)
		return err;
	pb_buffer_count_event(spare, PB_PSWPOUT);
	pb_buffer_free_spare(spare);
	return 0;
}

static int swap_out(struct pb_buffer *buf, enum pbuddy_swap_reason *why)
{
	struct pb_swap_file *swap;
	int err;

	err = check(buf, why);
	if (err)
		return err;
	*why = PBUDDY_SWAP_NO_MEMORY;
	if (!buf->spare)
		buf->spare = pb_buffer_new_spare(buf, false);
	if (!buf->spare)
		return -ENOMEM;
	swap = pb_swap_file_create(buf->nr_pages, buf->memcg);
	if (IS_ERR(swap))
		return PTR_ERR(swap);
	err = store(buf, swap, why);
	if (err)
		pb_swap_file_free(swap);
	return err;
}

/**
 * pb_swap_out_locked() - swap a buffer out
 * @buf: a buffer that may be swapped out; its advise_lock is held
 * @why: set to the reason of a failure
 *
 * Nothing is done for a buffer without memory. After a failure the buffer is as before; page table
 * entries may be missing, which faults insert again.
 *
 * Context: process, may sleep, not in reclaim. A fatal signal ends it.
 * Return: 0, -EBUSY for a buffer that is in use, -ENOSPC with too little swap space, -ENOMEM, -EIO
 * for a page with a memory error, or -EINTR.
 */
int pb_swap_out_locked(struct pb_buffer *buf, enum pbuddy_swap_reason *why)
{
	int err;

	lockdep_assert_held(&buf->advise_lock);
	*why = PBUDDY_SWAP_NONE;
	if (buf->absent)
		return 0;
	err = swap_out(buf, why);
	if (err) {
		/* It may be purged at the same time. */
		down_read(&buf->frames);
		pb_buffer_count_event(buf, PB_PSWPOUT_FAIL);
		up_read(&buf->frames);
	}
	WRITE_ONCE(buf->swap_reason, *why);
	return err;
}
EXPORT_SYMBOL_PB_TEST(pb_swap_out_locked);
