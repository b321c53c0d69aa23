/* SPDX-License-Identifier: GPL-2.0-only */
/* Quarantine of freed pages that other users still refer to. See quarantine.c. */
#ifndef PB_QUARANTINE_H
#define PB_QUARANTINE_H

#include <linux/compiler.h>
#include <linux/list.h>
#include <linux/llist.h>
#include <linux/log2.h>
#include <linux/mm_types.h>
#include <linux/sched.h>
#include <linux/types.h>

#include "api/compound_meta.h"
#include "compat.h"
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

#define PB_CLEAN_AT_ONCE	8	/* pages that pb_pages_clean() reads without a branch */

/* All counts and flags of some pages, merged. */
struct pb_pages_state {
	int		any_refs;	/* bits that any count has */
	int		all_refs;	/* bits that all counts have */
	unsigned long	any_flags;
};

/*
 * The counts are read twice, and by plain loads: so that the compiler makes each load part of the
 * operation.
 */
static __always_inline void pb_pages_state_add(struct pb_pages_state *state, struct page *page,
					       unsigned int nr)
{
	unsigned int i;

#pragma GCC unroll 8
	for (i = 0; i < nr; i++) {
		/* Other users change it at any time; quarantine.c says what a reference means. */
		state->any_refs |= data_race(page[i]._refcount.counter);
		/* The same. */
		state->any_flags |= data_race(*pb_page_flags(&page[i]));
	}
	barrier();
#pragma GCC unroll 8
	for (i = 0; i < nr; i++)
		/* A reference that comes or goes in between shows in one of both. */
		state->all_refs &= data_race(page[i]._refcount.counter);
}

/*
 * Whether the pages of a block have no other users, no flags that a free resets, and no memory
 * error: three instructions for each page. Counts are equal when what any of them has is what all
 * have.
 */
static __always_inline bool pb_pages_clean(struct page *page, unsigned int order)
{
	const unsigned long flags = PB_RESET_FLAGS | __PG_HWPOISON;
	struct pb_pages_state state = { .all_refs = -1 };
	struct page *end = page + (1UL << order);

	if (!order)
		return page_ref_count(page) == PB_BASE_REFS &&
		       !(READ_ONCE(*pb_page_flags(page)) & flags);
	if (order < ilog2(PB_CLEAN_AT_ONCE)) {
		do {
			pb_pages_state_add(&state, page, 1);
		} while (++page < end);
	} else {
		do {
			pb_pages_state_add(&state, page, PB_CLEAN_AT_ONCE);
		} while ((page += PB_CLEAN_AT_ONCE) < end);
	}
	return state.any_refs == PB_BASE_REFS && state.all_refs == PB_BASE_REFS &&
	       !(state.any_flags & flags);
}

/*
 * Whether a block without PB_FRAME_CHECKED may become free as it is, by its head: it has no other
 * user, no flag that a free resets, and no value of its owner in page->private.
 */
static __always_inline bool pb_head_is_plain(const void *head)
{
	struct page *page = (struct page *)head;

	/* Plain loads, as the compiler does not fold a READ_ONCE() into a comparison. */
	return likely(data_race(page->_refcount.counter) == PB_BASE_REFS) &&
	       likely(!(pb_page_flags_racy(page) & PB_RESET_LOW_FLAGS)) &&
	       /* The owner frees the block, so it does not write to it. */
	       likely(!data_race(page->private));
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

/* As pb_quarantine_referenced(), for pages of which there is one at least. */
static __always_inline bool pb_pages_referenced(const struct page *page, unsigned long nr_pages)
{
	const struct page *end = page + nr_pages;

	do {
		if (unlikely(page_ref_count(page) != PB_BASE_REFS || PageHWPoison(page)))
			return true;
	} while (++page != end);
	return false;
}

/*
 * pb_pages_referenced() for several pages, of which no one is expected to be: reads all of them, as
 * pb_pages_clean().
 */
static inline bool pb_pages_any_referenced(struct page *page, unsigned long nr_pages)
{
	struct pb_pages_state state = { .all_refs = -1 };
	struct page *end = page + nr_pages;

	for (; page + PB_CLEAN_AT_ONCE <= end; page += PB_CLEAN_AT_ONCE)
		pb_pages_state_add(&state, page, PB_CLEAN_AT_ONCE);
	for (; page < end; page++)
		pb_pages_state_add(&state, page, 1);
	return state.any_refs != PB_BASE_REFS || state.all_refs != PB_BASE_REFS ||
	       state.any_flags & __PG_HWPOISON;
}

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
