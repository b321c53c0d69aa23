// SPDX-License-Identifier: GPL-2.0-only
/*
 * Movable blocks of in-kernel users, and of buffers (user/buffer_move.c): their owners' operations.
 *
 * The page order map has the state of a block: movable, isolated, or freed while isolated
 * (core/compact/movable.c). This file stores its owner. A record has the owner's operations and
 * private pointer. When the first page of a pageblock becomes movable, records are allocated for
 * all its pages and kept (frame_table.c). Pageblocks without movable pages have no records.
 *
 * A record is written before its block becomes movable, and read after the block was isolated.
 * Both are full barriers, and the record does not change in between. A free does not change it, so
 * a record may be that of a former owner. When operations are unregistered, their records are
 * removed while the frames may get other owners: a record has @forgetting as its operations while
 * its block is made unmovable, and a new owner waits for that (set_record()).
 *
 * Callbacks run inside SRCU. Unregistration waits for running callbacks and prevents new ones.
 * isolate_page also runs under RCU, because its page may be freed concurrently; <linux/pbuddy.h>
 * says what this requires of the owner.
 */
#include <linux/bug.h>
#include <linux/mm.h>
#include <linux/mutex.h>
#include <linux/pbuddy.h>
#include <linux/rculist.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/srcu.h>

#include "api/account_block.h"
#include "api/frame_table.h"
#include "api/movable_ops.h"
#include "api/pages.h"
#include "compat.h"
#include "core/alloc/alloc.h"
#include "core/compact/movable.h"
#include "hooks/debug_pages.h"
#include "hooks/guard_pages.h"
#include "instance.h"

static_assert((int)PBUDDY_MIGRATE_ASYNC == (int)PB_MIGRATE_ASYNC);
static_assert((int)PBUDDY_MIGRATE_SYNC_LIGHT == (int)PB_MIGRATE_SYNC_LIGHT);
static_assert((int)PBUDDY_MIGRATE_SYNC == (int)PB_MIGRATE_SYNC);

struct record {
	const struct pbuddy_movable_operations	*ops;
	void					*private;
};

struct registration {
	struct list_head			node;
	const struct pbuddy_movable_operations	*ops;
	bool					unmaps;
};

static struct pb_frame_table records = { .size = sizeof(struct record) };
/* Written under the mutex, read inside srcu. */
static LIST_HEAD(registrations);
static DEFINE_MUTEX(registrations_lock);
DEFINE_STATIC_SRCU(movable_srcu);

/* No operations; in place of those of a record that forget_page() looks at. */
static const struct pbuddy_movable_operations forgetting;

static struct record *record_of(unsigned long pfn)
{
	struct record *block = pb_frame_table_array(&records, pfn);

	return likely(block) ? &block[pb_frame_in_pageblock(pfn)] : NULL;
}

/* The same, but allocates the records if needed. NULL: no memory. May sleep as gfp says. */
static struct record *make_record(unsigned long pfn, gfp_t gfp)
{
	struct record *record = record_of(pfn);

	if (likely(record))
		return record;
	return pb_frame_table_make(&records, pfn, gfp) ? record_of(pfn) : NULL;
}

static struct registration *find(const struct pbuddy_movable_operations *ops)
{
	struct registration *reg;

	list_for_each_entry_srcu(reg, &registrations, node,
				 srcu_read_lock_held(&movable_srcu) ||
				 lockdep_is_held(&registrations_lock))
		if (reg->ops == ops)
			return reg;
	return NULL;
}

/**
 * pb_movable_ops_register - register operations that migrate pages
 * @ops: constant until pbuddy_unregister_movable()
 * @unmaps: migrate_page removes the mappings of a page, and refuses one with other users then.
 *	It is called for each page for which isolate_page returned true.
 *
 * Context: process, may sleep.
 * Return: as pbuddy_register_movable().
 */
