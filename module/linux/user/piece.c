// SPDX-License-Identifier: GPL-2.0-only
/*
 * Prepares the pages of a buffer for access, in pieces. The pages of a piece are those whose index
 * in the buffer differs in the lowest PB_PAGEBLOCK_ORDER bits only. Preparing a piece zeroes its
 * pages, so that no program sees their previous contents, and makes it a folio if it can be one:
 * the kernel then maps it with one huge page table entry.
 *
 * A buffer with a descriptor is prepared when it is created. One that only mappings reference is
 * prepared piece by piece, each before the first page table entry of the piece is inserted. A piece
 * has two bits in buf->pieces:
 *
 *	PIECE_NEW	is to be prepared; cleared once, never set again
 *	PIECE_LOCKED	a thread prepares the piece; others wait for it
 *
 * PIECE_NEW is cleared with release and read with acquire semantics. So a thread that finds it
 * clear stores to the page after the page was zeroed, and sees the folio.
 *
 * A piece can be a folio when it is one naturally aligned, contiguous range of a pageblock's size.
 * A page with another reference, a pin that an earlier owner left, makes it stay ordinary pages.
 * A folio with a page that has a memory error is not mapped by one entry (failed_page.c).
 * The folio ends with the buffer, or in quarantine. Its index is that of its first page in the
 * buffer, because the kernel compares it with the size of the file. A buffer with pages that cannot
 * be pinned has no folios: KVM takes references to pages of such a mapping (VM_IO) one by one, and
 * a tail has none to add to.
 */
#include <linux/bitmap.h>
#include <linux/highmem.h>
#include <linux/mm.h>
#include <linux/sched.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/wait_bit.h>

#include "api/compound_meta.h"
#include "api/zero.h"
#include "compat.h"
#include "core/base/order.h"
#include "hooks/bad_frames.h"
#include "user/segment.h"

#define PIECE_PAGES	PB_PAGEBLOCK_NR

/* Whether a huge page table entry maps a piece. */
#ifdef CONFIG_TRANSPARENT_HUGEPAGE
#define CAN_BE_FOLIO	(PIECE_PAGES == HPAGE_PMD_NR)
#else
#define CAN_BE_FOLIO	0
#endif

enum {
	PIECE_NEW,
	PIECE_LOCKED,
	PIECE_BITS,
};

/* ---- Folios ---- */

/* PFN of the naturally aligned range that is a piece, or PB_NO_PFN. */
static unsigned long range_of_piece(const struct pb_buffer *buf, unsigned long first)
{
	const struct pb_buffer_block *block;
	unsigned long pfn;

	if (!CAN_BE_FOLIO || first + PIECE_PAGES > buf->nr_pages)
		return PB_NO_PFN;
	block = pb_buffer_block_at(buf, first);
	pfn = block->pfn + (first - block->start);
	if (!IS_ALIGNED(pfn, PIECE_PAGES) ||
	    first + PIECE_PAGES > block->start + block->nr_pages)
		return PB_NO_PFN;
	return pfn;
}

/**
 * pb_piece_folio() - get the folio of a page
 * @buf: the buffer
 * @index: of any page
 *
 * Context: any.
 * Return: the head of the folio if the page is the first one of a folio, or NULL.
 */
struct page *pb_piece_folio(const struct pb_buffer *buf, unsigned long index)
{
	struct page *head;
	unsigned long pfn;

	if (!buf->nr_huge || !IS_ALIGNED(index, PIECE_PAGES))
		return NULL;
	pfn = range_of_piece(buf, index);
	if (pfn == PB_NO_PFN)
		return NULL;
	head = pfn_to_page(pfn);
	return pb_page_is_head(head) ? head : NULL;
}

/*
 * Makes a piece a folio if it can be one. Returns its head, or NULL. A preparation that was killed
 * may have done so before. @good is set to whether no page has a memory error.
 */
static struct page *make_folio(const struct pb_buffer *buf, unsigned long first, bool *good)
{
	unsigned long pfn, flags = 0;
	struct page *head;

