/* SPDX-License-Identifier: GPL-2.0-only */
/* Quarantine of freed pages that other users still refer to. See quarantine.c. */
#ifndef PB_QUARANTINE_H
#define PB_QUARANTINE_H

#include <linux/list.h>
#include <linux/llist.h>
#include <linux/mm_types.h>
#include <linux/sched.h>
#include <linux/types.h>

#include "api/compound_meta.h"
#include "core/base/ops.h"
#include "hooks/bad_frames.h"

struct page;
struct pb_account;
struct seq_file;

/* Why a page is in quarantine. */
enum pb_quarantine_kind {
	PB_QUARANTINE_BUFFER,	/* a page of a destroyed buffer */
	PB_QUARANTINE_BLOCK,	/* a block that a module freed or that was migrated */
	PB_QUARANTINE_COMPOUND,	/* a block that is compound, or was to be */
	PB_NR_QUARANTINE_KINDS,
};

/**
 * struct pb_quarantine_group - blocks that one free put in quarantine
 * @entry: in the list of groups that the work item has not seen
 * @node: in the list of groups, under its lock
 * @blocks: the first of them; they are linked through folio->index
 * @nr_pages: of all of them
 * @since: jiffies when it was added
 * @pid: of the task that freed them; 0 for an interrupt
 * @comm: of this task
 * @label: of the buffer, or NULL
 * @account: account that @charged pages are charged to, or NULL
 * @charged: pages charged as a whole; blocks of modules have charges of their own
 * @node_pages: set to the pages of each node, or NULL
 * @release: called without locks when the group is empty; may sleep, may free the group
 */
struct pb_quarantine_group {
	struct llist_node	entry;
	struct list_head	node;
	struct page		*blocks;
	unsigned long		nr_pages;
	unsigned long		since;
	pid_t			pid;
	char			comm[TASK_COMM_LEN];
	const char		*label;
	struct pb_account	*account;
	unsigned long		charged;
	unsigned long		*node_pages;
	void			(*release)(struct pb_quarantine_group *group);
};

extern const char pb_quarantine_marks[PB_NR_QUARANTINE_KINDS];

/* Value of head->private while a block is in quarantine. */
static inline unsigned long pb_quarantine_mark(enum pb_quarantine_kind kind)
{
	return (unsigned long)&pb_quarantine_marks[kind];
}

/* Whether a block is in quarantine; a free of it is a double free. */
static inline bool pb_quarantine_marked(struct page *head)
{
	return READ_ONCE(head->private) - (unsigned long)pb_quarantine_marks <
	       sizeof(pb_quarantine_marks);
}

void pb_quarantine_block(unsigned long pfn, unsigned int order, enum pb_quarantine_kind kind);
void pb_quarantine_collect(struct pb_quarantine_group *group, struct page *head);
void pb_quarantine_uncharge(struct pb_quarantine_group *group);
void pb_quarantine_add(struct pb_quarantine_group *group);
enum pb_release pb_quarantine_release(struct pb_pool *pool, unsigned long pfn, unsigned int order);
bool pb_quarantine_referenced(unsigned long pfn, unsigned int order);
bool __pb_quarantine_free_bad(unsigned long pfn, unsigned int order);
bool __pb_quarantine_free_bad_pages(unsigned long pfn, unsigned long nr_pages);

unsigned long pb_quarantine_pages(void);
unsigned long pb_quarantine_pages_of(enum pb_quarantine_kind kind);
unsigned long pb_quarantine_pages_of_node(int nid);
void pb_quarantine_show(struct seq_file *m);
int pb_quarantine_init(void);
void pb_quarantine_exit(void);

/* Frees a block that has a page with a memory error; false: the caller has to free it. */
static inline bool pb_quarantine_free_bad(unsigned long pfn, unsigned int order)
{
	return static_branch_unlikely(&pb_bad_frames_key) && __pb_quarantine_free_bad(pfn, order);
}

/* The same for contiguous pages of order 0. */
static inline bool pb_quarantine_free_bad_pages(unsigned long pfn, unsigned long nr_pages)
{
	return static_branch_unlikely(&pb_bad_frames_key) &&
	       __pb_quarantine_free_bad_pages(pfn, nr_pages);
}

#endif /* PB_QUARANTINE_H */
