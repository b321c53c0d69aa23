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
#include <linux/jiffies.h>
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
#include "api/quarantine.h"
#include "compat.h"
#include "core/alloc/alloc.h"
#include "core/compact/movable.h"
#include "core/index/pageblock.h"
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
	const struct record *block;

	if (unlikely(pfn >> PB_SECTION_ORDER >= pb_instance.nr_dir))
		return NULL;
	block = pb_frame_table_array(&records, pfn);
	return likely(block) ? block[pb_frame_in_pageblock(pfn)].private : NULL;
}
EXPORT_SYMBOL_PBUDDY(pbuddy_page_private);

/* What the blocks of a migration have in common. */
struct migration {
	struct pb_migration		*m;
	struct record			*from;		/* by the bits of m->src_heads */
	struct record			*to;		/* by those of m->dst_heads */
	const u8			*order_map;	/* of the sources */
	u8				state;		/* of a source without other flags */
	gfp_t				gfp;
	const struct registration	*reg;		/* of the last block */
	unsigned long			until;		/* jiffies; see is_late() */
};

/* Blocks of a migration that follow one another, and so do their targets. */
struct run {
	unsigned int	from;	/* heads of the first source and target */
	unsigned int	to;
	unsigned int	nr;	/* blocks */
};

/*
 * Whether the blocks that were not tried have been isolated for long, because others were copied
 * slowly, or waited for a device. Their owners may be waiting for the end of the isolation.
 */
static bool is_late(const struct migration *batch)
{
	return time_after(jiffies, batch->until);
}

/* The block has not moved. */
static void note_failure(struct migration *batch, unsigned int from, unsigned int to, int err)
{
	struct pb_migration *m = batch->m;

	m->failed |= BIT_ULL(from);
	m->err = WARN_ON_ONCE(err > 0) ? -EINVAL : err;
	pb_account_forget(m->dst + to);
	if (static_branch_unlikely(&pb_fill_key))
		pb_debug_fill(m->dst + to, 1UL << m->order);
}

/*
 * After a migration: the CHECKED bit moves with the contents. The core frees the source, unless
 * a reference to it was taken while migrate_page() ran; its owner has removed all mappings since.
 */
static void finish_source(struct migration *batch, unsigned int from, unsigned int to)
{
	struct pb_migration *m = batch->m;
	unsigned long src_pfn = m->src + from;
	bool checked = pb_checked(&pb_instance, src_pfn);

	if (pb_movable_freed(&pb_instance, src_pfn))
		m->freed |= BIT_ULL(from);
	if (checked) {
		pb_set_checked(&pb_instance, m->dst + to);
		pb_account_forget(src_pfn);
	}
	if (unlikely(pb_quarantine_referenced(src_pfn, m->order)))
		pb_set_checked(&pb_instance, src_pfn);
	else if (checked)
		pb_clear_checked(&pb_instance, src_pfn);
	/* The block that is freed next has the owner's contents. Others may use a checked one. */
	if (static_branch_unlikely(&pb_fill_key) && !pb_checked(&pb_instance, src_pfn))
		pb_debug_fill(src_pfn, 1UL << m->order);
}

/* The charge of a block moves to its target. A charged block is a checked one. */
static bool move_account(const struct migration *batch, unsigned int from, unsigned int to)
{
	return !(READ_ONCE(batch->order_map[from]) & PB_FRAME_CHECKED) ||
	       !pb_account_move(batch->m->src + from, batch->m->dst + to, batch->gfp);
}

/*
 * Copies the records of blocks to their targets. Returns the number of blocks, up to the next one
 * of another owner.
 */
static unsigned int copy_records(const struct migration *batch, const struct run *run)
{
	const struct pbuddy_movable_operations *ops = batch->reg->ops;
	const struct record *from = &batch->from[run->from];
	struct record *to = &batch->to[run->to];
	unsigned int i, step = 1U << batch->m->order;

	for (i = 0; i < run->nr && READ_ONCE(from->ops) == ops; i++, from += step, to += step)
		set_record(to, ops, from->private);
	return i;
}

/*
 * Has the owner isolate and migrate a block; 0 or a negative errno. isolate_page() is called for
 * no block that was freed before the RCU section. @order is a constant where it is 0.
 */
static __always_inline int migrate_page(const struct migration *batch, struct page *dst,
					struct page *src, const u8 *order_map, unsigned int order)
{
	const struct pbuddy_movable_operations *ops = batch->reg->ops;
	enum pbuddy_migrate_mode mode = (enum pbuddy_migrate_mode)batch->m->mode;
	int ret = -EAGAIN;
	bool ok;

	rcu_read_lock();
	ok = READ_ONCE(*order_map) & PB_FRAME_MOVABLE && ops->isolate_page(src, mode);
	rcu_read_unlock();
	if (unlikely(!ok))
		return -EBUSY;
	if (batch->reg->unmaps || likely(!pb_pages_referenced(src, 1UL << order)))
		ret = ops->migrate_page(dst, src, mode);
	if (unlikely(ret) && !pb_movable_freed(&pb_instance, page_to_pfn(src)))
		ops->putback_page(src);
	return ret;
}

