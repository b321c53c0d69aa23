// SPDX-License-Identifier: GPL-2.0-only
/*
 * Accounts: what allocations with __GFP_ACCOUNT and the buffers of user space are charged to.
 * account_block.c charges blocks, user/buffer.c buffers. Interrupts and kernel threads are exempt,
 * as in __memcg_kmem_charge_page().
 *
 * With the dmem cgroup controller the task's cgroup is charged, in a region named "pbuddy"
 * (dmem.max, dmem.current); modules cannot charge any other controller. Without it the task's user
 * is charged, up to account_limit_kbytes= each. The same holds for requests that may not sleep,
 * because the controller does not promise to be safe for them.
 *
 * Both are accounts. An account without pages is freed when another one is inserted. An uncharge
 * subtracts the pages last, with release semantics; unused() reads them with acquire semantics.
 *
 * On PREEMPT_RT nothing can be allocated with preemption off. A request fails there when its
 * account does not exist yet.
 *
 * The controller's uncharge is not safe in an NMI. There the uncharge is deferred: it is counted in
 * the account, and an irq_work does it.
 */
#include <linux/cred.h>
#include <linux/hashtable.h>
#include <linux/irq_work.h>
#include <linux/kernel.h>
#include <linux/module.h>
#include <linux/preempt.h>
#include <linux/sched.h>
#include <linux/seq_file.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/uidgid.h>

#include "api/account.h"
#include "compat.h"
#include "instance.h"

#define ACCOUNT_BITS	6

unsigned long pb_account_limit_kbytes;
EXPORT_SYMBOL_PB_TEST(pb_account_limit_kbytes);
module_param_named(account_limit_kbytes, pb_account_limit_kbytes, ulong, 0644);
MODULE_PARM_DESC(account_limit_kbytes, "KiB that one user may have of buffers and of allocations with __GFP_ACCOUNT, where no dmem cgroup is charged for them (default: 0, any number)");

/**
 * struct pb_account - a cgroup or user that pages are charged to
 * @node: in accounts
 * @cgroup: the controller's state of a cgroup, or NULL
 * @uid: the user, when @cgroup is NULL
 * @pages: pages charged now
 * @deferred_pages: pages uncharged in an NMI that the controller does not know of yet
 * @deferred_blocks: number of those uncharges
 */
struct pb_account {
	struct hlist_node		node;
	struct dmem_cgroup_pool_state	*cgroup;
	kuid_t				uid;
	atomic_long_t			pages;
	atomic_long_t			deferred_pages;
	atomic_long_t			deferred_blocks;
};

/*
 * The lock protects the table and serialises charges; uncharges take no lock. Requests in any
 * context are charged, so it must not sleep on PREEMPT_RT, and no memory is freed while it is held.
 */
static DEFINE_HASHTABLE(accounts, ACCOUNT_BITS);
static DEFINE_RAW_SPINLOCK(accounts_lock);

static struct dmem_cgroup_region *region;	/* NULL: the kernel has no dmem controller */

/* ---- Accounts ---- */

static unsigned long hash_key(const struct dmem_cgroup_pool_state *cgroup, kuid_t uid)
{
	return cgroup ? (unsigned long)cgroup : __kuid_val(uid);
}

static struct pb_account *find_locked(const struct dmem_cgroup_pool_state *cgroup, kuid_t uid)
{
	struct pb_account *account;

	lockdep_assert_held(&accounts_lock);
	hash_for_each_possible(accounts, account, node, hash_key(cgroup, uid))
		if (account->cgroup == cgroup && (cgroup || uid_eq(account->uid, uid)))
			return account;
	return NULL;
}

static bool unused(struct pb_account *account)
{
	/* Pairs with the release in pb_account_uncharge(), its last access. */
	return !atomic_long_read_acquire(&account->pages) &&
	       !atomic_long_read(&account->deferred_blocks);
}

