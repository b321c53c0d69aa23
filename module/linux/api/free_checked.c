// SPDX-License-Identifier: GPL-2.0-only
/*
 * The free of small blocks that are charged, compound, or may be shown to user space, without the
 * calls of the full free path. Does the same as pb_pages_free(), while no feature needs that:
 *
 *	find the block in the page order map
 *	make a compound block ordinary (compound.c)
 *	take the block: of concurrent frees one does
 *	check that no page has other users or flags to reset, else have ops->release decide
 *	uncharge it
 *	put it into this CPU's cache
 *
 * A compound block has no other users once pb_compound_ordinary() has frozen its head's count: a
 * reference to a tail counts for the head, and users set flags of the head only.
 */
#include <linux/mm.h>

#include "api/account_block.h"
#include "api/compound.h"
#include "api/free_checked.h"
#include "api/pages.h"
#include "compat.h"
#include "core/alloc/alloc.h"
#include "core/alloc/checked_free.h"
#include "core/compact/movable.h"
#include "instance.h"
#include "request/percpu_zone.h"

/* Whether pb_quarantine_release() would do nothing but to uncharge the block. */
static __always_inline bool is_clean(struct page *page, unsigned int order)
{
	struct page *end = page + (1UL << order);

	if (unlikely(pb_quarantine_marked(page)))
		return false;
	for (; page < end; page++)
		if (unlikely(page_ref_count(page) != PB_BASE_REFS || pb_page_has_flags(page)))
			return false;
	return true;
}

/* Has ops->release decide about a block that was taken; false: it does not become free. */
static noinline bool release(unsigned long pfn, unsigned int order)
{
	enum pb_release what = pb_release(&pb_instance, pfn, order,
					  (order + 1) | PB_FRAME_CHECKED);

	if (what == PB_RELEASE_DOUBLE)
		pb_refuse_free(&pb_instance, PB_BAD_DOUBLE, pfn, order);
	return what == PB_RELEASE_FREE;
}

/* Takes a block that is not compound; false: it does not become free. */
static __always_inline bool take(const struct pb_checked_block *block, struct page *page)
{
	if (unlikely(!pb_checked_take(block))) {
		pb_free(&pb_instance, block->pfn, block->order);
		return false;
	}
	if (unlikely(!is_clean(page, block->order)))
		return release(block->pfn, block->order);
	pb_account_uncharge_block(block->pfn, block->order);
	return true;
}

/* The same for a compound block. */
static __always_inline bool take_compound(const struct pb_checked_block *block, struct page *page)
{
	if (unlikely(pb_compound_ordinary(page, block->order) != PB_COMPOUND_FREE_NOW))
		return false;
	if (unlikely(!pb_checked_take(block))) {
		pb_free(&pb_instance, block->pfn, block->order);
		return false;
	}
	pb_page_reset_flags(page);
	pb_account_uncharge_block(block->pfn, block->order);
	return true;
}

/* Full free path: traces the free, flushes a full list, reports a misuse. */
static noinline void free_full(struct page *page, unsigned int order)
{
	if (page)
		pb_pages_free(page_to_pfn(page), order);
}

/**
 * pb_free_checked - free a block that the fast path does not free
 * @page: its first page; any page, or NULL
 * @order: the order it was allocated with; any number
 *
 * Context: any, NMI included.
 */
void pb_free_checked(struct page *page, unsigned int order)
{
	struct pb_checked_block block;
	bool taken;

	if (static_branch_unlikely(&pb_free_checked_key)) {
		free_full(page, order);
		return;
	}
	preempt_disable();
	/* The pool has no block at the PFN of NULL. */
	if (unlikely(!pb_checked_find(&pb_instance, page_to_pfn(page), order, &block))) {
		preempt_enable();
		free_full(page, order);
		return;
	}
	taken = order && pb_page_is_head(page) ? take_compound(&block, page) :
						 take(&block, page);
	if (likely(taken))
		pb_checked_put(&block);
	preempt_enable();
}
