// SPDX-License-Identifier: GPL-2.0-only
/*
 * Stocks: each CPU keeps pages that are charged to one account and not in use, so that small blocks
 * are charged and uncharged without a lock and without access to a shared cache line. As
 * memcg_stock in mm/memcontrol.c.
 *
 * A stock is one word: the address of the account, which is aligned, and in its low bits a flag and
 * the number of pages.
 *
 *   0 pages              empty, whatever the address is
 *   account | n          n pages of the account
 *   ... | FROZEN         nothing is added or taken
 *
 * The word is changed by compare-exchange, by its CPU in any context and by others that take
 * the pages. So a stock needs no interrupt to be drained, and an offline CPU's is like any other.
 *
 * Limits stay exact. Pages in stocks are charged, so the pages in use are never more than those
 * that were granted. A request that would exceed a limit freezes the stocks first, uncharges what
 * they have of the accounts above that limit, tries again, and unfreezes them. A free that finds
 * a stock frozen uncharges directly. So a request does not fail because of pages in stocks. What
 * is reported is the charge without the stocks (pb_account_stock_sum()).
 *
 * An account does not go away while a stock has pages of it, since these are charged. Its address
 * may be used again after that. A free compares it with the account of its block, which is charged.
 * A charge compares it with the account of the current task, which the key of the stock has:
 *
 *	user namespace, uid, cgroup -> account
 *
 * The key is accessed by tasks on its CPU with preemption off. It holds the user namespace; a
 * cgroup is identified by its serial number, which is not used again. A generation tells that the
 * account may have gone, that limits have changed, or that a charge has exceeded one, by
 * privilege or __GFP_NOFAIL: then the key is not valid. It is raised before the memory of an
 * account is freed, which happens an RCU grace period after the account has gone, and therefore not
 * between the check of the key and the compare-exchange.
 *
 * A charge of the dmem controller cannot be divided. So a stock of a cgroup has pages that
 * were charged one by one, is filled by frees only, and serves single pages. These pages keep the
 * cgroup, also after its removal, so they are uncharged when the stock was not used for a second or
 * two (pb_account_stock_age()).
 */
#include <linux/atomic.h>
#include <linux/cred.h>
#include <linux/percpu.h>
#include <linux/preempt.h>
#include <linux/spinlock.h>
#include <linux/user_namespace.h>

#include "api/account_stock.h"
#include "api/account_types.h"
#include "compat.h"
#include "core/base/platform.h"

DEFINE_PER_CPU_ALIGNED(struct pb_account_stock, pb_account_stocks);
atomic_long_t pb_account_generation = ATOMIC_LONG_INIT(1);

/* One task at a time has stocks frozen. No other lock is taken before it, and no interrupt does. */
static DEFINE_RAW_SPINLOCK(freeze_lock);

/* ---- This CPU's stock ---- */

/**
 * pb_account_stock_put_full - put pages into this CPU's stock, which is full
 * @account: as for pb_account_stock_put()
 * @nr_pages: as for pb_account_stock_put()
 *
 * Context: any, NMI included; preemption off.
 * Return: as pb_account_stock_put().
 */
unsigned long pb_account_stock_put_full(struct pb_account *account, unsigned long nr_pages)
{
	struct pb_account_stock *stock = this_cpu_ptr(&pb_account_stocks);
	unsigned long old = atomic_long_read(&stock->word), n = old & PB_STOCK_PAGES;

	if (pb_stock_account(old) != account || old & PB_STOCK_FROZEN ||
	    n + nr_pages <= PB_STOCK_PAGES ||
	    atomic_long_cmpxchg(&stock->word, old, old + nr_pages - PB_STOCK_BATCH) != old)
		return nr_pages;
	return PB_STOCK_BATCH;
}

/*
 * Replaces the pages of a stock, and sets @was to the word of those that do not stay there; false
 * when it is frozen.
 */