/* Moves the accounts without pages to @dead. */
static void insert_locked(struct pb_account *new, struct hlist_head *dead)
{
	struct pb_account *account;
	struct hlist_node *tmp;
	unsigned int bucket;

	lockdep_assert_held(&accounts_lock);
	hash_for_each_safe(accounts, bucket, tmp, account, node) {
		if (unused(account)) {
			hash_del(&account->node);
			hlist_add_head(&account->node, dead);
		}
	}
	hash_add(accounts, &new->node, hash_key(new->cgroup, new->uid));
}

/* Charges the account of a cgroup or user; uses @new when there is none yet. */
static struct pb_account *charge_locked(struct dmem_cgroup_pool_state *cgroup, kuid_t uid,
					unsigned long nr_pages, struct pb_account **new,
					struct hlist_head *dead)
{
	unsigned long limit = READ_ONCE(pb_account_limit_kbytes) >> (PAGE_SHIFT - 10);
	struct pb_account *account = find_locked(cgroup, uid);

	lockdep_assert_held(&accounts_lock);
	if (!account) {
		account = *new;
		if (!account)
			return NULL;
		*new = NULL;
		account->cgroup = cgroup;
		account->uid = uid;
		insert_locked(account, dead);
	}
	if (!cgroup && READ_ONCE(pb_account_limit_kbytes) &&
	    nr_pages + atomic_long_read(&account->pages) > limit)
		return ERR_PTR(-EDQUOT);
	atomic_long_add(nr_pages, &account->pages);
	return account;
}

static void free_accounts(struct hlist_head *dead)
{
	struct pb_account *account;
	struct hlist_node *tmp;

	hlist_for_each_entry_safe(account, tmp, dead, node)
		kfree(account);
}

static struct pb_account *charge_account(struct dmem_cgroup_pool_state *cgroup,
					 unsigned long nr_pages, bool may_sleep)
{
	struct pb_account *account, *new = NULL;
	HLIST_HEAD(dead);
	unsigned long flags;
	unsigned int tries;

	for (tries = 0; tries < 2; tries++) {
		raw_spin_lock_irqsave(&accounts_lock, flags);
		account = charge_locked(cgroup, current_uid(), nr_pages, &new, &dead);
		raw_spin_unlock_irqrestore(&accounts_lock, flags);
		if (account || !pb_may_lock())
			break;
		new = kzalloc(sizeof(*new), may_sleep ? GFP_KERNEL : GFP_NOWAIT | __GFP_NOWARN);
		if (!new)
			break;
	}
	kfree(new);
	free_accounts(&dead);
	return account ?: ERR_PTR(-ENOMEM);
}

/* Does the uncharges that NMIs deferred. */
static void uncharge_deferred(struct irq_work *unused_work)
{
	struct pb_account *account;
	unsigned long flags, pages;
	unsigned int bucket;
	long blocks;

	raw_spin_lock_irqsave(&accounts_lock, flags);
	hash_for_each(accounts, bucket, account, node) {
		blocks = atomic_long_xchg(&account->deferred_blocks, 0);
		if (!blocks)
			continue;
		pages = atomic_long_xchg(&account->deferred_pages, 0);
		/* Each uncharge drops the reference of one charge. */
		for (; blocks; blocks--, pages = 0)
			dmem_cgroup_uncharge(account->cgroup, (u64)pages << PAGE_SHIFT);
	}
	raw_spin_unlock_irqrestore(&accounts_lock, flags);
}

static struct irq_work deferred_work = IRQ_WORK_INIT_HARD(uncharge_deferred);

/**
 * pb_account_exempt - whether the calling context is not charged
 *
 * As memcg_kmem_bypass() in mm/memcontrol.c.
 *
 * Context: any.
 * Return: whether it is exempt.
 */
bool pb_account_exempt(void)
{
	return !in_task() || current->flags & PF_KTHREAD;
}

/**
 * pb_account_charge - charge pages to the calling task
 * @nr_pages: number of pages
 * @may_sleep: whether this may sleep
 *
 * Context: any; may sleep with @may_sleep.
 *
 * Return: the account, for pb_account_uncharge(); NULL when the task is exempt; -EDQUOT above the
 * limit; -ENOMEM.
 */
