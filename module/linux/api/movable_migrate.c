// SPDX-License-Identifier: GPL-2.0-only
/*
 * Migrates movable blocks by the operations of their owners: ops->migrate of the core.
 *
 * Blocks of one owner that follow one another, and whose targets do, are a run. If the owner has
 * operations for several blocks, those of a run are migrated together: all are isolated, then the
 * references to all are looked at, then all are copied, and the references are looked at again.
 * Each step says how many blocks, from the first on, it was done for. What is not migrated so is
 * put back, and the rest of the word is migrated one by one: only that finds which block fails, and
 * why. So failures are handled in one place, whichever operations the owner has.
 *
 * A block that is charged or was freed keeps its run from being migrated together. The references
 * have to be looked at twice. A block that another user refers to must not be copied, as that user
 * would go on with the source. And the source must not be free while a user refers to it that has
 * come since.
 */
#include <linux/bug.h>
#include <linux/jiffies.h>
#include <linux/mm.h>
#include <linux/pbuddy.h>
#include <linux/rcupdate.h>
#include <linux/srcu.h>

#include "api/account_block.h"
#include "api/movable_migrate.h"
#include "api/movable_ops.h"
#include "api/quarantine.h"
#include "core/compact/movable.h"
#include "core/index/pageblock.h"
#include "hooks/debug_pages.h"
#include "instance.h"

/* pbuddy_migration_private() */
static_assert(sizeof(struct pb_movable_record) == 2 * sizeof(void *));
static_assert((int)PBUDDY_MIGRATE_ASYNC == (int)PB_MIGRATE_ASYNC);
static_assert((int)PBUDDY_MIGRATE_SYNC_LIGHT == (int)PB_MIGRATE_SYNC_LIGHT);
static_assert((int)PBUDDY_MIGRATE_SYNC == (int)PB_MIGRATE_SYNC);

