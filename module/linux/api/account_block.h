/* SPDX-License-Identifier: GPL-2.0-only */
/* Charges of blocks allocated with __GFP_ACCOUNT. See account_block.c. */
#ifndef PB_ACCOUNT_BLOCK_H
#define PB_ACCOUNT_BLOCK_H

#include <linux/gfp.h>
#include <linux/types.h>

#include "core/alloc/failure_reason.h"

struct pb_account;
struct pb_pool;
struct pb_request;

unsigned long pb_account_block(const struct pb_request *rq, unsigned long pfn,
			       enum pb_reason *reason);
bool pb_account_block_fast(unsigned long pfn, unsigned int order);
unsigned long pb_account_bulk(const struct pb_request *rq, unsigned long nr, unsigned long *pfns,
			      enum pb_reason *reason);
unsigned long pb_account_contig(const struct pb_request *rq, unsigned long pfn,
				unsigned long nr_pages, enum pb_reason *reason);
struct pb_account *pb_account_of(unsigned long pfn);
void pb_account_free(struct pb_pool *pool, unsigned long pfn, unsigned int order);
int pb_account_move(unsigned long src_pfn, unsigned long dst_pfn, gfp_t gfp);
void pb_account_forget(unsigned long pfn);
void pb_account_block_exit(void);

/* Whether a block is charged; the caller owns it. */
static inline bool pb_account_charged(unsigned long pfn)
{
	return pb_account_of(pfn);
}

#endif /* PB_ACCOUNT_BLOCK_H */
