// SPDX-License-Identifier: GPL-2.0-only
/*
 * Compaction: migrate blocks.
 *
 * The blocks of an order in a word are migrated together, up to the number of targets that were
 * allocated together (target.c). The states of a block are explained in movable.c.
 *
 *   1. Targets are allocated. Their state is movable and isolated: the migration owns them.
 *   2. The sources are isolated. Their owners may still free them, which only sets FREED.
 *   3. ops->migrate: the owners' callbacks copy the contents and switch to the targets.
 *   4. Success: a target is put back (a movable block), and its source is freed.
 *      Failure: a source is put back, and its target is freed.
 *      A block that its owner freed meanwhile is freed when it is put back.
 *
 * Sources of a word are freed together: until then they are in the state of step 1. The owner of a
 * source owns the target by then, so a free of the source is a double free. It is reported when the
 * sources are freed.
 *
 * When ops->migrate returns the charge of a source that has moved is that of its target.
 *
 * ops->migrate may end early, so that a slow owner does not delay those of the blocks behind, which
 * wait while their blocks are isolated. Blocks that were not tried are put back, and each is
 * isolated again when its turn comes.
 *
 * No lock is held while ops->migrate runs, so it may sleep, allocate and free. The task has
 * PF_MEMALLOC meanwhile, so that its allocations do not reclaim or compact.
 */
#include "core/base/pfn.h"
#include "core/compact/migrate.h"
#include "core/compact/movable.h"
#include "core/zone/zone.h"

/* Frees a block that had an owner, unless another user keeps it; returns whether it was freed. */
static bool release_isolated(struct pb_zone *zone, unsigned long pfn, unsigned int order)
{
	u8 was = READ_ONCE(*pb_order_map(zone->pool, pfn));

	if (pb_release(zone->pool, pfn, order, was) != PB_RELEASE_FREE)
		return false;
	preempt_disable();
	xchg(pb_order_map(zone->pool, pfn), 0);
	pb_zone_free_noevent(zone, pfn, order);
	preempt_enable();
	return true;
}

/* Ends isolations. A block that its owner freed meanwhile is freed now and counted as freed. */
static void putback(struct pb_zone *zone, unsigned long pfn, u64 heads, unsigned int order)
{
	u8 *order_map = pb_order_map(zone->pool, pfn);
	u64 freed = heads & ~pb_movable_putback_many(order_map, heads, order);

	for (; unlikely(freed); freed &= freed - 1)
		if (release_isolated(zone, pfn + __ffs64(freed), order))
			pb_zone_event_add(zone, PB_PGFREE, 1L << order);
}

/*
 * Releases sources that have moved. Small ones are freed with the others of their word, unless
 * their owner has freed them during the migration. Returns whether all are free then: a reference
 * that was taken during the migration keeps a source.
 */
static bool release_sources(struct pb_compact_control *cc, struct pb_compact_blocks *sources,
			    const struct pb_migration *m)
{
	u8 *order_map = pb_order_map(cc->zone->pool, m->src);
	u64 together = 0, left;
	unsigned int bit;
	bool all = true;
	u8 was;

	if (m->order < PB_WORD_ORDER)
		together = pb_movable_plain(order_map, m->moved, m->order);
	for (left = m->moved & ~together; unlikely(left); left &= left - 1) {
		bit = __ffs64(left);
		was = READ_ONCE(order_map[bit]);
		/* Freed after it had moved: reported with the others. */
		if (pb_frame_freed(was) && !(was & PB_FRAME_CHECKED) &&
		    !(m->freed & BIT_ULL(bit)) && m->order < PB_WORD_ORDER)
			together |= BIT_ULL(bit);
		else
			all &= release_isolated(cc->zone, m->src + bit, m->order);
	}
	if (!together)
		return all;
	if (sources->pfn != m->src || sources->order != m->order)
		pb_compact_free_blocks(cc->zone, sources);
	sources->pfn = m->src;
	sources->order = m->order;
	sources->heads |= together;
	return all;
}

/* The targets whose sources are @heads. */
static u64 targets_of(const struct pb_migration *m, u64 heads)
{
	u64 src = m->src_heads, dst = m->dst_heads, found = 0;

	if (heads == src)
		return dst;
	for (; src; src &= src - 1, dst &= dst - 1)
		if (heads & src & -src)
			found |= dst & -dst;
	return found;
}

