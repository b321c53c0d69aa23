/* SPDX-License-Identifier: GPL-2.0-only */
/* Charges of blocks allocated with __GFP_ACCOUNT. See account_block.c. */
#ifndef PB_ACCOUNT_BLOCK_H
#define PB_ACCOUNT_BLOCK_H

#include <linux/gfp.h>
#include <linux/types.h>

#include "api/account.h"
#include "api/account_stock.h"
#include "api/frame_table.h"
#include "core/alloc/failure_reason.h"
#include "core/base/pfn.h"

struct pb_request;

extern struct pb_frame_table pb_account_table;

unsigned long pb_account_block(const struct pb_request *rq, unsigned long pfn, gfp_t gfp,
			       enum pb_reason *reason);
int pb_account_charge(unsigned long pfn, unsigned int order, gfp_t gfp,
		      struct pb_account_excess *excess);
bool pb_account_block_fast(unsigned long pfn, unsigned int order);
unsigned long pb_account_bulk(const struct pb_request *rq, unsigned long nr, unsigned long *pfns,
			      gfp_t gfp, enum pb_reason *reason);
unsigned long pb_account_contig(const struct pb_request *rq, unsigned long pfn,
				unsigned long nr_pages, gfp_t gfp, enum pb_reason *reason);
struct pb_account *pb_account_of(unsigned long pfn);
void pb_account_free(unsigned long pfn, unsigned int order);
int pb_account_move(unsigned long src_pfn, unsigned long dst_pfn, gfp_t gfp);
void pb_account_forget(unsigned long pfn);
int pb_account_block_init(void);
void pb_account_block_exit(void);

/* The array of a block's pageblock, by pb_frame_in_pageblock(), or NULL. */
static __always_inline struct pb_account **pb_account_array(unsigned long pfn)
{
	return pb_frame_table_array(&pb_account_table, pfn);
}

/* Where the account of a block is stored, or NULL when its pageblock has no array. */
static __always_inline struct pb_account **pb_account_owner(unsigned long pfn)
{
	struct pb_account **array = pb_account_array(pfn);

	return likely(array) ? &array[pb_frame_in_pageblock(pfn)] : NULL;
}

/*
 * Charges a block to the current task from this CPU's stock. The caller sets the CHECKED bit.
 * False: nothing changed. The context is not exempt; preemption off.
 */
static __always_inline bool pb_account_charge_stocked(unsigned long pfn, unsigned int order)
{
	struct pb_account **array = pb_account_array(pfn), *account;

	if (unlikely(!array))
		return false;
	account = pb_account_stock_take(1UL << order);
	if (unlikely(!account))
		return false;
	array[pb_frame_in_pageblock(pfn)] = account;
	return true;
}

/* Forgets the account of a block that was taken from its owner, and returns it, or NULL. */
static __always_inline struct pb_account *pb_account_clear_owner(unsigned long pfn)
{
	struct pb_account **array = pb_account_array(pfn), *account;
	unsigned int frame = pb_frame_in_pageblock(pfn);

	if (unlikely(!array))
		return NULL;
	account = array[frame];
	if (account)
		array[frame] = NULL;
	return account;
}

/* Whether a block is charged; the caller owns it. */
static inline bool pb_account_charged(unsigned long pfn)
{
	return pb_account_of(pfn);
}

#endif /* PB_ACCOUNT_BLOCK_H */
