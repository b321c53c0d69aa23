/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Records the task and the call stack of every allocation (owner=1). Without owner=1 the inline
 * functions are a static branch. See owner.c.
 */
#ifndef PB_OWNER_H
#define PB_OWNER_H

#include <linux/jump_label.h>
#include <linux/types.h>

struct seq_file;

#define PB_OWNER_TEXT_LEN	160	/* bytes for pb_owner_text(): task, function, module */

DECLARE_STATIC_KEY_FALSE(pb_owner_key);

void __pb_owner_set(unsigned long pfn, unsigned long nr_heads);
void __pb_owner_copy(unsigned long pfn, unsigned int order);

/* Records the current task as owner of the block at @pfn, just allocated. Context: any. */
static inline void pb_owner_set(unsigned long pfn)
{
	if (static_branch_unlikely(&pb_owner_key))
		__pb_owner_set(pfn, 1);
}

/* Records the current task as owner of @nr consecutive pages of order 0. Context: any. */
static inline void pb_owner_set_pages(unsigned long pfn, unsigned long nr)
{
	if (static_branch_unlikely(&pb_owner_key))
		__pb_owner_set(pfn, nr);
}

/* Copies the record of the head to the other pages of a block that was split. Context: any. */
static inline void pb_owner_copy(unsigned long pfn, unsigned int order)
{
	if (static_branch_unlikely(&pb_owner_key))
		__pb_owner_copy(pfn, order);
}

bool pb_owner_text(unsigned long pfn, char *buf, size_t size);
void pb_owner_print(unsigned long pfn);
void pb_owner_show(struct seq_file *m, unsigned long pfn);

int pb_owner_init(bool enable);
int pb_owner_add_range(unsigned long pfn, unsigned long nr_pages);
void pb_owner_stop(void);
void pb_owner_exit(void);

#endif /* PB_OWNER_H */