struct pb_account *pb_account_charge(unsigned long nr_pages, bool may_sleep)
{
	struct dmem_cgroup_pool_state *cgroup = NULL;
	struct pb_account *account;
	int ret;

	if (pb_account_exempt())
		return NULL;
	if (region && may_sleep) {
		ret = dmem_cgroup_try_charge(region, (u64)nr_pages << PAGE_SHIFT, &cgroup, NULL);
		if (ret)
			return ERR_PTR(ret == -EAGAIN ? -EDQUOT : ret);
	}
	account = charge_account(cgroup, nr_pages, may_sleep);
	if (IS_ERR(account) && cgroup)
		dmem_cgroup_uncharge(cgroup, (u64)nr_pages << PAGE_SHIFT);
	return account;
}

/**
 * pb_account_uncharge - undo pb_account_charge()
 * @account: the account it returned; NULL is allowed
 * @nr_pages: the same number
 *
 * Context: any, NMI included.
 */
void pb_account_uncharge(struct pb_account *account, unsigned long nr_pages)
{
	if (!account)
		return;
	if (account->cgroup && in_nmi()) {
		atomic_long_add(nr_pages, &account->deferred_pages);
		atomic_long_inc(&account->deferred_blocks);
		irq_work_queue(&deferred_work);
	} else if (account->cgroup) {
		dmem_cgroup_uncharge(account->cgroup, (u64)nr_pages << PAGE_SHIFT);
	}
	/* Pairs with the acquire in unused(): an account without pages may be freed. */
	atomic_long_fetch_sub_release(nr_pages, &account->pages);
}

/* ---- Output, start and end ---- */

/**
 * pb_account_show - print the accounts that have pages
 * @m: output
 *
 * Context: process.
 */
void pb_account_show(struct seq_file *m)
{
	struct pb_account *account;
	unsigned int bucket;
	long pages;

	raw_spin_lock_irq(&accounts_lock);
	hash_for_each(accounts, bucket, account, node) {
		pages = atomic_long_read(&account->pages);
		if (pages && account->cgroup)
			seq_printf(m, "cgroup %ld\n", pages);
		else if (pages)
			seq_printf(m, "uid %u %ld\n", from_kuid_munged(&init_user_ns, account->uid),
				   pages);
	}
	raw_spin_unlock_irq(&accounts_lock);
}

/* Blocks freed in NMIs whose uncharge is deferred. */
long pb_account_deferred_blocks(void)
{
	struct pb_account *account;
	unsigned long flags;
	unsigned int bucket;
	long blocks = 0;

	raw_spin_lock_irqsave(&accounts_lock, flags);
	hash_for_each(accounts, bucket, account, node)
		blocks += atomic_long_read(&account->deferred_blocks);
	raw_spin_unlock_irqrestore(&accounts_lock, flags);
	return blocks;
}
EXPORT_SYMBOL_PB_TEST(pb_account_deferred_blocks);

/**
 * pb_account_init - register the dmem region of the pool
 *
 * Context: process, may sleep; the pool exists.
 * Return: 0 or a negative errno.
 */
int pb_account_init(void)
{
	u64 bytes = (u64)pb_instance_pages() << PAGE_SHIFT;
	struct dmem_cgroup_region *made = pb_dmem_register_region(bytes, "pbuddy");

	if (IS_ERR(made))
		return PTR_ERR(made);
	region = made;
	return 0;
}

/**
 * pb_account_exit - free all accounts
 *
 * Context: process, may sleep; after the last uncharge.
 */
void pb_account_exit(void)
{
	struct pb_account *account;
	struct hlist_node *tmp;
	unsigned int bucket;

	irq_work_sync(&deferred_work);
	hash_for_each_safe(accounts, bucket, tmp, account, node) {
		hash_del(&account->node);
		kfree(account);
	}
	dmem_cgroup_unregister_region(region);
	region = NULL;
}
