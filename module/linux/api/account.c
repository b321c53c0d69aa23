// SPDX-License-Identifier: GPL-2.0-only
/*
 * Accounting of allocations with __GFP_ACCOUNT and of the buffers of user space.
 *
 * An allocation is charged to the calling task after the pages were found. When that exceeds a
 * limit, the pages are freed and the request fails. Interrupts and kernel threads are exempt, as in
 * __memcg_kmem_charge_page().
 *
 * With the dmem cgroup controller the task's cgroup is charged, in a region named "pbuddy"
 * (dmem.max, dmem.current); modules cannot charge any other controller. Without it the task's user
 * is charged, up to account_limit_kbytes= each. The same holds for requests that may not sleep,
 * because the controller does not promise to be safe for them.
 *
 * Both are accounts. The account of a block is stored in an array of its pageblock. The array is
 * allocated when the first block in the pageblock is charged, and kept, so that a free allocates
 * nothing. PB_FRAME_ACCOUNTED in the page order map says that a block is charged, and makes its
 * free leave the fast path. So blocks that are not charged have no extra cost.
 *
 * An entry of the array is written by the owner of the block, as the page order map. An account
 * without pages is freed when another one is inserted. An uncharge subtracts the pages last, with
 * release semantics; unused() reads them with acquire semantics.
 *
 * On PREEMPT_RT nothing can be allocated with preemption off. A request fails there when its
 * account or the array does not exist yet.
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
#include <linux/xarray.h>

#include "api/account.h"
#include "compat.h"
#include "core/alloc/alloc.h"
#include "core/alloc/bulk.h"
#include "core/alloc/slowpath.h"
#include "core/compact/movable.h"
#include "hooks/guard_pages.h"
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

/* By pageblock: an array of PB_PAGEBLOCK_NR accounts, kept until unload. */
static DEFINE_XARRAY(owners);

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

/* As memcg_kmem_bypass() in mm/memcontrol.c. */
static bool charge_exempt(void)
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

	if (charge_exempt())
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

/* ---- Blocks ---- */

static struct pb_account **owner_of(unsigned long pfn)
{
	struct pb_account **array = xa_load(&owners, pfn >> PB_PAGEBLOCK_ORDER);

	return array ? &array[pfn & (PB_PAGEBLOCK_NR - 1)] : NULL;
}

/* The same, but allocates the array when there is none. NULL: no memory. May sleep as gfp says. */
static struct pb_account **make_owner(unsigned long pfn, gfp_t gfp)
{
	struct pb_account **owner = owner_of(pfn), **array, *other;

	if (owner || !pb_may_lock())
		return owner;
	array = kcalloc(PB_PAGEBLOCK_NR, sizeof(*array), gfp);
	if (!array)
		return NULL;
	other = xa_cmpxchg(&owners, pfn >> PB_PAGEBLOCK_ORDER, NULL, array, gfp);
	if (other)
		kfree(array);
	return xa_is_err(other) ? NULL : owner_of(pfn);
}

/* Charges a block that the caller owns. */
static int charge_block(unsigned long pfn, unsigned int order, bool may_sleep)
{
	struct pb_account *account, **owner;

	owner = make_owner(pfn, may_sleep ? GFP_KERNEL : GFP_NOWAIT | __GFP_NOWARN);
	if (!owner)
		return -ENOMEM;
	account = pb_account_charge(1UL << order, may_sleep);
	if (IS_ERR_OR_NULL(account))
		return PTR_ERR_OR_ZERO(account);
	*owner = account;
	pb_set_accounted(&pb_instance, pfn);
	return 0;
}

static enum pb_reason reason_of(int err)
{
	return err == -EDQUOT ? PB_REASON_LIMIT : PB_REASON_WATERMARK;
}

/**
 * pb_account_block - charge an allocated block, or free it
 * @rq: the request
 * @pfn: the block
 * @reason: set when this fails, or NULL
 *
 * Context: that of the request.
 * Return: @pfn, or PB_NO_PFN after the block was freed.
 */
unsigned long pb_account_block(const struct pb_request *rq, unsigned long pfn,
			       enum pb_reason *reason)
{
	int err = charge_exempt() ? 0 : charge_block(pfn, rq->order, rq->flags & PB_ALLOC_WAIT);

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
 * @reason: set when fewer are charged, or NULL
 *
 * Context: that of the request.
 * Return: number of blocks charged; the others were freed.
 */
unsigned long pb_account_bulk(const struct pb_request *rq, unsigned long nr, unsigned long *pfns,
			      enum pb_reason *reason)
{
	unsigned long i, k;
	int err = 0;

