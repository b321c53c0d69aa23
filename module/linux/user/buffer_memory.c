// SPDX-License-Identifier: GPL-2.0-only
/*
 * Takes the memory of a buffer away while the buffer exists, and gives it memory again. A buffer
 * without memory is absent: it has no blocks and is charged for no page. Its id, descriptors,
 * mappings and label stay. purge.c and swap.c decide which buffers lose their memory. The contents
 * of a buffer are lost when it is purged, and in buf->stored while it is swapped out.
 *
 * The memory is handed over between the buffer and a spare: another struct pb_buffer, which no user
 * can reach.
 *
 *   taken	The spare was allocated when the buffer became purgeable, so that reclaim allocates
 *		nothing. It gets the blocks with their charge, and ends as every buffer does. A page
 *		to which a walk of the page tables has a reference for a moment goes to quarantine.
 *   restored	New memory is allocated, charged and zeroed for a spare without a lock that readers
 *		of the buffer take. What was stored is read into it. Then it is handed over.
 *
 * Memory is handed over with buf->frames held for writing, and under the lock of the registry, so
 * LIST shows it with the buffer or not. The task that restores memory is charged for it, and its
 * process becomes the creator of the buffer, which the OOM policy counts it for. A kernel thread
 * that accesses memory of a program, as those of KVM and RDMA, and a task that accesses the address
 * space of another one, as a debugger, restore it for the user that was charged before. The user
 * that created the buffer still sees it in LIST.
 *
 * Order of locks: mmap_lock, buf->advise_lock, buf->frames, i_mmap_rwsem.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/lockdep.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/printk.h>
#include <linux/string.h>

#include "core/alloc/alloc.h"
#include "core/zone/watermark.h"
#include "core/zone/zone.h"
#include "hooks/pressure.h"
#include "instance.h"
#include "user/buffer.h"
#include "user/creator.h"
#include "user/swap_file.h"

/* Hands all memory of @from over to @to, which has none. */
static void hand_over(struct pb_buffer *to, struct pb_buffer *from)
{
	unsigned int i, nr_zones = pb_instance.nr_nodes * PB_NR_ZONE_TYPES;
	int nid;

	WARN_ON_ONCE(to->nr_blocks || to->charged);
	swap(to->block, from->block);
	swap(to->nr_blocks, from->nr_blocks);
	swap(to->max_blocks, from->max_blocks);
	swap(to->nr_huge, from->nr_huge);
	swap(to->pieces, from->pieces);
	swap(to->account, from->account);
	swap(to->charged, from->charged);
	to->node = from->node;
	atomic_long_set(&to->nr_prepared, atomic_long_xchg(&from->nr_prepared, 0));
	for (nid = 0; nid < pb_instance.nr_nodes; nid++) {
		WRITE_ONCE(to->node_pages[nid], from->node_pages[nid]);
		WRITE_ONCE(from->node_pages[nid], 0);
	}
	for (i = 0; i < nr_zones; i++) {
		WRITE_ONCE(to->zone_pages[i], from->zone_pages[i]);
		WRITE_ONCE(from->zone_pages[i], 0);
	}
}

static void set_stored(struct pb_buffer *buf, struct pb_swap_file *stored)
{
	WRITE_ONCE(buf->stored, stored);
	WRITE_ONCE(buf->nr_stored, stored ? pb_swap_file_pages(stored) : 0);
	WRITE_ONCE(buf->unreadable, false);
}

/**
 * pb_buffer_take_memory() - take the memory of a buffer away
 * @buf: a buffer with a spare, after pb_buffer_isolate() and pb_buffer_try_clear_movable(); its
 *	lock is still held for writing
 * @stored: its contents, or NULL
 *
 * The caller frees the spare, which has the memory then, without the lock.
 *
 * Context: may sleep, also in reclaim.
 */
void pb_buffer_take_memory(struct pb_buffer *buf, struct pb_swap_file *stored)
{
	struct pb_buffer *spare = buf->spare;

	lockdep_assert_held_write(&buf->frames);
	/* It is counted for the creator of the buffer. */
	pb_creator_put(spare->creator);
	spare->creator = pb_creator_hold(buf->creator);
	spare->nr_pages = buf->nr_pages;
	pb_registry_lock();
	hand_over(spare, buf);
	set_stored(buf, stored);
	WRITE_ONCE(buf->absent, true);
	pb_registry_unlock();
}

/**
 * pb_buffer_count_event() - count an event for each page of a buffer, in its zone
 * @buf: the buffer; its memory does not change
 * @event: the event
 *
 * Context: any.
 */
void pb_buffer_count_event(const struct pb_buffer *buf, enum pb_event event)
{
	const struct pb_buffer_block *block = buf->block, *end = block + buf->nr_blocks;

	for (; block < end; block++)
		pb_zone_event_add(pb_pfn_zone(&pb_instance, block->pfn), event, block->nr_pages);
}

static void give_memory(struct pb_buffer *buf, struct pb_buffer *spare)
{
	down_write(&buf->frames);
	pb_registry_lock();
	hand_over(buf, spare);
	set_stored(buf, NULL);
	swap(buf->creator, spare->creator);
	swap(buf->cred, spare->cred);
	memcpy(buf->comm, spare->comm, sizeof(buf->comm));
	WRITE_ONCE(buf->absent, false);
	pb_registry_unlock();
	WRITE_ONCE(buf->watched, false);
	buf->spare = spare;	/* for the next time, which may be as soon as it is unlocked */
	if (buf->migratetype == PB_MOVABLE && !buf->place.contig && !buf->fixed)
		pb_buffer_set_movable(buf);
	up_write(&buf->frames);
}

/* Reads the contents of a buffer that was swapped out. */
static int load(struct pb_buffer *buf, struct pb_buffer *spare)
{
	int err = pb_swap_file_load(buf->stored, spare);

	WRITE_ONCE(buf->unreadable, err == -EIO);
	if (!err)
		pb_buffer_count_event(spare, PB_PSWPIN);
	else if (err == -EIO)
		pr_err_ratelimited("buffer %llu: its contents cannot be read from swap space\n",
				   buf->entry.id);
	return err;
}

/**
 * pb_buffer_restore() - give an absent buffer memory again
 * @buf: the buffer; its advise_lock is held
 * @why: for which purpose
 * @reason: as for pb_buffer_create()
 *
 * The pages are as they were stored, or zero. Nothing is done for a buffer that has memory. After a
 * failure the buffer is as before.
 *
 * Context: may sleep; reclaims, as pb_buffer_create() does. A fatal signal ends it.
 * Return: as pb_buffer_create(), or -EIO when the contents cannot be read.
 */
int pb_buffer_restore(struct pb_buffer *buf, enum pb_restore_for why, enum pb_reason *reason)
{
	struct pb_swap_file *stored = buf->stored;
	struct pb_buffer *spare;
	int err;

	lockdep_assert_held(&buf->advise_lock);
	*reason = PB_REASON_NONE;
	if (!READ_ONCE(buf->absent))
		return 0;
	spare = pb_buffer_new_spare(buf, why == PB_FOR_OTHER);
	if (!spare)
		return -ENOMEM;
	err = pb_buffer_fill_spare(spare, buf, why != PB_FOR_REQUEST, reason);
	if (!err && stored)
		err = load(buf, spare);
	if (err) {
		pb_buffer_free_spare(spare);
		return err;
	}
	give_memory(buf, spare);
	pb_swap_file_free(stored);
	pb_pressure_allocated();
	return 0;
}
