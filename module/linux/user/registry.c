// SPDX-License-Identifier: GPL-2.0-only
/*
 * The registry of buffers: every buffer from the end of its creation until its memory has left the
 * quarantine, however it is held: by descriptors, also in messages and in tables of io_uring, by
 * mappings, by dma-bufs, or by pins alone. So it has what the accounts are charged for buffers.
 *
 * It is a tree by id under one lock. Ids ascend, so a reader continues behind the last id it has
 * seen, whether or not that buffer still exists. The lock is held for a limited number of entries,
 * and an entry is removed under it. So an entry that a reader looks at exists, and the reader takes
 * no reference to it.
 */
#include <linux/lockdep.h>
#include <linux/rbtree.h>
#include <linux/sched.h>
#include <linux/sched/signal.h>
#include <linux/spinlock.h>

#include "user/registry.h"

#define LOOK_BATCH	64	/* entries to look at with the lock held */

static struct rb_root registry = RB_ROOT;
static u64 last_id;
static DEFINE_SPINLOCK(registry_lock);		/* of both, and of the entries in the tree */

static struct pb_registry_entry *entry_of(struct rb_node *node)
{
	return rb_entry_safe(node, struct pb_registry_entry, node);
}

/**
 * pb_registry_add() - give a buffer an id, and make it visible to readers
 * @entry: zeroed entry; what readers use is complete
 *
 * Context: process.
 */
void pb_registry_add(struct pb_registry_entry *entry)
{
	struct rb_node **link = &registry.rb_node, *parent = NULL;

	spin_lock(&registry_lock);
	while (*link) {			/* the new id is the highest */
		parent = *link;
		link = &parent->rb_right;
	}
	entry->id = ++last_id;
	rb_link_node(&entry->node, parent, link);
	rb_insert_color(&entry->node, &registry);
	spin_unlock(&registry_lock);
}

/**
 * pb_registry_lock() - keep readers from all buffers
 *
 * Context: process; not to sleep until pb_registry_unlock().
 */
void pb_registry_lock(void)
	__acquires(&registry_lock)
{
	spin_lock(&registry_lock);
}

/**
 * pb_registry_unlock() - undo pb_registry_lock()
 *
 * Context: process.
 */
void pb_registry_unlock(void)
	__releases(&registry_lock)
{
	spin_unlock(&registry_lock);
}

/**
 * pb_registry_end() - note that only the quarantine has pages of a buffer
 * @entry: its entry
 *
 * Context: process. Readers that see @ended see what the caller stored before.
 */
void pb_registry_end(struct pb_registry_entry *entry)
{
	spin_lock(&registry_lock);
	entry->ended = true;
	spin_unlock(&registry_lock);
}

/**
 * pb_registry_remove() - remove a buffer
 * @entry: its entry; nothing is done if it was not added
 *
 * Context: process. No reader has the entry any more.
 */
void pb_registry_remove(struct pb_registry_entry *entry)
{
	if (!entry->id)
		return;
	spin_lock(&registry_lock);
	rb_erase(&entry->node, &registry);
	spin_unlock(&registry_lock);
}

/* The entry with the lowest id above @cursor, or NULL. */
static struct pb_registry_entry *first_above_locked(u64 cursor)
{
	struct pb_registry_entry *found = NULL, *entry;
	struct rb_node *node = registry.rb_node;

	lockdep_assert_held(&registry_lock);
	while (node) {
		entry = entry_of(node);
		if (entry->id > cursor) {
			found = entry;
			node = node->rb_left;
		} else {
			node = node->rb_right;
		}
	}
	return found;
}

/* Looks at a batch; returns whether there may be more behind it. */
static bool look_locked(u64 *cursor, bool *taken,
			bool (*take)(const struct pb_registry_entry *entry, void *arg), void *arg)
{
	struct pb_registry_entry *entry = first_above_locked(*cursor);
	unsigned int looked;

	for (looked = 0; entry && looked < LOOK_BATCH; looked++) {
		*cursor = entry->id;
		*taken = take(entry, arg);
		if (*taken)
			return true;
		entry = entry_of(rb_next(&entry->node));
	}
	return entry;
}

/**
 * pb_registry_next() - find the next buffer that a reader takes
 * @cursor: id of the last one, or 0 to begin; set to the id of the last one looked at
 * @take: copies what it needs of an entry, or returns false to go on; must not sleep
 * @arg: its second argument
 *
 * Buffers added or removed meanwhile may be missed or found; each of the others is found once.
 *
 * Context: process, may sleep. A fatal signal ends it.
 * Return: whether one was taken.
 */
bool pb_registry_next(u64 *cursor,
		      bool (*take)(const struct pb_registry_entry *entry, void *arg), void *arg)
{
	bool taken = false, more = true;

	while (!taken && more && !fatal_signal_pending(current)) {
		spin_lock(&registry_lock);
		more = look_locked(cursor, &taken, take, arg);
		spin_unlock(&registry_lock);
		cond_resched();
	}
	return taken;
}
