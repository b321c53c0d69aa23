/* SPDX-License-Identifier: GPL-2.0-only */
/* Contents of free pages: page_poison, init_on_free and init_on_alloc. See debug_pages.c. */
#ifndef PB_DEBUG_PAGES_H
#define PB_DEBUG_PAGES_H

#include <linux/jump_label.h>
#include <linux/mm.h>

#include "core/alloc/alloc.h"
#include "core/alloc/bulk.h"
#include "core/base/request.h"
#include "instance.h"

DECLARE_STATIC_KEY_FALSE(pb_fill_key);		/* fill pages before they are freed */
DECLARE_STATIC_KEY_FALSE(pb_poison_key);	/* check them after they are allocated */
DECLARE_STATIC_KEY_FALSE(pb_free_zero_key);	/* every free page is zero */
DECLARE_STATIC_KEY_FALSE(pb_init_on_alloc_key);	/* zero all pages when they are allocated */

/**
 * struct pb_debug_config - features of debug_pages.c to enable
 * @page_poison: fill pages with PAGE_POISON before they are freed, check it when they are allocated
 * @init_on_alloc: zero pages when they are allocated, also without __GFP_ZERO
 * @init_on_free: zero pages before they are freed; no effect with @page_poison
 */
struct pb_debug_config {
	bool	page_poison;
	bool	init_on_alloc;
	bool	init_on_free;
};

void pb_debug_start(const struct pb_debug_config *config);
void pb_debug_stop(void);

/**
 * struct pb_overwrite - the first byte of a page that is not PAGE_POISON
 * @zone: zone of the page
 * @offset: offset of the byte in the page
 * @byte: value of the byte
 */
struct pb_overwrite {
	struct pb_zone	*zone;
	unsigned int	offset;
	u8		byte;
};

void pb_debug_fill_with(unsigned long pfn, unsigned long nr_pages, u8 byte);
bool pb_debug_overwritten(unsigned long pfn, struct pb_overwrite *out);
void pb_debug_fill(unsigned long pfn, unsigned long nr_pages);
void pb_debug_fill_freed(unsigned long pfn, unsigned int order);
bool pb_debug_is_overwritten(unsigned long pfn);
bool pb_debug_accept(unsigned long pfn, unsigned int order);
bool pb_debug_accept_pages(unsigned long pfn, unsigned long nr_pages);
unsigned long pb_debug_accept_bulk(unsigned long *pfns, unsigned int order, unsigned long nr);

/* Whether pages have to be zero when they are allocated. */
static inline bool pb_want_zero(gfp_t gfp)
{
	return want_init_on_alloc(gfp) || static_branch_unlikely(&pb_init_on_alloc_key);
}

/* Whether that takes more than allocating them: free pages are not zero already. */
static inline bool pb_need_zero(gfp_t gfp)
{
	return pb_want_zero(gfp) && !static_branch_unlikely(&pb_free_zero_key);
}

#endif /* PB_DEBUG_PAGES_H */
