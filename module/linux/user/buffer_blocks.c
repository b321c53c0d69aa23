// SPDX-License-Identifier: GPL-2.0-only
/*
 * Finds the buffers that blocks are part of, for the report of a resize (api/resize_blocks.c): it
 * looks through all buffers of the registry. It takes a reference to each, and reads the list of
 * blocks with the lock of the buffer's frames. A buffer that has ended is not found.
 */
#include <linux/mm.h>
#include <linux/pid.h>
#include <linux/refcount.h>
#include <linux/sched.h>
#include <linux/string.h>
#include <linux/uidgid.h>
#include <linux/user_namespace.h>

#include "api/resize_blocks.h"
#include "user/buffer.h"
#include "user/buffer_blocks.h"
#include "user/creator.h"
#include "user/dmabuf_move.h"
#include "user/label.h"
#include "user/registry.h"

static bool take(const struct pb_registry_entry *entry, void *arg)
{
	struct pb_buffer *buf = container_of(entry, struct pb_buffer, entry);

	if (!refcount_inc_not_zero(&buf->ref))
		return false;
	*(struct pb_buffer **)arg = buf;
	return true;
}

static void fill(struct pbuddy_resize_block *record, struct pb_buffer *buf,
		 const struct pb_buffer_block *block)
{
	struct user_namespace *ns = current_user_ns();

	record->buffer_id = buf->entry.id;
	record->creator_pid = pid_vnr(pb_creator_pid(buf->creator));
	record->creator_uid = from_kuid_munged(ns, buf->uid);
	if (pb_buffer_block_pinned(buf, block) || pb_dmabuf_pinned(buf))
		record->flags |= PBUDDY_RESIZE_BLOCK_PINNED;
	if (atomic_read(&buf->nr_dmabufs))
		record->flags |= PBUDDY_RESIZE_BLOCK_EXPORTED;
	memcpy(record->creator_comm, buf->comm, sizeof(record->creator_comm));
	pb_label_get(&buf->label, record->label);
}

static void describe_buffer(struct pb_buffer *buf, const struct pb_blocked *blocked,
			    struct pbuddy_resize_block *records)
{
	const struct pb_buffer_block *block, *end;
	unsigned int i;

	down_read(&buf->frames);
	for (block = buf->block, end = block + buf->nr_blocks; block < end; block++) {
		for (i = 0; i < blocked->nr; i++)
			if (blocked->pfn[i] - block->pfn < block->nr_pages)
				fill(&records[i], buf, block);
		cond_resched();
	}
	up_read(&buf->frames);
}

static void describe(const struct pb_blocked *blocked, struct pbuddy_resize_block *records)
{
	struct pb_buffer *buf;
	u64 cursor = 0;

	while (blocked->nr && pb_registry_next(&cursor, take, &buf)) {
		describe_buffer(buf, blocked, records);
		pb_buffer_put(buf);
	}
}

/**
 * pb_buffer_blocks_init - describe buffers in the report of a resize from now on
 *
 * Context: process, may sleep.
 * Return: 0.
 */
int pb_buffer_blocks_init(void)
{
	pb_resize_set_describe(describe);
	return 0;
}

/* Context: process, may sleep; waits for a call. */
void pb_buffer_blocks_exit(void)
{
	pb_resize_set_describe(NULL);
}
