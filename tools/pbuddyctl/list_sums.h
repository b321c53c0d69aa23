/* SPDX-License-Identifier: GPL-2.0-only */
/* Sums of buffers for pbuddyctl list and top. See list_sums.c. */
#ifndef LIST_SUMS_H
#define LIST_SUMS_H

#include "buffers.h"

/* What a line of the list stands for. */
enum by { BY_PROCESS, BY_USER, BY_NODE, BY_BUFFER };

/* Buffers of one process or user. */
struct sum {
	const struct buffer	*first;
	unsigned long		nr;
	uint64_t		bytes;
	uint64_t		charged;
	uint64_t		*node_bytes;
};

struct sums {
	struct sum	*sum;
	size_t		nr;
};

/* Sums by process or user, most bytes first; they point into the table. */
struct sums sum_up(const struct buffer_table *table, enum by by);
void free_sums(struct sums *sums);

/* Prints sums; not BY_BUFFER. */
void print_by(const struct buffer_table *table, enum by by, bool json);

#endif /* LIST_SUMS_H */
