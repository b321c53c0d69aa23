// SPDX-License-Identifier: GPL-2.0-only
/*
 * Charges of blocks: allocations with __GFP_ACCOUNT.
 *
 * An allocation is charged to the calling task after the pages were found. When that exceeds a
 * limit, also after the pool has grown as far as that helps, the pages are freed and the request
 * fails. With __GFP_NOFAIL the limit is exceeded instead.
 *
 * The account of a block is stored in a table by frame (frame_table.c). An element is written by
 * the owner of the block, as the page order map. PB_FRAME_CHECKED there makes the free of a charged
 * block leave the fast path, so blocks that are not charged have no extra cost.
 *
 * On PREEMPT_RT nothing can be allocated with preemption off. A request fails there when the array
 * does not exist yet.
 */
#include <linux/err.h>
#include <linux/sched.h>

#include "api/account.h"
#include "api/account_block.h"
#include "api/account_grow.h"
#include "api/account_limit.h"
#include "api/account_stock.h"
#include "compat.h"
#include "core/alloc/alloc.h"
#include "core/alloc/bulk.h"
#include "core/alloc/slowpath.h"
#include "core/compact/movable.h"
#include "hooks/guard_pages.h"
#include "instance.h"

struct pb_frame_table pb_account_table = { .size = sizeof(struct pb_account *) };
EXPORT_SYMBOL_PB_TEST(pb_account_table);

/* The same, but allocates the array when there is none. NULL: no memory. May sleep as gfp says. */
static struct pb_account **make_owner(unsigned long pfn, gfp_t gfp)
{
	struct pb_account **owner = pb_account_owner(pfn);

	if (owner || !pb_may_lock())
		return owner;
	return pb_frame_table_make(&pb_account_table, pfn, gfp) ? pb_account_owner(pfn) : NULL;
}

/**
 * pb_account_block_fast - charge an allocated block from this CPU's stock
 * @pfn: the block, allocated with any gfp flags; not movable
 * @order: its order
 *
 * Context: any; the caller owns the block.
 * Return: false when nothing changed; the caller then calls pb_account_block(). True also when the
 * calling context is exempt.
 */
bool pb_account_block_fast(unsigned long pfn, unsigned int order)
{
	bool charged;

	if (unlikely(pb_account_exempt()))
		return true;
	preempt_disable();
	charged = pb_account_charge_stocked(pfn, order);
	preempt_enable();
	if (likely(charged))
		pb_set_checked_unmovable(&pb_instance, pfn);
	return charged;
}
EXPORT_SYMBOL_PB_TEST(pb_account_block_fast);

/**
 * pb_account_charge - charge an allocated block
 * @pfn: the block; the caller owns it
 * @order: its order
 * @gfp: flags of the request
 * @excess: set with -EDQUOT
 *
 * Context: any; may sleep as @gfp says.
 * Return: 0, also when the calling context is exempt; -EDQUOT above a limit; -ENOMEM.
 */
int pb_account_charge(unsigned long pfn, unsigned int order, gfp_t gfp,
		      struct pb_account_excess *excess)
{
	struct pb_account *account, **owner;

	if (pb_account_block_fast(pfn, order))
		return 0;
	owner = make_owner(pfn, pb_account_gfp(gfp));
	if (!owner)
		return -ENOMEM;
	account = pb_account_charge_block(1UL << order, pb_account_gfp(gfp), excess);
	if (IS_ERR_OR_NULL(account))
		return PTR_ERR_OR_ZERO(account);
	*owner = account;
	pb_set_checked(&pb_instance, pfn);
	return 0;
}

static enum pb_reason reason_of(int err)
{
	return err == -EDQUOT ? PB_REASON_LIMIT : PB_REASON_WATERMARK;
}

static int charge(const struct pb_request *rq, unsigned long pfn, unsigned int order, gfp_t gfp)
{
	struct pb_account_excess excess;
	int err;

	do {
		err = pb_account_charge(pfn, order, gfp & ~__GFP_NOFAIL, &excess);
	} while (unlikely(err == -EDQUOT) && pb_account_excess_of_all(&excess) &&
		 pb_account_grow(rq->nid, rq->flags, 1UL << order));
	if (unlikely(err) && rq->flags & PB_ALLOC_NOFAIL)
		err = pb_account_charge(pfn, order, gfp, &excess);
	return err;
}

/**
 * pb_account_block - charge an allocated block, or free it
 * @rq: the request
 * @pfn: the block
 * @gfp: its flags
 * @reason: set when this fails, or NULL
 *
 * Context: that of the request.
 * Return: @pfn, or PB_NO_PFN after the block was freed.
 */
unsigned long pb_account_block(const struct pb_request *rq, unsigned long pfn, gfp_t gfp,
			       enum pb_reason *reason)
{
	int err = charge(rq, pfn, rq->order, gfp);

	if (likely(!err))
		return pfn;
	pb_guarded_free(pfn, rq->order);
	return pb_alloc_fail(&pb_instance, rq, reason_of(err), reason);
}
EXPORT_SYMBOL_PB_TEST(pb_account_block);

