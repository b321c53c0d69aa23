// SPDX-License-Identifier: GPL-2.0-only
/*
 * Compound pages: blocks of an order above 0 that were allocated with __GFP_COMP.
 *
 * The struct pages of a block have the states:
 *
 *   ordinary   each page has PB_BASE_REFS references; no page is a head or a tail
 *   compound   the head has PB_BASE_REFS references and those of all users; the tails have 0 and
 *              point to the head, as after prep_compound_page() in mm/page_alloc.c
 *   deferred   the owner has freed the block, but a page of it has extra references: the block is
 *              in quarantine (quarantine.c)
 *
 * A block is compound only while it is allocated. pbuddy keeps its reference to the head, so the
 * last put_page() of a user never calls the kernel's destructor of a large folio.
 *
 * Allocation: each tail's count goes from PB_BASE_REFS to 0 by compare-exchange. If a page has
 * another count, a previous owner freed it while it was pinned. The pin would be dropped from the
 * head later, so such a block is not handed out: it is deferred.
 *
 * Free: PB_FRAME_CHECKED in the page order map makes it leave the fast path, so requests
 * without __GFP_COMP and their frees have no extra cost (free_checked.c). The first of two
 * concurrent frees is found by an exchange of head->private. It freezes the count of the head, so
 * that no reference can be taken any more, and makes all pages ordinary. The core then frees the
 * block. If the head has extra references, for example from get_user_pages() of a tail, the block
 * stays compound and is deferred. Here mm/ leaves the free to the last put_page(), of which a
 * module is not notified.
 */
#include <linux/atomic.h>
#include <linux/mm.h>

#include "api/account_block.h"
#include "api/compound.h"
#include "api/quarantine.h"
#include "compat.h"
#include "core/compact/movable.h"

/**
 * pb_compound_set - make an allocated block a compound page
 * @pfn: its head; the caller owns the block and has charged it, if at all
 * @order: its order, 1 to PB_COMPOUND_MAX_ORDER
 * @may_sleep: whether this may sleep
 *
 * Context: any; may sleep with @may_sleep.
 * Return: false when a page of it has an extra reference: the caller does not own it any more, and
 * it is not charged, as it was never handed out.
 */
bool pb_compound_set(unsigned long pfn, unsigned int order, bool may_sleep)
{
	if (likely(pb_compound_set_up(pfn, order, may_sleep)))
		return true;
	pb_account_free(pfn, order);
	pb_quarantine_block(pfn, order, PB_QUARANTINE_COMPOUND);
	return false;
}
EXPORT_SYMBOL_PB_TEST(pb_compound_set);

/**
 * pb_compound_not_freed - report a double free, or keep a block until its references are dropped
 * @head: its head
 * @order: its order
 * @what: result of pb_compound_ordinary(), not %PB_COMPOUND_FREE_NOW
 *
 * Context: any, NMI included.
 */
void pb_compound_not_freed(struct page *head, unsigned int order, enum pb_compound_free what)
{
	if (what == PB_COMPOUND_FREE_BAD)
		pb_refuse_free(&pb_instance, PB_BAD_DOUBLE, page_to_pfn(head), order);
	else
		pb_quarantine_block(page_to_pfn(head), order, PB_QUARANTINE_COMPOUND);
}

/**
 * pb_compound_release - make a compound page ordinary, and unchecked if it is not charged
 * @pfn: its head; pb_is_compound() was true
 * @order: its order
 *
 * Context: any, NMI included.
 * Return: whether the caller frees the block.
 */
enum pb_compound_free pb_compound_release(unsigned long pfn, unsigned int order)
{
	struct page *head = pfn_to_page(pfn);
	enum pb_compound_free what = pb_compound_ordinary(head, order, is_zone_device_page(head));

	if (what != PB_COMPOUND_FREE_NOW)
		pb_compound_not_freed(head, order, what);
	else if (!pb_account_charged(pfn))
		pb_clear_checked(&pb_instance, pfn);
	return what;
}
EXPORT_SYMBOL_PB_TEST(pb_compound_release);
