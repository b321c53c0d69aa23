// SPDX-License-Identifier: GPL-2.0-only
/*
 * The struct pages of a compound block: makes a block compound and ordinary again. compound.c has
 * the states and the protocol. Small blocks are set up, and all taken down, inline (the header).
 */
#include <linux/mm.h>
#include <linux/page_ref.h>
#include <linux/sched.h>

#include "api/compound_meta.h"
#include "compat.h"
#include "core/compact/movable.h"
#include "instance.h"

#define BATCH		1024	/* pages to set up between two calls of cond_resched() */

/**
 * pb_compound_clear_some_tails - make tails ordinary, also in pages of memremap_pages()
 * @head: the head, whose count is 0
 * @end: the page after the last tail
 *
 * Context: any, NMI included.
 */
void pb_compound_clear_some_tails(struct page *head, struct page *end)
{
	bool has_pgmap = is_zone_device_page(head);
	struct page *tail;

	for (tail = head + 1; tail < end; tail++) {
		if (tail <= head + 2)
			pb_compound_clear_fields(tail);
		pb_compound_thaw_tail(head, tail, has_pgmap);
	}
}

/**
 * pb_compound_undo - make pages ordinary again that were not all made compound
 * @head: the first page
 * @end: the page after the last tail, the count of the head is 0; or the head, and nothing changed
 *
 * Context: any, NMI included.
 */
void pb_compound_undo(struct page *head, struct page *end)
{
	if (end == head)
		return;
	pb_compound_clear_some_tails(head, end);
	page_ref_unfreeze(head, PB_BASE_REFS);
}

/*
 * Takes the references of pages and makes them tails, from @tail to @end. Returns @end, or the
 * first page that has another reference, or none.
 */
static struct page *set_tails(struct page *head, struct page *tail, struct page *end,
			      unsigned int order)
{
	for (; tail + 1 < end; tail += 2) {	/* two at a time take fewer instructions */
		if (unlikely(!pb_compound_freeze_tail(head, tail, order)))
			return tail;
		if (unlikely(!pb_compound_freeze_tail(head, tail + 1, order)))
			return tail + 1;
	}
	return tail < end && pb_compound_freeze_tail(head, tail, order) ? tail + 1 : tail;
}

/* The same for all tails, with calls of cond_resched(). */
static struct page *set_all_tails(struct page *head, struct page *end, unsigned int order,
				  bool may_sleep)
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

/* Makes all pages but the first tails; false: one has an extra reference, and nothing changed. */
static bool take_tails(struct page *head, unsigned int order, bool may_sleep)
{
	struct page *end = head + (1UL << order), *last;

	if (unlikely(!page_ref_freeze(head, PB_BASE_REFS)))
		return false;
	last = set_all_tails(head, end, order, may_sleep);
	if (likely(last == end))
		return true;
	pb_compound_undo(head, last);
	return false;
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
	pb_compound_set_head(head, order);
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
	pb_compound_set_head(head, order);
	return true;
}