/**
 * pb_account_bulk - charge allocated blocks, and free those that cannot be charged
 * @rq: the request
 * @nr: number of blocks
 * @pfns: the blocks
 * @gfp: its flags
 * @reason: set when fewer are charged, or NULL
 *
 * Context: that of the request.
 * Return: number of blocks charged; the others were freed.
 */
unsigned long pb_account_bulk(const struct pb_request *rq, unsigned long nr, unsigned long *pfns,
			      gfp_t gfp, enum pb_reason *reason)
{
	unsigned long i, k;
	int err = 0;

	if (pb_account_exempt())
		return nr;
	for (i = 0; i < nr && !err; i++)
		err = charge(rq, pfns[i], rq->order, gfp);
	if (likely(!err))
		return nr;
	for (k = --i; k < nr; k++)
		pb_guarded_free(pfns[k], rq->order);
	pb_alloc_fail(&pb_instance, rq, reason_of(err), reason);
	return i;
}

/**
 * pb_account_contig - charge an allocated range, or free it
 * @rq: the request
 * @pfn: the first page
 * @nr_pages: number of pages
 * @gfp: its flags
 * @reason: set when this fails, or NULL
 *
 * Each page is charged separately, because it may be freed separately.
 *
 * Context: that of the request.
 * Return: @pfn, or PB_NO_PFN after all pages were freed.
 */
unsigned long pb_account_contig(const struct pb_request *rq, unsigned long pfn,
				unsigned long nr_pages, gfp_t gfp, enum pb_reason *reason)
{
	bool may_sleep = rq->flags & PB_ALLOC_WAIT;
	unsigned long i;
	int err = 0;

	if (pb_account_exempt())
		return pfn;
	for (i = 0; i < nr_pages && !err; i++) {
		err = charge(rq, pfn + i, 0, gfp);
		if (may_sleep && !(i % PB_PAGEBLOCK_NR))
			cond_resched();
	}
	if (likely(!err))
		return pfn;
	pb_free_contig(&pb_instance, pfn, nr_pages);
	return pb_alloc_fail(&pb_instance, rq, reason_of(err), reason);
}

/**
 * pb_account_of - account of a block
 * @pfn: the block, which stays charged meanwhile
 *
 * Context: any, NMI included.
 * Return: the account, or NULL.
 */
struct pb_account *pb_account_of(unsigned long pfn)
{
	struct pb_account **owner = pb_account_owner(pfn);

	return owner ? *owner : NULL;
}
EXPORT_SYMBOL_PB_TEST(pb_account_of);

/**
 * pb_account_free - uncharge a block that is being freed, if it is charged
 * @pfn: the block, which the caller has taken from its owner
 * @order: its order
 *
 * Context: any, NMI included.
 */
void pb_account_free(unsigned long pfn, unsigned int order)
{
	struct pb_account *account = pb_account_clear_owner(pfn);

	if (account)
		pb_account_uncharge_pages(account, 1UL << order);
}

/**
 * pb_account_move - copy the account of a block to its migration target
 * @src_pfn: the block, isolated
 * @dst_pfn: the target, isolated
 * @gfp: flags for allocating the array of the target's pageblock
 *
 * After the migration, pb_account_forget() has to be called for the block that is freed then.
 *
 * Context: process; may sleep as @gfp says.
 * Return: 0 or -ENOMEM.
 */
int pb_account_move(unsigned long src_pfn, unsigned long dst_pfn, gfp_t gfp)
{
	struct pb_account **to;

	if (!pb_account_charged(src_pfn))
		return 0;
	to = make_owner(dst_pfn, gfp);
	if (!to)
		return -ENOMEM;
	*to = *pb_account_owner(src_pfn);
	pb_set_checked(&pb_instance, dst_pfn);
	return 0;
}
EXPORT_SYMBOL_PB_TEST(pb_account_move);

/**
 * pb_account_forget - forget the account of a block whose charge is another block's
 * @pfn: the block, isolated
 *
 * Context: any.
 */
void pb_account_forget(unsigned long pfn)
{
	struct pb_account **owner = pb_account_owner(pfn);

	if (owner)
		*owner = NULL;
}
EXPORT_SYMBOL_PB_TEST(pb_account_forget);

/**
 * pb_account_block_init - allocate the table
 *
 * Context: process, may sleep; the directory of the pool exists.
 * Return: 0 or -ENOMEM.
 */
int pb_account_block_init(void)
{
	return pb_frame_table_init(&pb_account_table);
}

/* Uncharges the blocks that are still allocated in a pageblock. */
static void uncharge_leaked(unsigned long pfn)
{
	unsigned long end = pfn + PB_PAGEBLOCK_NR;

	for (; pfn < end; pfn++)
		if (pb_pfn_zone(&pb_instance, pfn) && pb_account_charged(pfn))
			pb_account_free(pfn, pb_page_order(&pb_instance, pfn));
}

/**
 * pb_account_block_exit - uncharge leaked pages and free the table
 *
 * Context: process, may sleep; after the last allocation and free.
 */
void pb_account_block_exit(void)
{
	unsigned long pfn = 0;

	for (; pb_frame_table_next(&pb_account_table, &pfn); pfn += PB_PAGEBLOCK_NR)
		uncharge_leaked(pfn);
	pb_frame_table_exit(&pb_account_table);
}
