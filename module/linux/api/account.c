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
 * memory with GFP_KERNEL, so requests that may not sleep are charged to the user alone.
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
#include <linux/preempt.h>
#include <linux/sched.h>
#include <linux/seq_file.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/uidgid.h>
#include <linux/user_namespace.h>

#include "api/account.h"
#include "api/account_limit.h"
#include "compat.h"
#include "instance.h"

#define ACCOUNT_BITS	8
#define MAX_USERS	34	/* the task's user, and owners: namespaces nest 33 deep at most */

/**
 * struct pb_account - a cgroup or user that pages are charged to, or all programs
 * @node: in accounts
 * @parent: account that its pages are charged to as well, NULL for all programs
 * @nr_children: accounts in the table with this parent
 * @cgroup: the controller's state of a cgroup, or NULL
 * @uid: the user, when @cgroup is NULL
 * @pages: pages charged now, with those of the accounts below
 * @deferred_pages: pages uncharged in an NMI that the controller does not know of yet
 * @deferred_blocks: number of those uncharges
 */
struct pb_account {
	struct hlist_node		node;
	struct pb_account		*parent;
	unsigned long			nr_children;
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

static struct pb_account everyone = { .uid = INVALID_UID };

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

static void free_accounts(struct hlist_head *list)
{
	struct pb_account *account;
	struct hlist_node *tmp;

	hlist_for_each_entry_safe(account, tmp, list, node)
		kfree(account);
	INIT_HLIST_HEAD(list);
}

/* ---- Charging ---- */

/**
 * struct charge - a charge that is being made
 * @nr_pages: pages
 * @privileged: limits that are not set, and the reserve of the kernel, do not hold
 * @cgroup: of the task, already charged, or NULL
 * @uid: the task's user, then the owners of its user namespaces, the outermost last
 * @nr_uids: number of @uid
 * @spare: accounts to use for those that do not exist yet
 * @dead: accounts to free
 * @excess: set when a limit is exceeded
 */
struct charge {
	unsigned long			nr_pages;
	bool				privileged;
	struct dmem_cgroup_pool_state	*cgroup;
	kuid_t				uid[MAX_USERS];
	unsigned int			nr_uids;
	struct hlist_head		spare;
	struct hlist_head		dead;
	struct pb_account_excess	*excess;
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
	if (account == &everyone)
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
	struct pb_account *account = &everyone, *a;
	unsigned int i;

	lockdep_assert_held(&accounts_lock);
	for (i = charge->nr_uids; i-- && account;)
		account = get_locked(account, NULL, charge->uid[i], &charge->spare, &charge->dead);
	if (account && charge->cgroup)
		account = get_locked(account, charge->cgroup, INVALID_UID, &charge->spare,
				     &charge->dead);
	for (a = account; a; a = a->parent)
		if (exceeds(a, charge))
			return ERR_PTR(-EDQUOT);
	for (a = account; a; a = a->parent)
		atomic_long_add(charge->nr_pages, &a->pages);
	return account;
}

static bool alloc_spare(struct charge *charge, gfp_t gfp)
{
	struct pb_account *new;
	unsigned int i;

	for (i = 0; i <= charge->nr_uids; i++) {
		new = kzalloc(sizeof(*new), gfp);
		if (!new)
			return false;
		hlist_add_head(&new->node, &charge->spare);
	}
	return true;
}

static struct pb_account *try_charge(struct charge *charge, bool may_sleep)
{
	gfp_t gfp = may_sleep ? GFP_KERNEL : GFP_NOWAIT | __GFP_NOWARN;
	struct pb_account *account;
	unsigned long flags;
	unsigned int tries;

