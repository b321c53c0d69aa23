// SPDX-License-Identifier: GPL-2.0-only
/*
 * Describes the blocks that keep a node from its new size, for the ioctl RESIZE and the log: their
 * address, and the task that allocated them (owner=1). What is known of buffers is filled in by a
 * function of user/, which is set while the device exists.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/build_bug.h>
#include <linux/mm.h>
#include <linux/mutex.h>
#include <linux/pfn.h>
#include <linux/printk.h>
#include <linux/slab.h>

#include "api/resize_blocks.h"
#include "core/alloc/alloc.h"
#include "hooks/owner.h"
#include "instance.h"

/* Protects the variable, which is set while the pool is used; held while the function runs. */
static DEFINE_MUTEX(lock);
static pb_describe_blocks_fn *describe_buffers;

/**
 * pb_resize_set_describe - set the function that describes buffers
 * @fn: the function, or NULL: no call is in progress after the return
 *
 * Context: process, may sleep.
 */
void pb_resize_set_describe(pb_describe_blocks_fn *fn)
{
	mutex_lock(&lock);
	describe_buffers = fn;
	mutex_unlock(&lock);
}

/**
 * pb_resize_describe - describe blocks
 * @blocked: the blocks
 * @blocks: one record for each; set, but for a task that writes a parameter beside rmmod
 *
 * Blocks may have been freed, or moved, since they were found. Context: process, may sleep.
 */
void pb_resize_describe(const struct pb_blocked *blocked, struct pbuddy_resize_block *blocks)
{
	unsigned int i;
	int order;

	BUILD_BUG_ON(PB_BLOCKED_MAX != PBUDDY_RESIZE_BLOCKS_MAX);
	mutex_lock(&lock);
	for (i = 0; describe_buffers && i < blocked->nr; i++) {
		order = pb_page_order(&pb_instance, blocked->pfn[i]);
		blocks[i] = (struct pbuddy_resize_block) {
			.phys = PFN_PHYS(blocked->pfn[i]),
			.bytes = PAGE_SIZE << max(order, 0),
		};
		pb_owner_text(blocked->pfn[i], blocks[i].owner, sizeof(blocks[i].owner));
	}
	if (describe_buffers)
		describe_buffers(blocked, blocks);
	mutex_unlock(&lock);
}

static void log_block(const struct pbuddy_resize_block *b)
{
	u64 kib = b->bytes >> 10;

	if (b->buffer_id)
		pr_warn("resize: %llu KiB at %#llx: buffer %llu \"%.*s\" of %.*s[%d], user %u%s%s\n",
			kib, b->phys, b->buffer_id, PBUDDY_LABEL_LEN, b->label, PBUDDY_COMM_LEN,
			b->creator_comm, b->creator_pid, b->creator_uid,
			b->flags & PBUDDY_RESIZE_BLOCK_PINNED ? ", pinned" : "",
			b->flags & PBUDDY_RESIZE_BLOCK_EXPORTED ? ", exported" : "");
	else
		pr_warn("resize: %llu KiB at %#llx: %s%s\n", kib, b->phys,
			b->owner[0] ? "allocated by " : "not of a buffer", b->owner);
}

/**
 * pb_resize_log_blocks - log a line for each block
 * @blocked: the blocks
 *
 * Context: process, may sleep.
 */
void pb_resize_log_blocks(const struct pb_blocked *blocked)
{
	struct pbuddy_resize_block *blocks;
	unsigned int i;

	blocks = kcalloc(PB_BLOCKED_MAX, sizeof(*blocks), GFP_KERNEL);
	if (!blocks)
		return;
	pb_resize_describe(blocked, blocks);
	for (i = 0; i < blocked->nr && blocks[i].bytes; i++)
		log_block(&blocks[i]);
	kfree(blocks);
}
