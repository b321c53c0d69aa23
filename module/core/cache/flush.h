/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Flush blocks of a per-CPU list, of an order within a word, to the free bitmap. See flush.c.
 * Inside the pcp section. The number of pages returned is what the caller has to count as free.
 */
#ifndef PB_FLUSH_H
#define PB_FLUSH_H

#include "core/cache/pcp.h"

/* Minimum number of blocks of one word that are collected in the mask. */
#define PB_FLUSH_BATCH_MIN	4

/* Does the index update that the last flush has deferred. */
void pb_flush_deferred_update(struct pb_zone *zone, struct pb_pcp_list *list);
/* Frees blocks of one word. @pfn: any PFN within it; @heads: their bits. */
unsigned int pb_flush_word(struct pb_zone *zone, struct pb_pcp_list *list, unsigned long pfn,
			   u64 heads, unsigned int order);
/* Frees the blocks of the mask. */
unsigned int pb_flush_mask(struct pb_zone *zone, struct pb_pcp_list *list, unsigned int order);
/* Moves @nr blocks of one word, of which @first is one, to the mask; frees them when few. */
unsigned int pb_flush_batch(struct pb_zone *zone, struct pb_pcp_list *list,
			    const struct pb_pcp_entry *first, u64 heads, unsigned int nr,
			    unsigned int order);
/* Flushes the @nr oldest blocks of the LIFO, which stay there; with @all none goes to the mask. */
unsigned int pb_flush_blocks(struct pb_zone *zone, struct pb_pcp_list *list, unsigned int nr,
			     unsigned int order, bool all);

#endif /* PB_FLUSH_H */
