// SPDX-License-Identifier: GPL-2.0-only
/*
 * Accounts: what allocations with __GFP_ACCOUNT and the buffers of user space are charged to.
 * account_block.c charges blocks, user/buffer.c buffers. account_limit.c has the limits. Interrupts
 * and kernel threads are exempt, as in __memcg_kmem_charge_page().
 *
 * Accounts are a tree, and a charge goes to one of them and to all above it, or to none:
 *
 *	all programs > owner of a user namespace > ... > user of the task > cgroup of the task
 *
 * Each level but the cgroup has a limit here. Because the owner of a user namespace is charged with
 * its users, as in kernel/ucount.c, a namespace with many users has no more than its owner. The
 * same user in two namespaces has two accounts.
 *
 * With the dmem cgroup controller the task's cgroup is charged too, in a region named "pbuddy"
 * (dmem.max, dmem.current); modules cannot charge any other controller. The controller may allocate
 * memory with GFP_KERNEL, so requests that may not sleep are charged to the user alone. What a
 * charge allocates may sleep, start I/O and call file systems only as far as the request may. With
 * __GFP_NOFAIL a charge exceeds the limits, as in try_charge_memcg() of mm/memcontrol.c.
 *
 * Each CPU has a stock of pages that are charged to an account and not in use (account_stock.c). A
 * block is charged from there, or by charge_task() with pages for the stock. account_uncharge.c
 * uncharges.
 *
 * An account without pages and without accounts below it is freed when others are inserted. An
 * uncharge begins at the lowest account, and subtracts the pages of each as its last access, with
 * release semantics; unused() reads them with acquire semantics.
 *
 * On PREEMPT_RT nothing can be allocated with preemption off. A request fails there when its
 * account does not exist yet.
 *
 * The controller's uncharge is not safe in an NMI. There the uncharge is deferred: it is counted in
 * the account, and an irq_work does it.
 */
#include <linux/capability.h>
#include <linux/cred.h>
#include <linux/hashtable.h>
#include <linux/irq_work.h>
#include <linux/kernel.h>
#include <linux/module.h>
#include <linux/sched.h>
#include <linux/sched/mm.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/uidgid.h>
#include <linux/user_namespace.h>

#include "api/account.h"
#include "api/account_limit.h"
#include "api/account_stock.h"
#include "api/account_types.h"
#include "compat.h"
#include "instance.h"

#define ACCOUNT_BITS	8
#define MAX_TRIES	16	/* to charge a cgroup while stocks have pages of cgroups */
#define MAX_USERS	34	/* the task's user, and owners: namespaces nest 33 deep at most */

/*
 * The lock protects the table and serialises charges; uncharges take no lock. Requests in any
 * context are charged, so it must not sleep on PREEMPT_RT, and no memory is freed while it is held.
 */
static DEFINE_HASHTABLE(accounts, ACCOUNT_BITS);
static DEFINE_RAW_SPINLOCK(accounts_lock);

struct pb_account pb_account_everyone = { .uid = INVALID_UID };
EXPORT_SYMBOL_PB_TEST(pb_account_everyone);

static struct dmem_cgroup_region *region;	/* NULL: the kernel has no dmem controller */

/* ---- The table ---- */

static unsigned long hash_key(const struct pb_account *parent,
			      const struct dmem_cgroup_pool_state *cgroup, kuid_t uid)
{
	return (unsigned long)parent ^ (cgroup ? (unsigned long)cgroup : __kuid_val(uid));
}

static struct pb_account *find_locked(const struct pb_account *parent,
				      const struct dmem_cgroup_pool_state *cgroup, kuid_t uid)
{
	struct pb_account *account;

	lockdep_assert_held(&accounts_lock);
	hash_for_each_possible(accounts, account, node, hash_key(parent, cgroup, uid))
		if (account->parent == parent && account->cgroup == cgroup &&
		    (cgroup || uid_eq(account->uid, uid)))
			return account;
	return NULL;
}

static bool unused(struct pb_account *account)
{
	/* Pairs with the release in pb_account_uncharge(), its last access. */
	return !atomic_long_read_acquire(&account->pages) && !account->nr_children &&
	       !atomic_long_read(&account->deferred_blocks);
}

/* Moves the unused accounts of a bucket to @dead, except @but. */
static void sweep_locked(struct hlist_head *bucket, const struct pb_account *but,
			 struct hlist_head *dead)
{
	struct pb_account *account;
	struct hlist_node *tmp;

