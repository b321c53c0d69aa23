/* SPDX-License-Identifier: GPL-2.0-only */
/* The structure of an account, for the files account*.c. See account.c. */
#ifndef PB_ACCOUNT_TYPES_H
#define PB_ACCOUNT_TYPES_H

#include <linux/cache.h>
#include <linux/rcupdate.h>
#include <linux/types.h>
#include <linux/uidgid.h>

struct dmem_cgroup_pool_state;

/* Alignment of an account: the low bits of its address are free for a number (account_stock.c). */
#define PB_ACCOUNT_ALIGN	256

/**
 * struct pb_account - a cgroup or user that pages are charged to, or all programs
 * @parent: account that its pages are charged to as well, NULL for all programs
 * @cgroup: the controller's state of a cgroup, or NULL
 * @uid: the user, when @cgroup is NULL
 * @node: in the table
 * @nr_children: accounts in the table with this parent
 * @stocked: scratch space of pb_account_for_each(), under its lock
 * @rcu: for the free
 * @pages: pages charged now, with those of the accounts below, and those in stocks
 * @deferred_pages: pages uncharged in an NMI that the controller does not know of yet
 * @deferred_blocks: number of those uncharges
 */
struct pb_account {
	struct pb_account		*parent;
	struct dmem_cgroup_pool_state	*cgroup;
	kuid_t				uid;
	struct hlist_node		node;
	unsigned long			nr_children;
	unsigned long			stocked;
	struct rcu_head			rcu;
	atomic_long_t			pages ____cacheline_aligned_in_smp;
	atomic_long_t			deferred_pages;
	atomic_long_t			deferred_blocks;
} __aligned(PB_ACCOUNT_ALIGN);

extern struct pb_account pb_account_everyone;

/* Calls fn(account, pages, arg) with a lock held, for all programs and then each account. */
void pb_account_for_each(void (*fn)(struct pb_account *account, unsigned long pages, void *arg),
			 void *arg);

#endif /* PB_ACCOUNT_TYPES_H */
