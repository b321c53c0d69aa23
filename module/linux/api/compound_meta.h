/* SPDX-License-Identifier: GPL-2.0-only */
/* The struct pages of a compound block, inline for small ones. See compound_meta.c. */
#ifndef PB_COMPOUND_META_H
#define PB_COMPOUND_META_H

#include <linux/mm.h>
#include <linux/page_ref.h>

#include "compat.h"

/* Reference count of an allocated page that only pbuddy refers to. */
#define PB_BASE_REFS	1

#define PB_COMPOUND_SMALL	6	/* largest order that is set up inline */

bool pb_compound_set_up(unsigned long pfn, unsigned int order, bool may_sleep);
void pb_compound_clear_some_tails(struct page *head, struct page *end);
void pb_compound_undo(struct page *head, struct page *end);
bool pb_compound_set_folio(struct page *head, unsigned long *flags);
bool pb_compound_end_folio(struct page *head, unsigned long *flags);

/*
 * Takes the reference of a page and makes it a tail; false: it has another reference, or none. As
 * page_ref_freeze(), without its comparison.
 */
static __always_inline bool pb_compound_freeze_tail(struct page *head, struct page *tail,
						    unsigned int order)
{
	int refs = PB_BASE_REFS;

	if (unlikely(!atomic_try_cmpxchg(&tail->_refcount, &refs, 0)))
		return false;
	pb_compound_set_tail(head, tail, order);
	return true;
}

/* Makes the head of a block compound whose other pages are tails, and gives it its count back. */
static __always_inline void pb_compound_set_head(struct page *head, unsigned int order)
{
	set_page_private(head, 0);
	__folio_set_head((struct folio *)head);
	pb_compound_set_first_tail(head, order);
	page_ref_unfreeze(head, PB_BASE_REFS);
}

/**
 * pb_compound_set_up_small - make the pages of an allocated block compound
 * @head: its head; the caller owns the block, which is not movable and has the CHECKED bit
 * @order: its order, 1 to PB_COMPOUND_SMALL
 *
 * The count of the head is 0 meanwhile, as in mm/, so that get_user_pages() cannot take a reference
 * in the form of one kind of page and drop it in that of the other.
 *
 * Context: any.
 * Return: NULL; or if a page has an extra reference the end of the tails, for pb_compound_undo().
 */
static __always_inline struct page *pb_compound_set_up_small(struct page *head, unsigned int order)
{
	struct page *end = head + (1UL << order), *tail = head + 1;

	/* The number of tails is odd; two at a time take fewer instructions. */
	if (unlikely(!page_ref_freeze(head, PB_BASE_REFS)))
		return head;
	if (unlikely(!pb_compound_freeze_tail(head, tail, order)))
		return tail;
	for (tail++; tail < end; tail += 2) {
		if (unlikely(!pb_compound_freeze_tail(head, tail, order)))
			return tail;
		if (unlikely(!pb_compound_freeze_tail(head, tail + 1, order)))
			return tail + 1;
	}
	pb_compound_set_head(head, order);
	return NULL;
}

/* Makes a tail an ordinary page. */
static __always_inline void pb_compound_thaw_tail(struct page *head, struct page *tail,
						  bool has_pgmap)
{
	pb_compound_clear_tail(head, tail, has_pgmap);
	page_ref_unfreeze(tail, PB_BASE_REFS);
}

/* Makes the tails of a block ordinary, which is not of memremap_pages(). */
static __always_inline void pb_compound_clear_tails(struct page *head, unsigned int order)
{
	struct page *tail = head + 1, *end = head + (1UL << order);

	pb_compound_clear_fields(tail);
	pb_compound_thaw_tail(head, tail++, false);
	if (tail < end) {
		pb_compound_clear_fields(tail);
		do {
			pb_compound_thaw_tail(head, tail, false);
			pb_compound_thaw_tail(head, tail + 1, false);
			tail += 2;
		} while (tail < end);
	}
}

/**
 * pb_compound_take_down_frozen - make the pages of a compound block ordinary
 * @head: its head, whose count the caller has frozen at 0
 * @order: its order
 * @has_pgmap: whether its pages are those of memremap_pages()
 *
 * Gives each page its count back. Context: any, NMI included.
 */
static __always_inline void pb_compound_take_down_frozen(struct page *head, unsigned int order,
							 bool has_pgmap)
{
	pb_compound_clear_first_tail(head);
	if (has_pgmap)
		pb_compound_clear_some_tails(head, head + (1UL << order));
	else
		pb_compound_clear_tails(head, order);
	__folio_clear_head((struct folio *)head);
	page_ref_unfreeze(head, PB_BASE_REFS);
}

/**
 * pb_compound_take_down - make the pages of a compound block ordinary
 * @head: its head; the caller has taken the block from its owner
 * @order: its order
 * @has_pgmap: whether its pages are those of memremap_pages()
 *
 * Context: any, NMI included.
 * Return: false when it has extra references; nothing has changed.
 */
static __always_inline bool pb_compound_take_down(struct page *head, unsigned int order,
						  bool has_pgmap)
{
	if (unlikely(!page_ref_freeze(head, PB_BASE_REFS)))
		return false;
	pb_compound_take_down_frozen(head, order, has_pgmap);
	return true;
}

#endif /* PB_COMPOUND_META_H */