	lockdep_assert_held(&accounts_lock);
	hlist_for_each_entry_safe(account, tmp, bucket, node) {
		if (account == but || !unused(account))
			continue;
		hash_del(&account->node);
		account->parent->nr_children--;
		hlist_add_head(&account->node, dead);
		pb_account_stock_invalidate();
	}
}

/* Each call sweeps one bucket, so its time does not grow with the number of accounts. */
static void insert_locked(struct pb_account *new, struct hlist_head *dead)
{
	static unsigned int next;

	lockdep_assert_held(&accounts_lock);
	sweep_locked(&accounts[next++ % HASH_SIZE(accounts)], new->parent, dead);
	new->parent->nr_children++;
	hash_add(accounts, &new->node, hash_key(new->parent, new->cgroup, new->uid));
}

/* Finds an account, or inserts one of @spare. */
static struct pb_account *get_locked(struct pb_account *parent,
				     struct dmem_cgroup_pool_state *cgroup, kuid_t uid,
				     struct hlist_head *spare, struct hlist_head *dead)
{
	struct pb_account *account = find_locked(parent, cgroup, uid);

	if (account || hlist_empty(spare))
		return account;
	account = hlist_entry(spare->first, struct pb_account, node);
	hlist_del(&account->node);
	account->parent = parent;
	account->cgroup = cgroup;
	account->uid = uid;
	insert_locked(account, dead);
	return account;
}

/* The stocks access accounts under RCU (account_stock.c). */
static void free_accounts(struct hlist_head *list)
{
	struct pb_account *account;
	struct hlist_node *tmp;

	hlist_for_each_entry_safe(account, tmp, list, node)
		kfree_rcu(account, rcu);
	INIT_HLIST_HEAD(list);
}

static unsigned long pages_of(const struct pb_account *account)
{
	unsigned long pages = atomic_long_read(&account->pages);

	/* The two were not read at once. */
	return pages - min(pages, account->stocked);
}

void pb_account_for_each(void (*fn)(struct pb_account *account, unsigned long pages, void *arg),
			 void *arg)
{
	struct pb_account *account;
	unsigned long flags;
	unsigned int bucket;

	raw_spin_lock_irqsave(&accounts_lock, flags);
	pb_account_everyone.stocked = 0;
	hash_for_each(accounts, bucket, account, node)
		account->stocked = 0;
	pb_account_stock_sum();
	fn(&pb_account_everyone, pages_of(&pb_account_everyone), arg);
	hash_for_each(accounts, bucket, account, node)
		fn(account, pages_of(account), arg);
	raw_spin_unlock_irqrestore(&accounts_lock, flags);
}
EXPORT_SYMBOL_PB_TEST(pb_account_for_each);

/* ---- Charging ---- */

/**
 * struct charge - a charge that is being made
 * @nr_pages: pages
 * @gfp: pb_account_gfp() of the request, for what the charge allocates
 * @privileged: limits that are not set, and the reserve of the kernel, do not hold
 * @forced: no limit holds, for __GFP_NOFAIL
 * @cgroup: of the task, already charged, or NULL
 * @uid: the task's user, then the owners of its user namespaces, the outermost last
 * @nr_uids: number of @uid
 * @spare: accounts to use for those that do not exist yet
 * @dead: accounts to free
 * @excess: set when a limit is exceeded
 * @exceeded: the account whose limit it is; compared, not accessed
 * @generation: of the stocks, when the charge was within the limits
 */
struct charge {
	unsigned long			nr_pages;
	gfp_t				gfp;
	bool				privileged;
	bool				forced;
	struct dmem_cgroup_pool_state	*cgroup;
	kuid_t				uid[MAX_USERS];
	unsigned int			nr_uids;
	struct hlist_head		spare;
	struct hlist_head		dead;
	struct pb_account_excess	*excess;
	const struct pb_account		*exceeded;
	unsigned long			generation;
};

static void collect_users(struct charge *charge)
{
	const struct cred *cred = current_cred();
	const struct user_namespace *ns = cred->user_ns;

	charge->uid[charge->nr_uids++] = cred->uid;
	for (; ns != &init_user_ns && charge->nr_uids < MAX_USERS; ns = ns->parent)
		charge->uid[charge->nr_uids++] = ns->owner;
}

/* Whether the account may not have @charge->nr_pages more. */
static bool exceeds(const struct pb_account *account, const struct charge *charge)
{
	struct pb_account_excess excess = {
		.uid = account->uid,
		.charged = atomic_long_read(&account->pages),
	};

	if (account->cgroup)	/* the controller has checked it */
		return false;
	if (account == &pb_account_everyone)
		excess.limit = pb_account_limit_of_all(charge->privileged);
	else
		excess.limit = pb_account_limit_of(account->uid, charge->privileged);
	if (charge->nr_pages <= excess.limit && excess.charged <= excess.limit - charge->nr_pages)
		return false;
	*charge->excess = excess;
	return true;
}

