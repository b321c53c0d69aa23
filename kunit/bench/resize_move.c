// SPDX-License-Identifier: GPL-2.0-only
/*
 * resize-move: pageblocks that are full of movable blocks of an order leave a zone. An operation is
 * a pageblock of 2 MiB. The kernel's subject copies the pages of as many pageblocks by the function
 * that the owner of the movable blocks uses, which is the floor.
 *
 * The run is that of a resize, restricted to the pageblocks of the round: it passes all others of
 * the zone, of which none is full.
 */
#include <linux/errno.h>
#include <linux/gfp.h>
#include <linux/highmem.h>
#include <linux/mm.h>
#include <linux/pbuddy.h>
#include <linux/slab.h>

#include "bench.h"
#include "core/alloc/alloc.h"
#include "core/base/pfn.h"
#include "core/pool/shrink.h"
#include "core/zone/zone.h"
#include "instance.h"

/* Pageblocks that are filled for each one that leaves: the first and the last may be shared. */
#define MORE	4

/* The round, which one thread runs. */
static struct {
	struct pb_zone	*zone;
	unsigned int	order;
	unsigned long	nr;		/* blocks */
	struct page	**block;	/* the private pointer of a block is its place here */
	u16		*used;		/* pages in blocks, by the number of the pageblock */
	unsigned long	*left;		/* pageblocks that have left the zone */
	unsigned long	nr_left;
	bool		registered;
} moves;

static void copy_pages(struct page *to, struct page *from, unsigned int order)
{
	unsigned int i;

	for (i = 0; i < 1U << order; i++)
		copy_highpage(to + i, from + i);
}

static bool isolate(struct page *page, enum pbuddy_migrate_mode mode)
{
	return true;
}

static int migrate(struct page *dst, struct page *src, enum pbuddy_migrate_mode mode)
{
	struct page **place = pbuddy_page_private(src);

	copy_pages(dst, src, moves.order);
	WRITE_ONCE(*place, dst);
	return 0;
}

static void putback(struct page *page)
{
}

static unsigned int isolate_all(const struct pbuddy_migration *m)
{
	return m->nr;
}

/* The pages of the blocks follow one another, and so do those of the targets. */
static unsigned int migrate_all(const struct pbuddy_migration *m)
{
	unsigned int i, nr = m->nr, order = m->order;
	struct page *src = m->src, *dst = m->dst, **place;

	for (i = 0; i < nr << order; i++)
		copy_highpage(dst + i, src + i);
	for (i = 0; i < nr; i++, dst += 1U << order) {
		place = pbuddy_migration_private(m, i);
		WRITE_ONCE(*place, dst);
	}
	return nr;
}

static const struct pbuddy_movable_operations movable = {
	.isolate_page = isolate, .migrate_page = migrate, .putback_page = putback,
	.isolate_pages = isolate_all, .migrate_pages = migrate_all,
};

static bool is_full(unsigned long pfn, void *arg)
{
	return moves.used[pb_pageblock_index(moves.zone, pfn)] == PB_PAGEBLOCK_NR;
}

static int add_block(unsigned long i, unsigned int order)
{
	struct page *page = pbuddy_alloc_pages(BENCH_GFP, order);
	struct pb_zone *zone;

	if (!page)
		return -ENOMEM;
	moves.block[i] = page;
	zone = pb_pfn_zone(&pb_instance, page_to_pfn(page));
	if (zone == moves.zone)
		moves.used[pb_pageblock_index(zone, page_to_pfn(page))] += 1U << order;
	return pbuddy_page_set_movable(page, &movable, &moves.block[i]);
}

static int fill(struct bench_thread *t)
{
	unsigned long i;
	int err;

	moves.order = t->order;
	moves.zone = bench_pbuddy_zone();
	moves.nr = ((t->n + MORE) << PB_PAGEBLOCK_ORDER) >> t->order;
	moves.block = kvcalloc(moves.nr, sizeof(*moves.block), GFP_KERNEL);
	moves.used = kvcalloc(moves.zone->nr_pageblocks, sizeof(*moves.used), GFP_KERNEL);
	moves.left = kvcalloc(t->n, sizeof(*moves.left), GFP_KERNEL);
	if (!moves.block || !moves.used || !moves.left)
		return -ENOMEM;
	err = pbuddy_register_movable(&movable);
	moves.registered = !err;
	for (i = 0; i < moves.nr && !err; i++)
		err = add_block(i, t->order);
	return err;
}

static int empty(struct bench_thread *t)
{
	struct pb_shrink run;
	unsigned long pfn;

	pb_shrink_start(&run, moves.zone, PB_ALLOC_WMARK_HIGH, true);
	run.may = is_full;
	while (moves.nr_left < t->n) {
		pfn = pb_shrink_next(&run);
		if (pfn == PB_NO_PFN)
			return -ENOMEM;
		moves.left[moves.nr_left++] = pfn;
	}
	return 0;
}

static void finish(void)
{
	unsigned long i;

	for (i = 0; i < moves.nr_left; i++)
		pb_shrink_undo(moves.zone, moves.left[i]);
	for (i = 0; moves.block && i < moves.nr; i++)
		pbuddy_free_pages(moves.block[i], moves.order);
	if (moves.registered)
		pbuddy_unregister_movable(&movable);
	kvfree(moves.block);
	kvfree(moves.used);
	kvfree(moves.left);
	memset(&moves, 0, sizeof(moves));
}

static int move_pageblocks(struct bench_thread *t)
{
	int err = bench_part(t, fill, -1, false) ?: bench_part(t, empty, 0, true);

	finish();
	return err;
}

/* ---- The kernel: the copy ---- */

static struct page *source, *target;

static int copy(struct bench_thread *t)
{
	unsigned long i;

	for (i = 0; i < t->n; i++)
		copy_pages(target, source, PB_PAGEBLOCK_ORDER);
	return 0;
}

static int copy_pageblocks(struct bench_thread *t)
{
	int err = -ENOMEM;

	source = alloc_pages(BENCH_GFP, PB_PAGEBLOCK_ORDER);
	target = alloc_pages(BENCH_GFP, PB_PAGEBLOCK_ORDER);
	if (source && target)
		err = bench_part(t, copy, 0, true);
	if (source)
		__free_pages(source, PB_PAGEBLOCK_ORDER);
	if (target)
		__free_pages(target, PB_PAGEBLOCK_ORDER);
	return err;
}

int bench_resize_move_round(struct bench_thread *t, const struct bench_subject *s)
{
	return s->resize->core_down ? move_pageblocks(t) : copy_pageblocks(t);
}
