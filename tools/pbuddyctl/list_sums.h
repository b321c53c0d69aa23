/* SPDX-License-Identifier: GPL-2.0-only */
/* Sums of buffers for pbuddyctl list. See list_sums.c. */
#ifndef LIST_SUMS_H
#define LIST_SUMS_H

#include "buffers.h"

/* What a line of the list stands for. */
enum by { BY_PROCESS, BY_USER, BY_NODE, BY_BUFFER };

/* Prints sums; not BY_BUFFER. */
void print_by(const struct buffer_table *table, enum by by, bool json);

#endif /* LIST_SUMS_H */