	if (!buf->nr_huge)
		return NULL;
	pfn = range_of_piece(buf, first);
	if (pfn == PB_NO_PFN)
		return NULL;
	head = pfn_to_page(pfn);
	if (unlikely(pb_page_is_head(head))) {
		*good = !pb_bad_pages(pfn, PIECE_PAGES);
		return head;
	}
	if (!pb_compound_set_folio(head, buf->failed || pb_bad_frames_possible() ? &flags : NULL))
		return NULL;
	((struct folio *)head)->index = first;
	*good = !(flags & __PG_HWPOISON);
	return head;
}

/**
 * pb_piece_end_folio() - make a folio ordinary pages before they are freed
 * @head: its head, to which the buffer has the only reference, unless it is pinned
 *
 * The kernel sets flags of a folio in its head only, but for the one of a memory error.
 *
 * Context: may sleep.
 * Return: false when it is pinned and stays a folio, or a page has a memory error.
 */
bool pb_piece_end_folio(struct page *head)
{
	bool look = pb_folio_has_bad_page((struct folio *)head) || pb_bad_frames_possible();
	unsigned long flags = 0;

	if (!pb_compound_end_folio(head, look ? &flags : NULL))
		return false;
	((struct folio *)head)->index = 0;
	pb_page_reset_flags(head);
	return !(flags & __PG_HWPOISON);
}

/**
 * pb_buffer_count_huge() - count the pages of a buffer in pieces that can be folios
 * @buf: a buffer with all its blocks; its @nr_huge is set
 *
 * Context: may sleep.
 */
void pb_buffer_count_huge(struct pb_buffer *buf)
{
	const struct pb_buffer_block *block = buf->block, *end = block + buf->nr_blocks;
	unsigned long first, last;

	buf->nr_huge = 0;
	for (; CAN_BE_FOLIO && !buf->unpinnable && block < end; block++) {
		first = round_up(block->start, PIECE_PAGES);
		last = round_down(block->start + block->nr_pages, PIECE_PAGES);
		if (IS_ALIGNED(block->pfn - block->start, PIECE_PAGES) && first < last)
			buf->nr_huge += last - first;
		cond_resched();
	}
}

/* ---- Zeroing ---- */

/* Leaves out pages with a memory error, to which a store may be fatal. */
static void zero_good(unsigned long pfn, unsigned long nr)
{
	for (; nr; pfn++, nr--)
		if (!PageHWPoison(pfn_to_page(pfn)))
			pb_pages_zero(pfn, 1, true);
}

/* Zeroes a folio without a memory error, unless its pages are known to be zero. */
static void zero_folio(const struct pb_buffer *buf, unsigned long first, struct page *head)
{
	if (!pb_buffer_block_at(buf, first)->zeroed)
		pb_pages_zero(page_to_pfn(head), PIECE_PAGES, true);
}

/* Zeroes the pages from @from up to @to, except those known to be zero. */
static void zero_range(const struct pb_buffer *buf, unsigned long from, unsigned long to)
{
	const struct pb_buffer_block *block = pb_buffer_block_at(buf, from);

	for (; from < to; block++) {
		unsigned long end = min(block->start + block->nr_pages, to);
		unsigned long pfn = block->pfn + (from - block->start);

		if (!block->zeroed && unlikely(pb_bad_pages(pfn, end - from)))
			zero_good(pfn, end - from);
		else if (!block->zeroed)
			pb_pages_zero(pfn, end - from, true);
		from = end;
	}
}

/* ---- Preparing ---- */

/* Returns -EINTR after a fatal signal, since the caller may have many pieces left. */
static int prepare(struct pb_buffer *buf, unsigned long first)
{
	unsigned long end = min(first + PIECE_PAGES, buf->nr_pages);
	bool good = true;
	struct page *head = make_folio(buf, first, &good);

	if (unlikely(!good))
		folio_set_has_hwpoisoned((struct folio *)head);
	if (likely(head && good))
		zero_folio(buf, first, head);
	else
		zero_range(buf, first, end);
	if (fatal_signal_pending(current))
		return -EINTR;
	atomic_long_add(end - first, &buf->nr_prepared);
	return 0;
}

