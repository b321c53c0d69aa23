/* SPDX-License-Identifier: GPL-2.0-only */
/* Compound pages: blocks allocated with __GFP_COMP. See compound.c. */
#ifndef PB_COMPOUND_H
#define PB_COMPOUND_H

#include <linux/mm.h>

#include "api/compound_meta.h"
#include "api/quarantine.h"
#include "core/alloc/alloc.h"
#include "instance.h"

/* Result of pb_compound_ordinary() and pb_compound_release(). */
enum pb_compound_free {
	PB_COMPOUND_FREE_NOW,	/* an ordinary block again: the caller frees it */
	PB_COMPOUND_FREE_LATER,	/* has extra references, and is freed when they are dropped */
	PB_COMPOUND_FREE_BAD,	/* a double free, which was reported */
};

bool pb_compound_set(unsigned long pfn, unsigned int order, bool may_sleep);
void pb_compound_not_freed(struct page *head, unsigned int order, enum pb_compound_free what);
enum pb_compound_free pb_compound_release(unsigned long pfn, unsigned int order);

/* Whether an allocated block of this order that begins at @pfn is a compound page. */
static inline bool pb_is_compound(unsigned long pfn, unsigned int order)
{
	return order && pb_page_order(&pb_instance, pfn) == (int)order &&
	       PageHead(pfn_to_page(pfn));
}

/**
 * pb_compound_ordinary - make a compound page ordinary before the block is freed
 * @head: its head
 * @order: its order
 * @has_pgmap: whether its pages are those of memremap_pages()
 *
 * With another result than %PB_COMPOUND_FREE_NOW the caller calls pb_compound_not_freed().
 *
 * Context: any, NMI included.
 * Return: whether the caller frees the block, which has the CHECKED bit.
 */
static __always_inline enum pb_compound_free
pb_compound_ordinary(struct page *head, unsigned int order, bool has_pgmap)
{
	/* Not a value that an owner stores in page->private. */
	const unsigned long freed = pb_quarantine_mark(PB_QUARANTINE_COMPOUND);

	if (unlikely(xchg(&head->private, freed) == freed))
		return PB_COMPOUND_FREE_BAD;
	/* If a concurrent free has made it ordinary, the core detects the second of the two. */
	if (likely(pb_page_is_head(head)) &&
	    unlikely(!pb_compound_take_down(head, order, has_pgmap)))
		return PB_COMPOUND_FREE_LATER;
	/* Pairs with the exchange: a free that finds another value finds no head either. */
	smp_store_release(&head->private, 0);
	return PB_COMPOUND_FREE_NOW;
}

/* Pages of deferred blocks. */
static inline unsigned long pb_compound_deferred_pages(void)
{
	return pb_quarantine_pages_of(PB_QUARANTINE_COMPOUND);
}

#endif /* PB_COMPOUND_H */
