// SPDX-License-Identifier: GPL-2.0-only
/*
 * The struct pages of a compound block: makes a block compound and ordinary again. compound.c has
 * the states and the protocol. Blocks of PB_COMPOUND_INLINE are handled inline (the header).
 */
#include <linux/mm.h>
#include <linux/page_ref.h>
#include <linux/sched.h>

#include "api/compound_meta.h"
#include "compat.h"
#include "core/base/order.h"
#include "core/compact/movable.h"
#include "instance.h"

/* Tails between two comparisons. 2^order - 1 tails, divided by 7, leave a rest of 0, 1 or 3. */
#define TAIL_GROUP	7
#define BATCH		(150 * TAIL_GROUP) /* pages between two calls of cond_resched() */
#define FOLIO_TAILS	(PB_PAGEBLOCK_NR - 1)

static_assert(FOLIO_TAILS % TAIL_GROUP == 0);

/* Makes tails ordinary pages. The caller clears the fields of the first two. */
static __always_inline void thaw_tails(struct page *head, struct page *tail, struct page *end,
				       bool has_pgmap)
{
	unsigned int i;

	for (; tail + TAIL_GROUP <= end; tail += TAIL_GROUP) {
#pragma GCC unroll 7
		for (i = 0; i < TAIL_GROUP; i++)
			pb_compound_thaw_tail(head, tail + i, has_pgmap);
	}
	for (; tail < end; tail++)
		pb_compound_thaw_tail(head, tail, has_pgmap);
}

/* Makes the tails up to @end ordinary. */
static void end_tails(struct page *head, struct page *end, bool has_pgmap)
{
	struct page *tail;

	for (tail = head + 1; tail < end && tail <= head + 2; tail++)
		pb_compound_clear_fields(tail);
	if (has_pgmap)
		thaw_tails(head, head + 1, end, true);
	else
		thaw_tails(head, head + 1, end, false);
}

/**
 * pb_compound_take_down_frozen - make the pages of a compound block ordinary
 * @head: its head, whose count the caller has frozen at 0
 * @order: its order
 * @has_pgmap: whether its pages are those of memremap_pages()
 *
 * Gives each page its count back. Context: any, NMI included.
 */
void pb_compound_take_down_frozen(struct page *head, unsigned int order, bool has_pgmap)
{
	pb_compound_clear_first_tail(head);
	end_tails(head, head + (1UL << order), has_pgmap);
	pb_compound_thaw_head(head);
}

/**
 * pb_compound_undo - make pages ordinary again that were not all made tails
 * @head: the first page, whose count is 0
 * @order: the order of the block
 *
 * The tails precede the page that could not be made one, which may look like a tail of another
 * block. Context: any, NMI included.
 */
void pb_compound_undo(struct page *head, unsigned int order)
{
	struct page *tail = head + 1, *end = head + (1UL << order);

	while (tail < end && PageTail(tail) && compound_head(tail) == head && !page_ref_count(tail))
		tail++;
	end_tails(head, tail, is_zone_device_page(head));
	page_ref_unfreeze(head, PB_BASE_REFS);
}

/*
 * Takes the references of pages and makes them tails, from @tail to @end. False: a page has another
 * reference, or none; those before it are tails.
 */
static bool set_tails(struct page *head, struct page *tail, struct page *end, unsigned int order)
{
	unsigned int i;

	for (; tail + TAIL_GROUP <= end; tail += TAIL_GROUP) {
#pragma GCC unroll 7
		for (i = 0; i < TAIL_GROUP; i++)
			if (unlikely(!pb_compound_freeze_tail(head, tail + i, order)))
				return false;
	}
	for (; tail < end; tail++)
		if (unlikely(!pb_compound_freeze_tail(head, tail, order)))
			return false;
	return true;
}

/* The same for all tails, with calls of cond_resched(). */
static bool set_all_tails(struct page *head, unsigned int order, bool may_sleep)
{
	struct page *tail = head + 1, *end = head + (1UL << order), *stop;

	for (; tail < end; tail = stop) {
		stop = min(tail + BATCH, end);
		if (unlikely(!set_tails(head, tail, stop, order)))
			return false;
		if (may_sleep && stop < end)
			cond_resched();
	}
	return true;
}

/* Makes all pages but the first tails; false: one has an extra reference, and nothing changed. */
static bool take_tails(struct page *head, unsigned int order, bool may_sleep)
{
	if (unlikely(!pb_compound_freeze(head)))
		return false;
	if (likely(set_all_tails(head, order, may_sleep)))
		return true;
	pb_compound_undo(head, order);
	return false;
}

/**
 * pb_compound_set_pages - make the pages of an allocated block compound
 * @head: its head; the caller owns the block, which is not movable and has the CHECKED bit
 * @order: its order, 1 to PB_COMPOUND_MAX_ORDER
 * @may_sleep: whether this may sleep
 *
 * Context: any; may sleep with @may_sleep.
 * Return: false when a page of it has an extra reference; nothing has changed.
 */
bool pb_compound_set_pages(struct page *head, unsigned int order, bool may_sleep)
{
	if (unlikely(!take_tails(head, order, may_sleep)))
		return false;
	pb_compound_set_head(head, order);
	return true;
}

/**
 * pb_compound_set_up - make the pages of an allocated block compound, and have its free checked
 * @pfn: its head; the caller owns the block, which is not movable
 * @order: as for pb_compound_set_pages()
 * @may_sleep: as for pb_compound_set_pages()
 *
 * Context: any; may sleep with @may_sleep.
 * Return: as pb_compound_set_pages().
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

/*
 * As pb_compound_freeze_tail(), but leaves page->mapping and page->private of the tail as they are:
 * the kernel reads these words of a tail when it frees or splits the folio, and does neither with
 * one of pbuddy.
 */
static __always_inline bool freeze_folio_tail(struct page *head, struct page *tail)
{
	if (unlikely(!pb_compound_freeze(tail)))
		return false;
	pb_compound_set_tail_head(head, tail, PB_PAGEBLOCK_ORDER);
	return true;
}

/*
 * False: a page has another reference, or none; those before it are tails. @flags collects the
 * flags of the pages; with a constant NULL this takes one instruction a page less.
 */
static __always_inline bool set_folio_tails(struct page *head, unsigned long *flags)
{
	struct page *tail = head + 1, *end = tail + FOLIO_TAILS;
	unsigned long any = 0;
	unsigned int i;

	for (; tail < end; tail += TAIL_GROUP) {
#pragma GCC unroll 7
		for (i = 0; i < TAIL_GROUP; i++) {
			if (unlikely(!freeze_folio_tail(head, tail + i)))
				return false;
			if (flags)
				any |= pb_page_flags_racy(tail + i);
		}
	}
	if (flags)
		*flags = any | pb_page_flags_racy(head);
	return true;
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
	if (unlikely(!pb_compound_freeze(head)))
		return false;
	if (unlikely(!(flags ? set_folio_tails(head, flags) : set_folio_tails(head, NULL)))) {
		pb_compound_undo(head, PB_PAGEBLOCK_ORDER);
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
				any |= pb_page_flags_racy(tail + i);
		}
	}
	if (flags)
		*flags = any | pb_page_flags_racy(head);
}

static unsigned long flags_of_all(struct page *head)
{
	struct page *page = head, *end = head + PB_PAGEBLOCK_NR;
	unsigned long any = 0;

	for (; page < end; page++)
		any |= pb_page_flags_racy(page);
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
	if (unlikely(!pb_compound_freeze(head)))
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
	pb_compound_thaw_head(head);
	return true;
}
EXPORT_SYMBOL_PB_TEST(pb_compound_end_folio);