/* What the blocks of a migration have in common. */
struct migration {
	struct pb_migration		*m;
	struct pb_movable_record	*from;		/* by the bits of m->src_heads */
	struct pb_movable_record	*to;		/* by those of m->dst_heads */
	u8				*order_map;	/* of the sources */
	u8				state;		/* of a source without other flags */
	gfp_t				gfp;
	const struct pb_movable_registration *reg;	/* of the last block */
	bool				one_by_one;	/* the owner, or a user, keeps a block */
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
 * a reference to it was taken while the owner migrated it. All its mappings are gone since.
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

/* Whether none of as many blocks that follow one another was freed or has another flag. */
static bool is_plain(const struct migration *batch, unsigned int from, unsigned int nr)
{
	unsigned int order = batch->m->order;
	u64 heads = nr ? (~0ULL >> (PB_WORD_NR - (nr << order)) & pb_word_align[order]) << from : 0;

	return pb_movable_plain(batch->order_map, heads, order) == heads;
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
	const struct pb_movable_record *from = &batch->from[run->from];
	struct pb_movable_record *to = &batch->to[run->to];
	unsigned int i, step = 1U << batch->m->order;

	for (i = 0; i < run->nr && READ_ONCE(from->ops) == ops; i++, from += step, to += step)
		pb_movable_set_record(to, ops, from->private);
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
		ret = -EAGAIN;
		if (likely(move_account(batch, run->from + (i << order), run->to + (i << order))))
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

/*
 * Has the owner isolate blocks of a run together. Returns their number, from the first on. None if
 * one was freed before the RCU section.
 */
static unsigned int isolate_together(const struct migration *batch, const struct run *run,
				     const struct pbuddy_migration *blocks)
{
	unsigned int isolated = 0;

	rcu_read_lock();
	if (likely(is_plain(batch, run->from, run->nr)))
		isolated = batch->reg->ops->isolate_pages(blocks);
	rcu_read_unlock();
	return WARN_ON_ONCE(isolated > run->nr) ? 0 : isolated;
}

/* Tells the owner that blocks of a run, which it has isolated, were not migrated. */
static void putback_from(const struct migration *batch, const struct run *run, unsigned int first,
			 unsigned int end)
{
	unsigned long pfn;

	for (; first < end; first++) {
		pfn = batch->m->src + run->from + (first << batch->m->order);
		if (!pb_movable_freed(&pb_instance, pfn))
			batch->reg->ops->putback_page(pfn_to_page(pfn));
	}
}

/* How many blocks, from the first on, have no page with another user. */
static unsigned int unreferenced(struct page *page, unsigned int nr, unsigned int order)
{
	unsigned int i;

	if (likely(!pb_pages_any_referenced(page, (unsigned long)nr << order)))
		return nr;
	for (i = 0; i < nr && !pb_pages_referenced(page, 1UL << order); i++)
		page += 1UL << order;
	return i;
}

/* finish_source() for the blocks of a run that have moved, if there is something to do. */
static void finish_sources(struct migration *batch, const struct run *run, struct page *src,
			   unsigned int moved)
{
	unsigned int i, order = batch->m->order;

	if (likely(is_plain(batch, run->from, moved)) &&
	    likely(!pb_pages_any_referenced(src, (unsigned long)moved << order)) &&
	    !static_branch_unlikely(&pb_fill_key))
		return;
	for (i = 0; i < moved; i++)
		finish_source(batch, run->from + (i << order), run->to + (i << order));
}

/*
 * Has the owner isolate and migrate blocks of a run together. Returns the number of those that have
 * moved, from the first on. A block that was freed, has another user, or that the owner refuses,
 * ends it: the caller migrates it and those behind one by one.
 */
static unsigned int migrate_together(struct migration *batch, const struct run *run)
{
	struct page *src = pfn_to_page(batch->m->src + run->from);
	struct pbuddy_migration blocks = {
		.src = src,
		.dst = pfn_to_page(batch->m->dst + run->to),
		.nr = run->nr,
		.order = batch->m->order,
		.mode = (enum pbuddy_migrate_mode)batch->m->mode,
		.private_data = &batch->from[run->from].private,
	};
	unsigned int isolated = isolate_together(batch, run, &blocks), moved = 0;

	blocks.nr = unreferenced(src, isolated, batch->m->order);
	if (blocks.nr)
		moved = batch->reg->ops->migrate_pages(&blocks);
	if (WARN_ON_ONCE(moved > blocks.nr))
		moved = blocks.nr;
	if (unlikely(moved < isolated))
		putback_from(batch, run, moved, isolated);
	finish_sources(batch, run, src, moved);
	return moved;
}

/* Migrates the first blocks of a run. Returns their number. */
static unsigned int migrate_run(struct migration *batch, struct run *run)
{
	const struct pbuddy_movable_operations *ops = READ_ONCE(batch->from[run->from].ops);
	unsigned int moved;

	/* Operations that are found here stay registered, and in their records, to the end. */
	if (unlikely(!batch->reg || batch->reg->ops != ops))
		batch->reg = pb_movable_registered(ops);
	if (unlikely(!batch->reg)) {
		note_failure(batch, run->from, run->to, -EBUSY);
		return 1;
	}
	run->nr = copy_records(batch, run);
	if (run->nr > 1 && ops->migrate_pages && !batch->one_by_one) {
		moved = migrate_together(batch, run);
		batch->one_by_one = moved < run->nr;
		if (moved)
			return moved;
	}
	return batch->m->order ? migrate_pages(batch, run, batch->m->order) :
				 migrate_pages(batch, run, 0);
}

/* The bits from this one on. */
static u64 without_first(u64 bits, unsigned int first)
{
	return first < PB_WORD_NR ? bits & (~0ULL << first) : 0;
}

/* The blocks that follow one another from the first of these on, as far as their targets do. */
static struct run next_run(u64 src, u64 dst, unsigned int order)
{
	struct run run = { .from = __ffs64(src), .to = __ffs64(dst), .nr = 1 };
	u64 gap;

	if (order < PB_WORD_ORDER) {
		gap = ~(pb_word_expand(src, order) >> run.from) |
		      ~(pb_word_expand(dst, order) >> run.to);
		run.nr = (gap ? __ffs64(gap) : PB_WORD_NR) >> order;
	}
	return run;
}

/* Ticks after which a migration ends early; only tests change it. */
unsigned long pb_movable_ticks = 1;
EXPORT_SYMBOL_PB_TEST(pb_movable_ticks);

/**
 * pb_movable_ops_migrate - migrate blocks by their owners' operations; the core's ops->migrate
 * @pool: the instance
 * @m: the blocks, isolated, and their targets, allocated and isolated
 *
 * Ends after the block that is being migrated when more than pb_movable_ticks have passed.
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
		/*
		 * The system is not short of memory, but a request waits for the migration. Its
		 * task has PF_MEMALLOC, which is not for using the reserves of the kernel.
		 */
		.gfp = __GFP_NOMEMALLOC | __GFP_NOWARN |
		       (m->mode == PB_MIGRATE_ASYNC ? GFP_NOWAIT : GFP_NOIO | __GFP_NORETRY),
		.from = pb_movable_record(m->src),
		.until = jiffies + READ_ONCE(pb_movable_ticks),
	};
	struct run run;
	int idx;

	batch.to = pb_movable_make_record(m->dst, batch.gfp);
	if (!batch.from || !batch.to) {
		m->failed = src;
		m->err = -EAGAIN;
		return;
	}
	idx = srcu_read_lock(&pb_movable_srcu);
	do {
		run = next_run(src, dst, m->order);
		run.nr = migrate_run(&batch, &run);
		src = without_first(src, run.from + (run.nr << m->order));
		dst = without_first(dst, run.to + (run.nr << m->order));
	} while (src && !(m->failed && m->mode == PB_MIGRATE_ASYNC) && !is_late(&batch));
	srcu_read_unlock(&pb_movable_srcu, idx);
	m->moved = m->src_heads & ~src & ~m->failed;
}
EXPORT_SYMBOL_PB_TEST(pb_movable_ops_migrate);
