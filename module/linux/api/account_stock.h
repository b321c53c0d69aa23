/* SPDX-License-Identifier: GPL-2.0-only */
/* Per-CPU stocks of pages that are charged and not in use. See account_stock.c. */
#ifndef PB_ACCOUNT_STOCK_H
#define PB_ACCOUNT_STOCK_H

#include <linux/atomic.h>
#include <linux/cred.h>
#include <linux/percpu.h>

#include "api/account_types.h"
#include "compat.h"

#define PB_STOCK_BATCH		64	/* pages charged ahead, or uncharged from a full stock */
#define PB_STOCK_BLOCK_MAX	32	/* larger blocks do not use stocks */

/* In the low bits of the word of a stock. */
#define PB_STOCK_PAGES		127UL	/* mask of the number of pages */
#define PB_STOCK_FROZEN		128UL

static_assert(PB_STOCK_PAGES + PB_STOCK_FROZEN + 1 == PB_ACCOUNT_ALIGN);
static_assert(PB_STOCK_BLOCK_MAX + PB_STOCK_BATCH <= PB_STOCK_PAGES);

/**
 * struct pb_account_stock - pages of an account that this CPU may hand out
 * @word: account, PB_STOCK_FROZEN and number of pages
 * @account: of the key, compared and not accessed
 * @block_max: pages of the largest block that it serves
 * @generation: the key is valid while it is the global one
 * @ns: of the key, held; NULL before the first use
 * @uid: of the key
 * @cgroup: of the key: serial number of the task's dmem cgroup
 * @seen: @word when pb_account_stock_age() looked last
 */
struct pb_account_stock {
	atomic_long_t			word;
	const struct pb_account		*account;
	unsigned long			block_max;
	unsigned long			generation;
	struct user_namespace		*ns;
	kuid_t				uid;
	u64				cgroup;
	unsigned long			seen;
};

DECLARE_PER_CPU_ALIGNED(struct pb_account_stock, pb_account_stocks);
extern atomic_long_t pb_account_generation;

static inline struct pb_account *pb_stock_account(unsigned long word)
{
	return (struct pb_account *)(word & ~(PB_STOCK_PAGES | PB_STOCK_FROZEN));
}

/* Uncharges @nr_pages that were in a stock. */
typedef void (*pb_stock_uncharge_fn)(struct pb_account *account, unsigned long nr_pages);

unsigned long pb_account_stock_put_full(struct pb_account *account, unsigned long nr_pages);
void pb_account_stock_fill(struct pb_account *account, unsigned long nr_pages,
			   unsigned long generation, pb_stock_uncharge_fn uncharge);

unsigned long pb_account_stock_generation(void);
void pb_account_stock_invalidate(void);

bool pb_account_stock_freeze(const struct pb_account *of, pb_stock_uncharge_fn uncharge);
void pb_account_stock_unfreeze(void);
bool pb_account_stock_drain(const struct pb_account *of, pb_stock_uncharge_fn uncharge);
void pb_account_stock_age(pb_stock_uncharge_fn uncharge);
void pb_account_stock_sum(void);
void pb_account_stock_exit(pb_stock_uncharge_fn uncharge);

/**
 * pb_account_stock_take - charge pages of a block to the current task, from this CPU's stock
 * @nr_pages: number of pages, above 0
 *
 * Context: a task, preemption off.
 * Return: the account, or NULL when nothing changed.
 */
static __always_inline struct pb_account *pb_account_stock_take(unsigned long nr_pages)
{
	struct pb_account_stock *stock = this_cpu_ptr(&pb_account_stocks);
	const struct cred *cred = current_cred();
	long old;

	if (unlikely(stock->generation != atomic_long_read(&pb_account_generation) ||
		     stock->ns != cred->user_ns || !uid_eq(stock->uid, cred->uid) ||
		     stock->cgroup != pb_dmem_cgroup_serial() || nr_pages > stock->block_max))
		return NULL;
	old = atomic_long_read(&stock->word);
	do {
		/* This account, not frozen, with as many pages. */
		if (unlikely((unsigned long)old - (unsigned long)stock->account - nr_pages >
			     PB_STOCK_PAGES - nr_pages))
			return NULL;
	} while (unlikely(!atomic_long_try_cmpxchg(&stock->word, &old, old - nr_pages)));
	return pb_stock_account(old);
}

/**
 * pb_account_stock_put - put pages of a block that is uncharged into this CPU's stock
 * @account: the account of the block
 * @nr_pages: number of pages
 *
 * Context: any, NMI included; preemption off.
 * Return: pages that the caller has to uncharge: 0, or @nr_pages, or PB_STOCK_BATCH from the stock.
 */
static __always_inline unsigned long pb_account_stock_put(struct pb_account *account,
							  unsigned long nr_pages)
{
	struct pb_account_stock *stock = this_cpu_ptr(&pb_account_stocks);
	unsigned long new;
	long old;

	if (unlikely(nr_pages > (account->cgroup ? 1 : PB_STOCK_BLOCK_MAX)))
		return nr_pages;
	old = atomic_long_read(&stock->word);
	do {
		new = old - (unsigned long)account;	/* pages, if it is this account's */
		if (unlikely(new > PB_STOCK_PAGES)) {
			if (old & (PB_STOCK_PAGES | PB_STOCK_FROZEN))
				return nr_pages;
			new = 0;
		}
		if (unlikely(new + nr_pages > PB_STOCK_PAGES))
			return pb_account_stock_put_full(account, nr_pages);
		new += (unsigned long)account + nr_pages;
	} while (unlikely(!atomic_long_try_cmpxchg(&stock->word, &old, new)));
	return 0;
}

/* The same if this CPU's stock has pages of the account and space, and else false: nothing done. */
static __always_inline bool pb_account_stock_put_fast(struct pb_account *account,
						      unsigned long nr_pages)
{
	struct pb_account_stock *stock = this_cpu_ptr(&pb_account_stocks);
	long old = atomic_long_read(&stock->word);

	/* A frozen stock is another word. */
	return likely(nr_pages <= (account->cgroup ? 1 : PB_STOCK_BLOCK_MAX) &&
		      (unsigned long)old - (unsigned long)account <= PB_STOCK_PAGES - nr_pages) &&
	       likely(atomic_long_try_cmpxchg(&stock->word, &old, old + nr_pages));
}

#endif /* PB_ACCOUNT_STOCK_H */
