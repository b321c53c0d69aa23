// SPDX-License-Identifier: GPL-2.0-only
/*
 * Workloads of a pool that changes its size; an operation is a pageblock of 2 MiB.
 *
 * resize: pbuddy gives pageblocks to the kernel and takes as many again, by the function that the
 *	ioctl RESIZE calls. The kernel's subject does what a source has to do in any case:
 *	free_contig_range() and alloc_contig_range() of as many pageblocks.
 * resize-core: the part of the core alone: pageblocks leave the zone and come back. The kernel's
 *	subject allocates and frees blocks of that size.
 *
 * All pageblocks are free.
 */
#include <linux/errno.h>
#include <linux/gfp.h>
#include <linux/mm.h>
#include <linux/slab.h>

#include "api/resize.h"
#include "bench.h"
#include "compat.h"
#include "core/base/pfn.h"
#include "core/pool/grow.h"
#include "core/pool/shrink.h"
#include "core/zone/zone.h"
#include "instance.h"

/* The pageblocks of a round, which one thread runs. The core has several in one element. */
static struct {
	unsigned long	pfn;
	u64		core;		/* pageblocks from @pfn on that have left the zone */
	bool		held;		/* a round that ends early gives it back */
} *blocks;

/* ---- pbuddy ---- */

/* The zone that the workloads allocate from. */
struct pb_zone *bench_pbuddy_zone(void)
{
	struct pb_zone *zone;

	pb_for_each_zone(zone, &pb_instance)
		if (zone->type == PB_ZONE_NORMAL ||
		    (zone->type == PB_ZONE_DMA32 && !pb_instance.zone[zone->nid][PB_ZONE_NORMAL]))
			return zone;
	return NULL;
}

static int resize_by(long nr_blocks)
{
	struct pb_resize resize = { .nid = bench_pbuddy_zone()->nid };

	resize.pages = pb_node_present_pages(&pb_instance, resize.nid) +
		       nr_blocks * (long)PB_PAGEBLOCK_NR;
	return pb_resize_node(&resize);
}

static int pool_down(struct bench_thread *t)
{
	return resize_by(-(long)t->n);
}

/* The kernel may have put something into the pageblocks that it got. */
static int pool_up(struct bench_thread *t)
{
	int err = resize_by(t->n);

	return err == -ENOMEM ? 0 : err;
}

static int core_down(struct bench_thread *t)
{
	unsigned long nr = 0, i;
	struct pb_shrink run;

	pb_shrink_start(&run, bench_pbuddy_zone(), PB_ALLOC_WMARK_HIGH, false);
	for (i = 0; nr < t->n; i++) {
		blocks[i].core = pb_shrink_next_many(&run, t->n - nr, &blocks[i].pfn);
		if (!blocks[i].core)
			return -ENOMEM;
		nr += hweight64(blocks[i].core);
	}
	return 0;
}

/* Adds at most 63 pageblocks as the pool grows, by ranges. */
static int add_blocks(struct pb_zone *zone, unsigned long pfn, u64 mask)
{
	struct pb_range range = { .nid = zone->nid, .type = zone->type };
	unsigned long first, nr;
	int err = 0;

	while (mask && !err) {
		first = __ffs64(mask);
		nr = __ffs64(~(mask >> first));
		mask &= ~((BIT_ULL(nr) - 1) << first);
		range.start_pfn = pfn + (first << PB_PAGEBLOCK_ORDER);
		range.nr_pages = nr << PB_PAGEBLOCK_ORDER;
		err = pb_pool_grow(&pb_instance, &range);
	}
	return err;
}

static int core_up(struct bench_thread *t)
{
	struct pb_zone *zone = bench_pbuddy_zone();
	unsigned long i;
	int err = 0;

	for (i = 0; i < t->n && !err; i++) {
		err = add_blocks(zone, blocks[i].pfn, blocks[i].core);
		blocks[i].core = 0;
	}
	return err;
}

const struct bench_resize bench_pbuddy_resize = {
	.down = pool_down, .up = pool_up, .core_down = core_down, .core_up = core_up,
	.finish = core_up,
};

/* ---- The kernel ---- */

/* The pages of a range that alloc_contig_range() allocates have a reference each. */
static bool take_block(unsigned long i)
{
	struct page *page = alloc_pages(BENCH_GFP, PB_PAGEBLOCK_ORDER);

	if (!page)
		return false;
	split_page(page, PB_PAGEBLOCK_ORDER);
	blocks[i].pfn = page_to_pfn(page);
	blocks[i].held = true;
	return true;
}

static int contig_prepare(struct bench_thread *t)
{
	unsigned long i;

	for (i = 0; i < t->n; i++)
		if (!take_block(i))
			return -ENOMEM;
	return 0;
}

static int contig_down(struct bench_thread *t)
{
	unsigned long i;

	for (i = 0; i < t->n; i++) {
		if (blocks[i].held)
			free_contig_range(blocks[i].pfn, PB_PAGEBLOCK_NR);
		blocks[i].held = false;
	}
	return 0;
}

/* Takes another block in place of one that the kernel uses by now. */
static int contig_up(struct bench_thread *t)
{
	unsigned long i, pfn;

	for (i = 0; i < t->n; i++) {
		pfn = blocks[i].pfn;
		if (!pb_alloc_contig_range(pfn, pfn + PB_PAGEBLOCK_NR, BENCH_GFP))
			blocks[i].held = true;
		else if (!take_block(i))
			return -ENOMEM;
	}
	return 0;
}

const struct bench_resize bench_kernel_resize = {
	.down = contig_down, .up = contig_up, .prepare = contig_prepare, .finish = contig_down,
};

/* ---- The rounds ---- */

static int round_with(struct bench_thread *t, const struct bench_resize *r, bench_loop down,
		      bench_loop up)
{
	int err;

	blocks = kvcalloc(t->n, sizeof(*blocks), GFP_KERNEL);
	if (!blocks)
		return -ENOMEM;
	err = bench_part(t, r->prepare, -1, false) ?: bench_part(t, down, 0, false) ?:
	      bench_part(t, up, 1, true);
	r->finish(t);
	kvfree(blocks);
	return err;
}

int bench_resize_round(struct bench_thread *t, const struct bench_subject *s)
{
	return round_with(t, s->resize, s->resize->down, s->resize->up);
}

int bench_resize_core_round(struct bench_thread *t, const struct bench_subject *s)
{
	const struct bench_resize *r = s->resize;

	if (r->core_down)
		return round_with(t, r, r->core_down, r->core_up);
	return bench_part(t, s->loops->alloc, 0, false) ?: bench_part(t, s->loops->free, 1, true);
}
