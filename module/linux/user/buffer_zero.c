// SPDX-License-Identifier: GPL-2.0-only
/*
 * Zeroes the pages of a buffer, so that no program sees their previous contents.
 *
 * A buffer with a descriptor is zeroed when it is created. One that only mappings reference is
 * zeroed in pieces, each before the first page table entry of the piece is inserted. The pages of
 * a piece are those whose index in the buffer differs in the lowest PB_PAGEBLOCK_ORDER bits only.
 * A piece has two bits in buf->pieces:
 *
 *	PIECE_DIRTY	has pages that have not been zeroed; cleared once, never set again
 *	PIECE_LOCKED	a thread zeroes the piece; others wait for it
 *
 * PIECE_DIRTY is cleared with release and read with acquire semantics. So a thread that finds it
 * clear stores to the page after the page was zeroed.
 */
#include <linux/bitmap.h>
#include <linux/highmem.h>
#include <linux/mm.h>
#include <linux/sched.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/wait_bit.h>

#include "api/zero.h"
#include "core/base/order.h"
#include "user/segment.h"

#define PIECE_PAGES	PB_PAGEBLOCK_NR

enum {
	PIECE_DIRTY,
	PIECE_LOCKED,
	PIECE_BITS,
};

/* Zeroes the pages of @block from index @from up to @to of the buffer. */
static int zero_part(const struct pb_buffer_block *block, unsigned long from, unsigned long to)
{
	unsigned long pfn = block->pfn + (from - block->start), end = pfn + (to - from), n;

	for (; pfn < end; pfn += n) {
		n = min(end - pfn, PIECE_PAGES);
		pb_pages_zero(pfn, n, true);
		if (fatal_signal_pending(current))
			return -EINTR;
	}
	return 0;
}

/* Zeroes the pages from @from up to @to, except those known to be zero. */
static int zero_range(const struct pb_buffer *buf, unsigned long from, unsigned long to)
{
	const struct pb_buffer_block *block = pb_buffer_block_at(buf, from);
	int err = 0;

	for (; from < to && !err; block++) {
		unsigned long end = min(block->start + block->nr_pages, to);

		if (!block->zeroed)
			err = zero_part(block, from, end);
		from = end;
	}
	return err;
}

/**
 * pb_buffer_zero() - zero all pages of a new buffer
 * @buf: the buffer
 *
 * Context: may sleep.
 * Return: 0, or -EINTR after a fatal signal.
 */
int pb_buffer_zero(const struct pb_buffer *buf)
{
	return zero_range(buf, 0, buf->nr_pages);
}

/**
 * pb_buffer_zero_later() - mark the pages of a new buffer as to be zeroed
 * @buf: the buffer
 *
 * Context: may sleep.
 * Return: 0 or -ENOMEM.
 */
int pb_buffer_zero_later(struct pb_buffer *buf)
{
	unsigned long nr_pieces = DIV_ROUND_UP(buf->nr_pages, PIECE_PAGES), piece;
	unsigned int i;

	buf->pieces = kvcalloc(BITS_TO_LONGS(nr_pieces * PIECE_BITS), sizeof(long),
			       GFP_KERNEL_ACCOUNT | __GFP_NOWARN);
	if (!buf->pieces)
		return -ENOMEM;
	for (i = 0; i < buf->nr_blocks; i++) {
		const struct pb_buffer_block *block = &buf->block[i];
		unsigned long last = (block->start + block->nr_pages - 1) / PIECE_PAGES;

		if (block->zeroed)
			continue;
		for (piece = block->start / PIECE_PAGES; piece <= last; piece++)
			__set_bit(piece * PIECE_BITS + PIECE_DIRTY, buf->pieces);
		cond_resched();
	}
	return 0;
}

static int zero_locked(struct pb_buffer *buf, unsigned long piece, unsigned long dirty)
{
	unsigned long from = piece * PIECE_PAGES;
	int err;

	if (!test_bit(dirty, buf->pieces))	/* zeroed while this thread waited */
		return 0;
	err = zero_range(buf, from, min(from + PIECE_PAGES, buf->nr_pages));
	if (!err)
		clear_bit_unlock(dirty, buf->pieces);
	return err;
}

/**
 * pb_buffer_zero_piece() - zero a piece of a buffer unless that was done before
 * @buf: the buffer
 * @index: of a page in the piece, inside the buffer
 *
 * Context: may sleep.
 * Return: 0, or -EINTR after a fatal signal; the pages may then have their old contents.
 */
int pb_buffer_zero_piece(struct pb_buffer *buf, unsigned long index)
{
	unsigned long piece = index / PIECE_PAGES;
	unsigned long dirty = piece * PIECE_BITS + PIECE_DIRTY;
	unsigned long locked = piece * PIECE_BITS + PIECE_LOCKED;
	unsigned long *word;
	int err;

	if (!buf->pieces || !test_bit_acquire(dirty, buf->pieces))
		return 0;
	word = &buf->pieces[BIT_WORD(locked)];
	if (wait_on_bit_lock(word, locked % BITS_PER_LONG, TASK_KILLABLE))
		return -EINTR;
	err = zero_locked(buf, piece, dirty);
	clear_and_wake_up_bit(locked % BITS_PER_LONG, word);
	return err;
}
