// SPDX-License-Identifier: GPL-2.0-only
/*
 * The struct pages of a compound block: makes a block compound and ordinary again. compound.c has
 * the states and the protocol.
 */
#include <linux/mm.h>
#include <linux/page_ref.h>
#include <linux/sched.h>

#include "api/compound_meta.h"
#include "compat.h"
#include "core/compact/movable.h"
#include "instance.h"

#define BATCH		1024	/* pages to set up between two calls of cond_resched() */

static __always_inline void clear_tail(struct page *head, struct page *tail, bool has_pgmap)
{
	pb_compound_clear_tail(head, tail, has_pgmap);
	page_ref_unfreeze(tail, PB_BASE_REFS);
}

static __always_inline void clear_each_tail(struct page *head, struct page *end, bool has_pgmap)
{
	struct page *tail = head + 1;

	/* Most blocks have an odd number of tails; two at a time take fewer instructions. */
	if (likely(tail < end))
		clear_tail(head, tail++, has_pgmap);
	for (; tail + 1 < end; tail += 2) {
		clear_tail(head, tail, has_pgmap);
		clear_tail(head, tail + 1, has_pgmap);
	}
	if (unlikely(tail < end))
		clear_tail(head, tail, has_pgmap);
}

/* Makes the tails before @end ordinary. */
static __always_inline void clear_tails(struct page *head, struct page *end)
{
	if (head + 1 < end)
		pb_compound_clear_fields(head + 1);
	if (head + 2 < end)
		pb_compound_clear_fields(head + 2);
	if (unlikely(is_zone_device_page(head)))
		clear_each_tail(head, end, true);
	else
		clear_each_tail(head, end, false);
}

/*
 * Takes the references of pages and makes them tails, from @tail to @end. Returns @end, or the
 * first page that has another reference, or none.
 */
static __always_inline struct page *set_tails(struct page *head, struct page *tail,
					      struct page *end, unsigned int order)
{
	for (; tail < end; tail++) {
		int refs = PB_BASE_REFS;

		/* As page_ref_freeze(), without its comparison. */
		if (unlikely(!atomic_try_cmpxchg(&tail->_refcount, &refs, 0)))
			break;
		pb_compound_set_tail(head, tail, order);
	}
	return tail;
}

/* The same for a large block, with calls of cond_resched(). */
static noinline struct page *set_many_tails(struct page *head, struct page *end,
					    unsigned int order, bool may_sleep)
{
	struct page *tail = head + 1, *stop, *last;

	for (;; tail = stop) {
		stop = min(tail + BATCH, end);
		last = set_tails(head, tail, stop, order);
		if (last < stop || stop == end)
			return last;
		if (may_sleep)
			cond_resched();
	}
}

static noinline void undo_tails(struct page *head, struct page *end)
{
	clear_tails(head, end);
}

/* Makes all pages but the first tails; false when one has an extra reference, and none has changed. */
static __always_inline bool take_tails(struct page *head, unsigned int order, bool may_sleep)
{
	struct page *end = head + (1UL << order), *last;

	if (unlikely(page_ref_count(head) != PB_BASE_REFS))
		return false;
	last = likely(order < ilog2(BATCH)) ? set_tails(head, head + 1, end, order) :
					      set_many_tails(head, end, order, may_sleep);
	if (likely(last == end))
		return true;
	undo_tails(head, last);
	return false;
}

static __always_inline void set_head(struct page *head, unsigned int order)
{
	set_page_private(head, 0);
	__folio_set_head((struct folio *)head);
	pb_compound_set_first_tail(head, order);
}

/**
 * pb_compound_set_pages - make pages compound that are not a block of their own
 * @head: the first page, naturally aligned; the caller owns the pages
 * @order: order of the compound page, 1 to PB_COMPOUND_MAX_ORDER
 * @may_sleep: whether this may sleep
 *
 * The page order map does not change: the pages are part of a block, or several blocks. The owner
 * calls pb_compound_take_down() before it frees them.
 *
 * Context: any; may sleep with @may_sleep.
 * Return: false when one of them has an extra reference; nothing has changed.
 */
bool pb_compound_set_pages(struct page *head, unsigned int order, bool may_sleep)
{
	if (!take_tails(head, order, may_sleep))
		return false;
	set_head(head, order);
	return true;
}

/**
 * pb_compound_set_up - make the pages of an allocated block compound
 * @pfn: its head; the caller owns the block, which is not movable
 * @order: its order, 1 to PB_COMPOUND_MAX_ORDER
 * @may_sleep: whether this may sleep
 *
 * Context: any; may sleep with @may_sleep.
 * Return: false when a page of it has an extra reference; nothing has changed.
 */
bool pb_compound_set_up(unsigned long pfn, unsigned int order, bool may_sleep)
{
	struct page *head = pfn_to_page(pfn);

	if (unlikely(!take_tails(head, order, may_sleep)))
		return false;
	pb_set_checked_unmovable(&pb_instance, pfn);
	set_head(head, order);
	return true;
}

/**
 * pb_compound_take_down - make the pages of a compound block ordinary
 * @head: its head; the caller has taken the block from its owner
 * @order: its order
 *
 * Context: any, NMI included.
 * Return: false when it has extra references; nothing has changed.
 */
bool pb_compound_take_down(struct page *head, unsigned int order)
{
	if (unlikely(!page_ref_freeze(head, PB_BASE_REFS)))
		return false;
	pb_compound_clear_first_tail(head);
	clear_tails(head, head + (1UL << order));
	__folio_clear_head((struct folio *)head);
	page_ref_unfreeze(head, PB_BASE_REFS);
	return true;
}
