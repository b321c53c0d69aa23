// SPDX-License-Identifier: GPL-2.0-only
/*
 * The free of blocks up to a pageblock that are charged, compound, or may be shown to user space,
 * without the calls of the full free path. Compound blocks above a word take that path all the
 * same, because it makes them ordinary with preemption on. Does the same as pb_pages_free(), while
 * no feature needs that:
 *
 *	find the block in the page order map (the fast path has done it)
 *	make a compound block ordinary (compound.c)
 *	take the block: of concurrent frees one does
 *	check that no page has other users or flags to reset, and that the first has no value in
 *	page->private, else have ops->release decide
 *	uncharge it
 *	put it into this CPU's cache
 *
 * A compound block has no other users once pb_compound_ordinary() has frozen its head's count: a
 * reference to a tail counts for the head, and users set flags of the head only.
 *
 * Each kind of block has a straight path, along which nothing is live across a call. The exceptions
 * are functions that are called last and finish the free.
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

/* Whether pb_quarantine_release() would do nothing but to uncharge the block. */
static __always_inline bool is_clean(struct page *page, unsigned int order)
{
	return likely(!page_private(page)) && likely(pb_pages_clean(page, order));
}

/* A free of a block that another free has taken, or that has changed. */
static noinline void free_lost_preempt_enable(unsigned long pfn, unsigned int order)
{
	preempt_enable();
	pb_free(&pb_instance, pfn, order);
}

/* A free by the full path: of a large compound page, or one of memremap_pages(). */
static noinline void free_full_preempt_enable(struct page *page, unsigned int order)
{
	preempt_enable();
	pb_free_full(page, order);
}

/* The end of free_compound_preempt_enable() for a block that does not become free. */
static noinline void not_freed_preempt_enable(struct page *page, unsigned int order,
					      enum pb_compound_free what)
{
	pb_compound_not_freed(page, order, what);
	preempt_enable();
}

/* Has ops->release decide about a block that was taken. */
static noinline void release_preempt_enable(unsigned long pfn, unsigned int order, u8 *order_map,
					    struct pb_zone *zone, unsigned int mt)
{
	const struct pb_checked_block block = {
		.pfn = pfn, .order = order, .mt = mt, .order_map = order_map, .zone = zone,
	};
	enum pb_release what = pb_release(&pb_instance, pfn, order,
					  (order + 1) | PB_FRAME_CHECKED);

	if (what == PB_RELEASE_FREE) {
		pb_checked_put_preempt_enable(&block);
		return;
	}
	if (what == PB_RELEASE_DOUBLE)
		pb_refuse_free(&pb_instance, PB_BAD_DOUBLE, pfn, order);
	preempt_enable();
}

/* As uncharge_and_put_preempt_enable(), when the pages do not fit into this CPU's stock. */
static noinline void uncharge_preempt_enable(unsigned long pfn, unsigned int order, u8 *order_map,
					     struct pb_zone *zone, unsigned int mt,
					     struct pb_account *account)
{
	const struct pb_checked_block block = {
		.pfn = pfn, .order = order, .mt = mt, .order_map = order_map, .zone = zone,
	};
	unsigned long left = pb_account_stock_put(account, 1UL << order);

	if (left)
		pb_account_uncharge_left(account, 1UL << order, left);
	pb_checked_put_preempt_enable(&block);
}

/* Uncharges a block that was taken from @account, and frees it. */
static __always_inline void uncharge_and_put_preempt_enable(const struct pb_checked_block *block,
							    struct pb_account *account)
{
	if (unlikely(!pb_account_stock_put_fast(account, 1UL << block->order)))
		uncharge_preempt_enable(block->pfn, block->order, block->order_map, block->zone,
					block->mt, account);
	else
		pb_checked_put_preempt_enable(block);
}

/* Frees a block that is not compound. */
static __always_inline void free_plain_preempt_enable(const struct pb_checked_block *block,
						      struct page *page)
{
	struct pb_account *account;

	if (unlikely(!pb_checked_take(block))) {
		free_lost_preempt_enable(block->pfn, block->order);
		return;
	}
	if (unlikely(!is_clean(page, block->order))) {
		release_preempt_enable(block->pfn, block->order, block->order_map, block->zone,
				       block->mt);
		return;
	}
	account = pb_account_clear_owner(block->pfn);
	if (account)
		uncharge_and_put_preempt_enable(block, account);
	else
		pb_checked_put_preempt_enable(block);
}

