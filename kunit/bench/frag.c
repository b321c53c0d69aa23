// SPDX-License-Identifier: GPL-2.0-only
/*
 * What stays of wholly free 2 MiB blocks: LLFree's frag, and what a free of everything leaves.
 *
 * As there: about nine tenths of the memory is allocated, shuffled across the threads, half of
 * it freed; then in each iteration every thread frees a tenth of its blocks at random and
 * allocates as many. Different here: the share of the ideal in place of a number of blocks,
 * the ideal being the free pages all together in whole blocks; empty places are refilled in
 * order, which is the same to an allocator; each subject fills its own memory, so the kernel's
 * nine tenths are of what it has free. Iteration 0 is the state after half was freed.
 *
 * free-all: the same fill, shuffled, then all of it freed, in that order; the share of the
 * whole blocks that there were before the fill, before and after the CPUs' caches are drained.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/errno.h>
#include <linux/mm.h>
#include <linux/printk.h>

#include "bench.h"

#define BLOCK_PAGES	512
#define PERCENT		100	/* samples are in hundredths */

/* Nine tenths of what each subject has free, its marks left out. */
static int plan_fill(struct bench_run *run)
{
	const struct bench_request *r = &run->request;
	unsigned long blocks, free_pages;
	unsigned int i;

	run->n = 1;
	run->held = 1;
	for (i = 0; i < r->nr_subjects; i++) {
		r->subject[i]->free_pageblocks(&free_pages);
		free_pages -= min(free_pages, r->subject[i]->reserve());
		blocks = (free_pages / 10 * 9) >> r->order;
		if (r->count)
			blocks = min(blocks, r->count * r->threads);
		run->fill[i] = blocks / r->threads;
		if (run->fill[i] < 20) {
			pr_err("'%s' order=%u: '%s' has no memory for 20 blocks per thread\n",
			       r->workload->name, r->order, r->subject[i]->name);
			return -ENOMEM;
		}
		run->n = max(run->n, run->fill[i]);
	}
	return 0;
}

/* The slots of all threads follow one another, whatever their number is. */
static int fill(struct bench_thread *t, const struct bench_subject *s)
{
	t->nr_slots = t->run->fill[t->subject];
	t->n = t->nr_slots;
	t->slots = t->run->slots + t->nr * t->nr_slots;
	return bench_part(t, s->loops->get, -1, false) ?: bench_shuffle(t);
}

static const struct bench_subject *subject(const struct bench_thread *t)
{
	return t->run->request.subject[t->subject];
}

/* ---- frag ---- */

static int share_of_ideal(struct bench_thread *t)
{
	unsigned long free_pages, free_pageblocks = subject(t)->free_pageblocks(&free_pages);

	bench_samples(t->run, t->subject, t->n)[t->round] =
		free_pageblocks * PERCENT * 100 / max(free_pages / BLOCK_PAGES, 1UL);
	return 0;
}

/* @n is the iteration for the measurement, else the number of blocks. */
static int measure(struct bench_thread *t, unsigned long iteration)
{
	t->n = iteration;
	return bench_part(t, t->nr ? NULL : share_of_ideal, -1, false);
}

static int iterate(struct bench_thread *t, const struct bench_loops *l, unsigned long iteration)
{
	t->n = t->keep / 10;
	return bench_part(t, l->thin, -1, false) ?:
	       bench_part(t, l->refill, -1, false) ?:
	       measure(t, iteration);
}

static int frag_round(struct bench_thread *t, const struct bench_subject *s)
{
	unsigned long iteration;
	int err = fill(t, s);

	t->keep = t->nr_slots / 2;
	t->state = t->run->request.seed + t->nr + ((u64)t->round << 32);
	err = err ?: bench_part(t, s->loops->drop, -1, false) ?: measure(t, 0);
	for (iteration = 1; iteration < t->run->nr_parts && !err; iteration++)
		err = iterate(t, s->loops, iteration);
	return err;
}

const struct bench_workload bench_frag = {
	.name		= "frag",
	.part		= { "frag" },
	.kind		= BENCH_SHAPES,
	.slots		= BENCH_SLOTS_N,
	.orders		= "0,3",
	.max_order	= 8,
	.rounds		= 1,
	.shape		= true,
	.iterations	= true,
	.plan		= plan_fill,
	.round		= frag_round,
};

/* ---- free-all ---- */

/* Whole blocks before the fill; written by the first thread, which is the only one to read it. */
static unsigned long free_before;

static int count_before(struct bench_thread *t)
{
	unsigned long free_pages;

	subject(t)->drain();
	free_before = max(subject(t)->free_pageblocks(&free_pages), 1UL);
	return 0;
}

static int count_after(struct bench_thread *t)
{
	unsigned int part;
	unsigned long free_pages;

	for (part = 0; part < BENCH_MAX_PARTS; part++) {
		if (part)
			subject(t)->drain();
		bench_samples(t->run, t->subject, part)[t->round] =
			subject(t)->free_pageblocks(&free_pages) * PERCENT * 100 / free_before;
	}
	return 0;
}

static int free_all_round(struct bench_thread *t, const struct bench_subject *s)
{
	return bench_part(t, t->nr ? NULL : count_before, -1, false) ?:
	       fill(t, s) ?:
	       bench_part(t, s->loops->put, -1, true) ?:
	       bench_part(t, t->nr ? NULL : count_after, -1, false);
}

const struct bench_workload bench_free_all = {
	.name		= "free-all",
	.part		= { "free-all", "free-all-drained" },
	.kind		= BENCH_SHAPES,
	.slots		= BENCH_SLOTS_N,
	.orders		= "0,3",
	.max_order	= 8,
	.rounds		= 3,
	.shape		= true,
	.plan		= plan_fill,
	.round		= free_all_round,
};
