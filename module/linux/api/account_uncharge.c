// SPDX-License-Identifier: GPL-2.0-only
/*
 * Uncharges accounts. A small block goes to this CPU's stock, what does not fit there to the
 * account and all above it. In an NMI the controller's part is deferred. account.c describes
 * accounts and charges them.
 */
#include <linux/atomic.h>
#include <linux/irq_work.h>
#include <linux/preempt.h>

#include "api/account_stock.h"
#include "api/account_types.h"
#include "api/account_uncharge.h"
#include "compat.h"

/* Each uncharge of the controller drops the reference of one charge. */
static void uncharge_cgroup(struct pb_account *account, unsigned long nr_pages,
			    unsigned long nr_charges)
{
	if (in_nmi()) {
		atomic_long_add(nr_pages, &account->deferred_pages);
		atomic_long_add(nr_charges, &account->deferred_blocks);
		irq_work_queue(&pb_account_deferred_work);
		return;
	}
	for (; nr_charges; nr_charges--, nr_pages = 0)
		dmem_cgroup_uncharge(account->cgroup, (u64)nr_pages << PAGE_SHIFT);
}

static void uncharge(struct pb_account *account, unsigned long nr_pages, unsigned long nr_charges)
{
	struct pb_account *parent;

	for (; account; account = parent) {
		parent = account->parent;
		if (account->cgroup)
			uncharge_cgroup(account, nr_pages, nr_charges);
		/* Pairs with the acquire in unused(): an account without pages may be freed. */
		atomic_long_fetch_sub_release(nr_pages, &account->pages);
	}
}

/**
 * pb_account_uncharge_stocked - uncharge pages that were in a stock
 * @account: the account
 * @nr_pages: number of pages
 *
 * Context: any, NMI included.
 */
void pb_account_uncharge_stocked(struct pb_account *account, unsigned long nr_pages)
{
	/* A stock of a cgroup has pages that were charged one by one. */
	uncharge(account, nr_pages, nr_pages);
}

/**
 * pb_account_age_stocks - uncharge the pages of cgroups that stocks have not used lately
 *
 * Context: process; one caller at a time, once a second.
 */
void pb_account_age_stocks(void)
{
	pb_account_stock_age(pb_account_uncharge_stocked);
}

/**
 * pb_account_uncharge - undo pb_account_try_charge()
 * @account: the account it returned; NULL is allowed
 * @nr_pages: the same number
 *
 * Context: any, NMI included.
 */
void pb_account_uncharge(struct pb_account *account, unsigned long nr_pages)
{
	uncharge(account, nr_pages, 1);
}

/**
 * pb_account_uncharge_left - uncharge pages that do not fit into this CPU's stock
 * @account: the account
 * @nr_pages: pages that were to be put into the stock
 * @left: what pb_account_stock_put() returned, not 0
 *
 * Context: any, NMI included.
 */
void pb_account_uncharge_left(struct pb_account *account, unsigned long nr_pages,
			      unsigned long left)
{
	if (left == nr_pages)
		uncharge(account, nr_pages, 1);
	else
		pb_account_uncharge_stocked(account, left);
}

/**
 * pb_account_uncharge_pages - undo pb_account_charge_block()
 * @account: the account it returned
 * @nr_pages: the same number
 *
 * Context: any, NMI included.
 */
void pb_account_uncharge_pages(struct pb_account *account, unsigned long nr_pages)
{
	unsigned long left;

	preempt_disable();
	left = pb_account_stock_put(account, nr_pages);
	preempt_enable();
	if (left)
		pb_account_uncharge_left(account, nr_pages, left);
}

/**
 * pb_account_uncharge_part - uncharge some pages of a charge
 * @account: the account; NULL is allowed
 * @nr_pages: fewer than are charged
 *
 * Context: any.
 * Return: false when it was not done: each charge of the controller is undone as a whole.
 */
bool pb_account_uncharge_part(struct pb_account *account, unsigned long nr_pages)
{
	if (account && account->cgroup)
		return false;
	pb_account_uncharge(account, nr_pages);
	return true;
}