/*
 * Migrates blocks of one owner. Returns the number of those that were tried: in mode ASYNC up to
 * the first failure.
 */
static __always_inline unsigned int migrate_pages(struct migration *batch, const struct run *run,
						  unsigned int order)
{
	struct page *src = pfn_to_page(batch->m->src + run->from);
	struct page *dst = pfn_to_page(batch->m->dst + run->to);
	const u8 *order_map = &batch->order_map[run->from];
	unsigned int i, step = 1U << order;
	int ret;

	for (i = 0; i < run->nr; i++, src += step, dst += step, order_map += step) {
		ret = migrate_page(batch, dst, src, order_map, order);
		if (unlikely(ret)) {
			note_failure(batch, run->from + (i << order), run->to + (i << order), ret);
			if (batch->m->mode == PB_MIGRATE_ASYNC)
				return i + 1;
		} else if (unlikely(READ_ONCE(*order_map) != batch->state) ||
			   unlikely(pb_pages_referenced(src, step)) ||
			   static_branch_unlikely(&pb_fill_key)) {
			finish_source(batch, run->from + (i << order), run->to + (i << order));
		}
		if (unlikely(is_late(batch)))
			return i + 1;
	}
	return i;
}

/* Migrates the first blocks of a run. Returns their number. */
static unsigned int migrate_run(struct migration *batch, struct run *run)
{
	const struct pbuddy_movable_operations *ops = READ_ONCE(batch->from[run->from].ops);
	int err = -EBUSY;

	if (run->nr == 1 && unlikely(!move_account(batch, run->from, run->to)))
		err = -EAGAIN;
	/* Operations that are found here stay registered, and in their records, to the end. */
	if (unlikely(!batch->reg || batch->reg->ops != ops))
		batch->reg = find(ops);
	if (unlikely(!batch->reg || err != -EBUSY)) {
		note_failure(batch, run->from, run->to, err);
		return 1;
	}
	run->nr = copy_records(batch, run);
	return batch->m->order ? migrate_pages(batch, run, batch->m->order) :
				 migrate_pages(batch, run, 0);
}

/* The bits from this one on. */
static u64 without_first(u64 bits, unsigned int first)
{
	return first < PB_WORD_NR ? bits & (~0ULL << first) : 0;
}

/*
 * The blocks that follow one another from the first of these on, as far as their targets do. A
 * block that is not @plain, as it may be charged, is alone.
 */
static struct run next_run(u64 src, u64 plain, u64 dst, unsigned int order)
{
	struct run run = { .from = __ffs64(src), .to = __ffs64(dst), .nr = 1 };
	u64 gap;

	if (order < PB_WORD_ORDER && plain & BIT_ULL(run.from)) {
		gap = ~(pb_word_expand(src & plain, order) >> run.from) |
		      ~(pb_word_expand(dst, order) >> run.to);
		run.nr = (gap ? __ffs64(gap) : PB_WORD_NR) >> order;
	}
	return run;
}

/**
 * pb_movable_ops_migrate - migrate blocks by their owners' operations; the core's ops->migrate
 * @pool: the instance
 * @m: the blocks, isolated, and their targets, allocated and isolated
 *
 * Ends after the block that is being migrated when more than a tick has passed.
 *
 * Context: process, may sleep.
 */
void pb_movable_ops_migrate(struct pb_pool *pool, struct pb_migration *m)
{
	u64 src = m->src_heads, dst = m->dst_heads;
	struct migration batch = {
		.m = m,
		.order_map = pb_order_map(pool, m->src),
		.state = (m->order + 1) | PB_FRAME_MOVABLE | PB_FRAME_ISOLATED,
		/* The system is not short of memory, but a request waits for the migration. */
		.gfp = m->mode == PB_MIGRATE_ASYNC ? GFP_NOWAIT | __GFP_NOWARN :
						     GFP_NOIO | __GFP_NORETRY | __GFP_NOWARN,
		.from = record_of(m->src),
		.until = jiffies + 1,
	};
	struct run run;
	u64 plain;
	int idx;

	batch.to = make_record(m->dst, batch.gfp);
	if (!batch.from || !batch.to) {
		m->failed = src;
		m->err = -EAGAIN;
		return;
	}
	plain = pb_movable_plain(batch.order_map, src, m->order);
	idx = srcu_read_lock(&movable_srcu);
	do {
		run = next_run(src, plain, dst, m->order);
		run.nr = migrate_run(&batch, &run);
		src = without_first(src, run.from + (run.nr << m->order));
		dst = without_first(dst, run.to + (run.nr << m->order));
	} while (src && !(m->failed && m->mode == PB_MIGRATE_ASYNC) && !is_late(&batch));
	srcu_read_unlock(&movable_srcu, idx);
	m->moved = m->src_heads & ~src & ~m->failed;
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
