// SPDX-License-Identifier: GPL-2.0-only
/*
 * The rounds of frag and free-all, which measure free 2 MiB blocks (free pageblocks) in place of
 * time.
 *
 * frag, as in LLFree's linux-alloc-bench: nine tenths of the memory are allocated, shuffled
 * across the threads, and half of the blocks freed. In each iteration every thread frees a
 * tenth of its blocks at random and allocates as many. Different here: the result is a share
 * of the ideal in place of a number; the ideal is that all free pages lie in free pageblocks.
 * Empty slots are refilled in order, which makes no difference to an allocator. Each subject
 * fills its own memory; for the kernel that is nine tenths of its free memory. Iteration 0 is
 * the state after half was freed.
 *
 * free-all: the same fill, shuffled, then all blocks are freed in that order. The result is the
 * number of free pageblocks as a share of the number before the fill, before and after the
 * per-CPU lists are drained.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/errno.h>
#include <linux/mm.h>
#include <linux/printk.h>

#include "bench.h"

#define PAGEBLOCK_PAGES	512
#define PERCENT		100	/* samples are in hundredths */

/**
 * bench_plan_fill - plans nine tenths of the free memory of each subject, less its reserve
 * @run: the run; sets fill, n and held
 *
 * Return: 0, or -ENOMEM after one line in the kernel log.
 */
int bench_plan_fill(struct bench_run *run)
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

/* The number of slots differs by subject; those of all threads stay adjacent for the shuffle. */
static int fill(struct bench_thread *t, const struct bench_subject *s)
{
	t->nr_slots = t->run->fill[t->subject];
	t->n = t->nr_slots;
	t->slots = t->run->slots + t->nr * t->nr_slots;
	return bench_part(t, s->loops->alloc, -1, false) ?: bench_shuffle(t);
}

static const struct bench_subject *subject(const struct bench_thread *t)
{
	return t->run->request.subject[t->subject];
}

/* ---- frag ---- */

static int share_of_ideal(struct bench_thread *t)
{
	unsigned long free_pages, pageblocks = subject(t)->free_pageblocks(&free_pages);

	bench_samples(t->run, t->subject, t->n)[t->round] =
		pageblocks * PERCENT * 100 / max(free_pages / PAGEBLOCK_PAGES, 1UL);
	return 0;
}

/* During the measurement t->n is the iteration, at other times the number of blocks. */
static int measure(struct bench_thread *t, unsigned long iteration)
{
	t->n = iteration;
	return bench_part(t, t->nr ? NULL : share_of_ideal, -1, false);
}

static int iterate(struct bench_thread *t, const struct bench_loops *l, unsigned long iteration)
{
	t->n = t->keep / 10;
	return bench_part(t, l->free_random, -1, false) ?:
	       bench_part(t, l->refill, -1, false) ?:
	       measure(t, iteration);
}

int bench_frag_round(struct bench_thread *t, const struct bench_subject *s)
{
	unsigned long iteration;
	int err = fill(t, s);

	t->keep = t->nr_slots / 2;
	t->state = t->run->request.seed + t->nr + ((u64)t->round << 32);
	err = err ?: bench_part(t, s->loops->free_rest, -1, false) ?: measure(t, 0);
	for (iteration = 1; iteration < t->run->nr_parts && !err; iteration++)
		err = iterate(t, s->loops, iteration);
	return err;
}

/* ---- free-all ---- */

/* Free pageblocks before the fill; only the first thread writes and reads it. */
static unsigned long pageblocks_before;

static int count_before(struct bench_thread *t)
{
	unsigned long free_pages;

	subject(t)->drain();
	pageblocks_before = max(subject(t)->free_pageblocks(&free_pages), 1UL);
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
			subject(t)->free_pageblocks(&free_pages) * PERCENT * 100 /
			pageblocks_before;
	}
	return 0;
}

int bench_free_all_round(struct bench_thread *t, const struct bench_subject *s)
{
	return bench_part(t, t->nr ? NULL : count_before, -1, false) ?:
	       fill(t, s) ?:
	       bench_part(t, s->loops->free, -1, true) ?:
	       bench_part(t, t->nr ? NULL : count_after, -1, false);
}
