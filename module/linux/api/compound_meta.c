// SPDX-License-Identifier: GPL-2.0-only
/*
 * The struct pages of a compound block: makes a block compound and ordinary again. compound.c has
 * the states and the protocol.
 */
#include <linux/mm.h>
#include <linux/page_ref.h>
#include <linux/sched.h>

#include "api/account_block.h"
#include "api/compound_meta.h"
#include "compat.h"
#include "core/compact/movable.h"
#include "instance.h"

#define BATCH		1024	/* pages to set up between two calls of cond_resched() */

/* Gives back the references of the tails before @end. */
static void unfreeze_tails(struct page *head, unsigned long end)
{
	while (--end)
		page_ref_unfreeze(head + end, PB_BASE_REFS);
}

/* Takes the references of all tails; false when a page has another reference, or none. */
static bool freeze_tails(struct page *head, unsigned long nr_pages, bool may_sleep)
{
	unsigned long i;

	if (page_ref_count(head) != PB_BASE_REFS)
		return false;
	for (i = 1; i < nr_pages; i++) {
		if (unlikely(!page_ref_freeze(head + i, PB_BASE_REFS))) {
			unfreeze_tails(head, i);
			return false;
		}
		if (may_sleep && !(i % BATCH))
			cond_resched();
	}
	return true;
}

/**
 * pb_compound_set_up - make the pages of an allocated block compound
 * @head: its first page; the caller owns the block
 * @order: its order, 1 to PB_COMPOUND_MAX_ORDER
 * @may_sleep: whether this may sleep
 *
 * Context: any; may sleep with @may_sleep.
 * Return: false when a page of it has an extra reference; nothing has changed.
 */
bool pb_compound_set_up(struct page *head, unsigned int order, bool may_sleep)
{
	unsigned long i;

	if (unlikely(!freeze_tails(head, 1UL << order, may_sleep)))
		return false;
	pb_set_checked(&pb_instance, page_to_pfn(head));
	set_page_private(head, 0);
	__folio_set_head(page_folio(head));
	for (i = 1; i < 1UL << order; i++) {
		pb_compound_set_tail(head, i, order);
		if (may_sleep && !(i % BATCH))
			cond_resched();
	}
	pb_compound_set_first_tail(head, order);
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
	unsigned long pfn = page_to_pfn(head), i;

	if (!page_ref_freeze(head, PB_BASE_REFS))
		return false;
	pb_compound_clear_first_tail(head);
	for (i = 1; i < 1UL << order; i++) {
		pb_compound_clear_tail(head, i);
		page_ref_unfreeze(head + i, PB_BASE_REFS);
	}
	__folio_clear_head(page_folio(head));
	if (!pb_account_charged(pfn))
		pb_clear_checked(&pb_instance, pfn);
	page_ref_unfreeze(head, PB_BASE_REFS);
	return true;
}