/* Returns NULL when an account is missing and @charge->spare is empty. */
static struct pb_account *charge_locked(struct charge *charge)
{
	struct pb_account *account = &pb_account_everyone, *a;
	/* Before the limits are read. */
	unsigned long generation = pb_account_stock_generation();
	unsigned int i;

	lockdep_assert_held(&accounts_lock);
	for (i = charge->nr_uids; i-- && account;)
		account = get_locked(account, NULL, charge->uid[i], &charge->spare, &charge->dead);
	if (account && charge->cgroup)
		account = get_locked(account, charge->cgroup, INVALID_UID, &charge->spare,
				     &charge->dead);
	for (a = charge->forced ? NULL : account; a; a = a->parent) {
		charge->exceeded = a;
		if (exceeds(a, charge))
			return ERR_PTR(-EDQUOT);
	}
	/* Such a charge may leave nothing of the limits for other tasks. */
	if (charge->privileged || charge->forced)
		pb_account_stock_invalidate();
	charge->generation = generation;
	for (a = account; a; a = a->parent)
		atomic_long_add(charge->nr_pages, &a->pages);
	return account;
}

static struct pb_account *charge_once(struct charge *charge)
{
	struct pb_account *account;
	unsigned long flags;

	raw_spin_lock_irqsave(&accounts_lock, flags);
	account = charge_locked(charge);
	raw_spin_unlock_irqrestore(&accounts_lock, flags);
	return account;
}

static bool alloc_spare(struct charge *charge)
{
	struct pb_account *new;
	unsigned int i;

	for (i = 0; i <= charge->nr_uids; i++) {
		new = kzalloc(sizeof(*new), charge->gfp);
		if (!new)
			return false;
		hlist_add_head(&new->node, &charge->spare);
	}
	return true;
}

static struct pb_account *try_charge(struct charge *charge)
{
	struct pb_account *account;
	unsigned int tries;

	for (tries = 0; tries < 2; tries++) {
		account = charge_once(charge);
		if (account || !pb_may_lock() || !alloc_spare(charge))
			break;
	}
	free_accounts(&charge->spare);
	free_accounts(&charge->dead);
	return account ?: ERR_PTR(-ENOMEM);
}

