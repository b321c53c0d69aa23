// SPDX-License-Identifier: GPL-2.0-only
/*
 * The pages of a buffer, and its physically contiguous segments. The blocks of a buffer may be
 * moved (buffer_move.c) or taken away (buffer_memory.c) as soon as its lock is not held. The
 * functions for segments hold it while they look at a segment.
 */
#include <linux/errno.h>
#include <linux/mm.h>
#include <linux/nospec.h>
#include <linux/sched.h>

#include "instance.h"
#include "user/segment.h"

/**
 * pb_buffer_block_at() - get the block of a page
 * @buf: the buffer
 * @index: of the page, inside the buffer
 *
 * Context: any; the buffer is new, pinned as a dma-buf, or its lock is held, and it is not absent.
 * Return: the block; the following pages are in the rest of it and in the next blocks.
 */
const struct pb_buffer_block *pb_buffer_block_at(const struct pb_buffer *buf, unsigned long index)
{
	unsigned int low = 0, high = buf->nr_blocks;

	while (high - low > 1) {
		unsigned int mid = low + (high - low) / 2;

		if (buf->block[mid].start <= index)
			low = mid;
		else
			high = mid;
	}
	return &buf->block[low];
}

/**
 * pb_buffer_pages() - get pages of a part of a buffer
 * @buf: the buffer
 * @index: first page; any value, because it comes from user space
 * @pages: set to the pages, without taking references
 * @nr: length of @pages
 *
 * Context: as pb_buffer_block_at().
 * Return: number of pages set: fewer than @nr at the end of the buffer, 0 past it.
 */
unsigned int pb_buffer_pages(const struct pb_buffer *buf, unsigned long index, struct page **pages,
			     unsigned int nr)
{
	const struct pb_buffer_block *block;
	unsigned int i;

	if (index >= buf->nr_pages)
		return 0;
	index = array_index_nospec(index, buf->nr_pages);
	nr = min_t(unsigned long, nr, buf->nr_pages - index);
	block = pb_buffer_block_at(buf, index);
	for (i = 0; i < nr; i++, index++) {
		if (index - block->start == block->nr_pages)
			block++;
		pages[i] = pfn_to_page(READ_ONCE(block->pfn) + (index - block->start));
	}
	return nr;
}

static bool next_locked(struct pb_segment_iter *iter, struct pb_segment *segment)
{
	const struct pb_buffer *buf = iter->buf;
	const struct pb_buffer_block *block;

	lockdep_assert_held_read(&buf->frames);
	if (iter->next >= buf->nr_blocks)
		return false;
	block = &buf->block[iter->next++];
	*segment = (struct pb_segment) {
		.pfn = READ_ONCE(block->pfn),
		.start = block->start,
		.nr_pages = block->nr_pages,
		.order = block->order,
	};
	for (; iter->next < buf->nr_blocks; iter->next++) {
		unsigned long pfn;

		cond_resched();
		block = &buf->block[iter->next];
		pfn = READ_ONCE(block->pfn);
		/* Adjacent blocks on different nodes are separate segments. */
		if (pfn != segment->pfn + segment->nr_pages ||
		    page_to_nid(pfn_to_page(pfn)) != page_to_nid(pfn_to_page(segment->pfn)))
			break;
		segment->nr_pages += block->nr_pages;
		segment->order = max_t(unsigned int, segment->order, block->order);
	}
	return true;
}

/**
 * pb_segment_next() - get the next segment
 * @iter: starts with @next = 0
 * @segment: set to the segment
 *
 * Context: may sleep, killable; takes the lock of the buffer, which is held while the buffer is
 * swapped out; time is linear in the number of blocks of the segment.
 * Return: 1; 0 at the end, or when the memory of the buffer was taken away; -EINTR.
 */
int pb_segment_next(struct pb_segment_iter *iter, struct pb_segment *segment)
{
	bool found;

	if (down_read_killable(&iter->buf->frames))
		return -EINTR;
	found = next_locked(iter, segment);
	up_read(&iter->buf->frames);
	return found;
}
EXPORT_SYMBOL_PB_TEST(pb_segment_next);

/**
 * pb_buffer_nr_segments() - count the segments of a buffer
 * @buf: the buffer
 *
 * Context: may sleep, killable; takes the lock of the buffer; time is linear in the number of
 * blocks.
 * Return: at least 1, unless the memory of the buffer was taken away; any number after a fatal
 * signal.
 */
unsigned int pb_buffer_nr_segments(struct pb_buffer *buf)
{
	struct pb_segment_iter iter = { .buf = buf };
	struct pb_segment segment;
	unsigned int nr = 0;

	while (pb_segment_next(&iter, &segment) > 0)
		nr++;
	return nr;
}
