/* SPDX-License-Identifier: GPL-2.0-only */
/* What free pages hold: a pattern that is checked, or zeroes. See debug_pages.c. */
#ifndef PB_DEBUG_PAGES_H
#define PB_DEBUG_PAGES_H

#include <linux/jump_label.h>
#include <linux/mm.h>

#include "core/alloc/alloc.h"
#include "core/alloc/bulk.h"
#include "core/base/request.h"
#include "instance.h"

DECLARE_STATIC_KEY_FALSE(pb_fill_key);		/* pages are filled when they are freed */
DECLARE_STATIC_KEY_FALSE(pb_poison_key);	/* ... with a pattern that is checked */
DECLARE_STATIC_KEY_FALSE(pb_init_on_alloc_key);	/* pages are zeroed when they are allocated */

/**
 * struct pb_debug_config - what is done to the contents of pages
 * @page_poison: a pattern while they are free, checked when they are handed out
 * @init_on_alloc: zero when they are handed out, whoever asks
 * @init_on_free: zero while they are free; without effect with @page_poison
 */
struct pb_debug_config {
	bool	page_poison;
	bool	init_on_alloc;
	bool	init_on_free;
};

void pb_debug_start(const struct pb_debug_config *config);
void pb_debug_stop(void);

/**
 * struct pb_overwrite - the first byte of a page that is not what it should be
 * @zone: whose page it is
 * @offset: in the page
 * @byte: what stands there, in place of PAGE_POISON
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
bool pb_debug_accept(unsigned long pfn, unsigned int order);
bool pb_debug_accept_pages(unsigned long pfn, unsigned long nr_pages);
unsigned long pb_debug_accept_bulk(unsigned long *pfns, unsigned int order, unsigned long nr);

/* Shall pages be zeroed when they are handed out? */
static inline bool pb_want_zero(gfp_t gfp)
{
	return want_init_on_alloc(gfp) || static_branch_unlikely(&pb_init_on_alloc_key);
}

#endif /* PB_DEBUG_PAGES_H */
