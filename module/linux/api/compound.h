/* SPDX-License-Identifier: GPL-2.0-only */
/* Compound pages: blocks allocated with __GFP_COMP. See compound.c. */
#ifndef PB_COMPOUND_H
#define PB_COMPOUND_H

#include <linux/mm.h>

#include "api/quarantine.h"
#include "core/alloc/alloc.h"
#include "instance.h"

/* Result of pb_compound_release(). */
enum pb_compound_free {
	PB_COMPOUND_FREE_NOW,	/* an ordinary block again: the caller frees it */
	PB_COMPOUND_FREE_LATER,	/* has extra references, and is freed when they are dropped */
	PB_COMPOUND_FREE_BAD,	/* a double free, which was reported */
};

bool pb_compound_set(unsigned long pfn, unsigned int order, bool may_sleep);
enum pb_compound_free pb_compound_ordinary(struct page *head, unsigned int order);
enum pb_compound_free pb_compound_release(unsigned long pfn, unsigned int order);

/* Whether an allocated block of this order that begins at @pfn is a compound page. */
static inline bool pb_is_compound(unsigned long pfn, unsigned int order)
{
	return order && pb_page_order(&pb_instance, pfn) == (int)order &&
	       PageHead(pfn_to_page(pfn));
}

/* Pages of deferred blocks. */
static inline unsigned long pb_compound_deferred_pages(void)
{
	return pb_quarantine_pages_of(PB_QUARANTINE_COMPOUND);
}

#endif /* PB_COMPOUND_H */