/**
 * pb_buffer_prepare() - prepare all pages of a new buffer
 * @buf: the buffer
 *
 * Context: may sleep.
 * Return: 0, or -EINTR after a fatal signal.
 */
int pb_buffer_prepare(struct pb_buffer *buf)
{
	unsigned long first;
	int err = 0;

	for (first = 0; first < buf->nr_pages && !err; first += PIECE_PAGES) {
		err = prepare(buf, first);
		cond_resched();
	}
	return err;
}

/**
 * pb_buffer_prepare_later() - mark the pages of a new buffer as to be prepared
 * @buf: the buffer
 *
 * Context: may sleep.
 * Return: 0 or -ENOMEM.
 */
int pb_buffer_prepare_later(struct pb_buffer *buf)
{
	unsigned long nr_pieces = DIV_ROUND_UP(buf->nr_pages, PIECE_PAGES), piece;

	buf->pieces = kvcalloc(BITS_TO_LONGS(nr_pieces * PIECE_BITS), sizeof(long),
			       GFP_KERNEL_ACCOUNT | __GFP_NOWARN);
	if (!buf->pieces)
		return -ENOMEM;
	for (piece = 0; piece < nr_pieces; piece++)
		__set_bit(piece * PIECE_BITS + PIECE_NEW, buf->pieces);
	return 0;
}

/* Whether the page table entries of a piece may be inserted. */
static bool is_prepared(const struct pb_buffer *buf, unsigned long index)
{
	unsigned long new = index / PIECE_PAGES * PIECE_BITS + PIECE_NEW;

	return !buf->pieces || !test_bit_acquire(new, buf->pieces);
}

static int prepare_locked(struct pb_buffer *buf, unsigned long piece, unsigned long new)
{
	int err;

	if (!test_bit(new, buf->pieces))	/* prepared while this thread waited */
		return 0;
	err = prepare(buf, piece * PIECE_PAGES);
	if (!err)
		clear_bit_unlock(new, buf->pieces);
	return err;
}

/**
 * pb_buffer_prepare_piece() - prepare a piece of a buffer unless that was done before
 * @buf: the buffer
 * @index: of a page in the piece, inside the buffer
 *
 * Context: may sleep.
 * Return: 0, or -EINTR after a fatal signal; the pages may then have their old contents.
 */
int pb_buffer_prepare_piece(struct pb_buffer *buf, unsigned long index)
{
	unsigned long piece = index / PIECE_PAGES;
	unsigned long new = piece * PIECE_BITS + PIECE_NEW;
	unsigned long locked = piece * PIECE_BITS + PIECE_LOCKED;
	unsigned long *word;
	int err;

	if (is_prepared(buf, index))
		return 0;
	word = &buf->pieces[BIT_WORD(locked)];
	if (wait_on_bit_lock(word, locked % BITS_PER_LONG, TASK_KILLABLE))
		return -EINTR;
	err = prepare_locked(buf, piece, new);
	clear_and_wake_up_bit(locked % BITS_PER_LONG, word);
	return err;
}
EXPORT_SYMBOL_PB_TEST(pb_buffer_prepare_piece);

/**
 * pb_buffer_prepare_if_zero() - prepare a piece of a buffer if that takes little time
 * @buf: the buffer
 * @index: of the first page of the piece, inside the buffer
 *
 * Context: may sleep.
 * Return: whether the piece is prepared; false where pages must be zeroed first.
 */
bool pb_buffer_prepare_if_zero(struct pb_buffer *buf, unsigned long index)
{
	if (is_prepared(buf, index))
		return true;
	return range_of_piece(buf, index) != PB_NO_PFN && pb_buffer_block_at(buf, index)->zeroed &&
	       !pb_buffer_prepare_piece(buf, index);
}