	for (tries = 0; tries < 2; tries++) {
		raw_spin_lock_irqsave(&accounts_lock, flags);
		account = charge_locked(charge);
		raw_spin_unlock_irqrestore(&accounts_lock, flags);
		if (account || !pb_may_lock() || !alloc_spare(charge, gfp))
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

/* The capability is looked at only when the charge fails without it. */
static struct pb_account *charge_accounts(struct dmem_cgroup_pool_state *cgroup,
					  unsigned long nr_pages, bool may_sleep,
					  struct pb_account_excess *excess)
{
	struct charge charge = { .nr_pages = nr_pages, .cgroup = cgroup, .excess = excess };
	struct pb_account *account;

	collect_users(&charge);
	account = try_charge(&charge, may_sleep);
	if (account == ERR_PTR(-EDQUOT) && privileged()) {
		charge.privileged = true;
		account = try_charge(&charge, may_sleep);
	}
	return account;
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
 * pb_account_try_charge - charge pages to the calling task, or tell which limit forbids it
 * @nr_pages: number of pages
 * @may_sleep: whether this may sleep
 * @excess: set with -EDQUOT
 *
 * Context: any; may sleep with @may_sleep.
 *
 * Return: the account, for pb_account_uncharge(); NULL when the task is exempt; -EDQUOT above a
 * limit; -ENOMEM.
 */
struct pb_account *pb_account_try_charge(unsigned long nr_pages, bool may_sleep,
					 struct pb_account_excess *excess)
{
	struct dmem_cgroup_pool_state *cgroup = NULL;
	struct pb_account *account;
	int ret;

	if (pb_account_exempt())
		return NULL;
	if (region && may_sleep) {
		ret = dmem_cgroup_try_charge(region, (u64)nr_pages << PAGE_SHIFT, &cgroup, NULL);
		*excess = (struct pb_account_excess) { .cgroup = true, .uid = INVALID_UID };
		if (ret)
			return ERR_PTR(ret == -EAGAIN ? -EDQUOT : ret);
	}
	account = charge_accounts(cgroup, nr_pages, may_sleep, excess);
	if (IS_ERR(account) && cgroup)
		dmem_cgroup_uncharge(cgroup, (u64)nr_pages << PAGE_SHIFT);
	return account;
}

/**
 * pb_account_charge - charge pages to the calling task
 * @nr_pages: number of pages
 * @may_sleep: whether this may sleep
 *
 * Context: any; may sleep with @may_sleep.
 *
 * Return: as pb_account_try_charge().
 */
struct pb_account *pb_account_charge(unsigned long nr_pages, bool may_sleep)
{
	struct pb_account_excess excess;

	return pb_account_try_charge(nr_pages, may_sleep, &excess);
}

static void uncharge_cgroup(struct pb_account *account, unsigned long nr_pages)
{
	if (!in_nmi()) {
		dmem_cgroup_uncharge(account->cgroup, (u64)nr_pages << PAGE_SHIFT);
		return;
	}
	atomic_long_add(nr_pages, &account->deferred_pages);
	atomic_long_inc(&account->deferred_blocks);
	irq_work_queue(&deferred_work);
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
	struct pb_account *parent;

	for (; account; account = parent) {
		parent = account->parent;
		if (account->cgroup)
			uncharge_cgroup(account, nr_pages);
		/* Pairs with the acquire in unused(): an account without pages may be freed. */
		atomic_long_fetch_sub_release(nr_pages, &account->pages);
	}
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

/* ---- Output, start and end ---- */

static void show_limit(struct seq_file *m, unsigned long limit)
{
	if (limit == ULONG_MAX)
		seq_puts(m, "-\n");
	else
		seq_printf(m, "%lu\n", limit);
}

static void show_account(struct seq_file *m, const struct pb_account *account)
{
	long pages = atomic_long_read(&account->pages);

	if (!pages)
		return;
	if (account->cgroup)
		seq_puts(m, "cgroup - ");
	else
		seq_printf(m, "user %u ", from_kuid_munged(&init_user_ns, account->uid));
	if (account->parent == &everyone)
		seq_puts(m, "- ");
	else
		seq_printf(m, "%u ", from_kuid_munged(&init_user_ns, account->parent->uid));
	seq_printf(m, "%ld ", pages);
	show_limit(m, account->cgroup ? ULONG_MAX : pb_account_limit_of(account->uid, false));
}

/**
 * pb_account_show - print the accounts that have pages, one to a line
 * @m: output: kind, user, user that is charged as well, pages, and the limit without privilege
 *
 * Context: process.
 */
void pb_account_show(struct seq_file *m)
{
	struct pb_account *account;
	unsigned int bucket;

	seq_printf(m, "all - - %ld ", atomic_long_read(&everyone.pages));
	show_limit(m, pb_account_limit_of_all(false));
	raw_spin_lock_irq(&accounts_lock);
	hash_for_each(accounts, bucket, account, node)
		show_account(m, account);
	raw_spin_unlock_irq(&accounts_lock);
}

/**
 * pb_account_text - describe an account
 * @account: the account, which has pages, or NULL
 * @text: where to
 * @len: its length, PB_ACCOUNT_TEXT_LEN
 *
 * Context: any.
 * Return: @text.
 */
const char *pb_account_text(const struct pb_account *account, char *text, size_t len)
{
	if (!account)
		strscpy(text, "none", len);
	else if (account->cgroup)
		strscpy(text, "cgroup", len);
	else
		snprintf(text, len, "uid=%u", from_kuid_munged(&init_user_ns, account->uid));
	return text;
}

/**
 * pb_account_user - the user in the initial namespace that pays for a task
 * @cred: credentials of the task
 *
 * Context: any; the caller keeps @cred.
 * Return: the user, or the owner of the outermost user namespace.
 */
kuid_t pb_account_user(const struct cred *cred)
{
	const struct user_namespace *ns;
	kuid_t uid = cred->uid;

	for (ns = cred->user_ns; ns != &init_user_ns; ns = ns->parent)
		uid = ns->owner;
	return uid;
}

/**
 * pb_account_next_user - iterate over the users in the initial namespace that have pages
 * @uid: the last one, or INVALID_UID to begin; set to the next, in ascending order
 * @pages: set to its pages, with those of the namespaces it owns
 *
 * Context: process.
 * Return: false when there is no other.
 */
bool pb_account_next_user(kuid_t *uid, unsigned long *pages)
{
	const struct pb_account *account, *next = NULL;
	unsigned int bucket;

	raw_spin_lock_irq(&accounts_lock);
	hash_for_each(accounts, bucket, account, node) {
		if (account->parent != &everyone || !atomic_long_read(&account->pages))
			continue;
		if (uid_valid(*uid) && uid_lte(account->uid, *uid))
			continue;
		if (!next || uid_lt(account->uid, next->uid))
			next = account;
	}
	if (next) {
		*uid = next->uid;
		*pages = atomic_long_read(&next->pages);
	}
	raw_spin_unlock_irq(&accounts_lock);
	return next;
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
