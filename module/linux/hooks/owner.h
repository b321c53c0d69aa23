/* SPDX-License-Identifier: GPL-2.0-only */
/* Who allocated a block (owner=1): task and call stack, free of cost when off. */
#ifndef PB_OWNER_H
#define PB_OWNER_H

#include <linux/jump_label.h>
#include <linux/types.h>

struct seq_file;

#define PB_OWNER_TEXT_LEN	160	/* bytes for pb_owner_text(): task, function, module */

DECLARE_STATIC_KEY_FALSE(pb_owner_key);

void __pb_owner_set(unsigned long pfn, unsigned long nr_heads);
void __pb_owner_copy(unsigned long pfn, unsigned int order);

/* The caller has just allocated the block at @pfn. Any context. */
static inline void pb_owner_set(unsigned long pfn)
{
	if (static_branch_unlikely(&pb_owner_key))
		__pb_owner_set(pfn, 1);
}

/* The caller has just allocated @nr pages of order 0 from @pfn on. Any context. */
static inline void pb_owner_set_pages(unsigned long pfn, unsigned long nr)
{
	if (static_branch_unlikely(&pb_owner_key))
		__pb_owner_set(pfn, nr);
}

/* The block at @pfn has been split: what is known of its head is true of its tails. Any context. */
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
