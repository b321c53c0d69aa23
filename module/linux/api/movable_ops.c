// SPDX-License-Identifier: GPL-2.0-only
/*
 * Movable blocks of in-kernel users, and of buffers (user/buffer_move.c): their owners' operations.
 * movable_migrate.c calls them.
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
 * its block is made unmovable, and a new owner waits for that:
 * pb_movable_clear_record().
 *
 * Callbacks run inside SRCU. Unregistration waits for running callbacks and prevents new ones.
 * isolate_page and isolate_pages also run under RCU, because a page may be freed concurrently;
 * <linux/pbuddy.h> says what this requires of the owner.
 */
#include <linux/bug.h>
#include <linux/mm.h>
#include <linux/mutex.h>
#include <linux/pbuddy.h>
#include <linux/rculist.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/srcu.h>

#include "api/frame_table.h"
#include "api/movable_ops.h"
#include "api/pages.h"
#include "compat.h"
#include "core/compact/movable.h"
#include "core/index/pageblock.h"
#include "hooks/guard_pages.h"
#include "instance.h"

static struct pb_frame_table records = { .size = sizeof(struct pb_movable_record) };
/* Written under the mutex, read inside srcu. */
static LIST_HEAD(registrations);
static DEFINE_MUTEX(registrations_lock);
DEFINE_SRCU(pb_movable_srcu);

/* No operations; in place of those of a record that forget_page() looks at. */
static const struct pbuddy_movable_operations forgetting;

/**
 * pb_movable_record - the record of a frame
 * @pfn: a PFN of the pool
 *
 * Context: any.
 * Return: the record, or NULL: no page of its pageblock ever was movable.
 */
struct pb_movable_record *pb_movable_record(unsigned long pfn)
{
	struct pb_movable_record *block = pb_frame_table_array(&records, pfn);

	return likely(block) ? &block[pb_frame_in_pageblock(pfn)] : NULL;
}

/**
 * pb_movable_make_record - the same, but allocates the records if there are none
 * @pfn: a PFN of the pool
 * @gfp: flags of the allocation
 *
 * Context: as @gfp says.
 * Return: the record, or NULL: no memory.
 */
struct pb_movable_record *pb_movable_make_record(unsigned long pfn, gfp_t gfp)
{
	struct pb_movable_record *record = pb_movable_record(pfn);

	if (likely(record))
		return record;
	return pb_frame_table_make(&records, pfn, gfp) ? pb_movable_record(pfn) : NULL;
}

/**
 * pb_movable_registered - find the registration of operations
 * @ops: the operations, or any other pointer
 *
 * Context: inside of pb_movable_srcu, or with the lock of the registrations.
 * Return: the registration, or NULL.
 */
struct pb_movable_registration *pb_movable_registered(const struct pbuddy_movable_operations *ops)
{
	struct pb_movable_registration *reg;

	list_for_each_entry_srcu(reg, &registrations, node,
				 srcu_read_lock_held(&pb_movable_srcu) ||
				 lockdep_is_held(&registrations_lock))
		if (reg->ops == ops)
			return reg;
	return NULL;
}

/**
 * pb_movable_ops_register - register operations that migrate pages
 * @ops: constant until pbuddy_unregister_movable()
 * @unmaps: migrate_page removes the mappings of a page, and refuses one with other users then.
 *	It is called for each page for which isolate_page returned true. There is no migrate_pages.
 *
 * Context: process, may sleep.
 * Return: as pbuddy_register_movable().
 */
int pb_movable_ops_register(const struct pbuddy_movable_operations *ops, bool unmaps)
{
	struct pb_movable_registration *reg;
	int ret = 0;

	if (WARN_ON_ONCE(!ops || !ops->isolate_page || !ops->migrate_page || !ops->putback_page ||
			 !ops->isolate_pages != !ops->migrate_pages))
		return -EINVAL;
	reg = kmalloc(sizeof(*reg), GFP_KERNEL);
	if (!reg)
		return -ENOMEM;
	reg->ops = ops;
	reg->unmaps = unmaps;
	mutex_lock(&registrations_lock);
	if (pb_movable_registered(ops)) {
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
 * Return: 0; -EINVAL when an operation is missing, or one of the optional two is there without the
 * other; -EEXIST when @ops are registered already; -ENOMEM.
 */
int pbuddy_register_movable(const struct pbuddy_movable_operations *ops)
{
	return pb_movable_ops_register(ops, false);
}
EXPORT_SYMBOL_PBUDDY(pbuddy_register_movable);

/**
 * pb_movable_clear_record - remove former operations from a record, for pb_movable_set_record()
 * @record: the record, which is another owner's, or was
 * @ops: the operations that the caller stores next
 *
 * Waits while forget_page() looks at the record, which disables preemption.
 *
 * Context: any but NMI.
 */
void pb_movable_clear_record(struct pb_movable_record *record,
			     const struct pbuddy_movable_operations *ops)
{
	const struct pbuddy_movable_operations *old = READ_ONCE(record->ops);

	while (old && old != ops) {
		if (old != &forgetting && try_cmpxchg(&record->ops, &old, ops))
			break;
		cpu_relax();
		old = READ_ONCE(record->ops);
	}
}

/*
 * Makes a block unmovable, if its record has these operations, and removes them. False: the block
 * is being migrated. That finds no operations and puts it back, or it enters those of a new owner.
 */
static bool forget_page(struct pb_movable_record *record, unsigned long pfn,
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
		/* Pairs with pb_movable_clear_record(): an owner's pb_movable_set() comes later. */
		smp_store_release(&record->ops, done ? NULL : ops);
	}
	preempt_enable();
	return done;
}

/* Makes all pages with these operations unmovable. */
static void forget_pages(const struct pbuddy_movable_operations *ops)
{
	struct pb_movable_record *block;
	unsigned long first = 0, i;

	for (; (block = pb_frame_table_next(&records, &first)); first += PB_PAGEBLOCK_NR) {
		for (i = 0; i < PB_PAGEBLOCK_NR; i++)
			/* The migration may belong to a task of lower priority. */
			while (!forget_page(&block[i], first + i, ops))
				schedule_timeout_uninterruptible(1);
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
	struct pb_movable_registration *reg;

	mutex_lock(&registrations_lock);
	reg = pb_movable_registered(ops);
	if (reg)
		list_del_rcu(&reg->node);
	mutex_unlock(&registrations_lock);
	if (WARN_ON_ONCE(!reg))
		return;
	synchronize_srcu(&pb_movable_srcu);
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
	struct pb_movable_record *record = pb_movable_make_record(pfn, GFP_KERNEL | __GFP_NOWARN);
	int ret, idx;

	if (!record)
		return -ENOMEM;
	idx = srcu_read_lock(&pb_movable_srcu);
	ret = pb_movable_registered(ops) ? pb_movable_clear(&pb_instance, pfn) : -EINVAL;
	if (!ret) {
		pb_movable_set_record(record, ops, private);
		pb_guarded_drop(pfn, pb_page_order(&pb_instance, pfn));
		ret = pb_movable_set(&pb_instance, pfn);
	}
	srcu_read_unlock(&pb_movable_srcu, idx);
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
	const struct pb_movable_record *block;

	if (unlikely(pfn >> PB_SECTION_ORDER >= pb_instance.nr_dir))
		return NULL;
	block = pb_frame_table_array(&records, pfn);
	return likely(block) ? block[pb_frame_in_pageblock(pfn)].private : NULL;
}
EXPORT_SYMBOL_PBUDDY(pbuddy_page_private);

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
