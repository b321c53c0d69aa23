// SPDX-License-Identifier: GPL-2.0-only
/*
 * Migration of blocks of exported buffers: the part that concerns importers (buffer_move.c has the
 * rest). The migration of a block of a buffer that is not pinned (dmabuf_map.c), but mapped
 *
 *   1. notifies the importers (move_notify), which unmap the buffer or end their use of it, and map
 *      it again later;
 *   2. waits until all fences have signaled, or, where it must not wait, tests them;
 *   3. gives up if the buffer is still mapped. Until an importer has unmapped it, its device may
 *      read the frames, and these get another owner at once.
 *
 * An importer must unmap soon after the notification, but need not do so in it, so a later
 * migration succeeds. An importer that has not mapped the buffer is not notified. While one stays
 * mapped, they are notified again after a second at the earliest.
 *
 * Until the migration ends, new mappings wait for the reservation lock, which all dma-bufs of the
 * buffer share. An importer that maps or pins the buffer inside of move_notify() gets -EBUSY.
 *
 * A migration holds buf->frames, which comes after the reservation lock in the order of locks, so
 * it only tries to lock that one.
 */
#include <linux/fs.h>
#include <linux/jiffies.h>
#include <linux/lockdep.h>
#include <linux/mm.h>
#include <linux/sched.h>

#include "compat.h"
#include "user/buffer.h"
#include "user/dmabuf_map.h"
#include "user/dmabuf_move.h"

#define FENCE_WAIT	(HZ / 10)	/* of a migration, for devices to end their use */

/*
 * Jiffies until which migrations test fences and do not wait: one second after a wait that timed
 * out, or each block of a range would take a wait. One for all buffers, because a user may have
 * many.
 */
static unsigned long wait_after = INITIAL_JIFFIES;

/**
 * pb_dmabuf_pinned() - whether importers keep a buffer where it is
 * @buf: the buffer
 *
 * Context: any.
 * Return: true if it is pinned; stable while buf->frames is held for writing.
 */
bool pb_dmabuf_pinned(const struct pb_buffer *buf)
{
	/* Pairs with the exchange in get_dma(). */
	const struct pb_buffer_dma *dma = smp_load_acquire(&buf->dma);

	return dma && atomic_read(&dma->nr_pins);
}

static bool is_mapped(struct pb_buffer_dma *dma)
{
	bool mapped;

	mutex_lock(&dma->lock);
	mapped = !list_empty(&dma->mappings);
	mutex_unlock(&dma->lock);
	return mapped;
}

/* As ttm_bo_wait_ctx(). */
static bool wait_for_fences(struct pb_buffer_dma *dma, bool may_wait)
{
	dma_resv_assert_held(&dma->resv);
	if (dma_resv_test_signaled(&dma->resv, DMA_RESV_USAGE_BOOKKEEP))
		return true;
	if (!may_wait || time_before(jiffies, READ_ONCE(wait_after)))
		return false;
	if (dma_resv_wait_timeout(&dma->resv, DMA_RESV_USAGE_BOOKKEEP, true, FENCE_WAIT) > 0)
		return true;
	WRITE_ONCE(wait_after, jiffies + HZ);
	return false;
}

/* Ends the use of the frames by devices. */
static int end_use_locked(struct pb_buffer_dma *dma, bool may_wait)
{
	struct pb_exported *export;

	dma_resv_assert_held(&dma->resv);
	if (atomic_read(&dma->nr_pins))
		return -EBUSY;
	if (!may_wait && !wait_for_fences(dma, false))
		return -EAGAIN;
	if (is_mapped(dma)) {
		if (time_before(jiffies, dma->notify_after))
			return -EAGAIN;
		list_for_each_entry(export, &dma->exports, node)
			pb_dma_buf_move_notify(export->dmabuf);
	}
	if (!wait_for_fences(dma, may_wait))
		return -EAGAIN;
	if (!is_mapped(dma))
		return 0;
	dma->notify_after = jiffies + HZ;
	return -EAGAIN;
}

/**
 * pb_dmabuf_begin_move() - end the use of a buffer's frames by devices, before one is moved
 * @buf: the buffer; its lock is held for writing
 * @may_wait: wait for fences, for 100 ms at most
 *
 * Until pb_dmabuf_end_move() importers cannot map the buffer again.
 *
 * Context: process, may sleep.
 * Return: 0; -EBUSY when the buffer is pinned; -EAGAIN when its reservation lock is held, a device
 * still uses it, or an importer has not unmapped it yet.
 */
int pb_dmabuf_begin_move(struct pb_buffer *buf, bool may_wait)
{
	/* Pairs with the exchange in get_dma(). */
	struct pb_buffer_dma *dma = smp_load_acquire(&buf->dma);
	int err;

	lockdep_assert_held_write(&buf->frames);
	if (!dma || list_empty(&dma->exports))
		return 0;
	if (!dma_resv_trylock(&dma->resv))
		return -EAGAIN;
	WRITE_ONCE(dma->mover, current);
	err = end_use_locked(dma, may_wait);
	if (err)
		pb_dmabuf_end_move(buf);
	return err;
}

/**
 * pb_dmabuf_end_move() - let importers map a buffer again
 * @buf: the buffer, after pb_dmabuf_begin_move(); its lock is still held
 *
 * Context: process, may sleep.
 */
void pb_dmabuf_end_move(struct pb_buffer *buf)
{
	struct pb_buffer_dma *dma = READ_ONCE(buf->dma);

	lockdep_assert_held_write(&buf->frames);
	if (!dma || dma->mover != current)
		return;
	WRITE_ONCE(dma->mover, NULL);
	dma_resv_unlock(&dma->resv);
}

/**
 * pb_dmabuf_unmap_programs() - remove page table entries of the mappings of a buffer's dma-bufs
 * @buf: the buffer; its lock is held for writing
 * @start: offset in bytes
 * @bytes: length
 *
 * Context: may sleep, also in reclaim; takes i_mmap_rwsem of the files.
 */
void pb_dmabuf_unmap_programs(struct pb_buffer *buf, loff_t start, loff_t bytes)
{
	/* Pairs with the exchange in get_dma(). */
	struct pb_buffer_dma *dma = smp_load_acquire(&buf->dma);
	struct pb_exported *export;

	lockdep_assert_held_write(&buf->frames);
	if (!dma)
		return;
	list_for_each_entry(export, &dma->exports, node)
		unmap_mapping_range(export->inode->i_mapping, start, bytes, 0);
}