int pb_movable_ops_register(const struct pbuddy_movable_operations *ops, bool unmaps)
{
	struct registration *reg;
	int ret = 0;

	if (WARN_ON_ONCE(!ops || !ops->isolate_page || !ops->migrate_page || !ops->putback_page))
		return -EINVAL;
	reg = kmalloc(sizeof(*reg), GFP_KERNEL);
	if (!reg)
		return -ENOMEM;
	reg->ops = ops;
	reg->unmaps = unmaps;
	mutex_lock(&registrations_lock);
	if (find(ops)) {
		kfree(reg);
		ret = -EEXIST;
	} else {
		list_add_rcu(&reg->node, &registrations);
	}
	mutex_unlock(&registrations_lock);
	return ret;
}

/**
 * pbuddy_register_movable - register operations that migrate pages
 * @ops: constant until pbuddy_unregister_movable()
 *
 * As struct movable_operations of mm/, but registered, so that unregistration can wait for callers.
 *
 * Context: process, may sleep.
 * Return: 0; -EINVAL when an operation is missing, -EEXIST when @ops are registered already,
 * -ENOMEM.
 */
int pbuddy_register_movable(const struct pbuddy_movable_operations *ops)
{
	return pb_movable_ops_register(ops, false);
}
EXPORT_SYMBOL_PBUDDY(pbuddy_register_movable);

/*
 * Enters the owner of a block that is not movable, or is isolated. A record that has the operations
 * already, which are registered, or none is the caller's alone.
 */
static void set_record(struct record *record, const struct pbuddy_movable_operations *ops,
		       void *private)
{
	const struct pbuddy_movable_operations *old = READ_ONCE(record->ops);

	while (unlikely(old && old != ops)) {
		if (old != &forgetting && try_cmpxchg(&record->ops, &old, ops))
			break;
		cpu_relax();
		old = READ_ONCE(record->ops);
	}
	record->private = private;
	WRITE_ONCE(record->ops, ops);
}

/*
 * Makes a block unmovable, if its record has these operations, and removes them. False: the block
 * is being migrated. That finds no operations and puts it back, or it enters those of a new owner.
 */
static bool forget_page(struct record *record, unsigned long pfn,
			const struct pbuddy_movable_operations *ops)
{
	const struct pbuddy_movable_operations *old = ops;
	bool done;

	if (likely(READ_ONCE(record->ops) != ops))
		return true;
	/* A new owner of the frame may be waiting. */
	preempt_disable();
	done = !try_cmpxchg(&record->ops, &old, &forgetting);
	if (!done) {
		done = pb_movable_clear(&pb_instance, pfn) != -EBUSY;
		/* Pairs with set_record(): an owner's pb_movable_set() comes after the clear. */
		smp_store_release(&record->ops, done ? NULL : ops);
	}
	preempt_enable();
	return done;
}

/* Makes all pages with these operations unmovable. */
static void forget_pages(const struct pbuddy_movable_operations *ops)
{
	struct record *block;
	unsigned long first = 0, i;

	for (; (block = pb_frame_table_next(&records, &first)); first += PB_PAGEBLOCK_NR) {
		for (i = 0; i < PB_PAGEBLOCK_NR; i++)
			while (!forget_page(&block[i], first + i, ops))
				cond_resched();
		cond_resched();
	}
}

/**
 * pbuddy_unregister_movable - unregister operations
 * @ops: as they were registered
 *
 * Waits for running migrations. After this returns none of the operations is called. Pages that are
 * still movable by them stay allocated and become unmovable.
 *
 * Context: process, may sleep; not from one of the operations. @ops may be registered again after
 * this has returned.
 */
void pbuddy_unregister_movable(const struct pbuddy_movable_operations *ops)
{
	struct registration *reg;

	mutex_lock(&registrations_lock);
	reg = find(ops);
	if (reg)
		list_del_rcu(&reg->node);
	mutex_unlock(&registrations_lock);
	if (WARN_ON_ONCE(!reg))
		return;
	synchronize_srcu(&movable_srcu);
	kfree(reg);
	forget_pages(ops);
}
EXPORT_SYMBOL_PBUDDY(pbuddy_unregister_movable);