	if (charge_exempt())
		return nr;
	for (i = 0; i < nr && !err; i++)
		err = charge_block(pfns[i], rq->order, rq->flags & PB_ALLOC_WAIT);
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
 * @reason: set when this fails, or NULL
 *
 * Each page is charged separately, because it may be freed separately.
 *
 * Context: that of the request.
 * Return: @pfn, or PB_NO_PFN after all pages were freed.
 */
unsigned long pb_account_contig(const struct pb_request *rq, unsigned long pfn,
				unsigned long nr_pages, enum pb_reason *reason)
{
	bool may_sleep = rq->flags & PB_ALLOC_WAIT;
	unsigned long i;
	int err = 0;

	if (charge_exempt())
		return pfn;
	for (i = 0; i < nr_pages && !err; i++) {
		err = charge_block(pfn + i, 0, may_sleep);
		if (may_sleep && !(i % PB_PAGEBLOCK_NR))
			cond_resched();
	}
	if (likely(!err))
		return pfn;
	pb_free_contig(&pb_instance, pfn, nr_pages);
	return pb_alloc_fail(&pb_instance, rq, reason_of(err), reason);
}

/**
 * pb_account_charged - whether a block is charged
 * @pfn: the block, which the caller owns
 *
 * Context: any, NMI included.
 * Return: whether it is.
 */
bool pb_account_charged(unsigned long pfn)
{
	struct pb_account **owner = owner_of(pfn);

	return owner && *owner;
}

/**
 * pb_account_free - uncharge a block that is being freed; the core's ops->uncharge
 * @pool: the instance
 * @pfn: the block
 * @order: its order
 *
 * Context: any, NMI included.
 */
void pb_account_free(struct pb_pool *pool, unsigned long pfn, unsigned int order)
{
	struct pb_account **owner = owner_of(pfn), *account;

	if (WARN_ON_ONCE(!owner))
		return;
	account = *owner;
	*owner = NULL;
	pb_account_uncharge(account, 1UL << order);
}

/**
 * pb_account_move - copy the account of a block to its migration target
 * @src_pfn: the block, isolated
 * @dst_pfn: the target, isolated
 * @gfp: flags for allocating the array of the target's pageblock
 *
 * A failed migration needs no undo.
 *
 * Context: process; may sleep as @gfp says.
 * Return: 0 or -ENOMEM.
 */
int pb_account_move(unsigned long src_pfn, unsigned long dst_pfn, gfp_t gfp)
{
	struct pb_account **to;

	if (!pb_accounted(&pb_instance, src_pfn))
		return 0;
	to = make_owner(dst_pfn, gfp);
	if (!to)
		return -ENOMEM;
	*to = *owner_of(src_pfn);
	pb_set_accounted(&pb_instance, dst_pfn);
	return 0;
}
EXPORT_SYMBOL_PB_TEST(pb_account_move);

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

/* Uncharges the blocks that are still allocated in a pageblock. */
static void uncharge_leaked(unsigned long pfn)
{
	unsigned long end = pfn + PB_PAGEBLOCK_NR;

	for (; pfn < end; pfn++)
		if (pb_pfn_zone(&pb_instance, pfn) && pb_accounted(&pb_instance, pfn))
			pb_account_free(&pb_instance, pfn, pb_page_order(&pb_instance, pfn));
}

/**
 * pb_account_exit - uncharge leaked pages and free all accounts
 *
 * Context: process, may sleep; after the last allocation and free.
 */
void pb_account_exit(void)
{
	struct pb_account **array, *account;
	struct hlist_node *tmp;
	unsigned long index;
	unsigned int bucket;

	xa_for_each(&owners, index, array) {
		uncharge_leaked(index << PB_PAGEBLOCK_ORDER);
		kfree(array);
	}
	xa_destroy(&owners);
	irq_work_sync(&deferred_work);
	hash_for_each_safe(accounts, bucket, tmp, account, node) {
		hash_del(&account->node);
		kfree(account);
	}
	dmem_cgroup_unregister_region(region);
	region = NULL;
}