/* Asks the security modules only where they may take locks. */
static bool privileged(void)
{
	return current_user_ns() == &init_user_ns &&
	       cap_raised(current_cap(), CAP_SYS_RESOURCE) &&
	       (!pb_may_lock() || ns_capable_noaudit(&init_user_ns, CAP_SYS_RESOURCE));
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

struct irq_work pb_account_deferred_work = IRQ_WORK_INIT_HARD(uncharge_deferred);

/* Tries again after the pages in stocks were uncharged, while no others get there. */
static struct pb_account *charge_without_stocks(struct charge *charge)
{
	struct pb_account *account;

	pb_account_stock_freeze(charge->exceeded, pb_account_uncharge_stocked);
	account = charge_once(charge);
	pb_account_stock_unfreeze();
	/* An account that had pages in stocks only may have gone. */
	return account ?: try_charge(charge);
}

/*
 * Charges @nr_pages, and @ahead more if no limit is near; returns in @charge how many it charged.
 * The capability is looked at only when the charge fails without it.
 */
static struct pb_account *charge_accounts(struct charge *charge, unsigned long nr_pages,
					  unsigned long ahead)
{
	struct pb_account *account;

	collect_users(charge);
	charge->nr_pages = nr_pages + ahead;
	account = try_charge(charge);
	if (account == ERR_PTR(-EDQUOT) && ahead) {
		charge->nr_pages = nr_pages;
		account = try_charge(charge);
	}
	if (account == ERR_PTR(-EDQUOT) && privileged()) {
		charge->privileged = true;
		account = try_charge(charge);
	}
	if (account == ERR_PTR(-EDQUOT))
		account = charge_without_stocks(charge);
	if (account == ERR_PTR(-EDQUOT) && charge->gfp & __GFP_NOFAIL) {
		charge->forced = true;
		account = try_charge(charge);
	}
	return account;
}

/* The controller allocates with GFP_KERNEL: the scopes leave of that what the request allows. */
static int try_charge_cgroup(struct charge *charge, unsigned long nr_pages)
{
	bool noio = !(charge->gfp & __GFP_IO), nofs = !(charge->gfp & __GFP_FS);
	unsigned int io = noio ? memalloc_noio_save() : 0, fs = nofs ? memalloc_nofs_save() : 0;
	int ret;

	ret = dmem_cgroup_try_charge(region, (u64)nr_pages << PAGE_SHIFT, &charge->cgroup, NULL);
	if (nofs)
		memalloc_nofs_restore(fs);
	if (noio)
		memalloc_noio_restore(io);
	return ret;
}

/*
 * Charges the task's cgroup. As long as stocks have pages of cgroups when that fails, they are
 * uncharged, and it is tried again: the limit may be that of a cgroup above.
 */
static int charge_cgroup(struct charge *charge, unsigned long nr_pages)
{
	unsigned int tries = 0;
	int ret;

	do {
		ret = try_charge_cgroup(charge, nr_pages);
	} while (ret == -EAGAIN && tries++ < MAX_TRIES &&
		 pb_account_stock_drain(NULL, pb_account_uncharge_stocked));
	*charge->excess = (struct pb_account_excess) { .cgroup = true, .uid = INVALID_UID };
	return ret == -EAGAIN ? -EDQUOT : ret;
}

/* Charges a task that is not exempt, and @ahead pages more if no limit is near. */
static struct pb_account *charge_task(struct charge *charge, unsigned long nr_pages,
				      unsigned long ahead)
{
	struct pb_account *account;
	int ret;

	if (region && charge->gfp & __GFP_DIRECT_RECLAIM) {
		ret = charge_cgroup(charge, nr_pages);
		if (ret && !(charge->gfp & __GFP_NOFAIL))
			return ERR_PTR(ret);
		/* The controller cannot be charged over its limit: the user alone is. */
		charge->forced = ret;
	}
	account = charge_accounts(charge, nr_pages, ahead);
	if (IS_ERR(account) && charge->cgroup)
		dmem_cgroup_uncharge(charge->cgroup, (u64)nr_pages << PAGE_SHIFT);
	return account;
}

/**
 * pb_account_try_charge - charge pages to the calling task, or tell which limit forbids it
 * @cred: whose user is charged in place of the calling task, or NULL
 * @nr_pages: number of pages
 * @excess: set with -EDQUOT
 *
 * Context: process, may sleep.
 *
 * Return: the account, for pb_account_uncharge(); NULL when the task is exempt, without @cred;
 * -EDQUOT above a limit; -ENOMEM.
 */
struct pb_account *pb_account_try_charge(const struct cred *cred, unsigned long nr_pages,
					 struct pb_account_excess *excess)
{
	struct charge charge = { .gfp = GFP_KERNEL, .excess = excess };
	struct pb_account *account;
	const struct cred *old;

	if (!cred)
		return pb_account_exempt() ? NULL : charge_task(&charge, nr_pages, 0);
	/* Not to its cgroup, which can be charged by a task of its own only. */
	old = override_creds(cred);
	account = charge_accounts(&charge, nr_pages, 0);
	revert_creds(old);
	return account;
}

/**
 * pb_account_charge_block - charge a block to the calling task
 * @nr_pages: number of pages
 * @gfp: pb_account_gfp() of the request
 * @excess: set with -EDQUOT
 *
 * Small blocks are charged from this CPU's stock, or with pages for it.
 *
 * Context: any; may sleep as @gfp says.
 *
 * Return: as pb_account_try_charge(), for pb_account_uncharge_pages().
 */
struct pb_account *pb_account_charge_block(unsigned long nr_pages, gfp_t gfp,
					   struct pb_account_excess *excess)
{
	struct charge charge = { .gfp = gfp, .excess = excess };
	bool stocked = nr_pages <= PB_STOCK_BLOCK_MAX && !(region && !(gfp & __GFP_DIRECT_RECLAIM));
	struct pb_account *account;

	if (pb_account_exempt())
		return NULL;
	account = charge_task(&charge, nr_pages, stocked && !region ? PB_STOCK_BATCH : 0);
	/* The key of the stock stays invalid after a charge over a limit. */
	if (stocked && !IS_ERR(account) && !charge.privileged && !charge.forced)
		pb_account_stock_fill(account, charge.nr_pages - nr_pages, charge.generation,
				      pb_account_uncharge_stocked);
	return account;
}

/* ---- Start and end ---- */

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

	pb_account_stock_exit(pb_account_uncharge_stocked);
	irq_work_sync(&pb_account_deferred_work);
	hash_for_each_safe(accounts, bucket, tmp, account, node) {
		hash_del(&account->node);
		kfree(account);
	}
	dmem_cgroup_unregister_region(region);
	region = NULL;
}