/**
 * pb_movable_ops_set - make a block movable, whose pages may be compound
 * @pfn: head of an allocated block of at most a pageblock
 * @ops: registered operations
 * @private: returned by pbuddy_page_private()
 *
 * Context: process, may sleep.
 * Return: 0; -EINVAL when @ops are not registered; -EBUSY when it is being migrated; -ENOMEM.
 */
int pb_movable_ops_set(unsigned long pfn, const struct pbuddy_movable_operations *ops,
		       void *private)
{
	struct record *record = make_record(pfn, GFP_KERNEL | __GFP_NOWARN);
	int ret, idx;

	if (!record)
		return -ENOMEM;
	idx = srcu_read_lock(&movable_srcu);
	ret = find(ops) ? pb_movable_clear(&pb_instance, pfn) : -EINVAL;
	if (!ret) {
		set_record(record, ops, private);
		pb_guarded_drop(pfn, pb_page_order(&pb_instance, pfn));
		ret = pb_movable_set(&pb_instance, pfn);
	}
	srcu_read_unlock(&movable_srcu, idx);
	return ret;
}

/**
 * pbuddy_page_set_movable - make a block movable
 * @page: first page of an allocated block of at most 2 MiB
 * @ops: registered operations
 * @private: returned by pbuddy_page_private(); follows the contents when they are migrated
 *
 * The owner calls this when the block is ready for migration, which may begin before this returns.
 * A free ends it. A block that is movable already gets the new @private.
 *
 * Context: process, may sleep.
 * Return: 0; -EINVAL when @page is not the first page of an allocated block, the block is too
 * large or a compound page, or @ops are not registered; -EBUSY when it is being migrated; -ENOMEM.
 */
int pbuddy_page_set_movable(struct page *page, const struct pbuddy_movable_operations *ops,
			    void *private)
{
	unsigned long pfn = page_to_pfn(page);

	if (pb_page_order(&pb_instance, pfn) < 0 ||
	    pb_page_order(&pb_instance, pfn) > PB_PAGEBLOCK_ORDER || PageHead(page))
		return -EINVAL;
	return pb_movable_ops_set(pfn, ops, private);
}
EXPORT_SYMBOL_PBUDDY(pbuddy_page_set_movable);

/**
 * pbuddy_page_clear_movable - make a block unmovable
 * @page: its first page
 *
 * Context: any.
 * Return: 0, also when it was not movable; -EBUSY when it is being migrated; -EINVAL when it is
 * not the first page of an allocated block.
 */
int pbuddy_page_clear_movable(struct page *page)
{
	return pb_movable_clear(&pb_instance, page_to_pfn(page));
}
EXPORT_SYMBOL_PBUDDY(pbuddy_page_clear_movable);

/**
 * pbuddy_page_private - the owner's private pointer of a movable block
 * @page: its first page; in migrate_page source or target
 *
 * Context: any, while the block is movable.
 * Return: @private of pbuddy_page_set_movable(); NULL for a page that never was movable.
 */
void *pbuddy_page_private(const struct page *page)
{
	unsigned long pfn = page_to_pfn(page);
	struct record *record;

	if (unlikely(pfn >> PB_SECTION_ORDER >= pb_instance.nr_dir))
		return NULL;
	record = record_of(pfn);
	return record ? record->private : NULL;
}
EXPORT_SYMBOL_PBUDDY(pbuddy_page_private);

