/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A fragmented node, for tests of compaction. Small buffers fill the first node, and every other
 * one is freed. A contiguous buffer is possible only if the others are moved.
 */
#ifndef FRAGMENT_H
#define FRAGMENT_H

#include "common.h"

#define HUGE	(2 * MIB)
#define SMALL	(16 * PAGE)
#define MOST	4096		/* buffers that fill a node */
#define NR_KEPT	16		/* buffers of the set that a test replaces or looks at */
#define NR_CHURN 512

/* Mappings of the buffers, stamped with their index; NULL when a buffer was freed. */
extern uint64_t *map_of[MOST];
extern int nr_maps;

struct pbuddy_alloc request_of_order(uint64_t bytes, unsigned int order);
uint64_t *map_and_close(int fd, size_t bytes);

/* Maps stamped buffers until the node is full, and frees half of them. */
void fragment(size_t bytes, unsigned int order);
void expect_intact(size_t bytes);
unsigned long pages_moved(void);
/*
 * Whether pages were moved since fragment() freed buffers, or since the last call: by the test, or
 * by the node's thread before that.
 */
bool has_moved(void);
/* Compacts, and checks that other buffers were moved and the first pages of every 8th were not. */
void expect_kept(const uint64_t *pfn);
/*
 * Maps buffers in place of every 8th of the set, in the same way as those that fragment() made, and
 * calls @prepare for the descriptor of each.
 */
void replace_some(int (*prepare)(int fd));

/* Small buffers; -1: none. */
extern int churned[NR_CHURN];

int alloc_small(void);
/* Frees about half of the small buffers and allocates others, so that there is much to compact. */
void churn(const volatile uint32_t *stop);
void close_churned(void);

#endif /* FRAGMENT_H */