/* The end of free_compound_preempt_enable() for a charged block. */
static noinline void free_charged_preempt_enable(unsigned long pfn, unsigned int order,
						 u8 *order_map, struct pb_zone *zone,
						 unsigned int mt, struct pb_account *account)
{
	const struct pb_checked_block block = {
		.pfn = pfn, .order = order, .mt = mt, .order_map = order_map, .zone = zone,
	};

	uncharge_and_put_preempt_enable(&block, account);
}

/* Frees a compound block, not of memremap_pages(). */
static __always_inline void free_compound_preempt_enable(const struct pb_checked_block *block,
							 struct page *page)
{
	enum pb_compound_free what = pb_compound_ordinary(page, block->order, false);
	struct pb_account *account;

	if (unlikely(what != PB_COMPOUND_FREE_NOW)) {
		not_freed_preempt_enable(page, block->order, what);
		return;
	}
	if (unlikely(!pb_checked_take(block))) {
		free_lost_preempt_enable(block->pfn, block->order);
		return;
	}
	pb_page_reset_flags(page);
	account = pb_account_clear_owner(block->pfn);
	if (account)
		free_charged_preempt_enable(block->pfn, block->order, block->order_map,
					    block->zone, block->mt, account);
	else
		pb_checked_put_preempt_enable(block);
}

/*
 * The rest of pb_free_checked_preempt_enable(), with its arguments in the same registers: for a
 * page, for a block that is not compound, for a compound block of PB_COMPOUND_INLINE, and for any
 * other.
 */
static noinline __noclone void
free_page_args_preempt_enable(struct pb_zone *zone, unsigned int order, unsigned long pfn,
			      u8 *order_map, unsigned int mt, struct page *page)
{
	const struct pb_checked_block block = {
		.pfn = pfn, .order = 0, .mt = mt, .order_map = order_map, .zone = zone,
	};

	free_plain_preempt_enable(&block, page);
}

static noinline __noclone void
free_plain_args_preempt_enable(struct pb_zone *zone, unsigned int order, unsigned long pfn,
			       u8 *order_map, unsigned int mt, struct page *page)
{
	const struct pb_checked_block block = {
		.pfn = pfn, .order = order, .mt = mt, .order_map = order_map, .zone = zone,
	};

	free_plain_preempt_enable(&block, page);
}

static noinline __noclone void
free_inline_args_preempt_enable(struct pb_zone *zone, unsigned int order, unsigned long pfn,
				u8 *order_map, unsigned int mt, struct page *page)
{
	const struct pb_checked_block block = {
		.pfn = pfn, .order = PB_COMPOUND_INLINE, .mt = mt, .order_map = order_map,
		.zone = zone,
	};

	if (unlikely(is_zone_device_page(page)))
		free_full_preempt_enable(page, order);
	else
		free_compound_preempt_enable(&block, page);
}

static noinline __noclone void
free_compound_args_preempt_enable(struct pb_zone *zone, unsigned int order, unsigned long pfn,
				  u8 *order_map, unsigned int mt, struct page *page)
{
	const struct pb_checked_block block = {
		.pfn = pfn, .order = order, .mt = mt, .order_map = order_map, .zone = zone,
	};

	if (unlikely(is_zone_device_page(page)))
		free_full_preempt_enable(page, order);
	else
		free_compound_preempt_enable(&block, page);
}

/**
 * pb_free_checked_preempt_enable - free a block that the fast path has found
 * @zone: its zone
 * @order: its order, up to PB_PAGEBLOCK_ORDER
 * @pfn: its head
 * @order_map: its byte in the page order map
 * @mt: migratetype of its pageblock
 * @page: its first page
 *
 * Enables preemption. The arguments are in the registers in which the fast path has them.
 * Context: any, NMI included; preemption off.
 */
void pb_free_checked_preempt_enable(struct pb_zone *zone, unsigned int order, unsigned long pfn,
				    u8 *order_map, unsigned int mt, struct page *page)
{
	if (!order)
		free_page_args_preempt_enable(zone, order, pfn, order_map, mt, page);
	else if (!pb_page_is_head(page))
		free_plain_args_preempt_enable(zone, order, pfn, order_map, mt, page);
	else if (order == PB_COMPOUND_INLINE)
		free_inline_args_preempt_enable(zone, order, pfn, order_map, mt, page);
	else if (unlikely(order > PB_WORD_ORDER))
		free_full_preempt_enable(page, order);
	else
		free_compound_args_preempt_enable(zone, order, pfn, order_map, mt, page);
}

/**
 * pb_free_full - free a block by the full free path
 * @page: its first page; any page, or NULL
 * @order: the order it was allocated with; any number
 *
 * Traces the free, flushes a full list, reports a misuse. Context: any, NMI included.
 */
void pb_free_full(struct page *page, unsigned int order)
{
	if (page)
		pb_pages_free(page_to_pfn(page), order);
}
