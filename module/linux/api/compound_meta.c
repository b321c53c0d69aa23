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
#include "core/base/order.h"
#include "core/compact/movable.h"
#include "instance.h"

#define BATCH		1024	/* pages to set up between two calls of cond_resched() */
#define FOLIO_TAILS	(PB_PAGEBLOCK_NR - 1)
#define TAIL_GROUP	7	/* tails of a folio between two comparisons */

static_assert(FOLIO_TAILS % TAIL_GROUP == 0);

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

/* ---- Folios of a pageblock's size ---- */

static __always_inline unsigned long flags_of(struct page *page)
{
	/* Other flags may be changing. A plain load needs no register of its own. */
	return data_race(*pb_page_flags(page));
}

/*
 * As pb_compound_freeze_tail(), but leaves page->mapping and page->private of the tail as they are:
 * the kernel reads these words of a tail when it frees or splits the folio, and does neither with
 * one of pbuddy.
 */
static __always_inline bool freeze_folio_tail(struct page *head, struct page *tail)
{
	int refs = PB_BASE_REFS;

	if (unlikely(!atomic_try_cmpxchg(&tail->_refcount, &refs, 0)))
		return false;
	pb_compound_set_tail_head(head, tail, PB_PAGEBLOCK_ORDER);
	return true;
}

/*
 * Returns the end of the tails, or the first page that has another reference, or none. @flags
 * collects the flags of the pages; with a constant NULL this takes one instruction a page less.
 */
static __always_inline struct page *set_folio_tails(struct page *head, unsigned long *flags)
{
	struct page *tail = head + 1, *end = tail + FOLIO_TAILS;
	unsigned long any = 0;
	unsigned int i;

	for (; tail < end; tail += TAIL_GROUP) {
#pragma GCC unroll 7
		for (i = 0; i < TAIL_GROUP; i++) {
			if (unlikely(!freeze_folio_tail(head, tail + i)))
				return tail + i;
			if (flags)
				any |= flags_of(tail + i);
		}
	}
	if (flags)
		*flags = any | flags_of(head);
	return end;
}

/**
 * pb_compound_set_folio - make pages a folio of a pageblock's size, for page table entries
 * @head: the first page, naturally aligned; the caller owns the pages
 * @flags: set to the flags that any of the pages has; or NULL
 *
 * The page order map does not change: the pages are part of a block, or several blocks. The owner
 * calls pb_compound_end_folio() or pb_compound_take_down() before it frees them.
 *
 * Context: any.
 * Return: false when one of them has an extra reference; nothing has changed.
 */
bool pb_compound_set_folio(struct page *head, unsigned long *flags)
{
	struct page *last;

	if (unlikely(!page_ref_freeze(head, PB_BASE_REFS)))
		return false;
	last = flags ? set_folio_tails(head, flags) : set_folio_tails(head, NULL);
	if (unlikely(last != head + PB_PAGEBLOCK_NR)) {
		pb_compound_undo(head, last);
		return false;
	}
	pb_compound_set_head(head, PB_PAGEBLOCK_ORDER);
	return true;
}
EXPORT_SYMBOL_PB_TEST(pb_compound_set_folio);

/* The first two tails had fields of the folio. */
static __always_inline void clear_folio_tails(struct page *head, unsigned long *flags)
{
	struct page *tail = head + 1, *end = tail + FOLIO_TAILS;
	unsigned long any = 0;
	unsigned int i;

	pb_compound_clear_fields(tail);
	pb_compound_clear_fields(tail + 1);
	for (; tail < end; tail += TAIL_GROUP) {
#pragma GCC unroll 7
		for (i = 0; i < TAIL_GROUP; i++) {
			clear_compound_head(tail + i);
			page_ref_unfreeze(tail + i, PB_BASE_REFS);
			if (flags)
				any |= flags_of(tail + i);
		}
	}
	if (flags)
		*flags = any | flags_of(head);
}

static unsigned long flags_of_all(struct page *head)
{
	struct page *page = head, *end = head + PB_PAGEBLOCK_NR;
	unsigned long any = 0;

	for (; page < end; page++)
		any |= flags_of(page);
	return any;
}

/**
 * pb_compound_end_folio - make a folio ordinary pages again
 * @head: its head, made by pb_compound_set_folio(); the caller owns the pages
 * @flags: set to the flags that any of the pages has; or NULL
 *
 * Context: any.
 * Return: false when it has extra references; nothing has changed.
 */
bool pb_compound_end_folio(struct page *head, unsigned long *flags)
{
	if (unlikely(!page_ref_freeze(head, PB_BASE_REFS)))
		return false;
	if (unlikely(is_zone_device_page(head))) {
		pb_compound_take_down_frozen(head, PB_PAGEBLOCK_ORDER, true);
		if (flags)
			*flags = flags_of_all(head);
		return true;
	}
	pb_compound_clear_first_tail(head);
	if (flags)
		clear_folio_tails(head, flags);
	else
		clear_folio_tails(head, NULL);
	__folio_clear_head((struct folio *)head);
	page_ref_unfreeze(head, PB_BASE_REFS);
	return true;
}
EXPORT_SYMBOL_PB_TEST(pb_compound_end_folio);
