/* SPDX-License-Identifier: GPL-2.0-only */
/* Prepares the pages of a buffer for access, in pieces. See piece.c. */
#ifndef PB_PIECE_H
#define PB_PIECE_H

#include "user/buffer.h"

struct page;

int pb_buffer_prepare(const struct pb_buffer *buf);
int pb_buffer_prepare_later(struct pb_buffer *buf);
int pb_buffer_prepare_piece(struct pb_buffer *buf, unsigned long index);
void pb_buffer_count_huge(struct pb_buffer *buf);
bool pb_piece_end_folio(struct page *head);
struct page *pb_piece_folio(const struct pb_buffer *buf, unsigned long index);

#endif /* PB_PIECE_H */
