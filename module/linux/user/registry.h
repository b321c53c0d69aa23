/* SPDX-License-Identifier: GPL-2.0-only */
/* The buffers that exist, in the order of their creation. See registry.c. */
#ifndef PB_REGISTRY_H
#define PB_REGISTRY_H

#include <linux/rbtree.h>
#include <linux/types.h>

/**
 * struct pb_registry_entry - a buffer's place in the registry
 * @node: in the tree, by @id
 * @id: above those of all earlier buffers, and never used again; 0 before it is added
 * @ended: the buffer has no users, and pages of it are in quarantine
 */
struct pb_registry_entry {
	struct rb_node	node;
	u64		id;
	bool		ended;
};

void pb_registry_add(struct pb_registry_entry *entry);
void pb_registry_lock(void);
void pb_registry_unlock(void);
void pb_registry_end(struct pb_registry_entry *entry);
void pb_registry_remove(struct pb_registry_entry *entry);
bool pb_registry_next(u64 *cursor,
		      bool (*take)(const struct pb_registry_entry *entry, void *arg), void *arg);

#endif /* PB_REGISTRY_H */
