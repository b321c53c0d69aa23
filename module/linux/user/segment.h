/* SPDX-License-Identifier: GPL-2.0-only */
/* The pages of a buffer, and its physically contiguous segments. */
#ifndef PB_SEGMENT_H
#define PB_SEGMENT_H

#include "user/buffer.h"

/**
 * struct pb_segment_iter - iterator over the segments of a buffer
 * @buf: the buffer
 * @next: index of the next block
 */
struct pb_segment_iter {
	struct pb_buffer	*buf;
	unsigned int		next;
};

/**
 * struct pb_segment - a physically contiguous part of a buffer: one block, or adjacent blocks
 * @pfn: first PFN
 * @start: its page index in the buffer
 * @nr_pages: length
 * @order: of the largest block in it
 */
struct pb_segment {
	unsigned long	pfn;
	unsigned long	start;
	unsigned long	nr_pages;
	unsigned int	order;
};

const struct pb_buffer_block *pb_buffer_block_at(const struct pb_buffer *buf, unsigned long index);
unsigned int pb_buffer_pages(const struct pb_buffer *buf, unsigned long index, struct page **pages,
			     unsigned int nr);
int pb_segment_next(struct pb_segment_iter *iter, struct pb_segment *segment);
unsigned int pb_buffer_nr_segments(struct pb_buffer *buf);

#endif /* PB_SEGMENT_H */