static bool replace(struct pb_account_stock *stock, struct pb_account *account,
		    unsigned long nr_pages, unsigned long *was)
{
	unsigned long new, kept;
	long old = atomic_long_read(&stock->word);

	do {
		if (old & PB_STOCK_FROZEN)
			return false;
		kept = pb_stock_account(old) == account ?
		       min(old & PB_STOCK_PAGES, PB_STOCK_PAGES - nr_pages) : 0;
		*was = old - kept;
		new = (unsigned long)account + nr_pages + kept;
	} while (!atomic_long_try_cmpxchg(&stock->word, &old, new));
	return true;
}

/**
 * pb_account_stock_fill - make this CPU's stock that of the current task
 * @account: the account of the task, which the caller keeps
 * @nr_pages: pages charged to it for the stock, up to PB_STOCK_BATCH; none for a cgroup
 * @generation: pb_account_stock_generation() when the charge was within all limits
 * @uncharge: for pages that do not stay in the stock
 *
 * Context: a task.
 */
void pb_account_stock_fill(struct pb_account *account, unsigned long nr_pages,
			   unsigned long generation, pb_stock_uncharge_fn uncharge)
{
	const struct cred *cred = current_cred();
	struct user_namespace *ns = NULL;
	struct pb_account_stock *stock;
	unsigned long was;

	preempt_disable();
	stock = this_cpu_ptr(&pb_account_stocks);
	if (!replace(stock, account, nr_pages, &was)) {
		was = (unsigned long)account + nr_pages;
	} else {
		if (stock->ns != cred->user_ns) {
			ns = stock->ns;
			stock->ns = get_user_ns(cred->user_ns);
		}
		stock->uid = cred->uid;
		stock->cgroup = pb_dmem_cgroup_serial();
		stock->account = account;
		stock->block_max = account->cgroup ? 1 : PB_STOCK_BLOCK_MAX;
		stock->generation = generation;
	}
	preempt_enable();
	if (was & PB_STOCK_PAGES)
		uncharge(pb_stock_account(was), was & PB_STOCK_PAGES);
	put_user_ns(ns);
}

/* ---- All stocks ---- */

/**
 * pb_account_stock_generation - the generation of valid keys
 *
 * Context: any.
 * Return: a number.
 */
unsigned long pb_account_stock_generation(void)
{
	/* Pairs with the increment: limits read after it are not older. litmus: stock-limit */
	return atomic_long_read_acquire(&pb_account_generation);
}

/**
 * pb_account_stock_invalidate - have each charge go past the stocks once
 *
 * Call it when a limit changes, when an account is going to be freed, and when a charge may exceed
 * a limit, by privilege or with __GFP_NOFAIL. Context: any.
 */
void pb_account_stock_invalidate(void)
{
	/* Ordered after the change of a limit. */
	atomic_long_inc_return(&pb_account_generation);
}

/* Whether pages in a stock are charged to @of; NULL: to any cgroup. Preemption off, for RCU. */
static bool charged_to(unsigned long word, const struct pb_account *of)
{
	const struct pb_account *account = word & PB_STOCK_PAGES ? pb_stock_account(word) : NULL;

	if (!of)
		return account && account->cgroup;
	while (account && account != of)
		account = account->parent;
	return account;
}

static bool freeze(struct pb_account_stock *stock, const struct pb_account *of,
		   pb_stock_uncharge_fn uncharge)
{
	long old = atomic_long_read(&stock->word);
	bool take;

	do {
		take = charged_to(old, of);
	} while (!atomic_long_try_cmpxchg(&stock->word, &old,
					  take ? PB_STOCK_FROZEN : old | PB_STOCK_FROZEN));
	if (take)
		uncharge(pb_stock_account(old), old & PB_STOCK_PAGES);
	return take;
}

/**
 * pb_account_stock_freeze - freeze all stocks, and uncharge their pages of some accounts
 * @of: the account and all below it; compared, not accessed; NULL for those of all cgroups
 * @uncharge: called for the pages
 *
 * Nothing is put into stocks and taken from them until pb_account_stock_unfreeze().
 *
 * Context: a task; returns with preemption off.
 * Return: whether pages were uncharged.
 */