/* Migrates isolated blocks; 0, or a negative errno when one that was tried was not migrated. */
static int migrate(struct pb_compact_control *cc, struct pb_compact_blocks *sources,
		   struct pb_migration *m)
{
	struct pb_zone *zone = cc->zone;
	struct pb_compact_blocks unused = { .pfn = m->dst, .order = m->order };
	unsigned int task = pb_noreclaim_save();
	u64 moved;

	zone->pool->ops.migrate(zone->pool, m);
	pb_noreclaim_restore(task);
	moved = targets_of(m, m->moved);
	putback(zone, m->dst, moved, m->order);
	unused.heads = m->dst_heads & ~moved;
	pb_compact_free_blocks(zone, &unused);
	putback(zone, m->src, m->src_heads & ~m->moved, m->order);
	cc->isolated += (unsigned long)hweight64(m->moved | m->failed) << m->order;
	cc->moved += (unsigned long)hweight64(m->moved) << m->order;
	return release_sources(cc, sources, m) && !m->failed ? 0 : -EBUSY;
}

/* Whether there are targets. */
static bool have_targets(struct pb_compact_control *cc, struct pb_compact_blocks *sources,
			 unsigned int order)
{
	if (pb_compact_target(cc, order))
		return true;
	if (!sources->heads)
		return false;
	/* At the min watermark the sources that wait may make up for a target. */
	cc->contended = false;
	pb_compact_free_blocks(cc->zone, sources);
	return pb_compact_target(cc, order);
}

/**
 * pb_migrate_blocks - migrate movable blocks of a word
 * @cc: the run of compaction
 * @sources: blocks that have moved and wait to be freed, by pb_compact_free_blocks()
 * @pfn: first PFN of the word; of a block of a word or more its head
 * @heads: their heads, by an earlier scan, one bit each
 * @order: their order
 *
 * Context: process, may sleep unless the mode is ASYNC.
 * Return: 0 when all were migrated; -EBUSY: a block was not, and in mode ASYNC no other one was
 * tried then; -ENOMEM: there are no targets; -EINTR: the run has to end.
 */
int pb_migrate_blocks(struct pb_compact_control *cc, struct pb_compact_blocks *sources,
		      unsigned long pfn, u64 heads, unsigned int order)
{
	struct pb_migration m = { .src = pfn, .order = order, .mode = cc->mode };
	unsigned long most = PB_WORD_NR;
	struct pb_compact_blocks targets;
	u64 batch, untried;
	int ret = 0;

	while (heads && !(ret && cc->mode == PB_MIGRATE_ASYNC)) {
		if (pb_compact_should_abort(cc))
			return -EINTR;
		if (!have_targets(cc, sources, order))
			return -ENOMEM;
		batch = pb_lowest_bits(heads, min3(hweight64(heads),
						   (unsigned long)pb_compact_nr_targets(cc), most));
		heads &= ~batch;
		m.src_heads = pb_movable_isolate_many(pb_order_map(cc->zone->pool, pfn), batch,
						      order);
		if (m.src_heads != batch)
			ret = -EBUSY;
		if (!m.src_heads)
			continue;
		targets = pb_compact_take_targets(cc, hweight64(m.src_heads));
		m.dst = targets.pfn;
		m.dst_heads = targets.heads;
		m.moved = 0;
		m.failed = 0;
		m.freed = 0;
		ret = migrate(cc, sources, &m) ?: ret;
		untried = m.src_heads & ~(m.moved | m.failed);
		if (unlikely(untried)) {
			heads |= untried;
			most = 1;
		}
	}
	return ret;
}

/**
 * pb_migrate_each - ops->migrate by a function that migrates one block
 * @pool: the pool
 * @m: the migration
 * @one: the function; returns 0 or a negative errno
 *
 * Context: as @one.
 */
void pb_migrate_each(struct pb_pool *pool, struct pb_migration *m,
		     int (*one)(struct pb_pool *pool, unsigned long src, unsigned long dst,
				unsigned int order, int mode))
{
	u64 src = m->src_heads, dst = m->dst_heads;
	unsigned long pfn;
	int err;

	for (; src; src &= src - 1, dst &= dst - 1) {
		pfn = m->src + __ffs64(src);
		err = pb_movable_freed(pool, pfn) ? -EBUSY :
		      one(pool, pfn, m->dst + __ffs64(dst), m->order, m->mode);
		if (err) {
			m->err = err;
			m->failed |= src & -src;
			if (m->mode == PB_MIGRATE_ASYNC)
				break;
		} else {
			m->moved |= src & -src;
			if (pb_movable_freed(pool, pfn))
				m->freed |= src & -src;
		}
	}
}
EXPORT_SYMBOL_PB_TEST(pb_migrate_each);
