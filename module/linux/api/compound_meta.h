/* SPDX-License-Identifier: GPL-2.0-only */
/* The struct pages of a compound block, inline for small ones. See compound_meta.c. */
#ifndef PB_COMPOUND_META_H
#define PB_COMPOUND_META_H

#include <linux/mm.h>
#include <linux/page_ref.h>

#include "compat.h"

/* Reference count of an allocated page that only pbuddy refers to. */
#define PB_BASE_REFS	1

/* The order that is set up and taken down inline: the largest that mm/ takes for cheap. */
#define PB_COMPOUND_INLINE	3

bool pb_compound_set_up(unsigned long pfn, unsigned int order, bool may_sleep);
bool pb_compound_set_pages(struct page *head, unsigned int order, bool may_sleep);
void pb_compound_take_down_frozen(struct page *head, unsigned int order, bool has_pgmap);
void pb_compound_undo(struct page *head, unsigned int order);
bool pb_compound_set_folio(struct page *head, unsigned long *flags);
bool pb_compound_end_folio(struct page *head, unsigned long *flags);

/* As page_ref_freeze() with PB_BASE_REFS, without its comparison. */
static __always_inline bool pb_compound_freeze(struct page *page)
{
	int refs = PB_BASE_REFS;

	return likely(atomic_try_cmpxchg(&page->_refcount, &refs, 0));
}

/* Takes the reference of a page and makes it a tail; false: it has another reference, or none. */
static __always_inline bool pb_compound_freeze_tail(struct page *head, struct page *tail,
						    unsigned int order)
{
	if (unlikely(!pb_compound_freeze(tail)))
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
 * pb_compound_set_inline - make the pages of an allocated block of PB_COMPOUND_INLINE compound
 * @head: its head; the caller owns the block, which is not movable and has the CHECKED bit, and has
 *	  frozen the count of the head by pb_compound_freeze()
 *
 * The count of the head is 0 meanwhile, as in mm/, so that get_user_pages() cannot take a reference
 * in the form of one kind of page and drop it in that of the other.
 *
 * Context: any.
 * Return: false when a tail has an extra reference: the caller calls pb_compound_undo().
 */
static __always_inline bool pb_compound_set_inline(struct page *head)
{
	unsigned int i;

#pragma GCC unroll 7
	for (i = 1; i < 1U << PB_COMPOUND_INLINE; i++)
		if (unlikely(!pb_compound_freeze_tail(head, head + i, PB_COMPOUND_INLINE)))
			return false;
	pb_compound_set_head(head, PB_COMPOUND_INLINE);
	return true;
}

/* Makes a tail an ordinary page. */
static __always_inline void pb_compound_thaw_tail(struct page *head, struct page *tail,
						  bool has_pgmap)
{
	pb_compound_clear_tail(head, tail, has_pgmap);
	page_ref_unfreeze(tail, PB_BASE_REFS);
}

/* The first tail or the second one: the compound page had fields in it. */
static __always_inline void pb_compound_thaw_first_tail(struct page *tail)
{
	pb_compound_clear_fields(tail);		/* with page->mapping */
	clear_compound_head(tail);
	page_ref_unfreeze(tail, PB_BASE_REFS);
}

/* Makes the head of a block ordinary whose other pages are, and gives it its count back. */
static __always_inline void pb_compound_thaw_head(struct page *head)
{
	__folio_clear_head((struct folio *)head);
	page_ref_unfreeze(head, PB_BASE_REFS);
}

/* pb_compound_take_down_frozen() for a block of PB_COMPOUND_INLINE, not of memremap_pages(). */
static __always_inline void pb_compound_take_down_inline(struct page *head)
{
	unsigned int i;

	pb_compound_clear_first_tail(head);
	pb_compound_thaw_first_tail(head + 1);
	pb_compound_thaw_first_tail(head + 2);
#pragma GCC unroll 5
	for (i = 3; i < 1U << PB_COMPOUND_INLINE; i++)
		pb_compound_thaw_tail(head, head + i, false);
	pb_compound_thaw_head(head);
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
	if (unlikely(!pb_compound_freeze(head)))
		return false;
	if (order == PB_COMPOUND_INLINE && !has_pgmap)
		pb_compound_take_down_inline(head);
	else
		pb_compound_take_down_frozen(head, order, has_pgmap);
	return true;
}

#endif /* PB_COMPOUND_META_H */