bool pb_account_stock_freeze(const struct pb_account *of, pb_stock_uncharge_fn uncharge)
	__acquires(&freeze_lock)
{
	bool any = false;
	int cpu;

	raw_spin_lock(&freeze_lock);
	for_each_possible_cpu(cpu)
		any |= freeze(per_cpu_ptr(&pb_account_stocks, cpu), of, uncharge);
	return any;
}

/**
 * pb_account_stock_unfreeze - end what pb_account_stock_freeze() began
 *
 * Context: the same task; enables preemption.
 */
void pb_account_stock_unfreeze(void)
	__releases(&freeze_lock)
{
	int cpu;

	for_each_possible_cpu(cpu)
		atomic_long_andnot(PB_STOCK_FROZEN, &per_cpu_ptr(&pb_account_stocks, cpu)->word);
	raw_spin_unlock(&freeze_lock);
}

/**
 * pb_account_stock_drain - uncharge the pages that stocks have of some accounts
 * @of: as for pb_account_stock_freeze()
 * @uncharge: called for the pages
 *
 * Context: a task.
 * Return: whether there were any.
 */
bool pb_account_stock_drain(const struct pb_account *of, pb_stock_uncharge_fn uncharge)
{
	bool any = pb_account_stock_freeze(of, uncharge);

	pb_account_stock_unfreeze();
	return any;
}

/*
 * Takes the pages of a stock that has not changed, if they are of a cgroup. Under the lock, which
 * is an RCU reader, so that a request that freezes the stocks, and the end of all accounts, wait
 * until the pages are uncharged.
 */
static void age(struct pb_account_stock *stock, pb_stock_uncharge_fn uncharge)
{
	bool taken;
	long old;

	raw_spin_lock(&freeze_lock);
	old = atomic_long_read(&stock->word);
	taken = old == stock->seen && charged_to(old, NULL) &&
		atomic_long_try_cmpxchg(&stock->word, &old, 0);
	stock->seen = taken ? 0 : old;
	if (taken)
		uncharge(pb_stock_account(old), old & PB_STOCK_PAGES);
	raw_spin_unlock(&freeze_lock);
}

/**
 * pb_account_stock_age - uncharge the pages of cgroups that stocks have kept since the last call
 * @uncharge: called for the pages
 *
 * A stock that did not change in between is not in use, as far as this tells. Its pages would keep
 * a cgroup that was removed: a module is not notified of the removal. Called about once a second
 * while the CPU of the deferrable work item is not idle.
 *
 * Context: process; one caller at a time.
 */
void pb_account_stock_age(pb_stock_uncharge_fn uncharge)
{
	int cpu;

	for_each_possible_cpu(cpu)
		age(per_cpu_ptr(&pb_account_stocks, cpu), uncharge);
}

/**
 * pb_account_stock_sum - add the pages in stocks to account->stocked of their accounts
 *
 * Context: no account is freed meanwhile.
 */
void pb_account_stock_sum(void)
{
	struct pb_account *account;
	unsigned long word;
	int cpu;

	for_each_possible_cpu(cpu) {
		word = atomic_long_read(&per_cpu_ptr(&pb_account_stocks, cpu)->word);
		account = word & PB_STOCK_PAGES ? pb_stock_account(word) : NULL;
		for (; account; account = account->parent)
			account->stocked += word & PB_STOCK_PAGES;
	}
}

/**
 * pb_account_stock_exit - empty all stocks for good
 * @uncharge: called for their pages
 *
 * Context: process; after the last charge and uncharge.
 */
void pb_account_stock_exit(pb_stock_uncharge_fn uncharge)
{
	struct pb_account_stock *stock;
	int cpu;

	pb_account_stock_drain(&pb_account_everyone, uncharge);
	for_each_possible_cpu(cpu) {
		stock = per_cpu_ptr(&pb_account_stocks, cpu);
		put_user_ns(stock->ns);
		stock->ns = NULL;
	}
}