static int call(const struct registration *reg, unsigned long src_pfn, unsigned long dst_pfn,
		unsigned int order, enum pbuddy_migrate_mode mode)
{
	const struct pbuddy_movable_operations *ops = reg->ops;
	struct page *src = pfn_to_page(src_pfn);
	int ret;
	bool ok;

	rcu_read_lock();
	ok = ops->isolate_page(src, mode);
	rcu_read_unlock();
	if (!ok)
		return -EBUSY;
	ret = !reg->unmaps && pb_quarantine_referenced(src_pfn, order) ? -EAGAIN :
	      ops->migrate_page(pfn_to_page(dst_pfn), src, mode);
	if (WARN_ON_ONCE(ret > 0))
		ret = -EINVAL;
	if (ret && !pb_movable_freed(&pb_instance, src_pfn))
		ops->putback_page(src);
	return ret;
}

/*
 * After a migration: the CHECKED bit has moved with the contents. The core frees the source, unless
 * a reference to it was taken while migrate_page() ran; its owner has removed all mappings since.
 */
static void finish_source(unsigned long src_pfn, unsigned long dst_pfn, unsigned int order)
{
	bool checked = pb_checked(&pb_instance, src_pfn);

	if (checked) {
		pb_set_checked(&pb_instance, dst_pfn);
		pb_account_forget(src_pfn);
	}
	if (unlikely(pb_quarantine_referenced(src_pfn, order)))
		pb_set_checked(&pb_instance, src_pfn);
	else if (checked)
		pb_clear_checked(&pb_instance, src_pfn);
}

/* The charge of a block moves to its target. A charged block is a checked one. */
static bool move_account(unsigned long src_pfn, unsigned long dst_pfn, gfp_t gfp)
{
	return !pb_checked(&pb_instance, src_pfn) || !pb_account_move(src_pfn, dst_pfn, gfp);
}

/**
 * pb_movable_ops_migrate - migrate a block by its owner's operations; the core's ops->migrate
 * @pool: the instance
 * @src_pfn: the block, isolated
 * @dst_pfn: the target, allocated and isolated
 * @order: of both
 * @mode: enum pb_migrate_mode
 *
 * Context: process, may sleep.
 * Return: 0, or a negative errno.
 */
int pb_movable_ops_migrate(struct pb_pool *pool, unsigned long src_pfn, unsigned long dst_pfn,
			   unsigned int order, int mode)
{
	/* The system is not short of memory, but a request waits for the migration. */
	gfp_t gfp = mode == PB_MIGRATE_ASYNC ? GFP_NOWAIT | __GFP_NOWARN :
					       GFP_NOIO | __GFP_NORETRY | __GFP_NOWARN;
	struct record *from = record_of(src_pfn), *to = make_record(dst_pfn, gfp);
	const struct registration *reg;
	int ret = -EBUSY, idx;

	if (!from || !to || !move_account(src_pfn, dst_pfn, gfp))
		return -EAGAIN;
	idx = srcu_read_lock(&movable_srcu);
	reg = find(READ_ONCE(from->ops));
	if (reg) {
		set_record(to, reg->ops, from->private);
		ret = call(reg, src_pfn, dst_pfn, order, (enum pbuddy_migrate_mode)mode);
	}
	srcu_read_unlock(&movable_srcu, idx);
	if (ret)
		pb_account_forget(dst_pfn);
	else
		finish_source(src_pfn, dst_pfn, order);
	/* The block that is freed next has the owner's contents. Others may use a checked one. */
	if (static_branch_unlikely(&pb_fill_key) && (ret || !pb_checked(pool, src_pfn)))
		pb_debug_fill(ret ? dst_pfn : src_pfn, 1UL << order);
	return ret;
}
EXPORT_SYMBOL_PB_TEST(pb_movable_ops_migrate);

/**
 * pb_movable_ops_init - allocate the table of records
 *
 * Context: process, may sleep; the directory of the pool exists.
 * Return: 0 or -ENOMEM.
 */
int pb_movable_ops_init(void)
{
	return pb_frame_table_init(&records);
}

/**
 * pb_movable_ops_exit - free the records, after the last migration and unregistration
 */
void pb_movable_ops_exit(void)
{
	WARN_ON_ONCE(!list_empty(&registrations));
	pb_frame_table_exit(&records);
}
